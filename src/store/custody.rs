//! Secrets on their way through the store: which are sealed already, how new ones are sealed, and what stands for
//! them wherever settings are shown.

use std::ops::Range;
use std::path::{Path, PathBuf};

use thiserror::Error;

use super::checked::SecretNames;
use super::manifest::{MANIFEST, plugin_of};
use super::rules::Rules;
use super::{Store, StoreError, checked, find};
use crate::document::{self, Change, Document, KeyPath, MASK, Segment, Value};
use crate::files;
use crate::schema::{Held, Schema};
use crate::secret::{Ask, IdentityError, Keyring, OpenError, Recipient, RecipientError, SealError, Sealed, Secret};
use crate::secret::{is_sealed, seal};

/// Why something secret could not be sealed or opened. No error holds any part of a secret.
#[derive(Debug, Error)]
pub enum SecretError {
    /// A value is to be sealed, and there is nobody to seal it for.
    #[error("`{key}` is secret, and {MANIFEST} names no recipient to seal it for")]
    NoRecipients {
        /// The setting.
        key: KeyPath,
    },
    /// The manifest names a recipient that is none.
    #[error("{MANIFEST} names a recipient that cannot be used")]
    Recipient(#[from] RecipientError),
    /// What was given is no recipient.
    #[error(transparent)]
    NotARecipient(RecipientError),
    /// It could not be sealed.
    #[error("cannot seal `{key}`")]
    Seal {
        /// The setting.
        key: KeyPath,
        /// Why.
        source: SealError,
    },
    /// It could not be opened.
    #[error("cannot open `{key}`")]
    Open {
        /// The setting.
        key: KeyPath,
        /// Why.
        source: OpenError,
    },
    /// There is nothing to open it with.
    #[error("cannot open `{key}`: there is no identity")]
    NoIdentity {
        /// The setting.
        key: KeyPath,
    },
    /// The identity file cannot be used.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// It is asked for bare, and nobody said that it may be shown.
    #[error("`{key}` is secret")]
    Hidden {
        /// The setting.
        key: KeyPath,
    },
    /// A verb for secrets was given something else.
    #[error("`{key}` is no secret: its schema does not mark it `x-secret`")]
    NotSecret {
        /// The setting.
        key: KeyPath,
        /// A secret of a similar name.
        suggestion: Option<KeyPath>,
    },
    /// A secret stands where its text can be seen by others.
    #[error("the value of `{key}` is secret and must not stand among the arguments")]
    InArguments {
        /// The setting.
        key: KeyPath,
    },
    /// It is sealed already.
    #[error("`{key}` is sealed already")]
    Sealed {
        /// The setting.
        key: KeyPath,
    },
    /// It is named as a recipient already, or is none.
    #[error("{recipient} is {}a recipient {}", if *there { "" } else { "not " }, if *there { "already" } else { "here" })]
    RecipientThere {
        /// The public key.
        recipient: String,
        /// Whether it is there.
        there: bool,
    },
}

impl Store {
    /// The same store, whose secrets are opened with the identities of this file.
    #[must_use]
    pub fn with_identity(mut self, file: PathBuf) -> Self {
        self.identity = Some(file);
        self
    }

