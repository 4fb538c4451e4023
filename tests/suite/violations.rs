//! What is said of a broken settings file: the whole list, with the text of every place.

use std::fmt::Write as _;

use valvecfg::document::Document;
use valvecfg::schema::{CheckOptions, Checker, Formats, Library, Schema};

const IRRIGATION: &str = include_str!("irrigation.schema.json");

/// What an operator starts from; every test breaks it in one place.
const VALID: &str = r#"schema_version = 2
threshold = 60
site = "orchard"

[mqtt]
host = "broker.local"
port = 1883
password = "correct-horse"

[[zones]]
name = "roses"
flow = 2.5
valve = { kind = "relay", gpio = 4 }
"#;

fn irrigation() -> Schema {
    Schema::parse("irrigation.json", IRRIGATION).expect("it is JSON")
}

fn told(schema: &str, text: &str, options: CheckOptions) -> String {
    let schema = Schema::parse("irrigation.json", schema).expect("it is JSON");
    let checker = Checker::compile(&schema, &Library::default(), options).expect("the schema is right");
    let document = Document::parse(text).expect("it is TOML");
    let mut told = String::new();
    for violation in checker.check(&document) {
        let at = violation.position;
        let place = &text[violation.span.clone()];
        let mut line = |text: String| writeln!(told, "{text}").expect("a String takes everything");
        let weight = format!("{:?}", violation.severity).to_lowercase();
        line(format!(
            "{weight}[{}] {}:{} {}",
            violation.code, at.line, at.column, violation.message
        ));
        line(format!("    {place:?}: {}", violation.label));
        violation
            .allowed
            .iter()
            .for_each(|allowed| line(format!("    = {allowed}")));
        violation
            .suggestion
            .iter()
            .for_each(|suggestion| line(format!("    try {suggestion}")));
        line(format!("    {} by {}", violation.key, violation.schema));
    }
    told
}

fn irrigation_says(text: &str) -> String {
    told(IRRIGATION, text, CheckOptions::default())
}

fn with(broken: &str, instead_of: &str) -> String {
    assert!(VALID.contains(instead_of), "{instead_of}");
    irrigation_says(&VALID.replace(instead_of, broken))
}

#[test]
fn a_valid_document_has_no_violations() {
    assert_eq!(irrigation_says(VALID), "");
}

#[test]
fn a_number_out_of_range_names_its_bounds_and_the_nearest_right_one() {
    insta::assert_snapshot!(with("threshold = 180", "threshold = 60"));
    insta::assert_snapshot!(with("flow = 0.0", "flow = 2.5"));
    insta::assert_snapshot!(with("pressure = 0.1\nduration = 7\nsite", "site"));
}

#[test]
fn a_value_of_the_wrong_type_is_offered_as_the_right_one() {
    insta::assert_snapshot!(with("threshold = \"60\"", "threshold = 60"));
    insta::assert_snapshot!(with("mqtt = 1\n[unused]", "[mqtt]"));
}

#[test]
fn a_missing_key_is_shown_where_it_is_missing() {
    insta::assert_snapshot!(with("", "threshold = 60\n"));
    insta::assert_snapshot!(with("", "host = \"broker.local\"\n"));
    insta::assert_snapshot!(with("", "name = \"roses\"\n"));
    insta::assert_snapshot!(with(
        "valve = { kind = \"relay\" }",
        "valve = { kind = \"relay\", gpio = 4 }"
    ));
    insta::assert_snapshot!(irrigation_says(""));
}

#[test]
fn a_missing_key_of_a_dotted_table_is_shown_at_the_table_s_name() {
    let text = VALID
        .replace("[mqtt]\n", "")
        .replace("host =", "mqtt.host =")
        .replace("port =", "mqtt.port =");
    insta::assert_snapshot!(irrigation_says(&text.replace("password = \"correct-horse\"\n", "")));
}

#[test]
fn an_unknown_key_is_shown_itself_with_a_similar_one() {
    insta::assert_snapshot!(with("threshold = 60\nmoed = \"auto\"", "threshold = 60"));
    insta::assert_snapshot!(with("port = 1883\nretrys = 4", "port = 1883"));
    insta::assert_snapshot!(with("flow = 2.5\ncolour = 1", "flow = 2.5"));
}

#[test]
fn a_value_that_is_not_listed_is_offered_a_similar_one() {
    insta::assert_snapshot!(with("threshold = 60\nmode = \"atuo\"", "threshold = 60"));
    insta::assert_snapshot!(with("threshold = 60\nmode = 1", "threshold = 60"));
    insta::assert_snapshot!(with("schema_version = 3", "schema_version = 2"));
}

#[test]
fn the_alternative_with_the_right_tag_speaks_for_all() {
    let valve = "{ kind = \"relay\", gpio = 4 }";
    insta::assert_snapshot!(with("{ kind = \"relay\", gpio = 40 }", valve));
    insta::assert_snapshot!(with("{ kind = \"solenoid\", gpio = 4 }", valve));
    insta::assert_snapshot!(with("{ gpio = 4 }", valve));
    insta::assert_snapshot!(with("\"nothing\"", valve));
    insta::assert_snapshot!(with("4", valve));
}

#[test]
fn what_a_condition_demands_is_reported_as_itself() {
    let text = VALID.replace("{ kind = \"relay\", gpio = 4 }", "{ kind = \"servo\", channel = 1 }");
    assert_eq!(irrigation_says(&text), "");
    insta::assert_snapshot!(irrigation_says(&text.replace("flow = 2.5", "flow = 20.0")));
}

#[test]
fn keys_that_exclude_each_other_are_both_named() {
    insta::assert_snapshot!(with("days = [\"mo\"]\nseason = [2026-04-01, 2026-10-01]\nsite", "site"));
}

