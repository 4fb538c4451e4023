//! Which schema applies which other, as a graph, to be asked two things before any document is checked:
//! whether a schema leads back to itself without progress, and how much work a document can cause.
//!
//! The validator itself accepts everything on a `$ref` loop, and doubles its work with every level of
//! schemas that share parts. The work is therefore counted beforehand, never timed: the same document gets
//! the same answer on a slow gateway and on a fast one.

use std::collections::HashMap;

use serde_json::Value as Json;

use super::place::Place;
use super::{Schema, SchemaError};

/// The schemas reachable from a schema's root; node 0 is the root.
#[derive(Debug)]
pub(super) struct Graph {
    nodes: Vec<Node>,
    /// An upper bound of the evaluations that each value of a document causes; nothing where it depends on
    /// how deep the document is.
    per_value: Option<u64>,
    /// The most schemas in a row that apply each other to the same value.
    longest_row: u64,
}

/// The most schemas in a row that may apply each other to one value: each is a call within the last.
const LONGEST_ROW: u64 = 256;
/// The most calls within each other that a check may need: at half a kibibyte each, the two mebibytes of
/// a thread's stack.
const DEEPEST_CALL: u64 = 4096;
/// How deep the parser lets documents be.
const DEEPEST_DOCUMENT: u64 = 80;

#[derive(Debug, Default)]
struct Node {
    /// Applied to the same value.
    same: Vec<usize>,
    /// Applied to the value of one key.
    keys: HashMap<String, Vec<usize>>,
    /// Applied to the value of any key that `keys` does not name, and perhaps to those too.
    any_key: Vec<usize>,
    /// Applied to any item.
    any_item: Vec<usize>,
    /// Applied to the items from the first on, one each.
    items: Vec<usize>,
    /// How many times its parts are evaluated: twice where it asks what the others left over.
    passes: u64,
}

impl Graph {
    /// Follows every reference from the schema's root.
    ///
    /// # Errors
    /// References that lead nowhere, and circles without progress.
    pub(super) fn of(schema: &Schema) -> Result<Self, Vec<SchemaError>> {
        let mut builder = Builder {
            schema,
            known: HashMap::new(),
            nodes: Vec::new(),
            pointers: Vec::new(),
            errors: Vec::new(),
        };
        let mut open = Vec::new();
        builder.node(&schema.root(), &mut open);
        while let Some((node, place)) = open.pop() {
            builder.connect(node, &place, &mut open);
        }
        let mut errors = builder.errors;
        let mut graph = Self {
            nodes: builder.nodes,
            per_value: None,
            longest_row: 0,
        };
        match graph.order(|node| node.same.clone()) {
            Ok(order) => graph.longest_row = graph.row(&order),
            Err(node) => {
                let (name, pointer) = builder.pointers[node].clone();
                errors.push(SchemaError::ReferenceLoop { name, pointer });
            }
        }
        if graph.longest_row > LONGEST_ROW {
            let name = schema.name().to_owned();
            errors.push(SchemaError::TooDeep { name });
        }
        if !errors.is_empty() {
            return Err(errors);
        }
        graph.per_value = graph.bound_per_value();
        Ok(graph)
    }

    /// Whether checking `document`, a text of `bytes` bytes, can take more than `limit` evaluations of a
    /// schema on a value.
    pub(super) fn is_beyond(&self, limit: u64, document: &Json, bytes: usize) -> bool {
        if self.longest_row * DEEPEST_DOCUMENT > DEEPEST_CALL && self.longest_row * depth(document) > DEEPEST_CALL {
            return true;
        }
        // Two bytes are the least that a value takes: a digit and a comma.
        let values = 1 + bytes as u64 / 2;
        if let Some(per_value) = self.per_value
            && per_value.saturating_mul(values) <= limit
        {
            return false;
        }
        let mut counted = HashMap::new();
        self.work(0, document, &mut counted) > limit
    }

