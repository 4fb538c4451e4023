//! One value made into another: kinds, units, durations, scales.

use super::step::{Clamp, Convert, Kind, Scale};
use crate::document::Value;

/// Why a value cannot become what it should; without the value, which may be a secret.
pub(super) type Refusal = String;

/// More decimals than these are the noise of binary fractions.
const DECIMALS: usize = 14;

impl Convert {
    pub(super) fn forth(&self, value: &Value) -> Result<Value, Refusal> {
        self.make(value, self.to)
    }

    /// What it was, where that is said or can be guessed.
    pub(super) fn back(&self, value: &Value) -> Result<Value, Refusal> {
        let kind = self.from.unwrap_or(match self.to {
            Kind::String => Kind::Number,
            Kind::Integer | Kind::Number | Kind::Boolean => Kind::String,
            Kind::Duration => Kind::Seconds,
            Kind::Seconds => Kind::Duration,
            Kind::Array => Kind::Item,
            Kind::Item => Kind::Array,
        });
        self.make(value, kind)
    }

    fn make(&self, value: &Value, kind: Kind) -> Result<Value, Refusal> {
        let refused = |wanted: &str| format!("this {} cannot become {wanted}", value.kind());
        match kind {
            Kind::String => match value {
                Value::String(_) => Ok(value.clone()),
                Value::Integer(_) | Value::Float(_) | Value::Boolean(_) | Value::Datetime(_) => {
                    let (prefix, suffix) = (self.prefix.as_deref(), self.suffix.as_deref());
                    let (prefix, suffix) = (prefix.unwrap_or_default(), suffix.unwrap_or_default());
                    Ok(Value::String(format!("{prefix}{value}{suffix}")))
                }
                Value::Array(_) | Value::Table(_) => Err(refused("a string")),
            },
            Kind::Integer => whole(self.number(value).as_ref()).ok_or_else(|| refused("a whole number")),
            Kind::Number => match self.number(value) {
                Some(number @ (Value::Integer(_) | Value::Float(_))) => Ok(number),
                Some(_) | None => Err(refused("a number")),
            },
            Kind::Boolean => boolean(value).ok_or_else(|| refused("true or false")),
            Kind::Duration => match value {
                Value::String(text) if seconds(text).is_some() => Ok(value.clone()),
                Value::Integer(number) => duration(*number)
                    .map(Value::String)
                    .ok_or_else(|| refused("a duration")),
                Value::String(_)
                | Value::Float(_)
                | Value::Boolean(_)
                | Value::Datetime(_)
                | Value::Array(_)
                | Value::Table(_) => Err(refused("a duration")),
            },
            Kind::Seconds => match value {
                Value::Integer(_) => Ok(value.clone()),
                Value::String(text) => {
                    let seconds = seconds(text).map(Value::Integer);
                    seconds.ok_or_else(|| refused("a number of seconds; a duration is such as \"1h30m\""))
                }
                Value::Float(_) | Value::Boolean(_) | Value::Datetime(_) | Value::Array(_) | Value::Table(_) => {
                    Err(refused("a number of seconds"))
                }
            },
            Kind::Array => match value {
                Value::Array(_) => Ok(value.clone()),
                Value::String(_)
                | Value::Integer(_)
                | Value::Float(_)
                | Value::Boolean(_)
                | Value::Datetime(_)
                | Value::Table(_) => Ok(Value::Array(vec![value.clone()])),
            },
            Kind::Item => match value.as_array() {
                Some([only]) => Ok(only.clone()),
                Some(items) => Err(format!(
                    "this array has {} items, and one value can be kept",
                    items.len()
                )),
                None => Ok(value.clone()),
            },
        }
    }

    /// The number that a value is, or that its text is without what stands around it.
    fn number(&self, value: &Value) -> Option<Value> {
        let text = match value {
            Value::String(text) => text,
            Value::Boolean(yes) => return Some(Value::Integer(i64::from(*yes))),
            Value::Integer(_) | Value::Float(_) => return Some(value.clone()),
            Value::Datetime(_) | Value::Array(_) | Value::Table(_) => return None,
        };
        let text = text.trim();
        let text = match &self.prefix {
            Some(prefix) => text.strip_prefix(prefix.trim()).unwrap_or(text),
            None => text,
        };
        let text = match &self.suffix {
            Some(suffix) => text.strip_suffix(suffix.trim()).unwrap_or(text),
            None => text,
        };
        let text = text.trim();
        if let Ok(number) = text.parse() {
            return Some(Value::Integer(number));
        }
        let is_plain = text
            .bytes()
            .all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte));
        text.parse().ok().filter(|_| is_plain).map(Value::Float)
    }
}

fn whole(number: Option<&Value>) -> Option<Value> {
    match number {
        Some(Value::Integer(number)) => Some(Value::Integer(*number)),
        Some(Value::Float(number)) => as_whole(*number).map(Value::Integer),
        Some(_) | None => None,
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "only whole numbers that 64 bits hold are cast"
)]
fn as_whole(number: f64) -> Option<i64> {
    (number.fract() == 0.0 && number.abs() < 9.0e15).then_some(number as i64)
}

fn boolean(value: &Value) -> Option<Value> {
    let yes = match value {
        Value::Boolean(yes) => *yes,
        Value::Integer(1) => true,
        Value::Integer(0) => false,
        Value::String(text) => match text.trim().to_ascii_lowercase().as_str() {
            "true" | "yes" | "on" | "1" => true,
            "false" | "no" | "off" | "0" => false,
            _ => return None,
        },
        Value::Integer(_) | Value::Float(_) | Value::Datetime(_) | Value::Array(_) | Value::Table(_) => return None,
    };
    Some(Value::Boolean(yes))
}

