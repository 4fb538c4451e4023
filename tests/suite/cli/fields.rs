//! What the help of each verb says of its `--json`, compared with what the verb answers.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;

use super::words;
use crate::environment::{TestEnvironment, VALVECFG};

/// Every verb, and commands that show every field of its answer, one after the other in one store.
const RUNS: &[(&str, &[&str])] = &[
    ("init", &["init ../new", "init ../clone"]),
    (
        "plugin add",
        &["plugin add any --schema ../any.json --settings ../any.toml"],
    ),
    ("plugin list", &["plugin list"]),
    ("plugin upgrade", &["plugin upgrade any --schema ../any2.json"]),
    ("migrate status", &["migrate status"]),
    ("migrate check", &["migrate check"]),
    ("migrate stamp", &["migrate stamp any 1"]),
    ("migrate new", &["migrate new any"]),
    ("plugin remove", &["plugin remove any"]),
    (
        "get",
        &[
            "get threshold --show-origin",
            "get heating.frost_guard --at @ --show-origin",
            "get valve.mqtt.port --show-origin",
            "get old.a --show-origin",
        ],
    ),
    ("set", &["set valve.threshold 55", "set valve.threshold 55"]),
    ("unset", &["unset valve.poll_interval"]),
    ("add", &["add heating.rooms[0].loops 9"]),
    ("remove", &["remove heating.rooms[0].loops 9"]),
    ("list", &["list valve", "list old"]),
    ("describe", &["describe threshold", "describe valve.position"]),
    ("edit", &["edit valve", "edit heating"]),
    ("apply", &["apply ../valve.toml -n"]),
    (
        "import",
        &[
            "import ../valve.json --plugin valve",
            "import ../valve.json --plugin valve --fix --skip treshold --skip mode --confirm-within 1h --confirm-by health --bake 50m",
        ],
    ),
    ("status", &["status", "-C ../detached status"]),
    ("applied", &["applied valve @"]),
    ("confirm", &["confirm --extend 5m", "confirm"]),
    ("diff", &["diff", "diff @~2 @"]),
    ("validate", &["validate"]),
    ("commit", &["commit --confirm-within 1h --confirm-by health --bake 50m"]),
    ("history", &["history", "history valve.threshold"]),
    ("show", &["show"]),
    ("rollback", &["rollback @~1"]),
    ("revert", &["revert @"]),
    ("secret keygen", &["secret keygen"]),
    ("secret set", &["secret set valve.mqtt.password --from-file"]),
    ("secret list", &["secret list"]),
    ("secret scan", &["secret scan --history"]),
    ("secret rekey", &["secret rekey"]),
    ("secret recipients list", &["secret recipients list"]),
    (
        "secret recipients add",
        &["secret recipients add age1ztcq26f74qf2j4pn3yfhkymsun4u5c9vx622lntz0wrjq0h3637sl40apu"],
    ),
    (
        "secret recipients remove",
        &["secret recipients remove age1ztcq26f74qf2j4pn3yfhkymsun4u5c9vx622lntz0wrjq0h3637sl40apu"],
    ),
    ("exec", &["--json exec valve -n -- true"]),
    (
        "render",
        &["render valve", "render valve --format env --output ../valve.env"],
    ),
    ("watch", &["watch --on-invalid restore --max-size 8K"]),
    ("trust", &["trust ."]),
    ("doctor", &["doctor", "doctor --types"]),
    ("explain", &["explain", "explain VC101"]),
    ("completion", &["completion bash"]),
    ("man", &["man set"]),
    ("demo", &["demo ../demo"]),
];

/// Fields that hold what a person or a schema wrote, or what is described elsewhere.
const OPAQUE: [&str; 10] = [
    "value",
    "before",
    "after",
    "default",
    "values[]",
    // Told of with `status`.
    "deliveries[]",
    "examples[]",
    "absorbed.changes[]",
    "plugins[].changes[]",
    "violations[]",
];

