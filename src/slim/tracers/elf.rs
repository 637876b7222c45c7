//! What ELF files need: their loader, and every library that the loader maps for them.

use std::collections::{BTreeMap, HashSet};
use std::rc::Rc;

use crate::elf::{
    Elf, ElfError, Environment, Files, Flavor, Found, Loader, Missing, Outcome, Process, Request,
    RequestKind, Type,
};
use crate::image::{InodeId, NameId};
use crate::slim::graph::{Need, Unmet};
use crate::slim::keep_rules;
use crate::slim::trace::Trace;
use crate::slim::view::View;
use crate::slim::why::{Injector, Why};

use super::names::{self, OpenName};
use super::shebang::file_name;

/// A function, the library that glibc opens by name for a call of it, and the keep rule that says
/// so.
type Call = (&'static str, &'static str, &'static str);

/// The C library of glibc, in whose name these are opened.
const LIBC: &[u8] = b"libc.so";

/// What a process was built for, so that the result can be looked at in the same way.
#[derive(Clone, Debug)]
pub(in crate::slim) struct Program {
    pub(in crate::slim) name: NameId,
    pub(in crate::slim) loader: Vec<u8>,
}

/// What is remembered between files.
#[derive(Debug)]
pub(in crate::slim) struct Loading {
    pub(in crate::slim) environment: Environment,
    preload: Vec<u8>,
    audit: Vec<u8>,
    loaders: Vec<Rc<Loader>>,
    /// A row an inode: a process that was built has mapped it.
    mapped: Vec<bool>,
    /// Libraries that came in without a program.
    waiting: Vec<NameId>,
    /// Needs that were met in some process.
    met: HashSet<(NameId, Vec<u8>)>,
    /// A row an inode: which functions it calls that have glibc open a library.
    calls: Vec<Option<Rc<[Call]>>>,
    /// A row an inode: the libraries it may open by name; none where that is of no interest.
    names: Option<Vec<Option<Rc<[OpenName]>>>>,
    programs: Vec<Program>,
}

impl Loading {
    pub(in crate::slim) fn new(view: &View<'_>) -> Self {
        let config = &view.image.config;
        let variable = |name| {
            config
                .env_value(name)
                .unwrap_or_default()
                .as_bytes()
                .to_vec()
        };
        let inodes = view.tree().inode_count();
        Self {
            environment: Environment {
                library_path: variable("LD_LIBRARY_PATH"),
                directory: config.working_dir().as_bytes().to_vec(),
                secure: false,
            },
            preload: variable("LD_PRELOAD"),
            audit: variable("LD_AUDIT"),
            loaders: Vec::new(),
            mapped: vec![false; inodes],
            waiting: Vec::new(),
            met: HashSet::new(),
            calls: vec![None; inodes],
            names: None,
            programs: Vec::new(),
        }
    }

    /// The same, with the libraries that files may open by name in each process.
    pub(in crate::slim) fn opening(mut self) -> Self {
        self.names = Some(vec![None; self.mapped.len()]);
        self
    }

    /// The libraries that a file may open by name, read once.
    fn names(&mut self, view: &View<'_>, file: InodeId) -> Option<Rc<[OpenName]>> {
        let row = &mut self.names.as_mut()?[file.index()];
        Some(Rc::clone(
            row.get_or_insert_with(|| names::of(view, file).into()),
        ))
    }

    /// Whether a need that failed once was met in another process: a plugin finds in its program
    /// what it does not find alone.
    pub(in crate::slim) fn is_met_elsewhere(&self, unmet: &Unmet) -> bool {
        matches!(&unmet.need, Need::Library(soname) if self.met.contains(&(unmet.by, soname.clone())))
    }

    /// What was loaded as a program, or as a library for itself, in order.
    pub(in crate::slim) fn programs(&self) -> &[Program] {
        &self.programs
    }

    /// The loader at a path, as it works for a program. Made once for each kind of program.
    pub(in crate::slim) fn loader(
        &mut self,
        view: &View<'_>,
        path: &[u8],
        program: &Elf,
    ) -> Rc<Loader> {
        let same = |loader: &&Rc<Loader>| loader.path == path && loader.fits(program);
        if let Some(loader) = self.loaders.iter().find(same) {
            return Rc::clone(loader);
        }
        let loader = Rc::new(Loader::new(view, path, program));
        self.loaders.push(Rc::clone(&loader));
        loader
    }

    /// Which functions that have glibc open a library a file calls. Its symbols are read once.
    fn calls(&mut self, view: &View<'_>, file: InodeId) -> Rc<[Call]> {
        if let Some(calls) = &self.calls[file.index()] {
            return Rc::clone(calls);
        }
        let calls: Rc<[Call]> = match (view.elf(file), view.read(file)) {
            (Ok(elf), Some(bytes)) => {
                let imports: HashSet<&[u8]> = elf.imports(&bytes).collect();
                let is_called = |(symbol, ..): &Call| imports.contains(symbol.as_bytes());
                keep_rules::opened_by_libc().filter(is_called).collect()
            }
            _ => Rc::new([]),
        };
        self.calls[file.index()] = Some(Rc::clone(&calls));
        calls
    }
}

pub(super) fn trace(trace: &mut Trace<'_>, name: NameId) {
    if !trace.is_file(name) {
        return;
    }
    let view = trace.view;
    let elf = match view.elf_of(name) {
        Ok(elf) => elf,
        Err(ElfError::Magic | ElfError::Unreadable) => return,
        Err(error) => {
            return trace.note(
                Some(name),
                None,
                format!("an ELF file that cannot be read: {error}"),
            );
        }
    };
    // A program is loaded under each of its names, for `$ORIGIN` differs. Some libraries name a
    // loader, so that they can be started; they are libraries all the same.
    match &elf.interpreter {
        Some(interpreter) if elf.soname.is_none() => load_program(trace, name, elf, interpreter),
        // A static program at any address looks like a library, but needs nothing.
        _ if elf.kind == Type::Shared && !elf.needed.is_empty() => trace.loading.waiting.push(name),
        _ => {}
    }
}

/// Loads the next library that came in without a program, and that no program has mapped since.
/// False where none waits.
pub(in crate::slim) fn load_waiting(trace: &mut Trace<'_>) -> bool {
    let waiting = std::mem::take(&mut trace.loading.waiting);
    let mut waiting = waiting.into_iter();
    for name in waiting.by_ref() {
        if trace.loading.mapped[trace.tree().inode_id(name).index()] {
            continue;
        }
        let view = trace.view;
        let Ok(elf) = view.elf_of(name) else { continue };
        if let Some(interpreter) = loader_for(trace, elf) {
            load_program(trace, name, elf, &interpreter);
        }
        trace.loading.waiting = waiting.collect();
        return true;
    }
    false
}

/// The loader that would map a library: the one it names, one that programs of its kind have, or
/// the usual one.
fn loader_for(trace: &Trace<'_>, elf: &Elf) -> Option<Vec<u8>> {
    let is_there = |path: &Vec<u8>| trace.view.resolve(path).is_ok();
    let seen = trace
        .loading
        .loaders
        .iter()
        .filter(|loader| loader.fits(elf))
        .map(|loader| loader.path.clone());
    elf.interpreter
        .iter()
        .cloned()
        .chain(seen)
        .chain(Loader::conventional_paths(elf))
        .find(is_there)
}

fn load_program(trace: &mut Trace<'_>, name: NameId, elf: &Elf, interpreter: &[u8]) {
    let path = trace.programs.absolute(interpreter);
    let Some(loader_name) = trace.keep_path(&path, Some(name), Why::Interpreter) else {
        return trace.unmet(name, Need::Interpreter(interpreter.to_vec()), Vec::new());
    };
    let view = trace.view;
    let loader = trace.loading.loader(view, &path, elf);
    for path in &loader.reads {
        if let Some(file) = trace.keep_path(path, Some(loader_name), Why::LoaderReads) {
            keep_included(trace, file, loader_name);
        }
    }
    trace.loading.programs.push(Program { name, loader: path });
    for environment in environments(view, &trace.loading, name) {
        let (process, causes) = start(view, &mut trace.loading, &loader, &environment, name);
        keep_process(trace, &process, &causes);
        for unmet in process.unmet_versions(|file| view.versions(file)) {
            let [by, library] =
                [unmet.by, unmet.library].map(|object| process.objects()[object].path.clone());
            if let Ok(by) = trace.tree().resolve(&by) {
                trace.unmet(by.name, Need::Version(library, unmet.version), Vec::new());
            }
        }
    }
}

/// What a program may be started in. One with rights of its own obeys the environment if its user
/// has them already.
pub(in crate::slim) fn environments(
    view: &View<'_>,
    loading: &Loading,
    name: NameId,
) -> Vec<Environment> {
    let environment = loading.environment.clone();
    let secure = Environment {
        secure: true,
        ..environment.clone()
    };
    let is_privileged = view.gains_rights(view.tree().inode_id(name), false);
    if is_privileged {
        vec![environment, secure]
    } else {
        vec![environment]
    }
}

/// Builds the process of a program, or of a library that stands for one, with all that is put into
/// it from outside; and says where requests come from that no file makes.
pub(in crate::slim) fn start<'a>(
    view: &'a View<'a>,
    loading: &mut Loading,
    loader: &'a Loader,
    environment: &'a Environment,
    name: NameId,
) -> (Process<'a, View<'a>>, BTreeMap<usize, Cause>) {
    let tree = view.tree();
    let mut causes = BTreeMap::new();
    let mut process = Process::new(
        view,
        loader,
        environment,
        &tree.path(name),
        tree.inode_id(name),
    );
    let mut inject = |list: &[u8], injector| {
        causes.extend(
            process
                .preload(list)
                .map(|request| (request, Cause::Injected(injector))),
        );
    };
    if !environment.secure {
        inject(&loading.preload, Injector::Preload);
    }
    if loader.flavor == Flavor::Glibc && !environment.secure {
        inject(&loading.audit, Injector::Audit);
    }
    let injector = if loader.flavor == Flavor::Musl {
        Injector::StandIn
    } else {
        Injector::PreloadFile
    };
    for name in loader.preload_file(view) {
        inject(&name, injector);
    }
    process.load();
    if loader.flavor == Flavor::Glibc {
        open_for_libc(view, loading, &mut process, &mut causes);
    }
    open_by_name(view, loading, &mut process, &mut causes);
    (process, causes)
}

