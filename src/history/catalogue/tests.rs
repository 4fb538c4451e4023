//! The catalogue against what the repository itself tells, whatever happens to its file.

use std::fs::{File, OpenOptions};
use std::io::{Seek as _, SeekFrom, Write as _};
use std::path::PathBuf;

use proptest::prelude::*;

use super::super::fixture::{EPOCH, Fixture};
use super::{Entry, KeyPath, Query, Timestamp, cache};

const VALVE: &str = "# keep\nthreshold = 60\nports = [1, 2]\n[pump]\nspeed = 1\n";

/// Ten revisions of two plugins, of which one is no TOML.
fn ten() -> Fixture {
    let mut fixture = Fixture::new(&[("plugins/valve.toml", VALVE), ("valvecfg.toml", "")]);
    let valve = |threshold: i32, speed: i32| {
        let text = VALVE.replace("60", &threshold.to_string());
        text.replace("speed = 1", &format!("speed = {speed}")).into_bytes()
    };
    let steps: [(&str, Option<Vec<u8>>, &str); 9] = [
        (
            "plugins/valve.toml",
            Some(valve(55, 1)),
            "valve.threshold 60 -> 55\n\nVia: set\nKey: valve.threshold\n",
        ),
        (
            "plugins/heat.toml",
            Some(b"on = true\n".to_vec()),
            "heat: new\n\nVia: plugin add\n",
        ),
        (
            "plugins/valve.toml",
            Some(valve(55, 2)),
            "edited by hand: valve.pump.speed 1 -> 2\n\nVia: hand\n",
        ),
        ("valvecfg.toml", Some(b"# manifest\n".to_vec()), "manifest\n\nmore\n"),
        (
            "plugins/valve.toml",
            Some(b"threshold = \n".to_vec()),
            "broken with git",
        ),
        ("plugins/valve.toml", Some(valve(50, 2)), "mended"),
        (
            "plugins/valve.toml",
            Some([b"# more\n", valve(50, 2).as_slice()].concat()),
            "a comment",
        ),
        ("plugins/heat.toml", None, "heat removed"),
        (
            "plugins/valve.toml",
            Some(b"threshold = 50\npump = 3\n".to_vec()),
            "pump is a number",
        ),
    ];
    for (path, content, message) in steps {
        fixture.record(&[(path, content.as_deref())], message);
    }
    fixture
}

fn path(fixture: &Fixture) -> PathBuf {
    cache::path(fixture.history.git_folder())
}

fn find(fixture: &Fixture, query: &Query<'_>, limit: usize) -> Vec<Entry> {
    let mut catalogue = fixture.history.catalogue(fixture.head(), &mut |_, _| {}).unwrap();
    let found = catalogue.find(query, limit).unwrap();
    assert!(catalogue.not_saved().is_none());
    found
}

fn all(fixture: &Fixture) -> Vec<Entry> {
    find(fixture, &Query::default(), usize::MAX)
}

/// What the repository tells, newest first.
fn truth(fixture: &Fixture) -> Vec<Entry> {
    let newest_first = fixture.revisions.iter().rev();
    newest_first.map(|id| fixture.history.entry(*id).unwrap()).collect()
}

fn told(entries: &[Entry]) -> Vec<String> {
    let line = |entry: &Entry| {
        let changes: Vec<String> = entry.changes.iter().map(ToString::to_string).collect();
        let rewritten = entry.rewritten.iter().map(|plugin| format!("{plugin} rewritten"));
        changes.into_iter().chain(rewritten).collect::<Vec<_>>().join(", ")
    };
    entries.iter().map(line).collect()
}

fn of_key(fixture: &Fixture, key: &str) -> Vec<String> {
    let key: KeyPath = key.parse().unwrap();
    let query = Query {
        key: Some(&key),
        ..Query::default()
    };
    told(&find(fixture, &query, usize::MAX))
}

/// How many revisions had to be read anew.
fn derived(fixture: &Fixture) -> usize {
    let mut last = 0;
    fixture
        .history
        .catalogue(fixture.head(), &mut |_, total| last = total)
        .unwrap();
    last
}

