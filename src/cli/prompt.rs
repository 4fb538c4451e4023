//! Questions to a person at a terminal.

mod cursor;
mod hidden;

use std::io::{self, Write as _};
use std::path::Path;

use age::secrecy::SecretString;
use dialoguer::theme::ColorfulTheme;
use dialoguer::{Confirm, Input, Select};

use self::cursor::Cursor;
use super::command::Known;
use super::diagnostic::printable::escaped;
use super::options::Options;
use super::report::Failure;
use crate::document::{KeyPath, Value};
use crate::schema::Kind;
use crate::store::{Description, Given, Store};

/// Asks for the value of a setting, with all that is known about it on the screen.
pub(crate) fn value(store: &Store, key: &KeyPath, options: &Options) -> Result<Given, Failure> {
    if !options.interactive {
        return Err(Failure::needs_answer(
            &format!("what is `{key}` to be?"),
            &format!("the value: `valvecfg set {key} VALUE`"),
        ));
    }
    let known = Known::of(store, key)?;
    if known
        .description
        .annotation
        .as_ref()
        .is_some_and(|annotation| annotation.secret)
    {
        return secret(key, options);
    }
    let mut screen = Vec::new();
    known.write(&mut screen).map_err(Failure::printing)?;
    io::stderr().lock().write_all(&screen).map_err(Failure::printing)?;
    match choices(&known.description) {
        Some(choices) => choose_value(&known.description, &choices),
        None => type_in(&known.description),
    }
}

/// Asks for a secret value, twice, and shows nothing of it.
pub(crate) fn secret(key: &KeyPath, options: &Options) -> Result<Given, Failure> {
    if !options.interactive {
        return Err(Failure::needs_answer(
            &format!("what is `{key}` to be?"),
            &format!("it on standard input: `valvecfg secret set {key} --value-stdin`"),
        ));
    }
    crate::secret::forbid_dumps();
    let _cursor = Cursor::guard().map_err(unasked)?;
    loop {
        let text = hidden::read(&key.to_string()).map_err(unasked)?;
        let again = hidden::read("once more").map_err(unasked)?;
        if text == again {
            return Ok(Given::Text(text.to_string()));
        }
        writeln!(io::stderr(), "the two differ").map_err(Failure::printing)?;
    }
}

/// Asks for the passphrase of an identity file; nothing where there is nobody to ask, or he does not say.
pub(crate) fn passphrase(file: &Path, options: &Options) -> Option<SecretString> {
    if !options.interactive {
        return None;
    }
    crate::secret::forbid_dumps();
    let _cursor = Cursor::guard().ok()?;
    let mut text = hidden::read(&format!("passphrase of {}", file.display())).ok()?;
    Some(SecretString::from(std::mem::take(&mut *text)))
}

/// Asks which of several settings is meant.
pub(crate) fn choose(question: &str, candidates: Vec<KeyPath>) -> Result<KeyPath, Failure> {
    let theme = ColorfulTheme::default();
    let _cursor = Cursor::guard().map_err(unasked)?;
    let chosen = Select::with_theme(&theme)
        .with_prompt(question)
        .items(&candidates)
        .default(0)
        .interact()
        .map_err(unasked)?;
    // The answer is the place of one of them.
    candidates
        .into_iter()
        .nth(chosen)
        .ok_or_else(|| Failure::usage("nothing was chosen", question))
}

/// Asks whether to go on. `default` is the answer of who only presses Enter, and must be the one that loses nothing.
pub(crate) fn confirm(question: &str, default: bool, argument: &str, options: &Options) -> Result<bool, Failure> {
    if options.yes() {
        return Ok(true);
    }
    if !options.interactive {
        return Err(Failure::needs_answer(question, argument));
    }
    let theme = ColorfulTheme::default();
    let _cursor = Cursor::guard().map_err(unasked)?;
    let answer = Confirm::with_theme(&theme)
        .with_prompt(question)
        .default(default)
        .interact();
    answer.map_err(unasked)
}

/// The values to choose from, where there are few.
fn choices(known: &Description) -> Option<Vec<Value>> {
    let annotation = known.annotation.as_ref()?;
    if !annotation.values.is_empty() {
        return Some(annotation.values.clone());
    }
    (annotation.kinds == [Kind::Boolean]).then(|| vec![Value::Boolean(true), Value::Boolean(false)])
}

fn choose_value(known: &Description, choices: &[Value]) -> Result<Given, Failure> {
    let labels: Vec<String> = choices.iter().map(Value::bare).collect();
    let current = known
        .value
        .as_ref()
        .and_then(|value| choices.iter().position(|choice| choice == value));
    let theme = ColorfulTheme::default();
    let _cursor = Cursor::guard().map_err(unasked)?;
    let chosen = Select::with_theme(&theme)
        .with_prompt(known.key.to_string())
        .items(&labels)
        .default(current.unwrap_or(0))
        .interact()
        .map_err(unasked)?;
    Ok(Given::Value(choices[chosen].clone()))
}

fn type_in(known: &Description) -> Result<Given, Failure> {
    let theme = ColorfulTheme::default();
    let mut input = Input::<String>::with_theme(&theme).allow_empty(true);
    let mut prompt = known.key.to_string();
    if let Some(value) = &known.value {
        let text = value.bare();
        // One that is long, or has characters that would move the cursor, stands above the question already.
        let fits = text.chars().count() <= 60 && escaped(&text) == text;
        if !fits {
            prompt.push_str(" (Enter keeps it)");
        }
        input = input.default(text).show_default(fits).report(fits);
    }
    let _cursor = Cursor::guard().map_err(unasked)?;
    let text = input.with_prompt(prompt).interact_text().map_err(unasked)?;
    Ok(match &known.value {
        // Its text alone would not tell `"5"` from `5`.
        Some(value) if value.bare() == text => Given::Value(value.clone()),
        Some(_) | None => Given::Text(text),
    })
}

fn unasked(error: impl Into<anyhow::Error>) -> Failure {
    Failure::outside("cannot ask", error)
}
