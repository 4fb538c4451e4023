//! What is allowed, as a person would say it.

use super::Annotation;

impl Annotation {
    /// The bounds in words: "0 to 100 percent, default 60"; nothing where the schema sets none.
    #[must_use]
    pub fn bounds(&self) -> Option<String> {
        let mut parts = Vec::new();
        if self.values.is_empty() {
            parts.extend(self.range());
            parts.extend(span_of(self.min_length, self.max_length, "character"));
            parts.extend(span_of(self.min_items, self.max_items, "item"));
            parts.extend(self.format.as_ref().map(|format| format!("format {format}")));
            parts.extend(self.pattern.as_ref().map(|pattern| format!("matching `{pattern}`")));
        } else {
            parts.push(listed(self.values.iter().map(ToString::to_string), "or"));
        }
        if let Some(default) = self.default.as_ref().filter(|_| !self.secret) {
            parts.push(format!("default {default}"));
        }
        (!parts.is_empty()).then(|| parts.join(", "))
    }

    /// The kinds in words: "a string or an integer"; nothing where any will do.
    #[must_use]
    pub fn kind_in_words(&self) -> Option<String> {
        let kinds = self.kinds.iter().map(|kind| kind.with_article().to_owned());
        (!self.kinds.is_empty()).then(|| listed(kinds, "or"))
    }

    fn range(&self) -> Option<String> {
        let low = match (&self.minimum, &self.exclusive_minimum) {
            (Some(at), Some(above)) if above.as_f64() >= at.as_f64() => Some((above, true)),
            (Some(at), _) => Some((at, false)),
            (None, Some(above)) => Some((above, true)),
            (None, None) => None,
        };
        let high = match (&self.maximum, &self.exclusive_maximum) {
            (Some(at), Some(below)) if below.as_f64() <= at.as_f64() => Some((below, true)),
            (Some(at), _) => Some((at, false)),
            (None, Some(below)) => Some((below, true)),
            (None, None) => None,
        };
        let mut words = match (low, high) {
            (Some((low, false)), Some((high, false))) => format!("{low} to {high}"),
            (Some((low, true)), Some((high, true))) => format!("more than {low} and less than {high}"),
            (Some((low, true)), Some((high, false))) => format!("more than {low}, up to {high}"),
            (Some((low, false)), Some((high, true))) => format!("from {low} to less than {high}"),
            (Some((low, false)), None) => format!("at least {low}"),
            (Some((low, true)), None) => format!("more than {low}"),
            (None, Some((high, false))) => format!("at most {high}"),
            (None, Some((high, true))) => format!("less than {high}"),
            (None, None) => String::new(),
        };
        match (&self.unit, words.is_empty()) {
            (Some(unit), false) => words = format!("{words} {unit}"),
            (Some(unit), true) => words = format!("in {unit}"),
            (None, _) => {}
        }
        if let Some(step) = &self.multiple_of {
            let space = if words.is_empty() { "" } else { " " };
            words = format!("{words}{space}in steps of {step}");
        }
        (!words.is_empty()).then_some(words)
    }
}

/// "a, b or c".
pub(in crate::schema) fn listed(words: impl IntoIterator<Item = String>, last: &str) -> String {
    let mut words: Vec<String> = words.into_iter().collect();
    match words.pop() {
        None => String::new(),
        Some(only) if words.is_empty() => only,
        Some(end) => format!("{} {last} {end}", words.join(", ")),
    }
}

fn span_of(least: Option<u64>, most: Option<u64>, what: &str) -> Option<String> {
    let counted = |number: u64| format!("{number} {what}{}", if number == 1 { "" } else { "s" });
    Some(match (least, most) {
        (Some(least), Some(most)) if least == most => format!("exactly {}", counted(most)),
        (Some(least), Some(most)) => format!("{least} to {}", counted(most)),
        (Some(least), None) => format!("at least {}", counted(least)),
        (None, Some(most)) => format!("at most {}", counted(most)),
        (None, None) => return None,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};

    use super::Annotation;

    fn bounds(schema: &Json) -> String {
        let annotation = Annotation::of(schema.as_object().unwrap(), "#".to_owned());
        annotation.bounds().unwrap_or_default()
    }

    #[test]
    fn bounds_read_as_a_person_would_say_them() {
        let percent = json!({"minimum": 0, "maximum": 100, "x-unit": "percent", "default": 60});
        assert_eq!(bounds(&percent), "0 to 100 percent, default 60");
        assert_eq!(
            bounds(&json!({"exclusiveMinimum": 0, "x-unit": "bar"})),
            "more than 0 bar"
        );
        assert_eq!(
            bounds(&json!({"minimum": 0, "exclusiveMinimum": true, "maximum": 2})),
            "more than 0, up to 2"
        );
        assert_eq!(bounds(&json!({"minLength": 1, "maxLength": 63})), "1 to 63 characters");
        assert_eq!(bounds(&json!({"maxItems": 1})), "at most 1 item");
        assert_eq!(
            bounds(&json!({"enum": ["auto", "manual", "off"], "default": "auto"})),
            r#""auto", "manual" or "off", default "auto""#
        );
        assert_eq!(bounds(&json!({"multipleOf": 5, "x-unit": "s"})), "in s in steps of 5");
        assert_eq!(bounds(&json!({"type": "string"})), "");
    }

    #[test]
    fn the_default_of_a_secret_is_not_printed() {
        assert_eq!(bounds(&json!({"x-secret": true, "default": "hunter2"})), "");
    }
}
