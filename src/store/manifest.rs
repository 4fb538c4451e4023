//! The manifest, `valvecfg.toml`: which plugins a store has and which schema version of each is current.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::confirmation::ConfirmBy;
use crate::plugin::{Health, Notify, RenderTarget};

/// The manifest's file, in the store's folder. Its presence makes a folder a store.
pub const MANIFEST: &str = "valvecfg.toml";
/// Where a store keeps the manifest's own schema, for editors.
pub const MANIFEST_SCHEMA: &str = "schemas/valvecfg.schema.json";

/// Where a store keeps the schema of migrations, for editors.
pub const MIGRATION_SCHEMA: &str = "schemas/migration.schema.json";

/// The manifest of a store: its plugins and what each needs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[schemars(title = "valvecfg manifest")]
pub struct Manifest {
    /// The plugins by name. The settings of plugin NAME stand in `plugins/NAME.toml`.
    #[serde(default)]
    pub plugins: BTreeMap<String, PluginEntry>,
    /// For whom secrets are sealed.
    #[serde(default)]
    pub secrets: SecretsEntry,
}

/// What the manifest says of secrets.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[schemars(title = "secrets")]
pub struct SecretsEntry {
    /// Who can open them: public keys of age (`age1…`) or SSH (`ssh-ed25519 …`, `ssh-rsa …`).
    #[serde(default)]
    pub recipients: Vec<String>,
}

/// What the manifest says of one plugin.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[schemars(title = "plugin")]
pub struct PluginEntry {
    /// The schema version in force: N of `schemas/NAME/N.schema.json`. Without it, the only schema there is.
    #[schemars(range(min = 1))]
    pub schema_version: Option<u32>,
    /// Who can open this plugin's secrets, where that is not who can open all others.
    #[serde(default)]
    pub recipients: Option<Vec<String>>,
    /// How the running plugin is told of changes, in this order.
    #[serde(default)]
    pub notify: Vec<Notify>,
    /// What is written for the plugin to read, before it is told.
    #[serde(default)]
    pub render: Vec<RenderTarget>,
    /// How to find out whether the plugin is well.
    #[serde(default)]
    pub health: Option<Health>,
    /// Whether the plugin says itself that it runs a revision, with `valvecfg applied`.
    #[serde(default)]
    pub acknowledges: bool,
    /// Who confirms a change of the plugin's settings that is to be confirmed in time: a person, or `health`: it stays once
    /// the plugin runs it and has been well for a while. `--confirm-by` stands before it.
    #[serde(default)]
    pub confirm: Option<ConfirmBy>,
}

impl Manifest {
    /// For whom a plugin's secrets are sealed, as the manifest writes them.
    #[must_use]
    pub fn recipients_of(&self, plugin: &str) -> &[String] {
        let own = self.plugins.get(plugin).and_then(|entry| entry.recipients.as_ref());
        own.unwrap_or(&self.secrets.recipients)
    }
}

/// The JSON Schema of the manifest, as it stands in the store and in the project's `schemas/`.
#[must_use]
pub fn schema() -> String {
    let mut schema = schemars::schema_for!(Manifest);
    schema.insert("$id".to_owned(), "valvecfg.schema.json".into());
    // Values made of maps, strings and numbers always have a JSON form.
    let text = serde_json::to_string_pretty(&schema).unwrap_or_default();
    format!("{text}\n")
}

/// Whether a text can name a plugin: letters, digits, `-` and `_`, beginning with a letter or digit. It stands
/// in file names and in front of keys.
#[must_use]
pub fn is_plugin_name(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_alphanumeric())
        && name
            .chars()
            .all(|character| character.is_ascii_alphanumeric() || matches!(character, '-' | '_'))
}

/// Where the settings of a plugin stand, from the store's folder.
#[must_use]
pub fn settings_path(plugin: &str) -> String {
    format!("plugins/{plugin}.toml")
}

/// Where a schema of a plugin stands, from the store's folder.
#[must_use]
pub fn schema_path(plugin: &str, version: u32) -> String {
    format!("schemas/{plugin}/{version}.schema.json")
}

/// The plugin whose settings stand at a path, from the store's folder.
#[must_use]
pub fn plugin_of(path: &str) -> Option<&str> {
    path.strip_prefix("plugins/")?
        .strip_suffix(".toml")
        .filter(|name| is_plugin_name(name))
}
