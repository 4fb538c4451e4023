//! What the tests of confirmations need: a `watch` that seems to run, and a deadline that is over.

use std::fs::{File, TryLockError};
use std::time::{Duration, Instant};

use serde_json::{Value as Json, json};

use crate::environment::TestEnvironment;

/// What waits, and until when.
pub(crate) const CONFIRMATION: &str = ".git/valvecfg/confirmation";

/// Holds the lock that `watch` holds as long as it runs.
pub(crate) fn watched(environment: &TestEnvironment) -> File {
    let lock = File::create(environment.path(".git/valvecfg/watch.lock")).unwrap();
    match lock.try_lock() {
        Ok(()) => lock,
        Err(TryLockError::WouldBlock) => panic!("somebody watches already"),
        Err(TryLockError::Error(error)) => panic!("{error}"),
    }
}

/// Lets the time of what waits be over.
#[track_caller]
pub(crate) fn make_due(environment: &TestEnvironment) {
    alter(environment, |waiting| waiting["window"] = json!(0));
}

/// Changes what the store knows of what waits, at once.
#[track_caller]
pub(crate) fn alter(environment: &TestEnvironment, change: impl FnOnce(&mut Json)) {
    let text = String::from_utf8(environment.read(CONFIRMATION)).unwrap();
    let (_, body) = text.split_once('\n').unwrap();
    let mut waiting: Json = serde_json::from_str(body).unwrap();
    change(&mut waiting);
    let body = waiting.to_string();
    environment.beside("confirmation", &body);
    let sum = environment.git_succeed(&["hash-object", "../confirmation"]);
    environment.beside("confirmation", format!("{sum}{body}\n"));
    std::fs::rename(
        environment.folder().join("confirmation"),
        environment.path(CONFIRMATION),
    )
    .unwrap();
}

/// Waits for what must come, for as long as a machine could need for it that does much else.
#[track_caller]
pub(crate) fn wait_for(what: &str, is_there: impl Fn() -> bool) {
    let begun = Instant::now();
    while !is_there() {
        assert!(begun.elapsed() < Duration::from_mins(2), "{what} never came");
        std::thread::sleep(Duration::from_millis(20));
    }
}
