//! One thing done to many items, on all processors.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

/// How often progress is told.
const TICK: Duration = Duration::from_millis(100);

/// Does a thing to every item on all processors, keeping their order.
pub(super) fn in_parallel<'i, T: Sync, R: Send>(
    items: &'i [T],
    progress: &dyn Fn(usize, usize),
    work: impl Fn(&'i T) -> R + Sync,
) -> Vec<R> {
    in_threads(
        thread::available_parallelism().map_or(1, usize::from),
        items,
        progress,
        work,
    )
}

/// The same on so many threads, for things that mostly wait.
pub(super) fn in_threads<'i, T: Sync, R: Send>(
    threads: usize,
    items: &'i [T],
    progress: &dyn Fn(usize, usize),
    work: impl Fn(&'i T) -> R + Sync,
) -> Vec<R> {
    let threads = threads.min(items.len());
    if threads < 2 {
        return items.iter().map(work).collect();
    }
    let next = AtomicUsize::new(0);
    let caller = thread::current();
    let share = || {
        let mut done = Vec::new();
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(item) = items.get(at) else { break };
            done.push((at, work(item)));
        }
        caller.unpark();
        done
    };
    let mut results: Vec<(usize, R)> = thread::scope(|scope| {
        let handles: Vec<_> = (0..threads).map(|_| scope.spawn(share)).collect();
        while handles.iter().any(|handle| !handle.is_finished()) {
            progress(next.load(Ordering::Relaxed).min(items.len()), items.len());
            thread::park_timeout(TICK);
        }
        let join = |handle: thread::ScopedJoinHandle<'_, _>| match handle.join() {
            Ok(results) => results,
            Err(panic) => std::panic::resume_unwind(panic),
        };
        handles.into_iter().flat_map(join).collect()
    });
    results.sort_unstable_by_key(|(at, _)| *at);
    results.into_iter().map(|(_, result)| result).collect()
}
