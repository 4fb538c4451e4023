//! The table of the schema keywords that are valvecfg's own, beside those of JSON Schema. Other programs
//! ignore them. `valvecfg explain` and the documentation are made from this table.

/// A schema keyword of our own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keyword {
    /// As it is written in a schema.
    pub name: &'static str,
    /// The JSON that it takes.
    pub takes: &'static str,
    /// What it means.
    pub page: &'static str,
}

/// Whether a value is secret.
pub(super) const SECRET: &str = "x-secret";
/// The unit of a number.
pub(super) const UNIT: &str = "x-unit";
/// What it takes for a change to be in force.
pub(super) const APPLY: &str = "x-apply";
/// What tells the tables of an array apart.
pub(super) const KEY: &str = "x-key";
/// What a setting was called before.
pub(super) const RENAMED_FROM: &str = "x-renamed-from";

impl Keyword {
    /// Every keyword of our own.
    pub const ALL: &'static [Self] = &[
        Self {
            name: SECRET,
            takes: "true or false",
            page: "The value, and everything below it, is a secret: it is sealed with age before it is stored, and never printed. `writeOnly` means the same. That protects it from whoever reads the files or the history without a key. It does not protect it from who has a key or gets one later: the history keeps every value that was ever sealed for that key, also after `valvecfg secret rekey`, so change a password at its source once a key is lost. Nor does it say who wrote a value: sealing needs public keys only, so whoever can write the settings can put another secret in its place. A secret with one recipient is lost with that key: `valvecfg secret recipients add` names a second one.",
        },
        Self {
            name: UNIT,
            takes: "a string, such as \"percent\" or \"l/min\"",
            page: "The unit that the number counts. It is shown beside bounds, in prompts and in descriptions; it converts nothing.",
        },
        Self {
            name: APPLY,
            takes: "\"hot\", \"reload\" or \"restart\"",
            page: "What it takes for a changed value to be in force: nothing (`hot`), telling the plugin to read its settings again (`reload`), or starting it anew (`restart`).",
        },
        Self {
            name: KEY,
            takes: "a string or an array of strings",
            page: "On an array of tables: the keys whose values tell one table from another. Differences and merges then follow a table when it moves.",
        },
        Self {
            name: RENAMED_FROM,
            takes: "a string or an array of strings",
            page: "The names that this setting had in earlier schema versions, newest first. Migrations are drafted from it.",
        },
    ];

    /// The keyword of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Self> {
        Self::ALL.iter().find(|keyword| keyword.name == name)
    }
}

#[cfg(test)]
mod tests {
    use super::{APPLY, KEY, Keyword, RENAMED_FROM, SECRET, UNIT};

    #[test]
    fn every_keyword_of_our_own_stands_in_the_table_once() {
        let names: Vec<&str> = Keyword::ALL.iter().map(|keyword| keyword.name).collect();
        assert_eq!(names, [SECRET, UNIT, APPLY, KEY, RENAMED_FROM]);
        assert_eq!(Keyword::named("x-unit").map(|keyword| keyword.name), Some(UNIT));
        assert_eq!(Keyword::named("x-color"), None);
    }
}
