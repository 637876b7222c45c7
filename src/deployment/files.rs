//! Other files that a deployment refers to.

use std::path::Path;

use crate::source::Source;

/// Access to the files that a deployment refers to. The caller decides which of them may be read:
/// usually those of the repository.
pub trait Files {
    fn read(&self, path: &Path) -> Result<Source, Unreadable>;
}

/// The reason why a file is not read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unreadable {
    Missing,
    /// The text is not in a directory, so that nothing is known of other files.
    Unknown,
    /// As the end of a sentence: "it is larger than 1 MiB".
    Refused(String),
}

/// No access to other files, for a text that is not in a directory.
#[derive(Debug)]
pub struct NoFiles;

impl Files for NoFiles {
    fn read(&self, _: &Path) -> Result<Source, Unreadable> {
        Err(Unreadable::Unknown)
    }
}
