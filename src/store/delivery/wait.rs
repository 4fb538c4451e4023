//! Waiting for a plugin's word.

use std::time::{Duration, Instant};

use super::{Delivery, DeliveryState};
use crate::store::Store;

/// The pause between two looks grows up to this: a person waits, or a script.
const LONGEST_PAUSE: Duration = Duration::from_millis(50);

impl Store {
    /// Waits until a plugin that acknowledges has said that it runs a revision or does not, or the time is over.
    pub(super) fn wait_for(&self, mut delivery: Delivery, time: Option<Duration>) -> Delivery {
        let Some(time) = time else { return delivery };
        let begun = Instant::now();
        let mut pause = Duration::from_millis(1);
        while matches!(delivery.state, DeliveryState::Awaited | DeliveryState::Busy) {
            if begun.elapsed() >= time {
                let waited = time.as_secs();
                delivery.state = DeliveryState::Late { waited };
                break;
            }
            std::thread::sleep(pause.min(time.saturating_sub(begun.elapsed())));
            pause = (pause * 2).min(LONGEST_PAUSE);
            // One that cannot be looked at just now is looked at again.
            let Ok(standings) = self.deliveries() else { continue };
            if let Some(now) = standings.into_iter().find(|now| now.plugin == delivery.plugin) {
                delivery.state = now.state;
                delivery.running = now.running;
            }
        }
        delivery
    }
}
