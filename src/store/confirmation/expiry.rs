//! The end of the time of a change that nobody confirmed: it is taken back, once, by whoever comes first.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use super::clock::Clocks;
use super::stored::{Confirmation, forget, is_there, read, write};
use super::undo::undo;
use super::{ConfirmationError, Pending, VIA};
use crate::files::{self, Ownership};
use crate::history::{BlobId, History};
use crate::plugin::sentence;
use crate::revision::RevisionId;
use crate::store::plan::{Intent, Outcome};
use crate::store::rollback::{Selection, restore_plugins};
use crate::store::session::{Access, Session};
use crate::store::{Limits, LockError, Store, StoreError};

/// What became of a change that waits for confirmation.
#[derive(Clone, Debug, PartialEq)]
pub enum Expiry {
    /// Nothing waits, or not any more.
    Nothing,
    /// Its time is not over.
    NotDue(Pending),
    /// It was taken back. There is no revision where everything was so already.
    TakenBack {
        /// The revision that was not confirmed.
        revision: RevisionId,
        /// What taking it back changed.
        outcome: Box<Outcome>,
    },
    /// Some of it was changed again since, and a person must decide.
    ChangedSince(Pending),
}

impl Store {
    /// Takes back the change that waits for confirmation, if its time is over.
    ///
    /// # Errors
    /// [`ConfirmationError::ChangedSince`] when it is found that some of it was changed again since. It is remembered,
    /// and nothing is tried again.
    pub fn expire(&self) -> Result<Expiry, StoreError> {
        Ok(match self.expire_untold()? {
            Expiry::TakenBack { revision, outcome } => Expiry::TakenBack {
                revision,
                outcome: Box::new(self.delivering(*outcome, &Intent::default())),
            },
            other @ (Expiry::Nothing | Expiry::NotDue(_) | Expiry::ChangedSince(_)) => other,
        })
    }

    /// The same without telling running plugins, which a reader never does: whoever comes next tells them.
    pub(in crate::store) fn expire_untold(&self) -> Result<Expiry, StoreError> {
        self.attempt(Access::Write, &mut |session| {
            let git = self.git();
            let Some(mut waiting) = self.read_in(session)? else {
                return Ok(Expiry::Nothing);
            };
            let now = Clocks::now()?;
            if !waiting.changed_since.is_empty() {
                return Ok(Expiry::ChangedSince(waiting.pending(&git, &now)));
            }
            if !waiting.is_due(&now) {
                return Ok(Expiry::NotDue(waiting.pending(&git, &now)));
            }
            let intent = Intent {
                message: Some(message("not confirmed in time", waiting.revision, session)?),
                ..Intent::default()
            };
            let outcome = self.take_back_in(session, &mut waiting, &intent)?;
            Ok(Expiry::TakenBack {
                revision: waiting.revision,
                outcome: Box::new(outcome),
            })
        })
    }

    /// Takes back what waits. Where some of it was changed again since, that is remembered.
    pub(super) fn take_back_in(
        &self,
        session: &Session<'_>,
        waiting: &mut Confirmation,
        intent: &Intent,
    ) -> Result<Outcome, StoreError> {
        let back = self.change_in(session, VIA, intent, &mut |draft| undo(draft, waiting.revision));
        if let Err(StoreError::Confirmation(ConfirmationError::ChangedSince { names, .. })) = &back {
            waiting.changed_since.clone_from(names);
            write(&self.git(), Ownership::of(self.root())?, waiting)?;
        }
        back
    }

    /// Takes back the change that waits for confirmation before its time is over. Where some of it was changed again
    /// since, all settings become what they were before it.
    ///
    /// # Errors
    /// [`ConfirmationError::Nothing`] where nothing waits.
    pub fn cancel_confirmation(&self, intent: &Intent) -> Result<Outcome, StoreError> {
        let access = if intent.dry_run { Access::Read } else { Access::Write };
        let mut away = Vec::new();
        let mut outcome = self.attempt(access, &mut |session| {
            let waiting = self.read_in(session)?.ok_or(ConfirmationError::Nothing)?;
            let revision = waiting.revision;
            let made = || message("not confirmed", revision, session);
            let message = intent.message.clone().map_or_else(made, Ok)?;
            let intent = Intent {
                message: Some(message),
                ..intent.clone()
            };
            let parent = session.history.revision(revision)?.parent;
            let parent = parent.filter(|_| !waiting.changed_since.is_empty());
            self.change_in(session, "rollback", &intent, &mut |draft| match parent {
                None => undo(draft, revision),
                Some(parent) => {
                    draft.takes_back(revision);
                    away = restore_plugins(draft, parent, &Selection::default())?;
                    Ok(())
                }
            })
        })?;
        outcome.warnings.extend(away);
        Ok(self.delivering(outcome, intent))
    }

