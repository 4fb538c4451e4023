//! `valvecfg set`

use std::fs::File;
use std::io::Read as _;
use std::os::fd::AsFd as _;

use clap::Args;

use crate::cli::options::{ChangeOptions, Options};
use crate::cli::printer::Reply;
use crate::cli::report::Failure;
use crate::document::KeyPath;
use crate::schema::Code;
use crate::store::manifest::plugin_of;
use crate::store::{Assignment, Given, Outcome, Reached, Reading, SecretError, Store, StoreError};

/// Give settings new values
///
/// Examples:
///   valvecfg set valve.threshold 55
///   valvecfg set threshold 55 -m "leak in zone 2"
///   valvecfg set valve.mode=auto valve.threshold=55     all at once, or nothing
///   valvecfg set valve.threshold                        asks, on a terminal
///   valvecfg set valve.threshold 55 --expect 60         only if it is 60 now
///   hostname | valvecfg set valve.mqtt.topic --value-stdin
///
/// The schema decides how VALUE is read: a string type takes it as it is, a number
/// type takes only numbers.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct SetArgs {
    /// KEY VALUE, or KEY=VALUE once or more, or KEY alone to be asked
    #[arg(value_name = "KEY VALUE|KEY=VALUE", required = true, add = clap_complete::ArgValueCompleter::new(crate::cli::complete::key_or_value))]
    words: Vec<String>,
    /// Change it only if this is the value now; else exit 4
    #[arg(long, value_name = "OLD", allow_hyphen_values = true)]
    expect: Option<String>,
    /// Read the value from standard input; one last line end is dropped
    #[arg(long)]
    value_stdin: bool,
    /// Take the value as a string, whatever it looks like
    #[arg(long)]
    string: bool,
    #[command(flatten)]
    change: ChangeOptions,
}

/// Runs the verb.
pub(crate) fn run(args: &SetArgs, options: &Options) -> Result<Reply, Failure> {
    let store = options.open_store()?;
    let given = |text: String| {
        if args.string {
            Given::String(text)
        } else {
            Given::Text(text)
        }
    };
    let pairs = match args.words.as_slice() {
        [key] if args.value_stdin => vec![(super::key(key, &store, options)?, given(read_stdin(options)?))],
        [key, ..] if args.value_stdin => {
            let message = format!("--value-stdin takes one KEY, and there is more after `{key}`");
            return Err(Failure::usage(message, "valvecfg set KEY --value-stdin"));
        }
        words if words.iter().all(|word| split_assignment(word).is_some()) => {
            let mut pairs = Vec::with_capacity(words.len());
            for (key, value) in words.iter().filter_map(|word| split_assignment(word)) {
                pairs.push((super::key(key, &store, options)?, given(value.to_owned())));
            }
            pairs
        }
        [key, value] if split_assignment(key).is_none() => {
            vec![(super::key(key, &store, options)?, given(value.clone()))]
        }
        [key] => {
            let key = super::key(key, &store, options)?;
            let answer = crate::cli::prompt::value(&store, &key, options)?;
            vec![(key, answer)]
        }
        [key, equals, value] if equals == "=" => {
            let name = super::key(key, &store, options)?;
            refuse_secrets(&store, [(&name, value.as_str())].into_iter(), false)?;
            let message = "no space stands around the `=` of an assignment";
            return Err(Failure::usage(message, format!("valvecfg set {key}={value}")));
        }
        words if words.iter().any(|word| split_assignment(word).is_some()) => {
            for (key, value) in words.iter().filter_map(|word| split_assignment(word)) {
                // What follows may be the rest of a secret.
                let key = super::key(key, &store, options)?;
                refuse_secrets(&store, [(&key, value)].into_iter(), false)?;
            }
            let lacking = words.iter().find(|word| split_assignment(word).is_none());
            let message = format!("`{}` has no `=`", lacking.map_or("", String::as_str));
            return Err(Failure::usage(
                message,
                "several settings are given as KEY=VALUE; a value with spaces stands in quotes: valvecfg set 'valve.note=two words'",
            ));
        }
        words => {
            let message = format!(
                "`set` takes KEY VALUE, or KEY=VALUE once or more; there are {} words",
                words.len()
            );
            return Err(Failure::usage(
                message,
                "a value with spaces stands in quotes: valvecfg set valve.note \"two words\"",
            ));
        }
    };
    let is_asked = args.words.len() == 1 && args.words.iter().all(|word| split_assignment(word).is_none());
    let is_typed = !is_asked && !args.value_stdin;
    if is_typed {
        let texts = pairs.iter().filter_map(|(key, given)| match given {
            Given::Text(text) | Given::String(text) => Some((key, text.as_str())),
            Given::Value(_) => None,
        });
        refuse_secrets(&store, texts, false)?;
    }
    if args.expect.is_some() && pairs.len() != 1 {
        return Err(Failure::usage(
            "--expect is for one setting",
            "valvecfg set KEY VALUE --expect OLD",
        ));
    }
    let expect = args.expect.clone().map(Given::Text);
    let assignments: Vec<Assignment> = pairs
        .into_iter()
        .map(|(name, given)| Assignment {
            name,
            given,
            expect: expect.clone(),
        })
        .collect();
    match store.set(&assignments, &options.intent(&args.change)) {
        Ok((outcome, reached)) => Ok(reply(outcome, &reached)),
        // What was asked for could be a secret, and is not repeated.
        Err(error) if !is_typed => Err(error.into()),
        Err(error) => Err(with_missing(&assignments, error)),
    }
}

