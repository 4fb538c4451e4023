//! The one place that touches files: reading with limits, replacing without loss, and making it durable.
//!
//! It knows bytes, paths, owners and disks; it does not know TOML, git or stores.

mod aside;
mod attributes;
mod durable;
mod private;
mod replace;

use std::fs::{File, Metadata};
use std::io::{self, Read as _};
use std::os::fd::AsFd;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags};
use thiserror::Error;

pub use aside::set_aside;
pub use durable::Durability;
pub use private::{Private, private_target, replace_private};
pub use replace::{Replacement, Step, replace_file, staged_path};

/// Settings files above this size are refused unless the caller says otherwise: 4 MiB. Parsing takes about ten
/// times the text in memory, and a gateway has little.
pub const DEFAULT_LIMIT: u64 = 4 << 20;

/// Why a file could not be read or written.
#[derive(Debug, Error)]
pub enum FileError {
    /// The system refused an operation.
    #[error("cannot {action} {}", path.display())]
    Io {
        /// What was attempted, as in "cannot *read*".
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A folder, a FIFO, a device: reading it would fail or never end.
    #[error("{} is {found}, not a regular file", path.display())]
    NotRegular {
        /// What was named.
        path: PathBuf,
        /// What it is.
        found: &'static str,
    },
    /// Refused before it was read.
    #[error("{} has {size} bytes; the limit is {limit}", path.display())]
    TooLarge {
        /// Which file.
        path: PathBuf,
        /// Its size in bytes.
        size: u64,
        /// The limit in bytes.
        limit: u64,
    },
    /// Not UTF-8, which TOML and JSON must be.
    #[error("{} is not UTF-8: the byte at offset {offset} does not belong there", path.display())]
    NotUtf8 {
        /// Which file.
        path: PathBuf,
        /// The offset of the first wrong byte, from 0.
        offset: usize,
    },
    /// Someone else wrote the file after it was read.
    #[error("{} was changed by another program in the meantime", path.display())]
    Changed {
        /// Which file.
        path: PathBuf,
    },
}

impl FileError {
    /// Wraps what the system said.
    pub(crate) fn io(action: &'static str, path: &Path, source: impl Into<io::Error>) -> Self {
        Self::Io {
            action,
            path: path.to_owned(),
            source: source.into(),
        }
    }

    /// Whether the file, or a folder on the way to it, is simply not there.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::Io { source, .. } if source.kind() == io::ErrorKind::NotFound)
    }

    /// Whether this user may not do it.
    #[must_use]
    pub fn is_denied(&self) -> bool {
        let denied = [io::ErrorKind::PermissionDenied, io::ErrorKind::ReadOnlyFilesystem];
        matches!(self, Self::Io { source, .. } if denied.contains(&source.kind()))
    }
}

/// Reads a regular file of at most `limit` bytes. It never waits: a FIFO is an error.
pub fn read(path: &Path, limit: u64) -> Result<Vec<u8>, FileError> {
    let (file, metadata) = open(path)?;
    read_open(path, file, &metadata, limit)
}

/// Opens a regular file for reading, with what it was at that moment. It never waits: a FIFO is an error.
pub(crate) fn open(path: &Path) -> Result<(File, Metadata), FileError> {
    let io = |source: io::Error| FileError::io("read", path, source);
    // O_NONBLOCK: opening a FIFO must not wait for its writer.
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
    let file = File::from(rustix::fs::open(path, flags, Mode::empty()).map_err(|errno| io(errno.into()))?);
    let metadata = file.metadata().map_err(io)?;
    refuse_special(path, &metadata)?;
    Ok((file, metadata))
}

