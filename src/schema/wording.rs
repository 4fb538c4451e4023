//! The words and the place of a violation. Nothing here decides whether a document is valid.
//!
//! A value at a secret key is never printed, nor is a whole table or array, which might hold one.

use std::fmt;
use std::ops::Range;

use serde_json::{Number, Value as Json};

use super::annotation::listed;
use super::cause::{Bound, Cause, Fault};
use super::suggestion::Suggestions;
use super::{Annotation, Code, Kind, Position, Schema, Severity, Violation};
use crate::document::{Document, KeyPath, Segment, Value};

/// The most characters of a value that a label shows.
const LONGEST_VALUE: usize = 40;
/// How many keys or values a note lists.
const LONGEST_LIST: usize = 12;

/// Words the violations of one document.
pub(super) struct Wording<'s> {
    schema: &'s Schema,
    document: &'s Document,
    suggestions: Suggestions<'s>,
    /// Where each line starts: a document may have many violations.
    lines: Vec<usize>,
}

/// What is said of one fault.
struct Words {
    code: Code,
    message: String,
    label: String,
    suggestion: Option<String>,
}

impl Words {
    fn new(code: Code, message: String, label: String) -> Self {
        Self {
            code,
            message,
            label,
            suggestion: None,
        }
    }

    fn suggesting(self, suggestion: Option<String>) -> Self {
        Self { suggestion, ..self }
    }
}

impl fmt::Display for Bound {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::AtLeast => "at least",
            Self::AtMost => "at most",
            Self::MoreThan => "more than",
            Self::LessThan => "less than",
        })
    }
}

impl<'s> Wording<'s> {
    pub(super) fn new(schema: &'s Schema, document: &'s Document) -> Self {
        Self {
            schema,
            document,
            suggestions: Suggestions::new(schema, document),
            lines: std::iter::once(0)
                .chain(document.text().match_indices('\n').map(|(at, _)| at + 1))
                .collect(),
        }
    }

    pub(super) fn violation(&self, cause: &Cause, severity: Severity) -> Violation {
        let span = self.span(cause);
        let words = self.words(&cause.path, &cause.fault);
        Violation {
            code: words.code,
            severity,
            key: cause.path.clone(),
            message: words.message,
            label: words.label,
            allowed: self.allowed(cause),
            suggestion: words.suggestion,
            position: self.position(&span),
            span,
            schema: cause.rule.clone(),
        }
    }

    fn position(&self, span: &Range<usize>) -> Position {
        let place = |offset: usize| {
            let line = self.lines.partition_point(|start| *start <= offset);
            let start = self.lines[line - 1];
            let column = crate::document::line_column(&self.document.text()[start..], offset - start).1;
            (line, column)
        };
        let ((line, column), (end_line, end_column)) = (place(span.start), place(span.end));
        Position {
            line,
            column,
            end_line,
            end_column,
        }
    }

    /// A missing key is shown at the table that lacks it: its header, its braces, or for the document
    /// itself the first line.
    fn span(&self, cause: &Cause) -> Range<usize> {
        let by_key = matches!(
            cause.fault,
            Fault::UnknownKey | Fault::Forbidden(_) | Fault::Exclusive(..) | Fault::Name(_)
        );
        let mut path = cause.path.clone();
        while let Some((front, _)) = path.split_last() {
            if let Some(location) = self.document.locate(&path) {
                return if by_key && path == cause.path {
                    location.key
                } else {
                    location.value
                };
            }
            path = front;
        }
        first_line(self.document.text())
    }

