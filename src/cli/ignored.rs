//! What `.ignore`, `.gitignore` and git's own lists leave out of a search.
//!
//! The `ignore` crate would read these files itself, whatever they are: a FIFO would make it wait
//! and a device would fill the memory. Here they are read as all files of a repository are, and its
//! matchers are given the lines.

use std::fs;
use std::path::{Path, PathBuf};

use ignore::Match;
use ignore::gitignore::{Gitignore, GitignoreBuilder, gitconfig_excludes_path};

use super::Output;
use crate::trust::{HostFile, Refusal, limits, repository_root};

/// The lists of a directory, from the strongest to the weakest: a match in `.ignore` anywhere comes
/// before one in `.gitignore`.
const KINDS: usize = 3;

/// The lists that hold for a place in a search.
pub(super) struct Ignored {
    output: Output,
    /// What the lists must lie in.
    root: PathBuf,
    /// From the root of the repository to the directory that is searched.
    above: Vec<Lists>,
    /// From the directory that is searched downwards: one for each directory of the current path.
    below: Vec<Lists>,
    /// The user's own list, for all repositories.
    global: Gitignore,
}

/// The lists of one directory.
#[derive(Default)]
struct Lists {
    by_kind: [Option<Gitignore>; KINDS],
    size: Size,
}

/// How much lists take, which decides how much their matchers do.
#[derive(Clone, Copy, Default)]
struct Size {
    bytes: usize,
    lines: usize,
}

impl Size {
    fn of(text: &str) -> Self {
        Self {
            bytes: text.len(),
            lines: text.lines().count(),
        }
    }

    fn plus(self, other: Self) -> Self {
        Self {
            bytes: self.bytes + other.bytes,
            lines: self.lines + other.lines,
        }
    }
}

impl Ignored {
    /// For a search of `directory`, a path without symlinks.
    pub(super) fn new(directory: &Path, output: Output) -> Self {
        let root = repository_root(directory).unwrap_or_else(|| directory.to_owned());
        let mut ignored = Self {
            output,
            root,
            above: Vec::new(),
            below: Vec::new(),
            global: Gitignore::empty(),
        };
        ignored.global = ignored.read_global();
        // Lists above the repository are not part of it, and anybody could put them into `/tmp`.
        let above: Vec<&Path> = directory
            .ancestors()
            .skip(1)
            .take_while(|ancestor| ancestor.starts_with(&ignored.root))
            .collect();
        for ancestor in above.into_iter().rev() {
            let lists = ignored.lists_of(ancestor);
            ignored.above.push(lists);
        }
        ignored
    }

    /// Takes the lists of a directory into account, which is `depth` levels below the one that is
    /// searched, in the place of those of another directory as deep.
    pub(super) fn enter(&mut self, directory: &Path, depth: usize) {
        self.below.truncate(depth);
        let lists = self.lists_of(directory);
        self.below.push(lists);
    }

    /// Whether an entry is left out, `depth` levels below the directory that is searched.
    pub(super) fn leaves_out(&self, path: &Path, depth: usize, is_directory: bool) -> bool {
        let below = &self.below[..depth.min(self.below.len())];
        for kind in 0..KINDS {
            for lists in self.above.iter().chain(below).rev() {
                let list = lists.by_kind[kind].as_ref();
                match list.map_or(Match::None, |list| list.matched(path, is_directory)) {
                    Match::Ignore(_) => return true,
                    Match::Whitelist(_) => return false,
                    Match::None => {}
                }
            }
        }
        self.global.matched(path, is_directory).is_ignore()
    }

    /// The lists of a directory, below all others that hold now.
    fn lists_of(&self, directory: &Path) -> Lists {
        let files = [
            Some(HostFile::found(directory.join(".ignore"), &self.root)),
            Some(HostFile::found(directory.join(".gitignore"), &self.root)),
            exclude_file(directory),
        ];
        let mut lists = Lists::default();
        for (file, list) in files.iter().zip(&mut lists.by_kind) {
            let Some(text) = file.as_ref().and_then(|file| self.read(file)) else {
                continue;
            };
            let size = lists.size.plus(Size::of(&text));
            if text.lines().any(|line| line.len() > limits::PATTERN) {
                self.output.warning(format!(
                    "patterns in `{}` with more than {} are ignored",
                    directory.display(),
                    limits::shown(limits::PATTERN as u64)
                ));
            }
            if self.has_room_for(size) {
                lists.size = size;
                *list = matcher(directory, &text);
            } else {
                self.output.warning(format!(
                    "lists in `{}` are ignored: with those above, they have more than {} or {} lines",
                    directory.display(),
                    limits::shown(limits::IGNORE_FILE),
                    limits::IGNORE_LINES
                ));
            }
        }
        lists
    }

    fn has_room_for(&self, size: Size) -> bool {
        let held = self.above.iter().chain(&self.below);
        let size = held.fold(size, |sum, lists| sum.plus(lists.size));
        size.bytes as u64 <= limits::IGNORE_FILE && size.lines <= limits::IGNORE_LINES
    }

    /// git's `core.excludesFile`. The user's own configuration names it.
    fn read_global(&self) -> Gitignore {
        let (Some(path), Ok(here)) = (gitconfig_excludes_path(), std::env::current_dir()) else {
            return Gitignore::empty();
        };
        let text = self.read(&HostFile::named(path));
        text.and_then(|text| matcher(&here, &text))
            .unwrap_or_else(Gitignore::empty)
    }

    /// The text of a list. None without such a file, or where it cannot be used, which is said.
    fn read(&self, file: &HostFile) -> Option<String> {
        match file.read_patterns() {
            Ok(text) => Some(text),
            Err(reason) => {
                self.warn_unless_missing(file, &reason);
                None
            }
        }
    }

    fn warn_unless_missing(&self, file: &HostFile, reason: &Refusal) {
        if !reason.is_missing() {
            let path = file.path().display();
            self.output
                .warning(format!("`{path}` is ignored: {reason}"));
        }
    }
}

/// Matches what the patterns of a text do, which start from `directory`.
fn matcher(directory: &Path, text: &str) -> Option<Gitignore> {
    let mut builder = GitignoreBuilder::new(directory);
    for line in text.trim_start_matches('\u{feff}').lines() {
        // git passes over a pattern that is malformed.
        if line.len() <= limits::PATTERN {
            let _ = builder.add_line(None, line);
        }
    }
    builder.build().ok()
}

/// The list of a repository's `.git`, where one begins in a directory.
fn exclude_file(directory: &Path) -> Option<HostFile> {
    let git = directory.join(".git");
    let metadata = fs::metadata(&git).ok()?;
    let git = if metadata.is_dir() {
        git
    } else {
        git_directory(&git)?
    };
    Some(HostFile::found(git.join("info/exclude"), &git))
}

/// The repository that the `.git` of a worktree or of a submodule names.
fn git_directory(file: &Path) -> Option<PathBuf> {
    let text = read_line(&HostFile::found(file, file))?;
    let git = file.parent()?.join(text.strip_prefix("gitdir: ")?);
    // Worktrees share the list of the main one.
    match read_line(&HostFile::found(git.join("commondir"), &git)) {
        Some(common) => Some(git.join(common)),
        None => Some(git),
    }
}

fn read_line(file: &HostFile) -> Option<String> {
    let text = file.read_text(limits::GIT_LINK).ok()?;
    Some(text.lines().next()?.to_owned())
}
