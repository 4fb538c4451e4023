//! Documents that are made of what a schema declares: with as little as it allows, with everything, and with each
//! setting at each edge of what it may be. Not all of them fit the schema: it says more than annotations tell, so who
//! uses them checks them.

use super::{Annotation, Kind, Schema, SchemaNode};
use crate::document::{self, Document, KeyPath, Segment, Table, Value};

/// A document that was made, and how.
#[derive(Clone, Debug)]
pub struct Sample {
    /// What is special about it: "with `zones` empty".
    pub about: String,
    /// The document.
    pub document: Document,
}

impl Sample {
    /// What is special about the one with everything.
    pub const ALL: &'static str = "with all settings";
}

/// How much of what may be there a document holds.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Extent {
    /// What must be there.
    Least,
    /// Everything, each array with one item.
    All,
}

/// How many items an array is tried with.
const ITEMS: [usize; 3] = [0, 1, 3];

impl Schema {
    /// The documents with as little as may be and with everything, and those that the schema itself gives as examples.
    #[must_use]
    pub fn samples(&self) -> Vec<Sample> {
        let nodes = self.nodes();
        let maker = Maker { nodes: &nodes };
        let mut samples = Vec::new();
        for (about, extent) in [
            (Sample::ALL, Extent::All),
            ("with required settings only", Extent::Least),
        ] {
            if let Some(Value::Table(table)) = nodes.first().and_then(|root| maker.value(root, extent)) {
                samples.extend(sample(about.to_owned(), &table));
            }
        }
        let examples = nodes
            .first()
            .map(|root| root.annotation.examples.as_slice())
            .unwrap_or_default();
        for (at, example) in examples.iter().enumerate() {
            let about = format!("example {} of the schema", at + 1);
            samples.extend(example.as_table().and_then(|table| sample(about, table)));
        }
        samples
    }

    /// A document with each of its settings in turn left out or at an edge of what it may be; at most so many.
    #[must_use]
    pub fn variants(&self, document: &Document, most: usize) -> Vec<Sample> {
        let nodes = self.nodes();
        let maker = Maker { nodes: &nodes };
        let mut samples = Vec::new();
        for node in nodes.iter().skip(1) {
            let Some(path) = place_of(&node.path, document) else {
                continue;
            };
            if samples.len() >= most {
                break;
            }
            if let Ok(document) = document.unset(&path) {
                let about = format!("without `{path}`");
                samples.push(Sample { about, document });
            }
            for (about, value) in maker.edges(node, &path, document) {
                let edited = document.set(&path, &value).ok();
                samples.extend(edited.map(|document| Sample { about, document }));
            }
        }
        samples.truncate(most);
        samples
    }
}

fn sample(about: String, table: &Table) -> Option<Sample> {
    let document = Document::parse(document::to_toml(table)).ok()?;
    Some(Sample { about, document })
}

struct Maker<'n> {
    nodes: &'n [SchemaNode],
}

