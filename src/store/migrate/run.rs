//! A migration's program: it gets the settings as JSON on its standard input and answers JSON. It is run on its own
//! machine's word only, and never to look ahead.
//!
//! It runs in a process group of its own, so that what it has started goes with it: when its time is over, when it
//! ends, or when valvecfg itself is told to end.

use std::io::{self, Read as _, Write as _};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};
use serde_json::Value as Json;
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
use signal_hook::{flag, low_level};

/// How often its end is looked for.
const TICK: Duration = Duration::from_millis(5);
/// How long its answer may take once it has ended: somebody else may hold its output open.
const GRACE: Duration = Duration::from_secs(1);
/// The most that it may answer, in bytes.
const MOST: u64 = 64 << 20;

/// Runs a program in `folder` for at most so many seconds. Secrets are sealed in what it gets.
pub(super) fn run(command: &[String], seconds: u64, settings: &Json, folder: &Path) -> Result<Json, String> {
    let Some((program, arguments)) = command.split_first() else {
        return Err("no program is named".to_owned());
    };
    let failed = |what: &str, error: io::Error| format!("`{program}` cannot be {what}: {error}");
    let endings = Endings::hold_back().map_err(|error| failed("watched", io::Error::other(error)))?;
    let mut process = Command::new(program);
    process.args(arguments).current_dir(folder).process_group(0);
    process
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit());
    let mut child = process.spawn().map_err(|error| failed("started", error))?;
    let (input, output) = (child.stdin.take(), child.stdout.take());
    let text = settings.to_string();
    // One that does not read its input, or prints before it does, must not stop us both. It may know its answer
    // without reading what it was given, so that the writing fails.
    thread::spawn(move || input.map_or(Ok(()), |mut input| input.write_all(text.as_bytes())));
    let (answered, answer) = mpsc::channel();
    thread::spawn(move || {
        let mut text = String::new();
        let read = output.map_or(Ok(0), |output| output.take(MOST).read_to_string(&mut text));
        answered.send(read.map(|_| text))
    });
    let status =
        ended(&mut child, Duration::from_secs(seconds), &endings).map_err(|error| failed("waited for", error))?;
    let Some(status) = status else {
        return Err(format!("`{program}` took longer than {seconds} s and was stopped"));
    };
    if !status.success() {
        return Err(format!("`{program}` failed: {status}"));
    }
    let answer = answer.recv_timeout(GRACE);
    let answer =
        answer.map_err(|_| format!("`{program}` ended, and something that it started keeps its output open"))?;
    let answer = answer.map_err(|error| format!("the answer of `{program}` is no text: {error}"))?;
    serde_json::from_str(&answer).map_err(|error| format!("the answer of `{program}` is no JSON: {error}"))
}

/// Waits for a program, and ends what is left of its group; nothing where its time was over.
fn ended(child: &mut Child, time: Duration, endings: &HeldBack) -> io::Result<Option<ExitStatus>> {
    let begun = Instant::now();
    let group = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    let group = group.ok_or_else(|| io::Error::other("it has no process id"))?;
    // Not reaped yet, so that the id of its group is still its own.
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    let in_time = loop {
        if waitid(WaitId::Pid(group), options)?.is_some() {
            break true;
        }
        if begun.elapsed() >= time || endings.came().is_some() {
            break false;
        }
        thread::sleep(TICK);
    };
    match kill_process_group(group, Signal::KILL) {
        Ok(()) | Err(rustix::io::Errno::SRCH) => {}
        Err(errno) => return Err(errno.into()),
    }
    let status = child.wait()?;
    if let Some(signal) = endings.came() {
        // As if it had not been caught.
        low_level::emulate_default_handler(signal)?;
    }
    Ok(in_time.then_some(status))
}

/// The signals that end a process, held back while there is a program to be ended first.
struct Endings {
    came: Arc<AtomicUsize>,
    /// Whether they do what they always do.
    idle: Arc<AtomicBool>,
}

/// What is registered for a signal stays so, and what was there before does not come back.
static ENDINGS: OnceLock<Result<Endings, String>> = OnceLock::new();

impl Endings {
    fn register() -> io::Result<Self> {
        let endings = Self {
            came: Arc::default(),
            idle: Arc::new(AtomicBool::new(true)),
        };
        for signal in [SIGHUP, SIGINT, SIGQUIT, SIGTERM] {
            let number = usize::try_from(signal).map_err(io::Error::other)?;
            flag::register_conditional_default(signal, Arc::clone(&endings.idle))?;
            flag::register_usize(signal, Arc::clone(&endings.came), number)?;
        }
        Ok(endings)
    }

    /// Holds them back until the answer is dropped.
    fn hold_back() -> Result<HeldBack, String> {
        let endings = ENDINGS.get_or_init(|| Self::register().map_err(|error| error.to_string()));
        let endings = endings.as_ref().map_err(Clone::clone)?;
        endings.idle.store(false, Ordering::SeqCst);
        Ok(HeldBack(endings))
    }
}

struct HeldBack(&'static Endings);

impl HeldBack {
    fn came(&self) -> Option<i32> {
        let signal = self.0.came.load(Ordering::SeqCst);
        i32::try_from(signal).ok().filter(|signal| *signal != 0)
    }
}

impl Drop for HeldBack {
    fn drop(&mut self) {
        self.0.idle.store(true, Ordering::SeqCst);
    }
}
