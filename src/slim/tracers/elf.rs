//! Tracer for ELF files: keeps their loader and all libraries that the loader maps.

use std::collections::BTreeMap;

use crate::elf::{
    Elf, ElfError, Found, Loader, Missing, Outcome, Process, Request, RequestKind, Type,
};
use crate::image::NameId;
use crate::slim::binaries::Binaries;
use crate::slim::graph::Need;
use crate::slim::keep::Keep;
use crate::slim::keep_rules;
use crate::slim::process::{self, Cause, Processes, Program};
use crate::slim::tracer::Tracer;
use crate::slim::view::View;
use crate::slim::why::Why;

/// Loads programs, and records the files that their processes map.
#[derive(Debug)]
pub(super) struct ElfTracer<'a> {
    processes: Processes<'a>,
    /// One row per inode: whether a process has mapped it.
    mapped: Vec<bool>,
    /// Libraries that were kept without a program.
    waiting: Vec<NameId>,
}

impl<'a> ElfTracer<'a> {
    pub(super) fn new(view: &View<'_>, binaries: &'a Binaries) -> Self {
        Self {
            processes: Processes::new(view, binaries).with_opened(),
            mapped: vec![false; view.tree().inode_count()],
            waiting: Vec::new(),
        }
    }
}

impl Tracer for ElfTracer<'_> {
    fn trace(&mut self, keep: &mut Keep<'_>, name: NameId) {
        if !keep.is_file(name) {
            return;
        }
        let view = keep.view;
        let elf = match view.elf_of(name) {
            Ok(elf) => elf,
            // Most kept files are not ELF files, and a file that is too large already has a note.
            Err(ElfError::Magic | ElfError::Unreadable) => return,
            Err(error) => {
                return keep.note(Some(name), None, format!("invalid ELF file: {error}"));
            }
        };
        // A program is loaded under each of its names, because `$ORIGIN` differs. Some libraries
        // have a loader so that they can be executed, but are still libraries.
        match &elf.interpreter {
            Some(interpreter) if elf.soname.is_none() => {
                self.load_program(keep, name, elf, interpreter);
            }
            // A static position-independent program looks like a library, but has no dependencies.
            _ if elf.kind == Type::Shared && !elf.needed.is_empty() => self.waiting.push(name),
            _ => {}
        }
    }

    /// Loads the next library that was kept without a program and that no program has mapped since
    /// then: libraries wait until all programs are loaded, because a plugin is best loaded by its
    /// program.
    fn settle(&mut self, keep: &mut Keep<'_>) -> bool {
        let waiting = std::mem::take(&mut self.waiting);
        let mut waiting = waiting.into_iter();
        for name in waiting.by_ref() {
            // A program that maps the library has found its dependencies with its own search path,
            // which a separate search for the library cannot reproduce.
            if self.mapped[keep.tree().inode_id(name).index()] {
                continue;
            }
            let view = keep.view;
            let Ok(elf) = view.elf_of(name) else { continue };
            if let Some(interpreter) = self.loader_for(keep, elf) {
                self.load_program(keep, name, elf, &interpreter);
            }
            // Only one is loaded at a time, because this may keep a program that maps the others.
            self.waiting.extend(waiting);
            return true;
        }
        false
    }
}

impl ElfTracer<'_> {
    /// The loader that would map a library: its own, one that is used by programs of its kind, or
    /// the conventional one.
    fn loader_for(&self, keep: &Keep<'_>, elf: &Elf) -> Option<Vec<u8>> {
        // The candidates are ordered from certain to guessed.
        let named = elf.interpreter.iter();
        let seen = self.processes.fitting_loaders(elf);
        named
            .chain(seen)
            .cloned()
            .chain(Loader::conventional_paths(elf))
            .find(|path| keep.view.resolve(path).is_ok())
    }

    fn load_program(&mut self, keep: &mut Keep<'_>, name: NameId, elf: &Elf, interpreter: &[u8]) {
        let path = keep.programs.absolute(interpreter);
        // The kernel returns ENOENT here, and without the loader, nothing else about the program
        // can be determined.
        let Some(loader_name) = keep.keep_path(&path, Some(name), Why::Interpreter) else {
            return keep.unmet(name, Need::Interpreter(interpreter.to_vec()), Vec::new());
        };
        let view = keep.view;
        let loader = self.processes.loader(view, &path, elf);
        // Many of these files do not exist; `keep_path` ignores them.
        for path in &loader.reads {
            if let Some(file) = keep.keep_path(path, Some(loader_name), Why::LoaderReads) {
                keep_included(keep, file, loader_name);
            }
        }
        // Verification repeats exactly these loads.
        keep.loaded.push(Program { name, loader: path });
        // A privileged program can be started in two ways, and both must work.
        for environment in process::environments(view, &self.processes, name) {
            // Each of many programs may need many libraries.
            if keep.is_exhausted() {
                return;
            }
            let (process, causes) =
                process::start(view, &self.processes, &loader, &environment, name);
            keep.graph.look_at(searches(&process));
            self.keep_process(keep, &process, &causes);
            report_versions(keep, &process);
        }
    }

    /// Keeps every file of a process for the request that mapped it.
    fn keep_process(
        &mut self,
        keep: &mut Keep<'_>,
        process: &Process<'_, View<'_>>,
        causes: &BTreeMap<usize, Cause>,
    ) {
        let tree = keep.tree();
        let names: Vec<Option<NameId>> = process
            .objects()
            .iter()
            .map(|object| Some(tree.resolve(&object.path).ok()?.name))
            .collect();
        for object in process.objects() {
            self.mapped[object.file.index()] = true;
        }
        for (place, request) in process.requests().iter().enumerate() {
            let cause = causes.get(&place).copied();
            // The request comes from the C library, but the user wants to know which program called
            // the function.
            let by = if let Some(Cause::Opened { caller, .. }) = cause {
                caller
            } else {
                request.by
            };
            // Only files in the image can be reasons.
            let Some(by) = names[by] else { continue };
            match &request.outcome {
                Outcome::Found(hits) => {
                    keep.met(by, request.name.clone());
                    for (object, path, found) in hits {
                        keep.keep_path(path, Some(by), why(request, cause, found.clone()));
                        // The broken file is kept anyway, because without it the search would find
                        // another one, or none.
                        if let Some(reason) = &process.objects()[*object].broken {
                            report_broken(keep, by, request, reason);
                        }
                    }
                }
                Outcome::Missing(missing) => report_missing(keep, by, request, cause, missing),
            }
        }
    }
}

