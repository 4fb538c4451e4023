//! What `/proc` tells of a process. It knows the kernel's files; what follows from them is for others to say.

use std::path::PathBuf;

use crate::files::{self, FileError};

/// More than any of these files has; they grow with the number of CPUs and groups.
const LIMIT: u64 = 1 << 20;

/// What a process does about signals, as masks in which bit 0 is signal 1.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Signals {
    ignored: u64,
    caught: u64,
}

impl Signals {
    /// Those of this process.
    pub(super) fn own() -> Result<Self, FileError> {
        let status = files::read(&PathBuf::from("/proc/self/status"), LIMIT)?;
        let status = String::from_utf8_lossy(&status);
        Ok(Self {
            ignored: mask(&status, "SigIgn:"),
            caught: mask(&status, "SigCgt:"),
        })
    }

    pub(super) fn ignores(self, signal: i32) -> bool {
        holds(self.ignored, signal)
    }

    pub(super) fn catches(self, signal: i32) -> bool {
        holds(self.caught, signal)
    }
}

fn mask(status: &str, name: &str) -> u64 {
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    // One that the kernel does not tell of is as good as empty.
    line.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .unwrap_or(0)
}

fn holds(mask: u64, signal: i32) -> bool {
    u32::try_from(signal - 1).is_ok_and(|bit| mask.checked_shr(bit).is_some_and(|rest| rest & 1 == 1))
}
