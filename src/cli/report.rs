//! What every failure means to a person and to a script: the hint of what to type next, and the exit code.
//! Both in this one place, and exhaustively, so that no error is forgotten.

mod confirmation;
mod import;
mod migrate;
mod secret;
mod setting;
mod system;

use std::io;

use super::exit::Exit;
use crate::document::{Conflict, EditError, KeyPath, Value};
use crate::files::FileError;
use crate::history::{HistoryError, ResolveError};
use crate::schema::{Code, SchemaError};
use crate::store::manifest::{MANIFEST, plugin_of};
use crate::store::{
    AnswerError, ApplyError, CheckedFile, FindError, InitError, LockError, PluginError, RenderError, RollbackError,
    SettingError, StoreError,
};

/// Why a verb failed, with what a person needs to go on.
#[derive(Debug)]
pub(crate) struct Failure {
    /// How the program ends.
    pub exit: Exit,
    /// What failed, and why.
    pub cause: anyhow::Error,
    /// What to type next.
    pub hints: Vec<String>,
    /// Files that were refused, to be shown with their violations.
    pub files: Vec<CheckedFile>,
}

impl Failure {
    fn new(exit: Exit, cause: impl Into<anyhow::Error>) -> Self {
        Self {
            exit,
            cause: cause.into(),
            hints: Vec::new(),
            files: Vec::new(),
        }
    }

    fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// Something was typed that makes no sense.
    pub(crate) fn usage(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::new(Exit::Usage, anyhow::Error::msg(message.into())).hint(hint)
    }

    /// A question would have to be asked, and there is nobody to answer.
    pub(crate) fn needs_answer(question: &str, argument: &str) -> Self {
        let message = format!("cannot ask without a terminal: {question}");
        Self::new(Exit::NeedsAnswer, anyhow::Error::msg(message)).hint(format!("pass {argument}"))
    }

    /// The answer could not be printed.
    pub(crate) fn printing(error: io::Error) -> Self {
        Self::new(
            Exit::Failed,
            anyhow::Error::new(error).context("cannot print the answer"),
        )
    }

    /// Something outside the store could not be done.
    pub(crate) fn outside(context: impl Into<String>, error: impl Into<anyhow::Error>) -> Self {
        Self::new(Exit::Failed, error.into().context(context.into()))
    }
}

impl From<FileError> for Failure {
    fn from(error: FileError) -> Self {
        StoreError::from(error).into()
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        let (exit, hints) = explain(&error);
        let files = if let StoreError::Invalid { files }
        | StoreError::HandEdit { files }
        | StoreError::GitCommit { files, .. } = &error
        {
            files.clone()
        } else {
            Vec::new()
        };
        Self {
            exit,
            cause: error.into(),
            hints,
            files,
        }
    }
}

