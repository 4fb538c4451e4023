//! YAML 1.2: what its core schema makes of plain scalars, with the place of each. Words that earlier versions took for
//! others, such as `yes` and `012`, are texts here, and whoever knows the setting's type decides.

use std::collections::HashMap;
use std::str::FromStr as _;

use saphyr_parser::{Event, Parser, ScalarStyle, ScanError, Span, StrInput, Tag};

use super::number::{self, Unholdable};
use super::tree::{Content, Entry, Node};
use super::{DEEPEST, Found, Given, Wrong};
use crate::document::Value;

/// So many nodes may come from aliases in all. Nine lines of ten aliases each would make a thousand million.
const MOST_ALIASED: usize = 10_000;

/// The settings in a text.
pub(super) fn read(text: &str) -> Result<Vec<Found>, Wrong> {
    let mut loader = Loader {
        parser: Parser::new_from_str(text),
        anchors: HashMap::new(),
        aliased: 0,
    };
    let mut root = None;
    loop {
        match loader.next()? {
            (Event::StreamEnd, _) => break,
            (Event::StreamStart | Event::DocumentEnd | Event::Nothing, _) => {}
            (Event::DocumentStart(_), span) if root.is_some() => {
                let message = "a second document begins here, and settings are one";
                return Err(wrong(&span, message));
            }
            (Event::DocumentStart(_), _) => {
                let (event, span) = loader.next()?;
                root = Some(loader.node(event, &span, 0)?);
            }
            (_, span) => return Err(wrong(&span, "no value is expected here")),
        }
    }
    let Some(root) = root else { return Ok(Vec::new()) };
    match root.content {
        Content::Table(_) => root.settings(),
        // A file of comments alone.
        Content::Leaf(Given::Null) => Ok(Vec::new()),
        Content::Array(_) | Content::Leaf(_) => Err(Wrong::new(
            root.line,
            root.column,
            "a mapping of settings must stand here",
        )),
    }
}

struct Loader<'t> {
    parser: Parser<'t, StrInput<'t>>,
    /// What an alias may name, with how many nodes it has.
    anchors: HashMap<usize, (Node, usize)>,
    aliased: usize,
}

impl<'t> Loader<'t> {
    fn next(&mut self) -> Result<(Event<'t>, Span), Wrong> {
        match self.parser.next_event() {
            Some(Ok(next)) => Ok(next),
            Some(Err(error)) => Err(scan_error(&error)),
            None => Err(Wrong::new(1, 1, "the text ends in the middle of a value")),
        }
    }

    fn node(&mut self, event: Event<'t>, span: &Span, depth: usize) -> Result<Node, Wrong> {
        if depth > DEEPEST {
            return Err(wrong(span, &format!("this is more than {DEEPEST} levels deep")));
        }
        let (content, anchor) = match event {
            Event::Scalar(text, style, anchor, tag) => (Content::Leaf(scalar(&text, style, tag.as_deref())), anchor),
            Event::SequenceStart(anchor, tag) => {
                let items = self.items(depth)?;
                (tagged(Content::Array(items), tag.as_deref()), anchor)
            }
            Event::MappingStart(anchor, tag) => {
                let entries = self.entries(depth)?;
                (tagged(Content::Table(entries), tag.as_deref()), anchor)
            }
            Event::Alias(anchor) => return self.alias(anchor, span),
            Event::Nothing
            | Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(_)
            | Event::DocumentEnd
            | Event::SequenceEnd
            | Event::MappingEnd => return Err(wrong(span, "a value is expected here")),
        };
        let node = Node {
            line: span.start.line(),
            column: span.start.col() + 1,
            content,
        };
        // 0 is none.
        if anchor > 0 {
            let size = node.size();
            self.anchors.insert(anchor, (node.clone(), size));
        }
        Ok(node)
    }

    fn alias(&mut self, anchor: usize, span: &Span) -> Result<Node, Wrong> {
        let Some((node, size)) = self.anchors.get(&anchor) else {
            return Err(wrong(span, "this alias names a value that holds it"));
        };
        self.aliased = self.aliased.saturating_add(*size);
        if self.aliased > MOST_ALIASED {
            let message = format!("aliases stand for more than {MOST_ALIASED} values here");
            return Err(wrong(span, &message));
        }
        Ok(Node {
            line: span.start.line(),
            column: span.start.col() + 1,
            content: node.content.clone(),
        })
    }

    fn items(&mut self, depth: usize) -> Result<Vec<Node>, Wrong> {
        let mut items = Vec::new();
        loop {
            match self.next()? {
                (Event::SequenceEnd, _) => return Ok(items),
                (event, span) => items.push(self.node(event, &span, depth + 1)?),
            }
        }
    }

