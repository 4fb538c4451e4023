//! The migrations of one plugin as they stand in the store, and the way from one schema version to another.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value as Json;
use thiserror::Error;

use super::StoreError;
use super::live::Live;
use super::rules::Rules;
use crate::document::{Document, KeyPath, Value, line_column};
use crate::migration::{Left, Migrated, Migration, MigrationError, Runner, Stated, StepError, apply_all};
use crate::schema::{SchemaLine, VERSION_KEY};

/// Why settings were not migrated.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum MigrateError {
    /// A migration cannot be read.
    #[error("{path}:{line}:{column}: {message}")]
    Malformed {
        /// Its file, from the store's folder.
        path: String,
        /// The line, from 1.
        line: usize,
        /// The column, from 1.
        column: usize,
        /// What is wrong.
        message: String,
    },
    /// No migration leads from one version to the next.
    #[error("no migration leads from version {from} of `{plugin}` to {to}: there is no {path}")]
    Gap {
        /// The plugin.
        plugin: String,
        /// The version that it begins with.
        from: u32,
        /// The version that it should lead to.
        to: u32,
        /// The file that should be there.
        path: String,
    },
    /// A person has to decide something first.
    #[error("{path}:{line}: still to be decided: {question}")]
    Undecided {
        /// The migration, from the store's folder.
        path: String,
        /// The line of the step.
        line: usize,
        /// What is to be decided.
        question: String,
    },
    /// A step runs a program, and nobody has allowed that.
    #[error("{path}:{line}: a program is to be run: `{command}`")]
    Command {
        /// The migration, from the store's folder.
        path: String,
        /// The line of the step.
        line: usize,
        /// The program and its arguments.
        command: String,
    },
    /// A step cannot be done.
    #[error("{path}:{line}: step {step} cannot be done to `{key}`: {reason}")]
    Step {
        /// The migration, from the store's folder.
        path: String,
        /// The line of the step.
        line: usize,
        /// Its number, from 1.
        step: usize,
        /// The setting, with the plugin's name.
        key: KeyPath,
        /// Why not.
        reason: String,
    },
    /// Each schema version has a migration that leads to the next.
    #[error("there is a migration of `{plugin}` from each schema version to the next already")]
    NothingToDraft {
        /// The plugin.
        plugin: String,
    },
    /// A schema says that it is of another version than the one that it would become.
    #[error("this schema says that its `schema_version` is {stated}, and the next one of `{plugin}` is {next}")]
    OtherVersion {
        /// The plugin.
        plugin: String,
        /// What the schema says.
        stated: String,
        /// The version that comes next.
        next: u32,
    },
    /// A schema that is there already.
    #[error("this schema is version {version} of `{plugin}` already")]
    SameSchema {
        /// The plugin.
        plugin: String,
        /// Its version.
        version: u32,
    },
    /// Settings were written for a version of which there is no schema.
    #[error("the settings of `{plugin}` were written for schema version {version}, which is not here")]
    NoSchema {
        /// The plugin.
        plugin: String,
        /// The version.
        version: u32,
    },
}

/// A plugin's migrations, by the version that each begins with.
#[derive(Debug, Default)]
pub(super) struct Chain {
    plugin: String,
    links: BTreeMap<u32, Link>,
}

#[derive(Debug)]
struct Link {
    path: String,
    text: String,
    migration: Arc<Migration>,
}

/// Runs no program: for who only looks, or has not said that one may be run. Whether one is needed was asked before.
pub(super) fn runs_nothing(command: &[String], _: u64, _: &Json) -> Result<Json, String> {
    Err(format!("`{}` is not run here", command.join(" ")))
}

/// Where a migration stands, from the store's folder.
pub(super) fn migration_path(plugin: &str, from: u32) -> String {
    format!("migrations/{plugin}/{from}-to-{}.toml", u64::from(from) + 1)
}

/// The migrations that stand in the store, each with its plugin.
pub(super) fn migrations(live: &Live<'_>) -> Result<Vec<(String, String)>, StoreError> {
    let mut found = Vec::new();
    for plugin in live.folders("migrations")? {
        let names = live.names(&format!("migrations/{plugin}"), ".toml")?;
        let place = |name: &String| (plugin.clone(), format!("migrations/{plugin}/{name}.toml"));
        found.extend(names.iter().map(place));
    }
    Ok(found)
}

/// Reads a migration, whose name must say from where it leads.
pub(super) fn parse(plugin: &str, path: &str, text: &str) -> Result<Migration, MigrationError> {
    let migration = Migration::parse(text)?;
    check_name(plugin, path, &migration)?;
    Ok(migration)
}

fn check_name(plugin: &str, path: &str, migration: &Migration) -> Result<(), MigrationError> {
    let wanted = migration_path(plugin, migration.from);
    if path == wanted {
        return Ok(());
    }
    let (from, to) = (migration.from, migration.to);
    Err(MigrationError {
        message: format!("it leads from {from} to {to}, so its name must be {wanted}"),
        span: 0..0,
    })
}

