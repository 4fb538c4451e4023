//! From the validator's errors to causes: one for each thing that a person has to change.
//!
//! The validator reports `anyOf` and `oneOf` as a tree of everything that every branch objects to. Here the
//! branch that comes nearest speaks for all of them.

use std::collections::HashSet;

use jsonschema::error::{TypeKind, ValidationErrorKind as Raw};
use jsonschema::{JsonType, ValidationError};
use serde_json::{Number, Value as Json};

use super::{Kind, Schema, engine};
use crate::document::{KeyPath, Segment};

/// In a longer array the equal items are not looked for: each is compared with each.
const MOST_COMPARED: usize = 2_000;

/// Something to change, and where.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Cause {
    /// The value concerned; for a missing or unknown key, that key.
    pub path: KeyPath,
    pub fault: Fault,
    /// The rule, as a pointer into the schema.
    pub rule: String,
}

/// What is wrong.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Fault {
    Bound(Bound, Number),
    MultipleOf(f64),
    Type(Vec<Kind>),
    Missing,
    /// One of these keys is missing, it does not matter which.
    MissingOneOf(Vec<String>),
    UnknownKey,
    Values(Vec<Json>),
    /// A value of one of these kinds, or one of these values.
    Either(Vec<Kind>, Vec<Json>),
    Pattern(String),
    Format(String),
    /// Of a text, in characters.
    Length(Bound, u64),
    /// How many of them: `"item"` or `"key"`.
    Count(&'static str, Bound, u64),
    /// The item equals the one at this index.
    SameAs(usize),
    NotUnique,
    NoSuchItem,
    NoBranch(Box<Fault>),
    SeveralBranches(Vec<usize>),
    /// What the schema's author says about it, if anything.
    Forbidden(Option<String>),
    /// These keys may not stand beside each other.
    Exclusive(Vec<String>, Option<String>),
    NotFinite,
    GaveUp,
    Encoding(String),
    /// The key's name breaks a rule for names.
    Name(Box<Fault>),
    /// The schema that would decide is not at hand.
    Unanswered(String),
    /// A secret in plain text.
    Exposed,
}

impl Fault {
    /// The values that the schema lists, if that is the fault.
    fn values(&self) -> &[Json] {
        if let Self::Values(values) = self { values } else { &[] }
    }
}

/// Which way a limit works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bound {
    AtLeast,
    AtMost,
    MoreThan,
    LessThan,
}

/// The causes behind the validator's errors, without those that only follow from others.
pub(super) fn causes<'e>(
    schema: &Schema,
    document: &Json,
    errors: impl IntoIterator<Item = &'e ValidationError<'e>>,
) -> Vec<Cause> {
    let reader = Reader { schema, document };
    let found = reader.read_all(errors);
    without_consequences(schema, found)
}

struct Reader<'s> {
    schema: &'s Schema,
    document: &'s Json,
}

