//! The README, executed: every command of its `console` blocks is run, and what stands below it is what the
//! program prints.
//!
//! The blocks are one session, in their order, in one folder. `$ ` begins a command; `cd` is followed; an exit
//! code other than 0 stands below the output as `[exit N]`. Where time and place would differ, they are fixed:
//! the folder is shown as `/home/ines`, and each command runs seven minutes after the one before, so that ids are
//! the same everywhere. `[..]` in a line stands for anything, a line `...` for any lines.
//! `UPDATE=1 cargo test --test suite readme` writes the README anew from what is printed now.

use std::env;
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::Write as _;
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::process::Stdio;

use crate::environment::{TestEnvironment, VALVECFG};
use crate::generated::{is_updating, repository};

/// Where the session seems to run.
const HOME: &str = "/home/ines";
/// When it begins: 2026-11-02 07:00 UTC.
const BEGIN: u64 = 1_793_602_800;
/// Seconds from one command to the next.
const PAUSE: u64 = 420;

/// One command and what stands below it.
#[derive(Debug, PartialEq, Eq)]
struct Step {
    /// With its line ends where it has several lines.
    command: String,
    output: String,
}

/// A piece of the README.
#[derive(Debug, PartialEq, Eq)]
enum Piece {
    Text(String),
    Console(Vec<Step>),
}

fn pieces(readme: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut text = String::new();
    let mut lines = readme.lines();
    while let Some(line) = lines.next() {
        text.push_str(line);
        text.push('\n');
        if line == "```console" {
            pieces.push(Piece::Text(std::mem::take(&mut text)));
            let mut steps: Vec<Step> = Vec::new();
            for line in lines.by_ref().take_while(|line| *line != "```") {
                if let Some(command) = line.strip_prefix("$ ") {
                    steps.push(Step {
                        command: command.to_owned(),
                        output: String::new(),
                    });
                } else if let Some(step) = steps.last_mut() {
                    if step.output.is_empty()
                        && let Some(more) = line.strip_prefix("> ")
                    {
                        step.command.push('\n');
                        step.command.push_str(more);
                    } else {
                        step.output.push_str(line);
                        step.output.push('\n');
                    }
                } else {
                    panic!("a console block begins with a command, not with: {line}");
                }
            }
            pieces.push(Piece::Console(steps));
            text.push_str("```\n");
        }
    }
    pieces.push(Piece::Text(text));
    pieces
}

fn written(pieces: &[Piece]) -> String {
    let mut readme = String::new();
    for piece in pieces {
        match piece {
            Piece::Text(text) => readme.push_str(text),
            Piece::Console(steps) => {
                for Step { command, output } in steps {
                    readme.push_str("$ ");
                    readme.push_str(&command.replace('\n', "\n> "));
                    readme.push('\n');
                    readme.push_str(output);
                }
            }
        }
    }
    readme
}

/// A session in a folder of its own.
struct Session {
    environment: TestEnvironment,
    folder: PathBuf,
    path: String,
    time: u64,
}

impl Session {
    fn begin() -> Self {
        let environment = TestEnvironment::empty();
        let programs = environment.folder().join("bin");
        fs::create_dir(&programs).unwrap();
        symlink(VALVECFG, programs.join("valvecfg")).unwrap();
        // A folder that nothing else stands in, so that `ls` shows what the reader would see.
        let folder = environment.folder().join("session");
        fs::create_dir(&folder).unwrap();
        Self {
            path: format!("{}:{}", programs.display(), env::var("PATH").unwrap()),
            folder,
            environment,
            time: BEGIN,
        }
    }

    fn run(&mut self, command: &str) -> String {
        self.time += PAUSE;
        if let Some(folder) = command.strip_prefix("cd ") {
            self.folder.push(folder);
            assert!(self.folder.is_dir(), "{command}: there is no such folder");
            return String::new();
        }
        let mut shell = self.environment.command("bash");
        shell.args(["-c", &format!("exec 2>&1\n{command}")]);
        shell
            .current_dir(&self.folder)
            .env("PATH", &self.path)
            .stdin(Stdio::null());
        for role in ["AUTHOR", "COMMITTER"] {
            shell.env(format!("GIT_{role}_DATE"), format!("@{} +0000", self.time));
        }
        let output = shell.output().unwrap();
        let mut text = String::from_utf8(output.stdout).unwrap();
        let place = self.environment.folder().join("session");
        text = text.replace(place.to_str().unwrap(), HOME);
        if !text.is_empty() && !text.ends_with('\n') {
            text.push('\n');
        }
        match output.status.code() {
            Some(0) => text,
            Some(code) => format!("{text}[exit {code}]\n"),
            None => format!("{text}[killed]\n"),
        }
    }
}

