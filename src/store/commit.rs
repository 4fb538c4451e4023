//! Commit: a plan becomes a revision, durable and all or nothing.
//!
//! It makes two barriers, each one `syncfs` where the system reports errors through it:
//!
//! 1. after objects, ref, index, the new files and the journal are staged: from here on a crash can be undone
//!    or finished, and no name ever points to content that is not on the disk;
//! 2. after objects, files and branch are renamed into place: from here on the revision is acknowledged.
//!
//! The files are exchanged before the branch moves, while git's locks are held. So a save by somebody else is
//! noticed while everything can still be taken back, and the branch's rename is the one moment from which the
//! revision exists.

use std::collections::HashMap;
use std::time::Duration;

use super::companion::Companion;
use super::journal::{self, Journal, JournalFile};
use super::{Store, StoreError};
use crate::files::{self, Durability, Ownership, Replacement};
use crate::history::{self, BlobId, History, Prepared};
use crate::revision::RevisionId;

/// A file of the store as it is and as it will be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct FileChange {
    /// From the store's folder, with `/`.
    pub path: String,
    pub before: Option<Vec<u8>>,
    /// The id of what it holds before.
    pub before_blob: Option<BlobId>,
    pub after: Option<Vec<u8>>,
}

/// What changes with a revision.
pub(super) struct Changes {
    /// Files of the store.
    pub files: Vec<FileChange>,
    /// Files beside its history.
    pub companions: Vec<Companion>,
}

/// Records a prepared revision and puts its files in place. The caller holds the writer lock.
pub(super) fn commit(
    store: &Store,
    history: &History,
    prepared: &Prepared,
    changes: Changes,
) -> Result<RevisionId, StoreError> {
    let git = history.git_folder();
    let ownership = Ownership::of(&store.root)?;
    let mut durability = Durability::begin(git)?;
    let mut staged = Staged {
        replacements: Vec::new(),
    };
    let mut journal = match staged.prepare(store, history, prepared, changes, ownership, &mut durability) {
        Ok(journal) => journal,
        Err(error) => return Err(after_undoing(error, || staged.discard(store, git))),
    };
    let revision = journal.publication.revision;
    let publishing = Publishing {
        history,
        journal: &mut journal,
        staged: &mut staged,
        git,
        ownership,
        patience: store.limits.patience,
        has_kept: prepared.has_kept(),
    };
    match publishing.run(&mut durability) {
        Ok(Ok(())) => Ok(revision),
        Ok(Err(error)) => Err(StoreError::NotLive {
            revision,
            source: Box::new(error),
        }),
        Err(error) => Err(after_undoing(error, || journal::take_back(&store.root, git))),
    }
}

/// The error of a step that failed, after what it had done was taken back. Where even that fails, the journal
/// stays, and the next command does it.
fn after_undoing(error: StoreError, undo: impl FnOnce() -> Result<(), StoreError>) -> StoreError {
    match undo() {
        Ok(()) => error,
        Err(undoing) => StoreError::NotUndone {
            source: Box::new(error),
            undoing: Box::new(undoing),
        },
    }
}

struct Staged {
    replacements: Vec<Replacement>,
}

impl Staged {
    /// All that comes before the first barrier.
    fn prepare(
        &mut self,
        store: &Store,
        history: &History,
        prepared: &Prepared,
        changes: Changes,
        ownership: Ownership,
        durability: &mut Durability,
    ) -> Result<Journal, StoreError> {
        let git = history.git_folder();
        let objects = prepared.stage(git, ownership, durability)?;
        let blobs = prepared.blobs();
        let mut files = Vec::with_capacity(changes.files.len());
        let mut positions = HashMap::with_capacity(changes.files.len());
        for change in changes.files {
            let path = store.root.join(&change.path);
            let (before, after) = (change.before_blob, blobs.get(change.path.as_str()).copied());
            if change.after.is_some()
                && let Some(folder) = path.parent()
            {
                make_folders(&store.root, folder, ownership, durability)?;
            }
            let mut replacement = Replacement::plan(&path, change.before, change.after)?;
            let target = replacement
                .target()
                .strip_prefix(&store.root)
                .unwrap_or(replacement.target())
                .to_owned();
            replacement.stage(0o644, ownership, durability)?;
            let in_place = replacement.is_in_place();
            self.replacements.push(replacement);
            positions.insert(change.path, positions.len());
            files.push(JournalFile {
                target,
                before,
                after,
                in_place,
            });
        }
        let file_of = |path: &str| self.replacements[*positions.get(path)?].staged_metadata(&store.root.join(path));
        let publication = objects.complete(history, &file_of, ownership, durability)?;
        let stage = |companion: Companion| companion.stage(git, ownership, durability);
        let turns = changes.companions.into_iter().map(stage).collect::<Result<_, _>>()?;
        let journal = Journal {
            publication,
            files,
            turns,
        };
        journal.write(git, ownership, durability)?;
        durability.barrier()?;
        Ok(journal)
    }

    /// Takes back the staging of [`Self::prepare`].
    fn discard(&self, store: &Store, git: &std::path::Path) -> Result<(), StoreError> {
        self.replacements.iter().try_for_each(Replacement::finish)?;
        journal::take_back(&store.root, git)
    }
}

struct Publishing<'s> {
    history: &'s History,
    journal: &'s mut Journal,
    staged: &'s mut Staged,
    git: &'s std::path::Path,
    ownership: Ownership,
    patience: Duration,
    /// Whether the staging folder holds what must not stay there.
    has_kept: bool,
}

impl Publishing<'_> {
    /// All that comes after the first barrier. The outer error means that nothing was recorded, the inner one
    /// that it was.
    fn run(self, durability: &mut Durability) -> Result<Result<(), StoreError>, StoreError> {
        let Self {
            history,
            journal,
            staged,
            git,
            ownership,
            patience,
            has_kept,
        } = self;
        let publication = journal.publication.clone();
        publication.place(git, ownership, durability)?;
        let locked = publication.lock(git, patience)?;
        for (at, replacement) in staged.replacements.iter_mut().enumerate() {
            // The locks are released by the recovery that follows every error here.
            journal.take(at, replacement, Replacement::apply, git, ownership, durability)?;
        }
        let followed = locked.publish(durability)?;
        Ok(followed.map_err(StoreError::from).and_then(|()| {
            for turn in &journal.turns {
                turn.take(git, durability)?;
            }
            durability.barrier()?;
            let branch = history::branch(git)?;
            // Somebody's git may have committed on top already.
            let is_there = branch.map(|branch| history.follows_or_is(branch, publication.revision));
            if !is_there.transpose()?.unwrap_or(false) {
                return Err(StoreError::History(history::HistoryError::Moved));
            }
            staged.replacements.iter().try_for_each(Replacement::finish)?;
            files::remove(&journal::path(git))?;
            if has_kept {
                history::sweep(git, ownership)?;
            }
            Ok(())
        }))
    }
}

fn make_folders(
    root: &std::path::Path,
    folder: &std::path::Path,
    ownership: Ownership,
    durability: &mut Durability,
) -> Result<(), StoreError> {
    if folder == root || folder.is_dir() {
        return Ok(());
    }
    if let Some(parent) = folder.parent() {
        make_folders(root, parent, ownership, durability)?;
        files::create_folder(folder, ownership)?;
        durability.folder(parent);
    }
    Ok(())
}