fn bytes(fixture: &Fixture) -> Vec<u8> {
    std::fs::read(path(fixture)).unwrap()
}

fn overwrite(fixture: &Fixture, bytes: &[u8]) {
    File::create(path(fixture)).unwrap().write_all(bytes).unwrap();
}

#[test]
fn each_revision_is_told_with_what_it_changed() {
    let fixture = ten();
    let expected = [
        "valve.ports [1, 2] removed, valve.pump { speed = 2 } -> 3",
        "heat.on true removed",
        "valve rewritten",
        "valve unchanged",
        "valve unchanged",
        "",
        "valve.pump.speed 1 -> 2",
        "heat.on true added",
        "valve.threshold 60 -> 55",
        "valve.threshold 60 added, valve.ports [1, 2] added, valve.pump.speed 1 added",
    ];
    let mut entries = all(&fixture);
    // The order of a removed key among others is the documents' business.
    entries[0]
        .changes
        .sort_by_key(|change| change.key.to_string() == "valve.pump");
    assert_eq!(told(&entries), expected);
    assert_eq!(all(&fixture), truth(&fixture));
    let messages: Vec<String> = all(&fixture).into_iter().map(|entry| entry.revision.message).collect();
    assert_eq!(messages[8], "valve.threshold 60 -> 55");
    assert_eq!(messages[6], "edited by hand: valve.pump.speed 1 -> 2");
    assert_eq!(messages[5], "manifest");
}

#[test]
fn a_second_reader_derives_nothing_and_a_later_one_only_what_is_new() {
    let mut fixture = ten();
    assert_eq!(derived(&fixture), 10);
    assert_eq!(derived(&fixture), 0);
    fixture.record(&[("plugins/valve.toml", Some(b"threshold = 1\n"))], "next");
    fixture.record(&[("plugins/valve.toml", Some(b"threshold = 2\n"))], "next");
    assert_eq!(derived(&fixture), 2);
    assert_eq!(all(&fixture), truth(&fixture));
}

#[test]
fn a_key_is_told_with_its_values_over_time() {
    let fixture = ten();
    assert_eq!(
        of_key(&fixture, "valve.threshold"),
        [
            "valve unchanged",
            "valve unchanged",
            "valve.threshold 60 -> 55",
            "valve.threshold 60 added"
        ]
    );
    // A table stands for all below it.
    assert_eq!(
        of_key(&fixture, "valve.pump"),
        [
            "valve.pump { speed = 2 } -> 3",
            "valve unchanged",
            "valve unchanged",
            "valve.pump.speed 1 -> 2",
            "valve.pump.speed 1 added"
        ]
    );
    // A value that went with the table that held it.
    assert_eq!(of_key(&fixture, "valve.pump.speed")[0], "valve.pump.speed 2 removed");
    assert_eq!(
        of_key(&fixture, "valve.ports[1]").last().unwrap(),
        "valve.ports[1] 2 added"
    );
    assert!(of_key(&fixture, "valve.port").len() == 2);
    assert!(of_key(&fixture, "hea").is_empty());
    assert_eq!(of_key(&fixture, "heat").len(), 2);
}

#[test]
fn revisions_are_chosen_by_plugin_author_and_time_and_counted_from_the_newest() {
    let fixture = ten();
    let count = |query: Query<'_>| find(&fixture, &query, usize::MAX).len();
    let plugin = |plugin| Query {
        plugin: Some(plugin),
        ..Query::default()
    };
    assert_eq!(count(plugin("valve")), 7);
    assert_eq!(count(plugin("heat")), 2);
    assert_eq!(count(plugin("val")), 0);
    let author = |author| Query {
        author: Some(author),
        ..Query::default()
    };
    assert_eq!(count(author("ADA@example")), 10);
    assert_eq!(count(author("ada <ada")), 10);
    assert_eq!(count(author("bob")), 0);
    let since = |seconds| Query {
        since: Some(Timestamp::from_second(seconds).unwrap()),
        ..Query::default()
    };
    assert_eq!(count(since(EPOCH)), 10);
    assert_eq!(count(since(EPOCH + 60 * 8)), 2);
    let newest = find(&fixture, &Query::default(), 3);
    assert_eq!(newest, truth(&fixture)[..3]);
    assert!(find(&fixture, &Query::default(), 0).is_empty());
}

