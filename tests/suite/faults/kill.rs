//! Killed at any system call, and killed again while it recovers: the next command finds the old state or the
//! new one, and needs nobody's help.

use std::collections::{BTreeMap, HashSet};
use std::fmt::Write as _;
use std::os::unix::process::ExitStatusExt as _;

use super::oracle::{self, Change, Side};
use super::strace::{self, Call, Fault};
use super::{everything, memory, report, skip};
use crate::environment::{TestEnvironment, copy_folder};

/// A verb that is killed, on a store of the example gateway.
struct Scenario {
    name: &'static str,
    prepare: fn(&TestEnvironment),
    /// What a copy of the store does not bring along.
    arrange: fn(&TestEnvironment),
    /// Of strace.
    options: &'static [&'static str],
    /// Whether it is killed at every call, and not only at those that alter the disk.
    every_call: bool,
    /// Of those calls, it is killed at each that comes after so many: of a hundred files that go through the same calls,
    /// not each needs its own.
    stride: usize,
    verb: &'static [&'static str],
    subject: &'static str,
    /// What readers are asked for: a setting of each plugin that changes, its old value and its new one.
    watched: &'static [(&'static str, &'static str, &'static str)],
}

const ONE_PLUGIN: Scenario = Scenario {
    name: "set of one plugin",
    prepare: |_| {},
    arrange: |_| {},
    options: &[],
    every_call: true,
    stride: 1,
    verb: &["set", "valve.threshold", "55"],
    subject: "valve.threshold 60 -> 55",
    watched: &[("valve.threshold", "60", "55")],
};

const TWO_PLUGINS: Scenario = Scenario {
    name: "set of two plugins",
    prepare: |_| {},
    arrange: |_| {},
    options: &[],
    every_call: true,
    stride: 1,
    verb: &["set", "-m", "both", "valve.threshold=55", "heating.target=21.5"],
    subject: "both",
    watched: &[("valve.threshold", "60", "55"), ("heating.target", "20.5", "21.5")],
};

const THREE_PLUGINS: Scenario = Scenario {
    name: "set of three plugins",
    prepare: |_| {},
    arrange: |_| {},
    options: &[],
    every_call: true,
    stride: 1,
    verb: &[
        "set",
        "-m",
        "all",
        "valve.threshold=55",
        "heating.target=21.5",
        "irrigation.budget=80",
    ],
    subject: "all",
    watched: &[
        ("valve.threshold", "60", "55"),
        ("heating.target", "20.5", "21.5"),
        ("irrigation.budget", "90", "80"),
    ],
};

/// To the first revision that has all plugins, past one that changed two of them and one that changed another.
const ROLLBACK: Scenario = Scenario {
    name: "rollback",
    prepare: |environment| {
        environment.succeed(&["set", "valve.threshold=55", "heating.target=21.5"]);
        environment.succeed(&["set", "irrigation.budget", "80"]);
    },
    arrange: |_| {},
    options: &[],
    every_call: true,
    stride: 1,
    verb: &["rollback", "@~2", "--yes", "-m", "back"],
    subject: "back",
    watched: &[
        ("valve.threshold", "55", "60"),
        ("heating.target", "21.5", "20.5"),
        ("irrigation.budget", "80", "90"),
    ],
};

const HAND_EDIT: Scenario = Scenario {
    name: "set that absorbs a hand edit",
    prepare: |environment| {
        environment.edit(
            "plugins/valve.toml",
            "poll_interval = 15",
            "poll_interval = 20 # by hand",
        );
    },
    arrange: |_| {},
    options: &[],
    every_call: true,
    stride: 1,
    verb: &["set", "valve.threshold", "55"],
    subject: "valve.threshold 60 -> 55",
    watched: &[("valve.threshold", "60", "55")],
};

/// Written in place, since a rename would leave the other name behind.
const HARD_LINK: Scenario = Scenario {
    name: "set of a file with two names",
    prepare: |_| {},
    arrange: |environment| {
        let other = environment.folder().join("other.toml");
        std::fs::hard_link(environment.path("plugins/valve.toml"), other).unwrap();
    },
    options: &[],
    every_call: false,
    stride: 1,
    verb: &["set", "-m", "both", "valve.threshold=100", "heating.target=21.5"],
    subject: "both",
    watched: &[("valve.threshold", "60", "100"), ("heating.target", "20.5", "21.5")],
};

