//! The command line: arguments in, words and exit codes out.
//!
//! One file for each verb under `command`; it parses nothing by itself and prints nothing by itself. What it
//! returns is printed by `printer`; why it failed becomes words and an exit code in `report`.

mod bar;
mod carrier;
mod command;
mod complete;
pub mod demo;
pub mod diagnostic;
mod exit;
mod negative;
mod options;
mod pager;
mod printer;
mod prompt;
mod report;
mod start;
mod table;

use std::ffi::OsString;
use std::io::{IsTerminal as _, Write as _};
use std::path::Path;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Args as _, CommandFactory as _, FromArgMatches as _};

pub use exit::Exit;

use options::{Options, TypedOptions};
use printer::Printer;
use report::Failure;

use crate::store::{Limits, Store, find};

/// Runs the program with the arguments of the process, and answers with its exit code. A panic is a bug.
#[must_use]
pub fn begin() -> i32 {
    start::prepare();
    let ended = std::panic::catch_unwind(|| run(std::env::args_os()));
    ended.unwrap_or(Exit::Bug).code().into()
}

/// Runs the program with these arguments, the first being its own name.
fn run(arguments: impl IntoIterator<Item = OsString>) -> Exit {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    if std::env::var_os("COMPLETE").is_some() {
        // Ends here where a shell asks for completions.
        clap_complete::CompleteEnv::with_factory(command::Arguments::command).complete();
    }
    let command::Arguments { options, verb } = match parse(&arguments) {
        Ok(arguments) => arguments,
        Err(error) => return print_usage(&error, &arguments),
    };
    let printer = Printer::new(&options);
    let options = Options::resolve(options);
    let ended = verb.run(&options);
    options.say_notices();
    match ended {
        Ok(reply) => {
            let exit = printer.print(&reply);
            if reply.has_recorded()
                && let Err(failure) = maintain(&options)
            {
                printer.print_warning(&failure);
            }
            exit
        }
        Err(error) => printer.print_failure(&error),
    }
}

/// Packs the history where that is due, once the answer is given: nobody who reads it waits for this.
fn maintain(options: &Options) -> Result<(), Failure> {
    let packed = options.reopen_store()?.maintain();
    packed.map_err(|error| Failure::outside("the history could not be packed", error))
}

/// Reads the arguments.
///
/// clap copies the options for every verb into each verb, which takes longer than `get` does. So they are read
/// with the one verb that seems to be meant; where that fails, with all of them, which says best what is wrong.
/// What scripts call in their loops is read without clap.
fn parse(arguments: &[OsString]) -> Result<command::Arguments, clap::Error> {
    if let Some(plain) = command::Arguments::plain_get(arguments) {
        return Ok(plain);
    }
    let words = negative::set_apart(arguments);
    let arguments = words.as_slice();
    let whole = command::Arguments::command();
    let named = arguments.iter().skip(1).find_map(|word| whole.find_subcommand(word));
    if let Some(verb) = named.cloned() {
        let one = options::TypedOptions::augment_args(clap::Command::new("valvecfg")).subcommand(verb);
        let matches = one.try_get_matches_from(arguments);
        if let Ok(parsed) = matches.and_then(|matches| command::Arguments::from_arg_matches(&matches)) {
            return Ok(parsed);
        }
    }
    command::Arguments::from_arg_matches(&whole.try_get_matches_from(arguments)?)
}

/// Help and version go to stdout, mistakes to stderr.
fn print_usage(error: &clap::Error, arguments: &[OsString]) -> Exit {
    let text = error.render();
    if error.use_stderr() {
        let text = without_value(error, arguments, text.ansi().to_string());
        // Where even stderr is closed, the exit code is all that is left.
        let _printed = write!(anstream::stderr().lock(), "{text}");
        return Exit::Usage;
    }
    let text = if options::ColorChoice::Auto.applies(std::io::stdout().is_terminal()) {
        text.ansi().to_string()
    } else {
        text.to_string()
    };
    match printer::print(text.as_bytes()) {
        Ok(()) => Exit::Done,
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Exit::Done,
        Err(error) => Printer::new(&TypedOptions::default()).print_failure(&Failure::printing(error)),
    }
}

/// A mistake without the word that it repeats, where that could be the value of a secret: beside the name of one, and
/// when it is no slip in the name of an option.
fn without_value(error: &clap::Error, arguments: &[OsString], text: String) -> String {
    let is_slip = error.get(ContextKind::SuggestedArg).is_some();
    let word = if error.kind() == ErrorKind::UnknownArgument && !is_slip {
        ContextKind::InvalidArg
    } else if error.kind() == ErrorKind::TooManyValues {
        ContextKind::InvalidValue
    } else {
        return text;
    };
    match error.get(word) {
        Some(ContextValue::String(word)) if name_secret(arguments) => text.replace(word, "…"),
        _ => text,
    }
}

/// Whether a word among these arguments names something secret. They could not be read, so what they mean is guessed.
fn name_secret(arguments: &[OsString]) -> bool {
    let words: Vec<&str> = arguments.iter().filter_map(|word| word.to_str()).collect();
    let after = words.windows(2).find(|pair| matches!(pair[0], "-C" | "--store"));
    let joined = words
        .iter()
        .find_map(|word| word.strip_prefix("--store=").or(word.strip_prefix("-C")));
    let folder = after.map(|pair| pair[1]).or(joined).map(Path::new);
    let Ok(store) = find(folder).and_then(|root| Store::open(root, Limits::default())) else {
        return false;
    };
    let keys = words.iter().filter_map(|word| word.split('=').next()?.parse().ok());
    keys.into_iter()
        .any(|key| store.holds_secret(&key, "", false).unwrap_or(false))
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use clap::Parser as _;

    use super::{command, parse};

    #[test]
    fn what_is_read_without_clap_is_what_clap_would_read() {
        let lines = [
            "valvecfg get threshold",
            "valvecfg get valve.zones[0].flow",
            "valvecfg get -",
            "valvecfg get -n",
            "valvecfg get --json",
            "valvecfg get --",
            "valvecfg get get",
            "valvecfg get help",
            "valvecfg get a b",
            "valvecfg get",
            "valvecfg get ",
            "get get get",
            "valvecfg list valve",
        ];
        for line in lines {
            let words: Vec<OsString> = line.split(' ').map(OsString::from).collect();
            let told = |read: Result<command::Arguments, clap::Error>| match read {
                Ok(arguments) => format!("{arguments:?}"),
                Err(error) => error.to_string(),
            };
            let clap = told(command::Arguments::try_parse_from(&words));
            assert_eq!(told(parse(&words)), clap, "{line}");
            if let Some(plain) = command::Arguments::plain_get(&words) {
                assert_eq!(told(Ok(plain)), clap, "{line}");
            }
        }
    }
}
