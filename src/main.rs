//! jettison: lints Dockerfiles and images, and slims images to what their program needs.
//!
//! Everything is in the library: `jettison::cli` reads the arguments, runs the command, and
//! says how it went.

use std::process::ExitCode;

fn main() -> ExitCode {
    // Exit codes: 0 clean, 1 findings, 2 could not do it.
    jettison::cli::run(std::env::args_os())
}
