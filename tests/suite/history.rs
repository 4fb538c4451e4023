//! A history of some length, through the library's public functions, with the git program as the other side.

#[path = "../../benches/long_history/mod.rs"]
mod long_history;

use std::path::Path;
use std::process::Command;

use valvecfg::document::KeyPath;
use valvecfg::history::{Entry, Head, History, Query, maintain};

use long_history::{BETWEEN, KEY, LongHistory};

fn git(root: &Path, arguments: &[&str]) -> String {
    let output = Command::new("git").args(arguments).current_dir(root).output().unwrap();
    let words = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "git {arguments:?}: {words}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn a_history_of_some_length_is_packed_and_told_as_git_tells_it() {
    const REVISIONS: usize = 2 * 1200;
    // More objects than there will be: all stay files of their own until they are packed here.
    const NEVER: u32 = 100_000_000;
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    git(root, &["init", "-q", "-b", "main"]);
    let mut long = LongHistory::new();
    let mut packed = 0;
    while long.written < REVISIONS {
        long.add(REVISIONS / 2, root, NEVER).unwrap();
        let history = History::open(root).unwrap();
        assert!(maintain::due(history.git_folder()));
        packed += maintain::run(history.git_folder(), &mut |_, _| {}).unwrap().packed;
        assert!(!maintain::due(history.git_folder()));
    }
    // A file, two folders and a commit each; the first has three files.
    assert!(packed > REVISIONS * 3 && packed <= REVISIONS * 4 + 3, "{packed}");
    git(root, &["fsck", "--strict"]);
    assert!(git(root, &["count-objects", "-v"]).contains("count: 0\n"));

    let history = History::open(root).unwrap();
    let head = history.head().map(Head::revision).unwrap();
    let mut catalogue = history.catalogue(head, &mut |_, _| {}).unwrap();
    let all = catalogue.find(&Query::default(), usize::MAX).unwrap();
    let ours: Vec<String> = all
        .iter()
        .map(|entry| {
            format!(
                "{} {} {}",
                entry.revision.id, entry.revision.author.name, entry.revision.message
            )
        })
        .collect();
    let theirs = git(root, &["log", "--format=%H %an %s"]);
    assert!(ours.iter().map(String::as_str).eq(theirs.lines()));

    let key: KeyPath = KEY.parse().unwrap();
    let query = Query {
        key: Some(&key),
        ..Query::default()
    };
    let of_key = catalogue.find(&query, usize::MAX).unwrap();
    assert_eq!(of_key.len(), REVISIONS / BETWEEN + 1);
    let said = |entry: &Entry| entry.changes[0].to_string();
    // Each says what it changed, and each goes on from where the one before ended.
    for (later, earlier) in of_key.iter().zip(&of_key[1..]) {
        assert_eq!(said(later), later.revision.message);
        assert_eq!(later.changes[0].before, earlier.changes[0].after);
    }
    let trailer = format!("--grep=^Key: {KEY}$");
    let theirs = git(root, &["log", &trailer, "--format=%H"]);
    let ours: Vec<String> = of_key.iter().map(|entry| entry.revision.id.to_string()).collect();
    assert_eq!(ours[..ours.len() - 1], theirs.lines().collect::<Vec<_>>());
    assert_eq!(history.resolve(head, "@~24").unwrap(), all[24].revision.id);
}
