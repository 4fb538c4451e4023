//! Regular expressions as JSON Schema writes them (ECMA-262), on the engine that checks them.

use jsonschema::{Draft, PatternOptions, Validator};
use serde_json::{Value as Json, json};

/// How many steps the backtracking engine may take for one text; a tenth of its own limit.
pub(super) const BACKTRACK_LIMIT: usize = 100_000;

/// Whether a text matches; a pattern that cannot be compiled, or whose match is given up, matches nothing.
pub(super) fn matches(pattern: &str, text: &str) -> bool {
    compile(pattern).is_some_and(|validator| validator.is_valid(&Json::from(text)))
}

/// A validator of one pattern: on the linear engine, or with look-around on the backtracking one.
pub(super) fn compile(pattern: &str) -> Option<Validator> {
    linear(pattern).or_else(|| backtracking(pattern))
}

/// Whether only the backtracking engine can run the pattern.
pub(super) fn needs_backtracking(pattern: &str) -> bool {
    linear(pattern).is_none() && backtracking(pattern).is_some()
}

fn linear(pattern: &str) -> Option<Validator> {
    let options = jsonschema::options().with_pattern_options(PatternOptions::regex());
    options
        .with_draft(Draft::Draft202012)
        .offline()
        .build(&json!({ "pattern": pattern }))
        .ok()
}

fn backtracking(pattern: &str) -> Option<Validator> {
    let options =
        jsonschema::options().with_pattern_options(PatternOptions::fancy_regex().backtrack_limit(BACKTRACK_LIMIT));
    options
        .with_draft(Draft::Draft202012)
        .offline()
        .build(&json!({ "pattern": pattern }))
        .ok()
}
