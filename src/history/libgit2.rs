//! What libgit2 keeps for the whole process, set once before its first use.

use std::sync::Once;

use git2::ConfigLevel;

static CONFIGURED: Once = Once::new();

/// Keeps libgit2 away from the settings of git on this machine, which are no part of a store, and from its own
/// idea of whose repositories are safe: who may open a store is decided by `trust`.
pub(super) fn configure() {
    CONFIGURED.call_once(|| {
        #[expect(
            unsafe_code,
            reason = "these options are global variables of libgit2; `Once` runs this before anything else of it runs"
        )]
        // SAFETY: nothing else uses libgit2 yet, and nothing sets these options again.
        let results = unsafe {
            [
                git2::opts::set_verify_owner_validation(false),
                git2::opts::set_search_path(ConfigLevel::System, ""),
                git2::opts::set_search_path(ConfigLevel::Global, ""),
                git2::opts::set_search_path(ConfigLevel::XDG, ""),
                git2::opts::set_search_path(ConfigLevel::ProgramData, ""),
            ]
        };
        // A revision is prepared of files that are stored only when it is staged.
        git2::opts::strict_object_creation(false);
        // They fail only where libgit2 does not know the option, and it is built with this program.
        debug_assert!(results.iter().all(Result::is_ok));
    });
}
