//! valvecfg keeps the settings of a gateway's plugins: plain TOML that people edit, every change checked
//! against a JSON Schema, recorded in an ordinary git repository, and reversible.
//!
//! The modules stand in five groups. A module uses only groups above its own, and two modules of one group
//! never use each other; `tests/suite/architecture.rs` reads the groups from this file and holds the code to them.

// -- 1 Values: pure data, and the one place that touches files
pub mod document;
pub mod duration;
pub mod files;
pub mod revision;

// -- 2 Parts: none knows another; where two must meet, the store hands a value across
pub mod history;
pub mod import;
pub mod migration;
pub mod plugin;
pub mod schema;
pub mod secret;
pub mod watch;

// -- 3 Verbs: the only place where parts meet
pub mod store;

// -- 4 Web: an HTTP API, live events and pages over a store; the only async code
#[cfg(feature = "server")]
pub mod web;

// -- 5 CLI: arguments in, words and exit codes out
pub mod cli;
