//! What a failure with a change that has to be confirmed means to a person.

use super::{conflict_in_words, system};
use crate::cli::exit::Exit;
use crate::store::ConfirmationError;

pub(super) fn hints(error: &ConfirmationError) -> (Exit, Vec<String>) {
    match error {
        ConfirmationError::Nothing => (Exit::No, Vec::new()),
        ConfirmationError::Waiting { .. } => {
            let hint = "nothing was written; `valvecfg confirm` keeps it, `valvecfg rollback` takes it back";
            (Exit::Conflict, vec![hint.to_owned()])
        }
        ConfirmationError::TooLate { revision, .. } => {
            let hint = format!("`valvecfg show {}` tells what it was", revision.short());
            (Exit::No, vec![hint])
        }
        ConfirmationError::ChangedSince { conflicts, .. } => {
            let lines = conflicts.iter().map(conflict_in_words);
            let hint = "nothing was taken back; `valvecfg confirm` keeps what there is, `valvecfg rollback` goes back to \
                        what was before it";
            (Exit::Conflict, lines.chain([hint.to_owned()]).collect())
        }
        ConfirmationError::Unreadable { path, .. } => {
            let hint = format!(
                "a newer valvecfg may have written it; else look at `valvecfg history`, and `rm {}` forgets that \
                 something waits",
                path.display()
            );
            (Exit::Failed, vec![hint])
        }
        ConfirmationError::NoProof { plugins } => {
            let hint = if plugins.is_empty() {
                "nothing was written; leave out `--confirm-by health` to confirm it yourself"
            } else {
                "nothing was written; give it `health`, `acknowledges = true` or a `command` in valvecfg.toml, or confirm \
                 the change yourself with `--confirm-by person`"
            };
            (Exit::Usage, vec![hint.to_owned()])
        }
        ConfirmationError::BakeTooLong { .. } => {
            let hint = "nothing was written; pass a longer `--confirm-within`, or a shorter `--bake`";
            (Exit::Usage, vec![hint.to_owned()])
        }
        ConfirmationError::NoBake => {
            let hint = "nothing was written; `--bake` is for `--confirm-by health`";
            (Exit::Usage, vec![hint.to_owned()])
        }
        ConfirmationError::Carrier { source } => {
            let hint = system::hint(source).unwrap_or("nothing was written");
            (Exit::Failed, vec![hint.to_owned()])
        }
    }
}
