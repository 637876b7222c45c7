//! Code shared by several rules. None of these modules is a rule.

pub(super) mod archives;
pub(super) mod cache_left;
pub(super) mod caches;
pub(super) mod calls;
pub(super) mod context_sources;
pub(super) mod copies;
pub(super) mod credentials;
pub(super) mod elf_files;

pub(super) mod ignored;
pub(super) mod keywords;
pub(super) mod label_schema;
pub(super) mod lines;
pub(super) mod options;
pub(super) mod programs;
pub(super) mod rewrite;
pub(super) mod root_by_default;
pub(super) mod run_as_add;
pub(super) mod steps;
pub(super) mod switches;
pub(super) mod unattended;
pub(super) mod unpinned;
pub(super) mod updates;
pub(super) mod workdirs;