/// The exit code of an error, and what to type next.
fn explain(error: &StoreError) -> (Exit, Vec<String>) {
    let hints = |hint: String| vec![hint];
    match error {
        StoreError::Find(error) => (Exit::Failed, find_hints(error)),
        StoreError::Lock(LockError::Busy { .. }) => (
            Exit::Failed,
            hints("wait for it, or look for it with `ps -C valvecfg`; there is no lock to remove".into()),
        ),
        StoreError::Lock(LockError::Io { source, .. }) => {
            let hint = if source.kind() == io::ErrorKind::PermissionDenied {
                "you may look at this store, and not change it; its owner may"
            } else {
                system::hint(source).unwrap_or(
                    "the store needs a file system with locks, and you the right to write in its .git/valvecfg",
                )
            };
            (Exit::Failed, hints(hint.into()))
        }
        StoreError::History(error) | StoreError::Resolve(ResolveError::History(error)) => history_hints(error),
        StoreError::File(error) => system::file_hints(error),
        StoreError::Journal { .. } => (
            Exit::Failed,
            hints("a newer valvecfg may have written it: run any command of that version".into()),
        ),
        StoreError::NotLive { .. } => (
            Exit::NotLive,
            hints("the next command finishes it; `valvecfg status` does".into()),
        ),
        StoreError::NotUndone { source, .. } => (
            explain(source).0,
            hints("nothing was recorded; the next command puts the files back".into()),
        ),
        StoreError::Invalid { files } => (Exit::No, hints(refusal_hint(files))),
        StoreError::HandEdit { files } => (Exit::No, hand_edit_hints(files)),
        StoreError::GitCommit { .. } => (
            Exit::No,
            hints("mend it with git: `git revert HEAD`, or commit a correction".into()),
        ),
        StoreError::Schema { errors } => schema_hints(errors),
        StoreError::SchemaGone { path, .. } => (
            Exit::Failed,
            hints(format!("put the schema back: `git checkout -- {path}`")),
        ),
        StoreError::SchemaVersion { plugin, versions } => {
            let newest = versions
                .iter()
                .max()
                .map_or_else(|| "1".to_owned(), ToString::to_string);
            (
                Exit::Failed,
                hints(format!(
                    "write `schema-version = {newest}` under [plugins.{plugin}] in valvecfg.toml"
                )),
            )
        }
        StoreError::NoSuchPlugin { known, .. } => (Exit::Usage, vec![plugins_hint(known)]),
        StoreError::Newer { .. } => (
            Exit::Failed,
            hints("install that version; `get`, `list` and `diff` still work".into()),
        ),
        StoreError::Setting(error) => (Exit::Usage, setting_hints(error)),
        StoreError::Value(error) => (Exit::No, setting::value_hints(error)),
        StoreError::Edit(error) => edit_hints(error),
        StoreError::Get(error) => setting::get_hints(error),
        StoreError::Set(error) => setting::set_hints(error),
        StoreError::Resolve(_) => (Exit::Usage, hints("`valvecfg history` shows the revisions".into())),
        StoreError::Rollback(error) => rollback_hints(error),
        StoreError::Confirmation(error) => confirmation::hints(error),
        StoreError::Apply(error) => apply_hints(error),
        StoreError::Secret(error) => secret::hints(error),
        StoreError::Render(error) => render_hints(error),
        StoreError::Watch(error) => system::watch_hints(error),
        StoreError::Target(_) => (Exit::No, Vec::new()),
        StoreError::Answer(AnswerError::Outdated { .. } | AnswerError::NotTaken { .. }) => {
            (Exit::No, hints("nothing was changed".into()))
        }
        StoreError::NotJson { .. } => (Exit::No, hints("nothing was written".into())),
        StoreError::Init(InitError::ForeignRepository { .. }) => (
            Exit::No,
            hints("choose a folder of its own: `valvecfg init DIR`".into()),
        ),
        StoreError::Import(error) => import::hints(error),
        StoreError::Skip(error) => import::skip_hints(error),
        StoreError::Migrate(error) => migrate::hints(error),
        StoreError::Plugin(PluginError::Name { .. }) => (Exit::Usage, Vec::new()),
        StoreError::Plugin(PluginError::Already { name }) => {
            (Exit::No, hints(format!("`valvecfg list {name}` shows its settings")))
        }
        StoreError::Plugin(PluginError::SchemaThere { path, .. }) => (
            Exit::No,
            hints(format!(
                "nothing was written; rename one of the two, or make them the same: {path}"
            )),
        ),
        StoreError::Plugin(PluginError::SettingsThere { .. }) => (
            Exit::No,
            hints("leave out --settings to take the file that is there".into()),
        ),
    }
}

/// A schema that cannot be read is no answer about it.
fn schema_hints(errors: &[SchemaError]) -> (Exit, Vec<String>) {
    let unreadable = |error: &SchemaError| matches!(error, SchemaError::Unreadable { .. });
    if errors.iter().all(unreadable) {
        (Exit::Failed, Vec::new())
    } else {
        (Exit::No, vec!["correct the schema; nothing was written".to_owned()])
    }
}

/// What would be right instead, where the schema tells.
fn refusal_hint(files: &[CheckedFile]) -> String {
    let mut refused = files
        .iter()
        .flat_map(|file| file.violations.iter().map(move |violation| (file, violation)));
    let (Some((file, violation)), None) = (refused.next(), refused.next()) else {
        return "nothing was written".to_owned();
    };
    if file.path == MANIFEST {
        let mend = format!("mend {MANIFEST}, or take back what is recorded with `git checkout -- {MANIFEST}`");
        return match (violation.code, &violation.suggestion) {
            (Code::UnknownKey, Some(suggestion)) => format!("did you mean `{suggestion}`? {mend}"),
            _ => mend,
        };
    }
    let plugin = plugin_of(&file.path);
    match (violation.code, plugin, &violation.suggestion) {
        (Code::UnknownKey, _, Some(suggestion)) => format!("nothing was written; did you mean `{suggestion}`?"),
        (Code::OutOfRange | Code::NotAllowed | Code::WrongType, Some(plugin), Some(suggestion)) => {
            let key = KeyPath::root().key(plugin).concat(&violation.key);
            format!("nothing was written; try `valvecfg set {key} {suggestion}`")
        }
        _ => "nothing was written".to_owned(),
    }
}

