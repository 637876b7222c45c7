//! Java: the runtime that a `java` or a `libjvm.so` belongs to.

mod class;
pub(super) mod jar;

use super::directories::{ancestors, is_development, keep_tree};
use super::state::State;
use crate::image::{NameId, Tree};
use crate::slim::keep::Keep;
use crate::slim::why::{Language, Why};

/// Parts of a Java home that are needed to run programs. Files in `bin` are kept when they are
/// called.
const PARTS: &[&str] = &["lib", "conf", "release", "jre"];

/// The home is found like in the launcher: upward from its real path. `jre` is in JDK 8.
pub(super) fn keep(_: &mut State, keep: &mut Keep<'_>, name: NameId) {
    let tree = keep.tree();
    let Some(home) =
        // The launcher finds `libjli.so` and the modules relative to its own path and ignores
        // JAVA_HOME.
        ancestors(tree, tree.parent(name)).find(|&directory| is_java_home(tree, directory))
    else {
        return;
    };
    let why = Why::runtime(Language::Java);
    keep.graph.keep(home, Some(name), why.clone());
    for part in PARTS {
        // The parts depend on the version: Java 9 and later have `conf` and no `jre`.
        if let Some(part) = tree.child(home, part.as_bytes()) {
            keep_tree(keep, part, name, &why, &is_left_out);
        }
    }
}

/// Whether a directory is a Java home: it contains a Java library. `/usr` also has a `lib` and a
/// `bin`.
fn is_java_home(tree: &Tree, directory: NameId) -> bool {
    const BESIDE: [&[u8]; 4] = [b"release", b"conf", b"jre", b"bin"];
    const LIBRARIES: [&[u8]; 4] = [
        b"/lib/modules",
        b"/lib/rt.jar",
        b"/jre/lib/rt.jar",
        b"/lib/libjava.so",
    ];
    let path = tree.path(directory);
    tree.child(directory, b"lib").is_some()
        && BESIDE
            .iter()
            .any(|part| tree.child(directory, part).is_some())
        && LIBRARIES
            .iter()
            .any(|library| tree.resolve(&[&path, *library].concat()).is_ok())
}

/// Sources, the symbols that compilers read, and an optional cache for heaps of 32 GB and more.
fn is_left_out(tree: &Tree, name: NameId) -> bool {
    const LEFT_OUT: &[&[u8]] = &[
        b"src.zip",
        b"ct.sym",
        b"classes_nocoops.jsa",
        b"jawt.lib",
        b"demo",
        b"sample",
        b"man",
        b"docs",
    ];
    is_development(tree, name) || LEFT_OUT.contains(&tree.file_name(name))
}
