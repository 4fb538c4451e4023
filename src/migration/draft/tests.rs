//! Drafts of what two versions declare. Each must be a migration that finds all its settings.

use super::super::{Declared, Migration, Pattern};
use super::draft;
use crate::document::Value;

/// `mode: string`, `zones: array`; more is given by what follows.
fn setting(text: &str) -> Declared {
    let (key, kinds) = text.split_once(": ").unwrap();
    Declared {
        key: key.parse::<Pattern>().unwrap(),
        kinds: kinds.split('|').map(str::to_owned).collect(),
        ..Declared::default()
    }
}

fn of(settings: &[Declared]) -> Vec<Declared> {
    let root = Declared {
        kinds: vec!["table".to_owned()],
        ..Declared::default()
    };
    std::iter::once(root).chain(settings.iter().cloned()).collect()
}

fn value(literal: &str) -> Value {
    Value::parse_literal(literal).unwrap()
}

trait Said: Sized {
    fn said(self, description: &str) -> Self;
    fn called(self, name: &str) -> Self;
    fn or(self, literal: &str) -> Self;
    fn one_of(self, literals: &[&str]) -> Self;
    fn within(self, minimum: f64, maximum: f64) -> Self;
    fn required(self) -> Self;
    fn unit(self, unit: &str) -> Self;
}

impl Said for Declared {
    fn said(mut self, description: &str) -> Self {
        self.description = Some(description.to_owned());
        self
    }

    fn called(mut self, name: &str) -> Self {
        self.renamed_from.push(name.to_owned());
        self
    }

    fn or(mut self, literal: &str) -> Self {
        self.default = Some(value(literal));
        self
    }

    fn one_of(mut self, literals: &[&str]) -> Self {
        self.values = literals.iter().map(|literal| value(literal)).collect();
        self
    }

    fn within(mut self, minimum: f64, maximum: f64) -> Self {
        (self.minimum, self.maximum) = (Some(minimum), Some(maximum));
        self
    }

    fn required(mut self) -> Self {
        self.required = true;
        self
    }

    fn unit(mut self, unit: &str) -> Self {
        self.unit = Some(unit.to_owned());
        self
    }
}

