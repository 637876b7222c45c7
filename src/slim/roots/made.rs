//! Files that a `RUN` in the image's own Dockerfile created and no package owns: a model that it
//! fetched, a crontab that it wrote, a browser that it installed. They are the user's like what
//! COPY added.
//!
//! Files created as a side effect of installing packages, caches, and languages installed from an
//! archive are left out. They are listed in tables, and tracers keep the parts that are needed.

use std::collections::{HashMap, HashSet};

use super::copied::SHOWN;
use crate::image::{Config, Kind, NameId, Tree};
use crate::knowledge::{ProgramClass, VariableClass, installed_languages, path_set};
use crate::packages::{Ecosystem, Packages};
use crate::paths::file_name_bytes;
use crate::slim::build_history::BuildHistory;
use crate::slim::keep::Keep;
use crate::slim::keep_rules::wildcard;
use crate::slim::program_kind::is_setuid;
use crate::slim::system_directories::is_system_directory;
use crate::slim::why::{Confidence, Root, Why};

/// Sets of paths that are left out with everything below them, whichever layer created them.
const LEFT_OUT: [&str; 5] = [
    "build-leftovers",
    "built-for-developers",
    "known-caches",
    "language-packages",
    "made-by-packages",
];

/// Keeps these files. `home` is the home directory of the user whom the container runs as.
pub(super) fn keep(keep: &mut Keep<'_>, home: Option<&[u8]>, packages: &Packages) {
    let image = keep.view.image;
    let named = named_directories(&image.tree, &image.config);
    let has_runs = keep.build.own_runs().next().is_some();
    if !has_runs && named.is_empty() {
        return;
    }
    let mut search = Search {
        tree: &image.tree,
        build: keep.build,
        packages,
        left_out: LeftOut::new(),
        named,
        home: home.and_then(|home| Some(image.tree.resolve(home).ok()?.name)),
        installs: installing_layers(&image.tree, packages),
        found: Vec::new(),
        links: Vec::new(),
    };
    search.walk();
    for (name, root) in search.into_found() {
        keep.graph.keep(name, None, Why::Root(root));
    }
}

/// One walk over the tree.
struct Search<'a> {
    tree: &'a Tree,
    build: &'a BuildHistory,
    packages: &'a Packages,
    left_out: LeftOut,
    /// Directories that variables name, with the variable.
    named: HashMap<NameId, String>,
    /// The home directory of the user whom the container runs as.
    home: Option<NameId>,
    /// A row a layer: packages of a distribution were installed in it.
    installs: Vec<bool>,
    found: Vec<(NameId, Root)>,
    links: Vec<NameId>,
}

impl Search<'_> {
    fn walk(&mut self) {
        let tree = self.tree;
        for name in tree.walk() {
            // A reference to a directory applies to everything below it.
            if let Some(variable) = self.named.get(&tree.parent(name)).cloned()
                && tree.is_directory(name)
            {
                self.named.insert(name, variable);
            }
            let is_named = self.named.contains_key(&name);
            let installs = self.installs.get(tree.inode(name).layer) == Some(&true);
            let is_left_out = self.left_out.is_left_out(tree, name, installs, is_named);
            match &tree.inode(name).kind {
                // A log that leads to the standard output is in a directory of logs.
                Kind::Symlink { target } if leads_to_device(target) => self.add(name),
                _ if is_left_out => {}
                Kind::File(_) => self.add(name),
                Kind::Symlink { .. } => self.links.push(name),
                Kind::Directory if is_meant(tree, name) => self.add(name),
                _ => {}
            }
        }
    }

    /// Adds a name that is the user's.
    fn add(&mut self, name: NameId) {
        if let Some(root) = self.root(name) {
            self.found.push((name, root));
        }
    }

    fn root(&self, name: NameId) -> Option<Root> {
        let tree = self.tree;
        let script = self.build.own_run(tree.inode(name).layer);
        let variable = self.named.get(&tree.parent(name));
        // What COPY and ADD added has its own reason.
        if script.is_none() && variable.is_none() || self.is_packaged(name) {
            return None;
        }
        // A program that raises the risk of the image needs a better reason.
        if is_risky(tree, name) {
            return None;
        }
        if let Some(variable) = variable {
            return Some(Root::Variable {
                name: variable.clone(),
            });
        }
        // Programs look for the files of their user in the home directory.
        let confidence = if self.is_at_home(name) {
            Confidence::Likely
        } else {
            Confidence::Possible
        };
        Some(Root::Made {
            by: shown(script?),
            confidence,
        })
    }

    /// Whether a package manager that records its files installed this one.
    fn is_packaged(&self, name: NameId) -> bool {
        let mut owners = self.packages.owners(name);
        // A program of Go or Rust, or an archive of Java, is recorded in itself, even if the user
        // built it, and so is a program without a package manager.
        owners.any(|package| {
            !matches!(
                package.ecosystem,
                Ecosystem::Go | Ecosystem::Cargo | Ecosystem::Maven | Ecosystem::Software
            )
        })
    }

    fn is_at_home(&self, name: NameId) -> bool {
        let mut at = name;
        while at != NameId::ROOT {
            at = self.tree.parent(at);
            if Some(at) == self.home {
                return true;
            }
        }
        false
    }

    /// The names that were found, with the links to them.
    fn into_found(mut self) -> Vec<(NameId, Root)> {
        let mut made: HashSet<NameId> = HashSet::new();
        for (name, _) in &self.found {
            let mut at = *name;
            // A link may lead to a directory of such files.
            while made.insert(at) && at != NameId::ROOT {
                at = self.tree.parent(at);
            }
        }
        for link in std::mem::take(&mut self.links) {
            if self.leads_to_made(link, &made) || is_python_of_environment(self.tree, link) {
                self.add(link);
            }
        }
        self.found
    }

    /// Whether a link leads to what was found, as opposed to a file of a package.
    fn leads_to_made(&self, link: NameId, made: &HashSet<NameId>) -> bool {
        let target = self.tree.resolve(&self.tree.path(link));
        target.is_ok_and(|end| {
            // Directories of the distribution often contain files of the user.
            made.contains(&end.name) && !is_system_directory(self.tree, end.name)
        })
    }
}

