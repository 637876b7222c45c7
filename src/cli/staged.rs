//! Dockerfiles as git's index has them: what a commit would bring, not what is in the folder.

use std::ffi::OsStr;
use std::io::{BufRead as _, BufReader, Read, Write as _};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, bail, ensure};

/// A file of the index: its path from the current folder, and its object's name.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) path: PathBuf,
    object: String,
}

/// The regular files at or below `paths` that are in the index with a text that the last commit
/// does not have.
pub(super) fn changed(paths: &[PathBuf]) -> anyhow::Result<Vec<Entry>> {
    let mut command = Command::new("git");
    command
        .args([
            "--literal-pathspecs",
            "diff",
            "--cached",
            "--raw",
            "-z",
            "--no-abbrev",
            "--no-renames",
            "--relative",
        ])
        .args(["--diff-filter=AMT", "--ignore-submodules", "--"])
        .args(paths);
    let output = command
        .stdin(Stdio::null())
        .output()
        .context("cannot run `git`, which `--staged` asks")?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        let said = said
            .lines()
            .find(|line| !line.starts_with("warning"))
            .unwrap_or_default();
        bail!(
            "`git` cannot say what is staged: {}",
            said.trim_start_matches("error: ")
                .trim_start_matches("fatal: ")
        );
    }
    let mut entries = entries(&output.stdout);
    entries.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(entries)
}

/// Reads `:MODE MODE OBJECT OBJECT STATUS␀PATH␀…`.
fn entries(raw: &[u8]) -> Vec<Entry> {
    let mut parts = raw.split(|byte| *byte == 0);
    let mut entries = Vec::new();
    while let (Some(facts), Some(path)) = (parts.next(), parts.next()) {
        let facts = String::from_utf8_lossy(facts);
        let mut facts = facts.split(' ').skip(1);
        let (Some(mode), _, Some(object)) = (facts.next(), facts.next(), facts.next()) else {
            continue;
        };
        // Links and submodules hold no Dockerfile, and what is only intended to be added has no
        // object yet.
        if mode.starts_with("100") && object.bytes().any(|digit| digit != b'0') {
            entries.push(Entry {
                path: PathBuf::from(OsStr::from_bytes(path)),
                object: object.to_owned(),
            });
        }
    }
    entries
}

/// The texts of entries, none of which may be longer than `most` bytes, asked of one process.
pub(super) fn texts(entries: &[Entry], most: u64) -> anyhow::Result<Vec<Vec<u8>>> {
    if entries.is_empty() {
        return Ok(Vec::new());
    }
    let mut git = Command::new("git")
        .args(["cat-file", "--batch"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .context("cannot run `git`, which `--staged` asks")?;
    let mut questions = git.stdin.take().context("`git` takes no questions")?;
    let mut answers = BufReader::new(git.stdout.take().context("`git` gives no answers")?);
    let mut texts = Vec::with_capacity(entries.len());
    for entry in entries {
        // One at a time, so that neither side waits for the other with a full pipe.
        let text = writeln!(questions, "{}", entry.object)
            .map_err(anyhow::Error::from)
            .and_then(|()| answer(&mut answers, &entry.path, most))
            .with_context(|| format!("cannot read the staged `{}`", entry.path.display()));
        texts.push(text?);
    }
    drop(questions);
    git.wait().context("`git` does not end")?;
    Ok(texts)
}

/// Reads `OBJECT blob SIZE`, the text, and a line break.
fn answer(answers: &mut BufReader<impl Read>, path: &Path, most: u64) -> anyhow::Result<Vec<u8>> {
    let mut head = String::new();
    answers.read_line(&mut head)?;
    let size = head
        .trim_end()
        .rsplit(' ')
        .next()
        .and_then(|size| size.parse::<u64>().ok());
    let size = size.with_context(|| format!("`git` answers `{}`", head.trim_end()))?;
    ensure!(
        size <= most,
        "`{}` is larger than {} MiB: not a Dockerfile",
        path.display(),
        most >> 20
    );
    let mut text = Vec::new();
    answers.take(size).read_to_end(&mut text)?;
    ensure!(text.len() as u64 == size, "`git` ended too early");
    answers.read_exact(&mut [0])?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_and_submodules_are_left_out() {
        let raw = b":000000 100644 0000 12ab A\0a b/Dockerfile\0:100644 120000 77 88 T\0link\0:000000 160000 0 99 A\0sub\0:000000 100644 0000 0000 A\0later\0";
        let entries = entries(raw);
        assert_eq!(
            entries,
            [Entry {
                path: "a b/Dockerfile".into(),
                object: "12ab".into()
            }]
        );
    }

    #[test]
    fn an_answer_is_as_long_as_it_says() {
        let mut answers = BufReader::new(&b"12ab blob 7\nFROM a\n\n34cd missing\n"[..]);
        let text = answer(&mut answers, Path::new("x"), 100).expect("it is whole");
        assert_eq!(text, b"FROM a\n");
        let error = answer(&mut answers, Path::new("x"), 100).expect_err("it is missing");
        assert_eq!(error.to_string(), "`git` answers `34cd missing`");
        assert!(
            answer(
                &mut BufReader::new(&b"12ab blob 7\nFR"[..]),
                Path::new("x"),
                100
            )
            .is_err()
        );
        assert!(
            answer(
                &mut BufReader::new(&b"12ab blob 700\nFR"[..]),
                Path::new("x"),
                100
            )
            .is_err()
        );
    }
}
