//! `valvecfg status`

use snapbox::str;

use super::assert_screen;
use crate::environment::TestEnvironment;

#[test]
fn what_is_recorded_is_said_and_so_is_the_last_revision() {
    let environment = TestEnvironment::gateway();
    let screens = environment.screens(&["status", "status --json", "status --exit-code"]);
    assert_screen!(
        screens,
        str![[r#"
$ valvecfg status
store     [STORE]
revision  [rev 1]  2025-12-01 00:00:00 +00:00  Ines Duarte
          valve: 21 settings
heating     as recorded
irrigation  as recorded
valve       as recorded

$ valvecfg status --json
{"folder":"[STORE]","revision":{"id":"[rev 1]","parent":"[rev 2]","time":"2025-12-01T00:00:00+00:00","author":{"name":"Ines Duarte","email":"ines@gateway.example"},"message":"valve: 21 settings\n\nvalve.schema_version 1 added\nvalve.mode \"auto\" added\nvalve.threshold 60 added\nvalve.hysteresis 2.5 added\nvalve.poll_interval 15 added\nvalve.fail_safe \"closed\" added\nvalve.mqtt.host \"broker.gateway.example\" added\nvalve.mqtt.topic \"greenhouse/valve\" added\nvalve.mqtt.keep_alive 30 added\nvalve.zones[0].name \"tomatoes\" added\nvalve.zones[0].pin 17 added\nvalve.zones[0].flow 12.5 added\nvalve.zones[1].name \"cucumbers\" added\nvalve.zones[1].pin 27 added\nvalve.zones[1].flow 9.0 added\nvalve.zones[1].threshold 70 added\nvalve.zones[2].name \"seedlings\" added\nvalve.zones[2].pin 22 added\nvalve.zones[2].flow 2.5 added\nvalve.zones[2].max_open 5 added\nvalve.zones[2].inverted true added","via":"plugin add"},"trouble":null,"confirmation":null,"plugins":[{"name":"heating","state":"recorded","changes":[],"violations":0,"delivery":null},{"name":"irrigation","state":"recorded","changes":[],"violations":0,"delivery":null},{"name":"valve","state":"recorded","changes":[],"violations":0,"delivery":null}],"files":[],"strangers":[]}

$ valvecfg status --exit-code
store     [STORE]
revision  [rev 1]  2025-12-01 00:00:00 +00:00  Ines Duarte
          valve: 21 settings
heating     as recorded
irrigation  as recorded
valve       as recorded
"#]]
    );
}

#[test]
fn hand_edits_are_shown_by_key() {
    let environment = TestEnvironment::gateway();
    environment.edit("plugins/valve.toml", "threshold = 60", "threshold = 55");
    environment.edit("valvecfg.toml", "[plugins.valve]", "# ours\n[plugins.valve]");
    environment.write("plugins/stranger.toml", "");
    assert_screen!(
        environment.screens(&["status", "status --exit-code --json"]),
        str![[r#"
$ valvecfg status
store     [STORE]
revision  [rev 1]  2025-12-01 00:00:00 +00:00  Ines Duarte
          valve: 21 settings
heating     as recorded
irrigation  as recorded
valve       edited by hand
            valve.threshold 60 -> 55
valvecfg.toml  edited by hand
plugins/stranger.toml  belongs to no plugin
`valvecfg commit` records what was edited by hand; `valvecfg diff` shows it

$ valvecfg status --exit-code --json
{"folder":"[STORE]","revision":{"id":"[rev 1]","parent":"[rev 2]","time":"2025-12-01T00:00:00+00:00","author":{"name":"Ines Duarte","email":"ines@gateway.example"},"message":"valve: 21 settings\n\nvalve.schema_version 1 added\nvalve.mode \"auto\" added\nvalve.threshold 60 added\nvalve.hysteresis 2.5 added\nvalve.poll_interval 15 added\nvalve.fail_safe \"closed\" added\nvalve.mqtt.host \"broker.gateway.example\" added\nvalve.mqtt.topic \"greenhouse/valve\" added\nvalve.mqtt.keep_alive 30 added\nvalve.zones[0].name \"tomatoes\" added\nvalve.zones[0].pin 17 added\nvalve.zones[0].flow 12.5 added\nvalve.zones[1].name \"cucumbers\" added\nvalve.zones[1].pin 27 added\nvalve.zones[1].flow 9.0 added\nvalve.zones[1].threshold 70 added\nvalve.zones[2].name \"seedlings\" added\nvalve.zones[2].pin 22 added\nvalve.zones[2].flow 2.5 added\nvalve.zones[2].max_open 5 added\nvalve.zones[2].inverted true added","via":"plugin add"},"trouble":null,"confirmation":null,"plugins":[{"name":"heating","state":"recorded","changes":[],"violations":0,"delivery":null},{"name":"irrigation","state":"recorded","changes":[],"violations":0,"delivery":null},{"name":"valve","state":"edited","changes":[{"key":"valve.threshold","before":60,"after":55}],"violations":0,"delivery":null}],"files":[{"path":"valvecfg.toml","state":"edited"}],"strangers":["plugins/stranger.toml"]}
[exit 1]
"#]]
    );
}

#[test]
fn what_is_wrong_is_shown_with_what_mends_it() {
    let environment = TestEnvironment::gateway();
    environment.edit("plugins/valve.toml", "threshold = 60", "threshold = 600");
    std::fs::remove_file(environment.path("plugins/heating.toml")).unwrap();
    assert_screen!(
        environment.screens(&["status"]),
        str![[r#"
$ valvecfg status
store     [STORE]
revision  [rev 1]  2025-12-01 00:00:00 +00:00  Ines Duarte
          valve: 21 settings
heating     its file is gone
irrigation  as recorded
valve       edited by hand, 1 violation
            valve.threshold 60 -> 600
error[VC101]: `threshold` must be at most 100
 --> plugins/valve.toml:7:13
  |
7 | threshold = 600       # percent; raised from 50 after the dry June
  |             ^^^ 600 is out of range
  |
  = note: 0 to 100 percent, default 60 (schemas/valve/1.schema.json#/properties/threshold)
`git checkout -- plugins/heating.toml` brings the file back; `valvecfg plugin remove heating` takes the plugin away
`valvecfg edit valve` mends the file
"#]]
    );
}

#[test]
fn what_was_done_to_the_branch_is_named_with_what_mends_it_and_the_rest_is_shown() {
    let environment = TestEnvironment::gateway();
    let head = environment.git_succeed(&["rev-parse", "main"]);
    environment.git_succeed(&["checkout", "-q", "--detach"]);
    let detached = environment.screens(&["status", "set valve.threshold 5", "get valve.threshold"]);
    environment.git_succeed(&["switch", "-q", "-c", "other"]);
    environment.edit("plugins/valve.toml", "threshold = 60", "threshold = 55");
    let other = environment.screens(&["status", "status --exit-code --json"]);
    environment.git_succeed(&["checkout", "-q", "plugins/valve.toml"]);
    environment.git_succeed(&["switch", "-q", "main"]);
    environment.git_succeed(&["reset", "-q", "--hard", "HEAD~1"]);
    let rewritten = environment.screens(&["status"]);
    environment.git_succeed(&["update-ref", "-d", "refs/heads/main"]);
    let gone = environment.screens(&["status"]);
    environment.git_succeed(&["update-ref", "-d", "refs/valvecfg/acknowledged"]);
    let unborn = environment.screens(&["status", "status --json"]);
    assert_screen!(
        [detached, other, rewritten, gone, unborn].join("\n\n"),
        str![[r#"
$ valvecfg status
store     [STORE]
revision  [rev 1]  2025-12-01 00:00:00 +00:00  Ines Duarte
          valve: 21 settings
heating     as recorded
irrigation  as recorded
valve       as recorded
error: HEAD is detached at [rev 1]; valvecfg records on branch main
help: nothing is recorded until that is mended: `git switch main`

$ valvecfg set valve.threshold 5
------- stderr -------
error: HEAD is detached at [rev 1]; valvecfg records on branch main
help: go back with `git switch main`
[exit 3]

$ valvecfg get valve.threshold
60

$ valvecfg status
store     [STORE]
revision  [rev 1]  2025-12-01 00:00:00 +00:00  Ines Duarte
          valve: 21 settings
heating     as recorded
irrigation  as recorded
valve       edited by hand
            valve.threshold 60 -> 55
error: HEAD is on branch other; valvecfg records on branch main
help: nothing is recorded until that is mended: `git switch main`

$ valvecfg status --exit-code --json
{"folder":"[STORE]","revision":{"id":"[rev 1]","parent":"[rev 2]","time":"2025-12-01T00:00:00+00:00","author":{"name":"Ines Duarte","email":"ines@gateway.example"},"message":"valve: 21 settings\n\nvalve.schema_version 1 added\nvalve.mode \"auto\" added\nvalve.threshold 60 added\nvalve.hysteresis 2.5 added\nvalve.poll_interval 15 added\nvalve.fail_safe \"closed\" added\nvalve.mqtt.host \"broker.gateway.example\" added\nvalve.mqtt.topic \"greenhouse/valve\" added\nvalve.mqtt.keep_alive 30 added\nvalve.zones[0].name \"tomatoes\" added\nvalve.zones[0].pin 17 added\nvalve.zones[0].flow 12.5 added\nvalve.zones[1].name \"cucumbers\" added\nvalve.zones[1].pin 27 added\nvalve.zones[1].flow 9.0 added\nvalve.zones[1].threshold 70 added\nvalve.zones[2].name \"seedlings\" added\nvalve.zones[2].pin 22 added\nvalve.zones[2].flow 2.5 added\nvalve.zones[2].max_open 5 added\nvalve.zones[2].inverted true added","via":"plugin add"},"trouble":{"severity":"error","message":"HEAD is on branch other; valvecfg records on branch main","mend":"git switch main","alternative":null},"confirmation":null,"plugins":[{"name":"heating","state":"recorded","changes":[],"violations":0,"delivery":null},{"name":"irrigation","state":"recorded","changes":[],"violations":0,"delivery":null},{"name":"valve","state":"edited","changes":[{"key":"valve.threshold","before":60,"after":55}],"violations":0,"delivery":null}],"files":[],"strangers":[]}
[exit 1]

$ valvecfg status
store     [STORE]
revision  [rev 1]  2025-12-01 00:00:00 +00:00  Ines Duarte
          valve: 21 settings
heating     as recorded
irrigation  as recorded
schemas/valve/1.schema.json  gone from the folder
valvecfg.toml  edited by hand
error: branch main was rewritten: it names [rev 2], which does not follow from [rev 1]
help: nothing is recorded until that is mended; go back to what valvecfg recorded last: `git update-ref refs/heads/main [rev 1]`
help: or take the branch as it is: `git update-ref refs/valvecfg/acknowledged refs/heads/main`

$ valvecfg status
store     [STORE]
revision  [rev 1]  2025-12-01 00:00:00 +00:00  Ines Duarte
          valve: 21 settings
heating     as recorded
irrigation  as recorded
schemas/valve/1.schema.json  gone from the folder
valvecfg.toml  edited by hand
error: branch main is gone; its last revision was [rev 1]
help: nothing is recorded until that is mended: `git update-ref refs/heads/main [rev 1]`

$ valvecfg status
store     [STORE]
revision  none
heating     not recorded yet
irrigation  not recorded yet
error: branch main has no revision yet
help: nothing is recorded until that is mended: `git fsck`

$ valvecfg status --json
{"folder":"[STORE]","revision":null,"trouble":{"severity":"error","message":"branch main has no revision yet","mend":"git fsck","alternative":null},"confirmation":null,"plugins":[{"name":"heating","state":"new","changes":[],"violations":0,"delivery":null},{"name":"irrigation","state":"new","changes":[],"violations":0,"delivery":null}],"files":[],"strangers":[]}
"#]]
    );
    environment.git_succeed(&["update-ref", "refs/heads/main", head.trim()]);
    environment.succeed(&["status"]);
    std::fs::remove_dir_all(environment.path(".git/objects")).unwrap();
    assert_screen!(
        environment.screens(&["status"]),
        str![[r#"
$ valvecfg status
store     [STORE]
revision  none
heating     not compared
irrigation  not compared
error: cannot open the git repository: could not find repository at '[STORE]'; class=Repository (6); code=NotFound (-3)
help: nothing is recorded until that is mended: `git fsck`
"#]]
    );
}

#[test]
fn a_file_that_cannot_be_read_hides_no_other() {
    let environment = TestEnvironment::gateway();
    environment.edit("plugins/valve.toml", "threshold = 60", "threshold = 55");
    std::fs::remove_file(environment.path("plugins/heating.toml")).unwrap();
    std::fs::create_dir(environment.path("plugins/heating.toml")).unwrap();
    assert_screen!(
        environment.screens(&["status"]),
        str![[r#"
$ valvecfg status
store     [STORE]
revision  [rev 1]  2025-12-01 00:00:00 +00:00  Ines Duarte
          valve: 21 settings
heating     not compared, 1 violation
irrigation  as recorded
valve       edited by hand
            valve.threshold 60 -> 55
error[VC001]: [STORE]/plugins/heating.toml is a folder, not a regular file
--> plugins/heating.toml
`valvecfg doctor` names what mends it
"#]]
    );
    std::fs::remove_file(environment.path("schemas/irrigation/1.schema.json")).unwrap();
    assert_screen!(
        environment.screens(&["status"]),
        str![[r#"
$ valvecfg status
store     [STORE]
revision  [rev 1]  2025-12-01 00:00:00 +00:00  Ines Duarte
          valve: 21 settings
heating     not compared, 1 violation
irrigation  not compared, 1 violation
valve       edited by hand
            valve.threshold 60 -> 55
schemas/irrigation/1.schema.json  gone from the folder
error[VC001]: [STORE]/plugins/heating.toml is a folder, not a regular file
--> plugins/heating.toml
error[VC004]: plugin `irrigation` has no schema schemas/irrigation/1.schema.json
--> plugins/irrigation.toml
`valvecfg doctor` names what mends it
"#]]
    );
}

#[test]
fn a_sealed_value_that_a_hand_edit_has_damaged_is_not_valid() {
    let environment = super::secret::sealed();
    let sealed = super::unsealing::line(&environment);
    environment.edit(
        "plugins/valve.toml",
        &sealed,
        &sealed.replace("age:YWdl", "age:YWdlLWVuY3J5cHRpb24ub3JnL3YxYWdl"),
    );
    assert_screen!(
        environment.screens(&["status", "status --exit-code --json"]),
        str![[r#"
$ valvecfg status
store     [STORE]
revision  [rev 1]  2025-12-01 00:00:00 +00:00  Ines Duarte
          valve.mqtt.password ‹secret› added
heating     as recorded
irrigation  as recorded
valve       edited by hand, 1 violation
            valve.mqtt.password ‹secret› -> ‹secret›
error[VC202]: `mqtt.password` cannot be opened: the sealed value is damaged: it is of an unknown version of age
  --> plugins/valve.toml:18:12
   |
18 | password = ‹secret›
   |            ^^^^^^^^
`valvecfg secret set valve.mqtt.password` sets it anew; `git checkout -- plugins/valve.toml` takes back what is recorded

$ valvecfg status --exit-code --json
{"folder":"[STORE]","revision":{"id":"[rev 1]","parent":"[rev 2]","time":"2025-12-01T00:00:00+00:00","author":{"name":"Ines Duarte","email":"ines@gateway.example"},"message":"valve.mqtt.password ‹secret› added","via":"secret set"},"trouble":null,"confirmation":null,"plugins":[{"name":"heating","state":"recorded","changes":[],"violations":0,"delivery":null},{"name":"irrigation","state":"recorded","changes":[],"violations":0,"delivery":null},{"name":"valve","state":"edited","changes":[{"key":"valve.mqtt.password","before":"‹secret›","after":"‹secret›"}],"violations":1,"delivery":null}],"files":[],"strangers":[]}
[exit 1]
"#]]
    );
}

#[test]
fn it_is_told_again_when_it_changes() {
    use std::io::{BufRead as _, BufReader};
    use std::process::Stdio;

    let environment = TestEnvironment::gateway();
    let mut command = environment.command(crate::environment::VALVECFG);
    command.args(["status", "--watch", "--json"]).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut next = || -> serde_json::Value { serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap() };
    let first = next();
    environment.succeed(&["set", "valve.threshold", "55"]);
    // What it saw in the middle of the change may be told as well.
    let second = std::iter::repeat_with(&mut next)
        .find(|status| status["revision"]["id"] != first["revision"]["id"])
        .unwrap();
    assert_eq!(second["revision"]["message"], "valve.threshold 60 -> 55");
    environment.edit("plugins/valve.toml", "threshold = 55", "threshold = 155");
    let third = std::iter::repeat_with(&mut next)
        .find(|status| status["plugins"][2]["violations"] == 1)
        .unwrap();
    assert_eq!(third["plugins"][2]["state"], "edited");
    child.kill().unwrap();
    child.wait().unwrap();
}
