//! Beside the age program and ssh-keygen: each opens what the other has sealed. Where one is missing, the test is
//! skipped by name. The vectors of age's specification come with the crate `age`.

use std::fs;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use valvecfg::document::KeyPath;
use valvecfg::secret::{IdentityError, Keyring, OpenError, Sealed};

use crate::environment::TestEnvironment;

const SECRET: &str = "correct horse \"battery\" ünd staple";
const KEY: &str = "valve.mqtt.password";

/// Says why a test proves nothing here.
#[expect(clippy::print_stderr, reason = "a test that is skipped must say so")]
fn skip(test: &str, reason: &str) {
    eprintln!("skipped: {test}: {reason}");
}

fn is_missing(program: &str) -> bool {
    let found = Command::new(program).arg("--version").stdin(Stdio::null()).output();
    found.is_err()
}

/// Runs a program in the folder beside the store.
fn run(environment: &TestEnvironment, program: &str, arguments: &[&str], input: &str) -> Vec<u8> {
    let mut command = environment.command(program);
    command.current_dir(environment.folder()).args(arguments);
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{program} {}\n{told}", arguments.join(" "));
    output.stdout
}

#[track_caller]
fn seal(environment: &TestEnvironment) {
    let screen = environment.with_input(&format!("secret set {KEY} --value-stdin"), SECRET);
    assert!(screen.status.success(), "{screen}");
}

#[track_caller]
fn assert_opens(environment: &TestEnvironment, identity: &str) {
    let opened = environment.succeed(&["get", KEY, "--reveal", "--identity", identity]);
    assert_eq!(opened, format!("{SECRET}\n"));
}

/// The age file in the settings.
fn sealed(environment: &TestEnvironment) -> Vec<u8> {
    let text = String::from_utf8(environment.read("plugins/valve.toml")).unwrap();
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("password = \"age:"))
        .unwrap();
    STANDARD.decode(line.trim_end_matches('"')).unwrap()
}

#[test]
fn the_age_program_opens_what_is_sealed_here() {
    if is_missing("age") {
        return skip("age opens ours", "there is no age");
    }
    let environment = TestEnvironment::gateway();
    environment.succeed(&["secret", "keygen"]);
    seal(&environment);
    fs::File::create(environment.folder().join("sealed.age"))
        .unwrap()
        .write_all(&sealed(&environment))
        .unwrap();
    let opened = run(
        &environment,
        "age",
        &["-d", "-i", "home/config/valvecfg/identity.txt", "sealed.age"],
        "",
    );
    let opened = String::from_utf8(opened).unwrap();
    assert_eq!(opened.trim_end(), format!("key = {KEY:?}\nvalue = {SECRET:?}"));
}

#[test]
fn what_the_age_program_seals_in_an_envelope_opens_here() {
    if is_missing("age") {
        return skip("ours opens age", "there is no age");
    }
    let environment = TestEnvironment::gateway();
    run(&environment, "age-keygen", &["-o", "identity.txt"], "");
    let recipient = String::from_utf8(run(&environment, "age-keygen", &["-y", "identity.txt"], "")).unwrap();
    let recipient = recipient.trim();
    environment.succeed(&["secret", "recipients", "add", recipient]);
    let envelope = format!("# by hand\nvalue = '{SECRET}'\nkey='{KEY}'");
    let file = run(&environment, "age", &["-r", recipient], &envelope);
    let line = format!("keep_alive = 30\npassword = \"age:{}\"", STANDARD.encode(file));
    environment.edit("plugins/valve.toml", "keep_alive = 30", &line);
    assert_opens(&environment, "../identity.txt");
    environment.succeed(&["validate", "--identity", "../identity.txt"]);
    environment.succeed(&["commit"]);
    environment.succeed(&["secret", "rekey", "--identity", "../identity.txt"]);
    assert_opens(&environment, "../identity.txt");
}

#[test]
fn ssh_keys_are_recipients_and_identities() {
    if is_missing("ssh-keygen") {
        return skip("SSH keys", "there is no ssh-keygen");
    }
    for (kind, bits) in [("ed25519", "256"), ("rsa", "2048")] {
        let environment = TestEnvironment::gateway();
        let make = [
            "-q",
            "-t",
            kind,
            "-b",
            bits,
            "-N",
            "",
            "-C",
            "ines@gateway",
            "-f",
            "key",
        ];
        run(&environment, "ssh-keygen", &make, "");
        let public = fs::read(environment.folder().join("key.pub")).unwrap();
        let public = String::from_utf8(public).unwrap();
        environment.succeed(&["secret", "recipients", "add", public.trim()]);
        seal(&environment);
        assert_opens(&environment, "../key");
        if is_missing("age") {
            continue;
        }
        fs::File::create(environment.folder().join("sealed.age"))
            .unwrap()
            .write_all(&sealed(&environment))
            .unwrap();
        let opened = run(&environment, "age", &["-d", "-i", "key", "sealed.age"], "");
        assert!(String::from_utf8(opened).unwrap().contains("correct horse"), "{kind}");
    }
}

