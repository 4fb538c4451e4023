//! `valvecfg apply`

use snapbox::str;

use super::assert_screen;
use crate::environment::TestEnvironment;

#[test]
fn toml_is_merged_and_what_it_does_not_name_stays() {
    let environment = TestEnvironment::gateway();
    assert_screen!(
        environment.screen_with_input("apply - --plugin valve", "threshold = 50\n[mqtt]\nport = 8883\n"),
        str![[r#"
$ valvecfg apply - --plugin valve
valve.threshold 60 -> 50
valve.mqtt.port 8883 added
saved as [rev 1]
------- stderr -------
nothing here tells valve; it takes effect after a restart of it
"#]]
    );
    assert_screen!(
        environment.screen_with_input("apply - --plugin valve", "threshold = 50\n"),
        str![[r#"
$ valvecfg apply - --plugin valve
------- stderr -------
nothing to do: it is so already
"#]]
    );
    assert_screen!(
        environment.screen_with_input("apply - --plugin valve --dry-run", "threshold = 51\n"),
        str![[r#"
$ valvecfg apply - --plugin valve --dry-run
valve.threshold 50 -> 51
------- stderr -------
nothing was written: this was a dry run
"#]]
    );
}

#[test]
fn json_is_merged_and_null_takes_away() {
    let environment = TestEnvironment::gateway();
    let json = r#"{"threshold": 50, "hysteresis": 3, "poll_interval": null, "mqtt": {"port": 8883}}"#;
    assert_screen!(
        environment.screen_with_input("apply - --plugin valve", json),
        str![[r#"
$ valvecfg apply - --plugin valve
valve.threshold 60 -> 50
valve.hysteresis 2.5 -> 3.0
valve.poll_interval 15 removed
valve.mqtt.port 8883 added
saved as [rev 1]
------- stderr -------
nothing here tells valve; it takes effect after a restart of it
"#]]
    );
    assert_screen!(
        environment.screen_with_input("apply - --plugin valve --json", r#"{"threshold": 49}"#),
        str![[r#"
$ valvecfg apply - --plugin valve --json
{"revision":"[rev 1]","changes":[{"key":"valve.threshold","before":50,"after":49}],"files":[],"absorbed":null,"dry_run":false,"confirmation":null,"warnings":[],"deliveries":[]}
"#]]
    );
}

#[test]
fn replace_takes_the_file_whole_with_its_comments() {
    let environment = TestEnvironment::gateway();
    let text = "# new\ntarget = 19.0\n";
    let settings = String::from_utf8(environment.read("plugins/heating.toml")).unwrap();
    let settings = settings.replace("target = 20.5", "target = 19.0  # cooler");
    assert_screen!(
        environment.screen_with_input("apply - --plugin heating --replace", &settings),
        str![[r#"
$ valvecfg apply - --plugin heating --replace
heating.target 20.5 -> 19.0
saved as [rev 1]
"#]]
    );
    assert_eq!(environment.read("plugins/heating.toml"), settings.as_bytes());
    assert_screen!(
        environment.screen_with_input("apply - --plugin heating --replace", text),
        str![[r#"
$ valvecfg apply - --plugin heating --replace
------- stderr -------
error[VC103]: `boiler` is required
 --> plugins/heating.toml:1:1
  |
1 | # new
  | ^^^^^ `boiler` is missing here
  |
  = note: a table (schemas/heating/1.schema.json#/properties/boiler)
error[VC103]: `rooms` is required
 --> plugins/heating.toml:1:1
  |
1 | # new
  | ^^^^^ `rooms` is missing here
  |
  = note: an array, 1 to 24 items (schemas/heating/1.schema.json#/properties/rooms)
help: nothing was written
[exit 1]
"#]]
    );
}

#[test]
fn the_plugin_is_that_of_the_name_of_the_file() {
    let environment = TestEnvironment::gateway();
    environment.beside("summer/valve.toml", "threshold = 40\n");
    assert_screen!(
        environment.screens(&[
            "apply ../summer/valve.toml",
            "apply ../summer/nosuch.toml",
            "apply ../summer"
        ]),
        str![[r#"
$ valvecfg apply ../summer/valve.toml
valve.threshold 60 -> 40
saved as [rev 1]

$ valvecfg apply ../summer/nosuch.toml
------- stderr -------
error: cannot read ../summer/nosuch.toml: No such file or directory (os error 2)
[exit 3]

$ valvecfg apply ../summer
------- stderr -------
error: ../summer is a folder, not a regular file
help: name a regular file, or put one in its place; nothing was changed
[exit 3]
"#]]
    );
}

#[test]
fn each_mistake_is_told() {
    let environment = TestEnvironment::gateway();
    let screens = [
        ("apply -", "threshold = 5\n"),
        ("apply - --plugin nosuch", "threshold = 5\n"),
        ("apply - --plugin valve", "threshold = \n"),
        ("apply - --plugin valve", "{\"threshold\":"),
        ("apply - --plugin valve", "[1]"),
        ("apply - --plugin valve", "{\"mode\": [null]}"),
        (
            "apply - --plugin valve",
            "{\"threshold\": 50,\n  \"mqtt\": {\"port\": 18446744073709551617}}",
        ),
        ("apply - --plugin valve --replace", "{\"threshold\": 1e400}"),
        ("apply - --plugin valve", "{\"threshold\": 500}"),
    ]
    .map(|(line, input)| environment.screen_with_input(line, input));
    assert_screen!(
        screens.join("\n\n"),
        str![[r#"
$ valvecfg apply -
------- stderr -------
error: which plugin?
help: valvecfg apply - --plugin NAME
[exit 2]

$ valvecfg apply - --plugin nosuch
------- stderr -------
error: there is no plugin `nosuch`
help: there are: heating, irrigation, valve
[exit 2]

$ valvecfg apply - --plugin valve
------- stderr -------
error[VC002]: string values must be quoted, expected literal string
 --> -:1:13
  |
1 | threshold = 
  |             ^
  |
help: nothing was written
[exit 1]

$ valvecfg apply - --plugin valve
------- stderr -------
error: standard input is not JSON: EOF while parsing a value at line 1 column 13
help: nothing was written
[exit 1]

$ valvecfg apply - --plugin valve
------- stderr -------
error: the JSON is no object of settings
help: nothing was written
[exit 1]

$ valvecfg apply - --plugin valve
------- stderr -------
error: -:1:11: `mode[0]` is null in an array, which TOML cannot hold
help: an item is left out, or has a value; nothing was written
[exit 1]

$ valvecfg apply - --plugin valve
------- stderr -------
error: -:2:20: `mqtt.port` is a whole number beyond 64 bits, which TOML cannot hold
help: whole numbers are those from -9223372036854775808 to 9223372036854775807; nothing was written
[exit 1]

$ valvecfg apply - --plugin valve --replace
------- stderr -------
error: -:1:15: `threshold` is a number beyond those of 64 bits, which TOML cannot hold
help: the largest number is about 1.797e308; nothing was written
[exit 1]

$ valvecfg apply - --plugin valve
------- stderr -------
error[VC101]: `threshold` must be at most 100
 --> plugins/valve.toml:7:13
  |
7 | threshold = 500       # percent; raised from 50 after the dry June
  |             ^^^ 500 is out of range
  |
  = note: 0 to 100 percent, default 60 (schemas/valve/1.schema.json#/properties/threshold)
help: nothing was written; try `valvecfg set valve.threshold 100`
[exit 1]
"#]]
    );
    assert_eq!(environment.git_status(), "");
}

#[test]
fn a_file_that_is_named_otherwise_needs_a_plugin() {
    let environment = TestEnvironment::gateway();
    environment.beside("summer.toml", "threshold = 44\n");
    assert_screen!(
        environment.screens(&["apply ../summer.toml", "apply ../summer.toml --plugin summer"]),
        str![[r#"
$ valvecfg apply ../summer.toml
------- stderr -------
error: there is no plugin `summer`
help: there are: heating, irrigation, valve
help: say which one is meant: `valvecfg apply ../summer.toml --plugin NAME`
[exit 2]

$ valvecfg apply ../summer.toml --plugin summer
------- stderr -------
error: there is no plugin `summer`
help: there are: heating, irrigation, valve
[exit 2]
"#]]
    );
}

#[test]
fn a_number_in_json_is_written_as_the_schema_wants_it() {
    let environment = TestEnvironment::gateway();
    let json = r#"{"threshold": 58.0, "hysteresis": 3, "zones": [{"name": "beds", "pin": 4.0, "flow": 5}]}"#;
    let screen = environment.with_input("apply - --plugin valve", json);
    assert!(screen.status.success(), "{screen}");
    assert_eq!(environment.succeed(&["get", "valve.threshold"]), "58\n");
    assert_eq!(environment.succeed(&["get", "valve.hysteresis"]), "3.0\n");
    assert_eq!(environment.succeed(&["get", "valve.zones[0].pin"]), "4\n");
    assert_eq!(environment.succeed(&["get", "valve.zones[0].flow"]), "5.0\n");
}
