//! `diff` and `show`: what differs between two states of the store, key by key.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::apply::tracked_paths;
use super::draft::{self, Draft};
use super::manifest::{plugin_of, settings_path};
use super::rules::Rules;
use super::session::{Access, Session};
use super::{Store, StoreError, message};
use crate::document::{Change, Document};
use crate::history::BlobId;
use crate::revision::{Revision, RevisionId};

/// What differs between two states.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// The settings that differ. Keys begin with the plugin's name.
    pub changes: Vec<Change>,
    /// The files that differ, with both texts.
    #[serde(skip)]
    pub files: Vec<FileDifference>,
}

/// A file that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileDifference {
    /// Its path from the store's folder.
    pub path: String,
    /// What it held, its secrets masked; nothing where it was not there.
    pub before: Option<Vec<u8>>,
    /// What it holds, its secrets masked; nothing where it is not there.
    pub after: Option<Vec<u8>>,
}

/// What one revision changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Shown {
    /// The revision.
    #[serde(flatten)]
    pub revision: Revision,
    /// What it changed.
    #[serde(flatten)]
    pub difference: Difference,
}

impl Shown {
    /// The lines of its message that say more than its changes do.
    #[must_use]
    pub fn remarks(&self) -> Vec<&str> {
        message::remarks(&self.revision.message, &self.difference.changes)
    }

    /// The changes that its message does not tell.
    #[must_use]
    pub fn untold(&self) -> Vec<&Change> {
        message::untold(&self.revision.message, &self.difference.changes)
    }
}

impl Store {
    /// What differs between two revisions; without the second, between the first and the folder; without both,
    /// between what is recorded last and the folder.
    pub fn diff(&self, from: Option<&str>, to: Option<&str>) -> Result<Difference, StoreError> {
        let session = Session::begin(self, Access::Read)?;
        let resolve = |name: &str| session.history.resolve(session.head, name);
        let from = from.map_or(Ok(session.head), resolve)?;
        match to {
            Some(to) => between(&session, Some(from), resolve(to)?, Across::Led),
            None => against_folder(&session, from),
        }
    }

    /// What one revision changed.
    pub fn show(&self, revision: &str) -> Result<Shown, StoreError> {
        let session = Session::begin(self, Access::Read)?;
        let revision = session
            .history
            .revision(session.history.resolve(session.head, revision)?)?;
        let difference = between(&session, revision.parent, revision.id, Across::AsTheyStand)?;
        Ok(Shown { revision, difference })
    }
}

/// How settings of two schema versions are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Across {
    /// Like with like: those of the earlier version are led to the later one.
    Led,
    /// By their names: for what a revision did to a file, also if that was to migrate it.
    AsTheyStand,
}

/// What differs between two revisions, or between nothing and one.
fn between(
    session: &Session<'_>,
    from: Option<RevisionId>,
    to: RevisionId,
    across: Across,
) -> Result<Difference, StoreError> {
    let files = |revision: Option<RevisionId>| -> Result<BTreeMap<String, BlobId>, StoreError> {
        let Some(revision) = revision else {
            return Ok(BTreeMap::new());
        };
        let files = session.history.files(revision, "")?;
        Ok(files.into_iter().map(|file| (file.path, file.blob)).collect())
    };
    let (before, after) = (files(from)?, files(Some(to))?);
    let mut difference = Difference::default();
    let paths: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    for path in paths {
        let (old, new) = (before.get(path).copied(), after.get(path).copied());
        if old != new {
            let read = |blob: Option<BlobId>| blob.map(|blob| session.history.read_blob(blob)).transpose();
            difference.push(&session.rules, path, read(old)?, read(new)?, across);
        }
    }
    Ok(difference)
}

fn against_folder(session: &Session<'_>, from: RevisionId) -> Result<Difference, StoreError> {
    let draft = Draft::new(session);
    let recorded = session.history.files(from, "")?;
    let mut paths = tracked_paths(&draft)?;
    paths.extend(
        recorded
            .iter()
            .map(|file| file.path.clone())
            .filter(|path| plugin_of(path).is_some()),
    );
    paths.sort();
    paths.dedup();
    let mut difference = Difference::default();
    for path in paths {
        let blob = recorded.iter().find(|file| file.path == path).map(|file| file.blob);
        let live = session.live.read(&path)?;
        let same = live.as_deref().map(BlobId::of).transpose()? == blob;
        if !same {
            let before = blob.map(|blob| session.history.read_blob(blob)).transpose()?;
            difference.push(&session.rules, &path, before, live, Across::Led);
        }
    }
    Ok(difference)
}

impl Difference {
    pub(super) fn push(
        &mut self,
        rules: &Rules<'_>,
        path: &str,
        before: Option<Vec<u8>>,
        after: Option<Vec<u8>>,
        across: Across,
    ) {
        self.changes
            .extend(changes_of(rules, path, before.as_deref(), after.as_deref(), across));
        let shown = |bytes: Option<Vec<u8>>| bytes.map(|bytes| rules.without_secrets_in(path, bytes));
        self.files.push(FileDifference {
            path: path.to_owned(),
            before: shown(before),
            after: shown(after),
        });
    }

    /// The files whose settings are the same and whose text is not, and those that hold no settings.
    #[must_use]
    pub fn other_files(&self) -> Vec<&str> {
        let told = message::plugins(&self.changes);
        let paths = self.files.iter().map(|file| file.path.as_str());
        paths
            .filter(|path| plugin_of(path).is_none_or(|plugin| !told.contains(plugin)))
            .collect()
    }

    /// Whether both texts of a settings file are TOML, so that its settings could be compared.
    #[must_use]
    pub fn is_readable(&self, path: &str) -> bool {
        let reads = |bytes: &Option<Vec<u8>>| {
            Document::parse(String::from_utf8_lossy(bytes.as_deref().unwrap_or_default())).is_ok()
        };
        let mut files = self.files.iter().filter(|file| file.path == path);
        files.all(|file| reads(&file.before) && reads(&file.after))
    }

    /// Whether nothing differs.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }
}

/// What differs in the settings of a plugin's file; nothing for other files, and where one side is no TOML.
pub(super) fn changes_of(
    rules: &Rules<'_>,
    path: &str,
    before: Option<&[u8]>,
    after: Option<&[u8]>,
    across: Across,
) -> Vec<Change> {
    let Some(plugin) = plugin_of(path) else {
        return Vec::new();
    };
    let parse = |bytes: Option<&[u8]>| draft::parse(path, bytes.unwrap_or_default().to_vec(), rules.live());
    match (parse(before), parse(after)) {
        (Ok(before), Ok(after)) if across == Across::Led => rules.changes(plugin, &before, &after),
        (Ok(before), Ok(after)) => rules.changes_as_they_stand(plugin, &before, &after),
        (Ok(_) | Err(_), Err(_)) | (Err(_), Ok(_)) => Vec::new(),
    }
}

/// The settings of a plugin in a revision; empty where it had none.
pub(super) fn document_at(
    session: &Session<'_>,
    revision: RevisionId,
    plugin: &str,
) -> Result<Option<Document>, StoreError> {
    let path = settings_path(plugin);
    let bytes = session.history.read(revision, &path)?;
    bytes.map(|bytes| draft::parse(&path, bytes, &session.live)).transpose()
}
