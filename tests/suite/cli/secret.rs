//! Secrets at the verbs: sealed, masked, and opened where a person asks for exactly that.

use snapbox::str;

use super::assert_screen;
use crate::environment::{TestEnvironment, VALVECFG, copy_folder};

/// What must never be seen.
pub(super) const CANARY: &str = "canary-9f3b7c";

/// A store of the example gateway with an identity.
fn gateway() -> TestEnvironment {
    let environment = TestEnvironment::gateway();
    environment.succeed(&["secret", "keygen"]);
    environment
}

/// The same, in which the password is sealed.
pub(super) fn sealed() -> TestEnvironment {
    let environment = TestEnvironment::gateway();
    seal_in(&environment);
    environment
}

/// Seals the password of an example gateway for a new identity.
pub(super) fn seal_in(environment: &TestEnvironment) {
    environment.succeed(&["secret", "keygen"]);
    let screen = environment.with_input("secret set valve.mqtt.password --value-stdin", CANARY);
    assert!(screen.status.success(), "{screen}");
}

/// Screens with names in place of the keys, which are new each time.
pub(super) fn screens(environment: &TestEnvironment, lines: &[&str]) -> String {
    let screens = environment.screens(lines);
    let mut shown = String::new();
    let mut rest = screens.as_str();
    while let Some(at) = rest.find("age1") {
        let end = rest[at..].find(|c: char| !c.is_ascii_alphanumeric());
        let end = end.map_or(rest.len(), |length| at + length);
        shown.push_str(&rest[..at]);
        shown.push_str(if end - at > 40 { "[recipient]" } else { &rest[at..end] });
        rest = &rest[end..];
    }
    shown.push_str(rest);
    assert!(!shown.contains(CANARY), "{shown}");
    shown
}

