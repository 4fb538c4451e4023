//! Why a schema cannot be used. Every variant names the schema, and the place in it where there is one.

use thiserror::Error;

use super::Code;

/// Why a schema cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SchemaError {
    /// A file that a reference leads to cannot be read.
    #[error("cannot read the schema {name}: {reason}")]
    Unreadable {
        /// The file.
        name: String,
        /// What the system said.
        reason: String,
    },
    /// The text is not JSON.
    #[error("{name}:{line}:{column}: not JSON: {reason}")]
    NotJson {
        /// The schema.
        name: String,
        /// The line, from 1.
        line: usize,
        /// The column, from 1.
        column: usize,
        /// What the parser expected.
        reason: String,
    },
    /// The JSON is neither an object nor a boolean.
    #[error("{name} is no schema: a schema is a JSON object or a boolean")]
    NotASchema {
        /// The schema.
        name: String,
    },
    /// `$schema` names none of the five drafts that are read.
    #[error("{name}: `$schema` names `{dialect}`; valvecfg reads drafts 4, 6, 7, 2019-09 and 2020-12")]
    Dialect {
        /// The schema.
        name: String,
        /// What `$schema` says.
        dialect: String,
    },
    /// The schema breaks the rules of its own draft.
    #[error("{name}{pointer}: {reason}")]
    Rule {
        /// The schema.
        name: String,
        /// Where, such as `#/properties/threshold/type`.
        pointer: String,
        /// Which rule.
        reason: String,
    },
    /// A `pattern` is no regular expression.
    #[error("{name}{pointer}: `{pattern}` is no regular expression")]
    Pattern {
        /// The schema.
        name: String,
        /// Where.
        pointer: String,
        /// The pattern.
        pattern: String,
    },
    /// A `$ref` leads to another schema that is nowhere to be found.
    #[error("{name}{pointer}: the schema `{reference}` is in no schema folder")]
    ReferenceMissing {
        /// The schema that refers.
        name: String,
        /// Where.
        pointer: String,
        /// What it refers to.
        reference: String,
    },
    /// A `$ref` leads to a place that does not exist.
    #[error("{name}{pointer}: `{reference}` leads nowhere")]
    ReferenceDangling {
        /// The schema that refers.
        name: String,
        /// Where.
        pointer: String,
        /// What it refers to.
        reference: String,
    },
    /// Schemas refer to each other in a circle without ever looking at a part of the document.
    #[error("{name}{pointer}: this schema refers back to itself without checking anything on the way")]
    ReferenceLoop {
        /// The schema.
        name: String,
        /// Where.
        pointer: String,
    },
    /// Schemas lead to schemas in too long a row.
    #[error("{name}: more than 256 schemas in a row refer to each other for one value")]
    TooDeep {
        /// The schema.
        name: String,
    },
}

impl SchemaError {
    /// The code whose page explains the error.
    #[must_use]
    pub fn code(&self) -> Code {
        match self {
            Self::ReferenceMissing { .. } => Code::SchemaMissing,
            Self::Unreadable { .. }
            | Self::NotJson { .. }
            | Self::NotASchema { .. }
            | Self::Dialect { .. }
            | Self::Rule { .. }
            | Self::Pattern { .. }
            | Self::ReferenceDangling { .. }
            | Self::TooDeep { .. }
            | Self::ReferenceLoop { .. } => Code::SchemaBroken,
        }
    }

    /// The schema concerned.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Unreadable { name, .. }
            | Self::NotJson { name, .. }
            | Self::NotASchema { name }
            | Self::TooDeep { name }
            | Self::Dialect { name, .. }
            | Self::Rule { name, .. }
            | Self::Pattern { name, .. }
            | Self::ReferenceMissing { name, .. }
            | Self::ReferenceDangling { name, .. }
            | Self::ReferenceLoop { name, .. } => name,
        }
    }
}
