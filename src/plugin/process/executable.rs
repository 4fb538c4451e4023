//! Which program a process runs, and which processes run a program. It signals nobody.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::io::Read as _;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use super::SignalError;
use crate::files::{self, FileError};
use crate::plugin::proc::{FileId, Proc};

/// What the kernel appends where another file has taken a program's place, as in an upgrade.
const DELETED: &[u8] = b" (deleted)";
/// How much of a program's name the kernel keeps, in bytes.
const NAME: usize = 15;

/// A program that processes may run.
pub(super) struct Executable<'a> {
    path: &'a Path,
    /// The path without symlinks, by which the kernel knows it.
    real: Option<PathBuf>,
    file: Option<FileId>,
}

impl<'a> Executable<'a> {
    pub(super) fn new(path: &'a Path) -> Self {
        Self {
            path,
            real: fs::canonicalize(path).ok(),
            file: FileId::of(path),
        }
    }

    pub(super) fn path(&self) -> PathBuf {
        self.path.to_owned()
    }

    /// Whether a process runs it: this very file, or one that had its path before it.
    pub(super) fn is_run_by(&self, process: &Proc) -> Result<bool, FileError> {
        Ok(self.is_found(process, &found(process)?))
    }

    /// Whether a process runs it, and not what else the same file may be (busybox): that is told by the name that it
    /// was started by.
    pub(super) fn is_meant_by(&self, process: &Proc) -> Result<bool, FileError> {
        let found = found(process)?;
        Ok(self.is_found(process, &found) && (found.file_name() == self.path.file_name() || self.is_name_of(process)))
    }

    fn is_found(&self, process: &Proc, found: &Path) -> bool {
        if self.file.is_some() && self.file == process.executable_file() {
            return true;
        }
        let is_named = found == self.path || self.real.as_deref() == Some(found);
        // The same path in a container is another program.
        is_named
            && process
                .root()
                .is_some_and(|root| FileId::of(Path::new("/")) == Some(root))
    }

    fn is_name_of(&self, process: &Proc) -> bool {
        let Some(file) = self.path.file_name() else {
            return false;
        };
        let file = &file.as_bytes()[..file.len().min(NAME)];
        process.name().is_ok_and(|name| name.as_bytes() == file)
    }

    /// The processes that run it and were started by none of those that do; this one is none of them.
    pub(super) fn processes(&self) -> Result<Vec<i32>, SignalError> {
        let folder = Path::new("/proc");
        let io = |source| FileError::io("read", folder, source);
        let mut parents = BTreeMap::new();
        let mut hidden = None;
        for entry in fs::read_dir(folder).map_err(io)? {
            let name = entry.map_err(io)?.file_name();
            let Some(pid) = name.to_str().and_then(|name| name.parse().ok()) else {
                continue;
            };
            let process = Proc::of(pid);
            match self.is_meant_by(&process) {
                Ok(true) => {
                    if let Ok(Some(origin)) = process.origin() {
                        parents.insert(pid, origin.parent);
                    }
                }
                // It is another user's; its name only tells that it could be.
                Err(error) if error.is_denied() && self.is_name_of(&process) => hidden = Some(error),
                // An error says that it has ended, or is a part of the kernel.
                Ok(false) | Err(_) => {}
            }
        }
        parents.remove(&rustix::process::getpid().as_raw_nonzero().get());
        let first = parents.iter().filter(|(_, parent)| !parents.contains_key(*parent));
        let first: Vec<i32> = first.map(|(pid, _)| *pid).collect();
        match hidden {
            Some(error) if first.is_empty() => Err(error.into()),
            Some(_) | None => Ok(first),
        }
    }

    /// A script is never what its process runs.
    pub(super) fn refuse_script(&self) -> Result<(), SignalError> {
        let mut begin = [0; 2];
        let is_script = files::open(self.path).is_ok_and(|(mut file, _)| file.read_exact(&mut begin).is_ok());
        if is_script && begin == *b"#!" {
            let executable = self.path();
            return Err(SignalError::Script { executable });
        }
        Ok(())
    }
}

/// The path that a process's program has, or had until something took its place.
fn found(process: &Proc) -> Result<PathBuf, FileError> {
    let link = process.executable()?;
    let path = link.as_os_str().as_bytes();
    Ok(path
        .strip_suffix(DELETED)
        .map_or(link.clone(), |path| OsStr::from_bytes(path).into()))
}
