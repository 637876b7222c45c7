//! The module graph of Node: which file loads which, from the sources of the user to the packages.
//!
//! A source is parsed once, several at a time, and its requests are resolved as Node resolves them.
//! A file that nothing reaches is not kept on its own; whether the other files of a reached package
//! are kept depends on the [level](crate::slim::options::Modules). What cannot be known without
//! running a program keeps more: a package that loads a module by a computed name is kept as a
//! whole.

mod configuration;
mod graph;
mod installed;
pub(in crate::slim) mod leftovers;
mod manifest;
mod nesting;
mod packages;
mod parameters;
mod patterns;
mod platform;
mod reading;
mod resolve;
mod source;
mod texts;
mod values;

pub(in crate::slim) use graph::ModuleGraph;
pub(in crate::slim) use installed::Installed;
pub(in crate::slim) use source::Kind as RequestKind;

pub(super) use resolve::Resolver;
