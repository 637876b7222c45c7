//! The installed distributions of an image's directories of packages, and the modules in them.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::rc::Rc;
use std::sync::Arc;

use super::conditions::Version;
use super::knowledge;
use super::names::{Names, is_dotted};
use super::work::{self, Work};
use crate::image::{Kind, NameId, Tree};
use crate::packages::{Ecosystem, Packages};
use crate::slim::view::View;

/// Parts of a dotted name that are followed.
const MAX_PARTS: usize = 64;

/// The directories that Python searches.
#[derive(Clone, Debug, Default)]
pub(in crate::slim) struct SearchPath {
    sites: BTreeSet<NameId>,
    /// Directories of a standard library that is traced, with their units.
    libraries: BTreeMap<NameId, usize>,
    /// Modules of the standard library that nothing asks for, such as `tkinter`.
    unwanted: BTreeSet<&'static str>,
    /// Modules that others keep, such as package installers.
    left_out: BTreeSet<String>,
}

/// The distributions and modules in the directories.
#[derive(Debug, Default)]
pub(super) struct Index {
    path: SearchPath,
    pub(super) units: Vec<Unit>,
    library_units: Rc<BTreeSet<usize>>,
    /// The units that a file belongs to. Files that are in no list share those of their entry.
    units_of: HashMap<NameId, Rc<Vec<usize>>>,
    /// Units by the normalized names of distributions.
    by_name: HashMap<String, Vec<usize>>,
    pub(super) names: Names,
    pub(super) plugins: Vec<Plugin>,
    /// Directories whose entries are read by name, with their units.
    pub(super) named_data: BTreeMap<NameId, usize>,
    /// The versions of the Pythons that search the directories; none if one of them is unknown.
    pub(super) versions: Vec<Version>,
    /// Entries that are neither modules nor part of a distribution.
    pub(super) others: Vec<NameId>,
    /// `.pth` files, whose lines the interpreter reads at its start.
    pub(super) pointers: Vec<NameId>,
    listings: RefCell<HashMap<NameId, Arc<Listing>>>,
    found: RefCell<HashMap<Box<str>, Found>>,
    /// The steps that may still be made. Nothing more is found once they are used up.
    pub(super) work: Work,
}

/// The modules with a name, and the steps that it takes to find them.
#[derive(Debug)]
struct Found {
    modules: Rc<Vec<Module>>,
    steps: usize,
}

/// A distribution, or a top-level module that belongs to none.
#[derive(Clone, Debug)]
pub(super) struct Unit {
    pub(super) name: String,
    pub(super) site: NameId,
    /// `METADATA` or `PKG-INFO`.
    pub(super) record: Option<NameId>,
    /// Files without tests and other leftovers.
    pub(super) files: Vec<NameId>,
}

/// An object that a distribution offers to programs that ask for its group.
#[derive(Clone, Debug)]
pub(super) struct Plugin {
    pub(super) unit: usize,
    pub(super) list: NameId,
    pub(super) line: usize,
    pub(super) module: String,
}

/// The modules in a directory, by name.
pub(super) type Listing = BTreeMap<String, Entry>;

#[derive(Clone, Debug, Default)]
pub(super) struct Entry {
    pub(super) directory: Option<NameId>,
    pub(super) files: Vec<NameId>,
}

/// A module that was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Module {
    /// The `__init__` files of the packages on the way, and those of the module.
    pub(super) files: Vec<NameId>,
    /// The directory of the package, if it is one.
    pub(super) directory: Option<NameId>,
    /// Whether all parts of the name were found; otherwise the rest may be attributes.
    pub(super) is_whole: bool,
}

impl Module {
    /// The directory of the package that the whole name stands for.
    pub(super) fn package(&self) -> Option<NameId> {
        if self.is_whole { self.directory } else { None }
    }
}

/// The files of an entry of a directory of packages that may be kept.
pub(super) type FilesOf<'a> = &'a dyn Fn(&Tree, NameId) -> Vec<NameId>;

