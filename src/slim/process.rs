//! Processes of an image: programs with everything that their loaders map, inject or may open.

use std::collections::{BTreeMap, HashSet};
use std::rc::Rc;

use super::binaries::Binaries;
use super::view::View;
use super::why::Injector;
use crate::elf::{Elf, Environment, Files, Flavor, Loader, Process};
use crate::image::{InodeId, NameId};
use crate::paths::file_name_bytes;

/// glibc's C library, which opens these libraries.
const LIBC: &[u8] = b"libc.so";

/// A program, or a separately loaded library, with its loader. Verification loads it again.
#[derive(Clone, Debug)]
pub(super) struct Program {
    pub(super) name: NameId,
    pub(super) loader: Vec<u8>,
}

/// Builds processes, and stores the data that they share: loaders and facts about files.
#[derive(Debug)]
pub(super) struct Processes<'a> {
    environment: Environment,
    preload: Vec<u8>,
    audit: Vec<u8>,
    loaders: Vec<Rc<Loader>>,
    binaries: &'a Binaries,
    /// Whether processes include the libraries that files may open by name.
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
                // Secure mode is a property of the program; `environments` sets it for each start.
                secure: false,
            },
            preload,
            audit,
            loaders: Vec::new(),
            binaries,
            opens: false,
        }
    }

    /// The same, but each process includes the libraries that files may open by name.
    pub(super) fn with_opened(mut self) -> Self {
        self.opens = true;
        self
    }

    /// The loader at a path, set up for a program. It is created once for each kind of program.
    pub(super) fn loader(&mut self, view: &View<'_>, path: &[u8], program: &Elf) -> Rc<Loader> {
        for loader in &self.loaders {
            // A path may be used for two architectures, like musl's loader in a multi-arch image,
            // so the path alone does not identify a loader.
            if loader.path == path && loader.fits(program) {
                return Rc::clone(loader);
            }
        }
        let loader = Rc::new(Loader::new(view, path, program));
        self.loaders.push(Rc::clone(&loader));
        loader
    }

    /// The paths of the known loaders that would load a file.
    pub(super) fn fitting_loaders(&self, elf: &Elf) -> impl Iterator<Item = &Vec<u8>> {
        self.loaders
            .iter()
            .filter(|loader| loader.fits(elf))
            .map(|loader| &loader.path)
    }
}

/// Environments in which a program may be started. A privileged program obeys the environment
/// variables only if its user already has the privileges.
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
    // It is unknown whether the user is root, so both cases are considered.
    let is_privileged = view.gains_rights(view.tree().inode_id(name), false);
    if is_privileged {
        vec![environment, secure]
    } else {
        vec![environment]
    }
}

/// Builds the process of a program, or of a library in place of one, with all injected libraries,
/// and the causes of requests that do not come from files.
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
        // Most of the work is reading the files, which is done on all cores.
        let files: Vec<InodeId> = process.objects().iter().map(|object| object.file).collect();
        processes.binaries.read_all(view, &files);
    }
    // musl includes the resolver and `iconv` and opens no libraries for its own functions.
    if loader.flavor == Flavor::Glibc {
        open_for_libc(view, processes, &mut process, &mut causes);
    }
    if processes.opens {
        open_by_name(view, processes, &mut process, &mut causes);
    }
    (process, causes)
}

/// The lists of libraries that are injected into a program.
fn injected(
    view: &View<'_>,
    processes: &Processes<'_>,
    loader: &Loader,
    environment: &Environment,
) -> Vec<(Vec<u8>, Injector)> {
    let mut lists = Vec::new();
    // A privileged program ignores its user's settings.
    if !environment.secure {
        lists.push((processes.preload.clone(), Injector::Preload));
    }
    // musl has no auditing interface, so it ignores `LD_AUDIT`.
    if loader.flavor == Flavor::Glibc && !environment.secure {
        lists.push((processes.audit.clone(), Injector::Audit));
    }
    // musl reads no preload file; this list comes from gcompat's loader.
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

/// The cause of a request that does not come from a file.
#[derive(Clone, Copy, Debug)]
pub(super) enum Cause {
    Injected(Injector),
    /// The C library opens it when the object `caller` calls a function.
    Opened {
        caller: usize,
        symbol: &'static str,
        rule: &'static str,
    },
    /// An object may open it by name.
    MayOpen,
    /// An object declares that it opens it.
    Announced {
        required: bool,
    },
}

/// Opens the libraries that glibc opens for functions called in this process.
fn open_for_libc(
    view: &View<'_>,
    processes: &Processes<'_>,
    process: &mut Process<'_, View<'_>>,
    causes: &mut BTreeMap<usize, Cause>,
) {
    let mut objects = process.objects().iter();
    // A process without glibc, such as a Go program without cgo, opens none of these.
    let Some(libc) = objects.position(|object| file_name_bytes(&object.path).starts_with(LIBC))
    else {
        return;
    };
    let mut opened = HashSet::new();
    let mut caller = 0;
    // Opened libraries are mapped too and may call more functions.
    while let Some(file) = process.objects().get(caller).map(|object| object.file) {
        for &(symbol, soname, rule) in processes.binaries.calls(view, file) {
            // The C library calls its own functions on behalf of others.
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

/// Opens the libraries whose names occur in the objects of a process.
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
        // Opening a library may map more files, so files are read in batches: all that are mapped
        // now, in parallel, then the new ones.
        if at == read {
            let files = process.objects()[at..].iter().map(|object| object.file);
            processes
                .binaries
                .read_all(view, &files.collect::<Vec<_>>());
            read = process.objects().len();
        }
        for name in processes.binaries.open_names(view, file) {
            // A library that is already mapped is not opened again.
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
