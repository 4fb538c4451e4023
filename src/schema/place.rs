//! A place inside a schema's JSON: the schema that stands there, and the pointer that names it. It knows which
//! keywords hold schemas, and nothing of files or of where a reference leads.

use std::borrow::Cow;

use serde_json::Value as Json;

/// A schema inside a file.
#[derive(Clone, Debug)]
pub(super) struct Place<'s> {
    /// The position of its file among the schema's files.
    pub file: usize,
    /// The schema that `#` means here: the file, or the nearest embedded schema with an `$id`.
    pub root: &'s Json,
    pub schema: &'s Json,
    /// Where it stands in its file: `#/properties/threshold`.
    pub pointer: String,
}

impl<'s> Place<'s> {
    /// The schema below this one, along keys and indices.
    pub(super) fn descend(&self, steps: &[&str]) -> Option<Self> {
        let mut place = self.clone();
        for step in steps {
            place.schema = match place.schema {
                Json::Object(entries) => entries.get(*step)?,
                Json::Array(items) => items.get(step.parse::<usize>().ok()?)?,
                Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => return None,
            };
            place.pointer.push('/');
            place.pointer.push_str(&escaped(step));
            if is_embedded(place.schema) {
                place.root = place.schema;
            }
        }
        Some(place)
    }

    /// The schemas in the array that a keyword holds.
    pub(super) fn each(&self, keyword: &str) -> Vec<Self> {
        let items = self.schema.get(keyword).and_then(Json::as_array);
        (0..items.map_or(0, Vec::len))
            .filter_map(|index| self.descend(&[keyword, &index.to_string()]))
            .collect()
    }

    /// The schemas in the object that a keyword holds.
    pub(super) fn each_named(&self, keyword: &str) -> Vec<Self> {
        let entries = self.schema.get(keyword).and_then(Json::as_object);
        let names = entries.into_iter().flat_map(serde_json::Map::keys);
        names.filter_map(|name| self.descend(&[keyword, name])).collect()
    }

    pub(super) fn descend_pointer(&self, pointer: &str) -> Option<Self> {
        let steps: Vec<String> = pointer[1..]
            .split('/')
            .map(|step| step.replace("~1", "/").replace("~0", "~"))
            .collect();
        let steps: Vec<&str> = steps.iter().map(String::as_str).collect();
        self.descend(&steps)
    }

    /// Calls `visit` for this schema and each one written inside it, references not followed.
    pub(super) fn visit(&self, visit: &mut impl FnMut(&Place<'s>)) {
        visit(self);
        let Json::Object(keywords) = self.schema else { return };
        let mut enter = |steps: &[&str]| {
            if let Some(place) = self.descend(steps) {
                place.visit(visit);
            }
        };
        for (keyword, value) in keywords {
            match (Shape::of(keyword), value) {
                (Shape::One | Shape::OneOrMany, Json::Object(_) | Json::Bool(_)) => enter(&[keyword]),
                (Shape::OneOrMany, Json::Array(items)) => {
                    (0..items.len()).for_each(|index| enter(&[keyword, &index.to_string()]));
                }
                (Shape::Named, Json::Object(entries)) => {
                    let schemas = entries
                        .iter()
                        .filter(|(_, entry)| entry.is_object() || entry.is_boolean());
                    schemas.for_each(|(name, _)| enter(&[keyword, name]));
                }
                _ => {}
            }
        }
    }
}

/// How a keyword holds schemas.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shape {
    None,
    One,
    OneOrMany,
    Named,
}

impl Shape {
    fn of(keyword: &str) -> Self {
        match keyword {
            "additionalProperties"
            | "additionalItems"
            | "contains"
            | "contentSchema"
            | "else"
            | "if"
            | "not"
            | "propertyNames"
            | "then"
            | "unevaluatedItems"
            | "unevaluatedProperties" => Self::One,
            "allOf" | "anyOf" | "oneOf" | "items" | "prefixItems" => Self::OneOrMany,
            "$defs" | "definitions" | "dependencies" | "dependentSchemas" | "patternProperties" | "properties" => {
                Self::Named
            }
            _ => Self::None,
        }
    }
}

/// Whether a schema has an `$id` that makes it a resource of its own. An `$id` that is a mere fragment
/// names an anchor in drafts 6 and 7.
fn is_embedded(schema: &Json) -> bool {
    schema
        .get("$id")
        .and_then(Json::as_str)
        .is_some_and(|id| !id.starts_with('#'))
}

/// The first object in a JSON value that is wanted, the value itself among them.
pub(super) fn find<'s>(json: &'s Json, wanted: &dyn Fn(&Json) -> bool) -> Option<&'s Json> {
    match json {
        Json::Object(_) if wanted(json) => Some(json),
        Json::Object(entries) => entries.values().find_map(|entry| find(entry, wanted)),
        Json::Array(items) => items.iter().find_map(|item| find(item, wanted)),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => None,
    }
}

/// A key as a step of a JSON pointer.
fn escaped(key: &str) -> Cow<'_, str> {
    if key.contains(['~', '/']) {
        Cow::Owned(key.replace('~', "~0").replace('/', "~1"))
    } else {
        Cow::Borrowed(key)
    }
}

/// The pointer of a part of a JSON value, known by its address.
pub(super) fn pointer_to(json: &Json, part: &Json) -> Option<String> {
    fn walk(json: &Json, part: &Json, pointer: &mut String) -> bool {
        if std::ptr::eq(json, part) {
            return true;
        }
        let length = pointer.len();
        let mut step = |key: &str, child: &Json| {
            pointer.truncate(length);
            pointer.push('/');
            pointer.push_str(key);
            walk(child, part, pointer)
        };
        match json {
            Json::Object(entries) => entries.iter().any(|(key, child)| step(&escaped(key), child)),
            Json::Array(items) => items
                .iter()
                .enumerate()
                .any(|(index, child)| step(&index.to_string(), child)),
            Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => false,
        }
    }
    let mut pointer = "#".to_owned();
    walk(json, part, &mut pointer).then_some(pointer)
}
