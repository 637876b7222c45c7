//! Images of registries, daemons and streams, from servers on loopback that are part of the test
//! and misbehave as told.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[allow(dead_code, reason = "its other functions are for other tests")]
#[path = "../image/build.rs"]
mod build;
mod daemon;
mod platforms;
mod pull;
mod push;
mod registry;
mod server;
mod streams;
