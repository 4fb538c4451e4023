//! What is written in a format is found in it again.

use std::fmt::Write as _;

use proptest::collection::vec;
use proptest::prelude::{Strategy, any, prop_oneof, proptest};
use serde_json::Value as Json;

use super::{Format, Given, read_bytes};
use crate::document::{Document, KeyPath, Table, Value, to_toml};

fn leaf() -> impl Strategy<Value = Value> {
    prop_oneof![
        any::<i64>().prop_map(Value::Integer),
        any::<f64>()
            .prop_filter("JSON has finite numbers only", |number| number.is_finite())
            .prop_map(Value::Float),
        any::<bool>().prop_map(Value::Boolean),
        any::<String>().prop_map(Value::String),
        "(yes|no|on|null|~|012|1e3|0x1f|\\.5|-|- a|a: b|#c|\\*a|&a|!a|'|\"|2026-01-02| a |a\nb|%|@|`)"
            .prop_map(Value::String),
    ]
}

fn value() -> impl Strategy<Value = Value> {
    leaf().prop_recursive(4, 32, 5, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::Array),
            vec(("[a-z.\" -]{1,6}|<<<|~", inner), 0..4).prop_map(|entries| Value::Table(entries.into_iter().collect())),
        ]
    })
}

fn table() -> impl Strategy<Value = Table> {
    vec(("[a-zA-Z_ .é-]{1,8}", value()), 0..6).prop_map(|entries| entries.into_iter().collect())
}

/// Puts together again what was found.
fn assembled(format: Format, text: &str) -> Table {
    let source = read_bytes("f", format, text.as_bytes().to_vec()).unwrap_or_else(|error| panic!("{error}\n{text}"));
    let mut root = Value::Table(Table::default());
    for found in source.found {
        put(&mut root, &found.key, value_of(found.given));
    }
    match root {
        Value::Table(ref table) => table.clone(),
        Value::String(_)
        | Value::Integer(_)
        | Value::Float(_)
        | Value::Boolean(_)
        | Value::Datetime(_)
        | Value::Array(_) => panic!("{root} is no table"),
    }
}

fn value_of(given: Given) -> Value {
    match given {
        Given::String(text) => Value::String(text),
        Given::Scalar(value, _) => value,
        Given::Array(items) => Value::Array(items.into_iter().map(value_of).collect()),
        Given::EmptyTable => Value::Table(Table::default()),
        other @ (Given::Null | Given::Text(_) | Given::Unholdable(_)) => panic!("{other:?} was not written"),
    }
}

fn put(into: &mut Value, path: &KeyPath, value: Value) {
    use crate::document::Segment;
    let Some((first, rest)) = path.split_first() else {
        *into = value;
        return;
    };
    match first {
        Segment::Key(key) => {
            if !matches!(into, Value::Table(_)) {
                *into = Value::Table(Table::default());
            }
            if let Value::Table(table) = into {
                put(table.entry(key.clone()).or_insert(Value::Boolean(false)), &rest, value);
            }
        }
        Segment::Index(index) => {
            if !matches!(into, Value::Array(_)) {
                *into = Value::Array(Vec::new());
            }
            if let Value::Array(items) = into {
                items.resize(items.len().max(index + 1), Value::Boolean(false));
                put(&mut items[*index], &rest, value);
            }
        }
    }
}

/// YAML that people write: blocks, and quotes only where they must be.
fn yaml(value: &Value, indent: usize, out: &mut String) {
    let pad = "  ".repeat(indent);
    match value {
        Value::Table(table) if !table.is_empty() => {
            for (key, value) in table {
                write!(out, "\n{pad}{}:", Json::String(key.clone())).unwrap();
                yaml(value, indent + 1, out);
            }
        }
        Value::Array(items) if !items.is_empty() => {
            for item in items {
                write!(out, "\n{pad}-").unwrap();
                yaml(item, indent + 1, out);
            }
        }
        Value::String(text) if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphabetic()) => {
            let is_word = matches!(text.to_lowercase().as_str(), "null" | "true" | "false");
            let quote = if is_word { "'" } else { "" };
            write!(out, " {quote}{text}{quote}").unwrap();
        }
        Value::String(_)
        | Value::Integer(_)
        | Value::Float(_)
        | Value::Boolean(_)
        | Value::Datetime(_)
        | Value::Array(_)
        | Value::Table(_) => write!(out, " {}", value.to_json()).unwrap(),
    }
}

proptest! {
    #[test]
    fn a_document_written_as_json_is_found_again(table in table()) {
        let text = serde_json::to_string_pretty(&Value::Table(table.clone()).to_json()).unwrap();
        assert_eq!(assembled(Format::Json, &text), table);
    }

    #[test]
    fn a_document_written_as_yaml_is_found_again(table in table()) {
        let flow = Value::Table(table.clone()).to_json().to_string();
        assert_eq!(assembled(Format::Yaml, &flow), table);
        let mut block = String::new();
        yaml(&Value::Table(table.clone()), 0, &mut block);
        if table.is_empty() {
            return Ok(());
        }
        assert_eq!(assembled(Format::Yaml, &block), table, "{block}");
    }

    #[test]
    fn a_document_written_as_toml_is_found_again(table in table()) {
        assert_eq!(assembled(Format::Toml, &to_toml(&table)), table);
    }

    #[test]
    fn no_text_makes_a_reader_panic(text in "[-a-c=:\\[\\]{}\"'#;$\\\\\n\t &*!|>0-9.,é]{0,60}") {
        for format in [Format::Json, Format::Yaml, Format::Toml, Format::Ini, Format::Env] {
            // That it ends is all that is asked.
            let _read = read_bytes("f", format, text.clone().into_bytes());
        }
        let _read = Document::parse(text);
    }
}
