//! A program as loaded by its loader.

use std::sync::{Arc, Mutex, PoisonError};

use rayon::prelude::*;

use super::source::Source;
use super::symbols::{self, Unresolved};
use crate::elf::{
    Elf, Environment, Flavor, Kind, Loader, Missing, Mode, Object, Outcome, Process, Processor,
    Request, RequestKind, Type,
};

/// Settings that programs are started with.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    pub environment: Environment,
    /// `LD_PRELOAD`.
    pub preload: Vec<u8>,
    /// Whether root starts them: root gains no privileges from a setuid root program.
    pub is_root: bool,
    /// Load the library variants for all processors, not only for one.
    pub all_processors: bool,
    /// The processor's level, such as `x86-64-v3`, or `baseline`; the default is the processor of
    /// this machine.
    pub level: Option<String>,
    /// Whether to find undefined symbols, which requires reading the symbol tables of all objects.
    pub symbols: bool,
}

/// A program and the result of loading it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Closure {
    pub program: Vec<u8>,
    pub start: Start,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Start {
    /// It has no loader.
    Static,
    /// It is not a valid ELF file, for this reason.
    Unreadable(String),
    /// Its loader does not exist.
    NoLoader(Vec<u8>),
    Loaded(Loaded),
}

/// The mapped files, and the missing ones.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loaded {
    pub loader: Vec<u8>,
    pub flavor: Flavor,
    /// The environment is ignored, because the program has privileges that its user lacks.
    pub secure: bool,
    /// In load order; the program is the first, its loader the second.
    pub objects: Vec<Mapped>,
    pub requests: Vec<Request>,
    pub unmet_versions: Vec<UnmetVersion>,
    pub unresolved: Vec<Unresolved>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mapped {
    /// As it was opened.
    pub path: Vec<u8>,
    /// The index of the object that first caused it to be loaded; `None` for the program and its
    /// loader.
    pub by: Option<usize>,
    /// The reason why the loader would refuse it.
    pub broken: Option<String>,
}

/// A required version that a library does not define, so that the loader aborts the process.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct UnmetVersion {
    /// The path of the object that requires it.
    pub by: Vec<u8>,
    /// The path of the library that lacks it.
    pub library: Vec<u8>,
    pub version: Vec<u8>,
}

impl Loaded {
    /// Required dependencies that are missing.
    pub fn missing(&self) -> impl Iterator<Item = (&Request, &Missing)> {
        self.requests
            .iter()
            .filter_map(|request| match &request.outcome {
                Outcome::Missing(missing)
                    if matches!(request.kind, RequestKind::Needed | RequestKind::Filter) =>
                {
                    Some((request, missing))
                }
                _ => None,
            })
    }

    /// Whether the program would start.
    pub fn is_whole(&self) -> bool {
        self.missing().next().is_none()
            && self.objects.iter().all(|object| object.broken.is_none())
            && self.unmet_versions.is_empty()
            && self.unresolved.is_empty()
    }
}

impl Closure {
    /// Whether the program would start.
    pub fn is_whole(&self) -> bool {
        match &self.start {
            Start::Static => true,
            Start::Unreadable(_) | Start::NoLoader(_) => false,
            Start::Loaded(loaded) => loaded.is_whole(),
        }
    }
}

/// Loads programs in parallel; the results are in the order of the paths.
pub fn closures<S: Source>(source: &S, settings: &Settings, programs: &[Vec<u8>]) -> Vec<Closure> {
    let loaders = Loaders {
        settings,
        known: Mutex::default(),
    };
    // One program needs no threads, and starting them takes longer than loading it.
    if let [program] = programs {
        return vec![closure(source, settings, &loaders, program)];
    }
    programs
        .par_iter()
        .map(|program| closure(source, settings, &loaders, program))
        .collect()
}

fn closure<S: Source>(
    source: &S,
    settings: &Settings,
    loaders: &Loaders<'_>,
    program: &[u8],
) -> Closure {
    Closure {
        program: program.to_vec(),
        start: start(source, settings, loaders, program),
    }
}

