//! A settings document: the text of one TOML file and what it says, with the place of every key and value.
//!
//! The text is the truth. Reading parses it once, with spans; writing splices the bytes of one value and
//! never prints the document again, so comments, order, spacing, line ends and spelling stay
//! (`edit`). Nothing here touches files or knows schemas.

mod change;
mod comments;
#[cfg(test)]
mod corpus_tests;
mod directory;
mod duplicate;
mod edit;
mod inline;
mod items;
mod key;
mod layout;
mod literal;
mod manner;
mod merge;
mod neighbours;
mod node;
#[cfg(test)]
mod property_tests;
mod rewrite;
mod sections;
mod spelling;
mod splice;
mod transplant;
mod value;

use std::ops::Range;

use serde_json::Value as Json;
use thiserror::Error;
use toml::de::DeTable;

pub use change::{Change, MASK, brief, changes, shown};
pub use edit::EditError;
pub use key::{KeyError, KeyPath, Segment};
pub use merge::{Conflict, MergeError, merge};
use node::{Content, Node};
pub use rewrite::Rewrite;
pub use value::{Datetime, Table, Value};

/// The text of a TOML file and its parsed, located content.
#[derive(Clone, Debug)]
pub struct Document {
    text: String,
    root: Node,
}

/// A place where a text is no TOML.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{message}")]
pub struct SyntaxError {
    /// What is wrong, without the value's text.
    pub message: String,
    /// Where, in bytes.
    pub span: Range<usize>,
}

/// Where something stands in the text, in bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Location {
    /// The key that names it; for an item of an array and for the root, the value's own span.
    pub key: Range<usize>,
    /// The value; for a table with a `[header]`, that header; for an implicit table, its key.
    pub value: Range<usize>,
}

impl Document {
    /// Parses a text, refusing it with every syntax error found.
    ///
    /// # Errors
    /// The places where the text is no TOML 1.1, in order; never empty.
    pub fn parse(text: impl Into<String>) -> Result<Self, Vec<SyntaxError>> {
        let text = text.into();
        let parsed = DeTable::parse(&text).map_err(|_first| syntax_errors(&text))?;
        let mut errors = Vec::new();
        let root = Node {
            span: 0..0,
            content: Node::table_from_toml(parsed.get_ref(), &mut errors),
        };
        if errors.is_empty() {
            Ok(Self { text, root })
        } else {
            Err(errors)
        }
    }

    /// The text, byte for byte as it was parsed.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The value at a path, if there is one. The root is the whole table.
    #[must_use]
    pub fn get(&self, path: &KeyPath) -> Option<Value> {
        Some(self.find(path)?.1.to_value())
    }

    /// Whether something stands at a path.
    #[must_use]
    pub fn contains(&self, path: &KeyPath) -> bool {
        self.find(path).is_some()
    }

    /// The whole content as JSON, as [`Value::to_json`] writes it.
    #[must_use]
    pub fn to_json(&self) -> Json {
        self.root.to_json()
    }

    /// Where the key and value at a path stand, if they are there.
    #[must_use]
    pub fn locate(&self, path: &KeyPath) -> Option<Location> {
        let (key, node) = self.find(path)?;
        Some(Location {
            key: key.unwrap_or_else(|| node.span.clone()),
            value: node.span.clone(),
        })
    }

    /// The line and column of a byte, both counted from 1, the column in characters.
    #[must_use]
    pub fn line_column(&self, offset: usize) -> (usize, usize) {
        line_column(&self.text, offset)
    }

    /// The value at a path, and the span of the key that names it, if a key does.
    fn find(&self, path: &KeyPath) -> Option<(Option<Range<usize>>, &Node)> {
        let mut key = None;
        let mut node = &self.root;
        for segment in path.segments() {
            match (segment, &node.content) {
                (Segment::Key(name), Content::Table(entries)) => {
                    let entry = entries.get(name.as_str())?;
                    key = Some(entry.key.clone());
                    node = &entry.node;
                }
                (Segment::Index(index), Content::Array(items)) => {
                    key = None;
                    node = items.get(*index)?;
                }
                _ => return None,
            }
        }
        Some((key, node))
    }
}

/// An empty document.
impl Default for Document {
    fn default() -> Self {
        let content = Content::Table(node::Entries::default());
        Self {
            text: String::new(),
            root: Node { span: 0..0, content },
        }
    }
}

