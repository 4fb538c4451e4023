//! The settings that there can be, as a tree of the steps of their keys.

use crate::document::{Segment, Value};
use crate::migration::declared::Declared;
use crate::migration::pattern::{Part, Pattern};

/// What can stand in a document.
pub(super) struct Tree {
    root: Node,
}

/// One place, and the places in it.
#[derive(Clone, Debug, Default)]
pub(super) struct Node {
    /// The kinds of value that it takes; none where any is taken.
    pub kinds: Vec<String>,
    /// Whether keys may stand in it that are not told.
    open: bool,
    below: Vec<(Part, Node)>,
}

/// Where a key leads.
pub(super) enum Found<'n> {
    Declared(&'n Node),
    /// To a place of which the schema says nothing, and which it allows.
    Open,
    Nowhere,
}

/// The kind of a value, as JSON Schema names it.
pub(super) fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::String(_) | Value::Datetime(_) => "string",
        Value::Integer(_) => "integer",
        Value::Float(_) => "number",
        Value::Boolean(_) => "boolean",
        Value::Array(_) => "array",
        Value::Table(_) => "table",
    }
}

impl Node {
    /// A value of which nothing is known.
    pub(super) fn unknown() -> Self {
        Self {
            open: true,
            ..Self::default()
        }
    }

    pub(super) fn of_kind(kind: &str) -> Self {
        Self {
            kinds: vec![kind.to_owned()],
            ..Self::default()
        }
    }

    pub(super) fn of_value(value: &Value) -> Self {
        let below = match value {
            Value::Table(table) => table
                .iter()
                .map(|(key, value)| (Part::One(Segment::Key(key.clone())), Self::of_value(value)))
                .collect(),
            Value::Array(items) => items
                .first()
                .map(|item| (Part::EachItem, Self::of_value(item)))
                .into_iter()
                .collect(),
            Value::String(_) | Value::Integer(_) | Value::Float(_) | Value::Boolean(_) | Value::Datetime(_) => {
                Vec::new()
            }
        };
        Self {
            kinds: vec![kind_of(value).to_owned()],
            open: false,
            below,
        }
    }

    pub(super) fn in_array(self) -> Self {
        Self {
            kinds: vec!["array".to_owned()],
            open: false,
            below: vec![(Part::EachItem, self)],
        }
    }

    /// What its items are.
    pub(super) fn item(self) -> Self {
        let mut items = self.below.into_iter().filter(|(part, _)| *part == Part::EachItem);
        items.next().map_or_else(Self::unknown, |(_, item)| item)
    }

    fn takes(&self, kind: &str) -> bool {
        self.kinds.is_empty() || self.kinds.iter().any(|taken| taken == kind)
    }

    /// The places that a step leads to: those of its very name, else those that stand for many.
    fn children(&self, part: &Part) -> Vec<usize> {
        let exact = self.below.iter().position(|(below, _)| below == part);
        if let Some(exact) = exact.filter(|_| matches!(part, Part::One(_))) {
            return vec![exact];
        }
        let all = self.below.iter().enumerate();
        all.filter(|(_, (below, _))| meets(below, part))
            .map(|(at, _)| at)
            .collect()
    }

    fn is_open_to(&self, part: &Part) -> bool {
        match part {
            Part::One(Segment::Key(_)) | Part::EachKey => self.open,
            Part::One(Segment::Index(_)) | Part::EachItem => {
                let has_items = self.below.iter().any(|(below, _)| *below == Part::EachItem);
                self.takes("array") && !has_items
            }
        }
    }

