//! Settings of an earlier revision as they can stand today.
//!
//! Where a plugin has another schema version by now, the earlier text is not today's any more: it says that it
//! was written for another schema, and lacks what came later. It is led to today's version by the migrations, and
//! what then differs is spliced into today's text one by one. What the earlier version could not say stays as it is,
//! since that revision has no opinion of it. Where no migration leads there, values are taken by their names.

use super::StoreError;
use super::chain::MigrateError;
use super::compare::document_at;
use super::draft::Draft;
use super::manifest::{MANIFEST, Manifest, schema_path};
use super::rules;
use super::session::Session;
use crate::document::{self, Change, Document, EditError, KeyPath, Segment, Value};
use crate::files;
use crate::revision::RevisionId;
use crate::schema::{Schema, SchemaLine, StatedVersion, VERSION_KEY};

/// A revision whose settings are wanted back.
pub(super) struct Earlier<'d, 's> {
    session: &'d Session<'s>,
    revision: RevisionId,
    manifest: Manifest,
}

impl<'d, 's> Earlier<'d, 's> {
    /// Reads the revision's manifest. One that is not there or says nothing sensible names no plugin.
    pub(super) fn read(session: &'d Session<'s>, revision: RevisionId) -> Result<Self, StoreError> {
        let bytes = session.history.read(revision, MANIFEST)?.unwrap_or_default();
        let text = files::text(MANIFEST.as_ref(), bytes).unwrap_or_default();
        Ok(Self {
            session,
            revision,
            manifest: rules::parse_manifest(&text).unwrap_or_default(),
        })
    }

    /// The revision's id.
    pub(super) fn id(&self) -> RevisionId {
        self.revision
    }

    /// Whether the revision had a plugin.
    pub(super) fn has(&self, plugin: &str) -> bool {
        self.manifest.plugins.contains_key(plugin)
    }

    /// A plugin's settings in the revision, if it had any.
    pub(super) fn document(&self, plugin: &str) -> Result<Option<Document>, StoreError> {
        document_at(self.session, self.revision, plugin)
    }

    /// The schema version that the revision's settings of a plugin were written for: what they say themselves,
    /// else what was current. Nothing where that cannot be known.
    pub(super) fn version(&self, plugin: &str, settings: &Document) -> Result<Option<u32>, StoreError> {
        if let Ok(Some(stated)) = StatedVersion::of(settings) {
            return Ok(Some(stated.version));
        }
        if let Some(version) = self.manifest.plugins.get(plugin).and_then(|entry| entry.schema_version) {
            return Ok(Some(version));
        }
        let folder = format!("schemas/{plugin}");
        let schemas = self.session.history.files(self.revision, &folder)?;
        let version_of = |path: &str| {
            let name = path.strip_prefix(&folder)?.strip_prefix('/')?;
            name.strip_suffix(".schema.json")?.parse().ok()
        };
        let versions: Vec<u32> = schemas.iter().filter_map(|file| version_of(&file.path)).collect();
        Ok(match versions.as_slice() {
            [only] => Some(*only),
            _ => None,
        })
    }

    /// The revision's settings of a plugin in today's schema version, as far as the migrations' steps can tell.
    pub(super) fn in_force(&self, plugin: &str, settings: &Document) -> Result<InForce, StoreError> {
        let then = self.version(plugin, settings)?;
        let now = self.session.rules.version(plugin)?;
        let Some(then) = then.filter(|then| *then != now) else {
            return Ok(InForce::AsItWas);
        };
        match self.session.rules.led(plugin, settings, then, now) {
            Ok(document) => Ok(InForce::Led { document, then }),
            Err(StoreError::Migrate(error)) => Ok(InForce::Stuck(error)),
            Err(error) => Err(error),
        }
    }