    /// What waits, as far as history still holds it: who has taken the revision out of it with git has decided.
    pub(super) fn read_in(&self, session: &Session<'_>) -> Result<Option<Confirmation>, StoreError> {
        let git = self.git();
        let Some(waiting) = read(&git)? else { return Ok(None) };
        if session.history.follows_or_is(session.head, waiting.revision)? {
            return Ok(Some(waiting));
        }
        if session.is_writer() {
            forget(&git)?;
        }
        Ok(None)
    }

    /// Takes back what was not confirmed in time, before a change is made. What keeps it from that is said, and keeps
    /// nobody from changing something else.
    pub(in crate::store) fn make_up(&self) -> Result<(), StoreError> {
        let git = self.git();
        if !is_there(&git)? {
            return Ok(());
        }
        let Some(waiting) = read(&git)? else { return Ok(()) };
        if let Err(error) = waiting.refuse_changed() {
            self.notices.add(not_taken_back(waiting.revision, &error.into()));
        } else if waiting.is_due(&Clocks::now()?)
            && let Err(error) = self.expire().map(|expiry| self.say(&expiry))
        {
            self.notices.add(not_taken_back(waiting.revision, &error));
        }
        Ok(())
    }

    /// The same for a reader, who waits for nobody. Where it cannot be done, answers with what counts in the place of
    /// the files that it left.
    pub(in crate::store) fn make_up_for_reader(&self) -> Result<BTreeMap<PathBuf, Option<BlobId>>, StoreError> {
        let git = self.git();
        if !is_there(&git)? {
            return Ok(BTreeMap::new());
        }
        let due = read(&git).and_then(|waiting| {
            let Some(waiting) = waiting else { return Ok(None) };
            Ok(waiting.is_due(&Clocks::now()?).then_some(waiting))
        });
        let waiting = match due {
            Ok(Some(waiting)) => waiting,
            Ok(None) => return Ok(BTreeMap::new()),
            Err(error) => {
                self.notices.add(sentence(&error));
                return Ok(BTreeMap::new());
            }
        };
        let limits = Limits {
            patience: Duration::ZERO,
            ..self.limits
        };
        let impatient = Self { limits, ..self.clone() };
        match impatient.expire_untold().map(|expiry| self.say(&expiry)) {
            Ok(()) => Ok(BTreeMap::new()),
            // Somebody writes, and most likely this.
            Err(StoreError::Lock(LockError::Busy { .. })) => self.instead(waiting.revision),
            Err(error) => {
                self.notices.add(not_taken_back(waiting.revision, &error));
                self.instead(waiting.revision)
            }
        }
    }

    fn say(&self, expiry: &Expiry) {
        if let Expiry::TakenBack { revision, outcome } = expiry {
            let revision = revision.short();
            self.notices.add(match outcome.revision {
                Some(back) => format!(
                    "{revision} was not confirmed in time and was taken back, as {}",
                    back.short()
                ),
                None => format!("{revision} was not confirmed in time; there was nothing of it left to take back"),
            });
        }
    }

    /// What stood before a revision in the files that it changed, where all of them are still as it left them.
    fn instead(&self, revision: RevisionId) -> Result<BTreeMap<PathBuf, Option<BlobId>>, StoreError> {
        let history = History::open(&self.root)?;
        let mut instead = BTreeMap::new();
        for file in history.changed_paths(revision)? {
            let path = self.root.join(&file.path);
            let live = files::read_if_present(&path, self.limits.file_size)?;
            if live.as_deref().map(BlobId::of).transpose()? != file.after {
                return Ok(BTreeMap::new());
            }
            instead.insert(std::fs::canonicalize(&path).unwrap_or(path), file.before);
        }
        Ok(instead)
    }
}

pub(super) fn message(why: &str, revision: RevisionId, session: &Session<'_>) -> Result<String, StoreError> {
    let made = session.history.revision(revision)?.message;
    let subject = made.lines().next().unwrap_or_default();
    Ok(format!("{why}: takes back {} {subject}", revision.short()))
}

pub(super) fn not_taken_back(revision: RevisionId, error: &StoreError) -> String {
    if let StoreError::Confirmation(ConfirmationError::ChangedSince { .. }) = error {
        return format!("{error}; `valvecfg confirm` keeps what there is, `valvecfg rollback` goes back altogether");
    }
    let revision = revision.short();
    format!(
        "{revision} was not confirmed in time, and is not taken back yet: {}",
        sentence(error)
    )
}
