//! `apply` and `commit`: settings that come as a whole text, and whatever differs in the folder.

use serde_json::Value as Json;
use thiserror::Error;

use super::chain;
use super::checked::SecretNames;
use super::draft::{ByHand, Draft};
use super::interpret::with_numbers_wanted;
use super::live::Live;
use super::manifest::{MANIFEST, plugin_of, settings_path};
use super::plan::{Intent, Outcome};
use super::rules::Rules;
use super::{CheckedFile, Store, StoreError};
use crate::document::{Document, KeyPath, Value};
use crate::import::first_unholdable;
use crate::schema::{CheckOptions, Library, Schema};

/// Settings to be merged into those of a plugin, or to take their place.
#[derive(Clone, Debug)]
pub enum Incoming {
    /// A TOML document. It takes the place of another with its comments and order.
    Toml(Document),
    /// A JSON object. `null` takes a setting away.
    Json(Json),
}

/// Why a text could not be applied.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ApplyError {
    /// It holds something that TOML cannot.
    #[error("`{key}` is {found}, which TOML cannot hold")]
    NoToml {
        /// The key.
        key: KeyPath,
        /// What stands there.
        found: String,
    },
    /// A value in a JSON text that would be another one as TOML.
    #[error("{path}:{line}:{column}: `{key}` is {found}, which TOML cannot hold")]
    Inexact {
        /// The file as it was named.
        path: String,
        /// The line, from 1.
        line: usize,
        /// The column in characters, from 1.
        column: usize,
        /// The key.
        key: KeyPath,
        /// What stands there.
        found: &'static str,
        /// What could stand there.
        allowed: &'static str,
    },
    /// JSON, but no object.
    #[error("the JSON is no object of settings")]
    NoObject,
    /// Another revision was recorded, or the file was saved by another program, while it was being edited.
    #[error("{path} has changed while it was being edited")]
    Overtaken {
        /// The file, from the store's folder.
        path: String,
    },
    /// What stands for a sealed value was changed, and is no value.
    #[error("what stands at `{key}` is neither what stood for its sealed value nor a new value")]
    Placeholder {
        /// The setting, as PLUGIN.KEY.
        key: KeyPath,
    },
}

impl Store {
    /// Reads settings for a plugin: a text that is JSON where it is an object of it, else TOML.
    pub fn read_incoming(&self, plugin: &str, path: &str, text: &str) -> Result<Incoming, StoreError> {
        read_incoming(path, text, &|| {
            let rules = Live::open(self).and_then(Rules::read);
            rules.map_or(SecretNames::Any, |rules| rules.secret_names(plugin))
        })
    }

    /// Merges settings into those of a plugin, or with `replace` puts them in their place.
    pub fn apply(
        &self,
        plugin: &str,
        incoming: &Incoming,
        replace: bool,
        intent: &Intent,
    ) -> Result<Outcome, StoreError> {
        self.change("apply", intent, &mut |draft| {
            let current = draft.document(plugin)?.clone();
            let schema = draft.session().rules.schema(plugin)?;
            let edited = match (incoming, replace) {
                (Incoming::Toml(document), true) => draft.session().rules.in_force(plugin, document.clone())?.document,
                (Incoming::Toml(document), false) => {
                    let document = draft.session().rules.in_force(plugin, document.clone())?.document;
                    let changes = crate::document::changes(&Document::default(), &document);
                    let mut edited = current.clone();
                    for change in changes {
                        edited = edited.transplant(&document, &outermost_array(&change.key))?;
                    }
                    edited
                }
                (Incoming::Json(json), _) => {
                    let Json::Object(entries) = json else {
                        return Err(ApplyError::NoObject.into());
                    };
                    let mut edited = current.clone();
                    if replace {
                        for key in top_level(&current).into_iter().filter(|key| !entries.contains_key(key)) {
                            edited = edited.unset(&KeyPath::root().key(key))?;
                        }
                    }
                    merge_json(edited, &KeyPath::root(), json, replace, &schema)?
                }
            };
            draft.put_document(plugin, edited)
        })
    }

    /// Records whatever differs in the folder from what is recorded: settings, manifest, schemas, migrations.
    pub fn commit(&self, intent: &Intent) -> Result<Outcome, StoreError> {
        self.change("commit", intent, &mut |draft| {
            for path in tracked_paths(draft)? {
                let file = draft.file(&path)?;
                if file.is_edited_by_hand() {
                    file.by_hand = ByHand::Accepted;
                    check_schema(draft, &path)?;
                }
            }
            for (plugin, path) in chain::migrations(&draft.session().live)? {
                if draft.is_seen(&path) {
                    draft.session().rules.chain(&plugin)?;
                }
            }
            Ok(())
        })
    }
}

