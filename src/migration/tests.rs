//! Migrations done to documents, and taken back.

use super::{Declared, Migration, Pattern};
use crate::document::{Document, KeyPath};

fn migration(steps: &[&str]) -> Migration {
    let steps = steps.join("\n\n[[step]]\n");
    Migration::parse(&format!("from = 1\nto = 2\n\n[[step]]\n{steps}\n")).unwrap()
}

/// As the schema of version 1 declares these settings.
fn of_schema(steps: &[&str], declared: &[(&str, &str)]) -> Migration {
    let mut migration = migration(steps);
    let declared: Vec<Declared> = declared
        .iter()
        .map(|(key, kind)| Declared {
            key: key.parse::<Pattern>().unwrap(),
            kinds: vec![(*kind).to_owned()],
            ..Declared::default()
        })
        .collect();
    migration.resolve(&declared);
    migration
}

fn forth(migration: &Migration, text: &str) -> (String, Vec<String>) {
    let document = Document::parse(text).unwrap();
    let migrated = migration.apply(&document, &mut |_, _, _| unreachable!()).unwrap();
    let losses = migrated.losses.iter().map(|loss| loss.key.to_string()).collect();
    (migrated.document.text().to_owned(), losses)
}

fn back(migration: &Migration, text: &str) -> String {
    let document = Document::parse(text).unwrap();
    let undone = migration.undo(&document, &mut |_, _, _| unreachable!()).unwrap();
    undone.document.text().to_owned()
}

/// Nothing is lost, and the inverse gives the bytes back.
#[track_caller]
fn both_ways(migration: &Migration, before: &str, after: &str) {
    assert_eq!(forth(migration, before), (after.to_owned(), Vec::new()));
    assert_eq!(back(migration, after), before);
}

/// What is lost is told by its key.
#[track_caller]
fn loses(migration: &Migration, before: &str, after: &str, losses: &[&str]) {
    let (made, told) = forth(migration, before);
    assert_eq!(made, after);
    assert_eq!(told, losses);
}

#[test]
fn of_several_values_that_became_one_the_first_that_is_written_comes_back() {
    let map = migration(&["map = 'mode'\nvalues = { manual = 'hand', halt = 'hand', by-hand = 'hand', auto = 'on' }"]);
    assert_eq!(back(&map, "mode = 'hand'\n"), "mode = 'manual'\n");
    both_ways(&map, "mode = 'manual' # why\n", "mode = 'hand' # why\n");
    loses(&map, "mode = 'by-hand'\n", "mode = 'hand'\n", &["mode"]);
    // One that has the new name already is not told from one that got it.
    loses(&map, "mode = 'on'\n", "mode = 'on'\n", &["mode"]);
}

#[test]
fn the_values_of_a_map_come_back_as_what_the_schema_says_they_were() {
    let steps = ["map = 'level'\nvalues = { 1 = 'low', 2 = 'high', true = 'full' }"];
    both_ways(
        &of_schema(&steps, &[("level", "integer")]),
        "level = 2\n",
        "level = \"high\"\n",
    );
    both_ways(
        &of_schema(&steps, &[("level", "string")]),
        "level = \"2\"\n",
        "level = \"high\"\n",
    );
    both_ways(
        &of_schema(&steps, &[("level", "boolean")]),
        "level = true\n",
        "level = \"full\"\n",
    );
    both_ways(&migration(&steps), "level = 2\n", "level = \"high\"\n");
    let to_numbers = migration(&["map = 'level'\nvalues = { low = 1, high = 2, off = false }"]);
    both_ways(&to_numbers, "level = \"high\"\n", "level = 2\n");
    both_ways(&to_numbers, "level = \"off\"\n", "level = false\n");
}

#[test]
fn what_was_put_there_goes_again_and_what_the_schema_knew_before_stays() {
    let steps = ["default = 'flow'\nvalue = 2.5"];
    let (new, known) = (of_schema(&steps, &[]), of_schema(&steps, &[("flow", "number")]));
    both_ways(&new, "a = 1\n", "a = 1\nflow = 2.5\n");
    both_ways(&known, "a = 1\n", "a = 1\nflow = 2.5\n");
    both_ways(&known, "a = 1\nflow = 3.0\n", "a = 1\nflow = 3.0\n");
    loses(&known, "flow = 2.5\n", "flow = 2.5\n", &["flow"]);
    let steps = ["set = 'mode'\nvalue = 'auto'"];
    let (new, known) = (of_schema(&steps, &[]), of_schema(&steps, &[("mode", "string")]));
    both_ways(&new, "a = 1\n", "a = 1\nmode = \"auto\"\n");
    loses(&known, "a = 1\n", "a = 1\nmode = \"auto\"\n", &["mode"]);
    loses(&known, "mode = 'off'\n", "mode = 'auto'\n", &["mode"]);
}

#[test]
fn tables_become_arrays_of_tables_with_their_comments_and_back() {
    let wrap = migration(&["wrap = 'zone'\nto = 'zones'"]);
    both_ways(
        &wrap,
        "# only one\n[zone] # for now\nname = 'a' # n\n[zone.pump]\nx = 1\n",
        "# only one\n[[zones]] # for now\nname = 'a' # n\n[zones.pump]\nx = 1\n",
    );
    both_ways(&wrap, "zone = 1 # x\n", "zones = [1] # x\n");
    let unwrap = migration(&["unwrap = 'zones'\nto = 'zone'"]);
    both_ways(&unwrap, "[[zones]]\nname = 'a' # n\n", "[zone]\nname = 'a' # n\n");
}

