//! Follows what sources load, from the application to the last module that it reaches.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::rc::Rc;

use super::catalogs::Catalogs;
use super::data;
use super::index::{Index, Module, Plugin, requirements, unique};
use super::knowledge;
use super::names::{How, is_test};
use super::programs::Programs;
use super::resolve::Requested;
use super::source::{Request, Source};
use super::work;
use crate::image::NameId;
use crate::slim::modules::imports::{self, ResolvedImport};
use crate::slim::options::Modules;
use crate::slim::view::View;
use crate::slim::why::{Import, Language, Root, Why};

/// The reasons to keep names, in the order in which they were found.
#[derive(Clone, Debug)]
pub(super) struct Kept {
    pub(super) name: NameId,
    /// None for a root.
    pub(super) by: Option<NameId>,
    pub(super) why: Why,
}

/// A place in the image, or in its configuration, that names modules.
#[derive(Clone, Debug)]
pub(super) enum Place {
    Source(NameId),
    Root(Root),
}

/// The facts that were read from sources, so that none is read twice.
pub(super) trait Sources {
    /// Everything that each of these sources loads.
    fn read(&mut self, index: &Index, names: &[NameId]) -> Vec<Rc<Source>>;
}

/// Frameworks look for modules in packages that settings name: `admin` in each application of
/// Django. A framework may be reached after the settings, or before them.
#[derive(Debug, Default)]
struct Conventions {
    /// The modules that a framework looks for.
    parts: Vec<&'static [String]>,
    /// Names in texts that may be packages, with a place of each.
    packages: Vec<(String, Place, usize)>,
    seen: HashSet<(String, Option<usize>)>,
    /// How many parts and packages were combined.
    done: (usize, usize),
}

impl Conventions {
    /// Adds the packages in a name: `a`, `a.b` and `a.b.c` of `a.b.c`.
    fn add_text(&mut self, index: &Index, place: &Place, request: &Request) {
        let unit = match place {
            Place::Source(source) => index.units_of(*source).first().copied(),
            Place::Root(_) => None,
        };
        let name = &request.name;
        let ends = memchr::memchr_iter(b'.', name.as_bytes()).chain([name.len()]);
        for end in ends {
            if !index.work.spend(work::REASON + end / work::BYTES) {
                return;
            }
            let package = name[..end].to_owned();
            if self.seen.insert((package.clone(), unit)) {
                self.packages.push((package, place.clone(), request.line));
            }
        }
    }

    /// The combinations of packages and parts that are new.
    fn take(&mut self, index: &Index) -> Vec<(String, Place, usize, &'static str)> {
        let (parts, packages) = self.done;
        let mut found = Vec::new();
        for (at, list) in self.parts.iter().enumerate() {
            let start = if at < parts { packages } else { 0 };
            for (package, place, line) in &self.packages[start..] {
                for part in *list {
                    if !index.work.spend(work::REASON + package.len() / work::BYTES) {
                        return found;
                    }
                    found.push((package.clone(), place.clone(), *line, part.as_str()));
                }
            }
        }
        if !self.parts.is_empty() {
            self.done = (self.parts.len(), self.packages.len());
        }
        found
    }
}

fn import_of(request: &Request) -> Import {
    let dots = ".".repeat(request.level as usize);
    Import {
        module: format!("{dots}{}", request.name),
        line: request.line,
    }
}

/// Whether a source belongs to the distribution of a package: it knows the names of all of them.
fn is_of_same_unit(view: &View<'_>, index: &Index, source: NameId, package: &str) -> bool {
    let units = index.units_of(source);
    let found = index.find(view, package);
    let mut files = found.iter().flat_map(|module| &module.files);
    files.any(|&file| {
        let others = index.units_of(file);
        index.work.spend(units.len() * others.len())
            && units.iter().any(|unit| others.contains(unit))
    })
}

/// The installed distributions that the metadata of a unit requires, with their records; those of
/// its extras too if `extras`.
fn required_by(view: &View<'_>, index: &Index, unit: usize, extras: bool) -> Vec<(usize, NameId)> {
    let mut found = Vec::new();
    let Some(record) = index.units[unit].record else {
        return found;
    };
    for name in requirements(view, record, extras) {
        for required in index.named(&name) {
            if let Some(other) = index.units[required].record
                && required != unit
                && index.work.spend(work::FILE)
            {
                found.push((required, other));
            }
        }
    }
    found
}

