//! Locks between processes: one writer at a time, one that tells a plugin. The kernel drops them with the process, so
//! a crash leaves no lock to remove.

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

/// The lock of whoever writes to the store. Held until dropped.
#[derive(Debug)]
pub(super) struct WriterLock {
    _file: File,
}

/// The lock of a file of its own. Held until dropped.
#[derive(Debug)]
pub(super) struct FileLock {
    _file: File,
}

impl FileLock {
    /// Waits for the lock of a file at most for `patience`, and makes the file where there is none.
    pub(super) fn acquire(path: &Path, patience: Duration) -> Result<Self, LockError> {
        let file = open(path)?;
        wait(&file, path, patience)?;
        Ok(Self { _file: file })
    }
}

impl WriterLock {
    /// Waits for the lock of the repository in `git` at most for `patience`.
    pub(super) fn acquire(git: &Path, patience: Duration) -> Result<Self, LockError> {
        let path = git.join("valvecfg/lock");
        let file = open(&path)?;
        wait(&file, &path, patience)?;
        Ok(Self { _file: file })
    }

    /// Waits for the lock of a folder in which a store is to be made.
    pub(super) fn acquire_folder(folder: &Path, patience: Duration) -> Result<Self, LockError> {
        let file = File::open(folder).map_err(|source| LockError::Io {
            path: folder.to_owned(),
            source,
        })?;
        wait(&file, folder, patience)?;
        Ok(Self { _file: file })
    }
}

/// Opens a lock file, or makes it.
fn open(path: &Path) -> Result<File, LockError> {
    let failed = |source| LockError::Io {
        path: path.to_owned(),
        source,
    };
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .mode(0o666)
        .open(path)
        .map_err(failed)?;
    let folder = path.parent().unwrap_or(Path::new("/"));
    give_to_owner(folder, &file).map_err(failed)?;
    Ok(file)
}

fn wait(file: &File, path: &Path, patience: Duration) -> Result<(), LockError> {
    let begun = Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(()),
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

/// A lock file that root made in a user's store must be the user's, or it locks the user out.
fn give_to_owner(folder: &Path, lock: &File) -> io::Result<()> {
    if !rustix::process::geteuid().is_root() {
        return Ok(());
    }
    let (owner, ours) = (std::fs::metadata(folder)?, lock.metadata()?);
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
