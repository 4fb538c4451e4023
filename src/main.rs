//! valvecfg's command line: arguments in, exit code out.

use std::process::ExitCode;

use valvecfg::secret::Wiping;

#[global_allocator]
static ALLOCATOR: Wiping = Wiping;

fn main() -> ExitCode {
    valvecfg::cli::run(std::env::args_os())
}
