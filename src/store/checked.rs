//! What checking one file came to.

use crate::document::SyntaxError;
use crate::files::FileError;
use crate::schema::{Code, Severity, Violation};

/// One file that was checked, and every way in which it breaks its schema.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CheckedFile {
    /// The path as the user named it, or as it stands below the store's folder; `-` for standard input.
    pub path: String,
    /// The text that was checked, kept only where there are violations to be shown in it; nothing for a file
    /// that could not be read.
    pub text: Option<String>,
    /// The schema that it was checked against, as people name it (`schemas/valve/2.schema.json`): what the
    /// violations' pointers point into.
    pub schema: Option<String>,
    /// What was found, in the order of the text.
    pub violations: Vec<Violation>,
}

impl CheckedFile {
    /// A file that was read.
    #[must_use]
    pub fn new(path: &str, text: &str, schema: Option<String>, violations: Vec<Violation>) -> Self {
        let text = (!violations.is_empty()).then(|| text.to_owned());
        Self {
            path: path.to_owned(),
            text,
            schema,
            violations,
        }
    }

    /// A file that is no TOML.
    #[must_use]
    pub fn syntax(path: &str, text: &str, errors: Vec<SyntaxError>) -> Self {
        let violation = |error: SyntaxError| Violation::at(Code::Syntax, text, error.span, &error.message);
        Self::new(path, text, None, errors.into_iter().map(violation).collect())
    }

    /// A file that should be there and is not.
    #[must_use]
    pub fn missing(path: &str) -> Self {
        Self::unreadable(path, &FileError::io("read", path.as_ref(), rustix::io::Errno::NOENT))
    }

    /// A file that could not be read, or not as text.
    #[must_use]
    pub fn unreadable(path: &str, error: &FileError) -> Self {
        let code = match error {
            FileError::TooLarge { .. } => Code::TooLarge,
            FileError::Io { .. }
            | FileError::NotRegular { .. }
            | FileError::NotUtf8 { .. }
            | FileError::Changed { .. } => Code::Unreadable,
        };
        let mut message = error.to_string();
        if let Some(source) = std::error::Error::source(error) {
            message = format!("{message}: {source}");
        }
        Self {
            path: path.to_owned(),
            text: None,
            schema: None,
            violations: vec![Violation::at(code, "", 0..0, &message)],
        }
    }

    /// Whether it may not be recorded.
    #[must_use]
    pub fn is_refused(&self) -> bool {
        self.violations
            .iter()
            .any(|violation| violation.severity == Severity::Error)
    }
}
