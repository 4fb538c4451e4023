//! What waits for confirmation, as it stands on the disk.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::clock::Clocks;
use super::{Bake, Carrier, ConfirmBy, ConfirmationError, Pending};
use crate::duration::Span;
use crate::files::{self, Durability, Ownership};
use crate::history;
use crate::revision::RevisionId;
use crate::store::checksummed::{self, Content};
use crate::store::companion::Companion;
use crate::store::{StoreError, author};

/// The file, in `.git/valvecfg`.
const NAME: &str = "confirmation";
/// Held by `watch` for as long as it runs.
const WATCH_LOCK: &str = "valvecfg/watch.lock";
/// It holds a few names and numbers.
const LIMIT: u64 = 1 << 20;

/// What stands in the file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Confirmation {
    pub revision: RevisionId,
    pub author: String,
    /// What the clocks showed when the window began.
    pub since: Clocks,
    /// In milliseconds.
    pub window: u64,
    pub carrier: Carrier,
    /// What was changed again before it could be taken back.
    #[serde(default)]
    pub changed_since: Vec<String>,
    /// What its plugins have to prove, where they confirm it.
    #[serde(default)]
    pub by_health: Option<ConfirmedBy>,
}

/// What plugins have to prove.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct ConfirmedBy {
    /// How long they must be well.
    pub bake: Span,
    pub plugins: Vec<String>,
    /// What the clocks showed when all of them began to be well, for others to see.
    pub well_since: Option<Clocks>,
}

impl Confirmation {
    /// Whether it is to be taken back now.
    pub(super) fn is_due(&self, now: &Clocks) -> bool {
        self.changed_since.is_empty() && self.since.left(self.window, now) == 0
    }

    pub(super) fn by(&self) -> ConfirmBy {
        self.by_health.as_ref().map_or(ConfirmBy::Person, |_| ConfirmBy::Health)
    }

    pub(super) fn refuse_changed(&self) -> Result<(), ConfirmationError> {
        if self.changed_since.is_empty() {
            return Ok(());
        }
        Err(ConfirmationError::ChangedSince {
            revision: self.revision,
            names: self.changed_since.clone(),
            conflicts: Vec::new(),
        })
    }

    pub(super) fn pending(&self, git: &Path, now: &Clocks) -> Pending {
        let left = self.since.left(self.window, now);
        let carrier = match (is_watched(git), self.carrier) {
            (true, _) => Carrier::Watch,
            (false, Carrier::Watch) => Carrier::NextCommand,
            (false, other) => other,
        };
        Pending {
            revision: self.revision,
            author: self.author.clone(),
            until: author::moment_of(now.wall.saturating_add_unsigned(left) / 1000),
            seconds_left: left.div_ceil(1000).try_into().unwrap_or(u32::MAX),
            carrier,
            by: self.by(),
            bake: self.by_health.as_ref().map(|by| by.seen(now)),
            changed_since: self.changed_since.clone(),
        }
    }
}

impl ConfirmedBy {
    fn seen(&self, now: &Clocks) -> Bake {
        let ago = |since: &Clocks| now.since_boot.saturating_sub(since.since_boot);
        // Before a reboot nobody has seen what there is now.
        let since = self.well_since.as_ref().filter(|since| since.boot == now.boot);
        Bake {
            plugins: self.plugins.clone(),
            seconds: self.bake.duration().as_secs(),
            since: since.map(|since| author::moment_of(now.wall.saturating_sub_unsigned(ago(since)) / 1000)),
        }
    }
}

/// It, to come with its revision.
pub(super) fn comes(git: &Path, waiting: &Confirmation) -> Result<Companion, StoreError> {
    Ok(Companion {
        name: NAME.to_owned(),
        content: Some(encoded(git, waiting)?),
    })
}

/// It, to go with the revision that takes it back.
pub(super) fn goes() -> Companion {
    Companion {
        name: NAME.to_owned(),
        content: None,
    }
}

/// Forgets what waits, durably. The caller holds the writer lock.
pub(super) fn forget(git: &Path) -> Result<(), StoreError> {
    let mut durability = Durability::begin(git)?;
    files::remove(&path(git))?;
    durability.folder(&git.join("valvecfg"));
    durability.barrier()?;
    Ok(())
}

/// Whether something waits, for one look at the disk.
pub(super) fn is_there(git: &Path) -> Result<bool, StoreError> {
    Ok(files::exists(&path(git))?)
}

pub(super) fn path(git: &Path) -> PathBuf {
    git.join("valvecfg").join(NAME)
}

pub(super) fn read(git: &Path) -> Result<Option<Confirmation>, StoreError> {
    let path = path(git);
    let Some(bytes) = files::read_if_present(&path, LIMIT)? else {
        return Ok(None);
    };
    let unreadable = |path: &Path, source| {
        let path = path.to_owned();
        StoreError::from(ConfirmationError::Unreadable { path, source })
    };
    match checksummed::decode(&bytes, |source| unreadable(&path, Some(source)))? {
        Content::Whole(waiting) => Ok(Some(waiting)),
        // It was durable before its revision was recorded. What it promised cannot be kept silently.
        Content::Torn => Err(unreadable(&path, None)),
    }
}

/// Writes it anew, durably: what stood there counts until this is on the disk. The caller holds the writer lock.
pub(super) fn write(git: &Path, ownership: Ownership, waiting: &Confirmation) -> Result<(), StoreError> {
    let mut durability = Durability::begin(git)?;
    let staged = history::incoming(git).join(NAME);
    files::remove(&staged)?;
    files::create(&staged, &encoded(git, waiting)?, 0o644, ownership)?;
    durability.file(&staged);
    durability.barrier()?;
    let path = path(git);
    files::rename(&staged, &path)?;
    durability.file(&path);
    durability.barrier()?;
    Ok(())
}

fn encoded(git: &Path, waiting: &Confirmation) -> Result<Vec<u8>, StoreError> {
    checksummed::encode(waiting, |source| {
        let (path, source) = (path(git), Some(source));
        ConfirmationError::Unreadable { path, source }.into()
    })
}

/// Whether `watch` runs, as far as that can be seen.
pub(super) fn is_watched(git: &Path) -> bool {
    let lock = File::open(git.join(WATCH_LOCK));
    lock.is_ok_and(|lock| matches!(lock.try_lock_shared(), Err(TryLockError::WouldBlock)))
}
