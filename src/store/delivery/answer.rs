//! What a plugin says of a revision: that it runs it, or why it does not.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::socket::{self, Word};
use super::state::{Answer, Record};
use super::tell::Deliverer;
use crate::revision::RevisionId;
use crate::store::session::{Access, Session};
use crate::store::{Store, StoreError, author};

/// A reason longer than this many characters is cut.
const LONGEST: usize = 400;

/// Why a plugin's word was not taken.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum AnswerError {
    /// It has spoken of a later revision already.
    #[error("`{plugin}` has spoken of revision {} since, which is later than {}", later.short(), revision.short())]
    Outdated {
        /// The plugin.
        plugin: String,
        /// Of what it speaks now.
        revision: RevisionId,
        /// Of what it has spoken.
        later: RevisionId,
    },
    /// The watcher, which may write in the store, did not take it either.
    #[error("the watcher does not take it: {reason}")]
    NotTaken {
        /// Its words.
        reason: String,
    },
}

/// A plugin's word, as it was taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answered {
    /// The plugin.
    pub plugin: String,
    /// Of which revision it speaks.
    pub revision: RevisionId,
    /// Why it does not run it; none where it does.
    pub refused: Option<String>,
    /// Whether its settings have changed since that revision.
    pub is_latest: bool,
}

impl Store {
    /// Takes a plugin's word that it runs a revision, or why it does not. A word on an older revision never clears one on
    /// a newer. Who may not write in the store is heard by the watcher, where one runs that lets them speak to it.
    pub fn applied(&self, plugin: &str, revision: &str, refused: Option<&str>) -> Result<Answered, StoreError> {
        let word = Word::new(plugin, revision, refused);
        let taken = self.take_answer(&word);
        if let Err(StoreError::File(error)) = &taken
            && error.is_denied()
            && let Some(heard) = socket::say(&self.git(), &word)
        {
            return heard;
        }
        taken
    }

    /// Takes a plugin's word as one who may write in the store.
    pub(in crate::store) fn take_answer(&self, word: &Word) -> Result<Answered, StoreError> {
        let plugin = word.plugin.as_str();
        let session = Session::begin(self, Access::Read)?;
        if !session.rules.has(plugin) {
            return Err(session.rules.no_such_plugin(plugin));
        }
        let revision = session.history.resolve(session.head, &word.revision)?;
        let mut outdated = None;
        let mut failed = None;
        let refused = word.refused().map(shortened);
        let answer = Answer {
            revision,
            refused: refused.clone(),
            time: author::clock(),
        };
        Record::change(&self.git(), plugin, |record| {
            if let Some(before) = &record.answer
                && before.revision != revision
            {
                match session.history.follows(before.revision, revision) {
                    Ok(false) => {}
                    Ok(true) => outdated = Some(before.revision),
                    Err(error) => failed = Some(error),
                }
            }
            if outdated.is_none() && failed.is_none() {
                if answer.refused.is_none() {
                    record.running = Some(revision);
                }
                record.answer = Some(answer);
            }
        })?;
        if let Some(error) = failed {
            return Err(error.into());
        }
        if let Some(later) = outdated {
            let plugin = plugin.to_owned();
            return Err(AnswerError::Outdated {
                plugin,
                revision,
                later,
            }
            .into());
        }
        let latest = Deliverer::new(session)?.is_latest(plugin, revision)?;
        Ok(Answered {
            plugin: plugin.to_owned(),
            revision,
            refused,
            is_latest: latest,
        })
    }
}

/// A reason as it is remembered and shown: one line, and not a long one.
fn shortened(reason: &str) -> String {
    let line = reason.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= LONGEST {
        return line;
    }
    let cut: String = line.chars().take(LONGEST).collect();
    format!("{cut}…")
}
