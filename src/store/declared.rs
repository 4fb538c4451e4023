//! What a plugin's schema versions say of their settings, handed to the migrations between them.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use super::StoreError;
use super::chain::{Chain, MigrateError};
use super::rules::Rules;
use super::shared::Shared;
use crate::document::{KeyPath, line_column};
use crate::migration::{Declared, Migration, Pattern};
use crate::schema::{Schema, SchemaNode, VERSION_KEY};

/// What a schema says of its settings, but for the version that a document states.
pub(super) fn declared(schema: &Schema) -> Vec<Declared> {
    let one = |node: SchemaNode| {
        let number = |bound: &Option<serde_json::Number>| bound.as_ref().and_then(serde_json::Number::as_f64);
        let annotation = node.annotation;
        Declared {
            key: Pattern::of(&node.path, SchemaNode::stands_for_many),
            kinds: annotation.kinds.iter().map(ToString::to_string).collect(),
            description: annotation.description,
            unit: annotation.unit,
            format: annotation.format,
            default: annotation.default,
            values: annotation.values,
            minimum: number(&annotation.minimum),
            maximum: number(&annotation.maximum),
            required: node.is_required,
            renamed_from: annotation.renamed_from,
            open: node.is_open,
        }
    };
    let stated = KeyPath::root().key(VERSION_KEY);
    let nodes = schema.nodes().into_iter().filter(|node| node.path != stated);
    nodes.map(one).collect()
}

/// What one schema version says, for all plugins whose schema is the same.
pub(super) struct Declaration {
    schema: Arc<Schema>,
    pub settings: Vec<Declared>,
    /// The texts of migrations whose steps are all about settings that there can be.
    sound: Mutex<HashSet<String>>,
    /// Migrations that begin here, by their texts, as this schema version makes them.
    resolved: Shared<String, Migration>,
}

impl Declaration {
    fn is_sound(&self, text: &str) -> bool {
        self.sound.lock().unwrap_or_else(PoisonError::into_inner).contains(text)
    }

    fn found_sound(&self, text: &str) {
        let mut sound = self.sound.lock().unwrap_or_else(PoisonError::into_inner);
        sound.insert(text.to_owned());
    }
}

impl Rules<'_> {
    /// What a schema version of a plugin says of its settings.
    pub(super) fn declared(&self, plugin: &str, version: u32) -> Result<Arc<Declaration>, StoreError> {
        let schema = self.schema_at(plugin, version)?;
        let known = self.declarations.get(&schema.fingerprint());
        if let Some(known) = known.filter(|known| known.schema.is_twin_of(&schema)) {
            return Ok(known);
        }
        let declaration = Arc::new(Declaration {
            settings: declared(&schema),
            schema: Arc::clone(&schema),
            sound: Mutex::default(),
            resolved: Shared::default(),
        });
        self.declarations.put(schema.fingerprint(), Arc::clone(&declaration));
        Ok(declaration)
    }
}

/// A migration that knows what the schema version that it begins with says, as far as it asks and as that is here.
pub(super) fn resolved(
    migration: Arc<Migration>,
    text: &String,
    plugin: &str,
    rules: &Rules<'_>,
) -> Result<Arc<Migration>, StoreError> {
    if !migration.asks_its_schema() || !rules.versions(plugin)?.contains(&migration.from) {
        return Ok(migration);
    }
    let declared = rules.declared(plugin, migration.from)?;
    declared.resolved.get_or(text, || {
        let mut migration = Migration::clone(&migration);
        migration.resolve(&declared.settings);
        Ok(Arc::new(migration))
    })
}

impl Chain {
    /// Whether the steps between two versions are about settings that there can be.
    ///
    /// # Errors
    /// [`MigrateError::Malformed`] for the first one that is not.
    pub(super) fn check_keys(&self, rules: &Rules<'_>, from: u32, to: u32) -> Result<(), StoreError> {
        for (path, text, migration) in self.links(from, to) {
            // A version that has no schema says nothing of its settings.
            if !rules.versions(self.plugin())?.contains(&migration.from) {
                continue;
            }
            let declared = rules.declared(self.plugin(), migration.from)?;
            if declared.is_sound(text) {
                continue;
            }
            if let Some(error) = migration.astray(&declared.settings).into_iter().next() {
                let (line, column) = line_column(text, error.span.start);
                let (path, message) = (path.to_owned(), error.message);
                return Err(MigrateError::Malformed {
                    path,
                    line,
                    column,
                    message,
                }
                .into());
            }
            declared.found_sound(text);
        }
        Ok(())
    }
}
