//! The modules that applications in Python load, and the distributions that provide them.
//!
//! The sources that the image's programs run are the start: their imports lead to modules in the
//! directories of packages, whose imports lead to others. By default a distribution is kept whole
//! once any of its modules is reached; with `--modules exact`, only the modules that are reached
//! are kept, with the data of their packages.
//!
//! Where it is unknown what is imported, everything stays: an interpreter without a program, an
//! application that computes the name of a module, a distribution that runs code of people.

mod catalogs;
mod conditions;
mod data;
mod extension;
mod index;
mod knowledge;
mod names;
mod nesting;
mod programs;
pub(super) mod resolve;
mod source;
mod values;
mod walk;
mod work;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::rc::Rc;
use std::sync::Arc;

use rayon::prelude::*;

use conditions::Version;
use index::{FilesOf, Index, Listing};
use source::{Request, Source};
use walk::{Place, Sources, Walk};
use work::Work;

use crate::elf;
use crate::image::{Kind, NameId, Tree};
use crate::packages::Packages;
use crate::slim::effort::Allowance;
use crate::slim::graph::{Graph, Step};
use crate::slim::keep::{Keep, PythonCode, PythonRun};
use crate::slim::options::Modules;
use crate::slim::view::View;
use crate::slim::why::{Field, Root, Why};

/// Bytes of sources that are read at the same time, unless one is longer.
const BATCH: usize = 1 << 20;
/// The part of machine code that is data, and read.
const DATA: usize = 10;

/// Directories of packages and the modules in them that are reached.
#[derive(Debug, Default)]
pub(in crate::slim) struct PythonModules {
    level: Modules,
    /// Directories of packages, each with the Python that searches it.
    sites: BTreeMap<NameId, NameId>,
    /// Directories of a standard library that is traced, each with its Python.
    libraries: BTreeMap<NameId, NameId>,
    index: Option<Index>,
    walk: Option<Walk>,
    /// The facts that were read from sources.
    read: HashMap<NameId, Rc<Source>>,
    /// Kept sources, outside of the standard library.
    sources: BTreeSet<NameId>,
    /// Kept texts of the user that may name modules.
    texts: Vec<NameId>,
    /// Whether the index is new, so that nothing was followed with it.
    is_renewed: bool,
    /// Kept templates of the user, which may switch to a language.
    templates: Vec<NameId>,
    followed_texts: usize,
    followed_templates: usize,
    followed_runs: usize,
    given: usize,
    /// Why everything is kept, once it is.
    open: Option<Open>,
}

/// Why all modules may be imported.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Open {
    /// Requested, or said elsewhere.
    Silent,
    Note {
        at: Option<NameId>,
        line: Option<usize>,
        text: String,
    },
}

/// Facts of the runtime's tracer about a directory of packages.
pub(in crate::slim) struct SiteFiles<'a> {
    /// Entries that others keep, such as package installers.
    pub(in crate::slim) is_left_out: &'a dyn Fn(&[u8]) -> bool,
    /// The files of an entry, without tests and other leftovers.
    pub(in crate::slim) files_of: FilesOf<'a>,
    /// The files of an entry of a standard library.
    pub(in crate::slim) files_of_library: FilesOf<'a>,
    /// Modules of the standard library that are left out, since nothing asks for them.
    pub(in crate::slim) unwanted: BTreeSet<&'static str>,
}

impl PythonModules {
    pub(in crate::slim) fn new(level: Modules) -> Self {
        let mut modules = Self {
            level,
            ..Self::default()
        };
        if level == Modules::Whole {
            modules.open = Some(Open::Silent);
        }
        modules
    }

    /// Adds a directory that a Python searches. Returns true if only what is reached is kept of it.
    pub(in crate::slim) fn adopt(&mut self, site: NameId, python: NameId) -> bool {
        if self.open.is_some() {
            return false;
        }
        self.sites.entry(site).or_insert(python);
        true
    }

