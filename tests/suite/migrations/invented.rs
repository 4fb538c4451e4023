//! Documents and migrations that nobody wrote: every form that TOML has, and every step there is.

use std::fmt::Write as _;

use valvecfg::document::{Document, KeyPath, Segment, Value};
use valvecfg::migration::Migration;

use super::random::Random;

const NAMES: [&str; 10] = [
    "a", "b", "c", "mode", "host", "flow", "'e f'", "\"é\"", "interval", "legacy",
];

/// How scalars are spelled.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Spelling {
    /// As valvecfg writes them.
    Plain,
    /// As people do, too.
    Any,
}

const PLAIN: [&str; 10] = [
    "1",
    "30",
    "-5",
    "2.5",
    "\"auto\"",
    "\"off\"",
    "\"x:y\"",
    "true",
    "\"60 %\"",
    "\"1h30m\"",
];
const MORE: [&str; 10] = [
    "0x1e",
    "1_000",
    "'lit'",
    "+7",
    "1e3",
    "1979-05-27",
    "'''\nm\nl'''",
    "'x:y'",
    "\"\\u0041\"",
    "{ x = 1, y = 'z' }",
];

pub(super) fn document(random: &mut Random, spelling: Spelling) -> Document {
    let mut text = String::new();
    if random.once_in(4) {
        text.push_str("# head\n\n");
    }
    table(random, spelling, "", 0, &mut text);
    if random.once_in(3) {
        text.push_str("\n# end\n");
    }
    if random.once_in(6) {
        text = text.replace('\n', "\r\n");
    }
    Document::parse(text.clone()).unwrap_or_else(|errors| panic!("{errors:?}\n{text}"))
}

fn names(random: &mut Random, most: usize) -> Vec<&'static str> {
    let mut names: Vec<&str> = (0..random.below(most + 1)).map(|_| random.choose(&NAMES)).collect();
    names.sort_unstable();
    names.dedup();
    names
}

fn above(random: &mut Random, text: &mut String) {
    text.push_str(random.choose(&["", "", "", "\n", "# c\n", "\n# c\n# d\n", "  # indented\n"]));
}

fn beside(random: &mut Random) -> &'static str {
    random.choose(&["", "", " # beside", "  #x"])
}

fn scalar(random: &mut Random, spelling: Spelling) -> &'static str {
    if spelling == Spelling::Any && random.once_in(2) {
        random.choose(&MORE)
    } else {
        random.choose(&PLAIN)
    }
}

fn value(random: &mut Random, spelling: Spelling, depth: usize) -> String {
    let choice = if depth > 1 { 0 } else { random.below(8) };
    match choice {
        6 => {
            let items: Vec<String> = (0..random.below(3))
                .map(|_| value(random, spelling, depth + 1))
                .collect();
            if random.once_in(3) && !items.is_empty() {
                format!("[\n  {}, # item\n]", items.join(",\n  # about\n  "))
            } else {
                format!("[{}]", items.join(", "))
            }
        }
        7 => {
            let keys: Vec<String> = names(random, 3)
                .into_iter()
                .map(|name| format!("{name} = {}", value(random, spelling, depth + 1)))
                .collect();
            if keys.is_empty() {
                "{}".to_owned()
            } else {
                format!("{{ {} }}", keys.join(", "))
            }
        }
        _ => scalar(random, spelling).to_owned(),
    }
}

fn table(random: &mut Random, spelling: Spelling, path: &str, depth: usize, text: &mut String) {
    let names = names(random, if depth == 0 { 7 } else { 4 });
    let (mut entries, mut sections) = (Vec::new(), Vec::new());
    for name in names {
        if depth < 2 && random.once_in(3) {
            sections.push(name);
        } else {
            entries.push(name);
        }
    }
    for name in entries {
        above(random, text);
        if random.once_in(8) {
            for inner in ["x", "y"] {
                let value = value(random, spelling, 1);
                writeln!(text, "{name}.{inner} = {value}{}", beside(random)).unwrap();
            }
            continue;
        }
        let value = value(random, spelling, 0);
        let equals = if random.once_in(5) { "=" } else { " = " };
        writeln!(text, "{name}{equals}{value}{}", beside(random)).unwrap();
    }
    for name in sections {
        let path = if path.is_empty() {
            name.to_owned()
        } else {
            format!("{path}.{name}")
        };
        let count = if random.once_in(2) { random.below(3) + 1 } else { 0 };
        for _ in 0..count.max(1) {
            above(random, text);
            let (open, close) = if count > 0 { ("[[", "]]") } else { ("[", "]") };
            writeln!(text, "{open}{path}{close}{}", beside(random)).unwrap();
            table(random, spelling, &path, depth + 1, text);
        }
    }
}

