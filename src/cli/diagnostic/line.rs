//! The formats of one line per violation: `concise`, which editors and grep follow, and the workflow commands of
//! GitHub Actions.

use std::io::{self, Write};

use super::printable::{escaped, sentence};
use super::severity_word;
use crate::schema::Severity;
use crate::store::CheckedFile;

/// `plugins/valve.toml:4:13: error[VC101] …`, the form that compilers and ruff print.
pub(super) fn write_concise(out: &mut dyn Write, files: &[CheckedFile]) -> io::Result<()> {
    for file in files {
        for violation in &file.violations {
            let place = violation.position;
            writeln!(
                out,
                "{}:{}:{}: {}[{}] {}",
                escaped(&file.path),
                place.line,
                place.column,
                severity_word(violation.severity),
                violation.code,
                sentence(&violation.message),
            )?;
        }
    }
    Ok(())
}

/// `::error file=…,line=…::…`: GitHub shows the message beside that line of a pull request.
pub(super) fn write_github(out: &mut dyn Write, files: &[CheckedFile]) -> io::Result<()> {
    for file in files {
        for violation in &file.violations {
            let command = match violation.severity {
                Severity::Error => "error",
                Severity::Warning => "warning",
                Severity::Note => "notice",
            };
            let place = violation.position;
            write!(out, "::{command} file={},line={}", property(&file.path), place.line)?;
            if place.line == place.end_line {
                write!(
                    out,
                    ",col={},endLine={},endColumn={}",
                    place.column, place.end_line, place.end_column
                )?;
            } else {
                // GitHub refuses columns for a place of several lines.
                write!(out, ",endLine={}", place.end_line)?;
            }
            writeln!(out, ",title={}::{}", violation.code, message(&violation.message))?;
        }
    }
    Ok(())
}

/// What follows the second `::`. The escapes are those of the runner's own toolkit; line ends cannot occur,
/// since they are spelled out before.
fn message(text: &str) -> String {
    sentence(text).replace('%', "%25")
}

/// The value of a property, which a comma or a colon would end.
fn property(text: &str) -> String {
    escaped(text)
        .replace('%', "%25")
        .replace(':', "%3A")
        .replace(',', "%2C")
}
