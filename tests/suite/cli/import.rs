//! `valvecfg import`

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::Path;

use rusqlite::Connection;
use serde_json::{Value as Json, json};
use snapbox::str;

use super::assert_screen;
use crate::environment::TestEnvironment;

const JSON: &str = r#"{
  "mode": "manual",
  "position": "50 %",
  "threshold": "58",
  "hysteresis": 3,
  "mqtt": {
    "host": "broker.example",
    "user": null,
    "tls": "no"
  },
  "zones": [
    {"name": "tomatoes", "pin": "17", "flow": 12.5},
    {"name": "cucumbers", "pin": 27, "flow": 9.0, "threshold": 70}
  ]
}
"#;

/// The gateway, and a file beside it.
fn gateway_with(name: &str, text: &str) -> TestEnvironment {
    let environment = TestEnvironment::gateway();
    environment.beside(name, text);
    environment
}

fn settings(environment: &TestEnvironment) -> String {
    String::from_utf8(environment.read("plugins/valve.toml")).unwrap()
}

#[test]
fn what_can_be_converted_is_told_first_and_taken_with_fix() {
    let environment = gateway_with("settings.json", JSON);
    let before = settings(&environment);
    let told = environment.screens(&["import ../settings.json --plugin valve"]);
    assert_eq!(settings(&environment), before);
    assert_eq!(environment.git_status(), "");
    let screens = environment.screens(&[
        "import ../settings.json --plugin valve --fix -n",
        "import ../settings.json --plugin valve --fix",
        "import ../settings.json --plugin valve --fix",
        "show --json",
    ]);
    assert_screen!(
        format!("{told}\n\n{screens}"),
        str![[r#"
$ valvecfg import ../settings.json --plugin valve
           setting                   where                value
taken      valve.mode                ../settings.json:2   "manual"
converted  valve.position            ../settings.json:3   "50 %" -> 50
converted  valve.threshold           ../settings.json:4   "58" -> 58
taken      valve.hysteresis          ../settings.json:5   3.0
taken      valve.mqtt.host           ../settings.json:7   "broker.example"
null       valve.mqtt.user           ../settings.json:8
converted  valve.mqtt.tls            ../settings.json:9   "no" -> false
taken      valve.zones[0].name       ../settings.json:12  "tomatoes"
converted  valve.zones[0].pin        ../settings.json:12  "17" -> 17
taken      valve.zones[0].flow       ../settings.json:12  12.5
taken      valve.zones[1].name       ../settings.json:13  "cucumbers"
taken      valve.zones[1].pin        ../settings.json:13  27
taken      valve.zones[1].flow       ../settings.json:13  9.0
taken      valve.zones[1].threshold  ../settings.json:13  70
------- stderr -------
nothing was written: 4 of 14 settings are unresolved
`--fix` would take 4 conversions
[exit 1]

$ valvecfg import ../settings.json --plugin valve --fix -n
           setting                   where                value
taken      valve.mode                ../settings.json:2   "manual"
converted  valve.position            ../settings.json:3   "50 %" -> 50
converted  valve.threshold           ../settings.json:4   "58" -> 58
taken      valve.hysteresis          ../settings.json:5   3.0
taken      valve.mqtt.host           ../settings.json:7   "broker.example"
null       valve.mqtt.user           ../settings.json:8
converted  valve.mqtt.tls            ../settings.json:9   "no" -> false
taken      valve.zones[0].name       ../settings.json:12  "tomatoes"
converted  valve.zones[0].pin        ../settings.json:12  "17" -> 17
taken      valve.zones[0].flow       ../settings.json:12  12.5
taken      valve.zones[1].name       ../settings.json:13  "cucumbers"
taken      valve.zones[1].pin        ../settings.json:13  27
taken      valve.zones[1].flow       ../settings.json:13  9.0
taken      valve.zones[1].threshold  ../settings.json:13  70
------- stderr -------
nothing was written: this was a dry run

$ valvecfg import ../settings.json --plugin valve --fix
           setting                   where                value
taken      valve.mode                ../settings.json:2   "manual"
converted  valve.position            ../settings.json:3   "50 %" -> 50
converted  valve.threshold           ../settings.json:4   "58" -> 58
taken      valve.hysteresis          ../settings.json:5   3.0
taken      valve.mqtt.host           ../settings.json:7   "broker.example"
null       valve.mqtt.user           ../settings.json:8
converted  valve.mqtt.tls            ../settings.json:9   "no" -> false
taken      valve.zones[0].name       ../settings.json:12  "tomatoes"
converted  valve.zones[0].pin        ../settings.json:12  "17" -> 17
taken      valve.zones[0].flow       ../settings.json:12  12.5
taken      valve.zones[1].name       ../settings.json:13  "cucumbers"
taken      valve.zones[1].pin        ../settings.json:13  27
taken      valve.zones[1].flow       ../settings.json:13  9.0
taken      valve.zones[1].threshold  ../settings.json:13  70
saved as [rev 1]
------- stderr -------
nothing here tells valve; it takes effect after a restart of it

$ valvecfg import ../settings.json --plugin valve --fix
           setting                   where                value
taken      valve.mode                ../settings.json:2   "manual"
converted  valve.position            ../settings.json:3   "50 %" -> 50
converted  valve.threshold           ../settings.json:4   "58" -> 58
taken      valve.hysteresis          ../settings.json:5   3.0
taken      valve.mqtt.host           ../settings.json:7   "broker.example"
null       valve.mqtt.user           ../settings.json:8
converted  valve.mqtt.tls            ../settings.json:9   "no" -> false
taken      valve.zones[0].name       ../settings.json:12  "tomatoes"
converted  valve.zones[0].pin        ../settings.json:12  "17" -> 17
taken      valve.zones[0].flow       ../settings.json:12  12.5
taken      valve.zones[1].name       ../settings.json:13  "cucumbers"
taken      valve.zones[1].pin        ../settings.json:13  27
taken      valve.zones[1].flow       ../settings.json:13  9.0
taken      valve.zones[1].threshold  ../settings.json:13  70
------- stderr -------
nothing to do: it is so already

$ valvecfg show --json
{"id":"[rev 1]","parent":"[rev 2]","time":"2025-12-01T00:00:00+00:00","author":{"name":"Ines Duarte","email":"ines@gateway.example"},"message":"import settings.json into valve","via":"import","changes":[{"key":"valve.mode","before":"auto","after":"manual"},{"key":"valve.threshold","before":60,"after":58},{"key":"valve.hysteresis","before":2.5,"after":3.0},{"key":"valve.position","before":null,"after":50},{"key":"valve.mqtt.host","before":"broker.gateway.example","after":"broker.example"},{"key":"valve.mqtt.tls","before":null,"after":false},{"key":"valve.zones[2].name","before":"seedlings","after":null},{"key":"valve.zones[2].pin","before":22,"after":null},{"key":"valve.zones[2].flow","before":2.5,"after":null},{"key":"valve.zones[2].max_open","before":5,"after":null},{"key":"valve.zones[2].inverted","before":true,"after":null}],"files":["plugins/valve.toml"]}
"#]]
    );
}

#[test]
fn comments_and_order_stay_where_settings_are_imported() {
    let environment = gateway_with("settings.json", JSON);
    environment.succeed(&["import", "../settings.json", "--plugin", "valve", "--fix"]);
    snapbox::assert_data_eq!(
        settings(&environment),
        str![[r##"
#:schema ../schemas/valve/1.schema.json
schema_version = 1

# Valve panel behind the greenhouse. Panel drawing: binder 3, sheet 12.

mode = "manual"        # "manual" needs a position
threshold = 58       # percent; raised from 50 after the dry June
hysteresis = 3.0

# The probes need 8 s to settle, so never poll faster than that.
poll_interval = 15
fail_safe = "closed"
position = 50

[mqtt]
host = "broker.example"
topic = "greenhouse/valve"
keep_alive = 30
tls = false

# The order is that of the relays, left to right.
[[zones]]
name = "tomatoes"
pin = 17
flow = 12.5

[[zones]]
name = "cucumbers"
pin = 27
flow = 9.0
threshold = 70       # they wilt first

"##]]
    );
}

#[test]
fn all_that_is_unresolved_is_told_at_once_and_nothing_is_written() {
    let text = r#"{
  "closeAbove": 50,
  "treshold": 50,
  "pollInterval": 20,
  "position": 180,
  "mode": "idle",
  "hysteresis": "soon",
  "mqtt": {"tls": true, "keep_alive": 123456789012345678901, "password": 12},
  "zones": [{"name": "a b", "pin": 3}],
  "fail_safe": {"open": true},
  "logging": {"path": "/var/log/valve"}
}
"#;
    let environment = gateway_with("settings.json", text);
    let before = settings(&environment);
    let screens = environment.screens(&[
        "import ../settings.json --plugin valve --fix",
        "import ../settings.json --plugin valve --fix --json",
    ]);
    assert_screen!(
        screens,
        str![[r#"
$ valvecfg import ../settings.json --plugin valve --fix
         setting                where                value
unknown  closeAbove             ../settings.json:2
unknown  treshold               ../settings.json:3
    did you mean `valve.threshold`?
unknown  pollInterval           ../settings.json:4
    did you mean `valve.poll_interval`?
refused  valve.position         ../settings.json:5   180
    takes an integer, 0 to 100 percent
refused  valve.mode             ../settings.json:6   "idle"
    takes "auto", "manual" or "off", default "auto"
refused  valve.hysteresis       ../settings.json:7   "soon"
    takes a number, 0.5 to 20 percent, default 2.5
taken    valve.mqtt.tls         ../settings.json:8   true
refused  valve.mqtt.keep_alive  ../settings.json:8
    a whole number beyond 64 bits: whole numbers are those from -9223372036854775808 to 9223372036854775807
refused  valve.mqtt.password    ../settings.json:8   ‹secret›
    takes a string, at least 8 characters
refused  valve.zones[0].name    ../settings.json:9   "a b"
    takes a string, 2 to 24 characters, matching `^[a-z][a-z0-9-]*$`
taken    valve.zones[0].pin     ../settings.json:9   3
refused  valve.fail_safe.open   ../settings.json:10  true
    `valve.fail_safe` is no table but of type string, so it holds no keys
unknown  logging.path           ../settings.json:11
missing  valve.mqtt.ca_file
    takes a string, matching `^/`
missing  valve.zones[0].flow
    takes a number, more than 0, up to 60 l/min
------- stderr -------
nothing was written: 13 of 15 settings are unresolved
rename what is unknown in the file, or leave it out: `--skip closeAbove`
add what is missing to the file, or set it: `valvecfg set valve.mqtt.ca_file VALUE`
[exit 1]

$ valvecfg import ../settings.json --plugin valve --fix --json
{"revision":null,"changes":[],"files":[],"absorbed":null,"dry_run":false,"confirmation":null,"warnings":[],"deliveries":[],"settings":[{"key":null,"name":"closeAbove","where":"../settings.json:2","state":"unknown","found":null,"becomes":null,"reason":null,"suggestion":null},{"key":null,"name":"treshold","where":"../settings.json:3","state":"unknown","found":null,"becomes":null,"reason":null,"suggestion":"valve.threshold"},{"key":null,"name":"pollInterval","where":"../settings.json:4","state":"unknown","found":null,"becomes":null,"reason":null,"suggestion":"valve.poll_interval"},{"key":"valve.position","name":"position","where":"../settings.json:5","state":"refused","found":180,"becomes":null,"reason":"takes an integer, 0 to 100 percent","suggestion":null},{"key":"valve.mode","name":"mode","where":"../settings.json:6","state":"refused","found":"idle","becomes":null,"reason":"takes \"auto\", \"manual\" or \"off\", default \"auto\"","suggestion":null},{"key":"valve.hysteresis","name":"hysteresis","where":"../settings.json:7","state":"refused","found":"soon","becomes":null,"reason":"takes a number, 0.5 to 20 percent, default 2.5","suggestion":null},{"key":"valve.mqtt.tls","name":"mqtt.tls","where":"../settings.json:8","state":"taken","found":true,"becomes":true,"reason":null,"suggestion":null},{"key":"valve.mqtt.keep_alive","name":"mqtt.keep_alive","where":"../settings.json:8","state":"refused","found":null,"becomes":null,"reason":"a whole number beyond 64 bits: whole numbers are those from -9223372036854775808 to 9223372036854775807","suggestion":null},{"key":"valve.mqtt.password","name":"mqtt.password","where":"../settings.json:8","state":"refused","found":"‹secret›","becomes":null,"reason":"takes a string, at least 8 characters","suggestion":null},{"key":"valve.zones[0].name","name":"zones[0].name","where":"../settings.json:9","state":"refused","found":"a b","becomes":null,"reason":"takes a string, 2 to 24 characters, matching `^[a-z][a-z0-9-]*$`","suggestion":null},{"key":"valve.zones[0].pin","name":"zones[0].pin","where":"../settings.json:9","state":"taken","found":3,"becomes":3,"reason":null,"suggestion":null},{"key":"valve.fail_safe.open","name":"fail_safe.open","where":"../settings.json:10","state":"refused","found":true,"becomes":null,"reason":"`valve.fail_safe` is no table but of type string, so it holds no keys","suggestion":null},{"key":null,"name":"logging.path","where":"../settings.json:11","state":"unknown","found":null,"becomes":null,"reason":null,"suggestion":null},{"key":"valve.mqtt.ca_file","name":null,"where":null,"state":"missing","found":null,"becomes":null,"reason":"takes a string, matching `^/`","suggestion":null},{"key":"valve.zones[0].flow","name":null,"where":null,"state":"missing","found":null,"becomes":null,"reason":"takes a number, more than 0, up to 60 l/min","suggestion":null}],"unresolved":13}
------- stderr -------
nothing was written: 13 of 15 settings are unresolved
rename what is unknown in the file, or leave it out: `--skip closeAbove`
add what is missing to the file, or set it: `valvecfg set valve.mqtt.ca_file VALUE`
[exit 1]
"#]]
    );
    assert_eq!(settings(&environment), before);
    assert_eq!(environment.git_status(), "");
}

#[test]
fn what_has_no_place_here_is_left_out_by_name() {
    let text = "threshold: 50\nlogging:\n  path: /var/log\n  level: 3\nmqtt:\n  host: b.example\n  quality: 1\n";
    let environment = gateway_with("settings.yaml", text);
    let screens = environment.screens(&[
        "import ../settings.yaml --plugin valve --skip logging",
        "import ../settings.yaml --plugin valve --skip logging --skip mqtt.qality",
        "import ../settings.yaml --plugin valve --skip logging --skip valve.mqtt.quality -m 'the old box'",
    ]);
    assert_screen!(
        screens,
        str![[r#"
$ valvecfg import ../settings.yaml --plugin valve --skip logging
         setting          where               value
taken    valve.threshold  ../settings.yaml:1  50
skipped  logging.path     ../settings.yaml:3
skipped  logging.level    ../settings.yaml:4
taken    valve.mqtt.host  ../settings.yaml:6  "b.example"
unknown  mqtt.quality     ../settings.yaml:7
------- stderr -------
nothing was written: 1 of 5 settings is unresolved
rename what is unknown in the file, or leave it out: `--skip mqtt.quality`
[exit 1]

$ valvecfg import ../settings.yaml --plugin valve --skip logging --skip mqtt.qality
------- stderr -------
error: ../settings.yaml holds no `mqtt.qality` that could be skipped
help: `valvecfg import ../settings.yaml -n` names what it holds
[exit 2]

$ valvecfg import ../settings.yaml --plugin valve --skip logging --skip valve.mqtt.quality -m 'the old box'
         setting          where               value
taken    valve.threshold  ../settings.yaml:1  50
skipped  logging.path     ../settings.yaml:3
skipped  logging.level    ../settings.yaml:4
taken    valve.mqtt.host  ../settings.yaml:6  "b.example"
skipped  mqtt.quality     ../settings.yaml:7
saved as [rev 1]
------- stderr -------
nothing here tells valve; it takes effect after a restart of it
"#]]
    );
    assert_eq!(environment.succeed(&["get", "valve.mqtt.host"]), "b.example\n");
    assert_eq!(
        environment.git_succeed(&["log", "-1", "--format=%B"]).trim_end(),
        "the old box\n\nVia: import\nPlugin: valve\nKey: valve.threshold\nKey: valve.mqtt.host"
    );
}

#[test]
fn a_file_that_is_none_of_the_plugins_is_told_and_not_tried_name_by_name() {
    let names: Vec<String> = (0..3_000).map(|number| format!("name{number} = 1\n")).collect();
    let environment = gateway_with("other.ini", &names.concat());
    let screen = environment.run(&["import", "../other.ini", "--plugin", "valve"]);
    assert_eq!(screen.code(), Some(1));
    let note = "nothing was written: 3000 of 3000 settings are unresolved";
    assert!(screen.stderr.contains(note), "{screen}");
    let reason = "    the file holds more than 1000 names that the schema does not declare";
    assert_eq!(screen.stdout.lines().filter(|line| *line == reason).count(), 2_000);
}

#[test]
fn an_ini_file_is_read_as_set_reads_its_arguments() {
    let text = "; the old controller\nthreshold = 58\nhysteresis = 3\nmode = off\n\n[mqtt]\nport = 1884\ntls = off\n\
                topic = garden/valve\n";
    let environment = gateway_with("valve.ini", text);
    assert_screen!(
        environment.screens(&[
            "import ../valve.ini --plugin valve",
            "import ../valve.ini --plugin valve --fix",
            "get valve.mqtt",
        ]),
        str![[r#"
$ valvecfg import ../valve.ini --plugin valve
           setting           where           value
taken      valve.threshold   ../valve.ini:2  58
taken      valve.hysteresis  ../valve.ini:3  3.0
taken      valve.mode        ../valve.ini:4  "off"
taken      valve.mqtt.port   ../valve.ini:7  1884
converted  valve.mqtt.tls    ../valve.ini:8  "off" -> false
taken      valve.mqtt.topic  ../valve.ini:9  "garden/valve"
------- stderr -------
nothing was written: 1 of 6 settings is unresolved
`--fix` would take 1 conversion
[exit 1]

$ valvecfg import ../valve.ini --plugin valve --fix
           setting           where           value
taken      valve.threshold   ../valve.ini:2  58
taken      valve.hysteresis  ../valve.ini:3  3.0
taken      valve.mode        ../valve.ini:4  "off"
taken      valve.mqtt.port   ../valve.ini:7  1884
converted  valve.mqtt.tls    ../valve.ini:8  "off" -> false
taken      valve.mqtt.topic  ../valve.ini:9  "garden/valve"
saved as [rev 1]
------- stderr -------
nothing here tells valve; it takes effect after a restart of it

$ valvecfg get valve.mqtt
host = "broker.gateway.example"
topic = "garden/valve"
keep_alive = 30
port = 1884
tls = false
"#]]
    );
}

#[test]
fn variables_are_resolved_to_settings_or_told_as_ambiguous() {
    let text = "# deployed by hand\nVALVE_THRESHOLD=58\nexport VALVE_MQTT__HOST=\"b.example\"\nmqtt_keep_alive=45\n\
                VALVE_ZONES_0_FLOW=11\nVALVE_POLLINTERVAL=9\nPATH=/usr/bin\nTHRESHOLD=59\nVALVE_ZONES_7_FLOW=2\n";
    let environment = gateway_with(".env", text);
    let schema = json!({"type": "object", "additionalProperties": false, "properties": {
        "mqtt": {"type": "object", "properties": {"host_name": {"type": "string"}}},
        "mqtt_host": {"type": "object", "properties": {"name": {"type": "string"}}}}});
    environment.beside("net.json", schema.to_string());
    environment.beside("net.env", "MQTT_HOST_NAME=a\n");
    environment.beside("net2.env", "NET_MQTT__HOST_NAME=a\n");
    environment.succeed(&["plugin", "add", "net", "--schema", "../net.json"]);
    assert_screen!(
        environment.screens(&[
            "import ../.env --plugin valve",
            "import ../.env --plugin valve --skip PATH --skip VALVE_POLLINTERVAL --skip THRESHOLD --skip VALVE_ZONES_7_FLOW",
            "import ../net.env --plugin net",
            "import ../net2.env --plugin net",
        ]),
        str![[r#"
$ valvecfg import ../.env --plugin valve
         setting                where      value
taken    valve.threshold        ../.env:2  58
taken    valve.mqtt.host        ../.env:3  "b.example"
taken    valve.mqtt.keep_alive  ../.env:4  45
taken    valve.zones[0].flow    ../.env:5  11.0
unknown  VALVE_POLLINTERVAL     ../.env:6
    did you mean `valve.poll_interval`?
unknown  PATH                   ../.env:7
refused  valve.threshold        ../.env:8  "59"
    line 2 gives it a value already
refused  valve.zones[7].flow    ../.env:9  "2"
    the array has 3 items, and an item before this one lacks
------- stderr -------
nothing was written: 4 of 8 settings are unresolved
rename what is unknown in the file, or leave it out: `--skip VALVE_POLLINTERVAL`
[exit 1]

$ valvecfg import ../.env --plugin valve --skip PATH --skip VALVE_POLLINTERVAL --skip THRESHOLD --skip VALVE_ZONES_7_FLOW
         setting                where      value
taken    valve.threshold        ../.env:2  58
taken    valve.mqtt.host        ../.env:3  "b.example"
taken    valve.mqtt.keep_alive  ../.env:4  45
taken    valve.zones[0].flow    ../.env:5  11.0
skipped  VALVE_POLLINTERVAL     ../.env:6
skipped  PATH                   ../.env:7
skipped  THRESHOLD              ../.env:8
skipped  VALVE_ZONES_7_FLOW     ../.env:9
saved as [rev 1]
------- stderr -------
nothing here tells valve; it takes effect after a restart of it

$ valvecfg import ../net.env --plugin net
         setting         where         value
unknown  MQTT_HOST_NAME  ../net.env:1
    could be `mqtt.host_name` or `mqtt_host.name`; `__` in it says where a dot is
------- stderr -------
nothing was written: 1 of 1 setting is unresolved
rename what is unknown in the file, or leave it out: `--skip MQTT_HOST_NAME`
[exit 1]

$ valvecfg import ../net2.env --plugin net
       setting             where          value
taken  net.mqtt.host_name  ../net2.env:1  "a"
saved as [rev 2]
"#]]
    );
    assert!(settings(&environment).contains("flow = 11.0\n"));
    assert!(settings(&environment).contains("# they wilt first"));
}

#[test]
fn what_render_writes_as_variables_is_imported_as_it_was() {
    let environment = TestEnvironment::gateway();
    environment.succeed(&["set", "valve.mqtt.user", "it's # $me"]);
    environment.succeed(&["render", "valve", "--format", "env", "--output", "../valve.env"]);
    let before = settings(&environment);
    environment.succeed(&[
        "set",
        "valve.threshold=1",
        "valve.mqtt.user=you",
        "valve.zones[1].flow=1.5",
    ]);
    environment.succeed(&["import", "../valve.env", "--plugin", "valve"]);
    let values = |environment: &TestEnvironment| environment.succeed(&["get", "valve", "--json"]);
    let imported = values(&environment);
    environment.write("plugins/valve.toml", before);
    // Defaults are rendered too.
    let rendered = environment.succeed(&["render", "valve", "--format", "json"]);
    let (imported, rendered): (Json, Json) = (
        serde_json::from_str(&imported).unwrap(),
        serde_json::from_str(&rendered).unwrap(),
    );
    assert_eq!(imported, rendered);
}

#[test]
fn a_file_that_is_none_is_refused_with_its_line() {
    let environment = TestEnvironment::gateway();
    environment.beside("twice.json", "{\"threshold\": 1,\n \"threshold\": 2}");
    environment.beside("open.yaml", "a: [1\nb: 2\n");
    environment.beside("row.ini", "threshold = 50\njust words\n");
    environment.beside("row.env", "A=1\nB='x\n");
    environment.beside("latin.ini", b"threshold = 50\nmode = \xe9\n");
    environment.beside("settings.conf", "threshold = 50\n");
    environment.beside("large.json", " ".repeat(5 << 20));
    environment.beside("no.sqlite", "this is none, and long enough to be one".repeat(20));
    assert_screen!(
        environment.screens(&[
            "import ../twice.json --plugin valve",
            "import ../open.yaml --plugin valve",
            "import ../row.ini --plugin valve",
            "import ../row.env --plugin valve",
            "import ../latin.ini --plugin valve",
            "import ../settings.conf --plugin valve",
            "import ../settings.conf --plugin valve --format ini",
            "import ../large.json --plugin valve",
            "import ../no.sqlite --plugin valve",
            "import ../none.json --plugin valve",
            "import .. --plugin valve --format json",
            "import ../row.ini --plugin vlave --format env",
            "import ../twice.json",
            "import ../settings.conf --plugin vlave --format ini",
        ]),
        str![[r#"
$ valvecfg import ../twice.json --plugin valve
------- stderr -------
error: ../twice.json:2:2: `threshold` stands twice; it stands in line 1 already
help: mend the file; nothing was written
[exit 1]

$ valvecfg import ../open.yaml --plugin valve
------- stderr -------
error: ../open.yaml:2:2: illegal placement of
help: mend the file; nothing was written
[exit 1]

$ valvecfg import ../row.ini --plugin valve
------- stderr -------
error: ../row.ini:2:1: a line must be `name = value`
help: mend the file; nothing was written
[exit 1]

$ valvecfg import ../row.env --plugin valve
------- stderr -------
error: ../row.env:2:1: the quote that begins in this line is never closed
help: mend the file; nothing was written
[exit 1]

$ valvecfg import ../latin.ini --plugin valve
------- stderr -------
error: ../latin.ini:2:8: this byte does not belong into UTF-8
help: mend the file; nothing was written
[exit 1]

$ valvecfg import ../settings.conf --plugin valve
------- stderr -------
error: the format of ../settings.conf cannot be told from its name
help: say what it is: `--format json|yaml|toml|ini|env|sqlite`
[exit 2]

$ valvecfg import ../settings.conf --plugin valve --format ini
       setting          where               value
taken  valve.threshold  ../settings.conf:1  50
saved as [rev 1]

$ valvecfg import ../large.json --plugin valve
------- stderr -------
error: ../large.json has 5242880 bytes; the limit is 4194304
help: if it is to be so large, allow it: `--max-size 5242880`
[exit 3]

$ valvecfg import ../no.sqlite --plugin valve
------- stderr -------
error: cannot read ../no.sqlite as an SQLite database: file is not a database
help: nothing was written; `sqlite3 FILE 'PRAGMA integrity_check'` says whether it is whole
[exit 3]

$ valvecfg import ../none.json --plugin valve
------- stderr -------
error: cannot read ../none.json: No such file or directory (os error 2)
[exit 3]

$ valvecfg import .. --plugin valve --format json
------- stderr -------
error: .. is a folder, not a regular file
help: name a regular file, or put one in its place; nothing was changed
[exit 3]

$ valvecfg import ../row.ini --plugin vlave --format env
------- stderr -------
error: ../row.ini:2:1: a line must be `NAME=value`
help: mend the file; nothing was written
[exit 1]

$ valvecfg import ../twice.json
------- stderr -------
error: the following required arguments were not provided:
  --plugin <NAME>

Usage: valvecfg import --plugin <NAME> <FILE>

For more information, try '--help'.
[exit 2]

$ valvecfg import ../settings.conf --plugin vlave --format ini
------- stderr -------
error: there is no plugin `vlave`
help: there are: heating, irrigation, valve
[exit 2]
"#]]
    );
}

#[test]
fn a_hand_edit_is_recorded_first_and_one_that_is_not_valid_stops_it() {
    let environment = gateway_with("settings.json", "{\"threshold\": 50}");
    environment.edit("plugins/valve.toml", "hysteresis = 2.5", "hysteresis = 3.5");
    let absorbed = environment.screens(&["import ../settings.json --plugin valve"]);
    environment.edit("plugins/valve.toml", "hysteresis = 3.5", "hysteresis = 99.5");
    let refused = environment.screens(&["import ../settings.json --plugin valve"]);
    assert_screen!(
        format!("{absorbed}\n\n{refused}"),
        str![[r#"
$ valvecfg import ../settings.json --plugin valve
       setting          where               value
taken  valve.threshold  ../settings.json:1  50
saved as [rev 1]
------- stderr -------
plugins/valve.toml had been edited by hand; that was recorded first, as [rev 2]

$ valvecfg import ../settings.json --plugin valve
------- stderr -------
error[VC101]: `hysteresis` must be at most 20
 --> plugins/valve.toml:8:14
  |
8 | hysteresis = 99.5
  |              ^^^^ 99.5 is out of range
  |
  = note: 0.5 to 20 percent, default 2.5 (schemas/valve/1.schema.json#/properties/hysteresis)
help: the file was left as it is; mend it with `valvecfg edit valve`, or take back what is recorded with `git checkout -- plugins/valve.toml`
[exit 1]
"#]]
    );
}

/// A database of settings beside the store.
fn database(environment: &TestEnvironment, name: &str, statements: &str) -> Connection {
    let connection = Connection::open(environment.folder().join(name)).unwrap();
    connection.execute_batch(statements).unwrap();
    connection
}

/// The files that stand beside the store, and what tells their contents apart.
fn beside(folder: &Path) -> BTreeMap<String, u64> {
    let entries = std::fs::read_dir(folder).unwrap().map(Result::unwrap);
    let files = entries.filter(|entry| entry.file_type().unwrap().is_file());
    files
        .map(|entry| {
            let mut content = DefaultHasher::new();
            std::fs::read(entry.path()).unwrap().hash(&mut content);
            (entry.file_name().into_string().unwrap(), content.finish())
        })
        .collect()
}

#[test]
fn a_table_of_a_database_is_read() {
    let environment = TestEnvironment::gateway();
    database(
        &environment,
        "app.db",
        "CREATE TABLE log (at INTEGER, line TEXT);
         CREATE TABLE settings (key TEXT PRIMARY KEY, value);
         INSERT INTO settings VALUES ('threshold', 58), ('hysteresis', '3.5'), ('mqtt/host', 'b.example'),
           ('mqtt.tls', 0), ('mqtt.user', NULL), ('zones[0].flow', 11), ('mode', x'00ff'), ('closeAbove', 1);
         CREATE VIEW more AS SELECT 'threshold' AS key, 99 AS value;",
    );
    database(
        &environment,
        "two.sqlite",
        "CREATE TABLE a (name TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID;",
    )
    .execute_batch(
        "CREATE TABLE options (option_name TEXT, option_value TEXT);
         INSERT INTO options VALUES ('threshold', '57'), ('threshold', '56');
         INSERT INTO a VALUES ('threshold', '55'), ('mqtt.tls', 'on');
         CREATE TABLE b (Key TEXT, Value TEXT, at INTEGER);",
    )
    .unwrap();
    let before = beside(environment.folder());
    assert_screen!(
        environment.screens(&[
            "import ../app.db --plugin valve",
            "import ../app.db --plugin valve --fix --skip mode --skip closeAbove",
            "import ../two.sqlite --plugin valve",
            "import ../two.sqlite --plugin valve --table nothing",
            "import ../two.sqlite --plugin valve --table options",
            "import ../two.sqlite --plugin valve --table options --key-column option_name --value-column option_value",
            "import ../two.sqlite --plugin valve --table A --fix",
        ]),
        str![[r#"
$ valvecfg import ../app.db --plugin valve
           setting              where             value
taken      valve.threshold      ../app.db, row 1  58
converted  valve.hysteresis     ../app.db, row 2  "3.5" -> 3.5
taken      valve.mqtt.host      ../app.db, row 3  "b.example"
converted  valve.mqtt.tls       ../app.db, row 4  0 -> false
null       valve.mqtt.user      ../app.db, row 5
converted  valve.zones[0].flow  ../app.db, row 6  11 -> 11.0
refused    valve.mode           ../app.db, row 7
    a blob: texts and numbers are taken
unknown    closeAbove           ../app.db, row 8
------- stderr -------
nothing was written: 5 of 8 settings are unresolved
`--fix` would take 3 conversions
rename what is unknown in the file, or leave it out: `--skip closeAbove`
[exit 1]

$ valvecfg import ../app.db --plugin valve --fix --skip mode --skip closeAbove
           setting              where             value
taken      valve.threshold      ../app.db, row 1  58
converted  valve.hysteresis     ../app.db, row 2  "3.5" -> 3.5
taken      valve.mqtt.host      ../app.db, row 3  "b.example"
converted  valve.mqtt.tls       ../app.db, row 4  0 -> false
null       valve.mqtt.user      ../app.db, row 5
converted  valve.zones[0].flow  ../app.db, row 6  11 -> 11.0
skipped    mode                 ../app.db, row 7
skipped    closeAbove           ../app.db, row 8
saved as [rev 1]
------- stderr -------
nothing here tells valve; it takes effect after a restart of it

$ valvecfg import ../two.sqlite --plugin valve
------- stderr -------
error: ../two.sqlite: several tables could be meant
help: table `a` has the columns name, value
help: table `b` has the columns Key, Value, at
help: table `options` has the columns option_name, option_value
help: say which with --table NAME, --key-column NAME and --value-column NAME
[exit 2]

$ valvecfg import ../two.sqlite --plugin valve --table nothing
------- stderr -------
error: ../two.sqlite: there is no table `nothing`
help: table `a` has the columns name, value
help: table `b` has the columns Key, Value, at
help: table `options` has the columns option_name, option_value
help: say which with --table NAME, --key-column NAME and --value-column NAME
[exit 2]

$ valvecfg import ../two.sqlite --plugin valve --table options
------- stderr -------
error: ../two.sqlite: which columns of `options` are keys and values cannot be told
help: table `a` has the columns name, value
help: table `b` has the columns Key, Value, at
help: table `options` has the columns option_name, option_value
help: say which with --table NAME, --key-column NAME and --value-column NAME
[exit 2]

$ valvecfg import ../two.sqlite --plugin valve --table options --key-column option_name --value-column option_value
------- stderr -------
error: ../two.sqlite, row 2: `threshold` stands twice; it stands in row 1 already
help: mend the file; nothing was written
[exit 1]

$ valvecfg import ../two.sqlite --plugin valve --table A --fix
           setting             where                 value
converted  valve.mqtt.tls      ../two.sqlite, row 1  "on" -> true
taken      valve.threshold     ../two.sqlite, row 2  55
missing    valve.mqtt.ca_file
    takes a string, matching `^/`
------- stderr -------
nothing was written: 1 of 3 settings is unresolved
add what is missing to the file, or set it: `valvecfg set valve.mqtt.ca_file VALUE`
[exit 1]
"#]]
    );
    assert_eq!(beside(environment.folder()), before);
}

#[test]
fn a_database_is_read_as_it_stands_while_its_program_writes_it() {
    let environment = TestEnvironment::gateway();
    let writer = database(
        &environment,
        "live.sqlite",
        "PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0;
         CREATE TABLE settings (key TEXT PRIMARY KEY, value INTEGER);
         INSERT INTO settings VALUES ('threshold', 41);
         PRAGMA wal_checkpoint(TRUNCATE);
         UPDATE settings SET value = 42;
         BEGIN IMMEDIATE; UPDATE settings SET value = 43;",
    );
    let names = |environment: &TestEnvironment| beside(environment.folder()).into_keys().collect::<Vec<_>>();
    let before = names(&environment);
    assert_eq!(before, ["live.sqlite", "live.sqlite-shm", "live.sqlite-wal"]);
    environment.succeed(&["import", "../live.sqlite", "--plugin", "valve"]);
    assert_eq!(environment.succeed(&["get", "valve.threshold"]), "42\n");
    assert_eq!(names(&environment), before);
    writer.execute_batch("COMMIT").unwrap();
    environment.succeed(&["import", "../live.sqlite", "--plugin", "valve"]);
    assert_eq!(environment.succeed(&["get", "valve.threshold"]), "43\n");
    // A copy of the two files without the index: what stands in the log alone counts.
    for end in ["", "-wal"] {
        let file = |name: &str| environment.folder().join(format!("{name}.sqlite{end}"));
        std::fs::copy(file("live"), file("copy")).unwrap();
    }
    environment.succeed(&["set", "valve.threshold", "60"]);
    let before = beside(environment.folder());
    environment.succeed(&["import", "../copy.sqlite", "--plugin", "valve"]);
    assert_eq!(environment.succeed(&["get", "valve.threshold"]), "43\n");
    assert_eq!(beside(environment.folder()), before);
    // Closed in order, the log is gone, and none is made.
    drop(writer);
    assert!(!names(&environment).contains(&"live.sqlite-wal".to_owned()));
    environment.succeed(&["set", "valve.threshold", "60"]);
    let before = beside(environment.folder());
    environment.succeed(&["import", "../live.sqlite", "--plugin", "valve"]);
    assert_eq!(environment.succeed(&["get", "valve.threshold"]), "43\n");
    assert_eq!(beside(environment.folder()), before);
}

#[test]
fn a_database_with_a_journal_is_read_under_its_lock() {
    let environment = TestEnvironment::gateway();
    let writer = database(
        &environment,
        "old one.sqlite",
        "CREATE TABLE settings (id TEXT, value INTEGER); INSERT INTO settings VALUES ('threshold', 41);
         BEGIN IMMEDIATE; UPDATE settings SET value = 42;",
    );
    let screen = environment.run(&["import", "../old one.sqlite", "--plugin", "valve"]);
    assert_eq!(screen.code(), Some(0), "{screen}");
    assert_eq!(environment.succeed(&["get", "valve.threshold"]), "41\n");
    writer.execute_batch("COMMIT").unwrap();
}

#[test]
fn a_secret_is_sealed_and_not_shown_and_the_same_one_is_not_sealed_anew() {
    let environment = gateway_with(
        "settings.json",
        "{\"mqtt\": {\"password\": \"correct horse\", \"pasword\": \"correct horse\"}}",
    );
    environment.beside("good.json", "{\"mqtt\": {\"password\": \"correct horse\"}}");
    environment.beside("short.json", "{\"mqtt\": {\"password\": \"horse\"}}");
    let without = environment.screens(&["import ../good.json --plugin valve"]);
    environment.succeed(&["secret", "keygen"]);
    let screens = environment.screens(&[
        "import ../settings.json --plugin valve --json",
        "import ../short.json --plugin valve",
        "import ../good.json --plugin valve",
        "import ../good.json --plugin valve",
        "get valve.mqtt.password --reveal",
    ]);
    assert_screen!(
        format!("{without}\n\n{screens}"),
        str![[r#"
$ valvecfg import ../good.json --plugin valve
------- stderr -------
error: `valve.mqtt.password` is secret, and valvecfg.toml names no recipient to seal it for
help: `valvecfg secret keygen` makes a key for this machine; `valvecfg secret recipients add age1…` names another
[exit 3]

$ valvecfg import ../settings.json --plugin valve --json
{"revision":null,"changes":[],"files":[],"absorbed":null,"dry_run":false,"confirmation":null,"warnings":[],"deliveries":[],"settings":[{"key":"valve.mqtt.password","name":"mqtt.password","where":"../settings.json:1","state":"taken","found":"‹secret›","becomes":"‹secret›","reason":null,"suggestion":null},{"key":null,"name":"mqtt.pasword","where":"../settings.json:1","state":"unknown","found":null,"becomes":null,"reason":null,"suggestion":"valve.mqtt.password"}],"unresolved":1}
------- stderr -------
nothing was written: 1 of 2 settings is unresolved
rename what is unknown in the file, or leave it out: `--skip mqtt.pasword`
[exit 1]

$ valvecfg import ../short.json --plugin valve
         setting              where            value
refused  valve.mqtt.password  ../short.json:1  ‹secret›
    takes a string, at least 8 characters
------- stderr -------
nothing was written: 1 of 1 setting is unresolved
[exit 1]

$ valvecfg import ../good.json --plugin valve
       setting              where           value
taken  valve.mqtt.password  ../good.json:1  ‹secret›
saved as [rev 1]
------- stderr -------
nothing here tells valve; it takes effect after a restart of it

$ valvecfg import ../good.json --plugin valve
       setting              where           value
taken  valve.mqtt.password  ../good.json:1  ‹secret›
------- stderr -------
nothing to do: it is so already

$ valvecfg get valve.mqtt.password --reveal
correct horse
"#]]
    );
}

#[test]
fn what_is_required_and_has_a_default_is_given_it() {
    let environment = gateway_with("net.json", "{\"auth\": {\"user\": \"x\"}}");
    let schema = json!({"type": "object", "properties": {"auth": {"type": "object", "required": ["user", "method"],
        "properties": {"user": {"type": "string"}, "method": {"enum": ["plain", "scram"], "default": "scram"}}}}});
    environment.beside("schema.json", schema.to_string());
    environment.succeed(&["plugin", "add", "net", "--schema", "../schema.json"]);
    assert_screen!(
        environment.screens(&["import ../net.json --plugin net", "get net.auth.method"]),
        str![[r#"
$ valvecfg import ../net.json --plugin net
         setting          where          value
taken    net.auth.user    ../net.json:1  "x"
default  net.auth.method                 "scram"
saved as [rev 1]

$ valvecfg get net.auth.method
scram
"#]]
    );
}

#[test]
fn settings_of_an_earlier_version_are_imported_by_the_schema_in_force() {
    let environment = gateway_with("pump.json", "{\"close_above\": 70}");
    environment.beside(
        "1.json",
        r#"{"properties": {"schema_version": {"const": 1}, "threshold": {"type": "integer"}}}"#,
    );
    environment.beside(
        "2.json",
        r#"{"properties": {"schema_version": {"const": 2}, "close_above": {"type": "integer", "x-renamed-from": "threshold"}}}"#,
    );
    environment.beside("pump.toml", "schema_version = 1\nthreshold = 60 # percent\n");
    environment.succeed(&[
        "plugin",
        "add",
        "pump",
        "--schema",
        "../1.json",
        "--settings",
        "../pump.toml",
    ]);
    environment.succeed(&["plugin", "upgrade", "pump", "--schema", "../2.json"]);
    environment.edit(
        "valvecfg.toml",
        "[plugins.pump]\nschema-version = 1",
        "[plugins.pump]\nschema-version = 2",
    );
    environment.succeed(&["import", "../pump.json", "--plugin", "pump"]);
    let settings = String::from_utf8(environment.read("plugins/pump.toml")).unwrap();
    assert_eq!(settings, "schema_version = 2\nclose_above = 70 # percent\n");
}
