//! `validate`: a whole store, or any TOML files, checked without changing anything.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use super::checked::SecretNames;
use super::live::Live;
use super::manifest::{MANIFEST, plugin_of, schema_path, settings_path};
use super::opened::{Opened, Unsealing};
use super::rules::{self, Rules};
use super::session::{Access, Session};
use super::{CheckedFile, Limits, Store, StoreError};
use crate::document::Document;
use crate::files;
use crate::schema::{CheckOptions, Checker, Code, Library, Schema, SchemaError, SchemaLine, Severity, Violation};

/// How files are checked.
#[derive(Clone, Debug, Default)]
pub struct ValidateOptions {
    /// The schema for all files; else each file's `#:schema` line.
    pub schema: Option<PathBuf>,
    /// More folders in which a `$ref` to another schema is looked for.
    pub schema_folders: Vec<PathBuf>,
    /// How the check itself goes.
    pub check: CheckOptions,
    /// Limits on files.
    pub limits: Limits,
}

/// A file to be checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// A file, by its path.
    File(PathBuf),
    /// A text that was read already, from standard input.
    Text(String),
}

/// Which of a store's files are checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// All of them.
    All,
    /// Those that differ from a revision.
    ChangedSince(String),
    /// What is staged in git's index.
    Staged,
}

impl Store {
    /// Checks a store: the manifest, the schemas themselves, and the settings, with what is sealed in them where it can
    /// be opened.
    pub fn validate(
        &self,
        scope: &Scope,
        options: &ValidateOptions,
        unsealing: &Unsealing,
        progress: &dyn Fn(usize, usize),
    ) -> Result<Vec<CheckedFile>, StoreError> {
        let live = Live::open(self)?;
        let changed = match scope {
            Scope::All => None,
            Scope::ChangedSince(revision) => {
                let difference = self.diff(Some(revision), None)?;
                Some(
                    difference
                        .files
                        .into_iter()
                        .map(|file| file.path)
                        .collect::<BTreeSet<_>>(),
                )
            }
            Scope::Staged => {
                let session = Session::begin(self, Access::Read)?;
                let staged = session.history.staged(session.head)?;
                let mut drafted = std::collections::BTreeMap::new();
                for file in &staged {
                    drafted.insert(file.path.clone(), Some(session.history.read_blob(file.blob)?));
                }
                return self.validate_live(
                    &live.with(drafted),
                    Some(&staged.into_iter().map(|file| file.path).collect()),
                    options,
                    unsealing,
                    progress,
                );
            }
        };
        self.validate_live(&live, changed.as_ref(), options, unsealing, progress)
    }

    fn validate_live(
        &self,
        live: &Live<'_>,
        only: Option<&BTreeSet<String>>,
        options: &ValidateOptions,
        unsealing: &Unsealing,
        progress: &dyn Fn(usize, usize),
    ) -> Result<Vec<CheckedFile>, StoreError> {
        let wanted = |path: &str| only.is_none_or(|only| only.contains(path));
        let mut checked = Vec::new();
        let rules = match Rules::read(live.clone()) {
            Ok(rules) => rules,
            Err(StoreError::Invalid { files }) => return Ok(files),
            Err(error) => return Err(error),
        };
        if wanted(MANIFEST) {
            checked.push(check_manifest(live, &rules)?);
        }
        let mut tasks = Vec::new();
        for plugin in rules.plugins() {
            let in_force = rules.version(plugin).ok();
            for version in rules.versions(plugin)? {
                let path = schema_path(plugin, version);
                let settings = settings_path(plugin);
                let folder = self.root.join("schemas").join(plugin);
                let folders = [folder].into_iter().chain(options.schema_folders.iter().cloned());
                let library = Library::new(folders).named_from(&self.root);
                let is_current = in_force == Some(version);
                let checks_settings = is_current && wanted(&settings);
                if !(wanted(&path) || checks_settings) {
                    continue;
                }
                let text = live.read_text(&path)?.unwrap_or_default();
                match compile_whole(&path, &text, &library, options.check) {
                    Ok(compiled) if checks_settings => tasks.push((settings, compiled)),
                    Ok(_) => {}
                    Err(errors) => {
                        checked.push(broken_schema(&path, &text, &errors));
                        continue;
                    }
                }
                if wanted(&path) {
                    checked.push(CheckedFile {
                        path,
                        ..CheckedFile::default()
                    });
                }
            }
        }
        let versions = |path: &str| plugin_of(path).map(|plugin| rules.versions(plugin)).transpose();
        let mut texts = Vec::new();
        for (path, checker) in tasks {
            match live.read(&path) {
                Ok(Some(bytes)) => {
                    let versions = versions(&path)?.unwrap_or_default();
                    texts.push((path, bytes, checker, versions));
                }
                Ok(None) => checked.push(CheckedFile::missing(&path)),
                Err(StoreError::File(error)) => checked.push(CheckedFile::unreadable(&path, &error)),
                Err(error) => return Err(error),
            }
        }
        checked.extend(in_parallel(&texts, progress, |(path, bytes, checker, versions)| {
            check_text(
                path,
                files::text(path.as_ref(), bytes.clone()),
                checker,
                Some((versions, unsealing)),
            )
        }));
        checked.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(checked)
    }
}

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

pub(super) type Compiled = Result<Arc<Checker>, Vec<SchemaError>>;

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

fn compile(name: &str, text: &str, library: &Library, options: CheckOptions) -> Result<Checker, Vec<SchemaError>> {
    let schema = Schema::parse(name, text).map_err(|error| vec![error])?;
    Checker::compile(&schema, library, options)
}

