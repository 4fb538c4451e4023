//! Settings files as nobody would expect them: kept byte for byte outside the edit, or refused aloud.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{memory, oracle};
use crate::environment::{Screen, TestEnvironment};

const VALVE: &str = "plugins/valve.toml";

fn store() -> TestEnvironment {
    TestEnvironment::gateway_in(&memory())
}

fn edited(bytes: &[u8]) -> Vec<u8> {
    String::from_utf8(bytes.to_vec())
        .unwrap()
        .replacen("threshold = 60", "threshold = 55", 1)
        .into_bytes()
}

/// One value changes, and not another byte.
#[track_caller]
fn set_keeps_the_rest(environment: &TestEnvironment) {
    let before = environment.read(VALVE);
    environment.succeed(&["set", "valve.threshold", "55"]);
    assert_eq!(environment.read(VALVE), edited(&before));
    oracle::check_repository(environment, "an odd file");
    oracle::check_leftovers(environment, "an odd file");
}

#[track_caller]
fn refused(environment: &TestEnvironment, words: &str) {
    let screen = environment.run(&["set", "valve.threshold", "55"]);
    assert!(matches!(screen.code(), Some(1 | 3)), "{screen}");
    assert!(screen.stderr.contains(words), "{screen}");
    assert_eq!(environment.succeed(&["get", "heating.target"]), "20.5\n");
}

#[test]
fn line_ends_a_byte_order_mark_and_a_missing_last_one_are_kept() {
    for change in [
        |text: String| text.replace('\n', "\r\n"),
        |text: String| format!("\u{feff}{text}"),
        |text: String| text.trim_end().to_owned(),
    ] {
        let environment = store();
        let text = String::from_utf8(environment.read(VALVE)).unwrap();
        environment.write(VALVE, change(text));
        set_keeps_the_rest(&environment);
    }
}

#[test]
fn a_mode_an_owner_and_attributes_are_kept() {
    let environment = store();
    let path = environment.path(VALVE);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    let is_root = rustix::process::geteuid().is_root();
    if is_root {
        std::os::unix::fs::chown(&path, Some(1234), Some(1235)).unwrap();
    }
    let attribute = (b"user.valvecfg".as_slice(), b"kept".as_slice());
    let flags = rustix::fs::XattrFlags::empty();
    let has_attributes = rustix::fs::setxattr(&path, attribute.0, attribute.1, flags).is_ok();
    set_keeps_the_rest(&environment);
    let metadata = fs::metadata(&path).unwrap();
    assert_eq!(metadata.mode() & 0o7777, 0o600);
    if is_root {
        assert_eq!((metadata.uid(), metadata.gid()), (1234, 1235));
    }
    if has_attributes {
        let mut value = [0; 16];
        let length = rustix::fs::getxattr(&path, attribute.0, &mut value[..]).unwrap();
        assert_eq!(&value[..length], attribute.1);
    }
}

#[test]
fn a_link_stays_a_link_and_its_target_is_written() {
    for elsewhere in [memory(), std::env::temp_dir()] {
        let environment = store();
        let target = tempfile::Builder::new().tempdir_in(elsewhere).unwrap();
        let target = target.path().join("valve.toml");
        fs::copy(environment.path(VALVE), &target).unwrap();
        fs::remove_file(environment.path(VALVE)).unwrap();
        symlink(&target, environment.path(VALVE)).unwrap();
        let before = fs::read(&target).unwrap();
        environment.succeed(&["set", "valve.threshold", "55"]);
        assert!(fs::symlink_metadata(environment.path(VALVE)).unwrap().is_symlink());
        assert_eq!(fs::read(&target).unwrap(), edited(&before));
        assert_eq!(
            fs::read_dir(target.parent().unwrap()).unwrap().count(),
            1,
            "left over beside the target"
        );
    }
}

#[test]
fn a_hard_link_stays_one_file() {
    let environment = store();
    let other = environment.folder().join("other.toml");
    fs::hard_link(environment.path(VALVE), &other).unwrap();
    set_keeps_the_rest(&environment);
    assert_eq!(fs::read(other).unwrap(), environment.read(VALVE));
}

/// Makes a file a mount of another one for as long as this lives.
struct BindMount(PathBuf);

impl BindMount {
    fn new(source: &Path, at: PathBuf) -> Self {
        let mounted = Command::new("mount").arg("--bind").args([source, &at]).status();
        assert!(mounted.unwrap().success());
        Self(at)
    }
}

impl Drop for BindMount {
    fn drop(&mut self) {
        let unmounted = Command::new("umount").arg("--lazy").arg(&self.0).status();
        assert!(std::thread::panicking() || unmounted.is_ok_and(|status| status.success()));
    }
}

