//! A process as constructed by its loader: the program and all libraries that it maps, in load
//! order.
//!
//! There is one difference from a real start: if the choice among several files depends on the
//! processor, all of them are mapped, because an image may run on any processor. The generic one
//! then represents them.

use std::collections::HashMap;
use std::sync::Arc;

use super::glibc;
use super::linker::{Environment, Flavor, Loader, preload_list};
use super::musl;
use super::search::{Candidate, Files, Found, Kind, MAX_LOOKED_IN, Requester, Step, join, parent};
use crate::elf::file::{Elf, ElfError, Type};
use crate::paths::file_name_bytes;

/// A process under construction.
#[derive(Debug)]
pub struct Process<'a, F: Files> {
    files: &'a F,
    loader: &'a Loader,
    environment: &'a Environment,
    objects: Vec<Object<F::Id>>,
    requests: Vec<Request>,
    /// Objects by the names under which a later search finds them. Variants have no names.
    by_name: HashMap<Vec<u8>, usize>,
    by_file: HashMap<F::Id, usize>,
    /// The first object whose dependencies have not been loaded yet.
    next: usize,
    /// The object that last opened a library by name, and the steps of its searches. A program may
    /// preload a thousand libraries, and open as many.
    last_steps: Option<(usize, Arc<[Step]>)>,
}

/// A mapped file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Object<Id> {
    /// As it was opened.
    pub path: Vec<u8>,
    pub file: Id,
    /// The index of the object that first caused it to be loaded; `None` for the program and its
    /// loader.
    pub by: Option<usize>,
    /// Whether only some processors map it.
    pub variant: bool,
    /// The reason why the loader would refuse it, if it would.
    pub broken: Option<String>,
    origin: Vec<u8>,
    /// For a variant, the names under which a later search would find it.
    names: Vec<Vec<u8>>,
}

/// A dependency of an object, and the result of the search for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The index of the object with the dependency.
    pub by: usize,
    pub name: Vec<u8>,
    pub kind: RequestKind,
    pub outcome: Outcome,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RequestKind {
    Needed,
    /// `DT_FILTER`.
    Filter,
    /// `DT_AUXILIARY`: optional.
    Auxiliary,
    /// `DT_AUDIT` and `DT_DEPAUDIT`: optional.
    Audit,
    /// From outside the file: `LD_PRELOAD` or a call of `dlopen`. Optional.
    Given,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The indexes of the objects, the path at which each was found, and the rule. There are
    /// several if processors differ; the last one is the generic one, if any.
    Found(Vec<(usize, Vec<u8>, Found)>),
    Missing(Missing),
}

/// The locations where a search found nothing: directories, the path of the cache, or the path of
/// the dependency itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing {
    pub looked_in: Vec<Vec<u8>>,
    /// Set if the search ended at a file that no loader accepts.
    pub refused: Option<String>,
}

/// A search under way.
struct Search {
    hits: Vec<(usize, Vec<u8>, Found)>,
    refused: Option<String>,
}

/// The verdict of a loader on a candidate.
enum Fit<Id> {
    Take(Id),
    /// It ends the search and aborts the process.
    Refuse(Option<Id>, String),
    Pass,
}

impl<'a, F: Files> Process<'a, F> {
    /// A process in which only the program at `path` and its loader are mapped.
    pub fn new(
        files: &'a F,
        loader: &'a Loader,
        environment: &'a Environment,
        path: &[u8],
        program: F::Id,
    ) -> Self {
        // Loaders determine the program's `$ORIGIN` from `/proc/self/exe`, in which all symlinks
        // are resolved.
        let real = files.real_path(path).unwrap_or_else(|| path.to_vec());
        let mut process = Self {
            files,
            loader,
            environment,
            objects: Vec::new(),
            requests: Vec::new(),
            by_name: HashMap::new(),
            by_file: HashMap::new(),
            next: 0,
            last_steps: None,
        };
        let soname = process.soname(program);
        process.add(
            path,
            program,
            None,
            parent(&real),
            soname.into_iter().collect(),
        );
        process.add_loader();
        process
    }

