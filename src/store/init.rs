//! `init`: a new store, in a new folder or in one that has files already.

use std::path::{Path, PathBuf};

use serde::Serialize;
use thiserror::Error;

use super::lock::WriterLock;
use super::manifest::{self, MANIFEST, MANIFEST_SCHEMA};
use super::{Limits, Store, StoreError, author, rules};
use crate::files::{self, Durability, FileError, Ownership, Replacement};
use crate::history::{self, Edit};
use crate::revision::{Message, RevisionId};

/// What a new manifest says.
const NEW_MANIFEST: &str = "\
#:schema schemas/valvecfg.schema.json
# The plugins of this gateway. `valvecfg plugin add NAME --schema FILE` adds one.
";

/// What `init` made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Created {
    /// The store's folder.
    pub folder: PathBuf,
    /// The first revision.
    pub revision: RevisionId,
    /// The files that it records, from the store's folder.
    pub files: Vec<String>,
}

/// Why no store was made.
#[derive(Debug, Error)]
pub enum InitError {
    /// There is one already.
    #[error("{} is a store already", folder.display())]
    Already {
        /// The folder.
        folder: PathBuf,
    },
    /// There is a git repository of somebody else's.
    #[error("{} has a git repository already; a store keeps its history in one of its own", folder.display())]
    ForeignRepository {
        /// The folder.
        folder: PathBuf,
    },
}

impl Store {
    /// Whether a store could be made in `folder`.
    ///
    /// # Errors
    /// [`InitError`] where there is a store or a repository already.
    pub fn check_init(folder: &Path) -> Result<(), StoreError> {
        if !files::exists(&folder.join(".git"))? {
            return Ok(());
        }
        let folder = std::fs::canonicalize(folder).map_err(|source| FileError::io("open", folder, source))?;
        Err(if files::exists(&folder.join(MANIFEST))? {
            InitError::Already { folder }.into()
        } else {
            InitError::ForeignRepository { folder }.into()
        })
    }

    /// Makes a store in `folder`, which is made where it is missing. A manifest, settings and schemas that stand
    /// there already are checked and recorded; nothing of them is changed.
    pub fn init(folder: &Path, limits: Limits) -> Result<Created, StoreError> {
        std::fs::create_dir_all(folder).map_err(|source| FileError::io("make the folder", folder, source))?;
        let root = std::fs::canonicalize(folder).map_err(|source| FileError::io("open", folder, source))?;
        // Two at once would build the repository in the same place.
        let _lock = WriterLock::acquire_folder(&root, limits.patience)?;
        Self::check_init(&root)?;
        let ownership = Ownership::of(&root)?;
        let mut durability = Durability::begin(&root)?;
        for name in ["plugins", "schemas"] {
            if files::create_folder(&root.join(name), ownership)? {
                durability.folder(&root);
            }
        }
        let mut edits = Vec::new();
        for (path, text) in [
            (MANIFEST, NEW_MANIFEST.to_owned()),
            (MANIFEST_SCHEMA, manifest::schema()),
        ] {
            let file = root.join(path);
            let content = if let Some(content) = files::read_if_present(&file, limits.file_size)? {
                content
            } else {
                place(&file, text.as_bytes(), ownership, &mut durability)?;
                text.into_bytes()
            };
            edits.push(Edit {
                path: path.to_owned(),
                content: Some(content),
            });
        }
        durability.barrier()?;
        let store = Self {
            root: root.clone(),
            limits,
        };
        edits.extend(store.existing_files()?);
        edits.sort_by(|a, b| a.path.cmp(&b.path));
        let files: Vec<String> = edits.iter().map(|edit| edit.path.clone()).collect();
        let message = Message {
            text: "new store".to_owned(),
            trailers: vec![(Message::VIA, "init".to_owned())],
        };
        let revision = history::create(&root, &edits, &author::origin(None), &message)?;
        Ok(Created {
            folder: root,
            revision,
            files,
        })
    }

    /// The settings and schemas that stand in the folder already and that the manifest names, once they are
    /// known to be valid.
    fn existing_files(&self) -> Result<Vec<Edit>, StoreError> {
        let rules = rules::Rules::read(super::live::Live::settled(self))?;
        let mut edits = Vec::new();
        let mut refused = Vec::new();
        for plugin in rules.plugins() {
            let settings = manifest::settings_path(plugin);
            if let Some(content) = rules.live().read(&settings)? {
                refused
                    .extend(Some(rules.check_bytes(plugin, content.clone())?).filter(super::CheckedFile::is_refused));
                edits.push(Edit {
                    path: settings,
                    content: Some(content),
                });
            }
            for version in rules.versions(plugin)? {
                let path = manifest::schema_path(plugin, version);
                edits.push(Edit {
                    content: rules.live().read(&path)?,
                    path,
                });
            }
        }
        if refused.is_empty() {
            Ok(edits)
        } else {
            Err(StoreError::Invalid { files: refused })
        }
    }
}

/// Writes a file that is not there yet, whole or not at all.
fn place(path: &Path, bytes: &[u8], ownership: Ownership, durability: &mut Durability) -> Result<(), FileError> {
    let mut replacement = Replacement::plan(path, None, Some(bytes.to_vec()))?;
    replacement.stage(0o644, ownership, durability)?;
    durability.barrier()?;
    replacement.apply(durability)
}
