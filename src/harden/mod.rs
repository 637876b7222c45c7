//! Hardening: the run-time settings of a container that the keep graph of its image allows.
//!
//! Each setting comes with the reason for it. Most are facts about kept files: which of them are
//! setuid programs, who owns them, which directories programs write to. The rest is what programs
//! are known to need, from `rules/capabilities.toml` and the keep rules.

mod candidates;
mod capabilities;
mod confinement;
mod databases;
mod mounts;
mod paths;
mod place;
mod ports;
mod root_programs;
mod run_user;
mod settings;
mod started;
mod subject;
mod user_changes;
mod user_choice;

pub use confinement::{Access, FileRule, file_rules};
pub use place::{Mount, Place};
pub use run_user::RunUser;
pub use settings::{ExposedPort, Hardening};