impl Index {
    /// Indexes directories of packages. `is_left_out` says which entries, such as package
    /// installers, are none of its business; `files_of` lists the files of an entry.
    pub(super) fn new(
        view: &View<'_>,
        packages: &Packages,
        sites: BTreeSet<NameId>,
        is_left_out: &dyn Fn(&[u8]) -> bool,
        files_of: FilesOf<'_>,
        work: Work,
    ) -> Self {
        let mut index = Self {
            path: SearchPath {
                sites,
                ..SearchPath::default()
            },
            work,
            ..Self::default()
        };
        let tree = view.tree();
        index.add_distributions(tree, packages);
        for site in index.path.sites.clone() {
            for entry in tree.children(site) {
                let file_name = tree.file_name(entry);
                if is_left_out(file_name) {
                    index.path.left_out.extend(module_name(view, entry));
                    continue;
                }
                if file_name.ends_with(b".pth") {
                    index.pointers.push(entry);
                    continue;
                }
                let files = files_of(tree, entry);
                index.add_entry(view, site, entry, &files);
            }
        }
        index.add_names(view);
        index
    }

    /// Adds a directory of the standard library, which is a distribution like the others except
    /// that nothing records it. `files_of` lists the files of an entry.
    pub(super) fn add_library(&mut self, view: &View<'_>, library: NameId, files_of: FilesOf<'_>) {
        let tree = view.tree();
        let unit = self.units.len();
        self.units.push(Unit {
            name: knowledge::STANDARD.to_owned(),
            site: library,
            record: None,
            files: Vec::new(),
        });
        self.found.borrow_mut().clear();
        self.path.libraries.insert(library, unit);
        Rc::make_mut(&mut self.library_units).insert(unit);
        for entry in tree.children(library) {
            let Some(name) = module_name(view, entry) else {
                continue;
            };
            let units = Rc::new(vec![unit]);
            for file in files_of(tree, entry) {
                self.units_of.insert(file, Rc::clone(&units));
                self.units[unit].files.push(file);
            }
            self.names.tops.insert(name);
        }
    }

    /// Sets the modules of the standard library that nothing asks for. Returns true if they are
    /// others than before.
    pub(super) fn set_unwanted(&mut self, unwanted: BTreeSet<&'static str>) -> bool {
        let is_new = self.path.unwanted != unwanted;
        if is_new {
            self.found.borrow_mut().clear();
        }
        self.path.unwanted = unwanted;
        is_new
    }

    fn is_unwanted(&self, directory: NameId, top: &str) -> bool {
        self.path.libraries.contains_key(&directory) && self.path.unwanted.contains(top)
    }

    /// The units of standard libraries, with their directories.
    pub(super) fn libraries(&self) -> impl Iterator<Item = (NameId, usize)> {
        self.path
            .libraries
            .iter()
            .map(|(&library, &unit)| (library, unit))
    }

    /// Whether a unit is a standard library.
    pub(super) fn is_library(&self, unit: usize) -> bool {
        self.library_units.contains(&unit)
    }

    /// The units of all standard libraries.
    pub(super) fn library_units(&self) -> Rc<BTreeSet<usize>> {
        Rc::clone(&self.library_units)
    }

    fn add_distributions(&mut self, tree: &Tree, packages: &Packages) {
        for package in &packages.list {
            if package.ecosystem != Ecosystem::Python {
                continue;
            }
            let mut site = tree.parent(package.record);
            if !self.path.sites.contains(&site) {
                site = tree.parent(site);
            }
            if !self.path.sites.contains(&site) {
                continue;
            }
            let unit = self.units.len();
            let name = package.ecosystem.normal_name(&package.name).into_owned();
            self.by_name.entry(name).or_default().push(unit);
            for &file in &package.files {
                Rc::make_mut(self.units_of.entry(file).or_default()).push(unit);
            }
            self.units.push(Unit {
                name: package.name.clone(),
                site,
                record: Some(package.record),
                files: Vec::new(),
            });
        }
    }

