//! Migrations followed without documents, and what is told of them.

use super::super::{Declared, Migration, Pattern};

/// `a:integer`, `t:table`, `o:table+` for one that is open.
fn declared(settings: &[&str]) -> Vec<Declared> {
    let root = Declared {
        kinds: vec!["table".to_owned()],
        ..Declared::default()
    };
    let one = |text: &&str| {
        let (key, kind) = text.split_once(':').unwrap();
        Declared {
            key: key.parse::<Pattern>().unwrap(),
            kinds: kind.trim_end_matches('+').split('|').map(str::to_owned).collect(),
            open: kind.ends_with('+'),
            ..Declared::default()
        }
    };
    std::iter::once(root).chain(settings.iter().map(one)).collect()
}

fn migration(steps: &[&str]) -> Migration {
    let steps = steps.join("\n\n[[step]]\n");
    Migration::parse(&format!("from = 1\nto = 2\n\n[[step]]\n{steps}\n")).unwrap()
}

fn told(settings: &[&str], steps: &[&str]) -> Vec<String> {
    let errors = migration(steps).astray(&declared(settings));
    errors.into_iter().map(|error| error.message).collect()
}

const PUMP: [&str; 7] = [
    "threshold:integer",
    "mode:string",
    "zones:array",
    "zones[*]:table",
    "zones[*].name:string",
    "mqtt:table",
    "mqtt.host:string",
];

#[test]
fn a_step_on_a_key_that_is_not_declared_is_told_with_what_was_meant() {
    assert_eq!(
        told(&PUMP, &["remove = 'mode'", "scale = 'treshold'\nfactor = 10"]),
        ["step 2: `treshold` is no setting of version 1; did you mean `threshold`?"]
    );
    assert_eq!(
        told(&PUMP, &["map = 'zones[*].nmae'\nvalues = { a = 'b' }"]),
        ["step 1: `zones[*].nmae` is no setting of version 1; did you mean `zones[*].name`?"]
    );
    assert_eq!(
        told(&PUMP, &["remove = 'pressure'"]),
        ["step 1: `pressure` is no setting of version 1"]
    );
    assert_eq!(
        told(&PUMP, &["remove = 'mode'\nwhen = { key = 'mod', is = 'auto' }"]),
        ["step 1: `mod` is no setting of version 1; did you mean `mode`?"]
    );
    assert_eq!(
        told(&PUMP, &["default = 'zone[*].flow'\nvalue = 1"]),
        ["step 1: `zone[*]` is no setting of version 1; did you mean `zones[*]`?"]
    );
    assert_eq!(
        told(
            &PUMP,
            &["join = ['mqtt.host', 'mqtt.port']\nto = 'mqtt.address'\nseparator = ':'"]
        ),
        ["step 1: `mqtt.port` is no setting of version 1"]
    );
    let span = migration(&["remove = 'mode'", "remove = 'x'"]).astray(&declared(&PUMP))[0]
        .span
        .clone();
    assert_eq!(span.start, "from = 1\nto = 2\n\n[[step]]\nremove = 'mode'\n\n".len());
}

#[test]
fn a_setting_goes_by_its_new_name_once_a_step_has_given_it_one() {
    let rename = "rename = 'threshold'\nto = 'close_above'";
    assert!(told(&PUMP, &[rename, "scale = 'close_above'\nfactor = 10"]).is_empty());
    assert_eq!(
        told(&PUMP, &[rename, "scale = 'threshold'\nfactor = 10"]),
        ["step 2: `threshold` is not there any more: step 1 renames it"]
    );
    let table = "move = 'mqtt'\nto = 'links.mqtt'";
    assert!(told(&PUMP, &[table, "remove = 'links.mqtt.host'"]).is_empty());
    assert_eq!(
        told(&PUMP, &[table, "remove = 'mqtt.host'"]),
        ["step 2: `mqtt.host` is not there any more: step 1 moves it"]
    );
    assert!(told(&PUMP, &["wrap = 'mqtt'\nto = 'brokers'", "remove = 'brokers[*].host'"]).is_empty());
    assert!(told(&PUMP, &["unwrap = 'zones'\nto = 'zone'", "remove = 'zone.name'"]).is_empty());
    assert!(told(&PUMP, &["convert = 'mode'\nto = 'array'", "remove = 'mode[*]'"]).is_empty());
    assert!(
        told(
            &PUMP,
            &["split = 'mode'\ninto = ['a', 'b']\nseparator = ':'", "remove = 'b'"]
        )
        .is_empty()
    );
    // Where a condition does not hold, it has its old name still.
    let sometimes = "rename = 'threshold'\nto = 'close_above'\nwhen = { key = 'mode', is = 'auto' }";
    assert!(told(&PUMP, &[sometimes, "remove = 'threshold'", "remove = 'close_above'"]).is_empty());
}

#[test]
fn a_name_that_is_taken_is_told_unless_a_condition_may_have_freed_it() {
    let taken = |to: &str| format!("step 1: `{to}` is a setting by then already, so nothing can get that name");
    assert_eq!(told(&PUMP, &["rename = 'threshold'\nto = 'mode'"]), [taken("mode")]);
    assert_eq!(told(&PUMP, &["rename = 'mode'\nto = 'mode'"]), [taken("mode")]);
    assert_eq!(told(&PUMP, &["copy = 'mode'\nto = 'mqtt.host'"]), [taken("mqtt.host")]);
    assert_eq!(
        told(
            &PUMP,
            &["split = 'mode'\ninto = ['mode', 'threshold']\nseparator = ':'"]
        ),
        [taken("threshold")]
    );
    assert_eq!(
        told(&PUMP, &["move = 'threshold'\nto = 'mode.threshold'"]),
        ["step 1: `mode` is no table, so `mode.threshold` cannot stand in it"]
    );
    assert!(told(&PUMP, &["remove = 'mode'", "rename = 'threshold'\nto = 'mode'"]).is_empty());
    let free = "rename = 'threshold'\nto = 'mode'\nwhen = { key = 'mode', set = false }";
    assert!(told(&PUMP, &[free]).is_empty());
    let same = "join = ['mode', 'mqtt.host']\nto = 'mode'\nseparator = ':'";
    assert!(told(&PUMP, &[same]).is_empty());
}

#[test]
fn below_what_is_left_open_every_key_is_fine() {
    let open = [
        "t:table+",
        "t.a:integer",
        "list:array",
        "any:string|table+",
        "users:table",
        "users.*:table",
        "users.*.role:string",
    ];
    for step in [
        "remove = 't.whatever.below'",
        "remove = 'list[*].x'",
        "remove = 'any.x'",
        "rename = 't.x'\nto = 't.y'",
        "remove = 'users.ines.role'",
        "rename = 'users.ines'\nto = 'users.anna'",
        "rename = 'users.*.role'\nto = 'users.*.roles'",
        "command = ['true']",
    ] {
        assert_eq!(told(&open, &[step]), [""; 0], "{step}");
    }
    assert_eq!(told(&open, &["command = ['true']", "remove = 'anything'"]), [""; 0]);
    assert_eq!(
        told(&open, &["remove = 'users.ines.rol'"]),
        ["step 1: `users.ines.rol` is no setting of version 1"]
    );
    // One user's name is not every user's.
    assert_eq!(
        told(
            &open,
            &["rename = 'users.ines'\nto = 'users.anna'", "remove = 'users.*.role'"]
        ),
        [""; 0]
    );
}
