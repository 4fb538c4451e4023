//! What a migration is tried on: the settings that there are, every form that they had, and ones made of the schema.

use std::collections::HashSet;

use super::super::chain::{Chain, runs_nothing};
use super::super::manifest::settings_path;
use super::super::restore::Earlier;
use super::super::session::Session;
use super::super::versions::{stating, version_of};
use super::super::{StoreError, draft};
use crate::document::Document;
use crate::schema::{Checker, Schema};

/// At most so many revisions are looked at, and so many forms of the settings tried.
const REVISIONS: usize = 10_000;
const FORMS: usize = 500;
/// At most so many documents are made of one other.
const VARIANTS: usize = 1_000;

/// One document to try.
pub(super) struct Trial {
    /// Where it comes from, as a failure names it.
    pub name: String,
    pub document: Document,
    /// Whether it was made of the schema, so that its secrets are no secrets.
    pub is_made: bool,
}

/// Settings as they were at some time, with the version that they were of.
pub(super) struct Form {
    name: String,
    document: Document,
    version: u32,
}

/// Every form that a plugin's settings have had, the present one first.
pub(super) fn forms(session: &Session<'_>, plugin: &str) -> Result<Vec<Form>, StoreError> {
    let path = settings_path(plugin);
    let mut forms = Vec::new();
    let mut seen = HashSet::new();
    if let Some(bytes) = session.live.read(&path)? {
        seen.insert(crate::history::BlobId::of(&bytes)?);
        let document = draft::parse(&path, bytes, &session.live)?;
        let version = version_of(&document, session.rules.version(plugin)?);
        let name = path.clone();
        forms.push(Form {
            name,
            document,
            version,
        });
    }
    for revision in session.history.log(session.head).take(REVISIONS) {
        let revision = revision?;
        let Some(blob) = session.history.blob(revision.id, &path)? else {
            continue;
        };
        if forms.len() > FORMS || !seen.insert(blob) {
            continue;
        }
        let earlier = Earlier::read(session, revision.id)?;
        let Ok(Some(document)) = earlier.document(plugin) else {
            continue;
        };
        if let Some(version) = earlier.version(plugin, &document)? {
            let name = format!("{path} at {}", revision.id.short());
            forms.push(Form {
                name,
                document,
                version,
            });
        }
    }
    Ok(forms)
}

/// What the migration from a version is tried on: what was of that version, the present settings also where they lead
/// to it, and what is made of its schema. Those that the schema does not take are none.
pub(super) fn trials(forms: &[Form], chain: &Chain, from: u32, before: &Checker) -> Vec<Trial> {
    let mut trials = Vec::new();
    for (at, form) in forms.iter().enumerate() {
        let document = if form.version == from {
            Some(form.document.clone())
        } else {
            led_to(form, chain, from).filter(|_| at == 0)
        };
        trials.extend(document.map(|document| Trial {
            name: form.name.clone(),
            document,
            is_made: false,
        }));
    }
    let schema = before.schema();
    let own = trials
        .first()
        .filter(|trial| trial.name == forms.first().map_or("", |form| form.name.as_str()));
    let mut made: Vec<Trial> = own
        .map(|own| variants(schema, &own.document, &format!("{} ", own.name)))
        .unwrap_or_default();
    for sample in schema.samples() {
        let is_whole = sample.about == crate::schema::Sample::ALL;
        made.push(Trial {
            name: format!("generated: {}", sample.about),
            document: sample.document.clone(),
            is_made: true,
        });
        if is_whole {
            made.extend(variants(schema, &sample.document, "generated: "));
        }
    }
    trials.extend(made);
    trials.retain(|trial| before.check_held(&trial.document, trial.custody()).is_empty());
    trials
}

fn variants(schema: &Schema, document: &Document, prefix: &str) -> Vec<Trial> {
    let variants = schema.variants(document, VARIANTS).into_iter();
    variants
        .map(|sample| Trial {
            name: format!("{prefix}{}", sample.about),
            document: sample.document,
            is_made: true,
        })
        .collect()
}

/// Settings of an earlier version as the migrations before lead them here.
fn led_to(form: &Form, chain: &Chain, from: u32) -> Option<Document> {
    if form.version > from {
        return None;
    }
    let led = chain.lead(&form.document, form.version, from, &mut runs_nothing);
    stating(led.ok()?.document, from).ok()
}
