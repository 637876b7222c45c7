//! Which programs: those that are named, as a shell would find them, or all there are.

use rayon::prelude::*;

use super::source::Source;
use crate::elf::{Files, Kind};
use crate::image::DEFAULT_PATH;

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProgramError {
    #[error("there is no file `{}`", .0.escape_ascii())]
    Missing(Vec<u8>),
    #[error("there is no program `{}` in {}", name.escape_ascii(), path.escape_ascii())]
    NotInPath { name: Vec<u8>, path: Vec<u8> },
}

/// The path of a program: with a slash it is one, from the working directory; otherwise the first
/// in `PATH`, which is a colon list.
pub fn find_program<F: Files>(
    files: &F,
    name: &[u8],
    search: Option<&[u8]>,
    directory: &[u8],
) -> Result<Vec<u8>, ProgramError> {
    let is_file = |path: &Vec<u8>| matches!(files.look(path), Kind::File(_));
    let below = |directory: &[u8], name: &[u8]| [directory, b"/", name].concat();
    if name.contains(&b'/') {
        let path = if name.starts_with(b"/") {
            name.to_vec()
        } else {
            below(directory, name)
        };
        return if is_file(&path) {
            Ok(path)
        } else {
            Err(ProgramError::Missing(path))
        };
    }
    let search = search.unwrap_or(DEFAULT_PATH.as_bytes());
    let found = search
        .split(|&byte| byte == b':')
        .map(|place| below(place, name))
        .find(is_file);
    found.ok_or_else(|| ProgramError::NotInPath {
        name: name.to_vec(),
        path: search.to_vec(),
    })
}

/// The paths of all programs that ask for a loader, sorted. Libraries that do so too, since they
/// can be started, are left out.
pub fn all_programs<S: Source>(source: &S) -> Vec<Vec<u8>> {
    let is_program = |path: &Vec<u8>| {
        let Kind::File(file) = source.look(path) else {
            return false;
        };
        source
            .elf(file)
            .is_ok_and(|elf| elf.interpreter.is_some() && elf.soname.is_none())
    };
    source
        .executables()
        .into_par_iter()
        .filter(is_program)
        .collect()
}
