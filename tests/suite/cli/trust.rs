//! `valvecfg trust`

use snapbox::str;

use super::assert_screen;
use crate::environment::TestEnvironment;

#[test]
fn ones_own_store_needs_no_trust_and_can_have_it() {
    let environment = TestEnvironment::gateway();
    let screens = environment.screens(&[
        "trust -n",
        "trust",
        "trust --json",
        "trust /nonexistent",
        "trust plugins",
    ]);
    assert_screen!(
        screens,
        str![[r#"
$ valvecfg trust -n
[STORE] would be trusted from now on (remembered in [FOLDER]/home/config/valvecfg/trusted)

$ valvecfg trust
[STORE] is trusted from now on (remembered in [FOLDER]/home/config/valvecfg/trusted)

$ valvecfg trust --json
{"folder":"[STORE]","list":"[FOLDER]/home/config/valvecfg/trusted","already":true,"commands":[],"dry_run":false}

$ valvecfg trust /nonexistent
------- stderr -------
error: cannot open /nonexistent: No such file or directory (os error 2)
[exit 3]

$ valvecfg trust plugins
------- stderr -------
error: [STORE]/plugins is no store: it has no valvecfg.toml
help: make one with `valvecfg init [STORE]/plugins`, or name one with -C DIR
[exit 3]
"#]]
    );
}

#[test]
fn the_store_of_another_user_is_refused_until_it_is_trusted() {
    if !rustix::process::geteuid().is_root() {
        return super::skip("trust", "only root can give a store to another user");
    }
    let environment = TestEnvironment::gateway();
    std::os::unix::fs::chown(environment.store(), Some(65534), None).unwrap();
    let screens = environment.screens(&[
        "get valve.threshold",
        "set valve.threshold 5",
        "trust -n",
        "trust",
        "get valve.threshold",
    ]);
    assert_screen!(
        screens,
        str![[r#"
$ valvecfg get valve.threshold
------- stderr -------
error: [STORE] belongs to another user (uid 65534)
help: if you trust its owner, type `valvecfg trust [STORE]`
[exit 3]

$ valvecfg set valve.threshold 5
------- stderr -------
error: [STORE] belongs to another user (uid 65534)
help: if you trust its owner, type `valvecfg trust [STORE]`
[exit 3]

$ valvecfg trust -n
[STORE] would be trusted from now on (remembered in [FOLDER]/home/config/valvecfg/trusted)

$ valvecfg trust
[STORE] is trusted from now on (remembered in [FOLDER]/home/config/valvecfg/trusted)

$ valvecfg get valve.threshold
60
"#]]
    );
}
