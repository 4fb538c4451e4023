//! A revision: one recorded state of the store, who made it, when and why. Pure data; `history` reads and
//! writes it.

use std::fmt;
use std::str::FromStr;

use jiff::tz::{Offset, TimeZone};
use jiff::{Timestamp, Zoned};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The id of a revision: that of its git commit.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RevisionId([u8; 20]);

/// A text that is no revision id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no revision id of 40 hexadecimal digits")]
pub struct RevisionIdError(String);

impl RevisionId {
    /// The id's bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 20] {
        &self.0
    }

    /// The first digits, as people read them.
    #[must_use]
    pub fn short(&self) -> String {
        self.to_string()[..8].to_owned()
    }
}

impl From<[u8; 20]> for RevisionId {
    fn from(bytes: [u8; 20]) -> Self {
        Self(bytes)
    }
}

impl fmt::Display for RevisionId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(formatter, "{byte:02x}"))
    }
}

impl fmt::Debug for RevisionId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

impl FromStr for RevisionId {
    type Err = RevisionIdError;

    fn from_str(text: &str) -> Result<Self, RevisionIdError> {
        let wrong = || RevisionIdError(text.to_owned());
        let digits = text.as_bytes();
        if digits.len() != 40 || !digits.iter().all(u8::is_ascii_hexdigit) {
            return Err(wrong());
        }
        let mut id = [0; 20];
        for (byte, pair) in id.iter_mut().zip(digits.chunks_exact(2)) {
            let pair = std::str::from_utf8(pair).map_err(|_| wrong())?;
            *byte = u8::from_str_radix(pair, 16).map_err(|_| wrong())?;
        }
        Ok(Self(id))
    }
}

impl Serialize for RevisionId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for RevisionId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

/// Who made a revision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Author {
    /// The person's name, never empty.
    pub name: String,
    /// An address, perhaps only `user@host`.
    pub email: String,
}

/// When a revision was made, with the offset of that place's clock. Order never depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// Seconds since 1970 in UTC.
    pub seconds: i64,
    /// Minutes east of UTC.
    pub offset: i32,
}

impl Moment {
    /// The moment as a date and time of its own place.
    #[must_use]
    pub fn zoned(self) -> Zoned {
        let seconds = self
            .seconds
            .clamp(Timestamp::MIN.as_second(), Timestamp::MAX.as_second());
        // Clamped, so that neither can be out of range.
        let instant = Timestamp::from_second(seconds).unwrap_or(Timestamp::UNIX_EPOCH);
        let offset = Offset::from_seconds(self.offset.clamp(-1439, 1439) * 60).unwrap_or(Offset::UTC);
        instant.to_zoned(TimeZone::fixed(offset))
    }
}

/// `2026-11-01 10:00:00 +01:00`
impl fmt::Display for Moment {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.zoned().strftime("%Y-%m-%d %H:%M:%S %:z"))
    }
}

/// RFC 3339.
impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.zoned().strftime("%Y-%m-%dT%H:%M:%S%:z"))
    }
}

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let pieces = jiff::fmt::temporal::DateTimeParser::new().parse_timestamp(&text);
        let timestamp = pieces.map_err(serde::de::Error::custom)?;
        let offset = jiff::fmt::temporal::Pieces::parse(&text)
            .ok()
            .and_then(|pieces| pieces.to_numeric_offset());
        Ok(Self {
            seconds: timestamp.as_second(),
            offset: offset.map_or(0, |offset| offset.seconds() / 60),
        })
    }
}

/// One recorded state of the store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Revision {
    /// Its id.
    pub id: RevisionId,
    /// The revision before it; none for the first one.
    pub parent: Option<RevisionId>,
    /// When it was made.
    pub time: Moment,
    /// Who made it.
    pub author: Author,
    /// What was said about it, without the trailers.
    pub message: String,
    /// By what it was made: the verb's name, or `git` for a commit of somebody's own.
    pub via: String,
}

/// What is recorded with a change besides the files: the text of the commit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Message {
    /// What a person reads first; one line, then perhaps a blank line and more.
    pub text: String,
    /// `Via: set` and the like, in order. A line each, so that `git log --grep` finds them.
    pub trailers: Vec<(&'static str, String)>,
}

impl Message {
    /// The trailer that says by what a revision was made.
    pub const VIA: &'static str = "Via";
    /// The trailer that names the revision that one takes back.
    pub const TAKES_BACK: &'static str = "Takes-Back";

    /// Splits a commit's text into what was said and what made it.
    #[must_use]
    pub fn parse(text: &str) -> (String, String) {
        let text = text.trim_end();
        let last = text.rsplit_once("\n\n");
        let is_trailer = |line: &str| {
            let name = line.split_once(": ").map_or("", |(name, _)| name);
            !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        };
        if let Some((said, trailers)) = last
            && trailers.lines().all(is_trailer)
        {
            let via = trailers.lines().find_map(|line| line.strip_prefix("Via: "));
            return (said.to_owned(), via.unwrap_or("git").to_owned());
        }
        (text.to_owned(), "git".to_owned())
    }
}

/// The commit's text: message, blank line, trailers.
impl fmt::Display for Message {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "{}", self.text.trim_end())?;
        if !self.trailers.is_empty() {
            writeln!(formatter)?;
        }
        self.trailers
            .iter()
            .try_for_each(|(name, value)| writeln!(formatter, "{name}: {value}"))
    }
}

#[cfg(test)]
mod tests {
    use super::{Message, Moment, RevisionId};

    #[test]
    fn an_id_reads_back_as_it_was_printed() {
        let text = "0123456789abcdef0123456789abcdef01234567";
        let id: RevisionId = text.parse().unwrap();
        assert_eq!(id.to_string(), text);
        assert_eq!(id.short(), "01234567");
        assert!("0123".parse::<RevisionId>().is_err());
        assert!(
            "+123456789abcdef0123456789abcdef01234567"
                .parse::<RevisionId>()
                .is_err()
        );
    }

    #[test]
    fn trailers_are_told_from_the_message() {
        let message = Message {
            text: "valve.threshold 60 -> 55\n\nwhy: leak".into(),
            trailers: vec![("Via", "set".into())],
        };
        let (said, via) = Message::parse(&message.to_string());
        assert_eq!(
            (said.as_str(), via.as_str()),
            ("valve.threshold 60 -> 55\n\nwhy: leak", "set")
        );
        assert_eq!(Message::parse("by hand\n"), ("by hand".to_owned(), "git".to_owned()));
    }

    #[test]
    fn a_moment_of_any_size_prints() {
        assert_eq!(
            Moment { seconds: 0, offset: 60 }.to_string(),
            "1970-01-01 01:00:00 +01:00"
        );
        assert!(
            !Moment {
                seconds: i64::MAX,
                offset: 9999
            }
            .to_string()
            .is_empty()
        );
    }
}
