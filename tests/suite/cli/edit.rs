//! `valvecfg edit`

use std::os::unix::process::CommandExt as _;
use std::process::Stdio;

use snapbox::str;

use super::assert_screen;
use crate::environment::{Screen, TestEnvironment, VALVECFG};

#[test]
fn an_edit_is_checked_and_recorded() {
    let environment = TestEnvironment::gateway();
    let editor = [("EDITOR", "sed -i 's/threshold = 60/threshold = 55/'")];
    assert_screen!(
        environment.screen_where(&editor, "edit valve -n"),
        str![[r#"
$ valvecfg edit valve -n
valve.threshold 60 -> 55
------- stderr -------
nothing was written: this was a dry run
"#]]
    );
    assert_screen!(
        environment.screen_where(&editor, "edit valve -m 'summer'"),
        str![[r#"
$ valvecfg edit valve -m 'summer'
valve.threshold 60 -> 55
saved as [rev 1]
"#]]
    );
    assert_screen!(
        environment.screen_where(&[("VISUAL", "true"), ("EDITOR", "false")], "edit valve"),
        str![[r#"
$ valvecfg edit valve
------- stderr -------
nothing was changed
"#]]
    );
    assert_eq!(environment.git_status(), "");
}

#[test]
fn an_edit_that_is_refused_keeps_what_was_typed() {
    let environment = TestEnvironment::gateway();
    let temporary = environment.folder().to_str().unwrap().to_owned();
    let editor = [
        ("EDITOR", "sed -i 's/threshold = 60/threshold = 600/'"),
        ("TMPDIR", &temporary),
    ];
    let screen = environment.screen_where(&editor, "edit valve");
    let kept = std::fs::read_dir(environment.folder()).unwrap();
    let kept = kept.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let kept = kept.filter(|name| name.starts_with("valve-")).collect::<Vec<_>>();
    let text = String::from_utf8(environment.read(&format!("../{}", kept[0]))).unwrap();
    assert!(text.contains("threshold = 600"), "{text}");
    assert_screen!(
        screen.replace(&kept[0], "valve-XXXX.toml"),
        str![[r#"
$ valvecfg edit valve
------- stderr -------
error[VC101]: `threshold` must be at most 100
 --> plugins/valve.toml:7:13
  |
7 | threshold = 600       # percent; raised from 50 after the dry June
  |             ^^^ 600 is out of range
  |
  = note: 0 to 100 percent, default 60 (schemas/valve/1.schema.json#/properties/threshold)
help: nothing was written; try `valvecfg set valve.threshold 100`
help: `valvecfg edit valve` on a terminal lets you go on where something is wrong
help: your text is in [FOLDER]/valve-XXXX.toml
[exit 1]
"#]]
    );
    assert_eq!(environment.git_status(), "");
}

#[test]
fn a_hand_edit_that_is_not_valid_can_be_mended() {
    let environment = TestEnvironment::gateway();
    environment.edit("plugins/valve.toml", "threshold = 60", "threshold = 600");
    let editor = [("EDITOR", "sed -i 's/threshold = 600/threshold = 59/'")];
    assert_screen!(
        environment.screen_where(&editor, "edit valve"),
        str![[r#"
$ valvecfg edit valve
valve.threshold 60 -> 59
saved as [rev 1]
"#]]
    );
    assert_eq!(environment.git_status(), "");
}

#[test]
fn each_mistake_is_told() {
    let environment = TestEnvironment::gateway();
    assert_screen!(
        environment.screens(&["edit", "edit nosuch", "edit valve"]),
        str![[r#"
$ valvecfg edit
------- stderr -------
error: which plugin?
help: valvecfg edit PLUGIN; there are: heating, irrigation, valve
[exit 2]

$ valvecfg edit nosuch
------- stderr -------
error: there is no plugin `nosuch`
help: there are: heating, irrigation, valve
[exit 2]

$ valvecfg edit valve
------- stderr -------
error: cannot ask without a terminal: what is the new text?
help: pass an editor that needs none in $EDITOR, or use `valvecfg apply`
[exit 5]
"#]]
    );
    assert_screen!(
        environment.screen_where(&[("EDITOR", "false")], "edit valve"),
        str![[r#"
$ valvecfg edit valve
------- stderr -------
error: the editor `false` failed: it ended with exit status: 1
[exit 3]
"#]]
    );
    assert_screen!(
        environment.screen_where(&[("EDITOR", "true")], "edit nosuch"),
        str![[r#"
$ valvecfg edit nosuch
------- stderr -------
error: there is no plugin `nosuch`
help: there are: heating, irrigation, valve
[exit 2]
"#]]
    );
}

#[test]
fn somebody_who_saves_in_between_is_not_overwritten() {
    let environment = TestEnvironment::gateway();
    let settings = environment.path("plugins/valve.toml");
    let temporary = environment.folder().to_str().unwrap().to_owned();
    let both = format!(
        "sed -i 's/threshold = 60/threshold = 55/' {} && sed -i 's/threshold = 60/threshold = 50/'",
        settings.display()
    );
    let screen = environment.screen_where(&[("EDITOR", &both), ("TMPDIR", &temporary)], "edit valve");
    let hint = screen
        .lines()
        .find(|line| line.contains("your text is in"))
        .unwrap()
        .to_owned();
    assert_screen!(
        screen.replace(&hint, "help: your text is in [FILE]"),
        str![[r#"
$ valvecfg edit valve
------- stderr -------
error: plugins/valve.toml has changed while it was being edited
help: nothing was written
help: your text is in [FILE]
[exit 4]
"#]]
    );
    assert_eq!(environment.succeed(&["get", "valve.threshold"]), "55\n");
}

/// An edit whose editor does `first` with its file and then has valvecfg told to end by this signal.
fn ended_by(environment: &TestEnvironment, signal: &str, first: &str) -> Screen {
    // valvecfg leads a group of its own, by which its editor finds it. `sleep` would be waited for without a signal.
    let script = format!("{first}; group=$(cut -d' ' -f5 /proc/$$/stat); kill -s {signal} $group; exec sleep 20\n");
    environment.beside("editor", script);
    environment.beside("temporary/.keep", "");
    let mut command = environment.command(VALVECFG);
    let editor = format!("exec sh {}", environment.folder().join("editor").display());
    command
        .env("EDITOR", editor)
        .env("TMPDIR", environment.folder().join("temporary"));
    command.args(["edit", "valve"]).process_group(0);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    environment.shown(child.unwrap().wait_with_output().unwrap())
}

fn temporary(environment: &TestEnvironment) -> Vec<String> {
    let entries = std::fs::read_dir(environment.folder().join("temporary")).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name != ".keep").collect()
}

#[test]
fn an_edit_that_a_signal_ends_leaves_no_file_behind() {
    for signal in ["TERM", "HUP", "QUIT"] {
        let environment = TestEnvironment::gateway();
        let screen = ended_by(&environment, signal, "true");
        assert_eq!(screen.code(), Some(3), "{signal}: {screen}");
        assert!(screen.stderr.contains("a signal told valvecfg to end"), "{screen}");
        assert_eq!(temporary(&environment), Vec::<String>::new(), "{signal}");
    }
}

#[test]
fn what_was_typed_before_a_signal_is_kept_and_named() {
    let environment = TestEnvironment::gateway();
    let screen = ended_by(&environment, "TERM", "sed -i 's/threshold = 60/threshold = 55/' $1");
    assert_eq!(screen.code(), Some(3), "{screen}");
    let kept = temporary(&environment);
    assert_eq!(kept.len(), 1, "{kept:?}");
    assert!(
        screen
            .stderr
            .contains(&format!("your text is in [FOLDER]/temporary/{}", kept[0])),
        "{screen}"
    );
    assert_eq!(environment.succeed(&["get", "valve.threshold"]), "60\n");
}
