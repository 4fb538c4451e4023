//! Delivery: the step after a commit. What a plugin reads is written, the plugin is told, and what it answers is
//! remembered, so that "saved" and "running" never silently differ.
//!
//! Only the latest revision is delivered, and only to plugins whose settings changed. A note that outlives a crash says
//! what is still to be told; whoever comes next makes up for it. One process at a time tells a plugin, and one that
//! hangs keeps no other plugin from being told.

mod answer;
mod proof;
mod socket;
mod standing;
mod state;
mod target;
mod tell;
mod wait;

use std::collections::BTreeSet;
use std::time::Duration;

use super::plan::{Concerned, Intent, Outcome};
use super::session::{Access, Session};
use super::{Store, StoreError};
use crate::plugin::sentence;

pub use answer::{AnswerError, Answered};
pub(super) use proof::Standing;
pub(super) use socket::{Address, LONGEST_LINE, Reply, SOCKET, Word};
pub use standing::{Delivery, DeliveryState};
pub(super) use state::notes;
pub use target::TargetError;
pub(super) use tell::Deliverer;

/// So many plugins are told at the same time: what one of them waits for is mostly not this machine's processors.
const AT_A_TIME: usize = 16;

/// Whether a delivery was asked for just now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Urgency {
    /// Its settings have just changed.
    Now,
    /// It is made up for: what could not be told a moment ago waits for its turn.
    MakeUp,
}

impl Store {
    /// The step after a commit: plugins are told, and of others it is said that they are to be started anew. What goes
    /// wrong with it takes nothing of the change back.
    pub(super) fn delivering(&self, mut outcome: Outcome, intent: &Intent) -> Outcome {
        if intent.dry_run {
            return outcome;
        }
        let Concerned { told, stale, .. } = std::mem::take(&mut outcome.concerned);
        if let Some(revision) = outcome.revision {
            let stale = stale.iter().map(|plugin| Delivery::stale(plugin, revision));
            outcome.deliveries.extend(stale);
        }
        let others = self
            .undelivered()
            .map(|noted| noted.difference(&told).cloned().collect());
        let now = self.deliver(&told, Urgency::Now, intent.wait);
        let others = others.and_then(|others| self.deliver(&others, Urgency::MakeUp, None));
        for deliveries in [now, others] {
            match deliveries {
                Ok(deliveries) => outcome.deliveries.extend(deliveries),
                Err(error) => outcome
                    .warnings
                    .push(format!("running plugins were not told: {}", sentence(&error))),
            }
        }
        outcome
    }

    /// The plugins that are still to be told of their settings: after a crash, or because they could not be reached.
    pub fn undelivered(&self) -> Result<BTreeSet<String>, StoreError> {
        let noted = notes::list(&self.git())?;
        Ok(noted.into_iter().map(|(plugin, _)| plugin).collect())
    }

    /// Tells plugins of their settings where they have not been told, each once; `wait` is how long one that
    /// acknowledges may take for it. What goes wrong is part of the answer.
    pub fn deliver(
        &self,
        plugins: &BTreeSet<String>,
        urgency: Urgency,
        wait: Option<Duration>,
    ) -> Result<Vec<Delivery>, StoreError> {
        if plugins.is_empty() {
            return Ok(Vec::new());
        }
        if plugins.len() == 1 {
            let deliverer = Deliverer::new(Session::begin(self, Access::Read)?)?;
            let deliveries = plugins.iter().filter_map(|plugin| deliverer.deliver(plugin, urgency));
            return Ok(deliveries.map(|delivery| self.wait_for(delivery, wait)).collect());
        }
        let plugins: Vec<&String> = plugins.iter().collect();
        let deliver = |plugin: &&String| -> Result<Option<Delivery>, StoreError> {
            let deliverer = Deliverer::new(Session::begin(self, Access::Read)?)?;
            let delivery = deliverer.deliver(plugin, urgency);
            Ok(delivery.map(|delivery| self.wait_for(delivery, wait)))
        };
        let deliveries = super::parallel::in_threads(AT_A_TIME, &plugins, &|_, _| {}, deliver);
        deliveries.into_iter().filter_map(Result::transpose).collect()
    }

    /// How each plugin that somebody says how to tell stands to its latest settings. Nobody is told.
    pub fn deliveries(&self) -> Result<Vec<Delivery>, StoreError> {
        let deliverer = Deliverer::new(Session::begin(self, Access::Read)?)?;
        deliverer.standings()
    }
}
