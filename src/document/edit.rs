//! Edits of a document: each gives a new document in which the one value differs and every other byte is as
//! it was. The outcome is parsed again and compared with what the edit should have done, so that a mistake
//! in splicing is an error and never a wrong document.

use thiserror::Error;

use super::layout::{Layout, Place};
use super::node::{Content, Entries, Entry, Node};
use super::splice::{Done, Splice};
use super::{Document, KeyPath, Segment, Value};

/// How deep the parser lets arrays and inline tables nest.
pub(super) const DEEPEST: usize = 80;

/// Why an edit was not done.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum EditError {
    /// Nothing stands at the key.
    #[error("`{key}` is not set")]
    NotSet {
        /// The key as it was asked for.
        key: KeyPath,
    },
    /// The key names an item that the array does not have.
    #[error("`{key}` does not exist: {}", items_of(array, *count))]
    BeyondEnd {
        /// The item that was asked for.
        key: KeyPath,
        /// The array.
        array: KeyPath,
        /// How many items it has; 0 also where it is not set.
        count: usize,
    },
    /// Something that holds no keys stands where a table is needed.
    #[error("`{key}` is no table but of type {kind}, so it holds no keys")]
    NotATable {
        /// What stands in the way.
        key: KeyPath,
        /// What it is.
        kind: &'static str,
    },
    /// Something that holds no items stands where an array is needed.
    #[error("`{key}` is no array but of type {kind}, so it holds no items")]
    NotAnArray {
        /// What stands in the way.
        key: KeyPath,
        /// What it is.
        kind: &'static str,
    },
    /// Something was to be moved or copied to a key where something stands already.
    #[error("`{key}` is set already")]
    Taken {
        /// Where it should have gone.
        key: KeyPath,
    },
    /// Something was to be moved or copied into itself.
    #[error("`{key}` lies inside of what should go there")]
    Inside {
        /// Where it should have gone.
        key: KeyPath,
    },
    /// The only item of an array was to take its place, and it has none, or several.
    #[error("{}, and one can take its place", items_of(key, *count))]
    NotOne {
        /// The array.
        key: KeyPath,
        /// How many items it has.
        count: usize,
    },
    /// The document itself was to become something else than a table.
    #[error("a document is a table, and it stays one")]
    Root,
    /// The value nests deeper than TOML parsers go.
    #[error("`{key}` would nest more than {DEEPEST} levels deep")]
    TooDeep {
        /// Where it would stand.
        key: KeyPath,
    },
    /// The edit went wrong and was dropped.
    #[error("the edit of `{key}` went wrong and was dropped: {reason}")]
    Bug {
        /// What was to be edited.
        key: KeyPath,
        /// What was noticed.
        reason: &'static str,
    },
}

impl EditError {
    /// The key that it is about.
    #[must_use]
    pub fn key(&self) -> KeyPath {
        match self {
            Self::NotSet { key }
            | Self::BeyondEnd { key, .. }
            | Self::NotATable { key, .. }
            | Self::NotAnArray { key, .. }
            | Self::TooDeep { key }
            | Self::Taken { key }
            | Self::Inside { key, .. }
            | Self::NotOne { key, .. }
            | Self::Bug { key, .. } => key.clone(),
            Self::Root => KeyPath::root(),
        }
    }

    /// The same error with its keys below another: as they are named outside of this document.
    #[must_use]
    pub fn below(mut self, prefix: &KeyPath) -> Self {
        let keys = match &mut self {
            Self::NotSet { key }
            | Self::NotATable { key, .. }
            | Self::NotAnArray { key, .. }
            | Self::Taken { key }
            | Self::Inside { key }
            | Self::NotOne { key, .. }
            | Self::TooDeep { key }
            | Self::Bug { key, .. } => vec![key],
            Self::BeyondEnd { key, array, .. } => vec![key, array],
            Self::Root => Vec::new(),
        };
        for key in keys {
            *key = prefix.concat(key);
        }
        self
    }
}

fn items_of(array: &KeyPath, count: usize) -> String {
    match count {
        0 => format!("`{array}` has no items"),
        1 => format!("`{array}` has 1 item"),
        _ => format!("`{array}` has {count} items"),
    }
}