/// A table as the text of a document of its own, with `[sections]`.
#[must_use]
pub fn to_toml(table: &Table) -> String {
    let set = |document: Document, (key, value): (&String, &Value)| document.set(&KeyPath::root().key(key), value);
    match table.iter().try_fold(Document::default(), set) {
        Ok(document) => document.text,
        // Deeper than a document may nest: still a value.
        Err(_) => format!("{}\n", Value::Table(table.clone())),
    }
}

/// The line and column of a byte of a text, both counted from 1, the column in characters.
#[must_use]
pub fn line_column(text: &str, offset: usize) -> (usize, usize) {
    let mut offset = offset.min(text.len());
    while !text.is_char_boundary(offset) {
        offset -= 1;
    }
    let before = &text[..offset];
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
    (
        line,
        before[line_start..]
            .chars()
            .filter(|character| *character != '\u{feff}')
            .count()
            + 1,
    )
}

fn syntax_errors(text: &str) -> Vec<SyntaxError> {
    let (_, errors) = DeTable::parse_recoverable(text);
    let mut errors: Vec<SyntaxError> = errors
        .into_iter()
        .map(|error| SyntaxError {
            message: error.message().to_owned(),
            span: error.span().unwrap_or(0..0),
        })
        .collect();
    errors.sort_by_key(|error| error.span.start);
    errors.dedup_by_key(|error| error.span.start);
    let twice = errors.iter_mut().filter(|error| error.message == "duplicate key");
    for error in twice.take(duplicate::LIMIT) {
        if let Some(first) = duplicate::first_place(text, &error.span) {
            let (line, _) = line_column(text, first.start);
            error.message = format!("{}; it stands in line {line} already", error.message);
        }
    }
    errors
}

#[cfg(test)]
mod tests {
    use super::{Document, KeyPath};

    fn slice<'d>(document: &'d Document, path: &str) -> (&'d str, &'d str) {
        let location = document.locate(&path.parse::<KeyPath>().unwrap()).unwrap();
        (&document.text()[location.key], &document.text()[location.value])
    }

    #[test]
    fn every_key_and_value_knows_where_it_stands() {
        let text = "top = 1 # c\na.b.c = [1, { x = 2 }]\n[t]\nk = 'v'\n[t.u.w]\nz = 1\n[[zones]]\nflow = 1.5\n[[zones]]\n\"flow\" = 2.5\n";
        let document = Document::parse(text).unwrap();
        assert_eq!(slice(&document, "top"), ("top", "1"));
        assert_eq!(slice(&document, "a"), ("a", "a"));
        assert_eq!(slice(&document, "a.b.c"), ("c", "[1, { x = 2 }]"));
        assert_eq!(slice(&document, "a.b.c[1]"), ("{ x = 2 }", "{ x = 2 }"));
        assert_eq!(slice(&document, "a.b.c[1].x"), ("x", "2"));
        assert_eq!(slice(&document, "t"), ("t", "[t]"));
        assert_eq!(slice(&document, "t.u"), ("u", "u"));
        assert_eq!(slice(&document, "zones"), ("zones", "[[zones]]"));
        assert_eq!(slice(&document, "zones[1]"), ("[[zones]]", "[[zones]]"));
        assert_eq!(slice(&document, "zones[1].flow"), ("\"flow\"", "2.5"));
    }

    #[test]
    fn a_text_with_several_errors_reports_each() {
        let errors = Document::parse("a = \nb = 1\nb = 2\nc = 99999999999999999999\n").unwrap_err();
        assert!(errors.len() >= 2, "{errors:?}");
        let errors = Document::parse("c = 99999999999999999999\nd = 1e999\n").unwrap_err();
        assert_eq!(errors.len(), 2, "{errors:?}");
    }

    #[test]
    fn a_byte_order_mark_and_crlf_are_kept_and_counted_right() {
        let document = Document::parse("\u{feff}a = 1\r\nb = 2\r\n").unwrap();
        let b = document.locate(&"b".parse().unwrap()).unwrap();
        assert_eq!(document.line_column(b.value.start), (2, 5));
        assert_eq!(
            document.line_column(document.locate(&"a".parse().unwrap()).unwrap().key.start),
            (1, 1)
        );
        assert_eq!(document.text(), "\u{feff}a = 1\r\nb = 2\r\n");
    }

    #[test]
    fn deep_nesting_is_an_error_and_not_a_crash() {
        let text = format!("a = {}{}", "[".repeat(200), "]".repeat(200));
        assert!(!Document::parse(text).unwrap_err().is_empty());
    }
}