impl Reader<'_> {
    fn read_all<'e>(&self, errors: impl IntoIterator<Item = &'e ValidationError<'e>>) -> Vec<Cause> {
        errors.into_iter().flat_map(|error| self.read(error)).collect()
    }

    fn read(&self, error: &ValidationError<'_>) -> Vec<Cause> {
        let path = path_of(self.document, error.instance_path().as_str());
        let rule = self.rule_of(error);
        let at = |path: KeyPath, fault: Fault| Cause {
            path,
            fault,
            rule: rule.clone(),
        };
        let here = |fault: Fault| vec![at(path.clone(), fault)];
        let limited = |bound: Bound, limit: &Json| {
            // The meta-schema admits numbers alone.
            let limit = limit.as_number().cloned();
            here(limit.map_or(Fault::Forbidden(None), |limit| Fault::Bound(bound, limit)))
        };
        match error.kind() {
            Raw::Minimum { limit } => limited(Bound::AtLeast, limit),
            Raw::Maximum { limit } => limited(Bound::AtMost, limit),
            Raw::ExclusiveMinimum { limit } => limited(Bound::MoreThan, limit),
            Raw::ExclusiveMaximum { limit } => limited(Bound::LessThan, limit),
            Raw::MultipleOf { multiple_of } => here(Fault::MultipleOf(*multiple_of)),
            Raw::Type { kind } => here(Fault::Type(kinds_of(kind))),
            Raw::Required { property } => {
                let key = property.as_str().unwrap_or_default();
                vec![at(path.key(key), Fault::Missing)]
            }
            Raw::AdditionalProperties { unexpected } | Raw::UnevaluatedProperties { unexpected } => unexpected
                .iter()
                .map(|key| at(path.key(key.as_str()), Fault::UnknownKey))
                .collect(),
            Raw::Constant { expected_value } => here(Fault::Values(vec![expected_value.as_ref().clone()])),
            Raw::Enum { options } => here(Fault::Values(options.as_array().cloned().unwrap_or_default())),
            Raw::Pattern { pattern } => here(Fault::Pattern(pattern.clone())),
            Raw::Format { format } => here(Fault::Format(format.clone())),
            Raw::MinLength { limit } => here(Fault::Length(Bound::AtLeast, *limit)),
            Raw::MaxLength { limit } => here(Fault::Length(Bound::AtMost, *limit)),
            Raw::MinItems { limit } => here(Fault::Count("item", Bound::AtLeast, *limit)),
            Raw::MaxItems { limit } => here(Fault::Count("item", Bound::AtMost, *limit)),
            Raw::MinProperties { limit } => here(Fault::Count("key", Bound::AtLeast, *limit)),
            Raw::MaxProperties { limit } => here(Fault::Count("key", Bound::AtMost, *limit)),
            Raw::AdditionalItems { limit } => here(Fault::Count("item", Bound::AtMost, *limit as u64)),
            Raw::Contains => here(Fault::NoSuchItem),
            Raw::UniqueItems => match repeated(error.instance()) {
                Some((first, second)) => vec![at(path.index(second), Fault::SameAs(first))],
                None => here(Fault::NotUnique),
            },
            Raw::PropertyNames { error: inner } => {
                let name = inner.instance().as_str().unwrap_or_default().to_owned();
                let faults = self.read(inner);
                let fault = faults
                    .into_iter()
                    .next()
                    .map_or(Fault::Forbidden(None), |cause| cause.fault);
                vec![at(path.key(name), Fault::Name(Box::new(fault)))]
            }
            Raw::AnyOf { context } | Raw::OneOfNotValid { context } => {
                let branches = context.iter().map(|errors| self.read_all(errors)).collect();
                nearest(&path, branches, &rule)
            }
            Raw::OneOfMultipleValid { context } => {
                let fitting = context.iter().enumerate().filter(|(_, errors)| errors.is_empty());
                here(Fault::SeveralBranches(fitting.map(|(index, _)| index + 1).collect()))
            }
            Raw::Not { schema } => {
                let (path, fault) = forbidden(path.clone(), schema);
                vec![at(path, fault)]
            }
            Raw::FalseSchema | Raw::UnevaluatedItems { .. } => here(Fault::Forbidden(None)),
            Raw::Custom { keyword, message } if keyword == engine::UNANSWERED => {
                here(Fault::Unanswered(message.clone()))
            }
            Raw::Custom { message, .. } if message == engine::GAVE_UP => here(Fault::GaveUp),
            Raw::Custom { message, .. } => here(Fault::Pattern(message.clone())),
            Raw::BacktrackLimitExceeded { .. } | Raw::RegexEngineFailure { .. } => here(Fault::GaveUp),
            Raw::ContentEncoding { content_encoding } => here(Fault::Encoding(content_encoding.clone())),
            Raw::ContentMediaType { content_media_type } => here(Fault::Encoding(content_media_type.clone())),
            Raw::FromUtf8 { .. } => here(Fault::Encoding("UTF-8".to_owned())),
            Raw::Referencing(cause) => here(Fault::Unanswered(cause.to_string())),
        }
    }

    /// `#/properties/threshold/maximum`, with its file's name where that is not the schema's own.
    fn rule_of(&self, error: &ValidationError<'_>) -> String {
        let path = error.schema_path().to_string();
        // Our stand-in is in the place of a reference.
        let path = match path.strip_suffix(engine::UNANSWERED) {
            Some(front) => format!("{front}$ref"),
            None => path,
        };
        let address = error.absolute_keyword_location().map(jsonschema::Uri::as_str);
        let address = address.map(|address| super::source::split_reference(address).0);
        let file = address.and_then(|address| {
            let mut files = self.schema.files().iter();
            files.position(|file| file.answers(address, None))
        });
        match file {
            Some(file) if file > 0 => format!("{}#{path}", self.schema.files()[file].name),
            _ => format!("#{path}"),
        }
    }
}

