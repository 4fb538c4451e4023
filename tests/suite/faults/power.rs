//! The power fails at any moment, and just after a verb has said that it is done: what was acknowledged is there, the
//! files are old or new, and nobody has to repair anything.
//!
//! A process that is killed leaves all that it wrote to the kernel; a power cut leaves only what was synced. So the
//! program is killed at a system call, and then the disk loses what it was not told to keep.

use std::collections::HashSet;
use std::os::unix::process::ExitStatusExt as _;

use super::disk::{Disk, FileSystem, Image, put_store};
use super::oracle::{self, Change, Settings, Side};
use super::strace::{self, Call, Fault};
use super::{everything, memory, report, skip};
use crate::environment::{Screen, TestEnvironment, VALVECFG};

/// Both ways of syncing.
const MODES: [&str; 2] = ["filesystem", "files"];

/// A verb during which the power fails.
struct Scenario {
    name: &'static str,
    /// What has long been on the disk.
    prepare: fn(&TestEnvironment),
    /// A verb that has been acknowledged just before.
    before: Option<&'static [&'static str]>,
    verb: &'static [&'static str],
    subject: &'static str,
}

const SET: Scenario = Scenario {
    name: "set of two plugins",
    prepare: |_| {},
    before: None,
    verb: &["set", "-m", "both", "valve.threshold=55", "heating.target=21.5"],
    subject: "both",
};

const ROLLBACK: Scenario = Scenario {
    name: "rollback after a set",
    prepare: |_| {},
    before: Some(&["set", "valve.threshold=55", "heating.target=21.5"]),
    verb: &["rollback", "--yes", "-m", "back"],
    subject: "back",
};

#[test]
fn a_power_cut_on_ext4_loses_nothing_that_was_acknowledged() {
    sweep(FileSystem::Ext4);
}

#[test]
fn a_power_cut_on_xfs_loses_nothing_that_was_acknowledged() {
    sweep(FileSystem::Xfs);
}

fn sweep(kind: FileSystem) {
    let name = kind.name();
    if let Some(reason) = strace::is_missing().or_else(|| kind.is_missing()) {
        return skip(&format!("power cuts on {name}"), reason);
    }
    let mut counts = Counts::default();
    for scenario in [&SET, &ROLLBACK] {
        cut_a_verb(kind, scenario, &mut counts);
    }
    cut_an_init(kind, &mut counts);
    let Counts {
        killed,
        finished,
        sides,
        states,
    } = counts;
    assert!(!everything() || killed + finished >= 100, "{killed}, {finished}");
    report(
        &format!("power cuts on {name}"),
        &format!(
            "{} cuts: {killed} after a kill, {finished} after exit 0; {} distinct states ({} old, {} new)",
            killed + finished,
            states.len(),
            sides[0],
            sides[1]
        ),
    );
}

#[derive(Default)]
struct Counts {
    killed: usize,
    finished: usize,
    sides: [usize; 2],
    /// States that were found good: of which verb, and whether it was acknowledged.
    states: HashSet<(&'static str, u64, bool)>,
}

/// A moment at which the power fails.
struct Moment<'m> {
    /// The call that kills the verb; nothing where it has ended by itself.
    call: Option<&'m Call>,
    sync: &'static str,
    /// Whether another program has synced a file of its own just before.
    stranger: bool,
}

impl Moment<'_> {
    /// Runs a verb up to this moment, and cuts the power. Says whether the verb was acknowledged.
    fn run(&self, disk: &mut Disk, arguments: &[&str], counts: &mut Counts) -> (bool, String) {
        let sync = ["-E", &format!("VALVECFG_SYNC={}", self.sync)];
        let screen = match self.call {
            Some(call) => strace::run_with(&disk.environment, call, Fault::Kill, &sync, arguments),
            None => run(&disk.environment, self.sync, arguments),
        };
        let acknowledged = screen.status.success();
        let fault = format!(
            "power cut after {} at {}, syncing {}, {} stranger\n{screen}",
            arguments.join(" "),
            self.call.map_or("its end", |call| &call.text),
            self.sync,
            if self.stranger { "with a" } else { "without a" },
        );
        assert!(acknowledged || screen.status.signal() == Some(9), "{fault}");
        disk.cut(self.stranger);
        if acknowledged {
            counts.finished += 1;
        } else {
            counts.killed += 1;
        }
        (acknowledged, fault)
    }
}

