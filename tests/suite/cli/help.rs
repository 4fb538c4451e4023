//! What the helps say: examples that work in the example gateway, in lines that fit on a terminal.

use std::collections::BTreeSet;

use super::words;
use crate::environment::TestEnvironment;

/// The verbs that the help of a command lists, those of `plugin` as `plugin add`.
pub(super) fn verbs(environment: &TestEnvironment, of: &str) -> BTreeSet<String> {
    let words: Vec<&str> = of.split_whitespace().chain(["-h"]).collect();
    let help = environment.succeed(&words);
    let Some((_, list)) = help.split_once("\nCommands:\n") else {
        return BTreeSet::from([of.to_owned()]);
    };
    let lines = list.lines().take_while(|line| line.starts_with("  "));
    let names = lines.filter_map(|line| line.split_whitespace().next());
    names
        .filter(|name| *name != "help")
        .flat_map(|name| verbs(environment, format!("{of} {name}").trim_start()))
        .collect()
}

fn help(environment: &TestEnvironment, verb: &str) -> String {
    let words: Vec<&str> = verb.split_whitespace().chain(["--help"]).collect();
    environment.succeed(&words)
}

#[test]
fn no_line_is_too_long_for_a_terminal() {
    let environment = TestEnvironment::empty();
    let mut long = Vec::new();
    let verbs = verbs(&environment, "");
    for verb in verbs.iter().map(String::as_str).chain([""]) {
        let help = help(&environment, verb);
        // What comes between is clap's, which fits it to the terminal.
        let ours = help.lines().take_while(|line| !line.starts_with("Usage:"));
        let fields = help.lines().skip_while(|line| !line.starts_with("JSON:"));
        let lines = ours.chain(fields).filter(|line| line.chars().count() > 80);
        long.extend(lines.map(|line| format!("{verb}: {line}")));
    }
    assert!(long.is_empty(), "{}", long.join("\n"));
}

#[test]
fn every_example_is_understood() {
    let mut tried = 0;
    for verb in verbs(&TestEnvironment::empty(), "") {
        let environment = TestEnvironment::gateway();
        environment.succeed(&["set", "valve.threshold=55", "valve.mode=off"]);
        environment.succeed(&["set", "valve.threshold", "60"]);
        let help = help(&environment, &verb);
        let (_, examples) = help
            .split_once("\nExamples:\n")
            .unwrap_or_else(|| panic!("{verb} has no examples"));
        for line in examples.lines().take_while(|line| line.starts_with("  ")) {
            // A remark stands behind two spaces. What a shell does is a shell's.
            let command = line.trim().split("  ").next().unwrap();
            let shell = command.contains(['|', '>', '<', '*', '$'])
                || command.contains("&&")
                || !command.starts_with("valvecfg ");
            // Elsewhere, or without an end.
            let elsewhere = ["valvecfg init", "valvecfg demo", "valvecfg trust", "valvecfg watch"]
                .iter()
                .any(|verb| command.starts_with(verb));
            if shell || elsewhere {
                continue;
            }
            let plain = command
                .replace('"', "'")
                .replace("3f2a9c1", "@~1")
                .replace("2026-11-01 10:00", "2025-12-02");
            let words = words(plain.strip_prefix("valvecfg ").unwrap());
            let screen = environment.run(&words.iter().map(String::as_str).collect::<Vec<_>>());
            // A file that it names need not be here, and nobody is here to be asked.
            let is_understood = matches!(screen.code(), Some(0 | 1 | 3 | 4 | 5));
            assert!(is_understood, "{command}\n{screen}");
            tried += 1;
        }
    }
    assert!(tried > 40, "only {tried} examples were tried");
}
