//! From the close of a settings file that was edited by hand to the signal handler in the plugin, with a durable revision in
//! between. This process is the plugin.

use std::io::{BufRead as _, BufReader, Read as _};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use signal_hook::consts::SIGHUP;
use valvecfg::store::{Assignment, Given, Intent, Limits, Store};

use crate::contest::{Report, Side};
use crate::scene::{Scene, find, settings, write};
use crate::set::value;

const FILE: &str = "plugins/valve-1.toml";
/// Longer than any of them takes: a signal that does not come is a mistake in the scene.
const PATIENCE: Duration = Duration::from_secs(10);
/// A burst of saves is answered ever more slowly, on purpose, and watchexec waits for its end; nobody saves as fast as a
/// loop does.
const PAUSE: Duration = Duration::from_millis(1_100);
/// By how much the whole may be slower than the durable commit alone.
const EXCESS: Duration = Duration::from_millis(2);

pub(crate) fn run(scene: &Scene, report: &mut Report) -> Result<()> {
    let handler = Handler::new()?;
    let store = scene.store("watch", 3)?;
    let pid_file = scene.folder("watch-run")?.join("valve.pid");
    write(
        scene.root(),
        "watch-run/valve.pid",
        &format!("{}\n", std::process::id()),
    )?;
    let told = format!(
        "[plugins.valve-1]\nnotify = [{{ signal = \"SIGHUP\", pid-file = \"{}\" }}]\n",
        pid_file.display()
    );
    write(&store, "valvecfg.local.toml", &told)?;
    let mut command = scene.command(&scene.valvecfg, &store);
    let watcher = Running::start(command.args(["watch", "--json"]).stdout(Stdio::piped()))?;

    let text = settings(1, "../schemas/valve-1/1.schema.json")?;
    let edit = |folder: &Path, round: usize| {
        let text = text.replacen("threshold = 11", &format!("threshold = {}", value(round)), 1);
        write(folder, FILE, &text)
    };
    let edited = |round| {
        edit(&store, round)?;
        handler.wait()
    };
    let pause = || thread::sleep(PAUSE);

    match find("watchexec") {
        Ok(watchexec) => {
            let folder = scene.store("watch-peer", 3)?;
            let signal = format!("kill -HUP {}", std::process::id());
            let mut command = scene.command(&watchexec, &folder);
            command.args([
                "--postpone",
                "--shell=none",
                "--no-vcs-ignore",
                "--watch",
                "plugins",
                "--",
                "sh",
                "-c",
                &signal,
            ]);
            let peer = Running::start(&mut command)?;
            // It says nothing when it is ready.
            thread::sleep(Duration::from_millis(500));
            let theirs = |round| {
                edit(&folder, round)?;
                handler.wait()
            };
            report.duel_with_pauses(
                20,
                0.2,
                Side::new("edit to handler", edited),
                Side::new("watchexec, which records nothing", theirs),
                &pause,
            )?;
            drop(peer);
        }
        Err(missing) => report.skip("watchexec", &missing)?,
    }

    let alone = scene.store("watch-commit", 3)?;
    let library = Store::open(alone, Limits::default())?;
    let commit = |round| {
        let assignment = Assignment {
            name: "valve-1.threshold".parse()?,
            given: Given::Text(value(round)),
            expect: None,
        };
        library.set(&[assignment], &Intent::default())?;
        Ok(())
    };
    report.excess(
        30,
        EXCESS,
        Side::new("edit to handler", edited),
        Side::new("the durable commit alone", commit),
        &pause,
    )?;
    drop(watcher);
    Ok(())
}

/// Hears signals as a plugin would.
struct Handler {
    heard: UnixStream,
}

impl Handler {
    fn new() -> Result<Self> {
        let (heard, handler) = UnixStream::pair()?;
        heard.set_read_timeout(Some(PATIENCE))?;
        signal_hook::low_level::pipe::register(SIGHUP, handler)?;
        Ok(Self { heard })
    }

    fn wait(&self) -> Result<()> {
        let mut heard = [0];
        (&self.heard).read_exact(&mut heard).context("no signal came")?;
        Ok(())
    }
}

/// A process that runs beside.
struct Running(Child);

impl Running {
    /// Starts it, and waits for its first line where it prints any.
    fn start(command: &mut Command) -> Result<Self> {
        let mut running = Self(command.spawn()?);
        if let Some(stdout) = running.0.stdout.take() {
            let mut lines = BufReader::new(stdout);
            let mut first = String::new();
            lines.read_line(&mut first)?;
            ensure!(first.contains("started"), "{first}");
            // Or it would have to wait until somebody reads.
            thread::spawn(move || std::io::copy(&mut lines, &mut std::io::sink()));
        }
        Ok(running)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It has mostly ended by itself.
        drop(self.0.kill());
        drop(self.0.wait());
    }
}
