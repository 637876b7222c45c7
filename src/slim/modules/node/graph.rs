//! Following requests from source to source.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::rc::Rc;

use super::configuration::{modules_of_options, words_of};
use super::leftovers::is_source;
use super::packages::{
    add_names, display_name, files_of, is_in_package, is_inside, length, package_of,
};
use super::patterns::{is_match, pattern_text};
use super::platform::is_binary_name;
use super::reading::{Read, SourceReader, batches};
use super::resolve::{Found, Resolver, is_built_in, is_path, package_name};
use super::source::{Facts, Kind, Requested};
use super::values::UNKNOWN;
use super::{leftovers, texts};
use crate::image::{NameId, Tree};
use crate::knowledge::{NodePackage, node_package};
use crate::slim::graph::Reason;
use crate::slim::keep::Keep;
use crate::slim::modules::imports::{Request, ResolvedImport};
use crate::slim::options::Modules;
use crate::slim::package_files::is_plain_file;
use crate::slim::why::{Field, Import, Language, Root, Why};

/// Files with their paths below a directory.
type Paths = Rc<Vec<(String, NameId)>>;

/// The cost of a declared dependency, compared with a reason: it is a string in a set.
const DECLARED: usize = 4;
/// The least bytes that a token counts as. It takes a tenth of a microsecond to follow, and there
/// are about 6 bytes for each in most sources, and 3 in bundles.
const TOKEN: usize = 10;
/// Bytes of a path that are compared with a pattern, or copied, at the cost of a reason.
const COMPARED: usize = 64;
const COPIED: usize = 16;
/// The bytes that a fact counts as. It takes a microsecond to record and to follow.
const FACT: usize = 80;
/// The requests of a source that may load a module in any way.
const KINDS: [Kind; 2] = [Kind::Require, Kind::Import];

/// The state of the graph.
#[derive(Debug, Default)]
pub(in crate::slim) struct ModuleGraph {
    resolver: Resolver,
    /// Files that something loads or starts, or that are the user's.
    reached: HashSet<NameId>,
    /// Reached sources that were not read yet.
    queue: Vec<NameId>,
    /// Packages with a reached file.
    packages: BTreeSet<NameId>,
    /// Packages that are kept as a whole because of what their sources do.
    whole: HashSet<NameId>,
    /// Directories of the user whose sources load modules by computed names.
    open_directories: HashSet<NameId>,
    /// Packages whose sources do, with the kind of request.
    open_packages: HashSet<(NameId, Kind)>,
    /// Packages whose computed names are known to be those of the application.
    known_packages: HashSet<NameId>,
    /// Texts of the user that were read.
    texts: HashSet<NameId>,
    has_read_configuration: bool,
    /// The packages that the sources of a directory can request.
    names: Option<(NameId, Rc<BTreeSet<String>>)>,
    /// The files of a directory with their paths below it.
    paths: Option<(NameId, Paths)>,
    /// The dependencies that the manifests around each directory declare. Directories without a
    /// manifest share those of the directory above.
    declared: HashMap<NameId, Rc<BTreeSet<String>>>,
    reader: Option<Rc<SourceReader>>,
}

impl ModuleGraph {
    /// Sets the directories in which every source finds packages.
    pub(in crate::slim) fn set_shared(&mut self, keep: &mut Keep<'_>, shared: Rc<[Vec<u8>]>) {
        if *self.resolver.shared != *shared {
            keep.imports.node_directories = shared.to_vec();
            self.resolver.shared = shared;
        }
    }

    /// Packages with a reached file.
    pub(in crate::slim) fn packages(&self) -> impl Iterator<Item = NameId> {
        self.packages.iter().copied()
    }

    /// Counts the files that are only kept with their packages.
    pub(in crate::slim) fn finish(keep: &mut Keep<'_>) {
        let mut bytes = 0;
        for &name in keep.graph.kept() {
            let mut reasons = keep.graph.reasons(name).iter();
            if reasons.all(|reason| matches!(reason.why, Why::PackagePart { .. })) {
                bytes += length(keep.tree(), name) as u64;
            }
        }
        keep.exact_saves += bytes;
    }

