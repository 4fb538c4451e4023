//! The content of a document as a plain value: what each edit makes of it, knowing nothing of the text.

use super::super::edit::{Step, Steps};
use super::super::node::{Content, Node};
use super::super::splice::{Done, Unexpected, common_ends};
use super::super::{KeyPath, Segment, Table, Value};

impl Steps for Value {
    fn step(&self, segment: &Segment) -> Step<'_, Self> {
        match (segment, self) {
            (Segment::Key(key), Self::Table(table)) => table.get(key).map_or(Step::Nowhere(0), Step::To),
            (Segment::Index(index), Self::Array(items)) => {
                items.get(*index).map_or(Step::Nowhere(items.len()), Step::To)
            }
            (Segment::Key(_) | Segment::Index(_), value) => Step::Blocked(value.kind()),
        }
    }
}

pub(super) fn get<'v>(root: &'v Value, path: &[Segment]) -> Option<&'v Value> {
    path.iter().try_fold(root, |value, segment| match value.step(segment) {
        Step::To(next) => Some(next),
        Step::Nowhere(_) | Step::Blocked(_) => None,
    })
}

/// Gives a path a value; tables that lack are made.
pub(super) fn place(root: &mut Value, path: &[Segment], new: Value) -> Done {
    let mut value = root;
    for segment in path {
        value = match (segment, value) {
            (Segment::Key(key), Value::Table(table)) => table
                .entry(key.clone())
                .or_insert_with(|| Value::Table(Table::default())),
            (Segment::Index(index), Value::Array(items)) => items.get_mut(*index).ok_or(ASTRAY)?,
            (Segment::Key(_) | Segment::Index(_), _) => return Err(ASTRAY),
        };
    }
    become_value(value, new);
    Ok(())
}

/// Makes a value another one in the order that the text gets: what was there stays where it is.
fn become_value(old: &mut Value, new: Value) {
    match (old, new) {
        (Value::Table(old), Value::Table(mut new)) => {
            old.retain(|key, _| new.contains_key(key));
            for (key, old) in old.iter_mut() {
                if let Some(new) = new.shift_remove(key) {
                    become_value(old, new);
                }
            }
            old.extend(new);
        }
        (Value::Array(old), Value::Array(new)) => {
            let (prefix, suffix) = common_ends(old, &new);
            let (old_end, new_end) = (old.len() - suffix, new.len() - suffix);
            let pairs = old_end.min(new_end);
            let mut new = new.into_iter().take(new_end).skip(prefix);
            for (old, new) in old[prefix..pairs].iter_mut().zip(new.by_ref()) {
                become_value(old, new);
            }
            old.splice(pairs..old_end, new);
        }
        (old, new) => *old = new,
    }
}

pub(super) fn remove(root: &mut Value, path: &[Segment]) -> Done {
    let (last, holder) = path.split_last().ok_or(ASTRAY)?;
    match (last, at(root, holder).ok_or(ASTRAY)?) {
        (Segment::Key(key), Value::Table(table)) => {
            table.shift_remove(key).ok_or(ASTRAY)?;
        }
        (Segment::Index(index), Value::Array(items)) if *index < items.len() => {
            items.remove(*index);
        }
        (Segment::Key(_) | Segment::Index(_), _) => return Err(ASTRAY),
    }
    Ok(())
}

/// Gives a key another name, in its place among the others.
pub(super) fn rename(root: &mut Value, path: &[Segment], name: &str) -> Done {
    let (last, holder) = path.split_last().ok_or(ASTRAY)?;
    let (Segment::Key(key), Some(Value::Table(table))) = (last, at(root, holder)) else {
        return Err(ASTRAY);
    };
    let index = table.get_index_of(key).ok_or(ASTRAY)?;
    table
        .replace_index(index, name.to_owned())
        .map(|_| ())
        .map_err(|_| ASTRAY)
}

/// The first place at which a document does not say what it should.
pub(super) fn difference(expected: &Value, found: &Node) -> Option<KeyPath> {
    fn walk(expected: &Value, found: &Node, walked: &mut Vec<Segment>) -> bool {
        let mut inside = |segment: Segment, expected: &Value, found: &Node| {
            walked.push(segment);
            let differs = walk(expected, found, walked);
            if !differs {
                walked.pop();
            }
            differs
        };
        match (expected, &found.content) {
            (Value::Table(table), Content::Table(entries)) => {
                table.iter().any(|(key, value)| {
                    let entry = entries.get(key);
                    entry.is_none_or(|entry| inside(Segment::Key(key.clone()), value, &entry.node))
                }) || table.len() != entries.len()
            }
            (Value::Array(values), Content::Array(items)) => {
                let mut pairs = values.iter().zip(items).enumerate();
                values.len() != items.len()
                    || pairs.any(|(index, (value, item))| inside(Segment::Index(index), value, item))
            }
            (value, Content::Scalar(scalar)) => value != scalar,
            (_, Content::Table(_) | Content::Array(_)) => true,
        }
    }
    let mut walked = Vec::new();
    walk(expected, found, &mut walked).then(|| KeyPath::from(walked))
}

const ASTRAY: Unexpected = Unexpected("the content does not hold what the text holds");

fn at<'v>(root: &'v mut Value, path: &[Segment]) -> Option<&'v mut Value> {
    path.iter().try_fold(root, |value, segment| match (segment, value) {
        (Segment::Key(key), Value::Table(table)) => table.get_mut(key),
        (Segment::Index(index), Value::Array(items)) => items.get_mut(*index),
        (Segment::Key(_) | Segment::Index(_), _) => None,
    })
}
