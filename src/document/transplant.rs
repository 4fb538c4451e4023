//! Taking a value over from another document as that one spells it, with its comments where the key is new
//! here. It is how a key is restored and how two documents are merged.

use std::borrow::Cow;

use super::edit::EditError;
use super::inline::Piece;
use super::layout::{Layout, Place, attached};
use super::splice::{Done, Fresh, Spelled, Splice, Unexpected, below, common_ends};
use super::{Document, KeyPath, Segment, Value};

impl Document {
    /// This document with what `from` holds at a path, as it is spelled there. A key that is new here comes
    /// with the comment lines directly above it and the comment behind it, and goes behind the sibling that it
    /// follows there. Of a table or an array of tables only what differs is taken over. Where `from` holds
    /// nothing, the key is taken out here.
    ///
    /// # Errors
    /// As [`Self::set`].
    pub fn transplant(&self, from: &Self, path: &KeyPath) -> Result<Self, EditError> {
        let (old, new) = (self.get(path), from.get(path));
        let Some(new) = new else {
            return if old.is_some() {
                self.unset(path)
            } else {
                Ok(self.clone())
            };
        };
        let grown = match (self.reach(path), path.split_last()) {
            (Ok(()), _) => None,
            (Err(EditError::BeyondEnd { key, array, count }), Some((_, Segment::Index(index))))
                if key == *path && *index == count && self.contains(&array) =>
            {
                Some(array)
            }
            (Err(error), _) => return Err(error),
        };
        let mut layout = Layout::of(&self.text);
        if let (None, Some((array, _))) = (new.as_table(), layout.element(path)) {
            // Sections hold tables alone: the array becomes an inline one, which can take any item over.
            let inline = if grown.is_some() {
                self.append(&array, &new)?
            } else {
                self.set(path, &new)?
            };
            return inline.transplant(from, path);
        }
        let done = layout.graft(&Layout::of(&from.text), path.segments(), old.as_ref(), Some(&new));
        match grown.map(|array| (self.get(&array), array)) {
            Some((Some(Value::Array(mut items)), array)) => {
                items.push(new);
                self.outcome(&layout, done, &array, Some(&Value::Array(items)))
            }
            Some(_) | None => self.outcome(&layout, done, path, Some(&new)),
        }
    }

    /// [`Self::transplant`], and where the key has a line of its own in both documents, it gets the comment lines
    /// above it and the comment behind it that `from` has, if any.
    ///
    /// # Errors
    /// As [`Self::set`].
    pub fn restore(&self, from: &Self, path: &KeyPath) -> Result<Self, EditError> {
        let edited = self.transplant(from, path)?;
        let mut layout = Layout::of(&edited.text);
        layout.graft_comments(&Layout::of(&from.text), path.segments());
        edited.outcome(&layout, Ok(()), path, edited.get(path).as_ref())
    }
}

impl<'t> Layout<'t> {
    /// Gives an entry the comments that it has in another text, if it has some there.
    fn graft_comments(&mut self, from: &Self, path: &[Segment]) {
        let whole = |place: Place| match place {
            Place::Entry { section, entry, steps } if steps == path.len() => Some((section, entry)),
            Place::Entry { .. } | Place::Table | Place::Elements(_) | Place::Nowhere => None,
        };
        let (Some(here), Some(there)) = (whole(self.find(path)), whole(from.find(path))) else {
            return;
        };
        let there = &from.sections[there.0].entries[there.1];
        let lead = self.in_line_ends(from, &there.lead);
        let here = &mut self.sections[here.0].entries[here.1];
        let above = &lead[attached(&lead)..];
        if !above.is_empty() {
            let before = &here.lead[..attached(&here.lead)];
            here.lead = Cow::Owned(format!("{before}{above}"));
        }
        let behind = there.end.trim_end();
        if !behind.is_empty() {
            let line_end = &here.end[here.end.trim_end_matches(['\r', '\n']).len()..];
            here.end = Cow::Owned(format!("{behind}{line_end}"));
        }
    }

    /// Makes what stands at a path (`old`) what stands there in `from` (`new`).
    pub(super) fn graft(&mut self, from: &Self, path: &[Segment], old: Option<&Value>, new: Option<&Value>) -> Done {
        let (old, new) = match (old, new) {
            (None, None) => return Ok(()),
            (Some(_), None) => return self.remove_at(path),
            (None, Some(new)) => return self.graft_new(from, path, new),
            (Some(old), Some(new)) => (old, new),
        };
        let spelled = self.spelled_in(from, path);
        if let (Some(spelled), Some(piece)) = (&spelled, self.piece_at(path)) {
            *piece = Piece::Raw(spelled.text.clone());
            return Ok(());
        }
        if spelled.is_none() && old == new {
            return Ok(());
        }
        match (old, new, self.find(path)) {
            (Value::Table(old), Value::Table(new), _) if !new.is_empty() || self.section_of(path).is_some() => {
                for (key, value) in new.iter().filter(|(key, value)| old.get(*key) != Some(*value)) {
                    self.graft(from, &below(path, Segment::Key(key.clone())), old.get(key), Some(value))?;
                }
                for key in old.keys().filter(|key| !new.contains_key(*key)) {
                    self.remove_at(&below(path, Segment::Key(key.clone())))?;
                }
                Ok(())
            }
            (Value::Array(old), Value::Array(new), Place::Elements(_)) if spelled.is_none() => {
                self.graft_elements(from, path, old, new)
            }
            (_, _, Place::Entry { steps, .. }) if steps < path.len() => self.set_at(path, Some(old), new),
            (_, _, Place::Entry { .. }) => {
                self.remove_at(path)?;
                self.graft_new(from, path, new)
            }
            (_, _, Place::Table | Place::Elements(_) | Place::Nowhere) => {
                let fresh = spelled.map_or(Fresh::Value(new), Fresh::Spelled);
                self.replace_sections(path, &fresh)
            }
        }
    }

