//! Questions about single settings, answered from the schema's JSON without compiling it.

use std::collections::{BTreeSet, HashMap};
use std::ops::Range;

use serde_json::Value as Json;

use super::place::Place;
use super::{Annotation, Kind, Schema, pattern};
use crate::document::{Document, KeyPath, Segment, Table, Value};

/// How deep `settings` looks into schemas that contain themselves.
const DEEPEST_SETTING: usize = 16;

impl Schema {
    /// What the schema says about the setting at a path; nothing where it does not declare one.
    ///
    /// `properties`, `patternProperties`, `additionalProperties`, `items` and `prefixItems` are followed,
    /// through `$ref` and `allOf`; of `anyOf`, `oneOf` and `if` what is unambiguous. The root has an
    /// annotation too.
    #[must_use]
    pub fn annotation(&self, path: &KeyPath) -> Option<Annotation> {
        Outline::new(self).annotate(&self.root(), path.segments())
    }

    /// The value in force where a setting is absent: its own default, else the part of a default that the
    /// schema gives to a table around it. A table without a default of its own consists of the defaults of
    /// its keys.
    #[must_use]
    pub fn default(&self, path: &KeyPath) -> Option<Value> {
        let mut outline = Outline::new(self);
        if let Some(value) = outline.assembled(&self.root(), path.segments(), 0) {
            return Some(value);
        }
        let mut below = Vec::new();
        let mut above = path.clone();
        while let Some((front, last)) = above.split_last() {
            below.push(last.clone());
            let around = outline.annotate(&self.root(), front.segments());
            if let Some(value) = around.and_then(|annotation| annotation.default) {
                let mut steps = below.iter().rev();
                return steps.try_fold(value, |value, step| match (step, value) {
                    (Segment::Key(key), Value::Table(mut table)) => table.swap_remove(key),
                    (Segment::Index(index), Value::Array(mut items)) if *index < items.len() => {
                        Some(items.swap_remove(*index))
                    }
                    _ => None,
                });
            }
            above = front;
        }
        None
    }

    /// Every setting that the schema declares and that holds no further declared keys, in the schema's
    /// order. Index 0 stands for every item of an array of tables: `zones[0].flow`.
    #[must_use]
    pub fn settings(&self) -> Vec<(KeyPath, Annotation)> {
        let mut leaves = Vec::new();
        Outline::new(self).gather_leaves(KeyPath::root(), &mut leaves);
        leaves
    }

    /// The keys that a table must have, in the schema's order of them; conditions (`if`, `anyOf`) left out.
    #[must_use]
    pub fn required(&self, path: &KeyPath) -> Vec<String> {
        Outline::new(self).names(path, Names::Required)
    }

    /// The keys that the schema declares for a table, in the schema's order.
    #[must_use]
    pub fn declared(&self, path: &KeyPath) -> Vec<String> {
        Outline::new(self).names(path, Names::Declared)
    }

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

#[derive(Clone, Copy, PartialEq, Eq)]
enum Names {
    Declared,
    Required,
}

/// The longest row of references that a walk follows; no schema that can be compiled has a longer one.
const LONGEST_ROW: usize = 512;

/// A schema node and how many steps remain below it.
type Visit = (*const Json, usize);

/// One walk through a schema. What a node says is remembered for the length of the walk, so that schemas
/// that share parts are walked in linear time, and a node that leads to itself says nothing the second time.
struct Outline<'s> {
    schema: &'s Schema,
    seen: HashMap<Visit, Said>,
    /// How many walks are under way within each other.
    depth: usize,
}

/// In a box, since a walk is as deep as the schema's references and an annotation is large.
type Said = Option<Box<Annotation>>;

impl<'s> Outline<'s> {
    fn new(schema: &'s Schema) -> Self {
        Self {
            schema,
            seen: HashMap::new(),
            depth: 0,
        }
    }

