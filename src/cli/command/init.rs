//! `valvecfg init`

use std::io::{self, Write};
use std::path::PathBuf;

use clap::Args;
use serde_json::{Value as Json, json};

use crate::cli::diagnostic::Style;
use crate::cli::diagnostic::printable::escaped;
use crate::cli::options::{DryRun, Options};
use crate::cli::printer::{Answer, Reply};
use crate::cli::report::Failure;
use crate::store::{Created, Store};

/// Make a new store
///
/// Examples:
///   valvecfg init                    in the current folder
///   valvecfg init /etc/valvecfg      in another one, made where it is missing
///   git clone /etc/valvecfg copy && valvecfg init copy
///
/// Files that stand there already are kept; a manifest, settings and schemas among
/// them are checked and recorded as the first revision. In a clone of a store it
/// makes what git does not clone. Where there is a store already, nothing is done.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct InitArgs {
    /// The folder
    #[arg(value_name = "DIR")]
    folder: Option<PathBuf>,
    #[command(flatten)]
    dry: DryRun,
}

/// Runs the verb.
pub(crate) fn run(args: &InitArgs, options: &Options) -> Result<Reply, Failure> {
    let named = args.folder.as_deref().or(options.store_folder());
    let folder = named.unwrap_or_else(|| std::path::Path::new("."));
    if options.dry_run(args.dry) {
        let planned = Store::check_init(folder, options.limits())?;
        return Ok(match already(&planned) {
            Some(note) => Reply::of(planned).note(note),
            None => Reply::of(planned).note("nothing was written: this was a dry run"),
        });
    }
    let created = Store::init(folder, options.limits())?;
    if let Some(note) = already(&created) {
        return Ok(Reply::of(created).note(note));
    }
    let is_clone = created.is_clone();
    let reply = Reply::of(created);
    Ok(if is_clone {
        reply
    } else {
        reply.note("next: `valvecfg plugin add NAME --schema FILE`")
    })
}

/// What is said where nothing had to be done.
fn already(created: &Created) -> Option<String> {
    let folder = created.folder.display().to_string();
    let note = || format!("nothing to do: {} is a store already", escaped(&folder));
    created.already.then(note)
}

impl Answer for Created {
    fn json(&self) -> Vec<Json> {
        vec![json!(self)]
    }

    fn show(&self, out: &mut dyn Write, _style: Style) -> io::Result<()> {
        if self.already {
            return Ok(());
        }
        let made = if self.dry_run { "would make" } else { "made" };
        let folder = escaped(&self.folder.display().to_string()).into_owned();
        let of = if self.is_clone() { " of the clone" } else { "" };
        match &self.revision {
            None => writeln!(out, "{made} a store in {folder}")?,
            Some(revision) => writeln!(out, "{made} a store{of} in {folder} (revision {})", revision.short())?,
        }
        self.settings
            .iter()
            .try_for_each(|setting| writeln!(out, "git's setting {setting}"))
    }
}
