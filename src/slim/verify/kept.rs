//! Verifies a plan: loads the programs again in a view that only contains the kept names, and
//! compares the results.

use super::failure::{Failure, Lost};
use crate::elf::{Files, Found, Outcome, Process, Request};
use crate::image::{Image, Kind, NameId, ReadError};
use crate::slim::binaries::Binaries;
use crate::slim::graph::Need;
use crate::slim::language_paths::is_module;
use crate::slim::plan::Plan;
use crate::slim::process::{self, Processes, Program};
use crate::slim::program_search::Programs;
use crate::slim::shebang;
use crate::slim::view::View;
use crate::slim::why::Field;

/// Compares the kept names with the image. Failures are in order; there should be none.
pub fn verify(image: &Image, plan: &Plan) -> Result<Vec<Failure>, ReadError> {
    let view = View::new(image);
    verify_plan(&view, &Binaries::for_loading(&view), plan)
}

/// The same, with a view of the whole image that has already read most files.
pub(in crate::slim) fn verify_plan(
    view: &View<'_>,
    binaries: &Binaries,
    plan: &Plan,
) -> Result<Vec<Failure>, ReadError> {
    let started = Started {
        programs: &plan.loaded,
        deployed: &plan.deployed.programs,
        keeps_opened: plan.keeps_opened,
        is_run: &|name| !is_module(view.tree(), plan.graph(), name),
    };
    let mut failures = verify_names(view, binaries, plan.kept(), &started)?;
    // Below this level no import is a reason to keep a module.
    if plan.keeps_opened {
        add_lost_imports(view, plan, &mut failures);
        failures.sort();
    }
    Ok(failures)
}

/// Resolves the imports of kept sources again.
fn add_lost_imports(view: &View<'_>, plan: &Plan, failures: &mut Vec<Failure>) {
    let visible = visible(view, plan.kept());
    let after = view.only(&visible);
    let is_kept = |name: NameId| visible[name.index()];
    for lost in plan.imports.lost_in(view, &after, is_kept) {
        // The source copes with the absence of a module that the user drops.
        let mut found = lost.found.iter();
        if lost.is_optional && found.any(|&name| plan.graph().is_dropped(name)) {
            continue;
        }
        failures.push(Failure {
            at: lost.by,
            lost: Lost::Need(Need::Module(lost.import.clone())),
        });
    }
}

/// One row per name: whether it is kept.
fn visible(view: &View<'_>, kept: &[NameId]) -> Vec<bool> {
    let mut visible = vec![false; view.tree().name_count()];
    for name in kept {
        visible[name.index()] = true;
    }
    visible
}

/// The kept names that are started as programs.
pub(super) struct Started<'a> {
    pub(super) programs: &'a [Program],
    /// The programs that deployments start.
    pub(super) deployed: &'a [(Field, Vec<u8>)],
    /// Libraries that programs may open by name are kept.
    pub(super) keeps_opened: bool,
    /// Whether an executable file is started rather than only loaded.
    pub(super) is_run: &'a dyn Fn(NameId) -> bool,
}

/// Verifies an arbitrary selection of names in an image.
pub(super) fn verify_names(
    view: &View<'_>,
    binaries: &Binaries,
    kept: &[NameId],
    started: &Started<'_>,
) -> Result<Vec<Failure>, ReadError> {
    let visible = visible(view, kept);
    let after = view.only(&visible);
    let mut verifier = Verifier {
        before: view,
        after: &after,
        binaries,
        programs: Programs::of(&view.image.config),
        failures: Vec::new(),
    };
    verifier.verify_config();
    for (field, path) in started.deployed {
        verifier.verify_path(path, Lost::Program(*field));
    }
    for &name in kept {
        verifier.verify_name(name, &visible);
        if let Some(lost) = verifier.lost_interpreter(name)
            && (started.is_run)(name)
        {
            verifier.fail(name, Lost::Need(lost));
        }
    }
    verifier.verify_programs(started);
    // A file that could not be read looks like a missing one, so the error takes precedence over
    // failures.
    if let Some(error) = view.failure() {
        return Err(error);
    }
    let mut failures = verifier.failures;
    failures.sort();
    // Two processes may miss the same library for the same file.
    failures.dedup();
    Ok(failures)
}

