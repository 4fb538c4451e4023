//! Each format, whole, in every situation that has its own difficulty; and that no format lets through what a
//! file must not say to a terminal.

use std::fmt::Write as _;

use clap::ValueEnum;
use proptest::prelude::*;

use super::printable::is_unprintable;
use super::{OutputFormat, Style, Tally, write, write_violation};
use crate::document::{KeyPath, line_column};
use crate::schema::{Code, Position, Severity, Violation};
use crate::store::CheckedFile;

const SCHEMA: &str = "schemas/valve/1.schema.json";

/// A violation at `span`, of a rule that bounds `threshold`.
fn violation_at(text: &str, span: std::ops::Range<usize>) -> Violation {
    let (line, column) = line_column(text, span.start);
    let (end_line, end_column) = line_column(text, span.end);
    Violation {
        code: Code::OutOfRange,
        severity: Severity::Error,
        key: KeyPath::root().key("threshold"),
        message: "`threshold` must be at most 100".to_owned(),
        label: "180 is out of range".to_owned(),
        allowed: Some("0 to 100 percent, default 60 (schemas/valve/1.schema.json#/properties/threshold)".to_owned()),
        suggestion: None,
        span,
        position: Position {
            line,
            column,
            end_line,
            end_column,
        },
        schema: "#/properties/threshold/maximum".to_owned(),
    }
}

fn out_of_range(text: &str, marked: &str) -> Violation {
    let start = text.find(marked).unwrap();
    violation_at(text, start..start + marked.len())
}

fn unknown_key(text: &str, name: &str, similar: Option<&str>) -> Violation {
    Violation {
        code: Code::UnknownKey,
        severity: Severity::Warning,
        key: KeyPath::root().key(name),
        message: format!("`{name}` is not known"),
        label: "not declared in the schema".to_owned(),
        allowed: None,
        suggestion: similar.map(str::to_owned),
        schema: "#/additionalProperties".to_owned(),
        ..out_of_range(text, name)
    }
}

fn file(path: &str, text: &str, violations: Vec<Violation>) -> CheckedFile {
    CheckedFile {
        path: path.to_owned(),
        text: (!violations.is_empty()).then(|| text.to_owned()),
        schema: Some(SCHEMA.to_owned()),
        violations,
    }
}

fn one(text: &str, marked: &str) -> Vec<CheckedFile> {
    vec![file("plugins/valve.toml", text, vec![out_of_range(text, marked)])]
}

fn unreadable() -> CheckedFile {
    let violation = Violation {
        code: Code::Unreadable,
        key: KeyPath::root(),
        message: "permission denied".to_owned(),
        label: String::new(),
        allowed: None,
        schema: String::new(),
        ..violation_at("", 0..0)
    };
    CheckedFile {
        path: "plugins/heating.toml".to_owned(),
        violations: vec![violation],
        ..CheckedFile::default()
    }
}

fn situations() -> Vec<(&'static str, Vec<CheckedFile>)> {
    let plain = "# The valve.\nmode = \"auto\"\ntreshold = 60\nthreshold = 180\n";
    let several = vec![
        unknown_key(plain, "treshold", Some("threshold")),
        out_of_range(plain, "180"),
    ];
    let missing = Violation {
        code: Code::Missing,
        key: "mqtt.host".parse().unwrap(),
        message: "`mqtt.host` is missing".to_owned(),
        label: "this table needs it".to_owned(),
        allowed: None,
        schema: "#/properties/mqtt/required".to_owned(),
        ..out_of_range("[mqtt]", "[mqtt]")
    };
    let lines = "zones = [\n  { name = \"a\" },\n  { name = \"b\" },\n] # all\n";
    let hostile = "threshold = \"\u{1b}[2J\u{9b}31m\u{202e}%0A::error::\" # \u{7}\n";
    let mut hostile_violation = out_of_range(hostile, "\"\u{1b}[2J\u{9b}31m\u{202e}%0A::error::\"");
    hostile_violation.message = "\"\u{1b}[2J\u{202e}%0A::error::\r\n\" is no number <![CDATA[ ]]>".to_owned();
    hostile_violation.label = "a text\u{1b}[8m".to_owned();
    hostile_violation.suggestion = Some("\u{9b}A".to_owned());
    let long = format!(
        "a = \"{}\"; threshold = 180; b = \"{}\"\n",
        "x".repeat(5_000_000),
        "y".repeat(5_000_000)
    );
    vec![
        ("one violation", one(plain, "180")),
        (
            "several in one file",
            vec![file("plugins/valve.toml", plain, several.clone())],
        ),
        (
            "several files",
            vec![
                file("plugins/boiler room.toml", "[mqtt]\nport = 1\n", vec![missing.clone()]),
                file("plugins/irrigation.toml", "", Vec::new()),
                file("plugins/valve.toml", plain, several),
            ],
        ),
        (
            "at the first byte",
            vec![file("valve.toml", plain, vec![violation_at(plain, 0..1)])],
        ),
        (
            "at the end of the file",
            vec![file(
                "valve.toml",
                plain,
                vec![violation_at(plain, plain.len()..plain.len())],
            )],
        ),
        (
            "at the end of an empty file",
            vec![file("valve.toml", "", vec![violation_at("", 0..0)])],
        ),
        ("without a last line end", one("a = 1\nthreshold = 180", "180")),
        (
            "several lines",
            one(lines, "[\n  { name = \"a\" },\n  { name = \"b\" },\n]"),
        ),
        ("CRLF", one("a = 1\r\nthreshold = 180\r\n", "180")),
        ("tabs", one("\t\tthreshold\t=\t180\t# high\n", "180")),
        (
            "wide characters",
            one("\"温度 👍 é\" = { threshold = \"一百\" } # 高\n", "\"一百\""),
        ),
        ("a byte order mark", one("\u{feff}threshold = 180\n", "180")),
        ("one line of ten megabytes", one(&long, "180")),
        ("unreadable", vec![unreadable()]),
        (
            "text from an enemy",
            vec![file("a:b,\u{1b}[1m%.toml", hostile, vec![hostile_violation])],
        ),
        (
            "the same twice",
            vec![file("a.toml", "[mqtt]\n", vec![missing.clone(), missing])],
        ),
        ("none", vec![file("valve.toml", plain, Vec::new())]),
        ("no file", Vec::new()),
    ]
}

