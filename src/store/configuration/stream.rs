//! The changes as a stream, for plugins whose code is async. A thread of its own waits for them: the wait is one system
//! call, and no runtime's.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use futures_core::Stream;
use serde::de::DeserializeOwned;

use super::{Configuration, ConfigurationError, Offer, Stopper};

/// So many changes wait at most; the oldest are dropped, since only the last one counts.
const MOST: usize = 16;

/// The changes of a plugin's settings. Dropping it ends the thread that waits for them.
pub struct ChangeStream<T> {
    shared: Arc<Mutex<Shared<T>>>,
    stopper: Stopper,
}

struct Shared<T> {
    waiting: VecDeque<Result<Offer<T>, ConfigurationError>>,
    waker: Option<Waker>,
    has_ended: bool,
}

impl<T: DeserializeOwned + Send + Sync + 'static> Configuration<T> {
    /// The changes as [`Configuration::changes`] tells them.
    pub fn stream(&self) -> Result<ChangeStream<T>, ConfigurationError> {
        let mut changes = self.changes()?;
        let stopper = changes.stopper();
        let shared = Arc::new(Mutex::new(Shared {
            waiting: VecDeque::new(),
            waker: None,
            has_ended: false,
        }));
        let told = Arc::clone(&shared);
        std::thread::Builder::new()
            .name("valvecfg changes".to_owned())
            .spawn(move || {
                loop {
                    let change = changes.next();
                    let mut shared = lock(&told);
                    shared.has_ended = change.is_none();
                    if shared.waiting.len() == MOST {
                        shared.waiting.pop_front();
                    }
                    shared.waiting.extend(change);
                    if let Some(waker) = shared.waker.take() {
                        waker.wake();
                    }
                    if shared.has_ended {
                        return;
                    }
                }
            })?;
        Ok(ChangeStream { shared, stopper })
    }
}

impl<T> Stream for ChangeStream<T> {
    type Item = Result<Offer<T>, ConfigurationError>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut shared = lock(&self.shared);
        match shared.waiting.pop_front() {
            Some(change) => Poll::Ready(Some(change)),
            None if shared.has_ended => Poll::Ready(None),
            None => {
                shared.waker = Some(context.waker().clone());
                Poll::Pending
            }
        }
    }
}

impl<T> Drop for ChangeStream<T> {
    fn drop(&mut self) {
        self.stopper.stop();
    }
}

/// A thread that panicked has not left it half written.
fn lock<T>(shared: &Mutex<Shared<T>>) -> MutexGuard<'_, Shared<T>> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}
