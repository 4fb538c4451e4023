//! A first draft of a migration, from what two schema versions declare: everything that needs no decision, each step
//! with the reason why it stands there. What cannot be known is left open as a decision, so that nothing is migrated
//! by a guess; what is likely says so.

mod change;
mod lineage;
mod unit;

use std::fmt::Write as _;

use super::declared::Declared;
use super::pattern::{Part, Pattern};
use crate::document::Value;

/// The text of a migration from one schema version to the next. Both lists begin with the whole and have each table
/// before what it holds.
#[must_use]
pub fn draft(from: u32, old: &[Declared], new: &[Declared]) -> String {
    let mut draft = Draft {
        text: String::new(),
        to: u64::from(from) + 1,
    };
    // As the steps written so far leave it.
    let mut current = old.to_vec();
    lineage::rename(&mut draft, &mut current, new);
    for before in &current {
        if let Some(after) = find(new, &before.key) {
            change::change(&mut draft, before, after, &current, new);
        }
    }
    for one in new {
        add(&mut draft, one, &current, new);
    }
    for one in &current {
        let holder = holder(&one.key);
        let goes_with_it = holder.as_ref().is_some_and(|holder| !has(new, holder));
        if !has(new, &one.key) && !goes_with_it && !is_reshaped(holder.as_ref(), &current, new) {
            let why = format!(
                "Version {} does not know it. What it was stays in the history.",
                draft.to
            );
            draft.step(&why, &[("remove", quoted(&one.key))]);
        }
    }
    let Draft { text, to } = draft;
    format!(
        "#:schema ../../schemas/migration.schema.json\n# Drafted from the two schemas. Look at each step; `valvecfg migrate -n` shows what it does.\nfrom = {from}\nto = {to}\n{text}"
    )
}

/// What is new and must be there gets its default.
fn add(draft: &mut Draft, one: &Declared, current: &[Declared], new: &[Declared]) {
    let before = find(current, &one.key);
    let Some(table) = holder(&one.key).filter(|_| one.required) else {
        return;
    };
    // Already there, always; or in something that is handled as a whole.
    if before.is_some_and(|before| before.required) || is_reshaped(Some(&table), current, new) {
        return;
    }
    // Where a table is new and need not be there, nothing in it need be.
    let ancestors: Vec<Pattern> = (1..one.key.parts().len())
        .map(|length| Pattern::of_parts(&one.key.parts()[..length]))
        .collect();
    let may_lack = |key: &&Pattern| find(new, key).is_some_and(|one| !one.required && !is_wild(key));
    let optional: Vec<&Pattern> = ancestors.iter().filter(may_lack).collect();
    // What has moved into it makes it.
    let can_be = |key: &Pattern| current.iter().any(|one| one.key.parts().starts_with(key.parts()));
    if !optional.iter().all(|key| can_be(key)) {
        return;
    }
    // What a wildcard stands for is there, and so is all that it stands in.
    let is_named = |part: &Part| matches!(part, Part::One(_));
    let last = optional
        .last()
        .filter(|key| one.key.parts()[key.parts().len()..].iter().all(is_named));
    let when = last.map(|key| format!("{{ key = {}, set = true }}", quoted(key)));
    let is = if before.is_some() {
        "is required now"
    } else {
        "is new and required"
    };
    let only = match one.values.as_slice() {
        [only] => Some(only),
        _ => None,
    };
    let holds_others = new
        .iter()
        .any(|other| other.required && holder(&other.key).as_ref() == Some(&one.key));
    if let Some(value) = one.default.as_ref().or(only) {
        let mut keys = vec![("default", quoted(&one.key)), ("value", value.to_string())];
        keys.extend(when.map(|when| ("when", when)));
        let source = if one.default.is_some() {
            "its default"
        } else {
            "the only value that it takes"
        };
        draft.step(&format!("It {is}; this is {source}."), &keys);
    } else if one.kinds == ["table"] && holds_others {
        // What it must hold makes it.
    } else if one.kinds == ["table"] {
        let mut keys = vec![("default", quoted(&one.key)), ("value", "{}".to_owned())];
        keys.extend(when.map(|when| ("when", when)));
        draft.step(&format!("It {is}, and nothing must stand in it."), &keys);
    } else {
        let question = format!(
            "`{}` {is}, and has no default: what is it where it is missing?",
            one.key
        );
        draft.decide(&one.key, &question);
    }
}

/// Whether a place has become another kind of thing, so that what stands in it goes with it.
fn is_reshaped(holder: Option<&Pattern>, current: &[Declared], new: &[Declared]) -> bool {
    let Some(holder) = holder else { return false };
    (0..=holder.parts().len()).any(|length| {
        let above = Pattern::of_parts(&holder.parts()[..length]);
        match (find(current, &above), find(new, &above)) {
            (Some(before), Some(after)) => change::is_reshaped(before, after),
            _ => false,
        }
    })
}

/// The steps written so far.
struct Draft {
    text: String,
    to: u64,
}

impl Draft {
    fn step(&mut self, why: &str, keys: &[(&str, String)]) {
        self.text.push('\n');
        for line in wrapped(why) {
            // Writing to a string does not fail.
            writeln!(self.text, "# {line}").unwrap_or_default();
        }
        self.text.push_str("[[step]]\n");
        for (name, value) in keys {
            writeln!(self.text, "{name} = {value}").unwrap_or_default();
        }
    }

    fn decide(&mut self, about: &Pattern, question: &str) {
        let text = Value::String(question.to_owned()).to_string();
        let why = "The schemas do not tell. Put a step in the place of this one.";
        self.step(why, &[("decide", text), ("key", quoted(about))]);
    }
}

/// A comment in lines that fit on a screen.
fn wrapped(text: &str) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.is_empty() => line.push_str(word),
            Some(line) if line.chars().count() + word.chars().count() < 98 => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

fn find<'d>(list: &'d [Declared], key: &Pattern) -> Option<&'d Declared> {
    list.iter().find(|one| one.key == *key)
}

fn has(list: &[Declared], key: &Pattern) -> bool {
    find(list, key).is_some()
}

/// The table or array that a place stands in; nothing for the whole.
fn holder(key: &Pattern) -> Option<Pattern> {
    let (_, above) = key.parts().split_last()?;
    Some(Pattern::of_parts(above))
}

/// Whether its last step stands for many.
fn is_wild(key: &Pattern) -> bool {
    matches!(key.parts().last(), Some(Part::EachItem | Part::EachKey))
}

fn quoted(key: &Pattern) -> String {
    Value::String(key.to_string()).to_string()
}

#[cfg(test)]
mod tests;
