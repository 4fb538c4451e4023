//! The verbs of the command line, one file each: its arguments, and one function that runs it.

mod applied;
mod apply;
mod array;
mod commit;
mod completion;
mod confirm;
mod delivery;
mod demo;
mod describe;
mod diff;
mod doctor;
mod edit;
mod exec;
mod explain;
mod fields;
mod get;
mod history;
mod import;
mod init;
mod list;
mod man;
mod migrate;
mod outcome;
mod plugin;
mod render;
mod rollback;
mod scan;
mod secret;
mod set;
mod show;
mod status;
mod trust;
mod unset;
mod validate;
mod watch;

use std::ffi::OsString;

use clap::{Parser, Subcommand};

pub(crate) use describe::Known;

use super::options::{Options, TypedOptions};
use super::printer::Reply;
use super::prompt;
use super::report::Failure;
use crate::document::{KeyError, KeyPath};
use crate::store::{SettingError, Store, StoreError};

/// What holds for every verb.
const NAMES_AND_CODES: &str = "\
A setting is named PLUGIN.KEY, such as valve.zones[0].flow; KEY alone where one
plugin has it. A revision is named by 4 or more digits of its id, @ (now), @~3 (three
before), a tag, or a time.
Exit codes: 0 done, 1 the answer is no, 2 usage, 3 could not, 4 conflict, 5 needs an
answer, 6 a secret cannot be opened, 7 saved but not applied by a plugin, 8 recorded
but not yet live, 70 a bug.";

/// Checked, recorded and reversible settings for a gateway's plugins.
#[derive(Debug, Parser)]
#[command(
    name = "valvecfg",
    version,
    max_term_width = 100,
    subcommand_required = true,
    arg_required_else_help = true,
    after_help = NAMES_AND_CODES,
    after_long_help = format!("{NAMES_AND_CODES}\n\n{}", fields::FAILURE)
)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub options: TypedOptions,
    #[command(subcommand)]
    pub verb: Verb,
}

impl Arguments {
    /// Reads the plainest line of all, `valvecfg get KEY`. clap takes longer to read it than `get` to answer it.
    pub(crate) fn plain_get(words: &[OsString]) -> Option<Self> {
        let [_, verb, key] = words else { return None };
        let key = key.to_str().filter(|key| verb == "get" && !key.starts_with('-'))?;
        Some(Self {
            options: TypedOptions::default(),
            verb: Verb::Get(get::GetArgs::of(key)),
        })
    }
}

/// The verbs. Each one's options are built only when it is the one that was typed: building them all would take
/// longer than `get` does.
#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub(crate) enum Verb {
    /// Make a new store
    #[command(after_long_help = fields::INIT)]
    Init(init::InitArgs),
    #[command(subcommand)]
    Plugin(plugin::PluginVerb),
    /// Print the value of a setting
    #[command(after_long_help = fields::GET)]
    Get(get::GetArgs),
    /// Give settings new values
    #[command(after_long_help = fields::OUTCOME)]
    Set(set::SetArgs),
    /// Take settings away, so that their defaults are in force again
    #[command(after_long_help = fields::OUTCOME)]
    Unset(unset::UnsetArgs),
    /// Add an item to an array; one that it holds already is not added again
    #[command(after_long_help = fields::OUTCOME)]
    Add(array::AddArgs),
    /// Remove an item from an array, by its value
    #[command(after_long_help = fields::OUTCOME)]
    Remove(array::RemoveArgs),
    /// List settings with their values and defaults
    #[command(after_long_help = fields::LIST)]
    List(list::ListArgs),
    /// Say what is known about a setting: type, range, default, value, last change
    #[command(after_long_help = fields::DESCRIBE)]
    Describe(describe::DescribeArgs),
    /// Edit a plugin's settings in an editor
    #[command(after_long_help = fields::OUTCOME)]
    Edit(edit::EditArgs),
    /// Merge settings from a file into a plugin's
    #[command(after_long_help = fields::OUTCOME)]
    Apply(apply::ApplyArgs),
    /// Merge settings from another program's file into a plugin's
    #[command(after_long_help = fields::IMPORT)]
    Import(import::ImportArgs),
    /// Record what was edited by hand: settings, manifest, schemas
    #[command(after_long_help = fields::OUTCOME)]
    Commit(commit::CommitArgs),
    /// Say for a plugin that it runs a revision, or why it does not
    #[command(after_long_help = fields::APPLIED)]
    Applied(applied::AppliedArgs),
    /// Confirm the change that waits for it, so that it stays
    #[command(after_long_help = fields::CONFIRM)]
    Confirm(confirm::ConfirmArgs),
    /// Show hand edits, files that are not valid, and the last revision
    #[command(after_long_help = fields::STATUS)]
    Status(status::StatusArgs),
    /// Show what differs, key by key
    #[command(after_long_help = fields::DIFF)]
    Diff(diff::DiffArgs),
    /// Check a store, or any TOML files
    #[command(after_long_help = fields::VALIDATE)]
    Validate(validate::ValidateArgs),
    /// List the revisions, or one setting's values over time
    #[command(after_long_help = fields::HISTORY)]
    History(history::HistoryArgs),
    /// Show one revision: who, when, why, and what it changed
    #[command(after_long_help = fields::SHOW)]
    Show(show::ShowArgs),
    /// Restore the settings of an earlier revision, as a new one
    #[command(after_long_help = fields::OUTCOME)]
    Rollback(rollback::RollbackArgs),
    /// Undo what one revision changed, and keep all later changes
    #[command(after_long_help = fields::OUTCOME)]
    Revert(rollback::RevertArgs),
    /// Run a command with a plugin's settings as environment variables
    #[command(after_long_help = fields::EXEC)]
    Exec(exec::ExecArgs),
    /// Write a plugin's settings as the plugin reads them
    #[command(after_long_help = fields::RENDER)]
    Render(render::RenderArgs),
    /// Bring settings to another schema version
    #[command(after_long_help = fields::OUTCOME)]
    Migrate(migrate::MigrateArgs),
    #[command(subcommand)]
    Secret(secret::SecretVerb),
    /// Follow the store: record what is edited by hand, and tell the plugins
    #[command(after_long_help = fields::WATCH)]
    Watch(watch::WatchArgs),
    /// Open a store that belongs to another user
    #[command(after_long_help = fields::TRUST)]
    Trust(trust::TrustArgs),
    /// Look for what is wrong, and say what mends it
    #[command(after_long_help = fields::DOCTOR)]
    Doctor(doctor::DoctorArgs),
    /// Explain a code such as VC101, or one of our schema keywords
    #[command(after_long_help = fields::EXPLAIN)]
    Explain(explain::ExplainArgs),
    /// Print what a shell needs to complete keys, values, plugins and revisions
    #[command(after_long_help = fields::COMPLETION)]
    Completion(completion::CompletionArgs),
    /// Print the manual page of the program or of a verb
    #[command(after_long_help = fields::MAN)]
    Man(man::ManArgs),
    /// Make an example gateway in a new folder, and run the main job there
    #[command(after_long_help = fields::DEMO)]
    Demo(demo::DemoArgs),
}

