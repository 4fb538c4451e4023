//! Migrations over many documents: generated ones with generated steps, and pairs of schema versions as they happen.

mod example;
mod generated;
mod invented;
mod pairs;
mod random;
