//! An editor saves in the very moment in which a writer puts its own file in place, and saves again while the writer
//! puts the first save back. The last save is the one that stays, and the change is made on top of it.
//!
//! The writer is made to linger after each exchange of names, so that every moment can be met. Were one missed, the
//! test would begin anew: what it asserts holds whoever comes first.

use std::fs;
use std::path::Path;
use std::process::{Child, Stdio};
use std::thread;

use super::{memory, oracle, skip, strace};
use crate::environment::{TestEnvironment, VALVECFG};

const VALVE: &str = "plugins/valve.toml";
const STAGED: &str = "plugins/.valve.toml.valvecfg";

/// Long enough to meet a moment, in microseconds.
const LINGER: &str = "300000";

/// A run that lingers after each exchange or move of files.
fn lingering(environment: &TestEnvironment, arguments: &[&str]) -> Child {
    let mut command = environment.command("strace");
    let delay = format!("inject=renameat2:delay_exit={LINGER}");
    command.args(["-f", "-o", "/dev/null", "-e", "trace=renameat2", "-e", &delay, VALVECFG]);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command.args(arguments).spawn().unwrap()
}

/// Saves as most editors do: a new file, renamed over the old one.
fn save(environment: &TestEnvironment, poll_interval: u32) -> Vec<u8> {
    let text = TestEnvironment::gateway_in(&memory()).read(VALVE);
    let text = String::from_utf8(text).unwrap();
    let saved = text.replace("poll_interval = 15", &format!("poll_interval = {poll_interval}"));
    environment.write("plugins/valve.toml~", &saved);
    fs::rename(environment.path("plugins/valve.toml~"), environment.path(VALVE)).unwrap();
    saved.into_bytes()
}

/// Waits for a moment; `false` where the run has ended without.
fn met(child: &mut Child, moment: impl Fn() -> bool) -> bool {
    loop {
        if moment() {
            return true;
        }
        if child.try_wait().unwrap().is_some() {
            return false;
        }
        thread::yield_now();
    }
}

fn holds(environment: &TestEnvironment, path: &str, bytes: &[u8]) -> bool {
    fs::read(environment.path(path)).is_ok_and(|found| found == bytes)
}

fn is_there(environment: &TestEnvironment, path: &str) -> bool {
    Path::new(&environment.path(path)).exists()
}

#[test]
fn an_editor_that_saves_again_and_again_keeps_its_last_save() {
    if let Some(reason) = strace::is_missing() {
        return skip("saves in the middle of a set", reason);
    }
    for attempt in 1.. {
        let environment = TestEnvironment::gateway_in(&memory());
        let mut set = lingering(&environment, &["set", "valve.threshold", "55"]);
        let met_all = 'moments: {
            // Git's locks are taken, and nothing is exchanged yet.
            if !met(&mut set, || is_there(&environment, ".git/refs/heads/main.lock")) {
                break 'moments false;
            }
            let first = save(&environment, 21);
            // The writer's file is in place, and the save beside it.
            if !met(&mut set, || holds(&environment, STAGED, &first)) {
                break 'moments false;
            }
            let second = save(&environment, 22);
            // The first save is put back, over the second one, which is beside it now.
            if !met(&mut set, || holds(&environment, STAGED, &second)) {
                break 'moments false;
            }
            let third = save(&environment, 23);
            // And the second over the third.
            met(&mut set, || holds(&environment, STAGED, &third))
        };
        let screen = environment.shown(set.wait_with_output().unwrap());
        if !met_all && attempt < 5 {
            continue;
        }
        assert!(met_all, "it was too fast");
        assert!(screen.status.success(), "{screen}");
        assert_eq!(environment.succeed(&["get", "valve.poll_interval"]), "23\n", "{screen}");
        assert_eq!(environment.succeed(&["get", "valve.threshold"]), "55\n", "{screen}");
        oracle::check_repository(&environment, "saves in the middle of a set");
        oracle::check_leftovers(&environment, "saves in the middle of a set");
        break;
    }
}

#[test]
fn a_save_in_the_middle_of_a_removal_is_recorded_before_it_goes() {
    if let Some(reason) = strace::is_missing() {
        return skip("saves in the middle of a removal", reason);
    }
    for attempt in 1.. {
        let environment = TestEnvironment::gateway_in(&memory());
        let mut remove = lingering(&environment, &["plugin", "remove", "valve"]);
        let met_all = 'moments: {
            if !met(&mut remove, || is_there(&environment, ".git/refs/heads/main.lock")) {
                break 'moments false;
            }
            let first = save(&environment, 21);
            // The save is out of the way, where the old file should be, and its name is free.
            if !met(&mut remove, || holds(&environment, STAGED, &first)) {
                break 'moments false;
            }
            save(&environment, 22);
            true
        };
        let screen = environment.shown(remove.wait_with_output().unwrap());
        if !met_all && attempt < 5 {
            continue;
        }
        assert!(met_all, "it was too fast");
        assert!(screen.status.success(), "{screen}");
        assert!(!is_there(&environment, VALVE), "{screen}");
        let log = environment.git_succeed(&["log", "-p", "--format=%s", "main"]);
        assert!(
            log.contains("+poll_interval = 22"),
            "the last save is in no revision\n{log}"
        );
        oracle::check_repository(&environment, "saves in the middle of a removal");
        oracle::check_leftovers(&environment, "saves in the middle of a removal");
        break;
    }
}

/// Kills a lingering run, which strace has for a child.
fn kill(strace: &mut Child) {
    let children = format!("/proc/{0}/task/{0}/children", strace.id());
    let pids = String::from_utf8(fs::read(children).unwrap()).unwrap();
    let pid = pids.trim().parse().ok().and_then(rustix::process::Pid::from_raw);
    rustix::process::kill_process(pid.unwrap(), rustix::process::Signal::KILL).unwrap();
    strace.wait().unwrap();
}

#[test]
fn two_saves_and_a_kill_in_the_middle_of_a_set_lose_neither() {
    if let Some(reason) = strace::is_missing() {
        return skip("saves and a kill in the middle of a set", reason);
    }
    for attempt in 1.. {
        let environment = TestEnvironment::gateway_in(&memory());
        let mut set = lingering(&environment, &["set", "valve.threshold", "55"]);
        let saved = 'moments: {
            if !met(&mut set, || is_there(&environment, ".git/refs/heads/main.lock")) {
                break 'moments None;
            }
            let first = save(&environment, 21);
            if !met(&mut set, || holds(&environment, STAGED, &first)) {
                break 'moments None;
            }
            let second = save(&environment, 22);
            // The first save is back in place, and the newer one beside it.
            met(&mut set, || holds(&environment, STAGED, &second)).then_some([first, second])
        };
        let Some([first, second]) = saved else {
            set.wait().unwrap();
            assert!(attempt < 5, "it was too fast");
            continue;
        };
        kill(&mut set);
        if !holds(&environment, STAGED, &second) && attempt < 5 {
            continue;
        }
        let status = environment.succeed(&["status"]);
        assert!(holds(&environment, VALVE, &first), "{status}");
        assert!(holds(&environment, "plugins/valve.kept-1.toml", &second), "{status}");
        assert!(status.contains("plugins/valve.kept-1.toml"), "{status}");
        fs::remove_file(environment.path("plugins/valve.kept-1.toml")).unwrap();
        environment.succeed(&["set", "valve.threshold", "55"]);
        oracle::check_repository(&environment, "saves and a kill in the middle of a set");
        oracle::check_leftovers(&environment, "saves and a kill in the middle of a set");
        break;
    }
}
