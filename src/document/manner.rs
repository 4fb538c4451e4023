//! New sections and entries, written as the text around them is: its indentation, its spacing around `=`, the
//! column its `=` stand in.

use std::borrow::Cow;

use super::inline::Piece;
use super::layout::{Entry, Header, Layout, Section, spacing};
use super::splice::{Fresh, makes_sections};
use super::{Segment, Table, Value, literal};

/// How a new section is written.
struct Manner {
    header_indent: String,
    entry_indent: String,
    before_equals: String,
    after_equals: String,
}

impl<'t> Layout<'t> {
    pub(super) fn sections_for(&self, path: &[Segment], value: &Value) -> Vec<Section<'t>> {
        let mut sections = Vec::new();
        self.write_sections(&header_keys(path), value, &mut sections);
        sections
    }

    pub(super) fn section_for(&self, table: &[Segment], keys: &[&str], fresh: &Fresh<'_, '_>) -> Section<'t> {
        let header_keys = header_keys(table);
        let manner = self.manner(header_keys.len());
        let (above, beside) = match fresh {
            Fresh::Spelled(spelled) => (spelled.above.clone().into_owned(), spelled.beside.as_ref()),
            Fresh::Value(_) => (String::new(), ""),
        };
        let mut entry = self.entry_for(&manner, keys, fresh.inline());
        entry.lead = Cow::Owned(above);
        entry.end = Cow::Owned(format!("{beside}{}", self.line_end));
        self.header_for(&manner, &header_keys, false, vec![entry])
    }

    pub(super) fn write_table(&self, keys: &[&str], table: &Table, element: bool, sections: &mut Vec<Section<'t>>) {
        let manner = self.manner(keys.len());
        let entries: Vec<Entry<'t>> = table
            .iter()
            .filter(|(_, value)| !makes_sections(value))
            .map(|(key, value)| self.entry_for(&manner, &[key], literal::inline(value)))
            .collect();
        if element || !entries.is_empty() || table.is_empty() {
            sections.push(self.header_for(&manner, keys, element, entries));
        }
        for (key, value) in table.iter().filter(|(_, value)| makes_sections(value)) {
            let mut longer = keys.to_vec();
            longer.push(key);
            self.write_sections(&longer, value, sections);
        }
    }

    /// The key of a new entry as its neighbours have theirs, in their column if they keep one.
    pub(super) fn name_for(&self, section: usize, at: usize, keys: &[&str]) -> String {
        let section = &self.sections[section];
        let entries = &section.entries;
        let keys_text = dotted(keys);
        let Some(neighbour) = at
            .checked_sub(1)
            .and_then(|before| entries.get(before))
            .or(entries.first())
        else {
            let manner = self.manner(section.header.as_ref().map_or(0, |header| header.keys.len()));
            return self.entry_for(&manner, keys, String::new()).name.into_owned();
        };
        let (indent, before, after) = spacing(&neighbour.name);
        let column = |name: &str| name.trim_end().chars().count();
        let aligned = entries.iter().any(|entry| spacing(&entry.name).1.len() > 1)
            && entries
                .iter()
                .all(|entry| column(&entry.name) == column(&neighbour.name));
        let before = if aligned {
            let room = column(&neighbour.name).saturating_sub(indent.chars().count() + keys_text.chars().count() + 1);
            " ".repeat(room.max(1))
        } else if before.len() > 1 {
            " ".to_owned()
        } else {
            before.to_owned()
        };
        format!("{indent}{keys_text}{before}={after}")
    }

    fn write_sections(&self, keys: &[&str], value: &Value, sections: &mut Vec<Section<'t>>) {
        match value {
            Value::Table(table) => self.write_table(keys, table, false, sections),
            Value::Array(items) => {
                for table in items.iter().filter_map(Value::as_table) {
                    self.write_table(keys, table, true, sections);
                }
            }
            Value::String(_) | Value::Integer(_) | Value::Float(_) | Value::Boolean(_) | Value::Datetime(_) => {}
        }
    }

    fn header_for(&self, manner: &Manner, keys: &[&str], element: bool, entries: Vec<Entry<'t>>) -> Section<'t> {
        let (open, close) = if element { ("[[", "]]") } else { ("[", "]") };
        let line = format!("{}{open}{}{close}{}", manner.header_indent, dotted(keys), self.line_end);
        Section {
            lead: Cow::Borrowed(""),
            header: Some(Header {
                line: Cow::Owned(line),
                keys: owned(keys),
                element,
            }),
            path: Vec::new(),
            entries,
        }
    }

    fn entry_for(&self, manner: &Manner, keys: &[&str], text: String) -> Entry<'t> {
        let Manner {
            entry_indent,
            before_equals,
            after_equals,
            ..
        } = manner;
        Entry {
            lead: Cow::Borrowed(""),
            keys: owned(keys),
            name: Cow::Owned(format!("{entry_indent}{}{before_equals}={after_equals}", dotted(keys))),
            value: Piece::Raw(Cow::Owned(text)),
            end: Cow::Borrowed(self.line_end),
        }
    }

    /// How sections of so many keys are written in this text.
    fn manner(&self, keys: usize) -> Manner {
        let indent_of = |line: &str| line[..line.len() - line.trim_start().len()].to_owned();
        let header_of = |section: &Section<'t>| section.header.as_ref().map(|header| indent_of(&header.line));
        let like = |section: &&Section<'t>| section.header.as_ref().is_some_and(|header| header.keys.len() == keys);
        let mut alike = self.sections.iter().filter(like);
        let header_indent = alike.clone().next().and_then(header_of).unwrap_or_default();
        let entry_indent = alike
            .find_map(|section| section.entries.first())
            .map(|entry| spacing(&entry.name).0);
        let any_entry = self.sections.iter().rev().find_map(|section| section.entries.last());
        let (_, before, after) = any_entry.map_or(("", " ", " "), |entry| spacing(&entry.name));
        Manner {
            entry_indent: entry_indent.map_or_else(|| header_indent.clone(), str::to_owned),
            header_indent,
            before_equals: if before.len() > 1 { " " } else { before }.to_owned(),
            after_equals: after.to_owned(),
        }
    }
}

pub(super) fn owned<'t>(keys: &[&str]) -> Vec<Cow<'t, str>> {
    keys.iter().map(|key| Cow::Owned((*key).to_owned())).collect()
}

pub(super) fn dotted(keys: &[&str]) -> String {
    let keys: Vec<String> = keys.iter().map(|key| literal::key(key)).collect();
    keys.join(".")
}

/// The keys that a header names for a path: indices are given by its place.
pub(super) fn header_keys(path: &[Segment]) -> Vec<&str> {
    path.iter()
        .filter_map(|segment| match segment {
            Segment::Key(name) => Some(name.as_str()),
            Segment::Index(_) => None,
        })
        .collect()
}