impl Verb {
    /// Runs the verb.
    pub(crate) fn run(self, options: &Options) -> Result<Reply, Failure> {
        match self {
            Self::Init(args) => init::run(&args, options),
            Self::Plugin(verb) => plugin::run(&verb, options),
            Self::Get(args) => get::run(&args, options),
            Self::Set(args) => set::run(&args, options),
            Self::Unset(args) => unset::run(&args, options),
            Self::Add(args) => array::add(&args, options),
            Self::Remove(args) => array::remove(&args, options),
            Self::List(args) => list::run(&args, options),
            Self::Describe(args) => describe::run(&args, options),
            Self::Edit(args) => edit::run(&args, options),
            Self::Apply(args) => apply::run(&args, options),
            Self::Applied(args) => applied::run(&args, options),
            Self::Import(args) => import::run(&args, options),
            Self::Commit(args) => commit::run(&args, options),
            Self::Confirm(args) => confirm::run(&args, options),
            Self::Status(args) => status::run(&args, options),
            Self::Diff(args) => diff::run(&args, options),
            Self::Validate(args) => validate::run(&args, options),
            Self::History(args) => history::run(&args, options),
            Self::Show(args) => show::run(&args, options),
            Self::Rollback(args) => rollback::rollback(&args, options),
            Self::Revert(args) => rollback::revert(&args, options),
            Self::Migrate(args) => migrate::run(&args, options),
            Self::Secret(verb) => secret::run(&verb, options),
            Self::Exec(args) => exec::run(&args, options),
            Self::Render(args) => render::run(&args, options),
            Self::Watch(args) => watch::run(&args, options),
            Self::Trust(args) => trust::run(&args, options),
            Self::Doctor(args) => doctor::run(&args, options),
            Self::Explain(args) => explain::run(&args, options),
            Self::Completion(args) => completion::run(&args, options),
            Self::Man(args) => man::run(&args, options),
            Self::Demo(args) => demo::run(&args, options),
        }
    }
}

/// Reads a setting's name. Where it could mean several, a person at a terminal chooses.
fn key(text: &str, store: &Store, options: &Options) -> Result<KeyPath, Failure> {
    let key: KeyPath = text.parse().map_err(|error: KeyError| {
        Failure::usage(
            error.to_string(),
            "a key is written like valve.zones[0].\"drip line\".flow",
        )
    })?;
    if !options.interactive {
        return Ok(key);
    }
    match store.setting(&key) {
        Err(StoreError::Setting(SettingError::Ambiguous { candidates, .. })) => {
            prompt::choose(&format!("which `{key}`?"), candidates)
        }
        // The verb itself says what is wrong.
        Ok(_) | Err(_) => Ok(key),
    }
}
