//! The steps of a migration, as they are written. These types read them and make their JSON Schema.

#![expect(clippy::struct_field_names, reason = "a field is named as it is written")]

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Matches, Pattern};
use crate::document::Value;

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
    /// Multiplies, divides and shifts a number.
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
    pub matches: Option<Matches>,
}

// A step is written by its verb, which names the setting that it is about.
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
        /// What it is divided by then: 60 makes minutes of seconds, exactly, where a factor could not.
        #[serde(default = "one")]
        divisor: f64,
        /// What is added then.
        #[serde(default)]
        offset: f64,
        /// To how many decimals it is rounded then, half away from zero; 0 makes a whole number of it. Without it nothing
        /// is lost: the numbers are taken as the decimals that they are written with, and the way back gives the same.
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
    /// A text such as `"PT1H30M"`, as ISO 8601 has it, of a number of seconds.
    #[serde(rename = "iso-duration")]
    IsoDuration,
    /// A number of seconds, of a text such as `"1h30m"` or `"PT1H30M"`.
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
