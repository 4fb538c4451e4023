//! The git repository of a store: reading revisions, preparing new ones, publishing them durably.
//!
//! Reading and building objects is libgit2's. Writing is our own, because libgit2 syncs nothing by default,
//! reports success for commits that it did not write, and leaves lock files behind when it is killed. New
//! objects are staged in `.git/valvecfg/incoming`, made durable together, renamed into place and only then
//! named by the branch, so no reader of the repository ever meets an object that is missing or empty.
//!
//! It knows revisions, paths and bytes; it does not know what the files mean.

mod catalogue;
mod create;
#[cfg(test)]
mod fixture;
mod folders;
mod head;
mod index;
mod libgit2;
mod log;
pub mod maintain;
mod pack;
mod prepare;
mod publish;
mod reference;
mod resolve;
mod settings;
mod staged;

use std::cell::{Cell, RefCell};
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use git2::{ObjectType, Oid, Repository, RepositoryOpenFlags, Tree};
use rustix::io::Errno;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use thiserror::Error;

use crate::files::FileError;
use crate::revision::RevisionId;

use folders::Folders;

pub use catalogue::{Catalogue, Entry, Query};
pub use create::create;
pub use head::{Head, branch};
pub use log::{Log, PathChange};
pub use prepare::{Edit, Origin, Prepared};
pub use publish::{Locked, Publication, StagedObjects, acknowledge, incoming, redo, sweep, withdraw};
pub use resolve::{ResolveError, SHORTEST_HASH};

/// The branch that a store records on.
pub const BRANCH: &str = "refs/heads/main";
/// The ref that remembers the last revision whose files are in place, so that surgery on the branch by other
/// programs is noticed, and its history stays reachable whatever happens to the branch.
pub const ACKNOWLEDGED: &str = "refs/valvecfg/acknowledged";

/// Why the repository could not be read or written.
#[derive(Debug, Error)]
pub enum HistoryError {
    /// libgit2 could not do it.
    #[error("cannot {action}")]
    Git {
        /// What was attempted.
        action: &'static str,
        /// libgit2's reason.
        source: git2::Error,
    },
    /// A file of the repository could not be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// Another program holds one of git's locks.
    #[error("another git program holds {}", path.display())]
    Locked {
        /// The lock file.
        path: PathBuf,
    },
    /// The branch has moved since it was read.
    #[error("someone else recorded a revision in the meantime")]
    Moved,
    /// `HEAD` names a commit instead of the branch.
    #[error("HEAD is detached at {at}; valvecfg records on branch main")]
    Detached {
        /// What it names.
        at: String,
    },
    /// `HEAD` names another branch.
    #[error("HEAD is on branch {branch}; valvecfg records on branch main")]
    OtherBranch {
        /// Which one.
        branch: String,
    },
    /// The branch is gone.
    #[error("branch main is gone; its last revision was {acknowledged}")]
    BranchGone {
        /// The revision that valvecfg recorded last.
        acknowledged: RevisionId,
    },
    /// There is no revision at all.
    #[error("branch main has no revision yet")]
    Unborn,
    /// The branch no longer holds the last acknowledged revision.
    #[error("branch main was rewritten: it names {found}, which does not follow from {acknowledged}")]
    Rewritten {
        /// The revision that valvecfg recorded last.
        acknowledged: RevisionId,
        /// What the branch names now.
        found: RevisionId,
    },
    /// A ref's file holds something else than a revision.
    #[error("{} holds no revision id", path.display())]
    BrokenRef {
        /// The ref's file.
        path: PathBuf,
    },
    /// There is no repository, or `.git` is not a folder.
    #[error("{} is no git repository of its own", path.display())]
    NoRepository {
        /// Where it was expected.
        path: PathBuf,
    },
}

impl HistoryError {
    fn git(action: &'static str) -> impl FnOnce(git2::Error) -> Self {
        move |source| Self::Git { action, source }
    }