    /// Adds the directory of a standard library. Returns true if only what is reached is kept of
    /// it.
    pub(in crate::slim) fn adopt_library(&mut self, library: NameId, python: NameId) -> bool {
        if self.open.is_some() || self.level != Modules::Exact {
            return false;
        }
        self.libraries.entry(library).or_insert(python);
        true
    }

    pub(in crate::slim) fn is_adopted(&self, site: NameId) -> bool {
        self.sites.contains_key(&site)
    }

    pub(in crate::slim) fn is_open(&self) -> bool {
        self.open.is_some()
    }

    /// Adds a kept source.
    pub(in crate::slim) fn add_source(&mut self, source: NameId) {
        self.sources.insert(source);
    }

    /// Adds a kept text that may be a configuration file of the application.
    pub(in crate::slim) fn add_text(&mut self, text: NameId) {
        self.texts.push(text);
    }

    /// Adds a kept template of the application.
    pub(in crate::slim) fn add_template(&mut self, template: NameId) {
        if self.open.is_none() {
            self.templates.push(template);
        }
    }

    /// Keeps everything from now on: the code that runs is unknown.
    pub(in crate::slim) fn open(&mut self) {
        self.open.get_or_insert(Open::Silent);
    }

    /// The files that start with the interpreter: pointers to directories and unknown entries.
    /// Each is returned with the Python that searches its directory.
    pub(in crate::slim) fn startup(&self, tree: &Tree) -> Vec<(NameId, NameId)> {
        let mut startup = Vec::new();
        let Some(index) = &self.index else {
            return startup;
        };
        for &name in index.pointers.iter().chain(&index.others) {
            if let Some(&python) = self.sites.get(&tree.parent(name)) {
                startup.push((name, python));
            }
        }
        startup
    }

    /// The records of reached distributions, with the directories of packages.
    pub(in crate::slim) fn records(&self) -> Vec<(NameId, NameId)> {
        let (Some(index), Some(walk)) = (&self.index, &self.walk) else {
            return Vec::new();
        };
        let mut records = Vec::new();
        for unit in walk.reached_units() {
            let unit = &index.units[unit];
            records.extend(unit.record.map(|record| (record, unit.site)));
        }
        records
    }

    /// Follows what is new. Returns true if everything is kept from now on.
    pub(in crate::slim) fn settle(
        &mut self,
        keep: &mut Keep<'_>,
        packages: &Packages,
        files: &SiteFiles<'_>,
    ) -> bool {
        if self.open.is_some() || (self.sites.is_empty() && self.libraries.is_empty()) {
            return false;
        }
        self.renew(keep, packages, files);
        let (Some(mut index), Some(mut walk)) = (self.index.take(), self.walk.take()) else {
            return false;
        };
        if index.set_unwanted(files.unwanted.clone()) && !self.is_renewed {
            walk = Walk::new(self.level);
            self.start_again();
        }
        self.add_places(keep, &index, &mut walk);
        let mut reader = Reader {
            view: keep.view,
            read: &mut self.read,
            scripts: &self.sources,
            pythons: self.libraries.values().copied().collect(),
            effort: &mut keep.effort.sources,
        };
        walk.run(keep.view, &index, &mut reader);
        self.open = self.reason_to_open(keep, &index, &walk);
        if let Some(Open::Note { at, line, text }) = &self.open {
            keep.note(*at, *line, text.clone());
        }
        if self.open.is_none() {
            for kept in &walk.kept[self.given..] {
                keep.graph.keep(kept.name, kept.by, kept.why.clone());
            }
            self.given = walk.kept.len();
        }
        self.index = Some(index);
        self.walk = Some(walk);
        self.open.is_some()
    }

    /// Records what `--modules exact` would leave out, or what it could not know.
    pub(in crate::slim) fn finish(&mut self, keep: &mut Keep<'_>) {
        let (Some(index), Some(mut walk)) = (self.index.take(), self.walk.take()) else {
            return;
        };
        // Once everything is kept, nothing was followed to its end.
        if self.open.is_none() {
            for import in walk.imports.drain(..) {
                keep.imports.add(import);
            }
            keep.imports.python_path = index.path();
            let directories = self.sites.keys().copied();
            keep.imports.package_directories.extend(directories);
            match self.level {
                Modules::Exact => note_computed(keep, &index, &walk),
                _ => keep.exact_saves += self.exact_saves(keep, &index),
            }
        }
    }

