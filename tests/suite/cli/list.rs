//! `valvecfg list`

use snapbox::str;

use super::assert_screen;
use crate::environment::TestEnvironment;

#[test]
fn settings_stand_with_value_default_and_source() {
    let environment = TestEnvironment::gateway();
    let screens = environment.screens(&[
        "list heating.curve",
        "list valve.threshold",
        "list heating.boiler",
        "list valve.mqtt --json",
    ]);
    assert_screen!(
        screens,
        str![[r#"
$ valvecfg list heating.curve
key                                 value  default  source
heating.curve.slope                 0.35   0.6      plugins/heating.toml:10
heating.curve.shift                 -1     0        plugins/heating.toml:11
heating.curve.max_flow_temperature  42     45       plugins/heating.toml:12

$ valvecfg list valve.threshold
key              value  default  source
valve.threshold  60     60       plugins/valve.toml:7

$ valvecfg list heating.boiler
key                     value         default  source
heating.boiler.link     "tcp"                  plugins/heating.toml:15
heating.boiler.address  "192.0.2.17"           plugins/heating.toml:16
heating.boiler.unit     3             1        plugins/heating.toml:17
heating.boiler.baud     19200         19200    schema default
heating.boiler.port     502           502      schema default

$ valvecfg list valve.mqtt --json
{"key":"valve.mqtt.host","value":"broker.gateway.example","default":null,"origin":{"from":"file","file":"plugins/valve.toml","line":15,"column":1}}
{"key":"valve.mqtt.topic","value":"greenhouse/valve","default":"gateway/valve","origin":{"from":"file","file":"plugins/valve.toml","line":16,"column":1}}
{"key":"valve.mqtt.keep_alive","value":30,"default":60,"origin":{"from":"file","file":"plugins/valve.toml","line":17,"column":1}}
{"key":"valve.mqtt.port","value":1883,"default":1883,"origin":{"from":"default","schema":"schemas/valve/1.schema.json"}}
{"key":"valve.mqtt.client_id","value":"valve","default":"valve","origin":{"from":"default","schema":"schemas/valve/1.schema.json"}}
{"key":"valve.mqtt.tls","value":false,"default":false,"origin":{"from":"default","schema":"schemas/valve/1.schema.json"}}
"#]]
    );
}

#[test]
fn changed_leaves_out_what_is_as_the_default() {
    let environment = TestEnvironment::gateway();
    let screens = environment.screens(&["list heating.curve --changed", "list valve --changed"]);
    assert_screen!(
        screens,
        str![[r#"
$ valvecfg list heating.curve --changed
key                                 value  default  source
heating.curve.slope                 0.35   0.6      plugins/heating.toml:10
heating.curve.shift                 -1     0        plugins/heating.toml:11
heating.curve.max_flow_temperature  42     45       plugins/heating.toml:12

$ valvecfg list valve --changed
key                       value                     default          source
valve.schema_version      1                                          plugins/valve.toml:2
valve.poll_interval       15                        10               plugins/valve.toml:11
valve.mqtt.host           "broker.gateway.example"                   plugins/valve.toml:15
valve.mqtt.topic          "greenhouse/valve"        "gateway/valve"  plugins/valve.toml:16
valve.mqtt.keep_alive     30                        60               plugins/valve.toml:17
valve.zones[0].name       "tomatoes"                                 plugins/valve.toml:21
valve.zones[0].pin        17                                         plugins/valve.toml:22
valve.zones[0].flow       12.5                                       plugins/valve.toml:23
valve.zones[1].name       "cucumbers"                                plugins/valve.toml:26
valve.zones[1].pin        27                                         plugins/valve.toml:27
valve.zones[1].flow       9.0                                        plugins/valve.toml:28
valve.zones[1].threshold  70                                         plugins/valve.toml:29
valve.zones[2].name       "seedlings"                                plugins/valve.toml:32
valve.zones[2].pin        22                                         plugins/valve.toml:33
valve.zones[2].flow       2.5                                        plugins/valve.toml:34
valve.zones[2].max_open   5                         30               plugins/valve.toml:35
valve.zones[2].inverted   true                      false            plugins/valve.toml:36
"#]]
    );
}

#[test]
fn a_store_without_plugins_has_no_settings() {
    let environment = TestEnvironment::new_store();
    let screens = environment.screens(&["list"]);
    assert_screen!(
        screens,
        str![[r#"
$ valvecfg list
------- stderr -------
no settings
"#]]
    );
}

#[test]
fn a_prefix_that_means_nothing_is_a_mistake() {
    let environment = TestEnvironment::gateway();
    let screens = environment.screens(&["list nosuch", "list valve.", "list valve.nosuch"]);
    assert_screen!(
        screens,
        str![[r#"
$ valvecfg list nosuch
------- stderr -------
error: no plugin has a setting `nosuch`
help: there are: heating, irrigation, valve
help: `valvecfg list` shows all settings
[exit 2]

$ valvecfg list valve.
------- stderr -------
error: `valve.` is no key: at character 7, expected a key
help: a key is written like valve.zones[0]."drip line".flow
[exit 2]

$ valvecfg list valve.nosuch
------- stderr -------
error: `valve.nosuch` is not set and has no default
help: `valvecfg list valve` shows the settings there are
[exit 1]
"#]]
    );
}
