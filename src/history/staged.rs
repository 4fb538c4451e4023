//! The objects of a revision on their way into the object database: each in a file of its own, or many as one pack.
//! They are staged, made durable by the caller, renamed into place, and found in either place by who recovers.

use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::read::ZlibDecoder;
use flate2::write::ZlibEncoder;
use git2::{ErrorCode, Oid, Repository};
use serde::{Deserialize, Serialize};

use super::pack::{self, Pack};
use super::prepare::Object;
use super::publish::incoming;
use super::{BlobId, History, HistoryError, unexpected};
use crate::files::{self, Durability, FileError, Ownership};
use crate::revision::RevisionId;

/// What was staged. Placed objects are never taken back: git may have come to rely on them at once, and unused ones do
/// no harm.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Objects {
    /// The ids of those that have a file of their own.
    objects: Vec<String>,
    /// The pack that holds them instead, where they are many: the name of both its files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pack: Option<String>,
}

impl Objects {
    /// Writes each to a file of its own.
    pub(super) fn stage_each<'o>(
        objects: impl Iterator<Item = (&'o Object, u32)>,
        git: &Path,
        ownership: Ownership,
        durability: &mut Durability,
    ) -> Result<Self, HistoryError> {
        let mut ids = Vec::new();
        for (object, mode) in objects {
            let id = object.id.to_string();
            let staged = incoming(git).join(&id);
            files::create(&staged, &loose(object, &staged)?, mode, ownership)?;
            durability.file(&staged);
            ids.push(id);
        }
        Ok(Self {
            objects: ids,
            pack: None,
        })
    }

    /// Writes all to one pack.
    pub(super) fn stage_pack(
        objects: &[Object],
        git: &Path,
        ownership: Ownership,
        durability: &mut Durability,
    ) -> Result<Self, HistoryError> {
        let incoming = incoming(git);
        let pack = Pack::of(objects).map_err(|source| FileError::io("pack objects in", &incoming, source))?;
        for (extension, bytes) in [("pack", &pack.content), ("idx", &pack.index)] {
            let staged = incoming.join(&pack.name).with_extension(extension);
            files::create(&staged, bytes, 0o444, ownership)?;
            durability.file(&staged);
        }
        Ok(Self {
            objects: Vec::new(),
            pack: Some(pack.name),
        })
    }

    /// Renames them, durable by now, into the object database. `revision` is one of them.
    pub(super) fn place(
        &self,
        revision: RevisionId,
        git: &Path,
        ownership: Ownership,
        durability: &mut Durability,
    ) -> Result<(), HistoryError> {
        let incoming = incoming(git);
        if let Some(pack) = &self.pack {
            place_pack(pack, revision, git, ownership, durability)?;
        }
        for id in &self.objects {
            let staged = incoming.join(id);
            let placed = object_path(git, id);
            let place = |durability: &mut Durability| -> Result<(), FileError> {
                if let Some(folder) = placed.parent() {
                    if files::create_folder(folder, ownership)? {
                        durability.folder(&git.join("objects"));
                    }
                    durability.folder(folder);
                }
                files::rename(&staged, &placed)
            };
            // A git that packs objects removes the folders that it empties, and may do so in between.
            let gone = |error: &FileError| error.is_not_found() && staged.exists();
            let placing = match place(durability) {
                Err(error) if gone(&error) => place(durability),
                placing => placing,
            };
            match placing {
                Ok(()) => {}
                // Placed before a crash, and perhaps packed since by somebody else.
                Err(error) if error.is_not_found() && (placed.exists() || is_packed(git, id)?) => {}
                Err(error) => return Err(error.into()),
            }
        }
        durability.folder(&incoming);
        Ok(())
    }

    /// Removes a pack that was put in place without its index, which nobody can read.
    pub(super) fn withdraw(&self, git: &Path) -> Result<(), HistoryError> {
        if let Some(pack) = &self.pack {
            let placed = packs(git).join(pack);
            if !files::exists(&placed.with_extension("idx"))? {
                files::remove(&placed.with_extension("pack"))?;
            }
        }
        Ok(())
    }
}