#[test]
fn a_bind_mounted_file_stays_one_and_what_is_behind_it_is_written() {
    if !rustix::process::geteuid().is_root() {
        return super::skip("a bind-mounted settings file", "not root");
    }
    let environment = store();
    let behind = environment.folder().join("behind.toml");
    fs::copy(environment.path(VALVE), &behind).unwrap();
    let _mount = BindMount::new(&behind, environment.path(VALVE));
    set_keeps_the_rest(&environment);
    assert_eq!(fs::read(&behind).unwrap(), environment.read(VALVE));
    environment.succeed(&["rollback", "--yes"]);
    assert_eq!(environment.succeed(&["get", "valve.threshold"]), "60\n");
    assert_eq!(fs::read(&behind).unwrap(), environment.read(VALVE));
    oracle::check_repository(&environment, "a bind mount");
}

#[test]
fn an_access_control_list_is_kept() {
    let environment = store();
    let mut set = environment.command("setfacl");
    let set = set.args(["-m", "u:1234:rw,g:1235:r,m::rw", VALVE]).output();
    if !set.is_ok_and(|output| output.status.success()) {
        return super::skip("an access control list", "no setfacl, or a file system without");
    }
    let listed = || environment.screen(environment.command("getfacl").arg(VALVE)).stdout;
    let before = listed();
    assert!(before.contains("user:1234:rw-"), "{before}");
    set_keeps_the_rest(&environment);
    assert_eq!(listed(), before);
}

/// Runs the program as a user without an account, whose the store is, with nothing in the environment.
fn as_nobody(environment: &TestEnvironment, arguments: &[&str]) -> Screen {
    let mut command = environment.command("setpriv");
    command.env_clear().env("PATH", std::env::var_os("PATH").unwrap());
    command.args(["--reuid=54321", "--regid=54321", "--clear-groups"]);
    // Where a test runs, other users need not be let in.
    environment.screen(command.arg(environment.folder().join("valvecfg")).args(arguments))
}

/// A store of a user without an account; nothing where there is no way to become one.
fn nobodys_store(test: &str) -> Option<TestEnvironment> {
    if !rustix::process::geteuid().is_root() {
        super::skip(test, "not root");
        return None;
    }
    let environment = store();
    fs::copy(crate::environment::VALVECFG, environment.folder().join("valvecfg")).unwrap();
    let mode = fs::Permissions::from_mode(0o755);
    fs::set_permissions(environment.folder(), mode).unwrap();
    let owned = environment.screen(environment.command("chown").args(["-R", "54321:54321", "."]));
    assert!(owned.status.success(), "{owned}");
    Some(environment)
}

#[test]
fn a_user_without_an_account_or_an_environment_can_set() {
    let Some(environment) = nobodys_store("a user without an account") else {
        return;
    };
    let before = environment.read(VALVE);
    let screen = as_nobody(&environment, &["set", "valve.threshold", "55"]);
    assert!(screen.status.success(), "{screen}");
    assert_eq!(environment.read(VALVE), edited(&before));
    let screen = as_nobody(&environment, &["history", "-n", "1"]);
    assert!(screen.stdout.contains("uid 54321"), "{screen}");
}

#[test]
fn a_folder_or_a_file_that_one_has_no_right_to_is_named() {
    let Some(environment) = nobodys_store("files of others") else {
        return;
    };
    let set = ["set", "valve.threshold", "55"];
    let before = environment.read(VALVE);
    let refused = |words: &str| {
        let screen = as_nobody(&environment, &set);
        assert_eq!(screen.code(), Some(3), "{screen}");
        assert!(screen.stderr.contains(words), "{screen}");
        assert!(screen.stderr.contains("Permission denied"), "{screen}");
        assert!(screen.stderr.contains("help: ask the owner for that right"), "{screen}");
        assert_eq!(environment.read(VALVE), before);
        oracle::check_leftovers(&environment, words);
    };
    let mode = |path: &str, mode: u32| {
        fs::set_permissions(environment.path(path), fs::Permissions::from_mode(mode)).unwrap();
    };
    mode("plugins", 0o555);
    refused("cannot write a new file beside [STORE]/plugins/valve.toml");
    mode("plugins", 0o755);
    mode(VALVE, 0o000);
    refused("cannot read [STORE]/plugins/valve.toml");
    let other = as_nobody(&environment, &["get", "heating.target"]);
    assert_eq!(other.stdout, "20.5\n", "{other}");
    mode(VALVE, 0o644);
    let screen = as_nobody(&environment, &set);
    assert!(screen.status.success(), "{screen}");
}

