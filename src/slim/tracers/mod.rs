//! Tracers: each is shown a kept name and keeps what that name needs.

pub(super) mod elf;
mod links;
mod names;
pub(super) mod runtimes;
mod services;
pub(super) mod shebang;
pub(super) mod shell;

use super::keep_rules;
use super::trace::Trace;
use crate::image::NameId;

/// Keeps what a kept name needs.
pub(super) type Tracer = fn(&mut Trace<'_>, NameId);

/// Shown every name in this order.
pub(super) const TRACERS: &[Tracer] = &[
    links::trace,
    elf::trace,
    shebang::trace,
    shell::trace,
    services::trace,
    runtimes::trace,
    keep_rules::trace,
];
