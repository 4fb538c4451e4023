//! Replacing a file so that nobody ever sees half of it and nobody's save is lost.
//!
//! The new content is staged beside the target, with its mode, owner, ACL and extended attributes. The two
//! names are then exchanged, and what was displaced is compared with what had been read: if it differs,
//! someone saved in between, and the two are exchanged back. Until [`Replacement::finish`] the displaced file
//! stands under the staged name, so undoing restores the very same file.
//!
//! Where a rename cannot work or would lose something, the target is written in place: it is bind-mounted, it
//! has hard links, its owner cannot be kept. Then a reader can see half of it, and a crash is repaired from
//! the journal of whoever called.

use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, RenameFlags, XattrFlags, renameat_with};
use rustix::io::Errno;

use super::{Durability, FileError, Ownership, create, mode_of, read_if_present, refuse_special, remove};

/// One file that is to become something else, or to go.
#[derive(Debug)]
pub struct Replacement {
    /// The file itself, with symbolic links resolved.
    target: PathBuf,
    staged: PathBuf,
    before: Option<Vec<u8>>,
    after: Option<Vec<u8>>,
    in_place: bool,
}

/// Where the new content of a file is staged, and where the displaced one stands until all is finished.
#[must_use]
pub fn staged_path(target: &Path) -> PathBuf {
    let name = target.file_name().unwrap_or_default().to_string_lossy();
    target.with_file_name(format!(".{name}.valvecfg"))
}

impl Replacement {
    /// Plans to turn `path` from `before` into `after`; `None` means that no file is there. Symbolic links are
    /// followed once, here. Nothing is written yet.
    pub fn plan(path: &Path, before: Option<Vec<u8>>, after: Option<Vec<u8>>) -> Result<Self, FileError> {
        let target = match std::fs::canonicalize(path) {
            Ok(target) => target,
            Err(source) if source.kind() == io::ErrorKind::NotFound => path.to_owned(),
            Err(source) => return Err(FileError::io("resolve", path, source)),
        };
        Ok(Self {
            staged: staged_path(&target),
            target,
            before,
            after,
            in_place: false,
        })
    }

    /// Takes up a replacement that another process began, by what its journal says.
    #[must_use]
    pub fn resume(target: PathBuf, before: Option<Vec<u8>>, after: Option<Vec<u8>>) -> Self {
        Self {
            staged: staged_path(&target),
            target,
            before,
            after,
            in_place: false,
        }
    }

    /// The file itself, with symbolic links resolved.
    #[must_use]
    pub fn target(&self) -> &Path {
        &self.target
    }