    fn find(&self, parts: &[Part]) -> Found<'_> {
        let Some((part, rest)) = parts.split_first() else {
            return Found::Declared(self);
        };
        let mut found = if self.is_open_to(part) {
            Found::Open
        } else {
            Found::Nowhere
        };
        for at in self.children(part) {
            match (self.below[at].1.find(rest), &found) {
                (Found::Declared(node), _) => return Found::Declared(node),
                (Found::Open, Found::Nowhere) => found = Found::Open,
                (Found::Open | Found::Nowhere, _) => {}
            }
        }
        found
    }

    /// Takes out what stands at the very places that are named; tells whether something did.
    fn take(&mut self, parts: &[Part]) -> bool {
        let Some((part, rest)) = parts.split_first() else {
            return false;
        };
        let chosen = self.children(part);
        let is_one_of_many = |below: &Part| matches!(part, Part::One(_)) && below != part;
        if rest.is_empty() {
            let before = self.below.len();
            let mut at = 0;
            self.below.retain(|(below, _)| {
                let goes = chosen.contains(&at) && !is_one_of_many(below);
                at += 1;
                !goes
            });
            return self.below.len() < before;
        }
        let mut taken = false;
        for at in chosen {
            let (below, node) = &mut self.below[at];
            // What one item has lost, the others may have.
            taken |= !is_one_of_many(below) && node.take(rest);
        }
        taken
    }

    fn put(&mut self, parts: &[Part], new: Self) {
        let Some((part, rest)) = parts.split_first() else {
            *self = new;
            return;
        };
        let chosen = self.children(part);
        if chosen.is_empty() {
            let mut made = match rest.first() {
                _ if self.is_open_to(part) => Self::unknown(),
                Some(Part::One(Segment::Index(_)) | Part::EachItem) => Self::of_kind("array"),
                Some(Part::One(Segment::Key(_)) | Part::EachKey) | None => Self::of_kind("table"),
            };
            made.put(rest, new);
            self.below.push((part.clone(), made));
            return;
        }
        for at in chosen {
            self.below[at].1.put(rest, new.clone());
        }
    }

    fn gather(&self, walked: &mut Vec<Part>, keys: &mut Vec<String>) {
        for (part, node) in &self.below {
            walked.push(part.clone());
            keys.push(Pattern::of_parts(walked).to_string());
            node.gather(walked, keys);
            walked.pop();
        }
    }
}

impl Tree {
    pub(super) fn of(declared: &[Declared]) -> Self {
        let mut root = Node::of_kind("table");
        for one in declared {
            let node = Node {
                kinds: one.kinds.clone(),
                open: one.open,
                below: Vec::new(),
            };
            if one.key.parts().is_empty() {
                root.open = one.open;
            } else {
                root.put_new(one.key.parts(), node);
            }
        }
        Self { root }
    }

    /// Anything may stand anywhere.
    pub(super) fn open() -> Self {
        Self { root: Node::unknown() }
    }

    pub(super) fn find(&self, key: &Pattern) -> Found<'_> {
        self.root.find(key.parts())
    }

    pub(super) fn take(&mut self, key: &Pattern) -> bool {
        self.root.take(key.parts())
    }

    pub(super) fn put(&mut self, key: &Pattern, node: Node) {
        self.root.put(key.parts(), node);
    }

    /// Whether a key is declared by its name, and not only among many.
    pub(super) fn is_named(&self, key: &Pattern) -> bool {
        let Some((last, holder)) = key.parts().split_last() else {
            return true;
        };
        match self.root.find(holder) {
            Found::Declared(node) => node.children(last).into_iter().any(|at| node.below[at].0 == *last),
            Found::Open | Found::Nowhere => false,
        }
    }

    /// What stands on the way to a key and can hold none.
    pub(super) fn obstacle(&self, key: &Pattern) -> Option<Pattern> {
        let parts = key.parts();
        let holds_none = |length: &usize| match (self.root.find(&parts[..*length]), &parts[*length]) {
            (Found::Declared(node), Part::One(Segment::Key(_)) | Part::EachKey) => !node.takes("table"),
            (Found::Declared(node), Part::One(Segment::Index(_)) | Part::EachItem) => !node.takes("array"),
            (Found::Open | Found::Nowhere, _) => false,
        };
        let length = (1..parts.len()).find(holds_none)?;
        Some(Pattern::of_parts(&parts[..length]))
    }

    /// Every key, as it is written.
    pub(super) fn keys(&self) -> Vec<String> {
        let mut keys = Vec::new();
        self.root.gather(&mut Vec::new(), &mut keys);
        keys
    }
}

impl Node {
    /// A place of its own name, beside those that stand for many.
    fn put_new(&mut self, parts: &[Part], new: Self) {
        let Some((part, rest)) = parts.split_first() else {
            // Two expressions stand for many keys: what one of them declares may stand there.
            self.open |= new.open;
            self.kinds.extend(new.kinds);
            return;
        };
        let at = self.below.iter().position(|(below, _)| below == part);
        let at = at.unwrap_or_else(|| {
            let is_new = Self {
                kinds: Vec::new(),
                open: false,
                below: Vec::new(),
            };
            self.below.push((part.clone(), is_new));
            self.below.len() - 1
        });
        self.below[at].1.put_new(rest, new);
    }
}

/// Whether a step of a key can lead to a place.
fn meets(place: &Part, step: &Part) -> bool {
    match (place, step) {
        (Part::One(place), Part::One(step)) => place == step,
        (Part::EachKey, Part::One(Segment::Key(_)) | Part::EachKey)
        | (Part::EachItem, Part::One(Segment::Index(_)) | Part::EachItem)
        | (Part::One(Segment::Key(_)), Part::EachKey)
        | (Part::One(Segment::Index(_)), Part::EachItem) => true,
        (Part::EachKey | Part::EachItem | Part::One(_), _) => false,
    }
}