    fn words(&self, path: &KeyPath, fault: &Fault) -> Words {
        let plain = |code: Code, message: String, label: &str| Words::new(code, message, label.to_owned());
        let name = name_of(path);
        match fault {
            Fault::Bound(bound, limit) => self.out_of_range(path, *bound, limit),
            Fault::MultipleOf(step) => self.must(
                path,
                Code::OutOfRange,
                &format!("be a multiple of {step}"),
                "is not a multiple",
            ),
            Fault::Type(kinds) => self.wrong_type(path, kinds),
            Fault::Values(values) => self
                .must(
                    path,
                    Code::NotAllowed,
                    &format!("be {}", choice(values)),
                    "is not allowed",
                )
                .suggesting(self.suggestions.value(path, values)),
            Fault::Either(kinds, values) => {
                let kinds = kinds.iter().map(|kind| kind.with_article().to_owned());
                let demand = format!("be {}", listed(kinds.chain([choice(values)]), "or"));
                self.must(path, Code::NoBranch, &demand, "is neither")
                    .suggesting(self.suggestions.value(path, values))
            }
            Fault::Pattern(pattern) => self.must(path, Code::Pattern, &format!("match `{pattern}`"), "does not match"),
            Fault::Format(format) => {
                let form = format!("be {}", format_in_words(format));
                self.must(path, Code::Format, &form, "has another form")
            }
            Fault::Encoding(encoding) => {
                self.must(path, Code::Encoding, &format!("be encoded as {encoding}"), "is not")
            }
            Fault::NotFinite => self.must(path, Code::NotFinite, "be a finite number", "is not finite"),
            Fault::Length(bound, limit) => self.wrong_length(path, *bound, *limit),
            Fault::Count(what, bound, limit) => self.wrong_count(path, what, *bound, *limit),
            Fault::SameAs(first) => {
                let earlier = path.split_last().map(|(list, _)| list.index(*first));
                let message = format!("{name} must differ from {}", name_of(&earlier.unwrap_or_default()));
                plain(Code::Count, message, "the same item again")
            }
            Fault::NotUnique => plain(
                Code::Count,
                format!("{name} must hold no item twice"),
                "two of its items are equal",
            ),
            Fault::NoSuchItem => plain(
                Code::Count,
                format!("{name} must hold a certain number of items of one kind (`contains`)"),
                "too few or too many of them",
            ),
            Fault::Missing => {
                let label = format!("`{}` is missing here", last_of(path));
                plain(Code::Missing, format!("{name} is required"), &label)
            }
            Fault::MissingOneOf(keys) => {
                let keys = listed(keys.iter().map(|key| format!("`{key}`")), "or");
                let message = format!("{keys} is required{}", place_of(path));
                plain(Code::Missing, message, "one of them is missing here")
            }
            Fault::UnknownKey => plain(
                Code::UnknownKey,
                format!("{name} is not a known key"),
                "the schema does not declare it",
            )
            .suggesting(self.suggestions.key(path)),
            Fault::Name(inner) => self.wrong_name(path, inner),
            Fault::NoBranch(inner) => self.no_branch(path, inner),
            Fault::SeveralBranches(which) => {
                let which = listed(which.iter().map(ToString::to_string), "and");
                let message = format!("{name} fits several alternatives that exclude each other");
                plain(
                    Code::SeveralBranches,
                    message,
                    &format!("fits the alternatives {which}"),
                )
            }
            Fault::Forbidden(reason) if path.is_empty() => {
                let message = "the document breaks a rule of its schema".to_owned();
                plain(Code::Forbidden, message, &given(reason.as_ref()))
            }
            Fault::Forbidden(reason) => {
                let message = format!("{name} is not allowed here");
                plain(Code::Forbidden, message, &given(reason.as_ref()))
            }
            Fault::Exclusive(keys, reason) => {
                let keys = listed(keys.iter().map(|key| format!("`{key}`")), "and");
                let table = path.split_last().map(|(table, _)| table).unwrap_or_default();
                let message = format!("{keys} exclude each other{}", place_of(&table));
                plain(Code::Forbidden, message, &given(reason.as_ref()))
            }
            Fault::Exposed => plain(
                Code::SecretExposed,
                format!("{name} is secret and stands here in plain text"),
                "to be sealed",
            ),
            Fault::GaveUp => {
                let message = format!("checking {name} was given up: it takes too long");
                plain(Code::TooCostly, message, "not checked")
            }
            Fault::Unanswered(reference) => {
                let message = format!("{name} cannot be checked: its schema `{reference}` is in no schema folder");
                plain(Code::SchemaMissing, message, "not checked")
            }
        }
    }

