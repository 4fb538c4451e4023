//! `valvecfg edit` where something is sealed: placeholders, and `--reveal` in memory.

use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

use snapbox::str;

use super::assert_screen;
use super::secret::{CANARY, seal_in, sealed};
use super::unsealing::line;
use crate::environment::{Screen, TestEnvironment, VALVECFG};

/// Where there is a file system in memory; tests say so where there is none.
const MEMORY: &str = "/dev/shm";

/// An edit by this script, whose `$1` is the file.
fn edit(environment: &TestEnvironment, script: &str, words: &[&str]) -> Screen {
    let mut command = command(environment, script);
    environment.screen(command.args(["edit", "valve"]).args(words))
}

fn command(environment: &TestEnvironment, script: &str) -> Command {
    environment.beside("editor", script);
    let mut command = environment.command(VALVECFG);
    let editor = format!("sh {}", environment.folder().join("editor").display());
    command.env("EDITOR", editor).env("TMPDIR", environment.folder());
    command.env("XDG_RUNTIME_DIR", environment.folder());
    command
}

fn password(environment: &TestEnvironment) -> String {
    environment.succeed(&["get", "valve.mqtt.password", "--reveal"])
}

/// What an edit left beside the store: nothing but what the test made.
fn left_behind(environment: &TestEnvironment) -> Vec<String> {
    let entries = std::fs::read_dir(environment.folder()).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name.starts_with("valve")).collect()
}

#[test]
fn a_placeholder_that_is_left_alone_keeps_the_sealed_bytes() {
    let environment = sealed();
    let before = line(&environment);
    let screen = edit(
        &environment,
        "cp $1 ../seen; sed -i 's/^threshold = 60/threshold = 55/' $1",
        &[],
    );
    assert!(screen.status.success(), "{screen}");
    assert_eq!(line(&environment), before);
    assert_eq!(environment.succeed(&["get", "valve.threshold"]), "55\n");
    let seen = std::fs::read(environment.folder().join("seen")).unwrap();
    let seen = String::from_utf8(seen).unwrap();
    assert!(!seen.contains(CANARY) && !seen.contains("age:"), "{seen}");
    let placeholder = seen.lines().find(|line| line.starts_with("password")).unwrap();
    assert_eq!(
        placeholder,
        "password = \"‹sealed valve.mqtt.password: leave it alone, or put a new value in its place›\""
    );
    // Nothing else was changed by showing it.
    let stored = String::from_utf8(environment.read("plugins/valve.toml")).unwrap();
    assert_eq!(
        seen.replace(placeholder, &before)
            .replace("threshold = 60", "threshold = 55"),
        stored
    );
}

