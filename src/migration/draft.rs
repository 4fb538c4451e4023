//! A first draft of a migration, from what two schema versions declare. What cannot be known is left open as a
//! decision, so that nothing is migrated by a guess; what is guessed says so.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::declared::Declared;
use super::pattern::Pattern;
use crate::document::Value;

/// The text of a migration from one schema version to the next.
#[must_use]
pub fn draft(from: u32, old: &[Declared], new: &[Declared]) -> String {
    let mut text = format!(
        "#:schema ../../schemas/migration.schema.json\n# Drafted from the two schemas. Look at each step; `valvecfg migrate -n` shows what it does.\nfrom = {from}\nto = {}\n",
        u64::from(from) + 1
    );
    let find = |list: &[Declared], key: &Pattern| list.iter().find(|one| one.key == *key).cloned();
    let mut gone: Vec<&Declared> = old.iter().filter(|one| find(new, &one.key).is_none()).collect();
    let come: Vec<&Declared> = new.iter().filter(|one| find(old, &one.key).is_none()).collect();
    let mut pairs: Vec<(Declared, Declared)> = Vec::new();
    let mut settled = BTreeSet::new();
    for one in &come {
        if let Some((at, why)) = predecessor(one, &gone, &come) {
            let before = gone.remove(at);
            let verb = if same_table(&before.key, &one.key) {
                "rename"
            } else {
                "move"
            };
            step(&mut text, why, &[(verb, key(&before.key)), ("to", key(&one.key))]);
            pairs.push((before.clone(), (*one).clone()));
            settled.insert(one.key.clone());
        }
    }
    pairs.extend(
        old.iter()
            .filter_map(|before| Some((before.clone(), find(new, &before.key)?))),
    );
    for (before, after) in &pairs {
        change(&mut text, before, after);
    }
    for one in come.iter().filter(|one| one.required && !settled.contains(&one.key)) {
        match &one.default {
            Some(value) => step(
                &mut text,
                None,
                &[("default", key(&one.key)), ("value", value.to_string())],
            ),
            None => decide(
                &mut text,
                &one.key,
                &format!(
                    "`{}` is new and required, and has no default: what is it where it is missing?",
                    one.key
                ),
            ),
        }
    }
    for one in gone {
        step(&mut text, None, &[("remove", key(&one.key))]);
    }
    text
}

/// Which of the settings that are gone is this one under another name, and how that is known.
fn predecessor(one: &Declared, gone: &[&Declared], come: &[&Declared]) -> Option<(usize, Option<&'static str>)> {
    let is_named = |before: &&Declared| {
        let full = before.key.to_string();
        one.renamed_from.contains(&full)
    };
    if let Some(at) = gone.iter().position(is_named) {
        return Some((at, None));
    }
    // A guess must be the only one, both ways.
    let alike =
        |a: &Declared, b: &Declared| a.kinds == b.kinds && a.description.is_some() && a.description == b.description;
    let same_name = |a: &Declared, b: &Declared| a.kinds == b.kinds && a.key.parts().last() == b.key.parts().last();
    for (is_like, why) in [
        (
            &alike as &dyn Fn(&Declared, &Declared) -> bool,
            "likely: the description is the same",
        ),
        (&same_name, "likely: the name is the same, in another table"),
    ] {
        let mut found = gone.iter().enumerate().filter(|(_, before)| is_like(before, one));
        if let (Some((at, before)), None) = (found.next(), found.next())
            && come.iter().filter(|other| is_like(before, other)).count() == 1
        {
            return Some((at, Some(why)));
        }
    }
    None
}

/// What becomes of the values of a setting that both versions have.
fn change(text: &mut String, before: &Declared, after: &Declared) {
    let name = after.key.to_string();
    if !before.kinds.is_empty() && !after.kinds.is_empty() && !takes(&after.kinds, &before.kinds) {
        let to = after.kinds.first().map_or("", String::as_str);
        let known = ["string", "integer", "number", "boolean"];
        let simple = before.kinds.len() == 1 && after.kinds.len() == 1;
        let both_known =
            simple && known.contains(&to) && before.kinds.iter().all(|kind| known.contains(&kind.as_str()));
        if both_known {
            let mut keys = vec![("convert", key(&after.key)), ("to", format!("\"{to}\""))];
            keys.extend(before.kinds.first().map(|kind| ("from", format!("\"{kind}\""))));
            step(text, None, &keys);
        } else if simple && to == "array" {
            step(text, None, &[("wrap", key(&after.key))]);
        } else if simple && before.kinds == ["array"] {
            step(text, None, &[("unwrap", key(&after.key))]);
        } else {
            let (was, is) = (before.kinds.join(" or "), after.kinds.join(" or "));
            decide(
                text,
                &after.key,
                &format!("`{name}` was {was} and is {is}: what becomes of it?"),
            );
        }
        return;
    }
    let lost: Vec<&Value> = before
        .values
        .iter()
        .filter(|value| !after.values.contains(value))
        .collect();
    if !after.values.is_empty() && !lost.is_empty() {
        let joined = |values: &[&Value]| values.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        let allowed: Vec<&Value> = after.values.iter().collect();
        decide(
            text,
            &after.key,
            &format!(
                "`{name}` takes {} no more; it takes {}: what do they become? (`map`)",
                joined(&lost),
                joined(&allowed)
            ),
        );
    }
    let narrower = |old: Option<f64>, new: Option<f64>, is_tighter: fn(f64, f64) -> bool| {
        new.filter(|new| old.is_none_or(|old| is_tighter(*new, old)))
    };
    let minimum = narrower(before.minimum, after.minimum, |new, old| new > old);
    let maximum = narrower(before.maximum, after.maximum, |new, old| new < old);
    if minimum.is_some() || maximum.is_some() {
        let mut keys = vec![("clamp", key(&after.key))];
        keys.extend(minimum.map(|bound| ("minimum", bound.to_string())));
        keys.extend(maximum.map(|bound| ("maximum", bound.to_string())));
        step(text, Some("values beyond become the nearest that is allowed"), &keys);
    }
}

