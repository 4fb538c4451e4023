//! `list` and `describe`: the settings there are, and what is known about one.

use serde::Serialize;

use super::custody::Mask;
use super::get::{self, Origin, default_in_force};
use super::live::Live;
use super::manifest::schema_path;
use super::rules::Rules;
use super::setting::Setting;
use super::versions::InForce;
use super::{Store, StoreError};
use crate::document::{self, Document, KeyPath, Value};
use crate::schema::Annotation;

/// One setting in a list.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Row {
    /// Its full name.
    pub key: KeyPath,
    /// The value in force.
    pub value: Value,
    /// The schema's default, if it has one.
    pub default: Option<Value>,
    /// Where the value stands.
    pub origin: Origin,
}

impl Row {
    /// Whether the value in force differs from the default, or has none.
    #[must_use]
    pub fn is_changed(&self) -> bool {
        self.default.as_ref() != Some(&self.value)
    }
}

/// What is known about one setting.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Description {
    /// Its full name.
    pub key: KeyPath,
    /// The value in force; none where nothing gives one.
    pub value: Option<Value>,
    /// Whether the value stands in the file; else it is the default.
    pub is_set: bool,
    /// What the schema says; none where it does not declare the key.
    pub annotation: Option<Annotation>,
    /// Whether the plugin was found by the key alone.
    pub guessed: bool,
}

impl Store {
    /// The settings below `prefix` (all for none), in the order of the files: those that are set, then those for
    /// which a default is in force.
    pub fn list(&self, prefix: Option<&KeyPath>) -> Result<Vec<Row>, StoreError> {
        let rules = Rules::read(Live::open(self)?)?;
        let Some(prefix) = prefix else {
            let mut rows = Vec::new();
            for plugin in rules.plugins() {
                rows.extend(rows_of(plugin, &KeyPath::root(), &rules)?);
            }
            return Ok(rows);
        };
        let setting = Setting::find(prefix, &rules)?;
        rows_of(&setting.plugin, &setting.path, &rules)
    }

    /// Every setting that there could be, with its value in force: those of [`Self::list`], and those that are
    /// declared and have no value. With a plugin, only its own.
    pub fn keys(&self, of: Option<&str>) -> Result<Vec<(KeyPath, Option<Value>)>, StoreError> {
        let rules = Rules::read(Live::open(self)?)?;
        let mut keys: Vec<(KeyPath, Option<Value>)> = Vec::new();
        for plugin in rules.plugins().filter(|plugin| of.is_none_or(|of| of == *plugin)) {
            let name = KeyPath::root().key(plugin);
            let rows = rows_of(plugin, &KeyPath::root(), &rules)?;
            let first = keys.len();
            keys.extend(rows.into_iter().map(|row| (row.key, Some(row.value))));
            for (path, _) in rules.schema(plugin)?.settings() {
                let key = name.concat(&path);
                let is_item = path
                    .segments()
                    .iter()
                    .any(|part| matches!(part, document::Segment::Index(_)));
                // Of a table, its settings are offered.
                if !is_item && !keys[first..].iter().any(|(known, _)| known.starts_with(&key)) {
                    keys.push((key, None));
                }
            }
        }
        Ok(keys)
    }

    /// What is known about a setting.
    pub fn describe(&self, name: &KeyPath) -> Result<Description, StoreError> {
        let rules = Rules::read(Live::open(self)?)?;
        let setting = Setting::find(name, &rules)?;
        let document = rules.settings(&setting.plugin)?.document;
        let schema = rules.schema(&setting.plugin)?;
        let current = document.get(&setting.path);
        let annotation = schema.annotation(&setting.path);
        if current.is_none() && annotation.is_none() {
            // Says that it is not set, and what similar key there is.
            self.get(name, None)?;
        }
        let value = current
            .clone()
            .or_else(|| default_in_force(&schema, &document, &setting.path));
        Ok(Description {
            key: setting.name(),
            is_set: current.is_some(),
            value: value.map(|value| Mask::Schema(&schema).value(&setting.path, value)),
            annotation,
            guessed: setting.guessed,
        })
    }
}

fn rows_of(plugin: &str, prefix: &KeyPath, rules: &Rules<'_>) -> Result<Vec<Row>, StoreError> {
    let InForce { document, led_from } = rules.settings(plugin)?;
    let schema = rules.schema(plugin)?;
    let name = KeyPath::root().key(plugin);
    let mut rows = Vec::new();
    // What differs from nothing is everything, leaf by leaf.
    for change in document::changes(&Document::default(), &document) {
        let (path, Some(value)) = (change.key, change.after) else {
            continue;
        };
        if !path.starts_with(prefix) {
            continue;
        }
        let Some(origin) = get::origin(plugin, &path, &document, led_from) else {
            continue;
        };
        // A table's default belongs to another shape of this setting than the one that stands there.
        let is_table = |value: &Value| value.as_table().is_some();
        let default = schema
            .default(&path)
            .filter(|default| is_table(default) == is_table(&value));
        rows.push(Row {
            key: name.concat(&path),
            value: Mask::Schema(&schema).value(&path, value),
            default,
            origin,
        });
    }
    let schema_file = schema_path(plugin, rules.version(plugin)?);
    for (path, annotation) in schema.settings() {
        let below_array = path
            .segments()
            .iter()
            .any(|segment| matches!(segment, document::Segment::Index(_)));
        if below_array || !path.starts_with(prefix) || document.contains(&path) {
            continue;
        }
        if let Some(value) = annotation.default.or_else(|| schema.default(&path)) {
            let value = Mask::Schema(&schema).value(&path, value);
            let origin = Origin::Default {
                schema: schema_file.clone(),
            };
            rows.push(Row {
                key: name.concat(&path),
                default: Some(value.clone()),
                value,
                origin,
            });
        }
    }
    Ok(rows)
}
