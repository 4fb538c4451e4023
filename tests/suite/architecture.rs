//! The rules of the house, held by reading the source: which module may use which, how large a file may grow,
//! what it opens with, what it may not say.

mod rule;
mod token;

use std::fs;
use std::path::Path;

use rule::{Source, breaches};

/// Every file below a folder, with its path from the crate's root.
fn sources(folder: &Path, root: &Path, found: &mut Vec<Source>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, root, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = String::from_utf8(fs::read(&path).unwrap()).unwrap();
            let path = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
            found.push(Source { path, text });
        }
    }
}

#[test]
fn the_source_keeps_the_rules_of_the_house() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    sources(&root.join("src"), root, &mut found);
    found.sort_by(|a, b| a.path.cmp(&b.path));
    assert!(
        found.len() > 10,
        "only {} files were found below {}",
        found.len(),
        root.display()
    );
    let breaches = breaches(&found);
    assert!(breaches.is_empty(), "\n{}\n", breaches.join("\n"));
}

/// What the rules find in a house of three groups and some files more.
#[track_caller]
fn check(files: &[(&str, &str)], expected: &[&str]) {
    let map = "//! Map.\n// -- 1 Values\npub mod document;\nmod files;\n// -- 2 Parts\npub mod schema;\n// -- 3 Verbs\npub mod store;\n";
    let mut sources = vec![Source {
        path: "src/lib.rs".to_owned(),
        text: map.to_owned(),
    }];
    sources.extend(files.iter().map(|(path, text)| Source {
        path: (*path).to_owned(),
        text: (*text).to_owned(),
    }));
    assert_eq!(breaches(&sources), expected);
}

#[test]
fn a_module_uses_only_groups_above_its_own() {
    check(
        &[
            (
                "src/store/mod.rs",
                "//! S.\nuse crate::document::Document;\nuse crate::{files, schema::{Schema, Code}};\n",
            ),
            (
                "src/schema/mod.rs",
                "//! S.\nuse crate::schema::Code;\npub(crate) fn f() { crate::files::read() }\n",
            ),
            (
                "src/schema/code.rs",
                "//! C.\nuse super::Code;\nmod tests { use super::super::Code; }\n",
            ),
        ],
        &[],
    );
    check(
        &[("src/document/mod.rs", "//! D.\nfn f() {\n    crate::store::open()\n}\n")],
        &["src/document/mod.rs:3: `document` (group 1) uses `store` (group 3)"],
    );
    check(
        &[(
            "src/document/key.rs",
            "//! K.\nuse crate::{\n    document::{self, Key},\n    schema,\n};\n",
        )],
        &["src/document/key.rs:4: `document` (group 1) uses `schema` (group 2)"],
    );
    check(
        &[("src/schema/code.rs", "//! C.\nuse super::super::store::Store;\n")],
        &["src/schema/code.rs:2: `schema` (group 2) uses `store` (group 3)"],
    );
    check(
        &[(
            "src/files.rs",
            "//! F.\nmod inner {\n    use super::super::schema;\n}\nuse super::{store};\n",
        )],
        &[
            "src/files.rs:3: `files` (group 1) uses `schema` (group 2)",
            "src/files.rs:5: `files` (group 1) uses `store` (group 3)",
        ],
    );
    check(
        &[(
            "src/schema/code.rs",
            "//! C.\n#[cfg(test)]\nmod tests {\n    use crate::store::Store;\n}\n",
        )],
        &["src/schema/code.rs:4: `schema` (group 2) uses `store` (group 3)"],
    );
}

#[test]
fn two_modules_of_a_group_never_use_each_other() {
    check(
        &[("src/document/mod.rs", "//! D.\nuse crate::files;\n")],
        &["src/document/mod.rs:2: `document` uses `files`, which stands in the same group (1)"],
    );
}

#[test]
fn the_root_is_never_used_as_a_way_round() {
    check(
        &[("src/document/mod.rs", "//! D.\nuse crate::*;\nuse crate::Store;\n")],
        &[
            "src/document/mod.rs:2: `document` uses `*` of the crate's root, which is no module of src/lib.rs",
            "src/document/mod.rs:3: `document` uses `Store` of the crate's root, which is no module of src/lib.rs",
        ],
    );
    check(
        &[("src/stray.rs", "//! S.\n")],
        &["src/stray.rs: `stray` stands in no group of src/lib.rs"],
    );
}

#[test]
fn a_name_that_says_nothing_is_refused() {
    check(
        &[
            ("src/store/util.rs", "//! U.\nmod helper {}\n"),
            ("src/store/misc/mod.rs", "//! M.\n"),
        ],
        &[
            "src/store/util.rs: `util` says nothing about what the module is",
            "src/store/util.rs:2: `helper` says nothing about what the module is",
            "src/store/misc/mod.rs: `misc` says nothing about what the module is",
        ],
    );
}

#[test]
fn only_main_ends_the_process() {
    check(&[("src/main.rs", "//! M.\nfn main() { std::process::exit(1) }\n")], &[]);
    check(
        &[("src/store/mod.rs", "//! S.\nfn f() { std::process::exit(1) }\n")],
        &["src/store/mod.rs:2: only src/main.rs may end the process"],
    );
}

#[test]
fn a_file_is_one_idea() {
    let code = "//! S.\n".to_owned() + &"fn f() {}\n".repeat(449);
    let tests = format!("#[cfg(test)]\nmod tests {{\n{}}}\n", "    fn f() {}\n".repeat(500));
    check(&[("src/store/mod.rs", &(code.clone() + &tests))], &[]);
    check(
        &[("src/store/mod.rs", &(code + "fn f() {}\n" + &tests))],
        &["src/store/mod.rs: 451 lines without tests; at most 450 make one idea"],
    );
    let long = "//! T.\n".to_owned() + &"fn f() {}\n".repeat(500);
    check(
        &[
            ("src/store/mod.rs", "//! S.\n#[cfg(test)]\nmod tests;\n"),
            ("src/store/tests.rs", &long),
        ],
        &[],
    );
}

#[test]
fn a_module_opens_with_what_it_is() {
    check(
        &[
            ("src/store/mod.rs", "use std::fs;\n//! Late.\n"),
            ("src/files.rs", "#![cfg(unix)]\n\n//! F.\n"),
        ],
        &["src/store/mod.rs: opens without `//!`"],
    );
}

#[test]
fn what_may_panic_says_why_it_cannot() {
    check(
        &[(
            "src/store/mod.rs",
            "//! S.\nfn f() {\n    a().unwrap(); // a is never empty\n\n    // One was pushed above.\n    let b = b\n        .c()\n        .expect(\"one\");\n}\n\
             /// `x.unwrap()`\n#[expect(unused, reason = \"r\")]\nfn g() { \".unwrap()\"; }\n#[cfg(test)]\nfn t() { a().unwrap() }\n",
        )],
        &[],
    );
    check(
        &[(
            "src/store/mod.rs",
            "//! S.\nfn f() {\n    // Said of the line below alone.\n    a();\n    b().unwrap();\n    c\n        .expect_err(\"d\");\n}\n/// No reason.\nfn g() { a().unwrap() }\n",
        )],
        &[
            "src/store/mod.rs:5: `unwrap` without the reason that it cannot fail beside it",
            "src/store/mod.rs:7: `expect_err` without the reason that it cannot fail beside it",
            "src/store/mod.rs:10: `unwrap` without the reason that it cannot fail beside it",
        ],
    );
}