    /// Looks at a kept source, unless it is only kept with its package.
    pub(in crate::slim) fn see(&mut self, keep: &mut Keep<'_>, name: NameId) {
        let is_installed = keep.installed.contains(keep.tree(), name);
        // Other packages, such as Debian's, are kept as a whole, with their dependencies.
        let is_other = !is_installed && is_in_package(keep.tree(), name);
        if is_other || keep.module_level == Modules::Whole {
            return;
        }
        let mut reasons = keep.graph.reasons(name).iter();
        let is_part = |reason: &Reason| matches!(reason.why, Why::PackagePart { .. });
        if is_installed && reasons.all(is_part) || !self.reached.insert(name) {
            return;
        }
        self.enter_package(keep, name);
        if is_source(keep.tree(), name) {
            self.queue.push(name);
        }
    }

    /// Looks at a text of the user, such as a configuration file: it may name packages.
    pub(in crate::slim) fn see_text(&mut self, keep: &mut Keep<'_>, name: NameId) {
        let tree = keep.tree();
        let file_name = tree.file_name(name);
        if keep.installed.is_empty() || !texts::is_text(file_name) || !self.texts.insert(name) {
            return;
        }
        let length = length(tree, name);
        if package_of(tree, name).is_some()
            || length > texts::LONGEST
            || !keep.effort.modules.spend(length)
        {
            return;
        }
        let Some(bytes) = keep.view.bytes(name) else {
            return;
        };
        let text = String::from_utf8_lossy(&bytes);
        let site = Site::of(keep, name);
        let declared = self.declared(keep, site.directory);
        for (word, line) in texts::words(file_name, &text) {
            let why = Why::Named {
                word: word.clone(),
                line,
            };
            // `/node_modules/x/dist/x.css` in a page: a browser asks for the file.
            if let Some((_, inside)) = word.rsplit_once("node_modules/") {
                let found = package_name(inside).and_then(|package| {
                    self.resolver
                        .directory_of(keep.view, site.directory, package)
                });
                if let Some(found) = found {
                    Self::keep_way(keep, &site, &found, &why);
                    self.keep_directory(keep, &site, found.name, &why);
                }
                continue;
            }
            if !package_name(&word).is_some_and(|package| declared.contains(package)) {
                continue;
            }
            for kind in KINDS {
                let found = self
                    .resolver
                    .resolve(keep.view, site.directory, &word, kind);
                for found in found {
                    self.reach(keep, found, name, why.clone());
                }
            }
        }
    }

    /// Reads the reached sources, and those that they reach in turn.
    pub(in crate::slim) fn settle(&mut self, keep: &mut Keep<'_>) {
        self.preload(keep);
        while !self.queue.is_empty() && !keep.is_exhausted() {
            let mut sources = Vec::new();
            for name in std::mem::take(&mut self.queue) {
                sources.push((name, length(keep.tree(), name)));
            }
            self.follow_all(keep, &sources);
        }
    }

    /// Follows sources, each batch while the next one is read.
    fn follow_all(&mut self, keep: &mut Keep<'_>, sources: &[(NameId, usize)]) {
        let reader = self
            .reader
            .get_or_insert_with(|| Rc::new(SourceReader::start()));
        let (reader, view) = (Rc::clone(reader), keep.view);
        let threads = &*reader;
        std::thread::scope(|scope| {
            let mut batches = batches(sources).into_iter();
            let mut reading = None;
            loop {
                let next = batches.next().map(|batch| {
                    let batch = affordable(keep, batch);
                    scope.spawn(move || threads.read_all(view, &batch))
                });
                let is_last = next.is_none();
                if let Some(batch) = std::mem::replace(&mut reading, next) {
                    match batch.join() {
                        Ok(batch) => self.follow_batch(keep, batch),
                        Err(panic) => std::panic::resume_unwind(panic),
                    }
                }
                if is_last || keep.is_exhausted() {
                    return;
                }
            }
        });
    }

    fn follow_batch(&mut self, keep: &mut Keep<'_>, batch: Vec<(NameId, Read)>) {
        for (name, read) in batch {
            // A source of short tokens or of many names takes as long as a longer one.
            let bytes = TOKEN * read.facts.tokens + FACT * read.facts.count();
            let excess = bytes.saturating_sub(length(keep.tree(), name));
            if !keep.effort.modules.spend(excess) {
                keep.effort.modules.use_up();
            }
            self.follow(keep, name, &read);
        }
    }

