//! Python: the standard library of an interpreter, and the packages in its environment.
//!
//! The library is found as in `python`: upward from the real path of the program,
//! `lib/python3.11/os.py`. Whole packages are kept. System packages are not kept for a virtual
//! environment that does not include them.

use std::collections::{BTreeMap, BTreeSet};

use super::calls::strings;
use super::directories::{
    Skip, ancestors, files_below, is_development, is_directory_of, is_plain_file, keep_tree,
    keep_tree_at,
};
use super::state::{State, Wanted};
use crate::image::{NameId, Tree};
use crate::slim::keep::Keep;
use crate::slim::language_paths::{is_compiled_catalog, is_site};
use crate::slim::why::{Language, Why};

/// `python`, `python3.11`, `pypy3`, `libpython3.11.so.1.0`; but not `python3-config`.
pub(super) fn is_python(file_name: &[u8]) -> bool {
    let name = file_name.strip_prefix(b"lib").unwrap_or(file_name);
    let Some(rest) = name
        .strip_prefix(b"python")
        .or_else(|| name.strip_prefix(b"pypy"))
    else {
        return false;
    };
    // `libpython3.11.so`: the version ends before the `s` of `.so`.
    let version = rest.split(|&byte| byte == b's').next().unwrap_or_default();
    let is_library = memchr::memmem::find(rest, b".so").is_some();
    if file_name.starts_with(b"lib") {
        is_library && !version.is_empty()
    } else {
        rest.iter()
            .all(|byte| byte.is_ascii_digit() || *byte == b'.')
    }
}

/// Parts of the standard library that few programs load.
pub(super) const OPTIONAL: &[&str] = &[
    "ensurepip",
    "idlelib",
    "lib2to3",
    "pydoc_data",
    "test",
    "tkinter",
    "turtle",
    "turtledemo",
    "venv",
];

/// Optional parts that work without a display or a user; excludes the editor, demos and tests.
pub(super) fn without_display() -> impl Iterator<Item = &'static str> {
    const LEFT_OUT: [&str; 5] = ["idlelib", "test", "tkinter", "turtle", "turtledemo"];
    let optional = OPTIONAL.iter().copied();
    optional.filter(|module| !LEFT_OUT.contains(module))
}

/// Modules that install packages.
pub(super) const MACHINERY: &[&str] = &[
    "_distutils_hack",
    "distutils",
    "pip",
    "pkg_resources",
    "setuptools",
    "wheel",
];

/// Bytes of `pyvenv.cfg` that are read, for each name of Python.
const MAX_SETTINGS: usize = 4096;

/// Keeps libraries and packages for all Pythons that were found.
pub(super) fn settle(state: &mut State, keep: &mut Keep<'_>) {
    // This runs each time new names have been traced; keeping a name again has no effect.
    let known = state.python.names.clone();
    let names = by_confidence(keep, &known);
    let tree = keep.tree();
    let environments: BTreeMap<NameId, NameId> = names
        .iter()
        .filter_map(|&name| Some((name, environment(tree, name)?)))
        .collect();
    // Symlinks lead to a program that is among the names as well.
    let mut programs: Vec<(NameId, Vec<NameId>)> = Vec::new();
    let mut listed = Listed::new();
    for &name in &names {
        if is_plain_file(tree, name) {
            programs.push((name, libraries(keep, &mut listed, name)));
        }
    }
    // An image may have a thousand names of Python. Each directory is walked for the first of them.
    let mut walked = BTreeSet::new();
    for (name, libraries) in &programs {
        for &library in libraries {
            state.python.has_distutils |= tree.child(library, b"distutils").is_some();
            if walked.insert(library) {
                keep_library(state, keep, *name, library);
            }
        }
    }
    let mut is_open = false;
    let mut walked = BTreeSet::new();
    for &name in &names {
        if let Some(&environment) = environments.get(&name)
            && walked.insert((environment, tree.parent(name)))
        {
            // One environment that includes the system packages is enough to keep them.
            is_open |= keep_environment(state, keep, name, environment);
        }
    }
    let alone = Alone::new(keep, &known, &environments);
    let mut walked = BTreeSet::new();
    for (name, libraries) in &programs {
        // A Python that is only used by virtual environments needs no system packages.
        let is_closed = environments.contains_key(name) || !alone.is_started(keep, *name);
        if is_closed && !is_open {
            continue;
        }
        for &library in libraries {
            if walked.insert(library) {
                keep_sites(state, keep, *name, library);
            }
        }
    }
    if let Some((name, _)) = programs.first() {
        keep_search_path(state, keep, *name);
    }
    let mut walked = BTreeSet::new();
    for (name, _) in &programs {
        if walked.insert(tree.parent(*name)) {
            keep_active_environment(state, keep, *name);
        }
    }
}