    /// The bytes of files that are only kept because others of their distribution are reached.
    fn exact_saves(&mut self, keep: &mut Keep<'_>, index: &Index) -> u64 {
        let mut exact = Walk::new(Modules::Exact);
        self.start_again();
        // The modules of distributions are sources that were seen, but they are no start.
        self.sources
            .retain(|&source| !index.contains(keep.tree(), source));
        self.add_places(keep, index, &mut exact);
        let mut reader = Reader {
            view: keep.view,
            read: &mut self.read,
            scripts: &self.sources,
            pythons: self.libraries.values().copied().collect(),
            effort: &mut keep.effort.sources,
        };
        exact.run(keep.view, index, &mut reader);
        // What was not followed would look like a saving.
        if index.work.is_used_up() {
            return 0;
        }
        let needed: HashSet<NameId> = exact.kept.iter().map(|kept| kept.name).collect();
        let tree = keep.tree();
        let mut counted = HashSet::new();
        let mut bytes = 0;
        for unit in &index.units {
            for &file in &unit.files {
                let is_saved = !needed.contains(&file)
                    && keep.graph.is_kept(file)
                    && is_only_of_distribution(&keep.graph, file);
                if is_saved && counted.insert(tree.inode_id(file)) {
                    bytes += length(tree, file) as u64;
                }
            }
        }
        bytes
    }

    /// Makes the index again if there are new directories.
    fn renew(&mut self, keep: &Keep<'_>, packages: &Packages, files: &SiteFiles<'_>) {
        let known = self.index.as_ref().map_or(0, |index| index.sites().count());
        if known == self.sites.len() + self.libraries.len() {
            return;
        }
        let sites = self.sites.keys().copied().collect();
        // The steps of an image are counted once, however often its directories are indexed.
        let work = match self.index.take() {
            Some(index) => index.work,
            None => Work::new(keep.tree().name_count()),
        };
        let mut index = Index::new(
            keep.view,
            packages,
            sites,
            files.is_left_out,
            files.files_of,
            work,
        );
        for &library in self.libraries.keys() {
            index.add_library(keep.view, library, files.files_of_library);
        }
        let searched = self.sites.iter().chain(&self.libraries);
        index.versions = versions(keep.tree(), searched);
        self.index = Some(index);
        self.walk = Some(Walk::new(self.level));
        // Other names count now.
        self.read.clear();
        self.start_again();
    }

    /// Has the next walk begin with everything that is known.
    fn start_again(&mut self) {
        self.is_renewed = true;
        self.followed_texts = 0;
        self.followed_templates = 0;
        self.followed_runs = 0;
        self.given = 0;
    }

    fn add_places(&mut self, keep: &Keep<'_>, index: &Index, walk: &mut Walk) {
        let view = keep.view;
        if self.is_renewed {
            add_configuration(keep, index, walk);
            let pythons = self.sites.values().chain(self.libraries.values());
            if let Some(&python) = pythons.min() {
                add_startup(view, index, walk, python);
            }
            for (library, unit) in index.libraries() {
                if let Some(&python) = self.libraries.get(&library) {
                    walk.add_library(view, index, unit, python);
                }
            }
        }
        for &source in &self.sources {
            if keep.is_run(source) {
                walk.add_program(source);
            }
            if is_start(keep, index, source) {
                walk.add_source(view, index, source);
            }
        }
        self.is_renewed = false;
        for &text in &self.texts[self.followed_texts..] {
            add_text(view, index, walk, text);
        }
        self.followed_texts = self.texts.len();
        for &template in &self.templates[self.followed_templates..] {
            add_template(view, walk, template);
        }
        self.followed_templates = self.templates.len();
        for run in keep.python_runs.iter().skip(self.followed_runs) {
            for request in requests_of(index, run) {
                walk.follow(view, index, &Place::Source(run.by), &request, false);
            }
        }
        self.followed_runs = keep.python_runs.len();
    }