/// The steps, each on a line of its own, without the reasons.
#[track_caller]
fn steps(old: &[Declared], new: &[Declared]) -> Vec<String> {
    let text = draft(1, &of(old), &of(new));
    let migration = Migration::parse(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    assert_eq!(migration.astray(&of(old)), [], "{text}");
    let steps = text.split("[[step]]\n").skip(1);
    let lines = |step: &str| {
        let lines = step.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
        lines.collect::<Vec<_>>().join("; ").replace('"', "'")
    };
    steps.map(lines).collect()
}

#[test]
fn what_came_and_went_is_drafted_with_its_reason() {
    let old = [
        setting("gone: string"),
        setting("same: integer"),
        setting("zones: array"),
        setting("zones[*]: table"),
        setting("zones[*].x: number"),
    ];
    let new = [
        setting("same: integer"),
        setting("zones: array"),
        setting("zones[*]: table"),
        setting("zones[*].flow: number").required().or("2.5").said("litres"),
        setting("zones[*].kind: string").required().one_of(&["'drip'"]),
        setting("zones[*].name: string").required(),
        setting("optional: boolean").or("true"),
    ];
    assert_eq!(
        steps(&old, &new),
        [
            "default = 'zones[*].flow'; value = 2.5",
            "default = 'zones[*].kind'; value = 'drip'",
            "decide = '`zones[*].name` is new and required, and has no default: what is it where it is missing?'; key = 'zones[*].name'",
            "remove = 'gone'",
            "remove = 'zones[*].x'",
        ]
    );
    let text = draft(1, &of(&old), &of(&new));
    assert!(text.contains("\n# It is new and required; this is its default.\n[[step]]\ndefault"));
    assert!(text.contains("\n# Version 2 does not know it. What it was stays in the history.\n[[step]]\nremove"));
}

#[test]
fn a_default_is_put_only_where_its_table_is() {
    let old = [setting("mqtt: table"), setting("mqtt.host: string")];
    let new = [
        setting("mqtt: table"),
        setting("mqtt.host: string"),
        setting("mqtt.port: integer").required().or("1883"),
        setting("tls: table"),
        setting("tls.on: boolean").required().or("true"),
        setting("log: table").required(),
        setting("log.level: string").required().or("'info'"),
        setting("empty: table").required(),
    ];
    assert_eq!(
        steps(&old, &new),
        [
            "default = 'mqtt.port'; value = 1883; when = { key = 'mqtt', set = true }",
            "default = 'log.level'; value = 'info'",
            "default = 'empty'; value = {}",
        ]
    );
    let required = [setting("a: integer").required().or("1")];
    assert_eq!(steps(&[setting("a: integer")], &required), ["default = 'a'; value = 1"]);
    assert_eq!(steps(&required, &required), [""; 0]);
}

#[test]
fn renames_are_told_or_guessed_where_there_is_one_guess() {
    let told = setting("close_above: integer").called("threshold");
    assert_eq!(
        steps(&[setting("threshold: integer")], &[told]),
        ["rename = 'threshold'; to = 'close_above'"]
    );
    let (host, mqtt) = (setting("host: string"), setting("mqtt: table"));
    assert_eq!(
        steps(
            &[host.clone(), mqtt.clone()],
            &[mqtt.clone(), setting("mqtt.host: string")]
        ),
        ["move = 'host'; to = 'mqtt.host'"]
    );
    let two = [
        setting("a: table"),
        setting("a.host: string"),
        setting("b: table"),
        setting("b.host: string"),
    ];
    assert_eq!(steps(std::slice::from_ref(&host), &two), ["remove = 'host'"]);
    let named = setting("broker: string").said("Where the broker is.");
    assert_eq!(
        steps(&[host.said("Where the broker is.")], &[named]),
        ["rename = 'host'; to = 'broker'"]
    );
    // What one user has is not what each zone has.
    let old = [
        setting("users: table"),
        setting("users.*: table"),
        setting("users.*.name: string"),
    ];
    let new = [
        setting("zones: array"),
        setting("zones[*]: table"),
        setting("zones[*].name: string"),
    ];
    assert_eq!(steps(&old, &new), ["remove = 'users'"]);
    let old = [
        setting("if: table"),
        setting("if.*: table"),
        setting("if.*.vlan: integer"),
    ];
    let new = [
        setting("if: table"),
        setting("if.*: table"),
        setting("if.*.vlan-id: integer").called("vlan"),
    ];
    assert_eq!(steps(&old, &new), ["rename = 'if.*.vlan'; to = 'if.*.vlan-id'"]);
}

#[test]
fn a_table_that_has_another_name_is_one_step_and_what_changed_in_it_more() {
    let table = |name: &str, more: &[&str]| -> Vec<Declared> {
        let keys = ["host: string", "port: integer"].iter().chain(more);
        std::iter::once(setting(&format!("{name}: table")))
            .chain(keys.map(|key| setting(&format!("{name}.{key}"))))
            .collect()
    };
    assert_eq!(
        steps(&table("mqtt", &[]), &table("broker", &[])),
        ["rename = 'mqtt'; to = 'broker'"]
    );
    assert_eq!(
        steps(
            &table("mqtt", &[]),
            &[vec![setting("links: table")], table("links.mqtt", &[])].concat()
        ),
        ["move = 'mqtt'; to = 'links.mqtt'"]
    );
    let mut told = table("broker", &["tls: boolean"]);
    told[0] = told[0].clone().called("mqtt");
    told[1] = setting("broker.address: string").called("host");
    assert_eq!(
        steps(&table("mqtt", &["old: string"]), &told),
        [
            "rename = 'mqtt'; to = 'broker'",
            "rename = 'broker.host'; to = 'broker.address'",
            "remove = 'broker.old'",
        ]
    );
    let zones = [vec![setting("zones: array")], table("zones[*]", &[])].concat();
    assert_eq!(steps(&table("zone", &[]), &zones), ["wrap = 'zone'; to = 'zones'"]);
    assert_eq!(steps(&table("zones", &[]), &zones), ["wrap = 'zones'"]);
}

#[test]
fn changed_kinds_are_converted_as_the_schema_says() {
    let one = |old: Declared, new: Declared| steps(&[old], &[new]);
    let a = |kinds: &str| setting(&format!("a: {kinds}"));
    assert_eq!(
        one(a("string"), a("integer")),
        ["convert = 'a'; to = 'integer'; from = 'string'"]
    );
    assert_eq!(
        one(a("string").or("'60 %'"), a("integer")),
        ["convert = 'a'; to = 'integer'; from = 'string'; suffix = ' %'"]
    );
    assert_eq!(
        one(a("integer"), a("string").or("'60%'")),
        ["convert = 'a'; to = 'string'; from = 'integer'; suffix = '%'"]
    );
    assert_eq!(
        one(a("integer").unit("s"), a("string").or("'5m'")),
        ["convert = 'a'; to = 'duration'; from = 'seconds'"]
    );
    assert_eq!(
        one(
            a("integer").said("Minutes between two readings."),
            a("string").said("Such as 1h30m.")
        ),
        [
            "scale = 'a'; factor = 60",
            "convert = 'a'; to = 'duration'; from = 'seconds'"
        ]
    );
    let iso = Declared {
        format: Some("duration".to_owned()),
        ..a("string")
    };
    assert_eq!(
        one(a("integer").unit("seconds"), iso.clone()),
        ["convert = 'a'; to = 'iso-duration'; from = 'seconds'"]
    );
    assert_eq!(
        one(iso, a("integer").unit("min")),
        ["convert = 'a'; to = 'seconds'", "scale = 'a'; factor = 1; divisor = 60"]
    );
    assert_eq!(one(a("number"), a("integer")), ["scale = 'a'; factor = 1; round = 0"]);
    assert_eq!(one(a("integer"), a("number")), [""; 0]);
    assert_eq!(
        one(a("boolean"), a("string").one_of(&["'off'", "'on'", "'auto'"])),
        ["map = 'a'; values = { true = 'on', false = 'off' }"]
    );
    assert_eq!(
        one(a("string").one_of(&["'yes'", "'no'"]), a("boolean")),
        ["map = 'a'; values = { yes = true, no = false }"]
    );
    let array = [a("array"), setting("a[*]: string")];
    assert_eq!(
        steps(&[a("string")], &array),
        ["convert = 'a'; to = 'array'; from = 'item'"]
    );
    for (old, new) in [
        (vec![a("integer")], array.to_vec()),
        (array.to_vec(), vec![a("string")]),
        (vec![a("table"), setting("a.x: string")], vec![a("string")]),
        (vec![a("string")], vec![a("table"), setting("a.host: string")]),
        (vec![a("string")], vec![a("boolean").one_of(&["true"])]),
        (vec![a("boolean")], vec![a("string").one_of(&["'x'", "'y'"])]),
    ] {
        let steps = steps(&old, &new);
        assert!(
            steps.len() == 1 && (steps[0].contains("what becomes of it?") || steps[0].starts_with("convert")),
            "{steps:?}"
        );
    }
}

#[test]
fn narrower_ranges_and_lists_are_mapped_where_that_is_known() {
    let a = || setting("a: integer");
    let bounded = steps(&[a().within(0.0, 100.0)], &[a().within(5.0, 80.0)]);
    assert_eq!(bounded, ["clamp = 'a'; minimum = 5; maximum = 80"]);
    let text = draft(1, &of(&[a().within(0.0, 100.0)]), &of(&[a().within(0.0, 80.0)]));
    assert!(text.contains("# It was 0 to 100 and is 0 to 80: values beyond become the nearest that is allowed.\n"));
    assert_eq!(steps(&[a().within(0.0, 80.0)], &[a().within(0.0, 100.0)]), [""; 0]);
    let mode = |literals: &[&str]| setting("mode: string").one_of(literals);
    assert_eq!(
        steps(
            &[mode(&["'by_hand'", "'AUTO'", "'off'"])],
            &[mode(&["'by-hand'", "'auto'", "'off'"])]
        ),
        ["map = 'mode'; values = { by_hand = 'by-hand', AUTO = 'auto' }"]
    );
    assert_eq!(
        steps(&[mode(&["'auto'", "'OFF'"])], &[mode(&["'automatic'", "'off'"])]),
        [
            "map = 'mode'; values = { OFF = 'off' }",
            "decide = '`mode` takes /'auto/' no more; it takes /'automatic/', /'off/': what do they become? (`map`)'; key = 'mode'"
                .replace('/', "\\")
                .as_str(),
        ]
    );
    assert!(steps(&[mode(&[])], &[mode(&["'a'", "'b'"])])[0].contains("what do others become?"));
    assert_eq!(steps(&[mode(&["'a'"])], &[mode(&["'a'", "'b'"])]), [""; 0]);
}
