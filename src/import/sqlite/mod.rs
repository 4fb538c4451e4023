//! A table of keys and values in an SQLite database.

mod opening;

use std::collections::HashMap;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension as _};
use serde::Serialize;

use self::opening::Reading;
use super::number::Unholdable;
use super::{Found, Given, ImportError, Place, TableChoice};
use crate::document::{KeyPath, Value};
use crate::files::FileError;

/// How every database begins.
const MAGIC: &[u8] = b"SQLite format 3\0";
/// Names of a column of keys, the plainest first; letter case does not matter.
const KEYS: [&str; 5] = ["key", "name", "setting", "option", "id"];
/// Names of a column of values.
const VALUES: [&str; 2] = ["value", "val"];

/// A table of a database, as an error lists it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TableRow {
    /// Its name.
    pub name: String,
    /// The names of its columns.
    pub columns: Columns,
}

/// The names of a table's columns, in its order.
pub type Columns = Vec<String>;

/// Whether a file is an SQLite database, by its first bytes.
pub(super) fn is_database(path: &Path) -> Result<bool, FileError> {
    let mut begin = Vec::new();
    let metadata = std::fs::metadata(path).map_err(|source| FileError::io("read", path, source))?;
    if !metadata.is_file() {
        // Whoever reads it says what it is.
        return Ok(false);
    }
    let file = File::open(path).map_err(|source| FileError::io("read", path, source))?;
    file.take(MAGIC.len() as u64)
        .read_to_end(&mut begin)
        .map_err(|source| FileError::io("read", path, source))?;
    Ok(begin == MAGIC)
}

/// The settings in a table, in the order of its rows.
pub(super) fn read(path: &Path, file: &str, choice: &TableChoice, limit: u64) -> Result<Vec<Found>, ImportError> {
    // A program that writes just now has ended soon, or goes on for good.
    const ATTEMPTS: usize = 5;
    for _ in 0..ATTEMPTS {
        let reading = Reading::begin(path, file)?;
        let found = read_table(&reading.connection, path, file, choice, limit);
        if reading.ended_sound() {
            return found;
        }
    }
    Err(ImportError::Unsettled { file: file.to_owned() })
}

fn read_table(
    connection: &Connection,
    path: &Path,
    file: &str,
    choice: &TableChoice,
    limit: u64,
) -> Result<Vec<Found>, ImportError> {
    let failed = |error| ImportError::Database {
        file: file.to_owned(),
        error,
    };
    let tables = tables(connection).map_err(failed)?;
    let table = choose(&tables, choice).map_err(|message| ImportError::Choice {
        file: file.to_owned(),
        message,
        tables: tables.iter().map(Table::row).collect(),
    })?;
    let id = if table.has_row_ids { "rowid" } else { "NULL" };
    let select = format!(
        "SELECT {id}, {}, {} FROM {}",
        quoted(&table.key),
        quoted(&table.value),
        quoted(&table.name)
    );
    let mut statement = connection.prepare(&select).map_err(failed)?;
    let mut rows = statement.query([]).map_err(failed)?;
    let (mut found, mut size, mut number) = (Vec::new(), 0_u64, 0_i64);
    let mut seen: HashMap<KeyPath, i64> = HashMap::new();
    while let Some(row) = rows.next().map_err(failed)? {
        number += 1;
        let id = row.get::<_, Option<i64>>(0).map_err(failed)?.unwrap_or(number);
        let name = row.get_ref(1).map_err(failed)?;
        let value = row.get_ref(2).map_err(failed)?;
        size = size.saturating_add(length(name)).saturating_add(length(value));
        if size > limit {
            let path = path.to_owned();
            return Err(FileError::TooLarge { path, size, limit }.into());
        }
        let wrong = |message: String| ImportError::Row {
            file: file.to_owned(),
            row: id,
            message,
        };
        let Some(key) = text_of(name).as_deref().and_then(key_of) else {
            return Err(wrong("its key is none".to_owned()));
        };
        if let Some(first) = seen.insert(key.clone(), id) {
            return Err(wrong(format!("`{key}` stands twice; it stands in row {first} already")));
        }
        found.push(Found {
            key,
            given: given(value, table.is_text),
            place: Place::Row(id),
        });
    }
    Ok(found)
}

/// A table of the database, and those of its columns that could be keys and values.
struct Table {
    name: String,
    columns: Vec<(String, String)>,
    has_row_ids: bool,
}

/// What is to be read.
struct Chosen {
    name: String,
    key: String,
    value: String,
    has_row_ids: bool,
    /// Whether the column of values makes a text of all that is put into it.
    is_text: bool,
}

impl Table {
    fn row(&self) -> TableRow {
        TableRow {
            name: self.name.clone(),
            columns: self.columns.iter().map(|(name, _)| name.clone()).collect(),
        }
    }

