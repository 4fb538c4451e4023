//! Many files, checked by the schema that their first lines name.

use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};

use crate::contest::{Report, Side};
use crate::scene::{SCHEMA, Scene, find, run as succeed, settings, write};

/// How many files, how many rounds, against whom, and what of its time we may take.
const CONTESTS: [(usize, usize, &str, f64); 4] = [
    (1, 100, "tombi", 1.0 / 3.0),
    (100, 30, "taplo", 1.0 / 6.0),
    (1000, 10, "taplo", 1.0 / 9.0),
    (10_000, 5, "taplo", 1.0 / 10.0),
];

pub(crate) fn run(scene: &Scene, report: &mut Report) -> Result<()> {
    for (files, rounds, peer, bar) in CONTESTS {
        let what = format!("validate of {files} files beside {peer}");
        let program = match find(peer) {
            Ok(program) => program,
            Err(missing) => {
                report.skip(&what, &missing)?;
                continue;
            }
        };
        let lint: &[&str] = if peer == "tombi" {
            &["lint", "--offline"]
        } else {
            &["lint"]
        };
        let (folder, names) = folder(scene, scene.size(files, files.min(20)))?;
        let ours = |names: &[String]| succeed(scene.command(&scene.valvecfg, &folder).arg("validate").args(names));
        let theirs = |names: &[String]| succeed(scene.command(&program, &folder).args(lint).args(names));
        // Whoever does not see a wrong file would win for nothing.
        let wrong = wrong(&folder)?;
        ensure!(ours(&wrong).is_err(), "valvecfg finds a wrong file right");
        if theirs(&wrong).is_ok() {
            report.skip(&what, "it does not check by the schema here")?;
            continue;
        }
        let (our_name, their_name) = (format!("validate of {files} files"), format!("{peer} lint"));
        report.duel(
            rounds,
            bar,
            Side::new(&our_name, |_| ours(&names)),
            Side::new(&their_name, |_| theirs(&names)),
        )?;
    }
    Ok(())
}

/// So many files and their schema; and the files' names.
fn folder(scene: &Scene, files: usize) -> Result<(PathBuf, Vec<String>)> {
    let folder = scene.folder(&format!("validate-{files}"))?;
    write(&folder, "valve.schema.json", SCHEMA)?;
    let mut names = Vec::with_capacity(files);
    for number in 0..files {
        let name = format!("{number}.toml");
        write(&folder, &name, &settings(number, "./valve.schema.json")?)?;
        names.push(name);
    }
    Ok((folder, names))
}

fn wrong(folder: &Path) -> Result<Vec<String>> {
    let text = settings(0, "./valve.schema.json")?;
    write(
        folder,
        "wrong.toml",
        &text.replacen("threshold = 10", "threshold = 180", 1),
    )?;
    Ok(vec!["wrong.toml".to_owned()])
}