/// Refuses a schema that cannot be used, also one that no settings are written for yet.
fn check_schema(draft: &Draft<'_, '_>, path: &str) -> Result<(), StoreError> {
    let live = &draft.session().live;
    let (Some((folder, _)), Some(text)) = (path.rsplit_once('/'), live.read_text(path)?) else {
        return Ok(());
    };
    if !folder.starts_with("schemas") {
        return Ok(());
    }
    let library = Library::new([live.root().join(folder)]).named_from(live.root());
    super::validate::compile_whole(path, &text, &library, CheckOptions::default())
        .map(drop)
        .map_err(|errors| StoreError::Schema { errors })
}

/// Every path that a store records: in the folder, or in history.
pub(super) fn tracked_paths(draft: &Draft<'_, '_>) -> Result<Vec<String>, StoreError> {
    let session = draft.session();
    let mut paths: Vec<String> = session
        .history
        .files(session.head, "")?
        .into_iter()
        .map(|file| file.path)
        .collect();
    paths.push(MANIFEST.to_owned());
    paths.extend(
        session
            .live
            .names("plugins", ".toml")?
            .iter()
            .map(|name| settings_path(name)),
    );
    for folder in session.live.folders("schemas")? {
        let names = session.live.names(&format!("schemas/{folder}"), ".json")?;
        paths.extend(names.iter().map(|name| format!("schemas/{folder}/{name}.json")));
    }
    paths.extend(
        session
            .live
            .names("schemas", ".json")?
            .iter()
            .map(|name| format!("schemas/{name}.json")),
    );
    paths.extend(chain::migrations(&session.live)?.into_iter().map(|(_, path)| path));
    paths.sort();
    paths.dedup();
    paths.retain(|path| {
        path == MANIFEST
            || path.starts_with("schemas/")
            || path.starts_with("migrations/")
            || plugin_of(path).is_some_and(|plugin| session.rules.has(plugin))
    });
    Ok(paths)
}

/// An array of tables is taken over whole: its elements have no names to merge them by.
fn outermost_array(key: &KeyPath) -> KeyPath {
    let is_index = |segment: &crate::document::Segment| matches!(segment, crate::document::Segment::Index(_));
    let end = key.segments().iter().position(is_index).unwrap_or(key.len());
    KeyPath::from(key.segments()[..end].to_vec())
}

fn top_level(document: &Document) -> Vec<String> {
    match document.get(&KeyPath::root()) {
        Some(Value::Table(table)) => table.into_iter().map(|(key, _)| key).collect(),
        _ => Vec::new(),
    }
}

/// JSON merge patch: objects merge, `null` removes, everything else replaces.
fn merge_json(
    mut document: Document,
    at: &KeyPath,
    json: &Json,
    replace: bool,
    schema: &Schema,
) -> Result<Document, StoreError> {
    match json {
        Json::Null => {
            if document.contains(at) {
                document = document.unset(at)?;
            }
            Ok(document)
        }
        Json::Object(entries) if !replace || at.is_empty() => {
            for (key, value) in entries {
                document = merge_json(document, &at.key(key.as_str()), value, replace, schema)?;
            }
            Ok(document)
        }
        Json::Bool(_) | Json::Number(_) | Json::String(_) | Json::Array(_) | Json::Object(_) => {
            let value = Value::from_json(json).ok_or_else(|| ApplyError::NoToml {
                key: at.clone(),
                // An array or a table could hold a secret.
                found: match json {
                    Json::Array(_) => "an array that holds null or a number".to_owned(),
                    Json::Object(_) => "a table that holds null or a number".to_owned(),
                    Json::Number(_) => "a number".to_owned(),
                    Json::Null | Json::Bool(_) | Json::String(_) => "a value".to_owned(),
                },
            })?;
            // JSON does not tell `5` from `5.0`.
            let annotation = |key: &KeyPath| schema.annotation(key);
            let value = with_numbers_wanted(value, at, &annotation, document.get(at).as_ref());
            Ok(document.set(at, &value)?)
        }
    }
}

/// Reads a text as JSON where it is an object of it, else as TOML.
fn read_incoming(path: &str, text: &str, names: &dyn Fn() -> SecretNames) -> Result<Incoming, StoreError> {
    let begun = text.trim_start_matches('\u{feff}').trim_start();
    if begun.starts_with('[') && serde_json::from_str::<Json>(begun).is_ok() {
        return Err(ApplyError::NoObject.into());
    }
    if begun.starts_with('{') {
        // The line is that in the file, so the text is taken from its begin.
        if let Some((key, line, column, what)) = first_unholdable(text.trim_start_matches('\u{feff}')) {
            return Err(ApplyError::Inexact {
                path: path.to_owned(),
                line,
                column,
                key,
                found: what.found,
                allowed: what.allowed,
            }
            .into());
        }
        match serde_json::from_str(begun) {
            Ok(json) => return Ok(Incoming::Json(json)),
            Err(source) => {
                return Err(StoreError::NotJson {
                    path: path.to_owned(),
                    source,
                });
            }
        }
    }
    match Document::parse(text) {
        Ok(document) => Ok(Incoming::Toml(document)),
        Err(errors) => Err(StoreError::Invalid {
            files: vec![CheckedFile::syntax(path, text, errors, &names())],
        }),
    }
}
