//! The formats that settings are kept in elsewhere, and how they are told apart.

use std::path::Path;

/// What a file of settings is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// A JSON object.
    Json,
    /// A YAML mapping.
    Yaml,
    /// TOML.
    Toml,
    /// `NAME = VALUE` in `[sections]`.
    Ini,
    /// `NAME=VALUE`, as shells and containers read it.
    Env,
    /// A table of keys and values in an SQLite database.
    Sqlite,
}

impl Format {
    /// Every format.
    pub const ALL: [Self; 6] = [Self::Json, Self::Yaml, Self::Toml, Self::Ini, Self::Env, Self::Sqlite];

    /// The format that a file's name tells. `.conf`, `.cfg` and `.db` tell none: everything is called so.
    #[must_use]
    pub fn of_name(path: &Path) -> Option<Self> {
        let name = path.file_name()?.to_string_lossy().to_lowercase();
        if name == ".env" || name.starts_with(".env.") {
            return Some(Self::Env);
        }
        Some(match name.rsplit_once('.')?.1 {
            "json" => Self::Json,
            "yaml" | "yml" => Self::Yaml,
            "toml" => Self::Toml,
            "ini" => Self::Ini,
            "env" => Self::Env,
            "sqlite" | "sqlite3" => Self::Sqlite,
            _ => return None,
        })
    }

    /// Whether it writes numbers otherwise than texts, and whole numbers otherwise than others.
    #[must_use]
    pub fn tells_floats(self) -> bool {
        matches!(self, Self::Yaml | Self::Toml | Self::Sqlite)
    }
}
