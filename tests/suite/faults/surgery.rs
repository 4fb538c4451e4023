//! A user operates on the repository with git: it is absorbed, or named with the command that mends it; never
//! obeyed in silence.

use super::{memory, oracle};
use crate::environment::TestEnvironment;

/// A store with two changes behind it.
fn store() -> TestEnvironment {
    let environment = TestEnvironment::gateway_in(&memory());
    environment.succeed(&["set", "valve.threshold", "61"]);
    environment.succeed(&["set", "valve.threshold", "62"]);
    environment
}

/// A set is refused with these words, reading goes on, and after the mending command all is well.
#[track_caller]
fn refused_until_mended(environment: &TestEnvironment, words: &str, mend: &[&str]) {
    let before = environment.read("plugins/valve.toml");
    let screen = environment.run(&["set", "valve.threshold", "70"]);
    assert_eq!(screen.code(), Some(3), "{screen}");
    assert!(screen.stderr.contains(words), "{screen}");
    assert!(
        screen.stderr.contains(&format!("`git {}`", mend.join(" "))),
        "no way out is named\n{screen}"
    );
    assert_eq!(environment.read("plugins/valve.toml"), before);
    environment.succeed(&["get", "valve.threshold"]);
    environment.git_succeed(mend);
    environment.succeed(&["set", "valve.threshold", "71"]);
    oracle::check_repository(environment, words);
}

#[test]
fn a_detached_head_is_named() {
    let environment = store();
    environment.git_succeed(&["checkout", "--quiet", "--detach"]);
    refused_until_mended(&environment, "HEAD is detached at", &["switch", "main"]);
}

#[test]
fn another_branch_is_named() {
    let environment = store();
    environment.git_succeed(&["switch", "--quiet", "-c", "try"]);
    refused_until_mended(&environment, "HEAD is on branch try", &["switch", "main"]);
}

#[test]
fn a_deleted_branch_is_named_and_nothing_is_begun_anew() {
    let environment = store();
    let head = environment.git_succeed(&["rev-parse", "main"]);
    environment.git_succeed(&["update-ref", "-d", "refs/heads/main"]);
    let mend = ["update-ref", "refs/heads/main", head.trim_end()];
    refused_until_mended(&environment, "branch main is gone", &mend);
}

#[test]
fn a_reset_branch_is_named() {
    let environment = store();
    let head = environment.git_succeed(&["rev-parse", "main"]);
    environment.git_succeed(&["reset", "--quiet", "--soft", "HEAD~1"]);
    let mend = ["update-ref", "refs/heads/main", head.trim_end()];
    refused_until_mended(&environment, "branch main was rewritten", &mend);
}

#[test]
fn an_amended_branch_is_named() {
    let environment = store();
    let head = environment.git_succeed(&["rev-parse", "main"]);
    environment.git_succeed(&["commit", "--quiet", "--amend", "-m", "amended"]);
    let mend = ["update-ref", "refs/heads/main", head.trim_end()];
    refused_until_mended(&environment, "branch main was rewritten", &mend);
}

#[test]
fn a_rewritten_branch_can_be_taken_as_it_is() {
    let environment = store();
    environment.git_succeed(&["commit", "--quiet", "--amend", "-m", "amended"]);
    let accept = "git update-ref refs/valvecfg/acknowledged refs/heads/main";
    let told = |verb: &str| environment.run(&[verb]).stdout;
    for verb in ["status", "doctor"] {
        assert!(told(verb).contains(accept), "{verb}: {}", told(verb));
    }
    let words: Vec<&str> = accept.split(' ').skip(1).collect();
    environment.git_succeed(&words);
    assert!(!told("status").contains("error"), "{}", told("status"));
    environment.succeed(&["set", "valve.threshold", "70"]);
    oracle::check_repository(&environment, "a branch taken as it is");
}

#[test]
fn a_valid_commit_on_top_is_absorbed() {
    let environment = store();
    environment.edit("plugins/valve.toml", "threshold = 62", "threshold = 63");
    environment.git_succeed(&["commit", "--quiet", "-a", "-m", "by git"]);
    environment.succeed(&["set", "valve.poll_interval", "20"]);
    assert_eq!(environment.succeed(&["get", "valve.threshold"]), "63\n");
    oracle::check_repository(&environment, "a commit on top");
}

#[test]
fn an_invalid_commit_on_top_is_refused_with_its_violations() {
    let environment = store();
    environment.edit("plugins/valve.toml", "threshold = 62", "threshold = 620");
    environment.git_succeed(&["commit", "--quiet", "-a", "-m", "by git"]);
    let screen = environment.run(&["set", "irrigation.max_flow", "31.0"]);
    assert_eq!(screen.code(), Some(1), "{screen}");
    assert!(
        screen.stderr.contains("620 is out of range") && screen.stderr.contains("git revert HEAD"),
        "{screen}"
    );
    environment.git_succeed(&["revert", "--no-edit", "HEAD"]);
    environment.succeed(&["set", "irrigation.max_flow", "31.0"]);
    oracle::check_repository(&environment, "an invalid commit");
}

#[test]
fn a_deleted_index_is_made_anew() {
    let environment = store();
    std::fs::remove_file(environment.path(".git/index")).unwrap();
    environment.succeed(&["set", "valve.threshold", "70"]);
    oracle::check_repository(&environment, "a deleted index");
}

#[test]
fn a_corrupt_index_is_loud_and_changes_nothing() {
    let environment = store();
    environment.write(".git/index", "no index");
    let before = environment.read("plugins/valve.toml");
    let screen = environment.run(&["set", "valve.threshold", "70"]);
    assert_eq!(screen.code(), Some(3), "{screen}");
    assert!(screen.stderr.contains("index"), "{screen}");
    assert_eq!(environment.read("plugins/valve.toml"), before);
    std::fs::remove_file(environment.path(".git/index")).unwrap();
    environment.succeed(&["set", "valve.threshold", "70"]);
    oracle::check_repository(&environment, "a corrupt index");
    oracle::check_leftovers(&environment, "a corrupt index");
}

#[test]
fn what_a_user_has_staged_stays_staged() {
    let environment = store();
    environment.write("notes.txt", "to do\n");
    environment.git_succeed(&["add", "notes.txt"]);
    environment.succeed(&["set", "valve.threshold", "70"]);
    assert_eq!(environment.git_succeed(&["status", "--porcelain"]), "A  notes.txt\n");
}
