//! Following requests from source to source.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::rc::Rc;

use rayon::prelude::*;

use super::resolve::{Found, Resolver, is_built_in, is_path, package_name};
use super::source::{self, Facts, Kind, Place, Requested};
use super::values::UNKNOWN;
use super::{is_plain_file, texts};
use crate::image::{Config, NameId, Tree};
use crate::slim::graph::Reason;
use crate::slim::interpreters::preloaded;
use crate::slim::keep::Keep;
use crate::slim::modules::imports::{Request, ResolvedImport};
use crate::slim::options::Modules;
use crate::slim::tracers::runtimes::{
    installed_package_of, is_left_out_of_package, requests_in_text,
};
use crate::slim::why::{Field, Import, Language, Root, Why};

/// The stack of a thread that parses, which is only used as far as a source is nested.
const STACK: usize = 256 << 20;
/// Longer sources are data or generated bundles.
const MAX_SOURCE: usize = 8 << 20;

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
    open_scopes: HashSet<NameId>,
    /// Texts of the user that were read.
    texts: HashSet<NameId>,
    has_read_configuration: bool,
    /// The packages that the sources of a directory can request.
    names: Option<(NameId, Rc<BTreeSet<String>>)>,
    /// The dependencies that the manifests around a directory declare.
    declared: Option<(NameId, Rc<BTreeSet<String>>)>,
    threads: Option<rayon::ThreadPool>,
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
            for kind in [Kind::Require, Kind::Import] {
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
            let names = std::mem::take(&mut self.queue);
            for (name, facts) in self.read_all(keep, &names) {
                self.follow(keep, name, &facts);
            }
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
            for kind in [Kind::Require, Kind::Import] {
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

    fn read_all(&mut self, keep: &mut Keep<'_>, names: &[NameId]) -> Vec<(NameId, Read)> {
        if self.threads.is_none() {
            let threads = rayon::ThreadPoolBuilder::new().stack_size(STACK);
            self.threads = threads.build().ok();
        }
        let mut affordable = Vec::new();
        for &name in names {
            affordable.push(keep.effort.modules.spend(length(keep.tree(), name)));
        }
        let view = keep.view;
        let working_directory = view.image.config.working_dir();
        let work = || {
            let pairs = names.par_iter().zip(affordable);
            pairs
                .map(|(&name, is_affordable)| {
                    let path = String::from_utf8_lossy(&view.tree().path(name)).into_owned();
                    let place = Place {
                        path: &path,
                        working_directory,
                    };
                    let text = if is_affordable {
                        view.bytes(name)
                    } else {
                        None
                    };
                    let read = match text {
                        Some(bytes) if bytes.len() <= MAX_SOURCE => {
                            read_source(&String::from_utf8_lossy(&bytes), place)
                        }
                        _ => Read::default(),
                    };
                    (name, read)
                })
                .collect()
        };
        match &self.threads {
            Some(threads) => threads.install(work),
            // Without these threads nothing can be parsed safely.
            None => names.iter().map(|&name| (name, Read::default())).collect(),
        }
    }

    fn follow(&mut self, keep: &mut Keep<'_>, name: NameId, read: &Read) {
        let site = Site::of(keep, name);
        let facts = &read.facts;
        for ((request, kind), requested) in &facts.requests {
            if request.contains(UNKNOWN) {
                self.follow_pattern(keep, &site, request, *kind, requested.line);
            } else {
                self.request(keep, &site, request, *kind, *requested);
            }
        }
        for (request, &line) in &facts.located {
            if let Some(package) = package_name(request)
                && let Some(found) = self
                    .resolver
                    .directory_of(keep.view, site.directory, package)
            {
                let why = read_why(request, line);
                Self::keep_way(keep, &site, &found, &why);
                self.keep_directory(keep, &site, found.name, &why);
            }
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
                self.follow_program(keep, &site, word, line);
            }
        }
        if let Some((call, line)) = &facts.computed {
            self.open(keep, &site, call, *line);
        } else if !read.is_parsed {
            self.open(keep, &site, "", 1);
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
                self.open_package(keep, site, package.name, &why);
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
            self.reach(keep, found, site.name, why.clone());
        }
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

    /// Keeps a file that a source loads, and looks at it later.
    fn reach(&mut self, keep: &mut Keep<'_>, found: Found, by: NameId, why: Why) {
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
        for name in files_of(tree, package) {
            let file_name = tree.file_name(name);
            let is_addon = file_name.ends_with(b".node")
                || file_name.ends_with(b".so")
                || memchr::memmem::find(file_name, b".so.").is_some();
            if is_addon && keep.graph.look_at(1) {
                let why = Why::PackageAddon {
                    package: display_name(tree, package),
                };
                keep.graph.keep(name, Some(by), why);
            }
        }
    }

    fn keep_files(keep: &mut Keep<'_>, directory: NameId, by: NameId, why: &Why) {
        for name in files_of(keep.tree(), directory) {
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
        let names = files_of(tree, directory);
        // Two sources of a package may list the same directory, and the first is enough.
        if !self.whole.insert(directory) || !keep.graph.look_at(names.len()) {
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
                self.request(keep, site, path, Kind::Require, Requested::optional(line));
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
            self.reach(keep, Found { name: end, way }, site.name, why);
            return;
        }
        if is_listed && Self::contains_packages(keep, end) {
            self.keep_all(keep, site, end, &why);
            return;
        }
        // The directory of the source itself, or one above it, is the start of other paths.
        if is_listed || !is_inside(tree, site.directory, end) {
            self.keep_directory(keep, site, end, &why);
        }
    }

    /// Whether a directory contains packages of an application.
    fn contains_packages(keep: &Keep<'_>, directory: NameId) -> bool {
        let mut directories = keep.installed.directories();
        directories.any(|at| is_inside(keep.tree(), at, directory))
    }

    /// Keeps all packages in a directory that is served or listed.
    fn keep_all(&mut self, keep: &mut Keep<'_>, site: &Site, directory: NameId, why: &Why) {
        let tree = keep.tree();
        // A package that lists its own directory does not list the packages below it.
        if package_of(tree, site.name).is_some() || !self.whole.insert(directory) {
            return;
        }
        for name in tree.below(directory) {
            if is_plain_file(tree, name) && !is_left_out_of_package(tree, name) {
                let found = Found {
                    name,
                    way: Vec::new(),
                };
                self.reach(keep, found, site.name, why.clone());
            }
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
            } else if is_module
                && Self::contains_packages(keep, end)
                && rest.contains("node_modules")
            {
                self.open(keep, site, pattern_text(pattern).as_str(), line);
            }
            return;
        };
        if is_inside(tree, end, package) {
            self.keep_matching(keep, site, end, &rest, line);
        } else if is_module {
            self.open(keep, site, pattern_text(pattern).as_str(), line);
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
        let tree = keep.tree();
        let names = files_of(tree, directory);
        if !keep.graph.look_at(names.len()) {
            return;
        }
        let skipped = tree.path(directory).len() + 1;
        let open_ended = format!("{pattern}{UNKNOWN}");
        for name in names {
            let path = tree.path(name);
            let path = String::from_utf8_lossy(path.get(skipped..).unwrap_or_default());
            if is_match(pattern, &path) || is_match(&open_ended, &path) {
                let why = Why::Imported(Import {
                    module: pattern_text(pattern),
                    line,
                });
                self.reach(
                    keep,
                    Found {
                        name,
                        way: Vec::new(),
                    },
                    site.name,
                    why,
                );
            }
        }
    }

    /// Keeps the program of a package that the application may start by its name.
    fn follow_program(&mut self, keep: &mut Keep<'_>, site: &Site, word: &str, line: usize) {
        let tree = keep.tree();
        if word.contains('/') {
            return;
        }
        let path = ["node_modules/.bin/", word].concat();
        let mut at = site.directory;
        while at != NameId::ROOT {
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
            at = tree.parent(at);
        }
    }

    /// Strings that are the name of a dependency, or a file beside the source.
    fn follow_literals(&mut self, keep: &mut Keep<'_>, site: &Site, facts: &Facts) {
        let declared = self.declared(keep, site.directory);
        let tree = keep.tree();
        for (literal, &line) in &facts.literals {
            if let Some(name) = package_name(literal)
                && declared.contains(name)
            {
                for kind in [Kind::Require, Kind::Import] {
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
                self.request(
                    keep,
                    site,
                    literal,
                    Kind::Require,
                    Requested::optional(line),
                );
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
                        self.reach(keep, found, site.name, why);
                    }
                }
            }
        }
    }

    /// The dependencies in the manifests around a source.
    fn declared(&mut self, keep: &Keep<'_>, directory: NameId) -> Rc<BTreeSet<String>> {
        // Sources of a directory follow each other.
        if let Some((known, declared)) = &self.declared
            && *known == directory
        {
            return Rc::clone(declared);
        }
        let declared = Rc::new(self.read_declared(keep, directory));
        self.declared = Some((directory, Rc::clone(&declared)));
        declared
    }

    fn read_declared(&self, keep: &Keep<'_>, directory: NameId) -> BTreeSet<String> {
        let tree = keep.tree();
        let mut declared = BTreeSet::new();
        let mut at = directory;
        while at != NameId::ROOT && tree.file_name(at) != b"node_modules" {
            let mut dependencies = BTreeSet::new();
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
            declared.extend(dependencies);
            at = tree.parent(at);
        }
        declared
    }

    /// A source that loads modules by names that are not known: its package is kept as a whole,
    /// with the declared dependencies.
    fn open(&mut self, keep: &mut Keep<'_>, site: &Site, call: &str, line: usize) {
        let why = Why::Computed {
            call: call.to_owned(),
            line,
        };
        let tree = keep.tree();
        let package = site.package;
        if let Some(package) = package.filter(|_| keep.installed.contains(tree, site.name)) {
            if !call.is_empty() && keep.module_level == Modules::Exact {
                let name = display_name(tree, package);
                let text =
                    format!("`{call}` loads a computed name: package `{name}` is kept whole");
                keep.note(Some(site.name), Some(line), text);
            }
            self.open_package(keep, site, package, &why);
            return;
        }
        if !self.open_scopes.insert(site.directory) {
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

    /// Keeps a package as a whole, and the modules that requests for its dependencies load.
    fn open_package(&mut self, keep: &mut Keep<'_>, site: &Site, package: NameId, why: &Why) {
        if !self.open_scopes.insert(package) {
            return;
        }
        self.keep_directory(keep, site, package, why);
        for name in self.declared(keep, package).iter() {
            for kind in [Kind::Require, Kind::Import] {
                for main in self.resolver.resolve(keep.view, package, name, kind) {
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

/// Adds the names of the packages in a directory.
fn add_names(tree: &Tree, modules: NameId, names: &mut BTreeSet<String>) {
    for entry in tree.children(modules) {
        let name = String::from_utf8_lossy(tree.file_name(entry)).into_owned();
        if name.starts_with('@') {
            for scoped in tree.children(entry) {
                let scoped = String::from_utf8_lossy(tree.file_name(scoped));
                names.insert(format!("{name}/{scoped}"));
            }
        } else {
            names.insert(name);
        }
    }
}

/// The modules that `NODE_OPTIONS` has Node load.
fn modules_of_options(config: &Config) -> BTreeMap<String, Root> {
    let value = config.env_value("NODE_OPTIONS").unwrap_or_default();
    let mut words = vec!["node"];
    words.extend(value.split_ascii_whitespace());
    let mut modules = BTreeMap::new();
    for module in preloaded(&words) {
        let name = "NODE_OPTIONS".to_owned();
        modules.insert(module.to_owned(), Root::Variable { name });
    }
    modules
}

/// The words of commands and variables, which may name packages.
fn words_of<'w>(config: &'w Config, deployed: &'w [Vec<(Field, String)>]) -> Vec<(&'w str, Root)> {
    let mut all = Vec::new();
    let healthcheck = config.healthcheck().unwrap_or_default();
    for (of, words) in [
        (Field::Entrypoint, config.entrypoint()),
        (Field::Cmd, config.cmd()),
        (Field::Healthcheck, healthcheck),
    ] {
        for word in words.into_iter().flat_map(parts) {
            let root = Root::Argument {
                of,
                word: word.to_owned(),
            };
            all.push((word, root));
        }
    }
    for (of, word) in deployed.iter().flatten() {
        for part in parts(word) {
            let root = Root::Argument {
                of: *of,
                word: part.to_owned(),
            };
            all.push((part, root));
        }
    }
    for entry in config.env() {
        let (name, value) = entry.split_once('=').unwrap_or((entry, ""));
        for word in parts(value) {
            let name = name.to_owned();
            all.push((word, Root::Variable { name }));
        }
    }
    all
}

/// `a`, `b` and `--with` of `--with=a,b`.
fn parts(text: &str) -> impl Iterator<Item = &str> {
    text.split(|char: char| char.is_ascii_whitespace() || ",;:=".contains(char))
}

/// The result of reading a source.
#[derive(Debug, Default)]
struct Read {
    facts: Facts,
    is_parsed: bool,
}

/// Reads a source; one that cannot be parsed is searched for requests.
fn read_source(text: &str, place: Place<'_>) -> Read {
    if let Some(facts) = source::read(text, place) {
        return Read {
            facts,
            is_parsed: true,
        };
    }
    let mut requests = BTreeMap::new();
    for request in requests_in_text(text) {
        for kind in [Kind::Require, Kind::Import] {
            requests.insert((request.to_owned(), kind), Requested::optional(1));
        }
    }
    // Nothing runs these without a compiler, which is also what decides about computed names.
    let is_compiled = place.path.ends_with('x');
    Read {
        is_parsed: is_compiled,
        facts: Facts {
            requests,
            ..Facts::default()
        },
    }
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

/// The package of a file: the entry of the nearest `node_modules` above it.
fn package_of(tree: &Tree, name: NameId) -> Option<NameId> {
    let mut at = name;
    while at != NameId::ROOT {
        let parent = tree.parent(at);
        let is_scope = tree.file_name(at).starts_with(b"@");
        if tree.file_name(parent) == b"node_modules" && !is_scope {
            return if at == name { None } else { Some(at) };
        }
        let above = tree.parent(parent);
        if tree.file_name(above) == b"node_modules" && tree.file_name(parent).starts_with(b"@") {
            return if at == name { None } else { Some(at) };
        }
        at = parent;
    }
    None
}

/// Whether a file belongs to a package of any kind.
fn is_in_package(tree: &Tree, name: NameId) -> bool {
    package_of(tree, name).is_some() || installed_package_of(tree, name).is_some()
}

/// `express`, `@babel/core`.
fn display_name(tree: &Tree, package: NameId) -> String {
    let name = String::from_utf8_lossy(tree.file_name(package));
    let above = tree.file_name(tree.parent(package));
    if above.starts_with(b"@") {
        format!("{}/{name}", String::from_utf8_lossy(above))
    } else {
        name.into_owned()
    }
}

/// The files of a package or a directory in it that programs use, without the packages in it.
fn files_of(tree: &Tree, directory: NameId) -> Vec<NameId> {
    let mut files = Vec::new();
    let mut stack = vec![directory];
    while let Some(at) = stack.pop() {
        for name in tree.children(at) {
            let is_directory = tree.is_directory(name);
            if is_directory && tree.file_name(name) == b"node_modules"
                || is_left_out_of_package(tree, name)
            {
                continue;
            }
            if is_directory {
                stack.push(name);
            } else {
                files.push(name);
            }
        }
    }
    files.sort_unstable();
    files
}

fn is_inside(tree: &Tree, name: NameId, directory: NameId) -> bool {
    let mut at = name;
    loop {
        if at == directory {
            return true;
        }
        if at == NameId::ROOT {
            return false;
        }
        at = tree.parent(at);
    }
}

fn length(tree: &Tree, name: NameId) -> usize {
    match &tree.inode(name).kind {
        crate::image::Kind::File(content) => {
            usize::try_from(content.length()).unwrap_or(usize::MAX)
        }
        _ => 0,
    }
}

/// Whether a file contains code of Node; programs often have no ending.
fn is_source(tree: &Tree, name: NameId) -> bool {
    const ENDINGS: [&[u8]; 8] = [
        b".js", b".cjs", b".mjs", b".ts", b".cts", b".mts", b".jsx", b".tsx",
    ];
    let file_name = tree.file_name(name);
    let is_program = !file_name.contains(&b'.') && tree.inode(name).header.mode & 0o111 != 0;
    is_plain_file(tree, name)
        && !file_name.ends_with(b".d.ts")
        && (is_program || ENDINGS.iter().any(|ending| file_name.ends_with(ending)))
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

fn pattern_text(pattern: &str) -> String {
    pattern.replace(UNKNOWN, "*")
}

/// Whether a text matches a pattern in which [`UNKNOWN`] stands for any text.
fn is_match(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split(UNKNOWN);
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else {
        return false;
    };
    let mut parts = parts.peekable();
    if parts.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return rest.ends_with(part);
        }
        let Some(at) = rest.find(part) else {
            return false;
        };
        rest = &rest[at + part.len()..];
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_parts_of_a_pattern_match_any_text() {
        for (pattern, text) in [
            ("a\0", "a/b.js"),
            ("\0.js", "b.js"),
            ("a\0c\0", "abcd"),
            ("a", "a"),
        ] {
            assert!(is_match(pattern, text), "{pattern:?} {text}");
        }
        for (pattern, text) in [
            ("a\0", "b"),
            ("\0.js", "b.json"),
            ("a\0c\0d", "abd"),
            ("a", "ab"),
        ] {
            assert!(!is_match(pattern, text), "{pattern:?} {text}");
        }
    }
}
