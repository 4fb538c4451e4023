//! How `set KEY VALUE` reads VALUE: as the schema wants it, else as what stands there, else as a TOML literal.
//! A number never becomes a string by accident, nor a string a number.

use serde::Serialize;
use thiserror::Error;

use crate::document::{KeyPath, MASK, Value};
use crate::schema::{Annotation, Kind};

/// By what a text was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Reading {
    /// The schema declares the key's type.
    Schema,
    /// The value that stood there had this type.
    Document,
    /// The text is a TOML literal.
    Literal,
    /// Nothing said otherwise: a string.
    Text,
    /// `--string`, or a value that was no text to begin with.
    Given,
}

/// Why a text is no value for a key.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ValueError {
    /// The schema, or the value that stands there, wants another type.
    #[error("`{key}` takes {}, and `{text}` is none", wanted.join(" or "))]
    Type {
        /// The setting.
        key: KeyPath,
        /// What was given.
        text: String,
        /// The types that would be right, with their articles.
        wanted: Vec<&'static str>,
        /// What is allowed, as the schema says it.
        allowed: Option<String>,
    },
    /// A number that JSON has not, for a setting that the schema does not declare. Nobody said that the plugin can
    /// compute with it, no schema can bound it, whoever reads the settings as JSON gets a string, and as likely
    /// a text was meant. A person who wants it writes it into the file, or declares the setting.
    #[error("`{key}` would be {number}, which JSON does not have, and the schema does not declare it")]
    NotFinite {
        /// The setting.
        key: KeyPath,
        /// `inf`, `-inf` or `nan`.
        number: Value,
    },
    /// `--string` for a setting that takes none.
    #[error("`{key}` takes {}, not a string", wanted.join(" or "))]
    NotAString {
        /// The setting.
        key: KeyPath,
        /// The types that would be right, with their articles.
        wanted: Vec<&'static str>,
    },
}

impl ValueError {
    /// The same without what was given, which is secret.
    pub(super) fn without_text(self) -> Self {
        match self {
            Self::Type {
                key, wanted, allowed, ..
            } => Self::Type {
                key,
                text: MASK.to_owned(),
                wanted,
                allowed,
            },
            other @ (Self::NotAString { .. } | Self::NotFinite { .. }) => other,
        }
    }
}

/// A value as it was given.
#[derive(Clone, Debug, PartialEq)]
pub enum Given {
    /// Typed as text, to be read as the schema wants it.
    Text(String),
    /// Text that is a string whatever it looks like (`--string`).
    String(String),
    /// A value that has its type already.
    Value(Value),
}

/// Reads a value for `key`.
///
/// `annotation` is what the schema says of the key, `current` what stands there.
pub(super) fn interpret(
    key: &KeyPath,
    given: &Given,
    annotation: Option<&Annotation>,
    current: Option<&Value>,
) -> Result<(Value, Reading), ValueError> {
    let kinds = annotation
        .map(|annotation| annotation.kinds.as_slice())
        .unwrap_or_default();
    let text = match given {
        Given::Value(value) => return Ok((as_number_wanted(value.clone(), kinds, current), Reading::Given)),
        Given::String(text) if kinds.is_empty() || kinds.contains(&Kind::String) => {
            return Ok((Value::String(text.clone()), Reading::Given));
        }
        Given::String(_) => {
            return Err(ValueError::NotAString {
                key: key.clone(),
                wanted: articles(kinds),
            });
        }
        Given::Text(text) => text,
    };
    if !kinds.is_empty() {
        let read = read_as(text, kinds, current);
        let allowed = annotation.and_then(Annotation::bounds);
        let wrong = || ValueError::Type {
            key: key.clone(),
            text: text.clone(),
            wanted: articles(kinds),
            allowed,
        };
        return Ok((read.ok_or_else(wrong)?, Reading::Schema));
    }
    if let Some(current) = current {
        let kind = kind_of(current);
        let is_date = matches!(current, Value::Datetime(_));
        let read = if is_date {
            // A date is no JSON type; one that stands there says what is meant.
            Value::parse_literal(text).filter(|value| matches!(value, Value::Datetime(_)))
        } else {
            read_as(text, &[kind], Some(current))
        };
        let wrong = || ValueError::Type {
            key: key.clone(),
            text: text.clone(),
            wanted: vec![if is_date { "a date or time" } else { in_words(kind) }],
            allowed: None,
        };
        return Ok((read.ok_or_else(wrong)?, Reading::Document));
    }
    Ok(match Value::parse_literal(text) {
        Some(value) => (value, Reading::Literal),
        None => (Value::String(text.clone()), Reading::Text),
    })
}

