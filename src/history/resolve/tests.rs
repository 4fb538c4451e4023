//! Tests of names of revisions: what each kind means, and what is said where one means nothing.

use jiff::tz::{Offset, TimeZone};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use super::super::fixture::Fixture;
use super::{History, ResolveError, RevisionId};

/// Three revisions, at 10:00, 10:01 and 10:02 UTC.
fn three() -> Fixture {
    let mut fixture = Fixture::new(&[("a", "1")]);
    fixture.record(&[("a", Some(b"2"))], "second");
    fixture.record(&[("a", Some(b"3"))], "third");
    fixture
}

fn resolve(fixture: &Fixture, text: &str) -> Result<RevisionId, ResolveError> {
    let zone = TimeZone::fixed(Offset::constant(1));
    fixture.history.resolve_in(fixture.head(), text, &zone)
}

fn position(fixture: &Fixture, text: &str) -> usize {
    let id = resolve(fixture, text).unwrap();
    fixture.revisions.iter().position(|known| *known == id).unwrap()
}

fn refusal(fixture: &Fixture, text: &str) -> String {
    resolve(fixture, text).unwrap_err().to_string()
}

#[test]
fn at_counts_back_from_now() {
    let fixture = three();
    for (text, expected) in [("@", 2), ("@~0", 2), ("@~", 1), ("@~1", 1), ("@~2", 0), ("@~002", 0)] {
        assert_eq!(position(&fixture, text), expected, "{text}");
    }
    for text in ["@~3", "@~99999999999999999999999"] {
        assert_eq!(
            refusal(&fixture, text),
            format!("`{text}` goes back beyond the first revision, which is `@~2`")
        );
    }
    for text in ["@~-1", "@~+1", "@~x", "@^", "@{1}", "@ ", "@@"] {
        assert!(refusal(&fixture, text).contains("the third before"), "{text}");
    }
}

#[test]
fn a_hash_is_found_by_four_digits_or_more_in_either_case() {
    let fixture = three();
    let full = fixture.revisions[1].to_string();
    for length in [4, 7, 8, 39, 40] {
        assert_eq!(position(&fixture, &full[..length]), 1);
        assert_eq!(position(&fixture, &full[..length].to_uppercase()), 1);
    }
    assert!(refusal(&fixture, &full[..3]).contains("no hash of 4 or more"));
    let mut wrong = full[..39].to_owned();
    wrong.push(if full.ends_with('0') { '1' } else { '0' });
    assert_eq!(
        refusal(&fixture, &wrong),
        format!("no revision's hash begins with `{wrong}`, and no tag has this name")
    );
}

#[test]
fn a_hash_of_a_file_is_no_revision() {
    let fixture = three();
    let blob = fixture.git(&["rev-parse", "main:a"]);
    let tree = fixture.git(&["rev-parse", "main^{tree}"]);
    assert!(refusal(&fixture, blob.trim()).ends_with("is a blob, not a revision"));
    assert!(refusal(&fixture, &tree[..12]).ends_with("is a tree, not a revision"));
}

#[test]
fn a_beginning_of_several_hashes_lists_the_revisions_of_this_history() {
    let mut fixture = Fixture::new(&[("a", "1")]);
    let mut seen = std::collections::HashMap::new();
    // 16 bits: two of 400 begin alike with near certainty; all is deterministic.
    let (one, other) = loop {
        let id = fixture.record(&[("a", Some(fixture.revisions.len().to_string().as_bytes()))], "next");
        if let Some(earlier) = seen.insert(id.to_string()[..4].to_owned(), id) {
            break (earlier, id);
        }
        assert!(fixture.revisions.len() < 2000);
    };
    let short = &one.to_string()[..4];
    let Err(ResolveError::Ambiguous { candidates, .. }) = resolve(&fixture, short) else {
        panic!("{short} is not ambiguous");
    };
    let mut expected = [one, other];
    expected.sort_unstable();
    assert_eq!(candidates, expected);
    let message = refusal(&fixture, short);
    assert!(
        message.contains(&one.to_string()) && message.ends_with("give more digits"),
        "{message}"
    );
    // Seen from before the second of them, there is only one.
    let before = fixture.history.resolve(one, short).unwrap();
    assert_eq!(before, one);
}

