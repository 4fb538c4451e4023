//! What a schema version says of settings, as far as migrations ask, and how settings say theirs: the store hands it across.

use super::Pattern;
use crate::document::{KeyPath, Value};

/// What a schema version says of one place: a setting, or a table or array that holds others. A list of these begins
/// with the whole, which has no steps, and has each table before what it holds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Declared {
    /// The place. Wildcards stand for the items of arrays and for keys that the schema allows without naming them.
    pub key: Pattern,
    /// The names of the kinds of value that it takes, as JSON Schema calls them but `table`; none where any is taken.
    pub kinds: Vec<String>,
    /// What it is for.
    pub description: Option<String>,
    /// The unit that its number counts.
    pub unit: Option<String>,
    /// The form that its text has, as JSON Schema names it.
    pub format: Option<String>,
    /// Its default.
    pub default: Option<Value>,
    /// The values that it takes, where they are listed.
    pub values: Vec<Value>,
    /// What it is at least.
    pub minimum: Option<f64>,
    /// What it is at most.
    pub maximum: Option<f64>,
    /// Whether the table that it stands in must have it.
    pub required: bool,
    /// What it was called before, newest first.
    pub renamed_from: Vec<String>,
    /// Whether keys may stand in it of which the schema says nothing.
    pub open: bool,
}

impl Declared {
    /// Whether it can be a value of a kind; also where its kinds are not told.
    pub(super) fn takes(&self, kind: &str) -> bool {
        self.kinds.is_empty() || self.kinds.iter().any(|taken| taken == kind)
    }
}

/// How a document says its version.
pub struct Stated<'s> {
    /// The setting that says it, where it stands there.
    pub key: &'s KeyPath,
    /// What it says at last.
    pub value: &'s Value,
    /// The text with comments that say so too, where they do not yet.
    pub respell: &'s dyn Fn(&str) -> Option<String>,
}
