//! The sealed values of a plugin's settings, opened all at once: for who reads them as the plugin does, and for the
//! check of what is sealed.

use super::SecretError;
use super::custody::{self, sealed_text};
use crate::document::{Document, KeyPath, Value};
use crate::schema::{Held, Schema};
use crate::secret::{Keyring, Secret};

/// What the sealed values of one document came to.
#[derive(Default)]
pub(super) struct Opened {
    /// Those that could be opened, by their keys below the plugin.
    pub values: Vec<(KeyPath, Secret)>,
    /// Those that could not, by their keys below the plugin, in the order of the text.
    pub failures: Vec<(KeyPath, SecretError)>,
}

impl Opened {
    /// Opens what is sealed in a plugin's settings.
    pub(super) fn of(schema: &Schema, plugin: &str, document: &Document, keyring: Option<&Keyring>) -> Self {
        let name = KeyPath::root().key(plugin);
        let mut opened = Self::default();
        for (path, value) in schema.secret_values(document) {
            let Some(text) = sealed_text(&value) else { continue };
            match custody::open(&name.concat(&path), text, keyring) {
                Ok(secret) => opened.values.push((path, secret)),
                Err(error) => opened.failures.push((path, error)),
            }
        }
        opened
    }

    /// How a secret stands in the document, for its check.
    pub(super) fn held(&self, path: &KeyPath, value: &Value) -> Held {
        match self.values.iter().find(|(opened, _)| opened == path) {
            Some((_, secret)) if sealed_text(value).is_some() => Held::Opened(secret.reveal().clone()),
            Some(_) | None => custody::as_stored(path, value),
        }
    }
}
