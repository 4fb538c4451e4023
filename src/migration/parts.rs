//! Settings made of parts of others, and others made of them: `split` and `join`, `wrap` and `unwrap`. Each is the
//! inverse of the other, so both directions are here.

use super::apply::{Direction, Done, Stuck, Walk, bound};
use super::pattern::{Match, Pattern};
use super::step::When;
use crate::document::{KeyPath, Value};

impl Walk<'_, '_> {
    /// Makes several settings of the parts of a text. Backwards it takes a `join` of these settings back.
    pub(super) fn split(
        &mut self,
        key: &Pattern,
        into: &[Pattern],
        separator: &str,
        when: Option<&When>,
        direction: Direction,
    ) -> Done {
        if direction == Direction::Forth {
            self.note_parts(key, into, separator, when)?;
        }
        for found in key.present(self.rewrite.content()) {
            if direction == Direction::Forth && !self.holds(when, &found) {
                continue;
            }
            let targets = into
                .iter()
                .map(|to| bound(to, &found))
                .collect::<Result<Vec<KeyPath>, Stuck>>()?;
            let parts = match self.parts_of(&found, separator, into.len()) {
                Ok(parts) => parts,
                // It was not made by the step, whose condition may not have held.
                Err(_) if direction == Direction::Back && when.is_some() => continue,
                Err(stuck) => {
                    self.or_left(&found, Err(stuck))?;
                    continue;
                }
            };
            if direction == Direction::Back && !self.held_for(when, &found, &targets, &parts) {
                continue;
            }
            let done = self.put_parts(&found.path, &targets, &parts, direction);
            self.or_left(&found, done)?;
        }
        Ok(())
    }

    /// The first part stays where the text stood, with its comments.
    fn put_parts(&mut self, from: &KeyPath, targets: &[KeyPath], parts: &[Value], direction: Direction) -> Done {
        let mut others = targets
            .iter()
            .skip(1)
            .chain(targets.first().filter(|first| *first != from));
        if let Some(taken) = others.find(|target| self.rewrite.get(target).is_some()) {
            return Err(Stuck::new(taken, "it is set already"));
        }
        for (at, (to, part)) in targets.iter().zip(parts).enumerate() {
            if at == 0 && to != from {
                self.carried(from, to, direction)?;
            }
            self.rewrite.set(to, part)?;
        }
        Ok(())
    }

    /// Makes one text of several settings. Backwards it takes a `split` into these settings back.
    pub(super) fn join(
        &mut self,
        keys: &[Pattern],
        to: &Pattern,
        separator: &str,
        when: Option<&When>,
        direction: Direction,
    ) -> Done {
        let Some((first, _)) = keys.split_first() else {
            return Ok(());
        };
        if direction == Direction::Forth {
            self.note_joined(keys, to, separator, when)?;
        }
        for found in first.present(self.rewrite.content()) {
            let paths = keys
                .iter()
                .map(|key| bound(key, &found))
                .collect::<Result<Vec<KeyPath>, Stuck>>()?;
            let target = bound(to, &found)?;
            let parts: Option<Vec<&Value>> = paths.iter().map(|path| self.rewrite.get(path)).collect();
            let Some(parts) = parts else { continue };
            let texts: Vec<String> = parts.iter().map(|part| part.bare()).collect();
            let joined = Value::String(texts.join(separator));
            let holds = match direction {
                Direction::Forth => self.holds(when, &found),
                Direction::Back
                    if when.is_some() && !paths.contains(&target) && self.rewrite.get(&target).is_some() =>
                {
                    false
                }
                Direction::Back => {
                    let mut then: Vec<(&KeyPath, Option<&Value>)> = paths.iter().map(|path| (path, None)).collect();
                    then.push((&target, Some(&joined)));
                    self.holds_before(when, &found, &then)
                }
            };
            if !holds {
                continue;
            }
            let again = split(&texts.join(separator), separator, paths.len());
            if direction == Direction::Forth && again.is_none_or(|again| !again.iter().eq(parts)) {
                self.lose_all(&paths);
            }
            let done = self.put_joined(&paths, &target, &joined, direction);
            self.or_left(&found, done)?;
        }
        Ok(())
    }

