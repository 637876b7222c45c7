//! Shell scripts: the commands they call, the files they include, the paths they mention.

use crate::image::{Kind, NameId, Tree};
use crate::slim::trace::Trace;
use crate::slim::why::Field;

use super::shebang::file_name;

/// Shells whose scripts are read as bash's are.
const SHELLS: &[&str] = &["sh", "bash", "dash", "ash", "ksh", "mksh", "zsh", "rbash"];

/// Whether a word is a shell's name, or the path of one.
pub(in crate::slim) fn is_shell(word: &str) -> bool {
    SHELLS.contains(&word.rsplit('/').next().unwrap_or_default())
}

/// Whether a name in the tree is that of a shell: a file, or a link.
pub(in crate::slim) fn is_shell_file(tree: &Tree, name: NameId) -> bool {
    let is_program = match &tree.inode(name).kind {
        Kind::File(_) => tree.inode(name).header.mode & 0o111 != 0,
        Kind::Symlink { .. } => true,
        _ => false,
    };
    is_program && SHELLS.iter().any(|shell| shell.as_bytes() == file_name(tree.file_name(name)))
}

pub(super) fn trace(_: &mut Trace<'_>, _: NameId) {}

pub(in crate::slim) fn keep_text(_: &mut Trace<'_>, _: Field, _: &str) {}
