//! Secrets that the history still opens for somebody who was a recipient and is none any more.

use std::collections::{BTreeMap, BTreeSet};

use super::custody::sealed_text;
use super::manifest::{MANIFEST, Manifest, plugin_of};
use super::session::{Access, Session};
use super::{Store, StoreError};
use crate::document::{Document, KeyPath};
use crate::history::{BlobId, PathChange};
use crate::secret::Recipient;

impl Store {
    /// The secrets that were once sealed for a recipient who has been removed since, as PLUGIN.KEY. Nothing takes that
    /// back: their values must be changed where they come from.
    ///
    /// Whom a value was sealed for is what the manifest of the revision that brought it says; a sealed value itself
    /// only tells for how many.
    pub fn exposed_to_removed(&self) -> Result<BTreeSet<KeyPath>, StoreError> {
        let session = Session::begin(self, Access::Read)?;
        let mut steps = Vec::new();
        for revision in session.history.log(session.head) {
            let mut changed = session.history.changed_paths(revision?.id)?;
            let plugin = |path: &str| plugin_of(path).is_some_and(|plugin| session.rules.has(plugin));
            changed.retain(|change| change.path == MANIFEST || plugin(&change.path));
            // The manifest of a revision holds for all that it brought.
            changed.sort_by_key(|change| change.path != MANIFEST);
            steps.push(changed);
        }
        let mut manifest = Manifest::default();
        let mut known: BTreeMap<KeyPath, String> = BTreeMap::new();
        let mut exposed = BTreeSet::new();
        for PathChange { path, after, .. } in steps.into_iter().rev().flatten() {
            let Some(after) = after else { continue };
            let Some(plugin) = plugin_of(&path) else {
                manifest = read_manifest(&session, after)?.unwrap_or(manifest);
                continue;
            };
            let today = session.rules.recipients(plugin)?;
            let is_removed = |text: &String| text.parse().is_ok_and(|then: Recipient| !today.contains(&then));
            let removed = manifest.recipients_of(plugin).iter().any(is_removed);
            for (key, text) in sealed(&session, plugin, after)? {
                let is_new = known.get(&key) != Some(&text);
                if is_new && removed {
                    exposed.insert(key.clone());
                }
                known.insert(key, text);
            }
        }
        Ok(exposed)
    }
}

/// A manifest of the past; nothing where this version cannot read it.
fn read_manifest(session: &Session<'_>, blob: BlobId) -> Result<Option<Manifest>, StoreError> {
    let bytes = session.history.read_blob(blob)?;
    Ok(toml::from_str(&String::from_utf8_lossy(&bytes)).ok())
}

/// The sealed values in settings of the past, by today's schema.
fn sealed(session: &Session<'_>, plugin: &str, blob: BlobId) -> Result<Vec<(KeyPath, String)>, StoreError> {
    let bytes = session.history.read_blob(blob)?;
    let Ok(document) = Document::parse(String::from_utf8_lossy(&bytes)) else {
        return Ok(Vec::new());
    };
    let values = session.rules.schema(plugin)?.secret_values(&document);
    let name = KeyPath::root().key(plugin);
    let texts = values
        .into_iter()
        .filter_map(|(path, value)| Some((name.concat(&path), sealed_text(&value)?.to_owned())));
    Ok(texts.collect())
}
