//! `secret scan`: what stands in plain text and is secret, or looks it: in the settings files, and in what any revision
//! ever held of them. Nothing that it answers holds a value, or tells how long one is.

mod past;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::hash::{BuildHasher as _, RandomState};
use std::ops::Range;

use serde::{Serialize, Serializer};

use self::past::Search;
use super::live::Live;
use super::manifest::{is_plugin_name, settings_path};
use super::rules::Rules;
use super::session::{Access, Session};
use super::timeline::Progress;
use super::{Store, StoreError, custody, draft};
use crate::document::{Document, KeyPath, Segment, Value};
use crate::revision::{Author, Moment, Revision, RevisionId};
use crate::schema::Schema;
use crate::secret::{self, Shape};

/// Something that is secret, or looks it, and stands in plain text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Exposure {
    /// The plugin whose file holds it.
    pub plugin: String,
    /// The setting, as PLUGIN.KEY; none where it stands in a comment or in the name of a key.
    pub key: Option<KeyPath>,
    /// Why it counts.
    pub kind: Suspicion,
    /// The file, from the store's folder.
    pub file: String,
    /// The line where it begins, from 1: today, or if it is gone, in the revision that first held it.
    pub line: usize,
    /// The column, from 1.
    pub column: usize,
    /// Whether it stands in the file today.
    pub present: bool,
    /// The revision that first held it; none where no revision does, or none was looked at.
    pub first: Option<FirstSeen>,
}

/// A revision that first held something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FirstSeen {
    /// The revision.
    pub id: RevisionId,
    /// When it was made.
    pub time: Moment,
    /// By whom.
    pub author: Author,
}

impl FirstSeen {
    pub(super) fn at(revision: &Revision) -> Self {
        Self {
            id: revision.id,
            time: revision.time,
            author: revision.author.clone(),
        }
    }
}

/// Why something counts as a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Suspicion {
    /// The schema marks its setting as secret, and it is not sealed.
    Marked,
    /// It looks like one.
    Looks(Shape),
}

/// `plain-text`, or the shape.
impl Serialize for Suspicion {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Marked => serializer.serialize_str("plain-text"),
            Self::Looks(shape) => shape.serialize(serializer),
        }
    }
}

impl Store {
    /// What is secret, or looks it, and stands in plain text: at keys that the schema in force marks, and in the shape of
    /// well-known tokens anywhere in the settings files, comments too. With `history`, also what any revision held, on
    /// whatever branch that came in, of all plugins that there ever were, by today's schemas and by those of its time; each is told
    /// once, with the revision that first held it. No identity is needed: what is sealed is none of it.
    ///
    /// `progress` is told how many of how many revisions are done.
    ///
    /// # Errors
    /// Where a settings file in the folder is no TOML, or a schema there cannot be read: what they hold is not known. A
    /// revision of which that holds was made with git, and is searched for shapes alone.
    pub fn secret_scan(&self, history: bool, progress: &mut Progress<'_>) -> Result<Vec<Exposure>, StoreError> {
        let marks = RandomState::new();
        let rules = Rules::read(Live::open(self)?)?;
        let mut found = BTreeMap::new();
        let mut today = BTreeMap::new();
        for plugin in rules.live().names("plugins", ".toml")? {
            let path = settings_path(&plugin);
            let Some(bytes) = rules.live().read(&path)?.filter(|_| is_plugin_name(&plugin)) else {
                continue;
            };
            let document = draft::parse(&path, bytes, rules.live())?;
            let schema = rules.has(&plugin).then(|| rules.schema(&plugin)).transpose()?;
            for sight in sights(document.text(), Some(&document), schema.as_deref().into_iter()) {
                let place = document.line_column(sight.place.start);
                found.insert(sight.mark(&plugin, &marks), sight.exposure(&plugin, place, true));
            }
            today.insert(plugin, document);
        }
        if history {
            let session = Session::begin(self, Access::Read)?;
            Search::new(&session, &today, marks).run(&mut found, progress)?;
        }
        let mut found: Vec<Exposure> = found.into_values().collect();
        found.sort_by(|a, b| {
            let place = |one: &Exposure| (one.file.clone(), !one.present, one.line, one.column, one.kind);
            place(a).cmp(&place(b))
        });
        Ok(found)
    }
}

/// What tells one secret from all others while they are looked for; it is never shown.
type Mark = (String, Option<KeyPath>, Suspicion, u64);

/// Something found in a text.
struct Sight<'t> {
    /// The setting, below the plugin.
    key: Option<KeyPath>,
    kind: Suspicion,
    place: Range<usize>,
    /// What stands there, however it is spelled.
    text: Cow<'t, str>,
}

