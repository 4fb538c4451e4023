//! What the manifest says of one running plugin: how it is told, what is written for it, how its health is asked.

use std::fmt;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::process;
use crate::duration::Span;

/// How long a program may take where the manifest does not say.
const TIMEOUT: Span = Span::of_seconds(10);

/// One way in which a plugin is told.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "NotifyEntry", into = "NotifyEntry")]
#[schemars(with = "NotifyEntry")]
pub enum Notify {
    /// A signal to its process.
    Signal {
        /// The signal's name, such as `SIGHUP`.
        signal: String,
        /// To whom.
        target: Target,
    },
    /// A reload or a restart of its systemd unit.
    Systemd {
        /// The unit, such as `valve.service`.
        unit: String,
        /// What of the two.
        action: Action,
        /// How long it may take.
        timeout: Span,
    },
    /// A program.
    Command {
        /// The program and its arguments; no shell reads them.
        arguments: Vec<String>,
        /// How long it may take.
        timeout: Span,
    },
}

/// How the process of a plugin is found.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Target {
    /// By a file that holds its number.
    PidFile {
        /// The file.
        path: PathBuf,
        /// The program that the process must run.
        executable: Option<PathBuf>,
    },
    /// By the program that it runs.
    Executable(PathBuf),
}

/// What is done to a systemd unit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// It reads its settings again.
    #[default]
    Reload,
    /// It starts anew.
    Restart,
    /// It starts anew where a changed setting needs that (`x-apply`), else it reads its settings again.
    AsNeeded,
}

/// A program whose exit status tells whether a plugin is well.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[schemars(title = "health")]
pub struct Health {
    /// The program and its arguments; no shell reads them. It exits with 0 where the plugin is well.
    #[schemars(length(min = 1))]
    pub command: Vec<String>,
    /// How long it may take: `10s`, `1m`.
    #[serde(default = "timeout")]
    pub timeout: Span,
}

/// A file that is written for a plugin before it is told: its settings, checked, with the defaults filled in and the
/// secrets open.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[schemars(title = "render")]
pub struct RenderTarget {
    /// The file: absolute, or from the store's folder.
    pub path: PathBuf,
    /// How it is written; where that is not said, as its name ends.
    #[serde(default)]
    pub format: Option<TargetFormat>,
    /// Its permissions in octal digits, such as `0400`. Only its owner may read it where that is not said.
    #[serde(default)]
    #[schemars(regex(pattern = "^0?[0-7]{3}$"))]
    pub mode: Option<String>,
    /// To whom it belongs, as `USER` or `USER:GROUP`, by name or number.
    #[serde(default)]
    pub owner: Option<String>,
}

/// How a file for a plugin is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum TargetFormat {
    /// A TOML document.
    Toml,
    /// A JSON object.
    Json,
    /// Lines NAME=VALUE.
    Env,
}

/// Why an entry of `notify` says nothing that can be done.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum EntryError {
    /// None of the ways is named, or more than one.
    #[error("an entry of `notify` has one of `signal`, `systemd` and `command`, and this one has {found}")]
    Ways {
        /// How many.
        found: usize,
    },
    /// No signal by that name, or one that no program can handle.
    #[error("`{name}` is no signal that a plugin could be told by, such as SIGHUP")]
    NoSignal {
        /// What stands for its name.
        name: String,
    },
    /// A signal to nobody, or to two.
    #[error("`signal` needs either `pid-file` or `process`, to say to whom")]
    NoTarget,
    /// A key that another way has.
    #[error("`{key}` has no meaning beside `{way}`")]
    Meaningless {
        /// The key.
        key: &'static str,
        /// The way that this entry names.
        way: &'static str,
    },
    /// No program.
    #[error("`command` names no program")]
    NoProgram,
}

/// The same as the manifest writes it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[schemars(title = "notify", rename = "Notify")]
struct NotifyEntry {
    /// A signal to the plugin's process, such as `SIGHUP`; `pid-file` or `process` says to which.
    #[serde(skip_serializing_if = "Option::is_none")]
    signal: Option<String>,
    /// The file that holds the number of the plugin's process: absolute, or from the store's folder.
    #[serde(skip_serializing_if = "Option::is_none")]
    pid_file: Option<PathBuf>,
    /// The program, by its absolute path, whose process is meant; beside `pid-file`, what that process must run.
    #[serde(skip_serializing_if = "Option::is_none")]
    process: Option<PathBuf>,
    /// The plugin's systemd unit, such as `valve.service`.
    #[serde(skip_serializing_if = "Option::is_none")]
    systemd: Option<String>,
    /// What is done to the unit; a reload where that is not said.
    #[serde(skip_serializing_if = "Option::is_none")]
    action: Option<Action>,
    /// A program and its arguments; no shell reads them. It exits with 0 where the plugin runs the new settings.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1))]
    command: Option<Vec<String>>,
    /// How long the program or the unit may take: `10s`, `1m`; 10 seconds where that is not said.
    #[serde(skip_serializing_if = "Option::is_none")]
    timeout: Option<Span>,
}

fn timeout() -> Span {
    TIMEOUT
}

impl TryFrom<NotifyEntry> for Notify {
    type Error = EntryError;

