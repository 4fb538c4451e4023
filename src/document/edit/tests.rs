//! Tests of editing: texts before and after.

use super::{Document, EditError, KeyPath, Layout, Value};

fn document(text: &str) -> Document {
    Document::parse(text).unwrap()
}

fn path(text: &str) -> KeyPath {
    if text.is_empty() {
        KeyPath::root()
    } else {
        text.parse().unwrap()
    }
}

fn value(text: &str) -> Value {
    Value::parse_literal(text).unwrap()
}

#[track_caller]
fn set(before: &str, key: &str, literal: &str, after: &str) {
    let edited = document(before).set(&path(key), &value(literal)).unwrap();
    assert_eq!(edited.text(), after);
}

#[track_caller]
fn unset(before: &str, key: &str, after: &str) {
    assert_eq!(document(before).unset(&path(key)).unwrap().text(), after);
}

#[track_caller]
fn append(before: &str, key: &str, literal: &str, after: &str) {
    let edited = document(before).append(&path(key), &value(literal)).unwrap();
    assert_eq!(edited.text(), after);
}

#[track_caller]
fn refused(outcome: Result<Document, EditError>, message: &str) {
    assert_eq!(outcome.unwrap_err().to_string(), message);
}

#[test]
fn setting_a_value_changes_its_bytes_and_no_others() {
    let before = "\u{feff}# top\r\n\r\n[a] # h\r\n  x   =  0xFF   # c\r\n'y z'=1_000\r\nlast.key = 'v'";
    set(before, "a.x", "10", &before.replace("0xFF", "0x0A"));
    set(before, "a.'y z'", "123456", &before.replace("1_000", "123_456"));
    set(before, "a.last.key", "\"w\"", &before.replace("'v'", "'w'"));
    set(before, "a.x", "\"s\"", &before.replace("0xFF", "\"s\""));
}

#[test]
fn setting_what_is_already_so_leaves_the_text() {
    let text = "a = 0x0F\nb = { c = [1, 2,], d.e = 1 }\n[[t]]\nx = 1\n[s]\n";
    for key in ["a", "b", "b.c", "b.d", "t", "t[0].x", "s", ""] {
        let document = document(text);
        let same = document.get(&path(key)).unwrap();
        assert_eq!(document.set(&path(key), &same).unwrap().text(), text, "{key}");
    }
}

#[test]
fn values_inside_inline_tables_and_arrays_are_spliced_where_they_stand() {
    set(
        "a = { x = 1, y.z = [ 0x1, 2 ] } # c\n",
        "a.y.z[0]",
        "2",
        "a = { x = 1, y.z = [ 0x2, 2 ] } # c\n",
    );
    set(
        "a = [[1, 2], [{b = 'c'}]]\n",
        "a[1][0].b",
        "\"d\"",
        "a = [[1, 2], [{b = 'd'}]]\n",
    );
    set("a.b.c = 1\n", "a.b.c", "2", "a.b.c = 2\n");
}

#[test]
fn a_missing_key_goes_behind_the_others_of_its_table() {
    set(
        "a = 1\n\n# about t\n[t]\n",
        "b",
        "2",
        "a = 1\nb = 2\n\n# about t\n[t]\n",
    );
    set(
        "[t]\na = 1 # c\n# end\n\n[t.u]\n",
        "t.b",
        "2",
        "[t]\na = 1 # c\nb = 2\n# end\n\n[t.u]\n",
    );
    set("[t]\n[u]\nx = 1\n", "t.b", "2", "[t]\nb = 2\n[u]\nx = 1\n");
    set(
        "[[zones]]\nflow = 1\n[[zones]]\nflow = 2\n[zones.sub]\n",
        "zones[0].name",
        "'n'",
        "[[zones]]\nflow = 1\nname = \"n\"\n[[zones]]\nflow = 2\n[zones.sub]\n",
    );
}

#[test]
fn a_new_entry_is_written_as_its_neighbours_are() {
    set("[t]\r\n\ta=1\r\n", "t.b", "2", "[t]\r\n\ta=1\r\n\tb=2\r\n");
    set(
        "a      = 1\nlonger = 2\n",
        "mid",
        "3",
        "a      = 1\nlonger = 2\nmid    = 3\n",
    );
    set(
        "a      = 1\nlonger = 2\n",
        "longest_one",
        "3",
        "a      = 1\nlonger = 2\nlongest_one = 3\n",
    );
    set("[t]\n  a = 1\n[u]\n", "u.b", "2", "[t]\n  a = 1\n[u]\n  b = 2\n");
    set("a = 1\n", "'x y'", "2", "a = 1\n\"x y\" = 2\n");
}

