//! Which revision a person means: `@`, `@~3`, a tag, the beginning of a hash, or a time.
//!
//! The text is taken apart here and looked up piece by piece. It is never handed to git's own expression
//! parser, which knows far more than this and has had its own security holes.
//!
//! Where a text could be several of these, the first of this list holds: `@…`, all 40 digits of a hash, a tag, the
//! beginning of a hash, a time. So a tag hides a beginning of a hash that looks the same, as in git.

use git2::{ErrorCode, ObjectType, Oid, Reference};
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
use thiserror::Error;

use super::{History, HistoryError, oid, revision_id};
use crate::revision::{Moment, RevisionId};

/// Fewer digits of a hash name no revision.
pub const SHORTEST_HASH: usize = 4;
/// A longer text is no name of a tag: a file's name has at most 255 bytes.
const LONGEST_TAG: usize = 200;
/// So many revisions are looked through one by one where the catalogue does not tell them.
const NEAR: usize = 100;
/// How many revisions are listed where a hash could be several.
const LISTED: usize = 10;

/// Why a text names no revision of a history.
#[derive(Debug, Error)]
pub enum ResolveError {
    /// It is nothing that could name one, and no tag.
    #[error(
        "`{text}` names no revision: no tag has this name, and it is no hash of {SHORTEST_HASH} or more hexadecimal \
         digits, no `@` or `@~3`, and no time such as `2026-11-01 10:00`"
    )]
    Unknown {
        /// What was given.
        text: String,
    },
    /// It begins with `@`, and goes on as nothing we know.
    #[error("`{text}` names no revision: `@` is the newest one, `@~` the one before, `@~3` the third before")]
    NotAnAncestor {
        /// What was given.
        text: String,
    },
    /// It looks like a hash, and nothing in the repository begins with it.
    #[error("no revision's hash begins with `{text}`, and no tag has this name")]
    NoSuchHash {
        /// What was given.
        text: String,
    },
    /// It names something else than a revision.
    #[error("`{text}` is a {kind}, not a revision")]
    NotARevision {
        /// What was given.
        text: String,
        /// Git's word for what it is.
        kind: &'static str,
    },
    /// Several revisions' hashes begin with it.
    #[error("`{text}` begins the hashes of {}; give more digits", list(candidates))]
    Ambiguous {
        /// What was given.
        text: String,
        /// The revisions, sorted.
        candidates: Vec<RevisionId>,
    },
    /// The revision is there, and this history does not contain it.
    #[error("`{text}` is {revision}, which is not in the history of the store")]
    NotInHistory {
        /// What was given.
        text: String,
        /// The revision that it names.
        revision: RevisionId,
    },
    /// `@~n` with too large an n.
    #[error("`{text}` goes back beyond the first revision, which is `@~{}`", .revisions - 1)]
    BeyondFirst {
        /// What was given.
        text: String,
        /// How many revisions there are, at least 1.
        revisions: usize,
    },
    /// A time at which there was no revision yet.
    #[error("`{text}` is before the first revision, {first}, made at {made}")]
    BeforeFirst {
        /// What was given.
        text: String,
        /// The first revision.
        first: RevisionId,
        /// When it was made.
        made: Moment,
    },
    /// It begins like a date and is none.
    #[error("`{text}` is no time: {source}; a time is `2026-11-01`, `2026-11-01 10:00` or `2026-11-01T10:00:00+01:00`")]
    NotATime {
        /// What was given.
        text: String,
        /// What is wrong with it.
        source: jiff::Error,
    },
    /// The repository could not be read.
    #[error(transparent)]
    History(#[from] HistoryError),
}

impl History {
    /// The revision that `text` names, seen from `head`: `@` and `@~3` (along first parents), a tag, a hash of
    /// 4 or more digits, or a time of this machine's time zone: the newest revision made at or before it. A date
    /// alone is its first moment.
    ///
    /// # Errors
    /// Where it names nothing, several revisions, or one that is not in the history of `head`.
    pub fn resolve(&self, head: RevisionId, text: &str) -> Result<RevisionId, ResolveError> {
        self.resolve_in(head, text, &TimeZone::system())
    }

    /// The time that `text` names: itself, or that of the revision that it names.
    ///
    /// # Errors
    /// As [`Self::resolve`].
    pub fn moment(&self, head: RevisionId, text: &str) -> Result<Timestamp, ResolveError> {
        if is_date(text)
            && let Ok(time) = time(text, &TimeZone::system())
        {
            return Ok(time);
        }
        let made = self.revision(self.resolve(head, text)?)?.time;
        Ok(made.zoned().timestamp())
    }

