//! Tells a plugin that its settings have changed, in the way that the manifest names, and hears what it answers. It
//! does not know what the settings are, and remembers nothing.

use std::ffi::OsString;
use std::fmt;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::entry::{Health, Notify};
use super::program::{Ended, Output, Program, ProgramError};
use super::{process, sentence, systemd};
use crate::revision::RevisionId;

/// A program is told of so many bytes of keys; the system takes 128 KiB in one variable.
const MOST_KEYS: usize = 64 << 10;
/// More of a line than a person reads, in characters.
const LONGEST: usize = 500;

/// What a plugin is told.
#[derive(Clone, Copy, Debug)]
pub struct Telling<'a> {
    /// The plugin.
    pub plugin: &'a str,
    /// The revision that it should run.
    pub revision: RevisionId,
    /// The keys that have changed, without the plugin's name.
    pub keys: &'a [String],
    /// What the most demanding of them needs.
    pub need: Need,
    /// The store's folder.
    pub store: &'a Path,
}

/// What a changed setting needs to take effect, from the least to the most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Need {
    /// Nothing: the plugin reads it each time.
    Hot,
    /// The plugin reads its settings again.
    Reload,
    /// The plugin starts anew.
    Restart,
}

/// What came of telling a plugin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    /// It was told; whether it runs the revision, it says elsewhere or never.
    Sent,
    /// It said that it runs the revision.
    Applied,
    /// It said that it does not take the revision.
    Refused {
        /// In its own words.
        reason: String,
    },
    /// There is nobody to be told. It reads its settings when it starts.
    NotRunning {
        /// How that was seen.
        why: String,
    },
    /// It may run, and was not told.
    Unreachable {
        /// What was in the way.
        why: String,
    },
}

impl Notify {
    /// Tells the plugin. It takes as long as the manifest lets it.
    #[must_use]
    pub fn tell(&self, telling: &Telling<'_>) -> Told {
        match self {
            Self::Signal { signal, target } => match process::send(signal, target) {
                Ok(()) => Told::Sent,
                Err(error) if error.is_stopped() => Told::NotRunning { why: sentence(&error) },
                Err(error) => Told::Unreachable { why: sentence(&error) },
            },
            Self::Systemd { unit, action, timeout } => systemd::tell(unit, *action, *timeout, telling.need),
            Self::Command { arguments, timeout } => match telling.run(arguments, timeout.duration()) {
                Ok(ended) if ended.status.success() => Told::Applied,
                Ok(ended) => Told::Refused {
                    reason: failure(arguments, &ended),
                },
                Err(error) => Told::Unreachable { why: sentence(&error) },
            },
        }
    }
}

impl Health {
    /// Asks whether the plugin is well, and if not, why.
    pub fn check(&self, telling: &Telling<'_>) -> Result<(), String> {
        match telling.run(&self.command, self.timeout.duration()) {
            Ok(ended) if ended.status.success() => Ok(()),
            Ok(ended) => Err(failure(&self.command, &ended)),
            Err(error) => Err(sentence(&error)),
        }
    }
}

impl fmt::Display for Need {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Hot => "hot",
            Self::Reload => "reload",
            Self::Restart => "restart",
        })
    }
}

impl Telling<'_> {
    fn run(&self, arguments: &[String], time: std::time::Duration) -> Result<Ended, ProgramError> {
        let program = Program {
            arguments,
            folder: self.store,
            time,
            variables: &self.variables(),
            input: b"",
            output: Output::Words,
        };
        program.run()
    }

    fn variables(&self) -> [(&'static str, OsString); 5] {
        let mut keys = String::new();
        for key in self.keys {
            if keys.len() + key.len() > MOST_KEYS {
                // Who looks for a key in vain must see that these are not all.
                keys.push_str(" …");
                break;
            }
            if !keys.is_empty() {
                keys.push(' ');
            }
            keys.push_str(key);
        }
        [
            ("VALVECFG_PLUGIN", self.plugin.into()),
            ("VALVECFG_REVISION", self.revision.to_string().into()),
            ("VALVECFG_KEYS", keys.into()),
            ("VALVECFG_STORE", self.store.into()),
            ("VALVECFG_APPLY", self.need.to_string().into()),
        ]
    }
}

fn failure(arguments: &[String], ended: &Ended) -> String {
    last_line(&ended.output).unwrap_or_else(|| {
        let program = arguments.first().map_or("", String::as_str);
        format!("`{program}` failed: {}", ended.status)
    })
}

