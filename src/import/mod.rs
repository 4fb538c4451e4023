//! Settings as other programs keep them: JSON, YAML, TOML, INI, `.env`, and tables of keys and values in SQLite
//! databases.
//!
//! What is found is one list, whatever the format: each setting with its key, what was given for it, and where that
//! stood. It knows documents' values alone. What a setting is called here and of which type it should be, others know.

mod env;
mod format;
mod ini;
mod json;
mod number;
mod place;
mod sqlite;
mod toml;
mod tree;
mod yaml;

use std::path::Path;

use thiserror::Error;

pub use format::Format;
pub use json::first_unholdable;
pub use number::Unholdable;
pub(crate) use number::is_kept;
pub use place::Place;
pub use sqlite::{Columns, TableRow};

use crate::document::{KeyPath, Value};
use crate::files::{self, FileError};

/// More levels than these are refused, as in a settings file.
const DEEPEST: usize = 80;

/// The settings of a foreign file.
#[derive(Clone, Debug, PartialEq)]
pub struct Source {
    /// The file as it was named.
    pub file: String,
    /// What it is written in.
    pub format: Format,
    /// What was found in it, in its order. No key stands twice.
    pub found: Vec<Found>,
}

/// One setting of a foreign file.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// Its key. One of a `.env` is a single name, whose `_` may stand for a dot.
    pub key: KeyPath,
    /// What was given for it.
    pub given: Given,
    /// Where it stands.
    pub place: Place,
}

/// What a foreign file gives for a setting.
#[derive(Clone, Debug, PartialEq)]
pub enum Given {
    /// Nothing: `null`.
    Null,
    /// A text, where all is text: whether a number is meant cannot be told from it.
    Text(String),
    /// A text, where numbers are written otherwise.
    String(String),
    /// A number, `true` or `false`, or a date, and how it is spelled there: `1.10` is the number 1.1.
    Scalar(Value, String),
    /// An array without tables; one that holds tables is told table by table.
    Array(Vec<Given>),
    /// A table with nothing in it.
    EmptyTable,
    /// Something that no setting can be.
    Unholdable(Unholdable),
}

/// Which table of an SQLite database holds the settings; what is not said is guessed where it is plain.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TableChoice {
    /// The table.
    pub table: Option<String>,
    /// Its column of keys.
    pub key_column: Option<String>,
    /// Its column of values.
    pub value_column: Option<String>,
}

/// Why a foreign file could not be read. No message repeats a value: it may be a secret.
#[derive(Debug, Error)]
pub enum ImportError {
    /// The system refused, or the file is too large.
    #[error(transparent)]
    File(#[from] FileError),
    /// It is not what its format wants.
    #[error("{file}:{line}:{column}: {message}")]
    Malformed {
        /// The file as it was named.
        file: String,
        /// The line, from 1.
        line: usize,
        /// The column in characters, from 1.
        column: usize,
        /// What is wrong.
        message: String,
    },
    /// Neither its name nor its beginning says what it is.
    #[error("the format of {file} cannot be told from its name")]
    Format {
        /// The file as it was named.
        file: String,
    },
    /// SQLite refused.
    #[error("cannot read {file} as an SQLite database: {error}")]
    Database {
        /// The file as it was named.
        file: String,
        /// What it said. It says all of its own causes itself.
        error: rusqlite::Error,
    },
    /// Which table or column is meant cannot be told, or there is no such one.
    #[error("{file}: {message}")]
    Choice {
        /// The file as it was named.
        file: String,
        /// What is unclear, or missing.
        message: String,
        /// The tables there are.
        tables: Vec<TableRow>,
    },
    /// A row whose key is none, or one that stands in another row too.
    #[error("{file}, row {row}: {message}")]
    Row {
        /// The file as it was named.
        file: String,
        /// The row's id.
        row: i64,
        /// What is wrong.
        message: String,
    },
    /// Another program went on writing the database.
    #[error("{file} is being written all the time")]
    Unsettled {
        /// The file as it was named.
        file: String,
    },
}

/// Reads a foreign file of at most `limit` bytes; of a database, so many bytes of keys and values.
///
/// # Errors
/// Where it cannot be read, or is not what its format wants: with the first such place.
pub fn read(path: &Path, format: Option<Format>, choice: &TableChoice, limit: u64) -> Result<Source, ImportError> {
    let file = path.display().to_string();
    let named = format.or_else(|| Format::of_name(path));
    if named == Some(Format::Sqlite) || named.is_none() && sqlite::is_database(path)? {
        let found = sqlite::read(path, &file, choice, limit)?;
        let format = Format::Sqlite;
        return Ok(Source { file, format, found });
    }
    let format = named.ok_or_else(|| ImportError::Format { file: file.clone() })?;
    read_bytes(&file, format, files::read(path, limit)?)
}

/// Reads settings from the bytes of a file in a format of text.
///
/// # Errors
/// As [`read`].
pub fn read_bytes(file: &str, format: Format, bytes: Vec<u8>) -> Result<Source, ImportError> {
    let text = match String::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => return Err(not_utf8(file, &error)),
    };
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let found = match format {
        Format::Json => json::read(text),
        Format::Yaml => yaml::read(text),
        Format::Toml => toml::read(text),
        Format::Ini => ini::read(text),
        Format::Env => env::read(text),
        // A database is no text.
        Format::Sqlite => return Err(ImportError::Format { file: file.to_owned() }),
    };
    let found = found.map_err(|wrong| ImportError::Malformed {
        file: file.to_owned(),
        line: wrong.line,
        column: wrong.column,
        message: wrong.message,
    })?;
    Ok(Source {
        file: file.to_owned(),
        format,
        found,
    })
}

fn not_utf8(file: &str, error: &std::string::FromUtf8Error) -> ImportError {
    let bytes = error.as_bytes();
    let (valid, _) = bytes.split_at(error.utf8_error().valid_up_to());
    let wide = bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]);
    let (line, column) = crate::document::line_column(&String::from_utf8_lossy(valid), valid.len());
    ImportError::Malformed {
        file: file.to_owned(),
        line,
        column,
        message: if wide {
            "this is UTF-16, and must be UTF-8".to_owned()
        } else {
            "this byte does not belong into UTF-8".to_owned()
        },
    }
}

/// Why a text is not what its format wants, and where.
#[derive(Debug)]
struct Wrong {
    line: usize,
    column: usize,
    message: String,
}

impl Wrong {
    fn new(line: usize, column: usize, message: impl Into<String>) -> Self {
        let message = message.into();
        Self { line, column, message }
    }

    /// A key that stands where it stood already.
    fn twice(line: usize, column: usize, key: &KeyPath, first: usize) -> Self {
        Self::new(
            line,
            column,
            format!("`{key}` stands twice; it stands in line {first} already"),
        )
    }
}

#[cfg(test)]
mod property_tests;
#[cfg(test)]
mod tests;
