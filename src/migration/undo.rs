//! The way back: the inverse of each step.
//!
//! What a step dropped is not made up here. Where an inverse cannot know what was, it leaves what is, and the store
//! takes over from history what the document held before. A step with a condition is taken back where the condition
//! held before it: where the settings, as they would have been then, fulfil it.

use super::apply::{Change, Direction, Done, Stuck, Walk, bound, is_item};
use super::format::Numbered;
use super::pattern::{Match, Pattern};
use super::step::{Map, Step, When};
use crate::document::{KeyPath, Table, Value};

impl Walk<'_, '_> {
    pub(super) fn back(&mut self, numbered: &Numbered) -> Done {
        let (step, origin) = (&numbered.step, &numbered.origin);
        let when = step.when();
        match step {
            Step::Rename(step) => self.moved_back(&step.rename, &step.to, when),
            Step::Move(step) => self.moved_back(&step.from, &step.to, when),
            Step::Copy(step) => self.taken_out(&step.to, when, &|_| false),
            // A setting that was not known before goes; what another one was is in history alone.
            Step::Set(step) if origin.is_declared == Some(false) => {
                self.taken_out(&step.set, when, &|value| *value != step.value)
            }
            Step::Default(step) if origin.is_declared == Some(true) => self.kept_out(&step.default, when, &step.value),
            Step::Default(step) => self.taken_out(&step.default, when, &|value| *value != step.value),
            Step::Remove(_) | Step::Set(_) | Step::Clamp(_) => Ok(()),
            Step::Convert(step) => self.reverted(&step.convert, when, &|value| step.back(value)),
            Step::Map(step) => self.reverted(&step.map, when, &|value| Ok(step.back(value, &origin.kinds))),
            Step::Scale(step) => self.reverted(&step.scale, when, &|value| step.back(value)),
            Step::Split(step) => self.join(&step.into, &step.split, &step.separator, when, Direction::Back),
            Step::Join(step) => self.split(&step.to, &step.join, &step.separator, when, Direction::Back),
            Step::Wrap(step) => {
                let to = step.to.as_ref().unwrap_or(&step.wrap);
                self.unwrapped(to, &step.wrap, when, Direction::Back)
            }
            Step::Unwrap(step) => {
                let to = step.to.as_ref().unwrap_or(&step.unwrap);
                self.wrapped(to, &step.unwrap, when, Direction::Back)
            }
            Step::Command(step) => {
                let Some(back) = &step.back else {
                    let stuck = Stuck::new(&KeyPath::root(), "its program says no way back (`back = [\"…\"]`)");
                    return self.or_left(&Match::default(), Err(stuck));
                };
                self.command(step, back)
            }
            Step::Decide(step) => Err(Stuck::new(
                &KeyPath::root(),
                format!("still to be decided: {}", step.decide),
            )),
        }
    }

    fn moved_back(&mut self, from: &Pattern, to: &Pattern, when: Option<&When>) -> Done {
        for found in to.present(self.rewrite.content()) {
            let was = bound(from, &found)?;
            let value = self.rewrite.get(&found.path);
            // What the step would have taken away is there still: its condition did not hold.
            let is_undone = when.is_some() && self.rewrite.get(&was).is_some();
            if was != found.path && !is_undone && self.holds_before(when, &found, &[(&found.path, None), (&was, value)])
            {
                let done = self.carried(&found.path, &was, Direction::Back);
                self.or_left(&found, done)?;
            }
        }
        Ok(())
    }

    /// Takes out the tables around a key that hold nothing any more: they came for what stood there.
    pub(super) fn prune(&mut self, key: &KeyPath) -> Done {
        let mut table = key.split_last().map(|(table, _)| table);
        while let Some(path) = table.filter(|path| !path.is_empty() && !is_item(path)) {
            let is_empty = self
                .rewrite
                .get(&path)
                .and_then(Value::as_table)
                .is_some_and(Table::is_empty);
            if !is_empty {
                break;
            }
            self.rewrite.unset(&path)?;
            table = path.split_last().map(|(table, _)| table);
        }
        Ok(())
    }

    /// Takes settings out again that a step has put there; `is_loss` says of which value nobody could make it again.
    fn taken_out(&mut self, key: &Pattern, when: Option<&When>, is_loss: &dyn Fn(&Value) -> bool) -> Done {
        for found in key.present(self.rewrite.content()).into_iter().rev() {
            // An item that was put at the end is not told from one that was there.
            if is_item(&found.path) || !self.holds_before(when, &found, &[(&found.path, None)]) {
                continue;
            }
            if self.rewrite.get(&found.path).is_some_and(is_loss) {
                self.lose(&found.path);
            }
            self.rewrite.unset(&found.path)?;
            self.prune(&found.path)?;
        }
        Ok(())
    }

    /// Takes a default out again of a setting that was known before; any other value may have stood there.
    fn kept_out(&mut self, key: &Pattern, when: Option<&When>, value: &Value) -> Done {
        for found in key.present(self.rewrite.content()).into_iter().rev() {
            if !is_item(&found.path)
                && self.rewrite.get(&found.path) == Some(value)
                && self.holds_before(when, &found, &[(&found.path, None)])
            {
                self.rewrite.unset(&found.path)?;
            }
        }
        Ok(())
    }

    /// Gives values back what they were.
    fn reverted(&mut self, key: &Pattern, when: Option<&When>, change: &Change<'_>) -> Done {
        for found in key.present(self.rewrite.content()) {
            let Some(value) = self.rewrite.get(&found.path) else {
                continue;
            };
            let about = when.and_then(|when| when.key.bind(&found.bound));
            let is_own = about.is_some_and(|about| about.starts_with(&found.path) || found.path.starts_with(&about));
            if !is_own && !self.holds(when, &found) {
                continue;
            }
            let changed = match change(value) {
                Ok(changed) => changed,
                // It cannot have been one for which the condition held.
                Err(_) if is_own => continue,
                Err(reason) => {
                    self.or_left(&found, Err(Stuck::new(&found.path, reason)))?;
                    continue;
                }
            };
            if self.holds_before(when, &found, &[(&found.path, Some(&changed))]) {
                self.give(&found.path, &changed)?;
            }
        }
        Ok(())
    }
}

impl Map {
    pub(super) fn forth(&self, value: &Value) -> Value {
        self.values.get(&value.bare()).unwrap_or(value).clone()
    }

    /// The value that became this one; where several did, the first. `kinds` are those that the setting took before,
    /// none where that is not known.
    pub(super) fn back(&self, value: &Value, kinds: &[String]) -> Value {
        let old = self.values.iter().find(|(_, new)| *new == value).map(|(old, _)| old);
        let Some(old) = old else { return value.clone() };
        let takes = |kind: &str| kinds.is_empty() || kinds.iter().any(|taken| taken == kind);
        // The keys of the table are texts, whatever the values were.
        match Value::parse_literal(old) {
            Some(literal @ Value::Integer(_)) if takes("integer") || takes("number") => literal,
            Some(literal @ Value::Float(_)) if takes("number") => literal,
            Some(literal @ Value::Boolean(_)) if takes("boolean") => literal,
            Some(_) | None => Value::String(old.clone()),
        }
    }
}
