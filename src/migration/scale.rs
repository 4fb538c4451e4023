//! Numbers that are multiplied and shifted, and numbers that are brought into a range.

use super::convert::{Refusal, as_whole, refused};
use super::ratio::Ratio;
use super::step::{Clamp, Scale};
use crate::document::Value;

impl Scale {
    /// The number times the factor, over the divisor, plus the offset, rounded; each exactly.
    pub(super) fn forth(&self, value: &Value) -> Result<Value, Refusal> {
        let made = self.constants().and_then(|[factor, divisor, offset]| {
            let made = ratio(value)?.times(factor)?.over(divisor)?.plus(offset)?;
            self.round.map_or(Some(made), |decimals| made.rounded(decimals))
        });
        self.like(value, made)
    }

    pub(super) fn back(&self, value: &Value) -> Result<Value, Refusal> {
        let made = self
            .constants()
            .and_then(|[factor, divisor, offset]| ratio(value)?.minus(offset)?.times(divisor)?.over(factor));
        self.like(value, made)
    }

    fn constants(&self) -> Option<[Ratio; 3]> {
        Some([
            Ratio::of_float(self.factor)?,
            Ratio::of_float(self.divisor)?,
            Ratio::of_float(self.offset)?,
        ])
    }

    /// A number as whole as the one that it is made of, where it is whole.
    fn like(&self, old: &Value, made: Option<Ratio>) -> Result<Value, Refusal> {
        let made = made.ok_or_else(|| refused(old, "a number that can be scaled"))?;
        let was_whole = matches!(old, Value::Integer(_));
        Ok(match made.whole() {
            Some(whole) if was_whole || self.round == Some(0) => Value::Integer(whole),
            Some(_) | None => Value::Float(made.float()),
        })
    }
}

fn ratio(value: &Value) -> Option<Ratio> {
    match value {
        Value::Float(number) => Ratio::of_float(*number),
        Value::Integer(number) => Some(Ratio::of_whole(*number)),
        Value::String(_) | Value::Boolean(_) | Value::Datetime(_) | Value::Array(_) | Value::Table(_) => None,
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
        | Value::Table(_) => Err(refused(value, "a number with bounds")),
    }
}

#[cfg(test)]
mod tests {
    use super::super::step::Scale;
    use crate::document::Value;

    fn value(literal: &str) -> Value {
        Value::parse_literal(literal).unwrap()
    }

    #[test]
    fn scales_leave_no_noise_and_whole_numbers_whole() {
        let scale = |factor: f64, round| Scale {
            scale: "a".parse().unwrap(),
            factor,
            divisor: 1.0,
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

    #[test]
    fn what_is_divided_exactly_comes_back_exactly_and_what_is_rounded_does_not() {
        let scale = |factor: f64, divisor: f64, offset: f64, round| Scale {
            scale: "a".parse().unwrap(),
            factor,
            divisor,
            offset,
            round,
            when: None,
        };
        let comes_back = |scale: &Scale, old: &str| {
            let old = value(old);
            scale.back(&scale.forth(&old).unwrap()).unwrap() == old
        };
        let minutes = scale(1.0, 60.0, 0.0, None);
        assert_eq!(minutes.forth(&value("5400")).unwrap(), value("90"));
        assert_eq!(minutes.forth(&value("90")).unwrap(), value("1.5"));
        let fahrenheit = scale(9.0, 5.0, 32.0, None);
        assert_eq!(fahrenheit.forth(&value("21.5")).unwrap(), value("70.7"));
        for whole in 0..500 {
            let tenths = format!("{}.{}", whole / 10, whole % 10);
            assert!(comes_back(&fahrenheit, &tenths), "{tenths}");
            assert!(comes_back(&scale(0.1, 1.0, 0.0, None), &tenths), "{tenths}");
            assert!(comes_back(&scale(1000.0, 1.0, 0.0, None), &whole.to_string()));
        }
        let round = scale(1.0, 60.0, 0.0, Some(0));
        assert!(comes_back(&round, "120") && !comes_back(&round, "119"));
        assert!(scale(1e300, 1.0, 0.0, None).forth(&value("1")).is_err());
    }
}
