//! Every key of every valid file of the TOML test suite, renamed, moved and copied.

use super::super::corpus_tests::{documents, keys};
use super::super::{Document, EditError, KeyPath, Segment};
use super::Rewrite;
use super::carry::comments_in;

fn edited(told: &str, document: &Document, edit: impl FnOnce(&mut Rewrite<'_>) -> Result<(), EditError>) -> Document {
    let mut rewrite = document.rewrite();
    edit(&mut rewrite)
        .and_then(|()| rewrite.finish())
        .unwrap_or_else(|error| panic!("{told}: {error}\n{}", document.text()))
}

fn comments(document: &Document) -> Vec<String> {
    let mut comments = comments_in(document.text());
    comments.sort();
    comments
}

/// A key that no file has, beside another.
fn beside(key: &KeyPath, name: &str) -> Option<KeyPath> {
    match key.split_last() {
        Some((table, Segment::Key(_))) => Some(table.key(name)),
        Some((_, Segment::Index(_))) | None => None,
    }
}

#[test]
fn renaming_any_key_and_undoing_it_gives_the_bytes_back() {
    let mut renamed = 0;
    for (name, document) in documents() {
        for (key, value) in keys(&document) {
            for other in ["renamed_by_the_test", "renamed by the test", "\"'\n"] {
                let Some(to) = beside(&key, other) else { continue };
                let told = format!("{name}: {key}");
                let there = edited(&told, &document, |rewrite| rewrite.rename(&key, &to));
                assert_eq!(there.get(&to).as_ref(), Some(&value), "{told}");
                assert!(!there.contains(&key), "{told}");
                assert_eq!(comments(&there), comments(&document), "{told}");
                let back = edited(&told, &document, |rewrite| {
                    rewrite.rename(&key, &to)?;
                    rewrite.rename(&to, &key)
                });
                assert_eq!(back.text(), document.text(), "{told}");
                renamed += 1;
            }
        }
    }
    assert!(renamed > 2_000, "{renamed}");
}

#[test]
fn any_key_can_move_to_another_table_and_back_with_its_comments() {
    for (name, document) in documents() {
        for (key, value) in keys(&document) {
            let told = format!("{name}: {key}");
            let to = KeyPath::root().key("moved by the test").key("there");
            let moved = edited(&told, &document, |rewrite| rewrite.rename(&key, &to));
            assert_eq!(moved.get(&to).as_ref(), Some(&value), "{told}");
            assert_eq!(comments(&moved), comments(&document), "{told}\n{}", moved.text());
            let Some(to) = beside(&key, "again") else { continue };
            let copied = edited(&told, &document, |rewrite| {
                rewrite.copy(&key, &to)?;
                rewrite.unset(&key)
            });
            assert_eq!(copied.get(&to).as_ref(), Some(&value), "{told}");
        }
    }
}

#[test]
fn any_key_can_move_into_an_inline_table_an_element_and_a_dotted_key() {
    for (name, document) in documents() {
        for (key, value) in keys(&document) {
            let told = format!("{name}: {key}");
            for table in ["inline = { x = 1 }\n", "dotted.x = 1\n", "[[elements]]\n[[elements]]\n"] {
                let (text, is_last) = (document.text().trim_start_matches('\u{feff}'), table.starts_with('['));
                let text = if is_last {
                    format!("{text}\n{table}")
                } else {
                    format!("{table}{text}")
                };
                let Ok(wider) = Document::parse(text) else { continue };
                let holder = match table.split(['.', ' ']).next() {
                    Some(name) if !is_last => KeyPath::root().key(name),
                    Some(_) | None => KeyPath::root().key("elements").index(0),
                };
                let to = holder.key("there");
                let moved = edited(&told, &wider, |rewrite| rewrite.rename(&key, &to));
                assert_eq!(moved.get(&to).as_ref(), Some(&value), "{told}");
                assert_eq!(comments(&moved), comments(&wider), "{told}\n{}", moved.text());
            }
        }
    }
}
