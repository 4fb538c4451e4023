//! `watch` as a service runs it: the real program follows a store, and its `--json` lines tell when it has seen what
//! a test did. Nothing here waits for a time to pass; what must not be told would stand before what must.

mod answers;
mod bursts;
mod deliveries;
mod folders;
mod invalid;
mod saves;
mod service;

use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value as Json;

use crate::cli::delivery::told_by;
use crate::environment::{Screen, TestEnvironment, VALVECFG};

/// Longer than anything takes on a machine that is busy with other tests.
const PATIENCE: Duration = Duration::from_mins(2);

/// A running `valvecfg watch`.
pub(super) struct Watching {
    child: Child,
    events: Receiver<Json>,
    /// What it said first.
    first: Json,
}

impl Watching {
    /// Follows the environment's store.
    #[track_caller]
    pub(super) fn start(environment: &TestEnvironment, arguments: &[&str]) -> Self {
        let mut command = environment.command(VALVECFG);
        command.args(["watch", "--json"]).args(arguments);
        Self::run(&mut command)
    }

    /// Runs a command that becomes a watcher.
    #[track_caller]
    pub(super) fn run(command: &mut Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let (sender, events) = channel();
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                if sender.send(serde_json::from_str(&line).unwrap()).is_err() {
                    return;
                }
            }
        });
        let first = Json::Null;
        let mut watching = Self { child, events, first };
        watching.first = watching.expect("started");
        watching
    }

    /// The next event, which must be of this kind.
    #[track_caller]
    pub(super) fn expect(&mut self, event: &str) -> Json {
        let next = self.next();
        assert_eq!(next["event"], event, "{next:#}");
        next
    }

    /// The next event.
    #[track_caller]
    pub(super) fn next(&mut self) -> Json {
        match self.events.recv_timeout(PATIENCE) {
            Ok(event) => event,
            Err(RecvTimeoutError::Timeout) => panic!("nothing was told"),
            Err(RecvTimeoutError::Disconnected) => panic!("it has ended: {}", self.stderr()),
        }
    }

    /// The next event, which must tell that edits were recorded, as `KEY BEFORE -> AFTER` and files.
    #[track_caller]
    pub(super) fn expect_recorded(&mut self) -> String {
        let recorded = self.expect("recorded");
        let mut told = String::new();
        for change in recorded["changes"].as_array().unwrap() {
            let key = change["key"].as_str().unwrap();
            writeln!(told, "{key} {} -> {}", change["before"], change["after"]).unwrap();
        }
        for file in recorded["files"].as_array().unwrap() {
            writeln!(told, "{}", file.as_str().unwrap()).unwrap();
        }
        told.trim_end().to_owned()
    }

    pub(super) fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    pub(super) fn signal(&self, signal: Signal) {
        kill_process(self.pid(), signal).unwrap();
    }

    /// A line of what the system says of the process.
    pub(super) fn status(&self, line: &str) -> u64 {
        let path = format!("/proc/{}/status", self.child.id());
        let text = String::from_utf8(std::fs::read(path).unwrap()).unwrap();
        let found = text.lines().find_map(|found| found.strip_prefix(line)).unwrap();
        found.split_whitespace().nth(1).unwrap().parse().unwrap()
    }

    /// Ends it by SIGTERM, and returns what it told besides what was expected.
    #[track_caller]
    pub(super) fn end(mut self) -> Vec<Json> {
        self.signal(Signal::TERM);
        let mut rest: Vec<Json> = self.events.iter().collect();
        assert_eq!(rest.pop().map(|last| last["event"].clone()), Some("stopped".into()));
        let status = self.child.wait().unwrap();
        assert!(status.success(), "{status}: {}", self.stderr());
        rest
    }

    /// Kills it, as a crash would.
    pub(super) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    fn stderr(&mut self) -> String {
        let mut text = String::new();
        if let Some(mut stderr) = self.child.stderr.take() {
            stderr.read_to_string(&mut text).unwrap();
        }
        text
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        // It has mostly ended already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// What a watcher that puts back what is not valid prints, with each kind of event.
pub(crate) fn screen_of_each_event(command: &mut Command) -> Screen {
    let environment = told_by("true", "");
    let (store, valve) = (environment.store(), "plugins/valve.toml");
    let mut watching = Watching::run(command.current_dir(&store));
    let mut events = vec![watching.first.clone()];
    environment.edit(valve, "threshold = 60", "threshold = 50");
    events.extend([watching.expect("recorded"), watching.expect("delivered")]);
    environment.edit(valve, "threshold = 50", "threshold = 50 # why");
    events.push(watching.expect("recorded"));
    let word = serde_json::json!({ "plugin": "valve", "revision": "@", "applied": false, "reason": "dry" });
    answers::say(&environment, &[word.to_string()]);
    events.push(watching.expect("answered"));
    environment.succeed(&["set", "heating.target", "21", "--confirm-within", "1s"]);
    events.push(watching.expect("taken-back"));
    environment.edit(valve, "threshold = 50", "threshold = 500");
    events.push(watching.expect("restored"));
    let good = environment.read(valve);
    environment.write(valve, "#".repeat(10_000));
    events.extend([watching.expect("invalid"), watching.expect("warning")]);
    environment.write(valve, good);
    events.push(watching.expect("valid"));
    std::fs::rename(&store, store.with_extension("away")).unwrap();
    events.push(watching.expect("waiting"));
    std::fs::rename(store.with_extension("away"), &store).unwrap();
    events.push(watching.expect("resumed"));
    watching.signal(Signal::TERM);
    events.push(watching.expect("stopped"));
    Screen {
        status: watching.child.wait().unwrap(),
        stdout: events.iter().map(Json::to_string).collect::<Vec<_>>().join("\n"),
        stderr: String::new(),
    }
}

/// Says why a test proves nothing here.
#[expect(clippy::print_stderr, reason = "a test that is skipped must say so")]
fn skip(test: &str, reason: &str) {
    eprintln!("skipped: {test}: {reason}");
}
