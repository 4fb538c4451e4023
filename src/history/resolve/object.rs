//! Revisions by the names of git's objects: tags, and hashes whole or begun.

use git2::{ErrorCode, ObjectType, Oid, Reference};

use super::{ResolveError, SHORTEST_HASH};
use crate::history::{History, HistoryError, oid, revision_id};
use crate::revision::RevisionId;

/// A longer text is no name of a tag: a file's name has at most 255 bytes.
const LONGEST_TAG: usize = 200;
/// So many revisions are looked through one by one where the catalogue does not tell them.
const NEAR: usize = 100;

/// Whether a text could be the beginning of a hash.
pub(super) fn is_hash(text: &str) -> bool {
    (SHORTEST_HASH..=40).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

impl History {
    /// What a tag names, whatever it is. Only the one exact ref is looked up.
    pub(super) fn tag(&self, text: &str) -> Result<Option<RevisionId>, ResolveError> {
        let name = format!("refs/tags/{text}");
        if text.len() > LONGEST_TAG || !Reference::is_valid_name(&name) {
            return Ok(None);
        }
        let reference = match self.repository.find_reference(&name) {
            Ok(reference) => reference,
            Err(error) if matches!(error.code(), ErrorCode::NotFound | ErrorCode::InvalidSpec) => return Ok(None),
            Err(source) => {
                return Err(ResolveError::History(HistoryError::Git {
                    action: "read a tag",
                    source,
                }));
            }
        };
        let named = reference
            .peel(ObjectType::Any)
            .map_err(HistoryError::git("read a tag"))?;
        Ok(Some(revision_id(named.id())?))
    }

    /// An object named exactly.
    pub(super) fn known(&self, head: RevisionId, text: &str, id: RevisionId) -> Result<RevisionId, ResolveError> {
        match self.kind(oid(id)?)? {
            Some(ObjectType::Commit) if self.is_in_history(head, id)? => Ok(id),
            Some(ObjectType::Commit) => Err(ResolveError::NotInHistory {
                text: text.to_owned(),
                revision: id,
            }),
            Some(kind) => Err(ResolveError::NotARevision {
                text: text.to_owned(),
                kind: kind.str(),
            }),
            None => Err(ResolveError::NoSuchHash { text: text.to_owned() }),
        }
    }

    /// The one revision of this history whose hash begins so.
    pub(super) fn hash(&self, head: RevisionId, text: &str) -> Result<RevisionId, ResolveError> {
        let database = self.repository.odb().map_err(HistoryError::git("read a hash"))?;
        let short = Oid::from_str(text).map_err(HistoryError::git("read a hash"))?;
        match database.exists_prefix(short, text.len()) {
            Ok(id) => return self.known(head, text, revision_id(id)?),
            Err(error) if error.code() == ErrorCode::NotFound => {
                return Err(ResolveError::NoSuchHash { text: text.to_owned() });
            }
            Err(error) if error.code() == ErrorCode::Ambiguous => {}
            Err(source) => {
                return Err(ResolveError::History(HistoryError::Git {
                    action: "look for a hash",
                    source,
                }));
            }
        }
        // Files and folders have hashes too, and four digits are soon several of them.
        let mut found = Vec::new();
        let wanted = text.to_ascii_lowercase();
        database
            .foreach(|id| {
                if begins_with(*id, &wanted) {
                    found.push(*id);
                }
                true
            })
            .map_err(HistoryError::git("look for a hash"))?;
        found.sort_unstable();
        found.dedup();
        let mut revisions = Vec::new();
        let mut other = None;
        for id in found {
            match self.kind(id)? {
                Some(ObjectType::Commit) => revisions.push(revision_id(id)?),
                kind => other = other.or(kind),
            }
        }
        let mut here = Vec::new();
        for id in &revisions {
            if self.is_in_history(head, *id)? {
                here.push(*id);
            }
        }
        let text = text.to_owned();
        match (here.as_slice(), revisions.first(), other) {
            ([revision], _, _) => Ok(*revision),
            ([], Some(revision), _) => Err(ResolveError::NotInHistory {
                text,
                revision: *revision,
            }),
            ([], None, Some(kind)) => Err(ResolveError::NotARevision { text, kind: kind.str() }),
            ([], None, None) => Err(ResolveError::NoSuchHash { text }),
            _ => Err(ResolveError::Ambiguous { text, candidates: here }),
        }
    }

    fn is_in_history(&self, head: RevisionId, id: RevisionId) -> Result<bool, HistoryError> {
        // Git reads every commit in between, so the catalogue is asked first; it does not know what was merged.
        let behind = self.ancestry(head).flatten().enumerate();
        let mut near = behind.take_while(|(passed, revision)| revision.catalogued || *passed < NEAR);
        Ok(near.any(|(_, revision)| revision.id == id) || self.follows(head, id)?)
    }

    fn kind(&self, id: Oid) -> Result<Option<ObjectType>, HistoryError> {
        let database = self.repository.odb().map_err(HistoryError::git("read a hash"))?;
        match database.read_header(id) {
            Ok((_, kind)) => Ok(Some(kind)),
            Err(error) if error.code() == ErrorCode::NotFound => Ok(None),
            Err(source) => Err(HistoryError::Git {
                action: "read a hash",
                source,
            }),
        }
    }
}

fn begins_with(id: Oid, digits: &str) -> bool {
    let nibbles = id.as_bytes().iter().flat_map(|byte| [byte >> 4, byte & 15]);
    nibbles
        .zip(digits.bytes())
        .all(|(nibble, digit)| char::from(digit).to_digit(16) == Some(u32::from(nibble)))
}