/// Where a request comes from that no file makes.
#[derive(Clone, Copy, Debug)]
pub(in crate::slim) enum Cause {
    Injected(Injector),
    /// The C library, when the object `caller` calls a function.
    Opened {
        caller: usize,
        symbol: &'static str,
        rule: &'static str,
    },
    /// An object that may open it by name.
    MayOpen,
    /// An object that says it opens it.
    Announced {
        required: bool,
    },
}

/// `/etc/ld.so.conf` includes what is in the directory beside it.
fn keep_included(trace: &mut Trace<'_>, file: NameId, loader: NameId) {
    let tree = trace.tree();
    let Some(directory) = tree.child(tree.parent(file), b"ld.so.conf.d") else {
        return;
    };
    if tree.file_name(file) == b"ld.so.conf" {
        for included in tree.children(directory) {
            trace.graph.keep(included, Some(loader), Why::LoaderReads);
        }
    }
}

/// Opens what glibc will open for functions that are called in this process.
fn open_for_libc(
    view: &View<'_>,
    loading: &mut Loading,
    process: &mut Process<'_, View<'_>>,
    causes: &mut BTreeMap<usize, Cause>,
) {
    let is_libc = |path: &[u8]| file_name(path).starts_with(LIBC);
    let Some(libc) = process
        .objects()
        .iter()
        .position(|object| is_libc(&object.path))
    else {
        return;
    };
    let mut opened = HashSet::new();
    let mut caller = 0;
    // What is opened is mapped too, and may call more.
    while let Some(file) = process.objects().get(caller).map(|object| object.file) {
        for &(symbol, soname, rule) in &*loading.calls(view, file) {
            if caller != libc && opened.insert(soname) {
                let request = process.open(libc, soname.as_bytes());
                causes.insert(
                    request,
                    Cause::Opened {
                        caller,
                        symbol,
                        rule,
                    },
                );
            }
        }
        caller += 1;
    }
}