    /// A key that is not here yet.
    fn graft_new(&mut self, from: &Self, path: &[Segment], new: &Value) -> Done {
        let array = path.split_last().filter(|(last, _)| matches!(last, Segment::Index(_)));
        let is_section_element = array.is_some_and(|(_, array)| matches!(self.find(array), Place::Elements(_)));
        match from.find(path) {
            Place::Entry { .. } if is_section_element => self.insert_at(path, &Fresh::Value(new)),
            Place::Entry { section, entry, steps } => {
                let table = &from.sections[section].path;
                let entry_here = self
                    .section_of(table)
                    .filter(|here| steps == path.len() && self.takes_dotted(*here, &path[table.len()..]));
                match (entry_here, self.spelled_in(from, path)) {
                    (Some(here), _) => {
                        self.graft_entry(from, section, entry, here);
                        Ok(())
                    }
                    (None, Some(spelled)) => self.insert_at(path, &Fresh::Spelled(spelled)),
                    (None, None) => self.insert_at(path, &Fresh::Value(new)),
                }
            }
            Place::Table if from.last_dotted(path).is_some() => match new {
                Value::Table(table) => table
                    .iter()
                    .try_for_each(|(key, value)| self.graft_new(from, &below(path, Segment::Key(key.clone())), value)),
                Value::String(_)
                | Value::Integer(_)
                | Value::Float(_)
                | Value::Boolean(_)
                | Value::Datetime(_)
                | Value::Array(_) => Err(Unexpected("dotted keys make a table")),
            },
            Place::Table | Place::Elements(_) if self.takes_sections(path) => {
                let at = self.place_like(from, path);
                self.graft_sections(from, at, |candidate| candidate.starts_with(path));
                Ok(())
            }
            Place::Table | Place::Elements(_) => self.insert_at(path, &Fresh::Value(new)),
            Place::Nowhere => Err(Unexpected("nothing stands where something should be taken over")),
        }
    }

    /// Elements that differ give way to those of the other text; those in common at both ends stay.
    fn graft_elements(&mut self, from: &Self, path: &[Segment], old: &[Value], new: &[Value]) -> Done {
        let (prefix, suffix) = common_ends(old, new);
        let (old_end, new_end) = (old.len() - suffix, new.len() - suffix);
        if old_end == new_end {
            return (prefix..new_end).try_for_each(|index| {
                let element = below(path, Segment::Index(index));
                self.graft(from, &element, Some(&old[index]), Some(&new[index]))
            });
        }
        let is_in = |range: std::ops::Range<usize>| {
            move |candidate: &[Segment]| match candidate.strip_prefix(path) {
                Some([Segment::Index(index), ..]) => range.contains(index),
                Some(_) | None => false,
            }
        };
        let at = self
            .section_of(&below(path, Segment::Index(prefix)))
            .unwrap_or_else(|| self.region_end(path));
        self.remove_sections(is_in(prefix..old_end));
        self.graft_sections(from, at, is_in(prefix..new_end));
        Ok(())
    }

    /// The piece of a value that stands in one piece.
    fn piece_at(&mut self, path: &[Segment]) -> Option<&mut Piece<'t>> {
        match self.find(path) {
            Place::Entry { section, entry, steps } => self.sections[section].entries[entry].value.at(&path[steps..]),
            Place::Table | Place::Elements(_) | Place::Nowhere => None,
        }
    }

    /// How another text spells a value that stands in one piece there, and its comments if it is an entry of
    /// its own.
    fn spelled_in(&self, from: &Self, path: &[Segment]) -> Option<Spelled<'t>> {
        let Place::Entry { section, entry, steps } = from.find(path) else {
            return None;
        };
        let entry = &from.sections[section].entries[entry];
        let text = entry.value.clone().at(&path[steps..])?.text();
        let is_entry = steps == path.len();
        let comments = |text: &str| if is_entry { text.to_owned() } else { String::new() };
        let lead = self.in_line_ends(from, &entry.lead);
        Some(Spelled {
            text: self.value_in_line_ends(from, text),
            above: Cow::Owned(comments(&lead[attached(&lead)..])),
            beside: Cow::Owned(comments(entry.end.trim_end())),
        })
    }

    /// In a multi-line string a line end is part of the value, and stays.
    pub(super) fn value_in_line_ends(&self, from: &Self, text: Cow<'t, str>) -> Cow<'t, str> {
        if text.starts_with(['[', '{']) && !text.contains("\"\"\"") && !text.contains("'''") {
            self.in_line_ends(from, &text)
        } else {
            text
        }
    }

    pub(super) fn in_line_ends(&self, from: &Self, text: &Cow<'t, str>) -> Cow<'t, str> {
        if from.line_end == self.line_end || !text.contains('\n') {
            text.clone()
        } else {
            Cow::Owned(text.replace("\r\n", "\n").replace('\n', self.line_end))
        }
    }
}

#[cfg(test)]
mod tests;