    /// The metadata that the target will have for git's index; nothing where `path` is a link to it.
    #[must_use]
    pub fn staged_metadata(&self, path: &Path) -> Option<Metadata> {
        let linked = std::fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_symlink());
        if linked {
            None
        } else {
            std::fs::symlink_metadata(&self.staged).ok()
        }
    }

    /// Writes the new content beside the target. `mode` is that of a file that is new.
    pub fn stage(&mut self, mode: u32, ownership: Ownership, durability: &mut Durability) -> Result<(), FileError> {
        if let Some(parent) = self.target.parent() {
            durability.watch(parent)?;
        }
        // What a crash left there belongs to nobody any more: the caller holds the lock.
        remove(&self.staged)?;
        let Some(after) = &self.after else { return Ok(()) };
        match std::fs::metadata(&self.target) {
            Ok(metadata) => {
                refuse_special(&self.target, &metadata)?;
                self.create_beside(after, mode_of(&metadata) & 0o700, ownership)?;
                self.in_place = metadata.nlink() > 1 || !keep_attributes(&self.target, &metadata, &self.staged)?;
            }
            Err(source) if source.kind() == io::ErrorKind::NotFound => {
                self.create_beside(after, mode, ownership)?;
            }
            Err(source) => return Err(FileError::io("look at", &self.target, source)),
        }
        durability.file(&self.staged);
        Ok(())
    }

    /// Who has no right to make files there has not heard of the staged one, so the target is what is named.
    fn create_beside(&self, bytes: &[u8], mode: u32, ownership: Ownership) -> Result<(), FileError> {
        create(&self.staged, bytes, mode, ownership).map_err(|error| match error {
            FileError::Io { source, .. } => FileError::io("write a new file beside", &self.target, source),
            FileError::NotRegular { .. }
            | FileError::TooLarge { .. }
            | FileError::NotUtf8 { .. }
            | FileError::Changed { .. } => error,
        })
    }

    /// Puts the new content in place.
    ///
    /// # Errors
    /// [`FileError::Changed`] where the target no longer holds what it was planned from; it is left as it is.
    pub fn apply(&mut self, durability: &mut Durability) -> Result<(), FileError> {
        if let Some(parent) = self.target.parent() {
            durability.folder(parent);
        }
        match (&self.before, &self.after) {
            (Some(_), Some(_)) if self.in_place => self.write_in_place(durability),
            (Some(_), Some(_)) => self.exchange(durability),
            (None, Some(_)) => match renameat_with(CWD, &self.staged, CWD, &self.target, RenameFlags::NOREPLACE) {
                Ok(()) => Ok(()),
                Err(Errno::EXIST) => Err(FileError::Changed {
                    path: self.target.clone(),
                }),
                Err(errno) => Err(FileError::io("write", &self.target, errno)),
            },
            (Some(before), None) => {
                let moved = super::rename_to_free(&self.target, &self.staged)?;
                let displaced = read_if_present(&self.staged, u64::MAX - 1)?;
                if moved && displaced.as_ref() == Some(before) {
                    return Ok(());
                }
                super::rename_to_free(&self.staged, &self.target)?;
                Err(FileError::Changed {
                    path: self.target.clone(),
                })
            }
            (None, None) => Ok(()),
        }
    }

    /// Puts back what was there before, whether [`Self::apply`] has run or not. What someone else has written
    /// since is left alone.
    pub fn undo(&self, durability: &mut Durability) -> Result<(), FileError> {
        let now = read_if_present(&self.target, u64::MAX - 1)?;
        let staged = read_if_present(&self.staged, u64::MAX - 1)?;
        let ours = now == self.after || self.is_torn(now.as_deref());
        if let Some(parent) = self.target.parent() {
            durability.folder(parent);
        }
        match (&self.before, &self.after) {
            (Some(before), Some(_)) if ours && staged.as_ref() == Some(before) => {
                exchange_names(&self.staged, &self.target)?;
            }
            (Some(before), Some(_)) if ours => {
                overwrite(&self.target, before)?;
                durability.file(&self.target);
            }
            (Some(before), None) if now.is_none() && staged.as_ref() == Some(before) => {
                super::rename_to_free(&self.staged, &self.target)?;
            }
            (None, Some(_)) if ours => remove(&self.target)?,
            _ => {}
        }
        remove(&self.staged)
    }

    /// Makes sure that the new content is in place, unless someone else has written since, and forgets the
    /// displaced one.
    pub fn redo(&self, durability: &mut Durability) -> Result<(), FileError> {
        let now = read_if_present(&self.target, u64::MAX - 1)?;
        let staged = read_if_present(&self.staged, u64::MAX - 1)?;
        let untouched = now == self.before || self.is_torn(now.as_deref());
        if let Some(parent) = self.target.parent() {
            durability.folder(parent);
        }
        match &self.after {
            // The staged file proves that the exchange is still to be done; without it, whoever put the old
            // bytes there did so afterwards.
            Some(after) if untouched && staged.as_ref() == Some(after) => {
                let linked = std::fs::metadata(&self.target).is_ok_and(|metadata| metadata.nlink() > 1);
                if self.before.is_none() {
                    super::rename_to_free(&self.staged, &self.target)?;
                } else if linked || exchange_names(&self.staged, &self.target).is_err() {
                    overwrite(&self.target, after)?;
                    durability.file(&self.target);
                }
            }
            None if untouched && staged.is_none() && now.is_some() => remove(&self.target)?,
            _ => {}
        }
        remove(&self.staged)
    }

    /// Forgets the displaced file.
    pub fn finish(&self) -> Result<(), FileError> {
        remove(&self.staged)
    }

    fn exchange(&mut self, durability: &mut Durability) -> Result<(), FileError> {
        match renameat_with(CWD, &self.staged, CWD, &self.target, RenameFlags::EXCHANGE) {
            Ok(()) => {}
            // A bind mount, or a file system that cannot exchange.
            Err(Errno::BUSY | Errno::XDEV | Errno::INVAL) => {
                self.in_place = true;
                return self.write_in_place(durability);
            }
            Err(Errno::NOENT) => {
                return Err(FileError::Changed {
                    path: self.target.clone(),
                });
            }
            Err(errno) => return Err(FileError::io("write", &self.target, errno)),
        }
        let displaced = read_if_present(&self.staged, u64::MAX - 1)?;
        if displaced == self.before {
            return Ok(());
        }
        exchange_names(&self.staged, &self.target)?;
        // Whoever saved may have saved again before the names were back. The last save is the one to keep.
        if read_if_present(&self.staged, u64::MAX - 1)? != self.after {
            exchange_names(&self.staged, &self.target)?;
        }
        Err(FileError::Changed {
            path: self.target.clone(),
        })
    }

    fn write_in_place(&self, durability: &mut Durability) -> Result<(), FileError> {
        let now = read_if_present(&self.target, u64::MAX - 1)?;
        if now != self.before {
            return Err(FileError::Changed {
                path: self.target.clone(),
            });
        }
        let Some(after) = &self.after else { return Ok(()) };
        overwrite(&self.target, after)?;
        durability.file(&self.target);
        Ok(())
    }

    /// Whether these bytes are what an interrupted write in place leaves: a beginning of the new content and
    /// the rest of the old.
    fn is_torn(&self, now: Option<&[u8]>) -> bool {
        let (Some(before), Some(after), Some(now)) = (&self.before, &self.after, now) else {
            return false;
        };
        let written = now.iter().zip(after).take_while(|(a, b)| a == b).count();
        let rest_is_old = now.len() >= written && before.get(written..) == Some(&now[written..]);
        let all_written = written == after.len() && before.get(written..) == now.get(written..);
        written > 0 && (rest_is_old || all_written)
    }
}

