//! The file that holds a migration: how it is read, and what is refused in it.

use std::ops::Range;

use schemars::JsonSchema;
use serde::Deserialize;
use toml::Spanned;

use super::step::{Clamp, Command, Copy, Decide, Join, Move, Rename, Scale, Split, Step, Unwrap, Wrap};
use super::trace::Origin;
use super::{MigrationError, Pattern};
use crate::document::{Document, KeyPath, Value};

/// How the settings of one schema version become those of the next, and back.
#[derive(Clone, Debug, PartialEq)]
pub struct Migration {
    /// The schema version that it begins with.
    pub from: u32,
    /// The schema version that it leads to.
    pub to: u32,
    /// What is done, in this order.
    pub steps: Vec<Numbered>,
}

/// A step and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Numbered {
    /// Its number, from 1.
    pub number: usize,
    /// Where its table stands in the text, in bytes.
    pub span: Range<usize>,
    /// What it does.
    pub step: Step,
    /// What is known of the setting that it is about.
    pub(super) origin: Origin,
}

/// The file as a whole, for its schema.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, bound(deserialize = "S: Deserialize<'de>"))]
#[schemars(title = "valvecfg migration", rename = "migration")]
struct File<S> {
    /// The schema version that it begins with.
    #[schemars(range(min = 1))]
    from: u32,
    /// The schema version that it leads to.
    #[schemars(range(min = 1))]
    to: u32,
    /// What is done, in this order.
    #[serde(default)]
    step: Vec<S>,
}

/// The verbs, each with what reads the rest of its step.
const VERBS: [(&str, Read); 16] = [
    ("rename", |table| table.try_into().map(Step::Rename)),
    ("move", |table| table.try_into().map(Step::Move)),
    ("copy", |table| table.try_into().map(Step::Copy)),
    ("remove", |table| table.try_into().map(Step::Remove)),
    ("set", |table| table.try_into().map(Step::Set)),
    ("default", |table| table.try_into().map(Step::Default)),
    ("convert", |table| table.try_into().map(Step::Convert)),
    ("map", |table| table.try_into().map(Step::Map)),
    ("scale", |table| table.try_into().map(Step::Scale)),
    ("clamp", |table| table.try_into().map(Step::Clamp)),
    ("split", |table| table.try_into().map(Step::Split)),
    ("join", |table| table.try_into().map(Step::Join)),
    ("wrap", |table| table.try_into().map(Step::Wrap)),
    ("unwrap", |table| table.try_into().map(Step::Unwrap)),
    ("command", |table| table.try_into().map(Step::Command)),
    ("decide", |table| table.try_into().map(Step::Decide)),
];

type Read = fn(toml::Table) -> Result<Step, toml::de::Error>;

impl Migration {
    /// Reads a migration.
    ///
    /// # Errors
    /// The first thing that is wrong with the text, with its place.
    pub fn parse(text: &str) -> Result<Self, MigrationError> {
        let file: File<Spanned<toml::Table>> = toml::from_str(text).map_err(|error| MigrationError {
            message: error.message().to_owned(),
            span: error.span().unwrap_or(0..0),
        })?;
        let written = Document::parse(text).unwrap_or_default();
        let mut steps = Vec::with_capacity(file.step.len());
        for (at, table) in file.step.into_iter().enumerate() {
            let (number, span) = (at + 1, table.span());
            let wrong = |message| MigrationError {
                message: format!("step {number}: {message}"),
                span: span.clone(),
            };
            let mut step = read_step(table.into_inner()).map_err(wrong)?;
            if let Step::Map(map) = &mut step {
                // The parser's tables are sorted, and on the way back the first that fits counts.
                let values = KeyPath::root().key("step").index(at).key("values");
                if let Some(Value::Table(values)) = written.get(&values) {
                    map.values = values.into_iter().collect();
                }
            }
            check(&step).map_err(wrong)?;
            steps.push(Numbered {
                number,
                span,
                step,
                origin: Origin::default(),
            });
        }
        if file.from.checked_add(1) != Some(file.to) {
            return Err(MigrationError {
                message: format!(
                    "a migration leads from one version to the next, and this one from {} to {}",
                    file.from, file.to
                ),
                span: 0..0,
            });
        }
        Ok(Self {
            from: file.from,
            to: file.to,
            steps,
        })
    }

