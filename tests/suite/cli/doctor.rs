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
{"severity":"error","message":"plugins/valve.toml:7: `threshold` must be at most 100 [VC101]","mend":"valvecfg edit valve"}
{"severity":"error","message":"plugins/heating.toml is gone","mend":"git checkout -- plugins/heating.toml"}
{"severity":"warning","message":".git/index.lock is held by another git, or was left behind by one","mend":"rm [STORE]/.git/index.lock"}
{"severity":"warning","message":"without git's settings core.fsync=all, git could remove or lose what valvecfg recorded","mend":"valvecfg init"}
{"severity":"warning","message":"plugins/stranger.toml belongs to no plugin of the manifest","mend":"valvecfg plugin add stranger --schema FILE"}
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
