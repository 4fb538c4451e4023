//! Secrets: settings that are sealed with [age](https://age-encryption.org) before they are stored.
//!
//! A sealed value is one string, `age:` and the base64 of a standard age file that all recipients can open. Its plain
//! text is an envelope that names the setting it was sealed for, so that it is worth nothing at any other place. age
//! itself binds nothing and authenticates nobody: whoever has the recipients can seal.
//!
//! This module knows age, envelopes and the files that identities stand in. It knows no schema, no store and no
//! history, and it prints nothing: a [`Secret`] has neither `Debug` nor `Display`.

mod dumps;
mod envelope;
mod identity;
mod recipient;
mod scan;
mod sealed;
mod wiping;

pub use dumps::forbid_dumps;
pub use envelope::EnvelopeError;
pub use identity::{Ask, IdentityError, Keyring, generate};
pub use recipient::{Recipient, RecipientError};
pub use scan::{Shape, is_random, is_telling_name, shapes};
pub use sealed::{OpenError, SealError, Sealed, is_sealed, seal};
pub use wiping::{Wiping, off_stack};

use zeroize::Zeroize as _;

use crate::document::Value;

/// A plain value that is secret. It cannot be printed, compared or copied by accident, and its text is wiped when it
/// is dropped.
pub struct Secret(Value);

impl Secret {
    /// Takes a value into custody.
    #[must_use]
    pub fn new(value: Value) -> Self {
        forbid_dumps();
        Self(value)
    }

    /// The plain value. What is made of it is the caller's to keep.
    #[must_use]
    pub fn reveal(&self) -> &Value {
        &self.0
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        wipe(&mut self.0);
    }
}

fn wipe(value: &mut Value) {
    match value {
        Value::String(text) => text.zeroize(),
        Value::Integer(number) => number.zeroize(),
        Value::Float(number) => number.zeroize(),
        Value::Boolean(yes) => yes.zeroize(),
        // A moment has no text of its own.
        Value::Datetime(_) => {}
        Value::Array(items) => items.iter_mut().for_each(wipe),
        Value::Table(entries) => entries.values_mut().for_each(wipe),
    }
}
