//! The part of a schema that leads to secrets, and nothing else of it.
//!
//! A schema is a graph: a value's schema leads to others that speak of the same value, and to those of its keys and
//! items. Built once, this graph keeps the nodes from which one that marks its value can be reached; most schemas
//! keep none and most others a handful, so that a document is searched without looking at the rest of it.

use std::collections::{BTreeSet, HashMap};

use jsonschema::Validator;
use serde_json::Value as Json;

use super::links::{Below, Links, below, is_null_or_false, keys_of};
use crate::document::{KeyPath, Segment};
use crate::schema::place::{Place, find};
use crate::schema::{Schema, keyword, pattern};

/// What is known of the value at one place of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// Nothing in it is secret.
    Open,
    /// It is not secret, but something in it may be: these nodes speak of it.
    Around(Vec<usize>),
    /// It is secret, with all that is in it.
    Secret,
}

/// The nodes that lead to a secret; the first is the document's own. None where nothing is secret.
#[derive(Debug, Default)]
pub(in crate::schema) struct Secrecy {
    nodes: Vec<Node>,
}

/// What one schema says, as far as it leads to a secret. Other nodes are named by their index.
#[derive(Debug, Default)]
struct Node {
    marks: bool,
    /// The nodes that speak of the same value, this one among them, through any row of references.
    same: Vec<usize>,
    keys: HashMap<String, usize>,
    patterns: Vec<(Pattern, usize)>,
    /// Of keys that are neither declared nor matched.
    others: Vec<usize>,
    declared: BTreeSet<String>,
    matched: Vec<Pattern>,
    items: Vec<(usize, usize)>,
    /// Of items from this index on.
    rest: Option<(usize, usize)>,
}

/// A regular expression, compiled: it is asked for every key.
#[derive(Debug)]
struct Pattern(Option<Validator>);

impl Pattern {
    fn new(expression: &str) -> Self {
        Self(pattern::compile(expression))
    }

    /// One that cannot be compiled could mean any key.
    fn matches(&self, key: &str) -> bool {
        self.0
            .as_ref()
            .is_none_or(|validator| validator.is_valid(&Json::from(key)))
    }
}

