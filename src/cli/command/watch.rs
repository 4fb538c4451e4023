//! `valvecfg watch`

use std::io::{self, IsTerminal as _, Write};
use std::ops::ControlFlow;

use clap::{Args, ValueEnum};
use serde_json::{Value as Json, json};

use super::delivery;
use crate::cli::diagnostic::printable::escaped;
use crate::cli::diagnostic::{self, OutputFormat, Style};
use crate::cli::options::Options;
use crate::cli::printer::{self, Reply};
use crate::cli::report::Failure;
use crate::store::manifest::plugin_of;
use crate::store::{CheckedFile, OnInvalid, WatchEvent, WatchReport};

/// Follow the store: record what is edited by hand, and tell the plugins
///
/// Examples:
///   valvecfg watch
///   valvecfg watch --json | jq -c .event
///   valvecfg watch --on-invalid restore
///
/// It runs until it is ended by SIGTERM or Ctrl-C, as a service or on a terminal. A
/// settings file that is saved and valid becomes a revision "edited by hand" in the
/// name of its owner, and its plugin is told. One that is not valid is shown once,
/// and the plugin keeps its last good settings. What a crash left undelivered is
/// made up for, a plugin that cannot be reached is tried again, and a change that
/// nobody confirms in time is taken back. SIGHUP makes it read everything anew.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct WatchArgs {
    /// What is done with a settings file that is not valid
    #[arg(long, value_name = "WHAT", default_value = "report")]
    on_invalid: OnInvalidChoice,
}

/// What is done with a settings file that is not valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum OnInvalidChoice {
    /// Show what is wrong with it, and leave it
    Report,
    /// Set it aside as NAME.toml.rejected, and put back what is recorded
    Restore,
}

/// Runs the verb.
pub(crate) fn run(args: &WatchArgs, options: &Options) -> Result<Reply, Failure> {
    if options.is_dry_run() {
        return Err(Failure::usage(
            "`watch` records what is edited by hand; it has no dry run",
            "`valvecfg status` shows what was edited by hand",
        ));
    }
    let on_invalid = match args.on_invalid {
        OnInvalidChoice::Report => OnInvalid::Report,
        OnInvalidChoice::Restore => OnInvalid::Restore,
    };
    let style = options.style_on(io::stdout().is_terminal());
    let mut failed = None;
    let watched = options.open_store()?.watch(on_invalid, &mut |report| {
        match print(&report, options.json(), style) {
            Ok(()) => ControlFlow::Continue(()),
            // Whoever read us has seen enough.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => ControlFlow::Break(()),
            Err(error) => {
                failed = Some(Failure::printing(error));
                ControlFlow::Break(())
            }
        }
    });
    match failed {
        Some(failure) => Err(failure),
        None => Ok(watched.map(|()| Reply::nothing())?),
    }
}

fn print(report: &WatchReport, as_json: bool, style: Style) -> io::Result<()> {
    let mut text = Vec::new();
    if as_json {
        writeln!(text, "{}", json(report)?)?;
    } else {
        show(&mut text, report, style)?;
    }
    printer::print(&text)
}

fn json(report: &WatchReport) -> io::Result<Json> {
    let (event, mut said) = match &report.event {
        WatchEvent::Started { folder, plugins } => ("started", json!({ "folder": folder, "plugins": plugins })),
        WatchEvent::Recorded {
            revision,
            changes,
            files,
        } => {
            let (id, author) = (&revision.id, &revision.author);
            let said = json!({ "revision": id, "author": author, "changes": changes, "files": files });
            ("recorded", said)
        }
        WatchEvent::Delivered { delivery } => ("delivered", json!(delivery)),
        WatchEvent::Answered { answered, uid } => {
            let mut said = json!(answered);
            said["uid"] = json!(uid);
            ("answered", said)
        }
        WatchEvent::Confirmed { revision } => ("confirmed", json!({ "revision": revision })),
        WatchEvent::TakenBack { revision, by, reason } => {
            let said = json!({ "revision": revision, "by": by, "reason": reason });
            ("taken-back", said)
        }
        WatchEvent::Invalid { file } => {
            let said = json!({ "path": file.path, "violations": violations(file)? });
            ("invalid", said)
        }
        WatchEvent::Valid { path } => ("valid", json!({ "path": path })),
        WatchEvent::Restored { file, rejected } => {
            let said = json!({ "path": file.path, "rejected": rejected, "violations": violations(file)? });
            ("restored", said)
        }
        WatchEvent::Waiting { reason } => ("waiting", json!({ "reason": reason })),
        WatchEvent::Resumed => ("resumed", json!({})),
        WatchEvent::Warning { message } => ("warning", json!({ "message": message })),
        WatchEvent::Stopped => ("stopped", json!({})),
    };
    let mut object = json!({ "event": event, "time": report.time });
    if let (Json::Object(object), Json::Object(said)) = (&mut object, &mut said) {
        object.append(said);
    }
    Ok(object)
}