    fn resolve_in(&self, head: RevisionId, text: &str, zone: &TimeZone) -> Result<RevisionId, ResolveError> {
        if text.starts_with('@') {
            return self.ancestor(head, text);
        }
        if let Ok(id) = text.parse() {
            return self.known(head, text, id);
        }
        if let Some(id) = self.tag(text)? {
            return self.known(head, text, id);
        }
        if is_hash(text) {
            return self.hash(head, text);
        }
        if is_date(text) {
            let time = time(text, zone).map_err(|source| ResolveError::NotATime {
                text: text.to_owned(),
                source,
            })?;
            return self.at(head, text, time);
        }
        Err(ResolveError::Unknown { text: text.to_owned() })
    }

    fn ancestor(&self, head: RevisionId, text: &str) -> Result<RevisionId, ResolveError> {
        let count = match text.strip_prefix("@~") {
            None if text == "@" => 0,
            Some("") => 1,
            // More digits than fit name more revisions than there are.
            Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => digits.parse().unwrap_or(usize::MAX),
            _ => return Err(ResolveError::NotAnAncestor { text: text.to_owned() }),
        };
        let mut revisions = 0;
        for revision in self.ancestry(head) {
            let revision = revision?;
            if revisions == count {
                return Ok(revision.id);
            }
            revisions += 1;
        }
        Err(ResolveError::BeyondFirst {
            text: text.to_owned(),
            revisions,
        })
    }

    /// What a tag names, whatever it is. Only the one exact ref is looked up.
    fn tag(&self, text: &str) -> Result<Option<RevisionId>, ResolveError> {
        let name = format!("refs/tags/{text}");
        if text.len() > LONGEST_TAG || !Reference::is_valid_name(&name) {
            return Ok(None);
        }
        let reference = match self.repository.find_reference(&name) {
            Ok(reference) => reference,
            Err(error) if matches!(error.code(), ErrorCode::NotFound | ErrorCode::InvalidSpec) => return Ok(None),
            Err(source) => {
                return Err(ResolveError::History(HistoryError::Git {
                    action: "read a tag",
                    source,
                }));
            }
        };
        let named = reference
            .peel(ObjectType::Any)
            .map_err(HistoryError::git("read a tag"))?;
        Ok(Some(revision_id(named.id())?))
    }

    /// An object named exactly.
    fn known(&self, head: RevisionId, text: &str, id: RevisionId) -> Result<RevisionId, ResolveError> {
        match self.kind(oid(id)?)? {
            Some(ObjectType::Commit) if self.is_in_history(head, id) => Ok(id),
            Some(ObjectType::Commit) => Err(ResolveError::NotInHistory {
                text: text.to_owned(),
                revision: id,
            }),
            Some(kind) => Err(ResolveError::NotARevision {
                text: text.to_owned(),
                kind: kind.str(),
            }),
            None => Err(ResolveError::NoSuchHash { text: text.to_owned() }),
        }
    }

    fn hash(&self, head: RevisionId, text: &str) -> Result<RevisionId, ResolveError> {
        let database = self.repository.odb().map_err(HistoryError::git("read a hash"))?;
        let short = Oid::from_str(text).map_err(HistoryError::git("read a hash"))?;
        match database.exists_prefix(short, text.len()) {
            Ok(id) => return self.known(head, text, revision_id(id)?),
            Err(error) if error.code() == ErrorCode::NotFound => {
                return Err(ResolveError::NoSuchHash { text: text.to_owned() });
            }
            Err(error) if error.code() == ErrorCode::Ambiguous => {}
            Err(source) => {
                return Err(ResolveError::History(HistoryError::Git {
                    action: "look for a hash",
                    source,
                }));
            }
        }
        // Files and folders have hashes too, and four digits are soon several of them.
        let mut found = Vec::new();
        let wanted = text.to_ascii_lowercase();
        database
            .foreach(|id| {
                if begins_with(*id, &wanted) {
                    found.push(*id);
                }
                true
            })
            .map_err(HistoryError::git("look for a hash"))?;
        found.sort_unstable();
        found.dedup();
        let mut revisions = Vec::new();
        let mut other = None;
        for id in found {
            match self.kind(id)? {
                Some(ObjectType::Commit) => revisions.push(revision_id(id)?),
                kind => other = other.or(kind),
            }
        }
        let here: Vec<RevisionId> = revisions
            .iter()
            .copied()
            .filter(|id| self.is_in_history(head, *id))
            .collect();
        let text = text.to_owned();
        match (here.as_slice(), revisions.first(), other) {
            ([revision], _, _) => Ok(*revision),
            ([], Some(revision), _) => Err(ResolveError::NotInHistory {
                text,
                revision: *revision,
            }),
            ([], None, Some(kind)) => Err(ResolveError::NotARevision { text, kind: kind.str() }),
            ([], None, None) => Err(ResolveError::NoSuchHash { text }),
            _ => Err(ResolveError::Ambiguous { text, candidates: here }),
        }
    }

