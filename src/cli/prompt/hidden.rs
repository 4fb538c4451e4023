//! Reads a line at the terminal that is not shown, and leaves no copy of it behind: a library would read it through
//! the standard library's buffer, which is never wiped.

use std::io::{self, Write as _};
use std::sync::{Mutex, PoisonError};

use dialoguer::theme::{ColorfulTheme, Theme as _};
use rustix::stdio::stdin;
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use zeroize::Zeroizing;

use crate::secret::off_stack;

/// How the terminal was before it hid what is typed.
static SHOWN: Mutex<Option<Termios>> = Mutex::new(None);

/// Asks, and reads up to the end of the line.
pub(super) fn read(question: &str) -> io::Result<Zeroizing<String>> {
    let mut prompt = String::new();
    let asked = ColorfulTheme::default().format_input_prompt(&mut prompt, question, None);
    asked.map_err(io::Error::other)?;
    // Hidden before it is asked for: who types at once is not seen either.
    let _hidden = Hidden::begin()?;
    let mut words = io::stderr().lock();
    write!(words, "{prompt}")?;
    words.flush()?;
    drop(words);
    off_stack(read_line)
}

/// Shows again what is typed, where it is hidden.
pub(super) fn end() {
    let shown = SHOWN.lock().unwrap_or_else(PoisonError::into_inner).take();
    if let Some(shown) = shown {
        // The terminal is gone if this fails.
        let _gone = tcsetattr(stdin(), OptionalActions::Flush, &shown);
    }
}

struct Hidden;

impl Hidden {
    fn begin() -> io::Result<Self> {
        let shown = tcgetattr(stdin())?;
        let mut modes = shown.clone();
        modes.local_modes.remove(LocalModes::ECHO);
        // The end of the line is.
        modes.local_modes.insert(LocalModes::ICANON | LocalModes::ECHONL);
        *SHOWN.lock().unwrap_or_else(PoisonError::into_inner) = Some(shown);
        let hidden = Self;
        // What was typed before the question was no answer to it.
        tcsetattr(stdin(), OptionalActions::Flush, &modes)?;
        Ok(hidden)
    }
}

impl Drop for Hidden {
    fn drop(&mut self) {
        end();
    }
}

fn read_line() -> io::Result<Zeroizing<String>> {
    let mut line = Zeroizing::new(Vec::with_capacity(4096));
    while line.last() != Some(&b'\n') {
        let mut part = [0; 1024];
        match rustix::io::read(stdin(), &mut part) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(read) => line.extend_from_slice(&part[..read]),
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
    let text = std::str::from_utf8(&line).map_err(|_| io::Error::from(io::ErrorKind::InvalidData))?;
    Ok(Zeroizing::new(text.trim_end_matches(['\r', '\n']).to_owned()))
}
