//! `valvecfg history` and `valvecfg show`

use snapbox::str;

use super::assert_screen;
use crate::environment::TestEnvironment;

#[test]
fn revisions_stand_newest_first_with_what_they_changed() {
    let environment = TestEnvironment::gateway();
    let screens = environment.screens(&[
        "set valve.threshold 55 -m 'leak in zone 2'",
        "set valve.mode=off heating.target=19",
        "history -n 3",
        "history -n 1 --json",
        "history --plugin heating -n 1",
        "history --author INES -n 1",
        "history --author nobody",
    ]);
    assert_screen!(
        screens,
        str![[r#"
$ valvecfg set valve.threshold 55 -m 'leak in zone 2'
valve.threshold 60 -> 55
saved as [rev 1]

$ valvecfg set valve.mode=off heating.target=19
heating.target 20.5 -> 19.0
valve.mode "auto" -> "off"
saved as [rev 2]

$ valvecfg history -n 3
[rev 2]  2025-12-01 00:00:00 +00:00  Ines Duarte  via set
  heating.target 20.5 -> 19.0, valve.mode "auto" -> "off"

[rev 1]  2025-12-01 00:00:00 +00:00  Ines Duarte  via set
  leak in zone 2
    valve.threshold 60 -> 55

[rev 3]  2025-12-01 00:00:00 +00:00  Ines Duarte  via plugin add
  valve: 21 settings
    schemas/valve/1.schema.json
    valvecfg.toml

$ valvecfg history -n 1 --json
{"id":"[rev 2]","parent":"[rev 1]","time":"2025-12-01T00:00:00+00:00","author":{"name":"Ines Duarte","email":"ines@gateway.example"},"message":"heating.target 20.5 -> 19.0, valve.mode \"auto\" -> \"off\"","via":"set","changes":[{"key":"heating.target","before":20.5,"after":19.0},{"key":"valve.mode","before":"auto","after":"off"}],"files":["plugins/heating.toml","plugins/valve.toml"]}

$ valvecfg history --plugin heating -n 1
[rev 2]  2025-12-01 00:00:00 +00:00  Ines Duarte  via set
  heating.target 20.5 -> 19.0, valve.mode "auto" -> "off"

$ valvecfg history --author INES -n 1
[rev 2]  2025-12-01 00:00:00 +00:00  Ines Duarte  via set
  heating.target 20.5 -> 19.0, valve.mode "auto" -> "off"

$ valvecfg history --author nobody
------- stderr -------
no such revision
"#]]
    );
}

#[test]
fn a_setting_has_its_values_over_time() {
    let environment = TestEnvironment::gateway();
    let screens = environment.screens(&[
        "set valve.threshold 55",
        "set heating.target 19",
        "set valve.threshold 50",
        "history valve.threshold",
        "history threshold -n 1 --json",
        "history valve.mqtt",
        "history valve.position",
        "history valve.thresold",
    ]);
    assert_screen!(
        screens,
        str![[r#"
$ valvecfg set valve.threshold 55
valve.threshold 60 -> 55
saved as [rev 1]

$ valvecfg set heating.target 19
heating.target 20.5 -> 19.0
saved as [rev 2]

$ valvecfg set valve.threshold 50
valve.threshold 55 -> 50
saved as [rev 3]

$ valvecfg history valve.threshold
revision  time                        author       via         before     after
[rev 3]  2025-12-01 00:00:00 +00:00  Ines Duarte  set         55         50
[rev 1]  2025-12-01 00:00:00 +00:00  Ines Duarte  set         60         55
[rev 4]  2025-12-01 00:00:00 +00:00  Ines Duarte  plugin add  (not set)  60

$ valvecfg history threshold -n 1 --json
{"id":"[rev 3]","parent":"[rev 2]","time":"2025-12-01T00:00:00+00:00","author":{"name":"Ines Duarte","email":"ines@gateway.example"},"message":"valve.threshold 55 -> 50","via":"set","key":"valve.threshold","before":55,"after":50}

$ valvecfg history valve.mqtt
revision  time                        author       via         before                           after
[rev 4]  2025-12-01 00:00:00 +00:00  Ines Duarte  plugin add  valve.mqtt.host (not set)        "broker.gateway.example"
[rev 4]  2025-12-01 00:00:00 +00:00  Ines Duarte  plugin add  valve.mqtt.topic (not set)       "greenhouse/valve"
[rev 4]  2025-12-01 00:00:00 +00:00  Ines Duarte  plugin add  valve.mqtt.keep_alive (not set)  30

$ valvecfg history valve.position
------- stderr -------
no such revision

$ valvecfg history valve.thresold
------- stderr -------
error: `valve.thresold` is not set and has no default
help: a similar setting is `valve.threshold`
[exit 1]
"#]]
    );
}

#[test]
fn since_takes_a_revision_or_a_time() {
    let environment = TestEnvironment::gateway();
    for (day, value) in [("10", "50"), ("11", "51"), ("12", "52")] {
        let mut command = environment.at_time(&format!("2026-01-{day}T12:00:00Z"));
        let screen = environment.screen(command.args(["set", "valve.threshold", value]));
        assert!(screen.status.success(), "{screen}");
    }
    let screens = environment.screens(&[
        "history --since @~1",
        "history --since '2026-01-11 12:00'",
        "history --since 2026-01-12",
        "history --since 2026-02-01",
        "history --since nonsense",
        "get valve.threshold --at '2026-01-11 13:00'",
        "get valve.threshold --at '2026-01-11 11:00'",
    ]);
    assert_screen!(
        screens,
        str![[r#"
$ valvecfg history --since @~1
[rev 1]  2026-01-12 12:00:00 +00:00  Ines Duarte  via set
  valve.threshold 51 -> 52

[rev 2]  2026-01-11 12:00:00 +00:00  Ines Duarte  via set
  valve.threshold 50 -> 51

$ valvecfg history --since '2026-01-11 12:00'
[rev 1]  2026-01-12 12:00:00 +00:00  Ines Duarte  via set
  valve.threshold 51 -> 52

[rev 2]  2026-01-11 12:00:00 +00:00  Ines Duarte  via set
  valve.threshold 50 -> 51

$ valvecfg history --since 2026-01-12
[rev 1]  2026-01-12 12:00:00 +00:00  Ines Duarte  via set
  valve.threshold 51 -> 52

$ valvecfg history --since 2026-02-01
------- stderr -------
no such revision

$ valvecfg history --since nonsense
------- stderr -------
error: `nonsense` names no revision: no tag has this name, and it is no hash of 4 or more hexadecimal digits, no `@` or `@~3`, and no time such as `2026-11-01 10:00`
help: `valvecfg history` shows the revisions
[exit 2]

$ valvecfg get valve.threshold --at '2026-01-11 13:00'
51

$ valvecfg get valve.threshold --at '2026-01-11 11:00'
50
"#]]
    );
}

#[test]
fn one_revision_is_shown_whole() {
    let environment = TestEnvironment::gateway();
    let screens = environment.screens(&[
        "set valve.threshold 55 -m 'leak in zone 2'",
        "show",
        "show --json",
        "show @~1",
        "show nonsense",
        "show 0000",
        "show @~99",
    ]);
    assert_screen!(
        screens,
        str![[r#"
$ valvecfg set valve.threshold 55 -m 'leak in zone 2'
valve.threshold 60 -> 55
saved as [rev 1]

$ valvecfg show
revision  [rev 1]
author    Ines Duarte <ines@gateway.example>
time      2025-12-01 00:00:00 +00:00
via       set

    leak in zone 2

valve.threshold 60 -> 55

$ valvecfg show --json
{"id":"[rev 1]","parent":"[rev 2]","time":"2025-12-01T00:00:00+00:00","author":{"name":"Ines Duarte","email":"ines@gateway.example"},"message":"leak in zone 2","via":"set","changes":[{"key":"valve.threshold","before":60,"after":55}],"files":["plugins/valve.toml"]}

$ valvecfg show @~1
revision  [rev 2]
author    Ines Duarte <ines@gateway.example>
time      2025-12-01 00:00:00 +00:00
via       plugin add

    valve: 21 settings

valve.schema_version 1 added
valve.mode "auto" added
valve.threshold 60 added
valve.hysteresis 2.5 added
valve.poll_interval 15 added
valve.fail_safe "closed" added
valve.mqtt.host "broker.gateway.example" added
valve.mqtt.topic "greenhouse/valve" added
valve.mqtt.keep_alive 30 added
valve.zones[0].name "tomatoes" added
valve.zones[0].pin 17 added
valve.zones[0].flow 12.5 added
valve.zones[1].name "cucumbers" added
valve.zones[1].pin 27 added
valve.zones[1].flow 9.0 added
valve.zones[1].threshold 70 added
valve.zones[2].name "seedlings" added
valve.zones[2].pin 22 added
valve.zones[2].flow 2.5 added
valve.zones[2].max_open 5 added
valve.zones[2].inverted true added
schemas/valve/1.schema.json  (changed)
valvecfg.toml  (changed)

$ valvecfg show nonsense
------- stderr -------
error: `nonsense` names no revision: no tag has this name, and it is no hash of 4 or more hexadecimal digits, no `@` or `@~3`, and no time such as `2026-11-01 10:00`
help: `valvecfg history` shows the revisions
[exit 2]

$ valvecfg show 0000
------- stderr -------
error: no revision's hash begins with `0000`, and no tag has this name
help: `valvecfg history` shows the revisions
[exit 2]

$ valvecfg show @~99
------- stderr -------
error: `@~99` goes back beyond the first revision, which is `@~4`
help: `valvecfg history` shows the revisions
[exit 2]
"#]]
    );
}

#[test]
fn names_that_mean_nothing_are_mistakes() {
    let environment = TestEnvironment::gateway();
    let screens = environment.screens(&[
        "history nosuch",
        "history --plugin nosuch",
        "history valve --plugin valve",
    ]);
    assert_screen!(
        screens,
        str![[r#"
$ valvecfg history nosuch
------- stderr -------
error: no plugin has a setting `nosuch`
help: there are: heating, irrigation, valve
help: `valvecfg list` shows all settings
[exit 2]

$ valvecfg history --plugin nosuch
------- stderr -------
error: there is no plugin `nosuch`
help: there are: heating, irrigation, valve
[exit 2]

$ valvecfg history valve --plugin valve
------- stderr -------
error: the argument '[KEY]' cannot be used with '--plugin <NAME>'

Usage: valvecfg history <KEY>

For more information, try '--help'.
[exit 2]
"#]]
    );
}

#[test]
fn a_commit_by_git_is_shown_as_such() {
    let environment = TestEnvironment::gateway();
    environment.edit("plugins/valve.toml", "threshold = 60", "threshold = 55");
    environment.git_succeed(&["commit", "-qam", "by git"]);
    assert_screen!(
        environment.screens(&["status", "set valve.mode off", "history -n 2"]),
        str![[r#"
$ valvecfg status
store     [STORE]
revision  [rev 1]  2025-12-01 00:00:00 +00:00  Ines Duarte
          by git
heating     as recorded
irrigation  as recorded
valve       as recorded

$ valvecfg set valve.mode off
valve.mode "auto" -> "off"
saved as [rev 2]

$ valvecfg history -n 2
[rev 2]  2025-12-01 00:00:00 +00:00  Ines Duarte  via set
  valve.mode "auto" -> "off"

[rev 1]  2025-12-01 00:00:00 +00:00  Ines Duarte  via git
  by git
    valve.threshold 60 -> 55
"#]]
    );
    environment.edit("plugins/valve.toml", "threshold = 55", "threshold = 550");
    environment.git_succeed(&["commit", "-qam", "by git"]);
    assert_screen!(
        environment.screens(&["set valve.mode auto"]),
        str![[r#"
$ valvecfg set valve.mode auto
------- stderr -------
error[VC101]: `threshold` must be at most 100
 --> plugins/valve.toml:7:13
  |
7 | threshold = 550       # percent; raised from 50 after the dry June
  |             ^^^ 550 is out of range
  |
  = note: 0 to 100 percent, default 60 (schemas/valve/1.schema.json#/properties/threshold)
help: mend it with git: `git revert HEAD`, or commit a correction
[exit 1]
"#]]
    );
}

#[test]
fn a_long_value_is_cut_for_people_and_whole_for_programs() {
    let environment = TestEnvironment::open_plugin();
    let long = "long ".repeat(100);
    environment.succeed(&["set", "any.note", &long]);
    environment.succeed(&["set", "any.list", &format!("[{}]", "1,".repeat(300))]);
    assert_screen!(
        environment.screens(&[
            "list",
            "history any.note",
            "show @~1",
            "show",
            "diff @~2 @",
            "history -n 2"
        ]),
        str![[r#"
$ valvecfg list
key       value                                                                           default  source
any.note  "long long long long long long long long long long long long… (500 characters)           plugins/any.toml:3
any.list  [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,… (300 items)                plugins/any.toml:4

$ valvecfg history any.note
revision  time                        author       via  before     after
[rev 1]  2025-12-01 00:00:00 +00:00  Ines Duarte  set  (not set)  "long long long long long long long long long long long long… (500 characters)

$ valvecfg show @~1
revision  [rev 1]
author    Ines Duarte <ines@gateway.example>
time      2025-12-01 00:00:00 +00:00
via       set

any.note "long long long long long long long long long long long long… (500 characters) added

$ valvecfg show
revision  [rev 2]
author    Ines Duarte <ines@gateway.example>
time      2025-12-01 00:00:00 +00:00
via       set

any.list [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,… (300 items) added

$ valvecfg diff @~2 @
any.note "long long long long long long long long long long long long… (500 characters) added
any.list [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,… (300 items) added

$ valvecfg history -n 2
[rev 2]  2025-12-01 00:00:00 +00:00  Ines Duarte  via set
  any.list [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,… (300 items) added

[rev 1]  2025-12-01 00:00:00 +00:00  Ines Duarte  via set
  any.note "long long long long long long long long long long long long… (500 characters) added
"#]]
    );
    for verb in [
        &["show", "@~1", "--json"][..],
        &["history", "any.note", "--json"],
        &["list", "--json"],
        &["diff", "@~2", "@", "--json"],
    ] {
        let json = environment.succeed(verb);
        assert!(json.contains(&long), "{json}");
    }
    assert_eq!(environment.succeed(&["get", "any.note"]), format!("{long}\n"));
}

#[test]
fn a_history_of_none_lists_nothing_and_of_all_all() {
    let environment = TestEnvironment::gateway();
    for _ in 0..11 {
        environment.succeed(&["set", "valve.threshold=50"]);
        environment.succeed(&["set", "valve.threshold=51"]);
    }
    assert_eq!(environment.succeed(&["history", "-n", "0"]), "");
    assert_eq!(
        environment.succeed(&["history", "valve.threshold", "-n", "0", "--json"]),
        ""
    );
    let all = environment.succeed(&["history", "-n", "all", "--json"]);
    assert_eq!(all.lines().count(), environment.revisions());
}
