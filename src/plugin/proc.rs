//! What `/proc` tells of a process. It knows the kernel's files; what follows from them is for others to say.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::files::{self, FileError};

/// More than any of these files has; they grow with the number of CPUs and groups.
const LIMIT: u64 = 1 << 20;
/// How often a second the kernel's clock ticks for programs, on every architecture that Rust knows.
const TICKS: u64 = 100;

/// A process as `/proc` shows it.
#[derive(Clone, Debug)]
pub(super) struct Proc(PathBuf);

/// Where a process comes from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Origin {
    /// The process that it is a child of.
    pub(super) parent: i32,
    /// When it was started, from the start of the system; to a tick, which it is never later than.
    pub(super) started: Duration,
}

/// As whom a process runs, and what it does about signals. In the masks, bit 0 is signal 1.
#[derive(Clone, Debug, Default)]
pub(super) struct Status {
    /// Its users: the real one, the effective one and the saved one.
    pub(super) users: Vec<u32>,
    blocked: u64,
    ignored: u64,
    caught: u64,
}

/// Which file something is, by whatever path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FileId {
    device: u64,
    inode: u64,
}

impl FileId {
    /// Nothing where there is none, or it may not be looked at.
    pub(super) fn of(path: &Path) -> Option<Self> {
        let metadata = fs::metadata(path).ok()?;
        Some(Self {
            device: metadata.dev(),
            inode: metadata.ino(),
        })
    }
}

impl Proc {
    pub(super) fn own() -> Self {
        Self("/proc/self".into())
    }

    pub(super) fn of(pid: i32) -> Self {
        Self(format!("/proc/{pid}").into())
    }

    /// Nothing where the kernel's line cannot be understood.
    pub(super) fn origin(&self) -> Result<Option<Origin>, FileError> {
        Ok(origin(&self.read("stat")?))
    }

    pub(super) fn status(&self) -> Result<Status, FileError> {
        Ok(status(&self.read("status")?))
    }

