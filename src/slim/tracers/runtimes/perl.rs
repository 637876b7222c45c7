//! Perl: the directories of `@INC`, with the extensions below their `auto`.

use std::collections::BTreeMap;

use super::{is_development, is_directory_of, is_plain_file, keep_tree_at, literals, path_list};
use crate::elf::Files;
use crate::image::{NameId, Tree};
use crate::slim::trace::Trace;
use crate::slim::why::{Language, Why};

pub(super) fn is_perl(file_name: &[u8]) -> bool {
    file_name == b"perl" || file_name.starts_with(b"perl5") || file_name.starts_with(b"libperl.so")
}

/// `@INC` is built into the program, or into its library.
pub(super) fn keep(trace: &mut Trace<'_>, name: NameId) {
    let Some(bytes) = trace.view.read(trace.tree().inode_id(name)) else { return };
    let paths = literals::paths(&bytes, b"perl");
    let own = path_list(trace, "PERL5LIB");
    let why = Why::Runtime { language: Language::Perl };
    let wanted = trace.runtimes.wanted.clone();
    let skip = |tree: &Tree, name| is_left_out(tree, name) && !is_wanted(tree, name, &wanted);
    for path in paths.into_iter().chain(own) {
        // Not `/usr/lib/perl`, say, nor the debugging data of `/usr/lib/debug`.
        if !path.starts_with(b"/usr/lib/debug/") {
            keep_tree_at(trace, &path, name, &why, &skip);
        }
    }
}

/// Modules with which Debian configures and installs packages.
pub(super) const MACHINERY: &[&str] = &["Debconf", "Dpkg", "DebianNet", "CPAN", "CPANPLUS", "Devel", "ExtUtils"];

fn is_left_out(tree: &Tree, name: NameId) -> bool {
    let file_name = tree.file_name(name);
    is_development(tree, name)
        || (is_plain_file(tree, name) && file_name.ends_with(b".pod"))
        || is_directory_of(tree, name, &["CORE"])
        || is_directory_of(tree, name, MACHINERY)
}

fn is_wanted(tree: &Tree, name: NameId, wanted: &BTreeMap<(Language, &'static str), NameId>) -> bool {
    let file_name = tree.file_name(name);
    wanted.keys().any(|(language, top)| *language == Language::Perl && top.as_bytes() == file_name)
}
