//! `valvecfg diff`

use std::io::{self, Write};

use clap::Args;
use serde_json::{Value as Json, json};
use similar::TextDiff;

use crate::cli::diagnostic::Style;
use crate::cli::diagnostic::printable::escaped;
use crate::cli::exit::Exit;
use crate::cli::options::Options;
use crate::cli::printer::{Answer, Reply};
use crate::cli::report::Failure;
use crate::document::{Change, Value, brief};
use crate::store::Difference;

/// Show what differs, key by key
///
/// Examples:
///   valvecfg diff                    what was edited by hand and is not recorded
///   valvecfg diff @~3                since three revisions ago
///   valvecfg diff @~3 @              between two revisions
///   valvecfg diff --text             as lines of the files
///   valvecfg diff --exit-code        1 where anything differs
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct DiffArgs {
    /// The revision to compare with; without it, the last one
    #[arg(value_name = "A", add = clap_complete::ArgValueCompleter::new(crate::cli::complete::revisions))]
    from: Option<String>,
    /// The revision to compare; without it, the files in the folder
    #[arg(value_name = "B", add = clap_complete::ArgValueCompleter::new(crate::cli::complete::revisions))]
    to: Option<String>,
    /// Show lines of text
    #[arg(long)]
    text: bool,
    /// End with 1 where anything differs
    #[arg(long)]
    exit_code: bool,
}

/// Runs the verb.
pub(crate) fn run(args: &DiffArgs, options: &Options) -> Result<Reply, Failure> {
    let difference = options.open_store()?.diff(args.from.as_deref(), args.to.as_deref())?;
    let exit = if args.exit_code && !difference.is_empty() {
        Exit::No
    } else {
        Exit::Done
    };
    Ok(Reply::of(Shown {
        difference,
        text: args.text,
    })
    .exit(exit)
    .paged())
}

/// A difference, by key or as text.
struct Shown {
    difference: Difference,
    text: bool,
}

impl Answer for Shown {
    fn json(&self) -> Vec<Json> {
        json_of(&self.difference)
    }

    fn show(&self, out: &mut dyn Write, style: Style) -> io::Result<()> {
        if self.text {
            show_text(out, &self.difference, style)
        } else {
            show_keys(out, &self.difference, style)
        }
    }
}

/// A line for each change, then one for each file that changed in other ways.
pub(super) fn json_of(difference: &Difference) -> Vec<Json> {
    let changes = difference.changes.iter().map(|change| json!(change));
    let files = difference.other_files().into_iter().map(|file| json!({ "file": file }));
    changes.chain(files).collect()
}

/// By key.
pub(super) fn show_keys(out: &mut dyn Write, difference: &Difference, style: Style) -> io::Result<()> {
    difference
        .changes
        .iter()
        .try_for_each(|change| show_change(out, change, style))?;
    for file in difference.other_files() {
        let about = if !file.starts_with("plugins/") {
            "changed"
        } else if difference.is_readable(file) {
            "text only"
        } else {
            "not TOML; --text shows it"
        };
        writeln!(out, "{}  ({about})", escaped(file))?;
    }
    Ok(())
}

/// One change in a line, with what went red and what came green.
pub(super) fn show_change(out: &mut dyn Write, change: &Change, style: Style) -> io::Result<()> {
    if !style.color {
        return writeln!(out, "{}", escaped(&change.to_string()));
    }
    let key = escaped(&change.key.to_string()).into_owned();
    let colored = |value: &Value, color: &str| format!("\u{1b}[{color}m{}\u{1b}[0m", escaped(&brief(value)));
    let (before, after) = (change.before.as_ref(), change.after.as_ref());
    match (
        before.map(|value| colored(value, "31")),
        after.map(|value| colored(value, "32")),
    ) {
        (Some(before), Some(after)) => writeln!(out, "{key} {before} -> {after}"),
        (None, Some(after)) => writeln!(out, "{key} {after} added"),
        (Some(before), None) => writeln!(out, "{key} {before} removed"),
        (None, None) => writeln!(out, "{key} unchanged"),
    }
}

fn show_text(out: &mut dyn Write, difference: &Difference, style: Style) -> io::Result<()> {
    for file in &difference.files {
        let text = |bytes: &Option<Vec<u8>>| String::from_utf8_lossy(bytes.as_deref().unwrap_or_default()).into_owned();
        let (before, after) = (text(&file.before), text(&file.after));
        let diff = TextDiff::from_lines(&before, &after);
        let unified = diff
            .unified_diff()
            .header(&format!("a/{}", file.path), &format!("b/{}", file.path))
            .to_string();
        for line in unified.lines() {
            let color = match line.as_bytes().first() {
                _ if !style.color => "",
                Some(b'+') => "\u{1b}[32m",
                Some(b'-') => "\u{1b}[31m",
                Some(b'@') => "\u{1b}[36m",
                _ => "",
            };
            let reset = if color.is_empty() { "" } else { "\u{1b}[0m" };
            writeln!(out, "{color}{}{reset}", line_of(line))?;
        }
    }
    Ok(())
}

/// A line of a file without what a terminal would obey; tabs stay.
fn line_of(line: &str) -> String {
    line.split('\t').map(escaped).collect::<Vec<_>>().join("\t")
}
