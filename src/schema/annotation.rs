//! What a schema says about one setting, gathered from wherever it says it, and the words for it.

use std::fmt;

use serde::Serialize;
use serde_json::{Map, Number, Value as Json};

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

    /// What holds where both schemas hold, as for `$ref` and `allOf`: the narrower bound, and of texts
    /// those of `self`, which stands nearer to the setting.
    pub(super) fn and(mut self, other: Self) -> Self {
        self.kinds = match (self.kinds.is_empty(), other.kinds.is_empty()) {
            (true, _) => other.kinds.clone(),
            (_, true) => self.kinds,
            _ => shared(&self.kinds, &other.kinds),
        };
        if self.values.is_empty() {
            self.values.clone_from(&other.values);
        } else if !other.values.is_empty() {
            self.values.retain(|value| other.values.contains(value));
        }
        self.minimum = tighter(self.minimum, other.minimum.clone(), |a, b| a > b);
        self.maximum = tighter(self.maximum, other.maximum.clone(), |a, b| a < b);
        self.exclusive_minimum = tighter(self.exclusive_minimum, other.exclusive_minimum.clone(), |a, b| a > b);
        self.exclusive_maximum = tighter(self.exclusive_maximum, other.exclusive_maximum.clone(), |a, b| a < b);
        self.min_length = self.min_length.max(other.min_length);
        self.max_length = least(self.max_length, other.max_length);
        self.min_items = self.min_items.max(other.min_items);
        self.max_items = least(self.max_items, other.max_items);
        self.multiple_of = self.multiple_of.or_else(|| other.multiple_of.clone());
        self.pattern = self.pattern.or_else(|| other.pattern.clone());
        self.format = self.format.or_else(|| other.format.clone());
        self.with_words_of(other)
    }

    /// What can be said of a value that fits the one schema or the other, as for `anyOf`: the kinds of
    /// both, the values if both list them, and whatever both say alike.
    pub(super) fn or(mut self, other: Self) -> Self {
        self.kinds = if self.kinds.is_empty() || other.kinds.is_empty() {
            Vec::new()
        } else {
            let mut kinds = self.kinds;
            kinds.extend(other.kinds);
            kinds.sort_unstable();
            kinds.dedup();
            kinds
        };
        self.values = if self.values.is_empty() || other.values.is_empty() {
            self.examples.extend(self.values);
            self.examples.extend(other.values);
            Vec::new()
        } else {
            let mut values = self.values;
            values.extend(other.values);
            values
        };
        self.title = alike(self.title, other.title.as_ref());
        self.description = alike(self.description, other.description.as_ref());
        self.default = alike(self.default, other.default.as_ref());
        self.minimum = alike(self.minimum, other.minimum.as_ref());
        self.maximum = alike(self.maximum, other.maximum.as_ref());
        self.exclusive_minimum = alike(self.exclusive_minimum, other.exclusive_minimum.as_ref());
        self.exclusive_maximum = alike(self.exclusive_maximum, other.exclusive_maximum.as_ref());
        self.multiple_of = alike(self.multiple_of, other.multiple_of.as_ref());
        self.min_length = alike(self.min_length, other.min_length.as_ref());
        self.max_length = alike(self.max_length, other.max_length.as_ref());
        self.min_items = alike(self.min_items, other.min_items.as_ref());
        self.max_items = alike(self.max_items, other.max_items.as_ref());
        self.pattern = alike(self.pattern, other.pattern.as_ref());
        self.format = alike(self.format, other.format.as_ref());
        self.unit = alike(self.unit, other.unit.as_ref());
        self.apply = alike(self.apply, other.apply.as_ref());
        // One branch that calls it secret is enough: printing cannot be taken back.
        self.secret |= other.secret;
        self.read_only &= other.read_only;
        self.deprecated &= other.deprecated;
        self.examples.extend(other.examples);
        self
    }

    /// Fills what `self` leaves open with the words of `other`, not with its bounds: those of an `if`'s
    /// branches hold only sometimes.
    pub(super) fn with_words_of(mut self, other: Self) -> Self {
        self.title = self.title.or(other.title);
        self.description = self.description.or(other.description);
        self.default = self.default.or(other.default);
        self.unit = self.unit.or(other.unit);
        self.apply = self.apply.or(other.apply);
        self.secret |= other.secret;
        self.read_only |= other.read_only;
        self.deprecated |= other.deprecated;
        if self.key.is_empty() {
            self.key = other.key;
        }
        if self.renamed_from.is_empty() {
            self.renamed_from = other.renamed_from;
        }
        if self.examples.is_empty() {
            self.examples = other.examples;
        }
        self
    }

    /// The bounds in words: "0 to 100 percent, default 60"; nothing where the schema sets none.
    #[must_use]
    pub fn bounds(&self) -> Option<String> {
        let mut parts = Vec::new();
        if self.values.is_empty() {
            parts.extend(self.range());
            parts.extend(span_of(self.min_length, self.max_length, "character"));
            parts.extend(span_of(self.min_items, self.max_items, "item"));
            parts.extend(self.format.as_ref().map(|format| format!("format {format}")));
            parts.extend(self.pattern.as_ref().map(|pattern| format!("matching `{pattern}`")));
        } else {
            parts.push(listed(self.values.iter().map(ToString::to_string), "or"));
        }
        if let Some(default) = self.default.as_ref().filter(|_| !self.secret) {
            parts.push(format!("default {default}"));
        }
        (!parts.is_empty()).then(|| parts.join(", "))
    }

    /// The kinds in words: "a string or an integer"; nothing where any will do.
    #[must_use]
    pub fn kind_in_words(&self) -> Option<String> {
        let kinds = self.kinds.iter().map(|kind| kind.with_article().to_owned());
        (!self.kinds.is_empty()).then(|| listed(kinds, "or"))
    }

    fn range(&self) -> Option<String> {
        let low = match (&self.minimum, &self.exclusive_minimum) {
            (Some(at), Some(above)) if above.as_f64() >= at.as_f64() => Some((above, true)),
            (Some(at), _) => Some((at, false)),
            (None, Some(above)) => Some((above, true)),
            (None, None) => None,
        };
        let high = match (&self.maximum, &self.exclusive_maximum) {
            (Some(at), Some(below)) if below.as_f64() <= at.as_f64() => Some((below, true)),
            (Some(at), _) => Some((at, false)),
            (None, Some(below)) => Some((below, true)),
            (None, None) => None,
        };
        let mut words = match (low, high) {
            (Some((low, false)), Some((high, false))) => format!("{low} to {high}"),
            (Some((low, true)), Some((high, true))) => format!("more than {low} and less than {high}"),
            (Some((low, true)), Some((high, false))) => format!("more than {low}, up to {high}"),
            (Some((low, false)), Some((high, true))) => format!("from {low} to less than {high}"),
            (Some((low, false)), None) => format!("at least {low}"),
            (Some((low, true)), None) => format!("more than {low}"),
            (None, Some((high, false))) => format!("at most {high}"),
            (None, Some((high, true))) => format!("less than {high}"),
            (None, None) => String::new(),
        };
        match (&self.unit, words.is_empty()) {
            (Some(unit), false) => words = format!("{words} {unit}"),
            (Some(unit), true) => words = format!("in {unit}"),
            (None, _) => {}
        }
        if let Some(step) = &self.multiple_of {
            let space = if words.is_empty() { "" } else { " " };
            words = format!("{words}{space}in steps of {step}");
        }
        (!words.is_empty()).then_some(words)
    }
}