/// Written in place, since no rename can replace it; that turns out when the journal is already written.
const BIND_MOUNT: Scenario = Scenario {
    name: "set of files that no rename can replace",
    prepare: |_| {},
    arrange: |_| {},
    // As at a bind mount. The first two take git's locks.
    options: &["-e", "inject=renameat2:error=EBUSY:when=3+"],
    every_call: false,
    stride: 1,
    verb: TWO_PLUGINS.verb,
    subject: TWO_PLUGINS.subject,
    watched: TWO_PLUGINS.watched,
};

/// What is edited further was edited by hand and never recorded, so no revision has it.
const EDIT: Scenario = Scenario {
    name: "edit of what was edited by hand",
    prepare: |environment| {
        environment.edit("plugins/valve.toml", "poll_interval = 15", "poll_interval = 20");
    },
    arrange: |_| {},
    options: &[
        "-E",
        "EDITOR=sed -i 's/threshold = 60/threshold = 55/'",
        "-E",
        "TMPDIR=..",
    ],
    every_call: false,
    stride: 1,
    verb: &["edit", "valve", "-m", "edited"],
    subject: "edited",
    watched: &[("valve.threshold", "60", "55")],
};

/// As before, and written in place.
const EDIT_HARD_LINK: Scenario = Scenario {
    name: "edit of what was edited by hand in a file with two names",
    arrange: HARD_LINK.arrange,
    ..EDIT
};

/// A hundred plugins go to another schema version, and the manifest with them.
const MIGRATION: Scenario = Scenario {
    name: "migration of a hundred documents",
    prepare: |environment| {
        let schema = |modes: &str| format!("{{\"properties\": {{\"mode\": {{\"enum\": {modes}}}}}}}");
        let mut manifest = String::from_utf8(environment.read("valvecfg.toml")).unwrap();
        for number in 0..100 {
            let name = format!("pump{number:02}");
            write!(manifest, "\n[plugins.{name}]\nschema-version = 1\n").unwrap();
            let text = format!(
                "#:schema ../schemas/{name}/1.schema.json\n# number {number}\nmode = 'auto' # as ever\nold = {number}\n"
            );
            environment.write(&format!("plugins/{name}.toml"), text);
            environment.write(&format!("schemas/{name}/1.schema.json"), schema("[\"auto\"]"));
            environment.write(&format!("schemas/{name}/2.schema.json"), schema("[\"automatic\"]"));
            let steps = "from = 1\nto = 2\n\n[[step]]\nmap = 'mode'\nvalues = { auto = 'automatic' }\n\n[[step]]\nrename = 'old'\nto = 'new'\n";
            environment.write(&format!("migrations/{name}/1-to-2.toml"), steps);
        }
        environment.write("valvecfg.toml", manifest);
        environment.succeed(&["commit", "-m", "a hundred pumps"]);
    },
    arrange: |_| {},
    options: &[],
    every_call: false,
    stride: 20,
    verb: &["migrate", "-m", "up"],
    subject: "up",
    watched: &[
        ("pump00.mode", "auto", "automatic"),
        ("pump50.mode", "auto", "automatic"),
        ("pump99.mode", "auto", "automatic"),
    ],
};

#[test]
fn a_migration_of_a_hundred_documents_survives_kill_9() {
    sweep(&MIGRATION);
}

#[test]
fn a_set_of_a_file_with_two_names_survives_kill_9_at_every_change() {
    sweep(&HARD_LINK);
}

#[test]
fn a_set_of_files_that_no_rename_can_replace_survives_kill_9_at_every_change() {
    sweep(&BIND_MOUNT);
}

#[test]
fn an_edit_of_a_hand_edit_survives_kill_9_at_every_change() {
    sweep(&EDIT);
    sweep(&EDIT_HARD_LINK);
}

#[test]
fn a_set_of_one_plugin_survives_kill_9_at_every_system_call() {
    sweep(&ONE_PLUGIN);
}