#[test]
fn a_fifo_and_a_folder_are_refused_and_never_waited_for() {
    let environment = store();
    fs::remove_file(environment.path(VALVE)).unwrap();
    let mode = rustix::fs::Mode::from_raw_mode(0o644);
    let (here, path) = (rustix::fs::CWD, environment.path(VALVE));
    rustix::fs::mknodat(here, &path, rustix::fs::FileType::Fifo, mode, 0).unwrap();
    never_waited_for(&environment, "is a FIFO, not a regular file");
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    never_waited_for(&environment, "is a folder, not a regular file");
}

#[track_caller]
fn never_waited_for(environment: &TestEnvironment, words: &str) {
    refused(environment, words);
    let verbs: [&[&str]; 9] = [
        &["set", "valve.threshold", "55"],
        &["get", "valve.threshold"],
        &["list", "valve"],
        &["status"],
        &["diff"],
        &["validate"],
        &["commit"],
        &["doctor"],
        &["rollback", "@", "--yes"],
    ];
    for verb in verbs {
        let mut waiting = environment.command("timeout");
        let waiting = waiting.args(["60", crate::environment::VALVECFG]).args(verb);
        let screen = environment.screen(waiting);
        // `status` is about all plugins, and says of this one that it could not be compared.
        let told = matches!(screen.code(), Some(1 | 3)) || verb == ["status"] && screen.status.success();
        assert!(told, "{}\n{screen}", verb.join(" "));
        let all = format!("{screen}");
        assert!(
            all.contains(words) && all.contains(VALVE),
            "{}\n{screen}",
            verb.join(" ")
        );
    }
    let screen = environment.run(&["set", "valve.threshold", "55"]);
    assert!(
        screen
            .stderr
            .contains("help: name a regular file, or put one in its place"),
        "{screen}"
    );
}

#[test]
fn what_is_no_toml_is_refused_with_its_place_and_left_as_it_is() {
    let nested = format!("# deep\na = {}{}\n", "[".repeat(200), "]".repeat(200));
    let cases: [(&[u8], &str, &str); 6] = [
        (
            b"threshold = 1\n\nthreshold = 2\n",
            "duplicate key; it stands in line 1 already",
            "valve.toml:3:1",
        ),
        (b"note = \"\xff\"\n", "not UTF-8: the byte at offset 8", "valve.toml"),
        (b"b = 1\na = \"\0\"\n", "invalid basic string", "valve.toml:2:6"),
        (b"threshold = \n", "VC002", "valve.toml:1:"),
        (b"threshold = 99999999999999999999\n", "VC002", "valve.toml:1:13"),
        (nested.as_bytes(), "recursion depth", "valve.toml:2:"),
    ];
    for (bytes, words, place) in cases {
        let environment = store();
        environment.write(VALVE, bytes);
        refused(&environment, words);
        let screen = environment.run(&["set", "valve.threshold", "55"]);
        assert!(screen.stderr.contains(place), "{screen}");
        assert!(screen.stderr.contains("git checkout -- plugins/valve.toml"), "{screen}");
        assert_eq!(environment.read(VALVE), bytes);
    }
}

#[test]
fn a_file_above_the_limit_is_refused_and_can_be_allowed() {
    let environment = store();
    let text = String::from_utf8(environment.read(VALVE)).unwrap();
    environment.write(VALVE, format!("{text}# {}\n", "x".repeat(10 << 20)));
    refused(&environment, "the limit is 4194304");
    let screen = environment.run(&["set", "valve.threshold", "55"]);
    let size = environment.read(VALVE).len();
    assert!(screen.stderr.contains(&format!("`--max-size {size}`")), "{screen}");
    let before = environment.read(VALVE);
    environment.succeed(&["set", "valve.threshold", "55", "--max-size", &size.to_string()]);
    assert_eq!(environment.read(VALVE), edited(&before));
}

