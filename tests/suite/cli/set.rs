//! `valvecfg set`

use snapbox::str;

use super::assert_screen;
use crate::environment::TestEnvironment;

#[test]
fn a_value_is_set_and_one_revision_recorded() {
    let environment = TestEnvironment::gateway();
    let screens = environment.screens(&[
        "set valve.threshold 55",
        "set threshold 50 -m 'leak in zone 2'",
        "set valve.mode=off heating.target=19.5",
        "history -n 3",
    ]);
    assert_screen!(
        screens,
        str![[r#"
$ valvecfg set valve.threshold 55
valve.threshold 60 -> 55
saved as [rev 1]

$ valvecfg set threshold 50 -m 'leak in zone 2'
valve.threshold 55 -> 50
saved as [rev 2]
------- stderr -------
the setting is `valve.threshold`

$ valvecfg set valve.mode=off heating.target=19.5
heating.target 20.5 -> 19.5
valve.mode "auto" -> "off"
saved as [rev 3]

$ valvecfg history -n 3
[rev 3]  2025-12-01 00:00:00 +00:00  Ines Duarte  via set
  heating.target 20.5 -> 19.5, valve.mode "auto" -> "off"

[rev 2]  2025-12-01 00:00:00 +00:00  Ines Duarte  via set
  leak in zone 2
    valve.threshold 55 -> 50

[rev 1]  2025-12-01 00:00:00 +00:00  Ines Duarte  via set
  valve.threshold 60 -> 55
"#]]
    );
    assert_eq!(environment.git_status(), "");
}

#[test]
fn json_is_one_object() {
    let environment = TestEnvironment::gateway();
    let screens = environment.screens(&[
        "set valve.threshold 55 --json",
        "set valve.threshold 55 --json",
        "set valve.threshold 50 --json --dry-run",
        "set valve.threshold 500 --json",
    ]);
    assert_screen!(
        screens,
        str![[r##"
$ valvecfg set valve.threshold 55 --json
{"revision":"[rev 1]","changes":[{"key":"valve.threshold","before":60,"after":55}],"files":[],"absorbed":null,"dry_run":false,"confirmation":null,"warnings":[],"deliveries":[]}

$ valvecfg set valve.threshold 55 --json
{"revision":null,"changes":[],"files":[],"absorbed":null,"dry_run":false,"confirmation":null,"warnings":[],"deliveries":[]}
------- stderr -------
nothing to do: it is so already

$ valvecfg set valve.threshold 50 --json --dry-run
{"revision":null,"changes":[{"key":"valve.threshold","before":55,"after":50}],"files":[],"absorbed":null,"dry_run":true,"confirmation":null,"warnings":[],"deliveries":[]}
------- stderr -------
nothing was written: this was a dry run

$ valvecfg set valve.threshold 500 --json
------- stderr -------
{"error":"plugins/valve.toml is not accepted","cause":[],"hints":["nothing was written; try `valvecfg set valve.threshold 100`"],"exit":1,"violations":[{"file":"plugins/valve.toml","line":7,"column":13,"end_line":7,"end_column":16,"code":"VC101","severity":"error","message":"`threshold` must be at most 100","key":"threshold","schema":"#/properties/threshold/maximum","label":"500 is out of range","allowed":"0 to 100 percent, default 60 (schemas/valve/1.schema.json#/properties/threshold)","suggestion":"100"}]}
[exit 1]
"##]]
    );
}

#[test]
fn what_is_already_so_makes_no_revision() {
    let environment = TestEnvironment::gateway();
    let before = environment.revisions();
    assert_screen!(
        environment.screens(&["set valve.threshold 60", "set valve.threshold=60 valve.mode=auto"]),
        str![[r#"
$ valvecfg set valve.threshold 60
------- stderr -------
nothing to do: it is so already

$ valvecfg set valve.threshold=60 valve.mode=auto
------- stderr -------
nothing to do: it is so already
"#]]
    );
    assert_eq!(environment.revisions(), before);
}

#[test]
fn a_dry_run_writes_nothing() {
    let environment = TestEnvironment::gateway();
    let (before, text) = (environment.revisions(), environment.read("plugins/valve.toml"));
    assert_screen!(
        environment.screens(&[
            "set valve.threshold 55 -n",
            "-n set valve.threshold 55",
            "set valve.threshold 500 -n"
        ]),
        str![[r#"
$ valvecfg set valve.threshold 55 -n
valve.threshold 60 -> 55
------- stderr -------
nothing was written: this was a dry run

$ valvecfg -n set valve.threshold 55
valve.threshold 60 -> 55
------- stderr -------
nothing was written: this was a dry run

$ valvecfg set valve.threshold 500 -n
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
    assert_eq!(environment.revisions(), before);
    assert_eq!(environment.read("plugins/valve.toml"), text);
    assert_eq!(environment.git_status(), "");
}

#[test]
fn only_the_value_changes_in_the_file() {
    let environment = TestEnvironment::gateway();
    let before = String::from_utf8(environment.read("plugins/valve.toml")).unwrap();
    environment.succeed(&["set", "valve.threshold", "55"]);
    let after = String::from_utf8(environment.read("plugins/valve.toml")).unwrap();
    assert_eq!(after, before.replace("threshold = 60 ", "threshold = 55 "));
}

#[test]
fn what_breaks_the_schema_is_refused_with_what_to_type_next() {
    let environment = TestEnvironment::gateway();
    let before = environment.revisions();
    let screens = environment.screens(&[
        "set valve.threshold 180",
        "set valve.threshold -5",
        "set valve.mode foo",
        "set valve.mode atuo",
        "set valve.mod auto",
        "set valve.mode=manual",
    ]);
    assert_screen!(
        screens,
        str![[r#"
$ valvecfg set valve.threshold 180
------- stderr -------
error[VC101]: `threshold` must be at most 100
 --> plugins/valve.toml:7:13
  |
7 | threshold = 180       # percent; raised from 50 after the dry June
  |             ^^^ 180 is out of range
  |
  = note: 0 to 100 percent, default 60 (schemas/valve/1.schema.json#/properties/threshold)
help: nothing was written; try `valvecfg set valve.threshold 100`
[exit 1]

$ valvecfg set valve.threshold -5
------- stderr -------
error[VC101]: `threshold` must be at least 0
 --> plugins/valve.toml:7:13
  |
7 | threshold = -5       # percent; raised from 50 after the dry June
  |             ^^ -5 is out of range
  |
  = note: 0 to 100 percent, default 60 (schemas/valve/1.schema.json#/properties/threshold)
help: nothing was written; try `valvecfg set valve.threshold 0`
[exit 1]

$ valvecfg set valve.mode foo
------- stderr -------
error[VC105]: `mode` must be "auto", "manual" or "off"
 --> plugins/valve.toml:6:8
  |
6 | mode = "foo"        # "manual" needs a position
  |        ^^^^^ "foo" is not allowed
  |
  = note: "auto", "manual" or "off", default "auto" (schemas/valve/1.schema.json#/properties/mode)
help: nothing was written
[exit 1]

$ valvecfg set valve.mode atuo
------- stderr -------
error[VC105]: `mode` must be "auto", "manual" or "off"
 --> plugins/valve.toml:6:8
  |
6 | mode = "atuo"        # "manual" needs a position
  |        ^^^^^^ "atuo" is not allowed
  |
  = note: "auto", "manual" or "off", default "auto" (schemas/valve/1.schema.json#/properties/mode)
help: nothing was written; try `valvecfg set valve.mode "auto"`
[exit 1]

$ valvecfg set valve.mod auto
------- stderr -------
error[VC104]: `mod` is not a known key
  --> plugins/valve.toml:13:1
   |
13 | mod = "auto"
   | ^^^ the schema does not declare it
   |
   = note: known keys: schema_version, mode, threshold, hysteresis, position, poll_interval, fail_safe, mqtt, zones
help: nothing was written; did you mean `mode`?
[exit 1]

$ valvecfg set valve.mode=manual
------- stderr -------
error[VC103]: `position` is required
 --> plugins/valve.toml:1:1
  |
1 | #:schema ../schemas/valve/1.schema.json
  | ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ `position` is missing here
  |
  = note: an integer, 0 to 100 percent (schemas/valve/1.schema.json#/properties/position)
help: nothing was written; set them at once: `valvecfg set valve.mode=manual valve.position=VALUE`
[exit 1]
"#]]
    );
    assert_eq!(environment.revisions(), before);
    assert_eq!(environment.git_status(), "");
}

#[test]
fn a_text_or_a_table_of_another_form_is_refused() {
    let environment = TestEnvironment::gateway();
    let screens = environment.screens(&["set valve.mqtt.topic ''", "set valve.mqtt 5"]);
    assert_screen!(
        screens,
        str![[r#"
$ valvecfg set valve.mqtt.topic ''
------- stderr -------
error[VC106]: `mqtt.topic` must match `^[^#+/]+(/[^#+/]+)*$`
  --> plugins/valve.toml:16:9
   |
16 | topic = ""
   |         ^^ "" does not match
   |
   = note: matching `^[^#+/]+(/[^#+/]+)*$`, default "gateway/valve" (schemas/valve/1.schema.json#/$defs/mqtt/properties/topic)
help: nothing was written
[exit 1]

$ valvecfg set valve.mqtt 5
------- stderr -------
error: `valve.mqtt` takes a table, and `5` is none
help: nothing was written
[exit 1]
"#]]
    );
}

#[test]
fn a_number_is_never_stored_as_a_string_nor_a_string_as_a_number() {
    let environment = TestEnvironment::gateway();
    let screens = environment.screens(&[
        "set valve.threshold abc",
        "set valve.threshold 5.5",
        "set valve.threshold 44 --string",
        "set heating.rooms[0].name 5",
        "set heating.target 19",
        "set heating.curve.shift -3",
        "set heating.curve.shift=-2",
    ]);
    assert_screen!(
        screens,
        str![[r#"
$ valvecfg set valve.threshold abc
------- stderr -------
error: `valve.threshold` takes an integer, and `abc` is none
help: `valve.threshold`: 0 to 100 percent, default 60; nothing was written
[exit 1]

$ valvecfg set valve.threshold 5.5
------- stderr -------
error: `valve.threshold` takes an integer, and `5.5` is none
help: `valve.threshold`: 0 to 100 percent, default 60; nothing was written
[exit 1]

$ valvecfg set valve.threshold 44 --string
------- stderr -------
error: `valve.threshold` takes an integer, not a string
help: leave out --string
[exit 1]

$ valvecfg set heating.rooms[0].name 5
heating.rooms[0].name "Living room" -> "5"
saved as [rev 1]

$ valvecfg set heating.target 19
heating.target 20.5 -> 19.0
saved as [rev 2]

$ valvecfg set heating.curve.shift -3
heating.curve.shift -1 -> -3
saved as [rev 3]

$ valvecfg set heating.curve.shift=-2
heating.curve.shift -3 -> -2
saved as [rev 4]
"#]]
    );
}

#[test]
fn of_several_assignments_all_happen_or_none() {
    let environment = TestEnvironment::gateway();
    let screens = environment.screens(&[
        "set valve.threshold=55 heating.target=900",
        "get valve.threshold",
        "set threshold=3 valve.threshold=4",
        "set valve.threshold=5 valve.mode",
    ]);
    assert_screen!(
        screens,
        str![[r#"
$ valvecfg set valve.threshold=55 heating.target=900
------- stderr -------
error[VC101]: `target` must be at most 28
 --> plugins/heating.toml:5:10
  |
5 | target = 900.0
  |          ^^^^^ 900.0 is out of range
  |
  = note: 5 to 28 °C in steps of 0.5, default 20.5 (schemas/heating/1.schema.json#/properties/target)
help: nothing was written; try `valvecfg set heating.target 28.0`
[exit 1]

$ valvecfg get valve.threshold
60

$ valvecfg set threshold=3 valve.threshold=4
------- stderr -------
error: `valve.threshold` is given two values
help: give each setting once; nothing was written
[exit 2]

$ valvecfg set valve.threshold=5 valve.mode
------- stderr -------
error: `valve.mode` has no `=`
help: several settings are given as KEY=VALUE; a value with spaces stands in quotes: valvecfg set 'valve.note=two words'
[exit 2]
"#]]
    );
}

#[test]
fn a_value_may_hold_an_equals_sign() {
    let environment = TestEnvironment::gateway();
    let screens = environment.screens(&["set heating.rooms[0].name a=b", "set heating.rooms[0].name=c=d"]);
    assert_screen!(
        screens,
        str![[r#"
$ valvecfg set heating.rooms[0].name a=b
heating.rooms[0].name "Living room" -> "a=b"
saved as [rev 1]

$ valvecfg set heating.rooms[0].name=c=d
heating.rooms[0].name "a=b" -> "c=d"
saved as [rev 2]
"#]]
    );
}

#[test]
fn expect_stops_at_another_value() {
    let environment = TestEnvironment::gateway();
    let screens = environment.screens(&[
        "set valve.threshold 55 --expect 50",
        "set valve.threshold 55 --expect 60",
        "set valve.threshold 55 --expect 60",
        "set heating.boiler.port 503 --expect 502",
        "set valve.threshold=1 valve.mode=off --expect 60",
    ]);
    assert_screen!(
        screens,
        str![[r#"
$ valvecfg set valve.threshold 55 --expect 50
------- stderr -------
error: `valve.threshold` is 60, not 50
help: nothing was written
[exit 4]

$ valvecfg set valve.threshold 55 --expect 60
valve.threshold 60 -> 55
saved as [rev 1]

$ valvecfg set valve.threshold 55 --expect 60
------- stderr -------
error: `valve.threshold` is 55, not 60
help: nothing was written
[exit 4]

$ valvecfg set heating.boiler.port 503 --expect 502
heating.boiler.port 503 added
saved as [rev 2]
------- stderr -------
nothing here tells heating; it takes effect after a restart of it

$ valvecfg set valve.threshold=1 valve.mode=off --expect 60
------- stderr -------
error: --expect is for one setting
help: valvecfg set KEY VALUE --expect OLD
[exit 2]
"#]]
    );
}

#[test]
fn a_value_comes_from_standard_input_without_its_last_newline() {
    let environment = TestEnvironment::open_plugin();
    assert_screen!(
        environment.screen_with_input("set any.text --value-stdin", "two\nlines\n"),
        str![[r#"
$ valvecfg set any.text --value-stdin
any.text "two\nlines" added
saved as [rev 1]
------- stderr -------
no schema gives `any.text` a type; the value was taken as a string
"#]]
    );
    assert_eq!(environment.succeed(&["get", "any.text"]), "two\nlines\n");
    environment.with_input("set any.text --value-stdin", "dos\r\n");
    assert_eq!(environment.succeed(&["get", "any.text"]), "dos\n");
    environment.with_input("set any.text --value-stdin", "");
    assert_eq!(environment.succeed(&["get", "any.text"]), "\n");
    assert_screen!(
        environment.screen_with_input("set any.text 5 --value-stdin", "6"),
        str![[r#"
$ valvecfg set any.text 5 --value-stdin
------- stderr -------
error: --value-stdin takes one KEY, and there is more after `any.text`
help: valvecfg set KEY --value-stdin
[exit 2]
"#]]
    );
    assert_screen!(
        environment.screen_with_input("--max-size 3 set any.text --value-stdin", "66666"),
        str![[r#"
$ valvecfg --max-size 3 set any.text --value-stdin
------- stderr -------
error: what comes from standard input has more than 3 bytes
help: `--max-size BYTES` sets the limit
[exit 2]
"#]]
    );
}

#[test]
fn words_that_make_no_sense_are_mistakes_of_usage() {
    let environment = TestEnvironment::gateway();
    let screens = environment.screens(&[
        "set",
        "set a b c",
        "set valve x",
        "set nosuch.key 4",
        "set 'valve.zones[7].flow' 7",
        "set valve.threshold.x 7",
        "set valve.threshold",
    ]);
    assert_screen!(
        screens,
        str![[r#"
$ valvecfg set
------- stderr -------
error: the following required arguments were not provided:
  <KEY VALUE|KEY=VALUE>...

Usage: valvecfg set <KEY VALUE|KEY=VALUE>...

For more information, try '--help'.
[exit 2]

$ valvecfg set a b c
------- stderr -------
error: `set` takes KEY VALUE, or KEY=VALUE once or more; there are 3 words
help: a value with spaces stands in quotes: valvecfg set valve.note "two words"
[exit 2]

$ valvecfg set valve x
------- stderr -------
error: `valve` names a plugin, not a setting
help: `valvecfg list valve` shows its settings; `valvecfg apply` changes several at once
[exit 2]

$ valvecfg set nosuch.key 4
------- stderr -------
error: no plugin has a setting `nosuch.key`
help: there are: heating, irrigation, valve
help: `valvecfg list` shows all settings
[exit 2]

$ valvecfg set 'valve.zones[7].flow' 7
------- stderr -------
error: `valve.zones[7]` does not exist: `valve.zones` has 3 items
help: `valvecfg add valve.zones VALUE` adds an item
[exit 1]

$ valvecfg set valve.threshold.x 7
------- stderr -------
error: `valve.threshold` is no table but of type integer, so it holds no keys
help: nothing was written
[exit 1]

$ valvecfg set valve.threshold
------- stderr -------
error: cannot ask without a terminal: what is `valve.threshold` to be?
help: pass the value: `valvecfg set valve.threshold VALUE`
[exit 5]
"#]]
    );
}

#[test]
fn outside_of_a_schema_the_value_decides_and_the_answer_says_how() {
    let environment = TestEnvironment::open_plugin();
    let screens = environment.screens(&[
        "set any.count 5",
        "set any.text five",
        "set any.day 1979-05-27",
        "set any.day 1979-05-28",
        "set any.day someday",
        "set any.count 6",
        "set any.count six",
        "set any.text 7",
        "set any.quoted 5 --string",
        r#"set 'any."a.b"=3'"#,
        "set any.deep.down.there true",
    ]);
    assert_screen!(
        screens,
        str![[r#"
$ valvecfg set any.count 5
any.count 5 added
saved as [rev 1]
------- stderr -------
no schema gives `any.count` a type; the value was read as a TOML literal

$ valvecfg set any.text five
any.text "five" added
saved as [rev 2]
------- stderr -------
no schema gives `any.text` a type; the value was taken as a string

$ valvecfg set any.day 1979-05-27
any.day 1979-05-27 added
saved as [rev 3]
------- stderr -------
no schema gives `any.day` a type; the value was read as a TOML literal

$ valvecfg set any.day 1979-05-28
any.day 1979-05-27 -> 1979-05-28
saved as [rev 4]

$ valvecfg set any.day someday
------- stderr -------
error: `any.day` takes a date or time, and `someday` is none
help: nothing was written
[exit 1]

$ valvecfg set any.count 6
any.count 5 -> 6
saved as [rev 5]

$ valvecfg set any.count six
------- stderr -------
error: `any.count` takes an integer, and `six` is none
help: nothing was written
[exit 1]

$ valvecfg set any.text 7
any.text "five" -> "7"
saved as [rev 6]

$ valvecfg set any.quoted 5 --string
any.quoted "5" added
saved as [rev 7]

$ valvecfg set 'any."a.b"=3'
any."a.b" 3 added
saved as [rev 8]
------- stderr -------
no schema gives `any."a.b"` a type; the value was read as a TOML literal

$ valvecfg set any.deep.down.there true
any.deep.down.there true added
saved as [rev 9]
------- stderr -------
no schema gives `any.deep.down.there` a type; the value was read as a TOML literal
"#]]
    );
    assert_screen!(
        environment.succeed(&["get", "any"]),
        str![[r#"
count = 6
text = "7"
day = 1979-05-28
quoted = "5"
"a.b" = 3

[deep.down]
there = true

"#]]
    );
}

#[test]
fn a_valid_hand_edit_is_recorded_first_as_its_own_revision() {
    let environment = TestEnvironment::gateway();
    environment.edit("plugins/valve.toml", "hysteresis = 2.5", "hysteresis = 3.5");
    assert_screen!(
        environment.screens(&[
            "set valve.threshold 55 -n",
            "set heating.target 19.0",
            "set valve.threshold 55",
            "history -n 3"
        ]),
        str![[r#"
$ valvecfg set valve.threshold 55 -n
valve.threshold 60 -> 55
------- stderr -------
plugins/valve.toml was edited by hand; that would be recorded first
nothing was written: this was a dry run

$ valvecfg set heating.target 19.0
heating.target 20.5 -> 19.0
saved as [rev 1]

$ valvecfg set valve.threshold 55
valve.threshold 60 -> 55
saved as [rev 2]
------- stderr -------
plugins/valve.toml had been edited by hand; that was recorded first, as [rev 3]

$ valvecfg history -n 3
[rev 2]  2025-12-01 00:00:00 +00:00  Ines Duarte  via set
  valve.threshold 60 -> 55

[rev 3]  2025-12-01 00:00:00 +00:00  Ines Duarte  via hand
  edited by hand: valve.hysteresis 2.5 -> 3.5

[rev 1]  2025-12-01 00:00:00 +00:00  Ines Duarte  via set
  heating.target 20.5 -> 19.0
"#]]
    );
    assert_eq!(environment.git_status(), "");
}

#[test]
fn an_invalid_hand_edit_stops_the_verb_and_is_left_as_it_is() {
    let environment = TestEnvironment::gateway();
    environment.edit("plugins/valve.toml", "hysteresis = 2.5", "hysteresis = 250");
    let (before, text) = (environment.revisions(), environment.read("plugins/valve.toml"));
    assert_screen!(
        environment.screens(&["set valve.threshold 55", "set heating.target 19.0"]),
        str![[r#"
$ valvecfg set valve.threshold 55
------- stderr -------
error[VC101]: `hysteresis` must be at most 20
 --> plugins/valve.toml:8:14
  |
8 | hysteresis = 250
  |              ^^^ 250 is out of range
  |
  = note: 0.5 to 20 percent, default 2.5 (schemas/valve/1.schema.json#/properties/hysteresis)
help: the file was left as it is; mend it with `valvecfg edit valve`, or take back what is recorded with `git checkout -- plugins/valve.toml`
[exit 1]

$ valvecfg set heating.target 19.0
heating.target 20.5 -> 19.0
saved as [rev 1]
"#]]
    );
    assert_eq!(environment.read("plugins/valve.toml"), text);
    assert_eq!(environment.revisions(), before + 1);
}

#[test]
fn an_empty_message_counts_as_none() {
    let environment = TestEnvironment::gateway();
    let screens = environment.screens(&["set valve.threshold 55 -m ''", "history -n 1"]);
    assert_screen!(
        screens,
        str![[r#"
$ valvecfg set valve.threshold 55 -m ''
valve.threshold 60 -> 55
saved as [rev 1]

$ valvecfg history -n 1
[rev 1]  2025-12-01 00:00:00 +00:00  Ines Duarte  via set
  valve.threshold 60 -> 55
"#]]
    );
}

#[test]
fn a_number_that_json_has_not_is_taken_only_where_the_schema_declares_it() {
    let environment = TestEnvironment::new_store();
    environment.beside(
        "any.json",
        r#"{"properties": {"ratio": {"type": "number"}, "free": {"title": "anything"}, "t": {"properties": {"x": {}}}}}"#,
    );
    environment.succeed(&["plugin", "add", "any", "--schema", "../any.json"]);
    let screens = environment.screens(&[
        "set any.name nan",
        "set any.name nan --string",
        "set any.low -inf",
        "set any.list '[1.0, inf]'",
        "set any.t '{ x = inf, y = nan }'",
        "set any.ratio inf",
        "set any.free inf",
        "set any.numbers '[1.5]'",
        "add any.numbers inf",
        "set any.numbers[0] nan --json",
    ]);
    assert_screen!(
        screens,
        str![[r#"
$ valvecfg set any.name nan
------- stderr -------
error: `any.name` would be nan, which JSON does not have, and the schema does not declare it
help: nothing was written; `--string` takes it as text, and as a number the schema must declare it
[exit 1]

$ valvecfg set any.name nan --string
any.name "nan" added
saved as [rev 1]

$ valvecfg set any.low -inf
------- stderr -------
error: `any.low` would be -inf, which JSON does not have, and the schema does not declare it
help: nothing was written; `--string` takes it as text, and as a number the schema must declare it
[exit 1]

$ valvecfg set any.list '[1.0, inf]'
------- stderr -------
error: `any.list[1]` would be inf, which JSON does not have, and the schema does not declare it
help: nothing was written; `--string` takes it as text, and as a number the schema must declare it
[exit 1]

$ valvecfg set any.t '{ x = inf, y = nan }'
------- stderr -------
error: `any.t.y` would be nan, which JSON does not have, and the schema does not declare it
help: nothing was written; `--string` takes it as text, and as a number the schema must declare it
[exit 1]

$ valvecfg set any.ratio inf
------- stderr -------
error[VC113]: `ratio` must be a finite number
 --> plugins/any.toml:4:9
  |
4 | ratio = inf
  |         ^^^ inf is not finite
  |
  = note: a number (schemas/any/1.schema.json#/properties/ratio)
help: nothing was written
[exit 1]

$ valvecfg set any.free inf
any.free inf added
saved as [rev 2]
------- stderr -------
no schema gives `any.free` a type; the value was read as a TOML literal

$ valvecfg set any.numbers '[1.5]'
any.numbers [1.5] added
saved as [rev 3]
------- stderr -------
no schema gives `any.numbers` a type; the value was read as a TOML literal

$ valvecfg add any.numbers inf
------- stderr -------
error: `any.numbers[1]` would be inf, which JSON does not have, and the schema does not declare it
help: nothing was written; `--string` takes it as text, and as a number the schema must declare it
[exit 1]

$ valvecfg set any.numbers[0] nan --json
------- stderr -------
{"error":"`any.numbers[0]` would be nan, which JSON does not have, and the schema does not declare it","cause":[],"hints":["nothing was written; `--string` takes it as text, and as a number the schema must declare it"],"exit":1,"violations":[]}
[exit 1]
"#]]
    );
}

#[test]
fn slips_are_answered_with_what_was_meant() {
    let environment = TestEnvironment::gateway();
    assert_screen!(
        environment.screens(&["set valve.mode = off", "set irrigation.enabled yes"]),
        str![[r#"
$ valvecfg set valve.mode = off
------- stderr -------
error: no space stands around the `=` of an assignment
help: valvecfg set valve.mode=off
[exit 2]

$ valvecfg set irrigation.enabled yes
------- stderr -------
error: `irrigation.enabled` takes true or false, and `yes` is none
help: `irrigation.enabled`: default true; nothing was written
[exit 1]
"#]]
    );
}

#[test]
fn a_negative_value_needs_nothing_in_front_of_it() {
    let environment = TestEnvironment::open_plugin();
    assert_screen!(
        environment.screens(&[
            "set any.offset -5",
            "set any.low -inf -n",
            "-n set any.low -0.5e-3 -m 'summer'",
            "set any.offset -6 --expect -5",
            "get any.nothing --default -5",
            "set any.list '[]'",
            "add any.list -3",
            "add any.list -inf -n",
            "remove any.list -3",
            "set any.offset --infinite",
            "set any.offset -infinite",
            "add any.list -x",
        ]),
        str![[r#"
$ valvecfg set any.offset -5
any.offset -5 added
saved as [rev 1]
------- stderr -------
no schema gives `any.offset` a type; the value was read as a TOML literal

$ valvecfg set any.low -inf -n
------- stderr -------
error: `any.low` would be -inf, which JSON does not have, and the schema does not declare it
help: nothing was written; `--string` takes it as text, and as a number the schema must declare it
[exit 1]

$ valvecfg -n set any.low -0.5e-3 -m 'summer'
any.low -0.0005 added
------- stderr -------
nothing was written: this was a dry run
no schema gives `any.low` a type; the value was read as a TOML literal

$ valvecfg set any.offset -6 --expect -5
any.offset -5 -> -6
saved as [rev 2]

$ valvecfg get any.nothing --default -5
-5

$ valvecfg set any.list '[]'
any.list [] added
saved as [rev 3]
------- stderr -------
no schema gives `any.list` a type; the value was read as a TOML literal

$ valvecfg add any.list -3
any.list [] -> [-3]
saved as [rev 4]
------- stderr -------
no schema gives `any.list` a type; the value was read as a TOML literal

$ valvecfg add any.list -inf -n
------- stderr -------
error: `any.list` takes an integer, and `-inf` is none
help: nothing was written
[exit 1]

$ valvecfg remove any.list -3
any.list [-3] -> []
saved as [rev 5]

$ valvecfg set any.offset --infinite
------- stderr -------
error: unexpected argument '--infinite' found

  tip: to pass '--infinite' as a value, use '-- --infinite'

Usage: valvecfg set <KEY VALUE|KEY=VALUE>...

For more information, try '--help'.
[exit 2]

$ valvecfg set any.offset -infinite
------- stderr -------
error: unexpected argument '-i' found

  tip: to pass '-i' as a value, use '-- -i'

Usage: valvecfg set [OPTIONS] <KEY VALUE|KEY=VALUE>...

For more information, try '--help'.
[exit 2]

$ valvecfg add any.list -x
------- stderr -------
error: unexpected argument '-x' found

  tip: to pass '-x' as a value, use '-- -x'

Usage: valvecfg add [OPTIONS] <KEY> <VALUE>

For more information, try '--help'.
[exit 2]
"#]]
    );
}

#[test]
fn an_integer_setting_is_never_written_as_a_float() {
    let environment = TestEnvironment::gateway();
    let screens = environment.screens(&[
        "set valve.threshold 50.0",
        "set valve.threshold 1e1",
        "get valve.threshold",
    ]);
    assert_screen!(
        screens,
        str![[r#"
$ valvecfg set valve.threshold 50.0
valve.threshold 60 -> 50
saved as [rev 1]

$ valvecfg set valve.threshold 1e1
valve.threshold 50 -> 10
saved as [rev 2]

$ valvecfg get valve.threshold
10
"#]]
    );
}

#[test]
fn a_slip_in_the_name_of_a_setting_that_stands_there_is_answered_with_its_name() {
    let environment = TestEnvironment::gateway();
    assert_screen!(
        environment.screens(&["set valve.threshhold 5", "set valv.threshold 5"]),
        str![[r#"
$ valvecfg set valve.threshhold 5
------- stderr -------
error[VC104]: `threshhold` is not a known key
  --> plugins/valve.toml:13:1
   |
13 | threshhold = 5
   | ^^^^^^^^^^ the schema does not declare it
   |
   = note: known keys: schema_version, mode, threshold, hysteresis, position, poll_interval, fail_safe, mqtt, zones
help: nothing was written; did you mean `threshold`?
[exit 1]

$ valvecfg set valv.threshold 5
------- stderr -------
error: no plugin has a setting `valv.threshold`
help: did you mean `valve.threshold`?
[exit 2]
"#]]
    );
}

#[test]
fn what_is_typed_wrongly_is_named_and_nothing_wrong_is_advised() {
    let environment = TestEnvironment::gateway();
    assert_screen!(
        environment.screens(&[
            "set valve.threshold=1 valve.hysteresis",
            "set valve.mqtt.password=correct horse",
            "set 'valve.zones[1]' '{name=\"beds\"}'",
        ]),
        str![[r#"
$ valvecfg set valve.threshold=1 valve.hysteresis
------- stderr -------
error: `valve.hysteresis` has no `=`
help: several settings are given as KEY=VALUE; a value with spaces stands in quotes: valvecfg set 'valve.note=two words'
[exit 2]

$ valvecfg set valve.mqtt.password=correct horse
------- stderr -------
error: the value of `valve.mqtt.password` is secret and must not stand among the arguments
help: other users see the arguments of every process, and shells remember them: `valvecfg secret set KEY` asks for it, and `--value-stdin` reads it
[exit 2]

$ valvecfg set 'valve.zones[1]' '{name="beds"}'
------- stderr -------
error[VC103]: `zones[1].flow` is required
  --> plugins/valve.toml:25:1
   |
25 | [[zones]]
   | ^^^^^^^^^ `flow` is missing here
   |
   = note: a number, more than 0, up to 60 l/min (schemas/valve/1.schema.json#/$defs/zone/properties/flow)
error[VC103]: `zones[1].pin` is required
  --> plugins/valve.toml:25:1
   |
25 | [[zones]]
   | ^^^^^^^^^ `pin` is missing here
   |
   = note: an integer, 2 to 27 (schemas/valve/1.schema.json#/$defs/zone/properties/pin)
help: nothing was written
[exit 1]
"#]]
    );
}
