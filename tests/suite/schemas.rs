//! What is said of schemas themselves, and how they are put together from several files.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::time::Duration;

use serde_json::{Value as Json, json};
use valvecfg::document::Document;
use valvecfg::schema::{CheckOptions, Checker, Code, Library, Schema, SchemaError, Violation};

fn compiled(schema: &Json, library: &Library) -> Result<Checker, Vec<SchemaError>> {
    let schema = Schema::parse("s.json", &schema.to_string()).expect("it is JSON");
    Checker::compile(&schema, library, CheckOptions::default())
}

fn check(schema: &Json, text: &str) -> Vec<Violation> {
    let checker = compiled(schema, &Library::default()).expect("the schema is right");
    checker.check(&Document::parse(text).expect("it is TOML"))
}

fn codes(schema: &Json, text: &str) -> Vec<Code> {
    check(schema, text)
        .into_iter()
        .map(|violation| violation.code)
        .collect()
}

fn errors(schema: &Json) -> Vec<String> {
    match compiled(schema, &Library::default()) {
        Ok(_) => Vec::new(),
        Err(errors) => errors.iter().map(ToString::to_string).collect(),
    }
}

fn write(folder: &Path, name: &str, json: &Json) {
    let mut file = File::create(folder.join(name)).expect("the folder is ours");
    file.write_all(json.to_string().as_bytes()).expect("there is space");
}

/// Each level applies the next one twice, to the same value.
fn doubled(levels: usize, keyword: &str) -> Json {
    let mut definitions = serde_json::Map::new();
    definitions.insert(format!("a{levels}"), json!({"type": "object", "required": ["x"]}));
    for level in 0..levels {
        let next = format!("#/$defs/a{}", level + 1);
        definitions.insert(
            format!("a{level}"),
            json!({ keyword: [{"$ref": next}, {"$ref": next}] }),
        );
    }
    json!({"$ref": "#/$defs/a0", "$defs": definitions})
}

#[test]
fn a_checker_is_shared_between_threads() {
    fn shared<T: Send + Sync>() {}
    shared::<Checker>();
}

#[test]
fn every_draft_is_read_by_its_own_rules() {
    let with = |dialect: &str, rest: Json| {
        let mut schema = rest;
        schema["$schema"] = Json::from(dialect);
        schema
    };
    let draft4 = "http://json-schema.org/draft-04/schema#";
    let exclusive = json!({"properties": {"a": {"minimum": 0, "exclusiveMinimum": true}}});
    assert_eq!(codes(&with(draft4, exclusive), "a = 0"), [Code::OutOfRange]);
    for dialect in [
        "http://json-schema.org/draft-06/schema#",
        "http://json-schema.org/draft-07/schema#",
    ] {
        let beside = json!({"properties": {"a": {"$ref": "#/definitions/b", "maximum": 1}}, "definitions": {"b": {}}});
        assert!(codes(&with(dialect, beside), "a = 2").is_empty(), "{dialect}");
    }
    for dialect in [
        "https://json-schema.org/draft/2019-09/schema",
        "https://json-schema.org/draft/2020-12/schema",
    ] {
        let beside = json!({"properties": {"a": {"$ref": "#/$defs/b", "maximum": 1}}, "$defs": {"b": {}}});
        assert_eq!(codes(&with(dialect, beside), "a = 2"), [Code::OutOfRange], "{dialect}");
    }
    let of_none = with("http://json-schema.org/draft-03/schema#", json!({}));
    assert!(errors(&of_none)[0].contains("draft-03"));
}

#[test]
fn every_broken_rule_of_a_schema_is_told_with_its_place() {
    let broken = json!({"properties": {"a": {"type": "nubmer"}, "b": {"minimum": "0"}}});
    let told = errors(&broken);
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told[0].starts_with("s.json#/properties/a/type: "), "{told:?}");
    assert!(told[1].starts_with("s.json#/properties/b/minimum: "), "{told:?}");
}

#[test]
fn a_pattern_that_is_none_is_told_with_its_place() {
    let told = errors(&json!({"properties": {"a": {"pattern": "(["}}}));
    assert!(
        told.iter()
            .any(|error| error.starts_with("s.json#/properties/a/pattern: ")),
        "{told:?}"
    );
}

