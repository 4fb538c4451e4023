//! What the formats have in common that nest: a tree of what stands where, and the settings in it.

use std::collections::HashMap;

use super::{DEEPEST, Found, Given, Place, Unholdable, Wrong};
use crate::document::KeyPath;

/// Something in a text, and where it begins; both from 1.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub line: usize,
    pub column: usize,
    pub content: Content,
}

#[derive(Clone, Debug)]
pub(super) enum Content {
    Table(Vec<Entry>),
    Array(Vec<Node>),
    Leaf(Given),
}

/// A key of a table, where that stands, and its value.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub name: String,
    pub line: usize,
    pub column: usize,
    pub node: Node,
}

/// A null has no place in an array: the items behind it would move.
pub(super) const NULL_ITEM: Unholdable = Unholdable {
    found: "null in an array",
    allowed: "an item is left out, or has a value",
};

impl Node {
    /// The settings in a tree, in its order.
    pub(super) fn settings(self) -> Result<Vec<Found>, Wrong> {
        let mut found = Vec::new();
        self.gather(&KeyPath::root(), &mut found)?;
        Ok(found)
    }

    /// How many nodes there are, with this one.
    pub(super) fn size(&self) -> usize {
        1 + match &self.content {
            Content::Table(entries) => entries.iter().map(|entry| entry.node.size()).sum(),
            Content::Array(items) => items.iter().map(Self::size).sum(),
            Content::Leaf(_) => 0,
        }
    }

    fn gather(self, path: &KeyPath, found: &mut Vec<Found>) -> Result<(), Wrong> {
        let (line, column) = (self.line, self.column);
        if path.len() > DEEPEST {
            let message = format!("this is more than {DEEPEST} levels deep");
            return Err(Wrong::new(line, column, message));
        }
        let has_tables = self.holds_tables();
        let given = match self.content {
            Content::Table(entries) if !entries.is_empty() || path.is_empty() => {
                let mut seen: HashMap<&str, usize> = HashMap::with_capacity(entries.len());
                for entry in &entries {
                    if let Some(first) = seen.insert(&entry.name, entry.line) {
                        let key = path.key(entry.name.as_str());
                        return Err(Wrong::twice(entry.line, entry.column, &key, first));
                    }
                }
                return entries.into_iter().try_for_each(|entry| {
                    let mut node = entry.node;
                    if matches!(node.content, Content::Leaf(_)) && node.line != entry.line {
                        // A text of several lines, or nothing at all: it is looked for by its key.
                        (node.line, node.column) = (entry.line, entry.column);
                    }
                    node.gather(&path.key(entry.name), found)
                });
            }
            Content::Array(items) if has_tables => {
                let mut items = items.into_iter().enumerate();
                return items.try_for_each(|(index, mut item)| {
                    if matches!(item.content, Content::Leaf(Given::Null)) {
                        item.content = Content::Leaf(Given::Unholdable(NULL_ITEM));
                    }
                    item.gather(&path.index(index), found)
                });
            }
            content @ (Content::Table(_) | Content::Array(_) | Content::Leaf(_)) => Self::given(content),
        };
        found.push(Found {
            key: path.clone(),
            given,
            place: Place::Line { line, column },
        });
        Ok(())
    }

    /// Whether an array holds a table, at any depth.
    fn holds_tables(&self) -> bool {
        match &self.content {
            Content::Array(items) => items
                .iter()
                .any(|item| matches!(item.content, Content::Table(_)) || item.holds_tables()),
            Content::Table(_) | Content::Leaf(_) => false,
        }
    }

    fn given(content: Content) -> Given {
        match content {
            Content::Leaf(given) => given,
            Content::Table(_) => Given::EmptyTable,
            Content::Array(items) => {
                let mut items: Vec<Given> = items.into_iter().map(|item| Self::given(item.content)).collect();
                for item in items.iter_mut().filter(|item| **item == Given::Null) {
                    *item = Given::Unholdable(NULL_ITEM);
                }
                Given::Array(items)
            }
        }
    }
}
