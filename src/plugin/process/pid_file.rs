//! A file that holds the number of a process, and whether it still means the process that has the number. It signals
//! nobody.

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use rustix::process::{geteuid, getpid};
use rustix::time::{ClockId, clock_gettime};

use super::{Process, SignalError};
use crate::files::{self, FileError};

/// More than a number and the blanks around it.
const LIMIT: u64 = 4096;
/// How much earlier than it was the system may say that a file was written: a tick of the slowest kernel, and what
/// passes between two looks at the clock.
const GRAIN: Duration = Duration::from_millis(11);
/// The same on file systems that keep no fractions of seconds; FAT counts every other one.
const COARSE_GRAIN: Duration = Duration::from_secs(2);
/// Everybody may write.
const WRITABLE: u32 = 0o002;

/// What a pid file says, and how far it can be believed.
pub(super) struct PidFile {
    path: PathBuf,
    pid: i32,
    written: SystemTime,
    owner: u32,
    mode: u32,
    is_in_memory: bool,
}

impl PidFile {
    pub(super) fn read(path: &Path) -> Result<Self, SignalError> {
        let (file, metadata) = files::open(path).map_err(|error| {
            if error.is_not_found() {
                let path = path.to_owned();
                return SignalError::NoPidFile { path };
            }
            error.into()
        })?;
        let is_in_memory = files::is_in_memory(&file);
        // Where it is written anew from here on, its time is older than its number, and the number is not believed.
        let written = metadata
            .modified()
            .map_err(|source| FileError::io("look at", path, source))?;
        let bytes = files::read_open(path, file, &metadata, LIMIT)?;
        let text = std::str::from_utf8(&bytes).unwrap_or_default().trim();
        let pid = text.parse().ok().filter(|pid| *pid > 0 && text.as_bytes()[0] != b'+');
        let pid: i32 = pid.ok_or_else(|| SignalError::NoNumber { path: path.to_owned() })?;
        Ok(Self {
            path: path.to_owned(),
            pid,
            written,
            owner: metadata.uid(),
            mode: metadata.mode(),
            is_in_memory,
        })
    }

    pub(super) fn pid(&self) -> i32 {
        self.pid
    }

    /// Whether the process is the one that was meant when the file was written. Whoever knows which program it must
    /// run, and has seen that it does, need not believe everything that the file says.
    pub(super) fn check(&self, process: &Process, is_known: bool) -> Result<(), SignalError> {
        let never = |found| {
            let (path, pid) = (self.path.clone(), self.pid);
            Err(SignalError::NeverMeant { path, pid, found })
        };
        if self.pid == getpid().as_raw_nonzero().get() {
            return never("valvecfg itself");
        }
        if is_known {
            return self.check_time(process, true);
        }
        // In a container it may well be the plugin, and then its program can be named.
        if self.pid == 1 {
            return never("the first of the system");
        }
        self.check_writer(process)?;
        self.check_time(process, false)
    }

    /// Nobody may have root signal a process that is not theirs by writing its number.
    fn check_writer(&self, process: &Process) -> Result<(), SignalError> {
        let users = process.proc.status()?.users;
        let is_open = self.mode & WRITABLE != 0;
        let is_theirs = self.owner == 0 || users.contains(&self.owner);
        if !geteuid().is_root() || (is_theirs && !is_open) {
            return Ok(());
        }
        Err(SignalError::ForeignPidFile {
            path: self.path.clone(),
            writer: if is_open {
                "anyone".to_owned()
            } else {
                self.owner.to_string()
            },
            pid: self.pid,
            user: users.first().copied().unwrap_or_default(),
        })
    }

    /// A process that was started after the file was written is not the one that the file is about.
    ///
    /// A file's time is the wall clock's, and a process's is from the start of the system: where the wall clock has
    /// been set in between, they cannot be compared. What is certain: the time of a file in memory lies between the
    /// start of the system and now. Where it does not, the clock was set, and only the program is left to go by.
    fn check_time(&self, process: &Process, is_known: bool) -> Result<(), SignalError> {
        let origin = process.proc.origin()?;
        let origin = origin.ok_or(SignalError::OtherProc { pid: self.pid })?;
        let booted = booted();
        let grain = match self.written.duration_since(SystemTime::UNIX_EPOCH) {
            Ok(since) if since.subsec_nanos() == 0 => COARSE_GRAIN,
            Ok(_) | Err(_) => GRAIN,
        };
        let (path, pid, written) = (self.path.clone(), self.pid, timestamp(self.written));
        if self.written > SystemTime::now() + GRAIN {
            return if is_known {
                Ok(())
            } else {
                Err(SignalError::YetToCome { path, pid, written })
            };
        }
        let started = booted + origin.started;
        let is_clock_set = self.is_in_memory && self.written + grain < booted;
        if started <= self.written + grain || (is_known && is_clock_set) {
            return Ok(());
        }
        let started = timestamp(started);
        Err(SignalError::Younger {
            path,
            pid,
            written,
            started,
        })
    }
}

/// When the system was started, by what the wall clock says now.
fn booted() -> SystemTime {
    let since_boot = || Duration::try_from(clock_gettime(ClockId::Boottime)).unwrap_or_default();
    let mut narrowest = Duration::MAX;
    let mut booted = SystemTime::UNIX_EPOCH;
    // Somebody else may run between two looks at the clocks, but hardly every time.
    for _ in 0..8 {
        let before = since_boot();
        let now = SystemTime::now();
        let between = since_boot().saturating_sub(before);
        if between < narrowest {
            narrowest = between;
            booted = now - before;
        }
    }
    booted
}

fn timestamp(time: SystemTime) -> Timestamp {
    Timestamp::try_from(time).unwrap_or_default()
}
