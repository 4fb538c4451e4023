//! The form in which a migration is written: the types that read it, which also make the JSON Schema of it.

use std::ops::Range;

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use toml::Spanned;

use super::{MigrationError, Pattern};
use crate::document::Value;

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

/// What one step does.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(untagged)]
#[schemars(rename = "step")]
pub enum Step {
    /// Gives a setting another name.
    Rename(Rename),
    /// Takes a setting to another table.
    Move(Move),
    /// Gives a second setting what a first one has.
    Copy(Copy),
    /// Takes a setting away.
    Remove(Remove),
    /// Gives a setting a value, whatever it had.
    Set(Set),
    /// Gives a setting a value where it has none.
    Default(Default),
    /// Makes another kind of value of a value.
    Convert(Convert),
    /// Exchanges values one for one.
    Map(Map),
    /// Multiplies and shifts a number.
    Scale(Scale),
    /// Brings a number into a range.
    Clamp(Clamp),
    /// Makes several settings of the parts of a text.
    Split(Split),
    /// Makes one text of several settings.
    Join(Join),
    /// Makes an array of one item of a value: a table becomes an array of tables.
    Wrap(Wrap),
    /// Makes its only item of an array.
    Unwrap(Unwrap),
    /// Lets a program do it: it gets the settings as JSON and answers what they become.
    Command(Command),
    /// Leaves it to a person: nothing is migrated until this is replaced.
    Decide(Decide),
}

/// On what a step depends. It is done where all that is said here holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(rename = "when")]
pub struct When {
    /// The setting that is looked at. A wildcard in it stands for what the step's own stands for.
    pub key: Pattern,
    /// Whether it is set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub set: Option<bool>,
    /// It has this value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<serde_json::Value>")]
    pub is: Option<Value>,
    /// It has another value than this, or none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<serde_json::Value>")]
    pub is_not: Option<Value>,
    /// Its text matches this regular expression.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub matches: Option<String>,
}