/// Facts about the place that is followed.
#[derive(Clone, Debug)]
struct Following {
    /// Whether the place is none of a distribution.
    is_own: bool,
    /// Whether the place may run modules as programs.
    starts_python: bool,
    /// Whether the place imports modules whose names are in variables.
    computes: bool,
    /// The units that it can name: all if none.
    scope: Option<Rc<BTreeSet<usize>>>,
}

impl Following {
    const OWN: Self = Self {
        is_own: true,
        starts_python: true,
        computes: false,
        scope: None,
    };

    fn can_name(&self, unit: usize) -> bool {
        let mut scope = self.scope.iter();
        scope.all(|scope| scope.contains(&unit))
    }

    /// The modules that the place can name.
    fn in_scope(&self, index: &Index, found: Rc<Vec<Module>>) -> Rc<Vec<Module>> {
        if self.scope.is_none() {
            return found;
        }
        let mut modules = Vec::new();
        for module in found.iter() {
            let mut last = module.files.last().into_iter();
            if last.all(|&file| self.can_name_file(index, file)) {
                modules.push(module.clone());
            }
        }
        Rc::new(modules)
    }

    /// Whether the place can name a module, which runs this file.
    fn can_name_file(&self, index: &Index, file: NameId) -> bool {
        let mut units = index.units_of(file).iter();
        self.scope.is_none() || units.any(|&unit| self.can_name(unit))
    }
}

/// A walk that is under way. More places may be added to it, so that an image is walked once.
#[derive(Debug)]
pub(super) struct Walk {
    level: Modules,
    files: HashSet<NameId>,
    /// Units of which a module is reached, with the file that was reached first.
    units: BTreeMap<usize, NameId>,
    /// Units that are kept whole.
    whole: HashSet<usize>,
    /// Units with a source that cannot be read.
    unreadable: HashSet<usize>,
    /// Directories whose data is kept.
    directories: HashSet<NameId>,
    frontier: Vec<NameId>,
    pub(super) kept: Vec<Kept>,
    /// Imports of sources that found a module.
    pub(super) imports: Vec<ResolvedImport>,
    /// Computed imports: the source and the line.
    pub(super) computed: BTreeSet<(NameId, usize)>,
    /// A distribution that runs code of people was reached.
    pub(super) runs_code: Option<String>,
    pub(super) has_own_computed: bool,
    following: Following,
    /// Interpreters whose standard library is traced.
    interpreters: HashSet<NameId>,
    /// The units that the machine code of a unit can name.
    scopes: HashMap<usize, Option<Rc<BTreeSet<usize>>>>,
    programs: Programs,
    pub(super) catalogs: Catalogs,
    conventions: Conventions,
}

impl Walk {
    pub(super) fn new(level: Modules) -> Self {
        Self {
            level,
            files: HashSet::new(),
            units: BTreeMap::new(),
            whole: HashSet::new(),
            unreadable: HashSet::new(),
            directories: HashSet::new(),
            frontier: Vec::new(),
            kept: Vec::new(),
            imports: Vec::new(),
            computed: BTreeSet::new(),
            runs_code: None,
            has_own_computed: false,
            following: Following::OWN,
            interpreters: HashSet::new(),
            scopes: HashMap::new(),
            programs: Programs::default(),
            catalogs: Catalogs::default(),
            conventions: Conventions::default(),
        }
    }

    pub(super) fn reached_units(&self) -> impl Iterator<Item = usize> {
        self.units.keys().copied()
    }

    /// Adds a kept source that was not reached by the walk.
    pub(super) fn add_source(&mut self, view: &View<'_>, index: &Index, source: NameId) {
        if self.files.insert(source) {
            self.frontier.push(source);
            self.following = Following::OWN;
            for &unit in index.units_of(source) {
                self.reach_unit(view, index, unit, source);
            }
        }
    }

    /// Adds a module that is run as a program.
    pub(super) fn add_program(&mut self, source: NameId) {
        self.programs.add(source);
    }

    /// Adds a standard library: what its interpreter imports at its start.
    pub(super) fn add_library(
        &mut self,
        view: &View<'_>,
        index: &Index,
        unit: usize,
        python: NameId,
    ) {
        self.interpreters.insert(python);
        if self.files.insert(python) {
            self.frontier.push(python);
        }
        self.reach_unit(view, index, unit, python);
    }

