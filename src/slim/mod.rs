//! Slimming: determines which files of an image its program needs, and why.
//!
//! Roots come from the image configuration, from `--keep` and from unconditional rules. Each newly
//! kept name is passed to every tracer, which keeps the files that it needs, until nothing new is
//! found; one of the tracers is the engine for the keep rules in `rules/keep`. The result is a
//! [`Plan`]; nothing is written before it is complete, so `slim`, `slim --dry-run` and `why` use
//! the same code.

mod application_texts;
mod archive_entries;
mod binaries;
mod build_history;
mod companions;
mod deployed;
mod effort;
mod file_names;
mod globs;
mod graph;
mod interpreters;
mod keep;
mod keep_rules;
mod language_paths;
mod library_files;
mod mention_weight;
mod modules;
mod open_names;
mod options;
mod package_files;
mod package_records;
mod plan;
mod process;
mod program_finder;
mod program_kind;
mod program_search;
mod roots;
mod shebang;
mod slimming;
mod system_directories;
mod trace;
mod tracer;
mod tracers;
mod units;
mod variables;
mod verify;
mod view;
mod why;
mod writes;

pub(crate) use build_history::BuildHistory;
pub use deployed::{DeployedCommand, DeployedContainer, DeployedMount, DeployedValue};
pub use graph::{Graph, Link, Need, Note, Reason, Unmet};
pub use keep_rules::{
    KeepPage, KeepRuleError, KeepRules, add_keep_rules, address_port, keep_rules, own_keep_rules,
};
pub use options::{Modules, PlanError, PlanOptions};
pub use plan::{Count, PartLeftOut, Plan, Totals};
pub use program_finder::ProgramFinder;
pub use shebang::started_through;
pub use slimming::{Slimming, plan};
pub use verify::{Failure, Lost, verify, verify_against};
pub(crate) use view::View;
pub use why::{
    Because, Confidence, DeployedKey, Field, Import, Injector, Language, Root, UnitRelation, Why,
};
pub use writes::{Lifetime, Listen, RunTimeFacts, ScriptCall, Write, Writer, WrittenKind};
