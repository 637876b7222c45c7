//! Modules of distribution packages that nothing requests, for interpreters whose code is unknown.
//!
//! An interpreter without a source in the image may load any module, but a distribution installs
//! many modules for its own programs. Those are kept only for packages that a `RUN` instruction
//! names, for packages that the interpreter or a kept source belongs to, and for the dependencies
//! of all these.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::rc::Rc;

use super::directories::is_directory_of;
use crate::image::{NameId, Tree};
use crate::packages::Packages;
use crate::slim::build_history::BuildHistory;
use crate::slim::keep::Keep;
use crate::slim::why::Language;

/// How often the modules of a language are selected. Each time takes a walk over the image, and
/// kept modules may request more packages.
const MAX_ROUNDS: usize = 16;

/// Unrequested modules, by language.
#[derive(Debug, Default)]
pub(super) struct Unrequested {
    languages: BTreeMap<Language, Modules>,
}

/// The modules of one language.
#[derive(Debug, Default)]
struct Modules {
    /// Files that are not kept, and directories that contain no other files.
    names: Rc<HashSet<NameId>>,
    /// The interpreter, and kept sources that the distribution owns or the user added.
    requesters: BTreeSet<NameId>,
    /// The packages whose modules are kept, as rows of the list.
    requested: HashSet<usize>,
    /// The number of requesters that were checked.
    checked: usize,
    rounds: usize,
}

impl Unrequested {
    /// Selects the modules of a language whose interpreter runs unknown code.
    pub(super) fn add(
        &mut self,
        keep: &Keep<'_>,
        packages: &Packages,
        language: Language,
        program: NameId,
    ) {
        if !records_dependencies(packages, program) {
            return;
        }
        let mut modules = Modules::default();
        modules.requesters.insert(program);
        modules.select(keep, packages);
        self.languages.insert(language, modules);
    }

    /// The names that are left out for a language; empty for one whose code is known.
    pub(super) fn of(&self, language: Language) -> Rc<HashSet<NameId>> {
        let modules = self.languages.get(&language);
        modules
            .map(|modules| Rc::clone(&modules.names))
            .unwrap_or_default()
    }

    /// Records a kept source, which may load modules.
    pub(super) fn request(&mut self, language: Language, source: NameId) {
        if let Some(modules) = self.languages.get_mut(&language) {
            modules.requesters.insert(source);
        }
    }

    /// Selects the modules again if there are new sources. Returns true if it did.
    pub(super) fn update(&mut self, keep: &Keep<'_>, packages: &Packages) -> bool {
        let mut is_changed = false;
        for modules in self.languages.values_mut() {
            if !modules.names.is_empty() && modules.has_new_package(packages) {
                modules.select(keep, packages);
                is_changed = true;
            }
        }
        is_changed
    }
}

impl Modules {
    /// Whether a new source belongs to a package whose modules are not kept yet, or to none. Most
    /// new sources are the kept modules themselves.
    fn has_new_package(&mut self, packages: &Packages) -> bool {
        if std::mem::replace(&mut self.checked, self.requesters.len()) == self.requesters.len() {
            return false;
        }
        for &requester in &self.requesters {
            let rows = distribution_rows(packages, requester);
            if rows.is_empty() || rows.iter().any(|row| !self.requested.contains(row)) {
                return true;
            }
        }
        false
    }

    fn select(&mut self, keep: &Keep<'_>, packages: &Packages) {
        self.rounds += 1;
        let mut rows = named_in_runs(keep.tree(), keep.build, packages);
        for &requester in &self.requesters {
            let owners = distribution_rows(packages, requester);
            // A source of the user, or of a package that `pip` or `gem` installed, may load
            // everything.
            if owners.is_empty() || self.rounds > MAX_ROUNDS {
                self.names = Rc::default();
                return;
            }
            rows.extend(owners);
        }
        self.requested = with_dependencies(packages, rows);
        self.names = Rc::new(unrequested(keep.tree(), packages, &self.requested));
    }
}

/// Whether the package manager that installed a program records dependencies by name. Without
/// them, the modules that the interpreter itself needs are unknown.
fn records_dependencies(packages: &Packages, program: NameId) -> bool {
    let Some(&row) = distribution_rows(packages, program).first() else {
        return false;
    };
    let ecosystem = packages.list[row].ecosystem;
    let mut list = packages.list.iter();
    list.any(|package| package.ecosystem == ecosystem && !package.depends.is_empty())
}