    /// Follows the sources that were reached until there are no new ones.
    pub(super) fn run(&mut self, view: &View<'_>, index: &Index, sources: &mut dyn Sources) {
        loop {
            for (name, source) in self.programs.take_woken() {
                self.follow_program(view, index, name, &source);
            }
            if self.frontier.is_empty() {
                break;
            }
            let names = std::mem::take(&mut self.frontier);
            let read = sources.read(index, &names);
            for (name, source) in names.into_iter().zip(read) {
                if index.work.is_used_up() {
                    self.frontier.clear();
                    return;
                }
                self.follow_source(view, index, name, &source);
            }
            self.follow_conventions(view, index);
        }
        self.keep_catalogs(view, index);
    }

    /// Keeps the catalogs of messages whose languages may be used.
    fn keep_catalogs(&mut self, view: &View<'_>, index: &Index) {
        let Some((distribution, known)) = knowledge::message_catalogs() else {
            return;
        };
        // The program that reads them may be elsewhere.
        if index.named(distribution).is_empty() {
            self.catalogs.open();
        }
        let choosers = index.find(view, &known.chooser);
        let mut choosers = choosers.iter().filter(|module| module.is_whole);
        let is_offering = choosers.any(|module| {
            let mut files = module.files.iter();
            files.any(|file| Some(file) == module.files.last() && self.files.contains(file))
        });
        for catalog in self.catalogs.take(known, is_offering) {
            let why = Why::PackageData {
                package: catalog.package,
            };
            self.keep(index, catalog.name, Some(catalog.by), why);
        }
    }

    /// Reaches the modules that frameworks look for in packages that texts name.
    fn follow_conventions(&mut self, view: &View<'_>, index: &Index) {
        for (package, place, line, part) in self.conventions.take(index) {
            let mut is_installed = false;
            if let Place::Source(source) = &place {
                if is_of_same_unit(view, index, *source, &package) {
                    continue;
                }
                is_installed = index.contains(view.tree(), *source);
            }
            let request = Request {
                level: 0,
                name: format!("{package}.{}", part.trim_end_matches('*')),
                line,
                how: if part.ends_with('*') {
                    How::Beginning
                } else {
                    How::Member
                },
                is_optional: true,
                is_of_program: false,
            };
            self.following = Following::OWN;
            self.follow(view, index, &place, &request, is_installed);
        }
    }

    fn follow_source(&mut self, view: &View<'_>, index: &Index, name: NameId, source: &Rc<Source>) {
        let tree = view.tree();
        let is_installed = index.contains(tree, name);
        let units = index.units_of(name);
        // People may run the sources of the application by hand.
        let is_program = !is_installed
            || tree.file_name(name) == b"__main__.py"
            || self.programs.contains(name, units);
        self.begin(view, index, name, source);
        for request in &source.requests {
            if is_program || !request.is_of_program {
                self.follow(view, index, &Place::Source(name), request, is_installed);
            }
        }
        if source.reads_stub {
            self.keep_stub(view, index, name);
        }
        self.reach_siblings(view, index, name, source);
        if !source.languages.is_empty() && !reads_catalogs(index, units) {
            self.catalogs
                .add_languages(&source.languages, !is_installed);
        }
        if source.starts_python {
            for &unit in units {
                // Modules of the standard library are run by their names.
                if !index.is_library(unit) {
                    let is_of_unit = |module| index.units_of(module).contains(&unit);
                    self.programs.add_unit(unit, is_of_unit);
                }
            }
        }
        self.follow_computed(view, index, name, source, &source.computed);
        if is_program {
            self.follow_computed(view, index, name, source, &source.computed_as_program);
        } else if source.has_program() {
            self.programs.wait(name, source);
        }
    }

    /// Follows the part of a source that only runs in a program.
    fn follow_program(&mut self, view: &View<'_>, index: &Index, name: NameId, source: &Source) {
        let is_installed = index.contains(view.tree(), name);
        self.begin(view, index, name, source);
        for request in &source.requests {
            if request.is_of_program {
                self.follow(view, index, &Place::Source(name), request, is_installed);
            }
        }
        self.follow_computed(view, index, name, source, &source.computed_as_program);
    }