/// The names of Python, those that are kept for the most certain reasons first.
fn by_confidence(keep: &Keep<'_>, names: &BTreeSet<NameId>) -> Vec<NameId> {
    let mut names: Vec<NameId> = names.iter().copied().collect();
    names.sort_by_key(|&name| keep.graph.confidence(name));
    names
}

/// The virtual environment that contains a name: `pyvenv.cfg` is next to it, or one directory up.
fn environment(tree: &Tree, name: NameId) -> Option<NameId> {
    // PEP 405: Python looks for `pyvenv.cfg` next to the program and one directory above.
    let directory = tree.parent(name);
    [directory, tree.parent(directory)]
        .into_iter()
        .find(|&at| tree.child(at, b"pyvenv.cfg").is_some())
}

/// Keeps an environment's packages. Returns true if it includes the system packages.
fn keep_environment(
    state: &mut State,
    keep: &mut Keep<'_>,
    name: NameId,
    environment: NameId,
) -> bool {
    let tree = keep.tree();
    let Some(settings) = tree.child(environment, b"pyvenv.cfg") else {
        return false;
    };
    let why = Why::runtime(Language::Python);
    keep.graph.keep(settings, Some(name), why.clone());
    // Its other names take no space, and programs are started with them.
    for other in tree
        .children(tree.parent(name))
        .filter(|&other| is_python(tree.file_name(other)))
    {
        keep.graph.keep(other, Some(name), why.clone());
    }
    keep_environment_sites(state, keep, name, environment);
    is_open_to_system(keep, settings)
}

/// Keeps the packages in `lib/python3.11/site-packages` of an environment.
fn keep_environment_sites(
    state: &mut State,
    keep: &mut Keep<'_>,
    name: NameId,
    environment: NameId,
) {
    let tree = keep.tree();
    let why = Why::runtime(Language::Python);
    for library in [&b"lib"[..], b"lib64"]
        .into_iter()
        .filter_map(|library| tree.child(environment, library))
    {
        keep.graph.keep(library, Some(name), why.clone());
        let Ok(resolved) = tree.resolve(&tree.path(library)) else {
            continue;
        };
        // An environment has one version, whose number is not known here.
        for version in tree.children(resolved.name) {
            if let Some(site) = tree.child(version, b"site-packages") {
                keep_site(state, keep, name, site);
            }
        }
    }
}

/// Whether the settings of an environment include the system packages.
fn is_open_to_system(keep: &Keep<'_>, settings: NameId) -> bool {
    let value = setting(keep, settings, "include-system-site-packages");
    value.is_some_and(|value| value.eq_ignore_ascii_case("true"))
}

/// The directory of the Python of which an environment has a copy (`python -m venv --copies`): the
/// copy finds its standard library from there.
fn environment_home(keep: &Keep<'_>, name: NameId) -> Option<NameId> {
    let tree = keep.tree();
    let settings = tree.child(environment(tree, name)?, b"pyvenv.cfg")?;
    let home = setting(keep, settings, "home")?;
    let resolved = tree.resolve(home.as_bytes()).ok()?;
    Some(resolved.name)
}

/// The value of a key in `pyvenv.cfg`.
fn setting(keep: &Keep<'_>, settings: NameId, key: &str) -> Option<String> {
    let bytes = keep.view.bytes(settings)?;
    let text = String::from_utf8_lossy(&bytes[..bytes.len().min(MAX_SETTINGS)]);
    for line in text.lines() {
        // `site.py` compares keys case-insensitively.
        if let Some((name, value)) = line.split_once('=')
            && name.trim().eq_ignore_ascii_case(key)
        {
            return Some(value.trim().to_owned());
        }
    }
    None
}

/// The names of Python that are kept for reasons other than a virtual environment or another name
/// of it.
struct Alone<'n> {
    names: &'n BTreeSet<NameId>,
    /// Whether a name outside of all virtual environments is one of them.
    is_any_outside: bool,
}

