//! `valvecfg import`

use std::io::{self, Write};
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use serde_json::{Value as Json, json};

use crate::cli::diagnostic::Style;
use crate::cli::diagnostic::printable::escaped;
use crate::cli::exit::Exit;
use crate::cli::options::{ChangeOptions, Options};
use crate::cli::printer::{Answer, Reply};
use crate::cli::report::Failure;
use crate::cli::table::{Table, short};
use crate::import::{Format, TableChoice};
use crate::store::{ImportOptions, ImportState, Imported, ImportedSetting};

/// Merge settings from another program's file into a plugin's
///
/// Examples:
///   valvecfg import settings.json --plugin valve -n     what becomes of each
///   valvecfg import settings.json --plugin valve --fix  "60" is 60 from now on
///   valvecfg import .env --plugin valve                 MQTT__HOST is mqtt.host
///   valvecfg import app.db --plugin valve --table options
///   valvecfg import old.conf --format ini --plugin valve --skip log.path
///
/// JSON, YAML, TOML, INI, .env, or a table of keys and values in SQLite, which is
/// only read. Each setting is taken as it is; converted without loss (--fix);
/// default, where it is required and has one; null, which leaves it as it is here;
/// skipped (--skip); or unknown, refused or missing. As long as one is unresolved,
/// nothing is written and it ends with 1. One revision for all; settings that the
/// file does not name stay.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct ImportArgs {
    /// The file
    file: PathBuf,
    /// The plugin
    #[arg(long, value_name = "NAME", add = clap_complete::ArgValueCompleter::new(crate::cli::complete::plugins))]
    plugin: String,
    /// Take what can be converted without loss
    #[arg(long)]
    fix: bool,
    /// Leave a setting of the file out, or all below it; may be given again
    #[arg(long, value_name = "KEY")]
    skip: Vec<String>,
    /// What the file is, where its name does not say it
    #[arg(long)]
    format: Option<FormatName>,
    /// The table of a database
    #[arg(long, value_name = "NAME")]
    table: Option<String>,
    /// Its column of keys
    #[arg(long, value_name = "NAME")]
    key_column: Option<String>,
    /// Its column of values
    #[arg(long, value_name = "NAME")]
    value_column: Option<String>,
    #[command(flatten)]
    change: ChangeOptions,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum FormatName {
    Json,
    Yaml,
    Toml,
    Ini,
    Env,
    Sqlite,
}

impl From<FormatName> for Format {
    fn from(name: FormatName) -> Self {
        match name {
            FormatName::Json => Self::Json,
            FormatName::Yaml => Self::Yaml,
            FormatName::Toml => Self::Toml,
            FormatName::Ini => Self::Ini,
            FormatName::Env => Self::Env,
            FormatName::Sqlite => Self::Sqlite,
        }
    }
}

/// Runs the verb.
pub(crate) fn run(args: &ImportArgs, options: &Options) -> Result<Reply, Failure> {
    let store = options.open_store()?;
    let choice = TableChoice {
        table: args.table.clone(),
        key_column: args.key_column.clone(),
        value_column: args.value_column.clone(),
    };
    let source = store.read_import(&args.file, args.format.map(Format::from), &choice)?;
    let decided = ImportOptions {
        fix: args.fix,
        skip: args.skip.clone(),
    };
    let imported = store.import(&args.plugin, &source, &decided, &options.intent(&args.change))?;
    Ok(reply(imported, args.fix))
}

fn reply(imported: Imported, fix: bool) -> Reply {
    if imported.unresolved == 0 {
        let outcome = imported.outcome.clone();
        return super::outcome::reply_with(outcome, |_| imported);
    }
    let mut notes = vec![format!(
        "nothing was written: {} unresolved",
        counted(imported.unresolved, imported.settings.len())
    )];
    let of = |state| imported.settings.iter().filter(move |setting| setting.state == state);
    let converted = of(ImportState::Converted).count();
    if converted > 0 && !fix {
        notes.push(format!("`--fix` would take {}", plural(converted, "conversion")));
    }
    if let Some(name) = of(ImportState::Unknown).find_map(|setting| setting.name.as_ref()) {
        notes.push(format!(
            "rename what is unknown in the file, or leave it out: `--skip {name}`"
        ));
    }
    if let Some(key) = of(ImportState::Missing).find_map(|setting| setting.key.as_ref()) {
        notes.push(format!(
            "add what is missing to the file, or set it: `valvecfg set {key} VALUE`"
        ));
    }
    notes.into_iter().fold(Reply::of(imported).exit(Exit::No), Reply::note)
}

fn counted(unresolved: usize, all: usize) -> String {
    let are = if unresolved == 1 { "is" } else { "are" };
    format!("{unresolved} of {} {are}", plural(all, "setting"))
}

fn plural(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

impl Answer for Imported {
    fn json(&self) -> Vec<Json> {
        vec![json!(self)]
    }

    fn show(&self, out: &mut dyn Write, style: Style) -> io::Result<()> {
        let mut table = Table::new(["", "setting", "where", "value"]);
        for setting in &self.settings {
            table.row([
                setting.state.word().to_owned(),
                name(setting),
                setting.place.clone().unwrap_or_default(),
                value(setting),
            ]);
            if let Some(reason) = &setting.reason {
                table.remark(reason);
            }
            if let Some(meant) = &setting.suggestion {
                table.remark(&format!("did you mean `{meant}`?"));
            }
        }
        table.write(out, style)?;
        for file in &self.outcome.files {
            writeln!(out, "{}", escaped(file))?;
        }
        match self.outcome.revision {
            Some(revision) => writeln!(out, "saved as {}", revision.short()),
            None => Ok(()),
        }
    }
}

/// The setting, or what the file calls it where that means none.
fn name(setting: &ImportedSetting) -> String {
    match (&setting.key, &setting.name) {
        (Some(key), _) => key.to_string(),
        (None, Some(name)) => name.clone(),
        (None, None) => String::new(),
    }
}

fn value(setting: &ImportedSetting) -> String {
    let found = setting.found.as_ref().map(short);
    let becomes = setting.becomes.as_ref().map(short);
    match (found, becomes) {
        (Some(found), Some(becomes)) if found != becomes && setting.state == ImportState::Converted => {
            format!("{found} -> {becomes}")
        }
        (_, Some(value)) | (Some(value), None) => value,
        (None, None) => String::new(),
    }
}
