//! `valvecfg revert`

use snapbox::str;

use super::assert_screen;
use crate::environment::TestEnvironment;

#[test]
fn one_revision_is_taken_back_and_later_changes_stay() {
    let environment = TestEnvironment::gateway();
    environment.succeed(&["set", "valve.threshold", "55"]);
    environment.succeed(&["set", "valve.mode", "off"]);
    let with_both = String::from_utf8(environment.read("plugins/valve.toml")).unwrap();
    assert_screen!(
        environment.screens(&["revert @~1 -n", "revert @~1", "history -n 1"]),
        str![[r#"
$ valvecfg revert @~1 -n
valve.threshold 55 -> 60
------- stderr -------
nothing was written: this was a dry run

$ valvecfg revert @~1
valve.threshold 55 -> 60
saved as [rev 1]

$ valvecfg history -n 1
[rev 1]  2025-12-01 00:00:00 +00:00  Ines Duarte  via revert
  revert [rev 2]
    valve.threshold 55 -> 60
"#]]
    );
    let text = String::from_utf8(environment.read("plugins/valve.toml")).unwrap();
    assert_eq!(text, with_both.replace("threshold = 55 ", "threshold = 60 "));
    assert_screen!(
        environment.screens(&["revert @", "get valve.threshold"]),
        str![[r#"
$ valvecfg revert @
valve.threshold 60 -> 55
saved as [rev 1]

$ valvecfg get valve.threshold
55
"#]]
    );
    assert_eq!(environment.read("plugins/valve.toml"), with_both.as_bytes());
}

#[test]
fn what_was_changed_again_is_a_conflict() {
    let environment = TestEnvironment::gateway();
    let screens = environment.screens(&[
        "set valve.threshold=55 valve.mode=off",
        "set valve.threshold=50 valve.mode=auto",
        "revert @~1",
        "revert @~1 --json",
    ]);
    assert_screen!(
        screens,
        str![[r#"
$ valvecfg set valve.threshold=55 valve.mode=off
valve.mode "auto" -> "off"
valve.threshold 60 -> 55
saved as [rev 1]

$ valvecfg set valve.threshold=50 valve.mode=auto
valve.mode "off" -> "auto"
valve.threshold 55 -> 50
saved as [rev 2]

$ valvecfg revert @~1
------- stderr -------
error: `valve.threshold` was changed again since
help: `valve.threshold`: the revision made it 55; it is 50 now, and would become 60
help: nothing was written; set these by hand, or go back altogether with `valvecfg rollback REV`
[exit 4]

$ valvecfg revert @~1 --json
------- stderr -------
{"error":"`valve.threshold` was changed again since","cause":[],"hints":["`valve.threshold`: the revision made it 55; it is 50 now, and would become 60","nothing was written; set these by hand, or go back altogether with `valvecfg rollback REV`"],"exit":4,"violations":[]}
[exit 4]
"#]]
    );
    assert_eq!(environment.git_status(), "");
}

#[test]
fn each_mistake_is_told() {
    let environment = TestEnvironment::gateway();
    let screens = environment.screens(&["revert", "revert nonsense", "revert @~99"]);
    assert_screen!(
        screens,
        str![[r#"
$ valvecfg revert
------- stderr -------
error: the following required arguments were not provided:
  <REV>

Usage: valvecfg revert <REV>

For more information, try '--help'.
[exit 2]

$ valvecfg revert nonsense
------- stderr -------
error: `nonsense` names no revision: no tag has this name, and it is no hash of 4 or more hexadecimal digits, no `@` or `@~3`, and no time such as `2026-11-01 10:00`
help: `valvecfg history` shows the revisions
[exit 2]

$ valvecfg revert @~99
------- stderr -------
error: `@~99` goes back beyond the first revision, which is `@~3`
help: `valvecfg history` shows the revisions
[exit 2]
"#]]
    );
}

#[test]
fn what_is_no_setting_stays_and_is_named() {
    let environment = TestEnvironment::open_plugin();
    environment.succeed(&["set", "any.a=1", "any.schema_version=1"]);
    environment.write("schemas/any/2.schema.json", r#"{"type": "object"}"#);
    environment.edit("valvecfg.toml", "schema-version = 1", "schema-version = 2");
    environment.edit("plugins/any.toml", "any/1.schema", "any/2.schema");
    environment.edit("plugins/any.toml", "schema_version = 1", "schema_version = 2");
    environment.edit("plugins/any.toml", "a = 1", "a = 2 # wider");
    environment.succeed(&["commit"]);
    // The version is the schema's, and the schema stays.
    assert_screen!(
        environment.screens(&["revert @"]),
        str![[r#"
$ valvecfg revert @
any.a 2 -> 1
saved as [rev 1]
------- stderr -------
warning: only settings are taken back, not schemas/any/2.schema.json, valvecfg.toml
"#]]
    );
    assert_screen!(
        String::from_utf8(environment.read("plugins/any.toml")).unwrap(),
        str![[r#"
#:schema ../schemas/any/2.schema.json

a = 1 # wider
schema_version = 2

"#]]
    );
}
