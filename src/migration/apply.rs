//! A migration done to a document, step by step.

use std::ops::Range;

use serde_json::Value as Json;
use thiserror::Error;

use super::format::{Migration, Numbered};
use super::pattern::{Match, Pattern};
use super::step::{Command, Step, When};
use crate::document::{Document, EditError, KeyPath, Rewrite, Segment, Value};

/// What a migration made of a document.
#[derive(Clone, Debug)]
pub struct Migrated {
    /// The outcome.
    pub document: Document,
    /// What the outcome does not hold any more.
    pub losses: Vec<Loss>,
}

/// Something that cannot be made again of what a migration leaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loss {
    /// The setting, in the document that was migrated.
    pub key: KeyPath,
    /// The number of the step.
    pub step: usize,
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

/// What runs a `command` step: given the program with its arguments, the seconds it may take, and the settings; answers
/// what they become, or why there is no answer.
pub type Runner<'r> = dyn FnMut(&[String], u64, &Json) -> Result<Json, String> + 'r;

impl Migration {
    /// What the migration makes of a document.
    ///
    /// # Errors
    /// The first step that cannot be done.
    pub fn apply(&self, document: &Document, run: &mut Runner<'_>) -> Result<Migrated, StepError> {
        self.walk(document, Direction::Forth, run)
    }

    /// What the inverses of its steps, in reverse order, make of a document. What the steps dropped is not there.
    ///
    /// # Errors
    /// The first step that has no inverse for this document.
    pub fn undo(&self, document: &Document, run: &mut Runner<'_>) -> Result<Migrated, StepError> {
        self.walk(document, Direction::Back, run)
    }

