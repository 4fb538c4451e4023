//! Changes that are to prove themselves, with guards that really look: confirmed when their plugins run them and have been
//! well for a while, taken back at once where one refuses, and never both.

use std::fs;

use super::confirm::{guards, kill_guard, only_guard, taken_back, with_systemd};
use super::skip;
use crate::cli::delivery::told_by;
use crate::confirmation::{CONFIRMATION, make_due, wait_for};
use crate::environment::{Screen, TestEnvironment};

/// Well as long as no file says otherwise.
const HEALTH: &str = "health = { command = [\"sh\", \"-c\", \"test ! -e ../ill || { echo no water; exit 1; }\"], \
                      timeout = \"1s\" }";
const VALVE: &str = "plugins/valve.toml";

/// Sets the threshold, to be confirmed by health.
fn set(environment: &TestEnvironment, bake: &str) -> Screen {
    let words = [
        "set",
        "valve.threshold",
        "55",
        "--confirm-within",
        "10h",
        "--confirm-by",
        "health",
        "--bake",
        bake,
    ];
    environment.run(&words)
}

fn is_decided(environment: &TestEnvironment) -> bool {
    !environment.path(CONFIRMATION).exists() && guards(environment).is_empty()
}

/// Whether all plugins are seen to be well.
fn bakes(environment: &TestEnvironment) -> bool {
    let waiting = String::from_utf8(environment.read(CONFIRMATION)).unwrap();
    waiting.contains("\"well_since\":{")
}

/// The change stays, and was never taken back.
#[track_caller]
fn assert_confirmed(environment: &TestEnvironment) {
    wait_for("a decision", || is_decided(environment));
    assert_eq!(taken_back(environment), 0);
    assert_eq!(environment.succeed(&["get", "valve.threshold"]), "55\n");
    assert_eq!(environment.run(&["confirm"]).code(), Some(1));
}

/// The change was taken back once, for this reason.
#[track_caller]
fn assert_taken_back(environment: &TestEnvironment, before: &[u8], reason: &str) {
    wait_for("a decision", || is_decided(environment));
    assert_eq!(taken_back(environment), 1);
    assert_eq!(environment.read(VALVE), before);
    let made = environment.git_succeed(&["rev-parse", "--short=8", "main~1"]);
    let subject = environment.git_succeed(&["log", "-1", "--format=%s", "main"]);
    let expected = format!("{reason}: takes back {} valve.threshold 60 -> 55\n", made.trim());
    assert_eq!(subject, expected);
    assert_eq!(environment.run(&["confirm"]).code(), Some(1));
    super::oracle::check_repository(environment, reason);
}

#[test]
fn what_runs_and_stays_well_is_confirmed() {
    let environment = told_by("true", HEALTH);
    assert_eq!(set(&environment, "1s").code(), Some(0));
    assert_confirmed(&environment);
}

#[test]
fn what_a_plugin_refuses_is_taken_back_at_once_and_the_plugin_is_told() {
    let environment = told_by(
        "grep -q 'threshold = 55' plugins/valve.toml && { echo pump 2 does not answer; exit 1; }; echo well >> ../told",
        "",
    );
    let before = environment.read(VALVE);
    let screen = set(&environment, "1h");
    assert_eq!(screen.code(), Some(7), "{screen}");
    assert_taken_back(&environment, &before, "valve refused it: pump 2 does not answer");
    assert_eq!(environment.read_beside("told"), "well\n");
    let status = environment.succeed(&["status", "--exit-code"]);
    assert!(status.contains("; runs "), "{status}");
}

#[test]
fn what_makes_a_plugin_ill_later_is_taken_back() {
    let environment = told_by("true", HEALTH);
    let before = environment.read(VALVE);
    assert_eq!(set(&environment, "9h").code(), Some(0));
    wait_for("all to be well", || bakes(&environment));
    let status = environment.succeed(&["status"]);
    assert!(status.contains("\n          well since "), "{status}");
    environment.beside("ill", "");
    assert_taken_back(&environment, &before, "valve is not well: no water");
}

