//! `edit`: a settings file on its way to an editor and back. Something stands in it for each sealed value, which is put
//! back byte for byte where it is left alone.

use std::ops::Range;

use zeroize::Zeroizing;

use super::custody::{self, sealed_text, spliced};
use super::live::Live;
use super::manifest::settings_path;
use super::plan::{Intent, Outcome};
use super::rules::Rules;
use super::{ApplyError, CheckedFile, Store, StoreError, checked, draft, opened};
use crate::document::{Document, KeyPath, MASK, Value};
use crate::schema::Held;
use crate::secret::{Keyring, Secret};

/// What every placeholder begins with. No password does.
const OPENING: &str = "‹sealed ";

/// A settings file that a person is about to edit.
pub struct Editable {
    /// The plugin.
    pub plugin: String,
    /// The file, from the store's folder.
    pub path: String,
    /// What it holds now; perhaps not valid.
    bytes: Vec<u8>,
    shown: Zeroizing<Vec<u8>>,
    covers: Vec<Cover>,
    revealed: bool,
}

/// What stands for a sealed value while it is edited.
struct Cover {
    key: KeyPath,
    /// The sealed value as the file spells it.
    literal: String,
    /// The plain value, or a placeholder.
    shown: Secret,
}

impl Editable {
    /// The text for the editor.
    #[must_use]
    pub fn shown(&self) -> &[u8] {
        &self.shown
    }

    /// Where the sealed values stand in an edited text, by what stands for them.
    fn found(&self, edited: &Document, secrets: &[(KeyPath, Value)]) -> Result<Vec<(Range<usize>, &str)>, ApplyError> {
        let at = |path: &KeyPath| edited.locate(path).map(|location| location.value);
        let mut found = Vec::new();
        if self.revealed {
            // What has changed, or stands elsewhere now, is sealed anew.
            let same = |cover: &&Cover| edited.get(&cover.key).as_ref() == Some(cover.shown.reveal());
            let same = self.covers.iter().filter(same);
            found.extend(same.filter_map(|cover| Some((at(&cover.key)?, cover.literal.as_str()))));
        } else {
            for (path, value) in secrets {
                let Value::String(text) = value else { continue };
                if !text.starts_with(OPENING) {
                    continue;
                }
                let cover = self.covers.iter().find(|cover| cover.shown.reveal() == value);
                let Some(cover) = cover else {
                    let key = KeyPath::root().key(self.plugin.as_str()).concat(path);
                    return Err(ApplyError::Placeholder { key });
                };
                found.extend(at(path).map(|place| (place, cover.literal.as_str())));
            }
        }
        found.sort_by_key(|(place, _)| place.start);
        Ok(found)
    }
}

impl Store {
    /// A plugin's settings file for an editor, with a placeholder for each sealed value.
    pub fn editable(&self, plugin: &str) -> Result<Editable, StoreError> {
        self.covered(plugin, false, &|path, _| {
            let key = KeyPath::root().key(plugin).concat(path);
            let placeholder = format!("{OPENING}{key}: leave it alone, or put a new value in its place›");
            Ok(Secret::new(Value::String(placeholder)))
        })
    }

    /// The same with each sealed value open.
    pub fn editable_revealed(&self, plugin: &str, keyring: Option<&Keyring>) -> Result<Editable, StoreError> {
        self.covered(plugin, true, &|path, text| {
            Ok(custody::open(&KeyPath::root().key(plugin).concat(path), text, keyring)?)
        })
    }

    fn covered(&self, plugin: &str, revealed: bool, cover: &MakeCover<'_>) -> Result<Editable, StoreError> {
        let rules = Rules::read(Live::open(self)?)?;
        if !rules.has(plugin) {
            return Err(rules.no_such_plugin(plugin));
        }
        let path = settings_path(plugin);
        let bytes = rules.live().read(&path)?.unwrap_or_default();
        let mut editable = Editable {
            plugin: plugin.to_owned(),
            path,
            shown: Zeroizing::new(bytes.clone()),
            bytes,
            covers: Vec::new(),
            revealed,
        };
        // What is no TOML is for a person to mend as it stands.
        let Ok(document) = draft::parse(&editable.path, editable.bytes.clone(), rules.live()) else {
            return Ok(editable);
        };
        let mut places = Vec::new();
        for (key, value) in rules.schema_for(plugin, &document)?.secret_values(&document) {
            let (Some(text), Some(location)) = (sealed_text(&value), document.locate(&key)) else {
                continue;
            };
            let shown = cover(&key, text)?;
            places.push((location.value.clone(), Zeroizing::new(shown.reveal().to_string())));
            editable.covers.push(Cover {
                literal: document.text()[location.value].to_owned(),
                key,
                shown,
            });
        }
        places.sort_by_key(|(place, _)| place.start);
        let places = places.iter().map(|(place, text)| (place.clone(), text.as_str()));
        editable.shown = Zeroizing::new(spliced(document.text(), places).into_bytes());
        Ok(editable)
    }

