//! What checking one file came to.

use std::ops::Range;

use super::manifest::plugin_of;
use crate::document::{self, Document, KeyPath, MASK, Segment, SyntaxError, line_column};
use crate::files::FileError;
use crate::schema::{Code, Position, Schema, Severity, Violation};

/// One file that was checked, and every way in which it breaks its schema.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CheckedFile {
    /// The path as the user named it, or as it stands below the store's folder; `-` for standard input.
    pub path: String,
    /// The text that was checked, kept only where there are violations to be shown in it; nothing for a file
    /// that could not be read.
    pub text: Option<String>,
    /// The schema that it was checked against, as people name it (`schemas/valve/2.schema.json`): what the
    /// violations' pointers point into.
    pub schema: Option<String>,
    /// What was found, in the order of the text.
    pub violations: Vec<Violation>,
}

impl CheckedFile {
    /// A file that was read.
    #[must_use]
    pub fn new(path: &str, text: &str, schema: Option<String>, violations: Vec<Violation>) -> Self {
        let text = (!violations.is_empty()).then(|| text.to_owned());
        Self {
            path: path.to_owned(),
            text,
            schema,
            violations,
        }
    }

    /// A document that was checked against the schema of this name, without its secrets.
    pub(super) fn document(
        path: &str,
        document: &Document,
        schema: &Schema,
        name: String,
        violations: Vec<Violation>,
    ) -> Self {
        let hidden = if violations.is_empty() {
            Vec::new()
        } else {
            hidden(schema, document, &violations)
        };
        Self::new(path, document.text(), Some(name), violations).hiding(&|| hidden.clone())
    }

    /// A file that is no TOML. What could be a secret, by the name of its key, is masked: no schema can tell in a file
    /// that cannot be read.
    pub(super) fn syntax(path: &str, text: &str, errors: Vec<SyntaxError>, names: &SecretNames) -> Self {
        let violation = |error: SyntaxError| Violation::at(Code::Syntax, text, error.span, &error.message);
        Self::new(path, text, None, errors.into_iter().map(violation).collect()).hiding(&|| likely_secrets(text, names))
    }

    /// The same, with a mask in place of these parts of its text. The places of violations tell nothing of what it hides: what
    /// stands behind a mask has its column in the masked text, and what is masked or holds a mask ends where it begins.
    #[must_use]
    pub fn hiding(mut self, secrets: &dyn Fn() -> Vec<Range<usize>>) -> Self {
        let Some(text) = &self.text else { return self };
        let masked = Masked::new(text, secrets());
        for violation in &mut self.violations {
            violation.position = masked.position(violation);
            violation.span = masked.span(&violation.span);
        }
        self.text = Some(masked.text);
        self
    }

    /// A file that should be there and is not.
    #[must_use]
    pub fn missing(path: &str) -> Self {
        Self::unreadable(path, &FileError::io("read", path.as_ref(), rustix::io::Errno::NOENT))
    }

    /// A file that could not be read, or not as text.
    #[must_use]
    pub fn unreadable(path: &str, error: &FileError) -> Self {
        let code = match error {
            FileError::TooLarge { .. } => Code::TooLarge,
            FileError::Io { .. }
            | FileError::NotRegular { .. }
            | FileError::NotUtf8 { .. }
            | FileError::Changed { .. } => Code::Unreadable,
        };
        let mut message = error.to_string();
        if let Some(source) = std::error::Error::source(error) {
            message = format!("{message}: {source}");
        }
        Self {
            path: path.to_owned(),
            text: None,
            schema: None,
            violations: vec![Violation::at(code, "", 0..0, &message)],
        }
    }

    /// What `secret set --from-file` is to be given to seal what stands here in plain text: the setting, or the plugin
    /// where there are several, since one after the other, each would be refused because of the rest.
    #[must_use]
    pub fn exposed(&self) -> Option<KeyPath> {
        let plugin = KeyPath::root().key(plugin_of(&self.path)?);
        let mut exposed = self
            .violations
            .iter()
            .filter(|violation| violation.code == Code::SecretExposed);
        let first = exposed.next()?;
        Some(match exposed.next() {
            None => plugin.concat(&first.key),
            Some(_) => plugin,
        })
    }

    /// Whether it may not be recorded.
    #[must_use]
    pub fn is_refused(&self) -> bool {
        self.violations
            .iter()
            .any(|violation| violation.severity == Severity::Error)
    }
}

