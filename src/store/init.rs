//! `init`: a new store, in a new folder or in one that has files already.

use std::path::{Path, PathBuf};

use serde::Serialize;
use thiserror::Error;

use super::chain;
use super::lock::WriterLock;
use super::manifest::{self, MANIFEST, MANIFEST_SCHEMA};
use super::session::{Access, Session};
use super::{Limits, Store, StoreError, author, commands, rules};
use crate::files::{self, Durability, FileError, Ownership, Replacement};
use crate::history::{self, Edit, Head, History};
use crate::revision::{Message, RevisionId};

/// What a new manifest says.
const NEW_MANIFEST: &str = "\
#:schema schemas/valvecfg.schema.json
# The plugins of this gateway. `valvecfg plugin add NAME --schema FILE` adds one.
";

/// What `init` made.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Created {
    /// The store's folder.
    pub folder: PathBuf,
    /// Its last revision: the first one, or in a clone the one that it came with. None for a new store on a dry run.
    pub revision: Option<RevisionId>,
    /// The files that the first revision records, from the store's folder.
    pub files: Vec<String>,
    /// The git settings that a clone was given, as `NAME=VALUE`.
    pub settings: Vec<String>,
    /// Whether it was a store already, and nothing had to be made.
    pub already: bool,
    /// Whether this was a dry run.
    pub dry_run: bool,
}

impl Created {
    /// Whether it was made of a clone, whose revisions were there already.
    #[must_use]
    pub fn is_clone(&self) -> bool {
        self.revision.is_some() && self.files.is_empty() && !self.already
    }
}

/// Why no store was made.
#[derive(Debug, Error)]
pub enum InitError {
    /// There is a git repository of somebody else's.
    #[error("{} has a git repository already; a store keeps its history in one of its own", folder.display())]
    ForeignRepository {
        /// The folder.
        folder: PathBuf,
    },
}

impl Store {
    /// What [`Self::init`] would make in `folder`, as far as that is known before.
    ///
    /// # Errors
    /// [`InitError`] where there is a repository that is none of ours.
    pub fn check_init(folder: &Path, limits: Limits) -> Result<Created, StoreError> {
        let new = Created {
            folder: folder.to_owned(),
            dry_run: true,
            ..Created::default()
        };
        if !files::exists(&folder.join(".git"))? {
            return Ok(new);
        }
        let root = std::fs::canonicalize(folder).map_err(|source| FileError::io("open", folder, source))?;
        if !files::exists(&root.join(MANIFEST))? {
            return Err(InitError::ForeignRepository { folder: root }.into());
        }
        // What is recorded there may be another user's to decide.
        let store = Self::open(root, limits)?;
        let history = History::open(&store.root)?;
        let known = history::last_known(history.git_folder())?;
        let folder = store.root;
        match known.map(|known| history.blob(known, MANIFEST)).transpose()? {
            Some(Some(_)) => {}
            Some(None) | None => return Err(InitError::ForeignRepository { folder }.into()),
        }
        let (head, settings) = (history.head()?, history.missing_settings());
        Ok(Created {
            folder,
            revision: Some(head.revision()),
            already: settings.is_empty() && !matches!(head, Head::Unknown(_)),
            settings,
            ..new
        })
    }

    /// Makes a store in `folder`, which is made where it is missing. A manifest, settings, schemas and migrations that
    /// stand there already are checked and recorded; nothing of them is changed. A clone of a store gets what git does
    /// not clone: the settings of its repository, and that its history is accepted here. A store stays as it is.
    pub fn init(folder: &Path, limits: Limits) -> Result<Created, StoreError> {
        std::fs::create_dir_all(folder).map_err(|source| FileError::io("make the folder", folder, source))?;
        let root = std::fs::canonicalize(folder).map_err(|source| FileError::io("open", folder, source))?;
        // Two at once would build the repository in the same place.
        let _lock = WriterLock::acquire_folder(&root, limits.patience)?;
        let planned = Self::check_init(&root, limits)?;
        if planned.already {
            return Ok(Created {
                dry_run: false,
                ..planned
            });
        }
        if planned.revision.is_some() {
            return Self::at(root, limits).settle();
        }
        let ownership = Ownership::of(&root)?;
        let mut durability = Durability::begin(&root)?;
        make_folders(&root, ownership, &mut durability)?;
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
        let store = Self::at(root.clone(), limits);
        edits.extend(store.existing_files()?);
        edits.sort_by(|a, b| a.path.cmp(&b.path));
        let files: Vec<String> = edits.iter().map(|edit| edit.path.clone()).collect();
        let message = Message {
            text: "new store".to_owned(),
            trailers: vec![(Message::VIA, "init".to_owned())],
        };
        let revision = history::create(&root, &edits, &author::origin(None), &message)?;
        // What stands in this folder was written here.
        let rules = rules::Rules::read(super::live::Live::settled(&store))?;
        commands::trust(&root.join(".git"), rules.manifest(), &manifest::Manifest::default())?;
        Ok(Created {
            folder: root,
            revision: Some(revision),
            files,
            ..Created::default()
        })
    }

    /// Makes a repository that git cloned one of ours.
    fn settle(self) -> Result<Created, StoreError> {
        let ownership = Ownership::of(&self.root)?;
        let mut durability = Durability::begin(&self.root)?;
        make_folders(&self.root, ownership, &mut durability)?;
        let settings = History::open(&self.root)?.settle(ownership, &mut durability)?;
        durability.barrier()?;
        // A writer checks what others recorded, and accepts it.
        let revision = Session::begin(&self, Access::Write)?.head;
        Ok(Created {
            folder: self.root,
            revision: Some(revision),
            settings,
            ..Created::default()
        })
    }

    /// The settings, schemas and migrations that stand in the folder already and that the manifest names, once they are
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
            for version in rules.versions(plugin)?.iter().copied() {
                let path = manifest::schema_path(plugin, version);
                edits.push(Edit {
                    content: rules.live().read(&path)?,
                    path,
                });
            }
        }
        for (plugin, path) in chain::migrations(rules.live())? {
            if rules.has(&plugin) {
                rules.chain(&plugin)?;
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

fn make_folders(root: &Path, ownership: Ownership, durability: &mut Durability) -> Result<(), FileError> {
    for name in ["plugins", "schemas"] {
        if files::create_folder(&root.join(name), ownership)? {
            durability.folder(root);
        }
    }
    Ok(())
}

/// Writes a file that is not there yet, whole or not at all.
fn place(path: &Path, bytes: &[u8], ownership: Ownership, durability: &mut Durability) -> Result<(), FileError> {
    let mut replacement = Replacement::plan(path, None, Some(bytes.to_vec()))?;
    replacement.stage(0o644, ownership, durability)?;
    durability.barrier()?;
    replacement.apply_without_journal(durability)
}
