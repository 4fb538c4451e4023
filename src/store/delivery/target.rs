//! The files that are written for a plugin to read: its settings checked, the defaults filled in, the secrets open.

use std::path::Path;

use thiserror::Error;

use crate::files::{self, FileError, Private};
use crate::plugin::{RenderTarget, TargetFormat};
use crate::store::{RenderFormat, Rendered, StoreError, account};

/// Why what a plugin reads is not written.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum TargetError {
    /// It would be recorded, or carried away.
    #[error("{path} is in the store, whose history would keep the secrets; name a file elsewhere, such as below /run")]
    InStore {
        /// The file.
        path: String,
    },
    /// Neither the manifest nor the name says how it is written.
    #[error("the name of {path} does not say how it is written; add format = \"toml\", \"json\" or \"env\"")]
    NoFormat {
        /// The file.
        path: String,
    },
    /// It is to belong to nobody.
    #[error("there is no account `{owner}`, to whom {path} is to belong")]
    NoAccount {
        /// Who was named.
        owner: String,
        /// The file.
        path: String,
    },
}

/// Writes all files of a plugin. A file that holds the same already stays as it is.
pub(super) fn write_all(root: &Path, targets: &[RenderTarget], rendered: &Rendered) -> Result<(), StoreError> {
    // Everything that can be wrong with one of them is found before the first is written.
    let mut writes = Vec::with_capacity(targets.len());
    for target in targets {
        let path = root.join(&target.path);
        let name = path.display().to_string();
        let format = format(target).ok_or_else(|| TargetError::NoFormat { path: name.clone() })?;
        let owner = match &target.owner {
            None => (None, None),
            Some(owner) => account::owner(owner).ok_or_else(|| TargetError::NoAccount {
                owner: owner.clone(),
                path: name.clone(),
            })?,
        };
        let resolved = files::private_target(&path)?;
        let store = std::fs::canonicalize(root).map_err(|source| FileError::io("resolve", root, source))?;
        if resolved.starts_with(store) {
            return Err(TargetError::InStore { path: name }.into());
        }
        let wanted = Private {
            // Checked by the manifest's schema.
            mode: target
                .mode
                .as_deref()
                .and_then(|mode| u32::from_str_radix(mode, 8).ok()),
            owner,
        };
        writes.push((resolved, rendered.text(format)?, wanted));
    }
    for (path, text, wanted) in &writes {
        files::replace_private(path, text.as_bytes(), *wanted)?;
    }
    Ok(())
}

fn format(target: &RenderTarget) -> Option<RenderFormat> {
    let named = target.format.or_else(|| match target.path.extension()?.to_str()? {
        "toml" => Some(TargetFormat::Toml),
        "json" => Some(TargetFormat::Json),
        "env" => Some(TargetFormat::Env),
        _ => None,
    })?;
    Some(match named {
        TargetFormat::Toml => RenderFormat::Toml,
        TargetFormat::Json => RenderFormat::Json,
        TargetFormat::Env => RenderFormat::Env,
    })
}