    fn try_from(entry: NotifyEntry) -> Result<Self, EntryError> {
        let NotifyEntry {
            signal,
            pid_file,
            process,
            systemd,
            action,
            command,
            timeout,
        } = entry;
        let found = [signal.is_some(), systemd.is_some(), command.is_some()];
        let found = found.into_iter().filter(|named| *named).count();
        let no_process = |way| match (&pid_file, &process) {
            (Some(_), _) => Err(EntryError::Meaningless { key: "pid-file", way }),
            (None, Some(_)) => Err(EntryError::Meaningless { key: "process", way }),
            (None, None) => Ok(()),
        };
        let no_action = |way| match action {
            Some(_) => Err(EntryError::Meaningless { key: "action", way }),
            None => Ok(()),
        };
        match (signal, systemd, command) {
            (Some(signal), None, None) => {
                no_action("signal")?;
                if timeout.is_some() {
                    let (key, way) = ("timeout", "signal");
                    return Err(EntryError::Meaningless { key, way });
                }
                if process::named(&signal).is_none() {
                    return Err(EntryError::NoSignal { name: signal });
                }
                let target = match (pid_file, process) {
                    (Some(path), executable) => Target::PidFile { path, executable },
                    (None, Some(executable)) => Target::Executable(executable),
                    (None, None) => return Err(EntryError::NoTarget),
                };
                Ok(Self::Signal { signal, target })
            }
            (None, Some(unit), None) => {
                no_process("systemd")?;
                Ok(Self::Systemd {
                    unit,
                    action: action.unwrap_or_default(),
                    timeout: timeout.unwrap_or(TIMEOUT),
                })
            }
            (None, None, Some(arguments)) => {
                no_process("command")?;
                no_action("command")?;
                if arguments.first().is_none_or(String::is_empty) {
                    return Err(EntryError::NoProgram);
                }
                Ok(Self::Command {
                    arguments,
                    timeout: timeout.unwrap_or(TIMEOUT),
                })
            }
            _ => Err(EntryError::Ways { found }),
        }
    }
}

impl From<Notify> for NotifyEntry {
    fn from(notify: Notify) -> Self {
        let entry = Self::default();
        match notify {
            Notify::Signal { signal, target } => {
                let (pid_file, process) = match target {
                    Target::PidFile { path, executable } => (Some(path), executable),
                    Target::Executable(executable) => (None, Some(executable)),
                };
                Self {
                    signal: Some(signal),
                    pid_file,
                    process,
                    ..entry
                }
            }
            Notify::Systemd { unit, action, timeout } => Self {
                systemd: Some(unit),
                action: Some(action),
                timeout: Some(timeout),
                ..entry
            },
            Notify::Command { arguments, timeout } => Self {
                command: Some(arguments),
                timeout: Some(timeout),
                ..entry
            },
        }
    }
}

/// As it is told: `SIGHUP to the process in /run/valve.pid`.
impl fmt::Display for Notify {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Signal { signal, target } => match target {
                Target::PidFile { path, .. } => write!(formatter, "{signal} to the process in {}", path.display()),
                Target::Executable(executable) => write!(formatter, "{signal} to {}", executable.display()),
            },
            Self::Systemd { unit, action, .. } => match action {
                Action::Reload => write!(formatter, "a reload of {unit}"),
                Action::Restart => write!(formatter, "a restart of {unit}"),
                Action::AsNeeded => write!(formatter, "a reload or restart of {unit}"),
            },
            Self::Command { arguments, .. } => write!(formatter, "`{}`", arguments.join(" ")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Notify;

    fn read(text: &str) -> Result<Notify, String> {
        toml::from_str(text).map_err(|error: toml::de::Error| error.message().to_owned())
    }

    #[test]
    fn an_entry_reads_back_as_it_is_written() {
        for text in [
            "signal = \"SIGHUP\"\npid-file = \"/run/valve.pid\"\n",
            "signal = \"SIGUSR1\"\npid-file = \"/run/valve.pid\"\nprocess = \"/usr/bin/valved\"\n",
            "signal = \"SIGHUP\"\nprocess = \"/usr/bin/valved\"\n",
            "systemd = \"valve.service\"\naction = \"as-needed\"\ntimeout = \"1m\"\n",
            "command = [\"valve-ctl\", \"reload\"]\ntimeout = \"3s\"\n",
        ] {
            let json = serde_json::to_value(read(text).unwrap()).unwrap();
            let again: toml::Table = toml::from_str(text).unwrap();
            assert_eq!(json, serde_json::to_value(again).unwrap());
        }
    }

    #[test]
    fn an_entry_that_can_mean_nothing_says_why() {
        let cases = [
            (
                "timeout = \"1s\"",
                "one of `signal`, `systemd` and `command`, and this one has 0",
            ),
            ("systemd = \"a\"\ncommand = [\"b\"]", "this one has 2"),
            (
                "signal = \"HUP\"\nprocess = \"/a\"",
                "`HUP` is no signal that a plugin could be told by, such as SIGHUP",
            ),
            ("signal = \"SIGKILL\"\nprocess = \"/a\"", "`SIGKILL` is no signal that"),
            ("signal = \"SIGHUP\"", "`signal` needs either `pid-file` or `process`"),
            (
                "systemd = \"a\"\npid-file = \"b\"",
                "`pid-file` has no meaning beside `systemd`",
            ),
            (
                "command = [\"a\"]\naction = \"reload\"",
                "`action` has no meaning beside `command`",
            ),
            ("command = []", "`command` names no program"),
            ("command = [\"a\"]\ntimeout = \"10\"", "`10` is no length of time"),
        ];
        for (text, expected) in cases {
            let error = read(text).unwrap_err();
            assert!(error.contains(expected), "{text}: {error}");
        }
    }
}
