//! `valvecfg add` and `valvecfg remove`

use snapbox::str;

use super::assert_screen;
use crate::environment::TestEnvironment;

#[test]
fn an_item_is_added_once_and_removed_by_its_value() {
    let environment = TestEnvironment::gateway();
    let screens = environment.screens(&[
        "add heating.rooms[0].loops 9",
        "add heating.rooms[0].loops 9",
        "remove heating.rooms[0].loops 9",
        r#"add valve.zones '{ name = "beds", pin = 5, flow = 2.5 }'"#,
        r#"remove valve.zones '{ name = "beds", pin = 5, flow = 2.5 }' -n"#,
    ]);
    assert_screen!(
        screens,
        str![[r#"
$ valvecfg add heating.rooms[0].loops 9
heating.rooms[0].loops [1, 2, 3] -> [1, 2, 3, 9]
saved as [rev 1]

$ valvecfg add heating.rooms[0].loops 9
------- stderr -------
nothing to do: it is so already

$ valvecfg remove heating.rooms[0].loops 9
heating.rooms[0].loops [1, 2, 3, 9] -> [1, 2, 3]
saved as [rev 2]

$ valvecfg add valve.zones '{ name = "beds", pin = 5, flow = 2.5 }'
valve.zones[3].name "beds" added
valve.zones[3].pin 5 added
valve.zones[3].flow 2.5 added
saved as [rev 3]

$ valvecfg remove valve.zones '{ name = "beds", pin = 5, flow = 2.5 }' -n
valve.zones[3].name "beds" removed
valve.zones[3].pin 5 removed
valve.zones[3].flow 2.5 removed
------- stderr -------
nothing was written: this was a dry run
"#]]
    );
}

#[test]
fn each_mistake_is_told() {
    let environment = TestEnvironment::gateway();
    let screens = environment.screens(&[
        "add valve.threshold 5",
        "add heating.rooms[0].loops x",
        "remove heating.rooms[0].loops 99",
        "remove valve.threshold 5",
        "add nosuch 5",
        "add valve 5",
        "add valve.zones 5",
        "remove heating.rooms[0].loops",
    ]);
    assert_screen!(
        screens,
        str![[r#"
$ valvecfg add valve.threshold 5
------- stderr -------
error: `valve.threshold` is no array
help: `valvecfg set valve.threshold VALUE` replaces a value
[exit 1]

$ valvecfg add heating.rooms[0].loops x
------- stderr -------
error: `heating.rooms[0].loops` takes an integer, and `x` is none
help: `heating.rooms[0].loops`: 1 to 32; nothing was written
[exit 1]

$ valvecfg remove heating.rooms[0].loops 99
------- stderr -------
error: `heating.rooms[0].loops` does not hold 99
[exit 1]

$ valvecfg remove valve.threshold 5
------- stderr -------
error: `valve.threshold` is no array
help: `valvecfg set valve.threshold VALUE` replaces a value
[exit 1]

$ valvecfg add nosuch 5
------- stderr -------
error: no plugin has a setting `nosuch`
help: there are: heating, irrigation, valve
help: `valvecfg list` shows all settings
[exit 2]

$ valvecfg add valve 5
------- stderr -------
error: `valve` names a plugin, not a setting
help: `valvecfg list valve` shows its settings; `valvecfg apply` changes several at once
[exit 2]

$ valvecfg add valve.zones 5
------- stderr -------
error: `valve.zones` takes a table, and `5` is none
help: nothing was written
[exit 1]

$ valvecfg remove heating.rooms[0].loops
------- stderr -------
error: `remove` takes an array and the value of an item
help: valvecfg remove heating.rooms[0].loops VALUE; `valvecfg unset heating.rooms[0].loops` takes all of it away
[exit 2]
"#]]
    );
}

#[test]
fn an_item_by_its_place_is_for_unset() {
    let environment = TestEnvironment::gateway();
    assert_screen!(
        environment.screens(&[
            "remove 'valve.zones[2]'",
            "remove valve.zones",
            "remove 'valve.zones[2]' beds",
        ]),
        str![[r#"
$ valvecfg remove 'valve.zones[2]'
------- stderr -------
error: `remove` takes an array and the value of an item
help: by its place it is taken away with `valvecfg unset 'valve.zones[2]'`
[exit 2]

$ valvecfg remove valve.zones
------- stderr -------
error: `remove` takes an array and the value of an item
help: valvecfg remove valve.zones VALUE; `valvecfg unset valve.zones` takes all of it away
[exit 2]

$ valvecfg remove 'valve.zones[2]' beds
------- stderr -------
error: `valve.zones[2]` is no array
help: `valvecfg unset 'valve.zones[2]'` takes the item away; `valvecfg set 'valve.zones[2]' VALUE` replaces it
[exit 1]
"#]]
    );
}
