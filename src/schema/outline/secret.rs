//! Which values are secret. One keyword anywhere around a value is enough: printing cannot be taken back.

use std::ops::Range;

use serde_json::Value as Json;

use super::Outline;
use crate::document::{Document, KeyPath, Value};
use crate::schema::place::find;
use crate::schema::{Schema, keyword};

impl Schema {
    /// Whether it marks anything as secret. Most schemas do not, and their documents need not be searched.
    #[must_use]
    pub fn has_secrets(&self) -> bool {
        let marks = |json: &Json| {
            let says = |keyword: &str| json.get(keyword) == Some(&Json::Bool(true));
            says(keyword::SECRET) || says("writeOnly")
        };
        self.files().iter().any(|file| find(&file.json, &marks).is_some())
    }

    /// The secret values of a document that are no tables or arrays, in the order of the file.
    #[must_use]
    pub fn secret_values(&self, document: &Document) -> Vec<(KeyPath, Value)> {
        let mut found = Vec::new();
        if self.has_secrets()
            && let Some(root) = document.get(&KeyPath::root())
        {
            self.gather_secrets(&KeyPath::root(), &root, &mut found);
        }
        found
    }

    /// Where the secret values of a document stand, so that a line that holds one can be shown without it.
    #[must_use]
    pub fn secrets(&self, document: &Document) -> Vec<Range<usize>> {
        let values = self.secret_values(document);
        let places = values.iter().filter_map(|(path, _)| document.locate(path));
        places.map(|location| location.value).collect()
    }

    fn gather_secrets(&self, path: &KeyPath, value: &Value, found: &mut Vec<(KeyPath, Value)>) {
        match value {
            Value::Table(entries) => {
                for (key, value) in entries {
                    self.gather_secrets(&path.key(key.as_str()), value, found);
                }
            }
            Value::Array(items) => {
                for (index, value) in items.iter().enumerate() {
                    self.gather_secrets(&path.index(index), value, found);
                }
            }
            Value::String(_) | Value::Integer(_) | Value::Float(_) | Value::Boolean(_) | Value::Datetime(_) => {
                if self.is_secret(path) {
                    found.push((path.clone(), value.clone()));
                }
            }
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
