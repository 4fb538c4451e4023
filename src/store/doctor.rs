//! `doctor`: looks for what is wrong with a store, and names the command that mends each thing.

use std::path::Path;

use serde::Serialize;

use super::find::check_trust;
use super::live::Live;
use super::manifest::{plugin_of, schema_path, settings_path};
use super::rules::Rules;
use super::validate::{Scope, ValidateOptions};
use super::{SecretState, Store, StoreError, Unsealing, journal};
use crate::document::KeyPath;
use crate::history::{Head, History, HistoryError};
use crate::schema::{Code, Severity};

/// Something that is wrong, or could become so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// How much it weighs.
    pub severity: Severity,
    /// What was found.
    pub message: String,
    /// The command that mends it.
    pub mend: String,
    /// Another command that mends it another way, where that is a person's choice.
    pub alternative: Option<String>,
}

impl Finding {
    /// What is wrong with a history that nothing can be recorded in.
    pub(super) fn of(error: &HistoryError) -> Self {
        let mend = match error {
            HistoryError::Detached { .. } | HistoryError::OtherBranch { .. } => "git switch main".to_owned(),
            HistoryError::BranchGone { acknowledged } | HistoryError::Rewritten { acknowledged, .. } => {
                format!("git update-ref refs/heads/main {acknowledged}")
            }
            HistoryError::NoRepository { path } if !path.exists() => "valvecfg init".to_owned(),
            HistoryError::Git { .. }
            | HistoryError::File(_)
            | HistoryError::Locked { .. }
            | HistoryError::Moved
            | HistoryError::Unborn
            | HistoryError::BrokenRef { .. }
            | HistoryError::NoRepository { .. } => "git fsck".to_owned(),
        };
        // Going back to what was recorded last comes first: it loses nothing that valvecfg has acknowledged.
        let alternative = matches!(error, HistoryError::Rewritten { .. })
            .then(|| "git update-ref refs/valvecfg/acknowledged refs/heads/main".to_owned());
        let mut message = error.to_string();
        if let Some(source) = std::error::Error::source(error) {
            message = format!("{message}: {source}");
        }
        Self {
            severity: Severity::Error,
            message,
            mend,
            alternative,
        }
    }
}

impl Store {
    /// Looks for what is wrong. `deep` reads every object of the repository.
    pub fn doctor(&self, deep: bool) -> Result<Vec<Finding>, StoreError> {
        let mut findings = Vec::new();
        let mut find = |severity, message: String, mend: String| {
            findings.push(Finding {
                severity,
                message,
                mend,
                alternative: None,
            });
        };
        let git = self.git();
        if journal::path(&git).exists() {
            find(
                Severity::Note,
                "a change was broken off half-way".to_owned(),
                "valvecfg status".to_owned(),
            );
        }
        if let Err(error) = check_trust(&self.root) {
            find(
                Severity::Error,
                error.to_string(),
                format!("valvecfg trust {}", self.root.display()),
            );
        }
        for lock in ["index.lock", "refs/heads/main.lock", "HEAD.lock", "packed-refs.lock"] {
            if git.join(lock).exists() && !journal::path(&git).exists() {
                let mend = format!("rm {}", git.join(lock).display());
                find(
                    Severity::Warning,
                    format!(".git/{lock} is held by another git, or was left behind by one"),
                    mend,
                );
            }
        }
        let trouble = check_history(&self.root, deep, &mut find)?;
        self.check_files(&mut find)?;
        self.check_recipients(&mut find);
        findings.extend(trouble);
        findings.sort_by_key(|finding| finding.severity);
        Ok(findings)
    }

    /// Whether history holds a file, as far as that can be known.
    fn is_recorded(&self, path: &str) -> bool {
        let known = crate::history::last_known(&self.git()).ok().flatten();
        let blob = known.and_then(|known| History::open(&self.root).ok()?.blob(known, path).ok());
        blob.flatten().is_some()
    }

