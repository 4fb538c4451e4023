//! Migrations: how the settings of one schema version become those of another, written down as data.
//!
//! A [`Migration`] is an ordered list of [`Step`]s, read from `migrations/PLUGIN/1-to-2.toml`. Steps edit a
//! [`Rewrite`](crate::document::Rewrite) of the document, so that comments, order and spelling travel with what is
//! moved. Each step knows its inverse; what a step drops, nobody can make again from the outcome, and the way back
//! says so ([`Loss`]): the store takes it back from history.
//!
//! It reads documents and edits them. It knows nothing of schemas, stores or revisions, and starts no program: who
//! applies a migration hands in what runs its `command` steps.

mod apply;
mod before;
mod convert;
mod declared;
mod draft;
mod format;
mod loss;
mod matches;
mod parts;
mod pattern;
mod ratio;
mod scale;
mod step;
mod trace;
mod undo;

use std::ops::Range;

use thiserror::Error;

pub use apply::{Left, Migrated, Runner, StepError, apply_all};
pub use declared::{Declared, Stated};
pub use draft::draft;
pub use format::{Migration, Numbered, schema};
pub use loss::Loss;
pub use matches::Matches;
pub use pattern::Pattern;
pub use step::{Kind, Step, When};

/// Why a text is no migration.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{message}")]
pub struct MigrationError {
    /// What is wrong, and what is allowed.
    pub message: String,
    /// Where, in bytes of the text.
    pub span: Range<usize>,
}

#[cfg(test)]
mod tests;