    /// Today's settings of a plugin with the values that they had in the revision. Where no migration leads from one to
    /// the other, the reason is told to `warn`, and the values are taken by their names.
    pub(super) fn restored(
        &self,
        draft: &mut Draft<'_, '_>,
        plugin: &str,
        earlier: Document,
        warn: &mut dyn FnMut(String),
    ) -> Result<Document, StoreError> {
        let (led, then) = match self.in_force(plugin, &earlier)? {
            // The revision's bytes, comments and all.
            InForce::AsItWas => return Ok(earlier),
            InForce::Led { document, then } => (document, then),
            InForce::Stuck(error) => {
                warn(format!(
                    "the settings of `{plugin}` were taken back by their names: {error}"
                ));
                return self.spliced(plugin, draft.document(plugin)?, &earlier);
            }
        };
        let rules = &self.session.rules;
        let (now, current) = (rules.version(plugin)?, draft.document(plugin)?);
        // What today's settings are without what the earlier version could not say.
        let back = rules.led(plugin, current, now, then);
        let without = back.and_then(|back| rules.led(plugin, &back, then, now));
        let changes = match &without {
            Ok(without) => document::changes(without, &led),
            Err(StoreError::Migrate(_)) => document::changes(current, &led),
            Err(_) => return without,
        };
        Ok(take_over(current, &led, &KeyPath::root(), changes, &[])?)
    }

    /// Today's settings of a plugin with the values that stood in the revision under the same names.
    fn spliced(&self, plugin: &str, current: &Document, earlier: &Document) -> Result<Document, StoreError> {
        let schema = self.schema(plugin, earlier)?;
        let declared = |key: &KeyPath| schema.as_ref().is_some_and(|schema| schema.annotation(key).is_some());
        Ok(splice(current, earlier, &declared)?)
    }

    /// The schema that the revision's settings of a plugin were written for; nothing where it has none that can
    /// be read.
    fn schema(&self, plugin: &str, settings: &Document) -> Result<Option<Schema>, StoreError> {
        let Some(version) = self.version(plugin, settings)? else {
            return Ok(None);
        };
        let path = schema_path(plugin, version);
        let Some(bytes) = self.session.history.read(self.revision, &path)? else {
            return Ok(None);
        };
        let text = files::text(path.as_ref(), bytes).unwrap_or_default();
        let schema = Schema::parse(&path, &text).ok();
        // What a reference led to then is looked for among the files of today.
        let library = self.session.rules.library(plugin);
        Ok(schema.and_then(|schema| schema.with_references(&library).ok()))
    }
}

/// An earlier revision's settings, compared with today's schema version.
pub(super) enum InForce {
    /// They are of today's version, or of none that is known.
    AsItWas,
    /// They were led to it.
    Led {
        /// What they are in it.
        document: Document,
        /// The version that they were written for.
        then: u32,
    },
    /// They are of another version, and nothing leads from there.
    Stuck(MigrateError),
}

/// A document as a source of values that states the same version as another, in the same ways.
pub(super) fn stating_version_of(document: &Document, other: &Document) -> Result<Document, EditError> {
    let document = without_schema_line(document);
    let key = version_key();
    match other.get(&key) {
        Some(version) => document.set(&key, &version),
        None if document.contains(&key) => document.unset(&key),
        None => Ok(document),
    }
}

fn without_schema_line(document: &Document) -> Document {
    let text = document.text();
    let Some(line) = SchemaLine::find(text) else {
        return document.clone();
    };
    let start = text[..line.span.start].rfind('\n').map_or(0, |at| at + 1);
    let end = text[line.span.end..]
        .find('\n')
        .map_or(text.len(), |at| line.span.end + at + 1);
    // A text stays TOML without one of its comments.
    Document::parse(format!("{}{}", &text[..start], &text[end..])).unwrap_or_else(|_| document.clone())
}

fn version_key() -> KeyPath {
    KeyPath::root().key(VERSION_KEY)
}

