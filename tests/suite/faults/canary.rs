//! A canary for a secret: whatever is typed and whatever goes wrong, its bytes are written nowhere but where
//! `--reveal` was said, and no file holds them afterwards.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;

use super::{memory, report, skip, strace};
use crate::environment::{TestEnvironment, VALVECFG};

/// A text and a number, neither of which comes about by chance. Both are spelled alike in TOML and in JSON.
const TEXT: &str = "QZcanary9f3b7c";
const NUMBER: &str = "739184625017";

/// Every call that can hand bytes to somebody else.
const TRACE: &str = "trace=write,writev,pwrite64,pwritev,pwritev2,sendto,sendmsg,sendmmsg,execve";

/// A plugin whose secrets are of other types, have names that do not tell, and stand in tables and arrays.
const NET: &str = r#"{"type": "object", "additionalProperties": false, "properties": {
    "host": {"type": "string"},
    "pin": {"type": "integer", "minimum": 1000, "x-secret": true},
    "phrase": {"type": "string", "pattern": "^QZ[a-z0-9]*$", "maxLength": 40, "x-secret": true},
    "auth": {"type": "object", "writeOnly": true, "additionalProperties": {"type": "string"}},
    "codes": {"type": "array", "uniqueItems": true, "items": {"type": ["string", "integer"], "x-secret": true}},
    "links": {"type": "array", "items": {"type": "object", "additionalProperties": false,
        "properties": {"name": {"type": "string"}, "wep": {"type": "string", "minLength": 3, "x-secret": true}}}}}}"#;

/// What shows settings, in every form.
const SHOWING: &[&str] = &[
    "status",
    "status --json",
    "-v status",
    "diff",
    "diff --json",
    "diff --text",
    "diff @~1 @ --text",
    "diff @~1 @ --json",
    "list",
    "list --json",
    "list net",
    "get valve.mqtt",
    "get valve.mqtt --json",
    "get valve.mqtt.password --show-origin",
    "get net",
    "get net.auth",
    "get net.codes --json",
    "get net.pin",
    "get net --at @",
    "describe valve.mqtt.password",
    "describe net.pin --json",
    "describe net.auth",
    "history",
    "history --json",
    "history valve.mqtt.password",
    "history net.pin --json",
    "history net",
    "show @",
    "show @ --json",
    "show @~1",
    "validate --output-format full",
    "validate --output-format concise",
    "validate --output-format json",
    "validate --output-format jsonl",
    "validate --output-format github",
    "validate --output-format gitlab",
    "validate --output-format junit",
    "validate --output-format sarif",
    "validate --output-file ../report.txt",
    "validate --color always",
    "secret list",
    "secret list --json",
    "secret scan --history",
    "secret scan --history --json",
    "secret recipients list",
    "doctor",
    "doctor --json",
    "plugin list --json",
    "trust . -n",
];

/// What changes settings.
const CHANGING: &[&str] = &[
    "-v set valve.threshold 41",
    "set valve.threshold 42 --json",
    "set net.host b -n --json",
    "unset net.host -n",
    "commit --json",
    "rollback @~1 --yes --json",
    "rollback --yes",
    "revert @",
    "apply --plugin net ../host.toml --json",
    "edit valve",
    "secret rekey -n",
    "secret rekey",
    "plugin remove heating -n",
];

/// Where the canary was seen: what was typed, and how it got out.
type Leaks = BTreeMap<String, String>;

struct Watch {
    environment: TestEnvironment,
    leaks: Leaks,
    runs: usize,
    /// The bytes by which it is known.
    traces: Vec<Vec<u8>>,
}

impl Watch {
    fn new() -> Self {
        let environment = TestEnvironment::gateway_in(&memory());
        environment.beside("net.json", NET);
        environment.beside("host.toml", "host = \"c\"\n");
        environment.beside("net.toml", "host = \"a\"\n");
        environment.beside("tmp/.keep", "");
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
        Self {
            environment,
            leaks: Leaks::new(),
            runs: 0,
            traces: [TEXT, NUMBER].into_iter().flat_map(spellings).collect(),
        }
    }