#[test]
fn what_a_writer_appends_is_what_a_reader_would_derive() {
    let mut fixture = ten();
    all(&fixture);
    let missed = fixture.record(&[("plugins/valve.toml", Some(b"threshold = 1\n"))], "missed");
    let next = fixture.record(&[("plugins/valve.toml", Some(b"threshold = 2\n"))], "next");
    // It does not follow the last record.
    assert!(!fixture.history.append_to_catalogue(next).unwrap());
    let before = bytes(&fixture);
    assert!(fixture.history.append_to_catalogue(missed).unwrap());
    assert!(fixture.history.append_to_catalogue(next).unwrap());
    assert!(!fixture.history.append_to_catalogue(next).unwrap());
    let appended = bytes(&fixture);
    assert!(appended.starts_with(&before));
    assert_eq!(derived(&fixture), 0);
    assert_eq!(all(&fixture), truth(&fixture));
    std::fs::remove_file(path(&fixture)).unwrap();
    assert!(!fixture.history.append_to_catalogue(next).unwrap());
    assert_eq!(derived(&fixture), 12);
    assert!(bytes(&fixture) == appended);
}

#[test]
fn cut_at_any_byte_it_is_mended_and_tells_the_truth() {
    let fixture = ten();
    let truth = truth(&fixture);
    all(&fixture);
    let whole = bytes(&fixture);
    for length in 0..whole.len() {
        overwrite(&fixture, &whole[..length]);
        assert_eq!(all(&fixture), truth, "cut to {length} bytes");
        assert!(bytes(&fixture) == whole, "cut to {length} bytes");
    }
}

#[test]
fn a_changed_byte_anywhere_is_noticed_and_mended() {
    let fixture = ten();
    let truth = truth(&fixture);
    all(&fixture);
    let whole = bytes(&fixture);
    for at in 0..whole.len() {
        let mut damaged = whole.clone();
        damaged[at] ^= 1 << (at % 8);
        overwrite(&fixture, &damaged);
        assert_eq!(all(&fixture), truth, "byte {at}");
        assert!(bytes(&fixture) == whole, "byte {at}");
    }
}

#[test]
fn zeros_after_a_power_cut_are_cut_off() {
    let fixture = ten();
    all(&fixture);
    let whole = bytes(&fixture);
    for zeros in [1, 4, 12, 4096] {
        let file = OpenOptions::new().write(true).open(path(&fixture)).unwrap();
        file.set_len((whole.len() + zeros) as u64).unwrap();
        assert_eq!(all(&fixture), truth(&fixture));
        assert!(bytes(&fixture) == whole);
    }
}

#[test]
fn records_of_another_order_are_not_believed() {
    let fixture = ten();
    all(&fixture);
    let whole = bytes(&fixture);
    let frames = frames(&whole);
    let orders: [&[usize]; 4] = [
        // Two writers that appended the same.
        &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9],
        &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 8, 9],
        &[0, 1, 2, 3, 4, 5, 6, 8, 7, 9],
        // The newest is right, and one is missing.
        &[0, 1, 2, 4, 5, 6, 7, 8, 9],
    ];
    for order in orders {
        let mut shuffled = whole[..frames[0].start].to_vec();
        shuffled.extend(
            order
                .iter()
                .flat_map(|index| whole[frames[*index].clone()].iter().copied()),
        );
        overwrite(&fixture, &shuffled);
        assert_eq!(all(&fixture), truth(&fixture), "{order:?}");
        assert!(bytes(&fixture) == whole, "{order:?}");
    }
}

