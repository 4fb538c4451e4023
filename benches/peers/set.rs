//! One value, changed: checked, recorded and on the disk when the process ends.

use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::contest::{Report, Side};
use crate::scene::{SCHEMA, Scene, find, run as succeed, settings, write};

const FILE: &str = "plugins/valve-1.toml";

/// What `threshold` becomes in a round: never what it is already.
pub(crate) fn value(round: usize) -> String {
    (40 + round % 50).to_string()
}

pub(crate) fn set(scene: &Scene, store: &Path, key: &str, round: usize) -> Result<()> {
    scene.valvecfg(store, &["set", key, &value(round)])
}

pub(crate) fn run(scene: &Scene, report: &mut Report) -> Result<()> {
    let store = scene.store("set", 3)?;
    let ours = || Side::new("valvecfg set", |round| set(scene, &store, "valve-1.threshold", round));
    let repository = repository(scene, "set-git")?;

    match (find("toml"), find("taplo")) {
        (Ok(toml), Ok(taplo)) => {
            let schema = format!("file://{}/schemas/valve-1/1.schema.json", repository.display());
            let pipeline = |round: usize| {
                let value = value(round);
                let set = ["set", "--toml-path", FILE, "--to-int", "threshold", &value];
                succeed(scene.command(&toml, &repository).args(set))?;
                succeed(
                    scene
                        .command(&taplo, &repository)
                        .args(["lint", "--schema", &schema, FILE]),
                )?;
                scene.git_commit(&repository, FILE)
            };
            report.duel(
                40,
                0.4,
                ours(),
                Side::new("toml set + taplo lint + git commit", pipeline),
            )?;
        }
        (Err(missing), _) | (_, Err(missing)) => report.skip("toml set + taplo lint + git commit", &missing)?,
    }

    let repository = self::repository(scene, "set-git-alone")?;
    let commit = |round: usize| {
        // An editor's save, which costs nothing beside the rest.
        let text = settings(1, "../schemas/valve-1/1.schema.json")?;
        write(
            &repository,
            FILE,
            &text.replacen("threshold = 11", &format!("threshold = {}", value(round)), 1),
        )?;
        scene.git_commit(&repository, FILE)
    };
    report.duel(100, 0.8, ours(), Side::new("git add + git commit", commit))?;

    let many = scene.store("set-many", scene.size(1000, 10))?;
    report.duel(
        60,
        2.0,
        Side::new("set among 1,000 plugins", |round| {
            set(scene, &many, "valve-1.threshold", round)
        }),
        ours(),
    )
}

/// A repository with the same files as a store, for the git program alone.
fn repository(scene: &Scene, name: &str) -> Result<PathBuf> {
    let folder = scene.folder(name)?;
    scene.git(&folder, &["init", "--quiet", "--initial-branch=main"])?;
    for number in 0..3 {
        let plugin = format!("valve-{number}");
        write(&folder, &format!("schemas/{plugin}/1.schema.json"), SCHEMA)?;
        let schema = format!("../schemas/{plugin}/1.schema.json");
        write(&folder, &format!("plugins/{plugin}.toml"), &settings(number, &schema)?)?;
    }
    scene.git_commit(&folder, ".")?;
    Ok(folder)
}
