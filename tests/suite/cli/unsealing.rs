//! What is checked of sealed values, where an identity is there and where none is.

use snapbox::str;

use super::assert_screen;
use super::secret::{CANARY, sealed};
use crate::environment::TestEnvironment;

/// The line of the sealed password.
pub(super) fn line(environment: &TestEnvironment) -> String {
    let text = String::from_utf8(environment.read("plugins/valve.toml")).unwrap();
    let mut lines = text.lines();
    lines.find(|line| line.starts_with("password = ")).unwrap().to_owned()
}

/// Takes the identity away, as on another machine.
fn without_identity(environment: &TestEnvironment) {
    std::fs::remove_file(environment.folder().join("home/config/valvecfg/identity.txt")).unwrap();
}

#[test]
fn what_cannot_be_opened_is_a_note_and_an_error_where_it_must_open() {
    let environment = sealed();
    assert_eq!(environment.run(&["validate", "--require-secrets"]).code(), Some(0));
    without_identity(&environment);
    environment.succeed(&["init", "../other"]);
    environment.succeed(&["-C", "../other", "secret", "keygen", "--output", "../other.txt"]);
    let screens = environment.screens(&[
        "validate --output-format concise",
        "validate --output-format concise --require-secrets",
        "validate --output-format concise --identity ../other.txt",
        "validate --output-format concise --identity ../no.txt",
        "validate --require-secrets",
        "validate --require-secrets a.toml",
        "doctor",
    ]);
    assert!(!screens.contains(CANARY));
    assert_screen!(
        screens,
        str![[r#"
$ valvecfg validate --output-format concise
plugins/valve.toml:18:12: note[VC202] a secret could not be opened to be checked: there is no identity

$ valvecfg validate --output-format concise --require-secrets
plugins/valve.toml:18:12: error[VC202] a secret could not be opened to be checked: there is no identity
[exit 1]

$ valvecfg validate --output-format concise --identity ../other.txt
plugins/valve.toml:18:12: note[VC202] a secret could not be opened to be checked: it is not sealed for the identity in ../other.txt

$ valvecfg validate --output-format concise --identity ../no.txt
------- stderr -------
error: cannot read ../no.txt: No such file or directory (os error 2)
help: name another file with `--identity FILE`
[exit 6]

$ valvecfg validate --require-secrets
error[VC202]: a secret could not be opened to be checked: there is no identity
  --> plugins/valve.toml:18:12
   |
18 | password = ‹secret›
   |            ^^^^^^^^

1 error in 1 file, 7 files checked
[exit 1]

$ valvecfg validate --require-secrets a.toml
------- stderr -------
error: the argument '--require-secrets' cannot be used with '[FILE]...'

Usage: valvecfg validate --require-secrets [FILE]...

For more information, try '--help'.
[exit 2]

$ valvecfg doctor
warning: `valve.mqtt.password` has one recipient only: lose that key, and it is lost
  mend: valvecfg secret recipients add RECIPIENT && valvecfg secret rekey
note: plugins/valve.toml:18: a secret could not be opened to be checked: there is no identity [VC202]
  mend: valvecfg doctor --identity FILE
[exit 1]
"#]]
    );
}

#[test]
fn a_sealed_value_that_is_damaged_or_stands_elsewhere_is_an_error() {
    let environment = sealed();
    let sealed = line(&environment);
    environment.edit(
        "plugins/valve.toml",
        &sealed,
        "password = \"age:YWdlLWVuY3J5cHRpb24ub3JnL3Yx\"",
    );
    let damaged = environment.screens(&["validate --output-format concise", "doctor"]);
    // The sealed value is well, and was sealed for another setting.
    environment.write("plugins/valve.toml", {
        let text = String::from_utf8(environment.read("plugins/valve.toml")).unwrap();
        text.replace("password = \"age:YWdlLWVuY3J5cHRpb24ub3JnL3Yx\"", &sealed)
    });
    let valve = environment.read("plugins/valve.toml");
    environment.edit("plugins/valve.toml", &sealed, "");
    let settings = environment.path("plugins/valve.toml");
    let plain = std::fs::read(settings).unwrap();
    environment.beside(
        "moved.toml",
        String::from_utf8(plain).unwrap().replace("/valve/", "/moved/"),
    );
    environment.succeed(&[
        "plugin",
        "add",
        "moved",
        "--schema",
        "schemas/valve/1.schema.json",
        "--settings",
        "../moved.toml",
    ]);
    environment.write("plugins/valve.toml", &valve);
    environment.write(
        "plugins/moved.toml",
        String::from_utf8(valve).unwrap().replace("/valve/", "/moved/"),
    );
    let moved = environment.screens(&["validate --output-format concise"]);
    without_identity(&environment);
    environment.edit(
        "plugins/valve.toml",
        &sealed,
        "password = \"age:YWdlLWVuY3J5cHRpb24ub3JnL3Yx\"",
    );
    let unknown = environment.screens(&["validate --output-format concise"]);
    assert_screen!(
        format!("{damaged}\n\n{moved}\n\n{unknown}"),
        str![[r#"
$ valvecfg validate --output-format concise
plugins/valve.toml:18:12: error[VC202] `mqtt.password` cannot be opened: the sealed value is damaged: it has no age header
[exit 1]

$ valvecfg doctor
error: plugins/valve.toml:18: `mqtt.password` cannot be opened: the sealed value is damaged: it has no age header [VC202]
  mend: valvecfg secret set valve.mqtt.password
[exit 1]

$ valvecfg validate --output-format concise
plugins/moved.toml:18:12: error[VC202] `mqtt.password` cannot be opened: it was sealed for `valve.mqtt.password`
[exit 1]

$ valvecfg validate --output-format concise
plugins/moved.toml:18:12: note[VC202] a secret could not be opened to be checked: there is no identity
plugins/valve.toml:18:12: error[VC202] `mqtt.password` cannot be opened: the sealed value is damaged: it has no age header
[exit 1]
"#]]
    );
}

#[test]
fn an_opened_value_is_held_to_the_schema_and_not_shown() {
    let environment = sealed();
    environment.edit("schemas/valve/1.schema.json", "\"minLength\": 8,", "\"minLength\": 80,");
    let screens = environment.screens(&["validate"]);
    assert!(!screens.contains(CANARY) && !screens.contains("13"), "{screens}");
    assert_screen!(
        screens,
        str![[r#"
$ valvecfg validate
error[VC108]: `mqtt.password` must have at least 80 characters
  --> plugins/valve.toml:18:12
   |
18 | password = ‹secret›
   |            ^^^^^^^^ it has another length
   |
   = note: at least 80 characters (schemas/valve/1.schema.json#/$defs/mqtt/properties/password)

1 error in 1 file, 7 files checked
[exit 1]
"#]]
    );
}

#[test]
fn what_was_sealed_for_another_setting_is_refused_by_apply_and_edit() {
    let environment = sealed();
    environment.beside(
        "door.json",
        r#"{"properties": {"pin": {"type": "string", "x-secret": true}, "a": {"type": "integer"}}}"#,
    );
    environment.succeed(&["plugin", "add", "door", "--schema", "../door.json"]);
    let copied = line(&environment).replace("password", "pin") + "\n";
    let revisions = environment.revisions();
    assert_screen!(
        environment.screen_with_input("apply - --plugin door", &copied),
        str![[r#"
$ valvecfg apply - --plugin door
------- stderr -------
error[VC202]: `pin` cannot be opened: it was sealed for `valve.mqtt.password`
 --> plugins/door.toml:3:7
  |
3 | pin = ‹secret›
  |       ^^^^^^^^
  |
help: nothing was written
[exit 1]
"#]]
    );
    environment.beside("copied", &copied);
    let edit = ("EDITOR", "cat ../copied >>");
    let screen = environment.screen_where(&[edit], "edit door");
    assert!(screen.contains("sealed for `valve.mqtt.password`"), "{screen}");
    assert_eq!(environment.revisions(), revisions);
    // It stands there by hand already, and `edit` changes something else.
    environment.write("plugins/door.toml", &copied);
    let screen = environment.screen_where(&[("EDITOR", "printf 'a = 1\\n' >>")], "edit door");
    assert!(screen.contains("VC202"), "{screen}");
    assert_eq!(environment.revisions(), revisions);
    // Where nothing can be opened, it is taken for what it seems to be.
    without_identity(&environment);
    environment.succeed(&["apply", "../copied", "--plugin", "door"]);
}
