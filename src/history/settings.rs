//! The git settings that a store's repository needs, and what git is not to see there. A new repository is made
//! with them; one that git made, a clone, is given them.

use std::path::Path;

use git2::ConfigLevel;

use super::{History, HistoryError};
use crate::files::{self, Durability, Ownership, Replacement};

/// Without these, git can remove or lose what was recorded:
///
/// - `preciousObjects` keeps `git gc` and `git prune` from removing objects beside a running writer; git heeds it
///   from format version 1 on.
/// - `fsync` makes the user's own commits as durable as ours.
const NEEDED: [(&str, &str); 3] = [
    ("core.repositoryformatversion", "1"),
    ("core.fsync", "all"),
    ("extensions.preciousObjects", "true"),
];

/// These are made once, and are the user's to change:
///
/// - `trustctime`: our renames change it, and git would read every file again.
/// - `logAllRefUpdates`: nothing is ever rewritten, so the reflog would repeat the history for ever.
/// - `autocrlf`: a settings file keeps its line ends, whatever the user's own setting says.
/// - `gc.auto`: packing is our own.
const USUAL: [(&str, &str); 4] = [
    ("core.trustctime", "false"),
    ("core.logAllRefUpdates", "false"),
    ("core.autocrlf", "false"),
    ("gc.auto", "0"),
];

/// What never belongs to the history: files staged for a moment, and settings of this machine alone.
const EXCLUDE: [&str; 2] = [".*.valvecfg", "/valvecfg.local.toml"];

/// `.git/config` of a new repository.
pub(super) const NEW_CONFIG: &str = "\
[core]
\trepositoryformatversion = 1
\tfilemode = true
\tbare = false
\tlogAllRefUpdates = false
\ttrustctime = false
\tautocrlf = false
\tfsync = all
[extensions]
\tpreciousObjects = true
[gc]
\tauto = 0
";

/// `.git/info/exclude` of a new repository.
pub(super) fn new_exclude() -> String {
    with_excluded("")
}

fn with_excluded(text: &str) -> String {
    let mut text = text.to_owned();
    for pattern in EXCLUDE {
        if !text.lines().any(|line| line == pattern) {
            if !text.is_empty() && !text.ends_with('\n') {
                text.push('\n');
            }
            text.push_str(pattern);
            text.push('\n');
        }
    }
    text
}

impl History {
    /// The settings that the repository needs and has not, as `NAME=VALUE`.
    #[must_use]
    pub fn missing_settings(&self) -> Vec<String> {
        let missing = self.differing(&NEEDED);
        missing.map(|(key, value)| format!("{key}={value}")).collect()
    }

    fn differing<'s>(&self, wanted: &'s [(&'s str, &'s str)]) -> impl Iterator<Item = (&'s str, &'s str)> {
        let differs = |(key, value): &(&str, &str)| super::setting(Some(self), key, None).as_deref() != Some(*value);
        wanted.iter().copied().filter(differs)
    }

    /// Gives a repository that git made the settings of one that we make, as `NAME=VALUE`. They are durable after
    /// the next barrier.
    pub fn settle(&self, ownership: Ownership, durability: &mut Durability) -> Result<Vec<String>, HistoryError> {
        let wanted: Vec<_> = self.differing(&NEEDED).chain(self.differing(&USUAL)).collect();
        let failed = || HistoryError::git("change git's settings");
        let config = self.repository.config().map_err(failed())?;
        let mut own = config.open_level(ConfigLevel::Local).map_err(failed())?;
        for (key, value) in &wanted {
            own.set_str(key, value).map_err(failed())?;
        }
        let path = self.git.join("config");
        files::give(&path, ownership)?;
        durability.file(&path);
        durability.folder(&self.git);
        exclude(&self.git, ownership, durability)?;
        Ok(wanted
            .into_iter()
            .map(|(key, value)| format!("{key}={value}"))
            .collect())
    }
}

fn exclude(git: &Path, ownership: Ownership, durability: &mut Durability) -> Result<(), HistoryError> {
    let folder = git.join("info");
    files::create_folder(&folder, ownership)?;
    let path = folder.join("exclude");
    let before = files::read_if_present(&path, files::DEFAULT_LIMIT)?;
    let text = files::text(&path, before.clone().unwrap_or_default())?;
    let after = with_excluded(&text);
    if after != text {
        let mut replacement = Replacement::plan(&path, before, Some(after.into_bytes()))?;
        replacement.stage(0o644, ownership, durability)?;
        durability.barrier()?;
        replacement.apply_without_journal(durability)?;
        replacement.finish()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::fixture::Fixture;
    use super::{NEEDED, USUAL, new_exclude, with_excluded};

    #[test]
    fn a_new_repository_has_every_setting() {
        let fixture = Fixture::new(&[("a", "1")]);
        assert_eq!(fixture.history.differing(&NEEDED).count(), 0);
        assert_eq!(fixture.history.differing(&USUAL).count(), 0);
        fixture.git(&["config", "core.fsync", "none"]);
        assert_eq!(fixture.history.missing_settings(), ["core.fsync=all"]);
    }

    #[test]
    fn what_is_excluded_already_is_not_excluded_again() {
        assert_eq!(new_exclude(), ".*.valvecfg\n/valvecfg.local.toml\n");
        assert_eq!(
            with_excluded("# mine\n/valvecfg.local.toml\n*.bak"),
            "# mine\n/valvecfg.local.toml\n*.bak\n.*.valvecfg\n"
        );
    }
}
