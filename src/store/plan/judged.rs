//! Checking the settings of many plugins at once, each on its own: it knows nothing of the plan that they become.

use std::borrow::Cow;
use std::collections::HashMap;

use super::super::draft::{self, ByHand, Draft, DraftFile};
use super::super::manifest::plugin_of;
use super::super::parallel::in_parallel;
use super::super::rules::Rules;
use super::super::{CheckedFile, StoreError};
use crate::document::{Change, Document};

/// What the check of one plugin's settings came to.
pub(super) struct Judged {
    pub checked: CheckedFile,
    pub changes: Vec<Change>,
}

/// Checks the settings that a verb has changed on all processors where there are many, but for those with secrets, which
/// have to be sealed.
pub(super) fn judged_in_parallel<'d>(
    rules: &Rules<'_>,
    draft: &'d Draft<'_, '_>,
) -> Result<HashMap<&'d str, Judged>, StoreError> {
    /// With fewer, threads cost more than they save.
    const MANY: usize = 16;
    /// A path, its plugin, the file, and what was parsed of it.
    type Task<'t> = (
        &'t str,
        &'t str,
        &'t DraftFile,
        (Option<&'t Document>, Option<&'t Document>),
    );
    let is_plain =
        |file: &DraftFile| file.after.is_some() && file.after != file.live && file.by_hand != ByHand::Superseded;
    let candidates = draft.files().filter_map(|(path, file)| {
        let plugin = plugin_of(path).filter(|_| is_plain(file))?;
        Some((path, plugin, file, draft.parsed(plugin)))
    });
    let tasks: Vec<Task<'_>> = candidates.collect();
    if tasks.len() < MANY {
        return Ok(HashMap::new());
    }
    let judge = |(path, plugin, file, (before, after)): &Task<'d>| -> Result<Option<(&'d str, Judged)>, StoreError> {
        let document = |known: Option<&'d Document>, bytes: &Option<Vec<u8>>| {
            let bytes = bytes.as_deref().unwrap_or_default();
            match known.filter(|known| known.text().as_bytes() == bytes) {
                Some(known) => Ok(Cow::Borrowed(known)),
                None => draft::parse(path, bytes.to_vec(), rules.live()).map(Cow::Owned),
            }
        };
        let after = document(*after, &file.after)?;
        if rules.schema_for(plugin, &after)?.has_secrets() {
            return Ok(None);
        }
        let checked = rules.check_settings(plugin, &after)?;
        let before = document(*before, &file.live)?;
        let changes = changes(rules, plugin, file, &before, &after);
        Ok(Some((path, Judged { checked, changes })))
    };
    let judged = in_parallel(&tasks, &|_, _| {}, judge);
    judged.into_iter().filter_map(Result::transpose).collect()
}

/// What a verb changes in a plugin's settings, as it is told.
pub(super) fn changes(
    rules: &Rules<'_>,
    plugin: &str,
    file: &DraftFile,
    before: &Document,
    after: &Document,
) -> Vec<Change> {
    if file.as_it_stands {
        rules.changes_as_they_stand(plugin, before, after)
    } else {
        rules.changes(plugin, before, after)
    }
}