    /// Begins to follow a source.
    fn begin(&mut self, view: &View<'_>, index: &Index, name: NameId, source: &Source) {
        let units = index.units_of(name);
        let scope = match *units {
            _ if self.interpreters.contains(&name) => Some(index.library_units()),
            // The standard library imports nothing else by itself.
            [unit] if index.is_library(unit) => Some(index.library_units()),
            [unit] if source.is_machine_code => self.scope_of_machine_code(view, index, unit),
            _ => None,
        };
        self.following = Following {
            is_own: !index.contains(view.tree(), name),
            starts_python: source.starts_python,
            computes: !source.computed.is_empty(),
            scope,
        };
    }

    /// The units whose modules the machine code of a distribution can import: most of its strings
    /// are no names of modules. None if its metadata does not say what it requires.
    fn scope_of_machine_code(
        &mut self,
        view: &View<'_>,
        index: &Index,
        unit: usize,
    ) -> Option<Rc<BTreeSet<usize>>> {
        if let Some(known) = self.scopes.get(&unit) {
            return known.clone();
        }
        let tree = view.tree();
        let record = index.units[unit].record;
        // A file instead of a directory is by distutils, which knows no requirements.
        let record = record.filter(|&record| !tree.file_name(record).ends_with(b".egg-info"));
        let scope = record.map(|_| {
            let mut units = BTreeSet::clone(&index.library_units());
            units.insert(unit);
            let required = required_by(view, index, unit, true).into_iter();
            units.extend(required.map(|(required, _)| required));
            Rc::new(units)
        });
        self.scopes.insert(unit, scope.clone());
        scope
    }

    /// Keeps what a source may load by computed names, at these lines, or since it was not read.
    fn follow_computed(
        &mut self,
        view: &View<'_>,
        index: &Index,
        name: NameId,
        source: &Source,
        lines: &[usize],
    ) {
        if lines.is_empty() && !source.is_unreadable {
            return;
        }
        for &line in lines {
            self.computed.insert((name, line));
        }
        let units = index.units_of(name);
        if units.is_empty() {
            self.has_own_computed = true;
        }
        for &unit in units {
            if source.is_unreadable {
                self.keep_unreadable(view, index, unit, name);
            } else if !knowledge::loads_by_text(&index.units[unit].name) {
                self.keep_whole(view, index, unit, name);
            }
        }
    }

    /// Follows a name that a place contains.
    pub(super) fn follow(
        &mut self,
        view: &View<'_>,
        index: &Index,
        place: &Place,
        request: &Request,
        is_installed: bool,
    ) {
        if request.how == How::Distribution {
            for unit in index.named(&request.name) {
                if self.following.can_name(unit) {
                    self.reach_named(view, index, place, request, unit);
                }
            }
            return;
        }
        if request.how == How::Data {
            return self.follow_data(view, index, place, request);
        }
        if request.how == How::Glued {
            for module in index.find_glued(view, &request.name) {
                self.reach(view, index, place, request, &module);
            }
            return;
        }
        if request.how == How::Text && request.level == 0 {
            self.follow_group(view, index, place, request);
            // Words in a package are seldom names of other packages.
            if is_installed && !request.name.contains('.') {
                if self.following.computes {
                    self.follow_library_word(view, index, place, request);
                }
                return;
            }
            self.conventions.add_text(index, place, request);
        }
        // `python -m a` and a program in its own language may run a package.
        if request.how == How::Text && request.level == 0 && !is_installed {
            let name = format!("{}.__main__", request.name);
            for module in index.find(view, &name).iter() {
                if module.is_whole {
                    self.reach(view, index, place, request, module);
                }
            }
        }
        let found = match place {
            Place::Source(source) if request.level > 0 => {
                // The application's own modules are kept without a reason from here.
                if !is_installed {
                    return;
                }
                let found = index.find_relative(view, *source, request.level, &request.name);
                Rc::new(found.into_iter().collect::<Vec<Module>>())
            }
            _ if request.name.is_empty() => return,
            _ if request.how == How::Beginning => {
                return self.follow_beginning(view, index, place, request);
            }
            _ => index.find(view, &request.name),
        };
        if request.how == How::Beginning {
            return self.follow_beginning(view, index, place, request);
        }
        let modules = self.following.in_scope(index, found);
        for module in modules.iter() {
            self.reach(view, index, place, request, module);
        }
        self.follow_companions(view, index, place, request);
        self.add_import(index, place, request, &modules);
    }

