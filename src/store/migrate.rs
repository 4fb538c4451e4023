//! `migrate`: settings of one schema version as those of another, and the manifest with them.
//!
//! The way up is that of the steps. The way down begins where the settings came up: what they were before stands in
//! history, and only what has changed since then is led back through the inverses of the steps. So what a step dropped
//! comes back with its comments, and settings that nobody has touched become the very bytes that they were.

use std::sync::Arc;

use serde::Serialize;
use serde_json::Value as Json;

use super::chain::{Chain, MigrateError};
use super::draft::{self, ByHand, Draft, Found};
use super::manifest::{MANIFEST, schema_path, settings_path};
use super::parallel::in_parallel;
use super::plan::{Intent, Outcome};
use super::plugin::edit_manifest;
use super::restore::Earlier;
use super::rules::Rules;
use super::session::{Access, Session};
use super::versions::{stating, version_of};
use super::{Store, StoreError};
use crate::document::{Document, KeyPath, Value};
use crate::history::BlobId;
use crate::migration::{Migration, Numbered};

mod check;
mod led;
mod run;
mod trials;

pub use check::CheckedMigration;

/// How far a plugin's settings are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MigrationStatus {
    /// The plugin.
    pub plugin: String,
    /// The schema version of its settings: what they say themselves, else that in force.
    pub version: u32,
    /// The schema version in force.
    pub current: u32,
    /// The newest schema version that is there.
    pub newest: u32,
    /// The migrations that lead to the newest one.
    pub ahead: Vec<MigrationAhead>,
    /// What keeps them from being used, if anything does.
    pub trouble: Option<String>,
}

/// A migration that is still to be done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MigrationAhead {
    /// Its file, from the store's folder.
    pub file: String,
    /// Its steps, each by its verb and the setting that it is about: `rename threshold`.
    pub steps: Vec<String>,
}

impl Store {
    /// How far the settings of each plugin are.
    pub fn migrate_status(&self) -> Result<Vec<MigrationStatus>, StoreError> {
        let session = Session::begin(self, Access::Read)?;
        let mut rows = Vec::new();
        for plugin in session.rules.plugins() {
            let path = settings_path(plugin);
            let document = draft::parse_present(&path, session.live.read(&path)?, &session.live)?;
            let current = session.rules.version(plugin)?;
            let version = version_of(&document, current);
            let newest = session.rules.versions(plugin)?.last().copied().unwrap_or(current);
            let chain = session.rules.chain(plugin);
            let way = chain.and_then(|chain| {
                let newest = newest.max(version);
                chain.way(version, newest)?;
                chain.check_keys(&session.rules, version, newest)?;
                Ok(chain.links(version, newest).map(ahead).collect())
            });
            let (ahead, trouble) = match way {
                Ok(ahead) => (ahead, None),
                Err(StoreError::Migrate(error)) => (Vec::new(), Some(error.to_string())),
                Err(error) => return Err(error),
            };
            rows.push(MigrationStatus {
                plugin: plugin.to_owned(),
                version,
                current,
                newest,
                ahead,
                trouble,
            });
        }
        Ok(rows)
    }

    /// Brings the settings of a plugin, or of all, to a schema version, or to the newest that is there, and puts that
    /// version in force: all in one revision, or none. Steps that run a program are done only where `runs` allows it:
    /// they may have come from elsewhere. `progress` is told how many of how many plugins are done.
    pub fn migrate(
        &self,
        plugin: Option<&str>,
        to: Option<u32>,
        runs: bool,
        intent: &Intent,
        progress: &dyn Fn(usize, usize),
    ) -> Result<Outcome, StoreError> {
        let mut warnings = Vec::new();
        let mut outcome = self.change("migrate", intent, &mut |draft| {
            warnings.clear();
            let session = draft.session();
            let chosen: Vec<String> = match plugin {
                Some(plugin) if !session.rules.has(plugin) => return Err(session.rules.no_such_plugin(plugin)),
                Some(plugin) => vec![plugin.to_owned()],
                None => session.rules.plugins().map(str::to_owned).collect(),
            };
            let asked = Asked {
                to,
                runs,
                dry_run: intent.dry_run,
            };
            let rules = &session.rules;
            let led = in_parallel(&chosen, progress, |plugin| {
                let task = Task::read(rules, plugin, &asked)?;
                let led = task.as_ref().map(|task| task.lead(rules)).transpose()?;
                Ok::<_, StoreError>(task.zip(led))
            });
            let mut versions = Vec::with_capacity(chosen.len());
            for led in led {
                let Some((task, led)) = led? else { continue };
                let led = match led {
                    Led::To(document) => Some(document),
                    Led::By(chain) => task.lead_by_hand(session, &chain, &asked, &mut warnings)?,
                };
                let (plugin, to) = (task.plugin, task.to);
                task.take_up(draft)?;
                if let Some(document) = led {
                    draft.put_stored(plugin, document)?;
                    versions.push((plugin, to));
                }
            }
            put_in_force(draft, &versions)
        })?;
        outcome.warnings.extend(warnings);
        Ok(outcome)
    }

