//! Edits of generated documents, against a model that knows values and no text.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::layout::{Layout, Place};
use super::{Document, EditError, KeyPath, MergeError, Segment, Table, Value, changes, literal, merge};

/// How one value of a generated document is written.
#[derive(Clone, Debug)]
enum Shape {
    Scalar(&'static str),
    Array(Vec<Shape>, bool),
    Inline(Keys),
    Dotted(Keys),
    Section(Keys),
    Elements(Vec<Keys>),
}

type Keys = BTreeMap<&'static str, (Shape, Noise)>;

/// Comments and spacing around one entry.
#[derive(Clone, Debug)]
struct Noise {
    above: &'static str,
    equals: &'static str,
    beside: &'static str,
}

fn scalar() -> impl Strategy<Value = &'static str> {
    select(vec![
        "1",
        "0xFF",
        "1_000",
        "+7",
        "2.5",
        "1e3",
        "true",
        "'lit'",
        "\"a # b\"",
        "\"\"",
        "1979-05-27",
        "'''\nm\nl'''",
    ])
}

fn name() -> impl Strategy<Value = &'static str> {
    select(vec!["a", "b", "c", "d", "e f", "g.h", "0", "é"])
}

fn noise() -> impl Strategy<Value = Noise> {
    (
        select(vec!["", "", "\n", "# c\n", "\n# c\n# d\n", "  # indented\n"]),
        select(vec![" = ", "=", "\t = "]),
        select(vec!["", "", " # beside", "\t"]),
    )
        .prop_map(|(above, equals, beside)| Noise { above, equals, beside })
}

fn keys_of(shape: impl Strategy<Value = Shape> + 'static, most: usize) -> BoxedStrategy<Keys> {
    prop::collection::btree_map(name(), (shape, noise()), 0..most).boxed()
}

fn inline() -> impl Strategy<Value = Shape> + Clone {
    scalar()
        .prop_map(Shape::Scalar)
        .boxed()
        .prop_recursive(2, 8, 3, |inner| {
            prop_oneof![
                (prop::collection::vec(inner.clone(), 0..4), any::<bool>())
                    .prop_map(|(items, lines)| Shape::Array(items, lines)),
                keys_of(inner, 3).prop_map(Shape::Inline),
            ]
        })
}

fn root() -> impl Strategy<Value = Keys> {
    let entry = prop_oneof![
        3 => inline(),
        1 => keys_of(inline(), 3).prop_filter("a dotted table has keys", |keys| !keys.is_empty()).prop_map(Shape::Dotted),
    ]
    .boxed();
    let table = entry.clone().prop_recursive(3, 24, 4, move |inner| {
        prop_oneof![
            2 => entry.clone(),
            2 => keys_of(inner.clone(), 4).prop_map(Shape::Section),
            1 => prop::collection::vec(keys_of(inner, 4), 1..4).prop_map(Shape::Elements),
        ]
    });
    keys_of(table, 6)
}

fn write_inline(shape: &Shape, text: &mut String) {
    match shape {
        Shape::Scalar(literal) => text.push_str(literal),
        Shape::Array(items, lines) => {
            text.push('[');
            for (position, item) in items.iter().enumerate() {
                text.push_str(match (lines, position) {
                    (true, 1) => "\n  # about it\n  ",
                    (true, _) => "\n  ",
                    (false, 0) => "",
                    (false, _) => " ",
                });
                write_inline(item, text);
                if *lines || position + 1 < items.len() {
                    text.push(',');
                }
                if *lines {
                    text.push_str(" # item");
                }
            }
            text.push_str(if *lines { "\n]" } else { "]" });
        }
        Shape::Inline(keys) | Shape::Dotted(keys) | Shape::Section(keys) => {
            text.push('{');
            for (position, (name, (shape, _))) in keys.iter().enumerate() {
                write!(
                    text,
                    "{}{} = ",
                    if position == 0 { " " } else { ", " },
                    literal::key(name)
                )
                .unwrap();
                write_inline(shape, text);
            }
            text.push_str(if keys.is_empty() { "}" } else { " }" });
        }
        Shape::Elements(_) => unreachable!("sections do not stand inline"),
    }
}

