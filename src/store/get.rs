//! `get`: one setting's value. The common case reads the settings, the manifest and the text of one schema, at which it
//! glances for secrets; it opens no repository, and parses no schema.

use serde::Serialize;
use thiserror::Error;

use super::live::Live;
use super::manifest::{schema_path, settings_path};
use super::rules::Rules;
use super::session::{Access, Session};
use super::setting::Setting;
use super::versions::InForce;
use super::{SecretError, Store, StoreError, custody, draft};
use crate::document::{Document, KeyPath, MASK, Segment, Value};
use crate::schema::Schema;

/// A value, and where it comes from.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Found {
    /// The setting's full name.
    pub key: KeyPath,
    /// The value in force.
    pub value: Value,
    /// Where it stands.
    pub origin: Origin,
    /// Whether the plugin was found by the key alone.
    pub guessed: bool,
}

/// Where a value stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase", tag = "from")]
pub enum Origin {
    /// In a settings file.
    File {
        /// Its path from the store's folder.
        file: String,
        /// The line, from 1.
        line: usize,
        /// The column, from 1.
        column: usize,
    },
    /// In a settings file of an earlier schema version, maybe under another name: it was led up in memory.
    Migrated {
        /// Its path from the store's folder.
        file: String,
        /// The schema version of the file.
        version: u32,
    },
    /// Nowhere: the schema's default is in force.
    Default {
        /// The schema, from the store's folder.
        schema: String,
    },
}

/// Why there is no value.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum GetError {
    /// Neither the settings nor the schema give one.
    #[error("`{key}` is not set and has no default")]
    NotSet {
        /// The setting's full name.
        key: KeyPath,
        /// A similar key that is there.
        suggestion: Option<KeyPath>,
        /// Whether the schema declares it; one that it does not may be misspelt.
        declared: bool,
    },
}

impl Store {
    /// The value of a setting, or of a whole table or plugin: what stands in the file, else the schema's default.
    /// `at` names a revision to look at instead. Secrets in a table are masked.
    ///
    /// # Errors
    /// [`SecretError::Hidden`] for a setting that is itself secret.
    pub fn get(&self, name: &KeyPath, at: Option<&str>) -> Result<Found, StoreError> {
        match at {
            Some(revision) => self.get_at(name, revision),
            None => self.get_now(name),
        }
    }

    fn get_now(&self, name: &KeyPath) -> Result<Found, StoreError> {
        let live = Live::open(self)?;
        if let Some((setting, bytes)) = Setting::of_full_name(name, &live)? {
            let document = draft::parse(&settings_path(&setting.plugin), bytes, &live)?;
            let rules = Rules::read(live)?;
            if rules.has(&setting.plugin) {
                return value_in(&setting, document, &rules);
            }
            if let Some(found) = stands(&setting, &document, None) {
                return hide(&setting, found, &rules);
            }
            let setting = Setting::find(name, &rules)?;
            return found(&setting, &rules);
        }
        let rules = Rules::read(live)?;
        let setting = Setting::find(name, &rules)?;
        found(&setting, &rules)
    }

    fn get_at(&self, name: &KeyPath, revision: &str) -> Result<Found, StoreError> {
        let session = Session::begin(self, Access::Read)?;
        let revision = session.history.resolve(session.head, revision)?;
        let setting = Setting::find(name, &session.rules)?;
        let path = settings_path(&setting.plugin);
        let Some(bytes) = session.history.read(revision, &path)? else {
            // The plugin was not there yet, and nothing was in force.
            return Err(GetError::NotSet {
                key: setting.name(),
                suggestion: None,
                declared: true,
            }
            .into());
        };
        let document = draft::parse(&path, bytes, &session.live)?;
        // By the name that it had then, else by the one that it has now.
        match stands(&setting, &document, None) {
            Some(found) => hide(&setting, found, &session.rules),
            None => value_in(&setting, document, &session.rules),
        }
    }
}

fn found(setting: &Setting, rules: &Rules<'_>) -> Result<Found, StoreError> {
    told(setting, &rules.settings(&setting.plugin)?, rules)
}

