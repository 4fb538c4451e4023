//! A plugin in Rust: it reads its settings from the store, takes up each change when it comes, and says whether it runs
//! it. It needs neither a signal nor a file of its own.
//!
//! ```text
//! cargo run --example plugin -- STORE
//! ```
//! With `acknowledges = true` under `[plugins.valve]` in the manifest, `valvecfg set --wait` waits for its word.

use std::env;
use std::error::Error;
use std::io::{self, Write as _};
use std::path::PathBuf;

use serde::Deserialize;
use valvecfg::store::Configuration;

/// Of the settings only what this plugin needs; the schema knows them all, and has checked them.
#[derive(Deserialize)]
struct Valve {
    threshold: i64,
    zones: Vec<Zone>,
}

#[derive(Deserialize)]
struct Zone {
    name: String,
    flow: f64,
}

/// What a real one would do to its valves.
fn open_valves(valve: &Valve) -> Result<String, String> {
    if let Some(zone) = valve.zones.iter().find(|zone| zone.flow > 40.0) {
        return Err(format!("the pump gives 40 l/min, and zone {} wants more", zone.name));
    }
    Ok(format!("{} zones open below {} %", valve.zones.len(), valve.threshold))
}

fn main() -> Result<(), Box<dyn Error>> {
    let store = env::args_os().nth(1).map(PathBuf::from);
    let mut out = io::stdout();
    let configuration = Configuration::<Valve>::open(store.as_deref(), "valve")?;
    match open_valves(&configuration.get()) {
        Ok(state) => {
            configuration.applied()?;
            writeln!(out, "{}: {state}", configuration.revision().short())?;
        }
        Err(reason) => {
            configuration.refused(&reason)?;
            return Err(reason.into());
        }
    }
    for change in configuration.changes()? {
        let change = match change {
            Ok(change) => change,
            // It goes on with what it has.
            Err(error) => {
                writeln!(io::stderr(), "not taken up: {error}")?;
                continue;
            }
        };
        let revision = change.revision().short();
        match open_valves(change.settings()) {
            Ok(state) => {
                change.applied()?;
                writeln!(out, "{revision}: {state}")?;
            }
            Err(reason) => {
                change.refused(&reason)?;
                writeln!(out, "{revision}: refused, {reason}")?;
            }
        }
    }
    Ok(())
}
