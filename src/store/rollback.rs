//! `rollback` and `revert`: earlier settings as a new revision. History only grows.

use thiserror::Error;

use super::draft::Draft;
use super::manifest::{plugin_of, schema_path, settings_path};
use super::plan::{Intent, Outcome};
use super::restore::{Earlier, InForce, restored, stating_version_of};
use super::set::SetError;
use super::setting::Setting;
use super::{Store, StoreError, confirmation};
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
    /// through today's schema. Plugins that the revision did not have stay as they are; those that the store has
    /// not any more stay away, and a warning names them.
    ///
    /// While a change waits for confirmation, without a revision and a selection it takes that back, and with a revision
    /// that is not from after it nobody needs to confirm it any more.
    pub fn rollback(
        &self,
        revision: Option<&str>,
        selection: &Selection,
        intent: &Intent,
    ) -> Result<Outcome, StoreError> {
        let is_whole = *selection == Selection::default();
        if revision.is_none() && is_whole && confirmation::waiting_revision(self)?.is_some() {
            return self.cancel_confirmation(intent);
        }
        // Resolved once, before hand edits are recorded: `@~1` means what the person saw.
        let mut target = None;
        let mut away = Vec::new();
        let mut outcome = self.change("rollback", intent, &mut |draft| {
            let target = match target {
                Some(target) => target,
                None => *target.insert(resolve(draft, revision)?),
            };
            let waiting = confirmation::waiting_revision(self)?.filter(|_| is_whole);
            if let Some(waiting) = waiting
                && !draft.session().history.follows_or_is(target, waiting)?
            {
                draft.takes_back(waiting);
            }
            if selection.keys.is_empty() {
                away = restore_plugins(draft, target, selection)?;
                Ok(())
            } else {
                restore_keys(draft, target, selection)
            }
        })?;
        outcome.warnings.extend(away);
        Ok(outcome)
    }

    /// Takes back what one revision changed, and keeps what was changed since. What it changed in plugins that the
    /// store has not any more stays as it is, and a warning names them.
    pub fn revert(&self, revision: &str, intent: &Intent) -> Result<Outcome, StoreError> {
        let mut target = None;
        let mut away = Vec::new();
        let mut outcome = self.change("revert", intent, &mut |draft| {
            let target = match target {
                Some(target) => target,
                None => *target.insert(resolve(draft, Some(revision))?),
            };
            away = take_back(draft, target)?;
            if away.is_empty() && confirmation::waiting_revision(self)? == Some(target) {
                draft.takes_back(target);
            }
            Ok(())
        })?;
        outcome.warnings.extend(away);
        Ok(outcome)
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

/// Answers with what could not be restored.
pub(super) fn restore_plugins(
    draft: &mut Draft<'_, '_>,
    target: RevisionId,
    selection: &Selection,
) -> Result<Vec<String>, StoreError> {
    let session = draft.session();
    if let Some(unknown) = selection.plugins.iter().find(|plugin| !session.rules.has(plugin)) {
        return Err(session.rules.no_such_plugin(unknown));
    }
    let chosen = |plugin: &str| selection.plugins.is_empty() || selection.plugins.iter().any(|name| name == plugin);
    let revision = Earlier::read(session, target)?;
    let mut away = Vec::new();
    for file in session.history.files(target, "plugins")? {
        let Some(plugin) = plugin_of(&file.path).filter(|plugin| chosen(plugin)) else {
            continue;
        };
        if !session.rules.has(plugin) {
            away.extend(stays_away(&revision, plugin)?);
            continue;
        }
        let earlier = super::draft::parse(&file.path, session.history.read_blob(file.blob)?, &session.live)?;
        let restored = revision.restored(draft, plugin, earlier, &mut |why| away.push(why))?;
        draft.put_document(plugin, restored)?;
    }
    Ok(away)
}

fn restore_keys(draft: &mut Draft<'_, '_>, target: RevisionId, selection: &Selection) -> Result<(), StoreError> {
    for name in &selection.keys {
        let session = draft.session();
        let setting = Setting::find(name, &session.rules)?;
        let revision = Earlier::read(session, target)?;
        let earlier = revision.document(&setting.plugin)?;
        let earlier = match earlier {
            Some(earlier) => Some(match revision.in_force(&setting.plugin, &earlier)? {
                InForce::Led { document, .. } => document,
                InForce::AsItWas | InForce::Stuck(_) => earlier,
            }),
            None => None,
        };
        let was_set = earlier.as_ref().is_some_and(|earlier| earlier.contains(&setting.path));
        if !was_set && !draft.document(&setting.plugin)?.contains(&setting.path) {
            let schema = session.rules.schema(&setting.plugin)?;
            if schema.annotation(&setting.path).is_none() {
                return Err(SetError::NotSet {
                    key: setting.name(),
                    suggestion: None,
                }
                .into());
            }
            continue;
        }
        let Some(earlier) = earlier else { continue };
        let edited = restored(draft.document(&setting.plugin)?, &earlier, &setting.path)?;
        draft.put_document(&setting.plugin, edited)?;
    }
    Ok(())
}

/// Answers with what could not be taken back.
fn take_back(draft: &mut Draft<'_, '_>, target: RevisionId) -> Result<Vec<String>, StoreError> {
    let session = draft.session();
    let revision = Earlier::read(session, target)?;
    let parent = session.history.revision(target)?.parent;
    let parent = parent.map(|parent| Earlier::read(session, parent)).transpose()?;
    let (mut away, mut others, mut conflicts) = (Vec::new(), Vec::new(), Vec::new());
    for changed in session.history.changed_paths(target)? {
        let Some(plugin) = plugin_of(&changed.path) else {
            others.push(changed.path);
            continue;
        };
        if !session.rules.has(plugin) {
            let had = parent.as_ref().filter(|parent| parent.has(plugin)).unwrap_or(&revision);
            away.extend(stays_away(had, plugin)?);
            continue;
        }
        match take_back_in(draft, plugin, &revision, parent.as_ref())? {
            Taken::Back(document) => draft.put_document(plugin, document)?,
            Taken::Conflicts(found) => conflicts.extend(found),
        }
    }
    if !conflicts.is_empty() {
        return Err(RollbackError::Conflicts { conflicts }.into());
    }
    if away.is_empty() && !others.is_empty() {
        away.push(format!("only settings are taken back, not {}", others.join(", ")));
    }
    Ok(away)
}

/// What came of taking back what a revision changed in one plugin's settings.
pub(super) enum Taken {
    /// They are as they are to be.
    Back(Document),
    /// These were changed again since.
    Conflicts(Vec<Conflict>),
}

/// A plugin's settings without what a revision changed in them, whose parent is given.
pub(super) fn take_back_in(
    draft: &mut Draft<'_, '_>,
    plugin: &str,
    revision: &Earlier<'_, '_>,
    parent: Option<&Earlier<'_, '_>>,
) -> Result<Taken, StoreError> {
    let current = draft.document(plugin)?.clone();
    let settings = |of: &Earlier<'_, '_>| -> Result<(Document, bool), StoreError> {
        let settings = of.document(plugin)?.unwrap_or_default();
        Ok(match of.in_force(plugin, &settings)? {
            InForce::AsItWas => (settings, false),
            InForce::Led { document, .. } => (document, true),
            InForce::Stuck(_) => (settings, true),
        })
    };
    let (mut base, base_differs) = settings(revision)?;
    let (mut before, before_differs) = parent.map(settings).transpose()?.unwrap_or_default();
    if base_differs || before_differs {
        // Which version it is is no setting to be taken back.
        base = stating_version_of(&base, &current)?;
        before = stating_version_of(&before, &current)?;
    }
    match document::merge(&base, &current, &before) {
        Ok(merged) => Ok(Taken::Back(merged)),
        Err(MergeError::Conflicts(found)) => Ok(Taken::Conflicts(in_plugin(plugin, found))),
        Err(MergeError::Edit(error)) => Err(error.into()),
    }
}

/// Conflicts of a plugin's settings under their full names.
pub(super) fn in_plugin(plugin: &str, conflicts: Vec<Conflict>) -> Vec<Conflict> {
    let plugin = KeyPath::root().key(plugin);
    let named = conflicts.into_iter().map(|conflict| Conflict {
        key: plugin.concat(&conflict.key),
        ..conflict
    });
    named.collect()
}

/// Says that a plugin of an earlier revision is not brought back by its settings alone, and what brings it back.
fn stays_away(revision: &Earlier<'_, '_>, plugin: &str) -> Result<Option<String>, StoreError> {
    let Some(settings) = revision.document(plugin)?.filter(|_| revision.has(plugin)) else {
        return Ok(None);
    };
    let version = revision.version(plugin, &settings)?.unwrap_or(1);
    let (settings, schema) = (settings_path(plugin), schema_path(plugin, version));
    let id = revision.id().short();
    Ok(Some(format!(
        "plugin `{plugin}` is not in the store any more, and its settings stay away; \
         `git checkout {id} -- {settings} {schema} && valvecfg plugin add {plugin} --schema {schema}` brings it back"
    )))
}