    /// Maps the loader, as the kernel does along with the program, and the loader that a stand-in
    /// starts.
    fn add_loader(&mut self) {
        let loader = self.loader;
        if let Kind::File(file) = self.files.look(&loader.path) {
            // musl's loader is also the C library, under a name for which no file needs to exist.
            let own = if loader.flavor == Flavor::Musl {
                Some(b"libc.so".to_vec())
            } else {
                self.soname(file)
            };
            let names = std::iter::once(loader.path.clone()).chain(own).collect();
            self.add(&loader.path, file, None, parent(&loader.path), names);
        }
        if let Some(stand_in) = &loader.stands_for
            && let Kind::File(file) = self.files.look(&stand_in.loader)
        {
            let path = &stand_in.loader;
            self.add(path, file, None, parent(path), vec![b"libc.so".to_vec()]);
        }
    }

    fn add(
        &mut self,
        path: &[u8],
        file: F::Id,
        by: Option<usize>,
        origin: &[u8],
        names: Vec<Vec<u8>>,
    ) {
        let place = self.objects.len();
        let (path, origin) = (path.to_vec(), origin.to_vec());
        self.objects.push(Object {
            path,
            file,
            by,
            variant: false,
            broken: None,
            origin,
            names: Vec::new(),
        });
        self.by_file.entry(file).or_insert(place);
        self.learn(place, names);
    }

    /// The first object with a name keeps it.
    fn learn(&mut self, place: usize, names: Vec<Vec<u8>>) {
        for name in names {
            self.by_name
                .entry(name)
                // The loader searches its list from the front.
                .and_modify(|known| *known = place.min(*known))
                .or_insert(place);
        }
    }

    pub(super) fn flavor(&self) -> Flavor {
        self.loader.flavor
    }

    /// The loaded object with a name, without a search of the file system.
    pub fn find(&self, name: &[u8]) -> Option<usize> {
        self.by_name.get(name).copied()
    }

    /// The objects in load order, and all requests.
    pub fn into_parts(self) -> (Vec<Object<F::Id>>, Vec<Request>) {
        (self.objects, self.requests)
    }

    /// The objects in load order: the program, its loader, and their dependencies.
    pub fn objects(&self) -> &[Object<F::Id>] {
        &self.objects
    }

    /// All dependencies, in the order in which they were resolved.
    pub fn requests(&self) -> &[Request] {
        &self.requests
    }

    /// Loads libraries that are not dependencies of the program, using the program's search path;
    /// the list has the format of `LD_PRELOAD`. Returns the indexes of the requests.
    pub fn preload(&mut self, list: &[u8]) -> std::ops::Range<usize> {
        let first = self.requests.len();
        for name in preload_list(list) {
            // Object 0 is the program: preloaded libraries are searched for with the program's
            // search path.
            self.request(0, name, RequestKind::Given);
        }
        first..self.requests.len()
    }

    /// Loads a library that an object opens by name at run time, and its dependencies. Returns the
    /// index of the request.
    pub fn open(&mut self, by: usize, name: &[u8]) -> usize {
        self.request(by, name.to_vec(), RequestKind::Given);
        let place = self.requests.len() - 1;
        self.load();
        place
    }

    /// Resolves all dependencies of the mapped objects, breadth first.
    pub fn load(&mut self) {
        // The loader works breadth first, which determines which of two libraries with the same
        // name is mapped.
        while self.next < self.objects.len() {
            let by = self.next;
            self.next += 1;
            let Some(elf) = self.elf(by) else { continue };
            let chain = self.chain(by);
            // All dependencies of an object share their steps, which require several file system
            // accesses.
            let steps = self.steps(&chain);
            for (name, kind) in self.needs(elf) {
                self.request_by(by, name, kind, &steps);
            }
        }
    }

    /// The names of an object's dependencies, in the order in which its loader resolves them.
    fn needs(&self, elf: &Elf) -> Vec<(Vec<u8>, RequestKind)> {
        let mut needs = Vec::new();
        for name in &elf.needed {
            needs.push((name.clone(), RequestKind::Needed));
        }
        // musl supports neither filters nor auditing.
        if self.loader.flavor == Flavor::Musl {
            return needs;
        }
        for name in &elf.filters {
            needs.push((name.clone(), RequestKind::Filter));
        }
        for name in &elf.auxiliaries {
            needs.push((name.clone(), RequestKind::Auxiliary));
        }
        // `DT_AUDIT` is a colon-separated list, like LD_PRELOAD.
        for list in &elf.audits {
            needs.extend(preload_list(list).map(|name| (name, RequestKind::Audit)));
        }
        needs
    }