impl<'n> Alone<'n> {
    fn new(
        keep: &Keep<'_>,
        names: &'n BTreeSet<NameId>,
        environments: &BTreeMap<NameId, NameId>,
    ) -> Self {
        let mut alone = Self {
            names,
            is_any_outside: false,
        };
        let mut outside = names.iter().filter(|name| !environments.contains_key(name));
        alone.is_any_outside = outside.any(|&name| alone.is_started_itself(keep, name));
        alone
    }

    /// Whether a Python is started other than by a virtual environment.
    fn is_started(&self, keep: &Keep<'_>, name: NameId) -> bool {
        self.is_any_outside || self.is_started_itself(keep, name)
    }

    fn is_started_itself(&self, keep: &Keep<'_>, name: NameId) -> bool {
        for reason in keep.graph.reasons(name) {
            // Names of Python keep each other.
            let is_outside = reason.by.is_none_or(|by| !self.names.contains(&by));
            let is_part = matches!(
                reason.why,
                Why::Directory | Why::Runtime { .. } | Why::Module { .. }
            );
            if is_outside && !is_part {
                return true;
            }
        }
        false
    }
}

/// The directories of standard libraries, of all versions, in directories such as `/usr/lib`.
type Listed = BTreeMap<NameId, Vec<NameId>>;

/// The directories of the standard library: `lib/python3.11`, and on some systems also
/// `lib64/python3.11`.
fn libraries(keep: &mut Keep<'_>, listed: &mut Listed, name: NameId) -> Vec<NameId> {
    let tree = keep.tree();
    let version = version(tree.file_name(name));
    // PYTHONHOME replaces the search upward from the program.
    let homes = keep.path_list("PYTHONHOME");
    let home = homes
        .iter()
        .filter_map(|path| Some(tree.resolve(path).ok()?.name));
    let start = environment_home(keep, name).unwrap_or_else(|| tree.parent(name));
    for prefix in home.chain(ancestors(tree, start)) {
        // Fedora splits the library: C modules are in `lib64`.
        let in_prefix = [&b"lib"[..], b"lib64"].into_iter().filter_map(|library| {
            let resolved = tree.resolve_from(prefix, library).ok()?;
            if tree.is_directory(resolved.name) {
                Some(resolved.name)
            } else {
                None
            }
        });
        let mut found = BTreeSet::new();
        for directory in in_prefix {
            let all = listed
                .entry(directory)
                .or_insert_with(|| list_libraries(tree, directory));
            // There may be as many versions as names of Python.
            if keep.graph.look_at(all.len()) {
                let all = all.iter().copied();
                found.extend(all.filter(|&at| has_version(tree, at, version)));
            }
        }
        // The landmark file that Python uses.
        let mut libraries = found.iter();
        if libraries.any(|&library| tree.child(library, b"os.py").is_some()) {
            return found.into_iter().collect();
        }
    }
    Vec::new()
}

/// `3.11` of `python3.11` and `libpython3.11.so.1.0`.
fn version(file_name: &[u8]) -> &[u8] {
    let start = file_name
        .iter()
        .position(u8::is_ascii_digit)
        .unwrap_or(file_name.len());
    let rest = &file_name[start..];
    let end = memchr::memmem::find(rest, b".so").unwrap_or(rest.len());
    &rest[..end]
}

fn list_libraries(tree: &Tree, directory: NameId) -> Vec<NameId> {
    let children = tree.children(directory);
    children.filter(|&at| is_library(tree, at)).collect()
}

fn is_library(tree: &Tree, directory: NameId) -> bool {
    let is_one = tree.child(directory, b"os.py").is_some()
        || tree.child(directory, b"lib-dynload").is_some();
    is_one && library_version(tree, directory).is_some()
}

fn has_version(tree: &Tree, library: NameId, version: &[u8]) -> bool {
    library_version(tree, library).is_some_and(|known| known.starts_with(version))
}

/// `3.11` of `python3.11`, the directory of a standard library.
fn library_version(tree: &Tree, library: NameId) -> Option<&[u8]> {
    let file_name = tree.file_name(library);
    file_name
        .strip_prefix(b"python")
        .or_else(|| file_name.strip_prefix(b"pypy"))
}

