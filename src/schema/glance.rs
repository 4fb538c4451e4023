//! What the text of a schema tells at a glance: that a setting is not secret, without reading all of it. `get` asks
//! each time, and reading a schema costs more than all else that it does.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::value::RawValue;

use super::keyword;
use crate::document::{KeyPath, Segment};

/// Whether the value at a path, or anything in it, could be secret by a schema of this text. It is not, where `false`
/// is the answer; else the schema must be read.
#[must_use]
pub fn could_be_secret(text: &str, path: &KeyPath) -> bool {
    // A keyword may be written with escapes.
    text.contains("\\u") || could_be(text, path.segments())
}

fn could_be(text: &str, path: &[Segment]) -> bool {
    if !leads_to_secrets(text) {
        return false;
    }
    // Another kind of value than a table, or none of it declared here.
    let Some((Segment::Key(key), rest)) = path.split_first() else {
        return true;
    };
    let Some(keywords) = members(text) else { return true };
    keywords.iter().any(|(keyword, value)| match keyword.as_ref() {
        "properties" => match members(value.get()) {
            Some(declared) => declared
                .get(key.as_str())
                .is_some_and(|schema| could_be(schema.get(), rest)),
            None => true,
        },
        // What stands there speaks of a setting only where something refers to it.
        "$defs" | "definitions" => false,
        "$ref" | "$dynamicRef" | "$recursiveRef" | keyword::SECRET | "writeOnly" => true,
        _ => leads_to_secrets(value.get()),
    })
}

fn members(text: &str) -> Option<BTreeMap<Cow<'_, str>, &RawValue>> {
    serde_json::from_str(text).ok()
}

fn leads_to_secrets(text: &str) -> bool {
    let words = [keyword::SECRET, "writeOnly", "$ref", "$dynamicRef", "$recursiveRef"];
    words.iter().any(|word| text.contains(word))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::could_be_secret;
    use crate::schema::Schema;

    #[test]
    fn what_is_secret_could_be() {
        let schemas = [
            json!({"properties": {"a": {"type": "integer"}, "b": {"$ref": "#/$defs/b"}, "c": {"properties": {"d": {"writeOnly": true}, "e": {}}}},
                   "$defs": {"b": {"x-secret": true}}}),
            json!({"properties": {"a": {}}, "allOf": [{"properties": {"a": {"x-secret": true}}}]}),
            json!({"properties": {"b": {}}, "additionalProperties": {"$ref": "#/$defs/s"}, "$defs": {"s": {"x-secret": true}}}),
            json!({"patternProperties": {"^a": {"x-secret": true}}}),
            json!({"x-secret": true}),
            json!({"$ref": "#/$defs/s", "$defs": {"s": {"properties": {"a": {"writeOnly": true}}}}}),
            json!({"properties": {"a": {}, "c": {"items": {"x-secret": true}}}}),
        ];
        let mut spared = 0;
        for schema in schemas.map(|schema| schema.to_string()) {
            let read = Schema::parse("s.json", &schema).unwrap();
            for path in ["a", "b", "c", "c.d", "c.e", "c[0]", "a.x", "z", "z.y"] {
                let path = path.parse().unwrap();
                let could = could_be_secret(&schema, &path);
                assert!(could || !read.may_be_secret(&path), "{path} in {schema}");
                spared += usize::from(!could);
            }
        }
        // `a`, `a.x`, `z` and `z.y` in the first, and so on: most of what is asked is no secret.
        assert_eq!(spared, 10);
    }

    #[test]
    fn a_keyword_with_escapes_is_seen() {
        let schema = r#"{"properties": {"a": {"x\u002dsecret": true}}}"#;
        assert!(could_be_secret(schema, &"a".parse().unwrap()));
    }
}
