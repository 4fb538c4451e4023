//! `valvecfg add` and `valvecfg remove`: one item of an array.

use clap::Args;

use crate::cli::options::{ChangeOptions, Options};
use crate::cli::printer::Reply;
use crate::cli::report::Failure;
use crate::document::Segment;
use crate::store::Given;

/// Add an item to an array; one that it holds already is not added again
///
/// Examples:
///   valvecfg add valve.zones '{ name = "beds", pin = 5, flow = 2.5 }'
///   valvecfg add irrigation.programs[0].days sun
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct AddArgs {
    #[command(flatten)]
    item: ItemArgs,
}

/// Remove an item from an array, by its value
///
/// Examples:
///   valvecfg remove irrigation.programs[0].days wed
///   valvecfg unset valve.zones[2]                by its place, with unset
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct RemoveArgs {
    /// The array
    #[arg(add = clap_complete::ArgValueCompleter::new(crate::cli::complete::keys))]
    key: String,
    /// The item
    value: Option<String>,
    /// Take the item as a string, whatever it looks like
    #[arg(long)]
    string: bool,
    #[command(flatten)]
    change: ChangeOptions,
}

// No doc comment: clap would show it instead of the verb's own.
#[derive(Debug, Args)]
struct ItemArgs {
    /// The array
    #[arg(add = clap_complete::ArgValueCompleter::new(crate::cli::complete::keys))]
    key: String,
    /// The item
    value: String,
    /// Take the item as a string, whatever it looks like
    #[arg(long)]
    string: bool,
    #[command(flatten)]
    change: ChangeOptions,
}

fn given(value: &str, string: bool) -> Given {
    if string {
        Given::String(value.to_owned())
    } else {
        Given::Text(value.to_owned())
    }
}

/// Runs `add`.
pub(crate) fn add(AddArgs { item }: &AddArgs, options: &Options) -> Result<Reply, Failure> {
    let store = options.open_store()?;
    let key = super::key(&item.key, &store, options)?;
    super::set::refuse_secrets(&store, [(&key, item.value.as_str())].into_iter(), true)?;
    let (outcome, reached) = store.add(&key, &given(&item.value, item.string), &options.intent(&item.change))?;
    Ok(super::set::reply(outcome, &reached))
}

/// Runs `remove`.
pub(crate) fn remove(args: &RemoveArgs, options: &Options) -> Result<Reply, Failure> {
    let store = options.open_store()?;
    let key = super::key(&args.key, &store, options)?;
    let Some(value) = &args.value else {
        let hint = match key.segments().last() {
            Some(Segment::Index(_)) => format!("by its place it is taken away with `valvecfg unset '{key}'`"),
            Some(Segment::Key(_)) | None => {
                format!("valvecfg remove {key} VALUE; `valvecfg unset {key}` takes all of it away")
            }
        };
        return Err(Failure::usage("`remove` takes an array and the value of an item", hint));
    };
    super::set::refuse_secrets(&store, [(&key, value.as_str())].into_iter(), true)?;
    let (outcome, reached) = store.remove(&key, &given(value, args.string), &options.intent(&args.change))?;
    Ok(super::set::reply(outcome, &reached))
}