/// The fields that a verb's help names.
fn documented(environment: &TestEnvironment, verb: &str) -> BTreeSet<String> {
    let help = environment.succeed(&[&verb.split_whitespace().collect::<Vec<_>>()[..], &["--help"]].concat());
    let Some((_, fields)) = help.split_once("\nJSON: ") else {
        panic!("the help of `{verb}` does not say what --json answers\n{help}");
    };
    let indented = fields.lines().filter_map(|line| line.strip_prefix("  "));
    let names = indented.filter_map(|line| line.split("  ").next());
    let fields: BTreeSet<String> = names.flat_map(|names| names.split(", ")).map(str::to_owned).collect();
    assert!(!fields.is_empty(), "{help}");
    fields
}

fn is_opaque(path: &str) -> bool {
    OPAQUE
        .iter()
        .any(|name| path == *name || path.ends_with(&format!(".{name}")))
}

/// Every field of an answer, an array's with `[]`.
fn gather(json: &Json, path: &str, found: &mut BTreeSet<String>) {
    let is_array = json.is_array() && !is_opaque(path);
    let path = if is_array { format!("{path}[]") } else { path.to_owned() };
    if !path.is_empty() {
        found.insert(path.clone());
    }
    if is_opaque(&path) {
        return;
    }
    match json {
        Json::Object(fields) => {
            for (name, field) in fields {
                let separator = if path.is_empty() { "" } else { "." };
                gather(field, &format!("{path}{separator}{name}"), found);
            }
        }
        Json::Array(items) => {
            for item in items.iter().filter(|item| item.is_object()) {
                gather(item, &path, found);
            }
        }
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => {}
    }
}

