//! What must hold after a fault, whatever it was: each file is old or new, all of them alike; git finds nothing
//! wrong; nothing is left over; and the next command works.

use std::collections::BTreeMap;
use std::fs;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use crate::environment::TestEnvironment;

/// The settings files of a store.
pub(super) type Settings = BTreeMap<String, Vec<u8>>;

/// A change that is interrupted: what stands before it and after it.
pub(super) struct Change<'c> {
    pub old: &'c Settings,
    pub new: &'c Settings,
    /// The revision that must never be lost.
    pub base: &'c str,
    /// The subject of the change's own revision.
    pub subject: &'c str,
}

/// What a store looks like after a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Old,
    New,
}

/// The settings as they stand in the folder.
pub(super) fn settings(environment: &TestEnvironment) -> Settings {
    let mut found = Settings::new();
    for entry in fs::read_dir(environment.path("plugins")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        if !name.starts_with('.') {
            let bytes = environment.read(&format!("plugins/{name}"));
            found.insert(name, bytes);
        }
    }
    found
}

/// Everything in a store but times, so that two equal states are looked at once. Git's index, what names its
/// checksum, and what waits for confirmation hold times, so only their presence counts.
pub(super) fn state(root: &Path) -> u64 {
    let mut hasher = DefaultHasher::new();
    for (path, is_folder) in walk(root) {
        let name = path.strip_prefix(root).unwrap();
        name.hash(&mut hasher);
        if !is_folder {
            let bytes = fs::read(&path).unwrap();
            let has_times = ["index", "index.lock", "journal", "confirmation"]
                .iter()
                .any(|times| path.ends_with(times));
            if has_times {
                bytes.len().hash(&mut hasher);
            } else {
                bytes.hash(&mut hasher);
            }
            fs::metadata(&path).unwrap().permissions().mode().hash(&mut hasher);
        }
    }
    hasher.finish()
}

/// Checks a store after a fault: by the very next command, and by git.
#[track_caller]
pub(super) fn check(environment: &TestEnvironment, change: &Change<'_>, acknowledged: bool, fault: &str) -> Side {
    let next = environment.run(&["set", "irrigation.max_flow", "31.0"]);
    assert!(next.status.success(), "{fault}: the next command fails\n{next}");
    let found = settings(environment);
    let (old, new) = (with_next(change.old), with_next(change.new));
    let side = if found == old { Side::Old } else { Side::New };
    if side == Side::New && found != new {
        for (name, bytes) in &found {
            let side = match (old.get(name) == Some(bytes), new.get(name) == Some(bytes)) {
                (true, true) => "as ever",
                (true, false) => "old",
                (false, true) => "new",
                (false, false) => "torn",
            };
            assert_ne!(side, "torn", "{fault}: {name}\n{}", String::from_utf8_lossy(bytes));
        }
        panic!("{fault}: the plugins are not alike: {:?}", found.keys());
    }
    assert!(!acknowledged || side == Side::New, "{fault}: acknowledged, and lost");
    // By the first command already, before another one touches the same files.
    check_leftovers(environment, fault);
    // Absorbs what was a hand edit before the fault, if it still is one.
    environment.succeed(&["set", "valve.hysteresis", "3.5"]);
    environment.succeed(&["set", "heating.setback", "3.5"]);
    check_repository(environment, fault);
    let log = environment.git_succeed(&["log", "--format=%s", "main"]);
    let recorded = log.lines().any(|subject| subject == change.subject);
    assert_eq!(recorded, side == Side::New, "{fault}: the files are {side:?}\n{log}");
    environment.git_succeed(&["merge-base", "--is-ancestor", change.base, "main"]);
    side
}

/// Settings after the command that follows a fault, which changes one value of one plugin.
fn with_next(settings: &Settings) -> Settings {
    let mut settings = settings.clone();
    let irrigation = settings.get_mut("irrigation.toml").unwrap();
    let text = String::from_utf8(irrigation.clone()).unwrap();
    assert!(text.contains("max_flow = 32.0"), "{text}");
    *irrigation = text.replacen("max_flow = 32.0", "max_flow = 31.0", 1).into_bytes();
    settings
}

/// Git finds nothing wrong, the index is right, and the files are what history says.
#[track_caller]
pub(super) fn check_repository(environment: &TestEnvironment, fault: &str) {
    let fsck = environment.git(&["fsck", "--strict", "--no-dangling", "--no-progress"]);
    assert!(
        fsck.status.success() && fsck.stderr.is_empty() && fsck.stdout.is_empty(),
        "{fault}: git fsck\n{fsck}"
    );
    let status = environment.git(&["status", "--porcelain"]);
    assert!(
        status.status.success() && status.stdout.is_empty(),
        "{fault}: git status\n{status}"
    );
    for (name, bytes) in settings(environment) {
        let recorded = environment.git_succeed(&["show", &format!("main:plugins/{name}")]);
        assert_eq!(recorded.as_bytes(), bytes, "{fault}: {name} is not what history holds");
    }
    let (branch, acknowledged) = ("refs/heads/main", "refs/valvecfg/acknowledged");
    let refs = environment.git_succeed(&["rev-parse", branch, acknowledged]);
    let (branch, acknowledged) = refs.trim_end().split_once('\n').unwrap();
    assert_eq!(branch, acknowledged, "{fault}: the acknowledged revision is another");
}

/// Nothing that was meant for a moment is still there.
#[track_caller]
pub(super) fn check_leftovers(environment: &TestEnvironment, fault: &str) {
    let root = environment.store();
    let is_left = |path: &Path| {
        let name = path.file_name().unwrap().to_str().unwrap();
        let parent = path.parent().unwrap();
        // Ours are locked by the kernel, and their files stay.
        let is_ours = parent.ends_with("valvecfg") || parent.ends_with("deliveries");
        !is_ours
            && Path::new(&name)
                .extension()
                .is_some_and(|extension| extension == "lock")
            || name.ends_with(".valvecfg")
            || name.contains("valvecfg-new")
            || name == "journal"
            || parent.ends_with("incoming")
    };
    let left: Vec<PathBuf> = walk(&root)
        .into_iter()
        .map(|(path, _)| path)
        .filter(|path| is_left(path))
        .collect();
    assert!(left.is_empty(), "{fault}: left over: {left:?}");
}

/// Everything below a folder, sorted, and whether it is a folder.
fn walk(folder: &Path) -> Vec<(PathBuf, bool)> {
    let mut entries: Vec<_> = fs::read_dir(folder).unwrap().map(Result::unwrap).collect();
    entries.sort_by_key(fs::DirEntry::file_name);
    let mut found = Vec::new();
    for entry in entries {
        let is_folder = entry.file_type().unwrap().is_dir();
        found.push((entry.path(), is_folder));
        if is_folder {
            found.extend(walk(&entry.path()));
        }
    }
    found
}
