//! Numbers in a foreign text that would not be what they were as TOML: many formats set them no limits, TOML's are those of
//! 64 bits. They are looked at as they are spelled, since whoever parses them rounds them.

/// Something that no setting can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unholdable {
    /// What it is. Not what it says: it may be a secret.
    pub found: &'static str,
    /// What could stand there.
    pub allowed: &'static str,
}

/// A whole number that TOML has none for.
pub(super) const TOO_LARGE: Unholdable = Unholdable {
    found: "a whole number beyond 64 bits",
    allowed: "whole numbers are those from -9223372036854775808 to 9223372036854775807",
};

/// Whether a number in decimal digits is the same when it is read as one of 64 bits.
pub(crate) fn is_kept(word: &str) -> bool {
    lost(word).is_none()
}

/// Why a number in decimal digits cannot be taken over, and what could.
pub(super) fn lost(word: &str) -> Option<Unholdable> {
    if !word.contains(['.', 'e', 'E']) {
        return word.parse::<i64>().is_err().then_some(TOO_LARGE);
    }
    let number: f64 = word.parse().ok()?;
    if number.is_infinite() {
        return Some(Unholdable {
            found: "a number beyond those of 64 bits",
            allowed: "the largest number is about 1.797e308",
        });
    }
    let digits = significant(word);
    // Some programs write all 17 digits that tell one number from the next, or even more: as many as it has are
    // compared. Nothing is lost as long as they agree.
    let kept = format!("{number:.*e}", digits.len().saturating_sub(1));
    (significant(&kept) != digits).then_some(Unholdable {
        found: "a number of more digits than 64 bits keep",
        allowed: "numbers have up to 15 digits, and 17 where they come from a program",
    })
}

/// A number's digits without zeros at either end.
fn significant(word: &str) -> String {
    let end = word.find(['e', 'E']).unwrap_or(word.len());
    let digits: String = word[..end].chars().filter(char::is_ascii_digit).collect();
    digits.trim_matches('0').to_owned()
}
