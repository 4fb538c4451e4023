//! Tests of transplanting: texts before and after.

use super::Document;
use crate::document::KeyPath;

#[track_caller]
fn transplant(here: &str, from: &str, path: &str, expected: &str) {
    let path = if path.is_empty() {
        KeyPath::root()
    } else {
        path.parse().unwrap()
    };
    let (here, from) = (Document::parse(here).unwrap(), Document::parse(from).unwrap());
    assert_eq!(here.transplant(&from, &path).unwrap().text(), expected);
}

#[test]
fn a_value_comes_with_its_spelling_and_leaves_the_comments_here() {
    transplant("a = 1 # here\n", "a = 0x2 # there\n", "a", "a = 0x2 # here\n");
    transplant("a = 2\n", "a = 0x2\n", "a", "a = 0x2\n");
    transplant(
        "t = { a = 1, b = 2 }\n",
        "[t]\na = 'x'\n",
        "t.a",
        "t = { a = 'x', b = 2 }\n",
    );
    transplant("[t]\na = 1\n", "t.a = [\n 1,\n]\n", "t.a", "[t]\na = [\n 1,\n]\n");
    transplant("[[z]]\na = 1\n", "z = [{ a = 0b1 }]\n", "z[0].a", "[[z]]\na = 0b1\n");
}

#[test]
fn a_new_key_comes_with_its_comments_behind_the_sibling_it_follows() {
    let from = "a = 1\n\n# about b\n  b = 'x'   # beside\n# about c\nc = 3\n";
    transplant(
        "a = 1\nz = 9\n",
        from,
        "b",
        "a = 1\n\n# about b\n  b = 'x'   # beside\nz = 9\n",
    );
    transplant(
        "c = 3\nz = 9\n",
        from,
        "b",
        "\n# about b\n  b = 'x'   # beside\nc = 3\nz = 9\n",
    );
    transplant("z = 9\n", from, "c", "z = 9\n# about c\nc = 3\n");
    transplant("a = 1\r\n", from, "c", "a = 1\r\n# about c\r\nc = 3\r\n");
    transplant(
        "#:schema x\nc = 3\n",
        from,
        "b",
        "#:schema x\n\n# about b\n  b = 'x'   # beside\nc = 3\n",
    );
    transplant("a = 1", from, "c", "a = 1\n# about c\nc = 3");
}

#[test]
fn what_unset_took_out_comes_back_to_the_byte() {
    let text = "#:schema x\n# about a\na = 1\n\n# about b\nb = 2 # c\n\nd.e = 1\nd.f = [\n 1, # x\n]\n\n# about t\n[t]\nx = 1\n# y\ny = 2\n[t.u]\n\n[[z]]\na = 1\n\n# second\n[[z]]\na = 2\n\n[last]\nk = 1\n";
    let document = Document::parse(text).unwrap();
    for key in [
        "a", "b", "d.e", "d.f", "d", "t.x", "t.y", "t.u", "t", "z[1].a", "z[1]", "z", "last.k", "last",
    ] {
        let key: KeyPath = key.parse().unwrap();
        let without = document.unset(&key).unwrap();
        assert!(!without.contains(&key));
        assert_eq!(without.transplant(&document, &key).unwrap().text(), text, "{key}");
    }
}

#[test]
fn what_is_not_there_is_taken_out_here() {
    transplant("a = 1\nb = 2\n", "a = 1\n", "b", "a = 1\n");
    transplant("a = 1\n", "", "b", "a = 1\n");
    transplant("z = [1, 2]\n", "z = [1]\n", "z[1]", "z = [1]\n");
}

#[test]
fn tables_and_arrays_of_tables_come_whole() {
    let from = "x = 1\n\n# about t\n[t]\n# a\na = 0x1\n\n[t.u]\nb = 1\n\n[[z]]\na = 1\n[z.s]\n\n[[z]]\na = 2\n";
    transplant(
        "x = 1\n",
        from,
        "t",
        "x = 1\n\n# about t\n[t]\n# a\na = 0x1\n\n[t.u]\nb = 1\n",
    );
    transplant("x = 1\n", from, "t.u", "x = 1\n\n[t.u]\nb = 1\n");
    transplant("t = { c = 1 }\n", from, "t", "t = { a = 0x1, u = { b = 1 } }\n");
    transplant("t.c = 1\n", from, "t", "# a\nt.a = 0x1\nt.u = { b = 1 }\n");
    transplant("x = 1\n", from, "z", "x = 1\n\n[[z]]\na = 1\n[z.s]\n\n[[z]]\na = 2\n");
    transplant(
        "[[z]]\na = 1\n[z.s]\n",
        from,
        "z[1]",
        "[[z]]\na = 1\n[z.s]\n\n[[z]]\na = 2\n",
    );
    transplant(
        "[[z]]\na = 1\n[z.s]\n\n[y]\n",
        from,
        "z",
        "[[z]]\na = 1\n[z.s]\n\n[[z]]\na = 2\n\n[y]\n",
    );
    transplant("z = 1\n", from, "z", "[[z]]\na = 1\n[z.s]\n\n[[z]]\na = 2\n");
    transplant("[t]\na = 1\n", "t = 5 # five\n", "t", "t = 5 # five\n");
    transplant("b = 1\n", "a.b = 1\na.c = 0x2\n", "a", "b = 1\na.b = 1\na.c = 0x2\n");
    transplant("b = 1\n", "a = 1\n[t]\n", "", "a = 1\n[t]\n");
}

#[test]
fn sections_of_an_element_stay_with_it() {
    transplant(
        "[[z]]\na = 1\n\n[[z]]\na = 2\n",
        "[[z]]\na = 1\n[z.s]\nb = 1\n\n[[z]]\na = 2\n",
        "z[0].s",
        "[[z]]\na = 1\n[z.s]\nb = 1\n\n[[z]]\na = 2\n",
    );
}

#[test]
fn what_is_restored_gets_its_comments_back_and_keeps_those_of_today_where_it_had_none() {
    let restore = |here: &str, from: &str, path: &str| {
        let (here, from) = (Document::parse(here).unwrap(), Document::parse(from).unwrap());
        here.restore(&from, &path.parse().unwrap()).unwrap().text().to_owned()
    };
    let from = "#:schema old\n# then\na = 1   # bar\nb = 2\n[t]\n# in t\nx = 1\n";
    assert_eq!(
        restore("#:schema x\r\n\r\n# today\r\na = 5 # psi\r\n", from, "a"),
        "#:schema x\r\n\r\n# then\r\na = 1   # bar\r\n"
    );
    assert_eq!(restore("a = 5", from, "a"), "# then\na = 1   # bar");
    assert_eq!(
        restore("# today\nb = 5 # today\n", from, "b"),
        "# today\nb = 2 # today\n"
    );
    assert_eq!(
        restore("[t]\nx = 2 # today\n", from, "t.x"),
        "[t]\n# in t\nx = 1 # today\n"
    );
    assert_eq!(
        restore("t = { x = 2 } # today\n", from, "t.x"),
        "t = { x = 1 } # today\n"
    );
    assert_eq!(restore("a = 1\n", "", "a"), "");
}
