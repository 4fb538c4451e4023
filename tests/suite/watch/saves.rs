//! Edits by hand become revisions, however an editor saves them.

use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::{chown, symlink};
use std::path::Path;

use super::{Watching, skip};
use crate::environment::{TestEnvironment, VALVECFG};

const VALVE: &str = "plugins/valve.toml";

/// A way to save a text, and what it is.
type Save<'s> = (&'s str, Box<dyn Fn(&str) + 's>);

fn write(path: &Path, text: &str) {
    File::create(path).unwrap().write_all(text.as_bytes()).unwrap();
}

/// The valve's settings with another threshold.
fn settings(environment: &TestEnvironment, threshold: usize) -> String {
    let text = String::from_utf8(environment.read(VALVE)).unwrap();
    // The zones have thresholds of their own.
    let (before, rest) = text.split_once("\nthreshold = ").unwrap();
    let after = rest.trim_start_matches(|digit: char| digit.is_ascii_digit());
    format!("{before}\nthreshold = {threshold}{after}")
}

#[test]
fn every_way_of_saving_is_one_revision() {
    let environment = TestEnvironment::gateway();
    let file = environment.path(VALVE);
    let beside = |name: &str| file.with_file_name(name);
    let mut watching = Watching::start(&environment, &[]);
    let ways: Vec<Save<'_>> = vec![
        ("in place", Box::new(|text| write(&file, text))),
        (
            "in pieces",
            Box::new(|text| {
                let mut opened = File::create(&file).unwrap();
                for piece in text.as_bytes().chunks(100) {
                    opened.write_all(piece).unwrap();
                    opened.sync_all().unwrap();
                }
            }),
        ),
        (
            "as vim does: moved to a backup, written anew, the backup removed",
            Box::new(|text| {
                write(&beside(".valve.toml.swp"), "");
                write(&beside("4913"), "");
                fs::remove_file(beside("4913")).unwrap();
                fs::rename(&file, beside("valve.toml~")).unwrap();
                write(&file, text);
                fs::remove_file(beside("valve.toml~")).unwrap();
                fs::remove_file(beside(".valve.toml.swp")).unwrap();
            }),
        ),
        (
            "as sed -i and atomic writers do: another file renamed over it",
            Box::new(|text| {
                write(&beside("sedXYZ123"), text);
                fs::rename(beside("sedXYZ123"), &file).unwrap();
            }),
        ),
        (
            "as a hard link in its place",
            Box::new(|text| {
                write(&beside(".new"), text);
                fs::remove_file(&file).unwrap();
                fs::hard_link(beside(".new"), &file).unwrap();
                fs::remove_file(beside(".new")).unwrap();
            }),
        ),
        (
            "copied over it",
            Box::new(|text| {
                write(&beside(".new"), text);
                fs::copy(beside(".new"), &file).unwrap();
                fs::remove_file(beside(".new")).unwrap();
            }),
        ),
    ];
    let before = environment.git_succeed(&["rev-list", "--count", "main"]);
    let before: usize = before.trim().parse().unwrap();
    let mut threshold = 60;
    for (way, save) in &ways {
        save(&settings(&environment, threshold - 1));
        let expected = format!("valve.threshold {threshold} -> {}", threshold - 1);
        assert_eq!(watching.expect_recorded(), expected, "{way}");
        threshold -= 1;
    }
    assert!(watching.end().is_empty());
    let after = environment.git_succeed(&["rev-list", "--count", "main"]);
    assert_eq!(after.trim(), (before + ways.len()).to_string());
    assert_eq!(environment.git_succeed(&["status", "--short"]), "");
    let last = environment.succeed(&["show", "@"]);
    assert!(last.contains("via       hand"), "{last}");
    assert!(last.contains("edited by hand"), "{last}");
}

#[test]
fn real_editors_are_understood() {
    let environment = TestEnvironment::gateway();
    let mut watching = Watching::start(&environment, &[]);
    let mut threshold = 60;
    let editors: [(&str, &[&str]); 3] = [
        ("sed", &["-i", "0,/^threshold = [0-9]*/s//threshold = NEW/"]),
        ("perl", &["-pi", "-e", "s/^threshold = \\d+/threshold = NEW/"]),
        (
            "vim",
            &[
                "-es",
                "-u",
                "NONE",
                "-c",
                "%s/^threshold = \\d\\+/threshold = NEW/",
                "-c",
                "wq",
            ],
        ),
    ];
    for (editor, arguments) in editors {
        let new = (threshold - 1).to_string();
        let mut command = environment.command(editor);
        command.args(arguments.iter().map(|argument| argument.replace("NEW", &new)));
        match command.arg(VALVE).output() {
            Ok(output) if output.status.success() => {}
            _ => {
                skip("real_editors_are_understood", editor);
                continue;
            }
        }
        let recorded = watching.expect_recorded();
        assert!(recorded.contains(&format!("-> {new}")), "{editor}: {recorded}");
        // Some of them change the zones as well.
        threshold -= 1;
    }
    assert!(watching.end().is_empty());
}

