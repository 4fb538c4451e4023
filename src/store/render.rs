//! Settings as a plugin reads them: checked, the defaults filled in, the secrets open.

mod defaults;
mod variables;

pub(super) use variables::quoted;

use std::collections::BTreeMap;

use thiserror::Error;
use zeroize::Zeroizing;

use super::custody::sealed_text;
use super::live::Live;
use super::manifest::settings_path;
use super::opened::Opened;
use super::rules::Rules;
use super::session::Session;
use super::{Store, StoreError, draft};
use crate::document::{Document, KeyPath, Segment, Table, Value, to_toml};
use crate::history::BlobId;
use crate::schema::Held;
use crate::secret::{Keyring, Secret};

/// How settings are written for a plugin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RenderFormat {
    /// A TOML document, without the comments.
    Toml,
    /// A JSON object. Dates are strings.
    Json,
    /// A line NAME=VALUE for each setting, quoted as shells and systemd's `EnvironmentFile=` read it.
    Env,
}

/// Why settings cannot be written in a format. No error holds a value.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum RenderError {
    /// A key has a character that no variable's name has.
    #[error("`{key}` cannot be an environment variable: `{name}` is no name of one")]
    NoName {
        /// The setting, as PLUGIN.KEY.
        key: KeyPath,
        /// What it would be called.
        name: String,
    },
    /// Two keys would be the same variable.
    #[error("`{first}` and `{second}` would both be the environment variable {name}")]
    SameName {
        /// The setting that comes first, as PLUGIN.KEY.
        first: KeyPath,
        /// The other one.
        second: KeyPath,
        /// What both would be called.
        name: String,
    },
    /// A text holds a NUL character, which ends a variable.
    #[error("`{key}` holds a NUL character, which no environment variable can hold")]
    Nul {
        /// The setting, as PLUGIN.KEY.
        key: KeyPath,
    },
    /// JSON has no such number.
    #[error("`{key}` is not finite, and JSON has no such number")]
    NotFinite {
        /// The setting, as PLUGIN.KEY.
        key: KeyPath,
    },
}

/// The settings of one plugin as it reads them. Their secrets are open, so they are wiped when this is dropped.
pub struct Rendered {
    plugin: String,
    settings: Secret,
}

impl Store {
    /// Whether anything in a plugin's settings is sealed, so that an identity is needed to render them.
    pub fn has_sealed(&self, plugin: &str) -> Result<bool, StoreError> {
        Rules::read(Live::open(self)?)?.has_sealed(plugin)
    }

    /// A plugin's settings as it reads them. A default that would break the schema beside what is set, as one of
    /// another alternative does, is not filled in.
    ///
    /// # Errors
    /// Where the settings are not valid, also what is sealed in them, or where something sealed cannot be opened.
    pub fn rendered(&self, plugin: &str, keyring: Option<&Keyring>) -> Result<Rendered, StoreError> {
        Rules::read(Live::open(self)?)?.rendered(plugin, keyring)
    }
}

impl Rules<'_> {
    /// As [`Store::has_sealed`], of the files that these rules were read from.
    pub(super) fn has_sealed(&self, plugin: &str) -> Result<bool, StoreError> {
        let document = document(plugin, self)?;
        let values = self.schema_for(plugin, &document)?.secret_values(&document);
        Ok(values.iter().any(|(_, value)| sealed_text(value).is_some()))
    }

    /// As [`Store::rendered`], of the files that these rules were read from.
    pub(super) fn rendered(&self, plugin: &str, keyring: Option<&Keyring>) -> Result<Rendered, StoreError> {
        let rules = self;
        let stored = document(plugin, rules)?;
        let mut opened = Opened::of(&*rules.schema_for(plugin, &stored)?, plugin, &stored, keyring);
        let checked = rules.check_held(plugin, &stored, &|path, value| opened.held(path, value))?;
        if checked.is_refused() {
            return Err(StoreError::HandEdit { files: vec![checked] });
        }
        if !opened.failures.is_empty() {
            return Err(opened.failures.swap_remove(0).1.into());
        }
        let document = rules.in_force(plugin, stored.clone())?.document;
        opened.rename(&rules.moved_secrets(plugin, &stored, &document)?);
        let schema = rules.schema(plugin)?;
        let fits = |settings: &Table| {
            let held = |path: &KeyPath, value: &Value| match opened.held(path, value) {
                // A default of the schema is no secret, wherever it stands.
                Held::Exposed => Held::Open,
                held @ (Held::Open | Held::Opened(_) | Held::Sealed) => held,
            };
            let filled = Document::parse(to_toml(settings)).ok();
            let checked = filled
                .map(|filled| rules.check_held(plugin, &filled, &held))
                .transpose()?;
            Ok(checked.is_some_and(|checked| !checked.is_refused()))
        };
        let set = document.get(&KeyPath::root());
        let set = set.as_ref().and_then(Value::as_table).cloned().unwrap_or_default();
        let mut settings = Value::Table(defaults::fill(&schema, set, &fits)?);
        for (path, secret) in &opened.values {
            put(&mut settings, path.segments(), secret.reveal().clone());
        }
        Ok(Rendered {
            plugin: plugin.to_owned(),
            settings: Secret::new(settings),
        })
    }
}

