//! BuildKit's side of `jettison frontend`: the gateway, its messages, and build graphs.
//!
//! BuildKit starts the image of a frontend with HTTP/2 on standard input and output. The frontend
//! is the client of the gRPC service `LLBBridge` there: it asks for parts of a build, reads files
//! of results, sends warnings, and finally returns a result or an error.
//!
//! The messages are written by hand from BuildKit's [gateway.proto] and [ops.proto], with the
//! fields that are read or written here. Parts that are only passed on are kept as bytes, so fields
//! that are unknown here are not lost.
//!
//! [gateway.proto]: https://github.com/moby/buildkit/blob/master/frontend/gateway/pb/gateway.proto
//! [ops.proto]: https://github.com/moby/buildkit/blob/master/solver/pb/ops.proto

mod connection;
mod error;
mod gateway;
pub mod graph;
pub mod messages;
mod options;

pub use error::GatewayError;
pub use gateway::{Gateway, ReadError};
pub use options::{BuildOptions, OptionsError};