    /// Runs a command under strace and notes what of the canary it wrote.
    fn run(&mut self, line: &str, input: &str) {
        self.run_where(&[], line, input);
    }

    fn run_where(&mut self, variables: &[(&str, &str)], line: &str, input: &str) {
        self.runs += 1;
        let log = self.environment.folder().join("log");
        let mut command = self.environment.command("strace");
        command.args(["-f", "-s", "1000000", "-xx", "-e", TRACE, "-e", "signal=none", "-o"]);
        command.arg(&log).arg(VALVECFG).args(line.split(' '));
        command
            .env("EDITOR", "sed -i s/poll_interval/poll_interval/")
            .env("TMPDIR", "../tmp");
        command.envs(variables.iter().copied());
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        // It may refuse before it reads.
        let _given = child.stdin.take().unwrap().write_all(input.as_bytes());
        let output = child.wait_with_output().unwrap();
        assert_ne!(output.status.code(), Some(70), "{line}: a bug");
        assert_ne!(output.status.code(), Some(101), "{line}: a panic");
        let text = String::from_utf8(fs::read(&log).unwrap()).unwrap();
        fs::remove_file(&log).unwrap();
        // The first call is that which starts the program with what was typed.
        for (call, bytes) in written(text.lines().skip(1)) {
            if let Some(found) = self.found(&bytes) {
                let about = input.get(..60).unwrap_or(input);
                self.leaks.insert(format!("`{line}` by {call}, {about}"), found);
            }
        }
    }

    /// Looks through every file for the canary, but for these.
    fn scan(&mut self, when: &str, except: &[&str]) {
        let root = self.environment.folder().to_owned();
        let mut files = Vec::new();
        gather(&root, &mut files);
        for file in files {
            let name = file.strip_prefix(&root).unwrap().to_str().unwrap().to_owned();
            if except.contains(&name.as_str()) {
                continue;
            }
            if let Some(found) = self.found(&fs::read(&file).unwrap()) {
                self.leaks.insert(format!("{when}, in {name}"), found);
            }
        }
        let objects = ["cat-file", "--batch-all-objects", "--batch", "--unordered"];
        let mut git = self.environment.command("git");
        let output = git.args(objects).output().unwrap();
        assert!(output.status.success());
        if let Some(found) = self.found(&output.stdout) {
            self.leaks.insert(format!("{when}, in an object of git"), found);
        }
    }

    /// The line in which it stands.
    fn found(&self, bytes: &[u8]) -> Option<String> {
        let inflated = inflated(bytes);
        for bytes in [bytes, &inflated] {
            for trace in &self.traces {
                if let Some(at) = bytes.windows(trace.len()).position(|part| part == trace) {
                    let begin = bytes[..at]
                        .iter()
                        .rposition(|byte| *byte == b'\n')
                        .map_or(0, |at| at + 1);
                    let end = (at + trace.len() + 20).min(bytes.len());
                    return Some(String::from_utf8_lossy(&bytes[begin.max(at.saturating_sub(80))..end]).into_owned());
                }
            }
        }
        None
    }

    fn end(self, name: &str) {
        assert!(self.leaks.is_empty(), "{} leaks: {:#?}", self.leaks.len(), self.leaks);
        report(name, &format!("{} runs", self.runs));
    }
}

/// The canary as it is, in hexadecimal, and in base64 wherever it begins.
fn spellings(canary: &str) -> Vec<Vec<u8>> {
    let digits = |byte: u8| [byte >> 4, byte & 15].map(|digit| b"0123456789abcdef"[usize::from(digit)]);
    let hex: Vec<u8> = canary.bytes().flat_map(digits).collect();
    let mut found = vec![canary.into(), hex.to_ascii_uppercase(), hex];
    for before in 0..3 {
        let padded = [&vec![b' '; before][..], canary.as_bytes()].concat();
        let base64 = STANDARD_NO_PAD.encode(padded);
        // What the bytes around it have no part in.
        found.push(base64.as_bytes()[(before * 8).div_ceil(6)..base64.len() - 1].to_vec());
    }
    found
}

