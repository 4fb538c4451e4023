//! The options that every verb takes: what was typed, and what it means here.

use std::env;
use std::io::{IsTerminal as _, Write as _};
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::carrier;
use super::diagnostic::Style;
use super::diagnostic::printable::escaped;
use super::report::Failure;
use crate::duration::{Span, SpanError};
use crate::store::{ConfirmBy, Intent, Limits, Notices, Store, StoreError, Within, find};

/// Options for every verb, as they were typed.
#[derive(Clone, Debug, Args)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a flag of its own on the command line"
)]
#[command(next_help_heading = "Options for every verb")]
pub(crate) struct TypedOptions {
    /// Work on the store in DIR
    #[arg(short = 'C', long = "store", value_name = "DIR", global = true)]
    pub store: Option<PathBuf>,
    /// Open secrets with the identity in FILE
    #[arg(long, value_name = "FILE", global = true)]
    pub identity: Option<PathBuf>,
    /// Print JSON, one value a line
    #[arg(long, global = true)]
    pub json: bool,
    /// Show what would be done, and do nothing
    #[arg(short = 'n', long)]
    pub dry_run: bool,
    /// Answer every question with yes
    #[arg(short = 'y', long, global = true)]
    pub yes: bool,
    /// Never ask
    #[arg(long, global = true)]
    pub no_input: bool,
    /// When to use colours
    #[arg(long, value_name = "WHEN", default_value = "auto", global = true)]
    pub color: ColorChoice,
    /// Never page
    #[arg(long, global = true)]
    pub no_pager: bool,
    /// Say nothing but the answer and errors
    #[arg(short, long, global = true)]
    pub quiet: bool,
    /// Say which store is used
    #[arg(short, long, global = true)]
    pub verbose: bool,
    /// Refuse files above this size; K, M and G are understood
    #[arg(long, value_name = "BYTES", default_value = "4M", value_parser = size, global = true)]
    pub max_size: u64,
}

impl Default for TypedOptions {
    /// As where none was typed.
    fn default() -> Self {
        Self {
            store: None,
            identity: None,
            json: false,
            dry_run: false,
            yes: false,
            no_input: false,
            color: ColorChoice::Auto,
            no_pager: false,
            quiet: false,
            verbose: false,
            max_size: Limits::default().file_size,
        }
    }
}

/// Options of every verb that changes something.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct ChangeOptions {
    /// Why, for the history
    #[arg(short, long, value_name = "TEXT")]
    message: Option<String>,
    /// Wait until the plugin says that it runs the change; 10s where no time is given
    #[arg(long, value_name = "TIME", num_args = 0..=1, require_equals = true, default_missing_value = "10s")]
    wait: Option<Span>,
    /// Take it back unless `valvecfg confirm` comes in time, such as 10m
    #[arg(long, value_name = "TIME", value_parser = window)]
    confirm_within: Option<Span>,
    /// Who confirms it: a person, or by health the plugins that it concerns
    #[arg(long, value_name = "WHO", requires = "confirm_within")]
    confirm_by: Option<ConfirmChoice>,
    /// How long these must run it and be well before it stays; 30s where no time is given
    #[arg(long, value_name = "TIME", value_parser = window, requires = "confirm_within")]
    bake: Option<Span>,
    #[command(flatten)]
    dry: DryRun,
}

/// The option to plan only. It stands before the verb too, and is no option of reading verbs.
#[derive(Clone, Copy, Debug, Default, Args)]
pub(crate) struct DryRun {
    /// Show what would be done, and do nothing
    #[arg(short = 'n', long = "dry-run", id = "verb_dry_run")]
    dry_run: bool,
}

/// Who confirms a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ConfirmChoice {
    /// A person, with `valvecfg confirm`.
    Person,
    /// The plugins that it concerns, or it is taken back at once where one refuses it.
    Health,
}

impl From<ConfirmChoice> for ConfirmBy {
    fn from(choice: ConfirmChoice) -> Self {
        match choice {
            ConfirmChoice::Person => Self::Person,
            ConfirmChoice::Health => Self::Health,
        }
    }
}

/// When output has colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ColorChoice {
    /// On a terminal, unless `NO_COLOR` is set; elsewhere where `CLICOLOR_FORCE` is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

impl ColorChoice {
    /// Whether to use colours on a stream.
    pub(crate) fn applies(self, is_terminal: bool) -> bool {
        let is_set = |name| env::var_os(name).is_some_and(|value| !value.is_empty() && value != "0");
        match self {
            Self::Always => true,
            Self::Never => false,
            Self::Auto if env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty()) => false,
            Self::Auto => {
                is_set("CLICOLOR_FORCE") || is_terminal && env::var_os("TERM").is_none_or(|term| term != "dumb")
            }
        }
    }
}

/// Options for every verb, as they apply here.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    typed: TypedOptions,
    /// Whether questions can be asked: a terminal on both ends, and nobody forbade it.
    pub interactive: bool,
    /// What the store did besides what it was asked for.
    notices: Notices,
}

impl Options {
    pub(crate) fn resolve(typed: TypedOptions) -> Self {
        let terminal = std::io::stdin().is_terminal() && std::io::stderr().is_terminal();
        Self {
            interactive: terminal && !typed.no_input,
            notices: Notices::default(),
            typed,
        }
    }

