//! Recording a plan: its revisions are built, published and put in place, and what came of it is told.

use super::{Absorbed, Intent, Outcome, Plan};
use crate::document::Change;
use crate::history::{Edit, Origin, Prepared};
use crate::revision::{Message, RevisionId};
use crate::store::commit::{self, Changes, FileChange};
use crate::store::companion::Companion;
use crate::store::delivery::notes;
use crate::store::manifest::plugin_of;
use crate::store::session::Session;
use crate::store::{StoreError, author, commands, confirmation, message};

/// Records a plan: hand edits first, as a revision of their own, then the change. Both become durable at once.
pub(super) fn record(
    session: &Session<'_>,
    plan: Plan,
    via: &'static str,
    intent: &Intent,
) -> Result<Outcome, StoreError> {
    let mut outcome = Outcome {
        revision: None,
        files: other_files(plan.files.iter().chain(&plan.accepted), &plan.changes),
        changes: plan.changes,
        absorbed: None,
        dry_run: intent.dry_run,
        confirmation: None,
        warnings: Vec::new(),
        left: plan.left,
        deliveries: Vec::new(),
        concerned: plan.concerned.clone(),
    };
    if plan.files.is_empty() && plan.accepted.is_empty() {
        if let Some(revision) = plan.taken_back.filter(|_| session.is_writer())
            && confirmation::forget_revision(session.store, revision)?
        {
            tell_end(session, revision, via);
        }
        return Ok(outcome);
    }
    if let Some(within) = &intent.confirm {
        confirmation::refuse_unproven(within, &plan.concerned.witnesses)?;
    }
    let mut absorbed = None;
    if !plan.by_hand.is_empty() {
        let files = plan.by_hand.iter().map(|file| file.path.clone()).collect();
        absorbed = Some(Absorbed {
            revision: None,
            changes: plan.by_hand_changes,
            files,
        });
    }
    if session.is_writer() {
        let mut earlier = None;
        if let Some(absorbed) = &mut absorbed {
            let origin = origin_of_hand_edit(session, plan.by_hand_owner);
            let message = message::of_hand_edit(&absorbed.changes, &absorbed.files);
            let prepared =
                session
                    .history
                    .prepare(Some(session.head), &edits(plan.by_hand.iter()), &origin, &message)?;
            absorbed.revision = Some(prepared.revision());
            earlier = Some(prepared);
        }
        let origin = origin_of_change(session, plan.accepted_owner);
        let by_hand = plan.files.is_empty();
        let mut message = message::of_change(
            session.store.acting.as_ref().map_or(via, |acting| acting.via),
            intent.message.as_deref(),
            by_hand,
            &outcome.changes,
            &outcome.files,
        );
        message.trailers.extend(
            plan.taken_back
                .map(|revision| (Message::TAKES_BACK, revision.to_string())),
        );
        let parent = earlier.as_ref().map_or(session.head, Prepared::revision);
        let mut prepared = session.history.prepare(
            Some(parent),
            &edits(plan.files.iter().chain(&plan.accepted)),
            &origin,
            &message,
        )?;
        if let Some(earlier) = earlier {
            prepared = prepared.after(earlier);
        }
        for (content, for_all) in &plan.superseded {
            prepared.keep(content, *for_all)?;
        }
        if let Some(manifest) = &plan.manifest {
            // What its owner writes here is trusted; from now on the history is all that tells.
            commands::trust(&session.store.git(), manifest, &session.recorded_manifest()?)?;
        }
        let told = plan.concerned.told.iter();
        let mut companions: Vec<Companion> = told.map(|plugin| notes::comes(plugin, prepared.revision())).collect();
        let ended = match plan.taken_back {
            Some(revision) => confirmation::end(session.store, revision)?,
            None => None,
        };
        let ends = ended.is_some();
        companions.extend(ended);
        if let Some(within) = &intent.confirm {
            let author = &origin.author.name;
            let (revision, witnesses) = (prepared.revision(), &plan.concerned.witnesses);
            let (companion, pending) = confirmation::begin(session.store, revision, author, within, witnesses)?;
            companions.push(companion);
            outcome.confirmation = Some(pending);
        }
        let changes = Changes {
            files: plan.files,
            companions,
        };
        let revision = commit::commit(session.store, &session.history, &prepared, changes)?;
        outcome.revision = Some(revision);
        if let Some(waited) = plan.taken_back.filter(|_| ends) {
            tell_end(session, waited, via);
        }
        catalogue(
            session,
            [absorbed.as_ref().and_then(|absorbed| absorbed.revision), Some(revision)],
        );
    }
    outcome.absorbed = absorbed;
    Ok(outcome)
}

/// A change is made by whom the store acts for, but what stood in the folder before by its owner.
fn origin_of_change(session: &Session<'_>, owner: Option<u32>) -> Origin {
    let mut origin = origin_of_hand_edit(session, owner);
    if let (None, Some(acting)) = (owner, &session.store.acting) {
        origin.author = acting.author.clone();
    }
    origin
}

/// A hand edit is its owner's, where that is known.
fn origin_of_hand_edit(session: &Session<'_>, owner: Option<u32>) -> Origin {
    let mut origin = author::origin(Some(&session.history));
    if let Some(owner) = owner {
        origin.author = author::owner(Some(&session.history), owner);
    }
    origin
}

/// Says that a revision waits for confirmation no more because a person has taken it back.
fn tell_end(session: &Session<'_>, revision: RevisionId, via: &str) {
    // Of the end of its time, more is said elsewhere.
    if via != confirmation::VIA {
        let notice = format!("{} is taken back, and waits for confirmation no more", revision.short());
        session.store.notices.add(notice);
    }
}

/// Adds new revisions to the catalogue. It is a cache: where that fails, the next reader of it does the same.
fn catalogue(session: &Session<'_>, revisions: [Option<RevisionId>; 2]) {
    for revision in revisions.into_iter().flatten() {
        if session.history.append_to_catalogue(revision).is_err() {
            return;
        }
    }
}

/// The files whose change is not told by their settings: comments, the manifest, schemas.
fn other_files<'f>(files: impl Iterator<Item = &'f FileChange>, changes: &[Change]) -> Vec<String> {
    let told = message::plugins(changes);
    let paths = files.map(|file| &file.path);
    let others = paths.filter(|path| plugin_of(path).is_none_or(|plugin| !told.contains(plugin)));
    others.cloned().collect()
}

fn edits<'f>(files: impl Iterator<Item = &'f FileChange>) -> Vec<Edit> {
    let edit = |file: &FileChange| Edit {
        path: file.path.clone(),
        content: file.after.clone(),
    };
    files.map(edit).collect()
}
