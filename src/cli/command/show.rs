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
        untold(self)
            .into_iter()
            .try_for_each(|line| writeln!(out, "{}", escaped(&format!("    {line}")).trim_end()))?;
        writeln!(out)?;
        super::diff::show_keys(out, &self.difference, style)
    }
}

/// The lines of the message, without those below the first that only list the changes: these are shown by
/// themselves, and whole.
fn untold(shown: &Shown) -> Vec<&str> {
    let changes: Vec<String> = shown.difference.changes.iter().map(ToString::to_string).collect();
    let is_told = |line: &str| {
        let cut = line.strip_suffix('…');
        let is_of = |change: &String| change == line || cut.is_some_and(|cut| change.starts_with(cut));
        changes.iter().any(is_of)
    };
    let mut lines: Vec<&str> = Vec::new();
    for (at, line) in shown.revision.message.lines().enumerate() {
        if at == 0 || !is_told(line) {
            lines.push(line);
        }
    }
    while lines.len() > 1 && lines.last().is_some_and(|line| line.trim().is_empty()) {
        lines.pop();
    }
    lines
}
