//! What a schema says about one setting, gathered from wherever it says it, and the words for it.

mod combine;
mod words;

use std::fmt;

use serde::Serialize;
use serde_json::{Map, Number, Value as Json};

pub(super) use self::words::listed;
use super::keyword;
use crate::document::Value;

/// A kind of value, as JSON Schema's `type` names it. `null` is left out: TOML has none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Text; a date or a time too.
    String,
    /// A whole number; `5.0` is one.
    Integer,
    /// Any number.
    Number,
    /// `true` or `false`.
    Boolean,
    /// An array.
    Array,
    /// A table.
    Table,
}

/// What it takes for a changed value to be in force (`x-apply`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Apply {
    /// Nothing.
    Hot,
    /// The plugin reads its settings again.
    Reload,
    /// The plugin starts anew.
    Restart,
}

/// What a schema says about one setting.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Annotation {
    /// The kinds of value allowed; empty where the schema does not say.
    pub kinds: Vec<Kind>,
    /// A short name.
    pub title: Option<String>,
    /// What the setting does, as the schema's author wrote it.
    pub description: Option<String>,
    /// The value in force when the setting is absent.
    pub default: Option<Value>,
    /// The smallest number allowed.
    pub minimum: Option<Number>,
    /// The largest number allowed.
    pub maximum: Option<Number>,
    /// Numbers must be larger than this.
    pub exclusive_minimum: Option<Number>,
    /// Numbers must be smaller than this.
    pub exclusive_maximum: Option<Number>,
    /// Numbers must be a multiple of this.
    pub multiple_of: Option<Number>,
    /// The fewest characters of a text.
    pub min_length: Option<u64>,
    /// The most characters of a text.
    pub max_length: Option<u64>,
    /// The fewest items of an array.
    pub min_items: Option<u64>,
    /// The most items of an array.
    pub max_items: Option<u64>,
    /// The regular expression that a text must match.
    pub pattern: Option<String>,
    /// The `format` of a text.
    pub format: Option<String>,
    /// The only values allowed, if the schema lists them (`enum`, `const`).
    pub values: Vec<Value>,
    /// The unit of the number (`x-unit`).
    pub unit: Option<String>,
    /// Whether the value is secret (`x-secret`, `writeOnly`).
    pub secret: bool,
    /// Whether only the plugin writes it (`readOnly`).
    pub read_only: bool,
    /// What it takes for a change to be in force (`x-apply`).
    pub apply: Option<Apply>,
    /// The keys that tell the tables of this array apart (`x-key`).
    pub key: Vec<String>,
    /// What the setting was called before, newest first (`x-renamed-from`).
    pub renamed_from: Vec<String>,
    /// Whether the setting should no longer be used.
    pub deprecated: bool,
    /// Values that the schema's author gives as examples.
    pub examples: Vec<Value>,
    /// Where the schema declares the setting: `#/properties/threshold`.
    pub pointer: String,
}

impl Kind {
    /// The kinds that `type` names: for `"number"` number, for `["string", "null"]` string.
    fn list(json: &Json) -> Vec<Self> {
        let names = match json {
            Json::String(_) => std::slice::from_ref(json),
            Json::Array(names) => names,
            Json::Null | Json::Bool(_) | Json::Number(_) | Json::Object(_) => &[],
        };
        names.iter().filter_map(|name| Self::named(name.as_str()?)).collect()
    }

    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "string" => Self::String,
            "integer" => Self::Integer,
            "number" => Self::Number,
            "boolean" => Self::Boolean,
            "array" => Self::Array,
            "object" => Self::Table,
            _ => return None,
        })
    }

    /// The kind with its article: "an integer".
    #[must_use]
    pub fn with_article(self) -> &'static str {
        match self {
            Self::String => "a string",
            Self::Integer => "an integer",
            Self::Number => "a number",
            Self::Boolean => "a boolean",
            Self::Array => "an array",
            Self::Table => "a table",
        }
    }

    fn covers(self, other: Self) -> bool {
        self == other || (self == Self::Number && other == Self::Integer)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let named = self.with_article();
        formatter.write_str(named.split_once(' ').map_or(named, |(_, name)| name))
    }
}

impl Annotation {
    /// What the keywords of one schema object say, without those of the schemas that it refers to.
    pub(super) fn of(keywords: &Map<String, Json>, pointer: String) -> Self {
        let text = |name: &str| keywords.get(name).and_then(Json::as_str).map(str::to_owned);
        let count = |name: &str| keywords.get(name).and_then(Json::as_u64);
        let number = |name: &str| keywords.get(name).and_then(Json::as_number).cloned();
        let is = |name: &str| keywords.get(name).and_then(Json::as_bool) == Some(true);
        let values = |name: &str| match keywords.get(name) {
            Some(Json::Array(values)) => values.iter().filter_map(Value::from_json).collect(),
            _ => Vec::new(),
        };
        let constant = keywords.get("const").and_then(Value::from_json);
        // Draft 4 makes `minimum` exclusive by `"exclusiveMinimum": true` beside it.
        let bound = |name: &str, exclusive: &str| if is(exclusive) { None } else { number(name) };
        let strict = |name: &str, exclusive: &str| if is(exclusive) { number(name) } else { number(exclusive) };
        Self {
            kinds: keywords.get("type").map(Kind::list).unwrap_or_default(),
            title: text("title"),
            description: text("description"),
            default: keywords.get("default").and_then(Value::from_json),
            minimum: bound("minimum", "exclusiveMinimum"),
            maximum: bound("maximum", "exclusiveMaximum"),
            exclusive_minimum: strict("minimum", "exclusiveMinimum"),
            exclusive_maximum: strict("maximum", "exclusiveMaximum"),
            multiple_of: number("multipleOf"),
            min_length: count("minLength"),
            max_length: count("maxLength"),
            min_items: count("minItems"),
            max_items: count("maxItems"),
            pattern: text("pattern"),
            format: text("format"),
            values: constant.map_or_else(|| values("enum"), |only| vec![only]),
            unit: text(keyword::UNIT),
            secret: is(keyword::SECRET) || is("writeOnly"),
            read_only: is("readOnly"),
            apply: match keywords.get(keyword::APPLY).and_then(Json::as_str) {
                Some("hot") => Some(Apply::Hot),
                Some("reload") => Some(Apply::Reload),
                Some("restart") => Some(Apply::Restart),
                _ => None,
            },
            key: names(keywords.get(keyword::KEY)),
            renamed_from: names(keywords.get(keyword::RENAMED_FROM)),
            deprecated: is("deprecated"),
            examples: values("examples"),
            pointer,
        }
    }
}

fn names(json: Option<&Json>) -> Vec<String> {
    match json {
        Some(Json::String(name)) => vec![name.clone()],
        Some(Json::Array(names)) => names.iter().filter_map(Json::as_str).map(str::to_owned).collect(),
        _ => Vec::new(),
    }
}
