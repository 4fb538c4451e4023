//! `valvecfg demo`

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

use clap::Args;
use serde_json::{Value as Json, json};

use crate::cli::demo::{GATEWAY, VALVE_2};
use crate::cli::diagnostic::Style;
use crate::cli::options::Options;
use crate::cli::printer::{Answer, Reply};
use crate::cli::report::Failure;
use crate::files::{self, Ownership};

/// What is shown: the main job, with real verbs, and a plugin's next version.
const STEPS: &[&[&str]] = &[
    &["plugin", "list"],
    &["get", "valve.threshold"],
    &["describe", "threshold"],
    &["set", "threshold", "55", "-m", "leak in zone 2"],
    &["set", "threshold", "180"],
    &["set", "valve.mode=manual"],
    &["set", "valve.mode=manual", "valve.position=40", "heating.target=19.5"],
    &["list", "valve", "--changed"],
    &["validate"],
    &["history", "--count", "3"],
    &["diff", "@~2", "@"],
    &["rollback", "--yes"],
    &["history", "valve.threshold"],
    &["plugin", "upgrade", "valve", "--schema", "example/valve-2.schema.json"],
    &["migrate", "--dry-run"],
    &["migrate"],
    &["get", "valve.open_below"],
    &["diff", "@~1", "@"],
    &["migrate", "--to", "1"],
    &["status"],
];

/// Make an example gateway in a new folder, and run the main job there
///
/// Examples:
///   valvecfg demo
///   valvecfg demo /tmp/gateway
///
/// Shows each command and what it printed, and leaves the store to play with.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct DemoArgs {
    /// The new folder
    #[arg(value_name = "DIR", default_value = "valvecfg-demo")]
    folder: PathBuf,
}

/// Runs the verb.
pub(crate) fn run(args: &DemoArgs, _options: &Options) -> Result<Reply, Failure> {
    let folder = free_name(&args.folder);
    std::fs::create_dir_all(&folder)
        .map_err(|error| Failure::outside(format!("cannot make {}", folder.display()), error))?;
    let source = folder.join("example");
    let ownership = Ownership::of(&folder)?;
    files::create_folder(&source, ownership)?;
    let program = std::env::current_exe().map_err(|error| Failure::outside("cannot find this program", error))?;
    let mut steps = vec![Step::run(&program, &folder, &["init"])?];
    for plugin in &GATEWAY {
        let (schema, settings) = (format!("{}.schema.json", plugin.name), format!("{}.toml", plugin.name));
        files::create(&source.join(&schema), plugin.schema.as_bytes(), 0o644, ownership)?;
        files::create(&source.join(&settings), plugin.settings.as_bytes(), 0o644, ownership)?;
        let (schema, settings) = (format!("example/{schema}"), format!("example/{settings}"));
        let add = [
            "plugin",
            "add",
            plugin.name,
            "--schema",
            &schema,
            "--settings",
            &settings,
        ];
        let mut step = Step::run(&program, &folder, &add)?;
        step.shorten();
        steps.push(step);
    }
    files::create(
        &source.join("valve-2.schema.json"),
        VALVE_2.as_bytes(),
        0o644,
        ownership,
    )?;
    for words in STEPS {
        steps.push(Step::run(&program, &folder, words)?);
    }
    Ok(Reply::of(Demo { folder, steps }))
}

/// The folder, or the first `folder-2`, `folder-3` that is free.
fn free_name(folder: &Path) -> PathBuf {
    let numbered = (2..).map(|number| PathBuf::from(format!("{}-{number}", folder.display())));
    let mut names = std::iter::once(folder.to_owned()).chain(numbered);
    names.find(|name| !name.exists()).unwrap_or_else(|| folder.to_owned())
}

/// One command, and what it printed.
struct Step {
    command: String,
    output: String,
    exit: Option<i32>,
}

/// More lines than this of one answer are left out.
const LINES: usize = 12;

impl Step {
    fn run(program: &Path, folder: &Path, words: &[&str]) -> Result<Self, Failure> {
        let output = Command::new(program)
            .args(words)
            .current_dir(folder)
            .env("VALVECFG_STORE", "")
            .output();
        let output = output.map_err(|error| Failure::outside("cannot run this program again", error))?;
        let quote = |word: &&str| {
            if word.contains(' ') {
                format!("\"{word}\"")
            } else {
                (*word).to_owned()
            }
        };
        let words: Vec<String> = words.iter().map(quote).collect();
        let mut text = String::from_utf8_lossy(&output.stdout).into_owned();
        text.push_str(&String::from_utf8_lossy(&output.stderr));
        Ok(Self {
            command: format!("valvecfg {}", words.join(" ")),
            output: text,
            exit: output.status.code(),
        })
    }

    fn shorten(&mut self) {
        let lines: Vec<&str> = self.output.lines().collect();
        if lines.len() > LINES {
            let (first, last) = (&lines[..3], &lines[lines.len() - 3..]);
            self.output = format!("{}\n…\n{}\n", first.join("\n"), last.join("\n"));
        }
    }
}

struct Demo {
    folder: PathBuf,
    steps: Vec<Step>,
}

impl Answer for Demo {
    fn json(&self) -> Vec<Json> {
        let step = |step: &Step| json!({ "command": step.command, "output": step.output, "exit": step.exit });
        self.steps.iter().map(step).collect()
    }

    fn show(&self, out: &mut dyn Write, style: Style) -> io::Result<()> {
        let (bold, plain) = if style.color {
            ("\u{1b}[1m", "\u{1b}[0m")
        } else {
            ("", "")
        };
        for step in &self.steps {
            writeln!(out, "{bold}$ {}{plain}\n{}", step.command, step.output)?;
        }
        writeln!(out, "The store is in {0}: `cd {0}` and go on.", self.folder.display())
    }
}
