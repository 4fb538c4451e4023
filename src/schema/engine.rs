//! The validator behind a checker: how a schema and those it refers to are handed to it, and the keywords
//! that it is taught: a bounded `pattern`, and a stand-in for schemas that are not at hand.

use std::cell::Cell;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jsonschema::error::ValidationErrorKind;
use jsonschema::{Draft, Keyword, PatternOptions, Retrieve, Uri, ValidationError, Validator};
use serde_json::{Map, Value as Json};

use super::source::{File, Unanswered, split_reference};
use super::{Schema, SchemaError, format, pattern};

/// Stands in a schema where a `$ref` to a file that is not at hand stood; its value is that reference.
pub(super) const UNANSWERED: &str = "x-valvecfg-unanswered";
/// What a pattern that ran out of steps or time says instead of its text.
pub(super) const GAVE_UP: &str = "gave up";

/// A compiled schema.
#[derive(Debug)]
pub(super) struct Engine {
    validator: Validator,
    /// Whether a pattern runs on the backtracking engine, so that checks need a deadline.
    backtracks: bool,
}

impl Engine {
    /// # Errors
    /// The rules of its draft that the schema breaks, in all its files.
    pub(super) fn compile(schema: &Schema, formats: bool) -> Result<Self, Vec<SchemaError>> {
        // The validator checks the rules of the first file by itself, and of no other.
        let (first, others) = schema.files().split_at(1);
        let broken: Vec<SchemaError> = others.iter().flat_map(|file| broken_rules(file)).collect();
        if !broken.is_empty() {
            return Err(broken);
        }
        draft_of(&first[0]).map_err(|error| vec![error])?;
        let (patterns, format_names) = patterns_and_formats(schema);
        match build(schema, formats, &format_names, false) {
            Ok(validator) => Ok(Self {
                validator,
                backtracks: false,
            }),
            Err(error) => {
                let mut errors = broken_rules(&first[0]);
                errors.extend(patterns.iter().filter_map(|found| found.broken(schema)));
                if !errors.is_empty() {
                    return Err(errors);
                }
                let backtracks = patterns.iter().any(|found| pattern::needs_backtracking(&found.text));
                let second = if backtracks {
                    build(schema, formats, &format_names, true)
                } else {
                    Err(error)
                };
                let validator = second.map_err(|error| vec![rule_broken(&first[0], &error)])?;
                Ok(Self { validator, backtracks })
            }
        }
    }

    /// Runs `check` with the time that patterns may take in all.
    pub(super) fn within<T>(&self, budget: Duration, check: impl FnOnce(&Validator) -> T) -> T {
        if self.backtracks {
            DEADLINE.set(Instant::now().checked_add(budget));
        }
        let answer = check(&self.validator);
        DEADLINE.set(None);
        answer
    }
}

/// The draft that a file is written in: 2020-12 where it does not say.
pub(super) fn draft_of(file: &File) -> Result<Draft, SchemaError> {
    let Some(dialect) = file.json.get("$schema").and_then(Json::as_str) else {
        return Ok(Draft::Draft202012);
    };
    let plain = dialect.trim_end_matches('#');
    let plain = plain.strip_prefix("https").or_else(|| plain.strip_prefix("http"));
    match plain.and_then(|plain| plain.strip_prefix("://json-schema.org/")) {
        Some("draft-04/schema") => Ok(Draft::Draft4),
        Some("draft-06/schema") => Ok(Draft::Draft6),
        Some("draft-07/schema") => Ok(Draft::Draft7),
        Some("draft/2019-09/schema") => Ok(Draft::Draft201909),
        Some("draft/2020-12/schema") => Ok(Draft::Draft202012),
        _ => Err(SchemaError::Dialect {
            name: file.name.clone(),
            dialect: dialect.to_owned(),
        }),
    }
}

thread_local! {
    /// When the patterns of the check that runs on this thread have used up their time.
    static DEADLINE: Cell<Option<Instant>> = const { Cell::new(None) };
}

