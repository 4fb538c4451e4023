//! How a running plugin is told that its settings have changed, and what it answers.
//!
//! It knows processes, units and programs; it does not know stores, schemas or history: what has changed is handed
//! to it.

mod entry;

pub use entry::{Action, EntryError, Health, Notify, RenderTarget, Target, TargetFormat};
