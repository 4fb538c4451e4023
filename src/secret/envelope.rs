//! What is sealed: a small TOML document that names the setting and holds its value.
//!
//! ```toml
//! key = "valve.mqtt.password"
//! value = "correct horse"
//! ```
//!
//! TOML's quoting keeps the two apart whatever they hold, and its types are those of the settings. People can write an
//! envelope by hand and seal it with any age program. Line ends after it are padding: without it, the length of a
//! sealed value would tell the length of a password.

use thiserror::Error;
use zeroize::Zeroizing;

use crate::document::{Document, KeyPath, Value};

/// Envelopes are as long as a multiple of this, in bytes. Most passwords fit in one.
const BLOCK: usize = 128;

/// Why a plain text is no envelope for a setting. No error holds any of that text but the name of a setting.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum EnvelopeError {
    /// It was sealed for another setting, and copied.
    #[error("it was sealed for `{sealed_for}`")]
    Elsewhere {
        /// The setting that it names.
        sealed_for: KeyPath,
    },
    /// It is no TOML document of `key` and `value`.
    #[error("what is sealed is no envelope: {reason}")]
    Malformed {
        /// What is wrong.
        reason: &'static str,
    },
}

/// The envelope of a value.
pub(super) fn close(setting: &KeyPath, value: &Value) -> Zeroizing<String> {
    let key = Value::String(setting.to_string());
    let mut text = Zeroizing::new(format!("key = {key}\nvalue = {value}\n"));
    let padded = text.len().next_multiple_of(BLOCK);
    let missing = padded - text.len();
    text.reserve_exact(missing);
    text.extend(std::iter::repeat_n('\n', missing));
    text
}

/// The value in an envelope, if it is for this setting.
pub(super) fn open(text: &[u8], setting: &KeyPath) -> Result<Value, EnvelopeError> {
    let malformed = |reason| EnvelopeError::Malformed { reason };
    let text = std::str::from_utf8(text).map_err(|_| malformed("it is not UTF-8"))?;
    // The parser's own words could repeat the text.
    let document = Document::parse(text).map_err(|_| malformed("it is no TOML"))?;
    let entries = document.get(&KeyPath::root());
    let entries = entries.as_ref().and_then(Value::as_table);
    let entries = entries.ok_or_else(|| malformed("it is no table"))?;
    if entries.keys().any(|name| name != "key" && name != "value") {
        return Err(malformed("it holds more than `key` and `value`"));
    }
    let Some(Value::String(key)) = entries.get("key") else {
        return Err(malformed("it has no `key`"));
    };
    let key: KeyPath = key.parse().map_err(|_| malformed("its `key` names no setting"))?;
    if key != *setting {
        return Err(EnvelopeError::Elsewhere { sealed_for: key });
    }
    entries
        .get("value")
        .cloned()
        .ok_or_else(|| malformed("it has no `value`"))
}

#[cfg(test)]
mod tests {
    use super::{BLOCK, EnvelopeError, close, open};
    use crate::document::{KeyPath, Value};

    fn path(text: &str) -> KeyPath {
        text.parse().unwrap()
    }

    #[test]
    fn every_kind_of_value_comes_out_as_it_went_in() {
        for literal in [
            "\"correct horse\"",
            "\"a \\\"quoted\\\" line\\nvalue = 1\"",
            "\"\"",
            "5",
            "5.0",
            "true",
            "2026-11-01T10:00:00Z",
            "[1, \"two\"]",
            "{ user = \"a\", \"pass word\" = \"b\" }",
        ] {
            let value = Value::parse_literal(literal).unwrap();
            for key in ["valve.mqtt.password", "valve.zones[0].\"drip \\\" line\".key"] {
                let text = close(&path(key), &value);
                assert_eq!(text.len() % BLOCK, 0);
                assert_eq!(open(text.as_bytes(), &path(key)).unwrap(), value, "{literal}");
            }
        }
    }

    #[test]
    fn two_passwords_of_different_lengths_are_as_long() {
        let sealed = |text: &str| close(&path("valve.mqtt.password"), &Value::String(text.to_owned())).len();
        assert_eq!(sealed("a"), sealed("a much longer password, of 40 characters"));
    }

    #[test]
    fn an_envelope_for_another_key_plugin_or_index_is_refused() {
        let text = close(&path("valve.zones[0].key"), &Value::Integer(1));
        for other in [
            "valve.zones[1].key",
            "heating.zones[0].key",
            "valve.zones[0].keys",
            "valve",
        ] {
            let refused = open(text.as_bytes(), &path(other)).unwrap_err();
            let sealed_for = path("valve.zones[0].key");
            assert_eq!(refused, EnvelopeError::Elsewhere { sealed_for });
        }
    }

    #[test]
    fn what_is_no_envelope_is_refused_without_its_text() {
        for text in [
            "hunter2",
            "",
            "key = \"valve.a\"",
            "value = \"hunter2\"",
            "key = 1\nvalue = \"hunter2\"",
            "key = \"valve..a\"\nvalue = \"hunter2\"",
            "key = \"valve.a\"\nvalue = \"hunter2\"\nmore = 1",
            "key = \"valve.a\"\nvalue = 99999999999999999999",
            "key = \"valve.a\"\nvalue = hunter2",
        ] {
            let refused = open(text.as_bytes(), &path("valve.a")).unwrap_err();
            assert!(matches!(refused, EnvelopeError::Malformed { .. }), "{text}");
            assert!(!format!("{refused} {refused:?}").contains("hunter2"), "{refused}");
        }
        assert!(open(b"key = \"valve.a\"\nvalue = \"\xff\"", &path("valve.a")).is_err());
    }
}