/// A plugin's settings as it reads them, of a recorded file: not what somebody may be typing into it just now.
pub(super) fn recorded(session: &Session<'_>, plugin: &str, content: BlobId) -> Result<Rendered, StoreError> {
    let bytes = session.history.read_blob(content)?;
    let drafted = BTreeMap::from([(settings_path(plugin), Some(bytes))]);
    let rules = Rules::read(session.live.with(drafted))?;
    // One that cannot be used here is in the way of nothing that is not sealed.
    let keyring = if rules.has_sealed(plugin)? {
        session.store.keyring(&|_| None)?
    } else {
        None
    };
    rules.rendered(plugin, keyring.as_ref())
}

impl Rendered {
    /// The settings in a format, ending with a line end.
    pub fn text(&self, format: RenderFormat) -> Result<Zeroizing<String>, RenderError> {
        let settings = self.settings.reveal();
        let text = match format {
            RenderFormat::Toml => settings.as_table().map(to_toml).unwrap_or_default(),
            RenderFormat::Json => {
                finite(&KeyPath::root().key(self.plugin.as_str()), settings)?;
                format!("{:#}\n", settings.to_json())
            }
            RenderFormat::Env => {
                let mut lines = Zeroizing::new(String::new());
                for (name, value) in self.variables()? {
                    lines.push_str(&variables::line(&name, &value));
                }
                return Ok(lines);
            }
        };
        Ok(Zeroizing::new(text))
    }

    /// The settings as environment variables, in their order: `VALVE_THRESHOLD`, of tables `VALVE_MQTT_HOST`, of arrays
    /// of tables `VALVE_ZONES_0_FLOW`. A `-` becomes `_`. Other arrays are one variable each, as JSON.
    pub fn variables(&self) -> Result<Vec<(String, Zeroizing<String>)>, RenderError> {
        variables::of(&KeyPath::root().key(self.plugin.as_str()), self.settings.reveal())
    }
}

fn document(plugin: &str, rules: &Rules<'_>) -> Result<Document, StoreError> {
    if !rules.has(plugin) {
        return Err(rules.no_such_plugin(plugin));
    }
    let path = settings_path(plugin);
    draft::parse_present(&path, rules.live().read(&path)?, rules.live())
}

/// Gives a setting a value, where the table or array that it belongs to is there.
fn put(settings: &mut Value, path: &[Segment], value: Value) {
    match (path, settings) {
        ([], settings) => *settings = value,
        ([Segment::Key(key)], Value::Table(entries)) => {
            entries.insert(key.clone(), value);
        }
        ([Segment::Key(key), rest @ ..], Value::Table(entries)) => {
            if let Some(below) = entries.get_mut(key) {
                put(below, rest, value);
            }
        }
        ([Segment::Index(index), rest @ ..], Value::Array(items)) => {
            if let Some(below) = items.get_mut(*index) {
                put(below, rest, value);
            }
        }
        (
            [_, ..],
            Value::String(_)
            | Value::Integer(_)
            | Value::Float(_)
            | Value::Boolean(_)
            | Value::Datetime(_)
            | Value::Array(_)
            | Value::Table(_),
        ) => {}
    }
}

/// Refuses numbers that JSON lacks.
fn finite(key: &KeyPath, value: &Value) -> Result<(), RenderError> {
    match value {
        Value::Float(number) if !number.is_finite() => Err(RenderError::NotFinite { key: key.clone() }),
        Value::Table(entries) => entries
            .iter()
            .try_for_each(|(name, value)| finite(&key.key(name.as_str()), value)),
        Value::Array(items) => {
            let mut items = items.iter().enumerate();
            items.try_for_each(|(index, item)| finite(&key.index(index), item))
        }
        Value::String(_) | Value::Integer(_) | Value::Float(_) | Value::Boolean(_) | Value::Datetime(_) => Ok(()),
    }
}