/// What was written, descriptor by descriptor, so that no canary is cut in two.
fn written<'l>(lines: impl Iterator<Item = &'l str>) -> BTreeMap<String, Vec<u8>> {
    let mut streams: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    for line in lines {
        let Some((_, call)) = line.split_once(' ') else {
            continue;
        };
        let call = call.trim_start();
        let end = call.find([',', '"']).unwrap_or(call.len());
        let stream = streams.entry(call[..end].to_owned()).or_default();
        // Strings stand between quotes, each byte as \x41.
        for string in call.split('"').skip(1).step_by(2) {
            let bytes = string.split("\\x").filter(|byte| !byte.is_empty());
            stream.extend(bytes.map(|byte| u8::from_str_radix(byte, 16).unwrap()));
        }
    }
    streams
}

/// What is compressed in these bytes; as much of it as is whole.
fn inflated(bytes: &[u8]) -> Vec<u8> {
    let mut plain = Vec::new();
    if bytes.first() == Some(&0x78) {
        // Most bytes are no stream at all.
        let _read = flate2::read::ZlibDecoder::new(bytes).read_to_end(&mut plain);
    }
    plain
}

fn gather(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        match entry.file_type().unwrap() {
            kind if kind.is_dir() => gather(&entry.path(), found),
            kind if kind.is_file() => found.push(entry.path()),
            _ => {}
        }
    }
}

/// All secrets, set by every way that there is, and sealed.
fn fill(watch: &mut Watch) {
    watch.run("secret set valve.mqtt.password --value-stdin", TEXT);
    watch.run("set valve.mqtt.password --value-stdin --json", TEXT);
    watch.run("secret set net.pin --value-stdin --json", NUMBER);
    watch.run("set net.phrase --value-stdin -m why", TEXT);
    watch.run(
        "apply --plugin net - -n",
        &format!("phrase = \"{TEXT}\"\n[auth]\nuser = \"{TEXT}\"\n"),
    );
    watch.run(
        "apply --plugin net -",
        &format!("phrase = \"{TEXT}\"\n[auth]\nuser = \"{TEXT}\"\n"),
    );
    watch.run(
        "apply --plugin net - --json",
        &format!("{{\"codes\": [\"{TEXT}\", {NUMBER}]}}"),
    );
    watch.run(
        "apply --plugin net -",
        &format!("{{\"links\": [{{\"name\": \"n\", \"wep\": \"{TEXT}\"}}]}}"),
    );
}

#[test]
fn a_sealed_canary_is_seen_by_nobody() {
    if let Some(reason) = strace::is_missing() {
        return skip("the canary, sealed", reason);
    }
    let mut watch = Watch::new();
    fill(&mut watch);
    watch.scan("sealed", &[]);
    for (key, canary) in [
        ("valve.mqtt.password", TEXT),
        ("net.pin", NUMBER),
        ("net.phrase", TEXT),
        ("net.auth.user", TEXT),
        ("net.codes[1]", NUMBER),
        ("net.links[0].wep", TEXT),
    ] {
        assert_eq!(
            watch.environment.succeed(&["get", key, "--reveal"]),
            format!("{canary}\n")
        );
    }
    watch.run("get net --reveal --json", "");
    assert!(!watch.leaks.is_empty(), "the watch is blind");
    watch.leaks.clear();
    for line in SHOWING.iter().chain(CHANGING) {
        watch.run(line, "");
    }
    for part in [
        "set valve.mqtt.password ",
        "set net.pin ",
        "get net.",
        "set net.codes[0] ",
    ] {
        let words = format!("-- valvecfg {part}");
        let index = (words.split(' ').count() - 2).to_string();
        let asks = [("COMPLETE", "bash"), ("_CLAP_COMPLETE_INDEX", index.as_str())];
        watch.run_where(&asks, &words, "");
    }
    watch.scan("in the end", &[]);
    watch.end("the canary, sealed");
}