/// The causes to report of alternatives that all failed at `path`.
fn nearest(path: &KeyPath, branches: Vec<Vec<Cause>>, rule: &str) -> Vec<Cause> {
    let about_itself = |cause: &Cause| {
        &cause.path == path && matches!(cause.fault, Fault::Type(_) | Fault::Values(_) | Fault::Either(..))
    };
    let (other_kind, same_kind): (Vec<_>, Vec<_>) =
        branches.into_iter().partition(|branch| branch.iter().any(about_itself));
    if same_kind.is_empty() {
        return merged(path, other_kind, rule);
    }
    let tag = |branch: &Vec<Cause>| {
        let single = |cause: &&Cause| matches!(&cause.fault, Fault::Values(values) if values.len() == 1);
        let below = |cause: &&Cause| cause.path.len() == path.len() + 1 && cause.path.starts_with(path);
        branch.iter().filter(single).find(below).cloned()
    };
    let tags: Vec<Option<Cause>> = same_kind.iter().map(tag).collect();
    if let Some(first) = tags[0].as_ref()
        && tags.len() > 1
        && tags
            .iter()
            .all(|other| other.as_ref().is_some_and(|other| other.path == first.path))
    {
        let values = tags.iter().flatten().flat_map(|tag| tag.fault.values().to_vec());
        return vec![Cause {
            path: first.path.clone(),
            fault: Fault::Values(values.collect()),
            rule: rule.to_owned(),
        }];
    }
    let untagged: Vec<Vec<Cause>> = if tags.iter().all(Option::is_some) {
        same_kind
    } else {
        let zipped = same_kind.into_iter().zip(&tags);
        zipped
            .filter(|(_, tag)| tag.is_none())
            .map(|(branch, _)| branch)
            .collect()
    };
    if untagged.len() > 1
        && let Some(cause) = missing_one_of(path, &untagged, rule)
    {
        return vec![cause];
    }
    least_wrong(untagged)
}

/// The branch with the fewest causes; where two have as few, the deepest speaks, as an alternative only.
fn least_wrong(mut branches: Vec<Vec<Cause>>) -> Vec<Cause> {
    let depth = |branch: &Vec<Cause>| branch.iter().map(|cause| cause.path.len()).max();
    branches.sort_by_key(|branch| (branch.len(), std::cmp::Reverse(depth(branch))));
    let rank = |branch: &Vec<Cause>| (branch.len(), depth(branch));
    let tied = branches.len() > 1 && rank(&branches[0]) == rank(&branches[1]);
    let Some(best) = branches.into_iter().next() else {
        return Vec::new();
    };
    if !tied {
        return best;
    }
    let deepest = best.into_iter().max_by_key(|cause| cause.path.len());
    let wrap = |cause: Cause| Cause {
        fault: if matches!(cause.fault, Fault::NoBranch(_)) {
            cause.fault
        } else {
            Fault::NoBranch(Box::new(cause.fault))
        },
        ..cause
    };
    deepest.map(wrap).into_iter().collect()
}

/// Alternatives of which each wants another kind or other values.
fn merged(path: &KeyPath, branches: Vec<Vec<Cause>>, rule: &str) -> Vec<Cause> {
    let mut kinds = Vec::new();
    let mut values = Vec::new();
    for branch in branches {
        let here = branch.into_iter().filter(|cause| &cause.path == path);
        let (listing, other): (Vec<_>, Vec<_>) = here.partition(|cause| !cause.fault.values().is_empty());
        for cause in &listing {
            values.extend_from_slice(cause.fault.values());
        }
        // A list of strings says more than "a string".
        for cause in other.into_iter().filter(|_| listing.is_empty()) {
            if let Fault::Type(more) = cause.fault {
                kinds.extend(more);
            }
        }
    }
    kinds.sort_unstable();
    kinds.dedup();
    let fault = match (values.is_empty(), kinds.is_empty()) {
        (true, _) => Fault::Type(kinds),
        (false, true) => Fault::Values(values),
        (false, false) => Fault::Either(kinds, values),
    };
    vec![Cause {
        path: path.clone(),
        fault,
        rule: rule.to_owned(),
    }]
}

fn missing_one_of(path: &KeyPath, branches: &[Vec<Cause>], rule: &str) -> Option<Cause> {
    let mut keys = Vec::new();
    for branch in branches {
        let [only] = &branch[..] else { return None };
        let (front, Segment::Key(key)) = only.path.split_last()? else {
            return None;
        };
        if only.fault != Fault::Missing || &front != path {
            return None;
        }
        keys.push(key.clone());
    }
    let same = keys.iter().all(|key| key == &keys[0]);
    let (path, fault) = if same {
        (path.key(keys[0].as_str()), Fault::Missing)
    } else {
        (path.clone(), Fault::MissingOneOf(keys))
    };
    Some(Cause {
        path,
        fault,
        rule: rule.to_owned(),
    })
}

