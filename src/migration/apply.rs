//! A migration done to a document, step by step.

use std::ops::Range;

use serde_json::Value as Json;
use thiserror::Error;

use super::before;
use super::declared::Stated;
use super::format::{Migration, Numbered};
use super::loss::Loss;
use super::pattern::{Match, Pattern};
use super::step::{Command, Step, When};
use super::trace::Origin;
use crate::document::{Document, EditError, KeyPath, Rewrite, Segment, Value};

/// What a migration made of a document.
#[derive(Clone, Debug)]
pub struct Migrated {
    /// The outcome.
    pub document: Document,
    /// What the outcome does not hold any more.
    pub losses: Vec<Loss>,
}

/// Something that the way back left as it was, since the step has no inverse for it.
#[derive(Clone, Debug, PartialEq)]
pub struct Left {
    /// Why.
    pub error: StepError,
    /// What stands there.
    pub value: Option<Value>,
}

/// Why a step cannot be done to a document. It holds no value of the document.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("`{key}`: {reason}")]
pub struct StepError {
    /// The number of the step, from 1.
    pub step: usize,
    /// Where the step stands in the migration, in bytes.
    pub span: Range<usize>,
    /// The setting, as the document has it when the step's turn comes.
    pub key: KeyPath,
    /// Why not.
    pub reason: String,
}

/// What migrations in a row make of a document, in one pass: as one after the other would. At last it says its new
/// version.
///
/// # Errors
/// The first step that cannot be done, and the place of its migration in the row, from 0.
pub fn apply_all(
    migrations: &[&Migration],
    document: &Document,
    says: &Stated<'_>,
    run: &mut Runner<'_>,
) -> Result<Migrated, (usize, StepError)> {
    let mut walk = Walk {
        left: None,
        rewrite: document.rewrite(),
        losses: Vec::new(),
        step: 0,
        run,
    };
    let mut last = None;
    for (place, migration) in migrations.iter().enumerate() {
        for numbered in &migration.steps {
            walk.step = numbered.number;
            walk.forth(numbered).map_err(|stuck| (place, stuck.at(numbered)))?;
            last = Some((place, numbered));
        }
    }
    let stated = match walk.rewrite.get(says.key) {
        Some(_) => walk.rewrite.set(says.key, says.value),
        None => Ok(()),
    };
    let finished = stated.and_then(|()| walk.rewrite.finish_with(says.respell));
    let document = finished.map_err(|error| {
        let stuck = Stuck::from(error);
        match last {
            Some((place, numbered)) => (place, stuck.at(numbered)),
            None => (0, stuck.nowhere()),
        }
    })?;
    Ok(Migrated {
        document,
        losses: walk.losses,
    })
}

/// What runs a `command` step: given the program with its arguments, the seconds it may take, and the settings; answers
/// what they become, or why there is no answer.
pub type Runner<'r> = dyn FnMut(&[String], u64, &Json) -> Result<Json, String> + 'r;

impl Migration {
    /// What the migration makes of a document, and of which settings [`Self::undo`] would not make again what they were.
    ///
    /// # Errors
    /// The first step that cannot be done.
    pub fn apply(&self, document: &Document, run: &mut Runner<'_>) -> Result<Migrated, StepError> {
        self.walk(document, Direction::Forth, None, run)
    }

    /// What the inverses of its steps, in reverse order, make of a document. What the steps dropped is not there.
    ///
    /// Where [`Self::apply`] tells no loss, every setting is what it was, and so is every byte, but for these: what
    /// has been in another table stands at the end of its own; a value that was another is spelled plainly (`0x1e` as
    /// `30`); what was split or joined is a plain text; a table of dotted keys, or an array of tables, that was in an
    /// array of one is spelled on one line; an array that had lost its brackets has plain ones.
    ///
    /// # Errors
    /// The first step that has no inverse for this document.
    pub fn undo(&self, document: &Document, run: &mut Runner<'_>) -> Result<Migrated, StepError> {
        self.walk(document, Direction::Back, None, run)
    }