    /// Keeps the modules that Node loads before a program, by its options or a variable, and the
    /// packages that the configuration names.
    fn preload(&mut self, keep: &mut Keep<'_>) {
        let config = &keep.view.image.config;
        let working_directory = config.working_dir().as_bytes();
        let Ok(resolved) = keep.tree().resolve(working_directory) else {
            return;
        };
        let mut modules = BTreeMap::new();
        if !std::mem::replace(&mut self.has_read_configuration, true) {
            modules = modules_of_options(config);
            let declared = self.declared(keep, resolved.name);
            // `DB_CLIENT=pg`, `CMD ["probot", "run", "plugin"]`.
            for (word, root) in words_of(config, &keep.deployed) {
                if package_name(word).is_some_and(|package| declared.contains(package)) {
                    modules.entry(word.to_owned()).or_insert(root);
                }
            }
        }
        for module in std::mem::take(&mut keep.preloaded) {
            let word = module.clone();
            let of = Field::Cmd;
            modules.entry(module).or_insert(Root::Argument { of, word });
        }
        for (module, root) in modules {
            for kind in KINDS {
                let found = self
                    .resolver
                    .resolve(keep.view, resolved.name, &module, kind);
                for found in found {
                    keep.graph.keep(found.name, None, Why::Root(root.clone()));
                    for way in found.way {
                        keep.graph.keep(way, Some(found.name), Why::OnTheWay);
                    }
                    self.see(keep, found.name);
                }
            }
        }
    }

    fn follow(&mut self, keep: &mut Keep<'_>, name: NameId, read: &Read) {
        let site = Site::of(keep, name);
        let facts = &read.facts;
        for ((request, kind), requested) in &facts.requests {
            if keep.is_exhausted() {
                return;
            }
            if request.contains(UNKNOWN) {
                self.follow_pattern(keep, &site, request, *kind, requested.line);
            } else {
                self.request(keep, &site, request, *kind, *requested);
            }
        }
        for (request, &line) in &facts.located {
            self.follow_located(keep, &site, request, line);
        }
        for (path, &line) in &facts.paths {
            self.follow_path(keep, &site, path, line, false);
        }
        for (path, &line) in &facts.listed {
            self.follow_path(keep, &site, path, line, true);
        }
        self.follow_literals(keep, &site, facts);
        if site.package.is_none() {
            for (word, &line) in &facts.words {
                if keep.is_exhausted() {
                    return;
                }
                self.follow_program(keep, &site, word, line);
            }
        }
        if let Some((call, line)) = &facts.computed {
            let kinds: Vec<Kind> = facts.computed_kinds.iter().copied().collect();
            self.open(keep, &site, call, *line, &kinds);
        } else if !read.is_parsed {
            self.open(keep, &site, "", 1, &KINDS);
        }
    }

    /// A package in whose directory a source looks around.
    fn follow_located(&mut self, keep: &mut Keep<'_>, site: &Site, request: &str, line: usize) {
        let Some(package) = package_name(request) else {
            return;
        };
        let Some(found) = self
            .resolver
            .directory_of(keep.view, site.directory, package)
        else {
            return;
        };
        let why = read_why(request, line);
        Self::keep_way(keep, site, &found, &why);
        match node_package(&display_name(keep.tree(), found.name)) {
            Some(known) => self.open_known(keep, site, found.name, known, line),
            None => self.keep_directory(keep, site, found.name, &why),
        }
    }

    fn request(
        &mut self,
        keep: &mut Keep<'_>,
        site: &Site,
        request: &str,
        kind: Kind,
        requested: Requested,
    ) {
        let import = Import {
            module: request.to_owned(),
            line: requested.line,
        };
        let why = Why::Imported(import.clone());
        let (view, from) = (keep.view, site.directory);
        let mut found = self.resolver.resolve(view, from, request, kind);
        // A package tries the addons of all platforms.
        if requested.is_optional && found.iter().any(|it| self.is_foreign(keep, it.name)) {
            return;
        }
        let is_elsewhere = found.is_empty();
        if is_elsewhere {
            found = self.resolve_elsewhere(keep, from, request, kind);
        }
        // A package without the requested module is loaded in a way that is not understood.
        if found.is_empty()
            && let Some(package) = self.resolver.package_of_request(view, from, request)
        {
            Self::keep_way(keep, site, &package, &why);
            if keep.installed.contains(keep.tree(), package.name) {
                self.open_package(keep, site, package.name, &why, &KINDS);
            } else if let Some(manifest) = keep.tree().child(package.name, b"package.json") {
                keep.graph.keep(manifest, Some(site.name), why.clone());
            }
        }
        if !is_elsewhere {
            keep.imports.add(ResolvedImport {
                by: site.name,
                import,
                is_optional: requested.is_optional,
                found: found.iter().map(|found| found.name).collect(),
                request: Request::Node(kind),
            });
        }
        for found in found {
            self.reach_any(keep, found, site.name, why.clone());
        }
    }

