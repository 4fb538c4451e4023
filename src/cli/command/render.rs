//! `valvecfg render`

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use serde_json::{Value as Json, json};
use zeroize::Zeroizing;

use crate::cli::diagnostic::Style;
use crate::cli::options::{DryRun, Options};
use crate::cli::printer::{Answer, Reply};
use crate::cli::prompt;
use crate::cli::report::Failure;
use crate::files;
use crate::store::{RenderFormat, Rendered, Store, StoreError};

/// Write a plugin's settings as the plugin reads them
///
/// Examples:
///   valvecfg render valve
///   valvecfg render valve --format json | jq .mqtt
///   valvecfg render valve --format env --output ../valve.env
///
/// The defaults are filled in, and the secrets are open: what is printed is for
/// the plugin alone. A file is written at once and durably, with mode 0600. One
/// that is there keeps its owner and mode where neither group nor others have any
/// right to it. Nothing is written while the settings are not valid.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct RenderArgs {
    /// The plugin
    #[arg(add = clap_complete::ArgValueCompleter::new(crate::cli::complete::plugins))]
    plugin: String,
    /// How to write them
    #[arg(long, value_name = "FORMAT", default_value = "toml")]
    format: Format,
    /// Write them to FILE, outside the store, instead of standard output
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    #[command(flatten)]
    dry: DryRun,
}

/// The formats.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// TOML, without the comments.
    Toml,
    /// JSON; dates are strings.
    Json,
    /// NAME=VALUE lines for a shell or systemd, named as `exec` does.
    Env,
}

/// Runs the verb.
pub(crate) fn run(args: &RenderArgs, options: &Options) -> Result<Reply, Failure> {
    let store = options.open_store()?;
    let target = args.output.as_deref().map(|file| target(file, &store)).transpose()?;
    let format = match args.format {
        Format::Toml => RenderFormat::Toml,
        Format::Json => RenderFormat::Json,
        Format::Env => RenderFormat::Env,
    };
    let text = rendered(&args.plugin, &store, options)?.text(format);
    let text = text.map_err(StoreError::from)?;
    let dry = options.dry_run(args.dry);
    let answer = |text, file| Written {
        plugin: args.plugin.clone(),
        format: args.format,
        text,
        file,
        dry_run: dry,
    };
    let Some(target) = target else {
        return Ok(Reply::of(answer(Some(text), None)));
    };
    if !dry {
        files::replace_private(&target, text.as_bytes(), files::Private::default())?;
    }
    let reply = Reply::of(answer(None, Some(target)));
    Ok(if dry {
        reply.note("nothing was written: this was a dry run")
    } else {
        reply
    })
}

/// A plugin's settings with the secrets open; an identity is looked for only where something is sealed.
pub(super) fn rendered(plugin: &str, store: &Store, options: &Options) -> Result<Rendered, Failure> {
    let keyring = if store.has_sealed(plugin)? {
        store.keyring(&|file| prompt::passphrase(file, options))?
    } else {
        None
    };
    Ok(store.rendered(plugin, keyring.as_ref())?)
}

/// The file to write. What is in the store could be recorded, and then the history holds its secrets for ever.
fn target(file: &Path, store: &Store) -> Result<PathBuf, Failure> {
    let target = files::private_target(file)?;
    let root = std::fs::canonicalize(store.root());
    let root = root.map_err(|error| Failure::outside(format!("cannot resolve {}", store.root().display()), error))?;
    if target.starts_with(root) {
        return Err(Failure::usage(
            format!(
                "{} is in the store, whose history would keep the secrets",
                file.display()
            ),
            "name a file elsewhere, such as below /run",
        ));
    }
    Ok(target)
}

/// What was rendered.
struct Written {
    plugin: String,
    format: Format,
    text: Option<Zeroizing<String>>,
    file: Option<PathBuf>,
    dry_run: bool,
}

impl Answer for Written {
    fn json(&self) -> Vec<Json> {
        let format = match self.format {
            Format::Toml => "toml",
            Format::Json => "json",
            Format::Env => "env",
        };
        vec![json!({
            "plugin": self.plugin,
            "format": format,
            "text": self.text.as_ref().map(|text| text.as_str()),
            "file": self.file.as_ref().map(|file| file.display().to_string()),
            "dry_run": self.dry_run,
        })]
    }

    fn show(&self, out: &mut dyn Write, _style: Style) -> io::Result<()> {
        match (&self.text, &self.file) {
            (Some(text), _) => out.write_all(text.as_bytes()),
            (None, Some(file)) => {
                let word = if self.dry_run { "would be" } else { "are" };
                writeln!(out, "the settings of {} {word} in {}", self.plugin, file.display())
            }
            (None, None) => Ok(()),
        }
    }
}
