//! The exit codes, in one place. Scripts rely on them: a meaning never changes.

/// How the program ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Done, or already so.
    Done,
    /// The answer is no: invalid, differs, not set, refused by the schema.
    No,
    /// Wrong usage.
    Usage,
    /// Could not: I/O, git, lock, network.
    Failed,
    /// Conflict: `--expect` named another value, a revert overlaps, someone else was first.
    Conflict,
    /// Needs an answer, and there is no terminal.
    NeedsAnswer,
    /// A secret cannot be opened.
    Sealed,
    /// Saved, but a plugin refused it or could not be told, or its word did not come in time.
    NotApplied,
    /// Recorded, not yet live: the next command finishes it.
    NotLive,
    /// A bug in valvecfg.
    Bug,
    /// A command that was to be run is there and cannot be, as shells say it.
    NotRunnable,
    /// A command that was to be run is not there, as shells say it.
    NoCommand,
}

impl Exit {
    /// The number that the shell sees.
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::No => 1,
            Self::Usage => 2,
            Self::Failed => 3,
            Self::Conflict => 4,
            Self::NeedsAnswer => 5,
            Self::Sealed => 6,
            Self::NotApplied => 7,
            Self::NotLive => 8,
            Self::Bug => 70,
            Self::NotRunnable => 126,
            Self::NoCommand => 127,
        }
    }
}
