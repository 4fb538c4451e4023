//! A draft: the store's files as a verb changes them, in memory. It starts from the files in the folder, so
//! that what somebody has edited by hand is what is changed, and remembers what is recorded of each.

use std::collections::BTreeMap;

use super::StoreError;
use super::checked::SecretNames;
use super::live::Live;
use super::manifest::{MANIFEST, plugin_of, settings_path};
use super::rules::Rules;
use super::session::Session;
use super::versions::InForce;
use crate::document::Document;
use crate::files;
use crate::history::BlobId;
use crate::revision::RevisionId;

/// The files that a verb has looked at or changed.
pub(super) struct Draft<'d, 's> {
    session: &'d Session<'s>,
    files: BTreeMap<String, DraftFile>,
    /// The settings as they are to be, of plugins that were looked at.
    documents: BTreeMap<String, Document>,
    /// The texts of settings that are of an earlier version in their files, as they were led up.
    led: BTreeMap<String, String>,
    /// The settings as they stand in the folder, of plugins whose files were taken up.
    stored: BTreeMap<String, Document>,
    /// The revision that this takes back.
    taken_back: Option<RevisionId>,
}

/// A file as it stands in the folder.
pub(super) struct Found {
    pub path: String,
    content: Option<Vec<u8>>,
    pub blob: Option<BlobId>,
}

impl Found {
    /// Reads a file of the store: on any thread.
    pub(super) fn read(path: String, live: &Live<'_>) -> Result<Self, StoreError> {
        let content = live.read(&path)?;
        let blob = content.as_deref().map(BlobId::of).transpose()?;
        Ok(Self { path, content, blob })
    }

    /// The settings in it.
    pub(super) fn settings(&self, live: &Live<'_>) -> Result<Document, StoreError> {
        parse_present(&self.path, self.content.clone(), live)
    }
}

/// One file: in history, in the folder, and as it is to be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct DraftFile {
    pub recorded: Option<BlobId>,
    pub live: Option<Vec<u8>>,
    /// The id of what is live.
    pub live_blob: Option<BlobId>,
    pub after: Option<Vec<u8>>,
    /// What becomes of an edit by hand that stands in the folder.
    pub by_hand: ByHand,
    /// Whether what is sealed in it anew was sealed by the verb itself, and need not be opened to be believed.
    pub resealed: bool,
    /// Whether the verb means the file in whatever schema version it is, and not what it is in the one in force.
    pub as_it_stands: bool,
}

/// What becomes of an edit by hand that stands in the folder.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum ByHand {
    /// It is recorded first, as a revision of its own.
    #[default]
    First,
    /// It is itself what is to be recorded.
    Accepted,
    /// The same in the name of the file's owner, where it is valid; else it stays where it is, unrecorded.
    AcceptedIfValid,
    /// A person has seen it and put something else in its place, so that it need not be recorded, nor be valid.
    Superseded,
}

impl DraftFile {
    /// Whether the folder holds something else than history.
    pub(super) fn is_edited_by_hand(&self) -> bool {
        self.live_blob != self.recorded
    }
}

impl<'d, 's> Draft<'d, 's> {
    pub(super) fn new(session: &'d Session<'s>) -> Self {
        Self {
            session,
            files: BTreeMap::new(),
            documents: BTreeMap::new(),
            led: BTreeMap::new(),
            stored: BTreeMap::new(),
            taken_back: None,
        }
    }

    /// The session that the draft belongs to.
    pub(super) fn session(&self) -> &'d Session<'s> {
        self.session
    }

    /// The settings of a plugin as they are to be, in the schema version in force.
    ///
    /// # Errors
    /// [`StoreError::HandEdit`] where the file in the folder is no TOML or is gone: nothing can be changed in it.
    pub(super) fn document(&mut self, plugin: &str) -> Result<&Document, StoreError> {
        if !self.documents.contains_key(plugin) {
            let stored = self.stored(plugin)?;
            let InForce { document, led_from } = self.session.rules.in_force(plugin, stored)?;
            if led_from.is_some() {
                self.led.insert(plugin.to_owned(), document.text().to_owned());
            }
            self.documents.insert(plugin.to_owned(), document);
        }
        Ok(&self.documents[plugin])
    }

    /// The settings of a plugin as they stand in the folder, in whatever schema version they are.
    pub(super) fn stored(&mut self, plugin: &str) -> Result<Document, StoreError> {
        if !self.session.rules.has(plugin) {
            return Err(self.session.rules.no_such_plugin(plugin));
        }
        let path = settings_path(plugin);
        let live = self.file(&path)?.live.clone();
        parse_present(&path, live, &self.session.live)
    }

    /// Gives a plugin other settings. Those that are what the file says already, in another schema version, stay as
    /// they are there: who changes nothing migrates nothing.
    pub(super) fn put_document(&mut self, plugin: &str, after: Document) -> Result<(), StoreError> {
        let path = settings_path(plugin);
        let same = self.led.get(plugin).is_some_and(|led| led == after.text());
        let content = if same {
            self.file(&path)?.live.clone()
        } else {
            Some(after.text().as_bytes().to_vec())
        };
        self.put_file(&path, content)?;
        self.documents.insert(plugin.to_owned(), after);
        Ok(())
    }

    /// Gives a plugin settings in whatever schema version they are. What differs is told as it stands.
    pub(super) fn put_stored(&mut self, plugin: &str, after: Document) -> Result<(), StoreError> {
        let path = settings_path(plugin);
        self.put_file(&path, Some(after.text().as_bytes().to_vec()))?;
        self.file(&path)?.as_it_stands = true;
        self.documents.insert(plugin.to_owned(), after);
        Ok(())
    }

