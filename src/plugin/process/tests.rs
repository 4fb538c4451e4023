//! Real processes, and what they really hear.

use std::fs::{self, File, Permissions};
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, SystemTime};

use rustix::fs::{CWD, FileType, Mode, mknodat};
use tempfile::TempDir;

use super::{SignalError, send};
use crate::plugin::Target;

/// A plugin that says what it hears. It ends with the test.
pub(super) struct Plugin {
    pub(super) child: Child,
    said: BufReader<ChildStdout>,
}

/// Waits for a line to read, so that nothing else runs its program even for a moment. What it hears just before it
/// waits, it says after that, and what it hears while it waits, at once.
pub(super) const WAITS: &str = "trap 'echo heard' HUP; echo ready; read line; echo alive";
const HEARS: &str = "trap 'echo heard' HUP; echo ready; while :; do sleep 0.01; done";

impl Plugin {
    /// Runs a program that is ready once it says so.
    pub(super) fn start(command: &mut Command) -> Self {
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let said = BufReader::new(child.stdout.take().unwrap());
        let mut plugin = Self { child, said };
        assert_eq!(plugin.line(), "ready");
        plugin
    }

    pub(super) fn line(&mut self) -> String {
        let mut line = String::new();
        self.said.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    }

    /// What it says when it is given a line to read.
    pub(super) fn answer(&mut self) -> String {
        // A signal makes it go on without the line.
        drop(self.child.stdin.take().unwrap().write_all(b"go\n"));
        self.line()
    }

    pub(super) fn pid(&self) -> i32 {
        i32::try_from(self.child.id()).unwrap()
    }
}

impl Drop for Plugin {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// A folder with a program of its own, which is a shell, so that no other process runs it.
pub(super) struct Place {
    folder: TempDir,
}

impl Place {
    pub(super) fn new() -> Self {
        Self::within(&std::env::temp_dir())
    }

    fn within(folder: &Path) -> Self {
        let folder = TempDir::new_in(folder).unwrap();
        let place = Self { folder };
        place.add("valved");
        place
    }

