//! Packing under git's own eyes: nothing is lost, whatever happens in between.

use std::fs::File;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use git2::{ObjectType, Oid, Repository};

use super::super::fixture::Fixture;
use super::super::{Edit, History, Origin, sweep};
use super::pack::{Workspace, arrange};
use super::{Durability, Ownership, Report, due, existing, loose_objects, loose_path, run};
use crate::revision::{Author, Message, Moment};

fn grown(revisions: usize) -> Fixture {
    let mut fixture = Fixture::new(&[("plugins/valve.toml", "threshold = 0\n"), ("valvecfg.toml", "")]);
    grow(&mut fixture, revisions);
    fixture
}

fn grow(fixture: &mut Fixture, revisions: usize) {
    for _ in 0..revisions {
        let text = format!("threshold = {}\n", fixture.revisions.len());
        fixture.record(&[("plugins/valve.toml", Some(text.as_bytes()))], "next");
    }
}

fn maintain(fixture: &Fixture) -> Report {
    run(&fixture.history.git, &mut |_, _| {}).unwrap()
}

/// Git finds nothing wrong, nothing missing and nothing left over, and the newest revision is the one recorded.
fn check(fixture: &Fixture) {
    fixture.git(&["fsck", "--strict", "--full"]);
    assert_eq!(fixture.git(&["rev-parse", "main"]).trim(), fixture.head().to_string());
    let revisions = fixture.git(&["rev-list", "main"]);
    assert_eq!(revisions.lines().count(), fixture.revisions.len());
    let history = History::open(fixture.root()).unwrap();
    for (position, revision) in fixture.revisions.iter().enumerate().skip(1).take(30) {
        let text = history.read(*revision, "plugins/valve.toml").unwrap().unwrap();
        assert_eq!(String::from_utf8(text).unwrap(), format!("threshold = {position}\n"));
    }
}

fn counted(fixture: &Fixture, what: &str) -> usize {
    let counts = fixture.git(&["count-objects", "-v"]);
    let line = counts.lines().find_map(|line| line.strip_prefix(&format!("{what}: ")));
    line.unwrap().parse().unwrap()
}

fn leftovers(fixture: &Fixture) -> Vec<PathBuf> {
    let folder = fixture.history.git_folder().join("valvecfg/maintenance/pack");
    std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect()
}

#[test]
fn loose_objects_are_packed_and_stay_readable() {
    let mut fixture = grown(30);
    let lines: Vec<String> = (0..100).map(|line| format!("setting-{line} = {line}\n")).collect();
    let long = lines.concat();
    for change in 0..3 {
        let text = long.replace("= 50\n", &format!("= {change}\n"));
        fixture.record(&[("plugins/long.toml", Some(text.as_bytes()))], "long");
    }
    let loose = counted(&fixture, "count");
    assert_eq!(maintain(&fixture).packed, loose);
    assert_eq!((counted(&fixture, "count"), counted(&fixture, "in-pack")), (0, loose));
    assert_eq!((counted(&fixture, "packs"), counted(&fixture, "garbage")), (1, 0));
    check(&fixture);
    assert!(leftovers(&fixture).is_empty());
    // Deltas were found: the files are much alike.
    let pack = &existing::list(fixture.history.git_folder()).unwrap()[0];
    let listed = fixture.git(&["verify-pack", "-v", pack.file("idx").to_str().unwrap()]);
    assert!(listed.contains("chain length"));
    // Again there is nothing to do.
    assert_eq!(maintain(&fixture), Report::default());
    let clone = tempfile::tempdir().unwrap();
    fixture.git(&["clone", "-q", ".", clone.path().to_str().unwrap()]);
    assert!(clone.path().join("plugins/valve.toml").exists());
}

#[test]
fn what_stands_open_before_a_run_is_read_after_it() {
    let fixture = grown(5);
    let history = History::open(fixture.root()).unwrap();
    assert!(history.read(fixture.head(), "plugins/valve.toml").unwrap().is_some());
    maintain(&fixture);
    assert_eq!(history.log(fixture.head()).flatten().count(), 6);
    for revision in &fixture.revisions {
        assert!(history.read(*revision, "plugins/valve.toml").unwrap().is_some());
    }
}

