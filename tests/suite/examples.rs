//! The example plugins: each reads its settings, takes up a change when it is told, says that it runs it, and refuses what
//! it cannot do.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};

use crate::environment::{TestEnvironment, VALVECFG};

/// A plugin that runs until the test ends.
struct Running {
    child: Child,
    lines: BufReader<ChildStdout>,
}

impl Running {
    fn start(command: &mut Command) -> Self {
        let mut child = command
            .env("VALVECFG", VALVECFG)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap());
        Self { child, lines }
    }

    /// The next line that it prints.
    fn line(&mut self) -> String {
        let mut line = String::new();
        self.lines.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

fn example(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples").join(name)
}

#[test]
fn the_plugin_in_rust_takes_up_what_changes() {
    let program = Path::new(VALVECFG).parent().unwrap().join("examples/plugin");
    if !program.exists() {
        return skip(
            "the plugin in Rust",
            "`cargo build --example plugin` has not been run; `cargo test` does",
        );
    }
    let environment = TestEnvironment::gateway();
    environment.edit(
        "valvecfg.toml",
        "[plugins.valve]",
        "[plugins.valve]\nacknowledges = true",
    );
    environment.succeed(&["commit"]);
    let mut plugin = Running::start(environment.command(program.to_str().unwrap()).arg(environment.store()));
    assert!(plugin.line().ends_with(": 3 zones open below 60 %"));
    let told = environment.run(&["set", "valve.threshold", "55", "--wait=60s"]);
    assert_eq!(told.stderr, "valve runs it\n", "{told}");
    assert!(plugin.line().ends_with(": 3 zones open below 55 %"));
    // A comment is nothing new.
    environment.edit("plugins/valve.toml", "threshold = 55", "threshold = 55 # ours");
    environment.succeed(&["commit"]);
    let told = environment.run(&["set", "valve.zones[0].flow", "50", "--wait=60s"]);
    assert_eq!(told.code(), Some(7), "{told}");
    assert!(
        told.stderr
            .starts_with("error: valve refused it: the pump gives 40 l/min, and zone tomatoes wants more\n"),
        "{told}"
    );
    assert!(plugin.line().contains(": refused, the pump gives 40 l/min"));
    let status = environment.succeed(&["status"]);
    assert!(status.contains("; refused "), "{status}");
}

/// A plugin that is told by a signal.
fn signalled(program: &str, settings: &str) -> (TestEnvironment, Running) {
    let environment = TestEnvironment::gateway();
    let settings = environment.folder().join(settings);
    let pid_file = environment.folder().join("valve.pid");
    // Written by hand the first time, as a service does before it starts the plugin.
    environment.succeed(&[
        "render",
        "valve",
        "--format",
        settings.extension().unwrap().to_str().unwrap(),
        "--output",
        settings.to_str().unwrap(),
    ]);
    let mut command = environment.command(example(program).to_str().unwrap());
    let mut plugin = Running::start(command.arg(environment.store()).args([&settings, &pid_file]));
    assert!(plugin.line().ends_with("open below 60 %"));
    let entry = format!(
        "render = [{{ path = {settings:?} }}]\nnotify = [{{ signal = \"SIGHUP\", pid-file = {pid_file:?} }}]\nacknowledges = true"
    );
    environment.edit("valvecfg.toml", "[plugins.valve]", &format!("[plugins.valve]\n{entry}"));
    environment.succeed(&["commit"]);
    (environment, plugin)
}

#[test]
fn the_plugin_in_python_reads_again_when_it_is_signalled() {
    if Command::new("python3").arg("--version").output().is_err() {
        return skip("the plugin in Python", "there is no python3");
    }
    let (environment, mut plugin) = signalled("plugin.py", "valve.json");
    let told = environment.run(&["set", "valve.threshold", "55", "--wait=60s"]);
    assert_eq!(told.stderr, "valve runs it\n", "{told}");
    assert!(plugin.line().ends_with(": 3 zones open below 55 %"));
    let told = environment.run(&["set", "valve.zones[0].flow", "50", "--wait=60s"]);
    assert_eq!(told.code(), Some(7), "{told}");
    assert!(told.stderr.contains("zone tomatoes wants more"), "{told}");
}

#[test]
fn the_plugin_as_a_shell_script_reads_again_when_it_is_signalled() {
    let (environment, mut plugin) = signalled("plugin.sh", "valve.env");
    let told = environment.run(&["set", "valve.threshold", "55", "--wait=60s"]);
    assert_eq!(told.stderr, "valve runs it\n", "{told}");
    assert!(plugin.line().ends_with("open below 55 %"));
    let told = environment.run(&["set", "valve.threshold", "95", "--wait=60s"]);
    assert_eq!(told.code(), Some(7), "{told}");
    assert!(told.stderr.contains("the sensor ends at 90 %"), "{told}");
    let pid = environment.read_beside("valve.pid");
    assert_eq!(pid.trim(), plugin.child.id().to_string());
}

/// Says why a test proves nothing here.
#[expect(clippy::print_stderr, reason = "a test that is skipped must say so")]
fn skip(test: &str, reason: &str) {
    eprintln!("skipped: {test}: {reason}");
}
