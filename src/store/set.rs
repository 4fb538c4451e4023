//! `set`, `unset`, `add`, `remove`: the verbs that change single settings.

use serde::Serialize;
use thiserror::Error;

use super::draft::Draft;
use super::get::default_in_force;
use super::interpret::{self, Given, Reading, ValueError, interpret};
use super::plan::{Intent, Outcome};
use super::setting::Setting;
use super::{SecretError, Store, StoreError};
use crate::document::{EditError, KeyPath, Segment, Value};
use crate::schema::Schema;

/// One assignment: `KEY VALUE`.
#[derive(Clone, Debug, PartialEq)]
pub struct Assignment {
    /// The setting as it was named.
    pub name: KeyPath,
    /// The new value.
    pub given: Given,
    /// The value that must stand there, else nothing is changed; the default counts where none stands.
    pub expect: Option<Given>,
}

/// What was read and found on the way to a change.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Reached {
    /// The setting's full name.
    pub key: KeyPath,
    /// Whether the plugin was found by the key alone.
    pub guessed: bool,
    /// By what the value's type was decided; none where no value was given.
    pub reading: Option<Reading>,
    /// The value in force from now on, where the setting itself is absent: the schema's default.
    pub default: Option<Value>,
}

/// Why a single setting was not changed.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SetError {
    /// `--expect` named another value.
    #[error("`{key}` is {}, not {expected}", found.as_ref().map_or_else(|| "not set".to_owned(), ToString::to_string))]
    Unexpected {
        /// The setting.
        key: KeyPath,
        /// What was expected.
        expected: Value,
        /// What stands there.
        found: Option<Value>,
    },
    /// `unset` of what is not set.
    #[error("`{key}` is not set")]
    NotSet {
        /// The setting.
        key: KeyPath,
        /// A setting of a similar name.
        suggestion: Option<KeyPath>,
    },
    /// `add` or `remove` on something that is no array.
    #[error("`{key}` is no array")]
    NoArray {
        /// The setting.
        key: KeyPath,
    },
    /// `remove` of a value that is not in the array.
    #[error("`{key}` does not hold {value}")]
    NoSuchItem {
        /// The array.
        key: KeyPath,
        /// What was to be removed.
        value: Value,
    },
    /// One setting, two values.
    #[error("`{key}` is given two values")]
    Twice {
        /// The setting.
        key: KeyPath,
    },
    /// A whole plugin cannot be set like a value.
    #[error("`{key}` names a plugin, not a setting")]
    WholePlugin {
        /// The plugin.
        key: KeyPath,
    },
}

impl Store {
    /// Gives settings new values: all in one revision, or none.
    pub fn set(&self, assignments: &[Assignment], intent: &Intent) -> Result<(Outcome, Vec<Reached>), StoreError> {
        self.change_settings("set", intent, &mut |draft, reached| {
            assignments
                .iter()
                .try_for_each(|assignment| set(draft, assignment, reached))
        })
    }

    /// Takes settings away, so that their defaults are in force again.
    pub fn unset(&self, names: &[KeyPath], intent: &Intent) -> Result<(Outcome, Vec<Reached>), StoreError> {
        self.change_settings("unset", intent, &mut |draft, reached| {
            names.iter().try_for_each(|name| unset(draft, name, reached))
        })
    }

    /// Adds an item to an array; one that holds it already stays as it is.
    pub fn add(&self, name: &KeyPath, given: &Given, intent: &Intent) -> Result<(Outcome, Vec<Reached>), StoreError> {
        self.change_settings("add", intent, &mut |draft, reached| add(draft, name, given, reached))
    }

    /// Removes an item from an array, by its value.
    pub fn remove(
        &self,
        name: &KeyPath,
        given: &Given,
        intent: &Intent,
    ) -> Result<(Outcome, Vec<Reached>), StoreError> {
        self.change_settings("remove", intent, &mut |draft, reached| {
            remove(draft, name, given, reached)
        })
    }

    fn change_settings(
        &self,
        via: &'static str,
        intent: &Intent,
        edit: &mut Edit<'_>,
    ) -> Result<(Outcome, Vec<Reached>), StoreError> {
        let mut reached = Vec::new();
        let outcome = self.change(via, intent, &mut |draft| {
            // The closure runs again where somebody else wrote in between.
            reached.clear();
            edit(draft, &mut reached)
        })?;
        Ok((outcome, reached))
    }
}

/// What one of these verbs does to a draft, and what it found on the way.
type Edit<'e> = dyn FnMut(&mut Draft<'_, '_>, &mut Vec<Reached>) -> Result<(), StoreError> + 'e;

/// The error of an edit, with keys as the store names them.
fn named(plugin: &str, error: EditError) -> EditError {
    error.below(&KeyPath::root().key(plugin))
}

fn find(draft: &Draft<'_, '_>, name: &KeyPath) -> Result<Setting, StoreError> {
    let session = draft.session();
    let setting = Setting::find(name, &session.rules)?;
    if setting.path.is_empty() {
        return Err(SetError::WholePlugin { key: name.clone() }.into());
    }
    Ok(setting)
}