    /// The evaluations that one node causes on one value and everything below it. What was counted is
    /// remembered: the counting is as long as the product of the two, however large the number.
    fn work(&self, node: usize, value: &Json, counted: &mut HashMap<(usize, *const Json), u64>) -> u64 {
        let visit = (node, std::ptr::from_ref(value));
        if let Some(known) = counted.get(&visit) {
            return *known;
        }
        let at = &self.nodes[node];
        let mut sum: u64 = 1;
        let mut add = |parts: &[usize], value: &Json| {
            for part in parts {
                sum = sum.saturating_add(self.work(*part, value, counted));
            }
        };
        add(&at.same, value);
        match value {
            Json::Object(entries) => {
                for (key, entry) in entries {
                    add(&at.any_key, entry);
                    if let Some(parts) = at.keys.get(key) {
                        add(parts, entry);
                    }
                }
            }
            Json::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    add(&at.any_item, item);
                    if let Some(part) = at.items.get(index) {
                        add(&[*part], item);
                    }
                }
            }
            Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => {}
        }
        let sum = sum.saturating_mul(at.passes);
        counted.insert(visit, sum);
        sum
    }

    /// The nodes, each after all that `next` leads to, or a node that leads back to itself.
    fn order(&self, next: impl Fn(&Node) -> Vec<usize>) -> Result<Vec<usize>, usize> {
        #[derive(Clone, Copy, PartialEq, Eq)]
        enum State {
            New,
            Open,
            Done,
        }
        let mut states = vec![State::New; self.nodes.len()];
        let mut order = Vec::with_capacity(self.nodes.len());
        for start in 0..self.nodes.len() {
            if states[start] == State::Done {
                continue;
            }
            states[start] = State::Open;
            let mut path = vec![(start, next(&self.nodes[start]))];
            while let Some((node, rest)) = path.last_mut() {
                let node = *node;
                match rest.pop() {
                    Some(to) if states[to] == State::Open => return Err(to),
                    Some(to) if states[to] == State::New => {
                        states[to] = State::Open;
                        path.push((to, next(&self.nodes[to])));
                    }
                    Some(_) => {}
                    None => {
                        states[node] = State::Done;
                        order.push(node);
                        path.pop();
                    }
                }
            }
        }
        Ok(order)
    }

    /// In a schema that cannot contain itself: the number of ways from the root to any node, since no value
    /// is evaluated more often than that.
    fn bound_per_value(&self) -> Option<u64> {
        let order = self.order(Node::everything).ok()?;
        let mut ways = vec![1_u64; self.nodes.len()];
        for node in order {
            let parts = self.nodes[node].everything();
            let sum = parts.iter().fold(1, |sum: u64, part| sum.saturating_add(ways[*part]));
            ways[node] = sum.saturating_mul(self.nodes[node].passes);
        }
        Some(ways[0])
    }

    /// The longest row of schemas that apply each other to the same value.
    fn row(&self, order: &[usize]) -> u64 {
        let mut rows = vec![1; self.nodes.len()];
        for node in order {
            let longest = self.nodes[*node].same.iter().map(|part| rows[*part]).max();
            rows[*node] = 1 + longest.unwrap_or(0);
        }
        rows.into_iter().max().unwrap_or(0)
    }
}

fn depth(json: &Json) -> u64 {
    let deepest = match json {
        Json::Object(entries) => entries.values().map(depth).max(),
        Json::Array(items) => items.iter().map(depth).max(),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => None,
    };
    1 + deepest.unwrap_or(0)
}

impl Node {
    fn everything(&self) -> Vec<usize> {
        let mut parts = self.same.clone();
        parts.extend(self.keys.values().flatten());
        parts.extend(&self.any_key);
        parts.extend(&self.any_item);
        parts.extend(&self.items);
        parts
    }
}

struct Builder<'s> {
    schema: &'s Schema,
    known: HashMap<*const Json, usize>,
    nodes: Vec<Node>,
    pointers: Vec<(String, String)>,
    errors: Vec<SchemaError>,
}

type Open<'s> = Vec<(usize, Place<'s>)>;

impl<'s> Builder<'s> {
    fn node(&mut self, place: &Place<'s>, open: &mut Open<'s>) -> usize {
        if let Some(node) = self.known.get(&std::ptr::from_ref(place.schema)) {
            return *node;
        }
        let node = self.nodes.len();
        self.known.insert(place.schema, node);
        self.nodes.push(Node {
            passes: 1,
            ..Node::default()
        });
        let name = self.schema.files()[place.file].name.clone();
        self.pointers.push((name, place.pointer.clone()));
        open.push((node, place.clone()));
        node
    }