    /// Whether a file is an addon for another platform, or belongs to a package that is.
    fn is_foreign(&self, keep: &Keep<'_>, name: NameId) -> bool {
        let (tree, installed) = (keep.tree(), &keep.installed);
        if !installed.contains(tree, name) {
            return false;
        }
        let platform = &installed.platform;
        if platform.is_foreign(keep.view, name) {
            return true;
        }
        let manifest =
            package_of(tree, name).and_then(|package| self.resolver.manifest(keep.view, package));
        manifest.is_some_and(|(_, manifest)| platform.is_excluded_by(&manifest.platforms()))
    }

    /// A package in the directory of another application. A script may set `NODE_PATH` before it
    /// starts Node, as those of AWS Lambda do.
    fn resolve_elsewhere(
        &self,
        keep: &mut Keep<'_>,
        from: NameId,
        request: &str,
        kind: Kind,
    ) -> Vec<Found> {
        let is_package = package_name(request).is_some() && !is_path(request);
        let is_here = self.resolver.package_of_request(keep.view, from, request);
        if !is_package || is_built_in(request) || is_here.is_some() {
            return Vec::new();
        }
        let installed = Rc::clone(&keep.installed);
        for directory in installed.directories() {
            if !keep.graph.look_at(1) {
                break;
            }
            let project = keep.tree().parent(directory);
            let found = self.resolver.resolve(keep.view, project, request, kind);
            if !found.is_empty() {
                return found;
            }
        }
        Vec::new()
    }

    /// Keeps a file that a source may load, and looks at it later.
    fn reach(&mut self, keep: &mut Keep<'_>, found: Found, by: NameId, why: Why) {
        if !self.is_foreign(keep, found.name) {
            self.reach_any(keep, found, by, why);
        }
    }

    /// Keeps a file that a source loads, whatever platform it is for.
    fn reach_any(&mut self, keep: &mut Keep<'_>, found: Found, by: NameId, why: Why) {
        let name = found.name;
        keep.graph.keep(name, Some(by), why);
        for way in found.way {
            let why = if is_plain_file(keep.tree(), way) {
                manifest_why(keep.tree(), way)
            } else {
                Why::OnTheWay
            };
            keep.graph.keep(way, Some(name), why);
        }
        // What the user drops is not followed.
        if !keep.graph.is_kept(name) || !self.reached.insert(name) {
            return;
        }
        self.enter_package(keep, name);
        if is_source(keep.tree(), name) {
            self.queue.push(name);
        }
    }

    /// Keeps a file that a source names, unless it is one that packages do not need, such as their
    /// manual: it would not be kept with the whole package either.
    fn reach_named(&mut self, keep: &mut Keep<'_>, found: Found, by: NameId, why: Why) {
        let tree = keep.tree();
        if !leftovers::is_below_left_out(tree, found.name) {
            self.reach(keep, found, by, why);
        }
    }

    /// Keeps what every reached file of a package needs.
    fn enter_package(&mut self, keep: &mut Keep<'_>, name: NameId) {
        let tree = keep.tree();
        // The manifests around a module decide its type.
        let mut at = tree.parent(name);
        while at != NameId::ROOT && tree.file_name(at) != b"node_modules" {
            if let Some(manifest) = tree.child(at, b"package.json") {
                let why = manifest_why(tree, manifest);
                keep.graph.keep(manifest, Some(name), why);
            }
            at = tree.parent(at);
        }
        let Some(package) = package_of(tree, name) else {
            return;
        };
        if !keep.installed.contains(tree, name) || !self.packages.insert(package) {
            return;
        }
        Self::keep_addons(keep, package, name);
        if keep.module_level == Modules::Packages {
            let part = Why::PackagePart {
                package: display_name(tree, package),
            };
            Self::keep_files(keep, package, name, &part);
        }
    }

    /// Addons are loaded by names that loaders compose of the version and the platform.
    fn keep_addons(keep: &mut Keep<'_>, package: NameId, by: NameId) {
        let tree = keep.tree();
        for name in files_of(keep, package) {
            if is_binary_name(tree.file_name(name)) && keep.graph.look_at(1) {
                let why = Why::PackageAddon {
                    package: display_name(tree, package),
                };
                keep.graph.keep(name, Some(by), why);
            }
        }
    }

