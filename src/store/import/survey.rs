//! What becomes of each setting of a foreign file, and the document that comes of them together.

use std::collections::HashMap;
use std::sync::Arc;

use super::conversion::{Target, Verdict, allowed};
use super::row::{Row, named, prefixes, refuse_clashes};
use super::{ImportOptions, ImportState, ImportedSetting};
use crate::document::{Document, EditError, KeyPath, Rewrite, Segment, Table, Value};
use crate::import::{Format, Given, Source};
use crate::schema::{Code, Held, Schema, Severity, Violation};
use crate::store::StoreError;
use crate::store::custody::{self, Mask};
use crate::store::session::Session;

/// A file's settings, each with what becomes of it.
pub(super) struct Survey<'s> {
    plugin: &'s str,
    source: &'s Source,
    schema: Arc<Schema>,
    rows: Vec<Row<'s>>,
    document: Document,
}

impl<'s> Survey<'s> {
    pub(super) fn make(
        session: &Session<'_>,
        plugin: &'s str,
        source: &'s Source,
        options: &ImportOptions,
        current: &Document,
    ) -> Result<Self, StoreError> {
        let schema = session.rules.schema(plugin)?;
        let mut rows = named(plugin, source, &schema, options)?;
        refuse_clashes(&mut rows);
        let annotation = |key: &KeyPath| schema.annotation(key);
        let target = Target {
            annotation: &annotation,
            tells_floats: source.format.tells_floats(),
        };
        for row in rows.iter_mut().filter(|row| row.is_taken()) {
            let (Some(found), Some(path)) = (row.found, &row.path) else {
                continue;
            };
            match target.convert(&found.given, path, current.get(path).as_ref()) {
                Verdict::Taken(value) => row.value = Some(value),
                Verdict::Converted(value) => (row.state, row.value) = (ImportState::Converted, Some(value)),
                Verdict::Refused(reason) => row.refuse(reason),
            }
        }
        let mut survey = Self {
            plugin,
            source,
            schema,
            rows,
            document: Document::default(),
        };
        survey.document = survey.edited(session, current)?;
        survey.check(session, current)?;
        Ok(survey)
    }

    /// The settings with all that is taken.
    pub(super) fn into_document(self) -> Document {
        self.document
    }

