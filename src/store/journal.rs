//! The journal: what a writer is about to do, written before it does it. Whoever finds one under the writer
//! lock knows that its writer is dead, and finishes or undoes what it began: finishes it if the branch names
//! the revision already, else undoes it. Both can be interrupted and repeated.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::StoreError;
use super::checksummed::{self, Content};
use super::companion::Turn;
use crate::files::{self, Durability, FileError, Ownership, Replacement, Step};
use crate::history::{self, BlobId, History, Publication};

/// A journal names each changed file once; a store of 10,000 plugins needs about 2 MiB.
const LIMIT: u64 = 256 << 20;

/// What one writer is about to do.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Journal {
    pub publication: Publication,
    pub files: Vec<JournalFile>,
    /// What comes or goes with the revision.
    #[serde(default)]
    pub turns: Vec<Turn>,
}

/// One file that it changes.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct JournalFile {
    /// Relative to the store's folder, or absolute where a link leads out of it.
    pub target: PathBuf,
    pub before: Option<BlobId>,
    pub after: Option<BlobId>,
    /// Whether it is written in place, and can be torn.
    #[serde(default)]
    pub in_place: bool,
}

/// Where the journal of the repository in `git` stands.
pub(super) fn path(git: &Path) -> PathBuf {
    git.join("valvecfg/journal")
}

impl Journal {
    /// Writes the journal. It takes effect once it is durable.
    pub(super) fn write(
        &self,
        git: &Path,
        ownership: Ownership,
        durability: &mut Durability,
    ) -> Result<(), StoreError> {
        let staged = self.stage(git, ownership)?;
        let path = path(git);
        files::rename(&staged, &path)?;
        durability.file(&path);
        Ok(())
    }

    /// Writes the journal anew, durably. At no moment is there none: the one before counts until this one is whole
    /// and on the disk.
    fn rewrite(&self, git: &Path, ownership: Ownership, durability: &mut Durability) -> Result<(), StoreError> {
        let staged = self.stage(git, ownership)?;
        durability.file(&staged);
        durability.barrier()?;
        let path = path(git);
        files::rename(&staged, &path)?;
        durability.file(&path);
        durability.barrier()?;
        Ok(())
    }

    fn stage(&self, git: &Path, ownership: Ownership) -> Result<PathBuf, StoreError> {
        let staged = history::incoming(git).join("journal");
        let bytes = checksummed::encode(self, |source| StoreError::Journal {
            path: path(git),
            source,
        })?;
        // What a crash left there: the caller holds the lock.
        files::remove(&staged)?;
        files::create(&staged, &bytes, 0o644, ownership)?;
        Ok(staged)
    }

    /// Takes a step of one of its files: by renames, or in place once the journal says so.
    pub(super) fn take(
        &mut self,
        at: usize,
        replacement: &mut Replacement,
        step: impl Fn(&Replacement, &mut Durability) -> Result<Step, FileError>,
        git: &Path,
        ownership: Ownership,
        durability: &mut Durability,
    ) -> Result<(), StoreError> {
        if step(replacement, durability)? == Step::Done {
            return Ok(());
        }
        self.files[at].in_place = true;
        self.rewrite(git, ownership, durability)?;
        replacement.allow_in_place();
        // In place, every step can be done.
        step(replacement, durability).map(|_done| ())?;
        Ok(())
    }

    /// Reads the journal, if there is one.
    ///
    /// One that is empty or cut off was never made durable, so nothing that it names was touched: it counts as
    /// none, and is removed.
    fn read(git: &Path) -> Result<Option<Self>, StoreError> {
        let path = path(git);
        let Some(bytes) = files::read_if_present(&path, LIMIT)? else {
            return Ok(None);
        };
        let content = checksummed::decode(&bytes, |source| StoreError::Journal { path, source })?;
        Ok(match content {
            Content::Whole(journal) => Some(journal),
            Content::Torn => None,
        })
    }
}

/// Finishes or undoes what a dead writer began, and clears the staging folder. The caller holds the writer lock.
pub(super) fn recover(root: &Path, git: &Path) -> Result<(), StoreError> {
    settle(root, git, true)
}

/// Undoes what this process itself began and could not finish. The caller holds the writer lock.
pub(super) fn take_back(root: &Path, git: &Path) -> Result<(), StoreError> {
    settle(root, git, false)
}