/// Whether every kind that there was is still taken.
fn takes(after: &[String], before: &[String]) -> bool {
    let wider = |kind: &String| kind == "integer" && after.iter().any(|other| other == "number");
    before.iter().all(|kind| after.contains(kind) || wider(kind))
}

fn same_table(one: &Pattern, other: &Pattern) -> bool {
    let holder = |key: &Pattern| key.parts().split_last().map(|(_, holder)| holder.to_vec());
    holder(one) == holder(other)
}

fn key(pattern: &Pattern) -> String {
    Value::String(pattern.to_string()).to_string()
}

fn decide(text: &mut String, about: &Pattern, question: &str) {
    let question = Value::String(question.to_owned()).to_string();
    step(text, None, &[("decide", question), ("key", key(about))]);
}

fn step(text: &mut String, comment: Option<&str>, keys: &[(&str, String)]) {
    text.push('\n');
    if let Some(comment) = comment {
        // Writing to a string does not fail.
        writeln!(text, "# {comment}").unwrap_or_default();
    }
    text.push_str("[[step]]\n");
    for (name, value) in keys {
        writeln!(text, "{name} = {value}").unwrap_or_default();
    }
}

#[cfg(test)]
mod tests {
    use super::{Declared, draft};
    use crate::document::Value;
    use crate::migration::Migration;

    fn setting(key: &str, kind: &str) -> Declared {
        Declared {
            key: key.parse().unwrap(),
            kinds: vec![kind.to_owned()],
            ..Declared::default()
        }
    }

    fn steps(old: &[Declared], new: &[Declared]) -> String {
        let text = draft(1, old, new);
        Migration::parse(&text).unwrap();
        text.split_once("to = 2\n")
            .unwrap()
            .1
            .replace("\n[[step]]\n", "- ")
            .replace('\n', "; ")
    }

    #[test]
    fn what_came_and_went_is_drafted() {
        let old = [
            setting("gone", "string"),
            setting("same", "integer"),
            setting("zones[*].x", "number"),
        ];
        let new = [
            setting("same", "integer"),
            Declared {
                required: true,
                default: Some(Value::Float(2.5)),
                ..setting("zones[*].flow", "number")
            },
            setting("optional", "boolean"),
        ];
        assert_eq!(
            steps(&old, &new),
            "- default = \"zones[*].flow\"; value = 2.5; - remove = \"gone\"; - remove = \"zones[*].x\"; "
        );
    }

    #[test]
    fn renames_are_told_or_guessed_where_there_is_one_guess() {
        let told = Declared {
            renamed_from: vec!["threshold".to_owned()],
            ..setting("close_above", "integer")
        };
        assert_eq!(
            steps(&[setting("threshold", "integer")], &[told]),
            "- rename = \"threshold\"; to = \"close_above\"; "
        );
        assert!(
            steps(&[setting("host", "string")], &[setting("mqtt.host", "string")])
                .ends_with("# likely: the name is the same, in another table- move = \"host\"; to = \"mqtt.host\"; ")
        );
        let two = [setting("a.host", "string"), setting("b.host", "string")];
        assert_eq!(steps(&[setting("host", "string")], &two), "- remove = \"host\"; ");
    }

    #[test]
    fn changed_values_are_converted_clamped_or_left_to_a_person() {
        let bounded = |maximum| Declared {
            maximum: Some(maximum),
            ..setting("a", "integer")
        };
        assert!(steps(&[bounded(100.0)], &[bounded(80.0)]).contains("clamp = \"a\"; maximum = 80; "));
        assert_eq!(steps(&[bounded(80.0)], &[bounded(100.0)]), "");
        assert_eq!(
            steps(&[setting("a", "string")], &[setting("a", "integer")]),
            "- convert = \"a\"; to = \"integer\"; from = \"string\"; "
        );
        let listed = |values: &[&str]| Declared {
            values: values.iter().map(|value| Value::String((*value).to_owned())).collect(),
            ..setting("mode", "string")
        };
        let text = draft(1, &[listed(&["auto", "off"])], &[listed(&["automatic", "off"])]);
        let migration = Migration::parse(&text).unwrap();
        assert_eq!(migration.open_decisions().count(), 1);
    }
}
