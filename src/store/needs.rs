//! What changed settings need to be in force, as their schemas say (`x-apply`).

use super::StoreError;
use super::rules::Rules;
use crate::document::{Change, KeyPath};
use crate::plugin::Need;
use crate::schema::Apply;

impl Rules<'_> {
    /// What settings need to be in force, as far as the schema says: the most that one of them needs.
    pub(super) fn need(&self, plugin: &str, keys: &[KeyPath]) -> Result<Option<Need>, StoreError> {
        let schema = self.schema(plugin)?;
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

/// The keys of a plugin's changed settings, without its name.
pub(super) fn keys_of(plugin: &str, changes: &[Change]) -> Vec<KeyPath> {
    let name = KeyPath::root().key(plugin);
    let own = changes.iter().filter(|change| change.key.starts_with(&name));
    own.filter_map(|change| Some(change.key.split_first()?.1)).collect()
}
