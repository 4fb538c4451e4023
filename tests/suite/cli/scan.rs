//! `secret scan`: what stands in plain text, today and in the history, told without a word of it.

use snapbox::str;

use super::assert_screen;
use super::secret::{CANARY, screens, seal_in, sealed};
use crate::environment::TestEnvironment;

/// A token by its shape, in pieces, so that no scanner takes this file for a leak.
fn github_token() -> String {
    ["ghp", "_aB3dE6gH9jK2mN5pQ8sT1vW4yZ7bC0eF3hI6"].concat()
}

/// What is in none of the answers.
fn assert_hidden(screen: &str, hidden: &[&str]) {
    for hidden in hidden {
        assert!(!screen.contains(hidden), "{hidden}\n{screen}");
    }
}

/// The answers of a scan, one for each line.
fn scanned(environment: &TestEnvironment, arguments: &[&str]) -> Vec<serde_json::Value> {
    let screen = environment.run(&[&["secret", "scan", "--json"], arguments].concat());
    assert!(matches!(screen.code(), Some(0 | 1)), "{screen}");
    let lines = screen.stdout.lines().map(|line| serde_json::from_str(line).unwrap());
    let found: Vec<_> = lines.collect();
    assert_eq!(screen.code(), Some(i32::from(!found.is_empty())), "{screen}");
    found
}

