//! A small store's repository for tests, made by [`create`], on which revisions are recorded the quick way.

use std::path::Path;
use std::process::Command;

use git2::build::TreeUpdateBuilder;
use git2::{FileMode, ObjectType, Repository, Signature, Time};
use tempfile::TempDir;

use super::{BRANCH, Edit, History, Origin, create, oid, revision_id};
use crate::revision::{Author, Message, Moment, RevisionId};

/// When the first revision is made: 2026-11-01 10:00 UTC. Each later one comes a minute after.
pub(super) const EPOCH: i64 = 1_793_527_200;

pub(super) struct Fixture {
    pub folder: TempDir,
    pub history: History,
    /// What revisions are recorded through; it sees none of what `history` keeps in memory.
    writer: Repository,
    /// All revisions, oldest first.
    pub revisions: Vec<RevisionId>,
}

impl Fixture {
    /// A repository whose first revision holds these files.
    pub(super) fn new(files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let author = Author {
            name: "Ada".into(),
            email: "ada@example.org".into(),
        };
        let time = Moment {
            seconds: EPOCH,
            offset: 60,
        };
        let origin = Origin {
            author: author.clone(),
            committer: author,
            time,
        };
        let edits: Vec<Edit> = files
            .iter()
            .map(|(path, text)| Edit {
                path: (*path).to_owned(),
                content: Some(text.as_bytes().to_vec()),
            })
            .collect();
        let message = Message {
            text: "set up".into(),
            trailers: vec![(Message::VIA, "init".into())],
        };
        let first = create(folder.path(), &edits, &origin, &message).unwrap();
        let history = History::open(folder.path()).unwrap();
        let writer = Repository::open(folder.path()).unwrap();
        Self {
            folder,
            history,
            writer,
            revisions: vec![first],
        }
    }

    pub(super) fn root(&self) -> &Path {
        self.folder.path()
    }

    pub(super) fn head(&self) -> RevisionId {
        *self.revisions.last().unwrap()
    }

    /// Records a revision with these files changed, as loose objects.
    pub(super) fn record(&mut self, files: &[(&str, Option<&[u8]>)], message: &str) -> RevisionId {
        let id = self.commit(self.head(), files, message);
        self.writer.reference(BRANCH, oid(id).unwrap(), true, "").unwrap();
        self.revisions.push(id);
        id
    }

    /// Makes a commit that no ref names.
    pub(super) fn commit(&self, parent: RevisionId, files: &[(&str, Option<&[u8]>)], message: &str) -> RevisionId {
        let repository = &self.writer;
        let parent = repository.find_commit(oid(parent).unwrap()).unwrap();
        let mut removed = TreeUpdateBuilder::new();
        let mut written = TreeUpdateBuilder::new();
        for (path, content) in files {
            match content {
                Some(content) => {
                    let blob = repository.odb().unwrap().write(ObjectType::Blob, content).unwrap();
                    written.upsert(*path, blob, FileMode::Blob);
                }
                None => {
                    removed.remove(*path);
                }
            }
        }
        let mut tree = parent.tree().unwrap();
        for update in [&mut removed, &mut written] {
            let updated = update.create_updated(repository, &tree).unwrap();
            tree = repository.find_tree(updated).unwrap();
        }
        let minutes = i64::try_from(self.revisions.len()).unwrap();
        let time = Time::new(EPOCH + 60 * minutes, 60);
        let author = Signature::new("Ada", "ada@example.org", &time).unwrap();
        let id = repository
            .commit(None, &author, &author, message, &tree, &[&parent])
            .unwrap();
        revision_id(id).unwrap()
    }

    /// What the git program says.
    pub(super) fn git(&self, arguments: &[&str]) -> String {
        let output = Command::new("git")
            .args(arguments)
            .current_dir(self.root())
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_AUTHOR_NAME", "Ada")
            .env("GIT_AUTHOR_EMAIL", "ada@example.org")
            .env("GIT_COMMITTER_NAME", "Ada")
            .env("GIT_COMMITTER_EMAIL", "ada@example.org")
            .env("TZ", "UTC")
            .output()
            .unwrap();
        let words = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "git {arguments:?}: {words}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }
}
