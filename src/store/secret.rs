//! `secret`: setting, listing and sealing anew what is secret, and for whom.

use std::collections::BTreeMap;

use serde::Serialize;

use super::custody::{self, Mask, SecretError};
use super::draft::{self, ByHand, Draft};
use super::exposure::{REKEY, Removed, SET};
use super::interpret::{Given, interpret};
use super::live::Live;
use super::manifest::settings_path;
use super::plan::{Intent, Outcome};
use super::rules::Rules;
use super::session::{Access, Session};
use super::setting::Setting;
use super::timeline::Progress;
use super::{Store, StoreError, ValueError};
use crate::document::{Document, KeyPath, Segment, Value};
use crate::history::Query;
use crate::revision::Moment;
use crate::secret::{Keyring, Sealed, Secret, forbid_dumps};

/// One secret in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SecretRow {
    /// The setting, as PLUGIN.KEY.
    pub key: KeyPath,
    /// How it stands in the file.
    pub state: SecretState,
    /// For how many recipients it is sealed.
    pub sealed_for: usize,
    /// For how many it would be sealed today.
    pub recipients: usize,
    /// When the sealed text that stands there was recorded; none where it is not, or where that cannot be told.
    pub changed: Option<Moment>,
}

/// How a secret stands in its file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum SecretState {
    /// Sealed, and it can be opened here.
    Opens,
    /// Sealed, and it cannot be opened here.
    Sealed,
    /// Damaged, or sealed for another setting.
    Broken,
    /// In plain text.
    Exposed,
    /// Declared, and not set.
    Unset,
}

impl Store {
    /// Whether a name means something secret.
    pub fn is_secret(&self, name: &KeyPath) -> Result<bool, StoreError> {
        let rules = Rules::read(Live::open(self)?)?;
        let setting = Setting::find(name, &rules)?;
        Ok(rules.schema(&setting.plugin)?.is_secret(&setting.path))
    }

    /// Whether a text that is to become the value of a setting, or with `item` an item of it, could hold a secret.
    pub fn holds_secret(&self, name: &KeyPath, text: &str, item: bool) -> Result<bool, StoreError> {
        let rules = Rules::read(Live::open(self)?)?;
        let setting = Setting::find(name, &rules)?;
        let schema = rules.schema(&setting.plugin)?;
        // A whole plugin takes no value.
        if setting.path.is_empty() || !schema.has_secrets() {
            return Ok(false);
        }
        let path = if item { setting.path.index(0) } else { setting.path };
        Ok(match Value::parse_literal(text) {
            // It could be meant for what stands below.
            None => schema.may_be_secret(&path),
            Some(value @ (Value::Array(_) | Value::Table(_))) => {
                Mask::Schema(&schema).value(&path, value.clone()) != value
            }
            Some(Value::String(_) | Value::Integer(_) | Value::Float(_) | Value::Boolean(_) | Value::Datetime(_)) => {
                schema.is_secret(&path)
            }
        })
    }

    /// Gives a secret a new value, which is checked and then sealed. Where what stands there opens here, and is the
    /// same, it stays.
    pub fn secret_set(&self, name: &KeyPath, given: &Given, intent: &Intent) -> Result<Outcome, StoreError> {
        self.change(SET, intent, &mut |draft| {
            let setting = find(draft, name)?;
            let annotation = draft.session().rules.schema(&setting.plugin)?.annotation(&setting.path);
            let key = setting.name();
            let (value, _) = interpret(&key, given, annotation.as_ref(), None).map_err(ValueError::without_text)?;
            let document = draft.document(&setting.plugin)?.clone();
            let standing = document.get(&setting.path);
            let keyring = || self.keyring(&|_| None).ok().flatten();
            if standing.is_some_and(|standing| custody::seals(&key, &standing, &value, &keyring)) {
                return Ok(());
            }
            if is_sealed_by_hand(draft, &setting, &document)? {
                // Damaged, or copied from elsewhere, it could not be recorded; and this is what mends it.
                draft.file(&settings_path(&setting.plugin))?.by_hand = ByHand::Superseded;
            }
            draft.put_document(&setting.plugin, document.set(&setting.path, &value)?)
        })
    }

