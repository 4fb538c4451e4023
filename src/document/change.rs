//! What differs between two documents, key by key: content only, never spelling, comments or order.

use std::fmt;

use serde::Serialize;

use super::node::{Content, Entries, Node};
use super::{Document, KeyPath, Value};

/// What stands for a value that must not be shown. It says neither how long it is nor whether two are alike.
pub const MASK: &str = "‹secret›";

/// A value as a person reads it: its TOML literal, or the mask.
#[must_use]
pub fn shown(value: &Value) -> String {
    match value {
        Value::String(text) if text == MASK => MASK.to_owned(),
        Value::String(_)
        | Value::Integer(_)
        | Value::Float(_)
        | Value::Boolean(_)
        | Value::Datetime(_)
        | Value::Array(_)
        | Value::Table(_) => value.to_string(),
    }
}

/// A value longer than this many characters is cut where a person reads it among others.
const LONGEST: usize = 200;
/// So many characters of a long value are shown.
const BEGIN: usize = 60;

/// A value as a person reads it among others: as [`shown`], and of a long one the begin and how long it is.
#[must_use]
pub fn brief(value: &Value) -> String {
    let text = shown(value);
    if text.char_indices().nth(LONGEST).is_none() {
        return text;
    }
    let begin: String = text.chars().take(BEGIN).collect();
    let (count, unit) = match value {
        Value::String(text) => (text.chars().count(), "characters"),
        Value::Array(items) => (items.len(), "items"),
        Value::Table(entries) => (entries.len(), "keys"),
        Value::Integer(_) | Value::Float(_) | Value::Boolean(_) | Value::Datetime(_) => {
            (text.chars().count(), "characters")
        }
    };
    format!("{begin}… ({count} {unit})")
}

/// One key whose value differs between two documents. At least one of the two values is there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Change {
    /// The key.
    pub key: KeyPath,
    /// The value before; `null` in JSON where the key was not set.
    pub before: Option<Value>,
    /// The value after; `null` in JSON where the key is not set any more.
    pub after: Option<Value>,
}

/// `threshold 60 -> 55`, `zones[1].flow 2.5 added`, `mode "auto" removed`; of long values the begin.
impl fmt::Display for Change {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = &self.key;
        match (&self.before, &self.after) {
            (Some(before), Some(after)) => write!(formatter, "{key} {} -> {}", brief(before), brief(after)),
            (None, Some(after)) => write!(formatter, "{key} {} added", brief(after)),
            (Some(before), None) => write!(formatter, "{key} {} removed", brief(before)),
            (None, None) => write!(formatter, "{key} unchanged"),
        }
    }
}

/// The leaves that differ, in the order of the file; a removed key stands where it stood among its siblings.
///
/// Tables and arrays of tables are compared key by key and element by element, elements by their index. Any
/// other array is one leaf, and so is an empty table or array that comes or goes. Where a value becomes a
/// table or a table a value, that key is one change.
#[must_use]
pub fn changes(before: &Document, after: &Document) -> Vec<Change> {
    let mut found = Vec::new();
    compare(KeyPath::root(), Some(&before.root), Some(&after.root), &mut found);
    found
}

/// [`changes`] below one place.
pub(super) fn compare(key: KeyPath, before: Option<&Node>, after: Option<&Node>, found: &mut Vec<Change>) {
    let absent = Entries::default();
    match (before.map(View::of), after.map(View::of)) {
        (Some(View::Table(before)), Some(View::Table(after))) => compare_tables(&key, before, after, found),
        (Some(View::Table(before)), None) if !before.is_empty() => compare_tables(&key, before, &absent, found),
        (None, Some(View::Table(after))) if !after.is_empty() => compare_tables(&key, &absent, after, found),
        (Some(View::Elements(before)), Some(View::Elements(after))) => compare_elements(&key, before, after, found),
        (Some(View::Elements(before)), None) if !before.is_empty() => compare_elements(&key, before, &[], found),
        (None, Some(View::Elements(after))) if !after.is_empty() => compare_elements(&key, &[], after, found),
        (Some(View::Table(_) | View::Elements(_) | View::Leaf) | None, _) => {
            if !before.zip(after).is_some_and(|(before, after)| before.same(after)) {
                found.push(Change {
                    key,
                    before: before.map(Node::to_value),
                    after: after.map(Node::to_value),
                });
            }
        }
    }
}