fn write_entry(prefix: &str, name: &str, shape: &Shape, noise: &Noise, text: &mut String) {
    let key = format!("{prefix}{}", literal::key(name));
    if let Shape::Dotted(keys) = shape {
        for (name, (shape, noise)) in keys {
            write_entry(&format!("{key}."), name, shape, noise, text);
        }
        return;
    }
    write!(text, "{}{key}{}", noise.above, noise.equals).unwrap();
    write_inline(shape, text);
    writeln!(text, "{}", noise.beside).unwrap();
}

fn write_table(path: &str, keys: &Keys, text: &mut String) {
    for (name, (shape, noise)) in keys {
        if !matches!(shape, Shape::Section(_) | Shape::Elements(_)) {
            write_entry("", name, shape, noise, text);
        }
    }
    for (name, (shape, noise)) in keys {
        let path = if path.is_empty() {
            literal::key(name)
        } else {
            format!("{path}.{}", literal::key(name))
        };
        match shape {
            Shape::Section(keys) => {
                // Some tables have no header of their own, where that is possible.
                let is_implicit = noise.equals == "="
                    && keys.values().any(|(shape, _)| matches!(shape, Shape::Section(_)))
                    && keys.values().all(|(shape, _)| matches!(shape, Shape::Section(_)));
                if !is_implicit {
                    writeln!(text, "{}[{path}]{}", noise.above, noise.beside).unwrap();
                }
                write_table(&path, keys, text);
            }
            Shape::Elements(elements) => {
                for keys in elements {
                    writeln!(text, "{}[[{path}]]{}", noise.above, noise.beside).unwrap();
                    write_table(&path, keys, text);
                }
            }
            Shape::Scalar(_) | Shape::Array(..) | Shape::Inline(_) | Shape::Dotted(_) => {}
        }
    }
}

pub(super) fn document() -> impl Strategy<Value = Document> {
    let ends = select(vec!["", "\n", "# end\n", "\n# end"]);
    (root(), ends, any::<bool>(), any::<bool>(), any::<bool>()).prop_map(|(keys, end, crlf, mark, open)| {
        let mut text = if mark { "\u{feff}".to_owned() } else { String::new() };
        write_table("", &keys, &mut text);
        text.push_str(end);
        if open && text.ends_with('\n') {
            text.pop();
        }
        if crlf {
            text = text.replace('\n', "\r\n");
        }
        Document::parse(text.clone()).unwrap_or_else(|errors| panic!("{errors:?}\n{text}"))
    })
}

pub(super) fn value() -> impl Strategy<Value = Value> {
    let literals = [
        "5",
        "0x10",
        "-2.5",
        "'text'",
        "true",
        "[]",
        "[1, 2]",
        "{}",
        "{ a = 1, b = { c = 'x' } }",
        "[{ a = 1 }, { b = 2 }]",
    ];
    select(literals.map(|literal| Value::parse_literal(literal).unwrap()).to_vec())
}

/// Every place of a document, the root first.
pub(super) fn places(document: &Document) -> Vec<KeyPath> {
    fn walk(path: &KeyPath, value: &Value, found: &mut Vec<KeyPath>) {
        found.push(path.clone());
        if let Value::Table(table) = value {
            table.iter().for_each(|(key, inner)| walk(&path.key(key), inner, found));
        } else if let Value::Array(items) = value {
            items
                .iter()
                .enumerate()
                .for_each(|(index, inner)| walk(&path.index(index), inner, found));
        }
    }
    let mut found = Vec::new();
    walk(&KeyPath::root(), &document.get(&KeyPath::root()).unwrap(), &mut found);
    found
}

pub(super) fn place(value: &mut Value, path: &[Segment], new: Option<&Value>) {
    match (path, value) {
        ([], value) => *value = new.unwrap().clone(),
        ([Segment::Key(key)], Value::Table(table)) if new.is_none() => {
            table.shift_remove(key);
        }
        ([Segment::Index(index)], Value::Array(items)) if new.is_none() => {
            items.remove(*index);
        }
        ([Segment::Key(key), rest @ ..], Value::Table(table)) => {
            let inner = table
                .entry(key.clone())
                .or_insert_with(|| Value::Table(Table::default()));
            place(inner, rest, new);
        }
        ([Segment::Index(index), rest @ ..], Value::Array(items)) => place(&mut items[*index], rest, new),
        (path, value) => panic!("{path:?} in {value}"),
    }
}

