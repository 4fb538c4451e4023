//! Programs that are run to their end, or to the end of their time: what tells a plugin, what asks how it is, what
//! leads its settings up. No shell reads their arguments. It does not know what a program is for.
//!
//! Each runs in a process group of its own, so that what it has started goes with it: when its time is over, when it
//! ends, or when valvecfg itself is told to end. Any number may run at once, each in a thread of its own.
//!
//! As `sudo` and systemd do, it gives a program an environment that does not depend on who happened to start valvecfg.

use std::ffi::OsString;
use std::io::{self, ErrorKind, PipeReader, Read, Write as _};
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::{Errno, ioctl_fionbio};
use rustix::process::{Pid, PidfdFlags, Signal, WaitId, WaitIdOptions, kill_process_group, pidfd_open, waitid};
use thiserror::Error;

use super::endings::HeldBack;

/// How much of what a program says is kept, in bytes.
const WORDS: usize = 64 << 10;
/// The most that a program may answer, in bytes.
const ANSWER: usize = 64 << 20;
/// What is read before anything else is looked at, in bytes; no pipe holds more, unless root made it larger.
const TURN: usize = 1 << 20;
/// How often a program's end is looked for where the kernel has no descriptors of processes (before Linux 5.3).
const TICK: Duration = Duration::from_millis(5);

/// What a program's environment takes from ours: where programs are found, who one is, how one writes and reads.
const KEPT: [&str; 9] = [
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "LANG",
    "LANGUAGE",
    "TZ",
    "TMPDIR",
    // `systemctl --user` finds its service manager there.
    "XDG_RUNTIME_DIR",
];
/// Where programs are found if nobody says, as systemd has it.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// A program, and what it is given.
pub(crate) struct Program<'a> {
    /// Its name, which is looked for on `PATH` where it has no `/`, and its arguments.
    pub(crate) arguments: &'a [String],
    /// The folder that it runs in.
    pub(crate) folder: &'a Path,
    /// How long it may take.
    pub(crate) time: Duration,
    /// What its environment holds beside what it takes from ours.
    pub(crate) variables: &'a [(&'a str, OsString)],
    /// What it reads on its standard input.
    pub(crate) input: &'a [u8],
    /// What of it is listened to.
    pub(crate) output: Output,
}

/// What of a program is listened to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Output {
    /// Its standard output, whole. Its standard error goes where ours does.
    Answer,
    /// The last that it says, on either.
    Words,
}

/// A program that has ended.
#[derive(Debug)]
pub(crate) struct Ended {
    /// How.
    pub(crate) status: ExitStatus,
    /// What was listened to.
    pub(crate) output: Vec<u8>,
}

/// Why a program did not come to its end.
#[derive(Debug, Error)]
pub(crate) enum ProgramError {
    /// An empty list of arguments.
    #[error("no program is named")]
    Unnamed,
    /// It is not there, or is no program.
    #[error("`{program}` cannot be started")]
    Start {
        /// Its name.
        program: String,
        /// What the system said.
        source: io::Error,
    },
    /// It was started or would have been, and its end could not be waited for.
    #[error("`{program}` cannot be waited for")]
    Wait {
        /// Its name.
        program: String,
        /// What the system said.
        source: io::Error,
    },
    /// Its time was over.
    #[error("`{program}` took longer than {} s and was stopped", time.as_secs_f64())]
    Late {
        /// Its name.
        program: String,
        /// How long it was given.
        time: Duration,
    },
    /// Its answer has no end.
    #[error("`{program}` answered more than {} MiB and was stopped", ANSWER >> 20)]
    TooMuch {
        /// Its name.
        program: String,
    },
    /// This process was told to end.
    #[error("`{program}` was stopped, because valvecfg was told to end")]
    Interrupted {
        /// Its name.
        program: String,
    },
}

