//! `valvecfg plugin add`, `list` and `remove`

use snapbox::str;

use super::assert_screen;
use crate::environment::TestEnvironment;

const SCHEMA: &str = r#"{
  "type": "object",
  "title": "Pump",
  "properties": {
    "speed": { "type": "integer", "minimum": 0, "maximum": 3000, "default": 1200, "x-unit": "rpm", "description": "Turns a minute." },
    "name": { "type": "string", "default": "pump" }
  },
  "required": ["speed"],
  "additionalProperties": false
}
"#;

#[test]
fn plugins_are_listed() {
    let environment = TestEnvironment::gateway();
    let screens = environment.screens(&["plugin list", "plugin list --json"]);
    assert_screen!(
        screens,
        str![[r#"
$ valvecfg plugin list
plugin      version  settings                 title
heating     1        plugins/heating.toml     Heating controller
irrigation  1        plugins/irrigation.toml  Irrigation planner
valve       1        plugins/valve.toml       Valve controller

$ valvecfg plugin list --json
{"name":"heating","schema_version":1,"title":"Heating controller","settings":"plugins/heating.toml","schema":"schemas/heating/1.schema.json"}
{"name":"irrigation","schema_version":1,"title":"Irrigation planner","settings":"plugins/irrigation.toml","schema":"schemas/irrigation/1.schema.json"}
{"name":"valve","schema_version":1,"title":"Valve controller","settings":"plugins/valve.toml","schema":"schemas/valve/1.schema.json"}
"#]]
    );
}

#[test]
fn a_plugin_is_added_with_its_settings_and_removed() {
    let environment = TestEnvironment::gateway();
    let settings = environment.read("plugins/valve.toml");
    environment.beside("old.toml", settings);
    let screens = environment.screens(&[
        "plugin add drip --schema schemas/valve/1.schema.json --settings ../old.toml -n",
        "plugin add drip --schema schemas/valve/1.schema.json --settings ../old.toml",
        "get drip.threshold",
        "plugin remove drip -n",
        "plugin remove drip -m 'sold'",
        "plugin list",
        "history -n 2",
    ]);
    assert_screen!(
        screens,
        str![[r#"
$ valvecfg plugin add drip --schema schemas/valve/1.schema.json --settings ../old.toml -n
would add plugin drip: 21 settings, schemas/drip/1.schema.json
------- stderr -------
nothing was written: this was a dry run

$ valvecfg plugin add drip --schema schemas/valve/1.schema.json --settings ../old.toml
added plugin drip: 21 settings, schemas/drip/1.schema.json
saved as [rev 1]

$ valvecfg get drip.threshold
60

$ valvecfg plugin remove drip -n
would remove plugin drip: 21 settings, schemas/drip/1.schema.json
------- stderr -------
nothing was written: this was a dry run

$ valvecfg plugin remove drip -m 'sold'
removed plugin drip: 21 settings, schemas/drip/1.schema.json
saved as [rev 2]

$ valvecfg plugin list
plugin      version  settings                 title
heating     1        plugins/heating.toml     Heating controller
irrigation  1        plugins/irrigation.toml  Irrigation planner
valve       1        plugins/valve.toml       Valve controller

$ valvecfg history -n 2
[rev 2]  2025-12-01 00:00:00 +00:00  Ines Duarte  via plugin remove
  sold
    drip.schema_version 1 removed
    drip.mode "auto" removed
    drip.threshold 60 removed
    drip.hysteresis 2.5 removed
    drip.poll_interval 15 removed
    drip.fail_safe "closed" removed
    drip.mqtt.host "broker.gateway.example" removed
    drip.mqtt.topic "greenhouse/valve" removed
    and 13 more: `valvecfg show [rev 2]`
    schemas/drip/1.schema.json
    valvecfg.toml

[rev 1]  2025-12-01 00:00:00 +00:00  Ines Duarte  via plugin add
  drip: 21 settings
    schemas/drip/1.schema.json
    valvecfg.toml
"#]]
    );
    assert_eq!(environment.git_status(), "");
}

#[test]
fn without_settings_the_required_ones_are_written_with_their_defaults() {
    let environment = TestEnvironment::gateway();
    environment.beside("2.schema.json", SCHEMA);
    assert_screen!(
        environment.screens(&[
            "plugin add pump --schema ../2.schema.json --json",
            "plugin list",
            "validate"
        ]),
        str![[r#"
$ valvecfg plugin add pump --schema ../2.schema.json --json
{"revision":"[rev 1]","changes":[{"key":"pump.speed","before":null,"after":1200}],"files":["schemas/pump/2.schema.json","valvecfg.toml"],"absorbed":null,"dry_run":false,"confirmation":null,"warnings":[],"deliveries":[]}

$ valvecfg plugin list
plugin      version  settings                 title
heating     1        plugins/heating.toml     Heating controller
irrigation  1        plugins/irrigation.toml  Irrigation planner
pump        2        plugins/pump.toml        Pump
valve       1        plugins/valve.toml       Valve controller

$ valvecfg validate
no violations, 9 files checked
"#]]
    );
    assert_screen!(
        String::from_utf8(environment.read("plugins/pump.toml")).unwrap(),
        str![[r#"
#:schema ../schemas/pump/2.schema.json

# Pump

# Turns a minute. (0 to 3000 rpm)
speed = 1200

"#]]
    );
}

#[test]
fn a_plugin_that_a_person_removed_by_hand_can_go() {
    let environment = TestEnvironment::gateway();
    std::fs::remove_file(environment.path("plugins/heating.toml")).unwrap();
    assert_screen!(
        environment.screens(&["plugin remove heating", "plugin list", "status"]),
        str![[r#"
$ valvecfg plugin remove heating
removed plugin heating: 27 settings, schemas/heating/1.schema.json
saved as [rev 1]

$ valvecfg plugin list
plugin      version  settings                 title
irrigation  1        plugins/irrigation.toml  Irrigation planner
valve       1        plugins/valve.toml       Valve controller

$ valvecfg status
store     [STORE]
revision  [rev 1]  2025-12-01 00:00:00 +00:00  Ines Duarte
          removed heating: 27 settings
irrigation  as recorded
valve       as recorded
"#]]
    );
    assert_eq!(environment.git_status(), "");
}

#[test]
fn each_mistake_is_told() {
    let environment = TestEnvironment::gateway();
    environment.beside("broken.json", "{");
    environment.beside("other.toml", "threshold = 5\n");
    environment.write("plugins/there.toml", "x = 1\n");
    let screens = environment.screens(&[
        "plugin add valve --schema schemas/valve/1.schema.json",
        "plugin add 'a b' --schema schemas/valve/1.schema.json",
        "plugin add new --schema ../nosuch.json",
        "plugin add new --schema ../broken.json",
        "plugin add new --schema schemas/valve/1.schema.json",
        "plugin add new --schema schemas/valve/1.schema.json --settings ../other.toml",
        "plugin add there --schema schemas/valve/1.schema.json --settings ../other.toml",
        "plugin remove nosuch",
        "plugin add",
    ]);
    assert_screen!(
        screens,
        str![[r#"
$ valvecfg plugin add valve --schema schemas/valve/1.schema.json
------- stderr -------
error: there is a plugin `valve` already
help: `valvecfg list valve` shows its settings
[exit 1]

$ valvecfg plugin add 'a b' --schema schemas/valve/1.schema.json
------- stderr -------
error: `a b` is no plugin name: letters, digits, `-` and `_`, beginning with a letter or digit
[exit 2]

$ valvecfg plugin add new --schema ../nosuch.json
------- stderr -------
error: cannot read ../nosuch.json: No such file or directory (os error 2)
[exit 3]

$ valvecfg plugin add new --schema ../broken.json
------- stderr -------
error: ../broken.json:1:1: not JSON: EOF while parsing an object
help: correct the schema; nothing was written
[exit 1]

$ valvecfg plugin add new --schema schemas/valve/1.schema.json
------- stderr -------
error[VC103]: `zones` is required
 --> plugins/new.toml:1:1
  |
1 | #:schema ../schemas/new/1.schema.json
  | ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ `zones` is missing here
  |
  = note: an array, 1 to 16 items (schemas/new/1.schema.json#/properties/zones)
error[VC103]: `mqtt.host` is required
  --> plugins/new.toml:12:1
   |
12 | [mqtt]
   | ^^^^^^ `host` is missing here
   |
   = note: a string, format hostname (schemas/new/1.schema.json#/$defs/mqtt/properties/host)
help: nothing was written
help: give what has no default in a file: `valvecfg plugin add new --schema schemas/valve/1.schema.json --settings FILE`
[exit 1]

$ valvecfg plugin add new --schema schemas/valve/1.schema.json --settings ../other.toml
------- stderr -------
error[VC103]: `mode` is required
 --> plugins/new.toml:1:1
  |
1 | threshold = 5
  | ^^^^^^^^^^^^^ `mode` is missing here
  |
  = note: Mode: "auto", "manual" or "off", default "auto" (schemas/new/1.schema.json#/properties/mode)
error[VC103]: `mqtt` is required
 --> plugins/new.toml:1:1
  |
1 | threshold = 5
  | ^^^^^^^^^^^^^ `mqtt` is missing here
  |
  = note: MQTT: a table (schemas/new/1.schema.json#/properties/mqtt)
error[VC103]: `zones` is required
 --> plugins/new.toml:1:1
  |
1 | threshold = 5
  | ^^^^^^^^^^^^^ `zones` is missing here
  |
  = note: an array, 1 to 16 items (schemas/new/1.schema.json#/properties/zones)
help: nothing was written
[exit 1]

$ valvecfg plugin add there --schema schemas/valve/1.schema.json --settings ../other.toml
------- stderr -------
error: plugins/there.toml is there already
help: leave out --settings to take the file that is there
[exit 1]

$ valvecfg plugin remove nosuch
------- stderr -------
error: there is no plugin `nosuch`
help: there are: heating, irrigation, valve
[exit 2]

$ valvecfg plugin add
------- stderr -------
error: the following required arguments were not provided:
  --schema <FILE>
  <NAME>

Usage: valvecfg plugin add --schema <FILE> <NAME>

For more information, try '--help'.
[exit 2]
"#]]
    );
}

#[test]
fn what_is_wrong_with_a_schema_is_said_of_the_file_that_was_named() {
    let environment = TestEnvironment::new_store();
    environment.beside("type.json", r#"{"properties": {"a": {"type": "objekt"}}}"#);
    environment.beside("lost.json", r##"{"properties": {"a": {"$ref": "#/nowhere"}}}"##);
    assert_screen!(
        environment.screens(&[
            "plugin add x --schema ../type.json",
            "plugin add x --schema ../lost.json",
        ]),
        str![[r#"
$ valvecfg plugin add x --schema ../type.json
------- stderr -------
error: ../type.json#/properties/a/type: "objekt" may not stand here: a type is array, boolean, integer, null, number, object or string, or a list of these
help: correct the schema; nothing was written
[exit 1]

$ valvecfg plugin add x --schema ../lost.json
------- stderr -------
error: ../lost.json#/properties/a/$ref: `#/nowhere` leads nowhere
help: correct the schema; nothing was written
[exit 1]
"#]]
    );
}

/// A schema that refers to others: by file name, and by an `$id` that one of those refers to in turn.
fn beside_with_references(environment: &TestEnvironment) {
    let files = [
        (
            "pump.schema.json",
            r#"{"type": "object", "properties": {"speed": {"$ref": "units.json#/$defs/rpm"}}}"#,
        ),
        (
            "units.json",
            r##"{"$id": "https://gateway.example/units", "$defs": {"rpm": {"$ref": "https://gateway.example/whole"}}}"##,
        ),
        (
            "numbers.json",
            r#"{"$id": "https://gateway.example/whole", "type": "integer", "maximum": 3000}"#,
        ),
        ("unused.json", r#"{"type": "null"}"#),
    ];
    for (path, text) in files {
        environment.beside(&format!("vendor/{path}"), text);
    }
    environment.beside("pump.toml", "speed = 1200\n");
}

#[test]
fn the_schemas_that_a_schema_refers_to_come_along() {
    let environment = TestEnvironment::new_store();
    beside_with_references(&environment);
    let screens = environment.screens(&[
        "plugin add pump --schema ../vendor/pump.schema.json --settings ../pump.toml -n",
        "plugin add pump --schema ../vendor/pump.schema.json --settings ../pump.toml",
    ]);
    assert_screen!(
        screens,
        str![[r#"
$ valvecfg plugin add pump --schema ../vendor/pump.schema.json --settings ../pump.toml -n
would add plugin pump: 1 setting, schemas/pump/1.schema.json, schemas/pump/numbers.json, schemas/pump/units.json
------- stderr -------
nothing was written: this was a dry run

$ valvecfg plugin add pump --schema ../vendor/pump.schema.json --settings ../pump.toml
added plugin pump: 1 setting, schemas/pump/1.schema.json, schemas/pump/numbers.json, schemas/pump/units.json
saved as [rev 1]
"#]]
    );
    std::fs::remove_dir_all(environment.folder().join("vendor")).unwrap();
    let refused = environment.screens(&["validate", "set pump.speed 9000"]);
    assert_screen!(
        refused,
        str![[r#"
$ valvecfg validate
no violations, 3 files checked

$ valvecfg set pump.speed 9000
------- stderr -------
error[VC101]: `speed` must be at most 3000
 --> plugins/pump.toml:1:9
  |
1 | speed = 9000
  |         ^^^^ 9000 is out of range
  |
  = note: at most 3000 (schemas/pump/1.schema.json#/properties/speed)
help: nothing was written; try `valvecfg set pump.speed 3000`
[exit 1]
"#]]
    );
    environment.git_succeed(&["clone", "--quiet", ".", "../clone"]);
    let clone = environment.folder().join("clone");
    let clone = clone.to_str().unwrap();
    environment.succeed(&["-C", clone, "validate"]);
    assert_eq!(
        environment.run(&["-C", clone, "set", "pump.speed", "9000"]).code(),
        Some(1)
    );
    assert_eq!(environment.git_status(), "");
}

#[test]
fn a_plugin_goes_with_the_schemas_that_came_with_it_and_with_no_others() {
    let environment = TestEnvironment::new_store();
    beside_with_references(&environment);
    for plugin in ["pump", "spare"] {
        let schema = ["--schema", "../vendor/pump.schema.json", "--settings", "../pump.toml"];
        environment.succeed(&[["plugin", "add", plugin].as_slice(), schema.as_slice()].concat());
    }
    environment.succeed(&["plugin", "remove", "pump"]);
    let recorded = environment.git_succeed(&["ls-files", "schemas/pump", "schemas/spare"]);
    assert_eq!(
        recorded,
        "schemas/spare/1.schema.json\nschemas/spare/numbers.json\nschemas/spare/units.json\n"
    );
    environment.succeed(&["validate"]);
    assert_eq!(environment.git_status(), "");
}

#[test]
fn a_schema_of_the_same_name_with_other_content_is_never_overwritten() {
    let environment = TestEnvironment::new_store();
    beside_with_references(&environment);
    environment.write("schemas/pump/units.json", "{}");
    let line = "plugin add pump --schema ../vendor/pump.schema.json --settings ../pump.toml";
    assert_screen!(
        environment.screens(&[line]),
        str![[r#"
$ valvecfg plugin add pump --schema ../vendor/pump.schema.json --settings ../pump.toml
------- stderr -------
error: schemas/pump/units.json is there already, and ../vendor/pump.schema.json refers to another file of that name
help: nothing was written; rename one of the two, or make them the same: schemas/pump/units.json
[exit 1]
"#]]
    );
    assert_eq!(environment.read("schemas/pump/units.json"), b"{}");
    assert!(!environment.path("plugins/pump.toml").exists());
    let units = std::fs::read(environment.folder().join("vendor/units.json")).unwrap();
    environment.write("schemas/pump/units.json", units);
    environment.succeed(&line.split(' ').collect::<Vec<_>>());
    assert_eq!(environment.git_status(), "");
}

#[test]
fn a_slip_in_the_name_of_the_manifest_s_table_is_answered_with_its_name() {
    let environment = TestEnvironment::gateway();
    environment.edit("valvecfg.toml", "[plugins.valve]", "[plugin.valve]");
    let screen = environment.run(&["list"]);
    assert!(screen.stderr.contains("did you mean `plugins`?"), "{screen}");
}
