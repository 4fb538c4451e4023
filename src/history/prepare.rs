//! Building a revision in memory: its blobs, trees and commit. Nothing is written, so a plan can be dropped.

use std::collections::{HashMap, HashSet};

use git2::build::TreeUpdateBuilder;
use git2::{FileMode, ObjectType, Oid, Repository, Signature, Time, Tree};

use super::{BlobId, History, HistoryError, oid, revision_id};
use crate::revision::{Author, Message, Moment, RevisionId};

/// One file that a revision changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// Its path from the store's folder, with `/`.
    pub path: String,
    /// What it holds from now on; nothing where it goes.
    pub content: Option<Vec<u8>>,
}

/// Who makes a revision, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// Who decided it.
    pub author: Author,
    /// Who typed it, often the same person.
    pub committer: Author,
    /// When.
    pub time: Moment,
}

/// A revision that exists in memory only.
#[derive(Debug)]
pub struct Prepared {
    pub(super) parent: Option<RevisionId>,
    pub(super) revision: RevisionId,
    pub(super) tree: Oid,
    pub(super) objects: Vec<Object>,
    pub(super) entries: Vec<(String, Option<Oid>)>,
    /// Contents for a recovery only, each with the mode of its staged file.
    pub(super) kept: Vec<(Object, u32)>,
}

/// A git object that the revision needs and the repository lacks.
#[derive(Debug)]
pub(super) struct Object {
    pub id: Oid,
    pub kind: ObjectType,
    pub data: Vec<u8>,
}

impl Prepared {
    /// Its id.
    #[must_use]
    pub fn revision(&self) -> RevisionId {
        self.revision
    }

    /// The contents of the files that it changes, by their paths from the store's folder.
    #[must_use]
    pub fn blobs(&self) -> HashMap<&str, BlobId> {
        let changed = self.entries.iter();
        changed
            .filter_map(|(path, id)| Some((path.as_str(), BlobId((*id)?))))
            .collect()
    }

    /// Puts a content beside it that no revision has, so that whoever must undo the publication after a crash can
    /// read it. It never gets into the object database, where it would stay: it may hold a secret in plain text. For
    /// others than its owner it is readable only where the file that it stands in is.
    pub fn keep(&mut self, content: &[u8], for_all: bool) -> Result<(), HistoryError> {
        let BlobId(id) = BlobId::of(content)?;
        if !self.objects.iter().any(|object| object.id == id) {
            let object = Object {
                id,
                kind: ObjectType::Blob,
                data: content.to_vec(),
            };
            self.kept.push((object, if for_all { 0o444 } else { 0o400 }));
        }
        Ok(())
    }

    /// Whether something was kept, which the staging folder holds until it is swept.
    #[must_use]
    pub fn has_kept(&self) -> bool {
        !self.kept.is_empty()
    }

    /// Puts a revision in front of this one that is published together with it.
    #[must_use]
    pub fn after(mut self, earlier: Self) -> Self {
        self.parent = earlier.parent;
        let known: HashSet<Oid> = self.objects.iter().map(|object| object.id).collect();
        self.objects
            .extend(earlier.objects.into_iter().filter(|object| !known.contains(&object.id)));
        let later: HashSet<String> = self.entries.iter().map(|(path, _)| path.clone()).collect();
        self.entries
            .extend(earlier.entries.into_iter().filter(|(path, _)| !later.contains(path)));
        self
    }
}

impl History {
    /// Builds the revision that follows `parent` with these files changed. `parent` may itself be prepared only.
    pub fn prepare(
        &self,
        parent: Option<RevisionId>,
        edits: &[Edit],
        origin: &Origin,
        message: &Message,
    ) -> Result<Prepared, HistoryError> {
        if !self.builds_in_memory.get() {
            build_in_memory(&self.repository)?;
            self.builds_in_memory.set(true);
        }
        prepare(&self.repository, parent, edits, origin, message)
    }
}

/// Has new folders and revisions built in memory: libgit2's own way of writing them neither syncs nor reports every
/// failure. Once for each repository that was opened, since every object is looked for in all that was added.
pub(super) fn build_in_memory(repository: &Repository) -> Result<(), HistoryError> {
    let failed = HistoryError::git;
    let database = repository.odb().map_err(failed("open the object database"))?;
    let added = database.add_new_mempack_backend(1000);
    added.map(drop).map_err(failed("prepare a revision in memory"))
}

