//! Carriers: what takes a change back that nobody confirms, without anybody waiting at a terminal. A timer of systemd
//! where that runs, or a service of it where plugins are to be looked at until then, else a guard: this program in the
//! background, which no hang-up and no killed parent ends.

use std::ffi::OsString;
use std::io;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{geteuid, setsid};

use crate::revision::RevisionId;
use crate::store::{Carrier, ConfirmBy, Errand};

use super::exit::Exit;

/// Where systemd runs the system, this folder is there (`sd_booted`).
const SYSTEMD: &str = "/run/systemd/system";
/// How long systemd may take to accept a timer. The writer lock is held meanwhile.
const PATIENCE: Duration = Duration::from_secs(3);
/// Who is meant, and where his settings are. A timer begins with none of these.
const VARIABLES: [&str; 8] = [
    "HOME",
    "USER",
    "SUDO_UID",
    "XDG_CONFIG_HOME",
    "GIT_AUTHOR_NAME",
    "GIT_AUTHOR_EMAIL",
    "GIT_COMMITTER_NAME",
    "GIT_COMMITTER_EMAIL",
];

/// Starts what will take a revision back: as `$VALVECFG_CARRIER` says, `systemd` or `guard`, else a unit where systemd
/// accepts one.
pub(super) fn start(errand: &Errand<'_>) -> io::Result<Carrier> {
    let chosen = std::env::var_os("VALVECFG_CARRIER").filter(|chosen| !chosen.is_empty());
    match chosen.as_ref().map(|chosen| chosen.to_str()) {
        None => {
            if Path::new(SYSTEMD).is_dir() && start_unit(errand).unwrap_or(false) {
                return Ok(Carrier::Systemd);
            }
            start_guard(errand)
        }
        Some(Some("systemd")) => {
            if start_unit(errand)? {
                return Ok(Carrier::Systemd);
            }
            Err(io::Error::other("systemd accepts no unit"))
        }
        Some(Some("guard")) => start_guard(errand),
        Some(_) => Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "$VALVECFG_CARRIER is `systemd` or `guard`",
        )),
    }
}

fn start_guard(errand: &Errand<'_>) -> io::Result<Carrier> {
    let mut command = Command::new(program());
    command.args(words(errand.store, errand.revision)).arg("--detach");
    let started = alone(&mut command).status()?;
    if started.success() {
        Ok(Carrier::Guard)
    } else {
        Err(io::Error::other(format!("the guard did not start: {started}")))
    }
}

/// Starts the guard and leaves it alone: it belongs to no terminal, and its parent ends at once.
pub(super) fn detach(store: &Path, revision: RevisionId) -> io::Result<()> {
    setsid()?;
    // What whoever called this program has left open, such as a lock or the end of a pipe, must not stay so for as long as
    // the guard waits.
    close_fds::set_fds_cloexec_threadsafe(3, &[]);
    let mut command = Command::new(program());
    alone(command.args(words(store, revision))).spawn().map(drop)
}

/// Asks systemd for a timer, the system's or the user's own. It begins to wait before the change is recorded, and what
/// it starts waits for the rest, or finds nothing to do. Where plugins are to prove the change, that is started at once.
fn start_unit(errand: &Errand<'_>) -> io::Result<bool> {
    let Some(program) = installed() else { return Ok(false) };
    let mut command = Command::new("systemd-run");
    if !geteuid().is_root() {
        command.arg("--user");
    }
    command.args(["--quiet", "--collect"]);
    match errand.by {
        ConfirmBy::Person => {
            // By default systemd may let a minute pass, to wake the machine less often.
            command.arg("--timer-property=AccuracySec=100ms");
            command.arg(format!("--on-active={}s", errand.window.duration().as_secs()));
        }
        ConfirmBy::Health => {
            command.args(["--property=Restart=on-failure", "--property=RestartSec=1s"]);
            // A conflict is for a person to decide, however often it is looked at.
            command.arg(format!("--property=RestartPreventExitStatus={}", Exit::Conflict.code()));
        }
    }
    let (revision, store) = (errand.revision.short(), errand.store.display());
    command.arg(format!("--unit=valvecfg-confirm-{revision}"));
    command.arg(format!(
        "--description=take back {revision} of {store} unless it is confirmed"
    ));
    for name in VARIABLES {
        if let Some(value) = std::env::var_os(name) {
            let mut variable = OsString::from(format!("--setenv={name}="));
            variable.push(value);
            command.arg(variable);
        }
    }
    command
        .arg("--")
        .arg(program)
        .args(words(errand.store, errand.revision));
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    ends_well(&mut command.spawn()?)
}

fn ends_well(child: &mut Child) -> io::Result<bool> {
    let begun = Instant::now();
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(status.success());
        }
        if begun.elapsed() > PATIENCE {
            child.kill()?;
            child.wait()?;
            return Ok(false);
        }
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// In no folder that somebody may want to remove, and on no terminal.
fn alone(command: &mut Command) -> &mut Command {
    command.current_dir("/").arg0("valvecfg");
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null())
}

fn words(store: &Path, revision: RevisionId) -> Vec<OsString> {
    let words = ["-C".into(), store.into(), "confirm".into(), "--expire".into()];
    words.into_iter().chain([revision.to_string().into()]).collect()
}

/// This program, where it can be started by its name: it may have been replaced while it ran.
fn installed() -> Option<PathBuf> {
    std::env::current_exe().ok().filter(|program| program.is_file())
}

fn program() -> PathBuf {
    installed().unwrap_or_else(|| PathBuf::from("/proc/self/exe"))
}