fn modelled(document: &Document, path: &KeyPath, new: Option<&Value>) -> Value {
    let mut model = document.get(&KeyPath::root()).unwrap();
    place(&mut model, path.segments(), new);
    model
}

pub(super) fn pruned(value: Value) -> Value {
    match value {
        Value::Table(table) => {
            let kept = table.into_iter().map(|(key, value)| (key, pruned(value)));
            Value::Table(
                kept.filter(|(_, value)| *value != Value::Table(Table::default()))
                    .collect(),
            )
        }
        Value::Array(items) => Value::Array(items.into_iter().map(pruned).collect()),
        scalar @ (Value::String(_) | Value::Integer(_) | Value::Float(_) | Value::Boolean(_) | Value::Datetime(_)) => {
            scalar
        }
    }
}

pub(super) fn root_of(document: &Document) -> Value {
    document.get(&KeyPath::root()).unwrap()
}

fn unmarked(text: &str) -> &str {
    text.strip_prefix('\u{feff}').unwrap_or(text)
}

/// Every line of `part` stands in `whole`, in that order.
pub(super) fn is_part_of(part: &str, whole: &str) -> bool {
    let mut lines = unmarked(whole).lines();
    unmarked(part).lines().all(|line| lines.any(|other| other == line))
}

/// Asserts that an edit left everything alone that it was not about.
fn check_others(before: &Document, after: &Document, path: &KeyPath) -> Result<(), TestCaseError> {
    let layout = Layout::of(before.text());
    match layout.find(path.segments()) {
        Place::Entry { steps, .. } if before.contains(path) || steps < path.len() => {
            let entry = KeyPath::from(path.segments()[..steps].to_vec());
            let span = before.locate(&entry).unwrap().value;
            if after.contains(&entry) {
                prop_assert!(after.text().starts_with(&before.text()[..span.start]));
                prop_assert!(after.text().ends_with(&before.text()[span.end..]));
            } else {
                prop_assert!(is_part_of(after.text(), before.text()));
            }
        }
        Place::Nowhere => prop_assert!(is_part_of(before.text(), after.text())),
        Place::Entry { .. } | Place::Table | Place::Elements(_) => {}
    }
    let final_line_end = |document: &Document| unmarked(document.text()).is_empty() || document.text().ends_with('\n');
    prop_assert_eq!(
        before.text().starts_with('\u{feff}'),
        after.text().starts_with('\u{feff}')
    );
    prop_assert!(final_line_end(after) || !final_line_end(before));
    let is_crlf = before.text().lines().count() > 1 && before.text().contains("\r\n");
    prop_assert!(
        !is_crlf || !after.text().replace("\r\n", "").contains('\n'),
        "{:?}",
        after.text()
    );
    Ok(())
}