/// Refuses numbers that are not finite where the schema declares nothing of them; what it declares, it decides.
pub(super) fn refuse_undeclared(
    key: &KeyPath,
    value: &Value,
    declares: &dyn Fn(&KeyPath) -> bool,
) -> Result<(), ValueError> {
    match value {
        Value::Float(number) if !number.is_finite() && !declares(key) => Err(ValueError::NotFinite {
            key: key.clone(),
            number: value.clone(),
        }),
        Value::Array(items) => {
            let mut items = items.iter().enumerate();
            items.try_for_each(|(index, item)| refuse_undeclared(&key.index(index), item, declares))
        }
        Value::Table(entries) => {
            let mut entries = entries.iter();
            entries.try_for_each(|(name, entry)| refuse_undeclared(&key.key(name.as_str()), entry, declares))
        }
        Value::String(_) | Value::Integer(_) | Value::Float(_) | Value::Boolean(_) | Value::Datetime(_) => Ok(()),
    }
}

/// Reads a text as the first of these kinds that it fits; string last, since every text is one.
fn read_as(text: &str, kinds: &[Kind], current: Option<&Value>) -> Option<Value> {
    let literal = Value::parse_literal(text);
    let fits = |value: &Value| kinds.iter().any(|kind| fits(*kind, value));
    let takes_text = kinds.contains(&Kind::String);
    match literal {
        // A quoted text, where a string and something else are allowed, says which.
        Some(Value::String(inner)) if takes_text && kinds.len() > 1 => Some(Value::String(inner)),
        Some(value) if fits(&value) && !matches!(value, Value::String(_)) => {
            Some(as_number_wanted(value, kinds, current))
        }
        // Dates stand bare in TOML and count as text in JSON Schema; the one that is there says which is meant.
        Some(value @ Value::Datetime(_)) if takes_text && matches!(current, Some(Value::Datetime(_))) => Some(value),
        _ if takes_text => Some(Value::String(text.to_owned())),
        _ => None,
    }
}

fn fits(kind: Kind, value: &Value) -> bool {
    match value {
        Value::Integer(_) => matches!(kind, Kind::Integer | Kind::Number),
        Value::Float(number) => kind == Kind::Number || kind == Kind::Integer && number.fract() == 0.0,
        Value::String(_) | Value::Datetime(_) => kind == Kind::String,
        Value::Boolean(_) => kind == Kind::Boolean,
        Value::Array(_) => kind == Kind::Array,
        Value::Table(_) => kind == Kind::Table,
    }
}

/// A value whose numbers, at any depth, are written as the schema and what stands there want them. `annotation` is what
/// the schema says of a key.
pub(super) fn with_numbers_wanted(
    value: Value,
    key: &KeyPath,
    annotation: &dyn Fn(&KeyPath) -> Option<Annotation>,
    current: Option<&Value>,
) -> Value {
    match value {
        Value::Integer(_) | Value::Float(_) => {
            let kinds = annotation(key).map(|annotation| annotation.kinds).unwrap_or_default();
            as_number_wanted(value, &kinds, current)
        }
        Value::Array(items) => {
            let old = current.and_then(Value::as_array).unwrap_or_default();
            let item = |(at, item)| {
                // A new item is like the others.
                let current = old.get(at).or(old.first());
                with_numbers_wanted(item, &key.index(at), annotation, current)
            };
            Value::Array(items.into_iter().enumerate().map(item).collect())
        }
        Value::Table(entries) => {
            let old = current.and_then(Value::as_table);
            let entry = |(name, value): (String, Value)| {
                let current = old.and_then(|old| old.get(&name));
                let value = with_numbers_wanted(value, &key.key(name.as_str()), annotation, current);
                (name, value)
            };
            Value::Table(entries.into_iter().map(entry).collect())
        }
        other @ (Value::String(_) | Value::Boolean(_) | Value::Datetime(_)) => other,
    }
}

/// `5` becomes `5.0` where a float stands or the schema holds only numbers in general, so that a program that
/// reads floats keeps reading one; a float that is whole becomes an integer where only those are allowed.
pub(super) fn as_number_wanted(value: Value, kinds: &[Kind], current: Option<&Value>) -> Value {
    let wants_float = match current {
        Some(Value::Float(_)) => !kinds.contains(&Kind::Integer),
        Some(_) => false,
        None => kinds.contains(&Kind::Number) && !kinds.contains(&Kind::Integer),
    };
    if let Value::Integer(number) = value
        && wants_float
    {
        return Value::exact_float(number).unwrap_or(value);
    }
    let wants_integer = kinds.contains(&Kind::Integer) && !kinds.contains(&Kind::Number);
    if let Value::Float(number) = value
        && wants_integer
    {
        return exact_integer(number).map_or(value, Value::Integer);
    }
    value
}