/// The whole image and the kept part of it.
struct Verifier<'a> {
    before: &'a View<'a>,
    after: &'a View<'a>,
    binaries: &'a Binaries,
    /// How programs are found. The directories of PATH are those of the whole image.
    programs: Programs,
    failures: Vec<Failure>,
}

impl Verifier<'_> {
    fn fail(&mut self, at: NameId, lost: Lost) {
        self.failures.push(Failure { at, lost });
    }

    /// Verifies the programs of the configuration, its user and its working directory.
    fn verify_config(&mut self) {
        let config = &self.before.image.config;
        let programs = Programs::of(config);
        let test = config.healthcheck().unwrap_or_default();
        let entrypoint = config.entrypoint();
        let command = config.cmd();
        // If there is an ENTRYPOINT, CMD contains arguments.
        let first = match (entrypoint.first(), command.first()) {
            (Some(word), _) => Some((Field::Entrypoint, *word)),
            (None, Some(word)) => Some((Field::Cmd, *word)),
            (None, None) => None,
        };
        let health = match test.as_slice() {
            // `CMD-SHELL` is started through a shell, which is verified like any kept program.
            ["CMD", word, ..] => Some((Field::Healthcheck, *word)),
            _ => None,
        };
        for (field, word) in first.into_iter().chain(health) {
            if let Some(path) = programs.find(self.before, word.as_bytes()) {
                self.verify_path(&path, Lost::Program(field));
            }
        }
        self.verify_path(config.working_dir().as_bytes(), Lost::Workdir);
        self.verify_user(config.user());
    }

    /// Verifies the files that define a user and a group, as in `app:www`.
    fn verify_user(&mut self, user: &str) {
        let names = user.split(':');
        for (file, name) in [&b"/etc/passwd"[..], b"/etc/group"].into_iter().zip(names) {
            // A numeric ID needs no file.
            if !name.is_empty() && name.parse::<u32>().is_err() {
                self.verify_path(file, Lost::User(name.to_owned()));
            }
        }
    }

    /// Verifies that a path that existed still exists.
    fn verify_path(&mut self, path: &[u8], lost: Lost) {
        if let Ok(resolved) = self.before.resolve(path)
            && self.after.resolve(path).is_err()
        {
            self.fail(resolved.name, lost);
        }
    }

    fn verify_name(&mut self, name: NameId, visible: &[bool]) {
        let tree = self.before.tree();
        let parent = tree.parent(name);
        // If the directory were missing in the layer, it would be created with default mode and
        // owner.
        if parent != NameId::ROOT && !visible[parent.index()] {
            self.fail(name, Lost::Directory);
        }
        if matches!(tree.inode(name).kind, Kind::Symlink { .. }) {
            let path = tree.path(name);
            // A symlink that was already dangling may stay so.
            if self.before.resolve(&path).is_ok() && self.after.resolve(&path).is_err() {
                self.fail(name, Lost::Target);
            }
        }
    }

    /// The interpreter of a script, or the program that `env` starts for it, if it is no longer the
    /// same.
    fn lost_interpreter(&self, name: NameId) -> Option<Need> {
        // Only executable files are started through their `#!` line.
        if self.before.tree().inode(name).header.mode & 0o111 == 0 {
            return None;
        }
        let bytes = shebang::head(self.before, name);
        let shebang = shebang::parse(&bytes)?;
        let programs = &self.programs;
        // The kernel does not search PATH: `#!php` refers to a file in the working directory.
        let interpreter = programs.absolute(shebang.interpreter);
        if self.is_lost(programs, &interpreter) {
            return Some(Need::Shebang(shebang.interpreter.to_vec()));
        }
        let program = shebang.env_program()?;
        if self.is_lost(programs, &program) {
            Some(Need::Shebang(program))
        } else {
            None
        }
    }

    /// Whether a program is no longer found, or another one is found instead.
    fn is_lost(&self, programs: &Programs, word: &[u8]) -> bool {
        programs.find(self.before, word) != programs.find(self.after, word)
    }

    fn verify_programs(&mut self, started: &Started<'_>) {
        // Each view has its own loaders, because a loader caches which directories exist.
        let mut both = [self.before, self.after].map(|view| {
            let processes = Processes::new(view, self.binaries);
            if started.keeps_opened {
                processes.with_opened()
            } else {
                processes
            }
        });
        for program in started.programs {
            self.verify_program(program, &mut both);
        }
    }

    fn verify_program(&mut self, program: &Program, both: &mut [Processes<'_>; 2]) {
        let Ok(elf) = self.before.elf_of(program.name) else {
            return;
        };
        // Without its loader, the program has no process that could be compared.
        if self.after.look(&program.loader) != self.before.look(&program.loader) {
            let lost = Lost::Need(Need::Interpreter(program.loader.clone()));
            return self.fail(program.name, lost);
        }
        let [processes_before, processes_after] = both;
        let loader_before = processes_before.loader(self.before, &program.loader, elf);
        let loader_after = processes_after.loader(self.after, &program.loader, elf);
        for environment in process::environments(self.before, processes_before, program.name) {
            let (before, _) = process::start(
                self.before,
                processes_before,
                &loader_before,
                &environment,
                program.name,
            );
            let (after, _) = process::start(
                self.after,
                processes_after,
                &loader_after,
                &environment,
                program.name,
            );
            self.compare(program.name, &before, &after);
        }
    }

    /// Compares the files that a process found with those that it finds among the kept names.
    fn compare(
        &mut self,
        program: NameId,
        before: &Process<'_, View<'_>>,
        after: &Process<'_, View<'_>>,
    ) {
        let requests = before.requests().iter().zip(after.requests());
        for (request, request_after) in requests {
            if !is_same(request, request_after) {
                let at = self.object(program, before, request.by);
                // After the first difference, the two processes diverge.
                return self.fail(at, Lost::Need(Need::Library(request.name.clone())));
            }
        }
        let unmet_before = before.unmet_versions(|file| self.binaries.versions(self.before, file));
        for unmet in after.unmet_versions(|file| self.binaries.versions(self.after, file)) {
            // Slimming is not responsible for a version that was already missing.
            if !unmet_before.contains(&unmet) {
                let library = after.objects()[unmet.library].path.clone();
                let at = self.object(program, before, unmet.by);
                self.fail(at, Lost::Need(Need::Version(library, unmet.version)));
            }
        }
    }

    /// The file of an object in a process, or its program if the file cannot be found.
    fn object(&self, program: NameId, process: &Process<'_, View<'_>>, object: usize) -> NameId {
        match self.before.resolve(&process.objects()[object].path) {
            Ok(resolved) => resolved.name,
            Err(_) => program,
        }
    }
}