#[test]
fn extreme_numbers_and_dates_are_read_back_as_they_were_set() {
    let environment = TestEnvironment::open_plugin();
    for (number, (value, read)) in [
        ("9223372036854775807", "9223372036854775807"),
        ("-9223372036854775808", "-9223372036854775808"),
        ("1.7976931348623157e308", "1.7976931348623157e308"),
        ("5e-324", "5e-324"),
        ("-0.0", "-0.0"),
        ("0001-01-01", "0001-01-01"),
        ("23:59:59.999999999", "23:59:59.999999999"),
        ("1979-05-27T07:32:00", "1979-05-27T07:32:00"),
        ("1979-05-27T00:32:00.999999-07:00", "1979-05-27T00:32:00.999999-07:00"),
        ("9999-12-31T23:59:59Z", "9999-12-31T23:59:59Z"),
    ]
    .into_iter()
    .enumerate()
    {
        let key = format!("any.x{number}");
        environment.succeed(&["set", &format!("{key}={value}")]);
        assert_eq!(environment.succeed(&["get", &key]), format!("{read}\n"));
        let again = environment.run(&["set", &format!("{key}={value}")]);
        assert!(again.stderr.contains("it is so already"), "{value}\n{again}");
    }
    let screen = environment.run(&["set", "any.x3", "9223372036854775808"]);
    assert_eq!(screen.code(), Some(1), "{screen}");
    // JSON has no such numbers: nobody said that they are meant, unless they were written by hand.
    for (number, value) in ["inf", "-inf", "nan"].into_iter().enumerate() {
        let key = format!("any.y{number}");
        let screen = environment.run(&["set", &format!("{key}={value}")]);
        assert_eq!(screen.code(), Some(1), "{screen}");
        let text = String::from_utf8(environment.read("plugins/any.toml")).unwrap();
        environment.write("plugins/any.toml", format!("{text}y{number} = {value}\n"));
        assert_eq!(environment.succeed(&["get", &key]), format!("{value}\n"));
    }
    environment.succeed(&["set", "any.x3", "0"]);
    environment.succeed(&["validate"]);
    oracle::check_repository(&environment, "extreme values");
}

#[test]
fn the_order_of_the_history_never_depends_on_the_clock() {
    let environment = store();
    // The program is static, so the clock cannot be faked by a library; it takes git's word for the time.
    let set = |seconds: i64, value: &str| {
        let mut set = environment.command(crate::environment::VALVECFG);
        for role in ["AUTHOR", "COMMITTER"] {
            set.env(format!("GIT_{role}_DATE"), format!("@{seconds} +0000"));
        }
        let screen = environment.screen(set.args(["set", "valve.threshold", value]));
        assert!(screen.status.success(), "{screen}");
    };
    set(1_900_000_000, "51");
    set(0, "52");
    set(1_000_000_000, "53");
    let values = |arguments: &[&str]| -> Vec<String> {
        let shown = environment.succeed(arguments);
        let value = |line: &str| line.trim().strip_prefix("valve.threshold ").map(str::to_owned);
        shown.lines().filter_map(value).collect()
    };
    assert_eq!(values(&["history", "-n", "3"]), ["52 -> 53", "51 -> 52", "60 -> 51"]);
    let over_time = environment.succeed(&["history", "valve.threshold", "-n", "3"]);
    let newest: Vec<&str> = over_time
        .lines()
        .skip(1)
        .filter_map(|line| line.split_whitespace().last())
        .collect();
    assert_eq!(newest, ["53", "52", "51"], "{over_time}");
    environment.succeed(&["rollback", "@~1"]);
    assert_eq!(environment.succeed(&["get", "valve.threshold"]), "52\n");
    environment.succeed(&["rollback", "--yes"]);
    assert_eq!(environment.succeed(&["get", "valve.threshold"]), "53\n");
    oracle::check_repository(&environment, "a clock set back");
}

#[test]
fn files_that_root_makes_belong_to_the_owner_of_the_store() {
    if !rustix::process::geteuid().is_root() {
        return super::skip("root in a user's store", "not root");
    }
    let environment = store();
    let owned = environment.screen(environment.command("chown").args(["-R", "1234:1235", "."]));
    assert!(owned.status.success(), "{owned}");
    let mut set = environment.command(crate::environment::VALVECFG);
    let screen = environment.screen(set.env("SUDO_UID", "1234").args(["set", "valve.threshold", "55"]));
    assert!(screen.status.success(), "{screen}");
    let foreign = environment.screen(environment.command("find").args([".", "!", "-user", "1234"]));
    assert_eq!(foreign.stdout, "");
}

#[test]
fn an_empty_environment_a_turkish_locale_and_1970_change_nothing() {
    let bare: fn(&mut std::process::Command) = |command| {
        command.env_clear();
    };
    let turkish: fn(&mut std::process::Command) = |command| {
        command
            .env("LANG", "tr_TR.UTF-8")
            .env("LC_ALL", "tr_TR.UTF-8")
            .env_remove("HOME");
    };
    let early: fn(&mut std::process::Command) = |command| {
        command
            .env("GIT_COMMITTER_DATE", "@0 +0000")
            .env("GIT_AUTHOR_DATE", "@0 +0000");
    };
    for change in [bare, turkish, early] {
        let environment = store();
        let mut set = environment.command(crate::environment::VALVECFG);
        change(&mut set);
        let screen = environment.screen(set.args(["set", "valve.threshold", "55"]));
        assert!(screen.status.success(), "{screen}");
        environment.succeed(&["set", "valve.threshold", "56"]);
        oracle::check_repository(&environment, "an odd environment");
    }
}
