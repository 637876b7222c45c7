//! What an image holds that it may not need to run: package managers and shells, each with the line
//! that brought it.

use crate::knowledge::ProgramClass;
use std::collections::BTreeMap;

use super::packages::{self, Action};
use super::run::{Call, Run};
use super::stages::{self, Base, Stage};
use super::steps::Step;
use super::{Facts, Known};
use crate::dockerfile::{Body, Kind, Place, Word};
use crate::source::Span;

/// The holdings of a stage at its end.
#[derive(Clone, Debug, Default)]
pub struct Holdings {
    /// By name of the manager.
    pub managers: BTreeMap<String, Holding>,
    /// By name of the program.
    pub shells: BTreeMap<String, Holding>,
}

/// Where something came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Holding {
    pub span: Span,
}

/// Every stage's holdings; a stage builds on earlier ones only, so one walk does.
pub(super) fn read(facts: &Facts<'_>) -> Vec<Holdings> {
    let mut all: Vec<Holdings> = Vec::with_capacity(facts.stages.len());
    for stage in &facts.stages {
        let mut holdings = match &stage.base {
            Base::Stage(at) => all[*at].clone(),
            Base::Scratch | Base::Image(_) => of_base(stage),
        };
        for step in facts.steps_of(stage).iter().filter(|step| !step.onbuild) {
            match step.kind() {
                Kind::Run => {
                    if let Some(run) = facts.run_of(step) {
                        holdings.take_run(run);
                    }
                }
                Kind::Copy | Kind::Add => holdings.take_copy(facts, &all, stage, step),
                _ => {}
            }
        }
        all.push(holdings);
    }
    all
}

fn of_base(stage: &Stage<'_>) -> Holdings {
    let Some(Known {
        managers, shells, ..
    }) = stage.known
    else {
        return Holdings::default();
    };
    let holding = Holding {
        span: stage.image.span,
    };
    let named = |names: &[String]| names.iter().map(|name| (name.clone(), holding)).collect();
    Holdings {
        managers: named(managers),
        shells: named(shells),
    }
}

impl Holdings {
    fn take_run(&mut self, run: &Run<'_>) {
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
                call.words()
                    .filter(|word| word.starts_with('/'))
                    .for_each(|path| self.remove_path(path));
            } else {
                self.take_other(call);
            }
        }
    }

    /// Calls that bring or take a package manager without being one.
    fn take_other(&mut self, call: &Call) {
        let mut removed = call.words().filter(|word| !word.starts_with('-'));
        match call.name.as_str() {
            "dpkg"
                if call
                    .words()
                    .any(|word| matches!(word, "--purge" | "--remove" | "-P" | "-r")) =>
            {
                removed.for_each(|name| self.remove_package(name));
            }
            "rpm"
                if call.words().any(|word| {
                    word == "--erase" || (word.starts_with("-e") && !word.starts_with("--"))
                }) =>
            {
                removed.for_each(|name| self.remove_package(name));
            }
            "corepack" if removed.next() == Some("enable") => {
                for name in ["yarn", "pnpm"] {
                    self.add_package(name, call.name_span);
                }
            }
            _ => {}
        }
    }

    fn add_package(&mut self, name: &str, span: Span) {
        let holding = Holding { span };
        for manager in packages::MANAGERS
            .iter()
            .filter(|manager| manager.packages.contains(&name))
        {
            self.managers
                .entry(manager.name.to_owned())
                .or_insert(holding);
        }
        if is_shell(name) {
            self.shells.entry(name.to_owned()).or_insert(holding);
        }
    }

    fn remove_package(&mut self, name: &str) {
        self.managers.retain(|manager, _| {
            !packages::named(manager)
                .is_some_and(|manager| manager.packages.contains(&name) || manager.name == name)
        });
        self.shells.remove(name);
    }

    /// A path that `rm` takes away, which may end in `*`.
    fn remove_path(&mut self, path: &str) {
        let Some((folder, name)) = path.trim_end_matches('/').rsplit_once('/') else {
            return;
        };
        if !is_program_folder(folder) {
            return;
        }
        let name = name.trim_end_matches('*');
        let starts = |program: &str| {
            if path.ends_with('*') {
                program.starts_with(name)
            } else {
                program == name
            }
        };
        self.managers.retain(|manager, _| {
            !packages::named(manager)
                .is_some_and(|manager| manager.programs.iter().any(|program| starts(program)))
        });
        self.shells.retain(|shell, _| !starts(shell));
    }

    fn take_copy(
        &mut self,
        facts: &Facts<'_>,
        earlier: &[Self],
        stage: &Stage<'_>,
        step: &Step<'_>,
    ) {
        let Body::Transfer {
            sources,
            destination,
            ..
        } = &step.instruction.body
        else {
            return;
        };
        let to = facts.expand(step, destination).unwrap_or_default();
        let from = step
            .sources()
            .next()
            .and_then(|name| stages::find(&facts.stages, stage.index, name));
        for source in sources {
            let Place::Path(word) = source else { continue };
            let Some(path) = facts.expand(step, word) else {
                continue;
            };
            match from {
                Some(from) if path == "/" && to == "/" => self.take_all(&earlier[from], word),
                _ => self.take_file(&path, &to, word.span),
            }
        }
    }

    /// `COPY --from=stage / /`.
    fn take_all(&mut self, other: &Self, source: &Word) {
        let holding = Holding { span: source.span };
        for name in other.managers.keys() {
            self.managers.entry(name.clone()).or_insert(holding);
        }
        for name in other.shells.keys() {
            self.shells.entry(name.clone()).or_insert(holding);
        }
    }

    /// A file copied under the name of a shell or a package manager, into a folder that programs
    /// are found in.
    fn take_file(&mut self, from: &str, to: &str, span: Span) {
        let base = |path: &str| {
            path.trim_end_matches('/')
                .rsplit('/')
                .next()
                .unwrap_or_default()
                .to_owned()
        };
        let (folder, name) = match to.rsplit_once('/') {
            _ if is_program_folder(to.trim_end_matches('/')) => {
                (to.trim_end_matches('/'), base(from))
            }
            Some((folder, "")) => (folder, base(from)),
            Some((folder, name)) => (folder, name.to_owned()),
            None => return,
        };
        if !is_program_folder(folder) {
            return;
        }
        let holding = Holding { span };
        if let Some(manager) = packages::of_program(&name) {
            self.managers
                .entry(manager.name.to_owned())
                .or_insert(holding);
        }
        if is_shell(&name) || name == "busybox" {
            self.shells.entry(name).or_insert(holding);
        }
    }
}

/// Whether a program, or the package of that name, is a shell.
fn is_shell(name: &str) -> bool {
    ProgramClass::Shell.contains(name) || ProgramClass::WindowsShell.contains(name)
}

/// Whether programs are usually found in a folder.
fn is_program_folder(folder: &str) -> bool {
    folder.ends_with("/bin") || folder.ends_with("/sbin")
}
