//! Each state that a crash can leave, made by hand: what is ours is undone or redone, what is somebody's save stays.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::PathBuf;

use tempfile::TempDir;

use super::{Durability, FileError, Ownership, Replacement, Step};

const BEFORE: &str = "threshold = 60\n";
const AFTER: &str = "threshold = 55\n";
const SAVED: &str = "threshold = 70\n";

struct Place {
    folder: TempDir,
    durability: Durability,
}

impl Place {
    fn new(target: Option<&str>, staged: Option<&str>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let durability = Durability::begin(folder.path()).unwrap();
        let place = Self { folder, durability };
        for (path, text) in [(place.target(), target), (super::staged_path(&place.target()), staged)] {
            if let Some(text) = text {
                File::create(path).unwrap().write_all(text.as_bytes()).unwrap();
            }
        }
        place
    }

    fn target(&self) -> PathBuf {
        self.folder.path().join("valve.toml")
    }

    fn resume(&self, before: Option<&str>, after: Option<&str>, in_place: bool) -> Replacement {
        let bytes = |text: Option<&str>| text.map(|text| text.as_bytes().to_vec());
        Replacement::resume(self.target(), bytes(before), bytes(after), in_place)
    }

    /// What stands there after a step that leaves nothing staged.
    #[track_caller]
    fn left(&self) -> Option<String> {
        assert!(!super::staged_path(&self.target()).exists(), "left staged");
        let bytes = fs::read(self.target()).ok()?;
        Some(String::from_utf8(bytes).unwrap())
    }
}

#[track_caller]
fn undone(target: Option<&str>, staged: Option<&str>, change: (Option<&str>, Option<&str>)) -> Option<String> {
    let mut place = Place::new(target, staged);
    let replacement = place.resume(change.0, change.1, false);
    assert_eq!(replacement.undo(&mut place.durability).unwrap(), Step::Done);
    place.left()
}

#[track_caller]
fn redone(target: Option<&str>, staged: Option<&str>, change: (Option<&str>, Option<&str>)) -> Option<String> {
    let mut place = Place::new(target, staged);
    let replacement = place.resume(change.0, change.1, false);
    assert_eq!(replacement.redo(&mut place.durability).unwrap(), Step::Done);
    place.left()
}

const CHANGE: (Option<&str>, Option<&str>) = (Some(BEFORE), Some(AFTER));
const REMOVAL: (Option<&str>, Option<&str>) = (Some(BEFORE), None);
const CREATION: (Option<&str>, Option<&str>) = (None, Some(AFTER));

#[test]
fn a_change_is_undone_from_every_state() {
    assert_eq!(undone(Some(BEFORE), Some(AFTER), CHANGE).unwrap(), BEFORE);
    assert_eq!(undone(Some(AFTER), Some(BEFORE), CHANGE).unwrap(), BEFORE);
    assert_eq!(undone(Some(BEFORE), None, CHANGE).unwrap(), BEFORE);
    assert_eq!(undone(None, Some(BEFORE), REMOVAL).unwrap(), BEFORE);
    assert_eq!(undone(Some(BEFORE), None, REMOVAL).unwrap(), BEFORE);
    assert_eq!(undone(Some(AFTER), None, CREATION), None);
    assert_eq!(undone(None, Some(AFTER), CREATION), None);
}

#[test]
fn a_change_is_redone_from_every_state() {
    assert_eq!(redone(Some(BEFORE), Some(AFTER), CHANGE).unwrap(), AFTER);
    assert_eq!(redone(Some(AFTER), Some(BEFORE), CHANGE).unwrap(), AFTER);
    assert_eq!(redone(Some(AFTER), None, CHANGE).unwrap(), AFTER);
    assert_eq!(redone(None, Some(BEFORE), REMOVAL), None);
    assert_eq!(redone(Some(BEFORE), None, REMOVAL), None);
    assert_eq!(redone(None, Some(AFTER), CREATION).unwrap(), AFTER);
}

#[test]
fn a_save_that_was_displaced_before_a_crash_comes_back() {
    assert_eq!(undone(Some(AFTER), Some(SAVED), CHANGE).unwrap(), SAVED);
    assert_eq!(undone(None, Some(SAVED), REMOVAL).unwrap(), SAVED);
}

