//! A value that becomes an array of one item, and the only item of an array that takes the array's place: what stands
//! there keeps its spelling and its comments, and of a table with a header only the brackets of that header change.

use std::borrow::Cow;

use super::super::edit::{EditError, reach};
use super::super::inline::{Piece, Printer};
use super::super::layout::{Layout, Place, attached, spacing};
use super::super::manner::header_keys;
use super::super::splice::{Done, Fresh, Spelled, Splice, Unexpected};
use super::super::{KeyPath, Segment, Table, Value, literal};
use super::Rewrite;
use super::carry::comments_in;
use super::spelled::{doubled, single};

impl Rewrite<'_> {
    /// Makes an array of one item of what stands at a path: `a = 1 # x` becomes `a = [1] # x`, and a table of
    /// sections an array of tables, `[zone]` and `[zone.sub]` `[[zone]]` and `[zone.sub]`. [`Self::unwrap_item`] gives the
    /// bytes back. Where that cannot be, as of a table of dotted keys, the value is spelled anew, on one line, below
    /// all its comments.
    ///
    /// # Errors
    /// [`EditError::Root`] for the document itself, [`EditError::NotSet`] if nothing stands there.
    pub fn wrap(&mut self, path: &KeyPath) -> Result<(), EditError> {
        self.check_shape(path)?;
        let value = Value::Array(vec![self.ordered(path)?]);
        if let Some((array, index)) = self.layout.element(path) {
            // Sections hold tables alone; with anything else in it the array becomes an inline one.
            let Value::Array(mut items) = self.ordered(&array)? else {
                return self.set(path, &value);
            };
            items[index] = value;
            let items = Value::Array(items);
            let done = self.layout.spell_anew(array.segments(), &items);
            return self.shaped(&array, done, items);
        }
        let done = self.layout.wrap_at(path.segments(), &value);
        self.shaped(path, done, value)
    }

    /// Puts the only item of an array in the place of the array: `a = [1] # x` becomes `a = 1 # x`, and an array of
    /// tables a table, `[[zone]]` `[zone]`. Comments between the brackets go above the entry; spacing there is lost.
    ///
    /// # Errors
    /// [`EditError::Root`], [`EditError::NotSet`], [`EditError::NotAnArray`]; [`EditError::NotOne`] where the array
    /// has no item, or several.
    pub fn unwrap_item(&mut self, path: &KeyPath) -> Result<(), EditError> {
        self.check_shape(path)?;
        let value = self.ordered(path)?;
        let kind = value.kind();
        let Value::Array(mut items) = value else {
            let key = path.clone();
            return Err(EditError::NotAnArray { key, kind });
        };
        let (Some(item), true) = (items.pop(), items.is_empty()) else {
            let count = self.get(path).and_then(Value::as_array).map_or(0, <[Value]>::len);
            return Err(EditError::NotOne {
                key: path.clone(),
                count,
            });
        };
        let done = self.layout.unwrap_at(path.segments());
        self.shaped(path, done, item)
    }

    fn check_shape(&self, path: &KeyPath) -> Result<(), EditError> {
        self.check_intact()?;
        if path.is_empty() {
            return Err(EditError::Root);
        }
        reach(&self.content, path)?;
        match self.get(path) {
            Some(_) => Ok(()),
            None => Err(EditError::NotSet { key: path.clone() }),
        }
    }

    fn shaped(&mut self, path: &KeyPath, done: Done, value: Value) -> Result<(), EditError> {
        self.note(path, done)?;
        self.place(path, value)?;
        self.layout.settle();
        self.layout.close_around(path.segments());
        Ok(())
    }
}

