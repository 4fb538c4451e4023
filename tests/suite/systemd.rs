//! Telling plugins by their systemd units, with a `systemctl` that only writes down what it was asked, since systemd does not run everywhere.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;
use valvecfg::plugin::{Need, Notify, Telling, Told};
use valvecfg::revision::RevisionId;

const SYSTEMCTL: &str = r#"#!/bin/sh
cd "$(dirname "$0")"
echo "$*" >> asked
case $1 in
show) cat shown ;;
*) cat said >&2; exit "$(cat exit)" ;;
esac
"#;

/// What a `systemctl` does.
struct Fake<'a> {
    exit: i32,
    said: &'a str,
    shown: &'a str,
}

impl Fake<'_> {
    /// What telling comes to, and what was asked.
    fn tell(&self, entry: &str, need: &str) -> (String, String) {
        let folder = TempDir::new().unwrap();
        let write = |name: &str, text: &str| {
            let mut file = File::create(folder.path().join(name)).unwrap();
            file.write_all(text.as_bytes()).unwrap();
        };
        write("exit", &self.exit.to_string());
        write("said", self.said);
        write("shown", self.shown);
        write("script", SYSTEMCTL);
        // What another test has just begun may still have a file open for writing that we wrote, which then cannot be run.
        let mut install = Command::new("install");
        install
            .arg(folder.path().join("script"))
            .arg(folder.path().join("systemctl"));
        assert!(install.status().unwrap().success());
        let path = format!("{}:/usr/bin:/bin", folder.path().display());
        let told = told(&path, entry, need);
        let asked = fs::read(folder.path().join("asked")).unwrap_or_default();
        (told, String::from_utf8(asked).unwrap())
    }
}

/// What telling comes to where programs are looked for along a path.
fn told(path: &str, entry: &str, need: &str) -> String {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args([
        "--exact",
        "systemd::where_programs_are_elsewhere",
        "--ignored",
        "--nocapture",
    ]);
    command.env("PATH", path).env("ENTRY", entry).env("NEED", need);
    let output = command.output().unwrap();
    let output = String::from_utf8(output.stdout).unwrap();
    let told = output.lines().find_map(|line| line.strip_prefix("told: "));
    told.unwrap_or_else(|| panic!("{output}")).to_owned()
}

#[test]
#[ignore = "it is a part of the others"]
#[expect(clippy::print_stdout, reason = "so it answers")]
fn where_programs_are_elsewhere() {
    let need = match std::env::var("NEED").unwrap().as_str() {
        "restart" => Need::Restart,
        _ => Need::Reload,
    };
    let told = match tell(&std::env::var("ENTRY").unwrap(), need) {
        Told::Sent => "sent".to_owned(),
        Told::Applied => "applied".to_owned(),
        Told::Refused { reason } => format!("refused: {reason}"),
        Told::NotRunning { why } => format!("not running: {why}"),
        Told::Unreachable { why } => format!("unreachable: {why}"),
    };
    println!("\ntold: {told}");
}

/// Tells as the manifest's entry says.
fn tell(entry: &str, need: Need) -> Told {
    let notify: Notify = toml::from_str(entry).unwrap_or_else(|error| panic!("{entry}: {error}"));
    notify.tell(&Telling {
        plugin: "valve",
        revision: RevisionId::from([0x3f; 20]),
        keys: &["threshold".to_owned()],
        need,
        store: Path::new("/"),
    })
}

const UNIT: &str = "systemd = \"valve.service\"\n";

#[test]
fn a_unit_is_asked_as_the_manifest_says() {
    let (exit, said, shown) = (0, "", "");
    let fake = Fake { exit, said, shown };
    let show = "show --property=LoadState,ActiveState,Type valve.service\n";
    for (action, need, verb) in [
        ("", "restart", "reload"),
        ("action = \"reload\"", "restart", "reload"),
        ("action = \"restart\"", "reload", "try-restart"),
        ("action = \"as-needed\"", "reload", "reload"),
        ("action = \"as-needed\"", "restart", "try-restart"),
    ] {
        let (told, asked) = fake.tell(&format!("{UNIT}{action}"), need);
        assert_eq!(told, "sent");
        assert_eq!(asked, format!("--no-ask-password {verb} valve.service\n{show}"));
    }
}

#[test]
fn what_systemd_answers_is_what_came_of_it() {
    let refused = "Job for valve.service failed because the control process exited with error code.\n\
                   See \"systemctl status valve.service\" and \"journalctl -xeu valve.service\" for details.\n";
    let reason = "refused: Job for valve.service failed because the control process exited with error code.";
    let inactive = "not running: valve.service is not active";
    let cases = [
        (
            "reload",
            0,
            "",
            "Type=simple\nActiveState=active\nLoadState=loaded\n",
            "sent",
        ),
        ("reload", 0, "", "Type=notify\nActiveState=active\n", "sent"),
        ("reload", 0, "", "Type=notify-reload\nActiveState=active\n", "applied"),
        ("restart", 0, "", "Type=notify-reload\nActiveState=active\n", "applied"),
        ("restart", 0, "", "Type=notify\nActiveState=active\n", "applied"),
        ("restart", 0, "", "Type=notify\nActiveState=inactive\n", inactive),
        ("restart", 0, "", "Type=notify\nActiveState=failed\n", inactive),
        ("restart", 1, refused, "ActiveState=failed\n", reason),
        ("reload", 1, refused, "ActiveState=active\n", reason),
        ("reload", 1, refused, "ActiveState=failed\n", reason),
        (
            "reload",
            1,
            "valve.service is not active, cannot reload.\n",
            "ActiveState=inactive\n",
            inactive,
        ),
        (
            "reload",
            1,
            "valve.service is not active, cannot reload.\n",
            "ActiveState=failed\n",
            inactive,
        ),
        (
            "reload",
            1,
            "",
            "",
            "refused: `systemctl reload valve.service` failed: exit status: 1",
        ),
        (
            "reload",
            5,
            "Failed to reload valve.service: Unit valve.service not found.\n",
            "LoadState=not-found\nActiveState=inactive\n",
            "unreachable: there is no unit valve.service",
        ),
        (
            "reload",
            1,
            "Failed to reload valve.service: Access denied\nSee system logs and 'systemctl status valve.service' for details.\n",
            "LoadState=loaded\nActiveState=active\n",
            "unreachable: Failed to reload valve.service: Access denied",
        ),
        (
            "reload",
            1,
            "System has not been booted with systemd as init system (PID 1). Can't operate.\nFailed to connect to bus: Host is down\n",
            "",
            "unreachable: systemd does not run here",
        ),
    ];
    for (action, exit, said, shown, expected) in cases {
        let fake = Fake { exit, said, shown };
        let (told, _) = fake.tell(&format!("{UNIT}action = \"{action}\""), "reload");
        assert_eq!(told, expected, "{action} {said} {shown}");
    }
}

#[test]
fn without_systemd_it_says_so() {
    let folder = TempDir::new().unwrap();
    let told = told(folder.path().to_str().unwrap(), UNIT, "reload");
    assert!(
        told.starts_with("unreachable: systemd does not run here: `systemctl` cannot be started"),
        "{told}"
    );
}

#[test]
fn what_could_mean_more_than_one_unit_is_no_name() {
    for unit in ["--all", "*", "valve@?.service", "valve@[12].service"] {
        let why = format!("`{unit}` is not the name of a unit");
        assert_eq!(
            tell(&format!("systemd = \"{unit}\""), Need::Reload),
            Told::Unreachable { why }
        );
    }
}
