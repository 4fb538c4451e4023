//! `valvecfg edit`

use std::env;
use std::io::Write as _;
use std::path::Path;
use std::process::Command;

use clap::Args;

use crate::cli::diagnostic;
use crate::cli::options::{ChangeOptions, Options};
use crate::cli::printer::Reply;
use crate::cli::prompt;
use crate::cli::report::Failure;
use crate::store::{Editable, Store};

/// Edit a plugin's settings in an editor
///
/// Examples:
///   valvecfg edit valve
///   EDITOR=nano valvecfg edit valve -m "summer"
///
/// `$VISUAL`, else `$EDITOR`, else vi. What comes back is checked; where it breaks
/// the schema you can go on editing or drop it. The whole edit is one revision.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct EditArgs {
    /// The plugin; not needed where there is only one
    #[arg(add = clap_complete::ArgValueCompleter::new(crate::cli::complete::plugins))]
    plugin: Option<String>,
    #[command(flatten)]
    change: ChangeOptions,
}

/// Runs the verb.
pub(crate) fn run(args: &EditArgs, options: &Options) -> Result<Reply, Failure> {
    let store = options.open_store()?;
    let plugin = match &args.plugin {
        Some(plugin) => plugin.clone(),
        None => only_plugin(&store)?,
    };
    let before = store.editable(&plugin)?;
    let editor = editor(options)?;
    let file = tempfile::Builder::new()
        .prefix(&format!("{plugin}-"))
        .suffix(".toml")
        .tempfile()
        .and_then(|mut file| file.write_all(&before.bytes).map(|()| file))
        .map_err(|error| Failure::outside("cannot make a file for the editor", error))?;
    loop {
        let edited = run_editor(&editor, file.path());
        let after = crate::files::read(file.path(), options.limits().file_size)?;
        if let Err(failure) = edited {
            return Err(if after == before.bytes {
                failure
            } else {
                keep(file, failure)
            });
        }
        if after == before.bytes {
            return Ok(super::outcome::nothing("nothing was changed"));
        }
        let checked = store.check_text(&plugin, after.clone())?;
        if !checked.is_refused() {
            return match store.edit(&before, &after, &options.intent(&args.change)) {
                Ok(outcome) => Ok(super::outcome::reply(outcome)),
                Err(error) => Err(keep(file, error.into())),
            };
        }
        let mut shown = Vec::new();
        for violation in &checked.violations {
            let style = options.style();
            diagnostic::write_violation(&mut shown, &checked, violation, None, style).map_err(Failure::printing)?;
        }
        if !options.interactive || options.yes() {
            let failure = Failure::from(crate::store::StoreError::Invalid { files: vec![checked] });
            return Err(keep(file, failure));
        }
        std::io::stderr().lock().write_all(&shown).map_err(Failure::printing)?;
        if !prompt::confirm("go on editing? (no drops your changes)", true, "a valid text", options)? {
            return Ok(super::outcome::nothing(dropped(&before)));
        }
    }
}

fn dropped(before: &Editable) -> String {
    format!("{} is as it was", before.path)
}

/// Keeps what a person has typed where it could not be recorded.
fn keep(file: tempfile::NamedTempFile, mut failure: Failure) -> Failure {
    match file.keep() {
        Ok((_, path)) => failure.hints.push(format!("your text is in {}", path.display())),
        Err(error) => failure.hints.push(format!("your text could not be kept: {error}")),
    }
    failure
}

fn only_plugin(store: &Store) -> Result<String, Failure> {
    let plugins = store.plugin_list()?;
    match plugins.as_slice() {
        [only] => Ok(only.name.clone()),
        plugins => {
            let names: Vec<&str> = plugins.iter().map(|plugin| plugin.name.as_str()).collect();
            Err(Failure::usage(
                "which plugin?",
                format!("valvecfg edit PLUGIN; there are: {}", names.join(", ")),
            ))
        }
    }
}

/// The command of the editor; it may have arguments of its own, as git allows.
fn editor(options: &Options) -> Result<String, Failure> {
    let variable = |name| env::var(name).ok().filter(|value: &String| !value.trim().is_empty());
    match variable("VISUAL").or_else(|| variable("EDITOR")) {
        Some(command) => Ok(command),
        None if options.interactive => Ok("vi".to_owned()),
        None => Err(Failure::needs_answer(
            "what is the new text?",
            "an editor that needs none in $EDITOR, or use `valvecfg apply`",
        )),
    }
}

fn run_editor(command: &str, path: &Path) -> Result<(), Failure> {
    let shell = format!("{command} \"$@\"");
    let status = Command::new("sh").arg("-c").arg(&shell).arg(command).arg(path).status();
    let status = status.map_err(|error| Failure::outside(format!("cannot run the editor `{command}`"), error))?;
    if status.success() {
        return Ok(());
    }
    let how = anyhow::Error::msg(format!("it ended with {status}"));
    Err(Failure::outside(format!("the editor `{command}` failed"), how))
}
