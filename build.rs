//! Links the program at a fixed address where it is linked statically: a static PIE relocates itself at every
//! start, which costs `valvecfg get` more than its work does.

use std::env;

fn main() {
    let features = env::var("CARGO_CFG_TARGET_FEATURE").unwrap_or_default();
    let gnu = env::var("CARGO_CFG_TARGET_ENV").is_ok_and(|env| env == "gnu");
    if gnu && features.split(',').any(|feature| feature == "crt-static") {
        // gcc takes the last of -static-pie, -pie and -no-pie; rustc has passed the first.
        println!("cargo::rustc-link-arg-bins=-no-pie");
        println!("cargo::rustc-link-arg-bins=-static");
    }
    println!("cargo::rerun-if-changed=build.rs");
}