impl Secrecy {
    pub(super) fn of(schema: &Schema) -> Self {
        // Most schemas mark nothing, and their references need not be followed.
        if !schema.files().iter().any(|file| find(&file.json, &marks).is_some()) {
            return Self::default();
        }
        let survey = Survey::of(schema);
        let bearing = survey.bearing();
        let mut number = vec![None; survey.places.len()];
        for (count, at) in (0..survey.places.len()).filter(|at| bearing[*at]).enumerate() {
            number[at] = Some(count);
        }
        let kept = (0..survey.places.len()).filter(|at| bearing[*at]);
        let mut nodes: Vec<Node> = kept.map(|at| survey.node(at, &number)).collect();
        for at in 0..nodes.len() {
            nodes[at].same = row(&nodes, at);
        }
        // The root comes first in the survey, and leads to all others.
        Self { nodes }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// The whole document.
    pub(super) fn root(&self) -> Standing {
        self.standing(if self.nodes.is_empty() { &[] } else { &[0] })
    }

    /// The value of a key in a table of which these nodes speak.
    pub(super) fn key(&self, around: &[usize], key: &str) -> Standing {
        let mut entered = Vec::new();
        for node in around.iter().map(|at| &self.nodes[*at]) {
            entered.extend(node.keys.get(key));
            let matching = node.patterns.iter().filter(|(pattern, _)| pattern.matches(key));
            entered.extend(matching.map(|(_, to)| to));
            let is_other = || !node.declared.contains(key) && !node.matched.iter().any(|pattern| pattern.matches(key));
            if !node.others.is_empty() && is_other() {
                entered.extend(&node.others);
            }
        }
        self.standing(&entered)
    }

    /// An item of an array of which these nodes speak.
    pub(super) fn item(&self, around: &[usize], index: usize) -> Standing {
        let mut entered = Vec::new();
        for node in around.iter().map(|at| &self.nodes[*at]) {
            entered.extend(node.items.iter().filter(|(at, _)| *at == index).map(|(_, to)| *to));
            entered.extend(node.rest.filter(|(from, _)| *from <= index).map(|(_, to)| to));
        }
        self.standing(&entered)
    }

    pub(super) fn at(&self, path: &KeyPath) -> Standing {
        path.segments().iter().fold(self.root(), |standing, segment| {
            let Standing::Around(nodes) = standing else {
                return standing;
            };
            match segment {
                Segment::Key(key) => self.key(&nodes, key),
                Segment::Index(index) => self.item(&nodes, *index),
            }
        })
    }

    /// As [`Secrecy::at`], for a path that may lack the index of an array, or have one too many.
    pub(super) fn near(&self, path: &KeyPath) -> Standing {
        let keys = path.segments().iter().filter_map(|segment| match segment {
            Segment::Key(key) => Some(key),
            Segment::Index(_) => None,
        });
        keys.fold(self.with_items(self.root()), |standing, key| match standing {
            Standing::Around(nodes) => self.with_items(self.key(&nodes, key)),
            Standing::Open | Standing::Secret => standing,
        })
    }

    /// The names of the keys whose values are secret, or arrays of secrets; nothing where any could be.
    pub(super) fn names(&self) -> Option<BTreeSet<&str>> {
        let is_secret = |to: usize| self.with_items(self.standing(&[to])) == Standing::Secret;
        let mut names = BTreeSet::new();
        for (at, node) in self.nodes.iter().enumerate() {
            let mut nameless = node.patterns.iter().map(|(_, to)| to).chain(&node.others);
            if at == 0 && is_secret(0) || nameless.any(|to| is_secret(*to)) {
                return None;
            }
            let secret = node.keys.iter().filter(|(_, to)| is_secret(**to));
            names.extend(secret.map(|(name, _)| name.as_str()));
        }
        Some(names)
    }

    fn standing(&self, entered: &[usize]) -> Standing {
        let mut nodes: Vec<usize> = Vec::new();
        for at in entered.iter().flat_map(|at| &self.nodes[*at].same) {
            if self.nodes[*at].marks {
                return Standing::Secret;
            }
            if !nodes.contains(at) {
                nodes.push(*at);
            }
        }
        if nodes.is_empty() {
            Standing::Open
        } else {
            Standing::Around(nodes)
        }
    }

    /// With the items of arrays in place of the arrays too, however deep.
    fn with_items(&self, standing: Standing) -> Standing {
        let Standing::Around(mut nodes) = standing else {
            return standing;
        };
        let mut seen = 0;
        while let Some(node) = nodes.get(seen).map(|at| &self.nodes[*at]) {
            seen += 1;
            let items = node.items.iter().map(|(_, to)| *to);
            let items: Vec<usize> = items.chain(node.rest.map(|(_, to)| to)).collect();
            match self.standing(&items) {
                Standing::Open => {}
                Standing::Secret => return Standing::Secret,
                Standing::Around(more) => {
                    let new: Vec<usize> = more.into_iter().filter(|at| !nodes.contains(at)).collect();
                    nodes.extend(new);
                }
            }
        }
        Standing::Around(nodes)
    }
}

/// The nodes that speak of the same value as one, with that one first.
fn row(nodes: &[Node], first: usize) -> Vec<usize> {
    let mut row = vec![first];
    let mut seen = 0;
    while let Some(at) = row.get(seen).copied() {
        seen += 1;
        let new: Vec<usize> = nodes[at].same.iter().filter(|to| !row.contains(to)).copied().collect();
        row.extend(new);
    }
    row
}

/// Whether a schema says that its value is secret.
fn marks(json: &Json) -> bool {
    let says = |keyword: &str| json.get(keyword) == Some(&Json::Bool(true));
    says(keyword::SECRET) || says("writeOnly")
}

/// Whether a schema marks its value or leads to another one. Most stand at the end of their way and do neither.
fn leads_on(schema: &Json) -> bool {
    let Json::Object(keywords) = schema else { return false };
    let holds_schemas = |value: &Json| match value {
        Json::Object(_) => true,
        Json::Array(items) => items.iter().any(Json::is_object),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => false,
    };
    let refers = |keyword: &str| keyword.starts_with('$') && keyword.ends_with("ef");
    keywords
        .iter()
        .any(|(keyword, value)| refers(keyword) || holds_schemas(value))
        || marks(schema)
}

/// Every schema that a document can come to, or nearly, and where each leads.
struct Survey<'s> {
    places: Vec<Place<'s>>,
    same: Vec<Vec<usize>>,
    below: Vec<Vec<(Below<'s>, usize)>>,
}

impl<'s> Survey<'s> {
    fn of(schema: &'s Schema) -> Self {
        let mut survey = Self {
            places: Vec::new(),
            same: Vec::new(),
            below: Vec::new(),
        };
        let mut known = HashMap::new();
        survey.enter(&mut known, schema.root());
        while let Some(place) = survey.places.get(survey.same.len()).cloned() {
            let links = Links::of(schema, &place);
            let branches = links.one_of_several.into_iter().flatten();
            let branches = branches.filter(|branch| !is_null_or_false(branch.schema));
            let same = links.always.into_iter().chain(branches).chain(links.sometimes);
            let same = same.filter(|place| leads_on(place.schema));
            let same = same.map(|place| survey.enter(&mut known, place)).collect();
            let below = below(&place).into_iter().filter(|(_, place)| leads_on(place.schema));
            let below = below
                .map(|(which, place)| (which, survey.enter(&mut known, place)))
                .collect();
            survey.same.push(same);
            survey.below.push(below);
        }
        survey
    }

    /// The same schema below another root is another place: its references lead elsewhere.
    fn enter(&mut self, known: &mut HashMap<(*const Json, *const Json), usize>, place: Place<'s>) -> usize {
        let next = self.places.len();
        let at = *known.entry((place.schema, place.root)).or_insert(next);
        if at == next {
            self.places.push(place);
        }
        at
    }

