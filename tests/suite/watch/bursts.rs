//! More than anybody types: bursts of saves, more events than the system keeps, and a system that gives none.

use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::process::Command;

use rustix::process::Signal;

use super::{Watching, skip};
use crate::environment::{TestEnvironment, VALVECFG};

const VALVE: &str = "plugins/valve.toml";

/// Waits until this threshold is recorded, and counts the revisions until then.
fn until(watching: &mut Watching, threshold: usize) -> usize {
    let mut count = 1;
    while !watching.expect_recorded().ends_with(&format!("-> {threshold}")) {
        count += 1;
    }
    count
}

#[test]
fn of_ten_thousand_saves_the_last_one_is_recorded_and_few_others() {
    let environment = TestEnvironment::gateway();
    let text = String::from_utf8(environment.read(VALVE)).unwrap();
    let mut watching = Watching::start(&environment, &[]);
    let path = environment.path(VALVE);
    let begun = std::time::Instant::now();
    for number in 0..10_000 {
        let threshold = if number == 9_999 { 99 } else { number % 98 };
        let text = text.replacen("threshold = 60", &format!("threshold = {threshold}"), 1);
        File::create(&path).unwrap().write_all(text.as_bytes()).unwrap();
    }
    let seconds = usize::try_from(begun.elapsed().as_secs()).unwrap();
    let revisions = until(&mut watching, 99);
    // Some at the begin, and at most one a second.
    assert!(revisions <= 12 + seconds, "{revisions} in {seconds} s");
    let memory = watching.status("VmHWM");
    assert!(memory < 50_000, "{memory} KiB");
    assert!(watching.end().is_empty());
    assert_eq!(environment.succeed(&["get", "valve.threshold"]).trim(), "99");
}

#[test]
fn more_events_than_the_system_keeps_are_made_up_for() {
    let limit = fs::read("/proc/sys/fs/inotify/max_queued_events").unwrap();
    let limit: usize = String::from_utf8(limit).unwrap().trim().parse().unwrap();
    let environment = TestEnvironment::gateway();
    let mut watching = Watching::start(&environment, &[]);
    watching.signal(Signal::STOP);
    let files = [VALVE, "plugins/heating.toml"].map(|path| environment.path(path));
    // The same event twice would be kept as one.
    for number in 0..=limit {
        OpenOptions::new().append(true).open(&files[number % 2]).unwrap();
    }
    // No event of this one is kept.
    environment.edit("plugins/irrigation.toml", "# ", "# Changed. ");
    watching.signal(Signal::CONT);
    assert_eq!(watching.expect_recorded(), "plugins/irrigation.toml");
    assert!(watching.end().is_empty());
}

#[test]
fn without_watches_the_files_are_looked_at_from_time_to_time() {
    let environment = TestEnvironment::gateway();
    let test = "without_watches_the_files_are_looked_at_from_time_to_time";
    let limit = "echo 0 > /proc/sys/user/max_inotify_watches";
    let probe = Command::new("unshare").args(["-Ur", "sh", "-c", limit]).output();
    if !probe.is_ok_and(|output| output.status.success()) {
        return skip(test, "there are no user namespaces");
    }
    let mut command = environment.command("unshare");
    command.args(["-Ur", "sh", "-c", &format!("{limit}; exec {VALVECFG} watch --json")]);
    let mut watching = Watching::run(&mut command);
    let warning = watching.expect("warning");
    let message = warning["message"].as_str().unwrap();
    assert!(message.contains("every two seconds"), "{message}");
    for (before, after) in [(60, 50), (50, 40)] {
        environment.edit(VALVE, &format!("threshold = {before}"), &format!("threshold = {after}"));
        let recorded = watching.expect_recorded();
        assert_eq!(recorded, format!("valve.threshold {before} -> {after}"));
    }
    assert!(watching.end().is_empty());
}