#[test]
fn a_circle_of_references_is_refused_though_the_validator_would_accept_everything() {
    let circle = json!({"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}});
    let naive = jsonschema::options()
        .offline()
        .build(&circle)
        .map(|validator| validator.is_valid(&json!(1)));
    assert!(
        naive.is_ok_and(|valid| valid),
        "the reason for refusing circles is gone"
    );
    let told = errors(&circle);
    assert!(told[0].contains("refers back to itself"), "{told:?}");
}

#[test]
fn a_schema_that_doubles_its_work_with_every_level_is_given_up_before_it_starts() {
    for keyword in ["allOf", "anyOf", "oneOf"] {
        assert_eq!(codes(&doubled(60, keyword), "y = 1"), [Code::TooCostly], "{keyword}");
        assert_ne!(codes(&doubled(6, keyword), "y = 1"), [Code::TooCostly], "{keyword}");
    }
}

#[test]
fn a_longer_budget_checks_what_a_shorter_one_gives_up() {
    let schema = Schema::parse("s.json", &doubled(10, "allOf").to_string()).expect("it is JSON");
    let document = Document::parse("x = 1").expect("it is TOML");
    let with = |budget| {
        let options = CheckOptions {
            budget,
            ..CheckOptions::default()
        };
        let checker = Checker::compile(&schema, &Library::default(), options).expect("the schema is right");
        checker.check(&document).len()
    };
    assert_eq!(with(Duration::from_micros(1)), 1);
    assert_eq!(with(Duration::from_secs(2)), 0);
}

#[test]
fn a_long_row_of_references_is_checked_and_a_longer_one_refused() {
    let row = |levels: usize| {
        let mut definitions = serde_json::Map::new();
        definitions.insert(format!("a{levels}"), json!({"required": ["x"]}));
        for level in 0..levels {
            definitions.insert(format!("a{level}"), json!({"$ref": format!("#/$defs/a{}", level + 1)}));
        }
        json!({"$ref": "#/$defs/a0", "$defs": definitions})
    };
    assert_eq!(codes(&row(250), "y = 1"), [Code::Missing]);
    assert!(errors(&row(10_000))[0].contains("in a row"));
}

#[test]
fn the_same_demand_by_two_ways_is_one_violation() {
    assert_eq!(codes(&doubled(6, "allOf"), "y = 1"), [Code::Missing]);
}

#[test]
fn look_around_runs_and_gives_up_at_its_limit() {
    let look_around = json!({"properties": {"a": {"pattern": "^(?!root$)[a-z]+$"}, "b": {"pattern": "^[a-z]+$"}}});
    assert!(codes(&look_around, "a = 'user'\nb = 'user'").is_empty());
    assert_eq!(codes(&look_around, "a = 'root'"), [Code::Pattern]);
    assert_eq!(codes(&look_around, "b = '1'"), [Code::Pattern]);
    let explosive = json!({"properties": {"a": {"pattern": "^(?=a)(a|a)*(?<!c)b$"}}});
    let text = format!("a = '{}'", "a".repeat(60));
    assert_eq!(codes(&explosive, &text), [Code::TooCostly]);
}

#[test]
fn a_reference_to_another_file_is_answered_by_id_or_by_name() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    write(
        folder.path(),
        "units.json",
        &json!({"$id": "https://example.org/u", "$defs": {"percent": {"maximum": 100}}}),
    );
    let library = Library::new([folder.path().to_owned()]);
    for reference in [
        "units.json#/$defs/percent",
        "https://example.org/u#/$defs/percent",
        "./units.json#/$defs/percent",
    ] {
        let schema = json!({"properties": {"a": {"$ref": reference}}});
        let checker = compiled(&schema, &library).expect("the reference has an answer");
        let violations = checker.check(&Document::parse("a = 101").expect("it is TOML"));
        assert_eq!(violations.len(), 1, "{reference}");
        assert!(
            violations[0].schema.ends_with("#/$defs/percent/maximum"),
            "{}",
            violations[0].schema
        );
        assert!(
            violations[0]
                .allowed
                .as_ref()
                .is_some_and(|allowed| allowed.starts_with("at most 100"))
        );
    }
}

#[test]
fn what_a_reference_leads_to_may_refer_further_and_is_checked_too() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    write(
        folder.path(),
        "a.json",
        &json!({"properties": {"x": {"$ref": "b.json"}}}),
    );
    write(folder.path(), "b.json", &json!({"x-secret": true, "type": "string"}));
    let library = Library::new([folder.path().to_owned()]);
    let schema = json!({"properties": {"t": {"$ref": "a.json"}}});
    let checker = compiled(&schema, &library).expect("the references have answers");
    let violations = checker.check(&Document::parse("[t]\nx = 12345").expect("it is TOML"));
    assert_eq!(violations.len(), 1);
    assert!(!format!("{violations:?}").contains("12345"));
    write(folder.path(), "b.json", &json!({"type": "txet"}));
    let errors = compiled(&schema, &Library::new([folder.path().to_owned()])).expect_err("b.json is wrong");
    assert!(errors[0].to_string().contains("b.json#/type"), "{errors:?}");
}