impl Layout<'_> {
    /// Makes what stands at a path an array of it (`value`).
    fn wrap_at(&mut self, path: &[Segment], value: &Value) -> Done {
        let line_end = self.line_end;
        match self.find(path) {
            Place::Entry { section, entry, steps } => {
                let holder = &mut self.sections[section].entries[entry].value;
                let Some(piece) = holder.at(&path[steps..]) else {
                    // Dotted keys in an inline table.
                    return holder.set_at(&path[steps..], None, value);
                };
                let mut printer = Printer::new(line_end);
                piece.print(&mut printer);
                *piece = Piece::Raw(Cow::Owned(format!("[{}]", printer.finish())));
                Ok(())
            }
            Place::Table if self.is_sections(path) => self.wrap_sections(path, value),
            Place::Table | Place::Elements(_) => self.spell_anew(path, value),
            Place::Nowhere => Err(Unexpected("nothing stands where something should be wrapped")),
        }
    }

    fn wrap_sections(&mut self, path: &[Segment], value: &Value) -> Done {
        let own = self.sections.iter().position(|section| section.path == path);
        let first = self.sections.iter().position(|section| section.path.starts_with(path));
        match (own, first) {
            (Some(own), Some(first)) if own == first => {
                if let Some(header) = &mut self.sections[own].header {
                    let line = doubled(&header.line, header.keys.len());
                    header.line = Cow::Owned(line.ok_or(Unexpected("a header has no brackets"))?);
                    header.element = true;
                }
            }
            (None, Some(first)) => {
                // No header names the table itself; its element needs one.
                let mut made = Vec::new();
                self.write_table(&header_keys(path), &Table::default(), true, &mut made);
                let lead = std::mem::take(&mut self.sections[first].lead);
                let (above, attached) = lead.split_at(attached(&lead));
                if let Some(section) = made.first_mut() {
                    section.lead = Cow::Owned(above.to_owned());
                }
                self.sections[first].lead = Cow::Owned(attached.to_owned());
                self.sections.splice(first..first, made);
            }
            // What stands below the table stands above its header.
            (Some(_) | None, _) => return self.spell_anew(path, value),
        }
        self.resolve();
        Ok(())
    }

    /// Gives the sections or dotted keys of a path another value, spelled anew, with all their comments above.
    fn spell_anew(&mut self, path: &[Segment], value: &Value) -> Done {
        let line_end = self.line_end;
        let comments = comments_in(&self.text_of(path));
        self.drop_comments(path);
        let above: String = comments
            .iter()
            .flat_map(|comment| [comment.as_str(), line_end])
            .collect();
        let spelled = Spelled {
            text: Cow::Owned(literal::inline(value)),
            above: Cow::Owned(above),
            beside: Cow::Borrowed(""),
        };
        self.replace_sections(path, &Fresh::Spelled(spelled))
    }

    /// Puts the only item of the array at a path in its place.
    fn unwrap_at(&mut self, path: &[Segment]) -> Done {
        let line_end = self.line_end;
        match self.find(path) {
            Place::Entry { section, entry, steps } => {
                let entry = &mut self.sections[section].entries[entry];
                let piece = entry.value.at(&path[steps..]);
                let piece = piece.ok_or(Unexpected("no array stands where one should be unwrapped"))?;
                let array = piece.open().filter(|collection| !collection.is_table);
                let array = array.ok_or(Unexpected("no array stands where one should be unwrapped"))?;
                let item = array.items.pop().ok_or(Unexpected("an array has no item to unwrap"))?;
                let around = [&item.lead, &item.gap, &item.trail, &array.tail];
                let comments: Vec<String> = around.into_iter().flat_map(|text| comments_in(text)).collect();
                *piece = item.value;
                let indent = spacing(&entry.name).0.to_owned();
                for comment in comments {
                    entry.lead.to_mut().extend([indent.as_str(), &comment, line_end]);
                }
                Ok(())
            }
            Place::Elements(_) => {
                let is_own = |header: &super::super::layout::Header<'_>, at: &[Segment]| {
                    header.element && at.split_last().is_some_and(|(_, array)| array == path)
                };
                let mut sections = self.sections.iter_mut();
                let header = sections.find_map(|section| {
                    let at = &section.path;
                    section.header.as_mut().filter(|header| is_own(header, at))
                });
                let header = header.ok_or(Unexpected("an element of an array of tables has no header"))?;
                let keys = header.keys.len();
                header.line = Cow::Owned(single(header.line.clone().into_owned(), keys));
                header.element = false;
                self.resolve();
                Ok(())
            }
            Place::Table | Place::Nowhere => Err(Unexpected("no array stands where one should be unwrapped")),
        }
    }
}