/// Maximum number of installed languages that are distinguished from other files created by a RUN;
/// an image has a few. Every name is compared with the patterns of each.
const MAX_LANGUAGES: usize = 200;

/// Paths that are left out with everything below them.
struct LeftOut {
    /// Installed languages that were found.
    languages: usize,
    always: Patterns,
    /// Only left out if the layer installed packages.
    of_installation: Patterns,
    /// Directories that are left out.
    directories: HashSet<NameId>,
    /// Directories in which files of layers that installed packages are left out.
    databases: HashSet<NameId>,
}

impl LeftOut {
    fn new() -> Self {
        let mut always = Patterns::default();
        for set in LEFT_OUT {
            always.add_set(set);
        }
        let mut of_installation = Patterns::default();
        of_installation.add_set("initial-databases");
        Self {
            languages: 0,
            always,
            of_installation,
            directories: HashSet::new(),
            databases: HashSet::new(),
        }
    }

    /// Whether a name is left out. The directories above it must have been checked before.
    /// `installs`: packages were installed in its layer. `is_named`: a variable names it.
    fn is_left_out(&mut self, tree: &Tree, name: NameId, installs: bool, is_named: bool) -> bool {
        let is_database =
            self.databases.contains(&tree.parent(name)) || self.of_installation.matches(tree, name);
        let is_left_out =
            installs && is_database || self.is_left_out_of_any_layer(tree, name, is_named);
        if tree.is_directory(name) {
            if is_database {
                self.databases.insert(name);
            }
            // Another layer may have put something into a directory of a database.
            if is_left_out && !is_database {
                self.directories.insert(name);
            } else {
                self.add_languages(tree, name);
            }
        }
        is_left_out
    }

    fn is_left_out_of_any_layer(&self, tree: &Tree, name: NameId, is_named: bool) -> bool {
        // A variable may name a directory among caches; its contents are kept nevertheless.
        if is_named {
            return is_package_directory(tree, name);
        }
        self.directories.contains(&tree.parent(name)) || self.always.matches(tree, name)
    }

    /// Leaves out the files of the languages that are installed in a directory.
    fn add_languages(&mut self, tree: &Tree, directory: NameId) {
        let path = tree.path(directory);
        // The root's path is a slash already.
        let path = path.strip_suffix(b"/").unwrap_or(&path);
        for language in installed_languages() {
            let mut markers = language.markers.iter();
            let is_there = markers.any(|marker| {
                let first = marker.split('/').next().unwrap_or_default();
                // Most directories lack the first component, which needs no search.
                (first.contains('*') || tree.child(directory, first.as_bytes()).is_some())
                    && !wildcard::expand(tree, &below(path, marker)).is_empty()
            });
            if is_there && self.languages < MAX_LANGUAGES {
                self.languages += 1;
                for pattern in &language.files {
                    self.always.add(below(path, pattern));
                }
            }
        }
    }
}

fn below(directory: &[u8], pattern: &str) -> Vec<u8> {
    [directory, b"/", pattern.as_bytes()].concat()
}

/// Patterns over paths, by their last component.
#[derive(Default)]
struct Patterns {
    plain: HashMap<Vec<u8>, Vec<Vec<u8>>>,
    wild: Vec<Vec<u8>>,
}

