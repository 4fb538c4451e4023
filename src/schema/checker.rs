//! Checks documents against one compiled schema. It may be shared between threads; a document without
//! violations costs its JSON and one pass of the validator.

use std::sync::Arc;
use std::time::Duration;

use jsonschema::ValidationError;
use serde_json::Value as Json;

use super::cause::{Cause, Fault, causes};
use super::engine::{Engine, broken_rules};
use super::format::Formats;
use super::graph::Graph;
use super::wording::Wording;
use super::{Library, Schema, SchemaError, Severity, Violation};
use crate::document::{Document, KeyPath, Value};

/// Evaluations of a schema on a value that are assumed to fit in a microsecond: 28 levels of a doubled `allOf`,
/// 2^28 evaluations, took 4.8 s, which is 56; a third of that is left for gateways and for collecting errors.
const EVALUATIONS_PER_MICROSECOND: u64 = 20;

/// How documents are checked.
#[derive(Clone, Copy, Debug)]
pub struct CheckOptions {
    /// What a broken `format` is.
    pub formats: Formats,
    /// How long one check may take, by an estimate made before it starts; patterns that need
    /// backtracking, which cannot be estimated, are stopped by the clock. Beyond it the document is refused.
    pub budget: Duration,
}

impl Default for CheckOptions {
    fn default() -> Self {
        Self {
            formats: Formats::Error,
            budget: Duration::from_secs(2),
        }
    }
}

/// How a secret value stands in a document.
#[derive(Clone, Debug, PartialEq)]
pub enum Held {
    /// As it is to be checked.
    Open,
    /// Sealed; this is what it seals, and that is checked.
    Opened(Value),
    /// Sealed, and nobody here can open it. It is not checked.
    Sealed,
    /// In plain text, where it must be sealed.
    Exposed,
}

/// Says of each secret value of a document, by its path, how it stands there.
pub type Custody<'c> = dyn Fn(&KeyPath, &Value) -> Held + 'c;

/// One compiled schema.
#[derive(Debug)]
pub struct Checker {
    schema: Schema,
    graph: Arc<Graph>,
    engine: Arc<Engine>,
    /// Without formats, where breaking one is only a warning.
    lenient: Option<Arc<Engine>>,
    unanswered: Vec<SchemaError>,
    budget: Duration,
}

impl Checker {
    /// Compiles a schema; `library` answers its references to other files.
    ///
    /// A reference that has no answer is no error here, see [`Checker::unanswered`].
    ///
    /// # Errors
    /// Everything that is wrong with the schema itself; never empty.
    pub fn compile(schema: &Schema, library: &Library, options: CheckOptions) -> Result<Self, Vec<SchemaError>> {
        let schema = schema.clone().with_references(library).map_err(|error| vec![error])?;
        let mut unanswered = Vec::new();
        for open in schema.unanswered() {
            let error = SchemaError::ReferenceMissing {
                name: schema.files()[open.file].name.clone(),
                pointer: open.pointer,
                reference: open.reference,
            };
            // Under a negation the stand-in that refuses everything would accept everything.
            let negates = |step: &str| step == "not" || step == "if";
            if matches!(&error, SchemaError::ReferenceMissing { pointer, .. } if pointer.split('/').any(negates)) {
                return Err(vec![error]);
            }
            unanswered.push(error);
        }
        let graph = Graph::of(&schema).map_err(|errors| {
            // References of a schema that breaks the rules lead astray only because it does.
            let broken = broken_rules(&schema.files()[0]);
            if broken.is_empty() { errors } else { broken }
        })?;
        let engine = Engine::compile(&schema, options.formats != Formats::Ignore)?;
        let lenient = match options.formats {
            Formats::Warn => Some(Engine::compile(&schema, false)?),
            Formats::Error | Formats::Ignore => None,
        };
        Ok(Self {
            schema,
            graph: Arc::new(graph),
            engine: Arc::new(engine),
            lenient: lenient.map(Arc::new),
            unanswered,
            budget: options.budget,
        })
    }

    /// This checker for another schema that says the same, such as that of another plugin of one kind; nothing where
    /// that one has to be compiled by itself.
    #[must_use]
    pub fn of_the_same(&self, schema: &Schema) -> Option<Self> {
        self.schema.is_twin_of(schema).then(|| Self {
            schema: schema.clone(),
            graph: Arc::clone(&self.graph),
            engine: Arc::clone(&self.engine),
            lenient: self.lenient.clone(),
            unanswered: Vec::new(),
            budget: self.budget,
        })
    }

    /// The schema, with those that it refers to.
    #[must_use]
    pub fn schema(&self) -> &Schema {
        &self.schema
    }

    /// The references to schemas that are in no folder. A document that comes to one is refused there, with
    /// its name; who checks schemas themselves reports them all.
    #[must_use]
    pub fn unanswered(&self) -> &[SchemaError] {
        &self.unanswered
    }

    /// Every violation, in the order of the text; none if the document satisfies the schema. Its secrets are
    /// checked as they stand there.
    #[must_use]
    pub fn check(&self, document: &Document) -> Vec<Violation> {
        self.check_held(document, &|_, _| Held::Open)
    }

