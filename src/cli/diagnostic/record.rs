//! Violations as JSON: one array, or a record per line. The fields are a promise to programs; fields are added,
//! never renamed.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::ser::{Formatter, Serializer};

use super::printable::is_unprintable;
use crate::document::KeyPath;
use crate::schema::{Code, Severity, Violation};
use crate::store::CheckedFile;

/// All violations as one JSON array.
pub(super) fn write_array(out: &mut dyn Write, files: &[CheckedFile]) -> io::Result<()> {
    let all: Vec<_> = records(files).collect();
    write_json(out, &all)
}

/// A JSON object per line and violation.
pub(super) fn write_lines(out: &mut dyn Write, files: &[CheckedFile]) -> io::Result<()> {
    records(files).try_for_each(|record| write_json(out, &record))
}

/// One JSON value on one line. Characters that a terminal would obey are escaped, also where JSON allows them.
pub(super) fn write_json(out: &mut dyn Write, value: &impl Serialize) -> io::Result<()> {
    value.serialize(&mut Serializer::with_formatter(&mut *out, Printable))?;
    writeln!(out)
}

#[derive(Serialize)]
struct Record<'a> {
    file: &'a str,
    line: usize,
    column: usize,
    end_line: usize,
    end_column: usize,
    code: Code,
    severity: Severity,
    message: &'a str,
    key: &'a KeyPath,
    schema: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    label: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    allowed: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    suggestion: Option<&'a str>,
}

fn records(files: &[CheckedFile]) -> impl Iterator<Item = Record<'_>> {
    files
        .iter()
        .flat_map(|file| file.violations.iter().map(|violation| Record::new(file, violation)))
}

impl<'a> Record<'a> {
    fn new(file: &'a CheckedFile, violation: &'a Violation) -> Self {
        let place = violation.position;
        Self {
            file: &file.path,
            line: place.line,
            column: place.column,
            end_line: place.end_line,
            end_column: place.end_column,
            code: violation.code,
            severity: violation.severity,
            message: &violation.message,
            key: &violation.key,
            schema: &violation.schema,
            label: &violation.label,
            allowed: violation.allowed.as_deref(),
            suggestion: violation.suggestion.as_deref(),
        }
    }
}

/// Compact JSON in which every unprintable character is escaped.
struct Printable;

impl Formatter for Printable {
    fn write_string_fragment<W: ?Sized + Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        let mut rest = fragment;
        while let Some((at, character)) = rest.char_indices().find(|(_, character)| is_unprintable(*character)) {
            writer.write_all(&rest.as_bytes()[..at])?;
            for unit in character.encode_utf16(&mut [0; 2]) {
                write!(writer, "\\u{unit:04x}")?;
            }
            rest = &rest[at + character.len_utf8()..];
        }
        writer.write_all(rest.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::write_json;

    #[test]
    fn json_escapes_what_a_terminal_would_obey_and_reads_back_the_same() {
        let text = "\u{1b}[31m\u{9b}0m \u{7f}\u{202e}\u{e0041} \"ü\\\n大";
        let mut out = Vec::new();
        write_json(&mut out, &text).unwrap();
        let line = String::from_utf8(out).unwrap();
        assert_eq!(
            line,
            "\"\\u001b[31m\\u009b0m \\u007f\\u202e\\udb40\\udc41 \\\"ü\\\\\\n大\"\n"
        );
        assert_eq!(serde_json::from_str::<String>(&line).unwrap(), text);
    }
}
