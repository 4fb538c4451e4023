//! A signal to a running process, and never to another one: it is held by a descriptor first, then looked at, then
//! signalled through the descriptor. It does not know what the signal is for.
//!
//! A process's number may be given to another at any time after its end. A descriptor stays the process's own, and as
//! long as `/proc` shows the held process by its number, what it showed by that number since was about it.

mod executable;
mod pid_file;
#[cfg(test)]
mod reuse_tests;
#[cfg(test)]
mod tests;

use std::io;
use std::os::fd::{AsRawFd as _, OwnedFd};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use signal_hook::low_level::signal_name;
use thiserror::Error;

use super::entry::Target;
use super::proc::Proc;
use crate::files::FileError;
use executable::Executable;
use pid_file::PidFile;

/// Why no signal was sent.
#[derive(Debug, Error)]
pub(crate) enum SignalError {
    /// Its number stands nowhere.
    #[error("there is no {}", path.display())]
    NoPidFile {
        /// The pid file.
        path: PathBuf,
    },
    /// It has ended.
    #[error("process {pid}, which {} names, does not run", path.display())]
    Ended {
        /// Its number.
        pid: i32,
        /// The pid file.
        path: PathBuf,
    },
    /// Nobody runs the program.
    #[error("no process runs {}", executable.display())]
    NoProcess {
        /// The program.
        executable: PathBuf,
    },
    /// A file that could not be read: the pid file, or one of `/proc`.
    #[error(transparent)]
    File(#[from] FileError),
    /// No number of a process.
    #[error("{} holds no number of a process", path.display())]
    NoNumber {
        /// The pid file.
        path: PathBuf,
    },
    /// The number of one that is never meant.
    #[error("{} names process {pid}, which is {found}", path.display())]
    NeverMeant {
        /// The pid file.
        path: PathBuf,
        /// The number.
        pid: i32,
        /// Who that is.
        found: &'static str,
    },
    /// The number came from somebody who may not signal that process.
    #[error("{} could have been written by user {writer}, and process {pid} belongs to user {user}; `process` in the manifest would say which program is meant", path.display())]
    ForeignPidFile {
        /// The pid file.
        path: PathBuf,
        /// Who may have written it; `anyone` where that is so.
        writer: String,
        /// The number.
        pid: i32,
        /// Whose process it is.
        user: u32,
    },
    /// Another process has the number by now, or the clock was set.
    #[error("{} was written at {written}, and process {pid} started at {started}: it is another one, or the clock has been set since; `process` in the manifest instead of `pid-file` asks for no time", path.display())]
    Younger {
        /// The pid file.
        path: PathBuf,
        /// The number.
        pid: i32,
        /// When the file was written.
        written: Timestamp,
        /// When the process was started.
        started: Timestamp,
    },
    /// The clock was set.
    #[error("{} was written at {written}, which is yet to come: the clock has been set since, and process {pid} may be another one; `process` in the manifest says which program is meant", path.display())]
    YetToCome {
        /// The pid file.
        path: PathBuf,
        /// The number.
        pid: i32,
        /// When the file was written.
        written: Timestamp,
    },
    /// Another process has the number by now, or the manifest is wrong.
    #[error("process {pid} runs {}, not {}", found.display(), executable.display())]
    OtherProgram {
        /// The number.
        pid: i32,
        /// What it runs.
        found: PathBuf,
        /// What it should.
        executable: PathBuf,
    },
    /// What runs is its interpreter.
    #[error("{} is a script, and what runs is its interpreter; `pid-file` in the manifest would say which process is meant", executable.display())]
    Script {
        /// The script.
        executable: PathBuf,
    },
    /// A process that cannot be held.
    #[error("process {pid} cannot be reached")]
    Hold {
        /// Its number.
        pid: i32,
        /// What the system said.
        source: io::Error,
    },
    /// The numbers there are not those of the system.
    #[error("process {pid} cannot be looked at: what /proc shows is not this system's")]
    OtherProc {
        /// Its number.
        pid: i32,
    },
    /// Nothing would come of it.
    #[error("process {pid} ignores {signal}")]
    Ignored {
        /// Its number.
        pid: i32,
        /// The signal.
        signal: &'static str,
    },
    /// It would most likely be its end.
    #[error("process {pid} does not handle {signal}, which could end it")]
    Unhandled {
        /// Its number.
        pid: i32,
        /// The signal.
        signal: &'static str,
    },
    /// No signal by that name, or one that cannot be handled.
    #[error("`{name}` is no signal that a plugin could be told by")]
    NoSignal {
        /// What stands for its name.
        name: String,
    },
}

impl SignalError {
    /// Whether it is only that nobody is there.
    pub(crate) fn is_stopped(&self) -> bool {
        matches!(
            self,
            Self::NoPidFile { .. } | Self::Ended { .. } | Self::NoProcess { .. }
        )
    }
}

/// Sends a signal to the process of a plugin.
///
/// Where several run the plugin's program, those are meant that none of them has started: the others are workers,
/// which are told by who started them and may take the same signal for something else.
pub(crate) fn send(name: &str, target: &Target) -> Result<(), SignalError> {
    let signal = named(name).ok_or_else(|| SignalError::NoSignal { name: name.to_owned() })?;
    match target {
        Target::PidFile { path, executable } => to_named(signal, path, executable.as_deref()),
        Target::Executable(executable) => to_running(signal, executable),
    }
}

/// The signal of a name, if a program can handle it.
pub(super) fn named(name: &str) -> Option<Signal> {
    let number = (1..32).find(|number| signal_name(*number) == Some(name))?;
    Signal::from_named_raw(number).filter(|signal| !matches!(*signal, Signal::KILL | Signal::STOP))
}

fn to_named(signal: Signal, path: &Path, program: Option<&Path>) -> Result<(), SignalError> {
    let pid_file = PidFile::read(path)?;
    let ended = || SignalError::Ended {
        pid: pid_file.pid(),
        path: path.to_owned(),
    };
    let process = Process::hold(pid_file.pid())?.ok_or_else(ended)?;
    let checked = program.map_or(Ok(()), |program| process.check_program(&Executable::new(program)));
    let checked = checked.and_then(|()| pid_file.check(&process, program.is_some()));
    let checked = checked.and_then(|()| process.check_handling(signal));
    // What was found out about one that has ended in between may be about another one.
    if process.is_there()? {
        checked?;
        if process.signal(signal)? {
            return Ok(());
        }
    }
    Err(ended())
}

fn to_running(signal: Signal, program: &Path) -> Result<(), SignalError> {
    let executable = Executable::new(program);
    let mut is_told = false;
    let mut refused = None;
    for pid in executable.processes()? {
        let Some(process) = Process::hold(pid)? else { continue };
        // The number may be another one's since it was looked for.
        let is_meant = executable.is_meant_by(&process.proc);
        let handles = process.check_handling(signal);
        if !process.is_there()? || !is_meant? {
            continue;
        }
        match handles {
            Ok(()) => is_told |= process.signal(signal)?,
            Err(error) => refused = Some(error),
        }
    }
    if let Some(error) = refused {
        return Err(error);
    }
    if is_told {
        return Ok(());
    }
    executable.refuse_script()?;
    let executable = executable.path();
    Err(SignalError::NoProcess { executable })
}

/// A process that is held: whatever becomes of it, no other one takes its place.
struct Process {
    pid: i32,
    handle: OwnedFd,
    proc: Proc,
}

impl Process {
    /// Holds the process of a number. Nothing where there is none.
    fn hold(pid: i32) -> Result<Option<Self>, SignalError> {
        let Some(number) = Pid::from_raw(pid) else {
            return Ok(None);
        };
        let handle = match pidfd_open(number, PidfdFlags::empty()) {
            Ok(handle) => handle,
            // The second and third say that it is the number of a thread.
            Err(Errno::SRCH | Errno::INVAL | Errno::NOENT) => return Ok(None),
            Err(errno) => {
                let source = errno.into();
                return Err(SignalError::Hold { pid, source });
            }
        };
        let process = Self {
            pid,
            handle,
            proc: Proc::of(pid),
        };
        Ok(process.is_there()?.then_some(process))
    }

