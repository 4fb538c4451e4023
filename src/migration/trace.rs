//! A migration followed without a document: which settings there are when each step's turn comes. It finds steps on
//! settings that no document can have, and what the way back must know of the schema that a step begins with.

mod tree;

use self::tree::{Found, Node, Tree};
use super::MigrationError;
use super::declared::Declared;
use super::format::{Migration, Numbered};
use super::pattern::{Part, Pattern};
use super::step::{Kind, Step, When};
use crate::document::Value;

/// What is known of the setting that a step is about, from the schema that its migration begins with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Origin {
    /// Whether the setting can stand there when the step's turn comes; nothing where that is not known.
    pub is_declared: Option<bool>,
    /// The kinds of value that it takes then; none where any is taken, or that is not known.
    pub kinds: Vec<String>,
}

impl Migration {
    /// What is wrong with its steps, given what the schema version that it begins with declares: settings that are
    /// not there when a step's turn comes, and new names that are taken. In the order of the steps.
    ///
    /// Below what the schema leaves open every setting is there.
    #[must_use]
    pub fn astray(&self, declared: &[Declared]) -> Vec<MigrationError> {
        let mut trace = Trace::begin(self.from, declared);
        for numbered in &self.steps {
            trace.follow(numbered);
        }
        trace.errors
    }

    /// Whether [`Self::resolve`] tells it anything.
    #[must_use]
    pub fn asks_its_schema(&self) -> bool {
        let asks = |step: &Step| matches!(step, Step::Set(_) | Step::Default(_) | Step::Map(_));
        self.steps.iter().any(|numbered| asks(&numbered.step))
    }

    /// Takes note of what the schema version that it begins with says of the settings that its steps are about, for
    /// the way back.
    pub fn resolve(&mut self, declared: &[Declared]) {
        let mut trace = Trace::begin(self.from, declared);
        for numbered in &mut self.steps {
            if let Step::Set(_) | Step::Default(_) | Step::Map(_) = &numbered.step {
                numbered.origin = trace.origin(&numbered.step);
            }
            trace.follow(numbered);
        }
    }
}

/// The settings on their way through the steps.
struct Trace {
    from: u32,
    tree: Tree,
    /// What is not there any more, and the step that took it away.
    gone: Vec<(Pattern, usize, &'static str)>,
    number: usize,
    errors: Vec<MigrationError>,
}

impl Trace {
    fn begin(from: u32, declared: &[Declared]) -> Self {
        Self {
            from,
            tree: Tree::of(declared),
            gone: Vec::new(),
            number: 0,
            errors: Vec::new(),
        }
    }

    fn origin(&self, step: &Step) -> Origin {
        let keys = step.keys();
        let Some(key) = keys.first() else {
            return Origin::default();
        };
        match self.tree.find(key) {
            Found::Declared(node) => Origin {
                is_declared: Some(true),
                kinds: node.kinds.clone(),
            },
            Found::Open => Origin::default(),
            Found::Nowhere => Origin {
                is_declared: Some(false),
                kinds: Vec::new(),
            },
        }
    }

    fn follow(&mut self, numbered: &Numbered) {
        self.number = numbered.number;
        let before = self.errors.len();
        self.step(&numbered.step);
        for error in &mut self.errors[before..] {
            error.message = format!("step {}: {}", numbered.number, error.message);
            error.span = numbered.span.clone();
        }
    }

    fn step(&mut self, step: &Step) {
        let when = step.when();
        if let Some(when) = when {
            self.need(&when.key);
        }
        match step {
            Step::Rename(one) => self.pass(&one.rename, &one.to, when, "renames"),
            Step::Move(one) => self.pass(&one.from, &one.to, when, "moves"),
            Step::Copy(one) => {
                if self.need(&one.copy) && self.check_target(&one.to, &[&one.copy], when) {
                    let node = self.node(&one.copy);
                    self.tree.put(&one.to, node);
                }
            }
            Step::Remove(one) => {
                if self.need(&one.remove) {
                    self.take(&one.remove, when, "removes");
                }
            }
            Step::Set(one) => self.put(&one.set, &one.value, when.is_some()),
            Step::Default(one) => self.put(&one.default, &one.value, true),
            Step::Convert(one) => {
                if self.need(&one.convert) {
                    let made = match one.to {
                        Kind::Array => self.node(&one.convert).in_array(),
                        Kind::Item => self.node(&one.convert).item(),
                        Kind::String | Kind::Duration => Node::of_kind("string"),
                        Kind::Integer | Kind::Seconds => Node::of_kind("integer"),
                        Kind::Number => Node::of_kind("number"),
                        Kind::Boolean => Node::of_kind("boolean"),
                    };
                    self.tree.put(&one.convert, made);
                }
            }
            Step::Map(one) => {
                if self.need(&one.map) {
                    let mut node = self.node(&one.map);
                    if !node.kinds.is_empty() {
                        node.kinds
                            .extend(one.values.values().map(|value| tree::kind_of(value).to_owned()));
                    }
                    self.tree.put(&one.map, node);
                }
            }
            Step::Scale(one) => {
                self.need(&one.scale);
            }
            Step::Clamp(one) => {
                self.need(&one.clamp);
            }
            Step::Split(one) => {
                if self.need(&one.split) {
                    let others: Vec<&Pattern> = one.into.iter().filter(|to| **to != one.split).collect();
                    for to in others {
                        self.check_target(to, &[], when);
                    }
                    self.take(&one.split, when, "splits");
                    for to in &one.into {
                        self.tree.put(to, Node::of_kind("string"));
                    }
                }
            }
            Step::Join(one) => {
                let needed = one.join.iter().filter(|key| self.need(key)).count();
                if needed == one.join.len() {
                    let keys: Vec<&Pattern> = one.join.iter().collect();
                    self.check_target(&one.to, &keys, when);
                    for key in &one.join {
                        self.take(key, when, "joins");
                    }
                    self.tree.put(&one.to, Node::of_kind("string"));
                }
            }
            Step::Wrap(one) => self.reshape(&one.wrap, one.to.as_ref(), when, "wraps", Node::in_array),
            Step::Unwrap(one) => self.reshape(&one.unwrap, one.to.as_ref(), when, "unwraps", Node::item),
            // What a program answers, nobody knows.
            Step::Command(_) => self.tree = Tree::open(),
            Step::Decide(_) => {}
        }
    }