    fn check_files(&self, find: &mut impl FnMut(Severity, String, String)) -> Result<(), StoreError> {
        let live = Live::open(self)?;
        let unsealing = Unsealing::with(self.keyring(&|_| None), false);
        for file in self.validate(&Scope::All, &ValidateOptions::default(), &unsealing, &|_, _| ())? {
            let is_gone = matches!(live.read(&file.path), Ok(None));
            // Said below, with a better way to mend it.
            for violation in file.violations.iter().filter(|_| !is_gone) {
                let place = format!("{}:{}", file.path, violation.position.line);
                let mend = match plugin_of(&file.path) {
                    _ if violation.code == Code::Unreadable => format!("ls -ld {}", file.path),
                    Some(_) if (violation.code, violation.severity) == (Code::SecretUnopened, Severity::Note) => {
                        "valvecfg doctor --identity FILE".to_owned()
                    }
                    Some(plugin) if violation.code == Code::SecretUnopened => {
                        let key = KeyPath::root().key(plugin).concat(&violation.key);
                        format!("valvecfg secret set {key}")
                    }
                    Some(plugin) => match file.exposed().filter(|_| violation.code == Code::SecretExposed) {
                        Some(key) => format!("valvecfg secret set {key} --from-file"),
                        None => format!("valvecfg edit {plugin}"),
                    },
                    None => format!("$EDITOR {}", file.path),
                };
                find(
                    violation.severity,
                    format!("{place}: {} [{}]", violation.message, violation.code),
                    mend,
                );
            }
        }
        let rules = match Rules::read(live.clone()) {
            Ok(rules) => rules,
            // Found by the validation above.
            Err(StoreError::Invalid { .. }) => return Ok(()),
            Err(error) => return Err(error),
        };
        for name in live
            .names("plugins", ".toml")?
            .iter()
            .filter(|name| !name.starts_with('.') && !rules.has(name))
        {
            let message = format!("{} belongs to no plugin of the manifest", settings_path(name));
            find(
                Severity::Warning,
                message,
                format!("valvecfg plugin add {name} --schema FILE"),
            );
        }
        for plugin in rules.plugins() {
            let schema = rules.version(plugin).ok().map(|version| schema_path(plugin, version));
            for path in [Some(settings_path(plugin)), schema].into_iter().flatten() {
                // What is there and cannot be read was found by the validation too.
                if !matches!(live.read(&path), Ok(None)) {
                    continue;
                }
                if self.is_recorded(&path) {
                    let mend = format!("git checkout -- {path}");
                    find(Severity::Error, format!("{path} is gone"), mend);
                } else {
                    find(
                        Severity::Error,
                        format!("{path} is not there"),
                        format!("$EDITOR {path}"),
                    );
                }
            }
        }
        Ok(())
    }
}

impl Store {
    /// Looks at how many can open each secret, and who still can.
    fn check_recipients(&self, find: &mut impl FnMut(Severity, String, String)) {
        // What cannot be read was found with the files.
        let (rows, _) = self.secret_rows(None).unwrap_or_default();
        let sealed = rows.iter().filter(|row| row.state == SecretState::Sealed);
        for row in sealed.clone().filter(|row| row.sealed_for != row.recipients) {
            let (key, now, due) = (&row.key, row.sealed_for, row.recipients);
            let message = format!("`{key}` is sealed for {now}, and the manifest names {due} to seal it for");
            find(Severity::Warning, message, "valvecfg secret rekey".to_owned());
        }
        for row in sealed.filter(|row| row.sealed_for == 1 && row.recipients == 1) {
            let message = format!("`{}` has one recipient only: lose that key, and it is lost", row.key);
            find(
                Severity::Warning,
                message,
                "valvecfg secret recipients add RECIPIENT && valvecfg secret rekey".to_owned(),
            );
        }
        // What keeps the history from being read was found with it.
        for key in self.exposed_to_removed().unwrap_or_default() {
            let message =
                format!("the history opens `{key}` as it is for a recipient that was removed: change it at its source");
            find(Severity::Warning, message, format!("valvecfg secret set {key}"));
        }
    }
}

/// Looks into the history. What keeps it from being recorded in is returned.
fn check_history(
    root: &Path,
    deep: bool,
    find: &mut impl FnMut(Severity, String, String),
) -> Result<Option<Finding>, StoreError> {
    let history = match History::open(root) {
        Ok(history) => history,
        Err(error) => return Ok(Some(Finding::of(&error))),
    };
    let mut trouble = None;
    match history.head() {
        Ok(Head::Acknowledged(_)) => {}
        Ok(Head::Advanced { to, .. }) => {
            let message = format!("{} was committed with git and is not checked yet", to.short());
            find(Severity::Note, message, "valvecfg commit".to_owned());
        }
        Ok(Head::Unknown(_)) => {
            find(
                Severity::Note,
                "the history was made by another program".to_owned(),
                "valvecfg init".to_owned(),
            );
        }
        Err(error) => trouble = Some(Finding::of(&error)),
    }
    let missing = history.missing_settings();
    if !missing.is_empty() {
        let message = format!(
            "without git's settings {}, git could remove or lose what valvecfg recorded",
            missing.join(", ")
        );
        find(Severity::Warning, message, "valvecfg init".to_owned());
    }
    if deep {
        for broken in history.broken_objects()? {
            let message = format!("object {broken} of the history is damaged");
            find(
                Severity::Error,
                message,
                "copy it from a clone into .git/objects, or restore .git from a backup".to_owned(),
            );
        }
    }
    Ok(trouble)
}