    /// Whether it reads a signal from a descriptor (`signalfd`), and has all of its threads let it wait until then.
    ///
    /// That they do would not be enough: whoever starts a program lets all signals wait for a moment.
    pub(super) fn awaits(&self, signal: i32) -> Result<bool, FileError> {
        let mut is_read = false;
        for descriptor in self.entries("fd")? {
            let is_signals = fs::read_link(&descriptor).is_ok_and(|link| link.as_os_str() == "anon_inode:[signalfd]");
            if let Some(number) = descriptor.file_name().filter(|_| is_signals) {
                let info = self.read(Path::new("fdinfo").join(number))?;
                is_read |= holds(mask(&info, "sigmask:"), signal);
            }
        }
        if !is_read {
            return Ok(false);
        }
        for thread in self.entries("task")? {
            if !holds(Self(thread).status()?.blocked, signal) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The program that it runs, by the path that the kernel knows it by.
    pub(super) fn executable(&self) -> Result<PathBuf, FileError> {
        let link = self.0.join("exe");
        fs::read_link(&link).map_err(|source| FileError::io("read", &link, source))
    }

    /// The same as a file, which has the same path as others where others are in a container.
    pub(super) fn executable_file(&self) -> Option<FileId> {
        FileId::of(&self.0.join("exe"))
    }

    /// What `/` is to it.
    pub(super) fn root(&self) -> Option<FileId> {
        FileId::of(&self.0.join("root"))
    }

    /// The first letters of its name.
    pub(super) fn name(&self) -> Result<String, FileError> {
        Ok(self.read("comm")?.trim_end_matches('\n').to_owned())
    }

    /// Which process one of its descriptors is a handle on; negative where that has ended.
    pub(super) fn handled(&self, descriptor: i32) -> Result<Option<i32>, FileError> {
        let info = self.read(format!("fdinfo/{descriptor}"))?;
        Ok(field(&info, "Pid:").and_then(|pid| pid.parse().ok()))
    }

    fn entries(&self, name: &str) -> Result<Vec<PathBuf>, FileError> {
        let folder = self.0.join(name);
        let entries = fs::read_dir(&folder).and_then(|entries| entries.map(|entry| Ok(entry?.path())).collect());
        entries.map_err(|source| FileError::io("read", &folder, source))
    }

    fn read(&self, name: impl AsRef<Path>) -> Result<String, FileError> {
        // A program's name may hold any bytes.
        let bytes = files::read(&self.0.join(name), LIMIT)?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }
}

impl Status {
    pub(super) fn ignores(&self, signal: i32) -> bool {
        holds(self.ignored, signal)
    }

    pub(super) fn catches(&self, signal: i32) -> bool {
        holds(self.caught, signal)
    }
}

fn origin(stat: &str) -> Option<Origin> {
    // The name, which may hold blanks and brackets, is the second of the fields; `started` is the 22nd.
    let mut fields = stat.rsplit_once(')')?.1.split_ascii_whitespace();
    let parent = fields.nth(1)?.parse().ok()?;
    let ticks: u64 = fields.nth(17)?.parse().ok()?;
    Some(Origin {
        parent,
        started: Duration::from_millis(ticks * 1000 / TICKS),
    })
}

fn status(text: &str) -> Status {
    let users = field(text, "Uid:").unwrap_or_default().split_ascii_whitespace();
    Status {
        users: users.take(3).filter_map(|user| user.parse().ok()).collect(),
        blocked: mask(text, "SigBlk:"),
        ignored: mask(text, "SigIgn:"),
        caught: mask(text, "SigCgt:"),
    }
}

/// One that the kernel does not tell of is as good as empty.
fn mask(text: &str, name: &str) -> u64 {
    let mask = field(text, name).and_then(|mask| u64::from_str_radix(mask, 16).ok());
    mask.unwrap_or(0)
}

fn field<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    text.lines().find_map(|line| line.strip_prefix(name)).map(str::trim)
}

fn holds(mask: u64, signal: i32) -> bool {
    u32::try_from(signal - 1).is_ok_and(|bit| mask.checked_shr(bit).is_some_and(|rest| rest & 1 == 1))
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::time::Duration;

    use super::{FileId, Proc, origin, status};

    #[test]
    fn a_name_with_brackets_and_line_ends_hides_no_field() {
        let stat = "42 (a) R 1 (b\n) S 7 42 42 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 4745916 3133440 381";
        let origin = origin(stat).unwrap();
        assert_eq!(origin.parent, 7);
        assert_eq!(origin.started, Duration::from_millis(47_459_160));
        assert!(super::origin("42 (cat").is_none());
    }

    #[test]
    fn signals_are_bits_from_1() {
        let text = "Name:\tSigCgt:\nUid:\t1\t2\t3\t4\nSigBlk:\t8000000000000000\nSigIgn:\t0000000000000001\nSigCgt:\t0000000000000200\n";
        let status = status(text);
        assert_eq!(status.users, [1, 2, 3]);
        assert!(status.ignores(1) && !status.ignores(2));
        assert!(status.catches(10) && !status.catches(9) && !status.catches(0) && !status.catches(65));
        assert!(super::holds(status.blocked, 64));
    }

    #[test]
    fn this_process_is_told_as_it_is() {
        let own = Proc::own();
        let origin = own.origin().unwrap().unwrap();
        let parent = rustix::process::getppid().unwrap().as_raw_nonzero().get();
        assert_eq!(origin.parent, parent);
        let program = std::env::current_exe().unwrap();
        assert_eq!(own.executable().unwrap(), program);
        assert_eq!(own.executable_file(), FileId::of(&program));
        assert!(own.root().is_some() && own.root() == FileId::of(Path::new("/")));
        assert!(!own.awaits(1).unwrap());
        let user = rustix::process::getuid().as_raw();
        assert_eq!(own.status().unwrap().users[0], user);
    }
}
