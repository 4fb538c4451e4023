//! The program under strace: which system calls it makes, and what becomes of it when one of them kills it or
//! fails.

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;

use crate::environment::{Screen, TestEnvironment, VALVECFG};

/// Calls that alter what a reader of the disk sees. Between two of them a kill leaves the same state.
const ALTERING: [&str; 19] = [
    "rename",
    "renameat",
    "renameat2",
    "unlink",
    "unlinkat",
    "rmdir",
    "mkdir",
    "mkdirat",
    "link",
    "linkat",
    "symlink",
    "write",
    "pwrite64",
    "writev",
    "ftruncate",
    "fchown",
    "fchmod",
    "fsetxattr",
    "copy_file_range",
];
/// Calls on files that can fail.
const ON_FILES: [&str; 22] = [
    "open",
    "openat",
    "read",
    "pread64",
    "fsync",
    "fdatasync",
    "syncfs",
    "statx",
    "newfstatat",
    "access",
    "readlink",
    "getdents64",
    "flock",
    "fcntl",
    "lseek",
    "getcwd",
    "chmod",
    "utimensat",
    "listxattr",
    "getxattr",
    "fgetxattr",
    "lstat",
];

/// The program with its threads, and none of the programs that it runs.
const TRACE: [&str; 3] = ["-f", "-b", "execve"];

/// Calls after which something is on the disk.
const SYNCS: [&str; 3] = ["fsync", "fdatasync", "syncfs"];

/// One system call of a run.
#[derive(Clone, Debug)]
pub(super) struct Call {
    pub name: String,
    /// Which one of that name in its thread, from 1.
    pub nth: usize,
    pub text: String,
}

impl Call {
    /// Whether it alters what a reader of the disk sees.
    pub(super) fn is_altering(&self) -> bool {
        let creates = self.name.starts_with("open") && self.text.contains("O_CREAT");
        creates || ALTERING.contains(&self.name.as_str())
    }

    /// Whether something is on the disk only after it.
    pub(super) fn is_sync(&self) -> bool {
        SYNCS.contains(&self.name.as_str())
    }

    /// Whether it is a call on files.
    pub(super) fn is_on_files(&self) -> bool {
        self.is_altering() || ON_FILES.contains(&self.name.as_str())
    }
}

/// What happens at a call.
#[derive(Clone, Copy, Debug)]
pub(super) enum Fault {
    /// SIGKILL, before the call.
    Kill,
    /// The call fails with this error.
    Once(&'static str),
    /// It and all later calls of its name fail with this error.
    Always(&'static str),
}

/// Whether strace can be used here.
pub(super) fn is_missing() -> Option<&'static str> {
    let traced = Command::new("strace").args(["-o", "/dev/null", "true"]).output();
    match traced {
        Ok(output) if output.status.success() => None,
        Ok(_) => Some("strace is not allowed to trace"),
        Err(_) => Some("there is no strace"),
    }
}

/// Every system call that a run makes, in order.
#[track_caller]
pub(super) fn calls(environment: &TestEnvironment, arguments: &[&str]) -> Vec<Call> {
    calls_with(environment, &[], arguments)
}

/// Every system call that a run with these options of strace makes, in order.
#[track_caller]
pub(super) fn calls_with(environment: &TestEnvironment, options: &[&str], arguments: &[&str]) -> Vec<Call> {
    let log = environment.folder().join("calls");
    let mut command = environment.command("strace");
    command
        .args(TRACE)
        .args(options)
        .args(["-s", "512", "-o", log.to_str().unwrap(), VALVECFG])
        .args(arguments);
    let screen = environment.screen(&mut command);
    assert!(screen.status.success(), "{screen}");
    let text = String::from_utf8_lossy(&fs::read(&log).unwrap()).into_owned();
    fs::remove_file(log).unwrap();
    let mut counts = BTreeMap::new();
    let mut calls = Vec::new();
    for line in text.lines() {
        // `1234 openat(…) = 3`; signals and exits begin otherwise.
        let Some((thread, text)) = line.split_once(' ') else {
            continue;
        };
        let text = text.trim_start();
        let Some((name, _)) = text.split_once('(') else {
            continue;
        };
        if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
            continue;
        }
        let count: &mut usize = counts.entry((thread, name.to_owned())).or_default();
        *count += 1;
        // Threads are counted alike, so one point stands for the same of all of them.
        if calls.iter().any(|call: &Call| call.name == name && call.nth == *count) {
            continue;
        }
        calls.push(Call {
            name: name.to_owned(),
            nth: *count,
            text: text.to_owned(),
        });
    }
    calls
}

/// Runs the program with a fault at one of its calls.
pub(super) fn run(environment: &TestEnvironment, call: &Call, fault: Fault, arguments: &[&str]) -> Screen {
    run_with(environment, call, fault, &[], arguments)
}

/// Runs the program with these options of strace and with a fault at one of its calls.
pub(super) fn run_with(
    environment: &TestEnvironment,
    call: &Call,
    fault: Fault,
    options: &[&str],
    arguments: &[&str],
) -> Screen {
    let Call { name, nth, .. } = call;
    let fault = match fault {
        Fault::Kill => format!("signal=KILL:when={nth}"),
        Fault::Once(error) => format!("error={error}:when={nth}"),
        Fault::Always(error) => format!("error={error}:when={nth}+"),
    };
    inject(environment, name, &fault, options, arguments)
}

/// Runs the program with these options of strace, on a system that says that it syncs and does not.
pub(super) fn run_without_sync(environment: &TestEnvironment, options: &[&str], arguments: &[&str]) -> Screen {
    let syncs = SYNCS.join(",");
    inject(environment, &syncs, "retval=0", options, arguments)
}

fn inject(environment: &TestEnvironment, names: &str, fault: &str, options: &[&str], arguments: &[&str]) -> Screen {
    // Calls that the options are about are traced too.
    let traced = options
        .iter()
        .filter_map(|option| option.strip_prefix("inject=")?.split(':').next());
    let trace = format!(
        "trace={}",
        [names].into_iter().chain(traced).collect::<Vec<_>>().join(",")
    );
    let inject = format!("inject={names}:{fault}");
    let mut command = environment.command("strace");
    command.args(TRACE);
    command.args(options);
    command.args(["-o", "/dev/null", "-e", &trace, "-e", &inject, VALVECFG]);
    environment.screen(command.args(arguments))
}
