//! The catalogue: what each revision changed, setting by setting, in one file that is read from its end. It
//! answers in milliseconds what git would have to compare 100,000 trees for.
//!
//! It is a cache: all of it is derived from the repository, and it is brought up to date, cut back or made anew
//! whenever somebody reads it. A record is believed only if the catalogue's last revision is the one asked for
//! and each record's checksum holds behind the one before; what a crash, a full disk, two writers or surgery on
//! the history leave is thereby noticed. Where it cannot be written, it is worked out in memory.

mod ancestry;
mod cache;
mod derive;
mod record;

#[cfg(test)]
mod tests;

use std::collections::HashMap;

use jiff::Timestamp;

use self::cache::{Damaged, Records};
use self::derive::Derivation;
use self::record::View;
use super::{History, HistoryError, unexpected};
use crate::document::{Change, KeyPath, Segment, Value};
use crate::files::FileError;
use crate::revision::RevisionId;

pub use self::record::Entry;

/// How often progress is told, in revisions.
const STEP: usize = 500;

/// How far back a reader looks for a record to go on from before it reads all of them.
const RECENT: usize = 1000;

/// What each revision up to one changed.
pub struct Catalogue<'h> {
    history: &'h History,
    head: RevisionId,
    records: Records,
    not_saved: Option<FileError>,
}

/// Which revisions are asked for; nothing asked means all.
#[derive(Clone, Copy, Debug, Default)]
pub struct Query<'q> {
    /// Only those that changed this setting, something below it, or a value that held it; it begins with the
    /// plugin's name. Of their changes only these are told, cut down to this key.
    pub key: Option<&'q KeyPath>,
    /// Only those that changed this plugin's file.
    pub plugin: Option<&'q str>,
    /// Only those whose author, `Name <address>`, contains this, in any case of letters.
    pub author: Option<&'q str>,
    /// Only those made at this time or later.
    pub since: Option<Timestamp>,
}

impl History {
    /// The catalogue of all revisions up to `head`, brought up to date if it is not: `progress` is told how many
    /// of how many revisions have been read for that.
    pub fn catalogue(
        &self,
        head: RevisionId,
        progress: &mut dyn FnMut(usize, usize),
    ) -> Result<Catalogue<'_>, HistoryError> {
        let mut catalogue = Catalogue {
            history: self,
            head,
            records: Records::open(&cache::path(&self.git)),
            not_saved: None,
        };
        let end = catalogue.records.end();
        let last = catalogue.records.before(end).ok().flatten();
        if last.is_none_or(|last| last.id != head) || !catalogue.begins_at_the_first()? {
            let recent = catalogue.recent();
            catalogue.catch_up(&recent, progress)?;
        }
        Ok(catalogue)
    }

    /// What one revision changed, worked out from the repository.
    pub fn entry(&self, id: RevisionId) -> Result<Entry, HistoryError> {
        Derivation::new(self).entry(id)
    }

    /// Adds a revision that was just recorded to the catalogue, if there is one and it ends with the revision
    /// before; else the next reader does it. Says whether it was added. Not made durable: it is a cache.
    pub fn append_to_catalogue(&self, id: RevisionId) -> Result<bool, HistoryError> {
        let Some(parent) = self.parent(id)? else {
            return Ok(false);
        };
        let frame = Derivation::new(self).frame(id, Some(parent))?;
        Ok(cache::append(&cache::path(&self.git), parent, &frame)?)
    }
}