fn place_pack(
    name: &str,
    revision: RevisionId,
    git: &Path,
    ownership: Ownership,
    durability: &mut Durability,
) -> Result<(), HistoryError> {
    let folder = packs(git);
    if files::create_folder(&folder, ownership)? {
        durability.folder(&git.join("objects"));
    }
    // The index last: with it a pack begins to be read.
    for extension in ["pack", "idx"] {
        let placed = folder.join(name).with_extension(extension);
        match files::rename(&incoming(git).join(name).with_extension(extension), &placed) {
            Ok(()) => {}
            // Placed before a crash, and perhaps folded into another since, which then holds all of it.
            Err(error) if error.is_not_found() && (placed.exists() || is_packed(git, &revision.to_string())?) => {}
            Err(error) => return Err(error.into()),
        }
    }
    durability.folder(&folder);
    Ok(())
}

fn packs(git: &Path) -> PathBuf {
    git.join("objects/pack")
}

fn object_path(git: &Path, id: &str) -> PathBuf {
    git.join("objects").join(&id[..2]).join(&id[2..])
}

fn is_packed(git: &Path, id: &str) -> Result<bool, HistoryError> {
    let known = Repository::open(git).and_then(|repository| {
        let id = Oid::from_str(id)?;
        Ok(repository.odb()?.exists(id))
    });
    known.map_err(HistoryError::git("look for an object"))
}

impl History {
    /// A file's content by its id, if the repository has it or is about to have it.
    ///
    /// # Errors
    /// Also where the repository may have it and could not be looked at: what follows from its absence cannot be
    /// taken back.
    pub fn find_blob(&self, blob: BlobId) -> Result<Option<Vec<u8>>, HistoryError> {
        if let Some(content) = placed_blob(&self.repository, blob)? {
            return Ok(Some(content));
        }
        // libgit2 takes what it cannot look at for absent, and remembers which packs it has seen.
        let again = Repository::open(&self.git).map_err(HistoryError::git("open the git repository"))?;
        if let Some(content) = placed_blob(&again, blob)? {
            return Ok(Some(content));
        }
        let placed = object_path(&self.git, &blob.to_string());
        if files::exists(&placed)? {
            return Err(unexpected(&placed, "libgit2 does not find it"));
        }
        let staged = incoming(&self.git).join(blob.to_string());
        let Some(packed) = files::read_if_present(&staged, u64::MAX - 1)? else {
            return staged_in_pack(&self.git, blob);
        };
        let mut object = Vec::new();
        // A power cut can leave it empty or torn: then it is none, and what it was staged for has not begun.
        if ZlibDecoder::new(packed.as_slice()).read_to_end(&mut object).is_err() {
            return Ok(None);
        }
        let header = object.iter().position(|byte| *byte == 0).map_or(0, |end| end + 1);
        let content = object.split_off(header);
        Ok(Some(content).filter(|content| BlobId::of(content).is_ok_and(|id| id == blob)))
    }
}

fn placed_blob(repository: &Repository, blob: BlobId) -> Result<Option<Vec<u8>>, HistoryError> {
    match repository.find_blob(blob.0) {
        Ok(blob) => Ok(Some(blob.content().to_vec())),
        Err(error) if error.code() == ErrorCode::NotFound => Ok(None),
        Err(source) => Err(HistoryError::Git {
            action: "read a recorded file",
            source,
        }),
    }
}

/// A file's content in a pack that is staged.
fn staged_in_pack(git: &Path, blob: BlobId) -> Result<Option<Vec<u8>>, HistoryError> {
    let incoming = incoming(git);
    let io = |source: io::Error| FileError::io("list", &incoming, source);
    // After a power cut, one of the two may be in place already.
    let where_it_is = |name: &Path| {
        let staged = incoming.join(name);
        if staged.exists() { staged } else { packs(git).join(name) }
    };
    let entries = match std::fs::read_dir(&incoming) {
        Ok(entries) => entries,
        Err(source) if source.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(io(source).into()),
    };
    for entry in entries {
        let name = PathBuf::from(entry.map_err(io)?.file_name());
        if name
            .extension()
            .is_none_or(|extension| extension != "pack" && extension != "idx")
        {
            continue;
        }
        let (pack, index) = (name.with_extension("pack"), name.with_extension("idx"));
        let found = pack::find(&where_it_is(&pack), &where_it_is(&index), blob.0);
        let found = found.map_err(|source| FileError::io("read", &incoming.join(pack), source))?;
        if let Some(content) = found.filter(|content| BlobId::of(content).is_ok_and(|id| id == blob)) {
            return Ok(Some(content));
        }
    }
    Ok(None)
}

