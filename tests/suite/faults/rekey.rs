//! A thousand secrets sealed anew: one revision, or none.

use std::fmt::Write as _;
use std::os::unix::process::ExitStatusExt as _;

use super::strace::{self, Call, Fault};
use super::{everything, memory, oracle, report, skip};
use crate::environment::{TestEnvironment, copy_folder};

fn secrets() -> usize {
    if everything() { 1000 } else { 100 }
}

/// A store with many secrets, sealed for one recipient.
fn many() -> TestEnvironment {
    let environment = TestEnvironment::empty_in(&memory());
    environment.succeed(&["init", "store"]);
    let schema = r#"{"type": "object", "additionalProperties": {"type": "string", "x-secret": true}}"#;
    environment.beside("net.json", schema);
    environment.beside("net.toml", "");
    environment.succeed(&[
        "plugin",
        "add",
        "net",
        "--schema",
        "../net.json",
        "--settings",
        "../net.toml",
    ]);
    environment.succeed(&["secret", "keygen"]);
    let mut text = String::new();
    for number in 0..secrets() {
        writeln!(text, "key_{number} = \"secret-{number}\"").unwrap();
    }
    environment.write("plugins/net.toml", text);
    environment.succeed(&["secret", "set", "net", "--from-file"]);
    environment
}

#[test]
fn a_rekey_is_one_revision_or_none() {
    if let Some(reason) = strace::is_missing() {
        return skip("kill -9 of a rekey", reason);
    }
    let prepared = many();
    let old = prepared.read("plugins/net.toml");
    let base = prepared.revisions();
    let copy = || {
        let copied = TestEnvironment::empty_in(&memory());
        copy_folder(&prepared.store(), &copied.store());
        std::fs::remove_dir_all(copied.folder().join("home")).unwrap();
        copy_folder(&prepared.folder().join("home"), &copied.folder().join("home"));
        copied
    };
    let finished = copy();
    let calls = strace::calls(&finished, &["secret", "rekey"]);
    assert_eq!(finished.revisions(), base + 1);
    let new = finished.read("plugins/net.toml");
    let kept = old.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    let lines: Vec<&[u8]> = new.split(|byte| *byte == b'\n').collect();
    assert!(
        kept.clone().all(|line| !lines.contains(&line)),
        "a value was left as it was"
    );
    for number in [0, secrets() - 1] {
        let value = finished.succeed(&["get", &format!("net.key_{number}"), "--reveal"]);
        assert_eq!(value, format!("secret-{number}\n"));
    }

    let altering: Vec<&Call> = calls.iter().filter(|call| call.is_altering()).collect();
    let step = if everything() { 1 } else { 6 };
    let mut sides = [0, 0];
    for call in altering.into_iter().step_by(step) {
        let environment = copy();
        let screen = strace::run(&environment, call, Fault::Kill, &["secret", "rekey"]);
        if screen.status.signal() != Some(9) {
            // Printing is the last call.
            assert!(screen.status.success(), "{}\n{screen}", call.text);
        }
        let list = environment.succeed(&["secret", "list"]);
        assert_eq!(list.matches("opens").count(), secrets(), "{}", call.text);
        let is_old = environment.read("plugins/net.toml") == old;
        assert_eq!(environment.revisions(), base + usize::from(!is_old), "{}", call.text);
        environment.succeed(&["secret", "rekey"]);
        oracle::check_repository(&environment, &call.text);
        sides[usize::from(!is_old)] += 1;
    }
    assert!(sides[0] > 0 && sides[1] > 0, "{sides:?}");
    report(
        "kill -9 of a rekey",
        &format!(
            "{} secrets, {} points: {} old, {} new",
            secrets(),
            sides[0] + sides[1],
            sides[0],
            sides[1]
        ),
    );
}