    /// Opens the store that is meant.
    pub(crate) fn open_store(&self) -> Result<Store, Failure> {
        let store = self.reopen_store()?;
        if self.typed.verbose {
            let mut err = std::io::stderr().lock();
            writeln!(err, "the store is {}, {}", store.root().display(), self.way_to_store())
                .map_err(Failure::printing)?;
        }
        Ok(store)
    }

    /// Opens it without a word.
    pub(crate) fn reopen_store(&self) -> Result<Store, Failure> {
        let root = find(self.typed.store.as_deref()).map_err(StoreError::from)?;
        let store = Store::open(root, self.limits()).map_err(StoreError::from)?;
        let store = store.telling(self.notices.clone());
        Ok(match &self.typed.identity {
            Some(file) => store.with_identity(file.clone()),
            None => store,
        })
    }

    /// How the store came to be meant.
    fn way_to_store(&self) -> &'static str {
        if self.typed.store.is_some() {
            "named by -C"
        } else if env::var_os("VALVECFG_STORE").is_some_and(|value| !value.is_empty()) {
            "named by $VALVECFG_STORE"
        } else {
            "the nearest one"
        }
    }

    pub(crate) fn limits(&self) -> Limits {
        Limits {
            file_size: self.typed.max_size,
            ..Limits::default()
        }
    }

    /// What a changing verb is told.
    pub(crate) fn intent(&self, change: &ChangeOptions) -> Intent {
        Intent {
            message: change.message.clone(),
            dry_run: self.dry_run(change.dry),
            wait: change.wait.map(Span::duration),
            confirm: change.confirm_within.map(|window| Within {
                window,
                by: change.confirm_by.map(ConfirmBy::from),
                bake: change.bake,
                start: carrier::start,
            }),
        }
    }

    /// Says what the store did, or could not do, besides what it was asked for.
    pub(crate) fn say_notices(&self) {
        let mut err = std::io::stderr().lock();
        for notice in self.notices.take().iter().filter(|_| !self.typed.quiet) {
            // Where stderr is closed, the answer and the exit code still say what was asked for.
            let _said = writeln!(err, "{}", escaped(notice));
        }
    }

    /// How violations and changes are drawn on stderr, where questions stand.
    pub(crate) fn style(&self) -> Style {
        self.style_on(std::io::stderr().is_terminal())
    }

    /// How they are drawn elsewhere.
    pub(crate) fn style_on(&self, is_terminal: bool) -> Style {
        Style {
            color: self.typed.color.applies(is_terminal),
            ..Style::default()
        }
    }

    /// How answers are drawn on stdout.
    pub(crate) fn style_of_answers(&self) -> Style {
        Style {
            color: self.typed.color.applies(std::io::stdout().is_terminal()),
            ..Style::default()
        }
    }

    /// Whether to plan only.
    pub(crate) fn dry_run(&self, dry: DryRun) -> bool {
        self.typed.dry_run || dry.dry_run
    }

    /// Whether a dry run was asked for before the verb.
    pub(crate) fn is_dry_run(&self) -> bool {
        self.typed.dry_run
    }

    pub(crate) fn store_folder(&self) -> Option<&std::path::Path> {
        self.typed.store.as_deref()
    }

    /// Whether a file was named to open secrets with.
    pub(crate) fn names_identity(&self) -> bool {
        self.typed.identity.is_some()
    }

    pub(crate) fn json(&self) -> bool {
        self.typed.json
    }

    pub(crate) fn yes(&self) -> bool {
        self.typed.yes
    }
}

/// How long something is waited for: `30s`, `10m`, `1h30m`.
pub(crate) fn window(text: &str) -> Result<Span, String> {
    let span: Span = text.parse().map_err(|error: SpanError| error.to_string())?;
    if span.duration().is_zero() {
        return Err("it must be longer than nothing".to_owned());
    }
    Ok(span)
}

/// A number of bytes: `4194304`, `4096K`, `4M`.
fn size(text: &str) -> Result<u64, String> {
    let (digits, unit) = match text.to_ascii_uppercase().as_bytes().last() {
        Some(b'K') => (&text[..text.len() - 1], 1 << 10),
        Some(b'M') => (&text[..text.len() - 1], 1 << 20),
        Some(b'G') => (&text[..text.len() - 1], 1 << 30),
        Some(_) | None => (text, 1),
    };
    let number: Option<u64> = digits.parse().ok();
    let bytes = number.and_then(|number| number.checked_mul(unit));
    bytes.ok_or_else(|| "a number of bytes, such as 4194304, 4096K or 4M".to_owned())
}

#[cfg(test)]
mod tests {
    use super::size;

    #[test]
    fn a_size_is_a_number_of_bytes_with_or_without_a_unit() {
        assert_eq!(size("4194304"), Ok(4 << 20));
        assert_eq!(size("4096k"), Ok(4 << 20));
        assert_eq!(size("4M"), Ok(4 << 20));
        assert_eq!(size("1G"), Ok(1 << 30));
        for wrong in ["", "M", "4T", "-1", "4.5M", "99999999999G", "é"] {
            assert!(size(wrong).is_err(), "{wrong}");
        }
    }
}
