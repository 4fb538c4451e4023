//! `valvecfg show`

use std::io::{self, Write};

use clap::Args;
use serde_json::{Value as Json, json};

use crate::cli::diagnostic::Style;
use crate::cli::diagnostic::printable::escaped;
use crate::cli::options::Options;
use crate::cli::printer::{Answer, Reply};
use crate::cli::report::Failure;
use crate::store::Shown;

/// Show one revision: who, when, why, and what it changed
///
/// Examples:
///   valvecfg show                    the last one
///   valvecfg show 3f2a9c1
///   valvecfg show @~2 --json
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct ShowArgs {
    /// The revision
    #[arg(value_name = "REV", default_value = "@", add = clap_complete::ArgValueCompleter::new(crate::cli::complete::revisions))]
    revision: String,
}

/// Runs the verb.
pub(crate) fn run(args: &ShowArgs, options: &Options) -> Result<Reply, Failure> {
    Ok(Reply::of(options.open_store()?.show(&args.revision)?).paged())
}

impl Answer for Shown {
    fn json(&self) -> Vec<Json> {
        let mut object = json!(self);
        object["files"] = json!(self.difference.files.iter().map(|file| &file.path).collect::<Vec<_>>());
        vec![object]
    }

    fn show(&self, out: &mut dyn Write, style: Style) -> io::Result<()> {
        let revision = &self.revision;
        writeln!(out, "revision  {}", revision.id)?;
        writeln!(
            out,
            "author    {} <{}>",
            escaped(&revision.author.name),
            escaped(&revision.author.email)
        )?;
        writeln!(out, "time      {}", revision.time)?;
        writeln!(out, "via       {}", escaped(&revision.via))?;
        writeln!(out)?;
        // The changes are shown by themselves.
        let remarks = self.remarks();
        for line in &remarks {
            writeln!(out, "{}", escaped(&format!("    {line}")).trim_end())?;
        }
        if !remarks.is_empty() {
            writeln!(out)?;
        }
        super::diff::show_keys(out, &self.difference, style)
    }
}
