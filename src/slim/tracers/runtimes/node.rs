//! Node: whole packages, with their dependencies, as found by `require`.

use std::collections::{BTreeSet, HashSet};
use std::rc::Rc;

use serde_json::Value;

use super::directories::{
    ancestors, is_development, is_plain_file, is_waste, keep_tree, keep_tree_at,
};
use super::literals;
use super::state::State;
use crate::elf::Files;
use crate::image::{NameId, Tree};
use crate::slim::keep::Keep;
use crate::slim::modules::node::leftovers::{
    LEFT_OUT_DIRECTORIES, debian_directories, is_below_left_out, is_left_out, is_package,
    package_of, requests,
};
use crate::slim::options::Modules;
use crate::slim::why::{Language, Why};

/// Distributions build Node with parts of its library in separate files, whose paths are in the
/// program.
pub(super) fn keep(_: &mut State, keep: &mut Keep<'_>, name: NameId) {
    let Some(bytes) = keep.view.read(keep.tree().inode_id(name)) else {
        return;
    };
    for path in literals::paths(&bytes, b"/nodejs/") {
        // A text may be a prefix that the program completes at run time.
        if is_file_at(keep, &path) {
            keep.keep_path(&path, Some(name), Why::runtime(Language::Node));
        }
    }
}

fn is_file_at(keep: &Keep<'_>, path: &[u8]) -> bool {
    keep.tree()
        .resolve(path)
        .is_ok_and(|resolved| keep.is_file(resolved.name))
}

/// Keeps the package of a needed file, and its dependencies.
pub(super) fn keep_package_of(state: &mut State, keep: &mut Keep<'_>, name: NameId) {
    let tree = keep.tree();
    if keep.installed.contains(tree, name) {
        if keep.module_level == Modules::Packages && is_manifest(tree, name) {
            let package = tree.parent(name);
            if let Some(value) = read_manifest(keep, name) {
                keep_exported(keep, name, package, &value);
            }
        }
        return state.modules.see(keep, name);
    }
    state.modules.see_text(keep, name);
    let Some(package) = package_of(tree, name) else {
        return;
    };
    // Packages can have circular dependencies.
    if state.packages.contains(&package) {
        return;
    }
    // Files that Node is built with do not count as packages.
    let is_built_in =
        matches!(keep.graph.reasons(name), [first] if matches!(first.why, Why::Runtime { .. }));
    // Other files, such as certificates, are not a reason to keep the package that contains them.
    if is_built_in || !is_run(tree.file_name(name)) {
        return;
    }
    state.packages.insert(package);
    let named = String::from_utf8_lossy(&package_name(tree, package)).into_owned();
    let why = Why::module(Language::Node, named);
    let is_in_application = ancestors(tree, package).any(|at| state.applications.contains(&at));
    // The application is kept as a whole, with its packages.
    if !is_in_application {
        keep_tree(keep, package, name, &why, &is_left_out);
    }
    let Some(manifest) = tree.child(package, b"package.json") else {
        return;
    };
    // The manifest specifies the entry point and the module type; `require` fails without it.
    keep.graph.keep(manifest, Some(name), why);
    let Some(value) = read_manifest(keep, manifest) else {
        return;
    };
    keep_exported(keep, manifest, package, &value);
    let dependencies = dependencies(&value);
    keep_required(
        state,
        keep,
        manifest,
        package,
        dependencies.iter().map(String::as_str),
    );
}

fn is_manifest(tree: &Tree, name: NameId) -> bool {
    tree.file_name(name) == b"package.json" && is_package(tree, tree.parent(name))
}

/// Follows the requests of the sources that were kept.
pub(super) fn settle(state: &mut State, keep: &mut Keep<'_>) {
    if keep.module_level == Modules::Whole {
        return;
    }
    let shared = state
        .node_directories
        .get_or_insert_with(|| shared_directories(keep));
    let shared = Rc::clone(shared);
    state.modules.set_shared(keep, shared);
    state.modules.settle(keep);
    state.packages.extend(state.modules.packages());
}

/// Whether Node runs or loads files with this name. Programs often have no extension.
fn is_run(file_name: &[u8]) -> bool {
    const ENDINGS: [&[u8]; 7] = [
        b".js", b".cjs", b".mjs", b".node", b".json", b".ts", b".wasm",
    ];
    !file_name.contains(&b'.') || ENDINGS.iter().any(|ending| file_name.ends_with(ending))
}

/// `express`, `@babel/core`.
fn package_name(tree: &Tree, package: NameId) -> Vec<u8> {
    let parent = tree.parent(package);
    let name = tree.file_name(package);
    if tree.file_name(parent).starts_with(b"@") {
        [tree.file_name(parent), b"/", name].concat()
    } else {
        name.to_vec()
    }
}

