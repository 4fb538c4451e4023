//! `valvecfg edit`

mod ending;
mod memory;

use std::env;
use std::io::Write as _;
use std::path::Path;
use std::process::Command;

use clap::Args;
use zeroize::Zeroizing;

use ending::Ending;
use memory::MemoryFolder;

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
///   valvecfg edit valve --reveal
///
/// `$VISUAL`, else `$EDITOR`, else vi. What comes back is checked; where it breaks
/// the schema you can go on editing or drop it. The whole edit is one revision.
///
/// A placeholder stands for each sealed secret: leave it alone and the secret stays
/// as it is; what you put in its place is sealed. With --reveal the secrets are
/// open, in a private folder in memory (`$XDG_RUNTIME_DIR`, else /dev/shm) that is
/// gone afterwards, and those you change are sealed anew. Where your editor keeps
/// backups and histories elsewhere is its own matter.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct EditArgs {
    /// The plugin; not needed where there is only one
    #[arg(add = clap_complete::ArgValueCompleter::new(crate::cli::complete::plugins))]
    plugin: Option<String>,
    /// Open the secrets for the editor
    #[arg(long)]
    reveal: bool,
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
    // Before there is a file that a signal could leave behind.
    let ending = Ending::watch().map_err(|error| Failure::outside("cannot watch for signals", error))?;
    let memory = args.reveal.then(MemoryFolder::make).transpose()?;
    let before = if args.reveal {
        let keyring = store.keyring(&|file| prompt::passphrase(file, options))?;
        store.editable_revealed(&plugin, keyring.as_ref())?
    } else {
        store.editable(&plugin)?
    };
    let editor = editor(options)?;
    let folder = memory
        .as_ref()
        .map_or_else(env::temp_dir, |memory| memory.path().to_owned());
    let file = new_file(&plugin, &folder)
        .and_then(|mut file| file.write_all(before.shown()).map(|()| file))
        .map_err(|error| Failure::outside("cannot make a file for the editor", error))?;
    let session = Session {
        store: &store,
        before: &before,
        memory: memory.as_ref(),
        ending: &ending,
    };
    loop {
        let edited = session.run_editor(&editor, file.path());
        let typed = Zeroizing::new(crate::files::read(file.path(), options.limits().file_size)?);
        if let Err(failure) = edited {
            return Err(if typed.as_slice() == before.shown() {
                failure
            } else {
                session.keep(file, &typed, failure)
            });
        }
        if typed.as_slice() == before.shown() {
            return Ok(super::outcome::nothing("nothing was changed"));
        }
        let after = match store.restored(&before, &typed) {
            Ok(after) => Zeroizing::new(after),
            Err(error) => return Err(session.keep(file, &typed, error.into())),
        };
        let checked = store.check_edit(&before, &after)?;
        if !checked.is_refused() {
            return match store.edit(&before, &after, &options.intent(&args.change)) {
                Ok(outcome) => Ok(super::outcome::reply(outcome)),
                Err(error) => Err(session.keep(file, &typed, error.into())),
            };
        }
        let mut shown = Vec::new();
        for violation in &checked.violations {
            let style = options.style();
            diagnostic::write_violation(&mut shown, &checked, violation, None, style).map_err(Failure::printing)?;
        }
        if !options.interactive || options.yes() {
            let mut failure = Failure::from(crate::store::StoreError::Invalid { files: vec![checked] });
            failure.hints.push(format!(
                "`valvecfg edit {plugin}` on a terminal lets you go on where something is wrong"
            ));
            return Err(session.keep(file, &typed, failure));
        }
        std::io::stderr().lock().write_all(&shown).map_err(Failure::printing)?;
        let ask = || prompt::confirm("go on editing? (no drops your changes)", true, "a valid text", options);
        // Where secrets are open, nothing may stay behind.
        let goes_on = if memory.is_some() {
            ask()
        } else {
            ending.while_asking(ask)
        };
        if !goes_on? {
            return Ok(super::outcome::nothing(dropped(&before)));
        }
    }
}

/// One edit, from the first look to the last save.
struct Session<'s> {
    store: &'s Store,
    before: &'s Editable,
    memory: Option<&'s MemoryFolder>,
    ending: &'s Ending,
}

fn dropped(before: &Editable) -> String {
    format!("{} is as it was", before.path)
}

impl Session<'_> {
    /// Keeps what a person has typed where it could not be recorded: without secrets, and not at all where they were
    /// open.
    fn keep(&self, mut file: tempfile::NamedTempFile, typed: &[u8], mut failure: Failure) -> Failure {
        if self.memory.is_some() {
            failure
                .hints
                .push("your text was not kept: secrets are open in it".to_owned());
            return failure;
        }
        let kept = self.store.without_typed_secrets(self.before, typed);
        let kept = kept.map_err(|error| error.to_string()).and_then(|text| {
            let mut masked = "";
            if text != typed {
                // The editor may have put another file in the place of the one that is open here.
                let mut other = new_file(&self.before.plugin, &env::temp_dir()).map_err(|error| error.to_string())?;
                other.write_all(&text).map_err(|error| error.to_string())?;
                std::mem::replace(&mut file, other)
                    .close()
                    .map_err(|error| error.to_string())?;
                masked = ", without the secrets";
            }
            let (_, path) = file.keep().map_err(|error| error.to_string())?;
            Ok(format!("your text is in {}{masked}", path.display()))
        });
        let hint = kept.unwrap_or_else(|error| format!("your text could not be kept: {error}"));
        failure.hints.push(hint);
        failure
    }

    fn run_editor(&self, command: &str, path: &Path) -> Result<(), Failure> {
        let shell = format!("{command} \"$@\"");
        let mut editor = Command::new("sh");
        editor.arg("-c").arg(&shell).arg(command).arg(path);
        if let Some(memory) = self.memory {
            editor.env("TMPDIR", memory.path());
        }
        let status = self.ending.run(&mut editor);
        let status = status.map_err(|error| Failure::outside(format!("cannot run the editor `{command}`"), error))?;
        if self.ending.has_come() {
            let why = anyhow::Error::msg("a signal told valvecfg to end");
            return Err(Failure::outside(format!("the editor `{command}` was ended"), why));
        }
        if status.success() {
            return Ok(());
        }
        let how = anyhow::Error::msg(format!("it ended with {status}"));
        Err(Failure::outside(format!("the editor `{command}` failed"), how))
    }
}

fn new_file(plugin: &str, folder: &Path) -> std::io::Result<tempfile::NamedTempFile> {
    let name = format!("{plugin}-");
    tempfile::Builder::new()
        .prefix(&name)
        .suffix(".toml")
        .tempfile_in(folder)
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
