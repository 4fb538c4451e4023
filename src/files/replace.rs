//! Replacing a file so that nobody ever sees half of it and nobody's save is lost.
//!
//! The new content is staged beside the target, with its mode, owner, ACL and extended attributes. The two
//! names are then exchanged, and what was displaced is compared with what had been read: if it differs,
//! someone saved in between, and the two are exchanged back. Until [`Replacement::finish`] the displaced file
//! stands under the staged name, so undoing restores the very same file. Who is killed between two exchanges can leave
//! two saves of somebody else; the recovery keeps both, one under a new name.
//!
//! Where a rename cannot work or would lose something, the target is written in place: it is bind-mounted, it
//! has hard links, its owner cannot be kept. Then a reader can see half of it, and a crash is repaired from
//! the journal of whoever called, which must say so before the first byte is written: only a file that is
//! written in place can be torn, and what looks torn anywhere else is somebody's save.

use std::fs::{Metadata, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, RenameFlags, renameat_with};
use rustix::io::Errno;

use super::attributes::keep_attributes;
use super::{Durability, FileError, Ownership, create, mode_of, read_if_present, refuse_special, remove};

/// What a disk writes at once, in bytes.
const SECTOR: usize = 512;

/// What a step came to.
#[must_use = "a file may have to be written in place"]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// It is done.
    Done,
    /// No rename can do it, and nothing was changed. The caller notes that durably, calls
    /// [`Replacement::allow_in_place`], and takes the step again.
    InPlaceOnly,
}

/// What became of an attempt to exchange or move files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Swap {
    Done,
    /// Someone else had saved, and that save is in place.
    Changed,
    /// Not possible here; nothing was changed.
    NotByRename,
}

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