/// `current` with what a key and all below it were in `earlier`.
pub(super) fn restored(current: &Document, earlier: &Document, key: &KeyPath) -> Result<Document, EditError> {
    let mut changes = document::changes(current, earlier);
    changes.retain(|change| change.key.starts_with(key) || key.starts_with(&change.key));
    if changes.iter().any(|change| !change.key.starts_with(key)) {
        // It stands inside a value that is compared as a whole.
        return current.restore(earlier, key);
    }
    take_over(current, earlier, key, changes, &[])
}

/// `current` with the values of `earlier`; what stands in `current` alone goes only where it was `declared` then.
fn splice(current: &Document, earlier: &Document, declared: &dyn Fn(&KeyPath) -> bool) -> Result<Document, EditError> {
    let (mut wanted, mut kept) = (Vec::new(), Vec::new());
    for change in document::changes(current, earlier) {
        if change.key == version_key() || change.after.is_none() && !declared(&change.key) {
            kept.push(change.key);
        } else {
            wanted.push(change);
        }
    }
    take_over(current, earlier, &KeyPath::root(), wanted, &kept)
}

/// Takes changes over; none reaches above the key `within`.
pub(super) fn take_over(
    current: &Document,
    earlier: &Document,
    within: &KeyPath,
    changes: Vec<Change>,
    kept: &[KeyPath],
) -> Result<Document, EditError> {
    let mut edited = current.clone();
    for change in changes {
        let mut key = resized_array(&change.key, within, current, earlier);
        if change.after.is_none() {
            key = whole_absent(&key, within, earlier, kept);
        }
        edited = edited.restore(earlier, &key)?;
    }
    Ok(edited)
}

/// The outermost array on the way to a key that has not as many items in both documents: which of its items is
/// which cannot be known, so it is taken over whole. Else the key itself.
fn resized_array(key: &KeyPath, within: &KeyPath, current: &Document, earlier: &Document) -> KeyPath {
    let length = |document: &Document, array: &KeyPath| match document.get(array) {
        Some(Value::Array(items)) => Some(items.len()),
        Some(_) | None => None,
    };
    let segments = key.segments();
    let arrays = (within.len()..segments.len()).filter(|at| matches!(segments[*at], Segment::Index(_)));
    let mut arrays = arrays.map(|at| KeyPath::from(segments[..at].to_vec()));
    let resized = arrays.find(|array| length(current, array) != length(earlier, array));
    resized.unwrap_or_else(|| key.clone())
}

/// The outermost table around a key that goes with it, so that no empty one stays behind.
fn whole_absent(key: &KeyPath, within: &KeyPath, earlier: &Document, kept: &[KeyPath]) -> KeyPath {
    let segments = key.segments();
    let mut around = (within.len().max(1)..segments.len()).map(|length| KeyPath::from(segments[..length].to_vec()));
    let goes = |table: &KeyPath| !earlier.contains(table) && !kept.iter().any(|key| key.starts_with(table));
    around.find(goes).unwrap_or_else(|| key.clone())
}

#[cfg(test)]
mod tests {
    use super::{Document, KeyPath, splice, stating_version_of};

    fn spliced(current: &str, earlier: &str, unknown: &[&str]) -> String {
        let (current, earlier) = (Document::parse(current).unwrap(), Document::parse(earlier).unwrap());
        let declared = |key: &KeyPath| !unknown.contains(&key.to_string().as_str());
        splice(&current, &earlier, &declared).unwrap().text().to_owned()
    }

    #[test]
    fn values_come_with_their_comments_into_todays_text() {
        let current = "#:schema 2.schema.json\n# today's\nschema_version = 2\nmode = 'off' # today's\nnew = 1\n";
        let earlier = "#:schema 1.schema.json\nschema_version = 1\nmode = 'auto' # then\n# why\nlimit = 5 # then\n[mqtt]\nport = 1\n";
        assert_eq!(
            spliced(current, earlier, &["new"]),
            "#:schema 2.schema.json\n# today's\nschema_version = 2\nmode = 'auto' # then\n# why\nlimit = 5 # then\nnew = 1\n\n[mqtt]\nport = 1\n"
        );
    }

