//! `valvecfg list`

use std::io::{self, Write};

use clap::Args;
use serde_json::{Value as Json, json};

use crate::cli::diagnostic::Style;
use crate::cli::options::Options;
use crate::cli::printer::{Answer, Reply};
use crate::cli::report::Failure;
use crate::cli::table::Table;
use crate::document::brief;
use crate::store::{Origin, Row};

/// List settings with their values and defaults
///
/// Examples:
///   valvecfg list                    all of them
///   valvecfg list valve.mqtt         those below a key
///   valvecfg list --changed          those that differ from their defaults
///   valvecfg list --json             an object a line: key, value, default, origin
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct ListArgs {
    /// Only settings below this key
    #[arg(value_name = "PREFIX", add = clap_complete::ArgValueCompleter::new(crate::cli::complete::keys))]
    prefix: Option<String>,
    /// Only settings that differ from their defaults
    #[arg(long)]
    changed: bool,
}

/// Runs the verb.
pub(crate) fn run(args: &ListArgs, options: &Options) -> Result<Reply, Failure> {
    let store = options.open_store()?;
    let prefix = args
        .prefix
        .as_deref()
        .map(|key| super::key(key, &store, options))
        .transpose()?;
    let mut rows = store.list(prefix.as_ref())?;
    if let (Some(prefix), true) = (&prefix, rows.is_empty()) {
        // Says that there is no such setting, and which is similar.
        store.describe(prefix)?;
    }
    rows.retain(|row| !args.changed || row.is_changed());
    let none = rows.is_empty();
    let reply = Reply::of(Settings(rows)).paged();
    Ok(if none { reply.note("no settings") } else { reply })
}

struct Settings(Vec<Row>);

impl Answer for Settings {
    fn json(&self) -> Vec<Json> {
        self.0.iter().map(|row| json!(row)).collect()
    }

    fn show(&self, out: &mut dyn Write, style: Style) -> io::Result<()> {
        let mut table = Table::new(["key", "value", "default", "source"]);
        for row in &self.0 {
            let default = row.default.as_ref().map_or_else(String::new, brief);
            let source = match &row.origin {
                Origin::File { file, line, .. } => format!("{file}:{line}"),
                Origin::Migrated { file, version } => format!("{file} (version {version})"),
                Origin::Default { .. } => "schema default".to_owned(),
            };
            table.row([row.key.to_string(), brief(&row.value), default, source]);
        }
        table.write(out, style)
    }
}
