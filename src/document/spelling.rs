//! How a new value is spelled where an old one stood: with the old one's radix, digit width, separators,
//! sign, exponent or quotes, where the new value can be written so.

use super::{Value, literal};

/// A literal for `new` in the manner of `old`. An equal value keeps the old spelling to the byte.
pub(super) fn like(old: &str, new: &Value) -> String {
    let Some(old_value) = Value::parse_literal(old) else {
        return literal::inline(new);
    };
    if old_value == *new {
        return old.to_owned();
    }
    let spelled = match (&old_value, new) {
        (Value::Integer(_), Value::Integer(number)) => integer(old, *number),
        (Value::Float(_), Value::Float(number)) => float(old, *number),
        (Value::String(_), Value::String(text)) => string(old, text),
        (Value::Datetime(_), Value::Datetime(moment)) => Some(datetime(old, &moment.to_string())),
        (
            Value::Integer(_)
            | Value::Float(_)
            | Value::String(_)
            | Value::Datetime(_)
            | Value::Boolean(_)
            | Value::Array(_)
            | Value::Table(_),
            _,
        ) => None,
    };
    // Whatever the manner, the text must say the new value.
    spelled
        .filter(|text| Value::parse_literal(text).as_ref() == Some(new))
        .unwrap_or_else(|| literal::inline(new))
}

fn integer(old: &str, number: i64) -> Option<String> {
    let prefix = old.get(..2).filter(|prefix| ["0x", "0o", "0b"].contains(prefix));
    let Some(prefix) = prefix else {
        return Some(signed(
            old,
            number < 0,
            &grouped(old, &number.unsigned_abs().to_string()),
        ));
    };
    if number < 0 {
        return None;
    }
    let body = &old[2..];
    let digits = match prefix {
        "0x" if body.contains(|digit: char| digit.is_ascii_lowercase()) => format!("{number:x}"),
        "0x" => format!("{number:X}"),
        "0o" => format!("{number:o}"),
        _ => format!("{number:b}"),
    };
    let width = body.chars().filter(|digit| *digit != '_').count();
    Some(format!("{prefix}{}", grouped(body, &format!("{digits:0>width$}"))))
}

fn float(old: &str, number: f64) -> Option<String> {
    if !number.is_finite() {
        let name = if number.is_nan() { "nan" } else { "inf" };
        return Some(signed(old, number.is_sign_negative(), name));
    }
    let magnitude = number.abs();
    let exponent_mark = old.find(['e', 'E']).filter(|_| !old.contains("inf"));
    let Some(mark) = exponent_mark else {
        let plain = literal::float(magnitude);
        if plain.contains('e') {
            return Some(signed(old, number.is_sign_negative(), &plain));
        }
        let (whole, fraction) = plain.split_once('.')?;
        let decimals = padded_decimals(old);
        let text = format!("{}.{fraction:0<decimals$}", grouped(old.split('.').next()?, whole));
        return Some(signed(old, number.is_sign_negative(), &text));
    };
    let scientific = format!("{magnitude:e}");
    let (mantissa, exponent) = scientific.split_once('e')?;
    let mantissa = if old[..mark].contains('.') && !mantissa.contains('.') {
        format!("{mantissa}.0")
    } else {
        mantissa.to_owned()
    };
    let sign = match exponent.strip_prefix('-') {
        Some(_) => "-",
        None if old[mark + 1..].starts_with('+') => "+",
        None => "",
    };
    let width = match old[mark + 1..].trim_start_matches(['+', '-']) {
        padded if padded.starts_with('0') => padded.len(),
        _ => 0,
    };
    let exponent = exponent.trim_start_matches('-');
    let text = format!("{mantissa}{}{sign}{exponent:0>width$}", &old[mark..=mark]);
    Some(signed(old, number.is_sign_negative(), &text))
}

