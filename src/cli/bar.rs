//! Progress on a terminal, for what takes longer than a person likes to wait without a sign.

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget};

/// What takes longer than this shows how far it is.
const PATIENCE: Duration = Duration::from_secs(1);

/// A progress bar that shows itself only where it is needed.
pub(crate) struct Bar {
    begun: Instant,
    bar: ProgressBar,
}

impl Bar {
    pub(crate) fn new() -> Self {
        // Hidden by itself where stderr is no terminal.
        Self {
            begun: Instant::now(),
            bar: ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr()),
        }
    }

    /// So many of so many.
    pub(crate) fn show(&self, done: usize, all: usize) {
        if self.begun.elapsed() > PATIENCE {
            self.bar.set_length(all as u64);
            self.bar.set_position(done as u64);
        }
    }

    /// Leaves the screen as it was.
    pub(crate) fn clear(&self) {
        self.bar.finish_and_clear();
    }
}