#[test]
fn a_missing_final_line_end_stays_missing() {
    set("a = 1", "b", "2", "a = 1\nb = 2");
    set("a = 1\r\n[t]", "t.b", "2", "a = 1\r\n[t]\r\nb = 2");
    set("a = 1\n# end", "b", "2", "a = 1\nb = 2\n# end");
    set("a = 1\n# end", "t.b", "2", "a = 1\n# end\n\n[t]\nb = 2");
    set("# only", "a", "1", "# only\na = 1");
}

#[test]
fn an_empty_text_takes_its_first_key() {
    set("", "a", "1", "a = 1\n");
    set("\u{feff}", "a", "1", "\u{feff}a = 1\n");
    set("# c\n", "a", "1", "# c\na = 1\n");
    set("", "a.b", "1", "[a]\nb = 1\n");
    set("\n", "a", "1", "\na = 1\n");
}

#[test]
fn a_root_key_before_headers_stands_below_the_comments_of_the_file() {
    set("#:schema x.json\n[t]\n", "a", "1", "#:schema x.json\na = 1\n\n[t]\n");
    set(
        "# file\n\n# about t\n[t]\n",
        "a",
        "1",
        "# file\n\na = 1\n\n# about t\n[t]\n",
    );
    set("[t]\nb = 1\n", "a", "1", "a = 1\n\n[t]\nb = 1\n");
}

#[test]
fn missing_tables_are_made_in_the_manner_of_their_parent() {
    set("a = 1\n", "t.u.b", "2", "a = 1\n\n[t.u]\nb = 2\n");
    set(
        "[t]\na = 1\n\n[z]\n",
        "t.u.b",
        "2",
        "[t]\na = 1\n\n[t.u]\nb = 2\n\n[z]\n",
    );
    set(
        "[t]\nx.y = 1\n# c\nz = 2\n",
        "t.x.b",
        "3",
        "[t]\nx.y = 1\nx.b = 3\n# c\nz = 2\n",
    );
    set("x.y = 1\n", "x.b.c", "3", "x.y = 1\nx.b.c = 3\n");
    set("t = { a = 1 }\n", "t.u.b", "2", "t = { a = 1, u = { b = 2 } }\n");
    set(
        "t = { u.a = 1, v = 2 }\n",
        "t.u.b",
        "2",
        "t = { u.a = 1, u.b = 2, v = 2 }\n",
    );
    set("t={}\n", "t.b", "2", "t={ b = 2 }\n");
    set("[a.b]\nx = 1\n", "a.y", "2", "[a]\ny = 2\n\n[a.b]\nx = 1\n");
    set("[a.b.c]\nx = 1\n", "a.b.d.e", "2", "[a.b.c]\nx = 1\n\n[a.b.d]\ne = 2\n");
    set(
        "[[z]]\na = 1\n\n[[z]]\na = 2\n",
        "z[0].sub.b",
        "3",
        "[[z]]\na = 1\n\n[z.sub]\nb = 3\n\n[[z]]\na = 2\n",
    );
    set(
        "[t.u]\na = 1\n[t]\nb = 2\n",
        "t.c",
        "3",
        "[t.u]\na = 1\n[t]\nb = 2\nc = 3\n",
    );
}

#[test]
fn a_whole_table_is_set_key_by_key() {
    set(
        "[t]\n# about a\na = 1 # c\n# about b\nb = 2\n\n[t.u]\nx = 1\n[z]\n",
        "t",
        "{ a = 5, n = 'v', u = { x = 1, y = { z = 1 } } }",
        "[t]\n# about a\na = 5 # c\n# about b\nn = \"v\"\n\n[t.u]\nx = 1\n[t.u.y]\nz = 1\n[z]\n",
    );
    set(
        "t = { a = 1, b = 2 } # c\n",
        "t",
        "{ b = 3, c = 4 }",
        "t = { b = 3, c = 4 } # c\n",
    );
    set("a.b = 1\na.c = 2\n", "a", "{ c = 3, d = 4 }", "a.c = 3\na.d = 4\n");
    set("a.b.c = 1\nz = 1\n", "a", "{ b = {} }", "a.b = {}\nz = 1\n");
    set("[t]\na = 1\n", "t", "{}", "[t]\n");
    set(
        "x = 1\n",
        "t",
        "{ a = 1, b = [{ c = 1 }, {}] }",
        "x = 1\n\n[t]\na = 1\n\n[[t.b]]\nc = 1\n\n[[t.b]]\n",
    );
}

