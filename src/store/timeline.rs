//! `history`: the revisions, newest first, and one setting's values over time.

use serde::Serialize;

use super::compare::{Across, Difference, Shown};
use super::session::{Access, Session};
use super::setting::Setting;
use super::{Store, StoreError};
use crate::document::{Change, KeyPath, Value};
use crate::history::{Entry, Query};
use crate::revision::{Revision, RevisionId};

/// Which revisions are meant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// At most so many.
    pub limit: Option<usize>,
    /// None older than the revision that this names: a time, or any other name of a revision.
    pub since: Option<String>,
    /// Only those whose author's name or address holds this text.
    pub author: Option<String>,
    /// Only those that changed this plugin.
    pub plugin: Option<String>,
}

/// A value that a setting got.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ValueAt {
    /// The revision that gave it; of its message only the first line.
    #[serde(flatten)]
    pub revision: Revision,
    /// The setting, or one below it; begins with the plugin's name.
    pub key: KeyPath,
    /// The value before; none where it was not set.
    pub before: Option<Value>,
    /// The value since; none where it was taken away.
    pub after: Option<Value>,
}

impl Store {
    /// The revisions, newest first, each with what it changed. `progress` is told how far a catalogue is that
    /// has to be made first.
    pub fn history(&self, filter: &Filter, progress: &mut Progress<'_>) -> Result<Vec<Shown>, StoreError> {
        let session = Session::begin(self, Access::Read)?;
        if let Some(plugin) = &filter.plugin
            && !session.rules.has(plugin)
        {
            return Err(session.rules.no_such_plugin(plugin));
        }
        let limit = filter.limit.unwrap_or(usize::MAX);
        let plain = filter.since.is_none() && filter.author.is_none() && filter.plugin.is_none();
        let revisions: Vec<RevisionId> = if plain {
            let newest = session.history.log(session.head).take(limit);
            newest
                .map(|revision| Ok(revision?.id))
                .collect::<Result<_, StoreError>>()?
        } else {
            let entries = find(&session, filter, None, progress)?;
            entries.into_iter().map(|entry| entry.revision.id).collect()
        };
        let shown = |id| {
            let revision = session.history.revision(id)?;
            Ok(Shown {
                difference: changed(&session, &revision)?,
                revision,
            })
        };
        revisions.into_iter().map(shown).collect()
    }

    /// The values over time of a setting, or of those below a table, newest first.
    pub fn values(
        &self,
        name: &KeyPath,
        filter: &Filter,
        progress: &mut Progress<'_>,
    ) -> Result<Vec<ValueAt>, StoreError> {
        let session = Session::begin(self, Access::Read)?;
        let key = Setting::find(name, &session.rules)?.name();
        let entries = find(&session, filter, Some(&key), progress)?;
        let values = |entry: Entry| {
            let Entry { revision, changes, .. } = entry;
            let changes: Vec<Change> = changes
                .into_iter()
                .filter_map(|change| session.rules.without_secrets(change))
                .collect();
            changes.into_iter().map(move |Change { key, before, after }| ValueAt {
                revision: revision.clone(),
                key,
                before,
                after,
            })
        };
        Ok(entries
            .into_iter()
            .flat_map(values)
            .take(filter.limit.unwrap_or(usize::MAX))
            .collect())
    }
}

/// Told how many of how many revisions have been read.
pub type Progress<'p> = dyn FnMut(usize, usize) + 'p;

/// The revisions that fit, by the catalogue.
fn find(
    session: &Session<'_>,
    filter: &Filter,
    key: Option<&KeyPath>,
    progress: &mut Progress<'_>,
) -> Result<Vec<Entry>, StoreError> {
    let since = filter
        .since
        .as_deref()
        .map(|since| session.history.moment(session.head, since))
        .transpose()?;
    let query = Query {
        key,
        plugin: filter.plugin.as_deref(),
        author: filter.author.as_deref(),
        since,
    };
    let mut catalogue = session.history.catalogue(session.head, progress)?;
    Ok(catalogue.find(&query, filter.limit.unwrap_or(usize::MAX))?)
}

/// What a revision changed, read file by file.
fn changed(session: &Session<'_>, revision: &Revision) -> Result<Difference, StoreError> {
    let mut difference = Difference::default();
    for change in session.history.changed_paths(revision.id)? {
        let read = |blob: Option<_>| blob.map(|blob| session.history.read_blob(blob)).transpose();
        difference.push(
            &session.rules,
            &change.path,
            read(change.before)?,
            read(change.after)?,
            Across::AsTheyStand,
        );
    }
    Ok(difference)
}