    /// Seals a secret that somebody wrote into the file in plain text, where it stands, or all below a table or in a
    /// plugin. What else was edited in that
    /// file by hand is recorded with it; the plain text never is.
    pub fn secret_set_from_file(&self, name: &KeyPath, intent: &Intent) -> Result<Outcome, StoreError> {
        // The file is about to be read.
        forbid_dumps();
        self.change(SET, intent, &mut |draft| {
            let setting = Setting::find(name, &draft.session().rules)?;
            let plugin = setting.plugin.as_str();
            let schema = draft.session().rules.schema(plugin)?;
            let recipients = draft.session().rules.recipients(plugin)?;
            let document = draft.document(plugin)?.clone();
            let mut exposed = schema.secret_values(&document);
            exposed.retain(|(path, value)| path.starts_with(&setting.path) && custody::sealed_text(value).is_none());
            if exposed.is_empty() {
                let key = find(draft, name)?.name();
                let sealed = document.contains(&setting.path);
                return Err(if sealed {
                    SecretError::Sealed { key }.into()
                } else {
                    super::SetError::NotSet { key, suggestion: None }.into()
                });
            }
            let sealed = custody::seal_in(&document, plugin, exposed, &recipients)?;
            draft.put_document(plugin, sealed)?;
            draft.file(&settings_path(plugin))?.by_hand = ByHand::Superseded;
            Ok(())
        })
    }

    /// The plain value of a setting, its secrets opened.
    pub fn reveal(&self, name: &KeyPath, keyring: Option<&Keyring>) -> Result<Secret, StoreError> {
        let rules = Rules::read(Live::open(self)?)?;
        let setting = Setting::find(name, &rules)?;
        let path = settings_path(&setting.plugin);
        let stored = draft::parse_present(&path, rules.live().read(&path)?, rules.live())?;
        let document = rules.in_force(&setting.plugin, stored.clone())?.document;
        let Some(value) = document.get(&setting.path) else {
            return Ok(Secret::new(self.get(name, None)?.value));
        };
        let moved = rules.moved_secrets(&setting.plugin, &stored, &document)?;
        let plugin = KeyPath::root().key(setting.plugin.as_str());
        let open = |path: &KeyPath, text: &str| {
            let from = moved.iter().find(|(_, to, _)| to == path);
            let sealed_at = from.map_or(path, |(from, _, _)| from);
            Ok(custody::open(&plugin.concat(sealed_at), text, keyring)?
                .reveal()
                .clone())
        };
        Ok(Secret::new(opened(&setting.path, value, &open)?))
    }

    /// All secrets there are: those that stand in the files, and those that are declared and not set.
    ///
    /// `progress` is told how far a catalogue is that has to be made first.
    pub fn secret_list(
        &self,
        keyring: Option<&Keyring>,
        progress: &mut Progress<'_>,
    ) -> Result<Vec<SecretRow>, StoreError> {
        let (mut rows, sealed) = self.secret_rows(keyring)?;
        let changed = match self.last_changes(sealed, progress) {
            Ok(changed) => changed,
            // `doctor` says what is wrong with the history; what is sealed is told without it.
            Err(StoreError::History(_)) => BTreeMap::new(),
            Err(error) => return Err(error),
        };
        for row in &mut rows {
            row.changed = changed.get(&row.key).copied();
        }
        Ok(rows)
    }

