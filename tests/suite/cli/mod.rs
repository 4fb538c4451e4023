//! Every verb as a person or a script meets it: whole screens of success and of each error.
//!
//! The screens stand in the tests. `SNAPSHOTS=overwrite cargo test --test suite cli::` writes them anew; read what
//! changed before it is recorded.

#![expect(
    clippy::needless_raw_string_hashes,
    reason = "snapbox writes the screens, and with as many hashes as a later one may need"
)]

mod apply;
mod array;
mod commit;
mod completion;
mod confirm;
mod confirm_by_health;
pub(crate) mod delivery;
mod describe;
mod diff;
mod doctor;
mod edit;
mod edit_secrets;
mod explain;
mod exposure;
mod fields;
mod finding;
mod get;
mod help;
mod history;
mod import;
mod init;
mod list;
mod migrate;
mod output;
mod packing;
mod plugin;
mod render;
mod revert;
mod rollback;
mod scan;
mod secret;
mod set;
mod status;
mod terminal;
mod trust;
mod unsealing;
mod unset;
mod validate;
mod versions;
mod watch;

use std::fmt::Write as _;
use std::fs::File;
use std::io::Write as _;
use std::process::{Command, Stdio};

use crate::environment::{Screen, TestEnvironment, VALVECFG};

impl TestEnvironment {
    /// A store without plugins.
    pub(crate) fn new_store() -> Self {
        let environment = Self::empty();
        environment.succeed(&["init", "store"]);
        environment
    }

    /// A store of one plugin, `any`, whose schema allows everything.
    pub(crate) fn open_plugin() -> Self {
        let environment = Self::new_store();
        environment.beside("any.json", r#"{"type": "object"}"#);
        environment.succeed(&["plugin", "add", "any", "--schema", "../any.json"]);
        environment
    }

    /// Writes a file in the folder that the store stands in.
    pub(crate) fn beside(&self, path: &str, bytes: impl AsRef<[u8]>) {
        let path = self.folder().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        File::create(path).unwrap().write_all(bytes.as_ref()).unwrap();
    }

    /// Runs commands one after the other, as they are typed, and returns what the screen showed.
    ///
    /// Words stand apart by spaces, or in single quotes. Revisions are numbered in the order in which they are
    /// seen, so that the screen says which are the same and not what they are made of.
    #[track_caller]
    pub(crate) fn screens(&self, lines: &[&str]) -> String {
        let mut text = String::new();
        for line in lines {
            let words = words(line);
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            let screen = self.run(&words);
            write!(text, "$ valvecfg {line}\n{screen}\n").unwrap();
        }
        number_revisions(text.trim_end())
    }

    /// Runs one command with a text as its standard input.
    pub(crate) fn screen_with_input(&self, line: &str, input: &str) -> String {
        let screen = self.with_input(line, input);
        number_revisions(format!("$ valvecfg {line}\n{screen}").trim_end())
    }

    /// Runs one command with a text as its standard input.
    pub(crate) fn with_input(&self, line: &str, input: &str) -> Screen {
        let mut command = self.command(VALVECFG);
        command.args(words(line)).stdin(Stdio::piped());
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let given = child.stdin.take().unwrap().write_all(input.as_bytes());
        if let Err(error) = given {
            // It may have refused before it read.
            assert_eq!(error.kind(), std::io::ErrorKind::BrokenPipe);
        }
        self.shown(child.wait_with_output().unwrap())
    }

    /// Runs one command with variables of its own.
    pub(crate) fn screen_where(&self, variables: &[(&str, &str)], line: &str) -> String {
        let mut command = self.command(VALVECFG);
        command.args(words(line)).envs(variables.iter().copied());
        let screen = self.screen(&mut command);
        number_revisions(format!("$ valvecfg {line}\n{screen}").trim_end())
    }

    /// How many revisions there are.
    pub(crate) fn revisions(&self) -> usize {
        self.git_succeed(&["rev-list", "--count", "main"])
            .trim()
            .parse()
            .unwrap()
    }

    /// What git thinks of the folder; nothing where all is recorded.
    pub(crate) fn git_status(&self) -> String {
        self.git_succeed(&["status", "--short"])
    }

    /// The program, to be run at another time.
    pub(crate) fn at_time(&self, time: &str) -> Command {
        let mut command = self.command(VALVECFG);
        command.env("GIT_COMMITTER_DATE", time).env("GIT_AUTHOR_DATE", time);
        command
    }
}

/// Says why a test proves nothing here.
#[expect(clippy::print_stderr, reason = "a test that is skipped must say so")]
fn skip(test: &str, reason: &str) {
    eprintln!("skipped: {test}: {reason}");
}

/// Words apart by spaces, or in single quotes.
fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quoted = false;
    for character in line.chars() {
        match character {
            '\'' => {
                quoted = !quoted;
                word.get_or_insert_default();
            }
            ' ' if !quoted => words.extend(word.take()),
            _ => word.get_or_insert_default().push(character),
        }
    }
    assert!(!quoted, "a quote is open in {line}");
    words.extend(word);
    words
}

/// Puts `[rev 1]`, `[rev 2]` … in the place of hashes, short or whole.
fn number_revisions(text: &str) -> String {
    let is_hash = |word: &str| {
        // No word of eight letters is made of the first six alone; one hash in two thousand is.
        matches!(word.len(), 8 | 40) && word.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    };
    let mut seen: Vec<String> = Vec::new();
    let mut numbered = String::new();
    let mut rest = text;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        if is_hash(word) {
            let short = &word[..8];
            let position = seen.iter().position(|known| known == short).unwrap_or_else(|| {
                seen.push(short.to_owned());
                seen.len() - 1
            });
            write!(numbered, "[rev {}]", position + 1).unwrap();
        } else {
            numbered.push_str(word);
        }
        let next = after.chars().next();
        numbered.extend(next);
        rest = &after[next.map_or(0, char::len_utf8)..];
    }
    numbered
}

/// Compares a whole screen with the one that stands in the test.
macro_rules! assert_screen {
    ($actual:expr, $expected:expr $(,)?) => {
        // Raw: a backslash is no path here.
        snapbox::assert_data_eq!($actual, snapbox::IntoData::raw($expected))
    };
}
pub(crate) use assert_screen;