#[test]
fn a_set_of_two_plugins_survives_kill_9_at_every_system_call() {
    sweep(&TWO_PLUGINS);
}

#[test]
fn a_set_of_three_plugins_survives_kill_9_at_every_system_call() {
    sweep(&THREE_PLUGINS);
}

#[test]
fn a_rollback_survives_kill_9_at_every_system_call() {
    sweep(&ROLLBACK);
}

#[test]
fn a_set_that_absorbs_a_hand_edit_survives_kill_9_at_every_system_call() {
    sweep(&HAND_EDIT);
}

#[test]
fn an_init_survives_kill_9_at_every_system_call() {
    if let Some(reason) = strace::is_missing() {
        return skip("kill -9, init", reason);
    }
    let traced = TestEnvironment::empty_in(&memory());
    let calls = strace::calls(&traced, &["init", "store"]);
    let mut seen = HashSet::new();
    let mut killed = 0;
    for call in points(&calls, true, 1) {
        let environment = TestEnvironment::empty_in(&memory());
        let screen = strace::run(&environment, call, Fault::Kill, &["init", "store"]);
        killed += usize::from(screen.status.signal() == Some(9));
        let root = environment.store();
        if root.exists() && !seen.insert(oracle::state(&root)) {
            continue;
        }
        let fault = format!("init killed at {}", call.text);
        let again = environment.run(&["init", "../store"]);
        let again = if root.exists() {
            again
        } else {
            environment.run(&["init", "store"])
        };
        assert_eq!(again.code(), Some(0), "{fault}\n{again}");
        environment.succeed(&["plugin", "list"]);
        let fsck = environment.git(&["fsck", "--strict", "--no-dangling", "--no-progress"]);
        assert!(fsck.status.success(), "{fault}\n{fsck}");
        assert_eq!(
            environment.git_succeed(&["log", "--format=%s"]),
            "new store\n",
            "{fault}"
        );
        assert_eq!(environment.git_succeed(&["status", "--porcelain"]), "", "{fault}");
        oracle::check_leftovers(&environment, &fault);
    }
    assert_ne!(killed, 0);
    report(
        "kill -9, init",
        &format!("{killed} points, {} distinct states", seen.len()),
    );
}

/// Where to kill: in the full sweep before every call, or before each of those after which the disk looks different;
/// else before every fifth of these. Killed between two of them, it leaves the same.
pub(super) fn points(calls: &[Call], every_call: bool, stride: usize) -> impl Iterator<Item = &Call> {
    let step = stride * if everything() { 1 } else { 5 };
    let wanted = move |call: &&Call| everything() && every_call || call.is_altering();
    // The last ones are those after which it is recorded.
    calls.iter().rev().filter(wanted).step_by(step)
}

fn sweep(scenario: &Scenario) {
    let name = scenario.name;
    if let Some(reason) = strace::is_missing() {
        return skip(&format!("kill -9, {name}"), reason);
    }
    let prepared = TestEnvironment::gateway_in(&memory());
    (scenario.prepare)(&prepared);
    let old = oracle::settings(&prepared);
    let base = prepared.git_succeed(&["rev-parse", "main"]).trim_end().to_owned();

    let copy = |environment: &TestEnvironment| copy(scenario, environment);
    let finished = copy(&prepared);
    let calls = strace::calls_with(&finished, scenario.options, scenario.verb);
    let new = oracle::settings(&finished);
    assert_ne!(old, new);
    let swept = Swept {
        scenario,
        change: Change {
            old: &old,
            new: &new,
            base: &base,
            subject: scenario.subject,
        },
    };

    let (mut points_tried, mut states) = (0, BTreeMap::new());
    for call in points(&calls, scenario.every_call, scenario.stride) {
        let environment = copy(&prepared);
        let screen = strace::run_with(&environment, call, Fault::Kill, scenario.options, scenario.verb);
        let acknowledged = screen.status.success();
        // Until a program that is run has begun, its calls are traced like the others.
        let instead = screen.stderr.contains("failed: it ended with signal: 9");
        assert!(
            acknowledged || instead || screen.status.signal() == Some(9),
            "{name}: {}\n{screen}",
            call.text
        );
        points_tried += usize::from(!acknowledged);
        let state = oracle::state(&environment.store());
        states
            .entry((state, acknowledged))
            .or_insert((environment, call.text.clone()));
    }
    let (mut sides, mut recoveries) = ([0, 0], 0);
    for ((_, acknowledged), (crashed, text)) in &states {
        let fault = format!("{name} killed at {text}");
        swept.check_readers(crashed, &fault);
        let side = oracle::check(&copy(crashed), &swept.change, *acknowledged, &fault);
        sides[usize::from(side == Side::New)] += 1;
        recoveries += swept.kill_recovery(crashed, side, &fault);
    }
    assert!(sides[0] > 0 && sides[1] > 0, "{name}: no kill was near the change");
    report(
        &format!("kill -9, {name}"),
        &format!(
            "{points_tried} points, {} distinct states ({} old, {} new), {recoveries} kills of the recovery",
            states.len(),
            sides[0],
            sides[1]
        ),
    );
}

