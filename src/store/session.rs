//! A session: the store as one verb sees it. What a crash left is repaired, and what others did to the branch
//! is looked at, before a verb sees anything.

use super::live::Live;
use super::lock::WriterLock;
use super::manifest::{MANIFEST, Manifest, plugin_of};
use super::rules::{self, Rules};
use super::{CheckedFile, Store, StoreError, journal};
use crate::files::{self, Durability, Ownership};
use crate::history::{self, Head, History, HistoryError};
use crate::revision::RevisionId;

/// The version of what stands in `.git/valvecfg`. A store that a newer version wrote is read, never written.
const FORMAT: u32 = 1;

/// What a verb is going to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Access {
    /// Record a revision: takes the writer lock.
    Write,
    /// Look only, or plan without effects: takes no lock, and works on a disk that is full or read-only.
    Read,
}

/// The store as one verb sees it, until it ends.
pub(super) struct Session<'s> {
    pub store: &'s Store,
    pub live: Live<'s>,
    pub rules: Rules<'s>,
    pub history: History,
    pub head: RevisionId,
    lock: Option<WriterLock>,
}

impl<'s> Session<'s> {
    pub(super) fn begin(store: &'s Store, access: Access) -> Result<Self, StoreError> {
        check_repository(store)?;
        let (live, lock) = match access {
            Access::Write => {
                let lock = lock(store)?;
                (Live::settled(store), Some(lock))
            }
            Access::Read => (Live::as_recorded(store)?, None),
        };
        let history = History::open(&store.root)?;
        let head = history.head()?;
        let rules = Rules::read(live.clone())?;
        let session = Self {
            store,
            live,
            rules,
            head: head.revision(),
            history,
            lock,
        };
        if session.is_writer() {
            session.absorb_commits(head)?;
        }
        Ok(session)
    }

    /// The store as it was last known, for looking at one in which [`Self::begin`] fails because of what was done to
    /// its branch; nothing where it never recorded anything.
    pub(super) fn last_known(store: &'s Store) -> Result<Option<Self>, StoreError> {
        let Some(head) = history::last_known(&store.git())? else {
            return Ok(None);
        };
        let live = Live::as_recorded(store)?;
        Ok(Some(Self {
            store,
            rules: Rules::read(live.clone())?,
            live,
            history: History::open(&store.root)?,
            head,
            lock: None,
        }))
    }

    /// The manifest as it is recorded; none where that is none.
    pub(super) fn recorded_manifest(&self) -> Result<Manifest, StoreError> {
        let bytes = self.history.read(self.head, MANIFEST)?.unwrap_or_default();
        rules::parse_manifest(&files::text(MANIFEST.as_ref(), bytes)?)
    }

    /// Whether this session may record.
    pub(super) fn is_writer(&self) -> bool {
        self.lock.is_some()
    }

    /// What others committed with git on top of ours is checked, then counts as ours.
    fn absorb_commits(&self, head: Head) -> Result<(), StoreError> {
        let known = match head {
            Head::Acknowledged(_) => return Ok(()),
            Head::Advanced { from, .. } => self.history.files(from, "plugins")?,
            // A clone: what its history holds was accepted where it was recorded.
            Head::Unknown(revision) => self.history.files(revision, "plugins")?,
        };
        let mut files = Vec::new();
        for file in self.history.files(self.head, "plugins")? {
            let Some(plugin) = plugin_of(&file.path).filter(|_| !known.contains(&file)) else {
                continue;
            };
            if self.rules.has(plugin) {
                let bytes = self.history.read_blob(file.blob)?;
                let checked = self.rules.check_bytes(plugin, bytes)?;
                files.extend(Some(checked).filter(CheckedFile::is_refused));
            }
        }
        if !files.is_empty() {
            return Err(StoreError::GitCommit {
                revision: self.head,
                files,
            });
        }
        let git = self.store.git();
        let mut durability = Durability::begin(&git)?;
        history::acknowledge(&git, self.head, Ownership::of(&self.store.root)?, &mut durability)?;
        durability.barrier()?;
        Ok(())
    }
}

/// Takes the writer lock, and recovers what a crash left.
pub(super) fn lock(store: &Store) -> Result<WriterLock, StoreError> {
    check_repository(store)?;
    let git = store.git();
    files::create_folder(&git.join("valvecfg"), Ownership::of(&store.root)?)?;
    let lock = WriterLock::acquire(&git, store.limits.patience)?;
    check_format(store)?;
    journal::recover(&store.root, &git)?;
    Ok(lock)
}

fn check_repository(store: &Store) -> Result<(), StoreError> {
    let git = store.git();
    if files::is_folder(&git)? {
        Ok(())
    } else {
        Err(HistoryError::NoRepository { path: git }.into())
    }
}

/// Refuses to write to a store that a newer version wrote.
fn check_format(store: &Store) -> Result<(), StoreError> {
    let path = store.git().join("valvecfg/format");
    let Some(bytes) = files::read_if_present(&path, 1 << 10)? else {
        return Ok(());
    };
    let text = files::text(&path, bytes)?;
    match text.trim().parse::<u32>() {
        Ok(format) if format <= FORMAT => Ok(()),
        _ => Err(StoreError::Newer {
            format: text.trim().to_owned(),
            known: FORMAT,
        }),
    }
}
