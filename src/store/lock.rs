//! The writer lock: one writer at a time, whatever the process. The kernel drops it with the process, so a
//! crash leaves no lock to remove.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use thiserror::Error;

/// How long one waits between two attempts; a writer holds the lock for a few milliseconds.
const PAUSE: Duration = Duration::from_millis(2);

/// Why the writer lock could not be had.
#[derive(Debug, Error)]
pub enum LockError {
    /// Another process writes, and did not end in time.
    #[error("another valvecfg has been writing to this store for {}", humantime(*waited))]
    Busy {
        /// How long was waited.
        waited: Duration,
    },
    /// The lock file could not be made or locked: no permission, or a file system without locks.
    #[error("cannot lock {}", path.display())]
    Io {
        /// The lock file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// Held until dropped.
#[derive(Debug)]
pub(super) struct WriterLock {
    _file: File,
}

impl WriterLock {
    /// Waits for the lock of the repository in `git` at most for `patience`.
    pub(super) fn acquire(git: &Path, patience: Duration) -> Result<Self, LockError> {
        let path = git.join("valvecfg/lock");
        let failed = |source| LockError::Io {
            path: path.clone(),
            source,
        };
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(0o666)
            .open(&path)
            .map_err(failed)?;
        give_to_owner(git, &file).map_err(failed)?;
        Self::wait(file, &path, patience)
    }

    /// Waits for the lock of a folder in which a store is to be made.
    pub(super) fn acquire_folder(folder: &Path, patience: Duration) -> Result<Self, LockError> {
        let file = File::open(folder).map_err(|source| LockError::Io {
            path: folder.to_owned(),
            source,
        })?;
        Self::wait(file, folder, patience)
    }

    fn wait(file: File, path: &Path, patience: Duration) -> Result<Self, LockError> {
        let begun = Instant::now();
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Self { _file: file }),
                Err(TryLockError::WouldBlock) if begun.elapsed() < patience => std::thread::sleep(PAUSE),
                Err(TryLockError::WouldBlock) => return Err(LockError::Busy { waited: patience }),
                Err(TryLockError::Error(source)) if source.kind() == io::ErrorKind::Interrupted => {}
                Err(TryLockError::Error(source)) => {
                    let path = path.to_owned();
                    return Err(LockError::Io { path, source });
                }
            }
        }
    }
}

/// A lock file that root made in a user's store must be the user's, or it locks the user out.
fn give_to_owner(git: &Path, lock: &File) -> io::Result<()> {
    if !rustix::process::geteuid().is_root() {
        return Ok(());
    }
    let (owner, ours) = (std::fs::metadata(git)?, lock.metadata()?);
    if ours.uid() == 0 && owner.uid() != 0 {
        std::os::unix::fs::fchown(lock, Some(owner.uid()), Some(owner.gid()))?;
    }
    Ok(())
}

fn humantime(duration: Duration) -> String {
    if duration.as_secs() > 0 {
        format!("{} s", duration.as_secs())
    } else {
        format!("{} ms", duration.as_millis())
    }
}
