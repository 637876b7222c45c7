//! Dockerfiles in git's index: the texts that a commit would contain, not those of the working
//! tree.
//!
//! A repository's `.git/config` may come from someone else: in an archive, on a shared disk, or in
//! a bare repository inside another one. Several of its keys name programs, so only plumbing
//! commands that run no programs are used, and the keys that affect plumbing are disabled:
//!
//! - `core.fsmonitor` is run whenever the index is read;
//! - a missing object is fetched from the remote of a partial clone, by `core.sshCommand`,
//!   `remote.*.uploadpack`, a remote helper such as `ext::`, or over the network;
//! - a bare repository is used only if `GIT_DIR` names it.
//!
//! Aliases, pagers, hooks, `diff.external`, `textconv` and filters are not run by `diff-index`,
//! `hash-object --stdin` and `cat-file --batch`: they compare and print stored content.

use std::ffi::OsStr;
use std::io::BufRead as _;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};

use crate::trust::{self, Bounds, Finished, limits};

/// The time that one call may take. git reads the index in seconds even for a million files on a
/// network share.
const PATIENCE: Duration = Duration::from_secs(20);
/// Bytes of a list of files or objects.
const MAX_LIST: u64 = 64 << 20;

/// A file in the index: its path relative to the current directory, and the name of its object.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) path: PathBuf,
    /// Maximum size of its text, in bytes.
    pub(super) limit: u64,
    object: String,
}

/// The regular files at or below `paths` whose text in the index differs from the last commit.
pub(super) fn changed(paths: &[PathBuf]) -> anyhow::Result<Vec<Entry>> {
    let mut output = diff_index(OsStr::new("HEAD"), paths)?;
    if !output.status.success() && is_unborn()? {
        // Before the first commit, everything that is staged is new.
        output = diff_index(OsStr::from_bytes(&empty_tree()?), paths)?;
    }
    if !output.status.success() {
        // Outside of a repository, `diff-index` complains about its own options.
        let reason = if is_outside_repository()? {
            "not a Git repository".to_owned()
        } else {
            error_of(&output.stderr)
        };
        bail!("`git` cannot list the staged files: {reason}");
    }
    let mut entries = entries(&output.stdout);
    // Saves a process if nothing is staged, as in a run outside a commit.
    if entries.is_empty() {
        return Ok(entries);
    }
    let here = prefix()?;
    for entry in &mut entries {
        entry.path = seen_from(&here, &entry.path);
    }
    // git sorts by bytes of the whole path, other searches by the names in it.
    entries.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(entries)
}

/// Whether git runs the hooks of another directory than `.git/hooks`.
pub(super) fn has_hooks_elsewhere() -> bool {
    let Ok(mut git) = git() else {
        return false;
    };
    git.args(["config", "--get-all", "core.hooksPath"]);
    // Every command has a value for this key, so a second one is from a file.
    run(&mut git, b"", MAX_LIST).is_ok_and(|output| output.stdout.trim_ascii_end().contains(&b'\n'))
}

/// A git command that runs no programs named by the repository.
fn git() -> anyhow::Result<Command> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let program = trust::find_program("git", &path)
        .context("cannot run `git` for `--staged`: it is not on PATH")?;
    let mut git = trust::command(program);
    // Reading must not write to the index, and paths are not patterns: `[a]` is a file name.
    git.args(["--no-pager", "--no-optional-locks", "--literal-pathspecs"])
        .args(["-c", "core.fsmonitor=false"])
        .args(["-c", "core.hooksPath=/dev/null"])
        // A sparse index has one entry for a directory that is not checked out, and no path below
        // it is matched. Without this key, git expands the index in memory.
        .args(["-c", "index.sparse=false"])
        .args(["-c", "safe.bareRepository=explicit"])
        // git 2.44 and later then fetch no missing objects; for older versions, all transports are
        // forbidden.
        .env("GIT_NO_LAZY_FETCH", "1")
        .env("GIT_ALLOW_PROTOCOL", "")
        .env("GIT_TERMINAL_PROMPT", "0")
        // Its messages are read, so they must not be translated.
        .env("LC_ALL", "C")
        // A commit contains the object itself, not one of `refs/replace` in its place.
        .env("GIT_NO_REPLACE_OBJECTS", "1");
    Ok(git)
}

/// Runs git to its end. A repository can make it wait forever, for example with a FIFO that the
/// configuration includes, or print endlessly.
fn run(git: &mut Command, input: &[u8], output: u64) -> anyhow::Result<Finished> {
    let bounds = Bounds {
        time: PATIENCE,
        processor: None,
        memory: None,
        output,
    };
    trust::run_within(git, input, &bounds).context("cannot run `git` for `--staged`")
}

