//! What was probably meant: a key or a value of a similar name, a bound, the same value as another kind.
//! A suggestion never tells anything of a secret.

use serde_json::{Number, Value as Json};

use super::{Kind, Schema};
use crate::document::{Document, KeyPath, Segment, Value};

/// Makes suggestions for one document.
pub(super) struct Suggestions<'s> {
    schema: &'s Schema,
    document: &'s Document,
}

impl<'s> Suggestions<'s> {
    pub(super) fn new(schema: &'s Schema, document: &'s Document) -> Self {
        Self { schema, document }
    }

    /// A declared key of a similar name; of two that are alike, the one that the document does not hold yet. One that
    /// it holds may be meant too: whoever sets a key sets most often what stands there.
    pub(super) fn key(&self, path: &KeyPath) -> Option<String> {
        let (table, Segment::Key(key)) = path.split_last()? else {
            return None;
        };
        let mut known = self.schema.declared(&table);
        known.sort_by_key(|known| self.document.contains(&table.key(known.as_str())));
        most_similar(key, known.iter().map(String::as_str)).map(str::to_owned)
    }

    /// An allowed value of a similar name, or the only one that is allowed; a TOML literal.
    pub(super) fn value(&self, path: &KeyPath, values: &[Json]) -> Option<String> {
        if self.schema.may_be_secret(path) {
            return None;
        }
        let found = self.document.get(path)?;
        if let [only] = values {
            return Value::from_json(only)
                .filter(|only| only.kind() == found.kind())
                .map(|only| only.to_string());
        }
        let Value::String(text) = found else {
            return None;
        };
        let similar = most_similar(&text, values.iter().filter_map(Json::as_str))?;
        Some(Value::String(similar.to_owned()).to_string())
    }

    /// A bound, as a literal of the kind that stands in the document.
    pub(super) fn limit(&self, path: &KeyPath, limit: &Number) -> String {
        match (self.document.get(path), limit.as_f64()) {
            (Some(Value::Float(_)), Some(limit)) => Value::Float(limit).to_string(),
            (Some(Value::Integer(_)), Some(whole)) if limit.is_f64() && whole.fract() == 0.0 => format!("{whole:.0}"),
            _ => limit.to_string(),
        }
    }

    /// The value as a kind that is wanted, where its text says the same: `"60"` as `60`.
    pub(super) fn converted(&self, path: &KeyPath, kinds: &[Kind]) -> Option<String> {
        let value = self.document.get(path)?;
        if self.schema.may_be_secret(path) {
            return None;
        }
        let wants = |kind: Kind| kinds.contains(&kind);
        let own = match &value {
            Value::String(text) => {
                if let Some(read) = read_as(text, kinds) {
                    return Some(read);
                }
                Kind::String
            }
            Value::Integer(_) => Kind::Integer,
            Value::Float(number) if number.is_finite() => Kind::Number,
            Value::Boolean(_) => Kind::Boolean,
            Value::Float(_) | Value::Datetime(_) | Value::Array(_) | Value::Table(_) => return None,
        };
        if wants(Kind::String) {
            return Some(Value::String(value.to_string()).to_string());
        }
        let item = self.schema.annotation(&path.index(0))?;
        let alone = wants(Kind::Array) && item.kinds.contains(&own);
        alone.then(|| Value::Array(vec![value]).to_string())
    }
}

/// What the text of a string would be without its quotes.
fn read_as(text: &str, kinds: &[Kind]) -> Option<String> {
    let wants = |kind: Kind| kinds.contains(&kind);
    if wants(Kind::Boolean) {
        match text.to_ascii_lowercase().as_str() {
            "yes" | "on" | "true" => return Some("true".to_owned()),
            "no" | "off" | "false" => return Some("false".to_owned()),
            _ => {}
        }
    }
    let read = Value::parse_literal(text.trim())?;
    let fits = match &read {
        Value::Integer(_) => wants(Kind::Integer) || wants(Kind::Number),
        Value::Float(number) => number.is_finite() && wants(Kind::Number),
        Value::String(_) | Value::Boolean(_) | Value::Datetime(_) | Value::Array(_) | Value::Table(_) => false,
    };
    fits.then(|| read.to_string())
}

/// The most similar name, if one is similar enough to be meant.
fn most_similar<'n>(wanted: &str, known: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    let wanted = wanted.to_lowercase();
    let slips = |name: &'n str| {
        let lower = name.to_lowercase();
        let slips = strsim::damerau_levenshtein(&wanted, &lower);
        // One slip in three characters, two in six: more is another word.
        let most = wanted.chars().count().max(lower.chars().count()) / 3;
        (slips <= most.max(1)).then_some((slips, name))
    };
    known
        .filter_map(slips)
        .min_by_key(|(slips, _)| *slips)
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::most_similar;

    #[test]
    fn a_slip_is_recognised_and_another_word_is_not() {
        let known = ["threshold", "interval", "mode"];
        let similar = |wanted: &str| most_similar(wanted, known.into_iter());
        assert_eq!(similar("treshold"), Some("threshold"));
        assert_eq!(similar("Threshhold"), Some("threshold"));
        assert_eq!(similar("mdoe"), Some("mode"));
        assert_eq!(similar("pressure"), None);
    }
}
