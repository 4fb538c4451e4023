//! `valvecfg trust`

use std::io::{self, Write};
use std::path::PathBuf;

use clap::Args;
use serde_json::{Value as Json, json};

use crate::cli::diagnostic::Style;
use crate::cli::diagnostic::printable::escaped;
use crate::cli::options::{DryRun, Options};
use crate::cli::printer::{Answer, Reply};
use crate::cli::report::Failure;
use crate::store::{FindError, Store, StoreError, Trusted, find};

/// Open a store that belongs to another user, and do here what its manifest says
///
/// Examples:
///   valvecfg trust /srv/gateway
///   valvecfg -C /srv/gateway trust
///
/// A store of another user is refused until then: whoever owns it decides what its
/// settings are. How plugins are told and what is written for them, where that came
/// by a clone or a pull, is shown, and done from then on.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct TrustArgs {
    /// The store's folder
    #[arg(value_name = "DIR")]
    folder: Option<PathBuf>,
    #[command(flatten)]
    dry: DryRun,
}

/// Runs the verb.
pub(crate) fn run(args: &TrustArgs, options: &Options) -> Result<Reply, Failure> {
    let named = args.folder.as_deref().or(options.store_folder());
    let folder = find(named).map_err(|error: FindError| Failure::from(StoreError::from(error)))?;
    Ok(Reply::of(Store::trust(&folder, options.dry_run(args.dry))?))
}

impl Answer for Trusted {
    fn json(&self) -> Vec<Json> {
        vec![json!(self)]
    }

    fn show(&self, out: &mut dyn Write, _style: Style) -> io::Result<()> {
        let word = match (self.already, self.dry_run) {
            (true, _) => "was trusted already",
            (false, true) => "would be trusted from now on",
            (false, false) => "is trusted from now on",
        };
        writeln!(
            out,
            "{} {word} (remembered in {})",
            self.folder.display(),
            self.list.display()
        )?;
        let word = if self.dry_run { "would be trusted" } else { "is trusted" };
        let mut commands = self.commands.iter();
        commands.try_for_each(|command| writeln!(out, "{} {word} from now on", escaped(command)))
    }
}
