//! What two schemas say together of one setting: where both hold, or the one or the other.

use serde_json::Number;

use super::{Annotation, Kind};

impl Annotation {
    /// What holds where both schemas hold, as for `$ref` and `allOf`: the narrower bound, and of texts
    /// those of `self`, which stands nearer to the setting.
    pub(in crate::schema) fn and(mut self, other: Self) -> Self {
        self.kinds = match (self.kinds.is_empty(), other.kinds.is_empty()) {
            (true, _) => other.kinds.clone(),
            (_, true) => self.kinds,
            _ => shared(&self.kinds, &other.kinds),
        };
        if self.values.is_empty() {
            self.values.clone_from(&other.values);
        } else if !other.values.is_empty() {
            self.values.retain(|value| other.values.contains(value));
        }
        self.minimum = tighter(self.minimum, other.minimum.clone(), |a, b| a > b);
        self.maximum = tighter(self.maximum, other.maximum.clone(), |a, b| a < b);
        self.exclusive_minimum = tighter(self.exclusive_minimum, other.exclusive_minimum.clone(), |a, b| a > b);
        self.exclusive_maximum = tighter(self.exclusive_maximum, other.exclusive_maximum.clone(), |a, b| a < b);
        self.min_length = self.min_length.max(other.min_length);
        self.max_length = least(self.max_length, other.max_length);
        self.min_items = self.min_items.max(other.min_items);
        self.max_items = least(self.max_items, other.max_items);
        self.multiple_of = self.multiple_of.or_else(|| other.multiple_of.clone());
        self.pattern = self.pattern.or_else(|| other.pattern.clone());
        self.format = self.format.or_else(|| other.format.clone());
        self.with_words_of(other)
    }

    /// What can be said of a value that fits the one schema or the other, as for `anyOf`: the kinds of
    /// both, the values if both list them, and whatever both say alike.
    pub(in crate::schema) fn or(mut self, other: Self) -> Self {
        self.kinds = if self.kinds.is_empty() || other.kinds.is_empty() {
            Vec::new()
        } else {
            let mut kinds = self.kinds;
            kinds.extend(other.kinds);
            kinds.sort_unstable();
            kinds.dedup();
            kinds
        };
        self.values = if self.values.is_empty() || other.values.is_empty() {
            self.examples.extend(self.values);
            self.examples.extend(other.values);
            Vec::new()
        } else {
            let mut values = self.values;
            values.extend(other.values);
            values
        };
        self.title = alike(self.title, other.title.as_ref());
        self.description = alike(self.description, other.description.as_ref());
        self.default = alike(self.default, other.default.as_ref());
        self.minimum = alike(self.minimum, other.minimum.as_ref());
        self.maximum = alike(self.maximum, other.maximum.as_ref());
        self.exclusive_minimum = alike(self.exclusive_minimum, other.exclusive_minimum.as_ref());
        self.exclusive_maximum = alike(self.exclusive_maximum, other.exclusive_maximum.as_ref());
        self.multiple_of = alike(self.multiple_of, other.multiple_of.as_ref());
        self.min_length = alike(self.min_length, other.min_length.as_ref());
        self.max_length = alike(self.max_length, other.max_length.as_ref());
        self.min_items = alike(self.min_items, other.min_items.as_ref());
        self.max_items = alike(self.max_items, other.max_items.as_ref());
        self.pattern = alike(self.pattern, other.pattern.as_ref());
        self.format = alike(self.format, other.format.as_ref());
        self.unit = alike(self.unit, other.unit.as_ref());
        self.apply = alike(self.apply, other.apply.as_ref());
        // One branch that calls it secret is enough: printing cannot be taken back.
        self.secret |= other.secret;
        self.read_only &= other.read_only;
        self.deprecated &= other.deprecated;
        self.examples.extend(other.examples);
        self
    }

    /// Fills what `self` leaves open with the words of `other`, not with its bounds: those of an `if`'s
    /// branches hold only sometimes.
    pub(in crate::schema) fn with_words_of(mut self, other: Self) -> Self {
        self.title = self.title.or(other.title);
        self.description = self.description.or(other.description);
        self.default = self.default.or(other.default);
        self.unit = self.unit.or(other.unit);
        self.apply = self.apply.or(other.apply);
        self.secret |= other.secret;
        self.read_only |= other.read_only;
        self.deprecated |= other.deprecated;
        if self.key.is_empty() {
            self.key = other.key;
        }
        if self.renamed_from.is_empty() {
            self.renamed_from = other.renamed_from;
        }
        if self.examples.is_empty() {
            self.examples = other.examples;
        }
        self
    }
}

fn alike<T: PartialEq>(own: Option<T>, other: Option<&T>) -> Option<T> {
    own.filter(|own| other == Some(own))
}

fn shared(ours: &[Kind], theirs: &[Kind]) -> Vec<Kind> {
    let narrow = |kind: &Kind| theirs.iter().any(|other| other.covers(*kind));
    let mut kinds: Vec<Kind> = ours.iter().copied().filter(narrow).collect();
    kinds.extend(theirs.iter().filter(|kind| {
        let wider = |own: &Kind| own.covers(**kind) && own != *kind;
        ours.iter().any(wider)
    }));
    kinds
}

fn tighter(own: Option<Number>, other: Option<Number>, is_tighter: fn(f64, f64) -> bool) -> Option<Number> {
    match (own, other) {
        (Some(own), Some(other)) => {
            let replaces = other.as_f64().zip(own.as_f64()).is_some_and(|(a, b)| is_tighter(a, b));
            Some(if replaces { other } else { own })
        }
        (own, other) => own.or(other),
    }
}

fn least(own: Option<u64>, other: Option<u64>) -> Option<u64> {
    match (own, other) {
        (Some(own), Some(other)) => Some(own.min(other)),
        (own, other) => own.or(other),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};

    use super::{Annotation, Kind};

    fn annotation(schema: &Json) -> Annotation {
        Annotation::of(schema.as_object().unwrap(), "#".to_owned())
    }

    #[test]
    fn two_schemas_that_both_hold_leave_the_narrower_bound() {
        let both = annotation(&json!({"type": ["number", "string"], "minimum": 0, "maximum": 9}))
            .and(annotation(&json!({"type": "integer", "minimum": 3, "title": "t"})));
        assert_eq!(both.kinds, [Kind::Integer]);
        assert_eq!(both.bounds().unwrap(), "3 to 9");
        assert_eq!(both.title.as_deref(), Some("t"));
    }

    #[test]
    fn of_two_alternatives_only_what_both_say_is_sure() {
        let either = annotation(&json!({"type": "integer", "minimum": 0, "title": "same"})).or(annotation(
            &json!({"type": "string", "enum": ["auto"], "title": "same", "x-secret": true}),
        ));
        assert_eq!(either.kinds, [Kind::String, Kind::Integer]);
        assert_eq!(either.minimum, None);
        assert_eq!(either.title.as_deref(), Some("same"));
        assert!(either.values.is_empty() && either.examples.len() == 1);
        assert!(either.secret);
    }
}
