//! `trust`: which stores of other users this user opens.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::find::{FindError, trust_list, trusted_stores};
use super::manifest::MANIFEST;
use super::{Store, StoreError};
use crate::files::{self, Durability, FileError, Ownership, Replacement};

/// What `trust` recorded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Trusted {
    /// The store's folder.
    pub folder: PathBuf,
    /// Where that is remembered.
    pub list: PathBuf,
    /// Whether it was trusted before.
    pub already: bool,
    /// Whether this was a dry run.
    pub dry_run: bool,
}

impl Store {
    /// Remembers that this user trusts the owner of the store in `folder`.
    pub fn trust(folder: &Path, dry_run: bool) -> Result<Trusted, StoreError> {
        let folder = std::fs::canonicalize(folder).map_err(|source| FileError::io("open", folder, source))?;
        if !folder.join(MANIFEST).exists() {
            return Err(FindError::NotAStore { folder }.into());
        }
        let list = trust_list();
        let mut stores = trusted_stores()?;
        let already = stores.contains(&folder);
        if !already && !dry_run {
            if let Some(parent) = list.parent() {
                std::fs::create_dir_all(parent).map_err(|source| FileError::io("make the folder", parent, source))?;
            }
            stores.push(folder.clone());
            let lines: Vec<String> = stores.iter().map(|store| format!("{}\n", store.display())).collect();
            let text = format!("# Stores of other users that valvecfg opens.\n{}", lines.concat());
            write(&list, text.into_bytes())?;
        }
        Ok(Trusted {
            folder,
            list,
            already,
            dry_run,
        })
    }
}

fn write(path: &Path, after: Vec<u8>) -> Result<(), FileError> {
    let folder = path.parent().unwrap_or(Path::new("/"));
    let mut durability = Durability::begin(folder)?;
    let before = files::read_if_present(path, files::DEFAULT_LIMIT)?;
    let mut replacement = Replacement::plan(path, before, Some(after))?;
    replacement.stage(0o600, Ownership::of(folder)?, &mut durability)?;
    durability.barrier()?;
    replacement.apply_without_journal(&mut durability)?;
    durability.barrier()?;
    replacement.finish()
}