#[test]
fn a_canary_that_is_imported_is_sealed_and_seen_by_nobody() {
    if let Some(reason) = strace::is_missing() {
        return skip("the canary, imported", reason);
    }
    let mut watch = Watch::new();
    let folder = watch.environment.folder().to_owned();
    let database = folder.join("net.sqlite");
    let connection = rusqlite::Connection::open(&database).unwrap();
    let statements = format!(
        "PRAGMA journal_mode = WAL; CREATE TABLE settings (key TEXT, value);
         INSERT INTO settings VALUES ('phrase', '{TEXT}'), ('pin', '{NUMBER}'), ('auth.user', '{TEXT}'), ('codes', '{TEXT}');"
    );
    connection.execute_batch(&statements).unwrap();
    let json = format!(
        "{{\"phrase\": \"{TEXT}\", \"pin\": \"{NUMBER}\", \"auth\": {{\"user\": \"{TEXT}\"}}, \
         \"codes\": [\"{TEXT}\", {NUMBER}], \"links\": [{{\"name\": \"n\", \"wep\": \"{TEXT}\"}}]}}"
    );
    let files = [
        ("net.json", json.clone()),
        ("net.yaml", json.clone()),
        (
            "net.ini",
            format!("phrase = {TEXT}\npin = {NUMBER}\n[auth]\nuser = {TEXT}\n"),
        ),
        ("net.env", format!("NET_PHRASE={TEXT}\nPIN='{NUMBER}'\n")),
        (
            "slip.json",
            json.replace("phrase", "prhase")
                .replace("wep", "wpe")
                .replace("pin", "pni"),
        ),
        (
            "wrong.json",
            json.replace(TEXT, &format!("{TEXT} A"))
                .replace(&format!("\"{NUMBER}\""), &format!("\"{NUMBER}x\"")),
        ),
        ("broken.json", json.replace("]}", "]")),
        ("broken.yaml", format!("phrase: '{TEXT}\npin: {NUMBER}\n")),
        ("broken.toml", format!("phrase = \"{TEXT}\npin = {NUMBER}x\n")),
        ("broken.ini", format!("{TEXT}\n")),
        ("twice.env", format!("PHRASE={TEXT}\nPHRASE={TEXT}\n")),
        ("quoted.env", format!("PHRASE={TEXT}\"\nPIN=\"{NUMBER}$x\"\n")),
    ];
    for (name, text) in &files {
        watch.environment.beside(name, text);
    }
    // A file of this name is passed over in the end: it is where the canary comes from.
    let names = files.iter().map(|(name, _)| *name).chain(["net.sqlite"]);
    for name in names {
        for options in ["", " --json", " -n --fix", " --fix", " --fix --json"] {
            watch.run(&format!("import ../{name} --plugin net{options}"), "");
        }
    }
    watch.run(
        "import ../slip.json --plugin net --fix --skip prhase --skip links --skip pni",
        "",
    );
    drop(connection);
    for name in ["net.sqlite", "net.sqlite-wal", "net.sqlite-shm"] {
        let _gone = fs::remove_file(folder.join(name));
    }
    for (name, _) in &files {
        fs::remove_file(folder.join(name)).unwrap();
    }
    watch.scan("imported", &[]);
    for (key, canary) in [
        ("net.phrase", TEXT),
        ("net.pin", NUMBER),
        ("net.auth.user", TEXT),
        ("net.links[0].wep", TEXT),
    ] {
        let revealed = watch.environment.succeed(&["get", key, "--reveal"]);
        assert_eq!(revealed, format!("{canary}\n"));
    }
    for line in [
        "doctor --types",
        "doctor --types --json",
        "show --json",
        "history --json",
    ] {
        watch.run(line, "");
    }
    // By hand, of the wrong type, and in plain text.
    watch.environment.write(
        "plugins/net.toml",
        format!("pin = \"{NUMBER}\"\nphrase = {NUMBER}\ncodes = \"{TEXT}\"\n"),
    );
    for line in [
        "doctor --types",
        "doctor --types --json",
        "import ../host.toml --plugin net",
    ] {
        watch.run(line, "");
    }
    watch.end("the canary, imported");
}

