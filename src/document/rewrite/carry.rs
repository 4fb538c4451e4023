//! What stands at one path put at another as well: entries with their comments, sections with all that they
//! hold, and, where the place can hold neither, the value with the comments above the entry that holds it.

use std::borrow::Cow;

use toml_parser::Source;
use toml_parser::lexer::TokenKind;

use super::super::inline::{Piece, Printer, Spot};
use super::super::layout::{Entry, Layout, Meeting, Place, Section, attached, meet, spacing};
use super::super::splice::{Done, Fresh, Spelled, Splice, Unexpected, names};
use super::super::{Document, KeyPath, Segment, Value, literal};
use super::spelled::retarget;

/// What is carried, in the spelling that it has.
enum Load<'t> {
    /// Values, each with its path below the place.
    Entries(Vec<(Vec<Segment>, Spelled<'t>)>),
    /// With the headers of the new place.
    Sections(Vec<Section<'t>>),
}

impl<'t> Load<'t> {
    fn one(spelled: Spelled<'t>) -> Self {
        Self::Entries(vec![(Vec::new(), spelled)])
    }

    /// A value spelled anew, with the comments that it had.
    fn anew(value: &Value, comments: &[String], line_end: &str) -> Self {
        let above: String = comments.iter().flat_map(|comment| [comment, line_end]).collect();
        Self::one(Spelled {
            text: Cow::Owned(literal::inline(value)),
            above: Cow::Owned(above),
            beside: Cow::Borrowed(""),
        })
    }
}

impl<'t> Layout<'t> {
    /// Puts what stands at `from` (`value`) at `to` too, where nothing stands.
    pub(super) fn carry(&mut self, from: &[Segment], to: &[Segment], value: &Value) -> Done {
        self.close_last_line();
        match self.load(from, to, value)? {
            Load::Entries(entries) => entries.into_iter().try_for_each(|(below, spelled)| {
                let path = [to, &below].concat();
                self.put(&path, to.len(), spelled)
            }),
            Load::Sections(sections) => {
                let there = (0..to.len())
                    .rev()
                    .find(|depth| !matches!(self.find(&to[..*depth]), Place::Nowhere));
                let at = self.region_end(&to[..there.unwrap_or(0)]);
                self.insert_sections(at, sections, true);
                Ok(())
            }
        }
    }

    /// Takes out the comment blocks directly above the entries of a path.
    pub(super) fn drop_comments(&mut self, path: &[Segment]) {
        let drop = |entry: &mut Entry<'t>| {
            let stays = attached(&entry.lead);
            if stays < entry.lead.len() {
                entry.lead.to_mut().truncate(stays);
            }
        };
        match self.find(path) {
            Place::Entry { section, entry, steps } if steps == path.len() => {
                drop(&mut self.sections[section].entries[entry]);
            }
            Place::Entry { .. } | Place::Nowhere => {}
            Place::Table | Place::Elements(_) => {
                for section in &mut self.sections {
                    let rest = path.strip_prefix(&section.path[..]).filter(|rest| !rest.is_empty());
                    let Some(rest) = rest else { continue };
                    let makes_up = |entry: &&mut Entry<'t>| matches!(meet(&entry.keys, rest), Meeting::Below);
                    section.entries.iter_mut().filter(makes_up).for_each(drop);
                }
            }
        }
    }

    /// Whether something stands at a path.
    pub(super) fn holds(&mut self, path: &[Segment]) -> bool {
        match self.find(path) {
            Place::Entry { section, entry, steps } => {
                holds_inside(&mut self.sections[section].entries[entry].value, &path[steps..])
            }
            Place::Table | Place::Elements(_) => true,
            Place::Nowhere => false,
        }
    }

    /// Makes one piece again of every array or inline table that an edit of a path may have changed the items of:
    /// what stands between them now may belong to other ones than when it was opened.
    pub(super) fn close_around(&mut self, path: &[Segment]) {
        let line_end = self.line_end;
        let holder = path.split_last().map_or(path, |(_, holder)| holder);
        match (self.find(holder), self.find(path)) {
            (Place::Entry { section, entry, steps }, _) => {
                let value = &mut self.sections[section].entries[entry].value;
                close_inside(value, &path[steps..holder.len()], line_end);
            }
            (_, Place::Entry { section, entry, .. }) => {
                close_inside(&mut self.sections[section].entries[entry].value, &[], line_end);
            }
            (_, Place::Table | Place::Elements(_)) => {
                for section in &mut self.sections {
                    let rest = path.strip_prefix(&section.path[..]).filter(|rest| !rest.is_empty());
                    let is_below = section.path.starts_with(path);
                    for entry in &mut section.entries {
                        if is_below || rest.is_some_and(|rest| matches!(meet(&entry.keys, rest), Meeting::Below)) {
                            close_inside(&mut entry.value, &[], line_end);
                        }
                    }
                }
            }
            (_, Place::Nowhere) => {}
        }
    }

    fn load(&mut self, from: &[Segment], to: &[Segment], value: &Value) -> Result<Load<'t>, Unexpected> {
        match self.find(from) {
            Place::Entry { section, entry, steps } if steps == from.len() => {
                Ok(Load::one(spelled(&self.sections[section].entries[entry])))
            }
            Place::Entry { section, entry, steps } => {
                let line_end = self.line_end;
                load_inside(
                    &mut self.sections[section].entries[entry].value,
                    &from[steps..],
                    value,
                    line_end,
                )
            }
            Place::Table | Place::Elements(_) if self.is_sections(from) => {
                if self.takes_sections(to) {
                    self.sections_below(from, to).map(Load::Sections)
                } else {
                    Ok(self.anew(from, value))
                }
            }
            Place::Table | Place::Elements(_) => {
                let has_sections = self.sections.iter().any(|section| section.path.starts_with(from));
                Ok(if has_sections {
                    self.anew(from, value)
                } else {
                    Load::Entries(self.dotted_below(from))
                })
            }
            Place::Nowhere => Err(Unexpected("nothing stands where something should be carried from")),
        }
    }

    /// A new entry for a path; `to` of its steps lead to the place that is filled.
    fn put(&mut self, path: &[Segment], to: usize, spelled: Spelled<'t>) -> Done {
        let table = &path[..to - 1];
        let keys = &path[to - 1..];
        if let Some(section) = self.section_of(table)
            && self.takes_dotted(section, keys)
            && let Some(keys) = names(keys)
        {
            let end = self.sections[section].entries.len();
            self.insert_entry(section, end, &keys, &Fresh::Spelled(spelled));
            return Ok(());
        }
        let (above, beside) = (spelled.above.clone(), spelled.beside.clone());
        self.insert_at(path, &Fresh::Spelled(spelled))?;
        if let Place::Entry { section, entry, steps } = self.find(path)
            && steps < path.len()
        {
            let line_end = self.line_end;
            let holder = &mut self.sections[section].entries[entry];
            let indent = spacing(&holder.name).0.to_owned();
            let lead = holder.lead.to_mut();
            lead.push_str(&above);
            if !beside.is_empty() {
                lead.extend([&*indent, beside.trim(), line_end]);
            }
        }
        Ok(())
    }

    /// The sections of one path as they would stand at another.
    fn sections_below(&self, from: &[Segment], to: &[Segment]) -> Result<Vec<Section<'t>>, Unexpected> {
        let mut loaded: Vec<Section<'t>> = Vec::new();
        let mut follows = false;
        for section in &self.sections {
            let chosen = section.header.is_some() && section.path.starts_with(from);
            if chosen {
                let mut copy = section.clone();
                if !follows && !loaded.is_empty() {
                    // What stands above it and is not attached belongs to what stands before it there.
                    let (above, own) = section.lead.split_at(attached(&section.lead));
                    let blank = if above.ends_with('\n') { self.line_end } else { "" };
                    copy.lead = Cow::Owned(format!("{blank}{own}"));
                }
                retarget(&mut copy, from, to)?;
                loaded.push(copy);
            }
            follows = chosen;
        }
        Ok(loaded)
    }

    /// The dotted keys that make up the table at a path.
    fn dotted_below(&self, path: &[Segment]) -> Vec<(Vec<Segment>, Spelled<'t>)> {
        let mut found = Vec::new();
        for section in &self.sections {
            let Some(rest) = path.strip_prefix(&section.path[..]) else {
                continue;
            };
            for entry in &section.entries {
                if matches!(meet(&entry.keys, rest), Meeting::Below) {
                    let below = entry.keys[rest.len()..].iter();
                    let below = below.map(|key| Segment::Key(key.clone().into_owned()));
                    found.push((below.collect(), spelled(entry)));
                }
            }
        }
        found
    }

    /// What stands at a path, spelled anew.
    fn anew(&self, path: &[Segment], value: &Value) -> Load<'t> {
        Load::anew(value, &comments_in(&self.text_of(path)), self.line_end)
    }

    /// What the sections and dotted keys of a path say, in the order of the text; nothing if there are none.
    pub(super) fn content_of(&self, path: &[Segment]) -> Option<Value> {
        if path.is_empty() {
            return Document::parse(self.to_text()).ok()?.get(&KeyPath::root());
        }
        if let Place::Entry { .. } | Place::Nowhere = self.find(path) {
            return None;
        }
        let part = Document::parse(self.text_of(path)).ok()?;
        // Among themselves, the sections stand in no element of the arrays around them.
        let keys = names_of(path).fold(KeyPath::root(), |keys, name| keys.key(name));
        match (part.get(&keys)?, path.last()) {
            (Value::Array(items), Some(Segment::Index(_))) => items.into_iter().next(),
            (value, _) => Some(value),
        }
    }

    /// The text of what makes up a path, with the comments that go with it.
    pub(super) fn text_of(&self, path: &[Segment]) -> String {
        let mut printer = Printer::new(self.line_end);
        for section in &self.sections {
            let Some(rest) = path.strip_prefix(&section.path[..]) else {
                continue;
            };
            let prefix: String = names_of(&section.path).map(|name| literal::key(name) + ".").collect();
            let makes_up = |entry: &&Entry<'t>| !rest.is_empty() && matches!(meet(&entry.keys, rest), Meeting::Below);
            for entry in section.entries.iter().filter(makes_up) {
                printer.push(&entry.lead[attached(&entry.lead)..]);
                printer.push(&prefix);
                print_line(entry, &mut printer);
                if !entry.end.ends_with('\n') {
                    printer.push(self.line_end);
                }
            }
        }
        let mut follows = false;
        for section in &self.sections {
            let header = section.header.as_ref().filter(|_| section.path.starts_with(path));
            if let Some(header) = header {
                let start = if follows { 0 } else { attached(&section.lead) };
                printer.push(&section.lead[start..]);
                printer.push(&header.line);
                for entry in &section.entries {
                    printer.push(&entry.lead);
                    print_line(entry, &mut printer);
                }
            }
            follows = header.is_some();
        }
        printer.finish()
    }
}

