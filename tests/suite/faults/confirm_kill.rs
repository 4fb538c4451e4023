//! Killed or refused at any system call, a change that has to be confirmed is either not there, or waits; and one whose
//! time is over is taken back once, or was confirmed.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::os::unix::process::ExitStatusExt as _;
use std::path::PathBuf;

use serde_json::Value as Json;
use tempfile::TempDir;

use super::errors;
use super::kill::points;
use super::strace::{self, Call, Fault};
use super::{everything, memory, oracle, report, skip};
use crate::confirmation::{CONFIRMATION, make_due};
use crate::environment::{Screen, TestEnvironment, copy_folder};

const SET: [&str; 5] = ["set", "valve.threshold", "55", "--confirm-within", "1h"];

/// Stores in all of which `watch` seems to run, so that no guard repairs what is to be looked at.
struct Watched {
    lock: File,
    folder: TempDir,
}

impl Watched {
    fn new() -> Self {
        let folder = tempfile::Builder::new()
            .prefix("valvecfg-test.")
            .tempdir_in(memory())
            .unwrap();
        let lock = File::create(folder.path().join("watch.lock")).unwrap();
        lock.try_lock().unwrap();
        Self { lock, folder }
    }

    fn path(&self) -> PathBuf {
        assert!(self.lock.metadata().unwrap().is_file());
        self.folder.path().join("watch.lock")
    }

    /// A store of the example gateway.
    fn gateway(&self) -> TestEnvironment {
        let environment = TestEnvironment::gateway_in(&memory());
        fs::hard_link(self.path(), environment.path(".git/valvecfg/watch.lock")).unwrap();
        environment
    }

    fn copy(&self, environment: &TestEnvironment) -> TestEnvironment {
        let copied = TestEnvironment::empty_in(&memory());
        copy_folder(&environment.store(), &copied.store());
        let lock = copied.path(".git/valvecfg/watch.lock");
        fs::remove_file(&lock).unwrap();
        fs::hard_link(self.path(), lock).unwrap();
        copied
    }

    /// Kills a verb before each call, and its recovery in each state that this leaves, and hands over what comes of
    /// it with whether it was acknowledged.
    fn sweep(
        &self,
        name: &str,
        prepared: &TestEnvironment,
        verb: &[&str],
        every_call: bool,
        check: &dyn Fn(&TestEnvironment, bool, &str),
    ) {
        let calls = strace::calls(&self.copy(prepared), verb);
        let (mut killed, mut recoveries) = (0, 0);
        let mut states = BTreeMap::new();
        for call in points(&calls, every_call, 1) {
            let environment = self.copy(prepared);
            let screen = strace::run(&environment, call, Fault::Kill, verb);
            let acknowledged = screen.status.success();
            assert!(
                acknowledged || screen.status.signal() == Some(9),
                "{name}: {}\n{screen}",
                call.text
            );
            killed += usize::from(!acknowledged);
            let state = (oracle::state(&environment.store()), acknowledged);
            states.entry(state).or_insert((environment, call.text.clone()));
        }
        for ((_, acknowledged), (crashed, text)) in &states {
            let fault = format!("{name} killed at {text}");
            check(&self.copy(crashed), *acknowledged, &fault);
            let recover = ["get", "valve.threshold"];
            let calls = strace::calls(&self.copy(crashed), &recover);
            let altering: Vec<&Call> = calls.iter().filter(|call| call.is_altering()).collect();
            if altering.len() < 3 {
                continue;
            }
            for call in altering.into_iter().step_by(if everything() { 3 } else { 11 }) {
                let environment = self.copy(crashed);
                let screen = strace::run(&environment, call, Fault::Kill, &recover);
                let answered = screen.status.success() || screen.status.signal() == Some(9);
                assert!(answered, "{fault}, then at {}\n{screen}", call.text);
                recoveries += 1;
                check(
                    &environment,
                    *acknowledged,
                    &format!("{fault}, its recovery at {}", call.text),
                );
            }
        }
        assert!(states.len() > 1, "{name}: no kill was near the change");
        let counts = format!(
            "{killed} points, {} distinct states, {recoveries} kills of the recovery",
            states.len()
        );
        report(&format!("kill -9, {name}"), &counts);
    }

