//! A hermetic place to run the program in: a folder of its own, an environment that says the same everywhere,
//! and what a run printed as one block that a person can review.

use std::fmt;
use std::fs::{self, File};
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Output, Stdio};
use std::sync::OnceLock;

use tempfile::TempDir;
use valvecfg::cli::demo::GATEWAY;

/// The program.
pub(crate) const VALVECFG: &str = env!("CARGO_BIN_EXE_valvecfg");

/// A folder with a store in it, or none yet.
pub(crate) struct TestEnvironment {
    folder: TempDir,
}

/// What a run came to.
pub(crate) struct Screen {
    pub status: ExitStatus,
    pub stdout: String,
    pub stderr: String,
}

impl TestEnvironment {
    /// A folder without a store.
    pub(crate) fn empty() -> Self {
        Self::empty_in(&std::env::temp_dir())
    }

    /// A folder without a store, on the file system of `place`.
    pub(crate) fn empty_in(place: &Path) -> Self {
        let folder = tempfile::Builder::new().prefix("valvecfg-test.").tempdir_in(place);
        let environment = Self {
            folder: folder.unwrap(),
        };
        fs::create_dir(environment.home()).unwrap();
        environment
    }

    /// A store of the example gateway.
    pub(crate) fn gateway() -> Self {
        Self::gateway_in(&std::env::temp_dir())
    }

    /// A store of the example gateway, on the file system of `place`.
    pub(crate) fn gateway_in(place: &Path) -> Self {
        let environment = Self::empty_in(place);
        for (path, entry) in example() {
            entry.put(&environment.store().join(path));
        }
        environment
    }

    /// The folder that the store stands in, with all else that the test may need.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The store's folder.
    pub(crate) fn store(&self) -> PathBuf {
        self.folder.path().join("store")
    }

    /// A file of the store.
    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.store().join(path)
    }

    /// The bytes of a file of the store.
    #[track_caller]
    pub(crate) fn read(&self, path: &str) -> Vec<u8> {
        fs::read(self.path(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    /// The text of a file in the folder that the store stands in.
    #[track_caller]
    pub(crate) fn read_beside(&self, path: &str) -> String {
        let bytes = fs::read(self.folder().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
        String::from_utf8(bytes).unwrap()
    }

    /// Writes a file of the store as a simple editor does, in place.
    pub(crate) fn write(&self, path: &str, bytes: impl AsRef<[u8]>) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        File::create(path).unwrap().write_all(bytes.as_ref()).unwrap();
    }

    /// Replaces a piece of a file of the store, as a person with an editor does.
    #[track_caller]
    pub(crate) fn edit(&self, path: &str, from: &str, to: &str) {
        let text = String::from_utf8(self.read(path)).unwrap();
        assert!(text.contains(from), "{path} has no `{from}`");
        self.write(path, text.replacen(from, to, 1));
    }

    /// Runs the program in the store, or beside where it will be.
    pub(crate) fn run(&self, arguments: &[&str]) -> Screen {
        self.screen(self.command(VALVECFG).args(arguments))
    }

    /// Runs the program, which must succeed, and returns what it printed.
    #[track_caller]
    pub(crate) fn succeed(&self, arguments: &[&str]) -> String {
        let screen = self.run(arguments);
        assert!(screen.status.success(), "valvecfg {}\n{screen}", arguments.join(" "));
        screen.stdout
    }

    /// Runs git in the store.
    pub(crate) fn git(&self, arguments: &[&str]) -> Screen {
        self.screen(self.command("git").args(arguments))
    }

    /// Runs git, which must succeed, and returns what it printed.
    #[track_caller]
    pub(crate) fn git_succeed(&self, arguments: &[&str]) -> String {
        let screen = self.git(arguments);
        assert!(screen.status.success(), "git {}\n{screen}", arguments.join(" "));
        screen.stdout
    }

    /// A program that will run in the store, in the environment that every test has.
    pub(crate) fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        let folder = if self.store().is_dir() {
            self.store()
        } else {
            self.folder().to_owned()
        };
        command.current_dir(folder).env_clear().stdin(Stdio::null());
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.env("HOME", self.home());
        // What is left behind on purpose, as a text that could not be recorded, goes with the test.
        command.env("TMPDIR", self.home());
        command.env("XDG_CONFIG_HOME", self.home().join("config"));
        command.env("GIT_CONFIG_NOSYSTEM", "1");
        for role in ["AUTHOR", "COMMITTER"] {
            command.env(format!("GIT_{role}_NAME"), "Ines Duarte");
            command.env(format!("GIT_{role}_EMAIL"), "ines@gateway.example");
            command.env(format!("GIT_{role}_DATE"), "@1764547200 +0000");
        }
        // What else is being written on this machine decides otherwise, and two runs would differ.
        command.env("VALVECFG_SYNC", "filesystem");
        // Timers of the machine would outlive the test.
        command.env("VALVECFG_CARRIER", "guard");
        command.env("TZ", "UTC").env("LANG", "C").env("NO_COLOR", "1");
        command
    }

    /// The words before a command by which a user without rights runs it, who belongs to a group; nothing where this user
    /// cannot ask that, or the program lies where others cannot reach it.
    pub(crate) fn words_of_nobody(&self, group: u32) -> Option<[String; 4]> {
        let mut above = Path::new(VALVECFG).ancestors();
        let may_run_it = above.all(|folder| fs::metadata(folder).unwrap().permissions().mode() & 0o001 != 0);
        if !rustix::process::geteuid().is_root() || !may_run_it {
            return None;
        }
        // It is private at first.
        fs::set_permissions(self.folder(), fs::Permissions::from_mode(0o755)).unwrap();
        let group = format!("--regid={group}");
        Some(["setpriv", "--reuid=65534", &group, "--clear-groups"].map(str::to_owned))
    }

    /// Runs a command to its end.
    pub(crate) fn screen(&self, command: &mut Command) -> Screen {
        let output = command.output();
        self.shown(output.unwrap_or_else(|error| panic!("{command:?}: {error}")))
    }

    /// What a finished command printed, with this test's own paths replaced.
    pub(crate) fn shown(&self, output: Output) -> Screen {
        let plain = |bytes: Vec<u8>| {
            let text = String::from_utf8_lossy(&bytes).into_owned();
            let text = text.replace(self.store().to_str().unwrap(), "[STORE]");
            text.replace(self.folder().to_str().unwrap(), "[FOLDER]")
        };
        Screen {
            status: output.status,
            stdout: plain(output.stdout),
            stderr: plain(output.stderr),
        }
    }

    fn home(&self) -> PathBuf {
        self.folder.path().join("home")
    }
}

impl Screen {
    /// The exit code; nothing where a signal ended it.
    pub(crate) fn code(&self) -> Option<i32> {
        self.status.code()
    }
}

impl fmt::Display for Screen {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.stdout)?;
        if !self.stderr.is_empty() {
            write!(formatter, "------- stderr -------\n{}", self.stderr)?;
        }
        match (self.status.code(), self.status.signal()) {
            (Some(0), _) => Ok(()),
            (Some(code), _) => writeln!(formatter, "[exit {code}]"),
            (None, Some(signal)) => writeln!(formatter, "[signal {signal}]"),
            (None, None) => writeln!(formatter, "[no exit code]"),
        }
    }
}

