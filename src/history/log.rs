//! Reading revisions one after the other. A revision's predecessor is its commit's first parent, so the order
//! never depends on a clock, and what a merge brought in is one step.

use std::cmp::Ordering;

use git2::{Commit, ObjectType, Oid, Sort, Tree, TreeEntry};

use super::{BlobId, History, HistoryError, oid, revision_id};
use crate::revision::{Author, Message, Moment, Revision, RevisionId};

/// One file that a revision changed, compared with the revision before it. At least one of the two is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathChange {
    /// Its path from the store's folder, with `/`.
    pub path: String,
    /// What it held before.
    pub before: Option<BlobId>,
    /// What it holds since.
    pub after: Option<BlobId>,
}

/// The revisions from one back to the first, newest first. It ends after an error.
pub struct Log<'h> {
    history: &'h History,
    next: Option<RevisionId>,
}

impl Iterator for Log<'_> {
    type Item = Result<Revision, HistoryError>;

    fn next(&mut self) -> Option<Self::Item> {
        let read = self.history.revision(self.next.take()?);
        if let Ok(revision) = &read {
            self.next = revision.parent;
        }
        Some(read)
    }
}

impl History {
    /// One revision. Its time is the committer's: when it came to stand in this history.
    pub fn revision(&self, id: RevisionId) -> Result<Revision, HistoryError> {
        let commit = self.commit(id)?;
        let author = commit.author();
        let (message, via) = Message::parse(&String::from_utf8_lossy(commit.message_bytes()));
        let name = String::from_utf8_lossy(author.name_bytes()).into_owned();
        let time = commit.time();
        Ok(Revision {
            id,
            parent: first_parent(&commit)?,
            time: Moment {
                seconds: time.seconds(),
                offset: time.offset_minutes(),
            },
            author: Author {
                name: if name.is_empty() { "unknown".to_owned() } else { name },
                email: String::from_utf8_lossy(author.email_bytes()).into_owned(),
            },
            message,
            via,
        })
    }

