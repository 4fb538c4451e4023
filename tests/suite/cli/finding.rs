//! Which store is meant

use snapbox::str;

use super::assert_screen;
use crate::environment::TestEnvironment;

#[test]
fn the_nearest_folder_upward_or_the_one_that_is_named_is_the_store() {
    let environment = TestEnvironment::gateway();
    let mut command = environment.command(crate::environment::VALVECFG);
    command
        .current_dir(environment.path("schemas/valve"))
        .args(["-v", "get", "valve.threshold"]);
    assert_screen!(
        environment.screen(&mut command).to_string(),
        str![[r#"
60
------- stderr -------
the store is [STORE], the nearest one

"#]]
    );
    let store = environment.store();
    let store = store.to_str().unwrap();
    assert_screen!(
        environment.screen_where(&[("VALVECFG_STORE", store)], "-v get valve.threshold"),
        str![[r#"
$ valvecfg -v get valve.threshold
60
------- stderr -------
the store is [STORE], named by $VALVECFG_STORE
"#]]
    );
    assert_screen!(
        environment.screens(&[
            "-v -C . get valve.threshold",
            "get valve.threshold -C /nonexistent",
            "-C plugins get valve.threshold"
        ]),
        str![[r#"
$ valvecfg -v -C . get valve.threshold
60
------- stderr -------
the store is [STORE], named by -C

$ valvecfg get valve.threshold -C /nonexistent
------- stderr -------
error: cannot open /nonexistent: No such file or directory (os error 2)
[exit 3]

$ valvecfg -C plugins get valve.threshold
------- stderr -------
error: [STORE]/plugins is no store: it has no valvecfg.toml
help: make one with `valvecfg init [STORE]/plugins`, or name one with -C DIR
[exit 3]
"#]]
    );
    assert_screen!(
        environment.screen_where(&[("VALVECFG_STORE", "/nonexistent")], "get valve.threshold"),
        str![[r#"
$ valvecfg get valve.threshold
------- stderr -------
error: cannot open /nonexistent: No such file or directory (os error 2)
[exit 3]
"#]]
    );
}

#[test]
fn where_there_is_none_that_is_said() {
    let environment = TestEnvironment::empty();
    assert_screen!(
        environment.screens(&["get valve.threshold", "validate", "status --json"]),
        str![[r#"
$ valvecfg get valve.threshold
------- stderr -------
error: no store found: no valvecfg.toml in [FOLDER] or above, in [FOLDER]/home/config/valvecfg or in /etc/valvecfg
help: make one with `valvecfg init [FOLDER]`, or name one with -C DIR
[exit 3]

$ valvecfg validate
------- stderr -------
error: no store found: no valvecfg.toml in [FOLDER] or above, in [FOLDER]/home/config/valvecfg or in /etc/valvecfg
help: make one with `valvecfg init [FOLDER]`, or name one with -C DIR
[exit 3]

$ valvecfg status --json
------- stderr -------
{"error":"no store found: no valvecfg.toml in [FOLDER] or above, in [FOLDER]/home/config/valvecfg or in /etc/valvecfg","cause":[],"hints":["make one with `valvecfg init [FOLDER]`, or name one with -C DIR"],"exit":3,"violations":[]}
[exit 3]
"#]]
    );
}

#[test]
fn a_clone_is_a_store() {
    let environment = TestEnvironment::gateway();
    let clone = environment.folder().join("clone");
    environment.git_succeed(&["clone", "-q", ".", clone.to_str().unwrap()]);
    let screens = environment.screens(&[
        "-C ../clone get valve.threshold",
        "-C ../clone set valve.threshold 55",
        "-C ../clone history -n 2",
        "-C ../clone doctor",
        "-C ../clone init -n",
        "init ../clone",
        "init ../clone",
        "-C ../clone doctor --deep",
    ]);
    assert_screen!(
        screens,
        str![[r#"
$ valvecfg -C ../clone get valve.threshold
60

$ valvecfg -C ../clone set valve.threshold 55
valve.threshold 60 -> 55
saved as [rev 1]

$ valvecfg -C ../clone history -n 2
[rev 1]  2025-12-01 00:00:00 +00:00  Ines Duarte  via set
  valve.threshold 60 -> 55

[rev 2]  2025-12-01 00:00:00 +00:00  Ines Duarte  via plugin add
  valve: 21 settings
    schemas/valve/1.schema.json
    valvecfg.toml

$ valvecfg -C ../clone doctor
warning: without git's settings core.repositoryformatversion=1, core.fsync=all, extensions.preciousObjects=true, git could remove or lose what valvecfg recorded
  mend: valvecfg init
[exit 1]

$ valvecfg -C ../clone init -n
would make a store of the clone in [FOLDER]/clone (revision [rev 1])
git's setting core.repositoryformatversion=1
git's setting core.fsync=all
git's setting extensions.preciousObjects=true
------- stderr -------
nothing was written: this was a dry run

$ valvecfg init ../clone
made a store of the clone in [FOLDER]/clone (revision [rev 1])
git's setting core.repositoryformatversion=1
git's setting core.fsync=all
git's setting extensions.preciousObjects=true
git's setting core.trustctime=false
git's setting core.logAllRefUpdates=false
git's setting core.autocrlf=false
git's setting gc.auto=0

$ valvecfg init ../clone
------- stderr -------
nothing to do: [FOLDER]/clone is a store already

$ valvecfg -C ../clone doctor --deep
------- stderr -------
nothing is wrong
"#]]
    );
}

#[test]
fn init_makes_a_store_of_a_fresh_clone() {
    let environment = TestEnvironment::gateway();
    // Git clones no empty folders, and knows nothing of what is never recorded.
    environment.git_succeed(&["clone", "-q", ".", "../clone"]);
    let clone = environment.folder().join("clone");
    std::fs::remove_dir_all(clone.join(".git/info")).unwrap();
    let screens = environment.screens(&[
        "-C ../clone doctor",
        "-C ../clone init --json",
        "-C ../clone doctor",
        "-C ../clone status",
    ]);
    assert_screen!(
        screens,
        str![[r#"
$ valvecfg -C ../clone doctor
warning: without git's settings core.repositoryformatversion=1, core.fsync=all, extensions.preciousObjects=true, git could remove or lose what valvecfg recorded
  mend: valvecfg init
note: the history was made by another program
  mend: valvecfg init
[exit 1]

$ valvecfg -C ../clone init --json
{"folder":"[FOLDER]/clone","revision":"[rev 1]","files":[],"settings":["core.repositoryformatversion=1","core.fsync=all","extensions.preciousObjects=true","core.trustctime=false","core.logAllRefUpdates=false","core.autocrlf=false","gc.auto=0"],"already":false,"dry_run":false}

$ valvecfg -C ../clone doctor
------- stderr -------
nothing is wrong

$ valvecfg -C ../clone status
store     [FOLDER]/clone
revision  [rev 1]  2025-12-01 00:00:00 +00:00  Ines Duarte
          valve: 21 settings
heating     as recorded
irrigation  as recorded
valve       as recorded
"#]]
    );
    let excluded = std::fs::read(clone.join(".git/info/exclude")).unwrap();
    assert_eq!(
        String::from_utf8(excluded).unwrap(),
        ".*.valvecfg\n/valvecfg.local.toml\n"
    );
    environment.git_succeed(&["-C", "../clone", "fsck", "--strict"]);
    assert_eq!(environment.git_succeed(&["-C", "../clone", "status", "--short"]), "");
}

#[test]
fn an_environment_without_anything_will_do() {
    let environment = TestEnvironment::gateway();
    let mut command = environment.command(crate::environment::VALVECFG);
    let screen = environment.screen(command.env_clear().args(["set", "valve.threshold", "55"]));
    assert!(screen.status.success(), "{screen}");
    assert_eq!(environment.succeed(&["get", "valve.threshold"]), "55\n");
}