    fn reason_to_open(&self, keep: &Keep<'_>, index: &Index, walk: &Walk) -> Option<Open> {
        if index.work.is_used_up() {
            return Some(Open::Note {
                at: None,
                line: None,
                text: "too many imports of Python modules: all installed Python packages are kept"
                    .to_owned(),
            });
        }
        if let Some(start) = &keep.unknown_python {
            return Some(Open::Note {
                at: Some(start.0),
                line: Some(start.1),
                text: "starts Python with code that is not known: all installed packages are kept"
                    .to_owned(),
            });
        }
        if let Some(name) = &walk.runs_code {
            return Some(Open::Note {
                at: None,
                line: None,
                text: format!(
                    "`{name}` runs code that may import anything: all installed Python packages are kept"
                ),
            });
        }
        if self.level == Modules::Packages && walk.has_own_computed {
            let place = walk.computed.iter().next();
            return Some(Open::Note {
                at: place.map(|place| place.0),
                line: place.map(|place| place.1),
                text: "imports a module whose name is computed at run time: all installed Python \
                       packages are kept"
                    .to_owned(),
            });
        }
        // Python is there, and nothing shows what for.
        let is_unused = self.sources.is_empty() && keep.python_runs.is_empty();
        if is_unused && keep.graph.now() >= Step::Likely {
            return Some(Open::Silent);
        }
        None
    }
}

/// The versions of the Pythons that search some directories, each with one of them; none if one is
/// unknown.
fn versions<'a>(
    tree: &Tree,
    searched: impl Iterator<Item = (&'a NameId, &'a NameId)>,
) -> Vec<Version> {
    let mut versions = BTreeSet::new();
    for (&directory, &python) in searched {
        let path = tree.path(directory);
        let mut parts = path.split(|&byte| byte == b'/').rev();
        let version = parts.find_map(version_in).or_else(|| {
            let program = target(tree, python)?;
            version_in(tree.file_name(program))
        });
        let Some(version) = version else {
            return Vec::new();
        };
        versions.insert(version);
    }
    versions.into_iter().collect()
}

/// The version in `python3.11`, `pypy3.9`, `libpython3.11.so.1.0`.
fn version_in(file_name: &[u8]) -> Option<Version> {
    let name = std::str::from_utf8(file_name).ok()?;
    let name = name.strip_prefix("lib").unwrap_or(name);
    let version = name
        .strip_prefix("python")
        .or_else(|| name.strip_prefix("pypy"))?;
    let (major, rest) = version.split_once('.')?;
    let end = rest.find(|char: char| !char.is_ascii_digit());
    let minor = &rest[..end.unwrap_or(rest.len())];
    Some((major.parse().ok()?, minor.parse().ok()?))
}

/// Whether a kept source is run or read by something. The programs of a distribution in an
/// environment that was copied are there whether or not something starts them.
fn is_start(keep: &Keep<'_>, index: &Index, source: NameId) -> bool {
    let is_program = !index.units_of(source).is_empty() && !index.contains(keep.tree(), source);
    !is_program || keep.is_run(source) || !keep.graph.is_users(source)
}

/// Whether a file is kept for no other reason than its distribution.
fn is_only_of_distribution(graph: &Graph, file: NameId) -> bool {
    let mut reasons = graph.reasons(file).iter();
    reasons.all(|reason| {
        matches!(
            reason.why,
            Why::Module { .. } | Why::Imported(_) | Why::ModuleNamed(_)
        )
    })
}

