//! One way in which a document breaks its schema: where, what, and what would be right.

use std::ops::Range;

use serde::Serialize;

use super::Code;
use crate::document::{Document, KeyPath};

/// How much a violation weighs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The document may not be recorded.
    Error,
    /// The document may be recorded, and someone should look.
    Warning,
    /// Good to know.
    Note,
}

/// A place in a text: lines and columns count from 1, columns in characters; the end is exclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Position {
    /// The line of the first character.
    pub line: usize,
    /// The column of the first character.
    pub column: usize,
    /// The line of the character behind the last one.
    pub end_line: usize,
    /// The column of the character behind the last one.
    pub end_column: usize,
}

/// One way in which a document breaks its schema.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Which kind.
    pub code: Code,
    /// How much it weighs.
    pub severity: Severity,
    /// The setting concerned, below the document's root; for a missing key, that key.
    pub key: KeyPath,
    /// One sentence without a full stop: "`threshold` must be at most 100".
    pub message: String,
    /// A few words for the place itself: "180 is out of range".
    pub label: String,
    /// What is allowed, and where the schema says so: "0 to 100 percent, default 60
    /// (schemas/valve/2.schema.json#/properties/threshold)".
    pub allowed: Option<String>,
    /// A similar name or a value that would be right, to be offered in a hint.
    pub suggestion: Option<String>,
    /// The place in bytes.
    pub span: Range<usize>,
    /// The place in lines and columns.
    pub position: Position,
    /// The rule that was broken, a JSON pointer into the schema: `#/properties/threshold/maximum`; with a file's
    /// name in front where it stands in another schema.
    pub schema: String,
}

impl Violation {
    /// An error at a place of a text, that concerns no single setting.
    #[must_use]
    pub fn at(code: Code, text: &str, span: Range<usize>, message: &str) -> Self {
        Self {
            code,
            severity: Severity::Error,
            key: KeyPath::root(),
            message: message.to_owned(),
            label: String::new(),
            allowed: None,
            suggestion: None,
            position: Position::in_text(text, &span),
            span,
            schema: String::new(),
        }
    }
}

impl Position {
    /// The lines and columns of a span of a document.
    #[must_use]
    pub fn of(document: &Document, span: &Range<usize>) -> Self {
        Self::in_text(document.text(), span)
    }

    /// The lines and columns of a span of a text.
    #[must_use]
    pub fn in_text(text: &str, span: &Range<usize>) -> Self {
        let (line, column) = crate::document::line_column(text, span.start);
        let (end_line, end_column) = crate::document::line_column(text, span.end);
        Self {
            line,
            column,
            end_line,
            end_column,
        }
    }
}