#[test]
fn an_object_that_cannot_be_read_stays_where_it_is() {
    let fixture = grown(5);
    fixture.commit(fixture.head(), &[("plugins/valve.toml", Some(b"stray\n"))], "stray");
    let loose = loose_objects(fixture.history.git_folder(), usize::MAX).unwrap();
    let blob = Oid::hash_object(ObjectType::Blob, b"stray\n").unwrap();
    let file = loose_path(fixture.history.git_folder(), blob);
    std::fs::remove_file(&file).unwrap();
    File::create(&file).unwrap().write_all(b"rotten").unwrap();
    assert_eq!(maintain(&fixture).packed, loose.len() - 1);
    assert_eq!(loose_objects(fixture.history.git_folder(), usize::MAX).unwrap(), [blob]);
}

#[test]
fn stopped_after_any_step_nothing_is_lost_and_the_next_run_tidies_up() {
    for stop in 0..6 {
        let fixture = grown(5);
        let git = fixture.history.git_folder();
        let ownership = Ownership::of(git).unwrap();
        let workspace = Workspace::prepare(git, ownership).unwrap();
        let repository = Repository::open(git).unwrap();
        let loose = loose_objects(git, usize::MAX).unwrap();
        let mut durability = Durability::begin(git).unwrap();
        if stop == 0 {
            // What libgit2 leaves when it is killed while it writes.
            File::create(git.join("valvecfg/maintenance/pack/pack_git2_1234")).unwrap();
        } else {
            let arranged = arrange(&repository, &loose).unwrap();
            let name = workspace.build(&repository, &arranged, &mut |_, _| {}).unwrap();
            if stop == 2 {
                workspace.place_file(&name, "pack").unwrap();
            } else if stop > 2 {
                workspace.place(&name, &mut durability).unwrap();
            }
            let removed = [0, 0, 0, 0, 3, loose.len()][stop];
            for id in &loose[..removed] {
                std::fs::remove_file(loose_path(git, *id)).unwrap();
            }
        }
        check(&fixture);
        maintain(&fixture);
        check(&fixture);
        assert!(leftovers(&fixture).is_empty(), "{stop}");
        assert_eq!(
            (counted(&fixture, "count"), counted(&fixture, "garbage")),
            (0, 0),
            "{stop}"
        );
    }
}

#[test]
fn only_what_was_read_back_counts_as_held() {
    let fixture = grown(3);
    let git = fixture.history.git_folder();
    let workspace = Workspace::prepare(git, Ownership::of(git).unwrap()).unwrap();
    let repository = Repository::open(git).unwrap();
    let loose = loose_objects(git, usize::MAX).unwrap();
    let arranged = arrange(&repository, &loose[1..]).unwrap();
    let name = workspace.build(&repository, &arranged, &mut |_, _| {}).unwrap();
    assert_eq!(workspace.read_back(&loose).unwrap(), loose[1..]);
    // A pack that rots on its way to the disk holds nothing that is rotten.
    let pack = git.join("valvecfg/maintenance/pack").join(name).with_extension("pack");
    let mut bytes = std::fs::read(&pack).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle..middle + 8].fill(0xff);
    std::fs::remove_file(&pack).unwrap();
    File::create(&pack).unwrap().write_all(&bytes).unwrap();
    assert!(workspace.read_back(&loose).unwrap().len() < loose.len() - 1);
}

#[test]
fn small_packs_are_folded_and_go_one_run_later() {
    let mut fixture = grown(1);
    for round in 1..10 {
        assert_eq!(maintain(&fixture).folded, 0, "{round}");
        grow(&mut fixture, 1);
    }
    let report = maintain(&fixture);
    assert_eq!((report.folded, report.removed), (10, 0));
    assert_eq!(counted(&fixture, "packs"), 11);
    check(&fixture);
    grow(&mut fixture, 1);
    let report = maintain(&fixture);
    assert_eq!((report.folded, report.removed), (0, 10));
    assert_eq!((counted(&fixture, "packs"), counted(&fixture, "garbage")), (2, 0));
    check(&fixture);
}

