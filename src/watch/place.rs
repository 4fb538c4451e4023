//! What is followed: names in folders.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

/// Files of one folder that are followed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The folder. It need not be there yet.
    pub folder: PathBuf,
    /// Which of its files.
    pub names: Names,
}

/// Names of files in a folder.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Names {
    /// All, and folders.
    Any,
    /// These.
    These(BTreeSet<OsString>),
    /// Those that end so and are not hidden: what editors put beside a file begins with a dot or ends otherwise.
    Ending(&'static str),
}

impl Place {
    /// All in a folder.
    #[must_use]
    pub fn whole(folder: PathBuf) -> Self {
        let names = Names::Any;
        Self { folder, names }
    }

    /// Files of a folder by their names.
    pub fn these<N: Into<OsString>>(folder: PathBuf, names: impl IntoIterator<Item = N>) -> Self {
        let names = Names::These(names.into_iter().map(Into::into).collect());
        Self { folder, names }
    }

    /// Files of a folder by the end of their names.
    #[must_use]
    pub fn ending(folder: PathBuf, end: &'static str) -> Self {
        let names = Names::Ending(end);
        Self { folder, names }
    }
}

impl Names {
    /// Whether a name is one of them.
    #[must_use]
    pub fn hold(&self, name: &OsStr) -> bool {
        let bytes = name.as_encoded_bytes();
        match self {
            Self::Any => true,
            Self::These(names) => names.contains(name),
            Self::Ending(end) => !bytes.starts_with(b".") && bytes.ends_with(end.as_bytes()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;

    use super::Names;

    #[test]
    fn what_editors_and_writers_put_beside_a_file_is_not_followed() {
        let names = Names::Ending(".toml");
        assert!(names.hold(OsStr::new("valve.toml")));
        for litter in [
            ".valve.toml.valvecfg",
            ".valve.toml.swp",
            ".#valve.toml",
            "valve.toml~",
            "4913",
            "valve.toml.rejected",
            "sedAbCdEf",
            "#valve.toml#",
        ] {
            assert!(!names.hold(OsStr::new(litter)), "{litter}");
        }
    }
}
