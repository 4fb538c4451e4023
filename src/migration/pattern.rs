//! Keys that stand for many: `zones[*].flow` for that of every zone, `users.*.role` for that of every user.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::document::{KeyError, KeyPath, Segment, Table, Value};

/// A key path, in which `[*]` stands for every item of an array and `*` for every key of a table.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pattern(Vec<Part>);

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Part {
    One(Segment),
    EachItem,
    EachKey,
}

/// A key that no setting has: it stands for `*` while the rest is parsed as a key path.
const STAR: &str = "\u{f8ff}*";

impl Pattern {
    /// The pattern of a path in a schema: index 0 stands for every item, and so does a key for many of which that is said.
    pub fn of(path: &KeyPath, stands_for_many: impl Fn(&str) -> bool) -> Self {
        let part = |segment: &Segment| match segment {
            Segment::Index(_) => Part::EachItem,
            Segment::Key(key) if stands_for_many(key) => Part::EachKey,
            Segment::Key(key) => Part::One(Segment::Key(key.clone())),
        };
        Self(path.segments().iter().map(part).collect())
    }

    /// How many wildcards it has.
    #[must_use]
    pub fn wildcards(&self) -> usize {
        self.0.iter().filter(|part| !matches!(part, Part::One(_))).count()
    }

    /// Its steps.
    pub(super) fn parts(&self) -> &[Part] {
        &self.0
    }

    /// A pattern of some steps.
    pub(super) fn of_parts(parts: &[Part]) -> Self {
        Self(parts.to_vec())
    }

    /// Every path of a document that it stands for and at which something stands, with what each wildcard stood for.
    pub(super) fn present(&self, content: &Table) -> Vec<Match> {
        let mut found = Vec::new();
        let root = Cursor::Table(content);
        gather(&self.0, Some(root), &mut Match::default(), true, &mut found);
        found
    }

    /// The same where the last step need not be there: every place where the setting could stand. A table around it
    /// that is not there could be made, but no item of an array.
    pub(super) fn possible(&self, content: &Table) -> Vec<Match> {
        let mut found = Vec::new();
        let root = Cursor::Table(content);
        gather(&self.0, Some(root), &mut Match::default(), false, &mut found);
        found
    }

    /// The path where each wildcard is what it was for another pattern. Nothing if there were fewer.
    pub(super) fn bind(&self, bound: &[Segment]) -> Option<KeyPath> {
        let mut bound = bound.iter();
        let segments = self.0.iter().map(|part| match part {
            Part::One(segment) => Some(segment.clone()),
            Part::EachItem | Part::EachKey => bound.next().cloned(),
        });
        segments.collect::<Option<Vec<Segment>>>().map(KeyPath::from)
    }

    /// The path with 0 for every item, as schemas are asked. Nothing where any key of a table is meant.
    #[must_use]
    pub fn example(&self) -> Option<KeyPath> {
        let segments = self.0.iter().map(|part| match part {
            Part::One(segment) => Some(segment.clone()),
            Part::EachItem => Some(Segment::Index(0)),
            Part::EachKey => None,
        });
        segments.collect::<Option<Vec<Segment>>>().map(KeyPath::from)
    }
}

/// A path that a pattern stands for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Match {
    pub path: KeyPath,
    /// What its wildcards stood for, in their order.
    pub bound: Vec<Segment>,
}

#[derive(Clone, Copy)]
enum Cursor<'v> {
    Table(&'v Table),
    Value(&'v Value),
}

fn gather(parts: &[Part], at: Option<Cursor<'_>>, walked: &mut Match, present: bool, found: &mut Vec<Match>) {
    let Some((part, rest)) = parts.split_first() else {
        found.push(walked.clone());
        return;
    };
    let table = match at {
        Some(Cursor::Table(table)) => Some(table),
        Some(Cursor::Value(value)) => value.as_table(),
        None => None,
    };
    let array = match at {
        Some(Cursor::Value(value)) => value.as_array(),
        Some(Cursor::Table(_)) | None => None,
    };
    let mut enter = |segment: Segment, value: Option<&Value>, is_wild: bool| {
        let mut next = Match {
            path: walked.path.join(segment.clone()),
            bound: walked.bound.clone(),
        };
        if is_wild {
            next.bound.push(segment);
        }
        gather(rest, value.map(Cursor::Value), &mut next, present, found);
    };
    match part {
        Part::One(Segment::Key(key)) => {
            let value = table.and_then(|table| table.get(key));
            // Something else than a table is no place for a key.
            let may_be_made = !present && (table.is_some() || at.is_none());
            if value.is_some() || may_be_made {
                enter(Segment::Key(key.clone()), value, false);
            }
        }
        Part::One(Segment::Index(index)) => {
            if let Some(value) = array.and_then(|items| items.get(*index)) {
                enter(Segment::Index(*index), Some(value), false);
            }
        }
        Part::EachItem => {
            for (index, value) in array.into_iter().flatten().enumerate() {
                enter(Segment::Index(index), Some(value), true);
            }
        }
        Part::EachKey => {
            for (key, value) in table.into_iter().flatten() {
                enter(Segment::Key(key.clone()), Some(value), true);
            }
        }
    }
}

impl FromStr for Pattern {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        let path: KeyPath = with_stars(text).parse().map_err(|error: KeyError| KeyError {
            text: text.to_owned(),
            ..error
        })?;
        let parts = path.segments().iter().map(|segment| match segment {
            Segment::Key(key) if key == STAR => Part::EachKey,
            Segment::Index(usize::MAX) => Part::EachItem,
            Segment::Key(_) | Segment::Index(_) => Part::One(segment.clone()),
        });
        Ok(Self(parts.collect()))
    }
}