    /// A word in a source that imports by names in variables: `MovedModule("queue", "Queue")`.
    fn follow_library_word(
        &mut self,
        view: &View<'_>,
        index: &Index,
        place: &Place,
        request: &Request,
    ) {
        for module in index.find(view, &request.name).iter() {
            let mut files = module.files.iter().flat_map(|&file| index.units_of(file));
            if files.any(|&unit| index.is_library(unit)) {
                self.reach(view, index, place, request, module);
            }
        }
    }

    /// Reaches the distributions that a module of the standard library uses if they are there.
    fn follow_companions(
        &mut self,
        view: &View<'_>,
        index: &Index,
        place: &Place,
        request: &Request,
    ) {
        let top = request.name.split('.').next().unwrap_or_default();
        if request.level > 0 || request.how != How::Statement {
            return;
        }
        let scope = self.following.scope.take();
        for name in knowledge::companions(top) {
            for unit in index.named(name) {
                self.reach_named(view, index, place, request, unit);
            }
        }
        self.following.scope = scope;
    }

    /// Records an import that found modules, to be verified.
    fn add_import(&mut self, index: &Index, place: &Place, request: &Request, modules: &[Module]) {
        let Place::Source(by) = place else {
            return;
        };
        // Other names are guesses, and the rest of a name may be an attribute.
        let is_import = matches!(request.how, How::Statement | How::Member | How::Program);
        let is_found = modules.iter().any(|module| module.is_whole);
        let has_room = self.imports.len() < imports::MOST;
        if is_import && is_found && has_room && index.work.spend(request.name.len() / work::BYTES) {
            let found = modules.iter().flat_map(|module| &module.files);
            self.imports.push(ResolvedImport {
                by: *by,
                import: import_of(request),
                is_optional: request.is_optional,
                found: found.copied().collect(),
                request: imports::Request::Python(Requested::of(request)),
            });
        }
    }

    /// Keeps data that is read by name, of distributions that are reached or will be.
    fn follow_data(&mut self, view: &View<'_>, index: &Index, place: &Place, request: &Request) {
        if self.level != Modules::Exact {
            return;
        }
        let tree = view.tree();
        for (&directory, &unit) in &index.named_data {
            // A distribution names all of its data, or computes the name.
            if let Place::Source(source) = place
                && (index.units_of(*source).contains(&unit)
                    || (request.name.is_empty() && !self.following.is_own))
            {
                continue;
            }
            if !self.following.can_name(unit) {
                continue;
            }
            if !index.work.spend(1) {
                return;
            }
            let names: Vec<NameId> = if request.name.is_empty() {
                let names = tree.children(directory);
                names.take_while(|_| index.work.spend(1)).collect()
            } else {
                let name = tree.child(directory, request.name.as_bytes());
                name.into_iter().collect()
            };
            for name in names {
                self.keep_named_data(view, index, unit, name);
            }
        }
    }

    /// Keeps an entry of a directory of data, by the record of its distribution.
    fn keep_named_data(&mut self, view: &View<'_>, index: &Index, unit: usize, entry: NameId) {
        let row = &index.units[unit];
        let Some(record) = row.record else {
            return;
        };
        let tree = view.tree();
        if !self.directories.insert(entry) {
            return;
        }
        let files = std::iter::once(entry).chain(tree.below(entry));
        for name in files {
            self.keep(
                index,
                name,
                Some(record),
                Why::PackageData {
                    package: row.name.clone(),
                },
            );
        }
    }

    /// Reaches the plugins of a group.
    fn follow_group(&mut self, view: &View<'_>, index: &Index, place: &Place, request: &Request) {
        let Some(plugins) = index.names.groups.get(&request.name) else {
            return;
        };
        for &plugin in plugins {
            let Plugin {
                unit,
                list,
                line,
                module,
            } = index.plugins[plugin].clone();
            if !self.following.can_name(unit) {
                continue;
            }
            let why = Import {
                module: request.name.clone(),
                line: request.line,
            };
            self.give(index, list, place, Why::PluginsOf(why));
            let inner = Request {
                level: 0,
                name: module,
                line,
                how: How::Text,
                is_optional: false,
                is_of_program: false,
            };
            for module in index.find(view, &inner.name).iter() {
                self.reach(view, index, &Place::Source(list), &inner, module);
            }
            self.reach_unit(view, index, unit, list);
        }
    }