/// The example gateway's store, made once by the program itself.
///
/// It is kept in memory: nobody would remove a folder that lasts as long as the process.
fn example() -> &'static [(PathBuf, Entry)] {
    static EXAMPLE: OnceLock<Vec<(PathBuf, Entry)>> = OnceLock::new();
    EXAMPLE.get_or_init(|| {
        let environment = TestEnvironment::empty();
        environment.succeed(&["init", "store"]);
        let schema = environment.folder().join("1.schema.json");
        let settings = environment.folder().join("settings.toml");
        for plugin in &GATEWAY {
            File::create(&schema)
                .unwrap()
                .write_all(plugin.schema.as_bytes())
                .unwrap();
            File::create(&settings)
                .unwrap()
                .write_all(plugin.settings.as_bytes())
                .unwrap();
            environment.succeed(&[
                "plugin",
                "add",
                plugin.name,
                "--schema",
                schema.to_str().unwrap(),
                "--settings",
                settings.to_str().unwrap(),
            ]);
        }
        let mut entries = Vec::new();
        read_folder(&environment.store(), Path::new(""), &mut entries);
        entries
    })
}

/// A file with its mode, or a folder.
enum Entry {
    File(Vec<u8>, fs::Permissions),
    Folder,
}

impl Entry {
    fn put(&self, path: &Path) {
        match self {
            Self::Folder => fs::create_dir(path).unwrap(),
            Self::File(bytes, permissions) => {
                let mut file = File::create(path).unwrap();
                file.write_all(bytes).unwrap();
                file.set_permissions(permissions.clone()).unwrap();
            }
        }
    }
}

/// Reads a folder with all that is in it, each folder before what it holds.
fn read_folder(root: &Path, below: &Path, entries: &mut Vec<(PathBuf, Entry)>) {
    entries.push((below.to_owned(), Entry::Folder));
    for entry in fs::read_dir(root.join(below)).unwrap() {
        let entry = entry.unwrap();
        let path = below.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            read_folder(root, &path, entries);
        } else {
            let permissions = entry.metadata().unwrap().permissions();
            let file = Entry::File(fs::read(entry.path()).unwrap(), permissions);
            entries.push((path, file));
        }
    }
}

/// Copies a folder with all that is in it. Links are copied as links.
pub(crate) fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        let kind = entry.file_type().unwrap();
        if kind.is_dir() {
            copy_folder(&entry.path(), &target);
        } else if kind.is_symlink() {
            std::os::unix::fs::symlink(fs::read_link(entry.path()).unwrap(), target).unwrap();
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}
