//! `valvecfg doctor`

use std::io::{self, Write};

use clap::Args;
use serde_json::{Value as Json, json};

use crate::cli::diagnostic::Style;
use crate::cli::diagnostic::printable::escaped;
use crate::cli::exit::Exit;
use crate::cli::options::Options;
use crate::cli::printer::{Answer, Reply};
use crate::cli::report::Failure;
use crate::schema::Severity;
use crate::store::Finding;

/// Look for what is wrong, and say what mends it
///
/// Examples:
///   valvecfg doctor
///   valvecfg doctor --deep           reads every object of the history
///   valvecfg doctor --json
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct DoctorArgs {
    /// Read every object of the history
    #[arg(long)]
    deep: bool,
}

/// Runs the verb.
pub(crate) fn run(args: &DoctorArgs, options: &Options) -> Result<Reply, Failure> {
    let findings = options.open_store()?.doctor(args.deep)?;
    let wrong = findings.iter().any(|finding| finding.severity != Severity::Note);
    let exit = if wrong { Exit::No } else { Exit::Done };
    let reply = Reply::of(Findings(findings)).exit(exit);
    Ok(if wrong { reply } else { reply.note("nothing is wrong") })
}

struct Findings(Vec<Finding>);

impl Answer for Findings {
    fn json(&self) -> Vec<Json> {
        self.0.iter().map(|finding| json!(finding)).collect()
    }

    fn show(&self, out: &mut dyn Write, _style: Style) -> io::Result<()> {
        for finding in &self.0 {
            let word = match finding.severity {
                Severity::Error => "error",
                Severity::Warning => "warning",
                Severity::Note => "note",
            };
            writeln!(out, "{word}: {}", escaped(&finding.message))?;
            writeln!(out, "  mend: {}", escaped(&finding.mend))?;
            if let Some(alternative) = &finding.alternative {
                writeln!(out, "    or: {}", escaped(alternative))?;
            }
        }
        Ok(())
    }
}
