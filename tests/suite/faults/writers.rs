//! Many at once: every change is in the history or its writer was told, and readers never see half of one.

use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use super::{everything, memory, oracle, report};
use crate::environment::{Screen, TestEnvironment, VALVECFG};

const WRITERS: usize = 8;

fn rounds() -> usize {
    if everything() { 100 } else { 12 }
}

/// A store with one integer for each writer and one for all.
fn counters() -> TestEnvironment {
    let environment = TestEnvironment::empty_in(&memory());
    environment.succeed(&["init", "store"]);
    let schema = environment.folder().join("1.schema.json");
    let text = br#"{"type": "object", "additionalProperties": {"type": "integer"}}"#;
    std::io::Write::write_all(&mut std::fs::File::create(&schema).unwrap(), text).unwrap();
    let lines: Vec<String> = (0..WRITERS).map(|writer| format!("own_{writer} = 0\n")).collect();
    let lines = lines.concat();
    let settings = environment.folder().join("counter.toml");
    let text = format!("all = 0\n{lines}");
    std::io::Write::write_all(&mut std::fs::File::create(&settings).unwrap(), text.as_bytes()).unwrap();
    let (schema, settings) = (schema.to_str().unwrap(), settings.to_str().unwrap());
    environment.succeed(&["plugin", "add", "counter", "--schema", schema, "--settings", settings]);
    environment
}

fn revisions(environment: &TestEnvironment) -> usize {
    let count = environment.git_succeed(&["rev-list", "--count", "main"]);
    count.trim_end().parse().unwrap()
}

#[test]
fn eight_writers_of_different_keys_lose_nothing() {
    let environment = counters();
    let before = revisions(&environment);
    thread::scope(|scope| {
        for writer in 0..WRITERS {
            let environment = &environment;
            scope.spawn(move || {
                for round in 1..=rounds() {
                    environment.succeed(&["set", &format!("counter.own_{writer}"), &round.to_string()]);
                }
            });
        }
    });
    for writer in 0..WRITERS {
        let value = environment.succeed(&["get", &format!("counter.own_{writer}")]);
        assert_eq!(value, format!("{}\n", rounds()));
    }
    assert_eq!(revisions(&environment) - before, WRITERS * rounds());
    let merges = environment.git_succeed(&["rev-list", "--count", "--merges", "main"]);
    assert_eq!(merges, "0\n", "the history is a line");
    oracle::check_repository(&environment, "many writers");
    oracle::check_leftovers(&environment, "many writers");
    report(
        "many writers",
        &format!("{} of {} changes present", WRITERS * rounds(), WRITERS * rounds()),
    );
}

#[test]
fn eight_writers_of_one_counter_lose_no_increment() {
    let environment = counters();
    let before = revisions(&environment);
    let conflicts: usize = thread::scope(|scope| {
        let increment = || {
            let mut conflicts = 0;
            for _ in 0..rounds() {
                loop {
                    let now = environment.succeed(&["get", "counter.all"]);
                    let next = now.trim_end().parse::<u64>().unwrap() + 1;
                    let screen =
                        environment.run(&["set", "counter.all", &next.to_string(), "--expect", now.trim_end()]);
                    match screen.code() {
                        Some(0) => break,
                        Some(4) => conflicts += 1,
                        _ => panic!("{screen}"),
                    }
                }
            }
            conflicts
        };
        let writers: Vec<_> = (0..WRITERS).map(|_| scope.spawn(increment)).collect();
        writers.into_iter().map(|writer| writer.join().unwrap()).sum()
    });
    let total = WRITERS * rounds();
    assert_eq!(environment.succeed(&["get", "counter.all"]), format!("{total}\n"));
    assert_eq!(revisions(&environment) - before, total);
    report(
        "one counter",
        &format!("{total} of {total} increments, {conflicts} conflicts told"),
    );
}

