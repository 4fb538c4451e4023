//! The catalogue's file: records one behind the other, read from the end, and appended to under a lock of its
//! own. Whatever is wrong with it is only [`Damaged`]: nothing is lost, since all of it can be derived again.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Write as _};
use std::os::unix::fs::{FileExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

use super::record::{FRAME, ID, checksum};
use crate::files::{self, FileError, Ownership};
use crate::revision::RevisionId;

/// A file that begins otherwise is another version's, and made anew.
const HEADER: &[u8] = b"valvecfg catalogue 1\n";
const START: u64 = HEADER.len() as u64;
/// How much is read at first; each further step doubles what is in memory.
const BLOCK: u64 = 32 << 10;

/// The records cannot be trusted from here on.
#[derive(Debug)]
pub(super) struct Damaged;

/// The records up to some end, read backwards as far as needed.
#[derive(Debug)]
pub(super) struct Records {
    file: Option<File>,
    /// How long the file was.
    length: u64,
    /// Where in the file `bytes` begins.
    begin: u64,
    bytes: Vec<u8>,
}

/// One record, checked.
#[derive(Clone, Copy, Debug)]
pub(super) struct Record {
    start: u64,
    end: u64,
    /// The revision of the record before.
    pub previous: Option<RevisionId>,
    /// The revision of this one.
    pub id: RevisionId,
}

impl Record {
    /// Where the record before ends.
    pub(super) fn start(&self) -> u64 {
        self.start
    }
}

pub(super) fn path(git: &Path) -> PathBuf {
    git.join("valvecfg/catalogue")
}

impl Records {
    /// None at all.
    pub(super) fn empty() -> Self {
        Self {
            file: None,
            length: 0,
            begin: 0,
            bytes: HEADER.to_vec(),
        }
    }

    /// Those of the file at `path`; none where there is no such file, or it is something else.
    pub(super) fn open(path: &Path) -> Self {
        Self::read(path).unwrap_or_else(|_| Self::empty())
    }

    fn read(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        let length = file.metadata()?.len();
        let mut header = [0; HEADER.len()];
        if file.read_exact_at(&mut header, 0).is_err() || header != HEADER {
            // Its length is noted, so that it can be replaced.
            return Ok(Self {
                file: Some(file),
                length,
                ..Self::empty()
            });
        }
        Ok(Self {
            file: Some(file),
            length,
            begin: length,
            bytes: Vec::new(),
        })
    }

    /// Where the last record ends.
    pub(super) fn end(&self) -> u64 {
        self.begin + self.bytes.len() as u64
    }

    /// The record that ends at `end`; none where that is the beginning.
    pub(super) fn before(&mut self, end: u64) -> Result<Option<Record>, Damaged> {
        if end == START {
            return Ok(None);
        }
        let start = self.start(end)?;
        let previous = if start == START {
            None
        } else {
            let start = self.start(start)?;
            Some(self.id(start)?)
        };
        let frame = self.slice(start, end)?;
        let length = frame.len();
        let sum = checksum(previous, &frame[..4], &frame[4..length - 8]).to_le_bytes();
        if frame[..4] != frame[length - 4..] || sum != frame[length - 8..length - 4] {
            return Err(Damaged);
        }
        let id = self.id(start)?;
        Ok(Some(Record {
            start,
            end,
            previous,
            id,
        }))
    }

    /// A record's body, which has been checked.
    pub(super) fn body(&mut self, record: Record) -> Result<&[u8], Damaged> {
        self.slice(record.start + 4, record.end - 8)
    }

    /// The revision of the first record.
    pub(super) fn first(&mut self) -> Result<RevisionId, Damaged> {
        if self.begin <= START {
            return self.id(START);
        }
        let mut id = [0; 20];
        let file = self.file.as_ref().ok_or(Damaged)?;
        file.read_exact_at(&mut id, START + 4).map_err(|_| Damaged)?;
        Ok(id.into())
    }

    /// All revisions from the first on whose records are whole and follow each other, and where each ends.
    pub(super) fn intact(&mut self) -> Vec<(RevisionId, u64)> {
        let mut found: Vec<(RevisionId, u64)> = Vec::new();
        let mut at = START;
        let end = self.end();
        if self.load(START).is_err() {
            return found;
        }
        while at < end {
            let Ok(length) = self.number(at) else { break };
            let next = at + u64::from(length) + FRAME as u64;
            match self.before(next) {
                Ok(Some(record)) if record.start == at => found.push((record.id, next)),
                Ok(_) | Err(Damaged) => break,
            }
            at = next;
        }
        found
    }

    /// Forgets all records from `end` on, and puts these behind the others, in memory.
    pub(super) fn replace_from(&mut self, end: Option<u64>, frames: &[u8]) {
        match end {
            Some(end) if end >= self.begin => {
                let kept = usize::try_from(end - self.begin).unwrap_or(usize::MAX);
                self.bytes.truncate(kept);
            }
            Some(end) => {
                self.begin = end;
                self.bytes.clear();
            }
            None => {
                self.begin = 0;
                self.bytes = HEADER.to_vec();
            }
        }
        self.bytes.extend_from_slice(frames);
    }

    /// Writes what [`Self::replace_from`] was told to the file at `path`, unless somebody else is at it or has
    /// been: then they have written the same, or the next reader does.
    pub(super) fn save(&mut self, path: &Path, end: Option<u64>, frames: &[u8]) -> Result<bool, FileError> {
        let io = |source: io::Error| FileError::io("write", path, source);
        if self.file.is_none() {
            make(path)?;
        }
        let Some(Appending(file)) = &lock(path)? else {
            return Ok(false);
        };
        let mut file = file;
        let metadata = file.metadata().map_err(io)?;
        let same = match &self.file {
            Some(read) => read.metadata().map_err(io)?.ino() == metadata.ino(),
            None => true,
        };
        if !same || metadata.len() != self.length {
            return Ok(false);
        }
        let kept = end.unwrap_or(0);
        if kept < self.length {
            file.set_len(kept).map_err(io)?;
        }
        let written = match end {
            Some(_) => file.write_all(frames),
            None => file.write_all(&[HEADER, frames].concat()),
        };
        if let Err(source) = written {
            // Best effort: half a record is cut off by whoever reads it.
            return Err(io(file.set_len(kept).err().unwrap_or(source)));
        }
        self.length = file.metadata().map_err(io)?.len();
        Ok(true)
    }

    /// Where the frame that ends at `end` begins, as its end says.
    fn start(&mut self, end: u64) -> Result<u64, Damaged> {
        let length = self.number(end.checked_sub(4).ok_or(Damaged)?)?;
        let start = end.checked_sub(u64::from(length) + FRAME as u64).ok_or(Damaged)?;
        if start < START || length < 21 {
            return Err(Damaged);
        }
        Ok(start)
    }

    fn id(&mut self, start: u64) -> Result<RevisionId, Damaged> {
        let bytes = self.slice(start + ID.start as u64, start + ID.end as u64)?;
        let id: [u8; 20] = bytes.try_into().map_err(|_| Damaged)?;
        Ok(id.into())
    }

    fn number(&mut self, at: u64) -> Result<u32, Damaged> {
        let bytes = self.slice(at, at + 4)?;
        Ok(u32::from_le_bytes(bytes.try_into().map_err(|_| Damaged)?))
    }

    fn slice(&mut self, from: u64, to: u64) -> Result<&[u8], Damaged> {
        if from < START || from > to || to > self.end() {
            return Err(Damaged);
        }
        self.load(from).map_err(|_| Damaged)?;
        let index = |at: u64| usize::try_from(at - self.begin).unwrap_or(usize::MAX);
        self.bytes.get(index(from)..index(to)).ok_or(Damaged)
    }

    /// Makes sure that what stands from `from` on is in memory.
    fn load(&mut self, from: u64) -> io::Result<()> {
        if from >= self.begin {
            return Ok(());
        }
        let step = BLOCK.max(self.bytes.len() as u64);
        let begin = from.min(self.begin.saturating_sub(step));
        let Some(file) = &self.file else {
            return Err(io::ErrorKind::UnexpectedEof.into());
        };
        let size = usize::try_from(self.begin - begin).map_err(io::Error::other)?;
        let mut bytes = Vec::with_capacity(size + self.bytes.len());
        bytes.resize(size, 0);
        file.read_exact_at(&mut bytes, begin)?;
        bytes.append(&mut self.bytes);
        (self.begin, self.bytes) = (begin, bytes);
        Ok(())
    }
}

/// Appends a frame, if there is a catalogue and it ends with `previous`.
pub(super) fn append(path: &Path, previous: RevisionId, frame: &[u8]) -> Result<bool, FileError> {
    let io = |source: io::Error| FileError::io("write", path, source);
    let Some(Appending(file)) = &lock(path)? else {
        return Ok(false);
    };
    let mut file = file;
    let mut records = Records::open(path);
    let end = records.end();
    let follows = matches!(records.before(end), Ok(Some(last)) if last.id == previous);
    if !follows {
        return Ok(false);
    }
    if let Err(source) = file.write_all(frame) {
        return Err(io(file.set_len(end).err().unwrap_or(source)));
    }
    Ok(true)
}

/// Makes an empty file, and its folder in a clone that nobody has written to yet.
fn make(path: &Path) -> Result<(), FileError> {
    if let Some((folder, git)) = path.parent().and_then(|folder| Some((folder, folder.parent()?))) {
        let ownership = Ownership::of(git)?;
        files::create_folder(folder, ownership)?;
        match files::create(path, b"", 0o644, ownership) {
            Err(FileError::Io { source, .. }) if source.kind() == io::ErrorKind::AlreadyExists => {}
            made => return made,
        }
    }
    Ok(())
}

/// The file, for whoever appends.
struct Appending(File);

impl Drop for Appending {
    /// Closing the file is not enough: a child that another thread is about to start shares it for a moment.
    fn drop(&mut self) {
        // It is closed in any case.
        let _closed = self.0.unlock();
    }
}

/// The file, locked; nothing where it is not there or another process appends.
fn lock(path: &Path) -> Result<Option<Appending>, FileError> {
    let io = |source: io::Error| FileError::io("lock", path, source);
    let file = match OpenOptions::new().read(true).append(true).open(path) {
        Ok(file) => file,
        Err(source) if source.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(io(source)),
    };
    match file.try_lock() {
        Ok(()) => Ok(Some(Appending(file))),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(source)) => Err(io(source)),
    }
}