    /// Adds a program, which is a shell. A copy of our own making could not be started as long as any process that
    /// another test has just begun still has it open for writing.
    pub(super) fn add(&self, name: &str) {
        let copied = Command::new("cp").arg("/bin/sh").arg(self.path(name)).status();
        assert!(copied.unwrap().success());
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(super) fn start(&self, name: &str, script: &str) -> Plugin {
        let mut command = Command::new(self.path(name));
        Plugin::start(command.args(["-c", script]).current_dir(self.folder.path()))
    }

    /// Writes the number of a plugin down.
    pub(super) fn name(&self, plugin: &Plugin) -> PathBuf {
        self.pid_file(&plugin.pid().to_string())
    }

    fn pid_file(&self, text: &str) -> PathBuf {
        let path = self.path("valve.pid");
        let mut file = File::create(&path).unwrap();
        file.write_all(text.as_bytes()).unwrap();
        path
    }

    /// Sends to who is in the pid file.
    pub(super) fn named(&self, program: Option<&str>) -> Result<(), SignalError> {
        let target = Target::PidFile {
            path: self.path("valve.pid"),
            executable: program.map(|program| self.path(program)),
        };
        send("SIGHUP", &target)
    }

    /// Sends to who runs the program.
    pub(super) fn running(&self, program: &str) -> Result<(), SignalError> {
        send("SIGHUP", &Target::Executable(self.path(program)))
    }
}

fn set_written(path: &Path, written: SystemTime) {
    File::options()
        .write(true)
        .open(path)
        .unwrap()
        .set_modified(written)
        .unwrap();
}

#[track_caller]
fn assert_says(result: Result<(), SignalError>, expected: &str) {
    let error = result.unwrap_err();
    assert!(error.to_string().contains(expected), "{error}");
}

#[test]
fn the_process_of_a_pid_file_hears_the_signal() {
    let place = Place::new();
    let mut plugin = place.start("valved", HEARS);
    place.pid_file(&format!(" {}\n", plugin.pid()));
    for program in [None, Some("valved")] {
        place.named(program).unwrap();
        assert_eq!(plugin.line(), "heard");
    }
}

#[test]
fn a_signal_that_a_process_does_not_handle_is_not_sent() {
    let place = Place::new();
    let mut plugin = place.start("valved", "echo ready; read line; echo alive");
    let unhandled = format!("process {} does not handle SIGHUP, which could end it", plugin.pid());
    place.name(&plugin);
    assert_says(place.named(None), &unhandled);
    assert_says(place.running("valved"), &unhandled);
    assert_eq!(plugin.answer(), "alive");
    let plugin = place.start("valved", "trap '' HUP; echo ready; while :; do sleep 0.01; done");
    place.name(&plugin);
    assert_says(place.named(None), &format!("process {} ignores SIGHUP", plugin.pid()));
    // Whoever starts a program lets all signals wait for a moment, and would be ended after it.
    let mut command = Command::new("env");
    let plugin = Plugin::start(command.args(["--block-signal=HUP", "sh", "-c", "echo ready; exec sleep 300"]));
    place.name(&plugin);
    assert_says(place.named(None), "does not handle SIGHUP");
}

/// Shells have no word for it, and the number of the system call is that of this architecture.
#[cfg(target_arch = "x86_64")]
#[test]
fn a_signal_can_be_read_from_a_descriptor() {
    if Command::new("perl").arg("-e1").status().is_err() {
        return;
    }
    let script = |block: &str| {
        format!(
            "use POSIX; my $hup = pack 'Q', 1 << (SIGHUP - 1); $| = 1; {block}
            my $signals = syscall 289, -1, $hup, 8, 0; open my $in, '<&=', $signals or die;
            print qq(ready\\n); sysread $in, my $signal, 128 or die; print qq(heard\\n)"
        )
    };
    let place = Place::new();
    let block = "sigprocmask(SIG_BLOCK, POSIX::SigSet->new(SIGHUP)) or die;";
    let mut plugin = Plugin::start(Command::new("perl").args(["-e", &script(block)]));
    place.name(&plugin);
    place.named(None).unwrap();
    assert_eq!(plugin.line(), "heard");
    // It would be ended before it could read.
    let plugin = Plugin::start(Command::new("perl").args(["-e", &script("")]));
    place.name(&plugin);
    assert_says(place.named(None), "does not handle SIGHUP");
}

#[test]
fn who_has_ended_is_not_running() {
    let place = Place::new();
    let mut plugin = place.start("valved", WAITS);
    place.name(&plugin);
    plugin.child.kill().unwrap();
    // A zombie still has its number.
    let stat = format!("/proc/{}/stat", plugin.pid());
    while !String::from_utf8_lossy(&fs::read(&stat).unwrap()).contains(") Z ") {
        std::thread::yield_now();
    }
    let ended = format!(
        "process {}, which {} names, does not run",
        plugin.pid(),
        place.path("valve.pid").display()
    );
    assert_says(place.named(None), &ended);
    assert_says(place.named(Some("valved")), &ended);
    plugin.child.wait().unwrap();
    let error = place.named(None).unwrap_err();
    assert!(error.is_stopped() && error.to_string() == ended, "{error}");
    assert_says(place.running("valved"), "no process runs ");
    // A thread has a number too, and is no process.
    let thread = fs::read_link("/proc/thread-self").unwrap();
    place.pid_file(thread.file_name().unwrap().to_str().unwrap());
    let error = place.named(None).unwrap_err();
    assert!(error.is_stopped(), "{error}");
    fs::remove_file(place.path("valve.pid")).unwrap();
    let error = place.named(None).unwrap_err();
    assert!(error.is_stopped(), "{error}");
}

#[test]
fn what_is_no_number_of_a_process_is_refused() {
    let place = Place::new();
    for text in ["", "\n", "abc", "-5", "+5", "0", "12 34", "99999999999", "\u{ff}1"] {
        place.pid_file(text);
        assert_says(place.named(None), "holds no number of a process");
    }
    place.pid_file(&"1".repeat(5000));
    assert_says(place.named(None), "the limit is 4096");
    place.pid_file("1");
    assert_says(place.named(None), "names process 1, which is the first of the system");
    place.pid_file(&std::process::id().to_string());
    assert_says(place.named(None), "which is valvecfg itself");
    fs::remove_file(place.path("valve.pid")).unwrap();
    mknodat(CWD, place.path("valve.pid"), FileType::Fifo, Mode::RUSR, 0).unwrap();
    assert_says(place.named(None), "is a FIFO, not a regular file");
}

#[test]
fn a_process_that_is_younger_than_its_pid_file_is_another_one() {
    let place = Place::new();
    let plugin = place.start("valved", HEARS);
    let path = place.name(&plugin);
    set_written(&path, SystemTime::now() - Duration::from_secs(10));
    for program in [None, Some("valved")] {
        assert_says(
            place.named(program),
            "it is another one, or the clock has been set since",
        );
    }
    assert!(!place.named(None).unwrap_err().is_stopped());
    place.running("valved").unwrap();
}

#[test]
fn where_the_clock_was_certainly_set_the_program_decides() {
    let memory = Path::new("/dev/shm");
    let place = Place::within(memory);
    assert!(crate::files::is_in_memory(File::open(memory).unwrap()));
    let mut plugin = place.start("valved", HEARS);
    let path = place.name(&plugin);
    // From before the start of the system, in memory.
    set_written(&path, SystemTime::UNIX_EPOCH + Duration::from_secs(1000));
    assert_says(place.named(None), "the clock has been set since");
    place.named(Some("valved")).unwrap();
    assert_eq!(plugin.line(), "heard");
    // From tomorrow.
    set_written(&path, SystemTime::now() + Duration::from_hours(24));
    assert_says(place.named(None), "which is yet to come");
    place.named(Some("valved")).unwrap();
    assert_eq!(plugin.line(), "heard");
    place.add("other");
    assert_says(place.named(Some("other")), "/valved, not ");
}

#[test]
fn a_pid_file_on_a_disk_may_be_left_from_before_the_start_of_the_system() {
    let place = Place::new();
    let plugin = place.start("valved", HEARS);
    let path = place.name(&plugin);
    if crate::files::is_in_memory(File::open(&path).unwrap()) {
        return;
    }
    set_written(&path, SystemTime::UNIX_EPOCH + Duration::from_secs(1000));
    for program in [None, Some("valved")] {
        assert_says(
            place.named(program),
            "it is another one, or the clock has been set since",
        );
    }
}

#[test]
fn what_runs_another_program_is_another_one() {
    let place = Place::new();
    let plugin = place.start("valved", HEARS);
    place.name(&plugin);
    let expected = format!(
        "process {} runs {}, not {}",
        plugin.pid(),
        place.path("valved").display(),
        place.path("other").display()
    );
    assert_says(place.named(Some("other")), &expected);
    File::create(place.path("script"))
        .unwrap()
        .write_all(b"#!/bin/sh\n")
        .unwrap();
    assert_says(
        place.named(Some("script")),
        "is a script, and what runs is its interpreter",
    );
    assert_says(place.running("script"), "is a script, and what runs is its interpreter");
}

#[test]
fn nobody_has_root_signal_what_is_not_theirs() {
    let place = Place::new();
    let mut plugin = place.start("valved", HEARS);
    let path = place.name(&plugin);
    if chown(&path, Some(12345), None).is_err() {
        return;
    }
    let expected = format!(
        "could have been written by user 12345, and process {} belongs to user 0",
        plugin.pid()
    );
    assert_says(place.named(None), &expected);
    chown(&path, Some(0), None).unwrap();
    fs::set_permissions(&path, Permissions::from_mode(0o666)).unwrap();
    assert_says(place.named(None), "could have been written by user anyone");
    place.named(Some("valved")).unwrap();
    assert_eq!(plugin.line(), "heard");
}

#[test]
fn all_that_run_a_program_hear_the_signal_but_not_their_workers() {
    let place = Place::new();
    let mut one = place.start("valved", HEARS);
    let script =
        "./valved -c \"trap 'echo worker; kill $$' HUP; echo ready; while kill -0 $$; do sleep 0.01; done\" & ";
    let mut other = place.start(
        "valved",
        &format!("trap 'echo heard' HUP; {script} while :; do sleep 0.01; done"),
    );
    // The same file under another name, as busybox has many.
    fs::hard_link(place.path("valved"), place.path("applet")).unwrap();
    let mut applet = place.start("applet", "trap 'echo wrong' HUP; echo ready; read line; echo alive");
    for _ in 0..3 {
        place.running("valved").unwrap();
        assert_eq!(one.line(), "heard");
        assert_eq!(other.line(), "heard");
    }
    assert_eq!(applet.answer(), "alive");
    // One that cannot be told does not keep the others from it, and is told of.
    let deaf = place.start("valved", "echo ready; while :; do sleep 0.01; done");
    assert_says(
        place.running("valved"),
        &format!("process {} does not handle", deaf.pid()),
    );
    assert_eq!(one.line(), "heard");
}

#[test]
fn an_upgrade_does_not_hide_who_still_runs_what_was_there() {
    let place = Place::new();
    let mut plugin = place.start("valved", HEARS);
    place.name(&plugin);
    place.add("new");
    fs::rename(place.path("new"), place.path("valved")).unwrap();
    for _ in 0..2 {
        place.running("valved").unwrap();
        assert_eq!(plugin.line(), "heard");
        place.named(Some("valved")).unwrap();
        assert_eq!(plugin.line(), "heard");
        drop(fs::remove_file(place.path("valved")));
    }
    // By a symlink, as where versions stand beside each other.
    fs::create_dir(place.path("2.0")).unwrap();
    place.add("2.0/pumpd");
    std::os::unix::fs::symlink("2.0/pumpd", place.path("pumpd")).unwrap();
    let mut plugin = place.start("pumpd", HEARS);
    place.running("pumpd").unwrap();
    assert_eq!(plugin.line(), "heard");
}

/// Where the system can make namespaces, and we may have it do so.
#[expect(clippy::print_stderr, reason = "a test that is skipped must say so")]
pub(super) fn has_namespaces(test: &str) -> bool {
    let made = Command::new("unshare")
        .args(["--mount", "--pid", "--fork", "true"])
        .output();
    let is_made =
        made.is_ok_and(|output| output.status.success()) && Path::new("/proc/sys/kernel/ns_last_pid").exists();
    if !is_made {
        eprintln!("skipped: {test}: there is no unshare, or only root may use it");
    }
    is_made
}

#[test]
fn the_same_path_in_a_container_is_another_program() {
    if !has_namespaces("the same path in a container") {
        return;
    }
    let place = Place::new();
    let script = format!(
        "set -e; mount -t tmpfs none $1; cd $1; mkdir usr old proc; mount --bind /usr usr; mount -t proc proc proc
        for link in bin lib lib64; do ln -s usr/$link $link; done
        mkdir -p .$2; cp /bin/sh .$2/valved; pivot_root . old; cd /; umount -l /old
        exec $2/valved -c \"{WAITS}\""
    );
    fs::create_dir(place.path("root")).unwrap();
    let folder = place.path("");
    let mut command = Command::new("unshare");
    command.args(["--mount", "sh", "-c", &script, "sh"]);
    let mut plugin = Plugin::start(
        command
            .arg(place.path("root"))
            .arg(folder.to_str().unwrap().trim_end_matches('/')),
    );
    let link = fs::read_link(format!("/proc/{}/exe", plugin.pid())).unwrap();
    assert_eq!(link, place.path("valved"), "the kernel tells them apart");
    assert_says(place.running("valved"), "no process runs");
    place.name(&plugin);
    assert_says(place.named(Some("valved")), "runs ");
    assert_eq!(plugin.answer(), "alive");
}