    /// Reaches all modules whose names begin with a text: `a.b.` or `a.b_`.
    fn follow_beginning(
        &mut self,
        view: &View<'_>,
        index: &Index,
        place: &Place,
        request: &Request,
    ) {
        let (package, start) = match request.name.rsplit_once('.') {
            Some((package, start)) => (package, start),
            None => ("", request.name.as_str()),
        };
        let directories: Vec<(NameId, Option<Module>)> = match place {
            Place::Source(source) if request.level > 0 => {
                let found = index.find_relative(view, *source, request.level, package);
                found.into_iter().filter_map(with_directory).collect()
            }
            _ if package.is_empty() => index.sites().map(|site| (site, None)).collect(),
            _ => {
                let found = index.find(view, package);
                let found = found.iter().cloned();
                found.filter_map(with_directory).collect()
            }
        };
        for (directory, mut package) in directories {
            for name in index.listing(view, directory).keys() {
                if !index.work.spend(1) {
                    return;
                }
                if name.starts_with(start) && !is_test(name) {
                    // Importing a module also runs the `__init__.py` of each package above it.
                    if let Some(package) = package.take() {
                        self.reach(view, index, place, request, &package);
                    }
                    let module = index.find_below(view, directory, name);
                    self.reach(view, index, place, request, &module);
                }
            }
        }
    }

    fn reach(
        &mut self,
        view: &View<'_>,
        index: &Index,
        place: &Place,
        request: &Request,
        module: &Module,
    ) {
        if !index.work.spend(work::VISIT) {
            return;
        }
        let import = import_of(request);
        let mut files = module.files.clone();
        // `import a` of a namespace package runs nothing; its modules are imported by their names.
        if files.is_empty() {
            files.extend(self.only_file_of(view, index, module));
        }
        if files.is_empty() {
            return;
        }
        // The rest of a text is the name of an object.
        let may_be_attribute =
            request.how == How::Member || (request.how == How::Text && request.level > 0);
        if may_be_attribute && !module.is_whole {
            files.truncate(0);
        }
        files.retain(|&file| self.following.can_name_file(index, file));
        let is_run = match request.how {
            How::Program => true,
            How::Text => self.following.is_own || self.following.starts_python,
            _ => false,
        };
        if is_run && module.is_whole {
            for &file in &files {
                self.programs.add(file);
            }
        }
        for file in unique(files) {
            let why = match (request.how, place) {
                (_, Place::Root(root)) => Why::Root(root.clone()),
                (How::Text | How::Glued | How::Beginning, _) => Why::ModuleNamed(import.clone()),
                _ => Why::Imported(import.clone()),
            };
            self.reach_file(view, index, file, place, why);
        }
    }

    /// A file of a package without `__init__`, if all of it belongs to one distribution.
    fn only_file_of(&self, view: &View<'_>, index: &Index, module: &Module) -> Option<NameId> {
        let directory = module.directory?;
        if self.level == Modules::Exact || !module.is_whole {
            return None;
        }
        let mut first: Option<NameId> = None;
        for name in view.tree().below(directory) {
            let units = index.units_of(name);
            if !index.work.spend(1 + units.len()) {
                return None;
            }
            match first {
                _ if units.is_empty() => {}
                None => first = Some(name),
                Some(file) if index.units_of(file) == units => {}
                Some(_) => return None,
            }
        }
        first
    }

    fn reach_file(
        &mut self,
        view: &View<'_>,
        index: &Index,
        file: NameId,
        place: &Place,
        why: Why,
    ) {
        let is_new = self.files.insert(file);
        if is_new {
            self.frontier.push(file);
        }
        if !index.work.spend(1 + index.units_of(file).len()) {
            return;
        }
        // One reason for each module that imports another would be a million.
        let is_inner = match place {
            Place::Source(source) => index.units_of(*source) == index.units_of(file),
            Place::Root(_) => false,
        };
        if is_new || !is_inner {
            self.give(index, file, place, why);
        }
        if !is_new {
            return;
        }
        for &unit in index.units_of(file) {
            self.reach_unit(view, index, unit, file);
        }
        if self.level == Modules::Exact {
            self.keep_data_of(view, index, file);
        }
    }