/// Reads all of a file that [`open`] opened, if that is at most `limit` bytes.
pub(crate) fn read_open(path: &Path, file: File, metadata: &Metadata, limit: u64) -> Result<Vec<u8>, FileError> {
    let size = metadata.len();
    if size > limit {
        return Err(FileError::TooLarge {
            path: path.to_owned(),
            size,
            limit,
        });
    }
    // One byte more than it says, so that the end is seen without a second allocation.
    let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or(0) + 1);
    let read = file.take(limit + 1).read_to_end(&mut bytes);
    read.map_err(|source| FileError::io("read", path, source))?;
    if bytes.len() as u64 > limit {
        let size = bytes.len() as u64;
        return Err(FileError::TooLarge {
            path: path.to_owned(),
            size,
            limit,
        });
    }
    Ok(bytes)
}

/// Whether a file or folder lives in memory and is gone with the next start of the system.
pub(crate) fn is_in_memory(file: impl AsFd) -> bool {
    // tmpfs and ramfs, from linux/magic.h.
    const IN_MEMORY: [u64; 2] = [0x0102_1994, 0x8584_58f6];
    rustix::fs::fstatfs(file).is_ok_and(|statfs| {
        // Its sign and width are those of the platform.
        u64::try_from(statfs.f_type).is_ok_and(|kind| IN_MEMORY.contains(&(kind & 0xffff_ffff)))
    })
}

/// Reads a text file of at most `limit` bytes.
pub fn read_text(path: &Path, limit: u64) -> Result<String, FileError> {
    text(path, read(path, limit)?)
}

/// The text that bytes of a file hold.
pub fn text(path: &Path, bytes: Vec<u8>) -> Result<String, FileError> {
    String::from_utf8(bytes).map_err(|error| FileError::NotUtf8 {
        path: path.to_owned(),
        offset: error.utf8_error().valid_up_to(),
    })
}

/// Reads a file if it is there.
pub fn read_if_present(path: &Path, limit: u64) -> Result<Option<Vec<u8>>, FileError> {
    match read(path, limit) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => Err(error),
    }
}

/// Whose files are made here: those that root makes take the owner of the folder they are made for, so that
/// its owner can go on working there.
#[derive(Clone, Copy, Debug)]
pub struct Ownership {
    assign: Option<(u32, u32)>,
}

impl Ownership {
    /// The ownership that files made on behalf of `folder` get.
    pub fn of(folder: &Path) -> Result<Self, FileError> {
        let metadata = std::fs::metadata(folder).map_err(|source| FileError::io("look at", folder, source))?;
        let foreign = rustix::process::geteuid().is_root() && (metadata.uid(), metadata.gid()) != (0, 0);
        Ok(Self {
            assign: foreign.then(|| (metadata.uid(), metadata.gid())),
        })
    }

    /// Gives away a file or folder that something else made.
    pub fn give(self, path: &Path) -> Result<(), FileError> {
        if self.assign.is_none() {
            return Ok(());
        }
        let given = File::open(path).and_then(|file| self.apply(&file));
        given.map_err(|source| FileError::io("give away", path, source))
    }

    /// Gives away what cannot be opened, such as a socket.
    pub fn give_name(self, path: &Path) -> Result<(), FileError> {
        let Some((uid, gid)) = self.assign else { return Ok(()) };
        let given = std::os::unix::fs::lchown(path, Some(uid), Some(gid));
        given.map_err(|source| FileError::io("give away", path, source))
    }

    fn apply(self, file: &File) -> io::Result<()> {
        match self.assign {
            Some((uid, gid)) => std::os::unix::fs::fchown(file, Some(uid), Some(gid)),
            None => Ok(()),
        }
    }
}

/// Makes a new file with these bytes; refuses to follow a link or to overwrite. Not yet durable.
pub fn create(path: &Path, bytes: &[u8], mode: u32, ownership: Ownership) -> Result<(), FileError> {
    use std::io::Write as _;
    let io = |source: io::Error| FileError::io("write", path, source);
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let opened = rustix::fs::open(path, flags, Mode::from_raw_mode(mode)).map_err(|errno| io(errno.into()))?;
    let mut file = File::from(opened);
    ownership.apply(&file).map_err(io)?;
    file.write_all(bytes).map_err(io)
}

