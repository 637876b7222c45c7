//! Data of packages: files of a package's directory that are not modules.

use super::index::{Index, is_module_file};
use super::names::is_test;
use super::work;
use crate::image::NameId;
use crate::slim::language_paths::is_compiled_catalog;
use crate::slim::view::View;

/// The files in the directory of a module that are not modules, and those in its subdirectories
/// that are not packages.
pub(super) fn beside(view: &View<'_>, index: &Index, module: NameId) -> Vec<NameId> {
    let tree = view.tree();
    let units = index.units_of(module);
    let mut data = Vec::new();
    // Modules below a directory without `__init__` are templates, such as those of a new project:
    // they are copied or run by their paths.
    let mut stack = vec![(tree.parent(module), false)];
    while let Some((at, has_templates)) = stack.pop() {
        for child in tree.children(at) {
            // Each of nested directories that are no packages may be where a module is.
            if !index.work.spend(work::VISIT) {
                return data;
            }
            let file_name = tree.file_name(child);
            if tree.is_directory(child) {
                let is_other = file_name == b"__pycache__" || index.named_data.contains_key(&child);
                if !is_other && (has_templates || !is_package(view, index, child)) {
                    let is_tests = std::str::from_utf8(file_name).is_ok_and(is_test);
                    stack.push((child, !is_tests));
                }
                continue;
            }
            let is_template =
                || has_templates && is_source(file_name) && index.units_of(child) == units;
            if is_data(file_name) && !is_compiled_catalog(tree, child) || is_template() {
                data.push(child);
            }
        }
    }
    data.sort_unstable();
    data
}

fn is_source(file_name: &[u8]) -> bool {
    file_name.ends_with(b".py")
}

/// Whether a directory is a package, which is reached by its name.
fn is_package(view: &View<'_>, index: &Index, directory: NameId) -> bool {
    index.listing(view, directory).contains_key("__init__")
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