#[test]
fn a_plugin_that_acknowledges_confirms_by_its_word() {
    let environment = TestEnvironment::gateway();
    environment.edit(
        "valvecfg.toml",
        "[plugins.valve]",
        "[plugins.valve]\nacknowledges = true",
    );
    environment.succeed(&["commit"]);
    assert_eq!(set(&environment, "1s").code(), Some(0));
    only_guard(&environment);
    let status = environment.succeed(&["status"]);
    assert!(status.contains("\n          not proved yet\n"), "{status}");
    // Of the revision before it, that is no proof.
    environment.succeed(&["applied", "valve", "@~1"]);
    assert!(!bakes(&environment));
    environment.succeed(&["applied", "valve", "@"]);
    assert_confirmed(&environment);
}

#[test]
fn a_plugin_that_acknowledges_refuses_by_its_word() {
    let environment = TestEnvironment::gateway();
    environment.edit(
        "valvecfg.toml",
        "[plugins.valve]",
        "[plugins.valve]\nacknowledges = true",
    );
    environment.succeed(&["commit"]);
    let before = environment.read(VALVE);
    assert_eq!(set(&environment, "1h").code(), Some(0));
    environment.succeed(&["applied", "valve", "@"]);
    wait_for("the word to be seen", || bakes(&environment));
    environment.succeed(&["applied", "valve", "@", "--error", "24 at most"]);
    assert_taken_back(&environment, &before, "valve refused it: 24 at most");
}

#[test]
fn a_person_may_still_confirm_it_or_take_it_back() {
    let environment = told_by("true", HEALTH);
    set(&environment, "1h");
    environment.succeed(&["confirm"]);
    assert_confirmed(&environment);
    environment.succeed(&["rollback", "--yes"]);
    set(&environment, "1h");
    environment.succeed(&["rollback", "--yes"]);
    wait_for("a decision", || is_decided(&environment));
    assert_eq!(environment.succeed(&["get", "valve.threshold"]), "60\n");
}

#[test]
fn what_proves_nothing_until_its_time_is_over_is_taken_back() {
    let environment = told_by("true", HEALTH);
    let before = environment.read(VALVE);
    set(&environment, "9h");
    wait_for("all to be well", || bakes(&environment));
    make_due(&environment);
    assert_taken_back(&environment, &before, "not confirmed in time");
}

#[test]
fn without_its_guard_the_next_command_takes_it_back_when_its_time_is_over() {
    let environment = told_by("true", HEALTH);
    set(&environment, "9h");
    kill_guard(&environment);
    environment.succeed(&["status"]);
    assert_eq!(taken_back(&environment), 0);
    make_due(&environment);
    environment.succeed(&["status"]);
    assert_eq!(taken_back(&environment), 1);
}

#[test]
fn a_service_of_systemd_looks_where_systemd_accepts_one() {
    let environment = told_by("true", HEALTH);
    let verb = [
        "set",
        "valve.threshold",
        "55",
        "--confirm-within",
        "10m",
        "--confirm-by",
        "health",
        "--bake",
        "1s",
    ];
    let Some(screen) = with_systemd(&environment, &verb, "printf '%s\\n' \"$@\" > ../service") else {
        return skip("a service of systemd", "unshare --mount is not allowed");
    };
    assert!(screen.stderr.contains("a service of systemd sees to that"), "{screen}");
    let words = String::from_utf8(fs::read(environment.folder().join("service")).unwrap()).unwrap();
    let words: Vec<&str> = words.lines().collect();
    assert!(words.contains(&"--property=Restart=on-failure"), "{words:?}");
    assert!(!words.iter().any(|word| word.starts_with("--on-active")), "{words:?}");
    let (_, program) = words.split_at(words.iter().position(|word| *word == "--").unwrap());
    let mut started = environment.command(program[1]);
    assert_eq!(environment.screen(started.args(&program[2..])).to_string(), "");
    assert_confirmed(&environment);
}
