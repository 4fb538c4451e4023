//! Tests of what a schema says of single settings.

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
    assert!(!self::schema(&schema).settings().is_empty());
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
