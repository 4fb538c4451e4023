//! Which setting of the one version is which of the other under another name.

use std::collections::BTreeSet;

use super::{Draft, change, find, has, holder, quoted};
use crate::document::Segment;
use crate::migration::declared::Declared;
use crate::migration::pattern::{Part, Pattern};

/// How it is known that two are the same, the surest first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Reason {
    Told,
    Description,
    Shape,
    Name,
}

/// Two places that are the same setting, and whether it has become the only item of an array on the way.
struct Pair {
    reason: Reason,
    before: Pattern,
    after: Pattern,
    in_array: bool,
}

/// Drafts renames and moves, whole tables first, and gives `current` the new names.
pub(super) fn rename(draft: &mut Draft, current: &mut [Declared], new: &[Declared]) {
    // Each pair takes a name from those that are gone, so there is an end.
    while let Some(pair) = best(current, new) {
        let verb = match (pair.in_array, holder(&pair.before) == holder(&pair.after)) {
            (true, _) => "wrap",
            (false, true) => "rename",
            (false, false) => "move",
        };
        let array = if pair.in_array {
            ", as the only item of an array"
        } else {
            ""
        };
        let why = match pair.reason {
            Reason::Told => format!("The schema says that it was called so (`x-renamed-from`){array}."),
            Reason::Description => format!("Likely: the description is the same{array}."),
            Reason::Shape => format!("Likely: the same settings stand in it{array}."),
            Reason::Name => "Likely: the name and the kind are the same, in another table.".to_owned(),
        };
        draft.step(&why, &[(verb, quoted(&pair.before)), ("to", quoted(&pair.after))]);
        carry(current, &pair);
    }
}

/// The surest pair; of those that are as sure, the one that takes most with it.
fn best(current: &[Declared], new: &[Declared]) -> Option<Pair> {
    let gone: Vec<&Declared> = current.iter().filter(|one| !has(new, &one.key)).collect();
    let come: Vec<&Declared> = new.iter().filter(|one| !has(current, &one.key)).collect();
    let mut pairs = Vec::new();
    for after in &come {
        for before in &gone {
            if let Some((reason, in_array)) = alike(before, after, current, new) {
                let (before, after) = (before.key.clone(), after.key.clone());
                pairs.push(Pair {
                    reason,
                    before,
                    after,
                    in_array,
                });
            }
        }
    }
    // A guess must be the only one, both ways.
    let is_only = |pair: &&Pair| {
        let same = |other: &&Pair| other.reason == pair.reason;
        let from = pairs
            .iter()
            .filter(same)
            .filter(|other| other.before == pair.before)
            .count();
        let to = pairs
            .iter()
            .filter(same)
            .filter(|other| other.after == pair.after)
            .count();
        pair.reason == Reason::Told || (from == 1 && to == 1)
    };
    let depth = |pair: &&Pair| (pair.reason, pair.after.parts().len());
    let index = pairs
        .iter()
        .enumerate()
        .filter(|(_, pair)| is_only(pair))
        .min_by_key(|(_, pair)| depth(pair))?
        .0;
    Some(pairs.swap_remove(index))
}

fn alike(before: &Declared, after: &Declared, current: &[Declared], new: &[Declared]) -> Option<(Reason, bool)> {
    let is_name = |part: Option<&Part>| matches!(part, Some(Part::One(Segment::Key(_))));
    if !is_name(before.key.parts().last()) || !is_name(after.key.parts().last()) {
        return None;
    }
    if before.key.wildcards() != after.key.wildcards() || after.key.parts().starts_with(before.key.parts()) {
        return None;
    }
    // What stands in a thing that has become another one, or in a value, cannot be reached.
    let above = holder(&after.key)?;
    if find(current, &above).is_some_and(|above| !above.takes("table")) {
        return None;
    }
    let in_array = before.kinds == ["table"] && after.kinds == ["array"] && item_kinds(new, after) == ["table"];
    if told(before, after) {
        return Some((Reason::Told, in_array));
    }
    if many(&before.key) != many(&after.key) || !(in_array || before.kinds == after.kinds) {
        return None;
    }
    if before.description.is_some() && before.description == after.description {
        return Some((Reason::Description, in_array));
    }
    let item = Pattern::of_parts(&[after.key.parts(), &[Part::EachItem]].concat());
    let inner = if in_array { &item } else { &after.key };
    let (was, is) = (shape(current, &before.key), shape(new, inner));
    if !was.is_empty() && was == is {
        return Some((Reason::Shape, in_array));
    }
    let same_name = before.key.parts().last() == after.key.parts().last();
    let is_value = was.is_empty() && is.is_empty() && !before.kinds.is_empty();
    (same_name && is_value && !in_array).then_some((Reason::Name, false))
}

/// Whether the later schema says that this was its name: alone in the same table, or in full.
fn told(before: &Declared, after: &Declared) -> bool {
    let (full, beside) = (before.key.to_string(), holder(&before.key) == holder(&after.key));
    let name = before.key.parts().last();
    let name = name.map(|name| Pattern::of_parts(std::slice::from_ref(name)).to_string());
    let called = |called: &String| *called == full || beside && Some(called) == name.as_ref();
    after.renamed_from.iter().any(called)
}

/// The steps up to the last that stands for many: what one user has is not what one zone has.
fn many(key: &Pattern) -> &[Part] {
    let last = key.parts().iter().rposition(|part| !matches!(part, Part::One(_)));
    &key.parts()[..last.map_or(0, |last| last + 1)]
}

fn item_kinds<'d>(list: &'d [Declared], array: &Declared) -> &'d [String] {
    let item = Pattern::of_parts(&[array.key.parts(), &[Part::EachItem]].concat());
    find(list, &item).map_or(&[], |item| &item.kinds)
}

/// The settings in a table or array, by their keys there and their kinds.
fn shape(list: &[Declared], key: &Pattern) -> BTreeSet<(Pattern, Vec<String>)> {
    let below = list.iter().filter_map(|one| {
        let below = one
            .key
            .parts()
            .strip_prefix(key.parts())
            .filter(|below| !below.is_empty())?;
        Some((Pattern::of_parts(below), one.kinds.clone()))
    });
    below.collect()
}

/// Gives what a pair is about its new name, with all that stands in it.
fn carry(current: &mut [Declared], pair: &Pair) {
    let array = current.iter().position(|one| one.key == pair.before);
    for one in current.iter_mut() {
        if let Some(below) = one.key.parts().strip_prefix(pair.before.parts()) {
            let item: &[Part] = if pair.in_array { &[Part::EachItem] } else { &[] };
            one.key = Pattern::of_parts(&[pair.after.parts(), item, below].concat());
        }
    }
    if let (true, Some(array)) = (pair.in_array, array) {
        // The array itself is there now; its item is told by what stands in it.
        current[array].key = pair.after.clone();
        current[array].kinds = change::kinds(&["array"]);
    }
}