/// The text with names that a key path can have in place of the wildcards that stand outside of quotes.
fn with_stars(text: &str) -> Cow<'_, str> {
    if !text.contains('*') {
        return Cow::Borrowed(text);
    }
    let mut replaced = String::with_capacity(text.len() + 8);
    let mut quote = None;
    let mut before = '.';
    for character in text.chars() {
        match (quote, character) {
            (None, '"' | '\'') => quote = Some(character),
            (Some(open), _) if open == character && before != '\\' => quote = None,
            _ => {}
        }
        match (quote, character, before) {
            (None, '*', '[') => replaced.push_str(&usize::MAX.to_string()),
            (None, '*', '.' | ' ') => {
                replaced.push('"');
                replaced.push_str(STAR);
                replaced.push('"');
            }
            _ => replaced.push(character),
        }
        before = character;
    }
    Cow::Owned(replaced)
}

impl fmt::Display for Pattern {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, part) in self.0.iter().enumerate() {
            let dot = if position > 0 { "." } else { "" };
            match part {
                Part::One(Segment::Key(key)) => write!(formatter, "{dot}{}", KeyPath::root().key(key.as_str()))?,
                Part::One(Segment::Index(index)) => write!(formatter, "[{index}]")?,
                Part::EachItem => formatter.write_str("[*]")?,
                Part::EachKey => write!(formatter, "{dot}*")?,
            }
        }
        Ok(())
    }
}

impl Serialize for Pattern {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Pattern {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl JsonSchema for Pattern {
    fn schema_name() -> Cow<'static, str> {
        "key".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "minLength": 1,
            "description": "A key, in which `[*]` stands for every item of an array and `*` for every key of a table: `zones[*].flow`.",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Pattern;
    use crate::document::{Document, KeyPath, Table, Value};

    fn content(text: &str) -> Table {
        match Document::parse(text).unwrap().get(&KeyPath::root()) {
            Some(Value::Table(table)) => table,
            _ => unreachable!("a document is a table"),
        }
    }

    fn paths(pattern: &str, text: &str, present: bool) -> Vec<String> {
        let pattern: Pattern = pattern.parse().unwrap();
        let content = content(text);
        let found = if present {
            pattern.present(&content)
        } else {
            pattern.possible(&content)
        };
        found.into_iter().map(|found| found.path.to_string()).collect()
    }

    const ZONES: &str = "[[zones]]\nflow = 1\n[[zones]]\nname = 'b'\n[users.a]\nrole = 1\n[users.b]\n";

    #[test]
    fn wildcards_stand_for_what_is_there() {
        assert_eq!(paths("zones[*].flow", ZONES, true), ["zones[0].flow"]);
        assert_eq!(paths("zones[*].flow", ZONES, false), ["zones[0].flow", "zones[1].flow"]);
        assert_eq!(paths("users.*.role", ZONES, true), ["users.a.role"]);
        assert_eq!(paths("users.*.role", ZONES, false), ["users.a.role", "users.b.role"]);
        assert_eq!(paths("*.*.role", ZONES, true), ["users.a.role"]);
        assert_eq!(paths("new.table.key", ZONES, false), ["new.table.key"]);
        assert!(paths("zones.flow", ZONES, false).is_empty());
        assert!(paths("zones[7].flow", ZONES, false).is_empty());
    }

    #[test]
    fn a_pattern_is_printed_as_it_is_written() {
        for text in ["zones[*].flow", "users.*.\"a b\"[0]", "*", "a.*", "\"*\".x"] {
            assert_eq!(text.parse::<Pattern>().unwrap().to_string(), text);
        }
        assert_eq!("\"*\"".parse::<Pattern>().unwrap().wildcards(), 0);
        let error = "zones[*".parse::<Pattern>().unwrap_err();
        assert_eq!(error.text, "zones[*");
    }

    #[test]
    fn wildcards_are_bound_in_their_order() {
        let from: Pattern = "zones[*].flow".parse().unwrap();
        let to: Pattern = "rates[*].flow".parse().unwrap();
        let found = from.present(&content(ZONES)).remove(0);
        assert_eq!(to.bind(&found.bound).unwrap().to_string(), "rates[0].flow");
        assert_eq!(to.bind(&[]), None);
    }
}
