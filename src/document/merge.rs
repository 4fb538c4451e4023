//! Merging two documents that come from one: by key, into the text of one of them.

use std::fmt;

use serde::Serialize;
use thiserror::Error;

use super::change::compare;
use super::edit::EditError;
use super::layout::Layout;
use super::node::{Content, Node};
use super::{Document, KeyPath, Table, Value};

/// A key that both sides changed, each to something else.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Conflict {
    /// The key.
    pub key: KeyPath,
    /// The value that both started from; nothing where it was not set.
    pub base: Option<Value>,
    /// The value on our side; nothing where it is not set.
    pub ours: Option<Value>,
    /// The value on their side; nothing where it is not set.
    pub theirs: Option<Value>,
}

/// `threshold: 60 in base, 55 in ours, not set in theirs`.
impl fmt::Display for Conflict {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: ", self.key)?;
        let sides = [(&self.base, "base"), (&self.ours, "ours"), (&self.theirs, "theirs")];
        for (position, (value, side)) in sides.into_iter().enumerate() {
            let comma = if position == 0 { "" } else { ", " };
            match value {
                Some(value) => write!(formatter, "{comma}{value} in {side}")?,
                None => write!(formatter, "{comma}not set in {side}")?,
            }
        }
        Ok(())
    }
}

/// Why two documents were not merged.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum MergeError {
    /// Both sides changed the same keys; all of them, in the order of the file.
    #[error("both sides changed {}", keys_of(.0))]
    Conflicts(Vec<Conflict>),
    /// A change could not be taken over.
    #[error("a change could not be merged")]
    Edit(#[from] EditError),
}

fn keys_of(conflicts: &[Conflict]) -> String {
    let keys: Vec<String> = conflicts.iter().map(|conflict| format!("`{}`", conflict.key)).collect();
    keys.join(", ")
}

/// `ours` with every change that `theirs` made since `base`, as `theirs` spells it.
///
/// Where one side is still the text of `base`, the outcome is the other side's text, byte for byte. Keys are
/// merged one by one; an array that is no array of tables is one value. An array of tables is merged element
/// by element, as long as at most one side changed its length, and that side only at its end: which element
/// became which cannot be known otherwise.
///
/// # Errors
/// [`MergeError::Conflicts`] with every key that both sides changed, each to something else.
pub fn merge(base: &Document, ours: &Document, theirs: &Document) -> Result<Document, MergeError> {
    if base.text == theirs.text || ours.text == theirs.text {
        return Ok(ours.clone());
    }
    if base.text == ours.text {
        return Ok(theirs.clone());
    }
    let mut plan = Plan::default();
    let merged = plan.value(KeyPath::root(), Some(&base.root), Some(&ours.root), Some(&theirs.root));
    if !plan.conflicts.is_empty() {
        return Err(MergeError::Conflicts(plan.conflicts));
    }
    let mut layout = Layout::of(&ours.text);
    let from = Layout::of(&theirs.text);
    for taken in &plan.taken {
        let Taken { key, ours, theirs } = taken;
        let done = layout.graft(&from, key.segments(), ours.as_ref(), theirs.as_ref());
        done.map_err(|unexpected| unexpected.bug(key))?;
    }
    let bug = |reason| EditError::Bug {
        key: KeyPath::root(),
        reason,
    };
    let outcome = Document::parse(layout.to_text()).map_err(|_| bug("the merged text is no TOML"))?;
    let (merged, found) = (
        merged.map(without_empty_tables),
        without_empty_tables(outcome.root.to_value()),
    );
    if merged == Some(found) {
        Ok(outcome)
    } else {
        Err(bug("the merged text does not say what both sides say").into())
    }
}

/// What to take over from their side, and what keeps it from being done.
#[derive(Default)]
struct Plan {
    taken: Vec<Taken>,
    conflicts: Vec<Conflict>,
}

struct Taken {
    key: KeyPath,
    ours: Option<Value>,
    theirs: Option<Value>,
}

impl Plan {
    /// Merges what stands at one key; answers what will stand there if nothing conflicts.
    fn value(
        &mut self,
        key: KeyPath,
        base: Option<&Node>,
        ours: Option<&Node>,
        theirs: Option<&Node>,
    ) -> Option<Value> {
        if same(ours, theirs) || same(base, theirs) {
            return ours.map(Node::to_value);
        }
        if same(base, ours) {
            self.taken.push(Taken {
                key,
                ours: ours.map(Node::to_value),
                theirs: theirs.map(Node::to_value),
            });
            return theirs.map(Node::to_value);
        }
        if let (Some(ours), Some(theirs)) = (ours, theirs) {
            let both_tables = matches!((&ours.content, &theirs.content), (Content::Table(_), Content::Table(_)));
            if both_tables && base.is_none_or(|base| matches!(base.content, Content::Table(_))) {
                return Some(Value::Table(self.table(&key, base, ours, theirs)));
            }
            if let (Some(before), Some(our_items), Some(their_items)) =
                (base.and_then(Node::tables), ours.tables(), theirs.tables())
                && keeps_elements(before, our_items, their_items)
            {
                return Some(Value::Array(self.elements(&key, before, our_items, their_items)));
            }
        }
        self.one_side_removed(key, base, ours, theirs)
    }

