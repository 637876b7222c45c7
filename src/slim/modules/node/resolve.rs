//! Resolution of requests, as Node documents it for `require` and `import`, on the tree of an
//! image.
//!
//! Both algorithms are followed for every request: `import` without `exports` accepts less than
//! `require`, and compilers turn one into the other.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use super::manifest::{Manifest, Work};
use super::source::Kind as RequestKind;
use crate::image::{Kind, NameId, Tree};
use crate::slim::view::View;

/// Endings that a request may omit. The last ones are for programs that compile when they start.
const ENDINGS: [&[u8]; 10] = [
    b".js", b".json", b".node", b".cjs", b".mjs", b".ts", b".mts", b".cts", b".tsx", b".jsx",
];

/// Modules that are part of Node: <https://nodejs.org/api/modules.html#built-in-modules>.
const BUILT_IN: &[&str] = &[
    "assert",
    "async_hooks",
    "buffer",
    "child_process",
    "cluster",
    "console",
    "constants",
    "crypto",
    "dgram",
    "diagnostics_channel",
    "dns",
    "domain",
    "events",
    "fs",
    "http",
    "http2",
    "https",
    "inspector",
    "module",
    "net",
    "os",
    "path",
    "perf_hooks",
    "process",
    "punycode",
    "querystring",
    "readline",
    "repl",
    "stream",
    "string_decoder",
    "sys",
    "timers",
    "tls",
    "trace_events",
    "tty",
    "url",
    "util",
    "v8",
    "vm",
    "wasi",
    "worker_threads",
    "zlib",
];

/// A file that a request loads, or a directory of a package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) name: NameId,
    /// Symlinks on the way, and the manifests that decide.
    pub(super) way: Vec<NameId>,
}

/// Resolves requests and remembers what it read.
#[derive(Debug, Default)]
pub(in crate::slim::modules) struct Resolver {
    manifests: RefCell<HashMap<NameId, Rc<Manifest>>>,
    work: Rc<Work>,
    /// The directories with the nearest manifests. A source has thousands of requests, and may be
    /// a thousand directories deep.
    scopes: RefCell<HashMap<NameId, Option<NameId>>>,
    /// The directories above a source with packages. The requests of a source follow each other.
    above: RefCell<Option<(NameId, Rc<[NameId]>)>>,
    /// Directories in which every source finds packages.
    pub(super) shared: Rc<[Vec<u8>]>,
}

impl Resolver {
    /// A resolver with directories in which every source finds packages.
    pub(in crate::slim::modules) fn new(shared: &[Vec<u8>]) -> Self {
        Self {
            shared: shared.into(),
            ..Self::default()
        }
    }

    /// The files that a request loads.
    pub(in crate::slim::modules) fn files(
        &self,
        view: &View<'_>,
        directory: NameId,
        request: &str,
        kind: RequestKind,
    ) -> Vec<NameId> {
        let found = self.resolve(view, directory, request, kind);
        found.into_iter().map(|found| found.name).collect()
    }

    /// The manifest of a directory, with its name.
    pub(super) fn manifest(&self, view: &View<'_>, at: NameId) -> Option<(NameId, Rc<Manifest>)> {
        let file = view.child(at, b"package.json")?;
        if let Some(known) = self.manifests.borrow().get(&file) {
            return Some((file, Rc::clone(known)));
        }
        // Some package managers link every file to a store.
        let end = view.resolve_from(at, b"package.json").ok()?.name;
        let bytes = view.bytes(end);
        let manifest = bytes
            .map(|bytes| Manifest::parse(&bytes, &self.work))
            .unwrap_or_default();
        let manifest = Rc::new(manifest);
        self.manifests
            .borrow_mut()
            .insert(file, Rc::clone(&manifest));
        Some((file, manifest))
    }

    /// The files that a request of a source in a directory may load.
    pub(super) fn resolve(
        &self,
        view: &View<'_>,
        directory: NameId,
        request: &str,
        kind: RequestKind,
    ) -> Vec<Found> {
        let request = request
            .split(['?', '#'])
            .next()
            .filter(|it| !it.is_empty())
            .unwrap_or(request);
        if request.starts_with('#') {
            return self.internal(view, directory, request, kind);
        }
        if is_path(request) {
            let path = request.strip_prefix("file://").unwrap_or(request);
            return self
                .path(view, directory, path.as_bytes())
                .into_iter()
                .collect();
        }
        self.package(view, directory, request, kind)
    }

    /// The directory of an installed package, by its name.
    pub(super) fn directory_of(&self, view: &View<'_>, from: NameId, name: &str) -> Option<Found> {
        self.directories_of(view, from, name).into_iter().next()
    }

    /// The directory of the package that a request is for; none for a part of Node.
    pub(super) fn package_of_request(
        &self,
        view: &View<'_>,
        from: NameId,
        request: &str,
    ) -> Option<Found> {
        if request.starts_with(['.', '/', '#']) || is_built_in(request) {
            return None;
        }
        self.directory_of(view, from, package_name(request)?)
    }

