//! The modules of Python that are reached: the sources, texts and directories
//! that the tracer of the runtime reads, and the modules that it keeps.

use super::directories::keep_tree;
use super::python;
use super::state::State;
use crate::image::{NameId, Tree};
use crate::packages::Packages;
use crate::slim::graph::Step;
use crate::slim::keep::Keep;
use crate::slim::language_paths::{is_standard, site_of};
use crate::slim::modules::python::SiteFiles;
use crate::slim::shebang;
use crate::slim::system_directories::is_application_path;
use crate::slim::tracers::shell;
use crate::slim::why::{Language, Why};

/// Records a kept text of the user, which may name modules.
pub(super) fn trace(state: &mut State, keep: &Keep<'_>, name: NameId) {
    if may_name_modules(keep, name) {
        state.python_modules.add_text(name);
    }
    if is_template(keep, name) {
        state.python_modules.add_template(name);
    }
    if embeds_python(keep, name) {
        state.python_modules.open();
    }
}

/// Keeps the modules that are reached, and everything once it is unknown what is.
pub(super) fn settle(state: &mut State, keep: &mut Keep<'_>, packages: &Packages) {
    let files = SiteFiles {
        is_left_out: &python::is_machinery,
        files_of: &python::files_of_entry,
        files_of_library: &python::files_of_library_entry,
        unwanted: python::unwanted(state),
    };
    let is_open = state.python_modules.settle(keep, packages, &files);
    if is_open {
        python::settle(state, keep);
    }
    keep_deferred(state, keep);
    if state.python_modules.is_open() {
        return;
    }
    for (name, by) in state.python_modules.startup(keep.tree()) {
        let file_name = keep.tree().file_name(name);
        let module = String::from_utf8_lossy(file_name).into_owned();
        let why = Why::module(Language::Python, module);
        keep_tree(keep, name, by, &why, &python::is_left_out);
        if python::is_pointer(file_name) {
            python::keep_pointed_to(keep, name, keep.tree().parent(name));
        }
    }
    for (record, site) in state.python_modules.records() {
        keep_installed_elsewhere(keep, record, site);
    }
}

/// Keeps what a distribution has outside of its directory, and what an editable one points to.
fn keep_installed_elsewhere(keep: &mut Keep<'_>, record: NameId, site: NameId) {
    let tree = keep.tree();
    if let Some(list) = tree.child(tree.parent(record), b"RECORD") {
        let name = String::from_utf8_lossy(tree.file_name(tree.parent(record))).into_owned();
        python::keep_recorded(keep, list, site, &Why::module(Language::Python, name));
    }
}

/// Keeps files that an instruction added to directories of packages that no Python searches, or of
/// which everything is kept.
fn keep_deferred(state: &State, keep: &mut Keep<'_>) {
    // The reasons are likely ones, and a Python is usually found before.
    if keep.deferred.is_empty() || keep.graph.now() < Step::Likely {
        return;
    }
    let is_open = state.python_modules.is_open();
    let mut left = Vec::new();
    for (site, name, root) in std::mem::take(&mut keep.deferred) {
        if is_open || !state.python_modules.is_adopted(site) {
            keep.graph.keep(name, None, Why::Root(root));
        } else {
            left.push((site, name, root));
        }
    }
    keep.deferred = left;
}

/// Whether a file is a program that runs Python itself, with code that is not known. The servers of
/// WSGI applications run that of the image.
fn embeds_python(keep: &Keep<'_>, name: NameId) -> bool {
    let tree = keep.tree();
    let file_name = tree.file_name(name);
    let is_server = [&b"uwsgi"[..], b"mod_wsgi"]
        .iter()
        .any(|server| file_name.starts_with(server));
    if is_server || python::is_python(file_name) || site_of(tree, name).is_some() {
        return false;
    }
    let Ok(elf) = keep.view.elf_of(name) else {
        return false;
    };
    let mut needed = elf.needed.iter();
    needed.any(|library| library.starts_with(b"libpython")) && !is_standard(&tree.path(name))
}

/// Whether a kept file is a configuration file or a script of the user.
fn may_name_modules(keep: &Keep<'_>, name: NameId) -> bool {
    let tree = keep.tree();
    if !keep.is_file(name) {
        return false;
    }
    let file_name = tree.file_name(name);
    let is_text = is_configuration(file_name) || is_shell_script(keep, name);
    is_text && (keep.graph.is_users(name) || is_in_application(tree, name))
}

/// Whether a kept file may be a template of the user's pages or mails.
fn is_template(keep: &Keep<'_>, name: NameId) -> bool {
    const ENDINGS: [&[u8]; 7] = [
        b".djhtml", b".html", b".htm", b".jinja", b".mjml", b".txt", b".xml",
    ];
    let tree = keep.tree();
    let file_name = tree.file_name(name);
    let mut endings = ENDINGS.iter();
    endings.any(|ending| file_name.ends_with(ending))
        && keep.is_file(name)
        && (keep.graph.is_users(name) || is_in_application(tree, name))
        && site_of(tree, name).is_none()
}

fn is_in_application(tree: &Tree, name: NameId) -> bool {
    is_application_path(&tree.path(tree.parent(name)))
}

fn is_shell_script(keep: &Keep<'_>, name: NameId) -> bool {
    if keep.tree().file_name(name).ends_with(b".sh") {
        return true;
    }
    if keep.tree().inode(name).header.mode & 0o111 == 0 {
        return false;
    }
    let head = shebang::head(keep.view, name);
    shebang::parse(&head).is_some_and(|line| {
        let program = line.program_name();
        shell::is_shell(&String::from_utf8_lossy(&program))
    })
}

/// Whether a file name is that of a configuration file. Lists of dependencies name everything that
/// is installed, used or not.
fn is_configuration(file_name: &[u8]) -> bool {
    const ENDINGS: [&str; 13] = [
        ".cfg",
        ".conf",
        ".env",
        ".ini",
        ".json",
        ".properties",
        ".service",
        ".toml",
        ".xml",
        ".yaml",
        ".yml",
        "Procfile",
        "crontab",
    ];
    const LISTS: [&str; 14] = [
        "Pipfile",
        "Pipfile.lock",
        "composer.json",
        "composer.lock",
        "environment.yaml",
        "environment.yml",
        "package-lock.json",
        "package.json",
        "pdm.lock",
        "poetry.lock",
        "pyproject.toml",
        "setup.cfg",
        "tox.ini",
        ".pre-commit-config.yaml",
    ];
    let is_list = LISTS.iter().any(|name| name.as_bytes() == file_name);
    let mut endings = ENDINGS.iter();
    !is_list && endings.any(|ending| file_name.ends_with(ending.as_bytes()))
}