#[test]
fn what_valvecfg_writes_itself_is_no_news() {
    let environment = TestEnvironment::gateway();
    let mut watching = Watching::start(&environment, &[]);
    environment.succeed(&["set", "valve.threshold", "55"]);
    environment.succeed(&["set", "valve.threshold=50", "heating.target=21.5"]);
    environment.succeed(&["rollback", "-y"]);
    // The same bytes again, and another time.
    environment.write(VALVE, environment.read(VALVE));
    environment.edit("plugins/heating.toml", "target = 20.5", "target = 20.0");
    assert_eq!(watching.expect_recorded(), "heating.target 20.5 -> 20.0");
    assert!(watching.end().is_empty());
}

#[test]
fn a_comment_is_a_revision_too() {
    let environment = TestEnvironment::gateway();
    let mut watching = Watching::start(&environment, &[]);
    environment.edit(VALVE, "threshold = 60", "threshold = 60 # why");
    assert_eq!(watching.expect_recorded(), VALVE);
    assert!(watching.end().is_empty());
}

#[test]
fn what_was_edited_while_nobody_watched_is_taken_up_at_the_start() {
    let environment = TestEnvironment::gateway();
    let watching = Watching::start(&environment, &[]);
    watching.kill();
    environment.edit(VALVE, "threshold = 60", "threshold = 50");
    environment.edit("plugins/heating.toml", "target = 20.5", "target = 20.0");
    let mut watching = Watching::start(&environment, &[]);
    let recorded = watching.expect_recorded();
    assert_eq!(recorded, "heating.target 20.5 -> 20.0\nvalve.threshold 60 -> 50");
    assert!(watching.end().is_empty());
}

#[test]
fn the_author_is_the_owner_of_the_file() {
    if !rustix::process::geteuid().is_root() {
        return skip("the_author_is_the_owner_of_the_file", "only root gives files away");
    }
    let environment = TestEnvironment::gateway();
    chown(environment.path(VALVE), Some(65_533), None).unwrap();
    environment.edit(VALVE, "threshold = 60", "threshold = 50");
    environment.edit("plugins/heating.toml", "target = 20.5", "target = 20.0");
    let mut watching = Watching::start(&environment, &[]);
    let mut authors = Vec::new();
    for _ in 0..2 {
        let recorded = watching.expect("recorded");
        let plugin = recorded["changes"][0]["key"].as_str().unwrap().to_owned();
        authors.push((plugin, recorded["author"]["name"].as_str().unwrap().to_owned()));
    }
    let authors: Vec<(&str, &str)> = authors
        .iter()
        .map(|(key, name)| (key.as_str(), name.as_str()))
        .collect();
    assert_eq!(
        authors,
        [("heating.target", "Ines Duarte"), ("valve.threshold", "uid 65533")]
    );
    assert!(watching.end().is_empty());
}

#[test]
fn a_link_to_settings_elsewhere_is_followed() {
    let environment = TestEnvironment::gateway();
    let elsewhere = environment.folder().join("elsewhere");
    fs::create_dir(&elsewhere).unwrap();
    let target = elsewhere.join("valve-settings.toml");
    fs::rename(environment.path(VALVE), &target).unwrap();
    symlink("../../elsewhere/valve-settings.toml", environment.path(VALVE)).unwrap();
    let mut watching = Watching::start(&environment, &[]);
    environment.edit(VALVE, "threshold = 60", "threshold = 50");
    assert_eq!(watching.expect_recorded(), "valve.threshold 60 -> 50");
    // And where a link is made while it watches.
    let heating = elsewhere.join("heating.toml");
    fs::copy(environment.path("plugins/heating.toml"), &heating).unwrap();
    fs::remove_file(environment.path("plugins/heating.toml")).unwrap();
    symlink(&heating, environment.path("plugins/heating.toml")).unwrap();
    environment.edit(VALVE, "threshold = 50", "threshold = 40");
    assert_eq!(watching.expect_recorded(), "valve.threshold 50 -> 40");
    let mut opened = OpenOptions::new().append(true).open(&heating).unwrap();
    opened.write_all(b"# why\n").unwrap();
    drop(opened);
    assert_eq!(watching.expect_recorded(), "plugins/heating.toml");
    assert!(watching.end().is_empty());
}

#[test]
fn what_others_read_wakes_nobody() {
    let environment = TestEnvironment::gateway();
    let mut watching = Watching::start(&environment, &[]);
    environment.edit(VALVE, "threshold = 60", "threshold = 50");
    watching.expect_recorded();
    // What it still has to look at is over once it answers a second time.
    environment.edit(VALVE, "threshold = 50", "threshold = 40");
    watching.expect_recorded();
    let waits = |watching: &Watching| watching.status("voluntary_ctxt_switches");
    let settled = || {
        let mut before = waits(&watching);
        loop {
            std::thread::sleep(std::time::Duration::from_millis(50));
            let now = waits(&watching);
            if now == before {
                return now;
            }
            before = now;
        }
    };
    let before = settled();
    for _ in 0..5 {
        environment.succeed(&["get", "valve.threshold"]);
        environment.succeed(&["list"]);
        environment.succeed(&["validate"]);
        environment.succeed(&["history"]);
    }
    assert_eq!(waits(&watching), before, "{VALVECFG} was woken by readers");
    assert!(watching.end().is_empty());
}
