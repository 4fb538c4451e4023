//! `valvecfg remove`

use clap::Args;

use crate::cli::options::{ChangeOptions, Options};
use crate::cli::printer::Reply;
use crate::cli::report::Failure;
use crate::store::Given;

/// Remove an item from an array, by its value
///
/// Examples:
///   valvecfg remove irrigation.days sunday
///   valvecfg unset valve.zones[2]                by its place, with unset
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct RemoveArgs {
    /// The array
    #[arg(add = clap_complete::ArgValueCompleter::new(crate::cli::complete::keys))]
    key: String,
    /// The item
    #[arg(allow_negative_numbers = true)]
    value: String,
    /// Take the item as a string, whatever it looks like
    #[arg(long)]
    string: bool,
    #[command(flatten)]
    change: ChangeOptions,
}

/// Runs the verb.
pub(crate) fn run(args: &RemoveArgs, options: &Options) -> Result<Reply, Failure> {
    let store = options.open_store()?;
    let value = args.value.clone();
    let given = if args.string {
        Given::String(value)
    } else {
        Given::Text(value)
    };
    let (outcome, reached) = store.remove(
        &super::key(&args.key, &store, options)?,
        &given,
        &options.intent(&args.change),
    )?;
    Ok(super::set::reply(outcome, &reached))
}
