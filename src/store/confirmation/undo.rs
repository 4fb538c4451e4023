//! Taking back exactly what one revision changed: settings by their keys, so that what others changed since stays, and
//! other files as wholes.

use super::ConfirmationError;
use crate::document::{self, Conflict, Document, MergeError};
use crate::history::BlobId;
use crate::revision::RevisionId;
use crate::store::StoreError;
use crate::store::draft::{self, Draft};
use crate::store::manifest::{MANIFEST, plugin_of, settings_path};
use crate::store::restore::Earlier;
use crate::store::rollback::{self, Taken};
use crate::store::versions::{stated, stating};

/// Takes back what a revision changed: settings, manifest, schemas, migrations.
///
/// # Errors
/// [`ConfirmationError::ChangedSince`] where some of it was changed again since: then nothing is taken back.
pub(super) fn undo(draft: &mut Draft<'_, '_>, revision: RevisionId) -> Result<(), StoreError> {
    let session = draft.session();
    let changed = session.history.changed_paths(revision)?;
    // A change of the manifest may have put another schema version in force, for which its settings were written.
    let moves_versions = changed.iter().any(|file| file.path == MANIFEST);
    let (mut conflicts, mut others) = (Vec::new(), Vec::new());
    for file in changed {
        let read = |blob: Option<BlobId>| blob.map(|blob| session.history.read_blob(blob)).transpose();
        let there = draft.file(&file.path)?;
        let now = there.live.as_deref().map(BlobId::of).transpose()?;
        if now == file.before {
            continue;
        }
        if now == file.after {
            there.after = read(file.before)?;
            there.as_it_stands = moves_versions;
            continue;
        }
        let plugin = plugin_of(&file.path).filter(|plugin| session.rules.has(plugin));
        let (Some(after), Some(before), true) = (read(file.after)?, read(file.before)?, now.is_some()) else {
            others.push(file.path);
            continue;
        };
        let parse = |bytes: Vec<u8>| draft::parse(&file.path, bytes, &session.live);
        match plugin {
            Some(plugin) if !moves_versions => {
                let (made, parent) = (
                    Earlier::read(session, revision)?,
                    session.history.revision(revision)?.parent,
                );
                let parent = parent.map(|parent| Earlier::read(session, parent)).transpose()?;
                match rollback::take_back_in(draft, plugin, &made, parent.as_ref())? {
                    Taken::Back(document) => draft.put_document(plugin, document)?,
                    Taken::Conflicts(found) => conflicts.extend(found),
                }
            }
            Some(plugin) => {
                let (after, before) = (parse(after)?, parse(before)?);
                let current = draft.stored(plugin)?;
                match merged(&after, &current, &before)? {
                    Ok(document) => {
                        let document = match stated(&before) {
                            Some(version) => stating(document, version)?,
                            None => document,
                        };
                        let there = draft.file(&settings_path(plugin))?;
                        there.after = Some(document.text().as_bytes().to_vec());
                        there.as_it_stands = true;
                    }
                    Err(found) => conflicts.extend(rollback::in_plugin(plugin, found)),
                }
            }
            None if file.path == MANIFEST => {
                let current = parse(draft.file(MANIFEST)?.live.clone().unwrap_or_default())?;
                match merged(&parse(after)?, &current, &parse(before)?)? {
                    Ok(document) => draft.put_file(MANIFEST, Some(document.text().as_bytes().to_vec()))?,
                    Err(_) => others.push(file.path),
                }
            }
            None => others.push(file.path),
        }
    }
    if conflicts.is_empty() && others.is_empty() {
        draft.takes_back(revision);
        return Ok(());
    }
    let names = conflicts.iter().map(|conflict| conflict.key.to_string());
    Err(ConfirmationError::ChangedSince {
        revision,
        names: names.chain(others).collect(),
        conflicts,
    }
    .into())
}

fn merged(base: &Document, ours: &Document, theirs: &Document) -> Result<Result<Document, Vec<Conflict>>, StoreError> {
    match document::merge(base, ours, theirs) {
        Ok(merged) => Ok(Ok(merged)),
        Err(MergeError::Conflicts(conflicts)) => Ok(Err(conflicts)),
        Err(MergeError::Edit(error)) => Err(error.into()),
    }
}
