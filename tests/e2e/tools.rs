//! What the tools that people have say of what jettison writes, and what it reads from them: umoci,
//! podman, Docker, skopeo, rpm; and what is left when it is killed or the disk is full. As for the
//! images, `make e2e` runs them, as root.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "all of this is a test"
)]
#![allow(
    dead_code,
    reason = "the tests of the images use the rest of what is shared"
)]

#[path = "../it/image/archives.rs"]
mod archives;
mod browser;
#[path = "../it/builders/mod.rs"]
mod builders;
mod case;
mod containers;
#[path = "../it/image/documents.rs"]
mod documents;
mod faults;
mod planted_defects;
mod readers;
mod round_trip;
mod scanners;
mod sharing;
mod transports;