/// The number of places in which the libraries of a process were searched for.
fn searches(process: &Process<'_, View<'_>>) -> usize {
    let mut searches = 0;
    for request in process.requests() {
        searches += match &request.outcome {
            Outcome::Found(hits) => hits.len(),
            Outcome::Missing(missing) => 1 + missing.looked_in.len(),
        };
    }
    searches
}

/// `/etc/ld.so.conf` includes the files in the directory next to it.
fn keep_included(keep: &mut Keep<'_>, file: NameId, loader: NameId) {
    let tree = keep.tree();
    // Alpine and minimal images have no such directory.
    let Some(directory) = tree.child(tree.parent(file), b"ld.so.conf.d") else {
        return;
    };
    // The pattern in its `include` line is the same in all distributions.
    if tree.file_name(file) == b"ld.so.conf" {
        for included in tree.children(directory) {
            keep.graph.keep(included, Some(loader), Why::LoaderReads);
        }
    }
}

fn why(request: &Request, cause: Option<Cause>, found: Found) -> Why {
    let soname = request.name.clone();
    match (cause, request.kind) {
        (Some(Cause::Injected(by)), _) => Why::Injected { soname, by, found },
        (Some(Cause::MayOpen), _) => Why::MayOpen { soname, found },
        (Some(Cause::Announced { required }), _) => Why::Announced {
            soname,
            required,
            found,
        },
        (Some(Cause::Opened { symbol, rule, .. }), _) => Why::Opened {
            soname,
            symbol,
            rule,
            found,
        },
        (None, RequestKind::Needed | RequestKind::Given) => Why::Needed { soname, found },
        (None, _) => Why::Filter { soname, found },
    }
}

/// Records the symbol versions that are missing in libraries of a process.
fn report_versions(keep: &mut Keep<'_>, process: &Process<'_, View<'_>>) {
    let (view, binaries) = (keep.view, keep.binaries);
    for unmet in process.unmet_versions(|file| binaries.versions(view, file)) {
        // Objects are identified by the path at which they were opened, which may contain symlinks.
        let [by, library] =
            [unmet.by, unmet.library].map(|object| process.objects()[object].path.clone());
        if let Ok(by) = keep.tree().resolve(&by) {
            keep.unmet(by.name, Need::Version(library, unmet.version), Vec::new());
        }
    }
}

fn report_broken(keep: &mut Keep<'_>, by: NameId, request: &Request, reason: &str) {
    let need = Need::BrokenLibrary(request.name.clone(), reason.to_owned());
    keep.unmet(by, need, Vec::new());
}

fn report_missing(
    keep: &mut Keep<'_>,
    by: NameId,
    request: &Request,
    cause: Option<Cause>,
    missing: &Missing,
) {
    let name = &request.name;
    match (cause, request.kind) {
        // The loader continues without a missing preload library, so this is a note and not a
        // missing dependency.
        (Some(Cause::Injected(injector)), _) => {
            keep.note(
                None,
                None,
                format!(
                    "`{}`, named by {injector}, does not exist",
                    name.escape_ascii()
                ),
            );
        }
        (None, RequestKind::Needed | RequestKind::Filter) => match &missing.refused {
            Some(reason) => report_broken(keep, by, request, reason),
            // Such as drivers of graphics cards.
            None if keep_rules::is_provided(name) => {
                let text = format!(
                    "`{}` is not in the image: the container runtime provides it",
                    name.escape_ascii()
                );
                keep.note(Some(by), None, text);
            }
            None => keep.unmet(by, Need::Library(name.clone()), missing.looked_in.clone()),
        },
        // An optional library may be missing.
        _ => {}
    }
}
