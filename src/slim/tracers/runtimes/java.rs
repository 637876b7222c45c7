//! Java: the runtime image that a `java` or a `libjvm.so` belongs to.

mod class;
pub(super) mod jar;

use super::{ancestors, is_development, keep_tree};
use crate::image::{NameId, Tree};
use crate::slim::trace::Trace;
use crate::slim::why::{Language, Why};

pub(super) fn is_java(file_name: &[u8]) -> bool {
    matches!(file_name, b"java" | b"libjvm.so" | b"libjli.so")
}

/// What of a home directory programs are run with. `bin` comes by the programs that are called.
const PARTS: &[&str] = &["lib", "conf", "release", "jre"];

/// The home is found as the launcher does it: from its real path up. `jre` is that of a JDK 8.
pub(super) fn keep(trace: &mut Trace<'_>, name: NameId) {
    let tree = trace.tree();
    let is_home = |&directory: &NameId| {
        let has = |part: &[u8]| tree.child(directory, part).is_some();
        has(b"lib") && (has(b"release") || has(b"conf") || has(b"jre") || has(b"bin"))
    };
    // `/usr` looks like one: a home has its library of that name.
    let is_java_home = |directory: &NameId| {
        let path = tree.path(*directory);
        let leads = |rest: &[u8]| tree.resolve(&[&path, rest].concat()).is_ok();
        is_home(directory)
            && (leads(b"/lib/modules")
                || leads(b"/lib/rt.jar")
                || leads(b"/jre/lib/rt.jar")
                || leads(b"/lib/libjava.so"))
    };
    let Some(home) = ancestors(tree, tree.parent(name)).find(is_java_home) else {
        return;
    };
    let why = Why::Runtime {
        language: Language::Java,
    };
    trace.graph.keep(home, Some(name), why.clone());
    for part in PARTS {
        if let Some(part) = tree.child(home, part.as_bytes()) {
            keep_tree(trace, part, name, &why, &is_left_out);
        }
    }
}

/// Sources, the symbols that compilers read, and a cache for heaps of 32 GB and more that Java does
/// without.
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
