//! `watch`: follows a store, records what is edited by hand, and delivers what is recorded.
//!
//! It is one loop around one wait. What is touched is compared with what is recorded, so that what valvecfg itself
//! writes is no news, and an event that was missed is made up for by looking at everything.

mod absorb;
mod deliveries;
mod event;
mod eye;
mod follow;
mod lock;
mod look;
mod places;
mod proving;
mod put_back;
mod said;
mod socket;

use std::io;
use std::ops::ControlFlow;
use std::sync::Arc;

use thiserror::Error;

use super::{Store, StoreError};
use crate::watch::Bell;

pub use event::{WatchEvent, WatchReport};

/// What is done with a settings file that was edited by hand and is not valid.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnInvalid {
    /// It is reported and left as it is. The plugin keeps its last good settings.
    #[default]
    Report,
    /// It is set aside, and what is recorded takes its place.
    Restore,
}

/// Why a store was not watched, or not any longer.
#[derive(Debug, Error)]
pub enum WatchError {
    /// Another process does.
    #[error("another valvecfg watches this store{}", pid.map_or_else(String::new, |pid| format!(": process {pid}")))]
    Already {
        /// Which.
        pid: Option<u32>,
    },
    /// The system refused what waiting needs.
    #[error("cannot wait for changes")]
    Wait {
        /// What it said.
        source: io::Error,
    },
}

impl Store {
    /// Follows the store until SIGTERM or SIGINT, or until `tell` breaks it off. What happens is told there.
    ///
    /// # Errors
    /// [`WatchError::Already`] where another process watches the store. What goes wrong later is told, and tried again.
    pub fn watch(
        &self,
        on_invalid: OnInvalid,
        tell: &mut dyn FnMut(WatchReport) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        let bell = Bell::of_signals().map_err(|source| WatchError::Wait { source })?;
        follow::Follower::begin(self, on_invalid, Arc::new(bell), tell)?.run()
    }
}
