//! Web: an HTTP API, live events and pages over one store. The only async code; every rule is the store's.
//!
//! Data walks one way. A request's caller is known (`access`) before anything looks at what is asked; a handler calls one
//! verb of the store, on a thread that may wait, acting for the caller; the answer becomes JSON (`api`), an event
//! (`events`) or a page (`pages`).
