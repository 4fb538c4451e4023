//! What a failure of the system, or of a file, means to a person.

use std::io;

use rustix::io::Errno;

use crate::cli::exit::Exit;
use crate::files::FileError;
use crate::store::WatchError;

/// What to do where the system refuses.
pub(super) fn hint(refused: &io::Error) -> Option<&'static str> {
    let kind = refused.kind();
    let errno = Errno::from_io_error(refused);
    if matches!(kind, io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded) {
        Some("make room on the disk; nothing was changed")
    } else if kind == io::ErrorKind::ReadOnlyFilesystem {
        Some("the file system is read-only; nothing was changed")
    } else if kind == io::ErrorKind::PermissionDenied {
        Some("ask the owner for that right, or do it with `sudo`; nothing was changed")
    } else if kind == io::ErrorKind::FileTooLarge {
        Some("this shell limits how large a file may be: `ulimit -f unlimited`; nothing was changed")
    } else if matches!(errno, Some(Errno::MFILE | Errno::NFILE)) {
        Some("more files must be allowed to be open: `ulimit -n 256`; nothing was changed")
    } else if kind == io::ErrorKind::OutOfMemory {
        Some("more memory must be free, or allowed: `ulimit -v unlimited`; nothing was changed")
    } else {
        None
    }
}

pub(super) fn file_hints(error: &FileError) -> (Exit, Vec<String>) {
    match error {
        FileError::Io { source, .. } => {
            let hint = hint(source).map(str::to_owned);
            (Exit::Failed, hint.into_iter().collect())
        }
        FileError::Changed { .. } => (
            Exit::Conflict,
            vec!["look at what it holds now, then try again".to_owned()],
        ),
        FileError::NotRegular { .. } => (
            Exit::Failed,
            vec!["name a regular file, or put one in its place; nothing was changed".to_owned()],
        ),
        FileError::TooLarge { size, .. } => (
            Exit::Failed,
            vec![format!("if it is to be so large, allow it: `--max-size {size}`")],
        ),
        FileError::NotUtf8 { .. } => (Exit::Failed, vec!["save it as UTF-8; nothing was changed".to_owned()]),
    }
}

pub(super) fn watch_hints(error: &WatchError) -> (Exit, Vec<String>) {
    match error {
        WatchError::Already { pid } => {
            let end = pid.map(|pid| format!("one is enough; `kill {pid}` ends it"));
            (Exit::Conflict, end.into_iter().collect())
        }
        WatchError::Wait { source } => (Exit::Failed, hint(source).map(str::to_owned).into_iter().collect()),
    }
}
