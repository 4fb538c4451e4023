//! A folder in memory for what must not come on a disk. It goes with all that is in it.

use std::env;
use std::fs::{File, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::cli::report::Failure;
use crate::files;

/// A folder of this user alone, in memory.
pub(super) struct MemoryFolder {
    folder: TempDir,
}

impl MemoryFolder {
    /// Makes one in `$XDG_RUNTIME_DIR`, or where that is not set in /dev/shm.
    pub(super) fn make() -> Result<Self, Failure> {
        let runtime = env::var_os("XDG_RUNTIME_DIR").filter(|folder| !folder.is_empty());
        let place = runtime.map_or_else(|| PathBuf::from("/dev/shm"), PathBuf::from);
        if !File::open(&place).is_ok_and(files::is_in_memory) {
            return Err(Failure::usage(
                format!(
                    "{} is no folder in memory, and opened secrets must not come on a disk",
                    place.display()
                ),
                "edit without --reveal, or set $XDG_RUNTIME_DIR to a folder of yours on a tmpfs",
            ));
        }
        let failed = |error| Failure::outside(format!("cannot make a private folder in {}", place.display()), error);
        let folder = tempfile::Builder::new()
            .prefix("valvecfg-")
            .permissions(Permissions::from_mode(0o700))
            .tempdir_in(&place)
            .map_err(failed)?;
        Ok(Self { folder })
    }

    /// Its path.
    pub(super) fn path(&self) -> &Path {
        self.folder.path()
    }
}