    /// Which places mark their value, or lead to one that does.
    fn bearing(&self) -> Vec<bool> {
        let mut from = vec![Vec::new(); self.places.len()];
        for at in 0..self.places.len() {
            for to in self.same[at].iter().chain(self.below[at].iter().map(|(_, to)| to)) {
                from[*to].push(at);
            }
        }
        let marked = (0..self.places.len()).filter(|at| marks(self.places[*at].schema));
        let mut open: Vec<usize> = marked.collect();
        let mut bearing = vec![false; self.places.len()];
        while let Some(at) = open.pop() {
            if !bearing[at] {
                bearing[at] = true;
                open.extend(&from[at]);
            }
        }
        bearing
    }

    fn node(&self, at: usize, number: &[Option<usize>]) -> Node {
        let mut node = Node {
            marks: marks(self.places[at].schema),
            same: self.same[at].iter().filter_map(|to| number[*to]).collect(),
            ..Node::default()
        };
        for (which, to) in &self.below[at] {
            let Some(to) = number[*to] else { continue };
            match which {
                Below::Key(name) => {
                    node.keys.insert((*name).to_owned(), to);
                }
                Below::Matching(expression) => node.patterns.push((Pattern::new(expression), to)),
                Below::OtherKeys => node.others.push(to),
                Below::Item(index) => node.items.push((*index, to)),
                Below::ItemsFrom(index) => node.rest = Some((*index, to)),
            }
        }
        if !node.others.is_empty() {
            let schema = self.places[at].schema;
            node.declared = keys_of(schema.get("properties")).cloned().collect();
            let expressions = keys_of(schema.get("patternProperties"));
            node.matched = expressions.map(String::as_str).map(Pattern::new).collect();
        }
        node
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Secrecy, Standing};
    use crate::schema::Schema;

    fn secrecy(schema: &serde_json::Value) -> Secrecy {
        Secrecy::of(&Schema::parse("s.json", &schema.to_string()).unwrap())
    }

    #[test]
    fn only_what_leads_to_a_secret_is_kept() {
        let schema = json!({
            "properties": {
                "mqtt": {"$ref": "#/$defs/mqtt"},
                "zones": {"items": {"properties": {"name": {}, "flow": {}}}},
            },
            "$defs": {
                "mqtt": {"properties": {"password": {"x-secret": true}, "host": {}}},
                "unused": {"writeOnly": true},
            },
        });
        let secrecy = secrecy(&schema);
        assert_eq!(secrecy.nodes.len(), 4, "{secrecy:?}");
        let standing = |path: &str| secrecy.at(&path.parse().unwrap());
        assert_eq!(standing("mqtt.password"), Standing::Secret);
        assert_eq!(standing("mqtt.host"), Standing::Open);
        assert_eq!(standing("zones[0].name"), Standing::Open);
        assert!(matches!(standing("mqtt"), Standing::Around(_)));
        assert!(self::secrecy(&json!({"$defs": {"a": {"x-secret": true}}})).is_empty());
    }

    #[test]
    fn a_schema_that_contains_itself_is_followed_to_any_depth() {
        let schema = json!({
            "properties": {"next": {"$ref": "#"}, "key": {"writeOnly": true}, "same": {"allOf": [{"$ref": "#"}]}},
        });
        let secrecy = secrecy(&schema);
        let is_secret = |path: &str| secrecy.at(&path.parse().unwrap()) == Standing::Secret;
        assert!(is_secret("next.next.same.next.key") && !is_secret("next.next"));
    }

    #[test]
    fn patterns_and_other_keys_and_items_lead_to_secrets() {
        let schema = json!({
            "properties": {"open": {}, "t": {"items": [{}, {"x-secret": true}], "additionalItems": {"x-secret": true}}},
            "patternProperties": {"_key$": {"x-secret": true}, "^o": {}},
            "additionalProperties": {"properties": {"pin": {"x-secret": true}}},
        });
        let secrecy = secrecy(&schema);
        let is_secret = |path: &str| secrecy.at(&path.parse().unwrap()) == Standing::Secret;
        for path in ["a_key", "a_key.b", "any.pin", "t[1]", "t[7]"] {
            assert!(is_secret(path), "{path}");
        }
        for path in ["open", "open.pin", "o.pin", "any", "t", "t[0]", "t.pin"] {
            assert!(!is_secret(path), "{path}");
        }
        assert_eq!(secrecy.names(), None);
    }

    #[test]
    fn the_names_of_secrets_are_those_of_their_own_keys() {
        let schema = json!({
            "properties": {"codes": {"items": {"x-secret": true}}},
            "additionalProperties": {"properties": {"pin": {"x-secret": true}, "open": {}}},
        });
        let names: Vec<String> = secrecy(&schema)
            .names()
            .unwrap()
            .into_iter()
            .map(str::to_owned)
            .collect();
        assert_eq!(names, ["codes", "pin"]);
    }
}
