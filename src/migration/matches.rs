//! The regular expression of a condition, compiled when the migration is read.

use std::borrow::Cow;

use regex::Regex;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A regular expression that a text matches or not. Two are the same where they are written alike.
#[derive(Clone, Debug)]
pub struct Matches(Regex);

impl Matches {
    /// Whether a text matches.
    #[must_use]
    pub fn holds(&self, text: &str) -> bool {
        self.0.is_match(text)
    }
}

impl PartialEq for Matches {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_str() == other.0.as_str()
    }
}

impl Serialize for Matches {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.as_str())
    }
}

impl<'de> Deserialize<'de> for Matches {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let compiled = Regex::new(&text);
        compiled
            .map(Self)
            .map_err(|error| serde::de::Error::custom(format!("`matches` is no regular expression: {error}")))
    }
}

impl JsonSchema for Matches {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "matches".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": ["string", "null"] })
    }
}
