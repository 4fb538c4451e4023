//! Opening a database that belongs to another program, which may be running: it is only read, what is read is one state
//! of it, and no file is made beside it.
//!
//! - A database with a rollback journal is read as any reader does, under a shared lock.
//! - One with a write-ahead log that has its index (`-shm`) may be in use: it is read as one more reader among others,
//!   so that what stands in the log alone is seen.
//! - One whose log has no index, as after a copy, is read with the index in memory. Nobody has it open, since whoever has
//!   makes an index.
//! - One that is in this mode and has no log holds all of its content. SQLite would make a log, and so it is told that
//!   the file does not change.
//!
//! Of the last two, nobody holds a lock; that nothing has changed is looked at afterwards.

use std::fmt::Write as _;
use std::fs::{self, File, Metadata};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{FileExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use super::super::ImportError;
use crate::files::FileError;

/// A database that is being read.
pub(super) struct Reading {
    pub connection: Connection,
    /// What must not change while nobody holds a lock.
    unlocked: Option<Unlocked>,
}

struct Unlocked {
    file: PathBuf,
    before: Vec<Option<Mark>>,
}

/// What tells a file from what it was. Not when it was changed: of root, SQLite gives the log to the owner of the database
/// even where it is that.
#[derive(PartialEq, Eq)]
struct Mark {
    inode: (u64, u64),
    size: u64,
    modified: (i64, i64),
}

/// How a database is opened.
enum Way {
    Locked,
    InMemoryIndex,
    Unchanging,
}

impl Reading {
    pub(super) fn begin(path: &Path, file: &str) -> Result<Self, ImportError> {
        let io = |source| FileError::io("read", path, source);
        // The log lies beside the file itself, not beside a link to it.
        let path = fs::canonicalize(path).map_err(io)?;
        let metadata = fs::metadata(&path).map_err(io)?;
        if !metadata.is_file() {
            let found = "no file";
            let path = path.clone();
            return Err(FileError::NotRegular { path, found }.into());
        }
        let way = way(&path).map_err(io)?;
        let unlocked = match way {
            Way::Locked => None,
            Way::InMemoryIndex | Way::Unchanging => Some(Unlocked {
                before: marks(&path),
                file: path.clone(),
            }),
        };
        let connection = open(&path, &way).map_err(|error| ImportError::Database {
            file: file.to_owned(),
            error,
        })?;
        Ok(Self { connection, unlocked })
    }

    /// Whether what was read is one state of the database. Ends the reading.
    pub(super) fn ended_sound(self) -> bool {
        let Self { connection, unlocked } = self;
        drop(connection);
        unlocked.is_none_or(|unlocked| marks(&unlocked.file) == unlocked.before)
    }
}

fn open(path: &Path, way: &Way) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_URI;
    let connection = match way {
        Way::Locked => Connection::open_with_flags(uri(path, ""), flags)?,
        // An index in memory is for one that has the file to itself, and asking for that would be to write.
        Way::InMemoryIndex => Connection::open_with_flags_and_vfs(uri(path, ""), flags, c"unix-none")?,
        Way::Unchanging => Connection::open_with_flags(uri(path, "?immutable=1"), flags)?,
    };
    connection.busy_timeout(Duration::from_secs(5))?;
    // What the maker of the database wrote is not run, and its log is left as it is.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    if matches!(way, Way::InMemoryIndex) {
        connection.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
    }
    // All that is read is of one state.
    connection.execute_batch("BEGIN")?;
    Ok(connection)
}

/// A path as SQLite's URIs have it.
fn uri(path: &Path, query: &str) -> String {
    let mut uri = "file:".to_owned();
    for byte in path.as_os_str().as_bytes() {
        if byte.is_ascii_alphanumeric() || b"/._-~".contains(byte) {
            uri.push(char::from(*byte));
        } else {
            // Writing to a String cannot fail.
            let _infallible = write!(uri, "%{byte:02X}");
        }
    }
    uri + query
}

fn way(path: &Path) -> std::io::Result<Way> {
    // Byte 18 is 2 where a write-ahead log is used (section 1.3 of "Database File Format").
    let mut version = [0];
    let file = File::open(path)?;
    match file.read_exact_at(&mut version, 18) {
        Ok(()) => {}
        // Shorter than any database: SQLite says so.
        Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => return Ok(Way::Locked),
        Err(error) => return Err(error),
    }
    if version != [2] {
        return Ok(Way::Locked);
    }
    Ok(match (mark(&beside(path, "-wal")), mark(&beside(path, "-shm"))) {
        (Some(_), Some(_)) => Way::Locked,
        (Some(_), None) => Way::InMemoryIndex,
        (None, _) => Way::Unchanging,
    })
}

fn marks(path: &Path) -> Vec<Option<Mark>> {
    let beside = ["-wal", "-shm"].map(|end| beside(path, end));
    [path]
        .into_iter()
        .chain(beside.iter().map(PathBuf::as_path))
        .map(mark)
        .collect()
}

fn beside(path: &Path, end: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(end);
    PathBuf::from(name)
}

fn mark(path: &Path) -> Option<Mark> {
    let of = |found: &Metadata| Mark {
        inode: (found.dev(), found.ino()),
        size: found.size(),
        modified: (found.mtime(), found.mtime_nsec()),
    };
    fs::metadata(path).ok().as_ref().map(of)
}
