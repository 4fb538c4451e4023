//! `valvecfg get`

use std::io::{self, Write};

use clap::Args;
use serde_json::{Value as Json, json};

use crate::cli::diagnostic::Style;
use crate::cli::options::Options;
use crate::cli::printer::{Answer, Reply};
use crate::cli::prompt;
use crate::cli::report::Failure;
use crate::document::Value;
use crate::secret::Secret;
use crate::store::{Found, GetError, Origin, StoreError};

/// Print the value of a setting
///
/// Examples:
///   valvecfg get valve.threshold               60
///   valvecfg get threshold                     where one plugin alone has it
///   valvecfg get valve.mqtt --json             {"host":"broker.local"}
///   valvecfg get valve.mqtt.user --default me  me, where nothing says another
///   valvecfg get valve.threshold --at @~3      as it was three revisions ago
///   valvecfg get valve.threshold --show-origin
///   valvecfg get valve.mqtt.password --reveal
///
/// A string is printed bare, a table as TOML. Where the setting is absent, its
/// default is in force and printed.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct GetArgs {
    /// The setting
    #[arg(add = clap_complete::ArgValueCompleter::new(crate::cli::complete::keys))]
    key: String,
    /// What to print where nothing gives a value
    #[arg(long, value_name = "VALUE", allow_hyphen_values = true)]
    default: Option<String>,
    /// Look at this revision
    #[arg(long, value_name = "REV", add = clap_complete::ArgValueCompleter::new(crate::cli::complete::revisions))]
    at: Option<String>,
    /// Open secrets and print them
    #[arg(long, conflicts_with_all = ["at", "show_origin"])]
    reveal: bool,
    /// Say where the value stands: its line, or that it is the schema's default
    #[arg(long)]
    show_origin: bool,
}

impl GetArgs {
    /// The setting alone, no options.
    pub(crate) fn of(key: &str) -> Self {
        Self {
            key: key.to_owned(),
            default: None,
            at: None,
            reveal: false,
            show_origin: false,
        }
    }
}

/// Runs the verb.
pub(crate) fn run(args: &GetArgs, options: &Options) -> Result<Reply, Failure> {
    let store = options.open_store()?;
    let key = super::key(&args.key, &store, options)?;
    if args.reveal {
        // Looks for an identity only where there is something to open.
        let keyring = store.keyring(&|file| prompt::passphrase(file, options))?;
        let revealed = store.reveal(&key, keyring.as_ref());
        return revealed.map_or_else(|error| absent(args, error), |secret| Ok(Reply::of(Revealed(secret))));
    }
    match store.get(&key, args.at.as_deref()) {
        Ok(found) => {
            let note = found.guessed.then(|| format!("the setting is `{}`", found.key));
            let reply = Reply::of(Shown {
                found,
                with_origin: args.show_origin,
            });
            Ok(note.into_iter().fold(reply, Reply::note))
        }
        Err(error) => absent(args, error),
    }
}

/// What to answer where there is no value: the one that was named for this case.
fn absent(args: &GetArgs, error: StoreError) -> Result<Reply, Failure> {
    if !matches!(error, StoreError::Get(GetError::NotSet { .. })) {
        return Err(error.into());
    }
    if let Some(default) = &args.default {
        return Ok(Reply::of(Given(default.clone())));
    }
    let mut failure = Failure::from(error);
    failure
        .hints
        .push("`--default VALUE` gives a value for this case".to_owned());
    Err(failure)
}

struct Shown {
    found: Found,
    with_origin: bool,
}

impl Answer for Shown {
    fn json(&self) -> Vec<Json> {
        vec![if self.with_origin {
            json!(self.found)
        } else {
            json!(self.found.value)
        }]
    }

    fn show(&self, out: &mut dyn Write, _style: Style) -> io::Result<()> {
        if self.with_origin {
            match &self.found.origin {
                Origin::File { file, line, .. } => write!(out, "{file}:{line}\t")?,
                Origin::Migrated { file, version } => write!(out, "{file} (version {version})\t")?,
                Origin::Default { .. } => write!(out, "schema default\t")?,
            }
        }
        show_value(out, &self.found.value)
    }
}

fn show_value(out: &mut dyn Write, value: &Value) -> io::Result<()> {
    if let Some(table) = value.as_table() {
        return out.write_all(crate::document::to_toml(table).as_bytes());
    }
    // Bare, as it is: what a script reads.
    writeln!(out, "{}", value.bare())
}

/// What was asked for with `--reveal`.
struct Revealed(Secret);

impl Answer for Revealed {
    fn json(&self) -> Vec<Json> {
        vec![json!(self.0.reveal())]
    }

    fn show(&self, out: &mut dyn Write, _style: Style) -> io::Result<()> {
        show_value(out, self.0.reveal())
    }
}

struct Given(String);

impl Answer for Given {
    fn json(&self) -> Vec<Json> {
        let value = Value::parse_literal(&self.0).unwrap_or_else(|| Value::String(self.0.clone()));
        vec![json!(value)]
    }

    fn show(&self, out: &mut dyn Write, _style: Style) -> io::Result<()> {
        writeln!(out, "{}", self.0)
    }
}
