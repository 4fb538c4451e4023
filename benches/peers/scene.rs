//! Where the contests take place: a folder on the disk that the project is built on, an environment that is the same
//! for all, and stores and files that are the same in every run.

use std::env;
use std::ffi::OsStr;
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};
use tempfile::TempDir;

/// The example gateway's schema for valves; its files are checked by it.
pub(crate) const SCHEMA: &str = include_str!("../../src/cli/demo/gateway/schemas/valve/1.schema.json");
/// As many zones as make a file of 2.4 KB.
const ZONES: usize = 16;

/// The folder, the program, and how much is to be done.
pub(crate) struct Scene {
    /// The program that is measured: `$VALVECFG`, else the one that was built with this.
    pub valvecfg: PathBuf,
    /// Whether sizes count; else everything is small.
    pub is_measured: bool,
    folder: TempDir,
}

impl Scene {
    pub(crate) fn new(is_measured: bool) -> Result<Self> {
        let built = || OsStr::new(env!("CARGO_BIN_EXE_valvecfg")).to_owned();
        let place = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let folder = tempfile::Builder::new().prefix("peers.").tempdir_in(place)?;
        fs::create_dir(folder.path().join("home"))?;
        Ok(Self {
            valvecfg: PathBuf::from(env::var_os("VALVECFG").unwrap_or_else(built)),
            is_measured,
            folder,
        })
    }

    /// `full` where sizes count, else `small`.
    pub(crate) fn size(&self, full: usize, small: usize) -> usize {
        if self.is_measured { full } else { small }
    }

    /// The folder of everything.
    pub(crate) fn root(&self) -> &Path {
        self.folder.path()
    }

    /// A new folder.
    pub(crate) fn folder(&self, name: &str) -> Result<PathBuf> {
        let folder = self.folder.path().join(name);
        fs::create_dir_all(&folder)?;
        Ok(folder)
    }

    /// A program that will run in a folder, saying nothing.
    pub(crate) fn command(&self, program: impl AsRef<OsStr>, folder: &Path) -> Command {
        let mut command = Command::new(program);
        command.current_dir(folder).env_clear();
        command.env("PATH", env::var_os("PATH").unwrap_or_default());
        command.env("HOME", self.folder.path().join("home"));
        command
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("LANG", "C")
            .env("TZ", "UTC");
        for role in ["AUTHOR", "COMMITTER"] {
            command.env(format!("GIT_{role}_NAME"), "Ines Duarte");
            command.env(format!("GIT_{role}_EMAIL"), "ines@gateway.example");
        }
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command
    }

    /// Runs valvecfg in a folder; it must succeed.
    pub(crate) fn valvecfg(&self, folder: &Path, arguments: &[&str]) -> Result<()> {
        run(self.command(&self.valvecfg, folder).args(arguments))
    }

    /// Runs git in a folder; it must succeed.
    pub(crate) fn git(&self, folder: &Path, arguments: &[&str]) -> Result<()> {
        run(self.command("git", folder).args(arguments))
    }

    /// Records a folder's changes as durably as git can.
    pub(crate) fn git_commit(&self, folder: &Path, path: &str) -> Result<()> {
        self.git(folder, &["add", path])?;
        self.git(folder, &["-c", "core.fsync=all", "commit", "--quiet", "-m", "change"])
    }

    /// A store of so many plugins `valve-N`.
    pub(crate) fn store(&self, name: &str, plugins: usize) -> Result<PathBuf> {
        let folder = self.folder(name)?;
        let mut manifest = String::new();
        for number in 0..plugins {
            let plugin = format!("valve-{number}");
            writeln!(manifest, "[plugins.{plugin}]")?;
            write(&folder, &format!("schemas/{plugin}/1.schema.json"), SCHEMA)?;
            let schema = format!("../schemas/{plugin}/1.schema.json");
            write(&folder, &format!("plugins/{plugin}.toml"), &settings(number, &schema)?)?;
        }
        write(&folder, "valvecfg.toml", &manifest)?;
        self.valvecfg(&folder, &["init"])?;
        Ok(folder)
    }
}

/// The file of an installed program, or why there is none. The stand-ins of pyenv are shell scripts that take
/// longer than what they stand for, so they are followed.
pub(crate) fn find(program: &str) -> Result<PathBuf, String> {
    let path = env::var_os("PATH").unwrap_or_default();
    let found = env::split_paths(&path)
        .map(|folder| folder.join(program))
        .find(|file| file.is_file());
    let found = found.ok_or_else(|| format!("{program} is not installed"))?;
    if !found.parent().is_some_and(|folder| folder.ends_with("shims")) {
        return Ok(found);
    }
    let asked = Command::new("pyenv").args(["which", program]).output();
    let output = asked.map_err(|error| format!("pyenv: {error}"))?;
    if output.status.success() {
        Ok(PathBuf::from(String::from_utf8_lossy(&output.stdout).trim()))
    } else {
        Err(format!("{program} is not installed"))
    }
}

/// Runs a command, which must succeed.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("{command:?}"))?;
    ensure!(status.success(), "{command:?}: {status}");
    Ok(())
}

/// Writes a file below a folder.
pub(crate) fn write(folder: &Path, path: &str, text: &str) -> Result<()> {
    let path = folder.join(path);
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    Ok(File::create(path)?.write_all(text.as_bytes())?)
}

/// Settings that the schema allows, 2.4 KB of them, each file a little different.
pub(crate) fn settings(number: usize, schema: &str) -> Result<String> {
    let mut text = format!(
        "#:schema {schema}\nschema_version = 1\n\n# Valve panel {number} behind the greenhouse. Panel drawing: binder 3.\n\n\
         mode = \"auto\"        # \"manual\" needs a position\nthreshold = {}       # percent; raised after the dry June\n\
         hysteresis = 2.5\npoll_interval = 15\nfail_safe = \"closed\"\n\n[mqtt]\nhost = \"broker.gateway.example\"\n\
         topic = \"greenhouse/valve\"\nkeep_alive = 30\n",
        10 + number % 30
    );
    for zone in 0..ZONES {
        write!(
            text,
            "\n# Row {zone}, counted from the door, nearest last.\n[[zones]]\nname = \"zone-{zone}\"\npin = {}\nflow = {}.5\n\
             threshold = {}\nmax_open = {}\n",
            2 + zone,
            5 + (number + zone) % 40,
            40 + (number + zone) % 50,
            10 + zone
        )?;
    }
    Ok(text)
}
