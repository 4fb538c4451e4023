//! Looking at the files from time to time, where the system does not say what happens to them.

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;
use std::time::Duration;

use super::clock::BootTime;
use super::inotify::Seen;
use super::place::Place;

/// How often.
const EVERY: Duration = Duration::from_secs(2);

/// The files as they were when they were looked at last.
pub(super) struct Polling {
    files: BTreeMap<PathBuf, Stamp>,
    next: BootTime,
}

/// What tells a file from what it was before: device, number, size, and the times of its content and of its rights.
type Stamp = (u64, u64, u64, (i64, i64), (i64, i64));

impl Polling {
    pub(super) fn new(places: &[Place]) -> Self {
        Self {
            files: stamps(places),
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
        self.next = now + EVERY;
        let before = std::mem::replace(&mut self.files, stamps(places));
        for (path, stamp) in &self.files {
            if before.get(path) != Some(stamp) {
                seen.touch(path.clone(), true);
            }
        }
        for path in before.keys().filter(|path| !self.files.contains_key(*path)) {
            seen.touch(path.clone(), true);
        }
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

    use super::{EVERY, Polling};
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
        let seen = polling.look(&places, now + EVERY);
        let names: Vec<_> = seen.paths.keys().filter_map(|path| path.file_name()).collect();
        assert_eq!(names, ["changed.toml", "gone.toml", "new.toml"]);
        assert!(polling.look(&places, now + EVERY * 2).paths.is_empty());
    }
}
