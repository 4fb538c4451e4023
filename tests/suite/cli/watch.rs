//! `valvecfg watch`, as people read it. What it does is tried in `crate::watch`.

use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

use rustix::process::{Pid, Signal, kill_process};
use snapbox::str;

use super::assert_screen;
use crate::environment::{TestEnvironment, VALVECFG};

/// What is printed while these edits are made, each once the lines before it are there.
fn screen(environment: &TestEnvironment, arguments: &[&str], edits: &[(&str, &dyn Fn())]) -> String {
    let mut command = environment.command(VALVECFG);
    command.args(arguments).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut text = format!("$ valvecfg {}\n", arguments.join(" "));
    for (awaited, edit) in edits {
        for line in lines.by_ref() {
            let line = line.unwrap();
            writeln!(text, "{line}").unwrap();
            if line.contains(awaited) {
                break;
            }
        }
        edit();
    }
    kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
    for line in lines {
        writeln!(text, "{}", line.unwrap()).unwrap();
    }
    assert!(child.wait().unwrap().success());
    let text = text.replace(environment.store().to_str().unwrap(), "[STORE]");
    super::number_revisions(text.trim_end())
}

#[test]
fn what_happens_is_told_in_lines_that_begin_with_the_time() {
    let environment = TestEnvironment::gateway();
    let valve = "plugins/valve.toml";
    let shown = screen(
        &environment,
        &["watch"],
        &[
            ("watching", &|| {
                environment.edit(valve, "threshold = 60", "threshold = 55");
            }),
            ("valve.threshold", &|| {
                environment.edit(valve, "threshold = 55", "threshold = 550");
            }),
            ("percent, default", &|| {
                environment.edit(valve, "threshold = 550", "threshold = 55 # why");
            }),
            ("is valid again", &|| {}),
        ],
    );
    assert_screen!(
        shown,
        str![[r#"
$ valvecfg watch
2025-12-01 00:00:00 +00:00  watching 3 plugins in [STORE]
2025-12-01 00:00:00 +00:00  recorded as [rev 1], edited by hand by Ines Duarte
  valve.threshold 60 -> 55
2025-12-01 00:00:00 +00:00  plugins/valve.toml is not valid; valve keeps its last good settings
error[VC101]: `threshold` must be at most 100
 --> plugins/valve.toml:7:13
  |
7 | threshold = 550       # percent; raised from 50 after the dry June
  |             ^^^ 550 is out of range
  |
  = note: 0 to 100 percent, default 60 (schemas/valve/1.schema.json#/properties/threshold)
2025-12-01 00:00:00 +00:00  recorded as [rev 2], edited by hand by Ines Duarte
  plugins/valve.toml
2025-12-01 00:00:00 +00:00  plugins/valve.toml is valid again
2025-12-01 00:00:00 +00:00  stopped
"#]]
    );
}

#[test]
fn what_is_put_back_is_told_with_where_the_rest_is() {
    let environment = TestEnvironment::gateway();
    let valve = "plugins/valve.toml";
    let shown = screen(
        &environment,
        &["watch", "--on-invalid", "restore"],
        &[
            ("watching", &|| {
                environment.edit(valve, "threshold = 60", "threshold = 550");
            }),
            ("percent, default", &|| {}),
        ],
    );
    assert_screen!(
        shown,
        str![[r#"
$ valvecfg watch --on-invalid restore
2025-12-01 00:00:00 +00:00  watching 3 plugins in [STORE]
2025-12-01 00:00:00 +00:00  plugins/valve.toml was not valid and was put back; what stood there is in plugins/valve.toml.rejected
error[VC101]: `threshold` must be at most 100
 --> plugins/valve.toml:7:13
  |
7 | threshold = 550       # percent; raised from 50 after the dry June
  |             ^^^ 550 is out of range
  |
  = note: 0 to 100 percent, default 60 (schemas/valve/1.schema.json#/properties/threshold)
2025-12-01 00:00:00 +00:00  stopped
"#]]
    );
}

#[test]
fn it_has_no_dry_run_and_needs_a_store() {
    let environment = TestEnvironment::gateway();
    let empty = TestEnvironment::empty();
    assert_screen!(
        [
            environment.screens(&["-n watch", "watch --on-invalid x"]),
            empty.screens(&["watch"])
        ]
        .join("\n\n"),
        str![[r#"
$ valvecfg -n watch
------- stderr -------
error: `watch` records what is edited by hand; it has no dry run
help: `valvecfg status` shows what was edited by hand
[exit 2]

$ valvecfg watch --on-invalid x
------- stderr -------
error: invalid value 'x' for '--on-invalid <WHAT>'
  [possible values: report, restore]

For more information, try '--help'.
[exit 2]

$ valvecfg watch
------- stderr -------
error: no store found: no valvecfg.toml in [FOLDER] or above, in [FOLDER]/home/config/valvecfg or in /etc/valvecfg
help: make one with `valvecfg init [FOLDER]`, or name one with -C DIR
[exit 3]
"#]]
    );
}
