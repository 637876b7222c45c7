//! Compares `jettison deps` with the loaders themselves: the same programs, the same results.
//!
//! The tests need root, compilers and Debian packages, so plain `cargo test` skips them; `make e2e`
//! installs the requirements and runs them.

#![allow(clippy::print_stdout, reason = "how many programs agree is a result")]
#![allow(
    clippy::unwrap_used,
    reason = "the machine must be able to build and run programs"
)]

mod answer;
mod build;
mod facts;
mod glibc_probes;
mod musl_probes;
mod roots;
