//! Where a store is, and whether this user may open it.

use std::env;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use thiserror::Error;

use super::manifest::MANIFEST;
use crate::files::{self, FileError};

/// The list of trusted stores is a few lines.
const LIMIT: u64 = 1 << 20;

/// Why no store was found, or not opened.
#[derive(Debug, Error)]
pub enum FindError {
    /// A folder was named and is none.
    #[error("{} is no store: it has no {MANIFEST}", folder.display())]
    NotAStore {
        /// The folder that was named.
        folder: PathBuf,
    },
    /// Nothing was named and nothing found.
    #[error("no store found: no {MANIFEST} in {} or above, in {} or in /etc/valvecfg", from.display(), personal.display())]
    Nowhere {
        /// Where the search began.
        from: PathBuf,
        /// The user's own place.
        personal: PathBuf,
    },
    /// It belongs to another user, who could make us run or write what he likes.
    #[error("{} belongs to another user (uid {owner})", folder.display())]
    NotTrusted {
        /// The store's folder.
        folder: PathBuf,
        /// Whose it is.
        owner: u32,
    },
    /// The current folder or the list of trusted stores could not be read.
    #[error(transparent)]
    File(#[from] FileError),
}

/// Finds the store's folder: `named` (`-C`), else `$VALVECFG_STORE`, else the nearest folder upward that holds a
/// manifest, else the user's, else the system's.
pub fn find(named: Option<&Path>) -> Result<PathBuf, FindError> {
    let variable = env::var_os("VALVECFG_STORE")
        .filter(|value| !value.is_empty())
        .map(PathBuf::from);
    if let Some(folder) = named.map(Path::to_owned).or(variable) {
        let folder = absolute(&folder)?;
        return if files::exists(&folder.join(MANIFEST))? {
            Ok(folder)
        } else {
            Err(FindError::NotAStore { folder })
        };
    }
    let from = absolute(Path::new("."))?;
    for folder in from.ancestors() {
        if files::exists(&folder.join(MANIFEST))? {
            return Ok(folder.to_owned());
        }
    }
    let personal = configuration_folder();
    let system = PathBuf::from("/etc/valvecfg");
    for folder in [&personal, &system] {
        if files::exists(&folder.join(MANIFEST))? {
            return Ok(folder.clone());
        }
    }
    Err(FindError::Nowhere { from, personal })
}

/// The user's folder for valvecfg: `$XDG_CONFIG_HOME/valvecfg` or `~/.config/valvecfg`.
#[must_use]
pub fn configuration_folder() -> PathBuf {
    let xdg = env::var_os("XDG_CONFIG_HOME")
        .map(PathBuf::from)
        .filter(|path| path.is_absolute());
    let home = env::var_os("HOME").map_or_else(|| PathBuf::from("/"), PathBuf::from);
    xdg.unwrap_or_else(|| home.join(".config")).join("valvecfg")
}

fn absolute(path: &Path) -> Result<PathBuf, FindError> {
    Ok(std::fs::canonicalize(path).map_err(|source| FileError::io("open", path, source))?)
}

/// Refuses a store of another user, unless that user is root or the store was trusted.
pub(super) fn check_trust(root: &Path) -> Result<(), FindError> {
    let metadata = std::fs::metadata(root).map_err(|source| FileError::io("look at", root, source))?;
    let owner = metadata.uid();
    let me = rustix::process::geteuid();
    // Root by way of sudo is still the person who typed it.
    let behind_sudo = me.is_root() && env::var("SUDO_UID").is_ok_and(|uid| uid == owner.to_string());
    if owner == me.as_raw() || owner == 0 || behind_sudo || trusted_stores()?.iter().any(|trusted| trusted == root) {
        return Ok(());
    }
    Err(FindError::NotTrusted {
        folder: root.to_owned(),
        owner,
    })
}

/// The stores of others that this user trusts.
pub(super) fn trusted_stores() -> Result<Vec<PathBuf>, FileError> {
    let path = trust_list();
    match files::read_text(&path, LIMIT) {
        Ok(text) => Ok(text
            .lines()
            .filter(|line| !line.starts_with('#'))
            .map(PathBuf::from)
            .collect()),
        Err(error) if error.is_not_found() => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

/// Where this user keeps the list of trusted stores.
pub(super) fn trust_list() -> PathBuf {
    configuration_folder().join("trusted")
}