/// The folder of the vectors, among the sources that cargo has fetched.
fn vectors() -> Option<PathBuf> {
    let home = |name| std::env::var_os(name).map(PathBuf::from);
    let cargo = home("CARGO_HOME").or_else(|| Some(home("HOME")?.join(".cargo")))?;
    let registries = fs::read_dir(cargo.join("registry/src")).ok()?;
    let crates = registries
        .filter_map(|registry| fs::read_dir(registry.ok()?.path()).ok())
        .flatten();
    let mut found: Vec<PathBuf> = crates
        .filter_map(|folder| Some(folder.ok()?.path()))
        .filter(|path| {
            path.file_name()
                .and_then(|name| name.to_str())
                .is_some_and(|name| name.starts_with("age-0."))
        })
        .map(|path| path.join("tests/testdata/testkit"))
        .filter(|path| path.is_dir())
        .collect();
    found.sort();
    found.pop()
}

/// A vector of the specification: <https://c2sp.org/CCTV/age>.
struct Vector {
    name: String,
    expect: String,
    identities: Vec<String>,
    passphrases: Vec<String>,
    file: Vec<u8>,
}

impl Vector {
    fn read(path: &Path) -> Option<Self> {
        let bytes = fs::read(path).unwrap();
        let end = bytes.windows(2).position(|pair| pair == b"\n\n").unwrap();
        let header = std::str::from_utf8(&bytes[..end]).unwrap();
        let all = |name: &str| -> Vec<String> {
            let fields = header.lines().filter_map(|line| line.split_once(": "));
            fields
                .filter(|(key, _)| *key == name)
                .map(|(_, value)| value.to_owned())
                .collect()
        };
        let mut file = bytes[end + 2..].to_vec();
        if all("compressed") == ["zlib"] {
            let mut inflated = Vec::new();
            flate2::read::ZlibDecoder::new(file.as_slice())
                .read_to_end(&mut inflated)
                .unwrap();
            file = inflated;
        }
        // A sealed value is never armoured: it is base64 already.
        all("armored").is_empty().then(|| Self {
            name: path.file_name().unwrap().to_str().unwrap().to_owned(),
            expect: all("expect").remove(0),
            identities: all("identity"),
            passphrases: all("passphrase"),
            file,
        })
    }

    /// What is in it is no envelope: where it is opened, that is what is said.
    fn check_sealed(&self) {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(self.identities.join("\n").as_bytes()).unwrap();
        let keyring = Keyring::read(file.path(), &|_| None).ok().unwrap();
        let text = format!("age:{}", STANDARD.encode(&self.file));
        let key: KeyPath = KEY.parse().unwrap();
        let opened = Sealed::read(&text).and_then(|sealed| sealed.open(&key, &keyring));
        let error = opened.err().unwrap();
        let too_long = OpenError::Damaged {
            reason: "it is too long",
        };
        let right = match self.expect.as_str() {
            "success" => matches!(error, OpenError::Envelope(_)) || text.len() > 256 << 10 && error == too_long,
            "no match" => matches!(error, OpenError::WrongIdentity { .. }),
            "HMAC failure" | "header failure" | "payload failure" => matches!(error, OpenError::Damaged { .. }),
            other => panic!("{}: what is {other}?", self.name),
        };
        assert!(right, "{}: {} and {error:?}", self.name, self.expect);
    }

    /// As the file of an identity that is locked with a passphrase.
    fn check_locked(&self) {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(&self.file).unwrap();
        let passphrase = self.passphrases[0].clone();
        let read = Keyring::read(file.path(), &|_| Some(passphrase.clone().into()));
        let error = read.err().unwrap();
        let unlocked = match &error {
            IdentityError::Empty { .. } => true,
            IdentityError::Malformed { reason, .. } => reason.starts_with("line ") || reason == "it is not UTF-8",
            IdentityError::File(_)
            | IdentityError::Open { .. }
            | IdentityError::Locked { .. }
            | IdentityError::WrongPassphrase { .. } => false,
        };
        assert_eq!(unlocked, self.expect == "success", "{}: {error:?}", self.name);
    }
}

#[test]
fn the_vectors_of_the_specification_of_age_come_out_as_it_says() {
    let Some(folder) = vectors() else {
        return skip("the vectors of age", "the sources of the crate `age` are not at hand");
    };
    let (mut sealed, mut locked) = (0, 0);
    for entry in fs::read_dir(folder).unwrap() {
        let Some(vector) = Vector::read(&entry.unwrap().path()) else {
            continue;
        };
        if vector.passphrases.is_empty() && !vector.identities.is_empty() {
            vector.check_sealed();
            sealed += 1;
        } else if !vector.passphrases.is_empty() {
            vector.check_locked();
            locked += 1;
        }
    }
    assert!(sealed > 50 && locked > 15, "{sealed} {locked}");
}