impl Program<'_> {
    /// Runs it. Nothing of its process group is left when this returns.
    pub(crate) fn run(&self) -> Result<Ended, ProgramError> {
        let Some((program, arguments)) = self.arguments.split_first() else {
            return Err(ProgramError::Unnamed);
        };
        let program = program.clone();
        let held = match HeldBack::begin() {
            Ok(held) => held,
            Err(error) if error.kind() == ErrorKind::Interrupted => return Err(ProgramError::Interrupted { program }),
            Err(source) => return Err(ProgramError::Wait { program, source }),
        };
        let (mut group, mut streams) = match self.start(&program, arguments) {
            Ok(started) => started,
            Err(source) => return Err(ProgramError::Start { program, source }),
        };
        let end = group.wait(&mut streams, self.time, &held);
        let status = group.end();
        let waited = end.and_then(|end| Ok((end, status?)));
        // What it printed last is still in the pipe.
        let read = streams.read();
        match (waited, read) {
            (Err(source), _) | (_, Err(source)) => Err(ProgramError::Wait { program, source }),
            (Ok((End::TooMuch, _)), _) => Err(ProgramError::TooMuch { program }),
            (Ok((End::Late, _)), _) => Err(ProgramError::Late {
                program,
                time: self.time,
            }),
            (Ok((End::Interrupted, _)), _) => Err(ProgramError::Interrupted { program }),
            (Ok((End::Own, status)), Ok(())) => Ok(Ended {
                status,
                output: streams.output,
            }),
        }
    }

    fn start(&self, program: &str, arguments: &[String]) -> io::Result<(Group, Streams<'_>)> {
        let (reads, writes) = io::pipe()?;
        ioctl_fionbio(&reads, true)?;
        let mut command = Command::new(program);
        command.args(arguments).current_dir(self.folder).process_group(0);
        command.env_clear().env("PATH", PATH).envs(kept());
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command.stdin(if self.input.is_empty() {
            Stdio::null()
        } else {
            Stdio::piped()
        });
        match self.output {
            Output::Answer => command.stderr(Stdio::inherit()),
            Output::Words => command.stderr(writes.try_clone()?),
        };
        command.stdout(writes);
        // What we open ourselves is never passed on. What somebody passed on to us, such as the lock of a script, would be
        // held by what the program leaves running.
        close_fds::set_fds_cloexec_threadsafe(3, &[]);
        let mut group = Group::start(&mut command)?;
        // With its copies of the writing end, the output would never end.
        drop(command);
        let stdin = group.child.stdin.take();
        if let Some(stdin) = &stdin {
            ioctl_fionbio(stdin, true)?;
        }
        Ok((
            group,
            Streams {
                stdin,
                input: self.input,
                reads: Some(reads),
                output: Vec::new(),
                kind: self.output,
            },
        ))
    }
}

fn kept() -> impl Iterator<Item = (OsString, OsString)> {
    std::env::vars_os().filter(|(name, _)| {
        name.to_str()
            .is_some_and(|name| KEPT.contains(&name) || name.starts_with("LC_"))
    })
}

/// A child with all that it starts. It is ended when it is dropped.
struct Group {
    child: Child,
    id: Pid,
    /// It can be read from as soon as the child has ended.
    handle: Option<OwnedFd>,
    is_reaped: bool,
}

/// What a program came to.
enum End {
    /// Its own end.
    Own,
    Late,
    TooMuch,
    Interrupted,
}

impl Group {
    fn start(command: &mut Command) -> io::Result<Self> {
        let child = command.spawn()?;
        let id = Pid::from_child(&child);
        Ok(Self {
            child,
            id,
            // Until it is reaped, the number is its own.
            handle: pidfd_open(id, PidfdFlags::empty()).ok(),
            is_reaped: false,
        })
    }

    /// Waits for the child's end, or for a reason to end it.
    fn wait(&self, streams: &mut Streams<'_>, time: Duration, held: &HeldBack) -> io::Result<End> {
        let begun = Instant::now();
        loop {
            let mut rest = time.saturating_sub(begun.elapsed());
            if self.handle.is_none() {
                rest = rest.min(TICK);
            }
            let mut watched = vec![PollFd::new(held, PollFlags::IN)];
            let handles = self.handle.iter().map(|handle| PollFd::new(handle, PollFlags::IN));
            watched.extend(handles);
            watched.extend(streams.reads.iter().map(|reads| PollFd::new(reads, PollFlags::IN)));
            watched.extend(streams.stdin.iter().map(|stdin| PollFd::new(stdin, PollFlags::OUT)));
            match poll(&mut watched, Timespec::try_from(rest).ok().as_ref()) {
                Ok(_) | Err(Errno::INTR) => {}
                Err(errno) => return Err(errno.into()),
            }
            let is_interrupted = !watched[0].revents().is_empty();
            drop(watched);
            streams.write();
            streams.read()?;
            // Not reaped yet, so that the number of its group is still its own.
            let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
            if waitid(WaitId::Pid(self.id), options)?.is_some() {
                return Ok(End::Own);
            }
            if is_interrupted {
                return Ok(End::Interrupted);
            }
            if streams.output.len() > ANSWER {
                return Ok(End::TooMuch);
            }
            if begun.elapsed() >= time {
                return Ok(End::Late);
            }
        }
    }