/// The distribution packages that a file belongs to, as rows of the list.
fn distribution_rows(packages: &Packages, name: NameId) -> Vec<usize> {
    let mut rows = packages.owner_rows(name).to_vec();
    rows.retain(|&row| packages.list[row].ecosystem.is_distribution());
    rows
}

/// The packages that a `RUN` of the image's own Dockerfile installed and names. A word is enough,
/// whatever the command: the layer of the instruction must contain a file of the package.
fn named_in_runs(tree: &Tree, build: &BuildHistory, packages: &Packages) -> BTreeSet<usize> {
    let mut words: HashMap<usize, HashSet<&str>> = HashMap::new();
    let mut named = BTreeSet::new();
    for (row, package) in packages.list.iter().enumerate() {
        if !package.ecosystem.is_distribution() {
            continue;
        }
        let mut layers = BTreeSet::new();
        for &file in &package.files {
            layers.insert(tree.inode(file).layer);
        }
        for layer in layers {
            let Some(script) = build.own_run(layer) else {
                continue;
            };
            let words = words.entry(layer).or_insert_with(|| words_of(script));
            if words.contains(package.name.as_str()) {
                named.insert(row);
            }
        }
    }
    named
}

/// The words of a script, without the versions and architectures of packages: `python3-yaml=6.0`,
/// `libmagic1:amd64`, `py3-yaml>5`.
fn words_of(script: &str) -> HashSet<&str> {
    let mut words = HashSet::new();
    let separators = "'\"`\\;&|,(){}$=:<>";
    for word in script.split(|char: char| char.is_whitespace() || separators.contains(char)) {
        let end = word.find(['/', '~']);
        words.insert(&word[..end.unwrap_or(word.len())]);
    }
    words
}

/// These packages, those from the same sources, and the dependencies of all of them. `perl-base`
/// contains the interpreter, and `perl-modules`, from the same source, its standard library.
fn with_dependencies(packages: &Packages, rows: BTreeSet<usize>) -> HashSet<usize> {
    let mut by_name: HashMap<&str, Vec<usize>> = HashMap::new();
    let mut by_source: HashMap<&str, Vec<usize>> = HashMap::new();
    for (row, package) in packages.list.iter().enumerate() {
        if package.ecosystem.is_distribution() {
            by_name.entry(&package.name).or_default().push(row);
            by_source
                .entry(package.source_name())
                .or_default()
                .push(row);
        }
    }
    let mut found = HashSet::new();
    let mut stack = Vec::new();
    // Each name is removed at its first use, because thousands of packages may have the same one.
    for row in rows {
        let siblings = by_source.remove(packages.list[row].source_name());
        stack.extend(siblings.into_iter().flatten());
    }
    while let Some(row) = stack.pop() {
        if !found.insert(row) {
            continue;
        }
        for name in &packages.list[row].depends {
            let dependencies = by_name.remove(name.as_str());
            stack.extend(dependencies.into_iter().flatten());
        }
    }
    found
}

/// The files of the other distribution packages, and the directories that contain nothing else.
/// An empty directory would be a package for Python.
fn unrequested(tree: &Tree, packages: &Packages, requested: &HashSet<usize>) -> HashSet<NameId> {
    let mut left_out = HashSet::new();
    let mut with_left_out = HashSet::new();
    let mut with_others = HashSet::new();
    for name in tree.walk() {
        // Compiled files belong to no package, and they are not kept.
        if tree.is_directory(name) || is_directory_of(tree, tree.parent(name), &["__pycache__"]) {
            continue;
        }
        let rows = distribution_rows(packages, name);
        let is_left_out = !rows.is_empty() && rows.iter().all(|row| !requested.contains(row));
        let directories = if is_left_out {
            left_out.insert(name);
            &mut with_left_out
        } else {
            &mut with_others
        };
        let mut at = tree.parent(name);
        while directories.insert(at) && at != NameId::ROOT {
            at = tree.parent(at);
        }
    }
    left_out.extend(with_left_out.difference(&with_others).copied());
    left_out
}

#[cfg(test)]
mod tests {
    use super::words_of;

    #[test]
    fn a_package_is_named_without_its_version_or_architecture() {
        let words =
            words_of("apt-get install -y 'python3-yaml=6.0' libmagic1:amd64; apk add py3-x>5");
        for word in ["python3-yaml", "libmagic1", "py3-x"] {
            assert!(words.contains(word), "{word}");
        }
        assert!(!words.contains("yaml"));
    }
}
