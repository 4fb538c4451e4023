//! `valvecfg commit`

use snapbox::str;

use super::assert_screen;
use crate::environment::TestEnvironment;

#[test]
fn hand_edits_of_settings_manifest_and_schemas_are_one_revision() {
    let environment = TestEnvironment::gateway();
    environment.edit("plugins/valve.toml", "threshold = 60", "threshold = 55");
    environment.edit("plugins/heating.toml", "target = 20.5", "target = 20.5 # comment");
    environment.edit("valvecfg.toml", "[plugins.valve]", "# ours\n[plugins.valve]");
    environment.edit("schemas/valve/1.schema.json", "\"maximum\": 100", "\"maximum\": 99");
    let before = environment.revisions();
    assert_screen!(
        environment.screens(&["commit -n", "commit", "commit", "show"]),
        str![[r#"
$ valvecfg commit -n
valve.threshold 60 -> 55
plugins/heating.toml
schemas/valve/1.schema.json
valvecfg.toml
------- stderr -------
nothing was written: this was a dry run

$ valvecfg commit
valve.threshold 60 -> 55
plugins/heating.toml
schemas/valve/1.schema.json
valvecfg.toml
saved as [rev 1]

$ valvecfg commit
------- stderr -------
nothing to do: it is so already

$ valvecfg show
revision  [rev 1]
author    Ines Duarte <ines@gateway.example>
time      2025-12-01 00:00:00 +00:00
via       commit

    edited by hand

valve.threshold 60 -> 55
plugins/heating.toml  (text only)
schemas/valve/1.schema.json  (changed)
valvecfg.toml  (changed)
"#]]
    );
    assert_eq!(environment.revisions(), before + 1);
    assert_eq!(environment.git_status(), "");
}

#[test]
fn a_message_is_taken() {
    let environment = TestEnvironment::gateway();
    environment.edit("plugins/valve.toml", "threshold = 60", "threshold = 55");
    assert_screen!(
        environment.screens(&["commit -m 'limits of the plumber' --json", "history -n 1"]),
        str![[r#"
$ valvecfg commit -m 'limits of the plumber' --json
{"revision":"[rev 1]","changes":[{"key":"valve.threshold","before":60,"after":55}],"files":[],"absorbed":null,"dry_run":false,"confirmation":null,"warnings":[],"deliveries":[]}

$ valvecfg history -n 1
[rev 1]  2025-12-01 00:00:00 +00:00  Ines Duarte  via commit
  limits of the plumber
    valve.threshold 60 -> 55
"#]]
    );
}

#[test]
fn nothing_is_recorded_while_anything_is_wrong() {
    let environment = TestEnvironment::gateway();
    let before = environment.revisions();
    environment.edit("plugins/heating.toml", "target = 20.5", "target = 20.0");
    environment.edit("plugins/valve.toml", "threshold = 60", "threshold = 600");
    let invalid = environment.screens(&["commit"]);
    environment.git_succeed(&["checkout", "--", "plugins/valve.toml"]);
    environment.edit("schemas/valve/1.schema.json", "\"maximum\": 100", "\"maximum\": 10");
    let narrower = environment.screens(&["commit"]);
    environment.write("schemas/valve/1.schema.json", "{");
    let broken = environment.screens(&["commit"]);
    environment.git_succeed(&["checkout", "--", "schemas"]);
    environment.edit("valvecfg.toml", "[plugins.valve]", "[plugin.valve]");
    let manifest = environment.screens(&["commit"]);
    assert_screen!(
        [invalid, narrower, broken, manifest].join("\n\n"),
        str![[r#"
$ valvecfg commit
------- stderr -------
error[VC101]: `threshold` must be at most 100
 --> plugins/valve.toml:7:13
  |
7 | threshold = 600       # percent; raised from 50 after the dry June
  |             ^^^ 600 is out of range
  |
  = note: 0 to 100 percent, default 60 (schemas/valve/1.schema.json#/properties/threshold)
help: the file was left as it is; mend it with `valvecfg edit valve`, or take back what is recorded with `git checkout -- plugins/valve.toml`
[exit 1]

$ valvecfg commit
------- stderr -------
error[VC101]: `threshold` must be at most 10
 --> plugins/valve.toml:7:13
  |
7 | threshold = 60       # percent; raised from 50 after the dry June
  |             ^^ 60 is out of range
  |
  = note: 0 to 10 percent, default 60 (schemas/valve/1.schema.json#/properties/threshold)
help: nothing was written; try `valvecfg set valve.threshold 10`
[exit 1]

$ valvecfg commit
------- stderr -------
error: schemas/valve/1.schema.json:1:1: not JSON: EOF while parsing an object
help: correct the schema; nothing was written
[exit 1]

$ valvecfg commit
------- stderr -------
error[VC104]: `plugin` is not a known key
  --> valvecfg.toml:10:2
   |
10 | [plugin.valve]
   |  ^^^^^^ the schema does not declare it
   |
   = note: known keys: plugins, secrets
help: did you mean `plugins`? mend valvecfg.toml, or take back what is recorded with `git checkout -- valvecfg.toml`
[exit 1]
"#]]
    );
    assert_eq!(environment.revisions(), before);
}
