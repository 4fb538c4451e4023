//! `valvecfg secret scan`

use std::io::{self, Write};

use clap::Args;
use serde_json::{Value as Json, json};

use crate::cli::bar::Bar;
use crate::cli::diagnostic::Style;
use crate::cli::exit::Exit;
use crate::cli::options::Options;
use crate::cli::printer::{Answer, Reply};
use crate::cli::report::Failure;
use crate::cli::table::Table;
use crate::store::{Exposure, Suspicion};

/// Look for secrets that stand in plain text, in the settings and in their history
///
/// Examples:
///   valvecfg secret scan
///   valvecfg secret scan --history     what any revision held, and since when
///   valvecfg secret scan --json
///
/// Found are values that are not sealed where the schema marks a secret; tokens of
/// AWS, GitHub, GitLab, Slack, Stripe, Google and npm, JSON Web Tokens, private
/// keys, age identities and passwords in addresses, anywhere in settings and their
/// comments; and long random texts at keys named password, token, secret or alike.
/// No value is shown, and no identity is needed.
///
/// Ends with 1 where anything was found. What the history holds stays readable for
/// who has the store: change it at its source.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct ScanArgs {
    /// Look through all revisions too, also of plugins that were removed
    #[arg(long)]
    history: bool,
}

/// Runs the verb.
pub(super) fn run(args: &ScanArgs, options: &Options) -> Result<Reply, Failure> {
    let store = options.open_store()?;
    let bar = Bar::new();
    let found = store.secret_scan(args.history, &mut |done, all| bar.show(done, all));
    bar.clear();
    let found = found?;
    if found.is_empty() {
        let none = Exposures {
            found,
            history: args.history,
        };
        return Ok(Reply::of(none).note("no secret was found in plain text"));
    }
    let notes = notes(&found);
    let found = Exposures {
        found,
        history: args.history,
    };
    Ok(notes.into_iter().fold(Reply::of(found).exit(Exit::No), Reply::note))
}

/// What to do next.
fn notes(found: &[Exposure]) -> Vec<String> {
    let mut notes = Vec::new();
    let marked = |exposure: &&Exposure| exposure.present && exposure.kind == Suspicion::Marked;
    if let Some(key) = found.iter().find(marked).and_then(|exposure| exposure.key.as_ref()) {
        notes.push(format!(
            "`valvecfg secret set {key} --from-file` seals it where it stands"
        ));
    }
    if found
        .iter()
        .any(|exposure| exposure.present && exposure.kind != Suspicion::Marked)
    {
        notes.push(
            "what looks secret belongs into a setting that its schema marks: `valvecfg explain x-secret`".to_owned(),
        );
    }
    if found.iter().any(|exposure| exposure.first.is_some()) {
        notes.push("what the history holds cannot be taken back: change it at its source".to_owned());
    }
    notes
}

struct Exposures {
    found: Vec<Exposure>,
    history: bool,
}

impl Answer for Exposures {
    fn json(&self) -> Vec<Json> {
        self.found.iter().map(|exposure| json!(exposure)).collect()
    }

    fn show(&self, out: &mut dyn Write, style: Style) -> io::Result<()> {
        if !self.history {
            let mut table = Table::new(["setting", "where", "what"]);
            for exposure in &self.found {
                table.row([setting(exposure), place(exposure), what(exposure)]);
            }
            return table.write(out, style);
        }
        let mut table = Table::new(["setting", "where", "what", "today", "since", "time", "author"]);
        for exposure in &self.found {
            let today = if exposure.present { "still there" } else { "gone" };
            let (since, time, author) = match &exposure.first {
                Some(first) => (first.id.short(), first.time.to_string(), first.author.name.clone()),
                None => ("not recorded".to_owned(), String::new(), String::new()),
            };
            let today = today.to_owned();
            table.row([
                setting(exposure),
                place(exposure),
                what(exposure),
                today,
                since,
                time,
                author,
            ]);
        }
        table.write(out, style)
    }
}

fn setting(exposure: &Exposure) -> String {
    match &exposure.key {
        Some(key) => key.to_string(),
        None => format!("{}, outside of values", exposure.plugin),
    }
}

fn place(exposure: &Exposure) -> String {
    format!("{}:{}:{}", exposure.file, exposure.line, exposure.column)
}

fn what(exposure: &Exposure) -> String {
    match exposure.kind {
        Suspicion::Marked => "a secret in plain text".to_owned(),
        Suspicion::Looks(shape) => shape.words().to_owned(),
    }
}
