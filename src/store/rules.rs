//! What the files of a store must be: the manifest, and for each plugin the schema in force.

use std::sync::Arc;

use super::chain::Chain;
use super::checked::SecretNames;
use super::declared::Declaration;
use super::live::Live;
use super::manifest::{self, MANIFEST, Manifest, schema_path, settings_path};
use super::shared::Shared;
use super::{CheckedFile, SecretError, StoreError, custody, draft, opened};
use crate::document::{Document, KeyPath};
use crate::migration::Migration;
use crate::schema::{CheckOptions, Checker, Code, Custody, Library, Schema, StatedVersion, Violation, could_be_secret};
use crate::secret::{Keyring, Recipient};

/// The manifest of a store, and its schemas, each read when it is first asked for.
pub(super) struct Rules<'s> {
    live: Live<'s>,
    manifest: Manifest,
    versions: Shared<String, [u32]>,
    schemas: Shared<(String, u32), Schema>,
    checkers: Shared<(String, u32), Checker>,
    /// Schemas by their texts: thousands of plugins may be of one kind.
    texts: Shared<String, Schema>,
    /// The last checker that was compiled from a text, by its fingerprint.
    compiled: Shared<u64, Checker>,
    /// The same of what schemas say of their settings.
    pub(super) declarations: Shared<u64, Declaration>,
    /// Migrations by their texts, without what they ask of schemas.
    pub(super) migrations: Shared<String, Migration>,
    chains: Shared<String, Chain>,
}

impl<'s> Rules<'s> {
    pub(super) fn read(live: Live<'s>) -> Result<Self, StoreError> {
        let text = live.read_text(MANIFEST)?.unwrap_or_default();
        let manifest = parse_manifest(&text)?;
        Ok(Self {
            live,
            manifest,
            versions: Shared::default(),
            schemas: Shared::default(),
            checkers: Shared::default(),
            texts: Shared::default(),
            compiled: Shared::default(),
            declarations: Shared::default(),
            migrations: Shared::default(),
            chains: Shared::default(),
        })
    }

