//! One value made into a value of another kind.

use super::step::{Convert, Kind};
use crate::document::Value;
use crate::duration::{duration, iso_duration, iso_seconds, seconds};

/// Why a value cannot become what it should; without the value, which may be a secret.
pub(super) type Refusal = String;

/// Why a value cannot become what is wanted; without the value, which may be a secret.
pub(super) fn refused(value: &Value, wanted: &str) -> Refusal {
    match value {
        Value::String(text) if is_sealed(text) => {
            "it is sealed, and cannot be converted; take it out here (`remove`) and give it its new value with \
             `valvecfg secret set`"
                .to_owned()
        }
        Value::String(_)
        | Value::Integer(_)
        | Value::Float(_)
        | Value::Boolean(_)
        | Value::Datetime(_)
        | Value::Array(_)
        | Value::Table(_) => format!("this {} cannot become {wanted}", value.kind()),
    }
}

/// Whether a text looks as sealed secrets do. What is in one is not asked here.
pub(super) fn is_sealed(text: &str) -> bool {
    let is_base64 = |byte: u8| byte.is_ascii_alphanumeric() || b"+/=".contains(&byte);
    text.strip_prefix("age:")
        .is_some_and(|body| body.len() > 100 && body.bytes().all(is_base64))
}

impl Convert {
    pub(super) fn forth(&self, value: &Value) -> Result<Value, Refusal> {
        self.make(value, self.to)
    }

    /// What it was, where that is said or can be guessed.
    pub(super) fn back(&self, value: &Value) -> Result<Value, Refusal> {
        let kind = self.from.unwrap_or(match self.to {
            Kind::String => Kind::Number,
            Kind::Integer | Kind::Number | Kind::Boolean => Kind::String,
            Kind::Duration | Kind::IsoDuration => Kind::Seconds,
            Kind::Seconds => Kind::Duration,
            Kind::Array => Kind::Item,
            Kind::Item => Kind::Array,
        });
        self.make(value, kind)
    }

    fn make(&self, value: &Value, kind: Kind) -> Result<Value, Refusal> {
        let refused = |wanted: &str| refused(value, wanted);
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
            Kind::Duration | Kind::IsoDuration => {
                let is_iso = kind == Kind::IsoDuration;
                let length = match value {
                    Value::String(text) if is_iso && iso_seconds(text).is_some() => return Ok(value.clone()),
                    Value::String(text) if !is_iso && seconds(text).is_some() && text.parse::<u32>().is_err() => {
                        return Ok(value.clone());
                    }
                    Value::String(text) => seconds(text).or_else(|| iso_seconds(text)),
                    Value::Integer(number) => Some(*number),
                    Value::Float(number) => as_whole(*number),
                    Value::Boolean(_) | Value::Datetime(_) | Value::Array(_) | Value::Table(_) => None,
                };
                let print = if is_iso { iso_duration } else { duration };
                let text = length.and_then(print).map(Value::String);
                text.ok_or_else(|| refused("a duration"))
            }
            Kind::Seconds => match value {
                Value::Integer(_) => Ok(value.clone()),
                Value::String(text) => {
                    let seconds = seconds(text).or_else(|| iso_seconds(text)).map(Value::Integer);
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
pub(super) fn as_whole(number: f64) -> Option<i64> {
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

#[cfg(test)]
mod tests {
    use super::super::step::{Convert, Kind};
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
        both_ways(&convert(Kind::IsoDuration, None), "5400", "'PT1H30M'");
        both_ways(&convert(Kind::IsoDuration, None), "86400", "'P1D'");
        both_ways(&convert(Kind::IsoDuration, None), "90061", "'P1DT1H1M1S'");
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
        assert_eq!(seconds.forth(&value("'PT5M'")).unwrap(), value("300"));
        assert_eq!(seconds.forth(&value("'P2W'")).unwrap(), value("1209600"));
        for wrong in ["'P1M'", "'P1Y'", "'PT'", "'P'", "'P1H'", "'PT1D'"] {
            assert!(seconds.forth(&value(wrong)).is_err(), "{wrong}");
        }
        let duration = convert(Kind::Duration, None);
        assert_eq!(duration.forth(&value("'90'")).unwrap(), value("'1m30s'"));
        assert_eq!(duration.forth(&value("'PT90S'")).unwrap(), value("'1m30s'"));
        assert_eq!(duration.forth(&value("90.0")).unwrap(), value("'1m30s'"));
        for wrong in ["'5m1h'", "'5x'", "'m'", "''", "'-5m'"] {
            assert!(seconds.forth(&value(wrong)).is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_is_sealed_is_not_converted_and_nothing_of_it_is_told() {
        let sealed = Value::String(format!("age:{}", "QUJD".repeat(80)));
        let told = convert(Kind::Integer, None).forth(&sealed).unwrap_err();
        assert!(told.starts_with("it is sealed, and cannot be converted; "), "{told}");
        assert!(!told.contains("QUJD"));
        assert_eq!(convert(Kind::String, None).forth(&sealed).unwrap(), sealed);
    }
}
