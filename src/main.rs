//! valvecfg's command line: arguments in, exit code out.

use std::alloc::System;
use std::process::ExitCode;

use zeroizing_alloc::ZeroAlloc;

/// Wipes all memory that is given back. Parsers and formatters copy what is secret on the way, and only here is every
/// copy met.
#[global_allocator]
static ALLOCATOR: ZeroAlloc<System> = ZeroAlloc(System);

fn main() -> ExitCode {
    valvecfg::cli::run(std::env::args_os())
}
