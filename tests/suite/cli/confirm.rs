//! `valvecfg confirm`, and `--confirm-within` of verbs that change something
//!
//! In most of these a `watch` seems to run, so that no guard comes in between. What guards do is among the faults.

use snapbox::str;

use super::assert_screen;
use crate::confirmation::{make_due, watched};
use crate::environment::TestEnvironment;

/// A screen without what depends on the clock.
pub(super) fn timeless(screens: &str) -> String {
    let mut lines = Vec::new();
    for line in screens.lines() {
        let mut line = line.to_owned();
        for (name, end) in [("\"until\":", ','), ("\"seconds_left\":", ',')] {
            if let Some(at) = line.find(name) {
                let value = at + name.len();
                let end = value + line[value..].find(end).unwrap();
                line.replace_range(value..end, "[..]");
            }
        }
        lines.push(line);
    }
    lines.join("\n")
}

#[test]
fn what_is_confirmed_in_time_stays() {
    let environment = TestEnvironment::gateway();
    let _watch = watched(&environment);
    let screens = environment.screens(&[
        "set valve.threshold 55 --confirm-within 10m",
        "status",
        "confirm --dry-run",
        "confirm",
        "confirm",
        "get valve.threshold",
    ]);
    assert_screen!(
        screens,
        str![[r#"
$ valvecfg set valve.threshold 55 --confirm-within 10m
valve.threshold 60 -> 55
saved as [rev 1]
------- stderr -------
`valvecfg confirm` keeps it; in 10m it is taken back
`valvecfg watch` sees to that; after a reboot it does again, or the next valvecfg command

$ valvecfg status
store     [STORE]
revision  [rev 1]  2025-12-01 00:00:00 +00:00  Ines Duarte
          valve.threshold 60 -> 55
waiting   [rev 1] by Ines Duarte, taken back in 10m unless `valvecfg confirm` comes
          `valvecfg watch` sees to that; after a reboot it does again, or the next valvecfg command
heating     as recorded
irrigation  as recorded
valve       as recorded

$ valvecfg confirm --dry-run
[rev 1] would be confirmed
------- stderr -------
nothing was changed: this was a dry run

$ valvecfg confirm
[rev 1] is confirmed

$ valvecfg confirm
------- stderr -------
error: nothing waits for confirmation
[exit 1]

$ valvecfg get valve.threshold
55
"#]]
    );
}

#[test]
fn a_guard_carries_it_where_nothing_else_does_and_the_answer_says_so() {
    let environment = TestEnvironment::gateway();
    assert_screen!(
        environment.screens(&["set valve.threshold 55 --confirm-within 1h30m", "confirm"]),
        str![[r#"
$ valvecfg set valve.threshold 55 --confirm-within 1h30m
valve.threshold 60 -> 55
saved as [rev 1]
------- stderr -------
`valvecfg confirm` keeps it; in 1h30m it is taken back
a process in the background sees to that; after a reboot the next valvecfg command or `watch` does

$ valvecfg confirm
[rev 1] is confirmed
"#]]
    );
}

#[test]
fn programs_are_told_what_waits() {
    let environment = TestEnvironment::gateway();
    let _watch = watched(&environment);
    let screens = environment.screens(&[
        "set valve.threshold 55 --confirm-within 10m --json",
        "confirm --extend 5m --json",
        "confirm --json",
    ]);
    assert_screen!(
        timeless(&screens),
        str![[r#"
$ valvecfg set valve.threshold 55 --confirm-within 10m --json
{"revision":"[rev 1]","changes":[{"key":"valve.threshold","before":60,"after":55}],"files":[],"absorbed":null,"dry_run":false,"confirmation":{"revision":"[rev 1]","author":"Ines Duarte","until":[..],"seconds_left":[..],"carrier":"watch","by":"person","bake":null,"changed_since":[]},"warnings":[],"deliveries":[]}
------- stderr -------
`valvecfg confirm` keeps it; in 10m it is taken back
`valvecfg watch` sees to that; after a reboot it does again, or the next valvecfg command

$ valvecfg confirm --extend 5m --json
{"revision":"[rev 1]","confirmation":{"revision":"[rev 1]","author":"Ines Duarte","until":[..],"seconds_left":[..],"carrier":"watch","by":"person","bake":null,"changed_since":[]},"dry_run":false}

$ valvecfg confirm --json
{"revision":"[rev 1]","confirmation":null,"dry_run":false}
"#]]
    );
}

#[test]
fn a_second_one_is_refused_and_other_changes_are_not() {
    let environment = TestEnvironment::gateway();
    let _watch = watched(&environment);
    let screens = environment.screens(&[
        "set valve.threshold 55 --confirm-within 10m",
        "set valve.mode off --confirm-within 10m",
        "rollback --yes --confirm-within 10m",
        "set valve.mode off",
        "status --exit-code",
    ]);
    assert_screen!(
        screens,
        str![[r#"
$ valvecfg set valve.threshold 55 --confirm-within 10m
valve.threshold 60 -> 55
saved as [rev 1]
------- stderr -------
`valvecfg confirm` keeps it; in 10m it is taken back
`valvecfg watch` sees to that; after a reboot it does again, or the next valvecfg command

$ valvecfg set valve.mode off --confirm-within 10m
------- stderr -------
error: [rev 1] by Ines Duarte waits for confirmation already, for 10m more
help: nothing was written; `valvecfg confirm` keeps it, `valvecfg rollback` takes it back
[exit 4]

$ valvecfg rollback --yes --confirm-within 10m
------- stderr -------
error: [rev 1] by Ines Duarte waits for confirmation already, for 10m more
help: nothing was written; `valvecfg confirm` keeps it, `valvecfg rollback` takes it back
[exit 4]

$ valvecfg set valve.mode off
valve.mode "auto" -> "off"
saved as [rev 2]

$ valvecfg status --exit-code
store     [STORE]
revision  [rev 2]  2025-12-01 00:00:00 +00:00  Ines Duarte
          valve.mode "auto" -> "off"
waiting   [rev 1] by Ines Duarte, taken back in 10m unless `valvecfg confirm` comes
          `valvecfg watch` sees to that; after a reboot it does again, or the next valvecfg command
heating     as recorded
irrigation  as recorded
valve       as recorded
"#]]
    );
}

#[test]
fn a_time_is_more_than_nothing_and_has_a_unit() {
    let environment = TestEnvironment::gateway();
    let screens = environment.screens(&[
        "set valve.threshold 55 --confirm-within 10",
        "set valve.threshold 55 --confirm-within 0s",
        "confirm --extend soon",
    ]);
    assert_screen!(
        screens,
        str![[r#"
$ valvecfg set valve.threshold 55 --confirm-within 10
------- stderr -------
error: invalid value '10' for '--confirm-within <TIME>': `10` is no length of time such as 30s, 10m or 1h30m

For more information, try '--help'.
[exit 2]

$ valvecfg set valve.threshold 55 --confirm-within 0s
------- stderr -------
error: invalid value '0s' for '--confirm-within <TIME>': it must be longer than nothing

For more information, try '--help'.
[exit 2]

$ valvecfg confirm --extend soon
------- stderr -------
error: invalid value 'soon' for '--extend <TIME>': `soon` is no length of time such as 30s, 10m or 1h30m

For more information, try '--help'.
[exit 2]
"#]]
    );
    assert_eq!(environment.revisions(), 4);
}

#[test]
fn nothing_waits_where_nothing_was_changed() {
    let environment = TestEnvironment::gateway();
    let screens = environment.screens(&[
        "set valve.threshold 60 --confirm-within 10m",
        "set valve.threshold 55 --confirm-within 10m --dry-run",
        "set valve.threshold 555 --confirm-within 10m",
        "confirm",
    ]);
    assert_screen!(
        screens,
        str![[r#"
$ valvecfg set valve.threshold 60 --confirm-within 10m
------- stderr -------
nothing to do: it is so already

$ valvecfg set valve.threshold 55 --confirm-within 10m --dry-run
valve.threshold 60 -> 55
------- stderr -------
nothing was written: this was a dry run

$ valvecfg set valve.threshold 555 --confirm-within 10m
------- stderr -------
error[VC101]: `threshold` must be at most 100
 --> plugins/valve.toml:7:13
  |
7 | threshold = 555       # percent; raised from 50 after the dry June
  |             ^^^ 555 is out of range
  |
  = note: 0 to 100 percent, default 60 (schemas/valve/1.schema.json#/properties/threshold)
help: nothing was written; try `valvecfg set valve.threshold 100`
[exit 1]

$ valvecfg confirm
------- stderr -------
error: nothing waits for confirmation
[exit 1]
"#]]
    );
}

#[test]
fn the_next_command_of_any_kind_makes_up_what_was_missed() {
    for line in [
        "get valve.threshold",
        "status",
        "list valve.threshold",
        "set valve.threshold 60",
        "validate",
    ] {
        let environment = TestEnvironment::gateway();
        let before = environment.read("plugins/valve.toml");
        let _watch = watched(&environment);
        environment.succeed(&["set", "valve.threshold", "55", "--confirm-within", "10m"]);
        make_due(&environment);
        let words: Vec<&str> = line.split(' ').collect();
        let screen = environment.run(&words);
        assert!(
            screen
                .stderr
                .contains("was not confirmed in time and was taken back, as"),
            "{line}\n{screen}"
        );
        assert_eq!(environment.read("plugins/valve.toml"), before, "{line}");
        assert_eq!(environment.git_status(), "", "{line}");
        assert_eq!(environment.revisions(), 6, "{line}");
    }
}

#[test]
fn a_reader_says_what_it_has_taken_back_and_history_says_why() {
    let environment = TestEnvironment::gateway();
    let _watch = watched(&environment);
    environment.succeed(&[
        "set",
        "valve.threshold",
        "55",
        "-m",
        "try it",
        "--confirm-within",
        "10m",
    ]);
    make_due(&environment);
    let screens = environment.screens(&["get valve.threshold", "get valve.threshold", "history --count 2"]);
    assert_screen!(
        screens,
        str![[r#"
$ valvecfg get valve.threshold
60
------- stderr -------
[rev 1] was not confirmed in time and was taken back, as [rev 2]

$ valvecfg get valve.threshold
60

$ valvecfg history --count 2
[rev 2]  2025-12-01 00:00:00 +00:00  Ines Duarte  via confirm
  not confirmed in time: takes back [rev 1] try it
    valve.threshold 55 -> 60

[rev 1]  2025-12-01 00:00:00 +00:00  Ines Duarte  via set
  try it
    valve.threshold 60 -> 55
"#]]
    );
    let trailers = environment.git_succeed(&[
        "log",
        "-1",
        "--format=%(trailers:key=Takes-Back,valueonly)%(trailers:key=Via)",
    ]);
    let taken_back = environment.git_succeed(&["rev-parse", "main~1"]);
    assert_eq!(trailers, format!("{}\nVia: confirm\n\n", taken_back.trim()));
}

#[test]
fn it_is_too_late_to_confirm_what_was_to_be_taken_back() {
    let environment = TestEnvironment::gateway();
    let _watch = watched(&environment);
    environment.succeed(&["set", "valve.threshold", "55", "--confirm-within", "10m"]);
    make_due(&environment);
    let screens = environment.screens(&["confirm --dry-run", "confirm", "confirm"]);
    assert_screen!(
        screens,
        str![[r#"
$ valvecfg confirm --dry-run
------- stderr -------
error: [rev 1] was not confirmed in time
help: `valvecfg show [rev 1]` tells what it was
[exit 1]

$ valvecfg confirm
------- stderr -------
error: [rev 1] was not confirmed in time; [rev 2] takes it back
help: `valvecfg show [rev 1]` tells what it was
[exit 1]

$ valvecfg confirm
------- stderr -------
error: nothing waits for confirmation
[exit 1]
"#]]
    );
    assert_eq!(environment.succeed(&["get", "valve.threshold"]), "60\n");
}

#[test]
fn it_is_too_late_to_extend_what_was_to_be_taken_back() {
    let environment = TestEnvironment::gateway();
    let _watch = watched(&environment);
    environment.succeed(&["set", "valve.threshold", "55", "--confirm-within", "10m"]);
    make_due(&environment);
    assert_screen!(
        environment.screens(&["confirm --extend 5m"]),
        str![[r#"
$ valvecfg confirm --extend 5m
------- stderr -------
error: [rev 1] was not confirmed in time; [rev 2] takes it back
help: `valvecfg show [rev 1]` tells what it was
[exit 1]
"#]]
    );
}

#[test]
fn what_others_changed_since_stays() {
    let environment = TestEnvironment::gateway();
    let _watch = watched(&environment);
    environment.succeed(&[
        "set",
        "valve.threshold=55",
        "heating.target=21.5",
        "--confirm-within",
        "10m",
    ]);
    environment.succeed(&["set", "valve.mode", "off"]);
    environment.edit("plugins/heating.toml", "target = 21.5", "target = 21.5 # warmer");
    environment.edit("plugins/valve.toml", "hysteresis = 2.5", "hysteresis = 3.5");
    make_due(&environment);
    let screens = environment.screens(&["status", "list --changed valve", "history --count 3"]);
    assert_screen!(
        screens,
        str![[r#"
$ valvecfg status
store     [STORE]
revision  [rev 1]  2025-12-01 00:00:00 +00:00  Ines Duarte
          not confirmed in time: takes back [rev 2] heating.target 20.5 -> 21.5, valve.threshold 60 -> 55
heating     as recorded
irrigation  as recorded
valve       as recorded
------- stderr -------
[rev 2] was not confirmed in time and was taken back, as [rev 1]

$ valvecfg list --changed valve
key                       value                     default          source
valve.schema_version      1                                          plugins/valve.toml:2
valve.mode                "off"                     "auto"           plugins/valve.toml:6
valve.hysteresis          3.5                       2.5              plugins/valve.toml:8
valve.poll_interval       15                        10               plugins/valve.toml:11
valve.mqtt.host           "broker.gateway.example"                   plugins/valve.toml:15
valve.mqtt.topic          "greenhouse/valve"        "gateway/valve"  plugins/valve.toml:16
valve.mqtt.keep_alive     30                        60               plugins/valve.toml:17
valve.zones[0].name       "tomatoes"                                 plugins/valve.toml:21
valve.zones[0].pin        17                                         plugins/valve.toml:22
valve.zones[0].flow       12.5                                       plugins/valve.toml:23
valve.zones[1].name       "cucumbers"                                plugins/valve.toml:26
valve.zones[1].pin        27                                         plugins/valve.toml:27
valve.zones[1].flow       9.0                                        plugins/valve.toml:28
valve.zones[1].threshold  70                                         plugins/valve.toml:29
valve.zones[2].name       "seedlings"                                plugins/valve.toml:32
valve.zones[2].pin        22                                         plugins/valve.toml:33
valve.zones[2].flow       2.5                                        plugins/valve.toml:34
valve.zones[2].max_open   5                         30               plugins/valve.toml:35
valve.zones[2].inverted   true                      false            plugins/valve.toml:36

$ valvecfg history --count 3
[rev 1]  2025-12-01 00:00:00 +00:00  Ines Duarte  via confirm
  not confirmed in time: takes back [rev 2] heating.target 20.5 -> 21.5, valve.threshold 60 -> 55
    heating.target 21.5 -> 20.5
    valve.threshold 55 -> 60

[rev 3]  2025-12-01 00:00:00 +00:00  Ines Duarte  via hand
  edited by hand: valve.hysteresis 2.5 -> 3.5
    plugins/heating.toml

[rev 4]  2025-12-01 00:00:00 +00:00  Ines Duarte  via set
  valve.mode "auto" -> "off"
"#]]
    );
}

#[test]
fn what_was_changed_again_is_left_to_a_person() {
    let environment = TestEnvironment::gateway();
    let _watch = watched(&environment);
    environment.succeed(&["set", "valve.threshold=55", "valve.mode=off", "--confirm-within", "10m"]);
    environment.succeed(&["set", "valve.threshold", "50"]);
    make_due(&environment);
    let screens = environment.screens(&[
        "confirm",
        "status --exit-code",
        "get valve.mode",
        "set heating.target 21",
        "set heating.target 22 --confirm-within 10m",
        "confirm --extend 5m",
    ]);
    assert_screen!(
        screens,
        str![[r#"
$ valvecfg confirm
------- stderr -------
error: [rev 1] was not confirmed in time, and `valve.threshold` was changed again since
help: `valve.threshold`: the revision made it 55; it is 50 now, and would become 60
help: nothing was taken back; `valvecfg confirm` keeps what there is, `valvecfg rollback` goes back to what was before it
[exit 4]

$ valvecfg status --exit-code
store     [STORE]
revision  [rev 2]  2025-12-01 00:00:00 +00:00  Ines Duarte
          valve.threshold 55 -> 50
waiting   [rev 1] by Ines Duarte, not confirmed in time, and changed again since: valve.threshold
          `valvecfg confirm` keeps what there is, `valvecfg rollback` goes back to what was before it
heating     as recorded
irrigation  as recorded
valve       as recorded
[exit 1]

$ valvecfg get valve.mode
off

$ valvecfg set heating.target 21
heating.target 20.5 -> 21.0
saved as [rev 3]
------- stderr -------
[rev 1] was not confirmed in time, and `valve.threshold` was changed again since; `valvecfg confirm` keeps what there is, `valvecfg rollback` goes back altogether

$ valvecfg set heating.target 22 --confirm-within 10m
------- stderr -------
[rev 1] was not confirmed in time, and `valve.threshold` was changed again since; `valvecfg confirm` keeps what there is, `valvecfg rollback` goes back altogether
error: [rev 1] was not confirmed in time, and `valve.threshold` was changed again since
help: nothing was taken back; `valvecfg confirm` keeps what there is, `valvecfg rollback` goes back to what was before it
[exit 4]

$ valvecfg confirm --extend 5m
------- stderr -------
error: [rev 1] was not confirmed in time, and `valve.threshold` was changed again since
help: nothing was taken back; `valvecfg confirm` keeps what there is, `valvecfg rollback` goes back to what was before it
[exit 4]
"#]]
    );
    assert_screen!(
        timeless(&environment.screens(&["status --json"]))
            .split_once("\"confirmation\"")
            .unwrap()
            .1
            .split_once("\"plugins\"")
            .unwrap()
            .0
            .to_owned(),
        str![[
            r#":{"revision":"[rev 3]","author":"Ines Duarte","until":[..],"seconds_left":[..],"carrier":"watch","by":"person","bake":null,"changed_since":["valve.threshold"]},"#
        ]]
    );
    assert_screen!(
        environment.screens(&["confirm", "status"]),
        str![[r#"
$ valvecfg confirm
[rev 1] is confirmed

$ valvecfg status
store     [STORE]
revision  [rev 2]  2025-12-01 00:00:00 +00:00  Ines Duarte
          heating.target 20.5 -> 21.0
heating     as recorded
irrigation  as recorded
valve       as recorded
"#]]
    );
}

#[test]
fn what_was_changed_again_goes_with_a_rollback() {
    let environment = TestEnvironment::gateway();
    let _watch = watched(&environment);
    environment.succeed(&["set", "valve.threshold=55", "valve.mode=off", "--confirm-within", "10m"]);
    environment.succeed(&["set", "valve.threshold", "50"]);
    make_due(&environment);
    assert_screen!(
        environment.screens(&["get valve.mode", "rollback", "rollback --yes", "confirm"]),
        str![[r#"
$ valvecfg get valve.mode
off
------- stderr -------
[rev 1] was not confirmed in time, and `valve.threshold` was changed again since; `valvecfg confirm` keeps what there is, `valvecfg rollback` goes back altogether

$ valvecfg rollback
------- stderr -------
valve.mode "off" -> "auto"
valve.threshold 50 -> 60
error: cannot ask without a terminal: restore these settings?
help: pass REV or --yes
[exit 5]

$ valvecfg rollback --yes
valve.mode "off" -> "auto"
valve.threshold 50 -> 60
saved as [rev 2]
------- stderr -------
[rev 1] is taken back, and waits for confirmation no more

$ valvecfg confirm
------- stderr -------
error: nothing waits for confirmation
[exit 1]
"#]]
    );
}

#[test]
fn a_hand_edit_that_is_not_valid_keeps_it_until_it_is_mended() {
    let environment = TestEnvironment::gateway();
    let _watch = watched(&environment);
    environment.succeed(&["set", "valve.threshold", "55", "--confirm-within", "10m"]);
    environment.edit("plugins/valve.toml", "hysteresis = 2.5", "hysteresis = 'much'");
    environment.edit("plugins/irrigation.toml", "max_flow = 32.0", "max_flow = 'much'");
    make_due(&environment);
    let screens = environment.screens(&["get valve.threshold", "status", "set heating.target 21", "confirm"]);
    assert_screen!(
        screens,
        str![[r#"
$ valvecfg get valve.threshold
55
------- stderr -------
[rev 1] was not confirmed in time, and is not taken back yet: plugins/valve.toml is edited by hand and not valid

$ valvecfg status
store     [STORE]
revision  [rev 1]  2025-12-01 00:00:00 +00:00  Ines Duarte
          valve.threshold 60 -> 55
waiting   [rev 1] by Ines Duarte, not confirmed in time, and to be taken back
heating     as recorded
irrigation  edited by hand, 1 violation
            irrigation.max_flow 32.0 -> "much"
valve       edited by hand, 1 violation
            valve.hysteresis 2.5 -> "much"
error[VC102]: `max_flow` must be a number
 --> plugins/irrigation.toml:6:12
  |
6 | max_flow = 'much'      # l/min, measured at the well head on 2026-04-18
  |            ^^^^^^ this is a string
  |
  = note: a number, more than 0, up to 200 l/min, default 30.0 (schemas/irrigation/1.schema.json#/properties/max_flow)
error[VC102]: `hysteresis` must be a number
 --> plugins/valve.toml:8:14
  |
8 | hysteresis = 'much'
  |              ^^^^^^ this is a string
  |
  = note: a number, 0.5 to 20 percent, default 2.5 (schemas/valve/1.schema.json#/properties/hysteresis)
`valvecfg edit irrigation` mends the file
`valvecfg edit valve` mends the file
------- stderr -------
[rev 1] was not confirmed in time, and is not taken back yet: plugins/valve.toml is edited by hand and not valid

$ valvecfg set heating.target 21
heating.target 20.5 -> 21.0
saved as [rev 2]
------- stderr -------
[rev 1] was not confirmed in time, and is not taken back yet: plugins/valve.toml is edited by hand and not valid

$ valvecfg confirm
------- stderr -------
[rev 1] was not confirmed in time, and is not taken back yet: plugins/valve.toml is edited by hand and not valid
error[VC102]: `hysteresis` must be a number
 --> plugins/valve.toml:8:14
  |
8 | hysteresis = 'much'
  |              ^^^^^^ this is a string
  |
  = note: a number, 0.5 to 20 percent, default 2.5 (schemas/valve/1.schema.json#/properties/hysteresis)
help: the file was left as it is; mend it with `valvecfg edit valve`, or take back what is recorded with `git checkout -- plugins/valve.toml`
[exit 1]
"#]]
    );
    environment.edit("plugins/valve.toml", "hysteresis = 'much'", "hysteresis = 3.5");
    assert_screen!(
        environment.screens(&["get valve.threshold", "history --count 2"]),
        str![[r#"
$ valvecfg get valve.threshold
60
------- stderr -------
[rev 1] was not confirmed in time and was taken back, as [rev 2]

$ valvecfg history --count 2
[rev 2]  2025-12-01 00:00:00 +00:00  Ines Duarte  via confirm
  not confirmed in time: takes back [rev 1] valve.threshold 60 -> 55
    valve.threshold 55 -> 60

[rev 3]  2025-12-01 00:00:00 +00:00  Ines Duarte  via hand
  edited by hand: valve.hysteresis 2.5 -> 3.5
"#]]
    );
}

#[test]
fn a_rollback_takes_back_what_waits_and_no_more() {
    let environment = TestEnvironment::gateway();
    let _watch = watched(&environment);
    environment.succeed(&["set", "valve.threshold", "55", "--confirm-within", "10m"]);
    environment.succeed(&["set", "valve.mode", "off"]);
    let screens = environment.screens(&[
        "rollback",
        "rollback --dry-run",
        "rollback --yes",
        "confirm",
        "history --count 1",
    ]);
    assert_screen!(
        screens,
        str![[r#"
$ valvecfg rollback
------- stderr -------
valve.threshold 55 -> 60
error: cannot ask without a terminal: restore these settings?
help: pass REV or --yes
[exit 5]

$ valvecfg rollback --dry-run
valve.threshold 55 -> 60
------- stderr -------
nothing was written: this was a dry run

$ valvecfg rollback --yes
valve.threshold 55 -> 60
saved as [rev 1]
------- stderr -------
[rev 2] is taken back, and waits for confirmation no more

$ valvecfg confirm
------- stderr -------
error: nothing waits for confirmation
[exit 1]

$ valvecfg history --count 1
[rev 1]  2025-12-01 00:00:00 +00:00  Ines Duarte  via rollback
  not confirmed: takes back [rev 2] valve.threshold 60 -> 55
    valve.threshold 55 -> 60
"#]]
    );
}

#[test]
fn who_goes_back_to_before_it_need_not_confirm_it() {
    for (line, ends) in [
        ("rollback @~1", true),
        ("rollback @~1 --key valve.threshold", false),
        ("rollback @", false),
        ("revert @", true),
    ] {
        let environment = TestEnvironment::gateway();
        let _watch = watched(&environment);
        environment.succeed(&["set", "valve.threshold", "55", "--confirm-within", "10m"]);
        let words: Vec<&str> = line.split(' ').collect();
        environment.succeed(&words);
        assert_eq!(environment.run(&["confirm"]).code(), Some(i32::from(ends)), "{line}");
    }
}

#[test]
fn what_was_taken_back_by_hand_already_needs_no_revision() {
    let environment = TestEnvironment::gateway();
    let _watch = watched(&environment);
    environment.succeed(&["set", "valve.threshold", "55", "--confirm-within", "10m"]);
    environment.succeed(&["set", "valve.threshold", "60"]);
    make_due(&environment);
    assert_screen!(
        environment.screens(&["confirm", "status", "confirm"]),
        str![[r#"
$ valvecfg confirm
------- stderr -------
error: [rev 1] was not confirmed in time
help: `valvecfg show [rev 1]` tells what it was
[exit 1]

$ valvecfg status
store     [STORE]
revision  [rev 2]  2025-12-01 00:00:00 +00:00  Ines Duarte
          valve.threshold 55 -> 60
heating     as recorded
irrigation  as recorded
valve       as recorded

$ valvecfg confirm
------- stderr -------
error: nothing waits for confirmation
[exit 1]
"#]]
    );
    assert_eq!(environment.revisions(), 6);
}

#[test]
fn manifest_schemas_and_migrations_come_back_as_they_were() {
    let upgrade = r#"{ "type": "object", "properties": { "schema_version": { "const": 2 }, "more": { "type": "integer", "x-renamed-from": "much" } } }"#;
    let environment = TestEnvironment::new_store();
    environment.beside(
        "pump.json",
        r#"{ "type": "object", "properties": { "schema_version": { "const": 1 }, "much": { "type": "integer" } } }"#,
    );
    environment.beside("2.schema.json", upgrade);
    environment.beside(
        "pump.toml",
        "#:schema ../schemas/pump/1.schema.json\nschema_version = 1\n\n# as ever\nmuch = 5\n",
    );
    let _watch = watched(&environment);
    let tree = || environment.git_succeed(&["rev-parse", "main^{tree}"]);
    for line in [
        "plugin add pump --schema ../pump.json --settings ../pump.toml",
        "plugin upgrade pump --schema ../2.schema.json",
        "migrate",
        "set pump.more 6",
        "plugin remove pump",
    ] {
        let words: Vec<&str> = line.split(' ').collect();
        let before = tree();
        environment.succeed(&[words.as_slice(), &["--confirm-within", "10m"]].concat());
        make_due(&environment);
        environment.succeed(&["status"]);
        assert_eq!(tree(), before, "{line}");
        assert_eq!(environment.git_status(), "", "{line}");
        environment.succeed(&words);
    }
}

#[test]
fn a_migration_comes_back_also_where_something_else_was_changed_since() {
    let environment = TestEnvironment::new_store();
    environment.beside("pump.json", r#"{ "type": "object", "properties": { "schema_version": { "const": 1 }, "much": { "type": "integer" }, "name": { "type": "string" } } }"#);
    environment.beside("2.schema.json", r#"{ "type": "object", "properties": { "schema_version": { "const": 2 }, "more": { "type": "integer", "x-renamed-from": "much" }, "name": { "type": "string" } } }"#);
    let settings = "#:schema ../schemas/pump/1.schema.json\nschema_version = 1\nmuch = 5 # enough\nname = 'left'\n";
    environment.beside("pump.toml", settings);
    environment.succeed(&[
        "plugin",
        "add",
        "pump",
        "--schema",
        "../pump.json",
        "--settings",
        "../pump.toml",
    ]);
    environment.succeed(&["plugin", "upgrade", "pump", "--schema", "../2.schema.json"]);
    let _watch = watched(&environment);
    environment.succeed(&["migrate", "--confirm-within", "10m"]);
    environment.succeed(&["set", "pump.name", "right"]);
    environment.beside("other.json", "{}");
    environment.succeed(&["plugin", "add", "other", "--schema", "../other.json"]);
    make_due(&environment);
    assert_eq!(environment.succeed(&["get", "pump.name"]), "right\n");
    assert_eq!(
        String::from_utf8(environment.read("plugins/pump.toml")).unwrap(),
        settings.replace("left", "right")
    );
    environment.succeed(&["validate"]);
    assert_eq!(environment.succeed(&["plugin", "list"]).lines().count(), 3);
}

#[test]
fn a_confirmation_that_cannot_be_read_stops_changes_and_no_reader() {
    let environment = TestEnvironment::gateway();
    let _watch = watched(&environment);
    environment.succeed(&["set", "valve.threshold", "55", "--confirm-within", "10m"]);
    let path = ".git/valvecfg/confirmation";
    let whole = environment.read(path);
    environment.write(path, &whole[..whole.len() / 2]);
    assert_screen!(
        environment.screens(&["get valve.threshold", "set valve.mode off", "status", "confirm"]),
        str![[r#"
$ valvecfg get valve.threshold
55
------- stderr -------
cannot understand [STORE]/.git/valvecfg/confirmation

$ valvecfg set valve.mode off
------- stderr -------
cannot understand [STORE]/.git/valvecfg/confirmation
error: cannot understand [STORE]/.git/valvecfg/confirmation
help: a newer valvecfg may have written it; else look at `valvecfg history`, and `rm [STORE]/.git/valvecfg/confirmation` forgets that something waits
[exit 3]

$ valvecfg status
store     [STORE]
revision  [rev 1]  2025-12-01 00:00:00 +00:00  Ines Duarte
          valve.threshold 60 -> 55
heating     as recorded
irrigation  as recorded
valve       as recorded
------- stderr -------
cannot understand [STORE]/.git/valvecfg/confirmation

$ valvecfg confirm
------- stderr -------
error: cannot understand [STORE]/.git/valvecfg/confirmation
help: a newer valvecfg may have written it; else look at `valvecfg history`, and `rm [STORE]/.git/valvecfg/confirmation` forgets that something waits
[exit 3]
"#]]
    );
}

#[test]
fn who_takes_the_revision_out_of_history_has_decided() {
    let environment = TestEnvironment::gateway();
    let _watch = watched(&environment);
    environment.succeed(&["set", "valve.threshold", "55", "--confirm-within", "10m"]);
    environment.git_succeed(&["reset", "-q", "--hard", "HEAD~1"]);
    environment.git_succeed(&["update-ref", "refs/valvecfg/acknowledged", "refs/heads/main"]);
    make_due(&environment);
    assert_screen!(
        environment.screens(&["set valve.mode off", "confirm"]),
        str![[r#"
$ valvecfg set valve.mode off
valve.mode "auto" -> "off"
saved as [rev 1]

$ valvecfg confirm
------- stderr -------
error: nothing waits for confirmation
[exit 1]
"#]]
    );
}
