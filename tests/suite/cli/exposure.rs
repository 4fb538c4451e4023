//! Who can open what: recipients that were removed, and secrets with one recipient only.

use snapbox::str;

use super::assert_screen;
use super::secret::{CANARY, screens, sealed};
use crate::environment::TestEnvironment;

#[test]
fn rekey_names_what_a_removed_recipient_can_still_open() {
    let environment = sealed();
    environment.succeed(&["secret", "keygen", "--output", "../spare.txt"]);
    let alone = screens(&environment, &["doctor"]);
    let rekeyed = screens(
        &environment,
        &[
            "secret rekey",
            "doctor",
            "validate --identity ../spare.txt --require-secrets",
        ],
    );
    let spare = String::from_utf8(std::fs::read(environment.folder().join("spare.txt")).unwrap()).unwrap();
    let spare = spare
        .lines()
        .find_map(|line| line.strip_prefix("# public key: "))
        .unwrap()
        .to_owned();
    environment.succeed(&["secret", "recipients", "remove", &spare]);
    let removed = screens(
        &environment,
        &["doctor", "secret rekey", "secret rekey --json -n", "doctor"],
    );
    let shown = format!("{alone}\n\n{rekeyed}\n\n{removed}");
    let shown: Vec<&str> = shown
        .lines()
        .filter(|line| !line.starts_with("{\"revision\""))
        .collect();
    assert_screen!(
        shown.join("\n"),
        str![[r#"
$ valvecfg doctor
warning: `valve.mqtt.password` is sealed for 1, and the manifest names 2 to seal it for
  mend: valvecfg secret rekey
[exit 1]

$ valvecfg secret rekey
valve.mqtt.password ‹secret› -> ‹secret›
saved as [rev 1]

$ valvecfg doctor
------- stderr -------
nothing is wrong

$ valvecfg validate --identity ../spare.txt --require-secrets
no violations, 7 files checked

$ valvecfg doctor
warning: `valve.mqtt.password` is sealed for 2, and the manifest names 1 to seal it for
  mend: valvecfg secret rekey
warning: the history opens `valve.mqtt.password` as it is for a recipient that was removed: change it at its source
  mend: valvecfg secret set valve.mqtt.password
[exit 1]

$ valvecfg secret rekey
valve.mqtt.password ‹secret› -> ‹secret›
saved as [rev 1]
------- stderr -------
warning: the history still opens an earlier `valve.mqtt.password` for a recipient that was removed: change it at its source

$ valvecfg secret rekey --json -n
------- stderr -------
nothing was written: this was a dry run

$ valvecfg doctor
warning: `valve.mqtt.password` has one recipient only: lose that key, and it is lost
  mend: valvecfg secret recipients add RECIPIENT && valvecfg secret rekey
warning: the history opens `valve.mqtt.password` as it is for a recipient that was removed: change it at its source
  mend: valvecfg secret set valve.mqtt.password
[exit 1]
"#]]
    );
}

/// What a rekey names, and what `doctor` does after it.
fn named(environment: &TestEnvironment) -> (Vec<String>, Vec<String>) {
    let rekeyed = environment.succeed(&["secret", "rekey", "--json"]);
    let rekeyed: serde_json::Value = serde_json::from_str(&rekeyed).unwrap();
    let warnings = rekeyed["warnings"].as_array().unwrap().iter();
    let warnings = warnings.map(|warning| warning.as_str().unwrap().to_owned()).collect();
    (warnings, still_known(environment))
}

/// What `doctor` names as known to a removed recipient.
fn still_known(environment: &TestEnvironment) -> Vec<String> {
    let screen = environment.run(&["doctor", "--json"]);
    let findings = screen.stdout.lines().map(|line| serde_json::from_str(line).unwrap());
    let known = findings.filter(|finding: &serde_json::Value| {
        let message = finding["message"].as_str().unwrap();
        message.contains("a recipient that was removed")
    });
    known
        .map(|finding| finding["mend"].as_str().unwrap().to_owned())
        .collect()
}

/// Makes an identity that is a recipient too, and names its recipient.
fn spare(environment: &TestEnvironment, file: &str) -> String {
    let made = environment.succeed(&["secret", "keygen", "--json", "--output", file]);
    let made: serde_json::Value = serde_json::from_str(&made).unwrap();
    made["recipient"].as_str().unwrap().to_owned()
}

#[test]
fn rekey_names_it_once_and_doctor_until_the_value_is_another() {
    let environment = sealed();
    let (first, second) = (
        spare(&environment, "../first.txt"),
        spare(&environment, "../second.txt"),
    );
    assert_eq!(named(&environment), (vec![], vec![]));
    let set = ["valvecfg secret set valve.mqtt.password".to_owned()];

    environment.succeed(&["secret", "recipients", "remove", &first]);
    assert_eq!(still_known(&environment), set);
    let dry = environment.run(&["secret", "rekey", "-n"]);
    assert!(dry.stderr.contains("change it at its source"), "{dry}");
    let (rekeyed, known) = named(&environment);
    assert_eq!((rekeyed.len(), &known[..]), (1, &set[..]), "{rekeyed:?}");
    // Sealed anew it is the same value, and nobody was removed since.
    assert_eq!(named(&environment), (vec![], set.to_vec()));
    environment.succeed(&["set", "valve.threshold", "41"]);
    assert_eq!(still_known(&environment), set);

    environment.succeed(&["secret", "recipients", "remove", &second]);
    let screen = environment.with_input("secret set valve.mqtt.password --value-stdin", "another one");
    assert!(screen.status.success(), "{screen}");
    assert_eq!(named(&environment), (vec![], vec![]));
    // What a rollback brings back is known again.
    environment.succeed(&["rollback", "@~3", "--yes"]);
    assert_eq!(still_known(&environment), set);
    environment.succeed(&["secret", "recipients", "add", &first]);
    environment.succeed(&["secret", "recipients", "add", &second]);
    assert_eq!(still_known(&environment), [""; 0]);
}

#[test]
fn a_value_that_moves_to_another_place_stays_known() {
    let environment = TestEnvironment::new_store();
    let schema = r#"{"type": "object", "properties": {"links": {"type": "array", "items": {
        "type": "object", "properties": {"name": {"type": "string"}, "key": {"type": "string", "x-secret": true}}}}}}"#;
    environment.beside("net.json", schema);
    environment.beside("net.toml", "[[links]]\nname = \"a\"\n\n[[links]]\nname = \"b\"\n");
    let add = "plugin add net --schema ../net.json --settings ../net.toml";
    environment.succeed(&add.split(' ').collect::<Vec<_>>());
    environment.succeed(&["secret", "keygen"]);
    let give = |key: &str, value: &str| {
        let screen = environment.with_input(&format!("secret set {key} --value-stdin"), value);
        assert!(screen.status.success(), "{screen}");
    };
    give("net.links[0].key", "key-of-a");
    let removed = spare(&environment, "../spare.txt");
    give("net.links[1].key", "key-of-b");
    environment.succeed(&["secret", "recipients", "remove", &removed]);
    assert_eq!(still_known(&environment), ["valvecfg secret set net.links[1].key"]);
    environment.succeed(&["unset", "net.links[0]"]);
    assert_eq!(still_known(&environment), ["valvecfg secret set net.links[0].key"]);
    give("net.links[0].key", "another-key-of-b");
    assert_eq!(still_known(&environment), [""; 0]);
}

#[test]
fn what_was_sealed_before_a_recipient_came_or_after_it_went_is_not_named() {
    let environment = sealed();
    // The spare key never saw a value: it came and went, and nothing was sealed in between.
    environment.succeed(&["secret", "keygen", "--output", "../spare.txt"]);
    environment.succeed(&["set", "valve.threshold", "41"]);
    let spare = String::from_utf8(std::fs::read(environment.folder().join("spare.txt")).unwrap()).unwrap();
    let spare = spare
        .lines()
        .find_map(|line| line.strip_prefix("# public key: "))
        .unwrap()
        .to_owned();
    environment.succeed(&["secret", "recipients", "remove", &spare]);
    let screen = environment.run(&["secret", "rekey"]);
    assert!(
        screen.status.success() && !screen.stderr.contains("change it"),
        "{screen}"
    );
    assert_eq!(
        environment.succeed(&["get", "valve.mqtt.password", "--reveal"]),
        format!("{CANARY}\n")
    );
}
