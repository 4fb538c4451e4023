//! Whether standard output was closed when the program began (`valvecfg get … >&-`).
//!
//! Before `main`, Rust's runtime opens `/dev/null` where a standard stream is closed, so that no file of ours takes
//! its number. What is printed then vanishes, and looks like success. So it is looked at before that, where the
//! loader calls what stands in `.init_array`.

use std::sync::atomic::{AtomicBool, Ordering};

static CLOSED: AtomicBool = AtomicBool::new(false);

/// Whether standard output was closed when the program began.
pub(super) fn stdout_was_closed() -> bool {
    CLOSED.load(Ordering::Relaxed)
}

extern "C" fn look() {
    CLOSED.store(
        rustix::io::fcntl_getfd(rustix::stdio::stdout()).is_err(),
        Ordering::Relaxed,
    );
}

#[expect(
    unsafe_code,
    reason = "the loader calls what stands here before Rust's runtime is set up; `look` makes one system call and \
              stores one byte, which need nothing of it"
)]
#[used]
// SAFETY: the section holds pointers to functions of this kind, and `look` does not unwind.
#[unsafe(link_section = ".init_array")]
static LOOK: extern "C" fn() = look;