fn build(
    schema: &Schema,
    formats: bool,
    format_names: &[String],
    backtracks: bool,
) -> Result<Validator, ValidationError<'static>> {
    let root = &schema.files()[0];
    let draft = draft_of(root).unwrap_or_default();
    let shelf = Shelf {
        files: schema.files().to_vec(),
        open: schema.unanswered(),
    };
    let whole = shelf.prepared(0);
    let mut options = jsonschema::options()
        .with_draft(draft)
        .with_retriever(shelf)
        .should_validate_formats(formats)
        .with_keyword(UNANSWERED, |_, reference, _| Ok(Box::new(StandIn(text_of(reference)))));
    if root.id().is_none() {
        // With the validator's own scheme, `json-schema`, its errors would not tell in which file a rule stands.
        options = options.with_base_uri(format!("schema:///{}", base_name(&root.name)));
    }
    if formats {
        options = format::register(options, draft, format_names);
    }
    if backtracks {
        options = options
            .with_pattern_options(PatternOptions::fancy_regex().backtrack_limit(pattern::BACKTRACK_LIMIT))
            .with_keyword("pattern", |_, expression, _| {
                let expression = text_of(expression);
                let compiled = pattern::compile(&expression)
                    .ok_or_else(|| ValidationError::schema(format!("`{expression}` is no regular expression")))?;
                Ok(Box::new(BoundedPattern { expression, compiled }))
            });
    } else {
        options = options.with_pattern_options(PatternOptions::regex());
    }
    options.build(&whole)
}

/// A file's name as it can stand in an address.
fn base_name(name: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
    let name = super::source::file_name(name).bytes();
    name.map(|byte| {
        if plain(byte) {
            char::from(byte).to_string()
        } else {
            format!("%{byte:02X}")
        }
    })
    .collect()
}

fn text_of(json: &Json) -> String {
    json.as_str().unwrap_or_default().to_owned()
}

/// Every rule of its draft that a file breaks.
pub(super) fn broken_rules(file: &File) -> Vec<SchemaError> {
    if let Err(error) = draft_of(file) {
        return vec![error];
    }
    let Err(first) = jsonschema::meta::options().validate(&file.json) else {
        return Vec::new();
    };
    let validator = jsonschema::meta::validator_for(&file.json);
    validator.map_or_else(
        |_| vec![rule_broken(file, &first)],
        |validator| {
            let errors = validator.iter_errors(&file.json);
            errors.map(|error| rule_broken(file, &error)).collect()
        },
    )
}

fn rule_broken(file: &File, error: &ValidationError<'_>) -> SchemaError {
    let are_alternatives = matches!(
        error.kind(),
        ValidationErrorKind::AnyOf { .. } | ValidationErrorKind::OneOfNotValid { .. }
    );
    let reason = if are_alternatives {
        // Of the alternatives that the rules are written in, the author knows nothing.
        let allowed = if error.instance_path().as_str().ends_with("/type") {
            ": a type is array, boolean, integer, null, number, object or string, or a list of these"
        } else {
            ""
        };
        format!("{} may not stand here{allowed}", error.instance())
    } else {
        // The stand-in is ours, not the author's.
        error.to_string().replace(UNANSWERED, "$ref")
    };
    SchemaError::Rule {
        name: file.name.clone(),
        pointer: format!("#{}", error.instance_path()),
        reason,
    }
}

struct FoundPattern {
    file: usize,
    pointer: String,
    text: String,
}

impl FoundPattern {
    fn broken(&self, schema: &Schema) -> Option<SchemaError> {
        pattern::compile(&self.text).is_none().then(|| SchemaError::Pattern {
            name: schema.files()[self.file].name.clone(),
            pointer: self.pointer.clone(),
            pattern: self.text.clone(),
        })
    }
}

fn patterns_and_formats(schema: &Schema) -> (Vec<FoundPattern>, Vec<String>) {
    let mut patterns = Vec::new();
    let mut formats = Vec::new();
    for file in 0..schema.files().len() {
        schema.start_of(file).visit(&mut |place| {
            let named = place.schema.get("patternProperties").and_then(Json::as_object);
            let single = place.schema.get("pattern").and_then(Json::as_str);
            let texts = named.into_iter().flat_map(|named| named.keys().map(String::as_str));
            for (keyword, text) in texts
                .map(|text| ("patternProperties", text))
                .chain(single.map(|text| ("pattern", text)))
            {
                patterns.push(FoundPattern {
                    file,
                    pointer: format!("{}/{keyword}", place.pointer),
                    text: text.to_owned(),
                });
            }
            if let Some(format) = place.schema.get("format").and_then(Json::as_str)
                && !formats.iter().any(|known| known == format)
            {
                formats.push(format.to_owned());
            }
        });
    }
    (patterns, formats)
}

