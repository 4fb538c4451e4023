//! Settings and schema versions: for which one settings were written, and what they are in another.
//!
//! Settings of an earlier version than the one in force are led up in memory wherever they are read, so that a plugin
//! hears what it understands also of a file that nobody has migrated yet, or that came back from a backup. A reader runs
//! no program: where a step needs one, it says that somebody has to migrate. Settings of a later version are left alone.

use std::sync::Arc;

use super::chain::{MigrateError, runs_nothing};
use super::custody::{self, sealed_text};
use super::manifest::{schema_path, settings_path};
use super::rules::Rules;
use super::session::Session;
use super::{CheckedFile, StoreError, draft};
use crate::document::{self, Change, Document, KeyPath, Value};
use crate::files;
use crate::history::BlobId;
use crate::schema::{Code, Custody, Held, Schema, SchemaLine, Severity, StatedVersion, VERSION_KEY, Violation};

/// Settings in the schema version in force.
pub(super) struct InForce {
    pub document: Document,
    /// The earlier version that they were led up from, where their file is of one.
    pub led_from: Option<u32>,
}

/// The version that a document states. Where it states two, whoever checks it says so, and none counts.
pub(super) fn stated(document: &Document) -> Option<u32> {
    StatedVersion::of(document).ok().flatten().map(|stated| stated.version)
}

/// The version of a document: what it states, else what is in force.
pub(super) fn version_of(document: &Document, current: u32) -> u32 {
    stated(document).unwrap_or(current)
}

/// A document that states a version where it states one.
pub(super) fn stating(mut document: Document, version: u32) -> Result<Document, StoreError> {
    let key = KeyPath::root().key(VERSION_KEY);
    if StatedVersion::of_key(&document).is_some_and(|stated| stated.version != version) {
        document = document.set(&key, &Value::Integer(version.into()))?;
    }
    let Some(text) = SchemaLine::renamed(document.text(), version) else {
        return Ok(document);
    };
    // A comment with another text in it is still one.
    Ok(Document::parse(text).unwrap_or(document))
}

