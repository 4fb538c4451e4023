//! Where an entry or section that is taken over from another text goes in this one: beside the neighbours that
//! it has there, and into the gap that it left if it once stood here.

use std::borrow::Cow;

use super::Segment;
use super::inline::Piece;
use super::layout::{Entry, Layout, Place, Section, attached};
use super::sections::{closed_gap, is_empty};

impl<'t> Layout<'t> {
    /// An entry, on the lines and with the comments that it has in the other text.
    pub(super) fn graft_entry(&mut self, from: &Self, section: usize, entry: usize, here: usize) {
        self.close_last_line();
        let siblings = &from.sections[section].entries;
        let entries = &self.sections[here].entries;
        let position = |sibling: &Entry<'_>| entries.iter().position(|entry| entry.keys == sibling.keys);
        let behind = siblings[..entry]
            .iter()
            .rev()
            .find_map(position)
            .map(|before| before + 1);
        let before = || siblings[entry + 1..].iter().find_map(position);
        let at = behind.or_else(before).unwrap_or(entries.len());
        let mut grafted = from.sections[section].entries[entry].clone();
        self.adapt(from, &mut grafted);
        grafted.lead = Cow::Owned(self.lead_for(here, at, &grafted.lead));
        self.sections[here].entries.insert(at, grafted);
    }

    /// Takes over the chosen sections of the other text, before the section at `at`.
    pub(super) fn graft_sections(&mut self, from: &Self, at: usize, chosen: impl Fn(&[Segment]) -> bool) {
        let mut grafted: Vec<Section<'t>> = from
            .sections
            .iter()
            .filter(|section| section.header.is_some() && chosen(&section.path))
            .cloned()
            .collect();
        for section in &mut grafted {
            section.lead = self.in_line_ends(from, &section.lead);
            if let Some(header) = &mut section.header {
                header.line = closed(self.in_line_ends(from, &header.line), self.line_end);
            }
            for entry in &mut section.entries {
                self.adapt(from, entry);
            }
        }
        self.close_last_line();
        if let Some((above, next)) = self.gap_before_removal(from, at, chosen) {
            if let Some(first) = grafted.first_mut() {
                first.lead = above;
            }
            *self.lead_at(at) = next;
            self.sections.splice(at..at, grafted);
            self.resolve();
        } else {
            self.insert_sections(at, grafted, true);
        }
    }

    /// Where new sections go: behind the section that they follow in the other text, before the one that
    /// follows them, or last in the table that holds them.
    pub(super) fn place_like(&self, from: &Self, path: &[Segment]) -> usize {
        // Sections of an array's element must stay between its header and the next element's.
        let element = path.iter().rposition(|segment| matches!(segment, Segment::Index(_)));
        let holder = match element {
            Some(last) if last + 1 == path.len() => return self.region_end(&path[..last]),
            Some(index) => &path[..=index],
            None => &[],
        };
        let belongs = |section: &&Section<'_>| section.path.starts_with(path);
        let first = from
            .sections
            .iter()
            .position(|section| belongs(&section))
            .unwrap_or(from.sections.len());
        let last = from
            .sections
            .iter()
            .rposition(|section| belongs(&section))
            .unwrap_or(first);
        let is_inside = |section: &&Section<'_>| section.header.is_some() && section.path.starts_with(holder);
        let behind = from.sections[..first]
            .iter()
            .rev()
            .filter(is_inside)
            .find_map(|before| {
                let at = self.section_of(&before.path)?;
                let holds_it = path.starts_with(&before.path);
                Some(if holds_it {
                    at + 1
                } else {
                    self.region_end(&before.path)
                })
            });
        let before = || {
            let mut following = from.sections.iter().skip(last + 1).filter(is_inside);
            following.find_map(|after| self.section_of(&after.path))
        };
        behind.or_else(before).unwrap_or_else(|| {
            let depth = (holder.len()..path.len())
                .rev()
                .find(|depth| !matches!(self.find(&path[..*depth]), Place::Nowhere));
            self.region_end(&path[..depth.unwrap_or(0)])
        })
    }