    /// A file of the store, as it is recorded and as it stands in the folder.
    pub(super) fn file(&mut self, path: &str) -> Result<&mut DraftFile, StoreError> {
        if !self.files.contains_key(path) {
            let found = Found::read(path.to_owned(), &self.session.live)?;
            let recorded = self.session.history.blob(self.session.head, path)?;
            self.insert(found, recorded);
        }
        // Inserted above.
        Ok(self.files.entry(path.to_owned()).or_default())
    }

    /// Takes up a plugin's settings that were read already.
    pub(super) fn take_up_settings(
        &mut self,
        plugin: &str,
        found: Found,
        settings: Document,
    ) -> Result<(), StoreError> {
        let recorded = self.session.history.blob(self.session.head, &found.path)?;
        self.insert(found, recorded);
        self.stored.insert(plugin.to_owned(), settings);
        Ok(())
    }

    /// Takes up a file that is only to be recorded with the change, where that in the folder is not recorded yet.
    pub(super) fn take_up_beside(&mut self, path: &str, blob: Option<BlobId>) -> Result<(), StoreError> {
        if self.session.history.blob(self.session.head, path)? != blob {
            self.file(path)?;
        }
        Ok(())
    }

    fn insert(&mut self, found: Found, recorded: Option<BlobId>) {
        let file = DraftFile {
            recorded,
            after: found.content.clone(),
            live: found.content,
            live_blob: found.blob,
            by_hand: ByHand::First,
            resealed: false,
            as_it_stands: false,
        };
        self.files.insert(found.path, file);
    }

    /// The settings of a plugin as they stand in the folder and as they are to be, as far as they were parsed already.
    pub(super) fn parsed(&self, plugin: &str) -> (Option<&Document>, Option<&Document>) {
        (self.stored.get(plugin), self.documents.get(plugin))
    }

    /// Gives a file another content, or none. A plugin's settings are given by [`Self::put_document`].
    pub(super) fn put_file(&mut self, path: &str, after: Option<Vec<u8>>) -> Result<(), StoreError> {
        self.file(path)?.after = after;
        Ok(())
    }

    /// Takes back that a file was looked at, and what was to become of it.
    pub(super) fn forget(&mut self, path: &str) {
        self.files.remove(path);
    }

    /// Says that this takes a revision back: its history names it, and nobody needs to confirm it any more.
    pub(super) fn takes_back(&mut self, revision: RevisionId) {
        self.taken_back = Some(revision);
    }

    /// The revision that this takes back.
    pub(super) fn taken_back(&self) -> Option<RevisionId> {
        self.taken_back
    }

    /// The files looked at, by path.
    pub(super) fn files(&self) -> impl Iterator<Item = (&str, &DraftFile)> {
        self.files.iter().map(|(path, file)| (path.as_str(), file))
    }

    /// A file, where the verb has looked at it.
    pub(super) fn seen(&self, path: &str) -> Option<&DraftFile> {
        self.files.get(path)
    }

    /// Whether the verb changes a file.
    pub(super) fn is_changed(&self, path: &str) -> bool {
        self.files.get(path).is_some_and(|file| file.after != file.live)
    }

    /// Whether the plan looks at a file by itself.
    pub(super) fn is_seen(&self, path: &str) -> bool {
        self.files.get(path).is_some_and(|file| {
            matches!(file.by_hand, ByHand::Accepted | ByHand::AcceptedIfValid) || file.after != file.live
        })
    }

    /// Whether the verb changes or records what a plugin's settings must be.
    pub(super) fn changes_rules_of(&self, plugin: &str) -> bool {
        let schemas = format!("schemas/{plugin}/");
        let below = self.files.range(schemas.clone()..);
        let mut below = below
            .map(|(path, _)| path)
            .take_while(|path| path.starts_with(&schemas));
        self.is_seen(MANIFEST) || below.any(|path| self.is_seen(path))
    }

    /// The rules that hold after the verb, where it changes them.
    pub(super) fn rules(&self) -> Result<Option<Rules<'s>>, StoreError> {
        let is_rule = |path: &str| path == MANIFEST || path.starts_with("schemas/");
        if !self.files.keys().any(|path| is_rule(path) && self.is_changed(path)) {
            return Ok(None);
        }
        let drafted = self
            .files
            .iter()
            .filter(|(path, _)| plugin_of(path).is_none())
            .map(|(path, file)| (path.clone(), file.after.clone()))
            .collect();
        Rules::read(self.session.live.with(drafted)).map(Some)
    }
}

/// Parses the settings of a plugin, which must be there: those that are gone never count as defaults.
pub(super) fn parse_present(path: &str, bytes: Option<Vec<u8>>, live: &Live<'_>) -> Result<Document, StoreError> {
    let gone = || StoreError::HandEdit {
        files: vec![super::CheckedFile::missing(path)],
    };
    parse(path, bytes.ok_or_else(gone)?, live)
}

/// Parses a settings file. Where it is no TOML, the schema in the folder says what must not be shown of it.
pub(super) fn parse(path: &str, bytes: Vec<u8>, live: &Live<'_>) -> Result<Document, StoreError> {
    let refused = |file| StoreError::HandEdit { files: vec![file] };
    let text =
        files::text(path.as_ref(), bytes).map_err(|error| refused(super::CheckedFile::unreadable(path, &error)))?;
    Document::parse(text.as_str()).map_err(|errors| {
        let names = match plugin_of(path) {
            None => SecretNames::TELLING,
            Some(plugin) => Rules::read(live.clone()).map_or(SecretNames::Any, |rules| rules.secret_names(plugin)),
        };
        refused(super::CheckedFile::syntax(path, &text, errors, &names))
    })
}