#[test]
fn a_reference_without_an_answer_is_told_where_a_document_needs_it() {
    let schema = json!({"properties": {"tool": {"$ref": "tool.json#/$defs/t"}, "a": {"type": "integer"}}});
    let checker = compiled(&schema, &Library::default()).expect("the rest can be used");
    assert_eq!(checker.unanswered().len(), 1);
    assert_eq!(checker.unanswered()[0].code(), Code::SchemaMissing);
    assert!(checker.check(&Document::parse("a = 1").expect("it is TOML")).is_empty());
    let violations = checker.check(&Document::parse("[tool]\nx = 1").expect("it is TOML"));
    assert_eq!(violations.len(), 1);
    assert_eq!(
        (violations[0].code, violations[0].position.line),
        (Code::SchemaMissing, 1)
    );
    assert!(violations[0].message.contains("tool.json#/$defs/t"));
    let negated = json!({"not": {"$ref": "tool.json"}});
    assert!(errors(&negated)[0].contains("tool.json"));
}

#[test]
fn nothing_is_fetched_from_the_network_or_from_other_folders() {
    let file = tempfile::NamedTempFile::new().expect("a temporary file");
    for reference in [
        "https://json.schemastore.org/uv.json".to_owned(),
        format!("file://{}", file.path().display()),
    ] {
        let checker = compiled(&json!({"properties": {"a": {"$ref": reference}}}), &Library::default());
        let checker = checker.expect("the rest can be used");
        let document = Document::parse("a = 1").expect("it is TOML");
        assert_eq!(checker.check(&document)[0].code, Code::SchemaMissing);
    }
}

#[test]
fn a_schema_that_is_no_json_says_where() {
    let error = Schema::parse("s.json", "{\n  \"type\": ,\n}").expect_err("it is no JSON");
    assert!(
        error.to_string().starts_with("s.json:2:11: not JSON: expected value"),
        "{error}"
    );
    assert!(matches!(
        Schema::parse("s.json", "[]"),
        Err(SchemaError::NotASchema { .. })
    ));
}

#[test]
fn a_check_of_a_recursive_schema_is_no_reason_to_give_up() {
    let tree = json!({"$ref": "#/$defs/node", "$defs": {"node": {
        "type": "object",
        "properties": {"name": {"type": "string"}, "children": {"type": "array", "items": {"$ref": "#/$defs/node"}}},
        "additionalProperties": false
    }}});
    assert!(codes(&tree, "name = 'a'\nchildren = [{ name = 'b', children = [{}] }]").is_empty());
    let violations = check(&tree, "children = [{ children = [{ name = 1 }] }]");
    assert_eq!(violations.len(), 1);
    assert_eq!(violations[0].key.to_string(), "children[0].children[0].name");
}

#[test]
fn what_a_failed_part_leaves_unevaluated_is_not_called_unknown() {
    let schema = json!({
        "allOf": [{"properties": {"a": {"type": "integer"}, "b": {"type": "integer"}}}],
        "unevaluatedProperties": false
    });
    assert_eq!(codes(&schema, "a = 'x'\nb = 1"), [Code::WrongType]);
    assert_eq!(codes(&schema, "a = 'x'\nc = 1"), [Code::WrongType, Code::UnknownKey]);
    assert_eq!(codes(&schema, "c = 1"), [Code::UnknownKey]);
}

#[test]
fn a_value_that_fits_two_exclusive_alternatives_names_both() {
    let schema = json!({"properties": {"a": {"oneOf": [{"minimum": 1}, {"maximum": 0}, {"maximum": 9}]}}});
    let violations = check(&schema, "a = 5");
    assert_eq!(violations[0].code, Code::SeveralBranches);
    assert_eq!(violations[0].label, "fits the alternatives 1 and 3");
}