    /// Has the system refuse each call on files of a verb, once and from there on, and hands over what comes of it.
    fn refuse(
        &self,
        name: &str,
        prepared: &TestEnvironment,
        verb: &[&str],
        check: &dyn Fn(&TestEnvironment, &Screen, &str),
    ) {
        let calls = strace::calls(&self.copy(prepared), verb);
        let faults = [Fault::Once, Fault::Always].into_iter();
        let faults: Vec<Fault> = faults.flat_map(|fault| ["EIO", "ENOSPC"].map(fault)).collect();
        let (mut tried, mut loud) = (0, 0);
        // Where that lock is not seen, a guard is started, which is looked at elsewhere.
        let sees_watch = |call: &&Call| call.text.contains("watch.lock") || call.text.contains("LOCK_SH");
        let points = errors::points(&calls).filter(|call| !sees_watch(call));
        for (at, call) in points.enumerate() {
            for (number, fault) in faults.iter().enumerate() {
                // The quick part tries one fault at every fourth call, the whole one two at each.
                let step = if everything() { 2 } else { 4 * faults.len() };
                if at % step != if everything() { number % 2 } else { 4 * number } {
                    continue;
                }
                let environment = self.copy(prepared);
                let screen = strace::run(&environment, call, *fault, verb);
                let fault = format!("{name}, {fault:?} at {}\n{screen}", call.text);
                assert!(matches!(screen.code(), Some(0 | 1 | 3 | 4 | 8)), "{fault}");
                check(&environment, &screen, &fault);
                tried += 1;
                loud += usize::from(screen.code() != Some(0));
            }
        }
        assert!(loud > 0 && loud < tried);
        report(&format!("errors, {name}"), &format!("{tried} points, {loud} loud"));
    }
}

/// How often a revision was taken back.
fn taken_back(environment: &TestEnvironment) -> usize {
    let trailers = environment.git_succeed(&["log", "--format=%(trailers:key=Takes-Back,valueonly)", "main"]);
    trailers.lines().filter(|line| !line.is_empty()).count()
}

/// What waits for confirmation, if something does.
fn waits(environment: &TestEnvironment) -> bool {
    let status: Json = serde_json::from_str(&environment.succeed(&["status", "--json"])).unwrap();
    status["confirmation"].is_object()
}

#[track_caller]
fn check_clean(environment: &TestEnvironment, fault: &str) {
    fs::remove_file(environment.path(".git/valvecfg/watch.lock")).unwrap();
    // A reader sweeps nothing.
    environment.succeed(&["set", "irrigation.max_flow", "31.0"]);
    oracle::check_leftovers(environment, fault);
    oracle::check_repository(environment, fault);
}

/// A change that was to be confirmed waits where it was recorded, and only there; and then it is taken back.
#[track_caller]
fn check_set(environment: &TestEnvironment, acknowledged: bool, fault: &str) {
    let waits = waits(environment);
    let log = environment.git_succeed(&["log", "--format=%s", "main"]);
    let recorded = log.lines().any(|subject| subject == "valve.threshold 60 -> 55");
    assert_eq!(recorded, waits, "{fault}\n{log}");
    assert!(waits || !acknowledged, "{fault}: acknowledged, and nothing waits");
    if waits {
        make_due(environment);
    }
    assert_eq!(environment.succeed(&["get", "valve.threshold"]), "60\n", "{fault}");
    assert_eq!(taken_back(environment), usize::from(waits), "{fault}");
    check_clean(environment, fault);
}

/// What was not confirmed in time is taken back, once, and nothing else.
#[track_caller]
fn check_expired(environment: &TestEnvironment, fault: &str) {
    assert_eq!(environment.succeed(&["get", "valve.threshold"]), "60\n", "{fault}");
    assert_eq!(environment.succeed(&["get", "valve.mode"]), "off\n", "{fault}");
    assert_eq!(taken_back(environment), 1, "{fault}");
    assert!(!environment.path(CONFIRMATION).exists(), "{fault}");
    assert_eq!(environment.run(&["confirm"]).code(), Some(1), "{fault}");
    check_clean(environment, fault);
}

