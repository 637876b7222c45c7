//! Keep rules: pages that say which files go with which facts, and the one engine that obeys them.
//!
//! A rule fires once, for the first kept name that gives it a reason. What its patterns name is
//! kept then, and goes to every tracer, so that an ELF file among it gets its libraries. Nothing
//! here knows what a rule is about.

mod commands;
mod conditions;
mod engine;
mod find;
mod index;
mod mentions;
mod page;
mod pages;
mod registry;
mod template;
mod text_paths;
pub(in crate::slim) mod wildcard;
mod words;

pub(in crate::slim) use engine::RuleTracer;
pub(in crate::slim) use find::{Finder, Finds};
pub use page::KeepPage;
pub use registry::{KeepRules, keep_rules};
pub(in crate::slim) use registry::{is_not_opened, is_provided, opened_by_libc};