    /// Adds the files of an entry to their units. Files that no distribution lists belong to those
    /// of the other files of the entry, or form a unit.
    fn add_entry(&mut self, view: &View<'_>, site: NameId, entry: NameId, files: &[NameId]) {
        let mut owners = BTreeSet::new();
        for file in files {
            let units = self.units_of.get(file);
            let units = units.map(|units| units.as_slice()).unwrap_or_default();
            if !self.work.spend(1 + units.len()) {
                return;
            }
            owners.extend(units.iter().copied());
        }
        if owners.is_empty() {
            // No statement imports a name that is not an identifier.
            let name = module_name(view, entry).filter(|name| is_dotted(name));
            let Some(name) = name else {
                self.others.push(entry);
                return;
            };
            owners.insert(self.units.len());
            self.units.push(Unit {
                name,
                site,
                record: None,
                files: Vec::new(),
            });
        }
        let owners: Rc<Vec<usize>> = Rc::new(owners.into_iter().collect());
        for &file in files {
            let units = self
                .units_of
                .entry(file)
                .or_insert_with(|| Rc::clone(&owners));
            // Files that are in no list belong to all distributions of the entry.
            if !self.work.spend(work::FILE * units.len()) {
                return;
            }
            for &unit in units.iter() {
                self.units[unit].files.push(file);
            }
        }
    }

    fn add_names(&mut self, view: &View<'_>) {
        let tree = view.tree();
        for &site in &self.path.sites {
            let tops = self.listing(view, site);
            let tops = tops
                .keys()
                .filter(|&name| !self.path.left_out.contains(name));
            self.names.tops.extend(tops.cloned());
        }
        for unit in 0..self.units.len() {
            let Some(record) = self.units[unit].record else {
                continue;
            };
            self.add_named_data(tree, unit);
            if let Some(list) = tree.child(tree.parent(record), b"entry_points.txt")
                && let Some(bytes) = view.bytes(list)
            {
                self.add_plugins(unit, list, &String::from_utf8_lossy(&bytes));
            }
        }
    }

    fn add_named_data(&mut self, tree: &Tree, unit: usize) {
        let row = &self.units[unit];
        let Some(data) = knowledge::of(&row.name).and_then(|known| known.data.as_ref()) else {
            return;
        };
        let Ok(found) = tree.resolve_from(row.site, data.directory.as_bytes()) else {
            return;
        };
        self.named_data.insert(found.name, unit);
        for entry in tree.children(found.name) {
            let name = String::from_utf8_lossy(tree.file_name(entry));
            self.names.data.insert(name.into_owned());
        }
    }

    fn add_plugins(&mut self, unit: usize, list: NameId, text: &str) {
        let mut group = "";
        for (index, line) in text.lines().map(str::trim).enumerate() {
            if let Some(name) = line.strip_prefix('[') {
                group = name.trim_end_matches(']').trim();
            } else if let Some((_, object)) = line.split_once('=')
                && !matches!(group, "console_scripts" | "gui_scripts" | "")
            {
                let module = object.split([':', '[', ' ']).find(|part| !part.is_empty());
                let plugins = self.names.groups.entry(group.to_owned()).or_default();
                plugins.push(self.plugins.len());
                self.plugins.push(Plugin {
                    unit,
                    list,
                    line: index + 1,
                    module: module.unwrap_or_default().to_owned(),
                });
            }
        }
    }

    /// The directories that Python searches.
    pub(super) fn sites(&self) -> impl Iterator<Item = NameId> {
        let libraries = self.path.libraries.keys();
        self.path.sites.iter().chain(libraries).copied()
    }

    pub(super) fn is_site(&self, directory: NameId) -> bool {
        self.path.sites.contains(&directory) || self.path.libraries.contains_key(&directory)
    }

    /// Whether a file of a unit is next to its record, in `x.dist-info`.
    pub(super) fn is_metadata(&self, tree: &Tree, unit: usize, file: NameId) -> bool {
        let Some(record) = self.units[unit].record else {
            return false;
        };
        let directory = tree.parent(record);
        file == record || (!self.is_site(directory) && tree.is_below(file, directory))
    }

    /// The units that a file belongs to.
    pub(super) fn units_of(&self, file: NameId) -> &[usize] {
        let units = self.units_of.get(&file);
        units.map(|units| units.as_slice()).unwrap_or_default()
    }

    /// The units of a distribution, except of one that others keep.
    pub(super) fn named(&self, name: &str) -> Vec<usize> {
        let mut named = Vec::new();
        let units = self.by_name.get(&*Ecosystem::Python.normal_name(name));
        for &unit in units.into_iter().flatten() {
            if !self.work.spend(1) {
                break;
            }
            if !self.units[unit].files.is_empty() {
                named.push(unit);
            }
        }
        named
    }

