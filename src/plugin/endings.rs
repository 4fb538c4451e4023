//! The signals that end this process, held back while there is a program to be ended first.
//!
//! What others in this process do about such a signal stays theirs, if they said so before the first program ran: who
//! catches one goes on when the programs have ended, and one that is ignored (`nohup`) stays ignored. It does not know
//! what runs.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use signal_hook::SigId;
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
use signal_hook::{flag, low_level};

use super::proc::Proc;

/// Holds them back until it is dropped; any number may do so at once.
pub(super) struct HeldBack {
    endings: &'static Endings,
    woken: UnixStream,
    registered: Vec<SigId>,
}

impl HeldBack {
    pub(super) fn begin() -> io::Result<Self> {
        let endings = ENDINGS.get_or_init(|| Endings::register().map_err(|error| error.to_string()));
        let endings = endings.as_ref().map_err(|error| io::Error::other(error.clone()))?;
        let (woken, wakes) = UnixStream::pair()?;
        endings.hold();
        let mut held = Self {
            endings,
            woken,
            registered: Vec::new(),
        };
        for signal in &endings.heard {
            held.registered
                .push(low_level::pipe::register(*signal, wakes.try_clone()?)?);
        }
        if endings.came.load(Ordering::SeqCst) != 0 {
            return Err(io::ErrorKind::Interrupted.into());
        }
        Ok(held)
    }
}

/// It can be read from as soon as one of them came.
impl AsFd for HeldBack {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.woken.as_fd()
    }
}

impl Drop for HeldBack {
    fn drop(&mut self) {
        for registered in self.registered.drain(..) {
            low_level::unregister(registered);
        }
        self.endings.release();
    }
}

/// What is registered for a signal stays so, and what was there before does not come back.
static ENDINGS: OnceLock<Result<Endings, String>> = OnceLock::new();

struct Endings {
    /// The signals at which programs are ended.
    heard: Vec<i32>,
    /// Which one came of those that nobody else catches, while they were held back.
    came: Arc<AtomicUsize>,
    /// Whether those do what they always do.
    idle: Arc<AtomicBool>,
    holders: Mutex<usize>,
}

impl Endings {
    fn register() -> io::Result<Self> {
        // Where that cannot be seen, nobody is taken to have said anything.
        let own = Proc::own().status().unwrap_or_default();
        let mut endings = Self {
            heard: Vec::new(),
            came: Arc::default(),
            idle: Arc::new(AtomicBool::new(true)),
            holders: Mutex::default(),
        };
        for signal in [SIGHUP, SIGINT, SIGQUIT, SIGTERM] {
            // To who catches it, SIGHUP means: read your settings again.
            if own.ignores(signal) || (own.catches(signal) && signal == SIGHUP) {
                continue;
            }
            endings.heard.push(signal);
            if !own.catches(signal) {
                let number = usize::try_from(signal).map_err(io::Error::other)?;
                flag::register_conditional_default(signal, Arc::clone(&endings.idle))?;
                flag::register_usize(signal, Arc::clone(&endings.came), number)?;
            }
        }
        Ok(endings)
    }

    fn hold(&self) {
        let mut holders = self.holders.lock().unwrap_or_else(PoisonError::into_inner);
        *holders += 1;
        self.idle.store(false, Ordering::SeqCst);
    }

    /// The last one to let go lets the process end, if it was told to.
    fn release(&self) {
        let mut holders = self.holders.lock().unwrap_or_else(PoisonError::into_inner);
        *holders -= 1;
        if *holders > 0 {
            return;
        }
        self.idle.store(true, Ordering::SeqCst);
        let came = i32::try_from(self.came.load(Ordering::SeqCst)).unwrap_or_default();
        if came != 0 {
            // As if it had not been caught. It does not return.
            drop(low_level::emulate_default_handler(came));
        }
    }
}
