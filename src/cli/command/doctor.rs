//! `valvecfg doctor`

use std::io::{self, Write};

use clap::Args;
use serde_json::{Value as Json, json};

use crate::cli::bar::Bar;
use crate::cli::diagnostic::Style;
use crate::cli::diagnostic::printable::escaped;
use crate::cli::exit::Exit;
use crate::cli::options::Options;
use crate::cli::printer::{Answer, Reply};
use crate::cli::report::Failure;
use crate::cli::table::{Table, short};
use crate::schema::Severity;
use crate::store::{Finding, Mistyped};

/// Look for what is wrong, and say what mends it
///
/// Examples:
///   valvecfg doctor
///   valvecfg doctor --deep           reads every object of the history
///   valvecfg doctor --types          "60" where the schema wants 60
///   valvecfg doctor --json
///
/// With --types it looks for nothing but values whose type is not the one that the
/// schema in force declares, in the settings and in all revisions that were written
/// for it, and names what sets the same in the right type. It ends with 1 where
/// one stands there today.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct DoctorArgs {
    /// Read every object of the history
    #[arg(long)]
    deep: bool,
    /// Look for values of the wrong type, in the history too
    #[arg(long, conflicts_with = "deep")]
    types: bool,
}

/// Runs the verb.
pub(crate) fn run(args: &DoctorArgs, options: &Options) -> Result<Reply, Failure> {
    let store = options.open_store()?;
    if args.types {
        let bar = Bar::new();
        let found = store.mistyped(&mut |done, all| bar.show(done, all));
        bar.clear();
        return Ok(types(found?));
    }
    let findings = store.doctor(args.deep)?;
    let wrong = findings.iter().any(|finding| finding.severity != Severity::Note);
    let exit = if wrong { Exit::No } else { Exit::Done };
    let reply = Reply::of(Findings(findings)).exit(exit);
    Ok(if wrong { reply } else { reply.note("nothing is wrong") })
}

fn types(found: Vec<Mistyped>) -> Reply {
    let (nothing, present) = (found.is_empty(), found.iter().any(|one| one.present));
    // Each alone would be refused because of the others.
    let sets = found
        .iter()
        .filter(|one| one.present)
        .filter_map(|one| one.mend.as_deref());
    let sets: Vec<&str> = sets.filter_map(|mend| mend.strip_prefix("valvecfg set ")).collect();
    let at_once = (sets.len() > 1).then(|| {
        let assignments: Vec<String> = sets.iter().map(|set| assignment(set)).collect();
        format!("all at once: `valvecfg set {}`", assignments.join(" "))
    });
    let reply = Reply::of(Types(found)).exit(if present { Exit::No } else { Exit::Done });
    let reply = at_once.into_iter().fold(reply, Reply::note);
    if nothing {
        reply.note("every value has the type that its schema declares")
    } else {
        reply
    }
}

/// `KEY VALUE` as `KEY=VALUE`; either may stand in single quotes.
fn assignment(set: &str) -> String {
    let end = if set.starts_with('\'') {
        set.find("' ").map(|at| at + 1)
    } else {
        set.find(' ')
    };
    let (key, value) = set.split_at(end.unwrap_or(set.len()));
    format!("{key}={}", value.trim_start())
}

struct Types(Vec<Mistyped>);

impl Answer for Types {
    fn json(&self) -> Vec<Json> {
        self.0.iter().map(|one| json!(one)).collect()
    }

    fn show(&self, out: &mut dyn Write, style: Style) -> io::Result<()> {
        let mut table = Table::new(["setting", "value", "wants", "where", "since"]);
        for one in &self.0 {
            let wanted: Vec<&str> = one.wanted.iter().map(|kind| kind.with_article()).collect();
            table.row([
                one.key.to_string(),
                short(&one.value),
                wanted.join(" or "),
                if one.present {
                    format!("{}:{}", one.file, one.line)
                } else {
                    "gone".to_owned()
                },
                one.first
                    .as_ref()
                    .map_or("not recorded".to_owned(), |first| first.id.short()),
            ]);
            table.remark(&match &one.mend {
                Some(mend) if one.present => format!("mend: {mend}"),
                Some(mend) => format!("to have it again: {mend}"),
                None => "no value of that type says the same".to_owned(),
            });
        }
        table.write(out, style)
    }
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
