//! Changes that prove themselves: confirmed once all plugins that they concern run them and have been well for a while,
//! and taken back at once where one refuses.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::clock::Clocks;
use super::expiry::message;
use super::stored::{Confirmation, ConfirmedBy, forget, read, write};
use super::{ConfirmBy, ConfirmationError, Within};
use crate::duration::Span;
use crate::files::Ownership;
use crate::revision::RevisionId;
use crate::store::delivery::{Deliverer, Standing};
use crate::store::plan::{Intent, Outcome};
use crate::store::session::{self, Access, Session};
use crate::store::{LockError, Store, StoreError};
use crate::watch::BootTime;

/// How long plugins must be well where nobody says.
pub(super) const BAKE: Span = Span::of_seconds(30);
/// The pause between two looks while a plugin has not answered yet: at first, and at most.
const PAUSES: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(1));
/// While they are well, so many looks are made, and how far apart at least and at most.
const LOOKS: u32 = 30;
const APART: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(5));
/// Nobody knows whether a plugin was well while nobody looked for longer than this.
const UNSEEN: Duration = Duration::from_secs(20);

/// How a plugin that is told could prove that it runs a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::store) struct Witness {
    /// Whether it can at all.
    pub proves: bool,
    /// By whom its changes are confirmed where nobody says.
    pub by: ConfirmBy,
}

/// What came of one look at whether a change proves itself.
#[derive(Clone, Debug, PartialEq)]
pub enum Proof {
    /// It does not wait for that: not any more, or its time is over, or a person decides.
    Nothing,
    /// It is not decided yet, and is to be looked at again in so long.
    Again(Duration),
    /// It is confirmed.
    Confirmed(RevisionId),
    /// It was taken back, since a plugin refused it.
    TakenBack {
        /// The revision that was refused.
        revision: RevisionId,
        /// By whom, and why.
        reason: String,
        /// What taking it back changed.
        outcome: Box<Outcome>,
    },
}

/// What was seen so far by whoever looks again and again. One who begins to look knows nothing of what was before.
#[derive(Debug, Default)]
pub struct Vigil {
    /// Since when all are well.
    well_since: Option<BootTime>,
    /// When the last look ended.
    looked: Option<BootTime>,
    /// Who has been well.
    well: BTreeSet<String>,
    /// Who is not, and since when.
    ill: BTreeMap<String, BootTime>,
    pause: Option<Duration>,
}

/// Why a change is not kept.
struct Refusal(String);

/// What one look at the plugins has come to.
enum Seen {
    Refused(Refusal),
    Open,
    Well,
}

/// By whom a change is to be confirmed, as it was asked for and as its plugins say.
///
/// # Errors
/// Where a plugin is to prove what it cannot, or the times make no sense.
pub(super) fn agreed(
    within: &Within,
    witnesses: &BTreeMap<String, Witness>,
) -> Result<Option<ConfirmedBy>, ConfirmationError> {
    let all_say_so = || !witnesses.is_empty() && witnesses.values().all(|witness| witness.by == ConfirmBy::Health);
    let by_health = match within.by {
        Some(by) => by == ConfirmBy::Health,
        None => all_say_so(),
    };
    if !by_health {
        return match within.bake {
            Some(_) => Err(ConfirmationError::NoBake),
            None => Ok(None),
        };
    }
    let silent = witnesses.iter().filter(|(_, witness)| !witness.proves);
    let silent: Vec<String> = silent.map(|(plugin, _)| plugin.clone()).collect();
    if witnesses.is_empty() || !silent.is_empty() {
        return Err(ConfirmationError::NoProof { plugins: silent });
    }
    let bake = within.bake.unwrap_or(BAKE);
    if bake >= within.window {
        let window = within.window;
        return Err(ConfirmationError::BakeTooLong { bake, window });
    }
    Ok(Some(ConfirmedBy {
        bake,
        plugins: witnesses.keys().cloned().collect(),
        well_since: None,
    }))
}

impl Store {
    /// Looks once whether a change proves itself that is to be confirmed by health: confirms it, takes it back, or says
    /// when to look again. `vigil` is what the same observer has seen before, at first nothing.
    ///
    /// It may take as long as the plugins' health commands. The end of the time is [`Self::expire`]'s.
    ///
    /// # Errors
    /// [`ConfirmationError::ChangedSince`] where a plugin refuses what was changed again since. It is remembered, and
    /// nothing is tried again.
    pub fn prove(&self, revision: RevisionId, vigil: &mut Vigil) -> Result<Proof, StoreError> {
        Ok(self.told_of(self.prove_untold(revision, vigil)?))
    }

    /// Tells the running plugins of what a proof has taken back.
    pub(super) fn told_of(&self, proof: Proof) -> Proof {
        match proof {
            Proof::TakenBack {
                revision,
                reason,
                outcome,
            } => Proof::TakenBack {
                revision,
                reason,
                outcome: Box::new(self.delivering(*outcome, &Intent::default())),
            },
            other @ (Proof::Nothing | Proof::Again(_) | Proof::Confirmed(_)) => other,
        }
    }