    fn keep_files(keep: &mut Keep<'_>, directory: NameId, by: NameId, why: &Why) {
        for name in files_of(keep, directory) {
            if keep.graph.is_exhausted() {
                break;
            }
            keep.graph.keep(name, Some(by), why.clone());
        }
    }

    /// Keeps a directory of a package that a source reads or lists, with its sources reached.
    fn keep_directory(&mut self, keep: &mut Keep<'_>, site: &Site, directory: NameId, why: &Why) {
        let tree = keep.tree();
        if !keep.installed.contains(tree, directory) {
            return;
        }
        // Two sources of a package may list the same directory, and the first is enough.
        if !self.whole.insert(directory) || keep.is_exhausted() {
            return;
        }
        let names = files_of(keep, directory);
        if !keep.graph.look_at(names.len()) {
            return;
        }
        for name in names {
            self.reach(
                keep,
                Found {
                    name,
                    way: Vec::new(),
                },
                site.name,
                why.clone(),
            );
        }
    }

    /// A request with unknown parts: every file that it may mean.
    fn follow_pattern(
        &mut self,
        keep: &mut Keep<'_>,
        site: &Site,
        pattern: &str,
        kind: Kind,
        line: usize,
    ) {
        if pattern.starts_with(['.', '/']) {
            self.follow_path_pattern(keep, site, pattern, line, true);
            return;
        }
        // `#lib/*`: the manifest maps it to files of the same package.
        if pattern.starts_with('#') {
            if site.package.is_some() {
                self.open(keep, site, &pattern_text(pattern), line, &KINDS);
            }
            return;
        }
        let known = &pattern[..pattern.find(UNKNOWN).unwrap_or(pattern.len())];
        // `pkg/lib/*`: the package is known.
        if let Some(package) = package_name(known)
            && known.len() > package.len()
        {
            if let Some(found) = self
                .resolver
                .directory_of(keep.view, site.directory, package)
            {
                let rest = pattern[package.len() + 1..].to_owned();
                self.keep_matching(keep, site, found.name, &rest, line);
            }
            return;
        }
        // `pkg-*`, `@scope/pkg-*`: every installed package with such a name.
        let mut parts = pattern.split('/');
        let mut wanted = parts.next().unwrap_or_default().to_owned();
        if wanted.starts_with('@') {
            wanted = format!("{wanted}/{}", parts.next().unwrap_or_default());
        }
        let rest: Vec<&str> = parts.collect();
        let names = self.installed_names(keep, site.directory);
        // A source may have thousands of patterns, and an image as many packages.
        if !keep.effort.patterns.spend(names.len()) {
            return keep.note_patterns(Some(site.name));
        }
        for name in names.iter() {
            if is_match(&wanted, name) {
                let request = if rest.is_empty() || rest.iter().any(|it| it.contains(UNKNOWN)) {
                    name.clone()
                } else {
                    format!("{name}/{}", rest.join("/"))
                };
                self.request(keep, site, &request, kind, Requested::optional(line));
            }
        }
    }

    /// The names of packages that a source can request.
    fn installed_names(&mut self, keep: &mut Keep<'_>, directory: NameId) -> Rc<BTreeSet<String>> {
        // The patterns of a source follow each other.
        if let Some((known, names)) = &self.names
            && *known == directory
        {
            return Rc::clone(names);
        }
        let names = Rc::new(Self::list_installed(keep, directory));
        self.names = Some((directory, Rc::clone(&names)));
        names
    }

    fn list_installed(keep: &mut Keep<'_>, directory: NameId) -> BTreeSet<String> {
        let tree = keep.tree();
        let mut names = BTreeSet::new();
        let mut at = directory;
        if keep.is_exhausted() {
            return names;
        }
        loop {
            if let Some(modules) = tree.child(at, b"node_modules") {
                add_names(tree, modules, &mut names);
            }
            if at == NameId::ROOT || !keep.graph.look_at(names.len()) {
                return names;
            }
            at = tree.parent(at);
        }
    }

