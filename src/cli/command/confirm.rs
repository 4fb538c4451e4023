//! `valvecfg confirm`

use std::io::{self, Write};

use clap::Args;
use serde_json::{Value as Json, json};

use crate::cli::carrier;
use crate::cli::diagnostic::Style;
use crate::cli::options::{DryRun, Options, window};
use crate::cli::printer::{Answer, Reply};
use crate::cli::report::Failure;
use crate::duration::{Span, duration};
use crate::revision::RevisionId;
use crate::store::{Bake, Carrier, ConfirmBy, Confirmed, Pending};

/// Confirm the change that waits for it, so that it stays
///
/// Examples:
///   valvecfg set valve.threshold 55 --confirm-within 10m
///   valvecfg confirm                 it stays
///   valvecfg confirm --extend 5m     it waits five minutes longer
///   valvecfg rollback                it is taken back now
///
/// Ends with 1 where nothing waits, or where it is too late: then the change is
/// taken back.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct ConfirmArgs {
    /// Give it more time instead, such as 5m
    #[arg(long, value_name = "TIME", value_parser = window)]
    extend: Option<Span>,
    /// Wait until the time of this revision is over or its plugins decide, and confirm it or take it back
    #[arg(long, value_name = "REV", hide = true, conflicts_with = "extend")]
    expire: Option<RevisionId>,
    /// Do so in the background
    #[arg(long, hide = true, requires = "expire")]
    detach: bool,
    #[command(flatten)]
    dry: DryRun,
}

/// Runs the verb.
pub(crate) fn run(args: &ConfirmArgs, options: &Options) -> Result<Reply, Failure> {
    let store = options.open_store()?;
    let dry_run = options.dry_run(args.dry);
    if let Some(revision) = args.expire {
        if args.detach {
            let detached = carrier::detach(store.root(), revision);
            detached.map_err(|error| Failure::outside("cannot start the guard", error))?;
        } else {
            store.expire_when_due(revision)?;
        }
        return Ok(Reply::nothing());
    }
    let confirmed = match args.extend {
        Some(more) => store.extend_confirmation(more, carrier::start, dry_run)?,
        None => store.confirm(dry_run)?,
    };
    let reply = Reply::of(confirmed);
    Ok(if dry_run {
        reply.note("nothing was changed: this was a dry run")
    } else {
        reply
    })
}

/// How long a change still waits, in minutes where nobody counts the seconds.
pub(super) fn left(pending: &Pending) -> Span {
    let seconds = pending.seconds_left;
    Span::of_seconds(if seconds > 120 {
        seconds.div_ceil(60).saturating_mul(60)
    } else {
        seconds
    })
}

/// What has to come for a change to stay, where its plugins can confirm it too.
pub(super) fn proof(bake: &Bake) -> String {
    let (plugins, seconds) = (bake.plugins.join(", "), bake.seconds);
    let length = duration(seconds.try_into().unwrap_or(i64::MAX)).unwrap_or_default();
    let (run, have) = if bake.plugins.len() == 1 {
        ("runs", "has")
    } else {
        ("run", "have")
    };
    format!("{plugins} {run} it and {have} been well for {length}")
}

/// Who takes a change back, and what a reboot would mean.
pub(super) fn carried(pending: &Pending) -> &'static str {
    match pending.carrier {
        Carrier::Watch => "`valvecfg watch` sees to that; after a reboot it does again, or the next valvecfg command",
        Carrier::Systemd if pending.by == ConfirmBy::Health => {
            "a service of systemd sees to that; after a reboot the next valvecfg command or `watch` does"
        }
        Carrier::Systemd => "a timer of systemd sees to that; after a reboot the next valvecfg command or `watch` does",
        Carrier::Guard => {
            "a process in the background sees to that; after a reboot the next valvecfg command or `watch` does"
        }
        Carrier::NextCommand => "the first valvecfg command after that sees to it, or `watch`",
    }
}

impl Answer for Confirmed {
    fn json(&self) -> Vec<Json> {
        vec![json!(self)]
    }

    fn show(&self, out: &mut dyn Write, _style: Style) -> io::Result<()> {
        let revision = self.revision.short();
        match (&self.confirmation, self.dry_run) {
            (None, false) => writeln!(out, "{revision} is confirmed"),
            (None, true) => writeln!(out, "{revision} would be confirmed"),
            (Some(pending), false) => writeln!(out, "{revision} is taken back in {}", left(pending)),
            (Some(pending), true) => writeln!(out, "{revision} would be taken back in {}", left(pending)),
        }
    }
}