    pub(super) fn prove_untold(&self, revision: RevisionId, vigil: &mut Vigil) -> Result<Proof, StoreError> {
        let Some((waiting, by)) = self.waits_for_proof(revision)? else {
            return Ok(Proof::Nothing);
        };
        let begun = BootTime::now();
        if vigil.looked.is_some_and(|looked| begun.since(looked) > UNSEEN) {
            vigil.well_since = None;
        }
        let deliverer = Deliverer::new(Session::begin(self, Access::Read)?)?;
        let seen = vigil.look(&deliverer, &by.plugins, revision)?;
        vigil.looked = Some(BootTime::now());
        match seen {
            Seen::Refused(refusal) => self.take_back_refused(revision, refusal),
            Seen::Open => {
                vigil.well_since = None;
                self.remember_well(&waiting, &by, false)?;
                let pause = vigil.pause.map_or(PAUSES.0, |pause| (pause * 2).min(PAUSES.1));
                vigil.pause = Some(pause);
                Ok(Proof::Again(pause))
            }
            Seen::Well => {
                vigil.pause = None;
                let bake = by.bake.duration();
                let Some(since) = vigil.well_since else {
                    // From when all have said so, not from when the first was asked.
                    vigil.well_since = vigil.looked;
                    self.remember_well(&waiting, &by, true)?;
                    return Ok(Proof::Again(pause_of(bake, bake)));
                };
                let baked = begun.since(since);
                if baked < bake {
                    return Ok(Proof::Again(pause_of(bake, bake.saturating_sub(baked))));
                }
                self.confirm_proven(revision)
            }
        }
    }

    pub(super) fn waits_for_proof(
        &self,
        revision: RevisionId,
    ) -> Result<Option<(Confirmation, ConfirmedBy)>, StoreError> {
        let waiting = read(&self.git())?.filter(|waiting| waiting.revision == revision);
        let Some(waiting) = waiting.filter(|waiting| waiting.changed_since.is_empty()) else {
            return Ok(None);
        };
        if waiting.is_due(&Clocks::now()?) {
            return Ok(None);
        }
        Ok(waiting.by_health.clone().map(|by| (waiting, by)))
    }

    /// Confirms it, unless a person or the end of its time was first.
    fn confirm_proven(&self, revision: RevisionId) -> Result<Proof, StoreError> {
        let _lock = session::lock(self)?;
        if self.waits_for_proof(revision)?.is_none() {
            return Ok(Proof::Nothing);
        }
        forget(&self.git())?;
        Ok(Proof::Confirmed(revision))
    }

    /// Takes it back, unless somebody has decided otherwise.
    fn take_back_refused(&self, revision: RevisionId, refusal: Refusal) -> Result<Proof, StoreError> {
        let outcome = self.attempt(Access::Write, &mut |session| {
            let waits = self.waits_for_proof(revision)?;
            let (Some(mut waiting), Some(_)) = (self.read_in(session)?, waits) else {
                return Ok(None);
            };
            let intent = Intent {
                message: Some(message(&refusal.0, revision, session)?),
                ..Intent::default()
            };
            self.take_back_in(session, &mut waiting, &intent).map(Some)
        })?;
        Ok(match outcome {
            None => Proof::Nothing,
            Some(outcome) => Proof::TakenBack {
                revision,
                reason: refusal.0,
                outcome: Box::new(outcome),
            },
        })
    }

    /// Lets others see since when all are well.
    fn remember_well(&self, seen: &Confirmation, by: &ConfirmedBy, well: bool) -> Result<(), StoreError> {
        if by.well_since.is_some() == well {
            return Ok(());
        }
        let _lock = match session::lock(self) {
            // It is only to be seen, and may wait until the next look.
            Err(StoreError::Lock(LockError::Busy { .. })) => return Ok(()),
            lock => lock?,
        };
        let Some((mut waiting, mut by)) = self.waits_for_proof(seen.revision)? else {
            return Ok(());
        };
        by.well_since = well.then(Clocks::now).transpose()?;
        waiting.by_health = Some(by);
        write(&self.git(), Ownership::of(&self.root)?, &waiting)
    }
}

impl Vigil {
    fn look(
        &mut self,
        deliverer: &Deliverer<'_>,
        plugins: &[String],
        revision: RevisionId,
    ) -> Result<Seen, StoreError> {
        if let Some(seen) = judge(&deliverer.stand(plugins, revision)?) {
            return Ok(seen);
        }
        let mut seen = Seen::Well;
        for (plugin, checkup) in deliverer.check_up(plugins, revision)? {
            let Some(ill) = checkup.ill else {
                self.ill.remove(&plugin);
                self.well.insert(plugin);
                continue;
            };
            let now = BootTime::now();
            let since = *self.ill.entry(plugin.clone()).or_insert(now);
            // Who was well once has read its settings. Another one may just be doing so.
            if self.well.contains(&plugin) || now.since(since) > checkup.patience {
                return Ok(Seen::Refused(Refusal(format!("{plugin} is not well: {ill}"))));
            }
            seen = Seen::Open;
        }
        // A plugin may have refused it while others were asked.
        Ok(judge(&deliverer.stand(plugins, revision)?).unwrap_or(seen))
    }
}

/// What the plugins' words come to; nothing where all of them run it.
fn judge(standings: &BTreeMap<String, Standing>) -> Option<Seen> {
    let refusal = standings.iter().find_map(|(plugin, standing)| match standing {
        Standing::Refused { reason } => Some(Refusal(format!("{plugin} refused it: {reason}"))),
        Standing::Runs | Standing::Open => None,
    });
    let open = || standings.values().any(|standing| *standing == Standing::Open);
    refusal.map(Seen::Refused).or_else(|| open().then_some(Seen::Open))
}

fn pause_of(bake: Duration, left: Duration) -> Duration {
    (bake / LOOKS).clamp(APART.0, APART.1).min(left)
}
