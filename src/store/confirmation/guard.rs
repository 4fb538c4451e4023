//! A guard: waits until the time of one change is over, and takes it back. It ends by itself where there is nothing to
//! wait for any more.

use std::io;
use std::path::Path;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::fd::OwnedFd;
use rustix::fs::inotify;
use rustix::io::Errno;

use super::ConfirmationError;
use super::clock::Clocks;
use super::expiry::Expiry;
use super::prove::{Proof, Vigil};
use super::stored::{path, read};
use crate::revision::RevisionId;
use crate::store::{LockError, Store, StoreError, session};
use crate::watch::{Alarm, BootTime};

/// How long to wait before what failed is tried again: at first, and at most.
const PAUSES: (Duration, Duration) = (Duration::from_secs(1), Duration::from_mins(1));
/// Where the system tells of no changes, how often to look.
const STEP: Duration = Duration::from_secs(10);

impl Store {
    /// Waits until the time of a revision is over that waits for confirmation, and takes it back. It returns as soon as
    /// the revision waits no more, or a person must decide. Meanwhile it looks whether the revision proves itself, where it
    /// is to do so.
    ///
    /// It may be called while the revision is being recorded. What keeps it from being taken back, such as a hand edit
    /// that is not valid, is tried again until it goes.
    pub fn expire_when_due(&self, revision: RevisionId) -> Result<(), StoreError> {
        // Its writer holds the lock until it is recorded, and this one must not be sooner.
        loop {
            match session::lock(self) {
                Err(StoreError::Lock(LockError::Busy { .. })) => {}
                Err(error) => return Err(error),
                Ok(_lock) => break,
            }
        }
        let git = self.git();
        let mut pause = PAUSES.0;
        loop {
            // Before it is read, so that nothing is missed.
            let changes = Changes::of(&path(&git));
            let Some(waiting) = read(&git)?.filter(|waiting| waiting.revision == revision) else {
                return Ok(());
            };
            waiting.refuse_changed()?;
            let left = waiting.since.left(waiting.window, &Clocks::now()?);
            if left > 0 && waiting.by_health.is_some() {
                match self.prove_until_decided(revision)? {
                    Proof::Nothing | Proof::Again(_) => continue,
                    taken_back @ Proof::TakenBack { .. } => drop(self.told_of(taken_back)),
                    Proof::Confirmed(_) => {}
                }
                return Ok(());
            }
            if left > 0 {
                changes.wait(Duration::from_millis(left));
                continue;
            }
            match self.expire() {
                Ok(Expiry::Nothing | Expiry::TakenBack { .. } | Expiry::ChangedSince(_)) => return Ok(()),
                Ok(Expiry::NotDue(_)) => {}
                Err(error @ StoreError::Confirmation(ConfirmationError::ChangedSince { .. })) => return Err(error),
                Err(_) => {
                    changes.wait(pause);
                    pause = (pause * 2).min(PAUSES.1);
                }
            }
        }
    }

    /// Looks again and again whether a change proves itself that is to be confirmed by health, until it has, or does not
    /// wait for that any more. Running plugins are not told of what is taken back.
    pub(in crate::store) fn prove_until_decided(&self, revision: RevisionId) -> Result<Proof, StoreError> {
        let git = self.git();
        let mut vigil = Vigil::default();
        let mut pause = PAUSES.0;
        loop {
            // Before it is read, so that nothing is missed.
            let changes = Changes::of(&path(&git));
            let Some((waiting, _)) = self.waits_for_proof(revision)? else {
                return Ok(Proof::Nothing);
            };
            let left = waiting.since.left(waiting.window, &Clocks::now()?);
            let again = match self.prove_untold(revision, &mut vigil) {
                Ok(Proof::Again(again)) => again,
                Ok(decided) => return Ok(decided),
                Err(error @ StoreError::Confirmation(ConfirmationError::ChangedSince { .. })) => return Err(error),
                Err(_) => {
                    let again = pause;
                    pause = (pause * 2).min(PAUSES.1);
                    again
                }
            };
            changes.wait(again.min(Duration::from_millis(left)));
        }
    }
}

/// What tells that a file was removed or replaced; nothing where the system has no more of these.
struct Changes(Option<OwnedFd>);

impl Changes {
    fn of(path: &Path) -> Self {
        let watched = inotify::init(inotify::CreateFlags::CLOEXEC).and_then(|inotify| {
            // A file that is replaced or removed has one name less.
            let gone = inotify::WatchFlags::ATTRIB | inotify::WatchFlags::DELETE_SELF | inotify::WatchFlags::MOVE_SELF;
            inotify::add_watch(&inotify, path, gone)?;
            Ok(inotify)
        });
        Self(watched.ok())
    }

    /// Waits for a change, but not longer than so long by the clock that goes on in sleep.
    fn wait(&self, most: Duration) {
        let waited = || -> io::Result<()> {
            let changes = self.0.as_ref().ok_or(Errno::NOSYS)?;
            let alarm = Alarm::new()?;
            alarm.set(Some(BootTime::now() + most))?;
            let mut either = [PollFd::new(changes, PollFlags::IN), PollFd::new(&alarm, PollFlags::IN)];
            poll(&mut either, None)?;
            Ok(())
        };
        match waited() {
            Err(error) if error.kind() != io::ErrorKind::Interrupted => std::thread::sleep(most.min(STEP)),
            Ok(()) | Err(_) => {}
        }
    }
}