    fn follow_path(
        &mut self,
        keep: &mut Keep<'_>,
        site: &Site,
        path: &str,
        line: usize,
        is_listed: bool,
    ) {
        if path.contains(UNKNOWN) {
            self.follow_path_pattern(keep, site, path, line, is_listed);
            return;
        }
        let tree = keep.tree();
        let Ok(resolved) = tree.resolve(path.as_bytes()) else {
            // A path without the ending of a module.
            if package_of(tree, site.name).is_some() {
                self.follow_relative(keep, site, path, line);
            }
            return;
        };
        let why = read_why(path, line);
        let end = resolved.name;
        if !tree.is_directory(end) {
            let way = resolved
                .crossed
                .into_iter()
                .filter(|&at| !tree.is_directory(at))
                .collect();
            self.reach_named(keep, Found { name: end, way }, site.name, why);
            return;
        }
        if is_listed && keep.installed.has_below(end) {
            self.keep_all(keep, site, end, &why);
            return;
        }
        // The directory of the source itself, or one above it, is the start of other paths.
        if is_listed || !is_inside(tree, site.directory, end) {
            self.keep_directory(keep, site, end, &why);
        }
    }

    /// Keeps all packages in a directory that is served or listed.
    fn keep_all(&mut self, keep: &mut Keep<'_>, site: &Site, directory: NameId, why: &Why) {
        let tree = keep.tree();
        // A package that lists its own directory does not list the packages below it.
        if package_of(tree, site.name).is_some() || !self.whole.insert(directory) {
            return;
        }
        for name in tree.below(directory) {
            // Nested directories may each be listed.
            if !keep.graph.look_at(1) {
                return;
            }
            if is_plain_file(tree, name) && !leftovers::is_left_out(tree, name) {
                let found = Found {
                    name,
                    way: Vec::new(),
                };
                self.reach(keep, found, site.name, why.clone());
            }
        }
    }

    /// A path that may be the one of a module, without its ending.
    fn follow_relative(&mut self, keep: &mut Keep<'_>, site: &Site, path: &str, line: usize) {
        let why = Why::Imported(Import {
            module: path.to_owned(),
            line,
        });
        let found = self
            .resolver
            .resolve(keep.view, site.directory, path, Kind::Require);
        for found in found {
            self.reach_named(keep, found, site.name, why.clone());
        }
    }

    /// A path with unknown parts.
    fn follow_path_pattern(
        &mut self,
        keep: &mut Keep<'_>,
        site: &Site,
        pattern: &str,
        line: usize,
        is_module: bool,
    ) {
        let tree = keep.tree();
        let unknown = pattern.find(UNKNOWN).unwrap_or(pattern.len());
        let (start, _) = pattern[..unknown].rsplit_once('/').unwrap_or((".", ""));
        let rest = pattern[start.len()..].trim_start_matches('/').to_owned();
        let start = if start.is_empty() { "/" } else { start };
        let Ok(resolved) = tree.resolve_from(site.directory, start.as_bytes()) else {
            return;
        };
        let end = resolved.name;
        if end == NameId::ROOT || !tree.is_directory(end) {
            return;
        }
        // The user's own files are kept in any case.
        let Some(package) = site.package else {
            if keep.installed.contains(tree, end) {
                self.keep_matching(keep, site, end, &rest, line);
            } else if is_module && keep.installed.has_below(end) && rest.contains("node_modules") {
                self.open(keep, site, &pattern_text(pattern), line, &KINDS);
            }
            return;
        };
        if is_inside(tree, end, package) {
            self.keep_matching(keep, site, end, &rest, line);
        } else if is_module {
            self.open(keep, site, &pattern_text(pattern), line, &KINDS);
        }
    }

    /// Keeps the files below a directory whose paths match a pattern, perhaps without an ending.
    fn keep_matching(
        &mut self,
        keep: &mut Keep<'_>,
        site: &Site,
        directory: NameId,
        pattern: &str,
        line: usize,
    ) {
        if keep.is_exhausted() {
            return;
        }
        let files = self.paths_of(keep, directory);
        let open_ended = format!("{pattern}{UNKNOWN}");
        for (path, name) in files.iter() {
            if !keep.graph.look_at(1 + path.len() / COMPARED) {
                return;
            }
            if is_match(pattern, path) || is_match(&open_ended, path) {
                let why = Why::Imported(Import {
                    module: pattern_text(pattern),
                    line,
                });
                self.reach(
                    keep,
                    Found {
                        name: *name,
                        way: Vec::new(),
                    },
                    site.name,
                    why,
                );
            }
        }
    }

