//! Recipients: for whom secrets are sealed, as the manifest names them.

use serde::Serialize;

use super::live::Live;
use super::plan::{Intent, Outcome};
use super::rules::Rules;
use super::{SecretError, Store, StoreError};
use crate::document::{Document, KeyPath, Value};
use crate::secret::Recipient;

/// A recipient of the manifest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RecipientRow {
    /// The public key.
    pub recipient: String,
    /// The plugin whose secrets it opens; none for those of all plugins that name none of their own.
    pub plugin: Option<String>,
}

impl Store {
    /// The recipients that the manifest names.
    pub fn recipients(&self) -> Result<Vec<RecipientRow>, StoreError> {
        let rules = Rules::read(Live::open(self)?)?;
        let manifest = rules.manifest();
        let row = |plugin: Option<&String>, recipient: &String| RecipientRow {
            recipient: recipient.clone(),
            plugin: plugin.cloned(),
        };
        let mut rows: Vec<RecipientRow> = manifest.secrets.recipients.iter().map(|one| row(None, one)).collect();
        for (plugin, entry) in &manifest.plugins {
            let own = entry.recipients.iter().flatten();
            rows.extend(own.map(|recipient| row(Some(plugin), recipient)));
        }
        Ok(rows)
    }

    /// Names a recipient in the manifest: for all plugins, or for one. What is sealed already is not sealed anew.
    pub fn recipient_add(&self, text: &str, plugin: Option<&str>, intent: &Intent) -> Result<Outcome, StoreError> {
        let recipient: Recipient = text.parse().map_err(SecretError::NotARecipient)?;
        self.change_recipients("secret recipients add", plugin, intent, &|manifest, list, place| {
            if list.iter().any(|known| known.parse() == Ok(recipient.clone())) {
                return Err(SecretError::RecipientThere {
                    recipient: text.to_owned(),
                    there: true,
                }
                .into());
            }
            Ok(manifest.append(place, &Value::String(text.trim().to_owned()))?)
        })
    }

    /// Takes a recipient out of the manifest. It can still open what was sealed for it before.
    pub fn recipient_remove(&self, text: &str, plugin: Option<&str>, intent: &Intent) -> Result<Outcome, StoreError> {
        self.change_recipients("secret recipients remove", plugin, intent, &|manifest, list, place| {
            let same = |known: &String| known == text.trim() || known.split_whitespace().nth(1) == Some(text.trim());
            let Some(index) = list.iter().position(same) else {
                return Err(SecretError::RecipientThere {
                    recipient: text.to_owned(),
                    there: false,
                }
                .into());
            };
            Ok(manifest.unset(&place.index(index))?)
        })
    }

    fn change_recipients(
        &self,
        via: &'static str,
        plugin: Option<&str>,
        intent: &Intent,
        edit: &EditList<'_>,
    ) -> Result<Outcome, StoreError> {
        self.change(via, intent, &mut |draft| {
            let rules = &draft.session().rules;
            let manifest = rules.manifest();
            let (place, list) = match plugin {
                None => (KeyPath::root().key("secrets"), manifest.secrets.recipients.clone()),
                Some(plugin) => {
                    let entry = manifest
                        .plugins
                        .get(plugin)
                        .ok_or_else(|| rules.no_such_plugin(plugin))?;
                    let place = KeyPath::root().key("plugins").key(plugin);
                    (place, entry.recipients.clone().unwrap_or_default())
                }
            };
            let place = place.key("recipients");
            super::plugin::edit_manifest(draft, |manifest| edit(manifest, &list, &place))
        })
    }
}

/// Edits the manifest, given a list of recipients that it holds and where that stands.
type EditList<'e> = dyn Fn(&Document, &[String], &KeyPath) -> Result<Document, StoreError> + 'e;