impl Document {
    /// This document with a value at a path. Where one stands already, only its bytes change, spelled as it
    /// was (radix, separators, quotes, layout) where the new value can be; a table or array changes key by key
    /// and item by item. A new key goes behind the others of its table, and tables that lack are made.
    ///
    /// # Errors
    /// What stands in the way: a value where a table or array would be needed, an index beyond the end, nesting
    /// beyond 80 levels.
    pub fn set(&self, path: &KeyPath, value: &Value) -> Result<Self, EditError> {
        if path.is_empty() && value.as_table().is_none() {
            return Err(EditError::Root);
        }
        self.reach(path)?;
        let old = self.get(path);
        if old.as_ref() == Some(value) {
            return Ok(self.clone());
        }
        let mut layout = Layout::of(&self.text);
        if let (None, Some((array, index))) = (value.as_table(), layout.element(path))
            && let Some(Value::Array(mut items)) = self.get(&array)
        {
            // Sections hold tables alone; with anything else in it the array becomes an inline one.
            items[index] = value.clone();
            return self.set(&array, &Value::Array(items));
        }
        let done = layout.set_at(path.segments(), old.as_ref(), value);
        self.outcome(&layout, done, path, Some(value))
    }

    /// This document without what stands at a path: an entry's line with its trailing comment, an item with
    /// its comma, a section with its sub-sections and the comment block attached to its header. Other comments
    /// stay. A `[table]` that loses its last key stays, a table of dotted keys does not.
    ///
    /// # Errors
    /// [`EditError::NotSet`] or [`EditError::BeyondEnd`] if nothing stands there, and what stands in the way.
    pub fn unset(&self, path: &KeyPath) -> Result<Self, EditError> {
        let Some((parent, last)) = path.split_last() else {
            return Err(EditError::Root);
        };
        self.reach(path)?;
        if !self.contains(path) {
            return Err(EditError::NotSet { key: path.clone() });
        }
        let mut layout = Layout::of(&self.text);
        let done = layout.remove_at(path.segments());
        if let Segment::Index(index) = last
            && let Some(Value::Array(mut items)) = self.get(&parent)
        {
            items.remove(*index);
            return self.outcome(&layout, done, &parent, Some(&Value::Array(items)));
        }
        self.outcome(&layout, done, path, None)
    }

    /// This document with one item more at the end of an array; an array that is not set is made, of
    /// `[[sections]]` for a table.
    ///
    /// # Errors
    /// As [`Self::set`].
    pub fn append(&self, array: &KeyPath, value: &Value) -> Result<Self, EditError> {
        self.reach(array)?;
        let mut items = match self.get(array) {
            Some(Value::Array(items)) => items,
            None => return self.set(array, &Value::Array(vec![value.clone()])),
            Some(_) if array.is_empty() => return Err(EditError::Root),
            Some(other) => {
                return Err(EditError::NotAnArray {
                    key: array.clone(),
                    kind: other.kind(),
                });
            }
        };
        items.push(value.clone());
        let longer = Value::Array(items);
        let mut layout = Layout::of(&self.text);
        if matches!(layout.find(array.segments()), Place::Elements(_)) && value.as_table().is_none() {
            return self.set(array, &longer);
        }
        let done = layout.append_at(array.segments(), value);
        self.outcome(&layout, done, array, Some(&longer))
    }

    /// Whether a value could stand at a path: every table and array that leads there is one, or is not set.
    pub(super) fn reach(&self, path: &KeyPath) -> Result<(), EditError> {
        reach(&self.root, path)
    }

    /// The document that a layout makes, if it says at `path` what it should and elsewhere what this one says.
    pub(super) fn outcome(
        &self,
        layout: &Layout<'_>,
        done: Done,
        path: &KeyPath,
        expected: Option<&Value>,
    ) -> Result<Self, EditError> {
        let bug = |reason| EditError::Bug {
            key: path.clone(),
            reason,
        };
        done.map_err(|unexpected| unexpected.bug(path))?;
        let Ok(edited) = Self::parse(layout.to_text()) else {
            let depth = path.len() + expected.map_or(0, depth);
            return Err(if depth > DEEPEST {
                EditError::TooDeep { key: path.clone() }
            } else {
                bug("the text is no TOML any more")
            });
        };
        if differs_only_at(&self.root, &edited.root, path.segments(), expected) {
            Ok(edited)
        } else {
            Err(bug("it would have changed something else"))
        }
    }
}

/// What one step from a place leads to.
pub(super) enum Step<'n, N> {
    To(&'n N),
    /// Nothing stands there; an array has so many items.
    Nowhere(usize),
    /// The place is of a kind that has no such steps.
    Blocked(&'static str),
}

/// A tree of tables and arrays.
pub(super) trait Steps: Sized {
    fn step(&self, segment: &Segment) -> Step<'_, Self>;
}

impl Steps for Node {
    fn step(&self, segment: &Segment) -> Step<'_, Self> {
        match (segment, &self.content) {
            (Segment::Key(key), Content::Table(entries)) => {
                entries.get(key).map_or(Step::Nowhere(0), |entry| Step::To(&entry.node))
            }
            (Segment::Index(index), Content::Array(items)) => {
                items.get(*index).map_or(Step::Nowhere(items.len()), Step::To)
            }
            (Segment::Key(_) | Segment::Index(_), content) => Step::Blocked(content.kind()),
        }
    }
}