    /// Reaches the modules next to one of machine code that it may import by names without dots.
    fn reach_siblings(&mut self, view: &View<'_>, index: &Index, file: NameId, source: &Source) {
        if self.level != Modules::Exact || source.siblings.is_empty() {
            return;
        }
        let listing = index.listing(view, view.tree().parent(file));
        for name in &source.siblings {
            let entry = listing.get(name).into_iter();
            for sibling in entry.flat_map(|entry| entry.files.iter().copied()) {
                if !index.work.spend(work::VISIT) {
                    return;
                }
                // Others in a directory without `__init__` belong to other distributions.
                if index.units_of(sibling) != index.units_of(file) {
                    continue;
                }
                let why = Why::ModuleNamed(Import {
                    module: format!(".{name}"),
                    line: 1,
                });
                self.reach_file(view, index, sibling, &Place::Source(file), why);
            }
        }
    }

    fn give(&mut self, index: &Index, name: NameId, place: &Place, why: Why) {
        let by = match place {
            Place::Source(source) => Some(*source),
            Place::Root(_) => None,
        };
        self.keep(index, name, by, why);
    }

    /// Records a reason, unless there are too many.
    fn keep(&mut self, index: &Index, name: NameId, by: Option<NameId>, why: Why) {
        let bytes = match &why {
            Why::Imported(import) | Why::ModuleNamed(import) | Why::PluginsOf(import) => {
                import.module.len()
            }
            _ => 0,
        };
        if index.work.spend(work::REASON + bytes / work::BYTES) {
            self.kept.push(Kept { name, by, why });
        }
    }

    /// Reaches a distribution by its name.
    fn reach_named(
        &mut self,
        view: &View<'_>,
        index: &Index,
        place: &Place,
        request: &Request,
        unit: usize,
    ) {
        let Some(record) = index.units[unit].record else {
            return;
        };
        let why = match place {
            Place::Root(root) => Why::Root(root.clone()),
            Place::Source(_) => Why::ModuleNamed(Import {
                module: request.name.clone(),
                line: request.line,
            }),
        };
        self.give(index, record, place, why);
        self.reach_unit(view, index, unit, record);
        self.keep_whole(view, index, unit, record);
    }

    /// Reaches a distribution, with what its level keeps of it.
    fn reach_unit(&mut self, view: &View<'_>, index: &Index, unit: usize, file: NameId) {
        if self.units.contains_key(&unit) {
            return;
        }
        self.units.insert(unit, file);
        let row = &index.units[unit];
        // A distribution may only look whether such a one is running it.
        if self.following.is_own && knowledge::runs_code_of_people(&row.name) {
            self.runs_code.get_or_insert_with(|| row.name.clone());
        }
        self.use_knowledge(view, index, unit, file);
        if self.level == Modules::Exact {
            self.keep_metadata(view, index, unit, file);
            return;
        }
        self.keep_files(view, index, unit, file);
        self.reach_requirements(view, index, unit, false);
    }

    /// Keeps all files of a unit, and follows them.
    fn keep_files(&mut self, view: &View<'_>, index: &Index, unit: usize, by: NameId) {
        let row = &index.units[unit];
        let why = Why::module(Language::Python, row.name.clone());
        for &file in &row.files {
            let is_exact = self.level == Modules::Exact;
            if is_exact && self.catalogs.add(view.tree(), file, by, &row.name) {
                continue;
            }
            if self.files.insert(file) {
                self.frontier.push(file);
            }
            self.keep(index, file, Some(by), why.clone());
        }
    }

    fn reach_requirements(&mut self, view: &View<'_>, index: &Index, unit: usize, extras: bool) {
        let Some(record) = index.units[unit].record else {
            return;
        };
        for (required, other) in required_by(view, index, unit, extras) {
            let package = index.units[required].name.clone();
            self.keep(index, other, Some(record), Why::Requirement { package });
            self.reach_unit(view, index, required, other);
        }
    }