#[test]
fn the_document_itself_is_a_table() {
    set(
        "a = 1 # c\n\n[t]\nb = 1\n",
        "",
        "{ a = 2, t = {} }",
        "a = 2 # c\n\n[t]\n",
    );
    refused(
        document("").set(&path(""), &value("1")),
        "a document is a table, and it stays one",
    );
}

#[test]
fn a_table_and_a_value_can_take_each_others_place() {
    set("# about a\na.b = 1\n\n[t]\n", "a", "5", "# about a\na = 5\n\n[t]\n");
    set("# about a\na.b = 1 # c\ny = 1", "a", "5", "# about a\na = 5\ny = 1");
    set("a.b = 1", "a", "5", "a = 5");
    set("a = 1 # c\n", "a", "{ b = 1 }", "a = { b = 1 } # c\n");
    set(
        "x = 1\na.b.c = 1\na.b.d = 1\ny = 1\n",
        "a.b",
        "5",
        "x = 1\na.b = 5\ny = 1\n",
    );
    set(
        "x = 1\n\n[t]\na = 1\n\n[t.u]\n\n[z]\n",
        "t",
        "5",
        "x = 1\nt = 5\n\n[z]\n",
    );
    set("x = 1\n\n[[t]]\na = 1\n", "t", "[1, 2]", "x = 1\nt = [1, 2]\n");
    set("t = { a.b = 1, c = 2 }\n", "t.a", "3", "t = { a = 3, c = 2 }\n");
}

#[test]
fn arrays_keep_their_layout() {
    let before = "a = [\n  1, # one\n  # two\n  2,\n  3, # three\n]\n";
    set(before, "a", "[1, 2, 4]", &before.replace("3,", "4,"));
    set(before, "a", "[1, 3]", "a = [\n  1, # one\n  # two\n  3, # three\n]\n");
    set(
        before,
        "a",
        "[1, 2, 3, 4]",
        &before.replace("# three\n", "# three\n  4,\n"),
    );
    set(before, "a", "[0, 1, 2, 3]", &before.replace("[\n", "[\n  0,\n"));
    set("a = [1, 2]\n", "a", "[0, 1, 2]", "a = [0, 1, 2]\n");
    set("a = [1,2]\n", "a", "[0, 1, 2]", "a = [0,1,2]\n");
    set("a = ['x', 'y']\n", "a", "['x', 'z', 'w']", "a = ['x', 'z', 'w']\n");
    set("a = [ 1 ]\n", "a", "[]", "a = []\n");
}

#[test]
fn arrays_of_tables_are_set_element_by_element() {
    let before = "[[z]]\n# about a\na = 1 # c\n\n# second\n[[z]]\na = 2\n[z.sub]\nx = 1\n\n[t]\n";
    set(before, "z", "[{ a = 1 }]", "[[z]]\n# about a\na = 1 # c\n\n[t]\n");
    set(
        before,
        "z",
        "[{ a = 2, sub = { x = 1 } }]",
        "# second\n[[z]]\na = 2\n[z.sub]\nx = 1\n\n[t]\n",
    );
    set(
        before,
        "z",
        "[{ a = 7 }, { a = 2, sub = { x = 1 } }, { b = 1 }]",
        "[[z]]\n# about a\na = 7 # c\n\n# second\n[[z]]\na = 2\n[z.sub]\nx = 1\n\n[[z]]\nb = 1\n\n[t]\n",
    );
    set(before, "z", "[]", "z = []\n\n[t]\n");
}

#[test]
fn unset_takes_the_line_and_its_comment_but_not_the_comments_above() {
    unset("a = 1\n# about b\nb = 2 # c\nc = 3\n", "b", "a = 1\n# about b\nc = 3\n");
    unset("a = [\n 1,\n 2,\n]\r\nb = 1\r\n", "a", "b = 1\r\n");
    unset("a = 1\nb = 2", "b", "a = 1\n");
    unset("a = 1\nb = 2", "a", "b = 2");
    unset("[t]\na = 1\n# end\n[u]\n", "t.a", "[t]\n# end\n[u]\n");
    unset("a.b = 1\nx = 1\na.c = 2\n", "a", "x = 1\n");
    unset("a.b = 1\n", "a.b", "");
}

