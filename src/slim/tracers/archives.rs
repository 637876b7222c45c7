//! The tracer of archives that programs run or unpack: the libraries in them need others, and the
//! Python modules in them start programs, which no file of the image names.

use std::collections::BTreeSet;

use crate::elf::is_elf;
use crate::image::NameId;
use crate::knowledge::Language;
use crate::slim::archive_entries::{
    has_python_modules, needed_by_entries, read_archive, read_entries,
};
use crate::slim::keep::Keep;
use crate::slim::tracer::Tracer;

use super::runtimes::{
    commands_in_package, is_build_time, keep_libraries_of_archive, keep_program,
};

pub(super) struct ArchiveTracer;

impl Tracer for ArchiveTracer {
    fn trace(&mut self, keep: &mut Keep<'_>, name: NameId) {
        if !keep.is_file(name) || !may_be_archive(keep, name) {
            return;
        }
        let read = |bytes: &[u8], left: &mut u64| {
            let libraries = needed_by_entries(bytes, left);
            (libraries, commands(bytes, left), has_python_modules(bytes))
        };
        let Some((libraries, commands, has_modules)) = read_archive(keep, name, read) else {
            return;
        };
        keep_libraries_of_archive(keep, name, &libraries);
        // An archive has no lines.
        for command in commands {
            keep_program(keep, name, &command, 1, false);
        }
        if has_modules {
            let text = "the Python modules in this program are not analyzed: \
                        use `--keep` for the programs and files that they refer to";
            keep.note(Some(name), None, text.to_owned());
        }
    }
}

/// The commands that the Python modules in an archive start. Most of the modules are those of
/// packages, and the others are not told apart.
fn commands(bytes: &[u8], left: &mut u64) -> BTreeSet<String> {
    let mut commands = BTreeSet::new();
    read_entries(bytes, left, is_python_source, |code| {
        commands.extend(commands_in_package(Language::Python, code));
    });
    commands
}

fn is_python_source(path: &[u8]) -> bool {
    path.ends_with(b".py") && !is_build_time(&[&b"/"[..], path].concat())
}

/// Whether a file has the name of an archive, or is a program, to which one may be appended: shiv
/// and pex put a `#!` line before a ZIP file, `PyInstaller` a program before its archive. Archives
/// of Java have their own tracer.
fn may_be_archive(keep: &Keep<'_>, name: NameId) -> bool {
    const ENDINGS: [&[u8]; 6] = [b".zip", b".pyz", b".pex", b".egg", b".whl", b".par"];
    let tree = keep.tree();
    let file_name = tree.file_name(name);
    if ENDINGS.iter().any(|ending| file_name.ends_with(ending)) {
        return true;
    }
    if tree.inode(name).header.mode & 0o111 == 0 || !keep.is_added(name) {
        return false;
    }
    let head = keep.view.head(tree.inode_id(name), 4);
    head.starts_with(b"#!") || is_elf(&head)
}
