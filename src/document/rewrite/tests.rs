//! Tests of series of edits: texts before and after.

use super::super::{Document, EditError, KeyPath, Value};
use super::Rewrite;

fn path(text: &str) -> KeyPath {
    text.parse().unwrap()
}

fn value(text: &str) -> Value {
    Value::parse_literal(text).unwrap()
}

#[track_caller]
fn rewritten(before: &str, edit: impl FnOnce(&mut Rewrite<'_>) -> Result<(), EditError>) -> String {
    let document = Document::parse(before).unwrap();
    let mut rewrite = document.rewrite();
    edit(&mut rewrite).unwrap();
    rewrite.finish().unwrap().text().to_owned()
}

#[track_caller]
fn rename(before: &str, from: &str, to: &str, after: &str) {
    let text = rewritten(before, |rewrite| rewrite.rename(&path(from), &path(to)));
    assert_eq!(text, after);
}

#[track_caller]
fn copy(before: &str, from: &str, to: &str, after: &str) {
    assert_eq!(rewritten(before, |rewrite| rewrite.copy(&path(from), &path(to))), after);
}

#[test]
fn a_rename_in_the_same_table_exchanges_the_bytes_of_the_key_alone() {
    rename(
        "# c\nold  =  0xFF # d\nz = 1\n",
        "old",
        "new",
        "# c\nnew  =  0xFF # d\nz = 1\n",
    );
    rename(
        "a . old . x = 1\nz = 2\na.\"old\".y = 3\n",
        "a.old",
        "a.new",
        "a . new . x = 1\nz = 2\na.\"new\".y = 3\n",
    );
    rename(
        "t = { a = 1, old.b = 2, 'old'.c=3 }\n",
        "t.old",
        "t.new",
        "t = { a = 1, new.b = 2, 'new'.c=3 }\n",
    );
    rename(
        "t = [ { old = 1 } ] # c\n",
        "t[0].old",
        "t[0].n w".replace("n w", "'n w'").as_str(),
        "t = [ { \"n w\" = 1 } ] # c\n",
    );
    rename(
        "[ old ] # c\nx = 1\n[z]\n[old.\"sub.old\"]\ny = 1\n[[old.more]]\n",
        "old",
        "new",
        "[ new ] # c\nx = 1\n[z]\n[new.\"sub.old\"]\ny = 1\n[[new.more]]\n",
    );
    rename(
        "[[old]]\n[old.sub]\n[z]\n[[old]]\nold = 1\n",
        "old",
        "new",
        "[[new]]\n[new.sub]\n[z]\n[[new]]\nold = 1\n",
    );
    rename(
        "[[a]]\n[a.old]\n[[a]]\n[a.old]\n",
        "a[1].old",
        "a[1].new",
        "[[a]]\n[a.old]\n[[a]]\n[a.new]\n",
    );
}

#[test]
fn a_rename_and_its_undoing_give_back_even_escapes() {
    for text in ["\"\\u0061\".x = 1\na.y = 2\n'a'.z = 3\n", "[ \"a\" ]\n['a'.b]\n[a.c]\n"] {
        let text_after = rewritten(text, |rewrite| {
            rewrite.rename(&path("a"), &path("'n w'"))?;
            rewrite.rename(&path("'n w'"), &path("a"))
        });
        assert_eq!(text_after, text);
    }
}

#[test]
fn an_entry_moves_behind_the_last_one_of_the_table_with_its_comments() {
    rename(
        "a = 1\n\n# about old\n  old = 'x' # beside\n\n[t]\nb   = 1\n\n[u]\n",
        "old",
        "t.new",
        "a = 1\n\n\n[t]\nb   = 1\n# about old\nnew = \"x\" # beside\n\n[u]\n"
            .replace("\"x\"", "'x'")
            .as_str(),
    );
    rename("[t]\n# c\na = 0x10\n", "t.a", "b", "# c\nb = 0x10\n\n[t]\n");
    rename("a = 1 # c\nb = 2\n", "a", "t.u.a", "b = 2\n\n[t.u]\na = 1 # c\n");
    rename("t.a = 1\nt.b = 2\nc = 3\n", "c", "t.c", "t.a = 1\nt.b = 2\nt.c = 3\n");
}

#[test]
fn dotted_keys_move_as_dotted_keys() {
    rename(
        "# x\na.x = 1 # c\na.y.z = 0x2\n[t]\nb = 1\n",
        "a",
        "t.new",
        "[t]\nb = 1\n# x\nnew.x = 1 # c\nnew.y.z = 0x2\n",
    );
}

#[test]
fn sections_move_by_their_headers() {
    rename(
        "# m\n[ mqtt ] # c\nhost = 'x'\n\n[other]\n\n[mqtt.tls]\non = true\n[[mqtt.list]]\n",
        "mqtt",
        "broker.mqtt",
        "# m\n[ broker.mqtt ] # c\nhost = 'x'\n\n[other]\n\n[broker.mqtt.tls]\non = true\n[[broker.mqtt.list]]\n",
    );
    rename("['a'.\"b\"]\nx = 1\n", "a.b", "a.c.b", "['a'.c.\"b\"]\nx = 1\n");
    rename(
        "[[zones]]\nx = 1\n[zones.sub]\n",
        "zones",
        "house.zones",
        "[[house.zones]]\nx = 1\n[house.zones.sub]\n",
    );
}

#[test]
fn sections_move_below_an_element_and_out_of_it() {
    rename(
        "[[z]]\nn = 1\n\n[[z]]\nn = 2\n\n# p\n[pump]\nx = 1 # c\n",
        "pump",
        "z[0].pump",
        "[[z]]\nn = 1\n\n# p\n[z.pump]\nx = 1 # c\n\n[[z]]\nn = 2\n",
    );
    rename(
        "[[ z ]] # c\nn = 1\n[z.sub]\n[[z]]\nn = 2\n",
        "z[0]",
        "main",
        "[[z]]\nn = 2\n[ main ] # c\nn = 1\n[main.sub]\n",
    );
    rename("[[z]]\nn = 1\n", "z[0]", "main", "z = []\n\n[main]\nn = 1\n");
}

#[test]
fn moves_into_and_out_of_inline_values_keep_the_comments() {
    rename(
        "t = { a = 1 }\n# c\nb = 0x2 # d\n",
        "b",
        "t.b",
        "# c\n# d\nt = { a = 1, b = 0x2 }\n",
    );
    rename(
        "l = [\n  { a = 'x' }, # c\n  2,\n]\n",
        "l[0]",
        "t",
        "l = [\n  2,\n]\nt = { a = 'x' } # c\n",
    );
    rename("t = { a = 1, b = 0x2 }\n", "t.b", "c", "t = { a = 1 }\nc = 0x2\n");
    rename(
        "t = { a = 1 }\n\n# s\n[s] # t\nx = 1 # u\n",
        "s",
        "t.s",
        "# s\n# t\n# u\nt = { a = 1, s = { x = 1 } }\n",
    );
}

#[test]
fn a_copy_is_spelled_as_what_it_was_copied_from() {
    copy(
        "# c\na = 0x1 # d\n[t]\n",
        "a",
        "t.b",
        "# c\na = 0x1 # d\n[t]\n# c\nb = 0x1 # d\n",
    );
    copy(
        "# s\n[s]\nx = 0x1 # u\n[s.t]\n",
        "s",
        "n.s",
        "# s\n[s]\nx = 0x1 # u\n[s.t]\n# s\n[n.s]\nx = 0x1 # u\n[n.s.t]\n",
    );
    copy("a = 1_0\nb = 2\n", "a", "c", "a = 1_0\nb = 2\nc = 1_0\n");
}

#[test]
fn a_second_edit_of_an_array_finds_what_the_text_says_by_then() {
    let (shorter, longer) = (value("[1]"), value("[1, 5]"));
    for (text, key) in [
        ("a = [1 # x\n, 2]\n", "a"),
        ("t = { a = [1 # x\n, 2] }\n", "t.a"),
        ("[t]\na = [1 # x\n, 2]\n", "t"),
        ("t.a = [1 # x\n, 2]\n", "t"),
    ] {
        let of = |array: &Value| match key {
            "t" => Value::Table([("a".to_owned(), array.clone())].into_iter().collect()),
            _ => array.clone(),
        };
        let document = Document::parse(text).unwrap();
        let chained = document.set(&path(key), &of(&shorter)).unwrap();
        let chained = chained.set(&path(key), &of(&longer)).unwrap();
        let together = rewritten(text, |rewrite| {
            rewrite.set(&path(key), &of(&shorter))?;
            rewrite.set(&path(key), &of(&longer))
        });
        assert_eq!(together, chained.text());
    }
}

#[track_caller]
fn wrapped_and_unwrapped(single: &str, key: &str, array: &str) {
    assert_eq!(rewritten(single, |rewrite| rewrite.wrap(&path(key))), array);
    assert_eq!(rewritten(array, |rewrite| rewrite.unwrap_item(&path(key))), single);
}

#[test]
fn a_value_becomes_an_array_of_it_with_its_comments_and_spelling_and_back() {
    wrapped_and_unwrapped("# a\na = 0x1 # x\nb = 2\n", "a", "# a\na = [0x1] # x\nb = 2\n");
    wrapped_and_unwrapped("a = '''\nx'''\r\n", "a", "a = ['''\nx''']\r\n");
    wrapped_and_unwrapped("t = { a = 1, b = 2 }", "t.b", "t = { a = 1, b = [2] }");
    wrapped_and_unwrapped("a = [\n  1, # x\n]\n", "a[0]", "a = [\n  [1], # x\n]\n");
    wrapped_and_unwrapped("a = [ 1, 2 ]\n", "a", "a = [[ 1, 2 ]]\n");
    wrapped_and_unwrapped(
        "# z\n  [ zone ] # x\nname = 'a' # n\n\n[other]\n[zone.sub]\n",
        "zone",
        "# z\n  [[ zone ]] # x\nname = 'a' # n\n\n[other]\n[zone.sub]\n",
    );
    wrapped_and_unwrapped(
        "[[house]]\n[house.\"a]b\"]\n[[house]]\n",
        "house[0].\"a]b\"",
        "[[house]]\n[[house.\"a]b\"]]\n[[house]]\n",
    );
}

#[test]
fn what_cannot_stay_as_it_is_spelled_is_spelled_anew_below_its_comments() {
    let wrap = |text: &str, key: &str| rewritten(text, |rewrite| rewrite.wrap(&path(key)));
    assert_eq!(
        wrap("# x\nz.a = 1 # c\n# y\nz.b = 2\nq = 3\n", "z"),
        "# x\n# c\n# y\nz = [{ a = 1, b = 2 }]\nq = 3\n"
    );
    assert_eq!(
        wrap("[[z]] # one\na = 1\n\n# b\n[[z]]\n", "z"),
        "# one\n# b\nz = [[{ a = 1 }, {}]]\n"
    );
    assert_eq!(wrap("# s\n[z.sub]\na = 1\n", "z"), "[[z]]\n# s\n[z.sub]\na = 1\n");
    let unwrapped = rewritten("a = [ # one\n  # two\n  1, # three\n]\n", |rewrite| {
        rewrite.unwrap_item(&path("a"))
    });
    assert_eq!(unwrapped, "# one\n# two\n# three\na = 1\n");
}

#[test]
fn only_an_array_of_one_item_can_be_unwrapped() {
    let document = Document::parse("a = 1\nb = []\nc = [1, 2]\n").unwrap();
    let mut rewrite = document.rewrite();
    let key = path("a");
    assert_eq!(
        rewrite.unwrap_item(&key),
        Err(EditError::NotAnArray { key, kind: "integer" })
    );
    for (name, count) in [("b", 0), ("c", 2)] {
        let key = path(name);
        assert_eq!(rewrite.unwrap_item(&key), Err(EditError::NotOne { key, count }));
    }
    assert_eq!(rewrite.wrap(&path("x")), Err(EditError::NotSet { key: path("x") }));
    assert_eq!(rewrite.wrap(&KeyPath::root()), Err(EditError::Root));
    assert_eq!(rewrite.finish().unwrap().text(), document.text());
}

#[test]
fn line_ends_marks_and_an_open_last_line_stay() {
    rename(
        "\u{feff}a = 1\r\n# c\r\nb = 2 # d\r\n[t]\r\nx = 1",
        "b",
        "t.b",
        "\u{feff}a = 1\r\n[t]\r\nx = 1\r\n# c\r\nb = 2 # d",
    );
    rename("[t]\nx = 1\n[u]\ny = 2", "u", "t.u", "[t]\nx = 1\n[t.u]\ny = 2");
    rename(
        "[[t]]\nx = 1\n[u]\ny = 2",
        "u",
        "t[0].u",
        "[[t]]\nx = 1\n[t.u]\ny = 2\n",
    );
}

#[test]
fn quotes_stay_where_both_names_can_have_them_and_go_with_the_name_that_needed_them() {
    rename("\"a\" = 1\n'b' = 2\n", "a", "c", "\"c\" = 1\n'b' = 2\n");
    rename("'b' = 2\n", "b", "\"it's\"", "\"it's\" = 2\n");
    rename("a = 2\n", "a", "\"n w\"", "\"n w\" = 2\n");
    rename("\"n w\" = 2\n", "\"n w\"", "a", "a = 2\n");
}

#[test]
fn unset_takes_the_comment_block_of_the_entry_along() {
    let text = rewritten("a = 1\n# far\n\n# near\nb = 2 # beside\n# c\nc = 3\n", |rewrite| {
        rewrite.unset(&path("b"))
    });
    assert_eq!(text, "a = 1\n# far\n\n# c\nc = 3\n");
}

#[test]
fn tables_that_only_an_entry_made_go_with_it_and_headers_stay() {
    let document = Document::parse("a.b = 1\n[t]\nx = 1\n[u.v]\n").unwrap();
    let mut rewrite = document.rewrite();
    for key in ["a.b", "t.x", "u.v"] {
        rewrite.unset(&path(key)).unwrap();
    }
    assert_eq!(rewrite.get(&path("a")), None);
    assert_eq!(rewrite.get(&path("t")), Some(&value("{}")));
    assert_eq!(rewrite.get(&path("u")), None);
    assert_eq!(rewrite.finish().unwrap().text(), "[t]\n");
}

#[test]
fn what_cannot_be_done_says_why_and_changes_nothing() {
    let document = Document::parse("a = 1\nt = { x = 1 }\nl = [1]\n").unwrap();
    let mut rewrite = document.rewrite();
    let key = |key: &str| path(key);
    let mut refused = |from: &str, to: &str| rewrite.rename(&path(from), &path(to)).unwrap_err();
    assert_eq!(refused("no", "b"), EditError::NotSet { key: key("no") });
    assert_eq!(refused("a", "t.x"), EditError::Taken { key: key("t.x") });
    assert_eq!(refused("a", "a"), EditError::Taken { key: key("a") });
    assert_eq!(refused("t", "t.y.t"), EditError::Inside { key: key("t.y.t") });
    let in_the_way = EditError::NotATable {
        key: key("a"),
        kind: "integer",
    };
    assert_eq!(refused("t", "a.b"), in_the_way);
    assert!(matches!(refused("a", "l[1]"), EditError::BeyondEnd { count: 1, .. }));
    assert_eq!(rewrite.rename(&KeyPath::root(), &key("b")), Err(EditError::Root));
    assert_eq!(rewrite.unset(&KeyPath::root()), Err(EditError::Root));
    assert_eq!(rewrite.set(&KeyPath::root(), &value("1")), Err(EditError::Root));
    assert_eq!(rewrite.finish().unwrap().text(), document.text());
}

#[test]
fn too_deep_nesting_is_an_error_of_the_end() {
    let document = Document::parse("a = []\n").unwrap();
    let mut rewrite = document.rewrite();
    let deep = (0..100).fold(value("1"), |inner, _| Value::Array(vec![inner]));
    rewrite.set(&path("a"), &deep).unwrap();
    assert_eq!(rewrite.finish().unwrap_err(), EditError::TooDeep { key: path("a") });
}

#[test]
fn an_outcome_that_does_not_say_what_it_should_is_refused_with_its_key() {
    let document = Document::parse("a = 1\n[t]\nb = 2\n").unwrap();
    let mut rewrite = document.rewrite();
    rewrite.layout.sections[1].entries.clear();
    let error = rewrite.finish().unwrap_err();
    assert!(
        matches!(error, EditError::Bug { ref key, .. } if *key == path("t")),
        "{error}"
    );
}
