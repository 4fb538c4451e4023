//! `valvecfg status`

use std::io::{self, IsTerminal as _, Write};

use clap::Args;
use serde_json::{Value as Json, json};

use super::confirm;
use crate::cli::diagnostic::printable::escaped;
use crate::cli::diagnostic::{self, Style};
use crate::cli::exit::Exit;
use crate::cli::options::Options;
use crate::cli::printer::{self, Answer, Reply};
use crate::cli::report::Failure;
use crate::document::KeyPath;
use crate::schema::Code;
use crate::store::manifest::{MANIFEST, settings_path};
use crate::store::{FileState, Pending, PluginStatus, Status};

/// Show hand edits, files that are not valid, the last revision, and what runs
///
/// Examples:
///   valvecfg status
///   valvecfg status --exit-code      1 where anything needs a look
///   valvecfg status --json
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct StatusArgs {
    /// End with 1 where something was edited by hand or is not valid
    #[arg(long)]
    exit_code: bool,
    /// Keep it on the screen, shown again whenever it changes; with --json, a line each time
    #[arg(long, conflicts_with = "exit_code")]
    watch: bool,
}

/// Runs the verb.
pub(crate) fn run(args: &StatusArgs, options: &Options) -> Result<Reply, Failure> {
    if args.watch {
        return watch(options);
    }
    let status = options.open_store()?.status()?;
    let exit = if args.exit_code && !status.is_clean() {
        Exit::No
    } else {
        Exit::Done
    };
    Ok(Reply::of(status).exit(exit))
}

/// Keeps the status on the screen, or prints it anew below.
fn watch(options: &Options) -> Result<Reply, Failure> {
    /// Clears the screen and begins at its top.
    const CLEAR: &[u8] = b"\x1b[H\x1b[2J\x1b[3J";
    let is_screen = io::stdout().is_terminal() && !options.json();
    let style = options.style_of_answers();
    let mut failed = None;
    options.open_store()?.follow(&mut |status| {
        let mut text = Vec::new();
        let shown = if options.json() {
            writeln!(text, "{}", json!(status))
        } else {
            text.extend_from_slice(if is_screen { CLEAR } else { b"" });
            status.show(&mut text, style)
        };
        let printed = shown.and_then(|()| printer::print(&text));
        failed = printed.err();
        failed.is_none()
    })?;
    match failed {
        // Whoever read us has seen enough.
        Some(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Failure::printing(error)),
        Some(_) | None => Ok(Reply::nothing()),
    }
}

impl Answer for Status {
    fn json(&self) -> Vec<Json> {
        vec![json!(self)]
    }

    fn show(&self, out: &mut dyn Write, style: Style) -> io::Result<()> {
        writeln!(out, "store     {}", escaped(&self.folder.display().to_string()))?;
        if let Some(revision) = &self.revision {
            let (id, author) = (revision.id.short(), escaped(&revision.author.name));
            let subject = escaped(revision.message.lines().next().unwrap_or_default());
            writeln!(out, "revision  {id}  {}  {author}\n          {subject}", revision.time)?;
        } else {
            writeln!(out, "revision  none")?;
        }
        if let Some(pending) = &self.confirmation {
            show_pending(out, pending)?;
        }
        let width = self
            .plugins
            .iter()
            .map(|plugin| plugin.name.len())
            .max()
            .unwrap_or(0)
            .max(8);
        for plugin in &self.plugins {
            let (state, color) = match plugin.state {
                FileState::Recorded => ("as recorded", ""),
                FileState::Edited => ("edited by hand", "\u{1b}[33m"),
                FileState::New => ("not recorded yet", "\u{1b}[33m"),
                FileState::Missing if !plugin.is_recorded => ("has no file", "\u{1b}[31m"),
                FileState::Missing => ("its file is gone", "\u{1b}[31m"),
                FileState::Unknown => ("not compared", "\u{1b}[33m"),
            };
            let (violated, plain) = if style.color {
                ("\u{1b}[31m", "\u{1b}[0m")
            } else {
                ("", "")
            };
            let state = if style.color && !color.is_empty() {
                format!("{color}{state}{plain}")
            } else {
                state.to_owned()
            };
            let valid = match plugin.violations {
                0 => String::new(),
                1 => format!(", {violated}1 violation{plain}"),
                count => format!(", {violated}{count} violations{plain}"),
            };
            let running = match &plugin.delivery {
                None => String::new(),
                Some(delivery) if style.color && delivery.state.is_trouble() => {
                    format!("; {violated}{}{plain}", super::delivery::standing(delivery))
                }
                Some(delivery) => format!("; {}", super::delivery::standing(delivery)),
            };
            writeln!(out, "{:<width$}  {state}{valid}{running}", plugin.name)?;
            // That all of them are gone is said already.
            for change in plugin.changes.iter().filter(|_| plugin.state != FileState::Missing) {
                write!(out, "{:width$}  ", "")?;
                super::diff::show_change(out, change, style)?;
            }
        }
        for file in &self.files {
            let state = match file.state {
                FileState::Recorded => "as recorded",
                FileState::Edited => "edited by hand",
                FileState::New => "not recorded yet",
                FileState::Missing => "gone from the folder",
                FileState::Unknown => "not compared",
            };
            writeln!(out, "{}  {state}", escaped(&file.path))?;
        }
        for stranger in &self.strangers {
            writeln!(out, "{}  belongs to no plugin", escaped(stranger))?;
        }
        for plugin in &self.plugins {
            for violation in &plugin.checked.violations {
                diagnostic::write_violation(out, &plugin.checked, violation, None, style)?;
            }
        }
        if let Some(trouble) = &self.trouble {
            let (red, plain) = if style.color {
                ("\u{1b}[1;31m", "\u{1b}[0m")
            } else {
                ("", "")
            };
            writeln!(out, "{red}error{plain}: {}", escaped(&trouble.message))?;
            let mend = escaped(&trouble.mend);
            match &trouble.alternative {
                None => writeln!(out, "help: nothing is recorded until that is mended: `{mend}`")?,
                Some(alternative) => {
                    writeln!(
                        out,
                        "help: nothing is recorded until that is mended; go back to what valvecfg recorded last: `{mend}`"
                    )?;
                    writeln!(out, "help: or take the branch as it is: `{}`", escaped(alternative))?;
                }
            }
        }
        self.advice().iter().try_for_each(|line| writeln!(out, "{line}"))
    }
}