/// How many decimals the old number has, if it has zeros that only a person would write.
fn padded_decimals(old: &str) -> usize {
    match old.split_once('.') {
        Some((_, fraction)) if fraction.len() > 1 && fraction.ends_with('0') && !fraction.contains('_') => {
            fraction.len()
        }
        Some(_) | None => 0,
    }
}

fn signed(old: &str, negative: bool, text: &str) -> String {
    let sign = match (negative, old.starts_with('+')) {
        (true, _) => "-",
        (false, true) => "+",
        (false, false) => "",
    };
    format!("{sign}{text}")
}

/// The digits with `_` where the old number has them, counted from the right; beyond its last one, in the
/// same steps.
fn grouped(old: &str, digits: &str) -> String {
    let mut marks = Vec::new();
    let mut count = 0;
    for character in old.chars().rev() {
        match character {
            '_' => marks.push(count),
            sign if sign == '+' || sign == '-' => {}
            _ => count += 1,
        }
    }
    let Some(&last) = marks.last() else {
        return digits.to_owned();
    };
    let step = marks
        .len()
        .checked_sub(2)
        .map_or(last, |before| last - marks[before])
        .max(1);
    let mut reversed = String::new();
    for (position, digit) in digits.chars().rev().enumerate() {
        let beyond = position > last && (position - last).is_multiple_of(step);
        if position > 0 && (marks.contains(&position) || beyond) {
            reversed.push('_');
        }
        reversed.push(digit);
    }
    reversed.chars().rev().collect()
}

fn string(old: &str, text: &str) -> Option<String> {
    if let Some(body) = old.strip_prefix("'''") {
        let writable = !text.contains("'''") && !text.ends_with('\'') && !text.contains(unprintable_but_line_ends);
        return writable.then(|| format!("'''{}{text}'''", first_line_break(body, text)));
    }
    if let Some(body) = old.strip_prefix("\"\"\"") {
        return Some(format!(
            "\"\"\"{}{}\"\"\"",
            first_line_break(body, text),
            escaped_lines(text)
        ));
    }
    if old.starts_with('\'') {
        let writable = !text.contains('\'') && !text.contains(|c: char| c.is_control() && c != '\t');
        return writable.then(|| format!("'{text}'"));
    }
    None
}

fn unprintable_but_line_ends(character: char) -> bool {
    character.is_control() && !matches!(character, '\t' | '\n')
}

/// The line break behind the opening quotes, which is no part of the text.
fn first_line_break(old_body: &str, text: &str) -> &'static str {
    if old_body.starts_with("\r\n") {
        "\r\n"
    } else if old_body.starts_with('\n') || text.starts_with(['\n', '\r']) {
        "\n"
    } else {
        ""
    }
}

/// The text between `"""` and `"""`: line ends stand as they are.
fn escaped_lines(text: &str) -> String {
    let lines: Vec<String> = text
        .split('\n')
        .map(|line| {
            let quoted = literal::basic_string(line);
            // The quotes need no escape, unless three could end the string.
            let inner = &quoted[1..quoted.len() - 1];
            if line.contains("\"\"") || line.ends_with('"') {
                inner.to_owned()
            } else {
                inner.replace("\\\"", "\"")
            }
        })
        .collect();
    lines.join("\n")
}