    /// As [`Self::undo`], but what has no inverse is left as it is, and told in `left`.
    ///
    /// # Errors
    /// The first step that went wrong as such.
    pub fn undo_where_possible(
        &self,
        document: &Document,
        left: &mut Vec<Left>,
        run: &mut Runner<'_>,
    ) -> Result<Migrated, StepError> {
        self.walk(document, Direction::Back, Some(left), run)
    }

    fn walk(
        &self,
        document: &Document,
        direction: Direction,
        mut left: Option<&mut Vec<Left>>,
        run: &mut Runner<'_>,
    ) -> Result<Migrated, StepError> {
        let mut walk = Walk {
            left: left.is_some().then(Vec::new),
            rewrite: document.rewrite(),
            losses: Vec::new(),
            step: 0,
            run,
        };
        let mut last = None;
        for at in 0..self.steps.len() {
            let numbered = match direction {
                Direction::Forth => &self.steps[at],
                Direction::Back => &self.steps[self.steps.len() - 1 - at],
            };
            walk.step = numbered.number;
            let taken = match direction {
                Direction::Forth => walk.forth(numbered),
                Direction::Back => walk.back(numbered),
            };
            taken.map_err(|stuck| stuck.at(numbered))?;
            if let Some(left) = &mut left {
                left.extend(
                    walk.left
                        .iter_mut()
                        .flat_map(|stuck| stuck.drain(..))
                        .map(|(stuck, value)| Left {
                            error: stuck.at(numbered),
                            value,
                        }),
                );
            }
            last = Some(numbered);
        }
        let document = walk.rewrite.finish().map_err(|error| {
            let stuck = Stuck::from(error);
            last.map_or_else(|| stuck.clone().nowhere(), |numbered| stuck.clone().at(numbered))
        })?;
        Ok(Migrated {
            document,
            losses: walk.losses,
        })
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Direction {
    Forth,
    Back,
}

/// A setting at which a step cannot go on.
#[derive(Clone)]
pub(super) struct Stuck {
    key: KeyPath,
    reason: String,
    /// Whether an edit went wrong, which nothing can follow.
    is_bug: bool,
}

pub(super) type Done = Result<(), Stuck>;

/// What becomes of a value, or why nothing can.
pub(super) type Change<'c> = dyn Fn(&Value) -> Result<Value, String> + 'c;

impl Stuck {
    pub(super) fn new(key: &KeyPath, reason: impl Into<String>) -> Self {
        Self {
            key: key.clone(),
            reason: reason.into(),
            is_bug: false,
        }
    }

    fn at(self, numbered: &Numbered) -> StepError {
        StepError {
            step: numbered.number,
            span: numbered.span.clone(),
            key: self.key,
            reason: self.reason,
        }
    }

    fn nowhere(self) -> StepError {
        StepError {
            step: 0,
            span: 0..0,
            key: self.key,
            reason: self.reason,
        }
    }
}

impl From<EditError> for Stuck {
    fn from(error: EditError) -> Self {
        Self {
            key: error.key(),
            reason: error.to_string(),
            is_bug: matches!(error, EditError::Bug { .. }),
        }
    }
}

/// A document on its way through the steps.
pub(super) struct Walk<'d, 'r> {
    pub rewrite: Rewrite<'d>,
    pub losses: Vec<Loss>,
    /// What a step could not be done to, with the value there, where that is no error.
    left: Option<Vec<(Stuck, Option<Value>)>>,
    pub step: usize,
    run: &'r mut Runner<'r>,
}

impl Walk<'_, '_> {
    fn forth(&mut self, numbered: &Numbered) -> Done {
        let (step, origin) = (&numbered.step, &numbered.origin);
        let when = step.when();
        if let (Some(when), Some(key)) = (when, step.keys().first()) {
            self.note_crossed(key, when);
        }
        match step {
            Step::Rename(step) => self.moved(&step.rename, &step.to, when),
            Step::Move(step) => self.moved(&step.from, &step.to, when),
            Step::Copy(step) => {
                self.note_taken(&step.copy, &step.to, when);
                for found in self.wanted(&step.copy, when) {
                    let to = bound(&step.to, &found)?;
                    self.note_empty(&to);
                    self.rewrite.copy(&found.path, &to)?;
                }
                Ok(())
            }
            Step::Remove(step) => {
                // Items from the last to the first, so that no index is wrong.
                for found in self.wanted(&step.remove, when).into_iter().rev() {
                    self.lose(&found.path);
                    self.rewrite.unset(&found.path)?;
                }
                Ok(())
            }
            Step::Set(step) => self.put(&step.set, &step.value, when, origin, true),
            Step::Default(step) => self.put(&step.default, &step.value, when, origin, false),
            Step::Convert(step) => self.changed(&step.convert, when, &|value| step.forth(value), &|value| {
                step.back(value)
            }),
            Step::Map(step) => self.changed(&step.map, when, &|value| Ok(step.forth(value)), &|value| {
                Ok(step.back(value, &origin.kinds))
            }),
            Step::Scale(step) => self.changed(&step.scale, when, &|value| step.forth(value), &|value| step.back(value)),
            Step::Clamp(step) => {
                for found in self.wanted(&step.clamp, when) {
                    let Some(value) = self.rewrite.get(&found.path).cloned() else {
                        continue;
                    };
                    let clamped = step.forth(&value).map_err(|reason| Stuck::new(&found.path, reason))?;
                    if clamped != value {
                        self.lose(&found.path);
                        self.rewrite.set(&found.path, &clamped)?;
                    }
                }
                Ok(())
            }
            Step::Split(step) => self.split(&step.split, &step.into, &step.separator, when, Direction::Forth),
            Step::Join(step) => self.join(&step.join, &step.to, &step.separator, when, Direction::Forth),
            Step::Wrap(step) => {
                let to = step.to.as_ref().unwrap_or(&step.wrap);
                self.wrapped(&step.wrap, to, when, Direction::Forth)
            }
            Step::Unwrap(step) => {
                let to = step.to.as_ref().unwrap_or(&step.unwrap);
                self.unwrapped(&step.unwrap, to, when, Direction::Forth)
            }
            Step::Command(step) => self.command(step, &step.command),
            Step::Decide(step) => Err(Stuck::new(
                &KeyPath::root(),
                format!("still to be decided: {}", step.decide),
            )),
        }
    }

    fn moved(&mut self, from: &Pattern, to: &Pattern, when: Option<&When>) -> Done {
        self.note_taken(from, to, when);
        for found in self.wanted(from, when) {
            let to = bound(to, &found)?;
            self.note_empty(&to);
            self.rewrite.rename(&found.path, &to)?;
        }
        Ok(())
    }

    fn put(&mut self, key: &Pattern, value: &Value, when: Option<&When>, origin: &Origin, over: bool) -> Done {
        let is_new = origin.is_declared == Some(false);
        for found in key.possible(self.rewrite.content()) {
            let old = self.rewrite.get(&found.path);
            let is_wanted = self.holds(when, &found);
            if old.is_some() && !over || !is_wanted {
                // On the way back it is taken for what the step has put there.
                let is_alike = old == Some(value) || is_new && old.is_some();
                if !over && is_alike && self.holds_before(when, &found, &[(&found.path, None)]) {
                    self.lose(&found.path);
                }
                continue;
            }
            if over && old != Some(value) && !is_new {
                self.lose(&found.path);
            }
            self.note_empty(&found.path);
            self.rewrite.set(&found.path, value)?;
        }
        Ok(())
    }

    /// Changes values, given what changes them back.
    fn changed(&mut self, key: &Pattern, when: Option<&When>, forth: &Change<'_>, back: &Change<'_>) -> Done {
        let found = key.present(self.rewrite.content());
        let wanted: Vec<bool> = found.iter().map(|found| self.holds(when, found)).collect();
        for (found, is_wanted) in found.into_iter().zip(wanted) {
            let Some(old) = self.rewrite.get(&found.path).cloned() else {
                continue;
            };
            if is_wanted {
                let new = forth(&old).map_err(|reason| Stuck::new(&found.path, reason))?;
                if back(&new).as_ref() != Ok(&old) {
                    self.lose(&found.path);
                }
                self.give(&found.path, &new)?;
            } else if let Ok(other) = back(&old)
                && other != old
                && self.holds_before(when, &found, &[(&found.path, Some(&other))])
            {
                // The way back takes it for one that was changed.
                self.lose(&found.path);
            }
        }
        Ok(())
    }

    pub(super) fn command(&mut self, step: &Command, command: &[String]) -> Done {
        if !self.holds(step.when.as_ref(), &Match::default()) {
            return Ok(());
        }
        let root = KeyPath::root();
        let before = Value::Table(self.rewrite.content().clone()).to_json();
        let answer = (self.run)(command, step.timeout, &before).map_err(|reason| Stuck::new(&root, reason))?;
        let answer = Value::from_json(&answer);
        let after = answer.filter(|answer| answer.as_table().is_some());
        let after =
            after.ok_or_else(|| Stuck::new(&root, "the program answered no object of settings that TOML can hold"))?;
        Ok(self.rewrite.set(&root, &after)?)
    }

    /// What came of one setting: an error, unless those are to be left.
    pub(super) fn or_left(&mut self, found: &Match, done: Done) -> Done {
        match (done, &mut self.left) {
            (Err(stuck), Some(left)) if !stuck.is_bug => {
                let value = self.rewrite.get(&found.path).cloned();
                left.push((stuck, value));
                Ok(())
            }
            (done, _) => done,
        }
    }

    /// Gives a setting a value: brackets that come or go around one leave its spelling as it is.
    pub(super) fn give(&mut self, path: &KeyPath, new: &Value) -> Done {
        let old = self.rewrite.get(path);
        let holds = |array: &Value, item: Option<&Value>| matches!((array.as_array(), item), (Some([only]), Some(item)) if only == item);
        if holds(new, old) {
            self.rewrite.wrap(path)?;
        } else if old.is_some_and(|old| holds(old, Some(new))) {
            self.rewrite.unwrap_item(path)?;
        } else {
            self.rewrite.set(path, new)?;
        }
        Ok(())
    }

    /// What a pattern stands for, where the step's condition holds.
    fn wanted(&self, key: &Pattern, when: Option<&When>) -> Vec<Match> {
        let mut found = key.present(self.rewrite.content());
        found.retain(|found| self.holds(when, found));
        found
    }

    /// Whether a step's condition holds for what its wildcards stand for.
    pub(super) fn holds(&self, when: Option<&When>, found: &Match) -> bool {
        when.is_none_or(|when| when.holds(found, |key| self.rewrite.get(key)))
    }

    /// Whether it held before the step was done, which had these values then.
    pub(super) fn holds_before(&self, when: Option<&When>, found: &Match, then: &[(&KeyPath, Option<&Value>)]) -> bool {
        when.is_none_or(|when| {
            let mut before = Value::Table(self.rewrite.content().clone());
            for (key, value) in then {
                before::put(&mut before, key.segments(), *value);
            }
            when.holds(found, |key| before::get(&before, key.segments()))
        })
    }
}

pub(super) fn bound(to: &Pattern, found: &Match) -> Result<KeyPath, Stuck> {
    to.bind(&found.bound).ok_or_else(|| {
        Stuck::new(
            &found.path,
            format!("`{to}` has more wildcards than what it is made of"),
        )
    })
}

/// The last step of a path, if it is an index.
pub(super) fn is_item(path: &KeyPath) -> bool {
    matches!(path.segments().last(), Some(Segment::Index(_)))
}
