//! The parsed content of a document: every value with its span, owned, so that a document can outlive the
//! parser's borrowed tree.

use std::ops::Range;

use indexmap::IndexMap;
use serde_json::Value as Json;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::value::{Hashing, in_order};
use super::{SyntaxError, Table, Value};

/// One value and where it stands.
#[derive(Clone, Debug)]
pub(super) struct Node {
    /// The value; for a table or array of sections its first header; for an implicit table its key.
    pub span: Range<usize>,
    pub content: Content,
}

#[derive(Clone, Debug)]
pub(super) enum Content {
    /// Everything that holds no other value.
    Scalar(Value),
    Array(Vec<Node>),
    Table(Entries),
}

impl Content {
    /// As [`Value::kind`].
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Scalar(value) => value.kind(),
            Self::Array(_) => "array",
            Self::Table(_) => "table",
        }
    }
}

/// The keys of a table, in the order in which the text first names them.
pub(super) type Entries = IndexMap<String, Entry, Hashing>;

/// A key of a table and its value.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub key: Range<usize>,
    pub node: Node,
}

impl Node {
    /// Copies the parser's tree, noting each number that 64 bits cannot hold.
    pub(super) fn from_toml(value: &Spanned<DeValue<'_>>, errors: &mut Vec<SyntaxError>) -> Self {
        let span = value.span();
        let content = match value.get_ref() {
            DeValue::Array(items) => Content::Array(items.iter().map(|item| Self::from_toml(item, errors)).collect()),
            DeValue::Table(table) => Self::table_from_toml(table, errors),
            scalar @ (DeValue::String(_)
            | DeValue::Integer(_)
            | DeValue::Float(_)
            | DeValue::Boolean(_)
            | DeValue::Datetime(_)) => Content::Scalar(Value::from_toml(scalar).unwrap_or_else(|| {
                let message = format!("a TOML {} has 64 bits; this number needs more", scalar.type_str());
                errors.push(SyntaxError {
                    message,
                    span: span.clone(),
                });
                // Never seen: `parse` refuses the document.
                Value::Boolean(false)
            })),
        };
        Self { span, content }
    }

    pub(super) fn table_from_toml(table: &DeTable<'_>, errors: &mut Vec<SyntaxError>) -> Content {
        let entry = |(key, value): (&Spanned<_>, &Spanned<DeValue<'_>>)| {
            let node = Self::from_toml(value, errors);
            (
                toml::de::DeString::to_string(key.get_ref()),
                Entry { key: key.span(), node },
            )
        };
        Content::Table(in_order(table).map(entry).collect())
    }

    pub(super) fn to_value(&self) -> Value {
        match &self.content {
            Content::Scalar(value) => value.clone(),
            Content::Array(items) => Value::Array(items.iter().map(Self::to_value).collect()),
            Content::Table(entries) => Value::Table(
                entries
                    .iter()
                    .map(|(key, entry)| (key.clone(), entry.node.to_value()))
                    .collect::<Table>(),
            ),
        }
    }

    /// Whether two nodes hold the same content, wherever it stands and in whatever order.
    pub(super) fn same(&self, other: &Self) -> bool {
        match (&self.content, &other.content) {
            (Content::Scalar(a), Content::Scalar(b)) => a == b,
            (Content::Array(a), Content::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.same(b)),
            (Content::Table(a), Content::Table(b)) => {
                a.len() == b.len()
                    && a.iter()
                        .all(|(key, a)| b.get(key).is_some_and(|b| a.node.same(&b.node)))
            }
            (Content::Scalar(_) | Content::Array(_) | Content::Table(_), _) => false,
        }
    }

    /// The items, if this is an array of tables and nothing else; an empty array counts.
    pub(super) fn tables(&self) -> Option<&[Self]> {
        match &self.content {
            Content::Array(items) if items.iter().all(|item| matches!(item.content, Content::Table(_))) => Some(items),
            Content::Array(_) | Content::Scalar(_) | Content::Table(_) => None,
        }
    }

    pub(super) fn to_json(&self) -> Json {
        match &self.content {
            Content::Scalar(value) => value.to_json(),
            Content::Array(items) => Json::Array(items.iter().map(Self::to_json).collect()),
            Content::Table(entries) => Json::Object(
                entries
                    .iter()
                    .map(|(key, entry)| (key.clone(), entry.node.to_json()))
                    .collect(),
            ),
        }
    }
}
