//! The settings of a foreign file by the names that they have here, before anything of their values is looked at.

use std::collections::{HashMap, HashSet};

use super::names::Names;
use super::{ImportOptions, ImportState, SkipError};
use crate::document::{KeyPath, Segment, Value};
use crate::import::{Format, Found, Given, Source};
use crate::schema::Schema;
use crate::store::StoreError;

/// One setting of a file, or one that the file would have to hold.
pub(super) struct Row<'s> {
    /// None where the file does not hold it.
    pub(super) found: Option<&'s Found>,
    /// The setting below the plugin.
    pub(super) path: Option<KeyPath>,
    pub(super) state: ImportState,
    pub(super) value: Option<Value>,
    pub(super) reason: Option<String>,
    pub(super) suggestion: Option<KeyPath>,
}

impl<'s> Row<'s> {
    pub(super) fn of(found: &'s Found, state: ImportState) -> Self {
        Self {
            found: Some(found),
            path: None,
            state,
            value: None,
            reason: None,
            suggestion: None,
        }
    }

    pub(super) fn without_file(path: KeyPath, state: ImportState) -> Self {
        Self {
            found: None,
            path: Some(path),
            state,
            value: None,
            reason: None,
            suggestion: None,
        }
    }

    pub(super) fn refuse(&mut self, reason: impl Into<String>) {
        self.state = ImportState::Refused;
        self.reason = Some(reason.into());
    }

    pub(super) fn is_taken(&self) -> bool {
        matches!(self.state, ImportState::Taken | ImportState::Converted)
    }
}

/// What a schema does not declare and may allow all the same is tried, up to so many: a file with more is another
/// file than was meant.
const MOST_UNDECLARED: usize = 1_000;

/// A file's settings with the names that they have here.
pub(super) fn named<'s>(
    plugin: &str,
    source: &'s Source,
    schema: &Schema,
    options: &ImportOptions,
) -> Result<Vec<Row<'s>>, StoreError> {
    let mut names = Names::new(plugin, schema);
    let mut used = HashSet::new();
    let mut undeclared = 0;
    let mut rows = Vec::with_capacity(source.found.len());
    for found in &source.found {
        let variable = match (source.format, found.key.segments()) {
            (Format::Env, [Segment::Key(name)]) => Some(name.as_str()),
            _ => None,
        };
        let candidates = match variable {
            Some(name) => names.of_variable(name),
            None => vec![found.key.clone()],
        };
        let skips = options.skip.iter().filter(|skip| {
            let mut meant = [&found.key].into_iter().chain(&candidates);
            meant.any(|key| is_skipped(skip, plugin, key))
        });
        let skips: Vec<&String> = skips.collect();
        if !skips.is_empty() {
            used.extend(skips);
            rows.push(Row::of(found, ImportState::Skipped));
            continue;
        }
        let mut row = Row::of(found, ImportState::Unknown);
        match (candidates.as_slice(), variable) {
            ([path], _) => {
                let declared = variable.is_some() || schema.annotation(path).is_some();
                row.suggestion = if declared { None } else { names.suggest(path) };
                undeclared += usize::from(!declared && row.suggestion.is_none());
                if undeclared > MOST_UNDECLARED && !declared {
                    let reason =
                        format!("the file holds more than {MOST_UNDECLARED} names that the schema does not declare");
                    row.reason = Some(reason);
                } else if row.suggestion.is_none() {
                    row.path = Some(path.clone());
                    row.state = if found.given == Given::Null {
                        ImportState::Null
                    } else {
                        ImportState::Taken
                    };
                }
            }
            ([], Some(name)) => row.suggestion = names.suggest_variable(name),
            (several, _) => {
                let several: Vec<String> = several.iter().map(|path| format!("`{path}`")).collect();
                row.reason = Some(format!(
                    "could be {}; `__` in it says where a dot is",
                    several.join(" or ")
                ));
            }
        }
        rows.push(row);
    }
    match options.skip.iter().find(|skip| !used.contains(skip)) {
        Some(name) => Err(SkipError::NotThere {
            file: source.file.clone(),
            name: name.clone(),
        }
        .into()),
        None => Ok(rows),
    }
}

/// Whether a setting is what `--skip` names, or stands below it.
fn is_skipped(skip: &str, plugin: &str, key: &KeyPath) -> bool {
    let Ok(named) = skip.parse::<KeyPath>() else {
        // As a database or a section spells it.
        return *key == KeyPath::root().key(skip);
    };
    let below = match named.split_first() {
        Some((Segment::Key(first), below)) if first == plugin && !below.is_empty() => Some(below),
        Some(_) | None => None,
    };
    key.starts_with(&named) || below.is_some_and(|below| key.starts_with(&below))
}

/// Refuses what gives a setting twice, or gives a value for what is a table elsewhere in the file.
pub(super) fn refuse_clashes(rows: &mut [Row<'_>]) {
    let mut first: HashMap<KeyPath, usize> = HashMap::new();
    for at in 0..rows.len() {
        let Some(path) = rows[at].path.clone().filter(|_| rows[at].is_taken()) else {
            continue;
        };
        if let Some(first) = first.get(&path).copied() {
            let place = rows[first]
                .found
                .map(|found| found.place.to_string())
                .unwrap_or_default();
            let place = place.trim_start_matches([':', ',', ' ']).to_owned();
            let place = if place.starts_with("row") {
                place
            } else {
                format!("line {place}")
            };
            rows[at].refuse(format!("{place} gives it a value already"));
        } else {
            first.insert(path, at);
        }
    }
    for row in rows.iter_mut().filter(|row| row.is_taken()) {
        let Some(path) = &row.path else { continue };
        let around = prefixes(path).find(|around| around != path && first.contains_key(around));
        if let Some(around) = around {
            row.refuse(format!("`{around}` is given as a value, and cannot hold this too"));
        }
    }
}

/// A path and all that it stands in, without the root.
pub(super) fn prefixes(path: &KeyPath) -> impl Iterator<Item = KeyPath> {
    let segments = path.segments().to_vec();
    (1..=segments.len())
        .rev()
        .map(move |end| KeyPath::from(segments[..end].to_vec()))
}