    /// The same without the times, and the sealed values that the files hold.
    pub(super) fn secret_rows(&self, keyring: Option<&Keyring>) -> Result<(Vec<SecretRow>, Sealings), StoreError> {
        let rules = Rules::read(Live::open(self)?)?;
        let mut sealed_values = Sealings::new();
        let mut rows = Vec::new();
        for plugin in rules.plugins() {
            let path = settings_path(plugin);
            let document = draft::parse_present(&path, rules.live().read(&path)?, rules.live())?;
            let schema = rules.schema_for(plugin, &document)?;
            let recipients = rules.recipients(plugin)?.len();
            let name = KeyPath::root().key(plugin);
            for (path, value) in schema.secret_values(&document) {
                let key = name.concat(&path);
                let sealed = custody::sealed_text(&value).map(Sealed::read);
                let state = match (&sealed, keyring) {
                    (None, _) => SecretState::Exposed,
                    (Some(Err(_)), _) => SecretState::Broken,
                    (Some(Ok(_)), None) => SecretState::Sealed,
                    (Some(Ok(sealed)), Some(keyring)) => match sealed.open(&key, keyring) {
                        Ok(_) => SecretState::Opens,
                        Err(crate::secret::OpenError::WrongIdentity { .. }) => SecretState::Sealed,
                        Err(_) => SecretState::Broken,
                    },
                };
                let sealed_for = sealed.and_then(Result::ok).map_or(0, |sealed| sealed.recipients());
                if custody::sealed_text(&value).is_some() {
                    sealed_values.insert(key.clone(), value);
                }
                rows.push(SecretRow {
                    key,
                    state,
                    sealed_for,
                    recipients,
                    changed: None,
                });
            }
            let unset = schema.settings().into_iter().filter(|(path, _)| {
                let is_item = path.segments().iter().any(|part| matches!(part, Segment::Index(_)));
                !is_item && schema.is_secret(path) && !document.contains(path)
            });
            rows.extend(unset.map(|(path, _)| SecretRow {
                key: name.concat(&path),
                state: SecretState::Unset,
                sealed_for: 0,
                recipients,
                changed: None,
            }));
        }
        Ok((rows, sealed_values))
    }

    /// When the values at these keys, which begin with the plugin's name, were recorded; those that are not are left out.
    fn last_changes(
        &self,
        mut sought: Sealings,
        progress: &mut Progress<'_>,
    ) -> Result<BTreeMap<KeyPath, Moment>, StoreError> {
        let mut found = BTreeMap::new();
        if sought.is_empty() {
            return Ok(found);
        }
        let session = Session::begin(self, Access::Read)?;
        let mut catalogue = session.history.catalogue(session.head, progress)?;
        for entry in catalogue.find(&Query::default(), usize::MAX)? {
            for change in entry.changes {
                // Values stand in the catalogue one by one, but for arrays.
                let touched: Vec<KeyPath> = if sought.contains_key(&change.key) {
                    vec![change.key.clone()]
                } else {
                    sought.keys().filter(|key| key.overlaps(&change.key)).cloned().collect()
                };
                for key in touched {
                    let value = sought.remove(&key);
                    if change.key != key || change.after == value {
                        found.insert(key, entry.revision.time);
                    }
                }
            }
            if sought.is_empty() {
                break;
            }
        }
        Ok(found)
    }

