//! Lengths of time as texts: `1h30m`, and `PT1H30M` as ISO 8601 has it. Both count whole seconds.

const UNITS: [(char, i64); 4] = [('d', 86_400), ('h', 3_600), ('m', 60), ('s', 1)];

/// `90` as `1m30s`; nothing for what lies before now.
pub(super) fn duration(mut seconds: i64) -> Option<String> {
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
pub(super) fn seconds(text: &str) -> Option<i64> {
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

/// `90` as `PT1M30S`.
pub(super) fn iso_duration(seconds: i64) -> Option<String> {
    let text = duration(seconds)?.to_ascii_uppercase();
    let (days, time) = text
        .split_once('D')
        .map_or((None, text.as_str()), |(days, time)| (Some(days), time));
    let days = days.map_or_else(String::new, |days| format!("{days}D"));
    Some(match time {
        "" => format!("P{days}"),
        time => format!("P{days}T{time}"),
    })
}

/// The seconds of `PT1H30M` and `P1DT12H`. Years and months have no length of their own and are refused.
pub(super) fn iso_seconds(text: &str) -> Option<i64> {
    let text = text.trim().strip_prefix('P')?;
    let (date, time) = text
        .split_once('T')
        .map_or((text, None), |(date, time)| (date, Some(time)));
    if let Some(weeks) = date.strip_suffix('W') {
        let weeks: i64 = weeks.parse().ok()?;
        return weeks.checked_mul(7 * 86_400).filter(|_| time.is_none());
    }
    let is_date = date.is_empty() || date.ends_with('D');
    let is_time = time.is_none_or(|time| !time.is_empty() && !time.contains('D'));
    let all = format!("{date}{}", time.unwrap_or_default());
    let plain = all
        .chars()
        .all(|character| character.is_ascii_digit() || "DHMS".contains(character));
    (is_date && is_time && plain && all.contains(|character: char| character.is_ascii_alphabetic()))
        .then(|| seconds(&all.to_ascii_lowercase()))
        .flatten()
}
