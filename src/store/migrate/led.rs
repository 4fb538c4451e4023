//! Settings led back along history: they begin as they were before they came up, and what has changed since then is
//! taken over, settings through the inverses of the steps, comments beside them.

use super::super::StoreError;
use super::super::chain::{Chain, MigrateError};
use super::super::restore::take_over;
use super::{Crossing, Way, run};
use crate::document::{self, Document, KeyPath, line_column};
use crate::migration::{Left, Runner};

/// Settings of version `from` as those of the version that they came up from.
pub(super) fn led_back(
    way: &Way<'_, '_>,
    document: &Document,
    from: u32,
    crossing: &Crossing,
) -> Result<Document, StoreError> {
    let root = &way.session.store.root;
    let mut run = |command: &[String], seconds: u64, settings: &_| run::run(command, seconds, settings, root);
    let (mut then, mut now) = (crossing.after.clone(), document.clone());
    for version in (crossing.version + 1..=from).rev() {
        let (mut left_then, mut left_now) = (Vec::new(), Vec::new());
        then = way.chain.undone(&then, version, &mut left_then, &mut run)?;
        now = way.chain.undone(&now, version, &mut left_now, &mut run)?;
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

impl Chain {
    /// Settings of a version through the inverses of the steps that led to it, as far as those go.
    fn undone(
        &self,
        document: &Document,
        version: u32,
        left: &mut Vec<Left>,
        run: &mut Runner<'_>,
    ) -> Result<Document, MigrateError> {
        let Some((_, _, migration)) = self.links(version.saturating_sub(1), version).next() else {
            return self.down(document, version, run).map(|migrated| migrated.document);
        };
        let undone = migration.undo_where_possible(document, left, run);
        undone.map(|migrated| migrated.document).map_err(|error| {
            let left = Left { error, value: None };
            self.no_way_back(left, version)
        })
    }

    fn no_way_back(&self, left: Left, version: u32) -> MigrateError {
        let (path, text) = self
            .links(version.saturating_sub(1), version)
            .next()
            .map_or(("", ""), |link| (link.0, link.1));
        MigrateError::Step {
            path: path.to_owned(),
            line: line_column(text, left.error.span.start).0,
            step: left.error.step,
            key: KeyPath::root().key(self.plugin()).concat(&left.error.key),
            reason: left.error.reason,
        }
    }
}
