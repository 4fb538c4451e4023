//! A store of 100,000 revisions: reading its history, and changing it.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Result;

use crate::contest::{Report, Side};
use crate::long_history::{KEY, LongHistory};
use crate::scene::{Scene, write};
use crate::set::set;

const FILE: &str = "plugins/valve.toml";

/// What the generator's settings have to be.
const SCHEMA: &str = r#"{
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "type": "object",
  "properties": {
    "threshold": { "type": "integer", "minimum": 0, "maximum": 100 },
    "interval": { "type": "integer", "minimum": 0 }
  },
  "patternProperties": {
    "^zone-[0-9]+$": { "type": "object", "additionalProperties": { "type": "integer" } }
  },
  "additionalProperties": false
}
"#;

pub(crate) fn run(scene: &Scene, report: &mut Report) -> Result<()> {
    let long = store(scene, "long", scene.size(100_000, 200))?;
    let short = store(scene, "short", 10)?;

    let first_page = Side::new("history", |_| scene.valvecfg(&long, &["history"]));
    report.alone(50, Duration::from_millis(30), first_page)?;
    report.duel(
        50,
        1.5,
        Side::new("history KEY, 20 newest", |_| scene.valvecfg(&long, &["history", KEY])),
        Side::new("git log -20 -- FILE", |_| scene.git(&long, &["log", "-20", "--", FILE])),
    )?;
    report.duel(
        20,
        1.0,
        Side::new("history KEY, all", |_| {
            scene.valvecfg(&long, &["history", KEY, "--count", "all"])
        }),
        Side::new("git log -- FILE", |_| scene.git(&long, &["log", "--", FILE])),
    )?;
    report.duel(
        60,
        1.5,
        Side::new("set after 100,000 revisions", |round| set(scene, &long, KEY, round)),
        Side::new("set after 10", |round| set(scene, &short, KEY, round)),
    )?;
    report.duel(
        60,
        2.0,
        // Each takes back what the one before did, so that each is a change.
        Side::new("rollback", |_| scene.valvecfg(&long, &["rollback", "--yes"])),
        Side::new("set", |round| set(scene, &long, "valve.interval", round)),
    )
}

/// A store that was grown elsewhere and is now ours, as a clone would be.
pub(crate) fn store(scene: &Scene, name: &str, revisions: usize) -> Result<PathBuf> {
    let folder = scene.folder(name)?;
    scene.git(&folder, &["init", "--quiet", "--initial-branch=main"])?;
    // As packs: a hundred thousand revisions as files of their own take minutes and gigabytes.
    LongHistory::new().add(revisions, &folder, 1)?;
    scene.git(&folder, &["reset", "--quiet", "--hard"])?;
    scene.git(&folder, &["commit-graph", "write", "--reachable", "--changed-paths"])?;
    for plugin in ["valve", "heating", "irrigation"] {
        write(&folder, &format!("schemas/{plugin}/1.schema.json"), SCHEMA)?;
    }
    scene.valvecfg(&folder, &["commit", "-m", "schemas"])?;
    Ok(folder)
}
