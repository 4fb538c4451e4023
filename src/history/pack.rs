//! A pack as git stores it: many objects in one file, and beside it the index that finds them. For a revision of many
//! files it takes the place of as many files for their objects, which the disk and every reader would pay for.
//!
//! It is made in memory and written like any other file: libgit2 writes packs through a mapping, which a full disk
//! answers with a signal instead of an error. It holds no deltas; `maintain` makes those when it folds small packs.

use std::fs::File;
use std::io::{self, BufReader, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::thread;

use flate2::bufread::ZlibDecoder;
use flate2::write::ZlibEncoder;
use flate2::{Compression, Crc};
use git2::{ObjectType, Oid};
use sha1::{Digest as _, Sha1};

use super::prepare::Object;

/// What an index of version 2 begins with.
pub(super) const MAGIC: &[u8] = b"\xfftOc\0\0\0\x02";
/// After it come 256 counts, then the ids, sorted.
pub(super) const IDS: usize = MAGIC.len() + 256 * 4;

/// With fewer objects, a file for each is as quick, and no look-up has one pack more to search.
const MANY: usize = 100;
/// So many bytes of objects at most. Places in a pack beyond 2 GiB are noted in another way.
const MOST: usize = 1 << 30;

/// A pack that stands in memory.
pub(super) struct Pack {
    /// Of both files, without what tells one from the other.
    pub name: String,
    pub content: Vec<u8>,
    pub index: Vec<u8>,
}

/// Whether new objects are better stored as one pack.
pub(super) fn is_worthwhile(objects: &[Object]) -> bool {
    let size: usize = objects.iter().map(|object| object.data.len()).sum();
    objects.len() >= MANY && size <= MOST
}

impl Pack {
    /// A pack of these objects, each of which is there once.
    pub(super) fn of(objects: &[Object]) -> io::Result<Self> {
        let packed = in_parallel(objects)?;
        let size: usize = packed.iter().map(Vec::len).sum();
        let mut content = Vec::with_capacity(size + 32);
        content.extend(b"PACK\0\0\0\x02");
        content.extend(number(objects.len())?);
        let mut entries = Vec::with_capacity(objects.len());
        for (object, packed) in objects.iter().zip(packed) {
            let mut crc = Crc::new();
            crc.update(&packed);
            entries.push((object.id, crc.sum(), content.len()));
            content.extend(packed);
        }
        let sum = Sha1::digest(&content);
        content.extend(sum);
        entries.sort_unstable_by_key(|(id, _, _)| *id);

        let mut index = Vec::with_capacity(IDS + entries.len() * 28 + 40);
        index.extend(MAGIC);
        for first in 0..=u8::MAX {
            index.extend(number(entries.partition_point(|(id, _, _)| id.as_bytes()[0] <= first))?);
        }
        index.extend(entries.iter().flat_map(|(id, _, _)| id.as_bytes()));
        index.extend(entries.iter().flat_map(|(_, crc, _)| crc.to_be_bytes()));
        for (_, _, at) in &entries {
            index.extend(number(*at)?);
        }
        index.extend(sum);
        let sum_of_index = Sha1::digest(&index);
        index.extend(sum_of_index);
        let digits = sum.iter().map(|byte| format!("{byte:02x}"));
        Ok(Self {
            name: format!("pack-{}", digits.collect::<String>()),
            content,
            index,
        })
    }
}

/// The objects as they stand in a pack, compressed on all processors.
fn in_parallel(objects: &[Object]) -> io::Result<Vec<Vec<u8>>> {
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let share = objects.len().div_ceil(threads).max(1);
    let pack = |objects: &[Object]| -> io::Result<Vec<Vec<u8>>> { objects.iter().map(packed).collect() };
    let shares: Vec<io::Result<Vec<Vec<u8>>>> = thread::scope(|scope| {
        let mut others = Vec::new();
        let mut shares = objects.chunks(share);
        let own = shares.next().unwrap_or_default();
        for objects in shares {
            let begun = thread::Builder::new().spawn_scoped(scope, move || pack(objects));
            // No more threads are to be had.
            others.push(begun.map_err(|_| objects));
        }
        let mut done = vec![pack(own)];
        done.extend(others.into_iter().map(|other| match other {
            Err(objects) => pack(objects),
            Ok(thread) => match thread.join() {
                Ok(packed) => packed,
                Err(panic) => std::panic::resume_unwind(panic),
            },
        }));
        done
    });
    shares
        .into_iter()
        .collect::<io::Result<Vec<_>>>()
        .map(|shares| shares.concat())
}

fn packed(object: &Object) -> io::Result<Vec<u8>> {
    let kind = match object.kind {
        ObjectType::Commit => 1,
        ObjectType::Tree => 2,
        ObjectType::Blob => 3,
        ObjectType::Tag => 4,
        ObjectType::Any => return Err(io::Error::other("it is no object")),
    };
    let mut packed = Vec::with_capacity(object.data.len() / 2 + 64);
    // The kind and four bits of the length, then seven bits in each byte that follows another.
    let mut size = object.data.len();
    let mut byte = (kind << 4) | size.to_le_bytes()[0] & 0x0f;
    size >>= 4;
    while size > 0 {
        packed.push(byte | 0x80);
        byte = size.to_le_bytes()[0] & 0x7f;
        size >>= 7;
    }
    packed.push(byte);
    let mut encoder = ZlibEncoder::new(packed, Compression::fast());
    encoder.write_all(&object.data)?;
    encoder.finish()
}

fn number(number: usize) -> io::Result<[u8; 4]> {
    u32::try_from(number).map(u32::to_be_bytes).map_err(io::Error::other)
}

/// The content of an object in a pack that [`Pack::of`] has made, as far as it can be read: a power cut can have left
/// half of it.
pub(super) fn find(content: &Path, index: &Path, id: Oid) -> io::Result<Option<Vec<u8>>> {
    let found = File::open(index).and_then(|index| place(&index, id)).and_then(|at| {
        let Some(at) = at else { return Ok(None) };
        let mut content = BufReader::new(File::open(content)?);
        content.seek(SeekFrom::Start(at))?;
        let mut byte = [0x80];
        while byte[0] & 0x80 != 0 {
            content.read_exact(&mut byte)?;
        }
        let mut object = Vec::new();
        ZlibDecoder::new(content).read_to_end(&mut object)?;
        Ok(Some(object))
    });
    match found {
        Err(error) if is_torn(&error) => Ok(None),
        found => found,
    }
}

/// Where in a pack an object begins.
fn place(index: &File, id: Oid) -> io::Result<Option<u64>> {
    let number = |at: u64| -> io::Result<u64> {
        let mut bytes = [0; 4];
        index.read_exact_at(&mut bytes, at)?;
        Ok(u32::from_be_bytes(bytes).into())
    };
    let counted = |first: u8| number(MAGIC.len() as u64 + 4 * u64::from(first));
    let first = id.as_bytes()[0];
    let mut low = first.checked_sub(1).map_or(Ok(0), counted)?;
    let (mut high, count) = (counted(first)?, counted(u8::MAX)?);
    while low < high {
        let middle = low.midpoint(high);
        let mut found = [0; 20];
        index.read_exact_at(&mut found, IDS as u64 + 20 * middle)?;
        match id.as_bytes().cmp(&found) {
            std::cmp::Ordering::Equal => return number(IDS as u64 + 24 * count + 4 * middle).map(Some),
            std::cmp::Ordering::Less => high = middle,
            std::cmp::Ordering::Greater => low = middle + 1,
        }
    }
    Ok(None)
}

fn is_torn(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound
            | io::ErrorKind::UnexpectedEof
            | io::ErrorKind::InvalidData
            | io::ErrorKind::InvalidInput
    )
}