/// What was confirmed stays, and what was not is taken back.
#[track_caller]
fn check_confirmed(environment: &TestEnvironment, acknowledged: bool, fault: &str) {
    let waits = waits(environment);
    assert!(!waits || !acknowledged, "{fault}: confirmed, and waits");
    if waits {
        make_due(environment);
    }
    let expected = if waits { "60\n" } else { "55\n" };
    assert_eq!(environment.succeed(&["get", "valve.threshold"]), expected, "{fault}");
    assert_eq!(taken_back(environment), usize::from(waits), "{fault}");
    check_clean(environment, fault);
}

impl Watched {
    /// A store in which a change waits.
    fn waiting(&self) -> TestEnvironment {
        let environment = self.gateway();
        environment.succeed(&SET);
        environment
    }

    /// A store in which its time is over, and another change was made since.
    fn due(&self) -> TestEnvironment {
        let environment = self.waiting();
        environment.succeed(&["set", "valve.mode", "off"]);
        make_due(&environment);
        environment
    }
}

#[test]
fn a_change_waits_for_confirmation_where_it_was_recorded_and_only_there() {
    if let Some(reason) = strace::is_missing() {
        return skip("kill -9 and errors, set --confirm-within", reason);
    }
    let watched = Watched::new();
    let (name, prepared) = ("set --confirm-within", watched.gateway());
    watched.sweep(name, &prepared, &SET, true, &check_set);
    watched.refuse(name, &prepared, &SET, &|environment, screen, fault| {
        check_set(environment, screen.status.success(), fault);
    });
}

#[test]
fn what_was_not_confirmed_is_taken_back_once_by_a_reader_that_is_killed_or_refused() {
    if let Some(reason) = strace::is_missing() {
        return skip("kill -9 and errors, expiry by get", reason);
    }
    let watched = Watched::new();
    let (name, verb, prepared) = ("expiry by get", ["get", "valve.threshold"], watched.due());
    watched.sweep(name, &prepared, &verb, true, &|environment, _, fault| {
        check_expired(environment, fault);
    });
    watched.refuse(name, &prepared, &verb, &|environment, screen, fault| {
        // What was changed since keeps it from answering with what stood before, unless it was taken back.
        assert!(["60\n", "55\n", ""].contains(&screen.stdout.as_str()), "{fault}");
        // Where nothing can be written, nothing can be said.
        let is_loud = !screen.stderr.is_empty() || screen.code() == Some(3);
        assert!(screen.stdout == "60\n" || is_loud, "{fault}");
        check_expired(environment, fault);
    });
}

#[test]
fn what_was_not_confirmed_is_taken_back_once_by_a_writer_that_is_killed() {
    if let Some(reason) = strace::is_missing() {
        return skip("kill -9, expiry by set", reason);
    }
    let watched = Watched::new();
    let (name, verb, prepared) = ("expiry by set", ["set", "heating.target", "21"], watched.due());
    watched.sweep(name, &prepared, &verb, false, &|environment, acknowledged, fault| {
        check_expired(environment, fault);
        let target = environment.succeed(&["get", "heating.target"]);
        let is_made = target == "21.0\n";
        assert!(is_made || !acknowledged && target == "20.5\n", "{fault}: {target}");
    });
}

#[test]
fn what_was_confirmed_is_never_taken_back_wherever_that_was_killed_or_refused() {
    if let Some(reason) = strace::is_missing() {
        return skip("kill -9 and errors, confirm", reason);
    }
    let watched = Watched::new();
    let (name, prepared) = ("confirm", watched.waiting());
    watched.sweep(name, &prepared, &["confirm"], true, &check_confirmed);
    watched.refuse(name, &prepared, &["confirm"], &|environment, screen, fault| {
        check_confirmed(environment, screen.status.success(), fault);
    });
}
