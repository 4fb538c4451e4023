//! Guards that are killed, timers of systemd, clocks that jump, and a confirmation that comes in the last moment: what
//! is not confirmed in time is taken back once, and what is confirmed never.

use std::fs;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};
use serde_json::json;

use super::{memory, report, skip};
use crate::confirmation::{CONFIRMATION, alter, make_due, wait_for, watched};
use crate::environment::{Screen, TestEnvironment, VALVECFG};

const SET: [&str; 5] = ["set", "valve.threshold", "55", "--confirm-within", "10m"];

/// How often a revision was taken back. Looked for with git, which makes up nothing.
pub(super) fn taken_back(environment: &TestEnvironment) -> usize {
    let trailers = environment.git_succeed(&["log", "--format=%(trailers:key=Takes-Back,valueonly)", "main"]);
    trailers.lines().filter(|line| !line.is_empty()).count()
}

/// The guards of a store: processes that wait for the time of one of its revisions.
pub(super) fn guards(environment: &TestEnvironment) -> Vec<PathBuf> {
    let store = environment.store();
    let is_guard = |process: &PathBuf| {
        let line = fs::read(process.join("cmdline")).unwrap_or_default();
        let words: Vec<&[u8]> = line.split(|byte| *byte == 0).collect();
        words.contains(&b"--expire".as_slice()) && words.contains(&store.as_os_str().as_encoded_bytes())
    };
    let processes = fs::read_dir("/proc").unwrap().map(|entry| entry.unwrap().path());
    processes.filter(is_guard).collect()
}

#[track_caller]
pub(super) fn only_guard(environment: &TestEnvironment) -> PathBuf {
    // The one that started it may still be about to end.
    wait_for("one guard", || guards(environment).len() == 1);
    guards(environment).remove(0)
}

#[track_caller]
pub(super) fn kill_guard(environment: &TestEnvironment) {
    let guard = only_guard(environment);
    let number = guard.file_name().unwrap().to_str().unwrap().to_owned();
    environment.screen(environment.command("kill").args(["-9", &number]));
    wait_for("the end of the guard", || guards(environment).is_empty());
}

#[test]
fn a_guard_takes_back_what_nobody_confirms_and_ends() {
    let environment = TestEnvironment::gateway();
    let before = environment.read("plugins/valve.toml");
    environment.succeed(&["set", "valve.threshold", "55", "--confirm-within", "1s"]);
    wait_for("what takes it back", || taken_back(&environment) == 1);
    wait_for("the end of the guard", || guards(&environment).is_empty());
    assert_eq!(environment.read("plugins/valve.toml"), before);
    assert!(!environment.path(CONFIRMATION).exists());
    assert_eq!(environment.revisions(), 6);
}

#[test]
fn a_guard_ends_when_its_change_is_confirmed_and_another_one_has_its_own() {
    let environment = TestEnvironment::gateway();
    environment.succeed(&SET);
    let first = only_guard(&environment);
    environment.succeed(&["confirm"]);
    environment.succeed(&["set", "valve.threshold", "50", "--confirm-within", "10m"]);
    assert_ne!(only_guard(&environment), first);
    environment.succeed(&["rollback", "--yes"]);
    wait_for("the end of the guards", || guards(&environment).is_empty());
}

#[test]
fn a_guard_looks_again_when_its_change_is_given_another_time() {
    let environment = TestEnvironment::gateway();
    environment.succeed(&SET);
    let guard = only_guard(&environment);
    environment.succeed(&["confirm", "--extend", "1h"]);
    assert_eq!(only_guard(&environment), guard);
    assert_eq!(taken_back(&environment), 0);
    make_due(&environment);
    wait_for("what takes it back", || taken_back(&environment) == 1);
    wait_for("the end of the guard", || guards(&environment).is_empty());
}

#[test]
fn a_guard_ends_with_its_store() {
    let environment = TestEnvironment::gateway();
    environment.succeed(&SET);
    only_guard(&environment);
    fs::remove_dir_all(environment.store()).unwrap();
    wait_for("the end of the guard", || guards(&environment).is_empty());
}

#[test]
fn a_guard_ends_where_nothing_was_recorded_that_it_could_take_back() {
    let environment = TestEnvironment::gateway();
    // Git's lock keeps it from being recorded, after the guard was started.
    environment.write(".git/index.lock", "");
    let mut command = environment.command("timeout");
    command.args(["-s", "KILL", "3", VALVECFG]).args(SET);
    assert_ne!(environment.screen(&mut command).code(), Some(0));
    wait_for("the end of the guard", || guards(&environment).is_empty());
    fs::remove_file(environment.path(".git/index.lock")).unwrap();
    assert_eq!(environment.run(&["confirm"]).code(), Some(1));
    assert_eq!(environment.succeed(&["get", "valve.threshold"]), "60\n");
}

