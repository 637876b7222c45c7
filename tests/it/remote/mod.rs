//! Images of registries, daemons and streams, from servers on loopback that are part of the test
//! and misbehave as told.

mod daemon;
mod hostile;
mod hostile_daemon;
mod platforms;
mod pull;
mod push;
mod registry;
mod server;
mod streams;
