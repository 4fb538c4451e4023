//! Questions, at a terminal that util-linux's `script` makes. Where there is none, these are skipped by name.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::process::{Command, Stdio};

use super::secret::{CANARY, sealed};
use crate::environment::{TestEnvironment, VALVECFG};

/// The program at a terminal.
fn on_terminal(environment: &TestEnvironment, line: &str) -> Command {
    let mut command = environment.command("script");
    let program = format!("{VALVECFG} {line}");
    command.args(["--quiet", "--return", "--command", &program, "/dev/null"]);
    command.env("TERM", "xterm").stdin(Stdio::piped());
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// What the terminal showed and the exit code, after these keys were typed; nothing where there is no `script`.
fn typed(environment: &TestEnvironment, variables: &[(&str, &str)], line: &str, keys: &str) -> Option<(String, i32)> {
    let mut command = on_terminal(environment, line);
    command.envs(variables.iter().copied());
    let Ok(mut child) = command.spawn() else {
        super::skip(line, "there is no `script` to make a terminal");
        return None;
    };
    // Left open until the end: its end would be taken for the end of the terminal.
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(keys.as_bytes()).unwrap();
    let screen = environment.shown(child.wait_with_output().unwrap());
    drop(stdin);
    Some((screen.stdout, screen.status.code().unwrap()))
}

/// The same where Ctrl-C is typed once the question stands there.
fn broken_off(environment: &TestEnvironment, line: &str) -> Option<(String, i32)> {
    let mut command = on_terminal(environment, line);
    let Ok(mut child) = command.spawn() else {
        super::skip(line, "there is no `script` to make a terminal");
        return None;
    };
    let (mut stdin, mut stdout) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
    let (mut screen, mut byte) = (Vec::new(), [0]);
    while stdout.read(&mut byte).unwrap() == 1 {
        screen.push(byte[0]);
        if screen.ends_with("›".as_bytes()) {
            stdin.write_all(b"\x03").unwrap();
        }
    }
    let code = child.wait().unwrap().code().unwrap();
    Some((String::from_utf8(screen).unwrap(), code))
}

/// The same where each of these is typed once a question stands there that hides what is typed: all that was typed before
/// is dropped.
fn typed_unseen(environment: &TestEnvironment, line: &str, keys: &[&str]) -> Option<(String, i32)> {
    let mut command = environment.command("script");
    // What asks for more hangs.
    let program = format!("timeout --foreground 60 {VALVECFG} {line}");
    command.args(["--quiet", "--return", "--command", &program, "/dev/null"]);
    command.env("TERM", "xterm").stdin(Stdio::piped());
    let Ok(mut child) = command.stdout(Stdio::piped()).spawn() else {
        super::skip(line, "there is no `script` to make a terminal");
        return None;
    };
    let (mut stdin, mut stdout) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
    let (mut screen, mut byte, mut keys) = (Vec::new(), [0], keys.iter());
    while stdout.read(&mut byte).unwrap() == 1 {
        screen.push(byte[0]);
        if screen.ends_with("›".as_bytes())
            && let Some(keys) = keys.next()
        {
            stdin.write_all(keys.as_bytes()).unwrap();
        }
    }
    let code = child.wait().unwrap().code().unwrap();
    Some((String::from_utf8(screen).unwrap(), code))
}

/// Locks the identity of an environment with a passphrase, as `age -p` does.
fn lock_identity(environment: &TestEnvironment, passphrase: &str) {
    let file = environment.folder().join("home/config/valvecfg/identity.txt");
    let mut recipient = age::scrypt::Recipient::new(passphrase.to_owned().into());
    // The work that a person waits for is another test's.
    recipient.set_work_factor(2);
    let locked = age::encrypt(&recipient, &std::fs::read(&file).unwrap()).unwrap();
    // Its mode stays.
    File::create(&file).unwrap().write_all(&locked).unwrap();
}

#[test]
fn set_without_a_value_says_what_is_known_and_asks() {
    let environment = TestEnvironment::gateway();
    let Some((screen, code)) = typed(&environment, &[], "set valve.position", "40\r") else {
        return;
    };
    assert_eq!(code, 0, "{screen}");
    for part in ["setting  valve.position", "0 to 100 percent", "not set"] {
        assert!(screen.contains(part), "{part}: {screen}");
    }
    assert_eq!(environment.succeed(&["get", "valve.position"]), "40\n");
    let (screen, code) = typed(&environment, &[], "set valve.threshold", "\r").unwrap();
    assert_eq!(code, 0, "{screen}");
    for part in [
        "Soil moisture below which",
        "default  60",
        "last change  valve.threshold 60 added by Ines Duarte",
    ] {
        assert!(screen.contains(part), "{part}: {screen}");
    }
    assert!(screen.contains("nothing to do"), "{screen}");
}

#[test]
fn what_is_typed_takes_the_place_of_the_value_and_enter_keeps_it() {
    let environment = TestEnvironment::gateway();
    let Some((screen, code)) = typed(&environment, &[], "set valve.threshold", "55\r") else {
        return;
    };
    assert_eq!(code, 0, "{screen}");
    assert!(screen.contains("(60)"), "{screen}");
    assert_eq!(environment.succeed(&["get", "valve.threshold"]), "55\n");
    let topic = environment.succeed(&["get", "valve.mqtt.topic"]);
    let (screen, _) = typed(&environment, &[], "set valve.mqtt.topic", "\r").unwrap();
    assert!(screen.contains("nothing to do"), "{screen}");
    assert_eq!(environment.succeed(&["get", "valve.mqtt.topic"]), topic);
    typed(&environment, &[], "set valve.mqtt.topic", "garden\r").unwrap();
    assert_eq!(environment.succeed(&["get", "valve.mqtt.topic"]), "garden\n");
}

#[test]
fn an_enum_and_a_boolean_are_chosen_from_a_list() {
    let environment = TestEnvironment::gateway();
    let Some((screen, code)) = typed(&environment, &[], "set valve.mode", "\u{1b}[B\u{1b}[B\r") else {
        return;
    };
    assert_eq!(code, 0, "{screen}");
    assert_eq!(environment.succeed(&["get", "valve.mode"]), "off\n");
    typed(&environment, &[], "set irrigation.enabled", "\u{1b}[B\r").unwrap();
    assert_eq!(environment.succeed(&["get", "irrigation.enabled"]), "false\n");
}

#[test]
fn a_bare_rollback_shows_the_change_and_asks() {
    let environment = TestEnvironment::gateway();
    environment.succeed(&["set", "valve.threshold", "55"]);
    let Some((screen, code)) = typed(&environment, &[], "rollback", "n") else {
        return;
    };
    assert_eq!(code, 0, "{screen}");
    assert!(screen.contains("valve.threshold 55 -> 60"), "{screen}");
    assert_eq!(environment.succeed(&["get", "valve.threshold"]), "55\n");
    let (screen, _) = typed(&environment, &[], "rollback", "y").unwrap();
    assert!(screen.contains("saved as"), "{screen}");
    assert_eq!(environment.succeed(&["get", "valve.threshold"]), "60\n");
}

#[test]
fn a_question_that_is_answered_with_nothing_is_answered_with_no() {
    let environment = TestEnvironment::gateway();
    environment.succeed(&["set", "valve.threshold", "55"]);
    let Some((screen, code)) = typed(&environment, &[], "rollback", "\r") else {
        return;
    };
    assert_eq!(code, 0, "{screen}");
    assert!(screen.contains("› no"), "{screen}");
    assert!(screen.contains("nothing was written"), "{screen}");
    assert_eq!(environment.succeed(&["get", "valve.threshold"]), "55\n");
}

#[test]
fn a_name_that_several_plugins_have_is_chosen() {
    let environment = TestEnvironment::gateway();
    let Some((screen, code)) = typed(&environment, &[], "get schema_version --show-origin", "\u{1b}[B\r") else {
        return;
    };
    assert_eq!(code, 0, "{screen}");
    assert!(screen.contains("plugins/valve.toml:2"), "{screen}");
}

#[test]
fn an_edit_that_is_not_valid_can_be_dropped_or_gone_on_with() {
    let environment = TestEnvironment::gateway();
    let wrong = [("EDITOR", "sed -i 's/threshold = 60/threshold = 600/'")];
    let Some((screen, code)) = typed(&environment, &wrong, "edit valve", "n") else {
        return;
    };
    assert_eq!(code, 0, "{screen}");
    assert!(
        screen.contains("must be at most 100") && screen.contains("is as it was"),
        "{screen}"
    );
    let growing = [(
        "EDITOR",
        "sed -i 's/threshold = 60*/&0/; s/threshold = 6000/threshold = 66/'",
    )];
    let (screen, code) = typed(&environment, &growing, "edit valve", "y").unwrap();
    assert_eq!(code, 0, "{screen}");
    assert_eq!(environment.succeed(&["get", "valve.threshold"]), "66\n");
}

#[test]
fn a_locked_identity_asks_for_its_passphrase_on_a_terminal() {
    let environment = sealed();
    lock_identity(&environment, "open sesame");
    let before = environment.read("plugins/valve.toml");
    for (line, right) in [
        ("get valve.mqtt.password --reveal", CANARY),
        ("secret list", "opens"),
        ("secret rekey --dry-run", "nothing was written"),
        ("validate --require-secrets", "no violations"),
        ("exec valve -- env", CANARY),
        ("render valve", CANARY),
    ] {
        let Some((screen, code)) = typed_unseen(&environment, line, &["open sesame\n"]) else {
            return;
        };
        assert_eq!(code, 0, "{line}: {screen}");
        assert!(
            screen.contains("passphrase of") && screen.contains(right),
            "{line}: {screen}"
        );
        assert!(!screen.contains("sesame"), "{line}: {screen}");
        let (screen, code) = typed_unseen(&environment, line, &["close sesame\n"]).unwrap();
        assert_eq!(
            code,
            if line.starts_with("validate") { 1 } else { 6 },
            "{line}: {screen}"
        );
        assert!(screen.contains("the passphrase does not open "), "{line}: {screen}");
        assert!(
            !screen.contains(CANARY) && !screen.contains("sesame"),
            "{line}: {screen}"
        );
    }
    assert_eq!(environment.read("plugins/valve.toml"), before);
}

#[test]
fn a_secret_is_asked_for_twice_and_not_shown() {
    let environment = sealed();
    let Some((screen, code)) = typed_unseen(
        &environment,
        "secret set valve.mqtt.password",
        &[
            "correct horse\n",
            "correct house\n",
            "battery staple\n",
            "battery staple\n",
        ],
    ) else {
        return;
    };
    assert_eq!(code, 0, "{screen}");
    assert!(
        screen.contains("once more") && screen.contains("the two differ"),
        "{screen}"
    );
    assert!(!screen.contains("horse") && !screen.contains("staple"), "{screen}");
    let revealed = environment.succeed(&["get", "valve.mqtt.password", "--reveal"]);
    assert_eq!(revealed, "battery staple\n");
    // Ctrl-D and Ctrl-C are no answers.
    for (keys, ends) in [("\x04", 3), ("\x03", 128 + 2)] {
        let asked = typed_unseen(&environment, "secret set valve.mqtt.password", &[keys]).unwrap();
        assert_eq!(asked.1, ends, "{}", asked.0);
    }
    let line = "secret set valve.mqtt.password; stty -a | tr ' ;' '\\n' | grep -x -- -*echo";
    let (screen, _) = typed_unseen(&environment, line, &["\x04"]).unwrap();
    assert!(screen.ends_with("\necho\r\n"), "{screen:?}");
    assert_eq!(
        environment.succeed(&["get", "valve.mqtt.password", "--reveal"]),
        revealed
    );
}

#[test]
fn a_locked_identity_without_a_terminal_says_what_to_do() {
    let environment = sealed();
    lock_identity(&environment, "open sesame");
    let verbs = [
        &["get", "valve.mqtt.password", "--reveal"][..],
        &["secret", "rekey"],
        &["secret", "list"],
        &["render", "valve"],
    ];
    for verb in verbs {
        let screen = environment.run(verb);
        assert_eq!(screen.code(), Some(5), "{screen}");
        for part in ["there is no terminal to ask for it", "`--identity FILE`"] {
            assert!(screen.stderr.contains(part), "{part}: {screen}");
        }
    }
    if let Some((screen, code)) = typed_unseen(&environment, "--no-input get valve.mqtt.password --reveal", &["x\n"]) {
        assert_eq!(code, 5, "{screen}");
        assert!(!screen.contains("passphrase of"), "{screen}");
    }
    // What opens nothing asks for nothing.
    environment.succeed(&["set", "valve.threshold", "41"]);
    environment.succeed(&["validate"]);
}

#[test]
fn no_input_never_asks() {
    let environment = TestEnvironment::gateway();
    let Some((screen, code)) = typed(&environment, &[], "--no-input set valve.threshold", "") else {
        return;
    };
    assert_eq!(code, 5, "{screen}");
}

#[test]
fn a_long_answer_goes_through_the_pager() {
    let environment = TestEnvironment::gateway();
    let pager = [("VALVECFG_PAGER", "sed s/^/paged:/")];
    let Some((screen, _)) = typed(&environment, &pager, "list", "") else {
        return;
    };
    assert!(screen.starts_with("paged:"), "{screen}");
    let (screen, _) = typed(&environment, &pager, "--no-pager list", "").unwrap();
    assert!(!screen.contains("paged:"), "{screen}");
    let (screen, _) = typed(&environment, &[("PAGER", "nosuch-pager")], "history -n 1", "").unwrap();
    assert!(screen.contains("plugin add"), "{screen}");
}

#[test]
fn nobody_loses_an_edit_by_pressing_enter() {
    let environment = TestEnvironment::gateway();
    let growing = [(
        "EDITOR",
        "sed -i 's/threshold = 60*/&0/; s/threshold = 6000/threshold = 66/'",
    )];
    let Some((screen, code)) = typed(&environment, &growing, "edit valve", "\r") else {
        return;
    };
    assert_eq!(code, 0, "{screen}");
    assert!(screen.contains("› yes"), "{screen}");
    assert_eq!(environment.succeed(&["get", "valve.threshold"]), "66\n");
}

#[test]
fn an_edit_is_not_gone_on_with_for_ever_where_all_is_answered_with_yes() {
    let environment = TestEnvironment::gateway();
    let wrong = [("EDITOR", "sed -i 's/threshold = 60/threshold = 600/'")];
    let Some((screen, code)) = typed(&environment, &wrong, "--yes edit valve", "") else {
        return;
    };
    assert_eq!(code, 1, "{screen}");
    assert!(screen.contains("your text is in [FOLDER]/"), "{screen}");
}

#[test]
fn a_question_that_is_broken_off_leaves_the_terminal_as_it_was() {
    let environment = TestEnvironment::gateway();
    environment.succeed(&["set", "valve.threshold", "55"]);
    for line in [
        "set valve.mode",
        "set valve.threshold",
        "rollback",
        "get schema_version",
    ] {
        let Some((screen, code)) = broken_off(&environment, line) else {
            return;
        };
        assert_eq!(code, 128 + 2, "{line}: {screen}");
        let (hidden, shown) = (screen.rfind("\u{1b}[?25l"), screen.rfind("\u{1b}[?25h"));
        assert!(shown.is_some() && shown > hidden, "{line}: {screen:?}");
    }
    assert_eq!(environment.succeed(&["get", "valve.threshold"]), "55\n");
}
