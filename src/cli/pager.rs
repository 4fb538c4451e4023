//! The pager for long answers on a terminal: `$VALVECFG_PAGER`, `$PAGER`, else `less`.

use std::env;
use std::io::{self, Write as _};
use std::process::{Command, Stdio};

/// Shows text page by page.
pub(crate) struct Pager;

impl Pager {
    /// Shows a text; `false` where there is no pager to be had, or none is needed.
    pub(crate) fn show(text: &[u8]) -> io::Result<bool> {
        let variable = |name| env::var(name).ok().filter(|value: &String| !value.trim().is_empty());
        let command = variable("VALVECFG_PAGER")
            .or_else(|| variable("PAGER"))
            .unwrap_or_else(|| "less".to_owned());
        let mut words = command.split_whitespace();
        let Some(program) = words.next().filter(|program| *program != "cat") else {
            return Ok(false);
        };
        let mut pager = Command::new(program);
        pager.args(words).stdin(Stdio::piped());
        if env::var_os("LESS").is_none() {
            // End where it fits on a screen, keep colours, leave the text standing.
            pager.env("LESS", "FRX");
        }
        let Ok(mut child) = pager.spawn() else { return Ok(false) };
        if let Some(mut stdin) = child.stdin.take() {
            match stdin.write_all(text) {
                Err(error) if error.kind() != io::ErrorKind::BrokenPipe => return Err(error),
                Ok(()) | Err(_) => {}
            }
        }
        child.wait()?;
        Ok(true)
    }
}
