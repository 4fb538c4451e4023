//! The files that the program makes and the repository keeps: they must be what it would make now.
//! `UPDATE=1 cargo test --test suite generated` writes them anew.

use std::env;
use std::fs::{self, File};
use std::io::Write as _;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use crate::environment::{TestEnvironment, VALVECFG};

/// The stub of each shell, and what in it asks the program.
const COMPLETIONS: [(&str, &str, &str); 5] = [
    ("bash", "valvecfg.bash", "source <(COMPLETE=bash valvecfg)\n"),
    ("elvish", "valvecfg.elv", "eval (E:COMPLETE=elvish valvecfg | slurp)\n"),
    ("fish", "valvecfg.fish", "COMPLETE=fish valvecfg | source\n"),
    (
        "powershell",
        "valvecfg.ps1",
        "$env:COMPLETE = \"powershell\"\nvalvecfg | ",
    ),
    ("zsh", "_valvecfg", "source <(COMPLETE=zsh valvecfg)\n"),
];

/// A file of the repository.
pub(crate) fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// Whether files are to be written anew instead of compared.
pub(crate) fn is_updating() -> bool {
    env::var_os("UPDATE").is_some_and(|value| value == "1")
}

/// Compares a file of the repository with what it should hold.
#[track_caller]
fn assert_fresh(path: &str, made: &str) {
    let path = repository(path);
    if is_updating() {
        File::create(&path).unwrap().write_all(made.as_bytes()).unwrap();
        return;
    }
    let kept = fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    assert!(
        kept == made.as_bytes(),
        "{} is not what the program makes now; `UPDATE=1 cargo test --test suite generated` writes it anew",
        path.display()
    );
}

/// A folder in which `valvecfg` is this program, whatever else is installed.
fn path_with_the_program(environment: &TestEnvironment) -> String {
    let folder = environment.folder().join("bin");
    fs::create_dir(&folder).unwrap();
    symlink(VALVECFG, folder.join("valvecfg")).unwrap();
    format!("{}:{}", folder.display(), env::var("PATH").unwrap())
}

#[test]
fn the_schema_of_the_manifest_is_made_from_the_type_that_reads_it() {
    assert_fresh("schemas/valvecfg.schema.json", &valvecfg::store::manifest::schema());
}

#[test]
fn the_schema_of_migrations_is_made_from_the_types_that_read_them() {
    assert_fresh("schemas/migration.schema.json", &valvecfg::migration::schema());
}

#[test]
fn the_schemas_folder_holds_nothing_that_is_not_made_here() {
    let entries = fs::read_dir(repository("schemas")).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names, ["migration.schema.json", "valvecfg.schema.json"]);
}

#[test]
fn every_shell_has_a_stub_that_asks_the_program_for_it() {
    let environment = TestEnvironment::empty();
    for (shell, stub, asks) in COMPLETIONS {
        let text = String::from_utf8(fs::read(repository("completions").join(stub)).unwrap()).unwrap();
        assert!(text.contains(asks), "{stub}");
        let asked = environment.screen(environment.command(VALVECFG).env("COMPLETE", shell));
        assert_eq!(asked.code(), Some(0), "{shell}\n{asked}");
        assert!(
            asked.stdout.contains("COMPLETE") && asked.stderr.is_empty(),
            "{shell}\n{asked}"
        );
    }
    let stubs = fs::read_dir(repository("completions")).unwrap().count();
    assert_eq!(
        stubs,
        COMPLETIONS.len(),
        "completions/ has a stub that this test does not know"
    );
}

#[test]
fn bash_completes_verbs_keys_and_values_through_the_stub() {
    let environment = TestEnvironment::gateway();
    let path = path_with_the_program(&environment);
    let stub = repository("completions/valvecfg.bash");
    let complete = |words: &[&str]| {
        let script = format!(
            "source {}; COMP_WORDS=({}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))
             _clap_complete_valvecfg valvecfg \"${{COMP_WORDS[COMP_CWORD]}}\" 2>/dev/null; echo \"${{COMPREPLY[*]}}\"",
            stub.display(),
            words.join(" ")
        );
        let screen = environment.screen(environment.command("bash").env("PATH", &path).args(["-c", &script]));
        screen.stdout.trim_end().to_owned()
    };
    assert_eq!(complete(&["valvecfg", "roll"]), "rollback");
    assert_eq!(complete(&["valvecfg", "set", "valve.thr"]), "valve.threshold");
    assert_eq!(complete(&["valvecfg", "set", "valve.fail_safe", "o"]), "open");
}