    fn entries(&mut self, depth: usize) -> Result<Vec<Entry>, Wrong> {
        let mut entries = Vec::new();
        loop {
            let (event, span) = self.next()?;
            let name = match event {
                Event::MappingEnd => return Ok(entries),
                Event::Scalar(text, ScalarStyle::Plain, ..) if text == "<<" => {
                    let message = "`<<` is no part of YAML 1.2: write the keys out that it stands for";
                    return Err(wrong(&span, message));
                }
                Event::Scalar(text, ..) => text.into_owned(),
                Event::Nothing
                | Event::StreamStart
                | Event::StreamEnd
                | Event::DocumentStart(_)
                | Event::DocumentEnd
                | Event::Alias(_)
                | Event::SequenceStart(..)
                | Event::SequenceEnd
                | Event::MappingStart(..) => return Err(wrong(&span, "a key must be a text")),
            };
            let (event, place) = self.next()?;
            entries.push(Entry {
                name,
                line: span.start.line(),
                column: span.start.col() + 1,
                node: self.node(event, &place, depth + 1)?,
            });
        }
    }
}

fn wrong(span: &Span, message: &str) -> Wrong {
    Wrong::new(span.start.line(), span.start.col() + 1, message)
}

fn scan_error(error: &ScanError) -> Wrong {
    let place = error.marker();
    // It may hold a part of the text behind a colon or in quotes, which could be a secret's.
    let message = error.info().split(['"', '\'', '`']).next().unwrap_or_default();
    Wrong::new(place.line(), place.col() + 1, message.trim_end_matches([' ', ':']))
}

/// A collection, unless a tag makes something else of it.
fn tagged(content: Content, tag: Option<&Tag>) -> Content {
    match tag {
        Some(tag) if !(tag.is_yaml_core_schema() && matches!(tag.suffix.as_str(), "map" | "seq")) => {
            Content::Leaf(Given::Unholdable(TAGGED))
        }
        Some(_) | None => content,
    }
}

const TAGGED: Unholdable = Unholdable {
    found: "a value with a tag of its own program",
    allowed: "the value itself is written instead",
};

fn scalar(text: &str, style: ScalarStyle, tag: Option<&Tag>) -> Given {
    let core = tag.filter(|tag| tag.is_yaml_core_schema());
    match (core.map(|tag| tag.suffix.as_str()), tag) {
        (Some("str"), _) => Given::String(text.to_owned()),
        (Some("int" | "float" | "bool" | "null"), _) => plain(text),
        // `! 60` says that it is no number.
        (None, Some(tag)) if tag.suffix.is_empty() => Given::String(text.to_owned()),
        (Some(_), _) | (None, Some(_)) => Given::Unholdable(TAGGED),
        (None, None) if style == ScalarStyle::Plain => plain(text),
        (None, None) => Given::String(text.to_owned()),
    }
}

/// A plain scalar by the core schema (section 10.3 of YAML 1.2).
fn plain(text: &str) -> Given {
    let scalar = |value| Given::Scalar(value, text.to_owned());
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Given::Null,
        "true" | "True" | "TRUE" => return scalar(Value::Boolean(true)),
        "false" | "False" | "FALSE" => return scalar(Value::Boolean(false)),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => return scalar(Value::Float(f64::INFINITY)),
        "-.inf" | "-.Inf" | "-.INF" => return scalar(Value::Float(f64::NEG_INFINITY)),
        ".nan" | ".NaN" | ".NAN" => return scalar(Value::Float(f64::NAN)),
        _ => {}
    }
    for (prefix, radix) in [("0x", 16), ("0o", 8)] {
        let digits = text.strip_prefix(prefix).filter(|digits| !digits.is_empty());
        if let Some(digits) = digits.filter(|digits| digits.chars().all(|digit| digit.is_digit(radix))) {
            return match i64::from_str_radix(digits, radix) {
                Ok(number) => scalar(Value::Integer(number)),
                Err(_) => Given::Unholdable(number::TOO_LARGE),
            };
        }
    }
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let begins = digits.starts_with(|first: char| first.is_ascii_digit())
        || digits.starts_with('.') && digits.as_bytes().get(1).is_some_and(u8::is_ascii_digit);
    let is_number = begins
        && digits
            .bytes()
            .all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'e' | b'E' | b'+' | b'-'));
    // Octal to earlier versions, decimal to this one: what a person meant cannot be told.
    let is_old_octal = digits.len() > 1 && digits.starts_with('0') && digits.bytes().all(|byte| byte.is_ascii_digit());
    if !is_number || is_old_octal {
        return Given::String(text.to_owned());
    }
    match (i64::from_str(text), f64::from_str(text)) {
        (_, Err(_)) => Given::String(text.to_owned()),
        (Ok(whole), _) => scalar(Value::Integer(whole)),
        (Err(_), Ok(number)) => match number::lost(text) {
            Some(lost) => Given::Unholdable(lost),
            None => scalar(Value::Float(number)),
        },
    }
}
