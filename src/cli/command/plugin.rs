//! `valvecfg plugin add`, `plugin list`, `plugin remove`

use std::io::{self, Write};
use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde_json::{Value as Json, json};

use super::fields;
use crate::cli::diagnostic::Style;
use crate::cli::exit::Exit;
use crate::cli::options::{ChangeOptions, Options};
use crate::cli::printer::{Answer, Reply};
use crate::cli::report::Failure;
use crate::cli::table::Table;
use crate::store::{Outcome, PluginRow, StoreError};

/// Add, list and remove plugins
///
/// Examples:
///   valvecfg plugin add valve --schema valve.schema.json
///   valvecfg plugin add valve --schema 2.schema.json --settings old-valve.toml
///   valvecfg plugin list
#[derive(Debug, Subcommand)]
#[command(verbatim_doc_comment)]
pub(crate) enum PluginVerb {
    #[command(after_long_help = fields::OUTCOME)]
    Add(PluginAddArgs),
    #[command(after_long_help = fields::PLUGIN_LIST)]
    List(PluginListArgs),
    #[command(after_long_help = fields::OUTCOME)]
    Upgrade(PluginUpgradeArgs),
    #[command(after_long_help = fields::OUTCOME)]
    Remove(PluginRemoveArgs),
}

/// Add a plugin with its schema
///
/// Examples:
///   valvecfg plugin add valve --schema valve.schema.json
///   valvecfg plugin add valve --schema 2.schema.json --settings old-valve.toml
///
/// Without --settings, plugins/NAME.toml is taken where it stands already; else it
/// is written, with the required settings and their defaults.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct PluginAddArgs {
    /// The plugin's name: letters, digits, - and _
    name: String,
    /// Its JSON Schema; a name like 2.schema.json states the version, else it is version 1
    #[arg(long, value_name = "FILE")]
    schema: PathBuf,
    /// Its settings
    #[arg(long, value_name = "FILE")]
    settings: Option<PathBuf>,
    #[command(flatten)]
    change: ChangeOptions,
}

/// List the plugins with their schema versions
///
/// Examples:
///   valvecfg plugin list
///   valvecfg plugin list --json
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct PluginListArgs {}

/// Add the next schema version of a plugin, and draft the migration to it
///
/// Examples:
///   valvecfg plugin upgrade valve --schema new-valve.schema.json
///
/// The settings, and the version in force, stay until `valvecfg migrate`.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct PluginUpgradeArgs {
    /// The plugin's name
    #[arg(add = clap_complete::ArgValueCompleter::new(crate::cli::complete::plugins))]
    name: String,
    /// Its new JSON Schema
    #[arg(long, value_name = "FILE")]
    schema: PathBuf,
    #[command(flatten)]
    change: ChangeOptions,
}

/// Remove a plugin, its settings and its schemas; history keeps them
///
/// Examples:
///   valvecfg plugin remove heating -m "sold the boiler"
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct PluginRemoveArgs {
    /// The plugin's name
    #[arg(add = clap_complete::ArgValueCompleter::new(crate::cli::complete::plugins))]
    name: String,
    #[command(flatten)]
    change: ChangeOptions,
}

/// Runs the verb.
pub(crate) fn run(verb: &PluginVerb, options: &Options) -> Result<Reply, Failure> {
    let store = options.open_store()?;
    match verb {
        PluginVerb::Add(args) => {
            let intent = options.intent(&args.change);
            let added = store.plugin_add(&args.name, &args.schema, args.settings.as_deref(), &intent);
            match added {
                Ok(outcome) => Ok(reply(["added", "would add"], &args.name, outcome)),
                Err(error) => Err(with_settings(args, error)),
            }
        }
        PluginVerb::Upgrade(args) => {
            let outcome = store.plugin_upgrade(&args.name, &args.schema, &options.intent(&args.change))?;
            Ok(super::outcome::reply(outcome))
        }
        PluginVerb::Remove(args) => {
            let outcome = store.plugin_remove(&args.name, &options.intent(&args.change))?;
            Ok(reply(["removed", "would remove"], &args.name, outcome))
        }
        PluginVerb::List(PluginListArgs {}) => {
            let rows = store.plugin_list()?;
            let exit = Exit::Done;
            let note = rows
                .is_empty()
                .then_some("no plugins yet; `valvecfg plugin add NAME --schema FILE` adds one");
            let reply = Reply::of(Plugins(rows)).exit(exit);
            Ok(match note {
                Some(note) => reply.note(note),
                None => reply,
            })
        }
    }
}

/// A plugin that came or went: counted, since a list of all its settings says less.
fn reply([done, planned]: [&'static str; 2], name: &str, outcome: Outcome) -> Reply {
    let word = if outcome.dry_run { planned } else { done };
    let plugin = name.to_owned();
    super::outcome::reply_with(outcome, |outcome| Moved { word, plugin, outcome })
}

struct Moved {
    word: &'static str,
    plugin: String,
    outcome: Outcome,
}

impl Answer for Moved {
    fn json(&self) -> Vec<Json> {
        self.outcome.json()
    }

    fn show(&self, out: &mut dyn Write, _style: Style) -> io::Result<()> {
        let Self { word, plugin, outcome } = self;
        let settings = match outcome.changes.len() {
            1 => "1 setting".to_owned(),
            count => format!("{count} settings"),
        };
        let schemas = outcome.files.iter().filter(|file| file.starts_with("schemas/"));
        let parts: Vec<&str> = [settings.as_str()]
            .into_iter()
            .chain(schemas.map(String::as_str))
            .collect();
        writeln!(out, "{word} plugin {plugin}: {}", parts.join(", "))?;
        match outcome.revision {
            Some(revision) => writeln!(out, "saved as {}", revision.short()),
            None => Ok(()),
        }
    }
}

/// Where a schema requires settings and gives no defaults, only a person can.
fn with_settings(args: &PluginAddArgs, error: StoreError) -> Failure {
    let mut failure = Failure::from(error);
    if args.settings.is_none() && !failure.files.is_empty() {
        let (name, schema) = (&args.name, args.schema.display());
        failure.hints.push(format!(
            "give what has no default in a file: `valvecfg plugin add {name} --schema {schema} --settings FILE`"
        ));
    }
    failure
}

struct Plugins(Vec<PluginRow>);

impl Answer for Plugins {
    fn json(&self) -> Vec<Json> {
        self.0.iter().map(|row| json!(row)).collect()
    }

    fn show(&self, out: &mut dyn Write, style: Style) -> io::Result<()> {
        let mut table = Table::new(["plugin", "version", "settings", "title"]);
        for row in &self.0 {
            let title = row.title.clone().unwrap_or_default();
            table.row([
                row.name.clone(),
                row.schema_version.to_string(),
                row.settings.clone(),
                title,
            ]);
        }
        table.write(out, style)
    }
}
