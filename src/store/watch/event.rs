//! What a watcher tells.

use std::path::PathBuf;

use crate::document::Change;
use crate::revision::{Moment, Revision, RevisionId};
use crate::store::{Answered, CheckedFile, Delivery};

/// Something that happened, and when.
#[derive(Clone, Debug, PartialEq)]
pub struct WatchReport {
    /// When.
    pub time: Moment,
    /// What.
    pub event: WatchEvent,
}

/// Something that happened to a store that is watched.
#[derive(Clone, Debug, PartialEq)]
pub enum WatchEvent {
    /// It is followed from now on.
    Started {
        /// The store's folder.
        folder: PathBuf,
        /// How many plugins it has.
        plugins: usize,
    },
    /// Edits by hand became a revision.
    Recorded {
        /// It.
        revision: Box<Revision>,
        /// The settings that changed. Keys begin with the plugin's name.
        changes: Vec<Change>,
        /// Files that changed in other ways, as by comments.
        files: Vec<String>,
    },
    /// How a running plugin stands to its latest settings, after it was told of them.
    Delivered {
        /// How.
        delivery: Box<Delivery>,
    },
    /// A plugin said through the socket that it runs a revision, or why it does not.
    Answered {
        /// Its word.
        answered: Answered,
        /// The user whose process said it.
        uid: u32,
    },
    /// A change has proved itself, and stays.
    Confirmed {
        /// The revision that made it.
        revision: RevisionId,
    },
    /// A change that nobody confirmed in time, or that a plugin refused, was taken back.
    TakenBack {
        /// The revision that made it.
        revision: RevisionId,
        /// The revision that takes it back; none where everything was so already.
        by: Option<RevisionId>,
        /// Which plugin refused it, and why; none where its time was over.
        reason: Option<String>,
    },
    /// A file is not valid, and stays as it is. Plugins keep their last good settings.
    Invalid {
        /// The file, and what is wrong with it.
        file: CheckedFile,
    },
    /// A file that was not valid is so no longer.
    Valid {
        /// The file, from the store's folder.
        path: String,
    },
    /// A file that was not valid was set aside, and what is recorded is in its place.
    Restored {
        /// The file as it was, and what is wrong with it.
        file: CheckedFile,
        /// Where it is now, from the store's folder; nothing where it was gone.
        rejected: Option<String>,
    },
    /// Nothing can be recorded. It is tried again, ever less often, and when something changes.
    Waiting {
        /// Why.
        reason: String,
    },
    /// What kept it from recording is over.
    Resumed,
    /// Something that somebody should know.
    Warning {
        /// What.
        message: String,
    },
    /// It is followed no longer.
    Stopped,
}
