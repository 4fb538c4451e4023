//! The terminal's cursor while a question is asked: dialoguer hides it, and leaves it so where the question is
//! broken off with Ctrl-C.

use std::io::{self, Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread;

use signal_hook::consts::SIGINT;

/// Shows the cursor again when it is dropped, and where an interrupt ends the program before that.
pub(super) struct Cursor {
    interrupted: &'static AtomicBool,
}

impl Cursor {
    /// A question is about to be asked.
    pub(super) fn guard() -> Result<Self, io::Error> {
        static INTERRUPTED: OnceLock<Arc<AtomicBool>> = OnceLock::new();
        if let Some(interrupted) = INTERRUPTED.get() {
            return Ok(Self { interrupted });
        }
        let interrupted = watch()?;
        Ok(Self {
            interrupted: INTERRUPTED.get_or_init(|| interrupted),
        })
    }
}

impl Drop for Cursor {
    fn drop(&mut self) {
        if self.interrupted.load(Ordering::SeqCst) {
            // An answer that was broken off is none: nothing more may be said or done.
            end();
        }
        show();
    }
}

/// Has an interrupt end the program as the system would, after the cursor is shown; whatever the main thread does,
/// which mostly waits for a key. Says whether one came.
fn watch() -> Result<Arc<AtomicBool>, io::Error> {
    let interrupted = Arc::new(AtomicBool::new(false));
    let (mut woken, wakes) = UnixStream::pair()?;
    signal_hook::flag::register(SIGINT, Arc::clone(&interrupted))?;
    signal_hook::low_level::pipe::register(SIGINT, wakes)?;
    thread::spawn(move || {
        if woken.read(&mut [0]).is_ok() {
            end();
        }
    });
    Ok(interrupted)
}

fn end() {
    super::hidden::end();
    show();
    // Whoever called us is told that it was a signal. It does not return.
    drop(signal_hook::low_level::emulate_default_handler(SIGINT));
}

fn show() {
    // The terminal is gone if this fails, and its cursor with it.
    drop(io::stderr().write_all(b"\x1b[?25h"));
}
