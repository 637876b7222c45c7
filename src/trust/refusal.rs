//! Why a file is not read or written.

use std::fs::FileType;
use std::io;
use std::os::unix::fs::FileTypeExt as _;
use std::path::PathBuf;

use super::limits;

/// The reason; whoever asked says for which file.
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
    #[error("`{}` is a symlink that leads out of `{}`", link.display(), root.display())]
    LeadsOutside { link: PathBuf, root: PathBuf },
    #[error("it is a symlink that leads out of `{}`", .0.display())]
    LinkOutside(PathBuf),
    #[error("it lies outside `{}`", .0.display())]
    Outside(PathBuf),
    #[error("it lies in `.git`")]
    InGit,
    #[error("it is not UTF-8")]
    NotText,
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

    /// Whether the file is not part of what may be read, be it readable or not.
    pub fn is_about_place(&self) -> bool {
        match self {
            Self::NotRegular(_)
            | Self::LeadsOutside { .. }
            | Self::LinkOutside(_)
            | Self::Outside(_)
            | Self::InGit => true,
            Self::Io(_) | Self::TooLarge(_) | Self::TooManyLines | Self::NotText => false,
        }
    }

    /// Whether there is no such file.
    pub fn is_missing(&self) -> bool {
        matches!(
            self,
            Self::Io(error)
                if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
        )
    }
}
