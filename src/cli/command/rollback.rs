//! `valvecfg rollback` and `valvecfg revert`

use std::io::Write as _;

use clap::Args;

use crate::cli::options::{ChangeOptions, Options};
use crate::cli::printer::{Answer as _, Reply};
use crate::cli::prompt;
use crate::cli::report::Failure;
use crate::store::{Intent, Selection};

/// Restore the settings of an earlier revision, as a new one
///
/// Examples:
///   valvecfg rollback                          the revision before the last; shows the change and asks
///   valvecfg rollback @~3                      three revisions ago
///   valvecfg rollback "2026-11-01 10:00"       as it was then
///   valvecfg rollback 3f2a9c1 --key valve.threshold --key valve.mode
///   valvecfg rollback 3f2a9c1 --plugin valve
///
/// Settings only, never the manifest or schemas; through today's schema. Plugins that the revision did not have
/// stay. A second bare `rollback` takes back the first.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct RollbackArgs {
    /// The revision; else the one before the last
    #[arg(value_name = "REV", add = clap_complete::ArgValueCompleter::new(crate::cli::complete::revisions))]
    revision: Option<String>,
    /// Only this setting; may be given several times
    #[arg(long = "key", value_name = "KEY", add = clap_complete::ArgValueCompleter::new(crate::cli::complete::keys))]
    keys: Vec<String>,
    /// Only this plugin; may be given several times
    #[arg(long = "plugin", value_name = "NAME", conflicts_with = "keys", add = clap_complete::ArgValueCompleter::new(crate::cli::complete::plugins))]
    plugins: Vec<String>,
    #[command(flatten)]
    change: ChangeOptions,
}

/// Undo what one revision changed, and keep all later changes
///
/// Examples:
///   valvecfg revert 3f2a9c1
///   valvecfg revert @~2 -m "the old pump is back"
///
/// Where one of its settings was changed again since, nothing is written, and all such settings are listed (exit 4).
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct RevertArgs {
    /// The revision
    #[arg(value_name = "REV", add = clap_complete::ArgValueCompleter::new(crate::cli::complete::revisions))]
    revision: String,
    #[command(flatten)]
    change: ChangeOptions,
}

/// Runs `rollback`.
pub(crate) fn rollback(args: &RollbackArgs, options: &Options) -> Result<Reply, Failure> {
    let store = options.open_store()?;
    let keys = args
        .keys
        .iter()
        .map(|key| super::key(key, &store, options))
        .collect::<Result<Vec<_>, _>>()?;
    let selection = Selection {
        keys,
        plugins: args.plugins.clone(),
    };
    let mut intent = options.intent(&args.change);
    let Some(revision) = &args.revision else {
        // What the person sees is what is done: the revision is fixed before the question.
        let target = store.rollback_target(None)?.to_string();
        intent.message = intent.message.or_else(|| Some(format!("rollback to {}", &target[..8])));
        if !intent.dry_run && !options.yes() {
            let preview = store.rollback(
                Some(&target),
                &selection,
                &Intent {
                    dry_run: true,
                    ..intent.clone()
                },
            )?;
            if preview.changes.is_empty() && preview.files.is_empty() {
                return Ok(super::outcome::reply(preview));
            }
            let mut shown = Vec::new();
            preview.show(&mut shown, options.style()).map_err(Failure::printing)?;
            std::io::stderr().lock().write_all(&shown).map_err(Failure::printing)?;
            if !prompt::confirm("restore these settings?", "REV or --yes", options)? {
                return Ok(Reply::nothing().note("nothing was written"));
            }
        }
        return Ok(super::outcome::reply(store.rollback(
            Some(&target),
            &selection,
            &intent,
        )?));
    };
    let target = store.rollback_target(Some(revision))?.to_string();
    intent.message = intent.message.or_else(|| Some(format!("rollback to {}", &target[..8])));
    Ok(super::outcome::reply(store.rollback(
        Some(&target),
        &selection,
        &intent,
    )?))
}

/// Runs `revert`.
pub(crate) fn revert(args: &RevertArgs, options: &Options) -> Result<Reply, Failure> {
    let store = options.open_store()?;
    let mut intent = options.intent(&args.change);
    if intent.message.is_none() {
        let target = store.rollback_target(Some(&args.revision))?;
        intent.message = Some(format!("revert {}", target.short()));
    }
    Ok(super::outcome::reply(store.revert(&args.revision, &intent)?))
}
