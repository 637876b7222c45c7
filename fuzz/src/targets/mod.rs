//! One target per reader of hostile input: a function of bytes that panics if an invariant is
//! violated.

mod class;
mod config;
mod dockerfile;
mod elf;
mod lsp;
mod oci;
mod osv;
mod records;
mod rpm;
mod script;
mod shell;
mod tar;
mod versions;
mod zip;

/// The function that is called with each input.
pub(crate) type Target = fn(&[u8]);

/// The targets by name; the seed directories have the same names.
pub(crate) const TARGETS: &[(&str, Target)] = &[
    ("class", class::run),
    ("config", config::run),
    ("dockerfile", dockerfile::run),
    ("elf", elf::run),
    ("lsp", lsp::run),
    ("oci", oci::run),
    ("osv", osv::run),
    ("records", records::run),
    ("rpm", rpm::run),
    ("script", script::run),
    ("shell", shell::run),
    ("tar", tar::run),
    ("versions", versions::run),
    ("zip", zip::run),
];
