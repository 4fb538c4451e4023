//! `valvecfg applied`

use std::io::{self, Write};

use clap::Args;
use serde_json::{Value as Json, json};

use crate::cli::diagnostic::Style;
use crate::cli::diagnostic::printable::escaped;
use crate::cli::options::Options;
use crate::cli::printer::{Answer, Reply};
use crate::cli::report::Failure;
use crate::store::Answered;

/// Say for a plugin that it runs a revision, or why it does not
///
/// Examples:
///   valvecfg applied valve 3f2a9c1
///   valvecfg applied valve @ --error "pump 2 does not answer"
///
/// A plugin calls it after it has read its settings. `status` shows it, and
/// `--wait` of a change waits for it. A word on an older revision never clears one
/// on a newer.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct AppliedArgs {
    /// The plugin
    #[arg(add = clap_complete::ArgValueCompleter::new(crate::cli::complete::plugins))]
    plugin: String,
    /// The revision
    #[arg(value_name = "REV")]
    revision: String,
    /// It does not run it, and why
    #[arg(long, value_name = "TEXT")]
    error: Option<String>,
}

/// Runs the verb.
pub(crate) fn run(args: &AppliedArgs, options: &Options) -> Result<Reply, Failure> {
    let answered = options
        .open_store()?
        .applied(&args.plugin, &args.revision, args.error.as_deref())?;
    let is_latest = answered.is_latest;
    let reply = Reply::of(answered);
    Ok(if is_latest {
        reply
    } else {
        reply.note("its settings have changed since that revision")
    })
}

impl Answer for Answered {
    fn json(&self) -> Vec<Json> {
        vec![json!(self)]
    }

    fn show(&self, out: &mut dyn Write, _style: Style) -> io::Result<()> {
        let (plugin, revision) = (&self.plugin, self.revision.short());
        match &self.refused {
            None => writeln!(out, "{plugin} runs {revision}"),
            Some(reason) => writeln!(out, "{plugin} refused {revision}: {}", escaped(reason)),
        }
    }
}
