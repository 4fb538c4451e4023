//! Questions about single settings, answered from the schema's JSON without compiling it.

mod links;
mod nodes;
mod secrecy;
mod secret;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};

use serde_json::Value as Json;

use self::links::{Links, MANY, children, is_null_or_false, keys_of};
pub use self::nodes::SchemaNode;
pub(super) use self::secrecy::Secrecy;
use super::place::Place;
use super::{Annotation, Kind, Schema};
use crate::document::{KeyPath, Segment, Table, Value};

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
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Names {
    Declared,
    Required,
    /// Keys that stand for many.
    Many,
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
        let mut table = Table::default();
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
            let listed: Vec<Cow<'_, str>> = match which {
                Names::Declared => keys_of(place.schema.get("properties"))
                    .map(|key| Cow::Borrowed(key.as_str()))
                    .collect(),
                Names::Many => many(place.schema),
                Names::Required => place
                    .schema
                    .get("required")
                    .and_then(Json::as_array)
                    .map(|keys| strings(keys).map(Cow::Borrowed).collect())
                    .unwrap_or_default(),
            };
            for name in listed {
                if !names.iter().any(|known| *known == name) {
                    names.push(name.into_owned());
                }
            }
        }
        let links = Links::of(self.schema, place);
        let mut parts = links.always;
        if which != Names::Required || !path.is_empty() {
            parts.extend(links.one_of_several.into_iter().flatten());
            parts.extend(links.sometimes);
        }
        for part in parts {
            self.collect_names(&part, path, which, seen, names);
        }
    }
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

/// The keys that stand for those of which a schema speaks without naming them.
fn many(schema: &Json) -> Vec<Cow<'_, str>> {
    let expressions = schema.get("patternProperties").and_then(Json::as_object);
    let expressions = expressions
        .into_iter()
        .flatten()
        .filter(|(_, child)| child.is_object())
        .map(|(expression, _)| Cow::Owned(format!("{MANY}{expression}")));
    let others = ["additionalProperties", "unevaluatedProperties"];
    let others = others
        .iter()
        .any(|keyword| schema.get(*keyword).is_some_and(Json::is_object));
    expressions
        .chain(others.then(|| Cow::Owned(MANY.to_string())))
        .collect()
}

fn strings(items: &[Json]) -> impl Iterator<Item = &str> {
    items.iter().filter_map(Json::as_str)
}
