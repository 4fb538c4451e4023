//! `valvecfg doctor`

use snapbox::str;

use super::assert_screen;
use crate::environment::TestEnvironment;

#[test]
fn a_sound_store_has_nothing_wrong() {
    let environment = TestEnvironment::gateway();
    let screens = environment.screens(&["doctor", "doctor --deep", "doctor --json"]);
    assert_screen!(
        screens,
        str![[r#"
$ valvecfg doctor
------- stderr -------
nothing is wrong

$ valvecfg doctor --deep
------- stderr -------
nothing is wrong

$ valvecfg doctor --json
------- stderr -------
nothing is wrong
"#]]
    );
}

#[test]
fn each_finding_comes_with_what_mends_it() {
    let environment = TestEnvironment::gateway();
    environment.edit("plugins/valve.toml", "threshold = 60", "threshold = 600");
    std::fs::remove_file(environment.path("plugins/heating.toml")).unwrap();
    environment.write("plugins/stranger.toml", "");
    environment.write(".git/index.lock", "");
    environment.git_succeed(&["config", "core.fsync", "none"]);
    assert_screen!(
        environment.screens(&["doctor", "doctor --json"]),
        str![[r#"
$ valvecfg doctor
error: plugins/valve.toml:7: `threshold` must be at most 100 [VC101]
  mend: valvecfg edit valve
error: plugins/heating.toml is gone
  mend: git checkout -- plugins/heating.toml
warning: .git/index.lock is held by another git, or was left behind by one
  mend: rm [STORE]/.git/index.lock
warning: without git's settings core.fsync=all, git could remove or lose what valvecfg recorded
  mend: valvecfg init
warning: plugins/stranger.toml belongs to no plugin of the manifest
  mend: valvecfg plugin add stranger --schema FILE
[exit 1]

$ valvecfg doctor --json
{"severity":"error","message":"plugins/valve.toml:7: `threshold` must be at most 100 [VC101]","mend":"valvecfg edit valve","alternative":null}
{"severity":"error","message":"plugins/heating.toml is gone","mend":"git checkout -- plugins/heating.toml","alternative":null}
{"severity":"warning","message":".git/index.lock is held by another git, or was left behind by one","mend":"rm [STORE]/.git/index.lock","alternative":null}
{"severity":"warning","message":"without git's settings core.fsync=all, git could remove or lose what valvecfg recorded","mend":"valvecfg init","alternative":null}
{"severity":"warning","message":"plugins/stranger.toml belongs to no plugin of the manifest","mend":"valvecfg plugin add stranger --schema FILE","alternative":null}
[exit 1]
"#]]
    );
}

#[test]
fn a_damaged_object_is_found() {
    let environment = TestEnvironment::gateway();
    environment.succeed(&["set", "valve.threshold", "55"]);
    let blob = environment.git_succeed(&["rev-parse", "HEAD:plugins/valve.toml"]);
    let object = format!(".git/objects/{}/{}", &blob[..2], blob[2..].trim());
    std::fs::remove_file(environment.path(&object)).unwrap();
    environment.write(&object, "rotten");
    assert_screen!(
        environment.screens(&["doctor --deep", "get valve.threshold"]),
        str![[r#"
$ valvecfg doctor --deep
error: object [rev 1] of the history is damaged
  mend: copy it from a clone into .git/objects, or restore .git from a backup
[exit 1]

$ valvecfg get valve.threshold
55
"#]]
    );
}

#[test]
fn what_cannot_be_read_hides_nothing_else() {
    let environment = TestEnvironment::gateway();
    std::fs::remove_file(environment.path("plugins/heating.toml")).unwrap();
    std::fs::create_dir(environment.path("plugins/heating.toml")).unwrap();
    std::fs::remove_file(environment.path("schemas/irrigation/1.schema.json")).unwrap();
    environment.edit("valvecfg.toml", "[plugins.valve]", "[plugins.new]\n[plugins.valve]");
    assert_screen!(
        environment.screens(&["doctor", "status"]),
        str![[r#"
$ valvecfg doctor
error: plugins/heating.toml:1: [STORE]/plugins/heating.toml is a folder, not a regular file [VC001]
  mend: ls -ld plugins/heating.toml
error: valvecfg.toml:7: plugin `irrigation` has no schemas/irrigation/1.schema.json [VC006]
  mend: $EDITOR valvecfg.toml
error: valvecfg.toml:10: plugin `new` has 0 schemas, and the manifest does not say which is in force [VC006]
  mend: $EDITOR valvecfg.toml
error: schemas/irrigation/1.schema.json is gone
  mend: git checkout -- schemas/irrigation/1.schema.json
error: plugins/new.toml is not there
  mend: $EDITOR plugins/new.toml
[exit 1]

$ valvecfg status
store     [STORE]
revision  [rev 1]  2025-12-01 00:00:00 +00:00  Ines Duarte
          valve: 21 settings
heating     not compared, 1 violation
irrigation  not compared, 1 violation
new         has no file
valve       as recorded
schemas/irrigation/1.schema.json  gone from the folder
valvecfg.toml  edited by hand
error[VC001]: [STORE]/plugins/heating.toml is a folder, not a regular file
--> plugins/heating.toml
error[VC004]: plugin `irrigation` has no schema schemas/irrigation/1.schema.json
--> plugins/irrigation.toml
`valvecfg doctor` names what mends it
write plugins/new.toml, or take [plugins.new] out of valvecfg.toml
"#]]
    );
}

/// A store whose schema was corrected in place, after the plugin had stored texts for years.
fn corrected(settings: &str) -> TestEnvironment {
    let environment = TestEnvironment::new_store();
    let schema = |threshold: &str, more: &str| {
        format!(
            r#"{{"type": "object", "properties": {{"threshold": {{"type": [{threshold}]}}, "flow": {{"type": "number"}},
            "pin": {{"type": [{threshold}], "x-secret": true}}, "zones": {{"items": {{"properties": {{"on": {{"type": [{more}]}}}}}}}}}}}}"#
        )
    };
    environment.beside("1.json", schema("\"string\"", "\"boolean\", \"string\""));
    environment.succeed(&["secret", "keygen"]);
    environment.succeed(&["plugin", "add", "valve", "--schema", "../1.json"]);
    environment.write("plugins/valve.toml", "threshold = \"55\"\n");
    environment.succeed(&["commit"]);
    environment.write("plugins/valve.toml", settings);
    environment.succeed(&["commit"]);
    environment.write("schemas/valve/1.schema.json", schema("\"integer\"", "\"boolean\""));
    environment
}

#[test]
fn values_of_the_wrong_type_are_found_in_the_settings_and_in_history() {
    let environment = corrected("threshold = \"60\"\nflow = 2\n[[zones]]\non = \"yes\"\n[[zones]]\non = \"maybe\"\n");
    let screens = environment.screens(&["doctor --types", "doctor --types --json"]);
    environment.write("plugins/valve.toml", "threshold = 60\nflow = 2\n");
    let mended = environment.screens(&["commit", "doctor --types"]);
    assert_screen!(
        format!("{screens}\n\n{mended}"),
        str![[r#"
$ valvecfg doctor --types
setting            value    wants       where                 since
valve.threshold    "60"     an integer  plugins/valve.toml:1  [rev 1]
    mend: valvecfg set valve.threshold 60
valve.zones[0].on  "yes"    a boolean   plugins/valve.toml:4  [rev 1]
    mend: valvecfg set 'valve.zones[0].on' true
valve.zones[1].on  "maybe"  a boolean   plugins/valve.toml:6  [rev 1]
    mend: valvecfg edit valve
valve.threshold    "55"     an integer  gone                  [rev 2]
    to have it again: valvecfg set valve.threshold 55
------- stderr -------
all at once: `valvecfg set valve.threshold=60 'valve.zones[0].on'=true`
[exit 1]

$ valvecfg doctor --types --json
{"key":"valve.threshold","value":"60","secret":false,"wanted":["integer"],"file":"plugins/valve.toml","line":1,"column":13,"present":true,"first":{"id":"[rev 1]","time":"2025-12-01T00:00:00+00:00","author":{"name":"Ines Duarte","email":"ines@gateway.example"}},"mend":"valvecfg set valve.threshold 60"}
{"key":"valve.zones[0].on","value":"yes","secret":false,"wanted":["boolean"],"file":"plugins/valve.toml","line":4,"column":6,"present":true,"first":{"id":"[rev 1]","time":"2025-12-01T00:00:00+00:00","author":{"name":"Ines Duarte","email":"ines@gateway.example"}},"mend":"valvecfg set 'valve.zones[0].on' true"}
{"key":"valve.zones[1].on","value":"maybe","secret":false,"wanted":["boolean"],"file":"plugins/valve.toml","line":6,"column":6,"present":true,"first":{"id":"[rev 1]","time":"2025-12-01T00:00:00+00:00","author":{"name":"Ines Duarte","email":"ines@gateway.example"}},"mend":"valvecfg edit valve"}
{"key":"valve.threshold","value":"55","secret":false,"wanted":["integer"],"file":"plugins/valve.toml","line":1,"column":13,"present":false,"first":{"id":"[rev 2]","time":"2025-12-01T00:00:00+00:00","author":{"name":"Ines Duarte","email":"ines@gateway.example"}},"mend":"valvecfg set valve.threshold 55"}
------- stderr -------
all at once: `valvecfg set valve.threshold=60 'valve.zones[0].on'=true`
[exit 1]

$ valvecfg commit
valve.threshold "60" -> 60
valve.zones[0].on "yes" removed
valve.zones[1].on "maybe" removed
schemas/valve/1.schema.json
saved as [rev 1]

$ valvecfg doctor --types
setting            value    wants       where  since
valve.threshold    "55"     an integer  gone   [rev 2]
    to have it again: valvecfg set valve.threshold 55
valve.threshold    "60"     an integer  gone   [rev 3]
    to have it again: valvecfg set valve.threshold 60
valve.zones[0].on  "yes"    a boolean   gone   [rev 3]
    to have it again: valvecfg set 'valve.zones[0].on' true
valve.zones[1].on  "maybe"  a boolean   gone   [rev 3]
    no value of that type says the same
"#]]
    );
    let sound = TestEnvironment::gateway();
    assert_screen!(
        sound.screens(&["doctor --types", "doctor --types --deep"]),
        str![[r#"
$ valvecfg doctor --types
------- stderr -------
every value has the type that its schema declares

$ valvecfg doctor --types --deep
------- stderr -------
error: the argument '--types' cannot be used with '--deep'

Usage: valvecfg doctor --types

For more information, try '--help'.
[exit 2]
"#]]
    );
}

#[test]
fn the_command_that_is_named_mends_the_value() {
    let environment = corrected("threshold = \"60\"\n");
    let mend = |line: &str| {
        let told = environment.run(&["doctor", "--types", "--json"]);
        let first: serde_json::Value = serde_json::from_str(told.stdout.lines().next().unwrap()).unwrap();
        assert_eq!(first["mend"], line);
    };
    mend("valvecfg set valve.threshold 60");
    environment.succeed(&["set", "valve.threshold", "60"]);
    assert_eq!(environment.read("plugins/valve.toml"), b"threshold = 60\n");
    // `set` would stop at what was edited by hand.
    environment.write("plugins/valve.toml", "threshold = \"70\"\n");
    mend("valvecfg edit valve");
    let environment = corrected("threshold = \"60\"\n[[zones]]\non = \"yes\"\n");
    let screen = environment.run(&["doctor", "--types"]);
    let line = "all at once: `valvecfg set valve.threshold=60 'valve.zones[0].on'=true`";
    assert!(screen.stderr.contains(line), "{screen}");
    environment.succeed(&["set", "valve.threshold=60", "valve.zones[0].on=true"]);
}

#[test]
fn the_value_of_a_secret_of_the_wrong_type_is_not_shown() {
    let environment = corrected("");
    environment.write("plugins/valve.toml", "pin = \"4711\"\n");
    let screen = environment.run(&["doctor", "--types"]);
    assert!(screen.stdout.contains("valve.pin"), "{screen}");
    assert!(
        screen.stdout.contains("mend: valvecfg secret set valve.pin"),
        "{screen}"
    );
    assert!(!screen.to_string().contains("4711"), "{screen}");
}

#[test]
fn settings_of_another_schema_version_are_left_to_migrations() {
    let environment = TestEnvironment::new_store();
    environment.beside("1.json", r#"{"properties": {"interval": {"type": "integer"}}}"#);
    environment.beside("2.json", r#"{"properties": {"interval": {"type": "string"}}}"#);
    environment.succeed(&["plugin", "add", "pump", "--schema", "../1.json"]);
    environment.succeed(&["set", "pump.interval", "30"]);
    environment.succeed(&["plugin", "upgrade", "pump", "--schema", "../2.json"]);
    environment.succeed(&["migrate"]);
    assert_eq!(environment.succeed(&["get", "pump.interval"]), "30\n");
    assert_eq!(environment.succeed(&["doctor", "--types"]), "");
}
