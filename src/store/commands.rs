//! What a manifest has this machine do: tell processes, run programs, write files. What its owner wrote here is done;
//! what came from elsewhere, by a clone or a pull, is not before somebody here has seen it and said so.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::StoreError;
use super::manifest::{Manifest, PluginEntry};
use crate::files::{self, Ownership};

/// What was trusted, a line each. Thousands of plugins have a few hundred bytes each.
const LIMIT: u64 = 64 << 20;

/// What a manifest has the machine do for one plugin, each as a line of JSON behind the plugin's name.
fn lines(plugin: &str, entry: &PluginEntry) -> Vec<String> {
    let line = |what: &str, json: Result<String, serde_json::Error>| {
        // Made of texts and numbers, which always have a JSON form; what had none would match nothing.
        json.ok().map(|json| format!("{plugin} {what} {json}"))
    };
    let notify = entry
        .notify
        .iter()
        .map(|entry| line("notify", serde_json::to_string(entry)));
    let render = entry
        .render
        .iter()
        .map(|entry| line("render", serde_json::to_string(entry)));
    let health = entry
        .health
        .iter()
        .map(|entry| line("health", serde_json::to_string(entry)));
    notify.chain(render).chain(health).flatten().collect()
}

fn all_lines(manifest: &Manifest) -> BTreeSet<String> {
    let plugins = manifest.plugins.iter();
    plugins.flat_map(|(plugin, entry)| lines(plugin, entry)).collect()
}

fn path(git: &Path) -> PathBuf {
    git.join("valvecfg/trusted-commands")
}

fn trusted(git: &Path) -> Result<BTreeSet<String>, StoreError> {
    let path = path(git);
    let bytes = files::read_if_present(&path, LIMIT)?.unwrap_or_default();
    let text = files::text(&path, bytes)?;
    Ok(text.lines().map(str::to_owned).collect())
}

/// What of a plugin's entry nobody here has trusted: it is neither in the list, nor was it written here since the
/// recorded manifest.
pub(super) fn untrusted(
    git: &Path,
    plugin: &str,
    entry: &PluginEntry,
    recorded: &dyn Fn() -> Result<Manifest, StoreError>,
) -> Result<Vec<String>, StoreError> {
    let mut lines = lines(plugin, entry);
    if lines.is_empty() {
        return Ok(lines);
    }
    let trusted = trusted(git)?;
    lines.retain(|line| !trusted.contains(line));
    if !lines.is_empty() {
        let recorded = all_lines(&recorded()?);
        lines.retain(|line| recorded.contains(line));
    }
    Ok(lines)
}

/// What a manifest has the machine do that nobody here has trusted yet.
pub(super) fn all_untrusted(git: &Path, manifest: &Manifest) -> Result<Vec<String>, StoreError> {
    let trusted = trusted(git)?;
    Ok(all_lines(manifest)
        .into_iter()
        .filter(|line| !trusted.contains(line))
        .collect())
}

/// Trusts what a manifest has the machine do and another one had not.
pub(super) fn trust(git: &Path, manifest: &Manifest, before: &Manifest) -> Result<(), StoreError> {
    let before = all_lines(before);
    let new: Vec<String> = all_lines(manifest)
        .into_iter()
        .filter(|line| !before.contains(line))
        .collect();
    if new.is_empty() {
        return Ok(());
    }
    let mut trusted = trusted(git)?;
    let count = trusted.len();
    trusted.extend(new);
    if trusted.len() > count {
        files::create_folder(&git.join("valvecfg"), Ownership::of(git)?)?;
        let mut lines: Vec<&str> = trusted.iter().map(String::as_str).collect();
        // The last one ends too.
        lines.push("");
        files::replace_file(&path(git), lines.join("\n").as_bytes(), 0o644)?;
    }
    Ok(())
}