fn frames(whole: &[u8]) -> Vec<std::ops::Range<usize>> {
    let mut frames = Vec::new();
    let mut end = whole.len();
    let start = whole.iter().position(|byte| *byte == b'\n').unwrap() + 1;
    while end > start {
        let length = u32::from_le_bytes(whole[end - 4..end].try_into().unwrap());
        let begin = end - 12 - usize::try_from(length).unwrap();
        frames.push(begin..end);
        end = begin;
    }
    frames.reverse();
    frames
}

#[test]
fn surgery_on_the_history_keeps_what_is_still_true() {
    let mut fixture = ten();
    all(&fixture);
    fixture.revisions.truncate(6);
    let amended = fixture.record(&[("plugins/valve.toml", Some(b"threshold = 9\n"))], "amended");
    assert_eq!(fixture.head(), amended);
    assert_eq!(derived(&fixture), 1);
    assert_eq!(all(&fixture), truth(&fixture));
    // Of another repository altogether.
    let other = ten();
    let mut foreign = Fixture::new(&[("plugins/x.toml", "a = 1\n")]);
    foreign.record(&[("plugins/x.toml", Some(b"a = 2\n"))], "other");
    all(&other);
    overwrite(&foreign, &bytes(&other));
    assert_eq!(all(&foreign), truth(&foreign));
}

#[test]
fn a_reader_that_is_behind_a_writer_leaves_what_it_wrote() {
    let fixture = ten();
    all(&fixture);
    let whole = bytes(&fixture);
    let mut catalogue = fixture.history.catalogue(fixture.revisions[4], &mut |_, _| {}).unwrap();
    let found = catalogue.find(&Query::default(), usize::MAX).unwrap();
    assert_eq!(found, truth(&fixture)[5..]);
    assert!(bytes(&fixture) == whole);
}

#[test]
fn a_history_that_grows_at_its_beginning_is_noticed() {
    let origin = ten();
    let folder = tempfile::tempdir().unwrap();
    let clone = folder.path().join("clone");
    let url = format!("file://{}", origin.root().display());
    origin.git(&["clone", "-q", "--depth", "3", &url, clone.to_str().unwrap()]);
    let count = || {
        let history = super::History::open(&clone).unwrap();
        let mut catalogue = history.catalogue(origin.head(), &mut |_, _| {}).unwrap();
        catalogue.find(&Query::default(), usize::MAX).unwrap().len()
    };
    assert_eq!(count(), 3);
    assert!(cache::path(&clone.join(".git")).exists());
    origin.git(&["-C", clone.to_str().unwrap(), "fetch", "-q", "--unshallow"]);
    assert_eq!(count(), 10);
}

#[test]
fn where_it_cannot_be_written_it_answers_all_the_same() {
    let fixture = ten();
    // A folder in its place cannot be written, whoever we are.
    std::fs::create_dir(path(&fixture)).unwrap();
    for _ in 0..2 {
        let mut catalogue = fixture.history.catalogue(fixture.head(), &mut |_, _| {}).unwrap();
        assert_eq!(catalogue.find(&Query::default(), usize::MAX).unwrap(), truth(&fixture));
        assert!(catalogue.not_saved().is_some());
    }
}

#[test]
fn while_another_process_appends_nothing_is_written() {
    let mut fixture = ten();
    all(&fixture);
    let whole = bytes(&fixture);
    let id = fixture.record(&[("plugins/valve.toml", Some(b"threshold = 1\n"))], "next");
    let other = File::open(path(&fixture)).unwrap();
    other.lock().unwrap();
    assert_eq!(all(&fixture), truth(&fixture));
    assert!(!fixture.history.append_to_catalogue(id).unwrap());
    assert!(bytes(&fixture) == whole);
    other.unlock().unwrap();
    assert!(fixture.history.append_to_catalogue(id).unwrap());
}

