//! Defaults of a schema, filled in where settings are absent.

use super::put;
use crate::document::{KeyPath, Table, Value};
use crate::schema::Schema;
use crate::store::StoreError;

/// How deep a default may hold tables that want defaults of their own; a schema can contain itself.
const DEEPEST: usize = 16;

/// Settings with every default that leaves them as they should be, which `fits` says.
///
/// All at once is tried first, which nearly always fits. Else one after the other: of the defaults that exclude each
/// other, the first stays.
pub(super) fn fill(
    schema: &Schema,
    settings: Table,
    fits: &dyn Fn(&Table) -> Result<bool, StoreError>,
) -> Result<Table, StoreError> {
    let is_fit = |settings: &Value| settings.as_table().map_or(Ok(false), fits);
    let mut settings = Value::Table(settings);
    let mut refused: Vec<KeyPath> = Vec::new();
    for _ in 0..DEEPEST {
        let mut wanted = Vec::new();
        absent(schema, &KeyPath::root(), &settings, &mut wanted);
        wanted.retain(|(path, _)| !refused.contains(path));
        if wanted.is_empty() {
            break;
        }
        let mut all = settings.clone();
        for (path, value) in &wanted {
            put(&mut all, path.segments(), value.clone());
        }
        if is_fit(&all)? {
            settings = all;
            continue;
        }
        for (path, value) in wanted {
            let mut with = settings.clone();
            put(&mut with, path.segments(), value);
            if is_fit(&with)? {
                settings = with;
            } else {
                refused.push(path);
            }
        }
    }
    Ok(match settings {
        Value::Table(entries) => entries,
        // It was one above, and what is put into it stands below its root.
        Value::String(_)
        | Value::Integer(_)
        | Value::Float(_)
        | Value::Boolean(_)
        | Value::Datetime(_)
        | Value::Array(_) => Table::default(),
    })
}

/// The declared keys that are absent from the tables that are there, with their defaults.
fn absent(schema: &Schema, path: &KeyPath, value: &Value, found: &mut Vec<(KeyPath, Value)>) {
    match value {
        Value::Table(entries) => {
            for name in schema.declared(path) {
                let key = path.key(name.as_str());
                if !entries.contains_key(&name)
                    && let Some(default) = schema.default(&key)
                {
                    found.push((key, default));
                }
            }
            for (name, value) in entries {
                absent(schema, &path.key(name.as_str()), value, found);
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                absent(schema, &path.index(index), item, found);
            }
        }
        Value::String(_) | Value::Integer(_) | Value::Float(_) | Value::Boolean(_) | Value::Datetime(_) => {}
    }
}
