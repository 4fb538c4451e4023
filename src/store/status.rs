//! `status`: how the files in the folder are, compared with what is recorded.
//!
//! It answers as far as it can also where nothing can be recorded, because of what was done to the branch or the
//! repository: then above all somebody looks here.

use std::path::PathBuf;

use serde::Serialize;

use super::apply::tracked_paths;
use super::compare::{Across, changes_of};
use super::delivery::{Deliverer, Delivery};
use super::doctor::Finding;
use super::draft::{self, Draft};
use super::live::Live;
use super::manifest::{plugin_of, settings_path};
use super::rules::Rules;
use super::session::{Access, Session};
use super::{CheckedFile, Pending, Store, StoreError};
use crate::document::Change;
use crate::history::HistoryError;
use crate::revision::Revision;
use crate::schema::{Code, SchemaError, Violation};

/// How the store is.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Status {
    /// The store's folder.
    pub folder: PathBuf,
    /// The last revision; none where none can be read.
    pub revision: Option<Revision>,
    /// What keeps the store from recording anything, if something does.
    pub trouble: Option<Finding>,
    /// What is taken back unless somebody confirms it.
    pub confirmation: Option<Pending>,
    /// Each plugin's settings.
    pub plugins: Vec<PluginStatus>,
    /// Other files that differ from what is recorded: the manifest, schemas.
    pub files: Vec<FileStatus>,
    /// Settings files that belong to no plugin of the manifest.
    pub strangers: Vec<String>,
}

/// How the settings of a plugin are.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PluginStatus {
    /// The plugin.
    pub name: String,
    /// The file compared with what is recorded.
    pub state: FileState,
    /// What was edited by hand since.
    pub changes: Vec<Change>,
    /// How many violations there are.
    pub violations: usize,
    /// How the running plugin stands to its settings, where somebody says how it is told.
    pub delivery: Option<Delivery>,
    /// The violations themselves.
    #[serde(skip)]
    pub checked: CheckedFile,
    /// Whether its settings were ever recorded.
    #[serde(skip)]
    pub is_recorded: bool,
}

/// How another file is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FileStatus {
    /// Its path from the store's folder.
    pub path: String,
    /// The file compared with what is recorded.
    pub state: FileState,
}

/// A file compared with what is recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum FileState {
    /// As it is recorded.
    Recorded,
    /// Edited by hand since.
    Edited,
    /// Not recorded yet.
    New,
    /// Not in the folder.
    Missing,
    /// There, and one of the two cannot be read.
    Unknown,
}

impl Status {
    /// Whether nothing needs a person: no hand edits, violations, strangers, and nothing that keeps it from
    /// recording.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        let runs = |plugin: &PluginStatus| {
            !plugin
                .delivery
                .as_ref()
                .is_some_and(|delivery| delivery.state.is_trouble())
        };
        let settled =
            |plugin: &PluginStatus| plugin.state == FileState::Recorded && plugin.violations == 0 && runs(plugin);
        let settled = self.plugins.iter().all(settled) && self.files.is_empty() && self.strangers.is_empty();
        let waits = |pending: &Pending| pending.seconds_left > 0 && pending.changed_since.is_empty();
        settled && self.trouble.is_none() && self.confirmation.as_ref().is_none_or(waits)
    }
}

impl Store {
    /// How the store is: hand edits, violations, the last revision.
    pub fn status(&self) -> Result<Status, StoreError> {
        let error = match Session::begin(self, Access::Read) {
            Ok(session) => {
                let mut status = self.compared(&session, None)?;
                for delivery in Deliverer::new(session)?.standings()? {
                    if let Some(plugin) = status.plugins.iter_mut().find(|plugin| plugin.name == delivery.plugin) {
                        plugin.delivery = Some(delivery);
                    }
                }
                return Ok(status);
            }
            Err(StoreError::History(error)) => error,
            Err(error) => return Err(error),
        };
        let last_known = Session::last_known(self).and_then(|session| {
            let session = session.as_ref();
            session
                .map(|session| self.compared(session, Some(Finding::of(&error))))
                .transpose()
        });
        match last_known {
            Ok(Some(status)) => Ok(status),
            Ok(None) | Err(StoreError::History(_)) => self.uncompared(&error),
            Err(error) => Err(error),
        }
    }

    /// What keeps it from being read was said when it was looked for.
    fn confirmation_if_readable(&self) -> Option<Pending> {
        self.confirmation().unwrap_or_default()
    }

    fn compared(&self, session: &Session<'_>, trouble: Option<Finding>) -> Result<Status, StoreError> {
        let mut draft = Draft::new(session);
        let mut plugins = Vec::new();
        for name in session.rules.plugins() {
            plugins.push(match plugin_status(session, &mut draft, name) {
                Ok(status) => status,
                Err(error) => {
                    let checked = unchecked(name, error)?;
                    PluginStatus::new(name, FileState::Unknown, Vec::new(), checked)
                }
            });
        }
        let mut files = Vec::new();
        for path in tracked_paths(&draft)?
            .into_iter()
            .filter(|path| plugin_of(path).is_none())
        {
            let state = state(&mut draft, &path)?;
            if state != FileState::Recorded {
                files.push(FileStatus { path, state });
            }
        }
        Ok(Status {
            folder: self.root.clone(),
            revision: Some(session.history.revision(session.head)?),
            trouble,
            confirmation: self.confirmation_if_readable(),
            plugins,
            files,
            strangers: strangers(&session.live, &session.rules)?,
        })
    }