#[test]
fn a_guard_belongs_to_nobody_and_keeps_nothing_open() {
    let environment = TestEnvironment::gateway();
    environment.beside("caller.lock", "");
    let line = format!(
        "exec 9>../caller.lock; flock 9; {VALVECFG} {}; kill -9 $$",
        SET.join(" ")
    );
    let killed = environment.screen(environment.command("bash").args(["-c", &line]));
    assert!(killed.stdout.contains("saved as"), "{killed}");
    let guard = only_guard(&environment);
    assert_eq!(fs::read_link(guard.join("cwd")).unwrap(), PathBuf::from("/"));
    for (number, expected) in [("0", "/dev/null"), ("1", "/dev/null"), ("2", "/dev/null")] {
        assert_eq!(
            fs::read_link(guard.join("fd").join(number)).unwrap(),
            PathBuf::from(expected)
        );
    }
    // It takes the writer lock once, to wait for who records the change, and lets it go.
    wait_for("a guard that keeps nothing open", || {
        let open = fs::read_dir(guard.join("fd")).unwrap();
        open.filter_map(|entry| fs::read_link(entry.ok()?.path()).ok())
            .all(|path| !path.starts_with(environment.folder()))
    });
    let stat = String::from_utf8(fs::read(guard.join("stat")).unwrap()).unwrap();
    let fields: Vec<i32> = stat
        .rsplit(')')
        .next()
        .unwrap()
        .split_whitespace()
        .skip(1)
        .map(|field| field.parse().unwrap_or(0))
        .collect();
    let number: i32 = guard.file_name().unwrap().to_str().unwrap().parse().unwrap();
    let (group, session, terminal) = (fields[1], fields[2], fields[3]);
    // In a session of its own which it does not lead, so that it can never come to a terminal.
    assert!(
        session != 0 && session == group && session != number && terminal == 0,
        "{stat}"
    );
    environment.succeed(&["confirm"]);
}

#[test]
fn the_next_command_takes_back_what_a_killed_guard_did_not() {
    let environment = TestEnvironment::gateway();
    environment.succeed(&SET);
    kill_guard(&environment);
    make_due(&environment);
    assert_eq!(environment.succeed(&["get", "valve.threshold"]), "60\n");
    environment.succeed(&["get", "valve.threshold"]);
    environment.succeed(&["set", "heating.target", "21"]);
    assert_eq!(taken_back(&environment), 1);
}

#[test]
fn a_guard_tries_again_until_a_hand_edit_is_valid() {
    let environment = TestEnvironment::gateway();
    environment.succeed(&SET);
    only_guard(&environment);
    environment.edit("plugins/valve.toml", "hysteresis = 2.5", "hysteresis = 'much'");
    make_due(&environment);
    // Long enough for a first attempt, most often.
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(taken_back(&environment), 0);
    environment.edit("plugins/valve.toml", "hysteresis = 'much'", "hysteresis = 4.5");
    wait_for("what takes it back", || taken_back(&environment) == 1);
    assert_eq!(environment.succeed(&["get", "valve.hysteresis"]), "4.5\n");
}

#[test]
fn of_a_confirmation_and_the_end_of_the_time_exactly_one_happens() {
    let environment = TestEnvironment::gateway_in(&memory());
    let _watch = watched(&environment);
    let (mut confirmed, mut late) = (0, 0);
    for number in 0..100 {
        let (old, new) = (if number % 2 == 0 { "60" } else { "61" }, 30 + number % 7);
        environment.succeed(&["set", "valve.threshold", old]);
        environment.succeed(&["set", "valve.threshold", &new.to_string(), "--confirm-within", "10m"]);
        let before = taken_back(&environment);
        let now = clock_gettime(ClockId::Boottime);
        let now = now.tv_sec * 1000 + now.tv_nsec / 1_000_000;
        alter(&environment, |waiting| {
            waiting["since"]["since_boot"] = json!(now);
            // About as long as it takes to start the two.
            waiting["window"] = json!(2 + number % 20);
        });
        let start = |words: &[&str]| {
            let mut command = environment.command(VALVECFG);
            command.args(words).stdout(Stdio::piped()).stderr(Stdio::piped());
            command.spawn().unwrap()
        };
        let (one, other) = (start(&["confirm"]), start(&["get", "valve.threshold"]));
        let screen = environment.shown(one.wait_with_output().unwrap());
        other.wait_with_output().unwrap();
        let is_confirmed = screen.code() == Some(0);
        assert!(is_confirmed || screen.code() == Some(1), "{screen}");
        let value = environment.succeed(&["get", "valve.threshold"]);
        let expected = if is_confirmed { new.to_string() } else { old.to_owned() };
        assert_eq!(value.trim(), expected, "{screen}");
        assert_eq!(
            taken_back(&environment) - before,
            usize::from(!is_confirmed),
            "{screen}"
        );
        assert!(!environment.path(CONFIRMATION).exists());
        *(if is_confirmed { &mut confirmed } else { &mut late }) += 1;
    }
    report(
        "confirm in the last moment",
        &format!("{confirmed} confirmed, {late} taken back"),
    );
}