    /// The files that the rules were read from.
    pub(super) fn live(&self) -> &Live<'s> {
        &self.live
    }

    /// The plugins' names, sorted.
    pub(super) fn plugins(&self) -> impl Iterator<Item = &str> {
        self.manifest.plugins.keys().map(String::as_str)
    }

    /// Whether the store has a plugin.
    pub(super) fn has(&self, plugin: &str) -> bool {
        self.manifest.plugins.contains_key(plugin)
    }

    /// For whom a plugin's secrets are sealed.
    pub(super) fn recipients(&self, plugin: &str) -> Result<Vec<Recipient>, StoreError> {
        let named = self.manifest.recipients_of(plugin);
        let parsed: Result<_, _> = named.iter().map(|text| text.parse()).collect();
        Ok(parsed.map_err(SecretError::from)?)
    }

    /// Whether a setting of a plugin could be secret, or anything in it.
    pub(super) fn could_be_secret(&self, plugin: &str, path: &KeyPath) -> Result<bool, StoreError> {
        if !self.has(plugin) {
            return Ok(false);
        }
        let text = self.live.read_text(&schema_path(plugin, self.version(plugin)?))?;
        Ok(text.is_none_or(|text| could_be_secret(&text, path)))
    }

    /// The manifest.
    pub(super) fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The schema version in force for a plugin.
    pub(super) fn version(&self, plugin: &str) -> Result<u32, StoreError> {
        let Some(entry) = self.manifest.plugins.get(plugin) else {
            return Err(self.no_such_plugin(plugin));
        };
        match entry.schema_version {
            Some(version) => Ok(version),
            None => match &*self.versions(plugin)? {
                [only] => Ok(*only),
                versions => Err(StoreError::SchemaVersion {
                    plugin: plugin.to_owned(),
                    versions: versions.to_vec(),
                }),
            },
        }
    }

    /// The schema versions that are there for a plugin, ascending.
    pub(super) fn versions(&self, plugin: &str) -> Result<Arc<[u32]>, StoreError> {
        self.versions.get_or(&plugin.to_owned(), || {
            let names = self.live.names(&format!("schemas/{plugin}"), ".schema.json")?;
            let mut versions: Vec<u32> = names.iter().filter_map(|name| name.parse().ok()).collect();
            versions.sort_unstable();
            Ok(versions.into())
        })
    }

    /// The migrations of a plugin.
    pub(super) fn chain(&self, plugin: &str) -> Result<Arc<Chain>, StoreError> {
        self.chains
            .get_or(&plugin.to_owned(), || Ok(Arc::new(Chain::read(plugin, self)?)))
    }

    /// The schema in force for a plugin, parsed but not compiled.
    pub(super) fn schema(&self, plugin: &str) -> Result<Arc<Schema>, StoreError> {
        self.schema_at(plugin, self.version(plugin)?)
    }

    /// A schema version of a plugin, in force or not, parsed but not compiled.
    pub(super) fn schema_at(&self, plugin: &str, version: u32) -> Result<Arc<Schema>, StoreError> {
        self.schemas.get_or(&(plugin.to_owned(), version), || {
            let path = schema_path(plugin, version);
            let Some(text) = self.live.read_text(&path)? else {
                return Err(StoreError::SchemaGone {
                    plugin: plugin.to_owned(),
                    path,
                });
            };
            if let Some(twin) = self.texts.get(&text) {
                return Ok(Arc::new(twin.named(&path)));
            }
            let mut schema = Schema::parse(&path, &text)?;
            if schema.has_open_references() {
                schema = schema.with_references(&self.library(plugin))?;
            }
            let schema = Arc::new(schema);
            if schema.stands_alone() {
                self.texts.put(text, Arc::clone(&schema));
            }
            Ok(schema)
        })
    }

    /// The schema in force for a plugin, compiled.
    pub(super) fn checker(&self, plugin: &str) -> Result<Arc<Checker>, StoreError> {
        self.checker_at(plugin, self.version(plugin)?)
    }

    /// A schema version of a plugin, in force or not, compiled.
    pub(super) fn checker_at(&self, plugin: &str, version: u32) -> Result<Arc<Checker>, StoreError> {
        self.checkers.get_or(&(plugin.to_owned(), version), || {
            let schema = self.schema_at(plugin, version)?;
            let twin = self.compiled.get(&schema.fingerprint());
            if let Some(checker) = twin.and_then(|twin| twin.of_the_same(&schema)) {
                return Ok(Arc::new(checker));
            }
            let compiled = Checker::compile(&schema, &self.library(plugin), CheckOptions::default());
            let checker = Arc::new(compiled.map_err(|errors| StoreError::Schema { errors })?);
            self.compiled.put(schema.fingerprint(), Arc::clone(&checker));
            Ok(checker)
        })
    }

    /// Where references of a plugin's schemas to other files are answered.
    pub(super) fn library(&self, plugin: &str) -> Library {
        let root = self.live.root();
        let drafted = self.live.drafted_in(&format!("schemas/{plugin}")).into_iter();
        // What is no text is no JSON, and told as such.
        let texts = drafted.map(|(name, bytes)| (name, bytes.map(|bytes| String::from_utf8_lossy(bytes).into_owned())));
        Library::new([root.join("schemas").join(plugin)])
            .named_from(root)
            .with_texts(texts.collect())
    }

    /// Checks a plugin's settings, whose secrets are to be sealed.
    pub(super) fn check_settings(&self, plugin: &str, document: &Document) -> Result<CheckedFile, StoreError> {
        self.check_held(plugin, document, &custody::as_stored)
    }

    /// Checks a plugin's settings that a person wrote by hand in the place of these: also the sealed values among them,
    /// as far as they can be looked into here.
    pub(super) fn check_by_hand(
        &self,
        plugin: &str,
        before: &Document,
        after: &Document,
        keyring: &dyn Fn() -> Option<Keyring>,
    ) -> Result<CheckedFile, StoreError> {
        let schema = self.schema_for(plugin, after)?;
        let worthless = opened::worthless(&schema, plugin, before, after, keyring);
        self.check_with(plugin, after, &custody::as_stored, worthless)
    }

    /// Checks a plugin's settings, whose secrets stand there as `custody` says.
    pub(super) fn check_held(
        &self,
        plugin: &str,
        document: &Document,
        custody: &Custody<'_>,
    ) -> Result<CheckedFile, StoreError> {
        self.check_with(plugin, document, custody, Vec::new())
    }

    /// The same, where these violations were found already.
    pub(super) fn check_with(
        &self,
        plugin: &str,
        document: &Document,
        custody: &Custody<'_>,
        found: Vec<Violation>,
    ) -> Result<CheckedFile, StoreError> {
        if let Some(stated) = self.other_version(plugin, document)? {
            return self.check_other(plugin, document, &stated, custody, found);
        }
        let checker = self.checker(plugin)?;
        let mut violations = checker.check_held(document, custody);
        violations.extend(found);
        violations.extend(StatedVersion::of(document).err().map(|violation| *violation));
        violations.sort_by_key(|violation| violation.span.start);
        let schema = schema_path(plugin, self.version(plugin)?);
        Ok(CheckedFile::document(
            &settings_path(plugin),
            document,
            checker.schema(),
            schema,
            violations,
        ))
    }

    /// Checks the bytes of a plugin's settings, which may not even be text.
    pub(super) fn check_bytes(&self, plugin: &str, bytes: Vec<u8>) -> Result<CheckedFile, StoreError> {
        match draft::parse(&settings_path(plugin), bytes, &self.live) {
            Ok(document) => self.check_settings(plugin, &document),
            Err(StoreError::HandEdit { mut files }) if !files.is_empty() => Ok(files.swap_remove(0)),
            Err(error) => Err(error),
        }
    }

    /// That a plugin is not there, with those that are.
    pub(super) fn no_such_plugin(&self, plugin: &str) -> StoreError {
        let known = self.manifest.plugins.keys().cloned().collect();
        StoreError::NoSuchPlugin {
            plugin: plugin.to_owned(),
            known,
        }
    }
}

/// Reads a manifest; what is wrong with it is said with the place of each.
pub(super) fn parse_manifest(text: &str) -> Result<Manifest, StoreError> {
    match toml::from_str(text) {
        Ok(manifest) => Ok(manifest),
        Err(error) => Err(StoreError::Invalid {
            files: vec![explain_manifest(text, &error)?],
        }),
    }
}

/// The manifest's own schema finds all that is wrong and suggests what is right; the parser stops at the first.
fn explain_manifest(text: &str, error: &toml::de::Error) -> Result<CheckedFile, StoreError> {
    let document = match Document::parse(text) {
        Ok(document) => document,
        Err(errors) => return Ok(CheckedFile::syntax(MANIFEST, text, errors, &SecretNames::TELLING)),
    };
    let schema = Schema::parse(manifest::MANIFEST_SCHEMA, &manifest::schema())?;
    let compiled = Checker::compile(&schema, &Library::default(), CheckOptions::default());
    let mut violations = compiled
        .map_err(|errors| StoreError::Schema { errors })?
        .check(&document);
    if violations.is_empty() {
        let span = error.span().unwrap_or(0..0);
        violations.push(Violation::at(Code::Manifest, text, span, error.message()));
    }
    Ok(CheckedFile::new(
        MANIFEST,
        text,
        Some(manifest::MANIFEST_SCHEMA.to_owned()),
        violations,
    ))
}
