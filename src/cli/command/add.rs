//! `valvecfg add`

use clap::Args;

use crate::cli::options::{ChangeOptions, Options};
use crate::cli::printer::Reply;
use crate::cli::report::Failure;
use crate::store::Given;

/// Add an item to an array; one that it holds already is not added again
///
/// Examples:
///   valvecfg add valve.zones '{ name = "beds", flow = 2.5 }'
///   valvecfg add irrigation.days sunday
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct AddArgs {
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
pub(crate) fn run(args: &AddArgs, options: &Options) -> Result<Reply, Failure> {
    let store = options.open_store()?;
    let value = args.value.clone();
    let given = if args.string {
        Given::String(value)
    } else {
        Given::Text(value)
    };
    let (outcome, reached) = store.add(
        &super::key(&args.key, &store, options)?,
        &given,
        &options.intent(&args.change),
    )?;
    Ok(super::set::reply(outcome, &reached))
}
