//! `valvecfg validate`

use snapbox::str;

use super::assert_screen;
use crate::environment::TestEnvironment;

/// Files beside a schema, without a store.
fn files() -> TestEnvironment {
    let environment = TestEnvironment::empty();
    let schema = r#"{"type": "object", "properties": {
        "port": {"type": "integer", "minimum": 1, "maximum": 65535, "description": "Where it listens."},
        "mail": {"type": "string", "format": "email"}
    }, "required": ["port"], "additionalProperties": false}"#;
    environment.beside("s.json", schema);
    environment.beside("good.toml", "#:schema s.json\nport = 80\n");
    environment.beside("bad.toml", "#:schema ./s.json\nport = 0\nprot = 1\n");
    environment.beside("sub/up.toml", "#:schema ../s.json\nport = 80\n");
    environment.beside("plain.toml", "port = 80\n");
    environment.beside("net.toml", "#:schema https://example.org/s.json\nport = 80\n");
    environment.beside("lost.toml", "#:schema lost.json\nport = 80\n");
    environment
}

#[test]
fn a_store_is_checked_whole() {
    let environment = TestEnvironment::gateway();
    let sound = environment.screens(&["validate", "validate --json", "validate --output-format json"]);
    environment.edit("plugins/valve.toml", "threshold = 60", "threshold = 600");
    environment.edit("plugins/heating.toml", "target = 20.5", "tagret = 20.5");
    environment.write("schemas/irrigation/1.schema.json", "{");
    let wrong = environment.screens(&["validate", "validate --output-format concise", "validate --json"]);
    assert_screen!(
        [sound, wrong].join("\n\n"),
        str![[r##"
$ valvecfg validate
no violations, 7 files checked

$ valvecfg validate --json

$ valvecfg validate --output-format json
[]

$ valvecfg validate
error[VC103]: `target` is required
 --> plugins/heating.toml:1:1
  |
1 | #:schema ../schemas/heating/1.schema.json
  | ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ `target` is missing here
  |
  = note: Target temperature: a number, 5 to 28 °C in steps of 0.5, default 20.5 (schemas/heating/1.schema.json#/properties/target)

error[VC104]: `tagret` is not a known key
 --> plugins/heating.toml:5:1
  |
5 | tagret = 20.5
  | ^^^^^^ the schema does not declare it
  |
  = note: known keys: target, setback, frost_guard, away_until, curve, boiler, hot_water, rooms
help: did you mean `target`?

error[VC101]: `threshold` must be at most 100
 --> plugins/valve.toml:7:13
  |
7 | threshold = 600       # percent; raised from 50 after the dry June
  |             ^^^ 600 is out of range
  |
  = note: 0 to 100 percent, default 60 (schemas/valve/1.schema.json#/properties/threshold)
help: did you mean `100`?

error[VC005]: schemas/irrigation/1.schema.json:1:1: not JSON: EOF while parsing an object
 --> schemas/irrigation/1.schema.json:1:1
  |
1 | {
  | ^

4 errors in 3 files, 6 files checked
[exit 1]

$ valvecfg validate --output-format concise
plugins/heating.toml:1:1: error[VC103] `target` is required
plugins/heating.toml:5:1: error[VC104] `tagret` is not a known key
plugins/valve.toml:7:13: error[VC101] `threshold` must be at most 100
schemas/irrigation/1.schema.json:1:1: error[VC005] schemas/irrigation/1.schema.json:1:1: not JSON: EOF while parsing an object
[exit 1]

$ valvecfg validate --json
{"file":"plugins/heating.toml","line":1,"column":1,"end_line":1,"end_column":42,"code":"VC103","severity":"error","message":"`target` is required","key":"target","schema":"#/required","label":"`target` is missing here","allowed":"Target temperature: a number, 5 to 28 °C in steps of 0.5, default 20.5 (schemas/heating/1.schema.json#/properties/target)"}
{"file":"plugins/heating.toml","line":5,"column":1,"end_line":5,"end_column":7,"code":"VC104","severity":"error","message":"`tagret` is not a known key","key":"tagret","schema":"#/additionalProperties","label":"the schema does not declare it","allowed":"known keys: target, setback, frost_guard, away_until, curve, boiler, hot_water, rooms","suggestion":"target"}
{"file":"plugins/valve.toml","line":7,"column":13,"end_line":7,"end_column":16,"code":"VC101","severity":"error","message":"`threshold` must be at most 100","key":"threshold","schema":"#/properties/threshold/maximum","label":"600 is out of range","allowed":"0 to 100 percent, default 60 (schemas/valve/1.schema.json#/properties/threshold)","suggestion":"100"}
{"file":"schemas/irrigation/1.schema.json","line":1,"column":1,"end_line":1,"end_column":1,"code":"VC005","severity":"error","message":"schemas/irrigation/1.schema.json:1:1: not JSON: EOF while parsing an object","key":"","schema":""}
[exit 1]
"##]]
    );
}

#[test]
fn only_what_changed_or_is_staged_can_be_checked() {
    let environment = TestEnvironment::gateway();
    environment.edit("plugins/valve.toml", "threshold = 60", "threshold = 600");
    let changed = environment.screens(&[
        "validate --changed-since @ --output-format concise",
        "validate --staged --output-format concise",
        "validate --changed-since nonsense",
    ]);
    environment.git_succeed(&["add", "plugins/valve.toml"]);
    environment.edit("plugins/valve.toml", "threshold = 600", "threshold = 60");
    let staged = environment.screens(&[
        "validate --staged --output-format concise",
        "validate --output-format concise",
    ]);
    assert_screen!(
        [changed, staged].join("\n\n"),
        str![[r#"
$ valvecfg validate --changed-since @ --output-format concise
plugins/valve.toml:7:13: error[VC101] `threshold` must be at most 100
[exit 1]

$ valvecfg validate --staged --output-format concise

$ valvecfg validate --changed-since nonsense
------- stderr -------
error: `nonsense` names no revision: no tag has this name, and it is no hash of 4 or more hexadecimal digits, no `@` or `@~3`, and no time such as `2026-11-01 10:00`
help: `valvecfg history` shows the revisions
[exit 2]

$ valvecfg validate --staged --output-format concise
plugins/valve.toml:7:13: error[VC101] `threshold` must be at most 100
[exit 1]

$ valvecfg validate --output-format concise
"#]]
    );
}

#[test]
fn any_file_is_checked_by_its_own_line_or_a_named_schema() {
    let environment = files();
    let screens = environment.screens(&[
        "validate good.toml",
        "validate good.toml bad.toml --output-format concise",
        "validate plain.toml --schema s.json",
        "validate ./good.toml --output-format jsonl",
        "validate sub/up.toml",
        "validate plain.toml",
        "validate net.toml",
        "validate nosuch.toml --output-format concise",
        "validate sub --output-format concise",
        "validate good.toml --schema nosuch.json",
        "validate lost.toml",
    ]);
    assert_screen!(
        screens,
        str![[r#"
$ valvecfg validate good.toml
no violations, 1 file checked

$ valvecfg validate good.toml bad.toml --output-format concise
bad.toml:2:8: error[VC101] `port` must be at least 1
bad.toml:3:1: error[VC104] `prot` is not a known key
[exit 1]

$ valvecfg validate plain.toml --schema s.json
no violations, 1 file checked

$ valvecfg validate ./good.toml --output-format jsonl

$ valvecfg validate sub/up.toml
no violations, 1 file checked

$ valvecfg validate plain.toml
error[VC004]: no schema: the file has no `#:schema` line, and none was named with --schema
 --> plain.toml:1:1
  |
1 | port = 80
  | ^

1 error in 1 file, 1 file checked
[exit 1]

$ valvecfg validate net.toml
error[VC004]: the schema `https://example.org/s.json` is not a file here, and schemas are never fetched
 --> net.toml:1:10
  |
1 | #:schema https://example.org/s.json
  |          ^^^^^^^^^^^^^^^^^^^^^^^^^^

1 error in 1 file, 1 file checked
[exit 1]

$ valvecfg validate nosuch.toml --output-format concise
nosuch.toml:1:1: error[VC001] cannot read nosuch.toml: No such file or directory (os error 2)
[exit 1]

$ valvecfg validate sub --output-format concise
sub:1:1: error[VC001] sub is a folder, not a regular file
[exit 1]

$ valvecfg validate good.toml --schema nosuch.json
------- stderr -------
error: cannot read the schema nosuch.json: No such file or directory (os error 2)
[exit 3]

$ valvecfg validate lost.toml
error[VC004]: cannot read the schema lost.json: No such file or directory (os error 2)
 --> lost.toml:1:10
  |
1 | #:schema lost.json
  |          ^^^^^^^^^

1 error in 1 file, 1 file checked
[exit 1]
"#]]
    );
    let address = format!(
        "#:schema file://{}\nport = 0\n",
        environment.folder().join("s.json").display()
    );
    environment.beside("address.toml", address);
    assert_screen!(
        environment.screens(&["validate address.toml --output-format concise"]),
        str![[r#"
$ valvecfg validate address.toml --output-format concise
address.toml:2:8: error[VC101] `port` must be at least 1
[exit 1]
"#]]
    );
}

#[test]
fn a_reference_is_answered_from_the_folder_or_a_schema_dir() {
    let environment = files();
    environment.beside("r.json", r#"{"properties": {"port": {"$ref": "other.json"}}}"#);
    environment.beside("elsewhere/other.json", r#"{"type": "string"}"#);
    let screens = environment.screens(&[
        "validate plain.toml --schema r.json",
        "validate plain.toml --schema r.json --schema-dir elsewhere --output-format concise",
    ]);
    assert_screen!(
        screens,
        str![[r#"
$ valvecfg validate plain.toml --schema r.json
error[VC004]: `port` cannot be checked: its schema `other.json` is in no schema folder
 --> plain.toml:1:8
  |
1 | port = 80
  |        ^^ not checked
  |
  = note: see r.json#/properties/port/$ref

1 error in 1 file, 1 file checked
[exit 1]

$ valvecfg validate plain.toml --schema r.json --schema-dir elsewhere --output-format concise
plain.toml:1:8: error[VC102] `port` must be a string
[exit 1]
"#]]
    );
}

#[test]
fn a_rule_of_another_schema_is_named_with_its_file() {
    let environment = files();
    environment.beside(
        "schemas/r.json",
        r#"{"properties": {"port": {"$ref": "other.json"}, "t": {"$ref": "other.json#/$defs/t"}, "own": {"type": "string"}}}"#,
    );
    environment.beside(
        "schemas/other.json",
        r#"{"maximum": 9, "$defs": {"t": {"required": ["y"], "properties": {"x": {"anyOf": [{"maximum": 5}, {"type": "string", "minLength": 2}]}}}}}"#,
    );
    environment.beside("a.toml", "port = 80\nown = 1\n[t]\nx = 9\n");
    let screens = environment.screens(&[
        "validate a.toml --schema schemas/r.json",
        "validate a.toml --schema schemas/r.json --json",
    ]);
    assert_screen!(
        screens,
        str![[r##"
$ valvecfg validate a.toml --schema schemas/r.json
error[VC101]: `port` must be at most 9
 --> a.toml:1:8
  |
1 | port = 80
  |        ^^ 80 is out of range
  |
  = note: at most 9 (schemas/r.json#/properties/port)
help: did you mean `9`?

error[VC102]: `own` must be a string
 --> a.toml:2:7
  |
2 | own = 1
  |       ^ this is an integer
  |
  = note: a string (schemas/r.json#/properties/own)
help: did you mean `"1"`?

error[VC103]: `t.y` is required
 --> a.toml:3:1
  |
3 | [t]
  | ^^^ `y` is missing here
  |
  = note: see schemas/other.json#/$defs/t/required

error[VC101]: `t.x` must be at most 5
 --> a.toml:4:5
  |
4 | x = 9
  |     ^ 9 is out of range
  |
  = note: see schemas/other.json#/$defs/t/properties/x/anyOf/0/maximum
help: did you mean `5`?

4 errors in 1 file, 1 file checked
[exit 1]

$ valvecfg validate a.toml --schema schemas/r.json --json
{"file":"a.toml","line":1,"column":8,"end_line":1,"end_column":10,"code":"VC101","severity":"error","message":"`port` must be at most 9","key":"port","schema":"schemas/other.json#/maximum","label":"80 is out of range","allowed":"at most 9 (schemas/r.json#/properties/port)","suggestion":"9"}
{"file":"a.toml","line":2,"column":7,"end_line":2,"end_column":8,"code":"VC102","severity":"error","message":"`own` must be a string","key":"own","schema":"#/properties/own/type","label":"this is an integer","allowed":"a string (schemas/r.json#/properties/own)","suggestion":"\"1\""}
{"file":"a.toml","line":3,"column":1,"end_line":3,"end_column":4,"code":"VC103","severity":"error","message":"`t.y` is required","key":"t.y","schema":"schemas/other.json#/$defs/t/required","label":"`y` is missing here"}
{"file":"a.toml","line":4,"column":5,"end_line":4,"end_column":6,"code":"VC101","severity":"error","message":"`t.x` must be at most 5","key":"t.x","schema":"schemas/other.json#/$defs/t/properties/x/anyOf/0/maximum","label":"9 is out of range","suggestion":"5"}
[exit 1]
"##]]
    );
}

#[test]
fn in_a_store_another_schema_is_named_from_its_folder() {
    let environment = TestEnvironment::new_store();
    environment.write("schemas/any/other.json", r#"{"required": ["y"]}"#);
    environment.beside("any.json", r#"{"properties": {"t": {"$ref": "other.json"}}}"#);
    environment.succeed(&["plugin", "add", "any", "--schema", "../any.json"]);
    assert_screen!(
        environment.screens(&["set any.t.x 1"]),
        str![[r#"
$ valvecfg set any.t.x 1
------- stderr -------
error[VC103]: `t.y` is required
 --> plugins/any.toml:3:1
  |
3 | [t]
  | ^^^ `y` is missing here
  |
  = note: see schemas/any/other.json#/required
help: nothing was written; set them at once: `valvecfg set any.t.x=1 any.t.y=VALUE`
[exit 1]
"#]]
    );
}

#[test]
fn standard_input_is_checked_too() {
    let environment = files();
    assert_screen!(
        environment.screen_with_input("validate - --schema s.json", "port = 99999\n"),
        str![[r#"
$ valvecfg validate - --schema s.json
error[VC101]: `port` must be at most 65535
 --> -:1:8
  |
1 | port = 99999
  |        ^^^^^ 99999 is out of range
  |
  = note: 1 to 65535 (s.json#/properties/port)
help: did you mean `65535`?

1 error in 1 file, 1 file checked
[exit 1]
"#]]
    );
    assert_screen!(
        environment.screen_with_input("validate -", "#:schema s.json\nport = 1\n"),
        str![[r#"
$ valvecfg validate -
no violations, 1 file checked
"#]]
    );
    assert_screen!(
        environment.screen_with_input("--max-size 3 validate - --schema s.json", "port = 1\n"),
        str![[r#"
$ valvecfg --max-size 3 validate - --schema s.json
------- stderr -------
error: what comes from standard input has more than 3 bytes
help: `--max-size BYTES` sets the limit
[exit 2]
"#]]
    );
}

#[test]
fn formats_and_warnings_are_a_matter_of_choice() {
    let environment = files();
    environment.beside("form.toml", "#:schema s.json\nport = 1\nmail = \"nobody\"\n");
    let screens = environment.screens(&[
        "validate form.toml --output-format concise",
        "validate form.toml --output-format concise --formats warn",
        "validate form.toml --output-format concise --formats warn --deny warnings",
        "validate form.toml --output-format concise --formats ignore",
    ]);
    assert_screen!(
        screens,
        str![[r#"
$ valvecfg validate form.toml --output-format concise
form.toml:3:8: error[VC107] `mail` must be an e-mail address
[exit 1]

$ valvecfg validate form.toml --output-format concise --formats warn
form.toml:3:8: warning[VC107] `mail` must be an e-mail address

$ valvecfg validate form.toml --output-format concise --formats warn --deny warnings
form.toml:3:8: warning[VC107] `mail` must be an e-mail address
[exit 1]

$ valvecfg validate form.toml --output-format concise --formats ignore
"#]]
    );
}

#[test]
fn a_report_goes_to_a_file() {
    let environment = files();
    let screens = environment.screens(&[
        "validate bad.toml --output-format json --output-file report.json",
        "validate bad.toml --output-file /nonexistent/report",
        "validate bad.toml --output-format xml",
    ]);
    assert_screen!(
        screens,
        str![[r#"
$ valvecfg validate bad.toml --output-format json --output-file report.json
[exit 1]

$ valvecfg validate bad.toml --output-file /nonexistent/report
------- stderr -------
error: cannot write /nonexistent/report: No such file or directory (os error 2)
[exit 3]

$ valvecfg validate bad.toml --output-format xml
------- stderr -------
error: invalid value 'xml' for '--output-format <FORMAT>'
  [possible values: full, concise, json, jsonl, github, gitlab, junit, sarif]

For more information, try '--help'.
[exit 2]
"#]]
    );
    assert_screen!(
        String::from_utf8(std::fs::read(environment.folder().join("report.json")).unwrap()).unwrap(),
        str![[r##"
[{"file":"bad.toml","line":2,"column":8,"end_line":2,"end_column":9,"code":"VC101","severity":"error","message":"`port` must be at least 1","key":"port","schema":"#/properties/port/minimum","label":"0 is out of range","allowed":"1 to 65535 (./s.json#/properties/port)","suggestion":"1"},{"file":"bad.toml","line":3,"column":1,"end_line":3,"end_column":5,"code":"VC104","severity":"error","message":"`prot` is not a known key","key":"prot","schema":"#/additionalProperties","label":"the schema does not declare it","allowed":"known keys: port, mail","suggestion":"port"}]

"##]]
    );
}

#[test]
fn a_schema_that_is_wrong_is_told_with_its_place_and_what_is_allowed() {
    let environment = TestEnvironment::gateway();
    environment.write("schemas/valve/1.schema.json", "{\n  \"ü\": 1,\n");
    environment.write(
        "schemas/heating/1.schema.json",
        r#"{"properties": {"a": {"type": "strin"}}}"#,
    );
    environment.beside("a.json", "{\n");
    environment.beside("b.json", "{\"ü\" 1}");
    assert_screen!(
        environment.screens(&[
            "validate --output-format concise",
            "plugin add a --schema ../a.json",
            "plugin add b --schema ../b.json",
        ]),
        str![[r#"
$ valvecfg validate --output-format concise
schemas/heating/1.schema.json:1:1: error[VC005] schemas/heating/1.schema.json#/properties/a/type: "strin" may not stand here: a type is array, boolean, integer, null, number, object or string, or a list of these
schemas/valve/1.schema.json:3:1: error[VC005] schemas/valve/1.schema.json:3:1: not JSON: EOF while parsing a value
[exit 1]

$ valvecfg plugin add a --schema ../a.json
------- stderr -------
error: ../a.json:2:1: not JSON: EOF while parsing an object
help: correct the schema; nothing was written
[exit 1]

$ valvecfg plugin add b --schema ../b.json
------- stderr -------
error: ../b.json:1:6: not JSON: expected `:`
help: correct the schema; nothing was written
[exit 1]
"#]]
    );
}
