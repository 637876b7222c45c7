//! Images as files: what is read from archives made here, and what is written of them.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod ambiguous;
mod build;
mod documents;
mod hostile;
mod keeping;
mod layers;
mod names;
mod reading;
mod rootfs;
mod rootfs_writing;
mod writing;