    fn pass(&mut self, from: &Pattern, to: &Pattern, when: Option<&When>, verb: &'static str) {
        if self.need(from) && self.check_target(to, &[from], when) {
            let node = self.node(from);
            self.take(from, when, verb);
            self.tree.put(to, node);
        }
    }

    fn reshape(
        &mut self,
        from: &Pattern,
        to: Option<&Pattern>,
        when: Option<&When>,
        verb: &'static str,
        made: fn(Node) -> Node,
    ) {
        if !self.need(from) {
            return;
        }
        let node = made(self.node(from));
        match to.filter(|to| *to != from) {
            Some(to) => {
                if self.check_target(to, &[from], when) {
                    self.take(from, when, verb);
                    self.tree.put(to, node);
                }
            }
            None => self.tree.put(from, node),
        }
    }

    /// A value, where `keeps` says that another one may stay.
    fn put(&mut self, key: &Pattern, value: &Value, keeps: bool) {
        // The setting itself need not be there; what its wildcards stand for must be.
        let parts = key.parts();
        let wild = parts.iter().rposition(|part| !matches!(part, Part::One(_)));
        if wild.is_some_and(|at| !self.need(&Pattern::of_parts(&parts[..=at]))) {
            return;
        }
        let is_kept = keeps && matches!(self.tree.find(key), Found::Declared(_));
        if !is_kept {
            self.tree.put(key, Node::of_value(value));
        }
    }

    fn node(&self, key: &Pattern) -> Node {
        match self.tree.find(key) {
            Found::Declared(node) => node.clone(),
            Found::Open | Found::Nowhere => Node::unknown(),
        }
    }

    /// Takes a setting away, unless some documents keep it.
    fn take(&mut self, key: &Pattern, when: Option<&When>, verb: &'static str) {
        if when.is_none() && self.tree.take(key) {
            self.gone.push((key.clone(), self.number, verb));
        }
    }

    /// Whether a setting can be there; tells where it cannot.
    fn need(&mut self, key: &Pattern) -> bool {
        if !matches!(self.tree.find(key), Found::Nowhere) {
            return true;
        }
        let gone = self.gone.iter().rev().find(|(gone, ..)| {
            let parts = gone.parts();
            key.parts().starts_with(parts)
        });
        let message = if let Some((_, number, verb)) = gone {
            format!("`{key}` is not there any more: step {number} {verb} it")
        } else {
            let meant = self.meant(key).map(|meant| format!("; did you mean `{meant}`?"));
            let meant = meant.unwrap_or_default();
            format!("`{key}` is no setting of version {}{meant}", self.from)
        };
        self.tell(message);
        false
    }

    /// Whether something can get a name; tells where it cannot. `from` is what gets it.
    fn check_target(&mut self, to: &Pattern, from: &[&Pattern], when: Option<&When>) -> bool {
        let parts = to.parts();
        let wild = parts.iter().rposition(|part| !matches!(part, Part::One(_)));
        if wild.is_some_and(|at| !self.need(&Pattern::of_parts(&parts[..=at]))) {
            return false;
        }
        if from.len() > 1 && from.contains(&to) {
            return true;
        }
        if let Some(holder) = self.tree.obstacle(to) {
            self.tell(format!("`{holder}` is no table, so `{to}` cannot stand in it"));
            return false;
        }
        // Under a condition it may be free.
        if when.is_none() && self.tree.is_named(to) {
            self.tell(format!(
                "`{to}` is a setting by then already, so nothing can get that name"
            ));
            return false;
        }
        true
    }

    fn meant(&self, key: &Pattern) -> Option<String> {
        let known = self.tree.keys();
        most_similar(&key.to_string(), &known)
    }

    fn tell(&mut self, message: String) {
        self.errors.push(MigrationError { message, span: 0..0 });
    }
}

/// The key of a similar spelling, if one is similar enough to be meant.
fn most_similar(wanted: &str, known: &[String]) -> Option<String> {
    let slips = known
        .iter()
        .map(|known| (strsim::damerau_levenshtein(wanted, known), known));
    let (slips, known) = slips.min_by_key(|(slips, _)| *slips)?;
    // One slip in three characters, two in six: more is another word.
    let last = |key: &str| key.rsplit('.').next().map_or(0, |last| last.chars().count());
    (slips <= (last(wanted).max(last(known)) / 3).max(1)).then(|| known.clone())
}

#[cfg(test)]
mod tests;