/// Refuses secrets whose values stand among the arguments, with `item` as items of arrays.
pub(super) fn refuse_secrets<'k>(
    store: &Store,
    pairs: impl Iterator<Item = (&'k KeyPath, &'k str)>,
    item: bool,
) -> Result<(), Failure> {
    for (key, text) in pairs {
        // A name that means nothing is told by the verb itself.
        if store.holds_secret(key, text, item).unwrap_or(false) {
            let key = store.setting(key)?.name();
            return Err(StoreError::from(SecretError::InArguments { key }).into());
        }
    }
    Ok(())
}

/// Where other settings would have to be given too, says how all are set at once.
fn with_missing(assignments: &[Assignment], error: StoreError) -> Failure {
    let failure = Failure::from(error);
    let mut missing = Vec::new();
    let mut violations = failure.files.iter().flat_map(|file| &file.violations);
    if violations.any(|violation| violation.code == Code::UnknownKey) {
        // It may be a slip in the name of a secret: its value is not repeated.
        return failure;
    }
    for file in &failure.files {
        let plugin = plugin_of(&file.path).map(|plugin| KeyPath::root().key(plugin));
        for violation in &file.violations {
            if let (Code::Missing, Some(plugin)) = (violation.code, &plugin) {
                let key = plugin.concat(&violation.key);
                let lies_in =
                    |given: &Assignment| key.starts_with(&given.name) || violation.key.starts_with(&given.name);
                if assignments.iter().any(lies_in) {
                    // It belongs into that value: one setting cannot be given twice.
                    return failure;
                }
                missing.push(format!(" {key}=VALUE"));
            }
        }
    }
    if missing.is_empty() {
        return failure;
    }
    let given = |assignment: &Assignment| match &assignment.given {
        Given::Value(value) => format!(" {}={}", assignment.name, value.bare()),
        Given::Text(text) | Given::String(text) if !text.contains([' ', '\'', '"', '$', '\\', '\n']) => {
            format!(" {}={text}", assignment.name)
        }
        Given::Text(_) | Given::String(_) => format!(" {}=…", assignment.name),
    };
    let given: String = assignments.iter().map(given).collect();
    let hint = format!(
        "nothing was written; set them at once: `valvecfg set{given}{}`",
        missing.concat()
    );
    Failure {
        hints: vec![hint],
        ..failure
    }
}

/// The reply, with what was found out about keys and values on the way.
pub(super) fn reply(outcome: Outcome, reached: &[Reached]) -> Reply {
    let will = if outcome.dry_run { "would be" } else { "is" };
    let mut reply = super::outcome::reply(outcome);
    for Reached {
        key,
        guessed,
        reading,
        default,
    } in reached
    {
        if *guessed {
            reply = reply.note(format!("the setting is `{key}`"));
        }
        match reading {
            Some(Reading::Literal) => {
                reply = reply.note(format!(
                    "no schema gives `{key}` a type; the value was read as a TOML literal"
                ));
            }
            Some(Reading::Text) => {
                reply = reply.note(format!(
                    "no schema gives `{key}` a type; the value was taken as a string"
                ));
            }
            Some(Reading::Schema | Reading::Document | Reading::Given) | None => {}
        }
        if let Some(default) = default {
            reply = reply.note(format!("`{key}` {will} its default: {default}"));
        }
    }
    reply
}

/// `KEY=VALUE` at the first `=` outside quotes.
fn split_assignment(word: &str) -> Option<(&str, &str)> {
    let mut quote = None;
    let mut escaped = false;
    for (at, character) in word.char_indices() {
        match (character, quote) {
            ('\\', Some('"')) if !escaped => {
                escaped = true;
                continue;
            }
            ('"' | '\'', None) => quote = Some(character),
            (closing, Some(open)) if closing == open && !escaped => quote = None,
            ('=', None) => return Some((&word[..at], &word[at + 1..])),
            _ => {}
        }
        escaped = false;
    }
    None
}

/// A value from standard input, without its last line end.
pub(super) fn read_stdin(options: &Options) -> Result<String, Failure> {
    let mut text = read_stdin_whole(options)?;
    if text.ends_with('\n') {
        text.pop();
        if text.ends_with('\r') {
            text.pop();
        }
    }
    Ok(text)
}

/// A text from standard input.
pub(super) fn read_stdin_whole(options: &Options) -> Result<String, Failure> {
    // Nobody knows yet what it will be.
    crate::secret::forbid_dumps();
    let limit = options.limits().file_size;
    // The buffer of the standard library's is never given back, and so never wiped.
    let read = crate::secret::off_stack(|| {
        let mut text = String::with_capacity(4096);
        let stdin = File::from(std::io::stdin().as_fd().try_clone_to_owned()?);
        stdin.take(limit.saturating_add(1)).read_to_string(&mut text)?;
        Ok::<_, std::io::Error>(text)
    });
    let text = read.map_err(|error| Failure::outside("cannot read standard input", error))?;
    if text.len() as u64 > limit {
        return Err(Failure::usage(
            format!("what comes from standard input has more than {limit} bytes"),
            "`--max-size BYTES` sets the limit",
        ));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::split_assignment;

    #[test]
    fn an_assignment_splits_at_the_first_equals_sign_outside_quotes() {
        assert_eq!(split_assignment("a.b=c=d"), Some(("a.b", "c=d")));
        assert_eq!(split_assignment(r#"a."x=y"=1"#), Some((r#"a."x=y""#, "1")));
        assert_eq!(split_assignment(r#"a."x\"=y"=1"#), Some((r#"a."x\"=y""#, "1")));
        assert_eq!(split_assignment("a.'x=y'"), None);
        assert_eq!(split_assignment("threshold"), None);
        assert_eq!(split_assignment("a="), Some(("a", "")));
    }
}
