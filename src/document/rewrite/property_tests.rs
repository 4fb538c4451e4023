//! Series of edits of generated documents, against a model that knows values and no text.

use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::super::layout::{Layout, Place};
use super::super::property_tests::{document, is_part_of, place, places, pruned, root_of, value};
use super::super::{Document, EditError, KeyPath, Segment, Value};
use super::carry::comments_in;
use super::{Rewrite, content};

#[derive(Clone, Copy, Debug, PartialEq)]
enum Verb {
    Set,
    Add,
    Unset,
    /// Another name in the same table.
    Rename,
    Move,
    Copy,
    Wrap,
    Unwrap,
}

/// One edit of whatever document stands there.
#[derive(Clone, Debug)]
struct Edit {
    verb: Verb,
    at: Index,
    to: Index,
    name: &'static str,
    value: Value,
}

fn edit() -> impl Strategy<Value = Edit> {
    let verbs = vec![
        Verb::Set,
        Verb::Add,
        Verb::Unset,
        Verb::Rename,
        Verb::Move,
        Verb::Copy,
        Verb::Wrap,
        Verb::Unwrap,
    ];
    let names = vec!["new", "n w", "a", "b", "c"];
    (select(verbs), any::<Index>(), any::<Index>(), select(names), value()).prop_map(|(verb, at, to, name, value)| {
        Edit {
            verb,
            at,
            to,
            name,
            value,
        }
    })
}

fn table_of(path: &KeyPath) -> KeyPath {
    path.split_last().map_or_else(KeyPath::root, |(table, _)| table)
}

/// The paths that an edit is about.
fn paths(edit: &Edit, places: &[KeyPath]) -> (KeyPath, KeyPath) {
    let at = edit.at.get(places).clone();
    match edit.verb {
        Verb::Set | Verb::Unset | Verb::Wrap | Verb::Unwrap => (at.clone(), at),
        Verb::Add => (at.key(edit.name), at),
        Verb::Rename => (at.clone(), table_of(&at).key(edit.name)),
        Verb::Move | Verb::Copy => {
            let table = edit.to.get(places);
            let deep = edit.name == "n w";
            let table = if deep { table.key("deep") } else { table.clone() };
            (at, table.key(edit.name))
        }
    }
}

fn done(rewrite: &mut Rewrite<'_>, edit: &Edit, path: &KeyPath, to: &KeyPath) -> Result<(), EditError> {
    match edit.verb {
        Verb::Set | Verb::Add => rewrite.set(path, &edit.value),
        Verb::Unset => rewrite.unset(path),
        Verb::Rename | Verb::Move => rewrite.rename(path, to),
        Verb::Copy => rewrite.copy(path, to),
        Verb::Wrap => rewrite.wrap(path),
        Verb::Unwrap => rewrite.unwrap_item(path),
    }
}

fn model(root: &mut Value, edit: &Edit, path: &KeyPath, to: &KeyPath) {
    match edit.verb {
        Verb::Set | Verb::Add => place(root, path.segments(), Some(&edit.value)),
        Verb::Unset => place(root, path.segments(), None),
        Verb::Wrap => {
            let value = content::get(root, path.segments()).unwrap().clone();
            place(root, path.segments(), Some(&Value::Array(vec![value])));
        }
        Verb::Unwrap => {
            let value = content::get(root, path.segments()).unwrap().as_array().unwrap()[0].clone();
            place(root, path.segments(), Some(&value));
        }
        Verb::Rename | Verb::Move | Verb::Copy => {
            let value = content::get(root, path.segments()).unwrap().clone();
            place(root, to.segments(), Some(&value));
            if edit.verb != Verb::Copy {
                place(root, path.segments(), None);
            }
        }
    }
}

fn comments(text: &str) -> Vec<String> {
    let mut found = comments_in(text);
    found.sort();
    found
}

/// Every comment of one text is in the other, as often.
fn has_comments_of(text: &str, other: &str) -> bool {
    let mut have = comments(text);
    comments(other).iter().all(|comment| {
        have.iter()
            .position(|one| one == comment)
            .map(|at| have.remove(at))
            .is_some()
    })
}