#[test]
fn a_save_after_a_crash_stays() {
    for staged in [None, Some(BEFORE), Some(AFTER)] {
        assert_eq!(undone(Some(SAVED), staged, CHANGE).unwrap(), SAVED);
        assert_eq!(redone(Some(SAVED), staged, CHANGE).unwrap(), SAVED);
    }
    assert_eq!(undone(Some(SAVED), Some(BEFORE), REMOVAL).unwrap(), SAVED);
    assert_eq!(redone(Some(SAVED), Some(BEFORE), REMOVAL).unwrap(), SAVED);
    assert_eq!(undone(Some(SAVED), Some(AFTER), CREATION).unwrap(), SAVED);
    assert_eq!(redone(Some(SAVED), Some(AFTER), CREATION).unwrap(), SAVED);
    // Ours was not there yet, so it is theirs.
    assert_eq!(undone(Some(AFTER), Some(AFTER), CHANGE).unwrap(), AFTER);
    assert_eq!(undone(Some(AFTER), Some(AFTER), CREATION).unwrap(), AFTER);
}

#[test]
fn a_save_that_looks_half_written_stays_where_nothing_was_written_in_place() {
    let [before, after] = [BEFORE, AFTER].map(|text| text.repeat(100));
    let change = (Some(before.as_str()), Some(after.as_str()));
    let torn = [&after[..512], &before[512..]].concat();
    assert_eq!(undone(Some(&torn), Some(&after), change).unwrap(), torn);
    assert_eq!(redone(Some(&torn), Some(&after), change).unwrap(), torn);
    // Neither is a piece of a sector ever written alone.
    let mut place = Place::new(Some("threshold = 50\n"), Some(AFTER));
    let replacement = place.resume(CHANGE.0, CHANGE.1, true);
    assert_eq!(replacement.undo(&mut place.durability).unwrap(), Step::Done);
    assert_eq!(place.left().unwrap(), "threshold = 50\n");
}

#[test]
fn a_file_that_is_written_in_place_is_put_right_from_every_mixture() {
    let [short, long] = ["threshold = 5\n", "threshold = 100\n"].map(|text| text.repeat(400));
    for (before, after) in [(&short, &long), (&long, &short)] {
        let followed = |first: &str, rest: &str| format!("{first}{}", rest.get(first.len()..).unwrap_or_default());
        let zeros = "\0".repeat(before.len().max(after.len()));
        let possible = [
            followed(after, before),
            followed(before, after),
            followed(before, &zeros),
        ];
        for (seed, length) in (0..12).zip(
            [before.len(), after.len(), before.len().midpoint(after.len())]
                .iter()
                .cycle(),
        ) {
            let mut torn = Vec::new();
            for (number, start) in (0..*length).step_by(512).enumerate() {
                let from = &possible[(number * 7 + seed * 5 + number / 3) % 3];
                torn.extend(&from.as_bytes()[start..(start + 512).min(*length)]);
            }
            let torn = String::from_utf8(torn).unwrap();
            for (is_redone, expected) in [(false, before), (true, after)] {
                let mut place = Place::new(Some(&torn), Some(after));
                let replacement = place.resume(Some(before), Some(after), true);
                let step = if is_redone {
                    Replacement::redo
                } else {
                    Replacement::undo
                };
                assert_eq!(step(&replacement, &mut place.durability).unwrap(), Step::Done);
                assert_eq!(place.left().as_ref(), Some(expected), "seed {seed}");
            }
        }
    }
}

#[test]
fn a_save_between_reading_and_replacing_stays_and_is_told() {
    for change in [CHANGE, REMOVAL] {
        let mut place = Place::new(Some(SAVED), None);
        let bytes = |text: Option<&str>| text.map(|text| text.as_bytes().to_vec());
        let mut replacement = Replacement::plan(&place.target(), bytes(change.0), bytes(change.1)).unwrap();
        let ownership = Ownership::of(place.folder.path()).unwrap();
        replacement.stage(0o644, ownership, &mut place.durability).unwrap();
        let refused = replacement.apply(&mut place.durability).unwrap_err();
        assert!(matches!(refused, FileError::Changed { .. }), "{refused}");
        assert_eq!(replacement.undo(&mut place.durability).unwrap(), Step::Done);
        assert_eq!(place.left().unwrap(), SAVED);
    }
}

