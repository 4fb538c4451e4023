//! Which values are secret. One keyword anywhere around a value is enough: printing cannot be taken back.

use std::ops::Range;
use std::sync::Arc;

use serde_json::Value as Json;

use super::secrecy::{Secrecy, Standing};
use crate::document::{self, Document, KeyPath, Value};
use crate::schema::Schema;

impl Schema {
    /// Whether it marks anything in a document as secret. Most schemas do not.
    #[must_use]
    pub fn has_secrets(&self) -> bool {
        !self.secrecy().is_empty()
    }

    /// Whether the value at a path, or a table around it, is secret.
    #[must_use]
    pub fn is_secret(&self, path: &KeyPath) -> bool {
        self.secrecy().at(path) == Standing::Secret
    }

    /// Whether a value that is no table or array could be a secret at this path: it is marked, or it stands in the
    /// place of a table or an array that would hold one, or without the array around it.
    #[must_use]
    pub fn may_be_secret(&self, path: &KeyPath) -> bool {
        self.secrecy().near(path) != Standing::Open
    }

    /// The names of the keys whose values are secret, in no table's context; nothing where any key's could be.
    #[must_use]
    pub fn secret_names(&self) -> Option<Vec<String>> {
        let names = self.secrecy().names()?;
        Some(names.into_iter().map(str::to_owned).collect())
    }

    /// The secret values of a document that are no tables or arrays, in the order of the file.
    #[must_use]
    pub fn secret_values(&self, document: &Document) -> Vec<(KeyPath, Value)> {
        if !self.has_secrets() {
            return Vec::new();
        }
        self.secret_values_in(document, &document.to_json())
    }

    /// As [`Schema::secret_values`], where the document's JSON is at hand.
    pub(in crate::schema) fn secret_values_in(&self, document: &Document, json: &Json) -> Vec<(KeyPath, Value)> {
        let mut paths = Vec::new();
        self.gather_secrets(&self.secrecy().root(), &KeyPath::root(), json, &mut paths);
        let found = paths.into_iter().filter_map(|path| {
            let value = document.get(&path)?;
            Some((path, value))
        });
        found.collect()
    }

    /// Where the secret values of a document stand, so that a line that holds one can be shown without it.
    #[must_use]
    pub fn secrets(&self, document: &Document) -> Vec<Range<usize>> {
        if !self.has_secrets() {
            return Vec::new();
        }
        let leaves = document::changes(&Document::default(), document).into_iter();
        // Of tables, only empty ones are leaves.
        let is_plain = |value: &Value| !matches!(value, Value::Table(_));
        let hidden = leaves.filter(|leaf| {
            let after = leaf.after.as_ref();
            self.is_secret(&leaf.key) || after.is_some_and(is_plain) && self.may_be_secret(&leaf.key)
        });
        let places = hidden.filter_map(|leaf| Some(document.locate(&leaf.key)?.value));
        let mut places: Vec<Range<usize>> = places.collect();
        places.sort_by_key(|place| place.start);
        places
    }

    fn gather_secrets(&self, standing: &Standing, path: &KeyPath, json: &Json, found: &mut Vec<KeyPath>) {
        if *standing == Standing::Open {
            return;
        }
        match json {
            Json::Object(entries) => {
                for (key, value) in entries {
                    let below = match standing {
                        Standing::Around(nodes) => self.secrecy().key(nodes, key),
                        Standing::Open | Standing::Secret => standing.clone(),
                    };
                    if below != Standing::Open {
                        self.gather_secrets(&below, &path.key(key.as_str()), value, found);
                    }
                }
            }
            Json::Array(items) => {
                for (index, value) in items.iter().enumerate() {
                    let below = match standing {
                        Standing::Around(nodes) => self.secrecy().item(nodes, index),
                        Standing::Open | Standing::Secret => standing.clone(),
                    };
                    if below != Standing::Open {
                        self.gather_secrets(&below, &path.index(index), value, found);
                    }
                }
            }
            Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => {
                if *standing == Standing::Secret {
                    found.push(path.clone());
                }
            }
        }
    }

    fn secrecy(&self) -> &Secrecy {
        self.secrecy.get_or_init(|| Arc::new(Secrecy::of(self)))
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

    #[test]
    fn what_stands_where_a_secret_would_stand_could_be_one() {
        let schema = json!({"properties": {
            "open": {},
            "mqtt": {"properties": {"password": {"x-secret": true}, "host": {}}},
            "codes": {"type": "array", "items": {"x-secret": true}},
            "links": {"type": "array", "items": {"properties": {"wep": {"x-secret": true}, "name": {}}}}
        }});
        let schema = Schema::parse("s.json", &schema.to_string()).unwrap();
        let could = |path: &str| schema.may_be_secret(&path.parse().unwrap());
        for path in [
            "mqtt.password",
            "mqtt",
            "mqtt[0]",
            "codes",
            "codes[1]",
            "codes.a",
            "links",
            "links.wep",
        ] {
            assert!(could(path), "{path}");
        }
        for path in ["open", "mqtt.host", "links[0].name", "links.name", "other"] {
            assert!(!could(path), "{path}");
        }
    }
}