    /// The files of a directory of a package by their paths below it.
    fn paths_of(&mut self, keep: &mut Keep<'_>, directory: NameId) -> Paths {
        // The patterns of a source follow each other.
        if let Some((known, paths)) = &self.paths
            && *known == directory
        {
            return Rc::clone(paths);
        }
        let tree = keep.tree();
        let skipped = tree.path(directory).len() + 1;
        let mut paths = Vec::new();
        for name in files_of(keep, directory) {
            let path = tree.path(name);
            let path = String::from_utf8_lossy(path.get(skipped..).unwrap_or_default());
            if !keep.graph.look_at(1 + path.len() / COPIED) {
                break;
            }
            paths.push((path.into_owned(), name));
        }
        let paths = Rc::new(paths);
        self.paths = Some((directory, Rc::clone(&paths)));
        paths
    }

    /// Keeps the program of a package that the application may start by its name.
    fn follow_program(&mut self, keep: &mut Keep<'_>, site: &Site, word: &str, line: usize) {
        let tree = keep.tree();
        if word.contains('/') {
            return;
        }
        let path = ["node_modules/.bin/", word].concat();
        let above = self.resolver.above(keep.view, site.directory);
        for &at in above.iter().filter(|&&at| at != NameId::ROOT) {
            if let Ok(resolved) = tree.resolve_from(at, path.as_bytes()) {
                let mut way = resolved.crossed;
                way.retain(|&name| !tree.is_directory(name));
                let found = Found {
                    name: resolved.name,
                    way,
                };
                let why = Why::Named {
                    word: word.to_owned(),
                    line,
                };
                self.reach(keep, found, site.name, why);
                return;
            }
        }
    }

    /// Strings that are the name of a dependency, or a file beside the source.
    fn follow_literals(&mut self, keep: &mut Keep<'_>, site: &Site, facts: &Facts) {
        let declared = self.declared(keep, site.directory);
        let tree = keep.tree();
        for (literal, &line) in &facts.literals {
            if keep.is_exhausted() {
                return;
            }
            if let Some(name) = package_name(literal)
                && declared.contains(name)
            {
                for kind in KINDS {
                    let found = self
                        .resolver
                        .resolve(keep.view, site.directory, literal, kind);
                    for found in found {
                        let why = Why::Named {
                            word: literal.clone(),
                            line,
                        };
                        self.reach(keep, found, site.name, why);
                    }
                }
            }
            let Some(package) = site.package else {
                self.follow_program(keep, site, literal, line);
                continue;
            };
            // Loaders get relative paths in many ways.
            if literal.starts_with("./") || literal.starts_with("../") {
                self.follow_relative(keep, site, literal, line);
            } else if has_ending(literal) {
                for directory in [site.directory, package] {
                    if let Ok(resolved) = tree.resolve_from(directory, literal.as_bytes())
                        && is_plain_file(tree, resolved.name)
                        && !literal.starts_with('/')
                    {
                        let why = Why::Named {
                            word: literal.clone(),
                            line,
                        };
                        let found = Found {
                            name: resolved.name,
                            way: Vec::new(),
                        };
                        self.reach_named(keep, found, site.name, why);
                    }
                }
            }
        }
    }

    /// The dependencies in the manifests around a source.
    fn declared(&mut self, keep: &mut Keep<'_>, directory: NameId) -> Rc<BTreeSet<String>> {
        let tree = keep.tree();
        let mut unknown = Vec::new();
        let mut at = directory;
        let mut declared = loop {
            if at == NameId::ROOT || tree.file_name(at) == b"node_modules" {
                break Rc::default();
            }
            if let Some(known) = self.declared.get(&at) {
                break Rc::clone(known);
            }
            unknown.push(at);
            at = tree.parent(at);
        };
        while let Some(at) = unknown.pop() {
            let own = self.declared_in(keep, at);
            if !own.is_empty() && keep.graph.look_at(DECLARED * (own.len() + declared.len())) {
                declared = Rc::new(declared.union(&own).cloned().collect());
            }
            self.declared.insert(at, Rc::clone(&declared));
        }
        declared
    }

    /// The dependencies in the manifest of a directory.
    fn declared_in(&self, keep: &Keep<'_>, at: NameId) -> BTreeSet<String> {
        let tree = keep.tree();
        let mut dependencies = BTreeSet::new();
        if keep.is_exhausted() {
            return dependencies;
        }
        if let Some((_, manifest)) = self.resolver.manifest(keep.view, at) {
            dependencies.extend(manifest.dependencies().into_iter().map(str::to_owned));
        }
        // Many images have the packages of an application without its manifest.
        if dependencies.is_empty()
            && let Some(modules) = tree.child(at, b"node_modules")
            && keep.installed.is_directory(modules)
        {
            add_names(tree, modules, &mut dependencies);
        }
        dependencies
    }