impl Catalogue<'_> {
    /// The newest revisions that fit, newest first, at most `limit` of them.
    pub fn find(&mut self, query: &Query<'_>, limit: usize) -> Result<Vec<Entry>, HistoryError> {
        let sought = Sought::new(query);
        if let Ok(found) = self.scan(&sought, limit)? {
            return Ok(found);
        }
        // Something in the middle is damaged: what is whole before it is kept.
        self.catch_up(&HashMap::new(), &mut |_, _| {})?;
        let found = self.scan(&sought, limit)?;
        found.map_err(|Damaged| unexpected(&cache::path(&self.history.git), "it changes while it is read"))
    }

    /// Why the catalogue could not be written, if so; it answers all the same, and is worked out again next time.
    #[must_use]
    pub fn not_saved(&self) -> Option<&FileError> {
        self.not_saved.as_ref()
    }

    fn scan(&mut self, sought: &Sought<'_>, limit: usize) -> Result<Result<Vec<Entry>, Damaged>, HistoryError> {
        let mut found = Vec::new();
        let mut end = self.records.end();
        let mut expected = Some(self.head);
        while found.len() < limit {
            let record = match self.records.before(end) {
                Ok(Some(record)) if Some(record.id) == expected => record,
                Ok(None) if expected.is_none() => break,
                Ok(_) | Err(Damaged) => return Ok(Err(Damaged)),
            };
            let Ok(body) = self.records.body(record) else {
                return Ok(Err(Damaged));
            };
            let Some(view) = View::parse(body) else {
                return Ok(Err(Damaged));
            };
            if view.left_out {
                let entry = Derivation::new(self.history).entry(record.id)?;
                found.extend(sought.cut(entry));
            } else if sought.may_fit(&view) {
                let Some(entry) = view.entry(record.previous) else {
                    return Ok(Err(Damaged));
                };
                found.extend(sought.cut(entry));
            }
            expected = record.previous;
            end = record.start();
        }
        Ok(Ok(found))
    }

    /// A history that was cut short, as by a shallow clone, can grow at its beginning.
    fn begins_at_the_first(&mut self) -> Result<bool, HistoryError> {
        match self.records.first() {
            Ok(first) => match self.history.parent(first) {
                Ok(parent) => Ok(parent.is_none()),
                // Not of this repository.
                Err(HistoryError::Git { .. }) => Ok(false),
                Err(error) => Err(error),
            },
            Err(Damaged) => Ok(false),
        }
    }

    /// The newest records' revisions, and where each record ends.
    fn recent(&mut self) -> HashMap<RevisionId, u64> {
        let mut found = HashMap::new();
        let mut end = self.records.end();
        while let (true, Ok(Some(record))) = (found.len() < RECENT, self.records.before(end)) {
            found.insert(record.id, end);
            end = record.start();
        }
        found
    }

    /// Derives what is missing behind one of the recent records, else behind whatever is whole.
    fn catch_up(
        &mut self,
        recent: &HashMap<RevisionId, u64>,
        progress: &mut dyn FnMut(usize, usize),
    ) -> Result<(), HistoryError> {
        let begins = self.begins_at_the_first()?;
        let known = |id: &RevisionId| recent.get(id).copied().filter(|_| begins);
        let mut missing = Vec::new();
        let mut kept = None;
        let mut next = Some(self.head);
        while let Some(id) = next {
            kept = known(&id).map(|end| (id, end));
            if kept.is_some() {
                break;
            }
            missing.push(id);
            next = self.history.parent(id)?;
        }
        if kept.is_none() && begins {
            let intact: HashMap<RevisionId, u64> = self.records.intact().into_iter().collect();
            if let Some(position) = missing.iter().position(|id| intact.contains_key(id)) {
                kept = Some((missing[position], intact[&missing[position]]));
                missing.truncate(position);
            }
        }
        let frames = self.derive(kept.map(|(id, _)| id), &missing, progress)?;
        let end = kept.map(|(_, end)| end);
        // Whole records that follow are of a writer who was quicker than this reader.
        if !missing.is_empty() || recent.is_empty() {
            let saved = self.records.save(&cache::path(&self.history.git), end, &frames);
            self.not_saved = saved.err();
        }
        self.records.replace_from(end, &frames);
        Ok(())
    }

    /// The frames of revisions, given newest first, behind the one before them.
    fn derive(
        &self,
        mut previous: Option<RevisionId>,
        missing: &[RevisionId],
        progress: &mut dyn FnMut(usize, usize),
    ) -> Result<Vec<u8>, HistoryError> {
        let mut derivation = Derivation::new(self.history);
        let mut frames = Vec::new();
        for (done, id) in missing.iter().rev().enumerate() {
            if done % STEP == 0 {
                progress(done, missing.len());
            }
            frames.extend(derivation.frame(*id, previous)?);
            previous = Some(*id);
        }
        progress(missing.len(), missing.len());
        Ok(frames)
    }
}

