//! Recording a plan: its revisions are built, published and put in place, and what came of it is told.

use super::{Absorbed, Intent, Outcome, Plan};
use crate::document::Change;
use crate::history::{Edit, Prepared};
use crate::revision::RevisionId;
use crate::store::commit::{self, FileChange};
use crate::store::manifest::plugin_of;
use crate::store::session::Session;
use crate::store::{StoreError, author, message};

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
        warnings: Vec::new(),
    };
    if plan.files.is_empty() && plan.accepted.is_empty() {
        return Ok(outcome);
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
        let mut origin = author::origin(Some(&session.history));
        let mut earlier = None;
        if let Some(absorbed) = &mut absorbed {
            if let Some(owner) = plan.by_hand_owner {
                origin.author = author::owner(Some(&session.history), owner);
            }
            let message = message::of_hand_edit(&absorbed.changes, &absorbed.files);
            let prepared =
                session
                    .history
                    .prepare(Some(session.head), &edits(plan.by_hand.iter()), &origin, &message)?;
            absorbed.revision = Some(prepared.revision());
            earlier = Some(prepared);
            origin = author::origin(Some(&session.history));
        }
        let by_hand = plan.files.is_empty();
        let message = message::of_change(
            via,
            intent.message.as_deref(),
            by_hand,
            &outcome.changes,
            &outcome.files,
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
        let patience = session.store.limits.patience;
        let revision = commit::commit(session.store, &session.history, &prepared, plan.files, patience)?;
        outcome.revision = Some(revision);
        catalogue(
            session,
            [absorbed.as_ref().and_then(|absorbed| absorbed.revision), Some(revision)],
        );
    }
    outcome.absorbed = absorbed;
    Ok(outcome)
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