#[test]
fn what_is_sealed_or_ordinary_is_not_reported_and_no_identity_is_needed() {
    let environment = sealed();
    environment.succeed(&["set", "valve.threshold", "41"]);
    std::fs::remove_dir_all(environment.folder().join("home")).unwrap();
    assert_screen!(
        environment.screens(&["secret scan", "secret scan --history", "secret scan --history --json"]),
        str![[r#"
$ valvecfg secret scan
------- stderr -------
no secret was found in plain text

$ valvecfg secret scan --history
------- stderr -------
no secret was found in plain text

$ valvecfg secret scan --history --json
------- stderr -------
no secret was found in plain text
"#]]
    );
}

#[test]
fn plain_text_and_tokens_are_found_wherever_they_stand_and_not_shown() {
    let environment = TestEnvironment::gateway();
    seal_in(&environment);
    environment.succeed(&["unset", "valve.mqtt.password"]);
    let token = github_token();
    let link = "mqtt://valve:hunter2@broker.gateway.example";
    environment.edit(
        "plugins/valve.toml",
        "keep_alive = 30",
        &format!("keep_alive = 30 # once {token}\npassword = \"{CANARY}\" # the broker's"),
    );
    environment.edit(
        "plugins/valve.toml",
        "host = \"broker.gateway.example\"",
        &format!("host = '{link}'"),
    );
    let shown = screens(
        &environment,
        &["secret scan", "secret scan --json", "secret scan --history"],
    );
    assert_hidden(&shown, &[CANARY, &token, "hunter2"]);
    assert_screen!(
        shown,
        str![[r#"
$ valvecfg secret scan
setting                   where                     what
valve.mqtt.host           plugins/valve.toml:15:8   a password in an address
valve, outside of values  plugins/valve.toml:17:24  a token of GitHub
valve.mqtt.password       plugins/valve.toml:18:12  a secret in plain text
------- stderr -------
`valvecfg secret set valve.mqtt.password --from-file` seals it where it stands
what looks secret belongs into a setting that its schema marks: `valvecfg explain x-secret`
[exit 1]

$ valvecfg secret scan --json
{"plugin":"valve","key":"valve.mqtt.host","kind":"url-password","file":"plugins/valve.toml","line":15,"column":8,"present":true,"first":null}
{"plugin":"valve","key":null,"kind":"github-token","file":"plugins/valve.toml","line":17,"column":24,"present":true,"first":null}
{"plugin":"valve","key":"valve.mqtt.password","kind":"plain-text","file":"plugins/valve.toml","line":18,"column":12,"present":true,"first":null}
------- stderr -------
`valvecfg secret set valve.mqtt.password --from-file` seals it where it stands
what looks secret belongs into a setting that its schema marks: `valvecfg explain x-secret`
[exit 1]

$ valvecfg secret scan --history
setting                   where                     what                      today        since         time  author
valve.mqtt.host           plugins/valve.toml:15:8   a password in an address  still there  not recorded
valve, outside of values  plugins/valve.toml:17:24  a token of GitHub         still there  not recorded
valve.mqtt.password       plugins/valve.toml:18:12  a secret in plain text    still there  not recorded
------- stderr -------
`valvecfg secret set valve.mqtt.password --from-file` seals it where it stands
what looks secret belongs into a setting that its schema marks: `valvecfg explain x-secret`
[exit 1]
"#]]
    );
}

#[test]
fn a_file_that_is_no_toml_is_told_without_what_could_be_secret() {
    let environment = TestEnvironment::gateway();
    environment.edit(
        "plugins/valve.toml",
        "keep_alive = 30",
        &format!("keep_alive = 30\npassword = \"{CANARY}"),
    );
    let screen = environment.run(&["secret", "scan"]);
    assert_eq!(screen.code(), Some(1), "{screen}");
    assert!(screen.stderr.contains("VC0"), "{screen}");
    assert_hidden(&screen.to_string(), &[CANARY]);
}

const OPEN: &str = r#"{"type": "object", "properties": {"pin": {"type": "string"}, "note": {"type": "string"}}}"#;
const MARKED: &str =
    r#"{"type": "object", "properties": {"pin": {"type": "string", "x-secret": true}, "note": {"type": "string"}}}"#;

/// A store with a plugin `net` by this schema.
fn net(schema: &str) -> TestEnvironment {
    let environment = TestEnvironment::new_store();
    environment.beside("net.json", schema);
    environment.beside("net.toml", "pin = \"first-pin\"\n");
    environment
}

const ADD: [&str; 7] = [
    "plugin",
    "add",
    "net",
    "--schema",
    "../net.json",
    "--settings",
    "../net.toml",
];

#[test]
fn the_history_tells_the_first_revision_of_each_value_and_whether_it_is_still_there() {
    let environment = net(OPEN);
    environment.succeed(&ADD);
    environment.succeed(&["set", "net.note", &github_token()]);
    environment.succeed(&["set", "net.note", "nothing"]);
    environment.succeed(&["set", "net.pin", "second-pin"]);
    environment.succeed(&["set", "net.note", &github_token()]);
    environment.succeed(&["set", "net.note", "gone"]);
    assert_eq!(scanned(&environment, &["--history"]).len(), 1);
    // Only now does the schema say so: it holds for what was.
    environment.write("schemas/net/1.schema.json", MARKED);
    let shown = screens(&environment, &["secret scan", "secret scan --history"]);
    assert_hidden(&shown, &["first-pin", "second-pin", &github_token()]);
    assert_screen!(
        shown,
        str![[r#"
$ valvecfg secret scan
setting  where                 what
net.pin  plugins/net.toml:1:7  a secret in plain text
------- stderr -------
`valvecfg secret set net.pin --from-file` seals it where it stands
[exit 1]

$ valvecfg secret scan --history
setting   where                 what                    today        since     time                        author
net.pin   plugins/net.toml:1:7  a secret in plain text  still there  [rev 1]  2025-12-01 00:00:00 +00:00  Ines Duarte
net.pin   plugins/net.toml:1:7  a secret in plain text  gone         [rev 2]  2025-12-01 00:00:00 +00:00  Ines Duarte
net.note  plugins/net.toml:2:8  a token of GitHub       gone         [rev 3]  2025-12-01 00:00:00 +00:00  Ines Duarte
------- stderr -------
`valvecfg secret set net.pin --from-file` seals it where it stands
what the history holds cannot be taken back: change it at its source
[exit 1]
"#]]
    );
    let found = scanned(&environment, &["--history"]);
    let log = environment.git_succeed(&["log", "--format=%H", "--reverse"]);
    let revisions: Vec<&str> = log.lines().collect();
    let firsts: Vec<_> = found.iter().map(|one| one["first"]["id"].as_str().unwrap()).collect();
    assert_eq!(firsts, [revisions[4], revisions[1], revisions[2]].map(|id| id));
}

#[test]
fn a_schema_of_the_past_marks_what_stood_in_its_time() {
    let environment = net(MARKED);
    environment.beside("net.toml", "pin = 'first-pin'\nnote = ''\n");
    environment.succeed(&["secret", "keygen"]);
    environment.beside("net.toml", "note = ''\n");
    environment.succeed(&ADD);
    // Recorded with git, past every check.
    environment.write("plugins/net.toml", "note = ''\npin = 'first-pin'\n");
    environment.git_succeed(&["commit", "-qam", "by hand"]);
    environment.write("schemas/net/1.schema.json", OPEN);
    environment.write("plugins/net.toml", "note = ''\n\npin = \"first-pin\"\n");
    environment.git_succeed(&["commit", "-qam", "no secret any more"]);
    assert_eq!(scanned(&environment, &[]).len(), 0);
    let found = scanned(&environment, &["--history"]);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(
        (&found[0]["key"], &found[0]["kind"]),
        (&"net.pin".into(), &"plain-text".into())
    );
    assert_eq!((&found[0]["present"], &found[0]["line"]), (&true.into(), &3.into()));
}

#[test]
fn what_a_removed_plugin_held_is_found_and_a_revision_that_is_no_toml_too() {
    let environment = net(OPEN);
    environment.succeed(&ADD);
    environment.write("plugins/net.toml", format!("= {}\n", github_token()));
    environment.git_succeed(&["commit", "-qam", "by hand"]);
    environment.write("plugins/net.toml", "pin = \"x\"\n");
    environment.git_succeed(&["commit", "-qam", "by hand"]);
    environment.succeed(&["plugin", "remove", "net"]);
    let found = scanned(&environment, &["--history"]);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(
        (&found[0]["plugin"], &found[0]["key"]),
        (&"net".into(), &serde_json::Value::Null)
    );
    assert_eq!(
        (&found[0]["kind"], &found[0]["present"]),
        (&"github-token".into(), &false.into())
    );
}

#[test]
fn what_a_branch_held_before_it_was_merged_is_found_with_the_revision_that_brought_it() {
    let environment = net(OPEN);
    environment.succeed(&ADD);
    environment.succeed(&["set", "net.note", "on-main"]);
    environment.git_succeed(&["checkout", "-qb", "side", "main~1"]);
    let commit = |settings: String| {
        environment.write("plugins/net.toml", settings);
        environment.git_succeed(&["commit", "-qam", "beside"]);
        environment.git_succeed(&["rev-parse", "HEAD"]).trim().to_owned()
    };
    let marked = {
        environment.write("schemas/net/1.schema.json", MARKED);
        commit("pin = \"first-pin\"\n".to_owned())
    };
    let token = commit(format!("pin = \"first-pin\"\nnote = \"{}\"\n", github_token()));
    environment.write("schemas/net/1.schema.json", OPEN);
    commit("pin = \"first-pin\"\n".to_owned());
    environment.git_succeed(&["checkout", "-q", "main"]);
    environment.git_succeed(&["merge", "-q", "--no-ff", "-m", "merged", "side"]);
    let found = scanned(&environment, &["--history"]);
    let told: Vec<_> = found
        .iter()
        .map(|one| [&one["key"], &one["present"], &one["first"]["id"]].map(ToString::to_string))
        .collect();
    let expected = [["net.pin", "true", &marked], ["net.note", "false", &token]]
        .map(|one| [format!("{:?}", one[0]), one[1].to_owned(), format!("{:?}", one[2])]);
    assert_eq!(told, expected, "{found:?}");
}
