//! Texts of the application, written by the user as opposed to installed by a distribution.

use super::keep::Keep;
use super::language_paths::{is_packaged, is_standard};
use super::shebang;
use super::system_directories::is_application_path;
use crate::image::NameId;
use crate::knowledge::ProgramClass;

/// Whose text a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Owner {
    Application,
    /// A package of a language that the application uses.
    Package,
}

/// The owner of a kept file in which paths and names count; none for files of the distribution, of
/// a standard library, and shell scripts, which have a tracer that understands them.
pub(super) fn owner_of_text(keep: &Keep<'_>, name: NameId, path: &[u8]) -> Option<Owner> {
    if is_standard(path) || is_document(path) || is_shell_script(keep, name) {
        return None;
    }
    if is_packaged(path) {
        return Some(Owner::Package);
    }
    let directory = keep.tree().path(keep.tree().parent(name));
    if is_application_path(&directory) || keep.graph.is_users(name) {
        Some(Owner::Application)
    } else {
        None
    }
}

/// Whether a file is there to be read by people: the paths in it are examples.
fn is_document(path: &[u8]) -> bool {
    const ENDINGS: [&[u8]; 8] = [
        b".css", b".htm", b".html", b".md", b".po", b".rst", b".svg", b".xhtml",
    ];
    ENDINGS.iter().any(|ending| path.ends_with(ending))
}

fn is_shell_script(keep: &Keep<'_>, name: NameId) -> bool {
    if keep.tree().file_name(name).ends_with(b".sh") {
        return true;
    }
    let head = shebang::head(keep.view, name);
    shebang::parse(&head).is_some_and(|line| ProgramClass::PosixShell.contains(line.program_name()))
}
