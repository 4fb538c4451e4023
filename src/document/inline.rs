//! One value's piece of the text, opened into the items of an array or inline table only where an edit goes
//! inside.

use std::borrow::Cow;

use toml_parser::Source;
use toml_parser::parser::{Event, EventKind, parse_value};

use super::Segment;
use super::layout::{Meeting, decoded_key, meet};

/// The text of one value.
#[derive(Clone)]
pub(super) enum Piece<'t> {
    Raw(Cow<'t, str>),
    Open(Box<Collection<'t>>),
}

/// An array or inline table in pieces.
#[derive(Clone)]
pub(super) struct Collection<'t> {
    pub is_table: bool,
    pub items: Vec<Item<'t>>,
    /// Spacing and comments before the closing bracket.
    pub tail: Cow<'t, str>,
}

/// An item of an array, or a key and its value in an inline table.
#[derive(Clone)]
pub(super) struct Item<'t> {
    /// Spacing and comments above and before.
    pub lead: Cow<'t, str>,
    /// The dotted key; empty in an array.
    pub keys: Vec<Cow<'t, str>>,
    /// The key, `=` and spacing; empty in an array.
    pub name: Cow<'t, str>,
    pub value: Piece<'t>,
    /// Spacing and comments between the value and its comma.
    pub gap: Cow<'t, str>,
    pub comma: bool,
    /// The rest of the line that the item ends on, where nothing else follows on it.
    pub trail: Cow<'t, str>,
}

/// Where a path leads inside a collection.
pub(super) enum Spot {
    /// To an item or into it; the item itself ends after `steps` steps.
    Item {
        index: usize,
        steps: usize,
    },
    /// To a table made of dotted keys.
    Table,
    Nowhere,
}

impl<'t> Piece<'t> {
    /// The text as it stands now.
    pub(super) fn text(&self) -> Cow<'t, str> {
        match self {
            Self::Raw(text) => text.clone(),
            Self::Open(_) => {
                let mut printer = Printer::new("\n");
                self.print(&mut printer);
                Cow::Owned(printer.finish())
            }
        }
    }

    /// The items, if this is an array or inline table.
    pub(super) fn open(&mut self) -> Option<&mut Collection<'t>> {
        if let Self::Raw(text) = self {
            *self = Self::Open(Box::new(Collection::of(text)?));
        }
        match self {
            Self::Open(collection) => Some(collection),
            Self::Raw(_) => None,
        }
    }

    /// The piece at a path inside this one.
    pub(super) fn at(&mut self, path: &[Segment]) -> Option<&mut Self> {
        if path.is_empty() {
            return Some(self);
        }
        let collection = self.open()?;
        match collection.find(path) {
            Spot::Item { index, steps } => collection.items[index].value.at(&path[steps..]),
            Spot::Table | Spot::Nowhere => None,
        }
    }

    pub(super) fn print(&self, printer: &mut Printer) {
        let collection = match self {
            Self::Raw(text) => return printer.token(text),
            Self::Open(collection) => collection,
        };
        printer.token(if collection.is_table { "{" } else { "[" });
        for item in &collection.items {
            printer.trivia(&item.lead);
            printer.token(&item.name);
            item.value.print(printer);
            printer.trivia(&item.gap);
            if item.comma {
                printer.token(",");
            }
            printer.trivia(&item.trail);
        }
        printer.trivia(&collection.tail);
        printer.token(if collection.is_table { "}" } else { "]" });
    }
}

impl<'t> Collection<'t> {
    fn of(text: &Cow<'t, str>) -> Option<Self> {
        let is_table = match text.as_bytes().first() {
            Some(b'{') => true,
            Some(b'[') => false,
            Some(_) | None => return None,
        };
        let tokens = Source::new(text).lex().into_vec();
        let mut reader = Reader::new(text);
        parse_value(&tokens, &mut |event: Event| reader.take(&event), &mut ());
        Some(Self {
            is_table,
            items: reader.items,
            tail: reader.tail,
        })
    }

    /// Where a path that begins in this collection leads.
    pub(super) fn find(&self, path: &[Segment]) -> Spot {
        if let (false, Some(Segment::Index(index))) = (self.is_table, path.first()) {
            return if *index < self.items.len() {
                Spot::Item {
                    index: *index,
                    steps: 1,
                }
            } else {
                Spot::Nowhere
            };
        }
        let mut found = Spot::Nowhere;
        for (index, item) in self.items.iter().enumerate() {
            match meet(&item.keys, path) {
                Meeting::Through if self.is_table => {
                    return Spot::Item {
                        index,
                        steps: item.keys.len(),
                    };
                }
                Meeting::Below => found = Spot::Table,
                Meeting::Through | Meeting::Apart => {}
            }
        }
        found
    }
}

/// Puts pieces together; whatever follows a comment starts a new line.
pub(super) struct Printer {
    text: String,
    line_end: &'static str,
    in_comment: bool,
}

impl Printer {
    pub(super) fn new(line_end: &'static str) -> Self {
        Self {
            text: String::new(),
            line_end,
            in_comment: false,
        }
    }