/// Notes the computed imports, and what is kept because of them.
fn note_computed(keep: &mut Keep<'_>, index: &Index, walk: &Walk) {
    for &(source, line) in &walk.computed {
        let units = index.units_of(source);
        if units.is_empty() {
            let text = "imports a module whose name is computed at run time: only modules that \
                        texts name are kept";
            keep.note(Some(source), Some(line), text.to_owned());
        }
        for &unit in units {
            let name = &index.units[unit].name;
            if !knowledge::loads_by_text(name) {
                let text = format!(
                    "imports a module whose name is computed at run time: `{name}` is kept whole"
                );
                keep.note(Some(source), Some(line), text);
            }
        }
    }
}

/// Names in commands and variables of the configuration.
fn add_configuration(keep: &Keep<'_>, index: &Index, walk: &mut Walk) {
    let view = keep.view;
    let config = &view.image.config;
    let fields = [
        (Field::Entrypoint, config.entrypoint()),
        (Field::Cmd, config.cmd()),
        (Field::Healthcheck, config.healthcheck().unwrap_or_default()),
    ];
    for (of, words) in fields {
        for word in words {
            let root = Root::Argument {
                of,
                word: word.to_owned(),
            };
            add_root(view, index, walk, &root, word);
        }
    }
    for (of, word) in keep.deployed.iter().flatten() {
        let root = Root::Argument {
            of: *of,
            word: word.clone(),
        };
        add_root(view, index, walk, &root, word);
    }
    for entry in config.env() {
        if let Some((name, value)) = entry.split_once('=') {
            let root = Root::Variable {
                name: name.to_owned(),
            };
            add_root(view, index, walk, &root, value);
            if sets_language(name) {
                walk.catalogs.open();
            }
        }
    }
}

fn add_root(view: &View<'_>, index: &Index, walk: &mut Walk, root: &Root, text: &str) {
    for request in source::read_text(text, &index.names) {
        walk.follow(view, index, &Place::Root(root.clone()), &request, false);
    }
}

/// Modules that every start of the interpreter imports.
fn add_startup(view: &View<'_>, index: &Index, walk: &mut Walk, python: NameId) {
    for module in ["sitecustomize", "usercustomize", "_virtualenv"] {
        for request in requests_of_module(module, 1) {
            walk.follow(view, index, &Place::Source(python), &request, false);
        }
    }
    for &pointer in &index.pointers {
        let Some(bytes) = view.bytes(pointer) else {
            continue;
        };
        let text = String::from_utf8_lossy(&bytes);
        for (place, line) in text.lines().enumerate() {
            // `site.py` runs the lines that begin with `import`.
            if !line.starts_with("import ") && !line.starts_with("import\t") {
                continue;
            }
            if !index.work.spend(work::LINE) {
                return;
            }
            let source = source::read(line, &index.names, &index.versions);
            for mut request in source.requests {
                request.line = place + 1;
                walk.follow(view, index, &Place::Source(pointer), &request, false);
            }
        }
    }
}

fn add_text(view: &View<'_>, index: &Index, walk: &mut Walk, text: NameId) {
    let Some(bytes) = view.bytes(text) else {
        return;
    };
    let content = String::from_utf8_lossy(&bytes);
    if sets_language(&content) {
        walk.catalogs.open();
    }
    for request in source::read_text(&content, &index.names) {
        walk.follow(view, index, &Place::Source(text), &request, false);
    }
}

/// Languages that a template switches to.
fn add_template(view: &View<'_>, walk: &mut Walk, template: NameId) {
    let Some((_, known)) = knowledge::message_catalogs() else {
        return;
    };
    if let Some(bytes) = view.bytes(template) {
        let text = String::from_utf8_lossy(&bytes);
        let languages = catalogs::languages_in_template(&text, known);
        walk.catalogs.add_languages(&languages, true);
    }
}

/// Whether a text, which is no source, has the name of a setting for languages.
fn sets_language(text: &str) -> bool {
    knowledge::message_catalogs().is_some_and(|(_, known)| {
        let mut settings = [&known.language, &known.offered].into_iter();
        settings.any(|setting| memchr::memmem::find(text.as_bytes(), setting.as_bytes()).is_some())
    })
}

