//! The disk is full, of bytes or of files: a verb that says that it is done has recorded a revision, else it names the
//! cause and has changed nothing. Whoever only reads gets an answer all the same.

use std::fs::{self, File};
use std::io::Write as _;
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use super::oracle::{self, Change, Side};
use super::strace::{self, Call, Fault};
use super::{everything, memory, report, skip};
use crate::environment::{Screen, TestEnvironment, copy_folder};

const SET: [&str; 5] = ["set", "-m", "both", "valve.threshold=55", "heating.target=21.5"];
const ROLLBACK: [&str; 5] = ["rollback", "@~2", "--yes", "-m", "both"];

/// Verbs that only read, on a store without hand edits.
const READING: [&[&str]; 11] = [
    &["get", "valve.threshold"],
    &["list"],
    &["status"],
    &["validate"],
    &["diff"],
    &["diff", "@~1"],
    &["history"],
    &["history", "valve.threshold"],
    &["show"],
    &["describe", "valve.threshold"],
    &["plugin", "list"],
];

/// The most that is left free, in pages or in files; a set needs fewer.
const MOST: u64 = 64;

/// What there is too little of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scarce {
    Bytes,
    Files,
}

/// A file system in memory that can be filled. Unmounted when it is dropped.
struct Small {
    environment: TestEnvironment,
    scarce: Scarce,
}

impl Small {
    /// With a copy of a store on it, and much room.
    fn new(scarce: Scarce, store: &TestEnvironment) -> Self {
        let environment = TestEnvironment::empty_in(&memory());
        let size = match scarce {
            Scarce::Bytes => "size=2m",
            Scarce::Files => "nr_inodes=500",
        };
        let root = environment.folder().join("disk");
        fs::create_dir(&root).unwrap();
        let mount = Command::new("mount")
            .args(["-t", "tmpfs", "-o", size, "tmpfs"])
            .arg(&root)
            .status();
        assert!(mount.unwrap().success());
        let small = Self { environment, scarce };
        copy_folder(&store.store(), &root.join("store"));
        std::os::unix::fs::symlink("disk/store", small.environment.store()).unwrap();
        small
    }

    fn is_missing() -> Option<&'static str> {
        (!rustix::process::geteuid().is_root()).then_some("not root")
    }

    fn root(&self) -> PathBuf {
        self.environment.folder().join("disk")
    }

    /// Leaves so many pages or files free.
    fn fill(&self, left: u64) {
        let now = rustix::fs::statvfs(self.root()).unwrap();
        let ballast = self.root().join("ballast");
        match self.scarce {
            Scarce::Bytes => {
                let bytes = (now.f_bavail - left) * now.f_frsize;
                let mut file = File::create(ballast).unwrap();
                file.write_all(&vec![1; usize::try_from(bytes).unwrap()]).unwrap();
            }
            Scarce::Files => {
                fs::create_dir(&ballast).unwrap();
                for number in 1..now.f_ffree - left {
                    File::create(ballast.join(number.to_string())).unwrap();
                }
            }
        }
        let now = rustix::fs::statvfs(self.root()).unwrap();
        let free = if self.scarce == Scarce::Bytes {
            now.f_bavail
        } else {
            now.f_ffree
        };
        assert_eq!(free, left);
    }

    fn make_room(&self) {
        let ballast = self.root().join("ballast");
        if self.scarce == Scarce::Bytes {
            fs::remove_file(ballast).unwrap();
        } else {
            fs::remove_dir_all(ballast).unwrap();
        }
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        let root = self.root();
        let device = |path: &std::path::Path| fs::metadata(path).map(|metadata| metadata.dev()).ok();
        if device(&root) != device(self.environment.folder()) {
            for options in [&[][..], &["--lazy"]] {
                let unmounted = Command::new("umount")
                    .args(options)
                    .arg(&root)
                    .stderr(Stdio::null())
                    .status();
                if unmounted.is_ok_and(|status| status.success()) {
                    break;
                }
            }
        }
    }
}

/// A store with two changes behind it.
fn store() -> TestEnvironment {
    let environment = TestEnvironment::gateway_in(&memory());
    environment.succeed(&["set", "valve.threshold=61", "heating.target=19.5"]);
    environment.succeed(&["set", "valve.threshold", "62"]);
    // Makes the catalogue.
    environment.succeed(&["history", "valve.threshold"]);
    environment
}

#[test]
fn a_disk_without_bytes_is_named_and_nothing_is_changed() {
    sweep(Scarce::Bytes);
}

#[test]
fn a_disk_without_files_is_named_and_nothing_is_changed() {
    sweep(Scarce::Files);
}

fn sweep(scarce: Scarce) {
    let name = format!("full disk, {scarce:?}");
    if let Some(reason) = Small::is_missing() {
        return skip(&name, reason);
    }
    let prepared = store();
    let old = oracle::settings(&prepared);
    let base = prepared.git_succeed(&["rev-parse", "main"]).trim_end().to_owned();
    let (mut done, mut loud) = (0, 0);
    for verb in [&SET, &ROLLBACK] {
        let finished = Small::new(scarce, &prepared);
        finished.environment.succeed(verb);
        let new = oracle::settings(&finished.environment);
        let change = Change {
            old: &old,
            new: &new,
            base: &base,
            subject: "both",
        };
        let levels: Vec<u64> = (0..=MOST).collect();
        let few = [0, 3, 6, 10, MOST];
        for &left in if everything() { &levels[..] } else { &few } {
            let small = Small::new(scarce, &prepared);
            small.fill(left);
            let screen = small.environment.run(verb);
            let fault = format!("{name}: {} with {left} left\n{screen}", verb.join(" "));
            let side = judge(&small, &change, &screen, &fault);
            if side == Side::Old {
                assert_readers_are_answered(&small.environment, &fault);
            }
            small.make_room();
            let after = oracle::check(&small.environment, &change, screen.status.success(), &fault);
            assert_eq!(side, after, "{fault}: it went the other way");
            *(if side == Side::New { &mut done } else { &mut loud }) += 1;
        }
    }
    assert!(done > 0 && loud > 0, "{name}: {done} done, {loud} loud");
    report(&name, &format!("{} levels: {done} done, {loud} loud", done + loud));
}