/// The object as git stores it in a file of its own.
fn loose(object: &Object, path: &Path) -> Result<Vec<u8>, HistoryError> {
    let failed = |source| files::FileError::io("compress", path, source);
    let mut encoder = ZlibEncoder::new(Vec::with_capacity(object.data.len() / 2 + 64), Compression::fast());
    write!(encoder, "{} {}\0", object.kind.str(), object.data.len()).map_err(failed)?;
    encoder.write_all(&object.data).map_err(failed)?;
    Ok(encoder.finish().map_err(failed)?)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::PathBuf;

    use super::super::fixture::Fixture;
    use super::super::{BlobId, Edit, History, Origin, Publication, sweep, withdraw};
    use super::{Durability, Ownership, files, incoming};
    use crate::revision::{Author, Message, Moment};

    /// A revision of many files, staged.
    struct Staged {
        fixture: Fixture,
        publication: Publication,
        durability: Durability,
        ownership: Ownership,
        name: String,
    }

    impl Staged {
        fn new() -> Self {
            let fixture = Fixture::new(&[("plugins/valve.toml", "threshold = 0\n")]);
            let git = fixture.history.git_folder();
            let ownership = Ownership::of(git).unwrap();
            let mut durability = Durability::begin(git).unwrap();
            let edits: Vec<Edit> = (0..300)
                .map(|number| Edit {
                    path: format!("plugins/pump-{number}.toml"),
                    content: Some(content(number)),
                })
                .collect();
            let author = Author {
                name: "Ada".into(),
                email: "ada@example.org".into(),
            };
            let origin = Origin {
                author: author.clone(),
                committer: author,
                time: Moment { seconds: 0, offset: 0 },
            };
            let head = Some(fixture.head());
            let mut prepared = fixture
                .history
                .prepare(head, &edits, &origin, &Message::default())
                .unwrap();
            prepared.keep(b"kept", false).unwrap();
            sweep(git, ownership).unwrap();
            let staged = prepared.stage(git, ownership, &mut durability).unwrap();
            let publication = staged
                .complete(&fixture.history, &|_| None, ownership, &mut durability)
                .unwrap();
            let name = publication.objects.pack.clone().unwrap();
            Self {
                fixture,
                publication,
                durability,
                ownership,
                name,
            }
        }

        fn staged(&self, extension: &str) -> PathBuf {
            incoming(self.fixture.history.git_folder())
                .join(&self.name)
                .with_extension(extension)
        }

        fn placed(&self, extension: &str) -> PathBuf {
            let packs = self.fixture.history.git_folder().join("objects/pack");
            packs.join(&self.name).with_extension(extension)
        }

        fn place(&mut self) {
            let git = self.fixture.history.git_folder();
            self.publication
                .place(git, self.ownership, &mut self.durability)
                .unwrap();
        }

        /// What a new process finds of the content of a file of it.
        fn found(&self, content: &[u8]) -> Option<Vec<u8>> {
            let history = History::open(self.fixture.root()).unwrap();
            history.find_blob(BlobId::of(content).unwrap()).unwrap()
        }

        #[track_caller]
        fn check_found(&self) {
            for number in [0, 1, 150, 299] {
                assert_eq!(self.found(&content(number)), Some(content(number)));
            }
            assert_eq!(self.found(b"kept").as_deref(), Some(&b"kept"[..]));
            assert_eq!(self.found(b"never"), None);
        }
    }

    /// From none to some hundred KiB, so that the length takes one to three bytes.
    fn content(number: usize) -> Vec<u8> {
        let line = format!("threshold = {number}\n");
        line.repeat(if number == 299 { 20_000 } else { number }).into_bytes()
    }

    #[test]
    fn many_objects_are_one_pack_that_git_finds_right() {
        let mut staged = Staged::new();
        assert_eq!(
            fs::read_dir(incoming(staged.fixture.history.git_folder()))
                .unwrap()
                .count(),
            6
        );
        staged.place();
        staged.check_found();
        let fixture = &staged.fixture;
        let revision = staged.publication.revision.to_string();
        fixture.git(&["update-ref", "refs/heads/main", &revision]);
        fixture.git(&["fsck", "--strict", "--full"]);
        fixture.git(&["verify-pack", staged.placed("idx").to_str().unwrap()]);
        let counts = fixture.git(&["count-objects", "-v"]);
        assert!(
            counts.contains("packs: 1\n") && counts.contains("garbage: 0\n"),
            "{counts}"
        );
        let read = fixture.git(&["cat-file", "blob", &format!("{revision}:plugins/pump-299.toml")]);
        assert_eq!(read.into_bytes(), content(299));
        // A pack is made over again byte by byte, if it is made again.
        fixture.git(&["index-pack", "-o", "again.idx", staged.placed("pack").to_str().unwrap()]);
        assert_eq!(
            fs::read(fixture.root().join("again.idx")).unwrap(),
            fs::read(staged.placed("idx")).unwrap()
        );
    }

    #[test]
    fn interrupted_between_its_two_files_a_pack_is_read_and_placed_all_the_same() {
        let mut staged = Staged::new();
        staged.check_found();
        // After a power cut, either name can be the one that is on the disk.
        for extension in ["pack", "idx"] {
            fs::rename(staged.staged(extension), staged.placed(extension)).unwrap();
            staged.check_found();
            fs::rename(staged.placed(extension), staged.staged(extension)).unwrap();
        }
        fs::rename(staged.staged("pack"), staged.placed("pack")).unwrap();
        staged.place();
        staged.check_found();
        staged.place();
        staged.check_found();
        staged.fixture.git(&["fsck", "--strict", "--full"]);
    }

    #[test]
    fn a_pack_that_was_placed_without_its_index_is_taken_back_and_a_whole_one_stays() {
        let mut staged = Staged::new();
        fs::rename(staged.staged("pack"), staged.placed("pack")).unwrap();
        withdraw(&staged.publication, staged.fixture.history.git_folder()).unwrap();
        assert!(!staged.placed("pack").exists());
        let mut other = Staged::new();
        other.place();
        withdraw(&other.publication, other.fixture.history.git_folder()).unwrap();
        assert!(other.placed("pack").exists() && other.placed("idx").exists());
        // As with a loose object that is neither here nor there.
        let git = staged.fixture.history.git_folder().to_owned();
        let placing = staged.publication.place(&git, staged.ownership, &mut staged.durability);
        assert!(placing.is_err());
    }

    #[test]
    fn of_a_torn_pack_only_what_is_whole_is_found() {
        let staged = Staged::new();
        let (pack, index) = (
            fs::read(staged.staged("pack")).unwrap(),
            fs::read(staged.staged("idx")).unwrap(),
        );
        for (whole, extension) in [(&pack, "pack"), (&index, "idx")] {
            fs::remove_file(staged.staged(extension)).unwrap();
            assert_eq!(staged.found(&content(299)), None);
            for length in (0..whole.len()).step_by(whole.len() / 97) {
                let zeros = vec![0; whole.len() - length];
                for torn in [whole[..length].to_vec(), [&whole[..length], &zeros].concat()] {
                    files::create(&staged.staged(extension), &torn, 0o600, staged.ownership).unwrap();
                    for number in [0, 1, 150, 299] {
                        let found = staged.found(&content(number));
                        assert!(found.is_none_or(|found| found == content(number)));
                    }
                    fs::remove_file(staged.staged(extension)).unwrap();
                }
            }
            files::create(&staged.staged(extension), whole, 0o600, staged.ownership).unwrap();
            staged.check_found();
        }
    }
}