/// The code that a command of a script runs.
fn requests_of(index: &Index, run: &PythonRun) -> Vec<Request> {
    match &run.code {
        PythonCode::Module(module) => requests_of_module(module, run.line),
        PythonCode::Text(text) => {
            let mut requests = source::read(text, &index.names, &index.versions).requests;
            for request in &mut requests {
                request.line = run.line;
            }
            requests
        }
    }
}

/// A module that is run by its name.
fn requests_of_module(module: &str, line: usize) -> Vec<Request> {
    let mut requests = Vec::new();
    if names::is_dotted(module) {
        // `python -m a` runs `a.__main__`.
        for name in [module.to_owned(), format!("{module}.__main__")] {
            requests.push(Request {
                level: 0,
                name,
                line,
                how: names::How::Program,
                is_optional: false,
                is_of_program: false,
            });
        }
    }
    requests
}

/// Reads sources in parallel, and each once.
struct Reader<'r, 'v> {
    view: &'r View<'v>,
    read: &'r mut HashMap<NameId, Rc<Source>>,
    scripts: &'r BTreeSet<NameId>,
    /// Interpreters, whose machine code imports modules by their names.
    pythons: HashSet<NameId>,
    effort: &'r mut Allowance,
}

impl Reader<'_, '_> {
    /// Splits names into lists that are read in parallel. The trees of large sources, which take
    /// many times as much memory as their texts, do not exist at the same time.
    fn batches(&self, names: Vec<NameId>) -> Vec<Vec<NameId>> {
        let mut batches = vec![Vec::new()];
        let mut bytes = 0;
        for name in names {
            let length = self.length(name);
            if bytes > 0 && bytes + length > BATCH {
                batches.push(Vec::new());
                bytes = 0;
            }
            bytes += length;
            if let Some(batch) = batches.last_mut() {
                batch.push(name);
            }
        }
        batches
    }

    fn read_batch(&mut self, index: &Index, names: &[NameId]) {
        let view = self.view;
        let (known, versions) = (&index.names, &index.versions);
        let pythons = &self.pythons;
        let mut wanted = Vec::new();
        for &name in names {
            wanted.push((name, self.modules_beside(index, name)));
        }
        let is_used_up = index.work.is_used_up();
        let sources: Vec<(NameId, Source)> = wanted
            .par_iter()
            .map(|(name, beside)| {
                let source = if is_used_up {
                    Source::unreadable()
                } else if pythons.contains(name) {
                    read_interpreter(view, known, *name)
                } else {
                    read_source(view, known, versions, *name, beside.as_deref())
                };
                (*name, source)
            })
            .collect();
        for (name, mut source) in sources {
            if !index.work.spend(source.steps()) {
                source = Source::unreadable();
            }
            self.read.insert(name, Rc::new(source));
        }
    }

    /// The modules next to an extension module, which it may load.
    fn modules_beside(&self, index: &Index, name: NameId) -> Option<Arc<Listing>> {
        let tree = self.view.tree();
        let directory = tree.parent(name);
        if !is_extension(tree.file_name(name)) || index.is_site(directory) {
            return None;
        }
        let listing = index.listing(self.view, directory);
        // A text that nearly has a name again and again takes several times as long.
        let search = work::VISIT + self.length(name) / DATA / work::SEARCHED;
        index.work.spend(listing.len().saturating_mul(search));
        Some(listing)
    }

    /// The bytes of a file or of the target of a symlink.
    fn length(&self, name: NameId) -> usize {
        let tree = self.view.tree();
        target(tree, name).map_or(0, |file| length(tree, file))
    }

    /// Whether a file is searched for names, which is faster than parsing it.
    fn is_machine_code(&self, name: NameId) -> bool {
        is_extension(self.view.tree().file_name(name)) || self.pythons.contains(&name)
    }
}

