//! One value, cold: a process that starts, reads, prints and ends, as in a script's loop.

use anyhow::Result;

use crate::contest::{Report, Side};
use crate::scene::Scene;

pub(crate) fn run(scene: &Scene, report: &mut Report) -> Result<()> {
    let store = scene.store("get", 3)?;
    let repository = scene.folder("get-git")?;
    scene.git(&repository, &["init", "--quiet"])?;
    scene.git(&repository, &["config", "valve-1.threshold", "60"])?;
    report.duel(
        500,
        0.7,
        Side::new("valvecfg get", |_| {
            scene.valvecfg(&store, &["get", "valve-1.threshold"])
        }),
        Side::new("git config --get", |_| {
            scene.git(&repository, &["config", "--get", "valve-1.threshold"])
        }),
    )
}