fn print_line(entry: &Entry<'_>, printer: &mut Printer) {
    printer.push(entry.name.trim_start());
    entry.value.print(printer);
    printer.push(&entry.end);
}

fn names_of(path: &[Segment]) -> impl Iterator<Item = &String> {
    path.iter().filter_map(|segment| match segment {
        Segment::Key(name) => Some(name),
        Segment::Index(_) => None,
    })
}

/// An entry's value and the comments that are its own.
fn spelled<'t>(entry: &Entry<'t>) -> Spelled<'t> {
    Spelled {
        text: entry.value.text(),
        above: Cow::Owned(entry.lead[attached(&entry.lead)..].to_owned()),
        beside: Cow::Owned(entry.end.trim_end().to_owned()),
    }
}

fn load_inside<'t>(
    piece: &mut Piece<'t>,
    path: &[Segment],
    value: &Value,
    line_end: &str,
) -> Result<Load<'t>, Unexpected> {
    let collection = piece
        .open()
        .ok_or(Unexpected("a path leads into a value that holds none"))?;
    match collection.find(path) {
        Spot::Item { index, steps } if steps < path.len() => {
            load_inside(&mut collection.items[index].value, &path[steps..], value, line_end)
        }
        Spot::Item { index, .. } => {
            let item = &collection.items[index];
            let mut comments = comments_in(&item.gap);
            comments.extend(comments_in(&item.trail));
            let beside = comments.pop().map(|comment| format!(" {comment}"));
            let above: String = comments
                .iter()
                .flat_map(|comment| [comment.as_str(), line_end])
                .collect();
            Ok(Load::one(Spelled {
                text: item.value.text(),
                above: Cow::Owned(above),
                beside: Cow::Owned(beside.unwrap_or_default()),
            }))
        }
        Spot::Table => {
            let mut comments = Vec::new();
            let below = |item: &&super::super::inline::Item<'_>| matches!(meet(&item.keys, path), Meeting::Below);
            for item in collection.items.iter().filter(below) {
                for text in [&item.value.text(), &item.gap, &item.trail] {
                    comments.extend(comments_in(text));
                }
            }
            Ok(Load::anew(value, &comments, line_end))
        }
        Spot::Nowhere => Err(Unexpected("nothing stands where something should be carried from")),
    }
}