fn run(environment: &TestEnvironment, sync: &str, arguments: &[&str]) -> Screen {
    environment.screen(environment.command(VALVECFG).env("VALVECFG_SYNC", sync).args(arguments))
}

/// The moments of a verb: before each call that alters the disk or syncs it, and after the end. The quick part takes
/// the syncs of one way, where most is at stake, and the end.
fn moments<'c>(calls: &'c [Call], sync: &'static str) -> Vec<Moment<'c>> {
    let wanted = |call: &&Call| call.is_sync() || everything() && call.is_altering();
    let killing = calls.iter().filter(wanted).map(Some);
    let killing = killing.enumerate().map(move |(at, call)| Moment {
        call,
        sync,
        stranger: (at % 2 == 0) == (sync == "files"),
    });
    let ended = [false, true].map(|stranger| Moment {
        call: None,
        sync,
        stranger,
    });
    let ended = ended.into_iter().filter(|moment| everything() || moment.stranger);
    killing.chain(ended).collect()
}

fn cut_a_verb(kind: FileSystem, scenario: &Scenario, counts: &mut Counts) {
    let prepared = TestEnvironment::gateway_in(&memory());
    (scenario.prepare)(&prepared);
    let image = Image::of_store(kind, &prepared);
    let modes = if everything() { &MODES[..] } else { &MODES[..1] };
    for sync in modes {
        let traced = Disk::new(&image);
        let environment = &traced.environment;
        if let Some(before) = scenario.before {
            environment.succeed(before);
        }
        let old = oracle::settings(environment);
        let base = environment.git_succeed(&["rev-parse", "main"]).trim_end().to_owned();
        let calls = strace::calls_with(environment, &["-E", &format!("VALVECFG_SYNC={sync}")], scenario.verb);
        let new = oracle::settings(environment);
        assert_ne!(old, new);
        let change = Change {
            old: &old,
            new: &new,
            base: &base,
            subject: scenario.subject,
        };
        for moment in moments(&calls, sync) {
            let mut disk = Disk::new(&image);
            if let Some(before) = scenario.before {
                let screen = run(&disk.environment, sync, before);
                assert!(screen.status.success(), "{screen}");
            }
            let (acknowledged, fault) = moment.run(&mut disk, scenario.verb, counts);
            let state = oracle::state(&disk.environment.store());
            if !counts.states.insert((scenario.name, state, acknowledged)) {
                continue;
            }
            let side = oracle::check(&disk.environment, &change, acknowledged, &fault);
            assert_healthy(&disk.environment, &fault);
            counts.sides[usize::from(side == Side::New)] += 1;
        }
    }
}

/// A store that is made in a new folder of a new folder.
fn cut_an_init(kind: FileSystem, counts: &mut Counts) {
    let image = Image::new(kind, &|_| {});
    for sync in MODES.iter().take(if everything() { 2 } else { 1 }) {
        let init = ["init", "disk/site/store"];
        let traced = Disk::new(&image);
        let calls = strace::calls_with(&traced.environment, &["-E", &format!("VALVECFG_SYNC={sync}")], &init);
        for moment in moments(&calls, sync) {
            let mut disk = Disk::new(&image);
            let (acknowledged, fault) = moment.run(&mut disk, &init, counts);
            let environment = &disk.environment;
            let root = disk.root().join("site/store");
            if root.exists() && !counts.states.insert(("init", oracle::state(&root), acknowledged)) {
                continue;
            }
            let again = environment.run(&["init", root.to_str().unwrap()]);
            let is_there = again.stderr.contains("is a store already");
            assert!(again.status.success(), "{fault}{again}");
            assert!(!acknowledged || is_there, "{fault}: acknowledged, and lost\n{again}");
            let log = environment.git_succeed(&["log", "--format=%s"]);
            assert_eq!(log, "new store\n", "{fault}");
            oracle::check_repository(environment, &fault);
            oracle::check_leftovers(environment, &fault);
            assert_healthy(environment, &fault);
            counts.sides[usize::from(is_there)] += 1;
        }
    }
}

