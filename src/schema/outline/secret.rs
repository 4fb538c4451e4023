//! Which values are secret. One keyword anywhere around a value is enough: printing cannot be taken back.

use std::ops::Range;
use std::sync::PoisonError;

use serde_json::Value as Json;

use super::Outline;
use crate::document::{self, Document, KeyPath, Segment, Value};
use crate::schema::place::find;
use crate::schema::{Kind, Schema, keyword};

/// So many paths are remembered with what was found of them.
const MOST_TOLD: usize = 4096;

impl Schema {
    /// Whether it marks anything as secret. Most schemas do not, and their documents need not be searched.
    #[must_use]
    pub fn has_secrets(&self) -> bool {
        self.files().iter().any(|file| marks_any(&file.json))
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

    /// Whether a value that is no table or array could be a secret at this path: it is marked, or it stands in the
    /// place of a table or an array that would hold one, or without the array around it.
    #[must_use]
    pub fn may_be_secret(&self, path: &KeyPath) -> bool {
        // A declared value of its own needs no walk through the whole schema: `get` asks every time.
        let is_plain = |kind: &Kind| matches!(kind, Kind::String | Kind::Integer | Kind::Number | Kind::Boolean);
        let kinds = self
            .annotation(path)
            .map(|annotation| annotation.kinds)
            .unwrap_or_default();
        if !kinds.is_empty() && kinds.iter().all(is_plain) {
            return self.is_secret(path);
        }
        let names = key_names(path);
        let begins = |one: &[String], other: &[String]| other.get(..one.len()) == Some(one);
        self.is_secret(path)
            || self
                .secret_names()
                .iter()
                .filter(|secret| !secret.is_empty())
                .any(|secret| begins(&names, secret) || begins(secret, &names))
    }

    /// The keys from the root to each setting that is marked as secret, without the indices of arrays. An empty one
    /// stands for the root, and for keys that only a pattern tells.
    #[must_use]
    pub fn secret_names(&self) -> &[Vec<String>] {
        self.secrets.get_or_init(|| {
            if !self.has_secrets() {
                return Vec::new();
            }
            let mut outline = Outline::new(self);
            let mut marked = |path: &[Segment]| {
                let annotation = outline.annotate(&self.root(), path);
                annotation.is_some_and(|annotation| annotation.secret)
            };
            let mut found = Vec::new();
            for (path, _) in self.settings() {
                let mut path = path.segments().to_vec();
                let around = (0..=path.len()).find(|length| marked(&path[..*length]));
                if let Some(length) = around {
                    path.truncate(length);
                    found.push(key_names(&KeyPath::from(path)));
                    continue;
                }
                // What an item of it would be, or any key in it.
                for below in [Segment::Index(0), Segment::Key("\u{fffd}".to_owned())] {
                    path.push(below);
                    if marked(&path) {
                        found.push(key_names(&KeyPath::from(path[..path.len() - 1].to_vec())));
                    }
                    path.pop();
                }
            }
            let by_pattern = |json: &Json| json.get("patternProperties").is_some_and(marks_any);
            if self.files().iter().any(|file| find(&file.json, &by_pattern).is_some()) {
                found.push(Vec::new());
            }
            found.dedup();
            found
        })
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
        let told = self.told.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(told) = told.get(path) {
            return *told;
        }
        drop(told);
        let is_secret = self.find_secret(path);
        let mut told = self.told.write().unwrap_or_else(PoisonError::into_inner);
        // Documents may hold any number of keys.
        if told.len() < MOST_TOLD {
            told.insert(path.clone(), is_secret);
        }
        is_secret
    }

    fn find_secret(&self, path: &KeyPath) -> bool {
        if path.split_last().is_some_and(|(around, _)| self.is_secret(&around)) {
            return true;
        }
        let annotation = Outline::new(self).annotate(&self.root(), path.segments());
        annotation.is_some_and(|annotation| annotation.secret)
    }
}

/// Whether a schema, or any in it, says that its value is secret.
fn marks_any(json: &Json) -> bool {
    let marks = |json: &Json| {
        let says = |keyword: &str| json.get(keyword) == Some(&Json::Bool(true));
        says(keyword::SECRET) || says("writeOnly")
    };
    find(json, &marks).is_some()
}

fn key_names(path: &KeyPath) -> Vec<String> {
    let names = path.segments().iter().filter_map(|segment| match segment {
        Segment::Key(key) => Some(key.clone()),
        Segment::Index(_) => None,
    });
    names.collect()
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