#[test]
fn readers_beside_a_writer_always_see_a_whole_value() {
    let environment = TestEnvironment::gateway_in(&memory());
    let done = AtomicBool::new(false);
    let reads: usize = thread::scope(|scope| {
        let read = || {
            let mut reads = 0;
            while !done.load(Ordering::Relaxed) {
                let value = environment.succeed(&["get", "valve.threshold"]);
                let value: u32 = value.trim_end().parse().unwrap();
                assert!((50..=60).contains(&value), "{value}");
                // The whole file, as another program would read it.
                let text = String::from_utf8(environment.read("plugins/valve.toml")).unwrap();
                assert!(
                    text.starts_with("#:schema") && text.ends_with("inverted = true\n"),
                    "{text}"
                );
                reads += 1;
            }
            reads
        };
        let readers = [scope.spawn(read), scope.spawn(read)];
        for round in 0..rounds() * 2 {
            environment.succeed(&["set", "valve.threshold", &(50 + round % 10).to_string()]);
        }
        done.store(true, Ordering::Relaxed);
        readers.into_iter().map(|reader| reader.join().unwrap()).sum()
    });
    assert_ne!(reads, 0);
}

/// Ends what runs beside a test, also where the test fails.
struct AtEnd<'d>(&'d AtomicBool);

impl Drop for AtEnd<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[test]
fn git_maintenance_in_the_middle_corrupts_nothing() {
    let environment = TestEnvironment::gateway_in(&memory());
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            // Some of them refuse, since the objects are precious. None of them may break anything.
            let maintenance: [&[&str]; 6] = [
                &["gc", "--prune=now", "--quiet"],
                &["repack", "-a", "--quiet"],
                &["prune-packed"],
                &["pack-refs", "--all"],
                &["repack", "-a", "-d", "--quiet"],
                &["prune", "--expire=now"],
            ];
            for arguments in maintenance.iter().cycle() {
                if done.load(Ordering::Relaxed) {
                    break;
                }
                environment.git(arguments);
            }
        });
        let _end = AtEnd(&done);
        for round in 0..rounds() * 2 {
            environment.succeed(&["set", "valve.threshold", &(40 + round % 10).to_string()]);
        }
    });
    oracle::check_repository(&environment, "git gc");
    oracle::check_leftovers(&environment, "git gc");
}

#[test]
fn commits_of_a_user_in_between_are_kept() {
    let environment = TestEnvironment::gateway_in(&memory());
    let mut committed = 0;
    thread::scope(|scope| {
        let sets = scope.spawn(|| {
            for round in 0..rounds() * 2 {
                let value = (40 + round % 10).to_string();
                // Where the user is faster, the writer begins anew.
                environment.succeed(&["set", "valve.threshold", &value]);
                assert_eq!(environment.succeed(&["get", "valve.threshold"]).trim_end(), value);
            }
        });
        while committed < 20 && !sets.is_finished() {
            environment.write("notes.txt", format!("{committed}\n"));
            let added = environment.git(&["add", "notes.txt"]).status.success();
            // It fails where we hold the lock or were first; then git says so.
            if added
                && environment
                    .git(&["commit", "--quiet", "-m", "a note", "--", "notes.txt"])
                    .status
                    .success()
            {
                committed += 1;
            }
            // Without a pause git is faster most of the time, and a set takes seconds.
            thread::sleep(std::time::Duration::from_millis(50));
        }
    });
    let log = environment.git_succeed(&["log", "--format=%s", "main"]);
    assert_eq!(log.lines().filter(|line| *line == "a note").count(), committed);
    environment.succeed(&["set", "valve.threshold", "77"]);
    environment.git(&["add", "notes.txt"]);
    environment.git(&["commit", "--quiet", "-m", "the last note"]);
    environment.succeed(&["set", "valve.threshold", "78"]);
    oracle::check_repository(&environment, "commits in between");
    report(
        "commits in between",
        &format!("{committed} commits of a user, {} sets", rounds() * 2),
    );
}