/// Whether the loader finds the same file, perhaps by another rule. Configured directories only
/// count if they counted before: the loader only knows them from the cache.
fn is_same_file(before: &(usize, Vec<u8>, Found), after: &(usize, Vec<u8>, Found)) -> bool {
    let is_same_rule = before.2 == after.2 || after.2 != Found::Conf;
    (before.0, &before.1) == (after.0, &after.1) && is_same_rule
}

/// Whether a request found the same files under the same names; unsuccessful locations may differ.
fn is_same(before: &Request, after: &Request) -> bool {
    match (&before.outcome, &after.outcome) {
        (Outcome::Found(before), Outcome::Found(after)) => {
            let pairs = before.iter().zip(after);
            before.len() == after.len()
                && pairs
                    .into_iter()
                    .all(|(before, after)| is_same_file(before, after))
        }
        // Slimming is not responsible for a file that was missing in the original image.
        (Outcome::Missing(_), Outcome::Missing(_)) => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::elf::example_file::{GLIBC, library, program};
    use crate::image::{Config, Content, Header, Inode, Options, Reference, Silent, Tree};
    use crate::slim::{PlanOptions, plan};

    fn insert(tree: &mut Tree, path: &str, kind: Kind) {
        let (directory, name) = path.rsplit_once('/').unwrap();
        let mut at = NameId::ROOT;
        let inode = |kind| Inode {
            kind,
            header: Header {
                mode: 0o755,
                ..Header::default()
            },
            layer: 0,
        };
        for component in directory
            .split('/')
            .filter(|component| !component.is_empty())
        {
            let there = tree.child(at, component.as_bytes());
            at = there
                .unwrap_or_else(|| tree.insert(at, component.as_bytes(), inode(Kind::Directory)));
        }
        tree.insert(at, name.as_bytes(), inode(kind));
    }

    /// A script whose interpreter is a symlink to a program with a library.
    fn image() -> Image {
        let directory = tempfile::tempdir().unwrap();
        let reference = Reference::Rootfs(directory.path().to_owned());
        let mut image = Image::open(&reference, &Options::default(), &Silent).unwrap();
        image.config = Config::new(serde_json::json!({"config": {"Entrypoint": ["/entry"]}}));
        let file = |bytes: &[u8]| Kind::File(Content::Bytes(bytes.to_vec()));
        let tree = &mut image.tree;
        insert(tree, "/entry", file(b"#!/bin/app\n"));
        insert(
            tree,
            "/bin/app",
            Kind::Symlink {
                target: b"/opt/app".to_vec(),
            },
        );
        insert(
            tree,
            "/opt/app",
            file(&program(GLIBC).needs("liba.so.1").bytes()),
        );
        insert(tree, GLIBC, file(&library("ld-linux-x86-64.so.2").bytes()));
        insert(tree, "/lib/liba.so.1", file(&library("liba.so.1").bytes()));
        insert(
            tree,
            "/usr/lib/liba.so.1",
            file(&library("liba.so.1").bytes()),
        );
        image
    }

    /// The failures of a plan from which a name was removed.
    fn failures_without(path: &str) -> Vec<String> {
        let image = image();
        let mut plan = plan(&image, &PlanOptions::default()).unwrap();
        assert_eq!(verify(&image, &plan).unwrap(), []);
        let name = image.tree.resolve_link(path.as_bytes()).unwrap().name;
        plan.kept.retain(|&kept| kept != name);
        let line = |failure: &Failure| {
            format!(
                "{}: {}",
                String::from_utf8(image.tree.path(failure.at)).unwrap(),
                failure.lost
            )
        };
        verify(&image, &plan).unwrap().iter().map(line).collect()
    }

    #[test]
    fn a_dropped_library_is_reported() {
        assert_eq!(
            failures_without("/lib/liba.so.1"),
            ["/opt/app: it can no longer find the library `liba.so.1`"]
        );
    }

    #[test]
    fn a_dropped_entry_point_is_reported() {
        assert_eq!(
            failures_without("/entry"),
            ["/entry: not kept, although it is the ENTRYPOINT program"]
        );
    }

    #[test]
    fn a_dropped_loader_is_reported() {
        assert_eq!(
            failures_without(GLIBC),
            [format!(
                "/opt/app: it can no longer find the loader `{GLIBC}`"
            )]
        );
    }

    #[test]
    fn a_dropped_interpreter_is_reported() {
        assert_eq!(
            failures_without("/bin/app"),
            ["/entry: it can no longer find the interpreter `/bin/app`"]
        );
    }

    #[test]
    fn a_dropped_symlink_target_is_reported() {
        let failures = failures_without("/opt/app");
        assert!(
            failures.contains(&"/bin/app: the target of the symlink is not kept".to_owned()),
            "{failures:?}"
        );
    }

    #[test]
    fn a_dropped_parent_directory_is_reported() {
        assert!(
            failures_without("/opt")
                .contains(&"/opt/app: its parent directory is not kept".to_owned())
        );
    }
}