impl Sources for Reader<'_, '_> {
    fn read(&mut self, index: &Index, names: &[NameId]) -> Vec<Rc<Source>> {
        let tree = self.view.tree();
        let mut wanted = Vec::new();
        let mut seen = HashSet::new();
        for &name in names {
            if self.read.contains_key(&name) || !seen.insert(name) {
                continue;
            }
            let file_name = tree.file_name(name);
            let is_source = is_source(file_name) || self.scripts.contains(&name);
            if (is_source && is_followed(tree, name)) || self.is_machine_code(name) {
                wanted.push(name);
            } else if is_compiled(tree, name) {
                self.read.insert(name, Rc::new(Source::unreadable()));
            }
        }
        let mut affordable = Vec::new();
        for name in wanted {
            let part = if self.is_machine_code(name) { DATA } else { 1 };
            if self.effort.spend(self.length(name) / part) {
                affordable.push(name);
            } else {
                self.read.insert(name, Rc::new(Source::unreadable()));
            }
        }
        for batch in self.batches(affordable) {
            self.read_batch(index, &batch);
        }
        let mut read = Vec::new();
        for name in names {
            read.push(self.read.get(name).cloned().unwrap_or_default());
        }
        read
    }
}

/// Reads a source, or an extension module with others beside it.
fn read_source(
    view: &View<'_>,
    names: &names::Names,
    versions: &[Version],
    name: NameId,
    beside: Option<&Listing>,
) -> Source {
    let Some(name) = target(view.tree(), name) else {
        return Source::default();
    };
    if is_elf(view, name) {
        let beside = beside.into_iter().flat_map(BTreeMap::keys);
        return match view.data_of_binary(name) {
            Some(data) => extension::read(&data, names, beside),
            None => Source::default(),
        };
    }
    let Some(bytes) = view.bytes(name) else {
        return Source::unreadable();
    };
    // A program may be an archive with a `#!` line in front.
    if memchr::memchr(0, &bytes[..bytes.len().min(4096)]).is_some() {
        return Source::unreadable();
    }
    let text = String::from_utf8_lossy(&bytes);
    source::read(&text, names, versions)
}

/// Reads the names in an interpreter, which has a list of the whole standard library,
/// `sys.stdlib_module_names`: only those with a dot count.
fn read_interpreter(view: &View<'_>, names: &names::Names, name: NameId) -> Source {
    let target = target(view.tree(), name).filter(|&target| is_elf(view, target));
    let Some(data) = target.and_then(|target| view.data_of_binary(target)) else {
        return Source::default();
    };
    let mut source = extension::read(&data, names, std::iter::empty());
    source.requests.retain(|request| request.name.contains('.'));
    source
}

fn is_elf(view: &View<'_>, name: NameId) -> bool {
    elf::is_elf(&view.head(view.tree().inode_id(name), 4))
}

/// Whether a file is machine code that may be a module.
fn is_extension(file_name: &[u8]) -> bool {
    file_name.ends_with(b".so")
}

/// Whether a file is a compiled module whose source is not there.
fn is_compiled(tree: &Tree, name: NameId) -> bool {
    let Some(source) = tree.file_name(name).strip_suffix(b"c") else {
        return false;
    };
    source.ends_with(b".py") && tree.child(tree.parent(name), source).is_none()
}

fn is_source(file_name: &[u8]) -> bool {
    [&b".py"[..], b".pyi", b".pyw", b".wsgi"]
        .iter()
        .any(|ending| file_name.ends_with(ending))
}

/// Whether the imports of a source count: helpers for tests import what only tests need.
fn is_followed(tree: &Tree, name: NameId) -> bool {
    !matches!(tree.file_name(name), b"conftest.py" | b"setup.py")
}

/// The file that a name leads to: Debian's `sitecustomize.py` is a symlink. A dangling one is no
/// module.
fn target(tree: &Tree, name: NameId) -> Option<NameId> {
    let is_symlink = matches!(tree.inode(name).kind, Kind::Symlink { .. });
    if is_symlink {
        Some(tree.resolve(&tree.path(name)).ok()?.name)
    } else {
        Some(name)
    }
}

fn length(tree: &Tree, name: NameId) -> usize {
    match &tree.inode(name).kind {
        Kind::File(content) => usize::try_from(content.length()).unwrap_or(usize::MAX),
        _ => 0,
    }
}
