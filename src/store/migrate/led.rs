//! Settings led back along history: they begin as they were before they came up, and what has changed since then is
//! taken over, settings through the inverses of the steps, comments beside them.

use super::super::StoreError;
use super::super::restore::take_over;
use super::{Crossing, Way};
use crate::document::{self, Document, KeyPath};

/// Settings of version `from` as those of the version that they came up from.
pub(super) fn led_back(
    way: &Way<'_, '_>,
    document: &Document,
    from: u32,
    crossing: &Crossing,
) -> Result<Document, StoreError> {
    let (mut then, mut now) = (crossing.after.clone(), document.clone());
    for version in (crossing.version + 1..=from).rev() {
        let (left_then, left_now);
        (then, left_then) = way.chain.down_where_possible(&then, version, &mut way.runner())?;
        (now, left_now) = way.chain.down_where_possible(&now, version, &mut way.runner())?;
        // What has no way back stays as it was before it came up, unless it has changed.
        if let Some(left) = left_now.into_iter().find(|left| !left_then.contains(left)) {
            return Err(way.chain.no_way_back(left, version).into());
        }
    }
    let mut led = crossing.before.clone();
    let (stay, others): (Vec<_>, Vec<_>) = document::changes(&then, &now)
        .into_iter()
        .partition(|change| change.after.is_some() && led.contains(&change.key));
    for change in stay {
        // Spelled as it was spelled there.
        if let Some(value) = &change.after {
            led = led.set(&change.key, value)?;
        }
    }
    let led = take_over(&led, &now, &KeyPath::root(), others, &[])?;
    Ok(led.with_comments_since(&then, &now))
}