/// Whether a value could stand at a path: every table and array that leads there is one, or is not set.
pub(super) fn reach<N: Steps>(root: &N, path: &KeyPath) -> Result<(), EditError> {
    let mut node = Some(root);
    let upto = |depth: usize| KeyPath::from(path.segments()[..depth].to_vec());
    for (walked, segment) in path.segments().iter().enumerate() {
        node = match (segment, node.map_or(Step::Nowhere(0), |node| node.step(segment))) {
            (_, Step::To(next)) => Some(next),
            (Segment::Key(_), Step::Nowhere(_)) => None,
            (Segment::Index(_), Step::Nowhere(count)) => {
                return Err(EditError::BeyondEnd {
                    key: upto(walked + 1),
                    array: upto(walked),
                    count,
                });
            }
            (Segment::Key(_), Step::Blocked(kind)) => {
                return Err(EditError::NotATable {
                    key: upto(walked),
                    kind,
                });
            }
            (Segment::Index(_), Step::Blocked(kind)) => {
                return Err(EditError::NotAnArray {
                    key: upto(walked),
                    kind,
                });
            }
        };
    }
    Ok(())
}

pub(super) fn depth(value: &Value) -> usize {
    1 + match value {
        Value::Array(items) => items.iter().map(depth).max().unwrap_or_default(),
        Value::Table(table) => table.values().map(depth).max().unwrap_or_default(),
        Value::String(_) | Value::Integer(_) | Value::Float(_) | Value::Boolean(_) | Value::Datetime(_) => 0,
    }
}

/// Whether `new` is `old` with `expected` at a path; with nothing there, tables that this empties may be gone.
fn differs_only_at(old: &Node, new: &Node, path: &[Segment], expected: Option<&Value>) -> bool {
    let Some((first, rest)) = path.split_first() else {
        return expected.is_some_and(|expected| new.to_value() == *expected);
    };
    match (first, &old.content, &new.content) {
        (Segment::Key(key), Content::Table(before), Content::Table(after)) => {
            others_are_same(before, after, key)
                && match (before.get(key), after.get(key)) {
                    (Some(before), Some(after)) => differs_only_at(&before.node, &after.node, rest, expected),
                    (None, Some(after)) => expected.is_some_and(|expected| holds_only(&after.node, rest, expected)),
                    (Some(before), None) => expected.is_none() && leads_only_to(&before.node, rest),
                    (None, None) => expected.is_none(),
                }
        }
        (Segment::Index(index), Content::Array(before), Content::Array(after)) => {
            before.len() == after.len()
                && before.iter().zip(after).enumerate().all(|(at, (before, after))| {
                    if at == *index {
                        differs_only_at(before, after, rest, expected)
                    } else {
                        before.same(after)
                    }
                })
        }
        (Segment::Key(_) | Segment::Index(_), _, _) => false,
    }
}

fn others_are_same(before: &Entries, after: &Entries, key: &str) -> bool {
    let others = |entries: &Entries| entries.len() - usize::from(entries.contains_key(key));
    let same = |(name, entry): (&String, &Entry)| after.get(name).is_some_and(|other| entry.node.same(&other.node));
    others(before) == others(after) && before.iter().filter(|(name, _)| *name != key).all(same)
}

/// Whether a node is nothing but the tables that lead to one value.
fn holds_only(node: &Node, path: &[Segment], expected: &Value) -> bool {
    match (path, &node.content) {
        ([], _) => node.to_value() == *expected,
        ([Segment::Key(key), rest @ ..], Content::Table(entries)) => {
            entries.len() == 1
                && entries
                    .get(key)
                    .is_some_and(|entry| holds_only(&entry.node, rest, expected))
        }
        (_, Content::Table(_) | Content::Array(_) | Content::Scalar(_)) => false,
    }
}

/// Whether a node holds nothing but what a path leads to.
fn leads_only_to(node: &Node, path: &[Segment]) -> bool {
    match (path, &node.content) {
        ([], _) => true,
        ([Segment::Key(key), rest @ ..], Content::Table(entries)) => {
            entries.len() == 1 && entries.get(key).is_some_and(|entry| leads_only_to(&entry.node, rest))
        }
        (_, Content::Table(_) | Content::Array(_) | Content::Scalar(_)) => false,
    }
}

#[cfg(test)]
mod tests;
