//! `.env`: `NAME=VALUE`, as container tools and shells read it. Nothing is expanded: what a variable of the machine that
//! reads the file would make of it is no setting.

use std::collections::HashMap;

use super::number::Unholdable;
use super::{Found, Given, Place, Wrong};
use crate::document::KeyPath;

/// The variables in a text, each as a key of its name.
pub(super) fn read(text: &str) -> Result<Vec<Found>, Wrong> {
    let mut reader = Reader { text, at: 0, line: 1 };
    let mut found = Vec::new();
    let mut seen: HashMap<String, usize> = HashMap::new();
    while reader.at < text.len() {
        if let Some((name, one)) = reader.line()? {
            let Place::Line { line, column } = one.place else {
                continue;
            };
            if let Some(first) = seen.insert(name, line) {
                return Err(Wrong::twice(line, column, &one.key, first));
            }
            found.push(one);
        }
    }
    Ok(found)
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
    line: usize,
}

impl Reader<'_> {
    /// Reads one line, or several where a text in quotes goes on.
    fn line(&mut self) -> Result<Option<(String, Found)>, Wrong> {
        let (line, begin) = (self.line, self.at);
        let rest = &self.text[begin..];
        let row = rest.split_once('\n').map_or(rest, |(row, _)| row);
        let content = row.trim_start();
        let indent = row.len() - content.len();
        if content.trim_end().is_empty() || content.starts_with('#') {
            self.go_to(begin + row.len() + 1);
            return Ok(None);
        }
        let wrong = |message: &str| Wrong::new(line, indent + 1, message);
        let exported = content
            .strip_prefix("export")
            .filter(|rest| rest.starts_with([' ', '\t']));
        let assignment = exported.unwrap_or(content).trim_start();
        let Some((name, value)) = assignment.split_once('=') else {
            return Err(wrong("a line must be `NAME=value`"));
        };
        let name = name.trim_end();
        let is_name = |character: char| character.is_alphanumeric() || matches!(character, '_' | '-' | '.');
        if name.is_empty() || !name.chars().all(is_name) {
            return Err(wrong("a name is of letters, digits and `_`"));
        }
        let value = value.trim_start_matches([' ', '\t']);
        let start = begin + row.len() - value.len();
        let column = self.text[begin..start].chars().count() + 1;
        let given = self.given(start, begin + row.len()).map_err(wrong)?;
        let one = Found {
            key: KeyPath::root().key(name),
            given,
            place: Place::Line { line, column },
        };
        Ok(Some((name.to_owned(), one)))
    }

    /// Reads the value that begins at `start`; its line ends at `end`.
    fn given(&mut self, start: usize, end: usize) -> Result<Given, &'static str> {
        let value = &self.text[start..end];
        let Some(quote @ ('"' | '\'')) = value.chars().next() else {
            let cut = value
                .char_indices()
                .find(|(at, character)| *character == '#' && (*at == 0 || value[..*at].ends_with([' ', '\t'])))
                .map_or(value.len(), |(at, _)| at);
            self.go_to(end + 1);
            return Ok(unquoted(value[..cut].trim()));
        };
        let mut inner = String::new();
        let mut body = start + 1;
        let length = loop {
            let Some(length) = closing(&self.text[body..], quote) else {
                return Err("the quote that begins in this line is never closed");
            };
            inner.push_str(&self.text[body..body + length]);
            // How shells write a single quote within single quotes.
            if quote == '"' || !self.text[body + length + 1..].starts_with("\\''") {
                break length;
            }
            inner.push(quote);
            body += length + 4;
        };
        let behind = &self.text[body + length + 1..];
        let behind = behind.split_once('\n').map_or(behind, |(row, _)| row);
        let more = behind.trim();
        if !(more.is_empty() || more.starts_with('#')) {
            return Err("more stands behind the quote that ends the value");
        }
        self.go_to(body + length + 1 + behind.len() + 1);
        Ok(if quote == '\'' {
            Given::Text(inner)
        } else {
            unescaped(&inner)
        })
    }

    fn go_to(&mut self, at: usize) {
        let at = at.min(self.text.len());
        self.line += self.text[self.at..at].matches('\n').count();
        self.at = at;
    }
}

/// Where a text in quotes ends.
fn closing(text: &str, quote: char) -> Option<usize> {
    let mut escaped = false;
    for (at, character) in text.char_indices() {
        match character {
            _ if escaped => escaped = false,
            '\\' if quote == '"' => escaped = true,
            end if end == quote => return Some(at),
            _ => {}
        }
    }
    None
}

fn unquoted(value: &str) -> Given {
    if value.contains('$') && refers(value) {
        return Given::Unholdable(REFERENCE);
    }
    if value.contains(['"', '\'', '\\', '`']) {
        return Given::Unholdable(Unholdable {
            found: "a text that a shell would read otherwise",
            allowed: "a text with quotes or backslashes stands in single quotes",
        });
    }
    Given::Text(value.to_owned())
}

const REFERENCE: Unholdable = Unholdable {
    found: "a text that takes in another variable",
    allowed: "the value itself stands there; one with a `$` in single quotes",
};

fn refers(value: &str) -> bool {
    value.match_indices('$').any(|(at, _)| is_reference(&value[at + 1..]))
}

/// Whether a `$` before this takes in something else.
fn is_reference(after: &str) -> bool {
    after.starts_with(|next: char| next.is_ascii_alphabetic() || matches!(next, '_' | '{' | '('))
}

/// What a text in double quotes says.
fn unescaped(inner: &str) -> Given {
    let mut plain = String::with_capacity(inner.len());
    let mut rest = inner.chars();
    while let Some(character) = rest.next() {
        match character {
            '$' if is_reference(rest.as_str()) => {
                return Given::Unholdable(REFERENCE);
            }
            '\\' => match rest.next() {
                Some('n') => plain.push('\n'),
                Some('r') => plain.push('\r'),
                Some('t') => plain.push('\t'),
                Some(same @ ('"' | '\\' | '$' | '`' | '\'')) => plain.push(same),
                Some(other) => plain.extend(['\\', other]),
                None => plain.push('\\'),
            },
            other => plain.push(other),
        }
    }
    Given::Text(plain)
}