#[test]
fn a_canary_in_what_is_refused_is_not_repeated() {
    if let Some(reason) = strace::is_missing() {
        return skip("the canary, refused", reason);
    }
    let mut watch = Watch::new();
    fill(&mut watch);
    let long = TEXT.repeat(9);
    for (line, input) in [
        ("secret set net.pin --value-stdin", TEXT),
        ("set net.pin --value-stdin --json", TEXT),
        ("set net.pin --value-stdin --string", NUMBER),
        ("secret set net.phrase --value-stdin", &long),
        ("secret set net.phrase --value-stdin --json", &long),
        ("set net.phrase --value-stdin", "QZ canary QZcanary9f3b7c"),
        ("secret set net.auth --value-stdin", TEXT),
        ("secret set net.auth.user.more --value-stdin", TEXT),
        ("secret set net.codes --value-stdin", TEXT),
        ("secret set net.codes[7] --value-stdin", TEXT),
        ("secret set valve.threshold --value-stdin", TEXT),
        ("secret set nowhere.key --value-stdin", TEXT),
        ("set net.pin --value-stdin --expect QZcanary9f3b7c", "2000"),
        ("set net.pin --value-stdin --expect 739184625017", "2000"),
        ("set net.phrase --value-stdin --expect QZcanary9f3b7c --json", "QZ"),
        ("secret set net.pin 739184625017", ""),
        ("secret set net.pin --739184625017", ""),
        ("set net.pin 739184625017", ""),
        ("set net.pin=739184625017 --json", ""),
        ("set net.pin = 739184625017", ""),
        ("set net.phrase --value=QZcanary9f3b7c", ""),
        ("set net.phrase --value-stdin=QZcanary9f3b7c", ""),
        ("secret set net.phrase --value-stdin=QZcanary9f3b7c", ""),
        ("set net.codes ['QZcanary9f3b7c']", ""),
        ("set net.codes ['QZcanary9f3b7c", ""),
        ("set net.links [{wep='QZcanary9f3b7c'}]", ""),
        ("set net.phrase QZcanary9f3b7c more", ""),
        ("set net.phrase --QZcanary9f3b7c", ""),
        ("set net.phrase=QZcanary9f3b7c -n --nonsense", ""),
        ("secret set net.phrase --value QZcanary9f3b7c", ""),
        ("secret set net.phrase --value=QZcanary9f3b7c", ""),
        ("add net.codes QZcanary9f3b7c", ""),
        ("remove net.codes QZcanary9f3b7c", ""),
        ("remove net.codes 739184625017 --json", ""),
    ] {
        watch.run(line, input);
    }
    for text in [
        "phrase = \"QZcanary9f3b7c",
        "phrase = QZcanary9f3b7c",
        "phrase = 'a' 'QZcanary9f3b7c'",
        "phrase = \"\\QZcanary9f3b7c\"",
        "phrase = \"\"\"\n  QZcanary9f3b7c\n  QZcanary9f3b7c",
        "pin = 739184625017x",
        "pin = 739184625017 739184625017",
        "pin = 739184625017\npin = 739184625017",
        "pin = \"QZcanary9f3b7c\"",
        "pin = 739184625017739184625017",
        "pin = -739184625017",
        "pin = 739184625017.5",
        "phrase = \"QZcanary9f3b7c QZcanary9f3b7c\"",
        "phrase = [\"QZcanary9f3b7c\"]",
        "phrase = { a = \"QZcanary9f3b7c\" }",
        "auth = \"QZcanary9f3b7c\"",
        "auth = [\"QZcanary9f3b7c\"]",
        "[auth]\nuser = 739184625017",
        "[auth]\nuser = \"QZcanary9f3b7c",
        "[auth]\nuser = \"a\"\nother = QZcanary9f3b7c",
        "auth.user = QZcanary9f3b7c",
        "auth = { user = QZcanary9f3b7c }",
        "auth = { user = \"QZcanary9f3b7c\", }, 5",
        "codes = [\"QZcanary9f3b7c\", \"QZcanary9f3b7c\"]",
        "codes = [\n  \"QZcanary9f3b7c\",\n  QZcanary9f3b7c\n]",
        "codes = [[\"QZcanary9f3b7c\"]]",
        "codes = \"QZcanary9f3b7c\"",
        "[[links]]\nname = 5\nwep = \"QZcanary9f3b7c\"",
        "[[links]]\nwep = 'QZcanary9f3b7c",
        "links = [{ wep = QZcanary9f3b7c }]",
        "links = { wep = \"QZcanary9f3b7c\" }",
        "host = 5\nphrase = \"QZcanary9f3b7c\"",
        "\"phrase\" = \"QZcanary9f3b7c\" oops",
        "phrase = \"age:QZcanary9f3b7c\"\nhost = 5",
    ] {
        watch.run("apply --plugin net -", text);
        watch.run("apply --plugin net - --replace --json", text);
        broken(&mut watch, text);
    }
    for text in [
        "{\"pin\": \"QZcanary9f3b7c\"}",
        "{\"pin\": 739184625017739184625017}",
        "{\"pin\": 739184625017.5}",
        "{\"pin\": 739184625017, ",
        "{\"phrase\": \"QZcanary9f3b7c",
        "{\"phrase\": QZcanary9f3b7c}",
        "{\"phrase\": [\"QZcanary9f3b7c\", null]}",
        "{\"codes\": [\"QZcanary9f3b7c\", null]}",
        "{\"codes\": [{\"a\": \"QZcanary9f3b7c\", \"b\": null}]}",
        "{\"auth\": {\"user\": [\"QZcanary9f3b7c\"]}}",
        "{\"auth\": \"QZcanary9f3b7c\"}",
        "[\"QZcanary9f3b7c\"]",
        "\"QZcanary9f3b7c\"",
    ] {
        watch.run("apply --plugin net -", text);
        watch.run("apply --plugin net - --replace --json", text);
    }
    watch.scan("in the end", &[]);
    watch.end("the canary, refused");
}

