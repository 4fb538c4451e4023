//! The one printer: answers to stdout, words to stderr, both as the options want them.

use std::io::{self, IsTerminal as _, Write};

use serde_json::{Value as Json, json};

use super::diagnostic::printable::escaped;
use super::diagnostic::{self, Style};
use super::exit::Exit;
use super::options::TypedOptions;
use super::pager::Pager;
use super::report::Failure;

/// What a verb answers.
pub(crate) struct Reply {
    /// How the program ends.
    pub exit: Exit,
    /// Words beside the answer, for stderr.
    pub notes: Vec<String>,
    answer: Option<Box<dyn Answer>>,
    paged: bool,
    /// What was done even where the answer cannot be printed.
    recorded: Option<String>,
}

/// An answer that can show itself to a person and to a program.
pub(crate) trait Answer {
    /// One JSON value a line.
    fn json(&self) -> Vec<Json>;
    /// The same for a person; `style` says how wide and whether in colour.
    fn show(&self, out: &mut dyn Write, style: Style) -> io::Result<()>;
}

impl Reply {
    /// An answer, and nothing else to say.
    pub(crate) fn of(answer: impl Answer + 'static) -> Self {
        Self {
            exit: Exit::Done,
            notes: Vec::new(),
            answer: Some(Box::new(answer)),
            paged: false,
            recorded: None,
        }
    }

    /// No answer.
    pub(crate) fn nothing() -> Self {
        Self {
            exit: Exit::Done,
            notes: Vec::new(),
            answer: None,
            paged: false,
            recorded: None,
        }
    }

    /// Adds words for stderr.
    pub(crate) fn note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }

    /// Ends with another code.
    pub(crate) fn exit(mut self, exit: Exit) -> Self {
        self.exit = exit;
        self
    }

    /// Says what was done, for the case that the answer cannot be printed.
    pub(crate) fn recorded(mut self, recorded: Option<String>) -> Self {
        self.recorded = recorded;
        self
    }

    /// Whether a revision was recorded.
    pub(crate) fn has_recorded(&self) -> bool {
        self.recorded.is_some()
    }

    /// May be long: goes through the pager on a terminal.
    pub(crate) fn paged(mut self) -> Self {
        self.paged = true;
        self
    }
}

/// Prints replies and failures.
pub(crate) struct Printer {
    json: bool,
    quiet: bool,
    no_pager: bool,
    out: Style,
    err: Style,
}

/// Wide enough for most lines, narrow enough for most readers.
const WIDTH: usize = 140;

impl Printer {
    pub(crate) fn new(options: &TypedOptions) -> Self {
        let style = |is_terminal| Style {
            color: options.color.applies(is_terminal),
            width: WIDTH,
        };
        Self {
            json: options.json,
            quiet: options.quiet,
            no_pager: options.no_pager,
            out: style(io::stdout().is_terminal()),
            err: style(io::stderr().is_terminal()),
        }
    }

    /// Prints a reply and says how the program ends.
    pub(crate) fn print(&self, reply: &Reply) -> Exit {
        match self.try_print(reply) {
            Ok(()) => reply.exit,
            // Whoever read us has seen enough.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => reply.exit,
            Err(error) => {
                let mut failure = Failure::printing(error);
                failure.hints.extend(reply.recorded.clone());
                self.print_failure(&failure)
            }
        }
    }

    fn try_print(&self, reply: &Reply) -> io::Result<()> {
        if let Some(answer) = &reply.answer {
            let mut text = Vec::new();
            if self.json {
                for line in answer.json() {
                    writeln!(text, "{line}")?;
                }
            } else {
                answer.show(&mut text, self.out)?;
            }
            let paged = reply.paged && !self.json && !self.no_pager && io::stdout().is_terminal();
            if !(paged && Pager::show(&text)?) {
                print(&text)?;
            }
        }
        // Where stderr is closed or its disk full, the answer and the exit code still say it all.
        match self.print_notes(&reply.notes) {
            Ok(()) | Err(_) => Ok(()),
        }
    }

    fn print_notes(&self, notes: &[String]) -> io::Result<()> {
        if self.quiet {
            return Ok(());
        }
        let mut err = io::stderr().lock();
        notes.iter().try_for_each(|note| writeln!(err, "{note}"))
    }

    /// Prints what could not be done after the answer was given. It changes nothing of that.
    pub(crate) fn print_warning(&self, failure: &Failure) {
        if !self.quiet {
            let chain: Vec<String> = failure.cause.chain().map(ToString::to_string).collect();
            // Where stderr is closed, nobody wants to know.
            let _printed = writeln!(io::stderr().lock(), "warning: {}", escaped(&chain.join(": ")));
        }
    }

    /// Prints why a verb failed and says how the program ends.
    pub(crate) fn print_failure(&self, failure: &Failure) -> Exit {
        // Where even stderr is closed, the exit code is all that is left.
        match self.try_print_failure(failure) {
            Ok(()) | Err(_) => failure.exit,
        }
    }

    fn try_print_failure(&self, failure: &Failure) -> io::Result<()> {
        let mut text = Vec::new();
        if self.json {
            let mut violations = Vec::new();
            if !failure.files.is_empty() {
                diagnostic::write(
                    &mut violations,
                    &failure.files,
                    diagnostic::OutputFormat::Json,
                    self.err,
                )?;
            }
            let violations: Json = serde_json::from_slice(&violations).unwrap_or(json!([]));
            let chain: Vec<String> = failure.cause.chain().skip(1).map(ToString::to_string).collect();
            let object = json!({
                "error": failure.cause.to_string(), "cause": chain, "hints": failure.hints,
                "exit": failure.exit.code(), "violations": violations,
            });
            writeln!(text, "{object}")?;
        } else {
            self.show_failure(&mut text, failure)?;
        }
        let mut err = io::stderr().lock();
        err.write_all(&text)?;
        err.flush()
    }

    fn show_failure(&self, out: &mut dyn Write, failure: &Failure) -> io::Result<()> {
        let (red, plain) = if self.err.color {
            ("\u{1b}[1;31m", "\u{1b}[0m")
        } else {
            ("", "")
        };
        if failure.files.is_empty() {
            let mut text = failure.cause.to_string();
            for cause in failure.cause.chain().skip(1) {
                let cause = cause.to_string();
                if !text.contains(&cause) {
                    text = format!("{text}: {cause}");
                }
            }
            writeln!(out, "{red}error{plain}: {}", escaped(&text))?;
        }
        let mut hints = failure.hints.iter();
        let violations: Vec<_> = failure
            .files
            .iter()
            .flat_map(|file| file.violations.iter().map(move |violation| (file, violation)))
            .collect();
        for (position, (file, violation)) in violations.iter().enumerate() {
            let help = if position + 1 == violations.len() {
                hints.next()
            } else {
                None
            };
            diagnostic::write_violation(out, file, violation, help.map(String::as_str), self.err)?;
        }
        hints.try_for_each(|hint| writeln!(out, "help: {hint}"))
    }
}

/// Prints an answer, and notices where it goes nowhere.
pub(in crate::cli) fn print(text: &[u8]) -> io::Result<()> {
    if super::start::stdout_was_closed() && !text.is_empty() {
        return Err(rustix::io::Errno::BADF.into());
    }
    let mut out = io::stdout().lock();
    out.write_all(text)?;
    out.flush()
}