    /// Whether a name is below one of the directories.
    pub(super) fn contains(&self, tree: &Tree, name: NameId) -> bool {
        let mut at = name;
        while at != NameId::ROOT {
            at = tree.parent(at);
            if self.is_site(at) {
                return true;
            }
        }
        false
    }

    /// The search path, without what was read from it.
    pub(super) fn path(&self) -> SearchPath {
        self.path.clone()
    }

    /// Searches a path for modules only.
    pub(super) fn of_path(path: SearchPath, names: usize) -> Self {
        Self {
            path,
            work: Work::new(names),
            ..Self::default()
        }
    }

    /// The modules with a name, one in each directory that has it. Most names are in many sources.
    pub(super) fn find(&self, view: &View<'_>, name: &str) -> Rc<Vec<Module>> {
        if let Some(known) = self.found.borrow().get(name) {
            self.work.spend(known.steps);
            if self.work.is_used_up() {
                return Rc::default();
            }
            return Rc::clone(&known.modules);
        }
        let before = self.work.left();
        let modules = Rc::new(self.search(view, name));
        if !self.work.is_used_up() {
            let found = Found {
                modules: Rc::clone(&modules),
                steps: before - self.work.left(),
            };
            self.found.borrow_mut().insert(name.into(), found);
        }
        modules
    }

    fn search(&self, view: &View<'_>, name: &str) -> Vec<Module> {
        let mut found = Vec::new();
        let top = name.split('.').next().unwrap_or_default();
        if self.path.left_out.contains(top) {
            return found;
        }
        for site in self.sites() {
            if !self.work.spend(1) {
                break;
            }
            if self.is_unwanted(site, top) {
                continue;
            }
            let module = self.find_below(view, site, name);
            if !module.files.is_empty() || module.directory.is_some() {
                found.push(module);
            }
        }
        found
    }

    /// The names that an entry of the table stands for: `a.*.b` for `b` in each package in `a`.
    pub(super) fn expand(&self, view: &View<'_>, name: &str) -> Vec<String> {
        let Some((before, after)) = name.split_once(".*.") else {
            return vec![name.to_owned()];
        };
        let mut names = Vec::new();
        for module in self.find(view, before).iter() {
            let Some(directory) = module.package() else {
                continue;
            };
            let listing = self.listing(view, directory);
            for (inner, entry) in listing.iter() {
                if entry.directory.is_some() && self.work.spend(work::NAME) {
                    names.push(format!("{before}.{inner}.{after}"));
                }
            }
        }
        names
    }

    /// The modules with which a text begins: `a.bc.d` may be `a.b` and another text.
    pub(super) fn find_glued(&self, view: &View<'_>, text: &str) -> Vec<Module> {
        let mut found = Vec::new();
        let top = text.split('.').next().unwrap_or_default();
        for site in self.sites() {
            if self.is_unwanted(site, top) {
                continue;
            }
            let mut at = site;
            let mut files: Vec<NameId> = Vec::new();
            for part in text.split('.').take(MAX_PARTS) {
                let listing = self.listing(view, at);
                let whole = listing.get(part);
                let is_searched = whole.is_none() && at != site;
                let steps = if is_searched { listing.len() } else { 1 };
                if !self.work.spend(steps) {
                    return found;
                }
                let entries: Vec<&Entry> = match whole {
                    Some(entry) => vec![entry],
                    None if at == site => Vec::new(),
                    None => {
                        let names = listing.iter();
                        names
                            .filter(|(name, _)| part.starts_with(name.as_str()))
                            .map(|(_, entry)| entry)
                            .collect()
                    }
                };
                let mut next = None;
                for entry in entries {
                    if !self.work.spend(1 + entry.files.len()) {
                        return found;
                    }
                    files.extend(&entry.files);
                    if let Some(package) = entry.directory {
                        let inner = self.listing(view, package);
                        let own = inner.get("__init__").into_iter();
                        files.extend(own.flat_map(|own| own.files.iter().copied()));
                        next = Some(package);
                    }
                }
                let (Some(package), Some(_)) = (next, whole) else {
                    break;
                };
                at = package;
            }
            if !files.is_empty() {
                found.push(Module {
                    files,
                    directory: None,
                    is_whole: true,
                });
            }
        }
        found
    }