fn diff_index(tree: &OsStr, paths: &[PathBuf]) -> anyhow::Result<Finished> {
    let mut git = git()?;
    git.args(["diff-index", "--cached", "--raw", "-z", "--no-renames"])
        // A git that keeps the index sparse lists the files of a directory then.
        .arg("-r")
        // `git add --intent-to-add` stages a name without a text.
        .args(["--ita-invisible-in-index", "--ignore-submodules"])
        // Added, modified, or of another type; a deleted file has no text to check.
        .args(["--diff-filter=AMT", "--no-ext-diff", "--no-textconv"])
        .arg(tree)
        .arg("--")
        .args(paths);
    // Without a path, git lists the whole repository.
    if paths.is_empty() {
        git.arg(".");
    }
    run(&mut git, b"", MAX_LIST)
}

/// The path of the current directory from the root of the working tree.
fn prefix() -> anyhow::Result<PathBuf> {
    let mut git = git()?;
    git.args(["rev-parse", "--show-prefix"]);
    let output = run(&mut git, b"", MAX_LIST)?;
    ensure!(
        output.status.success(),
        "`git` cannot find the current directory: {}",
        error_of(&output.stderr)
    );
    let path = output.stdout.strip_suffix(b"\n").unwrap_or_default();
    Ok(PathBuf::from(OsStr::from_bytes(path)))
}

/// The path from the directory `here` to a file. Both are relative to the same directory.
fn seen_from(here: &Path, path: &Path) -> PathBuf {
    let mut seen = PathBuf::new();
    for directory in here.ancestors() {
        if let Ok(below) = path.strip_prefix(directory) {
            seen.push(below);
            return seen;
        }
        seen.push("..");
    }
    path.to_owned()
}

/// Whether the repository has no commit yet.
fn is_unborn() -> anyhow::Result<bool> {
    let mut git = git()?;
    git.args(["rev-parse", "--quiet", "--verify", "HEAD"]);
    // 1 means a repository without `HEAD`, 128 no repository.
    Ok(run(&mut git, b"", MAX_LIST)?.status.code() == Some(1))
}

/// Whether the current directory is in no repository.
fn is_outside_repository() -> anyhow::Result<bool> {
    let mut git = git()?;
    git.args(["rev-parse", "--git-dir"]);
    // A repository that git refuses is one, too.
    let output = run(&mut git, b"", MAX_LIST)?;
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    Ok(!output.status.success() && message.contains("not a git repository"))
}

/// The name of the empty tree. git computes it, as the repository may use SHA-1 or SHA-256.
fn empty_tree() -> anyhow::Result<Vec<u8>> {
    let mut git = git()?;
    git.args(["hash-object", "-t", "tree", "--stdin"]);
    let output = run(&mut git, b"", MAX_LIST)?;
    Ok(output.stdout.trim_ascii_end().to_owned())
}

/// The first line of git's error output that contains a reason.
fn error_of(stderr: &[u8]) -> String {
    let messages = String::from_utf8_lossy(stderr);
    let reason = messages
        .lines()
        .find(|line| !line.starts_with("warning") && !line.starts_with("hint"))
        .unwrap_or_default();
    let reason = reason
        .trim_start_matches("error: ")
        .trim_start_matches("fatal: ");
    // git refuses a repository that belongs to another user, because its configuration can run
    // programs, and prints the command that allows it.
    match messages
        .lines()
        .find(|line| line.contains("--add safe.directory"))
    {
        Some(command) => format!("{reason}; `{}` allows it", command.trim()),
        None => reason.to_owned(),
    }
}

/// Parses `:MODE MODE OBJECT OBJECT STATUS␀PATH␀…`, where the second mode and object are those of
/// the index.
fn entries(raw: &[u8]) -> Vec<Entry> {
    let mut parts = raw.split(|byte| *byte == 0);
    let mut entries = Vec::new();
    while let (Some(facts), Some(path)) = (parts.next(), parts.next()) {
        let facts = String::from_utf8_lossy(facts);
        let mut facts = facts.split(' ').skip(1);
        let (Some(mode), _, Some(object)) = (facts.next(), facts.next(), facts.next()) else {
            continue;
        };
        // Symlinks and submodules have no text of their own. A file added with `git add -N` has an
        // object name of zeros.
        if mode.starts_with("100") && object.bytes().any(|digit| digit != b'0') {
            entries.push(Entry {
                path: PathBuf::from(OsStr::from_bytes(path)),
                limit: limits::FOUND_DOCKERFILE,
                object: object.to_owned(),
            });
        }
    }
    entries
}

