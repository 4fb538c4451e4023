//! How a running plugin is told that its settings have changed, and what it answers.
//!
//! It knows processes, units and programs; it does not know stores, schemas or history: what has changed is handed
//! to it.

mod endings;
mod entry;
mod proc;
mod process;
pub(crate) mod program;
mod systemd;
mod tell;

use std::error::Error;

pub use entry::{Action, EntryError, Health, Notify, RenderTarget, Target, TargetFormat};
pub use tell::{Need, Telling, Told};

/// An error with all that caused it, on one line.
pub(crate) fn sentence(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