fn without_consequences(schema: &Schema, mut causes: Vec<Cause>) -> Vec<Cause> {
    // Of a value that is both of the wrong kind and none of the listed ones, the list says more.
    let listed: HashSet<KeyPath> = causes
        .iter()
        .filter(|cause| matches!(cause.fault, Fault::Values(_)))
        .map(|cause| cause.path.clone())
        .collect();
    causes.retain(|cause| !(matches!(cause.fault, Fault::Type(_)) && listed.contains(&cause.path)));
    // A part that failed vouches for none of its keys, so that `unevaluatedProperties` calls them unknown.
    let told: Vec<bool> = causes.iter().map(|cause| cause.fault != Fault::UnknownKey).collect();
    if told.contains(&true) {
        causes.retain(|cause| {
            let is_echo = cause.fault == Fault::UnknownKey
                && cause.rule.ends_with("/unevaluatedProperties")
                && schema.annotation(&cause.path).is_some();
            !is_echo
        });
    }
    let mut unique: Vec<Cause> = Vec::with_capacity(causes.len());
    let mut seen = HashSet::new();
    for cause in causes {
        // The rule is left out: the same demand often comes by two ways.
        if seen.insert((cause.path.clone(), format!("{:?}", cause.fault))) {
            unique.push(cause);
        }
    }
    unique
}

/// What `not` forbids: a key, if its schema is about the presence of one; keys beside each other, if it is
/// about several; otherwise the value.
fn forbidden(path: KeyPath, schema: &Json) -> (KeyPath, Fault) {
    let reason = schema.get("description").and_then(Json::as_str);
    let reason = reason.and_then(|reason| reason.lines().next()).map(str::to_owned);
    let required = schema.get("required").and_then(Json::as_array);
    let mut keys: Vec<String> = required
        .into_iter()
        .flatten()
        .filter_map(|key| key.as_str().map(str::to_owned))
        .collect();
    let presence_only = schema.as_object().is_some_and(|keywords| {
        keywords
            .keys()
            .all(|keyword| keyword == "required" || keyword == "description")
    });
    match keys.len() {
        1 if presence_only => (path.key(keys.remove(0)), Fault::Forbidden(reason)),
        0 | 1 => (path, Fault::Forbidden(reason)),
        last => (path.key(keys[last - 1].as_str()), Fault::Exclusive(keys, reason)),
    }
}

/// The first two equal items. `1` and `1.0` are equal in JSON Schema.
fn repeated(items: &Json) -> Option<(usize, usize)> {
    fn equal(a: &Json, b: &Json) -> bool {
        match (a, b) {
            (Json::Number(a), Json::Number(b)) => a == b || (a.is_f64() != b.is_f64() && a.as_f64() == b.as_f64()),
            (Json::Array(a), Json::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| equal(a, b)),
            (Json::Object(a), Json::Object(b)) => {
                let same = |(key, value): (&String, &Json)| b.get(key).is_some_and(|other| equal(value, other));
                a.len() == b.len() && a.iter().all(same)
            }
            _ => a == b,
        }
    }
    let items = items.as_array().filter(|items| items.len() <= MOST_COMPARED)?;
    items.iter().enumerate().find_map(|(second, item)| {
        let first = items[..second].iter().position(|earlier| equal(earlier, item))?;
        Some((first, second))
    })
}

fn kinds_of(kind: &TypeKind) -> Vec<Kind> {
    let named = |kind: JsonType| match kind {
        JsonType::String => Some(Kind::String),
        JsonType::Integer => Some(Kind::Integer),
        JsonType::Number => Some(Kind::Number),
        JsonType::Boolean => Some(Kind::Boolean),
        JsonType::Array => Some(Kind::Array),
        JsonType::Object => Some(Kind::Table),
        JsonType::Null => None,
    };
    match kind {
        TypeKind::Single(kind) => named(*kind).into_iter().collect(),
        TypeKind::Multiple(kinds) => kinds.iter().filter_map(named).collect(),
    }
}

/// The path that a JSON pointer means in this document: digits are an index only in an array.
fn path_of(document: &Json, pointer: &str) -> KeyPath {
    let mut value = Some(document);
    let mut segments = Vec::new();
    for step in pointer.split('/').skip(1) {
        let step = step.replace("~1", "/").replace("~0", "~");
        let index = step.parse::<usize>().ok();
        match (value, index) {
            (Some(Json::Array(items)), Some(index)) => {
                value = items.get(index);
                segments.push(Segment::Index(index));
            }
            (at, _) => {
                value = at.and_then(|at| at.get(&step));
                segments.push(Segment::Key(step));
            }
        }
    }
    KeyPath::from(segments)
}
