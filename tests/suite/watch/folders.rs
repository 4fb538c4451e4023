//! The store's folder is taken away, made anew, or taken over.

use std::fs;

use super::Watching;
use crate::environment::{TestEnvironment, copy_folder};

const VALVE: &str = "plugins/valve.toml";

#[test]
fn a_store_that_is_moved_away_and_back_is_followed_again() {
    let environment = TestEnvironment::gateway();
    let away = environment.folder().join("away");
    let mut watching = Watching::start(&environment, &[]);
    fs::rename(environment.store(), &away).unwrap();
    let waiting = watching.expect("waiting");
    assert!(waiting["reason"].as_str().unwrap().ends_with("is gone"), "{waiting}");
    fs::rename(&away, environment.store()).unwrap();
    watching.expect("resumed");
    environment.edit(VALVE, "threshold = 60", "threshold = 50");
    assert_eq!(watching.expect_recorded(), "valve.threshold 60 -> 50");
    assert!(watching.end().is_empty());
}

#[test]
fn a_store_that_is_deleted_and_made_anew_is_followed_again() {
    let environment = TestEnvironment::gateway();
    let away = environment.folder().join("away");
    copy_folder(&environment.store(), &away);
    let mut watching = Watching::start(&environment, &[]);
    // The watcher may still make something in it.
    while environment.store().exists() {
        drop(fs::remove_dir_all(environment.store()));
    }
    // It goes file by file, and each that is gone may be told.
    while watching.next()["event"] != "waiting" {}
    fs::rename(&away, environment.store()).unwrap();
    while watching.next()["event"] != "resumed" {}
    environment.edit(VALVE, "threshold = 60", "threshold = 50");
    loop {
        let next = watching.next();
        if next["event"] == "recorded" {
            break;
        }
        assert_eq!(next["event"], "valid", "{next}");
    }
    // Nobody else watches the new one.
    assert_eq!(environment.run(&["watch"]).code(), Some(4));
    watching.end();
}

#[test]
fn settings_whose_folder_is_made_anew_are_followed_again() {
    let environment = TestEnvironment::gateway();
    let mut watching = Watching::start(&environment, &[]);
    let plugins = environment.path("plugins");
    let away = environment.path("away");
    fs::rename(&plugins, &away).unwrap();
    for _ in 0..3 {
        watching.expect("invalid");
    }
    fs::rename(&away, &plugins).unwrap();
    for _ in 0..3 {
        watching.expect("valid");
    }
    environment.edit(VALVE, "threshold = 60", "threshold = 50");
    assert_eq!(watching.expect_recorded(), "valve.threshold 60 -> 50");
    assert!(watching.end().is_empty());
}

#[test]
fn one_process_watches_a_store() {
    let environment = TestEnvironment::gateway();
    let watching = Watching::start(&environment, &[]);
    let second = environment.run(&["watch"]);
    let pid = watching.pid().as_raw_nonzero();
    assert_eq!(second.code(), Some(4));
    assert_eq!(
        second.stderr,
        format!(
            "error: another valvecfg watches this store: process {pid}\nhelp: one is enough; `kill {pid}` ends it\n"
        )
    );
    // A crash leaves no lock to remove.
    watching.kill();
    Watching::start(&environment, &[]).end();
}

#[test]
fn surgery_on_the_branch_is_waited_out() {
    let environment = TestEnvironment::gateway();
    let mut watching = Watching::start(&environment, &[]);
    environment.git_succeed(&["switch", "--quiet", "-c", "other"]);
    environment.edit(VALVE, "threshold = 60", "threshold = 50");
    let waiting = watching.expect("waiting");
    assert!(
        waiting["reason"].as_str().unwrap().contains("branch other"),
        "{waiting}"
    );
    environment.git_succeed(&["switch", "--quiet", "main"]);
    let (mut recorded, mut resumed) = (false, false);
    while !(recorded && resumed) {
        let next = watching.next();
        recorded |= next["event"] == "recorded";
        resumed |= next["event"] == "resumed";
    }
    assert!(watching.end().is_empty());
}
