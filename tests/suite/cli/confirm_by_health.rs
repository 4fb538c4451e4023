//! Changes that their plugins confirm: `--confirm-by health`, and `confirm = "health"` in the manifest
//!
//! In most of these a `watch` seems to run, so that no guard comes in between. What guards do is among the faults.

use snapbox::str;

use super::assert_screen;
use super::confirm::timeless;
use super::delivery::told_by;
use crate::confirmation::watched;
use crate::environment::TestEnvironment;

const WELL: &str = "health = { command = [\"true\"] }";

#[test]
fn the_answer_and_status_say_what_has_to_be_proved() {
    let environment = told_by("true", WELL);
    let _watch = watched(&environment);
    let screens = environment.screens(&[
        "set valve.threshold 55 --confirm-within 10m --confirm-by health",
        "status",
        "confirm --extend 5m",
        "confirm",
        "set valve.threshold 50 --confirm-within 10m --confirm-by health --bake 1m30s --json",
        "rollback --yes",
    ]);
    assert_screen!(
        timeless(&screens),
        str![[r#"
$ valvecfg set valve.threshold 55 --confirm-within 10m --confirm-by health
valve.threshold 60 -> 55
saved as [rev 1]
------- stderr -------
valve runs it
it stays once valve runs it and has been well for 30s, or with `valvecfg confirm`; in 10m it is taken back
`valvecfg watch` sees to that; after a reboot it does again, or the next valvecfg command

$ valvecfg status
store     [STORE]
revision  [rev 1]  2025-12-01 00:00:00 +00:00  Ines Duarte
          valve.threshold 60 -> 55
waiting   [rev 1] by Ines Duarte, taken back in 10m unless valve runs it and has been well for 30s, or `valvecfg confirm` comes
          not proved yet
          `valvecfg watch` sees to that; after a reboot it does again, or the next valvecfg command
heating     as recorded
irrigation  as recorded
valve       as recorded; runs [rev 1]

$ valvecfg confirm --extend 5m
[rev 1] is taken back in 15m

$ valvecfg confirm
[rev 1] is confirmed

$ valvecfg set valve.threshold 50 --confirm-within 10m --confirm-by health --bake 1m30s --json
{"revision":"[rev 2]","changes":[{"key":"valve.threshold","before":55,"after":50}],"files":[],"absorbed":null,"dry_run":false,"confirmation":{"revision":"[rev 2]","author":"Ines Duarte","until":[..],"seconds_left":[..],"carrier":"watch","by":"health","bake":{"plugins":["valve"],"seconds":90,"since":null},"changed_since":[]},"warnings":[],"deliveries":[{"plugin":"valve","revision":"[rev 2]","state":"applied","reason":null,"since":null,"told":"[rev 2]","running":"[rev 2]","need":"hot","restart":null,"ways":["`../tell`"]}]}
------- stderr -------
valve runs it
it stays once valve runs it and has been well for 1m30s, or with `valvecfg confirm`; in 10m it is taken back
`valvecfg watch` sees to that; after a reboot it does again, or the next valvecfg command

$ valvecfg rollback --yes
valve.threshold 50 -> 55
saved as [rev 3]
------- stderr -------
[rev 2] is taken back, and waits for confirmation no more
valve runs it
"#]]
    );
}

#[test]
fn a_plugin_may_say_in_the_manifest_that_health_confirms_its_changes() {
    let environment = told_by("true", "confirm = \"health\"");
    let _watch = watched(&environment);
    let screens = environment.screens(&[
        "set valve.threshold 55 --confirm-within 10m --bake 5s",
        "confirm",
        "set valve.threshold 54 --confirm-within 10m --confirm-by person",
        "confirm",
        "set valve.threshold=53 heating.target=21 --confirm-within 10m",
        "confirm",
        "set heating.target 22 --confirm-within 10m",
        "confirm",
    ]);
    assert_screen!(
        screens,
        str![[r#"
$ valvecfg set valve.threshold 55 --confirm-within 10m --bake 5s
valve.threshold 60 -> 55
saved as [rev 1]
------- stderr -------
valve runs it
it stays once valve runs it and has been well for 5s, or with `valvecfg confirm`; in 10m it is taken back
`valvecfg watch` sees to that; after a reboot it does again, or the next valvecfg command

$ valvecfg confirm
[rev 1] is confirmed

$ valvecfg set valve.threshold 54 --confirm-within 10m --confirm-by person
valve.threshold 55 -> 54
saved as [rev 2]
------- stderr -------
valve runs it
`valvecfg confirm` keeps it; in 10m it is taken back
`valvecfg watch` sees to that; after a reboot it does again, or the next valvecfg command

$ valvecfg confirm
[rev 2] is confirmed

$ valvecfg set valve.threshold=53 heating.target=21 --confirm-within 10m
heating.target 20.5 -> 21.0
valve.threshold 54 -> 53
saved as [rev 3]
------- stderr -------
valve runs it
it stays once valve runs it and has been well for 30s, or with `valvecfg confirm`; in 10m it is taken back
`valvecfg watch` sees to that; after a reboot it does again, or the next valvecfg command

$ valvecfg confirm
[rev 3] is confirmed

$ valvecfg set heating.target 22 --confirm-within 10m
heating.target 21.0 -> 22.0
saved as [rev 4]
------- stderr -------
`valvecfg confirm` keeps it; in 10m it is taken back
`valvecfg watch` sees to that; after a reboot it does again, or the next valvecfg command

$ valvecfg confirm
[rev 4] is confirmed
"#]]
    );
    environment.write("valvecfg.local.toml", "[plugins.valve]\nconfirm = \"person\"\n");
    assert_screen!(
        environment.screens(&["set valve.threshold 52 --confirm-within 10m", "confirm"]),
        str![[r#"
$ valvecfg set valve.threshold 52 --confirm-within 10m
valve.threshold 53 -> 52
saved as [rev 1]
------- stderr -------
valve runs it
`valvecfg confirm` keeps it; in 10m it is taken back
`valvecfg watch` sees to that; after a reboot it does again, or the next valvecfg command

$ valvecfg confirm
[rev 1] is confirmed
"#]]
    );
}

#[test]
fn what_cannot_be_proved_is_refused() {
    let environment = TestEnvironment::gateway();
    environment.edit(
        "valvecfg.toml",
        "[plugins.valve]",
        "[plugins.valve]\nnotify = [{ signal = \"SIGHUP\", pid-file = \"/no-such-folder/pid\" }]",
    );
    environment.edit(
        "valvecfg.toml",
        "[plugins.heating]",
        "[plugins.heating]\nacknowledges = true",
    );
    environment.succeed(&["commit"]);
    let revisions = environment.revisions();
    let screens = environment.screens(&[
        "set valve.threshold 55 --confirm-within 10m --confirm-by health",
        "set valve.threshold=55 heating.target=21 --confirm-within 10m --confirm-by health --dry-run",
        "set irrigation.max_flow 30 --confirm-within 10m --confirm-by health",
        "set heating.target 21 --confirm-within 30s --confirm-by health",
        "set heating.target 21 --confirm-within 10m --confirm-by health --bake 10m",
        "set heating.target 21 --confirm-within 10m --bake 5s",
        "set heating.target 21 --confirm-by health",
        "set heating.target 21 --bake 5s",
        "set heating.target 21 --confirm-within 10m --confirm-by watch",
        "confirm",
    ]);
    assert_screen!(
        screens,
        str![[r#"
$ valvecfg set valve.threshold 55 --confirm-within 10m --confirm-by health
------- stderr -------
error: `valve` cannot prove that it runs this change: nothing says how it is, and it never answers
help: nothing was written; give it `health`, `acknowledges = true` or a `command` in valvecfg.toml, or confirm the change yourself with `--confirm-by person`
[exit 2]

$ valvecfg set valve.threshold=55 heating.target=21 --confirm-within 10m --confirm-by health --dry-run
------- stderr -------
error: `valve` cannot prove that it runs this change: nothing says how it is, and it never answers
help: nothing was written; give it `health`, `acknowledges = true` or a `command` in valvecfg.toml, or confirm the change yourself with `--confirm-by person`
[exit 2]

$ valvecfg set irrigation.max_flow 30 --confirm-within 10m --confirm-by health
------- stderr -------
error: no plugin is told of this change that could prove it
help: nothing was written; leave out `--confirm-by health` to confirm it yourself
[exit 2]

$ valvecfg set heating.target 21 --confirm-within 30s --confirm-by health
------- stderr -------
error: a change that has to be confirmed within 30s cannot be watched for 30s before that
help: nothing was written; pass a longer `--confirm-within`, or a shorter `--bake`
[exit 2]

$ valvecfg set heating.target 21 --confirm-within 10m --confirm-by health --bake 10m
------- stderr -------
error: a change that has to be confirmed within 10m cannot be watched for 10m before that
help: nothing was written; pass a longer `--confirm-within`, or a shorter `--bake`
[exit 2]

$ valvecfg set heating.target 21 --confirm-within 10m --bake 5s
------- stderr -------
error: a person confirms this change, and nobody looks how long its plugins are well
help: nothing was written; `--bake` is for `--confirm-by health`
[exit 2]

$ valvecfg set heating.target 21 --confirm-by health
------- stderr -------
error: the following required arguments were not provided:
  --confirm-within <TIME>

Usage: valvecfg set --confirm-within <TIME> --confirm-by <WHO> <KEY VALUE|KEY=VALUE>...

For more information, try '--help'.
[exit 2]

$ valvecfg set heating.target 21 --bake 5s
------- stderr -------
error: the following required arguments were not provided:
  --confirm-within <TIME>

Usage: valvecfg set --confirm-within <TIME> --bake <TIME> <KEY VALUE|KEY=VALUE>...

For more information, try '--help'.
[exit 2]

$ valvecfg set heating.target 21 --confirm-within 10m --confirm-by watch
------- stderr -------
error: invalid value 'watch' for '--confirm-by <WHO>'
  [possible values: person, health]

  tip: a similar value exists: 'health'

For more information, try '--help'.
[exit 2]

$ valvecfg confirm
------- stderr -------
error: nothing waits for confirmation
[exit 1]
"#]]
    );
    assert_eq!(environment.revisions(), revisions);
}

#[test]
fn a_refusal_says_that_the_change_goes_back_by_itself() {
    let environment = told_by("echo pump 2 does not answer >&2; exit 1", "");
    let _watch = watched(&environment);
    assert_screen!(
        environment.screens(&[
            "set valve.threshold 55 --confirm-within 10m --confirm-by health",
            "status",
        ]),
        str![[r#"
$ valvecfg set valve.threshold 55 --confirm-within 10m --confirm-by health
valve.threshold 60 -> 55
saved as [rev 1]
------- stderr -------
error: valve refused it: pump 2 does not answer
it is taken back at once
`valvecfg watch` sees to that; after a reboot it does again, or the next valvecfg command
[exit 7]

$ valvecfg status
store     [STORE]
revision  [rev 1]  2025-12-01 00:00:00 +00:00  Ines Duarte
          valve.threshold 60 -> 55
waiting   [rev 1] by Ines Duarte, taken back in 10m unless valve runs it and has been well for 30s, or `valvecfg confirm` comes
          not proved yet
          `valvecfg watch` sees to that; after a reboot it does again, or the next valvecfg command
heating     as recorded
irrigation  as recorded
valve       as recorded; refused [rev 1]: pump 2 does not answer
"#]]
    );
}
