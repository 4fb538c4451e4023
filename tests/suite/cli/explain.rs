//! `valvecfg explain` and `valvecfg man`

use snapbox::str;

use super::assert_screen;
use crate::environment::TestEnvironment;

#[test]
fn a_code_and_a_keyword_have_a_page() {
    let environment = TestEnvironment::empty();
    let screens = environment.screens(&[
        "explain VC101",
        "explain vc101 --json",
        "explain x-unit",
        "explain",
        "explain VC999",
    ]);
    assert_screen!(
        screens,
        str![[r#"
$ valvecfg explain VC101
VC101: a number is out of range

The schema bounds this number by `minimum`, `maximum`, `exclusiveMinimum`,
`exclusiveMaximum` or `multipleOf`. Choose a value inside the bounds that the
message names.

$ valvecfg explain vc101 --json
{"code":"VC101","title":"a number is out of range","page":"The schema bounds this number by `minimum`, `maximum`, `exclusiveMinimum`, `exclusiveMaximum` or `multipleOf`. Choose a value inside the bounds that the message names."}

$ valvecfg explain x-unit
x-unit: a string, such as "percent" or "l/min"

The unit that the number counts. It is shown beside bounds, in prompts and in
descriptions; it converts nothing.

$ valvecfg explain
code            meaning
VC001           the file cannot be read
VC002           the file is not TOML
VC003           the file is too large
VC004           the schema is not found
VC005           the schema itself is wrong
VC006           the manifest is wrong
VC101           a number is out of range
VC102           a value has the wrong type
VC103           a required setting is missing
VC104           a key is not known
VC105           a value is not one of those allowed
VC106           a text does not match its pattern
VC107           a text does not have its format
VC108           a text is too short or too long
VC109           there are too few or too many items
VC110           a value fits none of the alternatives
VC111           a value fits several alternatives that exclude each other
VC112           a value is not allowed here
VC113           a number is not finite
VC114           the check was given up
VC115           a text is not encoded as declared
VC201           a secret stands in plain text
VC202           a secret could not be opened
VC301           the file names two schema versions
VC302           the file was written for a schema version that is not here
VC303           the file was written for another schema version than the one in force
VC304           a migration cannot be used
x-secret        a schema keyword: true or false
x-unit          a schema keyword: a string, such as "percent" or "l/min"
x-apply         a schema keyword: "hot", "reload" or "restart"
x-key           a schema keyword: a string or an array of strings
x-renamed-from  a schema keyword: a string or an array of strings

$ valvecfg explain VC999
------- stderr -------
error: there is no code `VC999`
help: `valvecfg explain` lists them all
[exit 2]
"#]]
    );
}

#[test]
fn every_verb_has_a_manual_page() {
    let environment = TestEnvironment::empty();
    for verb in ["set", "history", "validate"] {
        let page = environment.succeed(&["man", verb]);
        assert!(page.contains(&format!(".TH valvecfg-{verb} 1")), "{page}");
        assert!(page.contains("Examples:"), "{page}");
    }
    assert!(
        environment
            .succeed(&["man", "plugin", "add"])
            .contains(".TH valvecfg-plugin-add 1")
    );
    assert!(environment.succeed(&["man"]).contains(".TH valvecfg 1"));
    assert_screen!(
        environment.screens(&["man nosuch"]),
        str![[r#"
$ valvecfg man nosuch
------- stderr -------
error: there is no verb `nosuch`
help: `valvecfg --help` lists the verbs
[exit 2]
"#]]
    );
}

#[test]
fn the_help_of_every_verb_begins_with_examples() {
    let environment = TestEnvironment::empty();
    let help = environment.succeed(&["--help"]);
    let verbs = help
        .lines()
        .skip_while(|line| *line != "Commands:")
        .skip(1)
        .take_while(|line| !line.is_empty());
    let verbs: Vec<&str> = verbs.filter_map(|line| line.split_whitespace().next()).collect();
    assert!(verbs.len() > 20, "{help}");
    for verb in verbs.into_iter().filter(|verb| *verb != "help") {
        let help = environment.succeed(&[verb, "--help"]);
        let third = help.lines().nth(2);
        assert_eq!(third, Some("Examples:"), "{verb}");
    }
    for verb in ["add", "list", "remove"] {
        let help = environment.succeed(&["plugin", verb, "--help"]);
        assert_eq!(help.lines().nth(2), Some("Examples:"), "plugin {verb}");
    }
}
