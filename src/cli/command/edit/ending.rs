//! What ends an edit before its time: a signal must not leave the file behind that the editor was given.

use std::io;
use std::process::{Child, Command, ExitStatus};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};

/// How often the editor's end is looked for.
const TICK: Duration = Duration::from_millis(20);
/// How long an editor has to save for itself what was typed, as vim and nano do when they are told to end.
const GRACE: Duration = Duration::from_secs(2);

/// Watches for the signals that would end the program.
pub(super) struct Ending {
    /// Told to end, other than by Ctrl-C, which the editor gets too and may take for its own.
    ended: Arc<AtomicBool>,
    /// Whether a person is being asked something, and nothing looks for the end.
    asking: Arc<AtomicBool>,
}

impl Ending {
    /// From here on no signal that can be caught ends the program by itself, except while it asks.
    pub(super) fn watch() -> io::Result<Self> {
        let ended = Arc::new(AtomicBool::new(false));
        let asking = Arc::new(AtomicBool::new(false));
        for signal in [SIGTERM, SIGHUP, SIGQUIT] {
            signal_hook::flag::register_conditional_default(signal, Arc::clone(&asking))?;
            signal_hook::flag::register(signal, Arc::clone(&ended))?;
        }
        signal_hook::flag::register(SIGINT, Arc::new(AtomicBool::new(false)))?;
        Ok(Self { ended, asking })
    }

    /// Asks a person something, who may end the program instead: then the text stays where it is, since nobody has
    /// said that it is to go.
    pub(super) fn while_asking<T>(&self, ask: impl FnOnce() -> T) -> T {
        self.asking.store(true, Ordering::Relaxed);
        let answer = ask();
        self.asking.store(false, Ordering::Relaxed);
        answer
    }

    /// Whether such a signal came.
    pub(super) fn has_come(&self) -> bool {
        self.ended.load(Ordering::Relaxed)
    }

    /// Runs a command to its end. A signal that would end this program ends the command instead.
    pub(super) fn run(&self, command: &mut Command) -> io::Result<ExitStatus> {
        let mut child = command.spawn()?;
        loop {
            if let Some(status) = child.try_wait()? {
                return Ok(status);
            }
            if self.has_come() {
                return end(&mut child);
            }
            thread::sleep(TICK);
        }
    }
}

fn end(child: &mut Child) -> io::Result<ExitStatus> {
    if let Some(pid) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
        // It has not been waited for, so its number is its own.
        kill_process(pid, Signal::TERM)?;
    }
    let begun = Instant::now();
    while begun.elapsed() < GRACE {
        if let Some(status) = child.try_wait()? {
            return Ok(status);
        }
        thread::sleep(TICK);
    }
    child.kill()?;
    child.wait()
}
