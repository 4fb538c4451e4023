//! `valvecfg apply`

use std::path::PathBuf;

use clap::Args;

use crate::cli::options::{ChangeOptions, Options};
use crate::cli::printer::Reply;
use crate::cli::report::Failure;
use crate::files;
use crate::store::StoreError;

/// Merge settings from a file into a plugin's
///
/// Examples:
///   valvecfg apply summer.toml --plugin valve
///   curl -s gateway/valve.json | valvecfg apply - --plugin valve
///   valvecfg apply valve.toml --replace       the file's name says which plugin
///
/// TOML or JSON. Settings that the file does not name stay; in JSON, null takes one
/// away. With --replace the file takes the place of all settings. One revision.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct ApplyArgs {
    /// The file, or - for standard input
    file: PathBuf,
    /// The plugin; else the one that the file is named after
    #[arg(long, value_name = "NAME", add = clap_complete::ArgValueCompleter::new(crate::cli::complete::plugins))]
    plugin: Option<String>,
    /// Put the file in the place of all settings
    #[arg(long)]
    replace: bool,
    #[command(flatten)]
    change: ChangeOptions,
}

/// Runs the verb.
pub(crate) fn run(args: &ApplyArgs, options: &Options) -> Result<Reply, Failure> {
    let store = options.open_store()?;
    let is_stdin = args.file.as_os_str() == "-";
    let plugin = match (&args.plugin, args.file.file_stem()) {
        (Some(plugin), _) => plugin.clone(),
        (None, Some(stem)) if !is_stdin => stem.to_string_lossy().into_owned(),
        (None, _) => return Err(Failure::usage("which plugin?", "valvecfg apply - --plugin NAME")),
    };
    let (name, text) = if is_stdin {
        ("-".to_owned(), super::set::read_stdin_whole(options)?)
    } else {
        (
            args.file.display().to_string(),
            files::read_text(&args.file, options.limits().file_size)?,
        )
    };
    let incoming = store.read_incoming(&plugin, &name, &text)?;
    match store.apply(&plugin, &incoming, args.replace, &options.intent(&args.change)) {
        Ok(outcome) => Ok(super::outcome::reply(outcome)),
        Err(error) => {
            let is_guessed = args.plugin.is_none() && matches!(error, StoreError::NoSuchPlugin { .. });
            let mut failure = Failure::from(error);
            if is_guessed {
                failure
                    .hints
                    .push(format!("say which one is meant: `valvecfg apply {name} --plugin NAME`"));
            }
            Err(failure)
        }
    }
}
