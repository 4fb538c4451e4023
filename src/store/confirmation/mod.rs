//! Confirmations: a change that stays only if a person confirms it in time, or the plugins that it concerns prove it.
//!
//! `.git/valvecfg/confirmation` says what waits. It comes with the revision and goes with the one that takes it back,
//! by the same journal, so a crash leaves neither the one without the other. Whoever holds the writer lock decides: of
//! a confirmation and the end of its time, exactly one happens.
//!
//! Who carries the deadline, such as a timer, is started by whoever asks for the change: the store starts no program.

mod clock;
mod expiry;
mod guard;
mod prove;
mod stored;
mod undo;

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::companion::Companion;
use super::{Store, StoreError, session};
use crate::document::Conflict;
use crate::duration::Span;
use crate::files::Ownership;
use crate::revision::{Moment, RevisionId};

use clock::Clocks;
use stored::{Confirmation, comes, forget, goes, is_watched, read, write};

pub use expiry::Expiry;
pub(super) use prove::Witness;
pub use prove::{Proof, Vigil};

/// By what a revision is made that takes back what was not confirmed in time.
pub(super) const VIA: &str = "confirm";

/// Why a change was not confirmed, or not made.
#[derive(Debug, Error)]
pub enum ConfirmationError {
    /// There is nothing to confirm.
    #[error("nothing waits for confirmation")]
    Nothing,
    /// Another change waits for confirmation.
    #[error("{} by {author} waits for confirmation already, for {left} more", revision.short())]
    Waiting {
        /// Its revision.
        revision: RevisionId,
        /// Who made it.
        author: String,
        /// The time it still has.
        left: Span,
    },
    /// It was too late to confirm.
    #[error("{} was not confirmed in time{}", revision.short(), taken_back(*back))]
    TooLate {
        /// The revision that was to be confirmed.
        revision: RevisionId,
        /// The revision that takes it back, where one had to.
        back: Option<RevisionId>,
    },
    /// What was to be taken back was changed again since.
    #[error("{} was not confirmed in time, and {} changed again since", revision.short(), were(names))]
    ChangedSince {
        /// The revision that was to be taken back.
        revision: RevisionId,
        /// The settings and files that were changed again.
        names: Vec<String>,
        /// The settings among them with their values, where they were just looked at.
        conflicts: Vec<Conflict>,
    },
    /// What waits for confirmation is not known.
    #[error("cannot understand {}", path.display())]
    Unreadable {
        /// Its file.
        path: PathBuf,
        /// What is wrong with it, where it is not torn.
        source: Option<serde_json::Error>,
    },
    /// It is to be confirmed by plugins that can prove nothing, or by none.
    #[error("{}", cannot_prove(plugins))]
    NoProof {
        /// Those that cannot; none where no plugin is told of the change.
        plugins: Vec<String>,
    },
    /// Its time is over before its plugins can have been well for long enough.
    #[error("a change that has to be confirmed within {window} cannot be watched for {bake} before that")]
    BakeTooLong {
        /// How long they were to be well.
        bake: Span,
        /// Its time.
        window: Span,
    },
    /// A person confirms it, who needs no plugin to be well.
    #[error("a person confirms this change, and nobody looks how long its plugins are well")]
    NoBake,
    /// Nothing could be started that would take it back.
    #[error("cannot start what would take it back")]
    Carrier {
        /// What the system said.
        source: io::Error,
    },
}

fn taken_back(back: Option<RevisionId>) -> String {
    back.map_or_else(String::new, |back| format!("; {} takes it back", back.short()))
}

fn cannot_prove(plugins: &[String]) -> String {
    match plugins {
        [] => "no plugin is told of this change that could prove it".to_owned(),
        [plugin] => {
            format!("`{plugin}` cannot prove that it runs this change: nothing says how it is, and it never answers")
        }
        plugins => {
            let names: Vec<String> = plugins.iter().map(|name| format!("`{name}`")).collect();
            let names = names.join(", ");
            format!("{names} cannot prove that they run this change: nothing says how they are, and they never answer")
        }
    }
}

fn were(names: &[String]) -> String {
    let verb = if names.len() == 1 { "was" } else { "were" };
    let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    format!("{} {verb}", names.join(", "))
}

/// That a change is to be taken back unless it is confirmed in time.
#[derive(Clone, Copy, Debug)]
pub struct Within {
    /// How long it waits.
    pub window: Span,
    /// Who confirms it; where nobody says, by health where all plugins that it concerns say so.
    pub by: Option<ConfirmBy>,
    /// How long these must be well without a break; 30 s where nobody says.
    pub bake: Option<Span>,
    /// Starts what takes it back then, where no `watch` runs. Called just before the revision is recorded, under the
    /// writer lock.
    pub start: Starter,
}