impl Rules<'_> {
    /// The version that settings state, where it is not the one in force.
    pub(super) fn other_version(&self, plugin: &str, document: &Document) -> Result<Option<StatedVersion>, StoreError> {
        let Ok(Some(stated)) = StatedVersion::of(document) else {
            return Ok(None);
        };
        let is_other = stated.version != self.version(plugin)?;
        Ok(Some(stated).filter(|_| is_other))
    }

    /// The schema that settings were written for, where it is here; else that in force.
    pub(super) fn schema_for(&self, plugin: &str, document: &Document) -> Result<Arc<Schema>, StoreError> {
        match self.other_version(plugin, document)? {
            Some(stated) if self.versions(plugin)?.contains(&stated.version) => self.schema_at(plugin, stated.version),
            Some(_) | None => self.schema(plugin),
        }
    }

    /// A plugin's settings as the version in force has them.
    ///
    /// # Errors
    /// [`MigrateError`] where they are of an earlier version and nothing leads up, or a program would have to be run;
    /// [`StoreError::HandEdit`] where they are of a later one.
    pub(super) fn in_force(&self, plugin: &str, document: Document) -> Result<InForce, StoreError> {
        let Some(stated) = self.other_version(plugin, &document)? else {
            let led_from = None;
            return Ok(InForce { document, led_from });
        };
        let current = self.version(plugin)?;
        if stated.version < current {
            return Ok(InForce {
                document: self.led(plugin, &document, stated.version, current)?,
                led_from: Some(stated.version),
            });
        }
        let file = self.check_other(plugin, &document, &stated, &custody::as_stored, Vec::new())?;
        Err(StoreError::HandEdit { files: vec![file] })
    }

    /// The settings of a plugin as they stand in the folder, in the version in force.
    pub(super) fn settings(&self, plugin: &str) -> Result<InForce, StoreError> {
        let path = settings_path(plugin);
        let document = draft::parse_present(&path, self.live().read(&path)?, self.live())?;
        self.in_force(plugin, document)
    }

    /// Settings of one version as another has them, as far as the steps alone can tell. No program is run.
    pub(super) fn led(&self, plugin: &str, document: &Document, from: u32, to: u32) -> Result<Document, StoreError> {
        let chain = self.chain(plugin)?;
        chain.way(from, to)?;
        if let Some(command) = chain.command(from, to) {
            return Err(command.into());
        }
        stating(chain.lead(document, from, to, &mut runs_nothing)?.document, to)
    }

    /// The sealed values of settings that have other keys in the version in force: where each stands, where it is led
    /// to, and its text, which is bound to where it stands.
    pub(super) fn moved_secrets(
        &self,
        plugin: &str,
        stored: &Document,
        in_force: &Document,
    ) -> Result<Vec<(KeyPath, KeyPath, String)>, StoreError> {
        if stored.text() == in_force.text() {
            return Ok(Vec::new());
        }
        let (old, new) = (self.schema_for(plugin, stored)?, self.schema(plugin)?);
        Ok(custody::moved(&old, &new, stored, in_force))
    }

    /// What differs in a plugin's settings, like compared with like: those of the earlier version are led up to the
    /// later one, where something leads there. Keys begin with the plugin's name, and secrets are masked.
    pub(super) fn changes(&self, plugin: &str, before: &Document, after: &Document) -> Vec<Change> {
        let led = match (stated(before), stated(after)) {
            (Some(old), Some(new)) if old < new => self.led(plugin, before, old, new).map(|led| (led, after.clone())),
            (Some(old), Some(new)) if old > new => self.led(plugin, after, new, old).map(|led| (before.clone(), led)),
            (Some(_) | None, _) => return self.changes_as_they_stand(plugin, before, after),
        };
        match led {
            Ok((before, after)) => self.changes_as_they_stand(plugin, &before, &after),
            // Nothing leads there, and what stands there differs all the same.
            Err(_) => self.changes_as_they_stand(plugin, before, after),
        }
    }

    /// Checks settings of another version than the one in force: by their own schema, and led up by that in force.
    pub(super) fn check_other(
        &self,
        plugin: &str,
        document: &Document,
        stated: &StatedVersion,
        custody: &Custody<'_>,
        mut violations: Vec<Violation>,
    ) -> Result<CheckedFile, StoreError> {
        let (current, stated_version) = (self.version(plugin)?, stated.version);
        let is_known = self.versions(plugin)?.contains(&stated_version);
        let place = |code, message: &str| Violation::at(code, document.text(), stated.span.clone(), message);
        let judge = if is_known { stated_version } else { current };
        let checker = self.checker_at(plugin, judge)?;
        if is_known {
            violations.extend(checker.check_held(document, custody));
        }
        let is_sound = violations.iter().all(|violation| violation.severity != Severity::Error);
        if stated_version > current {
            violations.push(self.ahead(plugin, document, stated, is_known)?);
        } else if is_sound {
            match self.led(plugin, document, stated_version, current) {
                Ok(led) => violations.extend(self.unfit(plugin, &led, &place)?),
                Err(StoreError::Migrate(MigrateError::Gap { .. })) if !is_known => {
                    let message =
                        format!("this file was written for schema version {stated_version}, which is not here");
                    violations.push(place(Code::VersionUnknown, &message));
                }
                Err(StoreError::Migrate(error)) => {
                    let message = format!(
                        "this file was written for schema version {stated_version}, and cannot be led to {current}: {error}"
                    );
                    let mut violation = place(Code::VersionOther, &message);
                    if matches!(error, MigrateError::Command { .. }) {
                        violation.severity = Severity::Warning;
                    }
                    violations.push(violation);
                }
                Err(error) => return Err(error),
            }
        }
        violations.sort_by_key(|violation| violation.span.start);
        Ok(CheckedFile::document(
            &settings_path(plugin),
            document,
            checker.schema(),
            schema_path(plugin, judge),
            violations,
        ))
    }

    /// What the schema in force says of settings that were led up to it; at least that they were.
    fn unfit(
        &self,
        plugin: &str,
        led: &Document,
        place: &dyn Fn(Code, &str) -> Violation,
    ) -> Result<Vec<Violation>, StoreError> {
        let current = self.version(plugin)?;
        // Whether its secrets stand sealed was asked by its own schema.
        let held = |_: &KeyPath, value: &Value| match sealed_text(value) {
            Some(_) => Held::Sealed,
            None => Held::Open,
        };
        let mut found = self.checker(plugin)?.check_held(led, &held);
        found.retain(|violation| violation.severity == Severity::Error);
        if found.is_empty() {
            let message =
                format!("this file was written for an earlier schema version than {current}, which is in force");
            let severity = Severity::Warning;
            return Ok(vec![Violation {
                severity,
                ..place(Code::VersionOther, &message)
            }]);
        }
        let unfit = found.into_iter().map(|violation| Violation {
            key: violation.key,
            schema: violation.schema,
            allowed: violation.allowed,
            ..place(
                Code::VersionOther,
                &format!("led to schema version {current}, {}", violation.message),
            )
        });
        Ok(unfit.collect())
    }

    /// That settings are of a later version than the one in force, and what would fit.
    fn ahead(
        &self,
        plugin: &str,
        document: &Document,
        stated: &StatedVersion,
        is_known: bool,
    ) -> Result<Violation, StoreError> {
        let (current, version) = (self.version(plugin)?, stated.version);
        let at = |code, message: &str| Violation::at(code, document.text(), stated.span.clone(), message);
        if is_known {
            let message = format!("this file was written for schema version {version}, and {current} is in force");
            return Ok(at(Code::VersionOther, &message));
        }
        let message = format!("this file was written for schema version {version}, which is not here");
        let fits = self.last_that_fits(plugin, document)?;
        Ok(Violation {
            allowed: fits,
            ..at(Code::VersionUnknown, &message)
        })
    }

    /// Names the last revision whose settings of a plugin are of a version that is here, and what brings them back.
    /// Nothing where there is none, or no history: then it cannot be offered.
    fn last_that_fits(&self, plugin: &str, document: &Document) -> Result<Option<String>, StoreError> {
        let Ok(Some(session)) = Session::last_known(self.live().store()) else {
            return Ok(None);
        };
        let (path, versions) = (settings_path(plugin), self.versions(plugin)?);
        let fits = |blob: BlobId| -> Result<bool, StoreError> {
            let bytes = session.history.read_blob(blob)?;
            let earlier = files::text(path.as_ref(), bytes).ok().map(Document::parse);
            let Some(Ok(earlier)) = earlier else { return Ok(false) };
            let stated = StatedVersion::of(&earlier);
            Ok(stated.is_ok_and(|stated| stated.is_none_or(|stated| versions.contains(&stated.version))))
        };
        let mut seen = None;
        for revision in session.history.log(session.head) {
            let revision = revision?;
            let Some(blob) = session.history.blob(revision.id, &path)? else {
                continue;
            };
            if seen.replace(blob) == Some(blob) || !fits(blob)? {
                continue;
            }
            let id = revision.id.short();
            let head = session.history.blob(session.head, &path)?;
            let back = if head == Some(BlobId::of(document.text().as_bytes())?) {
                format!(": `valvecfg rollback {id} --plugin {plugin}`")
            } else if head == Some(blob) {
                // Nobody has recorded what stands in the folder.
                format!(": `git checkout -- {path}`")
            } else {
                String::new()
            };
            return Ok(Some(format!("the last revision that fits is {id}{back}")));
        }
        Ok(None)
    }

    /// What differs in a plugin's settings, whatever versions they are of. Keys begin with the plugin's name, and
    /// secrets are masked.
    pub(super) fn changes_as_they_stand(&self, plugin: &str, before: &Document, after: &Document) -> Vec<Change> {
        self.masked(plugin, document::changes(before, after))
            .map(|change| {
                let key = KeyPath::root().key(plugin).concat(&change.key);
                Change { key, ..change }
            })
            .collect()
    }
}
