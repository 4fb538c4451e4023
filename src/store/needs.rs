//! What changed settings need to be in force, as their schemas say (`x-apply`).

use indexmap::IndexMap;

use super::StoreError;
use super::rules::Rules;
use crate::document::{Change, KeyPath, Segment};
use crate::plugin::Need;
use crate::schema::Apply;

impl Rules<'_> {
    /// What settings need to be in force, as far as the schema says: the most that one of them needs.
    pub(super) fn need(&self, plugin: &str, keys: &[KeyPath]) -> Result<Option<Need>, StoreError> {
        let schema = self.schema(plugin)?;
        if !schema.says_apply() {
            return Ok(None);
        }
        let need = |key: &KeyPath| {
            // What is said of a table holds for what is in it.
            let mut key = key.clone();
            loop {
                if let Some(apply) = schema.annotation(&key).and_then(|annotation| annotation.apply) {
                    return Some(match apply {
                        Apply::Hot => Need::Hot,
                        Apply::Reload => Need::Reload,
                        Apply::Restart => Need::Restart,
                    });
                }
                key = key.split_last()?.0;
            }
        };
        Ok(keys.iter().filter_map(need).max())
    }
}

/// The keys of changed settings by plugin, without its name.
pub(super) fn keys_by_plugin<'c>(changes: impl Iterator<Item = &'c Change>) -> IndexMap<&'c str, Vec<KeyPath>> {
    let mut keys: IndexMap<&str, Vec<KeyPath>> = IndexMap::new();
    for change in changes {
        if let Some((Segment::Key(plugin), below)) = change.key.split_first() {
            keys.entry(plugin).or_default().push(below);
        }
    }
    keys
}