fn holds_inside(piece: &mut Piece<'_>, path: &[Segment]) -> bool {
    if path.is_empty() {
        return true;
    }
    let Some(collection) = piece.open() else { return false };
    match collection.find(path) {
        Spot::Item { index, steps } => holds_inside(&mut collection.items[index].value, &path[steps..]),
        Spot::Table => true,
        Spot::Nowhere => false,
    }
}

/// Closes the innermost open piece on a path; tells whether there was one.
fn close_inside(piece: &mut Piece<'_>, path: &[Segment], line_end: &'static str) -> bool {
    let Piece::Open(collection) = piece else { return false };
    if !path.is_empty()
        && let Spot::Item { index, steps } = collection.find(path)
        && close_inside(&mut collection.items[index].value, &path[steps..], line_end)
    {
        return true;
    }
    let mut printer = Printer::new(line_end);
    piece.print(&mut printer);
    *piece = Piece::Raw(Cow::Owned(printer.finish()));
    true
}

/// The comments of a part of a text, without their line ends.
pub(super) fn comments_in(text: &str) -> Vec<String> {
    if !text.contains('#') {
        return Vec::new();
    }
    let tokens = Source::new(text).lex();
    let comments = tokens.filter(|token| token.kind() == TokenKind::Comment);
    comments
        .map(|token| text[token.span().start()..token.span().end()].trim_end().to_owned())
        .collect()
}
