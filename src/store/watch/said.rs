//! What was said already: nothing is said twice.

use std::collections::BTreeMap;
use std::hash::BuildHasher as _;

use crate::store::CheckedFile;

/// What a watcher has told of what is wrong.
#[derive(Default)]
pub(super) struct Said {
    /// Files that are not valid, by a sum of what was told of them.
    invalid: BTreeMap<String, u64>,
    /// What keeps it from recording.
    trouble: Option<String>,
    /// The last warning of its kind.
    warning: Option<String>,
}

impl Said {
    /// Whether it is new that a file is not valid, or that it is not valid in this way.
    pub(super) fn is_news(&mut self, file: &CheckedFile) -> bool {
        let sum = foldhash::quality::FixedState::default().hash_one(format!("{file:?}"));
        self.invalid.insert(file.path.clone(), sum) != Some(sum)
    }

    /// Whether a file that is valid was not when it was told of last.
    pub(super) fn is_mended(&mut self, path: &str) -> bool {
        self.invalid.remove(path).is_some()
    }

    /// The files that are not valid.
    pub(super) fn invalid(&self) -> impl Iterator<Item = &str> {
        self.invalid.keys().map(String::as_str)
    }

    /// Whether this trouble is new.
    pub(super) fn is_new_trouble(&mut self, trouble: &str) -> bool {
        let is_new = self.trouble.as_deref() != Some(trouble);
        self.trouble = Some(trouble.to_owned());
        is_new
    }

    /// Whether there was trouble until now.
    pub(super) fn is_over(&mut self) -> bool {
        self.trouble.take().is_some()
    }

    /// Whether there is trouble.
    pub(super) fn trouble(&self) -> Option<&str> {
        self.trouble.as_deref()
    }

    /// Whether this is not the warning that was given last.
    pub(super) fn is_new_warning(&mut self, warning: &str) -> bool {
        let is_new = self.warning.as_deref() != Some(warning);
        self.warning = Some(warning.to_owned());
        is_new
    }

    /// Forgets what was said of files, so that it is said again.
    pub(super) fn forget(&mut self) {
        self.invalid.clear();
    }
}
