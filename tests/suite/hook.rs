//! The pre-commit hooks: what `.pre-commit-hooks.yaml` says is run as pre-commit would run it.

use std::collections::BTreeMap;
use std::fs;

use crate::environment::{Screen, TestEnvironment, VALVECFG};
use crate::generated::repository;

type Hook = BTreeMap<String, String>;

/// Reads the part of YAML that the file keeps to: a list of flat maps. Anything else is refused, so what passes
/// here is read alike by every YAML parser.
fn hooks() -> Vec<Hook> {
    let text = String::from_utf8(fs::read(repository(".pre-commit-hooks.yaml")).unwrap()).unwrap();
    let mut hooks: Vec<Hook> = Vec::new();
    for line in text.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
        if line.starts_with("- ") {
            hooks.push(Hook::new());
        }
        let entry = line.strip_prefix("- ").or_else(|| line.strip_prefix("  "));
        let (key, value) = entry.and_then(|entry| entry.split_once(": ")).expect(line);
        let is_plain = |text: &str| !text.contains(": ") && !text.contains(" #") && text.trim() == text;
        assert!(is_plain(key) && is_plain(value), "{line}");
        let former = hooks.last_mut().expect(line).insert(key.to_owned(), value.to_owned());
        assert_eq!(former, None, "{line}");
    }
    hooks
}

/// Runs a hook on files, as pre-commit does: the words of its entry, then the files.
fn run(hook: &Hook, environment: &TestEnvironment, files: &[&str]) -> Screen {
    let mut words = hook["entry"].split(' ');
    assert_eq!(words.next(), Some("valvecfg"));
    environment.screen(environment.command(VALVECFG).args(words).args(files))
}

#[test]
fn the_hooks_say_all_that_pre_commit_asks_for() {
    let hooks = hooks();
    let ids: Vec<&str> = hooks.iter().map(|hook| hook["id"].as_str()).collect();
    assert_eq!(ids, ["valvecfg-validate", "valvecfg-validate-system"]);
    for hook in &hooks {
        assert!(!hook["name"].is_empty());
        assert!(["rust", "system"].contains(&hook["language"].as_str()));
        assert_eq!(hook["types"], "[toml]");
    }
}

#[test]
fn the_hooks_pass_what_is_valid_and_refuse_what_is_not() {
    let schema =
        r#"{ "properties": { "threshold": { "type": "integer", "maximum": 100 } }, "additionalProperties": false }"#;
    for hook in hooks() {
        let environment = TestEnvironment::empty();
        environment.write("pump.schema.json", schema);
        environment.write("good.toml", "#:schema pump.schema.json\nthreshold = 60\n");
        environment.write("bad.toml", "#:schema pump.schema.json\n\ntreshold = 60\n");
        environment.git_succeed(&["init", "--quiet"]);
        environment.git_succeed(&["add", "."]);

        let good = run(&hook, &environment, &["good.toml"]);
        assert_eq!(good.code(), Some(0), "{good}");
        let both = run(&hook, &environment, &["bad.toml", "good.toml"]);
        assert_eq!(both.code(), Some(1), "{both}");
        assert!(both.stdout.contains("bad.toml:3:1"), "{both}");
        assert!(both.stdout.contains("threshold"), "{both}");
    }
}
