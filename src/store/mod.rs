//! The store: the only place where documents, schemas and history meet, and the library's public verbs.
//!
//! Every verb that changes something is one closure over a draft, given to the same steps:
//!
//! 1. *plan* (`plan.rs`): take the writer lock, recover what a crash left, refuse or absorb hand edits, run the
//!    closure, check the result. Without effects; only it makes a `Plan`, so nothing unchecked is recorded.
//! 2. *commit* (`commit.rs`): make it durable, all or nothing.
//!
//! It returns values; how they are shown is the command line's business.

mod account;
mod apply;
mod author;
mod brought;
mod chain;
mod checked;
mod checksummed;
mod commands;
mod commit;
mod companion;
mod compare;
mod configuration;
mod confirmation;
mod custody;
mod declared;
mod delivery;
mod doctor;
mod draft;
mod editing;
mod error;
mod exposure;
mod find;
mod follow;
mod get;
mod import;
mod init;
mod interpret;
mod journal;
mod list;
mod live;
mod local;
mod lock;
pub mod manifest;
mod message;
mod migrate;
mod needs;
mod notices;
mod opened;
mod parallel;
mod past;
mod plan;
mod plugin;
mod recipients;
mod render;
mod restore;
mod rollback;
mod rules;
mod scan;
mod secret;
mod session;
mod set;
mod setting;
mod shared;
mod status;
mod timeline;
mod trust;
mod types;
mod upgrade;
mod validate;
mod versions;
mod watch;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crate::history::maintain;
use crate::revision::Author;

pub use apply::{ApplyError, Incoming};
pub use chain::MigrateError;
pub use checked::CheckedFile;
pub use compare::{Difference, FileDifference, Shown};
#[cfg(feature = "stream")]
pub use configuration::ChangeStream;
pub use configuration::{Changes, Configuration, ConfigurationError, Offer, Stopper};
pub use confirmation::{
    Bake, Carrier, ConfirmBy, ConfirmationError, Confirmed, Errand, Expiry, Pending, Proof, Starter, Vigil, Within,
};
pub use custody::{SecretError, personal_identity};
pub use delivery::{AnswerError, Answered, Delivery, DeliveryState, TargetError, Urgency};
pub use doctor::Finding;
pub use editing::Editable;
pub use error::StoreError;
pub use find::{FindError, configuration_folder, find};
pub use get::{Found, GetError, Origin};
pub use import::{ImportOptions, ImportState, Imported, ImportedSetting, SkipError};
pub use init::{Created, InitError};
pub use interpret::{Given, Reading, ValueError};
pub use list::{Description, Row};
pub use lock::LockError;
pub use migrate::{CheckedMigration, MigrationAhead, MigrationStatus};
pub use notices::Notices;
pub use opened::Unsealing;
pub use plan::{Absorbed, Intent, Outcome};
pub use plugin::{PluginError, PluginRow};
pub use recipients::RecipientRow;
pub use render::{RenderError, RenderFormat, Rendered};
pub use rollback::{RollbackError, Selection};
pub use scan::{Exposure, FirstSeen, Suspicion};
pub use secret::{SecretRow, SecretState};
pub use set::{Assignment, Reached, SetError};
pub use setting::{Setting, SettingError};
pub use status::{FileState, FileStatus, PluginStatus, Status};
pub use timeline::{Filter, Progress, ValueAt};
pub use trust::Trusted;
pub use types::Mistyped;
pub use validate::{Input, Scope, ValidateOptions, is_refused, validate_files};
pub use watch::{OnInvalid, WatchError, WatchEvent, WatchReport};

/// What holds for all verbs on a store.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Files above this many bytes are refused before they are read.
    pub file_size: u64,
    /// How long a writer waits for others, be it another valvecfg or a git.
    pub patience: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            file_size: crate::files::DEFAULT_LIMIT,
            patience: Duration::from_secs(10),
        }
    }
}

/// A folder with a manifest, the plugins' settings, their schemas, and an ordinary git repository.
#[derive(Clone, Debug)]
pub struct Store {
    root: PathBuf,
    limits: Limits,
    /// The file of identities that was named.
    identity: Option<PathBuf>,
    notices: Notices,
    acting: Option<Arc<Acting>>,
}

/// For whom a store's changes are made where that is not the person whose process it is, and by what.
#[derive(Clone, Debug)]
struct Acting {
    author: Author,
    via: &'static str,
}

impl Store {
    /// Opens the store in `root`, a folder found by [`find`].
    ///
    /// # Errors
    /// [`FindError::NotTrusted`] where it belongs to another user.
    pub fn open(root: PathBuf, limits: Limits) -> Result<Self, FindError> {
        find::check_trust(&root)?;
        Ok(Self::at(root, limits))
    }

    fn at(root: PathBuf, limits: Limits) -> Self {
        Self {
            root,
            limits,
            identity: None,
            notices: Notices::default(),
            acting: None,
        }
    }

    /// The same store, whose changes are made for somebody else: revisions have this author, and say by what they were
    /// made. Hand edits that are recorded on the way remain those of who made them.
    #[must_use]
    pub fn acting_for(&self, author: Author, via: &'static str) -> Self {
        let acting = Some(Arc::new(Acting { author, via }));
        Self { acting, ..self.clone() }
    }

    /// What the store did, or could not do, besides what it is asked for is told there too.
    #[must_use]
    pub fn telling(self, notices: Notices) -> Self {
        Self { notices, ..self }
    }

    /// The store's folder.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Packs the history where that is due, which may take a second or two every thousand revisions. It needs no
    /// writer lock, and may be called at any time; the command line does after a verb that recorded has answered.
    pub fn maintain(&self) -> Result<(), StoreError> {
        let git = self.git();
        if maintain::due(&git) {
            maintain::run(&git, &mut |_, _| {})?;
        }
        Ok(())
    }

    fn git(&self) -> PathBuf {
        self.root.join(".git")
    }
}