    /// Whether it has not ended, so that all that was read of it in `/proc` since it is held was its own.
    fn is_there(&self) -> Result<bool, SignalError> {
        let mut ended = [PollFd::new(&self.handle, PollFlags::IN)];
        let polled = poll(&mut ended, Some(&Timespec::default()));
        polled.map_err(|errno| SignalError::Hold {
            pid: self.pid,
            source: errno.into(),
        })?;
        if !ended[0].revents().is_empty() {
            return Ok(false);
        }
        match Proc::own().handled(self.handle.as_raw_fd())? {
            Some(pid) if pid == self.pid => Ok(true),
            Some(pid) if pid < 0 => Ok(false),
            Some(_) | None => Err(SignalError::OtherProc { pid: self.pid }),
        }
    }

    fn check_program(&self, executable: &Executable<'_>) -> Result<(), SignalError> {
        if executable.is_run_by(&self.proc)? {
            return Ok(());
        }
        executable.refuse_script()?;
        Err(SignalError::OtherProgram {
            pid: self.pid,
            found: self.proc.executable()?,
            executable: executable.path(),
        })
    }

    fn check_handling(&self, signal: Signal) -> Result<(), SignalError> {
        let number = signal.as_raw();
        let pid = self.pid;
        let signal = signal_name(number).unwrap_or("the signal");
        let status = self.proc.status()?;
        if status.catches(number) || self.proc.awaits(number)? {
            return Ok(());
        }
        Err(if status.ignores(number) {
            SignalError::Ignored { pid, signal }
        } else {
            SignalError::Unhandled { pid, signal }
        })
    }

    /// Nothing happens, and the answer is no, where it has ended.
    fn signal(&self, signal: Signal) -> Result<bool, SignalError> {
        match pidfd_send_signal(&self.handle, signal) {
            Ok(()) => Ok(true),
            Err(Errno::SRCH) => Ok(false),
            Err(errno) => Err(SignalError::Hold {
                pid: self.pid,
                source: errno.into(),
            }),
        }
    }
}
