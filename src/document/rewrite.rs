//! Many edits of one document, made together: the text is taken apart once, printed once and parsed once,
//! however many edits there are. Beside the pieces the content is kept as the edits leave it, and the outcome
//! must say exactly that.
//!
//! After each edit the pieces are what taking the text so far apart would give, so that a chain of edits here
//! and a chain of single edits make the same bytes.

mod carry;
mod content;
mod shape;
mod spelled;

use std::collections::HashMap;

use super::edit::{DEEPEST, EditError, depth, reach};
use super::layout::Layout;
use super::splice::{Done, Splice, Unexpected};
use super::{Document, KeyPath, Segment, Table, Value};

/// Edits of a document that [`Rewrite::finish`] makes a document again.
///
/// ```
/// use valvecfg::document::{Document, Value};
/// let document = Document::parse("threshold = 0x3C # percent\n").unwrap();
/// let mut rewrite = document.rewrite();
/// rewrite.rename(&"threshold".parse().unwrap(), &"close_above".parse().unwrap()).unwrap();
/// rewrite.set(&"version".parse().unwrap(), &Value::Integer(2)).unwrap();
/// assert_eq!(rewrite.finish().unwrap().text(), "close_above = 0x3C # percent\nversion = 2\n");
/// ```
#[must_use = "the edits are only made by `finish`"]
pub struct Rewrite<'d> {
    layout: Layout<'d>,
    /// Always a table.
    content: Value,
    /// How keys were spelled before a rename, by the rename that undoes it: `(to, from)`.
    spellings: HashMap<(KeyPath, KeyPath), Vec<String>>,
    /// The first edit that may have made more levels than parsers go.
    deep: Option<KeyPath>,
    /// An edit that stopped half-way; nothing can follow it.
    failed: Option<EditError>,
}

impl Document {
    /// Begins a series of edits of this document, which stays as it is.
    pub fn rewrite(&self) -> Rewrite<'_> {
        Rewrite {
            layout: Layout::of(&self.text),
            content: self.root.to_value(),
            spellings: HashMap::new(),
            deep: None,
            failed: None,
        }
    }
}

