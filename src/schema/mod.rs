//! JSON Schema: what a document must be, and what is known about each setting.
//!
//! It reads schemas, checks documents against them and answers questions about single keys. It knows
//! nothing of stores, plugins or revisions.
//!
//! Two ways lead through it. [`Schema`] answers questions from the schema's JSON and compiles nothing: a
//! default costs a parse and a walk. [`Checker`] compiles it and checks documents.

mod annotation;
mod cause;
mod checker;
mod code;
mod engine;
mod error;
mod format;
mod glance;
mod graph;
mod keyword;
mod library;
mod outline;
mod pattern;
mod place;
mod skeleton;
mod source;
mod suggestion;
mod versions;
mod violation;
mod wording;

pub use annotation::{Annotation, Apply, Kind};
pub use checker::{CheckOptions, Checker, Custody, Held};
pub use code::{Code, UnknownCode};
pub use error::SchemaError;
pub use format::Formats;
pub use glance::could_be_secret;
pub use keyword::Keyword;
pub use library::Library;
pub use outline::SchemaNode;
pub use source::Schema;
pub use versions::{SchemaLine, StatedVersion, VERSION_KEY};
pub use violation::{Position, Severity, Violation};
