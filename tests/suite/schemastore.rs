//! The settings files and schemas that people publish: every `positive` file is valid, every `negative` one
//! is refused at a place inside it. The files are not part of this repository; `SCHEMASTORE_DIR` names the
//! folder that has them.

use std::ffi::OsString;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use valvecfg::document::Document;
use valvecfg::schema::{CheckOptions, Checker, Library, Schema, Violation};

fn corpus() -> Option<PathBuf> {
    let named = std::env::var_os("SCHEMASTORE_DIR").map(PathBuf::from);
    let folder = named.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/schemastore"));
    folder.join("schemas").is_dir().then_some(folder)
}

fn text(path: &Path) -> String {
    String::from_utf8(std::fs::read(path).expect("the corpus is readable")).expect("the corpus is UTF-8")
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder)
        .expect("the corpus is readable")
        .map(|entry| entry.expect("the corpus is readable").path())
        .collect();
    paths.sort();
    paths
}

/// Every file below `kind`, with the violations that its schema finds.
fn checked(corpus: &Path, kind: &str) -> Vec<(PathBuf, String, Vec<Violation>)> {
    let library = Library::new([corpus.join("schemas")]);
    let mut files = Vec::new();
    for folder in entries(&corpus.join(kind)) {
        let mut name: OsString = folder.file_name().expect("a folder has a name").to_owned();
        name.push(".json");
        let schema = corpus.join("schemas").join(&name);
        let schema = Schema::parse(&name.to_string_lossy(), &text(&schema)).expect("the corpus holds schemas");
        let checker = Checker::compile(&schema, &library, CheckOptions::default())
            .unwrap_or_else(|errors| panic!("{}: {errors:#?}", name.display()));
        for file in entries(&folder) {
            let document =
                Document::parse(text(&file)).unwrap_or_else(|errors| panic!("{}: {errors:?}", file.display()));
            let violations = checker.check(&document);
            files.push((file, document.text().to_owned(), violations));
        }
    }
    files
}

macro_rules! corpus_or_skip {
    ($test:literal) => {
        match corpus() {
            Some(corpus) => corpus,
            None => {
                let reason = "SCHEMASTORE_DIR names no folder with `schemas`";
                writeln!(std::io::stderr(), "skipped: {}: {reason}", $test).expect("stderr is open");
                return;
            }
        }
    };
}

#[test]
fn every_positive_file_is_valid() {
    let corpus = corpus_or_skip!("every_positive_file_is_valid");
    let files = checked(&corpus, "positive");
    assert!(!files.is_empty());
    let refused: Vec<_> = files
        .iter()
        .filter(|(_, _, violations)| !violations.is_empty())
        .collect();
    assert!(refused.is_empty(), "{refused:#?}");
}

#[test]
fn every_negative_file_is_refused_at_a_place_inside_it() {
    let corpus = corpus_or_skip!("every_negative_file_is_refused_at_a_place_inside_it");
    let files = checked(&corpus, "negative");
    assert!(!files.is_empty());
    for (file, text, violations) in files {
        assert!(!violations.is_empty(), "{} is accepted", file.display());
        for violation in violations {
            let at = violation.position;
            let line = text.lines().nth(at.line - 1);
            let inside = line.is_some_and(|line| at.column <= line.chars().count() + 1);
            assert!(inside, "{}: {violation:?}", file.display());
        }
    }
}
