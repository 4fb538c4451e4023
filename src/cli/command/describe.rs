//! `valvecfg describe`

use std::io::{self, Write};

use clap::Args;
use serde::Serialize;
use serde_json::{Value as Json, json};

use crate::cli::bar::Bar;
use crate::cli::diagnostic::Style;
use crate::cli::diagnostic::printable::escaped;
use crate::cli::options::Options;
use crate::cli::printer::{Answer, Reply};
use crate::cli::report::Failure;
use crate::document::{Change, KeyPath, Value, shown};
use crate::schema::Annotation;
use crate::store::{Description, Filter, Store, ValueAt};

/// Say what is known about a setting: type, range, default, value, last change
///
/// Examples:
///   valvecfg describe valve.threshold
///   valvecfg describe threshold --json
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct DescribeArgs {
    /// The setting
    #[arg(add = clap_complete::ArgValueCompleter::new(crate::cli::complete::keys))]
    key: String,
}

/// Runs the verb.
pub(crate) fn run(args: &DescribeArgs, options: &Options) -> Result<Reply, Failure> {
    let store = options.open_store()?;
    let key = super::key(&args.key, &store, options)?;
    Ok(Reply::of(Known::of(&store, &key)?))
}

/// What the schema, the settings and the history say of a setting.
#[derive(Serialize)]
pub(crate) struct Known {
    #[serde(flatten)]
    pub description: Description,
    /// Who changed it last; none where nobody did, or where history cannot be read.
    last_change: Option<ValueAt>,
}

impl Known {
    pub(crate) fn of(store: &Store, key: &KeyPath) -> Result<Self, Failure> {
        let description = store.describe(key)?;
        let filter = Filter {
            limit: Some(1),
            ..Filter::default()
        };
        let bar = Bar::new();
        let values = store.values(&description.key, &filter, &mut |done, all| bar.show(done, all));
        bar.clear();
        // The rest is worth saying without a history too, and `status` says what is wrong with that.
        let last_change = values.ok().and_then(|values| values.into_iter().next());
        Ok(Self {
            description,
            last_change,
        })
    }

    /// Writes what is known, a line for each thing.
    pub(crate) fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let known = &self.description;
        let mut line = |name: &str, text: &str| writeln!(out, "{name:>12}  {}", escaped(text));
        line("setting", &known.key.to_string())?;
        let annotation = known.annotation.clone().unwrap_or_default();
        if let Some(text) = annotation.description.as_ref().or(annotation.title.as_ref()) {
            text.lines()
                .enumerate()
                .try_for_each(|(at, text)| line(if at == 0 { "description" } else { "" }, text.trim()))?;
        }
        match annotation.kind_in_words() {
            Some(kinds) => line("type", &kinds)?,
            None if known.annotation.is_none() => line("type", "any: the schema does not declare it")?,
            None => line("type", "any")?,
        }
        // The default has a line of its own.
        let bounds = Annotation {
            default: None,
            ..annotation.clone()
        };
        if let Some(bounds) = bounds.bounds() {
            line("allowed", &bounds)?;
        }
        if let Some(default) = &annotation.default {
            line("default", &shown(default))?;
        }
        if annotation.secret {
            line(
                "secret",
                &format!("sealed; `valvecfg secret set {}` gives it a value", known.key),
            )?;
        }
        match &known.value {
            Some(value) if holds_settings(value) => {
                line("value", &format!("`valvecfg list {}` shows what it holds", known.key))?;
            }
            Some(value) if known.is_set => line("value", &shown(value))?,
            Some(value) => line("value", &format!("{value} (the default)"))?,
            None => line("value", "not set")?,
        }
        if let Some(last) = &self.last_change {
            line("last change", &in_words(last))?;
        }
        Ok(())
    }
}

/// Whether a value is made of settings that have names of their own.
fn holds_settings(value: &Value) -> bool {
    let is_table = |item: &Value| item.as_table().is_some();
    is_table(value) || value.as_array().is_some_and(|items| items.iter().any(is_table))
}

/// `valve.threshold 60 -> 55 by Ines Duarte, 2026-11-01 10:00:00 +01:00 (3f2a9c1d, set)`
fn in_words(last: &ValueAt) -> String {
    let ValueAt {
        revision,
        key,
        before,
        after,
    } = last;
    let change = Change {
        key: key.clone(),
        before: before.clone(),
        after: after.clone(),
    };
    let (author, time) = (&revision.author.name, revision.time);
    format!(
        "{change} by {author}, {time} ({}, {})",
        revision.id.short(),
        revision.via
    )
}

impl Answer for Known {
    fn json(&self) -> Vec<Json> {
        vec![json!(self)]
    }

    fn show(&self, out: &mut dyn Write, _style: Style) -> io::Result<()> {
        self.write(out)
    }
}
