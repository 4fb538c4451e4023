//! Which schema version a settings file says it was written for: by its `#:schema` line, which editors read
//! (the convention of Taplo and Tombi), and by its key `schema_version`, which programs read.

use std::ops::Range;

use super::{Code, Position, Severity, Violation};
use crate::document::{Document, KeyPath, Value};

/// The key by which a document states its schema version.
pub const VERSION_KEY: &str = "schema_version";

/// The marker of the comment line that names a file's schema.
const MARKER: &str = "#:schema";

/// The `#:schema` line of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SchemaLine {
    /// The path or address, as it is written.
    pub path: String,
    /// Where the path stands, in bytes.
    pub span: Range<usize>,
}

/// A schema version that a document states, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatedVersion {
    /// The version.
    pub version: u32,
    /// Where it stands, in bytes.
    pub span: Range<usize>,
}

impl SchemaLine {
    /// The first `#:schema` line among the comments before the first key of a text.
    #[must_use]
    pub fn find(text: &str) -> Option<Self> {
        let mut start = 0;
        for line in text.split_inclusive('\n') {
            let skipped = line.len() - line.trim_start_matches(['\u{feff}', ' ', '\t']).len();
            let content = line[skipped..].trim_end();
            if !(content.is_empty() || content.starts_with('#')) {
                return None;
            }
            if let Some(rest) = content.strip_prefix(MARKER)
                && rest.starts_with([' ', '\t'])
            {
                let path = rest.trim();
                let from = start + skipped + content.len() - path.len();
                return (!path.is_empty()).then(|| Self {
                    path: path.to_owned(),
                    span: from..from + path.len(),
                });
            }
            start += line.len();
        }
        None
    }

    /// A text whose line names this version, where it names one; nothing where it is so already.
    #[must_use]
    pub fn renamed(text: &str, version: u32) -> Option<String> {
        let line = Self::find(text)?;
        if line.version()? == version {
            return None;
        }
        let folder = line.path.rfind('/').map_or(0, |at| at + 1);
        let (before, after) = (&text[..line.span.start + folder], &text[line.span.end..]);
        Some(format!("{before}{version}.schema.json{after}"))
    }

    /// Whether it names a file of this machine, not an address.
    #[must_use]
    pub fn is_local(&self) -> bool {
        !self.path.contains("://")
    }

    /// The N of a path that ends in `N.schema.json`.
    #[must_use]
    pub fn version(&self) -> Option<u32> {
        let name = self.path.rsplit('/').next()?;
        let digits = name.strip_suffix(".schema.json")?;
        let plain = digits.bytes().all(|byte| byte.is_ascii_digit());
        digits.parse().ok().filter(|_| plain)
    }
}

impl StatedVersion {
    /// What the key `schema_version` says, if it holds a version: a whole number from 0.
    #[must_use]
    pub fn of_key(document: &Document) -> Option<Self> {
        let path = KeyPath::root().key(VERSION_KEY);
        let Some(Value::Integer(version)) = document.get(&path) else {
            return None;
        };
        Some(Self {
            version: u32::try_from(version).ok()?,
            span: document.locate(&path)?.value,
        })
    }

    /// The version that a document states in either way; nothing where it states none.
    ///
    /// # Errors
    /// The two ways disagree. The violation stands at the key.
    pub fn of(document: &Document) -> Result<Option<Self>, Box<Violation>> {
        let by_key = Self::of_key(document);
        let by_line = SchemaLine::find(document.text()).and_then(|line| {
            let version = line.version()?;
            Some(Self {
                version,
                span: line.span,
            })
        });
        match (by_key, by_line) {
            (Some(key), Some(line)) if key.version != line.version => Err(Box::new(Violation {
                code: Code::VersionsDisagree,
                severity: Severity::Error,
                key: KeyPath::root().key(VERSION_KEY),
                message: format!(
                    "`{VERSION_KEY}` is {}, and the `{MARKER}` line names version {}",
                    key.version, line.version
                ),
                label: format!("the `{MARKER}` line says {}", line.version),
                allowed: None,
                suggestion: None,
                position: Position::of(document, &key.span),
                span: key.span,
                schema: format!("#/properties/{VERSION_KEY}"),
            })),
            (by_key, by_line) => Ok(by_key.or(by_line)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{SchemaLine, StatedVersion};
    use crate::document::Document;
    use crate::schema::Code;

    fn line(text: &str) -> Option<(String, String)> {
        let line = SchemaLine::find(text)?;
        Some((text[line.span].to_owned(), line.path))
    }

    #[test]
    fn the_schema_line_is_found_among_the_first_comments_only() {
        let path = "../schemas/valve/2.schema.json";
        let found = Some((path.to_owned(), path.to_owned()));
        assert_eq!(line(&format!("#:schema {path}\n")), found);
        assert_eq!(
            line(&format!("\u{feff}# ours\r\n\r\n#:schema   {path}  \r\na = 1\r\n")),
            found
        );
        assert_eq!(line(&format!("a = 1\n#:schema {path}\n")), None);
        assert_eq!(line(&format!("# see #:schema {path}\n")), None);
        assert_eq!(line("#:schemas x\n#:schema\n"), None);
    }

    #[test]
    fn a_version_is_read_from_the_file_name_and_from_nothing_else() {
        let version = |path: &str| SchemaLine::find(&format!("#:schema {path}\n")).unwrap().version();
        assert_eq!(version("../schemas/valve/12.schema.json"), Some(12));
        assert_eq!(version("12.schema.json"), Some(12));
        assert_eq!(version("valve.schema.json"), None);
        assert_eq!(version("+1.schema.json"), None);
        assert_eq!(version("1.json"), None);
    }

    #[test]
    fn two_versions_that_disagree_are_a_violation_at_the_key() {
        let text = "#:schema 2.schema.json\nschema_version = 3\n";
        let violation = StatedVersion::of(&Document::parse(text).unwrap()).unwrap_err();
        assert_eq!(violation.code, Code::VersionsDisagree);
        assert_eq!((violation.position.line, violation.position.column), (2, 18));
        let agreed = Document::parse("#:schema 2.schema.json\nschema_version = 2\n").unwrap();
        assert_eq!(StatedVersion::of(&agreed).unwrap().unwrap().version, 2);
        let by_line = Document::parse("#:schema 2.schema.json\n").unwrap();
        assert_eq!(StatedVersion::of(&by_line).unwrap().unwrap().version, 2);
        assert_eq!(StatedVersion::of(&Document::parse("a = 1").unwrap()).unwrap(), None);
    }
}