    /// The identities to open secrets with: of the file that was named, else of `$VALVECFG_IDENTITY`, else of the
    /// first of these that is there: `$CREDENTIALS_DIRECTORY/age-identity`, the user's own, the system's. Nothing
    /// where there is none.
    ///
    /// # Errors
    /// Where the file cannot be used: it is never passed over for the next one.
    pub fn keyring(&self, ask: &Ask<'_>) -> Result<Option<Keyring>, StoreError> {
        let read = |file: &Path| Keyring::read(file, ask).map_err(SecretError::from);
        if let Some(file) = &self.identity {
            return Ok(Some(read(file)?));
        }
        if let Some(file) = std::env::var_os("VALVECFG_IDENTITY").filter(|file| !file.is_empty()) {
            return Ok(Some(read(Path::new(&file))?));
        }
        let credentials = std::env::var_os("CREDENTIALS_DIRECTORY").map(PathBuf::from);
        let places = [
            credentials.map(|folder| folder.join("age-identity")),
            Some(personal_identity()),
            Some(PathBuf::from("/etc/valvecfg/identity.txt")),
        ];
        for place in places.into_iter().flatten() {
            if files::exists(&place)? {
                return Ok(Some(read(&place)?));
            }
        }
        Ok(None)
    }
}

/// Where a user's own identity stands.
#[must_use]
pub fn personal_identity() -> PathBuf {
    find::configuration_folder().join("identity.txt")
}

/// How a secret stands in a file: sealed, or in plain text where it must not be.
pub(super) fn as_stored(_: &KeyPath, value: &Value) -> Held {
    if sealed_text(value).is_some() {
        Held::Sealed
    } else {
        Held::Exposed
    }
}

/// The sealed form in which a value stands.
pub(super) fn sealed_text(value: &Value) -> Option<&str> {
    match value {
        Value::String(text) if is_sealed(text) && looks_sealed(text) => Some(text),
        Value::String(_)
        | Value::Integer(_)
        | Value::Float(_)
        | Value::Boolean(_)
        | Value::Datetime(_)
        | Value::Array(_)
        | Value::Table(_) => None,
    }
}

/// Whether a text that begins as sealed values do is one, whole or damaged. Passwords may begin so too, and none of them
/// may be taken for sealed: it would be recorded as it is.
fn looks_sealed(text: &str) -> bool {
    // `age-encryption.org/v1` in base64.
    const HEADER: &str = "YWdlLWVuY3J5cHRpb24ub3JnL3Yx";
    // Half of the shortest age file, which has one recipient and an empty envelope.
    const SHORTEST: usize = 128;
    let sealed = text.split_once(':').map_or(text, |(_, sealed)| sealed);
    let is_base64 = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'+' | b'/' | b'=');
    sealed.starts_with(HEADER) || sealed.len() >= SHORTEST && sealed.bytes().all(is_base64)
}

/// Opens a sealed value.
pub(super) fn open(key: &KeyPath, text: &str, keyring: Option<&Keyring>) -> Result<Secret, SecretError> {
    let failed = |source| SecretError::Open {
        key: key.clone(),
        source,
    };
    // That it is damaged can be told without an identity.
    let sealed = Sealed::read(text).map_err(failed)?;
    let keyring = keyring.ok_or_else(|| SecretError::NoIdentity { key: key.clone() })?;
    sealed.open(key, keyring).map_err(failed)
}

/// Whether a value stands sealed for its setting here, as far as it can be opened.
pub(super) fn seals(key: &KeyPath, standing: &Value, value: &Value, keyring: &dyn Fn() -> Option<Keyring>) -> bool {
    let Some(text) = sealed_text(standing) else {
        return false;
    };
    open(key, text, keyring().as_ref()).is_ok_and(|secret| secret.reveal() == value)
}

/// The secrets that a verb has put into a plugin's settings in plain text. What stood there in plain text before was
/// written by hand, and is not among them.
pub(super) fn new_secrets(schema: &Schema, before: &Document, after: &Document) -> Vec<(KeyPath, Value)> {
    let mut found = schema.secret_values(after);
    found.retain(|(path, value)| sealed_text(value).is_none() && before.get(path).as_ref() != Some(value));
    found
}

/// The settings that are secret by a schema and stand in plain text as they stood when they were none.
pub(super) fn secret_from_now_on(
    old: &Schema,
    schema: &Schema,
    before: &Document,
    after: &Document,
) -> Vec<(KeyPath, Value)> {
    let were = old.secret_values(before);
    let mut found = schema.secret_values(after);
    found.retain(|(path, value)| {
        let is_new = before.get(path).as_ref() != Some(value);
        !is_new && sealed_text(value).is_none() && !were.iter().any(|(old, _)| old == path)
    });
    found
}

