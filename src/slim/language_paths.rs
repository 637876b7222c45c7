//! Directories of language libraries and packages.

use super::graph::Graph;
use super::why::{Because, Root, Why};
use crate::image::{NameId, Tree};

/// Whether a kept file is a module rather than a program, although it may be executable.
pub(super) fn is_module(tree: &Tree, graph: &Graph, name: NameId) -> bool {
    let mut reasons = graph.reasons(name).iter();
    // `pip` and `gem` make modules executable, and many have a `#!` line for tests that are never
    // run.
    is_library(tree, name) && reasons.all(|reason| is_reason_to_load(&reason.why))
}

/// Whether a file with this reason is loaded or read; nothing shows that it is started.
fn is_reason_to_load(why: &Why) -> bool {
    match why {
        Why::Runtime { .. }
        | Why::Module { .. }
        | Why::Root(Root::Made { .. })
        | Why::Imported(_)
        | Why::ModuleNamed(_)
        | Why::PluginsOf(_)
        | Why::Reads { .. }
        | Why::Requirement { .. }
        | Why::PackageData { .. }
        | Why::PackagePart { .. }
        | Why::PackageAddon { .. }
        | Why::Computed { .. } => true,
        // A text names its directory.
        Why::Rule { because, .. } => {
            matches!(because, Because::Word { .. } | Because::Mention { .. })
        }
        _ => false,
    }
}

/// Whether a file is in a directory of language libraries or packages.
pub(super) fn is_library(tree: &Tree, name: NameId) -> bool {
    let path = tree.path(name);
    is_standard(&path) || is_packaged(&path)
}

/// Whether a path is in a language's standard library.
pub(super) fn is_standard(path: &[u8]) -> bool {
    let is_packaged = ["/site-packages/", "/dist-packages/", "/gems/"]
        .iter()
        .any(|part| contains(path, part));
    let is_library = [
        "/lib/python3",
        "/lib64/python3",
        "/lib/pypy",
        "/perl-base/",
        "/perl/5.",
        "/lib/ruby/",
    ];
    // Packages are installed below the standard library, but are not part of it.
    !is_packaged && is_library.iter().any(|part| contains(path, part))
}

/// Whether a path belongs to an installed third-party package.
pub(super) fn is_packaged(path: &[u8]) -> bool {
    const PARTS: &[&str] = &[
        "/site-packages/",
        "/dist-packages/",
        "/node_modules/",
        "/share/nodejs/",
        "/gems/",
        "/vendor_ruby/",
        "/perl5/",
        "/share/perl/",
        "/share/php/",
        "/share/lua/",
        "/vendor/",
    ];
    PARTS.iter().any(|part| contains(path, part))
}

/// The outermost directory of Python packages around a name.
pub(super) fn site_of(tree: &Tree, name: NameId) -> Option<NameId> {
    let mut site = None;
    let mut at = name;
    while at != NameId::ROOT {
        at = tree.parent(at);
        if is_site(tree, at) {
            site = Some(at);
        }
    }
    site
}

/// Whether a directory contains Python packages.
pub(super) fn is_site(tree: &Tree, directory: NameId) -> bool {
    matches!(
        tree.file_name(directory),
        b"site-packages" | b"dist-packages"
    )
}

/// Whether a file has translations that were compiled: `django.po` next to `django.mo`.
pub(super) fn is_compiled_catalog(tree: &Tree, name: NameId) -> bool {
    let Some(stem) = tree.file_name(name).strip_suffix(b".po") else {
        return false;
    };
    let compiled = [stem, b".mo"].concat();
    tree.child(tree.parent(name), &compiled).is_some()
}

/// Whether a path contains a part.
pub(super) fn contains(path: &[u8], part: &str) -> bool {
    memchr::memmem::find(path, part.as_bytes()).is_some()
}
