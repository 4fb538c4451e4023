//! `migrate check`: whether the migrations of a store lead from what one schema version allows to what the next one
//! does, tried on the settings that there are and on ones that are made for it.

use serde::Serialize;

use super::super::chain::Chain;
use super::super::manifest::{schema_path, settings_path};
use super::super::session::{Access, Session};
use super::super::versions::{stating, version_of};
use super::super::{Store, StoreError, draft};
use super::run;
use crate::document::{self, Document, KeyPath, Value};
use crate::schema::{Annotation, Checker, Kind, VERSION_KEY};

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

/// What a document is tried on.
struct Trial<'t> {
    plugin: &'t str,
    chain: &'t Chain,
    from: u32,
    before: &'t Checker,
    after: &'t Checker,
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
            for pair in versions.windows(2) {
                if let [from, to] = pair {
                    checked.push(check_pair(&session, name, &chain, *from, *to)?);
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
    from: u32,
    to: u32,
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
    let trial = Trial {
        plugin,
        chain,
        from,
        before: &before,
        after: &after,
    };
    let mut documents = trial.own(session)?;
    if let Ok(skeleton) = Document::parse(before.schema().skeleton()) {
        documents.push(skeleton);
    }
    let made: Vec<Document> = documents.iter().flat_map(|document| trial.variants(document)).collect();
    documents.extend(made);
    for document in documents {
        if before
            .check_held(&document, &super::super::custody::as_stored)
            .is_empty()
        {
            checked.documents += 1;
            trial.run(&document, session, &mut checked);
        }
    }
    Ok(checked)
}

impl Trial<'_> {
    /// The plugin's settings, if they are of this version or of an earlier one that leads here.
    fn own(&self, session: &Session<'_>) -> Result<Vec<Document>, StoreError> {
        let path = settings_path(self.plugin);
        let Some(bytes) = session.live.read(&path)? else {
            return Ok(Vec::new());
        };
        let mut document = draft::parse(&path, bytes, &session.live)?;
        let version = version_of(&document, session.rules.version(self.plugin)?);
        if version > self.from {
            return Ok(Vec::new());
        }
        for version in version..self.from {
            match self.chain.up(&document, version, &mut |_, _, _| Err(String::new())) {
                Ok(migrated) => document = migrated.document,
                Err(_) => return Ok(Vec::new()),
            }
        }
        Ok(vec![stating(&document, self.from)?])
    }

    /// The same settings with one of them at the edge of what it may be, each in turn.
    fn variants(&self, document: &Document) -> Vec<Document> {
        let stated = KeyPath::root().key(VERSION_KEY);
        let settings = self
            .before
            .schema()
            .settings()
            .into_iter()
            .filter(|(key, _)| *key != stated);
        let mut made = Vec::new();
        for (key, annotation) in settings {
            made.extend(document.unset(&key).ok());
            let values = candidates(&annotation).into_iter();
            made.extend(values.filter_map(|value| document.set(&key, &value).ok()));
        }
        made
    }

    fn run(&self, document: &Document, session: &Session<'_>, checked: &mut CheckedMigration) {
        let note = |list: &mut Vec<String>, what: String| {
            if !list.contains(&what) {
                list.push(what);
            }
        };
        let root = &session.store.root;
        let mut runner = |command: &[String], seconds: u64, settings: &_| run::run(command, seconds, settings, root);
        let migrated = match self.chain.up(document, self.from, &mut runner) {
            Ok(migrated) => migrated.document,
            Err(error) => return note(&mut checked.failures, error.to_string()),
        };
        let Ok(migrated) = stating(&migrated, checked.to) else {
            return;
        };
        let schema = schema_path(self.plugin, checked.to);
        for violation in self.after.check_held(&migrated, &super::super::custody::as_stored) {
            note(
                &mut checked.failures,
                format!("{schema}: {} [{}]", violation.message, violation.code),
            );
        }
        let back = self.chain.down(&migrated, checked.to, &mut runner);
        match back.map(|back| stating(&back.document, self.from)) {
            Ok(Ok(back)) => {
                let changes = document::changes(document, &back);
                for key in changes.into_iter().map(|change| change.key) {
                    note(
                        &mut checked.losses,
                        KeyPath::root().key(self.plugin).concat(&key).to_string(),
                    );
                }
            }
            Ok(Err(error)) => note(&mut checked.failures, error.to_string()),
            Err(error) => note(&mut checked.losses, error.to_string()),
        }
    }
}

/// Values that a setting may have, at the edges of what its schema says.
fn candidates(annotation: &Annotation) -> Vec<Value> {
    let mut values: Vec<Value> = annotation
        .default
        .iter()
        .chain(&annotation.values)
        .chain(&annotation.examples)
        .cloned()
        .collect();
    let bounds = [&annotation.minimum, &annotation.maximum];
    for bound in bounds.into_iter().flatten() {
        values.extend(Value::from_json(&serde_json::Value::Number(bound.clone())));
    }
    for kind in &annotation.kinds {
        match kind {
            Kind::String => values.push(Value::String("text".to_owned())),
            Kind::Integer => values.push(Value::Integer(1)),
            Kind::Number => values.push(Value::Float(1.5)),
            Kind::Boolean => values.extend([Value::Boolean(true), Value::Boolean(false)]),
            Kind::Array | Kind::Table => {}
        }
    }
    values
}