/// Gives a file that a library made the owner that [`create`] would have given it.
pub fn give(path: &Path, ownership: Ownership) -> Result<(), FileError> {
    let io = |source| FileError::io("give away", path, source);
    ownership.apply(&File::open(path).map_err(io)?).map_err(io)
}

/// Makes a folder where there is none, and says whether it made it.
pub fn create_folder(path: &Path, ownership: Ownership) -> Result<bool, FileError> {
    match std::fs::create_dir(path) {
        Ok(()) => {
            ownership.give(path)?;
            Ok(true)
        }
        Err(source) if source.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(source) => Err(FileError::io("make the folder", path, source)),
    }
}

/// Whether something is there. What cannot be looked at is an error, not absent.
pub fn exists(path: &Path) -> Result<bool, FileError> {
    path.try_exists()
        .map_err(|source| FileError::io("look at", path, source))
}

/// Whether every user may read a file and get into its folder. Where that cannot be told, they may not.
#[must_use]
pub fn is_readable_by_all(path: &Path) -> bool {
    let allows = |path: &Path, bit: u32| std::fs::metadata(path).is_ok_and(|found| mode_of(&found) & bit != 0);
    allows(path, 0o004) && path.parent().is_some_and(|folder| allows(folder, 0o001))
}

/// Whether a folder is there. What cannot be looked at is an error, not absent.
pub fn is_folder(path: &Path) -> Result<bool, FileError> {
    match std::fs::metadata(path) {
        Ok(metadata) => Ok(metadata.is_dir()),
        Err(source) if source.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(source) => Err(FileError::io("look at", path, source)),
    }
}

/// Removes a file; that it is gone already is as good.
pub fn remove(path: &Path) -> Result<(), FileError> {
    match std::fs::remove_file(path) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => Err(FileError::io("remove", path, source)),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Renames within one file system, replacing what is there. Not yet durable.
pub fn rename(from: &Path, to: &Path) -> Result<(), FileError> {
    std::fs::rename(from, to).map_err(|source| FileError::io("rename a new file to", to, source))
}

/// Renames to a name that must be free; `false` where it is taken.
pub fn rename_to_free(from: &Path, to: &Path) -> Result<bool, FileError> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
        Ok(()) => Ok(true),
        Err(rustix::io::Errno::EXIST) => Ok(false),
        Err(errno) => Err(FileError::io("rename a new file to", to, errno)),
    }
}

fn refuse_special(path: &Path, metadata: &Metadata) -> Result<(), FileError> {
    use std::os::unix::fs::FileTypeExt as _;
    let kind = metadata.file_type();
    let found = match () {
        () if kind.is_file() => return Ok(()),
        () if kind.is_dir() => "a folder",
        () if kind.is_fifo() => "a FIFO",
        () if kind.is_socket() => "a socket",
        () => "a device",
    };
    Err(FileError::NotRegular {
        path: path.to_owned(),
        found,
    })
}

fn mode_of(metadata: &Metadata) -> u32 {
    metadata.permissions().mode() & 0o7777
}

#[cfg(test)]
mod tests {
    use std::fs::{File, Permissions, set_permissions};
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn a_file_is_readable_by_all_where_it_and_its_folder_let_everybody_in() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("valve.toml");
        File::create(&path).unwrap();
        for (folder_mode, mode, expected) in [
            (0o755, 0o644, true),
            (0o755, 0o640, false),
            (0o755, 0o600, false),
            (0o700, 0o644, false),
        ] {
            set_permissions(folder.path(), Permissions::from_mode(folder_mode)).unwrap();
            set_permissions(&path, Permissions::from_mode(mode)).unwrap();
            assert_eq!(super::is_readable_by_all(&path), expected, "{folder_mode:o} {mode:o}");
        }
        assert!(!super::is_readable_by_all(&folder.path().join("nosuch.toml")));
    }
}
