//! Edits by hand on their way into a plan: looked at, checked, and taken up or refused.

use std::os::unix::fs::MetadataExt as _;

use super::{FileChange, Plan, recorded};
use crate::store::draft::{self, ByHand, DraftFile};
use crate::store::manifest::plugin_of;
use crate::store::rules::Rules;
use crate::store::session::Session;
use crate::store::{CheckedFile, StoreError, status};

impl Plan {
    /// Takes up a hand edit, or says why it cannot be.
    pub(super) fn take_up(
        &mut self,
        session: &Session<'_>,
        rules: &Rules<'_>,
        path: &str,
        file: &DraftFile,
    ) -> Result<Option<CheckedFile>, StoreError> {
        let taken = self.try_take_up(session, rules, path, file);
        if file.by_hand != ByHand::AcceptedIfValid {
            return taken;
        }
        let refused = match taken {
            Err(StoreError::HandEdit { files }) => files,
            Err(error) => vec![status::unchecked(plugin_of(path).unwrap_or_default(), error)?],
            Ok(refused) => refused.into_iter().collect(),
        };
        self.left.extend(refused);
        Ok(None)
    }

    fn try_take_up(
        &mut self,
        session: &Session<'_>,
        rules: &Rules<'_>,
        path: &str,
        file: &DraftFile,
    ) -> Result<Option<CheckedFile>, StoreError> {
        let mut changes = Vec::new();
        let belongs = |plugin: &&str| rules.has(plugin) || session.rules.has(plugin);
        if let Some(plugin) = plugin_of(path).filter(belongs) {
            if file.live.is_none() && file.after.is_none() && rules.has(plugin) {
                // Its settings would silently become their defaults.
                return Ok(Some(CheckedFile::missing(path)));
            }
            let live = draft::parse(path, file.live.clone().unwrap_or_default(), &session.live)?;
            let recorded = draft::parse(path, recorded(session, file)?.unwrap_or_default(), &session.live)?;
            if file.live.is_some() {
                // A plugin that goes, or that comes to another schema version, is checked by the rules that it had.
                let is_of_before = !rules.has(plugin) || file.as_it_stands;
                let its_rules = if is_of_before { &session.rules } else { rules };
                // An identity that cannot be used here keeps nobody from saving what has nothing to do with it.
                let keyring = || session.store.keyring(&|_| None).ok().flatten();
                let mut checked = its_rules.check_by_hand(plugin, &recorded, &live, &keyring)?;
                if checked.is_refused() && file.as_it_stands {
                    // It may be of the version that is put in force only now.
                    checked = rules.check_by_hand(plugin, &recorded, &live, &keyring)?;
                }
                if checked.is_refused() {
                    return Ok(Some(checked));
                }
            }
            changes.extend(rules.changes(plugin, &recorded, &live));
        }
        let change = FileChange {
            path: path.to_owned(),
            before: None,
            before_blob: None,
            after: file.live.clone(),
        };
        let owner = || {
            let metadata = std::fs::metadata(session.store.root.join(path)).ok();
            metadata.map(|metadata| metadata.uid())
        };
        match file.by_hand {
            ByHand::Accepted | ByHand::AcceptedIfValid => {
                if file.by_hand == ByHand::AcceptedIfValid {
                    self.accepted_owner = self.accepted_owner.or_else(owner);
                }
                self.changes.extend(changes);
                self.accepted.push(change);
            }
            ByHand::First | ByHand::Superseded => {
                self.by_hand_changes.extend(changes);
                self.by_hand_owner = self.by_hand_owner.or_else(owner);
                self.by_hand.push(change);
            }
        }
        Ok(None)
    }
}