    /// What became of each setting, without secrets.
    pub(super) fn settings(&self) -> Vec<ImportedSetting> {
        let mask = Mask::Schema(&self.schema);
        let plugin = KeyPath::root().key(self.plugin);
        let setting = |row: &Row<'_>| {
            // What an unknown name holds may be a secret whose name has a slip in it.
            let given = row
                .found
                .filter(|_| row.is_taken() || row.state == ImportState::Refused);
            let shown = |value: Value| row.path.as_ref().map(|path| mask.value(path, value));
            ImportedSetting {
                key: row.path.as_ref().map(|path| plugin.concat(path)),
                name: row.found.map(|found| found.key.to_string()),
                place: row.found.map(|found| format!("{}{}", self.source.file, found.place)),
                state: row.state,
                found: given.and_then(|found| value_of(&found.given)).and_then(shown),
                becomes: row
                    .value
                    .clone()
                    .filter(|_| row.state != ImportState::Refused)
                    .and_then(shown),
                reason: row.reason.clone(),
                suggestion: row.suggestion.as_ref().map(|path| plugin.concat(path)),
            }
        };
        self.rows.iter().map(setting).collect()
    }

    /// The document with every value that is taken. A value that cannot be put there is refused.
    fn edited(&mut self, session: &Session<'_>, current: &Document) -> Result<Document, StoreError> {
        let plugin = KeyPath::root().key(self.plugin);
        let keyring = || session.store.keyring(&|_| None).ok().flatten();
        let as_standing = |path: &KeyPath, value: &Value| match current.get(path) {
            // Sealed anew, it would be another text each time.
            Some(standing) if custody::seals(&plugin.concat(path), &standing, value, &keyring) => standing,
            Some(_) | None => value.clone(),
        };
        let nests = matches!(self.source.format, Format::Json | Format::Yaml | Format::Toml);
        let mut rewrite = current.rewrite();
        let mut arrays: Vec<(KeyPath, Value, Vec<usize>)> = Vec::new();
        for (at, row) in self.rows.iter_mut().enumerate() {
            let (Some(path), Some(value), true) = (&row.path, &row.value, row.is_taken()) else {
                continue;
            };
            let value = as_standing(path, value);
            let Some(array) = outermost_array(path) else {
                let path = path.clone();
                if let Some(reason) = put(&mut rewrite, &plugin, &path, &value)? {
                    row.refuse(reason);
                }
                continue;
            };
            if arrays.last().is_none_or(|(last, ..)| *last != array) {
                // What a file with arrays holds is all of one; of a variable, its item alone is meant.
                let known = arrays.iter().position(|(known, ..)| *known == array);
                let entry = if let Some(known) = known {
                    arrays.remove(known)
                } else {
                    let standing = current.get(&array).filter(|_| !nests);
                    (array.clone(), standing.unwrap_or(Value::Array(Vec::new())), Vec::new())
                };
                arrays.push(entry);
            }
            if let Some((_, items, members)) = arrays.last_mut() {
                members.push(at);
                let below = KeyPath::from(path.segments()[array.len()..].to_vec());
                if let Err(reason) = place(items, &below, value) {
                    row.refuse(reason);
                }
            }
        }
        for (array, items, members) in arrays {
            if let Some(reason) = put(&mut rewrite, &plugin, &array, &items)? {
                for at in &members {
                    self.rows[*at].refuse(reason.as_str());
                }
            }
        }
        Ok(rewrite.finish()?)
    }

    /// Looks for what the schema refuses, and gives what it requires its default.
    fn check(&mut self, session: &Session<'_>, current: &Document) -> Result<(), StoreError> {
        let held = |path: &KeyPath, value: &Value| {
            let is_new = current.get(path).as_ref() != Some(value);
            if is_new && custody::sealed_text(value).is_none() {
                Held::Open
            } else {
                custody::as_stored(path, value)
            }
        };
        let check = |document: &Document| session.rules.check_with(self.plugin, document, &held, Vec::new());
        let mut checked = check(&self.document)?;
        let mut given = Vec::new();
        let mut document = self.document.clone();
        for violation in checked
            .violations
            .iter()
            .filter(|violation| violation.code == Code::Missing)
        {
            if let Some(default) = self.schema.default(&violation.key)
                && let Ok(edited) = document.set(&violation.key, &default)
            {
                document = edited;
                given.push((violation.key.clone(), default));
            }
        }
        if !given.is_empty() {
            checked = check(&document)?;
            self.document = document;
        }
        for (path, default) in given {
            let mut row = Row::without_file(path, ImportState::Default);
            row.value = Some(default);
            self.rows.push(row);
        }
        self.explain(&checked.violations);
        Ok(())
    }

    /// Gives each violation to the setting that it is about.
    fn explain(&mut self, violations: &[Violation]) {
        let mut below: HashMap<KeyPath, Vec<usize>> = HashMap::new();
        for (at, row) in self.rows.iter().enumerate().filter(|(_, row)| row.is_taken()) {
            for path in row.path.iter().flat_map(prefixes) {
                below.entry(path).or_default().push(at);
            }
        }
        for violation in violations
            .iter()
            .filter(|violation| violation.severity == Severity::Error)
        {
            let key = &violation.key;
            if violation.code == Code::Missing {
                let mut row = Row::without_file(key.clone(), ImportState::Missing);
                row.reason = self.schema.annotation(key).map(|annotation| allowed(&annotation));
                self.rows.push(row);
                continue;
            }
            if violation.code == Code::UnknownKey
                && let Some(unknown) = below.get(key)
            {
                let table = key.split_last().map(|(table, _)| table).unwrap_or_default();
                for at in unknown {
                    let row = &mut self.rows[*at];
                    (row.state, row.path) = (ImportState::Unknown, None);
                    row.suggestion = violation.suggestion.as_ref().map(|name| table.key(name.as_str()));
                }
                continue;
            }
            let is_about = |path: &KeyPath| {
                let mut near = below.get(path).into_iter().flatten().copied();
                near.find(|at| self.rows[*at].path.as_ref() == Some(path))
            };
            let reason = self.reason(violation);
            if let Some(at) = prefixes(key).find_map(|path| is_about(&path)) {
                self.rows[at].refuse(reason);
            } else {
                let mut row = Row::without_file(key.clone(), ImportState::Refused);
                row.refuse(reason);
                self.rows.push(row);
            }
        }
    }

    fn reason(&self, violation: &Violation) -> String {
        let tells_all = matches!(
            violation.code,
            Code::OutOfRange
                | Code::WrongType
                | Code::NotAllowed
                | Code::Pattern
                | Code::Format
                | Code::Length
                | Code::Count
        );
        match self.schema.annotation(&violation.key) {
            Some(annotation) if tells_all && annotation.bounds().is_some() => allowed(&annotation),
            Some(_) | None => violation.message.clone(),
        }
    }
}

