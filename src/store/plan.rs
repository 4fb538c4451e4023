//! Plan: a verb's change, checked, with all that is needed to record it, and not yet written.

mod by_hand;
mod concerned;
mod judged;
mod record;

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use serde::Serialize;

use super::commit::FileChange;
use super::confirmation::Witness;
use super::delivery::Delivery;
use super::draft::{self, ByHand, Draft, DraftFile};
use super::manifest::{MANIFEST, Manifest, plugin_of, settings_path};
use super::rules::Rules;
use super::session::{Access, Session};
use super::{CheckedFile, Pending, Store, StoreError, Within, confirmation, custody, opened};
use crate::document::{Change, Document, KeyPath, Value};
use crate::files::{self, FileError};
use crate::history::HistoryError;
use crate::revision::RevisionId;
use crate::schema::Held;

use concerned::concerned;
use judged::{changes, judged_in_parallel};
use record::record;

/// What is said about a change, and whether it is to be made at all.
#[derive(Clone, Debug, Default)]
pub struct Intent {
    /// A message by hand; else one is made from the change.
    pub message: Option<String>,
    /// Plan only: nothing is written.
    pub dry_run: bool,
    /// How long a plugin that acknowledges may take to say that it runs the change; without it nobody waits.
    pub wait: Option<Duration>,
    /// That it is to be taken back unless somebody confirms it in time.
    pub confirm: Option<Within>,
}

/// What a changing verb did, or would do.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Outcome {
    /// The revision that was recorded; none where everything was so already, or on a dry run.
    pub revision: Option<RevisionId>,
    /// The settings that changed. Keys begin with the plugin's name.
    pub changes: Vec<Change>,
    /// Files that changed in other ways: comments, the manifest, schemas.
    pub files: Vec<String>,
    /// What had been edited by hand before and was recorded first, as a revision of its own.
    pub absorbed: Option<Absorbed>,
    /// Whether this was a dry run.
    pub dry_run: bool,
    /// What has to be confirmed, or it is taken back.
    pub confirmation: Option<Pending>,
    /// What else there is to know, in words.
    pub warnings: Vec<String>,
    /// Hand edits that are not valid and were left alone, where the verb records only those that are.
    #[serde(skip)]
    pub left: Vec<CheckedFile>,
    /// How the running plugins stand that were told of it.
    pub deliveries: Vec<Delivery>,
    /// The running plugins that it concerns.
    #[serde(skip)]
    pub(super) concerned: Concerned,
}

/// The running plugins that a change concerns.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Concerned {
    /// Their settings change, and somebody says how to tell them.
    pub told: BTreeSet<String>,
    /// Nobody does, and they have to be started anew.
    pub stale: BTreeSet<String>,
    /// Those that are told of the change itself, and not only of a hand edit before it, and what they can prove of it.
    pub witnesses: BTreeMap<String, Witness>,
}

/// Hand edits that were recorded on the way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Absorbed {
    /// Their revision; none on a dry run.
    pub revision: Option<RevisionId>,
    /// The settings that they changed. Keys begin with the plugin's name.
    pub changes: Vec<Change>,
    /// The files concerned.
    pub files: Vec<String>,
}

/// A change that was checked. Only [`plan`] makes one.
#[derive(Default)]
pub(super) struct Plan {
    by_hand: Vec<FileChange>,
    by_hand_changes: Vec<Change>,
    by_hand_owner: Option<u32>,
    /// What stands in the folder as it is to be recorded.
    accepted: Vec<FileChange>,
    /// To whom that belongs, where it is recorded in the name of whoever wrote it.
    accepted_owner: Option<u32>,
    /// Hand edits that are not valid and stay where they are.
    left: Vec<CheckedFile>,
    files: Vec<FileChange>,
    changes: Vec<Change>,
    /// What stands in the folder, is recorded nowhere, and goes without being recorded; and whether everybody may
    /// read it there.
    superseded: Vec<(Vec<u8>, bool)>,
    /// The running plugins that it concerns.
    concerned: Concerned,
    /// The manifest as it is to be, where it is to be recorded.
    manifest: Option<Manifest>,
    taken_back: Option<RevisionId>,
}

