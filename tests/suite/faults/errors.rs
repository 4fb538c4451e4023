//! The system refuses: each error at each call on files, once and from there on. Exit 0 then means what it
//! always means; else the cause is named, and nothing has changed or the next command finishes it.
//!
//! Once and from there on are two sweeps, since libraries try again by another way what failed once.

use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::oracle::{self, Change, Settings, Side};
use super::strace::{self, Call, Fault};
use super::{everything, memory, report, skip};
use crate::environment::{Screen, TestEnvironment, copy_folder};

/// Each with the words that a person is told.
const ERRORS: [(&str, &str); 8] = [
    ("ENOSPC", "No space left on device"),
    ("EDQUOT", "quota exceeded"),
    ("EIO", "Input/output error"),
    ("EROFS", "Read-only file system"),
    ("EMFILE", "Too many open files"),
    ("EACCES", "Permission denied"),
    ("EINTR", "Interrupted system call"),
    ("ENOMEM", "annot allocate memory"),
];

const VERB: [&str; 5] = ["set", "-m", "both", "valve.threshold=55", "heating.target=21.5"];

#[test]
fn a_set_that_the_system_refuses_once_is_loud_and_changes_nothing() {
    sweep("once", Fault::Once);
}

#[test]
fn a_set_that_the_system_refuses_from_there_on_is_loud_and_changes_nothing() {
    sweep("from there on", Fault::Always);
}

