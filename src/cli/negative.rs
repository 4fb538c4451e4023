//! Values that begin with `-` and are no options: `set KEY -5`, `set KEY -inf`.
//!
//! clap can take such words as values only where it takes a mistyped option as one too. So they are found here, and set
//! apart by `--`, which is what a person would have to type otherwise.

use std::ffi::{OsStr, OsString};

use clap::{Arg, Args as _, Command, CommandFactory as _};

use super::command::Arguments;
use super::options::TypedOptions;

/// The verbs whose last word is a value.
const VERBS: [&str; 3] = ["add", "remove", "set"];

/// The arguments with a negative number that is the value of such a verb behind a `--` at their end.
pub(super) fn set_apart(arguments: &[OsString]) -> Vec<OsString> {
    let is_number = |word: &OsString| word.to_str().is_some_and(is_negative_number);
    if !arguments.iter().any(is_number) {
        return arguments.to_vec();
    }
    let whole = Arguments::command();
    let verb = (1..arguments.len()).find(|at| {
        let is_value = takes_value(&whole, &arguments[at - 1]);
        !is_value && VERBS.iter().any(|verb| arguments[*at] == *verb)
    });
    let Some((verb, command)) = verb.and_then(|at| Some((at, whole.find_subcommand(&arguments[at])?.clone()))) else {
        return arguments.to_vec();
    };
    // With the options for every verb, of which it knows only then.
    let mut one = TypedOptions::augment_args(Command::new("valvecfg")).subcommand(command);
    one.build();
    let Some(command) = one.find_subcommand(&arguments[verb]) else {
        return arguments.to_vec();
    };
    let (mut words, mut values) = (arguments[..=verb].to_vec(), Vec::new());
    let mut rest = arguments[verb + 1..].iter();
    let mut is_value = false;
    for word in rest.by_ref() {
        if word == "--" {
            break;
        }
        if !is_value && is_number(word) {
            values.push(word.clone());
            continue;
        }
        is_value = !is_value && takes_value(command, word);
        words.push(word.clone());
    }
    if values.is_empty() {
        return arguments.to_vec();
    }
    words.push("--".into());
    words.extend(values);
    words.extend(rest.cloned());
    words
}

/// Whether a word can only be a number: no option begins with a digit. Whether it is one is for the verb to say.
fn is_negative_number(word: &str) -> bool {
    let digits = word.strip_prefix('-').unwrap_or_default();
    let digits = digits.strip_prefix('.').unwrap_or(digits);
    digits.starts_with(|first: char| first.is_ascii_digit()) || matches!(word, "-inf" | "-nan")
}

/// Whether a word is an option whose value is the next word.
fn takes_value(command: &Command, word: &OsStr) -> bool {
    let Some(word) = word.to_str() else { return false };
    let option = |is_meant: &dyn Fn(&Arg) -> bool| {
        let mut options = command.get_arguments().filter(|option| !option.is_positional());
        options
            .find(|option| is_meant(option))
            .is_some_and(|option| option.get_action().takes_values())
    };
    match (word.strip_prefix("--"), word.strip_prefix('-')) {
        (Some(long), _) => option(&|option| option.get_long() == Some(long)),
        // Flags may stand before it in the same word, and its own value behind it.
        (None, Some(short)) => {
            let letters: Vec<char> = short.chars().collect();
            let first = letters
                .iter()
                .position(|letter| option(&|option| option.get_short() == Some(*letter)));
            first.is_some_and(|first| first + 1 == letters.len())
        }
        (None, None) => false,
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use super::set_apart;

    #[track_caller]
    fn read(line: &str, expected: &str) {
        let words: Vec<OsString> = line.split(' ').map(OsString::from).collect();
        let apart = set_apart(&words).join(&OsString::from(" "));
        assert_eq!(apart.to_str(), Some(expected));
    }

    #[test]
    fn a_negative_value_is_set_apart_wherever_options_stand() {
        read("v set a -5", "v set a -- -5");
        read(
            "v -C dir --json set a -inf -m why",
            "v -C dir --json set a -m why -- -inf",
        );
        read("v set -n a -0.5e-3 --json", "v set -n a --json -- -0.5e-3");
        read("v add a -1_000", "v add a -- -1_000");
        read("v remove a -nan --string", "v remove a --string -- -nan");
    }

    #[test]
    fn what_belongs_to_an_option_or_to_another_verb_stays_where_it_is() {
        for line in [
            "v set a 1 --expect -5",
            "v set a 1 -m -5",
            "v set a 1 -nm -5",
            "v get a --default -5",
            "v history -5",
            "v set a -infinite",
            "v set a --5",
            "v set a 5",
        ] {
            read(line, line);
        }
        read("v set -nmx a -5", "v set -nmx a -- -5");
        read("v set a -- -5", "v set a -- -5");
        read("v -C set set a -5", "v -C set set a -- -5");
    }
}