struct Swept<'s> {
    scenario: &'s Scenario,
    change: Change<'s>,
}

impl Swept<'_> {
    /// Readers get an answer in every crashed state: all old or all new, also those who may not write.
    fn check_readers(&self, crashed: &TestEnvironment, fault: &str) {
        let ask = |environment: &TestEnvironment, prefix: &[&str]| {
            let mut sides = Vec::new();
            for (key, old, new) in self.scenario.watched {
                let words: Vec<&str> = prefix
                    .iter()
                    .copied()
                    .chain([crate::environment::VALVECFG, "get", key])
                    .collect();
                let screen = environment.screen(environment.command(words[0]).args(&words[1..]));
                assert!(screen.status.success(), "{fault}: get {key}\n{screen}");
                let value = screen.stdout.trim_end().to_owned();
                assert!(value == *old || value == *new, "{fault}: {key} is {value}");
                sides.push(value == *new);
            }
            assert!(
                sides.windows(2).all(|pair| pair[0] == pair[1]),
                "{fault}: half of it is seen"
            );
        };
        if let Some(nobody) = crashed.words_of_nobody(65534) {
            let nobody: Vec<&str> = nobody.iter().map(String::as_str).collect();
            let before = oracle::state(&crashed.store());
            ask(crashed, &nobody);
            assert_eq!(
                before,
                oracle::state(&crashed.store()),
                "{fault}: a reader without rights changed it"
            );
        }
        ask(&copy(self.scenario, crashed), &["env"]);
    }

    /// Kills the recovery of a crashed state before each of its changes, and checks what a second one makes of it.
    fn kill_recovery(&self, crashed: &TestEnvironment, side: Side, fault: &str) -> usize {
        let recover = ["get", "valve.threshold"];
        let calls = strace::calls(&copy(self.scenario, crashed), &recover);
        let altering: Vec<&Call> = calls
            .iter()
            .filter(|call| call.is_altering() && !call.text.starts_with("write(1"))
            .collect();
        // Only the writer's lock was taken, if at all: there was nothing to recover.
        if altering.len() < 2 {
            return 0;
        }
        // Of many files, there is one recovery for each state.
        let step = self.scenario.stride.pow(2) * if everything() { 1 } else { 11 };
        let mut seen = HashSet::new();
        let mut killed = 0;
        for call in altering.into_iter().step_by(step) {
            let environment = copy(self.scenario, crashed);
            let screen = strace::run(&environment, call, Fault::Kill, &recover);
            assert_eq!(screen.status.signal(), Some(9), "{fault}\n{screen}");
            killed += 1;
            if seen.insert(oracle::state(&environment.store())) {
                let fault = format!("{fault}, its recovery at {}", call.text);
                let again = oracle::check(&environment, &self.change, false, &fault);
                assert_eq!(again, side, "{fault}");
            }
        }
        killed
    }
}

fn copy(scenario: &Scenario, environment: &TestEnvironment) -> TestEnvironment {
    let copied = TestEnvironment::empty_in(&memory());
    copy_folder(&environment.store(), &copied.store());
    (scenario.arrange)(&copied);
    copied
}
