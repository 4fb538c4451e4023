//! Why a verb failed. The words for hints and the exit codes are the command line's.

use std::path::PathBuf;

use thiserror::Error;

use super::{
    AnswerError, ApplyError, CheckedFile, ConfirmationError, FindError, GetError, InitError, LockError, MigrateError,
    PluginError, RenderError, RollbackError, SecretError, SetError, SettingError, SkipError, TargetError, ValueError,
    WatchError,
};
use crate::document::EditError;
use crate::files::FileError;
use crate::history::{HistoryError, ResolveError};
use crate::import::ImportError;
use crate::revision::RevisionId;
use crate::schema::SchemaError;

/// Why a verb failed.
#[derive(Debug, Error)]
pub enum StoreError {
    /// No store, or not one to be opened.
    #[error(transparent)]
    Find(#[from] FindError),
    /// The writer lock could not be had.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// The repository could not be read or written.
    #[error(transparent)]
    History(#[from] HistoryError),
    /// A file could not be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// The journal is one that this version cannot read.
    #[error("cannot understand the journal {}", path.display())]
    Journal {
        /// Its file.
        path: PathBuf,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// Recorded, but a later step failed; the next command finishes it.
    #[error("recorded as {}, not yet live", revision.short())]
    NotLive {
        /// The revision.
        revision: RevisionId,
        /// What failed.
        source: Box<StoreError>,
    },
    /// A step failed, and so did taking back what came before it; the next command does that.
    #[error("{source}; taking it back failed too: {undoing}")]
    NotUndone {
        /// Why the step failed.
        source: Box<StoreError>,
        /// Why it could not be taken back.
        undoing: Box<StoreError>,
    },
    /// The result would break its schema.
    #[error("{} not accepted", names(files))]
    Invalid {
        /// The files with their violations.
        files: Vec<CheckedFile>,
    },
    /// What somebody committed with git breaks its schema.
    #[error("revision {}, made with git, is not valid: {} not accepted", revision.short(), names(files))]
    GitCommit {
        /// The revision.
        revision: RevisionId,
        /// The files with their violations.
        files: Vec<CheckedFile>,
    },
    /// A schema cannot be used.
    #[error("{}", errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    Schema {
        /// Everything that is wrong with it.
        errors: Vec<SchemaError>,
    },
    /// The schema that the manifest names is not there.
    #[error("plugin `{plugin}` has no schema {path}")]
    SchemaGone {
        /// The plugin.
        plugin: String,
        /// The file, from the store's folder.
        path: String,
    },
    /// The manifest does not say which of several schemas is in force.
    #[error("plugin `{plugin}` has {} schemas, and the manifest does not say which is in force", versions.len())]
    SchemaVersion {
        /// The plugin.
        plugin: String,
        /// The versions there are.
        versions: Vec<u32>,
    },
    /// There is no such plugin.
    #[error("there is no plugin `{plugin}`")]
    NoSuchPlugin {
        /// What was named.
        plugin: String,
        /// The plugins there are.
        known: Vec<String>,
    },
    /// A newer version wrote the store.
    #[error("a newer valvecfg wrote this store (format {format}; this one knows {known})")]
    Newer {
        /// The format that is there.
        format: String,
        /// The newest one known.
        known: u32,
    },
    /// A name means no setting.
    #[error(transparent)]
    Setting(#[from] SettingError),
    /// A text is no value for its key.
    #[error(transparent)]
    Value(#[from] ValueError),
    /// A document could not be edited that way.
    #[error(transparent)]
    Edit(#[from] EditError),
    /// `get` found no value.
    #[error(transparent)]
    Get(#[from] GetError),
    /// `set` or one of its kin could not be done.
    #[error(transparent)]
    Set(#[from] SetError),
    /// A text names no revision.
    #[error(transparent)]
    Resolve(#[from] ResolveError),
    /// Nothing was taken back.
    #[error(transparent)]
    Rollback(#[from] RollbackError),
    /// A change was not confirmed, or not made because another one waits.
    #[error(transparent)]
    Confirmation(#[from] ConfirmationError),
    /// A text could not be applied.
    #[error(transparent)]
    Apply(#[from] ApplyError),
    /// A text that begins like JSON is none.
    #[error("{} is not JSON", if path == "-" { "standard input" } else { path })]
    NotJson {
        /// The file, as it was named.
        path: String,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// A foreign file could not be read.
    #[error(transparent)]
    Import(#[from] ImportError),
    /// What an import is to leave out is not there.
    #[error(transparent)]
    Skip(#[from] SkipError),
    /// No store was made.
    #[error(transparent)]
    Init(#[from] InitError),
    /// Settings were not migrated.
    #[error(transparent)]
    Migrate(#[from] MigrateError),
    /// No plugin was added.
    #[error(transparent)]
    Plugin(#[from] PluginError),
    /// A secret could not be sealed, opened or shown.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// Settings cannot be written in a format.
    #[error(transparent)]
    Render(#[from] RenderError),
    /// The store is not watched.
    #[error(transparent)]
    Watch(#[from] WatchError),
    /// What a plugin reads was not written.
    #[error(transparent)]
    Target(#[from] TargetError),
    /// A plugin's word was not taken.
    #[error(transparent)]
    Answer(#[from] AnswerError),
    /// A file was edited by hand and breaks its schema.
    #[error("{} edited by hand and not valid", names(files))]
    HandEdit {
        /// The files with their violations.
        files: Vec<CheckedFile>,
    },
}

impl From<SchemaError> for StoreError {
    fn from(error: SchemaError) -> Self {
        Self::Schema { errors: vec![error] }
    }
}

fn names(files: &[CheckedFile]) -> String {
    let paths: Vec<&str> = files.iter().map(|file| file.path.as_str()).collect();
    let verb = if paths.len() == 1 { "is" } else { "are" };
    format!("{} {verb}", paths.join(", "))
}