/// The integer that is the same number, where there is one: `60` for `60.0`.
fn exact_integer(number: f64) -> Option<i64> {
    // Through its digits, which never round: what has more of them than 64 bits hold is no integer.
    (number.fract() == 0.0)
        .then(|| format!("{number:.0}").parse().ok())
        .flatten()
}

pub(super) fn kind_of(value: &Value) -> Kind {
    match value {
        Value::String(_) | Value::Datetime(_) => Kind::String,
        Value::Integer(_) => Kind::Integer,
        Value::Float(_) => Kind::Number,
        Value::Boolean(_) => Kind::Boolean,
        Value::Array(_) => Kind::Array,
        Value::Table(_) => Kind::Table,
    }
}

fn articles(kinds: &[Kind]) -> Vec<&'static str> {
    kinds.iter().map(|kind| in_words(*kind)).collect()
}

fn in_words(kind: Kind) -> &'static str {
    // Whoever typed `yes` knows what a boolean is, and not how it is written.
    if kind == Kind::Boolean {
        "true or false"
    } else {
        kind.with_article()
    }
}

#[cfg(test)]
mod tests {
    use super::{Given, Reading, ValueError, interpret};
    use crate::document::{KeyPath, Value};
    use crate::schema::{Annotation, Kind};

    fn read(text: &str, kinds: &[Kind], current: Option<&str>) -> Result<(Value, Reading), ValueError> {
        let annotation = Annotation {
            kinds: kinds.to_vec(),
            ..Annotation::default()
        };
        let current = current.map(|current| Value::parse_literal(current).unwrap());
        interpret(
            &KeyPath::root().key("k"),
            &Given::Text(text.into()),
            Some(&annotation),
            current.as_ref(),
        )
    }

    fn value(text: &str, kinds: &[Kind], current: Option<&str>) -> String {
        read(text, kinds, current).unwrap().0.to_string()
    }

    #[test]
    fn a_string_type_takes_the_text_literally() {
        assert_eq!(value("60", &[Kind::String], None), "\"60\"");
        assert_eq!(value("true", &[Kind::String], None), "\"true\"");
        assert_eq!(value("\"quoted\"", &[Kind::String], None), r#""\"quoted\"""#);
    }

    #[test]
    fn a_number_type_takes_only_numbers() {
        assert_eq!(value("-5", &[Kind::Integer], None), "-5");
        assert!(read("5 percent", &[Kind::Integer], None).is_err());
        assert!(read("\"5\"", &[Kind::Number], None).is_err());
        assert!(read("", &[Kind::Number], None).is_err());
    }

    #[test]
    fn a_whole_number_is_written_as_a_float_where_floats_stand() {
        assert_eq!(value("5", &[Kind::Number], Some("2.5")), "5.0");
        assert_eq!(value("5", &[Kind::Number], None), "5.0");
        assert_eq!(value("5", &[Kind::Number], Some("2")), "5");
        assert_eq!(
            value("9007199254740993", &[Kind::Number], Some("2.5")),
            "9007199254740993"
        );
    }

    #[test]
    fn a_whole_float_is_written_as_an_integer_where_only_those_are_allowed() {
        assert_eq!(value("60.0", &[Kind::Integer], Some("55")), "60");
        assert_eq!(value("1e2", &[Kind::Integer], None), "100");
        assert_eq!(value("-0.0", &[Kind::Integer], None), "0");
        // One that stands there as a float, by hand, is mended.
        assert_eq!(value("60.0", &[Kind::Integer], Some("55.0")), "60");
        assert_eq!(value("60.0", &[Kind::Integer, Kind::Number], None), "60.0");
        assert_eq!(value("60.0", &[Kind::Number], None), "60.0");
        // Beyond 64 bits there is none; the schema has a say in what a float does there.
        assert_eq!(value("1e300", &[Kind::Integer], None), "1e300");
    }

    #[test]
    fn several_types_take_the_literal_first() {
        assert_eq!(value("5", &[Kind::String, Kind::Integer], None), "5");
        assert_eq!(value("\"5\"", &[Kind::String, Kind::Integer], None), "\"5\"");
        assert_eq!(value("five", &[Kind::String, Kind::Integer], None), "\"five\"");
    }

    #[test]
    fn without_a_schema_what_stands_there_decides() {
        assert_eq!(
            read("7", &[], Some("\"x\"")).unwrap(),
            (Value::String("7".into()), Reading::Document)
        );
        assert!(read("x", &[], Some("7")).is_err());
        assert_eq!(read("7", &[], None).unwrap(), (Value::Integer(7), Reading::Literal));
        assert_eq!(
            read("x y", &[], None).unwrap(),
            (Value::String("x y".into()), Reading::Text)
        );
        assert_eq!(
            read("2026-01-02", &[], Some("2025-01-02")).unwrap().0.to_string(),
            "2026-01-02"
        );
    }
}
