//! `valvecfg describe`

use snapbox::str;

use super::assert_screen;
use crate::environment::TestEnvironment;

#[test]
fn everything_known_about_a_setting_is_said() {
    let environment = TestEnvironment::gateway();
    let screens = environment.screens(&[
        "describe valve.mode",
        "describe threshold",
        "describe heating.boiler.port",
        "describe 'valve.zones[0].flow'",
    ]);
    assert_screen!(
        screens,
        str![[r#"
$ valvecfg describe valve.mode
     setting  valve.mode
 description  Who decides: the controller, a person, or nobody.
        type  a string
     allowed  "auto", "manual" or "off"
     default  "auto"
       value  "auto"
 last change  valve.mode "auto" added by Ines Duarte, 2025-12-01 00:00:00 +00:00 ([rev 1], plugin add)

$ valvecfg describe threshold
     setting  valve.threshold
 description  Soil moisture below which a zone's valve opens.
        type  an integer
     allowed  0 to 100 percent
     default  60
       value  60
 last change  valve.threshold 60 added by Ines Duarte, 2025-12-01 00:00:00 +00:00 ([rev 1], plugin add)

$ valvecfg describe heating.boiler.port
     setting  heating.boiler.port
 description  TCP port of the network gateway.
        type  an integer
     allowed  1 to 65535
     default  502
       value  502 (the default)

$ valvecfg describe 'valve.zones[0].flow'
     setting  valve.zones[0].flow
 description  Flow with the valve fully open.
        type  a number
     allowed  more than 0, up to 60 l/min
       value  12.5
 last change  valve.zones[0].flow 12.5 added by Ines Duarte, 2025-12-01 00:00:00 +00:00 ([rev 1], plugin add)
"#]]
    );
}

#[test]
fn who_changed_it_last_is_said() {
    let environment = TestEnvironment::gateway();
    let screens = environment.screens(&[
        "set valve.threshold 55",
        "set valve.mode off",
        "describe threshold",
        "describe threshold --json",
        "describe valve.mqtt",
    ]);
    assert_screen!(
        screens,
        str![[r##"
$ valvecfg set valve.threshold 55
valve.threshold 60 -> 55
saved as [rev 1]

$ valvecfg set valve.mode off
valve.mode "auto" -> "off"
saved as [rev 2]

$ valvecfg describe threshold
     setting  valve.threshold
 description  Soil moisture below which a zone's valve opens.
        type  an integer
     allowed  0 to 100 percent
     default  60
       value  55
 last change  valve.threshold 60 -> 55 by Ines Duarte, 2025-12-01 00:00:00 +00:00 ([rev 1], set)

$ valvecfg describe threshold --json
{"key":"valve.threshold","value":55,"is_set":true,"annotation":{"kinds":["integer"],"title":"Opening threshold","description":"Soil moisture below which a zone's valve opens.","default":60,"minimum":0,"maximum":100,"exclusive_minimum":null,"exclusive_maximum":null,"multiple_of":null,"min_length":null,"max_length":null,"min_items":null,"max_items":null,"pattern":null,"format":null,"values":[],"unit":"percent","secret":false,"read_only":false,"apply":"hot","key":[],"renamed_from":[],"deprecated":false,"examples":[],"pointer":"#/properties/threshold"},"guessed":true,"last_change":{"id":"[rev 1]","parent":"[rev 3]","time":"2025-12-01T00:00:00+00:00","author":{"name":"Ines Duarte","email":"ines@gateway.example"},"message":"valve.threshold 60 -> 55","via":"set","key":"valve.threshold","before":60,"after":55}}

$ valvecfg describe valve.mqtt
     setting  valve.mqtt
 description  The broker that moisture readings come from and valve states go to.
        type  a table
       value  `valvecfg list valve.mqtt` shows what it holds
 last change  valve.mqtt.host "broker.gateway.example" added by Ines Duarte, 2025-12-01 00:00:00 +00:00 ([rev 3], plugin add)
"##]]
    );
}

#[test]
fn a_setting_outside_of_the_schema_is_described_too() {
    let environment = TestEnvironment::open_plugin();
    let screens = environment.screens(&["set any.x 5", "describe any.x"]);
    assert_screen!(
        screens,
        str![[r#"
$ valvecfg set any.x 5
any.x 5 added
saved as [rev 1]
------- stderr -------
no schema gives `any.x` a type; the value was read as a TOML literal

$ valvecfg describe any.x
     setting  any.x
        type  any: the schema does not declare it
       value  5
 last change  any.x 5 added by Ines Duarte, 2025-12-01 00:00:00 +00:00 ([rev 1], set)
"#]]
    );
}

#[test]
fn without_a_repository_the_rest_is_said() {
    let environment = TestEnvironment::gateway();
    std::fs::rename(environment.path(".git"), environment.folder().join("away")).unwrap();
    assert_screen!(
        environment.screens(&["describe valve.mode"]),
        str![[r#"
$ valvecfg describe valve.mode
     setting  valve.mode
 description  Who decides: the controller, a person, or nobody.
        type  a string
     allowed  "auto", "manual" or "off"
     default  "auto"
       value  "auto"
"#]]
    );
}

#[test]
fn an_unknown_setting_is_an_error() {
    let environment = TestEnvironment::gateway();
    let screens = environment.screens(&["describe nosuch", "describe heating.tagret"]);
    assert_screen!(
        screens,
        str![[r#"
$ valvecfg describe nosuch
------- stderr -------
error: no plugin has a setting `nosuch`
help: there are: heating, irrigation, valve
help: `valvecfg list` shows all settings
[exit 2]

$ valvecfg describe heating.tagret
------- stderr -------
error: `heating.tagret` is not set and has no default
help: a similar setting is `heating.target`
[exit 1]
"#]]
    );
}