/// A query, made ready for being compared with bytes.
struct Sought<'q> {
    key: Option<(&'q KeyPath, String)>,
    plugin: Option<String>,
    author: Option<String>,
    since: Option<i64>,
}

impl<'q> Sought<'q> {
    fn new(query: &Query<'q>) -> Self {
        Self {
            key: query.key.map(|key| (key, key.to_string())),
            plugin: query.plugin.map(|plugin| KeyPath::root().key(plugin).to_string()),
            author: query.author.map(str::to_lowercase),
            since: query.since.map(Timestamp::as_second),
        }
    }

    /// Whether the entry is worth reading as a whole.
    fn may_fit(&self, view: &View<'_>) -> bool {
        let by_key = |wanted: &str| {
            // What cannot be read is found out when the entry is read.
            view.items()
                .any(|item| item.is_none_or(|item| overlap(item.key, wanted.as_bytes())))
        };
        self.since.is_none_or(|since| view.seconds >= since)
            && self.key.as_ref().is_none_or(|(_, key)| by_key(key))
            && self.plugin.as_ref().is_none_or(|plugin| by_key(plugin))
    }

    /// What of an entry was asked for, if anything.
    fn cut(&self, mut entry: Entry) -> Option<Entry> {
        let revision = &entry.revision;
        let author = || format!("{} <{}>", revision.author.name, revision.author.email).to_lowercase();
        let of_plugin = |plugin: &String| {
            let begins = |change: &Change| overlap(change.key.to_string().as_bytes(), plugin.as_bytes());
            entry.changes.iter().any(begins)
                || entry
                    .rewritten
                    .iter()
                    .any(|name| KeyPath::root().key(name).to_string() == *plugin)
        };
        if self.since.is_some_and(|since| revision.time.seconds < since)
            || self.author.as_ref().is_some_and(|wanted| !author().contains(wanted))
            || self.plugin.as_ref().is_some_and(|plugin| !of_plugin(plugin))
        {
            return None;
        }
        if let Some((key, _)) = &self.key {
            entry.changes = entry
                .changes
                .into_iter()
                .filter_map(|change| at_or_below(change, key))
                .collect();
            entry.rewritten.clear();
            if entry.changes.is_empty() {
                return None;
            }
        }
        Some(entry)
    }
}

/// Whether one of two printed keys holds the other, or both are the same.
fn overlap(a: &[u8], b: &[u8]) -> bool {
    let (short, long) = if a.len() <= b.len() { (a, b) } else { (b, a) };
    long.starts_with(short) && long.get(short.len()).is_none_or(|next| matches!(next, b'.' | b'['))
}

/// A change, as far as it concerns a key.
fn at_or_below(change: Change, key: &KeyPath) -> Option<Change> {
    if change.key.starts_with(key) || change.before.is_none() && change.after.is_none() && change.key.overlaps(key) {
        return Some(change);
    }
    if !key.starts_with(&change.key) {
        return None;
    }
    let below = &key.segments()[change.key.len()..];
    let part = |value: Option<Value>| value.and_then(|value| inside(value, below));
    let (before, after) = (part(change.before), part(change.after));
    let changed = before != after;
    changed.then(|| Change {
        key: key.clone(),
        before,
        after,
    })
}

fn inside(value: Value, below: &[Segment]) -> Option<Value> {
    let Some((step, rest)) = below.split_first() else {
        return Some(value);
    };
    let found = match (value, step) {
        (Value::Table(mut table), Segment::Key(key)) => table.swap_remove(key),
        (Value::Array(items), Segment::Index(index)) => items.into_iter().nth(*index),
        _ => None,
    };
    inside(found?, rest)
}