    fn table(&mut self, key: &KeyPath, base: Option<&Node>, ours: &Node, theirs: &Node) -> Table {
        let mut merged = Table::default();
        let mut names: Vec<&String> = entries(ours).collect();
        names.extend(entries(theirs).filter(|name| child(Some(ours), name).is_none()));
        for name in names {
            let (base, ours, theirs) = (child(base, name), child(Some(ours), name), child(Some(theirs), name));
            if let Some(value) = self.value(key.key(name), base, ours, theirs) {
                merged.insert(name.clone(), value);
            }
        }
        merged
    }

    fn elements(&mut self, key: &KeyPath, base: &[Node], ours: &[Node], theirs: &[Node]) -> Vec<Value> {
        let longest = base.len().max(ours.len()).max(theirs.len());
        let mut merged: Vec<Option<Value>> = Vec::new();
        merged.resize_with(longest, || None);
        // Elements that they removed are taken out from the last on, so that no index moves before its turn.
        let stay = (0..longest).filter(|index| *index < theirs.len());
        let go = (0..longest).rev().filter(|index| *index >= theirs.len());
        for index in stay.chain(go) {
            let (base, ours, theirs) = (base.get(index), ours.get(index), theirs.get(index));
            merged[index] = self.value(key.index(index), base, ours, theirs);
        }
        merged.into_iter().flatten().collect()
    }

    /// A table that one side removed and the other changed conflicts in the keys that were set, and in those
    /// alone. Anything else conflicts as a whole.
    fn one_side_removed(
        &mut self,
        key: KeyPath,
        base: Option<&Node>,
        ours: Option<&Node>,
        theirs: Option<&Node>,
    ) -> Option<Value> {
        let mut changes = Vec::new();
        match (ours, theirs) {
            (Some(kept), None) | (None, Some(kept)) if base.is_some() => {
                compare(key.clone(), base, Some(kept), &mut changes);
            }
            (Some(_) | None, _) => {
                self.conflicts.push(Conflict {
                    key,
                    base: base.map(Node::to_value),
                    ours: ours.map(Node::to_value),
                    theirs: theirs.map(Node::to_value),
                });
                return None;
            }
        }
        changes.retain(|change| change.after.is_some());
        if changes.is_empty() && ours.is_some() {
            self.taken.push(Taken {
                key,
                ours: ours.map(Node::to_value),
                theirs: None,
            });
        }
        for change in changes {
            let (ours, theirs) = if ours.is_some() {
                (change.after, None)
            } else {
                (None, change.after)
            };
            self.conflicts.push(Conflict {
                key: change.key,
                base: change.before,
                ours,
                theirs,
            });
        }
        None
    }
}

/// Whether the elements of an array of tables can be told apart by their index.
fn keeps_elements(base: &[Node], ours: &[Node], theirs: &[Node]) -> bool {
    let unmoved = |side: &[Node]| side.iter().zip(base).all(|(side, base)| side.same(base));
    match (ours.len() == base.len(), theirs.len() == base.len()) {
        (true, true) => true,
        (false, true) => unmoved(ours),
        (true, false) => unmoved(theirs),
        (false, false) => false,
    }
}

fn same(one: Option<&Node>, other: Option<&Node>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => one.same(other),
        (None, None) => true,
        (Some(_), None) | (None, Some(_)) => false,
    }
}

fn entries(node: &Node) -> impl Iterator<Item = &String> {
    let table = match &node.content {
        Content::Table(table) => Some(table),
        Content::Array(_) | Content::Scalar(_) => None,
    };
    table.into_iter().flat_map(|table| table.keys())
}

fn child<'n>(node: Option<&'n Node>, name: &str) -> Option<&'n Node> {
    match &node?.content {
        Content::Table(table) => table.get(name).map(|entry| &entry.node),
        Content::Array(_) | Content::Scalar(_) => None,
    }
}

/// A table that both sides emptied, each of another key, stays or goes as its text has it.
fn without_empty_tables(value: Value) -> Value {
    match value {
        Value::Table(table) => {
            let kept = table.into_iter().map(|(key, value)| (key, without_empty_tables(value)));
            Value::Table(
                kept.filter(|(_, value)| !value.as_table().is_some_and(Table::is_empty))
                    .collect(),
            )
        }
        Value::Array(items) => Value::Array(items.into_iter().map(without_empty_tables).collect()),
        scalar @ (Value::String(_) | Value::Integer(_) | Value::Float(_) | Value::Boolean(_) | Value::Datetime(_)) => {
            scalar
        }
    }
}

#[cfg(test)]
mod tests;
