//! A migration's program: it gets the settings as JSON on its standard input and answers JSON. It is run on its own
//! machine's word only, and never to look ahead.

use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value as Json;

/// How often its end is looked for.
const TICK: Duration = Duration::from_millis(5);
/// The most that it may answer, in bytes.
const MOST: u64 = 64 << 20;

/// Runs a program in `folder` for at most so many seconds. Secrets are sealed in what it gets.
pub(super) fn run(command: &[String], seconds: u64, settings: &Json, folder: &Path) -> Result<Json, String> {
    let Some((program, arguments)) = command.split_first() else {
        return Err("no program is named".to_owned());
    };
    let mut process = Command::new(program);
    process.args(arguments).current_dir(folder);
    process
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit());
    let mut child = process
        .spawn()
        .map_err(|error| format!("`{program}` cannot be started: {error}"))?;
    let (input, output) = (child.stdin.take(), child.stdout.take());
    let text = settings.to_string();
    // One that does not read its input, or prints before it does, must not stop us both.
    let writer = thread::spawn(move || input.map_or(Ok(()), |mut input| input.write_all(text.as_bytes())));
    let reader = thread::spawn(move || {
        let mut answer = String::new();
        let read = output.map_or(Ok(0), |output| output.take(MOST).read_to_string(&mut answer));
        read.map(|_| answer)
    });
    let begun = Instant::now();
    let status = loop {
        match child
            .try_wait()
            .map_err(|error| format!("`{program}` cannot be waited for: {error}"))?
        {
            Some(status) => break status,
            None if begun.elapsed() >= Duration::from_secs(seconds) => {
                child
                    .kill()
                    .map_err(|error| format!("`{program}` cannot be stopped: {error}"))?;
                child
                    .wait()
                    .map_err(|error| format!("`{program}` cannot be waited for: {error}"))?;
                return Err(format!("`{program}` took longer than {seconds} s and was stopped"));
            }
            None => thread::sleep(TICK),
        }
    };
    // It may have known without reading what it was given.
    drop(writer.join());
    let answer = reader
        .join()
        .map_err(|_| format!("the answer of `{program}` was lost"))?;
    if !status.success() {
        return Err(format!("`{program}` failed: {status}"));
    }
    let answer = answer.map_err(|error| format!("the answer of `{program}` is no text: {error}"))?;
    serde_json::from_str(&answer).map_err(|error| format!("the answer of `{program}` is no JSON: {error}"))
}