    /// Where there is no revision to compare with: the files themselves.
    fn uncompared(&self, error: &HistoryError) -> Result<Status, StoreError> {
        let rules = Rules::read(Live::open(self)?)?;
        let nothing_recorded = matches!(error, HistoryError::NoRepository { .. } | HistoryError::Unborn);
        let mut plugins = Vec::new();
        for name in rules.plugins() {
            let live = rules.live().read(&settings_path(name))?;
            let state = match (&live, nothing_recorded) {
                (None, _) => FileState::Missing,
                (Some(_), true) => FileState::New,
                (Some(_), false) => FileState::Unknown,
            };
            plugins.push(PluginStatus::new(name, state, Vec::new(), checked(&rules, name, live)?));
        }
        Ok(Status {
            folder: self.root.clone(),
            revision: None,
            trouble: Some(Finding::of(error)),
            confirmation: self.confirmation_if_readable(),
            plugins,
            files: Vec::new(),
            strangers: strangers(rules.live(), &rules)?,
        })
    }
}

impl PluginStatus {
    fn new(name: &str, state: FileState, changes: Vec<Change>, checked: CheckedFile) -> Self {
        Self {
            is_recorded: true,
            name: name.to_owned(),
            state,
            changes,
            violations: checked.violations.len(),
            delivery: None,
            checked,
        }
    }
}

fn strangers(live: &Live<'_>, rules: &Rules<'_>) -> Result<Vec<String>, StoreError> {
    let names = live.names("plugins", ".toml")?;
    let strangers = names.iter().filter(|name| !name.starts_with('.') && !rules.has(name));
    Ok(strangers.map(|name| settings_path(name)).collect())
}

fn checked(rules: &Rules<'_>, name: &str, live: Option<Vec<u8>>) -> Result<CheckedFile, StoreError> {
    match live {
        Some(live) => rules.check_bytes(name, live),
        None => Ok(CheckedFile {
            path: settings_path(name),
            ..CheckedFile::default()
        }),
    }
}

/// The same where the file is not what is recorded: as a verb would check it that records hand edits.
fn checked_by_hand(
    session: &Session<'_>,
    name: &str,
    recorded: Option<&[u8]>,
    live: Option<Vec<u8>>,
) -> Result<CheckedFile, StoreError> {
    let parsed = |bytes: &[u8]| draft::parse(&settings_path(name), bytes.to_vec(), &session.live).ok();
    let Some(after) = live.as_deref().and_then(parsed) else {
        return checked(&session.rules, name, live);
    };
    let before = recorded.and_then(parsed).unwrap_or_default();
    let keyring = || session.store.keyring(&|_| None).ok().flatten();
    session.rules.check_by_hand(name, &before, &after, &keyring)
}

/// What keeps one plugin's settings from being looked at, as something wrong with them; an error that concerns the
/// whole store stays one.
pub(super) fn unchecked(name: &str, error: StoreError) -> Result<CheckedFile, StoreError> {
    let path = settings_path(name);
    let code = if let StoreError::File(error) = &error {
        return Ok(CheckedFile::unreadable(&path, error));
    } else if let StoreError::Schema { errors } = &error {
        errors.first().map_or(Code::SchemaBroken, SchemaError::code)
    } else if matches!(error, StoreError::SchemaGone { .. }) {
        Code::SchemaMissing
    } else if matches!(error, StoreError::SchemaVersion { .. }) {
        Code::Manifest
    } else {
        return Err(error);
    };
    Ok(CheckedFile {
        violations: vec![Violation::at(code, "", 0..0, &error.to_string())],
        path,
        ..CheckedFile::default()
    })
}

fn plugin_status(session: &Session<'_>, draft: &mut Draft<'_, '_>, name: &str) -> Result<PluginStatus, StoreError> {
    let path = settings_path(name);
    let mut state = state(draft, &path)?;
    let file = draft.file(&path)?.clone();
    if file.live.is_none() {
        // A plugin needs its file, recorded or not.
        state = FileState::Missing;
    }
    let is_recorded = file.recorded.is_some();
    let (changes, checked) = if state == FileState::Recorded {
        (Vec::new(), checked(&session.rules, name, file.live)?)
    } else {
        let recorded = file.recorded.map(|blob| session.history.read_blob(blob)).transpose()?;
        let changes = changes_of(
            &session.rules,
            &path,
            recorded.as_deref(),
            file.live.as_deref(),
            Across::Led,
        );
        (changes, checked_by_hand(session, name, recorded.as_deref(), file.live)?)
    };
    Ok(PluginStatus {
        is_recorded,
        ..PluginStatus::new(name, state, changes, checked)
    })
}

fn state(draft: &mut Draft<'_, '_>, path: &str) -> Result<FileState, StoreError> {
    let file = draft.file(path)?;
    Ok(match (&file.recorded, &file.live) {
        (Some(_), None) => FileState::Missing,
        (None, Some(_)) => FileState::New,
        _ if file.is_edited_by_hand() => FileState::Edited,
        _ => FileState::Recorded,
    })
}