macro_rules! steps {
    ($($(#[$about:meta])* $name:ident { $($(#[$meta:meta])* $field:ident : $type:ty,)* })*) => { $(
        $(#[$about])*
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
        #[serde(deny_unknown_fields, rename_all = "kebab-case")]
        pub struct $name {
            $($(#[$meta])* pub $field: $type,)*
            /// On what it depends.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            pub when: Option<When>,
        }
    )* };
}

steps! {
    /// `rename = "threshold"  to = "close_above"`
    Rename {
        /// The setting.
        rename: Pattern,
        /// Its new name.
        to: Pattern,
    }
    /// `move = "host"  to = "mqtt.host"`
    Move {
        /// The setting.
        #[serde(rename = "move")]
        from: Pattern,
        /// Where it goes.
        to: Pattern,
    }
    /// `copy = "threshold"  to = "zones[*].threshold"`
    Copy {
        /// The setting.
        copy: Pattern,
        /// The second one.
        to: Pattern,
    }
    /// `remove = "legacy"`
    Remove {
        /// The setting.
        remove: Pattern,
    }
    /// `set = "mode"  value = "auto"`
    Set {
        /// The setting.
        set: Pattern,
        /// Its value.
        #[schemars(with = "serde_json::Value")]
        value: Value,
    }
    /// `default = "zones[*].flow"  value = 2.5`
    Default {
        /// The setting.
        default: Pattern,
        /// Its value where it has none.
        #[schemars(with = "serde_json::Value")]
        value: Value,
    }
    /// `convert = "interval"  to = "string"  suffix = "s"`
    Convert {
        /// The setting.
        convert: Pattern,
        /// What it becomes.
        to: Kind,
        /// What it was, and becomes again on the way back; without, a text of a number and a number of a text.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        from: Option<Kind>,
        /// What stands before the number in a text.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        prefix: Option<String>,
        /// What stands behind the number in a text, such as its unit.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        suffix: Option<String>,
    }
    /// `map = "mode"  values = { auto = "automatic" }`
    Map {
        /// The setting.
        map: Pattern,
        /// What each value becomes. Others stay.
        #[schemars(with = "std::collections::BTreeMap<String, serde_json::Value>")]
        values: IndexMap<String, Value>,
    }
    /// `scale = "interval"  factor = 1000`
    Scale {
        /// The setting.
        scale: Pattern,
        /// What it is multiplied by.
        #[serde(default = "one")]
        factor: f64,
        /// What is added then.
        #[serde(default)]
        offset: f64,
        /// To how many decimals it is rounded then; 0 makes a whole number of it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schemars(range(max = 15))]
        round: Option<u8>,
    }
    /// `clamp = "threshold"  maximum = 80`
    Clamp {
        /// The setting.
        clamp: Pattern,
        /// What it is at least.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        minimum: Option<f64>,
        /// What it is at most.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        maximum: Option<f64>,
    }
    /// `split = "broker"  into = ["host", "port"]  separator = ":"`
    Split {
        /// The setting.
        split: Pattern,
        /// The settings that its parts become, as texts; the last one gets the rest.
        #[schemars(length(min = 2))]
        into: Vec<Pattern>,
        /// What stands between the parts.
        separator: String,
    }
    /// `join = ["host", "port"]  to = "broker"  separator = ":"`
    Join {
        /// The settings. Where one of them is not set, nothing is done.
        #[schemars(length(min = 2))]
        join: Vec<Pattern>,
        /// What they become.
        to: Pattern,
        /// What is put between them.
        separator: String,
    }
    /// `wrap = "broker"  to = "brokers"`
    Wrap {
        /// The setting.
        wrap: Pattern,
        /// Its new name, if it gets one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        to: Option<Pattern>,
    }
    /// `unwrap = "brokers"  to = "broker"`
    Unwrap {
        /// The setting.
        unwrap: Pattern,
        /// Its new name, if it gets one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        to: Option<Pattern>,
    }
    /// `command = ["valve-convert", "1", "2"]`
    Command {
        /// The program and its arguments.
        #[schemars(length(min = 1))]
        command: Vec<String>,
        /// The one that leads back.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        back: Option<Vec<String>>,
        /// How many seconds it may take.
        #[serde(default = "ten")]
        #[schemars(range(min = 1, max = 600))]
        timeout: u64,
    }
    /// `decide = "what becomes of a threshold above 80?"`
    Decide {
        /// What is to be decided.
        decide: String,
        /// The setting that it is about.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        key: Option<Pattern>,
    }
}

/// What a value is made into.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(rename = "kind")]
pub enum Kind {
    /// A text: `30` becomes `"30"`, with `suffix = "s"` `"30s"`.
    String,
    /// A whole number: `"30 s"` becomes `30`, with `suffix = "s"`.
    Integer,
    /// A number, whole or not.
    Number,
    /// `true` or `false`; of a text also `yes`, `no`, `on`, `off`, of a number `1` and `0`.
    Boolean,
    /// A text such as `"1h30m"`, of a number of seconds.
    Duration,
    /// A number of seconds, of a text such as `"1h30m"`.
    Seconds,
    /// An array of one item.
    Array,
    /// The only item of an array.
    Item,
}

fn one() -> f64 {
    1.0
}

fn ten() -> u64 {
    10
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
        let mut steps = Vec::with_capacity(file.step.len());
        for (at, table) in file.step.into_iter().enumerate() {
            let (number, span) = (at + 1, table.span());
            let wrong = |message| MigrationError {
                message: format!("step {number}: {message}"),
                span: span.clone(),
            };
            let step = read_step(table.into_inner()).map_err(wrong)?;
            check(&step).map_err(wrong)?;
            steps.push(Numbered { number, span, step });
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
        self.steps.iter().filter_map(|numbered| match &numbered.step {
            Step::Decide(decide) => Some((numbered, decide)),
            _ => None,
        })
    }

    /// Whether it needs a program.
    #[must_use]
    pub fn runs_commands(&self) -> bool {
        self.steps
            .iter()
            .any(|numbered| matches!(numbered.step, Step::Command(_)))
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
        if let Some(pattern) = &when.matches {
            regex::Regex::new(pattern).map_err(|error| format!("`matches` is no regular expression: {error}"))?;
        }
    }
    match step {
        Step::Rename(Rename { rename: from, to, .. }) | Step::Move(Move { from, to, .. }) => paired(from, to),
        Step::Copy(Copy { copy, to, .. }) => paired(copy, to),
        Step::Wrap(Wrap {
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
        Step::Scale(Scale { factor, offset, .. }) => {
            if *factor == 0.0 || !factor.is_finite() || !offset.is_finite() {
                return Err(
                    "`factor` and `offset` must be finite, and `factor` not 0: there would be no way back".to_owned(),
                );
            }
            Ok(())
        }
        Step::Clamp(Clamp { minimum, maximum, .. }) => match (minimum, maximum) {
            (None, None) => Err("`clamp` needs `minimum` or `maximum`".to_owned()),
            (Some(least), Some(most)) if least > most => Err("`minimum` is above `maximum`".to_owned()),
            _ => Ok(()),
        },
        Step::Command(Command { command, .. }) if command.is_empty() => Err("`command` names no program".to_owned()),
        _ => Ok(()),
    }
}

impl Step {
    /// The verb, as it is written.
    #[must_use]
    pub fn verb(&self) -> &'static str {
        match self {
            Self::Rename(_) => "rename",
            Self::Move(_) => "move",
            Self::Copy(_) => "copy",
            Self::Remove(_) => "remove",
            Self::Set(_) => "set",
            Self::Default(_) => "default",
            Self::Convert(_) => "convert",
            Self::Map(_) => "map",
            Self::Scale(_) => "scale",
            Self::Clamp(_) => "clamp",
            Self::Split(_) => "split",
            Self::Join(_) => "join",
            Self::Wrap(_) => "wrap",
            Self::Unwrap(_) => "unwrap",
            Self::Command(_) => "command",
            Self::Decide(_) => "decide",
        }
    }

    /// The settings that it takes something from, or the one that it gives a value to.
    #[must_use]
    pub fn keys(&self) -> Vec<&Pattern> {
        match self {
            Self::Rename(step) => vec![&step.rename],
            Self::Move(step) => vec![&step.from],
            Self::Copy(step) => vec![&step.copy],
            Self::Remove(step) => vec![&step.remove],
            Self::Set(step) => vec![&step.set],
            Self::Default(step) => vec![&step.default],
            Self::Convert(step) => vec![&step.convert],
            Self::Map(step) => vec![&step.map],
            Self::Scale(step) => vec![&step.scale],
            Self::Clamp(step) => vec![&step.clamp],
            Self::Split(step) => vec![&step.split],
            Self::Join(step) => step.join.iter().collect(),
            Self::Wrap(step) => vec![&step.wrap],
            Self::Unwrap(step) => vec![&step.unwrap],
            Self::Decide(step) => step.key.iter().collect(),
            Self::Command(_) => Vec::new(),
        }
    }

    /// On what it depends.
    #[must_use]
    pub fn when(&self) -> Option<&When> {
        match self {
            Self::Rename(step) => step.when.as_ref(),
            Self::Move(step) => step.when.as_ref(),
            Self::Copy(step) => step.when.as_ref(),
            Self::Remove(step) => step.when.as_ref(),
            Self::Set(step) => step.when.as_ref(),
            Self::Default(step) => step.when.as_ref(),
            Self::Convert(step) => step.when.as_ref(),
            Self::Map(step) => step.when.as_ref(),
            Self::Scale(step) => step.when.as_ref(),
            Self::Clamp(step) => step.when.as_ref(),
            Self::Split(step) => step.when.as_ref(),
            Self::Join(step) => step.when.as_ref(),
            Self::Wrap(step) => step.when.as_ref(),
            Self::Unwrap(step) => step.when.as_ref(),
            Self::Command(step) => step.when.as_ref(),
            Self::Decide(step) => step.when.as_ref(),
        }
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
