//! Images from registries, daemons and streams, with test servers on loopback that can misbehave on
//! request.

mod daemon;
mod hostile;
mod hostile_daemon;
mod platforms;
mod pull;
mod push;
pub(crate) mod registry;
mod server;
mod streams;
