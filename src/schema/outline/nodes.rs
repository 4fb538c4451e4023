//! Everything that a schema speaks of, tables and what they hold, for who compares two schemas or follows keys
//! through changes.

use std::collections::BTreeSet;

use serde_json::Value as Json;

use super::links::{Links, MANY, children, is_null_or_false};
use super::{Annotation, DEEPEST_SETTING, Kind, Names, Outline, Schema, Visit};
use crate::document::{KeyPath, Segment};
use crate::schema::place::Place;

/// So many nodes are told of a schema; one that contains itself several times has no end.
const MOST_NODES: usize = 5_000;

/// A place in settings of which a schema speaks.
#[derive(Clone, Debug, PartialEq)]
pub struct SchemaNode {
    /// The place. Index 0 stands for every item of an array, and a key of which [`SchemaNode::stands_for_many`] holds
    /// for every key that the schema allows without naming it.
    pub path: KeyPath,
    /// What the schema says of it.
    pub annotation: Annotation,
    /// Whether keys may stand in it of which the schema says nothing.
    pub is_open: bool,
}

impl SchemaNode {
    /// Whether a key of a path stands for keys that the schema allows by a pattern or beside those that it names.
    #[must_use]
    pub fn stands_for_many(key: &str) -> bool {
        key.starts_with(MANY)
    }
}

impl Schema {
    /// Every place of which the schema speaks, in the schema's order, each table before what it holds; the root first.
    #[must_use]
    pub fn nodes(&self) -> Vec<SchemaNode> {
        let mut nodes = Vec::new();
        Outline::new(self).gather_nodes(&KeyPath::root(), &mut nodes);
        nodes
    }
}

impl<'s> Outline<'s> {
    fn gather_nodes(&mut self, path: &KeyPath, nodes: &mut Vec<SchemaNode>) {
        if path.len() >= DEEPEST_SETTING || nodes.len() >= MOST_NODES {
            return;
        }
        let Some(annotation) = self.annotate(&self.schema.root(), path.segments()) else {
            return;
        };
        let may_be = |kind| annotation.kinds.is_empty() || annotation.kinds.contains(&kind);
        let (is_table, is_array) = (may_be(Kind::Table), may_be(Kind::Array));
        let root = self.schema.root();
        let is_open = is_table && !self.closes(&root, path.segments(), &mut BTreeSet::new());
        nodes.push(SchemaNode {
            path: path.clone(),
            annotation,
            is_open,
        });
        if is_table {
            let mut keys = self.names(path, Names::Declared);
            keys.extend(self.names(path, Names::Many));
            for key in keys {
                self.gather_nodes(&path.key(key), nodes);
            }
        }
        if is_array {
            self.gather_nodes(&path.index(0), nodes);
        }
    }

    /// Whether a schema refuses keys of a table that it does not speak of.
    fn closes(&self, place: &Place<'s>, path: &[Segment], seen: &mut BTreeSet<Visit>) -> bool {
        if !seen.insert((place.schema, path.len())) {
            return false;
        }
        // What a schema says of all other keys, it says by a key that stands for many.
        let refuses = |keyword: &str| matches!(place.schema.get(keyword), Some(Json::Bool(false) | Json::Object(_)));
        let here = match path.split_first() {
            None => refuses("additionalProperties") || refuses("unevaluatedProperties"),
            Some((step, rest)) => children(place, step).iter().any(|child| self.closes(child, rest, seen)),
        };
        let links = Links::of(self.schema, place);
        let mut groups = links.one_of_several.iter();
        here || links.always.iter().any(|part| self.closes(part, path, seen))
            || groups.any(|group| {
                let mut branches = group
                    .iter()
                    .filter(|branch| !is_null_or_false(branch.schema))
                    .peekable();
                branches.peek().is_some() && branches.all(|branch| self.closes(branch, path, seen))
            })
    }
}

#[cfg(test)]
mod tests {
    use super::{Schema, SchemaNode};

    #[test]
    fn tables_items_and_keys_that_stand_for_many_are_told_with_whether_they_are_open() {
        let text = r##"{
            "type": "object", "additionalProperties": false,
            "properties": {
                "mode": { "type": "string" },
                "interfaces": { "type": "object", "additionalProperties": { "$ref": "#/$defs/interface" } },
                "zones": { "type": "array", "items": { "type": "object", "properties": { "flow": { "type": "number" } } } }
            },
            "$defs": { "interface": {
                "allOf": [{ "unevaluatedProperties": false }],
                "type": "object", "patternProperties": { "^vif": { "type": "integer" } }
            } }
        }"##;
        let nodes = Schema::parse("test", text).unwrap().nodes();
        let told: Vec<(String, bool)> = nodes
            .iter()
            .map(|node| (node.path.to_string().replace('\u{f8ff}', "*"), node.is_open))
            .collect();
        let told: Vec<(&str, bool)> = told.iter().map(|(path, open)| (path.as_str(), *open)).collect();
        assert_eq!(
            told,
            [
                ("", false),
                ("mode", false),
                ("interfaces", false),
                ("interfaces.\"*\"", false),
                ("interfaces.\"*\".\"*^vif\"", false),
                ("zones", false),
                ("zones[0]", true),
                ("zones[0].flow", false),
            ]
        );
        let many = |name: &str| SchemaNode::stands_for_many(name);
        assert!(many("\u{f8ff}^vif") && !many("vif"));
    }

    #[test]
    fn a_schema_that_contains_itself_has_an_end() {
        let text = r##"{ "properties": { "a": { "$ref": "#" }, "b": { "$ref": "#" }, "c": { "$ref": "#" } } }"##;
        assert!(Schema::parse("test", text).unwrap().nodes().len() <= 5_000);
    }
}
