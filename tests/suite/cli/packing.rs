//! The history is packed by the verb that makes it due, after that verb has answered.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;

use snapbox::str;

use super::assert_screen;
use crate::environment::TestEnvironment;

/// So many files of the names of objects that packing is due. None is an object, so none of them is packed.
fn make_due(environment: &TestEnvironment) {
    std::fs::create_dir_all(environment.path(".git/objects/17")).unwrap();
    for number in 0..64 {
        environment.write(&format!(".git/objects/17/{number:038x}"), "");
    }
}

fn packs(environment: &TestEnvironment) -> usize {
    let entries = std::fs::read_dir(environment.path(".git/objects/pack")).unwrap();
    let names = entries.map(|entry| entry.unwrap().path());
    names
        .filter(|name| name.extension() == Some(OsStr::new("pack")))
        .count()
}

#[test]
fn a_verb_that_records_packs_the_history_where_that_is_due() {
    let environment = TestEnvironment::gateway();
    make_due(&environment);
    environment.succeed(&["get", "valve.threshold"]);
    environment.succeed(&["set", "-n", "valve.threshold", "55"]);
    assert_eq!(packs(&environment), 0);
    environment.succeed(&["set", "valve.threshold", "55"]);
    assert_eq!(packs(&environment), 1);
    environment.succeed(&["set", "valve.threshold", "56"]);
    assert_eq!(packs(&environment), 1, "what was left is counted again");
    assert_eq!(environment.succeed(&["get", "valve.threshold", "--at", "@~1"]), "55\n");
}

#[test]
fn what_cannot_be_packed_is_a_warning_after_the_answer() {
    let environment = TestEnvironment::gateway();
    make_due(&environment);
    environment.write(".git/valvecfg/maintenance", "in the way");
    assert_screen!(
        environment.screens(&["set valve.threshold 55"]),
        str![[r#"
$ valvecfg set valve.threshold 55
valve.threshold 60 -> 55
saved as [rev 1]
------- stderr -------
warning: the history could not be packed: cannot make the folder [STORE]/.git/valvecfg/maintenance/pack: Not a directory (os error 20)
"#]]
    );
}

#[test]
fn a_folder_whose_name_is_no_text_is_packed_too() {
    let environment = TestEnvironment::gateway();
    make_due(&environment);
    let odd = environment.folder().join(OsStr::from_bytes(b"odd \xff store"));
    std::fs::rename(environment.store(), &odd).unwrap();
    let mut command = environment.command(crate::environment::VALVECFG);
    let screen = environment.screen(command.current_dir(&odd).args(["set", "valve.threshold", "55"]));
    assert_eq!((screen.code(), screen.stderr.as_str()), (Some(0), ""), "{screen}");
    std::fs::rename(&odd, environment.store()).unwrap();
    assert_eq!(packs(&environment), 1);
}