    /// What the system said, where libgit2 only passed on that it refused. It keeps the words and not the number.
    #[must_use]
    pub fn refused_by_system(&self) -> Option<io::Error> {
        let Self::Git { source, .. } = self else { return None };
        let refusals = [
            Errno::NOSPC,
            Errno::DQUOT,
            Errno::ROFS,
            Errno::ACCESS,
            Errno::PERM,
            Errno::FBIG,
            Errno::MFILE,
            Errno::NFILE,
        ];
        refusals.map(io::Error::from).into_iter().find(|error| {
            let text = error.to_string();
            let words = text.split(" (os error").next();
            words.is_some_and(|words| source.message().contains(words))
        })
    }
}

/// The git repository of one store.
pub struct History {
    repository: Repository,
    git: PathBuf,
    /// Whether new objects are built in memory already.
    builds_in_memory: Cell<bool>,
    folders: RefCell<Folders>,
}

/// One file of a revision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordedFile {
    /// Its path from the store's folder, with `/`.
    pub path: String,
    /// The id of its content.
    pub blob: BlobId,
}

/// The id of a file's content, as git computes it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct BlobId(Oid);

impl fmt::Display for BlobId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, formatter)
    }
}

impl Serialize for BlobId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for BlobId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Oid::from_str(&text).map(Self).map_err(serde::de::Error::custom)
    }
}

impl BlobId {
    /// The id that these bytes have.
    pub fn of(bytes: &[u8]) -> Result<Self, HistoryError> {
        Oid::hash_object(ObjectType::Blob, bytes)
            .map(Self)
            .map_err(HistoryError::git("hash a file"))
    }
}

impl History {
    /// Opens the repository of the store in `root`.
    pub fn open(root: &Path) -> Result<Self, HistoryError> {
        libgit2::configure();
        let git = root.join(".git");
        if !crate::files::is_folder(&git)? {
            return Err(HistoryError::NoRepository { path: git });
        }
        let no_ceiling: [&Path; 0] = [];
        let repository = Repository::open_ext(root, RepositoryOpenFlags::NO_SEARCH, no_ceiling)
            .map_err(HistoryError::git("open the git repository"))?;
        Ok(Self {
            repository,
            git,
            builds_in_memory: Cell::new(false),
            folders: RefCell::default(),
        })
    }

    /// The repository's folder.
    #[must_use]
    pub fn git_folder(&self) -> &Path {
        &self.git
    }

    /// The content of a file in a revision, if it is there.
    pub fn read(&self, revision: RevisionId, path: &str) -> Result<Option<Vec<u8>>, HistoryError> {
        match self.blob(revision, path)? {
            Some(blob) => self.read_blob(blob).map(Some),
            None => Ok(None),
        }
    }

    /// The id of a file's content in a revision, if it is there.
    pub fn blob(&self, revision: RevisionId, path: &str) -> Result<Option<BlobId>, HistoryError> {
        let commit = self
            .repository
            .find_commit(oid(revision)?)
            .map_err(HistoryError::git("read a revision"))?;
        let mut folders = self.folders.borrow_mut();
        let entry = folders.entry(&self.repository, commit.tree_id(), path)?;
        Ok(entry.and_then(|(id, kind)| (kind == Some(ObjectType::Blob)).then_some(BlobId(id))))
    }

    /// A file's content by its id.
    pub fn read_blob(&self, blob: BlobId) -> Result<Vec<u8>, HistoryError> {
        let blob = self
            .repository
            .find_blob(blob.0)
            .map_err(HistoryError::git("read a recorded file"))?;
        Ok(blob.content().to_vec())
    }

    /// All files of a revision below `folder` (the whole revision for an empty one), sorted by path.
    pub fn files(&self, revision: RevisionId, folder: &str) -> Result<Vec<RecordedFile>, HistoryError> {
        let root = self.tree(revision)?;
        let mut found = Vec::new();
        if folder.is_empty() {
            self.collect(&root, "", &mut found)?;
        } else if let Ok(entry) = root.get_path(Path::new(folder))
            && entry.kind() == Some(ObjectType::Tree)
        {
            let tree = self
                .repository
                .find_tree(entry.id())
                .map_err(HistoryError::git("read a revision"))?;
            self.collect(&tree, &format!("{folder}/"), &mut found)?;
        }
        Ok(found)
    }