fn keep_library(state: &mut State, keep: &mut Keep<'_>, name: NameId, library: NameId) {
    let why = Why::runtime(Language::Python);
    if !adopt_library(state, keep, name, library) {
        let wanted = state.wanted.clone();
        let skip = |tree: &Tree, name| is_left_out_of_library(tree, library, name, &wanted);
        keep_tree(keep, library, name, &why, &skip);
    }
    // `python311.zip` is searched first.
    let tree = keep.tree();
    let digits: Vec<u8> = tree
        .file_name(library)
        .iter()
        .copied()
        .filter(|byte| *byte != b'.')
        .collect();
    if let Some(zip) = tree.child(tree.parent(library), &[&digits[..], b".zip"].concat()) {
        keep.graph.keep(zip, Some(name), why);
    }
}

/// Has only the modules of a library kept that are reached. Extension modules have a directory of
/// their own, which Python searches too.
fn adopt_library(state: &mut State, keep: &Keep<'_>, name: NameId, library: NameId) -> bool {
    // Compiled modules do not show what they import.
    if keep.tree().child(library, b"os.py").is_none() {
        return false;
    }
    let extensions = keep.tree().child(library, b"lib-dynload");
    let mut directories = std::iter::once(library).chain(extensions);
    directories.all(|directory| state.python_modules.adopt_library(directory, name))
}

/// The files of an entry of a standard library, without tests and other leftovers.
pub(super) fn files_of_library_entry(tree: &Tree, entry: NameId) -> Vec<NameId> {
    let library = tree.parent(entry);
    let wanted = Wanted::new();
    let is_optional = |name| {
        let top = top_name(tree.file_name(name));
        let mut optional = OPTIONAL.iter();
        tree.parent(name) == library && optional.any(|module| module.as_bytes() == top)
    };
    let skip: Skip<'_> =
        &|tree, name| !is_optional(name) && is_left_out_of_library(tree, library, name, &wanted);
    if skip(tree, entry) {
        return Vec::new();
    }
    files_below(tree, entry, skip)
}

/// The optional modules of the standard library that nothing asks for.
pub(super) fn unwanted(state: &State) -> BTreeSet<&'static str> {
    let mut unwanted = BTreeSet::new();
    for &module in OPTIONAL {
        if !is_wanted(&state.wanted, module.as_bytes()) {
            unwanted.insert(module);
        }
    }
    unwanted
}

fn is_left_out_of_library(tree: &Tree, library: NameId, name: NameId, wanted: &Wanted) -> bool {
    let file_name = tree.file_name(name);
    if is_left_out(tree, name) {
        return true;
    }
    // Below the top level, only tests and files for Windows are skipped, because every module may
    // import its neighbors.
    if tree.parent(name) != library {
        let is_test = is_plain_file(tree, name)
            && (file_name.starts_with(b"_test") || file_name.starts_with(b"xxl"));
        let is_window = file_name.starts_with(b"_tkinter.") && !is_wanted(wanted, b"tkinter");
        return is_test
            || is_window
            || is_directory_of(tree, name, &["test", "tests"])
            || file_name.ends_with(b".exe");
    }
    let top = file_name.strip_suffix(b".py").unwrap_or(file_name);
    // Packages are kept for separate reasons, one by one.
    matches!(file_name, b"site-packages" | b"dist-packages" | b"tests")
        || (file_name.starts_with(b"config-") && tree.is_directory(name))
        || (OPTIONAL.iter().any(|optional| optional.as_bytes() == top) && !is_wanted(wanted, top))
}

fn is_wanted(wanted: &Wanted, top: &[u8]) -> bool {
    wanted
        .keys()
        .any(|(language, name)| *language == Language::Python && name.as_bytes() == top)
}

/// The files of an entry of a directory of packages, without tests and other leftovers.
pub(super) fn files_of_entry(tree: &Tree, entry: NameId) -> Vec<NameId> {
    if is_left_out(tree, entry) {
        return Vec::new();
    }
    let skip: Skip<'_> = &|tree, name| is_left_out(tree, name) || is_tests(tree, name, entry);
    files_below(tree, entry, skip)
}