/// Puts bytes in the place of a file, or of none, at once and durably. A new file gets this mode and the owner of its
/// folder. What somebody else writes in between is an error.
pub fn replace_file(path: &Path, bytes: &[u8], mode: u32) -> Result<(), FileError> {
    let folder = path.parent().unwrap_or(Path::new("/"));
    let mut durability = Durability::begin(folder)?;
    let before = read_if_present(path, u64::MAX - 1)?;
    let mut replacement = Replacement::plan(path, before, Some(bytes.to_vec()))?;
    replacement.stage(mode, Ownership::of(folder)?, &mut durability)?;
    durability.barrier()?;
    replacement.apply_without_journal(&mut durability)?;
    durability.barrier()?;
    replacement.finish()
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
    pub fn resume(target: PathBuf, before: Option<Vec<u8>>, after: Option<Vec<u8>>, in_place: bool) -> Self {
        Self {
            staged: staged_path(&target),
            target,
            before,
            after,
            in_place,
        }
    }

    /// Whether the target is written in place. Known once it is staged, or once a step has found that no rename
    /// can do it.
    #[must_use]
    pub fn is_in_place(&self) -> bool {
        self.in_place
    }

    /// Has the target written in place from here on. The caller has noted that durably.
    pub fn allow_in_place(&mut self) {
        self.in_place = true;
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
    pub fn apply(&self, durability: &mut Durability) -> Result<Step, FileError> {
        self.note_folder(durability);
        let swap = match (&self.before, &self.after) {
            (Some(before), Some(after)) if self.in_place => {
                let is_old = read_if_present(&self.target, u64::MAX - 1)?.as_ref() == Some(before);
                if is_old {
                    self.write_in_place(after, before, durability)?;
                    Swap::Done
                } else {
                    Swap::Changed
                }
            }
            (Some(before), Some(after)) => self.exchange(after, before)?,
            (None, Some(_)) if super::rename_to_free(&self.staged, &self.target)? => Swap::Done,
            (None, Some(_)) => Swap::Changed,
            (Some(before), None) => self.take_away(before)?,
            (None, None) => Swap::Done,
        };
        match swap {
            Swap::Done => Ok(Step::Done),
            Swap::NotByRename => Ok(Step::InPlaceOnly),
            Swap::Changed => Err(FileError::Changed {
                path: self.target.clone(),
            }),
        }
    }

    /// As [`Self::apply`], in place where it cannot be otherwise, for a file that has no journal: a crash in the
    /// midst of writing in place leaves it torn.
    pub fn apply_without_journal(&mut self, durability: &mut Durability) -> Result<(), FileError> {
        if self.apply(durability)? == Step::InPlaceOnly {
            self.allow_in_place();
            // In place, every step can be done.
            self.apply(durability).map(|_done| ())?;
        }
        Ok(())
    }

    /// Puts back what was there before, whether [`Self::apply`] has run or not. What someone else has written
    /// since is left alone, and what of theirs was displaced comes back.
    pub fn undo(&self, durability: &mut Durability) -> Result<Step, FileError> {
        self.note_folder(durability);
        let now = read_if_present(&self.target, u64::MAX - 1)?;
        let staged = read_if_present(&self.staged, u64::MAX - 1)?;
        let ours = now == self.after;
        let swap = match (&self.before, &self.after, &staged) {
            (Some(before), Some(after), _) if self.in_place => {
                if ours || self.is_torn(now.as_deref()) {
                    self.write_in_place(before, after, durability)?;
                }
                Swap::Done
            }
            // What stands beside it was displaced: the old content, or a save that was in the way.
            (Some(_), Some(after), Some(displaced)) if ours && displaced != after => self.exchange(displaced, after)?,
            (Some(_), None, Some(_)) if now.is_none() => {
                // Somebody's new file stays, where there is one by now.
                super::rename_to_free(&self.staged, &self.target)?;
                Swap::Done
            }
            (None, Some(after), None) if ours => self.take_away(after)?,
            _ => Swap::Done,
        };
        self.settle(swap)
    }

    /// Makes sure that the new content is in place, unless someone else has written since, and forgets the
    /// displaced one.
    pub fn redo(&self, durability: &mut Durability) -> Result<Step, FileError> {
        self.note_folder(durability);
        let now = read_if_present(&self.target, u64::MAX - 1)?;
        let staged = read_if_present(&self.staged, u64::MAX - 1)?;
        let untouched = now == self.before || self.is_torn(now.as_deref());
        let swap = match (&self.before, &self.after) {
            // The staged file proves that the exchange is still to be done; without it, whoever put the old
            // bytes there did so afterwards.
            (before, Some(after)) if untouched && staged.as_ref() == Some(after) => match before {
                None => {
                    // Somebody's new file stays, where there is one by now.
                    super::rename_to_free(&self.staged, &self.target)?;
                    Swap::Done
                }
                Some(before) if self.in_place => {
                    self.write_in_place(after, before, durability)?;
                    Swap::Done
                }
                Some(_) if has_other_names(&self.target)? => Swap::NotByRename,
                Some(before) => self.exchange(after, before)?,
            },
            (Some(before), None) if untouched && staged.is_none() => self.take_away(before)?,
            _ => Swap::Done,
        };
        self.settle(swap)
    }

    /// Forgets the displaced file.
    pub fn finish(&self) -> Result<(), FileError> {
        remove(&self.staged)
    }

    fn settle(&self, swap: Swap) -> Result<Step, FileError> {
        if swap == Swap::NotByRename {
            return Ok(Step::InPlaceOnly);
        }
        remove(&self.staged)?;
        Ok(Step::Done)
    }

    fn note_folder(&self, durability: &mut Durability) {
        if let Some(parent) = self.target.parent() {
            durability.folder(parent);
        }
    }

    /// Exchanges the staged file, which holds `ours`, and the target, which should hold `expected`. Where it holds
    /// something else, someone has saved, and it is put back.
    fn exchange(&self, ours: &[u8], expected: &[u8]) -> Result<Swap, FileError> {
        match renameat_with(CWD, &self.staged, CWD, &self.target, RenameFlags::EXCHANGE) {
            Ok(()) => {}
            // A bind mount, or a file system that cannot exchange.
            Err(Errno::BUSY | Errno::XDEV | Errno::INVAL) => return Ok(Swap::NotByRename),
            Err(Errno::NOENT) => return Ok(Swap::Changed),
            Err(errno) => return Err(FileError::io("write", &self.target, errno)),
        }
        let mut displaced = read_if_present(&self.staged, u64::MAX - 1)?;
        if displaced.as_deref() == Some(expected) {
            return Ok(Swap::Done);
        }
        // Whoever saved may save again before the names are back, and again after that. The last save is the one
        // to keep: it is in place once what comes back is what was last put there.
        let mut placed = Some(ours.to_vec());
        loop {
            renameat_with(CWD, &self.staged, CWD, &self.target, RenameFlags::EXCHANGE)
                .map_err(|errno| FileError::io("put back", &self.target, errno))?;
            let back = read_if_present(&self.staged, u64::MAX - 1)?;
            if back == placed {
                return Ok(Swap::Changed);
            }
            placed = std::mem::replace(&mut displaced, back);
        }
    }

    /// Moves the target, which should hold `expected`, to the staged name. Where it holds something else, someone
    /// has saved, and it is put back.
    fn take_away(&self, expected: &[u8]) -> Result<Swap, FileError> {
        match super::rename_to_free(&self.target, &self.staged) {
            Ok(true) => {}
            Ok(false) => {
                let taken = io::Error::from(io::ErrorKind::AlreadyExists);
                return Err(FileError::io("move a file out of the way to", &self.staged, taken));
            }
            Err(error) if error.is_not_found() => return Ok(Swap::Changed),
            Err(error) => return Err(error),
        }
        if read_if_present(&self.staged, u64::MAX - 1)?.as_deref() == Some(expected) {
            return Ok(Swap::Done);
        }
        if !super::rename_to_free(&self.staged, &self.target)? {
            // Saved again under the name that was free for a moment. The last save is the one to keep.
            remove(&self.staged)?;
        }
        Ok(Swap::Changed)
    }

    /// Writes `bytes` over the target. Where that fails half-way, `other` is put back if possible, and what is
    /// left is for the journal.
    fn write_in_place(&self, bytes: &[u8], other: &[u8], durability: &mut Durability) -> Result<(), FileError> {
        durability.file(&self.target);
        overwrite(&self.target, bytes).inspect_err(|_| {
            // Its own failure would say nothing new.
            drop(overwrite(&self.target, other));
        })
    }

    /// Whether these bytes are what an interrupted write in place leaves: each piece that a disk writes at once is
    /// of the new content or of the old. After a kill the new ones come first; after a power cut in any order.
    fn is_torn(&self, now: Option<&[u8]>) -> bool {
        let (Some(before), Some(after), Some(now)) = (&self.before, &self.after, now) else {
            return false;
        };
        let lengths = before.len().min(after.len())..=before.len().max(after.len());
        if !self.in_place || !lengths.contains(&now.len()) {
            return false;
        }
        // Before the length is set, the rest of the longer content follows the shorter one: when it is written, and
        // the other way round when that is taken back.
        let followed_by = |first: &[u8], rest: &[u8]| [first, rest.get(first.len()..).unwrap_or_default()].concat();
        let mut unwritten = before.clone();
        // A file that grew, and not all of it on the disk: the rest is read as zeros.
        unwritten.resize(before.len().max(after.len()), 0);
        let possible = [followed_by(after, before), followed_by(before, after), unwritten];
        (0..now.len()).step_by(SECTOR).all(|start| {
            let piece = start..now.len().min(start + SECTOR);
            possible.iter().any(|bytes| bytes[piece.clone()] == now[piece.clone()])
        })
    }
}

/// Whether a file has other names, which a rename would leave behind.
fn has_other_names(path: &Path) -> Result<bool, FileError> {
    match std::fs::metadata(path) {
        Ok(metadata) => Ok(metadata.nlink() > 1),
        Err(source) if source.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(source) => Err(FileError::io("look at", path, source)),
    }
}

fn overwrite(target: &Path, bytes: &[u8]) -> Result<(), FileError> {
    let io = |source: io::Error| FileError::io("write", target, source);
    let mut file = OpenOptions::new().write(true).open(target).map_err(io)?;
    file.write_all(bytes).map_err(io)?;
    file.set_len(bytes.len() as u64).map_err(io)?;
    file.sync_all().map_err(io)
}

mod save;

#[cfg(test)]
mod tests;
