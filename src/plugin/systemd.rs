//! A reload or a restart of a systemd unit, through `systemctl`. It does not know what has changed.
//!
//! Over D-Bus the same would take a client of its own; `systemctl` is there wherever systemd is, and asks whoever
//! decides (polkit) in the same way as when a person types it.

use std::path::Path;

use super::entry::Action;
use super::program::{Ended, Output, Program, ProgramError};
use super::sentence;
use super::tell::{Need, Told, last_line};
use crate::duration::Span;

/// Reloads or restarts a unit that runs. One that does not is not started.
pub(super) fn tell(unit: &str, action: Action, timeout: Span, need: Need) -> Told {
    // It would be an option, or mean many units at once.
    if unit.starts_with('-') || unit.contains(['*', '?', '[']) {
        let why = format!("`{unit}` is not the name of a unit");
        return Told::Unreachable { why };
    }
    let is_restart = match action {
        Action::Reload => false,
        Action::Restart => true,
        Action::AsNeeded => need == Need::Restart,
    };
    let verb = if is_restart { "try-restart" } else { "reload" };
    let ended = match systemctl(&["--no-ask-password", verb, unit], timeout) {
        Ok(ended) => ended,
        Err(error @ ProgramError::Start { .. }) => {
            let why = format!("systemd does not run here: {}", sentence(&error));
            return Told::Unreachable { why };
        }
        Err(error) => {
            let why = sentence(&error);
            return Told::Unreachable { why };
        }
    };
    let said = String::from_utf8_lossy(&ended.output).into_owned();
    // Its words where another program, or none, is the first process.
    if !ended.status.success() && said.contains("not been booted with systemd") {
        let why = "systemd does not run here".to_owned();
        return Told::Unreachable { why };
    }
    let state = State::of(unit, timeout);
    if state.load == "not-found" {
        let why = format!("there is no unit {unit}");
        return Told::Unreachable { why };
    }
    let is_active = match state.active.as_str() {
        "inactive" => false,
        // What a restart has come to is the plugin's answer, and so is what a reload has done to one that ran.
        "failed" => !ended.status.success() && !said.contains("not active"),
        _ => true,
    };
    if !is_active {
        let why = format!("{unit} is not active");
        return Told::NotRunning { why };
    }
    if ended.status.success() {
        return if state.acknowledges(is_restart) {
            Told::Applied
        } else {
            Told::Sent
        };
    }
    // The line that says where to read more says nothing by itself.
    let lines: Vec<&str> = said.lines().filter(|line| !line.starts_with("See ")).collect();
    let reason = last_line(lines.join("\n").as_bytes());
    let reason = reason.unwrap_or_else(|| format!("`systemctl {verb} {unit}` failed: {}", ended.status));
    // So begins what systemd says of itself: it may not be asked that, or cannot do it.
    if reason.starts_with("Failed to ") {
        return Told::Unreachable { why: reason };
    }
    Told::Refused { reason }
}

/// What systemd says of a unit.
#[derive(Default)]
struct State {
    load: String,
    active: String,
    kind: String,
}

impl State {
    /// As far as systemd says.
    fn of(unit: &str, timeout: Span) -> Self {
        let mut state = Self::default();
        let shown = systemctl(&["show", "--property=LoadState,ActiveState,Type", unit], timeout);
        let output = shown.map(|ended| ended.output).unwrap_or_default();
        for line in String::from_utf8_lossy(&output).lines() {
            match line.split_once('=') {
                Some(("LoadState", value)) => value.clone_into(&mut state.load),
                Some(("ActiveState", value)) => value.clone_into(&mut state.active),
                Some(("Type", value)) => value.clone_into(&mut state.kind),
                Some(_) | None => {}
            }
        }
        state
    }

    /// Whether systemd has waited for the plugin's own word that it is ready.
    fn acknowledges(&self, is_restart: bool) -> bool {
        self.kind == "notify-reload" || (is_restart && self.kind == "notify")
    }
}

fn systemctl(arguments: &[&str], timeout: Span) -> Result<Ended, ProgramError> {
    let arguments = ["systemctl"].iter().chain(arguments);
    let arguments: Vec<String> = arguments.map(|argument| (*argument).to_owned()).collect();
    let program = Program {
        arguments: &arguments,
        folder: Path::new("/"),
        time: timeout.duration(),
        // Its words are looked into.
        variables: &[("LC_ALL", "C".into())],
        input: b"",
        output: Output::Words,
    };
    program.run()
}