/// The last line that says something, without what moves or colours it.
pub(super) fn last_line(output: &[u8]) -> Option<String> {
    let output = String::from_utf8_lossy(output);
    let lines = output.lines().rev().map(|line| {
        let plain = anstream::adapter::strip_str(line).to_string();
        let seen: String = plain.chars().filter(|character| !character.is_control()).collect();
        seen.trim().to_owned()
    });
    let line = lines.into_iter().find(|line| !line.is_empty())?;
    Some(match line.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{Need, Telling, Told, last_line};
    use crate::duration::Span;
    use crate::plugin::{Health, Notify, Target};
    use crate::revision::RevisionId;

    fn telling(keys: &[String]) -> Telling<'_> {
        Telling {
            plugin: "valve",
            revision: RevisionId::from([0x3f; 20]),
            keys,
            need: Need::Restart,
            store: Path::new("/"),
        }
    }

    fn command(script: &str, seconds: u32) -> Notify {
        Notify::Command {
            arguments: ["sh", "-c", script].map(str::to_owned).to_vec(),
            timeout: Span::of_seconds(seconds),
        }
    }

    fn refused(reason: &str) -> Told {
        let reason = reason.to_owned();
        Told::Refused { reason }
    }

    #[test]
    fn a_command_answers_by_its_exit_status_and_its_last_line() {
        let tell = |script| command(script, 60).tell(&telling(&[]));
        assert_eq!(tell("echo well"), Told::Applied);
        assert_eq!(tell("exit 3"), refused("`sh` failed: exit status: 3"));
        assert_eq!(tell("kill -9 $$"), refused("`sh` failed: signal: 9 (SIGKILL)"));
        assert_eq!(
            tell("echo one; echo '  two is too much ' >&2; echo; exit 1"),
            refused("two is too much")
        );
        let why = "`sh` took longer than 1 s and was stopped".to_owned();
        assert_eq!(command("sleep 300", 1).tell(&telling(&[])), Told::Unreachable { why });
        let missing = Notify::Command {
            arguments: vec!["no-such-program".to_owned()],
            timeout: Span::of_seconds(1),
        };
        let why = "`no-such-program` cannot be started: No such file or directory (os error 2)".to_owned();
        assert_eq!(missing.tell(&telling(&[])), Told::Unreachable { why });
    }

    #[test]
    fn a_command_is_told_what_has_changed() {
        let script =
            "echo $VALVECFG_PLUGIN $VALVECFG_REVISION \"$VALVECFG_KEYS\" $VALVECFG_STORE $VALVECFG_APPLY; exit 1";
        let keys = ["threshold".to_owned(), "zones[0].flow".to_owned()];
        let revision = "3f".repeat(20);
        let expected = format!("valve {revision} threshold zones[0].flow / restart");
        assert_eq!(command(script, 60).tell(&telling(&keys)), refused(&expected));
        let many = vec!["threshold".repeat(100); 1000];
        let cut = command("echo \"${VALVECFG_KEYS##* }\"; exit 1", 60);
        assert_eq!(cut.tell(&telling(&many)), refused("…"));
    }

    #[test]
    fn health_is_the_exit_status_of_its_command() {
        let health = |script: &str| Health {
            command: ["sh", "-c", script].map(str::to_owned).to_vec(),
            timeout: Span::of_seconds(60),
        };
        assert_eq!(health("true").check(&telling(&[])), Ok(()));
        assert_eq!(
            health("echo no water; exit 1").check(&telling(&[])),
            Err("no water".to_owned())
        );
    }

    #[test]
    fn a_signal_tells_what_came_of_it() {
        let signal = |path: &str| Notify::Signal {
            signal: "SIGHUP".to_owned(),
            target: Target::PidFile {
                path: path.into(),
                executable: None,
            },
        };
        let why = "there is no /no-such-folder/valve.pid".to_owned();
        assert_eq!(
            signal("/no-such-folder/valve.pid").tell(&telling(&[])),
            Told::NotRunning { why }
        );
        let why = "/proc/self/stat holds no number of a process".to_owned();
        assert_eq!(signal("/proc/self/stat").tell(&telling(&[])), Told::Unreachable { why });
    }

    #[test]
    fn a_reason_is_one_line_that_can_be_printed() {
        let said = |output: &[u8]| last_line(output);
        assert_eq!(said(b""), None);
        assert_eq!(said(b"\n \r\n\x1b[0m\n"), None);
        assert_eq!(
            said(b"a\n\x1b[31merror:\x1b[0m \x07no\xff\r\n").as_deref(),
            Some("error: no\u{fffd}")
        );
        let long = "ü".repeat(600);
        assert_eq!(said(long.as_bytes()), Some(format!("{}…", "ü".repeat(500))));
    }
}
