//! valvecfg beside its peers, whole processes as a person starts them: the speeds that the project holds itself to.
//!
//! `cargo bench --bench peers` measures everything, `cargo bench --bench peers -- get set` some of it. Both sides of a
//! comparison take turns in the same run, so that a busy machine is busy for both. A peer that is not installed is
//! skipped by name. Without `--bench`, as `cargo test --benches` runs it, each contest takes place once and small:
//! it shows that they still work, and nothing about speed.

mod completion;
mod contest;
mod get;
mod history;
#[path = "../long_history/mod.rs"]
mod long_history;
mod migrate;
mod scene;
mod set;
mod validate;
mod watch;

use std::env;
use std::process::ExitCode;

use anyhow::Result;

use contest::Report;
use scene::Scene;

/// One field of comparison.
type Field = fn(&Scene, &mut Report) -> Result<()>;

const FIELDS: [(&str, Field); 7] = [
    ("get", get::run),
    ("set", set::run),
    ("validate", validate::run),
    ("history", history::run),
    ("completion", completion::run),
    ("migrate", migrate::run),
    ("watch", watch::run),
];

fn main() -> Result<ExitCode> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let is_measured = arguments.iter().any(|argument| argument == "--bench");
    let wanted: Vec<&String> = arguments
        .iter()
        .filter(|argument| !argument.starts_with("--"))
        .collect();
    let scene = Scene::new(is_measured)?;
    let mut report = Report::new(is_measured);
    report.say(&format!("program: {}", scene.valvecfg.display()))?;
    for (name, field) in FIELDS {
        if wanted.is_empty() || wanted.iter().any(|wanted| *wanted == name) {
            report.say(&format!("\n{name}"))?;
            field(&scene, &mut report)?;
        }
    }
    report.close()
}
