//! `valvecfg completion`, and what it offers

use snapbox::str;

use super::assert_screen;
use crate::environment::{TestEnvironment, VALVECFG};

/// What is offered for the last of these words, without options.
fn offered(environment: &TestEnvironment, words: &[&str]) -> String {
    let mut command = environment.command(VALVECFG);
    command
        .env("COMPLETE", "bash")
        .env("_CLAP_IFS", "\n")
        .env("_CLAP_COMPLETE_COMP_TYPE", "9");
    command
        .env("_CLAP_COMPLETE_SPACE", "true")
        .env("_CLAP_COMPLETE_INDEX", words.len().to_string());
    let screen = environment.screen(command.args(["--", "valvecfg"]).args(words));
    assert_eq!(screen.stderr, "");
    let offered = screen.stdout.lines().filter(|line| !line.starts_with("--"));
    offered.collect::<Vec<_>>().join(" ")
}

#[test]
fn keys_and_values_come_from_the_store() {
    let environment = TestEnvironment::gateway();
    let of = |words: &[&str]| offered(&environment, words);
    assert_eq!(of(&["get", "valve.p"]), "valve.poll_interval valve.position");
    assert_eq!(of(&["set", "valve.mode", ""]), "auto manual off");
    assert_eq!(of(&["set", "valve.mode", "m"]), "manual");
    assert_eq!(of(&["set", "valve.mode=o"]), "valve.mode=off");
    assert_eq!(of(&["set", "-m", "why", "irrigation.enabled", ""]), "true false");
    assert_eq!(of(&["rollback", "@~1", "--key", "valve.th"]), "valve.threshold");
}

#[test]
fn plugins_revisions_codes_and_shells_are_offered() {
    let environment = TestEnvironment::gateway();
    let of = |words: &[&str]| offered(&environment, words);
    assert_eq!(of(&["edit", ""]), "heating irrigation valve");
    assert_eq!(of(&["plugin", "remove", "v"]), "valve");
    assert_eq!(of(&["history", "--plugin", "h"]), "heating");
    assert_eq!(of(&["explain", "VC30"]), "VC301 VC302 VC303 VC304");
    assert_eq!(of(&["completion", "f"]), "fish");
    let head = environment.git_succeed(&["rev-parse", "--short=8", "main"]);
    assert!(of(&["show", ""]).starts_with(head.trim()));
    assert!(of(&["diff", ""]).starts_with(head.trim()));
}

#[test]
fn where_nothing_can_be_known_nothing_is_offered_and_nothing_printed() {
    let environment = TestEnvironment::empty();
    assert_eq!(offered(&environment, &["get", "v"]), "");
    let environment = TestEnvironment::gateway();
    environment.write("valvecfg.toml", "= broken");
    assert_eq!(offered(&environment, &["get", "v"]), "");
}

#[test]
fn bash_completes_with_the_script() {
    let environment = TestEnvironment::gateway();
    let bash = environment.command("bash").arg("--version").output();
    if bash.is_err() {
        return super::skip("completion in bash", "there is no bash");
    }
    let folder = std::path::Path::new(VALVECFG).parent().unwrap();
    let script = format!(
        "PATH={}:$PATH; source <(valvecfg completion bash); COMP_WORDS=(valvecfg set valve.mode m); COMP_CWORD=3; \
         COMP_TYPE=9; _clap_complete_valvecfg valvecfg m valve.mode; echo \"${{COMPREPLY[@]}}\"",
        folder.display()
    );
    let screen = environment.screen(environment.command("bash").args(["--norc", "-c", &script]));
    assert_eq!(screen.to_string(), "manual\n");
}

#[test]
fn every_shell_has_a_script_and_others_are_refused() {
    let environment = TestEnvironment::empty();
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        assert!(
            environment.succeed(&["completion", shell]).contains("COMPLETE"),
            "{shell}"
        );
    }
    assert_screen!(
        environment.screens(&["completion nosuch"]),
        str![[r#"
$ valvecfg completion nosuch
------- stderr -------
error: no completion for `nosuch`
help: one of bash, elvish, fish, powershell, zsh
[exit 2]
"#]]
    );
}
