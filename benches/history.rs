//! What a history of 100,000 revisions costs: packing it as it grows, reading its first page, and one setting's
//! values over time, beside the git program. The history is kept in the target folder from one run to the next.

#![expect(clippy::print_stderr, reason = "figures that are measured once have no other place")]

mod long_history;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use criterion::Criterion;
use valvecfg::document::KeyPath;
use valvecfg::history::{Edit, Head, History, Origin, Prepared, Query, maintain};
use valvecfg::revision::{Author, Message, Moment, RevisionId};

use long_history::{KEY, LongHistory};

const REVISIONS: usize = 100_000;
/// As many as make maintenance due.
const AT_ONCE: usize = 1000;
/// More objects than there will be: all stay files of their own until maintenance packs them.
const NEVER: u32 = 100_000_000;

fn main() {
    // `cargo test --benches` only tries whether this works.
    let is_measured = std::env::args().any(|argument| argument == "--bench");
    let revisions = if is_measured { REVISIONS } else { AT_ONCE };
    let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("long-history-{revisions}"));
    if !root.join("complete").exists() {
        grow(&root, revisions);
        std::fs::File::create(root.join("complete")).expect("the store's folder is writable");
    }
    let history = History::open(&root).expect("it was just made");
    let head = history.head().map(Head::revision).expect("it has a branch");
    figures(&root, &history, head);
    let mut criterion = Criterion::default().configure_from_args().sample_size(20);
    measure(&mut criterion, &root, &history, head, revisions);
    criterion.final_summary();
}

/// Lets the history grow a thousand revisions at a time, and packs it as a store would.
fn grow(root: &Path, revisions: usize) {
    if root.exists() {
        std::fs::remove_dir_all(root).expect("the target folder is ours");
    }
    std::fs::create_dir_all(root).expect("the target folder is ours");
    git(root, &["init", "-q", "-b", "main"]);
    let mut long = LongHistory::new();
    let mut spent = Vec::new();
    while long.written < revisions {
        long.add(AT_ONCE, root, NEVER).expect("git is installed");
        let history = History::open(root).expect("it is a repository");
        let begun = Instant::now();
        let report = maintain::run(history.git_folder(), &mut |_, _| {}).expect("it can be packed");
        spent.push((begun.elapsed(), report));
    }
    let total: Duration = spent.iter().map(|(time, _)| *time).sum();
    eprintln!("maintenance: {total:.1?} in {} runs", spent.len());
    let longest = |folds: bool| {
        let times = spent
            .iter()
            .filter(|(_, report)| (report.folded > 0) == folds)
            .map(|(time, _)| *time);
        times.max().unwrap_or_default()
    };
    eprintln!(
        "  longest: {:.2?}, {:.2?} where packs were folded",
        longest(false),
        longest(true)
    );
}

fn figures(root: &Path, history: &History, head: RevisionId) {
    let catalogue = root.join(".git/valvecfg/catalogue");
    if catalogue.exists() {
        std::fs::remove_file(&catalogue).expect("it is a cache");
    }
    let begun = Instant::now();
    history.catalogue(head, &mut |_, _| {}).expect("it can be derived");
    eprintln!("catalogue: made in {:.1?}", begun.elapsed());
    git(root, &["commit-graph", "write", "--reachable", "--changed-paths"]);
    eprintln!("on disk: {} KiB", size(root) / 1024);
    eprintln!("  catalogue: {} KiB", size(&catalogue) / 1024);
    let packs = std::fs::read_dir(root.join(".git/objects/pack")).expect("it has packs");
    let packs = packs
        .flatten()
        .filter(|entry| entry.path().extension().is_some_and(|extension| extension == "pack"));
    eprintln!(
        "  packs: {}, {} KiB",
        packs.count(),
        size(&root.join(".git/objects/pack")) / 1024
    );
}

