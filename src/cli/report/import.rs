//! What a failure with a foreign file means to a person.

use crate::cli::exit::Exit;
use crate::cli::report::system;
use crate::import::{ImportError, TableRow};
use crate::store::SkipError;

/// The exit code, and what to type next.
pub(super) fn hints(error: &ImportError) -> (Exit, Vec<String>) {
    match error {
        ImportError::File(error) => system::file_hints(error),
        ImportError::Malformed { .. } | ImportError::Row { .. } => {
            (Exit::No, vec!["mend the file; nothing was written".to_owned()])
        }
        ImportError::Format { .. } => (
            Exit::Usage,
            vec!["say what it is: `--format json|yaml|toml|ini|env|sqlite`".to_owned()],
        ),
        ImportError::Database { .. } => (
            Exit::Failed,
            vec!["nothing was written; `sqlite3 FILE 'PRAGMA integrity_check'` says whether it is whole".to_owned()],
        ),
        ImportError::Choice { tables, .. } => {
            let told = tables.iter().map(table);
            let say = "say which with --table NAME, --key-column NAME and --value-column NAME".to_owned();
            (Exit::Usage, told.chain([say]).collect())
        }
        ImportError::Unsettled { .. } => (
            Exit::Failed,
            vec!["stop the program that writes it, or try again; nothing was written".to_owned()],
        ),
    }
}

pub(super) fn skip_hints(error: &SkipError) -> (Exit, Vec<String>) {
    let SkipError::NotThere { file, .. } = error;
    let hint = format!("`valvecfg import {file} -n` names what it holds");
    (Exit::Usage, vec![hint])
}

fn table(table: &TableRow) -> String {
    format!("table `{}` has the columns {}", table.name, table.columns.join(", "))
}