#[test]
fn a_revision_of_another_history_is_said_to_be_one() {
    let mut fixture = three();
    let stray = fixture.commit(fixture.revisions[0], &[("a", Some(b"x"))], "stray");
    for text in [stray.to_string(), stray.short()] {
        assert_eq!(
            refusal(&fixture, &text),
            format!("`{text}` is {stray}, which is not in the history of the store")
        );
    }
    fixture.git(&["tag", "stray", &stray.to_string()]);
    assert!(refusal(&fixture, "stray").contains("not in the history"));
    fixture.record(&[("a", Some(b"4"))], "fourth");
    assert!(fixture.history.resolve(fixture.revisions[2], "@").is_ok());
    let later = fixture.head().to_string();
    assert!(fixture.history.resolve(fixture.revisions[2], &later).is_err());
}

#[test]
fn a_tag_names_its_revision_before_anything_else_but_a_full_hash() {
    let fixture = three();
    let first = fixture.revisions[0].to_string();
    fixture.git(&["tag", "light", "main~1"]);
    fixture.git(&["tag", "-a", "-m", "noted", "release/1.0", "main~2"]);
    fixture.git(&["tag", "-a", "-m", "of a tag", "nested", "release/1.0"]);
    fixture.git(&["tag", &first[..4], "main"]);
    fixture.git(&["tag", "2026-11-01", "main"]);
    assert_eq!(position(&fixture, "light"), 1);
    assert_eq!(position(&fixture, "release/1.0"), 0);
    assert_eq!(position(&fixture, "nested"), 0);
    assert_eq!(position(&fixture, &first[..4]), 2);
    assert_eq!(position(&fixture, &first[..5]), 0);
    assert_eq!(position(&fixture, "2026-11-01"), 2);
    fixture.git(&["tag", "file", "main:a"]);
    assert_eq!(refusal(&fixture, "file"), "`file` is a blob, not a revision");
    fixture.git(&["pack-refs", "--all"]);
    assert_eq!(position(&fixture, "light"), 1);
}

#[test]
fn only_plain_names_reach_the_refs() {
    let fixture = three();
    fixture.git(&["tag", "light", "main"]);
    let texts = [
        "light^",
        "light~1",
        "light^{commit}",
        "light:a",
        ":a",
        ":/third",
        "main",
        "HEAD",
        "heads/main",
        "main..light",
        "../heads/main",
        "light/",
        "/light",
        "./light",
        "light.lock",
        "",
        " ",
        "light ",
        "^light",
        "-light",
        "a\0b",
        "\n",
    ];
    for text in texts {
        assert!(
            matches!(resolve(&fixture, text), Err(ResolveError::Unknown { .. })),
            "{text:?}"
        );
    }
    assert!(resolve(&fixture, &"x".repeat(10_000)).is_err());
}

#[test]
fn a_time_names_the_newest_revision_made_by_then() {
    let fixture = three();
    // The zone is one hour east of UTC.
    let cases = [
        ("2026-11-01 11:00", 0),
        ("2026-11-01 11:00:59", 0),
        ("2026-11-01T11:01", 1),
        ("2026-11-01T10:01:00Z", 1),
        ("2026-11-01 12:01:30+02:00", 1),
        ("2026-11-01 11:01:00 +01:00", 1),
        ("2026-11-01 05:01:00 -05:00", 1),
        ("2026-11-02", 2),
        ("9000-12-31", 2),
    ];
    for (text, expected) in cases {
        assert_eq!(position(&fixture, text), expected, "{text}");
    }
    let printed = fixture.history.revision(fixture.revisions[1]).unwrap().time.to_string();
    assert_eq!(position(&fixture, &printed), 1);
}

#[test]
fn a_time_before_the_first_revision_says_when_that_was_made() {
    let fixture = three();
    let first = fixture.revisions[0];
    // A date alone is its first moment.
    for text in ["2026-11-01", "2026-11-01 10:59:59", "0001-01-01"] {
        assert_eq!(
            refusal(&fixture, text),
            format!("`{text}` is before the first revision, {first}, made at 2026-11-01 11:00:00 +01:00")
        );
    }
    for text in [
        "2026-13-01",
        "2026-11-01 25:00",
        "2026-11",
        "2026-11-01 10:00 tomorrow",
        "2026-",
    ] {
        let error = resolve(&fixture, text).unwrap_err();
        assert!(matches!(error, ResolveError::NotATime { .. }), "{text}: {error}");
    }
}

