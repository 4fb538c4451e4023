//! `valvecfg exec`

use std::ffi::OsString;
use std::io::{self, Write};
use std::os::unix::process::CommandExt as _;
use std::process::Command;

use clap::Args;
use serde_json::{Value as Json, json};

use crate::cli::diagnostic::Style;
use crate::cli::exit::Exit;
use crate::cli::options::{DryRun, Options};
use crate::cli::printer::{Answer, Reply};
use crate::cli::report::Failure;
use crate::store::StoreError;

/// Run a command with a plugin's settings as environment variables
///
/// Examples:
///   valvecfg exec valve -- sh -c 'echo "$VALVE_MQTT_HOST"'
///   valvecfg exec valve -n -- valved    the names of the variables only
///
/// A setting is called PLUGIN_KEY in capitals: VALVE_THRESHOLD=55, in a table
/// VALVE_MQTT_HOST, in an array of tables VALVE_ZONES_0_FLOW; - becomes _. Other
/// arrays are JSON. The defaults are filled in, and the secrets are open: the
/// command and whoever may look into it sees them.
///
/// The command takes the place of valvecfg: its exit code and signals are its own.
/// It is not run while the settings are not valid. Where there is no such command
/// the exit code is 127, and 126 where it cannot be run, as of a shell.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
#[expect(
    clippy::doc_markdown,
    reason = "it is the help, and stands on a terminal as it is written"
)]
pub(crate) struct ExecArgs {
    /// The plugin
    #[arg(add = clap_complete::ArgValueCompleter::new(crate::cli::complete::plugins))]
    plugin: String,
    /// The command and its arguments, behind --
    #[arg(last = true, required = true)]
    command: Vec<OsString>,
    #[command(flatten)]
    dry: DryRun,
}

/// Runs the verb. It returns only where the command could not be run, or was not to be.
pub(crate) fn run(args: &ExecArgs, options: &Options) -> Result<Reply, Failure> {
    let store = options.open_store()?;
    let rendered = super::render::rendered(&args.plugin, &store, options)?;
    let variables = rendered.variables().map_err(StoreError::from)?;
    // clap lets nothing through without a command.
    let Some((program, arguments)) = args.command.split_first() else {
        return Err(Failure::usage("no command", "valvecfg exec PLUGIN -- COMMAND"));
    };
    if options.dry_run(args.dry) {
        return Ok(Reply::of(Names {
            command: args.command.clone(),
            names: variables.into_iter().map(|(name, _)| name).collect(),
        })
        .note("nothing was run: this was a dry run"));
    }
    let mut command = Command::new(program);
    command.args(arguments);
    command.envs(variables.iter().map(|(name, value)| (name, value.as_str())));
    // Nothing comes back to say it later.
    options.say_notices();
    let refused = command.exec();
    let exit = if refused.kind() == io::ErrorKind::NotFound {
        Exit::NoCommand
    } else {
        Exit::NotRunnable
    };
    Err(Failure {
        exit,
        ..Failure::outside(format!("cannot run {}", program.to_string_lossy()), refused)
    })
}

/// What would be run, and the variables that it would be given.
struct Names {
    command: Vec<OsString>,
    names: Vec<String>,
}

impl Answer for Names {
    fn json(&self) -> Vec<Json> {
        let words = self.command.iter().map(|word| word.to_string_lossy());
        vec![json!({ "command": words.collect::<Vec<_>>(), "variables": self.names })]
    }

    fn show(&self, out: &mut dyn Write, _style: Style) -> io::Result<()> {
        self.names.iter().try_for_each(|name| writeln!(out, "{name}"))
    }
}
