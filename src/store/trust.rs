//! `trust`: which stores of other users this user opens.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::find::{FindError, trust_list, trusted_stores};
use super::manifest::{MANIFEST, Manifest};
use super::{Store, StoreError, commands};
use crate::files::{self, FileError};

/// What `trust` recorded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Trusted {
    /// The store's folder.
    pub folder: PathBuf,
    /// Where that is remembered.
    pub list: PathBuf,
    /// Whether it was trusted before.
    pub already: bool,
    /// What its manifest has this machine do that nobody here had trusted: how plugins are told, what is written for them.
    pub commands: Vec<String>,
    /// Whether this was a dry run.
    pub dry_run: bool,
}

impl Store {
    /// Remembers that this user trusts the owner of the store in `folder`, and what its manifest has this machine do.
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
            files::replace_file(&list, text.as_bytes(), 0o600)?;
        }
        let git = folder.join(".git");
        let text = files::read_text(&folder.join(MANIFEST), files::DEFAULT_LIMIT)?;
        let manifest = super::rules::parse_manifest(&text)?;
        let commands = commands::all_untrusted(&git, &manifest)?;
        if !dry_run && !commands.is_empty() {
            commands::trust(&git, &manifest, &Manifest::default())?;
        }
        Ok(Trusted {
            folder,
            list,
            already,
            commands,
            dry_run,
        })
    }
}
