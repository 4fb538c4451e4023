//! How values and keys are spelled in TOML when we write them ourselves. What a person wrote is never
//! spelled again: `edit` splices.

use std::fmt::Write as _;

use super::Value;

/// Whether a character may stand in a key without quotes.
pub(crate) fn is_bare(character: char) -> bool {
    character.is_ascii_alphanumeric() || character == '-' || character == '_'
}

/// One key, quoted only where it must be.
pub(crate) fn key(name: &str) -> String {
    if !name.is_empty() && name.chars().all(is_bare) {
        name.to_owned()
    } else {
        basic_string(name)
    }
}

/// A string in double quotes.
pub(crate) fn basic_string(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for character in text.chars() {
        match character {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            control if control.is_control() => {
                // Writing to a String cannot fail.
                let _infallible = write!(quoted, "\\u{:04X}", u32::from(control));
            }
            plain => quoted.push(plain),
        }
    }
    quoted.push('"');
    quoted
}

/// A float as TOML spells it: always with a point or an exponent, so that it reads back as a float.
pub(crate) fn float(number: f64) -> String {
    if number.is_nan() {
        return if number.is_sign_negative() { "-nan" } else { "nan" }.to_owned();
    }
    if number.is_infinite() {
        return if number > 0.0 { "inf" } else { "-inf" }.to_owned();
    }
    let magnitude = number.abs();
    let text = if magnitude != 0.0 && !(1e-5..1e16).contains(&magnitude) {
        format!("{number:e}")
    } else {
        number.to_string()
    };
    if text.contains(['.', 'e']) {
        text
    } else {
        format!("{text}.0")
    }
}

/// A value on one line: tables inline, arrays without line ends.
pub(crate) fn inline(value: &Value) -> String {
    match value {
        Value::String(text) => basic_string(text),
        Value::Integer(number) => number.to_string(),
        Value::Float(number) => float(*number),
        Value::Boolean(yes) => yes.to_string(),
        Value::Datetime(moment) => moment.to_string(),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(inline).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Table(table) if table.is_empty() => "{}".to_owned(),
        Value::Table(table) => {
            let entries: Vec<String> = table
                .iter()
                .map(|(name, value)| format!("{} = {}", key(name), inline(value)))
                .collect();
            format!("{{ {} }}", entries.join(", "))
        }
    }
}