    /// Says that a plugin's settings are of a schema version already, and puts that version in force. They must fit it.
    pub fn migrate_stamp(&self, plugin: &str, version: u32, intent: &Intent) -> Result<Outcome, StoreError> {
        self.change("migrate stamp", intent, &mut |draft| {
            let session = draft.session();
            if !session.rules.versions(plugin)?.contains(&version) {
                let plugin = plugin.to_owned();
                return Err(MigrateError::NoSchema { plugin, version }.into());
            }
            let stated = stating(draft.stored(plugin)?, version)?;
            // What stands there may fit this version alone.
            draft.file(&settings_path(plugin))?.by_hand = ByHand::Superseded;
            draft.put_stored(plugin, stated)?;
            put_in_force(draft, &[(plugin, version)])
        })
    }
}

fn ahead((file, _, migration): (&str, &str, &Migration)) -> MigrationAhead {
    let told = |numbered: &Numbered| match numbered.step.keys().first() {
        Some(key) => format!("{} {key}", numbered.step.verb()),
        None => numbered.step.verb().to_owned(),
    };
    MigrationAhead {
        file: file.to_owned(),
        steps: migration.steps.iter().map(told).collect(),
    }
}

/// What is asked of a migration.
struct Asked {
    to: Option<u32>,
    runs: bool,
    dry_run: bool,
}

/// Settings that are to come to a version.
struct Task<'t> {
    plugin: &'t str,
    document: Document,
    from: u32,
    to: u32,
    /// The file that they stand in.
    file: Found,
    /// Those that say what they become, each with the id of what stands there.
    beside: Vec<(String, Option<BlobId>)>,
}

/// What came of a task.
enum Led {
    /// The settings in the other version.
    To(Document),
    /// It takes a program, or history; these are its steps.
    By(Arc<Chain>),
}

impl<'t> Task<'t> {
    /// Reads a plugin's settings, and all that is recorded with them: on any thread. Nothing where they cannot come to
    /// any version.
    fn read(rules: &Rules<'_>, plugin: &'t str, asked: &Asked) -> Result<Option<Self>, StoreError> {
        let live = rules.live();
        let current = rules.version(plugin)?;
        let versions = rules.versions(plugin)?;
        let to = asked.to.or_else(|| versions.last().copied()).unwrap_or(current);
        if !versions.contains(&to) {
            let plugin = plugin.to_owned();
            return Err(MigrateError::NoSchema { plugin, version: to }.into());
        }
        let file = Found::read(settings_path(plugin), live)?;
        let document = file.settings(live)?;
        let from = version_of(&document, current);
        if from > to && !versions.contains(&from) {
            // Of a version that is not here, nothing is known.
            rules.in_force(plugin, document)?;
            return Ok(None);
        }
        // Steps or a schema that somebody has just written are recorded with what they did.
        let chain = rules.chain(plugin)?;
        let links = chain.links(from, to);
        let texts = links.map(|(path, text, _)| Ok((path.to_owned(), Some(BlobId::of(text.as_bytes())?))));
        let mut beside = texts.collect::<Result<Vec<_>, StoreError>>()?;
        let schema = Found::read(schema_path(plugin, to), live)?;
        beside.push((schema.path, schema.blob));
        Ok(Some(Self {
            plugin,
            document,
            from,
            to,
            file,
            beside,
        }))
    }

    /// Gives the draft what was read.
    fn take_up(self, draft: &mut Draft<'_, '_>) -> Result<(), StoreError> {
        for (path, blob) in &self.beside {
            draft.take_up_beside(path, *blob)?;
        }
        draft.take_up_settings(self.plugin, self.file, self.document)
    }

    /// Leads the settings as far as the steps alone can: on any thread.
    fn lead(&self, rules: &Rules<'_>) -> Result<Led, StoreError> {
        let chain = rules.chain(self.plugin)?;
        chain.way(self.from, self.to)?;
        chain.check_keys(rules, self.from, self.to)?;
        if self.from > self.to || chain.command(self.from, self.to).is_some() {
            return Ok(Led::By(chain));
        }
        let led = rules.led(self.plugin, &self.document, self.from, self.to)?;
        Ok(Led::To(led))
    }

