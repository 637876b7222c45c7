//! Helpers that several rules share; no rule of its own is in here.

pub(super) mod archives;
pub(super) mod cache_left;
pub(super) mod caches;
pub(super) mod copies;
pub(super) mod credentials;
pub(super) mod elf_files;
pub(super) mod fetched;
pub(super) mod ignored;
pub(super) mod label_schema;
pub(super) mod lines;
pub(super) mod programs;
pub(super) mod rewrite;
pub(super) mod root_by_default;
pub(super) mod switches;
pub(super) mod unattended;
pub(super) mod unpinned;
pub(super) mod updates;
pub(super) mod workdirs;
