//! Running plugins: what is written for them, how they are told, and what becomes of their answers.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use snapbox::str;

use super::assert_screen;
use crate::confirmation::{make_due, wait_for, watched};
use crate::environment::TestEnvironment;

/// A store whose plugin `valve` is told by a shell script, with what the manifest says besides.
pub(crate) fn told_by(script: &str, besides: &str) -> TestEnvironment {
    let environment = TestEnvironment::gateway();
    let path = environment.folder().join("tell");
    environment.beside("tell", format!("#!/bin/sh\n{script}\n"));
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    environment.edit(
        "valvecfg.toml",
        "[plugins.valve]",
        &format!("[plugins.valve]\nnotify = [{{ command = [\"../tell\"], timeout = \"2s\" }}]\n{besides}"),
    );
    environment.succeed(&["commit"]);
    environment
}

/// Screens without the moments of this machine's clock, which are told as `since 2026-11-23 17:40:49 +00:00`.
fn timeless(screens: &str) -> String {
    let mut pieces = screens.split(" since 20");
    let first = pieces.next().unwrap_or_default().to_owned();
    pieces.fold(first, |text, piece| format!("{text} since [time]{}", &piece[24..]))
}

#[test]
fn a_plugin_is_told_of_a_change_and_what_it_answers_is_remembered() {
    let environment = told_by("env | grep ^VALVECFG_ | sort > ../told", "");
    let screens = environment.screens(&[
        "status",
        "set valve.threshold 55",
        "status",
        "set heating.target 21",
        "set valve.threshold=50 valve.zones[0].flow=3.5 --json",
        "status --json",
    ]);
    assert_screen!(
        screens,
        str![[r#"
$ valvecfg status
store     [STORE]
revision  [rev 1]  2025-12-01 00:00:00 +00:00  Ines Duarte
          edited by hand: valvecfg.toml
heating     as recorded
irrigation  as recorded
valve       as recorded; not told of [rev 2] yet

$ valvecfg set valve.threshold 55
valve.threshold 60 -> 55
saved as [rev 3]
------- stderr -------
valve runs it

$ valvecfg status
store     [STORE]
revision  [rev 3]  2025-12-01 00:00:00 +00:00  Ines Duarte
          valve.threshold 60 -> 55
heating     as recorded
irrigation  as recorded
valve       as recorded; runs [rev 3]

$ valvecfg set heating.target 21
heating.target 20.5 -> 21.0
saved as [rev 4]

$ valvecfg set valve.threshold=50 valve.zones[0].flow=3.5 --json
{"revision":"[rev 5]","changes":[{"key":"valve.threshold","before":55,"after":50},{"key":"valve.zones[0].flow","before":12.5,"after":3.5}],"files":[],"absorbed":null,"dry_run":false,"confirmation":null,"warnings":[],"deliveries":[{"plugin":"valve","revision":"[rev 5]","state":"applied","reason":null,"since":null,"told":"[rev 5]","running":"[rev 5]","need":"reload","restart":null,"ways":["`../tell`"]}]}
------- stderr -------
valve runs it

$ valvecfg status --json
{"folder":"[STORE]","revision":{"id":"[rev 5]","parent":"[rev 4]","time":"2025-12-01T00:00:00+00:00","author":{"name":"Ines Duarte","email":"ines@gateway.example"},"message":"valve.threshold 55 -> 50, valve.zones[0].flow 12.5 -> 3.5","via":"set"},"trouble":null,"confirmation":null,"plugins":[{"name":"heating","state":"recorded","changes":[],"violations":0,"delivery":null},{"name":"irrigation","state":"recorded","changes":[],"violations":0,"delivery":null},{"name":"valve","state":"recorded","changes":[],"violations":0,"delivery":{"plugin":"valve","revision":"[rev 5]","state":"applied","reason":null,"since":null,"told":"[rev 5]","running":"[rev 5]","need":null,"restart":null,"ways":["`../tell`"]}}],"files":[],"strangers":[]}
"#]]
    );
    let told = environment.read_beside("told");
    assert!(told.contains("VALVECFG_PLUGIN=valve\n"), "{told}");
    assert!(told.contains("VALVECFG_KEYS=threshold zones[0].flow\n"), "{told}");
}

#[test]
fn a_refusal_is_told_with_its_reason_and_ends_with_7() {
    let environment = told_by("echo pump 2 does not answer >&2; exit 1", "");
    let screens = environment.screens(&[
        "set valve.threshold 55",
        "status",
        "status --exit-code --json",
        "set heating.target 21",
    ]);
    assert_screen!(
        screens,
        str![[r#"
$ valvecfg set valve.threshold 55
valve.threshold 60 -> 55
saved as [rev 1]
------- stderr -------
error: valve refused it: pump 2 does not answer
help: the change is saved; `valvecfg revert [rev 1]` takes it back
[exit 7]

$ valvecfg status
store     [STORE]
revision  [rev 1]  2025-12-01 00:00:00 +00:00  Ines Duarte
          valve.threshold 60 -> 55
heating     as recorded
irrigation  as recorded
valve       as recorded; refused [rev 1]: pump 2 does not answer

$ valvecfg status --exit-code --json
{"folder":"[STORE]","revision":{"id":"[rev 1]","parent":"[rev 2]","time":"2025-12-01T00:00:00+00:00","author":{"name":"Ines Duarte","email":"ines@gateway.example"},"message":"valve.threshold 60 -> 55","via":"set"},"trouble":null,"confirmation":null,"plugins":[{"name":"heating","state":"recorded","changes":[],"violations":0,"delivery":null},{"name":"irrigation","state":"recorded","changes":[],"violations":0,"delivery":null},{"name":"valve","state":"recorded","changes":[],"violations":0,"delivery":{"plugin":"valve","revision":"[rev 1]","state":"refused","reason":"pump 2 does not answer","since":null,"told":"[rev 1]","running":null,"need":null,"restart":null,"ways":["`../tell`"]}}],"files":[],"strangers":[]}
[exit 1]

$ valvecfg set heating.target 21
heating.target 20.5 -> 21.0
saved as [rev 3]
"#]]
    );
}

#[test]
fn a_program_that_hangs_is_stopped_and_the_plugin_is_told_again_later() {
    let environment = told_by("test -e ../well || sleep 60", "");
    assert_screen!(
        environment.screens(&["set valve.threshold 55"]),
        str![[r#"
$ valvecfg set valve.threshold 55
valve.threshold 60 -> 55
saved as [rev 1]
------- stderr -------
error: valve could not be told: `../tell` took longer than 2 s and was stopped
help: the change is saved; the next change and `valvecfg watch` try again, and `valvecfg status` tells
[exit 7]
"#]]
    );
    environment.beside("well", "");
    // Its turn comes after a second.
    let begun = std::time::Instant::now();
    loop {
        let screen = environment.run(&["set", "heating.target", "21"]);
        if screen.stderr.contains("valve runs it") {
            break;
        }
        assert!(begun.elapsed().as_secs() < 60, "{screen}");
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    assert_screen!(
        environment.screens(&["status"]),
        str![[r#"
$ valvecfg status
store     [STORE]
revision  [rev 1]  2025-12-01 00:00:00 +00:00  Ines Duarte
          heating.target 20.5 -> 21.0
heating     as recorded
irrigation  as recorded
valve       as recorded; runs [rev 2]
"#]]
    );
}

#[test]
fn what_a_plugin_reads_is_written_before_it_is_told() {
    let environment = told_by(
        "stat -c %a ../valve.json > ../mode; grep -m1 threshold ../valve.json > ../seen",
        "render = [{ path = \"../valve.json\", mode = \"0440\" }, { path = \"../valve.env\" }]",
    );
    assert_screen!(
        environment.screens(&["set valve.threshold 55"]),
        str![[r#"
$ valvecfg set valve.threshold 55
valve.threshold 60 -> 55
saved as [rev 1]
------- stderr -------
valve runs it
"#]]
    );
    let read = |name: &str| environment.read_beside(name);
    assert_eq!(read("mode"), "440\n");
    assert!(read("seen").contains("\"threshold\": 55,"), "{}", read("seen"));
    assert!(read("valve.env").contains("VALVE_THRESHOLD=55\n"));
}

#[test]
fn a_plugin_is_not_told_where_what_it_reads_cannot_be_written() {
    let environment = told_by("touch ../told", "render = [{ path = \"../nosuch/valve.toml\" }]");
    assert_screen!(
        timeless(&environment.screens(&["set valve.threshold 55", "status"])),
        str![[r#"
$ valvecfg set valve.threshold 55
valve.threshold 60 -> 55
saved as [rev 1]
------- stderr -------
error: valve was not told, since what it reads could not be written: cannot resolve [STORE]/../nosuch: No such file or directory (os error 2)
help: the change is saved; the next change and `valvecfg watch` try again, and `valvecfg status` tells
[exit 7]

$ valvecfg status
store     [STORE]
revision  [rev 1]  2025-12-01 00:00:00 +00:00  Ines Duarte
          valve.threshold 60 -> 55
heating     as recorded
irrigation  as recorded
valve       as recorded; not told of [rev 1], what it reads could not be written since [time]: cannot resolve [STORE]/../nosuch: No such file or directory (os error 2)
"#]]
    );
    assert!(!environment.folder().join("told").exists());
    let environment = told_by("touch ../told", "render = [{ path = \"valve.json\" }]");
    assert_screen!(
        environment.screens(&["set valve.threshold 55"]),
        str![[r#"
$ valvecfg set valve.threshold 55
valve.threshold 60 -> 55
saved as [rev 1]
------- stderr -------
error: valve was not told, since what it reads could not be written: [STORE]/valve.json is in the store, whose history would keep the secrets; name a file elsewhere, such as below /run
help: the change is saved; the next change and `valvecfg watch` try again, and `valvecfg status` tells
[exit 7]
"#]]
    );
    assert!(!environment.folder().join("told").exists());
}

#[test]
fn a_change_of_comments_alone_tells_nobody() {
    let environment = told_by("echo told >> ../told", "");
    environment.succeed(&["set", "valve.threshold", "55"]);
    environment.edit("plugins/valve.toml", "threshold = 55", "threshold = 55 # ours");
    environment.succeed(&["commit"]);
    assert_eq!(environment.read_beside("told"), "told\n");
    assert_screen!(
        environment.screens(&["status"]),
        str![[r#"
$ valvecfg status
store     [STORE]
revision  [rev 1]  2025-12-01 00:00:00 +00:00  Ines Duarte
          edited by hand: plugins/valve.toml
heating     as recorded
irrigation  as recorded
valve       as recorded; runs [rev 2]
"#]]
    );
}

#[test]
fn a_word_on_an_older_revision_never_clears_one_on_a_newer() {
    let environment = TestEnvironment::gateway();
    environment.edit(
        "valvecfg.toml",
        "[plugins.valve]",
        "[plugins.valve]\nacknowledges = true",
    );
    environment.succeed(&["commit"]);
    let screens = environment.screens(&[
        "set valve.threshold 55",
        "set valve.threshold 50",
        "status",
        "applied valve @~1",
        "status",
        "applied valve @ --error 'pump 2 does not answer'",
        "status",
        "applied valve @~1",
        "applied valve @ --json",
        "status",
        "applied valve nosuch",
        "applied nosuch @",
        "set valve.threshold 45 --wait=1s",
    ]);
    assert_screen!(
        screens,
        str![[r#"
$ valvecfg set valve.threshold 55
valve.threshold 60 -> 55
saved as [rev 1]
------- stderr -------
valve has not said yet that it runs it

$ valvecfg set valve.threshold 50
valve.threshold 55 -> 50
saved as [rev 2]
------- stderr -------
valve has not said yet that it runs it

$ valvecfg status
store     [STORE]
revision  [rev 2]  2025-12-01 00:00:00 +00:00  Ines Duarte
          valve.threshold 55 -> 50
heating     as recorded
irrigation  as recorded
valve       as recorded; told of [rev 2], no answer yet

$ valvecfg applied valve @~1
valve runs [rev 1]
------- stderr -------
its settings have changed since that revision

$ valvecfg status
store     [STORE]
revision  [rev 2]  2025-12-01 00:00:00 +00:00  Ines Duarte
          valve.threshold 55 -> 50
heating     as recorded
irrigation  as recorded
valve       as recorded; told of [rev 2], no answer yet; runs [rev 1]

$ valvecfg applied valve @ --error 'pump 2 does not answer'
valve refused [rev 2]: pump 2 does not answer

$ valvecfg status
store     [STORE]
revision  [rev 2]  2025-12-01 00:00:00 +00:00  Ines Duarte
          valve.threshold 55 -> 50
heating     as recorded
irrigation  as recorded
valve       as recorded; refused [rev 2]: pump 2 does not answer; runs [rev 1]

$ valvecfg applied valve @~1
------- stderr -------
error: `valve` has spoken of revision [rev 2] since, which is later than [rev 1]
help: nothing was changed
[exit 1]

$ valvecfg applied valve @ --json
{"plugin":"valve","revision":"[rev 2]","refused":null,"is_latest":true}

$ valvecfg status
store     [STORE]
revision  [rev 2]  2025-12-01 00:00:00 +00:00  Ines Duarte
          valve.threshold 55 -> 50
heating     as recorded
irrigation  as recorded
valve       as recorded; runs [rev 2]

$ valvecfg applied valve nosuch
------- stderr -------
error: `nosuch` names no revision: no tag has this name, and it is no hash of 4 or more hexadecimal digits, no `@` or `@~3`, and no time such as `2026-11-01 10:00`
help: `valvecfg history` shows the revisions
[exit 2]

$ valvecfg applied nosuch @
------- stderr -------
error: there is no plugin `nosuch`
help: there are: heating, irrigation, valve
[exit 2]

$ valvecfg set valve.threshold 45 --wait=1s
valve.threshold 50 -> 45
saved as [rev 3]
------- stderr -------
error: valve said nothing for 1 s
help: the change is saved; `valvecfg status` tells when valve says something
[exit 7]
"#]]
    );
}

#[test]
fn what_came_with_a_clone_is_not_done_before_it_is_trusted() {
    let environment = told_by("touch ../told", "");
    environment.git_succeed(&["clone", "-q", ".", "../clone"]);
    let screens = environment.screens(&[
        "-C ../clone init",
        "-C ../clone set valve.threshold 55",
        "-C ../clone status",
        "-C ../clone trust",
        "-C ../clone set valve.threshold 50",
    ]);
    assert_screen!(
        screens,
        str![[r#"
$ valvecfg -C ../clone init
made a store of the clone in [FOLDER]/clone (revision [rev 1])
git's setting core.repositoryformatversion=1
git's setting core.fsync=all
git's setting extensions.preciousObjects=true
git's setting core.trustctime=false
git's setting core.logAllRefUpdates=false
git's setting core.autocrlf=false
git's setting gc.auto=0

$ valvecfg -C ../clone set valve.threshold 55
valve.threshold 60 -> 55
saved as [rev 2]
------- stderr -------
error: valve was not told: how came from elsewhere, and nobody here has trusted it: valve notify {"command":["../tell"],"timeout":"2s"}
help: the change is saved; `valvecfg trust` shows and trusts it
[exit 7]

$ valvecfg -C ../clone status
store     [FOLDER]/clone
revision  [rev 2]  2025-12-01 00:00:00 +00:00  Ines Duarte
          valve.threshold 60 -> 55
heating     as recorded
irrigation  as recorded
valve       as recorded; not told of [rev 2]: how is not trusted here

$ valvecfg -C ../clone trust
[FOLDER]/clone is trusted from now on (remembered in [FOLDER]/home/config/valvecfg/trusted)
valve notify {"command":["../tell"],"timeout":"2s"} is trusted from now on

$ valvecfg -C ../clone set valve.threshold 50
valve.threshold 55 -> 50
saved as [rev 3]
------- stderr -------
valve runs it
"#]]
    );
}

#[test]
fn what_holds_for_this_machine_alone_stands_before_the_manifest() {
    let environment = told_by("echo manifest >> ../told", "");
    environment.write(
        "valvecfg.local.toml",
        "[plugins.valve]\nnotify = [{ command = [\"sh\", \"-c\", \"echo local >> ../told\"] }]\n",
    );
    environment.succeed(&["set", "valve.threshold", "55"]);
    assert_eq!(environment.read_beside("told"), "local\n");
    assert_eq!(environment.git_succeed(&["status", "--short"]), "");
    environment.write("valvecfg.local.toml", "[plugins.valve]\nnotfiy = []\n");
    assert_screen!(
        environment.screens(&["set valve.threshold 50", "status"]),
        str![[r#"
$ valvecfg set valve.threshold 50
------- stderr -------
error[VC006]: unknown field `notfiy`, expected one of `notify`, `render`, `health`, `acknowledges`, `confirm`
 --> valvecfg.local.toml:2:1
  |
2 | notfiy = []
  | ^^^^^^
  |
help: nothing was written
[exit 1]

$ valvecfg status
------- stderr -------
error[VC006]: unknown field `notfiy`, expected one of `notify`, `render`, `health`, `acknowledges`, `confirm`
 --> valvecfg.local.toml:2:1
  |
2 | notfiy = []
  | ^^^^^^
  |
help: nothing was written
[exit 1]
"#]]
    );
}

#[test]
fn an_entry_that_means_nothing_is_shown_where_it_stands() {
    let environment = TestEnvironment::gateway();
    environment.edit(
        "valvecfg.toml",
        "[plugins.valve]",
        "[plugins.valve]\nnotify = [{ signal = \"SIGHUP\" }]",
    );
    assert_screen!(
        environment.screens(&["commit", "set valve.threshold 55"]),
        str![[r#"
$ valvecfg commit
------- stderr -------
error[VC006]: `signal` needs either `pid-file` or `process`, to say to whom
  --> valvecfg.toml:11:10
   |
11 | notify = [{ signal = "SIGHUP" }]
   |          ^^^^^^^^^^^^^^^^^^^^^^^
   |
help: mend valvecfg.toml, or take back what is recorded with `git checkout -- valvecfg.toml`
[exit 1]

$ valvecfg set valve.threshold 55
------- stderr -------
error[VC006]: `signal` needs either `pid-file` or `process`, to say to whom
  --> valvecfg.toml:11:10
   |
11 | notify = [{ signal = "SIGHUP" }]
   |          ^^^^^^^^^^^^^^^^^^^^^^^
   |
help: mend valvecfg.toml, or take back what is recorded with `git checkout -- valvecfg.toml`
[exit 1]
"#]]
    );
    environment.edit(
        "valvecfg.toml",
        "signal = \"SIGHUP\"",
        "signal = \"SIGHUP\", pid_file = \"/run/valve.pid\"",
    );
    assert_screen!(
        environment.screens(&["commit"]),
        str![[r#"
$ valvecfg commit
------- stderr -------
error[VC104]: `plugins.valve.notify[0].pid_file` is not a known key
  --> valvecfg.toml:11:32
   |
11 | notify = [{ signal = "SIGHUP", pid_file = "/run/valve.pid" }]
   |                                ^^^^^^^^ the schema does not declare it
   |
   = note: known keys: signal, pid-file, process, systemd, action, command, timeout
help: did you mean `pid-file`? mend valvecfg.toml, or take back what is recorded with `git checkout -- valvecfg.toml`
[exit 1]
"#]]
    );
}

#[test]
fn what_a_change_needs_is_said() {
    let environment = told_by("exit 0", "");
    environment.edit(
        "valvecfg.toml",
        "command = [\"../tell\"], timeout = \"2s\"",
        "signal = \"SIGHUP\", pid-file = \"../valve.pid\"",
    );
    environment.succeed(&["commit"]);
    let screens = environment.screens(&["set valve.mqtt.keep_alive 45", "set valve.threshold 55"]);
    assert_screen!(
        screens,
        str![[r#"
$ valvecfg set valve.mqtt.keep_alive 45
valve.mqtt.keep_alive 30 -> 45
saved as [rev 1]
------- stderr -------
valve is not running (there is no [STORE]/../valve.pid); it reads its settings when it starts

$ valvecfg set valve.threshold 55
valve.threshold 60 -> 55
saved as [rev 2]
------- stderr -------
valve is not running (there is no [STORE]/../valve.pid); it reads its settings when it starts
"#]]
    );
    let environment = TestEnvironment::gateway();
    assert_screen!(
        environment.screens(&["set valve.mqtt.keep_alive 45", "set valve.mqtt.keep_alive 50 --json"]),
        str![[r#"
$ valvecfg set valve.mqtt.keep_alive 45
valve.mqtt.keep_alive 30 -> 45
saved as [rev 1]
------- stderr -------
nothing here tells valve; it takes effect after a restart of it

$ valvecfg set valve.mqtt.keep_alive 50 --json
{"revision":"[rev 2]","changes":[{"key":"valve.mqtt.keep_alive","before":45,"after":50}],"files":[],"absorbed":null,"dry_run":false,"confirmation":null,"warnings":[],"deliveries":[{"plugin":"valve","revision":"[rev 2]","state":"untold","reason":null,"since":null,"told":null,"running":null,"need":"restart","restart":"valve","ways":[]}]}
------- stderr -------
nothing here tells valve; it takes effect after a restart of it
"#]]
    );
}

/// The revisions that the plugin was told of, and the one that is recorded last.
fn told_and_last(environment: &TestEnvironment) -> (Vec<String>, String) {
    let told = fs::read(environment.folder().join("told")).unwrap_or_default();
    let told = String::from_utf8(told).unwrap().lines().map(str::to_owned).collect();
    let last = environment.git_succeed(&["rev-parse", "main"]).trim().to_owned();
    (told, last)
}

#[test]
fn a_plugin_is_told_of_what_was_not_confirmed_in_time_by_who_takes_it_back() {
    let environment = told_by("echo $VALVECFG_REVISION >> ../told", "");
    environment.succeed(&["set", "valve.threshold", "55", "--confirm-within", "10m"]);
    let (told, made) = told_and_last(&environment);
    assert_eq!(told.last(), Some(&made));
    // The guard sees that it is written anew.
    make_due(&environment);
    wait_for("what it is told", || {
        let (told, last) = told_and_last(&environment);
        last != made && told.last() == Some(&last)
    });
    let (again, last) = told_and_last(&environment);
    assert_eq!(again, [told, vec![last]].concat());
    assert_eq!(environment.succeed(&["get", "valve.threshold"]), "60\n");
}

#[test]
fn a_reader_that_takes_it_back_runs_nothing_and_the_next_change_does() {
    let environment = told_by("echo $VALVECFG_REVISION >> ../told", "");
    let _watch = watched(&environment);
    environment.succeed(&["set", "valve.threshold", "55", "--confirm-within", "10m"]);
    make_due(&environment);
    let (told, _) = told_and_last(&environment);
    assert_eq!(environment.succeed(&["get", "valve.threshold"]), "60\n");
    let (unchanged, taken_back) = told_and_last(&environment);
    assert_eq!(unchanged, told);
    environment.succeed(&["set", "heating.target", "21"]);
    let (again, last) = told_and_last(&environment);
    assert_eq!(again.len(), told.len() + 1);
    assert!([&taken_back, &last].contains(&again.last().unwrap()), "{again:?}");
}
