//! `valvecfg render` and `valvecfg exec`

use std::os::unix::fs::PermissionsExt as _;

use snapbox::str;

use super::assert_screen;
use super::secret::{CANARY, sealed};
use crate::environment::TestEnvironment;

#[test]
fn a_plugin_reads_its_settings_with_defaults_and_open_secrets() {
    let environment = sealed();
    assert_screen!(
        environment.screens(&["render valve", "render valve --format env"]),
        str![[r#"
$ valvecfg render valve
schema_version = 1
mode = "auto"
threshold = 60
hysteresis = 2.5
poll_interval = 15
fail_safe = "closed"

[mqtt]
host = "broker.gateway.example"
topic = "greenhouse/valve"
keep_alive = 30
password = "canary-9f3b7c"
port = 1883
client_id = "valve"
tls = false

[[zones]]
name = "tomatoes"
pin = 17
flow = 12.5
max_open = 30
inverted = false

[[zones]]
name = "cucumbers"
pin = 27
flow = 9.0
threshold = 70
max_open = 30
inverted = false

[[zones]]
name = "seedlings"
pin = 22
flow = 2.5
max_open = 5
inverted = true

$ valvecfg render valve --format env
VALVE_SCHEMA_VERSION=1
VALVE_MODE=auto
VALVE_THRESHOLD=60
VALVE_HYSTERESIS=2.5
VALVE_POLL_INTERVAL=15
VALVE_FAIL_SAFE=closed
VALVE_MQTT_HOST=broker.gateway.example
VALVE_MQTT_TOPIC=greenhouse/valve
VALVE_MQTT_KEEP_ALIVE=30
VALVE_MQTT_PASSWORD=canary-9f3b7c
VALVE_MQTT_PORT=1883
VALVE_MQTT_CLIENT_ID=valve
VALVE_MQTT_TLS=false
VALVE_ZONES_0_NAME=tomatoes
VALVE_ZONES_0_PIN=17
VALVE_ZONES_0_FLOW=12.5
VALVE_ZONES_0_MAX_OPEN=30
VALVE_ZONES_0_INVERTED=false
VALVE_ZONES_1_NAME=cucumbers
VALVE_ZONES_1_PIN=27
VALVE_ZONES_1_FLOW=9.0
VALVE_ZONES_1_THRESHOLD=70
VALVE_ZONES_1_MAX_OPEN=30
VALVE_ZONES_1_INVERTED=false
VALVE_ZONES_2_NAME=seedlings
VALVE_ZONES_2_PIN=22
VALVE_ZONES_2_FLOW=2.5
VALVE_ZONES_2_MAX_OPEN=5
VALVE_ZONES_2_INVERTED=true
"#]]
    );
    let json = environment.succeed(&["render", "valve", "--format", "json"]);
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["mqtt"]["password"], CANARY);
    assert_eq!(json["zones"][1]["threshold"], 70);
    assert_eq!(json["mqtt"]["port"], 1883);
}

#[test]
fn a_file_is_for_its_owner_alone_and_never_in_the_store() {
    let environment = sealed();
    let file = environment.folder().join("valve.toml");
    let mode = || std::fs::metadata(&file).unwrap().permissions().mode() & 0o7777;
    assert_screen!(
        environment.screens(&[
            "render valve --output ../valve.toml -n",
            "render valve --output ../valve.toml",
            "render valve --output ../valve.toml --format env --json",
            "render valve --output plugins/valve.toml",
            "render valve --output ../store/new.toml",
            "render valve --output ../no/such/valve.toml",
            "render nosuch",
        ]),
        str![[r#"
$ valvecfg render valve --output ../valve.toml -n
the settings of valve would be in [FOLDER]/valve.toml
------- stderr -------
nothing was written: this was a dry run

$ valvecfg render valve --output ../valve.toml
the settings of valve are in [FOLDER]/valve.toml

$ valvecfg render valve --output ../valve.toml --format env --json
{"plugin":"valve","format":"env","text":null,"file":"[FOLDER]/valve.toml","dry_run":false}

$ valvecfg render valve --output plugins/valve.toml
------- stderr -------
error: plugins/valve.toml is in the store, whose history would keep the secrets
help: name a file elsewhere, such as below /run
[exit 2]

$ valvecfg render valve --output ../store/new.toml
------- stderr -------
error: ../store/new.toml is in the store, whose history would keep the secrets
help: name a file elsewhere, such as below /run
[exit 2]

$ valvecfg render valve --output ../no/such/valve.toml
------- stderr -------
error: cannot resolve ../no/such: No such file or directory (os error 2)
[exit 3]

$ valvecfg render nosuch
------- stderr -------
error: there is no plugin `nosuch`
help: there are: heating, irrigation, valve
[exit 2]
"#]]
    );
    assert_eq!(mode(), 0o600);
    environment.succeed(&["render", "valve", "--output", "../valve.toml"]);
    let written = std::fs::read(&file).unwrap();
    assert_eq!(written, environment.succeed(&["render", "valve"]).as_bytes());
    assert_eq!(environment.git_status(), "");
}

#[test]
fn nothing_is_rendered_or_run_that_is_not_valid_or_cannot_be_opened() {
    let environment = sealed();
    environment.edit("plugins/valve.toml", "threshold = 60", "threshold = 600");
    let invalid = environment.screens(&["render valve", "exec valve -- true"]);
    environment.edit("plugins/valve.toml", "threshold = 600", "threshold = 60");
    environment.beside("empty.txt", "");
    let file = environment.folder().join("empty.txt");
    std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o600)).unwrap();
    let locked = environment.screens(&[
        "render valve --identity ../empty.txt",
        "exec valve --identity ../empty.txt -- true",
        "exec heating --identity ../empty.txt -- true",
    ]);
    assert_screen!(
        format!("{invalid}\n\n{locked}"),
        str![[r#"
$ valvecfg render valve
------- stderr -------
error[VC101]: `threshold` must be at most 100
 --> plugins/valve.toml:7:13
  |
7 | threshold = 600       # percent; raised from 50 after the dry June
  |             ^^^ 600 is out of range
  |
  = note: 0 to 100 percent, default 60 (schemas/valve/1.schema.json#/properties/threshold)
help: the file was left as it is; mend it with `valvecfg edit valve`, or take back what is recorded with `git checkout -- plugins/valve.toml`
[exit 1]

$ valvecfg exec valve -- true
------- stderr -------
error[VC101]: `threshold` must be at most 100
 --> plugins/valve.toml:7:13
  |
7 | threshold = 600       # percent; raised from 50 after the dry June
  |             ^^^ 600 is out of range
  |
  = note: 0 to 100 percent, default 60 (schemas/valve/1.schema.json#/properties/threshold)
help: the file was left as it is; mend it with `valvecfg edit valve`, or take back what is recorded with `git checkout -- plugins/valve.toml`
[exit 1]

$ valvecfg render valve --identity ../empty.txt
------- stderr -------
error: ../empty.txt holds no identity
help: an identity file holds a line AGE-SECRET-KEY-1…, or is an SSH private key; `valvecfg secret keygen` makes one
[exit 6]

$ valvecfg exec valve --identity ../empty.txt -- true
------- stderr -------
error: ../empty.txt holds no identity
help: an identity file holds a line AGE-SECRET-KEY-1…, or is an SSH private key; `valvecfg secret keygen` makes one
[exit 6]

$ valvecfg exec heating --identity ../empty.txt -- true
"#]]
    );
}

#[test]
fn a_command_is_given_the_settings_and_ends_as_itself() {
    let environment = sealed();
    let printed = environment.succeed(&[
        "exec",
        "valve",
        "--",
        "sh",
        "-c",
        "echo $VALVE_THRESHOLD $VALVE_MQTT_HOST $VALVE_MQTT_PORT $VALVE_ZONES_0_FLOW $VALVE_MQTT_PASSWORD",
    ]);
    assert_eq!(printed, format!("60 broker.gateway.example 1883 12.5 {CANARY}\n"));
    assert_screen!(
        environment.screens(&[
            "exec heating -n -- true",
            "exec valve -- sh -c 'exit 42'",
            "exec valve -- sh -c 'kill -TERM $$'",
            "exec valve -- ./no/such/command",
            "exec valve -- no-such-command",
            "exec valve -- ./plugins/valve.toml",
        ]),
        str![[r#"
$ valvecfg exec heating -n -- true
HEATING_TARGET
HEATING_SETBACK
HEATING_FROST_GUARD
HEATING_CURVE_SLOPE
HEATING_CURVE_SHIFT
HEATING_CURVE_MAX_FLOW_TEMPERATURE
HEATING_BOILER_LINK
HEATING_BOILER_ADDRESS
HEATING_BOILER_UNIT
HEATING_BOILER_BAUD
HEATING_BOILER_PORT
HEATING_HOT_WATER_TARGET
HEATING_HOT_WATER_LEGIONELLA_ENABLED
HEATING_HOT_WATER_LEGIONELLA_DAY
HEATING_HOT_WATER_LEGIONELLA_TEMPERATURE
HEATING_ROOMS_0_ID
HEATING_ROOMS_0_NAME
HEATING_ROOMS_0_LOOPS
HEATING_ROOMS_0_DAY_FROM
HEATING_ROOMS_0_DAY_TO
HEATING_ROOMS_0_OFFSET
HEATING_ROOMS_1_ID
HEATING_ROOMS_1_NAME
HEATING_ROOMS_1_LOOPS
HEATING_ROOMS_1_TARGET
HEATING_ROOMS_1_DAY_FROM
HEATING_ROOMS_1_DAY_TO
HEATING_ROOMS_1_OFFSET
HEATING_ROOMS_2_ID
HEATING_ROOMS_2_NAME
HEATING_ROOMS_2_LOOPS
HEATING_ROOMS_2_OFFSET
------- stderr -------
nothing was run: this was a dry run

$ valvecfg exec valve -- sh -c 'exit 42'
[exit 42]

$ valvecfg exec valve -- sh -c 'kill -TERM $$'
[signal 15]

$ valvecfg exec valve -- ./no/such/command
------- stderr -------
error: cannot run ./no/such/command: No such file or directory (os error 2)
[exit 127]

$ valvecfg exec valve -- no-such-command
------- stderr -------
error: cannot run no-such-command: No such file or directory (os error 2)
[exit 127]

$ valvecfg exec valve -- ./plugins/valve.toml
------- stderr -------
error: cannot run ./plugins/valve.toml: Permission denied (os error 13)
[exit 126]
"#]]
    );
    let without = environment.run(&["exec", "valve"]);
    assert_eq!(without.code(), Some(2), "{without}");
}

#[test]
fn two_keys_that_would_be_one_variable_are_both_named() {
    let environment = TestEnvironment::open_plugin();
    environment.write("plugins/any.toml", "a-b = 1\nat = inf\n[a]\nb = 2\n");
    let collision = environment.screens(&[
        "exec any -- true",
        "render any --format env",
        "render any --format json",
    ]);
    environment.write("plugins/any.toml", "\"größe\" = 1\n");
    let name = environment.screens(&["exec any -- true"]);
    assert_screen!(
        format!("{collision}\n\n{name}"),
        str![[r#"
$ valvecfg exec any -- true
------- stderr -------
error: `any.a-b` and `any.a.b` would both be the environment variable ANY_A_B
help: a name is letters, digits and `_`; `valvecfg render PLUGIN --format toml` needs none
[exit 1]

$ valvecfg render any --format env
------- stderr -------
error: `any.a-b` and `any.a.b` would both be the environment variable ANY_A_B
help: a name is letters, digits and `_`; `valvecfg render PLUGIN --format toml` needs none
[exit 1]

$ valvecfg render any --format json
------- stderr -------
error: `any.at` is not finite, and JSON has no such number
help: `valvecfg render PLUGIN --format toml` can hold it
[exit 1]

$ valvecfg exec any -- true
------- stderr -------
error: `any."größe"` cannot be an environment variable: `ANY_GRößE` is no name of one
help: a name is letters, digits and `_`; `valvecfg render PLUGIN --format toml` needs none
[exit 1]
"#]]
    );
}

#[test]
fn a_default_of_another_alternative_is_not_filled_in() {
    let environment = TestEnvironment::new_store();
    environment.beside(
        "pump.json",
        r#"{
            "type": "object",
            "properties": { "kind": {}, "mqtt": { "type": "object", "required": ["host"],
                "properties": { "host": {"type": "string"}, "port": {"default": 1883} } } },
            "oneOf": [
                { "properties": { "kind": {"const": "fast"}, "speed": {"type": "integer", "default": 9} },
                  "not": { "required": ["pace"] } },
                { "properties": { "kind": {"const": "slow"}, "pace": {"type": "integer", "default": 1} },
                  "not": { "required": ["speed"] } }
            ]
        }"#,
    );
    environment.beside("pump.toml", "kind = \"slow\"\n");
    environment.succeed(&[
        "plugin",
        "add",
        "pump",
        "--schema",
        "../pump.json",
        "--settings",
        "../pump.toml",
    ]);
    assert_eq!(environment.succeed(&["render", "pump"]), "kind = \"slow\"\npace = 1\n");
}