fn show_pending(out: &mut dyn Write, pending: &Pending) -> io::Result<()> {
    let (id, author) = (pending.revision.short(), escaped(&pending.author));
    if !pending.changed_since.is_empty() {
        let names: Vec<_> = pending.changed_since.iter().map(|name| escaped(name)).collect();
        return writeln!(
            out,
            "waiting   {id} by {author}, not confirmed in time, and changed again since: {}\n          \
             `valvecfg confirm` keeps what there is, `valvecfg rollback` goes back to what was before it",
            names.join(", ")
        );
    }
    if pending.seconds_left == 0 {
        return writeln!(
            out,
            "waiting   {id} by {author}, not confirmed in time, and to be taken back"
        );
    }
    let (left, carried) = (confirm::left(pending), confirm::carried(pending));
    write!(out, "waiting   {id} by {author}, taken back in {left} unless ")?;
    match &pending.bake {
        None => writeln!(out, "`valvecfg confirm` comes")?,
        Some(bake) => {
            writeln!(out, "{}, or `valvecfg confirm` comes", escaped(&confirm::proof(bake)))?;
            match bake.since {
                Some(since) => writeln!(out, "          well since {since}")?,
                None => writeln!(out, "          not proved yet")?,
            }
        }
    }
    writeln!(out, "          {carried}")
}

/// The secret to be set anew where nothing else is wrong with a plugin's settings.
fn unopened(plugin: &PluginStatus) -> Option<KeyPath> {
    match plugin.checked.violations.as_slice() {
        [only] if only.code == Code::SecretUnopened && plugin.checked.is_refused() => {
            Some(KeyPath::root().key(plugin.name.as_str()).concat(&only.key))
        }
        _ => None,
    }
}

impl Status {
    /// What to type next.
    fn advice(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for plugin in &self.plugins {
            let name = &plugin.name;
            if plugin.state == FileState::Missing && !plugin.is_recorded {
                let path = settings_path(name);
                lines.push(format!("write {path}, or take [plugins.{name}] out of {MANIFEST}"));
            } else if plugin.state == FileState::Missing && self.revision.is_some() {
                let path = settings_path(name);
                lines.push(format!(
                    "`git checkout -- {path}` brings the file back; `valvecfg plugin remove {name}` takes the plugin away"
                ));
            } else if plugin.state == FileState::Unknown && self.trouble.is_none() {
                lines.push("`valvecfg doctor` names what mends it".to_owned());
            } else if let Some(key) = plugin.checked.exposed() {
                lines.push(format!(
                    "`valvecfg secret set {key} --from-file` seals it where it stands"
                ));
            } else if let Some(key) = unopened(plugin) {
                lines.push(format!(
                    "`valvecfg secret set {key}` sets it anew; `git checkout -- {}` takes back what is recorded",
                    settings_path(name)
                ));
            } else if plugin.checked.is_refused() {
                lines.push(format!("`valvecfg edit {name}` mends the file"));
            }
        }
        lines.dedup();
        let edited = |state| matches!(state, FileState::Edited | FileState::New);
        let by_hand = self.plugins.iter().any(|plugin| edited(plugin.state)) || !self.files.is_empty();
        if by_hand && lines.is_empty() && self.trouble.is_none() {
            lines.push("`valvecfg commit` records what was edited by hand; `valvecfg diff` shows it".to_owned());
        }
        lines
    }
}
