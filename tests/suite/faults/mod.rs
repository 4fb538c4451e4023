//! Breaking the program on purpose: killed, refused by the system, without power, beside others, and given
//! files that nobody would expect. `tests/FAULTS.md` says what was found so.
//!
//! A representative part runs with all the other tests. `VALVECFG_FAULTS=all cargo test --locked --test suite
//! faults::` runs every point; it takes some minutes.

mod canary;
mod confirm;
mod confirm_health;
mod confirm_kill;
mod delivery;
mod disk;
mod errors;
mod full;
mod kill;
mod limits;
mod odd_files;
mod oracle;
mod power;
mod rekey;
mod remains;
mod saves;
mod strace;
mod surgery;
mod wiped;
mod writers;

use std::path::PathBuf;

/// Whether every point is to be tried, and not only some of each kind.
pub(crate) fn everything() -> bool {
    std::env::var_os("VALVECFG_FAULTS").is_some_and(|value| value == "all")
}

/// A place where syncing costs nothing. What a killed process leaves does not depend on the disk.
fn memory() -> PathBuf {
    let shared = PathBuf::from("/dev/shm");
    if shared.is_dir() { shared } else { std::env::temp_dir() }
}

/// Says why a test proves nothing here.
#[expect(clippy::print_stderr, reason = "a test that is skipped must say so")]
fn skip(test: &str, reason: &str) {
    eprintln!("skipped: {test}: {reason}");
}

/// Tells how much was tried.
#[expect(clippy::print_stdout, reason = "the counts are what a sweep has to say")]
fn report(sweep: &str, counts: &str) {
    println!("{sweep}: {counts}");
}