    fn at(&self, head: RevisionId, text: &str, time: Timestamp) -> Result<RevisionId, ResolveError> {
        let seconds = time.as_second();
        let mut first = head;
        for revision in self.ancestry(head) {
            let revision = revision?;
            if revision.seconds <= seconds {
                return Ok(revision.id);
            }
            first = revision.id;
        }
        Err(ResolveError::BeforeFirst {
            text: text.to_owned(),
            first,
            made: self.revision(first)?.time,
        })
    }

    fn is_in_history(&self, head: RevisionId, id: RevisionId) -> bool {
        // Git reads every commit in between, so the catalogue is asked first; it does not know what was merged.
        let behind = self.ancestry(head).flatten().enumerate();
        let mut near = behind.take_while(|(passed, revision)| revision.catalogued || *passed < NEAR);
        near.any(|(_, revision)| revision.id == id) || self.follows(head, id)
    }

    fn kind(&self, id: Oid) -> Result<Option<ObjectType>, HistoryError> {
        let database = self.repository.odb().map_err(HistoryError::git("read a hash"))?;
        match database.read_header(id) {
            Ok((_, kind)) => Ok(Some(kind)),
            Err(error) if error.code() == ErrorCode::NotFound => Ok(None),
            Err(source) => Err(HistoryError::Git {
                action: "read a hash",
                source,
            }),
        }
    }
}

/// The time that a text says; `zone` holds where it says none. RFC 3339, with `T` or a space, the offset perhaps
/// apart, as [`Moment`] prints it.
pub(super) fn time(text: &str, zone: &TimeZone) -> Result<Timestamp, jiff::Error> {
    let joined = text.replacen(" +", "+", 1).replacen(" -", "-", 1);
    if let Ok(time) = joined.parse::<Timestamp>() {
        return Ok(time);
    }
    let time: DateTime = text.parse()?;
    let zoned: Zoned = time.to_zoned(zone.clone())?;
    Ok(zoned.timestamp())
}

fn is_hash(text: &str) -> bool {
    (SHORTEST_HASH..=40).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Whether it begins with a year and a hyphen.
fn is_date(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() > 4 && bytes[..4].iter().all(u8::is_ascii_digit) && bytes[4] == b'-'
}

fn begins_with(id: Oid, digits: &str) -> bool {
    let nibbles = id.as_bytes().iter().flat_map(|byte| [byte >> 4, byte & 15]);
    nibbles
        .zip(digits.bytes())
        .all(|(nibble, digit)| char::from(digit).to_digit(16) == Some(u32::from(nibble)))
}

fn list(candidates: &[RevisionId]) -> String {
    let mut names: Vec<String> = candidates.iter().take(LISTED).map(ToString::to_string).collect();
    if candidates.len() > LISTED {
        names.push(format!("{} more", candidates.len() - LISTED));
    }
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use jiff::tz::{Offset, TimeZone};
    use proptest::prelude::*;

    use super::super::fixture::Fixture;
    use super::{ResolveError, RevisionId};

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
        fixture.history = super::History::open(fixture.root()).unwrap();
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

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(400) })]

        #[test]
        fn any_text_is_answered_with_a_revision_or_a_reason(
            text in prop_oneof![
                any::<String>(),
                "@[~^0-9{}]{0,6}",
                "[0-9a-fA-F]{1,41}",
                "[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}[ T]?[0-9:+Z -]{0,16}",
                "[-_./a-z0-9@~^:{}]{0,12}",
            ],
        ) {
            static FIXTURE: LazyLock<std::sync::Mutex<Fixture>> = LazyLock::new(|| std::sync::Mutex::new(three()));
            let fixture = FIXTURE.lock().unwrap();
            match resolve(&fixture, &text) {
                Ok(id) => prop_assert!(fixture.revisions.contains(&id)),
                Err(ResolveError::History(error)) => prop_assert!(false, "{text:?}: {error:?}"),
                Err(error) => {
                    let named = error.to_string().contains(&format!("`{text}`"));
                    prop_assert!(named, "{}", error);
                }
            }
        }
    }
}