#[test]
fn damage_after_it_was_opened_is_noticed_while_it_is_read() {
    let fixture = ten();
    all(&fixture);
    let whole = bytes(&fixture);
    let mut catalogue = fixture.history.catalogue(fixture.head(), &mut |_, _| {}).unwrap();
    let mut file = OpenOptions::new().write(true).open(path(&fixture)).unwrap();
    file.seek(SeekFrom::Start(60)).unwrap();
    file.write_all(b"xyz").unwrap();
    let mut again = fixture.history.catalogue(fixture.head(), &mut |_, _| {}).unwrap();
    assert_eq!(again.find(&Query::default(), usize::MAX).unwrap(), truth(&fixture));
    assert_eq!(catalogue.find(&Query::default(), usize::MAX).unwrap(), truth(&fixture));
    assert!(bytes(&fixture) == whole);
}

#[test]
fn a_revision_that_changes_very_much_is_read_from_the_repository() {
    let mut fixture = ten();
    let large = format!("text = '{}'\n", "x".repeat(100_000));
    let id = fixture.record(&[("plugins/valve.toml", Some(large.as_bytes()))], "large");
    fixture.record(&[("plugins/valve.toml", Some(b"text = 'x'\n"))], "small");
    assert_eq!(all(&fixture), truth(&fixture));
    assert!(bytes(&fixture).len() < 10_000);
    let entry = fixture.history.entry(id).unwrap();
    assert_eq!(
        of_key(&fixture, "valve.text")[1],
        told(&[entry])[0]
            .split(", ")
            .find(|change| change.starts_with("valve.text"))
            .unwrap()
    );
}

#[test]
fn a_revision_of_many_small_changes_is_left_out_before_all_of_them_are_read() {
    let mut fixture = ten();
    all(&fixture);
    let name = "a-pump-with-a-name-of-some-length";
    let lines: Vec<String> = (0..1000).map(|number| format!("a{number} = {number}\n")).collect();
    let text = lines.concat();
    let files: Vec<(String, &[u8])> = (0..4)
        .map(|number| (format!("plugins/{name}-{number}.toml"), text.as_bytes()))
        .collect();
    let files: Vec<(&str, Option<&[u8]>)> = files.iter().map(|(path, text)| (path.as_str(), Some(*text))).collect();
    let id = fixture.record(&files, "large");
    let mut derivation = super::Derivation::new(&fixture.history);
    let frame = derivation.frame(id, None).unwrap();
    assert_eq!(frame.len(), 33);
    assert_eq!(frame, derivation.entry(id).unwrap().frame(None));
    assert!(fixture.history.append_to_catalogue(id).unwrap());
    assert_eq!(derived(&fixture), 0);
    assert_eq!(all(&fixture), truth(&fixture));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(300) })]

    #[test]
    fn bytes_of_any_sort_are_never_a_record_that_panics(body in proptest::collection::vec(any::<u8>(), 0..200)) {
        if let Some(view) = super::View::parse(&body) {
            let read = view.entry(None);
            prop_assert!(read.is_none() || view.items().all(|item| item.is_some()) || view.left_out);
        }
    }

    #[test]
    fn whatever_was_recorded_reads_back(
        message in "\\PC{0,40}",
        name in "\\PC{1,20}",
        seconds in any::<i64>(),
        offset in -2000_i32..2000,
        text in any::<String>(),
        number in any::<f64>(),
        key in "\\PC{1,8}",
    ) {
        use crate::document::{Change, Value};
        use crate::revision::{Author, Moment, Revision};
        let change = |key: &KeyPath, before, after| Change { key: key.clone(), before, after };
        let key = KeyPath::root().key(key);
        let changes = vec![
            change(&key.key("a"), None, Some(Value::String(text.clone()))),
            change(&key.index(3), Some(Value::Float(number)), Some(Value::Boolean(true))),
            change(&key, None, None),
        ];
        let entry = Entry {
            revision: Revision {
                id: [7; 20].into(),
                parent: Some([8; 20].into()),
                time: Moment { seconds, offset },
                author: Author { name, email: String::new() },
                message,
                via: "set".into(),
            },
            changes,
            rewritten: vec![text],
        };
        let frame = entry.frame(entry.revision.parent);
        let view = super::View::parse(&frame[4..frame.len() - 8]).unwrap();
        prop_assert_eq!(view.entry(entry.revision.parent).unwrap(), entry);
    }
}