#[test]
fn the_catalogue_tells_the_same_and_is_asked_first() {
    let mut fixture = three();
    fixture.history.catalogue(fixture.head(), &mut |_, _| {}).unwrap();
    // Two revisions ahead of the catalogue.
    fixture.record(&[("a", Some(b"4"))], "fourth");
    fixture.record(&[("a", Some(b"5"))], "fifth");
    let first = fixture.revisions[0].to_string();
    let check = |fixture: &Fixture| {
        for (text, expected) in [("@", 4), ("@~2", 2), ("@~4", 0), (&first, 0), (&first[..9], 0)] {
            assert_eq!(position(fixture, text), expected, "{text}");
        }
        assert_eq!(position(fixture, "2026-11-01 11:01"), 1);
        assert!(refusal(fixture, "@~5").contains("`@~4`"));
        assert!(refusal(fixture, "2026-10-01").contains(&first));
    };
    check(&fixture);
    std::fs::remove_file(fixture.history.git_folder().join("valvecfg/catalogue")).unwrap();
    check(&fixture);
    // Without the commits in between only the catalogue can tell the way.
    fixture.history.catalogue(fixture.head(), &mut |_, _| {}).unwrap();
    for revision in &fixture.revisions[1..3] {
        let id = revision.to_string();
        let file = fixture
            .history
            .git_folder()
            .join("objects")
            .join(&id[..2])
            .join(&id[2..]);
        std::fs::remove_file(file).unwrap();
    }
    fixture.history = History::open(fixture.root()).unwrap();
    check(&fixture);
}

#[test]
fn a_clock_that_was_set_back_changes_no_order() {
    let mut fixture = three();
    let head = fixture.head().to_string();
    fixture.git(&["tag", "before", &head]);
    // An hour before the others, and newer than they are.
    fixture.git(&["-c", "core.hooksPath=/dev/null", "reset", "-q", "--hard"]);
    let output = std::process::Command::new("git")
        .args(["commit", "-q", "--allow-empty", "-m", "back"])
        .current_dir(fixture.root())
        .envs([
            ("GIT_AUTHOR_NAME", "a"),
            ("GIT_AUTHOR_EMAIL", "a"),
            ("GIT_COMMITTER_NAME", "a"),
            ("GIT_COMMITTER_EMAIL", "a"),
        ])
        .env("GIT_COMMITTER_DATE", "2026-11-01T09:00:00Z")
        .output()
        .unwrap();
    assert!(output.status.success());
    let newest: RevisionId = fixture.git(&["rev-parse", "main"]).trim().parse().unwrap();
    fixture.revisions.push(newest);
    assert_eq!(position(&fixture, "2026-11-01 10:30"), 3);
    assert_eq!(position(&fixture, "2026-11-01 11:01"), 3);
    assert_eq!(position(&fixture, "@~1"), 2);
}

#[test]
fn any_text_is_answered_with_a_revision_or_a_reason() {
    // Not in a static, which is never dropped: its folder would stay behind.
    let fixture = three();
    let texts = prop_oneof![
        any::<String>(),
        "@[~^0-9{}]{0,6}",
        "[0-9a-fA-F]{1,41}",
        "[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}[ T]?[0-9:+Z -]{0,16}",
        "[-_./a-z0-9@~^:{}]{0,12}",
    ];
    let config = ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(400)
    };
    let answered = TestRunner::new(config).run(&texts, |text| {
        match resolve(&fixture, &text) {
            Ok(id) => prop_assert!(fixture.revisions.contains(&id)),
            Err(ResolveError::History(error)) => prop_assert!(false, "{text:?}: {error:?}"),
            Err(error) => {
                let named = error.to_string().contains(&format!("`{text}`"));
                prop_assert!(named, "{}", error);
            }
        }
        Ok(())
    });
    answered.unwrap();
}