#[test]
fn a_pack_is_not_removed_for_one_that_is_rotten() {
    let mut fixture = grown(1);
    for _ in 1..10 {
        maintain(&fixture);
        grow(&mut fixture, 1);
    }
    maintain(&fixture);
    let packs = existing::list(fixture.history.git_folder()).unwrap();
    let largest = packs.iter().max_by_key(|pack| pack.len()).unwrap();
    let mut bytes = std::fs::read(largest.file("pack")).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle..middle + 8].fill(0xff);
    std::fs::remove_file(largest.file("pack")).unwrap();
    File::create(largest.file("pack")).unwrap().write_all(&bytes).unwrap();
    let report = maintain(&fixture);
    assert!(report.removed < 10, "{report:?}");
    let left = existing::list(fixture.history.git_folder()).unwrap();
    assert_eq!(left.len(), packs.len() - report.removed);
}

#[test]
fn packs_that_somebody_keeps_are_left_alone() {
    let mut fixture = grown(1);
    for _ in 0..9 {
        maintain(&fixture);
        grow(&mut fixture, 1);
    }
    let packs = existing::list(fixture.history.git_folder()).unwrap();
    File::create(packs[0].file("keep")).unwrap();
    assert_eq!(maintain(&fixture).folded, 0);
    grow(&mut fixture, 1);
    assert_eq!(maintain(&fixture).folded, 10);
    assert_eq!(maintain(&fixture).removed, 10);
    assert!(packs[0].file("pack").exists());
    check(&fixture);
    // Nor does anything go that a multi-pack-index names.
    for _ in 0..10 {
        grow(&mut fixture, 1);
        maintain(&fixture);
    }
    let before = counted(&fixture, "packs");
    fixture.git(&["multi-pack-index", "write"]);
    assert_eq!(maintain(&fixture), Report::default());
    assert_eq!(counted(&fixture, "packs"), before);
    check(&fixture);
}

#[test]
fn a_pack_of_the_user_s_git_that_holds_ours_replaces_it() {
    let mut fixture = grown(3);
    maintain(&fixture);
    grow(&mut fixture, 3);
    fixture.git(&["repack", "-a", "-q"]);
    assert_eq!(maintain(&fixture).removed, 1);
    check(&fixture);
}

#[test]
fn while_one_process_maintains_another_does_nothing() {
    let fixture = grown(3);
    maintain(&fixture);
    let lock = File::open(fixture.history.git_folder().join("valvecfg/maintenance.lock")).unwrap();
    lock.lock().unwrap();
    let busy = Report {
        busy: true,
        ..Report::default()
    };
    assert_eq!(maintain(&fixture), busy);
}

#[test]
fn it_is_due_when_many_objects_have_come_since_the_last_run() {
    let fixture = grown(1);
    assert!(!due(&fixture.history.git));
    let add = |count: usize, from: usize| {
        for folder in super::SAMPLED {
            let folder = fixture.history.git_folder().join("objects").join(folder);
            std::fs::create_dir_all(&folder).unwrap();
            for number in from..from + count {
                File::create(folder.join(format!("{number:038x}"))).unwrap();
            }
        }
    };
    add(16, 0);
    assert!(due(&fixture.history.git));
    // They are empty, so they cannot be packed, and are not tried again with every revision.
    maintain(&fixture);
    assert!(!due(&fixture.history.git));
    add(15, 100);
    assert!(!due(&fixture.history.git));
    add(2, 200);
    assert!(due(&fixture.history.git));
}

#[test]
fn it_is_due_when_many_small_packs_have_come_since_the_last_run() {
    let mut fixture = grown(1);
    let mut pack = |count: usize| {
        for _ in 0..count {
            let text = format!("threshold = {}\n", fixture.revisions.len());
            fixture.record(&[("plugins/valve.toml", Some(text.as_bytes()))], "next");
            // Only the loose ones, each time.
            fixture.git(&["repack", "-q"]);
            fixture.git(&["prune-packed"]);
        }
        due(&fixture.history.git)
    };
    assert!(!pack(9));
    assert!(pack(1));
    assert_eq!(maintain(&fixture).folded, 10);
    assert!(!due(&fixture.history.git));
    fixture.git(&["fsck", "--strict", "--full"]);
}

