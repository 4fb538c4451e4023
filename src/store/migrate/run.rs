//! A migration's program: it gets the settings as JSON on its standard input and answers JSON. It is run on its own
//! machine's word only, and never to look ahead.

use std::path::Path;
use std::time::Duration;

use serde_json::Value as Json;

use crate::plugin::program::{Output, Program};
use crate::plugin::sentence;

/// Runs a program in `folder` for at most so many seconds. Secrets are sealed in what it gets.
pub(super) fn run(command: &[String], seconds: u64, settings: &Json, folder: &Path) -> Result<Json, String> {
    let input = settings.to_string();
    let program = Program {
        arguments: command,
        folder,
        time: Duration::from_secs(seconds),
        variables: &[],
        input: input.as_bytes(),
        output: Output::Answer,
    };
    let ended = program.run().map_err(|error| sentence(&error))?;
    let name = command.first().map_or("", String::as_str);
    if !ended.status.success() {
        return Err(format!("`{name}` failed: {}", ended.status));
    }
    let answer = std::str::from_utf8(&ended.output);
    let answer = answer.map_err(|error| format!("the answer of `{name}` is no text: {error}"))?;
    serde_json::from_str(answer).map_err(|error| format!("the answer of `{name}` is no JSON: {error}"))
}
