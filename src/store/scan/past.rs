//! Secrets in what the revisions of a store held.

use std::collections::hash_map::RandomState;
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use super::{Exposure, FirstSeen, Mark, sights};
use crate::document::{self, Document};
use crate::history::BlobId;
use crate::schema::Schema;
use crate::store::StoreError;
use crate::store::past::{Past, Version};
use crate::store::session::Session;
use crate::store::timeline::Progress;

/// A search through the history.
pub(super) struct Search<'p, 's> {
    session: &'p Session<'s>,
    /// The settings in the folder, by plugin.
    today: &'p BTreeMap<String, Document>,
    marks: RandomState,
    /// Schemas that mark anything, by their content.
    read: HashMap<BlobId, Option<Rc<Schema>>>,
}

impl<'p, 's> Search<'p, 's> {
    pub(super) fn new(session: &'p Session<'s>, today: &'p BTreeMap<String, Document>, marks: RandomState) -> Self {
        Self {
            session,
            today,
            marks,
            read: HashMap::new(),
        }
    }

    pub(super) fn run(
        &mut self,
        found: &mut BTreeMap<Mark, Exposure>,
        progress: &mut Progress<'_>,
    ) -> Result<(), StoreError> {
        let mut past = Past::new(self.session);
        past.walk(&mut |version| self.look(version, found), progress)
    }

    fn look(&mut self, version: &Version<'_>, found: &mut BTreeMap<Mark, Exposure>) -> Result<(), StoreError> {
        let plugin = version.plugin;
        let rules = &self.session.rules;
        let of_today = rules.has(plugin).then(|| rules.schema(plugin)).transpose()?;
        let of_then = match version.schema {
            Some(blob) => self.schema(plugin, blob)?,
            None => None,
        };
        let bytes = self.session.history.read_blob(version.settings)?;
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
            exposure.first.get_or_insert_with(|| FirstSeen::at(version.revision));
        }
        Ok(())
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
