//! Verification failures: dependencies that worked in the original image but not with only the kept
//! names.

use std::fmt;

use crate::image::NameId;
use crate::slim::graph::Need;
use crate::slim::why::{Field, Root, Why};

/// A kept name that no longer finds its dependency.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Failure {
    pub at: NameId,
    pub lost: Lost,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lost {
    /// Another file would be found, or none.
    Need(Need),
    /// The target of the symlink.
    Target,
    /// The parent directory.
    Directory,
    /// It was the program of a field of the configuration.
    Program(Field),
    /// It defines the user that the program runs as.
    User(String),
    Workdir,
    /// The original keeps it for this reason, which the second file gives.
    Missing {
        by: Option<Vec<u8>>,
        why: Why,
    },
    /// Its header or content differs between the two images.
    Changed(&'static str),
}

impl fmt::Display for Lost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Need(need) => write!(f, "it can no longer find {need}"),
            Self::Target => f.write_str("the target of the symlink is not kept"),
            Self::Directory => f.write_str("its parent directory is not kept"),
            Self::Program(field) => {
                let program = Root::Program(*field);
                write!(f, "not kept, although it is {program}")
            }
            Self::User(user) => write!(f, "not kept, although it defines the user `{user}`"),
            Self::Workdir => f.write_str("not kept, although it is the working directory"),
            Self::Missing { by: Some(by), why } => {
                write!(f, "missing, but needed by {}: {why}", by.escape_ascii())
            }
            Self::Missing { by: None, why } => write!(f, "missing: {why}"),
            Self::Changed(what) => write!(f, "its {what} differs from the original"),
        }
    }
}
