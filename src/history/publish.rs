//! Making a prepared revision the newest one, in steps that a crash between any two of them can be undone or
//! finished:
//!
//! 1. **stage**: objects, the new ref and the new index are written to `.git/valvecfg/incoming`; the caller
//!    makes them durable together with its journal.
//! 2. **place**: the objects, whole and durable, are renamed into the object database.
//! 3. **lock**: the staged index and ref are renamed to git's own lock names, so taking a lock is one atomic
//!    step, and a lock of ours is known by what it holds. Then nobody else has moved either, or we stop.
//! 4. **publish**: the locks are renamed to what they lock. Renaming the ref is the moment from which the
//!    revision is recorded.

use std::fs::Metadata;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::prepare::Prepared;
use super::staged::Objects;
use super::{ACKNOWLEDGED, BRANCH, History, HistoryError, index, pack, reference, unexpected};
use crate::files::{self, Durability, Ownership};
use crate::revision::RevisionId;

/// What a revision needs to be published, or withdrawn, by whoever finds it: the part of a journal that
/// concerns the repository.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Publication {
    /// The revision before it, which the branch must still name.
    pub parent: Option<RevisionId>,
    /// The revision itself.
    pub revision: RevisionId,
    /// What it consists of.
    #[serde(flatten)]
    pub(super) objects: Objects,
    /// The checksum of the staged index, by which a lock is known as ours.
    index: String,
    /// The checksum of the index it was made from.
    index_before: Option<String>,
}

/// A revision whose objects are staged, and nothing else yet.
#[must_use = "nothing can be published until it is complete"]
pub struct StagedObjects<'p> {
    prepared: &'p Prepared,
    objects: Objects,
}

/// A publication that holds git's locks on the index and the branch.
#[must_use = "the locks stay until `publish` or `release`"]
pub struct Locked<'p> {
    publication: &'p Publication,
    git: PathBuf,
}

/// Where files are staged. Whoever holds the store's lock owns everything in it.
#[must_use]
pub fn incoming(git: &Path) -> PathBuf {
    git.join("valvecfg/incoming")
}

/// Removes what a crash left in the staging folder, and makes the folder where there is none. The caller holds
/// the store's lock and has dealt with its journal. Says whether anything was left.
pub fn sweep(git: &Path, ownership: Ownership) -> Result<bool, HistoryError> {
    let incoming = incoming(git);
    if files::create_folder(&incoming, ownership)? {
        return Ok(false);
    }
    let mut swept = false;
    let io = |source| files::FileError::io("list", &incoming, source);
    for entry in std::fs::read_dir(&incoming).map_err(io)? {
        files::remove(&entry.map_err(io)?.path())?;
        swept = true;
    }
    Ok(swept)
}

impl Prepared {
    /// Writes the objects to the staging folder, which must be empty. Comes before anything is staged elsewhere:
    /// a staging folder that is not empty is how the next writer knows that a crash left something.
    pub fn stage(
        &self,
        git: &Path,
        ownership: Ownership,
        durability: &mut Durability,
    ) -> Result<StagedObjects<'_>, HistoryError> {
        let recorded = self.objects.iter().map(|object| (object, 0o444));
        let kept = self.kept.iter().map(|(object, mode)| (object, *mode));
        let objects = if pack::is_worthwhile(&self.objects) {
            Objects::stage_pack(&self.objects, git, ownership, durability)?
        } else {
            Objects::stage_each(recorded, git, ownership, durability)?
        };
        Objects::stage_each(kept, git, ownership, durability)?;
        Ok(StagedObjects {
            prepared: self,
            objects,
        })
    }
}

impl StagedObjects<'_> {
    /// Writes the ref and the index to the staging folder.
    ///
    /// `file_of` tells the metadata that a changed file will have in the store's folder, for the index; nothing
    /// where the file is a link and git must not compare it.
    pub fn complete(
        self,
        history: &History,
        file_of: &dyn Fn(&str) -> Option<Metadata>,
        ownership: Ownership,
        durability: &mut Durability,
    ) -> Result<Publication, HistoryError> {
        let Self { prepared, objects } = self;
        let git = &history.git;
        let incoming = incoming(git);
        for name in ["branch", "acknowledged"] {
            let staged = incoming.join(name);
            files::create(&staged, format!("{}\n", prepared.revision).as_bytes(), 0o644, ownership)?;
            durability.file(&staged);
        }
        let index_before = index::checksum(&git.join("index"))?;
        let staged = incoming.join("index");
        let whole = history
            .repository
            .find_tree(prepared.tree)
            .map_err(HistoryError::git("read the new revision"))?;
        index::write(git, &staged, &prepared.entries, &whole, file_of, ownership)?;
        durability.file(&staged);
        let written = index::checksum(&staged)?.ok_or_else(|| unexpected(&staged, "it is gone"))?;
        Ok(Publication {
            parent: prepared.parent,
            revision: prepared.revision,
            objects,
            index: hex(&written),
            index_before: index_before.as_deref().map(hex),
        })
    }
}

impl Publication {
    /// Why a file's content that it must have placed cannot be read.
    #[must_use]
    pub fn lacks_content(&self, git: &Path) -> HistoryError {
        unexpected(
            &git.join("objects"),
            &format!("a file of revision {} is gone", self.revision),
        )
    }

    /// Renames the staged objects, durable by now, into the object database.
    pub fn place(&self, git: &Path, ownership: Ownership, durability: &mut Durability) -> Result<(), HistoryError> {
        self.objects.place(self.revision, git, ownership, durability)
    }