    /// A source that loads modules by names that are not known: its package is kept as a whole,
    /// with the declared dependencies.
    fn open(&mut self, keep: &mut Keep<'_>, site: &Site, call: &str, line: usize, kinds: &[Kind]) {
        let why = Why::Computed {
            call: call.to_owned(),
            line,
        };
        let tree = keep.tree();
        let package = site.package;
        if let Some(package) = package.filter(|_| keep.installed.contains(tree, site.name)) {
            if let Some(known) = node_package(&display_name(tree, package)) {
                return self.open_known(keep, site, package, known, line);
            }
            if !call.is_empty() && keep.module_level == Modules::Exact {
                let name = display_name(tree, package);
                let text =
                    format!("`{call}` loads a computed name: package `{name}` is kept whole");
                keep.note(Some(site.name), Some(line), text);
            }
            self.open_package(keep, site, package, &why, kinds);
            return;
        }
        if !self.open_directories.insert(site.directory) {
            return;
        }
        // The user's code may load any part of a package.
        for name in self.declared(keep, site.directory).iter() {
            let found = self.resolver.directory_of(keep.view, site.directory, name);
            if let Some(found) = found {
                Self::keep_way(keep, site, &found, &why);
                self.keep_directory(keep, site, found.name, &why);
            }
        }
    }

    /// A package that loads what the application names, which counts there, and some of its files.
    fn open_known(
        &mut self,
        keep: &mut Keep<'_>,
        site: &Site,
        package: NameId,
        known: &NodePackage,
        line: usize,
    ) {
        if !self.known_packages.insert(package) {
            return;
        }
        for path in &known.loads {
            let pattern = path.replace('*', &UNKNOWN.to_string());
            self.keep_matching(keep, site, package, &pattern, line);
        }
    }

    /// Keeps a package as a whole, and the modules that requests for its dependencies load.
    fn open_package(
        &mut self,
        keep: &mut Keep<'_>,
        site: &Site,
        package: NameId,
        why: &Why,
        kinds: &[Kind],
    ) {
        for &kind in kinds {
            if !self.open_packages.insert((package, kind)) {
                continue;
            }
            self.keep_directory(keep, site, package, why);
            for name in self.declared(keep, package).iter() {
                let mains = self.resolver.resolve(keep.view, package, name, kind);
                // A package of a platform may only have a program or an addon.
                if mains.is_empty()
                    && let Some(found) = self.resolver.directory_of(keep.view, package, name)
                {
                    Self::keep_way(keep, site, &found, why);
                    self.keep_directory(keep, site, found.name, why);
                }
                for main in mains {
                    self.reach(keep, main, site.name, why.clone());
                }
            }
        }
    }

    fn keep_way(keep: &mut Keep<'_>, site: &Site, found: &Found, why: &Why) {
        for &name in &found.way {
            keep.graph.keep(name, Some(site.name), why.clone());
        }
    }
}

/// Sources, each with whether reading it is within the limits.
fn affordable(keep: &mut Keep<'_>, batch: &[(NameId, usize)]) -> Vec<(NameId, bool)> {
    let mut sources = Vec::new();
    for &(name, length) in batch {
        sources.push((name, keep.effort.modules.spend(length)));
    }
    sources
}

/// A source whose requests are followed.
struct Site {
    name: NameId,
    directory: NameId,
    /// The package that it belongs to; none for the user's own.
    package: Option<NameId>,
}

impl Site {
    fn of(keep: &Keep<'_>, name: NameId) -> Self {
        let tree = keep.tree();
        Self {
            name,
            directory: tree.parent(name),
            package: package_of(tree, name),
        }
    }
}

/// The manifest of a package decides which of its files a request loads, and their type.
fn manifest_why(tree: &Tree, manifest: NameId) -> Why {
    let directory = tree.parent(manifest);
    let package = package_of(tree, manifest).unwrap_or(directory);
    Why::module(Language::Node, display_name(tree, package))
}

fn read_why(path: &str, line: usize) -> Why {
    Why::Reads {
        path: path.to_owned(),
        line,
    }
}

/// Whether a string ends like the name of a file.
fn has_ending(text: &str) -> bool {
    let Some((stem, ending)) = text.rsplit_once('.') else {
        return false;
    };
    !stem.is_empty()
        && (1..=8).contains(&ending.len())
        && ending.bytes().all(|byte| byte.is_ascii_alphanumeric())
}