/// The text as a hand edit, for what shows it without a schema that can be followed.
fn broken(watch: &mut Watch, text: &str) {
    // Standard input goes unread, and names the text in what is found.
    let sealed = watch.environment.read("plugins/net.toml");
    watch.environment.write("plugins/net.toml", text);
    for line in [
        "status",
        "diff --text",
        "validate",
        "validate --output-format sarif",
        "set net.host z",
        "get net.host",
    ] {
        watch.run(line, text);
    }
    watch.environment.write("plugins/net.toml", sealed);
}

#[test]
fn a_canary_that_was_written_by_hand_goes_nowhere_else() {
    if let Some(reason) = strace::is_missing() {
        return skip("the canary, by hand", reason);
    }
    let mut watch = Watch::new();
    watch.environment.edit(
        "plugins/valve.toml",
        "keep_alive = 30",
        &format!("keep_alive = 30\npassword = \"{TEXT}\" # ours"),
    );
    let net = format!(
        "host = \"a\"\npin = {NUMBER}\nphrase = '{TEXT}'\ncodes = [{NUMBER}, \"{TEXT}\"]\n[auth]\nuser = \"{TEXT}\"\n\
         [[links]]\nname = \"n\"\nwep = \"\"\"{TEXT}\"\"\"\n"
    );
    watch.environment.write("plugins/net.toml", &net);
    // An editor is given the file as it stands.
    for line in SHOWING.iter().chain(CHANGING).filter(|line| !line.starts_with("edit")) {
        watch.run(line, "");
    }
    watch.run("plugin add copy --schema ../net.json --settings plugins/net.toml", "");
    watch.run("validate --schema ../net.json plugins/net.toml", "");
    watch.run("validate --schema ../net.json - --json", &net);
    let by_hand = ["store/plugins/valve.toml", "store/plugins/net.toml"];
    watch.scan("by hand", &by_hand);
    // Refused, since the others would stay.
    watch.run("secret set net.pin --from-file", "");
    for key in ["valve.mqtt.password", "net"] {
        watch.run(&format!("secret set {key} --from-file"), "");
    }
    assert_eq!(watch.environment.git_status(), "");
    for line in SHOWING.iter().chain(CHANGING) {
        watch.run(line, "");
    }
    watch.scan("sealed where it stood", &[]);
    watch.end("the canary, by hand");
}
