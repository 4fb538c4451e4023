//! `rollback` and `revert`: earlier settings as a new revision. History only grows.

use thiserror::Error;

use super::compare::document_at;
use super::draft::Draft;
use super::manifest::{plugin_of, settings_path};
use super::plan::{Intent, Outcome};
use super::set::SetError;
use super::setting::Setting;
use super::{Store, StoreError};
use crate::document::{self, Conflict, Document, KeyPath, MergeError};
use crate::revision::RevisionId;

/// Why nothing was taken back.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum RollbackError {
    /// There is no revision before the last.
    #[error("there is nothing before the first revision")]
    NothingBefore,
    /// What the revision changed was changed again since.
    #[error("{} was changed again since", names(conflicts))]
    Conflicts {
        /// The keys, with the value that the revision gave, the one that stands there now, and the one before it.
        conflicts: Vec<Conflict>,
    },
}

fn names(conflicts: &[Conflict]) -> String {
    let names: Vec<String> = conflicts.iter().map(|conflict| format!("`{}`", conflict.key)).collect();
    names.join(", ")
}

/// What of a revision's settings to restore; everything where both are empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// Only these settings.
    pub keys: Vec<KeyPath>,
    /// Only these plugins.
    pub plugins: Vec<String>,
}

impl Store {
    /// Restores the settings of a revision (without one: of the revision before the last), as a new revision and
    /// through today's schema. Plugins that the revision did not have stay as they are.
    pub fn rollback(
        &self,
        revision: Option<&str>,
        selection: &Selection,
        intent: &Intent,
    ) -> Result<Outcome, StoreError> {
        // Resolved once, before hand edits are recorded: `@~1` means what the person saw.
        let mut target = None;
        self.change("rollback", intent, &mut |draft| {
            let target = match target {
                Some(target) => target,
                None => *target.insert(resolve(draft, revision)?),
            };
            let names: Vec<String> = selection.keys.iter().map(ToString::to_string).collect();
            if names.is_empty() {
                restore_plugins(draft, target, selection)
            } else {
                restore_keys(draft, target, selection)
            }
        })
    }

    /// Takes back what one revision changed, and keeps what was changed since.
    pub fn revert(&self, revision: &str, intent: &Intent) -> Result<Outcome, StoreError> {
        let mut target = None;
        self.change("revert", intent, &mut |draft| {
            let target = match target {
                Some(target) => target,
                None => *target.insert(resolve(draft, Some(revision))?),
            };
            let session = draft.session();
            let parent = session.history.revision(target)?.parent;
            let mut conflicts = Vec::new();
            for changed in session.history.changed_paths(target)? {
                let Some(plugin) = plugin_of(&changed.path).filter(|plugin| session.rules.has(plugin)) else {
                    continue;
                };
                let base = document_at(session, target, plugin)?.unwrap_or_default();
                let before = match parent {
                    Some(parent) => document_at(session, parent, plugin)?.unwrap_or_default(),
                    None => Document::default(),
                };
                let current = draft.document(plugin)?.clone();
                match document::merge(&base, &current, &before) {
                    Ok(merged) => draft.put_document(plugin, merged)?,
                    Err(MergeError::Conflicts(found)) => {
                        let plugin = KeyPath::root().key(plugin);
                        conflicts.extend(found.into_iter().map(|conflict| Conflict {
                            key: plugin.concat(&conflict.key),
                            ..conflict
                        }));
                    }
                    Err(MergeError::Edit(error)) => return Err(error.into()),
                }
            }
            if conflicts.is_empty() {
                Ok(())
            } else {
                Err(RollbackError::Conflicts { conflicts }.into())
            }
        })
    }

    /// The revision that a rollback would go back to.
    pub fn rollback_target(&self, revision: Option<&str>) -> Result<RevisionId, StoreError> {
        let session = super::session::Session::begin(self, super::session::Access::Read)?;
        resolve(&Draft::new(&session), revision)
    }
}

fn resolve(draft: &Draft<'_, '_>, revision: Option<&str>) -> Result<RevisionId, StoreError> {
    let session = draft.session();
    if let Some(name) = revision {
        Ok(session.history.resolve(session.head, name)?)
    } else {
        let parent = session.history.revision(session.head)?.parent;
        Ok(parent.ok_or(RollbackError::NothingBefore)?)
    }
}

fn restore_plugins(draft: &mut Draft<'_, '_>, target: RevisionId, selection: &Selection) -> Result<(), StoreError> {
    let session = draft.session();
    if let Some(unknown) = selection.plugins.iter().find(|plugin| !session.rules.has(plugin)) {
        return Err(session.rules.no_such_plugin(unknown));
    }
    let chosen = |plugin: &str| selection.plugins.is_empty() || selection.plugins.iter().any(|name| name == plugin);
    for file in session.history.files(target, "plugins")? {
        let Some(plugin) = plugin_of(&file.path).filter(|plugin| chosen(plugin) && session.rules.has(plugin)) else {
            continue;
        };
        // The revision's bytes, comments and all.
        let bytes = session.history.read_blob(file.blob)?;
        let document = super::draft::parse(&settings_path(plugin), bytes)?;
        draft.put_document(plugin, document)?;
    }
    Ok(())
}

fn restore_keys(draft: &mut Draft<'_, '_>, target: RevisionId, selection: &Selection) -> Result<(), StoreError> {
    for name in &selection.keys {
        let session = draft.session();
        let setting = Setting::find(name, &session.live, &session.rules)?;
        let earlier = document_at(session, target, &setting.plugin)?;
        let was_set = earlier.as_ref().is_some_and(|earlier| earlier.contains(&setting.path));
        if !was_set && !draft.document(&setting.plugin)?.contains(&setting.path) {
            let schema = session.rules.schema(&setting.plugin)?;
            if schema.annotation(&setting.path).is_none() {
                return Err(SetError::NotSet { key: setting.name() }.into());
            }
            continue;
        }
        let Some(earlier) = earlier else { continue };
        let edited = draft.document(&setting.plugin)?.transplant(&earlier, &setting.path)?;
        draft.put_document(&setting.plugin, edited)?;
    }
    Ok(())
}
