//! Revisions by time: the newest one made at or before it.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};

use super::ResolveError;
use crate::history::History;
use crate::revision::RevisionId;

/// Whether it begins with a year and a hyphen.
pub(super) fn is_date(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() > 4 && bytes[..4].iter().all(u8::is_ascii_digit) && bytes[4] == b'-'
}

/// The time that a text says; `zone` holds where it says none. RFC 3339, with `T` or a space, the offset perhaps
/// apart, as [`crate::revision::Moment`] prints it.
pub(super) fn time(text: &str, zone: &TimeZone) -> Result<Timestamp, jiff::Error> {
    let joined = text.replacen(" +", "+", 1).replacen(" -", "-", 1);
    if let Ok(time) = joined.parse::<Timestamp>() {
        return Ok(time);
    }
    let time: DateTime = text.parse()?;
    let zoned: Zoned = time.to_zoned(zone.clone())?;
    Ok(zoned.timestamp())
}

impl History {
    /// The newest revision made at or before a time.
    pub(super) fn at(&self, head: RevisionId, text: &str, time: Timestamp) -> Result<RevisionId, ResolveError> {
        let seconds = time.as_second();
        let mut first = head;
        for revision in self.ancestry(head) {
            let revision = revision?;
            if revision.seconds <= seconds {
                return Ok(revision.id);
            }
            first = revision.id;
        }
        Err(ResolveError::BeforeFirst {
            text: text.to_owned(),
            first,
            made: self.revision(first)?.time,
        })
    }
}
