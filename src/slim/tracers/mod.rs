//! The tracers, one per file.

mod archives;
mod command_files;
mod data_packages;
mod elf;
pub(super) mod launchers;
mod links;
mod makefiles;
pub(super) mod runtimes;
mod services;
mod shebang;
pub(super) mod shell;
mod systemd;

use super::binaries::Binaries;
use super::keep_rules::RuleTracer;
use super::options::PlanOptions;
use super::tracer::Tracer;
use super::view::View;
use crate::packages::Packages;

/// All tracers, in the order in which they are shown a name. To add one, add a line.
pub(super) fn all<'a>(
    view: &View<'_>,
    binaries: &'a Binaries,
    packages: &'a Packages,
    options: &PlanOptions,
) -> Vec<Box<dyn Tracer + 'a>> {
    vec![
        Box::new(links::LinkTracer),
        Box::new(elf::ElfTracer::new(view, binaries)),
        Box::new(shebang::ShebangTracer),
        Box::new(shell::ShellTracer::default()),
        // Runs before the tracer for command files, which leaves units to this one.
        Box::new(systemd::SystemdTracer::default()),
        Box::new(services::ServiceTracer::default()),
        Box::new(archives::ArchiveTracer),
        Box::new(command_files::CommandFileTracer),
        Box::new(makefiles::MakefileTracer::default()),
        Box::new(runtimes::RuntimeTracer::new(packages, options.modules)),
        Box::new(data_packages::DataPackageTracer::new(packages)),
        Box::new(RuleTracer::new(view)),
    ]
}