/// Compiles a schema that is itself checked: a reference without an answer is an error even where no document
/// comes to it.
pub(super) fn compile_whole(name: &str, text: &str, library: &Library, options: CheckOptions) -> Compiled {
    let checker = compile(name, text, library, options)?;
    match checker.unanswered() {
        [] => Ok(Arc::new(checker)),
        missing => Err(missing.to_vec()),
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
        Ok(checker) => check_text(&path, Ok(text), &checker, None),
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

fn check_text(
    path: &str,
    text: Result<String, files::FileError>,
    checker: &Checker,
    in_store: Option<(&Vec<u32>, &Unsealing)>,
) -> CheckedFile {
    let text = match text {
        Ok(text) => text,
        Err(error) => return CheckedFile::unreadable(path, &error),
    };
    match Document::parse(text.as_str()) {
        Ok(document) => {
            let schema = checker.schema();
            let opened = match (in_store, plugin_of(path)) {
                (Some((_, unsealing)), Some(plugin)) => Opened::of(schema, plugin, &document, unsealing.keyring()),
                (None, _) | (_, None) => Opened::default(),
            };
            let mut violations = checker.check_held(&document, &|path, value| opened.held(path, value));
            if let Some((versions, unsealing)) = in_store {
                violations.extend(opened.violations(&document, unsealing));
                violations.extend(rules::check_version(&document, versions));
                violations.sort_by_key(|violation| violation.span.start);
            }
            CheckedFile::document(path, &document, schema, schema.name().to_owned(), violations)
        }
        Err(errors) => CheckedFile::syntax(path, &text, errors, &SecretNames::of(checker.schema())),
    }
}

fn check_manifest(live: &Live<'_>, rules: &Rules<'_>) -> Result<CheckedFile, StoreError> {
    let text = live.read_text(MANIFEST)?.unwrap_or_default();
    let mut violations = Vec::new();
    for plugin in rules.plugins() {
        let message = match rules.version(plugin) {
            Ok(version) if !rules.versions(plugin)?.contains(&version) => {
                format!("plugin `{plugin}` has no {}", schema_path(plugin, version))
            }
            Ok(_) => continue,
            Err(error) => error.to_string(),
        };
        let document = Document::parse(text.as_str()).ok();
        let key = crate::document::KeyPath::root().key("plugins").key(plugin);
        let span = document
            .and_then(|document| document.locate(&key))
            .map_or(0..0, |location| location.value);
        violations.push(Violation {
            key,
            ..Violation::at(Code::Manifest, &text, span, &message)
        });
    }
    Ok(CheckedFile::new(MANIFEST, &text, None, violations))
}

fn broken_schema(path: &str, text: &str, errors: &[SchemaError]) -> CheckedFile {
    let violation = |error: &SchemaError| {
        let at = if let SchemaError::NotJson { name, line, column, .. } = error
            && name == path
        {
            offset_of(text, *line, *column)
        } else {
            0
        };
        Violation::at(error.code(), text, at..at, &error.to_string())
    };
    CheckedFile::new(path, text, None, errors.iter().map(violation).collect())
}

/// Where a line and a column, both from 1, are in a text; its end where it has none such.
fn offset_of(text: &str, line: usize, column: usize) -> usize {
    let before: usize = text
        .split_inclusive('\n')
        .take(line.saturating_sub(1))
        .map(str::len)
        .sum();
    let rest = &text[before..];
    let within = rest
        .char_indices()
        .nth(column.saturating_sub(1))
        .map_or(rest.len(), |(at, _)| at);
    before + within
}

fn refused(path: &str, text: &str, violation: Violation) -> CheckedFile {
    CheckedFile::new(path, text, None, vec![violation])
}

/// Whether any of these files may not be recorded; `deny_warnings` counts warnings too.
#[must_use]
pub fn is_refused(files: &[CheckedFile], deny_warnings: bool) -> bool {
    let counts = |violation: &Violation| match violation.severity {
        Severity::Error => true,
        Severity::Warning => deny_warnings,
        Severity::Note => false,
    };
    files.iter().any(|file| file.violations.iter().any(counts))
}

/// How often progress is told.
const TICK: Duration = Duration::from_millis(100);

/// Does a thing to every item on all processors, keeping their order.
fn in_parallel<T: Sync, R: Send>(
    items: &[T],
    progress: &dyn Fn(usize, usize),
    work: impl Fn(&T) -> R + Sync,
) -> Vec<R> {
    let threads = thread::available_parallelism().map_or(1, usize::from).min(items.len());
    if threads < 2 {
        return items.iter().map(work).collect();
    }
    let next = AtomicUsize::new(0);
    let caller = thread::current();
    let share = || {
        let mut done = Vec::new();
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(item) = items.get(at) else { break };
            done.push((at, work(item)));
        }
        caller.unpark();
        done
    };
    let mut results: Vec<(usize, R)> = thread::scope(|scope| {
        let handles: Vec<_> = (0..threads).map(|_| scope.spawn(share)).collect();
        while handles.iter().any(|handle| !handle.is_finished()) {
            progress(next.load(Ordering::Relaxed).min(items.len()), items.len());
            thread::park_timeout(TICK);
        }
        let join = |handle: thread::ScopedJoinHandle<'_, _>| match handle.join() {
            Ok(results) => results,
            Err(panic) => std::panic::resume_unwind(panic),
        };
        handles.into_iter().flat_map(join).collect()
    });
    results.sort_unstable_by_key(|(at, _)| *at);
    results.into_iter().map(|(_, result)| result).collect()
}