fn violations(file: &CheckedFile) -> io::Result<Json> {
    let mut text = Vec::new();
    let files = std::slice::from_ref(file);
    diagnostic::write(&mut text, files, OutputFormat::Json, Style::default())?;
    Ok(serde_json::from_slice(&text)?)
}

/// A line that begins with the time, and where a file is not valid, what is wrong with it.
fn show(out: &mut dyn Write, report: &WatchReport, style: Style) -> io::Result<()> {
    write!(out, "{}  ", report.time)?;
    match &report.event {
        WatchEvent::Started { folder, plugins } => {
            let plugins = match plugins {
                1 => "1 plugin".to_owned(),
                plugins => format!("{plugins} plugins"),
            };
            writeln!(out, "watching {plugins} in {}", escaped(&folder.display().to_string()))
        }
        WatchEvent::Recorded {
            revision,
            changes,
            files,
        } => {
            let (id, author) = (revision.id.short(), escaped(&revision.author.name));
            writeln!(out, "recorded as {id}, edited by hand by {author}")?;
            for change in changes {
                write!(out, "  ")?;
                super::diff::show_change(out, change, style)?;
            }
            let files = files.iter().map(|file| escaped(file));
            files.into_iter().try_for_each(|file| writeln!(out, "  {file}"))
        }
        WatchEvent::Delivered { delivery } => {
            let lines = delivery::told(delivery, false);
            writeln!(out, "{}", lines.join("\n  "))
        }
        WatchEvent::Answered { answered, uid } => {
            let (plugin, revision) = (escaped(&answered.plugin), answered.revision.short());
            let word = answered.refused.as_ref().map_or_else(
                || format!("runs {revision}"),
                |reason| format!("refused {revision}: {}", escaped(reason)),
            );
            writeln!(out, "{plugin} says that it {word} (user {uid})")
        }
        WatchEvent::Confirmed { revision } => {
            writeln!(
                out,
                "{} is confirmed: its plugins run it and are well",
                revision.short()
            )
        }
        WatchEvent::TakenBack { revision, by, reason } => {
            let by = by.map_or_else(String::new, |by| format!(", as {}", by.short()));
            let revision = revision.short();
            match reason {
                None => writeln!(out, "{revision} was not confirmed in time and was taken back{by}"),
                Some(reason) => writeln!(out, "{revision} was taken back{by}: {}", escaped(reason)),
            }
        }
        WatchEvent::Invalid { file } => {
            let kept = plugin_of(&file.path)
                .map_or_else(String::new, |plugin| format!("; {plugin} keeps its last good settings"));
            writeln!(out, "{} is not valid{kept}", escaped(&file.path))?;
            show_violations(out, file, style)
        }
        WatchEvent::Valid { path } => writeln!(out, "{} is valid again", escaped(path)),
        WatchEvent::Restored { file, rejected } => {
            let aside = rejected.as_ref().map_or_else(String::new, |rejected| {
                format!("; what stood there is in {}", escaped(rejected))
            });
            writeln!(out, "{} was not valid and was put back{aside}", escaped(&file.path))?;
            show_violations(out, file, style)
        }
        WatchEvent::Waiting { reason } => writeln!(out, "waiting: {}", escaped(reason)),
        WatchEvent::Resumed => writeln!(out, "all is well again"),
        WatchEvent::Warning { message } => writeln!(out, "warning: {}", escaped(message)),
        WatchEvent::Stopped => writeln!(out, "stopped"),
    }
}

fn show_violations(out: &mut dyn Write, file: &CheckedFile, style: Style) -> io::Result<()> {
    let mut violations = file.violations.iter();
    violations.try_for_each(|violation| diagnostic::write_violation(out, file, violation, None, style))
}
