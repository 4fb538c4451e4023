//! Limits on the process: on the size of files, on open files, on memory. It works, or it says which limit is in the
//! way; it is never torn, and the next command without the limit works.

use std::os::unix::process::ExitStatusExt as _;

use super::oracle::{self, Change, Side};
use super::{everything, memory, report, skip};
use crate::environment::{Screen, TestEnvironment, VALVECFG, copy_folder};

const SET: [&str; 5] = ["set", "-m", "both", "valve.threshold=55", "heating.target=21.5"];

/// A run under one limit.
fn limited(environment: &TestEnvironment, limit: &str, sync: &str, arguments: &[&str]) -> Screen {
    let mut command = environment.command("prlimit");
    command.env("VALVECFG_SYNC", sync);
    environment.screen(command.args([limit, VALVECFG]).args(arguments))
}

fn is_missing() -> Option<&'static str> {
    let there = std::process::Command::new("prlimit").args(["--core", "true"]).output();
    (!there.is_ok_and(|output| output.status.success())).then_some("there is no prlimit")
}

/// Runs a set under each limit, and checks what comes of it. `judge` looks at a run that did not succeed. Returns how
/// many changed nothing.
fn sweep(name: &str, limits: &[String], judge: &dyn Fn(&Screen, &str)) -> usize {
    let prepared = TestEnvironment::gateway_in(&memory());
    let old = oracle::settings(&prepared);
    let base = prepared.git_succeed(&["rev-parse", "main"]).trim_end().to_owned();
    let copy = || {
        let copied = TestEnvironment::empty_in(&memory());
        copy_folder(&prepared.store(), &copied.store());
        copied
    };
    let finished = copy();
    finished.succeed(&SET);
    let new = oracle::settings(&finished);
    let change = Change {
        old: &old,
        new: &new,
        base: &base,
        subject: "both",
    };
    let mut sides = [0, 0];
    for limit in limits {
        for sync in ["filesystem", "files"] {
            let environment = copy();
            let screen = limited(&environment, limit, sync, &SET);
            let fault = format!("{limit}, syncing {sync}\n{screen}");
            let acknowledged = screen.status.success();
            if !acknowledged {
                judge(&screen, &fault);
            }
            let side = oracle::check(&environment, &change, acknowledged, &fault);
            assert!(
                screen.code() != Some(3) || side == Side::Old,
                "{fault}: it failed, and has recorded"
            );
            assert!(
                screen.code() != Some(8) || side == Side::New,
                "{fault}: it says recorded, and is not"
            );
            sides[usize::from(side == Side::New)] += 1;
        }
    }
    assert_ne!(sides[1], 0, "{name}: no limit lets it through");
    report(
        name,
        &format!("{} runs: {} loud, {} done", sides[0] + sides[1], sides[0], sides[1]),
    );
    sides[0]
}

#[track_caller]
fn assert_loud(screen: &Screen, words: &str, way_out: &str, fault: &str) {
    assert!(matches!(screen.code(), Some(3 | 8)), "{fault}");
    assert!(screen.stderr.contains(words), "{fault}: it does not name the cause");
    let heals = screen.stderr.contains("the next command");
    assert!(heals || screen.stderr.contains(way_out), "{fault}: no way out");
}

#[test]
fn a_limit_on_the_size_of_files_is_an_error_and_no_signal() {
    if let Some(reason) = is_missing() {
        return skip("prlimit --fsize", reason);
    }
    let few = [0, 1, 100, 700, 1 << 20];
    let many: Vec<u32> = (0..2400).step_by(60).chain([1 << 20]).collect();
    let sizes = if everything() { &many[..] } else { &few };
    let limits: Vec<String> = sizes.iter().map(|size| format!("--fsize={size}")).collect();
    let loud = sweep("prlimit --fsize", &limits, &|screen, fault| {
        assert_loud(screen, "File too large", "ulimit -f", fault);
    });
    assert_ne!(loud, 0);
}

#[test]
fn a_limit_on_open_files_is_named() {
    if let Some(reason) = is_missing() {
        return skip("prlimit --nofile", reason);
    }
    let few = [3, 6, 8, 64];
    let many: Vec<u32> = (3..=24).chain([64]).collect();
    let numbers = if everything() { &many[..] } else { &few };
    let limits: Vec<String> = numbers.iter().map(|number| format!("--nofile={number}")).collect();
    let loud = sweep("prlimit --nofile", &limits, &|screen, fault| {
        assert_loud(screen, "Too many open files", "ulimit -n", fault);
    });
    assert_ne!(loud, 0);
}

/// What suffices to load the program may suffice for all of it. Where memory ends in the midst of Rust code the process is ended, aloud: that is a kill, and nothing is torn.
#[test]
fn a_limit_on_memory_tears_nothing() {
    if let Some(reason) = is_missing() {
        return skip("prlimit --as", reason);
    }
    let mebibytes = |number: u32| format!("--as={}", number << 20);
    let probe = TestEnvironment::empty_in(&memory());
    // Below this, the kernel cannot even load the program.
    let least = (1..400).find(|number| {
        limited(&probe, &mebibytes(*number), "files", &["--version"])
            .status
            .success()
    });
    let least = least.unwrap();
    let step = if everything() { 1 } else { 6 };
    let limits: Vec<String> = (0..24)
        .step_by(step)
        .map(|more| mebibytes(least + more))
        .chain([mebibytes(1024)])
        .collect();
    sweep("prlimit --as", &limits, &|screen, fault| match screen.status.signal() {
        None => assert_loud(screen, "llocate memory", "ulimit -v", fault),
        // The allocator's own words, or those of Rust's runtime where a thread begins.
        Some(6) => assert!(
            screen.stderr.contains("memory allocation of") || screen.stderr.contains("llocate memory"),
            "{fault}"
        ),
        Some(_) => panic!("{fault}: a crash"),
    });
}