    /// Keeps a unit with a source that cannot be read. The source may import all modules of the
    /// distributions that its metadata requires.
    fn keep_unreadable(&mut self, view: &View<'_>, index: &Index, unit: usize, by: NameId) {
        self.keep_whole(view, index, unit, by);
        if self.level == Modules::Exact && self.unreadable.insert(unit) {
            for (required, record) in required_by(view, index, unit, false) {
                self.keep_whole(view, index, required, record);
            }
        }
    }

    /// Keeps a unit that loads modules by computed names, with all that it may load.
    fn keep_whole(&mut self, view: &View<'_>, index: &Index, unit: usize, by: NameId) {
        if !self.whole.insert(unit) {
            return;
        }
        self.reach_unit(view, index, unit, by);
        if self.level == Modules::Exact {
            self.keep_files(view, index, unit, by);
        }
        self.reach_requirements(view, index, unit, true);
    }

    /// Keeps `x.pyi` and follows it.
    fn keep_stub(&mut self, view: &View<'_>, index: &Index, source: NameId) {
        let tree = view.tree();
        let stub = [tree.file_name(source), b"i"].concat();
        if let Some(stub) = tree.child(tree.parent(source), &stub) {
            let module = String::from_utf8_lossy(tree.file_name(stub)).into_owned();
            let why = Why::Imported(Import { module, line: 1 });
            self.reach_file(view, index, stub, &Place::Source(source), why);
        }
    }

    fn keep_metadata(&mut self, view: &View<'_>, index: &Index, unit: usize, file: NameId) {
        let row = &index.units[unit];
        let why = Why::module(Language::Python, row.name.clone());
        for &name in &row.files {
            if !index.is_metadata(view.tree(), unit, name) {
                continue;
            }
            self.keep(index, name, Some(file), why.clone());
        }
    }

    /// Keeps the files of a package's directory that are not modules.
    fn keep_data_of(&mut self, view: &View<'_>, index: &Index, file: NameId) {
        let tree = view.tree();
        let directory = tree.parent(file);
        if index.is_site(directory) || !self.directories.insert(directory) {
            return;
        }
        for name in data::beside(view, index, file) {
            let package = String::from_utf8_lossy(tree.file_name(directory)).into_owned();
            if self.catalogs.add(tree, name, file, &package) {
                continue;
            }
            self.keep(index, name, Some(file), Why::PackageData { package });
        }
    }

    /// Reaches the modules that a page says a distribution loads.
    fn use_knowledge(&mut self, view: &View<'_>, index: &Index, unit: usize, file: NameId) {
        let Some(known) = knowledge::of(&index.units[unit].name) else {
            return;
        };
        if let Some(data) = &known.data
            && self.level == Modules::Exact
            && index.work.spend(index.named_data.len())
        {
            let directories = index.named_data.iter();
            for (&directory, _) in directories.filter(|&(_, &owner)| owner == unit) {
                for name in &data.always {
                    if let Some(entry) = view.tree().child(directory, name.as_bytes()) {
                        self.keep_named_data(view, index, unit, entry);
                    }
                }
            }
        }
        let mut parts = self.conventions.parts.iter();
        let is_new = !parts.any(|&parts| std::ptr::eq(parts, known.parts.as_slice()));
        if is_new && !known.parts.is_empty() {
            self.conventions.parts.push(&known.parts);
        }
        // Its names count wherever the distribution was named.
        let following = Following {
            is_own: false,
            starts_python: false,
            computes: false,
            scope: None,
        };
        let following = std::mem::replace(&mut self.following, following);
        for module in &known.loads {
            for name in index.expand(view, module) {
                let request = Request {
                    level: 0,
                    name: name.trim_end_matches('*').to_owned(),
                    line: 1,
                    how: if name.ends_with('*') {
                        How::Beginning
                    } else {
                        How::Call
                    },
                    is_optional: false,
                    is_of_program: false,
                };
                self.follow(view, index, &Place::Source(file), &request, true);
            }
        }
        self.following = following;
    }
}

/// A package and its directory.
fn with_directory(package: Module) -> Option<(NameId, Option<Module>)> {
    Some((package.package()?, Some(package)))
}

/// Whether one of the units reads catalogs of messages, and has the names of all settings.
fn reads_catalogs(index: &Index, units: &[usize]) -> bool {
    let mut units = units.iter();
    units.any(|&unit| knowledge::reads_catalogs(&index.units[unit].name))
}
