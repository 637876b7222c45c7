//! `jettison deps` beside the loaders themselves: the same programs, the same answers.
//!
//! They need root, compilers and Debian packages, so plain `cargo test` leaves them out; `make e2e`
//! installs what they need and runs them.

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
