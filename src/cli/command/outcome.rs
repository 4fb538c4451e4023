//! What every changing verb says of what it did.

use std::io::{self, Write};

use serde_json::{Value as Json, json};

use super::confirm;
use crate::cli::diagnostic::Style;
use crate::cli::diagnostic::printable::escaped;
use crate::cli::printer::{Answer, Reply};
use crate::store::{Delivery, DeliveryState, Outcome};

/// The reply to a change: the settings that changed on stdout, the rest on stderr.
pub(crate) fn reply(outcome: Outcome) -> Reply {
    reply_with(outcome, |outcome| outcome)
}

/// The reply where there is no change to be made, and why.
pub(super) fn nothing(why: impl Into<String>) -> Reply {
    Reply::of(Outcome::default()).note(why)
}

/// As [`reply`], with another way to show what was done.
pub(super) fn reply_with<A: Answer + 'static>(outcome: Outcome, answer: impl FnOnce(Outcome) -> A) -> Reply {
    let mut notes = Vec::new();
    if let Some(absorbed) = &outcome.absorbed {
        let what = listed(&absorbed.files);
        notes.push(match absorbed.revision {
            Some(revision) => format!(
                "{what} had been edited by hand; that was recorded first, as {}",
                revision.short()
            ),
            None => format!("{what} was edited by hand; that would be recorded first"),
        });
    }
    let nothing = outcome.changes.is_empty() && outcome.files.is_empty();
    if nothing && outcome.warnings.is_empty() {
        notes.push("nothing to do: it is so already".to_owned());
    } else if nothing {
        notes.push("nothing was changed".to_owned());
    } else if outcome.dry_run {
        notes.push("nothing was written: this was a dry run".to_owned());
    }
    let bake = outcome.confirmation.as_ref().and_then(|pending| pending.bake.as_ref());
    let refused = |delivery: &&Delivery| {
        let proves = bake.is_some_and(|bake| bake.plugins.contains(&delivery.plugin));
        proves && matches!(delivery.state, DeliveryState::Refused { .. })
    };
    let goes_back = outcome.deliveries.iter().find(refused).is_some();
    let told = |delivery| super::delivery::told(delivery, goes_back);
    notes.extend(outcome.deliveries.iter().flat_map(told));
    let exit = super::delivery::exit(&outcome.deliveries);
    notes.extend(outcome.warnings.iter().map(|warning| format!("warning: {warning}")));
    if let Some(pending) = &outcome.confirmation {
        let left = confirm::left(pending);
        notes.push(match &pending.bake {
            _ if goes_back => "it is taken back at once".to_owned(),
            None => format!("`valvecfg confirm` keeps it; in {left} it is taken back"),
            Some(bake) => {
                let proof = confirm::proof(bake);
                format!("it stays once {proof}, or with `valvecfg confirm`; in {left} it is taken back")
            }
        });
        notes.push(confirm::carried(pending).to_owned());
    }
    let recorded = outcome
        .revision
        .map(|revision| format!("recorded as {} all the same", revision.short()));
    let reply = Reply::of(answer(outcome)).recorded(recorded).exit(exit);
    notes.into_iter().fold(reply, Reply::note)
}

/// A few files by name, and how many there are besides.
fn listed(files: &[String]) -> String {
    const NAMED: usize = 5;
    if files.len() <= NAMED {
        return files.join(", ");
    }
    format!("{} and {} more files", files[..NAMED].join(", "), files.len() - NAMED)
}

impl Answer for Outcome {
    fn json(&self) -> Vec<Json> {
        vec![json!(self)]
    }

    fn show(&self, out: &mut dyn Write, _style: Style) -> io::Result<()> {
        for change in &self.changes {
            writeln!(out, "{}", escaped(&change.to_string()))?;
        }
        for file in &self.files {
            writeln!(out, "{file}")?;
        }
        if let Some(revision) = self.revision {
            writeln!(out, "saved as {}", revision.short())?;
        }
        Ok(())
    }
}