/// What a comparison looks into, and what it takes whole.
enum View<'n> {
    Table(&'n Entries),
    Elements(&'n [Node]),
    Leaf,
}

impl<'n> View<'n> {
    fn of(node: &'n Node) -> Self {
        match &node.content {
            Content::Table(entries) => Self::Table(entries),
            Content::Array(_) | Content::Scalar(_) => node.tables().map_or(Self::Leaf, Self::Elements),
        }
    }
}

fn compare_tables(key: &KeyPath, before: &Entries, after: &Entries, found: &mut Vec<Change>) {
    let mut passed = 0;
    let removed_up_to = |passed: &mut usize, end: usize, found: &mut Vec<Change>| {
        while *passed < end {
            if let Some((name, entry)) = before.get_index(*passed)
                && !after.contains_key(name)
            {
                compare(key.key(name), Some(&entry.node), None, found);
            }
            *passed += 1;
        }
    };
    for (name, entry) in after {
        let old = before.get_full(name);
        if let Some((position, _, _)) = old {
            removed_up_to(&mut passed, position, found);
        }
        compare(
            key.key(name),
            old.map(|(_, _, old)| &old.node),
            Some(&entry.node),
            found,
        );
    }
    removed_up_to(&mut passed, before.len(), found);
}

/// By index; an identity key of the elements would pair them here.
fn compare_elements(key: &KeyPath, before: &[Node], after: &[Node], found: &mut Vec<Change>) {
    for index in 0..before.len().max(after.len()) {
        compare(key.index(index), before.get(index), after.get(index), found);
    }
}

#[cfg(test)]
mod tests {
    use super::{Document, changes};

    fn told(before: &str, after: &str) -> Vec<String> {
        let before = Document::parse(before).unwrap();
        let after = Document::parse(after).unwrap();
        changes(&before, &after).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn each_leaf_that_differs_is_told_in_the_order_of_the_file() {
        let before = "threshold = 60\nmode = 'auto'\nlast = 1\n[pump]\nspeed = 1\n";
        let after = "threshold = 55\nnew = [1, 2]\nlast = 1\n[pump]\nspeed = 1.0\nport = 7\n";
        assert_eq!(
            told(before, after),
            [
                "threshold 60 -> 55",
                "new [1, 2] added",
                "mode \"auto\" removed",
                "pump.speed 1 -> 1.0",
                "pump.port 7 added",
            ]
        );
    }

    #[test]
    fn spelling_comments_and_order_are_no_change() {
        assert!(told("a = 255\nb = 'x' # c\n", "b = \"x\"\na = 0xFF\n").is_empty());
        assert!(told("a.b = 1\n", "[a]\nb = 1\n").is_empty());
    }

    #[test]
    fn elements_of_arrays_of_tables_are_compared_one_by_one_and_other_arrays_whole() {
        let before = "ports = [1, 2]\n[[zones]]\nflow = 1\n";
        let after = "ports = [1, 3]\n[[zones]]\nflow = 2\n[[zones]]\nflow = 2.5\n[zones.sub]\n";
        assert_eq!(
            told(before, after),
            [
                "ports [1, 2] -> [1, 3]",
                "zones[0].flow 1 -> 2",
                "zones[1].flow 2.5 added",
                "zones[1].sub {} added",
            ]
        );
    }

    #[test]
    fn a_table_that_comes_or_goes_is_told_leaf_by_leaf_and_an_empty_one_by_itself() {
        assert_eq!(told("", "[a.b]\nc = 1\n[d]\n"), ["a.b.c 1 added", "d {} added"]);
        assert_eq!(
            told("a = {}\nb = []\n[c]\nx = 1\n", ""),
            ["a {} removed", "b [] removed", "c.x 1 removed"]
        );
    }

    #[test]
    fn a_value_that_becomes_a_table_is_one_change() {
        assert_eq!(told("a = 1\n", "a.b = 1\n"), ["a 1 -> { b = 1 }"]);
    }

    #[test]
    fn a_change_serializes_with_null_for_what_is_not_there() {
        let before = Document::parse("a = 1\n").unwrap();
        let after = Document::parse("").unwrap();
        assert_eq!(
            serde_json::to_string(&changes(&before, &after)).unwrap(),
            r#"[{"key":"a","before":1,"after":null}]"#
        );
    }
}
