//! How violations are shown to people and handed to programs.
//!
//! It is given what was found and prints it; it opens no file and checks nothing. Every format escapes what
//! came from a file: nothing that a settings file contains steers a terminal, a build server or a parser.

mod excerpt;
mod full;
mod gitlab;
mod junit;
mod line;
pub(crate) mod printable;
mod record;
mod sarif;
#[cfg(test)]
mod tests;

use std::fmt;
use std::io::{self, Write};

use clap::ValueEnum;

use crate::schema::{Severity, Violation};
use crate::store::CheckedFile;

/// The forms in which `validate` prints what it found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum OutputFormat {
    /// Each violation with its line, what is allowed and what to do
    #[default]
    Full,
    /// One line per violation
    Concise,
    /// One JSON array of all violations
    Json,
    /// One JSON object per line
    Jsonl,
    /// Workflow commands, which GitHub Actions shows beside the lines
    Github,
    /// A Code Quality report for GitLab
    Gitlab,
    /// A JUnit report, as most build servers read it
    Junit,
    /// A SARIF 2.1.0 log, for code scanning
    Sarif,
}

/// How the forms for people are drawn; the others ignore it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    /// Whether to colour by ANSI escape sequences.
    pub color: bool,
    /// How many columns there are; longer lines are cut around the place of the violation.
    pub width: usize,
}

/// No colours, and the 140 columns that rustc assumes where there is no terminal.
impl Default for Style {
    fn default() -> Self {
        Self {
            color: false,
            width: 140,
        }
    }
}

/// Prints what was found in `files`, in their order.
///
/// # Errors
/// What writing to `out` failed with.
pub fn write(out: &mut dyn Write, files: &[CheckedFile], format: OutputFormat, style: Style) -> io::Result<()> {
    match format {
        OutputFormat::Full => full::write(out, files, style),
        OutputFormat::Concise => line::write_concise(out, files),
        OutputFormat::Json => record::write_array(out, files),
        OutputFormat::Jsonl => record::write_lines(out, files),
        OutputFormat::Github => line::write_github(out, files),
        OutputFormat::Gitlab => gitlab::write(out, files),
        OutputFormat::Junit => junit::write(out, files),
        OutputFormat::Sarif => sarif::write(out, files),
    }
}

/// Prints one violation with its line, for a verb that was stopped by it; `help` says what to do next.
///
/// # Errors
/// What writing to `out` failed with.
pub fn write_violation(
    out: &mut dyn Write,
    file: &CheckedFile,
    violation: &Violation,
    help: Option<&str>,
    style: Style,
) -> io::Result<()> {
    full::write_violation(out, file, violation, help, style)
}

/// How many violations of each weight were found in how many files: "2 errors in 1 file, 3 files checked".
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Violations that forbid recording the file.
    pub errors: usize,
    /// Violations that do not.
    pub warnings: usize,
    /// Remarks.
    pub notes: usize,
    /// Files that have any of these.
    pub concerned: usize,
    /// All files that were checked.
    pub checked: usize,
}

impl Tally {
    /// Counts what was found.
    #[must_use]
    pub fn of(files: &[CheckedFile]) -> Self {
        let mut tally = Self {
            concerned: files.iter().filter(|file| !file.violations.is_empty()).count(),
            checked: files.len(),
            ..Self::default()
        };
        for violation in files.iter().flat_map(|file| &file.violations) {
            match violation.severity {
                Severity::Error => tally.errors += 1,
                Severity::Warning => tally.warnings += 1,
                Severity::Note => tally.notes += 1,
            }
        }
        tally
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counted = [(self.errors, "error"), (self.warnings, "warning"), (self.notes, "note")];
        let mut separator = "";
        for (count, noun) in counted.into_iter().filter(|(count, _)| *count > 0) {
            write!(formatter, "{separator}{}", Counted(count, noun))?;
            separator = ", ";
        }
        if self.concerned > 0 {
            write!(formatter, " in {}, ", Counted(self.concerned, "file"))?;
        } else {
            formatter.write_str("no violations, ")?;
        }
        write!(formatter, "{} checked", Counted(self.checked, "file"))
    }
}

/// A number with its noun: "1 file", "2 files".
struct Counted(usize, &'static str);

impl fmt::Display for Counted {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plural = if self.0 == 1 { "" } else { "s" };
        write!(formatter, "{} {}{plural}", self.0, self.1)
    }
}

/// The word for a weight, as compilers print it.
fn severity_word(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    }
}
