//! Entries and sections that come and go in a layout, with the indentation, spacing, blank lines and line
//! ends of their neighbours.

use std::borrow::Cow;

use super::inline::Piece;
use super::layout::{Entry, Layout, Meeting, Section, attached, meet};
use super::manner::{header_keys, owned};
use super::splice::{Done, Fresh, Unexpected, makes_sections, names};
use super::{Segment, Value};

impl<'t> Layout<'t> {
    /// A new key below the table that `path[..depth]` leads to.
    pub(super) fn insert_in_table(&mut self, path: &[Segment], depth: usize, fresh: &Fresh<'_, '_>) -> Done {
        let table = &path[..depth];
        let keys = names(&path[depth..]).ok_or(Unexpected("a new key has no indices"))?;
        let one_entry = keys.len() == 1 && !fresh.is_sections();
        if let Some(section) = self.section_of(table) {
            if one_entry {
                let end = self.sections[section].entries.len();
                self.insert_entry(section, end, &keys, fresh);
                return Ok(());
            }
        } else if let Some((section, entry)) = self.last_dotted(table) {
            let keys = names(&path[self.sections[section].path.len()..]);
            let keys = keys.ok_or(Unexpected("a dotted key has no indices"))?;
            self.insert_entry(section, entry + 1, &keys, fresh);
            return Ok(());
        } else if one_entry {
            let first = self.sections.iter().position(|section| section.path.starts_with(table));
            let first = first.ok_or(Unexpected("a table without keys has no sections either"))?;
            let section = self.section_for(table, &keys, fresh);
            self.insert_sections(first, vec![section], false);
            return Ok(());
        }
        let fresh_sections = match fresh {
            Fresh::Value(value) if makes_sections(value) => self.sections_for(path, value),
            Fresh::Value(_) | Fresh::Spelled(_) => {
                let (last, parents) = keys.split_last().ok_or(Unexpected("a new key has no name"))?;
                vec![self.section_for(&path[..depth + parents.len()], &[last], fresh)]
            }
        };
        self.insert_sections(self.region_end(table), fresh_sections, false);
        Ok(())
    }

    /// New elements of an array of tables, before its element `at` or last.
    pub(super) fn insert_elements(&mut self, array: &[Segment], at: usize, values: &[Value]) -> Done {
        let element = super::splice::below(array, Segment::Index(at));
        let position = self.sections.iter().position(|section| section.path == element);
        let position = position.unwrap_or_else(|| self.region_end(array));
        let mut sections = Vec::new();
        for value in values {
            let table = value
                .as_table()
                .ok_or(Unexpected("an element of an array of sections is a table"))?;
            self.write_table(&header_keys(array), table, true, &mut sections);
        }
        self.insert_sections(position, sections, false);
        Ok(())
    }

    /// An entry on a line of its own, before the entry `at` of its section.
    pub(super) fn insert_entry(&mut self, section: usize, at: usize, keys: &[&str], fresh: &Fresh<'_, '_>) {
        self.close_last_line();
        let lead = if section == 0 && self.sections[0].entries.is_empty() {
            self.take_top_comments()
        } else {
            String::new()
        };
        self.put_entry(section, at, keys, lead, fresh);
    }

    /// As [`Self::insert_entry`], below what should stand above the entry.
    pub(super) fn put_entry(
        &mut self,
        section: usize,
        at: usize,
        keys: &[&str],
        mut lead: String,
        fresh: &Fresh<'_, '_>,
    ) {
        let name = self.name_for(section, at, keys);
        let mut end = self.line_end.to_owned();
        if let Fresh::Spelled(spelled) = fresh {
            lead.push_str(&spelled.above);
            end.insert_str(0, &spelled.beside);
        }
        let entry = Entry {
            lead: Cow::Owned(lead),
            keys: owned(keys),
            name: Cow::Owned(name),
            value: Piece::Raw(Cow::Owned(fresh.inline())),
            end: Cow::Owned(end),
        };
        self.sections[section].entries.insert(at, entry);
    }

