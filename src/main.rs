//! valvecfg's command line: arguments in, exit code out.
//!
//! The C runtime calls it directly. Rust's own start looks for the guard page of the stack first, in `/proc/self/maps`,
//! to word the message of an overflow: a twentieth of the time of a `get`, which scripts call in their loops. What else
//! it does is done by `cli::begin`.

#![cfg_attr(not(test), no_main)]

use valvecfg::secret::Wiping;

#[global_allocator]
static ALLOCATOR: Wiping = Wiping;

/// Where the C runtime begins. Arguments are read as ever: the loader hands them to Rust's library by itself.
#[cfg(not(test))]
#[expect(
    unsafe_code,
    reason = "nothing else is called `main`, and this is what the C runtime expects of it"
)]
#[unsafe(no_mangle)]
extern "C" fn main() -> std::ffi::c_int {
    // Not by returning: this writes out what Rust's library holds back, as its own start would.
    std::process::exit(valvecfg::cli::begin())
}