    /// This revision and all before it, along first parents, newest first.
    #[must_use]
    pub fn log(&self, from: RevisionId) -> Log<'_> {
        Log {
            history: self,
            next: Some(from),
        }
    }

    /// This revision and all that led to it, along all parents: each comes after its parents, and a branch is not broken
    /// off for another without need.
    pub fn lineage(&self, from: RevisionId) -> Result<Vec<RevisionId>, HistoryError> {
        let failed = || HistoryError::git("walk through the revisions");
        let mut walk = self.repository.revwalk().map_err(failed())?;
        walk.set_sorting(Sort::TOPOLOGICAL | Sort::REVERSE).map_err(failed())?;
        walk.push(oid(from)?).map_err(failed())?;
        walk.map(|id| revision_id(id.map_err(failed())?)).collect()
    }

    /// The files that a revision changed, in git's order. Folders that are the same in both are not read.
    pub fn changed_paths(&self, revision: RevisionId) -> Result<Vec<PathChange>, HistoryError> {
        let failed = HistoryError::git;
        let commit = self.commit(revision)?;
        let before = match first_parent(&commit)? {
            Some(parent) => Some(self.commit(parent)?.tree_id()),
            None => None,
        };
        let mut changed = Vec::new();
        if before != Some(commit.tree_id()) {
            let before = before.map(|before| self.repository.find_tree(before)).transpose();
            let after = commit.tree().map_err(failed("read a revision"))?;
            self.compare(
                before.map_err(failed("read a revision"))?.as_ref(),
                Some(&after),
                "",
                &mut changed,
            )?;
        }
        Ok(changed)
    }

    /// The revision before this one.
    pub(super) fn parent(&self, revision: RevisionId) -> Result<Option<RevisionId>, HistoryError> {
        first_parent(&self.commit(revision)?)
    }

    pub(super) fn commit(&self, revision: RevisionId) -> Result<Commit<'_>, HistoryError> {
        self.repository
            .find_commit(oid(revision)?)
            .map_err(HistoryError::git("read a revision"))
    }

    /// Both trees are sorted, so one pass over the two tells what differs.
    fn compare(
        &self,
        before: Option<&Tree<'_>>,
        after: Option<&Tree<'_>>,
        prefix: &str,
        changed: &mut Vec<PathChange>,
    ) -> Result<(), HistoryError> {
        let mut old = before.into_iter().flatten().peekable();
        let mut new = after.into_iter().flatten().peekable();
        loop {
            let order = match (old.peek(), new.peek()) {
                (None, None) => return Ok(()),
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (Some(old), Some(new)) => order(old, new),
            };
            let old = if order.is_le() { old.next() } else { None };
            let new = if order.is_ge() { new.next() } else { None };
            if old.as_ref().map(TreeEntry::id) != new.as_ref().map(TreeEntry::id) {
                self.compare_entries(old.as_ref(), new.as_ref(), prefix, changed)?;
            }
        }
    }

    /// Two entries of the same name and sort, or one alone.
    fn compare_entries(
        &self,
        old: Option<&TreeEntry<'_>>,
        new: Option<&TreeEntry<'_>>,
        prefix: &str,
        changed: &mut Vec<PathChange>,
    ) -> Result<(), HistoryError> {
        let Some(entry) = new.or(old) else { return Ok(()) };
        let path = format!("{prefix}{}", String::from_utf8_lossy(entry.name_bytes()));
        match entry.kind() {
            Some(ObjectType::Tree) => {
                let tree = |id: Oid| self.repository.find_tree(id);
                let old = old.map(|old| tree(old.id())).transpose();
                let new = new.map(|new| tree(new.id())).transpose();
                self.compare(
                    old.map_err(HistoryError::git("read a revision"))?.as_ref(),
                    new.map_err(HistoryError::git("read a revision"))?.as_ref(),
                    &format!("{path}/"),
                    changed,
                )
            }
            Some(ObjectType::Blob) => {
                changed.push(PathChange {
                    path,
                    before: old.map(|old| BlobId(old.id())),
                    after: new.map(|new| BlobId(new.id())),
                });
                Ok(())
            }
            // A submodule: no file of the store.
            Some(ObjectType::Any | ObjectType::Commit | ObjectType::Tag) | None => Ok(()),
        }
    }
}

fn first_parent(commit: &Commit<'_>) -> Result<Option<RevisionId>, HistoryError> {
    commit.parent_ids().next().map(revision_id).transpose()
}