/// One random edit; what cannot be done there is left.
fn edited(document: &Document, at: Index, value: &Value, kind: u8) -> Document {
    let places = places(document);
    let path = at.get(&places);
    let outcome = match kind % 4 {
        0 => document.set(path, value),
        1 => document.unset(path),
        2 => document.append(path, value),
        _ => document.set(&path.key("new"), value),
    };
    match outcome {
        Ok(edited) => edited,
        Err(EditError::Bug { key, reason }) => panic!("{key}: {reason}\n{}", document.text()),
        Err(_) => document.clone(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, max_global_rejects: 100_000, ..ProptestConfig::default() })]

    #[test]
    fn a_layout_makes_the_text_again(document in document()) {
        prop_assert_eq!(Layout::of(document.text()).to_text(), document.text());
    }

    #[test]
    fn setting_anything_gives_what_the_model_gives(document in document(), at: Index, value in value()) {
        let places = places(&document);
        let path = at.get(&places);
        prop_assume!(!path.is_empty() || value.as_table().is_some());
        let edited = document.set(path, &value).unwrap();
        prop_assert_eq!(root_of(&edited), modelled(&document, path, Some(&value)));
        check_others(&document, &edited, path)?;
        let back = edited.transplant(&document, path).unwrap();
        prop_assert_eq!(root_of(&back), root_of(&document));
    }

    #[test]
    fn a_new_key_gives_what_the_model_gives(document in document(), at: Index, deep: bool, value in value()) {
        let tables: Vec<KeyPath> =
            places(&document).into_iter().filter(|path| document.get(path).unwrap().as_table().is_some()).collect();
        let table = at.get(&tables);
        let path = if deep { table.key("new").key("er") } else { table.key("new") };
        let edited = document.set(&path, &value).unwrap();
        prop_assert_eq!(root_of(&edited), modelled(&document, &path, Some(&value)));
        check_others(&document, &edited, &path)?;
        let without = edited.unset(&path).unwrap();
        prop_assert_eq!(pruned(root_of(&without)), pruned(root_of(&document)));
    }

    #[test]
    fn taking_anything_out_gives_what_the_model_gives(document in document(), at: Index) {
        let places = places(&document);
        let path = at.get(&places);
        prop_assume!(!path.is_empty());
        let edited = document.unset(path).unwrap();
        prop_assert_eq!(pruned(root_of(&edited)), pruned(modelled(&document, path, None)));
        check_others(&document, &edited, path)?;
        if !matches!(path.segments().last(), Some(Segment::Index(_))) {
            let back = edited.transplant(&document, path).unwrap();
            prop_assert_eq!(root_of(&back), root_of(&document));
        }
    }

    #[test]
    fn appending_gives_what_the_model_gives(document in document(), at: Index, value in value()) {
        let arrays: Vec<KeyPath> =
            places(&document).into_iter().filter(|path| document.get(path).unwrap().as_array().is_some()).collect();
        prop_assume!(!arrays.is_empty());
        let path = at.get(&arrays);
        let mut items = document.get(path).unwrap().as_array().unwrap().to_vec();
        items.push(value.clone());
        let edited = document.append(path, &value).unwrap();
        prop_assert_eq!(root_of(&edited), modelled(&document, path, Some(&Value::Array(items.clone()))));
        let back = edited.unset(&path.index(items.len() - 1)).unwrap();
        prop_assert_eq!(root_of(&back), root_of(&document));
    }

    #[test]
    fn anything_of_another_document_can_be_taken_over(here in document(), from in document(), at: Index) {
        let places = places(&from);
        let path = at.get(&places);
        match here.transplant(&from, path) {
            Ok(edited) => {
                prop_assert_eq!(edited.get(path), from.get(path));
                let again = edited.transplant(&from, path).unwrap();
                prop_assert_eq!(again.text(), edited.text());
            }
            Err(EditError::Bug { key, reason }) => prop_assert!(false, "{}: {}", key, reason),
            Err(_) => {}
        }
    }

    #[test]
    fn a_merge_holds_both_sets_of_changes_and_does_not_depend_on_the_side(
        base in document(),
        edits in prop::collection::vec((any::<Index>(), value(), any::<u8>(), any::<bool>()), 1..6),
    ) {
        let (mut ours, mut theirs) = (base.clone(), base.clone());
        for (at, value, kind, is_ours) in &edits {
            let side = if *is_ours { &mut ours } else { &mut theirs };
            *side = edited(side, *at, value, *kind);
        }
        match (merge(&base, &ours, &theirs), merge(&base, &theirs, &ours)) {
            (Ok(one), Ok(other)) => {
                prop_assert_eq!(pruned(root_of(&one)), pruned(root_of(&other)));
                let told = |after: &Document| -> Vec<String> {
                    let some = |value: &Option<Value>| value.as_ref().is_some_and(|value| *value != Value::Table(Table::default()));
                    let told = changes(&base, after).into_iter().filter(|change| some(&change.before) || some(&change.after));
                    told.map(|change| change.to_string()).collect()
                };
                let mut both = told(&ours);
                both.extend(told(&theirs));
                both.sort();
                both.dedup();
                let mut merged = told(&one);
                merged.sort();
                prop_assert_eq!(merged, both);
            }
            (Err(MergeError::Conflicts(one)), Err(MergeError::Conflicts(other))) => {
                let keys = |conflicts: Vec<super::Conflict>| {
                    let mut keys: Vec<KeyPath> = conflicts.into_iter().map(|conflict| conflict.key).collect();
                    keys.sort();
                    keys
                };
                prop_assert_eq!(keys(one), keys(other));
            }
            (one, other) => prop_assert!(false, "{:?}\n{:?}", one.map(|one| one.text), other.map(|other| other.text)),
        }
    }
}
