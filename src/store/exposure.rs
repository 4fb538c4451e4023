//! Secrets that the history still opens for somebody who was a recipient and is none any more.

use std::collections::{BTreeMap, BTreeSet};

use super::custody::sealed_text;
use super::manifest::{MANIFEST, Manifest, plugin_of};
use super::session::{Access, Session};
use super::{Store, StoreError};
use crate::document::{Document, KeyPath, Segment};
use crate::history::BlobId;
use crate::revision::RevisionId;
use crate::secret::Recipient;

/// What records values that are sealed anew and otherwise the same.
pub(super) const REKEY: &str = "secret rekey";
/// What records a value that a person gave for exactly this key.
pub(super) const SET: &str = "secret set";

/// Which removed recipients count.
#[derive(Clone, Copy)]
pub(super) enum Removed {
    /// All who were removed.
    Ever,
    /// Those who were still there at the last rekey, or came after it. The revision is no rekey that counts: it is the one
    /// that asks.
    SinceRekey(Option<RevisionId>),
}

/// Whom values were sealed for, as manifests write it.
type Names = BTreeSet<String>;

impl Store {
    /// The secrets whose present value was once sealed for a recipient who has been removed since, as PLUGIN.KEY.
    /// Nothing takes that back: their values must be changed where they come from, and one that was is not named
    /// any more. Sealing anew changes no value.
    ///
    /// Whom a value was sealed for is what the manifest of the revision that brought it says; a sealed value itself
    /// only tells for how many.
    pub fn exposed_to_removed(&self) -> Result<BTreeSet<KeyPath>, StoreError> {
        self.exposed(Removed::Ever)
    }

    pub(super) fn exposed(&self, which: Removed) -> Result<BTreeSet<KeyPath>, StoreError> {
        let session = Session::begin(self, Access::Read)?;
        let steps = steps(&session)?;
        let removed = removed(&session, &steps, which)?;
        let mut exposed = BTreeSet::new();
        for (plugin, removed) in removed.iter().filter(|(_, removed)| !removed.is_empty()) {
            let mut values = Values::default();
            for step in &steps {
                let Some((_, blob)) = step.settings.iter().find(|(of, _)| of == plugin) else {
                    continue;
                };
                let texts = match blob {
                    Some(blob) => sealed(&session, plugin, *blob)?,
                    None => Some(BTreeMap::new()),
                };
                if let Some(texts) = texts {
                    values.step(texts, step.manifest.recipients_of(plugin), &step.via);
                }
            }
            exposed.extend(values.sealed_for(removed));
        }
        Ok(exposed)
    }
}

/// One revision that could tell something.
struct Step {
    id: RevisionId,
    via: String,
    /// The manifest that was in force.
    manifest: Manifest,
    /// The plugins whose settings it changed, and what they became.
    settings: Vec<(String, Option<BlobId>)>,
}

/// The history of the manifest and of today's plugins, from its beginning.
fn steps(session: &Session<'_>) -> Result<Vec<Step>, StoreError> {
    let mut found = Vec::new();
    for revision in session.history.log(session.head) {
        let revision = revision?;
        let mut changed = session.history.changed_paths(revision.id)?;
        changed.retain(|change| {
            change.path == MANIFEST || plugin_of(&change.path).is_some_and(|plugin| session.rules.has(plugin))
        });
        if !changed.is_empty() || revision.via == REKEY {
            found.push((revision, changed));
        }
    }
    let mut steps: Vec<Step> = Vec::with_capacity(found.len());
    for (revision, changed) in found.into_iter().rev() {
        let manifest = changed.iter().find(|change| change.path == MANIFEST);
        let manifest = match manifest.and_then(|change| change.after) {
            Some(blob) => read_manifest(session, blob)?,
            None => None,
        };
        let before = || steps.last().map(|step| step.manifest.clone()).unwrap_or_default();
        let settings = changed.iter().filter_map(|change| {
            let plugin = plugin_of(&change.path)?;
            Some((plugin.to_owned(), change.after))
        });
        steps.push(Step {
            id: revision.id,
            via: revision.via,
            manifest: manifest.unwrap_or_else(before),
            settings: settings.collect(),
        });
    }
    Ok(steps)
}