#[test]
fn a_secret_is_sealed_and_opened_only_where_that_is_asked_for() {
    let environment = sealed();
    assert_screen!(
        screens(
            &environment,
            &[
                "secret list",
                "secret recipients list",
                "get valve.mqtt.password",
                "get valve.mqtt",
                "get valve.mqtt --json",
                "list valve.mqtt",
                "describe valve.mqtt.password",
                "history valve.mqtt.password",
                "show @",
                "diff @~1 @ --text",
                "validate",
                "status",
            ]
        ),
        str![[r#"
$ valvecfg secret list
secret               sealed for  since                       state
valve.mqtt.password  1 of 1      2025-12-01 00:00:00 +00:00  opens

$ valvecfg secret recipients list
for          recipient
all plugins  [recipient]

$ valvecfg get valve.mqtt.password
------- stderr -------
error: `valve.mqtt.password` is secret
help: `--reveal` prints it
[exit 1]

$ valvecfg get valve.mqtt
host = "broker.gateway.example"
topic = "greenhouse/valve"
keep_alive = 30
password = "‹secret›"

$ valvecfg get valve.mqtt --json
{"host":"broker.gateway.example","topic":"greenhouse/valve","keep_alive":30,"password":"‹secret›"}

$ valvecfg list valve.mqtt
key                    value                     default          source
valve.mqtt.host        "broker.gateway.example"                   plugins/valve.toml:15
valve.mqtt.topic       "greenhouse/valve"        "gateway/valve"  plugins/valve.toml:16
valve.mqtt.keep_alive  30                        60               plugins/valve.toml:17
valve.mqtt.password    ‹secret›                                   plugins/valve.toml:18
valve.mqtt.port        1883                      1883             schema default
valve.mqtt.client_id   "valve"                   "valve"          schema default
valve.mqtt.tls         false                     false            schema default

$ valvecfg describe valve.mqtt.password
     setting  valve.mqtt.password
 description  Password at the broker.
        type  a string
     allowed  at least 8 characters
      secret  sealed; `valvecfg secret set valve.mqtt.password` gives it a value
       value  ‹secret›
 last change  valve.mqtt.password ‹secret› added by Ines Duarte, 2025-12-01 00:00:00 +00:00 ([rev 1], secret set)

$ valvecfg history valve.mqtt.password
revision  time                        author       via         before     after
[rev 1]  2025-12-01 00:00:00 +00:00  Ines Duarte  secret set  (not set)  ‹secret›

$ valvecfg show @
revision  [rev 1]
author    Ines Duarte <ines@gateway.example>
time      2025-12-01 00:00:00 +00:00
via       secret set

valve.mqtt.password ‹secret› added

$ valvecfg diff @~1 @ --text
--- a/plugins/valve.toml
+++ b/plugins/valve.toml
@@ -15,6 +15,7 @@
 host = "broker.gateway.example"
 topic = "greenhouse/valve"
 keep_alive = 30
+password = ‹secret›
 
 # The order is that of the relays, left to right.
 [[zones]]

$ valvecfg validate
no violations, 7 files checked

$ valvecfg status
store     [STORE]
revision  [rev 1]  2025-12-01 00:00:00 +00:00  Ines Duarte
          valve.mqtt.password ‹secret› added
heating     as recorded
irrigation  as recorded
valve       as recorded
"#]]
    );
    let plain = environment.succeed(&["get", "valve.mqtt.password", "--reveal"]);
    assert_eq!(plain, format!("{CANARY}\n"));
    let json = environment.succeed(&["get", "valve.mqtt", "--reveal", "--json"]);
    assert!(json.contains(CANARY), "{json}");
    let text = String::from_utf8(environment.read("plugins/valve.toml")).unwrap();
    assert!(text.contains("password = \"age:") && !text.contains(CANARY), "{text}");
    let log = environment.git_succeed(&["log", "-p", "--all"]);
    assert!(!log.contains(CANARY));
}

#[test]
fn the_list_tells_since_when_the_sealed_text_stands_there() {
    let environment = sealed();
    let since = |environment: &TestEnvironment| {
        let line = environment.succeed(&["secret", "list", "--json"]);
        let row: serde_json::Value = serde_json::from_str(line.lines().next().unwrap()).unwrap();
        row["changed"].clone()
    };
    let recorded = |environment: &TestEnvironment| {
        let last = environment.git_succeed(&["log", "-1", "--format=%cI"]);
        serde_json::Value::from(last.trim().replace('Z', "+00:00"))
    };
    let first = recorded(&environment);
    assert_eq!(since(&environment), first);
    let later = |line: &str| {
        let mut command = environment.command(VALVECFG);
        command
            .args(line.split(' '))
            .env("GIT_COMMITTER_DATE", "2026-02-03T04:05:06+01:00");
        let screen = environment.screen(&mut command);
        assert!(screen.status.success(), "{screen}");
    };
    later("set valve.threshold 41");
    assert_eq!(since(&environment), first);
    later("secret rekey");
    assert_eq!(since(&environment), recorded(&environment));
    // What is not recorded has no time.
    environment.edit("plugins/valve.toml", "password = \"age:", "password = \"age:A");
    assert_eq!(since(&environment), serde_json::Value::Null);
    environment.succeed(&["secret", "list"]);
}

#[test]
fn what_has_nothing_to_do_with_a_secret_leaves_its_bytes_alone() {
    let environment = sealed();
    let line = |environment: &TestEnvironment| {
        let text = String::from_utf8(environment.read("plugins/valve.toml")).unwrap();
        text.lines()
            .find(|line| line.starts_with("password"))
            .unwrap()
            .to_owned()
    };
    let before = line(&environment);
    environment.succeed(&["set", "valve.threshold", "41"]);
    environment.succeed(&["rollback", "@~1", "--yes"]);
    assert_eq!(line(&environment), before);
    environment.succeed(&["secret", "rekey"]);
    assert_ne!(line(&environment), before);
    assert_eq!(
        environment.succeed(&["get", "valve.mqtt.password", "--reveal"]),
        format!("{CANARY}\n")
    );
}

#[test]
fn a_value_among_the_arguments_is_refused_and_not_repeated() {
    let environment = gateway();
    for line in [
        "set valve.mqtt.password canary-9f3b7c",
        "set valve.mqtt.password=canary-9f3b7c valve.threshold=41",
        "set valve.mqtt.password canary-9f3b7c --json",
        "set valve.mqtt.password canary-9f3b7c --expect x",
        "secret set valve.mqtt.password canary-9f3b7c",
        "secret set valve.mqtt.password --canary-9f3b7c",
        "secret set valve.mqtt.password canary-9f3b7c more --json",
        "add valve.mqtt.password canary-9f3b7c",
    ] {
        let screen = environment.run(&line.split(' ').collect::<Vec<_>>());
        assert_eq!(screen.code(), Some(2), "{line}\n{screen}");
        assert!(!screen.to_string().contains(CANARY), "{line}\n{screen}");
        assert!(screen.stderr.contains("must not stand among the arguments"), "{screen}");
    }
    assert_eq!(environment.git_status(), "");
}

#[test]
fn each_mistake_is_told_without_the_secret() {
    let environment = TestEnvironment::gateway();
    let without = environment.screen_with_input("secret set valve.mqtt.password --value-stdin", CANARY);
    let environment = gateway();
    let short = environment.screen_with_input("secret set valve.mqtt.password --value-stdin", "short!!");
    let other = screens(
        &environment,
        &[
            "secret set valve.threshold --from-file",
            "secret set valve.mqtt.password",
            "secret set valve.mqtt.password --from-file",
            "secret recipients add age1nonsense",
            "secret recipients add AGE-SECRET-KEY-1CANARY",
            "secret recipients remove age1nonsense",
            "secret keygen",
            "secret rekey --identity /dev/null",
            "get valve.mqtt.password --reveal",
        ],
    );
    assert_screen!(
        format!("{without}\n\n{short}\n\n{other}"),
        str![[r#"
$ valvecfg secret set valve.mqtt.password --value-stdin
------- stderr -------
error: `valve.mqtt.password` is secret, and valvecfg.toml names no recipient to seal it for
help: `valvecfg secret keygen` makes a key for this machine; `valvecfg secret recipients add age1…` names another
[exit 3]

$ valvecfg secret set valve.mqtt.password --value-stdin
------- stderr -------
error[VC108]: `mqtt.password` must have at least 8 characters
  --> plugins/valve.toml:18:12
   |
18 | password = ‹secret›
   |            ^^^^^^^^ it has another length
   |
   = note: at least 8 characters (schemas/valve/1.schema.json#/$defs/mqtt/properties/password)
help: nothing was written
[exit 1]

$ valvecfg secret set valve.threshold --from-file
------- stderr -------
error: `valve.threshold` is no secret: its schema does not mark it `x-secret`
help: `valvecfg secret list` shows what is secret; `valvecfg set` is for the rest
[exit 2]

$ valvecfg secret set valve.mqtt.password
------- stderr -------
error: cannot ask without a terminal: what is `valve.mqtt.password` to be?
help: pass it on standard input: `valvecfg secret set valve.mqtt.password --value-stdin`
[exit 5]

$ valvecfg secret set valve.mqtt.password --from-file
------- stderr -------
error: `valve.mqtt.password` is not set
[exit 1]

$ valvecfg secret recipients add age1nonsense
------- stderr -------
error: `age1nonsense` is no recipient: its letters do not fit its checksum
help: a recipient is `age1…`, `ssh-ed25519 …` or `ssh-rsa …`; `valvecfg secret recipients list` shows those there are
[exit 1]

$ valvecfg secret recipients add AGE-SECRET-KEY-1CANARY
------- stderr -------
error: this is an identity, the private half of a key; a recipient is its public half
help: a recipient is `age1…`, `ssh-ed25519 …` or `ssh-rsa …`; `valvecfg secret recipients list` shows those there are
[exit 1]

$ valvecfg secret recipients remove age1nonsense
------- stderr -------
error: age1nonsense is not a recipient here
help: `valvecfg secret recipients list` shows those there are
[exit 1]

$ valvecfg secret keygen
------- stderr -------
error: [FOLDER]/home/config/valvecfg/identity.txt is there already
help: name another file with `--output FILE`; what is sealed for an identity opens with no other
[exit 2]

$ valvecfg secret rekey --identity /dev/null
------- stderr -------
error: /dev/null is a device, not a regular file
help: name another file with `--identity FILE`
[exit 6]

$ valvecfg get valve.mqtt.password --reveal
------- stderr -------
error: `valve.mqtt.password` is not set and has no default
help: `--default VALUE` gives a value for this case
[exit 1]
"#]]
    );
}

#[test]
fn plain_text_in_a_file_is_a_violation_and_nowhere_shown() {
    let environment = gateway();
    environment.edit(
        "plugins/valve.toml",
        "keep_alive = 30",
        "keep_alive = 30 # s\npassword = \"canary-9f3b7c\" # the broker's",
    );
    assert_screen!(
        screens(
            &environment,
            &[
                "status",
                "diff",
                "diff --text",
                "get valve.mqtt.password",
                "list valve.mqtt",
                "set valve.threshold 41",
                "commit",
                "validate",
                "validate --output-format json",
                "secret list",
            ]
        ),
        str![[r##"
$ valvecfg status
store     [STORE]
revision  [rev 1]  2025-12-01 00:00:00 +00:00  Ines Duarte
          valvecfg.toml
heating     as recorded
irrigation  as recorded
valve       edited by hand, 1 violation
            valve.mqtt.password ‹secret› added
error[VC201]: `mqtt.password` is secret and stands here in plain text
  --> plugins/valve.toml:18:12
   |
18 | password = ‹secret› # the broker's
   |            ^^^^^^^^ to be sealed
   |
   = note: at least 8 characters (schemas/valve/1.schema.json#/$defs/mqtt/properties/password)
`valvecfg secret set valve.mqtt.password --from-file` seals it where it stands

$ valvecfg diff
valve.mqtt.password ‹secret› added

$ valvecfg diff --text
--- a/plugins/valve.toml
+++ b/plugins/valve.toml
@@ -14,7 +14,8 @@
 [mqtt]
 host = "broker.gateway.example"
 topic = "greenhouse/valve"
-keep_alive = 30
+keep_alive = 30 # s
+password = ‹secret› # the broker's
 
 # The order is that of the relays, left to right.
 [[zones]]

$ valvecfg get valve.mqtt.password
------- stderr -------
error: `valve.mqtt.password` is secret
help: `--reveal` prints it
[exit 1]

$ valvecfg list valve.mqtt
key                    value                     default          source
valve.mqtt.host        "broker.gateway.example"                   plugins/valve.toml:15
valve.mqtt.topic       "greenhouse/valve"        "gateway/valve"  plugins/valve.toml:16
valve.mqtt.keep_alive  30                        60               plugins/valve.toml:17
valve.mqtt.password    ‹secret›                                   plugins/valve.toml:18
valve.mqtt.port        1883                      1883             schema default
valve.mqtt.client_id   "valve"                   "valve"          schema default
valve.mqtt.tls         false                     false            schema default

$ valvecfg set valve.threshold 41
------- stderr -------
error[VC201]: `mqtt.password` is secret and stands here in plain text
  --> plugins/valve.toml:18:12
   |
18 | password = ‹secret› # the broker's
   |            ^^^^^^^^ to be sealed
   |
   = note: at least 8 characters (schemas/valve/1.schema.json#/$defs/mqtt/properties/password)
help: nothing of it was recorded; `valvecfg secret set valve.mqtt.password --from-file` seals it where it stands
[exit 1]

$ valvecfg commit
------- stderr -------
error[VC201]: `mqtt.password` is secret and stands here in plain text
  --> plugins/valve.toml:18:12
   |
18 | password = ‹secret› # the broker's
   |            ^^^^^^^^ to be sealed
   |
   = note: at least 8 characters (schemas/valve/1.schema.json#/$defs/mqtt/properties/password)
help: nothing of it was recorded; `valvecfg secret set valve.mqtt.password --from-file` seals it where it stands
[exit 1]

$ valvecfg validate
error[VC201]: `mqtt.password` is secret and stands here in plain text
  --> plugins/valve.toml:18:12
   |
18 | password = ‹secret› # the broker's
   |            ^^^^^^^^ to be sealed
   |
   = note: at least 8 characters (schemas/valve/1.schema.json#/$defs/mqtt/properties/password)

1 error in 1 file, 7 files checked
[exit 1]

$ valvecfg validate --output-format json
[{"file":"plugins/valve.toml","line":18,"column":12,"end_line":18,"end_column":12,"code":"VC201","severity":"error","message":"`mqtt.password` is secret and stands here in plain text","key":"mqtt.password","schema":"#/$defs/mqtt/properties/password","label":"to be sealed","allowed":"at least 8 characters (schemas/valve/1.schema.json#/$defs/mqtt/properties/password)"}]
[exit 1]

$ valvecfg secret list
secret               sealed for  since  state
valve.mqtt.password                     in plain text: `secret set KEY --from-file` seals it
"##]]
    );
}

#[test]
fn no_form_of_a_violation_tells_how_long_a_secret_is() {
    let environment = gateway();
    let recorded = environment.read("plugins/valve.toml");
    let told = |line: &str| {
        environment.write("plugins/valve.toml", &recorded);
        environment.edit("plugins/valve.toml", "keep_alive = 30", line);
        let formats = ["full", "concise", "json", "jsonl", "github", "gitlab", "junit", "sarif"];
        let validate = formats.map(|format| {
            let screen = environment.run(&["validate", "--output-format", format]);
            assert_eq!(screen.code(), Some(1), "{screen}");
            screen.to_string()
        });
        let refused = ["set", "commit"].map(|verb| {
            let rest: &[&str] = if verb == "set" { &["valve.threshold", "41"] } else { &[] };
            environment.run(&[&[verb], rest, &["--json"]].concat()).to_string()
        });
        [&validate[..], &refused[..]].concat()
    };
    for (short, long) in [
        ("password = \"hunter22\"", "password = \"hunter22-and-much-more\""),
        // Over lines, in a table, and in a file that is no TOML.
        (
            "password = \"\"\"hunter22\"\"\"",
            "password = \"\"\"hunter22-and-much-more\"\"\"",
        ),
        ("password = { a = \"b\" }", "password = { a = \"b-and-much-more\" }"),
        ("password = \"hunter22", "password = \"hunter22-and-much-more"),
    ] {
        assert_eq!(told(short), told(long), "{short}");
    }
}

#[test]
fn what_stands_behind_a_secret_in_its_line_does_not_tell_its_length() {
    let environment = TestEnvironment::new_store();
    environment.succeed(&["secret", "keygen"]);
    let schema = r#"{"type": "object", "properties": {"link": {"type": "object", "maxProperties": 3, "properties": {
        "key": {"type": "string", "x-secret": true}, "pin": {"type": "string", "x-secret": true},
        "port": {"type": "integer", "maximum": 9}}}}}"#;
    environment.beside("net.json", schema);
    environment.beside("net.toml", "");
    let add = "plugin add net --schema ../net.json --settings ../net.toml";
    environment.succeed(&add.split(' ').collect::<Vec<_>>());
    let told = |settings: &str| {
        environment.write("plugins/net.toml", settings);
        ["full", "concise", "json", "jsonl", "github", "gitlab", "junit", "sarif"].map(|format| {
            let screen = environment.run(&["validate", "--output-format", format]);
            assert_eq!(screen.code(), Some(1), "{screen}");
            screen.to_string()
        })
    };
    for settings in [
        "link = { key = \"SECRET\", port = 10 }\n",
        "link = { key = \"SECRET\", pin = \"SECRET\", port = 10, host = 1 }\n",
        "link = { key = \"\"\"a\nSECRET\"\"\", port = 10 }\n",
        "link = { key = \"SECRET\", port = = }\n",
        "link = { key = \"SECRET\", port = 10, port = 10 }\n",
    ] {
        let [short, long] = ["x", "x-and-much-more"].map(|secret| told(&settings.replace("SECRET", secret)));
        assert_eq!(short, long, "{settings}");
    }
    let told = told("link = { key = \"x\", port = 10 }\nport = 1\n");
    assert!(told[1].contains("plugins/net.toml:1:33: "), "{}", told[1]);
    assert!(told[0].contains("link = { key = ‹secret›, port = 10 }"), "{}", told[0]);
}

#[test]
fn plain_text_in_a_file_is_sealed_where_it_stands_and_was_never_recorded() {
    let environment = gateway();
    environment.edit(
        "plugins/valve.toml",
        "keep_alive = 30",
        "keep_alive = 30 # s\npassword = \"canary-9f3b7c\" # the broker's",
    );
    environment.run(&["set", "valve.threshold", "41"]);
    environment.run(&["commit"]);
    environment.succeed(&["secret", "set", "valve.mqtt.password", "--from-file"]);
    assert_eq!(environment.git_status(), "");
    assert_eq!(
        environment.succeed(&["get", "valve.mqtt.password", "--reveal"]),
        format!("{CANARY}\n")
    );
    let text = String::from_utf8(environment.read("plugins/valve.toml")).unwrap();
    assert!(text.contains("\" # the broker's\n"), "{text}");
    let objects = "git cat-file --batch-all-objects --batch --unordered | grep -a -c canary; grep -r -c canary .git | grep -v ':0$'";
    let found = environment.screen(environment.command("sh").args(["-c", objects]));
    assert_eq!(found.stdout, "0\n");
}

#[test]
fn a_broken_file_is_shown_without_the_secret_in_it() {
    let environment = gateway();
    environment.edit(
        "plugins/valve.toml",
        "keep_alive = 30",
        "keep_alive = 30\npassword = \"canary-9f3b7c",
    );
    for line in [
        "status",
        "validate",
        "set valve.threshold 41",
        "diff --text",
        "validate --output-format json",
    ] {
        let screen = environment.run(&line.split(' ').collect::<Vec<_>>());
        assert!(!screen.to_string().contains("canary"), "{line}\n{screen}");
    }
}

#[test]
fn what_cannot_be_opened_names_the_key_and_the_reason_and_changes_nothing() {
    let environment = sealed();
    let text = String::from_utf8(environment.read("plugins/valve.toml")).unwrap();
    let value = text
        .lines()
        .find_map(|line| line.strip_prefix("password = "))
        .unwrap()
        .to_owned();
    let refuse = |environment: &TestEnvironment, arguments: &[&str], words: &str| {
        let before = environment.read("plugins/valve.toml");
        let screen = environment.run(arguments);
        assert_eq!(screen.code(), Some(6), "{screen}");
        assert!(screen.stderr.contains(words), "{words}\n{screen}");
        assert_eq!(environment.read("plugins/valve.toml"), before);
    };
    let copy = || {
        let copied = TestEnvironment::empty();
        for part in ["store", "home"] {
            // An empty environment has a home already.
            let target = copied.folder().join(part);
            if target.exists() {
                std::fs::remove_dir_all(&target).unwrap();
            }
            copy_folder(&environment.folder().join(part), &target);
        }
        copied
    };
    let reveal = ["get", "valve.mqtt.password", "--reveal"];

    let other = copy();
    other.beside("empty.txt", "");
    let empty = other.folder().join("empty.txt");
    std::fs::set_permissions(&empty, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let empty = empty.to_str().unwrap();
    refuse(
        &other,
        &["get", "valve.mqtt.password", "--reveal", "--identity", empty],
        "holds no identity",
    );
    other.succeed(&["secret", "keygen", "--output", "../other.txt"]);
    refuse(
        &other,
        &["get", "valve.mqtt.password", "--reveal", "--identity", "../other.txt"],
        "cannot open `valve.mqtt.password`: it is not sealed for the identity in",
    );
    refuse(
        &other,
        &["secret", "rekey", "--identity", "../other.txt"],
        "`valve.mqtt.password`",
    );

    let damaged = copy();
    let at = value.len() / 2;
    let letter = if &value[at..=at] == "A" { "B" } else { "A" };
    damaged.edit(
        "plugins/valve.toml",
        &value,
        &format!("{}{letter}{}", &value[..at], &value[at + 1..]),
    );
    refuse(&damaged, &reveal, "cannot open `valve.mqtt.password`: ");

    let without = copy();
    std::fs::remove_dir_all(without.folder().join("home")).unwrap();
    refuse(
        &without,
        &reveal,
        "cannot open `valve.mqtt.password`: there is no identity",
    );
    without.succeed(&["set", "valve.threshold", "41"]);
    without.succeed(&["validate"]);
}

#[test]
fn an_item_that_moves_is_sealed_anew_for_its_place() {
    let environment = TestEnvironment::new_store();
    let schema = r#"{"type": "object", "properties": {"links": {"type": "array", "items": {
        "type": "object", "properties": {"name": {"type": "string"}, "key": {"type": "string", "x-secret": true}}}}}}"#;
    environment.beside("net.json", schema);
    environment.beside("net.toml", "[[links]]\nname = \"a\"\n\n[[links]]\nname = \"b\"\n");
    environment.succeed(&[
        "plugin",
        "add",
        "net",
        "--schema",
        "../net.json",
        "--settings",
        "../net.toml",
    ]);
    environment.succeed(&["secret", "keygen"]);
    for (line, value) in [
        ("secret set net.links[0].key --value-stdin", "key-of-a"),
        ("secret set net.links[1].key --value-stdin", "key-of-b"),
    ] {
        let screen = environment.with_input(line, value);
        assert!(screen.status.success(), "{screen}");
    }
    let swapped = String::from_utf8(environment.read("plugins/net.toml")).unwrap();
    environment.succeed(&["unset", "net.links[0]"]);
    assert_eq!(
        environment.succeed(&["get", "net.links[0].key", "--reveal"]),
        "key-of-b\n"
    );

    // By hand, nobody seals anew.
    let (first, second) = (swapped.find("\"age:").unwrap(), swapped.rfind("\"age:").unwrap());
    let value = |at: usize| swapped[at..].split_inclusive('"').take(2).collect::<String>();
    let text = swapped
        .replace(&value(first), "FIRST")
        .replace(&value(second), &value(first));
    environment.write("plugins/net.toml", text.replace("FIRST", &value(second)));
    let screen = environment.run(&["get", "net.links[0].key", "--reveal"]);
    assert_eq!(screen.code(), Some(6), "{screen}");
    assert!(
        screen
            .stderr
            .contains("cannot open `net.links[0].key`: it was sealed for `net.links[1].key`"),
        "{screen}"
    );
    let mut list = environment.command(VALVECFG);
    let list = environment.screen(list.args(["secret", "list"]));
    assert!(list.stdout.contains("broken"), "{list}");
}

#[test]
fn a_password_that_begins_as_sealed_values_do_is_sealed_like_any_other() {
    let environment = gateway();
    let password = format!("age:{CANARY}");
    let screen = environment.with_input("secret set valve.mqtt.password --value-stdin", &password);
    assert!(screen.status.success(), "{screen}");
    let settings = String::from_utf8(environment.read("plugins/valve.toml")).unwrap();
    assert!(!settings.contains(CANARY), "{settings}");
    let revealed = environment.succeed(&["get", "valve.mqtt.password", "--reveal"]);
    assert_eq!(revealed, format!("{password}\n"));
    // Written by hand, it is plain text and goes into no revision.
    let sealed = settings.lines().find(|line| line.starts_with("password")).unwrap();
    environment.edit("plugins/valve.toml", sealed, &format!("password = \"{password}\""));
    assert_screen!(
        screens(
            &environment,
            &[
                "set valve.threshold 50",
                "status",
                "doctor",
                "secret set valve.mqtt.password --from-file",
                "secret list --json",
            ]
        ),
        str![[r#"
$ valvecfg set valve.threshold 50
------- stderr -------
error[VC201]: `mqtt.password` is secret and stands here in plain text
  --> plugins/valve.toml:18:12
   |
18 | password = ‹secret›
   |            ^^^^^^^^ to be sealed
   |
   = note: at least 8 characters (schemas/valve/1.schema.json#/$defs/mqtt/properties/password)
help: nothing of it was recorded; `valvecfg secret set valve.mqtt.password --from-file` seals it where it stands
[exit 1]

$ valvecfg status
store     [STORE]
revision  [rev 1]  2025-12-01 00:00:00 +00:00  Ines Duarte
          valve.mqtt.password ‹secret› added
heating     as recorded
irrigation  as recorded
valve       edited by hand, 1 violation
            valve.mqtt.password ‹secret› -> ‹secret›
error[VC201]: `mqtt.password` is secret and stands here in plain text
  --> plugins/valve.toml:18:12
   |
18 | password = ‹secret›
   |            ^^^^^^^^ to be sealed
   |
   = note: at least 8 characters (schemas/valve/1.schema.json#/$defs/mqtt/properties/password)
`valvecfg secret set valve.mqtt.password --from-file` seals it where it stands

$ valvecfg doctor
error: plugins/valve.toml:18: `mqtt.password` is secret and stands here in plain text [VC201]
  mend: valvecfg secret set valve.mqtt.password --from-file
[exit 1]

$ valvecfg secret set valve.mqtt.password --from-file
valve.mqtt.password ‹secret› -> ‹secret›
saved as [rev 2]
------- stderr -------
nothing here tells valve; it takes effect after a restart of it

$ valvecfg secret list --json
{"key":"valve.mqtt.password","state":"opens","sealed_for":1,"recipients":1,"changed":"2025-12-01T00:00:00+00:00"}
"#]]
    );
}

#[test]
fn a_sealed_value_that_is_damaged_goes_into_no_revision() {
    let environment = sealed();
    let text = String::from_utf8(environment.read("plugins/valve.toml")).unwrap();
    let sealed = text.lines().find(|line| line.starts_with("password")).unwrap();
    let damaged = sealed.replacen("age:YWdl", "age:YWdlLWVuY3J5cHRpb24ub3JnL3YxYWdl", 1);
    environment.edit("plugins/valve.toml", sealed, &damaged);
    let history = environment.git_succeed(&["rev-parse", "HEAD"]);
    assert_screen!(
        screens(&environment, &["set valve.threshold 50", "commit"]),
        str![[r#"
$ valvecfg set valve.threshold 50
------- stderr -------
error[VC202]: `mqtt.password` cannot be opened: the sealed value is damaged: it is of an unknown version of age
  --> plugins/valve.toml:18:12
   |
18 | password = ‹secret›
   |            ^^^^^^^^
   |
help: the file was left as it is; mend it with `valvecfg edit valve`, or take back what is recorded with `git checkout -- plugins/valve.toml`
[exit 1]

$ valvecfg commit
------- stderr -------
error[VC202]: `mqtt.password` cannot be opened: the sealed value is damaged: it is of an unknown version of age
  --> plugins/valve.toml:18:12
   |
18 | password = ‹secret›
   |            ^^^^^^^^
   |
help: the file was left as it is; mend it with `valvecfg edit valve`, or take back what is recorded with `git checkout -- plugins/valve.toml`
[exit 1]
"#]]
    );
    assert_eq!(environment.git_succeed(&["rev-parse", "HEAD"]), history);
    // What `doctor` names mends it.
    let screen = environment.with_input("secret set valve.mqtt.password --value-stdin", CANARY);
    assert!(screen.status.success(), "{screen}");
    environment.succeed(&["get", "valve.mqtt.password", "--reveal"]);
    environment.succeed(&["validate", "--require-secrets"]);
}

#[test]
fn a_hand_edit_of_something_else_is_recorded_where_nothing_can_be_opened() {
    let environment = sealed();
    std::fs::remove_file(environment.folder().join("home/config/valvecfg/identity.txt")).unwrap();
    environment.edit("plugins/valve.toml", "keep_alive = 30", "keep_alive = 31");
    environment.succeed(&["commit"]);
}

#[test]
fn a_slip_in_the_name_of_a_secret_never_leads_to_set() {
    let environment = gateway();
    let screen = environment.with_input("secret set valve.mqtt.pasword --value-stdin", CANARY);
    assert!(
        screen.stderr.contains("did you mean `valve.mqtt.password`?") && !screen.stderr.contains("valvecfg set"),
        "{screen}"
    );
}

#[test]
fn rekey_names_what_it_cannot_open_and_has_nothing_to_do_without_secrets() {
    let environment = sealed();
    let without = gateway();
    for environment in [&environment, &without] {
        std::fs::remove_file(environment.folder().join("home/config/valvecfg/identity.txt")).unwrap();
    }
    assert_screen!(
        screens(&environment, &["secret rekey"])
            + "\n\n"
            + &screens(&without, &["secret rekey", "describe valve.mqtt.password"]),
        str![[r#"
$ valvecfg secret rekey
------- stderr -------
error: cannot open `valve.mqtt.password`: there is no identity
help: name its file with `--identity FILE` or $VALVECFG_IDENTITY, or put it at ~/.config/valvecfg/identity.txt
[exit 6]

$ valvecfg secret rekey
------- stderr -------
nothing to do: it is so already

$ valvecfg describe valve.mqtt.password
     setting  valve.mqtt.password
 description  Password at the broker.
        type  a string
     allowed  at least 8 characters
      secret  sealed; `valvecfg secret set valve.mqtt.password` gives it a value
       value  not set
"#]]
    );
}

#[test]
fn what_only_looks_sealed_is_taken_from_nobody() {
    let environment = gateway();
    let history = environment.git_succeed(&["rev-parse", "HEAD"]);
    let settings = format!("[mqtt]\npassword = \"age:{}\"\n", "A".repeat(200));
    let screen = environment.with_input("apply - --plugin valve", &settings);
    assert_eq!(screen.code(), Some(1), "{screen}");
    assert!(screen.stderr.contains("error[VC202]: `mqtt.password`"), "{screen}");
    assert_eq!(environment.git_succeed(&["rev-parse", "HEAD"]), history);
}

#[test]
fn a_secret_that_has_the_value_already_stays_as_it_is_sealed() {
    let environment = sealed();
    let (settings, revisions) = (environment.read("plugins/valve.toml"), environment.revisions());
    assert_screen!(
        environment.screen_with_input("secret set valve.mqtt.password --value-stdin", CANARY),
        str![[r#"
$ valvecfg secret set valve.mqtt.password --value-stdin
------- stderr -------
nothing to do: it is so already
"#]]
    );
    assert_eq!(environment.read("plugins/valve.toml"), settings);
    assert_eq!(environment.revisions(), revisions);
    // Where it cannot be opened, nobody knows.
    std::fs::remove_file(environment.folder().join("home/config/valvecfg/identity.txt")).unwrap();
    let screen = environment.with_input("secret set valve.mqtt.password --value-stdin", CANARY);
    assert!(screen.stdout.contains("saved as"), "{screen}");
    assert_ne!(environment.read("plugins/valve.toml"), settings);
}

#[test]
fn a_slip_in_the_name_of_a_secret_shows_nothing_of_its_value() {
    let environment = gateway();
    for key in [
        "valve.mqtt.pasword",
        "valve.mqt.password",
        "valve.mqtt.api_token",
        "valve.mqtt.pasword valve.threshold=2",
    ] {
        let (key, rest) = key.split_once(' ').unwrap_or((key, "valve.hysteresis=2"));
        let screen = environment.run(&["set", &format!("{key}={CANARY}"), rest]);
        assert_eq!(screen.code(), Some(1), "{screen}");
        assert!(!screen.to_string().contains(CANARY), "{screen}");
    }
    let screen = environment.run(&["set", "valve.mqtt.pasword", CANARY]);
    assert!(screen.stderr.contains("did you mean `password`?"), "{screen}");
    // What is no secret by any name is shown.
    let screen = environment.run(&["set", "valve.mqtt.usr", "ines"]);
    assert!(screen.stderr.contains("usr = \"ines\""), "{screen}");
}
