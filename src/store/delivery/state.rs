//! What is remembered of each running plugin, on this machine alone: what it was told, what it answered, and what kept
//! it from being told. It is no part of history, and all of it can be lost: then the plugin is told once more.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::files::{self, Ownership};
use crate::history::BlobId;
use crate::revision::{Moment, RevisionId};
use crate::store::StoreError;
use crate::store::lock::FileLock;

/// A record is a few hundred bytes; a reason is cut before it is written.
const LIMIT: u64 = 1 << 20;
/// A record is read and written within a few milliseconds.
const PATIENCE: Duration = Duration::from_secs(10);

/// What is remembered of one plugin.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Record {
    /// Of what it was told last.
    pub told: Option<Told>,
    /// Its last word.
    pub answer: Option<Answer>,
    /// The last revision that it said it runs.
    pub running: Option<RevisionId>,
    /// What keeps it from being told of the latest.
    pub trouble: Option<Trouble>,
}

/// Of what a plugin was told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Told {
    pub revision: RevisionId,
    /// Its settings file in that revision.
    pub content: BlobId,
    pub time: Moment,
    /// Whether it was not running then, and reads its settings when it starts.
    #[serde(default)]
    pub stopped: bool,
}

/// What a plugin says of a revision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Answer {
    pub revision: RevisionId,
    /// Why it does not run it; nothing where it does.
    pub refused: Option<String>,
    pub time: Moment,
}

/// What keeps a plugin from being told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Trouble {
    pub why: String,
    /// Since when.
    pub since: Moment,
    /// When it was tried last.
    pub last: Moment,
    /// How often it was tried.
    pub tries: u32,
    /// Whether what it reads could not be written.
    #[serde(default)]
    pub not_rendered: bool,
}

impl Trouble {
    /// Whether it is to be tried again by now: after a second, and after pauses that grow to five minutes. A clock that
    /// was set back is no reason to wait.
    pub(super) fn is_due(&self, now: Moment) -> bool {
        let waited = now.seconds - self.last.seconds;
        waited < 0 || waited >= self.pause()
    }

    /// Seconds until it is tried again.
    pub(super) fn pause(&self) -> i64 {
        (1_i64 << self.tries.saturating_sub(1).min(9)).min(300)
    }
}

/// Where the records stand.
fn folder(git: &Path) -> PathBuf {
    git.join("valvecfg/deliveries")
}

fn path(git: &Path, plugin: &str) -> PathBuf {
    folder(git).join(format!("{plugin}.json"))
}

impl Record {
    /// What is remembered of a plugin. One that a power cut has torn is none.
    pub(super) fn read(git: &Path, plugin: &str) -> Result<Self, StoreError> {
        let bytes = files::read_if_present(&path(git, plugin), LIMIT)?.unwrap_or_default();
        Ok(serde_json::from_slice(&bytes).unwrap_or_default())
    }

    /// Changes what is remembered of a plugin, durably, and answers with what it is then.
    pub(super) fn change(git: &Path, plugin: &str, edit: impl FnOnce(&mut Self)) -> Result<Self, StoreError> {
        let folder = folder(git);
        files::create_folder(&folder, Ownership::of(git)?)?;
        let _lock = FileLock::acquire(&folder.join(".lock"), PATIENCE)?;
        let before = Self::read(git, plugin)?;
        let mut after = before.clone();
        edit(&mut after);
        if after != before {
            let path = path(git, plugin);
            // Made of texts, numbers and ids: it always has a JSON form.
            let text = serde_json::to_string(&after).map_err(|source| StoreError::Journal {
                path: path.clone(),
                source,
            })?;
            files::replace_file(&path, format!("{text}\n").as_bytes(), 0o644)?;
        }
        Ok(after)
    }
}

/// Whoever tells a plugin holds this, so that it is told by one at a time.
pub(super) fn lock(git: &Path, plugin: &str, patience: Duration) -> Result<FileLock, StoreError> {
    let folder = folder(git);
    files::create_folder(&folder, Ownership::of(git)?)?;
    Ok(FileLock::acquire(&folder.join(format!("{plugin}.lock")), patience)?)
}

/// The notes of what is still to be told: each comes with its revision, and is removed when it has been told. A note names
/// its revision, so that none is taken for another.
pub(in crate::store) mod notes {
    use std::path::{Path, PathBuf};

    use crate::files::{self, FileError};
    use crate::revision::RevisionId;
    use crate::store::companion::Companion;

    /// Their folder in `.git/valvecfg`.
    const FOLDER: &str = "undelivered";

    fn folder(git: &Path) -> PathBuf {
        git.join("valvecfg").join(FOLDER)
    }

    /// The note that a plugin is to be told of a revision, which comes with it.
    pub(in crate::store) fn comes(plugin: &str, revision: RevisionId) -> Companion {
        Companion {
            name: format!("{FOLDER}/{plugin}.{revision}"),
            content: Some(Vec::new()),
        }
    }

    /// All notes: the plugins, and of which revisions.
    pub(in crate::store::delivery) fn list(git: &Path) -> Result<Vec<(String, RevisionId)>, FileError> {
        let folder = folder(git);
        let failed = |source| FileError::io("list", &folder, source);
        let entries = match std::fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(source) if source.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(source) => return Err(failed(source)),
        };
        let mut notes = Vec::new();
        for entry in entries {
            let name = entry.map_err(failed)?.file_name();
            let note = name.to_str().and_then(|name| name.rsplit_once('.'));
            if let Some((plugin, revision)) = note
                && let Ok(revision) = revision.parse()
            {
                notes.push((plugin.to_owned(), revision));
            }
        }
        notes.sort();
        Ok(notes)
    }

    /// Takes a note away.
    pub(in crate::store::delivery) fn remove(git: &Path, plugin: &str, revision: RevisionId) -> Result<(), FileError> {
        files::remove(&folder(git).join(format!("{plugin}.{revision}")))
    }
}
