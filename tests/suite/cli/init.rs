//! `valvecfg init`

use snapbox::str;

use super::assert_screen;
use crate::environment::TestEnvironment;

#[test]
fn a_store_is_made_in_a_new_folder() {
    let environment = TestEnvironment::empty();
    assert_screen!(
        environment.screens(&[
            "init store -n",
            "init store",
            "init",
            "init -n",
            "status",
            "plugin list"
        ]),
        str![[r#"
$ valvecfg init store -n
would make a store in store
------- stderr -------
nothing was written: this was a dry run

$ valvecfg init store
made a store in [STORE] (revision [rev 1])
------- stderr -------
next: `valvecfg plugin add NAME --schema FILE`

$ valvecfg init
------- stderr -------
nothing to do: [STORE] is a store already

$ valvecfg init -n
------- stderr -------
nothing to do: [STORE] is a store already

$ valvecfg status
store     [STORE]
revision  [rev 1]  2025-12-01 00:00:00 +00:00  Ines Duarte
          new store

$ valvecfg plugin list
------- stderr -------
no plugins yet; `valvecfg plugin add NAME --schema FILE` adds one
"#]]
    );
    assert_eq!(environment.git_status(), "");
    assert_screen!(environment.git_succeed(&["fsck", "--strict"]), str![]);
}

#[test]
fn files_that_are_there_are_kept_and_recorded() {
    let gateway = TestEnvironment::gateway();
    std::fs::remove_dir_all(gateway.path(".git")).unwrap();
    gateway.write("notes.txt", "mine\n");
    let manifest = gateway.read("valvecfg.toml");
    assert_screen!(
        gateway.screens(&["status", "init", "status", "history --json"]),
        str![[r#"
$ valvecfg status
store     [STORE]
revision  none
heating     not recorded yet
irrigation  not recorded yet
valve       not recorded yet
error: [STORE]/.git is no git repository of its own
help: nothing is recorded until that is mended: `valvecfg init`

$ valvecfg init
made a store in [STORE] (revision [rev 1])
------- stderr -------
next: `valvecfg plugin add NAME --schema FILE`

$ valvecfg status
store     [STORE]
revision  [rev 1]  2025-12-01 00:00:00 +00:00  Ines Duarte
          new store
heating     as recorded
irrigation  as recorded
valve       as recorded

$ valvecfg history --json
{"id":"[rev 1]","parent":null,"time":"2025-12-01T00:00:00+00:00","author":{"name":"Ines Duarte","email":"ines@gateway.example"},"message":"new store","via":"init","changes":[{"key":"heating.target","before":null,"after":20.5},{"key":"heating.setback","before":null,"after":2.5},{"key":"heating.frost_guard","before":null,"after":7.0},{"key":"heating.curve.slope","before":null,"after":0.35},{"key":"heating.curve.shift","before":null,"after":-1},{"key":"heating.curve.max_flow_temperature","before":null,"after":42},{"key":"heating.boiler.link","before":null,"after":"tcp"},{"key":"heating.boiler.address","before":null,"after":"192.0.2.17"},{"key":"heating.boiler.unit","before":null,"after":3},{"key":"heating.hot_water.target","before":null,"after":52},{"key":"heating.hot_water.legionella.enabled","before":null,"after":true},{"key":"heating.hot_water.legionella.day","before":null,"after":"sun"},{"key":"heating.rooms[0].id","before":null,"after":"living"},{"key":"heating.rooms[0].name","before":null,"after":"Living room"},{"key":"heating.rooms[0].loops","before":null,"after":[1,2,3]},{"key":"heating.rooms[0].day.from","before":null,"after":"06:30"},{"key":"heating.rooms[0].day.to","before":null,"after":"22:30"},{"key":"heating.rooms[1].id","before":null,"after":"bath"},{"key":"heating.rooms[1].name","before":null,"after":"Bath"},{"key":"heating.rooms[1].loops","before":null,"after":[4]},{"key":"heating.rooms[1].target","before":null,"after":23.0},{"key":"heating.rooms[1].day.from","before":null,"after":"05:45"},{"key":"heating.rooms[1].day.to","before":null,"after":"09:00"},{"key":"heating.rooms[2].id","before":null,"after":"study"},{"key":"heating.rooms[2].name","before":null,"after":"Ines' study"},{"key":"heating.rooms[2].loops","before":null,"after":[5,6]},{"key":"heating.rooms[2].offset","before":null,"after":-0.8},{"key":"irrigation.schema_version","before":null,"after":1},{"key":"irrigation.enabled","before":null,"after":true},{"key":"irrigation.budget","before":null,"after":90},{"key":"irrigation.max_flow","before":null,"after":32.0},{"key":"irrigation.site.latitude","before":null,"after":48.137},{"key":"irrigation.site.longitude","before":null,"after":11.575},{"key":"irrigation.site.elevation","before":null,"after":520},{"key":"irrigation.site.season.first","before":null,"after":"04-01"},{"key":"irrigation.site.season.last","before":null,"after":"10-15"},{"key":"irrigation.weather.source","before":null,"after":"station"},{"key":"irrigation.weather.station","before":null,"after":"http://192.0.2.40/readings.json"},{"key":"irrigation.weather.refresh","before":null,"after":30},{"key":"irrigation.weather.skip_above","before":null,"after":5.0},{"key":"irrigation.beds[0].name","before":null,"after":"front-lawn"},{"key":"irrigation.beds[0].area","before":null,"after":140.0},{"key":"irrigation.beds[0].emitter","before":null,"after":"rotor"},{"key":"irrigation.beds[0].flow","before":null,"after":18.0},{"key":"irrigation.beds[0].soil","before":null,"after":"clay"},{"key":"irrigation.beds[1].name","before":null,"after":"herbs"},{"key":"irrigation.beds[1].area","before":null,"after":6.5},{"key":"irrigation.beds[1].emitter","before":null,"after":"drip"},{"key":"irrigation.beds[1].flow","before":null,"after":1.8},{"key":"irrigation.beds[1].crop","before":null,"after":0.6},{"key":"irrigation.beds[1].labels.planted","before":null,"after":"2025"},{"key":"irrigation.beds[1].labels.gardener","before":null,"after":"Ines"},{"key":"irrigation.beds[2].name","before":null,"after":"hedge"},{"key":"irrigation.beds[2].area","before":null,"after":35.0},{"key":"irrigation.beds[2].emitter","before":null,"after":"drip"},{"key":"irrigation.beds[2].flow","before":null,"after":7.0},{"key":"irrigation.beds[2].crop","before":null,"after":0.8},{"key":"irrigation.programs[0].name","before":null,"after":"lawn"},{"key":"irrigation.programs[0].beds","before":null,"after":["front-lawn"]},{"key":"irrigation.programs[0].start.event","before":null,"after":"sunrise"},{"key":"irrigation.programs[0].start.offset","before":null,"after":-45},{"key":"irrigation.programs[0].days","before":null,"after":["mon","wed","fri"]},{"key":"irrigation.programs[1].name","before":null,"after":"drip"},{"key":"irrigation.programs[1].beds","before":null,"after":["herbs","hedge"]},{"key":"irrigation.programs[1].start","before":null,"after":"21:30"},{"key":"valve.schema_version","before":null,"after":1},{"key":"valve.mode","before":null,"after":"auto"},{"key":"valve.threshold","before":null,"after":60},{"key":"valve.hysteresis","before":null,"after":2.5},{"key":"valve.poll_interval","before":null,"after":15},{"key":"valve.fail_safe","before":null,"after":"closed"},{"key":"valve.mqtt.host","before":null,"after":"broker.gateway.example"},{"key":"valve.mqtt.topic","before":null,"after":"greenhouse/valve"},{"key":"valve.mqtt.keep_alive","before":null,"after":30},{"key":"valve.zones[0].name","before":null,"after":"tomatoes"},{"key":"valve.zones[0].pin","before":null,"after":17},{"key":"valve.zones[0].flow","before":null,"after":12.5},{"key":"valve.zones[1].name","before":null,"after":"cucumbers"},{"key":"valve.zones[1].pin","before":null,"after":27},{"key":"valve.zones[1].flow","before":null,"after":9.0},{"key":"valve.zones[1].threshold","before":null,"after":70},{"key":"valve.zones[2].name","before":null,"after":"seedlings"},{"key":"valve.zones[2].pin","before":null,"after":22},{"key":"valve.zones[2].flow","before":null,"after":2.5},{"key":"valve.zones[2].max_open","before":null,"after":5},{"key":"valve.zones[2].inverted","before":null,"after":true}],"files":["plugins/heating.toml","plugins/irrigation.toml","plugins/valve.toml","schemas/heating/1.schema.json","schemas/irrigation/1.schema.json","schemas/valve/1.schema.json","schemas/valvecfg.schema.json","valvecfg.toml"]}
"#]]
    );
    assert_eq!(gateway.read("valvecfg.toml"), manifest);
    assert_screen!(
        gateway.git_status(),
        str![[r#"
?? notes.txt

"#]]
    );
}

#[test]
fn what_is_not_valid_is_not_recorded() {
    let gateway = TestEnvironment::gateway();
    std::fs::remove_dir_all(gateway.path(".git")).unwrap();
    gateway.edit("plugins/valve.toml", "threshold = 60", "threshold = 600");
    assert_screen!(
        gateway.screens(&["init"]),
        str![[r#"
$ valvecfg init
------- stderr -------
error[VC101]: `threshold` must be at most 100
 --> plugins/valve.toml:7:13
  |
7 | threshold = 600       # percent; raised from 50 after the dry June
  |             ^^^ 600 is out of range
  |
  = note: 0 to 100 percent, default 60 (schemas/valve/1.schema.json#/properties/threshold)
help: nothing was written; try `valvecfg set valve.threshold 100`
[exit 1]
"#]]
    );
    assert!(!gateway.path(".git").exists());
}

#[test]
fn a_repository_of_somebody_else_is_left_alone() {
    let environment = TestEnvironment::empty();
    environment.git_succeed(&["init", "-q"]);
    assert_screen!(
        environment.screens(&["init", "init -n", "init /proc/nosuch"]),
        str![[r#"
$ valvecfg init
------- stderr -------
error: [FOLDER] has a git repository already; a store keeps its history in one of its own
help: choose a folder of its own: `valvecfg init DIR`
[exit 1]

$ valvecfg init -n
------- stderr -------
error: [FOLDER] has a git repository already; a store keeps its history in one of its own
help: choose a folder of its own: `valvecfg init DIR`
[exit 1]

$ valvecfg init /proc/nosuch
------- stderr -------
error: cannot make the folder /proc/nosuch: No such file or directory (os error 2)
[exit 3]
"#]]
    );
}

#[test]
fn a_repository_that_never_recorded_a_manifest_is_somebody_elses_too() {
    let environment = TestEnvironment::empty();
    environment.beside("valvecfg.toml", "");
    environment.git_succeed(&["init", "-q", "-b", "main"]);
    let unborn = environment.screens(&["init"]);
    environment.git_succeed(&["commit", "-q", "--allow-empty", "-m", "theirs"]);
    let other = environment.screens(&["init"]);
    assert_screen!(
        [unborn, other].join("\n\n"),
        str![[r#"
$ valvecfg init
------- stderr -------
error: [FOLDER] has a git repository already; a store keeps its history in one of its own
help: choose a folder of its own: `valvecfg init DIR`
[exit 1]

$ valvecfg init
------- stderr -------
error: [FOLDER] has a git repository already; a store keeps its history in one of its own
help: choose a folder of its own: `valvecfg init DIR`
[exit 1]
"#]]
    );
    assert_eq!(
        environment.git_succeed(&["config", "core.repositoryformatversion"]),
        "0\n"
    );
}
