//! The way back: the inverse of each step.
//!
//! What a step dropped is not made up here. Where an inverse cannot know what was, it leaves what is, and the store
//! takes over from history what the document held before.

use super::apply::{Done, Stuck, Walk, is_item};
use super::pattern::Pattern;
use super::step::{Map, Step, When};
use crate::document::{KeyPath, Value};

impl Walk<'_, '_> {
    pub(super) fn back(&mut self, step: &Step) -> Done {
        let when = step.when();
        match step {
            Step::Rename(step) => self.moved(&step.to, &step.rename, moved(when, &step.rename, &step.to).as_ref()),
            Step::Move(step) => self.moved(&step.to, &step.from, moved(when, &step.from, &step.to).as_ref()),
            Step::Copy(step) => {
                let when = moved(when, &step.copy, &step.to);
                self.taken_out(&step.to, when.as_ref(), &mut |_| false)
            }
            // What it was before is in history alone.
            Step::Remove(_) | Step::Set(_) | Step::Clamp(_) => Ok(()),
            Step::Default(step) => self.taken_out(&step.default, when, &mut |value| *value != step.value),
            Step::Convert(step) => self.reverted(&step.convert, when, &mut |value| step.back(value)),
            Step::Map(step) => self.reverted(&step.map, when, &mut |value| Ok(unmapped(step, value))),
            Step::Scale(step) => self.reverted(&step.scale, when, &mut |value| step.back(value)),
            Step::Split(step) => self.join(&step.into, &step.split, &step.separator, when),
            Step::Join(step) => self.split(&step.to, &step.join, &step.separator, when),
            Step::Wrap(step) => {
                let to = step.to.as_ref().unwrap_or(&step.wrap);
                self.unwrapped(to, Some(&step.wrap), moved(when, &step.wrap, to).as_ref())
            }
            Step::Unwrap(step) => {
                let to = step.to.as_ref().unwrap_or(&step.unwrap);
                self.wrapped(to, Some(&step.unwrap), moved(when, &step.unwrap, to).as_ref())
            }
            Step::Command(step) => match &step.back {
                Some(back) => self.command(step, back),
                None => Err(Stuck::new(
                    &KeyPath::root(),
                    "its program says no way back (`back = [\"…\"]`)",
                )),
            },
            Step::Decide(step) => Err(Stuck::new(
                &KeyPath::root(),
                format!("still to be decided: {}", step.decide),
            )),
        }
    }

    /// Takes settings out again that a step has put there; `is_loss` says of which value nobody could make it again.
    fn taken_out(&mut self, key: &Pattern, when: Option<&When>, is_loss: &mut dyn FnMut(&Value) -> bool) -> Done {
        for found in key.present(self.rewrite.content()).into_iter().rev() {
            // An item that was put at the end is not told from one that was there.
            if is_item(&found.path) || !self.holds(when, &found, Some((&found.path, None))) {
                continue;
            }
            if self.rewrite.get(&found.path).is_some_and(&mut *is_loss) {
                self.lose(&found.path);
            }
            self.rewrite.unset(&found.path)?;
        }
        Ok(())
    }

    /// Gives values back what they were; a condition on such a value is that of what it was.
    fn reverted(
        &mut self,
        key: &Pattern,
        when: Option<&When>,
        change: &mut dyn FnMut(&Value) -> Result<Value, String>,
    ) -> Done {
        for found in key.present(self.rewrite.content()) {
            let Some(value) = self.rewrite.get(&found.path) else {
                continue;
            };
            let changed = change(value).map_err(|reason| Stuck::new(&found.path, reason))?;
            if self.holds(when, &found, Some((&found.path, Some(&changed)))) {
                self.rewrite.set(&found.path, &changed)?;
            }
        }
        Ok(())
    }
}

/// A condition on a setting that the step has moved looks for it where it is now.
fn moved(when: Option<&When>, from: &Pattern, to: &Pattern) -> Option<When> {
    let mut when = when?.clone();
    if when.key == *from {
        when.key = to.clone();
    }
    Some(when)
}

/// The value that became this one. Where several did, the first.
fn unmapped(map: &Map, value: &Value) -> Value {
    let old = map.values.iter().find(|(_, new)| *new == value).map(|(old, _)| old);
    let Some(old) = old else { return value.clone() };
    // The keys of the table are texts, whatever the values were.
    match Value::parse_literal(old) {
        Some(literal @ (Value::Integer(_) | Value::Float(_) | Value::Boolean(_))) => literal,
        Some(_) | None => Value::String(old.clone()),
    }
}