    fn collect(&self, tree: &Tree<'_>, prefix: &str, found: &mut Vec<RecordedFile>) -> Result<(), HistoryError> {
        for entry in tree {
            let path = format!("{prefix}{}", String::from_utf8_lossy(entry.name_bytes()));
            if entry.kind() == Some(ObjectType::Tree) {
                let below = self
                    .repository
                    .find_tree(entry.id())
                    .map_err(HistoryError::git("read a revision"))?;
                self.collect(&below, &format!("{path}/"), found)?;
            } else if entry.kind() == Some(ObjectType::Blob) {
                found.push(RecordedFile {
                    path,
                    blob: BlobId(entry.id()),
                });
            }
        }
        Ok(())
    }

    /// The objects that cannot be read, or do not hold what their ids say. Reads the whole repository.
    pub fn broken_objects(&self) -> Result<Vec<String>, HistoryError> {
        let database = self
            .repository
            .odb()
            .map_err(HistoryError::git("open the object database"))?;
        let mut ids = Vec::new();
        let listed = database.foreach(|id| {
            ids.push(*id);
            true
        });
        listed.map_err(HistoryError::git("list the objects"))?;
        // Reading an object compares its content with its id.
        Ok(ids
            .into_iter()
            .filter(|id| database.read(*id).is_err())
            .map(|id| id.to_string())
            .collect())
    }

    fn tree(&self, revision: RevisionId) -> Result<Tree<'_>, HistoryError> {
        let commit = self
            .repository
            .find_commit(oid(revision)?)
            .map_err(HistoryError::git("read a revision"))?;
        commit.tree().map_err(HistoryError::git("read a revision"))
    }
}

fn oid(revision: RevisionId) -> Result<Oid, HistoryError> {
    Oid::from_bytes(revision.as_bytes()).map_err(HistoryError::git("read a revision id"))
}

fn revision_id(oid: Oid) -> Result<RevisionId, HistoryError> {
    let bytes: [u8; 20] = oid.as_bytes().try_into().map_err(|_| HistoryError::Git {
        action: "read a revision id",
        source: git2::Error::from_str("this repository does not name its objects by SHA-1"),
    })?;
    Ok(RevisionId::from(bytes))
}

fn unexpected(path: &Path, reason: &str) -> HistoryError {
    FileError::io("read", path, io::Error::new(io::ErrorKind::InvalidData, reason)).into()
}

/// The last revision that the repository in `git` is known to hold, whatever was done to its branch: the one that
/// was acknowledged last, else what the branch names.
pub fn last_known(git: &Path) -> Result<Option<RevisionId>, HistoryError> {
    match reference::read(git, ACKNOWLEDGED) {
        Ok(Some(acknowledged)) => Ok(Some(acknowledged)),
        Ok(None) | Err(HistoryError::BrokenRef { .. }) => reference::read(git, BRANCH),
        Err(error) => Err(error),
    }
}

/// What git's settings say under `key`: the repository's own, else the person's in `home`, else the machine's.
#[must_use]
pub fn setting(history: Option<&History>, key: &str, home: Option<&Path>) -> Option<String> {
    libgit2::configure();
    // Only from snapshots: where a live configuration cannot be looked at again, libgit2 1.9.7 frees an entry that it
    // never had, and crashes.
    let own = history.and_then(|history| history.repository.config().ok()?.snapshot().ok()?.get_string(key).ok());
    let personal = home.map(|home| [home.join(".gitconfig"), home.join(".config/git/config")]);
    let elsewhere = personal.into_iter().flatten().chain([PathBuf::from("/etc/gitconfig")]);
    let read = |path: PathBuf| git2::Config::open(&path).ok()?.snapshot().ok()?.get_string(key).ok();
    own.or_else(|| elsewhere.filter(|path| path.exists()).find_map(read))
}
