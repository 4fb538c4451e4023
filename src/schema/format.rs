//! What `format` checks. It is checked in every draft and under every draft's name for it: an address that
//! is none must not reach a plugin, whichever year its schema was written for.

use jsonschema::{Draft, ValidationOptions, Validator};
use serde_json::{Value as Json, json};

/// How a text that breaks its `format` counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Formats {
    /// As an error.
    #[default]
    Error,
    /// As a warning, as drafts from 2019-09 on leave it to the program.
    Warn,
    /// Not at all.
    Ignore,
}

/// Checks the formats of these names, also those that `draft` did not have yet.
pub(super) fn register<'o, R>(
    mut options: ValidationOptions<'o, R>,
    draft: Draft,
    names: &[String],
) -> ValidationOptions<'o, R> {
    for name in names {
        let reads_clock = name == "time" || name == "date-time";
        if reads_clock || !options.is_known_format(draft, name) {
            let Some(check) = latest(name) else { continue };
            let is_time = name == "time";
            options = options.with_format(name.clone(), move |text: &str| {
                let fits = |text: String| check.is_valid(&Json::String(text));
                fits(text.to_owned()) || (reads_clock && fits(as_rfc_3339(text, is_time)))
            });
        }
    }
    options
}

/// A TOML time as RFC 3339 has it: TOML lets the seconds out, and a local time has no offset.
fn as_rfc_3339(text: &str, is_time: bool) -> String {
    let mut full = text.to_owned();
    if let Some(minutes) = text.find(':') {
        let end = minutes + ":00".len();
        let digits = text.get(minutes + 1..end);
        let are_digits = digits.is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()));
        if are_digits && !text[end..].starts_with(':') {
            full.insert_str(end, ":00");
        }
    }
    if is_time && !full.contains(['Z', 'z', '+', '-']) {
        full.push('Z');
    }
    full
}

/// The newest draft's check of a format; nothing where that does not know it either.
fn latest(name: &str) -> Option<Validator> {
    let options = jsonschema::options()
        .with_draft(Draft::Draft202012)
        .should_validate_formats(true)
        .should_ignore_unknown_formats(false);
    options.offline().build(&json!({ "format": name })).ok()
}
