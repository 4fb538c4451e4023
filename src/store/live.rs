//! The files of a store as they count now: those in the folder, unless a crash left a change half done that this
//! process may not finish, or one was not confirmed in time that it may not take back. Then what counts is answered
//! from the journal, or from history.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::lock::{LockError, WriterLock};
use super::{Store, StoreError, journal};
use crate::files::{self, FileError};
use crate::history::{BlobId, History};

/// Reads the files of one store.
#[derive(Clone)]
pub(super) struct Live<'s> {
    store: &'s Store,
    /// What counts of files that this process could not put right.
    instead: BTreeMap<PathBuf, Option<BlobId>>,
    /// Files as a draft wants them, which count before those in the folder.
    drafted: BTreeMap<String, Option<Vec<u8>>>,
}

impl<'s> Live<'s> {
    /// Looks for a change half done, and finishes or undoes it where that is possible; and for one that was not
    /// confirmed in time, and takes it back. Takes no lock where there is neither.
    pub(super) fn open(store: &'s Store) -> Result<Self, StoreError> {
        let live = Self::recovered(store)?;
        let instead = live.make_up()?;
        Ok(Self { instead, ..live })
    }

    /// The same, to be compared with history: where a change cannot be taken back here, it stands in both.
    pub(super) fn as_recorded(store: &'s Store) -> Result<Self, StoreError> {
        let live = Self::recovered(store)?;
        live.make_up()?;
        Ok(live)
    }

    fn make_up(&self) -> Result<BTreeMap<PathBuf, Option<BlobId>>, StoreError> {
        if !self.instead.is_empty() {
            // What was not even finished here cannot be taken back here.
            return Ok(self.instead.clone());
        }
        self.store.make_up_for_reader()
    }

    fn recovered(store: &'s Store) -> Result<Self, StoreError> {
        let git = store.git();
        let plain = Self::settled(store);
        if !files::exists(&journal::path(&git))? {
            return Ok(plain);
        }
        match WriterLock::acquire(&git, Duration::ZERO) {
            // Its writer is alive: each file is whole, before or after.
            Err(LockError::Busy { .. }) => return Ok(plain),
            Ok(_lock) if journal::recover(&store.root, &git).is_ok() => return Ok(plain),
            Ok(_) | Err(LockError::Io { .. }) => {}
        }
        let instead = journal::instead(&store.root, &git)?;
        Ok(Self { instead, ..plain })
    }

    /// The files of a store whose journal has been dealt with.
    pub(super) fn settled(store: &'s Store) -> Self {
        Self {
            store,
            instead: BTreeMap::new(),
            drafted: BTreeMap::new(),
        }
    }

    /// These files with others in front of them.
    pub(super) fn with(&self, drafted: BTreeMap<String, Option<Vec<u8>>>) -> Self {
        Self {
            drafted,
            ..self.clone()
        }
    }

    /// The drafted files that may stand below a folder: of thousands, those of one plugin.
    fn drafted_below(&self, folder: &str) -> impl Iterator<Item = (&String, &Option<Vec<u8>>)> {
        let folder = format!("{folder}/");
        let range = self.drafted.range(folder.clone()..);
        range.take_while(move |(path, _)| path.starts_with(&folder))
    }

    /// The files of a folder as a draft wants them, by their names there; nothing for one that goes.
    pub(super) fn drafted_in(&self, folder: &str) -> BTreeMap<String, Option<&[u8]>> {
        let in_folder = self.drafted_below(folder).filter_map(|(path, content)| {
            let name = path.strip_prefix(folder)?.strip_prefix('/')?;
            Some((name.to_owned(), content.as_deref()))
        });
        in_folder.filter(|(name, _)| !name.contains('/')).collect()
    }

    /// The store.
    pub(super) fn store(&self) -> &'s Store {
        self.store
    }

    /// The store's folder.
    pub(super) fn root(&self) -> &Path {
        &self.store.root
    }

    /// The bytes of a file, named from the store's folder; nothing where it is not there.
    pub(super) fn read(&self, path: &str) -> Result<Option<Vec<u8>>, StoreError> {
        if let Some(drafted) = self.drafted.get(path) {
            return Ok(drafted.clone());
        }
        let file = self.store.root.join(path);
        if !self.instead.is_empty() {
            let resolved = std::fs::canonicalize(&file).unwrap_or_else(|_| file.clone());
            if let Some(blob) = self.instead.get(&resolved) {
                let Some(blob) = *blob else { return Ok(None) };
                if let Some(content) = History::open(&self.store.root)?.find_blob(blob)? {
                    return Ok(Some(content));
                }
                // In no object yet, so the file itself has not been touched.
            }
        }
        Ok(files::read_if_present(&file, self.store.limits.file_size)?)
    }

    /// The text of a file, named from the store's folder; nothing where it is not there.
    pub(super) fn read_text(&self, path: &str) -> Result<Option<String>, StoreError> {
        let bytes = self.read(path)?;
        Ok(bytes
            .map(|bytes| files::text(&self.store.root.join(path), bytes))
            .transpose()?)
    }

    /// The folders in a folder of the store, sorted.
    pub(super) fn folders(&self, folder: &str) -> Result<Vec<String>, StoreError> {
        let names = self.names(folder, "")?;
        Ok(names
            .into_iter()
            .filter(|name| self.store.root.join(folder).join(name).is_dir())
            .collect())
    }

    /// The names in a folder of the store that end in `suffix`, without it, sorted; none where there is no folder.
    pub(super) fn names(&self, folder: &str, suffix: &str) -> Result<Vec<String>, StoreError> {
        let drafted = self.drafted_below(folder).filter_map(|(path, content)| {
            let name = path.strip_prefix(folder)?.strip_prefix('/')?.strip_suffix(suffix)?;
            (content.is_some() && !name.contains('/')).then(|| name.to_owned())
        });
        let mut names: Vec<String> = drafted.collect();
        let folder = self.store.root.join(folder);
        let entries = match std::fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(source) if source.kind() == std::io::ErrorKind::NotFound => return Ok(names),
            Err(source) => return Err(FileError::io("list", &folder, source).into()),
        };
        for entry in entries {
            let entry = entry.map_err(|source| FileError::io("list", &folder, source))?;
            if let Some(name) = entry.file_name().to_str().and_then(|name| name.strip_suffix(suffix)) {
                names.push(name.to_owned());
            }
        }
        names.sort();
        names.dedup();
        Ok(names)
    }
}
