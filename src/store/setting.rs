//! Settings by the names that people give them: `valve.threshold`, or `threshold` where one plugin alone has it.

use thiserror::Error;

use super::live::Live;
use super::manifest::{is_plugin_name, settings_path};
use super::rules::Rules;
use super::{Store, StoreError, draft};
use crate::document::{KeyPath, Segment};

/// A setting: its plugin, and its key there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// The plugin's name.
    pub plugin: String,
    /// The key below the plugin; the root for all of its settings.
    pub path: KeyPath,
    /// Whether the plugin was not named but found: another plugin may make the short name ambiguous one day.
    pub guessed: bool,
}

/// Why a name means no setting.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SettingError {
    /// No plugin has such a key.
    #[error("no plugin has a setting `{name}`")]
    Unknown {
        /// What was named.
        name: KeyPath,
        /// A similar name that means something.
        suggestion: Option<String>,
        /// The plugins there are.
        plugins: Vec<String>,
    },
    /// Several plugins have it.
    #[error("`{name}` could mean {}", names(candidates))]
    Ambiguous {
        /// What was named.
        name: KeyPath,
        /// The full names that it could mean.
        candidates: Vec<KeyPath>,
    },
    /// A key begins with a plugin's or a setting's name, not with an index.
    #[error("`{name}` begins with no name")]
    NoName {
        /// What was named.
        name: KeyPath,
    },
}

fn names(candidates: &[KeyPath]) -> String {
    let names: Vec<String> = candidates.iter().map(|name| format!("`{name}`")).collect();
    names.join(" or ")
}

impl Setting {
    /// The full name: plugin and key.
    #[must_use]
    pub fn name(&self) -> KeyPath {
        KeyPath::root().key(self.plugin.as_str()).concat(&self.path)
    }

    /// Finds the setting that a name means.
    ///
    /// A first part that names a plugin does just that. Else the name is looked up at the top level of all
    /// plugins: in their settings, and in what their schemas declare.
    pub(super) fn find(name: &KeyPath, rules: &Rules<'_>) -> Result<Self, StoreError> {
        let Some((Segment::Key(first), path)) = name.split_first() else {
            return Err(SettingError::NoName { name: name.clone() }.into());
        };
        if rules.has(first) {
            return Ok(Self {
                plugin: first.clone(),
                path,
                guessed: false,
            });
        }
        let top = KeyPath::root().key(first.as_str());
        let mut found = Vec::new();
        for plugin in rules.plugins() {
            let declared = rules.schema(plugin)?.annotation(&top).is_some();
            if declared || has_key(rules, plugin, &top)? {
                found.push(plugin.to_owned());
            }
        }
        match found.as_slice() {
            [plugin] => Ok(Self {
                plugin: plugin.clone(),
                path: name.clone(),
                guessed: true,
            }),
            [] => Err(unknown(name, first, rules).into()),
            several => {
                let full = |plugin: &String| KeyPath::root().key(plugin.as_str()).concat(name);
                let candidates = several.iter().map(full).collect();
                Err(SettingError::Ambiguous {
                    name: name.clone(),
                    candidates,
                }
                .into())
            }
        }
    }

    /// The setting that a full name means where its plugin's file is there: found without the manifest and
    /// without any schema.
    pub(super) fn of_full_name(name: &KeyPath, live: &Live<'_>) -> Result<Option<(Self, Vec<u8>)>, StoreError> {
        let Some((Segment::Key(plugin), path)) = name.split_first() else {
            return Ok(None);
        };
        if !is_plugin_name(plugin) {
            return Ok(None);
        }
        let bytes = live.read(&settings_path(plugin))?;
        Ok(bytes.map(|bytes| {
            (
                Self {
                    plugin: plugin.clone(),
                    path,
                    guessed: false,
                },
                bytes,
            )
        }))
    }
}

impl Store {
    /// The setting that a name means.
    pub fn setting(&self, name: &KeyPath) -> Result<Setting, StoreError> {
        let rules = Rules::read(Live::open(self)?)?;
        Setting::find(name, &rules)
    }
}

fn has_key(rules: &Rules<'_>, plugin: &str, key: &KeyPath) -> Result<bool, StoreError> {
    let path = settings_path(plugin);
    let Some(bytes) = rules.live().read(&path)? else {
        return Ok(false);
    };
    let document = draft::parse(&path, bytes, rules.live())?;
    Ok(rules.in_force(plugin, document)?.document.contains(key))
}

fn unknown(name: &KeyPath, first: &str, rules: &Rules<'_>) -> SettingError {
    let plugins: Vec<String> = rules.plugins().map(str::to_owned).collect();
    let declared = plugins.iter().filter_map(|plugin| {
        let schema = rules.schema(plugin).ok()?;
        Some(schema.declared(&KeyPath::root()))
    });
    let known: Vec<String> = plugins.iter().cloned().chain(declared.flatten()).collect();
    let near = known
        .iter()
        .map(|known| (strsim::damerau_levenshtein(first, known), known))
        .min();
    let near = near.filter(|(distance, known)| is_slip(*distance, known.len()));
    let suggestion = near.map(|(_, known)| {
        let path = name.split_first().map(|(_, path)| path).unwrap_or_default();
        in_full(known, &path, rules).to_string()
    });
    SettingError::Unknown {
        name: name.clone(),
        suggestion,
        plugins,
    }
}

/// The name that was meant, given its first part and what was written behind it; the first part alone where nothing
/// similar stands behind that.
fn in_full(first: &str, path: &KeyPath, rules: &Rules<'_>) -> KeyPath {
    let begin = KeyPath::root().key(first);
    let Some(schema) = Some(first)
        .filter(|first| rules.has(first))
        .and_then(|plugin| rules.schema(plugin).ok())
    else {
        return begin.concat(path);
    };
    if path.is_empty() || schema.annotation(path).is_some() {
        return begin.concat(path);
    }
    let declared = schema.settings().into_iter().map(|(path, _)| path);
    nearest(path, declared).map_or(begin.clone(), |path| begin.concat(&path))
}

/// The key that is most similar to a wanted one, if it is similar enough to be meant.
pub(super) fn nearest(wanted: &KeyPath, known: impl Iterator<Item = KeyPath>) -> Option<KeyPath> {
    let text = wanted.to_string();
    let near = known
        .filter(|key| key != wanted)
        .map(|key| (strsim::damerau_levenshtein(&text, &key.to_string()), key))
        .min();
    near.filter(|(distance, _)| is_slip(*distance, text.len()))
        .map(|(_, key)| key)
}

/// One slip in three characters, two in six: more is another word.
fn is_slip(distance: usize, length: usize) -> bool {
    distance <= 1.max(length / 3)
}