    /// The text stands where the first of the settings stood.
    fn put_joined(&mut self, paths: &[KeyPath], target: &KeyPath, joined: &Value, direction: Direction) -> Done {
        if !paths.contains(target) && self.rewrite.get(target).is_some() {
            return Err(Stuck::new(target, "it is set already"));
        }
        for (at, path) in paths.iter().enumerate().rev() {
            if at > 0 {
                self.rewrite.unset(path)?;
                if direction == Direction::Back {
                    self.prune(path)?;
                }
            } else if path != target {
                self.carried(path, target, direction)?;
            }
        }
        Ok(self.rewrite.set(target, joined)?)
    }

    /// Makes an array of one item of a value. Backwards it takes an `unwrap` back.
    pub(super) fn wrapped(&mut self, key: &Pattern, to: &Pattern, when: Option<&When>, direction: Direction) -> Done {
        if direction == Direction::Forth {
            self.note_shaped(key, to, when, &|value| match value.as_array() {
                Some([only]) => Some(only.clone()),
                Some(_) | None => None,
            })?;
        }
        for found in key.present(self.rewrite.content()) {
            let target = bound(to, &found)?;
            let Some(value) = self.rewrite.get(&found.path) else {
                continue;
            };
            let wrapped = Value::Array(vec![value.clone()]);
            if self.is_due(when, &found, (&target, &wrapped), direction) {
                let done = self.reshaped(&found.path, &target, &wrapped, direction);
                self.or_left(&found, done)?;
            }
        }
        Ok(())
    }

    /// Makes its only item of an array. Backwards it takes a `wrap` back.
    pub(super) fn unwrapped(&mut self, key: &Pattern, to: &Pattern, when: Option<&When>, direction: Direction) -> Done {
        if direction == Direction::Forth {
            self.note_shaped(key, to, when, &|value| Some(Value::Array(vec![value.clone()])))?;
        }
        for found in key.present(self.rewrite.content()) {
            if direction == Direction::Forth && !self.holds(when, &found) {
                continue;
            }
            let only = match self.rewrite.get(&found.path).map(Value::as_array) {
                Some(Some([only])) => only.clone(),
                // It was not made by the step, whose condition may not have held.
                _ if direction == Direction::Back && when.is_some() => continue,
                others => {
                    let reason = others.flatten().map_or_else(
                        || "it is no array".to_owned(),
                        |items| format!("it has {} items, and one can be kept", items.len()),
                    );
                    self.or_left(&found, Err(Stuck::new(&found.path, reason)))?;
                    continue;
                }
            };
            let target = bound(to, &found)?;
            if self.is_due(when, &found, (&target, &only), direction) {
                let done = self.reshaped(&found.path, &target, &only, direction);
                self.or_left(&found, done)?;
            }
        }
        Ok(())
    }

    fn reshaped(&mut self, from: &KeyPath, to: &KeyPath, value: &Value, direction: Direction) -> Done {
        if to != from {
            self.carried(from, to, direction)?;
        }
        self.give(to, value)
    }

    /// Gives something another name; backwards, what came for it goes with it.
    pub(super) fn carried(&mut self, from: &KeyPath, to: &KeyPath, direction: Direction) -> Done {
        if direction == Direction::Forth {
            self.note_empty(to);
        }
        self.rewrite.rename(from, to)?;
        match direction {
            Direction::Forth => Ok(()),
            Direction::Back => self.prune(from),
        }
    }

    fn lose_all(&mut self, keys: &[KeyPath]) {
        for key in keys {
            self.lose(key);
        }
    }

    /// Whether a value gets another shape, which it has at `made`: forth where the condition holds, back where it held.
    fn is_due(&self, when: Option<&When>, found: &Match, made: (&KeyPath, &Value), direction: Direction) -> bool {
        match direction {
            Direction::Forth => self.holds(when, found),
            Direction::Back => {
                // What the step would have taken away is there still: its condition did not hold.
                let is_undone = when.is_some() && *made.0 != found.path && self.rewrite.get(made.0).is_some();
                !is_undone && self.holds_before(when, found, &[(&found.path, None), (made.0, Some(made.1))])
            }
        }
    }