/// The sealed values that a verb has moved to another key, such as the items behind one that was removed: where each
/// stood by the schema of then, where it stands, and its text. Each is bound to where it stood.
pub(super) fn moved(
    old: &Schema,
    schema: &Schema,
    before: &Document,
    after: &Document,
) -> Vec<(KeyPath, KeyPath, String)> {
    let mut moved = Vec::new();
    let stood = old.secret_values(before);
    for (to, value) in schema.secret_values(after) {
        let Some(text) = sealed_text(&value) else { continue };
        let same = |(_, old): &&(KeyPath, Value)| *old == value;
        if before.get(&to).as_ref() != Some(&value)
            && let Some((from, _)) = stood.iter().find(same)
        {
            moved.push((from.clone(), to, text.to_owned()));
        }
    }
    moved
}

/// Seals values where they stand.
pub(super) fn seal_in(
    document: &Document,
    plugin: &str,
    secrets: Vec<(KeyPath, Value)>,
    recipients: &[Recipient],
) -> Result<Document, StoreError> {
    if secrets.is_empty() {
        return Ok(document.clone());
    }
    let mut places = Vec::with_capacity(secrets.len());
    let mut new = Vec::new();
    for (path, value) in secrets {
        let key = KeyPath::root().key(plugin).concat(&path);
        if recipients.is_empty() {
            return Err(SecretError::NoRecipients { key }.into());
        }
        let sealed = seal(&key, &Secret::new(value), recipients);
        let sealed = sealed.map_err(|source| SecretError::Seal { key, source })?;
        match document.locate(&path) {
            Some(location) => places.push((location.value, format!("\"{sealed}\""))),
            None => new.push((path, sealed)),
        }
    }
    // All at once: a thousand edits would parse the text a thousand times.
    places.sort_by_key(|(place, _)| place.start);
    let text = spliced(
        document.text(),
        places.iter().map(|(place, text)| (place.clone(), text.as_str())),
    );
    let document = Document::parse(text).map_err(|_| SecretError::Seal {
        key: KeyPath::root().key(plugin),
        source: SealError::NoPlace,
    })?;
    new.into_iter().try_fold(document, |document, (path, sealed)| {
        Ok(document.set(&path, &Value::String(sealed))?)
    })
}

/// A text with other texts in these places, which are in its order.
pub(super) fn spliced<'p>(text: &str, places: impl Iterator<Item = (Range<usize>, &'p str)>) -> String {
    let mut whole = String::with_capacity(text.len());
    let mut end = 0;
    for (place, with) in places {
        if let Some(between) = text.get(end..place.start) {
            whole.push_str(between);
            whole.push_str(with);
            end = place.end;
        }
    }
    whole.push_str(text.get(end..).unwrap_or_default());
    whole
}

/// What is known of a plugin's secrets when its settings are shown.
pub(super) enum Mask<'r> {
    /// What the schema marks, and whatever is sealed.
    Schema(&'r Schema),
    /// Whatever is sealed: the plugin is not in the store any more.
    Sealed,
    /// Every text: the schema that would tell cannot be read.
    Texts,
}