    /// The comments at the top of a text that begins with a header belong above the first entry.
    fn take_top_comments(&mut self) -> String {
        let blank = self.separates_sections();
        let line_end = self.line_end;
        let Some(first) = self.sections.get_mut(1) else {
            return std::mem::take(&mut self.tail).into_owned();
        };
        let lead = std::mem::take(&mut first.lead);
        let (top, own) = lead.split_at(attached(&lead));
        let gap = if blank && !starts_blank(own) { line_end } else { "" };
        first.lead = Cow::Owned(format!("{gap}{own}"));
        top.to_owned()
    }

    /// Takes out one entry; the comment lines above it stay.
    pub(super) fn remove_entry(&mut self, section: usize, entry: usize) {
        let removed = self.sections[section].entries.remove(entry);
        if removed.lead.is_empty() {
            return;
        }
        let next = if let Some(next) = self.sections[section].entries.get_mut(entry) {
            &mut next.lead
        } else if let Some(next) = self.sections.get_mut(section + 1) {
            &mut next.lead
        } else {
            &mut self.tail
        };
        *next = joined(removed.lead, next);
    }

    /// As [`Self::remove_entry`], and with the last entry above all headers the blank line behind it.
    pub(super) fn remove_entry_and_gap(&mut self, section: usize, entry: usize) {
        if section > 0 || self.sections[0].entries.len() > 1 || self.sections.len() == 1 {
            return self.remove_entry(section, entry);
        }
        let removed = self.sections[0].entries.remove(entry);
        let lead = std::mem::take(&mut self.sections[1].lead);
        self.sections[1].lead = closed_gap(removed.lead, &lead, true, false);
    }

    /// Takes out every dotted key that makes up the table at a path.
    pub(super) fn remove_dotted(&mut self, path: &[Segment]) {
        for section in 0..self.sections.len() {
            let depth = self.sections[section].path.len();
            if depth >= path.len() || !path.starts_with(&self.sections[section].path) {
                continue;
            }
            for entry in (0..self.sections[section].entries.len()).rev() {
                if matches!(
                    meet(&self.sections[section].entries[entry].keys, &path[depth..]),
                    Meeting::Below
                ) {
                    self.remove_entry(section, entry);
                }
            }
        }
    }

    /// Takes out the sections of the chosen paths, each with the comment block attached to its header.
    pub(super) fn remove_sections(&mut self, chosen: impl Fn(&[Segment]) -> bool) {
        let mut kept: Vec<Section<'t>> = Vec::with_capacity(self.sections.len());
        // What stood above a run of sections that went away.
        let mut above: Option<Cow<'t, str>> = None;
        for mut section in std::mem::take(&mut self.sections) {
            if section.header.is_some() && chosen(&section.path) {
                above.get_or_insert_with(|| {
                    let stays = attached(&section.lead);
                    match &section.lead {
                        Cow::Borrowed(lead) => Cow::Borrowed(&lead[..stays]),
                        Cow::Owned(lead) => Cow::Owned(lead[..stays].to_owned()),
                    }
                });
                continue;
            }
            if let Some(above) = above.take() {
                section.lead = closed_gap(above, &section.lead, is_empty(&kept), false);
            }
            kept.push(section);
        }
        if let Some(above) = above {
            self.tail = closed_gap(above, &self.tail, is_empty(&kept), true);
        }
        self.sections = kept;
        self.resolve();
    }

    /// Puts sections before the section at `at`, or last. Comments that stood there and belong to no header stay
    /// above. Between sections, blank lines stand where they did; elsewhere as the text has them, or as the text
    /// that they are `grafted` from has them.
    pub(super) fn insert_sections(&mut self, at: usize, mut fresh: Vec<Section<'t>>, grafted: bool) {
        self.close_last_line();
        let line_end = self.line_end;
        let like = fresh.first().filter(|_| grafted).map(|first| first.lead.clone());
        let (mut above, blank) = self.open_gap(at, like.as_deref());
        if blank && !(above.is_empty() && is_empty(&self.sections[..at])) && !ends_blank(&above) {
            above.push_str(line_end);
        }
        if let Some((first, others)) = fresh.split_first_mut() {
            above.push_str(&first.lead[attached(&first.lead)..]);
            first.lead = Cow::Owned(above);
            for other in others.iter_mut().filter(|_| blank && !grafted) {
                other.lead = Cow::Borrowed(line_end);
            }
        }
        self.sections.splice(at..at, fresh);
        self.resolve();
    }

