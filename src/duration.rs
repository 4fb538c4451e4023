//! Lengths of time as people write them: `1h30m`, and `PT1H30M` as ISO 8601 has it. Both count whole seconds.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// A length of time in whole seconds, written as `90s`, `10m` or `1h30m`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(extend("pattern" = "^([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?$", "minLength" = 2))]
pub struct Span(#[schemars(with = "String")] u32);

/// A text that is no length of time.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("`{0}` is no length of time such as 30s, 10m or 1h30m")]
pub struct SpanError(String);

impl Span {
    /// A number of seconds.
    #[must_use]
    pub const fn of_seconds(seconds: u32) -> Self {
        Self(seconds)
    }

    /// The same in numbers.
    #[must_use]
    pub const fn duration(self) -> Duration {
        Duration::from_secs(self.0 as u64)
    }
}

impl FromStr for Span {
    type Err = SpanError;

    fn from_str(text: &str) -> Result<Self, SpanError> {
        // Without a unit nobody knows whether seconds or minutes were meant.
        let has_unit = text.ends_with(|last: char| last.is_ascii_alphabetic());
        let span = seconds(text)
            .filter(|_| has_unit)
            .and_then(|seconds| seconds.try_into().ok());
        span.map(Self).ok_or_else(|| SpanError(text.to_owned()))
    }
}

impl TryFrom<String> for Span {
    type Error = SpanError;

    fn try_from(text: String) -> Result<Self, SpanError> {
        text.parse()
    }
}

impl From<Span> for String {
    fn from(span: Span) -> Self {
        span.to_string()
    }
}

impl fmt::Display for Span {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&duration(self.0.into()).unwrap_or_default())
    }
}

const UNITS: [(char, i64); 4] = [('d', 86_400), ('h', 3_600), ('m', 60), ('s', 1)];

/// `90` as `1m30s`; nothing for what lies before now.
#[must_use]
pub fn duration(mut seconds: i64) -> Option<String> {
    if seconds < 0 {
        return None;
    }
    if seconds == 0 {
        return Some("0s".to_owned());
    }
    let mut text = String::new();
    for (unit, length) in UNITS {
        let count = seconds / length;
        seconds %= length;
        if count > 0 {
            text.push_str(&count.to_string());
            text.push(unit);
        }
    }
    Some(text)
}

/// The seconds of `1h30m`; of a bare number too.
#[must_use]
pub fn seconds(text: &str) -> Option<i64> {
    let mut rest = text.trim();
    if let Ok(number) = rest.parse::<u32>() {
        return Some(number.into());
    }
    let mut total = 0_i64;
    let mut units = UNITS.iter();
    while !rest.is_empty() {
        let digits = rest.find(|character: char| !character.is_ascii_digit())?;
        let count: i64 = rest[..digits].parse().ok()?;
        let unit = rest[digits..].chars().next()?;
        // Each unit once, the longer before the shorter.
        let (_, length) = units.find(|(name, _)| *name == unit)?;
        total = total.checked_add(count.checked_mul(*length)?)?;
        rest = rest[digits + unit.len_utf8()..].trim_start();
    }
    (total > 0 || text.trim().starts_with('0')).then_some(total)
}

/// `90` as `PT1M30S`.
#[must_use]
pub fn iso_duration(seconds: i64) -> Option<String> {
    let text = duration(seconds)?.to_ascii_uppercase();
    let (days, time) = text
        .split_once('D')
        .map_or((None, text.as_str()), |(days, time)| (Some(days), time));
    let days = days.map_or_else(String::new, |days| format!("{days}D"));
    Some(match time {
        "" => format!("P{days}"),
        time => format!("P{days}T{time}"),
    })
}

/// The seconds of `PT1H30M` and `P1DT12H`. Years and months have no length of their own and are refused.
#[must_use]
pub fn iso_seconds(text: &str) -> Option<i64> {
    let text = text.trim().strip_prefix('P')?;
    let (date, time) = text
        .split_once('T')
        .map_or((text, None), |(date, time)| (date, Some(time)));
    if let Some(weeks) = date.strip_suffix('W') {
        let weeks: i64 = weeks.parse().ok()?;
        return weeks.checked_mul(7 * 86_400).filter(|_| time.is_none());
    }
    let is_date = date.is_empty() || date.ends_with('D');
    let is_time = time.is_none_or(|time| !time.is_empty() && !time.contains('D'));
    let all = format!("{date}{}", time.unwrap_or_default());
    let plain = all
        .chars()
        .all(|character| character.is_ascii_digit() || "DHMS".contains(character));
    (is_date && is_time && plain && all.contains(|character: char| character.is_ascii_alphabetic()))
        .then(|| seconds(&all.to_ascii_lowercase()))
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::{Span, SpanError};

    #[test]
    fn a_span_reads_back_as_it_was_printed_and_needs_a_unit() {
        for (text, seconds) in [("30s", 30), ("10m", 600), ("1h30m", 5400), ("2d", 172_800), ("90s", 90)] {
            let span: Span = text.parse().unwrap();
            assert_eq!(span, Span::of_seconds(seconds), "{text}");
            assert_eq!(span.to_string().parse(), Ok(span), "{text}");
        }
        for wrong in ["", "10", "m", "1.5h", "-1s", "10m1h", "1w", "99999999999s", " 1s x"] {
            assert_eq!(wrong.parse::<Span>(), Err(SpanError(wrong.to_owned())), "{wrong}");
        }
    }
}