impl Store {
    /// Runs a verb that changes something: plan, then commit unless it is a dry run or nothing changes. Where
    /// somebody else writes in between, it begins anew, as long as the limits allow.
    pub(super) fn change(
        &self,
        via: &'static str,
        intent: &Intent,
        edit: &mut dyn FnMut(&mut Draft<'_, '_>) -> Result<(), StoreError>,
    ) -> Result<Outcome, StoreError> {
        let access = if intent.dry_run { Access::Read } else { Access::Write };
        if access == Access::Write {
            self.make_up()?;
        }
        let outcome = self.attempt(access, &mut |session| self.change_in(session, via, intent, edit))?;
        // The writer lock is free: whatever tells a plugin may itself look at the store, or change it.
        Ok(self.delivering(outcome, intent))
    }

    /// The same in a session that has begun.
    pub(super) fn change_in(
        &self,
        session: &Session<'_>,
        via: &'static str,
        intent: &Intent,
        edit: &mut dyn FnMut(&mut Draft<'_, '_>) -> Result<(), StoreError>,
    ) -> Result<Outcome, StoreError> {
        if intent.confirm.is_some() {
            confirmation::refuse_second(self)?;
        }
        record(session, plan(session, edit)?, via, intent)
    }

    /// Does something in a session, and begins anew where somebody else writes in between, as long as the limits allow.
    pub(super) fn attempt<T>(
        &self,
        access: Access,
        act: &mut dyn FnMut(&Session<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let begun = Instant::now();
        loop {
            match act(&Session::begin(self, access)?) {
                Err(error) if is_overtaken(&error) && begun.elapsed() < self.limits.patience => {}
                result => return result,
            }
        }
    }
}

/// Whether a commit failed only because somebody else wrote in the meantime.
fn is_overtaken(error: &StoreError) -> bool {
    matches!(
        error,
        StoreError::File(FileError::Changed { .. })
            | StoreError::History(HistoryError::Moved | HistoryError::File(FileError::Changed { .. }))
    )
}

/// Runs the verb's closure and checks what comes of it.
fn plan(
    session: &Session<'_>,
    edit: &mut dyn FnMut(&mut Draft<'_, '_>) -> Result<(), StoreError>,
) -> Result<Plan, StoreError> {
    let mut draft = Draft::new(session);
    edit(&mut draft)?;
    let changed_rules = draft.rules()?;
    let rules = changed_rules.as_ref().unwrap_or(&session.rules);
    let mut plan = Plan {
        taken_back: draft.taken_back(),
        ..Plan::default()
    };
    let mut judged = judged_in_parallel(rules, &draft)?;
    let (mut hand_edits, mut refused) = (Vec::new(), Vec::new());
    for (path, file) in draft.files() {
        let plugin = plugin_of(path);
        if file.is_edited_by_hand() && file.by_hand != ByHand::Superseded {
            hand_edits.extend(plan.take_up(session, rules, path, file)?);
        }
        if file.after == file.live {
            continue;
        }
        if file.by_hand == ByHand::Superseded && file.is_edited_by_hand() {
            let for_all = files::is_readable_by_all(&session.store.root.join(path));
            plan.superseded.extend(file.live.clone().map(|live| (live, for_all)));
        }
        if let Some(judged) = judged.remove(path) {
            refused.extend(Some(judged.checked).filter(CheckedFile::is_refused));
            plan.changes.extend(judged.changes);
        } else if let Some(plugin) = plugin {
            let before = if file.by_hand == ByHand::Superseded {
                recorded(session, file)?
            } else {
                file.live.clone()
            };
            let before = draft::parse(path, before.unwrap_or_default(), &session.live)?;
            let mut after = draft::parse(path, file.after.clone().unwrap_or_default(), &session.live)?;
            if file.after.is_some() {
                let (checked, sealed) = check_and_seal(session, rules, plugin, file, after)?;
                refused.extend(Some(checked).filter(CheckedFile::is_refused));
                after = sealed;
            }
            plan.changes.extend(changes(rules, plugin, file, &before, &after));
            plan.files.push(FileChange {
                path: path.to_owned(),
                before: file.live.clone(),
                before_blob: file.live_blob,
                after: file.after.as_ref().map(|_| after.text().as_bytes().to_vec()),
            });
            continue;
        }
        plan.files.push(FileChange {
            path: path.to_owned(),
            before: file.live.clone(),
            before_blob: file.live_blob,
            after: file.after.clone(),
        });
    }
    refused.extend(check_untouched(rules, &draft)?);
    if !hand_edits.is_empty() {
        return Err(StoreError::HandEdit { files: hand_edits });
    }
    if !refused.is_empty() {
        return Err(StoreError::Invalid { files: refused });
    }
    plan.concerned = concerned(&plan, rules, &draft)?;
    let records_manifest = |change: &FileChange| change.path == MANIFEST;
    if plan.files.iter().chain(&plan.accepted).any(records_manifest) {
        plan.manifest = Some(rules.manifest().clone());
    }
    Ok(plan)
}

/// Checks a plugin's settings as a verb wants them, with their new secrets in plain text, and seals those. Settings
/// that are refused are not sealed.
fn check_and_seal(
    session: &Session<'_>,
    rules: &Rules<'_>,
    plugin: &str,
    file: &DraftFile,
    after: Document,
) -> Result<(CheckedFile, Document), StoreError> {
    let schema = rules.schema_for(plugin, &after)?;
    if !schema.has_secrets() {
        return Ok((rules.check_settings(plugin, &after)?, after));
    }
    let live = file.live.clone().unwrap_or_default();
    let live = draft::parse(&settings_path(plugin), live, &session.live).unwrap_or_default();
    // A migration gives settings other names under another schema.
    let has_old = session.rules.has(plugin);
    let old = has_old.then(|| session.rules.schema_for(plugin, &live)).transpose()?;
    let old = old.as_deref().unwrap_or(&schema);
    let mut secrets = custody::new_secrets(&schema, &live, &after);
    // What has become secret only now is sealed as if it were new.
    if !std::ptr::eq(old, schema.as_ref()) {
        secrets.extend(custody::secret_from_now_on(old, &schema, &live, &after));
    }
    let moved = custody::moved(old, &schema, &live, &after);
    // What the verb has sealed itself is only looked at: opening all of it would make every `rekey` twice as long.
    let keyring = || {
        if file.resealed {
            return None;
        }
        // An identity that cannot be used here keeps nobody from saving what has nothing to do with it.
        session.store.keyring(&|_| None).ok().flatten()
    };
    // Of what a person has put in the place of a hand edit, nothing was looked into yet.
    let known = if file.by_hand == ByHand::Superseded {
        let recorded = recorded(session, file)?.unwrap_or_default();
        draft::parse(&settings_path(plugin), recorded, &session.live).unwrap_or_default()
    } else {
        live.clone()
    };
    let mut worthless = opened::worthless(&schema, plugin, &known, &after, &keyring);
    worthless.retain(|violation| !moved.iter().any(|(_, to, _)| *to == violation.key));
    let held = |path: &KeyPath, value: &Value| {
        if secrets.iter().any(|(new, _)| new == path) {
            Held::Open
        } else {
            custody::as_stored(path, value)
        }
    };
    let checked = rules.check_with(plugin, &after, &held, worthless)?;
    if checked.is_refused() {
        return Ok((checked, after));
    }
    for (from, to, text) in moved {
        let keyring = session.store.keyring(&|_| None)?;
        let from = KeyPath::root().key(plugin).concat(&from);
        let secret = custody::open(&from, &text, keyring.as_ref())?;
        secrets.push((to, secret.reveal().clone()));
    }
    let recipients = rules.recipients(plugin)?;
    Ok((checked, custody::seal_in(&after, plugin, secrets, &recipients)?))
}

/// What history holds of a file.
fn recorded(session: &Session<'_>, file: &DraftFile) -> Result<Option<Vec<u8>>, StoreError> {
    Ok(file.recorded.map(|blob| session.history.read_blob(blob)).transpose()?)
}

/// Checks, under changed rules, the settings that the verb itself did not change.
fn check_untouched(rules: &Rules<'_>, draft: &Draft<'_, '_>) -> Result<Vec<CheckedFile>, StoreError> {
    let mut refused = Vec::new();
    for plugin in rules.plugins() {
        let path = settings_path(plugin);
        if draft.is_seen(&path) || !draft.changes_rules_of(plugin) {
            continue;
        }
        if let Some(bytes) = draft.session().live.read(&path)? {
            refused.extend(Some(rules.check_bytes(plugin, bytes)?).filter(CheckedFile::is_refused));
        }
    }
    Ok(refused)
}
