//! A setting's value, apart from how a file spells it: TOML's seven kinds.

use std::fmt;

use indexmap::IndexMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value as Json;
use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};
pub use toml::value::Datetime;

use super::literal;

/// How keys are hashed: seeded per process, and several times quicker than the default for the short names of settings.
pub(super) type Hashing = foldhash::fast::RandomState;

/// The keys of a table in the order of the file. Two tables are equal whatever their order.
pub type Table = IndexMap<String, Value, Hashing>;

/// One TOML value.
///
/// Equality is that of the text an operator would see: `nan` equals `nan`, and `1` does not equal `1.0`.
#[derive(Clone, Debug)]
pub enum Value {
    /// Text.
    String(String),
    /// A whole number of 64 bits.
    Integer(i64),
    /// A floating-point number of 64 bits; may be `inf` or `nan`.
    Float(f64),
    /// `true` or `false`.
    Boolean(bool),
    /// A date, a time, or both, with or without an offset.
    Datetime(Datetime),
    /// An array; an array of tables too.
    Array(Vec<Value>),
    /// A table, inline or not.
    Table(Table),
}

impl Value {
    /// The name of this kind, as messages say it.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::String(_) => "string",
            Self::Integer(_) => "integer",
            Self::Float(_) => "float",
            Self::Boolean(_) => "boolean",
            Self::Datetime(_) => "datetime",
            Self::Array(_) => "array",
            Self::Table(_) => "table",
        }
    }

    /// Reads a TOML literal such as `55`, `"auto"` or `{ flow = 2.5 }`; nothing if the text is none.
    #[must_use]
    pub fn parse_literal(text: &str) -> Option<Self> {
        let parsed = DeValue::parse(text).ok()?;
        Self::from_toml(parsed.get_ref())
    }

    /// The value as JSON. Dates become strings; `inf` and `nan`, which JSON lacks, become strings too, and
    /// the schema check reports them by itself.
    #[must_use]
    pub fn to_json(&self) -> Json {
        match self {
            Self::String(text) => Json::String(text.clone()),
            Self::Integer(number) => Json::from(*number),
            Self::Float(number) => serde_json::Number::from_f64(*number)
                .map_or_else(|| Json::String(literal::float(*number)), Json::Number),
            Self::Boolean(yes) => Json::Bool(*yes),
            Self::Datetime(moment) => Json::String(moment.to_string()),
            Self::Array(items) => Json::Array(items.iter().map(Self::to_json).collect()),
            Self::Table(table) => Json::Object(
                table
                    .iter()
                    .map(|(key, value)| (key.clone(), value.to_json()))
                    .collect(),
            ),
        }
    }

    /// The value that a JSON text stands for; nothing for `null` and for numbers beyond 64 bits, which
    /// TOML cannot hold.
    #[must_use]
    pub fn from_json(json: &Json) -> Option<Self> {
        Some(match json {
            Json::Null => return None,
            Json::Bool(yes) => Self::Boolean(*yes),
            Json::Number(number) => match number.as_i64() {
                Some(whole) => Self::Integer(whole),
                None if number.is_f64() => Self::Float(number.as_f64()?),
                None => return None,
            },
            Json::String(text) => Self::String(text.clone()),
            Json::Array(items) => Self::Array(items.iter().map(Self::from_json).collect::<Option<_>>()?),
            Json::Object(entries) => {
                let entries = entries
                    .iter()
                    .map(|(key, value)| Some((key.clone(), Self::from_json(value)?)));
                Self::Table(entries.collect::<Option<_>>()?)
            }
        })
    }

    /// The value as a script reads it: a string bare, everything else as its TOML literal.
    #[must_use]
    pub fn bare(&self) -> String {
        if let Self::String(text) = self {
            text.clone()
        } else {
            self.to_string()
        }
    }

    /// The table, if this is one.
    #[must_use]
    pub fn as_table(&self) -> Option<&Table> {
        if let Self::Table(table) = self {
            Some(table)
        } else {
            None
        }
    }

    /// The items, if this is an array.
    #[must_use]
    pub fn as_array(&self) -> Option<&[Self]> {
        if let Self::Array(items) = self {
            Some(items)
        } else {
            None
        }
    }

    /// The float that is the same number, if there is one: beyond 53 bits there may be none.
    #[must_use]
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        reason = "compared with what it came from"
    )]
    pub fn exact_float(number: i64) -> Option<Self> {
        let float = number as f64;
        // The largest integers round up to 2^63, which `as` would bring back to them.
        (float < 9_223_372_036_854_775_808.0 && float as i64 == number).then_some(Self::Float(float))
    }

    /// Nothing where the parser accepted a number that 64 bits cannot hold; `Document::parse` refuses such
    /// a document before anyone asks.
    pub(super) fn from_toml(value: &DeValue<'_>) -> Option<Self> {
        Some(match value {
            DeValue::String(text) => Self::String(text.to_string()),
            DeValue::Integer(number) => Self::Integer(i64::from_str_radix(number.as_str(), number.radix()).ok()?),
            DeValue::Float(number) => {
                let parsed: f64 = number.as_str().parse().ok()?;
                let overflowed = parsed.is_infinite() && !number.as_str().contains("inf");
                if overflowed {
                    return None;
                }
                Self::Float(parsed)
            }
            DeValue::Boolean(yes) => Self::Boolean(*yes),
            DeValue::Datetime(moment) => Self::Datetime(*moment),
            DeValue::Array(items) => Self::Array(
                items
                    .iter()
                    .map(|item| Self::from_toml(item.get_ref()))
                    .collect::<Option<_>>()?,
            ),
            DeValue::Table(table) => {
                let entries = in_order(table)
                    .map(|(key, value)| Some((key.get_ref().to_string(), Self::from_toml(value.get_ref())?)));
                Self::Table(entries.collect::<Option<_>>()?)
            }
        })
    }
}

impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::String(a), Self::String(b)) => a == b,
            (Self::Integer(a), Self::Integer(b)) => a == b,
            (Self::Float(a), Self::Float(b)) => a.to_bits() == b.to_bits() || a.is_nan() && b.is_nan(),
            (Self::Boolean(a), Self::Boolean(b)) => a == b,
            (Self::Datetime(a), Self::Datetime(b)) => a == b,
            (Self::Array(a), Self::Array(b)) => a == b,
            (Self::Table(a), Self::Table(b)) => a == b,
            _ => false,
        }
    }
}

impl Eq for Value {}

/// The TOML literal, on one line.
impl fmt::Display for Value {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&literal::inline(self))
    }
}

/// The keys of a table as the text names them first. The parser sorts them by name, which is quicker than to hash them
/// there and here.
pub(super) fn in_order<'t, 'd>(
    table: &'t DeTable<'d>,
) -> impl Iterator<Item = (&'t Spanned<DeString<'d>>, &'t Spanned<DeValue<'d>>)> {
    let mut entries: Vec<_> = table.iter().collect();
    entries.sort_unstable_by_key(|(key, _)| key.span().start);
    entries.into_iter()
}

impl From<toml::Value> for Value {
    fn from(value: toml::Value) -> Self {
        match value {
            toml::Value::String(text) => Self::String(text),
            toml::Value::Integer(number) => Self::Integer(number),
            toml::Value::Float(number) => Self::Float(number),
            toml::Value::Boolean(yes) => Self::Boolean(yes),
            toml::Value::Datetime(moment) => Self::Datetime(moment),
            toml::Value::Array(items) => Self::Array(items.into_iter().map(Self::from).collect()),
            toml::Value::Table(table) => {
                Self::Table(table.into_iter().map(|(key, value)| (key, Self::from(value))).collect())
            }
        }
    }
}

/// From TOML, so that dates stay dates.
impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        toml::Value::deserialize(deserializer).map(Self::from)
    }
}

/// As [`Value::to_json`].
impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.to_json().serialize(serializer)
    }
}

#[cfg(test)]
mod tests {
    use super::Value;

    #[test]
    fn a_literal_reads_back_as_it_was_printed() {
        for text in [
            "-5",
            "0.5",
            "1e100",
            "nan",
            "-inf",
            "true",
            r#""a\"b\\""#,
            "1979-05-27T07:32:00Z",
            "[1, [2.0, { a = 1 }]]",
            "07:32:00",
            "-0.0",
        ] {
            let value = Value::parse_literal(text).unwrap();
            assert_eq!(Value::parse_literal(&value.to_string()).unwrap(), value, "{text}");
        }
    }

    #[test]
    fn numbers_beyond_64_bits_are_no_value() {
        assert_eq!(
            Value::parse_literal("9223372036854775807"),
            Some(Value::Integer(i64::MAX))
        );
        assert_eq!(Value::parse_literal("9223372036854775808"), None);
        assert_eq!(Value::parse_literal("1e999"), None);
        assert_eq!(Value::from_json(&serde_json::json!(u64::MAX)), None);
    }

    #[test]
    fn a_whole_float_stays_a_float() {
        assert_eq!(Value::Float(5.0).to_string(), "5.0");
        assert_ne!(Value::Float(5.0), Value::Integer(5));
    }
}
