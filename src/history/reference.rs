//! Reading a ref without opening the repository: its own file, else the packed ones.

use std::io;
use std::path::Path;

use super::HistoryError;
use crate::files::{self, FileError};
use crate::revision::RevisionId;

/// Refs are 41 bytes; packed refs of a store are few, but the user's clones may have brought many.
const LIMIT: u64 = 64 << 20;

/// What a ref of the repository in `git` names, if it is there.
pub(super) fn read(git: &Path, name: &str) -> Result<Option<RevisionId>, HistoryError> {
    let path = git.join(name);
    match files::read_text(&path, LIMIT) {
        Ok(text) => match text.trim_end().parse() {
            Ok(id) => Ok(Some(id)),
            Err(_) => Err(HistoryError::BrokenRef { path }),
        },
        Err(error) if error.is_not_found() => read_packed(git, name),
        // `refs/heads/main` as a folder: a branch `main/x` of somebody's.
        Err(FileError::NotRegular { .. }) => read_packed(git, name),
        Err(error) => Err(error.into()),
    }
}

fn read_packed(git: &Path, name: &str) -> Result<Option<RevisionId>, HistoryError> {
    let path = git.join("packed-refs");
    let text = match files::read_text(&path, LIMIT) {
        Ok(text) => text,
        Err(error) if error.is_not_found() => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let line = text
        .lines()
        .find(|line| line.split_once(' ').is_some_and(|(_, found)| found == name));
    match line.and_then(|line| line.split_once(' ')) {
        Some((id, _)) => Ok(Some(id.parse().map_err(|_| HistoryError::BrokenRef { path })?)),
        None => Ok(None),
    }
}

/// What `HEAD` says: the ref it names, or the commit where it is detached.
pub(super) fn read_head(git: &Path) -> Result<Result<String, String>, HistoryError> {
    let path = git.join("HEAD");
    let text = files::read_text(&path, LIMIT)?;
    match text.trim_end().strip_prefix("ref:") {
        Some(name) => Ok(Ok(name.trim().to_owned())),
        None if text.trim().is_empty() => {
            Err(FileError::io("read", &path, io::Error::new(io::ErrorKind::InvalidData, "it is empty")).into())
        }
        None => Ok(Err(text.trim_end().to_owned())),
    }
}
