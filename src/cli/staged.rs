//! Dockerfiles in git's index: the texts that a commit would contain, not those of the working
//! tree.
//!
//! A repository's `.git/config` may come from somebody else: in an archive, on a shared disk, or in
//! a bare repository inside another one. Several of its keys name programs, so only plumbing
//! commands that run no programs are used, and the keys that affect plumbing are disabled:
//!
//! - `core.fsmonitor` is run whenever the index is read;
//! - a missing object is fetched from the remote of a partial clone, by `core.sshCommand`,
//!   `remote.*.uploadpack`, a remote helper such as `ext::`, or over the network;
//! - a bare repository is used only if `GIT_DIR` names it.
//!
//! Aliases, pagers, hooks, `diff.external`, `textconv` and filters are not run by `diff-index`,
//! `hash-object --stdin` and `cat-file --batch`: they compare and print what is stored.

use std::ffi::OsStr;
use std::io::{BufRead as _, BufReader, Read, Write as _};
use std::os::unix::ffi::OsStrExt as _;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use anyhow::{Context as _, bail, ensure};

use crate::trust::{self, limits};

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
        bail!(
            "`git` cannot list the staged files: {}",
            error_of(&output.stderr)
        );
    }
    // git sorts by the bytes of the whole path, but the directory search sorts by path component.
    let mut entries = entries(&output.stdout);
    entries.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(entries)
}

/// A git command that runs no programs named by the repository.
fn git() -> anyhow::Result<Command> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let program = trust::find_program("git", &path)
        .context("cannot run `git` for `--staged`: it is not on PATH")?;
    let mut git = Command::new(program);
    // Reading must not write to the index, and paths are not patterns: `[a]` is a file name.
    git.args(["--no-pager", "--no-optional-locks", "--literal-pathspecs"])
        .args(["-c", "core.fsmonitor=false"])
        .args(["-c", "core.hooksPath=/dev/null"])
        .args(["-c", "safe.bareRepository=explicit"])
        // git 2.44 and later then fetch no missing objects; for older versions, all transports are
        // forbidden.
        .env("GIT_NO_LAZY_FETCH", "1")
        .env("GIT_ALLOW_PROTOCOL", "")
        .env("GIT_TERMINAL_PROMPT", "0")
        // A commit contains the object itself, not its replacement in `refs/replace`.
        .env("GIT_NO_REPLACE_OBJECTS", "1")
        .stdin(Stdio::null());
    Ok(git)
}

fn run(mut git: Command) -> anyhow::Result<Output> {
    git.output().context("cannot run `git` for `--staged`")
}

fn diff_index(tree: &OsStr, paths: &[PathBuf]) -> anyhow::Result<Output> {
    let mut git = git()?;
    git.args(["diff-index", "--cached", "--raw", "-z", "--no-renames"])
        // `git add --intent-to-add` stages a name without a text.
        .args([
            "--relative",
            "--ita-invisible-in-index",
            "--ignore-submodules",
        ])
        // Added, modified, or of another type; a deleted file has no text to check.
        .args(["--diff-filter=AMT", "--no-ext-diff", "--no-textconv"])
        .arg(tree)
        .arg("--")
        .args(paths);
    run(git)
}

/// Whether the repository has no commit yet.
fn is_unborn() -> anyhow::Result<bool> {
    let mut git = git()?;
    git.args(["rev-parse", "--quiet", "--verify", "HEAD"]);
    // Status 1 means that `HEAD` does not exist; 128 means that there is no repository.
    Ok(run(git)?.status.code() == Some(1))
}

/// The name of the empty tree. git computes it, as the repository may use SHA-1 or SHA-256.
fn empty_tree() -> anyhow::Result<Vec<u8>> {
    let mut git = git()?;
    git.args(["hash-object", "-t", "tree", "--stdin"]);
    let output = run(git)?;
    Ok(output.stdout.trim_ascii_end().to_owned())
}

/// The first line of git's error output that contains a reason.
fn error_of(stderr: &[u8]) -> String {
    let messages = String::from_utf8_lossy(stderr);
    let reason = messages
        .lines()
        .find(|line| !line.starts_with("warning"))
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

/// Reads the texts of entries from one process. A text that exceeds its limit is an error.
pub(super) fn texts(entries: &[Entry]) -> anyhow::Result<Vec<Vec<u8>>> {
    // Most commits change no Dockerfile; no process is started for them.
    if entries.is_empty() {
        return Ok(Vec::new());
    }
    let mut git = git()?
        .args(["cat-file", "--batch"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .context("cannot run `git` for `--staged`")?;
    let mut requests = git.stdin.take().context("`git` has no standard input")?;
    let stdout = git.stdout.take().context("`git` has no standard output")?;
    let mut replies = BufReader::new(stdout);
    let mut texts = Vec::with_capacity(entries.len());
    let mut room = limits::ALL_DOCKERFILES;
    for entry in entries {
        // One at a time, so that full pipes cannot make both sides wait for each other.
        let text = writeln!(requests, "{}", entry.object)
            .map_err(anyhow::Error::from)
            .and_then(|()| read_reply(&mut replies, entry.limit))
            .with_context(|| format!("cannot read the staged `{}`", entry.path.display()))?;
        room = room.checked_sub(text.len() as u64).with_context(|| {
            let limit = limits::shown(limits::ALL_DOCKERFILES);
            format!("the staged Dockerfiles are larger than {limit} in total")
        })?;
        texts.push(text);
    }
    // git ends at the end of its input.
    drop(requests);
    git.wait().context("cannot wait for `git`")?;
    Ok(texts)
}

/// Reads `OBJECT blob SIZE`, the text, and a line break.
fn read_reply(replies: &mut BufReader<impl Read>, limit: u64) -> anyhow::Result<Vec<u8>> {
    let mut head = String::new();
    replies.read_line(&mut head)?;
    // Other replies, such as `OBJECT missing`, do not end in a number.
    let size = head
        .trim_end()
        .rsplit(' ')
        .next()
        .and_then(|size| size.parse::<u64>().ok());
    let size =
        size.with_context(|| format!("unexpected output from `git`: `{}`", head.trim_end()))?;
    ensure!(size <= limit, "it is larger than {}", limits::shown(limit));
    let mut text = Vec::new();
    replies.take(size).read_to_end(&mut text)?;
    ensure!(text.len() as u64 == size, "`git` exited too early");
    replies.read_exact(&mut [0])?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_and_submodules_are_left_out() {
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
    fn a_reply_is_as_long_as_its_header_says() {
        let mut replies = BufReader::new(&b"12ab blob 7\nFROM a\n\n34cd missing\n"[..]);
        let text = read_reply(&mut replies, 100).expect("it is whole");
        assert_eq!(text, b"FROM a\n");
        let error = read_reply(&mut replies, 100).expect_err("it is missing");
        assert_eq!(
            error.to_string(),
            "unexpected output from `git`: `34cd missing`"
        );
        assert!(read_reply(&mut BufReader::new(&b"12ab blob 7\nFR"[..]), 100).is_err());
        assert!(read_reply(&mut BufReader::new(&b"12ab blob 700\nFR"[..]), 100).is_err());
    }
}
