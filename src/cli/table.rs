//! A plain table: columns padded to their widest cell, two spaces apart, no lines.

use std::io::{self, Write};

use super::diagnostic::Style;
use super::diagnostic::printable::escaped;
use crate::document::{Value, shown};

/// Rows of as many cells as there are columns.
pub(crate) struct Table<const N: usize> {
    rows: Vec<[String; N]>,
    /// What is said below a row.
    remarks: Vec<(usize, String)>,
}

impl<const N: usize> Table<N> {
    /// A table with these headings.
    pub(crate) fn new(headings: [&str; N]) -> Self {
        Self {
            rows: vec![headings.map(str::to_owned)],
            remarks: Vec::new(),
        }
    }

    /// Adds a row.
    pub(crate) fn row(&mut self, cells: [String; N]) {
        self.rows.push(cells.map(|cell| escaped(&cell).into_owned()));
    }

    /// Says something of the row that was added last, in a line below it: too long for a column, or nothing for most.
    pub(crate) fn remark(&mut self, remark: &str) {
        self.remarks.push((self.rows.len() - 1, escaped(remark).into_owned()));
    }

    /// Writes the table, its headings bold where there are colours; nothing where it has only headings.
    pub(crate) fn write(&self, out: &mut dyn Write, style: Style) -> io::Result<()> {
        if self.rows.len() < 2 {
            return Ok(());
        }
        let width = |column: usize| {
            self.rows
                .iter()
                .map(|row| row[column].chars().count())
                .max()
                .unwrap_or(0)
        };
        let widths: [usize; N] = std::array::from_fn(width);
        let mut remarks = self.remarks.iter().peekable();
        for (at, row) in self.rows.iter().enumerate() {
            let cells = row.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}"));
            let line = cells.collect::<Vec<_>>().join("  ");
            let line = line.trim_end();
            if at == 0 && style.color {
                writeln!(out, "\u{1b}[1m{line}\u{1b}[0m")?;
            } else {
                writeln!(out, "{line}")?;
            }
            while let Some((_, remark)) = remarks.next_if(|(row, _)| *row == at) {
                writeln!(out, "    {remark}")?;
            }
        }
        Ok(())
    }
}

/// A value in a table of many: its begin, where it is long.
pub(crate) fn short(value: &Value) -> String {
    const LONGEST: usize = 32;
    let text = shown(value);
    if text.chars().count() <= LONGEST {
        return text;
    }
    let begin: String = text.chars().take(LONGEST - 1).collect();
    format!("{begin}…")
}
