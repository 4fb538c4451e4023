//! What becomes of the values of a setting that both versions have.

use super::unit::{self, Form};
use super::{Draft, find, quoted};
use crate::document::{KeyPath, Value};
use crate::migration::declared::Declared;
use crate::migration::pattern::{Part, Pattern};

/// Drafts what makes values that the later version takes of those that the earlier one took.
pub(super) fn change(draft: &mut Draft, before: &Declared, after: &Declared, current: &[Declared], new: &[Declared]) {
    if before.key.parts().is_empty() {
        return;
    }
    let are_known = !before.kinds.is_empty() && !after.kinds.is_empty();
    if are_known && !takes(&after.kinds, &before.kinds) {
        return kind(draft, before, after, current, new);
    }
    if !listed(draft, before, after) {
        range(draft, before, after);
    }
}

/// Whether a place has become another kind of thing, with all that stands in it.
pub(super) fn is_reshaped(before: &Declared, after: &Declared) -> bool {
    let holds = |one: &Declared| one.kinds.iter().any(|kind| kind == "table" || kind == "array");
    let known = !before.kinds.is_empty() && !after.kinds.is_empty();
    known && (holds(before) || holds(after)) && !takes(&after.kinds, &before.kinds)
}

pub(super) fn kinds(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

/// Whether every kind that there was is still taken.
fn takes(after: &[String], before: &[String]) -> bool {
    let wider = |kind: &String| kind == "integer" && after.iter().any(|other| other == "number");
    before.iter().all(|kind| after.contains(kind) || wider(kind))
}

fn kind(draft: &mut Draft, before: &Declared, after: &Declared, current: &[Declared], new: &[Declared]) {
    let key = || quoted(&after.key);
    let text = |text: &str| Value::String(text.to_owned()).to_string();
    let ([was], [is]) = (before.kinds.as_slice(), after.kinds.as_slice()) else {
        return undecided(draft, before, after);
    };
    let (was, is) = (was.as_str(), is.as_str());
    let converted = |draft: &mut Draft, why: &str, more: Vec<(&'static str, String)>| {
        let mut keys = vec![("convert", key()), ("to", text(is)), ("from", text(was))];
        keys.extend(more);
        draft.step(why, &keys);
    };
    let numeric = |kind: &str| kind == "integer" || kind == "number";
    let item = |list: &[Declared]| {
        find(
            list,
            &Pattern::of_parts(&[after.key.parts(), &[Part::EachItem]].concat()),
        )
        .cloned()
    };
    match (was, is) {
        (number, "string") if numeric(number) => {
            if let (Some(length), Some(form)) = (unit::in_seconds(before), unit::form(after)) {
                if length > 1.0 {
                    let why = format!("It counted {length} seconds; the text is made of seconds.");
                    draft.step(&why, &[("scale", key()), ("factor", length.to_string())]);
                }
                let to = if form == Form::Iso { "iso-duration" } else { "duration" };
                let why = "It was a number of that unit, and is a text that names it.";
                return draft.step(why, &[("convert", key()), ("to", text(to)), ("from", text("seconds"))]);
            }
            if !after.values.is_empty() {
                return undecided(draft, before, after);
            }
            let default = match &after.default {
                Some(Value::String(default)) => unit::around(default),
                Some(_) | None => None,
            };
            converted(draft, "It was a number, and is a text.", around(default));
        }
        ("string", number) if numeric(number) => {
            if let (Some(_), Some(length)) = (unit::form(before), unit::in_seconds(after)) {
                let why = "It was a text that names its unit, and is a number of that unit.";
                draft.step(why, &[("convert", key()), ("to", text("seconds"))]);
                if length > 1.0 {
                    let why = format!("It counts {length} seconds; the text was made seconds.");
                    let keys = [
                        ("scale", key()),
                        ("factor", "1".to_owned()),
                        ("divisor", length.to_string()),
                    ];
                    draft.step(&why, &keys);
                }
                return;
            }
            let default = match &before.default {
                Some(Value::String(default)) => unit::around(default),
                Some(_) | None => None,
            };
            converted(draft, "It was a text, and is a number.", around(default));
        }
        ("number", "integer") => {
            let why = "It was any number, and is a whole one: others are rounded.";
            draft.step(
                why,
                &[("scale", key()), ("factor", "1".to_owned()), ("round", "0".to_owned())],
            );
        }
        ("boolean", "string") | ("string", "boolean") => switch(draft, before, after, &converted),
        (one, "array") if one != "table" => {
            let fits = |item: &Declared| {
                let is_listed = |value: &Value| item.values.contains(value);
                let values = item.values.is_empty() || !before.values.is_empty() && before.values.iter().all(is_listed);
                values && (item.kinds.is_empty() || takes(&item.kinds, &before.kinds))
            };
            if item(new).is_some_and(|item| fits(&item)) {
                let why = "It was one value, and is an array of them.";
                draft.step(
                    why,
                    &[("convert", key()), ("to", text("array")), ("from", text("item"))],
                );
            } else {
                undecided(draft, before, after);
            }
        }
        ("table", "array") => {
            let names = |list: &[Declared], of: &Pattern| -> Vec<Pattern> {
                let below = list.iter().filter_map(|one| one.key.parts().strip_prefix(of.parts()));
                below.filter(|below| !below.is_empty()).map(Pattern::of_parts).collect()
            };
            let inner = item(new).map(|item| names(new, &item.key)).unwrap_or_default();
            let outer = names(current, &before.key);
            if outer.iter().any(|name| inner.contains(name)) {
                draft.step("It was one table, and is an array of tables.", &[("wrap", key())]);
            } else {
                undecided(draft, before, after);
            }
        }
        (_, _) => undecided(draft, before, after),
    }
}

type Converted<'c> = dyn Fn(&mut Draft, &str, Vec<(&'static str, String)>) + 'c;