/// Whether a file is never opened. A compiled file without its source is only used if it is in the
/// source's location.
pub(super) fn is_left_out(tree: &Tree, name: NameId) -> bool {
    let file_name = tree.file_name(name);
    is_development(tree, name)
        || is_directory_of(tree, name, &["__pycache__"])
        || is_compiled_catalog(tree, name)
        || (is_plain_file(tree, name)
            && [&b".pyi"[..], b".pxd", b".pyx", b".pxi"]
                .iter()
                .any(|suffix| file_name.ends_with(suffix)))
}

/// Keeps the packages that belong to a library.
fn keep_sites(state: &mut State, keep: &mut Keep<'_>, name: NameId, library: NameId) {
    let tree = keep.tree();
    for site in sites(keep, library) {
        let Ok(resolved) = tree.resolve(&site) else {
            continue;
        };
        if tree.is_directory(resolved.name) {
            let why = Why::runtime(Language::Python);
            keep.keep_path(&site, Some(name), why);
            keep_site(state, keep, name, resolved.name);
        }
    }
}

/// The package directories that belong to a library, including Debian's and those of users.
fn sites(keep: &Keep<'_>, library: NameId) -> Vec<Vec<u8>> {
    let tree = keep.tree();
    let version = tree.file_name(library);
    let path = tree.path(library);
    let parent = tree.path(tree.parent(library));
    let mut sites = Vec::new();
    // Debian uses the name `dist-packages` to separate it from the directory of a manually
    // installed Python.
    for directory in [&b"site-packages"[..], b"dist-packages"] {
        sites.push([&path[..], b"/", directory].concat());
        sites.push([&parent[..], b"/python3/", directory].concat());
        sites.push([&b"/usr/local/lib/"[..], version, b"/", directory].concat());
    }
    for base in user_bases(keep) {
        sites.push([&base[..], b"/lib/", version, b"/site-packages"].concat());
    }
    sites
}

/// The base directories in which `pip install --user` installs packages.
fn user_bases(keep: &Keep<'_>) -> Vec<Vec<u8>> {
    let tree = keep.tree();
    let mut bases: Vec<Vec<u8>> = Vec::new();
    if let Ok(homes) = tree.resolve(b"/home") {
        bases.extend(tree.children(homes.name).map(|home| tree.path(home)));
    }
    bases.push(b"/root".to_vec());
    if let Some(home) = keep.view.image.config.env_value("HOME") {
        bases.push(home.as_bytes().to_vec());
    }
    for base in &mut bases {
        base.extend_from_slice(b"/.local");
    }
    bases.extend_from_slice(&keep.path_list("PYTHONUSERBASE"));
    bases
}

/// Keeps the directories and archives in `PYTHONPATH`, which is the same for all Pythons.
fn keep_search_path(state: &mut State, keep: &mut Keep<'_>, name: NameId) {
    let why = Why::runtime(Language::Python);
    // An entry may be a ZIP archive, which is kept unchanged.
    for path in keep.path_list("PYTHONPATH").iter() {
        if let Some(entry) = keep.keep_path(path, Some(name), why.clone())
            && keep.tree().is_directory(entry)
        {
            keep_site(state, keep, name, entry);
        }
    }
}

/// Keeps the virtual environment that a variable activates.
fn keep_active_environment(state: &mut State, keep: &mut Keep<'_>, name: NameId) {
    for path in keep.path_list("VIRTUAL_ENV").iter() {
        if let Ok(resolved) = keep.tree().resolve(path) {
            keep_environment(state, keep, name, resolved.name);
        }
    }
}

/// Keeps the packages in a directory separately, except package installers.
fn keep_site(state: &mut State, keep: &mut Keep<'_>, name: NameId, site: NameId) {
    let tree = keep.tree();
    let is_selected = is_site(tree, site) && state.python_modules.adopt(site, name);
    let unrequested = state.unrequested.of(Language::Python);
    for entry in tree.children(site) {
        let file_name = tree.file_name(entry);
        if unrequested.contains(&entry) {
            continue;
        }
        // Package installers are only needed by source files that import them.
        let by = if is_machinery(file_name) {
            wants_machinery(state)
        } else {
            Some(name)
        };
        let Some(by) = by else { continue };
        // The rest is kept if a source imports it.
        if is_selected && !is_machinery(file_name) {
            continue;
        }
        if is_left_out(tree, entry) {
            continue;
        }
        let module = String::from_utf8_lossy(top_name(file_name)).into_owned();
        let why = Why::module(Language::Python, module);
        let skip: Skip<'_> = &|tree, name| {
            is_left_out(tree, name) || is_tests(tree, name, entry) || unrequested.contains(&name)
        };
        keep_tree(keep, entry, by, &why, skip);
        // An editable package is outside of the directory, which only contains a pointer to it.
        if is_pointer(file_name) {
            keep_pointed_to(keep, entry, site);
        }
        // A wheel lists the files that are installed elsewhere.
        if let Some(record) = tree.child(entry, b"RECORD") {
            keep_recorded(keep, record, site, &why);
        }
    }
}

