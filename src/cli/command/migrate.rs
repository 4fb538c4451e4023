//! `valvecfg migrate`, `migrate status`, `migrate stamp`

use std::io::{self, Write};

use clap::{Args, Subcommand};
use serde_json::{Value as Json, json};

use super::fields;
use crate::cli::bar::Bar;
use crate::cli::diagnostic::Style;
use crate::cli::exit::Exit;
use crate::cli::options::{ChangeOptions, Options};
use crate::cli::printer::{Answer, Reply};
use crate::cli::report::Failure;
use crate::cli::table::Table;
use crate::store::{CheckedMigration, MigrationAhead, MigrationStatus};

/// Bring settings to another schema version
///
/// Examples:
///   valvecfg migrate -n            what it would change, key by key
///   valvecfg migrate
///   valvecfg migrate valve --to 1
///   valvecfg migrate status
///
/// Settings, and the version in force, move together, in one revision, along the
/// steps of migrations/PLUGIN/1-to-2.toml. On the way down, what a step dropped is
/// taken back from history, with its comments.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment, args_conflicts_with_subcommands = true)]
pub(crate) struct MigrateArgs {
    #[command(subcommand)]
    verb: Option<MigrateVerb>,
    /// Only this plugin
    #[arg(add = clap_complete::ArgValueCompleter::new(crate::cli::complete::plugins))]
    plugin: Option<String>,
    /// The schema version; else the newest that is there
    #[arg(long, value_name = "N")]
    to: Option<u32>,
    /// Run the programs that a migration names
    #[arg(long)]
    run_commands: bool,
    #[command(flatten)]
    change: ChangeOptions,
}

#[derive(Debug, Subcommand)]
enum MigrateVerb {
    #[command(after_long_help = fields::MIGRATE_STATUS)]
    Status(StatusArgs),
    #[command(after_long_help = fields::MIGRATE_CHECK)]
    Check(CheckArgs),
    #[command(after_long_help = fields::OUTCOME)]
    New(NewArgs),
    #[command(after_long_help = fields::OUTCOME)]
    Stamp(StampArgs),
}

/// Show which settings are at which schema version, and which migrations lie ahead
///
/// Examples:
///   valvecfg migrate status
///   valvecfg migrate status --json
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
struct StatusArgs {}

/// Try every migration, on settings that are, that were and that could be
///
/// Examples:
///   valvecfg migrate check
///   valvecfg migrate check valve --json
///
/// It is tried on the settings, on every form of that version that they have had,
/// on the examples of the schema, and on settings with each value at each edge of
/// what it may be. Ends with 1 where one is missing, is not decided, has a step on
/// a setting that cannot be there, fails, or leads to settings that the next
/// schema does not take. What the way back alone would not restore is listed:
/// history does.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
struct CheckArgs {
    /// Only this plugin
    #[arg(add = clap_complete::ArgValueCompleter::new(crate::cli::complete::plugins))]
    plugin: Option<String>,
}

/// Draft the migration that is missing between two schema versions
///
/// Examples:
///   valvecfg migrate new valve
///
/// What it could not know it leaves as `decide = "..."`: nothing is migrated until
/// a person has put a step in its place.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
struct NewArgs {
    /// The plugin
    #[arg(add = clap_complete::ArgValueCompleter::new(crate::cli::complete::plugins))]
    plugin: String,
    #[command(flatten)]
    change: ChangeOptions,
}

/// Say that settings are of a schema version already, and put that in force
///
/// Examples:
///   valvecfg migrate stamp valve 2
///
/// For settings that something else has migrated. They must fit that version.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
struct StampArgs {
    /// The plugin
    #[arg(add = clap_complete::ArgValueCompleter::new(crate::cli::complete::plugins))]
    plugin: String,
    /// The schema version
    #[arg(value_name = "N")]
    version: u32,
    #[command(flatten)]
    change: ChangeOptions,
}

/// Runs the verb.
pub(crate) fn run(args: &MigrateArgs, options: &Options) -> Result<Reply, Failure> {
    let store = options.open_store()?;
    match &args.verb {
        None => {
            let bar = Bar::new();
            let outcome = store.migrate(
                args.plugin.as_deref(),
                args.to,
                args.run_commands,
                &options.intent(&args.change),
                &|done, all| bar.show(done, all),
            );
            bar.clear();
            Ok(super::outcome::reply(outcome?))
        }
        Some(MigrateVerb::Status(StatusArgs {})) => Ok(Reply::of(Rows(store.migrate_status()?))),
        Some(MigrateVerb::Check(args)) => {
            let checked = store.migrate_check(args.plugin.as_deref())?;
            let is_refused = checked.iter().any(|one| !one.failures.is_empty());
            let exit = if is_refused { Exit::No } else { Exit::Done };
            Ok(Reply::of(Checks(checked)).exit(exit))
        }
        Some(MigrateVerb::New(args)) => {
            let outcome = store.migrate_new(&args.plugin, &options.intent(&args.change))?;
            Ok(super::outcome::reply(outcome))
        }
        Some(MigrateVerb::Stamp(args)) => {
            let outcome = store.migrate_stamp(&args.plugin, args.version, &options.intent(&args.change))?;
            Ok(super::outcome::reply(outcome))
        }
    }
}

struct Checks(Vec<CheckedMigration>);

impl Answer for Checks {
    fn json(&self) -> Vec<Json> {
        self.0.iter().map(|one| json!(one)).collect()
    }

    fn show(&self, out: &mut dyn Write, _style: Style) -> io::Result<()> {
        for one in &self.0 {
            let word = if one.failures.is_empty() {
                "holds"
            } else {
                "does not hold"
            };
            let (plugin, from, to, tried) = (&one.plugin, one.from, one.to, one.documents);
            let documents = if tried == 1 { "document" } else { "documents" };
            writeln!(out, "{plugin} {from} to {to}: {word}, tried on {tried} {documents}")?;
            for failure in &one.failures {
                writeln!(out, "  {failure}")?;
            }
            if !one.losses.is_empty() {
                writeln!(out, "  back from history alone: {}", one.losses.join(", "))?;
            }
        }
        Ok(())
    }
}

/// A migration with its first steps.
fn told(ahead: &MigrationAhead) -> String {
    const STEPS: usize = 4;
    let steps = ahead.steps.iter().take(STEPS).map(String::as_str);
    let mut told = steps.collect::<Vec<_>>().join(", ");
    if ahead.steps.len() > STEPS {
        told = format!("{told} and {} more", ahead.steps.len() - STEPS);
    }
    if told.is_empty() {
        ahead.file.clone()
    } else {
        format!("{}: {told}", ahead.file)
    }
}

struct Rows(Vec<MigrationStatus>);

impl Answer for Rows {
    fn json(&self) -> Vec<Json> {
        self.0.iter().map(|row| json!(row)).collect()
    }

    fn show(&self, out: &mut dyn Write, style: Style) -> io::Result<()> {
        let mut table = Table::new(["plugin", "settings", "in force", "newest", "ahead"]);
        for row in &self.0 {
            let ahead = || row.ahead.iter().map(told).collect::<Vec<_>>().join("; ");
            let ahead = row.trouble.clone().unwrap_or_else(ahead);
            table.row([
                row.plugin.clone(),
                row.version.to_string(),
                row.current.to_string(),
                row.newest.to_string(),
                ahead,
            ]);
        }
        table.write(out, style)
    }
}