#[test]
fn the_help_of_each_verb_names_the_fields_of_its_answer_and_no_others() {
    let environment = TestEnvironment::gateway();
    environment.beside("any.json", r#"{"type": "object"}"#);
    environment.beside("any2.json", r#"{"type": "object", "title": "any"}"#);
    environment.beside("any.toml", "text = 'inf'\n");
    environment.beside("valve.toml", "threshold = 70\n");
    environment.beside(
        "valve.json",
        r#"{"treshold": 50, "poll_interval": "20", "mode": "idle", "hysteresis": 3}"#,
    );
    environment.git_succeed(&["clone", "-q", ".", "../clone"]);
    environment.git_succeed(&["clone", "-q", ".", "../detached"]);
    environment.git_succeed(&["-C", "../detached", "checkout", "-q", "--detach"]);
    let mut told: BTreeMap<BTreeSet<String>, BTreeSet<String>> = BTreeMap::new();
    for (verb, lines) in RUNS {
        let documented = documented(&environment, verb);
        for line in *lines {
            prepare(&environment, line);
            let mut command = environment.command(VALVECFG);
            command.args(words(line)).arg("--json");
            command.env("EDITOR", "sed -i 's/^threshold = 55/threshold = 56/'");
            let screen = if *verb == "watch" {
                crate::watch::screen_of_each_event(&mut command)
            } else {
                environment.screen(&mut command)
            };
            assert!(!screen.stdout.is_empty(), "{line}\n{screen}");
            let seen = told.entry(documented.clone()).or_default();
            for answer in screen.stdout.lines() {
                let answer: Json =
                    serde_json::from_str(answer).unwrap_or_else(|error| panic!("{line}: {error}\n{screen}"));
                assert!(answer.is_object(), "{line}\n{screen}");
                let mut found = BTreeSet::new();
                gather(&answer, "", &mut found);
                for field in &found {
                    let below = [format!("{field}."), format!("{field}[]")];
                    let is_told = |name: &String| name == field || below.iter().any(|below| name.starts_with(below));
                    assert!(
                        documented.iter().any(is_told),
                        "the help of `{verb}` does not name `{field}`"
                    );
                }
                seen.extend(found);
            }
        }
    }
    for (documented, seen) in told {
        let missing: Vec<_> = documented.difference(&seen).collect();
        assert!(
            missing.is_empty(),
            "these fields are told of and were not seen: {missing:?}\n{documented:?}"
        );
    }
}

/// A plugin that runs, and says so itself.
const RUNS_VALVE: &str = "[plugins.valve]\nacknowledges = true\n";

/// What some commands need to find, so that they answer with all there is.
fn prepare(environment: &TestEnvironment, line: &str) {
    match line {
        "diff @~2 @" | "history" => std::fs::remove_file(environment.path("valvecfg.local.toml")).unwrap(),
        // A hand edit that is absorbed.
        "unset valve.poll_interval" => environment.edit("plugins/valve.toml", "hysteresis = 2.5", "hysteresis = 3.5"),
        "import ../valve.json --plugin valve --fix --skip treshold --skip mode --confirm-within 1h --confirm-by health --bake 50m" =>
        {
            environment.edit("plugins/valve.toml", "fail_safe = \"closed\"", "fail_safe = \"open\"");
            environment.write("valvecfg.local.toml", RUNS_VALVE);
        }
        "doctor --types" => {
            // An integer to JSON Schema, and a float to who reads TOML.
            environment.edit("plugins/valve.toml", "keep_alive = 30", "keep_alive = 30.0");
            environment.succeed(&["commit"]);
        }
        "status" => {
            // A plugin that runs.
            environment.write("valvecfg.local.toml", RUNS_VALVE);
            environment.edit("plugins/valve.toml", "threshold = 56", "threshold = 560");
            environment.edit("valvecfg.toml", "[plugins.valve]", "# ours\n[plugins.valve]");
            environment.write("plugins/stranger.toml", "");
        }
        "commit --confirm-within 1h --confirm-by health --bake 50m" => {
            environment.edit("plugins/valve.toml", "threshold = 560", "threshold = 57");
            environment.write("valvecfg.local.toml", RUNS_VALVE);
        }
        "secret scan --history" => {
            let topic = ["AKIA", "QPZRY9X8GF2TVDW0"].concat();
            environment.succeed(&["set", "valve.mqtt.topic", &topic]);
        }
        "secret set valve.mqtt.password --from-file" => {
            environment.edit(
                "plugins/valve.toml",
                "keep_alive = 30",
                "keep_alive = 30\npassword = \"correct horse\"",
            );
        }
        "get old.a --show-origin" => {
            environment.write("schemas/old/1.schema.json", "{}");
            environment.write("schemas/old/2.schema.json", "{}");
            environment.write("migrations/old/1-to-2.toml", "from = 1\nto = 2\n");
            environment.write("plugins/old.toml", "#:schema ../schemas/old/1.schema.json\na = 1\n");
            let manifest = String::from_utf8(environment.read("valvecfg.toml")).unwrap();
            environment.write("valvecfg.toml", manifest + "\n[plugins.old]\nschema-version = 2\n");
            environment.succeed(&["commit"]);
        }
        "migrate new any" => std::fs::remove_file(environment.path("migrations/any/1-to-2.toml")).unwrap(),
        _ => {}
    }
}

#[test]
fn no_verb_is_left_out() {
    let environment = TestEnvironment::empty();
    let expected = super::help::verbs(&environment, "");
    let tested: BTreeSet<String> = RUNS.iter().map(|(verb, _)| (*verb).to_owned()).collect();
    assert_eq!(tested, expected);
}

#[test]
fn the_help_of_the_program_names_the_fields_of_a_failure() {
    let environment = TestEnvironment::gateway();
    let documented = documented(&environment, "");
    let screen = environment.run(&["set", "valve.threshold", "500", "--json"]);
    let mut seen = BTreeSet::new();
    let failure: Json = serde_json::from_str(&screen.stderr).unwrap();
    gather(&failure, "", &mut seen);
    seen.retain(|field| !field.starts_with("violations[]."));
    assert_eq!(seen, documented);
    // The violations themselves are those of `validate`.
    let mut violation = BTreeSet::new();
    gather(&failure["violations"][0], "", &mut violation);
    assert!(
        violation.is_subset(&self::documented(&environment, "validate")),
        "{violation:?}"
    );
}