/// Whether a file adds directories to the search path.
pub(super) fn is_pointer(file_name: &[u8]) -> bool {
    file_name.ends_with(b".pth")
        || (file_name.starts_with(b"__editable__") && file_name.ends_with(b".py"))
}

/// `requests` of `requests-2.28.1.dist-info`, `six` of `six.py`.
fn top_name(file_name: &[u8]) -> &[u8] {
    // The import name ends at the version or at the suffix of the file.
    let end = file_name
        .iter()
        .position(|byte| matches!(byte, b'-' | b'.'))
        .unwrap_or(file_name.len());
    // A hidden file has nothing before its dot.
    if end == 0 {
        file_name
    } else {
        &file_name[..end]
    }
}

pub(super) fn is_machinery(file_name: &[u8]) -> bool {
    let top = top_name(file_name);
    file_name == b"distutils-precedence.pth" || MACHINERY.iter().any(|name| name.as_bytes() == top)
}

/// Whether a name in a package directory is a package installer, or a test, a stub or a header of a
/// package.
pub(super) fn is_left_out_of_site(tree: &Tree, name: NameId) -> bool {
    let parent = tree.parent(name);
    if is_site(tree, parent) {
        return is_machinery(tree.file_name(name));
    }
    ancestors(tree, parent).any(|at| is_site(tree, at))
        && (is_left_out(tree, name) || is_directory_of(tree, name, &["tests"]))
}

/// The source file that requests a package installer; these packages need each other.
fn wants_machinery(state: &State) -> Option<NameId> {
    for &name in MACHINERY {
        // `distutils` in the standard library needs none of the others.
        if name == "distutils" && state.python.has_distutils {
            continue;
        }
        if let Some(&source) = state.wanted.get(&(Language::Python, name)) {
            return Some(source);
        }
    }
    None
}

/// `numpy/linalg/tests`, but not a package with this name.
fn is_tests(tree: &Tree, name: NameId, package: NameId) -> bool {
    name != package && is_directory_of(tree, name, &["tests"])
}

/// Keeps the `tests` that a package imports when it is used: helpers, and sample data.
pub(super) fn keep_imported_tests(keep: &mut Keep<'_>, source: NameId, text: &str) {
    if memchr::memmem::find(text.as_bytes(), b"tests").is_none() {
        return;
    }
    let mut seen = BTreeSet::new();
    for line in text.lines() {
        for module in imported_modules(line) {
            if let Some(tests) = tests_of(keep, source, &module)
                && seen.insert(tests)
            {
                let why = Why::module(Language::Python, module);
                keep_tree(keep, tests, source, &why, &is_left_out);
            }
        }
    }
}

/// The modules that a line imports, with the dots of a relative one: `a.tests`, `..tests.helper`.
fn imported_modules(line: &str) -> Vec<String> {
    let line = line.trim();
    // `importlib.import_module('a.tests.helper')`.
    if let Some((_, call)) = line.split_once("import_module(")
        && let Some((0..=1, module)) = strings(call).next()
    {
        return vec![module.to_owned()];
    }
    if let Some(names) = line.strip_prefix("import ") {
        let names = names
            .split(',')
            .filter_map(|name| name.split_whitespace().next());
        return names.map(str::to_owned).collect();
    }
    let Some((module, names)) = line
        .strip_prefix("from ")
        .and_then(|rest| rest.split_once(" import "))
    else {
        return Vec::new();
    };
    let module = module.trim();
    let mut modules = vec![module.to_owned()];
    // `from a import tests` imports a module too.
    for name in names.split([',', '(', ')']).map(str::trim) {
        if name == "tests" {
            let dot = if module.ends_with('.') { "" } else { "." };
            modules.push(format!("{module}{dot}{name}"));
        }
    }
    modules
}