#[track_caller]
fn judge(small: &Small, change: &Change<'_>, screen: &Screen, fault: &str) -> Side {
    let log = small.environment.git_succeed(&["log", "--format=%s", "main"]);
    let recorded = log.lines().any(|subject| subject == change.subject);
    let found = oracle::settings(&small.environment);
    match screen.code() {
        Some(0) => assert!(
            recorded && found == *change.new,
            "{fault}: exit 0, and not all is there"
        ),
        Some(3) => {
            assert!(!recorded && found == *change.old, "{fault}: it failed, and has changed");
            assert!(screen.stderr.contains("No space left on device"), "{fault}");
            assert!(screen.stderr.contains("make room on the disk"), "{fault}: no way out");
        }
        Some(8) => assert!(recorded && screen.stderr.contains("No space left on device"), "{fault}"),
        _ => panic!("{fault}: it ended in no way that is promised"),
    }
    if recorded { Side::New } else { Side::Old }
}

#[track_caller]
fn assert_readers_are_answered(environment: &TestEnvironment, fault: &str) {
    for verb in READING {
        let screen = environment.run(verb);
        // `diff` between revisions says by its exit code that there is one.
        let answered = screen.status.success() || verb == ["diff", "@~1"] && screen.code() == Some(1);
        assert!(answered, "{fault}: {}\n{screen}", verb.join(" "));
        assert!(
            !screen.stderr.contains("error"),
            "{fault}: {}\n{screen}",
            verb.join(" ")
        );
    }
}

#[test]
fn with_nothing_free_those_who_read_are_answered() {
    let name = "reading from a full disk";
    if let Some(reason) = Small::is_missing() {
        return skip(name, reason);
    }
    let prepared = store();
    for scarce in [Scarce::Bytes, Scarce::Files] {
        for cached in [true, false] {
            let small = Small::new(scarce, &prepared);
            if !cached {
                fs::remove_file(small.environment.path(".git/valvecfg/catalogue")).unwrap();
            }
            small.fill(0);
            let before = oracle::state(&small.environment.store());
            assert_readers_are_answered(&small.environment, name);
            assert_eq!(small.environment.succeed(&["get", "valve.threshold"]), "62\n");
            let history = || small.environment.succeed(&["history", "valve.threshold"]);
            let expected = prepared.succeed(&["history", "valve.threshold"]);
            assert_eq!(history(), expected, "{scarce:?}, cached: {cached}");
            if cached {
                assert_eq!(
                    before,
                    oracle::state(&small.environment.store()),
                    "a reader has changed it"
                );
            }
            small.make_room();
            assert_eq!(history(), expected, "{scarce:?}, cached: {cached}");
        }
    }
}

/// What a crash left cannot be repaired where nothing can be written; readers are answered from the journal.
#[test]
fn a_crash_on_a_disk_that_is_then_full_leaves_readers_an_answer() {
    let name = "kill -9, then a full disk";
    if let Some(reason) = strace::is_missing().or_else(Small::is_missing) {
        return skip(name, reason);
    }
    let prepared = store();
    let traced = Small::new(Scarce::Bytes, &prepared);
    let old = oracle::settings(&traced.environment);
    let base = traced.environment.git_succeed(&["rev-parse", "main"]);
    let calls = strace::calls(&traced.environment, &SET);
    let new = oracle::settings(&traced.environment);
    let change = Change {
        old: &old,
        new: &new,
        base: base.trim_end(),
        subject: "both",
    };
    let killing: Vec<&Call> = calls.iter().filter(|call| call.is_altering()).collect();
    let step = if everything() { 1 } else { 17 };
    let mut tried = 0;
    for call in killing.into_iter().rev().step_by(step) {
        for scarce in [Scarce::Bytes, Scarce::Files] {
            let small = Small::new(scarce, &prepared);
            let screen = strace::run(&small.environment, call, Fault::Kill, &SET);
            assert_eq!(screen.status.signal(), Some(9), "{screen}");
            small.fill(0);
            let fault = format!("{name}: {}", call.text);
            assert_readers_are_answered(&small.environment, &fault);
            let seen = ["valve.threshold", "heating.target"].map(|key| small.environment.succeed(&["get", key]));
            let seen = seen.concat();
            assert!(
                seen == "62\n19.5\n" || seen == "55\n21.5\n",
                "{fault}: half of it is seen: {seen}"
            );
            small.make_room();
            let side = oracle::check(&small.environment, &change, false, &fault);
            assert_eq!(
                side == Side::New,
                seen == "55\n21.5\n",
                "{fault}: a reader was told otherwise"
            );
            tried += 1;
        }
    }
    report(name, &format!("{tried} crashes"));
}
