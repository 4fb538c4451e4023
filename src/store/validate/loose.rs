//! Files that belong to no store, checked each by the schema named for all, else by its own `#:schema` line.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use super::{Compiled, Input, ValidateOptions, compile, parse_text};
use crate::files;
use crate::schema::{Checker, Code, Library, SchemaError, SchemaLine, Violation};
use crate::store::parallel::in_parallel;
use crate::store::{CheckedFile, StoreError, custody};

/// Checks files that belong to no store, each by the schema named for all, else by its own `#:schema` line.
pub fn validate_files(
    inputs: &[Input],
    options: &ValidateOptions,
    progress: &dyn Fn(usize, usize),
) -> Result<Vec<CheckedFile>, StoreError> {
    let shelf = Shelf {
        options,
        checkers: Mutex::default(),
    };
    if let Some(schema) = &options.schema {
        // A schema that was named is an error of usage, not of each file.
        shelf.checker(schema).map_err(|errors| StoreError::Schema { errors })?;
    }
    let mut checked = in_parallel(inputs, progress, |input| check_input(input, &shelf));
    checked.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(checked)
}

/// The schemas in use, each compiled once.
struct Shelf<'o> {
    options: &'o ValidateOptions,
    checkers: Mutex<HashMap<PathBuf, Compiled>>,
}

impl Shelf<'_> {
    fn checker(&self, path: &Path) -> Compiled {
        let mut checkers = self.checkers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(compiled) = checkers.get(path) {
            return compiled.clone();
        }
        let compiled = self.compile(path);
        checkers.insert(path.to_owned(), compiled.clone());
        compiled
    }

    fn compile(&self, path: &Path) -> Compiled {
        let name = path.display().to_string();
        let unreadable = |error: files::FileError| {
            let reason = std::error::Error::source(&error).map_or_else(|| error.to_string(), ToString::to_string);
            vec![SchemaError::Unreadable {
                name: name.clone(),
                reason,
            }]
        };
        let text = files::read_text(path, self.options.limits.file_size).map_err(unreadable)?;
        // `s.json` has an empty parent, which names no folder.
        let own = path.parent().map(|folder| {
            if folder.as_os_str().is_empty() {
                Path::new(".")
            } else {
                folder
            }
        });
        let own = own.map(Path::to_owned);
        let folders = own.into_iter().chain(self.options.schema_folders.iter().cloned());
        let library = Library::new(folders).named_from(Path::new("."));
        compile(&name, &text, &library, self.options.check).map(Arc::new)
    }
}

fn check_input(input: &Input, shelf: &Shelf<'_>) -> CheckedFile {
    let (path, text) = match input {
        Input::Text(text) => ("-".to_owned(), Ok(text.clone())),
        Input::File(path) => (
            path.display().to_string(),
            files::read_text(path, shelf.options.limits.file_size),
        ),
    };
    let text = match text {
        Ok(text) => text,
        Err(error) => return CheckedFile::unreadable(&path, &error),
    };
    let schema = match (&shelf.options.schema, SchemaLine::find(&text)) {
        (Some(schema), _) => schema.clone(),
        (None, Some(line)) if is_local(&line) => {
            let folder = Path::new(&path)
                .parent()
                .filter(|_| path != "-")
                .unwrap_or(Path::new("."));
            folder.join(local_path(&line.path))
        }
        (None, Some(line)) => {
            let message = format!(
                "the schema `{}` is not a file here, and schemas are never fetched",
                line.path
            );
            return refused(
                &path,
                &text,
                Violation::at(Code::SchemaMissing, &text, line.span, &message),
            );
        }
        (None, None) => {
            let message = "no schema: the file has no `#:schema` line, and none was named with --schema";
            return refused(&path, &text, Violation::at(Code::SchemaMissing, &text, 0..0, message));
        }
    };
    match shelf.checker(&schema) {
        Ok(checker) => check_text(&path, text, &checker),
        Err(errors) => {
            let span = SchemaLine::find(&text).map_or(0..0, |line| line.span);
            let code = |error: &SchemaError| {
                if schema.exists() {
                    error.code()
                } else {
                    Code::SchemaMissing
                }
            };
            let violation = |error: &SchemaError| Violation::at(code(error), &text, span.clone(), &error.to_string());
            CheckedFile::new(&path, &text, None, errors.iter().map(violation).collect())
        }
    }
}

/// An address of this machine's own files names a path as well as a path does.
fn is_local(line: &SchemaLine) -> bool {
    line.is_local() || line.path.starts_with("file:///")
}

fn local_path(path: &str) -> &str {
    path.strip_prefix("file://").unwrap_or(path)
}

/// Checks a text that belongs to no store.
fn check_text(path: &str, text: String, checker: &Checker) -> CheckedFile {
    match parse_text(path, Ok(text), checker) {
        Ok(document) => {
            let schema = checker.schema();
            let violations = checker.check_held(&document, &custody::as_stored);
            CheckedFile::document(path, &document, schema, schema.name().to_owned(), violations)
        }
        Err(file) => file,
    }
}

fn refused(path: &str, text: &str, violation: Violation) -> CheckedFile {
    CheckedFile::new(path, text, None, vec![violation])
}
