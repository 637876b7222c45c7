//! Processes of an image: each program with everything that its loader maps, injects or may open.

use std::collections::{BTreeMap, HashSet};
use std::rc::Rc;

use super::binaries::Binaries;
use super::paths::file_name;
use super::view::View;
use super::why::Injector;
use crate::elf::{Elf, Environment, Files, Flavor, Loader, Process};
use crate::image::{InodeId, NameId};

/// The C library of glibc, in whose name these are opened.
const LIBC: &[u8] = b"libc.so";

/// A program, or a library that is loaded on its own, and its loader. Verification loads it again.
#[derive(Clone, Debug)]
pub(super) struct Program {
    pub(super) name: NameId,
    pub(super) loader: Vec<u8>,
}

/// Builds processes, and keeps what they share: loaders, and facts of files.
#[derive(Debug)]
pub(super) struct Processes<'a> {
    environment: Environment,
    preload: Vec<u8>,
    audit: Vec<u8>,
    loaders: Vec<Rc<Loader>>,
    binaries: &'a Binaries,
    /// Whether processes have the libraries that files may open by name.
    opens: bool,
}

impl<'a> Processes<'a> {
    pub(super) fn new(view: &View<'_>, binaries: &'a Binaries) -> Self {
        let config = &view.image.config;
        let [library_path, preload, audit] =
            ["LD_LIBRARY_PATH", "LD_PRELOAD", "LD_AUDIT"].map(|name| {
                config
                    .env_value(name)
                    .unwrap_or_default()
                    .as_bytes()
                    .to_vec()
            });
        Self {
            environment: Environment {
                library_path,
                directory: config.working_dir().as_bytes().to_vec(),
                // Whether a program is privileged is a property of the program; `environments` sets
                // it for each start.
                secure: false,
            },
            preload,
            audit,
            loaders: Vec::new(),
            binaries,
            opens: false,
        }
    }

    /// The same, with the libraries that files may open by name in each process.
    pub(super) fn with_opened(mut self) -> Self {
        self.opens = true;
        self
    }

    /// The loader at a path, as it works for a program. Made once for each kind of program.
    pub(super) fn loader(&mut self, view: &View<'_>, path: &[u8], program: &Elf) -> Rc<Loader> {
        for loader in &self.loaders {
            // One path may serve two architectures, as musl's loader does in a multi-arch image, so
            // the path alone does not identify a loader.
            if loader.path == path && loader.fits(program) {
                return Rc::clone(loader);
            }
        }
        let loader = Rc::new(Loader::new(view, path, program));
        self.loaders.push(Rc::clone(&loader));
        loader
    }

    /// The paths of the loaders so far that would load a file.
    pub(super) fn fitting_loaders(&self, elf: &Elf) -> impl Iterator<Item = &Vec<u8>> {
        self.loaders
            .iter()
            .filter(|loader| loader.fits(elf))
            .map(|loader| &loader.path)
    }
}

/// Environments that a program may be started in. One with rights of its own obeys the environment
/// if its user has them already.
pub(super) fn environments(
    view: &View<'_>,
    processes: &Processes<'_>,
    name: NameId,
) -> Vec<Environment> {
    let environment = processes.environment.clone();
    let secure = Environment {
        secure: true,
        ..environment.clone()
    };
    // Whether the user is root is unknown, so both starts are looked at.
    let is_privileged = view.gains_rights(view.tree().inode_id(name), false);
    if is_privileged {
        vec![environment, secure]
    } else {
        vec![environment]
    }
}

/// Builds the process of a program, or of a library that stands for one, with all that is put into
/// it from outside, and the causes of the requests that no file makes.
pub(super) fn start<'a>(
    view: &'a View<'a>,
    processes: &Processes<'_>,
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
    for (list, injector) in injected(view, processes, loader, environment) {
        for request in process.preload(&list) {
            causes.insert(request, Cause::Injected(injector));
        }
    }
    process.load();
    if processes.opens {
        // Most of the work is reading them, which every core takes a part of.
        let files: Vec<InodeId> = process.objects().iter().map(|object| object.file).collect();
        processes.binaries.read_all(view, &files);
    }
    // musl contains the resolver and `iconv` and opens no library for its own functions.
    if loader.flavor == Flavor::Glibc {
        open_for_libc(view, processes, &mut process, &mut causes);
    }
    if processes.opens {
        open_by_name(view, processes, &mut process, &mut causes);
    }
    (process, causes)
}

/// The lists of libraries that are loaded into a program although it does not name them.
fn injected(
    view: &View<'_>,
    processes: &Processes<'_>,
    loader: &Loader,
    environment: &Environment,
) -> Vec<(Vec<u8>, Injector)> {
    let mut lists = Vec::new();
    // A program with rights of its own ignores what its user asks for.
    if !environment.secure {
        lists.push((processes.preload.clone(), Injector::Preload));
    }
    // musl has no auditing interface and ignores `LD_AUDIT`.
    if loader.flavor == Flavor::Glibc && !environment.secure {
        lists.push((processes.audit.clone(), Injector::Audit));
    }
    // musl reads no preload file; what it is given here comes from the loader of gcompat.
    let injector = if loader.flavor == Flavor::Musl {
        Injector::StandIn
    } else {
        Injector::PreloadFile
    };
    for name in loader.preload_file(view) {
        lists.push((name, injector));
    }
    lists
}

/// The cause of a request that no file makes.
#[derive(Clone, Copy, Debug)]
pub(super) enum Cause {
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

/// Opens what glibc will open for functions that are called in this process.
fn open_for_libc(
    view: &View<'_>,
    processes: &Processes<'_>,
    process: &mut Process<'_, View<'_>>,
    causes: &mut BTreeMap<usize, Cause>,
) {
    let mut objects = process.objects().iter();
    // A process that maps no glibc, such as one of Go without cgo, opens none of these.
    let Some(libc) = objects.position(|object| file_name(&object.path).starts_with(LIBC)) else {
        return;
    };
    let mut opened = HashSet::new();
    let mut caller = 0;
    // What is opened is mapped too, and may call more.
    while let Some(file) = process.objects().get(caller).map(|object| object.file) {
        for &(symbol, soname, rule) in processes.binaries.calls(view, file) {
            // The C library calls its own functions for others.
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

/// Opens the libraries whose names the objects of a process contain.
fn open_by_name(
    view: &View<'_>,
    processes: &Processes<'_>,
    process: &mut Process<'_, View<'_>>,
    causes: &mut BTreeMap<usize, Cause>,
) {
    let mut opened = HashSet::new();
    let mut at = 0;
    let mut read = 0;
    while let Some(file) = process.objects().get(at).map(|object| object.file) {
        // Opening a library may map more, so files are read in batches: all that are mapped now, on
        // all cores, then those that came since.
        if at == read {
            let files = process.objects()[at..].iter().map(|object| object.file);
            processes
                .binaries
                .read_all(view, &files.collect::<Vec<_>>());
            read = process.objects().len();
        }
        for name in processes.binaries.open_names(view, file) {
            // A library that is mapped already is not opened again.
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
