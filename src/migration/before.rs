//! The settings as they were before a step, as far as the condition on the step asks: what the way back evaluates it
//! on. Plain values; the text is not asked.

use super::pattern::Match;
use super::step::When;
use crate::document::{KeyPath, Segment, Table, Value};

impl When {
    /// Whether it holds for what the wildcards of its step stand for, `get` being what stands at a key.
    pub(super) fn holds<'v>(&self, found: &Match, get: impl FnOnce(&KeyPath) -> Option<&'v Value>) -> bool {
        let Some(key) = self.key.bind(&found.bound) else {
            return false;
        };
        let value = get(&key);
        let is = |wanted: &Value| value == Some(wanted);
        self.set.is_none_or(|wanted| value.is_some() == wanted)
            && self.is.as_ref().is_none_or(is)
            && self.is_not.as_ref().is_none_or(|unwanted| !is(unwanted))
            && self
                .matches
                .as_ref()
                .is_none_or(|matches| value.is_some_and(|value| matches.holds(&value.bare())))
    }
}

/// The value at a path.
pub(super) fn get<'v>(root: &'v Value, path: &[Segment]) -> Option<&'v Value> {
    path.iter().try_fold(root, |value, segment| match (segment, value) {
        (Segment::Key(key), Value::Table(table)) => table.get(key),
        (Segment::Index(index), Value::Array(items)) => items.get(*index),
        (Segment::Key(_) | Segment::Index(_), _) => None,
    })
}

/// Gives a path a value, or none; a table that is left empty goes too, as it came for what stood in it.
pub(super) fn put(value: &mut Value, path: &[Segment], new: Option<&Value>) {
    match (path, value) {
        ([], value) => {
            if let Some(new) = new {
                value.clone_from(new);
            }
        }
        ([Segment::Key(key), rest @ ..], Value::Table(table)) => {
            if rest.is_empty() && new.is_none() {
                table.shift_remove(key);
                return;
            }
            if !table.contains_key(key) && new.is_none() {
                return;
            }
            let inner = table
                .entry(key.clone())
                .or_insert_with(|| Value::Table(Table::default()));
            put(inner, rest, new);
            if new.is_none() && inner.as_table().is_some_and(Table::is_empty) {
                table.shift_remove(key);
            }
        }
        ([Segment::Index(index), rest @ ..], Value::Array(items)) => {
            if rest.is_empty() && new.is_none() {
                if *index < items.len() {
                    items.remove(*index);
                }
            } else if let Some(item) = items.get_mut(*index) {
                put(item, rest, new);
            }
        }
        ([Segment::Key(_) | Segment::Index(_), ..], _) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::{get, put};
    use crate::document::{KeyPath, Value};

    fn after(text: &str, key: &str, new: Option<&str>) -> Value {
        let mut value = Value::parse_literal(text).unwrap();
        let key: KeyPath = key.parse().unwrap();
        let new = new.map(|new| Value::parse_literal(new).unwrap());
        put(&mut value, key.segments(), new.as_ref());
        assert_eq!(get(&value, key.segments()), new.as_ref());
        value
    }

    #[test]
    fn values_come_and_go_and_take_tables_that_hold_nothing_else_with_them() {
        let value = |text: &str| Value::parse_literal(text).unwrap();
        assert_eq!(after("{ a = { b = 1 } }", "a.b", None), value("{}"));
        assert_eq!(
            after("{ a = { b = 1, c = 2 } }", "a.b", None),
            value("{ a = { c = 2 } }")
        );
        assert_eq!(after("{}", "a.b", Some("1")), value("{ a = { b = 1 } }"));
        assert_eq!(
            after("{ l = [{ x = 1 }] }", "l[0].x", Some("2")),
            value("{ l = [{ x = 2 }] }")
        );
        assert_eq!(after("{ a = 1 }", "b.c", None), value("{ a = 1 }"));
    }
}