/// A text with masks in it.
struct Masked<'t> {
    original: &'t str,
    text: String,
    /// What is hidden, in the original.
    secrets: Vec<Range<usize>>,
    /// Where the pieces that stay begin, in the original and in the masked text.
    pieces: Vec<(usize, usize)>,
}

impl<'t> Masked<'t> {
    fn new(original: &'t str, mut secrets: Vec<Range<usize>>) -> Self {
        let mut end = 0;
        secrets.retain(|secret| {
            let is_apart = secret.start >= end && original.get(secret.clone()).is_some();
            end = if is_apart { secret.end } else { end };
            is_apart
        });
        let (mut text, mut pieces) = (String::with_capacity(original.len()), vec![(0, 0)]);
        let mut end = 0;
        for secret in &secrets {
            text.push_str(&original[end..secret.start]);
            text.push_str(MASK);
            end = secret.end;
            pieces.push((end, text.len()));
        }
        text.push_str(&original[end..]);
        Self {
            original,
            text,
            secrets,
            pieces,
        }
    }

    /// A place of the original in the masked text: behind the mask for one inside of a secret.
    fn at(&self, place: usize) -> usize {
        let inside = self
            .secrets
            .iter()
            .find(|secret| secret.start < place && place < secret.end);
        let place = inside.map_or(place, |secret| secret.end);
        let piece = self.pieces.iter().rev().find(|(old, _)| *old <= place);
        let (old, new) = piece.copied().unwrap_or_default();
        (new + (place - old)).min(self.text.len())
    }

    /// The secret that a place of the original is in.
    fn around(&self, place: usize) -> Option<&Range<usize>> {
        self.secrets.iter().find(|secret| secret.contains(&place))
    }

    fn span(&self, span: &Range<usize>) -> Range<usize> {
        let start = self.at(self.around(span.start).map_or(span.start, |secret| secret.start));
        start..self.at(span.end).max(start)
    }

    /// The line and column of a place of the masked text: the line is that of the original in which this one begins.
    fn line_column(&self, place: usize) -> (usize, usize) {
        let (_, column) = line_column(&self.text, place);
        let begin = self.text[..place].rfind('\n').map_or(0, |end| end + 1);
        let piece = self.pieces.iter().rev().find(|(_, new)| *new <= begin);
        let (old, new) = piece.copied().unwrap_or_default();
        let (line, _) = line_column(self.original, old + (begin - new));
        (line, column)
    }

    fn position(&self, violation: &Violation) -> Position {
        let span = &violation.span;
        // What a parser finds wrong behind a secret could be the end of the text: it stands where that begins.
        let before = self.secrets.iter().find(|secret| secret.end == span.start);
        let before = before.filter(|_| violation.code == Code::Syntax);
        let start = before.or_else(|| self.around(span.start));
        let start = start.map_or(span.start, |secret| secret.start);
        let hides = |secret: &Range<usize>| start < secret.end && secret.start < span.end.max(start + 1);
        let (line, column) = self.line_column(self.at(start));
        let (end_line, end_column) = if self.secrets.iter().any(hides) {
            (line, column)
        } else {
            self.line_column(self.at(span.end))
        };
        Position {
            line,
            column,
            end_line,
            end_column,
        }
    }
}

/// Words in the names of keys whose values are secret more often than not.
const SECRET_NAMES: [&str; 8] = [
    "passw",
    "secret",
    "token",
    "psk",
    "credential",
    "private",
    "apikey",
    "api_key",
];

/// The keys of a plugin whose values are secret, where only their names can tell.
pub(super) enum SecretNames {
    /// These, and all that have a telling name.
    These(Vec<String>),
    /// Any could be: the schema cannot be read, or tells by a pattern.
    Any,
}

impl SecretNames {
    /// Those that only telling names tell.
    pub(super) const TELLING: Self = Self::These(Vec::new());

    /// Those of a schema.
    pub(super) fn of(schema: &Schema) -> Self {
        schema.secret_names().map_or(Self::Any, Self::These)
    }

    /// Whether a key as it is written, dotted or not, is one of them.
    fn hold(&self, key: &str) -> bool {
        let Self::These(names) = self else { return true };
        let lower = key.to_lowercase();
        let mut words = key.split(|c: char| !c.is_alphanumeric() && c != '_' && c != '-');
        // A name with other letters would stand in quotes, perhaps with escapes.
        SECRET_NAMES.iter().any(|word| lower.contains(word))
            || words.any(|word| names.iter().any(|name| name == word))
            || names
                .iter()
                .any(|name| key.contains(name.as_str()) && name.contains([' ', '.']))
            || key.contains('\\')
    }
}