    fn must(&self, path: &KeyPath, code: Code, demand: &str, complaint: &str) -> Words {
        let message = format!("{} must {demand}", name_of(path));
        Words::new(code, message, format!("{} {complaint}", self.shown(path)))
    }

    fn no_branch(&self, path: &KeyPath, inner: &Fault) -> Words {
        let inner = self.words(path, inner);
        Words {
            code: Code::NoBranch,
            message: format!("{}, or fit another of the alternatives", inner.message),
            ..inner
        }
    }

    fn out_of_range(&self, path: &KeyPath, bound: Bound, limit: &Number) -> Words {
        let reachable = matches!(bound, Bound::AtLeast | Bound::AtMost);
        self.must(
            path,
            Code::OutOfRange,
            &format!("be {bound} {limit}"),
            "is out of range",
        )
        .suggesting(reachable.then(|| self.suggestions.limit(path, limit)))
    }

    fn wrong_type(&self, path: &KeyPath, kinds: &[Kind]) -> Words {
        let wanted = if kinds.is_empty() {
            "left out".to_owned()
        } else {
            listed(kinds.iter().map(|kind| kind.with_article().to_owned()), "or")
        };
        let actual = self.document.get(path).map_or("value", |value| value.kind());
        let article = if actual.starts_with(['a', 'i']) { "an" } else { "a" };
        let message = format!("{} must be {wanted}", name_of(path));
        Words::new(Code::WrongType, message, format!("this is {article} {actual}"))
            .suggesting(self.suggestions.converted(path, kinds))
    }

    fn wrong_length(&self, path: &KeyPath, bound: Bound, limit: u64) -> Words {
        let label = match self.document.get(path) {
            Some(Value::String(text)) if !self.schema.may_be_secret(path) => {
                format!("it has {}", text.chars().count())
            }
            _ => "it has another length".to_owned(),
        };
        let message = format!("{} must have {bound} {}", name_of(path), counted(limit, "character"));
        Words::new(Code::Length, message, label)
    }

    fn wrong_count(&self, path: &KeyPath, what: &str, bound: Bound, limit: u64) -> Words {
        let value = self.document.get(path);
        let items = value.as_ref().and_then(Value::as_array).map(<[Value]>::len);
        let keys = value.as_ref().and_then(Value::as_table).map(indexmap::IndexMap::len);
        let message = format!("{} must have {bound} {}", name_of(path), counted(limit, what));
        Words::new(
            Code::Count,
            message,
            format!("it has {}", items.or(keys).unwrap_or_default()),
        )
    }

    fn wrong_name(&self, path: &KeyPath, fault: &Fault) -> Words {
        let inner = self.words(path, fault);
        let name = last_of(path);
        let message = match inner.message.split_once(" must ") {
            Some((_, demand)) => format!("the name of the key `{name}` must {demand}"),
            None => format!("the key `{name}` is not allowed here"),
        };
        Words::new(inner.code, message, "not a name for a key here".to_owned())
    }

    /// What would be right, and where the schema says so.
    fn allowed(&self, cause: &Cause) -> Option<String> {
        if cause.fault == Fault::UnknownKey {
            let (table, _) = cause.path.split_last()?;
            let known = self.schema.declared(&table);
            return (!known.is_empty()).then(|| format!("known keys: {}", shortened(&known)));
        }
        let annotation = self.schema.annotation(&cause.path)?;
        let words = said(&annotation, &cause.fault)?;
        let pointer = &annotation.pointer;
        let file = if pointer.starts_with('#') {
            self.schema.name()
        } else {
            ""
        };
        Some(format!("{words} ({file}{pointer})"))
    }

