//! The schemas that a `$ref` to another file may lead to: those in the given folders, by `$id` or by file
//! name. Nothing is ever fetched from the network, and no folder is read before a reference asks for it.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use super::SchemaError;
use super::source::{File, file_name, same_address};

/// Folders of schemas.
#[derive(Debug, Default)]
pub struct Library {
    folders: Vec<PathBuf>,
    /// From where messages name the schemas.
    root: PathBuf,
    shelf: OnceLock<Result<Shelf, SchemaError>>,
}

#[derive(Debug, Default)]
struct Shelf {
    /// By file name; what cannot be used is an error only for who asks for it.
    files: HashMap<String, Result<Arc<File>, SchemaError>>,
    /// The file names in the order in which they are preferred.
    order: Vec<String>,
}

impl Library {
    /// The schemas in these folders, the first folder preferred. Subfolders are not searched.
    #[must_use]
    pub fn new(folders: impl IntoIterator<Item = PathBuf>) -> Self {
        Self {
            folders: folders.into_iter().collect(),
            root: PathBuf::new(),
            shelf: OnceLock::new(),
        }
    }

    /// The same; messages name the schemas below `root` from there.
    #[must_use]
    pub fn named_from(self, root: &Path) -> Self {
        let root = root.to_owned();
        Self { root, ..self }
    }

    /// The schema that `address` means to a schema whose `$id` is `base`; nothing if there is none.
    pub(super) fn find(&self, address: &str, base: Option<&str>) -> Result<Option<Arc<File>>, SchemaError> {
        let searched = self.shelf.get_or_init(|| Shelf::fill(&self.folders, &self.root));
        let searched = searched.as_ref().map_err(SchemaError::clone)?;
        let readable = searched
            .order
            .iter()
            .filter_map(|name| searched.files.get(name)?.as_ref().ok());
        let mut by_id = readable.filter(|file| file.id().is_some_and(|id| same_address(id, address, base)));
        if let Some(file) = by_id.next() {
            return Ok(Some(Arc::clone(file)));
        }
        searched.files.get(file_name(address)).cloned().transpose()
    }
}

impl Shelf {
    fn fill(folders: &[PathBuf], root: &Path) -> Result<Self, SchemaError> {
        let mut shelf = Self::default();
        for folder in folders {
            let unreadable = |error: std::io::Error| SchemaError::Unreadable {
                name: folder.display().to_string(),
                reason: error.to_string(),
            };
            let mut paths = Vec::new();
            for entry in std::fs::read_dir(folder).map_err(unreadable)? {
                let path = entry.map_err(unreadable)?.path();
                if path.extension().is_some_and(|extension| extension == "json") && path.is_file() {
                    paths.push(path);
                }
            }
            paths.sort();
            for path in paths {
                // A name that is not UTF-8 cannot stand in a JSON text either.
                let Some(name) = path.file_name().and_then(|name| name.to_str()) else {
                    continue;
                };
                if !shelf.files.contains_key(name) {
                    shelf.order.push(name.to_owned());
                    shelf.files.insert(name.to_owned(), read(&path, root).map(Arc::new));
                }
            }
        }
        Ok(shelf)
    }
}

fn read(path: &Path, root: &Path) -> Result<File, SchemaError> {
    let name = path.strip_prefix(root).unwrap_or(path).display().to_string();
    let unreadable = |reason: String| SchemaError::Unreadable {
        name: name.clone(),
        reason,
    };
    let bytes = std::fs::read(path).map_err(|error| unreadable(error.to_string()))?;
    let text = String::from_utf8(bytes).map_err(|error| unreadable(error.to_string()))?;
    File::parse(&name, &text)
}
