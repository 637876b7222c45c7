//! Trust boundary: determines which files jettison reads, writes and runs on behalf of a
//! repository.
//!
//! `lint` and `lsp` run on everything that a developer clones, often from a hook. A repository is
//! therefore not trusted: no file in it makes jettison start a program, write a file, or read a
//! file that is not part of it. Every path that is *found* (by a search, or because a file in the
//! repository names it) goes through this module. A path that a person *named*, on the command
//! line, in an environment variable or in a configuration file given with `--config`, is trusted
//! more: it may be anywhere.
//!
//! | | found in a repository | named by a person |
//! |---|---|---|
//! | read | regular files in it, outside `.git` | any file; a symlink to a regular file |
//! | write | nothing | the file itself: a symlink in its place is replaced |
//! | run | nothing | the program; a bare name is looked up on `PATH` |
//!
//! Both are read up to a limit in bytes, see [`limits`]. A symlink of a repository is followed out
//! of it in neither case, as the user who cloned the repository did not choose its target.
//!
//! Other processes may change a repository meanwhile, so files are opened relative to a
//! [`RealDirectory`], below which no symlink is followed.
//!
//! Programs on `PATH` count as named by a person, but only in absolute directories: an empty or
//! relative entry refers to the current directory.
//!
//! Configuration files and similar files are searched for from a directory upward. [`Search`] ends
//! at the root of the repository or at the home directory, and [`is_ours`] excludes files of other
//! users.

// All checks on host paths are here: Clippy forbids `fs::canonicalize` and similar calls elsewhere.
mod cache;
mod child;
mod descend;
mod directory;
mod host_file;
mod launcher;
pub mod limits;
mod owner;
mod program;
mod refusal;
mod search;
mod system;
mod write;

pub use cache::{Key, UserCache};
pub use child::{
    Bounds, ChildError, Finished, GroupWatcher, Unwatched, before_signal_ends, run_watched,
    run_within,
};
pub use descend::{readable_path, real_path};
pub use directory::RealDirectory;
pub use host_file::HostFile;
pub use launcher::{become_program, command, is_started_by_itself, itself};
pub use owner::is_ours;
pub use program::find_program;
pub use refusal::Refusal;
pub use search::{Search, repository_root};
pub use system::{descriptors, open_without_symlinks};
pub use write::{create, replace, write, write_with};
