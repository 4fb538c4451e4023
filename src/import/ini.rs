//! INI: `NAME = VALUE` or `NAME: VALUE`, below `[sections]` that are tables. Programs read it in many ways; where they would
//! disagree on a value, nothing is guessed.

use std::collections::HashMap;

use super::number::Unholdable;
use super::{Found, Given, Place, Wrong};
use crate::document::{KeyPath, Segment};

/// The settings in a text.
pub(super) fn read(text: &str) -> Result<Vec<Found>, Wrong> {
    let mut section = KeyPath::root();
    let mut found: Vec<Found> = Vec::new();
    let mut seen: HashMap<KeyPath, usize> = HashMap::new();
    for (line, row) in (1..).zip(text.lines()) {
        let content = row.trim();
        let column = row.chars().take_while(|character| character.is_whitespace()).count() + 1;
        let wrong = |message: &str| Wrong::new(line, column, message);
        if content.is_empty() || content.starts_with([';', '#']) {
            continue;
        }
        if let Some(header) = content.strip_prefix('[') {
            section = header_of(header).ok_or_else(|| wrong("a section is written `[name]`, alone in its line"))?;
            continue;
        }
        let Some(at) = content.find(['=', ':']) else {
            return Err(wrong(if column > 1 {
                "this line would go on the one before, which not every program reads so: write the value in one line"
            } else {
                "a line must be `name = value`"
            }));
        };
        let (name, value) = (content[..at].trim_end(), content[at + 1..].trim_start());
        if name.is_empty() {
            return Err(wrong("a name must stand before this"));
        }
        let key = section.concat(&dotted(name));
        if let Some(first) = seen.insert(key.clone(), line) {
            return Err(Wrong::twice(line, column, &key, first));
        }
        let before = row.len() - row.trim_start().len() + (content.len() - value.len());
        found.push(Found {
            key,
            given: given(value),
            place: Place::Line {
                line,
                column: row[..before].chars().count() + 1,
            },
        });
    }
    Ok(found)
}

/// The path of `mqtt]`, `mqtt.tls]`, or `zone "north"]` as git writes it.
fn header_of(header: &str) -> Option<KeyPath> {
    let (name, behind) = header.rsplit_once(']')?;
    let behind = behind.trim_start();
    if !(behind.is_empty() || behind.starts_with([';', '#'])) {
        return None;
    }
    let name = name.trim();
    let quoted = name.strip_suffix('"').and_then(|name| name.split_once(" \""));
    let path = match quoted {
        Some((table, key)) => dotted(table.trim()).key(key),
        None => dotted(name),
    };
    let is_named = |segment: &Segment| !matches!(segment, Segment::Key(key) if key.is_empty());
    path.segments().iter().all(is_named).then_some(path)
}

/// The path of `mqtt.host`; dots stand between the names of tables, and a name that is not apart by them is one key.
fn dotted(name: &str) -> KeyPath {
    let parts: Vec<&str> = name.split('.').map(str::trim).collect();
    if parts.iter().any(|part| part.is_empty()) {
        return KeyPath::root().key(name);
    }
    parts.into_iter().fold(KeyPath::root(), |path, part| path.key(part))
}

fn given(value: &str) -> Given {
    for quote in ['"', '\''] {
        let Some(rest) = value.strip_prefix(quote) else {
            continue;
        };
        return match rest.strip_suffix(quote) {
            Some(inner) if !inner.contains(quote) => Given::Text(inner.to_owned()),
            Some(_) | None => Given::Unholdable(Unholdable {
                found: "a text with a quote that some programs take for a part of it",
                allowed: "quotes stand around the whole text, and none in it",
            }),
        };
    }
    let mut before = None;
    for character in value.chars() {
        if matches!(character, ';' | '#') && before.is_some_and(char::is_whitespace) {
            return Given::Unholdable(Unholdable {
                found: "a text that some programs cut at the comment in it",
                allowed: "a comment has a line of its own, and a text with `#` or `;` stands in quotes",
            });
        }
        before = Some(character);
    }
    if value.ends_with('\\') {
        return Given::Unholdable(Unholdable {
            found: "a text that some programs read on in the next line",
            allowed: "a text that ends with a backslash stands in quotes",
        });
    }
    Given::Text(value.to_owned())
}
