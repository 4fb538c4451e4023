//! `plugin add`, `plugin list`, `plugin remove`: which plugins a store has.

use std::path::Path;

use serde::Serialize;
use thiserror::Error;

use super::brought::Brought;
use super::draft::{ByHand, Draft};
use super::live::Live;
use super::manifest::{MANIFEST, is_plugin_name, schema_path, settings_path};
use super::plan::{Intent, Outcome};
use super::rules::Rules;
use super::{Store, StoreError, draft};
use crate::document::{Document, KeyPath, Table, Value};
use crate::files;
use crate::schema::Schema;

/// A plugin in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PluginRow {
    /// Its name.
    pub name: String,
    /// The schema version in force.
    pub schema_version: u32,
    /// The schema's title.
    pub title: Option<String>,
    /// Its settings file, from the store's folder.
    pub settings: String,
    /// Its schema, from the store's folder.
    pub schema: String,
}

/// Why a plugin was not added.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum PluginError {
    /// Not a name.
    #[error("`{name}` is no plugin name: letters, digits, `-` and `_`, beginning with a letter or digit")]
    Name {
        /// What was given.
        name: String,
    },
    /// It is there already.
    #[error("there is a plugin `{name}` already")]
    Already {
        /// Its name.
        name: String,
    },
    /// A schema that its schema refers to would take the place of another.
    #[error("{path} is there already, and {schema} refers to another file of that name")]
    SchemaThere {
        /// The file, from the store's folder.
        path: String,
        /// The schema that was given.
        schema: String,
    },
    /// Its settings file is there already, and another was named.
    #[error("{path} is there already")]
    SettingsThere {
        /// The file.
        path: String,
    },
}

impl Store {
    /// Adds a plugin with this schema as its version 1, or the version that the file's name states
    /// (`2.schema.json`). Its settings are those of `settings`, else those that stand in the store's folder
    /// already, else its required settings with their defaults.
    ///
    /// The schemas in its folder that the schema refers to come along, so that the store needs nothing outside it.
    pub fn plugin_add(
        &self,
        name: &str,
        schema: &Path,
        settings: Option<&Path>,
        intent: &Intent,
    ) -> Result<Outcome, StoreError> {
        if !is_plugin_name(name) {
            return Err(PluginError::Name { name: name.to_owned() }.into());
        }
        let brought = Brought::read(self, name, schema)?;
        let given = settings
            .map(|path| files::read(path, self.limits.file_size))
            .transpose()?;
        let version = version_in_name(schema);
        self.change("plugin add", intent, &mut |draft| {
            if draft.session().rules.has(name) {
                return Err(PluginError::Already { name: name.to_owned() }.into());
            }
            let path = settings_path(name);
            let there = draft.file(&path)?.live.clone();
            match (given.clone(), there) {
                (Some(given), Some(there)) if given != there => return Err(PluginError::SettingsThere { path }.into()),
                (Some(given), None) => draft.put_file(&path, Some(given))?,
                (None, None) => {
                    draft.put_file(&path, Some(new_settings(name, version, &brought.schema).into_bytes()))?;
                }
                (Some(_) | None, Some(_)) => draft.file(&path)?.by_hand = ByHand::Accepted,
            }
            brought.put(draft, &schema_path(name, version))?;
            let mut entry = Table::default();
            entry.insert("schema-version".to_owned(), Value::Integer(version.into()));
            edit_manifest(draft, |manifest| {
                Ok(manifest.set(&KeyPath::root().key("plugins").key(name), &Value::Table(entry.clone()))?)
            })
        })
    }

    /// Takes a plugin out of the store: its settings, its folder of schemas, to which no other plugin refers, its
    /// migrations, and what the manifest says of it. History keeps them.
    pub fn plugin_remove(&self, name: &str, intent: &Intent) -> Result<Outcome, StoreError> {
        self.change("plugin remove", intent, &mut |draft| {
            let session = draft.session();
            if !session.rules.has(name) {
                return Err(session.rules.no_such_plugin(name));
            }
            let settings = draft.file(&settings_path(name))?;
            // Where a person has removed it already, that is what is recorded.
            if settings.live.is_none() {
                settings.by_hand = ByHand::Accepted;
            }
            settings.after = None;
            let folder = format!("schemas/{name}");
            for schema in session.live.names(&folder, ".json")? {
                draft.put_file(&format!("{folder}/{schema}.json"), None)?;
            }
            let folder = format!("migrations/{name}");
            for migration in session.live.names(&folder, ".toml")? {
                draft.put_file(&format!("{folder}/{migration}.toml"), None)?;
            }
            edit_manifest(draft, |manifest| {
                Ok(manifest.unset(&KeyPath::root().key("plugins").key(name))?)
            })
        })
    }

    /// The names of the plugins, sorted.
    pub fn plugin_names(&self) -> Result<Vec<String>, StoreError> {
        let rules = Rules::read(Live::open(self)?)?;
        Ok(rules.plugins().map(str::to_owned).collect())
    }

    /// The plugins, by name.
    pub fn plugin_list(&self) -> Result<Vec<PluginRow>, StoreError> {
        let rules = Rules::read(Live::open(self)?)?;
        let row = |name: &str| {
            let schema_version = rules.version(name)?;
            let title = rules
                .schema(name)?
                .annotation(&KeyPath::root())
                .and_then(|annotation| annotation.title);
            let (settings, schema) = (settings_path(name), schema_path(name, schema_version));
            Ok(PluginRow {
                name: name.to_owned(),
                schema_version,
                title,
                settings,
                schema,
            })
        };
        rules.plugins().map(row).collect()
    }
}

pub(super) fn edit_manifest(
    draft: &mut Draft<'_, '_>,
    edit: impl Fn(&Document) -> Result<Document, StoreError>,
) -> Result<(), StoreError> {
    let manifest = draft::parse(
        MANIFEST,
        draft.file(MANIFEST)?.after.clone().unwrap_or_default(),
        &draft.session().live,
    )?;
    let edited = edit(&manifest)?;
    draft.put_file(MANIFEST, Some(edited.text().as_bytes().to_vec()))
}

fn new_settings(name: &str, version: u32, schema: &Schema) -> String {
    format!("#:schema ../{}\n\n{}", schema_path(name, version), schema.skeleton())
}

/// The version that a schema's file name states, else 1.
fn version_in_name(schema: &Path) -> u32 {
    let name = schema.file_name().and_then(|name| name.to_str());
    let stated = name
        .and_then(|name| name.strip_suffix(".schema.json"))
        .and_then(|stem| stem.parse().ok());
    stated.filter(|version| *version > 0).unwrap_or(1)
}
