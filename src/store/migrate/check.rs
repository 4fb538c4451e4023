//! `migrate check`: whether the migrations of a store lead from what one schema version allows to what the next one
//! does, tried on the settings that there are and on ones that are made for it.

use indexmap::map::Entry;
use indexmap::{IndexMap, IndexSet};
use serde::Serialize;

use super::super::chain::{Chain, runs_nothing};
use super::super::custody;
use super::super::manifest::schema_path;
use super::super::session::{Access, Session};
use super::super::versions::stating;
use super::super::{Store, StoreError};
use super::trials::{self, Form, Trial};
use crate::document::{self, KeyPath};
use crate::schema::{Checker, Custody, Held};

/// What came of trying one migration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CheckedMigration {
    /// The plugin.
    pub plugin: String,
    /// The version that it begins with.
    pub from: u32,
    /// The version that it leads to.
    pub to: u32,
    /// On how many settings files it was tried, the plugin's own and those made for it.
    pub documents: usize,
    /// What is wrong with it, each once.
    pub failures: Vec<String>,
    /// The settings that the way back alone would not restore, each once: history does.
    pub losses: Vec<String>,
}

impl Store {
    /// Tries every migration there is, and says where one is missing. Steps that run a program are not tried.
    pub fn migrate_check(&self, plugin: Option<&str>) -> Result<Vec<CheckedMigration>, StoreError> {
        let session = Session::begin(self, Access::Read)?;
        if let Some(plugin) = plugin.filter(|plugin| !session.rules.has(plugin)) {
            return Err(session.rules.no_such_plugin(plugin));
        }
        let mut checked = Vec::new();
        for name in session
            .rules
            .plugins()
            .filter(|name| plugin.is_none_or(|plugin| plugin == *name))
        {
            let chain = session.rules.chain(name)?;
            let versions = session.rules.versions(name)?;
            let forms = if versions.len() > 1 {
                trials::forms(&session, name)?
            } else {
                Vec::new()
            };
            for pair in versions.windows(2) {
                if let [from, to] = pair {
                    checked.push(check_pair(&session, name, &chain, (*from, *to), &forms)?);
                }
            }
        }
        Ok(checked)
    }
}

fn check_pair(
    session: &Session<'_>,
    plugin: &str,
    chain: &Chain,
    (from, to): (u32, u32),
    forms: &[Form],
) -> Result<CheckedMigration, StoreError> {
    let mut checked = CheckedMigration {
        plugin: plugin.to_owned(),
        from,
        to,
        documents: 0,
        failures: Vec::new(),
        losses: Vec::new(),
    };
    if let Err(error) = chain.way(from, to) {
        checked.failures.push(error.to_string());
        return Ok(checked);
    }
    match chain.check_keys(&session.rules, from, to) {
        Ok(()) => {}
        Err(StoreError::Migrate(error)) => {
            checked.failures.push(error.to_string());
            return Ok(checked);
        }
        Err(error) => return Err(error),
    }
    if let Some(command) = chain.command(from, to) {
        checked.losses.push(format!("{command}, which is not done to try it"));
        return Ok(checked);
    }
    let (before, after) = (
        session.rules.checker_at(plugin, from)?,
        session.rules.checker_at(plugin, to)?,
    );
    let mut found = Found {
        plugin,
        schema: schema_path(plugin, to),
        failures: IndexMap::new(),
        losses: IndexSet::new(),
    };
    for trial in trials::trials(forms, chain, from, &before) {
        checked.documents += 1;
        found.try_on(&trial, chain, (from, to), &after);
    }
    checked
        .failures
        .extend(found.failures.into_iter().map(|(what, (first, others))| match others {
            0 => format!("{what} ({first})"),
            _ => format!("{what} ({first}, and {others} more)"),
        }));
    checked.losses.extend(found.losses);
    Ok(checked)
}

/// What was found so far, each once.
struct Found<'f> {
    plugin: &'f str,
    /// The schema that it leads to, as a file.
    schema: String,
    /// What is wrong, with the document that showed it first and how many more did.
    failures: IndexMap<String, (String, usize)>,
    losses: IndexSet<String>,
}

impl Found<'_> {
    fn try_on(&mut self, trial: &Trial, chain: &Chain, (from, to): (u32, u32), after: &Checker) {
        let migrated = match chain.lead(&trial.document, from, to, &mut runs_nothing) {
            Ok(migrated) => migrated.document,
            Err(error) => return self.fail(error.to_string(), trial),
        };
        let migrated = match stating(migrated, to) {
            Ok(migrated) => migrated,
            Err(error) => return self.fail(error.to_string(), trial),
        };
        for violation in after.check_held(&migrated, trial.custody()) {
            self.fail(
                format!("{}: {} [{}]", self.schema, violation.message, violation.code),
                trial,
            );
        }
        match chain
            .down(&migrated, to, &mut runs_nothing)
            .map(|back| stating(back.document, from))
        {
            Ok(Ok(back)) => {
                for change in document::changes(&trial.document, &back) {
                    let key = KeyPath::root().key(self.plugin).concat(&change.key);
                    self.losses.insert(key.to_string());
                }
            }
            Ok(Err(error)) => self.fail(error.to_string(), trial),
            Err(error) => {
                self.losses.insert(error.to_string());
            }
        }
    }

    fn fail(&mut self, what: String, trial: &Trial) {
        match self.failures.entry(what) {
            Entry::Occupied(mut known) => known.get_mut().1 += 1,
            Entry::Vacant(new) => {
                new.insert((trial.name.clone(), 0));
            }
        }
    }
}

impl Trial {
    /// How its secrets stand: what was made of a schema holds none.
    pub(super) fn custody(&self) -> &'static Custody<'static> {
        if self.is_made {
            &|_, value| {
                if custody::sealed_text(value).is_some() {
                    Held::Sealed
                } else {
                    Held::Open
                }
            }
        } else {
            &custody::as_stored
        }
    }
}
