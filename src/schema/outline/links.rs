//! What one schema leads to: others that speak of the same value, and those for its keys and items.

use serde_json::Value as Json;

use crate::document::Segment;
use crate::schema::place::Place;
use crate::schema::{Schema, pattern};

/// The schemas that speak of the same value as the one that holds them.
pub(super) struct Links<'s> {
    /// `$ref`, `allOf`.
    pub always: Vec<Place<'s>>,
    /// Each `anyOf` and `oneOf`.
    pub one_of_several: Vec<Vec<Place<'s>>>,
    /// `then`, `else`, `dependentSchemas`.
    pub sometimes: Vec<Place<'s>>,
}

impl<'s> Links<'s> {
    pub(super) fn of(schema: &'s Schema, place: &Place<'s>) -> Self {
        let mut links = Self {
            always: Vec::new(),
            one_of_several: Vec::new(),
            sometimes: Vec::new(),
        };
        for keyword in ["$ref", "$dynamicRef", "$recursiveRef"] {
            if let Some(reference) = place.schema.get(keyword).and_then(Json::as_str) {
                links.always.extend(schema.follow(place, reference));
            }
        }
        links.always.extend(place.each("allOf"));
        for keyword in ["anyOf", "oneOf"] {
            let branches = place.each(keyword);
            if !branches.is_empty() {
                links.one_of_several.push(branches);
            }
        }
        if place.schema.get("if").is_some() {
            links.sometimes.extend(place.descend(&["then"]));
            links.sometimes.extend(place.descend(&["else"]));
        }
        for keyword in ["dependentSchemas", "dependencies"] {
            links.sometimes.extend(
                place
                    .each_named(keyword)
                    .into_iter()
                    .filter(|part| part.schema.is_object()),
            );
        }
        links
    }
}

/// Begins the name of a key that stands for many: followed by a regular expression, for the keys that it matches; alone,
/// for those that no schema speaks of. For private use in Unicode, so that no setting has it in its name.
pub(super) const MANY: char = '\u{f8ff}';

/// The schemas that a schema applies to one key or item of its value.
pub(super) fn children<'s>(place: &Place<'s>, step: &Segment) -> Vec<Place<'s>> {
    let found: Vec<Option<Place<'s>>> = match step {
        Segment::Key(key) => {
            let mut found = vec![place.descend(&["properties", key])];
            for expression in keys_of(place.schema.get("patternProperties")) {
                let is_meant = match key.strip_prefix(MANY) {
                    Some(many) => many == expression,
                    None => pattern::matches(expression, key),
                };
                if is_meant {
                    found.push(place.descend(&["patternProperties", expression]));
                }
            }
            if found.iter().all(Option::is_none) {
                found.push(place.descend(&["additionalProperties"]));
                found.push(place.descend(&["unevaluatedProperties"]));
            }
            found
        }
        Segment::Index(index) => {
            let index = index.to_string();
            let item = place
                .descend(&["prefixItems", &index])
                .or_else(|| match place.schema.get("items") {
                    Some(Json::Array(_)) => place
                        .descend(&["items", &index])
                        .or_else(|| place.descend(&["additionalItems"])),
                    _ => place.descend(&["items"]),
                });
            vec![item]
        }
    };
    // `true` and `false` declare nothing.
    found
        .into_iter()
        .flatten()
        .filter(|child| child.schema.is_object())
        .collect()
}

/// Which keys or items a schema speaks of.
pub(super) enum Below<'s> {
    Key(&'s str),
    /// Those that a regular expression matches.
    Matching(&'s str),
    /// Those that are neither declared nor matched.
    OtherKeys,
    Item(usize),
    /// Those from an index on.
    ItemsFrom(usize),
}

/// Every schema that a schema applies to keys and items of its value: what [`children`] finds, for all steps at once.
pub(super) fn below<'s>(place: &Place<'s>) -> Vec<(Below<'s>, Place<'s>)> {
    let mut found = Vec::new();
    let mut add = |which, steps: &[&str]| {
        let child = place.descend(steps).filter(|child| child.schema.is_object());
        found.extend(child.map(|child| (which, child)));
    };
    for key in keys_of(place.schema.get("properties")) {
        add(Below::Key(key), &["properties", key]);
    }
    for expression in keys_of(place.schema.get("patternProperties")) {
        add(Below::Matching(expression), &["patternProperties", expression]);
    }
    add(Below::OtherKeys, &["additionalProperties"]);
    add(Below::OtherKeys, &["unevaluatedProperties"]);
    let listed = |keyword: &str| place.schema.get(keyword).and_then(Json::as_array).map(Vec::len);
    let first = listed("prefixItems").unwrap_or_default();
    for index in 0..first {
        add(Below::Item(index), &["prefixItems", &index.to_string()]);
    }
    if let Some(count) = listed("items") {
        for index in first..count {
            add(Below::Item(index), &["items", &index.to_string()]);
        }
        add(Below::ItemsFrom(count.max(first)), &["additionalItems"]);
    } else {
        add(Below::ItemsFrom(first), &["items"]);
    }
    found
}

/// An alternative that no TOML value can take says nothing.
pub(super) fn is_null_or_false(schema: &Json) -> bool {
    schema == &Json::Bool(false)
        || schema.get("type").and_then(Json::as_str) == Some("null")
        || schema.get("const") == Some(&Json::Null)
}

pub(super) fn keys_of(json: Option<&Json>) -> impl Iterator<Item = &String> {
    json.and_then(Json::as_object)
        .into_iter()
        .flat_map(serde_json::Map::keys)
}