    /// Ends what is left of it.
    fn end(&mut self) -> io::Result<ExitStatus> {
        if !self.is_reaped {
            match kill_process_group(self.id, Signal::KILL) {
                Ok(()) | Err(Errno::SRCH) => {}
                // It is another user's (`sudo`), which cannot be ended, and may well have ended by itself.
                Err(Errno::PERM) => {
                    let status = self.child.try_wait()?;
                    self.is_reaped = status.is_some();
                    return status.ok_or_else(|| Errno::PERM.into());
                }
                Err(errno) => return Err(errno.into()),
            }
        }
        self.is_reaped = true;
        self.child.wait()
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        drop(self.end());
    }
}

/// What a program reads and prints. Neither is ever waited for.
struct Streams<'a> {
    stdin: Option<ChildStdin>,
    input: &'a [u8],
    reads: Option<PipeReader>,
    output: Vec<u8>,
    kind: Output,
}

impl Streams<'_> {
    /// Writes what the program takes. It may know its answer without reading what it was given.
    fn write(&mut self) {
        let Some(stdin) = &mut self.stdin else { return };
        while !self.input.is_empty() {
            match stdin.write(self.input) {
                Ok(written) => self.input = &self.input[written..],
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => break,
            }
        }
        self.stdin = None;
    }

    /// Reads what there is, and of one that prints without end no more than a turn.
    fn read(&mut self) -> io::Result<()> {
        let Some(reads) = &mut self.reads else { return Ok(()) };
        let mut turn = reads.take(TURN as u64);
        match turn.read_to_end(&mut self.output) {
            Ok(_) if turn.limit() > 0 => self.reads = None,
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
        if self.kind == Output::Words {
            let surplus = self.output.len().saturating_sub(WORDS);
            self.output.drain(..surplus);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;
    use std::process::Command;
    use std::thread;
    use std::time::Duration;

    use super::{Ended, KEPT, Output, Program, ProgramError, WORDS};
    use crate::plugin::sentence;

    const LONG: Duration = Duration::from_mins(5);

    fn run(arguments: &[&str], folder: &Path, time: Duration, output: Output) -> Result<Ended, ProgramError> {
        given(arguments, folder, time, output, b"")
    }

    fn given(
        arguments: &[&str],
        folder: &Path,
        time: Duration,
        output: Output,
        input: &[u8],
    ) -> Result<Ended, ProgramError> {
        let arguments: Vec<String> = arguments.iter().map(|argument| (*argument).to_owned()).collect();
        let program = Program {
            arguments: &arguments,
            folder,
            time,
            variables: &[("VALVECFG_PLUGIN", "valve".into())],
            input,
            output,
        };
        program.run()
    }

    fn words(script: &str) -> String {
        let ended = run(&["sh", "-c", script], Path::new("/"), LONG, Output::Words).unwrap();
        String::from_utf8(ended.output).unwrap()
    }

    /// Waits until a process is gone, if only to be a zombie that its new parent has not looked at. What is killed
    /// takes a moment.
    #[track_caller]
    fn assert_goes(pid: &str) {
        let stat = format!("/proc/{pid}/stat");
        let is_gone = || {
            let stat = fs::read(&stat).unwrap_or_default();
            let stat = String::from_utf8_lossy(&stat).into_owned();
            stat.rsplit(')')
                .next()
                .is_none_or(|rest| rest.is_empty() || rest.starts_with(" Z"))
        };
        for _ in 0..100_000 {
            if is_gone() {
                return;
            }
            thread::sleep(Duration::from_millis(1));
        }
        panic!("{pid} does not go");
    }

    #[test]
    fn what_it_says_is_kept_with_how_it_ended() {
        let folder = tempfile::tempdir().unwrap();
        let script = ["sh", "-c", "echo out; echo err >&2; pwd; exit 3"];
        let ended = run(&script, folder.path(), LONG, Output::Words).unwrap();
        assert_eq!(ended.status.code(), Some(3));
        let said = String::from_utf8(ended.output).unwrap();
        assert_eq!(said, format!("out\nerr\n{}\n", folder.path().display()));
        let arguments = ["printf", "%s|", "$HOME; echo", "a b", ""];
        let ended = run(&arguments, folder.path(), LONG, Output::Answer).unwrap();
        assert_eq!(ended.output, b"$HOME; echo|a b||");
    }

    #[test]
    fn its_environment_is_clean() {
        let said = words("env");
        assert!(said.contains("VALVECFG_PLUGIN=valve\n"), "{said}");
        assert!(said.contains("PATH="), "{said}");
        for line in said.lines() {
            let name = line.split('=').next().unwrap();
            // The last is the shell's own.
            let is_expected = KEPT.contains(&name) || ["VALVECFG_PLUGIN", "PWD"].contains(&name);
            assert!(is_expected || name.starts_with("LC_"), "{said}");
        }
    }

    #[test]
    fn it_gets_no_descriptor_but_the_three() {
        let folder = tempfile::tempdir().unwrap();
        // As a script passes on what it has locked.
        let passed_on = fs::File::create(folder.path().join("lock")).unwrap();
        rustix::io::fcntl_setfd(&passed_on, rustix::io::FdFlags::empty()).unwrap();
        thread::scope(|scope| {
            for _ in 0..8 {
                // The fourth is the folder that `ls` reads.
                scope.spawn(|| assert_eq!(words("exec ls /proc/self/fd"), "0\n1\n2\n3\n"));
            }
        });
        assert_eq!(words("readlink /proc/self/fd/0"), "/dev/null\n");
    }

    #[test]
    fn one_that_hangs_is_stopped_with_all_that_it_started() {
        let folder = tempfile::tempdir().unwrap();
        let script = "sleep 300 & echo $! > left; sh -c 'trap \"\" TERM HUP; sleep 300 & wait' & echo $! >> left; wait";
        let time = Duration::from_millis(500);
        let error = run(&["sh", "-c", script], folder.path(), time, Output::Words).unwrap_err();
        assert_eq!(error.to_string(), "`sh` took longer than 0.5 s and was stopped");
        let left = fs::read(folder.path().join("left")).unwrap();
        let left = String::from_utf8(left).unwrap();
        assert_eq!(left.lines().count(), 2);
        left.lines().for_each(assert_goes);
    }

    #[test]
    fn who_leaves_its_group_is_not_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let script = "setsid sh -c 'echo $$ > left; exec sleep 300' & until [ -s left ]; do sleep 0.01; done; echo me";
        let ended = run(&["sh", "-c", script], folder.path(), LONG, Output::Words).unwrap();
        assert_eq!(ended.output, b"me\n");
        let left = fs::read(folder.path().join("left")).unwrap();
        let left = String::from_utf8(left).unwrap();
        let killed = Command::new("kill").arg(left.trim()).status().unwrap();
        assert!(killed.success(), "{left} was gone already");
    }

    #[test]
    fn of_many_words_the_last_are_kept_and_of_an_answer_all() {
        let script = "head -c 1000000 /dev/zero | tr '\\0' x; printf last";
        let said = words(script);
        assert_eq!(said.len(), WORDS);
        assert!(said.ends_with("xlast"));
        let answer = ["sh", "-c", script];
        let answer = run(&answer, Path::new("/"), LONG, Output::Answer).unwrap();
        assert_eq!(answer.output.len(), 1_000_004);
        let endless = run(&["cat", "/dev/zero"], Path::new("/"), LONG, Output::Answer);
        assert!(matches!(endless, Err(ProgramError::TooMuch { .. })));
    }

    #[test]
    fn what_it_is_given_it_need_not_read() {
        let input = vec![b'x'; 1_000_000];
        let run = |script| given(&["sh", "-c", script], Path::new("/"), LONG, Output::Answer, &input).unwrap();
        assert_eq!(run("cat").output, input);
        assert_eq!(run("exec 0<&-; echo {}").output, b"{}\n");
        assert_eq!(run("echo first; cat > /dev/null; echo then").output, b"first\nthen\n");
    }

    #[test]
    fn one_that_cannot_be_started_says_why() {
        let folder = tempfile::tempdir().unwrap();
        fs::File::create(folder.path().join("text")).unwrap();
        let cases = [
            (
                "no-such-program",
                "`no-such-program` cannot be started: No such file or directory",
            ),
            ("./text", "`./text` cannot be started: Permission denied"),
            ("nul\0", "`nul\0` cannot be started: nul byte found"),
        ];
        for (program, expected) in cases {
            let error = run(&[program], folder.path(), LONG, Output::Words).unwrap_err();
            assert!(sentence(&error).starts_with(expected), "{error}");
        }
        let error = run(&[], folder.path(), LONG, Output::Words).unwrap_err();
        assert_eq!(error.to_string(), "no program is named");
    }

    #[test]
    fn many_run_at_once() {
        thread::scope(|scope| {
            for number in 0..16 {
                scope.spawn(move || {
                    let folder = Path::new("/");
                    if number % 4 == 0 {
                        let hangs = run(&["sleep", "300"], folder, Duration::from_millis(50), Output::Words);
                        assert!(matches!(hangs, Err(ProgramError::Late { .. })));
                    } else {
                        assert_eq!(words(&format!("echo {number}; exit {number}")), format!("{number}\n"));
                    }
                });
            }
        });
    }
}
