//! The shells and package managers in the image of each stage, and their origin.

use std::collections::BTreeMap;

use super::packages::{self, Action};
use super::run::{Call, Run};
use super::stages::{self, Base, Stage};
use super::steps::Step;
use super::{Facts, Known};
use crate::dockerfile::{Kind, Word};
use crate::knowledge::{ProgramClass, package_manager, package_manager_of, package_managers};
use crate::paths::file_name;
use crate::source::Span;

/// The shells and package managers at the end of a stage.
#[derive(Clone, Debug, Default)]
pub struct StagePrograms {
    /// Package managers by name.
    pub package_managers: BTreeMap<String, ProgramOrigin>,
    /// Shells by the names of their programs.
    pub shells: BTreeMap<String, ProgramOrigin>,
}

/// The origin of a program: a base image, an installed package or a copied file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProgramOrigin {
    pub span: Span,
}

/// Reads all stages in one pass, because each is only built on earlier ones.
pub(super) fn read(facts: &Facts<'_>) -> Vec<StagePrograms> {
    let mut all: Vec<StagePrograms> = Vec::with_capacity(facts.stages.len());
    for stage in &facts.stages {
        let mut programs = match &stage.base {
            // Stages only refer to earlier ones, which are already in `all`.
            Base::Stage(at) => all[*at].clone(),
            Base::Scratch | Base::Image(_) => of_base_image(stage),
        };
        for step in facts.steps_of(stage) {
            // `ONBUILD` changes the images that are built from this one.
            if step.onbuild {
                continue;
            }
            match step.kind() {
                Kind::Run => {
                    if let Some(run) = facts.run_of(step) {
                        programs.apply_run(run);
                    }
                }
                Kind::Copy | Kind::Add => programs.apply_copy(facts, &all, stage, step),
                _ => {}
            }
        }
        all.push(programs);
    }
    all
}

fn of_base_image(stage: &Stage<'_>) -> StagePrograms {
    let Some(Known {
        managers, shells, ..
    }) = stage.known
    else {
        return StagePrograms::default();
    };
    let origin = ProgramOrigin {
        span: stage.image.span,
    };
    StagePrograms {
        package_managers: managers.iter().map(|name| (name.clone(), origin)).collect(),
        shells: shells.iter().map(|name| (name.clone(), origin)).collect(),
    }
}

impl StagePrograms {
    fn apply_run(&mut self, run: &Run<'_>) {
        for call in &run.calls {
            if let Some(packages) = packages::understand(call) {
                for package in &packages.packages {
                    let name = package.name(packages.manager);
                    match packages.action {
                        Action::Install => self.add_package(name, package.argument.span),
                        Action::Remove => self.remove_package(name),
                        _ => {}
                    }
                }
            } else if call.name == "rm" {
                for word in call.words() {
                    if word.starts_with('/') {
                        self.remove_path(word);
                    }
                }
            } else {
                self.apply_other(call);
            }
        }
    }

    /// Calls of other programs that add or remove packages.
    fn apply_other(&mut self, call: &Call) {
        let removes = match call.name.as_str() {
            "dpkg" => call
                .words()
                .any(|word| matches!(word, "--purge" | "--remove" | "-P" | "-r")),
            "corepack" => {
                // `corepack` installs launchers for both.
                if call.words().find(|word| !word.starts_with('-')) == Some("enable") {
                    for name in ["yarn", "pnpm"] {
                        self.add_package(name, call.name_span);
                    }
                }
                false
            }
            _ => false,
        };
        if removes {
            for word in call.words() {
                if !word.starts_with('-') {
                    self.remove_package(word);
                }
            }
        }
    }

    fn add_package(&mut self, name: &str, span: Span) {
        let origin = ProgramOrigin { span };
        for manager in package_managers() {
            if manager.packages.contains(&name) {
                // The first origin is kept: if the base image has the program, a later
                // reinstallation is not its origin.
                self.package_managers
                    .entry(manager.name.to_owned())
                    .or_insert(origin);
            }
        }
        if is_shell(name) {
            self.shells.entry(name.to_owned()).or_insert(origin);
        }
    }

