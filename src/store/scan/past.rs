//! What the revisions of a store held: every branch that a merge brought in is gone through.

use std::collections::hash_map::RandomState;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::rc::Rc;

use super::{Exposure, FirstSeen, Mark, sights};
use crate::document::{self, Document};
use crate::history::BlobId;
use crate::revision::{Revision, RevisionId};
use crate::schema::Schema;
use crate::store::StoreError;
use crate::store::manifest::{MANIFEST, Manifest, plugin_of, schema_path};
use crate::store::session::Session;
use crate::store::timeline::Progress;

/// The history as it is gone through, from the first revision on.
pub(super) struct Past<'p, 's> {
    session: &'p Session<'s>,
    /// The settings in the folder, by plugin.
    today: &'p BTreeMap<String, Document>,
    marks: RandomState,
    /// The revision that was gone through last.
    at: Option<RevisionId>,
    manifest: Manifest,
    /// What the revision holds of plugins' settings, and of schemas by their paths.
    settings: BTreeMap<String, BlobId>,
    schemas: BTreeMap<String, BlobId>,
    /// Schemas that mark anything, by their content.
    read: HashMap<BlobId, Option<Rc<Schema>>>,
    /// Plugins, contents and schemas that were looked at together.
    seen: HashSet<(String, BlobId, Option<BlobId>)>,
}

impl<'p, 's> Past<'p, 's> {
    pub(super) fn new(session: &'p Session<'s>, today: &'p BTreeMap<String, Document>, marks: RandomState) -> Self {
        Self {
            session,
            today,
            marks,
            at: None,
            manifest: Manifest::default(),
            settings: BTreeMap::new(),
            schemas: BTreeMap::new(),
            read: HashMap::new(),
            seen: HashSet::new(),
        }
    }

    pub(super) fn search(
        &mut self,
        found: &mut BTreeMap<Mark, Exposure>,
        progress: &mut Progress<'_>,
    ) -> Result<(), StoreError> {
        let revisions = self.session.history.lineage(self.session.head)?;
        for (done, id) in revisions.iter().enumerate() {
            let revision = self.session.history.revision(*id)?;
            if revision.parent != self.at {
                self.go_to(revision.parent)?;
            }
            for plugin in self.advance(*id)? {
                self.look(&plugin, &revision, found)?;
            }
            progress(done + 1, revisions.len());
        }
        Ok(())
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

    fn look(
        &mut self,
        plugin: &str,
        revision: &Revision,
        found: &mut BTreeMap<Mark, Exposure>,
    ) -> Result<(), StoreError> {
        let Some(blob) = self.settings.get(plugin).copied() else {
            return Ok(());
        };
        let of_then = self.schema_of_then(plugin);
        if !self.seen.insert((plugin.to_owned(), blob, of_then)) {
            return Ok(());
        }
        let rules = &self.session.rules;
        let of_today = rules.has(plugin).then(|| rules.schema(plugin)).transpose()?;
        let of_then = match of_then {
            Some(blob) => self.schema(plugin, blob)?,
            None => None,
        };
        let bytes = self.session.history.read_blob(blob)?;
        let text = String::from_utf8_lossy(&bytes);
        // Larger than any that is recorded here, it is not parsed.
        let is_small = bytes.len() as u64 <= self.session.store.limits.file_size;
        let document = if is_small {
            Document::parse(text.as_ref()).ok()
        } else {
            None
        };
        let schemas = of_today.as_deref().into_iter().chain(of_then.as_deref());
        for sight in sights(&text, document.as_ref(), schemas) {
            let exposure = found.entry(sight.mark(plugin, &self.marks)).or_insert_with(|| {
                // Today's schema may not mark what that of then did.
                let today = self.today.get(plugin);
                let there = today.and_then(|today| Some((today, sight.place_in(today)?)));
                let place = match there {
                    Some((today, at)) => today.line_column(at),
                    None => document::line_column(&text, sight.place.start),
                };
                sight.exposure(plugin, place, there.is_some())
            });
            exposure.first.get_or_insert_with(|| FirstSeen {
                id: revision.id,
                time: revision.time,
                author: revision.author.clone(),
            });
        }
        Ok(())
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

    fn schema(&mut self, plugin: &str, blob: BlobId) -> Result<Option<Rc<Schema>>, StoreError> {
        if let Some(read) = self.read.get(&blob) {
            return Ok(read.clone());
        }
        let bytes = self.session.history.read_blob(blob)?;
        let parsed = Schema::parse(&format!("schemas/{plugin}"), &String::from_utf8_lossy(&bytes)).ok();
        // What it refers to is looked for in today's folder; where that is gone, it tells what it can alone.
        let whole = parsed.map(
            |schema| match schema.clone().with_references(&self.session.rules.library(plugin)) {
                Ok(whole) => whole,
                Err(_) => schema,
            },
        );
        let schema = whole.filter(Schema::has_secrets).map(Rc::new);
        self.read.insert(blob, schema.clone());
        Ok(schema)
    }
}
