//! Looks whether what waits for confirmation proves itself, in a thread of its own: asking plugins whether they are well
//! takes its time, and the watcher has others to look after.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use crate::revision::RevisionId;
use crate::store::confirmation::Proof;
use crate::store::{Store, StoreError};
use crate::watch::Bell;

/// Looks at one change at a time.
pub(super) struct Proving {
    store: Store,
    bell: Arc<Bell>,
    sender: Sender<(RevisionId, Result<Proof, StoreError>)>,
    receiver: Receiver<(RevisionId, Result<Proof, StoreError>)>,
    running: Option<RevisionId>,
}

impl Proving {
    pub(super) fn new(store: Store, bell: Arc<Bell>) -> Self {
        let (sender, receiver) = channel();
        Self {
            store,
            bell,
            sender,
            receiver,
            running: None,
        }
    }

    /// Looks at a change until it is decided. Who looks at another one ends by himself.
    pub(super) fn want(&mut self, revision: RevisionId) {
        if self.running == Some(revision) {
            return;
        }
        self.running = Some(revision);
        let (store, bell, sender) = (self.store.clone(), Arc::clone(&self.bell), self.sender.clone());
        thread::spawn(move || {
            let proof = store.prove_until_decided(revision);
            // Nobody hears it where the watcher has ended.
            if sender.send((revision, proof)).is_ok() {
                bell.ring();
            }
        });
    }

    /// What was decided since.
    pub(super) fn collect(&mut self) -> Vec<Result<Proof, StoreError>> {
        let decided: Vec<_> = self.receiver.try_iter().collect();
        if decided.iter().any(|(revision, _)| self.running == Some(*revision)) {
            self.running = None;
        }
        decided.into_iter().map(|(_, proof)| proof).collect()
    }
}