/// The array that a path leads into first.
fn outermost_array(path: &KeyPath) -> Option<KeyPath> {
    let is_index = |segment: &Segment| matches!(segment, Segment::Index(_));
    let end = path.segments().iter().position(is_index)?;
    Some(KeyPath::from(path.segments()[..end].to_vec()))
}

/// Gives a path a value; what stands in its way is answered.
fn put(
    rewrite: &mut Rewrite<'_>,
    plugin: &KeyPath,
    path: &KeyPath,
    value: &Value,
) -> Result<Option<String>, StoreError> {
    match rewrite.set(path, value) {
        Ok(()) => Ok(None),
        Err(error @ EditError::Bug { .. }) => Err(error.below(plugin).into()),
        Err(error) => Ok(Some(error.below(plugin).to_string())),
    }
}

/// Puts a value into an array that is made of such.
fn place(into: &mut Value, path: &KeyPath, value: Value) -> Result<(), String> {
    let Some((first, rest)) = path.split_first() else {
        *into = value;
        return Ok(());
    };
    match (first, into) {
        (Segment::Key(key), Value::Table(table)) => {
            let entry = table.entry(key.clone()).or_insert_with(|| empty_for(&rest));
            place(entry, &rest, value)
        }
        (Segment::Index(index), Value::Array(items)) => {
            if *index == items.len() {
                items.push(empty_for(&rest));
            }
            let count = items.len();
            match items.get_mut(*index) {
                Some(item) => place(item, &rest, value),
                None => Err(format!(
                    "the array has {count} items, and an item before this one lacks"
                )),
            }
        }
        (Segment::Key(_) | Segment::Index(_), _) => Err("something else stands here".to_owned()),
    }
}

/// What is to hold a path.
fn empty_for(path: &KeyPath) -> Value {
    match path.segments().first() {
        Some(Segment::Index(_)) => Value::Array(Vec::new()),
        Some(Segment::Key(_)) | None => Value::Table(Table::default()),
    }
}

/// What a file gives, as a value that can be shown.
fn value_of(given: &Given) -> Option<Value> {
    match given {
        Given::Null | Given::Unholdable(_) => None,
        Given::Text(text) | Given::String(text) => Some(Value::String(text.clone())),
        Given::Scalar(value, _) => Some(value.clone()),
        Given::Array(items) => items.iter().map(value_of).collect::<Option<_>>().map(Value::Array),
        Given::EmptyTable => Some(Value::Table(Table::default())),
    }
}