    /// `#x`: what the manifest of the package's own scope says.
    fn internal(
        &self,
        view: &View<'_>,
        directory: NameId,
        name: &str,
        kind: RequestKind,
    ) -> Vec<Found> {
        let Some((at, file, manifest)) = self.scope(view, directory) else {
            return Vec::new();
        };
        let mut found = Vec::new();
        for target in manifest.imported(name, kind) {
            let mut files = if target.starts_with("./") {
                self.path(view, at, target.as_bytes()).into_iter().collect()
            } else {
                self.package(view, at, &target, kind)
            };
            for found in &mut files {
                found.way.push(file);
            }
            found.extend(files);
        }
        found
    }

    /// The nearest directory with a manifest.
    pub(super) fn scope(
        &self,
        view: &View<'_>,
        directory: NameId,
    ) -> Option<(NameId, NameId, Rc<Manifest>)> {
        let known = self.scopes.borrow().get(&directory).copied();
        let at = known.unwrap_or_else(|| {
            let found = self.nearest_manifest(view, directory);
            self.scopes.borrow_mut().insert(directory, found);
            found
        })?;
        let (file, manifest) = self.manifest(view, at)?;
        Some((at, file, manifest))
    }

    fn nearest_manifest(&self, view: &View<'_>, directory: NameId) -> Option<NameId> {
        let tree = view.tree();
        let mut at = directory;
        loop {
            if tree.file_name(at) == b"node_modules" {
                return None;
            }
            if self.manifest(view, at).is_some() {
                return Some(at);
            }
            if at == NameId::ROOT {
                return None;
            }
            at = tree.parent(at);
        }
    }

    /// The directories around a source in which there is `node_modules`, the nearest first.
    pub(super) fn above(&self, view: &View<'_>, directory: NameId) -> Rc<[NameId]> {
        if let Some((known, above)) = &*self.above.borrow()
            && *known == directory
        {
            return Rc::clone(above);
        }
        let tree = view.tree();
        let mut above = Vec::new();
        let mut at = directory;
        loop {
            let is_packages = tree.file_name(at) == b"node_modules";
            if !is_packages && view.child(at, b"node_modules").is_some() {
                above.push(at);
            }
            if at == NameId::ROOT {
                break;
            }
            at = tree.parent(at);
        }
        let above: Rc<[NameId]> = above.into();
        *self.above.borrow_mut() = Some((directory, Rc::clone(&above)));
        above
    }

    fn package(
        &self,
        view: &View<'_>,
        directory: NameId,
        request: &str,
        kind: RequestKind,
    ) -> Vec<Found> {
        if is_built_in(request) {
            return Vec::new();
        }
        let Some(name) = package_name(request) else {
            return Vec::new();
        };
        let rest = &request[name.len()..];
        // A package may request itself by its name, if it has `exports`.
        if let Some((at, file, manifest)) = self.scope(view, directory)
            && manifest.has_exports()
            && manifest.name() == Some(name)
        {
            let found = Self::exported(view, at, file, &manifest, rest, kind);
            if !found.is_empty() {
                return found;
            }
        }
        for package in self.directories_of(view, directory, name) {
            let mut found = self.in_package(view, package.name, rest, kind);
            for file in &mut found {
                file.way.extend(&package.way);
            }
            if !found.is_empty() {
                return found;
            }
        }
        Vec::new()
    }

    fn in_package(&self, view: &View<'_>, at: NameId, rest: &str, kind: RequestKind) -> Vec<Found> {
        let manifest = self.manifest(view, at);
        if let Some((file, manifest)) = &manifest
            && manifest.has_exports()
        {
            let found = Self::exported(view, at, *file, manifest, rest, kind);
            if !found.is_empty() {
                return found;
            }
        }
        let path = format!(".{rest}");
        self.path(view, at, path.as_bytes()).into_iter().collect()
    }

    fn exported(
        view: &View<'_>,
        at: NameId,
        file: NameId,
        manifest: &Manifest,
        rest: &str,
        kind: RequestKind,
    ) -> Vec<Found> {
        let mut found = Vec::new();
        for target in manifest.exported(&format!(".{rest}"), kind) {
            if let Ok(resolved) = view.resolve_from(at, target.as_bytes())
                && !view.tree().is_directory(resolved.name)
            {
                let mut way = links(view.tree(), &resolved.crossed);
                way.push(file);
                found.push(Found {
                    name: resolved.name,
                    way,
                });
            }
        }
        found
    }

    /// A file or directory, by its path.
    fn path(&self, view: &View<'_>, directory: NameId, path: &[u8]) -> Option<Found> {
        let tree = view.tree();
        let is_directory = path.ends_with(b"/") || path.ends_with(b".");
        if !is_directory && let Some(found) = file_at(view, directory, path) {
            return Some(found);
        }
        let resolved = view.resolve_from(directory, path).ok()?;
        if !tree.is_directory(resolved.name) {
            return None;
        }
        let mut way = links(tree, &resolved.crossed);
        let main = self
            .manifest(view, resolved.name)
            .and_then(|(file, manifest)| {
                way.push(file);
                let main = manifest.main()?;
                let main = format!("./{main}");
                file_at(view, resolved.name, main.as_bytes()).or_else(|| {
                    let index = format!("{main}/index");
                    file_at(view, resolved.name, index.as_bytes())
                })
            });
        let mut found = main.or_else(|| file_at(view, resolved.name, b"index"))?;
        found.way.extend(way);
        Some(found)
    }

