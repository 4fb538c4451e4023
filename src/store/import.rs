//! `import`: settings of another program's file, merged into those of a plugin. What becomes of each is said first, and
//! nothing is written as long as one of them is unresolved.

pub(super) mod conversion;
mod names;
mod row;
mod survey;

use std::path::Path;

use serde::{Serialize, Serializer};
use thiserror::Error;

use self::survey::Survey;
use super::plan::{Intent, Outcome};
use super::{Store, StoreError};
use crate::document::{KeyPath, Value};
use crate::import::{self, Format, Source, TableChoice};
use crate::secret::forbid_dumps;

/// What a person has decided about an import.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImportOptions {
    /// Take what can be converted without loss.
    pub fix: bool,
    /// Settings of the file that are left out, by the names that they have there; of a table, all below it.
    pub skip: Vec<String>,
}

/// What an import did, or would do.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Imported {
    /// What was changed; nothing where something is unresolved.
    #[serde(flatten)]
    pub outcome: Outcome,
    /// What became of each setting, in the order of the file; what the file does not hold comes last.
    pub settings: Vec<ImportedSetting>,
    /// How many of them keep everything from being written.
    pub unresolved: usize,
}

/// One setting of an import.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ImportedSetting {
    /// The setting, as PLUGIN.KEY; none where the name means none.
    pub key: Option<KeyPath>,
    /// The name that it has in the file; none where the file does not hold it.
    pub name: Option<String>,
    /// Where it stands there, as an error says it: `settings.json:3`.
    #[serde(rename = "where")]
    pub place: Option<String>,
    /// What became of it.
    pub state: ImportState,
    /// What the file gives for it, unless that is secret, no value, or not known to be neither.
    pub found: Option<Value>,
    /// What it is, or would be, from now on.
    pub becomes: Option<Value>,
    /// Why it is unresolved, and what is allowed.
    pub reason: Option<String>,
    /// The setting that was probably meant, as PLUGIN.KEY.
    pub suggestion: Option<KeyPath>,
}

/// What became of a setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ImportState {
    /// It is taken as it is.
    Taken,
    /// It says the same in another type.
    Converted,
    /// Another setting of the file requires it, and it has its default.
    Default,
    /// It is `null` there, and stays what it is here.
    Null,
    /// It was left out by name.
    Skipped,
    /// The name means no setting, or several.
    Unknown,
    /// It may not have this value.
    Refused,
    /// It is required, and neither the file nor the plugin has a value for it.
    Missing,
}

impl ImportState {
    /// One word for it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Taken => "taken",
            Self::Converted => "converted",
            Self::Default => "default",
            Self::Null => "null",
            Self::Skipped => "skipped",
            Self::Unknown => "unknown",
            Self::Refused => "refused",
            Self::Missing => "missing",
        }
    }

    /// Whether it keeps everything from being written, where conversions are taken or not.
    #[must_use]
    pub fn is_unresolved(self, fix: bool) -> bool {
        match self {
            Self::Taken | Self::Default | Self::Null | Self::Skipped => false,
            Self::Converted => !fix,
            Self::Unknown | Self::Refused | Self::Missing => true,
        }
    }
}

impl Serialize for ImportState {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.word())
    }
}

/// Why an import could not even be looked at.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SkipError {
    /// What is to be left out is not there.
    #[error("{file} holds no `{name}` that could be skipped")]
    NotThere {
        /// The file as it was named.
        file: String,
        /// What was named.
        name: String,
    },
}

impl Store {
    /// Reads a foreign file; nothing is told of a format where its name, or its beginning, says it.
    pub fn read_import(&self, path: &Path, format: Option<Format>, choice: &TableChoice) -> Result<Source, StoreError> {
        // Nobody knows yet what of it is secret.
        forbid_dumps();
        Ok(import::read(path, format, choice, self.limits.file_size)?)
    }

    /// Merges the settings of a foreign file into those of a plugin, or says of each why that cannot be.
    pub fn import(
        &self,
        plugin: &str,
        source: &Source,
        options: &ImportOptions,
        intent: &Intent,
    ) -> Result<Imported, StoreError> {
        let mut intent = intent.clone();
        intent.message.get_or_insert_with(|| {
            let name = Path::new(&source.file).file_name();
            let name = name.map_or_else(|| source.file.clone(), |name| name.to_string_lossy().into_owned());
            // A name may hold line ends, and a line may look like a trailer.
            format!("import {} into {plugin}", name.replace(char::is_control, "?"))
        });
        let mut settings = Vec::new();
        let mut unresolved = 0;
        let outcome = self.change("import", &intent, &mut |draft| {
            let current = draft.document(plugin)?.clone();
            let survey = Survey::make(draft.session(), plugin, source, options, &current)?;
            settings = survey.settings();
            unresolved = settings
                .iter()
                .filter(|setting| setting.state.is_unresolved(options.fix))
                .count();
            if unresolved == 0 {
                draft.put_document(plugin, survey.into_document())?;
            }
            Ok(())
        })?;
        Ok(Imported {
            outcome,
            settings,
            unresolved,
        })
    }
}