    /// Whether a dotted key may stand in a section: the tables on its way are not made elsewhere.
    pub(super) fn takes_dotted(&self, section: usize, keys: &[Segment]) -> bool {
        (1..keys.len()).all(|depth| {
            let table = [&self.sections[section].path, &keys[..depth]].concat();
            match self.find(&table) {
                Place::Nowhere => true,
                Place::Table => {
                    self.section_of(&table).is_none() && self.last_dotted(&table).is_some_and(|(at, _)| at == section)
                }
                Place::Entry { .. } | Place::Elements(_) => false,
            }
        })
    }

    /// Whether sections may make what a path leads to: nothing on its way is inline or a dotted key.
    pub(super) fn takes_sections(&self, path: &[Segment]) -> bool {
        (1..path.len()).all(|depth| match self.find(&path[..depth]) {
            Place::Nowhere | Place::Elements(_) => true,
            Place::Table => self.last_dotted(&path[..depth]).is_none(),
            Place::Entry { .. } => false,
        })
    }

    /// The lead of an entry that comes in at a place. Its comments may stand there still: taking a key out
    /// leaves them.
    fn lead_for(&mut self, section: usize, at: usize, lead: &str) -> String {
        let is_top = section == 0 && at == 0;
        let next = if at < self.sections[section].entries.len() {
            &mut self.sections[section].entries[at].lead
        } else {
            self.lead_at(section + 1)
        };
        let (above, own) = lead.split_at(attached(lead));
        let standing = if !lead.is_empty() && next.starts_with(lead) {
            Some(lead.len())
        } else if own.is_empty() {
            None
        } else {
            next.match_indices(own)
                .find(|(at, _)| *at == 0 || next[..*at].ends_with('\n'))
                .map(|(at, _)| at + own.len())
        };
        if let Some(end) = standing {
            return cut(next, end);
        }
        let own = if above.trim().is_empty() { lead } else { own };
        if is_top {
            // What stands at the top of a file is about the file.
            let end = attached(next);
            return cut(next, end) + own;
        }
        own.to_owned()
    }

    /// If the gap at a place looks as if these sections had been taken out there: what stands above them and
    /// below them in the other text.
    fn gap_before_removal(
        &mut self,
        from: &Self,
        at: usize,
        chosen: impl Fn(&[Segment]) -> bool,
    ) -> Option<(Cow<'t, str>, Cow<'t, str>)> {
        let first = from.sections.iter().position(|section| chosen(&section.path))?;
        let end = first
            + from.sections[first..]
                .iter()
                .take_while(|section| chosen(&section.path))
                .count();
        let above = self.in_line_ends(from, &from.sections[first].lead);
        let next = self.in_line_ends(from, from.sections.get(end).map_or(&from.tail, |next| &next.lead));
        let at_top = is_empty(&self.sections[..at]);
        let stayed = Cow::Owned(above[..attached(&above)].to_owned());
        let closed = closed_gap(stayed, &next, at_top, end == from.sections.len());
        let fits = at_top == is_empty(&from.sections[..first]) && closed == *self.lead_at(at);
        fits.then_some((above, next))
    }

    /// What stands above a section, or at the end of the text.
    fn lead_at(&mut self, at: usize) -> &mut Cow<'t, str> {
        match self.sections.get_mut(at) {
            Some(section) => &mut section.lead,
            None => &mut self.tail,
        }
    }

    /// An entry of another text with the line ends of this one.
    fn adapt(&self, from: &Self, entry: &mut Entry<'t>) {
        entry.lead = self.in_line_ends(from, &entry.lead);
        entry.end = closed(self.in_line_ends(from, &entry.end), self.line_end);
        entry.value = Piece::Raw(self.value_in_line_ends(from, entry.value.text()));
    }
}

fn closed<'t>(line: Cow<'t, str>, line_end: &str) -> Cow<'t, str> {
    if line.ends_with('\n') {
        line
    } else {
        Cow::Owned(format!("{line}{line_end}"))
    }
}

/// Cuts off the beginning of a lead.
fn cut(lead: &mut Cow<'_, str>, end: usize) -> String {
    let rest = lead[end..].to_owned();
    let mut cut = std::mem::replace(lead, Cow::Owned(rest)).into_owned();
    cut.truncate(end);
    cut
}
