//! What is made once and then shared: by all who ask for it, on any thread.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::StoreError;

/// Values by their keys, each made when it is first asked for. Two threads that ask at once may both make it: it is
/// the same both times.
pub(super) struct Shared<K, V: ?Sized>(Mutex<BTreeMap<K, Arc<V>>>);

impl<K: Ord + Clone, V: ?Sized> Shared<K, V> {
    pub(super) fn get_or(
        &self,
        key: &K,
        make: impl FnOnce() -> Result<Arc<V>, StoreError>,
    ) -> Result<Arc<V>, StoreError> {
        if let Some(value) = self.get(key) {
            return Ok(value);
        }
        let value = make()?;
        self.put(key.clone(), Arc::clone(&value));
        Ok(value)
    }

    pub(super) fn get(&self, key: &K) -> Option<Arc<V>> {
        // Whoever panicked with it held it for a lookup or for adding a finished value.
        let values = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        values.get(key).map(Arc::clone)
    }

    pub(super) fn put(&self, key: K, value: Arc<V>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(key, value);
    }
}

impl<K, V: ?Sized> Default for Shared<K, V> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}
