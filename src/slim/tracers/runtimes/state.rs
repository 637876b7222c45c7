//! State that is shared by the languages or kept between names.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::rc::Rc;

use super::unrequested::Unrequested;
use crate::image::NameId;
use crate::slim::modules::node::ModuleGraph;
use crate::slim::modules::python::PythonModules;
use crate::slim::why::Language;

/// Modules that are otherwise skipped but loaded by kept source files, by top-level name, with the
/// first such file.
pub(super) type Wanted = BTreeMap<(Language, &'static str), NameId>;

#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) python: PythonState,
    pub(super) python_modules: PythonModules,
    pub(super) perl: PerlState,
    /// The module graph of Node.
    pub(super) modules: ModuleGraph,
    /// Node packages whose dependencies have been followed.
    pub(super) packages: HashSet<NameId>,
    /// Directories in which every Node source finds packages; none before the first was read.
    pub(super) node_directories: Option<Rc<[Vec<u8>]>>,
    pub(super) wanted: Wanted,
    /// Modules of distribution packages that are left out.
    pub(super) unrequested: Unrequested,
    /// Sources that were looked at.
    pub(super) sources: HashSet<NameId>,
    /// The names of programs on PATH that layers above the base image added; none before the first
    /// source was read.
    pub(super) added_programs: Option<Rc<HashSet<Vec<u8>>>>,
    /// Directories of applications that are kept whole.
    pub(super) applications: HashSet<NameId>,
}

impl State {
    /// Records that a source file loads a module that is otherwise skipped.
    pub(super) fn want(&mut self, language: Language, module: &'static str, source: NameId) {
        self.wanted.entry((language, module)).or_insert(source);
    }
}

/// Names under which Python was found.
#[derive(Clone, Debug, Default)]
pub(super) struct PythonState {
    pub(super) names: BTreeSet<NameId>,
    /// Whether a standard library has `distutils`, which is part of setuptools since Python 3.12.
    pub(super) has_distutils: bool,
}

/// State of Perl.
#[derive(Clone, Debug, Default)]
pub(super) struct PerlState {
    /// Programs and libraries of Perl.
    pub(super) programs: BTreeSet<NameId>,
    /// `@INC`, except the directory of `perl-base`.
    pub(super) directories: BTreeSet<Vec<u8>>,
    /// Source files whose modules have been kept.
    pub(super) sources: BTreeSet<NameId>,
    /// Source files that wait for a Perl.
    pub(super) waiting: BTreeSet<NameId>,
    /// Whether there is Perl code outside of the distribution, which may load any module.
    pub(super) has_application: bool,
}

impl PerlState {
    /// Records a source file, to be analyzed when Perl is found.
    pub(super) fn follow(&mut self, source: NameId, path: &[u8]) {
        const DISTRIBUTIONS: &[&str] = &[
            "/bin/",
            "/sbin/",
            "/usr/bin/",
            "/usr/sbin/",
            "/usr/lib/",
            "/usr/share/",
            "/etc/",
        ];
        let is_distributions = DISTRIBUTIONS
            .iter()
            .any(|directory| path.starts_with(directory.as_bytes()));
        // A program outside of these directories was written for the image and may load modules by
        // computed names.
        self.has_application |= !is_distributions;
        // `perl-base` only loads modules in itself.
        let is_base = memchr::memmem::find(path, b"/perl-base/").is_some();
        if !is_base && !self.sources.contains(&source) {
            self.waiting.insert(source);
        }
    }
}
