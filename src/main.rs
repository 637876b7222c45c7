//! jettison: lints Dockerfiles and images, and slims images down to the files that their program
//! needs.
//!
//! Everything is in the library: `jettison::cli` parses the arguments, runs the command and returns
//! the exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    // Exit codes: 0 no findings, 1 findings or a failed verification, 2 error.
    jettison::cli::run(std::env::args_os())
}
