//! What stands at a path in a folder of a revision.
//!
//! libgit2 reads and hashes a large folder anew for each name that is looked up in it. One in which names are looked
//! up again and again is listed once instead; for a single name, that would cost more than it saves.

use std::collections::HashMap;

use git2::{ObjectType, Oid, Repository};

use super::HistoryError;

/// A folder with fewer entries than this stays in libgit2's own cache, which takes 4 KiB of each.
const SMALL: usize = 64;
/// After so many names, a folder is listed.
const OFTEN: u8 = 4;
/// Of so many folders it is known how often they were looked into. Who walks through history sees no folder twice.
const MOST: usize = 1024;

/// The folders that were looked into, by the id of their tree.
#[derive(Default)]
pub(super) struct Folders(HashMap<Oid, Folder>);

enum Folder {
    /// So often.
    Looked(u8),
    Listed(HashMap<Vec<u8>, Entry>),
}

/// What stands there.
pub(super) type Entry = (Oid, Option<ObjectType>);

impl Folders {
    /// What stands at a path below a tree.
    pub(super) fn entry(
        &mut self,
        repository: &Repository,
        tree: Oid,
        path: &str,
    ) -> Result<Option<Entry>, HistoryError> {
        let mut found = (tree, Some(ObjectType::Tree));
        for name in path.split('/') {
            if found.1 != Some(ObjectType::Tree) {
                return Ok(None);
            }
            match self.child(repository, found.0, name.as_bytes())? {
                Some(child) => found = child,
                None => return Ok(None),
            }
        }
        Ok(Some(found))
    }

    fn child(&mut self, repository: &Repository, folder: Oid, name: &[u8]) -> Result<Option<Entry>, HistoryError> {
        let seen = match self.0.get(&folder) {
            Some(Folder::Listed(entries)) => return Ok(entries.get(name).copied()),
            Some(Folder::Looked(times)) => *times,
            None => 0,
        };
        let tree = repository
            .find_tree(folder)
            .map_err(HistoryError::git("read a revision"))?;
        if tree.len() < SMALL {
            return Ok(tree.get_name_bytes(name).map(|entry| (entry.id(), entry.kind())));
        }
        if self.0.len() >= MOST {
            self.0.retain(|_, folder| matches!(folder, Folder::Listed(_)));
        }
        if seen < OFTEN || self.0.len() >= MOST {
            self.0.insert(folder, Folder::Looked(seen.saturating_add(1)));
            return Ok(tree.get_name_bytes(name).map(|entry| (entry.id(), entry.kind())));
        }
        let entries = tree
            .iter()
            .map(|entry| (entry.name_bytes().to_vec(), (entry.id(), entry.kind())));
        let entries: HashMap<Vec<u8>, Entry> = entries.collect();
        let found = entries.get(name).copied();
        self.0.insert(folder, Folder::Listed(entries));
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::Fixture;

    #[test]
    fn a_name_is_found_however_often_it_is_looked_for() {
        let many: Vec<String> = (0..200).map(|number| format!("many/{number}")).collect();
        let mut files: Vec<(&str, &str)> = many.iter().map(|path| (path.as_str(), path.as_str())).collect();
        files.push(("few/a", "1"));
        let fixture = Fixture::new(&files);
        for _ in 0..3 {
            for path in &many {
                let content = fixture.history.read(fixture.head(), path).unwrap();
                assert_eq!(content.as_deref(), Some(path.as_bytes()));
            }
            for path in ["many/200", "many", "few", "few/b", "few/a/b", "many/1/2", "", "none/1"] {
                assert_eq!(fixture.history.blob(fixture.head(), path).unwrap(), None, "{path}");
            }
            assert!(fixture.history.blob(fixture.head(), "few/a").unwrap().is_some());
        }
    }
}
