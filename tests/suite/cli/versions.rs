//! Settings of another schema version than the one in force: how every verb reads and writes them.

use snapbox::str;

use super::assert_screen;
use super::migrate::{SETTINGS, STEPS, text, upgraded};
use crate::environment::TestEnvironment;

/// The gateway with a pump of version 2, whose settings came back from a backup of version 1.
fn with_backup() -> TestEnvironment {
    let environment = upgraded();
    environment.succeed(&["migrate"]);
    environment.write("plugins/pump.toml", SETTINGS);
    environment
}

#[test]
fn settings_of_an_earlier_version_are_read_as_todays() {
    let environment = with_backup();
    let screens = environment.screens(&[
        "get pump.close_above",
        "get close_above --show-origin",
        "get pump.interval --json --show-origin",
        "get pump.threshold",
        "list pump",
        "describe pump.mode",
        "render pump",
        "render pump --format env",
        "status",
        "validate",
        "diff",
        "migrate status",
    ]);
    assert_screen!(
        screens,
        str![[r#"
$ valvecfg get pump.close_above
60

$ valvecfg get close_above --show-origin
plugins/pump.toml (version 1)	60
------- stderr -------
the setting is `pump.close_above`

$ valvecfg get pump.interval --json --show-origin
{"key":"pump.interval","value":"30s","origin":{"from":"migrated","file":"plugins/pump.toml","version":1},"guessed":false}

$ valvecfg get pump.threshold
------- stderr -------
error: `pump.threshold` is not set and has no default
help: `valvecfg list pump` shows the settings there are
help: `--default VALUE` gives a value for this case
[exit 1]

$ valvecfg list pump
key                  value        default  source
pump.schema_version  2                     plugins/pump.toml (version 1)
pump.close_above     60                    plugins/pump.toml (version 1)
pump.interval        "30s"                 plugins/pump.toml (version 1)
pump.mode            "automatic"           plugins/pump.toml (version 1)
pump.zones[0].name   "a"                   plugins/pump.toml (version 1)
pump.zones[0].flow   2.5          2.5      plugins/pump.toml (version 1)
pump.zones[1].name   "b"                   plugins/pump.toml (version 1)
pump.zones[1].flow   2.5          2.5      plugins/pump.toml (version 1)

$ valvecfg describe pump.mode
     setting  pump.mode
        type  any
     allowed  "automatic" or "off"
       value  "automatic"
 last change  pump.mode "auto" -> "automatic" by Ines Duarte, 2025-12-01 00:00:00 +00:00 ([rev 1], migrate)

$ valvecfg render pump
schema_version = 2
close_above = 60
interval = "30s"
mode = "automatic"

[[zones]]
name = "a"
flow = 2.5

[[zones]]
name = "b"
flow = 2.5

$ valvecfg render pump --format env
PUMP_SCHEMA_VERSION=2
PUMP_CLOSE_ABOVE=60
PUMP_INTERVAL=30s
PUMP_MODE=automatic
PUMP_ZONES_0_NAME=a
PUMP_ZONES_0_FLOW=2.5
PUMP_ZONES_1_NAME=b
PUMP_ZONES_1_FLOW=2.5

$ valvecfg status
store     [STORE]
revision  [rev 1]  2025-12-01 00:00:00 +00:00  Ines Duarte
          pump: 8 settings
heating     as recorded
irrigation  as recorded
pump        edited by hand, 1 violation
valve       as recorded
warning[VC303]: this file was written for an earlier schema version than 2, which is in force
 --> plugins/pump.toml:2:18
  |
2 | schema_version = 1
  |                  ^
`valvecfg commit` records what was edited by hand; `valvecfg diff` shows it

$ valvecfg validate
warning[VC303]: this file was written for an earlier schema version than 2, which is in force
 --> plugins/pump.toml:2:18
  |
2 | schema_version = 1
  |                  ^

1 warning in 1 file, 11 files checked

$ valvecfg diff
plugins/pump.toml  (text only)

$ valvecfg migrate status
plugin      settings  in force  newest  ahead
heating     1         1         1
irrigation  1         1         1
pump        1         2         2       migrations/pump/1-to-2.toml: rename threshold, convert interval, map mode, remove legacy and 1 more
valve       1         1         1
"#]]
    );
    assert_eq!(text(&environment, "plugins/pump.toml"), SETTINGS);
}

#[test]
fn a_change_migrates_in_the_same_revision() {
    let environment = with_backup();
    let screens = environment.screens(&[
        "set pump.close_above 60",
        "set pump.close_above 55",
        "history -n 3",
        "show @",
        "diff @~2 @",
        "status",
    ]);
    assert_screen!(
        screens,
        str![[r#"
$ valvecfg set pump.close_above 60
------- stderr -------
nothing to do: it is so already

$ valvecfg set pump.close_above 55
pump.close_above 60 -> 55
saved as [rev 1]
------- stderr -------
plugins/pump.toml had been edited by hand; that was recorded first, as [rev 2]

$ valvecfg history -n 3
[rev 1]  2025-12-01 00:00:00 +00:00  Ines Duarte  via set
  pump.close_above 60 -> 55
    pump.schema_version 1 -> 2
    pump.close_above 55 added
    pump.threshold 60 removed
    pump.interval 30 -> "30s"
    pump.mode "auto" -> "automatic"
    pump.legacy "x" removed
    pump.zones[0].flow 2.5 added
    pump.zones[1].flow 2.5 added

[rev 2]  2025-12-01 00:00:00 +00:00  Ines Duarte  via hand
  edited by hand: plugins/pump.toml
    pump.schema_version 2 -> 1
    pump.threshold 60 added
    pump.close_above 60 removed
    pump.interval "30s" -> 30
    pump.mode "automatic" -> "auto"
    pump.legacy "x" added
    pump.zones[0].flow 2.5 removed
    pump.zones[1].flow 2.5 removed

[rev 3]  2025-12-01 00:00:00 +00:00  Ines Duarte  via migrate
  pump: 8 settings
    valvecfg.toml

$ valvecfg show @
revision  [rev 1]
author    Ines Duarte <ines@gateway.example>
time      2025-12-01 00:00:00 +00:00
via       set

    pump.close_above 60 -> 55

pump.schema_version 1 -> 2
pump.close_above 55 added
pump.threshold 60 removed
pump.interval 30 -> "30s"
pump.mode "auto" -> "automatic"
pump.legacy "x" removed
pump.zones[0].flow 2.5 added
pump.zones[1].flow 2.5 added

$ valvecfg diff @~2 @
pump.close_above 60 -> 55

$ valvecfg status
store     [STORE]
revision  [rev 1]  2025-12-01 00:00:00 +00:00  Ines Duarte
          pump.close_above 60 -> 55
heating     as recorded
irrigation  as recorded
pump        as recorded
valve       as recorded
"#]]
    );
    snapbox::assert_data_eq!(
        text(&environment, "plugins/pump.toml"),
        str![[r##"
#:schema ../schemas/pump/2.schema.json
schema_version = 2

# when it closes
close_above = 55   # percent
interval = "30s"
mode = 'automatic'

[[zones]]
name = "a" # first
flow = 2.5
[[zones]]
name = "b"
flow = 2.5

"##]]
    );
}

#[test]
fn an_edit_by_hand_of_an_earlier_version_must_be_valid_and_lead_somewhere() {
    let environment = with_backup();
    environment.write("plugins/pump.toml", SETTINGS.replace("= 60 ", "= 'a' "));
    let invalid = environment.screens(&["set pump.close_above 55", "validate", "get pump.close_above"]);
    environment.write("plugins/pump.toml", SETTINGS);
    environment.write(
        "migrations/pump/1-to-2.toml",
        STEPS.replace("values = { auto = \"automatic\" }", "values = { auto = \"sometimes\" }"),
    );
    let unfit = environment.screens(&["set pump.close_above 55", "validate"]);
    std::fs::remove_file(environment.path("migrations/pump/1-to-2.toml")).unwrap();
    let gap = environment.screens(&["set pump.close_above 55", "get pump.close_above", "validate"]);
    assert_screen!(
        format!("{invalid}\n\n{unfit}\n\n{gap}"),
        str![[r#"
$ valvecfg set pump.close_above 55
------- stderr -------
error[VC102]: `threshold` must be an integer
 --> plugins/pump.toml:5:13
  |
5 | threshold = 'a'   # percent
  |             ^^^ this is a string
  |
  = note: an integer (schemas/pump/1.schema.json#/properties/threshold)
help: the file was left as it is; mend it with `valvecfg edit pump`, or take back what is recorded with `git checkout -- plugins/pump.toml`
[exit 1]

$ valvecfg validate
error[VC102]: `threshold` must be an integer
 --> plugins/pump.toml:5:13
  |
5 | threshold = 'a'   # percent
  |             ^^^ this is a string
  |
  = note: an integer (schemas/pump/1.schema.json#/properties/threshold)

1 error in 1 file, 11 files checked
[exit 1]

$ valvecfg get pump.close_above
a

$ valvecfg set pump.close_above 55
------- stderr -------
error[VC303]: led to schema version 2, `mode` must be "automatic" or "off"
 --> plugins/pump.toml:2:18
  |
2 | schema_version = 1
  |                  ^
  |
  = note: "automatic" or "off" (schemas/pump/2.schema.json#/properties/mode)
help: the file was left as it is; `valvecfg migrate pump` brings it and the version in force together, and `valvecfg migrate check pump` tries the migrations
[exit 1]

$ valvecfg validate
error[VC303]: led to schema version 2, `mode` must be "automatic" or "off"
 --> plugins/pump.toml:2:18
  |
2 | schema_version = 1
  |                  ^
  |
  = note: "automatic" or "off" (schemas/pump/2.schema.json#/properties/mode)

1 error in 1 file, 11 files checked
[exit 1]

$ valvecfg set pump.close_above 55
------- stderr -------
error: no migration leads from version 1 of `pump` to 2: there is no migrations/pump/1-to-2.toml
help: draft it with `valvecfg migrate new pump`
[exit 1]

$ valvecfg get pump.close_above
------- stderr -------
error: no migration leads from version 1 of `pump` to 2: there is no migrations/pump/1-to-2.toml
help: draft it with `valvecfg migrate new pump`
[exit 1]

$ valvecfg validate
error[VC303]: this file was written for schema version 1, and cannot be led to 2: no migration leads from version 1 of `pump` to 2: there is no migrations/pump/1-to-2.toml
 --> plugins/pump.toml:2:18
  |
2 | schema_version = 1
  |                  ^

1 error in 1 file, 10 files checked
[exit 1]
"#]]
    );
    assert_eq!(text(&environment, "plugins/pump.toml"), SETTINGS);
}

#[test]
fn settings_of_a_later_version_are_left_alone() {
    let environment = upgraded();
    environment.succeed(&["migrate"]);
    let newer = text(&environment, "plugins/pump.toml")
        .replace("2.schema.json", "3.schema.json")
        .replace("schema_version = 2", "schema_version = 3");
    environment.write("plugins/pump.toml", &newer);
    let screens = environment.screens(&[
        "get pump.close_above",
        "list pump",
        "render pump",
        "set pump.close_above 55",
        "migrate",
        "validate",
        "status",
    ]);
    assert_eq!(text(&environment, "plugins/pump.toml"), newer);
    assert_screen!(
        screens,
        str![[r#"
$ valvecfg get pump.close_above
------- stderr -------
error[VC302]: this file was written for schema version 3, which is not here
 --> plugins/pump.toml:2:18
  |
2 | schema_version = 3
  |                  ^
  |
  = note: the last revision that fits is [rev 1]: `git checkout -- plugins/pump.toml`
help: the file was left as it is; add the schema that it was written for with `valvecfg plugin upgrade pump --schema FILE`, or go back to a revision that fits
[exit 1]

$ valvecfg list pump
------- stderr -------
error[VC302]: this file was written for schema version 3, which is not here
 --> plugins/pump.toml:2:18
  |
2 | schema_version = 3
  |                  ^
  |
  = note: the last revision that fits is [rev 1]: `git checkout -- plugins/pump.toml`
help: the file was left as it is; add the schema that it was written for with `valvecfg plugin upgrade pump --schema FILE`, or go back to a revision that fits
[exit 1]

$ valvecfg render pump
------- stderr -------
error[VC302]: this file was written for schema version 3, which is not here
 --> plugins/pump.toml:2:18
  |
2 | schema_version = 3
  |                  ^
  |
  = note: the last revision that fits is [rev 1]: `git checkout -- plugins/pump.toml`
help: the file was left as it is; add the schema that it was written for with `valvecfg plugin upgrade pump --schema FILE`, or go back to a revision that fits
[exit 1]

$ valvecfg set pump.close_above 55
------- stderr -------
error[VC302]: this file was written for schema version 3, which is not here
 --> plugins/pump.toml:2:18
  |
2 | schema_version = 3
  |                  ^
  |
  = note: the last revision that fits is [rev 1]: `git checkout -- plugins/pump.toml`
help: the file was left as it is; add the schema that it was written for with `valvecfg plugin upgrade pump --schema FILE`, or go back to a revision that fits
[exit 1]

$ valvecfg migrate
------- stderr -------
error[VC302]: this file was written for schema version 3, which is not here
 --> plugins/pump.toml:2:18
  |
2 | schema_version = 3
  |                  ^
  |
  = note: the last revision that fits is [rev 1]: `git checkout -- plugins/pump.toml`
help: the file was left as it is; add the schema that it was written for with `valvecfg plugin upgrade pump --schema FILE`, or go back to a revision that fits
[exit 1]

$ valvecfg validate
error[VC302]: this file was written for schema version 3, which is not here
 --> plugins/pump.toml:2:18
  |
2 | schema_version = 3
  |                  ^
  |
  = note: the last revision that fits is [rev 1]: `git checkout -- plugins/pump.toml`

1 error in 1 file, 11 files checked
[exit 1]

$ valvecfg status
store     [STORE]
revision  [rev 1]  2025-12-01 00:00:00 +00:00  Ines Duarte
          pump: 8 settings
heating     as recorded
irrigation  as recorded
pump        edited by hand, 1 violation
            pump.schema_version 2 -> 3
valve       as recorded
error[VC302]: this file was written for schema version 3, which is not here
 --> plugins/pump.toml:2:18
  |
2 | schema_version = 3
  |                  ^
  |
  = note: the last revision that fits is [rev 1]: `git checkout -- plugins/pump.toml`
`valvecfg edit pump` mends the file
"#]]
    );
}

#[test]
fn what_was_recorded_of_a_later_version_goes_back_to_the_last_revision_that_fits() {
    let environment = upgraded();
    environment.succeed(&["migrate"]);
    environment.write("schemas/pump/3.schema.json", "{}");
    let newer = text(&environment, "plugins/pump.toml")
        .replace("2.schema.json", "3.schema.json")
        .replace("schema_version = 2", "schema_version = 3");
    environment.write("plugins/pump.toml", &newer);
    environment.write("migrations/pump/2-to-3.toml", "from = 2\nto = 3\n");
    environment.succeed(&["migrate"]);
    std::fs::remove_file(environment.path("schemas/pump/3.schema.json")).unwrap();
    std::fs::remove_file(environment.path("migrations/pump/2-to-3.toml")).unwrap();
    let manifest = text(&environment, "valvecfg.toml").replace("schema-version = 3", "schema-version = 2");
    environment.write("valvecfg.toml", manifest);
    let screens = environment.screens(&[
        "get pump.close_above",
        "rollback @~2 --plugin pump",
        "get pump.close_above",
    ]);
    assert_screen!(
        screens,
        str![[r#"
$ valvecfg get pump.close_above
------- stderr -------
error[VC302]: this file was written for schema version 3, which is not here
 --> plugins/pump.toml:2:18
  |
2 | schema_version = 3
  |                  ^
  |
  = note: the last revision that fits is [rev 1]: `valvecfg rollback [rev 1] --plugin pump`
help: the file was left as it is; add the schema that it was written for with `valvecfg plugin upgrade pump --schema FILE`, or go back to a revision that fits
[exit 1]

$ valvecfg rollback @~2 --plugin pump
pump.schema_version 3 -> 2
saved as [rev 2]

$ valvecfg get pump.close_above
60
"#]]
    );
}

#[test]
fn settings_that_are_ahead_of_the_version_in_force_are_left_alone_until_it_follows() {
    let environment = upgraded();
    environment.succeed(&["migrate"]);
    let two = text(&environment, "plugins/pump.toml");
    environment.succeed(&["migrate", "--to", "1"]);
    environment.write("plugins/pump.toml", &two);
    let screens = environment.screens(&[
        "get pump.close_above",
        "set pump.threshold 55",
        "migrate -n",
        "migrate",
        "get pump.close_above",
    ]);
    assert_screen!(
        screens,
        str![[r#"
$ valvecfg get pump.close_above
------- stderr -------
error[VC303]: this file was written for schema version 2, and 1 is in force
 --> plugins/pump.toml:2:18
  |
2 | schema_version = 2
  |                  ^
  |
help: the file was left as it is; `valvecfg migrate pump` brings it and the version in force together, and `valvecfg migrate check pump` tries the migrations
[exit 1]

$ valvecfg set pump.threshold 55
------- stderr -------
error[VC303]: this file was written for schema version 2, and 1 is in force
 --> plugins/pump.toml:2:18
  |
2 | schema_version = 2
  |                  ^
  |
help: the file was left as it is; `valvecfg migrate pump` brings it and the version in force together, and `valvecfg migrate check pump` tries the migrations
[exit 1]

$ valvecfg migrate -n
valvecfg.toml
------- stderr -------
plugins/pump.toml was edited by hand; that would be recorded first
nothing was written: this was a dry run

$ valvecfg migrate
valvecfg.toml
saved as [rev 1]
------- stderr -------
plugins/pump.toml had been edited by hand; that was recorded first, as [rev 2]

$ valvecfg get pump.close_above
60
"#]]
    );
}

#[test]
fn a_reader_runs_no_program() {
    let environment = with_backup();
    environment.write(
        "migrations/pump/1-to-2.toml",
        STEPS.replace("remove = \"legacy\"", "command = [\"touch\", \"ran\"]"),
    );
    let screens = environment.screens(&[
        "get pump.close_above",
        "render pump",
        "set pump.close_above 55",
        "validate",
    ]);
    assert_screen!(
        screens,
        str![[r#"
$ valvecfg get pump.close_above
------- stderr -------
error: migrations/pump/1-to-2.toml:17: a program is to be run: `touch ran`
help: if you trust it, `valvecfg migrate --run-commands` runs it; nothing was written
[exit 1]

$ valvecfg render pump
------- stderr -------
error: migrations/pump/1-to-2.toml:17: a program is to be run: `touch ran`
help: if you trust it, `valvecfg migrate --run-commands` runs it; nothing was written
[exit 1]

$ valvecfg set pump.close_above 55
------- stderr -------
error: migrations/pump/1-to-2.toml:17: a program is to be run: `touch ran`
help: if you trust it, `valvecfg migrate --run-commands` runs it; nothing was written
[exit 1]

$ valvecfg validate
warning[VC303]: this file was written for schema version 1, and cannot be led to 2: migrations/pump/1-to-2.toml:17: a program is to be run: `touch ran`
 --> plugins/pump.toml:2:18
  |
2 | schema_version = 1
  |                  ^

1 warning in 1 file, 11 files checked
"#]]
    );
    assert!(!environment.path("ran").exists());
}

#[test]
fn rollback_revert_and_diff_compare_like_with_like() {
    let environment = upgraded();
    environment.succeed(&["set", "pump.threshold", "40"]);
    environment.succeed(&["migrate"]);
    environment.succeed(&["set", "pump.zones[0].flow=9.5", "pump.mode=off"]);
    let screens = environment.screens(&[
        "diff @~3 @",
        "revert @~2 -n",
        "rollback @~3 -n",
        "rollback @~3 --key pump.close_above -n",
        "rollback @~3",
        "validate",
    ]);
    assert_screen!(
        screens,
        str![[r#"
$ valvecfg diff @~3 @
pump.close_above 60 -> 40
pump.mode "automatic" -> "off"
pump.zones[0].flow 2.5 -> 9.5
valvecfg.toml  (changed)

$ valvecfg revert @~2 -n
pump.close_above 40 -> 60
------- stderr -------
nothing was written: this was a dry run

$ valvecfg rollback @~3 -n
pump.close_above 40 -> 60
pump.mode "off" -> "automatic"
------- stderr -------
nothing was written: this was a dry run

$ valvecfg rollback @~3 --key pump.close_above -n
pump.close_above 40 -> 60
------- stderr -------
nothing was written: this was a dry run

$ valvecfg rollback @~3
pump.close_above 40 -> 60
pump.mode "off" -> "automatic"
saved as [rev 1]

$ valvecfg validate
no violations, 11 files checked
"#]]
    );
    // What the earlier version could not say stays.
    assert_eq!(environment.succeed(&["get", "pump.zones[0].flow"]), "9.5\n");
    assert_eq!(environment.succeed(&["get", "pump.close_above"]), "60\n");
    environment.succeed(&["migrate", "--to", "1"]);
    let screens = environment.screens(&["diff @~1 @", "rollback @~2 -n"]);
    assert_screen!(
        screens,
        str![[r#"
$ valvecfg diff @~1 @
pump.zones[0].flow 9.5 -> 2.5
valvecfg.toml  (changed)

$ valvecfg rollback @~2 -n
pump.threshold 60 -> 40
pump.mode "auto" -> "off"
------- stderr -------
nothing was written: this was a dry run
"#]]
    );
}

#[test]
fn an_old_backup_may_be_applied() {
    let environment = upgraded();
    environment.succeed(&["migrate"]);
    environment.beside("backup.toml", SETTINGS.replace("= 60 ", "= 42 "));
    let screens = environment.screens(&[
        "apply ../backup.toml --plugin pump -n",
        "apply ../backup.toml --plugin pump --replace",
        "get pump.close_above",
    ]);
    assert_screen!(
        screens,
        str![[r#"
$ valvecfg apply ../backup.toml --plugin pump -n
pump.close_above 60 -> 42
------- stderr -------
nothing was written: this was a dry run

$ valvecfg apply ../backup.toml --plugin pump --replace
pump.close_above 60 -> 42
saved as [rev 1]

$ valvecfg get pump.close_above
42
"#]]
    );
}
