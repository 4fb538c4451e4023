//! `plugin upgrade` and `migrate new`: the next schema version, and a first draft of the migration that leads there.

use std::path::Path;

use super::brought::Brought;
use super::chain::{MigrateError, migration_path};
use super::declared::declared;
use super::draft::Draft;
use super::manifest::{MIGRATION_SCHEMA, schema_path};
use super::plan::{Intent, Outcome};
use super::{Store, StoreError, migrate};
use crate::document::{KeyPath, Value};
use crate::migration;
use crate::schema::{Schema, VERSION_KEY};

impl Store {
    /// Adds the next schema version of a plugin and drafts the migration that leads to it. Settings, and the version
    /// in force, stay where they are. A migration that somebody has written already stays, too.
    ///
    /// # Errors
    /// [`MigrateError::OtherVersion`] where the schema says of itself that it is another than the next one, and
    /// [`MigrateError::SameSchema`] where it is the newest one itself.
    pub fn plugin_upgrade(&self, name: &str, schema: &Path, intent: &Intent) -> Result<Outcome, StoreError> {
        let brought = Brought::read(self, name, schema)?;
        self.change("plugin upgrade", intent, &mut |draft| {
            let rules = &draft.session().rules;
            let current = rules.version(name)?;
            let newest = rules.versions(name)?.last().copied().unwrap_or(current);
            let before = rules.schema_at(name, newest)?;
            let next = newest.saturating_add(1);
            refuse_another_version(name, &brought.schema, next)?;
            if brought.schema.json() == before.json() {
                let plugin = name.to_owned();
                return Err(MigrateError::SameSchema {
                    plugin,
                    version: newest,
                }
                .into());
            }
            brought.put(draft, &schema_path(name, next))?;
            // With two schemas, the manifest must say which one is in force.
            migrate::put_in_force(draft, &[(name, current)])?;
            if draft.file(&migration_path(name, newest))?.live.is_some() {
                // Somebody has written it already.
                return Ok(());
            }
            put_draft(draft, name, newest, &before, &brought.schema)
        })
    }

    /// Drafts the first migration of a plugin that is missing between two schema versions.
    ///
    /// # Errors
    /// [`MigrateError::NothingToDraft`] where none is.
    pub fn migrate_new(&self, plugin: &str, intent: &Intent) -> Result<Outcome, StoreError> {
        self.change("migrate new", intent, &mut |draft| {
            let session = draft.session();
            let versions = session.rules.versions(plugin)?;
            if !session.rules.has(plugin) {
                return Err(session.rules.no_such_plugin(plugin));
            }
            let chain = session.rules.chain(plugin)?;
            let missing = versions.windows(2).find_map(|pair| match pair {
                [from, to] if from + 1 == *to && !chain.leads_from(*from) => Some(*from),
                _ => None,
            });
            let Some(from) = missing else {
                let plugin = plugin.to_owned();
                return Err(MigrateError::NothingToDraft { plugin }.into());
            };
            let (old, new) = (
                session.rules.schema_at(plugin, from)?,
                session.rules.schema_at(plugin, from + 1)?,
            );
            put_draft(draft, plugin, from, &old, &new)
        })
    }
}

/// Refuses a schema that says of itself that it is of another version than the one that it would be.
fn refuse_another_version(plugin: &str, schema: &Schema, next: u32) -> Result<(), StoreError> {
    let annotation = schema.annotation(&KeyPath::root().key(VERSION_KEY));
    let stated = annotation.map(|annotation| annotation.values).unwrap_or_default();
    match stated.as_slice() {
        [] => Ok(()),
        values if values.contains(&Value::Integer(next.into())) => Ok(()),
        [value, ..] => {
            let (plugin, stated) = (plugin.to_owned(), value.to_string());
            Err(MigrateError::OtherVersion { plugin, stated, next }.into())
        }
    }
}

fn put_draft(draft: &mut Draft<'_, '_>, plugin: &str, from: u32, old: &Schema, new: &Schema) -> Result<(), StoreError> {
    let text = migration::draft(from, &declared(old), &declared(new));
    draft.put_file(&migration_path(plugin, from), Some(text.into_bytes()))?;
    // What the draft's first line names, for editors.
    draft.put_file(MIGRATION_SCHEMA, Some(migration::schema().into_bytes()))
}