/// Who confirms a change.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ConfirmBy {
    /// A person, with `valvecfg confirm`.
    #[default]
    Person,
    /// The plugins that it concerns: once all of them run it and have been well for a while.
    Health,
}

/// Starts what will call [`Store::expire_when_due`], and says what that is.
pub type Starter = fn(&Errand<'_>) -> io::Result<Carrier>;

/// What a carrier is to do.
#[derive(Clone, Copy, Debug)]
pub struct Errand<'e> {
    /// The store's folder.
    pub store: &'e Path,
    /// The revision to be taken back.
    pub revision: RevisionId,
    /// In how long.
    pub window: Span,
    /// Who confirms it. By health, there is something to be looked at from the beginning.
    pub by: ConfirmBy,
}

/// Who takes a change back when its time is over. Every later command does too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Carrier {
    /// `valvecfg watch`, which runs.
    Watch,
    /// A timer of systemd, or a service where there is something to be looked at until then.
    Systemd,
    /// A process in the background.
    Guard,
    /// Nobody else.
    NextCommand,
}

/// A change that waits for confirmation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Pending {
    /// Its revision.
    pub revision: RevisionId,
    /// Who made it.
    pub author: String,
    /// When its time ends, by the wall clock as it goes now.
    pub until: Moment,
    /// How many seconds are left; 0 where it is to be taken back now.
    pub seconds_left: u32,
    /// Who takes it back.
    pub carrier: Carrier,
    /// Who confirms it.
    pub by: ConfirmBy,
    /// What its plugins have to prove, where they confirm it.
    pub bake: Option<Bake>,
    /// The settings and files that were changed again before it could be taken back: it stays until a person decides.
    pub changed_since: Vec<String>,
}

/// What plugins have to prove.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Bake {
    /// The plugins that have to run the change and be well.
    pub plugins: Vec<String>,
    /// For so many seconds without a break.
    pub seconds: u64,
    /// Since when they do, by the wall clock as it goes now; nothing where one does not.
    pub since: Option<Moment>,
}

/// What `confirm` did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Confirmed {
    /// The revision that waited.
    pub revision: RevisionId,
    /// What it still waits for; nothing where it stays for good.
    pub confirmation: Option<Pending>,
    /// Whether this was a dry run.
    pub dry_run: bool,
}

impl Store {
    /// The change that waits for confirmation, if one does.
    pub fn confirmation(&self) -> Result<Option<Pending>, StoreError> {
        let git = self.git();
        let waiting = read(&git)?.map(|waiting| Ok(waiting.pending(&git, &Clocks::now()?)));
        waiting.transpose()
    }

    /// Confirms the change that waits: it stays. So does what a person has changed again since.
    ///
    /// # Errors
    /// [`ConfirmationError::Nothing`]; [`ConfirmationError::TooLate`] where its time is over, and then it is taken back.
    pub fn confirm(&self, dry_run: bool) -> Result<Confirmed, StoreError> {
        self.decide(dry_run, &mut |waiting, git| {
            if !dry_run {
                forget(git)?;
            }
            Ok((waiting.revision, None))
        })
    }

    /// Gives the change that waits more time. `start` is for one that waits since before a reboot, which no carrier
    /// survives.
    ///
    /// # Errors
    /// As of [`Self::confirm`]; [`ConfirmationError::ChangedSince`] where its time is over and a person must decide.
    pub fn extend_confirmation(&self, more: Span, start: Starter, dry_run: bool) -> Result<Confirmed, StoreError> {
        self.decide(dry_run, &mut |waiting, git| {
            waiting.refuse_changed()?;
            let now = Clocks::now()?;
            let window = waiting.since.left(waiting.window, &now) + milliseconds(more);
            if now.boot != waiting.since.boot && !dry_run {
                let errand = Errand {
                    store: &self.root,
                    revision: waiting.revision,
                    window: whole_seconds(window),
                    by: waiting.by(),
                };
                waiting.carrier = carrier(self, &errand, start)?;
            }
            (waiting.since, waiting.window) = (now.clone(), window);
            if !dry_run {
                write(git, Ownership::of(&self.root)?, waiting)?;
            }
            Ok((waiting.revision, Some(waiting.pending(git, &now))))
        })
    }

    /// Does something with what waits, under the writer lock, unless its time is over.
    fn decide(&self, dry_run: bool, decide: &mut Decision<'_>) -> Result<Confirmed, StoreError> {
        let git = self.git();
        loop {
            let lock = (!dry_run).then(|| session::lock(self)).transpose()?;
            let mut waiting = read(&git)?.ok_or(ConfirmationError::Nothing)?;
            if !waiting.is_due(&Clocks::now()?) {
                let (revision, confirmation) = decide(&mut waiting, &git)?;
                return Ok(Confirmed {
                    revision,
                    confirmation,
                    dry_run,
                });
            }
            drop(lock);
            let revision = waiting.revision;
            let back = if dry_run {
                Expiry::Nothing
            } else {
                self.expire().inspect_err(|error| {
                    if !matches!(error, StoreError::Confirmation(_)) {
                        self.notices.add(expiry::not_taken_back(revision, error));
                    }
                })?
            };
            match back {
                Expiry::Nothing => return Err(ConfirmationError::TooLate { revision, back: None }.into()),
                Expiry::TakenBack { outcome, .. } => {
                    let back = outcome.revision;
                    return Err(ConfirmationError::TooLate { revision, back }.into());
                }
                // Somebody else was given more time, or has decided.
                Expiry::NotDue(_) | Expiry::ChangedSince(_) => {}
            }
        }
    }
}