/// The directory `tests` in the path of a module; `None` if the module is not in such a directory.
fn tests_of(keep: &Keep<'_>, source: NameId, module: &str) -> Option<NameId> {
    let tree = keep.tree();
    let path = module.trim_start_matches('.');
    let dots = module.len() - path.len();
    let mut at = if dots == 0 {
        ancestors(tree, tree.parent(source)).find(|&at| is_site(tree, at))?
    } else {
        ancestors(tree, tree.parent(source)).nth(dots - 1)?
    };
    for part in path.split('.') {
        at = tree.child(at, part.as_bytes())?;
        if part == "tests" && tree.is_directory(at) {
            return Some(at);
        }
    }
    None
}

/// A `.pth` file adds directories, a line each; the finder of an editable package names them as
/// literals.
pub(super) fn keep_pointed_to(keep: &mut Keep<'_>, file: NameId, site: NameId) {
    let Some(bytes) = keep.view.bytes(file).map(|bytes| bytes.to_vec()) else {
        return;
    };
    let text = String::from_utf8_lossy(&bytes);
    let is_path =
        |line: &&str| !line.is_empty() && !line.starts_with('#') && !line.starts_with("import");
    // `site.py` runs the lines that begin with `import` and ignores comments.
    let mut paths: Vec<&str> = text.lines().map(str::trim).filter(is_path).collect();
    if keep.tree().file_name(file).ends_with(b".py") {
        paths = text
            .split(['\'', '"'])
            .filter(|piece| piece.starts_with('/') && !piece.contains('\n'))
            .collect();
    }
    let mut seen = BTreeSet::new();
    for path in paths {
        let Ok(resolved) = keep.tree().resolve_from(site, path.as_bytes()) else {
            continue;
        };
        // Keeping a directory walks it, so it is done once.
        if !seen.insert(resolved.name) {
            continue;
        }
        let why = Why::module(Language::Python, path.to_owned());
        let path = keep.tree().path(resolved.name);
        // A line of `.` would keep everything.
        if resolved.name != NameId::ROOT && resolved.name != site {
            keep_tree_at(keep, &path, file, &why, &is_left_out);
            keep.keep_path(&path, Some(file), why);
        }
    }
}

/// Data files that a distribution installed outside of the package directory:
/// `../../../share/x/y.json,sha256=…,12`.
pub(super) fn keep_recorded(keep: &mut Keep<'_>, record: NameId, site: NameId, why: &Why) {
    const LEFT_OUT: &[&str] = &[
        "/bin/",
        "/include/",
        "/share/man/",
        "/share/doc/",
        "__pycache__",
    ];
    let Some(bytes) = keep.view.bytes(record).map(|bytes| bytes.to_vec()) else {
        return;
    };
    for line in String::from_utf8_lossy(&bytes).lines() {
        let path = line
            .trim_start_matches('"')
            .split(['"', ','])
            .next()
            .unwrap_or_default();
        // Files inside the directory are kept with it; programs and documentation are kept for
        // other reasons or not at all.
        if !path.starts_with("../") || LEFT_OUT.iter().any(|part| path.contains(part)) {
            continue;
        }
        if let Ok(resolved) = keep.tree().resolve_from(site, path.as_bytes()) {
            keep.graph.keep(resolved.name, Some(record), why.clone());
            keep.keep_way(resolved.name, &resolved.crossed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn python_is_recognized_by_the_names_of_programs_and_libraries() {
        for name in [
            "python",
            "python3",
            "python3.11",
            "pypy3",
            "libpython3.11.so.1.0",
            "libpypy3.9-c.so",
        ] {
            assert!(is_python(name.as_bytes()), "{name}");
        }
        for name in [
            "python3-config",
            "python3.11-config",
            "pythonic",
            "libpython",
            "ipython",
        ] {
            assert!(!is_python(name.as_bytes()), "{name}");
        }
        assert_eq!(version(b"libpython3.11.so.1.0"), b"3.11");
        assert_eq!(version(b"python"), b"");
    }

    #[test]
    fn a_distribution_name_ends_before_its_version() {
        assert_eq!(top_name(b"requests-2.28.1.dist-info"), b"requests");
        assert_eq!(top_name(b"six.py"), b"six");
        assert_eq!(top_name(b"_yaml"), b"_yaml");
    }
}
