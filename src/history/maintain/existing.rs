//! The packs that the repository has, as their indexes tell.

use std::io;
use std::path::{Path, PathBuf};

use git2::Oid;

use super::super::HistoryError;
use super::super::pack::{IDS, MAGIC};
use crate::files::{self, Durability, FileError};

/// An index has 28 bytes for each object; one above this belongs to no store.
const LIMIT: u64 = 1 << 30;
/// Packs with one of these beside them have a purpose of their own and are left alone.
const MARKS: [&str; 4] = ["keep", "promisor", "mtimes", "bitmap"];

/// One pack and the ids that its index names.
#[derive(Clone, Debug)]
pub(super) struct ExistingPack {
    /// Its path, without `.pack`.
    stem: PathBuf,
    name: String,
    index: Vec<u8>,
    count: usize,
    foldable: bool,
}

/// All packs whose index can be read, by name.
pub(super) fn list(git: &Path) -> Result<Vec<ExistingPack>, HistoryError> {
    let folder = git.join("objects/pack");
    let io = |source| FileError::io("list", &folder, source);
    let entries = match std::fs::read_dir(&folder) {
        Ok(entries) => entries,
        Err(source) if source.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(source) => return Err(io(source).into()),
    };
    // Then somebody's git keeps the packs in order, and no pack may go without that file knowing.
    let managed = folder.join("multi-pack-index").exists();
    let mut packs = Vec::new();
    for entry in entries {
        let file = entry.map_err(io)?.file_name();
        let Some(name) = file.to_str().and_then(|name| name.strip_suffix(".idx")) else {
            continue;
        };
        let stem = folder.join(name);
        let beside = |extension| stem.with_extension(extension).exists();
        let Some(index) = files::read_if_present(&stem.with_extension("idx"), LIMIT)? else {
            continue;
        };
        if let (true, Some(count)) = (beside("pack"), count(&index)) {
            packs.push(ExistingPack {
                foldable: !managed && !MARKS.into_iter().any(beside),
                name: name.to_owned(),
                stem,
                index,
                count,
            });
        }
    }
    packs.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(packs)
}

/// How many packs hold fewer than so many objects, as the sizes of their indexes tell. What cannot be read is none.
pub(super) fn count_small(git: &Path, objects: usize) -> usize {
    let Ok(entries) = std::fs::read_dir(git.join("objects/pack")) else {
        return 0;
    };
    // The checksums of the pack and of the index come last.
    let size = (IDS + objects * 28 + 40) as u64;
    let is_small = |entry: &std::fs::DirEntry| {
        let is_index = entry.path().extension().is_some_and(|extension| extension == "idx");
        is_index && entry.metadata().is_ok_and(|metadata| metadata.len() < size)
    };
    entries.flatten().filter(is_small).count()
}

/// How many objects an index names; nothing where it is none that we can read.
fn count(index: &[u8]) -> Option<usize> {
    let last = index.get(IDS - 4..IDS).filter(|_| index.starts_with(MAGIC))?;
    let count = usize::try_from(u32::from_be_bytes(last.try_into().ok()?)).ok()?;
    index.get(IDS..IDS + count * 20)?;
    Some(count)
}

impl ExistingPack {
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn len(&self) -> usize {
        self.count
    }

    /// Whether it may be folded into another and removed.
    pub(super) fn is_foldable(&self) -> bool {
        self.foldable
    }

    pub(super) fn file(&self, extension: &str) -> PathBuf {
        self.stem.with_extension(extension)
    }

    fn raw_ids(&self) -> &[[u8; 20]] {
        self.index[IDS..IDS + self.count * 20].as_chunks().0
    }

    pub(super) fn ids(&self) -> impl Iterator<Item = Oid> + '_ {
        // Twenty bytes are an id.
        self.raw_ids().iter().filter_map(|id| Oid::from_bytes(id).ok())
    }

    /// Whether a larger pack names all that this one names. Of two that name the same, one is held by the other.
    pub(super) fn is_held_by(&self, other: &Self) -> bool {
        let larger = (other.count, &other.name) > (self.count, &self.name);
        let theirs = other.raw_ids();
        larger && self.raw_ids().iter().all(|id| theirs.binary_search(id).is_ok())
    }

    /// Has the pack made durable at the next barrier.
    pub(super) fn note(&self, durability: &mut Durability) {
        durability.file(&self.file("pack"));
        durability.file(&self.file("idx"));
    }

    /// Removes it, first the index: without that nobody begins to read it.
    pub(super) fn remove(&self, durability: &mut Durability) -> Result<(), HistoryError> {
        for extension in ["idx", "rev", "pack"] {
            files::remove(&self.file(extension))?;
        }
        if let Some(folder) = self.stem.parent() {
            durability.folder(folder);
        }
        Ok(())
    }
}
