//! Settings files as nobody would expect them: kept byte for byte outside the edit, or refused aloud.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};

use super::{memory, oracle};
use crate::environment::TestEnvironment;

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

#[test]
fn a_fifo_and_a_folder_are_refused_and_never_waited_for() {
    let environment = store();
    fs::remove_file(environment.path(VALVE)).unwrap();
    let mode = rustix::fs::Mode::from_raw_mode(0o644);
    rustix::fs::mknodat(
        rustix::fs::CWD,
        environment.path(VALVE),
        rustix::fs::FileType::Fifo,
        mode,
        0,
    )
    .unwrap();
    refused(&environment, "is a FIFO, not a regular file");
    fs::remove_file(environment.path(VALVE)).unwrap();
    fs::create_dir(environment.path(VALVE)).unwrap();
    refused(&environment, "is a folder, not a regular file");
}

#[test]
fn what_is_no_toml_is_refused_and_left_as_it_is() {
    let cases: [(&[u8], &str); 5] = [
        (b"threshold = 1\nthreshold = 2\n", "duplicate"),
        (b"note = \"\xff\"\n", "UTF-8"),
        (b"a = \"\0\"\n", "error"),
        (b"threshold = \n", "error"),
        (b"threshold = 60\nthreshold = 99999999999999999999\n", "error"),
    ];
    for (bytes, words) in cases {
        let environment = store();
        environment.write(VALVE, bytes);
        refused(&environment, words);
        assert_eq!(environment.read(VALVE), bytes);
    }
}

#[test]
fn too_long_and_too_deep_files_are_refused() {
    let environment = store();
    environment.write(VALVE, format!("# {}\n", "x".repeat(10 << 20)));
    refused(&environment, "the limit is");
    environment.write(VALVE, format!("a = {}{}\n", "[".repeat(200), "]".repeat(200)));
    refused(&environment, "error");
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
