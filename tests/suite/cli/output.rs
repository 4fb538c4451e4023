//! What holds for the output of every verb

use snapbox::str;

use super::assert_screen;
use crate::environment::TestEnvironment;

#[test]
fn json_of_a_failure_is_one_object() {
    let environment = TestEnvironment::gateway();
    let screens = environment.screens(&[
        "set valve.threshold 500 --json",
        "get nosuch --json",
        "show nonsense --json",
    ]);
    assert_screen!(
        screens,
        str![[r##"
$ valvecfg set valve.threshold 500 --json
------- stderr -------
{"error":"plugins/valve.toml is not accepted","cause":[],"hints":["nothing was written; try `valvecfg set valve.threshold 100`"],"exit":1,"violations":[{"file":"plugins/valve.toml","line":7,"column":13,"end_line":7,"end_column":16,"code":"VC101","severity":"error","message":"`threshold` must be at most 100","key":"threshold","schema":"#/properties/threshold/maximum","label":"500 is out of range","allowed":"0 to 100 percent, default 60 (schemas/valve/1.schema.json#/properties/threshold)","suggestion":"100"}]}
[exit 1]

$ valvecfg get nosuch --json
------- stderr -------
{"error":"no plugin has a setting `nosuch`","cause":[],"hints":["there are: heating, irrigation, valve","`valvecfg list` shows all settings"],"exit":2,"violations":[]}
[exit 2]

$ valvecfg show nonsense --json
------- stderr -------
{"error":"`nonsense` names no revision: no tag has this name, and it is no hash of 4 or more hexadecimal digits, no `@` or `@~3`, and no time such as `2026-11-01 10:00`","cause":[],"hints":["`valvecfg history` shows the revisions"],"exit":2,"violations":[]}
[exit 2]
"##]]
    );
}

#[test]
fn quiet_leaves_the_answer_and_errors() {
    let environment = TestEnvironment::gateway();
    let screens = environment.screens(&["-q set threshold 55", "-q set threshold 55", "-q set threshold 500"]);
    assert_screen!(
        screens,
        str![[r#"
$ valvecfg -q set threshold 55
valve.threshold 60 -> 55
saved as [rev 1]

$ valvecfg -q set threshold 55

$ valvecfg -q set threshold 500
------- stderr -------
error[VC101]: `threshold` must be at most 100
 --> plugins/valve.toml:7:13
  |
7 | threshold = 500       # percent; raised from 50 after the dry June
  |             ^^^ 500 is out of range
  |
  = note: 0 to 100 percent, default 60 (schemas/valve/1.schema.json#/properties/threshold)
help: nothing was written; try `valvecfg set valve.threshold 100`
[exit 1]
"#]]
    );
}

#[test]
fn colours_are_a_matter_of_choice() {
    let environment = TestEnvironment::gateway();
    environment.edit("plugins/valve.toml", "threshold = 60", "threshold = 55");
    let plain = environment.succeed(&["status"]);
    assert!(!plain.contains('\u{1b}'));
    let forced = environment.succeed(&["status", "--color", "always"]);
    assert!(forced.contains("\u{1b}[33medited by hand\u{1b}[0m"), "{forced}");
    let mut command = environment.command(crate::environment::VALVECFG);
    command.env_remove("NO_COLOR").env("CLICOLOR_FORCE", "1").arg("diff");
    assert!(environment.screen(&mut command).stdout.contains('\u{1b}'));
    command.env("NO_COLOR", "1");
    assert!(!environment.screen(&mut command).stdout.contains('\u{1b}'));
    assert_screen!(
        environment.screens(&["--color maybe list"]),
        str![[r#"
$ valvecfg --color maybe list
------- stderr -------
error: invalid value 'maybe' for '--color <WHEN>'
  [possible values: auto, always, never]

For more information, try '--help'.
[exit 2]
"#]]
    );
}

#[test]
fn what_a_file_holds_does_not_steer_the_terminal() {
    let environment = TestEnvironment::open_plugin();
    environment.with_input("set any.text --value-stdin", "\u{1b}[31mred\u{7}");
    let screens = environment.screens(&[
        "list",
        "history -n 1",
        "describe any.text",
        "diff @~1 @",
        "diff --text @~1 @",
        "show",
    ]);
    assert!(!screens.contains(['\u{1b}', '\u{7}']), "{screens}");
    assert_eq!(environment.succeed(&["get", "any.text"]), "\u{1b}[31mred\u{7}\n");
}

#[test]
fn an_answer_that_cannot_be_printed_is_a_failure_that_says_what_was_done() {
    let environment = TestEnvironment::gateway();
    let full = || std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    for (words, recorded) in [
        (&["get", "valve.threshold"][..], false),
        (&["set", "valve.threshold", "55"][..], true),
    ] {
        let mut command = environment.command(crate::environment::VALVECFG);
        let output = command
            .args(words)
            .stdout(full())
            .stderr(std::process::Stdio::piped())
            .spawn();
        let screen = environment.shown(output.unwrap().wait_with_output().unwrap());
        assert_eq!(screen.code(), Some(3), "{screen}");
        assert!(
            screen
                .stderr
                .contains("cannot print the answer: No space left on device"),
            "{screen}"
        );
        assert_eq!(screen.stderr.contains("all the same"), recorded, "{screen}");
    }
    assert_eq!(environment.succeed(&["get", "valve.threshold"]), "55\n");
}

/// Runs a command line with other streams, as a shell redirects them.
fn redirected(environment: &TestEnvironment, line: &str) -> crate::environment::Screen {
    let mut shell = environment.command("sh");
    shell.args(["-c", &line.replace("valvecfg", "\"$0\""), crate::environment::VALVECFG]);
    environment.screen(&mut shell)
}

#[test]
fn a_closed_standard_output_is_a_failure_and_one_that_goes_nowhere_is_none() {
    let environment = TestEnvironment::gateway();
    let screen = redirected(&environment, "valvecfg get valve.threshold >&-");
    assert_screen!(
        screen.to_string(),
        str![[r#"
------- stderr -------
error: cannot print the answer: Bad file descriptor (os error 9)
[exit 3]

"#]]
    );
    let screen = redirected(&environment, "valvecfg set valve.threshold 55 --json <&- >&-");
    assert_eq!(screen.code(), Some(3), "{screen}");
    assert!(screen.stderr.contains("all the same"), "{screen}");
    assert_eq!(environment.succeed(&["get", "valve.threshold"]), "55\n");
    for nowhere in [">/dev/null", "1<>/dev/null", "| cat >/dev/null"] {
        let screen = redirected(&environment, &format!("valvecfg get valve.threshold {nowhere}"));
        assert_eq!(screen.to_string(), "", "{nowhere}");
    }
    // There is nothing to print.
    let screen = redirected(&environment, "valvecfg diff >&-");
    assert_eq!(screen.to_string(), "");
}

#[test]
fn without_standard_error_the_answer_and_the_exit_code_say_it_all() {
    let environment = TestEnvironment::gateway();
    environment.succeed(&["set", "valve.threshold", "55"]);
    for broken in ["2>&-", "2>/dev/full"] {
        let lines = [
            ("get threshold", 0, "55\n"),
            ("get nosuch", 2, ""),
            ("set valve.threshold 500", 1, ""),
            ("set threshold 55", 0, ""),
            ("get threshold >&-", 3, ""),
        ];
        for (line, code, stdout) in lines {
            let screen = redirected(&environment, &format!("valvecfg {line} {broken}"));
            assert_eq!(
                (screen.code(), screen.stdout.as_str()),
                (Some(code), stdout),
                "{line} {broken}\n{screen}"
            );
        }
    }
}

#[test]
fn a_reader_that_has_seen_enough_is_no_failure() {
    let environment = TestEnvironment::gateway();
    let mut command = environment.command("sh");
    let script = r#"{ "$0" list; echo "exit $?" >&2; } | true"#;
    let screen = environment.screen(command.args(["-c", script, crate::environment::VALVECFG]));
    assert_eq!(screen.stderr, "exit 0\n");
}

#[test]
fn an_unknown_verb_and_no_verb_are_mistakes_of_usage() {
    let environment = TestEnvironment::empty();
    let screen = environment.run(&[]);
    assert_eq!(screen.code(), Some(2), "{screen}");
    assert_screen!(
        environment.screens(&["nosuch", "set --nosuch", "stauts"]),
        str![[r#"
$ valvecfg nosuch
------- stderr -------
error: unrecognized subcommand 'nosuch'

Usage: valvecfg [OPTIONS] <COMMAND>

For more information, try '--help'.
[exit 2]

$ valvecfg set --nosuch
------- stderr -------
error: unexpected argument '--nosuch' found

  tip: to pass '--nosuch' as a value, use '-- --nosuch'

Usage: valvecfg set [OPTIONS] <KEY VALUE|KEY=VALUE>...

For more information, try '--help'.
[exit 2]

$ valvecfg stauts
------- stderr -------
error: unrecognized subcommand 'stauts'

  tip: some similar subcommands exist: 'trust', 'status'

Usage: valvecfg [OPTIONS] <COMMAND>

For more information, try '--help'.
[exit 2]
"#]]
    );
}
