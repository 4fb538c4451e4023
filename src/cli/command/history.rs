//! `valvecfg history`

use std::fmt;
use std::io::{self, Write};
use std::num::ParseIntError;
use std::str::FromStr;

use clap::Args;
use serde_json::{Value as Json, json};

use crate::cli::bar::Bar;
use crate::cli::diagnostic::Style;
use crate::cli::diagnostic::printable::escaped;
use crate::cli::options::Options;
use crate::cli::printer::{Answer, Reply};
use crate::cli::report::Failure;
use crate::cli::table::Table;
use crate::document::Value;
use crate::store::{Filter, Shown, ValueAt};

/// A first page: what a person reads at once.
const PAGE: usize = 20;

/// More changes of one revision than this are counted.
const CHANGES: usize = 8;

/// List the revisions, or one setting's values over time
///
/// Examples:
///   valvecfg history                       the 20 newest
///   valvecfg history -n 100 --plugin valve
///   valvecfg history --since 2026-11-01 --author ines
///   valvecfg history valve.threshold       the values that it had
///   valvecfg history --json                an object a line
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct HistoryArgs {
    /// The setting
    #[arg(add = clap_complete::ArgValueCompleter::new(crate::cli::complete::keys))]
    key: Option<String>,
    /// How many, or `all`
    #[arg(short = 'n', long = "count", value_name = "N", default_value_t = Count(PAGE))]
    count: Count,
    /// None older than this time or revision
    #[arg(long, value_name = "WHEN", add = clap_complete::ArgValueCompleter::new(crate::cli::complete::revisions))]
    since: Option<String>,
    /// Only those whose author's name or address holds this text
    #[arg(long, value_name = "TEXT")]
    author: Option<String>,
    /// Only those that changed this plugin
    #[arg(long, value_name = "NAME", conflicts_with = "key", add = clap_complete::ArgValueCompleter::new(crate::cli::complete::plugins))]
    plugin: Option<String>,
}

/// How many revisions are wanted.
#[derive(Clone, Copy, Debug)]
struct Count(usize);

impl FromStr for Count {
    type Err = ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "all" {
            return Ok(Self(usize::MAX));
        }
        text.parse().map(Self)
    }
}

impl fmt::Display for Count {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

/// Runs the verb.
pub(crate) fn run(args: &HistoryArgs, options: &Options) -> Result<Reply, Failure> {
    let store = options.open_store()?;
    let filter = Filter {
        limit: Some(args.count.0),
        since: args.since.clone(),
        author: args.author.clone(),
        plugin: args.plugin.clone(),
    };
    let bar = Bar::new();
    let mut progress = |done, all| bar.show(done, all);
    let (reply, is_empty) = if let Some(key) = &args.key {
        let key = super::key(key, &store, options)?;
        let values = store.values(&key, &filter, &mut progress)?;
        let is_empty = values.is_empty();
        if is_empty && args.count.0 > 0 {
            // Says that there is no such setting, and which is similar.
            store.describe(&key)?;
        }
        (Reply::of(Values(values)), is_empty)
    } else {
        let revisions = store.history(&filter, &mut progress)?;
        let is_empty = revisions.is_empty();
        (Reply::of(Revisions(revisions)), is_empty)
    };
    bar.clear();
    let reply = if is_empty && args.count.0 > 0 {
        reply.note("no such revision")
    } else {
        reply
    };
    Ok(reply.paged())
}

struct Revisions(Vec<Shown>);

impl Answer for Revisions {
    fn json(&self) -> Vec<Json> {
        self.0.iter().flat_map(Answer::json).collect()
    }

    fn show(&self, out: &mut dyn Write, style: Style) -> io::Result<()> {
        for (at, entry) in self.0.iter().enumerate() {
            let Shown { revision, difference } = entry;
            if at > 0 {
                writeln!(out)?;
            }
            let (bold, plain) = if style.color {
                ("\u{1b}[33m", "\u{1b}[0m")
            } else {
                ("", "")
            };
            let author = escaped(&revision.author.name);
            let (id, time, via) = (revision.id.short(), revision.time, escaped(&revision.via));
            writeln!(out, "{bold}{id}{plain}  {time}  {author}  via {via}")?;
            writeln!(
                out,
                "  {}",
                escaped(revision.message.lines().next().unwrap_or_default())
            )?;
            let untold = entry.untold();
            for change in untold.iter().take(CHANGES) {
                write!(out, "    ")?;
                super::diff::show_change(out, change, style)?;
            }
            if let Some(more) = untold.len().checked_sub(CHANGES).filter(|more| *more > 0) {
                writeln!(out, "    and {more} more: `valvecfg show {id}`")?;
            }
            difference
                .other_files()
                .iter()
                .try_for_each(|file| writeln!(out, "    {file}"))?;
        }
        Ok(())
    }
}

struct Values(Vec<ValueAt>);

impl Answer for Values {
    fn json(&self) -> Vec<Json> {
        self.0.iter().map(|value| json!(value)).collect()
    }

    fn show(&self, out: &mut dyn Write, style: Style) -> io::Result<()> {
        let shown = |value: &Option<Value>| {
            value
                .as_ref()
                .map_or_else(|| "(not set)".to_owned(), crate::document::brief)
        };
        let one_key = self.0.windows(2).all(|pair| pair[0].key == pair[1].key);
        let mut table = Table::new(["revision", "time", "author", "via", "before", "after"]);
        for ValueAt {
            revision,
            key,
            before,
            after,
        } in &self.0
        {
            let before = if one_key {
                shown(before)
            } else {
                format!("{key} {}", shown(before))
            };
            let (author, via) = (revision.author.name.clone(), revision.via.clone());
            table.row([
                revision.id.short(),
                revision.time.to_string(),
                author,
                via,
                before,
                shown(after),
            ]);
        }
        table.write(out, style)
    }
}
