//! Killed between the commit and the telling: whoever comes next makes up for it, so that what a plugin was told last is
//! always what is saved.

use std::fs;
use std::os::unix::process::ExitStatusExt as _;

use super::strace::{self, Call, Fault};
use super::{everything, memory, report, skip};
use crate::environment::{TestEnvironment, copy_folder};

const CHANGE: [&str; 3] = ["set", "valve.threshold", "55"];

/// A store whose plugin `valve` writes down the threshold that it finds when it is told.
fn prepared() -> TestEnvironment {
    let environment = TestEnvironment::gateway_in(&memory());
    let script = "grep -m1 ^threshold plugins/valve.toml | cut -d ' ' -f 3 >> ../told";
    environment.edit(
        "valvecfg.toml",
        "[plugins.valve]",
        &format!("[plugins.valve]\nnotify = [{{ command = [\"sh\", \"-c\", \"{script}\"] }}]"),
    );
    environment.succeed(&["commit"]);
    environment.succeed(&["set", "valve.threshold", "58"]);
    environment
}

fn copy(prepared: &TestEnvironment) -> TestEnvironment {
    let environment = TestEnvironment::empty_in(&memory());
    copy_folder(&prepared.store(), &environment.store());
    fs::copy(prepared.folder().join("told"), environment.folder().join("told")).unwrap();
    environment
}

/// The last that the plugin was told.
fn told(environment: &TestEnvironment) -> String {
    let told = environment.read_beside("told");
    told.lines().last().unwrap_or_default().to_owned()
}

#[test]
fn what_is_saved_is_told_wherever_the_change_was_killed() {
    if let Some(reason) = strace::is_missing() {
        return skip("kill -9, set that tells a plugin", reason);
    }
    let prepared = prepared();
    let calls = strace::calls(&copy(&prepared), &CHANGE);
    let altering: Vec<&Call> = calls.iter().rev().filter(|call| call.is_altering()).collect();
    let step = if everything() { 1 } else { 4 };
    let (mut killed, mut made_up) = (0, 0);
    for call in altering.into_iter().step_by(step) {
        let environment = copy(&prepared);
        let screen = strace::run(&environment, call, Fault::Kill, &CHANGE);
        killed += usize::from(screen.status.signal() == Some(9));
        let fault = format!("killed at {}", call.text);
        let before = told(&environment);
        environment.succeed(&["set", "heating.target", "21.5"]);
        let saved = environment.succeed(&["get", "valve.threshold"]);
        assert_eq!(told(&environment), saved.trim_end(), "{fault}\n{screen}");
        made_up += usize::from(before != told(&environment));
        let undelivered = environment.path(".git/valvecfg/undelivered");
        assert!(fs::read_dir(undelivered).unwrap().next().is_none(), "{fault}");
        let status = environment.succeed(&["status"]);
        assert!(status.contains("valve       as recorded; runs "), "{fault}\n{status}");
    }
    assert!(killed > 0 && made_up > 0, "{killed} killed, {made_up} made up for");
    report(
        "kill -9, set that tells a plugin",
        &format!("{killed} points, {made_up} made up for"),
    );
}
