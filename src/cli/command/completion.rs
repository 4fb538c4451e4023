//! `valvecfg completion`

use std::io::{self, Write};

use clap::Args;
use clap_complete::env::Shells;
use serde_json::{Value as Json, json};

use crate::cli::diagnostic::Style;
use crate::cli::options::Options;
use crate::cli::printer::{Answer, Reply};
use crate::cli::report::Failure;

/// Print what a shell needs to complete keys, values, plugins and revisions
///
/// Examples:
///   source <(valvecfg completion bash)
///   valvecfg completion fish > ~/.config/fish/completions/valvecfg.fish
///
/// The shell asks the program at each completion, so what it offers is always that
/// of the store.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct CompletionArgs {
    /// bash, elvish, fish, powershell or zsh
    #[arg(add = clap_complete::ArgValueCompleter::new(crate::cli::complete::shells))]
    shell: String,
}

/// Runs the verb.
pub(crate) fn run(args: &CompletionArgs, _options: &Options) -> Result<Reply, Failure> {
    let shells = Shells::builtins();
    let Some(shell) = shells.completer(&args.shell) else {
        let names: Vec<&str> = shells.names().collect();
        return Err(Failure::usage(
            format!("no completion for `{}`", args.shell),
            format!("one of {}", names.join(", ")),
        ));
    };
    let mut script = Vec::new();
    shell
        .write_registration("COMPLETE", "valvecfg", "valvecfg", "valvecfg", &mut script)
        .map_err(|error| Failure::outside("cannot write the script", error))?;
    Ok(Reply::of(Script(script)))
}

struct Script(Vec<u8>);

impl Answer for Script {
    fn json(&self) -> Vec<Json> {
        vec![json!({ "script": String::from_utf8_lossy(&self.0) })]
    }

    fn show(&self, out: &mut dyn Write, _style: Style) -> io::Result<()> {
        out.write_all(&self.0)
    }
}
