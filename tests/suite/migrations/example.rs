//! The example gateway's own next version, drafted, up and down again.

use crate::environment::TestEnvironment;

/// The schema that the example brings along for its next version.
const NEXT: &str = include_str!("../../../src/cli/demo/gateway/schemas/valve/2.schema.json");

#[test]
fn the_draft_of_the_examples_next_version_needs_nothing_and_comes_down_to_the_very_bytes() {
    let environment = TestEnvironment::gateway();
    let before = environment.read("plugins/valve.toml");
    environment.beside("2.json", NEXT);
    environment.succeed(&["plugin", "upgrade", "valve", "--schema", "../2.json"]);
    let checked = environment.run(&["migrate", "check"]);
    assert_eq!(checked.code(), Some(0), "{checked}");
    for _ in 0..2 {
        environment.succeed(&["migrate"]);
        environment.succeed(&["validate", "--deny", "warnings"]);
        let up = String::from_utf8(environment.read("plugins/valve.toml")).unwrap();
        assert!(up.contains("open_below = 70       # they wilt first\n"), "{up}");
        assert!(up.contains("poll_interval = \"15s\"\n"), "{up}");
        environment.succeed(&["migrate", "--to", "1"]);
        assert_eq!(environment.read("plugins/valve.toml"), before);
    }
}