/// Killed, and then the power fails while the next command recovers, or just after it.
#[test]
fn a_power_cut_during_the_recovery_leaves_what_its_reader_saw() {
    let name = "power cuts during the recovery";
    let kind = FileSystem::Ext4;
    if let Some(reason) = strace::is_missing().or_else(|| kind.is_missing()) {
        return skip(name, reason);
    }
    let prepared = TestEnvironment::gateway_in(&memory());
    let image = Image::of_store(kind, &prepared);
    let traced = Disk::new(&image);
    let old = oracle::settings(&traced.environment);
    let base = traced.environment.git_succeed(&["rev-parse", "main"]);
    let calls = strace::calls(&traced.environment, SET.verb);
    let new = oracle::settings(&traced.environment);
    let change = Change {
        old: &old,
        new: &new,
        base: base.trim_end(),
        subject: SET.subject,
    };
    let recover = ["get", "valve.threshold"];
    let mut counts = Counts::default();
    // The recovery begins to have something to do at the first staged object.
    let killing: Vec<&Call> = calls.iter().filter(|call| call.is_altering()).collect();
    for call in killing.iter().rev().step_by(if everything() { 3 } else { 19 }) {
        let crashed = || {
            let disk = Disk::new(&image);
            let screen = strace::run(&disk.environment, call, Fault::Kill, SET.verb);
            assert_eq!(screen.status.signal(), Some(9), "{screen}");
            disk
        };
        let recovery = strace::calls(&crashed().environment, &recover);
        let altering = recovery
            .iter()
            .filter(|call| call.is_altering() && !call.text.starts_with("write(1") || call.is_sync());
        let altering: Vec<&Call> = altering.collect();
        let step = if everything() { 1 } else { 5 };
        for again in altering.iter().step_by(step).copied().map(Some).chain([None]) {
            let mut disk = crashed();
            let stranger = (counts.killed + counts.finished) % 2 == 0;
            let (seen, fault) = if let Some(again) = again {
                let screen = strace::run(&disk.environment, again, Fault::Kill, &recover);
                counts.killed += 1;
                (None, format!("{}, its recovery at {}\n{screen}", call.text, again.text))
            } else {
                let seen = disk.environment.succeed(&recover);
                counts.finished += 1;
                (Some(seen), format!("{}, recovered", call.text))
            };
            disk.cut(stranger);
            let state = oracle::state(&disk.environment.store());
            if !counts.states.insert((SET.name, state, seen.is_some())) {
                continue;
            }
            let side = oracle::check(&disk.environment, &change, false, &fault);
            assert_healthy(&disk.environment, &fault);
            counts.sides[usize::from(side == Side::New)] += 1;
            if let Some(seen) = seen {
                assert_eq!(
                    seen == "55\n",
                    side == Side::New,
                    "{fault}: a reader was told otherwise"
                );
            }
        }
    }
    report(
        name,
        &format!(
            "{} cuts: {} after a kill, {} after a reader's answer; {} distinct states ({} old, {} new)",
            counts.killed + counts.finished,
            counts.killed,
            counts.finished,
            counts.states.len(),
            counts.sides[0],
            counts.sides[1]
        ),
    );
}