fn printed(files: &[CheckedFile], format: OutputFormat, style: Style) -> String {
    let mut out = Vec::new();
    write(&mut out, files, format, style).unwrap();
    String::from_utf8(out).unwrap()
}

/// What a format prints in all situations, each under its name.
fn gallery(format: OutputFormat, shown: impl Fn(String) -> String) -> String {
    let mut gallery = String::new();
    for (name, files) in situations() {
        let output = shown(printed(&files, format, Style::default()));
        writeln!(gallery, "=== {name}\n{output}").unwrap();
    }
    gallery
}

fn indented(json: &str) -> String {
    let mut value: serde_json::Value = serde_json::from_str(json).unwrap();
    if let Some(driver) = value.pointer_mut("/runs/0/tool/driver") {
        // Every release has its own version, and the rules have a test of their own.
        driver["version"] = "VERSION".into();
        driver["rules"] = format!("{} rules", driver["rules"].as_array().unwrap().len()).into();
    }
    serde_json::to_string_pretty(&value).unwrap()
}

#[test]
fn full_shows_the_line_and_marks_the_place() {
    insta::assert_snapshot!(gallery(OutputFormat::Full, |output| output));
}

#[test]
fn concise_prints_a_line_per_violation() {
    insta::assert_snapshot!(gallery(OutputFormat::Concise, |output| output));
}

#[test]
fn json_is_one_array() {
    insta::assert_snapshot!(gallery(OutputFormat::Json, |output| {
        assert!(serde_json::from_str::<Vec<serde_json::Value>>(&output).is_ok());
        output
    }));
}

#[test]
fn jsonl_is_an_object_per_line() {
    insta::assert_snapshot!(gallery(OutputFormat::Jsonl, |output| {
        assert!(
            output
                .lines()
                .all(|line| line.starts_with('{') && serde_json::from_str::<serde_json::Value>(line).is_ok())
        );
        output
    }));
}

#[test]
fn github_prints_workflow_commands() {
    insta::assert_snapshot!(gallery(OutputFormat::Github, |output| output));
}

#[test]
fn gitlab_is_a_code_quality_report() {
    insta::assert_snapshot!(gallery(OutputFormat::Gitlab, |output| indented(&output)));
}

#[test]
fn junit_has_a_suite_per_file() {
    insta::assert_snapshot!(gallery(OutputFormat::Junit, |output| output));
}

#[test]
fn sarif_is_one_run() {
    insta::assert_snapshot!(gallery(OutputFormat::Sarif, |output| indented(&output)));
}

#[test]
fn sarif_describes_every_code() {
    let log: serde_json::Value = serde_json::from_str(&printed(&[], OutputFormat::Sarif, Style::default())).unwrap();
    let rules = log["runs"][0]["tool"]["driver"]["rules"].as_array().unwrap();
    let ids: Vec<_> = rules.iter().map(|rule| rule["id"].as_str().unwrap()).collect();
    let codes: Vec<_> = Code::ALL.iter().map(|code| code.as_str()).collect();
    assert_eq!(ids, codes);
    assert!(rules.iter().all(|rule| {
        rule["fullDescription"]["text"]
            .as_str()
            .is_some_and(|text| !text.is_empty())
    }));
}