    /// Takes git's locks on the index and the branch, waiting up to `patience` for each, and makes sure that
    /// nobody has moved either.
    pub fn lock(&self, git: &Path, patience: Duration) -> Result<Locked<'_>, HistoryError> {
        let incoming = incoming(git);
        take(&incoming.join("index"), &git.join("index.lock"), patience)?;
        let locked = Locked {
            publication: self,
            git: git.to_owned(),
        };
        let taken = take(&incoming.join("branch"), &branch_lock(git), patience);
        let checked = taken.and_then(|()| {
            let index = index::checksum(&git.join("index"))?;
            let unmoved = reference::read(git, BRANCH)? == self.parent;
            if unmoved && index.as_deref().map(hex) == self.index_before {
                Ok(())
            } else {
                Err(HistoryError::Moved)
            }
        });
        match checked {
            Ok(()) => Ok(locked),
            Err(error) => {
                locked.release()?;
                Err(error)
            }
        }
    }

    fn owns_index_lock(&self, git: &Path) -> Result<bool, HistoryError> {
        let held = index::checksum(&git.join("index.lock"))?;
        Ok(held.as_deref().map(hex).as_ref() == Some(&self.index))
    }

    fn owns_branch_lock(&self, git: &Path) -> Result<bool, HistoryError> {
        let held = files::read_if_present(&branch_lock(git), 1 << 10)?;
        Ok(held.is_some_and(|held| held == format!("{}\n", self.revision).as_bytes()))
    }
}

impl Locked<'_> {
    /// Records the revision: the branch names it from now on. What follows is finished by [`redo`] if it fails.
    ///
    /// The outer error means that nothing was recorded; the locks are released then.
    pub fn publish(self, durability: &mut Durability) -> Result<Result<(), HistoryError>, HistoryError> {
        let branch = self.git.join(BRANCH);
        if let Err(error) = files::rename(&branch_lock(&self.git), &branch) {
            self.release()?;
            return Err(error.into());
        }
        if let Some(folder) = branch.parent() {
            durability.folder(folder);
        }
        Ok(follow_up(&self.git, durability))
    }

    /// Gives the locks back.
    pub fn release(self) -> Result<(), HistoryError> {
        release(self.publication, &self.git)
    }
}

/// Takes back what of a publication others would see, where the branch does not name it. Safe to repeat.
pub fn withdraw(publication: &Publication, git: &Path) -> Result<(), HistoryError> {
    publication.objects.withdraw(git)?;
    release(publication, git)
}

/// Finishes a publication that the branch names already. Safe to repeat.
pub fn redo(
    publication: &Publication,
    git: &Path,
    ownership: Ownership,
    durability: &mut Durability,
) -> Result<(), HistoryError> {
    publication.place(git, ownership, durability)?;
    if publication.owns_branch_lock(git)? {
        files::remove(&branch_lock(git))?;
    }
    let lock = git.join("index.lock");
    if publication.owns_index_lock(git)? {
        files::rename(&lock, &git.join("index"))?;
    }
    let acknowledged = reference::read(git, ACKNOWLEDGED).ok().flatten();
    if acknowledged != Some(publication.revision) {
        acknowledge(git, publication.revision, ownership, durability)?;
    }
    Ok(())
}

/// Remembers a revision as the last one whose files are in place.
pub fn acknowledge(
    git: &Path,
    revision: RevisionId,
    ownership: Ownership,
    durability: &mut Durability,
) -> Result<(), HistoryError> {
    let staged = incoming(git).join("acknowledged");
    files::remove(&staged)?;
    files::create(&staged, format!("{revision}\n").as_bytes(), 0o644, ownership)?;
    // Its content must be on the disk before its name is, or a power cut leaves an empty ref.
    durability.file(&staged);
    durability.barrier()?;
    place_acknowledged(git, ownership, durability)
}

fn place_acknowledged(git: &Path, ownership: Ownership, durability: &mut Durability) -> Result<(), HistoryError> {
    let acknowledged = git.join(ACKNOWLEDGED);
    if let Some(folder) = acknowledged.parent() {
        // `git pack-refs` removes folders that it empties.
        files::create_folder(folder, ownership)?;
        durability.folder(folder);
    }
    files::rename(&incoming(git).join("acknowledged"), &acknowledged)?;
    Ok(())
}

fn follow_up(git: &Path, durability: &mut Durability) -> Result<(), HistoryError> {
    files::rename(&git.join("index.lock"), &git.join("index"))?;
    durability.folder(git);
    place_acknowledged(git, Ownership::of(git)?, durability)
}

fn release(publication: &Publication, git: &Path) -> Result<(), HistoryError> {
    if publication.owns_branch_lock(git)? {
        files::remove(&branch_lock(git))?;
    }
    if publication.owns_index_lock(git)? {
        files::remove(&git.join("index.lock"))?;
    }
    Ok(())
}

fn branch_lock(git: &Path) -> PathBuf {
    git.join(format!("{BRANCH}.lock"))
}

/// Renames a staged file to a lock's name as soon as that is free.
fn take(staged: &Path, lock: &Path, patience: Duration) -> Result<(), HistoryError> {
    let deadline = Instant::now() + patience;
    loop {
        if files::rename_to_free(staged, lock)? {
            return Ok(());
        }
        if Instant::now() >= deadline {
            return Err(HistoryError::Locked { path: lock.to_owned() });
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn hex(bytes: &[u8]) -> String {
    let digit = |half: u8| char::from_digit(u32::from(half), 16).unwrap_or('0');
    bytes
        .iter()
        .flat_map(|byte| [digit(byte >> 4), digit(byte & 15)])
        .collect()
}