#[test]
fn a_publication_that_a_crash_interrupted_is_finished_though_its_objects_are_packed() {
    let fixture = grown(1);
    let git = fixture.history.git_folder();
    let ownership = Ownership::of(git).unwrap();
    let mut durability = Durability::begin(git).unwrap();
    let author = Author {
        name: "Ada".into(),
        email: "ada@example.org".into(),
    };
    let origin = Origin {
        author: author.clone(),
        committer: author,
        time: Moment { seconds: 0, offset: 0 },
    };
    let edit = Edit {
        path: "plugins/valve.toml".into(),
        content: Some(b"threshold = 9\n".to_vec()),
    };
    let prepared = fixture
        .history
        .prepare(Some(fixture.head()), &[edit], &origin, &Message::default())
        .unwrap();
    sweep(git, ownership).unwrap();
    let staged = prepared.stage(git, ownership, &mut durability).unwrap();
    let publication = staged
        .complete(&fixture.history, &|_| None, ownership, &mut durability)
        .unwrap();
    publication.place(git, ownership, &mut durability).unwrap();
    maintain(&fixture);
    publication.place(git, ownership, &mut durability).unwrap();
    let history = History::open(fixture.root()).unwrap();
    assert!(
        history
            .read(publication.revision, "plugins/valve.toml")
            .unwrap()
            .is_some()
    );
}

/// Runs a git command again and again beside a writer and maintenance, until packs have been folded and removed.
fn beside(fixture: &mut Fixture, arguments: &[&str], write: impl Fn(&mut Fixture, usize)) {
    let removed = AtomicUsize::new(0);
    let rounds = AtomicUsize::new(0);
    let done = AtomicBool::new(false);
    let root = fixture.root().to_owned();
    std::thread::scope(|scope| {
        let reading = scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                // A git lists what there is when it begins. On a slow machine a whole run of maintenance fits
                // into one of its own, and what it listed is elsewhere then; it finds that when it begins anew.
                let git = || Command::new("git").args(arguments).current_dir(&root).output().unwrap();
                let output = (0..10).map(|_| git()).find(|output| output.status.success());
                let output = output.unwrap_or_else(git);
                let words = [output.stderr, output.stdout].concat();
                assert!(output.status.success(), "{}", String::from_utf8_lossy(&words));
                rounds.fetch_add(1, Ordering::Relaxed);
            }
        });
        let maintaining = scope.spawn(|| {
            let history = History::open(&root).unwrap();
            while !done.load(Ordering::Relaxed) {
                let report = run(&history.git, &mut |_, _| {}).unwrap();
                removed.fetch_add(report.removed, Ordering::Relaxed);
            }
        });
        for number in 0..5000 {
            write(fixture, number);
            let enough = removed.load(Ordering::Relaxed) >= 20 && rounds.load(Ordering::Relaxed) >= 5;
            if enough || reading.is_finished() || maintaining.is_finished() {
                break;
            }
            // Where others keep the machine busy, it is the writer that waits for the two beside it.
            if number > 1000 {
                std::thread::sleep(std::time::Duration::from_millis(5));
            }
        }
        done.store(true, Ordering::Relaxed);
        reading.join().unwrap();
        maintaining.join().unwrap();
    });
    assert!(removed.into_inner() >= 20 && rounds.into_inner() >= 5);
}

#[test]
fn git_reads_the_log_while_a_writer_records_and_packs_come_and_go() {
    let mut fixture = grown(2);
    beside(&mut fixture, &["log", "-p", "main"], |fixture, _| grow(fixture, 1));
    maintain(&fixture);
    check(&fixture);
}

#[test]
fn git_finds_nothing_missing_while_packs_come_and_go() {
    let mut fixture = grown(30);
    // Git lists the objects before it reads the refs, so it misses whatever anybody records in between: no ref
    // names these revisions.
    beside(
        &mut fixture,
        &["fsck", "--strict", "--connectivity-only", "--no-dangling"],
        |fixture, number| {
            let text = format!("stray {number}\n");
            fixture.commit(
                fixture.head(),
                &[("plugins/valve.toml", Some(text.as_bytes()))],
                "stray",
            );
        },
    );
    check(&fixture);
}
