//! `valvecfg validate`

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use serde_json::Value as Json;

use crate::cli::bar::Bar;
use crate::cli::diagnostic::{self, OutputFormat, Style};
use crate::cli::exit::Exit;
use crate::cli::options::Options;
use crate::cli::printer::{Answer, Reply};
use crate::cli::prompt;
use crate::cli::report::Failure;
use crate::schema::{CheckOptions, Formats};
use crate::store::{CheckedFile, Input, Scope, Unsealing, ValidateOptions, is_refused, validate_files};

/// Check a store, or any TOML files
///
/// Examples:
///   valvecfg validate                               manifest, schemas and settings
///   valvecfg validate --changed-since @~5           only what changed since
///   valvecfg validate --staged                      only what is in git's index
///   valvecfg validate a.toml b.toml                 by each file's #:schema line
///   valvecfg validate *.toml --schema s.json        by one schema
///   valvecfg validate --require-secrets             secrets must open too
///   valvecfg validate - --schema s.json <a.toml     standard input
///   valvecfg validate --output-format sarif --output-file report.sarif
///
/// What is sealed is checked too where an identity is there to open it.
///
/// Ends with 1 where anything is not valid. No schema is fetched from the network.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct ValidateArgs {
    /// Files, or - for standard input; without any, the store
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    /// The schema for all files
    #[arg(long, value_name = "FILE", requires = "files")]
    schema: Option<PathBuf>,
    /// Look for schemas that others refer to in this folder too; may be given several times
    #[arg(long, value_name = "DIR")]
    schema_dir: Vec<PathBuf>,
    /// How to show what was found
    #[arg(long, value_name = "FORMAT", default_value = "full")]
    output_format: OutputFormat,
    /// Write it to this file instead of standard output
    #[arg(long, value_name = "FILE")]
    output_file: Option<PathBuf>,
    /// Only what differs from this revision
    #[arg(long, value_name = "REV", add = clap_complete::ArgValueCompleter::new(crate::cli::complete::revisions), conflicts_with_all = ["files", "staged"])]
    changed_since: Option<String>,
    /// Only what is staged in git's index
    #[arg(long, conflicts_with = "files")]
    staged: bool,
    /// Let a secret that cannot be opened be an error
    #[arg(long, conflicts_with = "files")]
    require_secrets: bool,
    /// Let warnings end with 1 too
    #[arg(long, value_name = "WHAT")]
    deny: Option<Deny>,
    /// What a wrong `format` is
    #[arg(long, value_name = "LEVEL", default_value = "error")]
    formats: FormatLevel,
}

/// What is refused beyond errors.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Deny {
    /// Warnings.
    Warnings,
}

/// What a text is that does not have its `format`.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum FormatLevel {
    /// An error.
    Error,
    /// A warning.
    Warn,
    /// Nothing.
    Ignore,
}

/// Runs the verb.
pub(crate) fn run(args: &ValidateArgs, options: &Options) -> Result<Reply, Failure> {
    let formats = match args.formats {
        FormatLevel::Error => Formats::Error,
        FormatLevel::Warn => Formats::Warn,
        FormatLevel::Ignore => Formats::Ignore,
    };
    let how = ValidateOptions {
        schema: args.schema.clone(),
        schema_folders: args.schema_dir.clone(),
        check: CheckOptions {
            formats,
            ..CheckOptions::default()
        },
        limits: options.limits(),
    };
    let bar = Bar::new();
    let progress = |done, all| bar.show(done, all);
    let files = if args.files.is_empty() {
        let scope = match &args.changed_since {
            Some(revision) => Scope::ChangedSince(revision.clone()),
            None if args.staged => Scope::Staged,
            None => Scope::All,
        };
        let store = options.open_store()?;
        let named = options.names_identity();
        let ask = |file: &Path| {
            let asked = (args.require_secrets || named).then(|| prompt::passphrase(file, options));
            asked.flatten()
        };
        let keyring = match store.keyring(&ask) {
            // Who names a file means that one; one that happens to be there may be of no use here.
            Err(error) if named => return Err(error.into()),
            keyring => keyring,
        };
        let unsealing = Unsealing::with(keyring, args.require_secrets);
        store.validate(&scope, &how, &unsealing, &progress)?
    } else {
        validate_files(&inputs(&args.files, options)?, &how, &progress)?
    };
    bar.clear();
    let exit = if is_refused(&files, args.deny.is_some()) {
        Exit::No
    } else {
        Exit::Done
    };
    let report = Report {
        files,
        format: args.output_format,
    };
    match &args.output_file {
        None => Ok(Reply::of(report).exit(exit)),
        Some(path) => {
            let mut text = Vec::new();
            if options.json() {
                report
                    .json()
                    .iter()
                    .try_for_each(|line| writeln!(text, "{line}"))
                    .map_err(Failure::printing)?;
            } else {
                report.show(&mut text, Style::default()).map_err(Failure::printing)?;
            }
            write_report(path, &text)?;
            Ok(Reply::nothing().exit(exit))
        }
    }
}

fn inputs(files: &[PathBuf], options: &Options) -> Result<Vec<Input>, Failure> {
    let mut inputs = Vec::with_capacity(files.len());
    for file in files {
        if file.as_os_str() == "-" {
            inputs.push(Input::Text(super::set::read_stdin_whole(options)?));
        } else {
            inputs.push(Input::File(file.clone()));
        }
    }
    Ok(inputs)
}

fn write_report(path: &std::path::Path, text: &[u8]) -> Result<(), Failure> {
    let failed = |error| Failure::outside(format!("cannot write {}", path.display()), error);
    let mut file = std::fs::File::create(path).map_err(failed)?;
    file.write_all(text).map_err(failed)
}

/// What was checked, in one of the formats.
struct Report {
    files: Vec<CheckedFile>,
    format: OutputFormat,
}

impl Answer for Report {
    fn json(&self) -> Vec<Json> {
        let mut text = Vec::new();
        // Writing to memory cannot fail, and our own JSON can be read.
        let written = diagnostic::write(&mut text, &self.files, OutputFormat::Jsonl, Style::default());
        debug_assert!(written.is_ok());
        let lines = text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        lines.filter_map(|line| serde_json::from_slice(line).ok()).collect()
    }

    fn show(&self, out: &mut dyn Write, style: Style) -> io::Result<()> {
        diagnostic::write(out, &self.files, self.format, style)
    }
}
