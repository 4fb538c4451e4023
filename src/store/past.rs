//! What the revisions of a store held: every branch that a merge brought in is gone through, and of what stayed the same
//! nothing is shown twice.

use std::collections::{BTreeMap, HashSet};

use super::StoreError;
use super::manifest::{MANIFEST, Manifest, plugin_of, schema_path};
use super::session::Session;
use super::timeline::Progress;
use crate::history::BlobId;
use crate::revision::{Revision, RevisionId};

/// A plugin's settings as a revision held them, which no revision before held under the same schema.
pub(super) struct Version<'v> {
    pub plugin: &'v str,
    /// The settings file.
    pub settings: BlobId,
    /// The schema that was in force; none where that cannot be told.
    pub schema: Option<BlobId>,
    /// The number of the schema version that was in force, where the manifest said it.
    pub number: Option<u32>,
    pub revision: &'v Revision,
}

/// What looks at each version, the first ones first.
pub(super) type Look<'l> = dyn FnMut(&Version<'_>) -> Result<(), StoreError> + 'l;

/// The history as it is gone through, from the first revision on.
pub(super) struct Past<'p, 's> {
    session: &'p Session<'s>,
    /// The revision that was gone through last.
    at: Option<RevisionId>,
    manifest: Manifest,
    /// What the revision holds of plugins' settings, and of schemas by their paths.
    settings: BTreeMap<String, BlobId>,
    schemas: BTreeMap<String, BlobId>,
    /// Plugins, contents and schemas that were looked at together.
    seen: HashSet<(String, BlobId, Option<BlobId>)>,
}

impl<'p, 's> Past<'p, 's> {
    pub(super) fn new(session: &'p Session<'s>) -> Self {
        Self {
            session,
            at: None,
            manifest: Manifest::default(),
            settings: BTreeMap::new(),
            schemas: BTreeMap::new(),
            seen: HashSet::new(),
        }
    }

    /// Shows every version to `look`; `progress` is told how many of how many revisions are done.
    pub(super) fn walk(&mut self, look: &mut Look<'_>, progress: &mut Progress<'_>) -> Result<(), StoreError> {
        let revisions = self.session.history.lineage(self.session.head)?;
        for (done, id) in revisions.iter().enumerate() {
            let revision = self.session.history.revision(*id)?;
            if revision.parent != self.at {
                self.go_to(revision.parent)?;
            }
            for plugin in self.advance(*id)? {
                self.show(&plugin, &revision, look)?;
            }
            progress(done + 1, revisions.len());
        }
        Ok(())
    }

    fn show(&mut self, plugin: &str, revision: &Revision, look: &mut Look<'_>) -> Result<(), StoreError> {
        let Some(settings) = self.settings.get(plugin).copied() else {
            return Ok(());
        };
        let schema = self.schema_of_then(plugin);
        if !self.seen.insert((plugin.to_owned(), settings, schema)) {
            return Ok(());
        }
        let entry = self.manifest.plugins.get(plugin);
        look(&Version {
            plugin,
            settings,
            schema,
            number: entry.and_then(|entry| entry.schema_version),
            revision,
        })
    }

    /// Takes up what a revision holds that was looked at: another branch goes on from there.
    fn go_to(&mut self, revision: Option<RevisionId>) -> Result<(), StoreError> {
        (self.at, self.manifest) = (revision, Manifest::default());
        self.settings.clear();
        self.schemas.clear();
        let Some(revision) = revision else { return Ok(()) };
        let history = &self.session.history;
        if let Some(bytes) = history.read(revision, MANIFEST)? {
            self.manifest = toml::from_str(&String::from_utf8_lossy(&bytes)).unwrap_or_default();
        }
        for file in history.files(revision, "plugins")? {
            if let Some(plugin) = plugin_of(&file.path) {
                self.settings.insert(plugin.to_owned(), file.blob);
            }
        }
        let schemas = history.files(revision, "schemas")?.into_iter();
        self.schemas.extend(schemas.map(|file| (file.path, file.blob)));
        Ok(())
    }

    /// Takes up what a revision changed, and says which plugins are to be looked at for that.
    fn advance(&mut self, revision: RevisionId) -> Result<Vec<String>, StoreError> {
        self.at = Some(revision);
        let mut plugins = Vec::new();
        for change in self.session.history.changed_paths(revision)? {
            if change.path == MANIFEST {
                if let Some(blob) = change.after {
                    let bytes = self.session.history.read_blob(blob)?;
                    let manifest = toml::from_str(&String::from_utf8_lossy(&bytes));
                    // One that this version cannot read leaves the one before.
                    self.manifest = manifest.unwrap_or(std::mem::take(&mut self.manifest));
                }
                plugins.extend(self.settings.keys().cloned());
            } else if let Some(plugin) = plugin_of(&change.path) {
                match change.after {
                    Some(blob) => self.settings.insert(plugin.to_owned(), blob),
                    None => self.settings.remove(plugin),
                };
                plugins.push(plugin.to_owned());
            } else if let Some(path) = change.path.strip_prefix("schemas/") {
                plugins.extend(path.split('/').next().map(str::to_owned));
                match change.after {
                    Some(blob) => self.schemas.insert(change.path, blob),
                    None => self.schemas.remove(&change.path),
                };
            }
        }
        plugins.sort_unstable();
        plugins.dedup();
        Ok(plugins)
    }

    /// The schema that was in force for a plugin; none where that cannot be told.
    fn schema_of_then(&self, plugin: &str) -> Option<BlobId> {
        let version = self.manifest.plugins.get(plugin).and_then(|entry| entry.schema_version);
        if let Some(version) = version {
            return self.schemas.get(&schema_path(plugin, version)).copied();
        }
        let folder = format!("schemas/{plugin}/");
        let mut there = self
            .schemas
            .range(folder.clone()..)
            .take_while(|(path, _)| path.starts_with(&folder));
        let (_, only) = there.next()?;
        there.next().is_none().then_some(*only)
    }
}
