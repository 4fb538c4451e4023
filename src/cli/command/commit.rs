//! `valvecfg commit`

use clap::Args;

use crate::cli::options::{ChangeOptions, Options};
use crate::cli::printer::Reply;
use crate::cli::report::Failure;

/// Record what was edited by hand: settings, manifest, schemas
///
/// Examples:
///   valvecfg commit
///   valvecfg commit -m "new limits from the plumber"
///   valvecfg commit --dry-run
///
/// Everything is checked first; nothing is recorded while anything is wrong.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct CommitArgs {
    #[command(flatten)]
    change: ChangeOptions,
}

/// Runs the verb.
pub(crate) fn run(args: &CommitArgs, options: &Options) -> Result<Reply, Failure> {
    let outcome = options.open_store()?.commit(&options.intent(&args.change))?;
    Ok(super::outcome::reply(outcome))
}