/// The same in a repository whose objects are [built in memory](build_in_memory).
pub(super) fn prepare(
    repository: &Repository,
    parent: Option<RevisionId>,
    edits: &[Edit],
    origin: &Origin,
    message: &Message,
) -> Result<Prepared, HistoryError> {
    let failed = HistoryError::git;
    let database = repository.odb().map_err(failed("open the object database"))?;
    let parent_commit = match parent {
        Some(parent) => Some(
            repository
                .find_commit(oid(parent)?)
                .map_err(failed("read the revision before"))?,
        ),
        None => None,
    };
    let base = if let Some(commit) = &parent_commit {
        commit.tree()
    } else {
        let empty = repository.treebuilder(None).and_then(|builder| builder.write());
        empty.and_then(|empty| repository.find_tree(empty))
    };
    let base = base.map_err(failed("read the revision before"))?;

    let mut objects = Vec::new();
    let mut entries = Vec::with_capacity(edits.len());
    let mut removed = TreeUpdateBuilder::new();
    let mut written = TreeUpdateBuilder::new();
    for edit in edits {
        if let Some(content) = &edit.content {
            let BlobId(id) = BlobId::of(content)?;
            objects.push(Object {
                id,
                kind: ObjectType::Blob,
                data: content.clone(),
            });
            written.upsert(edit.path.as_str(), id, FileMode::Blob);
            entries.push((edit.path.clone(), Some(id)));
        } else {
            removed.remove(edit.path.as_str());
            entries.push((edit.path.clone(), None));
        }
    }
    // One after the other: libgit2 refuses to turn a file into a folder in one step.
    let mut tree = base.clone();
    for update in [&mut removed, &mut written] {
        let updated = update.create_updated(repository, &tree);
        tree = updated
            .and_then(|id| repository.find_tree(id))
            .map_err(failed("prepare the folders of a revision"))?;
    }
    collect_trees(repository, &tree, &base, &mut objects)?;

    let time = Time::new(origin.time.seconds, origin.time.offset);
    let author = signature(&origin.author, &time)?;
    let committer = signature(&origin.committer, &time)?;
    let parents: Vec<_> = parent_commit.iter().collect();
    let buffer = repository
        .commit_create_buffer(&author, &committer, &message.to_string(), &tree, &parents)
        .map_err(failed("prepare a revision"))?;
    // Written as well, so that another revision can follow it before it is published.
    let id = database
        .write(ObjectType::Commit, &buffer)
        .map_err(failed("prepare a revision"))?;
    objects.push(Object {
        id,
        kind: ObjectType::Commit,
        data: buffer.to_vec(),
    });
    // Files with the same content are one object, and it is staged once.
    let mut seen = HashSet::with_capacity(objects.len());
    objects.retain(|object| seen.insert(object.id));
    Ok(Prepared {
        parent,
        revision: revision_id(id)?,
        tree: tree.id(),
        objects,
        entries,
        kept: Vec::new(),
    })
}

/// The folders of `tree` that `base` does not have.
fn collect_trees(
    repository: &Repository,
    tree: &Tree<'_>,
    base: &Tree<'_>,
    objects: &mut Vec<Object>,
) -> Result<(), HistoryError> {
    let failed = HistoryError::git;
    if tree.id() == base.id() {
        return Ok(());
    }
    for entry in tree.iter().filter(|entry| entry.kind() == Some(ObjectType::Tree)) {
        let before = match base.get_name_bytes(entry.name_bytes()) {
            Some(same) if same.id() == entry.id() => continue,
            Some(other) if other.kind() == Some(ObjectType::Tree) => repository.find_tree(other.id()),
            _ => repository
                .treebuilder(None)
                .and_then(|builder| builder.write())
                .and_then(|id| repository.find_tree(id)),
        };
        let before = before.map_err(failed("prepare the folders of a revision"))?;
        let below = repository
            .find_tree(entry.id())
            .map_err(failed("prepare the folders of a revision"))?;
        collect_trees(repository, &below, &before, objects)?;
    }
    let database = repository.odb().map_err(failed("open the object database"))?;
    let object = database
        .read(tree.id())
        .map_err(failed("prepare the folders of a revision"))?;
    objects.push(Object {
        id: tree.id(),
        kind: ObjectType::Tree,
        data: object.data().to_vec(),
    });
    Ok(())
}