fn measure(criterion: &mut Criterion, root: &Path, history: &History, head: RevisionId, revisions: usize) {
    let key: KeyPath = KEY.parse().expect("it is a key");
    let query = Query {
        key: Some(&key),
        ..Query::default()
    };
    let find = |limit| {
        let history = History::open(root).expect("it is a repository");
        let mut catalogue = history.catalogue(head, &mut |_, _| {}).expect("it can be read");
        catalogue.find(&query, limit).expect("it can be read").len()
    };
    assert_eq!(find(usize::MAX), revisions / long_history::BETWEEN + 1);
    let mut group = criterion.benchmark_group("history");
    group.bench_function("is maintenance due", |bencher| {
        bencher.iter(|| maintain::due(history.git_folder()));
    });
    group.bench_function("first page of the log", |bencher| {
        bencher.iter(|| {
            let history = History::open(root).expect("it is a repository");
            history.log(head).take(20).flatten().count()
        });
    });
    group.bench_function("newest 20 of a key", |bencher| bencher.iter(|| find(20)));
    group.bench_function("all 1,000 of a key", |bencher| bencher.iter(|| find(usize::MAX)));
    group.bench_function("git log -20 of the file", |bencher| {
        bencher.iter(|| git(root, &["log", "-20", "--", "plugins/valve.toml"]));
    });
    group.bench_function("git log of the file", |bencher| {
        bencher.iter(|| git(root, &["log", "--", "plugins/valve.toml"]));
    });
    let half = format!("@~{}", revisions / 2);
    for text in ["@~20", &half, "2026-01-02 10:00"] {
        group.bench_function(format!("resolve {text}"), |bencher| {
            bencher.iter(|| {
                let history = History::open(root).expect("it is a repository");
                history.resolve(head, text).expect("it names one")
            });
        });
    }
    let small = root.with_extension("short");
    if !small.exists() {
        grow(&small, AT_ONCE);
    }
    for (name, root) in [("this", root), ("a short", &small)] {
        group.bench_function(format!("prepare a revision of {name} history"), |bencher| {
            bencher.iter(|| prepare(root));
        });
    }
    let old = history.resolve(head, &format!("@~{}", revisions - 900));
    let old = old.expect("it names one").to_string();
    for (name, text) in [("an old hash", &old[..12]), ("a short hash", &old[..5])] {
        group.bench_function(format!("resolve {name}"), |bencher| {
            bencher.iter(|| {
                let history = History::open(root).expect("it is a repository");
                history.resolve(head, text).is_ok()
            });
        });
    }
    group.finish();
}

/// Opens the repository and builds a revision in memory, as `set` does.
fn prepare(root: &Path) -> Prepared {
    let history = History::open(root).expect("it is a repository");
    let head = history.head().map(Head::revision).expect("it has a branch");
    let author = Author {
        name: "Ada".to_owned(),
        email: "ada@gateway.example".to_owned(),
    };
    let origin = Origin {
        author: author.clone(),
        committer: author,
        time: Moment { seconds: 0, offset: 0 },
    };
    let path = "plugins/valve.toml".to_owned();
    let content = history.read(head, &path).expect("it can be read").unwrap_or_default();
    let content = Some([content.as_slice(), b"# more\n"].concat());
    let prepared = history.prepare(Some(head), &[Edit { path, content }], &origin, &Message::default());
    prepared.expect("it can be built")
}

fn git(root: &Path, arguments: &[&str]) {
    let status = Command::new("git")
        .args(arguments)
        .current_dir(root)
        .stdout(Stdio::null())
        .status();
    assert!(status.is_ok_and(|status| status.success()), "git {arguments:?}");
}

/// What a file, or all files of a folder, take on the disk.
fn size(path: &Path) -> u64 {
    use std::os::unix::fs::MetadataExt as _;
    let metadata = std::fs::symlink_metadata(path).expect("it is there");
    let own = metadata.blocks() * 512;
    if !metadata.is_dir() {
        return own;
    }
    let entries = std::fs::read_dir(path).expect("it is a folder");
    own + entries
        .flatten()
        .map(|entry| entry.path())
        .map(|path: PathBuf| size(&path))
        .sum::<u64>()
}
