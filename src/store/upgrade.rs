//! `plugin upgrade` and `migrate new`: the next schema version, and a first draft of the migration that leads there.

use std::path::Path;

use super::chain::{MigrateError, migration_path};
use super::declared::declared;
use super::draft::Draft;
use super::manifest::{MIGRATION_SCHEMA, schema_path};
use super::plan::{Intent, Outcome};
use super::{Store, StoreError, migrate};
use crate::files;
use crate::migration;
use crate::schema::{CheckOptions, Checker, Schema};

impl Store {
    /// Adds the next schema version of a plugin and drafts the migration that leads to it. Settings, and the version
    /// in force, stay where they are.
    pub fn plugin_upgrade(&self, name: &str, schema: &Path, intent: &Intent) -> Result<Outcome, StoreError> {
        let text = files::read_text(schema, self.limits.file_size)?;
        let parsed = Schema::parse(&schema.display().to_string(), &text)?;
        self.change("plugin upgrade", intent, &mut |draft| {
            let rules = &draft.session().rules;
            let current = rules.version(name)?;
            let newest = rules.versions(name)?.last().copied().unwrap_or(current);
            let library = rules.library(name);
            let parsed = parsed.clone().with_references(&library)?;
            let compiled = Checker::compile(&parsed, &library, CheckOptions::default());
            compiled.map_err(|errors| StoreError::Schema { errors })?;
            let before = rules.schema_at(name, newest)?;
            draft.put_file(&schema_path(name, newest + 1), Some(text.clone().into_bytes()))?;
            // With two schemas, the manifest must say which one is in force.
            migrate::put_in_force(draft, &[(name, current)])?;
            put_draft(draft, name, newest, &before, &parsed)
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

fn put_draft(draft: &mut Draft<'_, '_>, plugin: &str, from: u32, old: &Schema, new: &Schema) -> Result<(), StoreError> {
    let text = migration::draft(from, &declared(old), &declared(new));
    draft.put_file(&migration_path(plugin, from), Some(text.into_bytes()))?;
    // What the draft's first line names, for editors.
    draft.put_file(MIGRATION_SCHEMA, Some(migration::schema().into_bytes()))
}
