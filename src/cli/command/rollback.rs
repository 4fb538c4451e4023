//! `valvecfg rollback` and `valvecfg revert`

use std::io::Write as _;

use clap::Args;

use crate::cli::options::{ChangeOptions, Options};
use crate::cli::printer::{Answer as _, Reply};
use crate::cli::prompt;
use crate::cli::report::Failure;
use crate::revision::RevisionId;
use crate::store::{Intent, Outcome, Selection, StoreError};

/// Restore the settings of an earlier revision, as a new one
///
/// Examples:
///   valvecfg rollback                          to the one before the last; asks
///   valvecfg rollback @~3                      to three revisions ago
///   valvecfg rollback "2026-11-01 10:00"       to what was then
///   valvecfg rollback 3f2a9c1 --key valve.threshold --key valve.mode
///   valvecfg rollback 3f2a9c1 --plugin valve
///
/// Settings only, never the manifest or schemas: plugins that the revision did not
/// have stay, and those that were removed since stay away. What is restored must
/// fit today's schema; where a plugin has another schema version by now, values are
/// put into today's file one by one. A second bare `rollback` takes back the first;
/// while a change waits for confirmation, the first takes that one back.
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
/// Where one of its settings was changed again since, nothing is written, and all
/// such settings are listed (exit 4).
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
    if args.revision.is_none() && selection == Selection::default() && store.confirmation()?.is_some() {
        // Whoever is sooner: what is not confirmed is never brought back by this.
        let cancel = |intent: &Intent| store.cancel_confirmation(intent).map_err(Failure::from);
        return asked(&cancel, &intent, options);
    }
    // What the person sees is what is done: the revision is fixed before the question.
    let target = store.rollback_target(args.revision.as_deref())?;
    intent.message = intent
        .message
        .or_else(|| Some(format!("rollback to {}", target.short())));
    let restore = |intent: &Intent| {
        let restored = store.rollback(Some(&target.to_string()), &selection, intent);
        restored.map_err(|error| refused(error, selection.keys.is_empty().then_some(target)))
    };
    if args.revision.is_none() {
        return asked(&restore, &intent, options);
    }
    Ok(super::outcome::reply(restore(&intent)?))
}

/// Shows what would be restored, and asks, before it is.
fn asked(
    restore: &dyn Fn(&Intent) -> Result<Outcome, Failure>,
    intent: &Intent,
    options: &Options,
) -> Result<Reply, Failure> {
    if !intent.dry_run && !options.yes() {
        let preview = restore(&Intent {
            dry_run: true,
            ..intent.clone()
        })?;
        let mut shown = Vec::new();
        preview.show(&mut shown, options.style()).map_err(Failure::printing)?;
        std::io::stderr().lock().write_all(&shown).map_err(Failure::printing)?;
        let nothing = preview.changes.is_empty() && preview.files.is_empty();
        if !nothing && !prompt::confirm("restore these settings?", false, "REV or --yes", options)? {
            return Ok(super::outcome::nothing("nothing was written"));
        }
    }
    Ok(super::outcome::reply(restore(intent)?))
}

/// Runs `revert`.
pub(crate) fn revert(args: &RevertArgs, options: &Options) -> Result<Reply, Failure> {
    let store = options.open_store()?;
    let mut intent = options.intent(&args.change);
    if intent.message.is_none() {
        let target = store.rollback_target(Some(&args.revision))?;
        intent.message = Some(format!("revert {}", target.short()));
    }
    let reverted = store.revert(&args.revision, &intent);
    Ok(super::outcome::reply(reverted.map_err(|error| refused(error, None))?))
}

/// Where today's schema does not take what was accepted once, no other value is the answer; perhaps a part is.
fn refused(error: StoreError, whole: Option<RevisionId>) -> Failure {
    let is_refused = matches!(error, StoreError::Invalid { .. });
    let mut failure = Failure::from(error);
    if is_refused {
        let mut hint = "nothing was written: today's schema does not take what stood there then".to_owned();
        if let Some(target) = whole {
            let part = format!("`valvecfg rollback {} --key KEY` restores a part", target.short());
            hint = format!("{hint}; {part}");
        }
        failure.hints = vec![hint];
    }
    failure
}
