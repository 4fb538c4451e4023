//! The path of a value inside a document: a TOML dotted key with indices, `zones[0].flow`. It parses once;
//! what is kept is the path, never its spelling.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};
use thiserror::Error;

/// One step of a [`KeyPath`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Segment {
    /// A key of a table.
    Key(String),
    /// A position in an array, counted from 0.
    Index(usize),
}

/// Where a value stands: the keys and indices that lead to it from the document's root.
///
/// ```
/// use valvecfg::document::KeyPath;
/// let path: KeyPath = r#"zones[0]."drip line".flow"#.parse().unwrap();
/// assert_eq!(path.len(), 4);
/// assert_eq!(path.to_string(), r#"zones[0]."drip line".flow"#);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyPath(Vec<Segment>);

/// Why a text is no key.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("`{text}` is no key: at character {position}, {reason}")]
pub struct KeyError {
    /// The text that was given.
    pub text: String,
    /// What is wrong there.
    pub reason: &'static str,
    /// Where, counted in characters from 1.
    pub position: usize,
}

impl KeyPath {
    /// The path of the document itself.
    #[must_use]
    pub fn root() -> Self {
        Self::default()
    }

    /// The steps, outermost first.
    #[must_use]
    pub fn segments(&self) -> &[Segment] {
        &self.0
    }

    /// How many steps there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether this is the document itself.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// This path and one key more.
    #[must_use]
    pub fn key(&self, key: impl Into<String>) -> Self {
        self.join(Segment::Key(key.into()))
    }

    /// This path and one index more.
    #[must_use]
    pub fn index(&self, index: usize) -> Self {
        self.join(Segment::Index(index))
    }

    /// This path and one step more.
    #[must_use]
    pub fn join(&self, segment: Segment) -> Self {
        let mut segments = Vec::with_capacity(self.0.len() + 1);
        segments.extend_from_slice(&self.0);
        segments.push(segment);
        Self(segments)
    }

    /// This path and all of another's steps.
    #[must_use]
    pub fn concat(&self, below: &Self) -> Self {
        Self([self.0.as_slice(), below.0.as_slice()].concat())
    }

    /// The path without its last step, and that step; nothing for the root.
    #[must_use]
    pub fn split_last(&self) -> Option<(Self, &Segment)> {
        let (last, front) = self.0.split_last()?;
        Some((Self(front.to_vec()), last))
    }

    /// The first step and what follows it; nothing for the root.
    #[must_use]
    pub fn split_first(&self) -> Option<(&Segment, Self)> {
        let (first, rest) = self.0.split_first()?;
        Some((first, Self(rest.to_vec())))
    }

    /// Whether `self` is `prefix` or stands below it.
    #[must_use]
    pub fn starts_with(&self, prefix: &Self) -> bool {
        self.0.starts_with(&prefix.0)
    }

    /// Whether one of the two holds the other, or both are the same.
    #[must_use]
    pub fn overlaps(&self, other: &Self) -> bool {
        self.starts_with(other) || other.starts_with(self)
    }
}

impl From<Vec<Segment>> for KeyPath {
    fn from(segments: Vec<Segment>) -> Self {
        Self(segments)
    }
}

impl fmt::Display for KeyPath {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, segment) in self.0.iter().enumerate() {
            match segment {
                Segment::Key(key) => {
                    if position > 0 {
                        formatter.write_str(".")?;
                    }
                    formatter.write_str(&super::literal::key(key))?;
                }
                Segment::Index(index) => write!(formatter, "[{index}]")?,
            }
        }
        Ok(())
    }
}

impl Serialize for KeyPath {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl FromStr for KeyPath {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        let mut reader = Reader { text, at: 0 };
        let mut segments = vec![Segment::Key(reader.simple_key()?)];
        while let Some(next) = reader.peek() {
            match next {
                '.' => {
                    reader.at += 1;
                    segments.push(Segment::Key(reader.simple_key()?));
                }
                '[' => segments.push(Segment::Index(reader.bracketed_index()?)),
                _ => return Err(reader.error("expected `.` or `[`; a key with other characters stands in quotes")),
            }
        }
        Ok(Self(segments))
    }
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
}

impl Reader<'_> {
    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn error(&self, reason: &'static str) -> KeyError {
        KeyError {
            text: self.text.to_owned(),
            reason,
            position: self.text[..self.at].chars().count() + 1,
        }
    }

    fn simple_key(&mut self) -> Result<String, KeyError> {
        match self.peek() {
            Some(quote @ ('"' | '\'')) => self.quoted_key(quote),
            Some(_) => {
                let end = self
                    .rest()
                    .find(|c: char| !super::literal::is_bare(c))
                    .unwrap_or(self.rest().len());
                if end == 0 {
                    return Err(self.error("expected a key"));
                }
                let key = self.rest()[..end].to_owned();
                self.at += end;
                Ok(key)
            }
            None => Err(self.error("expected a key")),
        }
    }

    fn quoted_key(&mut self, quote: char) -> Result<String, KeyError> {
        let mut escaped = false;
        let end = self.rest()[1..].find(|c: char| {
            let closes = c == quote && !escaped;
            escaped = quote == '"' && c == '\\' && !escaped;
            closes
        });
        let Some(end) = end else {
            return Err(self.error("this quote is never closed"));
        };
        let spelled = &self.rest()[..end + 2];
        let Some(super::Value::String(key)) = super::Value::parse_literal(spelled) else {
            return Err(self.error("these quotes hold no TOML string"));
        };
        self.at += end + 2;
        Ok(key)
    }

    fn bracketed_index(&mut self) -> Result<usize, KeyError> {
        let Some(end) = self.rest().find(']') else {
            return Err(self.error("this `[` is never closed"));
        };
        let digits = &self.rest()[1..end];
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(self.error("an index is a number of decimal digits, counted from 0"));
        }
        let index = digits.parse().map_err(|_| self.error("this index is too large"))?;
        self.at += end + 1;
        Ok(index)
    }
}

#[cfg(test)]
mod tests {
    use super::{KeyPath, Segment};

    #[test]
    fn a_key_parses_into_its_steps() {
        let path: KeyPath = r#"zones[10].'a.b'."c\u0022d".e-f_1"#.parse().unwrap();
        let key = |text: &str| Segment::Key(text.to_owned());
        let expected = [key("zones"), Segment::Index(10), key("a.b"), key("c\"d"), key("e-f_1")];
        assert_eq!(path.segments(), expected);
    }

    #[test]
    fn what_is_printed_parses_to_the_same_path() {
        for text in ["a", "a.b[0][1].c", r#""""#, r#"a."b c""#, r#"a."ü\t""#] {
            let path: KeyPath = text.parse().unwrap();
            assert_eq!(path.to_string().parse::<KeyPath>().unwrap(), path, "{text}");
        }
    }

    #[test]
    fn a_text_that_is_no_key_says_where_it_stops_being_one() {
        for (text, position) in [
            ("", 1),
            (".a", 1),
            ("a..b", 3),
            ("a b", 2),
            ("a[", 2),
            ("a[-1]", 2),
            ("a[x]", 2),
            ("\"a", 1),
        ] {
            assert_eq!(text.parse::<KeyPath>().unwrap_err().position, position, "{text}");
        }
    }
}
