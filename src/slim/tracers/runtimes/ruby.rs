//! Ruby: its library directories, and whole gems, with their specifications and extensions.

use super::directories::{is_development, is_directory_of, is_plain_file, keep_tree_at};
use super::literals;
use super::state::{State, Wanted};
use crate::elf::Files;
use crate::image::{NameId, Tree};
use crate::slim::keep::Keep;
use crate::slim::why::{Language, Why};

/// Directories in which Ruby looks for gems, in addition to the one next to its libraries.
const GEMS: &[&str] = &[
    "/var/lib/gems",
    "/usr/share/rubygems-integration",
    "/usr/local/bundle",
];

pub(super) fn keep(state: &mut State, keep: &mut Keep<'_>, name: NameId) {
    let Some(bytes) = keep.view.read(keep.tree().inode_id(name)) else {
        return;
    };
    let mut paths = literals::paths(&bytes, b"ruby");
    let libraries: Vec<Vec<u8>> = paths.iter().cloned().collect();
    for path in &libraries {
        paths.extend(gem_directories(path).into_iter().flatten());
    }
    paths.extend(GEMS.iter().map(|path| path.as_bytes().to_vec()));
    for variable in ["RUBYLIB", "GEM_HOME", "GEM_PATH", "BUNDLE_PATH"] {
        paths.extend(keep.path_list(variable).iter().cloned());
    }
    let why = Why::runtime(Language::Ruby);
    let wanted = state.wanted.clone();
    let unrequested = state.unrequested.of(Language::Ruby);
    let skip = |tree: &Tree, name| {
        is_left_out(tree, name) || is_unwanted(tree, name, &wanted) || unrequested.contains(&name)
    };
    for path in paths.into_iter().filter(|path| !is_include(path)) {
        // Parent directories do not count: `/usr/lib/ruby` is the parent of all versions.
        let is_parent = libraries
            .iter()
            .any(|other| other.starts_with(&[&path[..], b"/"].concat()));
        if !is_parent || !is_bare(&path) {
            keep_tree_at(keep, &path, name, &why, &skip);
        }
    }
}

/// The gem directories for a library: `/usr/lib/ruby/gems/3.1.0` for `/usr/lib/ruby/3.1.0`, and
/// Debian's next to `ruby`.
fn gem_directories(library: &[u8]) -> Option<[Vec<u8>; 2]> {
    let mut components = library.rsplit(|&byte| byte == b'/');
    let (version, parent) = (components.next()?, components.next()?);
    // The other paths are extensions and configuration.
    if parent != b"ruby" {
        return None;
    }
    let ruby = &library[..library.len() - version.len()];
    let above = &ruby[..ruby.len() - b"ruby/".len()];
    Some([
        [ruby, b"gems/", version].concat(),
        [above, b"rubygems-integration"].concat(),
    ])
}

/// Gems for development and tests that are included with Ruby.
pub(super) const DEVELOPMENT: &[&str] = &[
    "debug",
    "minitest",
    "power_assert",
    "rbs",
    "test-unit",
    "typeprof",
];

/// The gem's directory, its extension and its specification: `rbs-2.7.0`, `rbs-2.7.0.gemspec`.
fn is_unwanted(tree: &Tree, name: NameId, wanted: &Wanted) -> bool {
    const PARENTS: &[&[u8]] = &[b"gems", b"specifications"];
    let parent = tree.file_name(tree.parent(name));
    // Extensions are in a directory named after the Ruby version.
    let is_listed = PARENTS.contains(&parent) || parent.first().is_some_and(u8::is_ascii_digit);
    let gem = tree.file_name(name);
    is_listed
        && DEVELOPMENT.iter().any(|known| {
            let version = gem
                .strip_prefix(known.as_bytes())
                .and_then(|rest| rest.strip_prefix(b"-"));
            version.is_some_and(|version| version.first().is_some_and(u8::is_ascii_digit))
                // The gem is kept if a source file or a lock file names it.
                && !wanted.contains_key(&(Language::Ruby, *known))
        })
}

fn is_include(path: &[u8]) -> bool {
    // Headers and documentation data are among the paths in Ruby.
    memchr::memmem::find(path, b"/include/").is_some()
        || memchr::memmem::find(path, b"/share/ri").is_some()
}

fn is_bare(path: &[u8]) -> bool {
    path.ends_with(b"/ruby")
}

/// Whether a file of a gem is never loaded: tests, documentation, sources of extensions.
fn is_left_out(tree: &Tree, name: NameId) -> bool {
    // Deeper directories with these names may be modules.
    let is_at_top = tree.file_name(tree.parent(tree.parent(name))) == b"gems";
    let file_name = tree.file_name(name);
    is_development(tree, name)
        || (is_plain_file(tree, name) && file_name.ends_with(b".gem"))
        || (is_directory_of(
            tree,
            name,
            &[
                "test", "tests", "spec", "features", "ext", "doc", "docs", "examples",
            ],
        ) && is_at_top)
        || (is_directory_of(tree, name, &["doc", "build_info", "cache"])
            && is_gem_home(tree, tree.parent(name)))
}

fn is_gem_home(tree: &Tree, directory: NameId) -> bool {
    tree.child(directory, b"specifications").is_some() && tree.child(directory, b"gems").is_some()
}
