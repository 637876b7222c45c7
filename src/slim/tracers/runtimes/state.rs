//! State that the languages share, or keep between names.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use crate::image::NameId;
use crate::slim::why::Language;

/// Modules that kept sources load and that are left out otherwise, by their top name; and the
/// first such source.
pub(super) type Wanted = BTreeMap<(Language, &'static str), NameId>;

#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) python: PythonState,
    pub(super) perl: PerlState,
    /// Node packages whose dependencies were followed.
    pub(super) packages: HashSet<NameId>,
    pub(super) wanted: Wanted,
    /// Sources that were looked at.
    pub(super) sources: HashSet<NameId>,
    /// The names of programs on PATH that layers above the base image added; none before the first
    /// source was read.
    pub(super) added_programs: Option<HashSet<Vec<u8>>>,
    /// Directories of applications that are kept whole.
    pub(super) applications: HashSet<NameId>,
}

impl State {
    /// Remembers that a source loads a module that is left out otherwise.
    pub(super) fn want(&mut self, language: Language, module: &'static str, source: NameId) {
        self.wanted.entry((language, module)).or_insert(source);
    }
}

/// Names under which Python was met.
#[derive(Clone, Debug, Default)]
pub(super) struct PythonState {
    pub(super) names: BTreeSet<NameId>,
    /// Whether a standard library has `distutils`, which comes with setuptools since Python 3.12.
    pub(super) has_distutils: bool,
}

/// State of Perl.
#[derive(Clone, Debug, Default)]
pub(super) struct PerlState {
    /// Perl, by its program or its library.
    pub(super) programs: BTreeSet<NameId>,
    /// `@INC`, but for the directory of `perl-base`.
    pub(super) directories: BTreeSet<Vec<u8>>,
    /// Sources whose modules were kept.
    pub(super) sources: BTreeSet<NameId>,
    /// Sources that wait for a Perl.
    pub(super) waiting: BTreeSet<NameId>,
    /// Something in Perl that is no part of the distribution: it may load any module.
    pub(super) has_application: bool,
}

impl PerlState {
    /// Remembers a source, to be looked at when Perl is found.
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
        // A program outside of these directories was written for the image, and may load modules by
        // computed names.
        self.has_application |= !is_distributions;
        // All that `perl-base` loads is in it.
        let is_base = memchr::memmem::find(path, b"/perl-base/").is_some();
        if !is_base && !self.sources.contains(&source) {
            self.waiting.insert(source);
        }
    }
}