    fn elf(&self, object: usize) -> Option<&'a Elf> {
        let object = &self.objects[object];
        if object.broken.is_some() {
            None
        } else {
            self.files.elf(object.file).ok()
        }
    }

    fn soname(&self, file: F::Id) -> Option<Vec<u8>> {
        self.files.elf(file).ok()?.soname.clone()
    }

    /// An object and the objects that caused it to be loaded, up to the program.
    fn chain(&self, object: usize) -> Vec<usize> {
        std::iter::successors(Some(object), |&object| self.objects[object].by).collect()
    }

    fn steps(&self, chain: &[usize]) -> Vec<Step> {
        let requesters: Vec<Requester<'_>> = chain
            .iter()
            .filter_map(|&object| self.requester(object))
            .collect();
        match self.loader.flavor {
            Flavor::Glibc => glibc::steps(self.files, self.loader, self.environment, &requesters),
            Flavor::Musl => musl::steps(self.loader, self.environment, &requesters),
        }
    }

    fn requester(&self, object: usize) -> Option<Requester<'_>> {
        let elf = self.elf(object)?;
        let object = &self.objects[object];
        Some(Requester {
            path: &object.path,
            origin: &object.origin,
            rpath: elf.rpath.as_deref(),
            runpath: elf.runpath.as_deref(),
            no_default_directories: elf.no_default_directories,
        })
    }

    fn request(&mut self, by: usize, name: Vec<u8>, kind: RequestKind) {
        let steps = match &self.last_steps {
            Some((object, steps)) if *object == by => Arc::clone(steps),
            _ => Arc::from(self.steps(&self.chain(by))),
        };
        self.last_steps = Some((by, Arc::clone(&steps)));
        self.request_by(by, name, kind, &steps);
    }

    fn request_by(&mut self, by: usize, name: Vec<u8>, kind: RequestKind, steps: &[Step]) {
        let outcome = match self.already_loaded(by, &name) {
            Some(object) => {
                let found = if self.is_loader(object) {
                    Found::Loader
                } else {
                    Found::AlreadyLoaded
                };
                Outcome::Found(vec![(object, self.objects[object].path.clone(), found)])
            }
            None => self.search(by, &name, steps),
        };
        self.requests.push(Request {
            by,
            name,
            kind,
            outcome,
        });
    }

    fn is_loader(&self, object: usize) -> bool {
        // Object 0 is the program; only the program and loaders are mapped without a request.
        object != 0 && self.objects[object].by.is_none()
    }

    /// glibc identifies an object by the names under which it was requested, its path and its
    /// SONAME; musl by the name under which it was found, and itself by the names of the libraries
    /// that it contains.
    fn already_loaded(&self, by: usize, name: &[u8]) -> Option<usize> {
        match self.loader.flavor {
            // Only a name with tokens expands to several texts.
            Flavor::Glibc if !name.contains(&b'$') => self.find(name),
            Flavor::Glibc => {
                let names = glibc::names(name, &self.objects[by].origin, self.loader);
                names.iter().find_map(|(name, _)| self.find(name))
            }
            // musl compares paths only after opening them, by device and inode number.
            Flavor::Musl if name.contains(&b'/') => None,
            // After a stand-in comes the real loader.
            Flavor::Musl if musl::is_reserved(name) => {
                (1..self.objects.len().min(3)).rfind(|&place| self.is_loader(place))
            }
            Flavor::Musl => self.find(name),
        }
    }

    fn search(&mut self, by: usize, name: &[u8], steps: &[Step]) -> Outcome {
        let names = match self.loader.flavor {
            Flavor::Glibc => glibc::names(name, &self.objects[by].origin, self.loader),
            // musl does not expand tokens in library names.
            Flavor::Musl => vec![(name.to_vec(), false)],
        };
        let mut search = Search {
            hits: Vec::new(),
            refused: None,
        };
        for (expanded, choice) in &names {
            let is_over = if expanded.contains(&b'/') {
                let candidate = Candidate {
                    path: self.absolute(expanded),
                    found: Found::Path,
                    variant: *choice,
                };
                self.attempt(by, name, candidate, &mut search)
            } else {
                self.walk(by, name, expanded, *choice, steps, &mut search)
            };
            if is_over {
                break;
            }
        }
        if search.hits.is_empty() {
            // The list is only built if nothing was found, because it requires an allocation per
            // directory.
            let looked_in = self.looked_in(&names, steps, self.skips_default(by));
            Outcome::Missing(Missing {
                looked_in,
                refused: search.refused,
            })
        } else {
            Outcome::Found(search.hits)
        }
    }

    fn absolute(&self, name: &[u8]) -> Vec<u8> {
        if name.starts_with(b"/") {
            name.to_vec()
        } else {
            join(&self.environment.directory, name)
        }
    }

    fn skips_default(&self, by: usize) -> bool {
        self.loader.flavor == Flavor::Glibc
            && self.elf(by).is_some_and(|elf| elf.no_default_directories)
    }

    /// Performs the steps for a name without a slash. Returns whether the search is over.
    fn walk(
        &mut self,
        by: usize,
        name: &[u8],
        expanded: &[u8],
        choice: bool,
        steps: &[Step],
        search: &mut Search,
    ) -> bool {
        let skips_default = self.skips_default(by);
        let loader = self.loader;
        for step in steps
            .iter()
            .chain(&loader.tail)
            .filter(|step| !(skips_default && step.is_default()))
        {
            match step {
                Step::Directory(place) if !place.exists => {}
                Step::Directory(place) => {
                    let candidate = Candidate {
                        path: join(&place.directory, expanded),
                        found: place.found.clone(),
                        variant: choice || place.variant,
                    };
                    if self.attempt(by, name, candidate, search) {
                        return true;
                    }
                }
                Step::Cache {
                    no_default_directories,
                } => {
                    for (path, variant) in glibc::cached(loader, expanded, *no_default_directories)
                    {
                        let candidate = Candidate {
                            path,
                            found: Found::Cache,
                            variant: choice || variant,
                        };
                        if self.attempt(by, name, candidate, search) {
                            return true;
                        }
                    }
                }
            }
        }
        false
    }

    /// Tries one path. Returns whether the search is over.
    fn attempt(
        &mut self,
        by: usize,
        name: &[u8],
        candidate: Candidate,
        search: &mut Search,
    ) -> bool {
        let Candidate {
            path,
            found,
            variant,
        } = candidate;
        // `$PLATFORM` and a processor-specific directory may lead to the same file.
        if search.hits.iter().any(|(_, hit, _)| *hit == path) {
            return false;
        }
        let object = match self.fit(&path) {
            Fit::Pass => return false,
            Fit::Take(file) => self.map(by, name, &path, file, variant, None),
            // A broken library is mapped here as well, because the image must keep it to fail in
            // the same way.
            Fit::Refuse(Some(file), why) => self.map(by, name, &path, file, variant, Some(why)),
            Fit::Refuse(None, why) => {
                search.refused = Some(why);
                return true;
            }
        };
        search.hits.push((object, path, found));
        // A variant is used only by some processors; for the others, the search continues.
        !variant
    }

    /// The directories and files of a search, in order, for messages about failed searches.
    fn looked_in(
        &self,
        names: &[(Vec<u8>, bool)],
        steps: &[Step],
        skips_default: bool,
    ) -> Vec<Vec<u8>> {
        let mut looked_in = Vec::new();
        for (name, _) in names {
            if name.contains(&b'/') {
                looked_in.push(self.absolute(name));
                continue;
            }
            for step in steps
                .iter()
                .chain(&self.loader.tail)
                .filter(|step| !(skips_default && step.is_default()))
            {
                // Each of many libraries may be missing in each of many directories.
                if looked_in.len() >= MAX_LOOKED_IN {
                    return looked_in;
                }
                match step {
                    Step::Directory(place) if place.variant => {}
                    Step::Directory(place) => looked_in.push(place.directory.clone()),
                    Step::Cache { .. } => looked_in.push(b"/etc/ld.so.cache".to_vec()),
                }
            }
        }
        looked_in
    }

    fn fit(&self, path: &[u8]) -> Fit<F::Id> {
        let is_musl = self.loader.flavor == Flavor::Musl;
        let file = match self.files.look(path) {
            Kind::Missing => return Fit::Pass,
            Kind::Loop => {
                return if is_musl {
                    Fit::Refuse(None, "it is a symlink loop".to_owned())
                } else {
                    Fit::Pass
                };
            }
            // Opening a directory or a device succeeds and only reading it fails, which aborts
            // every loader.
            Kind::Directory => return Fit::Refuse(None, "it is a directory".to_owned()),
            Kind::Special => return Fit::Refuse(None, "it is not a regular file".to_owned()),
            Kind::File(file) => file,
        };
        match self.files.elf(file) {
            // A file that cannot be opened is skipped.
            Err(ElfError::Unreadable) => Fit::Pass,
            Err(error) => Fit::Refuse(Some(file), error.to_string()),
            // musl does not check the architecture: it uses the first file that it can open, and
            // fails.
            Ok(elf) if !self.loader.fits(elf) && is_musl => {
                Fit::Refuse(Some(file), "it is for another architecture".to_owned())
            }
            // glibc checks the byte order and the ABI before the architecture.
            Ok(elf) if !is_musl && !self.loader.is_class_of(elf) => Fit::Pass,
            Ok(elf) if !is_musl && !self.loader.is_order_of(elf) => {
                Fit::Refuse(Some(file), "it has the wrong byte order".to_owned())
            }
            Ok(elf) if !is_musl && !has_known_abi(elf) => {
                Fit::Refuse(Some(file), "its OS ABI is unknown".to_owned())
            }
            Ok(elf) if !is_musl && !self.loader.fits(elf) => Fit::Pass,
            Ok(Elf {
                kind: Type::Other(_),
                ..
            }) => Fit::Refuse(Some(file), "it is not a library".to_owned()),
            // According to its note, a file for another operating system.
            Ok(elf) if self.loader.obeys_abi_tag && elf.abi_tag_os.is_some_and(|os| os != 0) => {
                Fit::Pass
            }
            Ok(_) => Fit::Take(file),
        }
    }

    /// Adds an object, unless the file is already mapped; then only its new name is recorded.
    fn map(
        &mut self,
        by: usize,
        name: &[u8],
        path: &[u8],
        file: F::Id,
        variant: bool,
        broken: Option<String>,
    ) -> usize {
        let names = self.names_of(name, path, file);
        // Loaders compare device and inode numbers, so a second name does not map the file again.
        if let Some(&place) = self.by_file.get(&file) {
            let object = &mut self.objects[place];
            // Once it is found for every processor, the object is no longer a variant.
            object.variant &= variant;
            object.names.extend(names);
            if !object.variant {
                let names = std::mem::take(&mut object.names);
                self.learn(place, names);
            }
            return place;
        }
        let place = self.objects.len();
        self.add(path, file, Some(by), parent(path), Vec::new());
        let object = &mut self.objects[place];
        object.variant = variant;
        object.broken = broken;
        if variant {
            // A variant is not mapped on every processor, so no other dependency may find it by
            // name.
            object.names = names;
        } else {
            self.learn(place, names);
        }
        place
    }

    fn names_of(&self, name: &[u8], path: &[u8], file: F::Id) -> Vec<Vec<u8>> {
        match self.loader.flavor {
            Flavor::Glibc => {
                // `_dl_map_object` compares a request with an object's names and its SONAME.
                let mut names = vec![name.to_vec(), path.to_vec()];
                names.extend(self.soname(file));
                names
            }
            Flavor::Musl if name.contains(&b'/') => Vec::new(),
            // musl records the short name of a library that was found by a search.
            Flavor::Musl => vec![file_name_bytes(path).to_vec()],
        }
    }
}

/// glibc's `VALID_ELF_OSABI` and `VALID_ELF_ABIVERSION`: the System V ABI, and GNU's with low
/// version numbers.
fn has_known_abi(elf: &Elf) -> bool {
    const SYSTEM_V: u8 = 0;
    const GNU: u8 = 3;
    const ARM_AEABI: u8 = 64;
    matches!(elf.os_abi, (SYSTEM_V | ARM_AEABI, 0) | (GNU, 0..=4))
}
