//! Where the branch stands, compared with the last revision that we acknowledged: what other programs did to
//! it in the meantime is noticed here, before anything is read or written on top of it.

use std::path::Path;

use super::{ACKNOWLEDGED, BRANCH, History, HistoryError, oid, reference};
use crate::revision::RevisionId;

/// Where the branch stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Head {
    /// Where we left it.
    Acknowledged(RevisionId),
    /// Someone committed on top with git; what they recorded is still to be checked.
    Advanced {
        /// The revision that we recorded last.
        from: RevisionId,
        /// What the branch names now.
        to: RevisionId,
    },
    /// The repository was made by another program, a clone for instance: all of it is still to be checked.
    Unknown(RevisionId),
}

impl Head {
    /// What the branch names.
    #[must_use]
    pub fn revision(self) -> RevisionId {
        match self {
            Self::Acknowledged(revision) | Self::Unknown(revision) => revision,
            Self::Advanced { to, .. } => to,
        }
    }
}

impl History {
    /// Where the branch stands.
    ///
    /// # Errors
    /// Where `HEAD` is not on the branch, or the branch is gone or was rewritten: recording on top of that would
    /// bury revisions that were acknowledged.
    pub fn head(&self) -> Result<Head, HistoryError> {
        match reference::read_head(&self.git)? {
            Ok(name) if name == BRANCH => {}
            Ok(name) => {
                let branch = name.strip_prefix("refs/heads/").unwrap_or(&name).to_owned();
                return Err(HistoryError::OtherBranch { branch });
            }
            Err(at) => return Err(HistoryError::Detached { at }),
        }
        let branch = reference::read(&self.git, BRANCH)?;
        let acknowledged = match reference::read(&self.git, ACKNOWLEDGED) {
            // After a power cut on a file system that keeps no order: as if it were not there.
            Err(HistoryError::BrokenRef { .. }) => None,
            read => read?,
        };
        match (branch, acknowledged) {
            (Some(branch), Some(acknowledged)) if branch == acknowledged => Ok(Head::Acknowledged(branch)),
            (Some(branch), Some(acknowledged)) if self.follows(branch, acknowledged)? => Ok(Head::Advanced {
                from: acknowledged,
                to: branch,
            }),
            (Some(found), Some(acknowledged)) => Err(HistoryError::Rewritten { acknowledged, found }),
            (Some(branch), None) => Ok(Head::Unknown(branch)),
            (None, Some(acknowledged)) => Err(HistoryError::BranchGone { acknowledged }),
            (None, None) => Err(HistoryError::Unborn),
        }
    }

    /// Whether `earlier` is `later` or in its history.
    pub fn follows_or_is(&self, later: RevisionId, earlier: RevisionId) -> Result<bool, HistoryError> {
        Ok(later == earlier || self.follows(later, earlier)?)
    }

    /// Whether `earlier` is in the history of `later`.
    ///
    /// # Errors
    /// Where the history cannot be read: what is not seen then need not be absent.
    pub fn follows(&self, later: RevisionId, earlier: RevisionId) -> Result<bool, HistoryError> {
        let (later, earlier) = (oid(later)?, oid(earlier)?);
        if let Ok(follows) = self.repository.graph_descendant_of(later, earlier) {
            return Ok(follows);
        }
        // libgit2 must read both. One that was never placed is in no history, which is seen by reading that alone.
        let failed = || HistoryError::git("read the history");
        let mut walk = self.repository.revwalk().map_err(failed())?;
        walk.push(later).map_err(failed())?;
        for revision in walk.skip(1) {
            if revision.map_err(failed())? == earlier {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// What the branch of the repository in `git` names, without opening it.
pub fn branch(git: &Path) -> Result<Option<RevisionId>, HistoryError> {
    reference::read(git, BRANCH)
}
