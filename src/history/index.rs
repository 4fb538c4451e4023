//! Git's index: brought up to date with each revision, so that `git status` is clean and whatever else a user
//! has staged stays staged.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use git2::{FileMode, Index, IndexEntry, IndexTime, Oid, Tree};

use super::{BlobId, History, HistoryError, RecordedFile, unexpected};
use crate::files;
use crate::revision::RevisionId;

/// An index larger than this belongs to no store.
const LIMIT: u64 = 1 << 30;
/// The index ends with a checksum of itself, which names it.
const CHECKSUM: usize = 20;
/// Git's "assume unchanged" bit, for settings files that are links: git would call them changed for ever.
const ASSUME_UNCHANGED: u16 = 0x8000;

/// Writes the index for a revision to `staged`: the entries of `git/index`, those of the changed paths replaced.
///
/// `whole` is the revision's tree, taken where there is no index yet.
pub(super) fn write(
    git: &Path,
    staged: &Path,
    entries: &[(String, Option<Oid>)],
    whole: &Tree<'_>,
    file_of: &dyn Fn(&str) -> Option<Metadata>,
    ownership: files::Ownership,
) -> Result<(), HistoryError> {
    let failed = HistoryError::git;
    let current = files::read_if_present(&git.join("index"), LIMIT)?;
    if let Some(bytes) = &current {
        files::create(staged, bytes, 0o644, ownership)?;
    }
    let mut index = Index::open(staged).map_err(failed("read git's index"))?;
    // libgit2 takes a file that it cannot look at for one that is not there, and begins an empty index.
    if current.as_deref().is_some_and(|bytes| entries_in(bytes) != index.len()) {
        return Err(unexpected(staged, "git's index was not read whole"));
    }
    if current.is_none() {
        index.read_tree(whole).map_err(failed("make git's index"))?;
    }
    for (path, blob) in entries {
        match blob {
            Some(blob) => {
                let entry = entry(path, *blob, file_of(path).as_ref());
                index.add(&entry).map_err(failed("update git's index"))?;
            }
            None => index
                .remove(Path::new(path), 0)
                .or_else(ignore_missing)
                .map_err(failed("update git's index"))?,
        }
    }
    index.write().map_err(failed("write git's index"))?;
    // libgit2 wrote a new file, whose owner is whoever runs this.
    Ok(ownership.give(staged)?)
}

/// How many entries an index file says that it has: the third number of its header.
fn entries_in(index: &[u8]) -> usize {
    let number = index.get(8..12).and_then(|bytes| bytes.try_into().ok());
    number.map_or(0, |bytes| {
        usize::try_from(u32::from_be_bytes(bytes)).unwrap_or(usize::MAX)
    })
}

/// The checksum at the end of an index file; nothing where there is no file.
pub(super) fn checksum(path: &Path) -> Result<Option<Vec<u8>>, HistoryError> {
    let bytes = files::read_if_present(path, LIMIT)?;
    Ok(bytes.map(|bytes| bytes[bytes.len().saturating_sub(CHECKSUM)..].to_vec()))
}

impl History {
    /// The files whose staged content differs from a revision's, in git's order.
    pub fn staged(&self, revision: RevisionId) -> Result<Vec<RecordedFile>, HistoryError> {
        let recorded = self.files(revision, "")?;
        let index = Index::open(&self.git.join("index")).map_err(HistoryError::git("read git's index"))?;
        let file = |entry: IndexEntry| RecordedFile {
            path: String::from_utf8_lossy(&entry.path).into_owned(),
            blob: BlobId(entry.id),
        };
        Ok(index.iter().map(file).filter(|file| !recorded.contains(file)).collect())
    }
}

fn ignore_missing(error: git2::Error) -> Result<(), git2::Error> {
    if error.code() == git2::ErrorCode::NotFound {
        Ok(())
    } else {
        Err(error)
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "git's index holds the low 32 bits of each"
)]
fn entry(path: &str, blob: Oid, file: Option<&Metadata>) -> IndexEntry {
    let moment = |seconds: i64, nanoseconds: i64| IndexTime::new(seconds as i32, nanoseconds as u32);
    let assume_unchanged = file.is_none();
    IndexEntry {
        ctime: file.map_or(IndexTime::new(0, 0), |file| moment(file.ctime(), file.ctime_nsec())),
        mtime: file.map_or(IndexTime::new(0, 0), |file| moment(file.mtime(), file.mtime_nsec())),
        dev: file.map_or(0, |file| file.dev() as u32),
        ino: file.map_or(0, |file| file.ino() as u32),
        mode: u32::from(FileMode::Blob),
        uid: file.map_or(0, rustix::fs::MetadataExt::uid),
        gid: file.map_or(0, rustix::fs::MetadataExt::gid),
        file_size: file.map_or(0, |file| file.size() as u32),
        id: blob,
        flags: if assume_unchanged { ASSUME_UNCHANGED } else { 0 },
        flags_extended: 0,
        path: path.as_bytes().to_vec(),
    }
}
