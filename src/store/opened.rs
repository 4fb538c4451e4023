//! The sealed values of a plugin's settings, opened all at once: for who reads them as the plugin does, and for the
//! check of what is sealed.

use super::custody::{self, sealed_text};
use super::{SecretError, StoreError};
use crate::document::{Document, KeyPath, Value};
use crate::schema::{Code, Held, Schema, Severity, Violation};
use crate::secret::{Keyring, OpenError, Secret};

/// What secrets are opened with for a check, and whether they must be.
#[derive(Default)]
pub struct Unsealing {
    keyring: Option<Keyring>,
    /// Why there is none.
    reason: Option<String>,
    required: bool,
}

impl Unsealing {
    /// With these identities, if any. That there are none, or that their file cannot be used, is no error by itself:
    /// a store without secrets needs none. `required` makes it one where something is sealed.
    #[must_use]
    pub fn with(keyring: Result<Option<Keyring>, StoreError>, required: bool) -> Self {
        match keyring {
            Ok(keyring) => Self {
                keyring,
                reason: None,
                required,
            },
            Err(error) => Self {
                keyring: None,
                reason: Some(error.to_string()),
                required,
            },
        }
    }

    pub(super) fn keyring(&self) -> Option<&Keyring> {
        self.keyring.as_ref()
    }
}

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

    /// Calls what was moved by its new keys.
    pub(super) fn rename(&mut self, moved: &[(KeyPath, KeyPath, String)]) {
        for (path, _) in &mut self.values {
            if let Some((_, to, _)) = moved.iter().find(|(from, _, _)| from == path) {
                *path = to.clone();
            }
        }
    }

    /// What could not be opened: one violation for each value that is damaged or belongs elsewhere, and one for all that
    /// nobody here can open.
    pub(super) fn violations(&self, document: &Document, unsealing: &Unsealing) -> Vec<Violation> {
        let (mut broken, mut closed) = (Vec::new(), Vec::new());
        for (path, error) in &self.failures {
            if let SecretError::Open {
                source: source @ (OpenError::Damaged { .. } | OpenError::Envelope(_)),
                ..
            } = error
            {
                let message = format!("`{path}` cannot be opened: {source}");
                broken.push(unopened(document, path, Severity::Error, &message));
            } else {
                closed.push((path, error));
            }
        }
        if let Some((first, error)) = closed.first() {
            let reason = match (error, &unsealing.reason) {
                (SecretError::Open { source, .. }, _) => source.to_string(),
                (_, Some(reason)) => reason.clone(),
                (_, None) => "there is no identity".to_owned(),
            };
            let what = match closed.len() {
                1 => "a secret".to_owned(),
                several => format!("{several} secrets"),
            };
            let severity = if unsealing.required {
                Severity::Error
            } else {
                Severity::Note
            };
            let message = format!("{what} could not be opened to be checked: {reason}");
            broken.push(unopened(document, first, severity, &message));
        }
        broken
    }

    /// How a secret stands in the document, for its check.
    pub(super) fn held(&self, path: &KeyPath, value: &Value) -> Held {
        match self.values.iter().find(|(opened, _)| opened == path) {
            Some((_, secret)) if sealed_text(value).is_some() => Held::Opened(secret.reveal().clone()),
            Some(_) | None => custody::as_stored(path, value),
        }
    }
}

/// A violation for each sealed value that is new here and that nobody can open here: it is damaged, or was sealed for
/// another setting. Where there is no identity to tell, it is taken for what it seems to be.
pub(super) fn worthless(
    schema: &Schema,
    plugin: &str,
    before: &Document,
    after: &Document,
    keyring: &dyn Fn() -> Option<Keyring>,
) -> Vec<Violation> {
    if !schema.has_secrets() {
        return Vec::new();
    }
    let mut new = schema.secret_values(after);
    new.retain(|(path, value)| sealed_text(value).is_some() && before.get(path).as_ref() != Some(value));
    // An identity is looked for only where there is something to open.
    let keyring = if new.is_empty() { None } else { keyring() };
    let name = KeyPath::root().key(plugin);
    let failures = new.into_iter().filter_map(|(path, value)| {
        let error = custody::open(&name.concat(&path), sealed_text(&value)?, keyring.as_ref()).err()?;
        Some((path, error))
    });
    let opened = Opened {
        values: Vec::new(),
        failures: failures.collect(),
    };
    let mut violations = opened.violations(after, &Unsealing::default());
    violations.retain(|violation| violation.severity == Severity::Error);
    violations
}

fn unopened(document: &Document, path: &KeyPath, severity: Severity, message: &str) -> Violation {
    let span = document.locate(path).map_or(0..0, |location| location.value);
    Violation {
        key: path.clone(),
        severity,
        ..Violation::at(Code::SecretUnopened, document.text(), span, message)
    }
}
