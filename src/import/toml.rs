//! TOML, with the place of each value.

use super::place::Lines;
use super::{Found, Given, Place, Wrong};
use crate::document::{Document, KeyPath, Value};

/// The settings in a text.
pub(super) fn read(text: &str) -> Result<Vec<Found>, Wrong> {
    let mut lines = Lines::new(text);
    let document = Document::parse(text).map_err(|errors| {
        let (at, message) = errors
            .first()
            .map_or((0, String::new()), |first| (first.span.start, first.message.clone()));
        let (line, column) = lines.place(at.min(text.len()));
        Wrong::new(line, column, message)
    })?;
    let mut found = Vec::new();
    let root = document
        .get(&KeyPath::root())
        .unwrap_or(Value::Table(crate::document::Table::default()));
    gather(&document, &mut lines, &KeyPath::root(), root, &mut found);
    Ok(found)
}

fn gather(document: &Document, lines: &mut Lines<'_>, path: &KeyPath, value: Value, found: &mut Vec<Found>) {
    let given = match value {
        Value::Table(entries) if !entries.is_empty() || path.is_empty() => {
            for (name, entry) in entries {
                gather(document, lines, &path.key(name), entry, found);
            }
            return;
        }
        Value::Array(items) if holds_tables(&items) => {
            for (index, item) in items.into_iter().enumerate() {
                gather(document, lines, &path.index(index), item, found);
            }
            return;
        }
        other @ (Value::String(_)
        | Value::Integer(_)
        | Value::Float(_)
        | Value::Boolean(_)
        | Value::Datetime(_)
        | Value::Array(_)
        | Value::Table(_)) => given(other),
    };
    let at = document.locate(path).map_or(0, |location| location.value.start);
    let (line, column) = lines.place(at);
    found.push(Found {
        key: path.clone(),
        given,
        place: Place::Line { line, column },
    });
}

fn holds_tables(items: &[Value]) -> bool {
    items.iter().any(|item| match item {
        Value::Table(_) => true,
        Value::Array(items) => holds_tables(items),
        Value::String(_) | Value::Integer(_) | Value::Float(_) | Value::Boolean(_) | Value::Datetime(_) => false,
    })
}

fn given(value: Value) -> Given {
    match value {
        Value::String(text) => Given::String(text),
        Value::Table(_) => Given::EmptyTable,
        Value::Array(items) => Given::Array(items.into_iter().map(given).collect()),
        scalar @ (Value::Integer(_) | Value::Float(_) | Value::Boolean(_) | Value::Datetime(_)) => {
            let spelled = scalar.to_string();
            Given::Scalar(scalar, spelled)
        }
    }
}
