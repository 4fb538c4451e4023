//! Numbers in a JSON text that would not be what they were as TOML: JSON's have no limits, TOML's are those of 64 bits.
//! They are looked for in the text, since whoever parses it rounds them.

use serde::de::IgnoredAny;

use crate::document::{KeyPath, Segment};

/// A number that TOML cannot hold, or a null where there is no setting to take away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Unholdable {
    pub key: KeyPath,
    /// Both from 1; the column in characters.
    pub line: usize,
    pub column: usize,
    /// What it is. Not what it says: it may be a secret.
    pub found: &'static str,
    /// What could stand there.
    pub allowed: &'static str,
}

/// The first one in a text; nothing where there is none, or the text is no JSON.
pub(super) fn find(text: &str) -> Option<Unholdable> {
    serde_json::from_str::<IgnoredAny>(text).ok()?;
    let bytes = text.as_bytes();
    let mut path: Vec<Segment> = Vec::new();
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let start = at;
        at += 1;
        match byte {
            // What follows is the name of a first key, or the end.
            b'{' => path.push(Segment::Key(String::new())),
            b'[' => path.push(Segment::Index(0)),
            b'}' | b']' => drop(path.pop()),
            b',' => {
                if let Some(Segment::Index(index)) = path.last_mut() {
                    *index += 1;
                }
            }
            b'"' => {
                at = end_of_string(bytes, at);
                let is_name = text[at..].trim_start().starts_with(':');
                if let (true, Some(Segment::Key(name))) = (is_name, path.last_mut()) {
                    *name = serde_json::from_str(&text[start..at]).unwrap_or_default();
                }
            }
            b'-' | b'0'..=b'9' | b'n' => {
                let length = text[start..].find([',', '}', ']', ' ', '\t', '\r', '\n']);
                at = length.map_or(text.len(), |length| start + length);
                let in_array = matches!(path.last(), Some(Segment::Index(_)));
                if let Some((found, allowed)) = reason(&text[start..at], in_array) {
                    let before = &text[..start];
                    let line_start = before.rfind('\n').map_or(0, |end| end + 1);
                    return Some(Unholdable {
                        key: KeyPath::from(path),
                        line: before.matches('\n').count() + 1,
                        column: before[line_start..].chars().count() + 1,
                        found,
                        allowed,
                    });
                }
            }
            _ => {}
        }
    }
    None
}

/// Behind the quote that ends a string.
fn end_of_string(bytes: &[u8], mut at: usize) -> usize {
    while let Some(byte) = bytes.get(at) {
        at += match byte {
            b'"' => return at + 1,
            b'\\' => 2,
            _ => 1,
        };
    }
    bytes.len()
}

/// Why a number, or a null, cannot be taken over, and what could.
fn reason(word: &str, in_array: bool) -> Option<(&'static str, &'static str)> {
    if word == "null" {
        let reason = ("null in an array", "an item is left out, or has a value");
        return in_array.then_some(reason);
    }
    if !word.contains(['.', 'e', 'E']) {
        let reason = (
            "a whole number beyond 64 bits",
            "whole numbers are those from -9223372036854775808 to 9223372036854775807",
        );
        return word.parse::<i64>().is_err().then_some(reason);
    }
    let number: f64 = word.parse().ok()?;
    if number.is_infinite() {
        return Some((
            "a number beyond those of 64 bits",
            "the largest number is about 1.797e308",
        ));
    }
    let digits = significant(word);
    // Some programs write all 17 digits that tell one number from the next, or even more: as many as it has are
    // compared. Nothing is lost as long as they agree.
    let kept = format!("{number:.*e}", digits.len().saturating_sub(1));
    (significant(&kept) != digits).then_some((
        "a number of more digits than 64 bits keep",
        "numbers have up to 15 digits, and 17 where they come from a program",
    ))
}

/// A number's digits without zeros at either end.
fn significant(word: &str) -> String {
    let end = word.find(['e', 'E']).unwrap_or(word.len());
    let digits: String = word[..end].chars().filter(char::is_ascii_digit).collect();
    digits.trim_matches('0').to_owned()
}

#[cfg(test)]
mod tests {
    use super::find;

    fn told(text: &str) -> Option<String> {
        find(text).map(|found| format!("{}:{} {} is {}", found.line, found.column, found.key, found.found))
    }

    #[test]
    fn numbers_that_stay_what_they_are_are_taken() {
        for number in [
            "0",
            "-0",
            "-0.0",
            "9223372036854775807",
            "-9223372036854775808",
            "0.1",
            "100.0",
            "1e22",
            "1.7976931348623157e308",
            "5e-324",
            "0.30000000000000004",
            "0.10000000000000001",
            "0.1000000000000000055511151231257827021181583404541015625",
            "1E2",
        ] {
            assert_eq!(told(&format!("{{\"a\": [{number}]}}")), None, "{number}");
        }
    }

    #[test]
    fn numbers_that_would_be_rounded_are_named_with_their_place() {
        let whole = "a whole number beyond 64 bits";
        let digits = "a number of more digits than 64 bits keep";
        for (number, found) in [
            ("9223372036854775808", whole),
            ("-9223372036854775809", whole),
            ("123456789012345678901234567890", whole),
            ("1e400", "a number beyond those of 64 bits"),
            ("1e-400", digits),
            ("9007199254740993.0", digits),
            ("3.14159265358979323846", digits),
        ] {
            let text = format!("{{\n \"é\": {number}}}");
            assert_eq!(told(&text), Some(format!("2:7 \"é\" is {found}")), "{number}");
        }
    }

    #[test]
    fn the_key_is_that_of_the_setting_whatever_stands_before_it() {
        let text = r#"{"a": {"x,\"[{": "n1e400, 2"}, "b": [[], {"c": 1, "d.e": [1, 1e400]}]}"#;
        assert_eq!(
            told(text).as_deref(),
            Some("1:62 b[1].\"d.e\"[1] is a number beyond those of 64 bits")
        );
        assert_eq!(
            told(r#"{"a": null, "b": [1, null]}"#).as_deref(),
            Some("1:22 b[1] is null in an array")
        );
        assert_eq!(told(r#"{"a": 1e400"#), None);
    }
}