/// The texts of entries. A text beyond its limit is an error.
pub(super) fn texts(entries: &[Entry]) -> anyhow::Result<Vec<Vec<u8>>> {
    // Most commits change no Dockerfile; no process is started for them.
    if entries.is_empty() {
        return Ok(Vec::new());
    }
    let requests: String = entries
        .iter()
        .flat_map(|entry| [entry.object.as_str(), "\n"])
        .collect();
    // The sizes first: a blob of any size would be read into git's memory.
    let heads = cat_file("--batch-check", &requests, MAX_LIST)?;
    let mut heads = heads.as_slice();
    let mut total = 0;
    for entry in entries {
        total += read_head(&mut heads)
            .and_then(|size| within(size, entry.limit))
            .with_context(|| cannot_read(entry))?;
        if total > limits::ALL_DOCKERFILES {
            let limit = limits::shown(limits::ALL_DOCKERFILES);
            bail!("the staged Dockerfiles are larger than {limit} in total");
        }
    }
    let replies = cat_file("--batch", &requests, total + MAX_LIST)?;
    let mut replies = replies.as_slice();
    entries
        .iter()
        .map(|entry| read_reply(&mut replies, entry.limit).with_context(|| cannot_read(entry)))
        .collect()
}

fn cannot_read(entry: &Entry) -> String {
    format!("cannot read the staged `{}`", entry.path.display())
}

fn cat_file(batch: &str, requests: &str, limit: u64) -> anyhow::Result<Vec<u8>> {
    let mut git = git()?;
    git.args(["cat-file", batch]);
    Ok(run(&mut git, requests.as_bytes(), limit)?.stdout)
}

/// Reads `OBJECT blob SIZE` and a line break.
fn read_head(replies: &mut &[u8]) -> anyhow::Result<u64> {
    let mut head = Vec::new();
    replies.read_until(b'\n', &mut head)?;
    let head = String::from_utf8_lossy(&head);
    // Anything else, such as `OBJECT missing`, ends in no number.
    let size = head
        .trim_end()
        .rsplit(' ')
        .next()
        .and_then(|size| size.parse::<u64>().ok());
    size.with_context(|| format!("unexpected output from `git`: `{}`", head.trim_end()))
}

fn within(size: u64, limit: u64) -> anyhow::Result<u64> {
    ensure!(size <= limit, "it is larger than {}", limits::shown(limit));
    Ok(size)
}

/// Reads a head, the text, and a line break.
fn read_reply(replies: &mut &[u8], limit: u64) -> anyhow::Result<Vec<u8>> {
    let size = within(read_head(replies)?, limit)?;
    let text = usize::try_from(size)
        .ok()
        .and_then(|size| replies.split_off(..size));
    let text = text.context("`git` exited unexpectedly")?;
    let end = replies.split_off_first();
    ensure!(end == Some(&b'\n'), "`git` exited unexpectedly");
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn symlinks_and_submodules_are_skipped() {
        let raw = b":000000 100644 0000 12ab A\0a b/Dockerfile\0:100644 120000 77 88 T\0link\0\
            :000000 160000 0 99 A\0sub\0:000000 100644 0000 0000 A\0later\0";
        let entries = entries(raw);
        assert_eq!(
            entries,
            [Entry {
                path: "a b/Dockerfile".into(),
                limit: limits::FOUND_DOCKERFILE,
                object: "12ab".into()
            }]
        );
    }

    #[test]
    fn paths_are_relative_to_the_current_directory() {
        for (here, path, seen) in [
            ("", "a/Dockerfile", "a/Dockerfile"),
            ("a/", "a/Dockerfile", "Dockerfile"),
            ("a/b/", "a/Dockerfile", "../Dockerfile"),
            ("a/b/", "ab/Dockerfile", "../../ab/Dockerfile"),
            ("a/b", "a/bc/Dockerfile", "../bc/Dockerfile"),
        ] {
            let found = seen_from(Path::new(here), Path::new(path));
            assert_eq!(found, Path::new(seen), "{here} {path}");
        }
    }

    #[test]
    fn a_reply_must_have_the_length_in_its_header() {
        let mut replies = &b"12ab blob 7\nFROM a\n\n34cd missing\n"[..];
        let text = read_reply(&mut replies, 100).expect("it is whole");
        assert_eq!(text, b"FROM a\n");
        let error = read_reply(&mut replies, 100).expect_err("it is missing");
        assert_eq!(
            error.to_string(),
            "unexpected output from `git`: `34cd missing`"
        );
        assert!(read_reply(&mut &b"12ab blob 7\nFR"[..], 100).is_err());
        assert!(read_reply(&mut &b"12ab blob 700\nFR"[..], 100).is_err());
    }
}
