//! `valvecfg get`

use snapbox::str;

use super::assert_screen;
use crate::environment::TestEnvironment;

#[test]
fn a_value_is_printed_bare_and_a_table_as_toml() {
    let environment = TestEnvironment::gateway();
    let screens = environment.screens(&[
        "get valve.threshold",
        "get valve.mode",
        "get valve.mqtt",
        "get 'valve.zones[1].name'",
        r#"get 'valve."mode"'"#,
        "get valve.zones",
    ]);
    assert_screen!(
        screens,
        str![[r#"
$ valvecfg get valve.threshold
60

$ valvecfg get valve.mode
auto

$ valvecfg get valve.mqtt
host = "broker.gateway.example"
topic = "greenhouse/valve"
keep_alive = 30

$ valvecfg get 'valve.zones[1].name'
cucumbers

$ valvecfg get 'valve."mode"'
auto

$ valvecfg get valve.zones
[{ name = "tomatoes", pin = 17, flow = 12.5 }, { name = "cucumbers", pin = 27, flow = 9.0, threshold = 70 }, { name = "seedlings", pin = 22, flow = 2.5, max_open = 5, inverted = true }]
"#]]
    );
}

#[test]
fn json_prints_the_value_alone() {
    let environment = TestEnvironment::gateway();
    let screens = environment.screens(&[
        "get valve.threshold --json",
        "get valve.mode --json",
        "get valve.mqtt --json",
        "get valve.threshold --show-origin --json",
    ]);
    assert_screen!(
        screens,
        str![[r#"
$ valvecfg get valve.threshold --json
60

$ valvecfg get valve.mode --json
"auto"

$ valvecfg get valve.mqtt --json
{"host":"broker.gateway.example","topic":"greenhouse/valve","keep_alive":30}

$ valvecfg get valve.threshold --show-origin --json
{"key":"valve.threshold","value":60,"origin":{"from":"file","file":"plugins/valve.toml","line":7,"column":1},"guessed":false}
"#]]
    );
}

#[test]
fn a_short_name_is_taken_where_one_plugin_has_it_and_the_words_say_which() {
    let environment = TestEnvironment::gateway();
    let screens = environment.screens(&["get threshold", "get threshold --quiet", "get schema_version"]);
    assert_screen!(
        screens,
        str![[r#"
$ valvecfg get threshold
60
------- stderr -------
the setting is `valve.threshold`

$ valvecfg get threshold --quiet
60

$ valvecfg get schema_version
------- stderr -------
error: `schema_version` could mean `irrigation.schema_version` or `valve.schema_version`
help: name the plugin too
[exit 2]
"#]]
    );
}

#[test]
fn a_missing_setting_gives_its_default_and_the_origin_says_so() {
    let environment = TestEnvironment::gateway();
    let screens = environment.screens(&[
        "get heating.boiler.port",
        "get heating.boiler.port --show-origin",
        "get valve.threshold --show-origin",
    ]);
    assert_screen!(
        screens,
        str![[r#"
$ valvecfg get heating.boiler.port
502

$ valvecfg get heating.boiler.port --show-origin
schema default	502

$ valvecfg get valve.threshold --show-origin
plugins/valve.toml:7	60
"#]]
    );
}

#[test]
fn a_setting_that_nothing_gives_is_exit_1_unless_a_default_is_named() {
    let environment = TestEnvironment::gateway();
    let screens = environment.screens(&[
        "get valve.position",
        "get valve.position --default 40",
        "get valve.position --default 40 --json",
        "get valve.thresold",
    ]);
    assert_screen!(
        screens,
        str![[r#"
$ valvecfg get valve.position
------- stderr -------
error: `valve.position` is not set and has no default
help: `--default VALUE` gives a value for this case
[exit 1]

$ valvecfg get valve.position --default 40
40

$ valvecfg get valve.position --default 40 --json
40

$ valvecfg get valve.thresold
------- stderr -------
error: `valve.thresold` is not set and has no default
help: a similar setting is `valve.threshold`
help: `--default VALUE` gives a value for this case
[exit 1]
"#]]
    );
}

#[test]
fn a_name_that_means_nothing_is_a_mistake_of_usage() {
    let environment = TestEnvironment::gateway();
    let screens = environment.screens(&[
        "get nosuch",
        "get valv.threshold",
        "get '[0]'",
        "get ''",
        "get valve.",
        "get 'a b'",
    ]);
    assert_screen!(
        screens,
        str![[r#"
$ valvecfg get nosuch
------- stderr -------
error: no plugin has a setting `nosuch`
help: there are: heating, irrigation, valve
help: `valvecfg list` shows all settings
[exit 2]

$ valvecfg get valv.threshold
------- stderr -------
error: no plugin has a setting `valv.threshold`
help: did you mean `valve.threshold`?
[exit 2]

$ valvecfg get '[0]'
------- stderr -------
error: `[0]` is no key: at character 1, expected a key
help: a key is written like valve.zones[0]."drip line".flow
[exit 2]

$ valvecfg get ''
------- stderr -------
error: `` is no key: at character 1, expected a key
help: a key is written like valve.zones[0]."drip line".flow
[exit 2]

$ valvecfg get valve.
------- stderr -------
error: `valve.` is no key: at character 7, expected a key
help: a key is written like valve.zones[0]."drip line".flow
[exit 2]

$ valvecfg get 'a b'
------- stderr -------
error: `a b` is no key: at character 2, expected `.` or `[`; a key with other characters stands in quotes
help: a key is written like valve.zones[0]."drip line".flow
[exit 2]
"#]]
    );
}

#[test]
fn an_earlier_revision_can_be_asked() {
    let environment = TestEnvironment::gateway();
    let screens = environment.screens(&[
        "set valve.threshold 55",
        "set valve.threshold 50",
        "get valve.threshold --at @~1",
        "get valve.threshold --at @~2",
        "get valve.threshold --at @~9",
        "get valve.threshold --at @~99",
        "get valve.threshold --at nonsense",
        "get valve.threshold --at 1970-01-01",
    ]);
    assert_screen!(
        screens,
        str![[r#"
$ valvecfg set valve.threshold 55
valve.threshold 60 -> 55
saved as [rev 1]

$ valvecfg set valve.threshold 50
valve.threshold 55 -> 50
saved as [rev 2]

$ valvecfg get valve.threshold --at @~1
55

$ valvecfg get valve.threshold --at @~2
60

$ valvecfg get valve.threshold --at @~9
------- stderr -------
error: `@~9` goes back beyond the first revision, which is `@~5`
help: `valvecfg history` shows the revisions
[exit 2]

$ valvecfg get valve.threshold --at @~99
------- stderr -------
error: `@~99` goes back beyond the first revision, which is `@~5`
help: `valvecfg history` shows the revisions
[exit 2]

$ valvecfg get valve.threshold --at nonsense
------- stderr -------
error: `nonsense` names no revision: no tag has this name, and it is no hash of 4 or more hexadecimal digits, no `@` or `@~3`, and no time such as `2026-11-01 10:00`
help: `valvecfg history` shows the revisions
[exit 2]

$ valvecfg get valve.threshold --at 1970-01-01
------- stderr -------
error: `1970-01-01` is before the first revision, [rev 3], made at 2025-12-01 00:00:00 +00:00
help: `valvecfg history` shows the revisions
[exit 2]
"#]]
    );
}

#[test]
fn a_file_that_is_no_toml_says_where_and_others_are_still_read() {
    let environment = TestEnvironment::gateway();
    environment.edit("plugins/valve.toml", "threshold = 60", "threshold = = 60");
    let screens = environment.screens(&["get valve.threshold", "get heating.target"]);
    assert_screen!(
        screens,
        str![[r#"
$ valvecfg get valve.threshold
------- stderr -------
error[VC002]: extra `=`, expected nothing
 --> plugins/valve.toml:7:13
  |
7 | threshold = = 60       # percent; raised from 50 after the dry June
  |             ^
error[VC002]: unexpected key or value, expected newline, `#`
 --> plugins/valve.toml:7:15
  |
7 | threshold = = 60       # percent; raised from 50 after the dry June
  |               ^
  |
help: the file was left as it is; mend it with `valvecfg edit valve`, or take back what is recorded with `git checkout -- plugins/valve.toml`
[exit 1]

$ valvecfg get heating.target
20.5
"#]]
    );
}

#[test]
fn a_file_that_is_gone_never_becomes_defaults() {
    let environment = TestEnvironment::gateway();
    std::fs::remove_file(environment.path("plugins/heating.toml")).unwrap();
    let before = environment.revisions();
    let screens = environment.screens(&[
        "get heating.target",
        "get target",
        "set heating.target 5",
        "list heating",
        "commit",
    ]);
    assert_screen!(
        screens,
        str![[r#"
$ valvecfg get heating.target
------- stderr -------
error[VC001]: cannot read plugins/heating.toml: No such file or directory (os error 2)
--> plugins/heating.toml
 |
help: take back what is recorded with `git checkout -- plugins/heating.toml`
[exit 1]

$ valvecfg get target
------- stderr -------
error[VC001]: cannot read plugins/heating.toml: No such file or directory (os error 2)
--> plugins/heating.toml
 |
help: take back what is recorded with `git checkout -- plugins/heating.toml`
[exit 1]

$ valvecfg set heating.target 5
------- stderr -------
error[VC001]: cannot read plugins/heating.toml: No such file or directory (os error 2)
--> plugins/heating.toml
 |
help: take back what is recorded with `git checkout -- plugins/heating.toml`
[exit 1]

$ valvecfg list heating
------- stderr -------
error[VC001]: cannot read plugins/heating.toml: No such file or directory (os error 2)
--> plugins/heating.toml
 |
help: take back what is recorded with `git checkout -- plugins/heating.toml`
[exit 1]

$ valvecfg commit
------- stderr -------
error[VC001]: cannot read plugins/heating.toml: No such file or directory (os error 2)
--> plugins/heating.toml
 |
help: take back what is recorded with `git checkout -- plugins/heating.toml`
[exit 1]
"#]]
    );
    assert_eq!(environment.revisions(), before);
    assert!(!environment.path("plugins/heating.toml").exists());
}

#[test]
fn get_opens_no_repository() {
    let environment = TestEnvironment::gateway();
    std::fs::rename(environment.path(".git"), environment.folder().join("away")).unwrap();
    assert_screen!(
        environment.screens(&["get valve.threshold", "get heating.boiler.port"]),
        str![[r#"
$ valvecfg get valve.threshold
60

$ valvecfg get heating.boiler.port
502
"#]]
    );
}

#[test]
fn a_file_above_the_limit_is_refused_before_it_is_read() {
    let environment = TestEnvironment::gateway();
    let screens = environment.screens(&[
        "--max-size 100 get valve.threshold",
        "--max-size 1M get valve.threshold",
        "--max-size lots get valve.threshold",
    ]);
    assert_screen!(
        screens,
        str![[r#"
$ valvecfg --max-size 100 get valve.threshold
------- stderr -------
error: [STORE]/plugins/valve.toml has 783 bytes; the limit is 100
help: if it is to be so large, allow it: `--max-size 783`
[exit 3]

$ valvecfg --max-size 1M get valve.threshold
60

$ valvecfg --max-size lots get valve.threshold
------- stderr -------
error: invalid value 'lots' for '--max-size <BYTES>': a number of bytes, such as 4194304, 4096K or 4M

For more information, try '--help'.
[exit 2]
"#]]
    );
}

#[test]
fn an_item_that_is_not_there_has_no_defaults() {
    let environment = TestEnvironment::gateway();
    assert_screen!(
        environment.screens(&[
            "get valve.zones[0].max_open",
            "get valve.zones[3].max_open",
            "get valve.zones[3]",
            "describe valve.zones[3].max_open",
            "set valve.zones[3].max_open 5 --expect 30",
        ]),
        str![[r#"
$ valvecfg get valve.zones[0].max_open
30

$ valvecfg get valve.zones[3].max_open
------- stderr -------
error: `valve.zones[3].max_open` is not set and has no default
help: a similar setting is `valve.zones[0].max_open`
help: `--default VALUE` gives a value for this case
[exit 1]

$ valvecfg get valve.zones[3]
------- stderr -------
error: `valve.zones[3]` is not set and has no default
help: `--default VALUE` gives a value for this case
[exit 1]

$ valvecfg describe valve.zones[3].max_open
     setting  valve.zones[3].max_open
 description  Longest time that the valve may stay open without a break.
        type  an integer
     allowed  1 to 240 min
     default  30
       value  not set

$ valvecfg set valve.zones[3].max_open 5 --expect 30
------- stderr -------
error: `valve.zones[3].max_open` is not set, not 30
help: nothing was written
[exit 4]
"#]]
    );
}

#[test]
fn a_secret_that_is_not_set_has_the_default_that_was_named_too() {
    let environment = TestEnvironment::gateway();
    let screens = environment.screens(&[
        "get valve.mqtt.password --reveal --default none",
        "get valve.mqtt.password --reveal",
    ]);
    assert_screen!(
        screens,
        str![[r#"
$ valvecfg get valve.mqtt.password --reveal --default none
none

$ valvecfg get valve.mqtt.password --reveal
------- stderr -------
error: `valve.mqtt.password` is not set and has no default
help: `--default VALUE` gives a value for this case
[exit 1]
"#]]
    );
}

#[test]
fn a_name_that_means_nothing_is_answered_with_what_could_be_meant() {
    let environment = TestEnvironment::gateway();
    assert_screen!(
        environment.screens(&[
            "get valv.threshold",
            "get valv.treshold",
            "get valv.nosuch",
            "get treshold",
            "get valve.password",
            "get valve.position",
            "describe valve.nosuch",
            "list valve.nosuch",
            "list valve.mqtt.prt",
        ]),
        str![[r#"
$ valvecfg get valv.threshold
------- stderr -------
error: no plugin has a setting `valv.threshold`
help: did you mean `valve.threshold`?
[exit 2]

$ valvecfg get valv.treshold
------- stderr -------
error: no plugin has a setting `valv.treshold`
help: did you mean `valve.threshold`?
[exit 2]

$ valvecfg get valv.nosuch
------- stderr -------
error: no plugin has a setting `valv.nosuch`
help: did you mean `valve`?
[exit 2]

$ valvecfg get treshold
------- stderr -------
error: no plugin has a setting `treshold`
help: did you mean `threshold`?
[exit 2]

$ valvecfg get valve.password
------- stderr -------
error: `valve.password` is not set and has no default
help: a similar setting is `valve.mqtt.password`
help: `--default VALUE` gives a value for this case
[exit 1]

$ valvecfg get valve.position
------- stderr -------
error: `valve.position` is not set and has no default
help: `--default VALUE` gives a value for this case
[exit 1]

$ valvecfg describe valve.nosuch
------- stderr -------
error: `valve.nosuch` is not set and has no default
help: `valvecfg list valve` shows the settings there are
[exit 1]

$ valvecfg list valve.nosuch
------- stderr -------
error: `valve.nosuch` is not set and has no default
help: `valvecfg list valve` shows the settings there are
[exit 1]

$ valvecfg list valve.mqtt.prt
------- stderr -------
error: `valve.mqtt.prt` is not set and has no default
help: a similar setting is `valve.mqtt.port`
[exit 1]
"#]]
    );
}
