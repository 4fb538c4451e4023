//! Who can open what: recipients that were removed, and secrets with one recipient only.

use snapbox::str;

use super::assert_screen;
use super::secret::{CANARY, screens, sealed};

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
[exit 1]

$ valvecfg secret rekey
valve.mqtt.password ‹secret› -> ‹secret›
saved as [rev 1]
------- stderr -------
warning: the history still opens an earlier `valve.mqtt.password` for a recipient that was removed: change it at its source

$ valvecfg secret rekey --json -n
------- stderr -------
nothing was written: this was a dry run
warning: the history still opens an earlier `valve.mqtt.password` for a recipient that was removed: change it at its source

$ valvecfg doctor
warning: `valve.mqtt.password` has one recipient only: lose that key, and it is lost
  mend: valvecfg secret recipients add RECIPIENT && valvecfg secret rekey
[exit 1]
"#]]
    );
    let json = environment.succeed(&["secret", "rekey", "--json", "-n"]);
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["warnings"].as_array().unwrap().len(), 1, "{json}");
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