#[test]
fn colours_come_only_when_asked_for() {
    let files = one("threshold = 180\n", "180");
    let colored = Style {
        color: true,
        ..Style::default()
    };
    let output = printed(&files, OutputFormat::Full, colored);
    assert!(output.starts_with("\u{1b}[1m\u{1b}[91merror[VC101]"), "{output:?}");
    let mut stripped = output.clone();
    while let Some(start) = stripped.find('\u{1b}') {
        let length = stripped[start..].find('m').unwrap();
        stripped.replace_range(start..=start + length, "");
    }
    assert_eq!(stripped, printed(&files, OutputFormat::Full, Style::default()));
    for format in OutputFormat::value_variants()
        .iter()
        .filter(|format| **format != OutputFormat::Full)
    {
        assert_eq!(
            printed(&files, *format, colored),
            printed(&files, *format, Style::default()),
            "{format:?}"
        );
    }
}

#[test]
fn a_verb_says_what_to_do_next() {
    let text = "# The valve.\nmode = \"auto\"\n\nthreshold = 180\n";
    let file = file("plugins/valve.toml", text, vec![out_of_range(text, "180")]);
    let mut out = Vec::new();
    let help = "nothing was written; try `valvecfg set threshold 100`";
    write_violation(&mut out, &file, &file.violations[0], Some(help), Style::default()).unwrap();
    insta::assert_snapshot!(String::from_utf8(out).unwrap());
}

#[test]
fn a_narrow_terminal_gets_short_lines() {
    let text = format!("note = \"{}\"; threshold = 180 # {}\n", "x".repeat(60), "y".repeat(60));
    let narrow = Style {
        width: 60,
        ..Style::default()
    };
    let output = printed(&one(&text, "180"), OutputFormat::Full, narrow);
    let line = output.lines().find(|line| line.starts_with("1 |")).unwrap();
    assert!(
        line.chars().count() <= 60 && line.contains("threshold = 180"),
        "{output}"
    );
}

#[test]
fn the_summary_counts_by_weight() {
    let tally = |errors, warnings, notes, concerned, checked| {
        let tally = Tally {
            errors,
            warnings,
            notes,
            concerned,
            checked,
        };
        tally.to_string()
    };
    assert_eq!(tally(2, 0, 0, 1, 3), "2 errors in 1 file, 3 files checked");
    assert_eq!(
        tally(1, 2, 1, 2, 2),
        "1 error, 2 warnings, 1 note in 2 files, 2 files checked"
    );
    assert_eq!(tally(0, 0, 0, 0, 1), "no violations, 1 file checked");
}

#[test]
fn a_fingerprint_outlives_a_move_and_tells_violations_apart() {
    let fingerprints = |text: &str, marked: &[&str]| {
        let violations = marked.iter().map(|marked| out_of_range(text, marked)).collect();
        let report = printed(
            &[file("valve.toml", text, violations)],
            OutputFormat::Gitlab,
            Style::default(),
        );
        let report: Vec<serde_json::Value> = serde_json::from_str(&report).unwrap();
        report
            .iter()
            .map(|issue| issue["fingerprint"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    let twice = fingerprints("a = 180\nb = 190\n", &["180", "190"]);
    assert_ne!(twice[0], twice[1]);
    assert_eq!(fingerprints("# moved\n\na = 170\n", &["170"])[0], twice[0]);
}

proptest! {
    #[test]
    fn no_format_panics_or_prints_what_a_terminal_would_obey(
        text in "([ -~]|[\t\r\n\u{0}-\u{a0}\u{200b}-\u{2069}\u{feff}]|[ü大👩́]|\r\n|[a-z ]{30,90}){0,40}",
        start in 0..300_usize,
        length in 0..300_usize,
        width in 0..160_usize,
        path in "\\PC{0,9}|[\u{0}-\u{a0}]{0,9}",
    ) {
        let mut violation = violation_at(&text, start.min(text.len())..(start + length).min(text.len()));
        // What a check is wrong about must not bring down the report.
        violation.span = start..start + length;
        for part in [&mut violation.message, &mut violation.label, &mut violation.schema] {
            part.clone_from(&text);
        }
        (violation.allowed, violation.suggestion) = (Some(text.clone()), Some(text.clone()));
        violation.key = KeyPath::root().key(text.clone());
        let file = CheckedFile { path, schema: Some(text.clone()), ..file("", &text, vec![violation]) };
        for format in OutputFormat::value_variants() {
            for file in [file.clone(), CheckedFile { text: None, ..file.clone() }] {
                let output = printed(&[file], *format, Style { color: false, width });
                let seen = output.chars().find(|character| *character != '\n' && is_unprintable(*character));
                prop_assert_eq!(seen, None, "{:?} {:?}", format, output);
            }
        }
    }
}
