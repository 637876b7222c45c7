//! Selection of programs: by name, as a shell finds them, or all programs of a source.

use rayon::prelude::*;

use super::source::Source;
use crate::elf::{Files, Kind};
use crate::image::DEFAULT_PATH;

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProgramError {
    #[error("no such file: `{}`", .0.escape_ascii())]
    Missing(Vec<u8>),
    #[error("program `{}` not found in {}", name.escape_ascii(), path.escape_ascii())]
    NotInPath { name: Vec<u8>, path: Vec<u8> },
}

/// The path of a program: a name with a slash is a path relative to the working directory;
/// otherwise the first match in the colon-separated `PATH`.
pub fn find_program<F: Files>(
    files: &F,
    name: &[u8],
    search: Option<&[u8]>,
    directory: &[u8],
) -> Result<Vec<u8>, ProgramError> {
    if name.contains(&b'/') {
        let path = if name.starts_with(b"/") {
            name.to_vec()
        } else {
            [directory, b"/", name].concat()
        };
        // The executable bit is not checked, because libraries can be named as well.
        return match files.look(&path) {
            Kind::File(_) => Ok(path),
            _ => Err(ProgramError::Missing(path)),
        };
    }
    let search = search.unwrap_or(DEFAULT_PATH.as_bytes());
    for place in search.split(|&byte| byte == b':') {
        let path = [place, b"/", name].concat();
        if let Kind::File(_) = files.look(&path) {
            return Ok(path);
        }
    }
    Err(ProgramError::NotInPath {
        name: name.to_vec(),
        path: search.to_vec(),
    })
}

/// The sorted paths of all programs that request a loader. Libraries that do so too, because they
/// can be executed, are not included.
pub fn all_programs<S: Source>(source: &S) -> Vec<Vec<u8>> {
    source
        .executables()
        .into_par_iter()
        .filter(|path| is_program(source, path))
        .collect()
}

fn is_program<S: Source>(source: &S, path: &[u8]) -> bool {
    let Kind::File(file) = source.look(path) else {
        return false;
    };
    source
        .elf(file)
        // `libc.so.6` has a loader so that it can be run to print its version.
        .is_ok_and(|elf| elf.interpreter.is_some() && elf.soname.is_none())
}