/// Where a document may not be shown: its secrets, and what stands at unknown keys that may be meant for secrets.
fn hidden(schema: &Schema, document: &Document, violations: &[Violation]) -> Vec<Range<usize>> {
    let mut places = schema.secrets(document);
    let mut unknown = violations.iter().filter(|violation| violation.code == Code::UnknownKey);
    if let Some(first) = unknown.next() {
        let leaves = document::changes(&Document::default(), document);
        let names = SecretNames::of(schema);
        for violation in std::iter::once(first).chain(unknown) {
            let below = leaves.iter().filter(|leaf| leaf.key.starts_with(&violation.key));
            let slips = below.filter(|leaf| is_slip_of_secret(schema, &names, violation, &leaf.key));
            places.extend(slips.filter_map(|leaf| Some(document.locate(&leaf.key)?.value)));
        }
        places.sort_by_key(|place| (place.start, place.end));
        places.dedup();
    }
    places
}

/// Whether a key at or below an unknown one would be secret, had the name been written as it is suggested, or has a
/// telling name.
fn is_slip_of_secret(schema: &Schema, names: &SecretNames, unknown: &Violation, key: &KeyPath) -> bool {
    let meant = unknown.suggestion.as_ref().and_then(|meant| {
        let (table, _) = unknown.key.split_last()?;
        let below = KeyPath::from(key.segments().get(unknown.key.len()..)?.to_vec());
        Some(table.key(meant.as_str()).concat(&below))
    });
    let telling = |segment: &Segment| match segment {
        Segment::Key(name) => names.hold(name),
        Segment::Index(_) => false,
    };
    meant.is_some_and(|meant| schema.may_be_secret(&meant)) || key.segments().iter().any(telling)
}

/// The values in a text that is no TOML whose keys are secret: up to the end of the line, and further where nothing
/// begins that looks like another key. Below the header of a secret table, all is.
pub(super) fn likely_secrets(text: &str, names: &SecretNames) -> Vec<Range<usize>> {
    let mut found: Vec<Range<usize>> = Vec::new();
    // What stands before any key could be a secret that was given alone.
    let mut inside = !matches!(names, SecretNames::These(names) if names.is_empty());
    let (mut at, mut below) = (0, false);
    // The end of a text of several lines that began in a secret value.
    let mut quote: Option<&str> = None;
    for line in text.split_inclusive('\n') {
        let end = at + line.trim_end().len();
        let from = if let Some(closing) = quote {
            if line.contains(closing) {
                quote = None;
            }
            Some(0)
        } else if is_header(line) {
            below = names.hold(line);
            inside = false;
            None
        } else if let Some(key) = key_end(line) {
            let value = if below { Some(key) } else { value_of_secret(line, names) };
            inside = value.is_some();
            quote = value.and_then(|from| open_quote(&line[from..]));
            value
        } else {
            inside = (inside || below) && !line.trim_start().starts_with('#');
            inside.then_some(0)
        };
        if let Some(from) = from.map(|from| at + from).filter(|from| *from < end) {
            found.push(from..end);
        }
        at += line.len();
    }
    found
}

/// Whether a line is the header of a table, and no item of an array.
fn is_header(line: &str) -> bool {
    let line = line.trim();
    let name = line.trim_start_matches('[');
    let bare = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    line.starts_with('[') && bare && name.contains(']') && !name.contains([',', '='])
}

/// Where the value of a line begins that looks like `key = value`.
fn key_end(line: &str) -> Option<usize> {
    let at = line.find('=')?;
    let key = line[..at].trim();
    let quotes = |quote| key.matches(quote).count();
    let whole = quotes('"') % 2 == 0 && quotes('\'') % 2 == 0;
    (!key.is_empty() && whole && !key.contains(['[', ']', '{', '}', '#', ','])).then_some(at + 1)
}

/// The end that a text of several lines still needs.
fn open_quote(value: &str) -> Option<&'static str> {
    let opened = |quote: &&str| value.matches(*quote).count() % 2 == 1;
    ["\"\"\"", "'''"].into_iter().find(opened)
}