/// Whether a line is what the pattern says, `[..]` standing for anything.
fn line_fits(pattern: &str, line: &str) -> bool {
    let Some((head, mut rest)) = pattern.split_once("[..]") else {
        return pattern == line;
    };
    let Some(mut line) = line.strip_prefix(head) else {
        return false;
    };
    while let Some((middle, after)) = rest.split_once("[..]") {
        let Some(at) = line.find(middle) else { return false };
        line = &line[at + middle.len()..];
        rest = after;
    }
    line.ends_with(rest)
}

/// Whether lines are what the patterns say, `...` standing for any lines.
fn lines_fit(patterns: &[&str], lines: &[&str]) -> bool {
    match (patterns.split_first(), lines.split_first()) {
        (None, first) => first.is_none(),
        (Some((&"...", rest)), _) => (0..=lines.len()).any(|skipped| lines_fit(rest, &lines[skipped..])),
        (Some((pattern, rest)), Some((line, others))) => line_fits(pattern, line) && lines_fit(rest, others),
        (Some(_), None) => false,
    }
}

fn fits(pattern: &str, text: &str) -> bool {
    lines_fit(&pattern.lines().collect::<Vec<_>>(), &text.lines().collect::<Vec<_>>())
}

#[test]
fn every_command_of_the_readme_prints_what_the_readme_says() {
    let path = repository("README.md");
    let readme = String::from_utf8(fs::read(&path).unwrap()).unwrap();
    let mut pieces = pieces(&readme);
    assert_eq!(written(&pieces), readme);
    let mut session = Session::begin();
    let mut wrong = String::new();
    let mut commands = 0;
    for piece in &mut pieces {
        let Piece::Console(steps) = piece else { continue };
        for step in steps {
            commands += 1;
            let printed = session.run(&step.command);
            if !fits(&step.output, &printed) {
                let (command, output) = (&step.command, &step.output);
                writeln!(
                    wrong,
                    "$ {command}
{printed}--- the README says
{output}"
                )
                .unwrap();
                step.output = printed;
            }
        }
    }
    assert!(commands > 10, "the README shows only {commands} commands");
    if is_updating() {
        File::create(&path)
            .unwrap()
            .write_all(written(&pieces).as_bytes())
            .unwrap();
    } else {
        assert!(
            wrong.is_empty(),
            "`UPDATE=1 cargo test --test suite readme` writes it anew\n\n{wrong}"
        );
    }
}

#[test]
fn every_verb_stands_in_the_readme() {
    let readme = String::from_utf8(fs::read(repository("README.md")).unwrap()).unwrap();
    let environment = TestEnvironment::empty();
    let help = environment.succeed(&["--help"]);
    let verbs = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let verbs: Vec<&str> = verbs
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.split_whitespace().next())
        .filter(|verb| *verb != "help")
        .collect();
    assert!(verbs.contains(&"set") && verbs.len() > 8, "{help}");
    for verb in verbs {
        assert!(
            readme.contains(&format!("\n| `{verb}")),
            "`{verb}` is missing in the table of verbs"
        );
    }
}

#[test]
fn files_and_tests_that_the_readme_names_are_there() {
    let readme = String::from_utf8(fs::read(repository("README.md")).unwrap()).unwrap();
    let targets = readme.split("](").skip(1).filter_map(|rest| rest.split_once(')'));
    let mut links = 0;
    for (target, _) in targets.filter(|(target, _)| !target.contains("://") && !target.starts_with('#')) {
        links += 1;
        assert!(repository(target).exists(), "there is no {target}");
    }
    assert!(links > 3, "the README links to {links} files");
}

#[test]
fn wildcards_stand_for_what_they_should_and_no_more() {
    for (pattern, text) in [
        ("a [..] c\n", "a b c\n"),
        ("[..]b[..]\n", "abc\n"),
        ("...\nlast\n", "first\nlast\n"),
        ("...\nlast\n", "last\n"),
        ("same\n", "same\n"),
    ] {
        assert!(fits(pattern, text), "{pattern:?} {text:?}");
    }
    for (pattern, text) in [
        ("a [..] c\n", "a b d\n"),
        ("[..]x[..]\n", "abc\n"),
        ("...\nlast\n", "last\nmore\n"),
        ("same\n", "same\nmore\n"),
        ("same\n", ""),
    ] {
        assert!(!fits(pattern, text), "{pattern:?} {text:?}");
    }
}