fn exchange_names(staged: &Path, target: &Path) -> Result<(), FileError> {
    renameat_with(CWD, staged, CWD, target, RenameFlags::EXCHANGE)
        .map_err(|errno| FileError::io("put back", target, errno))
}

fn overwrite(target: &Path, bytes: &[u8]) -> Result<(), FileError> {
    let io = |source: io::Error| FileError::io("write", target, source);
    let mut file = OpenOptions::new().write(true).open(target).map_err(io)?;
    file.write_all(bytes).map_err(io)?;
    file.set_len(bytes.len() as u64).map_err(io)?;
    file.sync_all().map_err(io)
}

/// Gives the staged file what the target has: owner, mode, ACL, extended attributes. `false` where the system
/// does not let us, so that a rename would lose it.
fn keep_attributes(target: &Path, metadata: &Metadata, staged: &Path) -> Result<bool, FileError> {
    let io = |source: io::Error| FileError::io("copy the attributes of", target, source);
    let file = File::open(staged).map_err(io)?;
    let ours = file.metadata().map_err(io)?;
    if (ours.uid(), ours.gid()) != (metadata.uid(), metadata.gid()) {
        match std::os::unix::fs::fchown(&file, Some(metadata.uid()), Some(metadata.gid())) {
            Ok(()) => {}
            Err(source) if source.kind() == io::ErrorKind::PermissionDenied => return Ok(false),
            Err(source) => return Err(io(source)),
        }
    }
    if !copy_extended_attributes(target, &file).map_err(|errno| io(errno.into()))? {
        return Ok(false);
    }
    // Last: an ACL and a change of owner both alter the mode.
    file.set_permissions(metadata.permissions()).map_err(io)?;
    Ok(true)
}

fn copy_extended_attributes(target: &Path, staged: &File) -> rustix::io::Result<bool> {
    let mut names = vec![0_u8; 4096];
    let length = loop {
        match rustix::fs::listxattr(target, &mut names[..]) {
            Ok(length) => break length,
            Err(Errno::RANGE) => names.resize(names.len() * 4, 0),
            Err(Errno::NOTSUP) => return Ok(true),
            Err(errno) => return Err(errno),
        }
    };
    // 64 KiB is the kernel's limit for one value.
    let mut value = Vec::new();
    for name in names[..length].split(|byte| *byte == 0).filter(|name| !name.is_empty()) {
        value.resize(64 << 10, 0);
        let size = rustix::fs::getxattr(target, name, &mut value[..])?;
        match rustix::fs::fsetxattr(staged, name, &value[..size], XattrFlags::empty()) {
            Ok(()) => {}
            Err(Errno::PERM | Errno::ACCESS | Errno::NOTSUP) => return Ok(false),
            Err(errno) => return Err(errno),
        }
    }
    Ok(true)
}