    fn walk(&self, document: &Document, direction: Direction, run: &mut Runner<'_>) -> Result<Migrated, StepError> {
        let mut walk = Walk {
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
                Direction::Forth => walk.forth(&numbered.step),
                Direction::Back => walk.back(&numbered.step),
            };
            taken.map_err(|stuck| stuck.at(numbered))?;
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

#[derive(Clone, Copy)]
enum Direction {
    Forth,
    Back,
}

/// A setting at which a step cannot go on.
#[derive(Clone)]
pub(super) struct Stuck {
    key: KeyPath,
    reason: String,
}

pub(super) type Done = Result<(), Stuck>;

impl Stuck {
    pub(super) fn new(key: &KeyPath, reason: impl Into<String>) -> Self {
        Self {
            key: key.clone(),
            reason: reason.into(),
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
        }
    }
}

/// A document on its way through the steps.
pub(super) struct Walk<'d, 'r> {
    pub rewrite: Rewrite<'d>,
    pub losses: Vec<Loss>,
    step: usize,
    run: &'r mut Runner<'r>,
}

impl Walk<'_, '_> {
    fn forth(&mut self, step: &Step) -> Done {
        let when = step.when();
        match step {
            Step::Rename(step) => self.moved(&step.rename, &step.to, when),
            Step::Move(step) => self.moved(&step.from, &step.to, when),
            Step::Copy(step) => {
                for found in self.wanted(&step.copy, when) {
                    let to = bound(&step.to, &found)?;
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
            Step::Set(step) => self.put(&step.set, &step.value, when, true),
            Step::Default(step) => self.put(&step.default, &step.value, when, false),
            Step::Convert(step) => self.changed(&step.convert, when, &mut |value| step.forth(value)),
            Step::Map(step) => self.changed(&step.map, when, &mut |value| {
                Ok(step.values.get(&value.bare()).unwrap_or(value).clone())
            }),
            Step::Scale(step) => self.changed(&step.scale, when, &mut |value| step.forth(value)),
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
            Step::Split(step) => self.split(&step.split, &step.into, &step.separator, when),
            Step::Join(step) => self.join(&step.join, &step.to, &step.separator, when),
            Step::Wrap(step) => self.wrapped(&step.wrap, step.to.as_ref(), when),
            Step::Unwrap(step) => self.unwrapped(&step.unwrap, step.to.as_ref(), when),
            Step::Command(step) => self.command(step, &step.command),
            Step::Decide(step) => Err(Stuck::new(
                &KeyPath::root(),
                format!("still to be decided: {}", step.decide),
            )),
        }
    }

    pub(super) fn moved(&mut self, from: &Pattern, to: &Pattern, when: Option<&When>) -> Done {
        for found in self.wanted(from, when) {
            self.rewrite.rename(&found.path, &bound(to, &found)?)?;
        }
        Ok(())
    }

    fn put(&mut self, key: &Pattern, value: &Value, when: Option<&When>, over: bool) -> Done {
        for found in key.possible(self.rewrite.content()) {
            let is_set = self.rewrite.get(&found.path).is_some();
            if is_set && !over || !self.holds(when, &found, None) {
                continue;
            }
            if is_set && self.rewrite.get(&found.path) != Some(value) {
                self.lose(&found.path);
            }
            self.rewrite.set(&found.path, value)?;
        }
        Ok(())
    }

    pub(super) fn changed(
        &mut self,
        key: &Pattern,
        when: Option<&When>,
        change: &mut dyn FnMut(&Value) -> Result<Value, String>,
    ) -> Done {
        for found in self.wanted(key, when) {
            let Some(value) = self.rewrite.get(&found.path) else {
                continue;
            };
            let changed = change(value).map_err(|reason| Stuck::new(&found.path, reason))?;
            self.rewrite.set(&found.path, &changed)?;
        }
        Ok(())
    }

    pub(super) fn split(&mut self, key: &Pattern, into: &[Pattern], separator: &str, when: Option<&When>) -> Done {
        for found in self.wanted(key, when) {
            let Some(Value::String(text)) = self.rewrite.get(&found.path) else {
                return Err(Stuck::new(&found.path, "only a string can be split"));
            };
            let parts: Vec<String> = text.splitn(into.len(), separator).map(str::to_owned).collect();
            if parts.len() < into.len() {
                let reason = format!("it has {} of {} parts apart by `{separator}`", parts.len(), into.len());
                return Err(Stuck::new(&found.path, reason));
            }
            // The first part stays where the text stood, with its comments.
            let targets: Result<Vec<KeyPath>, Stuck> = into.iter().map(|to| bound(to, &found)).collect();
            for (at, (to, part)) in targets?.iter().zip(parts).enumerate() {
                if at == 0 && *to != found.path {
                    self.rewrite.rename(&found.path, to)?;
                } else if at > 0 && self.rewrite.get(to).is_some() {
                    return Err(Stuck::new(to, "it is set already"));
                }
                self.rewrite.set(to, &Value::String(part))?;
            }
        }
        Ok(())
    }

    pub(super) fn join(&mut self, keys: &[Pattern], to: &Pattern, separator: &str, when: Option<&When>) -> Done {
        let Some((first, rest)) = keys.split_first() else {
            return Ok(());
        };
        for found in self.wanted(first, when) {
            let rest: Result<Vec<KeyPath>, Stuck> = rest.iter().map(|key| bound(key, &found)).collect();
            let rest = rest?;
            let all = std::iter::once(&found.path).chain(&rest);
            let parts: Option<Vec<String>> = all.map(|key| self.rewrite.get(key).map(Value::bare)).collect();
            let Some(parts) = parts else { continue };
            let target = bound(to, &found)?;
            for key in &rest {
                self.rewrite.unset(key)?;
            }
            if target != found.path {
                self.rewrite.rename(&found.path, &target)?;
            }
            self.rewrite.set(&target, &Value::String(parts.join(separator)))?;
        }
        Ok(())
    }

    pub(super) fn wrapped(&mut self, key: &Pattern, to: Option<&Pattern>, when: Option<&When>) -> Done {
        for found in self.wanted(key, when) {
            let target = self.renamed(&found, to)?;
            if let Some(value) = self.rewrite.get(&target).cloned() {
                self.rewrite.set(&target, &Value::Array(vec![value]))?;
            }
        }
        Ok(())
    }

    pub(super) fn unwrapped(&mut self, key: &Pattern, to: Option<&Pattern>, when: Option<&When>) -> Done {
        for found in self.wanted(key, when) {
            let only = match self.rewrite.get(&found.path).map(Value::as_array) {
                Some(Some([only])) => only.clone(),
                Some(Some(items)) => {
                    let reason = format!("it has {} items, and one can be kept", items.len());
                    return Err(Stuck::new(&found.path, reason));
                }
                Some(None) | None => return Err(Stuck::new(&found.path, "it is no array")),
            };
            let target = self.renamed(&found, to)?;
            self.rewrite.set(&target, &only)?;
        }
        Ok(())
    }

    pub(super) fn command(&mut self, step: &Command, command: &[String]) -> Done {
        if !self.holds(step.when.as_ref(), &Match::default(), None) {
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

    fn renamed(&mut self, found: &Match, to: Option<&Pattern>) -> Result<KeyPath, Stuck> {
        let Some(to) = to else { return Ok(found.path.clone()) };
        let to = bound(to, found)?;
        if to != found.path {
            self.rewrite.rename(&found.path, &to)?;
        }
        Ok(to)
    }

    /// What a pattern stands for, where the step's condition holds.
    fn wanted(&self, key: &Pattern, when: Option<&When>) -> Vec<Match> {
        let mut found = key.present(self.rewrite.content());
        found.retain(|found| self.holds(when, found, None));
        found
    }

    /// Whether a step's condition holds for what its wildcards stand for. `instead` is a value that counts in place of
    /// that of a key.
    pub(super) fn holds(
        &self,
        when: Option<&When>,
        found: &Match,
        instead: Option<(&KeyPath, Option<&Value>)>,
    ) -> bool {
        let Some(when) = when else { return true };
        let Some(key) = when.key.bind(&found.bound) else {
            return false;
        };
        let value = match instead {
            Some((path, value)) if *path == key => value,
            Some(_) | None => self.rewrite.get(&key),
        };
        let is = |wanted: &Value| value == Some(wanted);
        when.set.is_none_or(|wanted| value.is_some() == wanted)
            && when.is.as_ref().is_none_or(is)
            && when.is_not.as_ref().is_none_or(|unwanted| !is(unwanted))
            && when.matches.as_ref().is_none_or(|pattern| {
                // It was compiled when the migration was read.
                let pattern = regex::Regex::new(pattern).ok();
                pattern.is_some_and(|pattern| value.is_some_and(|value| pattern.is_match(&value.bare())))
            })
    }

    pub(super) fn lose(&mut self, key: &KeyPath) {
        let step = self.step;
        self.losses.push(Loss { key: key.clone(), step });
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
