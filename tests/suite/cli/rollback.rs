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
{"revision":"[rev 5]","changes":[{"key":"valve.mode","before":"off","after":"auto"}],"files":[],"absorbed":null,"dry_run":false}

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
