//! All fuzz targets in one program, so that CI builds once: `JETTISON_FUZZ_TARGET` selects the one
//! to run.

#![no_main]

mod sample;
mod targets;

use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;
use targets::{TARGETS, Target};

static TARGET: OnceLock<Target> = OnceLock::new();

fuzz_target!(
    init: {
        let _ = TARGET.set(chosen());
    },
    |bytes: &[u8]| {
        if let Some(target) = TARGET.get() {
            target(bytes);
        }
    }
);

/// The target selected in the environment; the program exits if it does not exist.
fn chosen() -> Target {
    let name = std::env::var("JETTISON_FUZZ_TARGET").unwrap_or_default();
    if let Some((_, target)) = TARGETS.iter().find(|(known, _)| *known == name) {
        return *target;
    }
    let names: Vec<&str> = TARGETS.iter().map(|(name, _)| *name).collect();
    eprintln!("JETTISON_FUZZ_TARGET must be one of {}", names.join(" "));
    std::process::exit(2)
}
