//! `status --watch`: how the store is, told anew each time that something of it changes.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use super::local::LOCAL;
use super::manifest::MANIFEST;
use super::{Status, Store, StoreError};
use crate::files::FileError;
use crate::watch::{Bell, BootTime, Place, Wake, Watcher};

/// While a change waits for confirmation, its time runs.
const TICK: Duration = Duration::from_secs(1);

impl Store {
    /// Tells how the store is, and again whenever that changes, until `tell` has had enough.
    pub fn follow(&self, tell: &mut dyn FnMut(&Status) -> bool) -> Result<(), StoreError> {
        let failed = |source: io::Error| FileError::io("follow", &self.root, source);
        let git = self.git();
        let places = vec![
            Place::these(self.root.clone(), [MANIFEST, LOCAL]),
            Place::ending(self.root.join("plugins"), ".toml"),
            Place::these(git.join("refs/heads"), ["main"]),
            Place::these(git.join("valvecfg"), ["confirmation"]),
            Place::ending(git.join("valvecfg/deliveries"), ".json"),
        ];
        let bell = Arc::new(Bell::new().map_err(failed)?);
        let mut watcher = Watcher::new(places, bell).map_err(failed)?;
        let mut told = None;
        loop {
            let status = self.status()?;
            let until = status.confirmation.as_ref().map(|_| BootTime::now() + TICK);
            if told.as_ref() != Some(&status) {
                if !tell(&status) {
                    return Ok(());
                }
                told = Some(status);
            }
            match watcher.wait(until).map_err(failed)? {
                Wake::Touched(_) | Wake::Rescan(_) | Wake::Due | Wake::Rung | Wake::Asked(_) => {}
            }
        }
    }
}
