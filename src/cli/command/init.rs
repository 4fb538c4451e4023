//! `valvecfg init`

use std::io::{self, Write};
use std::path::PathBuf;

use clap::Args;
use serde_json::{Value as Json, json};

use crate::cli::diagnostic::Style;
use crate::cli::options::{DryRun, Options};
use crate::cli::printer::{Answer, Reply};
use crate::cli::report::Failure;
use crate::store::{Created, Store};

/// Make a new store
///
/// Examples:
///   valvecfg init                    in the current folder
///   valvecfg init /etc/valvecfg      in another one, made where it is missing
///
/// Files that stand there already are kept; a manifest, settings and schemas among them are checked and
/// recorded as the first revision.
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
        Store::check_init(folder)?;
        return Ok(Reply::nothing().note(format!("would make a store in {}", folder.display())));
    }
    let created = Store::init(folder, options.limits())?;
    Ok(Reply::of(created).note("next: `valvecfg plugin add NAME --schema FILE`"))
}

impl Answer for Created {
    fn json(&self) -> Vec<Json> {
        vec![json!(self)]
    }

    fn show(&self, out: &mut dyn Write, _style: Style) -> io::Result<()> {
        writeln!(
            out,
            "made a store in {} (revision {})",
            self.folder.display(),
            self.revision.short()
        )
    }
}