fn start<S: Source>(
    source: &S,
    settings: &Settings,
    loaders: &Loaders<'_>,
    program: &[u8],
) -> Start {
    let Kind::File(file) = source.look(program) else {
        return Start::Unreadable("it is not a regular file".into());
    };
    let elf = match source.elf(file) {
        Ok(elf) => elf,
        Err(error) => return Start::Unreadable(error.to_string()),
    };
    // The kernel starts such a program directly.
    let Some(path) = loader_path(source, elf) else {
        return Start::Static;
    };
    if !matches!(source.look(&path), Kind::File(_)) {
        return Start::NoLoader(path);
    }
    let loader = loaders.get(source, &path, elf);
    // The kernel sets AT_SECURE for such a start, and the loader then ignores most of the
    // environment.
    let environment = Environment {
        secure: source.gains_rights(file, settings.is_root),
        ..settings.environment.clone()
    };
    let mut process = Process::new(source, &loader, &environment, program, file);
    // Only setuid libraries would be preloaded into a privileged program.
    if !environment.secure {
        process.preload(&settings.preload);
    }
    // Only root can write `/etc/ld.so.preload`, so privileged programs obey it too.
    for name in loader.preload_file(source) {
        process.preload(&name);
    }
    process.load();
    Start::Loaded(loaded(source, settings, &loader, &environment, process))
}

/// The result of loading a program, with objects identified by path.
fn loaded<S: Source>(
    source: &S,
    settings: &Settings,
    loader: &Loader,
    environment: &Environment,
    process: Process<'_, S>,
) -> Loaded {
    let unmet = process.unmet_versions(|file| source.versions(file));
    // The symbol tables of all objects are far larger than all other data that is read.
    let unresolved = if settings.symbols {
        symbols::unresolved(source, &process)
    } else {
        Vec::new()
    };
    let (objects, requests) = process.into_parts();
    let mut unmet_versions = Vec::new();
    for version in unmet {
        unmet_versions.push(UnmetVersion {
            by: objects[version.by].path.clone(),
            library: objects[version.library].path.clone(),
            version: version.version,
        });
    }
    Loaded {
        loader: loader.path.clone(),
        flavor: loader.flavor,
        secure: environment.secure,
        objects: objects.into_iter().map(Mapped::from).collect(),
        requests,
        unmet_versions,
        unresolved,
    }
}

impl<Id> From<Object<Id>> for Mapped {
    fn from(object: Object<Id>) -> Self {
        Self {
            path: object.path,
            by: object.by,
            broken: object.broken,
        }
    }
}

/// The loader that a program requests or, for a library, the conventional one that exists. A static
/// file has none.
fn loader_path<S: Source>(source: &S, elf: &Elf) -> Option<Vec<u8>> {
    if elf.interpreter.is_some() {
        return elf.interpreter.clone();
    }
    // A library without dependencies would load nothing, no matter which loader maps it.
    if elf.kind != Type::Shared || elf.is_static() || !elf.is_dynamic || elf.needed.is_empty() {
        return None;
    }
    let usual = Loader::conventional_paths(elf);
    usual
        .iter()
        .find(|path| matches!(source.look(path), Kind::File(_)))
        // If none exists, the first one is reported as missing.
        .or(usual.first())
        .cloned()
}

/// Loaders, created once for each path and kind of program.
struct Loaders<'a> {
    settings: &'a Settings,
    known: Mutex<Vec<Arc<Loader>>>,
}

impl Loaders<'_> {
    fn get<S: Source>(&self, source: &S, path: &[u8], elf: &Elf) -> Arc<Loader> {
        // The lock is held while a loader is built: otherwise every thread would read the same
        // cache at once.
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(loader) = known
            .iter()
            .find(|loader| loader.path == path && loader.fits(elf))
        {
            return Arc::clone(loader);
        }
        let loader = Arc::new(Loader::with_mode(source, path, elf, self.mode(elf)));
        known.push(Arc::clone(&loader));
        loader
    }

    fn mode(&self, elf: &Elf) -> Mode {
        let level = self.settings.level.as_deref();
        match level {
            // This option overrides a level, because it covers all levels.
            _ if self.settings.all_processors => Mode::Superset,
            Some(level) => Mode::Exact(Processor::of_level(elf, level)),
            None => Mode::Exact(Processor::native(elf)),
        }
    }
}
