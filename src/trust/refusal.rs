//! Reasons for not reading or writing a file.

use std::fs::FileType;
use std::io;
use std::os::unix::fs::FileTypeExt as _;
use std::path::PathBuf;

use super::limits;

/// The reason; the caller adds the name of the file.
// The sentences start with `it`, so that they can follow both `cannot read X:` and `X is not
// checked:`.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    #[error(transparent)]
    Io(#[from] io::Error),
    #[error("it is {0}, not a regular file")]
    NotRegular(&'static str),
    #[error("it is larger than {}", limits::shown(*.0))]
    TooLarge(u64),
    #[error("it has more than {} lines", limits::IGNORE_LINES)]
    TooManyLines,
    #[error("`{}` is a symlink that points outside `{}`", link.display(), root.display())]
    LeadsOutside { link: PathBuf, root: PathBuf },
    #[error("it is a symlink that points outside `{}`", .0.display())]
    LinkOutside(PathBuf),
    #[error("it is outside `{}`", .0.display())]
    Outside(PathBuf),
    #[error("it is in `.git`")]
    InGit,
    #[error("it is owned by another user")]
    OfOtherUser,
    #[error("it is not UTF-8")]
    NotText,
}

impl From<Refusal> for io::Error {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            // Its kind says more than that of any other error.
            Refusal::Io(error) => error,
            refusal => Self::other(refusal),
        }
    }
}

impl Refusal {
    pub(super) fn of_kind(kind: FileType) -> Self {
        Self::NotRegular(if kind.is_dir() {
            "a directory"
        } else if kind.is_fifo() {
            "a FIFO"
        } else if kind.is_socket() {
            "a socket"
        } else if kind.is_char_device() || kind.is_block_device() {
            "a device"
        } else {
            "a symlink"
        })
    }

    /// Returns true if the file must not be read because of its location or type.
    pub fn is_about_place(&self) -> bool {
        match self {
            // All variants are listed, so that a new one must be classified.
            Self::NotRegular(_)
            | Self::LeadsOutside { .. }
            | Self::LinkOutside(_)
            | Self::Outside(_)
            | Self::InGit
            | Self::OfOtherUser => true,
            Self::Io(_) | Self::TooLarge(_) | Self::TooManyLines | Self::NotText => false,
        }
    }

    /// Returns true if there is no such file.
    pub fn is_missing(&self) -> bool {
        // `file/.gitignore` and `directory/.gitignore` are missing for different reasons.
        matches!(
            self,
            Self::Io(error)
                if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
        )
    }
}