/// The files at hand. It has no way to the network.
struct Shelf {
    files: Vec<Arc<File>>,
    open: Vec<Unanswered>,
}

impl Shelf {
    /// A file's JSON as the engine gets it: with the stand-in for every reference that has no answer, and
    /// `$schema` in its official spelling.
    fn prepared(&self, index: usize) -> Json {
        let file = &self.files[index];
        let mut json = Json::clone(&file.json);
        for open in self.open.iter().filter(|open| open.file == index) {
            if let Some(place) = json.pointer_mut(open.pointer.trim_start_matches('#')) {
                let stand_in = (UNANSWERED.to_owned(), Json::from(open.reference.as_str()));
                *place = Json::Object(Map::from_iter([stand_in]));
            }
        }
        if let (Json::Object(keywords), Ok(draft)) = (&mut json, draft_of(file))
            && keywords.contains_key("$schema")
        {
            let official = match draft {
                Draft::Draft4 => "http://json-schema.org/draft-04/schema#",
                Draft::Draft6 => "http://json-schema.org/draft-06/schema#",
                Draft::Draft7 => "http://json-schema.org/draft-07/schema#",
                Draft::Draft201909 => "https://json-schema.org/draft/2019-09/schema",
                Draft::Draft202012 | _ => "https://json-schema.org/draft/2020-12/schema",
            };
            keywords.insert("$schema".to_owned(), Json::from(official));
        }
        json
    }
}

impl Retrieve for Shelf {
    fn retrieve(&self, uri: &Uri<String>) -> Result<Json, Box<dyn std::error::Error + Send + Sync>> {
        let (address, _) = split_reference(uri.as_str());
        let found = self.files.iter().position(|file| file.answers(address, None));
        found
            .map(|index| self.prepared(index))
            .ok_or_else(|| format!("the schema `{address}` is in no schema folder").into())
    }
}

/// Refuses every value: nobody can tell whether a schema that is not at hand would accept it.
struct StandIn(String);

impl<'i> Keyword<'i> for StandIn {
    fn validate(&self, _: &'i Json) -> Result<(), ValidationError<'i>> {
        Err(ValidationError::custom(self.0.clone()))
    }

    fn is_valid(&self, _: &'i Json) -> bool {
        false
    }
}

/// `pattern`, within the time that all patterns of a check have together.
struct BoundedPattern {
    expression: String,
    compiled: Validator,
}

impl<'i> Keyword<'i> for BoundedPattern {
    fn validate(&self, instance: &'i Json) -> Result<(), ValidationError<'i>> {
        if !instance.is_string() {
            return Ok(());
        }
        if DEADLINE.get().is_some_and(|deadline| Instant::now() >= deadline) {
            return Err(ValidationError::custom(GAVE_UP));
        }
        self.compiled.validate(instance).map_err(|error| {
            let told = matches!(error.kind(), ValidationErrorKind::Pattern { .. });
            ValidationError::custom(if told { self.expression.as_str() } else { GAVE_UP })
        })
    }

    fn is_valid(&self, instance: &'i Json) -> bool {
        self.validate(instance).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;

    use super::Engine;
    use crate::schema::Schema;

    #[test]
    fn patterns_with_look_around_stop_at_the_deadline_and_others_have_none() {
        let valid = |pattern: &str, budget: Duration| {
            let schema = Schema::parse("s.json", &json!({ "pattern": pattern }).to_string()).unwrap();
            let engine = Engine::compile(&schema, true).unwrap();
            engine.within(budget, |validator| validator.is_valid(&json!("user")))
        };
        assert!(valid("^(?!root)[a-z]+$", Duration::from_hours(1)));
        assert!(!valid("^(?!root)[a-z]+$", Duration::ZERO));
        assert!(valid("^[a-z]+$", Duration::ZERO));
    }
}