/// A condition on the step's own setting, on the new name, on one beside, and on what wildcards stand for.
#[test]
fn a_step_is_taken_back_where_its_condition_held() {
    let to_b = |when: &str| migration(&[&format!("rename = 'a'\nto = 'b'\nwhen = {{ {when} }}")]);
    both_ways(&to_b("key = 'a', is = 1"), "a = 1\n", "b = 1\n");
    both_ways(&to_b("key = 'a', is = 1"), "a = 2\n", "a = 2\n");
    both_ways(&to_b("key = 'b', set = false"), "a = 1\n", "b = 1\n");
    both_ways(&to_b("key = 'b', set = false"), "a = 1\nb = 2\n", "a = 1\nb = 2\n");
    both_ways(
        &to_b("key = 'c', matches = '^x'"),
        "a = 1\nc = 'xy'\n",
        "b = 1\nc = 'xy'\n",
    );
    both_ways(
        &to_b("key = 'c', matches = '^x'"),
        "a = 1\nc = 'yx'\n",
        "a = 1\nc = 'yx'\n",
    );
    both_ways(&to_b("key = 'a.x', set = true"), "[a]\nx = 1\n", "[b]\nx = 1\n");
    loses(&to_b("key = 'b', set = false"), "b = 1\n", "b = 1\n", &["b"]);

    let zones = "zones[*].a";
    let each = |step: &str| migration(&[&format!("{step}\nwhen = {{ key = 'zones[*].on', is = true }}")]);
    let two = "[[zones]]\non = true\na = 1\n[[zones]]\non = false\na = 1\n";
    let first = |changed: &str| two.replacen("a = 1", changed, 1);
    for (step, changed) in [
        (format!("rename = '{zones}'\nto = 'zones[*].b'"), "b = 1"),
        (format!("scale = '{zones}'\nfactor = 10"), "a = 10"),
        (format!("map = '{zones}'\nvalues = {{ 1 = 'one' }}"), "a = \"one\""),
        (
            format!("convert = '{zones}'\nto = 'string'\nsuffix = 's'"),
            "a = \"1s\"",
        ),
        (format!("convert = '{zones}'\nto = 'array'"), "a = [1]"),
        (format!("wrap = '{zones}'"), "a = [1]"),
        (format!("copy = '{zones}'\nto = 'zones[*].b'"), "a = 1\nb = 1"),
        ("default = 'zones[*].b'\nvalue = 2".to_owned(), "a = 1\nb = 2"),
    ] {
        both_ways(&each(&step), two, &first(changed));
    }
    let parts = two.replace("a = 1", "a = 'x:y'");
    both_ways(
        &each("split = 'zones[*].a'\ninto = ['zones[*].b', 'zones[*].c']\nseparator = ':'"),
        &parts,
        &parts.replacen("a = 'x:y'", "b = 'x'\nc = \"y\"", 1),
    );
    loses(
        &each("remove = 'zones[*].a'"),
        two,
        &first("").replacen("\n\n", "\n", 1),
        &["zones[0].a"],
    );
    loses(
        &each("clamp = 'zones[*].a'\nmaximum = 0"),
        two,
        &first("a = 0"),
        &["zones[0].a"],
    );
    let array = two.replace("a = 1", "a = [1]");
    both_ways(&each("unwrap = 'zones[*].a'"), &array, &array.replacen("[1]", "1", 1));

    let users =
        migration(&["rename = 'users.*.role'\nto = 'users.*.roles'\nwhen = { key = 'users.*.role', is-not = 'x' }"]);
    both_ways(
        &users,
        "[users.a]\nrole = 'x'\n[users.b]\nrole = 'y'\n",
        "[users.a]\nrole = 'x'\n[users.b]\nroles = 'y'\n",
    );
}

#[test]
fn a_value_that_the_way_back_would_take_for_a_changed_one_is_a_loss() {
    let scale = migration(&["scale = 'a'\nfactor = 10\nwhen = { key = 'a', is = 5 }"]);
    both_ways(&scale, "a = 5\n", "a = 50\n");
    loses(&scale, "a = 50\n", "a = 50\n", &["a"]);
    both_ways(&scale, "a = 7\n", "a = 7\n");
    let join = migration(&["join = ['host', 'port']\nto = 'broker'\nseparator = ':'"]);
    both_ways(&join, "host = 'a'\nport = \"1\"\n", "broker = 'a:1'\n");
    loses(&join, "host = 'a'\nport = 1\n", "broker = 'a:1'\n", &["host", "port"]);
    loses(
        &join,
        "host = 'a:b'\nport = 'c'\n",
        "broker = 'a:b:c'\n",
        &["host", "port"],
    );
    loses(&join, "broker = 'a:b'\n", "broker = 'a:b'\n", &["broker"]);
    let round = migration(&["scale = 'a'\nfactor = 0.1\nround = 0"]);
    both_ways(&round, "a = 30\n", "a = 3\n");
    loses(&round, "a = 26\n", "a = 3\n", &["a"]);
}

#[test]
fn a_step_that_cannot_be_done_names_its_setting_and_no_value() {
    let stuck = |step: &str, text: &str| {
        let document = Document::parse(text).unwrap();
        migration(&[step])
            .apply(&document, &mut |_, _, _| unreachable!())
            .unwrap_err()
            .to_string()
    };
    assert_eq!(
        stuck("unwrap = 'a'", "a = [1, 2]\n"),
        "`a`: it has 2 items, and one can be kept"
    );
    assert_eq!(
        stuck("split = 'a'\ninto = ['a', 'b']\nseparator = ':'", "a = 'geheim'\n"),
        "`a`: it has 1 of 2 parts apart by `:`"
    );
    let key = "a".parse::<KeyPath>().unwrap();
    assert_eq!(
        migration(&["decide = 'what?'\nkey = 'a'"])
            .open_decisions()
            .next()
            .unwrap()
            .1
            .key,
        Some(Pattern::of(&key, |_| false))
    );
}