    /// The value at a path as it may be shown, "this" where it may not.
    fn shown(&self, path: &KeyPath) -> String {
        let Some(value) = self.document.get(path) else {
            return "this".to_owned();
        };
        if self.schema.may_be_secret(path) {
            return "‹secret›".to_owned();
        }
        if matches!(value, Value::Array(_) | Value::Table(_)) {
            return format!("this {}", value.kind());
        }
        let text = value.to_string();
        if text.chars().count() <= LONGEST_VALUE {
            return text;
        }
        let start: String = text.chars().take(LONGEST_VALUE - 1).collect();
        format!("{start}…")
    }
}

fn said(annotation: &Annotation, fault: &Fault) -> Option<String> {
    let wants_kind = matches!(
        fault,
        Fault::Type(_) | Fault::Missing | Fault::NotFinite | Fault::NoBranch(_)
    );
    let kind = annotation
        .kind_in_words()
        .filter(|_| wants_kind && annotation.values.is_empty());
    let words: Vec<String> = kind.into_iter().chain(annotation.bounds()).collect();
    if words.is_empty() {
        return None;
    }
    let words = words.join(", ");
    Some(match &annotation.title {
        Some(title) if *fault == Fault::Missing => format!("{title}: {words}"),
        _ => words,
    })
}

fn format_in_words(format: &str) -> String {
    let known = match format {
        "date" => "a date (1979-05-27)",
        "date-time" => "a date and time with an offset (1979-05-27T07:32:00Z)",
        "time" => "a time (07:32:00)",
        "duration" => "an ISO 8601 duration (PT10M)",
        "email" | "idn-email" => "an e-mail address",
        "hostname" | "idn-hostname" => "a host name",
        "ipv4" => "an IPv4 address",
        "ipv6" => "an IPv6 address",
        "uri" | "iri" => "an address with a scheme (https://example.org)",
        "uri-reference" | "iri-reference" => "a URI reference",
        "uuid" => "a UUID",
        "regex" => "a regular expression",
        _ => return format!("a text of the format {format}"),
    };
    known.to_owned()
}

/// The values that are allowed, those that TOML can hold.
fn choice(values: &[Json]) -> String {
    let words: Vec<String> = values
        .iter()
        .filter_map(Value::from_json)
        .map(|value| value.to_string())
        .collect();
    match &words[..] {
        [] => "left out".to_owned(),
        [only] => only.clone(),
        _ if words.len() > LONGEST_LIST => format!("one of {}", shortened(&words)),
        _ => listed(words, "or"),
    }
}

fn shortened(words: &[String]) -> String {
    if words.len() <= LONGEST_LIST {
        return words.join(", ");
    }
    let more = words.len() - LONGEST_LIST;
    format!("{} and {more} more", words[..LONGEST_LIST].join(", "))
}

fn counted(number: u64, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

fn name_of(path: &KeyPath) -> String {
    if path.is_empty() {
        "the document".to_owned()
    } else {
        format!("`{path}`")
    }
}

/// " in `zones[0]`", and nothing for the document.
fn place_of(path: &KeyPath) -> String {
    if path.is_empty() {
        String::new()
    } else {
        format!(" in `{path}`")
    }
}

fn given(reason: Option<&String>) -> String {
    let reason = reason.map(|reason| reason.trim_end_matches('.').to_owned());
    reason.unwrap_or_else(|| "the schema forbids it".to_owned())
}

fn last_of(path: &KeyPath) -> String {
    match path.split_last() {
        Some((_, Segment::Key(key))) => key.clone(),
        Some((_, Segment::Index(index))) => format!("[{index}]"),
        None => String::new(),
    }
}

fn first_line(text: &str) -> Range<usize> {
    let start = if text.starts_with('\u{feff}') {
        '\u{feff}'.len_utf8()
    } else {
        0
    };
    let end = text[start..].find('\n').map_or(text.len(), |length| start + length);
    start..start + text[start..end].trim_end().len()
}
