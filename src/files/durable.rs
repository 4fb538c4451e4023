//! Barriers: everything noted before one survives a power cut before anything after it is begun.
//!
//! One `syncfs` makes six small new files durable in a third of the time that six `fsync` and their folders
//! take, since a journalling file system commits once instead of six times. It also waits for everybody
//! else's unwritten data, so it is left for single syncs where much of that is waiting; and Linux before 5.8
//! does not report write errors through it.

use std::fs::File;
use std::io::{self, Read as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use super::FileError;

/// Above this much unwritten data of the whole system, in KiB, each file is synced by itself.
const BUSY_KIB: u64 = 32 << 10;

/// So much more for each file, in KiB: it is among what is unwritten, and syncing it by itself takes a disk longer than
/// writing this much along.
const OF_EACH_FILE_KIB: u64 = 16;

/// How many files are synced at the same time.
const AT_A_TIME: usize = 8;

/// What a thread that opens and syncs needs at most, in bytes. By default each would reserve 2 MiB.
const STACK: usize = 128 << 10;

/// What has been written and must be made durable together.
#[derive(Debug, Default)]
pub struct Durability {
    /// A handle on each file system, opened before anything was written there: `syncfs` reports the errors
    /// that happened since.
    file_systems: Vec<(u64, File)>,
    files: Vec<PathBuf>,
    folders: Vec<PathBuf>,
}

impl Durability {
    /// Begins; `folder` is a place on the file system that most will be written to.
    pub fn begin(folder: &Path) -> Result<Self, FileError> {
        let mut durability = Self::default();
        durability.watch(folder)?;
        Ok(durability)
    }

    /// Says that files will be written in `folder`, before they are.
    pub fn watch(&mut self, folder: &Path) -> Result<(), FileError> {
        let handle = File::open(folder).map_err(|source| FileError::io("open", folder, source))?;
        let device = handle
            .metadata()
            .map_err(|source| FileError::io("look at", folder, source))?
            .dev();
        if !self.file_systems.iter().any(|(known, _)| *known == device) {
            self.file_systems.push((device, handle));
        }
        Ok(())
    }

    /// Notes a file whose content must be durable at the next barrier, and its name with it.
    pub fn file(&mut self, path: &Path) {
        self.files.push(path.to_owned());
        if let Some(parent) = path.parent() {
            self.folder(parent);
        }
    }

    /// Notes a folder in which names were added, replaced or removed.
    pub fn folder(&mut self, path: &Path) {
        if !self.folders.iter().any(|known| known == path) {
            self.folders.push(path.to_owned());
        }
    }

    /// Waits until all that was noted is on the disk.
    pub fn barrier(&mut self) -> Result<(), FileError> {
        let files = std::mem::take(&mut self.files);
        let folders = std::mem::take(&mut self.folders);
        if files.is_empty() && folders.is_empty() {
            return Ok(());
        }
        if whole_file_systems(files.len())? {
            for (_, handle) in &self.file_systems {
                rustix::fs::syncfs(handle)
                    .map_err(|errno| sync_error(folders.first().or(files.first()), errno.into()))?;
            }
            return Ok(());
        }
        let files = files.iter().map(|path| (path, Kind::File));
        let folders = folders.iter().map(|path| (path, Kind::Folder));
        sync_each(&files.chain(folders).collect::<Vec<_>>())
    }
}

/// Whether to sync whole file systems: as `$VALVECFG_SYNC` says, `filesystem` or `files`, else where that reports
/// errors and waits for little else.
fn whole_file_systems(files: usize) -> Result<bool, FileError> {
    let chosen = std::env::var_os("VALVECFG_SYNC").filter(|chosen| !chosen.is_empty());
    match chosen.as_ref().map(|chosen| chosen.to_str()) {
        None => Ok(syncfs_reports_errors() && !system_is_busy(BUSY_KIB + OF_EACH_FILE_KIB * files as u64)),
        Some(Some("filesystem")) => Ok(true),
        Some(Some("files")) => Ok(false),
        Some(_) => {
            let allowed = io::Error::new(io::ErrorKind::InvalidInput, "it is `files` or `filesystem`");
            Err(FileError::io("understand", Path::new("$VALVECFG_SYNC"), allowed))
        }
    }
}

/// What is synced by itself.
#[derive(Clone, Copy)]
enum Kind {
    File,
    Folder,
}

/// Syncs files and folders one by one, several at a time: a journalling file system commits those together.
fn sync_each(paths: &[(&PathBuf, Kind)]) -> Result<(), FileError> {
    let share = paths.len().div_ceil(AT_A_TIME).max(1);
    let sync = |paths: &[(&PathBuf, Kind)]| {
        paths
            .iter()
            .try_for_each(|(path, kind)| match (File::open(path), kind) {
                // A git that packs objects removes folders that it has emptied: nothing in them is left to be synced.
                (Err(source), Kind::Folder) if source.kind() == io::ErrorKind::NotFound => Ok(()),
                (opened, _) => {
                    let synced = opened.and_then(|file| file.sync_all());
                    synced.map_err(|source| sync_error(Some(path), source))
                }
            })
    };
    std::thread::scope(|scope| {
        let mut synced = Vec::new();
        let mut threads = Vec::new();
        for paths in paths.chunks(share) {
            match std::thread::Builder::new()
                .stack_size(STACK)
                .spawn_scoped(scope, move || sync(paths))
            {
                Ok(thread) => threads.push(thread),
                // No more threads are to be had.
                Err(_) => synced.push(sync(paths)),
            }
        }
        // All are waited for, whichever fails first.
        synced.extend(threads.into_iter().map(|thread| match thread.join() {
            Ok(synced) => synced,
            Err(panic) => std::panic::resume_unwind(panic),
        }));
        synced.into_iter().collect()
    })
}

fn sync_error(path: Option<&PathBuf>, source: io::Error) -> FileError {
    let nowhere = PathBuf::new();
    FileError::io("sync to disk", path.unwrap_or(&nowhere), source)
}

/// Since Linux 5.8 `syncfs` fails if writing back any file of the file system failed.
fn syncfs_reports_errors() -> bool {
    let name = rustix::system::uname();
    let release = name.release().to_string_lossy();
    let mut numbers = release.split(|c: char| !c.is_ascii_digit()).map(str::parse::<u32>);
    match (numbers.next(), numbers.next()) {
        (Some(Ok(major)), Some(Ok(minor))) => (major, minor) >= (5, 8),
        _ => false,
    }
}

/// Whether more unwritten data waits than this, in KiB, so that syncing it all would make this writer wait for others.
/// Where the system does not tell, it counts as busy: single syncs are always right.
fn system_is_busy(most: u64) -> bool {
    let mut text = String::new();
    let read = File::open("/proc/meminfo").and_then(|mut file| file.read_to_string(&mut text));
    if read.is_err() {
        return true;
    }
    let kib = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name))?;
        line.split_whitespace().next()?.parse::<u64>().ok()
    };
    match (kib("Dirty:"), kib("Writeback:")) {
        (Some(dirty), Some(writeback)) => dirty + writeback > most,
        _ => true,
    }
}
