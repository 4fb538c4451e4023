//! Settings as environment variables: how each is called, and how its value is written.

use zeroize::Zeroizing;

use super::{RenderError, finite};
use crate::document::{KeyPath, Segment, Value};

/// The variables of a plugin's settings, in their order.
pub(super) fn of(plugin: &KeyPath, settings: &Value) -> Result<Vec<(String, Zeroizing<String>)>, RenderError> {
    let mut found = Vec::new();
    gather(plugin, settings, &mut found)?;
    let mut seen: std::collections::HashMap<&str, &KeyPath> = std::collections::HashMap::new();
    for Variable { key, name, .. } in &found {
        if let Some(first) = seen.insert(name, key) {
            return Err(RenderError::SameName {
                first: first.clone(),
                second: key.clone(),
                name: name.clone(),
            });
        }
    }
    Ok(found
        .into_iter()
        .map(|variable| (variable.name, variable.value))
        .collect())
}

/// A line of a file of variables. Single quotes hold everything but themselves, for shells and for systemd.
pub(super) fn line(name: &str, value: &str) -> Zeroizing<String> {
    if value.is_empty() {
        return Zeroizing::new(format!("{name}=\n"));
    }
    let value = Zeroizing::new(quoted(value));
    Zeroizing::new(format!("{name}={}\n", *value))
}

/// A word as a shell takes it for one, and systemd.
pub(in crate::store) fn quoted(word: &str) -> String {
    let is_plain = |character: char| character.is_ascii_alphanumeric() || "_-+.,:/@%".contains(character);
    if !word.is_empty() && word.chars().all(is_plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

struct Variable {
    key: KeyPath,
    name: String,
    value: Zeroizing<String>,
}

fn gather(key: &KeyPath, value: &Value, found: &mut Vec<Variable>) -> Result<(), RenderError> {
    let text = match value {
        Value::Table(entries) => {
            let mut entries = entries.iter();
            return entries.try_for_each(|(name, value)| gather(&key.key(name.as_str()), value, found));
        }
        Value::Array(items) if !items.is_empty() && items.iter().all(|item| item.as_table().is_some()) => {
            let mut items = items.iter().enumerate();
            return items.try_for_each(|(index, item)| gather(&key.index(index), item, found));
        }
        Value::Array(_) => {
            finite(key, value)?;
            value.to_json().to_string()
        }
        Value::String(_) | Value::Integer(_) | Value::Float(_) | Value::Boolean(_) | Value::Datetime(_) => value.bare(),
    };
    let value = Zeroizing::new(text);
    if value.contains('\0') {
        return Err(RenderError::Nul { key: key.clone() });
    }
    let name = name(key);
    found.push(Variable {
        key: key.clone(),
        name: name?,
        value,
    });
    Ok(())
}

/// What a setting is called as a variable.
fn name(key: &KeyPath) -> Result<String, RenderError> {
    let parts = key.segments().iter().map(|segment| match segment {
        Segment::Key(key) => key.to_ascii_uppercase().replace('-', "_"),
        Segment::Index(index) => index.to_string(),
    });
    let parts: Vec<String> = parts.collect();
    let name = parts.join("_");
    let is_name = !name.starts_with(|first: char| first.is_ascii_digit())
        && parts.iter().all(|part| !part.is_empty())
        && name
            .chars()
            .all(|character| character.is_ascii_alphanumeric() || character == '_');
    if is_name {
        Ok(name)
    } else {
        Err(RenderError::NoName { key: key.clone(), name })
    }
}

#[cfg(test)]
mod tests {
    use super::{line, of};
    use crate::document::{KeyPath, Value};
    use crate::store::RenderError;

    fn variables(literal: &str) -> Result<Vec<String>, RenderError> {
        let settings = Value::parse_literal(literal).unwrap();
        let found = of(&KeyPath::root().key("soil-probe"), &settings)?;
        Ok(found
            .into_iter()
            .map(|(name, value)| line(&name, &value).trim_end().to_owned())
            .collect())
    }

    #[test]
    fn every_kind_of_value_has_a_variable() {
        let found = variables(
            "{ text = \"it's\\nhere\", empty = \"\", on = true, at = 2026-11-01, half = 0.5, list = [1, \"two\"], none = [], \
             table = { key-one = 1 }, zones = [{ flow = 2.5 }, { flow = 3.0, pins = [4] }], mixed = [{ a = 1 }, 2] }",
        );
        assert_eq!(
            found.unwrap(),
            [
                "SOIL_PROBE_TEXT='it'\\''s\nhere'",
                "SOIL_PROBE_EMPTY=",
                "SOIL_PROBE_ON=true",
                "SOIL_PROBE_AT=2026-11-01",
                "SOIL_PROBE_HALF=0.5",
                "SOIL_PROBE_LIST='[1,\"two\"]'",
                "SOIL_PROBE_NONE='[]'",
                "SOIL_PROBE_TABLE_KEY_ONE=1",
                "SOIL_PROBE_ZONES_0_FLOW=2.5",
                "SOIL_PROBE_ZONES_1_FLOW=3.0",
                "SOIL_PROBE_ZONES_1_PINS='[4]'",
                "SOIL_PROBE_MIXED='[{\"a\":1},2]'",
            ]
        );
    }

    #[test]
    fn two_keys_never_become_one_variable() {
        for literal in [
            "{ a = 1, A = 2 }",
            "{ a-b = 1, a = { b = 2 } }",
            "{ a_0_b = 1, a = [{ b = 2 }] }",
        ] {
            assert!(
                matches!(variables(literal), Err(RenderError::SameName { .. })),
                "{literal}"
            );
        }
    }

    #[test]
    fn what_no_variable_can_be_or_hold_is_named() {
        for literal in [
            "{ \"a b\" = 1 }",
            "{ \"\" = 1 }",
            "{ \"größe\" = 1 }",
            "{ \"a=b\" = 1 }",
        ] {
            assert!(
                matches!(variables(literal), Err(RenderError::NoName { .. })),
                "{literal}"
            );
        }
        assert!(matches!(
            variables("{ a = \"b\\u0000\" }"),
            Err(RenderError::Nul { .. })
        ));
        assert!(matches!(variables("{ a = [inf] }"), Err(RenderError::NotFinite { .. })));
        assert_eq!(variables("{ a = inf }").unwrap(), ["SOIL_PROBE_A=inf"]);
    }
}