/// Where the first value of a line begins whose key is secret.
fn value_of_secret(line: &str, names: &SecretNames) -> Option<usize> {
    let mut key = 0;
    for (at, _) in line.match_indices('=') {
        if names.hold(&line[key..at]) {
            return Some(at + 1);
        }
        key = at + 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::{CheckedFile, SecretNames, likely_secrets};
    use crate::document::Document;
    use crate::schema::{Code, Violation};

    fn shown(text: &str, hidden: &str) -> (String, Vec<String>) {
        let errors = Document::parse(text).unwrap_err();
        let checked = CheckedFile::syntax("a.toml", text, errors, &SecretNames::TELLING);
        let text_shown = checked.text.unwrap();
        assert!(!text_shown.contains(hidden), "{text_shown}");
        let marked = checked
            .violations
            .iter()
            .map(|violation| text_shown[violation.span.clone()].to_owned());
        (text_shown.clone(), marked.collect())
    }

    #[test]
    fn a_broken_file_is_shown_without_what_could_be_a_password() {
        let (text, _) = shown("a = 1\npassword = \"hunter2\nb = 2 3\n", "hunter2");
        assert_eq!(text, "a = 1\npassword =‹secret›\nb = 2 3\n");
        let (text, marked) = shown("mqtt = { password = \"hunter2\" }\nb = 2 3\n", "hunter2");
        assert!(text.ends_with("\nb = 2 3\n"));
        assert_eq!(marked, ["2 3"]);
        shown("key.Secret = \"\"\"\nhunter2\n  hunter2\n", "hunter2");
        shown("\"api token\" = hunter2\n", "hunter2");
    }

    #[test]
    fn places_are_those_of_the_masked_text_in_the_lines_of_the_original() {
        let text = "a = 1\nt = { k = \"\"\"x\ny\"\"\", p = 10 } # p\nb = 2\n";
        let places = |parts: &[&str]| {
            let violation = |part: &&str| {
                let start = text.find(part).unwrap();
                Violation::at(Code::OutOfRange, text, start..start + part.len(), "")
            };
            let checked = CheckedFile::new("a.toml", text, None, parts.iter().map(violation).collect());
            let start = text.find("\"\"\"").unwrap();
            let end = text.find(", p").unwrap();
            let hidden = checked.hiding(&|| std::iter::once(start..end).collect());
            let violations = hidden.violations.into_iter().map(|violation| {
                let place = violation.position;
                [place.line, place.column, place.end_line, place.end_column]
            });
            violations.collect::<Vec<_>>()
        };
        let plain = places(&["1\n", "10", "# p\nb", "b = 2"]);
        assert_eq!(plain, [[1, 5, 2, 1], [2, 25, 2, 27], [2, 30, 4, 2], [4, 1, 4, 6]]);
        // The secret, a part of it, and what it is in.
        assert_eq!(
            places(&["\"\"\"x", "y", "t = {", "k = \"\"\"x\ny\"\"\""]),
            [[2, 11, 2, 11], [2, 11, 2, 11], [2, 1, 2, 6], [2, 7, 2, 7]]
        );
    }

    #[test]
    fn what_is_no_password_is_shown() {
        assert!(
            likely_secrets(
                "a = 1\n[t]\nb = [\n 1\n 2\n]\n# password\nc = 3\n",
                &SecretNames::TELLING
            )
            .is_empty()
        );
    }

    #[test]
    fn the_names_that_a_schema_marks_hide_values_too() {
        let names = SecretNames::These(vec!["pin".to_owned(), "auth".to_owned()]);
        let hidden = |text: &str| -> Vec<String> {
            let places = likely_secrets(text, &names);
            places.into_iter().map(|place| text[place].to_owned()).collect()
        };
        assert_eq!(hidden("pin = 1\npinned = 2\n"), [" 1"]);
        assert_eq!(hidden("a.pin = 1\n\"pin\" = 2 x\n"), [" 1", " 2 x"]);
        assert_eq!(hidden("pin = [\n [\"x\"],\n \"a=b\",\n]\nb = 1\n").len(), 4);
        assert_eq!(hidden("pin = \"\"\"\nb = x\n\"\"\"\nb = 1\n").len(), 3);
        assert_eq!(hidden("[auth]\nuser = x\n[b]\nuser = y\n"), [" x"]);
        assert_eq!(hidden("links = [{ pin = x }]\n"), [" x }]"]);
    }
}
