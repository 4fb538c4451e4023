//! The bell: what wakes a wait from outside, be it a signal to the process or another of its threads.

use std::io::{self, Read as _, Write as _};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use signal_hook::SigId;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::low_level;

/// What a signal asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// To end: SIGTERM or SIGINT.
    End,
    /// To read everything anew: SIGHUP.
    Reload,
}

/// Rung by threads and signals, heard by one wait.
pub struct Bell {
    heard: UnixStream,
    rope: UnixStream,
    is_rung: AtomicBool,
    asked_to_end: Arc<AtomicBool>,
    asked_to_reload: Arc<AtomicBool>,
    handlers: Vec<SigId>,
}

impl Bell {
    /// A bell that only threads ring.
    pub fn new() -> io::Result<Self> {
        let (heard, rope) = UnixStream::pair()?;
        heard.set_nonblocking(true)?;
        rope.set_nonblocking(true)?;
        Ok(Self {
            heard,
            rope,
            is_rung: AtomicBool::new(false),
            asked_to_end: Arc::default(),
            asked_to_reload: Arc::default(),
            handlers: Vec::new(),
        })
    }

    /// A bell that SIGTERM, SIGINT and SIGHUP ring too, instead of what they did before.
    pub fn of_signals() -> io::Result<Self> {
        let mut bell = Self::new()?;
        for (signal, asked) in [
            (SIGTERM, &bell.asked_to_end),
            (SIGINT, &bell.asked_to_end),
            (SIGHUP, &bell.asked_to_reload),
        ] {
            // In this order: who hears the bell finds what is asked.
            bell.handlers
                .push(signal_hook::flag::register(signal, Arc::clone(asked))?);
            bell.handlers
                .push(low_level::pipe::register(signal, bell.rope.try_clone()?)?);
        }
        Ok(bell)
    }

    /// Wakes the wait.
    pub fn ring(&self) {
        self.is_rung.store(true, Ordering::SeqCst);
        // Where it is full, it rings already.
        let _written = (&self.rope).write(&[1]);
    }

    /// What a signal asked for since. To end comes first.
    pub(super) fn asked(&self) -> Option<Asked> {
        let mut heard = [0; 64];
        while matches!((&self.heard).read(&mut heard), Ok(count) if count > 0) {}
        if self.asked_to_end.swap(false, Ordering::SeqCst) {
            return Some(Asked::End);
        }
        self.asked_to_reload
            .swap(false, Ordering::SeqCst)
            .then_some(Asked::Reload)
    }

    /// Whether a thread rang it since.
    pub(super) fn rung(&self) -> bool {
        self.is_rung.swap(false, Ordering::SeqCst)
    }
}

impl AsFd for Bell {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.heard.as_fd()
    }
}

impl Drop for Bell {
    fn drop(&mut self) {
        for handler in self.handlers.drain(..) {
            low_level::unregister(handler);
        }
    }
}