    #[test]
    fn what_was_not_set_goes_and_what_could_not_be_set_stays() {
        let current = "a = 1\nb = 2\n[old]\nx = 1\ny = 2\n[mixed]\nx = 1\nnew = 2\n[[zones]]\nname = 'a'\nnew = 1\n";
        let earlier = "a = 1\n[[zones]]\nname = 'b'\n";
        assert_eq!(
            spliced(current, earlier, &["mixed.new", "zones[0].new"]),
            "a = 1\n[mixed]\nnew = 2\n[[zones]]\nname = 'b'\nnew = 1\n"
        );
    }

    #[test]
    fn an_array_that_grew_or_shrank_is_taken_over_whole() {
        let current = "[[zones]]\nname = 'a'\n[[zones]]\nname = 'c'\nnew = 1\n";
        let earlier = "[[zones]]\nname = 'a'\n[[zones]]\nname = 'b'\n[[zones]]\nname = 'c'\n";
        assert_eq!(spliced(current, earlier, &["zones[1].new"]), earlier);
        assert_eq!(spliced("list = [1, 2]\n", "list = [ 2 ]\n", &[]), "list = [ 2 ]\n");
    }

    #[test]
    fn a_schema_line_right_above_the_first_key_is_no_comment_of_it() {
        let earlier = "#:schema 1.schema.json\n# why\nfirst = 1\nlast = 2\n";
        assert_eq!(
            spliced("#:schema 2.schema.json\nlast = 2\n", earlier, &[]),
            "#:schema 2.schema.json\n# why\nfirst = 1\nlast = 2\n"
        );
    }

    #[test]
    fn one_key_reaches_no_further_than_it_says() {
        let restored = |current: &str, earlier: &str, key: &str| {
            let (current, earlier) = (Document::parse(current).unwrap(), Document::parse(earlier).unwrap());
            let key = key.parse().unwrap();
            super::restored(&current, &earlier, &key).unwrap().text().to_owned()
        };
        let current = "[mqtt]\nhost = 'a'\nport = 1\n[[zones]]\nflow = 1\n[[zones]]\nflow = 2\n";
        let earlier = "a = 1\n[[zones]]\nflow = 9 # then\n";
        assert_eq!(
            restored(current, earlier, "mqtt.port"),
            current.replace("port = 1\n", "")
        );
        assert_eq!(
            restored(current, earlier, "mqtt"),
            "[[zones]]\nflow = 1\n[[zones]]\nflow = 2\n"
        );
        assert_eq!(
            restored(current, earlier, "zones[0].flow"),
            current.replace("flow = 1\n", "flow = 9 # then\n")
        );
        assert_eq!(
            restored(current, earlier, "zones"),
            "[mqtt]\nhost = 'a'\nport = 1\n[[zones]]\nflow = 9 # then\n"
        );
        assert_eq!(restored("a = [1, 2]\n", "a = [3, 4]\n", "a[1]"), "a = [1, 4]\n");
        assert_eq!(restored("a = { b = 1, c = 2 }\n", "a = 5\n", "a.b"), "a = { c = 2 }\n");
    }

    #[test]
    fn another_version_is_stated_as_it_is_stated_elsewhere() {
        let stating = |document: &str, other: &str| {
            let (document, other) = (Document::parse(document).unwrap(), Document::parse(other).unwrap());
            stating_version_of(&document, &other).unwrap().text().to_owned()
        };
        assert_eq!(
            stating(
                "#:schema 1.schema.json\nschema_version = 1\na = 1\n",
                "schema_version = 2\n"
            ),
            "schema_version = 2\na = 1\n"
        );
        assert_eq!(stating("schema_version = 1\na = 1\n", ""), "a = 1\n");
        assert_eq!(stating("a = 1\n", ""), "a = 1\n");
    }
}
