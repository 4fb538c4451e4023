//! The schemas that a `$ref` to another file may lead to: those in the given folders, by `$id` or by file
//! name. Nothing is ever fetched from the network, and no folder is read before a reference asks for it.

use std::collections::{BTreeMap, HashMap};
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
    /// What counts instead of the first folder's files of these names; nothing where one is gone.
    instead: BTreeMap<String, Option<String>>,
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
            instead: BTreeMap::new(),
            shelf: OnceLock::new(),
        }
    }

    /// The same; messages name the schemas below `root` from there.
    #[must_use]
    pub fn named_from(self, root: &Path) -> Self {
        let root = root.to_owned();
        Self { root, ..self }
    }

    /// The same with other texts in the place of the first folder's files, by their names: those of a change that is
    /// not written yet.
    #[must_use]
    pub fn with_texts(self, instead: BTreeMap<String, Option<String>>) -> Self {
        Self { instead, ..self }
    }

    /// The schema that `address` means to a schema whose `$id` is `base`; nothing if there is none.
    pub(super) fn find(&self, address: &str, base: Option<&str>) -> Result<Option<Arc<File>>, SchemaError> {
        let searched = self.shelf.get_or_init(|| self.searched());
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

impl Library {
    fn searched(&self) -> Result<Shelf, SchemaError> {
        let mut filled = Shelf::default();
        for (at, folder) in self.folders.iter().enumerate() {
            let instead = if at == 0 { Some(&self.instead) } else { None };
            let mut names = json_files(folder, instead.is_some_and(|instead| !instead.is_empty()))?;
            if let Some(instead) = instead {
                names.retain(|name| !instead.contains_key(name));
                names.extend(instead.keys().filter(|name| is_json(name)).cloned());
            }
            names.sort();
            for name in names {
                if filled.files.contains_key(&name) {
                    continue;
                }
                let path = folder.join(&name);
                let file = match instead.and_then(|instead| instead.get(&name)) {
                    Some(Some(text)) => File::parse(&self.name_of(&path), text),
                    Some(None) => continue,
                    None => read(&path, &self.name_of(&path)),
                };
                filled.order.push(name.clone());
                filled.files.insert(name, file.map(Arc::new));
            }
        }
        Ok(filled)
    }

    fn name_of(&self, path: &Path) -> String {
        path.strip_prefix(&self.root).unwrap_or(path).display().to_string()
    }
}

fn is_json(name: &str) -> bool {
    Path::new(name).extension().is_some_and(|extension| extension == "json")
}

/// The names of the JSON files in a folder, which may be one that is yet to be made.
fn json_files(folder: &Path, may_be_absent: bool) -> Result<Vec<String>, SchemaError> {
    let unreadable = |error: std::io::Error| SchemaError::Unreadable {
        name: folder.display().to_string(),
        reason: error.to_string(),
    };
    let entries = match std::fs::read_dir(folder) {
        Err(error) if may_be_absent && error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(unreadable)?,
    };
    let mut names = Vec::new();
    for entry in entries {
        let entry = entry.map_err(unreadable)?;
        // A name that is not UTF-8 cannot stand in a JSON text either.
        if let Some(name) = entry.file_name().to_str()
            && is_json(name)
            && entry.path().is_file()
        {
            names.push(name.to_owned());
        }
    }
    Ok(names)
}

fn read(path: &Path, name: &str) -> Result<File, SchemaError> {
    let unreadable = |reason: String| SchemaError::Unreadable {
        name: name.to_owned(),
        reason,
    };
    let bytes = std::fs::read(path).map_err(|error| unreadable(error.to_string()))?;
    let text = String::from_utf8(bytes).map_err(|error| unreadable(error.to_string()))?;
    File::parse(name, &text)
}
