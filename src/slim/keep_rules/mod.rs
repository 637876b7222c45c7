//! Keep rules: pages that specify which files to keep in which cases, and the engine that applies
//! them.
//!
//! A rule fires once, for the first kept name that triggers it. Files that match its patterns are
//! then kept and passed to every tracer, so that the libraries of ELF files among them are kept
//! too. Nothing here depends on any particular rule.

mod commands;
mod conditions;
mod engine;
mod find;
mod index;
mod listens;
mod mentions;
mod page;
mod pages;
mod registry;
mod template;
mod text_paths;
mod values;
pub(in crate::slim) mod wildcard;
mod words;
mod written;

pub(in crate::slim) use engine::RuleTracer;
pub(in crate::slim) use find::{Finder, Finds};
pub use listens::port_text as address_port;
pub use page::KeepPage;
pub use registry::{KeepRuleError, KeepRules, add_keep_rules, keep_rules, own_keep_rules};
pub(in crate::slim) use registry::{is_not_opened, is_provided, opened_by_libc};
