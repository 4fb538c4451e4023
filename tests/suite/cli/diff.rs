//! `valvecfg diff`

use snapbox::str;

use super::assert_screen;
use crate::environment::TestEnvironment;

#[test]
fn hand_edits_are_shown_by_key_or_as_text() {
    let environment = TestEnvironment::gateway();
    environment.edit("plugins/valve.toml", "threshold = 60", "threshold = 55");
    assert_screen!(
        environment.screens(&[
            "diff",
            "diff --json",
            "diff --exit-code",
            "diff --text",
            "--color always diff"
        ]),
        str![[r#"
$ valvecfg diff
valve.threshold 60 -> 55

$ valvecfg diff --json
{"key":"valve.threshold","before":60,"after":55}

$ valvecfg diff --exit-code
valve.threshold 60 -> 55
[exit 1]

$ valvecfg diff --text
--- a/plugins/valve.toml
+++ b/plugins/valve.toml
@@ -4,7 +4,7 @@
 # Valve panel behind the greenhouse. Panel drawing: binder 3, sheet 12.
 
 mode = "auto"        # "manual" needs a position
-threshold = 60       # percent; raised from 50 after the dry June
+threshold = 55       # percent; raised from 50 after the dry June
 hysteresis = 2.5
 
 # The probes need 8 s to settle, so never poll faster than that.

$ valvecfg --color always diff
valve.threshold [31m60[0m -> [32m55[0m
"#]]
    );
}

#[test]
fn revisions_are_compared() {
    let environment = TestEnvironment::gateway();
    let screens = environment.screens(&[
        "set valve.threshold 55",
        "set heating.target 19",
        "diff @~2 @",
        "diff @~1",
        "diff @ @~2",
        "diff",
        "diff --exit-code",
        "diff nonsense",
        "diff @ @~99",
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

$ valvecfg diff @~2 @
heating.target 20.5 -> 19.0
valve.threshold 60 -> 55

$ valvecfg diff @~1
heating.target 20.5 -> 19.0

$ valvecfg diff @ @~2
heating.target 19.0 -> 20.5
valve.threshold 55 -> 60

$ valvecfg diff

$ valvecfg diff --exit-code

$ valvecfg diff nonsense
------- stderr -------
error: `nonsense` names no revision: no tag has this name, and it is no hash of 4 or more hexadecimal digits, no `@` or `@~3`, and no time such as `2026-11-01 10:00`
help: `valvecfg history` shows the revisions
[exit 2]

$ valvecfg diff @ @~99
------- stderr -------
error: `@~99` goes back beyond the first revision, which is `@~5`
help: `valvecfg history` shows the revisions
[exit 2]
"#]]
    );
}

#[test]
fn what_is_not_told_by_keys_is_named() {
    let environment = TestEnvironment::gateway();
    environment.edit("plugins/heating.toml", "target = 20.5", "target = 20.5 # comment");
    environment.edit("plugins/valve.toml", "threshold = 60", "threshold = = 60");
    environment.edit("valvecfg.toml", "[plugins.valve]", "# ours\n[plugins.valve]");
    assert_screen!(
        environment.screens(&["diff", "diff --json"]),
        str![[r#"
$ valvecfg diff
plugins/heating.toml  (text only)
plugins/valve.toml  (not TOML; --text shows it)
valvecfg.toml  (changed)

$ valvecfg diff --json
{"file":"plugins/heating.toml"}
{"file":"plugins/valve.toml"}
{"file":"valvecfg.toml"}
"#]]
    );
}