#[test]
fn unset_inside_inline_values_takes_the_comma() {
    unset("a = { x = 1, y = 2 }\n", "a.x", "a = { y = 2 }\n");
    unset("a = { x = 1, y = 2 }\n", "a.y", "a = { x = 1 }\n");
    unset("a = {x = 1}\n", "a.x", "a = {}\n");
    unset("a = [1, 2, 3]\n", "a[0]", "a = [2, 3]\n");
    unset("a = [1, 2, 3]\n", "a[1]", "a = [1, 3]\n");
    unset("a = [1, 2, 3]\n", "a[2]", "a = [1, 2]\n");
    unset("a = [ 1, 2, ]\n", "a[1]", "a = [ 1, ]\n");
    unset("a = [1]\n", "a[0]", "a = []\n");
    unset("a = { b.x = 1, c = 1, b.y = 2 }\n", "a.b", "a = { c = 1 }\n");
    let list = "a = [\n  1, # one\n  # about two\n  2, # two\n  3 # three\n]\n";
    unset(list, "a[0]", "a = [\n  # about two\n  2, # two\n  3 # three\n]\n");
    unset(list, "a[1]", "a = [\n  1, # one\n  # about two\n  3 # three\n]\n");
    unset(list, "a[2]", "a = [\n  1, # one\n  # about two\n  2 # two\n]\n");
    unset("a = [1, 2, # c\n3]\n", "a[2]", "a = [1, 2 # c\n]\n");
    unset("a = [1, # c\n2 ]\n", "a[1]", "a = [1 # c\n ]\n");
}

#[test]
fn unset_takes_a_section_with_its_attached_comment_and_sub_sections() {
    let before = "# file\n\n# about t\n[t]\na = 1\n[t.u]\nb = 1\n\n# about z\n[z]\n";
    unset(before, "t", "# file\n\n# about z\n[z]\n");
    unset("#:schema x\n[t]\na = 1\n", "t", "#:schema x\n");
    unset("x = 1\n\n[t]\na = 1\n", "t", "x = 1\n");
    unset("x = 1\n\n[t]\na = 1\n\n# end\n", "t", "x = 1\n\n# end\n");
    unset(
        "[[z]]\na = 1\n[z.s]\n\n[[z]]\na = 2\n[z.s]\nb = 1\n",
        "z[0]",
        "[[z]]\na = 2\n[z.s]\nb = 1\n",
    );
    unset(
        "[[z]]\na = 1\n[z.s]\n\n[[z]]\na = 2\n[z.s]\nb = 1\n",
        "z[1]",
        "[[z]]\na = 1\n[z.s]\n",
    );
    unset("x = 1\n\n[[z]]\na = 1\n", "z[0]", "x = 1\nz = []\n");
    unset("x = 1\n\n[[z]]\na = 1\n\n[y]\n[[z]]\n", "z", "x = 1\n\n[y]\n");
    unset("[a.b]\nx = 1\n[c]\n", "a.b", "[c]\n");
}

#[test]
fn a_header_that_loses_its_last_key_stays() {
    unset("[t]\na = 1\n", "t.a", "[t]\n");
}

#[test]
fn append_keeps_the_layout_of_the_array() {
    append("a = [1, 2]\n", "a", "3", "a = [1, 2, 3]\n");
    append("a = [ 1 ]\n", "a", "3", "a = [ 1, 3 ]\n");
    append("a = [1, 2,]\n", "a", "3", "a = [1, 2, 3,]\n");
    append("a = []\n", "a", "3", "a = [3]\n");
    append("a = ['x']\n", "a", "\"y\"", "a = ['x', 'y']\n");
    append(
        "a = [\n  1, # one\n  2 # two\n]\n",
        "a",
        "3",
        "a = [\n  1, # one\n  2, # two\n  3\n]\n",
    );
    append(
        "a = [\r\n\t1,\r\n\t# end\r\n]\r\n",
        "a",
        "3",
        "a = [\r\n\t1,\r\n\t3,\r\n\t# end\r\n]\r\n",
    );
    append("a = [1, 2 # c\n]\n", "a", "3", "a = [1, 2, # c\n  3\n]\n");
    append("a = [\n  # none yet\n]\n", "a", "3", "a = [\n  # none yet\n  3,\n]\n");
    append("a = [\n]\n", "a", "3", "a = [\n  3,\n]\n");
    append("t = { a = [[1]] }\n", "t.a[0]", "2", "t = { a = [[1, 2]] }\n");
}