const UNITS: [(char, i64); 4] = [('d', 86_400), ('h', 3_600), ('m', 60), ('s', 1)];

/// `90` as `1m30s`; nothing for what lies before now.
fn duration(mut seconds: i64) -> Option<String> {
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
fn seconds(text: &str) -> Option<i64> {
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

impl Scale {
    pub(super) fn forth(&self, value: &Value) -> Result<Value, Refusal> {
        let number = as_float(value)?;
        Ok(self.like(value, number * self.factor + self.offset, self.round))
    }

    pub(super) fn back(&self, value: &Value) -> Result<Value, Refusal> {
        let number = as_float(value)?;
        Ok(self.like(value, (number - self.offset) / self.factor, None))
    }

    /// A number as whole as the one that it is made of, where it is whole.
    #[expect(clippy::unused_self, reason = "it reads as what it belongs to")]
    fn like(&self, old: &Value, number: f64, round: Option<u8>) -> Value {
        let number = rounded(number, round.map_or(DECIMALS, usize::from));
        let was_whole = matches!(old, Value::Integer(_));
        match as_whole(number) {
            Some(whole) if was_whole || round == Some(0) => Value::Integer(whole),
            Some(_) | None => Value::Float(number),
        }
    }
}

impl Clamp {
    pub(super) fn forth(&self, value: &Value) -> Result<Value, Refusal> {
        let number = as_float(value)?;
        let least = self.minimum.filter(|least| number < *least);
        let bound = least.or(self.maximum.filter(|most| number > *most));
        Ok(match (bound, value) {
            (None, _) => value.clone(),
            (Some(bound), Value::Integer(_)) => as_whole(bound).map_or(Value::Float(bound), Value::Integer),
            (Some(bound), _) => Value::Float(bound),
        })
    }
}

/// Rounded to so many decimals, and to no more digits than a number of 64 bits has.
fn rounded(number: f64, decimals: usize) -> f64 {
    let exact = format!("{number:.decimals$}").parse().unwrap_or(number);
    format!("{exact:.14e}").parse().unwrap_or(exact)
}

#[expect(clippy::cast_precision_loss, reason = "what is too long to be exact is refused")]
fn as_float(value: &Value) -> Result<f64, Refusal> {
    match value {
        Value::Float(number) => Ok(*number),
        Value::Integer(number) if number.unsigned_abs() < 1 << 53 => Ok(*number as f64),
        Value::Integer(_)
        | Value::String(_)
        | Value::Boolean(_)
        | Value::Datetime(_)
        | Value::Array(_)
        | Value::Table(_) => Err(format!("this {} is no number that can be scaled", value.kind())),
    }
}

#[cfg(test)]
mod tests {
    use super::super::step::{Convert, Kind, Scale};
    use crate::document::Value;

    fn value(literal: &str) -> Value {
        Value::parse_literal(literal).unwrap()
    }

    fn convert(to: Kind, suffix: Option<&str>) -> Convert {
        Convert {
            convert: "a".parse().unwrap(),
            to,
            from: None,
            prefix: None,
            suffix: suffix.map(str::to_owned),
            when: None,
        }
    }

    #[track_caller]
    fn both_ways(convert: &Convert, old: &str, new: &str) {
        assert_eq!(convert.forth(&value(old)).unwrap(), value(new));
        assert_eq!(convert.back(&value(new)).unwrap(), value(old));
    }

    #[test]
    fn values_are_converted_forth_and_back() {
        both_ways(&convert(Kind::String, Some("s")), "30", "'30s'");
        both_ways(&convert(Kind::String, None), "2.5", "'2.5'");
        both_ways(&convert(Kind::Integer, Some(" %")), "'60 %'", "60");
        both_ways(&convert(Kind::Duration, None), "5400", "'1h30m'");
        both_ways(&convert(Kind::Seconds, None), "'5m'", "300");
        both_ways(&convert(Kind::Array, None), "'a'", "['a']");
        both_ways(&convert(Kind::Item, None), "[1]", "1");
        both_ways(&convert(Kind::Boolean, None), "'true'", "true");
    }

    #[test]
    fn what_is_there_already_stays_and_what_cannot_be_is_refused() {
        let integer = convert(Kind::Integer, Some("%"));
        assert_eq!(integer.forth(&value("60")).unwrap(), value("60"));
        assert_eq!(integer.forth(&value("'60%'")).unwrap(), value("60"));
        assert_eq!(integer.forth(&value("60.0")).unwrap(), value("60"));
        for wrong in ["'soon'", "60.5", "'inf'", "[1]", "''"] {
            assert!(integer.forth(&value(wrong)).is_err(), "{wrong}");
        }
        let seconds = convert(Kind::Seconds, None);
        for wrong in ["'5m1h'", "'5x'", "'m'", "''", "'-5m'"] {
            assert!(seconds.forth(&value(wrong)).is_err(), "{wrong}");
        }
    }

    #[test]
    fn scales_leave_no_noise_and_whole_numbers_whole() {
        let scale = |factor: f64, round| Scale {
            scale: "a".parse().unwrap(),
            factor,
            offset: 0.0,
            round,
            when: None,
        };
        let forth = |scale: &Scale, old: &str| scale.forth(&value(old)).unwrap().to_string();
        assert_eq!(forth(&scale(1000.0, None), "30"), "30000");
        assert_eq!(forth(&scale(0.1, None), "3"), "0.3");
        assert_eq!(forth(&scale(0.1, Some(0)), "26"), "3");
        assert_eq!(forth(&scale(10.0, None), "0.3"), "3.0");
        let tenth = scale(0.1, None);
        assert_eq!(tenth.back(&value("0.3")).unwrap().to_string(), "3.0");
    }
}