/// Git's signatures have no angle brackets and no line ends.
fn signature(author: &Author, time: &Time) -> Result<Signature<'static>, HistoryError> {
    let plain = |text: &str| -> String {
        let kept = text
            .chars()
            .filter(|character| !matches!(character, '<' | '>') && !character.is_control());
        kept.collect::<String>().trim().to_owned()
    };
    let or = |text: String, fallback: &str| if text.is_empty() { fallback.to_owned() } else { text };
    let name = or(plain(&author.name), "unknown");
    let email = or(plain(&author.email), "unknown");
    Signature::new(&name, &email, time).map_err(HistoryError::git("name the author"))
}

#[cfg(test)]
mod tests {
    use super::super::fixture::Fixture;
    use super::{Author, Edit, Message, Moment, Origin};

    #[test]
    fn files_and_folders_with_the_same_content_are_recorded_together() {
        let fixture = Fixture::new(&[("a", "1"), ("b", "1"), ("c/a", "1"), ("d/a", "1")]);
        assert_eq!(fixture.history.files(fixture.head(), "").unwrap().len(), 4);
        fixture.git(&["fsck", "--strict"]);
    }

    #[test]
    fn a_file_can_become_a_folder_of_the_same_name_and_a_folder_a_file() {
        let fixture = Fixture::new(&[("a", "1"), ("b/c", "1"), ("d", "1")]);
        let edit = |path: &str, content: Option<&str>| Edit {
            path: path.to_owned(),
            content: content.map(|text| text.as_bytes().to_vec()),
        };
        let edits = [
            edit("a/x", Some("2")),
            edit("a", None),
            edit("b", Some("2")),
            edit("b/c", None),
        ];
        let author = Author {
            name: "Ada".into(),
            email: "ada@example.org".into(),
        };
        let time = Moment { seconds: 0, offset: 0 };
        let origin = Origin {
            author: author.clone(),
            committer: author,
            time,
        };
        let prepared = fixture
            .history
            .prepare(Some(fixture.head()), &edits, &origin, &Message::default())
            .unwrap();
        let files = fixture.history.files(prepared.revision(), "").unwrap();
        assert_eq!(
            files.iter().map(|file| file.path.as_str()).collect::<Vec<_>>(),
            ["a/x", "b", "d"]
        );
    }

    #[test]
    fn a_revision_can_follow_one_that_is_only_prepared() {
        let fixture = Fixture::new(&[("a", "1")]);
        let author = Author {
            name: "Ada".into(),
            email: "ada@example.org".into(),
        };
        let time = Moment { seconds: 0, offset: 0 };
        let origin = Origin {
            author: author.clone(),
            committer: author,
            time,
        };
        let edit = |content: &str| {
            [Edit {
                path: "a".to_owned(),
                content: Some(content.as_bytes().to_vec()),
            }]
        };
        let prepare = |parent, content| {
            fixture
                .history
                .prepare(Some(parent), &edit(content), &origin, &Message::default())
                .unwrap()
        };
        let earlier = prepare(fixture.head(), "2");
        let later = prepare(earlier.revision(), "3");
        let blob = |of: &super::Prepared| fixture.history.blob(of.revision(), "a").unwrap();
        assert_eq!(blob(&later), Some(super::BlobId::of(b"3").unwrap()));
        assert_eq!(blob(&earlier), Some(super::BlobId::of(b"2").unwrap()));
        assert_eq!(later.after(earlier).objects.len(), 6);
    }

    #[test]
    fn nothing_is_written_however_many_revisions_are_prepared() {
        let fixture = Fixture::new(&[("a", "1")]);
        let objects = || fixture.git(&["cat-file", "--batch-all-objects", "--batch-check"]);
        let before = objects();
        let author = Author {
            name: "Ada".into(),
            email: "ada@example.org".into(),
        };
        let time = Moment { seconds: 0, offset: 0 };
        let origin = Origin {
            author: author.clone(),
            committer: author,
            time,
        };
        let mut parent = fixture.head();
        for number in 0..3 {
            let edit = Edit {
                path: format!("b/{number}"),
                content: Some(vec![number]),
            };
            let history = &fixture.history;
            let prepared = history.prepare(Some(parent), &[edit], &origin, &Message::default());
            parent = prepared.unwrap().revision();
        }
        assert_eq!(objects(), before);
        let blob = fixture.history.blob(parent, "b/0").unwrap();
        assert_eq!(blob, Some(super::BlobId::of(&[0]).unwrap()));
    }
}