    /// Takes what stands at a place and belongs to no header; tells whether blank lines separate sections
    /// there, `like` being what stands above the new section in its own text.
    fn open_gap(&mut self, at: usize, like: Option<&str>) -> (String, bool) {
        let at_top = is_empty(&self.sections[..at]);
        let separates = self.separates_sections();
        let Some(next) = self.sections.get_mut(at) else {
            let blank = like.map_or(separates, |lead| {
                ends_blank(&lead[..attached(lead)]) || !self.tail.is_empty()
            });
            return (std::mem::take(&mut self.tail).into_owned(), blank);
        };
        let lead = std::mem::take(&mut next.lead);
        let (above, own) = lead.split_at(attached(&lead));
        let blank = if at_top { separates } else { ends_blank(above) };
        let gap = if blank { self.line_end } else { "" };
        next.lead = Cow::Owned(format!("{gap}{own}"));
        (above.to_owned(), blank)
    }

    /// Whether blank lines stand between the sections of this text, as they do unless it shows otherwise.
    fn separates_sections(&self) -> bool {
        let first = if self.sections[0].entries.is_empty() { 2 } else { 1 };
        let mut leads = self.sections.iter().skip(first).map(|section| &section.lead);
        leads.len() == 0 || leads.any(|lead| lead.lines().any(|line| line.trim().is_empty()))
    }

    /// The last dotted key that makes up a table.
    pub(super) fn last_dotted(&self, table: &[Segment]) -> Option<(usize, usize)> {
        self.sections.iter().enumerate().rev().find_map(|(index, section)| {
            let rest = table.strip_prefix(&section.path[..]).filter(|rest| !rest.is_empty())?;
            let makes_up = |entry: &Entry<'_>| matches!(meet(&entry.keys, rest), Meeting::Below);
            Some((index, section.entries.iter().rposition(makes_up)?))
        })
    }

    /// Behind the last section that belongs to a table or array.
    pub(super) fn region_end(&self, path: &[Segment]) -> usize {
        let last = self.sections.iter().rposition(|section| section.path.starts_with(path));
        last.map_or(self.sections.len(), |last| last + 1)
    }
}

/// Whether sections hold no entry and no header.
pub(super) fn is_empty(sections: &[Section<'_>]) -> bool {
    !sections
        .iter()
        .any(|section| section.header.is_some() || !section.entries.is_empty())
}

fn joined<'t>(above: Cow<'t, str>, below: &Cow<'t, str>) -> Cow<'t, str> {
    if below.is_empty() {
        above
    } else if above.is_empty() {
        below.clone()
    } else {
        Cow::Owned(format!("{above}{below}"))
    }
}

/// What stands where sections were taken out: what stood above them and below, without doubling the blank
/// line between.
pub(super) fn closed_gap<'t>(above: Cow<'t, str>, below: &Cow<'t, str>, at_top: bool, at_end: bool) -> Cow<'t, str> {
    if at_top && above.is_empty() {
        let first_line = below.len() - without_first_blank(below).len();
        return match below {
            Cow::Borrowed(below) => Cow::Borrowed(&below[first_line..]),
            Cow::Owned(below) => Cow::Owned(below[first_line..].to_owned()),
        };
    }
    if starts_blank(below) || (at_end && below.is_empty()) {
        return joined(Cow::Owned(without_last_blank(&above).to_owned()), below);
    }
    joined(above, below)
}

fn starts_blank(text: &str) -> bool {
    text.split_inclusive('\n')
        .next()
        .is_some_and(|line| line.trim().is_empty())
}

fn ends_blank(text: &str) -> bool {
    text.split_inclusive('\n')
        .next_back()
        .is_some_and(|line| line.trim().is_empty())
}

fn without_last_blank(text: &str) -> &str {
    match text.split_inclusive('\n').next_back() {
        Some(last) if last.trim().is_empty() => &text[..text.len() - last.len()],
        Some(_) | None => text,
    }
}

fn without_first_blank(text: &str) -> &str {
    match text.split_inclusive('\n').next() {
        Some(first) if first.trim().is_empty() => &text[first.len()..],
        Some(_) | None => text,
    }
}