fn find_hints(error: &FindError) -> Vec<String> {
    match error {
        FindError::NotAStore { folder } | FindError::Nowhere { from: folder, .. } => {
            vec![format!(
                "make one with `valvecfg init {}`, or name one with -C DIR",
                folder.display()
            )]
        }
        FindError::NotTrusted { folder, .. } => {
            vec![format!(
                "if you trust its owner, type `valvecfg trust {}`",
                folder.display()
            )]
        }
        FindError::File(_) => Vec::new(),
    }
}

fn history_hints(error: &HistoryError) -> (Exit, Vec<String>) {
    let exit = match error {
        HistoryError::Moved => Exit::Conflict,
        HistoryError::File(error) => return system::file_hints(error),
        HistoryError::Git { .. }
        | HistoryError::Locked { .. }
        | HistoryError::Detached { .. }
        | HistoryError::OtherBranch { .. }
        | HistoryError::BranchGone { .. }
        | HistoryError::Unborn
        | HistoryError::Rewritten { .. }
        | HistoryError::BrokenRef { .. }
        | HistoryError::NoRepository { .. } => Exit::Failed,
    };
    if let Some(hint) = error.refused_by_system().as_ref().and_then(system::hint) {
        return (exit, vec![hint.to_owned()]);
    }
    let hint = match error {
        HistoryError::Moved => "look at what it was with `valvecfg history`, then try again".to_owned(),
        HistoryError::Locked { path } => {
            format!(
                "wait for that git to end; if none runs, remove the file: `rm {}`",
                path.display()
            )
        }
        HistoryError::Detached { .. } | HistoryError::OtherBranch { .. } => "go back with `git switch main`".to_owned(),
        HistoryError::BranchGone { acknowledged } => {
            format!("bring it back: `git update-ref refs/heads/main {acknowledged}`")
        }
        HistoryError::Unborn => "`git fsck` finds revisions that no branch names any more; \
                                 `git update-ref refs/heads/main ID` takes one up again"
            .to_owned(),
        HistoryError::Rewritten { acknowledged, .. } => {
            return (
                exit,
                vec![
                    format!("take the history back: `git update-ref refs/heads/main {acknowledged}`"),
                    "or accept the new one: `git update-ref refs/valvecfg/acknowledged refs/heads/main`".to_owned(),
                ],
            );
        }
        HistoryError::Git { .. } | HistoryError::BrokenRef { .. } => {
            "`valvecfg doctor --deep` looks for what is broken".to_owned()
        }
        HistoryError::NoRepository { .. } => "`valvecfg init` makes one for the files that are there".to_owned(),
        HistoryError::File(_) => return (exit, Vec::new()),
    };
    (exit, vec![hint])
}

fn hand_edit_hints(files: &[CheckedFile]) -> Vec<String> {
    let Some(path) = files.first().map(|file| file.path.as_str()) else {
        return Vec::new();
    };
    if files.iter().all(|file| file.text.is_none()) {
        return vec![format!("take back what is recorded with `git checkout -- {path}`")];
    }
    let exposed = files.iter().find_map(CheckedFile::exposed);
    if let Some(key) = exposed {
        return vec![format!(
            "nothing of it was recorded; `valvecfg secret set {key} --from-file` seals it where it stands"
        )];
    }
    let all_have = |code: Code| {
        let has = |file: &CheckedFile| file.violations.iter().any(|violation| violation.code == code);
        files.iter().all(has)
    };
    if let (Some(plugin), true) = (plugin_of(path), all_have(Code::VersionOther)) {
        return vec![format!(
            "the file was left as it is; `valvecfg migrate {plugin}` brings it and the version in force together, \
             and `valvecfg migrate check {plugin}` tries the migrations"
        )];
    }
    if let (Some(plugin), true) = (plugin_of(path), all_have(Code::VersionUnknown)) {
        return vec![format!(
            "the file was left as it is; add the schema that it was written for with \
             `valvecfg plugin upgrade {plugin} --schema FILE`, or go back to a revision that fits"
        )];
    }
    let edit = plugin_of(path).map_or_else(|| format!("edit {path}"), |plugin| format!("`valvecfg edit {plugin}`"));
    vec![format!(
        "the file was left as it is; mend it with {edit}, or take back what is recorded with `git checkout -- {path}`"
    )]
}

