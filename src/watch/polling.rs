//! Looking at the files from time to time, where the system does not say what happens to them.

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;
use std::time::Duration;

use super::burst::State;
use super::clock::BootTime;
use super::inotify::Seen;
use super::place::Place;

/// How often.
const EVERY: Duration = Duration::from_secs(2);
/// How long a file that has changed must stay as it is before it counts as complete.
const SETTLING: Duration = Duration::from_millis(200);

/// The files as they were when they were looked at last.
pub(super) struct Polling {
    files: BTreeMap<PathBuf, Stamp>,
    /// Those that had changed then.
    changing: BTreeSet<PathBuf>,
    next: BootTime,
}

/// What tells a file from what it was before: device, number, size, and the times of its content and of its rights.
type Stamp = (u64, u64, u64, (i64, i64), (i64, i64));

impl Polling {
    pub(super) fn new(places: &[Place]) -> Self {
        Self {
            files: stamps(places),
            changing: BTreeSet::new(),
            next: BootTime::now() + EVERY,
        }
    }

    /// When they are looked at next.
    pub(super) fn next(&self) -> BootTime {
        self.next
    }

    /// Looks at them, where it is time.
    pub(super) fn look(&mut self, places: &[Place], now: BootTime) -> Seen {
        let mut seen = Seen::default();
        if now < self.next {
            return seen;
        }
        let before = std::mem::replace(&mut self.files, stamps(places));
        let changed = |path: &&PathBuf| before.get(*path) != self.files.get(*path);
        let changing: BTreeSet<PathBuf> = self
            .files
            .keys()
            .chain(before.keys())
            .filter(changed)
            .cloned()
            .collect();
        for path in std::mem::take(&mut self.changing).difference(&changing) {
            seen.note(path.clone(), State::Complete);
        }
        self.next = now + if changing.is_empty() { EVERY } else { SETTLING };
        self.changing = changing;
        seen
    }
}

fn stamps(places: &[Place]) -> BTreeMap<PathBuf, Stamp> {
    let mut stamps = BTreeMap::new();
    for place in places {
        let entries = std::fs::read_dir(&place.folder).into_iter().flatten().flatten();
        for entry in entries.filter(|entry| place.names.hold(&entry.file_name())) {
            let path = entry.path();
            if let Ok(found) = std::fs::metadata(&path) {
                let content = (found.mtime(), found.mtime_nsec());
                let rights = (found.ctime(), found.ctime_nsec());
                stamps.insert(path, (found.dev(), found.ino(), found.size(), content, rights));
            }
        }
    }
    stamps
}

#[cfg(test)]
mod tests {
    use std::fs::{self, File};
    use std::io::Write as _;

    use super::{EVERY, Polling, Seen};
    use crate::watch::{BootTime, Place};

    #[test]
    fn files_that_come_change_and_go_are_seen_and_others_are_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let write = |name: &str, text: &str| File::create(path(name)).unwrap().write_all(text.as_bytes()).unwrap();
        write("gone.toml", "a");
        write("changed.toml", "a");
        write("same.toml", "a");
        let places = [Place::ending(folder.path().to_owned(), ".toml")];
        let mut polling = Polling::new(&places);
        fs::remove_file(path("gone.toml")).unwrap();
        write("changed.toml", "ab");
        write("new.toml", "a");
        write("new.txt", "a");
        let now = BootTime::now();
        assert!(polling.look(&places, now).paths.is_empty(), "it is not time yet");
        assert!(
            polling.look(&places, now + EVERY).paths.is_empty(),
            "it may change still"
        );
        write("changed.toml", "abc");
        let names = |seen: Seen| -> Vec<_> {
            let names = seen.paths.iter().filter_map(|(path, _)| path.file_name());
            names.map(|name| name.to_str().unwrap().to_owned()).collect()
        };
        assert_eq!(names(polling.look(&places, now + EVERY * 2)), ["gone.toml", "new.toml"]);
        assert_eq!(names(polling.look(&places, now + EVERY * 3)), ["changed.toml"]);
        assert!(polling.look(&places, now + EVERY * 4).paths.is_empty());
    }
}
