//! `validate`: a whole store, or any TOML files, checked without changing anything.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use super::chain;
use super::checked::SecretNames;
use super::live::Live;
use super::manifest::{MANIFEST, plugin_of, schema_path, settings_path};
use super::opened::{Opened, Unsealing};
use super::parallel::in_parallel;
use super::rules::Rules;
use super::session::{Access, Session};
use super::{CheckedFile, Limits, Store, StoreError};
use crate::document::Document;
use crate::files;
use crate::schema::{CheckOptions, Checker, Code, Library, Schema, SchemaError, Severity, StatedVersion, Violation};

mod loose;

pub use loose::validate_files;

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
        for (plugin, path) in chain::migrations(live)?.into_iter().filter(|(_, path)| wanted(path)) {
            checked.push(check_migration(live, &plugin, &path)?);
        }
        let mut tasks = Vec::new();
        for plugin in rules.plugins() {
            let in_force = rules.version(plugin).ok();
            for version in rules.versions(plugin)?.iter().copied() {
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
        let mut texts = Vec::new();
        for (path, checker) in tasks {
            match live.read(&path) {
                Ok(Some(bytes)) => {
                    let plugin = plugin_of(&path).unwrap_or_default();
                    let version = rules.version(plugin)?;
                    texts.push(Task {
                        path,
                        bytes,
                        checker,
                        version,
                    });
                }
                Ok(None) => checked.push(CheckedFile::missing(&path)),
                Err(StoreError::File(error)) => checked.push(CheckedFile::unreadable(&path, &error)),
                Err(error) => return Err(error),
            }
        }
        let outcomes = in_parallel(&texts, progress, |task| task.check(unsealing));
        for (task, outcome) in texts.iter().zip(outcomes) {
            checked.push(match outcome {
                Ok(file) => file,
                Err(document) => check_other(&rules, task.plugin(), &document, unsealing)?,
            });
        }
        checked.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(checked)
    }
}

/// A plugin's settings, and the schema in force for them.
struct Task {
    path: String,
    bytes: Vec<u8>,
    checker: Arc<Checker>,
    version: u32,
}

impl Task {
    fn plugin(&self) -> &str {
        // Tasks are made of settings files alone.
        plugin_of(&self.path).unwrap_or_default()
    }

    /// Checks the settings, or answers with them where they are of another version, which this schema does not judge.
    fn check(&self, unsealing: &Unsealing) -> Result<CheckedFile, Document> {
        let text = files::text(self.path.as_ref(), self.bytes.clone());
        let document = match parse_text(&self.path, text, &self.checker) {
            Ok(document) => document,
            Err(file) => return Ok(file),
        };
        let stated = StatedVersion::of(&document);
        if matches!(&stated, Ok(Some(stated)) if stated.version != self.version) {
            return Err(document);
        }
        let schema = self.checker.schema();
        let opened = Opened::of(schema, self.plugin(), &document, unsealing.keyring());
        let mut violations = self
            .checker
            .check_held(&document, &|path, value| opened.held(path, value));
        violations.extend(opened.violations(&document, unsealing));
        violations.extend(stated.err().map(|violation| *violation));
        violations.sort_by_key(|violation| violation.span.start);
        let name = schema.name().to_owned();
        Ok(CheckedFile::document(&self.path, &document, schema, name, violations))
    }
}

/// Checks settings of another version than the one in force, with what is sealed in them.
fn check_other(
    rules: &Rules<'_>,
    plugin: &str,
    document: &Document,
    unsealing: &Unsealing,
) -> Result<CheckedFile, StoreError> {
    let schema = rules.schema_for(plugin, document)?;
    let opened = Opened::of(&schema, plugin, document, unsealing.keyring());
    let found = opened.violations(document, unsealing);
    rules.check_with(plugin, document, &|path, value| opened.held(path, value), found)
}

pub(super) type Compiled = Result<Arc<Checker>, Vec<SchemaError>>;

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

/// A document, or what keeps a text from being one.
fn parse_text(path: &str, text: Result<String, files::FileError>, checker: &Checker) -> Result<Document, CheckedFile> {
    let text = text.map_err(|error| CheckedFile::unreadable(path, &error))?;
    Document::parse(text.as_str())
        .map_err(|errors| CheckedFile::syntax(path, &text, errors, &SecretNames::of(checker.schema())))
}

fn check_migration(live: &Live<'_>, plugin: &str, path: &str) -> Result<CheckedFile, StoreError> {
    let text = match live.read_text(path) {
        Ok(text) => text.unwrap_or_default(),
        Err(StoreError::File(error)) => return Ok(CheckedFile::unreadable(path, &error)),
        Err(error) => return Err(error),
    };
    let error = chain::parse(plugin, path, &text).err();
    let broken = error.map(|error| Violation::at(Code::Migration, &text, error.span, &error.message));
    Ok(CheckedFile::new(path, &text, None, broken.into_iter().collect()))
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