    /// Opens every secret and seals it for the recipients of today: all in one revision, or none. `progress` is told
    /// how many of how many are done. The outcome warns of each secret that the history still opens for a recipient who
    /// was removed since the last time; [`Store::doctor`] goes on naming all.
    pub fn secret_rekey(
        &self,
        keyring: Option<&Keyring>,
        intent: &Intent,
        progress: &mut dyn FnMut(usize, usize),
    ) -> Result<Outcome, StoreError> {
        let mut outcome = self.change(REKEY, intent, &mut |draft| {
            let rules = &draft.session().rules;
            let mut sealed: BTreeMap<String, Vec<(KeyPath, String)>> = BTreeMap::new();
            for plugin in rules.plugins() {
                let document = draft.stored(plugin)?;
                let values = rules.schema_for(plugin, &document)?.secret_values(&document);
                let texts = values
                    .into_iter()
                    .filter_map(|(path, value)| Some((path, custody::sealed_text(&value)?.to_owned())));
                sealed.insert(plugin.to_owned(), texts.collect());
            }
            let total = sealed.values().map(Vec::len).sum();
            let mut done = 0;
            for (plugin, texts) in sealed {
                if texts.is_empty() {
                    continue;
                }
                let name = KeyPath::root().key(plugin.as_str());
                let mut values = Vec::with_capacity(texts.len());
                for (path, text) in texts {
                    let secret = custody::open(&name.concat(&path), &text, keyring)?;
                    values.push((path, secret.reveal().clone()));
                    done += 1;
                    progress(done, total);
                }
                let document = draft.stored(&plugin)?;
                let recipients = rules.recipients(&plugin)?;
                draft.put_stored(&plugin, custody::seal_in(&document, &plugin, values, &recipients)?)?;
                draft.file(&settings_path(&plugin))?.resealed = true;
            }
            Ok(())
        })?;
        // Where nothing is sealed, nothing was opened either.
        if outcome.revision.is_none() && !outcome.dry_run {
            return Ok(outcome);
        }
        let exposed = self.exposed(Removed::SinceRekey(outcome.revision))?;
        outcome.warnings.extend(exposed.into_iter().map(|key| {
            format!(
                "the history still opens an earlier `{key}` for a recipient that was removed: change it at its source"
            )
        }));
        Ok(outcome)
    }
}

/// Sealed values, by PLUGIN.KEY.
type Sealings = BTreeMap<KeyPath, Value>;

/// Whether a sealed value stands in the folder that history does not have there.
fn is_sealed_by_hand(draft: &mut Draft<'_, '_>, setting: &Setting, document: &Document) -> Result<bool, StoreError> {
    let value = document.get(&setting.path);
    if value.as_ref().and_then(custody::sealed_text).is_none() {
        return Ok(false);
    }
    let path = settings_path(&setting.plugin);
    let Some(blob) = draft.file(&path)?.recorded else {
        return Ok(true);
    };
    let session = draft.session();
    let recorded = draft::parse(&path, session.history.read_blob(blob)?, &session.live)?;
    Ok(recorded.get(&setting.path) != value)
}

fn find(draft: &Draft<'_, '_>, name: &KeyPath) -> Result<Setting, StoreError> {
    let session = draft.session();
    let setting = Setting::find(name, &session.rules)?;
    if !session.rules.schema(&setting.plugin)?.is_secret(&setting.path) {
        let schema = session.rules.schema(&setting.plugin)?;
        let known = schema.settings().into_iter().map(|(path, _)| path);
        let near = super::setting::nearest(&setting.path, known.filter(|path| schema.is_secret(path)));
        return Err(SecretError::NotSecret {
            key: setting.name(),
            suggestion: near.map(|path| KeyPath::root().key(setting.plugin.as_str()).concat(&path)),
        }
        .into());
    }
    Ok(setting)
}

/// Opens what is sealed at a key below the plugin.
type Open<'o> = dyn Fn(&KeyPath, &str) -> Result<Value, SecretError> + 'o;

/// A value with all that is sealed in it opened.
fn opened(path: &KeyPath, value: Value, open: &Open<'_>) -> Result<Value, SecretError> {
    Ok(match value {
        Value::Table(entries) => {
            let entries = entries.into_iter().map(|(name, value)| {
                let value = opened(&path.key(name.as_str()), value, open)?;
                Ok((name, value))
            });
            Value::Table(entries.collect::<Result<_, SecretError>>()?)
        }
        Value::Array(items) => {
            let items = items.into_iter().enumerate();
            let items = items.map(|(index, item)| opened(&path.index(index), item, open));
            Value::Array(items.collect::<Result<_, _>>()?)
        }
        leaf @ (Value::String(_) | Value::Integer(_) | Value::Float(_) | Value::Boolean(_) | Value::Datetime(_)) => {
            match custody::sealed_text(&leaf) {
                Some(text) => open(path, text)?,
                None => leaf,
            }
        }
    })
}