impl Chain {
    /// Reads the migrations of a plugin.
    pub(super) fn read(plugin: &str, rules: &Rules<'_>) -> Result<Self, StoreError> {
        let live = rules.live();
        let folder = format!("migrations/{plugin}");
        let mut links: BTreeMap<u32, Link> = BTreeMap::new();
        for name in live.names(&folder, ".toml")? {
            let path = format!("{folder}/{name}.toml");
            let text = live.read_text(&path)?.unwrap_or_default();
            let malformed = |error: MigrationError| {
                let place = line_column(&text, error.span.start);
                MigrateError::Malformed {
                    path: path.clone(),
                    line: place.0,
                    column: place.1,
                    message: error.message,
                }
            };
            let read = rules.migrations.get_or(&text, || {
                let migration = Migration::parse(&text).map_err(malformed)?;
                Ok(Arc::new(migration))
            })?;
            check_name(plugin, &path, &read).map_err(malformed)?;
            let migration = super::declared::resolved(read, &text, plugin, rules)?;
            links.insert(migration.from, Link { path, text, migration });
        }
        Ok(Self {
            plugin: plugin.to_owned(),
            links,
        })
    }

    /// That every migration of the way is there and decided.
    pub(super) fn way(&self, from: u32, to: u32) -> Result<(), MigrateError> {
        for at in from.min(to)..from.max(to) {
            let link = self.link(at)?;
            if let Some((numbered, decide)) = link.migration.open_decisions().next() {
                return Err(MigrateError::Undecided {
                    path: link.path.clone(),
                    line: line_column(&link.text, numbered.span.start).0,
                    question: decide.decide.clone(),
                });
            }
        }
        Ok(())
    }

    /// The plugin.
    pub(super) fn plugin(&self) -> &str {
        &self.plugin
    }

    /// The migrations between two versions, each with its file and the text in it.
    pub(super) fn links(&self, from: u32, to: u32) -> impl Iterator<Item = (&str, &str, &Migration)> {
        let links = self.links.range(from.min(to)..from.max(to));
        links.map(|(_, link)| (link.path.as_str(), link.text.as_str(), &*link.migration))
    }

    /// Whether there is a migration from a version to the next.
    pub(super) fn leads_from(&self, from: u32) -> bool {
        self.links.contains_key(&from)
    }

    /// The first program that must run on the way, as the error that it is where nobody has allowed it.
    pub(super) fn command(&self, from: u32, to: u32) -> Option<MigrateError> {
        let mut links = self.links.range(from.min(to)..from.max(to));
        links.find_map(|(_, link)| {
            let (numbered, command) = link.migration.commands().next()?;
            Some(MigrateError::Command {
                path: link.path.clone(),
                line: line_column(&link.text, numbered.span.start).0,
                command: command.command.join(" "),
            })
        })
    }

    /// Settings of one version as another has them, without what only history knows. On the way up, their
    /// `schema_version` and their `#:schema` line go with them.
    pub(super) fn lead(
        &self,
        document: &Document,
        from: u32,
        to: u32,
        run: &mut Runner<'_>,
    ) -> Result<Migrated, MigrateError> {
        if from < to {
            let links = (from..to).map(|at| self.link(at)).collect::<Result<Vec<_>, _>>()?;
            let migrations: Vec<&Migration> = links.iter().map(|link| &*link.migration).collect();
            let says = Stated {
                key: &KeyPath::root().key(VERSION_KEY),
                value: &Value::Integer(to.into()),
                respell: &|text| SchemaLine::renamed(text, to),
            };
            let led = apply_all(&migrations, document, &says, run);
            return led.map_err(|(place, error)| self.stuck(links[place], error));
        }
        let mut led = Migrated {
            document: document.clone(),
            losses: Vec::new(),
        };
        for at in (to + 1..=from).rev() {
            let step = self.down(&led.document, at, run)?;
            led.document = step.document;
            led.losses.extend(step.losses);
        }
        Ok(led)
    }

    /// Settings of a version as the one before it has them, without what only history knows.
    pub(super) fn down(&self, document: &Document, from: u32, run: &mut Runner<'_>) -> Result<Migrated, MigrateError> {
        let link = self.link(from.saturating_sub(1))?;
        let migrated = link.migration.undo(document, run);
        migrated.map_err(|error| self.stuck(link, error))
    }

    /// The same as far as the inverses of its steps go; what has none stays, and is told with the error that it would be.
    pub(super) fn down_where_possible(
        &self,
        document: &Document,
        from: u32,
        run: &mut Runner<'_>,
    ) -> Result<(Document, Vec<Left>), MigrateError> {
        let link = self.link(from.saturating_sub(1))?;
        let mut left = Vec::new();
        let undone = link.migration.undo_where_possible(document, &mut left, run);
        let undone = undone.map_err(|error| self.stuck(link, error))?;
        Ok((undone.document, left))
    }

    /// Why a version cannot be left where something has no way back.
    pub(super) fn no_way_back(&self, left: Left, from: u32) -> MigrateError {
        match self.link(from.saturating_sub(1)) {
            Ok(link) => self.stuck(link, left.error),
            Err(gap) => gap,
        }
    }

    fn link(&self, from: u32) -> Result<&Link, MigrateError> {
        self.links.get(&from).ok_or_else(|| MigrateError::Gap {
            plugin: self.plugin.clone(),
            from,
            to: from.saturating_add(1),
            path: migration_path(&self.plugin, from),
        })
    }

    fn stuck(&self, link: &Link, error: StepError) -> MigrateError {
        MigrateError::Step {
            path: link.path.clone(),
            line: line_column(&link.text, error.span.start).0,
            step: error.step,
            key: KeyPath::root().key(self.plugin.as_str()).concat(&error.key),
            reason: error.reason,
        }
    }
}
