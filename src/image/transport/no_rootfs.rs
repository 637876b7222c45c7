//! Stub for root file systems where they are not supported: their reader and writer use calls of
//! Linux, and other systems have other attributes and kinds of files.

use std::io;
use std::path::{Path, PathBuf};

use crate::image::Image;
use crate::image::error::{ReadError, WriteError};
use crate::image::limits::Limits;
use crate::image::progress::Progress;
use crate::image::tree::Tree;
use crate::image::write::Selection;

fn unsupported() -> io::Error {
    io::Error::new(
        io::ErrorKind::Unsupported,
        "root file systems are only supported on Linux",
    )
}

pub(in crate::image) fn open(
    root: &Path,
    _left_out: &[PathBuf],
    _limits: &Limits,
) -> Result<(Tree, u64), ReadError> {
    Err(ReadError::io(root)(unsupported()))
}

pub(in crate::image) fn write(
    _image: &Image,
    _selection: &Selection,
    destination: &Path,
    _progress: &dyn Progress,
) -> Result<u64, WriteError> {
    Err(WriteError::Io {
        path: destination.to_owned(),
        source: unsupported(),
    })
}
