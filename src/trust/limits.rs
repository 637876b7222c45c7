//! Limits on the size of files, in bytes: far above what people write, and low enough to be read
//! into memory.

// Files that a search found have lower limits than those that a person named: a repository decides
// on the former, and there can be many.

/// A configuration file.
pub const CONFIG: u64 = 1 << 20;
/// A `.dockerignore`, or all lists such as `.gitignore` that apply to a directory together.
pub const IGNORE_FILE: u64 = 256 << 10;
/// Lines of these. Each may become an automaton of several kilobytes.
pub const IGNORE_LINES: usize = 10_000;
/// One pattern for paths, as no path is longer. The parser of patterns calls itself for every brace
/// inside another.
pub const PATTERN: usize = 4 << 10;
/// The `.git` file of a worktree, which names a directory.
pub const GIT_LINK: u64 = 4 << 10;
/// A Dockerfile that a search found. Naming it raises the limit to [`NAMED_DOCKERFILE`].
pub const FOUND_DOCKERFILE: u64 = 1 << 20;
/// All Dockerfiles that a search found in one directory.
pub const ALL_DOCKERFILES: u64 = 64 << 20;
/// A Dockerfile that was named, or standard input.
pub const NAMED_DOCKERFILE: u64 = 4 << 20;
/// A baseline. 64 MiB are some 300,000 findings.
pub const BASELINE: u64 = 64 << 20;
/// The configuration of an image in a file.
pub const IMAGE_CONFIG: u64 = 16 << 20;
/// A message of an editor, which contains a whole document.
pub const EDITOR_MESSAGE: u64 = 64 << 20;

/// Formats a limit in the largest unit that divides it: `1 MiB`, `256 KiB`.
pub fn shown(limit: u64) -> String {
    match limit {
        _ if limit.is_multiple_of(1 << 20) => format!("{} MiB", limit >> 20),
        _ if limit.is_multiple_of(1 << 10) => format!("{} KiB", limit >> 10),
        _ => format!("{limit} bytes"),
    }
}
