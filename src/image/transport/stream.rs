//! `-`, standard input and output, and pipes that are named as files.
//!
//! An archive is read from many places, so a stream is copied to a temporary file first.

use std::fs::File;
use std::io::{self, IsTerminal, Read, Write};
use std::path::Path;

use crate::image::blob::Blob;
use crate::image::error::{ReadError, WriteError};
use crate::image::progress::Progress;

pub(in crate::image) const STANDARD_INPUT: &str = "standard input";

pub(in crate::image) fn standard_input(
    limit: u64,
    progress: &dyn Progress,
) -> Result<Blob, ReadError> {
    let (stdin, path) = (io::stdin(), Path::new(STANDARD_INPUT));
    // Nobody types an archive, so reading from a terminal would only appear to hang.
    if stdin.is_terminal() {
        return Err(ReadError::NotAnImage {
            path: path.to_owned(),
            reason: "it is a terminal",
        });
    }
    spooled(stdin.lock(), path, limit, progress)
}

/// Copies a stream to an unlinked temporary file. Errors name the path.
pub(in crate::image) fn spooled(
    mut input: impl Read,
    path: &Path,
    limit: u64,
    progress: &dyn Progress,
) -> Result<Blob, ReadError> {
    let name = path.display().to_string();
    let mut file = tempfile::tempfile().map_err(ReadError::spool(&name))?;
    // The size is unknown, so the bar has no end.
    progress.start("reading a stream", 0);
    let mut chunk = vec![0; 1 << 20];
    let mut size = 0;
    loop {
        let count = match input.read(&mut chunk) {
            Ok(0) => return Blob::spooled(file).map_err(ReadError::spool(&name)),
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(ReadError::io(path)(error)),
        };
        size += count as u64;
        // The writer may never stop, and the disk is full before it does.
        if size > limit {
            return Err(ReadError::Limit {
                blob: name,
                what: "bytes",
                limit,
                flag: Some("--max-size"),
            });
        }
        file.write_all(&chunk[..count])
            .map_err(ReadError::spool(&name))?;
        progress.advance(count as u64);
    }
}

/// Writes an archive that is complete.
pub(in crate::image) fn to_standard_output(mut file: File) -> Result<(), WriteError> {
    let path = Path::new("standard output");
    let mut stdout = io::stdout().lock();
    // An archive would garble the terminal, so this is surely a mistake.
    if stdout.is_terminal() {
        return Err(WriteError::NotAFile {
            path: path.to_owned(),
        });
    }
    io::copy(&mut file, &mut stdout)
        .and_then(|_| stdout.flush())
        .map_err(WriteError::io(path))
}
