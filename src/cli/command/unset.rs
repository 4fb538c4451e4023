//! `valvecfg unset`

use clap::Args;

use crate::cli::options::{ChangeOptions, Options};
use crate::cli::printer::Reply;
use crate::cli::report::Failure;
use crate::document::KeyPath;
use crate::schema::Code;
use crate::store::{Store, StoreError};

/// Take settings away, so that their defaults are in force again
///
/// Examples:
///   valvecfg unset valve.hysteresis
///   valvecfg unset heating.curve.slope heating.curve.shift -m "as delivered"
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct UnsetArgs {
    /// The settings
    #[arg(value_name = "KEY", required = true, add = clap_complete::ArgValueCompleter::new(crate::cli::complete::keys))]
    keys: Vec<String>,
    #[command(flatten)]
    change: ChangeOptions,
}

/// Runs the verb.
pub(crate) fn run(args: &UnsetArgs, options: &Options) -> Result<Reply, Failure> {
    let store = options.open_store()?;
    let names = args
        .keys
        .iter()
        .map(|key| super::key(key, &store, options))
        .collect::<Result<Vec<_>, _>>()?;
    match store.unset(&names, &options.intent(&args.change)) {
        Ok((outcome, reached)) => Ok(super::set::reply(outcome, &reached)),
        Err(error) => Err(with_default(&store, &names, error)),
    }
}

/// A required setting cannot be absent, but it can be given its default.
fn with_default(store: &Store, names: &[KeyPath], error: StoreError) -> Failure {
    let mut failure = Failure::from(error);
    let mut violations = failure.files.iter().flat_map(|file| &file.violations);
    if !violations.any(|violation| violation.code == Code::Missing) {
        return failure;
    }
    for name in names {
        let Ok(known) = store.describe(name) else { continue };
        if let Some(default) = known.annotation.and_then(|annotation| annotation.default) {
            let (key, default) = (known.key, default.bare());
            failure
                .hints
                .push(format!("`valvecfg set {key} {default}` gives it its default"));
        }
    }
    failure
}
