//! Thousands of documents through three migrations, beside a script that does the same with tomlkit, jsonschema and git.

use std::cell::Cell;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::Result;
use serde_json::{Value as Json, json};

use crate::contest::{Report, Side};
use crate::scene::{Scene, find, run as succeed, write};

const SCRIPT: &str = include_str!("migrate.py");
const ROUNDS: usize = 3;

const STEPS: [&str; 3] = [
    "from = 1\nto = 2\n\n[[step]]\nrename = \"threshold\"\nto = \"close_above\"\n\n\
     [[step]]\nconvert = \"interval\"\nto = \"string\"\nsuffix = \"s\"\n",
    "from = 2\nto = 3\n\n[[step]]\nmap = \"mode\"\nvalues = { auto = \"automatic\" }\n\n\
     [[step]]\nremove = \"legacy\"\n\n[[step]]\ndefault = \"zones[*].flow\"\nvalue = 2.5\n",
    "from = 3\nto = 4\n\n[[step]]\nrename = \"mqtt\"\nto = \"broker\"\n\n[[step]]\ndefault = \"retries\"\nvalue = 3\n",
];

pub(crate) fn run(scene: &Scene, report: &mut Report) -> Result<()> {
    let python = match find("python3") {
        Ok(python) => python,
        Err(missing) => return report.skip("a script with tomlkit", &missing),
    };
    let folder = scene.folder("migrate")?;
    let imports = "import tomlkit, jsonschema";
    if succeed(scene.command(&python, &folder).args(["-c", imports])).is_err() {
        return report.skip("a script with tomlkit", "tomlkit or jsonschema is not installed");
    }
    write(&folder, "migrate.py", SCRIPT)?;
    let script = folder.join("migrate.py");
    let plugins = scene.size(10_000, 20);
    let rounds = scene.size(ROUNDS, 1);
    // Each round, and the one beforehand, finds its own.
    let (mut stores, mut repositories) = (Vec::new(), Vec::new());
    for round in 0..=rounds {
        stores.push(store(scene, &format!("migrate-{round}"), plugins)?);
        repositories.push(repository(scene, &format!("migrate-python-{round}"), plugins)?);
    }
    let (next, next_of_theirs) = (Cell::new(0), Cell::new(0));
    let ours = |_| scene.valvecfg(&stores[next.replace(next.get() + 1)], &["migrate"]);
    let theirs = |_| {
        let repository = &repositories[next_of_theirs.replace(next_of_theirs.get() + 1)];
        succeed(scene.command(&python, repository).arg(&script))?;
        scene.git_commit(repository, ".")
    };
    report.say(&format!("  {plugins} documents"))?;
    report.duel(
        ROUNDS,
        0.1,
        Side::new("valvecfg migrate", ours),
        Side::new("tomlkit + jsonschema + git commit", theirs),
    )
}

fn store(scene: &Scene, name: &str, plugins: usize) -> Result<PathBuf> {
    let folder = scene.folder(name)?;
    let mut manifest = String::new();
    for number in 0..plugins {
        let plugin = format!("pump-{number}");
        write!(manifest, "[plugins.{plugin}]\nschema-version = 1\n")?;
        documents(&folder, number)?;
        for version in 1..=4 {
            let schema = schema(version).to_string();
            write(&folder, &format!("schemas/{plugin}/{version}.schema.json"), &schema)?;
        }
        for (at, steps) in STEPS.iter().enumerate() {
            let path = format!("migrations/{plugin}/{}-to-{}.toml", at + 1, at + 2);
            write(&folder, &path, steps)?;
        }
    }
    write(&folder, "valvecfg.toml", &manifest)?;
    scene.valvecfg(&folder, &["init"])?;
    Ok(folder)
}

/// The same documents for the script alone, which needs one schema and no migrations.
fn repository(scene: &Scene, name: &str, plugins: usize) -> Result<PathBuf> {
    let folder = scene.folder(name)?;
    scene.git(&folder, &["init", "--quiet", "--initial-branch=main"])?;
    for number in 0..plugins {
        documents(&folder, number)?;
    }
    write(&folder, "4.schema.json", &schema(4).to_string())?;
    scene.git_commit(&folder, ".")?;
    Ok(folder)
}

fn documents(folder: &Path, number: usize) -> Result<()> {
    let plugin = format!("pump-{number}");
    let mut text = format!(
        "#:schema ../schemas/{plugin}/1.schema.json\nschema_version = 1\n\n\
         # When the valve closes, in percent of what the soil holds. Agreed with the\n\
         # gardener in May; not above 80 without asking.\n\
         threshold = {}   # percent\ninterval = 30      # seconds between two looks\nmode = \"auto\"\n\
         # from the first panel\nlegacy = \"x{number}\"\n\n",
        number % 100
    );
    for extra in 0..20 {
        write!(
            text,
            "# what number {extra} means is told in the manual of the panel\nextra_{extra} = {}    # unit {extra}\n",
            (number + extra) % 1000
        )?;
    }
    write!(
        text,
        "\n[mqtt]\nhost = \"broker{}.example\"  # in the shed\nport = 1883\ntopic = \"garden/{number}\"\n",
        number % 7
    )?;
    for zone in 0..5 {
        write!(text, "\n[[zones]]\nname = \"zone {zone}\" # bed {zone}\npin = {zone}\n")?;
    }
    write(folder, &format!("plugins/{plugin}.toml"), &text)
}

fn schema(version: u32) -> Json {
    let integer = |most: u32| json!({"type": "integer", "minimum": 0, "maximum": most});
    let text = || json!({"type": "string"});
    let mut zone = json!({"name": text(), "pin": integer(40)});
    let mut all = json!({"schema_version": {"const": version}});
    for extra in 0..20 {
        all[format!("extra_{extra}")] = integer(1000);
    }
    let newer = |since: u32, new: &'static str, old: &'static str| if version >= since { new } else { old };
    all[newer(2, "close_above", "threshold")] = integer(100);
    all["interval"] = if version >= 2 { text() } else { integer(3600) };
    all["mode"] = json!({"enum": [newer(3, "automatic", "auto"), "off"]});
    if version < 3 {
        all["legacy"] = text();
    } else {
        zone["flow"] = json!({"type": "number", "default": 2.5});
    }
    let mqtt = json!({"host": text(), "port": integer(65535), "topic": text()});
    all[newer(4, "broker", "mqtt")] = json!({"type": "object", "additionalProperties": false, "properties": mqtt});
    if version >= 4 {
        all["retries"] = json!({"type": "integer", "default": 3});
    }
    let zone = json!({"type": "object", "additionalProperties": false, "properties": zone});
    all["zones"] = json!({"type": "array", "items": zone});
    json!({"type": "object", "additionalProperties": false, "properties": all})
}