/// "a, b or c".
pub(super) fn listed(words: impl IntoIterator<Item = String>, last: &str) -> String {
    let mut words: Vec<String> = words.into_iter().collect();
    match words.pop() {
        None => String::new(),
        Some(only) if words.is_empty() => only,
        Some(end) => format!("{} {last} {end}", words.join(", ")),
    }
}

fn span_of(least: Option<u64>, most: Option<u64>, what: &str) -> Option<String> {
    let counted = |number: u64| format!("{number} {what}{}", if number == 1 { "" } else { "s" });
    Some(match (least, most) {
        (Some(least), Some(most)) if least == most => format!("exactly {}", counted(most)),
        (Some(least), Some(most)) => format!("{least} to {}", counted(most)),
        (Some(least), None) => format!("at least {}", counted(least)),
        (None, Some(most)) => format!("at most {}", counted(most)),
        (None, None) => return None,
    })
}

fn alike<T: PartialEq>(own: Option<T>, other: Option<&T>) -> Option<T> {
    own.filter(|own| other == Some(own))
}

fn names(json: Option<&Json>) -> Vec<String> {
    match json {
        Some(Json::String(name)) => vec![name.clone()],
        Some(Json::Array(names)) => names.iter().filter_map(Json::as_str).map(str::to_owned).collect(),
        _ => Vec::new(),
    }
}