/// Runs the program on a machine that has been running for so many seconds longer.
fn later(environment: &TestEnvironment, seconds: u64, words: &[&str]) -> Option<Screen> {
    let seconds = seconds.to_string();
    let inside = ["--time", "--boottime", &seconds, "--"];
    let tried = environment.screen(environment.command("unshare").args(inside).arg("true"));
    let is_allowed = tried.status.success();
    is_allowed.then(|| environment.screen(environment.command("unshare").args(inside).arg(VALVECFG).args(words)))
}

#[test]
fn the_clock_that_goes_on_in_sleep_decides() {
    let environment = TestEnvironment::gateway();
    let _watch = watched(&environment);
    environment.succeed(&SET);
    let get = ["get", "valve.threshold"];
    let Some(sooner) = later(&environment, 500, &get) else {
        return skip("time namespaces", "unshare --time is not allowed");
    };
    assert_eq!(sooner.stdout, "55\n", "{sooner}");
    let later = later(&environment, 601, &get).unwrap();
    assert_eq!(later.stdout, "60\n", "{later}");
    assert_eq!(taken_back(&environment), 1);
}

#[test]
fn a_wall_clock_that_is_set_by_a_day_decides_nothing_within_one_boot() {
    const DAY: i64 = 86_400_000;
    for moved in [DAY, -DAY, i64::from(i32::MAX) * 1000] {
        let environment = TestEnvironment::gateway();
        let _watch = watched(&environment);
        environment.succeed(&SET);
        alter(&environment, |waiting| {
            waiting["since"]["wall"] = json!(waiting["since"]["wall"].as_i64().unwrap() + moved);
        });
        assert_eq!(environment.succeed(&["get", "valve.threshold"]), "55\n", "{moved}");
        make_due(&environment);
        assert_eq!(environment.succeed(&["get", "valve.threshold"]), "60\n", "{moved}");
        assert_eq!(taken_back(&environment), 1, "{moved}");
    }
}

#[test]
fn after_a_reboot_the_wall_clock_decides_and_more_time_has_a_guard_of_its_own() {
    let reboot = |environment: &TestEnvironment, passed: i64| {
        alter(environment, |waiting| {
            waiting["since"]["boot"] = json!("00000000-0000-0000-0000-000000000000");
            waiting["since"]["wall"] = json!(waiting["since"]["wall"].as_i64().unwrap() - passed);
            // Longer than any machine has been running.
            waiting["window"] = json!(1_u64 << 50);
        });
    };
    let environment = TestEnvironment::gateway();
    environment.succeed(&SET);
    kill_guard(&environment);
    reboot(&environment, 0);
    assert_eq!(environment.succeed(&["get", "valve.threshold"]), "55\n");
    environment.succeed(&["confirm", "--extend", "5m"]);
    only_guard(&environment);
    environment.succeed(&["confirm"]);

    environment.succeed(&["set", "valve.threshold", "50", "--confirm-within", "10m"]);
    kill_guard(&environment);
    reboot(&environment, (1 << 50) + 1);
    assert_eq!(environment.succeed(&["get", "valve.threshold"]), "55\n");
    assert_eq!(taken_back(&environment), 1);
}