/// What settings say of one of them in the schema version in force, or else the schema.
fn value_in(setting: &Setting, document: Document, rules: &Rules<'_>) -> Result<Found, StoreError> {
    told(setting, &rules.in_force(&setting.plugin, document)?, rules)
}

fn told(setting: &Setting, settings: &InForce, rules: &Rules<'_>) -> Result<Found, StoreError> {
    match stands(setting, &settings.document, settings.led_from) {
        Some(found) => hide(setting, found, rules),
        None => default(setting, &settings.document, rules),
    }
}

/// What was found, as it may be shown.
fn hide(setting: &Setting, found: Found, rules: &Rules<'_>) -> Result<Found, StoreError> {
    if custody::sealed_text(&found.value).is_none() && !rules.could_be_secret(&setting.plugin, &setting.path)? {
        return Ok(found);
    }
    let value = rules.with_mask(&setting.plugin, |mask| mask.value(&setting.path, found.value));
    if value == Value::String(MASK.to_owned()) {
        return Err(SecretError::Hidden { key: found.key }.into());
    }
    Ok(Found { value, ..found })
}

/// The value that stands in the document, which was led up from a version or stands so in its file. A whole plugin is
/// shown as it stands, without its defaults.
fn stands(setting: &Setting, document: &Document, version: Option<u32>) -> Option<Found> {
    Some(Found {
        key: setting.name(),
        value: document.get(&setting.path)?,
        origin: origin(&setting.plugin, &setting.path, document, version)?,
        guessed: setting.guessed,
    })
}

/// Where a value stands.
pub(super) fn origin(plugin: &str, path: &KeyPath, document: &Document, version: Option<u32>) -> Option<Origin> {
    let file = settings_path(plugin);
    let (line, column) = document.line_column(document.locate(path)?.key.start);
    Some(match version {
        None => Origin::File { file, line, column },
        Some(version) => Origin::Migrated { file, version },
    })
}

/// The schema's default of a setting that is absent, where it is in force: an item that is not there has none.
pub(super) fn default_in_force(schema: &Schema, document: &Document, path: &KeyPath) -> Option<Value> {
    let segments = path.segments();
    for (at, segment) in segments.iter().enumerate() {
        let Segment::Index(index) = segment else { continue };
        let array = KeyPath::from(segments[..at].to_vec());
        let items = document.get(&array).or_else(|| schema.default(&array))?;
        if items.as_array().is_none_or(|items| *index >= items.len()) {
            return None;
        }
    }
    schema.default(path)
}

fn default(setting: &Setting, document: &Document, rules: &Rules<'_>) -> Result<Found, StoreError> {
    let schema = rules.schema(&setting.plugin)?;
    if let Some(value) = default_in_force(&schema, document, &setting.path) {
        let origin = Origin::Default {
            schema: schema_path(&setting.plugin, rules.version(&setting.plugin)?),
        };
        return Ok(Found {
            key: setting.name(),
            value,
            origin,
            guessed: setting.guessed,
        });
    }
    Err(GetError::NotSet {
        key: setting.name(),
        suggestion: similar(setting, document, &schema),
        declared: schema.annotation(&setting.path).is_some(),
    }
    .into())
}

/// A setting of a similar name that is declared or stands there.
pub(super) fn similar(setting: &Setting, document: &Document, schema: &Schema) -> Option<KeyPath> {
    let declared = schema.settings().into_iter().map(|(path, _)| path);
    let present = crate::document::changes(&Document::default(), document)
        .into_iter()
        .map(|change| change.key);
    let known: Vec<KeyPath> = declared.chain(present).collect();
    let near = super::setting::nearest(&setting.path, known.iter().cloned()).or_else(|| {
        // Its own name may be right, and the table be left out.
        let (_, Segment::Key(last)) = setting.path.split_last()? else {
            return None;
        };
        let is_namesake = |known: &&KeyPath| {
            **known != setting.path && matches!(known.segments().last(), Some(Segment::Key(name)) if name == last)
        };
        let mut namesakes = known.iter().filter(is_namesake);
        namesakes.next().cloned()
    })?;
    Some(KeyPath::root().key(setting.plugin.as_str()).concat(&near))
}