    /// An edited text with the sealed values back in their places. One that is no TOML comes back as it is.
    ///
    /// # Errors
    /// [`ApplyError::Placeholder`] where a placeholder was changed: it would become the secret.
    pub fn restored(&self, before: &Editable, edited: &[u8]) -> Result<Vec<u8>, StoreError> {
        if before.covers.is_empty() {
            return Ok(edited.to_vec());
        }
        let rules = Rules::read(Live::open(self)?)?;
        let Ok(document) = draft::parse(&before.path, edited.to_vec(), rules.live()) else {
            return Ok(edited.to_vec());
        };
        let secrets = rules.schema_for(&before.plugin, &document)?.secret_values(&document);
        let found = before.found(&document, &secrets)?;
        Ok(spliced(document.text(), found.into_iter()).into_bytes())
    }

    /// What would be wrong with a restored text as a plugin's settings. Secrets that it holds in plain text and that
    /// the file does not are new, and to be sealed.
    pub fn check_edit(&self, before: &Editable, after: &[u8]) -> Result<CheckedFile, StoreError> {
        let rules = Rules::read(Live::open(self)?)?;
        let Ok(document) = draft::parse(&before.path, after.to_vec(), rules.live()) else {
            let checked = rules.check_bytes(&before.plugin, after.to_vec())?;
            return Ok(checked.hiding(&|| before.plain_in(&String::from_utf8_lossy(after))));
        };
        let live = draft::parse(&before.path, before.bytes.clone(), rules.live()).unwrap_or_default();
        let schema = rules.schema_for(&before.plugin, &document)?;
        let new = custody::new_secrets(&schema, &live, &document);
        let moved = custody::moved(&schema, &schema, &live, &document);
        let keyring = || self.keyring(&|_| None).ok().flatten();
        let mut worthless = opened::worthless(&schema, &before.plugin, &live, &document, &keyring);
        worthless.retain(|violation| !moved.iter().any(|(_, to, _)| *to == violation.key));
        let held = |path: &KeyPath, value: &Value| {
            if new.iter().any(|(new, _)| new == path) {
                Held::Open
            } else {
                custody::as_stored(path, value)
            }
        };
        rules.check_with(&before.plugin, &document, &held, worthless)
    }

    /// An edited text as it may be kept in a file: without what was typed at the keys of secrets.
    pub fn without_typed_secrets(&self, before: &Editable, edited: &[u8]) -> Result<Vec<u8>, StoreError> {
        let rules = Rules::read(Live::open(self)?)?;
        let is_placeholder = |value: &Value| before.covers.iter().any(|cover| cover.shown.reveal() == value);
        without_plain_secrets(&rules, &before.plugin, edited, &is_placeholder)
    }

    /// Puts a restored text in the place of the one that was given to the editor. What stood there need not have been
    /// valid: a person has seen it.
    ///
    /// # Errors
    /// [`ApplyError::Overtaken`] where the file has changed in the meantime.
    pub fn edit(&self, before: &Editable, after: &[u8], intent: &Intent) -> Result<Outcome, StoreError> {
        self.change("edit", intent, &mut |draft| {
            let file = draft.file(&before.path)?;
            if file.live.clone().unwrap_or_default() != before.bytes {
                return Err(ApplyError::Overtaken {
                    path: before.path.clone(),
                }
                .into());
            }
            file.by_hand = draft::ByHand::Superseded;
            draft.put_file(&before.path, Some(after.to_vec()))
        })
    }
}

/// A text as it may be kept in a file: without what stands in plain text at the keys of secrets, but for placeholders.
pub(super) fn without_plain_secrets(
    rules: &Rules<'_>,
    plugin: &str,
    bytes: &[u8],
    is_placeholder: &dyn Fn(&Value) -> bool,
) -> Result<Vec<u8>, StoreError> {
    let schema = rules.schema(plugin)?;
    let Ok(text) = std::str::from_utf8(bytes) else {
        return Ok(bytes.to_vec());
    };
    if !schema.has_secrets() {
        return Ok(bytes.to_vec());
    }
    let hidden = match Document::parse(text) {
        Err(_) => checked::likely_secrets(text, &rules.secret_names(plugin)),
        Ok(document) => {
            let mut values = schema.secret_values(&document);
            values.retain(|(_, value)| sealed_text(value).is_none() && !is_placeholder(value));
            let places = values.iter().filter_map(|(path, _)| document.locate(path));
            places.map(|location| location.value).collect()
        }
    };
    Ok(spliced(text, hidden.into_iter().map(|place| (place, MASK))).into_bytes())
}

/// Makes what stands for a sealed value, given its key below the plugin and its sealed form.
type MakeCover<'c> = dyn Fn(&KeyPath, &str) -> Result<Secret, StoreError> + 'c;

impl Editable {
    /// Where plain values of secrets that were revealed stand in a text that is no TOML.
    fn plain_in(&self, text: &str) -> Vec<Range<usize>> {
        let mut found: Vec<Range<usize>> = Vec::new();
        for cover in self.covers.iter().filter(|_| self.revealed) {
            let plain = Zeroizing::new(cover.shown.reveal().bare());
            let places = text.match_indices(plain.as_str()).filter(|(_, part)| !part.is_empty());
            found.extend(places.map(|(at, part)| at..at + part.len()));
        }
        found.sort_by_key(|place| place.start);
        found
    }
}