/// Opens what the objects of a process may open by a name that they hold.
fn open_by_name(
    view: &View<'_>,
    loading: &mut Loading,
    process: &mut Process<'_, View<'_>>,
    causes: &mut BTreeMap<usize, Cause>,
) {
    let mut opened = HashSet::new();
    let mut at = 0;
    while let Some(file) = process.objects().get(at).map(|object| object.file) {
        let Some(names) = loading.names(view, file) else {
            return;
        };
        for name in &*names {
            if process.find(&name.name).is_none() && opened.insert(name.name.clone()) {
                let request = process.open(at, &name.name);
                let cause = match name.announced {
                    Some(required) => Cause::Announced { required },
                    None => Cause::MayOpen,
                };
                causes.insert(request, cause);
            }
        }
        at += 1;
    }
}

/// Keeps every file of a process for the request that mapped it.
fn keep_process(
    trace: &mut Trace<'_>,
    process: &Process<'_, View<'_>>,
    causes: &BTreeMap<usize, Cause>,
) {
    let tree = trace.tree();
    let name_of = |path: &[u8]| tree.resolve(path).ok().map(|resolved| resolved.name);
    let names: Vec<Option<NameId>> = process
        .objects()
        .iter()
        .map(|object| name_of(&object.path))
        .collect();
    for object in process.objects() {
        trace.loading.mapped[object.file.index()] = true;
    }
    for (place, request) in process.requests().iter().enumerate() {
        let cause = causes.get(&place).copied();
        let by = if let Some(Cause::Opened { caller, .. }) = cause {
            caller
        } else {
            request.by
        };
        let Some(by) = names[by] else { continue };
        match &request.outcome {
            Outcome::Found(hits) => {
                trace.loading.met.insert((by, request.name.clone()));
                for (object, path, found) in hits {
                    trace.keep_path(path, Some(by), why(request, cause, found.clone()));
                    if let Some(reason) = &process.objects()[*object].broken {
                        trace.unmet(
                            by,
                            Need::BrokenLibrary(request.name.clone(), reason.clone()),
                            Vec::new(),
                        );
                    }
                }
            }
            Outcome::Missing(missing) => report_missing(trace, by, request, cause, missing),
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

fn report_missing(
    trace: &mut Trace<'_>,
    by: NameId,
    request: &Request,
    cause: Option<Cause>,
    missing: &Missing,
) {
    let name = &request.name;
    match (cause, request.kind) {
        (Some(Cause::Injected(injector)), _) => {
            trace.note(
                None,
                None,
                format!(
                    "`{}`, which {injector} names, is not there",
                    name.escape_ascii()
                ),
            );
        }
        (None, RequestKind::Needed | RequestKind::Filter) => match &missing.refused {
            Some(reason) => trace.unmet(
                by,
                Need::BrokenLibrary(name.clone(), reason.clone()),
                Vec::new(),
            ),
            None if keep_rules::is_provided(name) => {
                let text = format!(
                    "`{}` is not in the image: the runtime puts it into the container",
                    name.escape_ascii()
                );
                trace.note(Some(by), None, text);
            }
            None => trace.unmet(by, Need::Library(name.clone()), missing.looked_in.clone()),
        },
        // What may be missing may be missing.
        _ => {}
    }
}
