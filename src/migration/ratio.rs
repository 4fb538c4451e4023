//! Fractions of whole numbers: what a factor makes of a number, exactly, so that the way back makes the same number
//! again.

/// A fraction; its denominator is positive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ratio {
    numerator: i128,
    denominator: i128,
}

/// A number with more digits than these is not told from its neighbours by 64 bits.
const DIGITS: u32 = 15;

impl Ratio {
    fn of(numerator: i128, denominator: i128) -> Option<Self> {
        let sign = if denominator < 0 { -1 } else { 1 };
        let common = divisor(numerator, denominator);
        if denominator == 0 {
            return None;
        }
        Some(Self {
            numerator: sign * (numerator / common),
            denominator: sign * (denominator / common),
        })
    }

    /// The number that the shortest decimals of a float say; nothing for one that is no number or too long.
    pub(super) fn of_float(number: f64) -> Option<Self> {
        if !number.is_finite() {
            return None;
        }
        let text = format!("{number}");
        let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
        let digits: i128 = format!("{whole}{fraction}").parse().ok()?;
        let scale = 10_i128.checked_pow(fraction.len().try_into().ok()?)?;
        Self::of(digits, scale)
    }

    pub(super) fn of_whole(number: i64) -> Self {
        Self {
            numerator: number.into(),
            denominator: 1,
        }
    }

    pub(super) fn plus(self, other: Self) -> Option<Self> {
        let left = self.numerator.checked_mul(other.denominator)?;
        let right = other.numerator.checked_mul(self.denominator)?;
        Self::of(
            left.checked_add(right)?,
            self.denominator.checked_mul(other.denominator)?,
        )
    }

    pub(super) fn minus(self, other: Self) -> Option<Self> {
        self.plus(Self {
            numerator: other.numerator.checked_neg()?,
            ..other
        })
    }

    pub(super) fn times(self, other: Self) -> Option<Self> {
        let numerator = self.numerator.checked_mul(other.numerator)?;
        Self::of(numerator, self.denominator.checked_mul(other.denominator)?)
    }

    pub(super) fn over(self, other: Self) -> Option<Self> {
        self.times(Self::of(other.denominator, other.numerator)?)
    }

    /// Rounded to so many decimals, half away from zero.
    pub(super) fn rounded(self, decimals: u8) -> Option<Self> {
        let scale = 10_i128.checked_pow(decimals.into())?;
        let scaled = self.numerator.checked_mul(scale)?;
        let (quotient, rest) = (scaled / self.denominator, scaled % self.denominator);
        let up = rest.abs().checked_mul(2)? >= self.denominator;
        Self::of(quotient + if up { scaled.signum() } else { 0 }, scale)
    }

    /// The whole number that it is, if it is one of 64 bits.
    pub(super) fn whole(self) -> Option<i64> {
        (self.denominator == 1)
            .then(|| self.numerator.try_into().ok())
            .flatten()
    }

    /// The float next to it: of a decimal number with at most 15 digits the one that says exactly that.
    #[expect(clippy::cast_precision_loss, reason = "the nearest is what is wanted")]
    pub(super) fn float(self) -> f64 {
        let scaled = (0..DIGITS).find_map(|decimals| {
            let scale = 10_i128.pow(decimals);
            let scaled = self.numerator.checked_mul(scale)?;
            (scaled % self.denominator == 0).then_some((scaled / self.denominator, decimals))
        });
        match scaled.and_then(|(digits, decimals)| format!("{digits}e-{decimals}").parse().ok()) {
            Some(exact) => exact,
            None => self.numerator as f64 / self.denominator as f64,
        }
    }
}

fn divisor(one: i128, other: i128) -> i128 {
    let (mut one, mut other) = (one.unsigned_abs(), other.unsigned_abs());
    while other != 0 {
        (one, other) = (other, one % other);
    }
    i128::try_from(one.max(1)).unwrap_or(1)
}

#[cfg(test)]
mod tests {
    use super::Ratio;

    #[test]
    fn decimal_numbers_are_exact_and_come_back() {
        let float = |number| Ratio::of_float(number).unwrap();
        assert_eq!(float(0.1).plus(float(0.2)).unwrap().float().to_string(), "0.3");
        assert_eq!(float(2.5).times(float(0.1)).unwrap().float().to_string(), "0.25");
        assert_eq!(
            Ratio::of_whole(90)
                .over(Ratio::of_whole(60))
                .unwrap()
                .float()
                .to_string(),
            "1.5"
        );
        let third = Ratio::of_whole(1).over(Ratio::of_whole(3)).unwrap();
        assert_eq!(third.whole(), None);
        assert_eq!(third.times(Ratio::of_whole(3)).unwrap().whole(), Some(1));
        assert!((third.float() - 1.0 / 3.0).abs() < f64::EPSILON);
        assert_eq!(Ratio::of_float(f64::NAN), None);
        assert_eq!(Ratio::of_whole(1).over(Ratio::of_whole(0)), None);
    }

    #[test]
    fn halves_are_rounded_away_from_zero() {
        let rounded = |number: f64, decimals| Ratio::of_float(number).unwrap().rounded(decimals).unwrap().float();
        assert_eq!(rounded(2.5, 0).to_string(), "3");
        assert_eq!(rounded(-2.5, 0).to_string(), "-3");
        assert_eq!(rounded(2.45, 1).to_string(), "2.5");
        assert_eq!(rounded(-0.4, 0).to_string(), "0");
    }
}