fn sweep(how: &str, fault_of: fn(&'static str) -> Fault) {
    if let Some(reason) = strace::is_missing() {
        return skip(&format!("errors {how}"), reason);
    }
    let prepared = TestEnvironment::gateway_in(&memory());
    let old = oracle::settings(&prepared);
    let base = prepared.git_succeed(&["rev-parse", "main"]).trim_end().to_owned();
    let finished = copy(&prepared);
    let calls = strace::calls(&finished, &VERB);
    let new = oracle::settings(&finished);
    let change = Change {
        old: &old,
        new: &new,
        base: &base,
        subject: "both",
    };

    let (mut counts, mut breaches) = (Counts::default(), 0);
    for (at, call) in points(&calls).enumerate() {
        for (number, (error, words)) in ERRORS.into_iter().enumerate() {
            // The quick part tries one error at every fourth call, and over all calls every error.
            if !everything() && at % (4 * ERRORS.len()) != 4 * number {
                continue;
            }
            let fault = fault_of(error);
            // An interrupted call is made again, as it should be: interrupted for ever, it is made for ever.
            if matches!(fault, Fault::Always("EINTR")) {
                continue;
            }
            let environment = copy(&prepared);
            let screen = strace::run(&environment, call, fault, &VERB);
            let fault = format!("{error} {how} at {}\n{screen}", call.text);
            let judged = catch_unwind(AssertUnwindSafe(|| {
                judge(&environment, &change, &screen, call, words, &fault, &mut counts);
            }));
            breaches += usize::from(judged.is_err());
        }
    }
    assert_eq!(breaches, 0, "each is told above");
    let Counts {
        done, loud, not_live, ..
    } = counts;
    assert!(done > 0 && loud > 0);
    report(
        &format!("errors {how}"),
        &format!(
            "{} points: {done} done all the same, {loud} loud, {not_live} recorded but not yet live",
            done + loud + not_live
        ),
    );
}

/// Whether a revision is recorded may have to be read from the history, and what to put back from its objects. Where
/// these cannot be read, nothing may be concluded from it.
#[test]
fn a_recovery_that_the_system_refuses_never_goes_the_other_way() {
    let name = "errors during the recovery";
    if let Some(reason) = strace::is_missing() {
        return skip(name, reason);
    }
    let prepared = TestEnvironment::gateway_in(&memory());
    let old = oracle::settings(&prepared);
    let base = prepared.git_succeed(&["rev-parse", "main"]).trim_end().to_owned();
    let finished = copy(&prepared);
    let calls = strace::calls(&finished, &VERB);
    let new = oracle::settings(&finished);
    let change = Change {
        old: &old,
        new: &new,
        base: &base,
        subject: "both",
    };
    let moves_the_branch = |call: &Call| call.name.starts_with("rename") && call.text.contains("main.lock\", \"/");
    let publishing = calls.iter().position(moves_the_branch).unwrap();
    let after = calls[publishing + 1..].iter().find(|call| call.is_altering());
    let crash = |call: &Call| {
        let crashed = copy(&prepared);
        strace::run(&crashed, call, Fault::Kill, &VERB);
        crashed
    };
    // The files are exchanged already, and the branch is not moved.
    let not_recorded = crash(&calls[publishing]);
    // The branch is moved, and a user has committed on top since.
    let recorded = crash(after.unwrap());
    let on_top = "git update-ref refs/heads/main $(git commit-tree -p main -m 'by hand' main^{tree})";
    let committed = recorded.screen(recorded.command("sh").args(["-c", on_top]));
    assert!(committed.status.success(), "{committed}");

    let (mut refused, mut done) = (0, 0);
    for (crashed, expected) in [(&not_recorded, Side::Old), (&recorded, Side::New)] {
        assert!(oracle::settings(crashed) == new);
        let recover = ["set", "irrigation.max_flow", "31.0"];
        let recovery = strace::calls(&copy(crashed), &recover);
        let mut seen = HashSet::new();
        for (at, call) in points(&recovery).enumerate() {
            for (number, fault) in [Fault::Once("EIO"), Fault::Always("EIO")].into_iter().enumerate() {
                if !everything() && at % 32 != number * 16 {
                    continue;
                }
                let environment = copy(crashed);
                let screen = strace::run(&environment, call, fault, &recover);
                let fault = format!("{fault:?} at {}, which must be {expected:?}\n{screen}", call.text);
                assert!(matches!(screen.code(), Some(0 | 3 | 4 | 8)), "{fault}");
                if screen.status.success() {
                    done += 1;
                } else {
                    refused += 1;
                }
                if seen.insert(oracle::state(&environment.store())) {
                    let side = oracle::check(&environment, &change, false, &fault);
                    assert_eq!(side, expected, "{fault}");
                }
            }
        }
    }
    assert!(refused > 0 && done > 0);
    report(
        name,
        &format!("{} points: {done} done all the same, {refused} loud", done + refused),
    );
}

#[derive(Default)]
struct Counts {
    done: usize,
    loud: usize,
    not_live: usize,
    /// States that were found good, with the exit codes that they were left with.
    seen: HashSet<(u64, Option<i32>)>,
}

#[track_caller]
fn judge(
    environment: &TestEnvironment,
    change: &Change<'_>,
    screen: &Screen,
    call: &Call,
    words: &str,
    fault: &str,
    counts: &mut Counts,
) {
    let log = environment.git_succeed(&["log", "--format=%s", "main"]);
    let recorded = log.lines().any(|subject| subject == change.subject);
    let found: Settings = oracle::settings(environment);
    match screen.code() {
        Some(0) => {
            assert!(
                !call.name.contains("sync") || words.contains("Interrupted"),
                "{fault}: nothing was synced"
            );
            assert!(
                recorded && found == *change.new,
                "{fault}: exit 0, and not all is there"
            );
            counts.done += 1;
        }
        Some(8) => {
            assert!(recorded, "{fault}: it says recorded, and is not");
            assert!(screen.stderr.contains("recorded as"), "{fault}");
            assert_names_the_cause(screen, call, words, fault);
            counts.not_live += 1;
        }
        Some(3) if screen.stderr.contains("cannot print the answer") => counts.done += 1,
        Some(1 | 3 | 4) => {
            assert!(!recorded, "{fault}: it says that it failed, and has recorded");
            assert_names_the_cause(screen, call, words, fault);
            if !screen.stderr.contains("taking it back failed too") {
                assert!(found == *change.old, "{fault}: it failed, and has changed the files");
            }
            counts.loud += 1;
        }
        _ => panic!("{fault}: it ended in no way that is promised"),
    }
    let state = (oracle::state(&environment.store()), screen.code());
    if !counts.seen.insert(state) {
        return;
    }
    let side = oracle::check(environment, change, screen.status.success(), fault);
    assert_eq!(side == Side::New, recorded, "{fault}: recovery went the other way");
}

#[track_caller]
fn assert_names_the_cause(screen: &Screen, call: &Call, words: &str, fault: &str) {
    // Where no write succeeds any more, no words can be written either.
    if call.name == "write" && screen.stderr.is_empty() {
        return;
    }
    assert!(screen.stderr.starts_with("error"), "{fault}: it says nothing");
    // libgit2 keeps what the system said to itself at some places; then its own account must do.
    let named = screen.stderr.contains(words)
        || screen.stderr.contains("; class=")
        || screen.stderr.contains("was not read whole");
    assert!(named, "{fault}: it does not name the cause");
}

/// The calls on files that the program itself makes for a store: not those of its start, nor of its words. Left
/// out is seeding a hash table, at whose failure a dependency ends the process by itself; that is a kill, which is
/// another test.
pub(super) fn points(calls: &[Call]) -> impl Iterator<Item = &Call> {
    let begin = calls
        .iter()
        .position(|call| call.text.contains("valvecfg.toml"))
        .unwrap();
    let is_word = |call: &Call| call.text.starts_with("write(1,") || call.text.starts_with("write(2,");
    let is_seed = |call: &Call| call.text.contains("random\"");
    let mut seed = None;
    calls[begin..].iter().filter(move |call| {
        if is_seed(call) {
            seed = call
                .text
                .rsplit("= ")
                .next()
                .map(|descriptor| format!("({descriptor},"));
        } else if call.name.starts_with("open") {
            seed = None;
        }
        let reads_seed = call.name == "read" && seed.as_ref().is_some_and(|seed| call.text.contains(seed));
        call.is_on_files() && !is_word(call) && !is_seed(call) && !reads_seed
    })
}

fn copy(environment: &TestEnvironment) -> TestEnvironment {
    let copied = TestEnvironment::empty_in(&memory());
    copy_folder(&environment.store(), &copied.store());
    copied
}
