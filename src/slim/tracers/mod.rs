//! The tracers, one per file.

mod elf;
mod links;
pub(super) mod runtimes;
mod services;
mod shebang;
pub(super) mod shell;

use super::binaries::Binaries;
use super::keep_rules::RuleTracer;
use super::tracer::Tracer;
use super::view::View;

/// All tracers, in the order in which they are called for a name. To add one, add a line.
pub(super) fn all<'a>(view: &View<'_>, binaries: &'a Binaries) -> Vec<Box<dyn Tracer + 'a>> {
    vec![
        Box::new(links::LinkTracer),
        Box::new(elf::ElfTracer::new(view, binaries)),
        Box::new(shebang::ShebangTracer),
        Box::new(shell::ShellTracer),
        Box::new(services::ServiceTracer),
        Box::new(runtimes::RuntimeTracer::default()),
        Box::new(RuleTracer::new(view)),
    ]
}
