//! JSON, with the place of each value. Whether the text is JSON at all, serde says; after that it is only walked along.

use serde::de::IgnoredAny;

use super::number::{self, Unholdable};
use super::place::Lines;
use super::tree::{Content, Entry, NULL_ITEM, Node};
use super::{DEEPEST, Found, Given, Wrong};
use crate::document::{KeyPath, Value};

/// The settings in a text.
pub(super) fn read(text: &str) -> Result<Vec<Found>, Wrong> {
    let root = parse(text)?;
    if !matches!(root.content, Content::Table(_)) {
        return Err(Wrong::new(
            root.line,
            root.column,
            "an object of settings must stand here",
        ));
    }
    root.settings()
}

/// The first number in a text that TOML cannot hold, or null where there is no setting to take away: its key, line,
/// column, and what it is. Nothing where there is none, or the text is no JSON.
#[must_use]
pub fn first_unholdable(text: &str) -> Option<(KeyPath, usize, usize, Unholdable)> {
    let root = parse(text).ok()?;
    find(&root, &KeyPath::root())
}

fn find(node: &Node, path: &KeyPath) -> Option<(KeyPath, usize, usize, Unholdable)> {
    let here = |what| Some((path.clone(), node.line, node.column, what));
    match &node.content {
        Content::Table(entries) => {
            let mut entries = entries.iter();
            entries.find_map(|entry| find(&entry.node, &path.key(entry.name.as_str())))
        }
        Content::Array(items) => {
            let mut items = items.iter().enumerate();
            items.find_map(|(index, item)| find(item, &path.index(index)))
        }
        Content::Leaf(Given::Unholdable(what)) => here(*what),
        Content::Leaf(_) => None,
    }
}

fn parse(text: &str) -> Result<Node, Wrong> {
    serde_json::from_str::<IgnoredAny>(text).map_err(|error| {
        let message = error.to_string();
        // The place is told before it.
        let message = message.split(" at line ").next().unwrap_or_default();
        Wrong::new(error.line().max(1), error.column().max(1), message)
    })?;
    let mut walk = Walk {
        text,
        at: 0,
        depth: 0,
        lines: Lines::new(text),
    };
    walk.value()
}

/// A walk along a text that is JSON. What serde only looks over, it takes however deep it is.
struct Walk<'t> {
    text: &'t str,
    at: usize,
    depth: usize,
    lines: Lines<'t>,
}

impl Walk<'_> {
    fn value(&mut self) -> Result<Node, Wrong> {
        let begin = self.byte_at_next();
        let (line, column) = self.lines.place(self.at);
        if self.depth > DEEPEST {
            let message = format!("this is more than {DEEPEST} levels deep");
            return Err(Wrong::new(line, column, message));
        }
        self.depth += 1;
        let content = match begin {
            Some(b'{') => Content::Table(self.entries()?),
            Some(b'[') => Content::Array(self.items()?),
            Some(b'"') => Content::Leaf(Given::String(self.string()?)),
            Some(_) | None => Content::Leaf(self.word()),
        };
        self.depth -= 1;
        Ok(Node { line, column, content })
    }

    fn entries(&mut self) -> Result<Vec<Entry>, Wrong> {
        let mut entries = Vec::new();
        self.at += 1;
        while self.byte_at_next() == Some(b'"') {
            let (line, column) = self.lines.place(self.at);
            let name = self.string()?;
            self.pass(b':');
            let node = self.value()?;
            entries.push(Entry {
                name,
                line,
                column,
                node,
            });
            self.pass(b',');
        }
        self.at += 1;
        Ok(entries)
    }

    fn items(&mut self) -> Result<Vec<Node>, Wrong> {
        let mut items = Vec::new();
        self.at += 1;
        while self.byte_at_next().is_some_and(|byte| byte != b']') {
            let mut item = self.value()?;
            if matches!(item.content, Content::Leaf(Given::Null)) {
                item.content = Content::Leaf(Given::Unholdable(NULL_ITEM));
            }
            items.push(item);
            self.pass(b',');
        }
        self.at += 1;
        Ok(items)
    }

    /// A text. Serde looked over its escapes alone, and half a pair of surrogates is no character.
    fn string(&mut self) -> Result<String, Wrong> {
        let (begin, (line, column)) = (self.at, self.lines.place(self.at));
        self.at += 1;
        while let Some(byte) = self.text.as_bytes().get(self.at) {
            self.at += match byte {
                b'"' => break,
                b'\\' => 2,
                _ => 1,
            };
        }
        self.at = (self.at + 1).min(self.text.len());
        serde_json::from_str(&self.text[begin..self.at])
            .map_err(|_| Wrong::new(line, column, "this text has an escape that is no character"))
    }

    fn word(&mut self) -> Given {
        let rest = &self.text[self.at..];
        let end = rest.find([',', '}', ']', ' ', '\t', '\r', '\n']).unwrap_or(rest.len());
        self.at += end;
        let word = &rest[..end];
        match word {
            "null" => return Given::Null,
            "true" | "false" => return Given::Scalar(Value::Boolean(word == "true"), word.to_owned()),
            _ => {}
        }
        if let Some(lost) = number::lost(word) {
            return Given::Unholdable(lost);
        }
        let whole = word.parse().map(Value::Integer);
        match whole.or_else(|_| word.parse().map(Value::Float)) {
            Ok(number) => Given::Scalar(number, word.to_owned()),
            // No number of JSON comes here: all are those of 64 bits by now.
            Err(_) => Given::String(word.to_owned()),
        }
    }

    /// Goes to the next byte that is no space, and looks at it.
    fn byte_at_next(&mut self) -> Option<u8> {
        let bytes = self.text.as_bytes();
        while bytes.get(self.at).is_some_and(u8::is_ascii_whitespace) {
            self.at += 1;
        }
        bytes.get(self.at).copied()
    }

    fn pass(&mut self, byte: u8) {
        if self.byte_at_next() == Some(byte) {
            self.at += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::first_unholdable;

    fn told(text: &str) -> Option<String> {
        let (key, line, column, what) = first_unholdable(text)?;
        Some(format!("{line}:{column} {key} is {}", what.found))
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
    fn half_a_character_is_told_with_its_place_and_never_an_empty_text() {
        for text in [r#"{"a": 1, "b": "\ud800 x"}"#, r#"{"a": 1, "\udfff": 2}"#] {
            let wrong = super::read(text).unwrap_err();
            assert_eq!(wrong.line, 1, "{text}");
            assert!(wrong.message.contains("no character"), "{text}: {}", wrong.message);
        }
        let found = super::read(r#"{"a": "\ud83d\ude00"}"#).unwrap();
        assert_eq!(found[0].given, super::Given::String("😀".to_owned()));
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