fn read_manifest(keep: &mut Keep<'_>, manifest: NameId) -> Option<Value> {
    // The longest of real packages have a few hundred kilobytes.
    const LONGEST: usize = 1 << 20;
    let bytes = keep.view.bytes(manifest)?;
    // Through hard links, one manifest may become thousands of packages, each with dependencies.
    if bytes.len() > LONGEST || !keep.effort.manifests.spend(bytes.len()) {
        let text = "manifests too large or too numerous: this package's dependencies are unknown";
        keep.note(Some(manifest), None, text.to_owned());
        return None;
    }
    serde_json::from_slice(&bytes).ok()
}

/// Keeps the files that other packages load according to a package's manifest, even in directories
/// that are otherwise left out, such as `examples` in the package `three`.
fn keep_exported(keep: &mut Keep<'_>, by: NameId, package: NameId, manifest: &Value) {
    const FIELDS: [&str; 6] = ["main", "module", "browser", "exports", "imports", "bin"];
    let mut targets = BTreeSet::new();
    for field in FIELDS {
        if let Some(value) = manifest.get(field) {
            add_strings(value, &mut targets);
        }
    }
    let targets = targets
        .into_iter()
        .map(|target| target.strip_prefix("./").unwrap_or(target))
        // Files elsewhere are kept with the package.
        .filter(|target| {
            let first = target.split('/').next().unwrap_or_default();
            LEFT_OUT_DIRECTORIES.contains(&first)
        })
        .take(MAX_TARGETS);
    for target in targets {
        // `./examples/jsm/*` matches everything below the directory.
        let path = target.split('*').next().unwrap_or_default();
        keep_left_out(keep, by, package, path);
    }
}

/// Adds the strings in a value, at any depth.
fn add_strings<'v>(value: &'v Value, strings: &mut BTreeSet<&'v str>) {
    match value {
        Value::String(string) => {
            strings.insert(string);
        }
        Value::Array(values) => values.iter().for_each(|value| add_strings(value, strings)),
        Value::Object(values) => values
            .values()
            .for_each(|value| add_strings(value, strings)),
        _ => {}
    }
}

/// Keeps a module, or the modules in a directory, named by a relative path, if it would otherwise
/// be left out. Its neighbors are kept as well, because such modules load each other.
fn keep_left_out(keep: &mut Keep<'_>, by: NameId, directory: NameId, path: &str) {
    const ENDINGS: [&str; 6] = ["", ".js", ".cjs", ".mjs", ".json", "/index.js"];
    let tree = keep.tree();
    for ending in ENDINGS {
        let Ok(resolved) = tree.resolve_from(directory, format!("{path}{ending}").as_bytes())
        else {
            continue;
        };
        let found = resolved.name;
        if !is_below_left_out(tree, found) {
            continue;
        }
        let beside = if tree.is_directory(found) {
            found
        } else {
            tree.parent(found)
        };
        let why = Why::module(Language::Node, path.to_owned());
        keep.graph.keep(found, Some(by), why.clone());
        // The path may refer to the package itself.
        if package_of(tree, found) != Some(beside) && !is_package(tree, beside) {
            keep_tree(keep, beside, by, &why, &is_development);
        }
    }
}

/// Keeps the modules in directories that are left out otherwise, where a source loads them.
pub(super) fn keep_required_left_out(
    state: &mut State,
    keep: &mut Keep<'_>,
    by: NameId,
    text: &str,
) {
    // Few sources name such a directory at all, and reading all requests takes time.
    let mut names = LEFT_OUT_DIRECTORIES.iter();
    if !names.any(|name| memchr::memmem::find(text.as_bytes(), name.as_bytes()).is_some()) {
        return;
    }
    let directory = keep.tree().parent(by);
    let search_path = SearchPath::of(state, keep, directory);
    let requests: BTreeSet<&str> = requests(text).collect();
    for request in requests {
        let mut parts = request.split('/');
        if !parts.any(|part| LEFT_OUT_DIRECTORIES.contains(&part)) {
            continue;
        }
        if request.starts_with('.') {
            keep_left_out(keep, by, directory, request);
        } else if let Some(package) = requested_package(request)
            && let Some(path) = search_path.find(keep, &package)
            && let Ok(resolved) = keep.tree().resolve(&path)
        {
            let rest = request[package.len()..].trim_start_matches('/');
            keep_left_out(keep, by, resolved.name, rest);
        }
    }
}

