//! What a foreign value is here: taken as it is where it has the type that the schema wants, converted where nothing of it
//! is lost or guessed, else refused.

use crate::document::{KeyPath, Table, Value};
use crate::import::{Given, is_kept};
use crate::schema::{Annotation, Kind};
use crate::store::interpret::{self, as_number_wanted, interpret};

/// What became of a value.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::store) enum Verdict {
    /// It is what the schema wants.
    Taken(Value),
    /// It says the same as this, in another type.
    Converted(Value),
    /// It is nothing that may stand there; what may.
    Refused(String),
}

/// What is known of the setting that a value is for.
pub(in crate::store) struct Target<'t> {
    /// What the schema says of a key.
    pub annotation: &'t dyn Fn(&KeyPath) -> Option<Annotation>,
    /// Whether the format that the value comes from tells `5` from `5.0`.
    pub tells_floats: bool,
}

impl Target<'_> {
    /// The value for a setting. `current` is what stands there.
    pub(in crate::store) fn convert(&self, given: &Given, path: &KeyPath, current: Option<&Value>) -> Verdict {
        let annotation = (self.annotation)(path).unwrap_or_default();
        let kinds = kinds(&annotation);
        let wants = |kind: Kind| kinds.is_empty() || kinds.contains(&kind);
        let refused = || Verdict::Refused(allowed(&annotation));
        match given {
            Given::Unholdable(what) => Verdict::Refused(format!("{}: {}", what.found, what.allowed)),
            Given::EmptyTable if wants(Kind::Table) => Verdict::Taken(Value::Table(Table::default())),
            Given::Array(items) if wants(Kind::Array) => self.convert_items(items, path, current),
            // Of null, whoever asks has said it before.
            Given::Null | Given::EmptyTable | Given::Array(_) => refused(),
            Given::Text(text) => read(text, path, &annotation, &kinds, current).unwrap_or_else(refused),
            Given::String(text) if wants(Kind::String) => Verdict::Taken(Value::String(text.clone())),
            Given::String(text) => from_text(text, &annotation, &kinds).map_or_else(refused, Verdict::Converted),
            Given::Scalar(value, spelled) => self.scalar(value, spelled, &kinds, current).unwrap_or_else(refused),
        }
    }

    fn convert_items(&self, items: &[Given], path: &KeyPath, current: Option<&Value>) -> Verdict {
        let old = current.and_then(Value::as_array).unwrap_or_default();
        let mut converted = false;
        let mut values = Vec::with_capacity(items.len());
        for (index, item) in items.iter().enumerate() {
            // A new item is like the others.
            let current = old.get(index).or(old.first());
            values.push(match self.convert(item, &path.index(index), current) {
                Verdict::Taken(value) => value,
                Verdict::Converted(value) => {
                    converted = true;
                    value
                }
                Verdict::Refused(reason) => return Verdict::Refused(format!("item {index}: {reason}")),
            });
        }
        if converted {
            Verdict::Converted(Value::Array(values))
        } else {
            Verdict::Taken(Value::Array(values))
        }
    }

    fn scalar(&self, value: &Value, spelled: &str, kinds: &[Kind], current: Option<&Value>) -> Option<Verdict> {
        let wants = |kind: Kind| kinds.is_empty() || kinds.contains(&kind);
        let fits = match value {
            Value::Integer(_) => wants(Kind::Integer) || wants(Kind::Number),
            Value::Float(number) => wants(Kind::Number) || wants(Kind::Integer) && number.fract() == 0.0,
            Value::Boolean(_) => wants(Kind::Boolean),
            Value::Datetime(_) => wants(Kind::String),
            Value::String(_) | Value::Array(_) | Value::Table(_) => false,
        };
        if fits {
            let wanted = as_number_wanted(value.clone(), kinds, current);
            let is_same = wanted == *value || !self.tells_floats;
            return Some(if is_same {
                Verdict::Taken(wanted)
            } else {
                Verdict::Converted(wanted)
            });
        }
        match value {
            Value::Integer(number @ (0 | 1)) if wants(Kind::Boolean) => {
                Some(Verdict::Converted(Value::Boolean(*number == 1)))
            }
            // `1.10` is a version more often than a number.
            Value::Integer(_) | Value::Float(_) | Value::Boolean(_) if wants(Kind::String) => {
                Some(Verdict::Converted(Value::String(spelled.to_owned())))
            }
            Value::String(_)
            | Value::Integer(_)
            | Value::Float(_)
            | Value::Boolean(_)
            | Value::Datetime(_)
            | Value::Array(_)
            | Value::Table(_) => None,
        }
    }
}

