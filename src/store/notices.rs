//! What a store has done, or could not do, besides what it was asked for: words for a person, until somebody asks.

use std::sync::{Arc, Mutex, PoisonError};

/// Words that wait to be said. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct Notices(Arc<Mutex<Vec<String>>>);

impl Notices {
    /// Takes what is to be said.
    #[must_use]
    pub fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Adds a sentence; one that waits already is not said twice.
    pub(super) fn add(&self, notice: String) {
        // Whoever panicked with it held it for a look or for adding a whole sentence.
        let mut notices = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !notices.contains(&notice) {
            notices.push(notice);
        }
    }
}
