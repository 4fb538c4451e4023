//! All integration tests in one binary: it links once.
#![cfg(test)]

mod architecture;
mod cli;
mod confirmation;
mod environment;
mod examples;
mod faults;
mod generated;
mod history;
mod hook;
mod interoperation;
mod migrations;
mod readme;
mod schemas;
mod schemastore;
mod systemd;
mod violations;
mod watch;
