//! Recording what was edited by hand, as far as it is valid.

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::MetadataExt as _;

use crate::history::{BlobId, History};
use crate::revision::Revision;
use crate::store::draft::{ByHand, Draft};
use crate::store::manifest::{plugin_of, settings_path};
use crate::store::plan::{Intent, Outcome};
use crate::store::session::{Access, Session};
use crate::store::{CheckedFile, Store, StoreError, status};

/// What is known of those who write settings files just now.
pub(super) trait Writers {
    /// A number that is another one once the content of a file has changed; nothing while somebody writes it.
    fn version(&mut self, path: &str) -> Option<u64>;

    /// Whether a file that is gone or empty, as `is_nothing` says, may be so only for a moment.
    fn is_fleeting(&mut self, path: &str, is_nothing: bool) -> bool;
}

/// What became of edits by hand.
#[derive(Default)]
pub(super) struct Absorption {
    /// What was recorded.
    pub recorded: Vec<(Revision, Outcome)>,
    /// Files that are not valid, and were left as they are.
    pub left: Vec<CheckedFile>,
    /// All that were looked at while nobody wrote them.
    pub seen: BTreeSet<String>,
}

impl Store {
    /// Records the settings files among these that were edited by hand, or among all of them: those that are valid, as
    /// a revision for each owner, who is its author. A file that is not valid keeps no other from being recorded. What
    /// was read while somebody wrote it, is left for the event that follows.
    pub(super) fn absorb(
        &self,
        only: Option<&BTreeSet<String>>,
        writers: &mut dyn Writers,
        absorption: &mut Absorption,
    ) -> Result<(), StoreError> {
        // Known only once the first revision is made; mostly it is the only one.
        let mut owner = None;
        let mut done = BTreeSet::new();
        loop {
            let (mut others, mut left, mut seen) = (BTreeSet::new(), Vec::new(), BTreeSet::new());
            let mut edit = |draft: &mut Draft<'_, '_>| {
                others.clear();
                left.clear();
                seen.clear();
                for (path, (found, before)) in edited(draft, only, writers, &mut seen, &mut left)? {
                    if *owner.get_or_insert(found) == found {
                        draft.file(&path)?.by_hand = ByHand::AcceptedIfValid;
                        if writers.version(&path) != Some(before) {
                            draft.forget(&path);
                            seen.remove(&path);
                        }
                    } else if !done.contains(&found) {
                        others.insert(found);
                    }
                }
                Ok(())
            };
            // Running plugins are told by who follows the store, and keep nobody waiting.
            let outcome = self.attempt(Access::Write, &mut |session| {
                self.change_in(session, "hand", &Intent::default(), &mut edit)
            })?;
            absorption.left.extend(left);
            absorption.seen.extend(seen);
            absorption.left.extend(outcome.left.iter().cloned());
            if let Some(revision) = outcome.revision {
                let revision = History::open(&self.root)?.revision(revision)?;
                absorption.recorded.push((revision, outcome));
            }
            done.extend(owner);
            match others.pop_first() {
                Some(next) => owner = Some(next),
                None => break,
            }
        }
        // Of what cannot be read it is not known whose it is, so it was met by each.
        let mut met = BTreeSet::new();
        absorption.left.retain(|file| met.insert(file.path.clone()));
        Ok(())
    }

    /// The settings files that are as they are recorded and are not valid: what they must be may have changed.
    pub(super) fn invalid_settings(&self) -> Result<Vec<CheckedFile>, StoreError> {
        let session = Session::begin(self, Access::Read)?;
        let mut invalid = Vec::new();
        for plugin in session.rules.plugins() {
            let path = settings_path(plugin);
            // One that cannot be read was told already.
            let Ok(live) = session.live.read(&path) else { continue };
            if live.as_deref().map(BlobId::of).transpose()? != session.history.blob(session.head, &path)? {
                continue;
            }
            let checked = match live {
                Some(bytes) => session.rules.check_bytes(plugin, bytes),
                None => Ok(CheckedFile::missing(&path)),
            };
            let checked = match checked {
                Ok(checked) => checked,
                Err(error) => status::unchecked(plugin, error)?,
            };
            invalid.extend(Some(checked).filter(CheckedFile::is_refused));
        }
        Ok(invalid)
    }
}

/// The settings files that differ from what is recorded, with their owners and versions.
fn edited(
    draft: &Draft<'_, '_>,
    only: Option<&BTreeSet<String>>,
    writers: &mut dyn Writers,
    seen: &mut BTreeSet<String>,
    left: &mut Vec<CheckedFile>,
) -> Result<BTreeMap<String, (u32, u64)>, StoreError> {
    let session = draft.session();
    let paths: Vec<String> = match only {
        Some(only) => only.iter().cloned().collect(),
        None => session.rules.plugins().map(settings_path).collect(),
    };
    let mut edited = BTreeMap::new();
    for path in paths {
        if !plugin_of(&path).is_some_and(|plugin| session.rules.has(plugin)) {
            seen.insert(path);
            continue;
        }
        let Some(before) = writers.version(&path) else { continue };
        let live = match session.live.read(&path) {
            Ok(live) => live,
            Err(error) => {
                left.push(unchecked(&path, error)?);
                continue;
            }
        };
        let is_nothing = live.as_ref().is_none_or(Vec::is_empty);
        if writers.version(&path) != Some(before) || writers.is_fleeting(&path, is_nothing) {
            continue;
        }
        seen.insert(path.clone());
        let live = live.as_deref().map(BlobId::of).transpose()?;
        if live != session.history.blob(session.head, &path)? {
            let metadata = std::fs::metadata(session.store.root.join(&path)).ok();
            // A file that is gone is nobody's.
            let owner = metadata.map_or(0, |metadata| metadata.uid());
            edited.insert(path, (owner, before));
        }
    }
    Ok(edited)
}

fn unchecked(path: &str, error: StoreError) -> Result<CheckedFile, StoreError> {
    status::unchecked(plugin_of(path).unwrap_or_default(), error)
}