    /// What one query asks is another walk: the memory is by node and number of steps, not by their names.
    fn annotate(&mut self, place: &Place<'s>, path: &[Segment]) -> Option<Annotation> {
        self.seen.clear();
        self.walk(place, path).map(|found| *found)
    }

    fn walk(&mut self, place: &Place<'s>, path: &[Segment]) -> Said {
        let visit: Visit = (place.schema, path.len());
        if let Some(known) = self.seen.get(&visit) {
            return known.clone();
        }
        if self.depth > LONGEST_ROW {
            return None;
        }
        self.seen.insert(visit, None);
        self.depth += 1;
        let found = self.walk_anew(place, path);
        self.depth -= 1;
        self.seen.insert(visit, found.clone());
        found
    }

    fn walk_anew(&mut self, place: &Place<'s>, path: &[Segment]) -> Said {
        let schema = place.schema.as_object()?;
        let links = Links::of(self.schema, place);
        let mut found = None;
        match path.split_first() {
            None => {
                let pointer = self.schema.print_pointer(place);
                found = Some(Box::new(Annotation::of(schema, pointer)));
            }
            Some((step, rest)) => {
                for child in children(place, step) {
                    found = both(found, self.walk(&child, rest));
                }
            }
        }
        for part in &links.always {
            found = both(found, self.walk(part, path));
        }
        for alternatives in &links.one_of_several {
            let mut spoken = None;
            for branch in alternatives.iter().filter(|branch| !is_null_or_false(branch.schema)) {
                spoken = either(spoken, self.walk(branch, path));
            }
            found = both(found, spoken);
        }
        let mut conditional = None;
        for branch in &links.sometimes {
            conditional = either(conditional, self.walk(branch, path));
        }
        combined(found, conditional, Annotation::with_words_of)
    }

    fn assembled(&mut self, root: &Place<'s>, path: &[Segment], depth: usize) -> Option<Value> {
        let annotation = self.annotate(root, path)?;
        let default = annotation.default;
        let is_table = match &default {
            Some(value) => value.as_table().is_some(),
            None => annotation.kinds.is_empty() || annotation.kinds.contains(&Kind::Table),
        };
        if !is_table || depth > DEEPEST_SETTING {
            return default;
        }
        let mut table = Table::new();
        if let Some(Value::Table(own)) = default.clone() {
            table = own;
        }
        let path = KeyPath::from(path.to_vec());
        for key in self.names(&path, Names::Declared) {
            if !table.contains_key(&key)
                && let Some(value) = self.assembled(root, path.key(key.as_str()).segments(), depth + 1)
            {
                table.insert(key, value);
            }
        }
        let nothing = table.is_empty() && default.is_none();
        (!nothing).then_some(Value::Table(table))
    }

    fn gather_leaves(&mut self, path: KeyPath, leaves: &mut Vec<(KeyPath, Annotation)>) {
        let keys = self.names(&path, Names::Declared);
        let first_item = path.index(0);
        if path.len() >= DEEPEST_SETTING {
            return;
        }
        if !keys.is_empty() {
            for key in keys {
                self.gather_leaves(path.key(key), leaves);
            }
        } else if !path.is_empty() && !self.names(&first_item, Names::Declared).is_empty() {
            self.gather_leaves(first_item, leaves);
        } else if let Some(annotation) = self.annotate(&self.schema.root(), path.segments())
            && !path.is_empty()
        {
            leaves.push((path, annotation));
        }
    }

    fn names(&mut self, path: &KeyPath, which: Names) -> Vec<String> {
        let mut seen = BTreeSet::new();
        let mut names = Vec::new();
        self.collect_names(&self.schema.root(), path.segments(), which, &mut seen, &mut names);
        names
    }

