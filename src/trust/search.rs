//! The directories in which a configuration file is searched for.

use std::env;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

/// The directories, from one upward, in which files are searched for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Search {
    directories: Vec<PathBuf>,
    repository: Option<PathBuf>,
}

impl Search {
    /// Lists the directories from one to the root of its repository or to the home directory,
    /// whichever comes first. Outside of both, the search ends below the first world-writable
    /// directory, such as `/tmp`.
    ///
    /// Symlinks are resolved first, so that the directories are those that contain the files. A
    /// directory that does not exist yet is replaced by the nearest one that does.
    pub fn from(directory: &Path) -> Self {
        let home = env::var_os("HOME")
            .map(PathBuf::from)
            .and_then(|home| real(&home));
        Self::with_home(directory, home.as_deref())
    }

    fn with_home(directory: &Path, home: Option<&Path>) -> Self {
        let Some(start) = directory.ancestors().find_map(real) else {
            return Self {
                directories: Vec::new(),
                repository: None,
            };
        };
        let mut directories = Vec::new();
        let mut before_public = None;
        for directory in start.ancestors() {
            // The first directory always counts, because in WSL everything below `/mnt/c` looks
            // world-writable.
            if is_public(directory) && !directories.is_empty() && before_public.is_none() {
                before_public = Some(directories.len());
            }
            directories.push(directory.to_owned());
            // Above the repository, files belong to other projects.
            if is_repository(directory) {
                return Self {
                    directories,
                    repository: Some(directory.to_owned()),
                };
            }
            if home == Some(directory) {
                return Self {
                    directories,
                    repository: None,
                };
            }
        }
        directories.truncate(before_public.unwrap_or(directories.len()));
        Self {
            directories,
            repository: None,
        }
    }

    /// The directories, from the first to the topmost.
    pub fn directories(&self) -> impl Iterator<Item = &Path> {
        self.directories.iter().map(PathBuf::as_path)
    }

    /// The directory that symlinks must not leave, for a file found in one of the directories: the
    /// repository or, outside of one, the directory itself.
    pub fn root_for<'a>(&'a self, directory: &'a Path) -> &'a Path {
        self.repository.as_deref().unwrap_or(directory)
    }
}

/// Finds the root of the repository that contains a directory.
pub fn repository_root(directory: &Path) -> Option<PathBuf> {
    let directory = real(directory)?;
    directory
        .ancestors()
        .find(|directory| is_repository(directory))
        .map(Path::to_owned)
}

/// Returns true for the root of a repository. A worktree or a submodule has a file of this name.
pub(super) fn is_repository(directory: &Path) -> bool {
    fs::symlink_metadata(directory.join(".git")).is_ok()
}

/// Returns true for a directory in which every user may create files.
fn is_public(directory: &Path) -> bool {
    fs::metadata(directory).is_ok_and(|metadata| metadata.permissions().mode() & 0o002 != 0)
}

#[expect(
    clippy::disallowed_methods,
    reason = "it is a path of the host, not one of an image"
)]
fn real(path: &Path) -> Option<PathBuf> {
    fs::canonicalize(path).ok()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    /// A directory with subdirectories; its real path is returned.
    fn tree(directories: &[&str]) -> (tempfile::TempDir, PathBuf) {
        let top = tempfile::tempdir().unwrap();
        for directory in directories {
            fs::create_dir_all(top.path().join(directory)).unwrap();
        }
        let path = real(top.path()).unwrap();
        (top, path)
    }

    fn names(search: &Search, top: &Path) -> Vec<String> {
        search
            .directories()
            .map(|path| match path.strip_prefix(top) {
                Ok(below) => below.display().to_string(),
                Err(_) => path.display().to_string(),
            })
            .collect()
    }

    #[test]
    fn a_search_ends_at_the_root_of_the_repository() {
        let (_guard, top) = tree(&["home/repo/.git", "home/repo/a/b"]);
        let search = Search::with_home(&top.join("home/repo/a/b"), Some(&top.join("home")));
        assert_eq!(
            names(&search, &top),
            ["home/repo/a/b", "home/repo/a", "home/repo"]
        );
        assert_eq!(search.root_for(Path::new("/x")), top.join("home/repo"));
    }

    #[test]
    fn a_file_named_git_marks_the_root_of_a_worktree() {
        let (_guard, top) = tree(&["main/.git", "main/tree/a"]);
        fs::write(
            top.join("main/tree/.git"),
            "gitdir: ../.git/worktrees/tree\n",
        )
        .unwrap();
        let search = Search::with_home(&top.join("main/tree/a"), None);
        assert_eq!(names(&search, &top), ["main/tree/a", "main/tree"]);
    }

    #[test]
    fn a_search_ends_at_the_home_directory() {
        let (_guard, top) = tree(&["home/a"]);
        let search = Search::with_home(&top.join("home/a"), Some(&top.join("home")));
        assert_eq!(names(&search, &top), ["home/a", "home"]);
        assert_eq!(search.root_for(Path::new("/x")), Path::new("/x"));
    }

    #[test]
    fn a_search_does_not_enter_a_directory_that_everybody_may_write() {
        let (_guard, top) = tree(&["public/a/b"]);
        fs::set_permissions(top.join("public"), fs::Permissions::from_mode(0o1777)).unwrap();
        let search = Search::with_home(&top.join("public/a/b"), None);
        assert_eq!(names(&search, &top), ["public/a/b", "public/a"]);
        let search = Search::with_home(&top.join("public"), None);
        assert_eq!(names(&search, &top)[0], "public", "it was asked for");
        fs::create_dir(top.join("public/.git")).unwrap();
        let search = Search::with_home(&top.join("public/a/b"), None);
        assert_eq!(names(&search, &top).last().unwrap(), "public");
    }

    #[test]
    fn symlinks_are_resolved_before_the_search() {
        let (_guard, top) = tree(&["repo/.git", "elsewhere/.git", "elsewhere/a"]);
        symlink(top.join("elsewhere/a"), top.join("repo/link")).unwrap();
        let search = Search::with_home(&top.join("repo/link"), None);
        assert_eq!(names(&search, &top), ["elsewhere/a", "elsewhere"]);
        let search = Search::with_home(&top.join("repo/no/such/directory"), None);
        assert_eq!(names(&search, &top), ["repo"]);
    }
}