    /// As [`Checker::check`], for a document whose secrets are sealed. A secret that nobody can open is not checked,
    /// and one in plain text is a violation of its own. No message holds any part of a secret.
    #[must_use]
    pub fn check_held(&self, document: &Document, custody: &Custody<'_>) -> Vec<Violation> {
        let mut json = document.to_json();
        let secrets = self.schema.secret_values_in(document, &json);
        let (mut exposed, mut unchecked) = (Vec::new(), Vec::new());
        for (path, value) in secrets {
            match custody(&path, &value) {
                Held::Open => {}
                Held::Opened(value) => {
                    if let Some(place) = at_path(&mut json, &path) {
                        *place = value.to_json();
                    }
                }
                Held::Sealed => unchecked.push(path),
                Held::Exposed => exposed.push(path),
            }
        }
        if self.graph.is_beyond(self.limit(), &json, document.text().len()) {
            return self.worded(document, &[given_up()], Severity::Error);
        }
        // Only a document with one of these letters can hold a number that JSON has not.
        let text = document.text();
        let infinite = if text.contains("inf") || text.contains("nan") {
            not_finite(document)
        } else {
            Vec::new()
        };
        let valid = |json: &Json| self.engine.within(self.budget, |validator| validator.is_valid(json));
        if infinite.is_empty() && exposed.is_empty() && valid(&json) {
            return Vec::new();
        }
        let judge = |engine: &Engine| {
            let mut found = self.causes(engine, &json, &infinite);
            found.retain(|cause| {
                let mut apart = unchecked.iter().chain(&exposed);
                !apart.any(|path| cause.path.starts_with(path))
            });
            found.extend(exposed.iter().map(|path| self.exposed(path)));
            found
        };
        let found = judge(&self.engine);
        let Some(lenient) = &self.lenient else {
            return self.worded(document, &found, Severity::Error);
        };
        let errors = judge(lenient);
        let warnings: Vec<Cause> = found.into_iter().filter(|cause| !errors.contains(cause)).collect();
        let mut violations = self.worded(document, &errors, Severity::Error);
        violations.extend(self.worded(document, &warnings, Severity::Warning));
        violations.sort_by_key(order);
        violations
    }

    fn exposed(&self, path: &KeyPath) -> Cause {
        let declared = self.schema.annotation(path).map(|annotation| annotation.pointer);
        Cause {
            path: path.clone(),
            fault: Fault::Exposed,
            rule: declared.unwrap_or_else(|| "#".to_owned()),
        }
    }

    fn causes(&self, engine: &Engine, json: &Json, infinite: &[KeyPath]) -> Vec<Cause> {
        let read = |json: &Json| {
            engine.within(self.budget, |validator| {
                let errors: Vec<ValidationError<'_>> = validator.iter_errors(json).collect();
                causes(&self.schema, json, &errors)
            })
        };
        let mut found = read(json);
        if infinite.is_empty() {
            return found;
        }
        // `inf` is text in JSON. What is refused as text or as nothing is no place for it; what takes both
        // takes anything.
        let mut blank = json.clone();
        for path in infinite {
            if let Some(value) = at_path(&mut blank, path) {
                *value = Json::Null;
            }
        }
        let (mut refused, others): (Vec<Cause>, Vec<Cause>) =
            found.into_iter().partition(|cause| infinite.contains(&cause.path));
        refused.extend(read(&blank).into_iter().filter(|cause| infinite.contains(&cause.path)));
        found = others;
        for path in infinite {
            if let Some(cause) = refused.iter().find(|cause| &cause.path == path) {
                let wants_text = matches!(&cause.fault, Fault::Type(kinds)
                    if !kinds.iter().any(|kind| matches!(kind, super::Kind::Number | super::Kind::Integer)));
                let fault = if wants_text {
                    cause.fault.clone()
                } else {
                    Fault::NotFinite
                };
                found.push(Cause { fault, ..cause.clone() });
            }
        }
        found
    }

    fn worded(&self, document: &Document, causes: &[Cause], severity: Severity) -> Vec<Violation> {
        let wording = Wording::new(&self.schema, document);
        let mut violations: Vec<Violation> = causes.iter().map(|cause| wording.violation(cause, severity)).collect();
        violations.sort_by_key(order);
        violations
    }

    fn limit(&self) -> u64 {
        let microseconds = u64::try_from(self.budget.as_micros()).unwrap_or(u64::MAX);
        microseconds.saturating_mul(EVALUATIONS_PER_MICROSECOND)
    }
}

fn order(violation: &Violation) -> (usize, usize, super::Code, String) {
    let span = &violation.span;
    (span.start, span.end, violation.code, violation.message.clone())
}

fn given_up() -> Cause {
    Cause {
        path: KeyPath::root(),
        fault: Fault::GaveUp,
        rule: "#".to_owned(),
    }
}

/// The numbers in a document that are infinite or none.
fn not_finite(document: &Document) -> Vec<KeyPath> {
    fn walk(value: &Value, path: &KeyPath, found: &mut Vec<KeyPath>) {
        match value {
            Value::Float(number) if !number.is_finite() => found.push(path.clone()),
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    walk(item, &path.index(index), found);
                }
            }
            Value::Table(entries) => {
                for (key, entry) in entries {
                    walk(entry, &path.key(key.as_str()), found);
                }
            }
            Value::String(_) | Value::Integer(_) | Value::Float(_) | Value::Boolean(_) | Value::Datetime(_) => {}
        }
    }
    let mut found = Vec::new();
    if let Some(root) = document.get(&KeyPath::root()) {
        walk(&root, &KeyPath::root(), &mut found);
    }
    found
}

fn at_path<'j>(json: &'j mut Json, path: &KeyPath) -> Option<&'j mut Json> {
    use crate::document::Segment;
    path.segments().iter().try_fold(json, |json, segment| match segment {
        Segment::Key(key) => json.get_mut(key.as_str()),
        Segment::Index(index) => json.get_mut(*index),
    })
}