    fn collect_names(
        &self,
        place: &Place<'s>,
        path: &[Segment],
        which: Names,
        seen: &mut BTreeSet<Visit>,
        names: &mut Vec<String>,
    ) {
        if !seen.insert((place.schema, path.len())) {
            return;
        }
        if let Some((step, rest)) = path.split_first() {
            for child in children(place, step) {
                self.collect_names(&child, rest, which, seen, names);
            }
        } else {
            let listed: Vec<&str> = match which {
                Names::Declared => keys_of(place.schema.get("properties")).map(String::as_str).collect(),
                Names::Required => place
                    .schema
                    .get("required")
                    .and_then(Json::as_array)
                    .map(|keys| strings(keys).collect())
                    .unwrap_or_default(),
            };
            for name in listed {
                if !names.iter().any(|known| known == name) {
                    names.push(name.to_owned());
                }
            }
        }
        let links = Links::of(self.schema, place);
        let mut parts = links.always;
        if which == Names::Declared || !path.is_empty() {
            parts.extend(links.one_of_several.into_iter().flatten());
            parts.extend(links.sometimes);
        }
        for part in parts {
            self.collect_names(&part, path, which, seen, names);
        }
    }
}

/// The schemas that speak of the same value as the one that holds them.
struct Links<'s> {
    /// `$ref`, `allOf`.
    always: Vec<Place<'s>>,
    /// Each `anyOf` and `oneOf`.
    one_of_several: Vec<Vec<Place<'s>>>,
    /// `then`, `else`, `dependentSchemas`.
    sometimes: Vec<Place<'s>>,
}

impl<'s> Links<'s> {
    fn of(schema: &'s Schema, place: &Place<'s>) -> Self {
        let mut links = Self {
            always: Vec::new(),
            one_of_several: Vec::new(),
            sometimes: Vec::new(),
        };
        for keyword in ["$ref", "$dynamicRef", "$recursiveRef"] {
            if let Some(reference) = place.schema.get(keyword).and_then(Json::as_str) {
                links.always.extend(schema.follow(place, reference));
            }
        }
        links.always.extend(place.each("allOf"));
        for keyword in ["anyOf", "oneOf"] {
            let branches = place.each(keyword);
            if !branches.is_empty() {
                links.one_of_several.push(branches);
            }
        }
        if place.schema.get("if").is_some() {
            links.sometimes.extend(place.descend(&["then"]));
            links.sometimes.extend(place.descend(&["else"]));
        }
        for keyword in ["dependentSchemas", "dependencies"] {
            links.sometimes.extend(
                place
                    .each_named(keyword)
                    .into_iter()
                    .filter(|part| part.schema.is_object()),
            );
        }
        links
    }
}

/// The schemas that a schema applies to one key or item of its value.
fn children<'s>(place: &Place<'s>, step: &Segment) -> Vec<Place<'s>> {
    let found: Vec<Option<Place<'s>>> = match step {
        Segment::Key(key) => {
            let mut found = vec![place.descend(&["properties", key])];
            for expression in keys_of(place.schema.get("patternProperties")) {
                if pattern::matches(expression, key) {
                    found.push(place.descend(&["patternProperties", expression]));
                }
            }
            if found.iter().all(Option::is_none) {
                found.push(place.descend(&["additionalProperties"]));
                found.push(place.descend(&["unevaluatedProperties"]));
            }
            found
        }
        Segment::Index(index) => {
            let index = index.to_string();
            let item = place
                .descend(&["prefixItems", &index])
                .or_else(|| match place.schema.get("items") {
                    Some(Json::Array(_)) => place
                        .descend(&["items", &index])
                        .or_else(|| place.descend(&["additionalItems"])),
                    _ => place.descend(&["items"]),
                });
            vec![item]
        }
    };
    // `true` and `false` declare nothing.
    found
        .into_iter()
        .flatten()
        .filter(|child| child.schema.is_object())
        .collect()
}

fn both(found: Said, more: Said) -> Said {
    combined(found, more, Annotation::and)
}

fn either(found: Said, more: Said) -> Said {
    combined(found, more, Annotation::or)
}

fn combined(found: Said, more: Said, combine: fn(Annotation, Annotation) -> Annotation) -> Said {
    match (found, more) {
        (Some(found), Some(more)) => Some(Box::new(combine(*found, *more))),
        (found, more) => found.or(more),
    }
}