impl Patterns {
    fn add_set(&mut self, set: &str) {
        for pattern in path_set(set).expect("the set is in the table") {
            self.add(pattern.as_bytes().to_vec());
        }
    }

    fn add(&mut self, pattern: Vec<u8>) {
        let last = file_name_bytes(&pattern).to_vec();
        if last.contains(&b'*') {
            self.wild.push(pattern);
        } else {
            self.plain.entry(last).or_default().push(pattern);
        }
    }

    fn matches(&self, tree: &Tree, name: NameId) -> bool {
        let file_name = tree.file_name(name);
        let plain = self.plain.get(file_name).into_iter().flatten();
        let wild = self.wild.iter();
        // The path is only built for the few names whose last component matches.
        let wild =
            wild.filter(|pattern| wildcard::matches_name(file_name_bytes(pattern), file_name));
        let mut candidates = plain.chain(wild).peekable();
        if candidates.peek().is_none() {
            return false;
        }
        let path = tree.path(name);
        candidates.any(|pattern| wildcard::matches(pattern, &path))
    }
}

/// The directories that variables name, but for those of the system and of software: what has
/// programs in it is more than data.
fn named_directories(tree: &Tree, config: &Config) -> HashMap<NameId, String> {
    let mut named = HashMap::new();
    for entry in config.env() {
        let Some((variable, value)) = entry.split_once('=') else {
            continue;
        };
        let classes = [
            VariableClass::SearchPath,
            VariableClass::PackageManagerDirectory,
        ];
        let is_other = classes.iter().any(|class| class.contains(variable));
        if is_other || variable == "HOME" || !value.starts_with('/') {
            continue;
        }
        let Ok(resolved) = tree.resolve(value.as_bytes()) else {
            continue;
        };
        let directory = resolved.name;
        if tree.is_directory(directory)
            && directory != NameId::ROOT
            && !is_system_directory(tree, directory)
            && tree.child(directory, b"bin").is_none()
        {
            // Each file below gets the name, which may be a megabyte long.
            named.insert(directory, variable.chars().take(60).collect());
        }
    }
    named
}

fn is_package_directory(tree: &Tree, name: NameId) -> bool {
    let path = tree.path(name);
    let patterns = path_set("language-packages").expect("the set is in the table");
    patterns
        .iter()
        .any(|pattern| wildcard::covers(pattern.as_bytes(), &path))
}

/// A row a layer: whether packages of a distribution have files in it.
fn installing_layers(tree: &Tree, packages: &Packages) -> Vec<bool> {
    let mut installs = Vec::new();
    let list = packages.list.iter();
    for package in list.filter(|package| package.ecosystem.is_distribution()) {
        for &file in &package.files {
            let layer = tree.inode(file).layer;
            if installs.len() <= layer {
                installs.resize(layer + 1, false);
            }
            installs[layer] = true;
        }
    }
    installs
}

/// Whether a file is a shell, a package manager or a setuid program.
fn is_risky(tree: &Tree, name: NameId) -> bool {
    let (inode, file_name) = (tree.inode(name), tree.file_name(name));
    let mut classes = [ProgramClass::Shell, ProgramClass::PackageManager].into_iter();
    let is_program = matches!(inode.kind, Kind::Symlink { .. }) || inode.header.mode & 0o111 != 0;
    is_program && classes.any(|class| class.contains(file_name)) || is_setuid(tree, name)
}

/// Whether the target of a symlink is standard output or similar, which the container runtime
/// provides.
fn leads_to_device(target: &[u8]) -> bool {
    // systemd masks its units by links to `/dev/null`.
    (target.starts_with(b"/dev/") || target.starts_with(b"/proc/")) && target != b"/dev/null"
}

/// Whether a directory is empty and the user's own: packages only create empty directories in
/// directories of the distribution.
fn is_meant(tree: &Tree, directory: NameId) -> bool {
    const OF_USERS: [&[u8]; 4] = [b"home", b"opt", b"root", b"srv"];
    let mut top = directory;
    while tree.parent(top) != NameId::ROOT {
        top = tree.parent(top);
    }
    let is_empty = tree.children(directory).next().is_none();
    is_empty && (!is_system_directory(tree, top) || OF_USERS.contains(&tree.file_name(top)))
}

/// Whether a link is the interpreter of a virtual environment, which is found through it.
fn is_python_of_environment(tree: &Tree, link: NameId) -> bool {
    let environment = tree.parent(tree.parent(link));
    tree.file_name(link).starts_with(b"python")
        && tree.file_name(tree.parent(link)) == b"bin"
        && tree.child(environment, b"pyvenv.cfg").is_some()
}

/// The start of a script, in one line.
fn shown(script: &str) -> String {
    let words: Vec<&str> = script.split_whitespace().collect();
    let text = format!("RUN {}", words.join(" "));
    text.chars().take(SHOWN).collect()
}
