//! How settings files are seen: not while somebody writes them, and not when they are gone for a moment.

use std::collections::BTreeMap;
use std::time::Duration;

use super::absorb::Writers;
use super::places::Places;
use crate::watch::{BootTime, Watcher};

/// How long a file may be gone or empty before that counts: editors take it away, or empty it, for a moment.
const GONE: Duration = Duration::from_millis(300);

/// Sees settings files.
pub(super) struct Eye<'f> {
    pub places: &'f Places,
    pub watcher: &'f mut Watcher,
    /// Files that are gone or empty, and when that counts.
    pub gone: &'f mut BTreeMap<String, BootTime>,
}

impl Writers for Eye<'_> {
    fn version(&mut self, path: &str) -> Option<u64> {
        let files = self.places.files_of(path);
        files.iter().map(|file| self.watcher.version(file)).sum()
    }

    fn is_fleeting(&mut self, path: &str, is_nothing: bool) -> bool {
        if !is_nothing {
            self.gone.remove(path);
            return false;
        }
        let now = BootTime::now();
        let told = *self.gone.entry(path.to_owned()).or_insert(now + GONE);
        if told <= now {
            self.gone.remove(path);
        }
        told > now
    }
}