/// A file with several names is written in place, since a rename would leave the others behind. The kernel writes
/// its pages in any order, and the power fails in between.
#[test]
fn a_file_written_in_place_is_whole_after_a_power_cut_between_its_pages() {
    const PAGE: usize = 4096;
    for kind in [FileSystem::Ext4, FileSystem::Xfs] {
        let name = format!("power cuts between pages on {}", kind.name());
        if let Some(reason) = strace::is_missing().or_else(|| kind.is_missing()) {
            skip(&name, reason);
            continue;
        }
        if !everything() && kind == FileSystem::Xfs {
            continue;
        }
        let prepared = TestEnvironment::gateway_in(&memory());
        let text = String::from_utf8(prepared.read("plugins/valve.toml")).unwrap();
        let line = |number: usize| format!("# note {number} of what was done at the panel\n");
        let notes: String = (0..1700).map(line).collect();
        prepared.write("plugins/valve.toml", text + &notes);
        prepared.succeed(&["commit"]);
        let image = Image::new(kind, &|environment| {
            put_store(environment, &prepared);
            let other = environment.folder().join("disk/other.toml");
            std::fs::hard_link(environment.path("plugins/valve.toml"), other).unwrap();
        });
        let (mut cuts, mut tears) = (0, 0);
        // Longer by a byte and shorter by one: all that follows is shifted.
        for value in ["100", "5"].into_iter().take(if everything() { 2 } else { 1 }) {
            let verb = [
                "set",
                "-m",
                "both",
                &format!("valve.threshold={value}"),
                "heating.target=21.5",
            ];
            let traced = Disk::new(&image);
            let old = oracle::settings(&traced.environment);
            let base = traced.environment.git_succeed(&["rev-parse", "main"]);
            let calls = strace::calls(&traced.environment, &verb);
            let new = oracle::settings(&traced.environment);
            let change = Change {
                old: &old,
                new: &new,
                base: base.trim_end(),
                subject: "both",
            };
            let written = calls
                .iter()
                .position(|call| call.text.contains("/plugins/valve.toml\", O_WRONLY"));
            let written = &calls[written.unwrap()..];
            let mut moments: Vec<&Call> = Vec::new();
            for wanted in ["ftruncate", "fsync"] {
                moments.extend(written.iter().find(|call| call.name == wanted));
            }
            assert_eq!(moments.len(), 2);
            let pages = old["valve.toml"].len().div_ceil(PAGE);
            assert!(pages > 16);
            let patterns: [&dyn Fn(usize) -> bool; 6] = [
                &|page| page == 0,
                &|page| page == 5,
                &|page| page + 1 == pages,
                &|page| page % 2 == 0,
                &|page| page == 0 || page + 1 == pages,
                &|page| page > 9,
            ];
            for (at, pattern) in patterns.iter().enumerate() {
                for (number, call) in moments.iter().enumerate() {
                    if !everything() && (at + number) % 3 != 1 {
                        continue;
                    }
                    let mut disk = Disk::new(&image);
                    let screen = strace::run(&disk.environment, call, Fault::Kill, &verb);
                    assert_eq!(screen.status.signal(), Some(9), "{screen}");
                    let fault = format!("{name}: {value}, pattern {at}, at {}", call.text);
                    let pieces: Vec<(usize, usize)> = (0..pages)
                        .filter(|page| pattern(*page))
                        .map(|page| (page * PAGE, PAGE))
                        .collect();
                    disk.write_out("plugins/valve.toml", &pieces);
                    disk.cut((at + number) % 4 < 2);
                    let torn = disk.environment.read("plugins/valve.toml");
                    // The kernel may write out more than it was told to.
                    tears += usize::from(torn != old["valve.toml"] && torn != new["valve.toml"]);
                    cuts += 1;
                    oracle::check(&disk.environment, &change, false, &fault);
                    let other = std::fs::read(disk.root().join("other.toml")).unwrap();
                    assert!(
                        other == disk.environment.read("plugins/valve.toml"),
                        "{fault}: the link is broken"
                    );
                    assert_healthy(&disk.environment, &fault);
                }
            }
        }
        assert_ne!(tears, 0, "{name}: none of {cuts} cuts has torn the file");
        report(&name, &format!("{cuts} cuts, {tears} of which left the file torn"));
    }
}

#[track_caller]
fn assert_healthy(environment: &TestEnvironment, fault: &str) {
    let doctor = environment.run(&["doctor", "--deep"]);
    assert!(doctor.status.success(), "{fault}: doctor\n{doctor}");
}

/// The tests above would prove nothing on a disk that keeps what nobody synced.
#[test]
fn without_syncing_a_power_cut_loses_what_was_acknowledged() {
    for kind in [FileSystem::Ext4, FileSystem::Xfs] {
        let test = format!("power cuts on {} without syncing", kind.name());
        if let Some(reason) = strace::is_missing().or_else(|| kind.is_missing()) {
            skip(&test, reason);
            continue;
        }
        if !everything() && kind == FileSystem::Xfs {
            continue;
        }
        let prepared = TestEnvironment::gateway_in(&memory());
        let image = Image::of_store(kind, &prepared);
        let cuts = if everything() { 8 } else { 2 };
        let mut lost = 0;
        for cut in 0..cuts {
            let mut disk = Disk::new(&image);
            let sync = ["-E", &format!("VALVECFG_SYNC={}", MODES[cut / 2 % 2])];
            let screen = strace::run_without_sync(&disk.environment, &sync, SET.verb);
            assert!(screen.status.success(), "{screen}");
            let acknowledged = disk.environment.git_succeed(&["rev-parse", "main"]);
            let new: Settings = oracle::settings(&disk.environment);
            disk.cut(cut % 2 == 0);
            let main = disk.environment.git(&["rev-parse", "main"]);
            let read = disk.environment.git(&["fsck", "--strict"]);
            let is_there = main.stdout == acknowledged && read.status.success();
            lost += usize::from(!(is_there && oracle::settings(&disk.environment) == new));
        }
        assert_ne!(lost, 0, "{test}: nothing was lost");
        report(
            &test,
            &format!("{lost} of {cuts} acknowledged revisions lost, as expected"),
        );
    }
}