    fn connect(&mut self, node: usize, place: &Place<'s>, open: &mut Open<'s>) {
        let Json::Object(keywords) = place.schema else { return };
        let lonely = self.schema.files()[place.file].lonely_references && keywords.contains_key("$ref");
        let mut at = Node {
            passes: 1,
            ..Node::default()
        };
        for keyword in keywords.keys().map(String::as_str) {
            if lonely && keyword != "$ref" {
                continue;
            }
            let mut each = |builder: &mut Self, keyword: &str| -> Vec<usize> {
                let places = place.each(keyword);
                places.iter().map(|part| builder.node(part, open)).collect()
            };
            match keyword {
                "allOf" | "anyOf" | "oneOf" => at.same.extend(each(self, keyword)),
                "prefixItems" => at.items.extend(each(self, keyword)),
                "items" if keywords[keyword].is_array() => at.items.extend(each(self, keyword)),
                "$ref" | "$dynamicRef" | "$recursiveRef" => at.same.extend(self.follow(place, keyword, open)),
                "not" | "if" | "then" | "else" | "propertyNames" => {
                    at.same.extend(self.one(place, &[keyword], open));
                }
                "items" | "additionalItems" | "contains" => at.any_item.extend(self.one(place, &[keyword], open)),
                "additionalProperties" => at.any_key.extend(self.one(place, &[keyword], open)),
                "unevaluatedProperties" => {
                    at.passes = 2;
                    at.any_key.extend(self.one(place, &[keyword], open));
                }
                "unevaluatedItems" => {
                    at.passes = 2;
                    at.any_item.extend(self.one(place, &[keyword], open));
                }
                "properties" | "patternProperties" | "dependentSchemas" | "dependencies" => {
                    let Json::Object(entries) = &keywords[keyword] else {
                        continue;
                    };
                    for name in entries.keys() {
                        let part = self.one(place, &[keyword, name], open);
                        match keyword {
                            "properties" => at.keys.entry(name.clone()).or_default().extend(part),
                            "patternProperties" => at.any_key.extend(part),
                            _ => at.same.extend(part),
                        }
                    }
                }
                _ => {}
            }
        }
        self.nodes[node] = at;
    }

    fn one(&mut self, place: &Place<'s>, steps: &[&str], open: &mut Open<'s>) -> Option<usize> {
        let part = place.descend(steps).filter(|part| part.schema.is_object())?;
        Some(self.node(&part, open))
    }

    fn follow(&mut self, place: &Place<'s>, keyword: &str, open: &mut Open<'s>) -> Option<usize> {
        let reference = place.schema.get(keyword)?.as_str()?;
        if let Some(target) = self.schema.follow(place, reference) {
            return Some(self.node(&target, open));
        }
        let (address, _) = super::source::split_reference(reference);
        // A reference to a file that is not at hand is reported where a document needs it.
        if address.is_empty() || self.schema.knows(place, address) {
            self.errors.push(SchemaError::ReferenceDangling {
                name: self.schema.files()[place.file].name.clone(),
                pointer: format!("{}/{keyword}", place.pointer),
                reference: reference.to_owned(),
            });
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::Graph;
    use crate::schema::{Schema, SchemaError};

    fn graph(schema: &serde_json::Value) -> Result<Graph, Vec<SchemaError>> {
        Graph::of(&Schema::parse("s.json", &schema.to_string()).unwrap())
    }

    #[test]
    fn a_circle_without_progress_is_refused_and_one_with_progress_is_not() {
        let circle = json!({"$ref": "#/$defs/a", "$defs": {"a": {"allOf": [{"$ref": "#"}]}}});
        let errors = graph(&circle).unwrap_err();
        assert!(matches!(&errors[..], [SchemaError::ReferenceLoop { .. }]), "{errors:?}");
        let tree = json!({"properties": {"left": {"$ref": "#"}, "right": {"$ref": "#"}}});
        assert!(graph(&tree).is_ok());
    }

    #[test]
    fn a_reference_that_leads_nowhere_is_named_with_its_place() {
        let errors = graph(&json!({"properties": {"a": {"$ref": "#/$defs/b"}}})).unwrap_err();
        assert_eq!(
            errors[0].to_string(),
            "s.json#/properties/a/$ref: `#/$defs/b` leads nowhere"
        );
    }

    #[test]
    fn work_doubles_with_every_level_of_a_doubled_schema() {
        let mut definitions = json!({"a60": {"type": "integer"}});
        for level in 0..60 {
            let next = format!("#/$defs/a{}", level + 1);
            definitions[format!("a{level}")] = json!({"allOf": [{"$ref": next}, {"$ref": next}]});
        }
        let doubled = graph(&json!({"$ref": "#/$defs/a0", "$defs": definitions})).unwrap();
        assert!(doubled.is_beyond(1 << 60, &json!(1), 1));
    }

    #[test]
    fn a_schema_that_contains_itself_costs_what_the_document_is_deep() {
        let tree = graph(&json!({"properties": {"left": {"$ref": "#"}, "right": {"$ref": "#"}}})).unwrap();
        let document = json!({"left": {"left": {}, "right": {}}, "right": {}});
        assert!(!tree.is_beyond(20, &document, 40));
        let twice = json!({"anyOf": [{"properties": {"a": {"$ref": "#"}}}, {"properties": {"a": {"$ref": "#"}}}]});
        let mut deep = json!({});
        for _ in 0..70 {
            deep = json!({ "a": deep });
        }
        assert!(graph(&twice).unwrap().is_beyond(1 << 60, &deep, 500));
    }
}
