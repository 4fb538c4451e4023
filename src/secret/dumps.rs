//! What holds from the moment the process has something secret: no core is dumped, and what is given back is wiped.

use std::sync::Once;

use rustix::process::{DumpableBehavior, Resource, getrlimit, set_dumpable_behavior, setrlimit};

/// Keeps the memory of this process out of core dumps, and other programs of the same user from reading it. Where the
/// program's allocator is [`super::Wiping`], memory that is given back is wiped from here on.
///
/// The limit is inherited by programs that it runs, which may be given secrets; they can raise it again.
pub fn forbid_dumps() {
    static DONE: Once = Once::new();
    DONE.call_once(|| {
        super::wiping::begin();
        let hidden = set_dumpable_behavior(DumpableBehavior::NotDumpable).is_ok();
        let mut limit = getrlimit(Resource::Core);
        limit.current = Some(0);
        // A sandbox may forbid one of the two; each is enough for a core file.
        let limited = setrlimit(Resource::Core, limit).is_ok();
        debug_assert!(hidden || limited, "a process may lower its own limits");
    });
}