#[test]
fn plain_text_in_its_place_is_sealed_and_a_line_that_is_taken_out_is_gone() {
    let environment = sealed();
    let screen = edit(
        &environment,
        "sed -i 's/^password = .*/password = \"battery-staple\"/' $1",
        &[],
    );
    assert_screen!(
        screen
            .to_string()
            .replace(screen.stdout.lines().last().unwrap(), "saved"),
        str![[r#"
valve.mqtt.password ‹secret› -> ‹secret›
saved
------- stderr -------
nothing here tells valve; it takes effect after a restart of it

"#]]
    );
    assert_eq!(password(&environment), "battery-staple\n");
    let log = environment.git_succeed(&["log", "-p", "--all"]);
    assert!(!log.contains("battery-staple"));
    let screen = edit(&environment, "sed -i '/^password = /d' $1", &[]);
    assert!(screen.status.success(), "{screen}");
    assert_eq!(environment.run(&["get", "valve.mqtt.password"]).code(), Some(1));
}

#[test]
fn a_changed_placeholder_never_becomes_the_secret() {
    let environment = sealed();
    let before = environment.read("plugins/valve.toml");
    let screen = edit(&environment, "sed -i 's/leave it alone/leave it/' $1", &[]);
    let kept = left_behind(&environment);
    assert_eq!(kept.len(), 1);
    assert_screen!(
        screen.to_string().replace(&kept[0], "valve-XXXX.toml"),
        str![[r#"
------- stderr -------
error: what stands at `valve.mqtt.password` is neither what stood for its sealed value nor a new value
help: nothing was written; put back what stood there, put the whole new value, or use `valvecfg secret set valve.mqtt.password`
help: your text is in [FOLDER]/valve-XXXX.toml, without the secrets
[exit 1]

"#]]
    );
    assert_eq!(environment.read("plugins/valve.toml"), before);
}

#[test]
fn a_text_that_is_kept_is_kept_without_what_was_typed_as_a_secret() {
    let environment = sealed();
    for (script, code) in [
        ("sed -i 's/^password = .*/password = \"staple\"/' $1", 1),
        (
            "sed -i 's/^password = .*/password = \"battery-staple\"/; s/^threshold = 60/threshold = 600/' $1",
            1,
        ),
        ("sed -i 's/^password = .*/password = \"battery-staple/' $1", 1),
        ("sed -i 's/^password = .*/password = \"battery-staple\"/' $1; false", 3),
    ] {
        let screen = edit(&environment, script, &[]);
        assert_eq!(screen.code(), Some(code), "{script}\n{screen}");
        assert!(!screen.to_string().contains("staple"), "{screen}");
        assert!(screen.stderr.contains(", without the secrets"), "{screen}");
        for name in left_behind(&environment) {
            let path = environment.folder().join(name);
            let text = String::from_utf8(std::fs::read(&path).unwrap()).unwrap();
            assert!(text.contains("poll_interval") && !text.contains("staple"), "{text}");
            std::fs::remove_file(path).unwrap();
        }
    }
    assert_eq!(environment.git_status(), "");
}

#[test]
fn a_revealed_edit_seals_what_changed_only_and_leaves_nothing_behind() {
    if !Path::new(MEMORY).is_dir() {
        return super::skip("a_revealed_edit", "no /dev/shm");
    }
    let environment = TestEnvironment::gateway_in(Path::new(MEMORY));
    seal_in(&environment);
    let before = line(&environment);
    let look =
        "stat -c %a $(dirname $1) $1; grep ^password $1; touch $1~; sed -i 's/^threshold = 60/threshold = 55/' $1";
    let screen = edit(&environment, look, &["--reveal"]);
    assert!(screen.status.success(), "{screen}");
    let first: Vec<&str> = screen.stdout.lines().take(3).collect();
    assert_eq!(first, ["700", "600", &format!("password = \"{CANARY}\"")]);
    assert_eq!(line(&environment), before);
    assert_eq!(environment.succeed(&["get", "valve.threshold"]), "55\n");
    let change = "sed -i 's/^password = .*/password = \"battery-staple\"/' $1";
    let screen = edit(&environment, change, &["--reveal"]);
    assert!(
        screen.status.success() && !screen.to_string().contains("staple"),
        "{screen}"
    );
    assert_eq!(password(&environment), "battery-staple\n");
    // Where it is refused, the text is not kept, and what is shown of it is masked.
    for script in [
        "sed -i 's/^threshold = 55/threshold = 550/' $1",
        "sed -i 's/^password = /word = [/' $1",
        "sed -i 's/^password = .*/password = \"staple\"/' $1",
        "echo >> $1; false",
    ] {
        let screen = edit(&environment, script, &["--reveal"]);
        assert!(matches!(screen.code(), Some(1 | 3)), "{script}\n{screen}");
        assert!(!screen.to_string().contains("staple"), "{script}\n{screen}");
        assert!(screen.stderr.contains("your text was not kept"), "{screen}");
    }
    assert!(left_behind(&environment).is_empty(), "{:?}", left_behind(&environment));
    assert_eq!(environment.git_status(), "");
}

#[test]
fn a_signal_leaves_nothing_revealed_behind() {
    if !Path::new(MEMORY).is_dir() {
        return super::skip("a_signal_leaves_nothing", "no /dev/shm");
    }
    let environment = TestEnvironment::gateway_in(Path::new(MEMORY));
    seal_in(&environment);
    // Ctrl-C reaches all that runs on the terminal; a service manager's signal valvecfg alone.
    for signal in ["-s INT -- -$group", "-s TERM $group", "-s HUP $group"] {
        let mut command = command(
            &environment,
            &format!("touch ../began; group=$(cut -d' ' -f5 /proc/$$/stat); kill {signal}; sleep 20"),
        );
        // A group of its own, led by valvecfg, as a shell gives to a job. Without the signal, `sleep` would be waited
        // for, and all end well.
        command.process_group(0).args(["edit", "valve", "--reveal"]);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let status = command.status().unwrap();
        assert_eq!(status.code(), Some(3), "{signal}: {status}");
        std::fs::remove_file(environment.folder().join("began")).unwrap();
        assert!(left_behind(&environment).is_empty(), "{signal}");
    }
}

#[test]
fn secrets_are_not_revealed_on_a_disk() {
    let environment = sealed();
    let mut command = command(&environment, "touch ../began");
    command
        .env("XDG_RUNTIME_DIR", "/proc")
        .args(["edit", "valve", "--reveal"]);
    assert_screen!(
        environment.screen(&mut command).to_string(),
        str![[r#"
------- stderr -------
error: /proc is no folder in memory, and opened secrets must not come on a disk
help: edit without --reveal, or set $XDG_RUNTIME_DIR to a folder of yours on a tmpfs
[exit 2]

"#]]
    );
    assert!(!environment.folder().join("began").exists());
}