/// What may stand at a setting, in words.
pub(in crate::store) fn allowed(annotation: &Annotation) -> String {
    let kind = annotation.kind_in_words().filter(|_| annotation.values.is_empty());
    let parts: Vec<String> = kind.into_iter().chain(annotation.bounds()).collect();
    if parts.is_empty() {
        return "something else stands here".to_owned();
    }
    format!("takes {}", parts.join(", "))
}

/// The kinds that a setting may have; where the schema only lists its values, theirs.
pub(in crate::store) fn kinds(annotation: &Annotation) -> Vec<Kind> {
    if !annotation.kinds.is_empty() {
        return annotation.kinds.clone();
    }
    let mut kinds: Vec<Kind> = annotation.values.iter().map(interpret::kind_of).collect();
    kinds.sort_unstable();
    kinds.dedup();
    kinds
}

/// A text of a format that has only texts, as `set` reads one; else what it can be converted to.
fn read(
    text: &str,
    path: &KeyPath,
    annotation: &Annotation,
    kinds: &[Kind],
    current: Option<&Value>,
) -> Option<Verdict> {
    let typed = Annotation {
        kinds: kinds.to_vec(),
        ..annotation.clone()
    };
    let given = interpret::Given::Text(text.to_owned());
    match interpret(path, &given, Some(&typed), current) {
        // Without a schema, a name such as `nan` is a text more often than a number.
        Ok((Value::Float(number), _)) if kinds.is_empty() && !number.is_finite() => {
            Some(Verdict::Taken(Value::String(text.to_owned())))
        }
        Ok((Value::Float(_), _)) if !is_kept(text) => None,
        Ok((value, _)) => Some(Verdict::Taken(value)),
        Err(_) => from_text(text, annotation, kinds).map(Verdict::Converted),
    }
}

/// What a text says, in a type that the schema wants.
fn from_text(text: &str, annotation: &Annotation, kinds: &[Kind]) -> Option<Value> {
    let text = text.trim();
    let wants = |kind: Kind| kinds.contains(&kind);
    if wants(Kind::Integer) || wants(Kind::Number) {
        let number = number(without_unit(text, annotation.unit.as_deref()));
        let wanted = number.map(|number| as_number_wanted(number, kinds, None));
        let fits = |number: &Value| wants(Kind::Number) || matches!(number, Value::Integer(_));
        if let Some(number) = wanted.filter(fits) {
            return Some(number);
        }
    }
    if wants(Kind::Boolean) {
        return match text.to_ascii_lowercase().as_str() {
            "true" | "yes" | "on" | "1" => Some(Value::Boolean(true)),
            "false" | "no" | "off" | "0" => Some(Value::Boolean(false)),
            _ => None,
        };
    }
    None
}

/// `60 %` without the unit that the schema gives the number.
fn without_unit<'t>(text: &'t str, unit: Option<&str>) -> &'t str {
    let Some(unit) = unit else { return text };
    let sign = if unit == "percent" { "%" } else { unit };
    let name = if unit == "%" { "percent" } else { unit };
    let stripped = [unit, sign, name].iter().find_map(|unit| text.strip_suffix(unit));
    stripped.map_or(text, str::trim_end)
}