fn settle(root: &Path, git: &Path, is_crash: bool) -> Result<(), StoreError> {
    let ownership = Ownership::of(root)?;
    if let Some(mut journal) = Journal::read(git)? {
        let history = History::open(root)?;
        let mut durability = Durability::begin(git)?;
        durability.watch(root)?;
        let recorded = is_recorded(&journal, &history, git)?;
        if recorded {
            // The objects first: the files' content is read from them.
            history::redo(&journal.publication, git, ownership, &mut durability)?;
            for turn in &journal.turns {
                turn.take(git, &mut durability)?;
            }
        }
        let step = if recorded { Replacement::redo } else { Replacement::undo };
        for at in 0..journal.files.len() {
            let file = &journal.files[at];
            match file.replacement(root, &history)? {
                Some(mut replacement) => {
                    if is_crash {
                        replacement.keep_save(!recorded)?;
                    }
                    journal.take(at, &mut replacement, step, git, ownership, &mut durability)?;
                }
                // A recorded revision has all its objects; without them nothing can be finished, nor forgotten.
                None if recorded => return Err(journal.publication.lacks_content(git).into()),
                // Its content is in no object yet, so the file itself has not been touched.
                None => files::remove(&files::staged_path(&root.join(&file.target)))?,
            }
        }
        if !recorded {
            history::withdraw(&journal.publication, git)?;
        }
        durability.folder(git);
        durability.barrier()?;
        files::remove(&path(git))?;
        history::sweep(git, ownership)?;
        return Ok(());
    }
    files::remove(&path(git))?;
    if history::sweep(git, ownership)? {
        sweep_staged_files(root)?;
    }
    Ok(())
}

/// What counts of the files that the journal names, for a reader who may not repair them.
pub(super) fn instead(root: &Path, git: &Path) -> Result<BTreeMap<PathBuf, Option<BlobId>>, StoreError> {
    let Some(journal) = Journal::read(git)? else {
        return Ok(BTreeMap::new());
    };
    let history = History::open(root)?;
    let recorded = is_recorded(&journal, &history, git)?;
    let counts = |file: JournalFile| (root.join(file.target), if recorded { file.after } else { file.before });
    Ok(journal.files.into_iter().map(counts).collect())
}

/// Whether the branch names the journal's revision, or one that follows from it.
fn is_recorded(journal: &Journal, history: &History, git: &Path) -> Result<bool, StoreError> {
    let Publication { parent, revision, .. } = &journal.publication;
    match history::branch(git)? {
        Some(branch) if Some(branch) != *parent => Ok(history.follows_or_is(branch, *revision)?),
        _ => Ok(false),
    }
}

impl JournalFile {
    fn replacement(&self, root: &Path, history: &History) -> Result<Option<Replacement>, StoreError> {
        let read = |blob: Option<BlobId>| match blob {
            Some(blob) => Ok(history.find_blob(blob)?.map(Some)),
            None => Ok::<_, StoreError>(Some(None)),
        };
        let (Some(before), Some(after)) = (read(self.before)?, read(self.after)?) else {
            return Ok(None);
        };
        Ok(Some(Replacement::resume(
            root.join(&self.target),
            before,
            after,
            self.in_place,
        )))
    }
}

/// Removes what a writer had staged beside the settings before it was killed without a journal.
fn sweep_staged_files(root: &Path) -> Result<(), StoreError> {
    let mut folders = vec![root.join("plugins"), root.to_owned()];
    let mut removed = Vec::new();
    while let Some(folder) = folders.pop() {
        let entries = match std::fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(source) if source.kind() == std::io::ErrorKind::NotFound => continue,
            Err(source) => return Err(files::FileError::io("list", &folder, source).into()),
        };
        for entry in entries {
            let entry = entry.map_err(|source| files::FileError::io("list", &folder, source))?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let path = entry.path();
            if name.starts_with('.') && name.ends_with(".valvecfg") {
                removed.push(path);
            } else if let Ok(linked) = std::fs::read_link(&path) {
                removed.push(files::staged_path(&folder.join(linked)));
            } else if folder == *root && name == "schemas" || folder.starts_with(root.join("schemas")) && path.is_dir()
            {
                folders.push(path);
            }
        }
    }
    removed.iter().try_for_each(|path| files::remove(path))?;
    Ok(())
}
