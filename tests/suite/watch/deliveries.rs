//! What is recorded reaches the running plugins, whoever recorded it and whatever went wrong before.

use rustix::process::Signal;

use super::Watching;
use crate::cli::delivery::told_by;
use crate::environment::{TestEnvironment, VALVECFG};

const VALVE: &str = "plugins/valve.toml";

/// Adds the revision to a file.
const LOG: &str = "echo \"$VALVECFG_PLUGIN $VALVECFG_REVISION $VALVECFG_KEYS\" >> ../told";

/// The next event, which must tell that a plugin was told, and how it stands then.
#[track_caller]
fn delivered(watching: &mut Watching) -> (String, String) {
    let event = watching.expect("delivered");
    let text = |field: &str| event[field].as_str().unwrap().to_owned();
    (text("plugin"), text("state"))
}

fn state(plugin: &str, state: &str) -> (String, String) {
    (plugin.to_owned(), state.to_owned())
}

#[test]
fn a_hand_edit_is_delivered_and_a_comment_is_not() {
    let environment = told_by(LOG, "");
    let mut watching = Watching::start(&environment, &[]);
    environment.edit(VALVE, "threshold = 60", "threshold = 50");
    watching.expect("recorded");
    assert_eq!(delivered(&mut watching), state("valve", "applied"));
    environment.edit(VALVE, "threshold = 50", "threshold = 50 # why");
    assert_eq!(watching.expect_recorded(), VALVE);
    environment.edit("plugins/heating.toml", "target = 20.5", "target = 20.0");
    watching.expect("recorded");
    environment.edit(VALVE, "threshold = 50", "threshold = 40");
    watching.expect("recorded");
    assert_eq!(delivered(&mut watching), state("valve", "applied"));
    assert!(watching.end().is_empty());
    let told = environment.read_beside("told");
    let keys: Vec<&str> = told.lines().filter_map(|line| line.split(' ').nth(2)).collect();
    assert_eq!(keys, ["threshold", "threshold"], "{told}");
}

#[test]
fn a_plugin_that_hangs_delays_neither_others_nor_the_watcher() {
    let environment = told_by("test $VALVECFG_PLUGIN != valve || sleep 60", "");
    environment.edit(
        "valvecfg.toml",
        "[plugins.heating]",
        "[plugins.heating]\nnotify = [{ command = [\"../tell\"] }]",
    );
    environment.succeed(&["commit"]);
    let mut watching = Watching::start(&environment, &[]);
    environment.edit(VALVE, "threshold = 60", "threshold = 50");
    watching.expect("recorded");
    for (before, after) in [("20.5", "20.0"), ("20.0", "19.5")] {
        environment.edit(
            "plugins/heating.toml",
            &format!("target = {before}"),
            &format!("target = {after}"),
        );
        watching.expect("recorded");
        assert_eq!(delivered(&mut watching), state("heating", "applied"));
    }
    assert_eq!(delivered(&mut watching), state("valve", "unreachable"));
    watching.kill();
}

#[test]
fn a_plugin_that_cannot_be_reached_is_told_again() {
    let environment = told_by("test -e ../well || sleep 60", "");
    // What another valvecfg could not deliver counts too.
    assert_eq!(environment.run(&["set", "valve.threshold", "50"]).code(), Some(7));
    let mut watching = Watching::start(&environment, &[]);
    assert_eq!(delivered(&mut watching), state("valve", "unreachable"));
    environment.beside("well", "");
    assert_eq!(delivered(&mut watching), state("valve", "applied"));
    assert!(watching.end().is_empty());
}

#[test]
fn what_somebody_commits_with_git_is_delivered() {
    let environment = told_by(LOG, "");
    environment.succeed(&["set", "valve.threshold", "55"]);
    let mut watching = Watching::start(&environment, &[]);
    watching.signal(Signal::STOP);
    environment.edit(VALVE, "threshold = 55", "threshold = 50");
    environment.git_succeed(&["commit", "-qam", "by git"]);
    watching.signal(Signal::CONT);
    assert_eq!(delivered(&mut watching), state("valve", "applied"));
    watching.kill();
    environment.edit(VALVE, "threshold = 50", "threshold = 45");
    environment.git_succeed(&["commit", "-qam", "by git, while nobody watches"]);
    let mut watching = Watching::start(&environment, &[]);
    assert_eq!(delivered(&mut watching), state("valve", "applied"));
    assert!(watching.end().is_empty());
    let head = environment.git_succeed(&["rev-parse", "main"]);
    let told = environment.read_beside("told");
    assert!(told.lines().last().unwrap().contains(head.trim()), "{told}");
}

