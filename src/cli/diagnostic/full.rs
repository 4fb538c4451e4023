//! Violations for people, in the form of rustc's: code, sentence, place, the line itself, what is allowed,
//! what to do next.

use std::io::{self, Write};

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};

use super::excerpt::Excerpt;
use super::printable::{escaped, sentence};
use super::{Style, Tally};
use crate::schema::{Severity, Violation};
use crate::store::CheckedFile;

/// Stands for the path while a report is drawn: the renderer would name the column in the excerpt, which for a
/// long line is not the column in the file. No printable text contains this character.
const PLACE: &str = "\u{1}";

/// Prints every violation with its line, then one line that counts them.
pub(super) fn write(out: &mut dyn Write, files: &[CheckedFile], style: Style) -> io::Result<()> {
    for file in files {
        for violation in &file.violations {
            let help = violation
                .suggestion
                .as_deref()
                .map(|suggestion| format!("did you mean `{suggestion}`?"));
            write_violation(out, file, violation, help.as_deref(), style)?;
            writeln!(out)?;
        }
    }
    writeln!(out, "{}", Tally::of(files))
}

/// Prints one violation of a file, with what the caller knows to be the next step.
pub(super) fn write_violation(
    out: &mut dyn Write,
    file: &CheckedFile,
    violation: &Violation,
    help: Option<&str>,
    style: Style,
) -> io::Result<()> {
    let level = match violation.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Note => Level::NOTE,
    };
    let title = level
        .primary_title(sentence(&violation.message))
        .id(violation.code.as_str());
    let position = violation.position;
    let label = Some(sentence(&violation.label)).filter(|label| !label.is_empty());
    let mut report = match &file.text {
        Some(text) => {
            let Excerpt { text, mark } = Excerpt::around(text, &violation.span, 2 * style.width);
            let snippet = Snippet::source(text).path(PLACE).line_start(position.line);
            title.element(snippet.annotation(AnnotationKind::Primary.span(mark).label(label)))
        }
        None => Group::with_title(title)
            .element(Origin::path(PLACE))
            .elements(label.map(|label| Level::NOTE.message(label))),
    };
    if let Some(note) = note(file, violation) {
        report = report.element(Level::NOTE.message(note));
    }
    let mut groups = vec![report];
    groups.extend(help.map(|help| Group::with_title(Level::HELP.secondary_title(sentence(help)))));

    let renderer = if style.color {
        Renderer::styled()
    } else {
        Renderer::plain()
    };
    let drawn = renderer.term_width(style.width).render(&groups);
    let place = match &file.text {
        Some(_) => format!("{}:{}:{}", escaped(&file.path), position.line, position.column),
        None => escaped(&file.path).into_owned(),
    };
    match drawn.split_once(PLACE) {
        Some((before, after)) => {
            let after = after.trim_start_matches(|character: char| character == ':' || character.is_ascii_digit());
            writeln!(out, "{before}{place}{after}")
        }
        None => writeln!(out, "{drawn}"),
    }
}

/// What is allowed and where the schema says so; else where to look.
fn note(file: &CheckedFile, violation: &Violation) -> Option<String> {
    // A rule of another schema names that file itself.
    let own = violation.schema.starts_with('#');
    let schema = file.schema.as_deref().filter(|_| own).unwrap_or_default();
    match &violation.allowed {
        Some(allowed) => Some(sentence(allowed).into_owned()),
        None if violation.schema.is_empty() => None,
        None => Some(format!("see {}{}", escaped(schema), sentence(&violation.schema))),
    }
}
