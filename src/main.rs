//! valvecfg's command line: arguments in, exit code out.

use std::process::ExitCode;

fn main() -> ExitCode {
    valvecfg::cli::run(std::env::args_os())
}
