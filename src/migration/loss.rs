//! What a step loses: settings that its inverse would not make again what they were. Most steps lose what they drop;
//! some lose what the way back would take for their own work.

use super::apply::Walk;
use super::pattern::Pattern;
use super::step::When;
use crate::document::{KeyPath, Table};

/// Something that cannot be made again of what a migration leaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loss {
    /// The setting, in the document that was migrated.
    pub key: KeyPath,
    /// The number of the step.
    pub step: usize,
}

impl Walk<'_, '_> {
    pub(super) fn lose(&mut self, key: &KeyPath) {
        let step = self.step;
        self.losses.push(Loss { key: key.clone(), step });
    }

    /// Takes note of settings that depend on others which the same step changes: on the way back these are not what they
    /// were any more.
    pub(super) fn note_crossed(&mut self, key: &Pattern, when: &When) {
        if when.key.wildcards() >= key.wildcards() {
            return;
        }
        let found = key.present(self.rewrite.content());
        let meets = |one: &KeyPath, other: &KeyPath| one.starts_with(other) || other.starts_with(one);
        let is_crossed = found.iter().any(|one| {
            let about = when.key.bind(&one.bound);
            let mut others = found.iter().filter(|other| other.path != one.path);
            about.is_some_and(|about| others.any(|other| meets(&about, &other.path)))
        });
        for one in found.iter().filter(|_| is_crossed) {
            self.lose(&one.path);
        }
    }

    /// Takes note of what has the name already that a step gives: the way back takes it for what the step has moved.
    pub(super) fn note_taken(&mut self, from: &Pattern, to: &Pattern, when: Option<&When>) {
        for found in to.present(self.rewrite.content()) {
            let Some(from) = from.bind(&found.bound).filter(|from| *from != found.path) else {
                continue;
            };
            let value = self.rewrite.get(&found.path);
            if self.rewrite.get(&from).is_none()
                && self.holds_before(when, &found, &[(&found.path, None), (&from, value)])
            {
                self.lose(&found.path);
            }
        }
    }

    /// Takes note of an empty table in which something is put: the way back takes it out again with that.
    pub(super) fn note_empty(&mut self, key: &KeyPath) {
        let mut table = key.split_last().map(|(table, _)| table);
        while let Some(path) = table.filter(|path| !path.is_empty()) {
            if let Some(value) = self.rewrite.get(&path) {
                if value.as_table().is_some_and(Table::is_empty) {
                    self.lose(&path);
                }
                return;
            }
            table = path.split_last().map(|(table, _)| table);
        }
    }
}
