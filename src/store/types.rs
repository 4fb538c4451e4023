//! `doctor --types`: values whose type is not the one that the schema in force declares, such as `"60"` where an integer
//! belongs: in the settings files, and in what any revision held of them.

use std::collections::{BTreeMap, HashMap};

use serde::Serialize;

use super::custody::{self, Mask};
use super::draft;
use super::import::conversion::{Target, Verdict, kinds};
use super::manifest::settings_path;
use super::past::{Past, Version};
use super::render::quoted;
use super::rules::Rules;
use super::scan::FirstSeen;
use super::session::{Access, Session};
use super::timeline::Progress;
use super::versions::stated;
use super::{Store, StoreError};
use crate::document::{Document, KeyPath, Value};
use crate::history::BlobId;
use crate::import::Given;
use crate::schema::{Kind, Schema};
use crate::secret::forbid_dumps;

/// A value of another type than its schema declares.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Mistyped {
    /// The setting, as PLUGIN.KEY.
    pub key: KeyPath,
    /// The value; masked where it is secret.
    pub value: Value,
    /// Whether it is secret.
    pub secret: bool,
    /// The types that the schema declares.
    pub wanted: Vec<Kind>,
    /// The file, from the store's folder.
    pub file: String,
    /// The line where it stands, from 1: today, or if it is gone, in the revision that first held it.
    pub line: usize,
    /// The column, from 1.
    pub column: usize,
    /// Whether it stands in the file today.
    pub present: bool,
    /// The revision that first held it; none where no revision does.
    pub first: Option<FirstSeen>,
    /// The command that mends it; none where it is gone, and no value of the type that is
    /// wanted says the same.
    pub mend: Option<String>,
}

impl Store {
    /// The values in the settings files and in all revisions whose type is not that which the schema in force declares,
    /// each once, with the revision that first held it. Settings that were written for another schema version are left
    /// out: migrations see to those. `progress` is told how many of how many revisions are done.
    ///
    /// # Errors
    /// Where a settings file in the folder is no TOML, or a schema there cannot be read: what they hold is not known.
    pub fn mistyped(&self, progress: &mut Progress<'_>) -> Result<Vec<Mistyped>, StoreError> {
        // A value of the wrong type may be a secret in plain text.
        forbid_dumps();
        let session = Session::begin(self, Access::Read)?;
        let rules = &session.rules;
        let mut found = Found::default();
        let mut by_hand = Vec::new();
        for plugin in rules.plugins() {
            let path = settings_path(plugin);
            let Some(bytes) = session.live.read(&path)? else {
                continue;
            };
            if session.history.blob(session.head, &path)? != Some(BlobId::of(&bytes)?) {
                by_hand.push(plugin.to_owned());
            }
            let document = draft::parse(&path, bytes, &session.live)?;
            found.look(rules, plugin, &document, None)?;
        }
        let look = &mut |version: &Version<'_>| found.look_back(&session, version);
        Past::new(&session).walk(look, progress)?;
        for ((plugin, ..), one) in &mut found.values {
            // Nothing is set in a file that was edited by hand and is not valid.
            let is_unset = one.mend.is_none() || !one.secret && by_hand.contains(plugin);
            if one.present && is_unset {
                one.mend = Some(format!("valvecfg edit {plugin}"));
            }
        }
        let mut all: Vec<Mistyped> = found.values.into_values().collect();
        all.sort_by_key(|one| (one.file.clone(), !one.present, one.line, one.column));
        Ok(all)
    }
}

/// What was found: by the plugin, the setting and the value as it is spelled.
#[derive(Default)]
struct Found {
    values: BTreeMap<(String, KeyPath, String), Mistyped>,
    /// The kinds that a schema declares, by plugin and setting: versions are alike.
    kinds: HashMap<(String, KeyPath), Vec<Kind>>,
}

impl Found {
    fn look_back(&mut self, session: &Session<'_>, version: &Version<'_>) -> Result<(), StoreError> {
        if !session.rules.has(version.plugin) {
            return Ok(());
        }
        let bytes = session.history.read_blob(version.settings)?;
        // Larger than any that is recorded here, or no TOML: it was made with git, and nothing can be set in it.
        if bytes.len() as u64 > session.store.limits.file_size {
            return Ok(());
        }
        let text = String::from_utf8_lossy(&bytes);
        let Ok(document) = Document::parse(text.as_ref()) else {
            return Ok(());
        };
        self.look(&session.rules, version.plugin, &document, Some(version))
    }