/// `true` and `false`, and the texts that say the same.
fn switch(draft: &mut Draft, before: &Declared, after: &Declared, converted: &Converted<'_>) {
    const PAIRS: [(&str, &str); 7] = [
        ("true", "false"),
        ("on", "off"),
        ("yes", "no"),
        ("enabled", "disabled"),
        ("enable", "disable"),
        ("active", "inactive"),
        ("open", "closed"),
    ];
    let (texts, is_made) = if after.kinds == ["string"] {
        (&after.values, true)
    } else {
        (&before.values, false)
    };
    if texts.is_empty() && !is_made {
        return converted(draft, "It was a text, and is true or false.", Vec::new());
    }
    let said = |wanted: &str| texts.iter().find(|text| text.bare().eq_ignore_ascii_case(wanted));
    let pairs = PAIRS.iter().filter_map(|(yes, no)| Some((said(yes)?, said(no)?)));
    let found: Vec<(&Value, &Value)> = pairs.collect();
    let [(yes, no)] = found.as_slice() else {
        return undecided(draft, before, after);
    };
    if !is_made && texts.len() > 2 {
        return undecided(draft, before, after);
    }
    let values = if is_made {
        format!("{{ true = {yes}, false = {no} }}")
    } else {
        let name = |text: &Value| KeyPath::root().key(text.bare()).to_string();
        format!("{{ {} = true, {} = false }}", name(yes), name(no))
    };
    draft.step(
        "The same two values, said otherwise.",
        &[("map", quoted(&after.key)), ("values", values)],
    );
}

fn undecided(draft: &mut Draft, before: &Declared, after: &Declared) {
    let (was, is) = (before.kinds.join(" or "), after.kinds.join(" or "));
    let question = format!("`{}` was {was} and is {is}: what becomes of it?", after.key);
    draft.decide(&after.key, &question);
}

fn around(default: Option<(&str, &str)>) -> Vec<(&'static str, String)> {
    let (prefix, suffix) = default.unwrap_or_default();
    let said = [("prefix", prefix), ("suffix", suffix)]
        .into_iter()
        .filter(|(_, text)| !text.is_empty());
    said.map(|(name, text)| (name, Value::String(text.to_owned()).to_string()))
        .collect()
}

/// Values that are taken no more. Tells whether a decision is left.
fn listed(draft: &mut Draft, before: &Declared, after: &Declared) -> bool {
    if after.values.is_empty() {
        return false;
    }
    let name = &after.key;
    let told = |values: &[&Value]| values.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let allowed = told(&after.values.iter().collect::<Vec<_>>());
    if before.values.is_empty() {
        // Two values that there can be are listed by their kind.
        if before.kinds == ["boolean"] {
            return false;
        }
        draft.decide(
            name,
            &format!("`{name}` took others, and takes only {allowed}: what do others become?"),
        );
        return true;
    }
    let lost: Vec<&Value> = before
        .values
        .iter()
        .filter(|value| !after.values.contains(value))
        .collect();
    let successor = |value: &Value| {
        let mut same = after.values.iter().filter(|other| bare(other) == bare(value));
        same.next().filter(|_| same.next().is_none())
    };
    let respelled: Vec<String> = lost
        .iter()
        .filter_map(|value| Some(format!("{} = {}", KeyPath::root().key(value.bare()), successor(value)?)))
        .collect();
    if !respelled.is_empty() {
        let values = format!("{{ {} }}", respelled.join(", "));
        draft.step(
            "The same values, spelled otherwise.",
            &[("map", quoted(name)), ("values", values)],
        );
    }
    let open: Vec<&Value> = lost.into_iter().filter(|value| successor(value).is_none()).collect();
    if !open.is_empty() {
        let question = format!(
            "`{name}` takes {} no more; it takes {allowed}: what do they become? (`map`)",
            told(&open)
        );
        draft.decide(name, &question);
    }
    !open.is_empty()
}

/// A value without what is often spelled in two ways.
fn bare(value: &Value) -> String {
    let text = value.bare().to_lowercase();
    text.chars()
        .filter(|character| !matches!(character, '_' | '-' | ' '))
        .collect()
}

/// A range that has become narrower.
fn range(draft: &mut Draft, before: &Declared, after: &Declared) {
    let narrower = |old: Option<f64>, new: Option<f64>, is_tighter: fn(f64, f64) -> bool| {
        new.filter(|new| old.is_none_or(|old| is_tighter(*new, old)))
    };
    let minimum = narrower(before.minimum, after.minimum, |new, old| new > old);
    let maximum = narrower(before.maximum, after.maximum, |new, old| new < old);
    if minimum.is_none() && maximum.is_none() {
        return;
    }
    let told = |one: &Declared| match (one.minimum, one.maximum) {
        (Some(least), Some(most)) => format!("{least} to {most}"),
        (Some(least), None) => format!("at least {least}"),
        (None, Some(most)) => format!("at most {most}"),
        (None, None) => "without bounds".to_owned(),
    };
    let mut keys = vec![("clamp", quoted(&after.key))];
    keys.extend(minimum.map(|bound| ("minimum", bound.to_string())));
    keys.extend(maximum.map(|bound| ("maximum", bound.to_string())));
    let why = format!(
        "It was {} and is {}: values beyond become the nearest that is allowed.",
        told(before),
        told(after)
    );
    draft.step(&why, &keys);
}
