//! `valvecfg rollback`

use snapbox::str;

use super::assert_screen;
use crate::environment::TestEnvironment;

#[test]
fn a_rollback_is_byte_identical_and_a_second_one_restores() {
    let environment = TestEnvironment::gateway();
    let before = environment.read("plugins/valve.toml");
    environment.succeed(&["set", "valve.threshold=55", "valve.mqtt.port=8883"]);
    let after = environment.read("plugins/valve.toml");
    assert_screen!(
        environment.screens(&["rollback --yes"]),
        str![[r#"
$ valvecfg rollback --yes
valve.threshold 55 -> 60
valve.mqtt.port 8883 removed
saved as [rev 1]
------- stderr -------
nothing here tells valve; it takes effect after a restart of it
"#]]
    );
    assert_eq!(environment.read("plugins/valve.toml"), before);
    assert_screen!(
        environment.screens(&["rollback --yes", "history -n 2"]),
        str![[r#"
$ valvecfg rollback --yes
valve.threshold 60 -> 55
valve.mqtt.port 8883 added
saved as [rev 1]
------- stderr -------
nothing here tells valve; it takes effect after a restart of it

$ valvecfg history -n 2
[rev 1]  2025-12-01 00:00:00 +00:00  Ines Duarte  via rollback
  rollback to [rev 2]
    valve.threshold 60 -> 55
    valve.mqtt.port 8883 added

[rev 3]  2025-12-01 00:00:00 +00:00  Ines Duarte  via rollback
  rollback to [rev 4]
    valve.threshold 55 -> 60
    valve.mqtt.port 8883 removed
"#]]
    );
    assert_eq!(environment.read("plugins/valve.toml"), after);
    assert_eq!(environment.git_status(), "");
}

#[test]
fn a_bare_rollback_needs_an_answer() {
    let environment = TestEnvironment::gateway();
    let screens = environment.screens(&[
        "set valve.threshold 55",
        "rollback",
        "rollback -n",
        "rollback --no-input",
    ]);
    assert_screen!(
        screens,
        str![[r#"
$ valvecfg set valve.threshold 55
valve.threshold 60 -> 55
saved as [rev 1]

$ valvecfg rollback
------- stderr -------
valve.threshold 55 -> 60
error: cannot ask without a terminal: restore these settings?
help: pass REV or --yes
[exit 5]

$ valvecfg rollback -n
valve.threshold 55 -> 60
------- stderr -------
nothing was written: this was a dry run

$ valvecfg rollback --no-input
------- stderr -------
valve.threshold 55 -> 60
error: cannot ask without a terminal: restore these settings?
help: pass REV or --yes
[exit 5]
"#]]
    );
}

#[test]
fn a_revision_a_key_or_a_plugin_can_be_chosen() {
    let environment = TestEnvironment::gateway();
    let screens = environment.screens(&[
        "set valve.threshold=55 heating.target=19",
        "set valve.mode off",
        "rollback @~2 --key valve.threshold",
        "rollback @~3 --plugin heating",
        "rollback @~4 -m 'all of it' --json",
        "rollback @",
    ]);
    assert_screen!(
        screens,
        str![[r#"
$ valvecfg set valve.threshold=55 heating.target=19
heating.target 20.5 -> 19.0
valve.threshold 60 -> 55
saved as [rev 1]

$ valvecfg set valve.mode off
valve.mode "auto" -> "off"
saved as [rev 2]

$ valvecfg rollback @~2 --key valve.threshold
valve.threshold 55 -> 60
saved as [rev 3]

$ valvecfg rollback @~3 --plugin heating
heating.target 19.0 -> 20.5
saved as [rev 4]

$ valvecfg rollback @~4 -m 'all of it' --json
{"revision":"[rev 5]","changes":[{"key":"valve.mode","before":"off","after":"auto"}],"files":[],"absorbed":null,"dry_run":false,"confirmation":null,"warnings":[],"deliveries":[]}

$ valvecfg rollback @
------- stderr -------
nothing to do: it is so already
"#]]
    );
}

#[test]
fn a_time_can_be_named() {
    let environment = TestEnvironment::gateway();
    for (day, value) in [("10", "50"), ("11", "51"), ("12", "52")] {
        let mut command = environment.at_time(&format!("2026-01-{day}T12:00:00Z"));
        environment.screen(command.args(["set", "valve.threshold", value]));
    }
    assert_screen!(
        environment.screens(&["rollback '2026-01-10 18:00'", "rollback 1970-01-01"]),
        str![[r#"
$ valvecfg rollback '2026-01-10 18:00'
valve.threshold 52 -> 50
saved as [rev 1]

$ valvecfg rollback 1970-01-01
------- stderr -------
error: `1970-01-01` is before the first revision, [rev 2], made at 2025-12-01 00:00:00 +00:00
help: `valvecfg history` shows the revisions
[exit 2]
"#]]
    );
}

#[test]
fn each_mistake_is_told() {
    let environment = TestEnvironment::gateway();
    let screens = environment.screens(&[
        "rollback nonsense",
        "rollback @~99",
        "rollback @~1 --key nosuch",
        "rollback @~1 --key valve.nosuch",
        "rollback @~1 --plugin nosuch",
        "rollback @~1 --plugin valve --key valve.mode",
    ]);
    assert_screen!(
        screens,
        str![[r#"
$ valvecfg rollback nonsense
------- stderr -------
error: `nonsense` names no revision: no tag has this name, and it is no hash of 4 or more hexadecimal digits, no `@` or `@~3`, and no time such as `2026-11-01 10:00`
help: `valvecfg history` shows the revisions
[exit 2]

$ valvecfg rollback @~99
------- stderr -------
error: `@~99` goes back beyond the first revision, which is `@~3`
help: `valvecfg history` shows the revisions
[exit 2]

$ valvecfg rollback @~1 --key nosuch
------- stderr -------
error: no plugin has a setting `nosuch`
help: there are: heating, irrigation, valve
help: `valvecfg list` shows all settings
[exit 2]

$ valvecfg rollback @~1 --key valve.nosuch
------- stderr -------
error: `valve.nosuch` is not set
[exit 1]

$ valvecfg rollback @~1 --plugin nosuch
------- stderr -------
error: there is no plugin `nosuch`
help: there are: heating, irrigation, valve
[exit 2]

$ valvecfg rollback @~1 --plugin valve --key valve.mode
------- stderr -------
error: the argument '--plugin <NAME>' cannot be used with '--key <KEY>'

Usage: valvecfg rollback --plugin <NAME> <REV>

For more information, try '--help'.
[exit 2]
"#]]
    );
}

#[test]
fn there_is_nothing_before_the_first_revision() {
    let environment = TestEnvironment::new_store();
    let screens = environment.screens(&["rollback --yes"]);
    assert_screen!(
        screens,
        str![[r#"
$ valvecfg rollback --yes
------- stderr -------
error: there is nothing before the first revision
help: `valvecfg history` shows the revisions
[exit 1]
"#]]
    );
}

#[test]
fn the_revision_is_the_one_that_the_person_saw() {
    let environment = TestEnvironment::gateway();
    environment.succeed(&["set", "valve.threshold", "55"]);
    environment.edit("plugins/valve.toml", "hysteresis = 2.5", "hysteresis = 3.5");
    // Recording the hand edit adds a revision; `@~1` is still the one before `threshold 55`.
    assert_screen!(
        environment.screens(&["rollback @~1", "history -n 2", "get valve.threshold"]),
        str![[r#"
$ valvecfg rollback @~1
valve.threshold 55 -> 60
valve.hysteresis 3.5 -> 2.5
saved as [rev 1]
------- stderr -------
plugins/valve.toml had been edited by hand; that was recorded first, as [rev 2]

$ valvecfg history -n 2
[rev 1]  2025-12-01 00:00:00 +00:00  Ines Duarte  via rollback
  rollback to [rev 3]
    valve.threshold 55 -> 60
    valve.hysteresis 3.5 -> 2.5

[rev 2]  2025-12-01 00:00:00 +00:00  Ines Duarte  via hand
  edited by hand: valve.hysteresis 2.5 -> 3.5

$ valvecfg get valve.threshold
60
"#]]
    );
}

/// A store whose valve has moved on to schema version 2: a key was renamed, one was added, one is narrower.
fn moved_on() -> TestEnvironment {
    let environment = TestEnvironment::new_store();
    environment.beside(
        "1.schema.json",
        r#"{"additionalProperties": false, "properties": {
            "schema_version": {"const": 1}, "mode": {"type": "string"}, "limit": {"type": "integer"},
            "poll": {"type": "integer"}, "note": {"type": "string"}}}"#,
    );
    environment.beside(
        "valve.toml",
        "#:schema ../schemas/valve/1.schema.json\n\nschema_version = 1\n# agreed with the plumber\nlimit = 5 # bar\nmode = 'auto'\n",
    );
    let add = ["plugin", "add", "valve", "--schema", "../1.schema.json"];
    environment.succeed(&[&add[..], &["--settings", "../valve.toml"]].concat());
    environment.succeed(&["set", "valve.limit=50", "valve.note=temporary"]);
    environment.succeed(&["set", "valve.poll", "9"]);
    environment.write(
        "schemas/valve/2.schema.json",
        r#"{"additionalProperties": false, "required": ["every"], "properties": {
            "schema_version": {"const": 2}, "mode": {"type": "string"}, "limit": {"type": "integer", "maximum": 20},
            "every": {"type": "integer"}, "note": {"type": "string"}}}"#,
    );
    environment.edit("valvecfg.toml", "schema-version = 1", "schema-version = 2");
    environment.write(
        "plugins/valve.toml",
        "#:schema ../schemas/valve/2.schema.json\n\nschema_version = 2\nmode = 'off' # until May\nevery = 9\nnote = 'new'\n",
    );
    environment.succeed(&["commit", "-m", "version 2"]);
    environment
}

#[test]
fn across_schema_versions_values_come_back_into_todays_file() {
    let environment = moved_on();
    // The note was not set then and goes; `every` could not be set then and stays.
    assert_screen!(
        environment.screens(&["rollback @~3", "history valve.limit -n 1 --json"]),
        str![[r#"
$ valvecfg rollback @~3
valve.limit 5 added
valve.mode "off" -> "auto"
valve.note "new" removed
saved as [rev 1]
------- stderr -------
warning: the settings of `valve` were taken back by their names: no migration leads from version 1 of `valve` to 2: there is no migrations/valve/1-to-2.toml

$ valvecfg history valve.limit -n 1 --json
{"id":"[rev 1]","parent":"[rev 2]","time":"2025-12-01T00:00:00+00:00","author":{"name":"Ines Duarte","email":"ines@gateway.example"},"message":"rollback to [rev 3]","via":"rollback","key":"valve.limit","before":null,"after":5}
"#]]
    );
    assert_screen!(
        String::from_utf8(environment.read("plugins/valve.toml")).unwrap(),
        str![[r#"
#:schema ../schemas/valve/2.schema.json

schema_version = 2
# agreed with the plumber
limit = 5 # bar
mode = 'auto' # until May
every = 9

"#]]
    );
    assert_eq!(environment.git_status(), "");
    environment.succeed(&["rollback", "--yes"]);
    let text = String::from_utf8(environment.read("plugins/valve.toml")).unwrap();
    assert!(text.starts_with("#:schema ../schemas/valve/2.schema.json\n"), "{text}");
    assert!(
        text.contains("mode = 'off' # until May\nevery = 9\nnote = 'new'\n"),
        "{text}"
    );
}

#[test]
fn what_todays_schema_does_not_take_is_not_restored() {
    let environment = moved_on();
    let screens = environment.screens(&[
        "rollback @~1",
        "rollback @~2",
        "rollback @~3 --key valve.limit",
        "revert @~1",
        "revert @",
        "rollback @~3 --key valve.mode -n",
    ]);
    assert_screen!(
        screens,
        str![[r#"
$ valvecfg rollback @~1
------- stderr -------
error[VC101]: `limit` must be at most 20
 --> plugins/valve.toml:5:9
  |
5 | limit = 50 # bar
  |         ^^ 50 is out of range
  |
  = note: at most 20 (schemas/valve/2.schema.json#/properties/limit)
error[VC104]: `poll` is not a known key
 --> plugins/valve.toml:9:1
  |
9 | poll = 9
  | ^^^^ the schema does not declare it
  |
  = note: known keys: schema_version, mode, limit, every, note
help: nothing was written: today's schema does not take what stood there then; `valvecfg rollback [rev 1] --key KEY` restores a part
[exit 1]

$ valvecfg rollback @~2
------- stderr -------
error[VC101]: `limit` must be at most 20
 --> plugins/valve.toml:5:9
  |
5 | limit = 50 # bar
  |         ^^ 50 is out of range
  |
  = note: at most 20 (schemas/valve/2.schema.json#/properties/limit)
help: nothing was written: today's schema does not take what stood there then; `valvecfg rollback [rev 2] --key KEY` restores a part
[exit 1]

$ valvecfg rollback @~3 --key valve.limit
valve.limit 5 added
saved as [rev 3]

$ valvecfg revert @~1
------- stderr -------
error: `valve.limit` was changed again since
help: `valve.limit`: the revision made it not set; it is 5 now, and would become 50
help: nothing was written; set these by hand, or go back altogether with `valvecfg rollback REV`
[exit 4]

$ valvecfg revert @
valve.limit 5 removed
saved as [rev 4]

$ valvecfg rollback @~3 --key valve.mode -n
valve.mode "off" -> "auto"
------- stderr -------
nothing was written: this was a dry run
"#]]
    );
}

#[test]
fn a_plugin_that_was_removed_stays_away_and_is_named() {
    let environment = TestEnvironment::gateway();
    environment.succeed(&["set", "valve.threshold", "55"]);
    let heating = environment.read("plugins/heating.toml");
    environment.succeed(&["plugin", "remove", "heating"]);
    let screens = environment.screens(&[
        "rollback --yes",
        "revert @",
        "rollback @~2 --json",
        "rollback @~3 --plugin heating",
    ]);
    assert_screen!(
        screens,
        str![[r#"
$ valvecfg rollback --yes
------- stderr -------
nothing was changed
warning: plugin `heating` is not in the store any more, and its settings stay away; `git checkout [rev 1] -- plugins/heating.toml schemas/heating/1.schema.json && valvecfg plugin add heating --schema schemas/heating/1.schema.json` brings it back

$ valvecfg revert @
------- stderr -------
nothing was changed
warning: plugin `heating` is not in the store any more, and its settings stay away; `git checkout [rev 1] -- plugins/heating.toml schemas/heating/1.schema.json && valvecfg plugin add heating --schema schemas/heating/1.schema.json` brings it back

$ valvecfg rollback @~2 --json
{"revision":"[rev 2]","changes":[{"key":"valve.threshold","before":55,"after":60}],"files":[],"absorbed":null,"dry_run":false,"confirmation":null,"warnings":["plugin `heating` is not in the store any more, and its settings stay away; `git checkout [rev 3] -- plugins/heating.toml schemas/heating/1.schema.json && valvecfg plugin add heating --schema schemas/heating/1.schema.json` brings it back"],"deliveries":[]}
------- stderr -------
warning: plugin `heating` is not in the store any more, and its settings stay away; `git checkout [rev 3] -- plugins/heating.toml schemas/heating/1.schema.json && valvecfg plugin add heating --schema schemas/heating/1.schema.json` brings it back

$ valvecfg rollback @~3 --plugin heating
------- stderr -------
error: there is no plugin `heating`
help: there are: irrigation, valve
[exit 2]
"#]]
    );
    // What the warning says, word by word.
    let warning = environment.run(&["rollback", "@~2"]).stderr;
    let command = warning.split('`').nth(3).unwrap();
    let command = command.replace("valvecfg", crate::environment::VALVECFG);
    let screen = environment.screen(environment.command("sh").args(["-c", &command]));
    assert_eq!(screen.code(), Some(0), "{command}\n{screen}");
    assert_eq!(environment.read("plugins/heating.toml"), heating);
    assert_eq!(environment.succeed(&["get", "heating.target"]), "20.5\n");
    assert_eq!(environment.git_status(), "");
}
