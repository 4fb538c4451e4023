//! A long history, the same every time: a store of three plugins in which one setting changes with each
//! revision, and `valve.threshold` with every hundredth. It is handed to `git fast-import`, which writes a
//! hundred thousand revisions in seconds.

use std::fmt::Write as _;
use std::io::{self, Write};
use std::path::Path;
use std::process::{Command, Stdio};

/// The key that every hundredth revision changes.
pub(crate) const KEY: &str = "valve.threshold";
/// How many revisions lie between two changes of it.
pub(crate) const BETWEEN: usize = 100;
/// When the first revision is made: 2026-01-01 in UTC. Each later one comes five minutes after.
const EPOCH: usize = 1_767_225_600;

const AUTHORS: [&str; 3] = [
    "Ada Lindqvist <ada@gateway.example>",
    "Bruno Meier <bruno@gateway.example>",
    "Chen Li <chen.li@operations.example>",
];

/// Where the history stands.
pub(crate) struct LongHistory {
    plugins: [Plugin; 3],
    /// How many revisions have been written.
    pub(crate) written: usize,
    random: u64,
}

struct Plugin {
    name: &'static str,
    /// Key, unit and value.
    settings: Vec<(String, &'static str, i64)>,
}

impl Plugin {
    fn new(name: &'static str, zones: usize) -> Self {
        let mut settings = vec![
            ("threshold".to_owned(), "percent", 60),
            ("interval".to_owned(), "seconds", 30),
        ];
        for zone in 0..zones {
            for (key, unit) in [("target", "degrees"), ("flow", "litres a minute"), ("limit", "percent")] {
                settings.push((format!("zone-{zone}.{key}"), unit, 20));
            }
        }
        Self { name, settings }
    }

    fn path(&self) -> String {
        format!("plugins/{}.toml", self.name)
    }

    fn text(&self) -> String {
        let mut text = format!("#:schema ../schemas/{}/1.schema.json\n\n", self.name);
        for (key, unit, value) in &self.settings {
            // Writing to a String cannot fail.
            let _infallible = write!(text, "# The {key}, in {unit}.\n{key} = {value}\n\n");
        }
        text
    }
}

impl LongHistory {
    /// One without any revision yet.
    pub(crate) fn new() -> Self {
        Self {
            plugins: [
                Plugin::new("valve", 14),
                Plugin::new("heating", 10),
                Plugin::new("irrigation", 12),
            ],
            written: 0,
            random: 1,
        }
    }

    /// Adds revisions to the branch `main` of the repository in `root`: as objects in files of their own where they
    /// are fewer than `unpack_limit`, else as a pack.
    pub(crate) fn add(&mut self, revisions: usize, root: &Path, unpack_limit: u32) -> io::Result<()> {
        let mut import = Command::new("git")
            .args([
                "-c",
                &format!("fastimport.unpackLimit={unpack_limit}"),
                "fast-import",
                "--quiet",
            ])
            .current_dir(root)
            .stdin(Stdio::piped())
            .spawn()?;
        if let Some(input) = import.stdin.take() {
            self.write(revisions, &mut io::BufWriter::new(input))?;
        }
        let status = import.wait()?;
        if status.success() {
            Ok(())
        } else {
            Err(io::Error::other(format!("git fast-import: {status}")))
        }
    }

    fn write(&mut self, revisions: usize, out: &mut impl Write) -> io::Result<()> {
        for position in 0..revisions {
            let first = self.written == 0;
            let plugin = if first { 0 } else { self.below(self.plugins.len()) };
            let message = if first {
                "set up\n\nVia: init\n".to_owned()
            } else {
                self.change(plugin)
            };
            let time = EPOCH + self.written * 300;
            let author = AUTHORS[self.written % AUTHORS.len()];
            writeln!(out, "commit refs/heads/main")?;
            writeln!(out, "committer {author} {time} +0100")?;
            data(out, &message)?;
            if position == 0 && !first {
                writeln!(out, "from refs/heads/main^0")?;
            }
            if first {
                writeln!(out, "M 100644 inline valvecfg.toml")?;
                data(out, "[plugins.valve]\n[plugins.heating]\n[plugins.irrigation]\n")?;
            }
            let changed = self.changed(plugin);
            for plugin in self.plugins.iter().filter(|plugin| first || plugin.name == changed) {
                writeln!(out, "M 100644 inline {}", plugin.path())?;
                data(out, &plugin.text())?;
            }
            self.written += 1;
        }
        out.flush()
    }

    /// The plugin that the next revision changes.
    fn changed(&self, drawn: usize) -> &'static str {
        let is_key = self.written % BETWEEN == BETWEEN / 2;
        self.plugins[if is_key { 0 } else { drawn }].name
    }

    /// Changes one setting and says so, as `valvecfg set` does.
    fn change(&mut self, drawn: usize) -> String {
        let name = self.changed(drawn);
        let is_key = self.written % BETWEEN == BETWEEN / 2;
        let count = self.plugins[drawn].settings.len();
        let setting = if is_key { 0 } else { 1 + self.below(count - 1) };
        let step = 1 + i64::try_from(self.below(9)).unwrap_or_default();
        let plugin = if is_key {
            &mut self.plugins[0]
        } else {
            &mut self.plugins[drawn]
        };
        let (key, _, value) = &mut plugin.settings[setting];
        let before = *value;
        *value = (before + step) % 100;
        format!("{name}.{key} {before} -> {value}\n\nVia: set\nPlugin: {name}\nKey: {name}.{key}\n")
    }

    /// A number below `end`, from Knuth's linear congruential generator.
    fn below(&mut self, end: usize) -> usize {
        self.random = self
            .random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.random >> 33).unwrap_or_default() % end
    }
}

fn data(out: &mut impl Write, text: &str) -> io::Result<()> {
    writeln!(out, "data {}\n{text}", text.len())
}
