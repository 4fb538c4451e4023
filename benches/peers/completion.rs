//! What a person waits for after the tab key.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Result;

use crate::contest::{Report, Side};
use crate::scene::{Scene, run as succeed};

const BAR: Duration = Duration::from_millis(50);

pub(crate) fn run(scene: &Scene, report: &mut Report) -> Result<()> {
    let small = scene.store("complete", 3)?;
    let many = scene.store("complete-many", scene.size(1000, 10))?;
    let cases: [(&str, &PathBuf, &[&str]); 5] = [
        ("a verb", &small, &["rol"]),
        ("a key", &small, &["set", "valve-1.thr"]),
        ("a value", &small, &["set", "valve-1.mode", ""]),
        ("a revision", &small, &["show", ""]),
        ("a key among 1,000 plugins", &many, &["set", "valve-1.thr"]),
    ];
    for (name, store, words) in cases {
        let complete = |_| {
            let mut command = scene.command(&scene.valvecfg, store);
            command.args(["--", "valvecfg"]).args(words);
            command
                .env("COMPLETE", "bash")
                .env("_CLAP_COMPLETE_INDEX", words.len().to_string());
            succeed(&mut command)
        };
        report.alone(50, BAR, Side::new(name, complete))?;
    }
    Ok(())
}