/// Keeps the types of all packages where ts-node, which checks them, compiles the application when
/// it starts.
pub(super) fn keep_types(state: &mut State, keep: &mut Keep<'_>) {
    let tree = keep.tree();
    let mut packages: Vec<NameId> = state.packages.iter().copied().collect();
    packages.sort_unstable();
    let Some(&compiler) = packages
        .iter()
        .find(|&&package| tree.file_name(package) == b"ts-node")
    else {
        return;
    };
    let why = Why::module(Language::Node, "ts-node".to_owned());
    for package in packages {
        for name in tree.below(package) {
            if is_plain_file(tree, name) && is_types(tree.file_name(name)) {
                keep.graph.keep(name, Some(compiler), why.clone());
            }
        }
    }
    // Packages that hold nothing but types are never loaded.
    let search_path = SearchPath::of(state, keep, tree.parent(compiler));
    for directory in search_path.directories() {
        keep_tree_at(
            keep,
            &[&directory[..], b"/@types"].concat(),
            compiler,
            &why,
            &is_waste,
        );
    }
}

fn is_types(file_name: &[u8]) -> bool {
    [&b".d.ts"[..], b".d.mts", b".d.cts"]
        .iter()
        .any(|ending| file_name.ends_with(ending))
}

fn dependencies(manifest: &Value) -> BTreeSet<String> {
    // `devDependencies` are for those who work on the package.
    const FIELDS: &[&str] = &["dependencies", "optionalDependencies", "peerDependencies"];
    let fields = FIELDS
        .iter()
        .filter_map(|field| manifest.get(*field)?.as_object());
    fields.flat_map(|field| field.keys().cloned()).collect()
}

/// Keeps the packages that a source file or a package below `directory` requires: `express`,
/// `@babel/core/lib/x`.
pub(super) fn keep_required<'r>(
    state: &mut State,
    keep: &mut Keep<'_>,
    by: NameId,
    directory: NameId,
    requests: impl IntoIterator<Item = &'r str>,
) {
    let names: BTreeSet<String> = requests.into_iter().filter_map(requested_package).collect();
    if names.is_empty() {
        return;
    }
    let search_path = SearchPath::of(state, keep, directory);
    for name in names {
        let Some(path) = search_path.find(keep, &name) else {
            continue;
        };
        let why = Why::module(Language::Node, name);
        if let Some(package) = keep.keep_path(&path, Some(by), why.clone())
            && let Some(manifest) = keep.tree().child(package, b"package.json")
        {
            keep.graph.keep(manifest, Some(by), why);
        }
    }
}

/// The name of a package in a request: `@babel/core` of `@babel/core/lib/x`. `None` for a path,
/// which is a file of the same package.
fn requested_package(request: &str) -> Option<String> {
    let mut parts = request.splitn(3, '/');
    let first = parts.next()?;
    if first.is_empty() || first.starts_with('.') {
        return None;
    }
    // `@scope/name` is a name; otherwise the part after the slash is a path in the package.
    match parts.next() {
        Some(second) if first.starts_with('@') => Some(format!("{first}/{second}")),
        _ => Some(first.to_owned()),
    }
}

/// The directories that `require` searches for packages: each `node_modules` upward from a
/// directory, then `NODE_PATH`, and those of Debian.
struct SearchPath {
    upward: Vec<Vec<u8>>,
    /// Those that are the same for all sources.
    shared: Rc<[Vec<u8>]>,
}

impl SearchPath {
    fn of(state: &mut State, keep: &Keep<'_>, directory: NameId) -> Self {
        let tree = keep.tree();
        let mut upward = Vec::new();
        // `/node_modules` is searched as well.
        for at in ancestors(tree, directory).chain([NameId::ROOT]) {
            let mut beside = tree.path(at);
            // Node does not append `node_modules` to a path that already ends with it.
            if !beside.ends_with(b"/node_modules") {
                beside.extend(b"/node_modules");
            }
            upward.push(beside);
        }
        let shared = state
            .node_directories
            .get_or_insert_with(|| shared_directories(keep));
        Self {
            upward,
            shared: Rc::clone(shared),
        }
    }

    fn directories(&self) -> impl Iterator<Item = &Vec<u8>> {
        self.upward.iter().chain(self.shared.iter())
    }

    /// The path at which `require` finds a package.
    fn find(&self, keep: &Keep<'_>, name: &str) -> Option<Vec<u8>> {
        // There may be many directories, and as many packages.
        if keep.is_exhausted() {
            return None;
        }
        self.directories()
            .map(|at| [&at[..], b"/", name.as_bytes()].concat())
            .find(|path| keep.tree().resolve(path).is_ok())
    }
}

/// `NODE_PATH` and Debian's directories, as far as they exist.
fn shared_directories(keep: &Keep<'_>) -> Rc<[Vec<u8>]> {
    let tree = keep.tree();
    let mut directories = keep.path_list("NODE_PATH").to_vec();
    directories.extend(debian_directories(tree));
    let mut seen = HashSet::new();
    directories.retain(|path| match tree.resolve(path) {
        Ok(resolved) => seen.insert(resolved.name),
        Err(_) => false,
    });
    directories.into()
}

/// The targets in a manifest that are followed. Packages export directories, not each file.
const MAX_TARGETS: usize = 1000;