    fn remove_package(&mut self, name: &str) {
        self.package_managers.retain(|manager, _| {
            !package_manager(manager)
                .is_some_and(|manager| manager.packages.contains(&name) || manager.name == name)
        });
        self.shells.remove(name);
    }

    /// Removes the programs at a path that is deleted with `rm`; it may end in `*`.
    fn remove_path(&mut self, path: &str) {
        let Some((directory, name)) = path.trim_end_matches('/').rsplit_once('/') else {
            return;
        };
        if !is_program_directory(directory) {
            return;
        }
        let name = name.trim_end_matches('*');
        let is_pattern = path.ends_with('*');
        self.package_managers.retain(|manager, _| {
            let manager = package_manager(manager);
            let mut programs = manager.iter().flat_map(|manager| &manager.programs);
            !programs.any(|program| is_removed(program, name, is_pattern))
        });
        self.shells
            .retain(|shell, _| !is_removed(shell, name, is_pattern));
    }

    fn apply_copy(
        &mut self,
        facts: &Facts<'_>,
        earlier: &[Self],
        stage: &Stage<'_>,
        step: &Step<'_>,
    ) {
        let Some(destination) = step.instruction.body.destination() else {
            return;
        };
        let to = facts.expand(step, destination).unwrap_or_default();
        let sources = step.sources();
        let from = sources
            .first()
            .and_then(|name| stages::find(&facts.stages, stage.index, name));
        // Heredocs and URLs are not analyzed.
        for (word, path) in facts.source_paths(step) {
            match from {
                // This is the usual way to flatten an image.
                Some(from) if path == "/" && to == "/" => self.add_all(&earlier[from], word),
                _ => self.add_file(&path, &to, word.span),
            }
        }
    }

    /// Adds all programs of another stage, as `COPY --from=stage / /` does.
    fn add_all(&mut self, other: &Self, source: &Word) {
        let origin = ProgramOrigin { span: source.span };
        for name in other.package_managers.keys() {
            self.package_managers.entry(name.clone()).or_insert(origin);
        }
        for name in other.shells.keys() {
            self.shells.entry(name.clone()).or_insert(origin);
        }
    }

    /// Adds a copied file if its name and directory identify a shell or package manager.
    fn add_file(&mut self, from: &str, to: &str, span: Span) {
        let (directory, name) = match to.rsplit_once('/') {
            _ if is_program_directory(to.trim_end_matches('/')) => {
                (to.trim_end_matches('/'), name_of_copy(from))
            }
            Some((directory, "")) => (directory, name_of_copy(from)),
            Some((directory, name)) => (directory, name.to_owned()),
            None => return,
        };
        if !is_program_directory(directory) {
            return;
        }
        let origin = ProgramOrigin { span };
        if let Some(manager) = package_manager_of(&name) {
            self.package_managers
                .entry(manager.name.to_owned())
                .or_insert(origin);
        }
        // A copied BusyBox is a shell under its own name.
        if is_shell(&name) || name == "busybox" {
            self.shells.entry(name).or_insert(origin);
        }
    }
}

fn is_removed(program: &str, name: &str, is_pattern: bool) -> bool {
    if is_pattern {
        program.starts_with(name)
    } else {
        program == name
    }
}

fn name_of_copy(path: &str) -> String {
    file_name(path.trim_end_matches('/')).to_owned()
}

/// Whether a program, or the package with that name, is a shell.
fn is_shell(name: &str) -> bool {
    ProgramClass::Shell.contains(name) || ProgramClass::WindowsShell.contains(name)
}

/// Whether a directory usually contains programs.
fn is_program_directory(directory: &str) -> bool {
    directory.ends_with("/bin") || directory.ends_with("/sbin")
}
