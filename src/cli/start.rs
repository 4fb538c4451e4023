//! What Rust's own start would do before `main`, which is not run (see `main.rs`), and what it would not.

use std::fs::OpenOptions;
use std::os::fd::IntoRawFd as _;
use std::process;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::io::fcntl_getfd;
use rustix::stdio::{stderr, stdin, stdout};
use signal_hook::consts::{SIGPIPE, SIGXFSZ};

static STDOUT_WAS_CLOSED: AtomicBool = AtomicBool::new(false);

/// Whether standard output was closed when the program began (`valvecfg get … >&-`). What is printed to what stands in
/// its place vanishes, and would look like success.
pub(super) fn stdout_was_closed() -> bool {
    STDOUT_WAS_CLOSED.load(Ordering::Relaxed)
}

/// Makes the process one that files can be opened and things be printed in.
pub(super) fn prepare() {
    STDOUT_WAS_CLOSED.store(fcntl_getfd(stdout()).is_err(), Ordering::Relaxed);
    while [stdin(), stdout(), stderr()]
        .into_iter()
        .any(|stream| fcntl_getfd(stream).is_err())
    {
        match OpenOptions::new().read(true).write(true).open("/dev/null") {
            // It has the lowest number that is free, and keeps it.
            Ok(null) => drop(null.into_raw_fd()),
            // A settings file would get that number, and be written to as if it were the screen.
            Err(_) => process::abort(),
        }
    }
    // A pipe that nobody reads, or a file beyond its limit, sends a signal that kills; with a handler the write fails
    // instead, and is reported.
    for signal in [SIGPIPE, SIGXFSZ] {
        let raised = Arc::new(AtomicBool::new(false));
        let handled = signal_hook::flag::register(signal, raised);
        debug_assert!(handled.is_ok(), "both can be handled on every Linux");
    }
}