    /// Text that stands on lines of its own.
    pub(super) fn push(&mut self, text: &str) {
        self.text.push_str(text);
    }

    /// Spacing and comments inside a value.
    fn trivia(&mut self, text: &str) {
        if text.is_empty() {
            return;
        }
        if self.in_comment && !text.starts_with(['\r', '\n']) {
            self.text.push_str(self.line_end);
        }
        self.text.push_str(text);
        self.in_comment = text.rsplit('\n').next().is_some_and(|line| line.contains('#'));
    }

    /// Anything else inside a value.
    fn token(&mut self, text: &str) {
        if self.in_comment && !text.is_empty() {
            self.text.push_str(self.line_end);
            self.in_comment = false;
        }
        self.text.push_str(text);
    }

    pub(super) fn finish(self) -> String {
        self.text
    }
}

/// Collects the parser's events into the items of one collection.
struct Reader<'r, 't> {
    text: &'r Cow<'t, str>,
    items: Vec<Item<'t>>,
    tail: Cow<'t, str>,
    depth: usize,
    /// Up to here the text has been given to pieces.
    given: usize,
    keys: Vec<Cow<'t, str>>,
    /// Where the item that has begun starts: its key, or its value in an array.
    item: Option<usize>,
    value: Option<(usize, usize)>,
}

impl<'r, 't> Reader<'r, 't> {
    fn new(text: &'r Cow<'t, str>) -> Self {
        Self {
            text,
            items: Vec::new(),
            tail: Cow::Borrowed(""),
            depth: 0,
            given: 1,
            keys: Vec::new(),
            item: None,
            value: None,
        }
    }

    fn take(&mut self, event: &Event) {
        let (start, end) = (event.span().start(), event.span().end());
        match event.kind() {
            EventKind::ArrayOpen | EventKind::InlineTableOpen => {
                self.depth += 1;
                if self.depth > 1 {
                    self.cover(start, end);
                }
            }
            EventKind::ArrayClose | EventKind::InlineTableClose => {
                self.depth = self.depth.saturating_sub(1);
                if self.depth == 0 {
                    self.end_item(start, start, false);
                    self.tail = self.slice(self.given, start);
                } else {
                    self.cover(start, end);
                }
            }
            EventKind::SimpleKey if self.depth == 1 => {
                self.item.get_or_insert(start);
                let key = match self.text {
                    Cow::Borrowed(text) => decoded_key(text, event),
                    Cow::Owned(text) => Cow::Owned(decoded_key(text, event).into_owned()),
                };
                self.keys.push(key);
            }
            EventKind::Scalar => self.cover(start, end),
            EventKind::ValueSep if self.depth == 1 => self.end_item(start, end, true),
            EventKind::SimpleKey
            | EventKind::ValueSep
            | EventKind::Newline
            | EventKind::StdTableOpen
            | EventKind::StdTableClose
            | EventKind::ArrayTableOpen
            | EventKind::ArrayTableClose
            | EventKind::KeySep
            | EventKind::KeyValSep
            | EventKind::Whitespace
            | EventKind::Comment
            | EventKind::Error => {}
        }
    }

    fn cover(&mut self, start: usize, end: usize) {
        if self.item.is_none() {
            self.item = Some(start);
        }
        let first = self.value.map_or(start, |(first, _)| first);
        self.value = Some((first, end));
    }

    /// The item ends at its comma, or at the closing bracket.
    fn end_item(&mut self, at: usize, after: usize, comma: bool) {
        let (Some(start), Some((value_start, value_end))) = (self.item.take(), self.value.take()) else {
            if !comma {
                self.split_trail(at);
            }
            return;
        };
        self.split_trail(start);
        let lead = self.slice(self.given, start);
        let item = Item {
            lead,
            keys: std::mem::take(&mut self.keys),
            name: self.slice(start, value_start),
            value: Piece::Raw(self.slice(value_start, value_end)),
            gap: if comma {
                self.slice(value_end, at)
            } else {
                Cow::Borrowed("")
            },
            comma,
            trail: Cow::Borrowed(""),
        };
        self.items.push(item);
        self.given = if comma { after } else { value_end };
        if !comma {
            self.split_trail(at);
        }
    }

    /// Gives the rest of the line behind the last item to that item, if only a comment stands there.
    fn split_trail(&mut self, until: usize) {
        let rest = &self.text[self.given..until];
        let (given, line_break) = (self.given, rest.find('\n'));
        if let Some(line_break) = line_break
            && !self.items.is_empty()
        {
            let line_break = if rest[..line_break].ends_with('\r') {
                line_break - 1
            } else {
                line_break
            };
            let trail = self.slice(given, given + line_break);
            if let Some(last) = self.items.last_mut() {
                last.trail = trail;
            }
            self.given += line_break;
        }
    }

    fn slice(&self, start: usize, end: usize) -> Cow<'t, str> {
        match self.text {
            Cow::Borrowed(text) => Cow::Borrowed(&text[start..end]),
            Cow::Owned(text) => Cow::Owned(text[start..end].to_owned()),
        }
    }
}
