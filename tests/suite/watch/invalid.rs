//! Settings that are not valid: told once, kept from the plugin, and put back where that is wanted.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use rustix::process::Signal;

use super::Watching;
use crate::environment::TestEnvironment;

const VALVE: &str = "plugins/valve.toml";

#[test]
fn it_is_told_once_and_keeps_no_other_plugin_waiting() {
    let environment = TestEnvironment::gateway();
    let mut watching = Watching::start(&environment, &[]);
    environment.edit(VALVE, "threshold = 60", "threshold = 600");
    let invalid = watching.expect("invalid");
    assert_eq!(invalid["path"], VALVE);
    assert_eq!(invalid["violations"][0]["code"], "VC101");
    assert_eq!(invalid["violations"][0]["line"], 7);
    // The same again is no news.
    environment.write(VALVE, environment.read(VALVE));
    environment.edit("plugins/heating.toml", "target = 20.5", "target = 20.0");
    assert_eq!(watching.expect_recorded(), "heating.target 20.5 -> 20.0");
    // Another mistake is.
    environment.edit(VALVE, "threshold = 600", "threshold = 'x'");
    let invalid = watching.expect("invalid");
    assert_eq!(invalid["violations"][0]["code"], "VC102");
    environment.edit(VALVE, "threshold = 'x'", "threshold = = 1");
    watching.expect("invalid");
    environment.edit(VALVE, "threshold = = 1", "threshold = 50");
    assert_eq!(watching.expect_recorded(), "valve.threshold 60 -> 50");
    assert_eq!(watching.expect("valid")["path"], VALVE);
    assert!(watching.end().is_empty());
}

#[test]
fn a_file_that_is_gone_is_told_unless_it_comes_back_at_once() {
    let environment = TestEnvironment::gateway();
    let text = environment.read(VALVE);
    let mut watching = Watching::start(&environment, &[]);
    for _ in 0..3 {
        fs::remove_file(environment.path(VALVE)).unwrap();
        environment.write(VALVE, &text);
    }
    environment.edit("plugins/heating.toml", "target = 20.5", "target = 20.0");
    assert_eq!(watching.expect_recorded(), "heating.target 20.5 -> 20.0");
    fs::remove_file(environment.path(VALVE)).unwrap();
    let invalid = watching.expect("invalid");
    assert_eq!(invalid["violations"][0]["code"], "VC001");
    environment.write(VALVE, &text);
    watching.expect("valid");
    assert!(watching.end().is_empty());
}

#[test]
fn a_schema_or_manifest_that_changes_is_read_anew() {
    let environment = TestEnvironment::gateway();
    let schema = "schemas/valve/1.schema.json";
    let mut watching = Watching::start(&environment, &[]);
    // What is recorded is not valid any more.
    environment.edit(schema, "\"maximum\": 100", "\"maximum\": 50");
    let invalid = watching.expect("invalid");
    assert_eq!(
        (&invalid["path"], &invalid["violations"][0]["code"]),
        (&VALVE.into(), &"VC101".into())
    );
    environment.edit(schema, "\"maximum\": 50", "\"maximum\": 700");
    watching.expect("valid");
    // And what was not is.
    environment.edit(VALVE, "threshold = 60", "threshold = 650");
    assert_eq!(watching.expect_recorded(), "valve.threshold 60 -> 650");
    environment.edit("valvecfg.toml", "[plugins.valve]", "[plugin.valve]");
    assert_eq!(watching.expect("invalid")["path"], "valvecfg.toml");
    // Nothing is recorded while it is not known what is right.
    environment.edit("plugins/heating.toml", "target = 20.5", "target = 20.0");
    environment.edit("valvecfg.toml", "[plugin.valve]", "[plugins.valve]");
    assert_eq!(watching.expect_recorded(), "heating.target 20.5 -> 20.0");
    assert_eq!(watching.expect("valid")["path"], "valvecfg.toml");
    assert!(watching.end().is_empty());
}

#[test]
fn sighup_has_it_told_again() {
    let environment = TestEnvironment::gateway();
    let mut watching = Watching::start(&environment, &[]);
    environment.edit(VALVE, "threshold = 60", "threshold = 600");
    watching.expect("invalid");
    watching.signal(Signal::HUP);
    watching.expect("invalid");
    assert!(watching.end().is_empty());
}

#[test]
fn the_good_file_is_put_back_where_that_is_wanted() {
    let environment = TestEnvironment::gateway();
    let good = environment.read(VALVE);
    let rejected = "plugins/valve.toml.rejected";
    fs::set_permissions(environment.path(VALVE), fs::Permissions::from_mode(0o640)).unwrap();
    let mut watching = Watching::start(&environment, &["--on-invalid", "restore"]);
    for wrong in ["threshold = 600", "threshold = = 1"] {
        environment.edit(VALVE, "threshold = 60", wrong);
        let bad = environment.read(VALVE);
        let restored = watching.expect("restored");
        assert_eq!(
            (&restored["path"], &restored["rejected"]),
            (&VALVE.into(), &rejected.into())
        );
        assert_eq!(environment.read(VALVE), good);
        assert_eq!(environment.read(rejected), bad);
        for path in [VALVE, rejected] {
            let mode = fs::metadata(environment.path(path)).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o640, "{path}");
        }
    }
    fs::remove_file(environment.path(VALVE)).unwrap();
    assert!(watching.expect("restored")["rejected"].is_null());
    assert_eq!(environment.read(VALVE), good);
    // What is recorded is not valid by a new schema: there is nothing better to put back.
    environment.edit("schemas/valve/1.schema.json", "\"maximum\": 100", "\"maximum\": 50");
    watching.expect("invalid");
    assert!(watching.end().is_empty());
    assert_eq!(environment.read(VALVE), good);
}

#[test]
fn what_is_set_aside_holds_no_secret_in_plain_text() {
    let environment = TestEnvironment::gateway();
    environment.edit(
        "schemas/valve/1.schema.json",
        "\"keep_alive\": {",
        "\"password\": { \"type\": \"string\", \"x-secret\": true },\n\"keep_alive\": {",
    );
    environment.succeed(&["commit"]);
    let mut watching = Watching::start(&environment, &["--on-invalid", "restore"]);
    environment.edit(VALVE, "[mqtt]", "[mqtt]\npassword = \"hunter2-hunter2\"");
    let restored = watching.expect("restored");
    assert_eq!(restored["violations"][0]["code"], "VC201");
    let aside = String::from_utf8(environment.read("plugins/valve.toml.rejected")).unwrap();
    assert!(aside.contains("password = ") && !aside.contains("hunter2"), "{aside}");
    assert!(!String::from_utf8(environment.read(VALVE)).unwrap().contains("hunter2"));
    assert!(watching.end().is_empty());
}
