//! A key that is set twice: where the first one stands. The parser names only the second.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// So many are looked up in one file; each needs the whole text to be parsed once more.
pub(super) const LIMIT: usize = 4;

/// Stands in for the second key, so that its table can be found by it.
const STAND_IN: &str = "valvecfg-the-second-of-two";

/// Where the key was set before that is set again at `second`; nothing where no key stands there.
pub(super) fn first_place(text: &str, second: &Range<usize>) -> Option<Range<usize>> {
    let written = text.get(second.clone())?;
    let alone = format!("{written} = 0");
    let alone = DeTable::parse(&alone).ok()?;
    let name = alone.get_ref().keys().next()?.get_ref().to_string();
    let renamed = [&text[..second.start], STAND_IN, &text[second.end..]].concat();
    let (table, _) = DeTable::parse_recoverable(&renamed);
    let beside = table_with(table.get_ref(), STAND_IN)?;
    let (first, _) = beside.iter().find(|(key, _)| key.get_ref().as_ref() == name)?;
    // What stands before the second one stands there in both texts.
    Some(first.span()).filter(|first| first.end <= second.start)
}

/// The table that has this key, however deep.
fn table_with<'t, 'd>(table: &'t DeTable<'d>, name: &str) -> Option<&'t DeTable<'d>> {
    if table.keys().any(|key| key.get_ref().as_ref() == name) {
        return Some(table);
    }
    table.values().find_map(|value| below(value, name))
}

fn below<'t, 'd>(value: &'t Spanned<DeValue<'d>>, name: &str) -> Option<&'t DeTable<'d>> {
    match value.get_ref() {
        DeValue::Table(table) => table_with(table, name),
        DeValue::Array(items) => items.iter().find_map(|item| below(item, name)),
        DeValue::String(_) | DeValue::Integer(_) | DeValue::Float(_) | DeValue::Boolean(_) | DeValue::Datetime(_) => {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Document;

    fn messages(text: &str) -> Vec<String> {
        let errors = Document::parse(text).unwrap_err();
        errors.into_iter().map(|error| error.message).collect()
    }

    #[test]
    fn both_places_of_a_key_that_is_set_twice_are_named() {
        let again = |line: u32| vec![format!("duplicate key; it stands in line {line} already")];
        assert_eq!(messages("a = 1\na = 2\n"), again(1));
        assert_eq!(messages("# c\n\"a b\" = 1\n'a b' = 2\n"), again(2));
        // In the same table, not merely before it.
        assert_eq!(messages("[t]\na = 1\n[u]\na = 1\nb = { a = 1 }\na = 2\n"), again(4));
        assert_eq!(messages("[[t]]\na = 1\n[[t]]\na = 1\n\na = 2\n"), again(4));
        assert_eq!(messages("[t]\na = 1\n[u]\nt = 1\n[t]\nb = 1\n"), again(1));
        assert_eq!(messages("a = { b = 1, b = 2 }\n"), again(1));
        assert_eq!(messages("a.b = 1\na.b = 2\n"), again(1));
    }
}
