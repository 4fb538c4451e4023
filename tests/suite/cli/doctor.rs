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