    fn look(
        &mut self,
        rules: &Rules<'_>,
        plugin: &str,
        document: &Document,
        version: Option<&Version<'_>>,
    ) -> Result<(), StoreError> {
        let current = rules.version(plugin)?;
        let written_for = stated(document).or(version.and_then(|version| version.number));
        if written_for.is_some_and(|written_for| written_for != current) {
            return Ok(());
        }
        let schema = rules.schema(plugin)?;
        let mut wrong = Vec::new();
        if let Some(root) = document.get(&KeyPath::root()) {
            self.gather(plugin, &schema, &KeyPath::root(), root, &mut wrong);
        }
        for (path, value) in wrong {
            let mark = (plugin.to_owned(), path.clone(), value.to_string());
            let one = self.values.entry(mark).or_insert_with(|| {
                let at = document.locate(&path).map_or(0, |location| location.value.start);
                let (line, column) = document.line_column(at);
                let key = KeyPath::root().key(plugin).concat(&path);
                let wanted = schema.annotation(&path).map(|said| kinds(&said)).unwrap_or_default();
                Mistyped {
                    mend: mend(&schema, &key, &path, &value),
                    secret: schema.may_be_secret(&path),
                    value: Mask::Schema(&schema).value(&path, value),
                    key,
                    wanted,
                    file: settings_path(plugin),
                    line,
                    column,
                    present: version.is_none(),
                    first: None,
                }
            });
            if let Some(version) = version {
                one.first.get_or_insert_with(|| FirstSeen::at(version.revision));
            }
        }
        Ok(())
    }

    fn gather(
        &mut self,
        plugin: &str,
        schema: &Schema,
        path: &KeyPath,
        value: Value,
        wrong: &mut Vec<(KeyPath, Value)>,
    ) {
        let known = (plugin.to_owned(), path.clone());
        let wanted = self
            .kinds
            .entry(known)
            .or_insert_with(|| schema.annotation(path).map(|said| kinds(&said)).unwrap_or_default());
        if !(wanted.is_empty() || wanted.iter().any(|kind| is(*kind, &value)) || custody::sealed_text(&value).is_some())
        {
            wrong.push((path.clone(), value));
            return;
        }
        match value {
            Value::Table(entries) => {
                for (key, value) in entries {
                    self.gather(plugin, schema, &path.key(key), value, wrong);
                }
            }
            Value::Array(items) => {
                for (index, item) in items.into_iter().enumerate() {
                    self.gather(plugin, schema, &path.index(index), item, wrong);
                }
            }
            Value::String(_) | Value::Integer(_) | Value::Float(_) | Value::Boolean(_) | Value::Datetime(_) => {}
        }
    }
}

/// Whether TOML's type is that of the kind. Of `60.0`, JSON Schema says that it is an integer, and who reads TOML says no.
fn is(kind: Kind, value: &Value) -> bool {
    match value {
        Value::Integer(_) => matches!(kind, Kind::Integer | Kind::Number),
        Value::Float(_) => kind == Kind::Number,
        Value::String(_) | Value::Datetime(_) => kind == Kind::String,
        Value::Boolean(_) => kind == Kind::Boolean,
        Value::Array(_) => kind == Kind::Array,
        Value::Table(_) => kind == Kind::Table,
    }
}

fn mend(schema: &Schema, key: &KeyPath, path: &KeyPath, value: &Value) -> Option<String> {
    let key = quoted(&key.to_string());
    if schema.may_be_secret(path) {
        return Some(format!("valvecfg secret set {key}"));
    }
    let given = match value {
        Value::String(text) => Given::String(text.clone()),
        Value::Array(_) | Value::Table(_) => return None,
        scalar @ (Value::Integer(_) | Value::Float(_) | Value::Boolean(_) | Value::Datetime(_)) => {
            Given::Scalar(scalar.clone(), scalar.to_string())
        }
    };
    let annotation = |path: &KeyPath| schema.annotation(path);
    let target = Target {
        annotation: &annotation,
        tells_floats: true,
    };
    match target.convert(&given, path, None) {
        Verdict::Taken(same) | Verdict::Converted(same) => Some(format!("valvecfg set {key} {}", quoted(&same.bare()))),
        Verdict::Refused(_) => None,
    }
}
