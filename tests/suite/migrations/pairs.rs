//! Twenty pairs of schema versions, modelled on changes that happen to routers, heatings and gardens, each with a
//! document, a migration that a person has written, and what it makes of the document.

use std::fs;
use std::path::{Path, PathBuf};

use valvecfg::document::Document;
use valvecfg::migration::Migration;

use crate::environment::TestEnvironment;

/// The pairs whose draft leaves nothing to decide.
const DRAFTED: [&str; 14] = [
    "vlan-ids",
    "ntp-servers",
    "dhcp-lease-time",
    "zigbee-adapter",
    "irrigation-duration",
    "single-zone",
    "heating-celsius",
    "sensors-cleanup",
    "wireguard-endpoints",
    "alarm-contacts",
    "proxy-table",
    "thermostat-steps",
    "modbus-registers",
    "backup-targets",
];

/// How many pairs may need a program: one in ten.
const MOST_WITH_COMMANDS: usize = 2;

struct Pair {
    /// Without its number.
    name: String,
    folder: PathBuf,
}

impl Pair {
    fn text(&self, file: &str) -> String {
        let path = self.folder.join(file);
        let bytes = fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        String::from_utf8(bytes).unwrap()
    }

    fn path(&self, file: &str) -> String {
        self.folder.join(file).to_str().unwrap().to_owned()
    }
}

fn pairs() -> Vec<Pair> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/migrations");
    let mut folders: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    folders.sort();
    let pair = |folder: PathBuf| Pair {
        name: folder.file_name().unwrap().to_str().unwrap()[3..].to_owned(),
        folder,
    };
    folders.into_iter().map(pair).collect()
}

fn has_step(migration: &Migration, is: impl Fn(&valvecfg::migration::Step) -> bool) -> bool {
    migration.steps.iter().any(|step| is(&step.step))
}

#[test]
fn nine_in_ten_need_no_program_and_most_decide_by_a_value() {
    let migrations: Vec<Migration> = pairs()
        .iter()
        .map(|pair| Migration::parse(&pair.text("migration.toml")).unwrap())
        .collect();
    assert_eq!(migrations.len(), 20);
    let programs = migrations
        .iter()
        .filter(|migration| migration.commands().next().is_some());
    assert!(programs.count() <= MOST_WITH_COMMANDS);
    let deciding = migrations
        .iter()
        .filter(|migration| has_step(migration, |step| step.when().is_some()));
    assert!(deciding.count() > 10);
}

#[test]
fn every_pair_goes_up_to_what_is_expected_and_down_to_the_very_bytes() {
    let environment = TestEnvironment::gateway();
    let (mut drafted, mut troubles) = (Vec::new(), Vec::new());
    for pair in pairs() {
        let name = pair.name.as_str();
        let (schema, settings) = (pair.path("1.schema.json"), pair.path("before.toml"));
        environment.succeed(&["plugin", "add", name, "--schema", &schema, "--settings", &settings]);
        environment.succeed(&["plugin", "upgrade", name, "--schema", &pair.path("2.schema.json")]);
        let live = format!("plugins/{name}.toml");
        let written = String::from_utf8(environment.read(&live)).unwrap();
        let before = pair.text("before.toml");
        assert!(written.ends_with(&before), "{name}\n{written}");
        let head = written.strip_suffix(&before).unwrap().replace("/1.schema", "/2.schema");

        let migration = format!("migrations/{name}/1-to-2.toml");
        let draft = String::from_utf8(environment.read(&migration)).unwrap();
        let parsed = Migration::parse(&draft).unwrap_or_else(|error| panic!("{name}: {error}\n{draft}"));
        if parsed.open_decisions().next().is_none() {
            let screen = environment.run(&["migrate", name]);
            if !screen.status.success() {
                troubles.push(format!("the draft of {name}\n{draft}\n{screen}"));
                continue;
            }
            environment.succeed(&["migrate", name, "--to", "1"]);
            assert_eq!(
                String::from_utf8(environment.read(&live)).unwrap(),
                written,
                "the draft of {name}\n{draft}"
            );
            drafted.push(pair.name.clone());
        }

        environment.write(&migration, pair.text("migration.toml"));
        environment.succeed(&["commit", "-m", "decided"]);
        let screen = environment.run(&["migrate", "check", name]);
        if !screen.status.success() {
            troubles.push(screen.to_string());
        }
        environment.succeed(&["migrate", name, "--run-commands"]);
        let after = String::from_utf8(environment.read(&live)).unwrap();
        if std::env::var_os("UPDATE").is_some() {
            let path = pair.folder.join("after.toml");
            let mut file = fs::File::create(path).unwrap();
            std::io::Write::write_all(&mut file, after.strip_prefix(&head).unwrap().as_bytes()).unwrap();
        }
        assert_eq!(after, format!("{head}{}", pair.text("after.toml")), "{name}");
        let screen = environment.run(&["validate"]);
        assert!(screen.status.success(), "{name}\n{screen}");
        environment.succeed(&["migrate", name, "--to", "1", "--run-commands"]);
        assert_eq!(String::from_utf8(environment.read(&live)).unwrap(), written, "{name}");
        assert!(Document::parse(written).is_ok());
    }
    assert!(troubles.is_empty(), "{}", troubles.join("\n"));
    assert_eq!(drafted, DRAFTED);
}
