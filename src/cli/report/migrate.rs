//! What to do where settings cannot be migrated.

use crate::cli::exit::Exit;
use crate::store::MigrateError;

/// The exit code, and what to type next.
pub(super) fn hints(error: &MigrateError) -> (Exit, Vec<String>) {
    let hint = match error {
        MigrateError::Malformed { path, .. } => format!("mend {path}; nothing was written"),
        MigrateError::Gap { plugin, .. } => format!("draft it with `valvecfg migrate new {plugin}`"),
        MigrateError::Undecided { path, .. } => format!("replace that step of {path}; nothing was written"),
        MigrateError::Command { .. } => {
            "if you trust it, `valvecfg migrate --run-commands` runs it; nothing was written".to_owned()
        }
        MigrateError::Step { .. } => "nothing was written; mend the value, or give the step a `when`".to_owned(),
        MigrateError::OtherVersion { plugin, .. } | MigrateError::SameSchema { plugin, .. } => {
            format!("nothing was written; `valvecfg migrate status` shows which versions of {plugin} are there")
        }
        MigrateError::NothingToDraft { plugin } | MigrateError::NoSchema { plugin, .. } => {
            format!("add it with `valvecfg plugin upgrade {plugin} --schema FILE`")
        }
    };
    (Exit::No, vec![hint])
}