    /// Leads them with history and programs; nothing where only a program could tell, and it is not to be run.
    fn lead_by_hand(
        &self,
        session: &Session<'_>,
        chain: &Chain,
        asked: &Asked,
        warnings: &mut Vec<String>,
    ) -> Result<Option<Document>, StoreError> {
        let (from, to) = (self.from, self.to);
        if let Some(command) = chain.command(from, to) {
            if asked.dry_run {
                warnings.push(format!("{command}; it is not run to look ahead"));
                return Ok(None);
            }
            if !asked.runs {
                return Err(command.into());
            }
        }
        let way = Way {
            session,
            plugin: self.plugin,
            chain,
        };
        let led = if from < to {
            way.chain.lead(&self.document, from, to, &mut way.runner())?.document
        } else {
            way.down(self.document.clone(), from, to, warnings)?
        };
        stating(led, to).map(Some)
    }
}

/// The migrations of one plugin, and the history that the way down looks into.
struct Way<'w, 's> {
    session: &'w Session<'s>,
    plugin: &'w str,
    chain: &'w Chain,
}

impl Way<'_, '_> {
    /// Runs the programs that a migration names, in the store's folder.
    fn runner(&self) -> impl FnMut(&[String], u64, &Json) -> Result<Json, String> {
        let root = &self.session.store.root;
        move |command, seconds, settings| run::run(command, seconds, settings, root)
    }

    fn down(
        &self,
        mut document: Document,
        mut from: u32,
        to: u32,
        warnings: &mut Vec<String>,
    ) -> Result<Document, StoreError> {
        while from > to {
            if let Some(crossing) = self.crossing(from, to)? {
                document = self.led_back(&document, from, &crossing)?;
                from = crossing.version;
                continue;
            }
            let undone = self.chain.down(&document, from, &mut self.runner())?;
            for loss in undone.losses {
                let key = KeyPath::root().key(self.plugin).concat(&loss.key);
                warnings.push(format!("`{key}` is not kept in version {}", from - 1));
            }
            document = undone.document;
            from -= 1;
        }
        Ok(document)
    }

    /// Settings as they were before they came up, with what has changed since.
    fn led_back(&self, document: &Document, from: u32, crossing: &Crossing) -> Result<Document, StoreError> {
        if document.text() == crossing.after.text() {
            return Ok(crossing.before.clone());
        }
        led::led_back(self, document, from, crossing)
    }

    /// The last revision that brought the settings up to a version, from one not below `to`.
    fn crossing(&self, from: u32, to: u32) -> Result<Option<Crossing>, StoreError> {
        let path = settings_path(self.plugin);
        for revision in self.session.history.log(self.session.head) {
            let revision = revision?;
            let Some(parent) = revision.parent else { continue };
            let is_changed = |path: &str| -> Result<bool, StoreError> {
                let history = &self.session.history;
                Ok(history.blob(parent, path)? != history.blob(revision.id, path)?)
            };
            // Where no step had anything to do, only the manifest tells that they came up.
            if !is_changed(&path)? && !is_changed(MANIFEST)? {
                continue;
            }
            let at = |id| -> Result<Option<(Document, u32)>, StoreError> {
                let earlier = Earlier::read(self.session, id)?;
                let Some(document) = earlier.document(self.plugin)? else {
                    return Ok(None);
                };
                let version = earlier.version(self.plugin, &document)?;
                Ok(version.map(|version| (document, version)))
            };
            let (Some((before, old)), Some((after, new))) = (at(parent)?, at(revision.id)?) else {
                continue;
            };
            if new == from && (to..from).contains(&old) {
                return Ok(Some(Crossing {
                    before,
                    after,
                    version: old,
                }));
            }
        }
        Ok(None)
    }
}

/// A revision that brought settings up.
struct Crossing {
    before: Document,
    after: Document,
    /// The version of `before`.
    version: u32,
}

/// Says in the manifest which schema versions are in force: all at once, since a store may have thousands of plugins.
pub(super) fn put_in_force(draft: &mut Draft<'_, '_>, versions: &[(&str, u32)]) -> Result<(), StoreError> {
    let plugins = &draft.session().rules.manifest().plugins;
    let is_said = |plugin: &str, version| {
        let entry = plugins.get(plugin);
        entry.and_then(|entry| entry.schema_version) == Some(version)
    };
    let mut versions: Vec<(&str, u32)> = versions.to_vec();
    versions.retain(|(plugin, version)| !is_said(plugin, *version));
    if versions.is_empty() {
        return Ok(());
    }
    edit_manifest(draft, |manifest| {
        let mut rewrite = manifest.rewrite();
        for (plugin, version) in &versions {
            let key = KeyPath::root().key("plugins").key(*plugin).key("schema-version");
            rewrite.set(&key, &Value::Integer((*version).into()))?;
        }
        Ok(rewrite.finish()?)
    })
}