    /// The directories of packages with a name, in the order in which Node looks at them.
    fn directories_of(&self, view: &View<'_>, directory: NameId, name: &str) -> Vec<Found> {
        let tree = view.tree();
        let mut found = Vec::new();
        for &at in self.above(view, directory).iter() {
            if let Some(modules) = view.child(at, b"node_modules")
                && let Ok(resolved) = view.resolve_from(at, b"node_modules")
                && let Ok(package) = view.resolve_from(resolved.name, name.as_bytes())
                && tree.is_directory(package.name)
            {
                let mut way = links(tree, &resolved.crossed);
                way.extend(links(tree, &package.crossed));
                way.extend(links(tree, &[modules]));
                found.push(Found {
                    name: package.name,
                    way,
                });
            }
        }
        for shared in self.shared.iter() {
            let path = [&shared[..], b"/", name.as_bytes()].concat();
            if let Ok(package) = view.resolve(&path)
                && tree.is_directory(package.name)
            {
                let way = links(tree, &package.crossed);
                found.push(Found {
                    name: package.name,
                    way,
                });
            }
        }
        found
    }
}

/// A file, also without its ending.
fn file_at(view: &View<'_>, directory: NameId, path: &[u8]) -> Option<Found> {
    let tree = view.tree();
    let start = path.iter().rposition(|&byte| byte == b'/');
    let (above, base) = path.split_at(start.map_or(0, |at| at + 1));
    if matches!(base, b"" | b"." | b"..") {
        return None;
    }
    // Most names are tried in vain, so the directory is only looked up once.
    let mut crossed = Vec::new();
    let mut at = directory;
    if !above.is_empty() {
        let resolved = view.resolve_from(directory, above).ok()?;
        crossed = resolved.crossed;
        at = resolved.name;
    }
    let mut tried = base.to_vec();
    let mut find = |stem: &[u8], ending: &[u8]| {
        tried.clear();
        tried.extend(stem);
        tried.extend(ending);
        let child = view.child(at, &tried)?;
        let resolved = match tree.inode(child).kind {
            Kind::Symlink { .. } => view.resolve_from(at, &tried).ok()?,
            _ => {
                return if tree.is_directory(child) {
                    None
                } else {
                    Some((child, Vec::new()))
                };
            }
        };
        if tree.is_directory(resolved.name) {
            return None;
        }
        Some((resolved.name, resolved.crossed))
    };
    let mut found = find(base, b"");
    for ending in ENDINGS {
        found = found.or_else(|| find(base, ending));
    }
    // TypeScript requests the file that the compiler would write.
    for (ending, others) in [
        (&b".js"[..], &[&b".ts"[..], b".tsx"][..]),
        (b".mjs", &[b".mts"]),
        (b".cjs", &[b".cts"]),
    ] {
        if let Some(stem) = base.strip_suffix(ending) {
            for other in others {
                found = found.or_else(|| find(stem, other));
            }
        }
    }
    let (name, rest) = found?;
    crossed.extend(rest);
    Some(Found {
        name,
        way: links(tree, &crossed),
    })
}

/// The symlinks among the names that a path crosses; directories are kept with their files.
fn links(tree: &Tree, crossed: &[NameId]) -> Vec<NameId> {
    let mut links = crossed.to_vec();
    links.retain(|&name| !tree.is_directory(name));
    links
}

/// Whether a request is a path, and not the name of a package.
pub(super) fn is_path(request: &str) -> bool {
    request == "."
        || request == ".."
        || ["/", "./", "../", "#", "file:"]
            .iter()
            .any(|start| request.starts_with(start))
}

/// `express` of `express/lib/x`, `@babel/core` of `@babel/core/lib/x`.
pub(super) fn package_name(request: &str) -> Option<&str> {
    let first = request.find('/').unwrap_or(request.len());
    let end = if request.starts_with('@') {
        let rest = request.get(first + 1..)?;
        first + 1 + rest.find('/').unwrap_or(rest.len())
    } else {
        first
    };
    let name = &request[..end];
    let is_name =
        !name.is_empty() && !name.ends_with('/') && !name.contains([':', '\\', '%', '\0']);
    if is_name { Some(name) } else { None }
}

/// A trailing slash asks for an installed package: `string_decoder/`.
pub(super) fn is_built_in(request: &str) -> bool {
    if request.starts_with("node:") {
        return true;
    }
    if request.ends_with('/') {
        return false;
    }
    BUILT_IN.contains(&request.split('/').next().unwrap_or_default())
}