    fn held_for(&self, when: Option<&When>, found: &Match, targets: &[KeyPath], parts: &[Value]) -> bool {
        let mut others = targets.iter().filter(|target| **target != found.path);
        if when.is_some() && others.any(|target| self.rewrite.get(target).is_some()) {
            return false;
        }
        let mut then: Vec<(&KeyPath, Option<&Value>)> = vec![(&found.path, None)];
        then.extend(targets.iter().zip(parts).map(|(target, part)| (target, Some(part))));
        self.holds_before(when, found, &then)
    }

    fn parts_of(&self, found: &Match, separator: &str, count: usize) -> Result<Vec<Value>, Stuck> {
        let Some(Value::String(text)) = self.rewrite.get(&found.path) else {
            return Err(Stuck::new(&found.path, "only a string can be split"));
        };
        split(text, separator, count).ok_or_else(|| {
            let has = text.split(separator).count();
            Stuck::new(
                &found.path,
                format!("it has {has} of {count} parts apart by `{separator}`"),
            )
        })
    }

    /// Takes note of parts that are there already: the way back takes them for what the step has split.
    fn note_parts(&mut self, key: &Pattern, into: &[Pattern], separator: &str, when: Option<&When>) -> Done {
        let Some(first) = into.first() else { return Ok(()) };
        for found in first.present(self.rewrite.content()) {
            let whole = bound(key, &found)?;
            let paths = into
                .iter()
                .map(|to| bound(to, &found))
                .collect::<Result<Vec<KeyPath>, Stuck>>()?;
            let parts: Option<Vec<&Value>> = paths.iter().map(|path| self.rewrite.get(path)).collect();
            let Some(parts) = parts else { continue };
            let is_done = self.rewrite.get(&whole).is_some() && self.holds(when, &found);
            let texts: Vec<String> = parts.iter().map(|part| part.bare()).collect();
            let joined = Value::String(texts.join(separator));
            let mut then: Vec<(&KeyPath, Option<&Value>)> = paths.iter().map(|path| (path, None)).collect();
            then.push((&whole, Some(&joined)));
            if !is_done && self.holds_before(when, &found, &then) {
                self.lose_all(&paths);
            }
        }
        Ok(())
    }

    /// Takes note of a text that is there already: the way back takes it for what the step has joined.
    fn note_joined(&mut self, keys: &[Pattern], to: &Pattern, separator: &str, when: Option<&When>) -> Done {
        for found in to.present(self.rewrite.content()) {
            let paths = keys
                .iter()
                .map(|key| bound(key, &found))
                .collect::<Result<Vec<KeyPath>, Stuck>>()?;
            let is_done = paths.iter().all(|path| self.rewrite.get(path).is_some()) && self.holds(when, &found);
            let Ok(parts) = self.parts_of(&found, separator, keys.len()) else {
                continue;
            };
            if !is_done && self.held_for(when, &found, &paths, &parts) {
                self.lose(&found.path);
            }
        }
        Ok(())
    }

    /// Takes note of what has the shape already that the step gives, `undone` being what the way back makes of it.
    fn note_shaped(
        &mut self,
        key: &Pattern,
        to: &Pattern,
        when: Option<&When>,
        undone: &dyn Fn(&Value) -> Option<Value>,
    ) -> Done {
        for found in to.present(self.rewrite.content()) {
            let from = bound(key, &found)?;
            let is_done = self.rewrite.get(&from).is_some() && self.holds(when, &found);
            let Some(before) = self.rewrite.get(&found.path).and_then(undone) else {
                continue;
            };
            if !is_done && self.holds_before(when, &found, &[(&found.path, None), (&from, Some(&before))]) {
                self.lose(&found.path);
            }
        }
        Ok(())
    }
}

fn split(text: &str, separator: &str, count: usize) -> Option<Vec<Value>> {
    let parts: Vec<Value> = text
        .splitn(count, separator)
        .map(|part| Value::String(part.to_owned()))
        .collect();
    (parts.len() == count).then_some(parts)
}
