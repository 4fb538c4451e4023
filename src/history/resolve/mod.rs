//! Which revision a person means: `@`, `@~3`, a tag, the beginning of a hash, or a time.
//!
//! The text is taken apart here and looked up piece by piece. It is never handed to git's own expression
//! parser, which knows far more than this and has had its own security holes.
//!
//! Where a text could be several of these, the first of this list holds: `@…`, all 40 digits of a hash, a tag, the
//! beginning of a hash, a time. So a tag hides a beginning of a hash that looks the same, as in git.

mod object;
#[cfg(test)]
mod tests;
mod time;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use thiserror::Error;

use self::object::is_hash;
use self::time::{is_date, time};
use super::{History, HistoryError};
use crate::revision::{Moment, RevisionId};

/// Fewer digits of a hash name no revision.
pub const SHORTEST_HASH: usize = 4;
/// How many revisions are listed where a hash could be several.
const LISTED: usize = 10;

/// Why a text names no revision of a history.
#[derive(Debug, Error)]
pub enum ResolveError {
    /// It is nothing that could name one, and no tag.
    #[error(
        "`{text}` names no revision: no tag has this name, and it is no hash of {SHORTEST_HASH} or more hexadecimal \
         digits, no `@` or `@~3`, and no time such as `2026-11-01 10:00`"
    )]
    Unknown {
        /// What was given.
        text: String,
    },
    /// It begins with `@`, and goes on as nothing we know.
    #[error("`{text}` names no revision: `@` is the newest one, `@~` the one before, `@~3` the third before")]
    NotAnAncestor {
        /// What was given.
        text: String,
    },
    /// It looks like a hash, and nothing in the repository begins with it.
    #[error("no revision's hash begins with `{text}`, and no tag has this name")]
    NoSuchHash {
        /// What was given.
        text: String,
    },
    /// It names something else than a revision.
    #[error("`{text}` is a {kind}, not a revision")]
    NotARevision {
        /// What was given.
        text: String,
        /// Git's word for what it is.
        kind: &'static str,
    },
    /// Several revisions' hashes begin with it.
    #[error("`{text}` begins the hashes of {}; give more digits", list(candidates))]
    Ambiguous {
        /// What was given.
        text: String,
        /// The revisions, sorted.
        candidates: Vec<RevisionId>,
    },
    /// The revision is there, and this history does not contain it.
    #[error("`{text}` is {revision}, which is not in the history of the store")]
    NotInHistory {
        /// What was given.
        text: String,
        /// The revision that it names.
        revision: RevisionId,
    },
    /// `@~n` with too large an n.
    #[error("`{text}` goes back beyond the first revision, which is `@~{}`", .revisions - 1)]
    BeyondFirst {
        /// What was given.
        text: String,
        /// How many revisions there are, at least 1.
        revisions: usize,
    },
    /// A time at which there was no revision yet.
    #[error("`{text}` is before the first revision, {first}, made at {made}")]
    BeforeFirst {
        /// What was given.
        text: String,
        /// The first revision.
        first: RevisionId,
        /// When it was made.
        made: Moment,
    },
    /// It begins like a date and is none.
    #[error("`{text}` is no time: {source}; a time is `2026-11-01`, `2026-11-01 10:00` or `2026-11-01T10:00:00+01:00`")]
    NotATime {
        /// What was given.
        text: String,
        /// What is wrong with it.
        source: jiff::Error,
    },
    /// The repository could not be read.
    #[error(transparent)]
    History(#[from] HistoryError),
}

impl History {
    /// The revision that `text` names, seen from `head`: `@` and `@~3` (along first parents), a tag, a hash of
    /// 4 or more digits, or a time of this machine's time zone: the newest revision made at or before it. A date
    /// alone is its first moment.
    ///
    /// # Errors
    /// Where it names nothing, several revisions, or one that is not in the history of `head`.
    pub fn resolve(&self, head: RevisionId, text: &str) -> Result<RevisionId, ResolveError> {
        self.resolve_in(head, text, &TimeZone::system())
    }

    /// The time that `text` names: itself, or that of the revision that it names.
    ///
    /// # Errors
    /// As [`Self::resolve`].
    pub fn moment(&self, head: RevisionId, text: &str) -> Result<Timestamp, ResolveError> {
        if is_date(text)
            && let Ok(time) = time(text, &TimeZone::system())
        {
            return Ok(time);
        }
        let made = self.revision(self.resolve(head, text)?)?.time;
        Ok(made.zoned().timestamp())
    }

    fn resolve_in(&self, head: RevisionId, text: &str, zone: &TimeZone) -> Result<RevisionId, ResolveError> {
        if text.starts_with('@') {
            return self.ancestor(head, text);
        }
        if let Ok(id) = text.parse() {
            return self.known(head, text, id);
        }
        if let Some(id) = self.tag(text)? {
            return self.known(head, text, id);
        }
        if is_hash(text) {
            return self.hash(head, text);
        }
        if is_date(text) {
            let time = time(text, zone).map_err(|source| ResolveError::NotATime {
                text: text.to_owned(),
                source,
            })?;
            return self.at(head, text, time);
        }
        Err(ResolveError::Unknown { text: text.to_owned() })
    }

    fn ancestor(&self, head: RevisionId, text: &str) -> Result<RevisionId, ResolveError> {
        let count = match text.strip_prefix("@~") {
            None if text == "@" => 0,
            Some("") => 1,
            // More digits than fit name more revisions than there are.
            Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => digits.parse().unwrap_or(usize::MAX),
            _ => return Err(ResolveError::NotAnAncestor { text: text.to_owned() }),
        };
        let mut revisions = 0;
        for revision in self.ancestry(head) {
            let revision = revision?;
            if revisions == count {
                return Ok(revision.id);
            }
            revisions += 1;
        }
        Err(ResolveError::BeyondFirst {
            text: text.to_owned(),
            revisions,
        })
    }
}

fn list(candidates: &[RevisionId]) -> String {
    let mut names: Vec<String> = candidates.iter().take(LISTED).map(ToString::to_string).collect();
    if candidates.len() > LISTED {
        names.push(format!("{} more", candidates.len() - LISTED));
    }
    names.join(", ")
}