    /// The column that is named, else the one of the plainest of these names.
    fn column(&self, named: Option<&str>, usual: &[&str]) -> Option<&(String, String)> {
        let find = |wanted: &str| {
            let mut columns = self.columns.iter();
            columns.find(|(name, _)| name.eq_ignore_ascii_case(wanted))
        };
        match named {
            Some(named) => find(named),
            None => usual.iter().find_map(|usual| find(usual)),
        }
    }

    fn chosen(&self, choice: &TableChoice) -> Option<Chosen> {
        let (key, _) = self.column(choice.key_column.as_deref(), &KEYS)?;
        let (value, declared) = self.column(choice.value_column.as_deref(), &VALUES)?;
        let declared = declared.to_uppercase();
        // Section 3.1 of "Datatypes In SQLite".
        let is_text = !declared.contains("INT") && ["CHAR", "CLOB", "TEXT"].iter().any(|kind| declared.contains(kind));
        Some(Chosen {
            name: self.name.clone(),
            key: key.clone(),
            value: value.clone(),
            has_row_ids: self.has_row_ids,
            is_text,
        })
    }
}

/// The tables of a database. Views are left out: they run what the database's maker wrote.
fn tables(connection: &Connection) -> rusqlite::Result<Vec<Table>> {
    let list = "SELECT name, sql FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' \
                AND sql NOT LIKE 'CREATE VIRTUAL%' ORDER BY name";
    let mut statement = connection.prepare(list)?;
    let names = statement.query_map([], |row| row.get::<_, String>(0))?;
    let mut tables = Vec::new();
    for name in names {
        let name = name?;
        let mut statement = connection.prepare("SELECT name, type FROM pragma_table_info(?1)")?;
        let columns = statement.query_map([&name], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let columns = columns.collect::<rusqlite::Result<Vec<(String, String)>>>()?;
        let without = connection
            .query_row(
                "SELECT wr FROM pragma_table_list(?1) WHERE schema = 'main'",
                [&name],
                |row| row.get::<_, i64>(0),
            )
            .optional()?;
        tables.push(Table {
            has_row_ids: without == Some(0),
            name,
            columns,
        });
    }
    Ok(tables)
}

fn choose(tables: &[Table], choice: &TableChoice) -> Result<Chosen, String> {
    if let Some(named) = &choice.table {
        let Some(table) = tables.iter().find(|table| table.name.eq_ignore_ascii_case(named)) else {
            return Err(format!("there is no table `{named}`"));
        };
        return table
            .chosen(choice)
            .ok_or_else(|| format!("which columns of `{}` are keys and values cannot be told", table.name));
    }
    let mut fitting = tables.iter().filter_map(|table| table.chosen(choice));
    match (fitting.next(), fitting.next()) {
        (Some(only), None) => Ok(only),
        (Some(_), Some(_)) => Err("several tables could be meant".to_owned()),
        (None, _) => Err("no table has a column of keys and one of values that can be told by their names".to_owned()),
    }
}

/// A name as SQL has it. A column is looked for before, since SQLite takes what is in quotes and no name for a text.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn length(value: ValueRef<'_>) -> u64 {
    match value {
        ValueRef::Null | ValueRef::Integer(_) | ValueRef::Real(_) => 8,
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => bytes.len() as u64,
    }
}

fn text_of(value: ValueRef<'_>) -> Option<String> {
    match value {
        ValueRef::Text(bytes) => std::str::from_utf8(bytes).ok().map(str::to_owned),
        ValueRef::Integer(number) => Some(number.to_string()),
        ValueRef::Null | ValueRef::Real(_) | ValueRef::Blob(_) => None,
    }
}

/// The path of `mqtt.host`, `/mqtt/host` or `zones[0].flow`.
fn key_of(text: &str) -> Option<KeyPath> {
    let text = text.trim();
    if let Ok(path) = text.parse() {
        return Some(path);
    }
    let separator = if text.contains('/') { '/' } else { '.' };
    let mut parts = text.trim_matches('/').split(separator).peekable();
    parts.peek().filter(|first| !first.is_empty())?;
    Some(parts.fold(KeyPath::root(), |path, part| path.key(part)))
}

fn given(value: ValueRef<'_>, is_text: bool) -> Given {
    match value {
        ValueRef::Null => Given::Null,
        ValueRef::Integer(number) => Given::Scalar(Value::Integer(number), number.to_string()),
        ValueRef::Real(number) => {
            let value = Value::Float(number);
            let spelled = value.to_string();
            Given::Scalar(value, spelled)
        }
        ValueRef::Text(bytes) => match std::str::from_utf8(bytes) {
            Ok(text) if is_text => Given::Text(text.to_owned()),
            Ok(text) => Given::String(text.to_owned()),
            Err(_) => Given::Unholdable(Unholdable {
                found: "a text that is not UTF-8",
                allowed: "texts are UTF-8",
            }),
        },
        ValueRef::Blob(_) => Given::Unholdable(Unholdable {
            found: "a blob",
            allowed: "texts and numbers are taken",
        }),
    }
}