/// A number in decimal digits that stays what it is. Leading zeros are octal to some.
fn number(text: &str) -> Option<Value> {
    let text = text.strip_prefix('+').unwrap_or(text);
    let digits = text.strip_prefix('-').unwrap_or(text);
    let is_plain = digits.starts_with(|first: char| first.is_ascii_digit())
        && digits
            .bytes()
            .all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'e' | b'E' | b'+' | b'-'));
    (is_plain && is_kept(text))
        .then(|| Value::parse_literal(text))
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::{Target, Verdict};
    use crate::document::{KeyPath, Value};
    use crate::import::Given;
    use crate::schema::{Annotation, Kind};

    fn convert(given: &Given, kinds: &[Kind], tells_floats: bool) -> String {
        let annotation = Annotation {
            kinds: kinds.to_vec(),
            unit: Some("percent".to_owned()),
            ..Annotation::default()
        };
        let target = Target {
            annotation: &|key| (key.len() == 1).then(|| annotation.clone()),
            tells_floats,
        };
        match target.convert(given, &KeyPath::root().key("k"), None) {
            Verdict::Taken(value) => format!("taken {value}"),
            Verdict::Converted(value) => format!("converted {value}"),
            Verdict::Refused(_) => "refused".to_owned(),
        }
    }

    fn string(text: &str, kind: Kind) -> String {
        convert(&Given::String(text.to_owned()), &[kind], true)
    }

    fn text(text: &str, kind: Kind) -> String {
        convert(&Given::Text(text.to_owned()), &[kind], true)
    }

    fn scalar(spelled: &str, kind: Kind) -> String {
        let value = Value::parse_literal(spelled).unwrap();
        convert(&Given::Scalar(value, spelled.to_owned()), &[kind], true)
    }

    #[test]
    fn a_string_that_says_the_same_as_another_type_is_converted() {
        assert_eq!(string("60", Kind::Integer), "converted 60");
        assert_eq!(string(" +60 ", Kind::Integer), "converted 60");
        assert_eq!(string("60.0", Kind::Integer), "converted 60");
        assert_eq!(string("2.5", Kind::Number), "converted 2.5");
        assert_eq!(string("5", Kind::Number), "converted 5.0");
        assert_eq!(string("60 %", Kind::Integer), "converted 60");
        assert_eq!(string("60percent", Kind::Integer), "converted 60");
        for (yes, word) in [
            (true, "true"),
            (true, "Yes"),
            (true, "on"),
            (false, "OFF"),
            (false, "0"),
        ] {
            assert_eq!(string(word, Kind::Boolean), format!("converted {yes}"));
        }
        assert_eq!(string("60", Kind::String), "taken \"60\"");
    }

    #[test]
    fn a_string_that_would_have_to_be_guessed_is_refused() {
        for guess in [
            "soon", "", "60.5", "0x3c", "6_0", "060", "60 s", "2,5", "1e400", "inf", "60 60",
        ] {
            assert_eq!(string(guess, Kind::Integer), "refused", "{guess}");
        }
        for guess in ["0.1234567890123456789", "2,5", ".5", "5.", "nan"] {
            assert_eq!(string(guess, Kind::Number), "refused", "{guess}");
        }
        for guess in ["2", "ja", "truth", ""] {
            assert_eq!(string(guess, Kind::Boolean), "refused", "{guess}");
        }
        assert_eq!(string("a", Kind::Array), "refused");
    }

    #[test]
    fn a_text_of_a_format_without_types_is_read_as_set_reads_it() {
        assert_eq!(text("60", Kind::Integer), "taken 60");
        assert_eq!(text("5", Kind::Number), "taken 5.0");
        assert_eq!(text("true", Kind::Boolean), "taken true");
        assert_eq!(text("60", Kind::String), "taken \"60\"");
        assert_eq!(text("[1, 2]", Kind::Array), "taken [1, 2]");
        assert_eq!(text("60 %", Kind::Integer), "converted 60");
        assert_eq!(text("yes", Kind::Boolean), "converted true");
        assert_eq!(text("soon", Kind::Integer), "refused");
        assert_eq!(text("0.1234567890123456789", Kind::Number), "refused");
    }

    #[test]
    fn a_number_becomes_the_kind_that_is_wanted_where_it_stays_the_same() {
        assert_eq!(scalar("60", Kind::Integer), "taken 60");
        assert_eq!(scalar("5", Kind::Number), "converted 5.0");
        assert_eq!(scalar("60.0", Kind::Integer), "converted 60");
        assert_eq!(scalar("60.5", Kind::Integer), "refused");
        assert_eq!(scalar("1.10", Kind::String), "converted \"1.10\"");
        assert_eq!(scalar("true", Kind::String), "converted \"true\"");
        assert_eq!(scalar("1", Kind::Boolean), "converted true");
        assert_eq!(scalar("2", Kind::Boolean), "refused");
        assert_eq!(scalar("true", Kind::Integer), "refused");
        // JSON does not tell the two apart.
        let five = Given::Scalar(Value::Integer(5), "5".to_owned());
        assert_eq!(convert(&five, &[Kind::Number], false), "taken 5.0");
    }

    #[test]
    fn several_kinds_are_tried_the_given_one_first() {
        let both = [Kind::String, Kind::Integer];
        assert_eq!(convert(&Given::String("5".to_owned()), &both, true), "taken \"5\"");
        assert_eq!(
            convert(&Given::Scalar(Value::Integer(5), "5".to_owned()), &both, true),
            "taken 5"
        );
        let switch = [Kind::Boolean, Kind::Integer];
        assert_eq!(convert(&Given::String("1".to_owned()), &switch, true), "converted 1");
        assert_eq!(
            convert(&Given::String("on".to_owned()), &switch, true),
            "converted true"
        );
    }
}
