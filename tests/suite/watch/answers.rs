//! Plugins answer through the watcher's socket.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::fd::AsRawFd as _;
use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;

use serde_json::{Value as Json, json};

use super::Watching;
use crate::environment::TestEnvironment;

const SOCKET: &str = ".git/valvecfg/watch.sock";

/// Says these lines, and returns what is answered.
pub(super) fn say(environment: &TestEnvironment, lines: &[String]) -> Vec<Json> {
    let mut stream = UnixStream::connect(environment.path(SOCKET)).unwrap();
    for line in lines {
        writeln!(stream, "{line}").unwrap();
    }
    stream.shutdown(std::net::Shutdown::Write).unwrap();
    let replies = BufReader::new(stream).lines();
    replies
        .map(|reply| serde_json::from_str(&reply.unwrap()).unwrap())
        .collect()
}

fn head(environment: &TestEnvironment) -> String {
    environment.git_succeed(&["rev-parse", "main"]).trim().to_owned()
}

#[test]
fn a_plugin_says_that_it_runs_a_revision_or_why_it_does_not() {
    let environment = TestEnvironment::gateway();
    environment.succeed(&["set", "valve.threshold", "50"]);
    let before = head(&environment);
    environment.succeed(&["set", "valve.threshold", "40"]);
    let latest = head(&environment);
    let mut watching = Watching::start(&environment, &[]);
    let word = |revision: &str| json!({ "plugin": "valve", "revision": revision, "applied": true }).to_string();
    let refusal = json!({ "plugin": "valve", "revision": latest, "applied": false, "reason": "pump 2 is dry" });
    let replies = say(
        &environment,
        &[word(&before), refusal.to_string(), word(&latest), word(&before)],
    );
    let taken = |revision: &str, refused: Option<&str>, is_latest: bool| {
        json!({
            "accepted": true, "plugin": "valve", "revision": revision, "refused": refused, "is_latest": is_latest,
        })
    };
    assert_eq!(replies[0], taken(&before, None, false));
    assert_eq!(replies[1], taken(&latest, Some("pump 2 is dry"), true));
    assert_eq!(replies[2], taken(&latest, None, true));
    // An older word never clears a newer one.
    assert_eq!(replies[3]["accepted"], false);
    let uid = rustix::process::getuid().as_raw();
    for (revision, refused) in [(&before, None), (&latest, Some("pump 2 is dry")), (&latest, None)] {
        let event = watching.expect("answered");
        assert_eq!((&event["plugin"], &event["uid"]), (&json!("valve"), &json!(uid)));
        assert_eq!(
            (&event["revision"], &event["refused"]),
            (&json!(revision), &json!(refused))
        );
    }
    assert!(watching.end().is_empty());
    assert!(!environment.path(SOCKET).exists(), "it goes with the watcher");
}

#[test]
fn what_is_no_answer_is_refused_and_keeps_nobody_waiting() {
    let environment = TestEnvironment::gateway();
    let head = head(&environment);
    let mut watching = Watching::start(&environment, &[]);
    let metadata = fs::symlink_metadata(environment.path(SOCKET)).unwrap();
    assert!(metadata.file_type().is_socket());
    assert_eq!(metadata.permissions().mode() & 0o777, 0o660);
    // Some that say nothing, and one that never ends its line.
    let silent: Vec<UnixStream> = (0..8)
        .map(|_| UnixStream::connect(environment.path(SOCKET)).unwrap())
        .collect();
    let mut endless = UnixStream::connect(environment.path(SOCKET)).unwrap();
    endless.write_all(&[b' '; 5000]).unwrap();
    let mut nothing = String::new();
    // It is hung up on: an end, or a reset where not all was read.
    drop(endless.read_to_string(&mut nothing));
    assert_eq!(nothing, "");
    let replies = say(
        &environment,
        &[
            "valve is fine".to_owned(),
            json!({ "plugin": "pump", "revision": head, "applied": true }).to_string(),
            json!({ "plugin": "valve", "revision": "ffffffffff", "applied": true }).to_string(),
            json!({ "plugin": "valve", "revision": head, "applied": true, "password": "x" }).to_string(),
            json!({ "plugin": "valve", "revision": head, "applied": true }).to_string(),
        ],
    );
    let accepted: Vec<&Json> = replies.iter().map(|reply| &reply["accepted"]).collect();
    assert_eq!(accepted, [false, false, false, false, true]);
    let error = replies[1]["error"].as_str().unwrap();
    assert!(error.contains("there is no plugin `pump`"), "{error}");
    watching.expect("answered");
    drop(silent);
    assert!(watching.end().is_empty());
}

#[test]
fn a_path_that_is_too_long_for_a_socket_is_none() {
    let environment = TestEnvironment::gateway();
    let deep = environment.folder().join("a".repeat(90)).join("b".repeat(90));
    fs::create_dir_all(&deep).unwrap();
    fs::rename(environment.store(), deep.join("store")).unwrap();
    let start = || {
        let mut command = environment.command(crate::environment::VALVECFG);
        command.current_dir(deep.join("store")).args(["watch", "--json"]);
        Watching::run(&mut command)
    };
    // What a crash leaves is in nobody's way.
    start().kill();
    let mut watching = start();
    let folder = fs::File::open(deep.join("store/.git/valvecfg")).unwrap();
    let short = PathBuf::from(format!("/proc/self/fd/{}/watch.sock", folder.as_raw_fd()));
    let mut stream = UnixStream::connect(short).unwrap();
    writeln!(
        stream,
        "{}",
        json!({ "plugin": "valve", "revision": "@", "applied": true })
    )
    .unwrap();
    stream.shutdown(std::net::Shutdown::Write).unwrap();
    let mut reply = String::new();
    stream.read_to_string(&mut reply).unwrap();
    assert!(
        reply.starts_with("{\"accepted\":true,") && reply.ends_with("}\n"),
        "{reply}"
    );
    watching.expect("answered");
    assert!(watching.end().is_empty());
}

#[test]
fn who_may_not_write_in_the_store_is_heard_through_the_socket() {
    let environment = TestEnvironment::gateway();
    let head = head(&environment);
    let group = rustix::process::getegid().as_raw();
    let Some(nobody) = environment.words_of_nobody(group) else {
        return super::skip("an answer of a user without rights", "nobody cannot be asked");
    };
    let say = |revision: &str| {
        let mut command = environment.command(&nobody[0]);
        command
            .args(&nobody[1..])
            .args([crate::environment::VALVECFG, "applied", "valve", revision]);
        environment.screen(&mut command)
    };
    let denied = say("@");
    assert_eq!(denied.code(), Some(3), "{denied}");
    let mut watching = Watching::start(&environment, &[]);
    let answer = say("@");
    assert_eq!(
        (answer.code(), answer.stdout.as_str()),
        (Some(0), format!("valve runs {}\n", &head[..8]).as_str())
    );
    let event = watching.expect("answered");
    assert_eq!((&event["uid"], &event["revision"]), (&json!(65534), &json!(head)));
    let refused = say("ffffffffff");
    assert_eq!(refused.code(), Some(2), "{refused}");
    assert!(watching.end().is_empty());
}