impl Rewrite<'_> {
    /// The value at a path as the edits so far leave it, if there is one. The root is the whole table.
    #[must_use]
    pub fn get(&self, path: &KeyPath) -> Option<&Value> {
        content::get(&self.content, path.segments())
    }

    /// The whole content as the edits so far leave it.
    #[must_use]
    pub fn content(&self) -> &Table {
        match &self.content {
            Value::Table(table) => table,
            // `set` refuses to make the root anything but a table, and nothing else touches it.
            Value::String(_)
            | Value::Integer(_)
            | Value::Float(_)
            | Value::Boolean(_)
            | Value::Datetime(_)
            | Value::Array(_) => unreachable!("the root of a document is a table"),
        }
    }

    /// Gives a path a value, as [`Document::set`] does.
    ///
    /// # Errors
    /// As [`Document::set`]; too deep nesting is noticed by [`Self::finish`]. After [`EditError::Bug`] every
    /// further call gives that error; after any other, the content is as before.
    pub fn set(&mut self, path: &KeyPath, value: &Value) -> Result<(), EditError> {
        self.check_intact()?;
        if path.is_empty() && value.as_table().is_none() {
            return Err(EditError::Root);
        }
        reach(&self.content, path)?;
        let old = content::get(&self.content, path.segments());
        if old == Some(value) {
            return Ok(());
        }
        if let (None, Some((array, index))) = (value.as_table(), self.layout.element(path))
            && let Some(Value::Array(items)) = self.get(&array)
        {
            // Sections hold tables alone; with anything else in it the array becomes an inline one.
            let mut items = match self.layout.content_of(array.segments()) {
                Some(Value::Array(ordered)) => ordered,
                Some(_) | None => items.clone(),
            };
            items[index] = value.clone();
            return self.set(&array, &Value::Array(items));
        }
        let one_piece = old.is_some_and(|old| old.as_table().is_none() && old.as_array().is_none());
        let ordered = old
            .filter(|_| !one_piece)
            .and_then(|_| self.layout.content_of(path.segments()));
        let done = self.layout.set_at(path.segments(), ordered.as_ref().or(old), value);
        self.note(path, done)?;
        self.place(path, value.clone())?;
        self.layout.settle();
        if !one_piece {
            self.layout.close_around(path.segments());
        }
        Ok(())
    }

    /// Takes out what stands at a path, as [`Document::unset`] does, and with an entry also the comment block
    /// directly above it.
    ///
    /// # Errors
    /// As [`Document::unset`]; see [`Self::set`] for what holds after an error.
    pub fn unset(&mut self, path: &KeyPath) -> Result<(), EditError> {
        self.check_intact()?;
        if path.is_empty() {
            return Err(EditError::Root);
        }
        reach(&self.content, path)?;
        if self.get(path).is_none() {
            return Err(EditError::NotSet { key: path.clone() });
        }
        self.take_out(path)
    }

    /// Gives what stands at a path another path. In the same table only the key's own bytes are exchanged,
    /// wherever the text names it, in the quotes that it has where that can be; the rename that undoes one of
    /// this rewrite gives the bytes back. Into another table, what stands there travels with its spelling, the
    /// comment block above and the comment behind: an entry goes behind the last entry of that table, which is
    /// made if it lacks, and sections stay where they stand and get other headers, unless they must follow an
    /// element of an array. Where the target can hold neither entries nor sections, the comments go above the
    /// entry that holds the target.
    ///
    /// # Errors
    /// [`EditError::NotSet`] if nothing stands at `from`, [`EditError::Taken`] if something stands at `to`,
    /// [`EditError::Inside`] if `to` lies in `from`, and what stands in the way of `to`; see [`Self::set`] for
    /// what holds after an error.
    pub fn rename(&mut self, from: &KeyPath, to: &KeyPath) -> Result<(), EditError> {
        self.check_carry(from, to)?;
        match (from.segments(), to.segments()) {
            ([table @ .., Segment::Key(_)], [same @ .., Segment::Key(name)]) if same == table => {
                self.exchange(from, to, name)
            }
            (source, target) if self.layout.moves_by_headers(source, target) => {
                let value = self.ordered(from)?;
                let done = self.layout.move_headers(source, target);
                self.note(from, done)?;
                self.place(to, value)?;
                self.forget(from)
            }
            (_, _) => {
                self.carry(from, to)?;
                self.take_out(from)
            }
        }
    }

    /// Gives another path what stands at a path too, spelled as it is there and with its comments, in the place
    /// that [`Self::rename`] gives to what comes from another table.
    ///
    /// # Errors
    /// As [`Self::rename`].
    pub fn copy(&mut self, from: &KeyPath, to: &KeyPath) -> Result<(), EditError> {
        self.check_carry(from, to)?;
        self.carry(from, to)
    }

    /// The document that the edits make.
    ///
    /// # Errors
    /// [`EditError::TooDeep`] if an edit nested something beyond 80 levels; [`EditError::Bug`] if the text does
    /// not say what the edits were to make it say.
    pub fn finish(self) -> Result<Document, EditError> {
        self.finish_with(&|_| None)
    }

    /// The same with another text in its comments, where `respell` gives one.
    ///
    /// # Errors
    /// As [`Self::finish`], also where that text has other settings.
    pub fn finish_with(self, respell: &dyn Fn(&str) -> Option<String>) -> Result<Document, EditError> {
        self.check_intact()?;
        let bug = |key, reason| EditError::Bug { key, reason };
        let text = self.layout.to_text();
        let Ok(edited) = Document::parse(respell(&text).unwrap_or(text)) else {
            return Err(match self.deep {
                Some(key) => EditError::TooDeep { key },
                None => bug(KeyPath::root(), "the text is no TOML any more"),
            });
        };
        match content::difference(&self.content, &edited.root) {
            Some(key) => Err(bug(key, "the text does not say what the edits made")),
            None => Ok(edited),
        }
    }

    /// Whether what stands at one path can go to another.
    fn check_carry(&self, from: &KeyPath, to: &KeyPath) -> Result<(), EditError> {
        self.check_intact()?;
        if from.is_empty() || to.is_empty() {
            return Err(EditError::Root);
        }
        reach(&self.content, from)?;
        if self.get(from).is_none() {
            return Err(EditError::NotSet { key: from.clone() });
        }
        if self.get(to).is_some() {
            return Err(EditError::Taken { key: to.clone() });
        }
        if to.starts_with(from) {
            return Err(EditError::Inside { key: to.clone() });
        }
        reach(&self.content, to)
    }

    /// What stands at a path, its keys in the order of the text, which sections alone may have changed.
    fn ordered(&self, path: &KeyPath) -> Result<Value, EditError> {
        let value = self.get(path).ok_or_else(|| EditError::NotSet { key: path.clone() })?;
        let in_text = self.layout.content_of(path.segments());
        Ok(in_text
            .filter(|in_text| in_text == value)
            .unwrap_or_else(|| value.clone()))
    }

    fn exchange(&mut self, from: &KeyPath, to: &KeyPath, name: &str) -> Result<(), EditError> {
        let known = self.spellings.remove(&(from.clone(), to.clone())).unwrap_or_default();
        let old = self.layout.exchange_key(from.segments(), name, &known);
        let done = if old.is_empty() {
            Err(Unexpected("no key stands where one should be renamed"))
        } else {
            Ok(())
        };
        self.note(from, done)?;
        self.spellings.insert((to.clone(), from.clone()), old);
        let done = content::rename(&mut self.content, from.segments(), name);
        self.note(from, done)
    }

    fn carry(&mut self, from: &KeyPath, to: &KeyPath) -> Result<(), EditError> {
        let value = self.ordered(from)?;
        let done = self.layout.carry(from.segments(), to.segments(), &value);
        self.note(to, done)?;
        self.place(to, value)?;
        self.layout.settle();
        self.layout.close_around(to.segments());
        Ok(())
    }

    fn take_out(&mut self, path: &KeyPath) -> Result<(), EditError> {
        self.layout.drop_comments(path.segments());
        let done = self.layout.remove_at(path.segments());
        self.note(path, done)?;
        self.layout.settle();
        self.layout.close_around(path.segments());
        self.forget(path)
    }

    fn place(&mut self, path: &KeyPath, value: Value) -> Result<(), EditError> {
        if self.deep.is_none() && path.len() + depth(&value) > DEEPEST {
            self.deep = Some(path.clone());
        }
        let done = content::place(&mut self.content, path.segments(), value);
        self.note(path, done)
    }

    /// Takes a path out of the content, and the tables that are gone from the text with it.
    fn forget(&mut self, path: &KeyPath) -> Result<(), EditError> {
        let mut segments = path.segments();
        loop {
            let done = content::remove(&mut self.content, segments);
            self.note(path, done)?;
            segments = match segments.split_last() {
                Some((_, parent)) if !parent.is_empty() => parent,
                Some(_) | None => return Ok(()),
            };
            let empty = content::get(&self.content, segments).and_then(Value::as_table);
            if !empty.is_some_and(Table::is_empty) || self.layout.holds(segments) {
                return Ok(());
            }
        }
    }

    fn check_intact(&self) -> Result<(), EditError> {
        self.failed.clone().map_or(Ok(()), Err)
    }

    fn note(&mut self, path: &KeyPath, done: Done) -> Result<(), EditError> {
        done.map_err(|unexpected| {
            let error = unexpected.bug(path);
            self.failed = Some(error.clone());
            error
        })
    }
}

#[cfg(test)]
mod corpus_tests;
#[cfg(test)]
mod property_tests;
#[cfg(test)]
mod tests;
