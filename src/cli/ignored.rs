//! Files that a search skips because of `.ignore`, `.gitignore` and git's other ignore files.
//!
//! The `ignore` crate reads such files itself without checking their type: a FIFO would block it
//! and a device would exhaust the memory. Here they are read within limits, like all files of a
//! repository, and only the lines are passed to the crate's matchers.

use std::fs;
use std::path::{Path, PathBuf};

use ignore::Match;
use ignore::gitignore::{Gitignore, GitignoreBuilder, gitconfig_excludes_path};
use rustix::fs::Access;

use super::Output;
use crate::trust::{HostFile, Refusal, limits, repository_root};

/// Kinds of lists in a directory: `.ignore`, `.gitignore` and git's `info/exclude`. As in ripgrep,
/// a match in any `.ignore` takes precedence over any `.gitignore`, and that over `info/exclude`.
const KINDS: usize = 3;

/// The lists that apply to a directory of a search.
pub(super) struct Ignored {
    output: Output,
    /// The directory that contains all lists; a symlink that leads out of it is not followed.
    root: PathBuf,
    /// Lists from the root of the repository to the parent of the searched directory.
    above: Vec<Lists>,
    /// Lists from the searched directory downwards: one for each directory of the current path.
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

/// Size of lists, which determines the memory and time that their matchers need.
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
    /// Reads the lists above `directory`, a path without symlinks that will be searched.
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
        // Lists above the repository are not part of it, and anyone could place one in `/tmp`.
        let above: Vec<&Path> = directory
            .ancestors()
            .skip(1)
            .take_while(|ancestor| ancestor.starts_with(&ignored.root))
            .collect();
        // Top down, because a deeper list wins and the limit includes the lists above it.
        for ancestor in above.into_iter().rev() {
            let lists = ignored.lists_of(ancestor);
            ignored.above.push(lists);
        }
        ignored
    }

    /// Reads the lists of a directory `depth` levels below the searched one. They replace those of
    /// the sibling that was searched before, and of all directories below it.
    pub(super) fn enter(&mut self, directory: &Path, depth: usize) {
        self.below.truncate(depth);
        // The search reports a directory without permission; its lists would only repeat that.
        let needed = Access::READ_OK | Access::EXEC_OK;
        let lists = if rustix::fs::access(directory, needed).is_ok() {
            self.lists_of(directory)
        } else {
            Lists::default()
        };
        self.below.push(lists);
    }

    /// Whether an entry `depth` levels below the searched directory is excluded.
    pub(super) fn leaves_out(&self, path: &Path, depth: usize, is_directory: bool) -> bool {
        // Deeper lists are left over from the directory that was searched before.
        let below = &self.below[..depth.min(self.below.len())];
        for kind in 0..KINDS {
            // The nearest list decides. Parents need no check: excluded directories are not
            // searched, so not even `!` can include their files again, as in git.
            for lists in self.above.iter().chain(below).rev() {
                let Some(list) = &lists.by_kind[kind] else {
                    continue;
                };
                match list.matched(path, is_directory) {
                    Match::Ignore(_) => return true,
                    Match::Whitelist(_) => return false,
                    Match::None => {}
                }
            }
        }
        self.global.matched(path, is_directory).is_ignore()
    }

    /// Reads the lists of a directory below all directories whose lists are loaded.
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
                    "in `{}`, patterns longer than {} are ignored",
                    directory.display(),
                    limits::shown(limits::PATTERN as u64)
                ));
            }
            if self.has_room_for(size) {
                lists.size = size;
                *list = matcher(directory, &text);
            } else {
                self.output.warning(format!(
                    "ignore files in `{}` are not used: with those in parent \
                     directories, they exceed {} or {} lines",
                    directory.display(),
                    limits::shown(limits::IGNORE_FILE),
                    limits::IGNORE_LINES
                ));
            }
        }
        lists
    }

    fn has_room_for(&self, size: Size) -> bool {
        // Lists of other directories were dropped, so the limit applies to the lists that are
        // loaded at the same time.
        let held = self.above.iter().chain(&self.below);
        let size = held.fold(size, |sum, lists| sum.plus(lists.size));
        size.bytes as u64 <= limits::IGNORE_FILE && size.lines <= limits::IGNORE_LINES
    }

    /// git's `core.excludesFile`. The user's own configuration names it, so it may be anywhere.
    fn read_global(&self) -> Gitignore {
        let (Some(path), Ok(here)) = (gitconfig_excludes_path(), std::env::current_dir()) else {
            return Gitignore::empty();
        };
        let text = self.read(&HostFile::named(path));
        // Its patterns have no directory of their own. git takes the root of the work tree.
        text.and_then(|text| matcher(&here, &text))
            .unwrap_or_else(Gitignore::empty)
    }

    /// The text of a list. `None` if there is no such file or, with a warning, if it cannot be
    /// used.
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

/// A matcher of the patterns in a text, relative to `directory`.
fn matcher(directory: &Path, text: &str) -> Option<Gitignore> {
    let mut builder = GitignoreBuilder::new(directory);
    // git skips a byte order mark, which Windows editors write, and malformed patterns.
    for line in text.trim_start_matches('\u{feff}').lines() {
        if line.len() <= limits::PATTERN {
            let _ = builder.add_line(None, line);
        }
    }
    builder.build().ok()
}

/// The `info/exclude` of a repository whose root is this directory.
fn exclude_file(directory: &Path) -> Option<HostFile> {
    let git = directory.join(".git");
    let metadata = fs::metadata(&git).ok()?;
    // In a worktree and in a submodule, `.git` is a file that names the directory.
    let git = if metadata.is_dir() {
        git
    } else {
        git_directory(&git)?
    };
    Some(HostFile::found(git.join("info/exclude"), &git))
}

/// The directory that the `.git` file of a worktree or a submodule names.
fn git_directory(file: &Path) -> Option<PathBuf> {
    let text = read_line(&HostFile::found(file, file))?;
    let git = file.parent()?.join(text.strip_prefix("gitdir: ")?);
    // Worktrees share `info/exclude` with the main one, which `commondir` names.
    match read_line(&HostFile::found(git.join("commondir"), &git)) {
        Some(common) => Some(git.join(common)),
        None => Some(git),
    }
}

fn read_line(file: &HostFile) -> Option<String> {
    let text = file.read_text(limits::GIT_LINK).ok()?;
    Some(text.lines().next()?.to_owned())
}
