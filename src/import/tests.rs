//! Each format with what is usual in it, and with what goes wrong.

use std::fmt::Write as _;

use super::{Format, Given, ImportError, Source, read_bytes};

fn read(format: Format, text: &str) -> Result<Source, String> {
    read_bytes("f", format, text.as_bytes().to_vec()).map_err(|error| error.to_string())
}

/// `KEY@LINE what was given`, a line for each.
#[track_caller]
fn told(format: Format, text: &str) -> String {
    let source = read(format, text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    let lines = source
        .found
        .into_iter()
        .map(|found| format!("{}@{} {}\n", found.key, found.place.number(), in_words(&found.given)));
    lines.collect()
}

fn in_words(given: &Given) -> String {
    match given {
        Given::Null => "null".to_owned(),
        Given::Text(text) => format!("text {text:?}"),
        Given::String(text) => format!("{text:?}"),
        Given::Scalar(value, spelled) if *spelled == value.to_string() => spelled.clone(),
        Given::Scalar(value, spelled) => format!("{value} from {spelled}"),
        Given::Array(items) => format!("[{}]", items.iter().map(in_words).collect::<Vec<_>>().join(", ")),
        Given::EmptyTable => "{}".to_owned(),
        Given::Unholdable(what) => what.found.to_owned(),
    }
}

#[track_caller]
fn wrong(format: Format, text: &str, expected: &str) {
    match read(format, text) {
        Ok(source) => panic!("it was read: {source:?}"),
        Err(error) => assert_eq!(error, expected, "{text}"),
    }
}

#[test]
fn json_is_read_with_the_place_of_each_value() {
    let text = "\u{feff}{\r\n \"threshold\": 60,\r\n \"mqtt\": {\"host\": \"a\\nb\", \"tls\": true, \"user\": null},\n \
                \"loops\": [1, 2.50, \"x\"], \"zones\": [{\"flow\": 1e2}, {}],\n \"none\": {}, \"all\": [],\n\
                \"large\": 9223372036854775808, \"items\": [1, null]}";
    let expected = "threshold@2 60\nmqtt.host@3 \"a\\nb\"\nmqtt.tls@3 true\nmqtt.user@3 null\n\
                    loops@4 [1, 2.5 from 2.50, \"x\"]\nzones[0].flow@4 100.0 from 1e2\nzones[1]@4 {}\nnone@5 {}\nall@5 []\n\
                    large@6 a whole number beyond 64 bits\nitems@6 [1, null in an array]\n";
    assert_eq!(told(Format::Json, text), expected);
}

#[test]
fn json_that_is_none_is_refused_with_its_place() {
    wrong(
        Format::Json,
        "{\"a\": 1,\n \"a\": 2}",
        "f:2:2: `a` stands twice; it stands in line 1 already",
    );
    wrong(
        Format::Json,
        "{\"a\": {\"b\": 1, \"c\": 2,\n \"b\": 3}}",
        "f:2:2: `a.b` stands twice; it stands in line 1 already",
    );
    wrong(Format::Json, "[1]", "f:1:1: an object of settings must stand here");
    wrong(Format::Json, "{\"a\": 1,}", "f:1:9: key must be a string");
    wrong(Format::Json, "{\n// why\n\"a\": 1}", "f:2:1: key must be a string");
    wrong(Format::Json, "", "f:1:1: EOF while parsing a value");
    wrong(
        Format::Json,
        &format!("{}1{}", "{\"a\":".repeat(100), "}".repeat(100)),
        "f:1:406: this is more than 80 levels deep",
    );
    wrong(
        Format::Json,
        &format!("{{\"a\": {}{}}}", "[".repeat(5000), "]".repeat(5000)),
        "f:1:87: this is more than 80 levels deep",
    );
}

#[test]
fn yaml_is_read_by_its_core_schema() {
    let text = "\u{feff}# settings\r\nthreshold: 60   # percent\r\nmode: auto\r\nmqtt:\r\n  host: \"broker\"\r\n  tls: yes\r\n  \
                user: ~\r\n  password:\r\nversion: 1.10\nratio: .5\nhex: 0x1F\noctal: 0o17\nold: 012\ndate: 2026-01-02\n\
                text: |\n  two\n  lines\nloops: [1, '2', true]\nzones:\n- name: a\n- {name: b, flow: 2.5}\n1: one\n\
                colour: !colour red\nnumber: !!str 60\nlarge: 123456789012345678901\nnothing: {}\nlow: -.inf\n";
    let expected = "threshold@2 60\nmode@3 \"auto\"\nmqtt.host@5 \"broker\"\nmqtt.tls@6 \"yes\"\nmqtt.user@7 null\n\
                    mqtt.password@8 null\nversion@9 1.1 from 1.10\nratio@10 0.5 from .5\nhex@11 31 from 0x1F\n\
                    octal@12 15 from 0o17\nold@13 \"012\"\ndate@14 \"2026-01-02\"\ntext@15 \"two\\nlines\\n\"\n\
                    loops@18 [1, \"2\", true]\nzones[0].name@20 \"a\"\nzones[1].name@21 \"b\"\nzones[1].flow@21 2.5\n\
                    1@22 \"one\"\ncolour@23 a value with a tag of its own program\nnumber@24 \"60\"\n\
                    large@25 a whole number beyond 64 bits\nnothing@26 {}\nlow@27 -inf from -.inf\n";
    assert_eq!(told(Format::Yaml, text), expected);
    assert_eq!(told(Format::Yaml, "# nothing\n"), "");
    assert_eq!(told(Format::Yaml, ""), "");
}

#[test]
fn yaml_aliases_stand_for_what_they_name_up_to_a_limit() {
    let text = "a: &x {host: h, port: 1}\nb: *x\nc: [*x]\n";
    let expected = "a.host@1 \"h\"\na.port@1 1\nb.host@1 \"h\"\nb.port@1 1\nc[0].host@1 \"h\"\nc[0].port@1 1\n";
    assert_eq!(told(Format::Yaml, text), expected);
    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..12 {
        let row = format!("*a{}, ", level - 1).repeat(10);
        writeln!(bomb, "a{level}: &a{level} [{}]", row.trim_end_matches(", ")).unwrap();
    }
    let error = read(Format::Yaml, &bomb).unwrap_err();
    assert!(
        error.ends_with("aliases stand for more than 10000 values here"),
        "{error}"
    );
}

#[test]
fn yaml_that_is_none_or_not_one_mapping_is_refused_with_its_place() {
    wrong(
        Format::Yaml,
        "a: 1\nb: 2\na: 3\n",
        "f:3:1: `a` stands twice; it stands in line 1 already",
    );
    wrong(Format::Yaml, "- a\n", "f:1:1: a mapping of settings must stand here");
    wrong(
        Format::Yaml,
        "a: 1\n---\nb: 2\n",
        "f:2:1: a second document begins here, and settings are one",
    );
    wrong(
        Format::Yaml,
        "a: &a {x: 1}\nb:\n  <<: *a\n",
        "f:3:3: `<<` is no part of YAML 1.2: write the keys out that it stands for",
    );
    wrong(Format::Yaml, "? [a]\n: 1\n", "f:1:3: a key must be a text");
    wrong(
        Format::Yaml,
        "a: &a [*a]\n",
        "f:1:8: this alias names a value that holds it",
    );
    for text in ["a: 'b\n", "a: b: c\n", "a: [1\n", "a: *nowhere\n", "a: \"\\q\"\n"] {
        let error = read(Format::Yaml, text).unwrap_err();
        assert!(error.starts_with("f:"), "{error}");
    }
    let deep = format!("a: {}{}\n", "[".repeat(200), "]".repeat(200));
    assert!(
        read(Format::Yaml, &deep)
            .unwrap_err()
            .ends_with("this is more than 80 levels deep")
    );
    let mut steps = String::new();
    for level in 0..3000 {
        writeln!(steps, "{}a:", " ".repeat(level)).unwrap();
    }
    assert!(
        read(Format::Yaml, &steps)
            .unwrap_err()
            .ends_with("this is more than 80 levels deep")
    );
}

#[test]
fn toml_is_read_with_the_place_of_each_value() {
    let text = "a = 1 # c\nb.c = 'x'\n[t]\nd = 2026-01-02\nlist = [1, 2]\n[[zones]]\nflow = 2.5\n[[zones]]\n[empty]\n";
    let expected =
        "a@1 1\nb.c@2 \"x\"\nt.d@4 2026-01-02\nt.list@5 [1, 2]\nzones[0].flow@7 2.5\nzones[1]@8 {}\nempty@9 {}\n";
    assert_eq!(told(Format::Toml, text), expected);
    wrong(
        Format::Toml,
        "a = 1\na = 2\n",
        "f:2:1: duplicate key; it stands in line 1 already",
    );
}

#[test]
fn ini_sections_are_tables_and_all_is_text() {
    let text = "\u{feff}; settings\r\nthreshold = 60\r\n  mode:auto\r\n\r\n[mqtt]\r\nhost=broker\r\npassword = \"a # b\"\r\n\
                empty =\r\nurl = http://a:1/#x;y\n[mqtt.tls] ; more\nca = 'x'\n# old\n[zone \"north bed\"]\nflow = 2,5\n[mqtt]\n\
                port = 1883\nlast.will = gone\n";
    let expected = "threshold@2 text \"60\"\nmode@3 text \"auto\"\nmqtt.host@6 text \"broker\"\nmqtt.password@7 text \"a # b\"\n\
                    mqtt.empty@8 text \"\"\nmqtt.url@9 text \"http://a:1/#x;y\"\nmqtt.tls.ca@11 text \"x\"\n\
                    zone.\"north bed\".flow@14 text \"2,5\"\nmqtt.port@16 text \"1883\"\nmqtt.last.will@17 text \"gone\"\n";
    assert_eq!(told(Format::Ini, text), expected);
}

#[test]
fn ini_that_programs_read_in_different_ways_is_not_guessed() {
    let text = "a = b # c\nd = b ;c\ne = \"x\ng = \"x\" y\nh = 'it's'\ni = C:\\\nj = a;b\n";
    let cut = "a text that some programs cut at the comment in it";
    let quote = "a text with a quote that some programs take for a part of it";
    let expected = format!(
        "a@1 {cut}\nd@2 {cut}\ne@3 {quote}\ng@4 {quote}\nh@5 {quote}\n\
         i@6 a text that some programs read on in the next line\nj@7 text \"a;b\"\n"
    );
    assert_eq!(told(Format::Ini, text), expected);
    wrong(
        Format::Ini,
        "[a]\nb = 1\n[c]\n[a]\nb = 2\n",
        "f:5:1: `a.b` stands twice; it stands in line 2 already",
    );
    wrong(
        Format::Ini,
        "a = 1\n  and more\n",
        "f:2:3: this line would go on the one before, which not every program reads so: write the value in one line",
    );
    wrong(
        Format::Ini,
        "skip-name-resolve\n",
        "f:1:1: a line must be `name = value`",
    );
    wrong(Format::Ini, "= 1\n", "f:1:1: a name must stand before this");
    wrong(
        Format::Ini,
        "[a\n",
        "f:1:1: a section is written `[name]`, alone in its line",
    );
    wrong(
        Format::Ini,
        "[]\n",
        "f:1:1: a section is written `[name]`, alone in its line",
    );
    wrong(
        Format::Ini,
        "[a] b = 1\n",
        "f:1:1: a section is written `[name]`, alone in its line",
    );
}

#[test]
fn env_files_are_read_as_container_tools_read_them() {
    let text = "\u{feff}# settings\r\nexport VALVE_THRESHOLD=60 # percent\r\n  MODE=auto\r\nEMPTY=\r\nQUOTED=\"a\\n\\\"b\\\" \\$c # d\" # e\n\
                LITERAL='a\\n$b # c'\nSHELL='it'\\''s'\nLINES=\"one\ntwo\"\nHASH=a#b\nPRICE=5$\nURL=http://a:1/?b=c\nname.dotted = x\nexport=1\n";
    let expected = "VALVE_THRESHOLD@2 text \"60\"\nMODE@3 text \"auto\"\nEMPTY@4 text \"\"\nQUOTED@5 text \"a\\n\\\"b\\\" $c # d\"\n\
                    LITERAL@6 text \"a\\\\n$b # c\"\nSHELL@7 text \"it's\"\nLINES@8 text \"one\\ntwo\"\nHASH@10 text \"a#b\"\n\
                    PRICE@11 text \"5$\"\nURL@12 text \"http://a:1/?b=c\"\n\"name.dotted\"@13 text \"x\"\nexport@14 text \"1\"\n";
    assert_eq!(told(Format::Env, text), expected);
}

#[test]
fn env_files_that_would_be_expanded_or_are_none_are_not_guessed() {
    let reference = "a text that takes in another variable";
    let shell = "a text that a shell would read otherwise";
    let text = "A=$HOME/x\nB=\"${C}\"\nD=\"$(date)\"\nE=a\"b\"c\nF=a\\b\n";
    let expected = format!("A@1 {reference}\nB@2 {reference}\nD@3 {reference}\nE@4 {shell}\nF@5 {shell}\n");
    assert_eq!(told(Format::Env, text), expected);
    wrong(
        Format::Env,
        "A=1\nB=2\nA=3\n",
        "f:3:3: `A` stands twice; it stands in line 1 already",
    );
    wrong(Format::Env, "A=1\njust words\n", "f:2:1: a line must be `NAME=value`");
    wrong(Format::Env, "A B=1\n", "f:1:1: a name is of letters, digits and `_`");
    wrong(
        Format::Env,
        "A=1\nB=\"x\ny\n",
        "f:2:1: the quote that begins in this line is never closed",
    );
    wrong(
        Format::Env,
        "A='x' y\n",
        "f:1:1: more stands behind the quote that ends the value",
    );
}

#[test]
fn what_is_no_utf_8_is_refused_with_its_line() {
    let refused = |format, bytes: &[u8]| read_bytes("f", format, bytes.to_vec()).unwrap_err().to_string();
    for format in [Format::Json, Format::Yaml, Format::Toml, Format::Ini, Format::Env] {
        assert_eq!(
            refused(format, b"a = 1\nb = \xe9\n"),
            "f:2:5: this byte does not belong into UTF-8"
        );
        assert_eq!(
            refused(format, b"\xff\xfea\0"),
            "f:1:1: this is UTF-16, and must be UTF-8"
        );
    }
}

#[test]
fn no_error_repeats_what_stands_in_the_file() {
    let canary = "QZcanary";
    for (format, text) in [
        (Format::Json, "{\"a\": \"QZcanary"),
        (Format::Json, "{\"a\": QZcanary}"),
        (Format::Json, "{\"a\": \"QZcanary\\q\"}"),
        (Format::Yaml, "a: 'QZcanary\n"),
        (Format::Yaml, "a: QZcanary: b\n"),
        (Format::Yaml, "a: *QZcanary\n"),
        (Format::Yaml, "a: \"QZcanary\\q\"\n"),
        (Format::Yaml, "a: @QZcanary\n"),
        (Format::Yaml, "a: !QZ!canary x\n"),
        (Format::Toml, "a = QZcanary\n"),
        (Format::Toml, "a = \"QZcanary\n"),
        (Format::Ini, "QZcanary\n"),
        (Format::Env, "A='QZcanary\n"),
        (Format::Env, "QZcanary\n"),
    ] {
        let error = read(format, text).unwrap_err();
        assert!(!error.contains("QZ") && !error.contains(canary), "{text}: {error}");
    }
}

#[test]
fn ten_million_bytes_are_read_with_their_lines() {
    let mut json = String::from("{");
    let mut ini = String::new();
    let filler = "x".repeat(80);
    for number in 0..100_000 {
        write!(json, "\"key{number}\": \"{filler}\",").unwrap();
        writeln!(ini, "key{number} = {filler}").unwrap();
    }
    json.push_str("\"last\": 1}");
    assert!(json.len() > 9_000_000 && ini.len() > 9_000_000);
    let read = |format, text: &str| read(format, text).unwrap().found;
    let found = read(Format::Json, &json);
    assert_eq!(found.len(), 100_001);
    let yaml = read(Format::Yaml, &ini.replace(" = ", ": "));
    assert_eq!(yaml.last().map(|last| last.place.number()), Some(100_000));
    for format in [Format::Ini, Format::Env] {
        let found = read(format, &ini);
        assert_eq!(found.last().map(|last| last.place.number()), Some(100_000));
    }
}

#[test]
fn a_format_is_told_by_the_name_or_not_at_all() {
    let of = |name: &str| Format::of_name(name.as_ref());
    assert_eq!(of("a/settings.JSON"), Some(Format::Json));
    assert_eq!(of("a.yml"), Some(Format::Yaml));
    assert_eq!(of(".env"), Some(Format::Env));
    assert_eq!(of(".env.local"), Some(Format::Env));
    assert_eq!(of("valve.env"), Some(Format::Env));
    assert_eq!(of("a.sqlite3"), Some(Format::Sqlite));
    for unclear in ["a.conf", "a.cfg", "a.db", "settings", "a.json.bak"] {
        assert_eq!(of(unclear), None, "{unclear}");
    }
    let error = read_bytes("f", Format::Sqlite, Vec::new()).unwrap_err();
    assert!(matches!(error, ImportError::Format { .. }));
}