impl Maker<'_> {
    fn children<'m>(&'m self, path: &'m KeyPath) -> impl Iterator<Item = &'m SchemaNode> {
        let is_child = |node: &&SchemaNode| node.path.len() == path.len() + 1 && node.path.starts_with(path);
        self.nodes.iter().filter(is_child)
    }

    fn value(&self, node: &SchemaNode, extent: Extent) -> Option<Value> {
        let annotation = &node.annotation;
        let may_be = |kind| annotation.kinds.is_empty() || annotation.kinds.contains(&kind);
        let has_children = self.children(&node.path).next().is_some();
        if let Some(default) = annotation
            .default
            .as_ref()
            .filter(|_| !has_children || extent == Extent::Least)
        {
            return Some(default.clone());
        }
        if let Some(first) = annotation.values.first() {
            return Some(first.clone());
        }
        let item = self.children(&node.path).find(|child| child.path == node.path.index(0));
        if may_be(Kind::Table)
            && (item.is_none() || !may_be(Kind::Array))
            && (has_children || !annotation.kinds.is_empty())
        {
            return Some(Value::Table(self.table(node, extent)));
        }
        if may_be(Kind::Array) && (item.is_some() || !annotation.kinds.is_empty()) {
            let least = annotation.min_items.unwrap_or(0).max(u64::from(extent == Extent::All));
            let item = item.map_or(Some(Value::String("text".to_owned())), |item| self.value(item, extent))?;
            return Some(Value::Array(vec![item; usize::try_from(least.min(100)).ok()?]));
        }
        let kind = annotation.kinds.first().copied().unwrap_or(Kind::String);
        plain(annotation, kind)
    }

    fn table(&self, node: &SchemaNode, extent: Extent) -> Table {
        let mut table = Table::default();
        for child in self.children(&node.path) {
            let Some((_, Segment::Key(key))) = child.path.split_last() else {
                continue;
            };
            let is_many = SchemaNode::stands_for_many(key);
            if extent == Extent::All || child.is_required {
                // Keys of any name are tried with one that most patterns take.
                let name = if is_many { "a1".to_owned() } else { key.clone() };
                if let Some(value) = self.value(child, extent) {
                    table.insert(name, value);
                }
            }
        }
        table
    }

    /// Values at the edges of what a setting may be, and what is special about each.
    fn edges(&self, node: &SchemaNode, path: &KeyPath, document: &Document) -> Vec<(String, Value)> {
        let annotation = &node.annotation;
        let mut values: Vec<Value> = annotation.default.iter().chain(&annotation.values).cloned().collect();
        values.extend(annotation.examples.iter().cloned());
        let bounds = [
            &annotation.minimum,
            &annotation.maximum,
            &annotation.exclusive_minimum,
            &annotation.exclusive_maximum,
        ];
        for bound in bounds.into_iter().flatten() {
            values.extend(Value::from_json(&serde_json::Value::Number(bound.clone())));
        }
        if annotation.values.is_empty() {
            values.extend(annotation.kinds.iter().filter_map(|kind| plain(annotation, *kind)));
            if annotation.kinds.contains(&Kind::Boolean) {
                values.extend([true, false].map(Value::Boolean));
            }
            if annotation.kinds.contains(&Kind::Number) {
                values.push(Value::Float(1.25));
            }
        }
        values.dedup();
        let mut edges: Vec<(String, Value)> = values
            .into_iter()
            .map(|value| (format!("with `{path}` = {value}"), value))
            .collect();
        if annotation.kinds.contains(&Kind::Array) {
            let there = document.get(path);
            let first = there
                .as_ref()
                .and_then(Value::as_array)
                .and_then(<[Value]>::first)
                .cloned();
            let made = || self.nodes.iter().find(|item| item.path == node.path.index(0));
            let item = first.or_else(|| self.value(made()?, Extent::Least));
            for count in ITEMS {
                let about = match count {
                    0 => format!("with `{path}` empty"),
                    1 => format!("with one item in `{path}`"),
                    _ => format!("with {count} items in `{path}`"),
                };
                edges.extend(
                    item.iter()
                        .map(|item| (about.clone(), Value::Array(vec![item.clone(); count]))),
                );
            }
        }
        edges
    }
}

/// Where a setting stands, or could stand, in a document: once, in the first item and under the first key of many.
fn place_of(path: &KeyPath, document: &Document) -> Option<KeyPath> {
    let mut found = KeyPath::root();
    for segment in path.segments() {
        let is_many = matches!(segment, Segment::Key(key) if SchemaNode::stands_for_many(key));
        let next = match document.get(&found) {
            Some(Value::Table(table)) if is_many => Segment::Key(table.keys().next()?.clone()),
            _ if is_many => return None,
            _ => segment.clone(),
        };
        found = found.join(next);
    }
    let (table, _) = found.split_last()?;
    document.contains(&table).then_some(found)
}