#[test]
fn append_to_an_array_of_tables_adds_a_section_behind_the_last_element() {
    let before = "[[z]]\na = 1\n\n[z.s]\nb = 1\n\n[t]\nc = 1\n";
    append(
        before,
        "z",
        "{ a = 2 }",
        "[[z]]\na = 1\n\n[z.s]\nb = 1\n\n[[z]]\na = 2\n\n[t]\nc = 1\n",
    );
    append("[[z]]\n[[z]]\n", "z", "{ a = 2 }", "[[z]]\n[[z]]\n[[z]]\na = 2\n");
    append("x = 1\n", "z", "{ a = 2 }", "x = 1\n\n[[z]]\na = 2\n");
    append("x = 1\n", "z", "2", "x = 1\nz = [2]\n");
    append("z = []\nx = 1\n", "z", "{ a = 2 }", "x = 1\n\n[[z]]\na = 2\n");
    append("z = [] # none\n", "z", "{ a = 2 }", "z = [{ a = 2 }] # none\n");
    append("[[z]]\na = 1\n", "z", "2", "z = [{ a = 1 }, 2]\n");
}

#[test]
fn what_stands_in_the_way_is_named() {
    let document = document("a = 1\nlist = [1]\n[[z]]\n");
    let one = value("1");
    refused(
        document.set(&path("a.b"), &one),
        "`a` is no table but of type integer, so it holds no keys",
    );
    refused(
        document.set(&path("list.b"), &one),
        "`list` is no table but of type array, so it holds no keys",
    );
    refused(
        document.set(&path("list[1]"), &one),
        "`list[1]` does not exist: `list` has 1 item",
    );
    refused(
        document.set(&path("z[2].x"), &one),
        "`z[2]` does not exist: `z` has 1 item",
    );
    refused(
        document.set(&path("new[0]"), &one),
        "`new[0]` does not exist: `new` has no items",
    );
    refused(
        document.set(&path("a[0]"), &one),
        "`a` is no array but of type integer, so it holds no items",
    );
    refused(document.unset(&path("b")), "`b` is not set");
    refused(
        document.unset(&path("list[7]")),
        "`list[7]` does not exist: `list` has 1 item",
    );
    refused(
        document.append(&path("a"), &one),
        "`a` is no array but of type integer, so it holds no items",
    );
    let deep = (0..100).fold(one, |inner, _| Value::Array(vec![inner]));
    refused(
        document.set(&path("deep"), &deep),
        "`deep` would nest more than 80 levels deep",
    );
}

#[test]
fn an_outcome_that_is_not_what_was_asked_for_is_refused() {
    let before = document("a = 1\nb = 2\nt.x = 1\n[[z]]\nc = 1\n");
    let wrong = |text: &str, key: &str, expected: Option<&Value>| {
        let outcome = before.outcome(&Layout::of(text), Ok(()), &path(key), expected);
        assert!(matches!(outcome, Err(EditError::Bug { .. })), "{text}: {outcome:?}");
    };
    let (one, five) = (value("1"), value("5"));
    let rest = "t.x = 1\n[[z]]\nc = 1\n";
    wrong(&format!("a = 6\nb = 2\n{rest}"), "a", Some(&five));
    wrong(&format!("a = 5\nb = 3\n{rest}"), "a", Some(&five));
    wrong(&format!("a = 5\n{rest}"), "a", Some(&five));
    wrong(&format!("a = 5\nb = 2\nnew = 1\n{rest}"), "a", Some(&five));
    wrong(&format!("a = 1\nb = 2\n{rest}"), "a", None);
    wrong(&format!("b = 2\nnew = 1\n{rest}"), "a", None);
    wrong("a = 1\nb = 2\n[[z]]\nc = 1\n", "t.y", None);
    wrong("a = 1\nb = 2\nt.x = 1\n[[z]]\nc = 5\n[[z]]\n", "z[0].c", Some(&five));
    wrong(
        "a = 1\nb = 2\nt.x = 1\nnew = { d = 1, e = 1 }\n[[z]]\nc = 1\n",
        "new.d",
        Some(&one),
    );
    wrong("a = ", "a", Some(&one));
}
