//! `jettison deps` beside the loaders themselves: the same programs, the same answers.
//!
//! They are ignored by default, for they need root, compilers and Debian packages; `make e2e` installs what they need
//! and runs them.

#![allow(clippy::print_stdout, reason = "how many programs agree is a result")]
#![allow(clippy::unwrap_used, reason = "the machine must be able to build and run programs")]

mod answer;
mod build;
mod facts;
mod glibc_probes;
mod musl_probes;
mod roots;
