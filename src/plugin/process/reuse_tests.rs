//! A process's number that is given to another one, which is forced in a pid namespace: the other one must never be
//! signalled.

use std::fs::File;
use std::io::Write as _;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, SystemTime};

use rustix::process::Signal;

use super::tests::{Place, Plugin, WAITS, has_namespaces};
use super::{Executable, Process, SignalError};

const ROUNDS: usize = 50;
/// More than the grain of the clocks, which tell the one from the other: ticks of 10 ms.
const GRAIN: Duration = Duration::from_millis(30);

/// Runs one of the tests that are ignored elsewhere, in a namespace where nobody else starts processes.
#[track_caller]
fn run_in_a_namespace(test: &str) {
    if !has_namespaces(test) {
        return;
    }
    let mut command = Command::new("unshare");
    command.args(["--pid", "--fork", "--mount-proc"]);
    command
        .arg(std::env::current_exe().unwrap())
        .arg("--ignored")
        .arg("--exact");
    let test = format!("plugin::process::reuse_tests::{test}");
    let output = command.arg(test).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let words = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.contains("1 passed"), "{said}\n{words}");
}

/// A plugin that has written its number down.
fn plugin(place: &Place) -> Plugin {
    let plugin = place.start("valved", WAITS);
    place.name(&plugin);
    plugin
}

fn kill(mut plugin: Plugin) {
    plugin.child.kill().unwrap();
    plugin.child.wait().unwrap();
}

/// Starts one that has a number which was another's.
fn start_as(pid: i32, place: &Place, program: &str) -> Plugin {
    loop {
        let mut last = File::options()
            .write(true)
            .open("/proc/sys/kernel/ns_last_pid")
            .unwrap();
        last.write_all((pid - 1).to_string().as_bytes()).unwrap();
        let plugin = place.start(program, WAITS);
        if plugin.pid() == pid {
            return plugin;
        }
    }
}

#[test]
fn a_number_that_is_another_ones_by_now_is_not_signalled() {
    run_in_a_namespace("given_to_another_one");
}

#[test]
fn a_process_that_ends_after_a_step_is_not_taken_for_its_successor() {
    run_in_a_namespace("given_away_after_a_step");
}

#[test]
fn a_number_that_changes_hands_while_it_is_told_is_not_signalled() {
    run_in_a_namespace("given_away_at_any_time");
}

#[test]
#[ignore = "it needs a pid namespace"]
fn given_to_another_one() {
    let place = Place::new();
    place.add("other");
    for round in 0..ROUNDS {
        let mut first = plugin(&place);
        place.named(Some("valved").filter(|_| round % 2 == 0)).unwrap();
        assert_eq!(first.answer(), "heard");
        let pid = first.pid();
        kill(first);
        assert!(place.named(None).unwrap_err().is_stopped());
        thread::sleep(GRAIN);
        // The plugin's program started anew, or another one.
        let program = if round % 4 < 2 { "valved" } else { "other" };
        let mut second = start_as(pid, &place, program);
        for named in [None, Some("valved")] {
            let error = place.named(named).unwrap_err();
            assert!(
                matches!(error, SignalError::Younger { .. } | SignalError::OtherProgram { .. }),
                "{error}"
            );
        }
        if program == "other" {
            // Where the pid file is as new as it can be, the program is still another one.
            let file = File::options().write(true).open(place.path("valve.pid")).unwrap();
            file.set_modified(SystemTime::now()).unwrap();
            let error = place.named(Some("valved")).unwrap_err();
            assert!(matches!(error, SignalError::OtherProgram { .. }), "{error}");
        }
        assert_eq!(second.answer(), "alive");
    }
}

#[test]
#[ignore = "it needs a pid namespace"]
fn given_away_after_a_step() {
    let place = Place::new();
    let program = place.path("valved");
    for round in 0..ROUNDS {
        let first = plugin(&place);
        let pid = first.pid();
        let process = Process::hold(pid).unwrap().unwrap();
        if round % 2 == 0 {
            process.check_program(&Executable::new(&program)).unwrap();
            process.check_handling(Signal::HUP).unwrap();
            assert!(process.is_there().unwrap());
        }
        kill(first);
        let mut second = start_as(pid, &place, "valved");
        // All that is looked at is the second one's, and right.
        process.check_program(&Executable::new(&program)).unwrap();
        process.check_handling(Signal::HUP).unwrap();
        assert!(!process.is_there().unwrap());
        assert!(!process.signal(Signal::HUP).unwrap());
        assert_eq!(second.answer(), "alive");
    }
}

#[test]
#[ignore = "it needs a pid namespace"]
fn given_away_at_any_time() {
    let place = Place::new();
    for round in 0..ROUNDS {
        let first = plugin(&place);
        let pid = first.pid();
        thread::sleep(GRAIN);
        let is_over = AtomicBool::new(false);
        let mut second = thread::scope(|scope| {
            scope.spawn(|| {
                while !is_over.load(Ordering::SeqCst) {
                    drop(place.named(Some("valved").filter(|_| round % 2 == 0)));
                }
            });
            kill(first);
            let second = start_as(pid, &place, "valved");
            thread::sleep(Duration::from_millis(5));
            is_over.store(true, Ordering::SeqCst);
            second
        });
        assert_eq!(second.answer(), "alive");
    }
}
