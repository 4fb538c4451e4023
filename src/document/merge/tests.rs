//! Tests of merging: texts before and after.

use super::{Document, MergeError, merge};

fn document(text: &str) -> Document {
    Document::parse(text).unwrap()
}

#[track_caller]
fn merged(base: &str, ours: &str, theirs: &str, expected: &str) {
    let outcome = merge(&document(base), &document(ours), &document(theirs)).unwrap();
    assert_eq!(outcome.text(), expected);
}

#[track_caller]
fn conflicts(base: &str, ours: &str, theirs: &str, expected: &[&str]) {
    match merge(&document(base), &document(ours), &document(theirs)) {
        Err(MergeError::Conflicts(conflicts)) => {
            let told: Vec<String> = conflicts.iter().map(ToString::to_string).collect();
            assert_eq!(told, expected);
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_side_that_is_still_the_base_gives_way_byte_for_byte() {
    let (base, other) = ("a = 1\r\nb = 2", "# c\na = 0x1\n\n\nb=2 # d");
    merged(base, base, other, other);
    merged(base, other, base, other);
    merged(base, other, other, other);
}

#[test]
fn changes_of_different_keys_meet_in_the_text_of_ours() {
    merged(
        "# top\na = 1\nb = 2\n[t]\nc = 3\n",
        "# ours\na = 10 # changed\nb = 2\n[t]\nc = 3\n",
        "a = 1\nb = 0x02\n# about n\nn = 0xFF # new\n[t]\nc = 0x04\n",
        "# ours\na = 10 # changed\nb = 2\n# about n\nn = 0xFF # new\n[t]\nc = 0x04\n",
    );
}

#[test]
fn a_new_table_arrives_with_its_comments_where_it_stands_on_their_side() {
    merged(
        "a = 1\n\n[t]\nx = 1\n\n[z]\ny = 1\n",
        "a = 2\n\n[t]\nx = 1\n\n[z]\ny = 1\n",
        "a = 1\n\n[t]\nx = 1\n\n# about n\n[n] # h\n# about k\nk = 'v'\n\n[n.sub]\n\n[z]\ny = 1\n",
        "a = 2\n\n[t]\nx = 1\n\n# about n\n[n] # h\n# about k\nk = 'v'\n\n[n.sub]\n\n[z]\ny = 1\n",
    );
}

#[test]
fn the_same_change_on_both_sides_is_no_conflict() {
    merged(
        "a = 1\nb = 1\n",
        "a = 0x2\nb = 1\n",
        "a = 2\nb = 3\n",
        "a = 0x2\nb = 3\n",
    );
    merged(
        "a = 1\nb = 1\nc = 1\n",
        "b = 1\nc = 2\n",
        "b = 5\nc = 1\n",
        "b = 5\nc = 2\n",
    );
}

#[test]
fn different_changes_of_one_key_conflict_and_all_of_them_are_listed() {
    conflicts(
        "a = 1\nb = 1\nl = [1]\n[t]\nx = 1\n",
        "a = 2\nl = [1, 2]\nb = 1\n[t]\nx = 2\n",
        "a = 3\nl = [1, 3]\nb = 9\n[t]\n",
        &[
            "a: 1 in base, 2 in ours, 3 in theirs",
            "l: [1] in base, [1, 2] in ours, [1, 3] in theirs",
            "t.x: 1 in base, 2 in ours, not set in theirs",
        ],
    );
}

#[test]
fn a_key_that_both_sides_add_differently_is_a_conflict() {
    conflicts(
        "",
        "a = 1\n",
        "a = 2\n",
        &["a: not set in base, 1 in ours, 2 in theirs"],
    );
    conflicts(
        "",
        "a = 1\n",
        "[a]\nb = 1\n",
        &["a: not set in base, 1 in ours, { b = 1 } in theirs"],
    );
    merged("", "[t]\na = 1\n", "[t]\nb = 2\n", "[t]\na = 1\nb = 2\n");
}

#[test]
fn a_removed_table_conflicts_with_changes_inside_and_with_nothing_else() {
    let base = "x = 1\n[t]\na = 1\nb = 2\n";
    let conflict = &["t.b: 2 in base, 3 in ours, not set in theirs"];
    conflicts(base, "x = 1\n[t]\na = 1\nb = 3\n", "x = 1\n", conflict);
    let conflict = &["t.b: 2 in base, not set in ours, 3 in theirs"];
    conflicts(base, "x = 1\n", "x = 1\n[t]\na = 1\nb = 3\n", conflict);
    merged(base, "x = 1\n[t]\na = 1\n", "x = 1\n", "x = 1\n");
    merged(base, "x = 1\n", "x = 1\n[t]\na = 1\n", "x = 1\n");
}

#[test]
fn arrays_of_tables_merge_element_by_element() {
    merged(
        "[[z]]\na = 1\nb = 1\n\n[[z]]\na = 2\n",
        "[[z]]\na = 5\nb = 1\n\n[[z]]\na = 2\n",
        "[[z]]\na = 1\nb = 1\n\n[[z]]\na = 2\n\n# third\n[[z]]\na = 3\n\n[[z]]\na = 4\n",
        "[[z]]\na = 5\nb = 1\n\n[[z]]\na = 2\n\n# third\n[[z]]\na = 3\n\n[[z]]\na = 4\n",
    );
    merged(
        "[[z]]\na = 1\n\n[[z]]\na = 2\n\n[[z]]\na = 3\n",
        "[[z]]\na = 5\n\n[[z]]\na = 2\n\n[[z]]\na = 3\n",
        "[[z]]\na = 1\n",
        "[[z]]\na = 5\n",
    );
    merged(
        "x = 1\n\n[[z]]\na = 1\n\n[[z]]\na = 2\n",
        "x = 2\n\n[[z]]\na = 1\n\n[[z]]\na = 2\n",
        "x = 1\n\n[[z]]\na = 2\n",
        "x = 2\n\n[[z]]\na = 2\n",
    );
}

#[test]
fn an_element_taken_from_the_middle_conflicts_with_any_change_inside_the_array() {
    // By index alone, our change of the first element would land in the second.
    let base = "[[z]]\nname = 'a'\nf = 1\n[[z]]\nname = 'b'\nf = 1\n";
    let ours = "[[z]]\nname = 'a'\nf = 5\n[[z]]\nname = 'b'\nf = 1\n";
    let theirs = "[[z]]\nname = 'b'\nf = 1\n";
    let outcome = merge(&document(base), &document(ours), &document(theirs));
    assert!(matches!(outcome, Err(MergeError::Conflicts(conflicts)) if conflicts.len() == 1));
    conflicts(
        "z = []\n",
        "z = [{ a = 1 }]\n",
        "z = [{ a = 2 }]\n",
        &["z: [] in base, [{ a = 1 }] in ours, [{ a = 2 }] in theirs"],
    );
}

#[test]
fn reverting_an_older_revision_keeps_what_came_later() {
    let parent = "# the pump\nspeed = 0x10\nlimit = 1\n# about mode\nmode = 'auto' # or manual\n";
    let revision = "# the pump\nspeed = 0x20\nlimit = 1\n# about mode\n";
    let current = "# the pump\nspeed = 0x20\nlimit = 7\n# about mode\n";
    merged(
        revision,
        current,
        parent,
        "# the pump\nspeed = 0x10\nlimit = 7\n# about mode\nmode = 'auto' # or manual\n",
    );
}