/// Git's order of a tree's entries: by name, where a folder's name ends with `/`. What becomes a folder under the
/// same name is thereby another entry.
fn order(a: &TreeEntry<'_>, b: &TreeEntry<'_>) -> Ordering {
    let sort = |entry: &TreeEntry<'_>| match entry.kind() {
        Some(ObjectType::Tree) => b"/".as_slice(),
        Some(ObjectType::Commit) => b"\x01",
        Some(ObjectType::Any | ObjectType::Blob | ObjectType::Tag) | None => b"\0",
    };
    let (a_end, b_end) = (sort(a), sort(b));
    a.name_bytes()
        .iter()
        .chain(a_end)
        .cmp(b.name_bytes().iter().chain(b_end))
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{EPOCH, Fixture};

    type Step<'s> = &'s [(&'s str, Option<&'s [u8]>)];

    fn changed(fixture: &Fixture) -> Vec<String> {
        let changes = fixture.history.changed_paths(fixture.head()).unwrap();
        let sign = |change: &super::PathChange| match (change.before, change.after) {
            (Some(_), Some(_)) => 'M',
            (None, _) => 'A',
            (_, None) => 'D',
        };
        changes
            .iter()
            .map(|change| format!("{}\t{}", sign(change), change.path))
            .collect()
    }

    #[test]
    fn a_revision_tells_who_made_it_when_by_what_and_what_was_said() {
        let mut fixture = Fixture::new(&[("a", "1")]);
        let id = fixture.record(&[("a", Some(b"2"))], "a 1 -> 2\n\nwhy\n\nVia: set\nKey: a\n");
        let revision = fixture.history.revision(id).unwrap();
        assert_eq!(revision.parent, Some(fixture.revisions[0]));
        assert_eq!(
            (revision.author.name.as_str(), revision.author.email.as_str()),
            ("Ada", "ada@example.org")
        );
        assert_eq!((revision.time.seconds, revision.time.offset), (EPOCH + 60, 60));
        assert_eq!(
            (revision.message.as_str(), revision.via.as_str()),
            ("a 1 -> 2\n\nwhy", "set")
        );
    }

    #[test]
    fn the_log_follows_first_parents_to_the_first_revision() {
        let mut fixture = Fixture::new(&[("a", "1")]);
        for content in [b"2", b"3", b"4"] {
            fixture.record(&[("a", Some(content))], "more");
        }
        fixture.git(&["checkout", "-qfb", "side", "main~1"]);
        fixture.git(&["commit", "-q", "--allow-empty", "-m", "beside"]);
        fixture.git(&["checkout", "-qf", "main"]);
        fixture.git(&["merge", "-q", "--no-ff", "-m", "merged", "side"]);
        let head = fixture.git(&["rev-parse", "main"]).trim().parse().unwrap();
        let ours: Vec<String> = fixture
            .history
            .log(head)
            .map(|revision| revision.unwrap().id.to_string())
            .collect();
        let theirs = fixture.git(&["log", "--first-parent", "--format=%H"]);
        assert_eq!(ours, theirs.lines().collect::<Vec<_>>());
        assert_eq!(ours.len(), 5);

        let all = fixture.history.lineage(head).unwrap();
        let all: Vec<String> = all.iter().map(ToString::to_string).collect();
        assert_eq!(all.len(), 6);
        for pair in fixture.git(&["rev-list", "--parents", "main"]).lines() {
            let place = |id: &str| all.iter().position(|known| known == id).unwrap();
            let (revision, parents) = pair.split_at(40);
            assert!(
                parents.split_whitespace().all(|parent| place(parent) < place(revision)),
                "{pair}"
            );
        }
    }

    #[test]
    fn the_log_ends_after_a_revision_that_cannot_be_read() {
        let fixture = Fixture::new(&[("a", "1")]);
        let nothing = "0123456789abcdef0123456789abcdef01234567".parse().unwrap();
        let mut log = fixture.history.log(nothing);
        assert!(log.next().unwrap().is_err());
        assert!(log.next().is_none());
    }

    #[test]
    fn changed_paths_are_those_that_git_tells() {
        let files = [
            ("a", "1"),
            ("b/c", "1"),
            ("b/d", "1"),
            ("e", "1"),
            ("f/g/h", "1"),
            ("p", "1"),
            ("p.x", "1"),
        ];
        let mut fixture = Fixture::new(&files);
        assert_eq!(
            changed(&fixture),
            ["A\ta", "A\tb/c", "A\tb/d", "A\te", "A\tf/g/h", "A\tp", "A\tp.x"]
        );
        let steps: [Step<'_>; 5] = [
            &[("b/c", Some(b"2")), ("new/deep/file", Some(b"1"))],
            &[("a", None), ("f/g/h", None)],
            // A file becomes a folder of the same name, and sorts elsewhere.
            &[("p", None), ("p/q", Some(b"1"))],
            &[("p/q", None), ("p", Some(b"2"))],
            &[],
        ];
        for step in steps {
            fixture.record(step, "step");
            let theirs = fixture.git(&["diff-tree", "-r", "--no-renames", "--name-status", "main~1", "main"]);
            let mut ours = changed(&fixture);
            ours.sort();
            let mut theirs: Vec<_> = theirs.lines().collect();
            theirs.sort_unstable();
            assert_eq!(ours, theirs);
        }
    }
}
