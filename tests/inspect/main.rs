//! What is in an image: its packages, its layers, its differences from another, and what scanners
//! find after slimming.

#![allow(clippy::unwrap_used, reason = "all of this is a test")]

#[allow(dead_code, reason = "shared with the tests of images")]
#[path = "../image/build.rs"]
mod build;
mod differences;
mod documents;
mod layers;
mod packages;
mod records;
mod vulnerabilities;