    /// The module with a name that is relative to a source.
    pub(super) fn find_relative(
        &self,
        view: &View<'_>,
        source: NameId,
        level: u32,
        name: &str,
    ) -> Option<Module> {
        let mut package = source;
        for _ in 0..level {
            package = view.tree().parent(package);
            let is_outside = package == NameId::ROOT || self.is_site(package);
            if is_outside || !self.work.spend(1) {
                return None;
            }
        }
        if !name.is_empty() {
            return Some(self.find_below(view, package, name));
        }
        let files = self.listing(view, package).get("__init__").cloned();
        Some(Module {
            files: files.unwrap_or_default().files,
            directory: Some(package),
            is_whole: true,
        })
    }

    pub(super) fn find_below(&self, view: &View<'_>, directory: NameId, name: &str) -> Module {
        let mut module = Module::default();
        let mut at = directory;
        let mut parts = name.split('.').take(MAX_PARTS);
        while let Some(part) = parts.next() {
            module.is_whole = false;
            if !self.work.spend(1) {
                return Module::default();
            }
            let listing = self.listing(view, at);
            let Some(entry) = listing.get(part) else {
                return module;
            };
            if !self.work.spend(1 + entry.files.len()) {
                return Module::default();
            }
            module.is_whole = true;
            if let Some(package) = entry.directory {
                let inner = self.listing(view, package);
                if let Some(own) = inner.get("__init__") {
                    if !self.work.spend(own.files.len()) {
                        return Module::default();
                    }
                    module.files.extend(&own.files);
                    module.directory = Some(package);
                    at = package;
                    continue;
                }
                // A directory without `__init__` is a package if there is no module.
                if entry.files.is_empty() {
                    module.directory = Some(package);
                    at = package;
                    continue;
                }
            }
            module.files.extend(&entry.files);
            module.directory = None;
            // What follows the name of a module can only be attributes.
            module.is_whole = parts.next().is_none();
            return module;
        }
        module
    }

    /// The modules in a directory.
    pub(super) fn listing(&self, view: &View<'_>, directory: NameId) -> Arc<Listing> {
        let mut listings = self.listings.borrow_mut();
        let listing = listings
            .entry(directory)
            .or_insert_with(|| Arc::new(list(view, directory)));
        Arc::clone(listing)
    }
}

fn list(view: &View<'_>, directory: NameId) -> Listing {
    let mut listing = Listing::new();
    for child in view.children(directory) {
        let Some(name) = module_name(view, child) else {
            continue;
        };
        let entry = listing.entry(name).or_default();
        match directory_of(view, child) {
            Some(directory) => entry.directory = Some(directory),
            None => entry.files.push(child),
        }
    }
    listing
}

/// The directory that a name is, or that a symlink leads to.
fn directory_of(view: &View<'_>, name: NameId) -> Option<NameId> {
    if let Kind::Symlink { target } = &view.tree().inode(name).kind {
        let end = view
            .resolve_from(view.tree().parent(name), target)
            .ok()?
            .name;
        return view.tree().is_directory(end).then_some(end);
    }
    view.tree().is_directory(name).then_some(name)
}

/// The name under which an entry of a directory is imported.
pub(super) fn module_name(view: &View<'_>, entry: NameId) -> Option<String> {
    let file_name = std::str::from_utf8(view.tree().file_name(entry)).ok()?;
    let name = if directory_of(view, entry).is_some() {
        file_name
    } else {
        if !is_module_file(file_name) {
            return None;
        }
        file_name.split('.').next().unwrap_or_default()
    };
    // A computed name need not be an identifier: `_sysconfigdata__x86_64-linux-gnu`,
    // `0001_initial`.
    let is_name = !name.is_empty()
        && name
            .chars()
            .all(|char| char.is_alphanumeric() || matches!(char, '_' | '-'));
    if is_name && name != "__pycache__" {
        Some(name.to_owned())
    } else {
        None
    }
}

/// Whether Python can import a file: `x.py`, `x.pyc`, `x.cpython-311-x86_64-linux-gnu.so`.
pub(super) fn is_module_file(file_name: &str) -> bool {
    [".py", ".pyc", ".so"]
        .iter()
        .any(|ending| file_name.ends_with(ending))
}