fn shared(ours: &[Kind], theirs: &[Kind]) -> Vec<Kind> {
    let narrow = |kind: &Kind| theirs.iter().any(|other| other.covers(*kind));
    let mut kinds: Vec<Kind> = ours.iter().copied().filter(narrow).collect();
    kinds.extend(theirs.iter().filter(|kind| {
        let wider = |own: &Kind| own.covers(**kind) && own != *kind;
        ours.iter().any(wider)
    }));
    kinds
}

fn tighter(own: Option<Number>, other: Option<Number>, is_tighter: fn(f64, f64) -> bool) -> Option<Number> {
    match (own, other) {
        (Some(own), Some(other)) => {
            let replaces = other.as_f64().zip(own.as_f64()).is_some_and(|(a, b)| is_tighter(a, b));
            Some(if replaces { other } else { own })
        }
        (own, other) => own.or(other),
    }
}

fn least(own: Option<u64>, other: Option<u64>) -> Option<u64> {
    match (own, other) {
        (Some(own), Some(other)) => Some(own.min(other)),
        (own, other) => own.or(other),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};

    use super::{Annotation, Kind};

    fn annotation(schema: &Json) -> Annotation {
        Annotation::of(schema.as_object().unwrap(), "#".to_owned())
    }

    fn bounds(schema: &Json) -> String {
        annotation(schema).bounds().unwrap_or_default()
    }

    #[test]
    fn bounds_read_as_a_person_would_say_them() {
        let percent = json!({"minimum": 0, "maximum": 100, "x-unit": "percent", "default": 60});
        assert_eq!(bounds(&percent), "0 to 100 percent, default 60");
        assert_eq!(
            bounds(&json!({"exclusiveMinimum": 0, "x-unit": "bar"})),
            "more than 0 bar"
        );
        assert_eq!(
            bounds(&json!({"minimum": 0, "exclusiveMinimum": true, "maximum": 2})),
            "more than 0, up to 2"
        );
        assert_eq!(bounds(&json!({"minLength": 1, "maxLength": 63})), "1 to 63 characters");
        assert_eq!(bounds(&json!({"maxItems": 1})), "at most 1 item");
        assert_eq!(
            bounds(&json!({"enum": ["auto", "manual", "off"], "default": "auto"})),
            r#""auto", "manual" or "off", default "auto""#
        );
        assert_eq!(bounds(&json!({"multipleOf": 5, "x-unit": "s"})), "in s in steps of 5");
        assert_eq!(bounds(&json!({"type": "string"})), "");
    }

    #[test]
    fn the_default_of_a_secret_is_not_printed() {
        assert_eq!(bounds(&json!({"x-secret": true, "default": "hunter2"})), "");
    }

    #[test]
    fn two_schemas_that_both_hold_leave_the_narrower_bound() {
        let both = annotation(&json!({"type": ["number", "string"], "minimum": 0, "maximum": 9}))
            .and(annotation(&json!({"type": "integer", "minimum": 3, "title": "t"})));
        assert_eq!(both.kinds, [Kind::Integer]);
        assert_eq!(both.bounds().unwrap(), "3 to 9");
        assert_eq!(both.title.as_deref(), Some("t"));
    }

    #[test]
    fn of_two_alternatives_only_what_both_say_is_sure() {
        let either = annotation(&json!({"type": "integer", "minimum": 0, "title": "same"})).or(annotation(
            &json!({"type": "string", "enum": ["auto"], "title": "same", "x-secret": true}),
        ));
        assert_eq!(either.kinds, [Kind::String, Kind::Integer]);
        assert_eq!(either.minimum, None);
        assert_eq!(either.title.as_deref(), Some("same"));
        assert!(either.values.is_empty() && either.examples.len() == 1);
        assert!(either.secret);
    }
}