impl Sight<'_> {
    fn mark(&self, plugin: &str, marks: &RandomState) -> Mark {
        // From here on, something secret is held for longer than it takes to look at it.
        secret::forbid_dumps();
        (
            plugin.to_owned(),
            self.key.clone(),
            self.kind,
            marks.hash_one(&self.text),
        )
    }

    /// Where the same stands in another text of these settings.
    fn place_in(&self, document: &Document) -> Option<usize> {
        match &self.key {
            Some(key) => {
                let same = document.get(key).is_some_and(|value| value.to_string() == self.text);
                let place = document.locate(key).filter(|_| same)?;
                Some(place.value.start)
            }
            None => document.text().find(self.text.as_ref()),
        }
    }

    fn exposure(&self, plugin: &str, (line, column): (usize, usize), present: bool) -> Exposure {
        let below = |key: &KeyPath| KeyPath::root().key(plugin).concat(key);
        Exposure {
            plugin: plugin.to_owned(),
            key: self.key.as_ref().map(below),
            kind: self.kind,
            file: settings_path(plugin),
            line,
            column,
            present,
            first: None,
        }
    }
}

/// What is in a settings file, by these schemas. Of one that is no TOML, there is no document.
fn sights<'t, 's>(
    text: &'t str,
    document: Option<&Document>,
    schemas: impl Iterator<Item = &'s Schema>,
) -> Vec<Sight<'t>> {
    let mut values = Vec::new();
    if let Some(document) = document {
        let schemas: Vec<&Schema> = schemas.filter(|schema| schema.has_secrets()).collect();
        if let Some(root) = document.get(&KeyPath::root()) {
            gather(document, &schemas, &KeyPath::root(), &root, &mut values);
        }
        values.sort_by_key(|value| value.place.start);
    }
    let mut found = Vec::new();
    let mut end = 0;
    for value in values {
        let Some(between) = text.get(end..value.place.start) else {
            continue;
        };
        found.extend(loose(text, end, between));
        end = value.place.end;
        let key = Some(value.key);
        found.extend(value.kinds.into_iter().map(|kind| Sight {
            key: key.clone(),
            kind,
            place: value.place.clone(),
            text: Cow::Owned(value.text.clone()),
        }));
    }
    found.extend(loose(text, end, &text[end..]));
    found
}

/// Shapes in what is no value: in comments, in keys, or in a file that is no TOML.
fn loose<'t>(text: &'t str, from: usize, part: &str) -> impl Iterator<Item = Sight<'t>> {
    secret::shapes(part).into_iter().map(move |(place, shape)| {
        let place = from + place.start..from + place.end;
        Sight {
            key: None,
            kind: Suspicion::Looks(shape),
            text: Cow::Borrowed(&text[place.clone()]),
            place,
        }
    })
}

/// A value of a document that is no table or array, and what it is suspected of.
struct Leaf {
    key: KeyPath,
    place: Range<usize>,
    text: String,
    kinds: Vec<Suspicion>,
}

fn gather(document: &Document, schemas: &[&Schema], path: &KeyPath, value: &Value, leaves: &mut Vec<Leaf>) {
    match value {
        Value::Table(entries) => {
            for (key, value) in entries {
                gather(document, schemas, &path.key(key.as_str()), value, leaves);
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                gather(document, schemas, &path.index(index), item, leaves);
            }
        }
        Value::String(_) | Value::Integer(_) | Value::Float(_) | Value::Boolean(_) | Value::Datetime(_) => {
            let Some(location) = document.locate(path) else { return };
            let kinds = if custody::sealed_text(value).is_some() {
                Vec::new()
            } else if schemas.iter().any(|schema| schema.is_secret(path)) {
                vec![Suspicion::Marked]
            } else {
                looks(path, value)
            };
            leaves.push(Leaf {
                key: path.clone(),
                place: location.value,
                text: value.to_string(),
                kinds,
            });
        }
    }
}

fn looks(path: &KeyPath, value: &Value) -> Vec<Suspicion> {
    let Value::String(text) = value else { return Vec::new() };
    let mut shapes: Vec<Shape> = secret::shapes(text).into_iter().map(|(_, shape)| shape).collect();
    let name = path.segments().iter().rev().find_map(|segment| match segment {
        Segment::Key(key) => Some(key),
        Segment::Index(_) => None,
    });
    if shapes.is_empty() && name.is_some_and(|name| secret::is_telling_name(name)) && secret::is_random(text) {
        shapes.push(Shape::Random);
    }
    shapes.sort_unstable();
    shapes.dedup();
    shapes.into_iter().map(Suspicion::Looks).collect()
}