/// Every place of a document but the document itself.
fn places(document: &Document) -> Vec<(KeyPath, Value)> {
    fn walk(path: &KeyPath, value: &Value, found: &mut Vec<(KeyPath, Value)>) {
        if !path.is_empty() {
            found.push((path.clone(), value.clone()));
        }
        if let Value::Table(table) = value {
            table.iter().for_each(|(key, inner)| walk(&path.key(key), inner, found));
        } else if let Value::Array(items) = value {
            for (index, inner) in items.iter().enumerate() {
                walk(&path.index(index), inner, found);
            }
        }
    }
    let mut found = Vec::new();
    let root = KeyPath::root();
    walk(&root, &document.get(&root).unwrap(), &mut found);
    found
}

/// The key with some of its items, or all, as wildcards.
fn pattern(random: &mut Random, path: &KeyPath) -> String {
    let mut text = path.to_string();
    if random.once_in(2) {
        for index in 0..4 {
            text = text.replace(&format!("[{index}]"), "[*]");
        }
    }
    text
}

fn quoted(text: &str) -> String {
    Value::String(text.to_owned()).to_string()
}

/// A step about something in a document. `elsewhere` allows ones that take it to another table.
fn step(random: &mut Random, document: &Document, elsewhere: bool) -> Option<String> {
    let places = places(document);
    if places.is_empty() {
        return None;
    }
    let (path, value) = random.choose(&places);
    let key = pattern(random, &path);
    let (table, last) = path.split_last()?;
    if matches!(last, Segment::Index(_)) {
        return None;
    }
    let name = format!("n{}", random.below(1000));
    let holder = pattern(random, &table);
    let wild = |text: &str| text.matches("[*]").count();
    let holder = if wild(&holder) == wild(&key) {
        holder
    } else {
        table.to_string()
    };
    let beside = if holder.is_empty() {
        name.clone()
    } else {
        format!("{holder}.{name}")
    };
    let (from, other) = (quoted(&key), quoted(&beside));
    let far = quoted(&format!("far.{name}"));
    let mut step = match random.below(16) {
        0 | 1 => format!("rename = {from}\nto = {other}"),
        2 if elsewhere => format!("move = {from}\nto = {far}"),
        3 => format!("copy = {from}\nto = {other}"),
        4 => format!("remove = {from}"),
        5 => format!("set = {from}\nvalue = 7"),
        6 => format!(
            "default = {other}\nvalue = {}",
            random.choose(&["2.5", "'auto'", "[1]"])
        ),
        7 => match value {
            Value::Integer(_) => format!("convert = {from}\nto = \"string\"\nsuffix = \"s\""),
            Value::String(_) => format!("convert = {from}\nto = \"integer\"\nsuffix = \" %\""),
            Value::Float(_) | Value::Boolean(_) | Value::Datetime(_) | Value::Array(_) | Value::Table(_) => {
                format!("convert = {from}\nto = \"array\"")
            }
        },
        8 => format!(
            "convert = {from}\nto = {}",
            random.choose(&["'array'", "'duration'", "'seconds'", "'boolean'"])
        ),
        9 => format!("map = {from}\nvalues = {{ auto = 'automatic', 1 = 'one', off = 'none', true = 'yes' }}"),
        10 => format!(
            "scale = {from}\nfactor = {}",
            random.choose(&["10", "0.1", "60\noffset = 5", "0.5\nround = 0"])
        ),
        11 => format!("clamp = {from}\nmaximum = 20\nminimum = 0"),
        12 => format!("split = {from}\ninto = [{from}, {other}]\nseparator = \":\""),
        13 => format!("join = [{from}, {from}]\nto = {other}\nseparator = \":\"").replacen(&from, &from, 1),
        14 => format!("wrap = {from}\nto = {other}"),
        _ => format!("unwrap = {from}"),
    };
    if random.once_in(3) {
        let (about, value) = random.choose(&places);
        let simple = value.as_table().is_none() && value.as_array().is_none();
        let condition = match random.below(3) {
            0 if simple => format!("is = {value}"),
            1 if simple => format!("is-not = {value}"),
            _ => "set = true".to_owned(),
        };
        write!(step, "\nwhen = {{ key = {}, {condition} }}", quoted(&about.to_string())).unwrap();
    }
    Some(step)
}

/// A migration of a few steps that can be done to a document, as text.
pub(super) fn migration(random: &mut Random, document: &Document, elsewhere: bool) -> String {
    let mut text = "from = 1\nto = 2\n".to_owned();
    let mut reached = document.clone();
    let wanted = random.below(4) + 1;
    let mut done = 0;
    for _ in 0..40 {
        let Some(step) = step(random, &reached, elsewhere) else {
            continue;
        };
        let longer = format!("{text}\n[[step]]\n{step}\n");
        let Ok(migration) = Migration::parse(&longer) else {
            continue;
        };
        match migration.apply(document, &mut |_, _, _| Err("no programs here".to_owned())) {
            Ok(migrated) => {
                (text, reached) = (longer, migrated.document);
                done += 1;
            }
            // A slip of the engine itself is never fine.
            Err(error) => assert!(
                !error.reason.contains("went wrong"),
                "{error}\n{longer}\n{}",
                document.text()
            ),
        }
        if done == wanted {
            break;
        }
    }
    text
}