type Decision<'d> = dyn FnMut(&mut Confirmation, &Path) -> Result<(RevisionId, Option<Pending>), StoreError> + 'd;

/// Refuses a change that is to be confirmed while another one is.
pub(super) fn refuse_second(store: &Store) -> Result<(), StoreError> {
    let git = store.git();
    let Some(waiting) = read(&git)? else { return Ok(()) };
    waiting.refuse_changed()?;
    let left = waiting.pending(&git, &Clocks::now()?).seconds_left;
    Err(ConfirmationError::Waiting {
        revision: waiting.revision,
        author: waiting.author,
        left: Span::of_seconds(left),
    }
    .into())
}

/// Refuses a change that its plugins are to confirm and cannot.
pub(super) fn refuse_unproven(within: &Within, witnesses: &BTreeMap<String, Witness>) -> Result<(), StoreError> {
    prove::agreed(within, witnesses)?;
    Ok(())
}

/// A confirmation that comes with its revision.
pub(super) fn begin(
    store: &Store,
    revision: RevisionId,
    author: &str,
    within: &Within,
    witnesses: &BTreeMap<String, Witness>,
) -> Result<(Companion, Pending), StoreError> {
    let git = store.git();
    let by_health = prove::agreed(within, witnesses)?;
    let errand = Errand {
        store: &store.root,
        revision,
        window: within.window,
        by: by_health.as_ref().map_or(ConfirmBy::Person, |_| ConfirmBy::Health),
    };
    let waiting = Confirmation {
        revision,
        author: author.to_owned(),
        since: Clocks::now()?,
        window: milliseconds(within.window),
        carrier: carrier(store, &errand, within.start)?,
        by_health,
        changed_since: Vec::new(),
    };
    let pending = waiting.pending(&git, &waiting.since);
    Ok((comes(&git, &waiting)?, pending))
}

/// That a revision, which is taken back, needs no confirmation any more, where it waits for one.
pub(super) fn end(store: &Store, revision: RevisionId) -> Result<Option<Companion>, StoreError> {
    let waiting = waiting_revision(store)?;
    Ok(waiting.filter(|waiting| *waiting == revision).map(|_| goes()))
}

/// The same where nothing has to be recorded.
pub(super) fn forget_revision(store: &Store, revision: RevisionId) -> Result<bool, StoreError> {
    let waits = end(store, revision)?.is_some();
    if waits {
        forget(&store.git())?;
    }
    Ok(waits)
}

/// How long the change that waits for confirmation still has, if one does and no person has to decide.
pub(super) fn time_left(store: &Store) -> Result<Option<Duration>, StoreError> {
    let waiting = read(&store.git())?.filter(|waiting| waiting.changed_since.is_empty());
    let Some(waiting) = waiting else { return Ok(None) };
    let left = waiting.since.left(waiting.window, &Clocks::now()?);
    Ok(Some(Duration::from_millis(left)))
}

/// The revision that waits until it has proved itself, if one does.
pub(super) fn unproven(store: &Store) -> Result<Option<RevisionId>, StoreError> {
    let waiting = read(&store.git())?.filter(|waiting| waiting.changed_since.is_empty());
    let waiting = waiting.filter(|waiting| waiting.by_health.is_some());
    Ok(waiting.map(|waiting| waiting.revision))
}

/// The revision that waits for confirmation, if one does.
pub(super) fn waiting_revision(store: &Store) -> Result<Option<RevisionId>, StoreError> {
    Ok(read(&store.git())?.map(|waiting| waiting.revision))
}

fn carrier(store: &Store, errand: &Errand<'_>, start: Starter) -> Result<Carrier, StoreError> {
    if is_watched(&store.git()) {
        return Ok(Carrier::Watch);
    }
    start(errand).map_err(|source| ConfirmationError::Carrier { source }.into())
}

fn milliseconds(span: Span) -> u64 {
    u64::try_from(span.duration().as_millis()).unwrap_or(u64::MAX)
}

/// As many whole seconds as hold all of it.
fn whole_seconds(milliseconds: u64) -> Span {
    Span::of_seconds(milliseconds.div_ceil(1000).try_into().unwrap_or(u32::MAX))
}