fn plugins_hint(known: &[String]) -> String {
    if known.is_empty() {
        return "the store has no plugins yet; `valvecfg plugin add NAME --schema FILE` adds one".to_owned();
    }
    format!("there are: {}", known.join(", "))
}

fn setting_hints(error: &SettingError) -> Vec<String> {
    match error {
        SettingError::Unknown {
            suggestion: Some(suggestion),
            ..
        } => vec![format!("did you mean `{suggestion}`?")],
        SettingError::Unknown { plugins, .. } => {
            vec![plugins_hint(plugins), "`valvecfg list` shows all settings".to_owned()]
        }
        SettingError::Ambiguous { .. } => vec!["name the plugin too".to_owned()],
        SettingError::NoName { .. } => Vec::new(),
    }
}

fn edit_hints(error: &EditError) -> (Exit, Vec<String>) {
    match error {
        EditError::NotSet { .. } => (Exit::No, Vec::new()),
        EditError::BeyondEnd { array, .. } => (Exit::No, vec![format!("`valvecfg add {array} VALUE` adds an item")]),
        EditError::NotATable { .. }
        | EditError::NotAnArray { .. }
        | EditError::Taken { .. }
        | EditError::Inside { .. }
        | EditError::NotOne { .. }
        | EditError::Root
        | EditError::TooDeep { .. } => (Exit::No, vec!["nothing was written".to_owned()]),
        EditError::Bug { .. } => (
            Exit::Bug,
            vec!["nothing was written; please report this with the file".to_owned()],
        ),
    }
}

fn render_hints(error: &RenderError) -> (Exit, Vec<String>) {
    let hint = match error {
        RenderError::NoName { .. } | RenderError::SameName { .. } => {
            "a name is letters, digits and `_`; `valvecfg render PLUGIN --format toml` needs none"
        }
        RenderError::Nul { .. } | RenderError::NotFinite { .. } => "`valvecfg render PLUGIN --format toml` can hold it",
    };
    (Exit::No, vec![hint.to_owned()])
}

fn rollback_hints(error: &RollbackError) -> (Exit, Vec<String>) {
    match error {
        RollbackError::NothingBefore => (Exit::No, vec!["`valvecfg history` shows the revisions".to_owned()]),
        RollbackError::Conflicts { conflicts } => {
            let lines = conflicts.iter().map(conflict_in_words);
            let hint = "nothing was written; set these by hand, or go back altogether with `valvecfg rollback REV`";
            (Exit::Conflict, lines.chain([hint.to_owned()]).collect())
        }
    }
}

/// `valve.threshold`: the revision made it 55, it is 50 now, and would become 60
fn conflict_in_words(conflict: &Conflict) -> String {
    let value = |value: &Option<Value>| value.as_ref().map_or_else(|| "not set".to_owned(), ToString::to_string);
    let (made, now, before) = (value(&conflict.base), value(&conflict.ours), value(&conflict.theirs));
    format!(
        "`{}`: the revision made it {made}; it is {now} now, and would become {before}",
        conflict.key
    )
}

fn apply_hints(error: &ApplyError) -> (Exit, Vec<String>) {
    match error {
        ApplyError::NoToml { .. } | ApplyError::NoObject => (Exit::No, vec!["nothing was written".to_owned()]),
        ApplyError::Inexact { allowed, .. } => (Exit::No, vec![format!("{allowed}; nothing was written")]),
        ApplyError::Overtaken { .. } => (Exit::Conflict, vec!["nothing was written".to_owned()]),
        ApplyError::Placeholder { key } => (
            Exit::No,
            vec![format!(
                "nothing was written; put back what stood there, put the whole new value, or use `valvecfg secret set {key}`"
            )],
        ),
    }
}
