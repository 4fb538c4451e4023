//! `valvecfg.local.toml`: what holds for running plugins on this machine alone. It is never recorded nor carried away,
//! and what it says of a plugin stands before what the manifest says.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::confirmation::ConfirmBy;
use super::live::Live;
use super::manifest::{Manifest, PluginEntry};
use super::{CheckedFile, StoreError, checked::SecretNames};
use crate::document::Document;
use crate::plugin::{Health, Notify, RenderTarget};
use crate::schema::{Code, Violation};

/// Its name, in the store's folder.
pub(super) const LOCAL: &str = "valvecfg.local.toml";

/// What the file says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct Local {
    #[serde(default)]
    plugins: BTreeMap<String, LocalEntry>,
}

/// What it says of one plugin; of what it does not name, the manifest's word holds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct LocalEntry {
    notify: Option<Vec<Notify>>,
    render: Option<Vec<RenderTarget>>,
    health: Option<Health>,
    acknowledges: Option<bool>,
    confirm: Option<ConfirmBy>,
}

/// How one plugin is reached on this machine.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Reach {
    pub notify: Vec<Notify>,
    pub render: Vec<RenderTarget>,
    pub health: Option<Health>,
    /// Whether the plugin says itself that it runs a revision.
    pub acknowledges: bool,
    /// Who confirms its changes where nobody says.
    pub confirm: ConfirmBy,
    /// What of these the manifest says, which others may have written.
    pub shared: PluginEntry,
}

impl Local {
    /// Reads the file, where there is one.
    pub(super) fn read(live: &Live<'_>) -> Result<Self, StoreError> {
        let Some(text) = live.read_text(LOCAL)? else {
            return Ok(Self::default());
        };
        let refused = |file| StoreError::Invalid { files: vec![file] };
        let document = Document::parse(text.as_str());
        document.map_err(|errors| refused(CheckedFile::syntax(LOCAL, &text, errors, &SecretNames::TELLING)))?;
        toml::from_str(&text).map_err(|error: toml::de::Error| {
            let violation = Violation::at(Code::Manifest, &text, error.span().unwrap_or(0..0), error.message());
            refused(CheckedFile::new(LOCAL, &text, None, vec![violation]))
        })
    }

    /// How a plugin is reached here; nothing where nobody says how.
    pub(super) fn reach(&self, plugin: &str, manifest: &Manifest) -> Option<Reach> {
        let shared = manifest.plugins.get(plugin)?;
        let own = self.plugins.get(plugin).cloned().unwrap_or_default();
        let reach = Reach {
            shared: PluginEntry {
                notify: shared.notify.iter().filter(|_| own.notify.is_none()).cloned().collect(),
                render: shared.render.iter().filter(|_| own.render.is_none()).cloned().collect(),
                health: shared.health.clone().filter(|_| own.health.is_none()),
                ..PluginEntry::default()
            },
            notify: own.notify.unwrap_or_else(|| shared.notify.clone()),
            render: own.render.unwrap_or_else(|| shared.render.clone()),
            health: own.health.or_else(|| shared.health.clone()),
            acknowledges: own.acknowledges.unwrap_or(shared.acknowledges),
            confirm: own.confirm.or(shared.confirm).unwrap_or_default(),
        };
        let silent = reach.notify.is_empty() && reach.render.is_empty() && reach.health.is_none();
        Some(reach).filter(|reach| !silent || reach.acknowledges)
    }
}