    /// The decisions that a person has to make before it can be used.
    pub fn open_decisions(&self) -> impl Iterator<Item = (&Numbered, &Decide)> {
        self.steps.iter().filter_map(|numbered| {
            let Step::Decide(decide) = &numbered.step else {
                return None;
            };
            Some((numbered, decide))
        })
    }

    /// The steps that run a program.
    pub fn commands(&self) -> impl Iterator<Item = (&Numbered, &Command)> {
        self.steps.iter().filter_map(|numbered| {
            let Step::Command(command) = &numbered.step else {
                return None;
            };
            Some((numbered, command))
        })
    }
}

fn read_step(table: toml::Table) -> Result<Step, String> {
    let named: Vec<&(&str, Read)> = VERBS.iter().filter(|(verb, _)| table.contains_key(*verb)).collect();
    let all = || VERBS.map(|(verb, _)| format!("`{verb}`")).join(", ");
    match named.as_slice() {
        [(verb, read)] => read(table).map_err(|error| format!("`{verb}`: {}", error.message())),
        [] => Err(format!("it says nothing to do; one of {} is needed", all())),
        [(one, _), (other, _), ..] => Err(format!("it does one thing, and this says `{one}` and `{other}`")),
    }
}

/// What the types cannot say.
fn check(step: &Step) -> Result<(), String> {
    let bound = |what: &Pattern, by: &Pattern| {
        if what.wildcards() > by.wildcards() {
            return Err(format!("`{what}` has more wildcards than `{by}`"));
        }
        Ok(())
    };
    let paired = |from: &Pattern, to: &Pattern| {
        if from.wildcards() != to.wildcards() {
            return Err(format!("`{from}` and `{to}` must have the same number of wildcards"));
        }
        Ok(())
    };
    if let (Some(when), Some(key)) = (step.when(), step.keys().first()) {
        bound(&when.key, key)?;
        let says = [
            when.set.is_some(),
            when.is.is_some(),
            when.is_not.is_some(),
            when.matches.is_some(),
        ];
        if !says.contains(&true) {
            return Err("`when` says nothing of its key; `set`, `is`, `is-not` or `matches` is needed".to_owned());
        }
    }
    match step {
        Step::Rename(Rename { rename: from, to, .. })
        | Step::Move(Move { from, to, .. })
        | Step::Copy(Copy { copy: from, to, .. })
        | Step::Wrap(Wrap {
            wrap: from,
            to: Some(to),
            ..
        })
        | Step::Unwrap(Unwrap {
            unwrap: from,
            to: Some(to),
            ..
        }) => paired(from, to),
        Step::Split(Split {
            split, into, separator, ..
        }) => {
            if into.len() < 2 || separator.is_empty() {
                return Err("`split` needs a separator, and two settings or more for the parts".to_owned());
            }
            into.iter().try_for_each(|to| paired(split, to))
        }
        Step::Join(Join {
            join, to, separator, ..
        }) => {
            if join.len() < 2 || separator.is_empty() {
                return Err("`join` needs a separator, and two settings or more".to_owned());
            }
            join.iter().try_for_each(|from| paired(from, to))
        }
        Step::Scale(Scale {
            factor,
            divisor,
            offset,
            ..
        }) => {
            let is_finite = [factor, divisor, offset].iter().all(|number| number.is_finite());
            if *factor == 0.0 || *divisor == 0.0 || !is_finite {
                return Err(
                    "`factor`, `divisor` and `offset` must be finite, and the first two not 0: there would be no way back"
                        .to_owned(),
                );
            }
            Ok(())
        }
        Step::Clamp(Clamp { minimum, maximum, .. }) => match (minimum, maximum) {
            (None, None) => Err("`clamp` needs `minimum` or `maximum`".to_owned()),
            (Some(least), Some(most)) if least > most => Err("`minimum` is above `maximum`".to_owned()),
            (Some(_), _) | (None, Some(_)) => Ok(()),
        },
        Step::Command(Command { command, .. }) if command.is_empty() => Err("`command` names no program".to_owned()),
        Step::Remove(_)
        | Step::Set(_)
        | Step::Default(_)
        | Step::Convert(_)
        | Step::Map(_)
        | Step::Wrap(_)
        | Step::Unwrap(_)
        | Step::Command(_)
        | Step::Decide(_) => Ok(()),
    }
}

