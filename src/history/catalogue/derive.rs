//! What a revision changed in the settings, worked out from the files that it changed: the catalogue's only
//! source.

use std::collections::HashMap;

use super::super::{BlobId, History, HistoryError};
use super::record::{Entry, LARGEST, left_out};
use crate::document::{Change, Document, KeyPath, Segment, changes};
use crate::files::DEFAULT_LIMIT;
use crate::revision::RevisionId;

/// Derives entries. It remembers the last document of each plugin, so it is quick going from old to new.
pub(super) struct Derivation<'h> {
    history: &'h History,
    documents: HashMap<String, (BlobId, Parsed)>,
}

/// A recorded settings file; nothing where it is no TOML, as a commit made with git can hold.
type Parsed = Option<Document>;

impl<'h> Derivation<'h> {
    pub(super) fn new(history: &'h History) -> Self {
        Self {
            history,
            documents: HashMap::new(),
        }
    }

    /// What the repository tells of a revision.
    pub(super) fn entry(&mut self, id: RevisionId) -> Result<Entry, HistoryError> {
        self.derive(id, usize::MAX).map(|(entry, _)| entry)
    }

    /// The frame of a revision, behind that of `previous`. Of one whose record would be too large, no more is read than
    /// it takes to see that.
    pub(super) fn frame(&mut self, id: RevisionId, previous: Option<RevisionId>) -> Result<Vec<u8>, HistoryError> {
        let (entry, is_whole) = self.derive(id, LARGEST)?;
        Ok(if is_whole {
            entry.frame(previous)
        } else {
            left_out(id, previous)
        })
    }

    /// What the repository tells of a revision, whole or as far as its changes take at least so many bytes in a record.
    fn derive(&mut self, id: RevisionId, most: usize) -> Result<(Entry, bool), HistoryError> {
        let mut revision = self.history.revision(id)?;
        let end = revision.message.find(['\n', '\r']).unwrap_or(revision.message.len());
        revision.message.truncate(end);
        let mut entry = Entry {
            revision,
            changes: Vec::new(),
            rewritten: Vec::new(),
        };
        let mut size = 0;
        for file in self.history.changed_paths(id)? {
            let Some(plugin) = plugin(&file.path) else { continue };
            if size > most {
                return Ok((entry, false));
            }
            let told = entry.changes.len() + entry.rewritten.len();
            let remembered = self
                .documents
                .remove(plugin)
                .filter(|(blob, _)| Some(*blob) == file.before);
            let before = match remembered {
                Some((_, document)) => document,
                None => self.document(file.before)?,
            };
            let after = self.document(file.after)?;
            match (&before, &after) {
                (Some(before), Some(after)) => {
                    let changes = changes(before, after);
                    if changes.is_empty() {
                        entry.rewritten.push(plugin.to_owned());
                    }
                    entry
                        .changes
                        .extend(changes.into_iter().map(|change| below(plugin, change)));
                }
                _ => entry.changes.push(Change {
                    key: KeyPath::root().key(plugin),
                    before: None,
                    after: None,
                }),
            }
            // Each begins with the plugin's name.
            size += (entry.changes.len() + entry.rewritten.len() - told) * plugin.len();
            if let Some(blob) = file.after {
                self.documents.insert(plugin.to_owned(), (blob, after));
            }
        }
        Ok((entry, true))
    }

    /// A file that is not there has no settings.
    fn document(&self, blob: Option<BlobId>) -> Result<Parsed, HistoryError> {
        let bytes = match blob {
            Some(blob) => self.history.read_blob(blob)?,
            None => Vec::new(),
        };
        // One that is larger was not recorded by us, and would cost a gateway its memory.
        if bytes.len() as u64 > DEFAULT_LIMIT {
            return Ok(None);
        }
        Ok(String::from_utf8(bytes)
            .ok()
            .and_then(|text| Document::parse(text).ok()))
    }
}

/// The plugin whose settings a path holds.
fn plugin(path: &str) -> Option<&str> {
    let name = path.strip_prefix("plugins/")?.strip_suffix(".toml")?;
    (!name.is_empty() && !name.contains('/')).then_some(name)
}

fn below(plugin: &str, change: Change) -> Change {
    let mut segments = vec![Segment::Key(plugin.to_owned())];
    segments.extend_from_slice(change.key.segments());
    Change {
        key: segments.into(),
        ..change
    }
}
