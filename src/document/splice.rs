//! Edits on the pieces of a text: give a path another value, insert it, take it out. What a piece says is
//! not checked here; `edit` parses the outcome and compares.

use std::borrow::Cow;

use super::edit::EditError;
use super::inline::{Piece, Spot};
use super::layout::{Layout, Meeting, Place, meet};
use super::{KeyPath, Segment, Table, Value, literal, spelling};

/// The text is not made as its content says, so an edit cannot be done; always a bug.
#[derive(Debug)]
pub(super) struct Unexpected(pub &'static str);

impl Unexpected {
    pub(super) fn bug(self, key: &KeyPath) -> EditError {
        EditError::Bug {
            key: key.clone(),
            reason: self.0,
        }
    }
}

pub(super) type Done = Result<(), Unexpected>;

/// A value that is new in a place.
pub(super) enum Fresh<'v, 't> {
    /// Spelled in the manner of the place: a table among sections becomes a section.
    Value(&'v Value),
    /// Spelled already; it becomes an entry.
    Spelled(Spelled<'t>),
}

/// A value as another text spells it.
pub(super) struct Spelled<'t> {
    pub text: Cow<'t, str>,
    /// The comment lines above, with their line ends.
    pub above: Cow<'t, str>,
    /// What stands behind the value on its line, without the line end.
    pub beside: Cow<'t, str>,
}

impl Fresh<'_, '_> {
    /// The value where no sections can stand.
    pub(super) fn inline(&self) -> String {
        match self {
            Self::Value(value) => literal::inline(value),
            Self::Spelled(spelled) => spelled.text.clone().into_owned(),
        }
    }

    /// Whether it becomes sections where those can stand.
    pub(super) fn is_sections(&self) -> bool {
        match self {
            Self::Value(value) => makes_sections(value),
            Self::Spelled(_) => false,
        }
    }
}

/// Tables, and arrays of nothing but tables, stand as sections.
pub(super) fn makes_sections(value: &Value) -> bool {
    match value {
        Value::Table(_) => true,
        Value::Array(items) => !items.is_empty() && items.iter().all(|item| item.as_table().is_some()),
        Value::String(_) | Value::Integer(_) | Value::Float(_) | Value::Boolean(_) | Value::Datetime(_) => false,
    }
}

/// What holds values under paths: a whole text, or one inline value.
pub(super) trait Splice {
    /// Gives a path a value. `old` is what stands there now, nothing if nothing does.
    fn set_at(&mut self, path: &[Segment], old: Option<&Value>, new: &Value) -> Done;
    /// Gives a value to a path where nothing stands.
    fn insert_at(&mut self, path: &[Segment], fresh: &Fresh<'_, '_>) -> Done;
    /// Takes out what stands at a path; a table of dotted keys that it leaves empty goes too.
    fn remove_at(&mut self, path: &[Segment]) -> Done;
}

/// Makes a table what it should be key by key, so that what stays keeps its place and comments.
fn reconcile(holder: &mut impl Splice, path: &[Segment], old: &Table, new: &Table) -> Done {
    // Removals come last: a table of dotted keys that was emptied would be gone.
    for (key, value) in new {
        holder.set_at(&below(path, Segment::Key(key.clone())), old.get(key), value)?;
    }
    for key in old.keys().filter(|key| !new.contains_key(*key)) {
        holder.remove_at(&below(path, Segment::Key(key.clone())))?;
    }
    Ok(())
}

pub(super) fn below(path: &[Segment], segment: Segment) -> Vec<Segment> {
    let mut longer = path.to_vec();
    longer.push(segment);
    longer
}

/// How many items two arrays have in common at their beginning, and how many of the others at their end.
pub(super) fn common_ends(old: &[Value], new: &[Value]) -> (usize, usize) {
    let prefix = old.iter().zip(new).take_while(|(old, new)| old == new).count();
    let (old, new) = (&old[prefix..], &new[prefix..]);
    let suffix = old
        .iter()
        .rev()
        .zip(new.iter().rev())
        .take_while(|(old, new)| old == new)
        .count();
    (prefix, suffix)
}

/// The names of a path that has no indices.
pub(super) fn names(path: &[Segment]) -> Option<Vec<&str>> {
    path.iter()
        .map(|segment| match segment {
            Segment::Key(name) => Some(name.as_str()),
            Segment::Index(_) => None,
        })
        .collect()
}

impl Splice for Layout<'_> {
    fn set_at(&mut self, path: &[Segment], old: Option<&Value>, new: &Value) -> Done {
        if old == Some(new) {
            return Ok(());
        }
        match (self.find(path), old, new) {
            (Place::Entry { section, entry, steps }, _, _) => {
                self.sections[section].entries[entry]
                    .value
                    .set_at(&path[steps..], old, new)
            }
            (Place::Table, Some(Value::Table(old)), Value::Table(new))
                if !new.is_empty() || self.section_of(path).is_some() =>
            {
                reconcile(self, path, old, new)
            }
            (Place::Elements(_), Some(Value::Array(old)), Value::Array(items)) if makes_sections(new) => {
                self.realign(path, old, items)
            }
            (Place::Table | Place::Elements(_), _, _) => self.replace_sections(path, &Fresh::Value(new)),
            (Place::Nowhere, _, _) => self.insert_at(path, &Fresh::Value(new)),
        }
    }

    fn insert_at(&mut self, path: &[Segment], fresh: &Fresh<'_, '_>) -> Done {
        for depth in (0..path.len()).rev() {
            match self.find(&path[..depth]) {
                Place::Entry { section, entry, steps } => {
                    return self.sections[section].entries[entry]
                        .value
                        .insert_at(&path[steps..], fresh);
                }
                Place::Table => return self.insert_in_table(path, depth, fresh),
                Place::Elements(count) => {
                    return match (&path[depth..], fresh) {
                        ([Segment::Index(index)], Fresh::Value(value)) if *index == count => {
                            self.insert_elements(&path[..depth], count, std::slice::from_ref(*value))
                        }
                        _ => Err(Unexpected("an array of sections takes elements at its end")),
                    };
                }
                Place::Nowhere => {}
            }
        }
        Err(Unexpected("the document itself cannot be inserted"))
    }

    fn remove_at(&mut self, path: &[Segment]) -> Done {
        match self.find(path) {
            Place::Entry { section, entry, steps } if steps == path.len() => {
                self.remove_entry_and_gap(section, entry);
                Ok(())
            }
            Place::Entry { section, entry, steps } => {
                self.sections[section].entries[entry].value.remove_at(&path[steps..])
            }
            Place::Table | Place::Elements(_) => {
                self.remove_sections(|candidate| candidate.starts_with(path));
                self.remove_dotted(path);
                match path.split_last() {
                    // An array that loses its last element stays an array: "not set" would bring back a default.
                    Some((Segment::Index(_), array)) if matches!(self.find(array), Place::Nowhere) => {
                        self.insert_at(array, &Fresh::Value(&Value::Array(Vec::new())))
                    }
                    Some(_) | None => Ok(()),
                }
            }
            Place::Nowhere => Err(Unexpected("nothing stands where something should be taken out")),
        }
    }
}

impl Layout<'_> {
    /// The array and index, if a path leads to an element of an array of sections, or to the next one.
    pub(super) fn element(&self, path: &KeyPath) -> Option<(KeyPath, usize)> {
        match path.split_last()? {
            (array, Segment::Index(index)) if matches!(self.find(array.segments()), Place::Elements(_)) => {
                Some((array, *index))
            }
            (_, Segment::Index(_) | Segment::Key(_)) => None,
        }
    }

    /// A new last item for an array that is there.
    pub(super) fn append_at(&mut self, path: &[Segment], value: &Value) -> Done {
        match self.find(path) {
            Place::Elements(count) => self.insert_elements(path, count, std::slice::from_ref(value)),
            Place::Entry { section, entry, steps } => {
                if steps == path.len() && makes_sections(value) && self.can_become_sections(section, entry) {
                    self.remove_entry(section, entry);
                    return self.insert_at(path, &Fresh::Value(&Value::Array(vec![value.clone()])));
                }
                let piece = &mut self.sections[section].entries[entry].value;
                let array = piece.at(&path[steps..]).and_then(Piece::open);
                let array = array.ok_or(Unexpected("no array stands where an item should be appended"))?;
                let end = array.items.len();
                let text = array.spell(end, value);
                array.insert(end, &[], Cow::Owned(text));
                Ok(())
            }
            Place::Table | Place::Nowhere => Err(Unexpected("no array stands where an item should be appended")),
        }
    }

    /// An empty array without comments, among sections, may give way to its first `[[element]]`.
    fn can_become_sections(&self, section: usize, entry: usize) -> bool {
        let entry = &self.sections[section].entries[entry];
        let bare = |text: &str| !text.contains('#');
        let text = entry.value.text();
        entry.keys.len() == 1
            && bare(&entry.lead)
            && bare(&entry.end)
            && bare(&text)
            && text
                .chars()
                .filter(|character| !character.is_whitespace())
                .eq("[]".chars())
    }

    fn realign(&mut self, path: &[Segment], old: &[Value], new: &[Value]) -> Done {
        let (prefix, suffix) = common_ends(old, new);
        let (old_end, new_end) = (old.len() - suffix, new.len() - suffix);
        let pairs = prefix..old_end.min(new_end);
        for index in pairs.clone() {
            self.set_at(&below(path, Segment::Index(index)), Some(&old[index]), &new[index])?;
        }
        if pairs.end < old_end {
            let surplus = pairs.end..old_end;
            self.remove_sections(|candidate| match candidate.strip_prefix(path) {
                Some([Segment::Index(index), ..]) => surplus.contains(index),
                Some(_) | None => false,
            });
        }
        if pairs.end < new_end {
            self.insert_elements(path, pairs.end, &new[pairs.end..new_end])?;
        }
        Ok(())
    }

    /// Another value where sections or dotted keys stand: in place of the first dotted key, else as if the key
    /// were new.
    pub(super) fn replace_sections(&mut self, path: &[Segment], fresh: &Fresh<'_, '_>) -> Done {
        let first = self.sections.iter().enumerate().find_map(|(index, section)| {
            let rest = path.strip_prefix(&section.path[..])?;
            let stands_below = |keys: &[Cow<'_, str>]| matches!(meet(keys, rest), Meeting::Below);
            let entry = section.entries.iter().position(|entry| stands_below(&entry.keys))?;
            (!rest.is_empty()).then_some((index, entry))
        });
        let Some((section, entry)) = first else {
            self.remove_sections(|candidate| candidate.starts_with(path));
            return self.insert_at(path, fresh);
        };
        self.close_last_line();
        let lead = std::mem::take(&mut self.sections[section].entries[entry].lead);
        self.remove_dotted(path);
        let keys = names(&path[self.sections[section].path.len()..]);
        let keys = keys.ok_or(Unexpected("a dotted key has no indices"))?;
        self.put_entry(section, entry, &keys, lead.into_owned(), fresh);
        self.remove_sections(|candidate| candidate.starts_with(path));
        Ok(())
    }
}

impl Splice for Piece<'_> {
    fn set_at(&mut self, path: &[Segment], old: Option<&Value>, new: &Value) -> Done {
        if old == Some(new) {
            return Ok(());
        }
        if path.is_empty() {
            return self.become_value(old, new);
        }
        let collection = self
            .open()
            .ok_or(Unexpected("a path leads into a value that holds none"))?;
        match (collection.find(path), old, new) {
            (Spot::Item { index, steps }, _, _) => collection.items[index].value.set_at(&path[steps..], old, new),
            (Spot::Table, Some(Value::Table(old)), Value::Table(new)) if !new.is_empty() => {
                reconcile(self, path, old, new)
            }
            (Spot::Table, _, _) => {
                let names = names(path).ok_or(Unexpected("a dotted key has no indices"))?;
                let first = collection.remove_dotted(path);
                collection.insert(first, &names, Cow::Owned(literal::inline(new)));
                Ok(())
            }
            (Spot::Nowhere, _, _) => self.insert_at(path, &Fresh::Value(new)),
        }
    }

    fn insert_at(&mut self, path: &[Segment], fresh: &Fresh<'_, '_>) -> Done {
        let collection = self
            .open()
            .ok_or(Unexpected("a path leads into a value that holds none"))?;
        match (collection.find(path), path) {
            (Spot::Item { index, steps }, _) if steps < path.len() => {
                collection.items[index].value.insert_at(&path[steps..], fresh)
            }
            (Spot::Nowhere, [Segment::Index(index)]) if !collection.is_table && *index == collection.items.len() => {
                let text = match fresh {
                    Fresh::Value(value) => collection.spell(*index, value),
                    Fresh::Spelled(_) => fresh.inline(),
                };
                collection.insert(*index, &[], Cow::Owned(text));
                Ok(())
            }
            (Spot::Nowhere, _) if collection.is_table => {
                let names = names(path).ok_or(Unexpected("a new key has no indices"))?;
                collection.insert_key(path, &names, fresh)
            }
            (Spot::Item { .. } | Spot::Table | Spot::Nowhere, _) => {
                Err(Unexpected("an inline value has no room for a new key"))
            }
        }
    }

    fn remove_at(&mut self, path: &[Segment]) -> Done {
        let collection = self
            .open()
            .ok_or(Unexpected("a path leads into a value that holds none"))?;
        match collection.find(path) {
            Spot::Item { index, steps } if steps == path.len() => collection.remove(index),
            Spot::Item { index, steps } => return collection.items[index].value.remove_at(&path[steps..]),
            Spot::Table => {
                collection.remove_dotted(path);
            }
            Spot::Nowhere => return Err(Unexpected("nothing stands where something should be taken out")),
        }
        Ok(())
    }
}

impl Piece<'_> {
    fn become_value(&mut self, old: Option<&Value>, new: &Value) -> Done {
        match (old, new) {
            (Some(Value::Table(old)), Value::Table(new)) if self.open().is_some() => reconcile(self, &[], old, new),
            (Some(Value::Array(old)), Value::Array(new)) => match self.open() {
                Some(array) => array.realign(old, new),
                None => Err(Unexpected("an array has no brackets")),
            },
            (Some(_) | None, _) => {
                *self = Self::Raw(Cow::Owned(spelling::like(&self.text(), new)));
                Ok(())
            }
        }
    }
}
