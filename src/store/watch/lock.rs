//! One process watches a store. The kernel drops the lock with the process.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::WatchError;
use crate::files::{self, FileError, Ownership};
use crate::store::{LockError, StoreError};

/// Who only looks whether it is held holds it for a moment, and so does a program that a watcher starts, until it runs.
const PATIENCE: Duration = Duration::from_millis(300);
const PAUSE: Duration = Duration::from_millis(5);

/// Held until dropped.
pub(super) struct WatchLock {
    path: PathBuf,
    file: File,
}

impl WatchLock {
    pub(super) fn acquire(root: &Path) -> Result<Self, StoreError> {
        let folder = root.join(".git/valvecfg");
        let ownership = Ownership::of(root)?;
        files::create_folder(&folder, ownership)?;
        let path = folder.join("watch.lock");
        let io = |source| LockError::Io {
            path: path.clone(),
            source,
        };
        let mut options = OpenOptions::new();
        options.create(true).truncate(false).read(true).write(true).mode(0o644);
        let mut file = options.open(&path).map_err(io)?;
        let begun = Instant::now();
        loop {
            match file.try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) if begun.elapsed() < PATIENCE => std::thread::sleep(PAUSE),
                Err(TryLockError::WouldBlock) => {
                    let mut holder = String::new();
                    // Who cannot be named holds it all the same.
                    let _read = file.take(20).read_to_string(&mut holder);
                    let pid = holder.trim().parse().ok();
                    return Err(WatchError::Already { pid }.into());
                }
                Err(TryLockError::Error(source)) => return Err(io(source).into()),
            }
        }
        ownership.give(&path)?;
        file.set_len(0).map_err(io)?;
        writeln!(file, "{}", std::process::id()).map_err(io)?;
        Ok(Self { path, file })
    }

    /// Whether the file is still the one that others would lock: the store may have been made anew.
    pub(super) fn is_current(&self) -> Result<bool, StoreError> {
        let look = |source| FileError::io("look at", &self.path, source);
        let own = self.file.metadata().map_err(look)?;
        let found = std::fs::metadata(&self.path);
        Ok(found.is_ok_and(|found| (found.dev(), found.ino()) == (own.dev(), own.ino())))
    }
}