/// An alternative that no TOML value can take says nothing.
fn is_null_or_false(schema: &Json) -> bool {
    schema == &Json::Bool(false)
        || schema.get("type").and_then(Json::as_str) == Some("null")
        || schema.get("const") == Some(&Json::Null)
}

fn keys_of(json: Option<&Json>) -> impl Iterator<Item = &String> {
    json.and_then(Json::as_object)
        .into_iter()
        .flat_map(serde_json::Map::keys)
}

fn strings(items: &[Json]) -> impl Iterator<Item = &str> {
    items.iter().filter_map(Json::as_str)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};

    use crate::document::{KeyPath, Value};
    use crate::schema::{Annotation, Kind, Schema};

    fn schema(json: &Json) -> Schema {
        Schema::parse("s.json", &json.to_string()).unwrap()
    }

    fn annotation(json: &Json, path: &str) -> Option<Annotation> {
        schema(json).annotation(&path.parse().unwrap())
    }

    fn default(json: &Json, path: &str) -> Option<String> {
        Some(schema(json).default(&path.parse().unwrap())?.to_string())
    }

    #[test]
    fn a_setting_is_found_through_every_keyword_that_leads_to_one() {
        let schema = json!({
            "properties": {"a": {"$ref": "#/$defs/table"}, "list": {"items": {"$ref": "#/$defs/table"}}},
            "patternProperties": {"^p": {"title": "pattern"}},
            "additionalProperties": {"title": "additional"},
            "allOf": [{"properties": {"all": {"title": "all"}}}],
            "anyOf": [{"properties": {"any": {"title": "any"}}}, {}],
            "if": {}, "then": {"properties": {"then": {"title": "then"}}},
            "$defs": {"table": {"$anchor": "t", "properties": {"b": {"title": "b"}}}},
        });
        let title = |path: &str| annotation(&schema, path).and_then(|found| found.title);
        assert_eq!(title("a.b").as_deref(), Some("b"));
        assert_eq!(title("list[3].b").as_deref(), Some("b"));
        assert_eq!(title("pump").as_deref(), Some("pattern"));
        assert_eq!(title("other").as_deref(), Some("additional"));
        assert_eq!(
            annotation(&schema, "a.b").unwrap().pointer,
            "#/$defs/table/properties/b"
        );
        assert_eq!(annotation(&schema, "a.c"), None);
        let mut open = schema.clone();
        open.as_object_mut().unwrap().remove("additionalProperties");
        for path in ["all", "any", "then"] {
            let found = annotation(&open, path).and_then(|found| found.title);
            assert_eq!(found.as_deref(), Some(path));
        }
    }

    #[test]
    fn the_words_beside_a_reference_win_over_those_behind_it() {
        let schema = json!({
            "properties": {"a": {"$ref": "#/$defs/p", "default": 5, "title": "near"}},
            "$defs": {"p": {"type": "integer", "minimum": 0, "maximum": 9, "default": 1, "title": "far"}}
        });
        let found = annotation(&schema, "a").unwrap();
        assert_eq!(found.bounds().unwrap(), "0 to 9, default 5");
        assert_eq!(
            (found.title.as_deref(), &found.kinds[..]),
            (Some("near"), &[Kind::Integer][..])
        );
        assert_eq!(found.pointer, "#/properties/a");
    }

    #[test]
    fn an_optional_value_is_described_by_its_one_real_alternative() {
        let schema = json!({
            "properties": {"a": {"anyOf": [{"$ref": "#/$defs/p"}, {"type": "null"}]}},
            "$defs": {"p": {"type": "integer", "minimum": 1, "x-unit": "s"}}
        });
        assert_eq!(annotation(&schema, "a").unwrap().bounds().unwrap(), "at least 1 s");
    }

    #[test]
    fn listed_values_of_all_alternatives_are_one_list() {
        let schema = json!({"properties": {"a": {"oneOf": [{"const": "x"}, {"const": "y"}]}}});
        assert_eq!(annotation(&schema, "a").unwrap().bounds().unwrap(), r#""x" or "y""#);
    }

    #[test]
    fn a_schema_that_leads_to_itself_ends() {
        let schema = json!({
            "properties": {"a": {"$ref": "#"}, "loop": {"$ref": "#/$defs/l"}},
            "$defs": {"l": {"allOf": [{"$ref": "#/$defs/l"}, {"title": "end"}]}}
        });
        assert!(annotation(&schema, "a.a.a.a").is_some());
        assert_eq!(annotation(&schema, "loop").unwrap().title.as_deref(), Some("end"));
        assert!(!super::Schema::settings(&self::schema(&schema)).is_empty());
        let _ends: Option<Value> = self::schema(&schema).default(&KeyPath::root());
    }

    #[test]
    fn shared_parts_are_walked_once() {
        let mut definitions = json!({"a60": {"title": "deep"}});
        for level in 0..60 {
            let next = format!("#/$defs/a{}", level + 1);
            definitions[format!("a{level}")] = json!({"allOf": [{"$ref": next}, {"$ref": next}]});
        }
        let schema = json!({"properties": {"a": {"$ref": "#/$defs/a0"}}, "$defs": definitions});
        assert_eq!(annotation(&schema, "a").unwrap().title.as_deref(), Some("deep"));
    }

    #[test]
    fn the_default_of_a_table_is_put_together_from_its_keys() {
        let schema = json!({"properties": {
            "t": {"properties": {"a": {"default": 1}, "b": {"default": {"c": 2}}, "none": {}}},
            "own": {"default": {"a": 7}, "properties": {"a": {"type": "integer"}, "b": {"default": 3}}},
            "list": {"items": {"properties": {"f": {"default": 2.5}}}},
            "bare": {"properties": {"x": {}}}
        }});
        assert_eq!(default(&schema, "t.a").as_deref(), Some("1"));
        assert_eq!(default(&schema, "t").as_deref(), Some("{ a = 1, b = { c = 2 } }"));
        assert_eq!(default(&schema, "t.b.c").as_deref(), Some("2"));
        assert_eq!(default(&schema, "own").as_deref(), Some("{ a = 7, b = 3 }"));
        assert_eq!(default(&schema, "own.a").as_deref(), Some("7"));
        assert_eq!(default(&schema, "list[4].f").as_deref(), Some("2.5"));
        assert_eq!(default(&schema, "bare"), None);
        assert_eq!(default(&schema, "nothing"), None);
    }

    #[test]
    fn every_declared_leaf_is_listed_in_the_order_of_the_schema() {
        let schema = schema(&json!({"properties": {
            "z": {"type": "integer"},
            "t": {"properties": {"b": {}, "a": {}}},
            "zones": {"items": {"properties": {"flow": {}}}},
            "tags": {"items": {"type": "string"}}
        }, "required": ["z", "t"]}));
        let names: Vec<String> = schema.settings().iter().map(|(path, _)| path.to_string()).collect();
        assert_eq!(names, ["z", "t.b", "t.a", "zones[0].flow", "tags"]);
        assert_eq!(schema.required(&KeyPath::root()), ["z", "t"]);
    }

    #[test]
    fn what_stands_below_a_secret_is_secret() {
        let schema = schema(&json!({
            "properties": {
                "auth": {"x-secret": true, "additionalProperties": {"type": "string"}},
                "key": {"anyOf": [{"type": "string", "writeOnly": true}, {"type": "integer"}]},
                "open": {}
            },
            "then": {"properties": {"maybe": {"x-secret": true}}}, "if": {}
        }));
        let secret = |path: &str| schema.is_secret(&path.parse().unwrap());
        assert!(secret("auth") && secret("auth.x") && secret("auth.x[0].y") && secret("key") && secret("maybe"));
        assert!(!secret("open") && !secret("unknown"));
    }
}