impl Rules<'_> {
    /// Changes in a plugin's settings, whose keys stand below the plugin, without its secrets.
    pub(super) fn masked(&self, plugin: &str, changes: Vec<Change>) -> impl Iterator<Item = Change> {
        self.with_mask(plugin, |mask| {
            let masked = |change: Change| Change {
                before: change.before.map(|value| mask.value(&change.key, value)),
                after: change.after.map(|value| mask.value(&change.key, value)),
                key: change.key,
            };
            changes.into_iter().map(masked).collect::<Vec<_>>().into_iter()
        })
    }

    /// A change whose key begins with the plugin's name, without its secrets.
    pub(super) fn without_secrets(&self, change: Change) -> Option<Change> {
        let (Segment::Key(plugin), path) = change.key.split_first()? else {
            return None;
        };
        let plugin = plugin.clone();
        let below = Change { key: path, ..change };
        let name = KeyPath::root().key(plugin.as_str());
        self.masked(&plugin, vec![below]).next().map(|masked| Change {
            key: name.concat(&masked.key),
            ..masked
        })
    }

    /// The bytes of a file as they may be shown.
    pub(super) fn without_secrets_in(&self, path: &str, bytes: Vec<u8>) -> Vec<u8> {
        let Some(plugin) = plugin_of(path) else { return bytes };
        let text = String::from_utf8_lossy(&bytes);
        let hidden = match Document::parse(text.as_ref()) {
            Ok(document) => self.with_mask(plugin, |mask| mask.places(&document)),
            Err(_) => checked::likely_secrets(&text, &self.secret_names(plugin)),
        };
        if hidden.is_empty() {
            return bytes;
        }
        spliced(&text, hidden.into_iter().map(|place| (place, MASK))).into_bytes()
    }

    /// The keys of a plugin whose values are secret.
    pub(super) fn secret_names(&self, plugin: &str) -> SecretNames {
        self.with_mask(plugin, |mask| match mask {
            Mask::Schema(schema) => SecretNames::of(schema),
            Mask::Sealed => SecretNames::TELLING,
            Mask::Texts => SecretNames::Any,
        })
    }

    /// Calls with what is known of a plugin's secrets.
    pub(super) fn with_mask<T>(&self, plugin: &str, show: impl FnOnce(&Mask<'_>) -> T) -> T {
        if !self.has(plugin) {
            return show(&Mask::Sealed);
        }
        // Whoever checks the plugin says what is wrong with its schema.
        match self.schema(plugin) {
            Ok(schema) => show(&Mask::Schema(&schema)),
            Err(_) => show(&Mask::Texts),
        }
    }
}

impl Mask<'_> {
    /// A value as it may be shown.
    pub(super) fn value(&self, path: &KeyPath, value: Value) -> Value {
        if self.hides(path, &value) {
            return Value::String(MASK.to_owned());
        }
        match value {
            Value::Table(entries) => {
                let masked = |(key, value): (String, Value)| {
                    let value = self.value(&path.key(key.as_str()), value);
                    (key, value)
                };
                Value::Table(entries.into_iter().map(masked).collect())
            }
            Value::Array(items) => {
                let items = items.into_iter().enumerate();
                Value::Array(
                    items
                        .map(|(index, item)| self.value(&path.index(index), item))
                        .collect(),
                )
            }
            leaf
            @ (Value::String(_) | Value::Integer(_) | Value::Float(_) | Value::Boolean(_) | Value::Datetime(_)) => leaf,
        }
    }

    /// Where the values of a document stand that may not be shown.
    fn places(&self, document: &Document) -> Vec<Range<usize>> {
        let leaves = document::changes(&Document::default(), document);
        let hidden = leaves.into_iter().filter_map(|leaf| {
            let value = leaf.after?;
            (self.value(&leaf.key, value.clone()) != value).then_some(leaf.key)
        });
        let mut places: Vec<Range<usize>> = hidden.filter_map(|path| Some(document.locate(&path)?.value)).collect();
        places.sort_by_key(|place| place.start);
        places
    }

    fn hides(&self, path: &KeyPath, value: &Value) -> bool {
        sealed_text(value).is_some()
            || match self {
                Self::Schema(schema) => match value {
                    Value::Table(_) | Value::Array(_) => schema.is_secret(path),
                    Value::String(_) | Value::Integer(_) | Value::Float(_) | Value::Boolean(_) | Value::Datetime(_) => {
                        schema.may_be_secret(path)
                    }
                },
                Self::Sealed => false,
                Self::Texts => matches!(value, Value::String(_)),
            }
    }
}
