//! Companions of a revision: files of `.git/valvecfg` that come, or go, in the moment in which it is recorded. A crash
//! leaves neither the one without the other: they stand in the journal.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::StoreError;
use crate::files::{self, Durability, Ownership};
use crate::history;

/// A file that comes or goes with a revision.
pub(super) struct Companion {
    /// Its name in `.git/valvecfg`, perhaps in a folder there.
    pub name: String,
    /// What it holds from then on; nothing where it goes.
    pub content: Option<Vec<u8>>,
}

/// The same as the journal has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Turn {
    name: String,
    comes: bool,
}

impl Companion {
    /// Writes what is to come where nobody reads it.
    pub(super) fn stage(
        self,
        git: &Path,
        ownership: Ownership,
        durability: &mut Durability,
    ) -> Result<Turn, StoreError> {
        if let Some(content) = &self.content {
            let staged = staged(git, &self.name);
            files::create(&staged, content, 0o644, ownership)?;
            durability.file(&staged);
        }
        Ok(Turn {
            name: self.name,
            comes: self.content.is_some(),
        })
    }
}

impl Turn {
    /// Puts the file in place, or takes it away, once the revision is recorded. Safe to repeat.
    pub(super) fn take(&self, git: &Path, durability: &mut Durability) -> Result<(), StoreError> {
        let path = git.join("valvecfg").join(&self.name);
        let folder = path.parent().unwrap_or(git);
        if files::create_folder(folder, Ownership::of(git)?)? {
            durability.folder(&git.join("valvecfg"));
        }
        if !self.comes {
            files::remove(&path)?;
        } else if let Err(error) = files::rename(&staged(git, &self.name), &path) {
            // Without the staged one, it was put in place before the crash.
            if !error.is_not_found() {
                return Err(error.into());
            }
        }
        durability.folder(folder);
        Ok(())
    }
}

/// Where it is written first. The staging folder has no folders.
fn staged(git: &Path, name: &str) -> PathBuf {
    history::incoming(git).join(name.replace('/', "-"))
}