#[test]
fn texts_items_and_names_have_rules_of_their_own() {
    insta::assert_snapshot!(with("host = \"not a host\"", "host = \"broker.local\""));
    insta::assert_snapshot!(with("name = \"Roses\"", "name = \"roses\""));
    insta::assert_snapshot!(with("site = \"the orchard behind the hill\"", "site = \"orchard\""));
    insta::assert_snapshot!(with("days = [\"mo\", \"tu\", \"mo\"]\nsite", "site"));
    insta::assert_snapshot!(with("days = []\nsite", "site"));
    insta::assert_snapshot!(with("labels = { Bed = \"north\" }\nsite", "site"));
    insta::assert_snapshot!(with("season = [2026-04-01, 2026-10-01, 2027-01-01]\nsite", "site"));
}

#[test]
fn several_violations_come_in_the_order_of_the_text() {
    let text = VALID
        .replace("port = 1883", "port = 0")
        .replace("threshold = 60", "threshold = -1");
    insta::assert_snapshot!(irrigation_says(&text.replace("flow = 2.5", "flow = 51")));
}

#[test]
fn a_secret_is_never_printed_whatever_is_wrong_with_it() {
    let secrets = [
        "\"hunter2\"",
        "\"hunter2 hunter2\"",
        "1234567890",
        "[\"hunter2\"]",
        "{ a = \"hunter2\" }",
    ];
    for secret in secrets {
        let told = with(&format!("password = {secret}"), "password = \"correct-horse\"");
        assert!(!told.is_empty());
        let words: String = told
            .lines()
            .filter(|line| !line.trim_start().starts_with('"'))
            .collect();
        assert!(!words.contains("hunter2") && !words.contains("1234567890"), "{told}");
        let label = told
            .lines()
            .nth(1)
            .and_then(|line| line.rsplit_once(": "))
            .map(|(_, label)| label);
        assert!(
            label.is_some_and(|label| !label.contains("hunter2") && !label.contains("123")),
            "{told}"
        );
    }
    insta::assert_snapshot!(with("password = \"hunter2 hunter2\"", "password = \"correct-horse\""));
}

#[test]
fn every_secret_value_is_located_so_that_its_line_can_be_masked() {
    let document = Document::parse(VALID).expect("it is TOML");
    let spans = irrigation().secrets(&document);
    let masked: Vec<&str> = spans.into_iter().map(|span| &VALID[span]).collect();
    assert_eq!(masked, ["\"correct-horse\""]);
}

#[test]
fn numbers_that_json_has_not_are_refused_where_a_number_is_wanted_only() {
    insta::assert_snapshot!(with("flow = inf", "flow = 2.5"));
    insta::assert_snapshot!(with("pressure = nan\nsite", "site"));
    insta::assert_snapshot!(with("site = inf", "site = \"orchard\""));
    let anything = r#"{"properties": {"a": {}, "b": {"type": ["number", "null"]}}}"#;
    assert_eq!(told(anything, "a = inf", CheckOptions::default()), "");
    assert!(told(anything, "b = -inf", CheckOptions::default()).contains("VC113"));
    assert_eq!(told(anything, "b = 1.0 # inf", CheckOptions::default()), "");
}

#[test]
fn dates_and_times_satisfy_the_formats_of_their_kind() {
    let schema = |format: &str| format!(r#"{{"properties": {{"a": {{"type": "string", "format": "{format}"}}}}}}"#);
    let fits =
        |format: &str, value: &str| told(&schema(format), &format!("a = {value}"), CheckOptions::default()).is_empty();
    assert!(fits("date-time", "1979-05-27T07:32:00Z"));
    assert!(fits("date-time", "1979-05-27 07:32:00.5-07:00"));
    assert!(!fits("date-time", "1979-05-27"));
    assert!(fits("date", "1979-05-27"));
    assert!(!fits("date", "07:32:00"));
    assert!(fits("time", "07:32:00"));
    assert!(fits("time", "07:32"));
    assert!(!fits("time", "1979-05-27"));
    assert!(!fits("time", "\"7 o'clock\""));
}

#[test]
fn formats_are_errors_in_every_draft_and_warnings_when_asked() {
    for draft in [
        "http://json-schema.org/draft-04/schema#",
        "http://json-schema.org/draft-06/schema#",
        "http://json-schema.org/draft-07/schema#",
        "https://json-schema.org/draft/2019-09/schema",
        "https://json-schema.org/draft/2020-12/schema",
    ] {
        for format in ["ipv4", "uuid"] {
            let schema = format!(r#"{{"$schema": "{draft}", "properties": {{"a": {{"format": "{format}"}}}}}}"#);
            let says = |formats| {
                told(
                    &schema,
                    "a = \"x\"",
                    CheckOptions {
                        formats,
                        ..CheckOptions::default()
                    },
                )
            };
            assert!(says(Formats::Error).starts_with("error[VC107]"), "{draft} {format}");
            assert!(says(Formats::Warn).starts_with("warning[VC107]"), "{draft} {format}");
            assert_eq!(says(Formats::Ignore), "", "{draft} {format}");
        }
    }
}

#[test]
fn the_skeleton_holds_what_is_required_and_is_valid_once_filled_in() {
    let skeleton = irrigation().skeleton();
    insta::assert_snapshot!(skeleton);
    let filled = skeleton
        .replace("# site = …", "site = \"orchard\"")
        .replace("# host = …", "host = \"broker.local\"")
        .replace("# password = …", "password = \"correct-horse\"")
        .replace("# [[zones]]", "[[zones]]")
        .replace("# name = …", "name = \"roses\"")
        .replace("# flow", "flow");
    assert_eq!(irrigation_says(&filled), "");
}
