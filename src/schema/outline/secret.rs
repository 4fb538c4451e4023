//! Which values are secret. One keyword anywhere around a value is enough: printing cannot be taken back.

use std::ops::Range;

use super::Outline;
use crate::document::{Document, KeyPath, Value};
use crate::schema::Schema;

impl Schema {
    /// Where the secret values of a document stand, so that a line that holds one can be shown without it.
    #[must_use]
    pub fn secrets(&self, document: &Document) -> Vec<Range<usize>> {
        let mut spans = Vec::new();
        if let Some(root) = document.get(&KeyPath::root()) {
            self.gather_secrets(document, &KeyPath::root(), &root, &mut spans);
        }
        spans
    }

    fn gather_secrets(&self, document: &Document, path: &KeyPath, value: &Value, spans: &mut Vec<Range<usize>>) {
        let inside: Vec<(KeyPath, &Value)> = match value {
            Value::Table(entries) => entries
                .iter()
                .map(|(key, value)| (path.key(key.as_str()), value))
                .collect(),
            Value::Array(items) => items
                .iter()
                .enumerate()
                .map(|(index, value)| (path.index(index), value))
                .collect(),
            Value::String(_) | Value::Integer(_) | Value::Float(_) | Value::Boolean(_) | Value::Datetime(_) => {
                if self.is_secret(path)
                    && let Some(location) = document.locate(path)
                {
                    spans.push(location.value);
                }
                return;
            }
        };
        for (path, value) in inside {
            self.gather_secrets(document, &path, value, spans);
        }
    }

    /// Whether the value at a path, or a table around it, is secret.
    #[must_use]
    pub fn is_secret(&self, path: &KeyPath) -> bool {
        let mut outline = Outline::new(self);
        let segments = path.segments();
        (0..=segments.len()).any(|length| {
            let annotation = outline.annotate(&self.root(), &segments[..length]);
            annotation.is_some_and(|annotation| annotation.secret)
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::schema::Schema;

    #[test]
    fn what_stands_below_a_secret_is_secret() {
        let schema = json!({
            "properties": {
                "auth": {"x-secret": true, "additionalProperties": {"type": "string"}},
                "key": {"anyOf": [{"type": "string", "writeOnly": true}, {"type": "integer"}]},
                "open": {}
            },
            "then": {"properties": {"maybe": {"x-secret": true}}}, "if": {}
        });
        let schema = Schema::parse("s.json", &schema.to_string()).unwrap();
        let secret = |path: &str| schema.is_secret(&path.parse().unwrap());
        assert!(secret("auth") && secret("auth.x") && secret("auth.x[0].y") && secret("key") && secret("maybe"));
        assert!(!secret("open") && !secret("unknown"));
    }
}
