//! What a shell offers while a command is typed: keys, values, plugins and revisions of the store.
//!
//! Whatever goes wrong here, nothing is offered: a completion must not print errors into a prompt.

use std::ffi::OsStr;

use clap_complete::CompletionCandidate;

use crate::document::{KeyPath, Value};
use crate::schema::{Code, Keyword, Kind};
use crate::store::{Filter, Limits, Store, find};

/// How many revisions are offered.
const REVISIONS: usize = 20;

fn store() -> Option<Store> {
    // `-C DIR` may stand anywhere on the line that is being typed.
    let words: Vec<_> = std::env::args_os().collect();
    let named = words
        .windows(2)
        .find(|pair| pair[0] == "-C" || pair[0] == "--store")
        .map(|pair| pair[1].clone());
    let root = find(named.as_deref().map(std::path::Path::new)).ok()?;
    Store::open(root, Limits::default()).ok()
}

fn beginning_with(current: &OsStr, offered: Vec<CompletionCandidate>) -> Vec<CompletionCandidate> {
    let typed = current.to_string_lossy();
    let fits = |candidate: &CompletionCandidate| candidate.get_value().to_string_lossy().starts_with(&*typed);
    offered.into_iter().filter(fits).collect()
}

/// A store of more plugins offers their names before their settings: reading all of them takes too long.
const FEW_PLUGINS: usize = 20;

/// Settings, those that are declared and not set too: of the plugin that is typed already, else of all.
pub(crate) fn keys(current: &OsStr) -> Vec<CompletionCandidate> {
    let Some(store) = store() else { return Vec::new() };
    let typed = current.to_string_lossy();
    let plugin = typed.split_once('.').map(|(plugin, _)| plugin);
    let names = store.plugin_names().unwrap_or_default();
    if plugin.is_none() && names.len() > FEW_PLUGINS {
        let offer = |name: String| CompletionCandidate::new(format!("{name}."));
        return beginning_with(current, names.into_iter().map(offer).collect());
    }
    let known = store.keys(plugin).unwrap_or_default();
    let offer = |(key, value): (KeyPath, Option<Value>)| {
        CompletionCandidate::new(key.to_string()).help(value.map(|value| value.to_string().into()))
    };
    beginning_with(current, known.into_iter().map(offer).collect())
}

/// The words of `set`: a key first, then the values that it takes; behind `KEY=`, those too.
pub(crate) fn key_or_value(current: &OsStr) -> Vec<CompletionCandidate> {
    if let Some((key, _)) = current.to_str().and_then(|word| word.split_once('=')) {
        let values = key.parse().ok().and_then(|name| values(&name)).unwrap_or_default();
        let whole =
            |value: CompletionCandidate| CompletionCandidate::new(format!("{key}={}", value.get_value().display()));
        return beginning_with(current, values.into_iter().map(whole).collect());
    }
    let words: Vec<_> = std::env::args_os().collect();
    let before = words
        .iter()
        .rev()
        .skip(1)
        .find(|word| !word.to_string_lossy().starts_with('-'));
    let key = before
        .and_then(|word| word.to_str())
        .filter(|word| !["set", "valvecfg"].contains(word));
    match key
        .and_then(|key| key.parse::<KeyPath>().ok())
        .and_then(|key| values(&key))
    {
        Some(values) => beginning_with(current, values),
        None => keys(current),
    }
}

/// Codes and schema keywords, for `explain`.
pub(crate) fn codes(current: &OsStr) -> Vec<CompletionCandidate> {
    let codes = Code::ALL
        .iter()
        .map(|code| CompletionCandidate::new(code.as_str()).help(Some(code.title().into())));
    let keywords = Keyword::ALL
        .iter()
        .map(|keyword| CompletionCandidate::new(keyword.name));
    beginning_with(current, codes.chain(keywords).collect())
}

/// Shells, for `completion`.
pub(crate) fn shells(current: &OsStr) -> Vec<CompletionCandidate> {
    let shells = clap_complete::env::Shells::builtins();
    beginning_with(
        current,
        shells
            .names()
            .map(|name| CompletionCandidate::new(name.to_owned()))
            .collect(),
    )
}

fn values(key: &KeyPath) -> Option<Vec<CompletionCandidate>> {
    let known = store()?.describe(key).ok()?;
    let annotation = known.annotation?;
    let mut values: Vec<String> = annotation.values.iter().map(Value::bare).collect();
    if annotation.kinds == [Kind::Boolean] {
        values = vec!["true".to_owned(), "false".to_owned()];
    }
    if values.is_empty() {
        values.extend(known.value.as_ref().map(Value::bare));
    }
    Some(values.into_iter().map(CompletionCandidate::new).collect())
}

/// Plugins.
pub(crate) fn plugins(current: &OsStr) -> Vec<CompletionCandidate> {
    let rows = store().and_then(|store| store.plugin_list().ok()).unwrap_or_default();
    let offer = |row: crate::store::PluginRow| CompletionCandidate::new(row.name).help(row.title.map(Into::into));
    beginning_with(current, rows.into_iter().map(offer).collect())
}

/// Revisions.
pub(crate) fn revisions(current: &OsStr) -> Vec<CompletionCandidate> {
    let filter = Filter {
        limit: Some(REVISIONS),
        ..Filter::default()
    };
    let revisions = store()
        .and_then(|store| store.history(&filter, &mut |_, _| {}).ok())
        .unwrap_or_default();
    let offer = |shown: crate::store::Shown| {
        let subject = shown.revision.message.lines().next().unwrap_or_default().to_owned();
        CompletionCandidate::new(shown.revision.id.short()).help(Some(subject.into()))
    };
    beginning_with(current, revisions.into_iter().map(offer).collect())
}