/// A manifest of the past; nothing where this version cannot read it.
fn read_manifest(session: &Session<'_>, blob: BlobId) -> Result<Option<Manifest>, StoreError> {
    let bytes = session.history.read_blob(blob)?;
    Ok(toml::from_str(&String::from_utf8_lossy(&bytes)).ok())
}

/// The recipients that each plugin had and has no more.
fn removed(session: &Session<'_>, steps: &[Step], which: Removed) -> Result<BTreeMap<String, Names>, StoreError> {
    let first = match which {
        Removed::Ever => 0,
        Removed::SinceRekey(asking) => {
            let last = |step: &Step| step.via == REKEY && Some(step.id) != asking;
            steps.iter().rposition(last).unwrap_or(0)
        }
    };
    let mut removed = BTreeMap::new();
    for plugin in session.rules.plugins() {
        let today = session.rules.recipients(plugin)?;
        let mut names = Names::new();
        for step in &steps[first..] {
            for text in step.manifest.recipients_of(plugin) {
                if !names.contains(text) && text.parse().is_ok_and(|then: Recipient| !today.contains(&then)) {
                    names.insert(text.clone());
                }
            }
        }
        removed.insert(plugin.to_owned(), names);
    }
    Ok(removed)
}

/// The sealed values in settings of the past, by today's schema; nothing where they are no TOML.
fn sealed(session: &Session<'_>, plugin: &str, blob: BlobId) -> Result<Option<BTreeMap<KeyPath, String>>, StoreError> {
    let bytes = session.history.read_blob(blob)?;
    let Ok(document) = Document::parse(String::from_utf8_lossy(&bytes)) else {
        return Ok(None);
    };
    let values = session.rules.schema(plugin)?.secret_values(&document);
    let name = KeyPath::root().key(plugin);
    let texts = values
        .into_iter()
        .filter_map(|(path, value)| Some((name.concat(&path), sealed_text(&value)?.to_owned())));
    Ok(Some(texts.collect()))
}

/// The values of one plugin's secrets, told apart without opening them, and whom each was ever sealed for.
#[derive(Default)]
struct Values {
    /// The sealed texts that stand there, and the value that each is.
    present: BTreeMap<KeyPath, (String, usize)>,
    /// The value of each text that ever stood there: a rollback brings it back.
    known: BTreeMap<String, usize>,
    /// For whom each value was sealed.
    sealed_for: Vec<Names>,
}

impl Values {
    /// The settings became these, in a revision that this verb recorded.
    fn step(&mut self, texts: BTreeMap<KeyPath, String>, recipients: &[String], via: &str) {
        let is_given = via.starts_with(SET);
        let before = std::mem::take(&mut self.present);
        let is_item = |key: &KeyPath| key.segments().iter().any(|part| matches!(part, Segment::Index(_)));
        // Values whose place in the file is not theirs any more could be sealed anew at another.
        let moved: Names = before
            .iter()
            .filter(|(key, (text, _))| match texts.get(*key) {
                None => true,
                Some(now) => is_item(key) && now != text,
            })
            .flat_map(|(_, (_, value))| self.sealed_for[*value].iter().cloned())
            .collect();
        for (key, text) in texts {
            let old = before.get(&key);
            let value = match self.known.get(&text) {
                Some(value) => *value,
                None => match old {
                    Some((_, value)) if via == REKEY => *value,
                    Some(_) | None => {
                        let could_be_moved = !is_given && (old.is_none() || is_item(&key));
                        self.sealed_for
                            .push(if could_be_moved { moved.clone() } else { Names::new() });
                        self.sealed_for.len() - 1
                    }
                },
            };
            if !self.known.contains_key(&text) {
                self.sealed_for[value].extend(recipients.iter().cloned());
                self.known.insert(text.clone(), value);
            }
            self.present.insert(key, (text, value));
        }
    }

    /// The keys whose present value was sealed for one of these.
    fn sealed_for(self, removed: &Names) -> impl Iterator<Item = KeyPath> {
        let Self {
            present, sealed_for, ..
        } = self;
        present
            .into_iter()
            .filter(move |(_, (_, value))| !sealed_for[*value].is_disjoint(removed))
            .map(|(key, _)| key)
            .collect::<Vec<_>>()
            .into_iter()
    }
}
