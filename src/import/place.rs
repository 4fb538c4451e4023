//! Where something stands in a foreign file, and counting lines along a text.

use std::fmt;

/// Where something stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// In a text; both from 1, the column in characters.
    Line {
        /// The line.
        line: usize,
        /// The column.
        column: usize,
    },
    /// In a table of a database: the row's id.
    Row(i64),
}

impl Place {
    /// The line, or the row's id.
    #[must_use]
    pub fn number(self) -> i64 {
        match self {
            Self::Line { line, .. } => i64::try_from(line).unwrap_or(i64::MAX),
            Self::Row(row) => row,
        }
    }
}

/// What follows a file's name: `:12`, or `, row 3`.
impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line { line, .. } => write!(formatter, ":{line}"),
            Self::Row(row) => write!(formatter, ", row {row}"),
        }
    }
}

/// Lines and columns of bytes that are asked for in the order of the text, mostly: a file of one line with all settings
/// in it would else be counted anew for each.
pub(super) struct Lines<'t> {
    text: &'t str,
    at: usize,
    line: usize,
    column: usize,
}

impl<'t> Lines<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self {
            text,
            at: 0,
            line: 1,
            column: 1,
        }
    }

    /// The line and column of a byte at which a character begins.
    pub(super) fn place(&mut self, at: usize) -> (usize, usize) {
        if at < self.at {
            *self = Self::new(self.text);
        }
        let between = self.text.get(self.at..at).unwrap_or_default();
        if let Some(end) = between.rfind('\n') {
            self.line += between.matches('\n').count();
            self.column = 1 + between[end + 1..].chars().count();
        } else {
            self.column += between.chars().count();
        }
        self.at = at;
        (self.line, self.column)
    }
}