#[test]
fn killed_between_the_commit_and_telling_it_makes_up_for_it() {
    let rounds = if crate::faults::everything() { 100 } else { 8 };
    let environment = told_by(LOG, "");
    let mut last = 60;
    for round in 0..rounds {
        let mut watching = Watching::start(&environment, &[]);
        let next = 20 + round % 40;
        environment.edit(VALVE, &format!("threshold = {last} "), &format!("threshold = {next} "));
        last = next;
        // It may have told the last one first.
        while watching.next()["event"] != "recorded" {}
        watching.kill();
    }
    let head = environment.git_succeed(&["rev-parse", "main"]);
    let is_told = |environment: &TestEnvironment| {
        let told = environment.folder().join("told");
        let told = std::fs::read(told).unwrap_or_default();
        String::from_utf8(told).unwrap().contains(head.trim())
    };
    let mut watching = Watching::start(&environment, &[]);
    if !is_told(&environment) {
        assert_eq!(delivered(&mut watching), state("valve", "applied"));
    }
    watching.end();
    assert!(is_told(&environment));
    let status = environment.succeed(&["status"]);
    assert!(status.contains("; runs "), "{status}");
}

#[test]
fn what_nobody_confirms_is_taken_back_and_delivered() {
    let environment = told_by(LOG, "");
    let mut watching = Watching::start(&environment, &[]);
    let said = environment.run(&["set", "valve.threshold", "50", "--confirm-within", "1s"]);
    assert!(said.stderr.contains("watch"), "{said}");
    let revision = environment.git_succeed(&["rev-parse", "main"]);
    let taken_back = loop {
        let next = watching.next();
        if next["event"] != "delivered" {
            break next;
        }
    };
    assert_eq!(
        (&taken_back["event"], &taken_back["revision"]),
        (&"taken-back".into(), &revision.trim().into())
    );
    assert_eq!(delivered(&mut watching), state("valve", "applied"));
    assert!(watching.end().is_empty());
    assert_eq!(environment.succeed(&["get", "valve.threshold"]).trim(), "60");
    let back = environment.git_succeed(&["rev-parse", "main"]);
    let told = environment.read_beside("told");
    assert!(told.lines().last().unwrap().contains(back.trim()), "{VALVECFG}: {told}");
}

#[test]
fn a_plugin_that_writes_its_own_settings_is_told_ever_less_often() {
    // It counts up whenever it is told, and would do so for ever.
    let count = "n=$(sed -n 's/^threshold = \\([0-9]*\\) .*/\\1/p' plugins/valve.toml | head -1); \
                 sed -i \"0,/^threshold = $n /s//threshold = $((n + 1)) /\" plugins/valve.toml; echo >> ../told";
    let environment = told_by(count, "");
    let mut watching = Watching::start(&environment, &[]);
    environment.edit(VALVE, "threshold = 60 ", "threshold = 1 ");
    while watching.next()["event"] != "warning" {}
    watching.kill();
    let told = environment.read_beside("told").lines().count();
    assert!((10..20).contains(&told), "{told}");
}

#[test]
fn what_proves_itself_is_confirmed_and_what_a_plugin_refuses_is_taken_back() {
    let refuses = "! grep -q 'threshold = 40' plugins/valve.toml || { echo 50 at least; exit 1; }";
    let environment = told_by(refuses, "health = { command = [\"true\"] }");
    let mut watching = Watching::start(&environment, &[]);
    let set = |value: &str, bake: &str| {
        let words = [
            "set",
            "valve.threshold",
            value,
            "--confirm-within",
            "10h",
            "--confirm-by",
            "health",
            "--bake",
            bake,
        ];
        let screen = environment.run(&words);
        assert!(screen.stderr.contains("`valvecfg watch` sees to that"), "{screen}");
        environment.git_succeed(&["rev-parse", "main"])
    };
    let decided = |watching: &mut Watching| loop {
        let next = watching.next();
        if next["event"] != "delivered" {
            break next;
        }
    };
    let revision = set("55", "1s");
    let confirmed = decided(&mut watching);
    assert_eq!(confirmed["event"], "confirmed", "{confirmed}");
    assert_eq!(confirmed["revision"], revision.trim());
    set("40", "1h");
    let taken_back = decided(&mut watching);
    assert_eq!(taken_back["event"], "taken-back", "{taken_back}");
    assert_eq!(taken_back["reason"], "valve refused it: 50 at least");
    watching.end();
    assert_eq!(environment.succeed(&["get", "valve.threshold"]).trim(), "55");
}
