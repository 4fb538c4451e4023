//! An allocator that wipes what is given back while the process holds something secret. Parsers and formatters copy
//! what is secret on the way, and only here is every copy met.
//!
//! It wipes from the moment on which dumps are forbidden, and not before: wiping everything from the start made `get`
//! take twice as long, and a check of 10,000 files thirteen times.
//!
//! It never meets what the kernel keeps, and the arguments and the environment that the process was started with; nor the stack,
//! of which [`off_stack`] takes care where secrets are opened.

use std::alloc::{GlobalAlloc, Layout, System};
use std::hint::black_box;
use std::sync::atomic::{AtomicBool, Ordering};

static WIPES: AtomicBool = AtomicBool::new(false);

/// The system's allocator, for `#[global_allocator]`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wiping;

/// Wipes from here on.
pub(super) fn begin() {
    WIPES.store(true, Ordering::Relaxed);
}

/// How much stack is wiped: more than any cipher or parser here needs below its caller.
const STACK: usize = 128 << 10;

/// Does something with a secret, and wipes the stack that it used: ciphers and keys are moved there as they are made,
/// and what wipes itself when it is dropped does so at its last place only.
pub fn off_stack<T>(work: impl FnOnce() -> T) -> T {
    let done = below(work);
    wipe_below();
    done
}

/// Its frame, and those of all that it calls, lie below the caller's.
#[inline(never)]
fn below<T>(work: impl FnOnce() -> T) -> T {
    work()
}

#[inline(never)]
#[expect(clippy::large_stack_arrays, reason = "it is the stack that is wiped")]
fn wipe_below() {
    black_box(&mut [0_u8; STACK]);
}

#[expect(
    unsafe_code,
    reason = "every allocator is unsafe; this one hands each call to the system's and only writes zeros into memory \
              that its owner has given back"
)]
// SAFETY: all memory comes from `System` and goes back to it with the layout that it came with.
unsafe impl GlobalAlloc for Wiping {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promises are those that `System` asks for.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as above.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        if WIPES.load(Ordering::Relaxed) {
            // SAFETY: `memory` is of this size, and nobody uses it any more.
            unsafe { memory.write_bytes(0, layout.size()) };
            // Else the compiler leaves writes out that nobody reads.
            black_box(memory);
        }
        // SAFETY: as above.
        unsafe { System.dealloc(memory, layout) }
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        if !WIPES.load(Ordering::Relaxed) {
            // SAFETY: as above.
            return unsafe { System.realloc(memory, layout, size) };
        }
        // SAFETY: the caller promises that `size` fits the alignment; both pieces hold as much as is copied.
        unsafe {
            let moved = System.alloc(Layout::from_size_align_unchecked(size, layout.align()));
            if !moved.is_null() {
                moved.copy_from_nonoverlapping(memory, layout.size().min(size));
                self.dealloc(memory, layout);
            }
            moved
        }
    }
}