/// The distributions that a distribution depends on, by its metadata; those of its extras too if
/// `has_extras`.
pub(super) fn requirements(view: &View<'_>, record: NameId, has_extras: bool) -> Vec<String> {
    let tree = view.tree();
    let mut names = BTreeSet::new();
    if let Some(bytes) = view.bytes(record) {
        for line in String::from_utf8_lossy(&bytes).lines() {
            // The description follows the fields.
            if line.is_empty() {
                break;
            }
            if let Some(requirement) = line.strip_prefix("Requires-Dist:") {
                let is_extra = requirement
                    .split_once(';')
                    .is_some_and(|(_, marker)| marker.contains("extra"));
                if !is_extra || has_extras {
                    names.extend(requirement_name(requirement));
                }
            }
        }
    }
    // setuptools writes the requirements of an egg to a file.
    if tree.file_name(record) == b"PKG-INFO"
        && let Some(list) = tree.child(tree.parent(record), b"requires.txt")
        && let Some(bytes) = view.bytes(list)
    {
        for line in String::from_utf8_lossy(&bytes).lines() {
            // A section may be an extra, or have only a condition: `[:python_version<"3"]`.
            if line.starts_with('[') && !line.starts_with("[:") && !has_extras {
                break;
            }
            names.extend(requirement_name(line));
        }
    }
    names.into_iter().collect()
}

fn requirement_name(requirement: &str) -> Option<String> {
    let requirement = requirement.trim();
    let end = requirement
        .find(|char: char| !char.is_ascii_alphanumeric() && !"._-".contains(char))
        .unwrap_or(requirement.len());
    let name = &requirement[..end];
    (!name.is_empty()).then(|| name.to_owned())
}

/// The names of a list, each once, in its order.
pub(super) fn unique(names: Vec<NameId>) -> Vec<NameId> {
    let mut seen = HashSet::new();
    let mut unique = names;
    unique.retain(|&name| seen.insert(name));
    unique
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::image::{Image, Options, Reference, Silent};

    /// Calls a function with the index of a directory with these files, which it has made with all
    /// of its steps.
    fn with_index(files: &[String], steps: usize, test: impl FnOnce(&View<'_>, &Index)) {
        let directory = tempfile::tempdir().unwrap();
        for file in files {
            let path = directory.path().join("site").join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        let reference = Reference::Rootfs(directory.path().to_owned());
        let image = Image::open(&reference, &Options::default(), &Silent).unwrap();
        let view = View::new(&image);
        let sites = BTreeSet::from([image.tree.resolve(b"/site").unwrap().name]);
        let mut index = Index::new(
            &view,
            &Packages::default(),
            sites,
            &|_| false,
            &|_, entry| vec![entry],
            Work::of(1_000_000),
        );
        index.work = Work::of(steps);
        test(&view, &index);
    }

    /// How often a lookup finds something before the steps are used up.
    fn lookups(index: &Index, is_found: impl Fn() -> bool) -> usize {
        let mut count = 0;
        while is_found() {
            count += 1;
            assert!(count < 10_000);
        }
        assert!(index.work.is_used_up());
        count
    }

    #[test]
    fn each_file_of_a_module_is_a_step() {
        let files: Vec<String> = (0..100).map(|number| format!("m.{number}.so")).collect();
        with_index(&files, 10_000, |view, index| {
            assert_eq!(index.find(view, "m")[0].files.len(), 100);
            let count = lookups(index, || !index.find(view, "m").is_empty());
            assert!((90..100).contains(&count), "{count}");
        });
    }

    #[test]
    fn each_name_that_a_text_is_compared_with_is_a_step() {
        let mut files: Vec<String> = (0..99).map(|number| format!("a/x{number}.py")).collect();
        files.push("a/__init__.py".to_owned());
        with_index(&files, 10_000, |view, index| {
            let found = index.find_glued(view, "a.x7y");
            assert_eq!(found[0].files.len(), 2);
            let count = lookups(index, || {
                let found = index.find_glued(view, "a.x7y");
                found.iter().any(|module| module.files.len() == 2)
            });
            assert!((90..100).contains(&count), "{count}");
        });
    }

    #[test]
    fn each_part_of_a_name_is_a_step() {
        let files = ["a/b/c/d/e.py".to_owned()];
        with_index(&files, 1_000, |view, index| {
            let count = lookups(index, || !index.find(view, "a.b.c.d.e").is_empty());
            assert!((80..200).contains(&count), "{count}");
        });
    }
}
