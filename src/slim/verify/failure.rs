//! Differences between what worked in the whole image and what works among the kept names.

use std::fmt;

use crate::image::NameId;
use crate::slim::graph::Need;
use crate::slim::why::Field;

/// A kept name that no longer finds what it found.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Failure {
    pub at: NameId,
    pub lost: Lost,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lost {
    /// It would be another file, or none.
    Need(Need),
    /// The target of the link.
    Target,
    /// The directory it is in.
    Directory,
    /// The program of a field of the configuration, which this was.
    Program(Field),
    /// The user whom the program runs as is in it.
    User(String),
    Workdir,
    /// Its header or its content differs between two images.
    Changed(&'static str),
}

impl fmt::Display for Lost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Need(need) => write!(f, "it can no longer find {need}"),
            Self::Target => f.write_str("the target of the symlink is not kept"),
            Self::Directory => f.write_str("its parent directory is not kept"),
            Self::Program(field) => write!(f, "not kept, although it is the {field} program"),
            Self::User(user) => write!(f, "not kept, although it defines the user `{user}`"),
            Self::Workdir => f.write_str("not kept, although it is the working directory"),
            Self::Changed(what) => write!(f, "its {what} differs from the original"),
        }
    }
}
