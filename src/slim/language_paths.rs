//! Directories in which languages have their libraries and packages.

use super::graph::Graph;
use super::why::Why;
use crate::image::{NameId, Tree};

/// Whether a kept file is there to be loaded, and not to be started, though it may be marked as a
/// program.
pub(super) fn is_module(tree: &Tree, graph: &Graph, name: NameId) -> bool {
    let mut reasons = graph.reasons(name).iter();
    // `pip` and `gem` mark modules as executable, and many have a `#!` line for tests that nobody
    // runs.
    is_library(tree, name)
        && reasons.all(|reason| matches!(reason.why, Why::Runtime { .. } | Why::Module { .. }))
}

/// Whether a file is where languages have their libraries and packages.
pub(super) fn is_library(tree: &Tree, name: NameId) -> bool {
    let path = tree.path(name);
    is_standard(&path) || is_packaged(&path)
}

/// Part of a language's own library.
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
    // Packages are installed below the standard library, but they are not part of it.
    !is_packaged && is_library.iter().any(|part| contains(path, part))
}

/// Somebody else's, installed with a package.
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

/// Whether a path has a part.
pub(super) fn contains(path: &[u8], part: &str) -> bool {
    memchr::memmem::find(path, part.as_bytes()).is_some()
}