/// The JSON Schema of migrations, as it stands in a store and in the project's `schemas/`.
#[must_use]
pub fn schema() -> String {
    let mut schema = schemars::schema_for!(File<Step>);
    schema.insert("$id".to_owned(), "migration.schema.json".into());
    // Values made of maps, strings and numbers always have a JSON form.
    let text = serde_json::to_string_pretty(&schema).unwrap_or_default();
    format!("{text}\n")
}

#[cfg(test)]
mod tests {
    use super::{Migration, Step};

    fn refused(text: &str) -> (String, usize) {
        let error = Migration::parse(text).unwrap_err();
        let line = text[..error.span.start].matches('\n').count() + 1;
        (error.message, line)
    }

    #[test]
    fn a_migration_is_read_step_by_step() {
        let text = "from = 1\nto = 2\n\n[[step]]\nrename = \"threshold\"\nto = \"close_above\"\n\n[[step]]\nconvert = \"interval\"\nto = \"string\"\nsuffix = \"s\"\n\n[[step]]\nmap = \"mode\"\nvalues = { auto = \"automatic\" }\nwhen = { key = \"mode\", is-not = \"off\" }\n";
        let migration = Migration::parse(text).unwrap();
        assert_eq!((migration.from, migration.to), (1, 2));
        let verbs: Vec<&str> = migration.steps.iter().map(|step| step.step.verb()).collect();
        assert_eq!(verbs, ["rename", "convert", "map"]);
        assert!(text[migration.steps[1].span.clone()].starts_with("[[step]]"));
        assert!(matches!(&migration.steps[0].step, Step::Rename(step) if step.to.to_string() == "close_above"));
    }

    #[test]
    fn what_is_wrong_is_told_with_its_step() {
        let with = |step: &str| refused(&format!("from = 1\nto = 2\n\n[[step]]\n{step}\n"));
        let (message, line) = with("renam = \"a\"");
        assert!(
            message.starts_with("step 1: it says nothing to do; one of `rename`"),
            "{message}"
        );
        assert_eq!(line, 4);
        assert_eq!(with("rename = \"a\"").0, "step 1: `rename`: missing field `to`");
        assert!(
            with("rename = \"a\"\nto = \"b\"\nwhat = 1")
                .0
                .contains("unknown field `what`")
        );
        assert!(
            with("rename = \"a\"\nremove = \"b\"")
                .0
                .contains("`rename` and `remove`")
        );
        assert!(
            with("rename = \"a[*].b\"\nto = \"c\"")
                .0
                .contains("same number of wildcards")
        );
        assert!(with("remove = \"a[*\"").0.contains("is no key"));
        assert!(
            with("remove = \"a\"\nwhen = { key = \"b\" }")
                .0
                .contains("`when` says nothing")
        );
        assert!(with("scale = \"a\"\nfactor = 0").0.contains("no way back"));
        assert!(refused("from = 1\nto = 3\n").0.contains("from one version to the next"));
        assert_eq!(refused("from = 1\nto = \"x\"\n").1, 2);
    }
}