fn set(draft: &mut Draft<'_, '_>, assignment: &Assignment, reached: &mut Vec<Reached>) -> Result<(), StoreError> {
    let Setting { plugin, path, guessed } = &find(draft, &assignment.name)?;
    let schema = draft.session().rules.schema(plugin)?;
    let annotation = schema.annotation(path);
    let document = draft.document(plugin)?;
    let current = document.get(path);
    let key = KeyPath::root().key(plugin.as_str()).concat(path);
    if reached.iter().any(|earlier| earlier.key == key) {
        return Err(SetError::Twice { key }.into());
    }
    if let Some(expected) = &assignment.expect {
        if schema.is_secret(path) {
            return Err(SecretError::InArguments { key }.into());
        }
        let (expected, _) = interpret(&key, expected, annotation.as_ref(), current.as_ref())?;
        let found = current.clone().or_else(|| default_in_force(&schema, document, path));
        if found.as_ref() != Some(&expected) {
            return Err(SetError::Unexpected { key, expected, found }.into());
        }
    }
    let is_secret = schema.is_secret(path);
    let read = interpret(&key, &assignment.given, annotation.as_ref(), current.as_ref());
    let (value, reading) = read.map_err(|error| if is_secret { error.without_text() } else { error })?;
    refuse_undeclared(plugin, &schema, path, &value)?;
    let edited = document.set(path, &value).map_err(|error| named(plugin, error))?;
    draft.put_document(plugin, edited)?;
    reached.push(Reached {
        key,
        guessed: *guessed,
        reading: Some(reading),
        default: None,
    });
    Ok(())
}

fn unset(draft: &mut Draft<'_, '_>, name: &KeyPath, reached: &mut Vec<Reached>) -> Result<(), StoreError> {
    let setting = find(draft, name)?;
    let schema = draft.session().rules.schema(&setting.plugin)?;
    let document = draft.document(&setting.plugin)?;
    if document.contains(&setting.path) {
        let edited = document
            .unset(&setting.path)
            .map_err(|error| named(&setting.plugin, error))?;
        draft.put_document(&setting.plugin, edited)?;
    } else if schema.annotation(&setting.path).is_none() {
        return Err(SetError::NotSet {
            key: setting.name(),
            suggestion: super::get::similar(&setting, document, &schema),
        }
        .into());
    }
    // Where an item goes, the next one takes its place: no default comes into force.
    let is_item = matches!(setting.path.segments().last(), Some(Segment::Index(_)));
    let default = schema.default(&setting.path).filter(|_| !is_item);
    reached.push(Reached {
        key: setting.name(),
        guessed: setting.guessed,
        reading: None,
        default,
    });
    Ok(())
}

fn add(draft: &mut Draft<'_, '_>, name: &KeyPath, given: &Given, reached: &mut Vec<Reached>) -> Result<(), StoreError> {
    let (setting, items, value, reading) = item(draft, name, given)?;
    if !items.contains(&value) {
        let document = draft.document(&setting.plugin)?;
        let edited = document
            .append(&setting.path, &value)
            .map_err(|error| named(&setting.plugin, error))?;
        draft.put_document(&setting.plugin, edited)?;
    }
    reached.push(Reached {
        key: setting.name(),
        guessed: setting.guessed,
        reading: Some(reading),
        default: None,
    });
    Ok(())
}

fn remove(
    draft: &mut Draft<'_, '_>,
    name: &KeyPath,
    given: &Given,
    reached: &mut Vec<Reached>,
) -> Result<(), StoreError> {
    let (setting, items, value, reading) = item(draft, name, given)?;
    let Some(index) = items.iter().position(|item| *item == value) else {
        return Err(SetError::NoSuchItem {
            key: setting.name(),
            value,
        }
        .into());
    };
    let edited = draft.document(&setting.plugin)?.unset(&setting.path.index(index))?;
    draft.put_document(&setting.plugin, edited)?;
    reached.push(Reached {
        key: setting.name(),
        guessed: setting.guessed,
        reading: Some(reading),
        default: None,
    });
    Ok(())
}

fn refuse_undeclared(plugin: &str, schema: &Schema, path: &KeyPath, value: &Value) -> Result<(), ValueError> {
    let plugin = KeyPath::root().key(plugin);
    let declares = |key: &KeyPath| {
        // Below the plugin's name.
        let path = key.split_first().map(|(_, path)| path);
        path.is_some_and(|path| schema.annotation(&path).is_some())
    };
    interpret::refuse_undeclared(&plugin.concat(path), value, &declares)
}

/// The array that is meant, its items, and the item that was given.
fn item(
    draft: &mut Draft<'_, '_>,
    name: &KeyPath,
    given: &Given,
) -> Result<(Setting, Vec<Value>, Value, Reading), StoreError> {
    let setting = find(draft, name)?;
    let schema = draft.session().rules.schema(&setting.plugin)?;
    let annotation = schema.annotation(&setting.path.index(0));
    let items = match draft.document(&setting.plugin)?.get(&setting.path) {
        Some(Value::Array(items)) => items,
        Some(_) => return Err(SetError::NoArray { key: setting.name() }.into()),
        None => Vec::new(),
    };
    let (value, reading) = interpret(&setting.name(), given, annotation.as_ref(), items.first())?;
    refuse_undeclared(&setting.plugin, &schema, &setting.path.index(items.len()), &value)?;
    Ok((setting, items, value, reading))
}
