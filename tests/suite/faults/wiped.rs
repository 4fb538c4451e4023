//! The memory of the real program as it ends: nothing that was secret is left in what it gave back, nor on its stack.

use std::fs::{self, File};
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::{memory, skip, strace};
use crate::environment::{TestEnvironment, VALVECFG};

/// The last part of the password: an allocator writes its own words over the first bytes of what it has back.
const CANARY: &str = "QZcanary-9f3b7c-stays-nowhere";
const REST: usize = 16;

/// Its last call, after all else was dropped. No signal would stop it there any more, so it is held back.
const END: &str = "inject=exit_group:delay_enter=60000000";
/// The answer is about to be printed.
const ANSWER: &str = "inject=write:signal=SIGSTOP:when=1";

/// A program that strace has stopped, and that ends with this.
struct Stopped {
    strace: Child,
    program: u32,
}

impl Stopped {
    /// Runs the program up to this call.
    fn at(environment: &TestEnvironment, call: &str, line: &str, input: &str) -> Self {
        let log = environment.folder().join("log");
        let mut strace = environment.command("strace");
        // Threads make such calls of their own, and are not followed.
        strace.args([
            "-qq",
            "-e",
            "trace=exit_group,write",
            "-e",
            call,
            "-o",
            log.to_str().unwrap(),
            VALVECFG,
        ]);
        strace.args(line.split(' ')).stdin(Stdio::piped());
        strace.stdout(Stdio::null()).stderr(Stdio::piped());
        let mut strace = strace.spawn().unwrap();
        strace.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        let start = Instant::now();
        loop {
            let told = fs::read(&log).unwrap_or_default();
            let told = String::from_utf8_lossy(&told).into_owned();
            if told.contains("stopped by SIGSTOP") || told.contains("exit_group(") {
                let children = format!("/proc/{0}/task/{0}/children", strace.id());
                let children = String::from_utf8(fs::read(children).unwrap()).unwrap();
                let program = children.trim().parse().unwrap();
                fs::remove_file(log).unwrap();
                return Self { strace, program };
            }
            let ended = strace.try_wait().unwrap();
            assert!(
                ended.is_none() && start.elapsed() < Duration::from_mins(1),
                "{line}: {told}"
            );
            thread::sleep(Duration::from_millis(2));
        }
    }

    /// Where these stand in its memory.
    fn holds(&self, secrets: &[(&str, Vec<u8>)]) -> Vec<String> {
        let folder = Path::new("/proc").join(self.program.to_string());
        let maps = String::from_utf8(fs::read(folder.join("maps")).unwrap()).unwrap();
        let mut file = File::open(folder.join("mem")).unwrap();
        let mut found = Vec::new();
        let mut seen = 0;
        for map in maps.lines().filter(|map| map.contains(" rw")) {
            let (start, rest) = map.split_once('-').unwrap();
            let (end, about) = rest.split_once(' ').unwrap();
            let [start, end] = [start, end].map(|address| u64::from_str_radix(address, 16).unwrap());
            let mut bytes = vec![0; usize::try_from(end - start).unwrap()];
            file.seek(SeekFrom::Start(start)).unwrap();
            file.read_exact(&mut bytes)
                .unwrap_or_else(|error| panic!("{map}: {error}"));
            seen += bytes.len();
            for (name, secret) in secrets {
                let copies = bytes.windows(secret.len()).filter(|window| window == secret).count();
                if copies > 0 {
                    let place = about.rsplit(' ').next().unwrap();
                    found.push(format!("{name}: {copies} in {place}"));
                }
            }
        }
        assert!(seen > 100_000, "{maps}");
        found
    }
}

impl Drop for Stopped {
    fn drop(&mut self) {
        let kill = Command::new("kill").args(["-KILL", &self.program.to_string()]).status();
        // It would wait for what it holds back.
        let ended = kill.and_then(|_| self.strace.kill()).and_then(|()| self.strace.wait());
        assert!(ended.is_ok() || thread::panicking());
    }
}

/// The bytes of an X25519 identity: bech32 without its checksum of six letters.
fn key_of(identity: &str) -> Vec<u8> {
    const LETTERS: &str = "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L";
    let (_, data) = identity.rsplit_once('1').unwrap();
    let (mut bits, mut held, mut bytes) = (0_usize, 0, Vec::new());
    for letter in data[..data.len() - 6].chars() {
        bits = bits << 5 | LETTERS.find(letter).unwrap();
        held += 5;
        if held >= 8 {
            held -= 8;
            bytes.push(u8::try_from(bits >> held & 0xff).unwrap());
        }
    }
    assert_eq!(bytes.len(), 32);
    bytes
}

#[test]
fn nothing_secret_is_left_in_the_memory_of_a_program_that_ends() {
    let test = "nothing_secret_is_left_in_the_memory_of_a_program_that_ends";
    if let Some(reason) = strace::is_missing() {
        skip(test, reason);
        return;
    }
    if !rustix::process::geteuid().is_root() {
        skip(test, "only root can look into a process that is not dumpable");
        return;
    }
    let environment = TestEnvironment::gateway_in(&memory());
    environment.succeed(&["secret", "keygen"]);
    let identity = environment.folder().join("home/config/valvecfg/identity.txt");
    let identity = String::from_utf8(fs::read(identity).unwrap()).unwrap();
    let identity = identity.lines().last().unwrap();
    let secrets = [
        ("the password", CANARY.as_bytes()[CANARY.len() - REST..].to_vec()),
        ("the identity", identity.as_bytes()[identity.len() - REST..].to_vec()),
        ("the key", key_of(identity)),
        ("half of the key", key_of(identity)[16..].to_vec()),
    ];
    let left = |line: &str, input: &str| {
        let found = Stopped::at(&environment, END, line, input).holds(&secrets);
        assert_eq!(found, [""; 0], "{line}");
    };
    left("secret set valve.mqtt.password --value-stdin", CANARY);
    for line in [
        "secret list",
        "validate --require-secrets",
        "secret rekey",
        "get valve.mqtt.password --reveal",
        "get valve.mqtt --reveal --json",
        "render valve",
        "secret scan --history",
        "status",
    ] {
        left(line, "");
    }
    // The same look finds it where it is.
    let stopped = Stopped::at(&environment, ANSWER, "get valve.mqtt.password --reveal", "");
    let found = stopped.holds(&secrets);
    assert!(found.iter().any(|found| found.starts_with("the password")), "{found:?}");
    drop(stopped);

    // What somebody wrote into the file is a secret from here on.
    let sealed = String::from_utf8(environment.read("plugins/valve.toml")).unwrap();
    let line = sealed.lines().find(|line| line.starts_with("password = ")).unwrap();
    environment.edit("plugins/valve.toml", line, &format!("password = \"{CANARY}\" # plain"));
    left("secret set valve.mqtt.password --from-file", "");
}