#[test]
fn a_reader_without_rights_answers_what_counts_and_changes_nothing() {
    let environment = TestEnvironment::gateway();
    let Some(nobody) = environment.words_of_nobody(65534) else {
        return skip("a reader without rights", "nobody cannot be asked");
    };
    let _watch = watched(&environment);
    environment.succeed(&SET);
    make_due(&environment);
    let waiting = environment.read(CONFIRMATION);
    let ask = |words: &[&str]| {
        let mut command = environment.command(&nobody[0]);
        environment.screen(command.args(&nobody[1..]).arg(VALVECFG).args(words))
    };
    let screen = ask(&["get", "valve.threshold"]);
    assert_eq!((screen.code(), screen.stdout.as_str()), (Some(0), "60\n"), "{screen}");
    assert!(
        screen
            .stderr
            .contains("was not confirmed in time, and is not taken back yet"),
        "{screen}"
    );
    let status = ask(&["status"]);
    assert!(status.stdout.contains("valve       as recorded"), "{status}");
    assert!(
        status.stdout.contains("not confirmed in time, and to be taken back"),
        "{status}"
    );
    assert_eq!(environment.read(CONFIRMATION), waiting);
    assert_eq!(environment.succeed(&["get", "valve.threshold"]), "60\n");
    assert_eq!(taken_back(&environment), 1);
}

/// Runs a verb on a machine on which systemd seems to run, and `systemd-run` is this script.
pub(super) fn with_systemd(environment: &TestEnvironment, verb: &[&str], script: &str) -> Option<Screen> {
    use std::os::unix::fs::PermissionsExt as _;
    environment.beside("bin/systemd-run", format!("#!/bin/sh\n{script}\n"));
    let program = environment.folder().join("bin/systemd-run");
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!(
        "{}:{}",
        program.parent().unwrap().display(),
        std::env::var("PATH").unwrap()
    );
    let line = format!(
        "mount -t tmpfs none /run && mkdir -p /run/systemd/system && exec {VALVECFG} {} --json",
        verb.join(" ")
    );
    let mut command = environment.command("unshare");
    command
        .args(["--mount", "sh", "-c", &line])
        .env("PATH", path)
        .env_remove("VALVECFG_CARRIER");
    let screen = environment.screen(&mut command);
    (screen.code() == Some(0)).then_some(screen)
}

#[test]
fn a_timer_of_systemd_carries_it_where_systemd_accepts_one() {
    let environment = TestEnvironment::gateway();
    let Some(screen) = with_systemd(&environment, &SET, "printf '%s\\n' \"$@\" > ../timer") else {
        return skip("a timer of systemd", "unshare --mount is not allowed");
    };
    assert!(screen.stdout.contains(r#""carrier":"systemd""#), "{screen}");
    assert!(
        screen
            .stderr
            .contains("a timer of systemd sees to that; after a reboot"),
        "{screen}"
    );
    assert_eq!(guards(&environment), Vec::<PathBuf>::new());
    let words = String::from_utf8(fs::read(environment.folder().join("timer")).unwrap()).unwrap();
    let words: Vec<&str> = words.lines().collect();
    assert!(
        words.contains(&"--on-active=600s") && words.contains(&"--timer-property=AccuracySec=100ms"),
        "{words:?}"
    );
    let (_, program) = words.split_at(words.iter().position(|word| *word == "--").unwrap());
    assert_eq!(
        program[1..5],
        [VALVECFG, "-C", environment.store().to_str().unwrap(), "confirm"]
    );
    // What the timer starts.
    make_due(&environment);
    let mut started = environment.command(program[1]);
    let started = environment.screen(started.args(&program[2..]));
    assert_eq!(started.to_string(), "");
    assert_eq!(taken_back(&environment), 1);
    // And once more, when it is all over.
    let mut again = environment.command(program[1]);
    assert_eq!(environment.screen(again.args(&program[2..])).to_string(), "");
    assert_eq!(taken_back(&environment), 1);
}

#[test]
fn a_guard_carries_it_where_systemd_accepts_no_timer() {
    let environment = TestEnvironment::gateway();
    let Some(screen) = with_systemd(&environment, &SET, "exit 1") else {
        return skip("systemd without timers", "unshare --mount is not allowed");
    };
    assert!(screen.stdout.contains(r#""carrier":"guard""#), "{screen}");
    only_guard(&environment);
    environment.succeed(&["confirm"]);
}

#[test]
fn nothing_is_changed_where_nothing_can_be_started_that_would_take_it_back() {
    let environment = TestEnvironment::gateway();
    let mut command = environment.command(VALVECFG);
    command.args(SET).env("VALVECFG_CARRIER", "pigeon");
    let screen = environment.screen(&mut command);
    assert_eq!(screen.code(), Some(3), "{screen}");
    assert!(
        screen.stderr.contains("$VALVECFG_CARRIER is `systemd` or `guard`"),
        "{screen}"
    );
    assert_eq!(environment.succeed(&["get", "valve.threshold"]), "60\n");
    assert_eq!(environment.run(&["confirm"]).code(), Some(1));
    super::oracle::check_repository(&environment, "no carrier");
}
