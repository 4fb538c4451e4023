//! `valvecfg migrate` and its kin, and `plugin upgrade`

use serde_json::json;
use snapbox::str;

use super::assert_screen;
use crate::environment::TestEnvironment;

pub(super) const SETTINGS: &str = "#:schema ../schemas/pump/1.schema.json
schema_version = 1

# when it closes
threshold = 60   # percent
interval = 0x1e
mode = 'auto'
# nobody knows why
legacy = \"x\" # old

[[zones]]
name = \"a\" # first
[[zones]]
name = \"b\"
";

pub(super) const STEPS: &str = "from = 1
to = 2

[[step]]
rename = \"threshold\"
to = \"close_above\"

[[step]]
convert = \"interval\"
to = \"string\"
suffix = \"s\"

[[step]]
map = \"mode\"
values = { auto = \"automatic\" }

[[step]]
remove = \"legacy\"

[[step]]
default = \"zones[*].flow\"
value = 2.5
";

/// The gateway with a pump, whose next schema version stands beside it.
fn pump() -> TestEnvironment {
    let environment = TestEnvironment::gateway();
    let zone = |more: serde_json::Value| json!({"type": "array", "items": {"type": "object", "additionalProperties": false, "properties": more}});
    let one = json!({"type": "object", "additionalProperties": false, "properties": {
        "schema_version": {"const": 1}, "threshold": {"type": "integer"}, "interval": {"type": "integer"},
        "mode": {"enum": ["auto", "off"]}, "legacy": {"type": "string"}, "zones": zone(json!({"name": {"type": "string"}})),
    }});
    let mut zones = zone(json!({"name": {"type": "string"}, "flow": {"type": "number", "default": 2.5}}));
    zones["items"]["required"] = json!(["flow"]);
    let two = json!({"type": "object", "additionalProperties": false, "properties": {
        "schema_version": {"const": 2}, "close_above": {"type": "integer", "x-renamed-from": "threshold"},
        "interval": {"type": "string"}, "mode": {"enum": ["automatic", "off"]}, "zones": zones,
    }});
    environment.beside("1.json", one.to_string());
    environment.beside("2.json", two.to_string());
    environment.beside("pump.toml", SETTINGS);
    environment.succeed(&[
        "plugin",
        "add",
        "pump",
        "--schema",
        "../1.json",
        "--settings",
        "../pump.toml",
    ]);
    environment
}

pub(super) fn upgraded() -> TestEnvironment {
    let environment = pump();
    environment.succeed(&["plugin", "upgrade", "pump", "--schema", "../2.json"]);
    environment.write("migrations/pump/1-to-2.toml", STEPS);
    environment.succeed(&["commit", "-m", "decided"]);
    environment
}

pub(super) fn text(environment: &TestEnvironment, path: &str) -> String {
    String::from_utf8(environment.read(path)).unwrap()
}

#[test]
fn an_upgrade_adds_the_schema_and_drafts_the_migration() {
    let environment = pump();
    let screens = environment.screens(&[
        "plugin upgrade pump --schema ../2.json",
        "get pump.threshold",
        "migrate status",
        "migrate",
        "migrate check",
    ]);
    assert_screen!(
        screens,
        str![[r#"
$ valvecfg plugin upgrade pump --schema ../2.json
migrations/pump/1-to-2.toml
schemas/migration.schema.json
schemas/pump/2.schema.json
saved as [rev 1]

$ valvecfg get pump.threshold
60

$ valvecfg migrate status
plugin      settings  in force  newest  ahead
heating     1         1         1
irrigation  1         1         1
pump        1         1         2       migrations/pump/1-to-2.toml:18: still to be decided: `mode` takes "auto" no more; it takes "automatic", "off": what do they become? (`map`)
valve       1         1         1

$ valvecfg migrate
------- stderr -------
error: migrations/pump/1-to-2.toml:18: still to be decided: `mode` takes "auto" no more; it takes "automatic", "off": what do they become? (`map`)
help: replace that step of migrations/pump/1-to-2.toml; nothing was written
[exit 1]

$ valvecfg migrate check
pump 1 to 2: does not hold, tried on 0 documents
  migrations/pump/1-to-2.toml:18: still to be decided: `mode` takes "auto" no more; it takes "automatic", "off": what do they become? (`map`)
[exit 1]
"#]]
    );
    let draft = text(&environment, "migrations/pump/1-to-2.toml");
    snapbox::assert_data_eq!(
        draft,
        str![[r##"
#:schema ../../schemas/migration.schema.json
# Drafted from the two schemas. Look at each step; `valvecfg migrate -n` shows what it does.
from = 1
to = 2

# The schema says that it was called so (`x-renamed-from`).
[[step]]
rename = "threshold"
to = "close_above"

# It was a number, and is a text.
[[step]]
convert = "interval"
to = "string"
from = "integer"

# The schemas do not tell. Put a step in the place of this one.
[[step]]
decide = "`mode` takes /"auto/" no more; it takes /"automatic/", /"off/": what do they become? (`map`)"
key = "mode"

# It is new and required; this is its default.
[[step]]
default = "zones[*].flow"
value = 2.5

# Version 2 does not know it. What it was stays in the history.
[[step]]
remove = "legacy"

"##]]
    );
}

#[test]
fn settings_go_up_and_come_down_again_as_the_bytes_that_they_were() {
    let environment = upgraded();
    let screens = environment.screens(&["migrate -n", "migrate", "validate", "migrate"]);
    assert_screen!(
        screens,
        str![[r#"
$ valvecfg migrate -n
pump.schema_version 1 -> 2
pump.close_above 60 added
pump.threshold 60 removed
pump.interval 30 -> "30s"
pump.mode "auto" -> "automatic"
pump.legacy "x" removed
pump.zones[0].flow 2.5 added
pump.zones[1].flow 2.5 added
valvecfg.toml
------- stderr -------
nothing was written: this was a dry run

$ valvecfg migrate
pump.schema_version 1 -> 2
pump.close_above 60 added
pump.threshold 60 removed
pump.interval 30 -> "30s"
pump.mode "auto" -> "automatic"
pump.legacy "x" removed
pump.zones[0].flow 2.5 added
pump.zones[1].flow 2.5 added
valvecfg.toml
saved as [rev 1]

$ valvecfg validate
no violations, 11 files checked

$ valvecfg migrate
------- stderr -------
nothing to do: it is so already
"#]]
    );
    snapbox::assert_data_eq!(
        text(&environment, "plugins/pump.toml"),
        str![[r##"
#:schema ../schemas/pump/2.schema.json
schema_version = 2

# when it closes
close_above = 60   # percent
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
    environment.succeed(&["migrate", "--to", "1"]);
    assert_eq!(text(&environment, "plugins/pump.toml"), SETTINGS);
    environment.succeed(&["migrate"]);
    environment.succeed(&["migrate", "pump", "--to", "1"]);
    assert_eq!(text(&environment, "plugins/pump.toml"), SETTINGS);
    assert_eq!(environment.succeed(&["get", "pump.threshold"]), "60\n");
}

#[test]
fn what_was_changed_above_comes_down_and_the_rest_is_as_it_was() {
    let environment = upgraded();
    environment.succeed(&["migrate"]);
    environment.succeed(&[
        "set",
        "pump.close_above=70",
        "pump.interval=45s",
        "pump.zones[0].flow=9.5",
    ]);
    environment.succeed(&["migrate", "--to", "1"]);
    let expected = SETTINGS
        .replace("threshold = 60 ", "threshold = 70 ")
        .replace("interval = 0x1e", "interval = 0x2d");
    assert_eq!(text(&environment, "plugins/pump.toml"), expected);
}

#[test]
fn a_check_tries_what_was_and_what_could_be_and_names_what_fails() {
    let environment = pump();
    environment.succeed(&["set", "pump.legacy=short"]);
    environment.succeed(&["set", "pump.legacy=x"]);
    environment.succeed(&["plugin", "upgrade", "pump", "--schema", "../2.json"]);
    let keeps = STEPS.replace("remove = \"legacy\"", "rename = \"legacy\"\nto = \"note\"");
    environment.write("migrations/pump/1-to-2.toml", keeps);
    let schema = text(&environment, "schemas/pump/2.schema.json");
    let note = "\"note\":{\"maxLength\":4},\"mode\":{\"enum\":[\"automatic\"]}";
    let schema = schema.replace("\"mode\":{\"enum\":[\"automatic\",\"off\"]}", note);
    assert!(schema.contains("maxLength"));
    environment.write(
        "schemas/pump/2.schema.json",
        schema.replace("\"zones\":{", "\"zones\":{\"maxItems\":2,"),
    );
    environment.succeed(&["commit", "-m", "stricter"]);
    let screens = environment.screens(&["migrate check", "migrate check --json"]);
    assert_screen!(
        screens,
        str![[r#"
$ valvecfg migrate check
pump 1 to 2: does not hold, tried on 44 documents
  schemas/pump/2.schema.json: `note` must have at most 4 characters [VC108] (plugins/pump.toml at [rev 1])
  schemas/pump/2.schema.json: `mode` must be "automatic" [VC105] (plugins/pump.toml with `mode` = "off", and 1 more)
  schemas/pump/2.schema.json: `zones` must have at most 2 items [VC109] (plugins/pump.toml with 3 items in `zones`, and 1 more)
[exit 1]

$ valvecfg migrate check --json
{"plugin":"pump","from":1,"to":2,"documents":44,"failures":["schemas/pump/2.schema.json: `note` must have at most 4 characters [VC108] (plugins/pump.toml at [rev 1])","schemas/pump/2.schema.json: `mode` must be \"automatic\" [VC105] (plugins/pump.toml with `mode` = \"off\", and 1 more)","schemas/pump/2.schema.json: `zones` must have at most 2 items [VC109] (plugins/pump.toml with 3 items in `zones`, and 1 more)"],"losses":[]}
[exit 1]
"#]]
    );
}

#[test]
fn comments_that_were_written_above_come_down_with_their_settings() {
    let environment = upgraded();
    environment.succeed(&["migrate"]);
    let path = "plugins/pump.toml";
    environment.edit(path, "# when it closes", "# when it closes, in percent\n# since 2026");
    environment.edit(path, "interval = \"30s\"", "interval = \"30s\" # half a minute");
    environment.edit(path, "name = \"a\" # first", "name = \"a\"");
    environment.edit(path, "[[zones]]", "# the garden\n[[zones]]");
    environment.succeed(&["commit", "-m", "notes"]);
    environment.succeed(&["set", "pump.mode=off"]);
    environment.succeed(&["migrate", "--to", "1"]);
    let expected = SETTINGS
        .replace("# when it closes", "# when it closes, in percent\n# since 2026")
        .replace("interval = 0x1e", "interval = 0x1e # half a minute")
        .replace("name = \"a\" # first", "name = \"a\"")
        .replacen("[[zones]]", "# the garden\n[[zones]]", 1)
        .replace("mode = 'auto'", "mode = 'off'");
    assert_eq!(text(&environment, path), expected);
}

#[test]
fn a_change_that_has_no_way_back_is_told_and_nothing_is_written() {
    let environment = upgraded();
    let steps = STEPS.replace("remove = \"legacy\"", "convert = \"zones[*].name\"\nto = \"array\"");
    let schema = text(&environment, "schemas/pump/2.schema.json").replace(
        "\"properties\":{\"name\":{\"type\":\"string\"}",
        "\"properties\":{\"name\":{\"type\":\"array\"}",
    );
    let legacy = "\"legacy\":{\"type\":\"string\"},\"mode\":{\"enum\":[\"automatic\"";
    environment.write(
        "schemas/pump/2.schema.json",
        schema.replace("\"mode\":{\"enum\":[\"automatic\"", legacy),
    );
    environment.write("migrations/pump/1-to-2.toml", steps);
    environment.succeed(&["commit", "-m", "names"]);
    environment.succeed(&["migrate"]);
    environment.succeed(&["set", "pump.zones[0].name=['a', 'b']"]);
    let refused = environment.screens(&["migrate --to 1"]);
    assert_screen!(
        refused,
        str![[r#"
$ valvecfg migrate --to 1
------- stderr -------
error: migrations/pump/1-to-2.toml:17: step 4 cannot be done to `pump.zones[0].name`: this array has 2 items, and one value can be kept
help: nothing was written; mend the value, or give the step a `when`
[exit 1]
"#]]
    );
    environment.succeed(&["set", "pump.zones[0].name=['a']"]);
    environment.succeed(&["migrate", "--to", "1"]);
    assert_eq!(text(&environment, "plugins/pump.toml"), SETTINGS);
}

#[test]
fn what_cannot_be_migrated_is_told_with_its_place_and_nothing_is_written() {
    let environment = upgraded();
    let before = environment.git_succeed(&["rev-parse", "HEAD"]);
    let cases = [
        STEPS.replace("to = \"close_above\"", "too = \"close_above\""),
        STEPS.replace("remove = \"legacy\"", "remove = \"legcy\""),
        STEPS
            .replace("rename = \"threshold\"", "rename = \"zones[*].name\"")
            .replace("close_above", "zones[*].name"),
        STEPS.replace(
            "convert = \"interval\"\nto = \"string\"",
            "convert = \"mode\"\nto = \"integer\"",
        ),
        STEPS.replace("to = 2", "to = 3"),
        STEPS.replace("from = 1\n", "from = 1"),
        STEPS.replace("[[step]]\nmap", "[[step]]\ndecide = \"what now?\"\n\n[[step]]\nmap"),
        STEPS.replace("remove = \"legacy\"", "command = [\"sleep\", \"60\"]\ntimeout = 1"),
        STEPS.replace("remove = \"legacy\"", "command = [\"false\"]"),
        STEPS.replace("remove = \"legacy\"", "command = [\"echo\", \"rubbish\"]"),
        STEPS.replace("remove = \"legacy\"", "command = [\"no-such-program\"]"),
    ];
    let mut screens = String::new();
    for case in cases {
        environment.write("migrations/pump/1-to-2.toml", case);
        screens.push_str(&environment.screens(&["migrate --run-commands"]));
        screens.push_str("\n\n");
    }
    assert_screen!(
        screens,
        str![[r#"
$ valvecfg migrate --run-commands
------- stderr -------
error: migrations/pump/1-to-2.toml:4:1: step 1: `rename`: unknown field `too`, expected one of `rename`, `to`, `when`
help: mend migrations/pump/1-to-2.toml; nothing was written
[exit 1]

$ valvecfg migrate --run-commands
------- stderr -------
error: migrations/pump/1-to-2.toml:17:1: step 4: `legcy` is no setting of version 1; did you mean `legacy`?
help: mend migrations/pump/1-to-2.toml; nothing was written
[exit 1]

$ valvecfg migrate --run-commands
------- stderr -------
error: migrations/pump/1-to-2.toml:4:1: step 1: `zones[*].name` is a setting by then already, so nothing can get that name
help: mend migrations/pump/1-to-2.toml; nothing was written
[exit 1]

$ valvecfg migrate --run-commands
------- stderr -------
error: migrations/pump/1-to-2.toml:8: step 2 cannot be done to `pump.mode`: this string cannot become a whole number
help: nothing was written; mend the value, or give the step a `when`
[exit 1]

$ valvecfg migrate --run-commands
------- stderr -------
error: migrations/pump/1-to-2.toml:1:1: a migration leads from one version to the next, and this one from 1 to 3
help: mend migrations/pump/1-to-2.toml; nothing was written
[exit 1]

$ valvecfg migrate --run-commands
------- stderr -------
error: migrations/pump/1-to-2.toml:1:12: unexpected key or value, expected newline, `#`
help: mend migrations/pump/1-to-2.toml; nothing was written
[exit 1]

$ valvecfg migrate --run-commands
------- stderr -------
error: migrations/pump/1-to-2.toml:13: still to be decided: what now?
help: replace that step of migrations/pump/1-to-2.toml; nothing was written
[exit 1]

$ valvecfg migrate --run-commands
------- stderr -------
error: migrations/pump/1-to-2.toml:17: step 4 cannot be done to `pump`: `sleep` took longer than 1 s and was stopped
help: nothing was written; mend the value, or give the step a `when`
[exit 1]

$ valvecfg migrate --run-commands
------- stderr -------
error: migrations/pump/1-to-2.toml:17: step 4 cannot be done to `pump`: `false` failed: exit status: 1
help: nothing was written; mend the value, or give the step a `when`
[exit 1]

$ valvecfg migrate --run-commands
------- stderr -------
error: migrations/pump/1-to-2.toml:17: step 4 cannot be done to `pump`: the answer of `echo` is no JSON: expected value at line 1 column 1
help: nothing was written; mend the value, or give the step a `when`
[exit 1]

$ valvecfg migrate --run-commands
------- stderr -------
error: migrations/pump/1-to-2.toml:17: step 4 cannot be done to `pump`: `no-such-program` cannot be started: No such file or directory (os error 2)
help: nothing was written; mend the value, or give the step a `when`
[exit 1]


"#]]
    );
    assert_eq!(environment.git_succeed(&["rev-parse", "HEAD"]), before);
    assert_eq!(text(&environment, "plugins/pump.toml"), SETTINGS);
}

#[test]
fn a_migration_that_is_missing_or_misnamed_is_told() {
    let environment = upgraded();
    let before = environment.git_succeed(&["rev-parse", "HEAD"]);
    std::fs::rename(
        environment.path("migrations/pump/1-to-2.toml"),
        environment.path("migrations/pump/01-to-2.toml"),
    )
    .unwrap();
    let misnamed = environment.screens(&["migrate"]);
    std::fs::remove_file(environment.path("migrations/pump/01-to-2.toml")).unwrap();
    let screens = format!(
        "{misnamed}\n\n{}",
        environment.screens(&["migrate", "migrate new pump -n"])
    );
    assert_screen!(
        screens,
        str![[r#"
$ valvecfg migrate
------- stderr -------
error: migrations/pump/01-to-2.toml:1:1: it leads from 1 to 2, so its name must be migrations/pump/1-to-2.toml
help: mend migrations/pump/01-to-2.toml; nothing was written
[exit 1]

$ valvecfg migrate
------- stderr -------
error: no migration leads from version 1 of `pump` to 2: there is no migrations/pump/1-to-2.toml
help: draft it with `valvecfg migrate new pump`
[exit 1]

$ valvecfg migrate new pump -n
migrations/pump/1-to-2.toml
------- stderr -------
migrations/pump/1-to-2.toml was edited by hand; that would be recorded first
nothing was written: this was a dry run
"#]]
    );
    assert_eq!(environment.git_succeed(&["rev-parse", "HEAD"]), before);
    assert_eq!(text(&environment, "plugins/pump.toml"), SETTINGS);
}

/// A program that leaves another one behind, which holds its output open and writes its process id.
const LEAVES: &str = "sleep 300 & echo $! > left; ";

fn with_program(script: &str, timeout: u32) -> TestEnvironment {
    let environment = upgraded();
    let command = format!("command = [\"sh\", \"-c\", \"{LEAVES}{script}\"]\ntimeout = {timeout}");
    environment.write(
        "migrations/pump/1-to-2.toml",
        STEPS.replace("remove = \"legacy\"", &command),
    );
    environment
}

/// Whether the process whose id stands in `left` goes, if only to be a zombie that its new parent has not looked at,
/// long before its own end. What is killed takes a moment.
fn left_is_gone(environment: &TestEnvironment) -> bool {
    let id = text(environment, "left");
    let is_gone = || {
        let stat = std::fs::read(format!("/proc/{}/stat", id.trim())).unwrap_or_default();
        let stat = String::from_utf8_lossy(&stat);
        let state = stat.rsplit(')').next().and_then(|rest| rest.trim().chars().next());
        state.is_none_or(|state| state == 'Z')
    };
    let begun = std::time::Instant::now();
    while !is_gone() {
        if begun.elapsed() > std::time::Duration::from_secs(100) {
            return false;
        }
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
    true
}

#[test]
fn what_a_program_leaves_behind_ends_with_it() {
    // In time, too late, and with one that still holds the output.
    for (script, timeout, word) in [
        ("exit 3", 60, "exit status: 3"),
        ("cat", 1, "1 s"),
        ("echo 1", 60, "no object"),
    ] {
        let script = if script == "cat" { "sleep 300" } else { script };
        let environment = with_program(script, timeout);
        let screen = environment.run(&["migrate", "--run-commands"]);
        assert!(screen.stderr.contains(word), "{screen}");
        assert!(left_is_gone(&environment), "{script}");
    }
}

#[test]
fn a_signal_that_is_ignored_ends_no_program() {
    let environment = upgraded();
    let script = "echo $$ > left; until [ -e go ]; do sleep 0.01; done; cat";
    let command = format!("command = [\"sh\", \"-c\", \"{script}\"]\n\n[[step]]\nremove = \"legacy\"");
    environment.write(
        "migrations/pump/1-to-2.toml",
        STEPS.replace("remove = \"legacy\"", &command),
    );
    let mut command = environment.command("nohup");
    command.args([crate::environment::VALVECFG, "migrate", "--run-commands"]);
    let mut child = command.spawn().unwrap();
    while !environment.path("left").exists() {
        std::thread::yield_now();
    }
    let pid = rustix::process::Pid::from_child(&child);
    for _ in 0..10 {
        rustix::process::kill_process(pid, rustix::process::Signal::HUP).unwrap();
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    environment.write("go", "");
    assert!(child.wait().unwrap().success());
}

#[test]
fn a_program_ends_with_the_one_that_waits_for_it() {
    let environment = with_program("sleep 300", 300);
    let mut command = environment.command(crate::environment::VALVECFG);
    let mut child = command.args(["migrate", "--run-commands"]).spawn().unwrap();
    while !environment.path("left").exists() || text(&environment, "left").trim().is_empty() {
        std::thread::yield_now();
    }
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    let status = child.wait().unwrap();
    assert_eq!(std::os::unix::process::ExitStatusExt::signal(&status), Some(15));
    assert!(left_is_gone(&environment));
    assert_eq!(text(&environment, "plugins/pump.toml"), SETTINGS);
}

#[test]
fn a_program_may_do_what_no_step_can() {
    let environment = upgraded();
    let program = "command = [\"sh\", \"-c\", \"sed s/auto/automatic/\"]\n\n[[step]]\nremove = \"legacy\"";
    let steps = STEPS.replace("[[step]]\nmap = \"mode\"\nvalues = { auto = \"automatic\" }\n\n", "");
    environment.write(
        "migrations/pump/1-to-2.toml",
        steps.replace("remove = \"legacy\"", program),
    );
    let screens = environment.screens(&["migrate -n", "migrate", "migrate --run-commands", "get pump.mode"]);
    assert_screen!(
        screens,
        str![[r#"
$ valvecfg migrate -n
------- stderr -------
nothing was changed
warning: migrations/pump/1-to-2.toml:13: a program is to be run: `sh -c sed s/auto/automatic/`; it is not run to look ahead

$ valvecfg migrate
------- stderr -------
error: migrations/pump/1-to-2.toml:13: a program is to be run: `sh -c sed s/auto/automatic/`
help: if you trust it, `valvecfg migrate --run-commands` runs it; nothing was written
[exit 1]

$ valvecfg migrate --run-commands
pump.schema_version 1 -> 2
pump.close_above 60 added
pump.threshold 60 removed
pump.interval 30 -> "30s"
pump.mode "auto" -> "automatic"
pump.legacy "x" removed
pump.zones[0].flow 2.5 added
pump.zones[1].flow 2.5 added
valvecfg.toml
saved as [rev 1]
------- stderr -------
migrations/pump/1-to-2.toml had been edited by hand; that was recorded first, as [rev 2]

$ valvecfg get pump.mode
automatic
"#]]
    );
    environment.succeed(&["migrate", "--to", "1", "--run-commands"]);
    assert_eq!(text(&environment, "plugins/pump.toml"), SETTINGS);
}

#[test]
fn settings_that_something_else_has_migrated_are_stamped() {
    let environment = upgraded();
    environment.write(
        "plugins/pump.toml",
        "schema_version = 1\nclose_above = 5\nmode = \"off\"\n",
    );
    let screens = environment.screens(&[
        "migrate stamp pump 7",
        "migrate stamp pump 2",
        "migrate status",
        "get pump.schema_version",
    ]);
    assert_screen!(
        screens,
        str![[r#"
$ valvecfg migrate stamp pump 7
------- stderr -------
error: the settings of `pump` were written for schema version 7, which is not here
help: add it with `valvecfg plugin upgrade pump --schema FILE`
[exit 1]

$ valvecfg migrate stamp pump 2
pump.schema_version 1 -> 2
pump.close_above 5 added
pump.threshold 60 removed
pump.interval 30 removed
pump.mode "auto" -> "off"
pump.legacy "x" removed
pump.zones[0].name "a" removed
pump.zones[1].name "b" removed
valvecfg.toml
saved as [rev 1]

$ valvecfg migrate status
plugin      settings  in force  newest  ahead
heating     1         1         1
irrigation  1         1         1
pump        2         2         2
valve       1         1         1

$ valvecfg get pump.schema_version
2
"#]]
    );
}

#[test]
fn a_secret_under_another_name_is_sealed_for_it() {
    let environment = TestEnvironment::gateway();
    environment.succeed(&["secret", "keygen"]);
    environment.screen_with_input("secret set valve.mqtt.password --value-stdin", "correct horse");
    let schema = text(&environment, "schemas/valve/1.schema.json");
    let schema = schema
        .replace("\"password\"", "\"pass\"")
        .replace("\"const\": 1", "\"const\": 2");
    environment.beside("next.json", schema);
    environment.succeed(&["plugin", "upgrade", "valve", "--schema", "../next.json"]);
    let screens = environment.screens(&[
        "migrate valve",
        "get valve.mqtt.pass --reveal",
        "migrate valve --to 1",
        "get valve.mqtt.password --reveal",
    ]);
    assert_screen!(
        screens,
        str![[r#"
$ valvecfg migrate valve
valve.schema_version 1 -> 2
valve.mqtt.pass ‹secret› added
valve.mqtt.password ‹secret› removed
valvecfg.toml
saved as [rev 1]
------- stderr -------
nothing here tells valve; it takes effect after a restart of it

$ valvecfg get valve.mqtt.pass --reveal
correct horse

$ valvecfg migrate valve --to 1
valve.schema_version 2 -> 1
valve.mqtt.password ‹secret› added
valve.mqtt.pass ‹secret› removed
valvecfg.toml
saved as [rev 2]
------- stderr -------
nothing here tells valve; it takes effect after a restart of it

$ valvecfg get valve.mqtt.password --reveal
correct horse
"#]]
    );
}

#[test]
fn a_sealed_secret_is_not_converted_and_becomes_an_item_under_its_new_name() {
    let environment = TestEnvironment::gateway();
    environment.succeed(&["secret", "keygen"]);
    environment.screen_with_input("secret set valve.mqtt.password --value-stdin", "correct horse");
    let schema = text(&environment, "schemas/valve/1.schema.json").replace("\"const\": 1", "\"const\": 2");
    environment.beside("next.json", schema);
    environment.succeed(&["plugin", "upgrade", "valve", "--schema", "../next.json"]);
    let step = |step: &str| {
        let migration = format!("from = 1\nto = 2\n\n[[step]]\n{step}\n");
        environment.write("migrations/valve/1-to-2.toml", migration);
        environment.screens(&["migrate valve -n"])
    };
    let screens = [
        step("convert = \"mqtt.password\"\nto = \"integer\""),
        step("split = \"mqtt.password\"\ninto = [\"mqtt.password\", \"mqtt.rest\"]\nseparator = \":\""),
    ];
    assert_screen!(
        screens.join("\n\n"),
        str![[r#"
$ valvecfg migrate valve -n
------- stderr -------
error: migrations/valve/1-to-2.toml:4: step 1 cannot be done to `valve.mqtt.password`: it is sealed, and cannot be converted; take it out here (`remove`) and give it its new value with `valvecfg secret set`
help: nothing was written; mend the value, or give the step a `when`
[exit 1]

$ valvecfg migrate valve -n
------- stderr -------
error: migrations/valve/1-to-2.toml:4: step 1 cannot be done to `valve.mqtt.password`: it is sealed, and cannot be split
help: nothing was written; mend the value, or give the step a `when`
[exit 1]
"#]]
    );
    let schema = text(&environment, "schemas/valve/2.schema.json");
    let list = "\"Password at the broker.\",\n          \"type\": \"array\", \"items\": { \"type\": \"string\" },";
    let string = "\"Password at the broker.\",\n          \"type\": \"string\",\n          \"minLength\": 8,";
    assert!(schema.contains(string));
    environment.write("schemas/valve/2.schema.json", schema.replace(string, list));
    step("convert = \"mqtt.password\"\nto = \"array\"");
    let screens = environment.screens(&[
        "migrate valve",
        "get valve.mqtt.password --reveal",
        "migrate valve --to 1",
        "get valve.mqtt.password --reveal",
    ]);
    assert_screen!(
        screens,
        str![[r#"
$ valvecfg migrate valve
valve.schema_version 1 -> 2
valve.mqtt.password ‹secret› -> ‹secret›
valvecfg.toml
saved as [rev 1]
------- stderr -------
migrations/valve/1-to-2.toml, schemas/valve/2.schema.json had been edited by hand; that was recorded first, as [rev 2]
nothing here tells valve; it takes effect after a restart of it

$ valvecfg get valve.mqtt.password --reveal
["correct horse"]

$ valvecfg migrate valve --to 1
valve.schema_version 2 -> 1
valve.mqtt.password ‹secret› -> ‹secret›
valvecfg.toml
saved as [rev 3]
------- stderr -------
nothing here tells valve; it takes effect after a restart of it

$ valvecfg get valve.mqtt.password --reveal
correct horse
"#]]
    );
}

#[test]
fn an_upgrade_takes_the_next_version_alone_and_what_it_refers_to() {
    let environment = pump();
    let before = environment.git_succeed(&["rev-parse", "HEAD"]);
    let screens = environment.screens(&["plugin upgrade pump --schema ../1.json"]);
    assert_screen!(
        screens,
        str![[r#"
$ valvecfg plugin upgrade pump --schema ../1.json
------- stderr -------
error: this schema says that its `schema_version` is 1, and the next one of `pump` is 2
help: nothing was written; `valvecfg migrate status` shows which versions of pump are there
[exit 1]
"#]]
    );
    assert_eq!(environment.git_succeed(&["rev-parse", "HEAD"]), before);
    // Without a version of its own, it is known by what it says.
    let three = r#"{"properties": {"zones": {"$ref": "zones.json"}, "threshold": {"type": "integer"}}}"#;
    environment.beside("3.json", three);
    environment.beside("zones.json", r#"{"type": "array"}"#);
    environment.write("migrations/pump/1-to-2.toml", "from = 1\nto = 2\n# by hand\n");
    let screens = environment.screens(&[
        "plugin upgrade pump --schema ../3.json",
        "plugin upgrade pump --schema ../3.json",
        "migrate",
        "validate",
        "plugin remove pump",
        "status",
    ]);
    assert_screen!(
        screens,
        str![[r#"
$ valvecfg plugin upgrade pump --schema ../3.json
schemas/pump/2.schema.json
schemas/pump/zones.json
saved as [rev 1]
------- stderr -------
migrations/pump/1-to-2.toml had been edited by hand; that was recorded first, as [rev 2]

$ valvecfg plugin upgrade pump --schema ../3.json
------- stderr -------
error: this schema is version 2 of `pump` already
help: nothing was written; `valvecfg migrate status` shows which versions of pump are there
[exit 1]

$ valvecfg migrate
pump.schema_version 1 -> 2
valvecfg.toml
saved as [rev 3]

$ valvecfg validate
no violations, 11 files checked

$ valvecfg plugin remove pump
removed plugin pump: 7 settings, schemas/pump/1.schema.json, schemas/pump/2.schema.json, schemas/pump/zones.json
saved as [rev 4]

$ valvecfg status
store     [STORE]
revision  [rev 4]  2025-12-01 00:00:00 +00:00  Ines Duarte
          removed pump: 7 settings
heating     as recorded
irrigation  as recorded
valve       as recorded
"#]]
    );
    assert!(!environment.path("migrations/pump/1-to-2.toml").exists());
    assert!(!environment.path("schemas/pump/zones.json").exists());
}
