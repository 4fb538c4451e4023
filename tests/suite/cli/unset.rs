//! `valvecfg unset`

use snapbox::str;

use super::assert_screen;
use crate::environment::TestEnvironment;

#[test]
fn a_setting_goes_back_to_its_default_which_is_named() {
    let environment = TestEnvironment::gateway();
    let screens = environment.screens(&[
        "unset valve.hysteresis",
        "unset valve.hysteresis",
        "unset valve.poll_interval -n",
        "unset valve.poll_interval valve.mqtt.keep_alive --json",
        "get valve.poll_interval",
    ]);
    assert_screen!(
        screens,
        str![[r#"
$ valvecfg unset valve.hysteresis
valve.hysteresis 2.5 removed
saved as [rev 1]
------- stderr -------
`valve.hysteresis` is its default: 2.5

$ valvecfg unset valve.hysteresis
------- stderr -------
nothing to do: it is so already
`valve.hysteresis` is its default: 2.5

$ valvecfg unset valve.poll_interval -n
valve.poll_interval 15 removed
------- stderr -------
nothing was written: this was a dry run
`valve.poll_interval` would be its default: 10

$ valvecfg unset valve.poll_interval valve.mqtt.keep_alive --json
{"revision":"[rev 2]","changes":[{"key":"valve.poll_interval","before":15,"after":null},{"key":"valve.mqtt.keep_alive","before":30,"after":null}],"files":[],"absorbed":null,"dry_run":false,"confirmation":null,"warnings":[],"deliveries":[{"plugin":"valve","revision":"[rev 2]","state":"untold","reason":null,"since":null,"told":null,"running":null,"need":"restart","restart":"valve","ways":[]}]}
------- stderr -------
nothing here tells valve; it takes effect after a restart of it
`valve.poll_interval` is its default: 10
`valve.mqtt.keep_alive` is its default: 60

$ valvecfg get valve.poll_interval
10
"#]]
    );
}

#[test]
fn a_required_setting_cannot_be_absent() {
    let environment = TestEnvironment::gateway();
    let screens = environment.screens(&["unset valve.threshold", "unset valve.mqtt.host"]);
    assert_screen!(
        screens,
        str![[r#"
$ valvecfg unset valve.threshold
------- stderr -------
error[VC103]: `threshold` is required
 --> plugins/valve.toml:1:1
  |
1 | #:schema ../schemas/valve/1.schema.json
  | ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ `threshold` is missing here
  |
  = note: Opening threshold: an integer, 0 to 100 percent, default 60 (schemas/valve/1.schema.json#/properties/threshold)
help: nothing was written
help: `valvecfg set valve.threshold 60` gives it its default
[exit 1]

$ valvecfg unset valve.mqtt.host
------- stderr -------
error[VC103]: `mqtt.host` is required
  --> plugins/valve.toml:14:1
   |
14 | [mqtt]
   | ^^^^^^ `host` is missing here
   |
   = note: a string, format hostname (schemas/valve/1.schema.json#/$defs/mqtt/properties/host)
help: nothing was written
[exit 1]
"#]]
    );
}

#[test]
fn what_is_no_setting_is_an_error() {
    let environment = TestEnvironment::gateway();
    let screens = environment.screens(&["unset valve", "unset nosuch", "unset valve.nosuch", "unset"]);
    assert_screen!(
        screens,
        str![[r#"
$ valvecfg unset valve
------- stderr -------
error: `valve` names a plugin, not a setting
help: `valvecfg list valve` shows its settings; `valvecfg apply` changes several at once
[exit 2]

$ valvecfg unset nosuch
------- stderr -------
error: no plugin has a setting `nosuch`
help: there are: heating, irrigation, valve
help: `valvecfg list` shows all settings
[exit 2]

$ valvecfg unset valve.nosuch
------- stderr -------
error: `valve.nosuch` is not set
[exit 1]

$ valvecfg unset
------- stderr -------
error: the following required arguments were not provided:
  <KEY>...

Usage: valvecfg unset <KEY>...

For more information, try '--help'.
[exit 2]
"#]]
    );
}

#[test]
fn where_an_item_goes_no_default_comes_into_force() {
    let environment = TestEnvironment::gateway();
    let screens = environment.screens(&["unset 'valve.zones[2]'"]);
    assert_screen!(
        screens,
        str![[r#"
$ valvecfg unset 'valve.zones[2]'
valve.zones[2].name "seedlings" removed
valve.zones[2].pin 22 removed
valve.zones[2].flow 2.5 removed
valve.zones[2].max_open 5 removed
valve.zones[2].inverted true removed
saved as [rev 1]
"#]]
    );
}

#[test]
fn a_slip_in_the_name_is_answered_with_the_name_that_was_meant() {
    let environment = TestEnvironment::gateway();
    assert_screen!(
        environment.screens(&["unset valve.hysteresys"]),
        str![[r#"
$ valvecfg unset valve.hysteresys
------- stderr -------
error: `valve.hysteresys` is not set
help: a similar setting is `valve.hysteresis`
[exit 1]
"#]]
    );
}
