//! Going back through a history by its catalogue, as far as that reaches: a record is read in a fraction of the
//! time that a commit takes.

use super::super::{History, HistoryError};
use super::cache::{self, Records};
use super::record::View;
use crate::revision::RevisionId;

/// A revision on the way back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) struct Ancestor {
    pub id: RevisionId,
    /// When it was made, in seconds since 1970.
    pub seconds: i64,
    /// Whether the catalogue told it.
    pub catalogued: bool,
}

/// A revision and all before it, along first parents. It ends after an error.
pub(in super::super) struct Ancestry<'h> {
    history: &'h History,
    records: Records,
    end: u64,
    next: Option<RevisionId>,
}

impl History {
    /// This revision and all before it, newest first.
    pub(in super::super) fn ancestry(&self, from: RevisionId) -> Ancestry<'_> {
        let records = Records::open(&cache::path(&self.git));
        Ancestry {
            history: self,
            end: records.end(),
            records,
            next: Some(from),
        }
    }
}

impl Iterator for Ancestry<'_> {
    type Item = Result<Ancestor, HistoryError>;

    fn next(&mut self) -> Option<Self::Item> {
        let id = self.next.take()?;
        if let Some((seconds, previous)) = self.recorded(id) {
            self.next = previous;
            // The catalogue's first record is not always the history's first revision.
            if previous.is_none() {
                match self.history.parent(id) {
                    Ok(parent) => self.next = parent,
                    Err(error) => return Some(Err(error)),
                }
            }
            return Some(Ok(Ancestor {
                id,
                seconds,
                catalogued: true,
            }));
        }
        let read = self.history.revision(id).map(|revision| {
            self.next = revision.parent;
            Ancestor {
                id,
                seconds: revision.time.seconds,
                catalogued: false,
            }
        });
        Some(read)
    }
}

impl Ancestry<'_> {
    /// The time of a revision and the one before it, if the next record is of this revision. Until the first one
    /// is, the history is ahead of its catalogue.
    fn recorded(&mut self, id: RevisionId) -> Option<(i64, Option<RevisionId>)> {
        let record = self
            .records
            .before(self.end)
            .ok()
            .flatten()
            .filter(|record| record.id == id)?;
        self.end = record.start();
        let view = View::parse(self.records.body(record).ok()?)?;
        (!view.left_out).then_some((view.seconds, record.previous))
    }
}