/// The delimiter between date and time, and the letter of UTC.
fn datetime(old: &str, new: &str) -> String {
    const DELIMITER: usize = "1979-05-27".len();
    let mut text = new.to_owned();
    if let (Some(delimiter @ ("t" | " ")), Some("T")) = (old.get(DELIMITER..=DELIMITER), new.get(DELIMITER..=DELIMITER))
    {
        text.replace_range(DELIMITER..=DELIMITER, delimiter);
    }
    if old.ends_with('z') && text.ends_with('Z') {
        text.truncate(text.len() - 1);
        text.push('z');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{Value, like};

    fn check(cases: &[(&str, &str, &str)]) {
        for (old, new, expected) in cases {
            let value = Value::parse_literal(new).unwrap();
            let spelled = like(old, &value);
            assert_eq!(spelled, *expected, "{old} -> {new}");
            assert_eq!(Value::parse_literal(&spelled), Some(value), "{old} -> {new}");
        }
    }

    #[test]
    fn an_integer_keeps_radix_case_width_separators_and_sign() {
        check(&[
            ("0xFF", "10", "0x0A"),
            ("0xff", "300", "0x12c"),
            ("0xdead_beef", "1", "0x0000_0001"),
            ("0o755", "420", "0o644"),
            ("0b1", "2", "0b10"),
            ("0xFF", "-1", "-1"),
            ("1_000", "1234567", "1_234_567"),
            ("1_000", "5", "5"),
            ("1_00_000", "12345678", "1_23_45_678"),
            ("+5", "7", "+7"),
            ("+5", "-7", "-7"),
            ("60", "55", "55"),
            ("-1_000", "-9223372036854775808", "-9_223_372_036_854_775_808"),
            ("0xF", "9223372036854775807", "0x7FFFFFFFFFFFFFFF"),
        ]);
    }

    #[test]
    fn a_float_keeps_exponent_separators_padding_and_sign() {
        check(&[
            ("6.02e23", "1.5e10", "1.5e10"),
            ("1E6", "2500000.0", "2.5E6"),
            ("1.0e+06", "0.002", "2.0e-03"),
            ("5e+22", "100.0", "1e+2"),
            ("2.50", "3.0", "3.00"),
            ("2.5", "3.25", "3.25"),
            ("1_000.5", "1234567.5", "1_234_567.5"),
            ("+1.5", "2.0", "+2.0"),
            ("+inf", "1.0", "+1.0"),
            ("1.5", "-inf", "-inf"),
            ("1.5", "nan", "nan"),
            ("0.0", "-0.0", "-0.0"),
            ("1.5", "1e300", "1e300"),
        ]);
    }

    #[test]
    fn a_string_keeps_its_quotes_where_it_can() {
        check(&[
            ("'a'", r#""b""#, "'b'"),
            ("'a'", r#""it's""#, r#""it's""#),
            ("'a'", r#""x\ny""#, r#""x\ny""#),
            ("\"a\"", "'b\\c'", r#""b\\c""#),
            ("'''\na'''", r#""x\ny""#, "'''\nx\ny'''"),
            ("'''a'''", r#""x'""#, r#""x'""#),
            (
                "\"\"\"\na\n\"\"\"",
                r#""say \"hi\" now\n""#,
                "\"\"\"\nsay \"hi\" now\n\"\"\"",
            ),
            ("\"\"\"a\"\"\"", r#""\"\"\"""#, r#""""\"\"\"""""#),
            ("\"\"\"a\"\"\"", r#""\nx""#, "\"\"\"\n\nx\"\"\""),
            ("\"\"\"a\"\"\"", r#""x\r\ny""#, "\"\"\"x\\r\ny\"\"\""),
        ]);
    }

    #[test]
    fn a_datetime_keeps_its_delimiter_and_letter() {
        check(&[
            ("1979-05-27 07:32:00z", "2026-11-01T10:00:00Z", "2026-11-01 10:00:00z"),
            ("1979-05-27t07:32:00Z", "2026-11-01T10:00:00", "2026-11-01t10:00:00"),
            ("1979-05-27", "07:32:00", "07:32:00"),
        ]);
    }

    #[test]
    fn another_kind_is_spelled_plainly_and_the_same_value_is_not_spelled_again() {
        check(&[
            ("0xFF", "255", "0xFF"),
            ("\"\\u0041\"", "\"A\"", "\"\\u0041\""),
            ("0xFF", "1.5", "1.5"),
            ("'a'", "[1]", "[1]"),
            ("true", "false", "false"),
        ]);
    }
}
