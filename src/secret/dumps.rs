//! Core dumps: off from the moment the process holds something secret.

use std::sync::Once;

use rustix::process::{DumpableBehavior, Resource, getrlimit, set_dumpable_behavior, setrlimit};

/// Keeps the memory of this process out of core dumps, and other programs of the same user from reading it.
///
/// The limit is inherited by programs that it runs, which may be given secrets; they can raise it again.
pub fn forbid_dumps() {
    static DONE: Once = Once::new();
    DONE.call_once(|| {
        let hidden = set_dumpable_behavior(DumpableBehavior::NotDumpable).is_ok();
        let mut limit = getrlimit(Resource::Core);
        limit.current = Some(0);
        // A sandbox may forbid one of the two; each is enough for a core file.
        let limited = setrlimit(Resource::Core, limit).is_ok();
        debug_assert!(hidden || limited, "a process may lower its own limits");
    });
}