fn alone(document: &Document, edit: impl FnOnce(&mut Rewrite<'_>) -> Result<(), EditError>) -> Document {
    let mut rewrite = document.rewrite();
    edit(&mut rewrite).unwrap();
    rewrite.finish().unwrap()
}

fn is_entry(document: &Document, path: &KeyPath) -> bool {
    matches!(Layout::of(document.text()).find(path.segments()), Place::Entry { steps, .. } if steps == path.len())
}

/// Whether what stands at a path can be wrapped as it is spelled: in one piece, or below a header of its own.
fn keeps_its_spelling(document: &Document, path: &KeyPath) -> bool {
    let layout = Layout::of(document.text());
    match layout.find(path.segments()) {
        Place::Entry { section, entry, steps } => {
            let mut value = layout.sections[section].entries[entry].value.clone();
            value.at(&path.segments()[steps..]).is_some()
        }
        Place::Table => {
            let is_element = matches!(path.segments().last(), Some(Segment::Index(_)));
            let mut below = layout
                .sections
                .iter()
                .filter(|section| section.path.starts_with(path.segments()));
            let first = below.next().is_some_and(|first| first.path == path.segments());
            !is_element && first && layout.is_sections(path.segments())
        }
        Place::Elements(_) | Place::Nowhere => false,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, max_global_rejects: 100_000, ..ProptestConfig::default() })]

    #[test]
    fn a_series_gives_what_the_model_gives_and_the_bytes_of_its_edits_one_by_one(
        document in document(),
        edits in prop::collection::vec(edit(), 1..8),
    ) {
        let mut rewrite = document.rewrite();
        let mut expected = root_of(&document);
        let mut chained = document.clone();
        for edit in &edits {
            let (path, to) = paths(edit, &places(&chained));
            let before = rewrite.content().clone();
            let mut one = chained.rewrite();
            let outcome = done(&mut one, edit, &path, &to);
            prop_assert_eq!(&done(&mut rewrite, edit, &path, &to), &outcome);
            match outcome {
                Err(EditError::Bug { key, reason }) => prop_assert!(false, "{}: {}", key, reason),
                Err(_) => prop_assert_eq!(rewrite.content(), &before),
                Ok(()) => {
                    model(&mut expected, edit, &path, &to);
                    let after = one.finish().unwrap_or_else(|error| panic!("{error}\n{edit:?} {path} {to}\n{}", chained.text()));
                    if matches!(edit.verb, Verb::Set | Verb::Add) {
                        let set = chained.set(&path, &edit.value).unwrap();
                        prop_assert_eq!(after.text(), set.text());
                    }
                    if matches!(edit.verb, Verb::Rename | Verb::Move | Verb::Wrap | Verb::Unwrap) {
                        prop_assert_eq!(comments(after.text()), comments(chained.text()), "{} {}\n{}\n{}", path, to, chained.text(), after.text());
                    }
                    if edit.verb == Verb::Copy {
                        prop_assert!(has_comments_of(after.text(), chained.text()));
                    }
                    prop_assert_eq!(rewrite.layout.to_text(), after.text(), "{} {}\n{}", path, to, chained.text());
                    chained = after;
                }
            }
            prop_assert_eq!(pruned(Value::Table(rewrite.content().clone())), pruned(expected.clone()));
        }
        let finished = rewrite.finish().unwrap();
        prop_assert_eq!(finished.text(), chained.text());
    }

    #[test]
    fn a_chain_of_sets_makes_the_bytes_of_single_sets(
        document in document(),
        edits in prop::collection::vec((any::<Index>(), value(), any::<bool>()), 1..12),
    ) {
        let mut rewrite = document.rewrite();
        let mut chained = document.clone();
        for (at, value, new) in &edits {
            let places = places(&chained);
            let path = if *new { at.get(&places).key("new") } else { at.get(&places).clone() };
            let outcome = chained.set(&path, value);
            prop_assert_eq!(rewrite.set(&path, value).err(), outcome.as_ref().err().cloned());
            chained = outcome.unwrap_or(chained);
        }
        let finished = rewrite.finish().unwrap();
        prop_assert_eq!(finished.text(), chained.text());
    }

    #[test]
    fn a_rename_in_a_table_and_back_gives_the_bytes_back(
        document in document(), at: Index, name in select(vec!["new", "n w", "it's"]), twice: bool,
    ) {
        let keys: Vec<KeyPath> = places(&document)
            .into_iter()
            .filter(|path| matches!(path.segments().last(), Some(Segment::Key(_))))
            .collect();
        prop_assume!(!keys.is_empty());
        let from = at.get(&keys);
        let to = table_of(from).key(name);
        let there = alone(&document, |rewrite| rewrite.rename(from, &to));
        prop_assert_eq!(there.get(&to), document.get(from));
        prop_assert_eq!(there.text().lines().count(), document.text().lines().count());
        let back = if twice {
            alone(&there, |rewrite| rewrite.rename(&to, from))
        } else {
            alone(&document, |rewrite| rewrite.rename(from, &to).and_then(|()| rewrite.rename(&to, from)))
        };
        prop_assert_eq!(back.text(), document.text());
    }

    #[test]
    fn a_value_in_an_array_and_out_of_it_again_gives_the_bytes_back(document in document(), at: Index, twice: bool) {
        let path = at.get(&places(&document)).clone();
        prop_assume!(!path.is_empty() && keeps_its_spelling(&document, &path));
        let there = alone(&document, |rewrite| rewrite.wrap(&path));
        prop_assert_eq!(there.get(&path), Some(Value::Array(vec![document.get(&path).unwrap()])));
        prop_assert_eq!(there.text().lines().count(), document.text().lines().count());
        let back = if twice {
            alone(&there, |rewrite| rewrite.unwrap_item(&path))
        } else {
            alone(&document, |rewrite| rewrite.wrap(&path).and_then(|()| rewrite.unwrap_item(&path)))
        };
        prop_assert_eq!(back.text(), document.text());
    }

    #[test]
    fn what_moves_between_tables_as_an_entry_leaves_every_other_line(
        document in document(), at: Index, to: Index,
    ) {
        let (entries, others): (Vec<KeyPath>, Vec<KeyPath>) =
            places(&document).into_iter().partition(|path| is_entry(&document, path));
        let holders: Vec<KeyPath> = entries
            .iter()
            .chain(&others)
            .filter(|path| document.get(path).unwrap().as_table().is_some())
            .cloned()
            .collect();
        prop_assume!(!entries.is_empty());
        let from = at.get(&entries);
        let to = to.get(&holders).key("moved");
        prop_assume!(table_of(from) != table_of(&to) && !to.starts_with(from));
        let mut rewrite = document.rewrite();
        rewrite.rename(from, &to).unwrap();
        let moved = rewrite.finish().unwrap();
        let without = alone(&document, |rewrite| rewrite.unset(from));
        if is_entry(&moved, &to) {
            prop_assert!(is_part_of(without.text(), moved.text()), "{}\n{}", without.text(), moved.text());
        }
    }
}