#[test]
fn a_removal_never_takes_what_stands_at_the_staged_name() {
    let mut place = Place::new(Some(BEFORE), Some(SAVED));
    let replacement = place.resume(REMOVAL.0, REMOVAL.1, false);
    let refused = replacement.apply(&mut place.durability).unwrap_err();
    assert!(matches!(refused, FileError::Io { .. }), "{refused}");
    assert_eq!(fs::read(place.target()).unwrap(), BEFORE.as_bytes());
}

#[test]
fn a_file_with_several_names_is_only_written_once_the_caller_has_noted_it() {
    let mut place = Place::new(Some(BEFORE), Some(AFTER));
    let other = place.folder.path().join("other.toml");
    fs::hard_link(place.target(), &other).unwrap();
    let mut replacement = place.resume(CHANGE.0, CHANGE.1, false);
    assert_eq!(replacement.redo(&mut place.durability).unwrap(), Step::InPlaceOnly);
    assert_eq!(fs::read(&other).unwrap(), BEFORE.as_bytes());
    replacement.allow_in_place();
    assert_eq!(replacement.redo(&mut place.durability).unwrap(), Step::Done);
    assert_eq!(place.left().unwrap(), AFTER);
    assert_eq!(fs::read(&other).unwrap(), AFTER.as_bytes());
}

/// What a recovery leaves of two names: in the target, and kept beside it.
#[track_caller]
fn recovered(
    target: Option<&str>,
    staged: Option<&str>,
    change: (Option<&str>, Option<&str>),
    is_undone: bool,
) -> (Option<String>, Option<String>) {
    let mut place = Place::new(target, staged);
    let replacement = place.resume(change.0, change.1, false);
    let kept = replacement.keep_save(is_undone).unwrap();
    let step = if is_undone {
        Replacement::undo
    } else {
        Replacement::redo
    };
    assert_eq!(step(&replacement, &mut place.durability).unwrap(), Step::Done);
    (
        place.left(),
        kept.map(|path| String::from_utf8(fs::read(path).unwrap()).unwrap()),
    )
}

#[test]
fn of_two_saves_that_a_crash_leaves_both_are_kept() {
    const LATER: &str = "threshold = 80\n";
    let both = (Some(SAVED.to_owned()), Some(LATER.to_owned()));
    for change in [CHANGE, REMOVAL, CREATION] {
        for is_undone in [true, false] {
            assert_eq!(recovered(Some(SAVED), Some(LATER), change, is_undone), both);
        }
    }
    // It was displaced and not looked at yet, and somebody has committed on top with git.
    let displaced = (Some(AFTER.to_owned()), Some(SAVED.to_owned()));
    assert_eq!(recovered(Some(AFTER), Some(SAVED), CHANGE, false), displaced);
}

#[test]
fn what_is_no_save_or_comes_back_anyway_is_not_kept() {
    for staged in [None, Some(BEFORE), Some(AFTER), Some(SAVED)] {
        for is_undone in [true, false] {
            assert_eq!(recovered(Some(SAVED), staged, CHANGE, is_undone).1, None);
        }
    }
    let back = (Some(SAVED.to_owned()), None);
    assert_eq!(recovered(Some(AFTER), Some(SAVED), CHANGE, true), back);
    assert_eq!(recovered(None, Some(SAVED), REMOVAL, true), back);
}

#[test]
fn a_kept_save_never_takes_the_name_of_another() {
    let place = Place::new(Some(SAVED), Some("1"));
    let names = ["valve.kept-1.toml", "valve.kept-2.toml"];
    for (text, name) in ["1", "2"].into_iter().zip(names) {
        let staged = super::staged_path(&place.target());
        File::create(staged).unwrap().write_all(text.as_bytes()).unwrap();
        let kept = place
            .resume(CHANGE.0, CHANGE.1, false)
            .keep_save(true)
            .unwrap()
            .unwrap();
        assert_eq!(kept, place.folder.path().join(name));
    }
    assert_eq!(fs::read(place.folder.path().join(names[0])).unwrap(), b"1");
}