#[test]
fn eight_inits_of_one_folder_make_one_store() {
    for _ in 0..if everything() { 20 } else { 3 } {
        let environment = TestEnvironment::empty_in(&memory());
        let screens: Vec<Screen> = thread::scope(|scope| {
            let inits: Vec<_> = (0..WRITERS)
                .map(|_| {
                    scope.spawn(|| {
                        let mut init = environment.command(VALVECFG);
                        environment.screen(init.current_dir(environment.folder()).args(["init", "store"]))
                    })
                })
                .collect();
            inits.into_iter().map(|init| init.join().unwrap()).collect()
        });
        let shown: String = screens.iter().map(ToString::to_string).collect();
        assert!(screens.iter().all(|screen| screen.status.success()), "{shown}");
        let made = screens
            .iter()
            .filter(|screen| screen.stdout.contains("made a store"))
            .count();
        let late = screens
            .iter()
            .filter(|screen| screen.stderr.contains("is a store already"))
            .count();
        assert_eq!((made, late), (1, WRITERS - 1), "{shown}");
        oracle::check_leftovers(&environment, "eight inits");
        environment.git_succeed(&["fsck", "--strict"]);
    }
}

/// A set that waits for a lock of git's, begun in the background.
fn waiting_set(environment: &TestEnvironment, key: &str, value: &str) -> Child {
    let mut set: Command = environment.command(VALVECFG);
    let child = set
        .args(["set", key, value])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let journal = environment.path(".git/valvecfg/journal");
    let mut child = child.unwrap();
    while !journal.exists() {
        assert!(child.try_wait().unwrap().is_none(), "it did not wait");
        thread::yield_now();
    }
    child
}

#[test]
fn a_set_waits_for_a_git_that_holds_the_index() {
    let environment = TestEnvironment::gateway_in(&memory());
    environment.write(".git/index.lock", "");
    let set = waiting_set(&environment, "valve.threshold", "55");
    std::fs::remove_file(environment.path(".git/index.lock")).unwrap();
    let screen = environment.shown(set.wait_with_output().unwrap());
    assert!(screen.status.success(), "{screen}");
    oracle::check_repository(&environment, "a held index");
}

#[test]
fn objects_that_a_user_s_commit_came_to_rely_on_stay() {
    let environment = TestEnvironment::gateway_in(&memory());
    environment.edit("plugins/valve.toml", "poll_interval = 15", "poll_interval = 20");
    environment.write(".git/index.lock", "");
    let mut set = waiting_set(&environment, "valve.threshold", "55");
    let edited = environment.git_succeed(&["hash-object", "plugins/valve.toml"]);
    let placed = environment.path(&format!(".git/objects/{}/{}", &edited[..2], edited[2..].trim_end()));
    while !placed.exists() {
        assert!(set.try_wait().unwrap().is_none(), "it did not wait");
        thread::yield_now();
    }
    // The user commits the same hand edit; git finds its content there already.
    let commit = "export GIT_INDEX_FILE=.git/other-index; git read-tree main && git add plugins/valve.toml && \
        git update-ref refs/heads/main $(git commit-tree -p main -m 'by hand' $(git write-tree)) && \
        mv .git/other-index .git/index && rm .git/index.lock";
    let committed = environment.screen(environment.command("sh").args(["-c", commit]));
    assert!(committed.status.success(), "{committed}");
    let screen = environment.shown(set.wait_with_output().unwrap());
    assert!(screen.status.success(), "{screen}");
    oracle::check_repository(&environment, "a commit of the same hand edit");
    assert!(
        String::from_utf8(environment.read("plugins/valve.toml"))
            .unwrap()
            .contains("threshold = 55")
    );
}

#[test]
fn a_stale_lock_of_another_program_is_named_and_left_alone() {
    let environment = TestEnvironment::gateway_in(&memory());
    environment.write(".git/refs/heads/main.lock", "");
    let screen = environment.run(&["set", "valve.threshold", "55"]);
    assert_eq!(screen.code(), Some(3), "{screen}");
    assert!(
        screen
            .stderr
            .contains("another git program holds [STORE]/.git/refs/heads/main.lock"),
        "{screen}"
    );
    assert!(
        screen.stderr.contains("rm [STORE]/.git/refs/heads/main.lock"),
        "{screen}"
    );
    assert!(environment.path(".git/refs/heads/main.lock").exists());
    assert_eq!(environment.succeed(&["get", "valve.threshold"]), "60\n");
    std::fs::remove_file(environment.path(".git/refs/heads/main.lock")).unwrap();
    environment.succeed(&["set", "valve.threshold", "55"]);
    oracle::check_repository(&environment, "a stale lock");
    oracle::check_leftovers(&environment, "a stale lock");
}
