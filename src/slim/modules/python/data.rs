//! Data of packages: files of a package's directory that are not modules.

use super::index::{Index, is_module_file};
use crate::image::{NameId, Tree};

/// The files in a package's directory that are not modules, and those in its subdirectories that
/// are not packages.
pub(super) fn below(tree: &Tree, index: &Index, directory: NameId) -> Vec<NameId> {
    let mut data = Vec::new();
    let mut stack = vec![directory];
    while let Some(at) = stack.pop() {
        for child in tree.children(at) {
            let file_name = tree.file_name(child);
            if tree.is_directory(child) {
                let is_other = file_name == b"__pycache__" || index.named_data.contains_key(&child);
                if !is_other && !has_modules(tree, index, child) {
                    stack.push(child);
                }
            } else if is_data(file_name) {
                data.push(child);
            }
        }
    }
    data.sort_unstable();
    data
}

/// Whether a directory is a package, with or without `__init__`: it is reached by its name.
fn has_modules(tree: &Tree, index: &Index, directory: NameId) -> bool {
    let listing = index.listing(tree, directory);
    let mut entries = listing.values();
    entries.any(|entry| !entry.files.is_empty())
}

fn is_data(file_name: &[u8]) -> bool {
    const LEFT_OUT: [&str; 9] = [
        ".pyi", ".pxd", ".pyx", ".pxi", ".c", ".cpp", ".h", ".hpp", ".a",
    ];
    let Ok(name) = std::str::from_utf8(file_name) else {
        return true;
    };
    // A library without a tag of Python is a module or is opened by one.
    let is_library =
        file_name.ends_with(b".so") && !name.contains(".cpython-") && !name.contains(".abi");
    if name.starts_with("__init__.") {
        return false;
    }
    (is_library || !is_module_file(name)) && !LEFT_OUT.iter().any(|end| name.ends_with(end))
}
