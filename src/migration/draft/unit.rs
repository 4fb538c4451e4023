//! Units and forms of texts, as schemas tell them: which number a text stands for.

use crate::document::Value;
use crate::duration::{iso_seconds, seconds};
use crate::migration::declared::Declared;

/// How a text says a length of time.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// `1h30m`
    Short,
    /// `PT1H30M`, as ISO 8601 and JSON Schema's `duration`
    Iso,
}

/// How many seconds the unit of a number has, if it is one of time.
pub(super) fn in_seconds(one: &Declared) -> Option<f64> {
    let named = |word: &str| match word {
        "s" | "sec" | "secs" | "second" | "seconds" => Some(1.0),
        "min" | "mins" | "minute" | "minutes" => Some(60.0),
        "h" | "hour" | "hours" => Some(3_600.0),
        "d" | "day" | "days" => Some(86_400.0),
        _ => None,
    };
    if let Some(unit) = &one.unit {
        return named(unit.trim());
    }
    let text = one.description.as_deref()?.to_lowercase();
    let words = text.split(|character: char| !character.is_alphanumeric());
    // A lone letter is no unit in a sentence.
    let mut found: Vec<f64> = words.filter(|word| word.len() > 2).filter_map(named).collect();
    found.dedup();
    match found.as_slice() {
        [only] => Some(*only),
        _ => None,
    }
}

/// How the texts of a setting say a length of time, if they do.
pub(super) fn form(one: &Declared) -> Option<Form> {
    if one.format.as_deref() == Some("duration") {
        return Some(Form::Iso);
    }
    let mut said: Vec<String> = match &one.default {
        Some(Value::String(text)) => vec![text.clone()],
        Some(_) | None => Vec::new(),
    };
    if let Some(description) = &one.description {
        let is_mark = |character: char| !character.is_ascii_alphanumeric();
        said.extend(
            description
                .split(is_mark)
                .filter(|word| !word.is_empty())
                .map(str::to_owned),
        );
    }
    let is_bare = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    said.iter().find_map(|text| {
        if iso_seconds(text).is_some() {
            Some(Form::Iso)
        } else if !is_bare(text) && seconds(text).is_some() {
            Some(Form::Short)
        } else {
            None
        }
    })
}

/// What stands around the number in a text, if the text is a number with something around it.
pub(super) fn around(text: &str) -> Option<(&str, &str)> {
    let start = text.find(|character: char| character.is_ascii_digit())?;
    let end = text.rfind(|character: char| character.is_ascii_digit())? + 1;
    text[start..end].parse::<f64>().ok()?;
    Some((&text[..start], &text[end..]))
}