/// A value of a kind, within its bounds where those are simple.
fn plain(annotation: &Annotation, kind: Kind) -> Option<Value> {
    let bound = |bound: &Option<serde_json::Number>| bound.as_ref().and_then(serde_json::Number::as_f64);
    let (least, most) = (bound(&annotation.minimum), bound(&annotation.maximum));
    let within = |number: f64| number.max(least.unwrap_or(number)).min(most.unwrap_or(f64::MAX));
    Some(match kind {
        Kind::String => {
            let text = match annotation.format.as_deref() {
                Some("date-time") => "2026-11-01T10:00:00Z",
                Some("date") => "2026-11-01",
                Some("time") => "10:00:00Z",
                Some("duration") => "PT1M30S",
                Some("email") => "ines@gateway.example",
                Some("hostname") => "gateway.example",
                Some("ipv4") => "192.0.2.1",
                Some("ipv6") => "2001:db8::1",
                Some("uri" | "url") => "https://gateway.example/",
                Some("uuid") => "123e4567-e89b-12d3-a456-426614174000",
                Some(_) | None => return text(annotation).map(Value::String),
            };
            Value::String(text.to_owned())
        }
        #[expect(
            clippy::cast_possible_truncation,
            reason = "a bound beyond 64 bits makes another document that fits not"
        )]
        Kind::Integer => Value::Integer(within(1.0).ceil() as i64),
        Kind::Number => Value::Float(within(1.5)),
        Kind::Boolean => Value::Boolean(true),
        Kind::Array => Value::Array(Vec::new()),
        Kind::Table => Value::Table(Table::default()),
    })
}

/// A text that the pattern takes, if one of the usual forms is taken.
fn text(annotation: &Annotation) -> Option<String> {
    const FORMS: [&str; 14] = [
        "text",
        "a",
        "1",
        "30",
        "1s",
        "5m",
        "30 %",
        "mon",
        "06:00",
        "a:1",
        "/dev/ttyUSB0",
        "a.b",
        "A1",
        "0x0001",
    ];
    let least = usize::try_from(annotation.min_length.unwrap_or(0).min(1_000)).ok()?;
    let fits = |text: &String| match &annotation.pattern {
        Some(pattern) => super::pattern::matches(pattern, text),
        None => true,
    };
    FORMS.iter().map(|form| format!("{form:x<least$}")).find(fits)
}

#[cfg(test)]
mod tests {
    use super::Schema;
    use crate::document::Document;
    use crate::schema::{CheckOptions, Checker, Library};

    const SCHEMA: &str = r#"{
        "type": "object", "additionalProperties": false, "required": ["mode", "users"],
        "examples": [{ "mode": "off", "users": {} }],
        "properties": {
            "mode": { "type": "string", "enum": ["auto", "off"], "default": "auto" },
            "level": { "type": "integer", "minimum": 5, "maximum": 9 },
            "since": { "type": "string", "format": "date" },
            "every": { "type": "string", "pattern": "^[0-9]+m$" },
            "users": { "type": "object", "additionalProperties": { "type": "object", "properties": { "on": { "type": "boolean" } } } },
            "zones": { "type": "array", "items": { "type": "object", "required": ["flow"], "properties": { "flow": { "type": "number" } } } }
        }
    }"#;

    fn valid(checker: &Checker, document: &Document) -> bool {
        checker.check(document).is_empty()
    }

    #[test]
    fn what_is_made_of_a_schema_fits_it() {
        let schema = Schema::parse("test", SCHEMA).unwrap();
        let checker = Checker::compile(&schema, &Library::default(), CheckOptions::default()).unwrap();
        let samples = schema.samples();
        let told: Vec<(&str, &str)> = samples
            .iter()
            .map(|sample| (sample.about.as_str(), sample.document.text()))
            .collect();
        assert_eq!(
            told,
            [
                (
                    "with all settings",
                    "mode = \"auto\"\nlevel = 5\nsince = \"2026-11-01\"\nevery = \"5m\"\n\n[users.a1]\non = true\n\n[[zones]]\nflow = 1.5\n"
                ),
                ("with required settings only", "mode = \"auto\"\n\n[users]\n"),
                ("example 1 of the schema", "mode = \"off\"\n\n[users]\n"),
            ]
        );
        assert!(samples.iter().all(|sample| valid(&checker, &sample.document)));
        let variants = schema.variants(&samples[0].document, 1_000);
        let about = |wanted: &str| {
            let variant = variants.iter().find(|variant| variant.about == wanted);
            valid(&checker, &variant.unwrap_or_else(|| panic!("{wanted}")).document)
        };
        for wanted in [
            "with `mode` = \"off\"",
            "without `level`",
            "with `level` = 9",
            "with `users.a1.on` = false",
            "with `zones` empty",
            "with one item in `zones`",
            "with 3 items in `zones`",
            "with `zones[0].flow` = 1.25",
        ] {
            assert!(about(wanted), "{wanted}");
        }
        assert!(!about("without `mode`"));
        assert_eq!(schema.variants(&samples[0].document, 3).len(), 3);
    }
}
