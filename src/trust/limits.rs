//! Limits on the size of files, in bytes: far above what people write, and small enough for memory.

// Files that a search found have lower limits than files that a person named: the former come from
// a repository, and there can be many.

/// A configuration file.
pub const CONFIG: u64 = 1 << 20;
/// A `.dockerignore`, or all files such as `.gitignore` that apply to a directory together.
pub const IGNORE_FILE: u64 = 256 << 10;
/// Lines of these. Each may be compiled to an automaton of several kilobytes.
pub const IGNORE_LINES: usize = 10_000;
/// A path pattern; no path is longer. The pattern parser is recursive for nested braces.
pub const PATTERN: usize = 4 << 10;
/// The `.git` file of a worktree, which names a directory.
pub const GIT_LINK: u64 = 4 << 10;
/// A Dockerfile that a search found. Naming it raises the limit to [`NAMED_DOCKERFILE`].
pub const FOUND_DOCKERFILE: u64 = 1 << 20;
/// All Dockerfiles that a search found in one directory.
pub const ALL_DOCKERFILES: u64 = 64 << 20;
/// A named Dockerfile or standard input.
pub const NAMED_DOCKERFILE: u64 = 4 << 20;
/// A baseline. 64 MiB are about 300,000 findings.
pub const BASELINE: u64 = 64 << 20;
/// An image configuration in a file.
pub const IMAGE_CONFIG: u64 = 16 << 20;
/// A key for signatures. An Ed25519 key has 119 bytes.
pub const KEY: u64 = 64 << 10;
/// A statement about an image in a file.
pub const STATEMENT: u64 = 64 << 20;
/// A message from an editor, which contains a whole document.
pub const EDITOR_MESSAGE: u64 = 64 << 20;

/// Formats a limit in the largest unit that divides it: `1 MiB`, `256 KiB`.
pub fn shown(limit: u64) -> String {
    match limit {
        _ if limit.is_multiple_of(1 << 20) => format!("{} MiB", limit >> 20),
        _ if limit.is_multiple_of(1 << 10) => format!("{} KiB", limit >> 10),
        _ => format!("{limit} bytes"),
    }
}
